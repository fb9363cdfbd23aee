package store

import (
	"context"
	"database/sql"
	"slices"
	"strconv"

	"dialtone/customer"
)

type memberRow struct {
	ID         string         `db:"id"`
	Kind       string         `db:"kind"`
	PartnerID  string         `db:"partner_id"`
	OrgID      string         `db:"org_id"`
	Email      sql.NullString `db:"email"`
	FirstName  string         `db:"first_name"`
	LastName   string         `db:"last_name"`
	LocationID sql.NullString `db:"location_id"`
	Extension  string         `db:"extension"`
	Number     string         `db:"number"`
	Calling    string         `db:"calling"`
	Created    int64          `db:"created"`
}

const memberColumns = "id, kind, partner_id, org_id, email, first_name, last_name, location_id, extension, number, calling, created"

func (r memberRow) noun() customer.Member {
	return customer.Member{
		ID: customer.MemberID(r.ID), Kind: customer.MemberKind(r.Kind), Partner: customer.OrgID(r.PartnerID), Org: customer.OrgID(r.OrgID),
		Email: r.Email.String, FirstName: r.FirstName, LastName: r.LastName, Location: customer.LocationID(r.LocationID.String), Extension: r.Extension,
		Number: r.Number, Settings: toSettings(r.Calling), Created: fromMicros(r.Created),
	}
}

// settingsColumn is what a member's own phones do.
type settingsColumn struct {
	Compression bool            `json:"compression,omitempty"`
	Hoteling    *hotelingColumn `json:"hoteling,omitempty"`
}

type hotelingColumn struct {
	Enabled       bool `json:"enabled,omitempty"`
	LimitGuestUse bool `json:"limitGuestUse,omitempty"`
	GuestHours    int  `json:"guestHours,omitempty"`
}

// toSettings reads the column; nearly all members have never set anything.
func toSettings(column string) customer.DeviceSettings {
	if column == "" {
		return customer.DeviceSettings{}
	}
	c := decode[settingsColumn](column)
	out := customer.DeviceSettings{Compression: c.Compression}
	if c.Hoteling != nil {
		out.Hoteling = customer.Hoteling(*c.Hoteling)
	}
	return out
}

func fromSettings(s customer.DeviceSettings) (string, error) {
	if s == (customer.DeviceSettings{}) {
		return "", nil
	}
	c := settingsColumn{Compression: s.Compression}
	if s.Hoteling != (customer.Hoteling{}) {
		hoteling := hotelingColumn(s.Hoteling)
		c.Hoteling = &hoteling
	}
	return encode(c)
}

// Member implements customer.Reader.
func (r reader) Member(ctx context.Context, tenant customer.Tenant, id customer.MemberID) (customer.Member, error) {
	w := oneMember(tenant, id)
	var row memberRow
	err := r.get(ctx, &row, "member", "SELECT "+memberColumns+" FROM members"+w.text(), w.args...)
	return row.noun(), err
}

func oneMember(tenant customer.Tenant, id customer.MemberID) where {
	w := ofTenant("", tenant)
	w.add("id = ?", string(id))
	return w
}

// Members implements customer.Reader.
func (r reader) Members(ctx context.Context, tenant customer.Tenant, f customer.MemberFilter, page customer.Page) ([]customer.Member, bool, error) {
	from, w := membersFrom(tenant, f)
	order := "created, id"
	switch f.Order {
	case customer.ByFirstName:
		order = "folded_name, id"
	case customer.ByLastName:
		order = "folded_last, id"
	case customer.ByCreation:
	}
	return list(ctx, r, w, page, memberRow.noun, "SELECT "+memberColumns+from, order)
}

// CountMembers implements customer.Reader.
func (r reader) CountMembers(ctx context.Context, tenant customer.Tenant, f customer.MemberFilter) (int, error) {
	from, w := membersFrom(tenant, f)
	var count int
	err := r.count(ctx, &count, "count members", "SELECT count(*)"+from+w.text(), w.args...)
	return count, err
}

// membersFrom is a filter's table and conditions. Ids are looked up first, in a query of their own with a limit: SQLite would rather read everybody of
// the tenant in order.
func membersFrom(tenant customer.Tenant, f customer.MemberFilter) (string, where) {
	from, ids := " FROM members", where{}
	if len(f.IDs) > 0 {
		ids.among("id", texts(f.IDs))
		from = " FROM (SELECT * FROM members" + ids.text() + " LIMIT " + strconv.Itoa(maxRows) + ") AS members"
	}
	w := ofTenant("", tenant)
	w.args = append(ids.args, w.args...)
	if len(f.Kinds) > 0 {
		w.add(ofKinds(f.Kinds))
	}
	w.equal("email", f.Email)
	w.equal("location_id", string(f.Location))
	if len(f.Packages) > 0 {
		packages := anys(texts(f.Packages))
		in := tuples(1, len(packages))
		w.add(`(kind = 'VIRTUAL_LINE' OR EXISTS (SELECT 1 FROM subscribers s WHERE s.person_id = members.id AND s.status = 'provisioned' AND s.package IN `+in+`)
			OR EXISTS (SELECT 1 FROM workspaces p WHERE p.id = members.id AND p.package IN `+in+"))", append(packages, packages...)...)
	}
	if f.NotOn != "" {
		w.add("NOT EXISTS (SELECT 1 FROM lines l WHERE l.owner_id = members.id AND l.device_id = ?)", f.NotOn)
	}
	w.containing("folded_name", f.Name)
	w.containing("number", f.Number)
	w.containing("extension", f.Extension)
	return from, w
}

// ofKinds is the condition that a member is of some kinds. They stand in the statement itself, so that a database finds the index of one kind alone.
func ofKinds(kinds []customer.MemberKind) string {
	condition := ""
	for _, known := range []customer.MemberKind{customer.MemberPerson, customer.MemberWorkspace, customer.MemberVirtualLine} {
		if slices.Contains(kinds, known) {
			if condition != "" {
				condition += " OR "
			}
			condition += "kind = '" + string(known) + "'"
		}
	}
	if condition == "" {
		return "1 = 0" // kinds that there aren't
	}
	return "(" + condition + ")"
}

// insertMember writes a member's row; email is that of a person.
func (t *tx) insertMember(ctx context.Context, m customer.Member, email any, admin bool) error {
	calling, err := fromSettings(m.Settings)
	if err != nil {
		return err
	}
	const columns = "id, partner_id, org_id, kind, email, first_name, last_name, location_id, extension, number, admin, created, folded_name, folded_last, calling"
	return t.insert(ctx, "members", columns, string(m.ID), string(m.Partner), string(m.Org), string(m.Kind), email, m.FirstName, m.LastName,
		nullable(m.Location), m.Extension, m.Number, flag(admin), micros(m.Created), customer.ByFirstName.Key(m), customer.ByLastName.Key(m), calling)
}

// setMember replaces the names and the calling identity of a member of its kind.
func (t *tx) setMember(ctx context.Context, thing string, m customer.Member) error {
	w := oneMember(m.Tenant(), m.ID)
	w.add("kind = ?", string(m.Kind))
	return t.change(ctx, thing, `UPDATE members SET first_name = ?, last_name = ?, location_id = ?, extension = ?, number = ?, folded_name = ?,
		folded_last = ?`+w.text(), append([]any{m.FirstName, m.LastName, nullable(m.Location), m.Extension, m.Number,
		customer.ByFirstName.Key(m), customer.ByLastName.Key(m)}, w.args...)...)
}

// SetMemberSettings implements customer.Tx.
func (t *tx) SetMemberSettings(ctx context.Context, tenant customer.Tenant, id customer.MemberID, s customer.DeviceSettings) error {
	calling, err := fromSettings(s)
	if err != nil {
		return err
	}
	w := oneMember(tenant, id)
	return t.change(ctx, "member", "UPDATE members SET calling = ?"+w.text(), append([]any{calling}, w.args...)...)
}
