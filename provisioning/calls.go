package provisioning

import "net/netip"

// The rules of calls to the echo, as the boot trace names them.
const (
	RuleEcho        = "the line's password was right, and the call was to the echo"
	RuleEchoRefused = "the line's password was right, but the echo couldn't take the call"
)

// CallNote is what the boot trace tells of a call to the echo.
type CallNote struct {
	Device    DeviceID
	Peer      netip.AddrPort
	Transport string
	UserAgent string
	Refused   bool
	Words     string // what is encrypted and what was measured, or why it was refused
}

// RecordCall notes a call to the echo. It never waits and never fails.
func (s *Service) RecordCall(n CallNote) {
	rule := RuleEcho
	if n.Refused {
		rule = RuleEchoRefused
	}
	s.Record(TraceEntry{
		Device: n.Device, Door: doorSIP, Peer: n.Peer.Addr(), Request: "INVITE to the echo over " + n.Transport, Answer: n.Words, Rule: rule,
		UserAgent: n.UserAgent, Proof: ProofDigest,
	})
}
