package provisioning

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/fault"
)

// memoryBindings is a store that keeps bindings in memory and counts its transactions. A closed gate holds a transaction back.
type memoryBindings struct {
	Store
	mu      sync.Mutex
	lines   map[LineID][]Binding
	commits int
	gate    chan struct{} // nil: open
	started chan struct{}
	broken  error
	again   bool // runs fn twice, as a store may
}

func (m *memoryBindings) UpdateBindings(_ context.Context, lines []LineID, fn func(map[LineID]BoundLine) (map[LineID][]Binding, error)) error {
	if m.gate != nil {
		m.started <- struct{}{}
		<-m.gate
	}
	if m.broken != nil {
		return m.broken
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	current := map[LineID]BoundLine{}
	for _, l := range lines {
		current[l] = BoundLine{Bindings: m.lines[l]}
	}
	if m.again {
		if _, err := fn(current); err != nil {
			return err
		}
	}
	next, err := fn(current)
	if err != nil {
		return err
	}
	for l, list := range next {
		m.lines[l] = list
	}
	m.commits++
	return nil
}

func registerLine(line string, cseq uint32, uri string) RegisterRequest {
	r := register("call", cseq, contact(uri, time.Hour))
	r.Line.ID = LineID(line)
	return r
}

func TestWaitingRegistrationsShareACommit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &memoryBindings{lines: map[LineID][]Binding{}, gate: make(chan struct{}), started: make(chan struct{}, 100), again: true}
		g := newGroupCommit(store, time.Now)
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() { g.run(ctx) })
		all.Go(func() { _, _, err := g.submit(t.Context(), registerLine("first", 1, "sip:0")); assert.NoError(t, err) })
		<-store.started
		for i := range 300 {
			all.Go(func() {
				list, _, err := g.submit(t.Context(), registerLine(fmt.Sprint("line-", i%100), 1, fmt.Sprint("sip:", i)))
				assert.NoError(t, err)
				assert.NotEmpty(t, list)
			})
		}
		synctest.Wait()
		store.gate <- struct{}{}
		<-store.started
		store.gate <- struct{}{}
		synctest.Wait()
		cancel()
		all.Wait()
		assert.Equal(t, 2, store.commits)
		assert.Equal(t, uint64(301), g.committed.Load())
		assert.Len(t, store.lines, 101)
		for i := range 100 {
			assert.Len(t, store.lines[LineID(fmt.Sprint("line-", i))], 3)
		}
	})
}

func TestOneBadRegistrationDoesNotHurtItsBatch(t *testing.T) {
	t.Parallel()
	store := &memoryBindings{lines: map[LineID][]Binding{}}
	g := newGroupCommit(store, time.Now)
	old := registerLine("a", 1, "sip:1")
	list, err := applyRegister(nil, registerLine("a", 5, "sip:1"), time.Now())
	require.NoError(t, err)
	store.lines["a"] = list
	batch := []*registration{
		{request: old, done: make(chan struct{})},
		{request: registerLine("b", 1, "sip:2"), done: make(chan struct{})},
	}
	g.commit(t.Context(), batch)
	assert.True(t, fault.Is(batch[0].err, fault.Conflict))
	assert.NoError(t, batch[1].err)
	assert.Len(t, store.lines["b"], 1)
	assert.Equal(t, uint32(5), store.lines["a"][0].CSeq)
}

func TestABrokenStoreIsToldToAll(t *testing.T) {
	t.Parallel()
	store := &memoryBindings{lines: map[LineID][]Binding{}, broken: fault.New(fault.Unavailable, "The database doesn't answer.")}
	g := newGroupCommit(store, time.Now)
	batch := []*registration{{request: registerLine("a", 1, "sip:1"), done: make(chan struct{})}}
	g.commit(t.Context(), batch)
	assert.True(t, fault.Is(batch[0].err, fault.Unavailable))
	assert.Nil(t, batch[0].bindings)
	assert.Zero(t, g.committed.Load())
}

func TestAQueryWritesNothing(t *testing.T) {
	t.Parallel()
	g := newGroupCommit(nil, time.Now)
	current, err := applyRegister(nil, registerLine("a", 1, "sip:1"), time.Now())
	require.NoError(t, err)
	job := &registration{request: register("q", 1)}
	job.request.Line.ID = "a"
	changed := g.apply([]*registration{job}, map[LineID]BoundLine{"a": {Bindings: current}})
	assert.Empty(t, changed)
	assert.Equal(t, current, job.bindings)
}

func TestWhatIsSubmittedBeforeTheStopIsStored(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &memoryBindings{lines: map[LineID][]Binding{}, gate: make(chan struct{}), started: make(chan struct{}, 10)}
		g := newGroupCommit(store, time.Now)
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() { g.run(ctx) })
		all.Go(func() { _, _, err := g.submit(t.Context(), registerLine("a", 1, "sip:1")); assert.NoError(t, err) })
		<-store.started
		all.Go(func() { _, _, err := g.submit(t.Context(), registerLine("b", 1, "sip:1")); assert.NoError(t, err) })
		synctest.Wait()
		cancel()
		close(store.gate)
		all.Wait()
		assert.Len(t, store.lines, 2)
		_, _, err := g.submit(t.Context(), registerLine("c", 1, "sip:1"))
		assert.True(t, fault.Is(err, fault.Unavailable), "after the stop nothing is taken")
	})
}

func TestAFullQueueSaysComeBack(t *testing.T) {
	t.Parallel()
	g := newGroupCommit(nil, time.Now)
	g.queue = make(chan *registration)
	_, _, err := g.submit(t.Context(), registerLine("a", 1, "sip:1"))
	assert.True(t, fault.Is(err, fault.Limited))
	assert.Positive(t, fault.RetryAfter(err))
}

func TestACallerThatLeavesIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	g := newGroupCommit(nil, time.Now)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := g.submit(ctx, registerLine("a", 1, "sip:1"))
	assert.True(t, fault.Is(err, fault.Unavailable))
	assert.ErrorIs(t, err, context.Canceled)
}

// memoryTrace keeps what it is given.
type memoryTrace struct {
	Store
	mu      sync.Mutex
	entries []TraceEntry
	broken  bool
}

func (m *memoryTrace) AppendTrace(_ context.Context, entries []TraceEntry, _ TraceBound) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken {
		return errors.New("broken")
	}
	m.entries = append(m.entries, entries...)
	return nil
}

func TestTheTraceKeepsOrderAndWritesTheRestAtTheStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &memoryTrace{}
		s := &Service{store: store, now: time.Now, trace: newTraceBuffer(), neighbours: newNeighbours(), queries: newQueryBuffer(), logger: slog.New(slog.DiscardHandler)}
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() { s.writeTraces(ctx) })
		for i := range 1200 {
			s.Record(TraceEntry{Device: "d", Request: fmt.Sprint(i)})
		}
		time.Sleep(time.Second) //nolint:forbidigo // the clock is the bubble's: no time passes
		store.mu.Lock()
		assert.Len(t, store.entries, 1200)
		store.mu.Unlock()
		s.Record(TraceEntry{Device: "d", Request: "last"})
		cancel()
		all.Wait()
		require.Len(t, store.entries, 1201)
		for i := range 1200 {
			assert.Equal(t, fmt.Sprint(i), store.entries[i].Request)
		}
		assert.Equal(t, "last", store.entries[1200].Request)
		assert.Zero(t, s.trace.dropped.Load())
	})
}

func TestAFullTraceDropsTheOldestAndCounts(t *testing.T) {
	t.Parallel()
	store := &memoryTrace{}
	s := &Service{store: store, now: time.Now, trace: newTraceBuffer(), neighbours: newNeighbours(), queries: newQueryBuffer(), logger: slog.New(slog.DiscardHandler)}
	for i := range 8192 + 10 {
		s.Record(TraceEntry{Device: "d", Request: fmt.Sprint(i)})
	}
	s.flushTraces(t.Context())
	require.Len(t, store.entries, 8192)
	assert.Equal(t, "10", store.entries[0].Request)
	assert.Equal(t, uint64(10), s.trace.dropped.Load())
}

func TestATraceThatTheStoreRefusesIsCounted(t *testing.T) {
	t.Parallel()
	s := &Service{store: &memoryTrace{broken: true}, now: time.Now, trace: newTraceBuffer(), neighbours: newNeighbours(), queries: newQueryBuffer(), logger: slog.New(slog.DiscardHandler)}
	s.Record(TraceEntry{Device: "d", Request: string(make([]byte, 1000))})
	s.flushTraces(t.Context())
	assert.Equal(t, uint64(1), s.trace.dropped.Load())
}

func TestTruncateCutsBetweenCharacters(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "abc", truncate("abc", 3))
	assert.Equal(t, "ab", truncate("abé", 3))
	assert.Equal(t, "", truncate("é", 1))
}
