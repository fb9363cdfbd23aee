package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/fault"
)

// subPartnersChange creates, lists and changes sub-partners: only their parent can.
func subPartnersChange(t *testing.T, f *fixture) {
	ctx, parent := t.Context(), f.one.Partner
	write := func(fn func(customer.Tx) error) error { return f.c.Update(ctx, customer.Tenant{Partner: parent}, fn) }
	sub := customer.Partner{
		ID: customer.OrgID(id()), Parent: parent, Name: "Süb", State: customer.PartnerActive, Subscription: "S", BillingStart: f.now.Truncate(24 * time.Hour), Created: f.tick(),
	}
	second := sub
	second.ID, second.State, second.Created = customer.OrgID(id()), customer.PartnerSuspended, f.tick()
	require.NoError(t, write(func(tx customer.Tx) error { return tx.CreatePartner(ctx, sub) }))
	require.NoError(t, write(func(tx customer.Tx) error { return tx.CreatePartner(ctx, second) }))
	same(t, sub)(f.c.SubPartner(ctx, parent, sub.ID))
	for state, want := range map[customer.PartnerState][]customer.Partner{"": {sub, second}, "active": {sub}, "suspended": {second}} {
		got, more, err := f.c.SubPartners(ctx, parent, state, customer.Page{Max: 10})
		require.NoError(t, err)
		assert.Equal(t, want, got, "%s", state)
		assert.False(t, more)
	}
	sub.Name, sub.State = "Renamed", customer.PartnerSuspended
	require.NoError(t, write(func(tx customer.Tx) error { return tx.SetPartner(ctx, sub) }))
	same(t, sub)(f.c.SubPartner(ctx, parent, sub.ID))

	_, err := f.c.SubPartner(ctx, f.foe.Partner, sub.ID)
	assert.True(t, fault.Is(err, fault.NotFound), "it is somebody else's")
	_, err = f.c.SubPartner(ctx, parent, f.foe.Partner)
	assert.True(t, fault.Is(err, fault.NotFound), "it is nobody's")
	foreign := sub
	foreign.Parent = f.foe.Partner
	err = write(func(tx customer.Tx) error { return tx.SetPartner(ctx, foreign) })
	assert.True(t, fault.Is(err, fault.NotFound))
	none, _, err := f.c.SubPartners(ctx, f.foe.Partner, "", customer.Page{Max: 10})
	require.NoError(t, err)
	assert.Empty(t, none)
}

// adminsChange creates, lists, changes and deletes administrators of a partner and of one of its customers.
func adminsChange(t *testing.T, f *fixture) {
	ctx, whole := t.Context(), customer.Tenant{Partner: f.one.Partner}
	write := func(fn func(customer.Tx) error) error { return f.c.Update(ctx, whole, fn) }
	full := customer.Admin{ID: customer.AdminID(id()), Partner: f.one.Partner, Email: "full@example.com", FirstName: "Ünï", LastName: "O'Hara", Role: customer.RoleFullPartner, Created: f.tick()}
	local := customer.Admin{ID: customer.AdminID(id()), Partner: f.one.Partner, Org: f.one.Org, Email: "local@example.com", Role: customer.RoleFullCustomer, Created: f.tick()}
	token := customer.Token{ID: customer.TokenID(id()), Hash: customer.TokenHash{7}, Partner: f.one.Partner, Admin: local.ID, Name: "t", Created: f.now}
	require.NoError(t, write(func(tx customer.Tx) error {
		require.NoError(t, tx.CreateAdmin(ctx, full))
		require.NoError(t, tx.CreateAdmin(ctx, local))
		return tx.CreateToken(ctx, token)
	}))
	same(t, full)(f.c.Admin(ctx, whole, full.ID))
	same(t, 1)(f.c.CountAdmins(ctx, f.one.Partner, customer.RoleFullPartner))
	for _, c := range []struct {
		tenant customer.Tenant
		want   []customer.Admin
	}{{whole, []customer.Admin{full, local}}, {f.one.Tenant(), []customer.Admin{local}}, {f.sibling.Tenant(), []customer.Admin{}}, {f.foe.Tenant(), []customer.Admin{}}} {
		got, _, err := f.c.Admins(ctx, c.tenant, customer.Page{Max: 10})
		require.NoError(t, err)
		assert.Equal(t, c.want, got, "%v", c.tenant)
	}
	_, err := f.c.Admin(ctx, f.sibling.Tenant(), local.ID)
	assert.True(t, fault.Is(err, fault.NotFound))
	double := local
	double.ID = customer.AdminID(id())
	err = write(func(tx customer.Tx) error { return tx.CreateAdmin(ctx, double) })
	assert.True(t, fault.Is(err, fault.Conflict), "%v", err)

	local.FirstName, local.LastName, local.Role = "A", "B", customer.RoleReadOnlyCustomer
	require.NoError(t, write(func(tx customer.Tx) error { return tx.SetAdmin(ctx, local) }))
	same(t, local)(f.c.Admin(ctx, whole, local.ID))
	foreign := local
	foreign.Partner = f.foe.Partner
	for name, fn := range map[string]func(customer.Tx) error{
		"set":    func(tx customer.Tx) error { return tx.SetAdmin(ctx, foreign) },
		"delete": func(tx customer.Tx) error { return tx.DeleteAdmin(ctx, f.foe.Partner, local.ID) },
	} {
		err := write(fn)
		assert.True(t, fault.Is(err, fault.NotFound), "%s: %v", name, err)
	}
	require.NoError(t, write(func(tx customer.Tx) error { return tx.DeleteAdmin(ctx, f.one.Partner, local.ID) }))
	_, err = f.c.AnyTenantToken(ctx, token.Hash)
	assert.True(t, fault.Is(err, fault.NotFound), "its tokens end with it")
}
