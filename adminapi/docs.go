package adminapi

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
)

//go:embed web/index.html web/start.js web/swagger-ui-5.35.0
var web embed.FS

// docsPolicy lets the page of the API load what this door serves, and nothing else: its own scripts and styles, the pictures that are in the styles,
// and answers of the API. frame-ancestors keeps other pages from putting it under somebody's clicks.
const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// What browsers do with their copy: a file that has its version in its address never changes, and the others are asked for again each time.
const (
	keepForEver = "public, max-age=31536000, immutable"
	askAgain    = "no-cache"
)

// page is one file of the page of the API.
type page struct {
	contentType string
	cache       string
	body        []byte                 // as it is embedded
	zipped      bool                   // whether that is compressed
	plain       func() ([]byte, error) // for a client that doesn't take compressed answers: made once, when the first such client comes
	etag        string                 // without quotes
}

// docsRoutes adds the page of the API. It needs no token, as openapi.json doesn't: what it asks, it asks with the token that is typed into it.
func (s *Server) docsRoutes(engine *gin.Engine) error {
	const viewer = "/swagger-ui-5.35.0/"
	for _, f := range []struct{ path, file, contentType, cache string }{
		{"/docs", "/index.html", "text/html; charset=utf-8", askAgain},
		{"/docs/start.js", "/start.js", "text/javascript; charset=utf-8", askAgain},
		{"/docs" + viewer + "swagger-ui-bundle.js", viewer + "swagger-ui-bundle.js.gz", "text/javascript; charset=utf-8", keepForEver},
		{"/docs" + viewer + "swagger-ui.css", viewer + "swagger-ui.css.gz", "text/css; charset=utf-8", keepForEver},
		{"/docs" + viewer + "swagger-ui-bundle.js.LICENSE.txt", viewer + "swagger-ui-bundle.js.LICENSE.txt", "text/plain; charset=utf-8", keepForEver},
	} {
		body, err := web.ReadFile("web" + f.file)
		if err != nil {
			return fmt.Errorf("reading the page of the API: %w", err)
		}
		sum := sha256.Sum256(body)
		p := page{contentType: f.contentType, cache: f.cache, body: body, zipped: strings.HasSuffix(f.file, ".gz"), etag: hex.EncodeToString(sum[:8])}
		p.plain = sync.OnceValues(func() ([]byte, error) { return unzipped(body) })
		handle := func(c *gin.Context) { s.servePage(c, p) }
		engine.GET(f.path, handle)
		engine.HEAD(f.path, handle)
	}
	return nil
}

func unzipped(body []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

func (s *Server) servePage(c *gin.Context, p page) {
	body, etag, h := p.body, p.etag, c.Writer.Header()
	if p.zipped {
		h.Set("Vary", "Accept-Encoding")
	}
	switch {
	case p.zipped && takesGzip(c.GetHeader("Accept-Encoding")):
		h.Set("Content-Encoding", "gzip")
		etag += "-gzip" // another representation has another one (RFC 9110 section 8.8.3.3)
	case p.zipped:
		var err error
		if body, err = p.plain(); err != nil {
			s.Logger.ErrorContext(c.Request.Context(), "a file of the page of the API can't be unpacked", "error", err)
			s.writeStatus(c.Writer, c.Request, http.StatusInternalServerError, "This page is broken. Read /openapi.json instead.")
			return
		}
	}
	h.Set("Content-Type", p.contentType)
	h.Set("Cache-Control", p.cache)
	h.Set("ETag", `"`+etag+`"`)
	h.Set("Content-Security-Policy", docsPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	http.ServeContent(c.Writer, c.Request, "", time.Time{}, bytes.NewReader(body))
}

// takesGzip reads Accept-Encoding (RFC 9110 section 12.5.3): a weight of 0 refuses.
func takesGzip(accept string) bool {
	for part := range strings.SplitSeq(accept, ",") {
		coding, parameter, _ := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			continue
		}
		weight, has := strings.CutPrefix(strings.ReplaceAll(strings.ToLower(parameter), " ", ""), "q=")
		q, err := strconv.ParseFloat(weight, 64)
		return !has || err == nil && q > 0
	}
	return false
}
