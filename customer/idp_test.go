package customer_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/secret"
)

func exampleLogin() customer.NewIdentityProvider {
	return customer.NewIdentityProvider{
		Name: "Example_Login-1.~", ClientID: "dialtone", ClientSecret: secret.New("Client-Secret-77"), Scopes: "openid  email",
		AuthorizationEndpoint: "https://login.example.com/authorize?tenant=1", TokenEndpoint: "https://login.example.com:8443/token",
	}
}

func TestAClientSecretIsSealedForItsRow(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	made, err := o.CreateIdentityProvider(t.Context(), o.actor, exampleLogin())
	require.NoError(t, err)
	assert.Equal(t, "openid email", made.Scopes)
	opened := func() string {
		kept, err := o.IdentityProvider(t.Context(), o.actor, made.ID)
		require.NoError(t, err)
		assert.NotContains(t, string(kept.ClientSecret), "Client-Secret")
		plain, err := o.keyring.Open("identity-provider-secret:"+string(made.ID), kept.ClientSecret)
		require.NoError(t, err)
		return string(plain)
	}
	assert.Equal(t, "Client-Secret-77", opened())
	change := exampleLogin()
	change.ClientSecret, change.ClientID = secret.Text{}, "other"
	after, err := o.ChangeIdentityProvider(t.Context(), o.actor, made.ID, change)
	require.NoError(t, err)
	assert.Equal(t, "other", after.ClientID)
	assert.Equal(t, "Client-Secret-77", opened(), "without a new one the old one stays")
	change.ClientSecret = secret.New("Client-Secret-78 with blanks")
	_, err = o.ChangeIdentityProvider(t.Context(), o.actor, made.ID, change)
	require.NoError(t, err)
	assert.Equal(t, "Client-Secret-78 with blanks", opened())
}

func TestWhatCantBeAnIdentityProvider(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for name, c := range map[string]struct {
		change func(*customer.NewIdentityProvider)
		field  string
		code   int
	}{
		"no name":            {func(p *customer.NewIdentityProvider) { p.Name = " " }, "name", 1001},
		"long name":          {func(p *customer.NewIdentityProvider) { p.Name = strings.Repeat("x", 129) }, "name", 1002},
		"blank in the name":  {func(p *customer.NewIdentityProvider) { p.Name = "my login" }, "name", 90000},
		"slash in the name":  {func(p *customer.NewIdentityProvider) { p.Name = "a/b" }, "name", 90000},
		"umlaut in the name": {func(p *customer.NewIdentityProvider) { p.Name = "über" }, "name", 90000},
		"no client id":       {func(p *customer.NewIdentityProvider) { p.ClientID = "" }, "clientId", 1001},
		"long client id":     {func(p *customer.NewIdentityProvider) { p.ClientID = strings.Repeat("x", 257) }, "clientId", 1002},
		"strange client id":  {func(p *customer.NewIdentityProvider) { p.ClientID = "a\tb" }, "clientId", 90000},
		"no secret":          {func(p *customer.NewIdentityProvider) { p.ClientSecret = secret.Text{} }, "clientSecret", 1001},
		"long secret":        {func(p *customer.NewIdentityProvider) { p.ClientSecret = secret.New(strings.Repeat("x", 1025)) }, "clientSecret", 1002},
		"strange secret":     {func(p *customer.NewIdentityProvider) { p.ClientSecret = secret.New("ß") }, "clientSecret", 90000},
		"no scopes":          {func(p *customer.NewIdentityProvider) { p.Scopes = "" }, "scopes", 1001},
		"no openid":          {func(p *customer.NewIdentityProvider) { p.Scopes = "email profile OpenID" }, "scopes", 90000},
		"no email":           {func(p *customer.NewIdentityProvider) { p.Scopes = "openid emails" }, "scopes", 90000},
		"quoted scope":       {func(p *customer.NewIdentityProvider) { p.Scopes = `openid email "x"` }, "scopes", 90000},
		"long scopes":        {func(p *customer.NewIdentityProvider) { p.Scopes = "openid email " + strings.Repeat("x", 1024) }, "scopes", 1002},
		"no authorization":   {func(p *customer.NewIdentityProvider) { p.AuthorizationEndpoint = "" }, "authorizationEndpoint", 1001},
		"no token endpoint":  {func(p *customer.NewIdentityProvider) { p.TokenEndpoint = "" }, "tokenEndpoint", 1001},
		"plain http":         {func(p *customer.NewIdentityProvider) { p.TokenEndpoint = "http://login.example.com/token" }, "tokenEndpoint", 90000},
		"plain local http":   {func(p *customer.NewIdentityProvider) { p.TokenEndpoint = "http://localhost/token" }, "tokenEndpoint", 90000},
		"relative":           {func(p *customer.NewIdentityProvider) { p.JWKSEndpoint = "/keys" }, "jwksEndpoint", 90000},
		"no host":            {func(p *customer.NewIdentityProvider) { p.JWKSEndpoint = "https://:443/keys" }, "jwksEndpoint", 90000},
		"user info in it":    {func(p *customer.NewIdentityProvider) { p.UserInfoEndpoint = "https://me:x@login.example.com" }, "userInfoEndpoint", 90000},
		"blank in it":        {func(p *customer.NewIdentityProvider) { p.DiscoveryURL = "https://login.example.com/a b" }, "discoveryUrl", 90000},
		"fragment":           {func(p *customer.NewIdentityProvider) { p.DiscoveryURL = "https://login.example.com/#" }, "discoveryUrl", 90000},
		"scheme alone":       {func(p *customer.NewIdentityProvider) { p.DiscoveryURL = "https:" }, "discoveryUrl", 90000},
		"long URL": {func(p *customer.NewIdentityProvider) {
			p.DiscoveryURL = "https://login.example.com/" + strings.Repeat("x", 2023)
		}, "discoveryUrl", 1002},
	} {
		in := exampleLogin()
		c.change(&in)
		_, err := o.CreateIdentityProvider(t.Context(), o.actor, in)
		require.True(t, fault.Is(err, fault.Invalid), "%s: %v", name, err)
		assert.Equal(t, []string{c.field}, fieldsOf(err), name)
		assert.Equal(t, []int{c.code}, codesOf(err), name)
	}
	_, err := o.CreateIdentityProvider(t.Context(), o.actor, customer.NewIdentityProvider{JWKSEndpoint: "x"})
	assert.Equal(t, []string{"authorizationEndpoint", "clientId", "clientSecret", "jwksEndpoint", "name", "scopes", "tokenEndpoint"}, fieldsOf(err), "all at once")
	in := exampleLogin()
	in.AuthorizationEndpoint, in.TokenEndpoint, in.DiscoveryURL = "", "", "https://login.example.com/"+strings.Repeat("x", 2022)
	_, err = o.CreateIdentityProvider(t.Context(), o.actor, in)
	require.NoError(t, err, "the others are discovered")
}
