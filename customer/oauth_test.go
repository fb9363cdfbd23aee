package customer_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/secret"
)

// tool creates an integration that can be granted two scopes.
func (o *office) tool(t testing.TB, uris ...string) customer.Integration {
	t.Helper()
	i, _, err := o.CreateIntegration(t.Context(), o.actor, customer.NewIntegration{
		Name: "tool", RedirectURIs: uris, Scopes: []customer.Scope{customer.ScopeDevicesRead, customer.ScopeTokensRead},
	})
	require.NoError(t, err)
	return i
}

// grant authorises and exchanges.
func (o *office) grant(t testing.TB, i customer.Integration) customer.Issued {
	t.Helper()
	_, code, err := o.Authorise(t.Context(), o.actor, i.ID, customer.NewGrant{})
	require.NoError(t, err)
	issued, err := o.ExchangeCode(t.Context(), i, customer.CodeExchange{Code: code})
	require.NoError(t, err)
	return issued
}

// pass moves the clock on.
func (o *office) pass(d time.Duration) {
	later := o.clock.Load().Add(d)
	o.clock.Store(&later)
}

func TestAnIntegrationIsWhatItsMakerMay(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	i, key, err := o.CreateIntegration(t.Context(), o.actor, customer.NewIntegration{Name: " tool ", Scopes: customer.AllScopes()})
	require.NoError(t, err)
	assert.Equal(t, "tool", i.Name)
	assert.Regexp(t, `^dts_[A-Za-z0-9]{44}$`, key.Reveal())
	assert.Equal(t, []string{}, i.RedirectURIs)
	narrow := o.actor
	narrow.Scopes = []customer.Scope{customer.ScopeTokensWrite}
	many := slices.Repeat([]string{"https://a.example/"}, 11)
	for name, c := range map[string]struct {
		in    customer.NewIntegration
		field string
	}{
		"no name":    {customer.NewIntegration{Scopes: narrow.Scopes}, "name"},
		"no scopes":  {customer.NewIntegration{Name: "x"}, "scopes"},
		"more":       {customer.NewIntegration{Name: "x", Scopes: []customer.Scope{customer.ScopeDevicesRead}}, "scopes"},
		"plain http": {customer.NewIntegration{Name: "x", Scopes: narrow.Scopes, RedirectURIs: []string{"http://a.example/"}}, "redirectUris"},
		"twice":      {customer.NewIntegration{Name: "x", Scopes: narrow.Scopes, RedirectURIs: []string{"https://a.example/", "https://a.example/"}}, "redirectUris"},
		"many":       {customer.NewIntegration{Name: "x", Scopes: narrow.Scopes, RedirectURIs: many}, "redirectUris"},
	} {
		_, _, err := o.CreateIntegration(t.Context(), narrow, c.in)
		require.True(t, fault.Is(err, fault.Invalid), "%s: %v", name, err)
		assert.Equal(t, c.field, fault.ProblemsOf(err)[0].Field, name)
	}
}

func TestRedirectURIs(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for uri, fine := range map[string]bool{
		"https://a.example/back": true, "https://a.example": true, "https://a.example:8443/?a=b&c=%20": true, "http://localhost:3000/": true,
		"http://LOCALHOST/": true, "http://127.0.0.1:5000/back": true, "http://[::1]/": true, "https://10.0.0.1/": true,
		"http://a.example/": false, "http://localhost.example/": false, "http://0.0.0.0/": false, "https://": false, "https:///x": false, "/back": false, "": false,
		"https://a.example/#x": false, "https://u:p@a.example/": false, "ftp://a.example/": false, "javascript:alert(1)": false, "https://ä.example/": false,
		"https://a.example/ b": false, "https://a.example/\n": false, "com.example.app:/back": false, "https:a.example": false, "https://a.example/\\b": false,
		"https://a.example/" + strings.Repeat("x", 494): true, "https://a.example/" + strings.Repeat("x", 495): false,
	} {
		_, _, err := o.CreateIntegration(t.Context(), o.actor, customer.NewIntegration{Name: "x", RedirectURIs: []string{uri}, Scopes: []customer.Scope{customer.ScopeDevicesRead}})
		assert.Equal(t, fine, err == nil, "%s: %v", uri, err)
	}
}

func TestAGrantIsWhatTheAdministratorMay(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	i := o.tool(t, "https://a.example/back")
	narrow := o.actor
	narrow.Scopes = []customer.Scope{customer.ScopeTokensWrite, customer.ScopeTokensRead, customer.ScopeAdminsRead}
	g, code, err := o.Authorise(t.Context(), narrow, i.ID, customer.NewGrant{})
	require.NoError(t, err)
	assert.Equal(t, []customer.Scope{customer.ScopeTokensRead}, g.Scopes, "what the integration can have and the token carries")
	assert.Regexp(t, `^dtc_[A-Za-z0-9]{44}$`, code.Reveal())
	const challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	for name, c := range map[string]struct {
		in    customer.NewGrant
		field string
	}{
		"not the integration's": {customer.NewGrant{Scopes: []customer.Scope{customer.ScopeAdminsRead}}, "scopes"},
		"not the token's":       {customer.NewGrant{Scopes: []customer.Scope{customer.ScopeDevicesRead}}, "scopes"},
		"twice":                 {customer.NewGrant{Scopes: []customer.Scope{customer.ScopeTokensRead, customer.ScopeTokensRead}}, "scopes"},
		"another address":       {customer.NewGrant{RedirectURI: "https://a.example/back/"}, "redirectUri"},
		"plain challenge":       {customer.NewGrant{Challenge: challenge, ChallengeMethod: "plain"}, "codeChallengeMethod"},
		"no method":             {customer.NewGrant{Challenge: challenge}, "codeChallengeMethod"},
		"no challenge":          {customer.NewGrant{ChallengeMethod: "S256"}, "codeChallenge"},
		"padded":                {customer.NewGrant{Challenge: challenge + "=", ChallengeMethod: "S256"}, "codeChallenge"},
		"short":                 {customer.NewGrant{Challenge: challenge[:42], ChallengeMethod: "S256"}, "codeChallenge"},
		"line break":            {customer.NewGrant{Challenge: challenge + "\n", ChallengeMethod: "S256"}, "codeChallenge"},
		"spare bits":            {customer.NewGrant{Challenge: challenge[:42] + "N", ChallengeMethod: "S256"}, "codeChallenge"},
	} {
		_, _, err := o.Authorise(t.Context(), narrow, i.ID, c.in)
		require.True(t, fault.Is(err, fault.Invalid), "%s: %v", name, err)
		assert.Equal(t, c.field, fault.ProblemsOf(err)[0].Field, name)
	}
	nothing := narrow
	nothing.Scopes = []customer.Scope{customer.ScopeTokensWrite, customer.ScopeAdminsRead}
	_, _, err = o.Authorise(t.Context(), nothing, i.ID, customer.NewGrant{})
	assert.True(t, fault.Is(err, fault.Invalid), "%v", err)
}

// The example of RFC 7636 appendix B.
func TestACodeWithAChallengeNeedsItsVerifier(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	i := o.tool(t, "https://a.example/1", "https://a.example/2")
	const challenge, verifier = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	plain, pkce := customer.NewGrant{}, customer.NewGrant{RedirectURI: "https://a.example/1", Challenge: challenge, ChallengeMethod: "S256"}
	for name, c := range map[string]struct {
		grant         customer.NewGrant
		uri, verifier string
		why           error
	}{
		"its own":               {pkce, "https://a.example/1", verifier, nil},
		"no verifier":           {pkce, "https://a.example/1", "", customer.InvalidGrant},
		"another verifier":      {pkce, "https://a.example/1", verifier[:42] + "K", customer.InvalidGrant},
		"the challenge":         {pkce, "https://a.example/1", challenge, customer.InvalidGrant},
		"another address":       {pkce, "https://a.example/2", verifier, customer.InvalidGrant},
		"no address":            {pkce, "", verifier, customer.InvalidGrant},
		"no challenge":          {plain, "", verifier, customer.InvalidGrant},
		"nothing":               {plain, "", "", nil},
		"an address of its own": {plain, "https://a.example/2", "", nil},
		"a stranger's address":  {plain, "https://b.example/", "", customer.InvalidGrant},
	} {
		_, code, err := o.Authorise(t.Context(), o.actor, i.ID, c.grant)
		require.NoError(t, err)
		_, err = o.ExchangeCode(t.Context(), i, customer.CodeExchange{Code: code, RedirectURI: c.uri, Verifier: secret.New(c.verifier)})
		if c.why == nil {
			assert.NoError(t, err, name)
			continue
		}
		assert.ErrorIs(t, err, c.why, name)
		assert.True(t, fault.Is(err, fault.Invalid), name)
	}
}

func TestSecretsOfIntegrations(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	i, key, err := o.CreateIntegration(t.Context(), o.actor, customer.NewIntegration{Name: "tool", Scopes: []customer.Scope{customer.ScopeDevicesRead}})
	require.NoError(t, err)
	got, err := o.AuthenticateIntegration(t.Context(), i.ID, key)
	require.NoError(t, err)
	assert.Equal(t, i.Scopes, got.Scopes)
	var texts []string
	for id, key := range map[customer.IntegrationID]secret.Text{i.ID: secret.New(strings.ToUpper(key.Reveal())), "nobody": key, "": {}} {
		_, err := o.AuthenticateIntegration(t.Context(), id, key)
		assert.ErrorIs(t, err, customer.InvalidClient)
		assert.True(t, fault.Is(err, fault.Denied))
		texts = append(texts, fault.Message(err))
	}
	assert.Len(t, slices.Compact(texts), 1, "an unknown one and a wrong secret get the same answer")
}

func TestRevokingATokenEndsItsGrant(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	i := o.tool(t)
	first, other := o.grant(t, i), o.grant(t, i)
	second, err := o.RenewAccess(t.Context(), i, first.Refresh, nil)
	require.NoError(t, err)
	assert.Equal(t, first.Refresh.Reveal(), second.Refresh.Reveal(), "clients keep it")
	list, _, err := o.Tokens(t.Context(), o.actor, customer.Page{Max: 10})
	require.NoError(t, err)
	require.Len(t, list, 4, "the bootstrap's and three")
	index := slices.IndexFunc(list, func(token customer.Token) bool { return token.Grant != "" })
	grant := list[index].Grant
	require.NoError(t, o.RevokeToken(t.Context(), o.actor, list[index].ID))
	left, _, err := o.Tokens(t.Context(), o.actor, customer.Page{Max: 10})
	require.NoError(t, err)
	for _, token := range left {
		assert.NotEqual(t, grant, token.Grant)
	}
	assert.True(t, fault.Is(fate(o.RenewAccess(t.Context(), i, first.Refresh, nil)), fault.Invalid) != fault.Is(fate(o.RenewAccess(t.Context(), i, other.Refresh, nil)), fault.Invalid),
		"one of the two grants ended, the other didn't")
}

func fate[T any](_ T, err error) error { return err }

func TestRefreshNarrowsAndNeverWidens(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	i := o.tool(t)
	issued := o.grant(t, i)
	less, err := o.RenewAccess(t.Context(), i, issued.Refresh, customer.ParseScopes("dialtone:tokens_read dialtone:tokens_read"))
	require.NoError(t, err)
	assert.Equal(t, []customer.Scope{customer.ScopeTokensRead}, less.Scopes)
	actor, err := o.Authenticate(t.Context(), less.Access)
	require.NoError(t, err)
	assert.Equal(t, []customer.Scope{customer.ScopeTokensRead}, actor.Scopes)
	_, err = o.RenewAccess(t.Context(), i, issued.Refresh, []customer.Scope{customer.ScopeTokensRead, customer.ScopeAdminsRead})
	assert.ErrorIs(t, err, customer.InvalidScope)
	all, err := o.RenewAccess(t.Context(), i, issued.Refresh, nil)
	require.NoError(t, err)
	assert.Equal(t, i.Scopes, all.Scopes, "fewer once is not fewer for ever")
	other := o.tool(t)
	_, err = o.RenewAccess(t.Context(), other, issued.Refresh, nil)
	assert.ErrorIs(t, err, customer.InvalidGrant, "it is of another integration")
}

func TestAnOldGrantMakesPlace(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	i := o.tool(t)
	first := o.grant(t, i)
	for range 20 {
		o.pass(time.Second)
		o.grant(t, i)
	}
	_, err := o.RenewAccess(t.Context(), i, first.Refresh, nil)
	assert.ErrorIs(t, err, customer.InvalidGrant)
	list, _, err := o.Tokens(t.Context(), o.actor, customer.Page{Max: 100})
	require.NoError(t, err)
	assert.Len(t, list, 21, "the bootstrap's and twenty")
}

func TestIntegrationsAreSeenAsTokensAre(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	i := o.tool(t)
	c := o.provisioned(t, o.bakery())
	local, err := o.CreateAdmin(t.Context(), o.actor, customer.NewAdmin{Email: "local@example.com", Role: customer.RoleFullCustomer, Org: c.Org})
	require.NoError(t, err)
	theirs := customer.Actor{Admin: local.ID, Partner: o.actor.Partner, Org: c.Org, Email: local.Email, Role: local.Role, Scopes: []customer.Scope{customer.ScopeTokensRead, customer.ScopeTokensWrite}}
	for name, err := range map[string]error{
		"get": fate(o.Integration(t.Context(), theirs, i.ID)), "delete": o.DeleteIntegration(t.Context(), theirs, i.ID),
	} {
		assert.True(t, fault.Is(err, fault.NotFound), "%s: %v", name, err)
	}
	_, _, err = o.Authorise(t.Context(), theirs, i.ID, customer.NewGrant{})
	assert.True(t, fault.Is(err, fault.NotFound), "%v", err)
	own, _, err := o.CreateIntegration(t.Context(), theirs, customer.NewIntegration{Name: "own", Scopes: []customer.Scope{customer.ScopeTokensRead}})
	require.NoError(t, err)
	list, _, err := o.Integrations(t.Context(), theirs, customer.Page{Max: 10})
	require.NoError(t, err)
	assert.Equal(t, []customer.IntegrationID{own.ID}, []customer.IntegrationID{list[0].ID})
	list, _, err = o.Integrations(t.Context(), o.actor, customer.Page{Max: 10})
	require.NoError(t, err)
	assert.Len(t, list, 2, "who may read administrators sees all")
	require.NoError(t, o.DeleteIntegration(t.Context(), o.actor, own.ID))

	_, code, err := o.Authorise(t.Context(), o.actor, i.ID, customer.NewGrant{})
	require.NoError(t, err)
	require.NoError(t, o.DeleteIntegration(t.Context(), o.actor, i.ID))
	_, err = o.ExchangeCode(t.Context(), i, customer.CodeExchange{Code: code})
	assert.ErrorIs(t, err, customer.InvalidGrant, "the integration went between its authentication and the exchange")
}

// TestAGrantLivesAsTheClockSays holds the life of a grant against a model, whatever the order of what happens to it.
func TestAGrantLivesAsTheClockSays(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	rapid.Check(t, func(r *rapid.T) {
		i := o.tool(t)
		_, code, err := o.Authorise(t.Context(), o.actor, i.ID, customer.NewGrant{})
		require.NoError(t, err)
		start := *o.clock.Load()
		var issued customer.Issued
		var lastUse time.Time // zero: not exchanged
		revoked := false
		access := map[string]time.Time{}
		for step := range rapid.IntRange(1, 8).Draw(r, "steps") {
			o.pass(rapid.SampledFrom([]time.Duration{0, time.Minute, 4 * time.Minute, 13 * 24 * time.Hour, 80 * 24 * time.Hour}).Draw(r, fmt.Sprint("pass ", step)))
			now := *o.clock.Load()
			if rapid.Bool().Draw(r, "exchange") {
				got, err := o.ExchangeCode(t.Context(), i, customer.CodeExchange{Code: code})
				fine := lastUse.IsZero() && !revoked && now.Before(start.Add(5*time.Minute))
				require.Equal(r, fine, err == nil, "exchange: %v", err)
				if fine {
					issued, lastUse = got, now
					access[got.Access.Reveal()] = now
				} else if !lastUse.IsZero() {
					revoked, access = true, map[string]time.Time{}
				}
			} else if !lastUse.IsZero() {
				got, err := o.RenewAccess(t.Context(), i, issued.Refresh, nil)
				fine := !revoked && now.Before(lastUse.Add(90*24*time.Hour))
				require.Equal(r, fine, err == nil, "refresh: %v", err)
				if fine {
					lastUse = now
					access[got.Access.Reveal()] = now
				}
			}
			for token, at := range access {
				_, err := o.Authenticate(t.Context(), secret.New(token))
				require.Equal(r, now.Before(at.Add(14*24*time.Hour)), err == nil, "access: %v", err)
			}
		}
	})
}
