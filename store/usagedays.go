package store

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"dialtone/billing"
	"dialtone/customer"
	"dialtone/usage"
)

type standingRow struct {
	PartnerID string         `db:"partner_id"`
	OrgID     string         `db:"org_id"`
	Through   int64          `db:"through"`
	Stale     int64          `db:"stale"`
	TimeZone  sql.NullString `db:"time_zone"`
}

func (r standingRow) noun() billing.Standing {
	s := billing.Standing{
		Partner: customer.OrgID(r.PartnerID), Customer: customer.OrgID(r.OrgID), Through: usage.Day(r.Through), Stale: fromMicros(r.Stale),
	}
	if r.TimeZone.Valid {
		s.Zone, _ = usage.ParseZone(r.TimeZone.String) // we wrote it
	}
	return s
}

// countsFrom notes a customer whose usage is counted, and that something happened at a moment.
func (t *tx) countsFrom(ctx context.Context, tenant customer.Tenant, at time.Time) error {
	partner, org := string(tenant.Partner), string(tenant.Customer)
	_, err := t.exec(ctx, "note who is counted", `INSERT INTO usage_customers (partner_id, org_id, subscription_id, through, through_at, stale)
		VALUES (?, ?, coalesce((SELECT subscription_id FROM usage_facts WHERE partner_id = ? AND org_id = ? ORDER BY since_at, event LIMIT 1), ''), 0, 0, 0)
		ON CONFLICT (partner_id, org_id) DO NOTHING`, partner, org, partner, org)
	if err != nil {
		return err
	}
	return t.cameToLight(ctx, tenant, at)
}

// cameToLight notes that something happened to a customer at a moment: when its day is closed already, that and the following ones are to be summed anew.
func (t *tx) cameToLight(ctx context.Context, tenant customer.Tenant, at time.Time) error {
	w, moment := ofTenant("", tenant), micros(at)
	w.add("through_at > ? AND (stale = 0 OR stale > ?)", moment, moment)
	_, err := t.exec(ctx, "note what came to light", "UPDATE usage_customers SET stale = ?"+w.text(), append([]any{moment}, w.args...)...)
	return err
}

// Standings implements billing.Reader.
func (r reader) Standings(ctx context.Context, tenant customer.Tenant, after customer.OrgID, most int) ([]billing.Standing, error) {
	w := ofTenant("u.", tenant)
	w.add("u.org_id > ?", string(after))
	var rows []standingRow
	err := r.all(ctx, &rows, "read who is counted", `SELECT u.partner_id, u.org_id, u.through, u.stale, z.time_zone
		FROM usage_customers u LEFT JOIN billing_zones z ON z.partner_id = u.partner_id AND z.subscription_id = u.subscription_id`+w.text()+" ORDER BY u.org_id LIMIT ?",
		append(w.args, most)...)
	if err != nil || len(rows) == 0 {
		return []billing.Standing{}, err
	}
	list := nouns(rows, standingRow.noun)
	known, err := r.histories(ctx, tenant, list[0].Customer, list[len(list)-1].Customer)
	for i := range list {
		list[i].History = known[list[i].Customer]
	}
	return list, err
}

// AnyTenantUnclosed implements billing.Reader.
func (r reader) AnyTenantUnclosed(ctx context.Context, day usage.Day, after customer.Tenant, most int) ([]customer.Tenant, error) {
	var rows []standingRow
	err := r.all(ctx, &rows, "find days to close", `SELECT partner_id, org_id FROM usage_customers WHERE (partner_id, org_id) > (?, ?) AND (through < ? OR stale > 0)
		ORDER BY partner_id, org_id LIMIT ?`, string(after.Partner), string(after.Customer), int64(day), most)
	return nouns(rows, func(row standingRow) customer.Tenant {
		return customer.Tenant{Partner: customer.OrgID(row.PartnerID), Customer: customer.OrgID(row.OrgID)}
	}), err
}

// AnyTenantWithUsage implements billing.Reader.
func (r reader) AnyTenantWithUsage(ctx context.Context, after customer.Tenant, most int) ([]customer.Tenant, error) {
	behind := " WHERE org_id <> '' AND (partner_id, org_id) > (?, ?)"
	query, args := "", []any{}
	for i, table := range []string{"events", "assignments", "usage_facts", "usage_orders"} {
		if i > 0 {
			query += " UNION "
		}
		query += "SELECT partner_id, org_id FROM " + table + behind
		args = append(args, string(after.Partner), string(after.Customer))
	}
	var rows []standingRow
	err := r.all(ctx, &rows, "find who has usage", "SELECT partner_id, org_id FROM ("+query+") AS known ORDER BY partner_id, org_id LIMIT ?", append(args, most)...)
	return nouns(rows, func(row standingRow) customer.Tenant {
		return customer.Tenant{Partner: customer.OrgID(row.PartnerID), Customer: customer.OrgID(row.OrgID)}
	}), err
}

// FirstUsage implements billing.Reader.
func (r reader) FirstUsage(ctx context.Context, tenant customer.Tenant) (time.Time, error) {
	w := ofTenant("", tenant)
	var first int
	err := r.count(ctx, &first, "find the first usage", `SELECT coalesce(min(at), 0) FROM (SELECT min(from_at) AS at FROM assignments`+w.text()+
		" UNION ALL SELECT min(at) FROM usage_orders"+w.text()+") AS firsts", slices.Concat(w.args, w.args)...)
	return fromMicros(int64(first)), err
}

// SetClosed implements billing.Tx.
func (t *tx) SetClosed(ctx context.Context, tenant customer.Tenant, through usage.Day, ended time.Time) error {
	w := ofTenant("", tenant)
	return t.change(ctx, "customer", "UPDATE usage_customers SET through = ?, through_at = ?, stale = 0"+w.text(), append([]any{int64(through), micros(ended)}, w.args...)...)
}

// SetStale implements billing.Tx.
func (t *tx) SetStale(ctx context.Context, tenant customer.Tenant, from time.Time) error {
	w := ofTenant("", tenant)
	return t.change(ctx, "customer", "UPDATE usage_customers SET stale = ?"+w.text(), append([]any{micros(from)}, w.args...)...)
}

// SetZone implements billing.Tx.
func (t *tx) SetZone(ctx context.Context, partner customer.OrgID, subscription string, zone usage.Zone) error {
	_, err := t.exec(ctx, "set a time zone", `INSERT INTO billing_zones (partner_id, subscription_id, time_zone) VALUES (?, ?, ?)
		ON CONFLICT (partner_id, subscription_id) DO UPDATE SET time_zone = excluded.time_zone`, string(partner), subscription, zone.String())
	return err
}

// Zones implements billing.Reader.
func (r reader) Zones(ctx context.Context, partner customer.OrgID) ([]usage.Zone, error) {
	var names []string
	err := r.all(ctx, &names, "read time zones", `SELECT DISTINCT coalesce(z.time_zone, 'UTC') FROM usage_customers u
		LEFT JOIN billing_zones z ON z.partner_id = u.partner_id AND z.subscription_id = u.subscription_id WHERE u.partner_id = ?`, string(partner))
	zones := make([]usage.Zone, len(names))
	for i, name := range names {
		zones[i], _ = usage.ParseZone(name) // we wrote it
	}
	return zones, err
}

// HeldAt implements billing.Reader.
func (r reader) HeldAt(ctx context.Context, tenant customer.Tenant, zone usage.Zone, at time.Time) ([]billing.DaySum, error) {
	w := ofTenant("a.", tenant)
	w.add("coalesce(z.time_zone, 'UTC') = ? AND a.from_at <= ? AND a.until_at > ?", zone.String(), micros(at), micros(at))
	var rows []runRow
	err := r.all(ctx, &rows, "add up what is held", `SELECT a.org_id, a.package, a.location_id, a.license_id, count(*) AS units FROM assignments a
		JOIN usage_customers u ON u.partner_id = a.partner_id AND u.org_id = a.org_id
		LEFT JOIN billing_zones z ON z.partner_id = u.partner_id AND z.subscription_id = u.subscription_id`+w.text()+
		" GROUP BY a.org_id, a.package, a.location_id, a.license_id ORDER BY a.org_id, a.package, a.location_id, a.license_id", w.args...)
	return nouns(rows, func(row runRow) billing.DaySum { row.Units *= int64(usage.One); return row.noun() }), err
}

// LastEvent implements billing.Reader.
func (r reader) LastEvent(ctx context.Context, tenant customer.Tenant) (int64, error) {
	w := ofTenant("", tenant)
	var last int
	err := r.count(ctx, &last, "find the last event", "SELECT coalesce(max(id), 0) FROM events"+w.text(), w.args...)
	return int64(last), err
}

// Restated implements billing.Reader.
func (r reader) Restated(ctx context.Context, tenant customer.Tenant, after int64, most int) ([]customer.Event, error) {
	w := ofTenant("", tenant)
	w.add("kind = 'usage.restated' AND id > ?", after) // literally, as the index says it
	var rows []eventRow
	err := r.all(ctx, &rows, "read what was restated", "SELECT id, "+eventColumns+" FROM events"+w.text()+" ORDER BY id LIMIT ?", append(w.args, most)...)
	return nouns(rows, eventRow.noun), err
}
