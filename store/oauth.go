package store

import (
	"context"
	"time"

	"dialtone/customer"
)

type integrationRow struct {
	ID           string `db:"id"`
	PartnerID    string `db:"partner_id"`
	AdminID      string `db:"admin_id"`
	Email        string `db:"email"`
	Name         string `db:"name"`
	SecretHash   []byte `db:"secret_hash"`
	RedirectURIs string `db:"redirect_uris"`
	Scopes       string `db:"scopes"`
	Created      int64  `db:"created"`
}

const integrationSelect = `SELECT i.id, i.partner_id, i.admin_id, a.email, i.name, i.secret_hash, i.redirect_uris, i.scopes, i.created
	FROM integrations i JOIN admins a ON a.id = i.admin_id`

func (r integrationRow) noun() customer.Integration {
	i := customer.Integration{
		ID: customer.IntegrationID(r.ID), Partner: customer.OrgID(r.PartnerID), Admin: customer.AdminID(r.AdminID), Email: r.Email, Name: r.Name,
		RedirectURIs: decode[[]string](r.RedirectURIs), Scopes: decode[[]customer.Scope](r.Scopes), Created: fromMicros(r.Created),
	}
	copy(i.Secret[:], r.SecretHash)
	return i
}

// CreateIntegration implements customer.OAuthTx.
func (t *tx) CreateIntegration(ctx context.Context, i customer.Integration) error {
	uris, err := encode(i.RedirectURIs)
	if err != nil {
		return err
	}
	scopes, err := encode(i.Scopes)
	if err != nil {
		return err
	}
	return t.insert(ctx, "integrations", "id, partner_id, admin_id, name, secret_hash, redirect_uris, scopes, created",
		string(i.ID), string(i.Partner), string(i.Admin), i.Name, i.Secret[:], uris, scopes, micros(i.Created))
}

// DeleteIntegration implements customer.OAuthTx.
func (t *tx) DeleteIntegration(ctx context.Context, partner customer.OrgID, id customer.IntegrationID) error {
	return t.change(ctx, "integration", "DELETE FROM integrations WHERE partner_id = ? AND id = ?", string(partner), string(id))
}

// Integration implements customer.OAuthReader.
func (r reader) Integration(ctx context.Context, partner customer.OrgID, id customer.IntegrationID) (customer.Integration, error) {
	var row integrationRow
	err := r.get(ctx, &row, "integration", integrationSelect+" WHERE i.partner_id = ? AND i.id = ?", string(partner), string(id))
	return row.noun(), err
}

// Integrations implements customer.OAuthReader.
func (r reader) Integrations(ctx context.Context, partner customer.OrgID, admin customer.AdminID, page customer.Page) ([]customer.Integration, bool, error) {
	w := ofTenant("i.", customer.Tenant{Partner: partner})
	w.equal("i.admin_id", string(admin))
	return list(ctx, r, w, page, integrationRow.noun, integrationSelect, "i.created, i.id")
}

// AnyTenantIntegration implements customer.OAuthReader.
func (r reader) AnyTenantIntegration(ctx context.Context, id customer.IntegrationID) (customer.Integration, error) {
	var row integrationRow
	err := r.get(ctx, &row, "integration", integrationSelect+" WHERE i.id = ?", string(id))
	return row.noun(), err
}

type grantRow struct {
	ID             string `db:"id"`
	PartnerID      string `db:"partner_id"`
	IntegrationID  string `db:"integration_id"`
	AdminID        string `db:"admin_id"`
	Scopes         string `db:"scopes"`
	RedirectURI    string `db:"redirect_uri"`
	Challenge      string `db:"challenge"`
	CodeHash       []byte `db:"code_hash"`
	CodeExpires    int64  `db:"code_expires"`
	RefreshHash    []byte `db:"refresh_hash"`
	RefreshExpires int64  `db:"refresh_expires"`
	Created        int64  `db:"created"`
	LastUsed       int64  `db:"last_used"`
}

const grantColumns = "id, partner_id, integration_id, admin_id, scopes, redirect_uri, challenge, code_hash, code_expires, refresh_hash, refresh_expires, created, last_used"

func (r grantRow) noun() customer.Grant {
	g := customer.Grant{
		ID: customer.GrantID(r.ID), Partner: customer.OrgID(r.PartnerID), Integration: customer.IntegrationID(r.IntegrationID), Admin: customer.AdminID(r.AdminID),
		Scopes: decode[[]customer.Scope](r.Scopes), RedirectURI: r.RedirectURI, Challenge: r.Challenge, CodeExpires: fromMicros(r.CodeExpires),
		RefreshExpires: fromMicros(r.RefreshExpires), Created: fromMicros(r.Created), LastUsed: fromMicros(r.LastUsed),
	}
	copy(g.Code[:], r.CodeHash)
	copy(g.Refresh[:], r.RefreshHash)
	return g
}

// absentHash makes NULL of the hash of nothing: a unique index holds as many as there are.
func absentHash(hash customer.TokenHash) any {
	if hash == (customer.TokenHash{}) {
		return nil
	}
	return hash[:]
}

// CreateGrant implements customer.OAuthTx.
func (t *tx) CreateGrant(ctx context.Context, g customer.Grant) error {
	scopes, err := encode(g.Scopes)
	if err != nil {
		return err
	}
	return t.insert(ctx, "grants", grantColumns,
		string(g.ID), string(g.Partner), string(g.Integration), string(g.Admin), scopes, g.RedirectURI, g.Challenge, g.Code[:], micros(g.CodeExpires),
		absentHash(g.Refresh), micros(g.RefreshExpires), micros(g.Created), micros(g.LastUsed))
}

// SetGrant implements customer.OAuthTx.
func (t *tx) SetGrant(ctx context.Context, g customer.Grant) error {
	return t.change(ctx, "grant", "UPDATE grants SET refresh_hash = ?, refresh_expires = ?, last_used = ? WHERE partner_id = ? AND id = ?",
		absentHash(g.Refresh), micros(g.RefreshExpires), micros(g.LastUsed), string(g.Partner), string(g.ID))
}

// DeleteGrant implements customer.OAuthTx.
func (t *tx) DeleteGrant(ctx context.Context, partner customer.OrgID, id customer.GrantID) error {
	return t.change(ctx, "grant", "DELETE FROM grants WHERE partner_id = ? AND id = ?", string(partner), string(id))
}

// TrimGrants implements customer.OAuthTx. A grant is worth something until its refresh token ends or, before the exchange, its code.
func (t *tx) TrimGrants(ctx context.Context, partner customer.OrgID, integration customer.IntegrationID, admin customer.AdminID, now time.Time, keep int) error {
	const ofOne = "partner_id = ? AND integration_id = ? AND admin_id = ?"
	const live = "(CASE refresh_expires WHEN 0 THEN code_expires ELSE refresh_expires END) > ?"
	_, err := t.exec(ctx, "delete old grants", "DELETE FROM grants WHERE "+ofOne+" AND id NOT IN (SELECT id FROM grants WHERE "+ofOne+" AND "+live+
		" ORDER BY created DESC, id DESC LIMIT ?)",
		string(partner), string(integration), string(admin), string(partner), string(integration), string(admin), micros(now), keep)
	return err
}

// TrimTokens implements customer.OAuthTx.
func (t *tx) TrimTokens(ctx context.Context, partner customer.OrgID, grant customer.GrantID, now time.Time, keep int) error {
	_, err := t.exec(ctx, "delete old tokens", `DELETE FROM tokens WHERE partner_id = ? AND grant_id = ? AND id NOT IN
		(SELECT id FROM tokens WHERE partner_id = ? AND grant_id = ? AND expires > ? ORDER BY created DESC, id DESC LIMIT ?)`,
		string(partner), string(grant), string(partner), string(grant), micros(now), keep)
	return err
}

// GrantByCode implements customer.OAuthReader.
func (r reader) GrantByCode(ctx context.Context, partner customer.OrgID, integration customer.IntegrationID, code customer.TokenHash) (customer.Grant, error) {
	return r.grant(ctx, partner, integration, "code_hash", code)
}

// GrantByRefresh implements customer.OAuthReader.
func (r reader) GrantByRefresh(ctx context.Context, partner customer.OrgID, integration customer.IntegrationID, refresh customer.TokenHash) (customer.Grant, error) {
	return r.grant(ctx, partner, integration, "refresh_hash", refresh)
}

func (r reader) grant(ctx context.Context, partner customer.OrgID, integration customer.IntegrationID, by string, hash customer.TokenHash) (customer.Grant, error) {
	var row grantRow
	err := r.get(ctx, &row, "grant", "SELECT "+grantColumns+" FROM grants WHERE partner_id = ? AND integration_id = ? AND "+by+" = ?",
		string(partner), string(integration), hash[:])
	return row.noun(), err
}
