package store

import (
	"context"

	"dialtone/customer"
	"dialtone/provisioning"
)

type inboxTokenRow struct {
	ID        string `db:"id"`
	PartnerID string `db:"partner_id"`
	OrgID     string `db:"org_id"`
	Name      string `db:"name"`
	Hash      []byte `db:"hash"`
	Created   int64  `db:"created"`
	Rotated   int64  `db:"rotated"`
}

const inboxTokenColumns = "id, partner_id, org_id, name, hash, created, rotated" //nolint:gosec // G101: names of columns

func (r inboxTokenRow) noun() provisioning.InboxToken {
	return provisioning.InboxToken{
		ID: provisioning.InboxTokenID(r.ID), Partner: customer.OrgID(r.PartnerID), Org: customer.OrgID(r.OrgID), Name: r.Name, Hash: r.Hash,
		Created: fromMicros(r.Created), Rotated: fromMicros(r.Rotated),
	}
}

// CreateInboxToken implements provisioning.InboxTokenTx.
func (t *tx) CreateInboxToken(ctx context.Context, one provisioning.InboxToken) error {
	return t.insert(ctx, "inbox_tokens", inboxTokenColumns, string(one.ID), string(one.Partner), string(one.Org), one.Name, one.Hash, micros(one.Created), micros(one.Rotated))
}

// SetInboxToken implements provisioning.InboxTokenTx.
func (t *tx) SetInboxToken(ctx context.Context, one provisioning.InboxToken) error {
	w := oneInboxToken(one.Tenant(), one.ID)
	return t.change(ctx, "inbox token", "UPDATE inbox_tokens SET hash = ?, rotated = ?"+w.text(), append([]any{one.Hash, micros(one.Rotated)}, w.args...)...)
}

// DeleteInboxToken implements provisioning.InboxTokenTx.
func (t *tx) DeleteInboxToken(ctx context.Context, tenant customer.Tenant, id provisioning.InboxTokenID) error {
	w := oneInboxToken(tenant, id)
	return t.change(ctx, "inbox token", "DELETE FROM inbox_tokens"+w.text(), w.args...)
}

func oneInboxToken(tenant customer.Tenant, id provisioning.InboxTokenID) where {
	w := ofTenant("", tenant)
	w.add("id = ?", string(id))
	return w
}

// InboxToken implements provisioning.InboxTokenReader.
func (r reader) InboxToken(ctx context.Context, tenant customer.Tenant, id provisioning.InboxTokenID) (provisioning.InboxToken, error) {
	w := oneInboxToken(tenant, id)
	var row inboxTokenRow
	if err := r.get(ctx, &row, "inbox token", "SELECT "+inboxTokenColumns+" FROM inbox_tokens"+w.text(), w.args...); err != nil {
		return provisioning.InboxToken{}, err
	}
	return row.noun(), nil
}

// InboxTokens implements provisioning.InboxTokenReader.
func (r reader) InboxTokens(ctx context.Context, tenant customer.Tenant) ([]provisioning.InboxToken, error) {
	w := ofTenant("", tenant)
	var rows []inboxTokenRow
	err := r.all(ctx, &rows, "list inbox tokens", "SELECT "+inboxTokenColumns+" FROM inbox_tokens"+w.text()+" ORDER BY created, id LIMIT ?", append(w.args, maxRows)...)
	return nouns(rows, inboxTokenRow.noun), err
}

// AnyTenantInboxTokens implements provisioning.InboxTokenReader.
func (r reader) AnyTenantInboxTokens(ctx context.Context, hashes []string) (map[string]customer.Tenant, error) {
	out := map[string]customer.Tenant{}
	for start := 0; start < len(hashes); start += maxRows {
		part := hashes[start:min(start+maxRows, len(hashes))]
		args := make([]any, len(part))
		for i, hash := range part {
			args[i] = []byte(hash)
		}
		var rows []inboxTokenRow
		err := r.all(ctx, &rows, "find inbox tokens", "SELECT "+inboxTokenColumns+" FROM inbox_tokens WHERE hash IN "+tuples(1, len(args)), args...)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			out[string(row.Hash)] = row.noun().Tenant()
		}
	}
	return out, nil
}
