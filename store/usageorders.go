package store

import (
	"context"
	"time"

	"dialtone/customer"
	"dialtone/usage"
)

type usageOrderRow struct {
	OrgID       string `db:"org_id"`
	OrderID     string `db:"order_id"`
	Service     string `db:"service"`
	Seats       int    `db:"seats"`
	LocationID  string `db:"location_id"`
	At          int64  `db:"at"`
	CancelledAt int64  `db:"cancelled_at"`
}

const usageOrderColumns = "org_id, order_id, service, seats, location_id, at, cancelled_at"

func (r usageOrderRow) noun() usage.Order {
	return usage.Order{
		ID: r.OrderID, Customer: customer.OrgID(r.OrgID), Service: usage.Service(r.Service), At: fromMicros(r.At), Seats: r.Seats,
		Location: customer.LocationID(r.LocationID), Cancelled: fromMicros(r.CancelledAt),
	}
}

// orderOnce keeps what an event says about an order.
func (t *tx) orderOnce(ctx context.Context, e customer.Event) error {
	o, ok := usage.OrderOf(e)
	if !ok {
		return nil
	}
	if err := t.countsFrom(ctx, e.Tenant, e.Time); err != nil {
		return err
	}
	if o.Cancelled.IsZero() {
		return t.insertUsageOrder(ctx, e.Tenant.Partner, o)
	}
	w, at := ofTenant("", e.Tenant), micros(o.Cancelled)
	w.add("order_id = ? AND (cancelled_at = 0 OR cancelled_at > ?)", o.ID, at)
	_, err := t.exec(ctx, "cancel an order", "UPDATE usage_orders SET cancelled_at = ?"+w.text(), append([]any{at}, w.args...)...)
	return err
}

func (t *tx) insertUsageOrder(ctx context.Context, partner customer.OrgID, o usage.Order) error {
	return t.insert(ctx, "usage_orders", "partner_id, "+usageOrderColumns, string(partner), string(o.Customer), o.ID, string(o.Service), o.Seats, string(o.Location),
		micros(o.At), micros(o.Cancelled))
}

// FoldOrders implements billing.Reader.
func (r reader) FoldOrders(ctx context.Context, tenant customer.Tenant) ([]usage.Order, error) {
	events, err := r.eventsOf(ctx, ofTenant("", tenant), usage.OrderKinds())
	said := make([]usage.Order, 0, len(events))
	for _, e := range events {
		if o, ok := usage.OrderOf(e); ok {
			said = append(said, o)
		}
	}
	return usage.FoldOrders(said), err
}

// rebuildOrders makes what is known of a customer's orders again from its events.
func (t *tx) rebuildOrders(ctx context.Context, tenant customer.Tenant) error {
	orders, err := t.FoldOrders(ctx, tenant)
	if err != nil {
		return err
	}
	w := ofTenant("", tenant)
	if _, err := t.exec(ctx, "forget orders", "DELETE FROM usage_orders"+w.text(), w.args...); err != nil {
		return err
	}
	for _, o := range orders {
		if err := t.insertUsageOrder(ctx, tenant.Partner, o); err != nil {
			return err
		}
	}
	return nil
}

// Orders implements billing.Reader.
func (r reader) Orders(ctx context.Context, tenant customer.Tenant, from, until time.Time) ([]usage.Order, error) {
	w := ofTenant("", tenant)
	w.add("at >= ? AND at < ?", micros(from), micros(until))
	var rows []usageOrderRow
	err := r.all(ctx, &rows, "read orders", "SELECT "+usageOrderColumns+" FROM usage_orders"+w.text()+" ORDER BY org_id, order_id", w.args...)
	return nouns(rows, usageOrderRow.noun), err
}
