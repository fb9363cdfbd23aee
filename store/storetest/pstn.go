package storetest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/fault"
)

// pstnVendorsChange creates, replaces and deletes PSTN vendors; another partner sees none of them.
func pstnVendorsChange(t *testing.T, f *fixture) {
	ctx, partner, foe := t.Context(), f.one.Partner, f.foe.Partner
	write := func(partner customer.OrgID, fn func(customer.Tx) error) error {
		return f.c.Update(ctx, customer.Tenant{Partner: partner}, fn)
	}
	carrier := customer.PSTNVendor{ID: customer.PSTNVendorID(id()), Partner: partner, Name: "Carrier", Countries: []string{"CA", "US"}, Created: f.tick()}
	other := customer.PSTNVendor{ID: customer.PSTNVendorID(id()), Partner: partner, Name: "Other", Countries: []string{"DE"}, Created: f.tick()}
	require.NoError(t, write(partner, func(tx customer.Tx) error { return tx.CreatePSTNVendor(ctx, carrier) }))
	require.NoError(t, write(partner, func(tx customer.Tx) error { return tx.CreatePSTNVendor(ctx, other) }))
	same(t, carrier)(f.c.PSTNVendor(ctx, partner, carrier.ID))
	list, more, err := f.c.PSTNVendors(ctx, partner, customer.Page{Max: 1})
	require.NoError(t, err)
	assert.True(t, more)
	assert.Equal(t, []customer.PSTNVendor{carrier}, list)

	changed := carrier
	changed.Name, changed.Countries = "Changed", []string{"FR"}
	require.NoError(t, write(partner, func(tx customer.Tx) error { return tx.SetPSTNVendor(ctx, changed) }))
	same(t, changed)(f.c.PSTNVendor(ctx, partner, carrier.ID))
	same(t, other)(f.c.PSTNVendor(ctx, partner, other.ID))

	double, again := other, other
	double.Name = "Changed"
	again.ID = customer.PSTNVendorID(id())
	for name, fn := range map[string]func(customer.Tx) error{
		"set":    func(tx customer.Tx) error { return tx.SetPSTNVendor(ctx, double) },
		"create": func(tx customer.Tx) error { return tx.CreatePSTNVendor(ctx, again) },
	} {
		err := write(partner, fn)
		assert.True(t, fault.Is(err, fault.Conflict), "%s: %v", name, err)
		assert.Equal(t, "name 90014", problem(err), name)
	}
	again.Partner = foe
	require.NoError(t, write(foe, func(tx customer.Tx) error { return tx.CreatePSTNVendor(ctx, again) }), "another partner may have the name")

	foreign := changed
	foreign.Partner = foe
	for name, fn := range map[string]func(customer.Tx) error{
		"read":    func(tx customer.Tx) error { _, err := tx.PSTNVendor(ctx, foe, carrier.ID); return err },
		"hostile": func(tx customer.Tx) error { _, err := tx.PSTNVendor(ctx, foe, "a\x00b"); return err },
		"set":     func(tx customer.Tx) error { return tx.SetPSTNVendor(ctx, foreign) },
		"delete":  func(tx customer.Tx) error { return tx.DeletePSTNVendor(ctx, foe, carrier.ID) },
	} {
		err := write(foe, fn)
		assert.True(t, fault.Is(err, fault.NotFound), "%s: %v", name, err)
	}
	require.NoError(t, write(partner, func(tx customer.Tx) error { return tx.DeletePSTNVendor(ctx, partner, carrier.ID) }))
	_, err = f.c.PSTNVendor(ctx, partner, carrier.ID)
	assert.True(t, fault.Is(err, fault.NotFound))
}
