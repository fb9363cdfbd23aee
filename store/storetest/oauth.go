package storetest

import (
	"crypto/rand"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/secret"
)

// hash is a hash that isn't another number's.
func hash(n byte) customer.TokenHash { return customer.TokenHash{n, 0, 1} }

// integration creates an administrator and its integration.
func (f *fixture) integration(t *testing.T, of customer.Customer, name string) (customer.Admin, customer.Integration) {
	t.Helper()
	ctx := t.Context()
	admin := customer.Admin{ID: customer.AdminID(id()), Partner: of.Partner, Email: name + "@example.com", Role: customer.RoleFullPartner, Created: f.tick()}
	i := customer.Integration{
		ID: customer.IntegrationID(id()), Partner: of.Partner, Admin: admin.ID, Email: admin.Email, Name: "Ünï " + name, Secret: hash(200),
		RedirectURIs: []string{"https://a.example/?b=c&d='e'"}, Scopes: customer.AllScopes(), Created: f.tick(),
	}
	require.NoError(t, f.c.Update(ctx, customer.Tenant{Partner: of.Partner}, func(tx customer.Tx) error {
		require.NoError(t, tx.CreateAdmin(ctx, admin))
		return tx.CreateIntegration(ctx, i)
	}))
	return admin, i
}

func (f *fixture) newGrant(i customer.Integration, admin customer.AdminID, n byte) customer.Grant {
	return customer.Grant{
		ID: customer.GrantID(id()), Partner: i.Partner, Integration: i.ID, Admin: admin, Scopes: []customer.Scope{customer.ScopeDevicesRead}, Code: hash(n),
		CodeExpires: f.now.Add(5 * time.Minute), Created: f.tick(),
	}
}

func (f *fixture) newAccess(g customer.Grant, n byte) customer.Token {
	return customer.Token{
		ID: customer.TokenID(id()), Hash: hash(n), Partner: g.Partner, Admin: g.Admin, Name: "of a grant", Scopes: g.Scopes, Grant: g.ID, Created: f.tick(),
		Expires: f.now.Add(time.Hour),
	}
}

// integrationsChange creates, lists and deletes integrations and their grants: only their own partner can.
func integrationsChange(t *testing.T, f *fixture) {
	ctx, partner := t.Context(), f.one.Partner
	write := func(fn func(customer.Tx) error) error {
		return f.c.Update(ctx, customer.Tenant{Partner: partner}, fn)
	}
	admin, i := f.integration(t, f.one, "first")
	second, bare := f.integration(t, f.one, "second")
	_, foreign := f.integration(t, f.foe, "foe")
	same(t, i)(f.c.Integration(ctx, partner, i.ID))
	same(t, i)(f.c.AnyTenantIntegration(ctx, i.ID))
	for maker, want := range map[customer.AdminID][]customer.Integration{"": {i, bare}, admin.ID: {i}, second.ID: {bare}, "nobody": {}} {
		got, more, err := f.c.Integrations(ctx, partner, maker, everything)
		require.NoError(t, err)
		assert.Equal(t, want, got)
		assert.False(t, more)
	}

	g, other := f.newGrant(i, second.ID, 1), f.newGrant(i, admin.ID, 2)
	g.RedirectURI, g.Challenge = i.RedirectURIs[0], "x"
	require.NoError(t, write(func(tx customer.Tx) error {
		require.NoError(t, tx.CreateGrant(ctx, g))
		return tx.CreateGrant(ctx, other) // two that weren't exchanged have no refresh token each
	}))
	same(t, g)(f.c.GrantByCode(ctx, partner, i.ID, hash(1)))
	g.Refresh, g.RefreshExpires, g.LastUsed = hash(11), f.now.Add(time.Hour), f.now
	require.NoError(t, write(func(tx customer.Tx) error { return tx.SetGrant(ctx, g) }))
	same(t, g)(f.c.GrantByCode(ctx, partner, i.ID, hash(1)))
	same(t, g)(f.c.GrantByRefresh(ctx, partner, i.ID, hash(11)))

	for name, read := range map[string]func() error{
		"integration": func() error { _, err := f.c.Integration(ctx, partner, foreign.ID); return err },
		"any tenant":  func() error { _, err := f.c.AnyTenantIntegration(ctx, "a\x00b"); return err },
		"partner":     func() error { _, err := f.c.GrantByCode(ctx, f.foe.Partner, i.ID, hash(1)); return err },
		"code":        func() error { _, err := f.c.GrantByCode(ctx, partner, bare.ID, hash(1)); return err },
		"refresh":     func() error { _, err := f.c.GrantByRefresh(ctx, partner, bare.ID, hash(11)); return err },
		"no refresh":  func() error { _, err := f.c.GrantByRefresh(ctx, partner, i.ID, customer.TokenHash{}); return err },
		"delete": func() error {
			return write(func(tx customer.Tx) error { return tx.DeleteIntegration(ctx, partner, foreign.ID) })
		},
		"set": func() error {
			return write(func(tx customer.Tx) error { alien := g; alien.Partner = f.foe.Partner; return tx.SetGrant(ctx, alien) })
		},
		"end": func() error {
			return write(func(tx customer.Tx) error { return tx.DeleteGrant(ctx, f.foe.Partner, g.ID) })
		},
	} {
		err := read()
		assert.True(t, fault.Is(err, fault.NotFound), "%s: %v", name, err)
	}
	f.grantsEnd(t, i, g, other, admin)
}

// grantsEnd deletes a grant, an administrator and an integration: what hangs on them goes too.
func (f *fixture) grantsEnd(t *testing.T, i customer.Integration, g, other customer.Grant, admin customer.Admin) {
	t.Helper()
	ctx := t.Context()
	write := func(fn func(customer.Tx) error) {
		require.NoError(t, f.c.Update(ctx, customer.Tenant{Partner: i.Partner}, fn))
	}
	first, second, third := f.newAccess(g, 21), f.newAccess(other, 22), f.newAccess(other, 23)
	write(func(tx customer.Tx) error {
		require.NoError(t, tx.CreateToken(ctx, first))
		return tx.CreateToken(ctx, second)
	})
	listed, err := f.c.Token(ctx, i.Partner, first.ID)
	require.NoError(t, err)
	assert.Equal(t, g.ID, listed.Grant)
	write(func(tx customer.Tx) error { return tx.DeleteGrant(ctx, i.Partner, g.ID) })
	f.gone(t, first.Hash)
	_, err = f.c.AnyTenantToken(ctx, second.Hash)
	require.NoError(t, err, "another grant's")

	write(func(tx customer.Tx) error { return tx.DeleteIntegration(ctx, i.Partner, i.ID) })
	f.gone(t, second.Hash)
	_, err = f.c.GrantByCode(ctx, i.Partner, i.ID, hash(2))
	assert.True(t, fault.Is(err, fault.NotFound))
	err = f.c.Update(ctx, customer.Tenant{Partner: i.Partner}, func(tx customer.Tx) error { return tx.CreateToken(ctx, third) })
	assert.True(t, fault.Is(err, fault.NotFound), "a token of a grant that went: %v", err)

	i.ID = customer.IntegrationID(id())
	other.ID, other.Integration = customer.GrantID(id()), i.ID
	third.Grant = other.ID
	write(func(tx customer.Tx) error {
		require.NoError(t, tx.CreateIntegration(ctx, i))
		require.NoError(t, tx.CreateGrant(ctx, other))
		require.NoError(t, tx.CreateToken(ctx, third))
		return tx.DeleteAdmin(ctx, admin.Partner, admin.ID)
	})
	f.gone(t, third.Hash)
	_, err = f.c.AnyTenantIntegration(ctx, i.ID)
	assert.True(t, fault.Is(err, fault.NotFound), "it ends with its maker")
}

func (f *fixture) gone(t *testing.T, token customer.TokenHash) {
	t.Helper()
	_, err := f.c.AnyTenantToken(t.Context(), token)
	assert.True(t, fault.Is(err, fault.NotFound), "%v", err)
}

// grantsAreTrimmed leaves the newest of what is still worth something.
func grantsAreTrimmed(t *testing.T, f *fixture) {
	ctx, partner := t.Context(), f.one.Partner
	admin, i := f.integration(t, f.one, "first")
	colleague, _ := f.integration(t, f.one, "second")
	later := f.now.Add(time.Hour)
	var list []customer.Grant
	for n := range byte(6) {
		g := f.newGrant(i, admin.ID, n)
		if n != 1 { // whose code nobody exchanged, and now can't
			g.Refresh, g.RefreshExpires = hash(100+n), later.Add(time.Hour)
		}
		if n == 2 {
			g.RefreshExpires = later // over at this moment
		}
		list = append(list, g)
	}
	list[5].Admin = colleague.ID
	require.NoError(t, f.c.Update(ctx, customer.Tenant{Partner: partner}, func(tx customer.Tx) error {
		for _, g := range list {
			require.NoError(t, tx.CreateGrant(ctx, g))
		}
		return tx.TrimGrants(ctx, partner, i.ID, admin.ID, later, 2)
	}))
	for n, left := range []bool{false, false, false, true, true, true} {
		_, err := f.c.GrantByCode(ctx, partner, i.ID, hash(byte(n)))
		assert.Equal(t, !left, fault.Is(err, fault.NotFound), "grant %d: %v", n, err)
	}

	tokens := []customer.Token{f.newAccess(list[3], 31), f.newAccess(list[3], 32), f.newAccess(list[3], 33), f.newAccess(list[3], 34), f.newAccess(list[4], 35)}
	tokens[2].Expires = later
	by := customer.Token{ID: customer.TokenID(id()), Hash: hash(36), Partner: partner, Admin: admin.ID, Created: f.now}
	require.NoError(t, f.c.Update(ctx, customer.Tenant{Partner: partner}, func(tx customer.Tx) error {
		for n := range tokens {
			if n != 2 {
				tokens[n].Expires = later.Add(time.Hour)
			}
			require.NoError(t, tx.CreateToken(ctx, tokens[n]))
		}
		require.NoError(t, tx.CreateToken(ctx, by))
		return tx.TrimTokens(ctx, partner, list[3].ID, later, 2)
	}))
	for n, left := range map[byte]bool{31: false, 32: true, 33: false, 34: true, 35: true, 36: true} {
		_, err := f.c.AnyTenantToken(ctx, hash(n))
		assert.Equal(t, !left, fault.Is(err, fault.NotFound), "token %d: %v", n, err)
	}
}

// codesAreExchangedOnce shows one code many times at the same moment: one wins, and as somebody else has the code too, what that one got is worth
// nothing. Tokens that are refreshed at the same moment are all good, and bounded.
func codesAreExchangedOnce(t *testing.T, f *fixture) {
	ctx := t.Context()
	admin, _ := f.integration(t, f.one, "first")
	service := customer.NewService(customer.Config{Store: f.c, Now: time.Now, Random: rand.Reader, NewID: id})
	actor := customer.Actor{Admin: admin.ID, Partner: admin.Partner, Email: admin.Email, Role: admin.Role, Scopes: customer.AllScopes()}
	made, _, err := service.CreateIntegration(ctx, actor, customer.NewIntegration{Name: "tool", Scopes: []customer.Scope{customer.ScopeDevicesRead}})
	require.NoError(t, err)
	_, code, err := service.Authorise(ctx, actor, made.ID, customer.NewGrant{})
	require.NoError(t, err)
	var all sync.WaitGroup
	won := make(chan customer.Issued, 8)
	for range 8 {
		all.Go(func() {
			issued, err := service.ExchangeCode(ctx, made, customer.CodeExchange{Code: code})
			if err == nil {
				won <- issued
				return
			}
			assert.ErrorIs(t, err, customer.InvalidGrant)
		})
	}
	all.Wait()
	require.Len(t, won, 1)
	first := <-won
	_, err = service.Authenticate(ctx, first.Access)
	assert.True(t, fault.Is(err, fault.Denied), "%v", err)

	_, code, err = service.Authorise(ctx, actor, made.ID, customer.NewGrant{})
	require.NoError(t, err)
	issued, err := service.ExchangeCode(ctx, made, customer.CodeExchange{Code: code})
	require.NoError(t, err)
	fresh := make(chan secret.Text, 30)
	for range 30 {
		all.Go(func() {
			again, err := service.RenewAccess(ctx, made, issued.Refresh, nil)
			assert.NoError(t, err)
			fresh <- again.Access
		})
	}
	all.Wait()
	close(fresh)
	good := 0
	for token := range fresh {
		if _, err := service.Authenticate(ctx, token); err == nil {
			good++
		}
	}
	assert.Equal(t, 20, good)
	list, _, err := f.c.Tokens(ctx, admin.Partner, admin.ID, everything)
	require.NoError(t, err)
	assert.Len(t, list, 20)
}
