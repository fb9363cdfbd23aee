package store

import (
	"context"
	"database/sql"
	"strings"

	"dialtone/customer"
	"dialtone/provisioning"
)

type locationRow struct {
	ID        string `db:"id"`
	PartnerID string `db:"partner_id"`
	OrgID     string `db:"org_id"`
	Name      string `db:"name"`
	addressColumns
	TimeZone             string         `db:"time_zone"`
	Language             string         `db:"language"`
	EmergencyID          string         `db:"emergency_id"`
	AnnouncementLanguage string         `db:"announcement_language"`
	Created              int64          `db:"created"`
	PSTNVendorID         sql.NullString `db:"pstn_vendor_id"`
	RouteType            string         `db:"route_type"`
	RouteID              string         `db:"route_id"`
	Latitude             string         `db:"latitude"`
	Longitude            string         `db:"longitude"`
	Notes                string         `db:"notes"`
	Calling              int            `db:"calling"`
	MainNumber           string         `db:"main_number"`
	RoutingPrefix        string         `db:"routing_prefix"`
	Telephony            string         `db:"telephony"`
}

const locationColumns = "id, partner_id, org_id, name, line1, line2, city, state, postal_code, country, time_zone, language, emergency_id, announcement_language, created, pstn_vendor_id, route_type, route_id, latitude, longitude, notes, calling, main_number, routing_prefix, telephony"

// telephonyColumn is what calls of a location are like, as JSON.
type telephonyColumn struct {
	CallingName             string                      `json:"callingName,omitempty"`
	ExternalCallerID        string                      `json:"externalCallerId,omitempty"`
	OutsideDialDigit        string                      `json:"outsideDialDigit,omitempty"`
	EnforceOutsideDialDigit bool                        `json:"enforceOutsideDialDigit,omitempty"`
	ChargeNumber            string                      `json:"chargeNumber,omitempty"`
	ChargeHeader            bool                        `json:"chargeHeader,omitempty"`
	CallbackMember          customer.MemberID           `json:"callbackMember,omitempty"`
	EmergencyAddress        customer.Address            `json:"emergencyAddress,omitzero"`
	EmergencyAddressID      customer.EmergencyAddressID `json:"emergencyAddressId,omitempty"`
	Permissions             []customer.CallPermission   `json:"permissions,omitempty"`
	Echo                    customer.EchoPolicy         `json:"echo,omitempty"`
}

func (r locationRow) noun() customer.Location {
	return customer.Location{
		ID: customer.LocationID(r.ID), Partner: customer.OrgID(r.PartnerID), Org: customer.OrgID(r.OrgID), Name: r.Name, Address: r.addressColumns.noun(),
		TimeZone: r.TimeZone, Language: r.Language, EmergencyID: r.EmergencyID, AnnouncementLanguage: r.AnnouncementLanguage, Created: fromMicros(r.Created),
		PSTNVendor: customer.PSTNVendorID(r.PSTNVendorID.String), Route: customer.Route{Type: customer.RouteType(r.RouteType), ID: r.RouteID},
		Latitude: r.Latitude, Longitude: r.Longitude, Notes: r.Notes, Calling: r.Calling == 1, MainNumber: r.MainNumber, RoutingPrefix: r.RoutingPrefix,
		Telephony: customer.Telephony(decode[telephonyColumn](r.Telephony)),
	}
}

// locationValues are what stands in the columns from the name on, but for the moment of creation.
func locationValues(l customer.Location) ([]any, error) {
	telephony, err := encode(telephonyColumn(l.Telephony))
	a := l.Address
	return []any{
		l.Name, a.Line1, a.Line2, a.City, a.StateOrProvince, a.PostalCode, a.Country, l.TimeZone, l.Language, l.EmergencyID, l.AnnouncementLanguage,
		nullable(l.PSTNVendor), string(l.Route.Type), l.Route.ID, l.Latitude, l.Longitude, l.Notes, flag(l.Calling), l.MainNumber, l.RoutingPrefix,
		telephony, fold(l.Name),
	}, err
}

// CreateLocation implements customer.Tx.
func (t *tx) CreateLocation(ctx context.Context, l customer.Location) error {
	values, err := locationValues(l)
	if err != nil {
		return err
	}
	return t.insert(ctx, "locations", `id, partner_id, org_id, created, name, line1, line2, city, state, postal_code, country, time_zone, language, emergency_id,
		announcement_language, pstn_vendor_id, route_type, route_id, latitude, longitude, notes, calling, main_number, routing_prefix, telephony, folded_name`,
		append([]any{string(l.ID), string(l.Partner), string(l.Org), micros(l.Created)}, values...)...)
}

// SetLocation implements customer.Tx.
func (t *tx) SetLocation(ctx context.Context, l customer.Location) error {
	values, err := locationValues(l)
	if err != nil {
		return err
	}
	w := oneLocation(l.Tenant(), l.ID)
	return t.change(ctx, "location", `UPDATE locations SET name = ?, line1 = ?, line2 = ?, city = ?, state = ?, postal_code = ?, country = ?, time_zone = ?,
		language = ?, emergency_id = ?, announcement_language = ?, pstn_vendor_id = ?, route_type = ?, route_id = ?, latitude = ?, longitude = ?, notes = ?,
		calling = ?, main_number = ?, routing_prefix = ?, telephony = ?, folded_name = ?`+w.text(), append(values, w.args...)...)
}

// DeleteLocation implements customer.Tx.
func (t *tx) DeleteLocation(ctx context.Context, tenant customer.Tenant, id customer.LocationID) error {
	w := oneLocation(tenant, id)
	if err := t.change(ctx, "location", "DELETE FROM locations"+w.text(), w.args...); err != nil {
		return err
	}
	for _, table := range []string{"settings", "level_revisions"} { // which refer to any level, so that no cascade takes them along
		if _, err := t.exec(ctx, "clear settings", "DELETE FROM "+table+" WHERE subject_id = ?", string(id)); err != nil {
			return err
		}
	}
	return nil
}

func oneLocation(tenant customer.Tenant, id customer.LocationID) where {
	w := ofTenant("", tenant)
	w.add("id = ?", string(id))
	return w
}

// Location implements customer.Reader.
func (r reader) Location(ctx context.Context, tenant customer.Tenant, id customer.LocationID) (customer.Location, error) {
	w := oneLocation(tenant, id)
	var row locationRow
	err := r.get(ctx, &row, "location", "SELECT "+locationColumns+" FROM locations"+w.text(), w.args...)
	return row.noun(), err
}

// Locations implements customer.Reader.
func (r reader) Locations(ctx context.Context, tenant customer.Tenant, filter customer.LocationFilter, page customer.Page) ([]customer.Location, bool, error) {
	w := ofTenant("", tenant)
	w.equal("id", string(filter.ID))
	if filter.Name != "" {
		w.add(`folded_name LIKE ? ESCAPE '\'`, contains(filter.Name))
	}
	if filter.Calling {
		w.add("calling = 1")
	}
	order := "created, id"
	if filter.ByName {
		order = "folded_name, id"
		page.After = customer.Cursor{} // which is a moment
	}
	if filter.Descending {
		order = strings.ReplaceAll(order, ",", " DESC,") + " DESC"
	}
	return list(ctx, r, w, page, locationRow.noun, "SELECT "+locationColumns+" FROM locations", order)
}

// LocationUses implements customer.Reader.
func (r reader) LocationUses(ctx context.Context, tenant customer.Tenant, id customer.LocationID) (customer.LocationUses, error) {
	var uses customer.LocationUses
	for _, c := range []struct {
		into *int
		from string
		kind customer.MemberKind
	}{
		{&uses.People, "members", customer.MemberPerson}, {&uses.Workspaces, "members", customer.MemberWorkspace},
		{&uses.VirtualLines, "members", customer.MemberVirtualLine}, {&uses.Devices, "devices", ""}, {&uses.Numbers, "numbers", ""},
	} {
		w := ofTenant("", tenant)
		w.add("location_id = ?", string(id))
		w.equal("kind", string(c.kind))
		if err := r.count(ctx, c.into, "count "+c.from, "SELECT count(*) FROM "+c.from+w.text(), w.args...); err != nil {
			return customer.LocationUses{}, err
		}
	}
	return uses, nil
}

// BeginRevising implements provisioning.Tx.
func (t *tx) BeginRevising(ctx context.Context, tenant customer.Tenant, id customer.LocationID) error {
	return t.setRevisedTo(ctx, tenant, id, "")
}

// NextToRevise implements provisioning.Tx.
func (t *tx) NextToRevise(ctx context.Context, tenant customer.Tenant, id customer.LocationID, most int) ([]provisioning.Device, error) {
	w := oneLocation(tenant, id)
	var last sql.NullString
	if err := t.get(ctx, &last, "location", "SELECT revised_to FROM locations"+w.text(), w.args...); err != nil || !last.Valid {
		return nil, err
	}
	w = ofTenant("", tenant)
	w.add("location_id = ? AND id > ?", string(id), last.String)
	var rows []deviceRow
	if err := t.all(ctx, &rows, "read devices", "SELECT "+deviceColumns+" FROM devices"+w.text()+" ORDER BY id LIMIT ?", append(w.args, most)...); err != nil {
		return nil, err
	}
	out := nouns(rows, deviceRow.noun)
	if len(out) < most {
		return out, t.setRevisedTo(ctx, tenant, id, nil)
	}
	return out, t.setRevisedTo(ctx, tenant, id, string(out[len(out)-1].ID))
}

func (t *tx) setRevisedTo(ctx context.Context, tenant customer.Tenant, id customer.LocationID, last any) error {
	w := oneLocation(tenant, id)
	return t.change(ctx, "location", "UPDATE locations SET revised_to = ?"+w.text(), append([]any{last}, w.args...)...)
}

type floorRow struct {
	ID         string `db:"id"`
	PartnerID  string `db:"partner_id"`
	OrgID      string `db:"org_id"`
	LocationID string `db:"location_id"`
	Number     int    `db:"number"`
	Name       string `db:"name"`
	Created    int64  `db:"created"`
}

const floorColumns = "id, partner_id, org_id, location_id, number, name, created"

func (r floorRow) noun() customer.Floor {
	return customer.Floor{
		ID: customer.FloorID(r.ID), Partner: customer.OrgID(r.PartnerID), Org: customer.OrgID(r.OrgID), Location: customer.LocationID(r.LocationID),
		Number: r.Number, Name: r.Name, Created: fromMicros(r.Created),
	}
}

func oneFloor(tenant customer.Tenant, location customer.LocationID, id customer.FloorID) where {
	w := ofTenant("", tenant)
	w.add("location_id = ? AND id = ?", string(location), string(id))
	return w
}

// CreateFloor implements customer.Tx.
func (t *tx) CreateFloor(ctx context.Context, f customer.Floor) error {
	return t.insert(ctx, "floors", floorColumns, string(f.ID), string(f.Partner), string(f.Org), string(f.Location), f.Number, f.Name, micros(f.Created))
}

// SetFloor implements customer.Tx.
func (t *tx) SetFloor(ctx context.Context, f customer.Floor) error {
	w := oneFloor(customer.Tenant{Partner: f.Partner, Customer: f.Org}, f.Location, f.ID)
	return t.change(ctx, "floor", "UPDATE floors SET number = ?, name = ?"+w.text(), append([]any{f.Number, f.Name}, w.args...)...)
}

// DeleteFloor implements customer.Tx.
func (t *tx) DeleteFloor(ctx context.Context, tenant customer.Tenant, location customer.LocationID, id customer.FloorID) error {
	w := oneFloor(tenant, location, id)
	return t.change(ctx, "floor", "DELETE FROM floors"+w.text(), w.args...)
}

// Floor implements customer.Reader.
func (r reader) Floor(ctx context.Context, tenant customer.Tenant, location customer.LocationID, id customer.FloorID) (customer.Floor, error) {
	w := oneFloor(tenant, location, id)
	var row floorRow
	err := r.get(ctx, &row, "floor", "SELECT "+floorColumns+" FROM floors"+w.text(), w.args...)
	return row.noun(), err
}

// Floors implements customer.Reader.
func (r reader) Floors(ctx context.Context, tenant customer.Tenant, location customer.LocationID, page customer.Page) ([]customer.Floor, bool, error) {
	w := ofTenant("", tenant)
	w.add("location_id = ?", string(location))
	return list(ctx, r, w, page, floorRow.noun, "SELECT "+floorColumns+" FROM floors", "created, id")
}
