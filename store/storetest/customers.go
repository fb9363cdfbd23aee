package storetest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/fault"
)

// customersChange replaces what can change of a customer, and nothing of others.
func customersChange(t *testing.T, f *fixture) {
	ctx := t.Context()
	_, sub := f.person(t, f.one, f.oneShop, "ada", "101")
	_, other := f.person(t, f.sibling, f.siblingShop, "bob", "101")
	changed := f.one
	changed.ExternalID, changed.Status, changed.Address.Line1 = "renamed", customer.StatusUpdating, "2 Side Street"
	changed.Packages = []customer.PackageQuantity{{Package: customer.WebexSuite}, {Package: customer.WebexCalling, Limit: 7}}
	require.NoError(t, f.c.Update(ctx, tenantOf(f.one), func(tx customer.Tx) error { return tx.SetCustomer(ctx, changed) }))
	same(t, changed)(f.c.Customer(ctx, f.one.Partner, f.one.ID))
	same(t, f.sibling)(f.c.Customer(ctx, f.sibling.Partner, f.sibling.ID))
	renamed, err := f.c.Subscriber(ctx, tenantOf(f.one), sub.ID)
	require.NoError(t, err)
	assert.Equal(t, "renamed", renamed.ExternalCustomerID)
	same(t, other)(f.c.Subscriber(ctx, tenantOf(f.sibling), other.ID))

	double := f.sibling
	double.ExternalID = "renamed"
	err = f.c.Update(ctx, tenantOf(f.sibling), func(tx customer.Tx) error { return tx.SetCustomer(ctx, double) })
	assert.True(t, fault.Is(err, fault.Conflict), "%v", err)
	assert.Equal(t, "externalId 0", problem(err))
	foreign := changed
	foreign.Partner = f.foe.Partner
	err = f.c.Update(ctx, tenantOf(f.foe), func(tx customer.Tx) error { return tx.SetCustomer(ctx, foreign) })
	assert.True(t, fault.Is(err, fault.NotFound), "%v", err)
}
