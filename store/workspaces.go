package store

import (
	"context"
	"database/sql"

	"dialtone/customer"
)

type workspaceRow struct {
	Member           memberRow      `db:"m"`
	PlaceID          sql.NullString `db:"place_id"`
	Floor            string         `db:"floor"`
	Capacity         int            `db:"capacity"`
	Type             string         `db:"type"`
	Notes            string         `db:"notes"`
	Calling          string         `db:"calling"`
	SIPAddress       string         `db:"sip_address"`
	Package          string         `db:"package"`
	Calendar         string         `db:"calendar"`
	CalendarEmail    string         `db:"calendar_email"`
	CalendarGroup    string         `db:"calendar_group"`
	HotDesking       int            `db:"hot_desking"`
	SupportedDevices string         `db:"supported_devices"`
	HostsMeetings    int            `db:"hosts_meetings"`
	MeetingSite      string         `db:"meeting_site"`
	MapURL           string         `db:"map_url"`
}

// workspaceColumns are those that a change replaces.
const workspaceColumns = "place_id, floor, capacity, type, notes, calling, sip_address, package, calendar, calendar_email, calendar_group, hot_desking, supported_devices, hosts_meetings, meeting_site, map_url"

func workspaceValues(w customer.Workspace) []any {
	return []any{
		nullable(w.Place), w.Floor, w.Capacity, string(w.Type), w.Notes, string(w.Calling), w.SIPAddress, string(w.Package),
		string(w.Calendar.Type), w.Calendar.Email, w.Calendar.ResourceGroup, flag(w.HotDesking), string(w.Devices),
		flag(w.HostedMeetings.Enabled), w.HostedMeetings.SiteURL, w.MapURL,
	}
}

func (r workspaceRow) noun() customer.Workspace {
	m := r.Member.noun()
	return customer.Workspace{
		ID: customer.WorkspaceID(m.ID), Partner: m.Partner, Org: m.Org, Name: m.FirstName, Place: customer.LocationID(r.PlaceID.String), Floor: r.Floor,
		Capacity: r.Capacity, Type: customer.WorkspaceType(r.Type), Notes: r.Notes,
		Calling: customer.CallingType(r.Calling), SIPAddress: r.SIPAddress, Package: customer.Package(r.Package),
		Location: m.Location, Extension: m.Extension, Number: m.Number,
		Calendar:   customer.Calendar{Type: customer.CalendarType(r.Calendar), Email: r.CalendarEmail, ResourceGroup: r.CalendarGroup},
		HotDesking: r.HotDesking == 1, Devices: customer.DeviceClass(r.SupportedDevices),
		HostedMeetings: customer.HostedMeetings{Enabled: r.HostsMeetings == 1, SiteURL: r.MeetingSite}, MapURL: r.MapURL,
		Settings: m.Settings, Created: m.Created,
	}
}

func workspaceSelect() string {
	return "SELECT " + qualified("m", memberColumns, true) + ", " + qualified("w", workspaceColumns, false) + " FROM workspaces w JOIN members m ON m.id = w.id"
}

// CreateWorkspace implements customer.Tx.
func (t *tx) CreateWorkspace(ctx context.Context, w customer.Workspace) error {
	if err := t.insertMember(ctx, w.Member(), nil, false); err != nil {
		return err
	}
	return t.insert(ctx, "workspaces", "id, partner_id, org_id, created, "+workspaceColumns,
		append([]any{string(w.ID), string(w.Partner), string(w.Org), micros(w.Created)}, workspaceValues(w)...)...)
}

// SetWorkspace implements customer.Tx.
func (t *tx) SetWorkspace(ctx context.Context, workspace customer.Workspace) error {
	if err := t.setMember(ctx, "workspace", workspace.Member()); err != nil {
		return err
	}
	w := ofTenant("", workspace.Tenant())
	w.add("id = ?", string(workspace.ID))
	return t.change(ctx, "workspace", `UPDATE workspaces SET place_id = ?, floor = ?, capacity = ?, type = ?, notes = ?, calling = ?, sip_address = ?,
		package = ?, calendar = ?, calendar_email = ?, calendar_group = ?, hot_desking = ?, supported_devices = ?, hosts_meetings = ?, meeting_site = ?,
		map_url = ?`+w.text(), append(workspaceValues(workspace), w.args...)...)
}

// Workspace implements customer.Reader.
func (r reader) Workspace(ctx context.Context, tenant customer.Tenant, id customer.WorkspaceID) (customer.Workspace, error) {
	w := ofTenant("w.", tenant)
	w.add("w.id = ?", string(id))
	var row workspaceRow
	err := r.get(ctx, &row, "workspace", workspaceSelect()+w.text(), w.args...)
	return row.noun(), err
}

// Workspaces implements customer.Reader.
func (r reader) Workspaces(ctx context.Context, tenant customer.Tenant, f customer.WorkspaceFilter, page customer.Page) ([]customer.Workspace, bool, error) {
	w := ofTenant("w.", tenant)
	w.containing("m.folded_name", f.Name)
	for _, c := range [][2]string{
		{"w.place_id", string(f.Place)}, {"w.floor", f.Floor}, {"w.type", string(f.Type)}, {"w.calling", string(f.Calling)},
		{"w.supported_devices", string(f.Devices)}, {"w.calendar", string(f.Calendar)}, {"w.package", string(f.Package)},
	} {
		w.equal(c[0], c[1])
	}
	if f.Capacity != nil {
		w.add("w.capacity = ?", *f.Capacity)
	}
	if f.HostedMeetings != nil {
		w.add("w.hosts_meetings = ?", flag(*f.HostedMeetings))
	}
	if f.Licensed {
		w.add("w.package <> ''")
	}
	return list(ctx, r, w, page, workspaceRow.noun, workspaceSelect(), "w.created, w.id")
}

// CountWorkspaces implements customer.Reader.
func (r reader) CountWorkspaces(ctx context.Context, tenant customer.Tenant, pkg customer.Package) (int, error) {
	w := ofTenant("", tenant)
	if pkg == "" {
		w.add("package <> ''")
	} else {
		w.add("package = ?", string(pkg))
	}
	var count int
	err := r.count(ctx, &count, "count workspaces", "SELECT count(*) FROM workspaces"+w.text(), w.args...)
	return count, err
}

// CreateVirtualLine implements customer.Tx.
func (t *tx) CreateVirtualLine(ctx context.Context, v customer.VirtualLine) error {
	return t.insertMember(ctx, v.Member(), nil, false)
}

// SetVirtualLine implements customer.Tx.
func (t *tx) SetVirtualLine(ctx context.Context, v customer.VirtualLine) error {
	return t.setMember(ctx, "virtual line", v.Member())
}

// DeleteMember implements customer.Tx.
func (t *tx) DeleteMember(ctx context.Context, tenant customer.Tenant, id customer.MemberID) error {
	w := oneMember(tenant, id)
	w.add("kind <> ?", string(customer.MemberPerson))
	return t.change(ctx, "workspace or virtual line", "DELETE FROM members"+w.text(), w.args...)
}
