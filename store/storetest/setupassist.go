package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/billing"
	"dialtone/customer"
	"dialtone/fault"
	"dialtone/provisioning"
	"dialtone/usage"
)

// setupAssistIsOrdered keeps orders of two customers, and cancels one.
func setupAssistIsOrdered(t *testing.T, f *fixture) {
	ctx, tenant := t.Context(), tenantOf(f.one)
	order := func(c customer.Customer, l customer.Location) customer.SetupAssistOrder {
		return customer.SetupAssistOrder{
			ID: customer.SetupAssistID(id()), Partner: c.Partner, Org: c.Org, Customer: c.ID, Subscription: "S", Location: l.ID, Locations: 2, Seats: 7,
			Target: f.now.Truncate(24 * time.Hour), Contacts: []customer.SetupAssistContact{{Name: "Ünï", Email: "a@example.com", Phone: "1"}, {Name: "B", Email: "b@example.com"}},
			Actor: "ada@example.com", Created: f.tick(),
		}
	}
	first, second, foreign := order(f.one, f.oneShop), order(f.sibling, f.siblingShop), order(f.foe, f.foeShop)
	for _, o := range []customer.SetupAssistOrder{first, second, foreign} {
		f.write(t, o.Tenant(), func(tx provisioning.Tx) error { return tx.CreateSetupAssistOrder(ctx, o) })
	}
	partner := customer.Tenant{Partner: f.one.Partner}
	same(t, first)(f.c.SetupAssistOrder(ctx, tenant, first.ID))
	same(t, second)(f.c.SetupAssistOrder(ctx, partner, second.ID))
	for _, hidden := range []customer.SetupAssistID{second.ID, foreign.ID, ""} {
		_, err := f.c.SetupAssistOrder(ctx, tenant, hidden)
		assert.True(t, fault.Is(err, fault.NotFound), "%v", err)
	}
	cancel := func(of customer.Tenant) error {
		return f.c.Update(ctx, of, func(tx customer.Tx) error { return tx.CancelSetupAssistOrder(ctx, of, first.ID, f.now) })
	}
	require.True(t, fault.Is(cancel(tenantOf(f.sibling)), fault.NotFound))
	require.NoError(t, cancel(tenant))
	first.Cancelled = f.now
	list, more, err := f.c.SetupAssistOrders(ctx, partner, everything)
	require.NoError(t, err)
	assert.False(t, more)
	assert.Equal(t, []customer.SetupAssistOrder{first, second}, list)
	list, _, err = f.c.SetupAssistOrders(ctx, tenant, everything)
	require.NoError(t, err)
	assert.Equal(t, []customer.SetupAssistOrder{first}, list)
}

// ordersFollowEvents compares what is kept of orders with what their events say.
func ordersFollowEvents(t *testing.T, f *fixture) {
	ctx, tenant, start := t.Context(), tenantOf(f.one), f.now.Truncate(time.Second)
	facts := map[string]any{"service": customer.SetupAssistStandard, "seats": "7", "location": f.oneShop.ID}
	f.packageEvent(t, tenant, start, customer.EventSetupAssistOrdered, "o1", facts)
	f.packageEvent(t, tenant, start.Add(time.Hour), customer.EventSetupAssistOrdered, "o2", facts)
	f.packageEvent(t, tenant, start.Add(2*time.Hour), customer.EventSetupAssistCancelled, "o1", facts)
	f.packageEvent(t, tenant, start.Add(3*time.Hour), customer.EventSetupAssistCancelled, "o1", facts)
	order := func(id string, at, cancelled time.Time) usage.Order {
		return usage.Order{ID: id, Customer: f.one.Org, Service: usage.SetupAssistStandard, Seats: 7, Location: f.oneShop.ID, At: at, Cancelled: cancelled}
	}
	want := []usage.Order{order("o1", start, start.Add(2*time.Hour)), order("o2", start.Add(time.Hour), time.Time{})}
	read := func(tenant customer.Tenant) ([]usage.Order, error) {
		return f.b.Orders(ctx, tenant, start, start.Add(2*time.Hour))
	}
	same(t, want)(read(tenant))
	same(t, want)(f.b.FoldOrders(ctx, tenant))
	same(t, []usage.Order{})(read(tenantOf(f.foe)))
	same(t, want[:1])(f.b.Orders(ctx, tenant, start, start.Add(time.Hour)))
	same(t, start)(f.b.FirstUsage(ctx, tenant))
	require.NoError(t, f.b.Update(ctx, tenant, func(tx billing.Tx) error { return tx.RebuildAssignments(ctx, tenant) }))
	same(t, want)(read(tenant))
}
