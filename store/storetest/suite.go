package storetest

import (
	"maps"
	"testing"
)

// Run runs the suite; open gives each test an empty store that is closed with it.
func Run(t *testing.T, open func(testing.TB) Store) {
	t.Helper()
	runFeed(t, open)
	suite := nounTests()
	maps.Copy(suite, deviceTests())
	suite["ABrokenStoreIsUnavailable"] = func(t *testing.T, f *fixture) { aBrokenStoreIsUnavailable(t, f, open) }
	for name, test := range suite {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newFixture(t, open(t)))
		})
	}
}

// nounTests are about customers, their nouns, and what holds for every statement.
func nounTests() map[string]func(*testing.T, *fixture) {
	return map[string]func(*testing.T, *fixture){
		"NodesComeAndGo":            nodesComeAndGo,
		"UpstreamsChange":           upstreamsChange,
		"TheZoneRises":              theZoneRises,
		"NounsComeBackAsTheyWere":   nounsComeBack,
		"ListsPageAndFilter":        listsPageAndFilter,
		"ForeignRowsArentThere":     foreignRowsArentThere,
		"WhatIsTakenIsNamed":        whatIsTakenIsNamed,
		"OneOfTwoWins":              oneOfTwoWins,
		"WritersOfATenantTakeTurns": writersTakeTurns,
		"AFailureLeavesNothing":     aFailureLeavesNothing,
		"EventsAreListed":           eventsAreListed,
		"AssignmentsFollowEvents":   assignmentsFollowEvents,
		"AssignmentsAreEvents":      assignmentsAreWhatEventsComeTo,
		"DaysAreClosed":             daysAreClosed,
		"UsageIsLookedAt":           usageIsLookedAt,
		"MonthsAreClosed":           monthsAreClosed,
		"SubscriptionsAreKnown":     subscriptionsAreKnown,
		"DaysAreKept":               daysAreKept,
		"FactsFollowEvents":         factsFollowEvents,
		"OrdersFollowEvents":        ordersFollowEvents,
		"SetupAssistIsOrdered":      setupAssistIsOrdered,
		"PartnersHaveAHistory":      partnersHaveAHistory,
		"ReportsHaveFiles":          reportsHaveFiles,
		"JobsFollowTransactions":    jobsFollowTransactions,
		"JobsAreTriedAgain":         jobsAreTriedAgain,
		"TemplatesChange":           templatesChange,
		"SubPartnersChange":         subPartnersChange,
		"AdminsChange":              adminsChange,
		"OrganizationsMove":         organizationsMove,
		"PeopleMove":                peopleMove,
		"MembersAreListed":          membersAreListed,
		"MembersHaveSettings":       membersHaveSettings,
		"LinesOfMembers":            linesOfMembers,
		"WhatIsWatchedComesBack":    whatIsWatchedComesBack,
		"WhoWatchesIsFound":         whoWatchesIsFound,
		"WorkspacesChange":          workspacesChange,
		"WorkspacesAreListed":       workspacesAreListed,
		"VirtualLinesChange":        virtualLinesChange,
		"SubscribersOfPeople":       subscribersOfPeople,
		"IdentityProvidersChange":   identityProvidersChange,
		"PSTNVendorsChange":         pstnVendorsChange,
		"LocationsChange":           locationsChange,
		"LocationsAreListed":        locationsAreListed,
		"LocationsRevise":           locationsRevise,
		"FloorsChange":              floorsChange,
		"NumbersChange":             numbersChange,
		"NumbersAreListed":          numbersAreListed,
		"NumberJobsChange":          numberJobsChange,
		"WhatIsReferredToStays":     whatIsReferredToStays,
		"IntegrationsChange":        integrationsChange,
		"GrantsAreTrimmed":          grantsAreTrimmed,
		"CodesAreExchangedOnce":     codesAreExchangedOnce,
		"CustomersChange":           customersChange,
		"ReportsChange":             reportsChange,
		"ReportsAreListed":          reportsAreListed,
		"OneReportIsCompleted":      oneReportIsCompleted,
		"SubscribersChange":         subscribersChange,
		"ListsAreReplacedWhole":     listsAreReplacedWhole,
		"EverybodyIsListed":         everybodyIsListed,
		"ReviewsComeBack":           reviewsComeBack,
		"ScreeningLiesOverStatus":   screeningLiesOverTheStatus,
		"ImportsChange":             importsChange,
		"PeopleByExtension":         peopleAreFoundByExtension,
		"HostileTextIsNotFound":     hostileTextIsNotFound,
		"HostileBatchesGoThrough":   hostileBatchesGoThrough,
		"CaseFoldsInEveryScript":    caseFoldsInEveryScript,
		"AFailureCantBeForgotten":   aFailureCantBeForgotten,
		"AMistakeOfOursIsInternal":  aMistakeOfOursIsInternal,
		"ACancelledCallSaysSo":      aCancelledCallSaysSo,
		"AbandonedReadsHoldNothing": abandonedReadsHoldNothing,
	}
}

// deviceTests are about devices and what hangs on them.
func deviceTests() map[string]func(*testing.T, *fixture) {
	return map[string]func(*testing.T, *fixture){
		"ModelsAreSwitchedOff":    modelsAreSwitchedOff,
		"DevicesAreFiltered":      devicesAreFiltered,
		"TagsFollowTheirDevice":   tagsFollowTheirDevice,
		"RevisionsOnlyRise":       revisionsOnlyRise,
		"EnrolmentOpensAndCloses": enrolmentOpensAndCloses,
		"ADeviceTakesItsOwnAlong": aDeviceTakesItsOwnAlong,
		"TheOldestAndTheNewest":   theOldestAndTheNewestDevice,
		"DevicesChange":           devicesChange,
		"LinesAreReplaced":        linesAreReplaced,
		"OverlapsEnd":             overlapsEnd,
		"SettingsAreKept":         settingsAreKept,
		"RevisionsAreKept":        revisionsAreKept,
		"LevelRevisionsAreKept":   levelRevisionsAreKept,
		"DeviceJobsChange":        deviceJobsChange,
		"TargetsAreFound":         targetsAreFound,
		"LineKeyTemplatesChange":  lineKeyTemplatesChange,
		"BackgroundImagesChange":  backgroundImagesChange,
		"UploadsChange":           uploadsChange,
		"BindingsAreReplaced":     bindingsAreReplaced,
		"ManyBindingsAtOnce":      manyBindingsAtOnce,
		"ExpiredBindingsGo":       expiredBindingsGo,
		"SIPBansAreShared":        sipBansAreShared,
		"SIPBansAreSeenAtHome":    sipBansAreSeenAtHome,
		"LinesAreWatched":         linesAreWatched,
		"BellsWaitForTheirPhone":  bellsWaitForTheirPhone,
		"BellsWaitForTheirNode":   bellsWaitForTheirNode,
		"BellsRingInWaves":        bellsRingInWaves,
		"TracesAreCut":            tracesAreCut,
		"TracesAreCutNowAndThen":  tracesAreCutNowAndThen,
		"TracesKeepEachKind":      tracesKeepEachKind,
		"FirmwareIsNoted":         firmwareIsNoted,
		"PhonebookHasWhoCanCall":  phonebookHasWhoCanBeCalled,
		"UnknownDevicesAreKept":   unknownDevicesAreKept,
		"InboxTokensAreKept":      inboxTokensAreKept,
		"UnknownGoWhereTokensSay": unknownDevicesGoWhereTheirTokenSays,
		"UnknownMakeRoom":         unknownMakeRoom,
		"AlarmsOpenOnce":          alarmsOpenOnce,
		"SitesAreCounted":         sitesAreCounted,
		"QuestionsAreKept":        questionsAreKept,
		"RenderInputIsWhole":      renderInputIsWhole,
	}
}
