package customer

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/fault"
	"dialtone/screening"
)

// listsInMemory is a list in force with entries that can be held back; it counts how often it is read from its beginning.
type listsInMemory struct {
	ScreeningReader
	list  atomic.Pointer[List]
	short bool          // an entry is missing
	gate  chan struct{} // nil: open
	reads atomic.Int32
}

func (l *listsInMemory) List(context.Context) (List, error) {
	if list := l.list.Load(); list != nil {
		return *list, nil
	}
	return List{}, fault.New(fault.NotFound, "There is no such screening list.")
}

func (l *listsInMemory) ListEntries(ctx context.Context, id ListID, from, limit int) ([]screening.Entry, error) {
	if from == 0 {
		l.reads.Add(1)
	}
	if l.gate != nil {
		<-l.gate
	}
	n := min(limit, l.list.Load().Entries-from)
	if l.short && from > 0 {
		n--
	}
	entries := make([]screening.Entry, n)
	for i := range entries {
		entries[i] = screening.Entry{ID: fmt.Sprint(from + i), Name: fmt.Sprintf("%s %d", id, from+i)}
	}
	return entries, ctx.Err()
}

func (l *listsInMemory) put(id ListID, entries int) { l.list.Store(&List{ID: id, Entries: entries}) }

func TestAnIndexIsMadeOnceForAllWhoAsk(t *testing.T) {
	t.Parallel()
	lists := &listsInMemory{}
	w := newWatchlist(lists)
	_, _, err := w.inForce(t.Context())
	require.True(t, fault.Is(err, fault.NotFound))
	lists.put("first", 5001)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			list, index, err := w.inForce(t.Context())
			assert.NoError(t, err)
			assert.Equal(t, ListID("first"), list.ID)
			assert.Equal(t, 5001, index.Len())
		})
	}
	all.Wait()
	assert.Equal(t, int32(1), lists.reads.Load())
	lists.put("second", 1)
	_, index, err := w.inForce(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 1, index.Len())
	assert.Equal(t, int32(2), lists.reads.Load())
}

func TestAnIndexIsFinishedThoughItsJobRanOutOfTime(t *testing.T) {
	t.Parallel()
	lists := &listsInMemory{gate: make(chan struct{})}
	lists.put("slow", 3)
	w := newWatchlist(lists)
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() {
		_, _, err := w.inForce(ctx)
		first <- err
	}()
	require.Eventually(t, func() bool { return lists.reads.Load() == 1 }, time.Minute, time.Millisecond)
	cancel()
	_, _, err := w.inForce(ctx)
	require.ErrorIs(t, err, context.Canceled, "who waits may leave")
	assert.True(t, fault.Is(err, fault.Unavailable))
	close(lists.gate)
	require.NoError(t, <-first)
	_, _, err = w.inForce(t.Context())
	require.NoError(t, err)
	assert.Equal(t, int32(1), lists.reads.Load())
}

func TestHalfAListIsNone(t *testing.T) {
	t.Parallel()
	lists := &listsInMemory{short: true}
	lists.put("going", 5002)
	w := newWatchlist(lists)
	_, _, err := w.inForce(t.Context())
	assert.True(t, fault.Is(err, fault.Unavailable), "%v", err)
	lists.short = false
	_, _, err = w.inForce(t.Context())
	assert.NoError(t, err)
}
