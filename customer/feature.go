package customer

// Feature is something that calling can do, in words like the wire's. It follows the package, and decides what a phone is told.
type Feature string

// The features of subscribers: people and workspaces (product rule 4).
const (
	FeatureAlternateNumbers         Feature = "alternate_numbers" // with a distinctive ring
	FeatureAnonymousCallRejection   Feature = "anonymous_call_rejection"
	FeatureBargeInExempt            Feature = "barge_in_exempt"
	FeatureBusinessContinuity       Feature = "business_continuity" // calls go elsewhere when the phone can't be reached
	FeatureBusyLampMonitoring       Feature = "busy_lamp_monitoring"
	FeatureCallForwardAlways        Feature = "call_forward_always"
	FeatureCallForwardBusy          Feature = "call_forward_busy"
	FeatureCallForwardNoAnswer      Feature = "call_forward_no_answer"
	FeatureCallForwardSelective     Feature = "call_forward_selective"
	FeatureCallHistory              Feature = "call_history"
	FeatureCallHold                 Feature = "call_hold_and_resume"
	FeatureCallNotify               Feature = "call_notify"
	FeatureCallQueueAgent           Feature = "call_queue_agent"
	FeatureCallRecording            Feature = "call_recording"
	FeatureCallReturn               Feature = "call_return"
	FeatureCallTransferAttended     Feature = "call_transfer_attended"
	FeatureCallTransferBlind        Feature = "call_transfer_blind"
	FeatureCallWaiting              Feature = "call_waiting" // up to four calls
	FeatureCallWaitingID            Feature = "call_waiting_id"
	FeatureClickToDial              Feature = "click_to_dial"
	FeatureConnectedLineRestriction Feature = "connected_line_restriction"
	FeatureCustomerAssistQueueAgent Feature = "customer_assist_queue_agent"
	FeatureDirectedPickup           Feature = "directed_pickup" // with barge-in
	FeatureDoNotDisturb             Feature = "do_not_disturb"
	FeatureEnterpriseDirectory      Feature = "enterprise_directory"
	FeatureExecutiveAssistant       Feature = "executive_assistant"
	FeatureExtensionDialling        Feature = "extension_dialling" // of variable length
	FeatureAccessCodes              Feature = "feature_access_codes"
	FeatureHotelingGuest            Feature = "hoteling_guest"
	FeatureHotelingHost             Feature = "hoteling_host"
	FeatureInboundCallerID          Feature = "inbound_caller_id"
	FeatureInboundFaxToEmail        Feature = "inbound_fax_to_email"
	FeatureMobility                 Feature = "mobility"
	FeatureMultipleLineAppearance   Feature = "multiple_line_appearance"
	FeatureNWayCalling              Feature = "n_way_calling" // six at the most
	FeatureOfficeAnywhere           Feature = "office_anywhere"
	FeatureOutboundCallerIDBlocking Feature = "outbound_caller_id_blocking"
	FeaturePersonalDirectory        Feature = "personal_directory"
	FeaturePriorityAlert            Feature = "priority_alert"
	FeaturePrivacy                  Feature = "privacy"
	FeaturePushToTalk               Feature = "push_to_talk"
	FeatureRemoteOffice             Feature = "remote_office"
	FeatureSelectiveCallAcceptance  Feature = "selective_call_acceptance"
	FeatureSelectiveCallRejection   Feature = "selective_call_rejection"
	FeatureSequentialRing           Feature = "sequential_ring"
	FeatureSharedCallAppearance     Feature = "shared_call_appearance"
	FeatureSimultaneousRing         Feature = "simultaneous_ring"
	FeatureSpeedDial100             Feature = "speed_dial_100"
	FeatureT38Fax                   Feature = "t38_fax"
	FeatureThreeWayCalling          Feature = "three_way_calling"
	FeatureUnifiedMessaging         Feature = "unified_messaging"
	FeatureUserIntercept            Feature = "user_intercept"
	FeatureVideo                    Feature = "video" // from point to point
	FeatureVirtualLines             Feature = "virtual_lines"
	FeatureVisualVoicemail          Feature = "visual_voicemail"
	FeatureVoicemail                Feature = "voicemail"
	FeatureWebPortal                Feature = "web_portal"
)

// The features of locations (product rule 4).
const (
	FeatureAutoAttendant            Feature = "auto_attendant"
	FeatureCallParkGroup            Feature = "call_park_group"
	FeatureCallParkRecall           Feature = "call_park_recall"
	FeatureCallPickup               Feature = "call_pickup"
	FeatureCallQueue                Feature = "call_queue"
	FeatureExternalCallerIDDelivery Feature = "external_caller_id_delivery"
	FeatureGroupPickup              Feature = "group_pickup"
	FeatureHuntGroup                Feature = "hunt_group"
	FeatureInterceptGroup           Feature = "intercept_group"
	FeatureInterceptUser            Feature = "intercept_user"
	FeatureLocationCallerNumber     Feature = "location_caller_number"
	FeatureMicrosoftTeams           Feature = "microsoft_teams"
	FeatureMusicOnHold              Feature = "music_on_hold"
	FeatureReceptionistClient       Feature = "receptionist_client"
	FeatureVoicePortal              Feature = "voice_portal"
)

// FeatureScope says what a feature is a feature of.
type FeatureScope string

// The scopes of features.
const (
	SubscriberFeature FeatureScope = "subscriber" // a person or workspace has it by its own package
	LocationFeature   FeatureScope = "location"   // a location has it when somebody there has a package that brings it
)

// offer is a set of the bundles that packages bring.
type offer uint8

// The bundles.
const (
	offerBasic    offer = 1 << iota // common areas: what a phone in a hall needs to make, take and pass on calls, and to divert them
	offerStandard                   // enhanced calling, less what needs more than one phone or a queue
	offerEnhanced                   // enhanced calling
	offerAssist                     // customer assist
	offerConsole                    // the attendant console
)

// The bundles that a feature is usually in: from one package upwards.
const (
	everyCalling = offerBasic | offerStandard | offerEnhanced
	fromStandard = offerStandard | offerEnhanced
)

// offer returns the bundles of a package; none for one that has nothing to do with calling, or whose features others bring, or that isn't known.
func (p Package) offer() offer {
	switch p {
	case CommonAreaCalling:
		return offerBasic
	case WebexCallingStandard:
		return offerStandard
	case WebexVoice, WebexCalling, WebexSuite:
		return offerEnhanced
	case CXEssentials:
		return offerEnhanced | offerAssist
	case AttendantConsole:
		return offerConsole
	}
	return 0
}

// featureRules is what a feature is of, and which bundles it is in.
type featureRules struct {
	feature Feature
	scope   FeatureScope
	in      offer
}

// featureTable are all features: the subscribers', then the locations', each sorted by name.
func featureTable() []featureRules {
	return append(subscriberFeatures(), locationFeatures()...)
}

// subscriberFeatures are those of people and workspaces. No source names the basic ones. They are what a phone needs that stands where anybody can
// use it: calls out and in, with the caller's name and without one's own, held, passed on, waiting, of three, and diverted when nobody is there.
// What belongs to one person (voicemail, history beyond the phone's own, do not disturb, mobility) it leaves to the others.
func subscriberFeatures() []featureRules {
	return []featureRules{
		{FeatureAlternateNumbers, SubscriberFeature, fromStandard},
		{FeatureAnonymousCallRejection, SubscriberFeature, fromStandard},
		{FeatureBargeInExempt, SubscriberFeature, fromStandard},
		{FeatureBusinessContinuity, SubscriberFeature, fromStandard},
		{FeatureBusyLampMonitoring, SubscriberFeature, fromStandard},
		{FeatureCallForwardAlways, SubscriberFeature, everyCalling},
		{FeatureCallForwardBusy, SubscriberFeature, everyCalling},
		{FeatureCallForwardNoAnswer, SubscriberFeature, everyCalling},
		{FeatureCallForwardSelective, SubscriberFeature, fromStandard},
		{FeatureCallHistory, SubscriberFeature, fromStandard},
		{FeatureCallHold, SubscriberFeature, everyCalling},
		{FeatureCallNotify, SubscriberFeature, fromStandard},
		{FeatureCallQueueAgent, SubscriberFeature, offerEnhanced},
		{FeatureCallRecording, SubscriberFeature, offerEnhanced},
		{FeatureCallReturn, SubscriberFeature, fromStandard},
		{FeatureCallTransferAttended, SubscriberFeature, everyCalling},
		{FeatureCallTransferBlind, SubscriberFeature, everyCalling},
		{FeatureCallWaiting, SubscriberFeature, everyCalling},
		{FeatureCallWaitingID, SubscriberFeature, everyCalling},
		{FeatureClickToDial, SubscriberFeature, fromStandard},
		{FeatureConnectedLineRestriction, SubscriberFeature, fromStandard},
		{FeatureCustomerAssistQueueAgent, SubscriberFeature, offerAssist},
		{FeatureDirectedPickup, SubscriberFeature, fromStandard},
		{FeatureDoNotDisturb, SubscriberFeature, fromStandard},
		{FeatureEnterpriseDirectory, SubscriberFeature, everyCalling},
		{FeatureExecutiveAssistant, SubscriberFeature, fromStandard},
		{FeatureExtensionDialling, SubscriberFeature, everyCalling},
		{FeatureAccessCodes, SubscriberFeature, everyCalling},
		{FeatureHotelingGuest, SubscriberFeature, fromStandard},
		{FeatureHotelingHost, SubscriberFeature, fromStandard},
		{FeatureInboundCallerID, SubscriberFeature, everyCalling},
		{FeatureInboundFaxToEmail, SubscriberFeature, fromStandard},
		{FeatureMobility, SubscriberFeature, fromStandard},
		{FeatureMultipleLineAppearance, SubscriberFeature, fromStandard},
		{FeatureNWayCalling, SubscriberFeature, fromStandard},
		{FeatureOfficeAnywhere, SubscriberFeature, fromStandard},
		{FeatureOutboundCallerIDBlocking, SubscriberFeature, everyCalling},
		{FeaturePersonalDirectory, SubscriberFeature, fromStandard},
		{FeaturePriorityAlert, SubscriberFeature, fromStandard},
		{FeaturePrivacy, SubscriberFeature, fromStandard},
		{FeaturePushToTalk, SubscriberFeature, fromStandard},
		{FeatureRemoteOffice, SubscriberFeature, fromStandard},
		{FeatureSelectiveCallAcceptance, SubscriberFeature, fromStandard},
		{FeatureSelectiveCallRejection, SubscriberFeature, fromStandard},
		{FeatureSequentialRing, SubscriberFeature, fromStandard},
		{FeatureSharedCallAppearance, SubscriberFeature, offerEnhanced},
		{FeatureSimultaneousRing, SubscriberFeature, fromStandard},
		{FeatureSpeedDial100, SubscriberFeature, fromStandard},
		{FeatureT38Fax, SubscriberFeature, fromStandard},
		{FeatureThreeWayCalling, SubscriberFeature, everyCalling},
		{FeatureUnifiedMessaging, SubscriberFeature, fromStandard},
		{FeatureUserIntercept, SubscriberFeature, fromStandard},
		{FeatureVideo, SubscriberFeature, fromStandard},
		{FeatureVirtualLines, SubscriberFeature, offerEnhanced},
		{FeatureVisualVoicemail, SubscriberFeature, fromStandard},
		{FeatureVoicemail, SubscriberFeature, fromStandard},
		{FeatureWebPortal, SubscriberFeature, fromStandard},
	}
}

// locationFeatures are those of locations. The receptionist's client is what the attendant console brings, which itself needs enhanced calling.
func locationFeatures() []featureRules {
	return []featureRules{
		{FeatureAutoAttendant, LocationFeature, fromStandard},
		{FeatureCallParkGroup, LocationFeature, fromStandard},
		{FeatureCallParkRecall, LocationFeature, fromStandard},
		{FeatureCallPickup, LocationFeature, fromStandard},
		{FeatureCallQueue, LocationFeature, offerEnhanced},
		{FeatureExternalCallerIDDelivery, LocationFeature, fromStandard},
		{FeatureGroupPickup, LocationFeature, fromStandard},
		{FeatureHuntGroup, LocationFeature, fromStandard},
		{FeatureInterceptGroup, LocationFeature, fromStandard},
		{FeatureInterceptUser, LocationFeature, fromStandard},
		{FeatureLocationCallerNumber, LocationFeature, fromStandard},
		{FeatureMicrosoftTeams, LocationFeature, fromStandard},
		{FeatureMusicOnHold, LocationFeature, fromStandard},
		{FeatureReceptionistClient, LocationFeature, offerConsole},
		{FeatureVoicePortal, LocationFeature, fromStandard},
	}
}

// Scope returns what the feature is a feature of; empty for a name that isn't a feature's.
func (f Feature) Scope() FeatureScope {
	for _, rules := range featureTable() {
		if rules.feature == f {
			return rules.scope
		}
	}
	return ""
}

// Features returns what a package brings: subscribers' features first, then locations', each sorted by name; nil for none. A location's features
// are there as soon as one of its people or workspaces has the package. A base package and its add-ons each bring their own.
func (p Package) Features() (features []Feature) {
	mine := p.offer()
	for _, rules := range featureTable() {
		if rules.in&mine != 0 {
			features = append(features, rules.feature)
		}
	}
	return features
}

// Allows reports whether a package brings a feature; false for names that aren't a package's or a feature's.
func (p Package) Allows(f Feature) bool {
	mine := p.offer()
	for _, rules := range featureTable() {
		if rules.feature == f {
			return rules.in&mine != 0
		}
	}
	return false
}
