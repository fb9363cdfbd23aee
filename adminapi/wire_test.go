package adminapi_test

import (
	"encoding/base64"
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// uuidOf is what an id on the wire is about.
func uuidOf(t *testing.T, id string) string {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(id)
	require.NoError(t, err, id)
	return last(string(raw))
}

func TestSuccessIsJSONOrEmpty(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for _, r := range routes() {
		path := r.path(o)
		got := o.ask(t, o.token, r.method, path, r.bodyOf(o))
		require.Equal(t, r.status, got.status, "%s %s: %s", r.method, path, got.body)
		assert.NotEmpty(t, got.header.Get("trackingid"))
		if r.status == 204 || r.method == "DELETE" && r.body == nil {
			assert.Empty(t, got.body)
			continue
		}
		if got.header.Get("Content-Disposition") != "" {
			assert.Regexp(t, "^text/(csv|plain); charset=utf-8$", got.header.Get("Content-Type"), path)
			continue
		}
		assert.Equal(t, "application/json", got.header.Get("Content-Type"), path)
		assert.NotContains(t, got.body, "$schema", path)
		assert.NotContains(t, got.body, "null", "%s: clients index without a check", path)
	}
}

func TestLocationIsAnAddressOfItsOwn(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	path := "/v1/wholesale/customers/" + o.customer
	for _, spelling := range []string{o.customer, o.customer + "==", uuidOf(t, o.customer)} {
		got := o.ask(t, o.token, "GET", "/v1/wholesale/customers/"+spelling, "")
		assert.Equal(t, "http://example.com"+path, got.header.Get("Location"), "whatever the client's spelling")
	}
	assert.Equal(t, "https://example.com"+path, o.ask(t, o.token, "GET", path, "", "X-Forwarded-Proto", "https").header.Get("Location"))
	secure := httptest.NewRequestWithContext(t.Context(), "GET", "https://api.example.test"+path, nil)
	secure.Header.Set("Authorization", "Bearer "+o.token)
	w := httptest.NewRecorder()
	o.door.ServeHTTP(w, secure)
	assert.Equal(t, "https://api.example.test"+path, w.Header().Get("Location"))
}

// TestEverySpellingOfAnIDIsTaken puts each spelling into each path, and into bodies and queries.
func TestEverySpellingOfAnIDIsTaken(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	calling := text(o.ok(t, 200, "GET", "/v1/devices/"+o.device, ""), "callingDeviceId")
	padded := base64.StdEncoding.EncodeToString([]byte("ciscospark://us/device/" + uuidOf(t, o.device)))
	for _, id := range []string{o.device, calling, padded, uuidOf(t, o.device), strings.ToUpper(uuidOf(t, o.device))} {
		for _, format := range []string{"/v1/devices/%s", "/v1/telephony/config/devices/%s", "/hub/v1/devices/%s/files", "/hub/v1/devices/%s/registration", "/hub/v1/devices/%s/trace"} {
			o.ok(t, 200, "GET", fmt.Sprintf(format, id), "")
		}
	}
	o.ok(t, 200, "GET", "/hub/v1/templates/"+uuidOf(t, o.template), "")
	for what, query := range map[string]string{
		"/v1/wholesale/subscribers?customerId=": o.customer, "/v1/wholesale/subscribers?personId=": o.person, "/v1/wholesale/customers?orgId=": o.org,
		"/v1/devices?locationId=": o.location, "/v1/devices?personId=": o.person, "/v1/locations?id=": o.location, "/v1/locations?orgId=": o.org,
	} {
		for _, id := range []string{query, url.QueryEscape(query + "=="), uuidOf(t, query)} {
			assert.Len(t, items(t, o.ok(t, 200, "GET", what+id, "")), 1, what+id)
		}
		wrong := o.ask(t, o.token, "GET", what+"nonsense", "")
		assert.Equal(t, 400, wrong.status, what)
		field := strings.TrimSuffix(what[strings.LastIndexByte(what, '?')+1:], "=")
		assert.Contains(t, wrong.body, `"fieldName":"`+field+`"`)
	}
	decoded, err := base64.RawURLEncoding.DecodeString(o.provisioningID)
	require.NoError(t, err)
	o.provisioningID = string(decoded)
	o.ok(t, 202, "POST", "/v1/wholesale/customers", o.newCustomer("by-uuid"))
	o.customer = uuidOf(t, o.customer)
	o.ok(t, 200, "POST", "/v1/wholesale/subscribers", o.newPerson("by-uuid", 150))
}

func TestEveryListKeepsItsFiltersInTheLink(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.ok(t, 201, "POST", "/hub/v1/templates", `{"name":"Big","country":"US","language":"en_US","subscriptionId":"S"}`)
	o.ok(t, 202, "POST", "/v1/wholesale/customers", o.newCustomer("second"))
	o.ok(t, 200, "POST", "/v1/wholesale/subscribers", o.newPerson("bob", 102))
	o.ok(t, 200, "POST", "/v1/devices", fmt.Sprintf(`{"mac":"00562B043615","model":"Cisco 8851","personId":%q}`, o.person))
	for _, target := range []string{
		"/hub/v1/templates?max=1", "/v1/wholesale/customers?max=1&status=provisioned&status=error", "/v1/wholesale/customers?max=1&status=provisioned%2Cerror",
		"/v1/wholesale/subscribers?max=1&externalCustomerId=bakery&status=provisioned", "/v1/locations?max=1&name=sh%C3%B6p%20%26&name=shop",
		"/v1/locations?max=1&name=shop", "/v1/devices?max=1&displayName=ada+baker&personId=" + o.person,
	} {
		asked, err := url.Parse(target)
		require.NoError(t, err)
		got := o.ask(t, o.token, "GET", target, "")
		require.Equal(t, 200, got.status, got.body)
		next := links(got.header.Get("Link"))["next"]
		if len(items(t, object(t, got.body))) == 0 {
			assert.Empty(t, next, target)
			continue
		}
		link, err := url.Parse(next)
		require.NoError(t, err)
		want := asked.Query()
		want.Set("offset", "1")
		filters := link.Query()
		filters.Del("cursor") // where to go on, in long lists
		assert.Equal(t, want, filters, target)
		assert.Equal(t, "http://example.com"+asked.Path, strings.TrimSuffix(next, "?"+link.RawQuery))
		second := o.ask(t, o.token, "GET", link.RequestURI(), "")
		assert.Len(t, items(t, object(t, second.body)), 1, target)
		assert.NotContains(t, links(second.header.Get("Link")), "next", "%s: the last page", target)
		assert.NotEqual(t, got.body, second.body)
	}
}

// TestMediaTypesAreParsed: clients send a charset, and spell as they like.
func TestMediaTypesAreParsed(t *testing.T) {
	t.Parallel()
	o := newEmptyOffice(t, nil)
	for name, c := range map[string]struct {
		mediaType string
		status    int
	}{
		"plain": {"application/json", 201}, "charset": {"application/json;charset=utf-8", 201}, "charset and blank": {"application/json; charset=UTF-8", 201},
		"capitals": {"Application/JSON", 201}, "form": {"application/x-www-form-urlencoded", 415}, "text": {"text/plain", 415}, "xml": {"application/xml", 415},
		"beginning alone": {"application/jsonx", 415},
	} {
		body := fmt.Sprintf(`{"name":%q,"country":"US","language":"en_US","subscriptionId":"S"}`, name)
		got := o.ask(t, o.token, "POST", "/hub/v1/templates", body, "Content-Type", c.mediaType)
		assert.Equal(t, c.status, got.status, "%s: %s", name, got.body)
	}
}

// TestTheDocumentHoldsTheRoutesAndNoMore reads the served OpenAPI document from the other side: each operation in it is in the table.
func TestTheDocumentHoldsTheRoutesAndNoMore(t *testing.T) {
	t.Parallel()
	o := newEmptyOffice(t, nil)
	known := map[string]routed{}
	for _, r := range routes() {
		known[strings.ToLower(r.method)+" "+r.documented] = r
	}
	paths, _ := object(t, o.ask(t, "", "GET", "/openapi.json", "").body)["paths"].(map[string]any)
	count := 0
	for path, entry := range paths {
		operations, _ := entry.(map[string]any)
		for method, entry := range operations {
			if path == "/hub/v1/consents" || path == "/v1/access_token" { // pages behind links in mails; and what has tests of its own
				continue
			}
			count++
			r, ok := known[method+" "+path]
			assert.True(t, ok, "%s %s", method, path)
			operation, _ := entry.(map[string]any)
			answers, _ := operation["responses"].(map[string]any)
			assert.Contains(t, answers, fmt.Sprint(r.status), path)
			assert.Equal(t, []any{map[string]any{"token": []any{string(r.scope)}}}, operation["security"], path)
		}
	}
	assert.Len(t, known, count, "a route of the table that isn't documented")
}
