package store

import (
	"context"
	"time"

	"dialtone/customer"
	"dialtone/webhook"
)

type deliveryRow struct {
	WebhookID   string    `db:"webhook_id"`
	State       string    `db:"state"`
	Replayed    int       `db:"replayed"`
	Attempts    int       `db:"attempts"`
	Tries       int       `db:"tries"`
	NextTry     int64     `db:"next_try"`
	FirstFailed int64     `db:"first_failed"`
	Failure     string    `db:"failure"`
	Died        int64     `db:"died"`
	Event       changeRow `db:"e"`
}

const (
	deliveryInsert = "webhook_id, event_id, partner_id, device_id, xact, state, replayed, attempts, tries, next_try, first_failed, failure, died"
	deliveryOwn    = "webhook_id, state, replayed, attempts, tries, next_try, first_failed, failure, died"
)

// deliverySelect selects deliveries of a table, or of a SELECT from it, with their events.
func deliverySelect(from string) string {
	return "SELECT " + qualified("d", deliveryOwn, false) + ", " + qualified("e", "id, xact, "+eventColumns, true) +
		" FROM " + from + " d JOIN events e ON e.id = d.event_id"
}

func (r deliveryRow) noun() webhook.Delivery {
	return webhook.Delivery{
		Webhook: webhook.ID(r.WebhookID), Change: r.Event.noun(), State: webhook.State(r.State), Replayed: r.Replayed == 1, Attempts: r.Attempts, Tries: r.Tries,
		NextTry: fromMicros(r.NextTry), FirstFailed: fromMicros(r.FirstFailed), Failure: r.Failure, Died: fromMicros(r.Died),
	}
}

// ofWebhook begins the conditions on the deliveries of one webhook.
func ofWebhook(partner customer.OrgID, id webhook.ID) where {
	w := where{}
	w.add("d.partner_id = ?", string(partner))
	w.add("d.webhook_id = ?", string(id))
	return w
}

// Deliveries implements webhook.Reader.
func (r reader) Deliveries(ctx context.Context, partner customer.OrgID, id webhook.ID, state webhook.State, page customer.Page) ([]webhook.Delivery, bool, error) {
	w := ofWebhook(partner, id)
	w.equal("d.state", string(state))
	return list(ctx, r, w, page, deliveryRow.noun, deliverySelect("webhook_deliveries"), "d.xact, d.event_id")
}

// Hold implements webhook.Tx.
func (t *tx) Hold(ctx context.Context, partner customer.OrgID, list []webhook.Delivery) (int, error) {
	const columns = 13
	held := 0
	for len(list) > 0 {
		batch := list[:min(len(list), maxRows)]
		list = list[len(batch):]
		args := make([]any, 0, columns*len(batch))
		for _, d := range batch {
			args = append(args, string(d.Webhook), d.Change.ID, string(partner), d.Change.Device, d.Change.Place.Transaction, string(d.State), flag(d.Replayed),
				d.Attempts, d.Tries, micros(d.NextTry), micros(d.FirstFailed), cleaned(d.Failure, maxFailure), micros(d.Died))
		}
		n, err := t.exec(ctx, "write deliveries", "INSERT INTO webhook_deliveries ("+deliveryInsert+") VALUES "+tuples(len(batch), columns)+" ON CONFLICT DO NOTHING", args...)
		if err != nil {
			return held, err
		}
		held += int(n)
	}
	return held, nil
}

// SetDelivery implements webhook.Tx.
func (t *tx) SetDelivery(ctx context.Context, partner customer.OrgID, d webhook.Delivery) (bool, error) {
	n, err := t.exec(ctx, "change a delivery", `UPDATE webhook_deliveries SET state = ?, attempts = ?, tries = ?, next_try = ?, first_failed = ?, failure = ?, died = ?
		WHERE partner_id = ? AND webhook_id = ? AND event_id = ? AND state = 'pending'`, string(d.State), d.Attempts, d.Tries, micros(d.NextTry), micros(d.FirstFailed),
		cleaned(d.Failure, maxFailure), micros(d.Died), string(partner), string(d.Webhook), d.Change.ID)
	return n > 0, err
}

// DeleteDelivery implements webhook.Tx.
func (t *tx) DeleteDelivery(ctx context.Context, partner customer.OrgID, id webhook.ID, event int64) (bool, error) {
	n, err := t.exec(ctx, "delete a delivery", "DELETE FROM webhook_deliveries WHERE partner_id = ? AND webhook_id = ? AND event_id = ?", string(partner), string(id), event)
	return n > 0, err
}

// CountPending implements webhook.Tx.
func (t *tx) CountPending(ctx context.Context, partner customer.OrgID, id webhook.ID) (int, error) {
	var count int
	err := t.count(ctx, &count, "count deliveries", "SELECT count(*) FROM webhook_deliveries WHERE partner_id = ? AND webhook_id = ? AND state = 'pending'",
		string(partner), string(id))
	return count, err
}

// headsOf selects the pending delivery with the earliest change of each device of a webhook; its two values are the partner and the webhook. It sorts what
// waits, which is bounded, and so costs the same whatever a planner knows.
const headsOf = `(SELECT d.*, row_number() OVER (PARTITION BY d.device_id ORDER BY d.xact, d.event_id) AS place FROM webhook_deliveries d
	WHERE d.partner_id = ? AND d.webhook_id = ? AND d.state = 'pending')`

// Heads implements webhook.Tx. The events are looked up for those alone that are returned.
func (t *tx) Heads(ctx context.Context, partner customer.OrgID, id webhook.ID, now time.Time, leastTried bool, most int) ([]webhook.Delivery, error) {
	order := " ORDER BY d.xact, d.event_id"
	if leastTried {
		order = " ORDER BY d.tries, d.xact, d.event_id"
	}
	var rows []deliveryRow
	query := deliverySelect("(SELECT * FROM "+headsOf+" d WHERE d.place = 1 AND d.next_try <= ?"+order+" LIMIT ?)") + order
	err := t.all(ctx, &rows, "read deliveries", query, string(partner), string(id), micros(now), most)
	return nouns(rows, deliveryRow.noun), err
}

// NextHead implements webhook.Tx.
func (t *tx) NextHead(ctx context.Context, partner customer.OrgID, id webhook.ID) (time.Time, error) {
	var at int
	err := t.count(ctx, &at, "find the next delivery", "SELECT coalesce(min(d.next_try), 0) FROM "+headsOf+" d WHERE d.place = 1", string(partner), string(id))
	return fromMicros(int64(at)), err
}

// ChangesOfDevice implements webhook.Tx.
func (t *tx) ChangesOfDevice(ctx context.Context, tenant customer.Tenant, device string, after, until customer.EventCursor, most int) ([]customer.Change, error) {
	w := t.changesOf(tenant, after)
	w.add("device_id = ?", device)
	w.add(t.dialect.place("", "<=", "?", "?"), until.Transaction, until.ID)
	return t.changes(ctx, w, most)
}

// Drop implements webhook.Tx.
func (t *tx) Drop(ctx context.Context, partner customer.OrgID, id webhook.ID, after customer.EventCursor) error {
	_, err := t.exec(ctx, "delete deliveries", "DELETE FROM webhook_deliveries WHERE partner_id = ? AND webhook_id = ? AND (xact, event_id) > (?, ?)",
		string(partner), string(id), after.Transaction, after.ID)
	return err
}

// Revive implements webhook.Tx.
func (t *tx) Revive(ctx context.Context, partner customer.OrgID, id webhook.ID, now time.Time) (int, error) {
	n, err := t.exec(ctx, "revive deliveries", `UPDATE webhook_deliveries SET state = 'pending', replayed = 1, attempts = 0, tries = 0, next_try = ?, first_failed = 0, died = 0
		WHERE partner_id = ? AND webhook_id = ? AND state = 'dead'`, micros(now), string(partner), string(id))
	return int(n), err
}

// AnyTenantDropDead implements webhook.Store.
func (s webhooks) AnyTenantDropDead(ctx context.Context, before time.Time, most int) (int, error) {
	var dropped int64
	err := s.transact(ctx, func(t *tx) (err error) {
		dropped, err = t.exec(ctx, "delete dead deliveries", `DELETE FROM webhook_deliveries WHERE state = 'dead' AND (webhook_id, event_id) IN
			(SELECT webhook_id, event_id FROM webhook_deliveries WHERE state = 'dead' AND died < ? ORDER BY died LIMIT ?)`, micros(before), most)
		return err
	})
	return int(dropped), err
}

// AnyTenantOldestPending implements webhook.Store.
func (s webhooks) AnyTenantOldestPending(ctx context.Context) (time.Time, error) {
	var at int
	err := s.count(ctx, &at, "find the oldest delivery", `SELECT coalesce(min(e.at), 0) FROM webhook_deliveries d JOIN events e ON e.id = d.event_id
		JOIN webhooks w ON w.id = d.webhook_id WHERE d.state = 'pending' AND w.status = 'active'`)
	return fromMicros(int64(at)), err
}
