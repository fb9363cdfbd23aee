package provisioning

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"
)

// Query is a question that somebody asked DNS about a customer's SIP domain. Phones ask by way of resolvers, so that the peer is seldom the phone.
type Query struct {
	Time     time.Time
	Peer     netip.Addr
	Domain   string // the customer's, lower case, without a final dot; "" when the store has said it
	Question string // type and what stands before the domain, such as "SRV _sip._udp"; one of a few dozen
	Answer   string // NOERROR, NODATA for a name without such records, NXDOMAIN
}

// Exists reports whether the name that was asked for does.
func (q Query) Exists() bool { return q.Answer != "NXDOMAIN" }

// The bounds of what DNS leaves behind. The same question from the same address is noted once a minute.
const (
	queryBufferSize = 2048
	queryRecent     = 20_000
	queryInterval   = time.Minute
)

// queryBuffer holds questions until they are written.
type queryBuffer struct {
	mu      sync.Mutex
	waiting []Query
	recent  *otter.Cache[Query, time.Time] // by the question without its time
}

func newQueryBuffer() *queryBuffer {
	return &queryBuffer{recent: otter.Must(&otter.Options[Query, time.Time]{MaximumSize: queryRecent})}
}

// add reports whether the question is to be noted: it is new, or was last noted a minute ago.
func (b *queryBuffer) add(q Query) bool {
	key := q
	key.Time = time.Time{}
	if last, ok := b.recent.GetIfPresent(key); ok && q.Time.Sub(last) < queryInterval {
		return false
	}
	b.recent.Set(key, q.Time)
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.waiting) < queryBufferSize {
		b.waiting = append(b.waiting, q)
	}
	return true
}

func (b *queryBuffer) take() []Query {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := b.waiting
	b.waiting = nil
	return out
}

// RecordQuery notes a question to DNS about a domain that some customer has. It never waits and never fails; a zero Time means now.
func (s *Service) RecordQuery(q Query) {
	if q.Time.IsZero() {
		q.Time = s.now()
	}
	q.Peer = q.Peer.Unmap()
	if !s.queries.add(q) {
		return
	}
	s.Record(TraceEntry{Time: q.Time, Door: doorDNS, Peer: q.Peer, Domain: q.Domain, Request: q.Question, Answer: q.Answer, Rule: RuleLookup})
	select { // also when no phone is near
	case s.trace.wake <- struct{}{}:
	default:
	}
}

// flushQueries writes the questions that wait. Those that the store doesn't take are lost, as a part of the trace would be.
func (s *Service) flushQueries(ctx context.Context) {
	waiting := s.queries.take()
	if len(waiting) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, traceTimeout)
	defer cancel()
	if err := s.store.AppendQueries(ctx, waiting); err != nil {
		s.trace.dropped.Add(uint64(len(waiting)))
		s.logger.WarnContext(ctx, "questions to DNS are lost to the boot trace", "questions", len(waiting), "error", err)
	}
}
