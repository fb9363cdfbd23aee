package store

import (
	"context"
	"database/sql"
	"time"

	"dialtone/billing"
	"dialtone/customer"
	"dialtone/usage"
)

type standingRow struct {
	PartnerID      string         `db:"partner_id"`
	OrgID          string         `db:"org_id"`
	ExternalID     string         `db:"external_id"`
	SubscriptionID string         `db:"subscription_id"`
	BillingStart   int64          `db:"billing_start"`
	Through        int64          `db:"through"`
	Stale          int64          `db:"stale"`
	TimeZone       sql.NullString `db:"time_zone"`
}

func (r standingRow) noun() billing.Standing {
	s := billing.Standing{
		Partner: customer.OrgID(r.PartnerID), Customer: customer.OrgID(r.OrgID), ExternalID: r.ExternalID, Subscription: r.SubscriptionID,
		Through: usage.Day(r.Through), Stale: fromMicros(r.Stale),
	}
	if r.BillingStart != 0 {
		s.BilledFrom = usage.DayOf(fromMicros(r.BillingStart))
	}
	if r.TimeZone.Valid {
		s.Zone, _ = usage.ParseZone(r.TimeZone.String) // we wrote it
	}
	return s
}

// countsFrom notes a customer whose usage is counted, with what is known of it, and that something happened at a moment: when its day is closed already, that and
// the following ones are to be summed anew.
func (t *tx) countsFrom(ctx context.Context, tenant customer.Tenant, at time.Time) error {
	partner, org, moment := string(tenant.Partner), string(tenant.Customer), micros(at)
	_, err := t.exec(ctx, "note who is counted", `INSERT INTO usage_customers (partner_id, org_id, external_id, subscription_id, billing_start, through, through_at, stale)
		SELECT ?, ?, coalesce(max(c.external_id), ''), coalesce(max(t.subscription_id), ''), coalesce(max(c.billing_start), 0), 0, 0, 0
		FROM customers c JOIN templates t ON t.id = c.template_id WHERE c.partner_id = ? AND c.org_id = ?
		ON CONFLICT (partner_id, org_id) DO UPDATE SET stale = CASE WHEN usage_customers.stale = 0 OR usage_customers.stale > ? THEN ? ELSE usage_customers.stale END
		WHERE usage_customers.through_at > ?`, partner, org, partner, org, moment, moment, moment)
	return err
}

// Standings implements billing.Reader.
func (r reader) Standings(ctx context.Context, tenant customer.Tenant, after customer.OrgID, most int) ([]billing.Standing, error) {
	w := ofTenant("u.", tenant)
	w.add("u.org_id > ?", string(after))
	var rows []standingRow
	err := r.all(ctx, &rows, "read who is counted", `SELECT u.partner_id, u.org_id, u.external_id, u.subscription_id, u.billing_start, u.through, u.stale, z.time_zone
		FROM usage_customers u LEFT JOIN billing_zones z ON z.partner_id = u.partner_id AND z.subscription_id = u.subscription_id`+w.text()+" ORDER BY u.org_id LIMIT ?",
		append(w.args, most)...)
	return nouns(rows, standingRow.noun), err
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

// FirstUsage implements billing.Reader.
func (r reader) FirstUsage(ctx context.Context, tenant customer.Tenant) (time.Time, error) {
	w := ofTenant("", tenant)
	var first int
	err := r.count(ctx, &first, "find the first usage", "SELECT coalesce(min(from_at), 0) FROM assignments"+w.text(), w.args...)
	return fromMicros(int64(first)), err
}

// SetClosed implements billing.Tx.
func (t *tx) SetClosed(ctx context.Context, tenant customer.Tenant, through usage.Day, ended time.Time) error {
	w := ofTenant("", tenant)
	return t.change(ctx, "customer", "UPDATE usage_customers SET through = ?, through_at = ?, stale = 0"+w.text(), append([]any{int64(through), micros(ended)}, w.args...)...)
}

// SetZone implements billing.Tx.
func (t *tx) SetZone(ctx context.Context, partner customer.OrgID, subscription string, zone usage.Zone) error {
	_, err := t.exec(ctx, "set a time zone", `INSERT INTO billing_zones (partner_id, subscription_id, time_zone) VALUES (?, ?, ?)
		ON CONFLICT (partner_id, subscription_id) DO UPDATE SET time_zone = excluded.time_zone`, string(partner), subscription, zone.String())
	return err
}
