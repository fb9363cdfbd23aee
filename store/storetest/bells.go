package storetest

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/nodes"
	"dialtone/provisioning"
)

// bellsWaitForTheirPhone follows a bell from its ring until its phone has fetched.
func bellsWaitForTheirPhone(t *testing.T, f *fixture) {
	ctx := t.Context()
	ada, _ := f.person(t, f.one, f.oneShop, "ada", "101")
	d, line := f.device(t, ada)
	tenant := d.Tenant()
	bell := provisioning.Bell{Device: d.ID, Partner: d.Partner, Org: d.Org, Action: provisioning.ActionReboot, Revision: 1, Asked: true, Rung: f.now, Due: f.now.Add(time.Second)}
	ring := func(b provisioning.Bell) {
		f.write(t, tenant, func(tx provisioning.Tx) error { return tx.Ring(ctx, b) })
	}
	_, err := f.p.BellOf(ctx, tenant, d.ID)
	assert.Equal(t, fault.NotFound, fault.KindOf(err))
	ring(bell)
	same(t, bell)(f.p.BellOf(ctx, tenant, d.ID))
	_, err = f.p.BellOf(ctx, customer.Tenant{Partner: "other"}, d.ID)
	assert.Equal(t, fault.NotFound, fault.KindOf(err), "it is nobody else's")
	owner, err := f.p.AnyTenantLine(ctx, line.Domain, line.UserName)
	require.NoError(t, err)
	assert.True(t, owner.Bell)

	// What is ordered after it is the same ring, and a reboot stays one.
	bell.Revision, bell.Rung = 2, f.now.Add(time.Second)
	again := bell
	again.Action, again.Asked = provisioning.ActionResync, false
	ring(again)
	same(t, bell)(f.p.BellOf(ctx, tenant, d.ID))

	// Its phone isn't registered: it waits until it is.
	turn := provisioning.BellTurn{Node: "n1", Now: f.now.Add(time.Minute), Until: f.now.Add(2 * time.Minute), Most: 10, PerCustomer: 10}
	same(t, []provisioning.Bell{})(f.p.AnyTenantTakeBells(ctx, turn))
	require.NoError(t, f.p.AnyTenantParkBells(ctx, turn.Now, turn.Until, 10))
	bell.Due = time.Time{}
	same(t, bell)(f.p.BellOf(ctx, tenant, d.ID))
	bound := binding(line.ID, "sip:a", f.now.Add(time.Hour))
	bound.Node = "n1"
	f.bind(t, line.ID, bound)
	require.NoError(t, f.p.WakeBell(ctx, tenant, d.ID, f.now.Add(time.Second)))
	require.NoError(t, f.p.WakeBell(ctx, tenant, d.ID, f.now.Add(time.Hour)), "it is awake already")

	// Only the node that holds the registration takes it, and only once.
	stranger := turn
	stranger.Node = "n2"
	same(t, []provisioning.Bell{})(f.p.AnyTenantTakeBells(ctx, stranger))
	bell.Due, bell.Attempts = turn.Until, 1
	same(t, []provisioning.Bell{bell})(f.p.AnyTenantTakeBells(ctx, turn))
	same(t, []provisioning.Bell{})(f.p.AnyTenantTakeBells(ctx, turn))
	require.NoError(t, f.p.AnyTenantParkBells(ctx, f.now.Add(10*time.Minute), turn.Until, 10), "its phone is registered")
	bell.Told, bell.Due = turn.Now, f.now.Add(20*time.Minute)
	require.NoError(t, f.p.SetBell(ctx, bell))
	late := bell
	late.Rung = f.now.Add(-time.Hour)
	late.Due = f.now
	require.NoError(t, f.p.SetBell(ctx, late), "another one was rung since")
	require.NoError(t, f.p.DropBell(ctx, late))
	same(t, bell)(f.p.BellOf(ctx, tenant, d.ID))

	// A fetch of an older revision, or from before, ends nothing.
	fetch := func(revision int64, at time.Time) {
		e := provisioning.TraceEntry{Device: d.ID, Time: at, Door: "https", Revision: revision, Standing: provisioning.StandingFetched}
		require.NoError(t, f.p.AppendTrace(ctx, []provisioning.TraceEntry{e}, provisioning.TraceBound{Keep: 100, Every: 16}))
	}
	fetch(2, f.now)
	same(t, []provisioning.FetchedBell{})(f.p.AnyTenantFetchedBells(ctx, 10))
	fetched := f.now.Add(3 * time.Minute)
	fetch(1, fetched)
	same(t, []provisioning.FetchedBell{{Bell: bell, Fetched: fetched}})(f.p.AnyTenantFetchedBells(ctx, 10))
	same(t, []provisioning.FetchedBell{})(f.p.AnyTenantFetchedBells(ctx, 10))
	revision, at, err := f.p.Fetched(ctx, tenant, d.ID)
	require.NoError(t, err)
	assert.Equal(t, int64(2), revision)
	assert.Equal(t, fetched, at)
}

// bellsWaitForTheirNode puts off what nobody can ring, without losing it.
func bellsWaitForTheirNode(t *testing.T, f *fixture) {
	ctx := t.Context()
	ada, _ := f.person(t, f.one, f.oneShop, "ada", "101")
	d, line := f.device(t, ada)
	bound := binding(line.ID, "sip:a", f.now.Add(time.Hour))
	bound.Node = "dead"
	f.bind(t, line.ID, bound)
	bell := provisioning.Bell{Device: d.ID, Partner: d.Partner, Org: d.Org, Action: provisioning.ActionResync, Revision: 1, Rung: f.now, Due: f.now}
	f.write(t, d.Tenant(), func(tx provisioning.Tx) error { return tx.Ring(ctx, bell) })
	now, until := f.now.Add(time.Second), f.now.Add(11*time.Second)
	park := func() { require.NoError(t, f.p.AnyTenantParkBells(ctx, now, until, 10)) }
	park()
	same(t, bell)(f.p.BellOf(ctx, d.Tenant(), d.ID)) // a node without a name: it may be there

	node := nodes.Node{Name: "dead", Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.1")}, UDP: 5060, Priority: 10, Alive: true, Seen: f.now}
	require.NoError(t, f.store.Nodes().AnyTenantAnnounce(ctx, node))
	park()
	same(t, bell)(f.p.BellOf(ctx, d.Tenant(), d.ID))
	require.NoError(t, f.store.Nodes().AnyTenantLeave(ctx, "dead"))
	park()
	bell.Due = until
	same(t, bell)(f.p.BellOf(ctx, d.Tenant(), d.ID))

	there := binding(line.ID, "sip:b", f.now.Add(time.Hour))
	there.Node = "there"
	f.bind(t, line.ID, bound, there)
	now = until
	park()
	turn := provisioning.BellTurn{Node: "there", Now: until, Until: until.Add(time.Minute), Most: 10, PerCustomer: 10}
	bell.Due, bell.Attempts = turn.Until, 1
	same(t, []provisioning.Bell{bell})(f.p.AnyTenantTakeBells(ctx, turn))
}

// bellsRingInWaves bounds what is taken at once, of all and of one customer.
func bellsRingInWaves(t *testing.T, f *fixture) {
	ctx := t.Context()
	ada, _ := f.person(t, f.one, f.oneShop, "ada", "101")
	cy, _ := f.person(t, f.sibling, f.siblingShop, "cy", "101")
	var rung []provisioning.DeviceID
	for i, owner := range []customer.Person{ada, ada, ada, cy} {
		d, line := f.device(t, owner)
		f.bind(t, line.ID, binding(line.ID, "sip:a", f.now.Add(time.Hour)))
		rung = append(rung, d.ID)
		b := provisioning.Bell{
			Device: d.ID, Partner: d.Partner, Org: d.Org, Action: provisioning.ActionResync, Revision: 1, Rung: f.now, Due: f.now.Add(time.Duration(i+1) * time.Millisecond),
		}
		f.write(t, d.Tenant(), func(tx provisioning.Tx) error { return tx.Ring(ctx, b) })
	}
	take := func(most, perCustomer int) []provisioning.DeviceID {
		bells, err := f.p.AnyTenantTakeBells(ctx, provisioning.BellTurn{Now: f.now.Add(time.Second), Until: f.now.Add(time.Hour), Most: most, PerCustomer: perCustomer})
		require.NoError(t, err)
		ids := []provisioning.DeviceID{}
		for _, b := range bells {
			ids = append(ids, b.Device)
		}
		return ids
	}
	assert.ElementsMatch(t, []provisioning.DeviceID{rung[0], rung[3]}, take(10, 1), "one of each customer")
	assert.Equal(t, []provisioning.DeviceID{rung[1]}, take(1, 10), "who waits longest")
	assert.Equal(t, []provisioning.DeviceID{rung[2]}, take(10, 10))
	assert.Empty(t, take(0, 10))
}
