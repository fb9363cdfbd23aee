package provisioning

import (
	"regexp"
	"strings"

	"dialtone/deviceprofiles"
	"dialtone/diagnosis"
	"dialtone/fault"
)

// Rules that say more of a fetch than whether it was served.
const (
	RuleOtherPhone = "path and user agent name two phones"
	RuleUnexpanded = "a macro of the phone's profile rule wasn't expanded"
	RuleEnterprise = "the phone has enterprise firmware, which has other files"
	RuleOptional   = "a file that needn't exist"
	RuleMissing    = "the phone's file can't be made"
)

// Rules of the other doors.
const (
	RuleLookup     = "a question to DNS about the domain of the phone's lines"
	RuleHandshake  = "the TLS handshake failed before anything was asked"
	RuleUnknownSIP = "nobody has such a SIP user or domain"
)

// The doors that aren't transports of files.
const (
	doorDNS = "dns"
	doorSIP = "sip"
)

// macroName is a name with a macro that the phone ought to have replaced.
var macroName = regexp.MustCompile(`\$|%24`)

// ruleOfMiss says more precisely why a fetch was refused. recognised says that it was for a file of ours.
func ruleOfMiss(rule, path string, recognised bool, err error) string {
	name := path[strings.LastIndexByte(path, '/')+1:]
	switch {
	case rule == RuleHostile && fault.Is(err, fault.Denied):
		return RuleOtherPhone
	case rule != RuleNoSuchFile:
		return rule
	case macroName.MatchString(path):
		return RuleUnexpanded
	case deviceprofiles.ForeignName(name):
		return RuleEnterprise
	case deviceprofiles.OptionalName(name):
		return RuleOptional
	case recognised:
		return RuleMissing
	default:
		return RuleNoSuchFile
	}
}

// outcomes says what a rule means for a diagnosis. What isn't here is told by the answer and the proof, so that a new rule isn't without a meaning.
func outcomes() map[string]diagnosis.Outcome {
	return map[string]diagnosis.Outcome{
		RuleBootstrap: diagnosis.Bootstrap, RuleNoProof: diagnosis.NoProof, RuleWrongProof: diagnosis.WrongProof, RuleBadCertificate: diagnosis.BadCertificate,
		RuleOtherFamily: diagnosis.OtherFamily, RuleThrottled: diagnosis.Throttled, RuleGuessing: diagnosis.Throttled, RuleNoSuchFile: diagnosis.WrongPath,
		RuleWrongCode: diagnosis.WrongCode, RuleExpiredCode: diagnosis.ExpiredCode, RuleClearCode: diagnosis.ClearCode, RuleHostile: diagnosis.WrongPath,
		RuleBroken: diagnosis.OurFault, RuleOtherPhone: diagnosis.OtherPhone, RuleUnexpanded: diagnosis.Unexpanded, RuleEnterprise: diagnosis.Enterprise,
		RuleOptional: diagnosis.Optional, RuleMissing: diagnosis.Missing, RuleUploadKept: diagnosis.Uploaded, RuleUploadRefused: diagnosis.Optional,
		RuleClearUpload: diagnosis.Optional, RuleUnprovenUpload: diagnosis.Optional, RuleProbing: diagnosis.Throttled, RuleOtherPeer: diagnosis.NoProof,
		RuleOtherCertificate: diagnosis.OtherPhone, RuleUploadOpened: diagnosis.Uploaded, RuleLookup: diagnosis.Lookup,
		RuleEchoRefused: diagnosis.EchoRefused, RuleEchoUnacknowledged: diagnosis.EchoUnacknowledged, RuleEchoNoKeys: diagnosis.EchoNoKeys,
		RuleEchoSilent: diagnosis.EchoSilent, RuleEchoUnreadable: diagnosis.EchoUnreadable, RuleEchoOneWay: diagnosis.EchoOneWay,
		RuleEchoLossy: diagnosis.EchoLossy, RuleEchoClear: diagnosis.EchoClear, RuleEchoWell: diagnosis.EchoWell,
		RuleUpstreamAway: diagnosis.UpstreamAway, RuleUpstreamRefused: diagnosis.UpstreamRefused,
		RuleHandshake: diagnosis.HandshakeFailed, RuleUnknownSIP: diagnosis.UnknownSIP, RuleWrongPassword: diagnosis.WrongPassword,
	}
}

// outcomeOf tells what became of a contact.
func outcomeOf(e TraceEntry, known map[string]diagnosis.Outcome) diagnosis.Outcome {
	switch {
	case e.Answer == answerRegistered:
		return diagnosis.Registered
	case e.Answer == answerUnregistered:
		return diagnosis.Unregistered
	case e.Revision > 0 && e.Door != doorSIP:
		return diagnosis.Served
	}
	if o, ok := known[e.Rule]; ok {
		return o
	}
	switch {
	case e.Answer == fault.Internal.String(), e.Answer == fault.Unavailable.String():
		return diagnosis.OurFault
	case e.Answer == fault.Limited.String():
		return diagnosis.Throttled
	case e.Answer == fault.NotFound.String():
		return diagnosis.Missing
	case e.Answer != fault.Denied.String():
		return diagnosis.Other
	case e.Proof == ProofCertificate:
		return diagnosis.BadCertificate
	case e.Proof == ProofNone:
		return diagnosis.NoProof
	default:
		return diagnosis.WrongProof
	}
}

// The answers to a REGISTER, as the boot trace has them.
const (
	answerRegistered   = "registered"
	answerUnregistered = "unregistered"
)
