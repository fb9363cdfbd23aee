package adminapi_test

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEachDeviceOperationGoodAndBad drives each of the 72 operations of the official device API, with what is right in every shape that clients send,
// and with what is wrong in every way that the document tells of: each field of each body with another type, an unknown word, too much text, an id
// that nobody has, and without it; each parameter with what it can't be. Each answer is held against the document.
func TestEachDeviceOperationGoodAndBad(t *testing.T) {
	t.Parallel()
	known, shapes := map[string]routed{}, deviceShapes()
	for _, r := range routes() {
		known[r.method+" "+pathParameter.ReplaceAllString(r.documented, "{}")] = r
	}
	operations, answers := deviceOperations(t), tally{counts: map[int]int{}}
	require.Len(t, operations, 72)
	t.Run("operations", func(t *testing.T) {
		reading := newFilled(t) // shared by the operations that change nothing
		for _, o := range operations {
			r, ok := known[pathParameter.ReplaceAllString(o.name, "{}")]
			if !assert.True(t, ok, "%s isn't served", o.name) {
				continue
			}
			mine := shapes[o.name]
			delete(shapes, o.name)
			t.Run(o.name, func(t *testing.T) {
				if r.method == "GET" {
					answers.add(driveDevice(t, reading, r, o.described, mine))
					return
				}
				t.Parallel()
				answers.add(driveDevice(t, newFilled(t), r, o.described, mine))
			})
		}
		assert.Empty(t, shapes, "shapes of no operation")
	})
	for _, status := range []int{200, 201, 202, 204, 206, 415} {
		assert.NotZero(t, answers.counts[status], "%d", status)
	}
	for _, status := range []int{401, 403, 404} {
		assert.GreaterOrEqual(t, answers.counts[status], 72, "%d", status)
	}
	assert.GreaterOrEqual(t, answers.counts[400], 500)
}

// driveDevice asks one operation wrongly, and then rightly where nothing has happened yet.
func driveDevice(t *testing.T, o *filled, r routed, described *openapi3.Operation, shapes []shape) map[int]int {
	t.Helper()
	a := &deviceAsked{newAsked(t, o.office, r, "webex-device.json"), o, described}
	a.turnedAway(t, r.path(a.office), r.bodyOf(a.office))
	a.otherOrganizations(t)
	a.parameters(t)
	a.bodies(t, shapes)
	good := a
	if r.body != nil {
		fresh := newFilled(t)
		good = &deviceAsked{&asked{office: fresh.office, route: r, answers: a.answers}, fresh, described}
	}
	before := good.answers[r.status]
	good.shapes(t, shapes)
	assert.Greater(t, good.answers[r.status], before, "%s %s was never asked rightly", r.method, r.documented)
	return good.answers
}

// tally counts the statuses of many tests.
type tally struct {
	mu     sync.Mutex
	counts map[int]int
}

func (n *tally) add(counts map[int]int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for status, times := range counts {
		n.counts[status] += times
	}
}

// deviceOperation is one operation of the official document.
type deviceOperation struct {
	name      string // method and path
	described *openapi3.Operation
}

// deviceOperations reads the official document, or skips the test where it isn't.
func deviceOperations(t *testing.T) []deviceOperation {
	t.Helper()
	raw, err := os.ReadFile("../../shared/specs/webex-device.json")
	if os.IsNotExist(err) {
		t.Skip("skipped: the official document isn't on this machine")
	}
	require.NoError(t, err)
	document, err := openapi3.NewLoader().LoadFromData(raw)
	require.NoError(t, err)
	var out []deviceOperation
	for path, item := range document.Paths.Map() {
		for method, described := range item.Operations() {
			out = append(out, deviceOperation{method + " /v1" + path, described})
		}
	}
	slices.SortFunc(out, func(a, b deviceOperation) int { return strings.Compare(a.name, b.name) })
	return out
}

// filled is an office that has more: a Cisco phone and its person, a hall with calling, and a second customer.
type filled struct {
	*office
	names  *strings.Replacer // of what there is, for paths and bodies
	second string            // organisation of the second customer
}

// deviceAsked asks one operation of the device API.
type deviceAsked struct {
	*asked
	in        *filled
	described *openapi3.Operation
}

func newFilled(t *testing.T) *filled {
	t.Helper()
	o := newOffice(t)
	bob := text(o.ok(t, 200, "POST", "/v1/wholesale/subscribers", o.newPerson("bob", 201)), "personId")
	cisco := text(o.ok(t, 200, "POST", "/v1/devices?orgId="+o.org, fmt.Sprintf(`{"mac":"00562B0000AA","model":"Cisco 8851","personId":%q}`, bob)), "id")
	hall := text(o.ok(t, 201, "POST", "/v1/workspaces", o.hall("801")), "id")
	second := text(o.ok(t, 200, "GET", "/v1/wholesale/customers/"+last(o.made("/v1/wholesale/customers", o.newCustomer("second")).URL), ""), "orgId")
	names := strings.NewReplacer("{org}", o.org, "{location}", o.location, "{ada}", o.person, "{bob}", bob, "{hall}", hall, "{device}", o.device, "{cisco}", cisco,
		"{template}", o.madeTemplate(), "{license}", o.license())
	return &filled{o, names, second}
}

// otherOrganizations asks on behalf of an organisation that isn't there, and for what the path names in one that doesn't have it.
func (a *deviceAsked) otherOrganizations(t *testing.T) {
	t.Helper()
	path := strings.Replace(a.route.path(a.office), "?orgId="+a.org, "", 1)
	body := strings.ReplaceAll(a.route.bodyOf(a.office), a.org, "")
	if takesOrganization := !strings.Contains(a.route.documented, "/dynamicSettings/validationSchema") && !strings.Contains(a.route.documented, "/settingsGroups"); takesOrganization {
		a.want(t, 404, a.token, withQuery(path, "orgId="+nobody), body)
	}
	a.ask(t, a.token, a.route.method, withQuery(path, "orgId=nonsense"), body)
	if strings.Contains(a.route.documented, "{") {
		a.want(t, 404, a.token, withQuery(path, "orgId="+a.in.second), body)
	}
}

// parameters asks with each parameter that the document has: each of its words, and what it can't be.
func (a *deviceAsked) parameters(t *testing.T) {
	t.Helper()
	path, body := a.route.path(a.office), a.route.bodyOf(a.office)
	for _, p := range a.described.Parameters {
		name, schema := p.Value.Name, p.Value.Schema.Value
		if p.Value.In != "query" || name == "orgId" || a.route.method != "GET" {
			continue
		}
		for _, word := range schema.Enum {
			a.want(t, 200, a.token, withQuery(path, fmt.Sprintf("%s=%v", name, word)), body)
		}
		for _, bad := range wrongParameters(name, schema) {
			got := a.want(t, 400, a.token, withQuery(path, name+"="+bad), body)
			assert.Contains(t, got.body, fmt.Sprintf(`"fieldName":%q`, name), "%s %s=%s", path, name, bad)
		}
	}
}

// wrongParameters are values that a parameter can't have. Those that are free text have none.
func wrongParameters(name string, schema *openapi3.Schema) []string {
	switch {
	case name == "product": // which the document has three examples of, as if they were all
		return nil
	case len(schema.Enum) > 0 || strings.HasSuffix(name, "Id") && name != "floorId", name == "id", name == "mac", name == "connectionStatus", name == "order":
		return []string{"nonsense"}
	case schema.Type.Is("boolean"):
		return []string{"perhaps"}
	case schema.Type.Is("number"):
		return []string{"x", "-2", "1.5"}
	}
	return nil
}

// bodies sends what can't be read, and each right body with one thing wrong.
func (a *deviceAsked) bodies(t *testing.T, shapes []shape) {
	t.Helper()
	path, body := a.route.path(a.office), a.route.bodyOf(a.office)
	if body == "" {
		return
	}
	a.want(t, 415, a.token, path, body, "Content-Type", "text/plain")
	if strings.HasPrefix(mediaTypeFor(path), "multipart/") { // has a test of its own
		a.want(t, 400, a.token, path, body[:100])
		return
	}
	for _, bad := range []string{`{`, `7`, `"text"`, `[7]`, "{\"x\":\"\xff\"}"} {
		a.want(t, 400, a.token, path, bad)
	}
	if !a.route.mayBeEmpty() && !needsNoBody(a.route) {
		a.want(t, 400, a.token, path, `{}`)
		a.want(t, 400, a.token, path, ``)
	}
	var media *openapi3.MediaType
	for kind, one := range a.described.RequestBody.Value.Content {
		if strings.HasPrefix(kind, "application/json") {
			media = one
		}
	}
	if media == nil {
		return
	}
	seen := map[string]bool{}
	for _, s := range append([]shape{{body: body}}, shapes...) {
		if s.bare || s.status >= 400 || s.body == "" {
			continue
		}
		for _, wrong := range spoil(t, media.Schema.Value, a.in.names.Replace(s.body), seen) {
			a.refuses(t, cmp.Or(a.in.names.Replace(s.path), path), wrong)
		}
	}
	for _, field := range fieldsOf(media.Schema.Value, "") {
		assert.True(t, seen[field] || notSent(a.route, field), "%s %s: no shape has %s", a.route.method, a.route.documented, field)
	}
}

// refuses sends a body with one thing wrong, which the answer must name.
func (a *deviceAsked) refuses(t *testing.T, path string, wrong spoilt) {
	t.Helper()
	name := fmt.Sprintf("%s %s: %s %s", a.route.method, a.route.documented, wrong.field, wrong.what)
	got := a.ask(t, a.token, a.route.method, path, wrong.body)
	a.answers[got.status]++
	switch {
	case wrong.what == "null":
		absent := a.ask(t, a.token, a.route.method, path, wrong.absent)
		assert.Equal(t, absent.status == 400, got.status == 400, "%s: null counts as absent: %.300s", name, got.body)
		if got.status == 400 {
			assert.Equal(t, trackingID.ReplaceAllString(absent.body, ""), trackingID.ReplaceAllString(got.body, ""), name)
		}
	case passedOver(a.route, wrong):
		assert.Less(t, got.status, 300, "%s: %.300s", name, got.body)
	case wrong.field == "workspaceLocationId": // an older name of locationId
		assert.Equal(t, 400, got.status, "%s: %.300s", name, got.body)
		assert.True(t, names(t, got.body, wrong.field) || names(t, got.body, "locationId"), "%s: %.300s", name, got.body)
	case wrong.field == "orgId": // as in the query
		assert.Contains(t, []int{400, 404}, got.status, "%s: %.300s", name, got.body)
	default:
		assert.Equal(t, 400, got.status, "%s: %.300s", name, got.body)
		assert.True(t, names(t, got.body, wrong.field), "%s: %.300s", name, got.body)
	}
}

// names reports whether an error is about a field, or what the field is part of.
func names(t *testing.T, body, field string) bool {
	t.Helper()
	var e struct {
		Errors []struct{ FieldName string }
	}
	if json.Unmarshal([]byte(body), &e) != nil {
		return false
	}
	return slices.ContainsFunc(e.Errors, func(one struct{ FieldName string }) bool {
		return one.FieldName != "" && (strings.HasPrefix(field, one.FieldName) || strings.HasPrefix(one.FieldName, field))
	})
}

// shapes asks rightly: as the table of routes says, and in every other shape that clients use.
func (a *deviceAsked) shapes(t *testing.T, shapes []shape) {
	t.Helper()
	for _, s := range shapes {
		path := cmp.Or(a.in.names.Replace(s.path), a.route.path(a.office))
		status := s.status
		if status == 0 {
			status = a.route.status
		}
		var headers []string
		if s.mediaType != "" {
			headers = []string{"Content-Type", s.mediaType}
		}
		got := a.want(t, status, a.token, path, a.in.names.Replace(s.body), headers...)
		if s.holds != "" {
			assert.Contains(t, got.body, a.in.names.Replace(s.holds), "%s %s", a.route.method, path)
		}
	}
	a.want(t, a.route.status, a.token, a.route.path(a.office), a.route.bodyOf(a.office))
}

// spoilt is a right body with one thing wrong.
type spoilt struct {
	field, what, body string
	absent            string // for null: the body without the field
}

// spoil returns a body with one thing wrong at a time, for each field that the schema describes, that the body has and that wasn't seen.
func spoil(t *testing.T, schema *openapi3.Schema, body string, seen map[string]bool) []spoilt {
	t.Helper()
	var root any
	require.NoError(t, json.Unmarshal([]byte(body), &root), body)
	s := &spoiler{t: t, seen: seen, root: &root}
	s.inside("", schema, root)
	return s.out
}

type spoiler struct {
	t    *testing.T
	root *any
	seen map[string]bool
	out  []spoilt
}

// inside spoils what is inside a value.
func (s *spoiler) inside(field string, schema *openapi3.Schema, value any) {
	switch v := value.(type) {
	case map[string]any:
		for name, property := range schema.Properties {
			if child, ok := v[name]; ok {
				s.spoil(strings.TrimPrefix(field+"."+name, "."), property.Value, child, func(x any) { v[name] = x })
				s.null(strings.TrimPrefix(field+"."+name, "."), v, name)
			}
		}
	case []any:
		if len(v) > 0 && schema.Items != nil {
			s.spoil(field+"[0]", schema.Items.Value, v[0], func(x any) { v[0] = x })
		}
	}
}

// spoil puts each wrong value into the place of a right one.
func (s *spoiler) spoil(field string, schema *openapi3.Schema, value any, set func(any)) {
	if !s.seen[field] {
		s.seen[field] = true
		for what, wrong := range wrongValues(schema, value) {
			set(wrong)
			s.out = append(s.out, spoilt{field: field, what: what, body: s.written()})
		}
		set(value)
	}
	s.inside(field, schema, value)
}

// null puts null into the place of a field, and the field away.
func (s *spoiler) null(field string, of map[string]any, name string) {
	if s.seen[field+" null"] {
		return
	}
	s.seen[field+" null"] = true
	value, one := of[name], spoilt{field: field, what: "null"}
	of[name] = nil
	one.body = s.written()
	delete(of, name)
	one.absent = s.written()
	of[name] = value
	s.out = append(s.out, one)
}

func (s *spoiler) written() string {
	raw, err := json.Marshal(*s.root)
	require.NoError(s.t, err)
	return string(raw)
}

func wrongValues(schema *openapi3.Schema, value any) map[string]any {
	wrong := map[string]any{}
	switch {
	case schema.Type.Is("object"), schema.Type.Is("array"):
		wrong["type"] = 7
	case schema.Type.Is("boolean"):
		wrong["type"] = "perhaps"
	case schema.Type.Is("number"), schema.Type.Is("integer"):
		wrong["type"], wrong["negative"], wrong["fraction"] = "many", -1, 1.5
	case len(schema.Enum) > 0:
		wrong["type"], wrong["word"] = map[string]any{}, "NO_SUCH_WORD"
	default:
		wrong["type"], wrong["long"] = map[string]any{}, strings.Repeat("x", 10_000)
	}
	if id, is := value.(string); is && strings.HasPrefix(id, "Y2lz") {
		wrong["nobody"] = base64.RawURLEncoding.EncodeToString([]byte("ciscospark://us/THING/" + nobody))
	}
	return wrong
}

// fieldsOf lists every field of a body, but for the single settings of phones, which the catalogue's tests go through.
func fieldsOf(schema *openapi3.Schema, field string) []string {
	if schema.Type.Is("array") {
		return append([]string{field + "[0]"}, fieldsOf(schema.Items.Value, field+"[0]")...)
	}
	var out []string
	for name, property := range schema.Properties {
		one := strings.TrimPrefix(field+"."+name, ".")
		out = append(out, one)
		if field != "customizations" {
			out = append(out, fieldsOf(property.Value, one)...)
		}
	}
	return out
}
