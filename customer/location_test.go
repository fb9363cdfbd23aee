package customer_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/fault"
)

// shop is the first location of a customer.
func (o *office) shop(t testing.TB, c customer.Customer) customer.Location {
	t.Helper()
	list, _, err := o.Locations(t.Context(), c.Tenant(), customer.LocationFilter{}, customer.Page{Max: 1})
	require.NoError(t, err)
	require.Len(t, list, 1)
	return list[0]
}

func annex() customer.LocationChange {
	address := springfield
	return customer.LocationChange{Name: "Annex", Address: &address, TimeZone: "America/Chicago", Language: "en", Announcements: "es_MX"}
}

func TestTheFirstLocationHasCallingAndItsMainNumber(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	l := o.shop(t, o.provisioned(t, o.bakery()))
	assert.True(t, l.Calling)
	assert.True(t, l.EmergencyService())
	assert.Equal(t, "+12175550101", l.MainNumber)
	l.Address.Country = "DE"
	assert.False(t, l.EmergencyService(), "only in the US and Canada")
}

func TestWhatCantBeALocation(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	c := o.provisioned(t, o.bakery())
	l, err := o.CreateLocation(t.Context(), o.actor, c.Tenant(), annex())
	require.NoError(t, err)
	assert.Equal(t, []string{"en_us", "es_mx", "IL", "US"}, []string{l.Language, l.AnnouncementLanguage, l.Address.StateOrProvince, l.Address.Country})
	assert.False(t, l.Calling)
	for name, c := range map[string]struct {
		spoil  func(*customer.LocationChange)
		fields []string
	}{
		"nothing":      {func(in *customer.LocationChange) { *in = customer.LocationChange{} }, []string{"address", "announcementLanguage", "name", "preferredLanguage", "timeZone"}},
		"long name":    {func(in *customer.LocationChange) { in.Name = strings.Repeat("ä", 257) }, []string{"name"}},
		"long notes":   {func(in *customer.LocationChange) { in.Notes = strings.Repeat("x", 501) }, []string{"notes"}},
		"zone":         {func(in *customer.LocationChange) { in.TimeZone = "Local" }, []string{"timeZone"}},
		"languages":    {func(in *customer.LocationChange) { in.Language, in.Announcements = "xx", "en_XX" }, []string{"announcementLanguage", "preferredLanguage"}},
		"coordinates":  {func(in *customer.LocationChange) { in.Latitude, in.Longitude = "90.1", "-180.00001" }, []string{"latitude", "longitude"}},
		"no number":    {func(in *customer.LocationChange) { in.Latitude, in.Longitude = "NaN", "0x10" }, []string{"latitude", "longitude"}},
		"long decimal": {func(in *customer.LocationChange) { in.Latitude = "1.0000000000000001" }, []string{"latitude"}},
		"address":      {func(in *customer.LocationChange) { in.Address.PostalCode, in.Address.City = "x", "" }, []string{"address.city", "address.postalCode"}},
	} {
		in := annex()
		c.spoil(&in)
		_, err := o.CreateLocation(t.Context(), o.actor, l.Tenant(), in)
		assert.Equal(t, c.fields, fieldsOf(err), name)
	}
	_, err = o.CreateLocation(t.Context(), o.actor, o.actor.Tenant(), annex())
	assert.Equal(t, []string{"orgId"}, fieldsOf(err), "a partner has to say whose")
}

func TestNobodyIsPutIntoALocationWithoutCalling(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	c := o.provisioned(t, o.bakery())
	l, err := o.CreateLocation(t.Context(), o.actor, c.Tenant(), annex())
	require.NoError(t, err)
	ada := customer.NewSubscriber{
		Customer: c.ID, Email: "ada@bakery.example", Packages: []customer.Package{customer.WebexCalling},
		CallingIdentity: customer.CallingIdentity{Extension: "101", Location: l.ID},
	}
	_, err = o.subscribe(t, c, ada)
	assert.Equal(t, []string{"provisioningParameters.locationId"}, fieldsOf(err))
	require.NoError(t, o.EnableCalling(t.Context(), o.actor, c.Tenant(), l.ID))
	_, err = o.subscribe(t, c, ada)
	require.NoError(t, err)
	err = o.DisableCalling(t.Context(), o.actor, c.Tenant(), l.ID)
	require.ErrorContains(t, err, "1 people belong to the location Annex")
	assert.Equal(t, []int{fault.CodeAssigned}, codesOf(err))
}

func TestCallingNeedsACallingPackage(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	in := o.bakery()
	in.Packages, in.Location = []customer.Package{customer.WebexMeetings}, nil
	c := o.provisioned(t, in)
	l, err := o.CreateLocation(t.Context(), o.actor, c.Tenant(), annex())
	require.NoError(t, err)
	err = o.EnableCalling(t.Context(), o.actor, c.Tenant(), l.ID)
	assert.Equal(t, []int{fault.CodeNotProvisioned}, codesOf(err))
	require.NoError(t, o.DisableCalling(t.Context(), o.actor, c.Tenant(), l.ID), "it is off")
	err = o.EnableCalling(t.Context(), o.actor, c.Tenant(), "nowhere")
	assert.Equal(t, []int{fault.CodeUnknown}, codesOf(err))
}

func TestTheMainNumberStays(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	c := o.provisioned(t, o.bakery())
	l := o.shop(t, c)
	err := o.RemoveNumbers(t.Context(), o.actor, c.Tenant(), l.ID, []string{"+12175550100", "+12175550101"})
	require.ErrorContains(t, err, "+12175550101 is the main number of the location Shop, and can't be removed")
	_, err = o.store.Number(t.Context(), c.Tenant(), "+12175550100")
	require.NoError(t, err, "all or none")
	require.NoError(t, o.SetNumberStates(t.Context(), o.actor, c.Tenant(), l.ID, []string{"+12175550101"}, customer.NumberActive))
	err = o.SetNumberStates(t.Context(), o.actor, c.Tenant(), l.ID, []string{"+12175550101"}, customer.NumberInactive)
	require.ErrorContains(t, err, "taken out of service")
	none := ""
	require.NoError(t, o.ChangeCalling(t.Context(), o.actor, c.Tenant(), l.ID, customer.CallingChange{MainNumber: &none}))
	require.NoError(t, o.RemoveNumbers(t.Context(), o.actor, c.Tenant(), l.ID, []string{"+12175550101"}))
}

func TestAJobOnNumbersIsGivenUpInWords(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	c := o.provisioned(t, o.bakery())
	l := o.shop(t, c)
	o.promises.Hold()
	j, err := o.StartNumberJob(t.Context(), o.actor, c.Tenant(), customer.NewNumberJob{
		Operation: customer.OperationUsage, Usage: customer.UsageService, Source: l.ID, E164: []string{"+1 217 555 0100"},
	})
	require.NoError(t, err)
	assert.Equal(t, []string{"+12175550100"}, j.Numbers)
	require.NoError(t, o.promises.GiveUp(t.Context(), assert.AnError))
	j, err = o.NumberJob(t.Context(), c.Tenant(), j.ID)
	require.NoError(t, err)
	assert.Equal(t, customer.JobFailed, j.State)
	assert.Equal(t, fault.CodeGivenUp, j.Failures[0].Code)
	n, err := o.store.Number(t.Context(), c.Tenant(), "+12175550100")
	require.NoError(t, err)
	assert.Equal(t, customer.UsageNone, n.Usage)
}
