package provisioning

import "net/netip"

// The rules of calls to the echo, as the boot trace names them.
const (
	RuleEcho        = "the line's password was right, and the call was to the echo"
	RuleEchoRefused = "the line's password was right, but the echo couldn't take the call"

	RuleEchoUnacknowledged = "the phone never acknowledged the echo's answer"
	RuleEchoNoKeys         = "DTLS brought no keys for the sound of a call to the echo"
	RuleEchoSilent         = "no sound came in a call to the echo"
	RuleEchoUnreadable     = "sound came in a call to the echo that its key didn't open"
	RuleEchoOneWay         = "sound came in a call to the echo, and the phone reported that it got none"
	RuleEchoLossy          = "in a call to the echo too much was lost, or came too unevenly"
	RuleEchoClear          = "a call to the echo worked, and others could have listened"
	RuleEchoWell           = "a call to the echo worked, and all of it was encrypted"
)

// echoRules are the rules of what package echo finds, in its words. What isn't here has the rule of any call.
func echoRules() map[string]string {
	return map[string]string{
		"refused": RuleEchoRefused, "unacknowledged": RuleEchoUnacknowledged, "no_keys": RuleEchoNoKeys, "silent": RuleEchoSilent, "unreadable": RuleEchoUnreadable,
		"one_way": RuleEchoOneWay, "lossy": RuleEchoLossy, "clear": RuleEchoClear, "well": RuleEchoWell,
	}
}

// CallNote is what the boot trace tells of a call to the echo.
type CallNote struct {
	Device    DeviceID
	Peer      netip.AddrPort
	Transport string
	UserAgent string
	Finding   string // what package echo finds of a call at its end, or when it refuses one; "" for nothing
	Words     string // what is encrypted and what was measured, or why it was refused
}

// RecordCall notes a call to the echo. It never waits and never fails.
func (s *Service) RecordCall(n CallNote) {
	rule, known := echoRules()[n.Finding]
	if !known {
		rule = RuleEcho
	}
	s.Record(TraceEntry{
		Device: n.Device, Door: doorSIP, Peer: n.Peer.Addr(), Request: "INVITE to the echo over " + n.Transport, Answer: n.Words, Rule: rule,
		UserAgent: n.UserAgent, Proof: ProofDigest,
	})
}
