package adminapi_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const clientSecret = "Client-Secret-77"

// identityProvider is the body of one that is right in every way.
func identityProvider(name string) string {
	return fmt.Sprintf(`{"name":%q,"clientId":"dialtone","clientSecret":%q,"scopes":"openid email profile",
		"authorizationEndpoint":"https://login.example.com/authorize","tokenEndpoint":"https://login.example.com/token"}`, name, clientSecret)
}

func TestAnIdentityProviderComesBackWithoutItsSecret(t *testing.T) {
	t.Parallel()
	o := newEmptyOffice(t, nil)
	made := o.ok(t, 201, "POST", "/hub/v1/identityProviders", identityProvider("Example-Login"))
	at := "/hub/v1/identityProviders/" + text(made, "id")
	assert.Equal(t, map[string]any{
		"id": made["id"], "name": "Example-Login", "clientId": "dialtone", "scopes": "openid email profile", "created": "2026-05-01T08:00:00.123Z",
		"authorizationEndpoint": "https://login.example.com/authorize", "tokenEndpoint": "https://login.example.com/token",
	}, made)
	assert.Equal(t, made, o.ok(t, 200, "GET", at, ""))
	assert.Equal(t, []map[string]any{made}, items(t, o.ok(t, 200, "GET", "/hub/v1/identityProviders", "")))
	assert.Empty(t, items(t, object(t, o.ask(t, o.others, "GET", "/hub/v1/identityProviders", "").body)))

	changed := o.ok(t, 200, "PUT", at, `{"name":"example-login","clientId":"new","scopes":" email  openid ","discoveryUrl":"https://login.example.com/.well-known/openid-configuration",
		"userInfoEndpoint":"https://login.example.com/me","jwksEndpoint":"https://login.example.com/keys"}`)
	assert.Equal(t, map[string]any{
		"id": made["id"], "name": "example-login", "clientId": "new", "scopes": "email openid", "created": "2026-05-01T08:00:00.123Z",
		"discoveryUrl": "https://login.example.com/.well-known/openid-configuration", "userInfoEndpoint": "https://login.example.com/me",
		"jwksEndpoint": "https://login.example.com/keys",
	}, changed, "the whole is replaced")
	o.ok(t, 201, "POST", "/hub/v1/identityProviders", identityProvider("second"))
	taken := o.ask(t, o.token, "POST", "/hub/v1/identityProviders", identityProvider("EXAMPLE-LOGIN"))
	assert.Equal(t, 409, taken.status)
	assert.Contains(t, taken.body, `"errorCode":90014`)
	assert.Contains(t, taken.body, `"fieldName":"name"`)
	assert.Equal(t, 201, o.ask(t, o.others, "POST", "/hub/v1/identityProviders", identityProvider("example-login")).status, "another partner may")
	first := o.ask(t, o.token, "GET", "/hub/v1/identityProviders?max=1", "")
	assert.Contains(t, first.header.Get("Link"), `rel="next"`)

	o.ok(t, 204, "DELETE", at, "")
	o.ok(t, 404, "GET", at, "")
	o.ok(t, 404, "PUT", at, identityProvider("third"))
	o.ok(t, 404, "DELETE", at, "")
}

func TestNoClientSecretIsToldOrLogged(t *testing.T) {
	t.Parallel()
	o := newEmptyOffice(t, nil)
	id := text(o.ok(t, 201, "POST", "/hub/v1/identityProviders", identityProvider("login")), "id")
	at := "/hub/v1/identityProviders/" + id
	everything := o.ask(t, o.token, "PUT", at, identityProvider("login-2")).body
	for _, body := range []string{
		`{"clientSecret":"` + clientSecret + `"}`, `{"clientSecret":["` + clientSecret + `"]}`, `{"clientSecret":"` + clientSecret + `ü"}`, `{"clientSecret":"` + clientSecret,
		`{"tokenEndpoint":"https://admin:` + clientSecret + `@login.example.com/token"}`,
	} {
		got := o.ask(t, o.token, "PUT", at, body)
		assert.Equal(t, 400, got.status, body)
		everything += got.body
	}
	o.ok(t, 204, "DELETE", at, "")
	audit := o.ask(t, o.token, "GET", "/hub/v1/audit?subject="+id, "")
	events := items(t, object(t, audit.body))
	require.Len(t, events, 3)
	assert.Equal(t, "identity_provider.deleted", events[0]["kind"])
	assert.Equal(t, "identity_provider.changed", events[1]["kind"])
	assert.Equal(t, "identity_provider.created", events[2]["kind"])
	before := map[string]any{
		"name": "login", "clientId": "dialtone", "scopes": "openid email profile", "authorizationEndpoint": "https://login.example.com/authorize",
		"tokenEndpoint": "https://login.example.com/token", "discoveryUrl": "", "userInfoEndpoint": "", "jwksEndpoint": "",
	}
	assert.Equal(t, before, events[2]["data"])
	change, _ := events[1]["data"].(map[string]any)
	assert.Equal(t, before, change["before"])
	after, _ := change["after"].(map[string]any)
	assert.Equal(t, "login-2", after["name"])
	assert.Equal(t, true, change["clientSecretReplaced"])
	assert.NotContains(t, everything+audit.body+o.log.String(), "Client-Secret")
}
