package store

import (
	"context"

	"dialtone/billing"
	"dialtone/customer"
	"dialtone/usage"
)

type closingRow struct {
	Month  string `db:"month"`
	Closed int64  `db:"closed"`
	Actor  string `db:"actor"`
}

// Closing implements billing.DeskReader.
func (r reader) Closing(ctx context.Context, partner customer.OrgID, month billing.Month) (billing.Closing, error) {
	var row closingRow
	err := r.get(ctx, &row, "closed month", "SELECT month, closed, actor FROM billing_month_closings WHERE partner_id = ? AND month = ?", string(partner), month.String())
	m, _ := billing.ParseMonth(row.Month) // we wrote it
	return billing.Closing{Month: m, At: fromMicros(row.Closed), Actor: row.Actor}, err
}

// FrozenSums implements billing.DeskReader.
func (r reader) FrozenSums(ctx context.Context, tenant customer.Tenant, month billing.Month) ([]billing.DaySum, error) {
	w := ofTenant("", tenant)
	w.add("month = ?", month.String())
	var rows []runRow
	err := r.all(ctx, &rows, "add up a month", "SELECT package, CAST(sum(units) AS BIGINT) AS units FROM billing_months"+w.text()+" GROUP BY package ORDER BY package", w.args...)
	return nouns(rows, runRow.noun), err
}

type adjustmentRow struct {
	OrgID      string `db:"org_id"`
	Package    string `db:"package"`
	LocationID string `db:"location_id"`
	LicenseID  string `db:"license_id"`
	Frozen     int64  `db:"frozen"`
	Present    int64  `db:"present"`
}

func (r adjustmentRow) noun() billing.Adjustment {
	return billing.Adjustment{
		Customer: customer.OrgID(r.OrgID), Package: customer.Package(r.Package), Location: customer.LocationID(r.LocationID),
		License: usage.LicenseID(r.LicenseID), Restated: billing.Restated{Frozen: usage.Units(r.Frozen), Now: usage.Units(r.Present)},
	}
}

// Adjustments implements billing.DeskReader.
func (r reader) Adjustments(ctx context.Context, tenant customer.Tenant, month billing.Month, page customer.Page) ([]billing.Adjustment, bool, error) {
	frozen, present := ofTenant("", tenant), ofTenant("", tenant)
	frozen.add("month = ?", month.String())
	present.runsWithin(month.First(), month.Last())
	const about = "org_id, package, location_id, license_id"
	var rows []adjustmentRow
	err := r.all(ctx, &rows, "compare a month", "SELECT "+about+", CAST(sum(frozen) AS BIGINT) AS frozen, CAST(sum(present) AS BIGINT) AS present FROM ("+
		"SELECT "+about+", units AS frozen, 0 AS present FROM billing_months"+frozen.text()+" UNION ALL SELECT "+about+", 0, "+runUnits+" FROM "+r.runsOfTenant(tenant)+present.text()+
		") AS both_sums GROUP BY "+about+" HAVING sum(frozen) <> sum(present) ORDER BY "+about+" LIMIT ? OFFSET ?",
		append(append(frozen.args, present.args...), page.Max+1, page.Offset)...)
	more := len(rows) > page.Max
	return nouns(rows[:min(len(rows), page.Max)], adjustmentRow.noun), more, err
}

// CloseMonth implements billing.DeskTx.
func (t *tx) CloseMonth(ctx context.Context, partner customer.OrgID, c billing.Closing) error {
	if err := t.insert(ctx, "billing_month_closings", "partner_id, month, closed, actor", string(partner), c.Month.String(), micros(c.At), c.Actor); err != nil {
		return err
	}
	w := ofTenant("", customer.Tenant{Partner: partner})
	w.runsWithin(c.Month.First(), c.Month.Last())
	_, err := t.exec(ctx, "freeze a month", `INSERT INTO billing_months (partner_id, month, org_id, package, location_id, license_id, units)
		SELECT partner_id, CAST(? AS TEXT), org_id, package, location_id, license_id, CAST(sum(`+runUnits+`) AS BIGINT) FROM usage_runs`+
		w.text()+" GROUP BY partner_id, org_id, package, location_id, license_id", append([]any{c.Month.String()}, w.args...)...)
	return err
}

type subscriptionRow struct {
	ID        string `db:"subscription_id"`
	TimeZone  string `db:"time_zone"`
	Customers int    `db:"customers"`
	Since     int64  `db:"since"`
}

func (r subscriptionRow) noun() billing.Subscription {
	s := billing.Subscription{ID: r.ID, Customers: r.Customers, Since: usage.Day(r.Since)}
	if r.TimeZone != "" {
		s.Zone, _ = usage.ParseZone(r.TimeZone) // we wrote it
	}
	return s
}

// subscriptionsOf is followed by a condition on s.subscription_id and an order; it takes the partner three times. A subscription is known by a template, by who is
// counted on it, or as that of a sub-partner. A customer whose billing is delayed has closed days without sums.
const subscriptionsOf = `SELECT s.subscription_id, coalesce(max(z.time_zone), '') AS time_zone, count(u.org_id) AS customers,
	coalesce(min(CASE WHEN u.through > 0 THEN coalesce((SELECT min(d.first_day) FROM usage_runs d WHERE d.partner_id = u.partner_id AND d.org_id = u.org_id), u.through) END), 0) AS since
	FROM (SELECT partner_id, subscription_id FROM templates WHERE partner_id = ? UNION SELECT partner_id, subscription_id FROM usage_customers WHERE partner_id = ?
		UNION SELECT id, subscription_id FROM partners WHERE id = ?) s
	LEFT JOIN usage_customers u ON u.partner_id = s.partner_id AND u.subscription_id = s.subscription_id
	LEFT JOIN billing_zones z ON z.partner_id = s.partner_id AND z.subscription_id = s.subscription_id
	WHERE s.subscription_id <> ''`

// Subscriptions implements billing.DeskReader.
func (r reader) Subscriptions(ctx context.Context, partner customer.OrgID, page customer.Page) ([]billing.Subscription, bool, error) {
	var rows []subscriptionRow
	p := string(partner)
	err := r.all(ctx, &rows, "read subscriptions", subscriptionsOf+" GROUP BY s.subscription_id ORDER BY s.subscription_id LIMIT ? OFFSET ?", p, p, p, page.Max+1, page.Offset)
	more := len(rows) > page.Max
	return nouns(rows[:min(len(rows), page.Max)], subscriptionRow.noun), more, err
}

// Subscription implements billing.DeskReader.
func (r reader) Subscription(ctx context.Context, partner customer.OrgID, id string) (billing.Subscription, error) {
	var row subscriptionRow
	p := string(partner)
	err := r.get(ctx, &row, "subscription", subscriptionsOf+" AND s.subscription_id = ? GROUP BY s.subscription_id", p, p, p, id)
	return row.noun(), err
}

// HoldSubscription implements billing.DeskTx. Days of a customer are closed under the customer's lock.
func (t *tx) HoldSubscription(ctx context.Context, partner customer.OrgID, id string) error {
	var orgs []string
	err := t.all(ctx, &orgs, "read who is counted", "SELECT org_id FROM usage_customers WHERE partner_id = ? AND subscription_id = ? ORDER BY org_id", string(partner), id)
	if err != nil {
		return err
	}
	for _, org := range orgs {
		if err := t.dialect.lockTenant(ctx, t.q, customer.Tenant{Partner: partner, Customer: customer.OrgID(org)}); err != nil {
			return t.failure(err, "lock the tenant")
		}
	}
	return nil
}
