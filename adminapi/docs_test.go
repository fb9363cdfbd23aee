package adminapi_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const viewer = "/docs/swagger-ui-5.35.0/"

func TestThePageOfTheAPINeedsNoToken(t *testing.T) {
	t.Parallel()
	o := newEmptyOffice(t, nil)
	for path, c := range map[string]struct{ contentType, cache, holds string }{
		"/docs":                         {"text/html; charset=utf-8", "no-cache", `<script defer src="docs/start.js"></script>`},
		"/docs/start.js":                {"text/javascript; charset=utf-8", "no-cache", `url: "openapi.json"`},
		viewer + "swagger-ui-bundle.js": {"text/javascript; charset=utf-8", "public, max-age=31536000, immutable", "SwaggerUIBundle"},
		viewer + "swagger-ui.css":       {"text/css; charset=utf-8", "public, max-age=31536000, immutable", ".swagger-ui"},
		viewer + "swagger-ui-bundle.js.LICENSE.txt": {"text/plain; charset=utf-8", "public, max-age=31536000, immutable", "MIT"},
	} {
		got := o.ask(t, "", "GET", path, "")
		assert.Equal(t, 200, got.status, path)
		assert.Equal(t, c.contentType, got.header.Get("Content-Type"), path)
		assert.Equal(t, c.cache, got.header.Get("Cache-Control"), path)
		assert.Equal(t, "nosniff", got.header.Get("X-Content-Type-Options"), path)
		assert.Equal(t, "no-referrer", got.header.Get("Referrer-Policy"), path)
		assert.Equal(t, "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
			got.header.Get("Content-Security-Policy"), path)
		assert.Empty(t, got.header.Get("Content-Encoding"), path)
		assert.Contains(t, got.body, c.holds, path)
		etag := got.header.Get("ETag")
		assert.Regexp(t, `^"[0-9a-f]{16}"$`, etag, path)
		same := o.ask(t, "", "GET", path, "", "If-None-Match", `"x", `+etag)
		assert.Equal(t, 304, same.status, path)
		assert.Equal(t, etag, same.header.Get("ETag"), path)
		assert.Empty(t, same.body, path)
		head := o.ask(t, "", "HEAD", path, "")
		assert.Equal(t, 200, head.status, path)
		assert.Equal(t, etag, head.header.Get("ETag"), path)
		assert.Empty(t, head.body, path)
		assert.Equal(t, 405, o.ask(t, "", "POST", path, "{}").status, path)
	}
	for _, path := range []string{"/docs/", "/docs/index.html", viewer, viewer + "LICENSE", "/docs/../go.mod", viewer + "swagger-ui.css.gz"} {
		assert.Equal(t, 404, o.ask(t, "", "GET", path, "").status, path)
	}
}

func TestLargeFilesAreSentCompressed(t *testing.T) {
	t.Parallel()
	o := newEmptyOffice(t, nil)
	for accept, zipped := range map[string]bool{
		"gzip": true, "gzip, deflate, br, zstd": true, "br, GZIP": true, "gzip;q=0.5": true, "gzip; q=1": true,
		"": false, "br": false, "gzip;q=0": false, "gzip;q=0.000": false, "identity, gzip ; q=0": false, "gzip;q=x": false, "gzipped": false,
	} {
		got := o.ask(t, "", "GET", viewer+"swagger-ui.css", "", "Accept-Encoding", accept)
		assert.Equal(t, 200, got.status, accept)
		assert.Equal(t, "Accept-Encoding", got.header.Get("Vary"), accept)
		assert.Equal(t, zipped, got.header.Get("Content-Encoding") == "gzip", accept)
		assert.Equal(t, zipped, strings.HasSuffix(got.header.Get("ETag"), `-gzip"`), accept)
		assert.Equal(t, zipped, len(got.body) < 30_000, accept)
	}
	page := o.ask(t, "", "GET", "/docs", "", "Accept-Encoding", "gzip")
	assert.Empty(t, page.header.Get("Content-Encoding"), "it is small")
	assert.Empty(t, page.header.Get("Vary"))
}

// TestTheViewerIsAsItWasPublished: nobody has changed what was copied. The sums are those of the files in swagger-ui-dist 5.35.0 on npm.
func TestTheViewerIsAsItWasPublished(t *testing.T) {
	t.Parallel()
	o := newEmptyOffice(t, nil)
	for file, want := range map[string]string{
		"swagger-ui-bundle.js": "e6a898692f2d768e807c3ba4626068a69a2c5dd960dd6c76f3e4d3a3de180af2",
		"swagger-ui.css":       "5ed08757e53da3e026d6cbecc61fe5d43585c9560b302d534ad56692519a273d",
	} {
		got := o.ask(t, "", "GET", viewer+file, "", "Accept-Encoding", "gzip")
		r, err := gzip.NewReader(strings.NewReader(got.body))
		require.NoError(t, err)
		content, err := io.ReadAll(r)
		require.NoError(t, err)
		sum := sha256.Sum256(content)
		assert.Equal(t, want, hex.EncodeToString(sum[:]), file)
		assert.Equal(t, string(content), o.ask(t, "", "GET", viewer+file, "").body, "compressed or not")
	}
}

// TestABrowserShowsTheAPI opens the page in Chromium: it shows the operations, asks nobody but this door, and breaks no rule of its policy. Without
// Chromium or playwright-core it is skipped.
func TestABrowserShowsTheAPI(t *testing.T) {
	t.Parallel()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium isn't installed: apt-get install chromium")
	}
	environment := append(os.Environ(), "NODE_PATH="+os.Getenv("NODE_PATH")+":"+globalModules(t.Context()))
	find := exec.CommandContext(t.Context(), "node", "-e", `require("playwright-core")`)
	find.Env = environment
	if err := find.Run(); err != nil {
		t.Skip("playwright-core isn't installed: npm install --global playwright-core@1.65.1")
	}
	o := newOffice(t)
	server := httptest.NewServer(o.door)
	t.Cleanup(server.Close)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	look := exec.CommandContext(ctx, "node", "testdata/docs.cjs", server.URL+"/docs", chromium, o.token)
	look.Env = environment
	var complaint bytes.Buffer
	look.Stderr = &complaint
	out, err := look.Output()
	require.NoError(t, err, complaint.String())
	var seen struct {
		Complaints, Violations, Elsewhere, Paths []string
		Title, Status                            string
	}
	require.NoError(t, json.Unmarshal(out, &seen), string(out))
	assert.Empty(t, seen.Complaints)
	assert.Empty(t, seen.Violations)
	assert.Empty(t, seen.Elsewhere)
	assert.Equal(t, "Dialtone: the REST API", seen.Title)
	assert.Equal(t, "200", seen.Status)
	for i, path := range seen.Paths { // the page lets long paths break at their slashes
		seen.Paths[i] = strings.ReplaceAll(path, "\u200b", "")
	}
	for _, r := range routes() {
		assert.Contains(t, seen.Paths, r.documented)
	}
}

// globalModules is where npm puts what is installed for everybody; "" without npm.
func globalModules(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "npm", "root", "--global").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}
