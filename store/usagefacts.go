package store

import (
	"context"

	"dialtone/customer"
	"dialtone/usage"
)

type factsRow struct {
	OrgID          string `db:"org_id"`
	SinceAt        int64  `db:"since_at"`
	Event          int64  `db:"event"`
	CustomerID     string `db:"customer_id"`
	ExternalID     string `db:"external_id"`
	SubscriptionID string `db:"subscription_id"`
	BillingDay     int64  `db:"billing_day"`
}

const factsColumns = "org_id, since_at, event, customer_id, external_id, subscription_id, billing_day"

func (r factsRow) noun() usage.Facts {
	return usage.Facts{
		Event: r.Event, Since: fromMicros(r.SinceAt), Customer: customer.OrgID(r.OrgID), Relation: customer.CustomerID(r.CustomerID), ExternalID: r.ExternalID,
		Subscription: r.SubscriptionID, Billing: usage.Day(r.BillingDay),
	}
}

// learn keeps what an event says of a customer, unless it was known. One that is older than what is known, as a correction is, has the history made anew.
func (t *tx) learn(ctx context.Context, e customer.Event) error {
	facts, ok := usage.FactsOf(e)
	if !ok {
		return nil
	}
	if err := t.cameToLight(ctx, e.Tenant, facts.Since); err != nil {
		return err
	}
	known, err := t.histories(ctx, e.Tenant, e.Tenant.Customer, e.Tenant.Customer)
	if err != nil {
		return err
	}
	history := known[e.Tenant.Customer]
	switch last := history.At(facts.Since); {
	case len(history) > 0 && history[len(history)-1].Since.After(facts.Since):
		return t.rebuildFacts(ctx, e.Tenant)
	case len(history) > 0 && last.Same(facts):
		return nil
	}
	return t.insertFacts(ctx, e.Tenant.Partner, facts)
}

func (t *tx) insertFacts(ctx context.Context, partner customer.OrgID, f usage.Facts) error {
	return t.insert(ctx, "usage_facts", "partner_id, "+factsColumns, string(partner), string(f.Customer), micros(f.Since), f.Event, string(f.Relation), f.ExternalID,
		f.Subscription, int64(f.Billing))
}

// rebuildFacts makes what is known of a customer again from its events.
func (t *tx) rebuildFacts(ctx context.Context, tenant customer.Tenant) error {
	history, err := t.FoldFacts(ctx, tenant)
	if err != nil {
		return err
	}
	w := ofTenant("", tenant)
	if _, err := t.exec(ctx, "forget facts", "DELETE FROM usage_facts"+w.text(), w.args...); err != nil {
		return err
	}
	for _, f := range history {
		if err := t.insertFacts(ctx, tenant.Partner, f); err != nil {
			return err
		}
	}
	return nil
}

// FoldFacts implements billing.Reader.
func (r reader) FoldFacts(ctx context.Context, tenant customer.Tenant) (usage.History, error) {
	events, err := r.eventsOf(ctx, ofTenant("", tenant), usage.FactKinds())
	said := make([]usage.Facts, 0, len(events))
	for _, e := range events {
		if f, ok := usage.FactsOf(e); ok {
			said = append(said, f)
		}
	}
	return usage.NewHistory(said), err
}

// eventsOf reads the events of some kinds that conditions leave, in the order of the log.
func (r reader) eventsOf(ctx context.Context, w where, kinds []customer.EventKind) ([]customer.Event, error) {
	w.among("kind", texts(kinds))
	var rows []eventRow
	err := r.all(ctx, &rows, "read events about usage", "SELECT id, "+eventColumns+" FROM events"+w.text()+" ORDER BY id", w.args...)
	return nouns(rows, eventRow.noun), err
}

// histories reads what is known of a tenant's customers from one to another, both included.
func (r reader) histories(ctx context.Context, tenant customer.Tenant, first, last customer.OrgID) (map[customer.OrgID]usage.History, error) {
	w := ofTenant("", tenant)
	w.add("org_id >= ? AND org_id <= ?", string(first), string(last))
	var rows []factsRow
	err := r.all(ctx, &rows, "read facts", "SELECT "+factsColumns+" FROM usage_facts"+w.text()+" ORDER BY org_id, since_at, event", w.args...)
	out := map[customer.OrgID]usage.History{}
	for _, row := range rows {
		f := row.noun()
		out[f.Customer] = append(out[f.Customer], f)
	}
	return out, err
}

// History implements billing.Reader.
func (r reader) History(ctx context.Context, tenant customer.Tenant) (usage.History, error) {
	known, err := r.histories(ctx, tenant, tenant.Customer, tenant.Customer)
	return usage.NewHistory(known[tenant.Customer]), err
}

// PartnerHistory implements billing.Reader. What happens to a sub-partner is in its parent's log.
func (r reader) PartnerHistory(ctx context.Context, partner customer.OrgID) (usage.PartnerHistory, error) {
	p, err := r.Partner(ctx, partner)
	if err != nil {
		return nil, err
	}
	tenant := customer.Tenant{Partner: partner}
	if p.Parent != "" {
		tenant.Partner = p.Parent
	}
	w := ofTenant("", tenant)
	w.equal("subject", string(partner))
	events, err := r.eventsOf(ctx, w, usage.PartnerFactKinds())
	return usage.NewPartnerHistory(events), err
}
