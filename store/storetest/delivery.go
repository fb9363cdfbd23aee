package storetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dialtone/customer"
	"dialtone/secret"
	"dialtone/webhook"
)

// receiver is a tool that is told of changes, by a service on the fixture's store with a clock of its own. Bodies are DEVICE and revision.
type receiver struct {
	f       *fixture
	service *webhook.Service
	store   *crashingStore
	actor   customer.Actor
	id      webhook.ID
	log     *bytes.Buffer

	mu     sync.Mutex
	now    time.Time
	got    []string                       // bodies that were taken, in order
	ids    map[string]string              // of the messages, by body
	answer func(body string) (int, error) // nil: everything is taken
}

// Post implements webhook.Poster.
func (r *receiver) Post(_ context.Context, m webhook.Message) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	body := string(m.Body)
	if known, ok := r.ids[body]; ok && known != m.ID {
		return 0, errors.New("the same change has two names")
	}
	r.ids[body] = m.ID
	if r.answer != nil {
		if status, err := r.answer(body); status != 200 || err != nil {
			return status, err
		}
	}
	r.got = append(r.got, body)
	return 200, nil
}

func (r *receiver) clock() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now
}

func (r *receiver) pass(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = r.now.Add(d)
}

func (r *receiver) answering(fn func(body string) (int, error)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = fn
}

// taken returns what was taken since the last time.
func (r *receiver) taken() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.got
	r.got = nil
	return out
}

// crashingStore fails as a process does that dies: before a transaction, or after it has committed.
type crashingStore struct {
	webhook.Store
	mu    sync.Mutex
	crash func() (before, after bool) // nil: never
}

var errCrashed = errors.New("the process died")

// Update implements webhook.Store.
func (s *crashingStore) Update(ctx context.Context, tenant customer.Tenant, fn func(webhook.Tx) error) error {
	s.mu.Lock()
	before, after := false, false
	if s.crash != nil {
		before, after = s.crash()
	}
	s.mu.Unlock()
	if before {
		return errCrashed
	}
	if err := s.Store.Update(ctx, tenant, fn); err != nil {
		return err
	}
	if after {
		return errCrashed
	}
	return nil
}

// newReceiver makes a webhook of the first partner with a service of its own.
func newReceiver(t require.TestingT, f *fixture, ctx context.Context, kinds ...string) *receiver { //nolint:revive // testing first
	key, err := secret.NewMasterKey(rand.Reader)
	require.NoError(t, err)
	ring, err := secret.ParseKeyring(key, rand.Reader)
	require.NoError(t, err)
	r := &receiver{
		f: f, store: &crashingStore{Store: f.store.Webhooks()}, actor: customer.Actor{Partner: f.one.Partner, Email: "a@example.com"}, log: &bytes.Buffer{},
		now: time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC), ids: map[string]string{},
	}
	r.service = webhook.NewService(webhook.Config{
		Store: r.store, Keyring: ring, Poster: r, Now: r.clock, Random: rand.Reader, NewID: id, Logger: slog.New(slog.NewTextHandler(r.log, nil)),
		Body: func(e customer.Event) ([]byte, error) {
			return []byte(e.Device + " " + strconv.FormatInt(e.Revision(), 10)), nil
		},
	})
	w, _, err := r.service.Create(ctx, r.actor, customer.Tenant{Partner: f.one.Partner}, webhook.Definition{Name: "r", Target: "https://r.example.com/?key=hunter2", Kinds: kinds})
	require.NoError(t, err)
	r.id = w.ID
	return r
}

// settle waits until every change up to now is shown in the feed: transactions of other tests on the same server can hold it back.
func (r *receiver) settle(t testing.TB) {
	t.Helper()
	marker := id()
	require.NoError(t, r.f.changed(t.Context(), r.f.foe, marker, nil))
	after := customer.EventCursor{}
	foe := customer.Tenant{Partner: r.f.foe.Partner}
	for found := false; !found; {
		page, end := r.f.follow(t, foe, after, 100, 1)
		for _, c := range page {
			found = found || c.Device == marker
		}
		after = end
	}
}

// nothingIsOutOfOrder lets an endpoint fail in every way and processes die at every point, at random, while devices change: in the end the endpoint has
// had every change, and of each device no change before all that came before it.
func nothingIsOutOfOrder(t *testing.T, f *fixture) {
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		r := newReceiver(rt, f, t.Context())
		dice := mathrand.New(mathrand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))
		revisions := map[string]int{}
		steps := rapid.IntRange(3, 12).Draw(rt, "steps")
		for range steps {
			for range dice.IntN(8) {
				device := fmt.Sprintf("%d-%d", round, dice.IntN(4))
				revisions[device]++
				require.NoError(rt, f.changed(t.Context(), f.one, device, map[string]any{"revision": revisions[device]}))
			}
			if dice.IntN(2) == 0 {
				r.settle(t)
			}
			down := dice.IntN(4) == 0
			r.answering(func(string) (int, error) {
				switch {
				case down:
					return 0, errors.New("no answer")
				case dice.IntN(3) == 0:
					return []int{500, 404, 429, 301}[dice.IntN(4)], nil
				}
				return 200, nil
			})
			r.store.crash = func() (bool, bool) { return dice.IntN(12) == 0, dice.IntN(12) == 0 }
			if err := r.service.DeliverDue(t.Context()); err != nil {
				require.ErrorIs(rt, err, errCrashed)
			}
			r.pass(time.Duration(dice.IntN(3)) * time.Minute) // a lease ends, or not yet
		}
		r.answering(nil)
		r.store.crash = nil
		r.settle(t)
		for range 10 {
			r.pass(10 * time.Hour)
			require.NoError(rt, r.service.DeliverDue(t.Context()))
		}
		last := map[string]int{}
		for _, body := range r.taken() {
			device, text, _ := strings.Cut(body, " ")
			n, _ := strconv.Atoi(text)
			if n != last[device]+1 && n != last[device] { // once more, as nobody knew that it was taken
				rt.Fatalf("%s: %d came after %d", device, n, last[device])
			}
			last[device] = n
		}
		assert.Equal(rt, revisions, last, "all arrived")
		pending, _, err := r.service.Deliveries(t.Context(), r.actor, r.id, webhook.Pending, everything)
		require.NoError(rt, err)
		assert.Empty(rt, pending)
		require.NoError(rt, r.service.Delete(t.Context(), r.actor, r.id))
	})
}

// aDeviceHoldsBackItself lets the endpoint refuse one change: the later ones of its device wait in one row, and those of others don't.
func aDeviceHoldsBackItself(t *testing.T, f *fixture) {
	ctx := t.Context()
	r := newReceiver(t, f, ctx, "device.*")
	r.answering(func(body string) (int, error) {
		if body == "bad 1" {
			return 500, nil
		}
		return 200, nil
	})
	for n := 1; n <= 300; n++ {
		require.NoError(t, f.changed(ctx, f.one, "bad", map[string]any{"revision": n}))
	}
	require.NoError(t, f.changed(ctx, f.one, "good", map[string]any{"revision": 1}))
	r.settle(t)
	require.NoError(t, r.service.DeliverDue(ctx))
	assert.Equal(t, []string{"good 1"}, r.taken())
	pending, _, err := r.service.Deliveries(ctx, r.actor, r.id, webhook.Pending, everything)
	require.NoError(t, err)
	require.Len(t, pending, 1)
	assert.Equal(t, 1, pending[0].Attempts)
	assert.Equal(t, "The endpoint answered 500.", pending[0].Failure)
	assert.WithinDuration(t, r.clock().Add(5*time.Second), pending[0].NextTry, 1100*time.Millisecond)
	require.NoError(t, f.changed(ctx, f.one, "good", map[string]any{"revision": 2}))
	r.settle(t)
	require.NoError(t, r.service.DeliverDue(ctx))
	assert.Equal(t, []string{"good 2"}, r.taken(), "an endpoint that answers isn't down")

	r.answering(nil)
	r.pass(time.Minute)
	require.NoError(t, r.service.DeliverDue(ctx))
	bodies := r.taken()
	require.Len(t, bodies, 300)
	for n, body := range bodies {
		assert.Equal(t, fmt.Sprintf("bad %d", n+1), body)
	}
	assert.Equal(t, uint64(302), r.service.Stats().Delivered)

	r.answering(func(string) (int, error) { return 410, nil })
	require.NoError(t, f.changed(ctx, f.one, "good", map[string]any{"revision": 3}))
	r.settle(t)
	require.NoError(t, r.service.DeliverDue(ctx))
	w, err := r.service.Webhook(ctx, r.actor, r.id)
	require.NoError(t, err)
	assert.Equal(t, webhook.Disabled, w.Status)
	events, _, err := f.c.Events(ctx, customer.Tenant{Partner: f.one.Partner}, customer.EventFilter{Kind: "webhook.disabled"}, everything)
	require.NoError(t, err)
	require.Len(t, events, 1)
	assert.Equal(t, map[string]any{"name": "r", "host": "r.example.com", "reason": "The endpoint answered 410."}, events[0].Data)
	r.answering(nil)
	_, err = r.service.Change(ctx, r.actor, r.id, customer.Tenant{Partner: f.one.Partner}, webhook.Definition{Name: "r", Target: w.Target, Status: webhook.Active})
	require.NoError(t, err)
	require.NoError(t, r.service.DeliverDue(ctx))
	assert.Equal(t, []string{"good 3"}, r.taken(), "it goes on where it was")
	assert.Contains(t, r.log.String(), "begins to fail")
	assert.Contains(t, r.log.String(), "works again")
	assert.NotContains(t, r.log.String(), "hunter2")
}

// deadLettersAreReplayed lets the endpoint refuse a change for days, and has it sent once more; then all of the log.
func deadLettersAreReplayed(t *testing.T, f *fixture) {
	ctx := t.Context()
	r := newReceiver(t, f, ctx)
	r.answering(func(body string) (int, error) {
		if body == "d 1" {
			return 400, nil
		}
		return 200, nil
	})
	begin, err := f.c.LatestChange(ctx, tenantOf(f.one))
	require.NoError(t, err)
	for n := 1; n <= 3; n++ {
		require.NoError(t, f.changed(ctx, f.one, "d", map[string]any{"revision": n}))
	}
	r.settle(t)
	began := r.clock()
	for {
		require.NoError(t, r.service.DeliverDue(ctx))
		pending, _, err := r.service.Deliveries(ctx, r.actor, r.id, webhook.Pending, everything)
		require.NoError(t, err)
		if len(pending) == 0 {
			break
		}
		assert.Empty(t, r.taken())
		r.pass(pending[0].NextTry.Sub(r.clock()))
	}
	dead, _, err := r.service.Deliveries(ctx, r.actor, r.id, webhook.Dead, everything)
	require.NoError(t, err)
	require.Len(t, dead, 1)
	assert.InDelta(t, 12.5, dead[0].Attempts, 1)
	assert.Equal(t, dead[0].Attempts, dead[0].Tries)
	assert.InDelta(t, 72, r.clock().Sub(began).Hours(), 14)
	assert.Equal(t, []string{"d 2", "d 3"}, r.taken(), "what was given up lets the others go")
	assert.Equal(t, uint64(1), r.service.Stats().Dead)

	same(t, 1)(r.service.ReplayDead(ctx, r.actor, r.id))
	r.answering(nil)
	require.NoError(t, r.service.DeliverDue(ctx))
	assert.Equal(t, []string{"d 1"}, r.taken())
	require.NoError(t, r.service.ReplayFrom(ctx, r.actor, r.id, begin))
	require.NoError(t, r.service.DeliverDue(ctx))
	assert.Equal(t, []string{"d 1", "d 2", "d 3"}, r.taken())
	err = r.service.ReplayFrom(ctx, r.actor, r.id, customer.EventCursor{Transaction: 1 << 60, ID: 1})
	require.ErrorContains(t, err, "a place that the log hasn't reached")
	require.NoError(t, r.service.DeliverDue(ctx))
	assert.Empty(t, r.taken())
}
