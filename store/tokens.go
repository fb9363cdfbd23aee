package store

import (
	"context"
	"time"

	"dialtone/customer"
)

type tokenRow struct {
	ID        string `db:"id"`
	PartnerID string `db:"partner_id"`
	AdminID   string `db:"admin_id"`
	GrantID   string `db:"grant_id"`
	Email     string `db:"email"`
	Name      string `db:"name"`
	Scopes    string `db:"scopes"`
	Created   int64  `db:"created"`
	Expires   int64  `db:"expires"`
	LastUsed  int64  `db:"last_used"`
}

//nolint:gosec // G101: names of columns, not credentials
const tokenColumns = "id, partner_id, admin_id, name, scopes, created, expires, last_used"

//nolint:gosec // G101: a query, not a credential
const tokenSelect = `SELECT t.id, t.partner_id, t.admin_id, COALESCE(t.grant_id, '') AS grant_id, a.email, t.name, t.scopes, t.created, t.expires, t.last_used
	FROM tokens t JOIN admins a ON a.id = t.admin_id`

func (r tokenRow) noun() customer.Token {
	return customer.Token{
		ID: customer.TokenID(r.ID), Partner: customer.OrgID(r.PartnerID), Admin: customer.AdminID(r.AdminID), Email: r.Email, Name: r.Name,
		Scopes: decode[[]customer.Scope](r.Scopes), Created: fromMicros(r.Created), Expires: fromMicros(r.Expires), LastUsed: fromMicros(r.LastUsed),
		Grant: customer.GrantID(r.GrantID),
	}
}

// CreateToken implements customer.Tx.
func (t *tx) CreateToken(ctx context.Context, token customer.Token) error {
	scopes, err := encode(token.Scopes)
	if err != nil {
		return err
	}
	return t.insert(ctx, "tokens", "hash, id, partner_id, admin_id, grant_id, name, scopes, created, expires, last_used", token.Hash[:], string(token.ID),
		string(token.Partner), string(token.Admin), nullable(token.Grant), token.Name, scopes, micros(token.Created), micros(token.Expires), micros(token.LastUsed))
}

// UseToken implements customer.Tx.
func (t *tx) UseToken(ctx context.Context, partner customer.OrgID, id customer.TokenID, at time.Time) error {
	return t.change(ctx, "token", "UPDATE tokens SET last_used = ? WHERE partner_id = ? AND id = ?", micros(at), string(partner), string(id))
}

// DeleteToken implements customer.Tx.
func (t *tx) DeleteToken(ctx context.Context, partner customer.OrgID, id customer.TokenID) error {
	return t.change(ctx, "token", "DELETE FROM tokens WHERE partner_id = ? AND id = ?", string(partner), string(id))
}

// Token implements customer.Reader.
func (r reader) Token(ctx context.Context, partner customer.OrgID, id customer.TokenID) (customer.Token, error) {
	var row tokenRow
	err := r.get(ctx, &row, "token", tokenSelect+" WHERE t.partner_id = ? AND t.id = ?", string(partner), string(id))
	return row.noun(), err
}

// Tokens implements customer.Reader.
func (r reader) Tokens(ctx context.Context, partner customer.OrgID, admin customer.AdminID, page customer.Page) ([]customer.Token, bool, error) {
	w := ofTenant("t.", customer.Tenant{Partner: partner})
	w.equal("t.admin_id", string(admin))
	return list(ctx, r, w, page, tokenRow.noun, tokenSelect, "t.created, t.id")
}

// bearerRow is a token with its administrator and partner.
type bearerRow struct {
	Token   tokenRow   `db:"t"`
	Admin   adminRow   `db:"a"`
	Partner partnerRow `db:"p"`
}

// AnyTenantToken implements customer.Reader. It is asked with every request of the REST API: one statement, three primary keys.
func (r reader) AnyTenantToken(ctx context.Context, hash customer.TokenHash) (customer.Bearer, error) {
	var row bearerRow
	err := r.get(ctx, &row, "token", "SELECT "+qualified("t", tokenColumns, true)+", "+qualified("a", adminColumns, true)+", "+
		qualified("p", "id, name, state, subscription_id, billing_start, delayed_billing, created", true)+`, COALESCE(p.parent_id, '') AS "p.parent_id"
		FROM tokens t JOIN admins a ON a.id = t.admin_id JOIN partners p ON p.id = t.partner_id WHERE t.hash = ?`, hash[:])
	b := customer.Bearer{Token: row.Token.noun(), Admin: row.Admin.noun(), Partner: row.Partner.noun()}
	b.Token.Hash, b.Token.Email = hash, b.Admin.Email
	return b, err
}
