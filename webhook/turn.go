package webhook

import (
	"context"
	"net/url"
	"time"

	"dialtone/customer"
	"dialtone/fault"
)

// The sizes of a turn. Together they bound what waits in the database for one webhook, and what it costs to look at it.
const (
	roundSize = 64   // deliveries that are sent between two transactions, each of another device
	pageSize  = 200  // changes that are read from the log in one transaction
	maxHeld   = 1000 // devices that can wait before the log isn't read on
)

// turn is what one transaction decided about a webhook that a session is at work on.
type turn struct {
	webhook Webhook
	heads   []Delivery // to be sent now
	more    bool       // there is something to do at once
	began   bool       // it begins to fail
	mended  bool       // it works again
	dead    int        // deliveries that were given up
}

// take stores what became of a round, reads on in the log, and says what is to be sent next. With over the session ends. A session that lost its lease, or
// whose webhook is gone, has nothing more to do, and what it did will be done again.
func (s *Service) take(ctx context.Context, ref Ref, session string, results []result, over bool) (turn, error) {
	var out turn
	err := s.store.Update(ctx, customer.Tenant{Partner: ref.Partner}, func(tx Tx) error {
		now := s.now()
		out = turn{}
		held, err := tx.Lease(ctx, ref.Partner, ref.ID, session, now, now.Add(leaseFor))
		if err != nil || !held {
			return err
		}
		w, err := tx.Webhook(ctx, ref.Partner, ref.ID)
		if err != nil {
			return err
		}
		if err := s.settle(ctx, tx, &w, results, &out); err != nil {
			return err
		}
		if w.Status == Active && !w.RetryAt.After(now) && !over {
			if err := s.plan(ctx, tx, &w, now, &out); err != nil {
				return err
			}
		}
		w.WakeAt = now // whoever takes it up when this session dies finds it due
		if !out.more {
			if w.WakeAt, err = tx.NextHead(ctx, w.Partner, w.ID); err != nil {
				return err
			}
			if _, err := tx.Lease(ctx, ref.Partner, ref.ID, session, now, now); err != nil { // so it is free
				return err
			}
		}
		out.webhook = w
		return tx.SetWebhook(ctx, w)
	})
	if fault.Is(err, fault.NotFound) {
		return turn{}, nil
	}
	return out, err
}

// plan reads on in the log and finds what is to be sent.
func (s *Service) plan(ctx context.Context, tx Tx, w *Webhook, now time.Time, out *turn) error {
	probing := w.Failures > 0 // one change is enough to see whether the endpoint is back
	unread := false
	if !probing {
		var err error
		if unread, err = s.readOn(ctx, tx, w, now); err != nil {
			return err
		}
	}
	size := roundSize
	if probing {
		size = 1
	}
	var err error
	out.heads, err = tx.Heads(ctx, w.Partner, w.ID, now, probing, size)
	if err == nil && probing && len(out.heads) == 0 { // nothing is left to try it with
		w.Failures = 0
		unread = true
	}
	out.more = len(out.heads) > 0 || unread
	return err
}

// readOn takes a page of the log, and reports whether there may be more that can be taken at once.
func (s *Service) readOn(ctx context.Context, tx Tx, w *Webhook, now time.Time) (bool, error) {
	count, err := tx.CountPending(ctx, w.Partner, w.ID)
	if err != nil {
		return false, err
	}
	room := maxHeld - count
	if w.Full = room <= 0; w.Full {
		return false, nil
	}
	page, err := tx.Changes(ctx, w.Tenant(), w.After, pageSize)
	if err != nil || len(page) == 0 {
		return false, err
	}
	held := map[string]bool{}
	var fresh []Delivery
	for _, c := range page {
		if w.wants(c.Kind) && !held[c.Device] {
			if len(fresh) == room {
				break
			}
			held[c.Device] = true
			fresh = append(fresh, Delivery{Webhook: w.ID, Change: c, State: Pending, NextTry: now})
		}
		w.After = c.Place
	}
	_, err = tx.Hold(ctx, w.Partner, fresh)
	return len(page) == pageSize, err
}

// settle stores what became of a round: for each delivery, and for the endpoint.
func (s *Service) settle(ctx context.Context, tx Tx, w *Webhook, results []result, out *turn) error {
	now, t, roll := s.now(), sum(results), roller(s.random)
	failure := ""
	for _, r := range results {
		if r.verdict != delivered {
			failure = r.failure
		}
		if err := s.settleOne(ctx, tx, *w, r, t, out); err != nil {
			return err
		}
	}
	if !now.Before(w.OldUntil) {
		w.OldSecret = nil
	}
	before := w.FailingSince
	w.Progress = w.noted(t, failure, now, roll)
	out.began = before.IsZero() && !w.FailingSince.IsZero()
	out.mended = !before.IsZero() && w.FailingSince.IsZero()
	if t.gone > 0 && w.Status == Active {
		w.Status = Disabled
		return s.record(ctx, tx, system, *w, EventDisabled, map[string]any{"name": w.Name, "host": hostOf(w.Target), "reason": failure})
	}
	return nil
}

// system is who does what nobody asked for.
const system = "system"

func (s *Service) settleOne(ctx context.Context, tx Tx, w Webhook, r result, t tally, out *turn) error {
	d := r.delivery
	switch r.verdict {
	case delivered:
		there, err := tx.DeleteDelivery(ctx, w.Partner, w.ID, d.Change.ID)
		if err != nil || !there { // a replay was faster
			return err
		}
		return s.goOn(ctx, tx, w, d)
	case gone: // it waits for the webhook to be enabled again
		return nil
	case refused, unreachable:
	}
	blamed := r.verdict == refused || !t.down()
	d = d.failed(r.failure, blamed, s.now(), roller(s.random))
	there, err := tx.SetDelivery(ctx, w.Partner, d)
	if err != nil || !there || d.State != Dead {
		return err
	}
	out.dead++
	return s.goOn(ctx, tx, w, d)
}

// goOn lets the next change of a device take the place of one that is done with.
func (s *Service) goOn(ctx context.Context, tx Tx, w Webhook, done Delivery) error {
	if done.Replayed {
		return nil
	}
	for after := done.Change.Place; after.Before(w.After); {
		page, err := tx.ChangesOfDevice(ctx, w.Tenant(), done.Change.Device, after, w.After, pageSize)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, c := range page {
			if w.wants(c.Kind) {
				_, err := tx.Hold(ctx, w.Partner, []Delivery{{Webhook: w.ID, Change: c, State: Pending, NextTry: s.now()}})
				return err
			}
			after = c.Place
		}
	}
	return nil
}

// hostOf is as much of a target as may be told everywhere.
func hostOf(target string) string {
	u, err := url.Parse(target)
	if err != nil {
		return ""
	}
	return u.Host
}
