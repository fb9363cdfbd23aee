package provisioning

import (
	"context"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
)

// The bounds of the boot trace on its way to the store (ARCHITECTURE.md, decision 5).
const (
	// traceBufferSize is what may wait of each of the two kinds: about 5 MB. When it is full the oldest entry goes, and is counted: never a slower phone.
	traceBufferSize = 8192
	traceBatch      = 500
	traceInterval   = 200 * time.Millisecond
	traceTimeout    = 5 * time.Second
	// traceKeep is how many contacts of each device are kept for each door and kind of proof: some twenty boots. As they are counted apart, nobody
	// who names a phone's address pushes out what the phone itself has proved.
	traceKeep = 100
	// traceCut is with how many of a device's batches its trace is cut, on average: going through it costs ten times as much as an entry. So a trace is
	// some 16 entries longer than its bound, and hardly ever 200.
	traceCut        = 16
	maxTraceRequest = 300 // bytes
)

// TraceEntry is one contact of a phone, as the boot trace shows it.
type TraceEntry struct {
	ID        int64 // its place in the trace: rises with time; 0 until it is stored
	Time      time.Time
	MAC       deviceprofiles.MAC // zero when Device is set, or nobody said
	Device    DeviceID           // empty: the store finds it by MAC, and drops the entry when nobody has that address
	Door      string             // dns, tftp, http, https, sip
	Peer      netip.Addr
	Request   string // what was asked, at most 300 bytes, without any secret
	Answer    string // what was answered, in words
	Rule      string // the rule that decided, one of the Rule constants
	Revision  int64  // of the configuration served; 0 if none
	UserAgent string // at most 200 bytes; control characters are escaped, and everything else is as it was sent
	Bytes     int64  // of the answer's body
	Proof     ProofKind
	// ByAddress says that the request named no phone, and is told of those that came from the same address shortly before.
	ByAddress bool
	Node      string // that was asked, "" where none has a name
	Domain    string // of a question to DNS: the customer's SIP domain that it is about; else ""
	Standing  Standing
	Firmware  string // file of the operator's folder that was served; "" for none
	inbox     string // hash of the token in the path, which may be an organisation's; "" for none. It isn't stored
}

// Standing says what a contact means for how well a phone is doing.
type Standing uint8

// The standings.
const (
	StandingNone       Standing = iota
	StandingFetched             // it has its own file
	StandingRegistered          // a line of its is registered
	StandingRefused             // it asked for its own file and didn't get it
)

// ProofKind is the kind of proof that was shown with a request. No value of one is ever kept.
type ProofKind string

// The kinds of proof.
const (
	ProofNone        ProofKind = "none"
	ProofBasic       ProofKind = "basic"
	ProofDigest      ProofKind = "digest"
	ProofToken       ProofKind = "token"
	ProofCertificate ProofKind = "certificate"
)

// Kind returns the strongest kind of proof that was shown, whether it counts or not.
func (p Proof) Kind() ProofKind {
	switch {
	case len(p.Certificates) > 0:
		return ProofCertificate
	case !p.token.IsZero():
		return ProofToken
	case p.Digest != nil:
		return ProofDigest
	case p.Basic != nil:
		return ProofBasic
	default:
		return ProofNone
	}
}

// TraceBound bounds the trace of a device: to the newest Keep entries for each door and kind of proof, cut with one in Every of the device's batches, drawn
// by lot.
type TraceBound struct{ Keep, Every int }

// TraceFilter narrows a device's trace. Before and After are ids of entries; 0 doesn't narrow.
type TraceFilter struct {
	Door          string // "" for all
	Before, After int64
}

// traceBuffer holds contacts until a batch of them is written. What phones that proved themselves did waits apart from what anybody can make up, so
// that a flood of the latter pushes out nothing but itself.
type traceBuffer struct {
	mu      sync.Mutex
	proven  traceRing
	others  traceRing
	wake    chan struct{} // something waits
	writing sync.Mutex    // one writer at a time, so that batches keep their order
	held    bool          // under writing: the store doesn't answer, and that was said
	dropped atomic.Uint64
}

// traceRing is a queue that forgets its oldest entry when it is full.
type traceRing struct {
	entries []TraceEntry
	start   int // index of the oldest
	count   int // entries in use
}

func newTraceBuffer() *traceBuffer {
	return &traceBuffer{
		proven: traceRing{entries: make([]TraceEntry, traceBufferSize)}, others: traceRing{entries: make([]TraceEntry, traceBufferSize)},
		wake: make(chan struct{}, 1),
	}
}

func (b *traceBuffer) add(e TraceEntry) {
	b.mu.Lock()
	ring := &b.others
	if e.Standing == StandingFetched || e.Standing == StandingRegistered {
		ring = &b.proven
	}
	if !ring.add(e) {
		b.dropped.Add(1)
	}
	b.mu.Unlock()
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// add reports whether nothing was forgotten.
func (r *traceRing) add(e TraceEntry) bool {
	full := r.count == len(r.entries)
	if full {
		r.start = (r.start + 1) % len(r.entries)
		r.count--
	}
	r.entries[(r.start+r.count)%len(r.entries)] = e
	r.count++
	return !full
}

// take removes and returns the oldest entries, at most traceBatch, in the order of their times.
func (b *traceBuffer) take() []TraceEntry {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := b.proven.take(traceBatch)
	out = append(out, b.others.take(traceBatch-len(out))...)
	slices.SortStableFunc(out, func(a, b TraceEntry) int { return a.Time.Compare(b.Time) })
	return out
}

func (r *traceRing) take(most int) []TraceEntry {
	n := min(r.count, most)
	out := make([]TraceEntry, n)
	for i := range n {
		at := (r.start + i) % len(r.entries)
		out[i], r.entries[at] = r.entries[at], TraceEntry{}
	}
	r.start = (r.start + n) % len(r.entries)
	r.count -= n
	return out
}

// Record notes a contact of a phone. It never waits and never fails; a zero Time means now. One that names no phone is noted of those that were heard
// of from the same address shortly before.
func (s *Service) Record(e TraceEntry) {
	if e.Time.IsZero() {
		e.Time = s.now()
	}
	if e.Proof == "" {
		e.Proof = ProofNone
	}
	e.Peer, e.Node = e.Peer.Unmap(), s.node
	e.Request = printable(e.Request, maxTraceRequest)
	e.UserAgent = printable(e.UserAgent, maxUserAgent)
	phone := neighbour{mac: e.MAC, device: e.Device}
	if phone != (neighbour{}) {
		s.neighbours.note(e.Peer, phone, e.Time)
		s.trace.add(e)
		return
	}
	e.ByAddress = true
	for _, n := range s.neighbours.at(e.Peer, e.Time) {
		e.MAC, e.Device = n.mac, n.device
		s.trace.add(e)
	}
}

// writeTraces writes what was recorded, a moment after the first of it so that a boot comes in one batch, until ctx ends; then the rest.
func (s *Service) writeTraces(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			s.flushTraces(context.WithoutCancel(ctx))
			s.giveUpTraces(ctx)
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

// flushTraces writes what waits at this moment, and no more, as phones may add for ever. While the store doesn't answer it goes on waiting, as that is what
// an administrator will ask about; what the store doesn't take is dropped and counted: the phones' answers didn't wait for it either.
func (s *Service) flushTraces(ctx context.Context) {
	s.trace.writing.Lock()
	defer s.trace.writing.Unlock()
	s.flushQueries(ctx)
	for range 2*traceBufferSize/traceBatch + 1 {
		batch := s.trace.take()
		if len(batch) == 0 {
			return
		}
		err := s.appendTrace(ctx, batch)
		if fault.Is(err, fault.Unavailable) {
			s.keepTraces(ctx, batch, err)
			return
		}
		if err != nil {
			s.trace.dropped.Add(uint64(len(batch)))
			s.logger.WarnContext(ctx, "a part of the boot trace is lost", "entries", len(batch), "error", err)
			return
		}
		s.trace.held = false
		s.noteUnknown(ctx, batch)
	}
}

// keepTraces puts back what a store didn't take that doesn't answer. It is said once, and tried again as the writer wakes.
func (s *Service) keepTraces(ctx context.Context, batch []TraceEntry, why error) {
	if !s.trace.held {
		s.logger.WarnContext(ctx, "the boot trace waits for the database", "entries", len(batch), "error", why)
	}
	s.trace.held = true
	for _, e := range batch {
		s.trace.add(e)
	}
}

// giveUpTraces says what is lost at the end because the store doesn't answer.
func (s *Service) giveUpTraces(ctx context.Context) {
	lost := 0
	for batch := s.trace.take(); len(batch) > 0; batch = s.trace.take() {
		lost += len(batch)
	}
	if lost > 0 {
		s.trace.dropped.Add(uint64(lost))
		s.logger.WarnContext(ctx, "a part of the boot trace is lost", "entries", lost)
	}
}

func (s *Service) appendTrace(ctx context.Context, batch []TraceEntry) error {
	ctx, cancel := context.WithTimeout(ctx, traceTimeout)
	defer cancel()
	return s.store.AppendTrace(ctx, batch, TraceBound{Keep: traceKeep, Every: traceCut})
}

// Trace lists a device's newest contacts first, at most limit, those of this moment included.
func (s *Service) Trace(ctx context.Context, tenant customer.Tenant, id DeviceID, filter TraceFilter, limit int) ([]TraceEntry, error) {
	d, err := s.store.Device(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	s.flushTraces(ctx)
	return s.store.Trace(ctx, d.Tenant(), id, filter, limit)
}

// printable escapes what a stranger sent, so that it can't break a line, a terminal or a log, and cuts it to at most size bytes. It isn't made safe for
// HTML: that is for whoever writes HTML.
func printable(text string, size int) string {
	text = truncate(text, size)
	if !strings.ContainsFunc(text, unprintable) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if !unprintable(r) {
			b.WriteRune(r)
			continue
		}
		quoted := strconv.QuoteRuneToASCII(r)
		b.WriteString(quoted[1 : len(quoted)-1])
	}
	return truncate(b.String(), size)
}

func unprintable(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) }

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
