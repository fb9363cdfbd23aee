package store

import (
	"context"
	"fmt"
	"strings"

	"dialtone/customer"
	"dialtone/fault"
)

// SetNumber implements customer.Tx.
func (t *tx) SetNumber(ctx context.Context, n customer.Number) error {
	w := ofTenant("", customer.Tenant{Partner: n.Partner, Customer: n.Org})
	w.add("e164 = ?", n.E164)
	return t.change(ctx, "number", "UPDATE numbers SET location_id = ?, state = ?, type = ?, usage = ?"+w.text(),
		append([]any{string(n.Location), string(n.State), string(n.Type), string(n.Usage)}, w.args...)...)
}

// DeleteNumber implements customer.Tx.
func (t *tx) DeleteNumber(ctx context.Context, tenant customer.Tenant, e164 string) error {
	w := ofTenant("", tenant)
	w.add("e164 = ?", e164)
	return t.change(ctx, "number", "DELETE FROM numbers"+w.text(), w.args...)
}

// TakenExtensions implements customer.Reader.
func (r reader) TakenExtensions(ctx context.Context, tenant customer.Tenant, location customer.LocationID, extensions []string) ([]string, error) {
	var taken []string
	w := ofTenant("", tenant)
	w.add("location_id = ? AND extension <> ''", string(location))
	args := w.args
	for _, e := range extensions {
		if isText(e) {
			args = append(args, e)
		}
	}
	if len(args) == len(w.args) {
		return nil, nil
	}
	query := "SELECT extension FROM members" + w.text() + " AND extension IN " + tuples(1, len(args)-len(w.args)) + " ORDER BY extension"
	return taken, r.all(ctx, &taken, "look for extensions", query, args...)
}

// numberViewRow is a row of the list: the columns of both of its halves have the same names and order.
type numberViewRow struct {
	numberRow
	Extension     string `db:"extension"`
	LocationName  string `db:"location_name"`
	RoutingPrefix string `db:"routing_prefix"`
	MainNumber    string `db:"main_number"`
	Kind          string `db:"kind"`
	FirstName     string `db:"first_name"`
	LastName      string `db:"last_name"`
	FirstNumber   string `db:"first_number"`
	Place         string `db:"place"`
}

func (r numberViewRow) noun() customer.NumberView {
	return customer.NumberView{
		Number: r.numberRow.noun(), Extension: r.Extension, LocationName: r.LocationName, RoutingPrefix: r.RoutingPrefix,
		Main: r.E164 != "" && r.E164 == r.MainNumber, Primary: r.E164 != "" && r.E164 == r.FirstNumber,
		OwnerKind: customer.MemberKind(r.Kind), OwnerFirst: r.FirstName, OwnerLast: r.LastName,
	}
}

// numberHalf is one of the halves of a list of numbers: numbers, or members with an extension alone.
type numberHalf struct {
	selects, from string
	where         where
	columns       map[string]string // what the columns of an order are called in it
}

const viewColumns = `, COALESCE(m.extension, '') AS extension, COALESCE(l.name, '') AS location_name, COALESCE(l.routing_prefix, '') AS routing_prefix,
	COALESCE(l.main_number, '') AS main_number, COALESCE(m.kind, '') AS kind, COALESCE(m.first_name, '') AS first_name,
	COALESCE(m.last_name, '') AS last_name, COALESCE(m.number, '') AS first_number, `

// numberHalves are the halves in which a row can fit the filter.
func numberHalves(tenant customer.Tenant, f customer.NumberFilter) []numberHalf {
	var out []numberHalf
	if f.Nothing {
		return out
	}
	if f.Rows != customer.RowsExtension {
		out = append(out, numberHalf{
			selects: "SELECT " + qualified("n", numberColumns, false) + viewColumns + "n.e164 AS place",
			from:    " FROM numbers n LEFT JOIN members m ON m.id = n.owner_id LEFT JOIN locations l ON l.id = n.location_id",
			where:   numbersFitting(tenant, f), columns: map[string]string{"created": "n.created", "place": "n.e164"},
		})
	}
	ofNumbers := f.Number != "" || f.State == customer.NumberInactive || len(f.Types) > 0 || f.Usage == customer.UsageService || f.Line != "" || f.Available
	if f.Rows != customer.RowsNumber && !ofNumbers {
		out = append(out, numberHalf{
			selects: "SELECT '' AS e164, m.partner_id, m.org_id, COALESCE(m.location_id, '') AS location_id, 'ACTIVE' AS state, '' AS type, '' AS usage, m.id AS owner_id, m.created" + viewColumns + "m.id AS place",
			from:    " FROM members m LEFT JOIN locations l ON l.id = m.location_id",
			where:   extensionsFitting(tenant, f), columns: map[string]string{"created": "m.created", "place": "m.id"},
		})
	}
	return out
}

func numbersFitting(tenant customer.Tenant, f customer.NumberFilter) where {
	w := ofTenant("n.", tenant)
	w.equal("n.location_id", string(f.Location))
	switch {
	case customer.PossibleNumber(f.Number):
		w.add("n.e164 = ?", f.Number)
	case f.Number != "":
		w.add(`n.e164 LIKE ? ESCAPE '\'`, contains(f.Number))
	}
	w.equal("n.owner_id", string(f.Owner))
	w.equal("n.state", string(f.State))
	w.equal("n.usage", string(f.Usage))
	if len(f.Types) > 0 {
		names := texts(f.Types)
		args := make([]any, len(names))
		for i, n := range names {
			args[i] = n
		}
		w.add("n.type IN "+tuples(1, len(args)), args...)
	}
	if f.Available {
		w.add("n.owner_id IS NULL AND (l.main_number IS NULL OR l.main_number <> n.e164)")
	}
	switch f.Line {
	case customer.LinePrimary:
		w.add("m.number = n.e164")
	case customer.LineAlternate:
		w.add("m.number <> n.e164")
	}
	return ownersFitting(w, f)
}

func extensionsFitting(tenant customer.Tenant, f customer.NumberFilter) where {
	w := ofTenant("m.", tenant)
	w.add("m.number = '' AND m.extension <> ''")
	w.equal("m.location_id", string(f.Location))
	w.equal("m.id", string(f.Owner))
	return ownersFitting(w, f)
}

func ownersFitting(w where, f customer.NumberFilter) where {
	w.equal("m.extension", f.Extension)
	w.equal("m.kind", string(f.OwnerKind))
	if f.OwnerName != "" {
		w.add(`m.folded_name LIKE ? ESCAPE '\'`, contains(f.OwnerName))
	}
	return w
}

// numberOrder are the columns of an order.
func numberOrder(f customer.NumberFilter) []string {
	switch f.Order {
	case customer.OrderNumber:
		return []string{"e164", "place"}
	case customer.OrderExtension:
		return []string{"extension", "place"}
	case customer.OrderLastName:
		return []string{"last_name", "first_name", "place"}
	}
	return []string{"created", "place"}
}

// Numbers implements customer.Reader. Each half ends with the page, so that both are read along their indexes and no further.
func (r reader) Numbers(ctx context.Context, tenant customer.Tenant, f customer.NumberFilter, page customer.Page) ([]customer.NumberView, bool, error) {
	byCursor := page.After.ID != "" && f.Order == ""
	if byCursor {
		page.Offset = 0
	}
	direction := ""
	if f.Descending && f.Order != "" {
		direction = " DESC"
	}
	columns := numberOrder(f)
	order := strings.Join(columns, direction+", ") + direction
	var halves []string
	var args []any
	for i, half := range numberHalves(tenant, f) {
		if byCursor {
			half.where.add("("+half.columns["created"]+", "+half.columns["place"]+") > (?, ?)", micros(page.After.At), page.After.ID)
		}
		inner := half.selects + half.from + half.where.text()
		if f.Order == "" && f.Owner == "" { // only this order has an index that ends early, and a member's few rows need none
			inner += " ORDER BY " + half.columns["created"] + ", " + half.columns["place"] + " LIMIT ?"
			half.where.args = append(half.where.args, page.Offset+page.Max+1)
		}
		halves, args = append(halves, fmt.Sprintf("SELECT * FROM (%s) AS half%d", inner, i)), append(args, half.where.args...)
	}
	if len(halves) == 0 {
		return []customer.NumberView{}, false, nil
	}
	var rows []numberViewRow
	query := "SELECT * FROM (" + strings.Join(halves, " UNION ALL ") + ") AS halves ORDER BY " + order + " LIMIT ? OFFSET ?"
	if err := r.all(ctx, &rows, "read a list", query, append(args, page.Max+1, page.Offset)...); err != nil {
		return nil, false, err
	}
	more := len(rows) > page.Max
	if more {
		rows = rows[:page.Max]
	}
	return nouns(rows, numberViewRow.noun), more, nil
}

// CountNumbers implements customer.Reader.
func (r reader) CountNumbers(ctx context.Context, tenant customer.Tenant, f customer.NumberFilter) (customer.NumberCounts, error) {
	var out customer.NumberCounts
	for _, half := range numberHalves(tenant, f) {
		if half.columns["place"] == "m.id" {
			if err := r.count(ctx, &out.ExtensionOnly, "count extensions", "SELECT count(*)"+half.from+half.where.text(), half.where.args...); err != nil {
				return out, err
			}
			continue
		}
		var row struct {
			Total    int `db:"total"`
			Assigned int `db:"assigned"`
			Inactive int `db:"inactive"`
			TollFree int `db:"toll_free"`
			Mobile   int `db:"mobile"`
			Service  int `db:"service"`
		}
		err := r.get(ctx, &row, "number", `SELECT count(*) AS total, COALESCE(sum(CASE WHEN n.owner_id IS NOT NULL OR l.main_number = n.e164 THEN 1 ELSE 0 END), 0) AS assigned,
			COALESCE(sum(CASE WHEN n.state = 'INACTIVE' THEN 1 ELSE 0 END), 0) AS inactive, COALESCE(sum(CASE WHEN n.type = 'TOLLFREE' THEN 1 ELSE 0 END), 0) AS toll_free,
			COALESCE(sum(CASE WHEN n.type = 'MOBILE' THEN 1 ELSE 0 END), 0) AS mobile, COALESCE(sum(CASE WHEN n.usage = 'SERVICE' THEN 1 ELSE 0 END), 0) AS service`+
			half.from+half.where.text(), half.where.args...)
		if fault.Is(err, fault.NotFound) { // a filter that no row can hold
			continue
		}
		if err != nil {
			return out, err
		}
		out.Assigned, out.Unassigned, out.Inactive = row.Assigned, row.Total-row.Assigned, row.Inactive
		out.TollFree, out.Mobile, out.Service, out.Total = row.TollFree, row.Mobile, row.Service, row.Total
	}
	out.Total += out.ExtensionOnly
	return out, nil
}
