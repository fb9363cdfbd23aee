package storetest

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/provisioning"
)

// sipBan is one of an address, which was tried from there a minute ago.
func (f *fixture) sipBan(address string) provisioning.SIPBan {
	a := netip.MustParseAddr(address)
	return provisioning.SIPBan{
		Address: a, Peer: a, Reason: "guesses", First: f.now.Add(-2 * time.Minute), Last: f.now.Add(-time.Minute), Count: 20, Until: f.now.Add(time.Hour),
	}
}

// sipBansAreShared writes bans as two nodes do, and reads them as the others do.
func sipBansAreShared(t *testing.T, f *fixture) {
	ctx := t.Context()
	ban, other := f.sipBan("192.0.2.7"), f.sipBan("2001:db8::")
	at := f.now
	require.NoError(t, f.p.AnyTenantNoteSIPBans(ctx, []provisioning.SIPBan{other, ban}, at, 100))
	ban.Changed, other.Changed = at, at
	same(t, []provisioning.SIPBan{ban, other})(f.p.AnyTenantChangedSIPBans(ctx, time.Time{}, at, 100))
	same(t, []provisioning.SIPBan{ban})(f.p.AnyTenantChangedSIPBans(ctx, time.Time{}, at, 1))
	same(t, []provisioning.SIPBan{})(f.p.AnyTenantChangedSIPBans(ctx, at.Add(time.Second), at, 100))
	same(t, []provisioning.SIPBan{})(f.p.AnyTenantChangedSIPBans(ctx, time.Time{}, ban.Until, 100))

	// Another node adds what it saw.
	more := ban
	more.First, more.Last, more.Count, more.Until = at, at.Add(time.Second), 5, ban.Until.Add(-time.Minute)
	require.NoError(t, f.p.AnyTenantNoteSIPBans(ctx, []provisioning.SIPBan{more}, at.Add(time.Second), 100))
	ban.Last, ban.Count, ban.Changed = at.Add(time.Second), 25, at.Add(time.Second)
	same(t, []provisioning.SIPBan{ban, other})(f.p.AnyTenantSIPBans(ctx, at, 100))

	// It is lifted; what still comes in of it doesn't bring it back, and a new ban does.
	lifted := at.Add(2 * time.Second)
	require.NoError(t, f.p.AnyTenantLiftSIPBan(ctx, ban.Address, lifted))
	assert.True(t, fault.Is(f.p.AnyTenantLiftSIPBan(ctx, ban.Address, lifted), fault.NotFound))
	assert.True(t, fault.Is(f.p.AnyTenantLiftSIPBan(ctx, netip.MustParseAddr("192.0.2.8"), lifted), fault.NotFound))
	more.Count = 1
	require.NoError(t, f.p.AnyTenantNoteSIPBans(ctx, []provisioning.SIPBan{more}, lifted, 100))
	same(t, []provisioning.SIPBan{other})(f.p.AnyTenantSIPBans(ctx, at, 100))
	ban.Count, ban.Lifted, ban.Changed = 26, lifted, lifted
	same(t, []provisioning.SIPBan{ban})(f.p.AnyTenantChangedSIPBans(ctx, lifted, at, 100))
	more.Until = ban.Until.Add(time.Minute)
	require.NoError(t, f.p.AnyTenantNoteSIPBans(ctx, []provisioning.SIPBan{more}, lifted, 100))
	ban.Count, ban.Lifted, ban.Until = 27, time.Time{}, more.Until
	same(t, []provisioning.SIPBan{ban, other})(f.p.AnyTenantSIPBans(ctx, at, 100))

	same(t, 1)(f.p.DeleteEndedSIPBans(ctx, ban.Until, 10))
	same(t, []provisioning.SIPBan{ban})(f.p.AnyTenantSIPBans(ctx, at, 100))
	var many []provisioning.SIPBan
	for i := range 20 {
		b := f.sipBan(fmt.Sprintf("198.51.100.%d", i))
		b.Until = at.Add(time.Duration(i) * time.Minute)
		many = append(many, b)
	}
	require.NoError(t, f.p.AnyTenantNoteSIPBans(ctx, many, at, 10))
	left, err := f.p.AnyTenantSIPBans(ctx, time.Time{}, 100)
	require.NoError(t, err)
	assert.Len(t, left, 10)
}

// sipBansAreSeenAtHome lets administrators see the bans of addresses that their own phones come from.
func sipBansAreSeenAtHome(t *testing.T, f *fixture) {
	ctx := t.Context()
	ada, _ := f.person(t, f.one, f.oneShop, "ada", "101")
	d, _ := f.device(t, ada)
	home, abroad := f.sipBan("192.0.2.7"), f.sipBan("198.51.100.9")
	require.NoError(t, f.p.AppendTrace(ctx, []provisioning.TraceEntry{{Device: d.ID, Time: f.now, Door: "sip", Peer: home.Peer, Standing: provisioning.StandingRegistered}}, provisioning.TraceBound{Keep: 10, Every: 1}))
	require.NoError(t, f.p.AnyTenantNoteSIPBans(ctx, []provisioning.SIPBan{home, abroad}, f.now, 100))
	home.Changed = f.now
	scope := provisioning.SIPBanScope{Now: f.now, KnownSince: f.now.Add(-2 * time.Hour)}
	page := customer.Page{Max: 10}
	seen := func(tenant customer.Tenant, scope provisioning.SIPBanScope) []provisioning.SIPBan {
		t.Helper()
		list, _, err := f.p.SIPBans(ctx, tenant, scope, page)
		require.NoError(t, err)
		return list
	}
	assert.Equal(t, []provisioning.SIPBan{home}, seen(d.Tenant(), scope))
	assert.Equal(t, []provisioning.SIPBan{home}, seen(customer.Tenant{Partner: d.Partner}, scope))
	for _, stranger := range []customer.Tenant{f.sibling.Tenant(), f.foe.Tenant()} {
		assert.Empty(t, seen(stranger, scope))
		err := f.p.Update(ctx, stranger, func(tx provisioning.Tx) error { return tx.LiftSIPBan(ctx, stranger, home.Address, scope) })
		assert.True(t, fault.Is(err, fault.NotFound))
	}
	late := scope
	late.KnownSince = f.now.Add(time.Hour)
	assert.Empty(t, seen(d.Tenant(), late), "its phone was there too long ago")
	f.write(t, d.Tenant(), func(tx provisioning.Tx) error { return tx.LiftSIPBan(ctx, d.Tenant(), home.Address, scope) })
	assert.Empty(t, seen(d.Tenant(), scope))
}

// linesAreWatched reads how lines are registered, as those who watch them do.
func linesAreWatched(t *testing.T, f *fixture) {
	ctx := t.Context()
	ada, _ := f.person(t, f.one, f.oneShop, "ada", "101")
	bob, _ := f.person(t, f.foe, f.foeShop, "bob", "102")
	_, one := f.device(t, ada)
	_, two := f.device(t, bob)
	valid, over := binding(one.ID, "sip:a", f.now.Add(time.Hour)), binding(one.ID, "sip:b", f.now)
	valid.Node, over.Node = "n1", "n1"
	f.bind(t, one.ID, valid, over)
	same(t, 1)(f.p.AnyTenantCountBindings(ctx, "n1", f.now))
	same(t, 0)(f.p.AnyTenantCountBindings(ctx, "n2", f.now))
	got, err := f.p.AnyTenantLineRegistrations(ctx, []provisioning.LineID{one.ID, two.ID, "gone"}, f.now)
	require.NoError(t, err)
	assert.Equal(t, map[provisioning.LineID]provisioning.StoredLineRegistration{
		one.ID: {Bindings: []provisioning.Binding{valid}, HA1: one.HA1}, two.ID: {HA1: two.HA1},
	}, got)
	got, err = f.p.AnyTenantLineRegistrations(ctx, nil, f.now)
	require.NoError(t, err)
	assert.Empty(t, got)
}
