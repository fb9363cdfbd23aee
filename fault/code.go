package fault

// Code is an error number, which a program can act on where a sentence is for a person. Numbers below 90000 are the Webex APIs' own and keep their
// meaning; ours begin at 90000, so that the two can't be mistaken for each other. A number that was released keeps its meaning for ever.
type Code = int

// The error numbers.
const (
	CodeMissing         Code = 1001  // a needed field is absent
	CodeSize            Code = 1002  // a field is too long or too short
	CodeReportNotFound  Code = 2024  // there is no such billing report
	CodeImageInUse      Code = 4305  // a setting uses the background image
	CodeMACInUse        Code = 5675  // a device has the MAC address
	CodeMACTwice        Code = 5676  // a MAC address stands twice in a list
	CodeEmailInUse      Code = 10022 // somebody has the e-mail address
	CodeMACInvalid      Code = 25220 // it is no MAC address
	CodeRule            Code = 90000 // a field breaks a rule that its description states
	CodeUnknown         Code = 90001 // a field names nothing of the caller's
	CodeBusy            Code = 90010 // the customer is being provisioned, changed or deleted
	CodeQuantity        Code = 90011 // a package's quantity is used up, or would be below what is assigned
	CodeAssigned        Code = 90012 // what is to be taken away is still in use
	CodeExternalIDInUse Code = 90013 // the caller has a customer with the external id
	CodeNameInUse       Code = 90014 // the caller has something of that name
	CodeNumberInUse     Code = 90015 // somebody has the phone number
	CodeExtensionInUse  Code = 90016 // somebody in the location has the extension
	CodeIdentityInUse   Code = 90017 // a line has the SIP identity
	CodeOrgInUse        Code = 90018 // the organisation is a customer already
	CodeLevel           Code = 90019 // an administrator's package can't go down a level
	CodeNotProvisioned  Code = 90020 // the customer's package isn't provisioned
	CodeDeviceLimit     Code = 90021 // the package allows fewer devices
	CodeConsent         Code = 90022 // an organisation's administrator must consent first
	CodeDeclined        Code = 90023 // who was asked for consent said no
	CodeNothingPending  Code = 90024 // there is nothing to consent to
	CodePending         Code = 90025 // a person must consent first
	CodeTrial           Code = 90026 // the organisation is on trial
	CodeBillingStart    Code = 90027 // the billing start can't be given, or not any more
	CodeReviewOver      Code = 90028 // the review is decided, over or due
	CodePSTNCountry     Code = 90030 // the PSTN vendor doesn't serve the location's country
	CodeRevealed        Code = 90031 // the password was shown already
	CodeCallingOff      Code = 90040 // calling isn't switched on for the location
	CodeFixed           Code = 90041 // a package decides it, and it can't be changed
	CodeReportExists    Code = 90051 // there is a completed billing report of the same kind
	CodeDaysOpen        Code = 90052 // days aren't over, or not closed yet
	CodeZoneFixed       Code = 90053 // days are counted in the time zone already
	CodeWebhooks        Code = 90060 // the partner has as many webhooks as it may
	CodeHasPhone        Code = 90070 // the device has a phone already
	CodeJobRunning      Code = 90071 // a job over the organisation's devices isn't over
	CodeTooMany         Code = 90072 // there are as many as there can be
	CodeGivenUp         Code = 90099 // background work failed too often
)

// CodeMeaning is what an error number says, and with which kind of error it comes.
type CodeMeaning struct {
	Code    Code
	Kind    Kind
	Meaning string // for documentation
}

// Codes is the one table of error numbers, in their order. Doors derive the status from the kind.
func Codes() []CodeMeaning {
	return []CodeMeaning{
		{CodeMissing, Invalid, "A needed field is absent."},
		{CodeSize, Invalid, "A field is too long or too short."},
		{CodeReportNotFound, NotFound, "There is no such billing report, or it isn't yours."},
		{CodeImageInUse, Conflict, "A setting uses this background image. Reset it first, or force the deletion."},
		{CodeMACInUse, Conflict, "A device has this MAC address."},
		{CodeMACTwice, Invalid, "The MAC address stands twice in the list. Only in `macStatus`."},
		{CodeEmailInUse, Conflict, "Somebody has this e-mail address."},
		{CodeMACInvalid, Invalid, "It is no MAC address. Only in `macStatus`."},
		{CodeRule, Invalid, "A field breaks a rule; the description states it."},
		{CodeUnknown, Invalid, "A field names nothing that is yours."},
		{CodeBusy, Conflict, "The customer is being provisioned, changed or deleted. Try again when its status says so."},
		{CodeQuantity, Conflict, "A package's quantity is used up, or would be below what is assigned."},
		{CodeAssigned, Conflict, "What is to be taken away is still in use."},
		{CodeExternalIDInUse, Conflict, "You have a customer with this external id."},
		{CodeNameInUse, Conflict, "You have something of this name."},
		{CodeNumberInUse, Conflict, "Somebody has this phone number."},
		{CodeExtensionInUse, Conflict, "Somebody in the location has this extension."},
		{CodeIdentityInUse, Conflict, "A line has this SIP identity or port."},
		{CodeOrgInUse, Conflict, "The organisation is a customer already."},
		{CodeLevel, Conflict, "An administrator's package can't go down a level."},
		{CodeNotProvisioned, Conflict, "The customer's package isn't provisioned."},
		{CodeDeviceLimit, Conflict, "The package allows fewer devices."},
		{CodeConsent, Conflict, "The organisation's administrator must consent first."},
		{CodeDeclined, Conflict, "Who was asked for consent said no."},
		{CodeNothingPending, Conflict, "There is nothing to consent to."},
		{CodePending, Conflict, "The person must agree first to move the account."},
		{CodeTrial, Conflict, "The organisation is on trial, which can't be converted."},
		{CodeBillingStart, Conflict, "The billing start can't be given, or not be changed any more."},
		{CodeReviewOver, Conflict, "The review is decided, over or due."},
		{CodePSTNCountry, Conflict, "The PSTN vendor doesn't serve the location's country."},
		{CodeRevealed, Conflict, "The password was shown before, or chosen by somebody. Rotate it to get a new one."},
		{CodeCallingOff, Conflict, "Calling isn't switched on for the location."},
		{CodeFixed, Conflict, "A package of the customer decides this, so that it can't be changed."},
		{CodeReportExists, Conflict, "There is a completed report for the same days, of the same kind. Delete it before you order it again."},
		{CodeDaysOpen, Conflict, "These days aren't over in all time zones, or not closed yet. Try again when they are."},
		{CodeZoneFixed, Conflict, "Days are counted in this time zone already, so that it can't be changed any more."},
		{CodeWebhooks, Conflict, "You have as many webhooks as you may."},
		{CodeHasPhone, Conflict, "The device has a phone already. Replace the phone to give the device another one."},
		{CodeJobRunning, Conflict, "Another job changes the organisation's devices. Try again when it is over."},
		{CodeTooMany, Conflict, "There are as many of these as there can be. Delete one first."},
		{CodeGivenUp, Unavailable, "Background work failed too often. Ask for it again."},
	}
}
