package customer_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/fault"
)

// changed replaces the office's template with what change makes of it.
func (o *office) changed(t testing.TB, change func(*customer.NewTemplate)) {
	t.Helper()
	in := customer.NewTemplate{Name: "Small", Country: "US", Language: "en", SubscriptionID: "Sub-1"}
	change(&in)
	var err error
	o.template, err = o.ChangeTemplate(t.Context(), o.actor, o.template.ID, in)
	require.NoError(t, err)
}

func (o *office) locationsOf(t testing.TB, c customer.Customer) []customer.Location {
	t.Helper()
	list, _, err := o.Locations(t.Context(), c.Tenant(), customer.LocationFilter{}, customer.Page{Max: 10})
	require.NoError(t, err)
	return list
}

func TestACustomerKeepsWhatItsTemplateSaid(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	login, err := o.CreateIdentityProvider(t.Context(), o.actor, exampleLogin())
	require.NoError(t, err)
	carrier := o.carrier(t, "Carrier", "US")
	plain := o.provisioned(t, o.bakery())
	assert.Equal(t, customer.Onboarding{SubscriptionID: "Sub-1", Authentication: customer.Authentication{Mode: "webex"}}, plain.Onboarding)
	assert.Empty(t, o.locationsOf(t, plain)[0].PSTNVendor)

	o.changed(t, func(in *customer.NewTemplate) {
		in.Authentication = customer.NewAuthentication{Mode: "partner_oidc", IdentityProvider: "EXAMPLE_login-1.~"}
		in.PSTNVendor, in.BrandName, in.AllowNonPSTNCalls = carrier.ID, "Brand", true
	})
	assert.Equal(t, "Example_Login-1.~", o.template.IdentityProviderName)
	assert.Equal(t, plain, o.kept(t, plain), "a change concerns customers that are created later")
	second := o.bakery()
	second.ExternalID, second.Location.Numbers, second.Location.MainNumber = "second", nil, ""
	full := o.provisioned(t, second)
	want := customer.Onboarding{
		SubscriptionID: "Sub-1",
		Authentication: customer.Authentication{Mode: "partner_oidc", IdentityProvider: login.ID}, BrandName: "Brand", PSTNVendor: carrier.ID, AllowNonPSTNCalls: true,
	}
	assert.Equal(t, want, full.Onboarding)
	assert.Equal(t, carrier.ID, o.locationsOf(t, full)[0].PSTNVendor)

	o.changed(t, func(in *customer.NewTemplate) {
		in.Authentication = customer.NewAuthentication{Mode: "partner_saml", EntityID: "https://login.example.com/saml"}
	})
	assert.Equal(t, full, o.kept(t, full))
	assert.Equal(t, carrier.ID, o.locationsOf(t, full)[0].PSTNVendor)
	err = o.DeleteTemplate(t.Context(), o.actor, o.template.ID)
	assert.Equal(t, []int{90012}, codesOf(err), "%v", err)
	assert.Equal(t, full, o.kept(t, full))
	for _, err := range []error{o.DeleteIdentityProvider(t.Context(), o.actor, login.ID), o.DeletePSTNVendor(t.Context(), o.actor, carrier.ID)} {
		assert.True(t, fault.Is(err, fault.Conflict), "%v", err)
		assert.Equal(t, []int{90012}, codesOf(err))
	}
	assert.Equal(t, "The identity provider Example_Login-1.~ is used by 1 customers. It can't be deleted before that ends.",
		fault.Message(o.DeleteIdentityProvider(t.Context(), o.actor, login.ID)))
	assert.Equal(t, "The PSTN vendor Carrier is used by 1 customers and 1 locations. It can't be deleted before that ends.",
		fault.Message(o.DeletePSTNVendor(t.Context(), o.actor, carrier.ID)))

	require.NoError(t, o.RemoveCustomer(t.Context(), o.actor, full.ID))
	require.NoError(t, o.DeleteIdentityProvider(t.Context(), o.actor, login.ID))
	assert.Equal(t, "The PSTN vendor Carrier is used by 1 locations. It can't be deleted before that ends.",
		fault.Message(o.DeletePSTNVendor(t.Context(), o.actor, carrier.ID)), "the organisation stays, with its locations")
}

// refusedByCarrier is a customer whose first location is in a country that its vendor doesn't serve.
func (o *office) refusedByCarrier(t testing.TB) (customer.Customer, customer.PSTNVendor) {
	t.Helper()
	carrier := o.carrier(t, "Carrier", "DE", "FR")
	o.changed(t, func(in *customer.NewTemplate) { in.PSTNVendor = carrier.ID })
	c, err := o.Provision(t.Context(), o.actor, o.bakery())
	require.NoError(t, err, "it is accepted")
	c = o.kept(t, c)
	assert.Equal(t, customer.StatusProvisionedWithErrors, c.Status)
	assert.Equal(t, map[customer.Package]customer.PackageStatus{"webex_calling": "error", "webex_meetings": "provisioned"}, statesOf(c))
	calling, _ := c.Package(customer.WebexCalling)
	assert.Equal(t, []customer.Notice{{Code: 90030, Message: "The PSTN vendor Carrier doesn't serve US, the country of the location Shop. " +
		"Add the country to the vendor, or choose a location in a country that it serves, and update the customer."}}, calling.Errors)
	assert.Empty(t, o.locationsOf(t, c))
	return c, carrier
}

func TestAVendorThatDoesntServeTheCountryIsFixed(t *testing.T) {
	t.Parallel()
	t.Run("by the vendor", func(t *testing.T) {
		t.Parallel()
		o := newOffice(t)
		c, carrier := o.refusedByCarrier(t)
		again := customer.CustomerChange{Packages: o.bakery().Packages}
		_, err := o.ChangeCustomer(t.Context(), o.actor, c.ID, again)
		require.NoError(t, err)
		assert.Equal(t, customer.StatusProvisionedWithErrors, o.kept(t, c).Status, "nothing was mended yet")
		_, err = o.ChangePSTNVendor(t.Context(), o.actor, carrier.ID, customer.NewPSTNVendor{Name: "Carrier", Countries: []string{"US"}})
		require.NoError(t, err)
		assert.Equal(t, customer.StatusProvisionedWithErrors, o.kept(t, c).Status, "the customer waits to be updated")
		_, err = o.ChangeCustomer(t.Context(), o.actor, c.ID, again)
		require.NoError(t, err)
		assert.Equal(t, customer.StatusProvisioned, o.kept(t, c).Status)
		locations := o.locationsOf(t, c)
		require.Len(t, locations, 1)
		assert.Equal(t, carrier.ID, locations[0].PSTNVendor)
		assert.Equal(t, "US", locations[0].Address.Country)
	})
	t.Run("by the location", func(t *testing.T) {
		t.Parallel()
		o := newOffice(t)
		c, carrier := o.refusedByCarrier(t)
		o.changed(t, func(*customer.NewTemplate) {})
		err := o.DeletePSTNVendor(t.Context(), o.actor, carrier.ID)
		assert.Equal(t, []int{90012}, codesOf(err), "the customer waits for it, whatever the template says now: %v", err)
		_, err = o.ChangeCustomer(t.Context(), o.actor, c.ID, customer.CustomerChange{Packages: o.bakery().Packages, Location: &customer.NewLocation{
			Name: "Laden", Address: customer.Address{Line1: "Allee 1", City: "Berlin", PostalCode: "10115", Country: "DE"}, TimeZone: "Europe/Berlin", Language: "de_de",
		}})
		require.NoError(t, err)
		assert.Equal(t, customer.StatusProvisioned, o.kept(t, c).Status)
		locations := o.locationsOf(t, c)
		require.Len(t, locations, 1)
		assert.Equal(t, carrier.ID, locations[0].PSTNVendor)
		assert.Equal(t, "DE", locations[0].Address.Country)
	})
}

func TestACheckFindsAVendorThatDoesntServeTheCountry(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	carrier := o.carrier(t, "Carrier", "DE")
	o.changed(t, func(in *customer.NewTemplate) { in.PSTNVendor = carrier.ID })
	err := o.CheckProvision(t.Context(), o.actor, o.bakery())
	assert.True(t, fault.Is(err, fault.Conflict), "%v", err)
	assert.Equal(t, []int{90030}, codesOf(err))
	assert.Equal(t, []string{"provisioningParameters.calling.location.address.country"}, fieldsOf(err))
	without := o.bakery()
	without.Packages, without.Location = []customer.Package{customer.WebexMeetings}, nil
	assert.NoError(t, o.CheckProvision(t.Context(), o.actor, without), "without a location nobody asks")
}
