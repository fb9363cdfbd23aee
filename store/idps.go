package store

import (
	"context"

	"dialtone/customer"
)

type identityProviderRow struct {
	ID                    string `db:"id"`
	PartnerID             string `db:"partner_id"`
	Name                  string `db:"name"`
	ClientID              string `db:"client_id"`
	ClientSecret          []byte `db:"client_secret"`
	Scopes                string `db:"scopes"`
	AuthorizationEndpoint string `db:"authorization_endpoint"`
	TokenEndpoint         string `db:"token_endpoint"`
	DiscoveryURL          string `db:"discovery_url"`
	UserInfoEndpoint      string `db:"user_info_endpoint"`
	JWKSEndpoint          string `db:"jwks_endpoint"`
	Created               int64  `db:"created"`
}

const identityProviderColumns = "id, partner_id, name, client_id, client_secret, scopes, authorization_endpoint, token_endpoint, discovery_url, user_info_endpoint, jwks_endpoint, created"

func (r identityProviderRow) noun() customer.IdentityProvider {
	return customer.IdentityProvider{
		ID: customer.IdentityProviderID(r.ID), Partner: customer.OrgID(r.PartnerID), Name: r.Name, ClientID: r.ClientID, ClientSecret: r.ClientSecret,
		Scopes: r.Scopes, AuthorizationEndpoint: r.AuthorizationEndpoint, TokenEndpoint: r.TokenEndpoint, DiscoveryURL: r.DiscoveryURL,
		UserInfoEndpoint: r.UserInfoEndpoint, JWKSEndpoint: r.JWKSEndpoint, Created: fromMicros(r.Created),
	}
}

// CreateIdentityProvider implements customer.IdentityProviderWriter.
func (t *tx) CreateIdentityProvider(ctx context.Context, p customer.IdentityProvider) error {
	return t.insert(ctx, "identity_providers", identityProviderColumns+", folded_name", string(p.ID), string(p.Partner), p.Name, p.ClientID, []byte(p.ClientSecret),
		p.Scopes, p.AuthorizationEndpoint, p.TokenEndpoint, p.DiscoveryURL, p.UserInfoEndpoint, p.JWKSEndpoint, micros(p.Created), fold(p.Name))
}

// SetIdentityProvider implements customer.IdentityProviderWriter.
func (t *tx) SetIdentityProvider(ctx context.Context, p customer.IdentityProvider) error {
	return t.change(ctx, "identity provider", `UPDATE identity_providers SET name = ?, folded_name = ?, client_id = ?, client_secret = ?, scopes = ?,
		authorization_endpoint = ?, token_endpoint = ?, discovery_url = ?, user_info_endpoint = ?, jwks_endpoint = ? WHERE partner_id = ? AND id = ?`,
		p.Name, fold(p.Name), p.ClientID, []byte(p.ClientSecret), p.Scopes, p.AuthorizationEndpoint, p.TokenEndpoint, p.DiscoveryURL, p.UserInfoEndpoint,
		p.JWKSEndpoint, string(p.Partner), string(p.ID))
}

// DeleteIdentityProvider implements customer.IdentityProviderWriter.
func (t *tx) DeleteIdentityProvider(ctx context.Context, partner customer.OrgID, id customer.IdentityProviderID) error {
	return t.change(ctx, "identity provider", "DELETE FROM identity_providers WHERE partner_id = ? AND id = ?", string(partner), string(id))
}

// IdentityProvider implements customer.IdentityProviderReader.
func (r reader) IdentityProvider(ctx context.Context, partner customer.OrgID, id customer.IdentityProviderID) (customer.IdentityProvider, error) {
	return r.identityProvider(ctx, partner, "id", string(id))
}

// IdentityProviderByName implements customer.IdentityProviderReader.
func (r reader) IdentityProviderByName(ctx context.Context, partner customer.OrgID, name string) (customer.IdentityProvider, error) {
	return r.identityProvider(ctx, partner, "folded_name", fold(name))
}

func (r reader) identityProvider(ctx context.Context, partner customer.OrgID, by, value string) (customer.IdentityProvider, error) {
	var row identityProviderRow
	err := r.get(ctx, &row, "identity provider", "SELECT "+identityProviderColumns+" FROM identity_providers WHERE partner_id = ? AND "+by+" = ?", string(partner), value)
	return row.noun(), err
}

// IdentityProviders implements customer.IdentityProviderReader.
func (r reader) IdentityProviders(ctx context.Context, partner customer.OrgID, page customer.Page) ([]customer.IdentityProvider, bool, error) {
	w := ofTenant("", customer.Tenant{Partner: partner})
	return list(ctx, r, w, page, identityProviderRow.noun, "SELECT "+identityProviderColumns+" FROM identity_providers", "created, id")
}
