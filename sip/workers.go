package sip

import "sync"

// workers do jobs beside each other, at most so many. They stay for the next job: a goroutine of its own for each datagram would grow a new stack each time,
// which is a tenth of what answering costs. Those of a storm remain, of some kilobytes each, as there will be another.
type workers struct {
	most  int
	count int
	jobs  chan func()
	group sync.WaitGroup
}

func newWorkers(most int) *workers { return &workers{most: most, jobs: make(chan func())} }

// do has a job done, and waits while all are at work. It must not be called from two goroutines at once, nor after finish.
func (w *workers) do(job func()) {
	select {
	case w.jobs <- job:
		return
	default:
	}
	if w.count == w.most {
		w.jobs <- job
		return
	}
	w.count++
	w.group.Go(func() {
		for ; job != nil; job = <-w.jobs {
			job()
		}
	})
}

// finish waits for what is under way, and lets the workers go.
func (w *workers) finish() {
	close(w.jobs)
	w.group.Wait()
}
