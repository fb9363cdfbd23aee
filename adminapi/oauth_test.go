package adminapi_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"dialtone/adminapi"
	"dialtone/customer"
	"dialtone/fault"
	"dialtone/secret"
)

// program is an integration with its secret.
type program struct {
	*office
	id, clientID, secret string
}

const back = "https://tool.example/back?x=1"

func (o *office) program(t *testing.T, uris ...string) program {
	t.Helper()
	list := ""
	if len(uris) > 0 {
		list = `"` + strings.Join(uris, `","`) + `"`
	}
	made := o.ok(t, 201, "POST", "/hub/v1/integrations", `{"name":"tool","redirectUris":[`+list+`],"scopes":["spark-admin:devices_read","dialtone:tokens_read"]}`)
	return program{o, text(made, "id"), text(made, "clientId"), text(made, "clientSecret")}
}

// code lets the program act for the administrator.
func (p program) code(t *testing.T, body string) string {
	t.Helper()
	return text(p.ok(t, 201, "POST", "/hub/v1/integrations/"+p.id+"/grants", body), "code")
}

// post sends a form as the program; fields are name, value, name, value.
func (p program) post(t *testing.T, fields ...string) reply {
	t.Helper()
	form := url.Values{"client_id": {p.clientID}, "client_secret": {p.secret}}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return p.send(t, form)
}

func (o *office) send(t *testing.T, form url.Values, headers ...string) reply {
	t.Helper()
	return o.ask(t, "", "POST", "/v1/access_token", form.Encode(), append([]string{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}, headers...)...)
}

func (p program) exchange(t *testing.T, code string) reply {
	t.Helper()
	return p.post(t, "grant_type", "authorization_code", "code", code)
}

func (p program) refresh(t *testing.T, token string) reply {
	t.Helper()
	return p.post(t, "grant_type", "refresh_token", "refresh_token", token)
}

// issued expects tokens.
func issued(t *testing.T, got reply) map[string]any {
	t.Helper()
	require.Equal(t, 200, got.status, got.body)
	assert.Equal(t, "no-store", got.header.Get("Cache-Control"))
	assert.Equal(t, "no-cache", got.header.Get("Pragma"))
	assert.Equal(t, "application/json", got.header.Get("Content-Type"))
	return object(t, got.body)
}

// describable is what error_description may hold (RFC 6749 section 5.2).
var describable = regexp.MustCompile(`^[\x20-\x21\x23-\x5B\x5D-\x7E]+$`)

// checkRefused expects an error in OAuth's words and in ours.
func checkRefused(t *testing.T, got reply, status int, reason, name string) {
	t.Helper()
	assert.Equal(t, status, got.status, "%s: %s", name, got.body)
	assert.Equal(t, "no-store", got.header.Get("Cache-Control"), name)
	assert.Equal(t, "application/json", got.header.Get("Content-Type"), name)
	e := object(t, got.body)
	assert.Equal(t, reason, e["error"], name)
	assert.Regexp(t, describable, e["error_description"], name)
	assert.Equal(t, e["error_description"], e["message"], name)
	assert.Equal(t, got.header.Get("trackingid"), e["trackingId"], name)
	assert.Len(t, e, 4, name)
	want := ""
	if status == 401 {
		want = `Basic realm="dialtone"`
	}
	assert.Equal(t, want, got.header.Get("WWW-Authenticate"), name)
}

func (o *office) pass(d time.Duration) { o.passed.Add(int64(d)) }

const day = 24 * time.Hour

func TestAnIntegrationGetsItsTokens(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	made := o.ok(t, 201, "POST", "/hub/v1/integrations", `{"name":"tool","redirectUris":["`+back+`"],"scopes":["spark-admin:devices_read","dialtone:tokens_read"]}`)
	assert.Regexp(t, `^dts_[A-Za-z0-9]{44}$`, made["clientSecret"])
	assert.Equal(t, uuidOf(t, text(made, "id")), made["clientId"])
	p := program{o, text(made, "id"), text(made, "clientId"), text(made, "clientSecret")}
	delete(made, "clientSecret")
	assert.Equal(t, map[string]any{
		"id": p.id, "clientId": p.clientID, "name": "tool", "redirectUris": []any{back}, "scopes": []any{"spark-admin:devices_read", "dialtone:tokens_read"},
		"admin": "admin@example.com", "created": "2026-05-01T08:00:00.123Z",
	}, made)
	assert.Equal(t, made, o.ok(t, 200, "GET", "/hub/v1/integrations/"+p.id, ""), "the secret is shown once")
	assert.Equal(t, []map[string]any{made}, items(t, o.ok(t, 200, "GET", "/hub/v1/integrations", "")))

	granted := o.ok(t, 201, "POST", "/hub/v1/integrations/"+p.id+"/grants", `{"redirectUri":"`+back+`"}`)
	assert.Equal(t, "2026-05-01T08:05:00.123Z", granted["expires"])
	assert.Equal(t, []any{"spark-admin:devices_read", "dialtone:tokens_read"}, granted["scopes"])
	got := issued(t, p.post(t, "grant_type", "authorization_code", "code", text(granted, "code"), "redirect_uri", back))
	access, refresh := text(got, "access_token"), text(got, "refresh_token")
	assert.Regexp(t, `^dtp_[A-Za-z0-9]{44}$`, access)
	assert.Regexp(t, `^dtr_[A-Za-z0-9]{44}$`, refresh)
	delete(got, "access_token")
	delete(got, "refresh_token")
	assert.Equal(t, map[string]any{
		"token_type": "Bearer", "expires_in": 1209600.0, "refresh_token_expires_in": 7776000.0, "scope": "spark-admin:devices_read dialtone:tokens_read",
	}, got)
	assert.Equal(t, 200, o.ask(t, access, "GET", "/v1/devices", "").status)
	assert.Equal(t, 403, o.ask(t, access, "GET", "/hub/v1/audit", "").status)

	again := issued(t, p.refresh(t, refresh))
	assert.Equal(t, refresh, again["refresh_token"], "clients keep it")
	assert.NotEqual(t, access, again["access_token"])
	assert.Equal(t, 200, o.ask(t, access, "GET", "/v1/devices", "").status, "the one before goes on")
	narrow := issued(t, p.post(t, "grant_type", "refresh_token", "refresh_token", refresh, "scope", "dialtone:tokens_read"))
	assert.Equal(t, "dialtone:tokens_read", narrow["scope"])
	assert.Equal(t, 403, o.ask(t, text(narrow, "access_token"), "GET", "/v1/devices", "").status)
	checkRefused(t, p.post(t, "grant_type", "refresh_token", "refresh_token", refresh, "scope", "dialtone:audit_read"), 400, "invalid_scope", "more")

	list := items(t, o.ok(t, 200, "GET", "/hub/v1/tokens", ""))
	require.Len(t, list, 4)
	assert.Equal(t, "tool", list[1]["name"])
	assert.Equal(t, true, list[1]["ofIntegration"])
	assert.Equal(t, "2026-05-15T08:00:00.123Z", list[1]["expires"])
	assert.Equal(t, "2026-05-01T08:00:00.123Z", list[1]["lastUsed"])
	assert.NotContains(t, list[0], "ofIntegration")
	o.ok(t, 204, "DELETE", "/hub/v1/tokens/"+text(list[1], "id"), "")
	checkRefused(t, p.refresh(t, refresh), 400, "invalid_grant", "revoked")
	assert.Equal(t, 401, o.ask(t, text(again, "access_token"), "GET", "/v1/devices", "").status)

	for kind, subject := range map[string]string{"integration.created": p.clientID, "grant.created": "", "token.revoked": ""} {
		assert.Len(t, items(t, o.ok(t, 200, "GET", "/hub/v1/audit?kind="+kind+"&subject="+subject, "")), 1, kind)
	}
	for _, word := range []string{p.secret, text(granted, "code"), access, refresh} {
		assert.NotContains(t, o.log.String(), word)
	}
}

func TestTokensEndInTime(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	p := o.program(t)
	late := p.code(t, `{}`)
	o.pass(5 * time.Minute)
	checkRefused(t, p.exchange(t, late), 400, "invalid_grant", "a code of five minutes")
	code := p.code(t, `{}`)
	o.pass(5*time.Minute - time.Second)
	got := issued(t, p.exchange(t, code))
	access, refresh := text(got, "access_token"), text(got, "refresh_token")
	o.pass(14*day - time.Second)
	assert.Equal(t, 200, o.ask(t, access, "GET", "/v1/devices", "").status)
	o.pass(time.Second)
	assert.Equal(t, 401, o.ask(t, access, "GET", "/v1/devices", "").status)
	for range 3 { // each refresh begins the 90 days anew
		o.pass(90*day - 14*day - time.Second)
		fresh := issued(t, p.refresh(t, refresh))
		assert.Equal(t, 200, o.ask(t, text(fresh, "access_token"), "GET", "/v1/devices", "").status)
		assert.Len(t, items(t, o.ok(t, 200, "GET", "/hub/v1/tokens", "")), 2, "those that have expired are gone")
		o.pass(14 * day)
	}
	o.pass(76 * day)
	checkRefused(t, p.refresh(t, refresh), 400, "invalid_grant", "90 days")
}

func TestACodeIsGoodOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	p, other := o.program(t), o.program(t)
	code := p.code(t, `{}`)
	checkRefused(t, other.exchange(t, code), 400, "invalid_grant", "another integration's")
	got := issued(t, p.exchange(t, code))
	checkRefused(t, p.exchange(t, code), 400, "invalid_grant", "twice")
	assert.Equal(t, 401, o.ask(t, text(got, "access_token"), "GET", "/v1/devices", "").status, "somebody has stolen the code: what it gave is worth nothing")
	checkRefused(t, p.refresh(t, text(got, "refresh_token")), 400, "invalid_grant", "its refresh token")
	event := items(t, o.ok(t, 200, "GET", "/hub/v1/audit?kind=grant.revoked", ""))
	require.Len(t, event, 1)
	assert.Equal(t, "system", event[0]["actor"])
}

func TestTheEndOfAnIntegrationEndsItsTokens(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	p, other := o.program(t), o.program(t)
	got, kept := issued(t, p.exchange(t, p.code(t, `{}`))), issued(t, other.exchange(t, other.code(t, `{}`)))
	second := o.ok(t, 201, "POST", "/hub/v1/admins", `{"email":"second@example.com","role":"wholesale_admin"}`)
	made := o.ok(t, 201, "POST", "/hub/v1/tokens", fmt.Sprintf(`{"name":"hers","adminId":%q,"scopes":["%s"]}`, second["id"], joined([]customer.Scope{
		customer.ScopeTokensWrite, customer.ScopeAdminsRead, customer.ScopeDevicesRead,
	})))
	granted := object(t, o.ask(t, text(made, "token"), "POST", "/hub/v1/integrations/"+p.id+"/grants", `{}`).body)
	assert.Equal(t, []any{"spark-admin:devices_read"}, granted["scopes"], "her own token carries no more")
	hers := issued(t, p.exchange(t, text(granted, "code")))

	o.ok(t, 204, "DELETE", "/hub/v1/admins/"+text(second, "id"), "")
	checkRefused(t, p.refresh(t, text(hers, "refresh_token")), 400, "invalid_grant", "the administrator is gone")
	assert.Equal(t, 401, o.ask(t, text(hers, "access_token"), "GET", "/v1/devices", "").status)
	assert.Equal(t, 404, o.ask(t, o.others, "DELETE", "/hub/v1/integrations/"+p.id, "").status)
	o.ok(t, 204, "DELETE", "/hub/v1/integrations/"+p.id, "")
	o.ok(t, 404, "GET", "/hub/v1/integrations/"+p.id, "")
	assert.Equal(t, 401, o.ask(t, text(got, "access_token"), "GET", "/v1/devices", "").status)
	checkRefused(t, p.refresh(t, text(got, "refresh_token")), 401, "invalid_client", "the integration is gone")
	issued(t, other.refresh(t, text(kept, "refresh_token")))
}

func TestATokenFeelsTheRoleOfItsAdministrator(t *testing.T) {
	t.Parallel()
	x := newTree(t)
	p := program{x.subs, "", "", ""}
	made := x.subs.ok(t, 201, "POST", "/hub/v1/integrations", `{"name":"theirs","scopes":["spark-admin:devices_read","dialtone:templates_write"]}`)
	p.id, p.clientID, p.secret = text(made, "id"), text(made, "clientId"), text(made, "clientSecret")
	access := text(issued(t, p.exchange(t, p.code(t, `{}`))), "access_token")
	body := `{"name":"x","country":"US","language":"en_US","subscriptionId":"S"}`
	assert.Equal(t, 201, x.ask(t, access, "POST", "/hub/v1/templates", body).status)
	x.ok(t, 200, "PUT", "/hub/v1/subPartners/"+x.sub, `{"provisioningState":"suspended"}`)
	assert.Equal(t, 403, x.ask(t, access, "POST", "/hub/v1/templates", body).status)
	assert.Equal(t, 200, x.ask(t, access, "GET", "/v1/devices", "").status)
	x.ok(t, 200, "PUT", "/hub/v1/subPartners/"+x.sub, `{"provisioningState":"active"}`)

	// Who acts for a sub-partner isn't one of its administrators: nobody could say later who let the integration in.
	for _, refused := range []reply{
		x.ask(t, x.token, "POST", "/hub/v1/integrations?"+behalf(x.sub), `{"name":"x","scopes":["spark-admin:devices_read"]}`),
		x.ask(t, x.token, "POST", "/hub/v1/integrations/"+p.id+"/grants?"+behalf(x.sub), `{}`),
	} {
		assert.Equal(t, 403, refused.status, refused.body)
		assert.Contains(t, refused.body, "let one of them do it")
	}
	assert.Len(t, items(t, x.ok(t, 200, "GET", "/hub/v1/integrations?"+behalf(x.sub), "")), 1)
}

func TestWhatTheTokenEndpointRefuses(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	p := o.program(t, back)
	code := p.code(t, `{"redirectUri":"`+back+`","codeChallenge":"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM","codeChallengeMethod":"S256"}`)
	for name, c := range map[string]struct {
		fields []string
		status int
		reason string
	}{
		"no grant type":     {nil, 400, "invalid_request"},
		"another one":       {[]string{"grant_type", "password", "username", "a", "password", "b"}, 400, "unsupported_grant_type"},
		"client's own":      {[]string{"grant_type", "client_credentials"}, 400, "unsupported_grant_type"},
		"no code":           {[]string{"grant_type", "authorization_code"}, 400, "invalid_request"},
		"no refresh token":  {[]string{"grant_type", "refresh_token"}, 400, "invalid_request"},
		"an unknown code":   {[]string{"grant_type", "authorization_code", "code", "dtc_x"}, 400, "invalid_grant"},
		"an unknown token":  {[]string{"grant_type", "refresh_token", "refresh_token", "\x00\xff"}, 400, "invalid_grant"},
		"the code as token": {[]string{"grant_type", "refresh_token", "refresh_token", code}, 400, "invalid_grant"},
		"no address":        {[]string{"grant_type", "authorization_code", "code", code}, 400, "invalid_grant"},
		"wrong address":     {[]string{"grant_type", "authorization_code", "code", code, "redirect_uri", back + "&"}, 400, "invalid_grant"},
		"no verifier":       {[]string{"grant_type", "authorization_code", "code", code, "redirect_uri", back}, 400, "invalid_grant"},
		"wrong verifier":    {[]string{"grant_type", "authorization_code", "code", code, "redirect_uri", back, "code_verifier", "x"}, 400, "invalid_grant"},
		"wrong secret":      {[]string{"client_secret", strings.ToUpper(p.secret)}, 401, "invalid_client"},
		"no secret":         {[]string{"client_secret", ""}, 401, "invalid_client"},
		"unknown client":    {[]string{"client_id", "6f0c8a52-3b1e-4d57-9f3a-0d1c2b3a4958"}, 401, "invalid_client"},
		"no client id":      {[]string{"client_id", "x'--"}, 401, "invalid_client"},
	} {
		checkRefused(t, p.post(t, c.fields...), c.status, c.reason, name)
	}
	issued(t, p.post(t, "grant_type", "authorization_code", "code", code, "redirect_uri", back, "code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"))

	twice := url.Values{"client_id": {p.clientID}, "client_secret": {p.secret}, "grant_type": {"refresh_token", "refresh_token"}}
	checkRefused(t, o.send(t, twice), 400, "invalid_request", "twice")
	checkRefused(t, o.send(t, url.Values{}), 401, "invalid_client", "nothing")
	checkRefused(t, o.send(t, url.Values{"x": {strings.Repeat("x", 16<<10)}}), 413, "invalid_request", "large")
	checkRefused(t, o.ask(t, "", "POST", "/v1/access_token", `{"grant_type":"refresh_token"}`), 415, "invalid_request", "JSON")
	checkRefused(t, o.ask(t, "", "POST", "/v1/access_token", "a=%zz", "Content-Type", "application/x-www-form-urlencoded"), 400, "invalid_request", "no form")
	checkError(t, o.ask(t, "", "GET", "/v1/access_token", ""), "another method")
}

func TestClientsMayUseBasic(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	p := o.program(t)
	basic := func(id, key string) string {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.SetBasicAuth(id, key)
		return r.Header.Get("Authorization")
	}
	form := url.Values{"grant_type": {"authorization_code"}, "code": {p.code(t, `{}`)}}
	checkRefused(t, o.send(t, form, "Authorization", basic(p.clientID, "wrong")), 401, "invalid_client", "wrong secret")
	checkRefused(t, o.send(t, form, "Authorization", "Basic x"), 401, "invalid_client", "no header")
	issued(t, o.send(t, form, "Authorization", basic(p.clientID, p.secret)))
	form.Set("client_secret", p.secret)
	checkRefused(t, o.send(t, form, "Authorization", basic(p.clientID, p.secret)), 400, "invalid_request", "both")
}

func TestWrongSecretsHaveToWait(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	p, other := o.program(t), o.program(t)
	code := p.code(t, `{}`)
	for range 10 {
		checkRefused(t, p.post(t, "client_secret", "dts_wrong"), 401, "invalid_client", "wrong")
	}
	for _, secret := range []string{"dts_wrong", p.secret} {
		got := p.post(t, "client_secret", secret)
		checkRefused(t, got, 429, "temporarily_unavailable", "too often")
		assert.Equal(t, "30", got.header.Get("Retry-After"))
	}
	issued(t, other.exchange(t, other.code(t, `{}`)))
	o.pass(30 * time.Second)
	issued(t, p.exchange(t, code))
	for range 10 { // nonsense has one pair for all of it
		checkRefused(t, p.post(t, "client_id", newID()+"x"), 401, "invalid_client", "nonsense")
	}
	checkRefused(t, p.post(t, "client_id", newID()+"y"), 429, "temporarily_unavailable", "nonsense")
}

// failingOAuth can't reach its store, or has a bug.
type failingOAuth struct {
	customersCore
	err error
}

func (f failingOAuth) AuthenticateIntegration(context.Context, customer.IntegrationID, secret.Text) (customer.Integration, error) {
	return customer.Integration{}, f.err
}

func TestOurOwnFailuresAreNotTheClients(t *testing.T) {
	t.Parallel()
	for reason, c := range map[string]struct {
		err    error
		status int
	}{
		"temporarily_unavailable": {fault.New(fault.Unavailable, "The database doesn't work at the moment. Try again."), 503},
		"server_error":            {fmt.Errorf("db.internal: no such table"), 500},
	} {
		o := newEmptyOffice(t, func(config *adminapi.Config) { config.Customers = failingOAuth{config.Customers, c.err} })
		p := program{o, "", newID(), "x"}
		for range 12 { // which is no wrong secret
			got := p.refresh(t, "x")
			checkRefused(t, got, c.status, reason, reason)
			assert.NotContains(t, got.body, "db.internal")
		}
	}
}

func TestTheTokenEndpointIsDocumented(t *testing.T) {
	t.Parallel()
	o := newEmptyOffice(t, nil)
	paths, _ := object(t, o.ask(t, "", "GET", "/openapi.json", "").body)["paths"].(map[string]any)
	entry, _ := paths["/v1/access_token"].(map[string]any)
	assert.Len(t, entry, 1)
	operation, _ := entry["post"].(map[string]any)
	assert.NotContains(t, operation, "security", "it takes no token")
	body, _ := operation["requestBody"].(map[string]any)
	assert.Equal(t, map[string]any{"application/x-www-form-urlencoded": map[string]any{"schema": map[string]any{"$ref": "#/components/schemas/AccessTokenForm"}}}, body["content"])
}

// TestAStandardClientWorks drives the door with the OAuth client that Go programs use, in both ways of showing the secret.
func TestAStandardClientWorks(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	server := httptest.NewServer(o.door)
	t.Cleanup(server.Close)
	for name, style := range map[string]oauth2.AuthStyle{"header": oauth2.AuthStyleInHeader, "body": oauth2.AuthStyleInParams, "found out": oauth2.AuthStyleAutoDetect} {
		p := o.program(t, back)
		verifier := oauth2.GenerateVerifier()
		config := oauth2.Config{
			ClientID: p.clientID, ClientSecret: p.secret, RedirectURL: back, Endpoint: oauth2.Endpoint{TokenURL: server.URL + "/v1/access_token", AuthStyle: style},
		}
		code := p.code(t, fmt.Sprintf(`{"redirectUri":%q,"codeChallenge":%q,"codeChallengeMethod":"S256"}`, back, oauth2.S256ChallengeFromVerifier(verifier)))
		_, err := config.Exchange(t.Context(), code)
		var refused *oauth2.RetrieveError
		require.ErrorAs(t, err, &refused, name)
		assert.Equal(t, "invalid_grant", refused.ErrorCode)
		token, err := config.Exchange(t.Context(), code, oauth2.VerifierOption(verifier))
		require.NoError(t, err, name)
		assert.WithinDuration(t, time.Now().Add(14*day), token.Expiry, time.Minute)
		assert.Equal(t, "Bearer", token.Type())
		refresh := token.RefreshToken
		token.Expiry = time.Now().Add(-time.Second) // the client takes it for expired, and refreshes by itself
		source := config.TokenSource(t.Context(), token)
		for range 2 {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/v1/devices", nil)
			require.NoError(t, err)
			response, err := oauth2.NewClient(t.Context(), source).Do(r)
			require.NoError(t, err, name)
			require.NoError(t, response.Body.Close())
			assert.Equal(t, 200, response.StatusCode, name)
		}
		fresh, err := source.Token()
		require.NoError(t, err)
		assert.NotEqual(t, token.AccessToken, fresh.AccessToken)
		assert.Equal(t, refresh, fresh.RefreshToken)
	}
}
