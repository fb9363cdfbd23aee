package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
)

// runFeed runs what is about changes of devices, and who is told of them.
func runFeed(t *testing.T, open func(testing.TB) Store) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, *fixture){
		"ChangesAreFollowed":       changesAreFollowed,
		"ChangesAreMissedByNobody": changesAreMissedByNobody,
		"WebhooksChange":           webhooksChange,
		"OneSessionHasAWebhook":    oneSessionHasAWebhook,
		"DeliveriesWait":           deliveriesWait,
		"NothingIsOutOfOrder":      nothingIsOutOfOrder,
		"ADeviceHoldsBackItself":   aDeviceHoldsBackItself,
		"DeadLettersAreReplayed":   deadLettersAreReplayed,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newFixture(t, open(t)))
		})
	}
}

// feedPatience is how long a test waits for a change to be shown: transactions of other tests on the same server can hold it back.
const feedPatience = 30 * time.Second

// changed records an event about a device.
func (f *fixture) changed(ctx context.Context, c customer.Customer, device string, data map[string]any) error {
	tenant := tenantOf(c)
	return f.c.Update(ctx, tenant, func(tx customer.Tx) error {
		return tx.Record(ctx, customer.Event{Time: f.now, Tenant: tenant, Actor: "a", Kind: customer.EventDeviceRevised, Subject: device, Device: device, Data: data})
	})
}

// follow reads on behind a place, in pages of so many, until it has as many changes as are expected.
func (f *fixture) follow(t testing.TB, tenant customer.Tenant, after customer.EventCursor, most, want int) ([]customer.Change, customer.EventCursor) {
	t.Helper()
	out := []customer.Change{}
	deadline, looks := time.Now().Add(feedPatience), time.NewTicker(time.Millisecond)
	defer looks.Stop()
	for {
		page, err := f.c.Changes(t.Context(), tenant, after, most)
		require.NoError(t, err)
		require.NotNil(t, page)
		require.LessOrEqual(t, len(page), most)
		for _, c := range page {
			require.True(t, after.Before(c.Place), "%+v comes behind %+v", c.Place, after)
			after = c.Place
		}
		out = append(out, page...)
		if len(out) >= want && len(page) == 0 {
			return out, after
		}
		if time.Now().After(deadline) {
			require.Equal(t, want, len(out), "changes are missing") //nolint:testifylint // hundreds of them tell nothing
		}
		if len(page) == 0 {
			<-looks.C
		}
	}
}

// changesAreFollowed reads the feed of each tenant, from the beginning and from a moment on.
func changesAreFollowed(t *testing.T, f *fixture) {
	ctx := t.Context()
	partner := customer.Tenant{Partner: f.one.Partner}
	same(t, []customer.Change{})(f.c.Changes(ctx, partner, customer.EventCursor{}, 10))
	require.NoError(t, f.c.Update(ctx, partner, func(tx customer.Tx) error {
		return tx.Record(ctx, customer.Event{Time: f.now, Tenant: partner, Actor: "a", Kind: customer.EventTokenCreated, Subject: "no device"})
	}))
	require.NoError(t, f.changed(ctx, f.one, "first", map[string]any{"revision": 2}))
	require.NoError(t, f.changed(ctx, f.sibling, "second", nil))
	require.NoError(t, f.changed(ctx, f.foe, "foe's", nil))
	all, end := f.follow(t, partner, customer.EventCursor{}, 1, 2)
	require.Len(t, all, 2)
	want := customer.Event{
		ID: all[0].Place.ID, Time: f.now, Tenant: tenantOf(f.one), Actor: "a", Kind: "device.revised", Subject: "first", Device: "first", Data: map[string]any{"revision": 2.0},
	}
	assert.Equal(t, want, all[0].Event)
	assert.EqualValues(t, 2, all[0].Revision())
	assert.Equal(t, "second", all[1].Device)
	assert.Zero(t, all[1].Revision())
	own, _ := f.follow(t, tenantOf(f.sibling), customer.EventCursor{}, 10, 1)
	assert.Equal(t, all[1:], own)
	theirs, _ := f.follow(t, customer.Tenant{Partner: f.foe.Partner}, customer.EventCursor{}, 10, 1)
	assert.Len(t, theirs, 1)
	assert.Equal(t, "foe's", theirs[0].Device)

	latest, err := f.c.LatestChange(ctx, partner)
	require.NoError(t, err)
	assert.False(t, latest.Before(end), "what was read isn't read again")
	require.NoError(t, f.changed(ctx, f.one, "third", nil))
	fresh, _ := f.follow(t, partner, latest, 10, 1)
	assert.Equal(t, "third", fresh[0].Device)
	again, _ := f.follow(t, partner, all[0].Place, 10, 2)
	assert.Equal(t, []string{"second", "third"}, names(again, func(c customer.Change) string { return c.Device }))
}

// changesAreMissedByNobody lets many writers of many customers commit in any order, while two readers follow with pages of their own size: each sees
// every change once, and those of one writer in their order.
func changesAreMissedByNobody(t *testing.T, f *fixture) {
	const writers, each = 8, 25
	partner := customer.Tenant{Partner: f.one.Partner}
	var writing sync.WaitGroup
	for w := range writers {
		shop, _ := f.customer(t, f.one.Partner, fmt.Sprintf("writer-%d", w))
		writing.Go(func() {
			for n := range each {
				assert.NoError(t, f.changed(t.Context(), shop, fmt.Sprint(w), map[string]any{"revision": n + 1}))
			}
		})
	}
	seen := make([][]customer.Change, 2)
	var reading sync.WaitGroup
	for i, most := range []int{3, 50} {
		reading.Go(func() { seen[i], _ = f.follow(t, partner, customer.EventCursor{}, most, writers*each) })
	}
	writing.Wait()
	reading.Wait()
	assert.Len(t, seen[0], writers*each)
	assert.Equal(t, seen[0], seen[1])
	ids, last := map[int64]bool{}, map[string]int64{}
	for _, c := range seen[0] {
		assert.False(t, ids[c.ID], "%d twice", c.ID)
		ids[c.ID] = true
		assert.Equal(t, last[c.Device]+1, c.Revision(), "of %s", c.Device)
		last[c.Device] = c.Revision()
	}
}
