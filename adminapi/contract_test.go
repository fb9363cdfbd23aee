package adminapi_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/adminapi"
)

// contract is an OpenAPI document that answers are held against.
type contract struct {
	name   string
	router routers.Router
}

// contracts are read once, as parsing takes longer than all the tests: our own document, and those of the APIs whose clients must work here, where
// they are on this machine.
var contracts = sync.OnceValues(func() ([]contract, error) {
	openapi3filter.RegisterBodyDecoder("text/html", openapi3filter.PlainBodyDecoder)
	server, err := adminapi.New(adminapi.Config{Now: time.Now, NewID: newID, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	server.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/openapi-3.0.json", nil))
	own, err := routerOf(w.Body.Bytes(), "/", false)
	if err != nil {
		return nil, err
	}
	out := []contract{{"our own document", own}}
	for _, name := range []string{"webex-wholesale.json", "webex-device.json"} {
		raw, err := os.ReadFile("../../shared/specs/" + name)
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		router, err := routerOf(raw, "/v1", name == "webex-wholesale.json")
		if err != nil {
			return nil, err
		}
		out = append(out, contract{name, router})
	}
	return out, nil
})

// routerOf reads a document. Strict refuses fields that it doesn't name, as generated clients do.
func routerOf(raw []byte, base string, strict bool) (routers.Router, error) {
	document, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		return nil, err
	}
	document.Servers = openapi3.Servers{{URL: base}}
	settle(document)
	for _, schema := range document.Components.Schemas {
		if strict && schema.Value.Type.Is("object") && schema.Value.AdditionalProperties.Has == nil {
			no := false
			schema.Value.AdditionalProperties = openapi3.AdditionalProperties{Has: &no}
		}
	}
	return legacy.NewRouter(document, openapi3.DisableExamplesValidation(), openapi3.DisableSchemaDefaultsValidation(), openapi3.DisableSchemaPatternValidation())
}

// settle corrects the official documents where they contradict themselves or what their servers do: a precheck's info is a list, as in their examples;
// sub-partners are listed under subPartners there and under items in the schema, so that we send both; locations have another schema merged
// into theirs; the answer to an order of a report has internal in its example alone; and models that partners manage are known to devices, and not to the
// list of models; and the capabilities of a workspace are a map, as in their
// example, and no list of maps.
func settle(document *openapi3.T) {
	for _, name := range []string{"CustomerProvisioningPrecheckResponse", "SubscriberProvisioningPrecheckResponse"} {
		if schema := document.Components.Schemas[name]; schema != nil {
			list := openapi3.NewArraySchema()
			list.Items = schema.Value.Properties["info"]
			schema.Value.Properties["info"] = list.NewRef()
		}
	}
	if schema := document.Components.Schemas["SubPartnersListResponse"]; schema != nil {
		schema.Value.Properties["subPartners"] = schema.Value.Properties["items"]
	}
	if schema := document.Components.Schemas["ManagedByObject"]; schema != nil {
		schema.Value.Enum = append(schema.Value.Enum, "PARTNER")
	}
	if schema := document.Components.Schemas["ReportId"]; schema != nil {
		schema.Value.Properties["internal"] = openapi3.NewBoolSchema().NewRef()
	}
	if created := document.Components.Schemas["PostCommonLocationObject"]; created != nil {
		settleLocation(document.Components.Schemas["Location"].Value, created.Value)
	}
	if schema := document.Components.Schemas["Workspace"]; schema != nil {
		if capabilities := schema.Value.Properties["capabilities"]; capabilities != nil && capabilities.Value.Items != nil {
			schema.Value.Properties["capabilities"] = capabilities.Value.Items // a map, as in its example
		}
	}
}

// settleLocation gives a location the form of the documents' examples, which is that of what creates one, with its ids. The country decides whether
// an address has a state and a postal code.
func settleLocation(location, created *openapi3.Schema) {
	address := *created.Properties["address"].Value
	address.Required = []string{"address1", "city", "country"}
	location.Required = []string{"id", "name", "orgId", "timeZone", "preferredLanguage", "address"}
	location.Properties = maps.Clone(created.Properties)
	location.Properties["address"] = address.NewRef()
	location.Properties["id"], location.Properties["orgId"] = openapi3.NewStringSchema().NewRef(), openapi3.NewStringSchema().NewRef()
}

// held checks an answer against every document that has its operation, and names them.
func held(t testing.TB, r *http.Request, got reply) []string {
	t.Helper()
	list, err := contracts()
	require.NoError(t, err)
	var names []string
	for _, c := range list {
		route, parameters, err := c.router.FindRoute(r)
		if strings.HasSuffix(r.URL.Path, "/devices/availableMembers") && c.name == "webex-device.json" { // of which it has the count alone
			continue
		}
		if err != nil || got.status == http.StatusRequestEntityTooLarge && c.name != "our own document" { // theirs forgets that a body can be too large
			continue
		}
		names = append(names, c.name)
		input := &openapi3filter.ResponseValidationInput{
			RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: parameters, Route: route},
			Status:                 got.status, Header: got.header, Body: io.NopCloser(bytes.NewBufferString(got.body)),
			Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
		}
		assert.NoError(t, openapi3filter.ValidateResponse(context.WithoutCancel(r.Context()), input), "%s: %s %s answered %d %s", c.name, r.Method, r.URL, got.status, got.body)
	}
	return names
}

// inNeither reports whether none of the official documents at hand has a route of theirs.
func (r routed) inNeither() bool {
	return inNoDocument(r.documented) || slices.ContainsFunc([]string{"/v1/people", "/v1/licenses", "/v1/telephony/config/virtualLines", "/v1/telephony/config/devices/availableMembers"},
		func(path string) bool {
			return strings.HasPrefix(r.documented, path) && !strings.HasSuffix(r.documented, "/count")
		})
}

// TestEveryRouteIsHeldAgainstItsDocuments makes sure that the check of each answer in this suite finds something to check with.
func TestEveryRouteIsHeldAgainstItsDocuments(t *testing.T) {
	t.Parallel()
	list, err := contracts()
	require.NoError(t, err)
	if len(list) == 1 {
		t.Log("the official documents aren't on this machine: answers are held against our own alone")
	}
	o := newOffice(t)
	for _, r := range routes() {
		request := httptest.NewRequest(r.method, r.path(o), nil)
		names := held(t, request, o.ask(t, o.token, r.method, r.path(o), r.bodyOf(o)))
		want := 1
		if len(list) > 1 && strings.HasPrefix(r.documented, "/v1/") && !r.inNeither() {
			want = 2
		}
		assert.Len(t, names, want, "%s %s: %v", r.method, r.documented, names)
	}
}

// asked asks one route in many ways, and counts the statuses. Each answer is held against every document that has the operation.
type asked struct {
	*office
	route   routed
	answers map[int]int
}

// newAsked makes sure that a document holds the route's answers.
func newAsked(t *testing.T, o *office, r routed, document string) *asked {
	t.Helper()
	path := r.path(o)
	names := held(t, httptest.NewRequest(r.method, path, nil), o.ask(t, "", r.method, path, ""))
	assert.Contains(t, names, document, "%s %s", r.method, path)
	return &asked{office: o, route: r, answers: map[int]int{}}
}

// want asks once.
func (a *asked) want(t *testing.T, status int, token, path, body string, headers ...string) reply {
	t.Helper()
	got := a.ask(t, token, a.route.method, path, body, headers...)
	assert.Equal(t, status, got.status, "%s %s: %.1000s; asked with %.500s", a.route.method, path, got.body, body)
	a.answers[got.status]++
	return got
}

const nobody = "6f0c8a52-3b1e-4d57-9f3a-0d1c2b3a4958"

// turnedAway asks as those who have no token, no scope or no part in what the path names, and for what nobody has.
func (a *asked) turnedAway(t *testing.T, path, body string) {
	t.Helper()
	a.want(t, 401, "", path, body)
	a.want(t, 403, a.withScopes(t, "dialtone:audit_read"), path, body)
	a.want(t, 404, a.token, withQuery(path, behalf(nobody)), body)
	if strings.Contains(a.route.documented, "{") {
		a.want(t, 404, a.token, withNobody(path, nobody), body)
		a.want(t, 404, a.token, withNobody(path, "nonsense"), body)
		a.want(t, 404, a.others, path, body)
	}
}

// withQuery adds to the query of a path.
func withQuery(path, more string) string {
	if strings.Contains(path, "?") {
		return path + "&" + more
	}
	return path + "?" + more
}
