package adminapi_test

import (
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
			a := newAsked(t, newOffice(t), r, "webex-wholesale.json") // an office each, as some remove what others ask for
			a.goodAndBad(t)
			for status, times := range a.answers {
				answers[status] += times
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

// goodAndBad asks one route of the Wholesale API in every way.
func (a *asked) goodAndBad(t *testing.T) {
	t.Helper()
	path, body := a.route.path(a.office), a.route.bodyOf(a.office)
	a.turnedAway(t, path, body)
	if body != "" {
		for _, bad := range []string{`{`, `[]`, `{}`, `{"packages":7,"email":7,"billingStartDate":7}`} {
			a.want(t, 400, a.token, path, bad)
		}
		a.want(t, 415, a.token, path, body, "Content-Type", "text/plain")
	}
	if a.route.method == "GET" && !strings.Contains(a.route.documented, "{") {
		a.want(t, 400, a.token, withQuery(path, "max=x"), "")
		a.want(t, 200, a.token, withQuery(path, "max=1&offset=1000"), "")
	}
	a.want(t, a.route.status, a.token, path, body)
}
