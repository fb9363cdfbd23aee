package adminapi_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/adminapi"
	"dialtone/billing"
	"dialtone/customer"
)

// linkOf returns the path and query of a completed report's file.
func (o *office) linkOf(t *testing.T, at string) string {
	t.Helper()
	return strings.TrimPrefix(text(o.ok(t, 200, "GET", at, ""), "tempDownloadURL"), "http://example.com")
}

// newLibrary is an office with a completed report, and the link to its file.
func newLibrary(t *testing.T) (c *chronicle, at, link string) {
	t.Helper()
	c = newChronicle(t)
	c.fill(t)
	c.goTo(t, "2026-05-03T08:00:00Z")
	at = c.orderReport(t, "2026-05-01", "2026-05-02", `,"type":"USER"`)
	return c, at, c.linkOf(t, at)
}

func TestAFileIsHadByItsLinkAlone(t *testing.T) {
	t.Parallel()
	c, _, link := newLibrary(t)
	file := c.ask(t, "", "GET", link, "")
	require.Equal(t, 200, file.status)
	assert.Len(t, strings.Split(file.body, "\r\n"), 3, "names, a line, and the end")
	for name, want := range map[string]string{
		"Content-Type": "text/csv; charset=utf-8", "Content-Disposition": `attachment; filename="usage-USER-2026-05-01-2026-05-02.csv"`,
		"Content-Length": strconv.Itoa(len(file.body)), "ETag": fmt.Sprintf(`"%x"`, sha256.Sum256([]byte(file.body))), "Accept-Ranges": "none",
		"Cache-Control": "private, no-store",
	} {
		assert.Equal(t, want, file.header.Get(name), name)
	}
	head := c.ask(t, "", "HEAD", link, "")
	assert.Equal(t, 200, head.status)
	assert.Empty(t, head.body)
	assert.Equal(t, file.header.Get("ETag"), head.header.Get("ETag"))
	assert.Equal(t, file.header.Get("Content-Length"), head.header.Get("Content-Length"))
	part := c.ask(t, "", "GET", link, "", "Range", "bytes=5-9")
	assert.Equal(t, 200, part.status, "a server may leave ranges alone, and says the whole")
	assert.Equal(t, file.body, part.body)
	assert.Empty(t, part.header.Get("Content-Range"))
	assert.Equal(t, 405, c.ask(t, "", "DELETE", link, "").status)
}

// TestALinkCantBeGuessed changes each byte of a link, and tries what is near it. The answers are the same, so that they tell nothing.
func TestALinkCantBeGuessed(t *testing.T) {
	t.Parallel()
	c, at, link := newLibrary(t)
	plain := func(r reply) string { return trackingID.ReplaceAllString(r.body, "") }
	nothing := plain(c.ask(t, "", "GET", "/"+newID()+"/WHOLESALE/"+newID()+".csv?Expires=1&Signature=x", ""))
	refused := func(name, link string) {
		got := c.ask(t, "", "GET", link, "")
		assert.Equal(t, 404, got.status, name)
		assert.Equal(t, nothing, plain(got), name)
		assert.Equal(t, 404, c.ask(t, "", "HEAD", link, "").status, name)
	}
	parsed, err := url.Parse(link)
	require.NoError(t, err)
	for _, part := range []string{"Expires", "Signature"} {
		value := parsed.Query().Get(part)
		for i := range len(value) {
			query := parsed.Query()
			query.Set(part, value[:i]+string(value[i]^1)+value[i+1:])
			refused(fmt.Sprint(part, i), parsed.Path+"?"+query.Encode())
		}
		query := parsed.Query()
		query.Del(part)
		refused("without "+part, parsed.Path+"?"+query.Encode())
	}
	for i := 1; i < len(parsed.Path); i++ {
		if digit := parsed.Path[i]; digit >= '0' && digit <= '9' || digit >= 'a' && digit <= 'f' {
			refused(fmt.Sprint("path ", i), parsed.Path[:i]+string(digit^1)+parsed.Path[i+1:]+"?"+parsed.RawQuery)
		}
	}
	other, err := url.Parse(c.linkOf(t, c.orderReport(t, "2026-05-01", "2026-05-02", "")))
	require.NoError(t, err)
	require.NotEqual(t, parsed.Path, other.Path)
	refused("another report's signature", parsed.Path+"?"+other.RawQuery)

	theirs := reportsPath + "/" + text(object(t, c.ask(t, c.others, "POST", reportsPath, `{"billingStartDate":"2026-05-01","billingEndDate":"2026-05-02","type":"USER"}`).body), "id")
	foreign, err := url.Parse(strings.TrimPrefix(text(object(t, c.ask(t, c.others, "GET", theirs, "").body), "tempDownloadURL"), "http://example.com"))
	require.NoError(t, err)
	require.Equal(t, 200, c.ask(t, "", "GET", foreign.RequestURI(), "").status)
	refused("another partner's signature", parsed.Path+"?"+foreign.RawQuery)
	partner, _, _ := strings.Cut(strings.TrimPrefix(parsed.Path, "/"), "/")
	_, file, _ := strings.Cut(foreign.Path, "/WHOLESALE/")
	refused("another partner's report as one's own", "/"+partner+"/WHOLESALE/"+file+"?"+foreign.RawQuery)
	assert.Equal(t, 404, c.ask(t, c.others, "GET", at, "").status)

	c.goTo(t, "2026-05-03T08:29:59Z")
	require.Equal(t, 200, c.ask(t, "", "GET", link, "").status)
	c.goTo(t, "2026-05-03T08:30:00Z")
	refused("over", link)
	fresh := c.linkOf(t, at)
	require.Equal(t, 200, c.ask(t, "", "GET", fresh, "").status, "each look gives another half an hour")
	c.ok(t, 204, "DELETE", at, "")
	refused("deleted", fresh)
	assert.NotContains(t, c.log.String(), parsed.Query().Get("Signature"))
	assert.NotContains(t, c.log.String(), "Signature=")
}

// endless is billing whose file is a hundred megabytes of zeros, or breaks off.
type endless struct {
	adminapi.Billing
	size  int64
	short int64 // how much of it doesn't come
}

func (e endless) OpenLink(context.Context, string, string, string, string) (billing.Report, error) {
	return billing.Report{Type: billing.TypeUser}, nil
}

func (e endless) FileOf(context.Context, billing.Report) (int64, string, error) {
	return e.size, "sum", nil
}

func (e endless) WriteFile(_ context.Context, _ customer.OrgID, _ billing.ReportID, w io.Writer) error {
	piece := make([]byte, 64<<10)
	for left := e.size - e.short; left > 0; left -= int64(len(piece)) {
		if _, err := w.Write(piece[:min(left, int64(len(piece)))]); err != nil {
			return err
		}
	}
	if e.short > 0 {
		return errors.New("the database is away")
	}
	return nil
}

// download reads a file from a real server and returns how many bytes came.
func download(t *testing.T, file endless) (int64, error) {
	t.Helper()
	o := newEmptyOffice(t, func(c *adminapi.Config) { c.Billing = file })
	server := httptest.NewServer(o.door)
	defer server.Close()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/p/WHOLESALE/r.csv", nil)
	require.NoError(t, err)
	response, err := server.Client().Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	assert.Equal(t, file.size, response.ContentLength)
	return io.Copy(io.Discard, response.Body)
}

func TestALargeFileTakesNoMemory(t *testing.T) {
	const size = 100 << 20
	var before, behind runtime.MemStats
	runtime.ReadMemStats(&before)
	n, err := download(t, endless{size: size})
	runtime.ReadMemStats(&behind)
	require.NoError(t, err)
	assert.Equal(t, int64(size), n)
	assert.Less(t, behind.TotalAlloc-before.TotalAlloc, uint64(size/4), "of all that was ever allocated meanwhile")
}

func TestAFileThatBreaksOffIsNoFile(t *testing.T) {
	t.Parallel()
	n, err := download(t, endless{size: 1 << 20, short: 1 << 10})
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Less(t, n, int64(1<<20))
}
