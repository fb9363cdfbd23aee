package store

import (
	"context"
	"time"

	"dialtone/customer"
)

type setupAssistRow struct {
	ID             string `db:"id"`
	PartnerID      string `db:"partner_id"`
	OrgID          string `db:"org_id"`
	CustomerID     string `db:"customer_id"`
	SubscriptionID string `db:"subscription_id"`
	LocationID     string `db:"location_id"`
	Locations      int    `db:"locations"`
	Seats          int    `db:"seats"`
	Target         int64  `db:"target"`
	Contacts       string `db:"contacts"`
	Actor          string `db:"actor"`
	Created        int64  `db:"created"`
	Cancelled      int64  `db:"cancelled"`
}

const (
	setupAssistColumns = "id, partner_id, org_id, customer_id, subscription_id, location_id, locations, seats, target, contacts, actor, created, cancelled" //nolint:gosec // G101: columns, and no credential
	setupAssistSelect  = "SELECT " + setupAssistColumns + " FROM setup_assist_orders"
)

// contactColumn is one contact in the JSON column.
type contactColumn struct {
	Name  string `json:"name"`
	Email string `json:"email"`
	Phone string `json:"phone,omitempty"`
}

func (r setupAssistRow) noun() customer.SetupAssistOrder {
	return customer.SetupAssistOrder{
		ID: customer.SetupAssistID(r.ID), Partner: customer.OrgID(r.PartnerID), Org: customer.OrgID(r.OrgID), Customer: customer.CustomerID(r.CustomerID),
		Subscription: r.SubscriptionID, Location: customer.LocationID(r.LocationID), Locations: r.Locations, Seats: r.Seats, Target: fromMicros(r.Target),
		Contacts: nilOr(decode[[]contactColumn](r.Contacts), func(c contactColumn) customer.SetupAssistContact { return customer.SetupAssistContact(c) }),
		Actor:    r.Actor, Created: fromMicros(r.Created), Cancelled: fromMicros(r.Cancelled),
	}
}

// CreateSetupAssistOrder implements customer.SetupAssistWriter.
func (t *tx) CreateSetupAssistOrder(ctx context.Context, o customer.SetupAssistOrder) error {
	contacts, err := encode(nilOr(o.Contacts, func(c customer.SetupAssistContact) contactColumn { return contactColumn(c) }))
	if err != nil {
		return err
	}
	return t.insert(ctx, "setup_assist_orders", setupAssistColumns, string(o.ID), string(o.Partner), string(o.Org), string(o.Customer), o.Subscription,
		string(o.Location), o.Locations, o.Seats, micros(o.Target), contacts, o.Actor, micros(o.Created), micros(o.Cancelled))
}

// CancelSetupAssistOrder implements customer.SetupAssistWriter.
func (t *tx) CancelSetupAssistOrder(ctx context.Context, tenant customer.Tenant, id customer.SetupAssistID, at time.Time) error {
	w := ofTenant("", tenant)
	w.add("id = ?", string(id))
	return t.change(ctx, "order", "UPDATE setup_assist_orders SET cancelled = ?"+w.text(), append([]any{micros(at)}, w.args...)...)
}

// SetupAssistOrder implements customer.SetupAssistReader.
func (r reader) SetupAssistOrder(ctx context.Context, tenant customer.Tenant, id customer.SetupAssistID) (customer.SetupAssistOrder, error) {
	w := ofTenant("", tenant)
	w.add("id = ?", string(id))
	var row setupAssistRow
	err := r.get(ctx, &row, "order", setupAssistSelect+w.text(), w.args...)
	return row.noun(), err
}

// SetupAssistOrders implements customer.SetupAssistReader.
func (r reader) SetupAssistOrders(ctx context.Context, tenant customer.Tenant, page customer.Page) ([]customer.SetupAssistOrder, bool, error) {
	return list(ctx, r, ofTenant("", tenant), page, setupAssistRow.noun, setupAssistSelect, "created, id")
}
