package customer

// Package is what a customer buys and a person is assigned, in the wire's words.
type Package string

// The packages (product rule 4).
const (
	CommonAreaCalling    Package = "common_area_calling"
	WebexCalling         Package = "webex_calling"
	WebexCallingStandard Package = "webex_calling_standard"
	WebexMeetings        Package = "webex_meetings"
	WebexSuite           Package = "webex_suite"
	WebexVoice           Package = "webex_voice"
	CXEssentials         Package = "cx_essentials"
	CiscoCallingPlan     Package = "cisco_calling_plan"
	AttendantConsole     Package = "attendant_console"
	CXPremiumAgent       Package = "cx_premium_agent"
	CXStandardAgent      Package = "cx_standard_agent"
	CXVoicePorts         Package = "cx_voice_ports"
	CXAIAssistant        Package = "cx_ai_assistant"
	WebexAIAgent         Package = "webex_ai_agent"
)

// packageRules is what a package can do.
type packageRules struct {
	forPerson  bool // can be a person's base package
	calling    bool // its holder can have a phone
	maxDevices int  // phones that its holder can have; 0 means no limit of its own
	countable  bool // a quantity can be given for it
}

// rulesOf returns the rules of a package; false for a name that isn't one.
func rulesOf(p Package) (packageRules, bool) {
	switch p {
	case WebexCalling, WebexSuite, WebexVoice, CXEssentials:
		return packageRules{forPerson: true, calling: true, countable: true}, true
	case WebexCallingStandard:
		return packageRules{forPerson: true, calling: true, maxDevices: 1, countable: true}, true
	case WebexMeetings:
		return packageRules{forPerson: true, countable: true}, true
	case CommonAreaCalling:
		return packageRules{calling: true, countable: true}, true
	case AttendantConsole:
		return packageRules{countable: true}, true
	case CiscoCallingPlan, CXPremiumAgent, CXStandardAgent, CXVoicePorts, CXAIAssistant, WebexAIAgent:
		return packageRules{}, true
	}
	return packageRules{}, false
}

// Known reports whether the name is a package's.
func (p Package) Known() bool { _, ok := rulesOf(p); return ok }

// ForPerson reports whether a person can have it as the base package.
func (p Package) ForPerson() bool { r, _ := rulesOf(p); return r.forPerson }

// Calling reports whether its holder can have a phone.
func (p Package) Calling() bool { r, _ := rulesOf(p); return r.calling }

// MaxDevices returns how many phones its holder can have, 0 for no limit of the package's own.
func (p Package) MaxDevices() int { r, _ := rulesOf(p); return r.maxDevices }

// Countable reports whether a quantity can be given for it.
func (p Package) Countable() bool { r, _ := rulesOf(p); return r.countable }
