package storetest

import (
	"testing"
	"time"

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
	changed.Packages = []customer.CustomerPackage{
		{Package: customer.WebexSuite, Status: customer.PackageError, Errors: []customer.Notice{{Code: 90000, Message: "why"}}},
		{Package: customer.WebexCalling, Limit: 7, Status: customer.PackageDeleting},
	}
	shop := f.oneShop
	changed.PartnerRole, changed.Restricted, changed.BillingStart = customer.PartnerProvisioningAdmin, false, time.Time{}
	changed.Errors = []customer.Notice{{Code: 90099, Message: "gave up"}}
	changed.Pending = customer.Pending{Actor: "ada@example.com", Location: &shop, Numbers: []string{"+12175550100"}}
	require.NoError(t, f.c.Update(ctx, tenantOf(f.one), func(tx customer.Tx) error { return tx.SetCustomer(ctx, changed) }))
	same(t, changed)(f.c.Customer(ctx, f.one.Partner, f.one.ID))
	same(t, f.sibling)(f.c.Customer(ctx, f.sibling.Partner, f.sibling.ID))
	renamed, err := f.c.Subscriber(ctx, tenantOf(f.one), sub.ID)
	require.NoError(t, err)
	assert.Equal(t, "renamed", renamed.ExternalCustomerID)
	same(t, other)(f.c.Subscriber(ctx, tenantOf(f.sibling), other.ID))

	same(t, true)(f.c.AnyTenantHasSIPDomain(ctx, f.sibling.SIPDomain))
	double := f.sibling
	double.ExternalID = "renamed"
	err = f.c.Update(ctx, tenantOf(f.sibling), func(tx customer.Tx) error { return tx.SetCustomer(ctx, double) })
	assert.True(t, fault.Is(err, fault.Conflict), "%v", err)
	assert.Equal(t, "externalId 90013", problem(err))
	foreign := changed
	foreign.Partner = f.foe.Partner
	err = f.c.Update(ctx, tenantOf(f.foe), func(tx customer.Tx) error { return tx.SetCustomer(ctx, foreign) })
	assert.True(t, fault.Is(err, fault.NotFound), "%v", err)
	customerIsRemoved(t, f)
}

// customerIsRemoved ends a customer; its organisation stays, and nobody else can end it.
func customerIsRemoved(t *testing.T, f *fixture) {
	t.Helper()
	ctx := t.Context()
	remove := func(partner customer.OrgID) error {
		return f.c.Update(ctx, tenantOf(f.sibling), func(tx customer.Tx) error { return tx.DeleteCustomer(ctx, partner, f.sibling.ID) })
	}
	assert.True(t, fault.Is(remove(f.foe.Partner), fault.NotFound))
	assert.True(t, fault.Is(remove(f.sibling.Partner), fault.NotFound), "somebody still subscribes with it")
	subscribers, _, err := f.c.Subscribers(ctx, tenantOf(f.sibling), customer.SubscriberFilter{}, everything)
	require.NoError(t, err)
	require.NoError(t, f.c.Update(ctx, tenantOf(f.sibling), func(tx customer.Tx) error {
		for _, s := range subscribers {
			if err := tx.DeleteSubscriber(ctx, s.Tenant(), s.ID); err != nil {
				return err
			}
		}
		return nil
	}))
	require.NoError(t, remove(f.sibling.Partner))
	_, err = f.c.Customer(ctx, f.sibling.Partner, f.sibling.ID)
	assert.True(t, fault.Is(err, fault.NotFound))
	same(t, f.siblingShop)(f.c.Location(ctx, tenantOf(f.sibling), f.siblingShop.ID))
	same(t, false)(f.c.AnyTenantHasSIPDomain(ctx, f.sibling.SIPDomain))
}

// templatesChange replaces and deletes a template; another partner can do neither.
func templatesChange(t *testing.T, f *fixture) {
	ctx, partner := t.Context(), customer.Tenant{Partner: f.one.Partner}
	write := func(tenant customer.Tenant, fn func(customer.Tx) error) error { return f.c.Update(ctx, tenant, fn) }
	own, err := f.c.Template(ctx, f.one.Partner, f.one.Template)
	require.NoError(t, err)
	same(t, 1)(f.c.CountCustomers(ctx, f.one.Partner, own.ID))
	same(t, 0)(f.c.CountCustomers(ctx, f.foe.Partner, own.ID))
	free := own
	free.ID, free.ProvisioningID, free.Name = customer.TemplateID(id()), id(), "free"
	require.NoError(t, write(partner, func(tx customer.Tx) error { return tx.CreateTemplate(ctx, free) }))
	free.Name, free.Country, free.Language, free.SubscriptionID = "renamed", "DE", "de_DE", "S2"
	require.NoError(t, write(partner, func(tx customer.Tx) error { return tx.SetTemplate(ctx, free) }))
	same(t, free)(f.c.Template(ctx, f.one.Partner, free.ID))

	double := free
	double.Name = own.Name
	err = write(partner, func(tx customer.Tx) error { return tx.SetTemplate(ctx, double) })
	assert.Equal(t, "name 90014", problem(err))
	foreign := free
	foreign.Partner = f.foe.Partner
	for name, fn := range map[string]func(customer.Tx) error{
		"set":    func(tx customer.Tx) error { return tx.SetTemplate(ctx, foreign) },
		"delete": func(tx customer.Tx) error { return tx.DeleteTemplate(ctx, f.foe.Partner, free.ID) },
	} {
		err := write(customer.Tenant{Partner: f.foe.Partner}, fn)
		assert.True(t, fault.Is(err, fault.NotFound), "%s: %v", name, err)
	}
	err = write(partner, func(tx customer.Tx) error { return tx.DeleteTemplate(ctx, f.one.Partner, own.ID) })
	assert.True(t, fault.Is(err, fault.NotFound), "a customer refers to it: %v", err)
	require.NoError(t, write(partner, func(tx customer.Tx) error { return tx.DeleteTemplate(ctx, f.one.Partner, free.ID) }))
	_, err = f.c.Template(ctx, f.one.Partner, free.ID)
	assert.True(t, fault.Is(err, fault.NotFound))
}
