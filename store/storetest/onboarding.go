package storetest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/fault"
)

// whatIsReferredToStays has a template, a customer and a location refer to an identity provider and a PSTN vendor: all of it comes back, is counted, and
// keeps both from being deleted. What a customer took from its template stays when that changes.
func whatIsReferredToStays(t *testing.T, f *fixture) {
	ctx, partner := t.Context(), f.one.Partner
	write := func(tenant customer.Tenant, fn func(customer.Tx) error) error { return f.c.Update(ctx, tenant, fn) }
	login := f.newIdentityProvider(partner, "Login")
	carrier := customer.PSTNVendor{ID: customer.PSTNVendorID(id()), Partner: partner, Name: "Carrier", Countries: []string{"US"}, Created: f.tick()}
	full := customer.Template{
		ID: customer.TemplateID(id()), Partner: partner, ProvisioningID: id(), Name: "full", Country: "US", Language: "en_US", SubscriptionID: "S", Created: f.tick(),
		Type: customer.WebexForWholesale, ServiceProviderAdmin: "b@example.com", IdentityProviderName: "Login", PSTNVendor: carrier.ID, BrandName: "Brand",
		Authentication:         customer.Authentication{Mode: customer.AuthenticateOIDC, IdentityProvider: login.ID},
		AllowAdminInviteEmails: true, AllowNonPSTNCalls: true,
	}
	c, shop := f.one, f.oneShop
	c.ID, c.Org, c.ExternalID, c.SIPDomain, c.Template = customer.CustomerID(id()), customer.OrgID(id()), "full", id(), full.ID
	c.Onboarding = customer.Onboarding{SubscriptionID: "S", Authentication: full.Authentication, BrandName: "Brand", PSTNVendor: carrier.ID, AllowNonPSTNCalls: true}
	shop.ID, shop.Org, shop.PSTNVendor = customer.LocationID(id()), c.Org, carrier.ID
	require.NoError(t, write(customer.Tenant{Partner: partner}, func(tx customer.Tx) error {
		require.NoError(t, tx.CreateIdentityProvider(ctx, login))
		require.NoError(t, tx.CreatePSTNVendor(ctx, carrier))
		require.NoError(t, tx.CreateTemplate(ctx, full))
		require.NoError(t, tx.CreateCustomer(ctx, c))
		return tx.CreateLocation(ctx, shop)
	}))
	same(t, full)(f.c.Template(ctx, partner, full.ID))
	same(t, full)(f.c.TemplateByProvisioningID(ctx, partner, full.ProvisioningID))
	same(t, c)(f.c.Customer(ctx, partner, c.ID))
	same(t, shop)(f.c.Location(ctx, tenantOf(c), shop.ID))
	list, _, err := f.c.Templates(ctx, partner, everything)
	require.NoError(t, err)
	assert.Equal(t, full, list[len(list)-1])

	same(t, customer.Uses{Templates: 1, Customers: 1})(f.c.IdentityProviderUses(ctx, partner, login.ID))
	same(t, customer.Uses{Templates: 1, Customers: 1, Locations: 1})(f.c.PSTNVendorUses(ctx, partner, carrier.ID))
	same(t, customer.Uses{})(f.c.IdentityProviderUses(ctx, f.foe.Partner, login.ID))
	same(t, customer.Uses{})(f.c.PSTNVendorUses(ctx, f.foe.Partner, carrier.ID))

	plain := full
	plain.Authentication, plain.IdentityProviderName = customer.Authentication{Mode: customer.AuthenticateSAML, EntityID: "urn:x"}, ""
	plain.PSTNVendor, plain.BrandName, plain.ServiceProviderAdmin = "", "", "c@example.com"
	plain.AllowAdminInviteEmails, plain.AllowNonPSTNCalls = false, false
	require.NoError(t, write(customer.Tenant{Partner: partner}, func(tx customer.Tx) error { return tx.SetTemplate(ctx, plain) }))
	same(t, plain)(f.c.Template(ctx, partner, full.ID))
	same(t, c)(f.c.Customer(ctx, partner, c.ID))
	changed := c
	changed.Status, changed.Onboarding = customer.StatusUpdating, customer.Onboarding{}
	require.NoError(t, write(tenantOf(c), func(tx customer.Tx) error { return tx.SetCustomer(ctx, changed) }))
	changed.Onboarding = c.Onboarding
	same(t, changed)(f.c.Customer(ctx, partner, c.ID))

	for name, fn := range map[string]func(customer.Tx) error{
		"identity provider": func(tx customer.Tx) error { return tx.DeleteIdentityProvider(ctx, partner, login.ID) },
		"PSTN vendor":       func(tx customer.Tx) error { return tx.DeletePSTNVendor(ctx, partner, carrier.ID) },
	} {
		err := write(customer.Tenant{Partner: partner}, fn)
		assert.True(t, fault.Is(err, fault.NotFound), "a customer refers to the %s: %v", name, err)
	}
	require.NoError(t, write(tenantOf(c), func(tx customer.Tx) error { return tx.DeleteCustomer(ctx, partner, c.ID) }))
	same(t, customer.Uses{})(f.c.IdentityProviderUses(ctx, partner, login.ID))
	same(t, customer.Uses{Locations: 1})(f.c.PSTNVendorUses(ctx, partner, carrier.ID))
	require.NoError(t, write(customer.Tenant{Partner: partner}, func(tx customer.Tx) error { return tx.DeleteIdentityProvider(ctx, partner, login.ID) }))
}
