package store

import (
	"context"
	"slices"

	"dialtone/customer"
	"dialtone/usage"
)

type eventRow struct {
	ID        int64  `db:"id"`
	At        int64  `db:"at"`
	PartnerID string `db:"partner_id"`
	OrgID     string `db:"org_id"`
	Actor     string `db:"actor"`
	Kind      string `db:"kind"`
	Subject   string `db:"subject"`
	Data      string `db:"data"`
	DeviceID  string `db:"device_id"`
}

const eventColumns = "at, partner_id, org_id, actor, kind, subject, data, device_id"

func (r eventRow) noun() customer.Event {
	return customer.Event{
		ID: r.ID, Time: fromMicros(r.At), Tenant: customer.Tenant{Partner: customer.OrgID(r.PartnerID), Customer: customer.OrgID(r.OrgID)},
		Actor: r.Actor, Kind: customer.EventKind(r.Kind), Subject: r.Subject, Device: r.DeviceID,
		Data: decode[map[string]any](r.Data),
	}
}

// Record implements customer.Tx.
func (t *tx) Record(ctx context.Context, e customer.Event) error {
	data := e.Data
	if data == nil {
		data = map[string]any{}
	}
	text, err := encode(data)
	if err != nil {
		return err
	}
	args := []any{micros(e.Time), string(e.Tenant.Partner), string(e.Tenant.Customer), e.Actor, string(e.Kind), e.Subject, text, e.Device}
	if !counted(e.Kind) {
		return t.insert(ctx, "events", eventColumns, args...)
	}
	if err := t.get(ctx, &e.ID, "event", "INSERT INTO events ("+eventColumns+") VALUES "+tuples(1, len(args))+" RETURNING id", args...); err != nil {
		return err
	}
	if err := t.learn(ctx, e); err != nil {
		return err
	}
	if err := t.orderOnce(ctx, e); err != nil {
		return err
	}
	return t.project(ctx, e)
}

// counted reports whether an event of a kind says something about usage, which is kept in tables of its own.
func counted(kind customer.EventKind) bool {
	return slices.Contains(usage.ChangeKinds(), kind) || slices.Contains(usage.FactKinds(), kind) || slices.Contains(usage.OrderKinds(), kind)
}

// Events implements customer.Reader.
func (r reader) Events(ctx context.Context, tenant customer.Tenant, f customer.EventFilter, page customer.Page) ([]customer.Event, bool, error) {
	w := ofTenant("", tenant)
	w.equal("kind", string(f.Kind))
	w.equal("actor", f.Actor)
	w.equal("subject", f.Subject)
	if !f.From.IsZero() {
		w.add("at >= ?", micros(f.From))
	}
	if !f.Until.IsZero() {
		w.add("at < ?", micros(f.Until))
	}
	return list(ctx, r, w, page, eventRow.noun, "SELECT id, "+eventColumns+" FROM events", "id DESC")
}
