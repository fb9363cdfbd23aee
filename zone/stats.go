package zone

import (
	"sync/atomic"

	"github.com/miekg/dns"
)

// Stats are the answers since the start.
type Stats struct {
	Answers map[string]uint64 // that were sent, by their rcode in words; other is what has none of its own here
	Limited uint64            // that weren't sent, as their network had too many
	Slipped uint64            // that were cut short for that
}

// rcodes are those with a count of their own.
func rcodes() [6]int {
	return [...]int{dns.RcodeSuccess, dns.RcodeFormatError, dns.RcodeServerFailure, dns.RcodeNameError, dns.RcodeNotImplemented, dns.RcodeRefused}
}

// counters are what Stats is read from.
type counters struct {
	answers [6]atomic.Uint64 // by rcode, 0 to 5
	other   atomic.Uint64
	limited atomic.Uint64
	slipped atomic.Uint64
}

// count notes what became of an answer.
func (c *counters) count(rcode int, v verdict) {
	switch {
	case v == drop:
		c.limited.Add(1)
	case v == slip:
		c.slipped.Add(1)
	case rcode >= 0 && rcode < len(c.answers):
		c.answers[rcode].Add(1)
	default:
		c.other.Add(1)
	}
}

// Stats returns the counters.
func (s *Server) Stats() Stats {
	out := Stats{Answers: map[string]uint64{"other": s.counters.other.Load()}, Limited: s.counters.limited.Load(), Slipped: s.counters.slipped.Load()}
	for _, rcode := range rcodes() {
		out.Answers[dns.RcodeToString[rcode]] = s.counters.answers[rcode].Load()
	}
	return out
}
