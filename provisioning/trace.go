package provisioning

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"dialtone/customer"
)

// The bounds of the boot trace on its way to the store (ARCHITECTURE.md, decision 5).
const (
	// traceBufferSize is what may wait: about 4 MB. When it is full the oldest entry goes, and is counted: never a slower phone.
	traceBufferSize = 8192
	traceBatch      = 500
	traceInterval   = 200 * time.Millisecond
	traceTimeout    = 5 * time.Second
	// traceKeep is how many contacts of each device are kept: some forty boots.
	traceKeep       = 200
	maxTraceRequest = 300 // bytes
)

// traceBuffer holds contacts until a batch of them is written.
type traceBuffer struct {
	mu      sync.Mutex
	entries []TraceEntry  // a ring: the oldest at start
	start   int           // index of the oldest
	count   int           // entries in use
	wake    chan struct{} // something waits
	writing sync.Mutex    // one writer at a time, so that batches keep their order
	dropped atomic.Uint64
}

func newTraceBuffer() *traceBuffer {
	return &traceBuffer{entries: make([]TraceEntry, traceBufferSize), wake: make(chan struct{}, 1)}
}

func (b *traceBuffer) add(e TraceEntry) {
	b.mu.Lock()
	if b.count == len(b.entries) {
		b.start = (b.start + 1) % len(b.entries)
		b.count--
		b.dropped.Add(1)
	}
	b.entries[(b.start+b.count)%len(b.entries)] = e
	b.count++
	b.mu.Unlock()
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// take removes and returns the oldest entries, at most traceBatch.
func (b *traceBuffer) take() []TraceEntry {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := min(b.count, traceBatch)
	out := make([]TraceEntry, n)
	for i := range n {
		out[i] = b.entries[(b.start+i)%len(b.entries)]
	}
	b.start = (b.start + n) % len(b.entries)
	b.count -= n
	return out
}

// Record notes a contact of a phone. It never waits and never fails; a zero Time means now.
func (s *Service) Record(e TraceEntry) {
	if e.Time.IsZero() {
		e.Time = s.now()
	}
	e.Request = truncate(e.Request, maxTraceRequest)
	s.trace.add(e)
}

// writeTraces writes what was recorded, a moment after the first of it so that a boot comes in one batch, until ctx ends; then the rest.
func (s *Service) writeTraces(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			s.flushTraces(context.WithoutCancel(ctx))
			return
		case <-s.trace.wake:
		}
		pause := time.NewTimer(traceInterval)
		select {
		case <-ctx.Done():
		case <-pause.C:
		}
		pause.Stop()
		s.flushTraces(context.WithoutCancel(ctx))
	}
}

// flushTraces writes what waits at this moment, and no more, as phones may add for ever. What the store doesn't take is dropped and counted: the
// phones' answers didn't wait for it either.
func (s *Service) flushTraces(ctx context.Context) {
	s.trace.writing.Lock()
	defer s.trace.writing.Unlock()
	for range traceBufferSize/traceBatch + 1 {
		batch := s.trace.take()
		if len(batch) == 0 {
			return
		}
		if err := s.appendTrace(ctx, batch); err != nil {
			s.trace.dropped.Add(uint64(len(batch)))
			s.logger.WarnContext(ctx, "a part of the boot trace is lost", "entries", len(batch), "error", err)
			return
		}
	}
}

func (s *Service) appendTrace(ctx context.Context, batch []TraceEntry) error {
	ctx, cancel := context.WithTimeout(ctx, traceTimeout)
	defer cancel()
	return s.store.AppendTrace(ctx, batch, traceKeep)
}

// Trace lists a device's newest contacts first, at most limit, those of this moment included.
func (s *Service) Trace(ctx context.Context, tenant customer.Tenant, id DeviceID, limit int) ([]TraceEntry, error) {
	d, err := s.store.Device(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	s.flushTraces(ctx)
	return s.store.Trace(ctx, d.Tenant(), id, limit)
}

// Registration lists a device's bindings that are valid now.
func (s *Service) Registration(ctx context.Context, tenant customer.Tenant, id DeviceID) ([]BindingView, error) {
	d, err := s.store.Device(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	return s.store.Bindings(ctx, d.Tenant(), id, s.now())
}

// truncate cuts a text to at most size bytes, between characters.
func truncate(s string, size int) string {
	if len(s) <= size {
		return s
	}
	for size > 0 && !utf8.RuneStart(s[size]) {
		size--
	}
	return s[:size]
}
