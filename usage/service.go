package usage

import (
	"strings"

	"dialtone/customer"
)

// Service names what is billed, as reports spell it: WEBEX_CALLING.
type Service string

// What is billed beside packages: help with setting up a site.
const (
	SetupAssistExpress  Service = "SETUP_ASSIST_EXPRESS"  //nolint:gosec // G101: a name, and no credential: a site of up to five seats, at a flat price
	SetupAssistStandard Service = "SETUP_ASSIST_STANDARD" //nolint:gosec // G101: a name, and no credential: a larger site, by the seat
)

// ServiceOf returns what a package is called in reports.
func ServiceOf(p customer.Package) Service { return Service(strings.ToUpper(string(p))) }

// Ordered reports whether it is ordered once, and not held for days.
func (s Service) Ordered() bool { return s == SetupAssistExpress || s == SetupAssistStandard }

// SKU returns the number that the service is sold by: one for each, the same in all reports.
func (s Service) SKU() string { sku, _ := s.sold(); return sku }

// Description returns what the service is called in front of people; its own name for one that is in no list.
func (s Service) Description() string { _, description := s.sold(); return description }

// sold is the list of what is sold: number and description. The numbers are our own, as no list of others is published; this is the place to put them.
func (s Service) sold() (string, string) {
	switch s {
	case "COMMON_AREA_CALLING":
		return "DT-COMMON-AREA", "Common Area Calling"
	case "WEBEX_CALLING":
		return "DT-CALLING", "Webex Calling"
	case "WEBEX_CALLING_STANDARD":
		return "DT-CALLING-STANDARD", "Webex Calling Standard"
	case "WEBEX_VOICE":
		return "DT-VOICE", "Webex Voice"
	case "WEBEX_SUITE":
		return "DT-SUITE", "Webex Suite"
	case "WEBEX_MEETINGS":
		return "DT-MEETINGS", "Webex Meetings"
	case "CX_ESSENTIALS":
		return "DT-CUSTOMER-ASSIST", "Customer Assist"
	case "ATTENDANT_CONSOLE":
		return "DT-ATTENDANT-CONSOLE", "Attendant Console"
	case "CISCO_CALLING_PLAN":
		return "DT-CALLING-PLAN", "Cisco Calling Plan"
	case "CX_PREMIUM_AGENT":
		return "DT-CX-PREMIUM", "CX Premium Agent"
	case "CX_STANDARD_AGENT":
		return "DT-CX-STANDARD", "CX Standard Agent"
	case "CX_VOICE_PORTS":
		return "DT-CX-PORTS", "CX Voice Ports"
	case "CX_AI_ASSISTANT":
		return "DT-CX-AI-ASSISTANT", "CX AI Assistant"
	case "WEBEX_AI_AGENT":
		return "DT-AI-AGENT", "Webex AI Agent"
	case SetupAssistExpress:
		return "DT-SETUP-EXPRESS", "Setup Assist Express"
	case SetupAssistStandard:
		return "DT-SETUP-STANDARD", "Setup Assist Standard"
	}
	return "DT-" + strings.ReplaceAll(string(s), "_", "-"), string(s)
}
