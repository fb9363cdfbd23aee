package storetest

import (
	"context"
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

// serial reads the zone's serial number.
func (f *fixture) serial(t *testing.T) uint32 {
	t.Helper()
	n, err := f.store.Directory().AnyTenantZoneSerial(t.Context())
	require.NoError(t, err)
	return n
}

// A node keeps its own row alive; only what DNS says raises the serial number.
func nodesComeAndGo(t *testing.T, f *fixture) {
	ctx, s := t.Context(), f.store.Nodes()
	a := nodes.Node{
		Name: "a", Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")}, UDP: 5060, TCP: 5060, TLS: 5061, Priority: 10, Weight: 30,
		Alive: true, Seen: f.now,
	}
	b := nodes.Node{Name: "b", Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.2")}, TLS: 5061, Priority: 20, Weight: 10, Alive: true, Seen: f.now.Add(time.Minute)}
	before := f.serial(t)
	require.NoError(t, s.AnyTenantAnnounce(ctx, b))
	require.NoError(t, s.AnyTenantAnnounce(ctx, a))
	same(t, []nodes.Node{a, b})(s.AnyTenantNodes(ctx))
	assert.Equal(t, before+2, f.serial(t))

	a.Seen = f.now.Add(2 * time.Minute)
	require.NoError(t, s.AnyTenantAnnounce(ctx, a))
	assert.Equal(t, before+2, f.serial(t), "it only said that it is there")
	same(t, []nodes.Node{a, b})(f.store.Directory().AnyTenantNodes(ctx))

	require.NoError(t, s.AnyTenantDrain(ctx, "a", true, nodes.Act{}))
	a.Draining = true
	require.NoError(t, s.AnyTenantAnnounce(ctx, nodes.Node{Name: "a", Addresses: a.Addresses, UDP: 5060, TCP: 5060, TLS: 5061, Priority: 10, Weight: 31, Alive: true, Seen: a.Seen}))
	a.Weight = 31
	same(t, []nodes.Node{a, b})(s.AnyTenantNodes(ctx))
	assert.Equal(t, before+4, f.serial(t), "an announcement doesn't end what an operator began")

	same(t, 1)(s.AnyTenantSilence(ctx, f.now.Add(2*time.Minute)))
	b.Alive = false
	same(t, []nodes.Node{a, b})(s.AnyTenantNodes(ctx))
	same(t, 0)(s.AnyTenantSilence(ctx, f.now.Add(2*time.Minute)))
	assert.Equal(t, before+5, f.serial(t))

	require.NoError(t, s.AnyTenantLeave(ctx, "a"))
	require.NoError(t, s.AnyTenantLeave(ctx, "a"))
	a.Alive = false
	same(t, []nodes.Node{a, b})(s.AnyTenantNodes(ctx))
	assert.Equal(t, before+6, f.serial(t), "the second time said nothing new")
	a.Alive = true
	require.NoError(t, s.AnyTenantAnnounce(ctx, a))
	same(t, []nodes.Node{a, b})(s.AnyTenantNodes(ctx))
	before += 2

	act := nodes.Act{By: nodes.By{Partner: string(f.one.Partner), Email: "ada@example.com"}, Time: f.now}
	require.NoError(t, s.AnyTenantForget(ctx, "b", act))
	noted, _, err := f.c.Events(ctx, customer.Tenant{Partner: f.one.Partner}, customer.EventFilter{Kind: customer.EventNodeForgotten}, customer.Page{Max: 10})
	require.NoError(t, err)
	require.Len(t, noted, 1)
	assert.Equal(t, []string{"b", "ada@example.com"}, []string{noted[0].Subject, noted[0].Actor})
	assert.Equal(t, before+6, f.serial(t))
	assert.True(t, fault.Is(s.AnyTenantForget(ctx, "b", act), fault.NotFound))
	assert.True(t, fault.Is(s.AnyTenantDrain(ctx, "b", true, nodes.Act{}), fault.NotFound))
	assert.Equal(t, before+6, f.serial(t))
}

// A domain that appears or disappears raises the number in its own transaction.
func theZoneRises(t *testing.T, f *fixture) {
	ctx, d := t.Context(), f.store.Directory()
	listed, err := d.AnyTenantSIPDomains(ctx, "", 1000)
	require.NoError(t, err)
	require.NotEmpty(t, listed)
	assert.IsIncreasing(t, listed)
	same(t, listed[1:])(d.AnyTenantSIPDomains(ctx, listed[0], 1000))
	same(t, listed[:1])(d.AnyTenantSIPDomains(ctx, "", 1))

	before := f.serial(t)
	c, _ := f.customer(t, f.one.Partner, "fresh")
	assert.Equal(t, before+1, f.serial(t))
	assert.Contains(t, domainsOf(t, d), c.SIPDomain)
	failed := f.p.Update(ctx, tenantOf(f.one), func(tx provisioning.Tx) error {
		require.NoError(t, tx.DeleteCustomer(ctx, c.Partner, c.ID))
		return fault.New(fault.Conflict, "no")
	})
	require.Error(t, failed)
	assert.Equal(t, before+1, f.serial(t), "what wasn't committed didn't happen")
	f.write(t, customer.Tenant{Partner: c.Partner}, func(tx provisioning.Tx) error { return tx.DeleteCustomer(ctx, c.Partner, c.ID) })
	assert.Equal(t, before+2, f.serial(t))
	assert.NotContains(t, domainsOf(t, d), c.SIPDomain, "its organisation is still there, but nobody serves it")
}

func domainsOf(t *testing.T, d nodes.Directory) []string {
	t.Helper()
	all, err := d.AnyTenantSIPDomains(t.Context(), "", 1000)
	require.NoError(t, err)
	return all
}

// CustomersComeAtOnce lets two partners create customers in transactions that overlap: neither waits, and each counts when it is committed. On a database whose
// writers take turns it would wait for itself.
func CustomersComeAtOnce(t *testing.T, s Store) {
	t.Helper()
	f := newFixture(t, s)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	d, before := s.Directory(), f.serial(t)
	fresh := func(c customer.Customer, name string) customer.Customer {
		c.ID, c.Org, c.ExternalID, c.SIPDomain = customer.CustomerID(id()), customer.OrgID(id()), name, id()+".sip.example"
		return c
	}
	slow, quick := fresh(f.one, "slow"), fresh(f.foe, "quick")
	create := func(c customer.Customer, then func()) error {
		return f.p.Update(ctx, customer.Tenant{Partner: c.Partner}, func(tx provisioning.Tx) error {
			err := tx.CreateCustomer(ctx, c)
			then()
			return err
		})
	}
	require.NoError(t, create(slow, func() {
		require.NoError(t, create(quick, func() {}), "it needn't wait for the other")
		assert.Equal(t, before+1, f.serial(t), "the one that is committed")
		assert.Contains(t, domainsOf(t, d), quick.SIPDomain)
		assert.NotContains(t, domainsOf(t, d), slow.SIPDomain)
	}))
	assert.Equal(t, before+2, f.serial(t), "the late one is a change of its own, whichever began first")
	assert.Contains(t, domainsOf(t, d), slow.SIPDomain)
}
