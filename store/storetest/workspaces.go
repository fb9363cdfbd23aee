package storetest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/provisioning"
)

// workspace is one of the first customer with everything set.
func (f *fixture) workspace(name, extension string) customer.Workspace {
	return customer.Workspace{
		ID: customer.WorkspaceID(id()), Partner: f.one.Partner, Org: f.one.Org, Name: name, Place: f.oneShop.ID, Floor: "floor", Capacity: 5, Type: "huddle",
		Notes: "a note", Calling: customer.CallingWebex, Package: customer.CommonAreaCalling, Location: f.oneShop.ID, Extension: extension,
		Calendar: customer.Calendar{Type: "google", Email: "hall@example.com", ResourceGroup: "group"}, HotDesking: true, Devices: customer.Phones,
		HostedMeetings: customer.HostedMeetings{Enabled: true, SiteURL: "site.example.com"}, MapURL: "https://maps.example.com/1", Created: f.tick(),
	}
}

// plain is one of the first customer with nothing set.
func (f *fixture) plain(name string) customer.Workspace {
	return customer.Workspace{
		ID: customer.WorkspaceID(id()), Partner: f.one.Partner, Org: f.one.Org, Name: name, Capacity: customer.NoCapacity, Type: customer.WorkspaceNotSet,
		Calling: customer.CallingFree, Calendar: customer.Calendar{Type: customer.CalendarNone}, Devices: customer.CollaborationDevices, Created: f.tick(),
	}
}

func workspacesChange(t *testing.T, f *fixture) {
	ctx, tenant := t.Context(), tenantOf(f.one)
	hall, room := f.workspace("Hall", "801"), f.plain("Room")
	create := func(w customer.Workspace) error {
		return f.p.Update(ctx, tenant, func(tx provisioning.Tx) error { return tx.CreateWorkspace(ctx, w) })
	}
	require.NoError(t, create(hall))
	require.NoError(t, create(room))
	same(t, hall)(f.c.Workspace(ctx, tenant, hall.ID))
	same(t, room)(f.c.Workspace(ctx, tenant, room.ID))
	same(t, hall.Member())(f.c.Member(ctx, tenant, hall.Member().ID))
	taken := f.workspace("Other", "801")
	err := create(taken)
	require.True(t, fault.Is(err, fault.Conflict), "%v", err)
	assert.Equal(t, fault.CodeExtensionInUse, fault.ProblemsOf(err)[0].Code)

	for pkg, want := range map[customer.Package]int{"": 1, customer.CommonAreaCalling: 1, customer.WebexCalling: 0} {
		same(t, want)(f.c.CountWorkspaces(ctx, tenant, pkg))
	}
	changed := f.plain("Grand Hall")
	changed.ID, changed.Place, changed.Created = hall.ID, hall.Place, hall.Created
	f.write(t, tenant, func(tx provisioning.Tx) error { return tx.SetWorkspace(ctx, changed) })
	same(t, changed)(f.c.Workspace(ctx, tenant, hall.ID))
	same(t, 0)(f.c.CountWorkspaces(ctx, tenant, ""))

	foreign := changed
	foreign.Partner, foreign.Org = f.foe.Partner, f.foe.Org
	for name, write := range map[string]func(provisioning.Tx) error{
		"set":    func(tx provisioning.Tx) error { return tx.SetWorkspace(ctx, foreign) },
		"delete": func(tx provisioning.Tx) error { return tx.DeleteMember(ctx, tenantOf(f.foe), hall.Member().ID) },
	} {
		err := f.p.Update(ctx, tenantOf(f.foe), write)
		assert.True(t, fault.Is(err, fault.NotFound), "%s of another partner: %v", name, err)
	}
	_, err = f.c.Workspace(ctx, tenantOf(f.sibling), hall.ID)
	assert.True(t, fault.Is(err, fault.NotFound), "of another customer")
	f.write(t, tenant, func(tx provisioning.Tx) error { return tx.DeleteMember(ctx, tenant, hall.Member().ID) })
	_, err = f.c.Workspace(ctx, tenant, hall.ID)
	assert.True(t, fault.Is(err, fault.NotFound))
	_, err = f.c.Member(ctx, tenant, hall.Member().ID)
	assert.True(t, fault.Is(err, fault.NotFound))

	ada, _ := f.person(t, f.one, f.oneShop, "ada", "101")
	err = f.p.Update(ctx, tenant, func(tx provisioning.Tx) error { return tx.DeleteMember(ctx, tenant, ada.Member().ID) })
	assert.True(t, fault.Is(err, fault.NotFound), "people stay: %v", err)
}

func workspacesAreListed(t *testing.T, f *fixture) {
	ctx, tenant := t.Context(), tenantOf(f.one)
	hall, room := f.workspace("Ünter Hall", "801"), f.plain("Room")
	f.write(t, tenant, func(tx provisioning.Tx) error {
		require.NoError(t, tx.CreateWorkspace(ctx, hall))
		return tx.CreateWorkspace(ctx, room)
	})
	five, none, yes := 5, customer.NoCapacity, true
	for name, c := range map[string]struct {
		filter customer.WorkspaceFilter
		want   []customer.Workspace
	}{
		"all":      {customer.WorkspaceFilter{}, []customer.Workspace{hall, room}},
		"name":     {customer.WorkspaceFilter{Name: "ünter"}, []customer.Workspace{hall}},
		"place":    {customer.WorkspaceFilter{Place: f.oneShop.ID}, []customer.Workspace{hall}},
		"floor":    {customer.WorkspaceFilter{Floor: "floor"}, []customer.Workspace{hall}},
		"capacity": {customer.WorkspaceFilter{Capacity: &five}, []customer.Workspace{hall}},
		"none":     {customer.WorkspaceFilter{Capacity: &none}, []customer.Workspace{room}},
		"type":     {customer.WorkspaceFilter{Type: customer.WorkspaceNotSet}, []customer.Workspace{room}},
		"calling":  {customer.WorkspaceFilter{Calling: customer.CallingWebex}, []customer.Workspace{hall}},
		"devices":  {customer.WorkspaceFilter{Devices: customer.CollaborationDevices}, []customer.Workspace{room}},
		"calendar": {customer.WorkspaceFilter{Calendar: "google"}, []customer.Workspace{hall}},
		"meetings": {customer.WorkspaceFilter{HostedMeetings: &yes}, []customer.Workspace{hall}},
		"package":  {customer.WorkspaceFilter{Package: customer.CommonAreaCalling}, []customer.Workspace{hall}},
		"licensed": {customer.WorkspaceFilter{Licensed: true}, []customer.Workspace{hall}},
		"nothing":  {customer.WorkspaceFilter{Type: "x", Name: "%"}, []customer.Workspace{}},
	} {
		got, more, err := f.c.Workspaces(ctx, tenant, c.filter, everything)
		require.NoError(t, err, name)
		assert.False(t, more, name)
		assert.Equal(t, c.want, got, name)
	}
	first, more, err := f.c.Workspaces(ctx, tenant, customer.WorkspaceFilter{}, customer.Page{Max: 1})
	require.NoError(t, err)
	assert.True(t, more)
	second, more, err := f.c.Workspaces(ctx, tenant, customer.WorkspaceFilter{}, customer.Page{Max: 1, After: customer.Cursor{At: first[0].Created, ID: string(first[0].ID)}})
	require.NoError(t, err)
	assert.False(t, more)
	assert.Equal(t, []customer.Workspace{room}, second)
	for _, stranger := range []customer.Tenant{tenantOf(f.sibling), tenantOf(f.foe)} {
		got, _, err := f.c.Workspaces(ctx, stranger, customer.WorkspaceFilter{}, everything)
		require.NoError(t, err)
		assert.Empty(t, got)
		same(t, 0)(f.c.CountWorkspaces(ctx, stranger, ""))
	}
}

func virtualLinesChange(t *testing.T, f *fixture) {
	ctx, tenant := t.Context(), tenantOf(f.one)
	line := customer.VirtualLine{
		ID: customer.VirtualLineID(id()), Partner: f.one.Partner, Org: f.one.Org, FirstName: "Front", LastName: "Desk", Location: f.oneShop.ID,
		Extension: "900", Created: f.tick(),
	}
	f.write(t, tenant, func(tx provisioning.Tx) error { return tx.CreateVirtualLine(ctx, line) })
	same(t, line.Member())(f.c.Member(ctx, tenant, line.Member().ID))
	same(t, 1)(f.c.CountMembers(ctx, tenant, customer.MemberFilter{Kinds: []customer.MemberKind{customer.MemberVirtualLine}}))
	_, err := f.c.Person(ctx, tenant, customer.PersonID(line.ID))
	assert.True(t, fault.Is(err, fault.NotFound), "it is nobody")
	line.LastName, line.Extension = "Counter", "901"
	f.write(t, tenant, func(tx provisioning.Tx) error { return tx.SetVirtualLine(ctx, line) })
	same(t, line.Member())(f.c.Member(ctx, tenant, line.Member().ID))
	f.write(t, tenant, func(tx provisioning.Tx) error { return tx.DeleteMember(ctx, tenant, line.Member().ID) })
	_, err = f.c.Member(ctx, tenant, line.Member().ID)
	assert.True(t, fault.Is(err, fault.NotFound))
}

func subscribersOfPeople(t *testing.T, f *fixture) {
	ctx, tenant := t.Context(), tenantOf(f.one)
	ada, sub := f.person(t, f.one, f.oneShop, "ada", "101")
	theirs, _ := f.person(t, f.sibling, f.siblingShop, "theirs", "101")
	same(t, []customer.Subscriber{sub})(f.c.SubscribersOf(ctx, tenant, []customer.PersonID{ada.ID, theirs.ID, "nobody", "\x00"}))
	same(t, []customer.Subscriber{})(f.c.SubscribersOf(ctx, tenant, []customer.PersonID{"\x00"}))
	same(t, []customer.Subscriber{})(f.c.SubscribersOf(ctx, tenant, nil))
}
