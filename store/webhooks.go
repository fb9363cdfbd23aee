package store

import (
	"context"
	"time"

	"dialtone/customer"
	"dialtone/webhook"
)

// webhooks is the store as the package webhook wants it.
type webhooks struct{ *database }

// Webhooks is the store as the package webhook wants it.
func (s *Store) Webhooks() webhook.Store { return webhooks{s.db} }

// Update implements webhook.Store.
func (s webhooks) Update(ctx context.Context, tenant customer.Tenant, fn func(webhook.Tx) error) error {
	return s.update(ctx, tenant, func(t *tx) error { return fn(t) })
}

type webhookRow struct {
	ID           string `db:"id"`
	PartnerID    string `db:"partner_id"`
	OrgID        string `db:"org_id"`
	Name         string `db:"name"`
	Target       string `db:"target"`
	Kinds        string `db:"kinds"`
	Status       string `db:"status"`
	Secret       []byte `db:"secret"`
	OldSecret    []byte `db:"old_secret"`
	OldUntil     int64  `db:"old_until"`
	AfterXact    int64  `db:"after_xact"`
	AfterID      int64  `db:"after_id"`
	Full         int    `db:"is_full"`
	WakeAt       int64  `db:"wake_at"`
	RetryAt      int64  `db:"retry_at"`
	Failures     int    `db:"failures"`
	FailingSince int64  `db:"failing_since"`
	LastDelivery int64  `db:"last_delivery"`
	LastFailure  int64  `db:"last_failure"`
	Failure      string `db:"failure"`
	Created      int64  `db:"created"`
}

const (
	webhookColumns = `id, partner_id, org_id, name, target, kinds, status, secret, old_secret, old_until, after_xact, after_id, is_full, wake_at, retry_at, failures,
	failing_since, last_delivery, last_failure, failure, created`
	webhookSelect = "SELECT " + webhookColumns + " FROM webhooks"
)

func (r webhookRow) noun() webhook.Webhook {
	return webhook.Webhook{
		ID: webhook.ID(r.ID), Partner: customer.OrgID(r.PartnerID), Org: customer.OrgID(r.OrgID), Name: r.Name, Target: r.Target,
		Kinds: decode[[]string](r.Kinds), Status: webhook.Status(r.Status), Created: fromMicros(r.Created),
		Secret: r.Secret, OldSecret: r.OldSecret, OldUntil: fromMicros(r.OldUntil),
		Progress: webhook.Progress{
			After: customer.EventCursor{Transaction: r.AfterXact, ID: r.AfterID}, Full: r.Full == 1, WakeAt: fromMicros(r.WakeAt), RetryAt: fromMicros(r.RetryAt),
			Failures: r.Failures, FailingSince: fromMicros(r.FailingSince), LastDelivery: fromMicros(r.LastDelivery), LastFailure: fromMicros(r.LastFailure),
			Failure: r.Failure,
		},
	}
}

// webhookValues are what can change of a webhook, in the order of the columns.
func webhookValues(w webhook.Webhook) ([]any, error) {
	kinds, err := encode(w.Kinds)
	var old any
	if len(w.OldSecret) > 0 {
		old = []byte(w.OldSecret)
	}
	return []any{
		string(w.Org), w.Name, w.Target, kinds, string(w.Status), []byte(w.Secret), old, micros(w.OldUntil), w.After.Transaction, w.After.ID, flag(w.Full),
		micros(w.WakeAt), micros(w.RetryAt), w.Failures, micros(w.FailingSince), micros(w.LastDelivery), micros(w.LastFailure), cleaned(w.Failure, maxFailure),
	}, err
}

// maxFailure bounds what is kept of a failure, in bytes.
const maxFailure = 500

// CreateWebhook implements webhook.Tx.
func (t *tx) CreateWebhook(ctx context.Context, w webhook.Webhook) error {
	values, err := webhookValues(w)
	if err != nil {
		return err
	}
	return t.insert(ctx, "webhooks", webhookColumns, append(append([]any{string(w.ID), string(w.Partner)}, values...), micros(w.Created))...)
}

// SetWebhook implements webhook.Tx.
func (t *tx) SetWebhook(ctx context.Context, w webhook.Webhook) error {
	values, err := webhookValues(w)
	if err != nil {
		return err
	}
	return t.change(ctx, "webhook", `UPDATE webhooks SET org_id = ?, name = ?, target = ?, kinds = ?, status = ?, secret = ?, old_secret = ?, old_until = ?, after_xact = ?,
		after_id = ?, is_full = ?, wake_at = ?, retry_at = ?, failures = ?, failing_since = ?, last_delivery = ?, last_failure = ?, failure = ?
		WHERE partner_id = ? AND id = ?`, append(values, string(w.Partner), string(w.ID))...)
}

// DeleteWebhook implements webhook.Tx.
func (t *tx) DeleteWebhook(ctx context.Context, partner customer.OrgID, id webhook.ID) error {
	return t.change(ctx, "webhook", "DELETE FROM webhooks WHERE partner_id = ? AND id = ?", string(partner), string(id))
}

// Webhook implements webhook.Reader.
func (r reader) Webhook(ctx context.Context, partner customer.OrgID, id webhook.ID) (webhook.Webhook, error) {
	var row webhookRow
	err := r.get(ctx, &row, "webhook", webhookSelect+" WHERE partner_id = ? AND id = ?", string(partner), string(id))
	return row.noun(), err
}

// Webhooks implements webhook.Reader.
func (r reader) Webhooks(ctx context.Context, tenant customer.Tenant, page customer.Page) ([]webhook.Webhook, bool, error) {
	return list(ctx, r, ofTenant("", tenant), page, webhookRow.noun, webhookSelect, "created, id")
}

// CountWebhooks implements webhook.Reader.
func (r reader) CountWebhooks(ctx context.Context, partner customer.OrgID) (int, error) {
	var count int
	err := r.count(ctx, &count, "count webhooks", "SELECT count(*) FROM webhooks WHERE partner_id = ?", string(partner))
	return count, err
}

// Lease implements webhook.Tx.
func (t *tx) Lease(ctx context.Context, partner customer.OrgID, id webhook.ID, session string, now, until time.Time) (bool, error) {
	n, err := t.exec(ctx, "lease a webhook", `UPDATE webhooks SET lease_id = ?, lease_until = ? WHERE partner_id = ? AND id = ? AND (lease_id = ? OR lease_until <= ?)`,
		session, micros(until), string(partner), string(id), session, micros(now))
	return n > 0, err
}

// AnyTenantDue implements webhook.Store. Each of the two ways into the log has its own index; only an order makes sure that it is taken, as a planner that
// looks for any row thinks to find one everywhere, when mostly there is none.
func (s webhooks) AnyTenantDue(ctx context.Context, now time.Time, most int) ([]webhook.Ref, error) {
	unread := "SELECT 1 FROM events e WHERE e.partner_id = w.partner_id AND e.device_id <> '' AND " +
		s.dialect.place("e.", ">", "w.after_xact", "w.after_id")
	if settled := s.dialect.settled("e.xact"); settled != "" {
		unread += " AND " + settled
	}
	first := func(more string) string { return "(" + unread + more + " ORDER BY e.xact, e.id LIMIT 1) IS NOT NULL" }
	var rows []struct {
		ID        string `db:"id"`
		PartnerID string `db:"partner_id"`
	}
	err := s.all(ctx, &rows, "find due webhooks", `SELECT w.id, w.partner_id FROM webhooks w
		WHERE w.status = 'active' AND w.lease_until <= ? AND w.retry_at <= ? AND (w.wake_at BETWEEN 1 AND ?
		OR w.is_full = 0 AND (w.org_id = '' AND `+first("")+` OR w.org_id <> '' AND `+first(" AND e.org_id = w.org_id")+`))
		ORDER BY w.lease_until, w.id LIMIT ?`, micros(now), micros(now), micros(now), most)
	out := make([]webhook.Ref, len(rows))
	for i, row := range rows {
		out[i] = webhook.Ref{Partner: customer.OrgID(row.PartnerID), ID: webhook.ID(row.ID)}
	}
	return out, err
}

// AnyTenantTakeUp implements webhook.Store: no other process serves a file; of a server's other nodes nobody knows.
func (s webhooks) AnyTenantTakeUp(ctx context.Context) error {
	if !s.dialect.alone() {
		return nil
	}
	return s.transact(ctx, func(t *tx) error {
		_, err := t.exec(ctx, "take up webhooks", "UPDATE webhooks SET lease_until = 0 WHERE lease_until > 0")
		return err
	})
}
