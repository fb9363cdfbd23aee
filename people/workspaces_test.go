package people_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/people"
	"dialtone/provisioning"
)

// calling is a workspace with calling under an extension.
func calling(name, extension string, packages ...customer.Package) customer.WorkspaceFields {
	return customer.WorkspaceFields{
		Name: name, Devices: customer.Phones,
		Calling: &customer.WorkspaceCalling{Type: customer.CallingWebex, CallingIdentity: customer.CallingIdentity{Extension: extension}, Packages: packages},
	}
}

// at is a workspace as it is asked for, with a location, as the customer has two.
func (h *hall) at(in customer.WorkspaceFields) customer.WorkspaceFields {
	in.Calling.Location = h.Shop.ID
	return in
}

// place makes a workspace with calling in the shop.
func (h *hall) place(t *testing.T, name, extension string) customer.Workspace {
	t.Helper()
	w, err := h.People.AddWorkspace(t.Context(), h.Actor, h.Customer.Tenant(), h.at(calling(name, extension)))
	require.NoError(t, err)
	return w
}

// phoneOf adds a phone of a member, with a line for it and, behind that, for others.
func (h *hall) phoneOf(t *testing.T, owner customer.Member, mac byte, others ...customer.Member) provisioning.Device {
	t.Helper()
	in := provisioning.NewDevice{MAC: fmt.Sprintf("00562B0001%02X", mac), Model: "Cisco 8851", Workspace: owner.ID}
	if owner.Kind == customer.MemberPerson {
		in.Person, in.Workspace = customer.PersonID(owner.ID), ""
	}
	v, err := h.AddDevice(t.Context(), h.Actor, owner.Tenant(), in)
	require.NoError(t, err)
	list := []provisioning.NewMember{{Member: owner.ID, Primary: true, Options: provisioning.LineOptions{Weight: 1}}}
	for _, m := range others {
		list = append(list, provisioning.NewMember{Member: m.ID, Options: provisioning.LineOptions{Weight: 1}})
	}
	if len(others) > 0 {
		require.NoError(t, h.SetMembers(t.Context(), h.Actor, owner.Tenant(), v.ID, list))
	}
	d, err := h.Store.Device(t.Context(), owner.Tenant(), v.ID)
	require.NoError(t, err)
	return d
}

// revision is that of a device, counted from when it was put there; 0 when it isn't there.
func (h *hall) revision(t *testing.T, d provisioning.Device) int64 {
	t.Helper()
	now, err := h.Store.Device(t.Context(), d.Tenant(), d.ID)
	if fault.Is(err, fault.NotFound) {
		return 0
	}
	require.NoError(t, err)
	return now.Revision - d.Revision + 1
}

// owners are whose a device's lines are, by port.
func (h *hall) owners(t *testing.T, d provisioning.Device) []customer.MemberID {
	t.Helper()
	lines, err := h.Store.Lines(t.Context(), d.Tenant(), d.ID)
	require.NoError(t, err)
	var out []customer.MemberID
	for _, l := range lines {
		out = append(out, l.Owner)
	}
	return out
}

// facts are what the events of a kind say of a subject, the newest first.
func (h *hall) facts(t *testing.T, kind customer.EventKind, subject string) []map[string]any {
	t.Helper()
	list, _, err := h.Customers.Events(t.Context(), h.Customer.Tenant(), customer.EventFilter{Kind: kind, Subject: subject}, customer.Page{Max: 100})
	require.NoError(t, err)
	var out []map[string]any
	for _, e := range list {
		out = append(out, e.Data)
	}
	return out
}

func codes(err error) []int {
	var out []int
	for _, p := range fault.ProblemsOf(err) {
		out = append(out, p.Code)
	}
	return out
}

func TestAWorkspaceLivesWithItsPhone(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	ctx, tenant := t.Context(), h.Customer.Tenant()
	w := h.place(t, "Hall", "801")
	assert.Equal(t, customer.WebexCalling, w.Package, "the customer has no common_area_calling")
	assert.Equal(t, h.Shop.ID, w.Place, "where its calling is")
	assigned := map[string]any{"workspace": string(w.ID), "package": "webex_calling", "location": string(h.Shop.ID), "license": customer.LicenseKey(h.Customer.Org, h.Customer.ID, customer.WebexCalling)}
	assert.Equal(t, []map[string]any{assigned}, h.facts(t, customer.EventPackageAssigned, string(w.ID)))
	other := h.place(t, "Other", "802")
	own, shared := h.phoneOf(t, w.Member(), 1), h.phoneOf(t, other.Member(), 2, w.Member())

	same, err := h.People.ChangeWorkspace(ctx, h.Actor, tenant, w.ID, customer.WorkspaceFields{Notes: "by the door"})
	require.NoError(t, err)
	assert.Equal(t, "by the door", same.Notes)
	assert.Equal(t, []int64{1, 1}, []int64{h.revision(t, own), h.revision(t, shared)}, "phones know nothing of notes")
	moved, err := h.People.ChangeWorkspace(ctx, h.Actor, tenant, w.ID, customer.WorkspaceFields{
		Calling: &customer.WorkspaceCalling{Type: customer.CallingWebex, CallingIdentity: customer.CallingIdentity{Extension: "803", Location: h.Annex.ID}},
	})
	require.NoError(t, err)
	assert.Empty(t, moved.Notes, "which weren't said again")
	assert.Equal(t, h.Shop.ID, moved.Place)
	assert.Equal(t, []int64{2, 2}, []int64{h.revision(t, own), h.revision(t, shared)}, "both show the extension")
	for _, refused := range []customer.CallingType{customer.CallingNone, customer.CallingEdge} {
		_, err = h.People.ChangeWorkspace(ctx, h.Actor, tenant, w.ID, customer.WorkspaceFields{Calling: &customer.WorkspaceCalling{Type: refused}})
		assert.Equal(t, []int{fault.CodeAssigned}, codes(err), "%v", err)
	}
	free, err := h.People.ChangeWorkspace(ctx, h.Actor, tenant, w.ID, customer.WorkspaceFields{Calling: &customer.WorkspaceCalling{Type: customer.CallingFree}})
	require.NoError(t, err)
	assert.Equal(t, []string{"", "", ""}, []string{string(free.Package), free.Extension, string(free.Location)})
	assert.Equal(t, []int64{0, 3}, []int64{h.revision(t, own), h.revision(t, shared)})
	assert.Equal(t, []customer.MemberID{other.Member().ID}, h.owners(t, shared))
	assert.Len(t, h.facts(t, customer.EventPackageRemoved, string(w.ID)), 1)

	require.NoError(t, h.People.RemoveWorkspace(ctx, h.Actor, tenant, other.ID))
	assert.Zero(t, h.revision(t, shared))
	assert.Len(t, h.facts(t, customer.EventPackageRemoved, string(other.ID)), 1)
	assert.Len(t, h.facts(t, customer.EventWorkspaceDeleted, string(other.ID)), 1)
	assert.True(t, fault.Is(h.People.RemoveWorkspace(ctx, h.Actor, tenant, other.ID), fault.NotFound))
	_, err = h.People.AddWorkspace(ctx, h.Actor, customer.Tenant{Partner: tenant.Partner}, customer.WorkspaceFields{Name: "Whose"})
	assert.Equal(t, "orgId", fault.ProblemsOf(err)[0].Field)
	_, err = h.People.AddWorkspace(ctx, h.Actor, tenant, customer.WorkspaceFields{Name: "%NULL%"})
	assert.Equal(t, "displayName", fault.ProblemsOf(err)[0].Field)
	_, err = h.People.AddWorkspace(ctx, h.Actor, tenant, calling("Where", "810"))
	assert.Equal(t, "provisioningParameters.locationId", fault.ProblemsOf(err)[0].Field, "there are two")
}

func TestQuantitiesCountPeopleAndWorkspaces(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	h.NewCustomer(t, "limited", map[customer.Package]int{
		customer.WebexCalling: 1, customer.WebexCallingStandard: 1, customer.WebexMeetings: 1, customer.WebexSuite: 1, customer.AttendantConsole: 1,
	})
	w := h.place(t, "Hall", "801")
	_, err := h.People.AddSubscriber(t.Context(), h.Actor, customer.NewSubscriber{
		Customer: h.Customer.ID, Email: "ada@limited.example", Packages: []customer.Package{customer.WebexCalling},
		CallingIdentity: customer.CallingIdentity{Extension: "101", Location: h.Shop.ID},
	})
	assert.Equal(t, []int{fault.CodeQuantity}, codes(err), "%v", err)
	_, err = h.People.AddWorkspace(t.Context(), h.Actor, h.Customer.Tenant(), h.at(calling("Second", "802")))
	assert.Equal(t, []int{fault.CodeQuantity}, codes(err), "%v", err)
	_, err = h.People.AddWorkspace(t.Context(), h.Actor, h.Customer.Tenant(), h.at(calling("Second", "802", customer.WebexSuite)))
	assert.Equal(t, "calling.webexCalling.licenses", fault.ProblemsOf(err)[0].Field, "%v", err)
	_, err = h.People.AddWorkspace(t.Context(), h.Actor, h.Customer.Tenant(), h.at(calling("Second", "802", customer.CommonAreaCalling)))
	assert.Equal(t, []int{fault.CodeNotProvisioned}, codes(err), "%v", err)
	licenses, err := h.Customers.Licenses(t.Context(), h.Customer)
	require.NoError(t, err)
	assert.Equal(t, customer.License{Package: customer.WebexCalling, Limit: 1, Workspaces: 1, Subscription: "Sub-1"}, licenses[0])
	assert.Equal(t, 1, licenses[0].Total())
	_, err = h.Customers.ChangeCustomer(t.Context(), h.Actor, h.Customer.ID, customer.CustomerChange{Packages: []customer.Package{customer.WebexMeetings}})
	assert.Equal(t, []int{fault.CodeAssigned}, codes(err), "%v", err)
	err = h.Customers.RemoveCustomer(t.Context(), h.Actor, h.Customer.ID)
	assert.Equal(t, []int{fault.CodeAssigned}, codes(err), "%v", err)
	require.NoError(t, h.People.RemoveWorkspace(t.Context(), h.Actor, h.Customer.Tenant(), w.ID))
	h.place(t, "Second", "802")
}

func TestAVirtualLineRingsElsewhere(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	ctx, tenant := t.Context(), h.Customer.Tenant()
	in := customer.VirtualLineFields{FirstName: "Front", LastName: "Desk", CallingIdentity: customer.CallingIdentity{Extension: "900", Number: h.Number(0), Location: h.Shop.ID}}
	v, err := h.People.AddVirtualLine(ctx, h.Actor, tenant, in)
	require.NoError(t, err)
	n, err := h.Store.Number(ctx, tenant, h.Number(0))
	require.NoError(t, err)
	assert.Equal(t, v.Member().ID, n.Owner)
	phone := h.phoneOf(t, h.place(t, "Hall", "801").Member(), 1, v.Member())
	changed, err := h.People.ChangeVirtualLine(ctx, h.Actor, tenant, v.ID, customer.VirtualLineFields{LastName: "Counter", NoNumber: true})
	require.NoError(t, err)
	assert.Equal(t, []string{"Front", "Counter", "900", ""}, []string{changed.FirstName, changed.LastName, changed.Extension, changed.Number})
	assert.Equal(t, int64(2), h.revision(t, phone))
	_, err = h.Customers.ChangeCustomer(ctx, h.Actor, h.Customer.ID, customer.CustomerChange{Packages: []customer.Package{customer.WebexMeetings}})
	assert.Equal(t, []int{fault.CodeAssigned}, codes(err))

	require.NoError(t, h.People.RemoveVirtualLine(ctx, h.Actor, tenant, v.ID))
	assert.Equal(t, int64(3), h.revision(t, phone), "its device is told")
	assert.Len(t, h.owners(t, phone), 1)
	_, err = h.Customers.VirtualLine(ctx, tenant, v.ID)
	assert.True(t, fault.Is(err, fault.NotFound))
	for field, bad := range map[string]customer.VirtualLineFields{
		"lastName": {FirstName: "Front", CallingIdentity: in.CallingIdentity}, "firstName": {FirstName: "a\nb", LastName: "x", CallingIdentity: in.CallingIdentity},
		"provisioningParameters": {FirstName: "Front", LastName: "Desk"},
	} {
		_, err = h.People.AddVirtualLine(ctx, h.Actor, tenant, bad)
		require.NotEmpty(t, fault.ProblemsOf(err), field)
		assert.Equal(t, field, fault.ProblemsOf(err)[0].Field)
	}
	workspace := h.place(t, "Other", "802")
	_, err = h.People.ChangeVirtualLine(ctx, h.Actor, tenant, customer.VirtualLineID(workspace.ID), in)
	assert.True(t, fault.Is(err, fault.NotFound), "a workspace is none")
}

func TestSettingsOfPhonesAreTold(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	ctx, tenant := t.Context(), h.Customer.Tenant()
	w := h.place(t, "Hall", "801")
	phone := h.phoneOf(t, w.Member(), 1)
	on, id := true, w.Member().ID
	change := func(in customer.DeviceSettingsChange) error {
		return h.People.ChangeDeviceSettings(ctx, h.Actor, tenant, customer.MemberWorkspace, id, in)
	}
	for range 2 {
		require.NoError(t, change(customer.DeviceSettingsChange{Compression: &on}))
		assert.Equal(t, int64(2), h.revision(t, phone), "the same again changes nothing")
	}
	require.NoError(t, change(customer.DeviceSettingsChange{Hoteling: &customer.Hoteling{Enabled: true, LimitGuestUse: true, GuestHours: 12}}))
	require.NoError(t, change(customer.DeviceSettingsChange{Hoteling: &customer.Hoteling{}}))
	w, err := h.Customers.Workspace(ctx, tenant, w.ID)
	require.NoError(t, err)
	assert.Equal(t, customer.DeviceSettings{Compression: true, Hoteling: customer.Hoteling{GuestHours: 12}}, w.Settings, "the hours stay")
	assert.Len(t, h.facts(t, customer.EventMemberDevices, string(id)), 3)
	for _, bad := range []customer.Hoteling{{LimitGuestUse: true}, {GuestHours: 1000}, {GuestHours: -1}} {
		assert.Equal(t, "guestHoursLimit", fault.ProblemsOf(change(customer.DeviceSettingsChange{Hoteling: &bad}))[0].Field)
	}
	free, err := h.People.AddWorkspace(ctx, h.Actor, tenant, customer.WorkspaceFields{Name: "Free"})
	require.NoError(t, err)
	id = free.Member().ID
	err = change(customer.DeviceSettingsChange{Hoteling: &customer.Hoteling{Enabled: true}})
	assert.Equal(t, "enabled", fault.ProblemsOf(err)[0].Field, "%v", err)
	err = h.People.ChangeDeviceSettings(ctx, h.Actor, tenant, customer.MemberPerson, id, customer.DeviceSettingsChange{Compression: &on})
	assert.Equal(t, "There is no such person.", fault.Message(err))
}

func TestLicensesComeAndGo(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	ctx, tenant := t.Context(), h.Customer.Tenant()
	_, err := h.People.AddSubscriber(ctx, h.Actor, customer.NewSubscriber{Customer: h.Customer.ID, Email: "first@bakery.example", Packages: []customer.Package{customer.WebexMeetings}})
	require.NoError(t, err)
	sub, err := h.People.AddSubscriber(ctx, h.Actor, customer.NewSubscriber{Customer: h.Customer.ID, Email: "ada@bakery.example", Packages: []customer.Package{customer.WebexMeetings}})
	require.NoError(t, err)
	here := customer.CallingIdentity{Extension: "101", Location: h.Shop.ID}
	list := func(p ...customer.Package) []customer.Package { return p }
	for _, c := range []struct {
		add, remove, want []customer.Package
	}{
		{list(customer.WebexCalling), list(customer.WebexMeetings), list(customer.WebexCalling)},
		{list(customer.AttendantConsole, customer.WebexCalling), nil, list(customer.WebexCalling, customer.AttendantConsole)},
		{nil, list(customer.AttendantConsole), list(customer.WebexCalling)},
		{nil, list(customer.WebexCalling), nil},
		{nil, list(customer.WebexCalling), nil},
		{list(customer.WebexSuite), nil, list(customer.WebexSuite)},
	} {
		_, got, err := h.People.ChangeLicenses(ctx, h.Actor, tenant, people.LicenseChange{Email: "ADA@bakery.example", Add: c.add, Remove: c.remove, CallingIdentity: here})
		require.NoError(t, err, "%v", c)
		assert.Equal(t, c.want, got)
	}
	_, _, err = h.People.ChangeLicenses(ctx, h.Actor, tenant, people.LicenseChange{Person: sub.Person, Add: list(customer.WebexCalling)})
	assert.Contains(t, fault.Message(err), "two base packages")
	_, _, err = h.People.ChangeLicenses(ctx, h.Actor, tenant, people.LicenseChange{Add: list(customer.WebexCalling)})
	assert.Equal(t, "personId", fault.ProblemsOf(err)[0].Field)
	_, _, err = h.People.ChangeLicenses(ctx, h.Actor, tenant, people.LicenseChange{Email: "nobody@bakery.example"})
	assert.True(t, fault.Is(err, fault.NotFound))
}

func TestAPersonIsChangedByItself(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	ctx, tenant := t.Context(), h.Customer.Tenant()
	sub, err := h.People.AddSubscriber(ctx, h.Actor, customer.NewSubscriber{
		Customer: h.Customer.ID, Email: "ada@bakery.example", FirstName: "Ada", Packages: []customer.Package{customer.WebexCalling},
		CallingIdentity: customer.CallingIdentity{Extension: "101", Location: h.Shop.ID},
	})
	require.NoError(t, err)
	person, err := h.Store.Person(ctx, tenant, sub.Person)
	require.NoError(t, err)
	own, shared := h.phoneOf(t, person.Member(), 1), h.phoneOf(t, h.place(t, "Hall", "801").Member(), 2, person.Member())
	changed, err := h.People.ChangePerson(ctx, h.Actor, tenant, sub.Person, customer.PersonChange{LastName: "Baker", CallingIdentity: customer.CallingIdentity{Extension: "102"}})
	require.NoError(t, err)
	assert.Equal(t, []string{"Ada", "Baker", "102"}, []string{changed.FirstName, changed.LastName, changed.Extension})
	assert.Equal(t, []int64{2, 2}, []int64{h.revision(t, own), h.revision(t, shared)})
	_, err = h.People.ChangePerson(ctx, h.Actor, tenant, sub.Person, customer.PersonChange{CallingIdentity: customer.CallingIdentity{Extension: "801"}})
	assert.Equal(t, []int{fault.CodeExtensionInUse}, codes(err), "a workspace has it: %v", err)
	require.NoError(t, h.People.RemoveSubscriber(ctx, h.Actor, sub.ID))
	assert.Equal(t, []int64{0, 3}, []int64{h.revision(t, own), h.revision(t, shared)}, "no line stays behind")
}
