package customer_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
)

// createWorkspace makes a workspace in a transaction of its own.
func (o *office) createWorkspace(t *testing.T, c customer.Customer, in customer.WorkspaceFields) (customer.Workspace, error) {
	t.Helper()
	var w customer.Workspace
	err := o.store.Update(t.Context(), c.Tenant(), func(tx customer.Tx) error {
		var err error
		w, err = o.CreateWorkspace(t.Context(), tx, o.actor, c, in)
		return err
	})
	return w, err
}

func (o *office) changeWorkspace(t *testing.T, c customer.Customer, id customer.WorkspaceID, in customer.WorkspaceFields) (customer.Workspace, error) {
	t.Helper()
	var w customer.Workspace
	err := o.store.Update(t.Context(), c.Tenant(), func(tx customer.Tx) error {
		var err error
		_, w, err = o.ChangeWorkspace(t.Context(), tx, o.actor, c, id, in)
		return err
	})
	return w, err
}

func TestAWorkspaceIsMadeAndChanged(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	c := o.provisioned(t, o.bakery())
	plain, err := o.createWorkspace(t, c, customer.WorkspaceFields{Name: " Hall "})
	require.NoError(t, err)
	assert.Equal(t, customer.Workspace{
		ID: plain.ID, Partner: c.Partner, Org: c.Org, Name: "Hall", Capacity: -1, Type: "notSet", Calling: "freeCalling",
		Calendar: customer.Calendar{Type: "none"}, Devices: "collaborationDevices", Created: plain.Created,
	}, plain)
	shops, _, err := o.Locations(t.Context(), c.Tenant(), customer.LocationFilter{}, customer.Page{Max: 1})
	require.NoError(t, err)
	five, on, maps := 5, true, "https://maps.example.com/1"
	full := customer.WorkspaceFields{
		Name: "Grand Hall", Place: shops[0].ID, Floor: "2", Capacity: &five, Type: "huddle", Notes: "by the door", HotDesking: &on, MapURL: &maps,
		Calendar:       &customer.Calendar{Type: "google", Email: "Hall@bakery.example", ResourceGroup: "g"},
		HostedMeetings: &customer.HostedMeetings{Enabled: true, SiteURL: "bakery.example.com"},
		Calling:        &customer.WorkspaceCalling{Type: customer.CallingWebex, CallingIdentity: customer.CallingIdentity{Extension: "801", Number: "+12175550100"}},
	}
	got, err := o.changeWorkspace(t, c, plain.ID, full)
	require.NoError(t, err)
	want := customer.Workspace{
		ID: plain.ID, Partner: c.Partner, Org: c.Org, Name: "Grand Hall", Place: shops[0].ID, Floor: "2", Capacity: 5, Type: "huddle", Notes: "by the door",
		Calling: "webexCalling", Package: "webex_calling", Location: shops[0].ID, Extension: "801", Number: "+12175550100",
		Calendar: customer.Calendar{Type: "google", Email: "hall@bakery.example", ResourceGroup: "g"}, HotDesking: true, Devices: "collaborationDevices",
		HostedMeetings: customer.HostedMeetings{Enabled: true, SiteURL: "bakery.example.com"}, MapURL: maps, Created: plain.Created,
	}
	assert.Equal(t, want, got)
	none := ""
	got, err = o.changeWorkspace(t, c, plain.ID, customer.WorkspaceFields{MapURL: &none, Calendar: &customer.Calendar{}})
	require.NoError(t, err)
	want.Capacity, want.Type, want.Notes, want.MapURL = -1, "notSet", "", ""
	assert.Equal(t, want, got, "what isn't said stays, but for four")
	kept, err := o.Workspace(t.Context(), c.Tenant(), plain.ID)
	require.NoError(t, err)
	assert.Equal(t, want, kept)

	got, err = o.changeWorkspace(t, c, plain.ID, customer.WorkspaceFields{
		Calendar: &customer.Calendar{Type: "none", Email: "x"}, Calling: &customer.WorkspaceCalling{Type: customer.CallingThirdParty, SIPAddress: "sip:hall@example.com"},
	})
	require.NoError(t, err)
	assert.Equal(t, customer.Calendar{Type: "none"}, got.Calendar)
	assert.Equal(t, "hall@example.com", got.SIPAddress)
	n, err := o.store.Number(t.Context(), c.Tenant(), "+12175550100")
	require.NoError(t, err)
	assert.Empty(t, n.Owner, "the number is free again")
}

func TestAWorkspaceIsRefusedByField(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	c := o.provisioned(t, o.bakery())
	shops, _, err := o.Locations(t.Context(), c.Tenant(), customer.LocationFilter{}, customer.Page{Max: 1})
	require.NoError(t, err)
	known, err := o.createWorkspace(t, c, customer.WorkspaceFields{Name: "Hall", Place: shops[0].ID, Devices: customer.Phones})
	require.NoError(t, err)
	minus, bad := -1, "ftp://maps"
	calling := func(in customer.WorkspaceCalling) customer.WorkspaceFields {
		return customer.WorkspaceFields{Calling: &in}
	}
	identity := func(in customer.CallingIdentity) customer.WorkspaceFields {
		return calling(customer.WorkspaceCalling{Type: customer.CallingWebex, CallingIdentity: in})
	}
	const elsewhere = "6f0c8a52-3b1e-4d57-9f3a-0d1c2b3a4958"
	for _, tc := range []struct {
		field string
		in    customer.WorkspaceFields
	}{
		{"displayName", customer.WorkspaceFields{Name: strings.Repeat("x", 129)}},
		{"locationId", customer.WorkspaceFields{Place: elsewhere}},
		{"supportedDevices", customer.WorkspaceFields{Devices: customer.CollaborationDevices}},
		{"supportedDevices", customer.WorkspaceFields{Devices: "toasters"}},
		{"capacity", customer.WorkspaceFields{Capacity: &minus}},
		{"type", customer.WorkspaceFields{Type: "castle"}},
		{"notes", customer.WorkspaceFields{Notes: strings.Repeat("x", 2001)}},
		{"calendar.type", customer.WorkspaceFields{Calendar: &customer.Calendar{Type: "paper", Email: "a@example.com"}}},
		{"calendar.emailAddress", customer.WorkspaceFields{Calendar: &customer.Calendar{Type: "google"}}},
		{"deviceHostedMeetings.siteUrl", customer.WorkspaceFields{HostedMeetings: &customer.HostedMeetings{Enabled: true}}},
		{"indoorNavigation.url", customer.WorkspaceFields{MapURL: &bad}},
		{"calling.type", calling(customer.WorkspaceCalling{})},
		{"sipAddress", calling(customer.WorkspaceCalling{Type: customer.CallingThirdParty, SIPAddress: "hall"})},
		{"provisioningParameters", identity(customer.CallingIdentity{})},
		{"provisioningParameters.extension", identity(customer.CallingIdentity{Extension: "1"})},
		{"provisioningParameters.primaryPhoneNumber", identity(customer.CallingIdentity{Number: "+12175559999"})},
		{"provisioningParameters.primaryPhoneNumber", identity(customer.CallingIdentity{Number: "x", Extension: "801"})},
		{"provisioningParameters.locationId", identity(customer.CallingIdentity{Extension: "801", Location: elsewhere})},
	} {
		_, err := o.changeWorkspace(t, c, known.ID, tc.in)
		require.NotEmpty(t, fieldsOf(err), "%s: %v", tc.field, err)
		assert.Equal(t, tc.field, fieldsOf(err)[0], "%v", err)
	}
	for field, in := range map[string]customer.WorkspaceFields{"displayName": {}, "locationId": {Name: "Hall", Floor: "2"}} {
		_, err := o.createWorkspace(t, c, in)
		assert.Equal(t, []string{field}, fieldsOf(err), "%v", err)
	}
	_, err = o.createWorkspace(t, c, customer.WorkspaceFields{Name: "Hall", Place: elsewhere})
	assert.Equal(t, []string{"locationId"}, fieldsOf(err))
	kept, err := o.Workspace(t.Context(), c.Tenant(), known.ID)
	require.NoError(t, err)
	assert.Equal(t, known, kept)
}

func TestMembersHaveAPlaceInEachOrder(t *testing.T) {
	t.Parallel()
	m := customer.Member{ID: "1", FirstName: "Ada", LastName: "ÅBERG"}
	assert.Equal(t, customer.Cursor{Key: "ada åberg", ID: "1"}, customer.ByFirstName.Cursor(m))
	assert.Equal(t, customer.Cursor{Key: "åberg ada", ID: "1"}, customer.ByLastName.Cursor(m))
	assert.Equal(t, customer.Cursor{At: m.Created, ID: "1"}, customer.ByCreation.Cursor(m))
	assert.NotEmpty(t, customer.ByLastName.Key(customer.Member{}), "a cursor says by it how the list is ordered")
}
