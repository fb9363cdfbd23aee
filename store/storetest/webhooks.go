package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/webhook"
)

func (f *fixture) newWebhook(c customer.Customer, org customer.OrgID) webhook.Webhook {
	return webhook.Webhook{
		ID: webhook.ID(id()), Partner: c.Partner, Org: org, Name: "Ünï", Target: "https://tools.example.com/?key=1", Kinds: []string{"device.*"},
		Status: webhook.Active, Created: f.tick(), Secret: []byte{1, 0, 2},
	}
}

// onWebhooks writes in a transaction of the partner of a customer.
func (f *fixture) onWebhooks(t testing.TB, c customer.Customer, fn func(webhook.Tx) error) {
	t.Helper()
	require.NoError(t, f.store.Webhooks().Update(t.Context(), customer.Tenant{Partner: c.Partner}, fn))
}

func (f *fixture) webhook(t testing.TB, c customer.Customer, org customer.OrgID) webhook.Webhook {
	t.Helper()
	w := f.newWebhook(c, org)
	f.onWebhooks(t, c, func(tx webhook.Tx) error { return tx.CreateWebhook(t.Context(), w) })
	return w
}

func webhooksChange(t *testing.T, f *fixture) {
	ctx, s := t.Context(), f.store.Webhooks()
	all := f.webhook(t, f.one, "")
	ours := f.webhook(t, f.one, f.one.Org)
	f.webhook(t, f.foe, "")
	same(t, all)(s.Webhook(ctx, f.one.Partner, all.ID))
	same(t, 2)(s.CountWebhooks(ctx, f.one.Partner))
	list, more, err := s.Webhooks(ctx, customer.Tenant{Partner: f.one.Partner}, customer.Page{Max: 2})
	require.NoError(t, err)
	assert.False(t, more)
	assert.Equal(t, []webhook.Webhook{all, ours}, list)
	list, _, err = s.Webhooks(ctx, tenantOf(f.one), everything)
	require.NoError(t, err)
	assert.Equal(t, []webhook.Webhook{ours}, list)

	all.Org, all.Name, all.Target, all.Kinds, all.Status = f.sibling.Org, "other", "https://other.example", []string{}, webhook.Disabled
	all.Secret, all.OldSecret, all.OldUntil = []byte{3}, []byte{1, 0, 2}, f.now
	all.Progress = webhook.Progress{
		After: customer.EventCursor{Transaction: 7, ID: 8}, Full: true, WakeAt: f.now, RetryAt: f.now, Failures: 3, FailingSince: f.now, LastDelivery: f.now,
		LastFailure: f.now, Failure: "no answer",
	}
	f.onWebhooks(t, f.one, func(tx webhook.Tx) error { return tx.SetWebhook(ctx, all) })
	same(t, all)(s.Webhook(ctx, f.one.Partner, all.ID))
	for what, write := range map[string]func(webhook.Tx) error{
		"set":    func(tx webhook.Tx) error { w := all; w.Partner = f.foe.Partner; return tx.SetWebhook(ctx, w) },
		"delete": func(tx webhook.Tx) error { return tx.DeleteWebhook(ctx, f.foe.Partner, all.ID) },
		"read":   func(tx webhook.Tx) error { _, err := tx.Webhook(ctx, f.foe.Partner, all.ID); return err },
	} {
		err := s.Update(ctx, customer.Tenant{Partner: f.foe.Partner}, write)
		assert.True(t, fault.Is(err, fault.NotFound), "%s: %v", what, err)
	}
	f.onWebhooks(t, f.one, func(tx webhook.Tx) error { return tx.DeleteWebhook(ctx, f.one.Partner, all.ID) })
	same(t, 1)(s.CountWebhooks(ctx, f.one.Partner))
}

// due lists the webhooks that have something to do at a moment.
func (f *fixture) due(t testing.TB, now time.Time) []webhook.ID {
	t.Helper()
	list, err := f.store.Webhooks().AnyTenantDue(t.Context(), now, 100)
	require.NoError(t, err)
	ids := make([]webhook.ID, len(list))
	for i, ref := range list {
		ids[i] = ref.ID
	}
	return ids
}

func oneSessionHasAWebhook(t *testing.T, f *fixture) {
	ctx := t.Context()
	w := f.webhook(t, f.one, "")
	w.WakeAt = f.now
	f.onWebhooks(t, f.one, func(tx webhook.Tx) error { return tx.SetWebhook(ctx, w) })
	end := f.now.Add(time.Minute)
	lease := func(session string, now, until time.Time) (held bool) {
		f.onWebhooks(t, f.one, func(tx webhook.Tx) (err error) {
			held, err = tx.Lease(ctx, w.Partner, w.ID, session, now, until)
			return err
		})
		return held
	}
	assert.Equal(t, []webhook.ID{w.ID}, f.due(t, f.now))
	assert.True(t, lease("a", f.now, end))
	assert.False(t, lease("b", f.now, end))
	assert.True(t, lease("a", f.now, end), "it keeps it")
	assert.Empty(t, f.due(t, end.Add(-1000)))
	assert.Equal(t, []webhook.ID{w.ID}, f.due(t, end), "a died")
	assert.True(t, lease("b", end, end.Add(time.Minute)))
	assert.False(t, lease("a", end, end.Add(time.Minute)), "a was only slow: it has it no more")
	assert.True(t, lease("b", end, end), "b lets go")
	assert.True(t, lease("a", end, end.Add(time.Hour)))
	for field, change := range map[string]func(*webhook.Webhook){
		"disabled": func(w *webhook.Webhook) { w.Status = webhook.Disabled }, "later": func(w *webhook.Webhook) { w.WakeAt = end.Add(24 * time.Hour) },
		"down": func(w *webhook.Webhook) { w.RetryAt = end.Add(24 * time.Hour) }, "nothing": func(w *webhook.Webhook) { w.WakeAt = time.Time{} },
	} {
		changed := w
		change(&changed)
		f.onWebhooks(t, f.one, func(tx webhook.Tx) error { return tx.SetWebhook(ctx, changed) })
		assert.Empty(t, f.due(t, end.Add(2*time.Hour)), field)
	}
	require.NoError(t, f.changed(ctx, f.sibling, "d", nil))
	changes, _ := f.follow(t, customer.Tenant{Partner: w.Partner}, customer.EventCursor{}, 10, 1)
	for name, c := range map[string]struct {
		change func(*webhook.Webhook)
		due    bool
	}{
		"unread": {func(*webhook.Webhook) {}, true}, "full": {func(w *webhook.Webhook) { w.Full = true }, false},
		"of the customer": {func(w *webhook.Webhook) { w.Org = f.sibling.Org }, true}, "of another": {func(w *webhook.Webhook) { w.Org = f.one.Org }, false},
		"read": {func(w *webhook.Webhook) { w.After = changes[0].Place }, false},
	} {
		changed := w
		changed.WakeAt = time.Time{}
		c.change(&changed)
		f.onWebhooks(t, f.one, func(tx webhook.Tx) error { return tx.SetWebhook(ctx, changed) })
		assert.Equal(t, c.due, len(f.due(t, end.Add(2*time.Hour))) == 1, name)
	}
}

// deliveriesWait holds deliveries, one for a device, and finds the heads.
func deliveriesWait(t *testing.T, f *fixture) {
	ctx, s := t.Context(), f.store.Webhooks()
	w := f.webhook(t, f.one, "")
	for _, device := range []string{"a", "b", "a", "a"} {
		require.NoError(t, f.changed(ctx, f.one, device, nil))
	}
	changes, _ := f.follow(t, tenantOf(f.one), customer.EventCursor{}, 10, 4)
	waiting := func(n int) webhook.Delivery {
		return webhook.Delivery{Webhook: w.ID, Change: changes[n], State: webhook.Pending, NextTry: f.now}
	}
	hold := func(want int, list ...webhook.Delivery) {
		f.onWebhooks(t, f.one, func(tx webhook.Tx) error { same(t, want)(tx.Hold(ctx, w.Partner, list)); return nil })
	}
	heads := func(now time.Time, leastTried bool) (out []webhook.Delivery) {
		f.onWebhooks(t, f.one, func(tx webhook.Tx) (err error) {
			out, err = tx.Heads(ctx, w.Partner, w.ID, now, leastTried, 10)
			return err
		})
		return out
	}
	hold(2, waiting(0), waiting(1))
	hold(0, waiting(2))
	assert.Equal(t, []webhook.Delivery{waiting(0), waiting(1)}, heads(f.now, false))
	assert.Empty(t, heads(f.now.Add(-1000), false))
	oldest, err := s.AnyTenantOldestPending(ctx)
	require.NoError(t, err)
	assert.Equal(t, changes[0].Time, oldest)

	failed := waiting(0)
	failed.Attempts, failed.Tries, failed.NextTry, failed.FirstFailed, failed.Failure = 1, 2, f.now.Add(time.Minute), f.now, "500"
	f.onWebhooks(t, f.one, func(tx webhook.Tx) error { same(t, true)(tx.SetDelivery(ctx, w.Partner, failed)); return nil })
	assert.Equal(t, []webhook.Delivery{waiting(1)}, heads(f.now, false), "a later one of its device isn't a head")
	assert.Equal(t, []webhook.Delivery{waiting(1), failed}, heads(f.now.Add(time.Hour), true))
	replayed := waiting(2)
	replayed.Replayed = true
	hold(1, replayed)
	assert.Equal(t, []webhook.Delivery{failed, waiting(1)}, heads(f.now.Add(time.Hour), false), "the earliest of its device")
	f.onWebhooks(t, f.one, func(tx webhook.Tx) error {
		same(t, f.now)(tx.NextHead(ctx, w.Partner, w.ID))
		same(t, 3)(tx.CountPending(ctx, w.Partner, w.ID))
		same(t, changes[2:3])(tx.ChangesOfDevice(ctx, tenantOf(f.one), "a", changes[0].Place, changes[2].Place, 10))
		same(t, true)(tx.DeleteDelivery(ctx, w.Partner, w.ID, changes[1].ID))
		same(t, false)(tx.DeleteDelivery(ctx, w.Partner, w.ID, changes[1].ID))
		same(t, false)(tx.DeleteDelivery(ctx, f.foe.Partner, w.ID, changes[0].ID))
		return nil
	})

	failed.State, failed.Died = webhook.Dead, f.now.Add(time.Hour)
	f.onWebhooks(t, f.one, func(tx webhook.Tx) error {
		same(t, true)(tx.SetDelivery(ctx, w.Partner, failed))
		same(t, false)(tx.SetDelivery(ctx, w.Partner, failed))
		return nil
	})
	dead, more, err := s.Deliveries(ctx, w.Partner, w.ID, webhook.Dead, everything)
	require.NoError(t, err)
	assert.False(t, more)
	assert.Equal(t, []webhook.Delivery{failed}, dead)
	foreign, _, err := s.Deliveries(ctx, f.foe.Partner, w.ID, webhook.Dead, everything)
	require.NoError(t, err)
	assert.Empty(t, foreign)
	same(t, 0)(s.AnyTenantDropDead(ctx, failed.Died, 10))
	f.onWebhooks(t, f.one, func(tx webhook.Tx) error { same(t, 1)(tx.Revive(ctx, w.Partner, w.ID, f.now)); return nil })
	revived := waiting(0)
	revived.Replayed, revived.Failure = true, "500"
	assert.Equal(t, []webhook.Delivery{revived}, heads(f.now, false))
	f.onWebhooks(t, f.one, func(tx webhook.Tx) error {
		same(t, true)(tx.SetDelivery(ctx, w.Partner, failed))
		return tx.Drop(ctx, w.Partner, w.ID, changes[0].Place)
	})
	assert.Empty(t, heads(f.now, false), "what was behind the place is gone")
	same(t, 1)(s.AnyTenantDropDead(ctx, failed.Died.Add(time.Second), 10))
	require.NoError(t, s.AnyTenantTakeUp(ctx))
	hold(1, waiting(3))
	f.onWebhooks(t, f.one, func(tx webhook.Tx) error { return tx.DeleteWebhook(ctx, w.Partner, w.ID) })
	pending, _, err := s.Deliveries(ctx, w.Partner, w.ID, webhook.Pending, everything)
	require.NoError(t, err)
	assert.Empty(t, pending, "they go with it")
}
