package echo

import (
	"sync"

	"dialtone/media"
)

// Result is what became of a call, as Stats counts it.
type Result string

// The results.
const (
	ResultProven   Result = "proven"   // it was encrypted, and what came was what the keys open
	ResultUnproven Result = "unproven" // it was to be encrypted, and nothing came that the keys open
	ResultPlain    Result = "plain"    // it wasn't encrypted
	ResultRefused  Result = "refused"
)

// Counted names one count of calls.
type Counted struct {
	Protection media.Protection // "" of one that was refused
	Result     Result
}

// Stats are the echo's counters since its start.
type Stats struct {
	Calls    map[Counted]uint64 // that ended, or were refused
	Open     int                // at the moment
	Ports    int                // UDP ports open for sound at the moment
	MaxPorts int
}

// counters are what Stats is read from.
type counters struct {
	mu    sync.Mutex
	calls map[Counted]uint64
}

func (c *counters) count(protection media.Protection, r Result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.calls == nil {
		c.calls = map[Counted]uint64{}
	}
	c.calls[Counted{protection, r}]++
}

// ended counts a call by how it was protected.
func (c *counters) ended(summary media.Summary) {
	switch {
	case summary.Protection == media.Plain:
		c.count(summary.Protection, ResultPlain)
	case summary.Proven:
		c.count(summary.Protection, ResultProven)
	default:
		c.count(summary.Protection, ResultUnproven)
	}
}

// Stats returns the counters.
func (s *Server) Stats() Stats {
	out := Stats{Calls: map[Counted]uint64{
		{media.Plain, ResultPlain}: 0, {media.SDES, ResultProven}: 0, {media.SDES, ResultUnproven}: 0, {media.DTLS, ResultProven}: 0, {media.DTLS, ResultUnproven}: 0, {"", ResultRefused}: 0,
	}}
	out.Ports, out.MaxPorts = s.config.Desk.PortsInUse()
	s.counters.mu.Lock()
	for what, n := range s.counters.calls {
		out.Calls[what] = n
	}
	s.counters.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	out.Open = len(s.calls)
	return out
}
