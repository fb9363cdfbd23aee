package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/provisioning"
)

// subscribersChange moves a person from one package to another, frees what hung on it, and takes it away.
func subscribersChange(t *testing.T, f *fixture) {
	ctx, tenant := t.Context(), tenantOf(f.one)
	ada, sub := f.person(t, f.one, f.oneShop, "ada", "101")
	number := customer.Number{E164: "+12175550100", Partner: f.one.Partner, Org: f.one.Org, Location: f.oneShop.ID, State: customer.NumberActive, Type: customer.NumberDID, Usage: customer.UsageNone, Created: f.now}
	f.write(t, tenant, func(tx provisioning.Tx) error {
		_, err := tx.AddNumber(ctx, number)
		require.NoError(t, err)
		return tx.OwnNumber(ctx, tenant, number.E164, customer.MemberID(ada.ID))
	})
	same(t, ada)(f.c.PersonByEmail(ctx, tenant, ada.Email))
	same(t, true)(f.c.AnyTenantHasEmail(ctx, ada.Email))
	same(t, false)(f.c.AnyTenantHasEmail(ctx, "nobody@example.com"))
	_, err := f.c.PersonByEmail(ctx, tenantOf(f.foe), ada.Email)
	assert.True(t, fault.Is(err, fault.NotFound), "a foreign person isn't there")

	changed := sub
	changed.Package, changed.AddOns, changed.LastStatusChange = customer.WebexSuite, []customer.Package{customer.AttendantConsole}, f.now.Add(time.Hour)
	moved := ada
	moved.FirstName, moved.Extension, moved.Location = "Zoë", "", ""
	f.write(t, tenant, func(tx provisioning.Tx) error {
		require.NoError(t, tx.SetPackages(ctx, changed))
		require.NoError(t, tx.FreeNumbers(ctx, tenant, customer.MemberID(ada.ID)))
		return tx.SetPerson(ctx, moved)
	})
	same(t, changed)(f.c.Subscriber(ctx, tenant, sub.ID))
	same(t, moved)(f.c.Person(ctx, tenant, ada.ID))
	same(t, number)(f.c.Number(ctx, tenant, number.E164))
	for pkg, want := range map[customer.Package]int{customer.AttendantConsole: 1, customer.WebexSuite: 1, customer.WebexCalling: 0, "": 1} {
		same(t, want)(f.c.CountSubscribers(ctx, tenant, pkg))
	}
	for name, filter := range map[string]customer.SubscriberFilter{
		"created before": {CreatedAfter: sub.Created}, "changed before": {ChangedAfter: changed.LastStatusChange},
	} {
		list, _, err := f.c.Subscribers(ctx, tenant, filter, everything)
		require.NoError(t, err)
		assert.Empty(t, list, name)
	}
	_, bob := f.person(t, f.one, f.oneShop, "bob", "102")
	for want, filter := range map[customer.SubscriberID]customer.SubscriberFilter{
		bob.ID: {CreatedAfter: sub.Created}, sub.ID: {ChangedAfter: changed.LastStatusChange.Add(-time.Microsecond)},
	} {
		list, _, err := f.c.Subscribers(ctx, tenant, filter, everything)
		require.NoError(t, err)
		require.Len(t, list, 1)
		assert.Equal(t, want, list[0].ID)
	}
	list, _, err := f.c.Subscribers(ctx, tenant, customer.SubscriberFilter{ByStatusChange: true, Descending: true}, everything)
	require.NoError(t, err)
	assert.Equal(t, []customer.SubscriberID{sub.ID, bob.ID}, []customer.SubscriberID{list[0].ID, list[1].ID})

	foreign := changed
	foreign.Partner, foreign.Org = f.foe.Partner, f.foe.Org
	for name, write := range map[string]func(provisioning.Tx) error{
		"packages": func(tx provisioning.Tx) error { return tx.SetPackages(ctx, foreign) },
		"delete":   func(tx provisioning.Tx) error { return tx.DeleteSubscriber(ctx, tenantOf(f.foe), sub.ID) },
		"person": func(tx provisioning.Tx) error {
			p := moved
			p.Partner, p.Org = f.foe.Partner, f.foe.Org
			return tx.SetPerson(ctx, p)
		},
	} {
		err := f.p.Update(ctx, tenantOf(f.foe), write)
		assert.True(t, fault.Is(err, fault.NotFound), "%s of another partner: %v", name, err)
	}
	f.write(t, tenant, func(tx provisioning.Tx) error { return tx.DeleteSubscriber(ctx, tenant, sub.ID) })
	_, err = f.c.Subscriber(ctx, tenant, sub.ID)
	assert.True(t, fault.Is(err, fault.NotFound))
	same(t, moved)(f.c.Person(ctx, tenant, ada.ID))
}
