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
	addOn      bool // can be a person's beside a base package
	calling    bool // its holder can have a phone
	maxDevices int  // phones that its holder can have; 0 means no limit of its own
	countable  bool // a quantity can be given for it
	level      int  // orders base packages: an administrator's can't go down. No source ranks them; this follows what each one adds
}

// rulesOf returns the rules of a package; false for a name that isn't one.
func rulesOf(p Package) (packageRules, bool) {
	switch p {
	case WebexSuite, CXEssentials:
		return packageRules{forPerson: true, calling: true, countable: true, level: 5}, true
	case WebexCalling:
		return packageRules{forPerson: true, calling: true, countable: true, level: 4}, true
	case WebexVoice:
		return packageRules{forPerson: true, calling: true, countable: true, level: 3}, true
	case WebexCallingStandard:
		return packageRules{forPerson: true, calling: true, maxDevices: 1, countable: true, level: 2}, true
	case WebexMeetings:
		return packageRules{forPerson: true, countable: true, level: 1}, true
	case CXPremiumAgent, CXStandardAgent:
		return packageRules{forPerson: true, level: 1}, true
	case CommonAreaCalling:
		return packageRules{calling: true, countable: true}, true
	case AttendantConsole:
		return packageRules{addOn: true, countable: true}, true
	case CiscoCallingPlan, CXVoicePorts, CXAIAssistant, WebexAIAgent:
		return packageRules{}, true
	}
	return packageRules{}, false
}

// Known reports whether the name is a package's.
func (p Package) Known() bool { _, ok := rulesOf(p); return ok }

// ForPerson reports whether a person can have it as the base package.
func (p Package) ForPerson() bool { r, _ := rulesOf(p); return r.forPerson }

// ForWorkspace reports whether a workspace can have it (product rule 6).
func (p Package) ForWorkspace() bool { return p == CommonAreaCalling || p == WebexCalling }

// AddOn reports whether a person can have it beside a base package.
func (p Package) AddOn() bool { r, _ := rulesOf(p); return r.addOn }

// CarriesConsole reports whether the attendant console can stand beside it.
func (p Package) CarriesConsole() bool {
	return p == WebexCalling || p == WebexSuite || p == CXEssentials || p == WebexVoice
}

// below reports whether one base package is of a lower level than another.
func (p Package) below(other Package) bool {
	mine, _ := rulesOf(p)
	theirs, _ := rulesOf(other)
	return mine.level < theirs.level
}

// Calling reports whether its holder can have a phone.
func (p Package) Calling() bool { r, _ := rulesOf(p); return r.calling }

// MaxDevices returns how many phones its holder can have, 0 for no limit of the package's own.
func (p Package) MaxDevices() int { r, _ := rulesOf(p); return r.maxDevices }

// Countable reports whether a quantity can be given for it.
func (p Package) Countable() bool { r, _ := rulesOf(p); return r.countable }

// Packages lists all packages, those of people and workspaces first.
func Packages() []Package {
	return []Package{
		WebexSuite, CXEssentials, WebexCalling, WebexVoice, WebexCallingStandard, CommonAreaCalling, WebexMeetings, CXPremiumAgent, CXStandardAgent,
		AttendantConsole, CiscoCallingPlan, CXVoicePorts, CXAIAssistant, WebexAIAgent,
	}
}
