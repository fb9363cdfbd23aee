package provisioning

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"dialtone/fault"
)

// The bounds of the group commit. A batch takes what is waiting and waits for nobody: while one commit runs, the next batch gathers, so that
// a quiet server answers at once and a busy one shares each commit among many.
const (
	commitBatch = 500
	// commitQueue bounds the registrations that wait: some ten batches, less than a phone's own timeout. More are told to come back.
	commitQueue   = 5000
	commitTimeout = 10 * time.Second
)

// groupCommit stores registrations, many in one transaction, and acknowledges each only after that (ARCHITECTURE.md, decision 6).
type groupCommit struct {
	store     Store
	now       func() time.Time
	queue     chan *registration
	stopped   chan struct{}
	batches   atomic.Uint64
	committed atomic.Uint64
	sizes     *histogram // registrations in one commit
	waits     *histogram // seconds from a registration's coming in to its answer
}

type registration struct {
	request  RegisterRequest
	came     time.Time
	done     chan struct{} // closed when bindings and err are set
	bindings []Binding
	kept     kept
	err      error
}

// kept is what the transaction saw of the line that it wrote the bindings of.
type kept struct {
	line    BoundLine
	refresh bool // nothing has changed that the trace doesn't say
}

// errOutdated says that a line was proven by what was remembered of it, and has changed since.
var errOutdated = errors.New("the line has changed since it was remembered")

func newGroupCommit(store Store, now func() time.Time) *groupCommit {
	return &groupCommit{
		store: store, now: now, queue: make(chan *registration, commitQueue), stopped: make(chan struct{}),
		sizes: newHistogram(1, 2, 5, 10, 20, 50, 100, 200, commitBatch), waits: newHistogram(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
	}
}

// submit hands a request in and waits until it is stored.
func (g *groupCommit) submit(ctx context.Context, r RegisterRequest) ([]Binding, kept, error) {
	job := &registration{request: r, came: g.now(), done: make(chan struct{})}
	select {
	case g.queue <- job:
	default:
		e := fault.New(fault.Limited, "Too many registrations are waiting.")
		e.RetryAfter = 5 * time.Second
		return nil, kept{}, e
	}
	select {
	case <-job.done:
		return job.bindings, job.kept, job.err
	case <-g.stopped:
		select {
		case <-job.done:
			return job.bindings, job.kept, job.err
		default:
			return nil, kept{}, fault.New(fault.Unavailable, "The server is stopping.")
		}
	case <-ctx.Done():
		return nil, kept{}, fault.Wrap(fault.Unavailable, ctx.Err(), "The registration wasn't stored in time.")
	}
}

// run commits until ctx ends and the queue is empty.
func (g *groupCommit) run(ctx context.Context) {
	defer close(g.stopped)
	for {
		select {
		case job := <-g.queue:
			g.commit(ctx, g.gather(job))
		case <-ctx.Done():
			for {
				select {
				case job := <-g.queue:
					g.commit(ctx, g.gather(job))
				default:
					return
				}
			}
		}
	}
}

// gather takes what is waiting behind the first.
func (g *groupCommit) gather(first *registration) []*registration {
	batch := []*registration{first}
	for len(batch) < commitBatch {
		select {
		case job := <-g.queue:
			batch = append(batch, job)
		default:
			return batch
		}
	}
	return batch
}

func (g *groupCommit) commit(ctx context.Context, batch []*registration) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTimeout) // a stop doesn't take back what is under way
	defer cancel()
	lines := make([]LineID, len(batch))
	for i, job := range batch {
		lines[i] = job.request.Line.ID
	}
	slices.Sort(lines)
	err := g.store.UpdateBindings(ctx, slices.Compact(lines), func(current map[LineID]BoundLine) (map[LineID][]Binding, error) {
		return g.apply(batch, current), nil
	})
	for _, job := range batch {
		if err != nil {
			job.bindings, job.err = nil, err
		}
		close(job.done)
	}
	g.measure(batch)
	g.batches.Add(1)
	if err == nil {
		g.committed.Add(uint64(len(batch)))
	}
}

// measure notes how large a batch was and how long those in it have waited.
func (g *groupCommit) measure(batch []*registration) {
	now, waits := g.now(), make([]float64, len(batch))
	for i, job := range batch {
		waits[i] = now.Sub(job.came).Seconds()
	}
	g.waits.add(waits...)
	g.sizes.add(float64(len(batch)))
}

// apply works through a batch in its order and returns the lines that it changed. It may be run again, and then starts afresh.
func (g *groupCommit) apply(batch []*registration, current map[LineID]BoundLine) map[LineID][]Binding {
	now := g.now()
	changed := make(map[LineID][]Binding)
	for _, job := range batch {
		id := job.request.Line.ID
		line, exists := current[id]
		list, touched := changed[id]
		if !touched {
			list = line.Bindings
		}
		job.kept = kept{line: line, refresh: job.request.isRefresh(list, now)}
		switch recalled := job.request.Line.recalled != nil; {
		case recalled && (!exists || !job.request.Line.is(line)):
			job.bindings, job.err = nil, errOutdated
		case !exists:
			job.bindings, job.err = nil, fault.New(fault.NotFound, "The line was removed meanwhile.")
		default:
			job.bindings, job.err = applyRegister(list, job.request, now)
		}
		query := len(job.request.Contacts) == 0 && !job.request.Wildcard
		if job.err == nil && !query {
			changed[id] = job.bindings
		}
	}
	return changed
}
