package sip

import (
	"slices"
	"sync/atomic"

	"github.com/emiago/sipgo/sip"

	"dialtone/fault"
)

// Transports are those of this door, as Stats and bindings name them.
func Transports() []string { return []string{"udp", "tcp", "tls", "dtls", "wss"} }

// RegisterResult is what became of a REGISTER.
type RegisterResult string

// The results.
const (
	ResultStored     RegisterResult = "stored"     // 200
	ResultChallenged RegisterResult = "challenged" // 401: usual before each, and once more when a nonce is too old
	ResultDenied     RegisterResult = "denied"     // 403
	ResultLater      RegisterResult = "later"      // 503: somebody guesses, too many at once, or no database
	ResultSilence    RegisterResult = "silence"    // the address is banned
	ResultFailed     RegisterResult = "failed"     // 500
	ResultBad        RegisterResult = "bad"        // another refusal of what can't be
)

// RegisterResults lists them.
func RegisterResults() []RegisterResult {
	return []RegisterResult{ResultStored, ResultChallenged, ResultDenied, ResultLater, ResultSilence, ResultFailed, ResultBad}
}

// NotifyResult is what became of a NOTIFY.
type NotifyResult string

// The results.
const (
	NotifyAnswered    NotifyResult = "answered"    // 2xx
	NotifyRefused     NotifyResult = "refused"     // another final answer
	NotifySilent      NotifyResult = "silent"      // no answer
	NotifyUnreachable NotifyResult = "unreachable" // the phone's connection isn't open here
	NotifyUnsent      NotifyResult = "unsent"      // too many of ours wait
)

// NotifyResults lists them.
func NotifyResults() []NotifyResult {
	return []NotifyResult{NotifyAnswered, NotifyRefused, NotifySilent, NotifyUnreachable, NotifyUnsent}
}

// Registered names one count of REGISTERs.
type Registered struct {
	Transport string
	Result    RegisterResult
}

// Stats are this door's counters since its start; those of a moment are named so.
type Stats struct {
	Registers        map[Registered]uint64
	Connections      map[string]int // by transport, open at the moment
	FailedHandshakes map[string]uint64
	TooMany          uint64 // connections that were turned away for want of room
	Notifies         map[NotifyResult]uint64
	Watchers         int // subscriptions to registrations, at the moment
	Pending          int // requests of ours that wait for an answer, at the moment
}

// counters are what Stats is read from; each is at the place of its word in the list of words.
type counters struct {
	registers   [5][7]atomic.Uint64
	connections [5]atomic.Int64
	handshakes  [5]atomic.Uint64
	notifies    [5]atomic.Uint64
	tooMany     atomic.Uint64
}

func transportIndex(name string) int { return max(0, slices.Index(Transports(), name)) }

// Stats returns the counters.
func (s *Server) Stats() Stats {
	out := Stats{
		Registers: map[Registered]uint64{}, Connections: map[string]int{}, FailedHandshakes: map[string]uint64{}, Notifies: map[NotifyResult]uint64{},
		TooMany: s.counters.tooMany.Load(), Watchers: s.watchers.count(), Pending: s.flows.waiting(),
	}
	for t, transport := range Transports() {
		for r, result := range RegisterResults() {
			out.Registers[Registered{transport, result}] = s.counters.registers[t][r].Load()
		}
		if transport != "udp" {
			out.Connections[transport] = int(s.counters.connections[t].Load())
		}
		if transport != "udp" && transport != "tcp" {
			out.FailedHandshakes[transport] = s.counters.handshakes[t].Load()
		}
	}
	for i, result := range NotifyResults() {
		out.Notifies[result] = s.counters.notifies[i].Load()
	}
	return out
}

// waiting is how many requests of ours wait for an answer.
func (f *Flows) waiting() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.pending)
}

// countRegister counts a REGISTER by its answer, nil for silence.
func (c *counters) countRegister(transport string, res *sip.Response) {
	result := ResultBad
	switch {
	case res == nil:
		result = ResultSilence
	case res.StatusCode == sip.StatusOK:
		result = ResultStored
	case res.StatusCode == sip.StatusUnauthorized:
		result = ResultChallenged
	case res.StatusCode == sip.StatusForbidden:
		result = ResultDenied
	case res.StatusCode == sip.StatusServiceUnavailable:
		result = ResultLater
	case res.StatusCode == sip.StatusInternalServerError:
		result = ResultFailed
	}
	c.registers[transportIndex(transport)][slices.Index(RegisterResults(), result)].Add(1)
}

// countNotify counts one of our NOTIFYs by its final answer.
func (c *counters) countNotify(res *sip.Response, err error) {
	result := NotifyRefused
	switch {
	case err == nil && res.StatusCode < 300:
		result = NotifyAnswered
	case err == nil:
	case fault.Is(err, fault.NotFound):
		result = NotifyUnreachable
	case fault.Is(err, fault.Limited):
		result = NotifyUnsent
	default:
		result = NotifySilent
	}
	c.notifies[slices.Index(NotifyResults(), result)].Add(1)
}
