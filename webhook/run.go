package webhook

import (
	"context"
	"fmt"
	"sync"
	"time"

	"dialtone/fault"
)

// How webhooks are worked on. A node looks for those with something to do twice a second, which is one query, whatever happened: a change enqueues and
// wakes nothing, so that its transaction costs the same with webhooks as without.
const (
	pollInterval = 500 * time.Millisecond
	sessions     = 16 // webhooks that a node is at work on at the same time
	inFlight     = 8  // messages of one webhook that are under way at the same time
	// sessionFor is how long one webhook is worked on before it makes room for those that wait.
	sessionFor = 10 * time.Second
	// startFor is how long messages of a round are begun: with the time of the last one that is less than the lease.
	startFor = 2 * time.Second
	// leaseFor is how long a webhook belongs to a session after its last transaction. Another node takes it up when one died.
	leaseFor = startFor + attemptTimeout + 8*time.Second
	// stopFor is how long a transaction may take, also while the server stops: what was delivered is stored then.
	stopFor = 5 * time.Second
)

// Dead deliveries are kept for DeadFor, and swept in batches.
const (
	DeadFor    = 30 * 24 * time.Hour
	sweepEvery = 10 * time.Minute
	sweepBatch = 1000
)

// Run delivers until ctx ends. Messages that are under way then are cut off, and sent again by whoever goes on.
func (s *Service) Run(ctx context.Context) error {
	if err := s.takeUp(ctx); err != nil {
		return err
	}
	slots := make(chan struct{}, sessions)
	var working sync.WaitGroup
	defer working.Wait()
	timer := time.NewTimer(0)
	defer timer.Stop()
	var swept time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		began := s.now()
		for _, ref := range s.due(ctx, sessions-len(slots)) {
			slots <- struct{}{}
			working.Go(func() {
				defer func() { <-slots }()
				s.session(ctx, ref)
			})
		}
		if began.Sub(swept) > sweepEvery {
			swept = began
			s.sweep(ctx)
		}
		timer.Reset(max(pollInterval, 10*s.now().Sub(began))) // looking is never more than a tenth of a node's work
	}
}

// takeUp waits for a database that is away at the start.
func (s *Service) takeUp(ctx context.Context) error {
	retry := time.NewTicker(pollInterval)
	defer retry.Stop()
	for ctx.Err() == nil {
		err := s.store.AnyTenantTakeUp(ctx)
		if !fault.Is(err, fault.Unavailable) {
			return err
		}
		select {
		case <-ctx.Done():
		case <-retry.C:
		}
	}
	return nil
}

// due finds webhooks with something to do. While the database is away there are none.
func (s *Service) due(ctx context.Context, most int) []Ref {
	if most <= 0 {
		return nil
	}
	list, err := s.store.AnyTenantDue(ctx, s.now(), most)
	if err != nil && ctx.Err() == nil {
		s.logger.WarnContext(ctx, "webhooks can't be looked for, and wait", "error", err)
	}
	return list
}

func (s *Service) sweep(ctx context.Context) {
	if _, err := s.store.AnyTenantDropDead(ctx, s.now().Add(-DeadFor), sweepBatch); err != nil && ctx.Err() == nil {
		s.logger.WarnContext(ctx, "old dead deliveries stay until the next try", "error", err)
	}
}

// DeliverDue does once what Run does again and again, and returns when nothing is left that is due now: for tests, whose clock stands still.
func (s *Service) DeliverDue(ctx context.Context) error {
	for {
		list, err := s.store.AnyTenantDue(ctx, s.now(), sessions)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, ref := range list {
			if err := s.work(ctx, ref); err != nil {
				return err
			}
		}
	}
}

// session works on one webhook. What fails is taken up when the lease has ended.
func (s *Service) session(ctx context.Context, ref Ref) {
	if err := s.work(ctx, ref); err != nil && ctx.Err() == nil {
		s.logger.WarnContext(ctx, "a webhook can't be worked on, and waits", "webhook", ref.ID, "error", err)
	}
}

// work sends round after round: what became of one is stored before the next begins, so that a change is never sent before the one before it of the same
// device is known to be done with, also when the process dies in between.
func (s *Service) work(ctx context.Context, ref Ref) error {
	session, began := s.newID(), s.now()
	var results []result
	for {
		over := s.now().Sub(began) >= sessionFor || ctx.Err() != nil
		t, err := s.takeInTime(ctx, ref, session, results, over)
		if err != nil {
			return err
		}
		s.tell(ctx, t)
		if !t.more {
			return nil
		}
		if results, err = s.send(ctx, t.webhook, t.heads); err != nil {
			return err
		}
	}
}

// takeInTime is take, also when the server is about to stop.
func (s *Service) takeInTime(ctx context.Context, ref Ref, session string, results []result, over bool) (turn, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopFor)
	defer cancel()
	return s.take(ctx, ref, session, results, over)
}

// tell counts and logs what a turn brought. The target's query may be a secret: only its host is told.
func (s *Service) tell(ctx context.Context, t turn) {
	s.counts.dead.Add(uint64(t.dead)) //nolint:gosec // never negative
	logger := s.logger.With("webhook", t.webhook.ID, "partner", t.webhook.Partner, "host", hostOf(t.webhook.Target))
	if t.began {
		logger.WarnContext(ctx, "a webhook begins to fail", "reason", t.webhook.Failure)
	}
	if t.mended {
		logger.InfoContext(ctx, "a webhook works again")
	}
	if t.dead > 0 {
		logger.WarnContext(ctx, "changes were given up", "count", t.dead, "reason", t.webhook.Failure)
	}
}

// send sends the deliveries of a round, a few at a time, and returns what became of those that were begun in time. What was cut off, because the server
// stops, has no result.
func (s *Service) send(ctx context.Context, w Webhook, heads []Delivery) ([]result, error) {
	secrets, err := s.secrets(w)
	if err != nil {
		return nil, err
	}
	began := s.now()
	work := make(chan Delivery, len(heads))
	for _, d := range heads {
		work <- d
	}
	close(work)
	var mu sync.Mutex
	var results []result
	var sending sync.WaitGroup
	for range min(inFlight, len(heads)) {
		sending.Go(func() {
			for d := range work {
				if ctx.Err() != nil || s.now().Sub(began) > startFor {
					return
				}
				r := s.attempt(ctx, w, d, func(id string, body []byte) Message { return s.message(w, id, body, secrets) })
				if r.verdict != delivered && ctx.Err() != nil {
					return
				}
				mu.Lock()
				results = append(results, r)
				mu.Unlock()
			}
		})
	}
	sending.Wait()
	return results, nil
}

// attempt sends one delivery.
func (s *Service) attempt(ctx context.Context, w Webhook, d Delivery, message func(id string, body []byte) Message) result {
	body, err := s.body(d.Change.Event)
	if err != nil {
		s.logger.ErrorContext(ctx, "a change can't be written", "webhook", w.ID, "event", d.Change.ID, "error", err)
		return result{d, refused, "The change can't be written; our log says why."}
	}
	status, err := s.poster.Post(ctx, message(d.MessageID(), body))
	r := result{d, judge(status, err), ""}
	switch {
	case err != nil:
		r.failure = err.Error()
	case r.verdict != delivered:
		r.failure = fmt.Sprintf("The endpoint answered %d.", status)
	}
	s.count(r.verdict)
	return r
}

func (s *Service) count(v verdict) {
	switch v {
	case delivered:
		s.counts.delivered.Add(1)
	case unreachable:
		s.counts.unreachable.Add(1)
	case refused, gone:
		s.counts.refused.Add(1)
	}
}
