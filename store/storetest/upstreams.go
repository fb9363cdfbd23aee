package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/provisioning"
	"dialtone/upstream"
)

// A partner's upstream is its own, and its sub-partners' that have none.
func upstreamsChange(t *testing.T, f *fixture) {
	ctx, s := t.Context(), f.store.Upstreams()
	partner, foe := f.partners[0], f.partners[1]
	sub := customer.Partner{ID: customer.OrgID(id()), Parent: partner.ID, Name: "Sub", State: customer.PartnerActive, Created: f.tick()}
	f.write(t, customer.Tenant{Partner: partner.ID}, func(tx provisioning.Tx) error { return tx.CreatePartner(ctx, sub) })
	_, err := s.UpstreamInForce(ctx, sub.ID)
	assert.True(t, fault.Is(err, fault.NotFound))

	set := func(u upstream.Setting) {
		t.Helper()
		require.NoError(t, s.Update(ctx, customer.Tenant{Partner: u.Partner}, func(tx upstream.Tx) error { return tx.SetUpstream(ctx, u) }))
	}
	u := upstream.Setting{
		Partner: partner.ID, On: true, Host: "sip.example.com", Port: 5070, Transport: upstream.TLS, CA: "-----BEGIN", Credentials: upstream.Own, Domain: "example.com",
		Expires: 10 * time.Minute, Rate: 7, Changed: f.tick(),
	}
	set(u)
	same(t, u)(s.Upstream(ctx, partner.ID))
	same(t, u)(s.UpstreamInForce(ctx, sub.ID))
	same(t, u)(s.AnyTenantUpstreamOfDomain(ctx, f.one.SIPDomain))
	for _, other := range []customer.OrgID{sub.ID, foe.ID} {
		_, err = s.Upstream(ctx, other)
		assert.True(t, fault.Is(err, fault.NotFound))
	}
	_, err = s.AnyTenantUpstreamOfDomain(ctx, f.foe.SIPDomain)
	assert.True(t, fault.Is(err, fault.NotFound), "another partner's customer")

	u.On, u.Host, u.Port, u.Transport, u.CA, u.Credentials, u.Domain, u.Rate = false, "192.0.2.1", 0, upstream.UDP, "", upstream.Passed, "", 50
	set(u)
	same(t, u)(s.Upstream(ctx, partner.ID))
	own := upstream.Setting{Partner: sub.ID, On: true, Host: "192.0.2.2", Transport: upstream.TCP, Credentials: upstream.Own, Expires: time.Hour, Rate: 1, Changed: f.tick()}
	set(own)
	same(t, own)(s.UpstreamInForce(ctx, sub.ID))
	remove := func(p customer.OrgID) error {
		return s.Update(ctx, customer.Tenant{Partner: p}, func(tx upstream.Tx) error { return tx.DeleteUpstream(ctx, p) })
	}
	require.NoError(t, remove(sub.ID))
	same(t, u)(s.UpstreamInForce(ctx, sub.ID))
	assert.True(t, fault.Is(remove(sub.ID), fault.NotFound))
}
