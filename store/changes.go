package store

import (
	"context"

	"dialtone/customer"
)

type changeRow struct {
	eventRow
	Xact int64 `db:"xact"`
}

func (r changeRow) noun() customer.Change {
	return customer.Change{Event: r.eventRow.noun(), Place: customer.EventCursor{Transaction: r.Xact, ID: r.ID}}
}

// ofDevices is the condition of the indexes that hold the events about devices alone.
const ofDevices = "device_id <> ''"

// changesOf are the conditions of the events about a tenant's devices behind a place that can't be overtaken any more.
func (r reader) changesOf(tenant customer.Tenant, after customer.EventCursor) where {
	w := ofTenant("", tenant)
	w.add(ofDevices)
	w.add(r.dialect.place("", ">", "?", "?"), after.Transaction, after.ID)
	if settled := r.dialect.settled("xact"); settled != "" {
		w.add(settled)
	}
	return w
}

// Changes implements customer.ChangeReader.
func (r reader) Changes(ctx context.Context, tenant customer.Tenant, after customer.EventCursor, most int) ([]customer.Change, error) {
	w := r.changesOf(tenant, after)
	return r.changes(ctx, w, most)
}

func (r reader) changes(ctx context.Context, w where, most int) ([]customer.Change, error) {
	var rows []changeRow
	err := r.all(ctx, &rows, "read changes", "SELECT id, xact, "+eventColumns+" FROM events"+w.text()+" ORDER BY xact, id LIMIT ?", append(w.args, most)...)
	return nouns(rows, changeRow.noun), err
}

// LatestChange implements customer.ChangeReader. It is the same for all: it tells nothing of anybody.
func (r reader) LatestChange(ctx context.Context, _ customer.Tenant) (customer.EventCursor, error) {
	var row struct {
		Xact int64 `db:"xact"`
		ID   int64 `db:"id"`
	}
	err := r.get(ctx, &row, "change", r.dialect.latestChange())
	return customer.EventCursor{Transaction: row.Xact, ID: row.ID}, err
}
