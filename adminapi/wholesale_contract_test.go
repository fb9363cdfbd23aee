package adminapi_test

import (
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var pathParameter = regexp.MustCompile(`\{[^}]+\}`)

// TestEachWholesaleOperationGoodAndBad drives each of the 18 operations of the official Wholesale API, with what is right and with what is wrong in
// every way that the operation knows; each answer is held against the document, whose objects take no unknown field.
func TestEachWholesaleOperationGoodAndBad(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../shared/specs/webex-wholesale.json")
	if os.IsNotExist(err) {
		t.Skip("skipped: the official document isn't on this machine")
	}
	require.NoError(t, err)
	document, err := openapi3.NewLoader().LoadFromData(raw)
	require.NoError(t, err)
	known := map[string]routed{}
	for _, r := range routes() {
		known[r.method+" "+pathParameter.ReplaceAllString(r.documented, "{}")] = r
	}
	operations, answers := 0, map[int]int{}
	for path, item := range document.Paths.Map() {
		for method := range item.Operations() {
			operations++
			r, ok := known[method+" /v1"+pathParameter.ReplaceAllString(path, "{}")]
			if !assert.True(t, ok, "%s %s isn't served", method, path) {
				continue
			}
			for _, a := range newOffice(t).goodAndBad(t, r) { // an office each, as some remove what others ask for
				answers[a]++
			}
		}
	}
	assert.Equal(t, 18, operations)
	for _, status := range []int{200, 202, 204, 400, 401, 403, 404, 415} {
		assert.NotZero(t, answers[status], "%d", status)
	}
	assert.GreaterOrEqual(t, answers[200]+answers[202]+answers[204], 18, "each was asked rightly")
	assert.GreaterOrEqual(t, answers[401], 18)
	assert.GreaterOrEqual(t, answers[403], 18)
	assert.GreaterOrEqual(t, answers[404], 18)
}

// goodAndBad asks one route in every way, and returns the statuses. Each answer is held against every document that has the operation.
func (o *office) goodAndBad(t *testing.T, r routed) []int {
	t.Helper()
	const nobody = "6f0c8a52-3b1e-4d57-9f3a-0d1c2b3a4958"
	query := func(path, more string) string {
		if strings.Contains(path, "?") {
			return path + "&" + more
		}
		return path + "?" + more
	}
	ask := func(want int, token, path, body string, headers ...string) int {
		got := o.ask(t, token, r.method, path, body, headers...)
		names := held(t, httptest.NewRequest(r.method, path, nil), got)
		assert.Contains(t, names, "webex-wholesale.json", "%s %s", r.method, path)
		assert.Equal(t, want, got.status, "%s %s %s: %s", r.method, path, body, got.body)
		return got.status
	}
	path, body := r.path(o), r.bodyOf(o)
	out := []int{
		ask(401, "", path, body),
		ask(403, o.withScopes(t, "dialtone:audit_read"), path, body),
		ask(404, o.token, query(path, behalf(nobody)), body),
	}
	if strings.Contains(r.documented, "{") {
		out = append(out, ask(404, o.token, withNobody(path, nobody), body), ask(404, o.others, path, body))
	}
	if body != "" {
		for _, bad := range []string{`{`, `[]`, `{}`, `{"packages":7,"email":7,"billingStartDate":7}`} {
			out = append(out, ask(400, o.token, path, bad))
		}
		out = append(out, ask(415, o.token, path, body, "Content-Type", "text/plain"))
	}
	if r.method == "GET" && !strings.Contains(r.documented, "{") {
		out = append(out, ask(400, o.token, query(path, "max=x"), ""), ask(200, o.token, query(path, "max=1&offset=1000"), ""))
	}
	return append(out, ask(r.status, o.token, path, body))
}
