package storetest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/provisioning"
)

// watch makes somebody's monitoring list.
func (f *fixture) watch(t testing.TB, owner customer.Person, list ...provisioning.Monitored) {
	t.Helper()
	tenant := owner.Member().Tenant()
	f.write(t, tenant, func(tx provisioning.Tx) error { return tx.SetMonitoring(t.Context(), tenant, owner.Member().ID, list) })
}

func monitoredMember(p customer.Person) provisioning.Monitored {
	return provisioning.Monitored{Kind: provisioning.MonitorMember, Member: p.Member().ID}
}

func whatIsWatchedComesBack(t *testing.T, f *fixture) {
	ctx, tenant := t.Context(), tenantOf(f.one)
	ada, _ := f.person(t, f.one, f.oneShop, "ada", "101")
	bob, _ := f.person(t, f.one, f.oneShop, "bob", "102")
	device, _ := f.device(t, ada)
	shop := f.oneShop
	shop.RoutingPrefix = "81"
	f.write(t, tenant, func(tx provisioning.Tx) error { return tx.SetLocation(ctx, shop) })
	same(t, []provisioning.MonitoredView{})(f.p.Monitoring(ctx, tenant, ada.Member().ID))
	park := provisioning.Monitored{Kind: provisioning.MonitorPark, Number: "701", Label: "Pärk; 1"}
	number := provisioning.Monitored{Kind: provisioning.MonitorNumber, Number: "+49 30 1"}
	f.watch(t, ada, number)
	f.watch(t, ada, park, monitoredMember(bob), number)
	watched := customer.Member{
		ID: bob.Member().ID, Kind: customer.MemberPerson, Email: bob.Email, FirstName: "bob", LastName: "O'Hara", Location: f.oneShop.ID, Extension: "102",
	}
	want := []provisioning.MonitoredView{{Monitored: park}, {Monitored: monitoredMember(bob), Watched: watched, RoutingPrefix: "81"}, {Monitored: number}}
	same(t, want)(f.p.Monitoring(ctx, tenant, ada.Member().ID))
	in, err := f.p.RenderInput(ctx, tenant, device.ID)
	require.NoError(t, err)
	assert.Equal(t, want, in.Monitored)
	same(t, []provisioning.MonitoredView{})(f.p.Monitoring(ctx, tenant, bob.Member().ID))
	same(t, []provisioning.MonitoredView{})(f.p.Monitoring(ctx, tenantOf(f.foe), ada.Member().ID))
	same(t, []provisioning.MonitoredView{})(f.p.Monitoring(ctx, tenantOf(f.sibling), ada.Member().ID))
	for name, foreign := range map[string]customer.Tenant{"foe": tenantOf(f.foe), "sibling": tenantOf(f.sibling)} {
		err := f.p.Update(ctx, foreign, func(tx provisioning.Tx) error { return tx.SetMonitoring(ctx, foreign, ada.Member().ID, nil) })
		assert.True(t, fault.Is(err, fault.NotFound), "%s: %v", name, err)
	}
	same(t, want)(f.p.Monitoring(ctx, tenant, ada.Member().ID))
	f.watch(t, ada)
	same(t, []provisioning.MonitoredView{})(f.p.Monitoring(ctx, tenant, ada.Member().ID))
}

func whoWatchesIsFound(t *testing.T, f *fixture) {
	ctx, tenant := t.Context(), tenantOf(f.one)
	ada, _ := f.person(t, f.one, f.oneShop, "ada", "101")
	bob, _ := f.person(t, f.one, f.oneShop, "bob", "102")
	line := customer.VirtualLine{ID: customer.VirtualLineID(id()), Partner: f.one.Partner, Org: f.one.Org, FirstName: "Gate", Location: f.oneShop.ID, Extension: "103", Created: f.tick()}
	f.write(t, tenant, func(tx provisioning.Tx) error { return tx.CreateVirtualLine(ctx, line) })
	first, _ := f.device(t, ada)
	second, _ := f.device(t, ada)
	_, _ = f.device(t, bob)
	gate := provisioning.Monitored{Kind: provisioning.MonitorMember, Member: line.Member().ID}
	f.watch(t, ada, monitoredMember(bob), gate, provisioning.Monitored{Kind: provisioning.MonitorNumber, Number: "102"})
	all := []provisioning.DeviceID{min(first.ID, second.ID), max(first.ID, second.ID)}
	none := []provisioning.DeviceID{}
	for name, c := range map[string]struct {
		tenant customer.Tenant
		by     provisioning.WatchedBy
		want   []provisioning.DeviceID
	}{
		"member":       {tenant, provisioning.WatchedBy{Member: bob.Member().ID, Most: 10}, all},
		"one":          {tenant, provisioning.WatchedBy{Member: bob.Member().ID, Most: 1}, all[:1]},
		"the next":     {tenant, provisioning.WatchedBy{Member: bob.Member().ID, Most: 1, After: all[0]}, all[1:]},
		"virtual line": {tenant, provisioning.WatchedBy{Member: line.Member().ID, Most: 10}, all},
		"location":     {tenant, provisioning.WatchedBy{Location: f.oneShop.ID, Most: 10}, all},
		"elsewhere":    {tenant, provisioning.WatchedBy{Location: f.siblingShop.ID, Most: 10}, none},
		"nobody":       {tenant, provisioning.WatchedBy{Member: ada.Member().ID, Most: 10}, none},
		"none":         {tenant, provisioning.WatchedBy{Member: bob.Member().ID}, none},
		"foe":          {tenantOf(f.foe), provisioning.WatchedBy{Member: bob.Member().ID, Most: 10}, none},
		"sibling":      {tenantOf(f.sibling), provisioning.WatchedBy{Member: bob.Member().ID, Most: 10}, none},
	} {
		got, err := f.p.DevicesWatching(ctx, c.tenant, c.by)
		require.NoError(t, err, name)
		assert.Equal(t, c.want, got, name)
	}
	f.write(t, tenant, func(tx provisioning.Tx) error { return tx.DeleteMember(ctx, tenant, line.Member().ID) })
	list, err := f.p.Monitoring(ctx, tenant, ada.Member().ID)
	require.NoError(t, err)
	assert.Len(t, list, 2, "an entry goes with whom it watches")
}
