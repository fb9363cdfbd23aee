package storetest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/fault"
)

// newIdentityProvider is one with something in every field.
func (f *fixture) newIdentityProvider(partner customer.OrgID, name string) customer.IdentityProvider {
	return customer.IdentityProvider{
		ID: customer.IdentityProviderID(id()), Partner: partner, Name: name, ClientID: "c", ClientSecret: []byte{1, 0, 2}, Scopes: "openid email",
		AuthorizationEndpoint: "https://a.example", TokenEndpoint: "https://t.example", DiscoveryURL: "https://d.example", UserInfoEndpoint: "https://u.example",
		JWKSEndpoint: "https://j.example", Created: f.tick(),
	}
}

// identityProvidersChange creates, replaces and deletes identity providers; another partner sees none of them.
func identityProvidersChange(t *testing.T, f *fixture) {
	ctx, partner, foe := t.Context(), f.one.Partner, f.foe.Partner
	write := func(partner customer.OrgID, fn func(customer.Tx) error) error {
		return f.c.Update(ctx, customer.Tenant{Partner: partner}, fn)
	}
	login, other := f.newIdentityProvider(partner, "Login"), f.newIdentityProvider(partner, "Other")
	require.NoError(t, write(partner, func(tx customer.Tx) error { return tx.CreateIdentityProvider(ctx, login) }))
	require.NoError(t, write(partner, func(tx customer.Tx) error { return tx.CreateIdentityProvider(ctx, other) }))
	same(t, login)(f.c.IdentityProvider(ctx, partner, login.ID))
	same(t, login)(f.c.IdentityProviderByName(ctx, partner, "lOGIN"))
	list, more, err := f.c.IdentityProviders(ctx, partner, customer.Page{Max: 1})
	require.NoError(t, err)
	assert.True(t, more)
	assert.Equal(t, []customer.IdentityProvider{login}, list)

	changed := login
	changed.Name, changed.ClientID, changed.ClientSecret, changed.Scopes = "LOGIN", "d", []byte{3}, "email openid"
	changed.AuthorizationEndpoint, changed.TokenEndpoint, changed.DiscoveryURL, changed.UserInfoEndpoint, changed.JWKSEndpoint = "", "", "https://e.example", "", ""
	require.NoError(t, write(partner, func(tx customer.Tx) error { return tx.SetIdentityProvider(ctx, changed) }))
	same(t, changed)(f.c.IdentityProvider(ctx, partner, login.ID))
	same(t, other)(f.c.IdentityProvider(ctx, partner, other.ID))

	double, again := other, f.newIdentityProvider(partner, "login")
	double.Name = "lOgIn"
	for name, fn := range map[string]func(customer.Tx) error{
		"set":    func(tx customer.Tx) error { return tx.SetIdentityProvider(ctx, double) },
		"create": func(tx customer.Tx) error { return tx.CreateIdentityProvider(ctx, again) },
	} {
		err := write(partner, fn)
		assert.True(t, fault.Is(err, fault.Conflict), "%s: %v", name, err)
		assert.Equal(t, "name 90014", problem(err), name)
	}
	again.Partner = foe
	require.NoError(t, write(foe, func(tx customer.Tx) error { return tx.CreateIdentityProvider(ctx, again) }), "another partner may have the name")

	foreign := changed
	foreign.Partner = foe
	for name, fn := range map[string]func(customer.Tx) error{
		"read":    func(tx customer.Tx) error { _, err := tx.IdentityProvider(ctx, foe, login.ID); return err },
		"by name": func(tx customer.Tx) error { _, err := tx.IdentityProviderByName(ctx, foe, "other"); return err },
		"hostile": func(tx customer.Tx) error { _, err := tx.IdentityProviderByName(ctx, partner, "a\x00b"); return err },
		"set":     func(tx customer.Tx) error { return tx.SetIdentityProvider(ctx, foreign) },
		"delete":  func(tx customer.Tx) error { return tx.DeleteIdentityProvider(ctx, foe, login.ID) },
	} {
		err := write(foe, fn)
		assert.True(t, fault.Is(err, fault.NotFound), "%s: %v", name, err)
	}
	require.NoError(t, write(partner, func(tx customer.Tx) error { return tx.DeleteIdentityProvider(ctx, partner, login.ID) }))
	_, err = f.c.IdentityProvider(ctx, partner, login.ID)
	assert.True(t, fault.Is(err, fault.NotFound))
}
