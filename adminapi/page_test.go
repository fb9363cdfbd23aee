package adminapi_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	codeSpan = regexp.MustCompile("`([^`]+)`")
	onPage   = regexp.MustCompile("^\\| `(GET|POST|PUT|PATCH|DELETE)[ `]")
)

// TestThePageHasEveryRoute holds the tables of docs/api.md against the OpenAPI document: a route that is added or removed there is here, too.
func TestThePageHasEveryRoute(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/api.md")
	require.NoError(t, err)
	var told []string
	for line := range strings.SplitSeq(string(page), "\n") {
		if onPage.MatchString(line) {
			told = append(told, routesOfRow(strings.Split(line, " | ")[0])...)
		}
	}
	served := []string{}
	o := newEmptyOffice(t, nil)
	paths, _ := object(t, o.ask(t, "", "GET", "/openapi.json", "").body)["paths"].(map[string]any)
	for path, entry := range paths {
		operations, _ := entry.(map[string]any)
		for method := range operations {
			served = append(served, strings.ToUpper(method)+" "+path)
		}
	}
	for _, one := range served {
		assert.True(t, slices.Contains(told, one), "%s is on no row of docs/api.md", one)
	}
	for i, one := range told {
		assert.True(t, slices.Contains(served, one), "%s is on docs/api.md, and not served", one)
		assert.False(t, slices.Contains(told[:i], one), "%s is on docs/api.md twice", one)
	}
}

// routesOfRow reads the first cell of a row: methods, then the path that they go to. What begins with neither /v1/ nor /hub/ goes on where the row's
// first path ends, and without a method the ones before count.
func routesOfRow(cell string) []string {
	var out, methods []string
	base, ended := "", false
	for _, span := range codeSpan.FindAllStringSubmatch(cell, -1) {
		method, path, _ := strings.Cut(span[1], " ")
		if strings.HasPrefix(method, "/") {
			method, path = "", method
		}
		if method != "" {
			if ended {
				methods, ended = nil, false
			}
			methods = append(methods, method)
		}
		if path == "" {
			continue
		}
		path, _, _ = strings.Cut(path, "?")
		switch {
		case !strings.HasPrefix(path, "/v1/") && !strings.HasPrefix(path, "/hub/"):
			path = base + path
		case base == "":
			base = path
		}
		for _, m := range methods {
			out = append(out, m+" "+path)
		}
		ended = true
	}
	return out
}

func TestTheRowsOfThePageAreRead(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{"POST /hub/v1/things", "GET /hub/v1/things", "GET /hub/v1/things/{id}", "PUT /hub/v1/things/{id}", "GET /hub/v1/things/{id}/secret", "PUT /hub/v1/things/{id}/secret", "DELETE /v1/x"},
		routesOfRow("| `POST`, `GET /hub/v1/things?orgId=`, `GET`, `PUT /{id}`, `/{id}/secret`, `DELETE /v1/x`"))
}
