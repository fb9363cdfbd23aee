package bulk

// Package is what a person can be given by a column, in the wholesale API's words. This package knows their columns, and no rule about them.
type Package string

// The packages that have a column.
const (
	WebexCalling         Package = "webex_calling"
	WebexCallingStandard Package = "webex_calling_standard"
	WebexVoice           Package = "webex_voice"
	WebexSuite           Package = "webex_suite"
	CXEssentials         Package = "cx_essentials"
	WebexMeetings        Package = "webex_meetings"
	CXPremiumAgent       Package = "cx_premium_agent"
	CXStandardAgent      Package = "cx_standard_agent"
	AttendantConsole     Package = "attendant_console"
)
