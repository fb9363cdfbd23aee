package customer_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/fault"
)

// changePerson changes somebody in a transaction of its own.
func (o *office) changePerson(t *testing.T, c customer.Customer, id customer.PersonID, in customer.PersonChange) (before, after customer.Person, err error) {
	t.Helper()
	err = o.store.Update(t.Context(), c.Tenant(), func(tx customer.Tx) error {
		var err error
		before, after, err = o.ChangePerson(t.Context(), tx, o.actor, c, id, in)
		return err
	})
	return before, after, err
}

func TestAPersonIsRenamedMovedAndRenumbered(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	c := o.provisioned(t, o.bakery())
	shop, _, err := o.Locations(t.Context(), c.Tenant(), customer.LocationFilter{}, customer.Page{Max: 1})
	require.NoError(t, err)
	annex := shop[0]
	annex.ID, annex.Name = "6f0c8a52-3b1e-4d57-9f3a-0d1c2b3a4958", "Annex"
	require.NoError(t, o.store.Update(t.Context(), c.Tenant(), func(tx customer.Tx) error { return tx.CreateLocation(t.Context(), annex) }))
	ada, err := o.subscribe(t, c, customer.NewSubscriber{Email: "ada@bakery.example", FirstName: "Ada", Packages: []customer.Package{customer.WebexCalling},
		CallingIdentity: customer.CallingIdentity{Location: shop[0].ID, Extension: "101", Number: "+12175550100"}})
	require.NoError(t, err)
	_, err = o.subscribe(t, c, customer.NewSubscriber{Email: "bob@bakery.example", Packages: []customer.Package{customer.WebexCalling},
		CallingIdentity: customer.CallingIdentity{Location: shop[0].ID, Extension: "102", Number: "+12175550101"}})
	require.NoError(t, err)
	identity := func(location customer.LocationID, extension, number string) customer.PersonChange {
		return customer.PersonChange{CallingIdentity: customer.CallingIdentity{Location: location, Extension: extension, Number: number}}
	}
	person := func() customer.Person {
		p, err := o.store.Person(t.Context(), c.Tenant(), ada.Person)
		require.NoError(t, err)
		return p
	}
	first := person()
	for name, change := range map[string]customer.PersonChange{
		"nothing": {}, "the same": {FirstName: "Ada", CallingIdentity: customer.CallingIdentity{Location: shop[0].ID, Extension: " 101", Number: "+1 217 555 0100"}},
	} {
		before, after, err := o.changePerson(t, c, ada.Person, change)
		require.NoError(t, err, name)
		assert.Equal(t, before, after, name)
	}
	for field, change := range map[string]customer.PersonChange{
		"provisioningParameters.firstName":          {FirstName: strings.Repeat("x", 65)},
		"provisioningParameters.lastName":           {LastName: "a\nb"},
		"provisioningParameters.extension":          identity("", "102", ""),
		"provisioningParameters.primaryPhoneNumber": identity("", "", "+12175550101"),
		"provisioningParameters.locationId":         identity("6f0c8a52-3b1e-4d57-9f3a-000000000000", "", "+12175550109"),
	} {
		_, _, err := o.changePerson(t, c, ada.Person, change)
		require.NotEmpty(t, fault.ProblemsOf(err), "%s: %v", field, err)
		assert.Equal(t, field, fault.ProblemsOf(err)[0].Field, "%v", err)
	}
	_, _, err = o.changePerson(t, c, ada.Person, identity(annex.ID, "", ""))
	assert.Contains(t, fault.Message(err), "belongs to another location", "the number would be left behind")
	assert.Equal(t, first, person(), "nothing of it stays")

	change := identity(annex.ID, "102", "")
	change.FirstName, change.NoNumber = "Grace", true
	before, after, err := o.changePerson(t, c, ada.Person, change)
	require.NoError(t, err)
	assert.Equal(t, first, before)
	assert.Equal(t, person(), after)
	assert.Equal(t, []string{"Grace", "102", ""}, []string{after.FirstName, after.Extension, after.Number})
	assert.Equal(t, annex.ID, after.Location)
	n, err := o.store.Number(t.Context(), c.Tenant(), "+12175550100")
	require.NoError(t, err)
	assert.Empty(t, n.Owner)
	events, _, err := o.Events(t.Context(), c.Tenant(), customer.EventFilter{Kind: customer.EventPersonChanged}, customer.Page{Max: 10})
	require.NoError(t, err)
	assert.Len(t, events, 1)

	require.NoError(t, o.store.Update(t.Context(), c.Tenant(), func(tx customer.Tx) error {
		_, err := o.Unsubscribe(t.Context(), tx, o.actor, c.Tenant(), ada.ID)
		return err
	}))
	_, after, err = o.changePerson(t, c, ada.Person, customer.PersonChange{LastName: "Hopper", CallingIdentity: change.CallingIdentity})
	require.NoError(t, err)
	assert.Equal(t, "Hopper", after.LastName)
	assert.Empty(t, after.Extension, "who has no calling package has none")

	o.promises.Hold()
	_, err = o.ChangeCustomer(t.Context(), o.actor, c.ID, customer.CustomerChange{Packages: []customer.Package{customer.WebexCalling, customer.WebexMeetings}})
	require.NoError(t, err)
	c = o.kept(t, c)
	_, _, err = o.changePerson(t, c, ada.Person, customer.PersonChange{LastName: "Late"})
	assert.Equal(t, []int{90010}, codesOf(err))
	assert.Equal(t, []int{90010}, codesOf(c.MayChange()))
}
