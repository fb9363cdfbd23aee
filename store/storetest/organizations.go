package storetest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/provisioning"
)

// organizationsMove lets a customer go, and another partner attach its organisation with all that is in it.
func organizationsMove(t *testing.T, f *fixture) {
	ctx := t.Context()
	person, sub := f.person(t, f.one, f.oneShop, "ada", "101")
	device, _ := f.device(t, person)
	org, err := f.c.AnyTenantOrganization(ctx, f.one.Org)
	require.NoError(t, err)
	assert.Equal(t, customer.Organization{
		ID: f.one.Org, Partner: f.one.Partner, SIPDomain: f.one.SIPDomain, Name: f.one.Name, PrimaryEmail: f.one.PrimaryEmail, Language: "en_US",
		Authentication: f.one.Onboarding.Authentication, OtherLicenses: customer.LicensesNone, Served: true, People: 1, Created: f.one.Created,
	}, org)
	same(t, org)(f.c.Organization(ctx, f.one.Tenant(), f.one.Org))
	same(t, org)(f.c.Organization(ctx, customer.Tenant{Partner: f.one.Partner}, f.one.Org))
	for name, tenant := range map[string]customer.Tenant{"sibling": f.sibling.Tenant(), "foe": f.foe.Tenant()} {
		_, err := f.c.Organization(ctx, tenant, f.one.Org)
		assert.True(t, fault.Is(err, fault.NotFound), name)
	}
	org.Domains, org.OtherLicenses, org.Trial = []customer.EmailDomain{{Name: "a.example", Claimed: true}, {Name: "b.example"}}, customer.LicensesActive, true
	org.Echo = customer.EchoDemanded
	write := func(c customer.Customer, fn func(provisioning.Tx) error) error {
		return f.p.Update(ctx, tenantOf(c), fn)
	}
	require.NoError(t, write(f.one, func(tx provisioning.Tx) error { return tx.SetOrganization(ctx, org) }))
	same(t, org)(f.c.AnyTenantOrganization(ctx, f.one.Org))
	foreign := org
	foreign.Partner = f.foe.Partner
	err = write(f.foe, func(tx provisioning.Tx) error { return tx.SetOrganization(ctx, foreign) })
	assert.True(t, fault.Is(err, fault.NotFound))

	require.NoError(t, write(f.one, func(tx provisioning.Tx) error {
		return tx.SetDisabledModels(ctx, tenantOf(f.one), []string{"DMS Cisco 8851"})
	}))

	next := f.foe
	next.ID, next.Org, next.ExternalID, next.SIPDomain, next.Name, next.PrimaryEmail, next.Language = customer.CustomerID(id()), "", "next", "", "", "", ""
	next.Pending = customer.Pending{Attach: org.ID, AsksConsent: true, Consented: true}
	require.NoError(t, write(f.foe, func(tx provisioning.Tx) error { return tx.CreateCustomer(ctx, next) }))
	same(t, next)(f.c.Customer(ctx, f.foe.Partner, next.ID))
	err = write(f.foe, func(tx provisioning.Tx) error { return tx.AttachOrganization(ctx, org, next) })
	assert.Equal(t, "orgId 90018", problem(err), "it is somebody's customer")
	require.NoError(t, write(f.one, func(tx provisioning.Tx) error {
		require.NoError(t, tx.DeleteDevice(ctx, tenantOf(f.one), device.ID))
		require.NoError(t, tx.DeleteSubscriber(ctx, tenantOf(f.one), sub.ID))
		return tx.DeleteCustomer(ctx, f.one.Partner, f.one.ID)
	}))
	require.NoError(t, write(f.foe, func(tx provisioning.Tx) error { return tx.AttachOrganization(ctx, org, next) }))
	attached, err := f.c.CustomerByOrg(ctx, f.foe.Partner, org.ID)
	require.NoError(t, err)
	assert.Equal(t, next.ID, attached.ID)
	assert.Equal(t, f.one.Name, attached.Name)
	assert.Equal(t, f.one.SIPDomain, attached.SIPDomain)
	same(t, []string{})(f.p.DisabledModels(ctx, attached.Tenant()))
	same(t, []string{})(f.p.DisabledModels(ctx, tenantOf(f.one)))
	_, err = f.c.Person(ctx, tenantOf(f.one), person.ID)
	assert.True(t, fault.Is(err, fault.NotFound), "its old partner sees nothing of it any more")
	moved, err := f.c.Person(ctx, attached.Tenant(), person.ID)
	require.NoError(t, err)
	assert.Equal(t, person.Email, moved.Email)
	places, _, err := f.c.Locations(ctx, attached.Tenant(), customer.LocationFilter{}, customer.Page{Max: 10})
	require.NoError(t, err)
	assert.Len(t, places, 1)
}

// peopleMove takes somebody whose organisation nobody serves any more.
func peopleMove(t *testing.T, f *fixture) {
	ctx := t.Context()
	person, sub := f.person(t, f.one, f.oneShop, "ada", "101")
	colleague, others := f.person(t, f.one, f.oneShop, "bob", "102")
	f.watch(t, person, monitoredMember(colleague))
	f.watch(t, colleague, monitoredMember(person))
	_, err := f.c.AnyTenantFreePerson(ctx, person.Email)
	assert.True(t, fault.Is(err, fault.NotFound), "the organisation is served")
	take := func() error {
		return f.c.Update(ctx, tenantOf(f.foe), func(tx customer.Tx) error {
			got, err := tx.TakePerson(ctx, tenantOf(f.foe), person.ID)
			if err == nil {
				same(t, got)(tx.Person(ctx, tenantOf(f.foe), person.ID))
			}
			return err
		})
	}
	err = take()
	assert.True(t, fault.Is(err, fault.Conflict), "%v", err)
	require.NoError(t, f.c.Update(ctx, tenantOf(f.one), func(tx customer.Tx) error {
		require.NoError(t, tx.DeleteSubscriber(ctx, tenantOf(f.one), sub.ID))
		require.NoError(t, tx.DeleteSubscriber(ctx, tenantOf(f.one), others.ID))
		return tx.DeleteCustomer(ctx, f.one.Partner, f.one.ID)
	}))
	same(t, person.ID)(f.c.AnyTenantFreePerson(ctx, person.Email))
	require.NoError(t, take())
	for name, who := range map[string]customer.Person{"taken": person, "left behind": colleague} {
		for _, tenant := range []customer.Tenant{tenantOf(f.one), tenantOf(f.foe)} {
			list, err := f.p.Monitoring(ctx, tenant, who.Member().ID)
			require.NoError(t, err)
			assert.Empty(t, list, "%s watches across organisations", name)
		}
	}
	moved, err := f.c.PersonByEmail(ctx, tenantOf(f.foe), person.Email)
	require.NoError(t, err)
	assert.Equal(t, customer.Person{
		ID: person.ID, Partner: f.foe.Partner, Org: f.foe.Org, Email: person.Email, FirstName: person.FirstName, LastName: person.LastName, Created: person.Created,
	}, moved)

	pending := sub
	pending.ID, pending.Partner, pending.Org, pending.Customer, pending.ExternalCustomerID = customer.SubscriberID(id()), f.foe.Partner, f.foe.Org, f.foe.ID, f.foe.ExternalID
	pending.Status = customer.SubscriberPendingMigration
	pending.Pending = customer.PendingPerson{FirstName: "Ada", LastName: "B", CallingIdentity: customer.CallingIdentity{Number: "+12175550100", Extension: "101", Location: f.foeShop.ID}}
	require.NoError(t, f.c.Update(ctx, tenantOf(f.foe), func(tx customer.Tx) error { return tx.CreateSubscriber(ctx, pending) }))
	same(t, pending)(f.c.Subscriber(ctx, tenantOf(f.foe), pending.ID))
	pending.Status, pending.Pending, pending.Errors = customer.SubscriberProvisioned, customer.PendingPerson{}, []customer.Notice{{Code: 90023, Message: "no"}}
	require.NoError(t, f.c.Update(ctx, tenantOf(f.foe), func(tx customer.Tx) error { return tx.SetSubscriber(ctx, pending) }))
	same(t, pending)(f.c.Subscriber(ctx, tenantOf(f.foe), pending.ID))
	err = f.c.Update(ctx, tenantOf(f.sibling), func(tx customer.Tx) error {
		foreign := pending
		foreign.Partner, foreign.Org = f.sibling.Partner, f.sibling.Org
		return tx.SetSubscriber(ctx, foreign)
	})
	assert.True(t, fault.Is(err, fault.NotFound))
}
