package httpcfg_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/fault"
	"dialtone/httpcfg"
	"dialtone/provisioning"
)

const (
	bootLog    = "/00562b043615-boot.log"
	overrides  = "/00562b043615-local.cfg"
	mostUpload = 1 << 20 // of the tests' doors
	mostKept   = 900_000 // by the tests' core
)

// UploadCore takes the uploads of one phone that has the password, and remembers them.
type UploadCore struct {
	OnePhoneCore
	mu     sync.Mutex
	kept   map[string]string
	asked  provisioning.Upload
	failed error // of the last body
}

func (c *UploadCore) Upload(_ context.Context, u provisioning.Upload) (provisioning.Uploaded, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = u
	switch {
	case u.Path != bootLog && u.Path != overrides:
		return provisioning.Uploaded{}, fault.New(fault.NotFound, "Nobody takes %s in db.internal.", u.Path)
	case !proves(u.Proof):
		return provisioning.Uploaded{}, fault.New(fault.Denied, "The table devices of db.internal says no.")
	}
	body, err := io.ReadAll(io.LimitReader(u.Body, mostKept+1))
	if c.failed = err; err != nil {
		return provisioning.Uploaded{}, fault.Wrap(fault.Unavailable, err, "The upload broke off")
	}
	if len(body) > mostKept {
		return provisioning.Uploaded{}, fault.New(fault.Invalid, "More than db.internal keeps.")
	}
	_, known := c.kept[u.Path]
	if c.kept == nil {
		c.kept = map[string]string{}
	}
	c.kept[u.Path] = string(body)
	return provisioning.Uploaded{Created: !known}, nil
}

// file returns what was kept, and the last upload as it was asked.
func (c *UploadCore) file(path string) (string, provisioning.Upload) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.kept[path], c.asked
}

func openForUploads(t testing.TB) (*door, *UploadCore) {
	t.Helper()
	core := &UploadCore{}
	return open(t, core, func(c *httpcfg.Config) { c.MaxUpload = mostUpload }), core
}

func TestAPhoneUploadsWithDigest(t *testing.T) {
	t.Parallel()
	d, core := openForUploads(t)
	url := urlOf("https", d.secure, bootLog)
	first := d.send(t, "PUT", url, strings.NewReader("boot"), "Content-Type", "text/plain", "User-Agent", "PolycomVVX-VVX_450-UA/6.4.6")
	require.Equal(t, 401, first.status)
	require.Len(t, first.header["Www-Authenticate"], 2)
	challenge := first.header["Www-Authenticate"][0]
	for i, c := range []struct {
		method string
		status int
	}{{"PUT", 201}, {"PUT", 200}, {"POST", 200}} {
		got := d.send(t, c.method, url, strings.NewReader(fmt.Sprint("boot ", i)), "Content-Type", "text/plain", "User-Agent", "PolycomVVX-VVX_450-UA/6.4.6",
			"Authorization", answerTo(t, challenge, c.method, bootLog, password, i+1))
		assert.Equal(t, c.status, got.status, i)
		assert.Equal(t, "0", got.header.Get("Content-Length"), i)
		assert.Empty(t, got.body)
		kept, asked := core.file(bootLog)
		assert.Equal(t, fmt.Sprint("boot ", i), kept)
		assert.Equal(t, "text/plain", asked.ContentType)
		assert.Equal(t, "PolycomVVX-VVX_450-UA/6.4.6", asked.UserAgent)
		assert.Equal(t, provisioning.HTTPS, asked.Transport)
		assert.False(t, asked.Header)
	}
	wrong := d.send(t, "PUT", url, strings.NewReader("x"), "Authorization", answerTo(t, challenge, "POST", bootLog, password, 4))
	assert.Equal(t, 401, wrong.status, "the method is part of what is signed")
}

func TestAnUploadUsesItsAnswerUp(t *testing.T) {
	t.Parallel()
	d, core := openForUploads(t)
	url := urlOf("https", d.secure, bootLog)
	header := answerTo(t, d.challenge(t), "PUT", bootLog, password, 1)
	assert.Equal(t, 201, d.send(t, "PUT", url, strings.NewReader("first"), "Authorization", header).status)
	replayed := d.send(t, "PUT", url, strings.NewReader("second"), "Authorization", header)
	assert.Equal(t, 401, replayed.status)
	assert.Contains(t, replayed.header["Www-Authenticate"][0], "stale=true")
	kept, _ := core.file(bootLog)
	assert.Equal(t, "first", kept)
}

func TestWhoMayNotUploadIsToldAsWhoMayNotFetch(t *testing.T) {
	t.Parallel()
	d, core := openForUploads(t)
	for name, c := range map[string]struct {
		method, url string
		status      int
	}{
		"nobody takes it":    {"PUT", urlOf("https", d.secure, "/00562b043615.cfg"), 404},
		"nor that":           {"POST", urlOf("http", d.plain, "/cgi-bin/x.php"), 404},
		"in the clear":       {"PUT", urlOf("http", d.plain, bootLog), 403},
		"without password":   {"POST", urlOf("https", d.secure, bootLog), 401},
		"a path that is bad": {"PUT", urlOf("https", d.secure, "/a%00b"), 400},
	} {
		for _, size := range []int{0, 10, 300_000, 2 * mostUpload} {
			got := d.send(t, c.method, c.url, strings.NewReader(strings.Repeat("x", size)))
			want := c.status
			if size > mostUpload && want != 400 {
				want = 413
			}
			assert.Equal(t, want, got.status, "%s %d", name, size)
			assert.Equal(t, "text/plain; charset=utf-8", got.header.Get("Content-Type"))
			assert.Equal(t, fmt.Sprint(len(got.body)), got.header.Get("Content-Length"))
		}
	}
	kept, _ := core.file(bootLog)
	assert.Empty(t, kept)
}

func TestAnUploadHasABound(t *testing.T) {
	t.Parallel()
	d, core := openForUploads(t)
	url := urlOf("https", d.secure, overrides)
	authorised := []string{"Authorization", basic(ownUser, password)}
	assert.Equal(t, 201, d.send(t, "PUT", url, bytes.NewReader(make([]byte, mostKept)), authorised...).status)
	kept, _ := core.file(overrides)
	assert.Len(t, kept, mostKept)
	assert.Equal(t, 413, d.send(t, "PUT", url, bytes.NewReader(make([]byte, mostKept+1)), authorised...).status, "the core's own bound")
	for _, size := range []int{mostUpload + 1, 3 * mostUpload} {
		chunked := io.MultiReader(bytes.NewReader(make([]byte, size))) // whose length net/http can't tell
		assert.Equal(t, 413, d.send(t, "PUT", url, chunked, authorised...).status)
	}
	kept, _ = core.file(overrides)
	assert.Len(t, kept, mostKept, "what was there stays")
}

func TestAPhoneThatWaitsIsToldBeforeItSends(t *testing.T) {
	t.Parallel()
	d, core := openForUploads(t)
	conn, err := tls.Dial("tcp", d.secure, &tls.Config{InsecureSkipVerify: true})
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	_, err = fmt.Fprintf(conn, "PUT %s HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\nExpect: 100-continue\r\n\r\n", bootLog)
	require.NoError(t, err)
	answer, err := io.ReadAll(conn)
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(string(answer), "HTTP/1.1 401 Unauthorized\r\n"), "%q", answer)
	assert.Contains(t, string(answer), "Connection: close\r\n")
	assert.NotContains(t, string(answer), "100 Continue")

	conn, err = tls.Dial("tcp", d.secure, &tls.Config{InsecureSkipVerify: true})
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	_, err = fmt.Fprintf(conn, "PUT %s HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\nAuthorization: %s\r\n\r\n", bootLog, basic(ownUser, password))
	require.NoError(t, err)
	reader := bufio.NewReader(conn)
	line, err := reader.ReadString('\n')
	require.NoError(t, err)
	assert.Equal(t, "HTTP/1.1 100 Continue\r\n", line)
	_, err = io.WriteString(conn, "hello")
	require.NoError(t, err)
	_, err = reader.ReadString('\n')
	require.NoError(t, err)
	got, err := http.ReadResponse(reader, nil)
	require.NoError(t, err)
	assert.Equal(t, 201, got.StatusCode)
	require.NoError(t, got.Body.Close())
	kept, _ := core.file(bootLog)
	assert.Equal(t, "hello", kept)
}

// TestAPhoneThatSendsFirstAndListensThen sends all of a large body before it reads: it must find the answer, and not a broken connection.
func TestAPhoneThatSendsFirstAndListensThen(t *testing.T) {
	t.Parallel()
	d, _ := openForUploads(t)
	for _, size := range []int{1000, 300_000, mostUpload} {
		conn, err := net.Dial("tcp", d.plain)
		require.NoError(t, err)
		require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
		reader := bufio.NewReader(conn)
		for range 2 { // and the connection goes on
			_, err = fmt.Fprintf(conn, "PUT %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", bootLog, size, strings.Repeat("x", size))
			require.NoError(t, err)
			got, err := http.ReadResponse(reader, nil)
			require.NoError(t, err, size)
			assert.Equal(t, 403, got.StatusCode)
			body, err := io.ReadAll(got.Body)
			require.NoError(t, err)
			require.NoError(t, got.Body.Close())
			assert.Equal(t, "forbidden\n", string(body))
		}
		require.NoError(t, conn.Close())
	}
}

// form makes the body of a Cisco phone's problem report.
func form(t testing.TB, file string) (body, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	require.NoError(t, w.WriteField("devicename", "SEP00562B043615"))
	require.NoError(t, w.WriteField("serialno", "FCH2133E8B9"))
	require.NoError(t, w.WriteField("username", ""))
	part, err := w.CreateFormFile("prt_file", "prt-20260101.tar.gz")
	require.NoError(t, err)
	_, err = io.WriteString(part, file)
	require.NoError(t, err)
	require.NoError(t, w.WriteField("after", "what comes after isn't read"))
	require.NoError(t, w.Close())
	return b.String(), w.FormDataContentType()
}

func TestAFormIsUnwrapped(t *testing.T) {
	t.Parallel()
	d, core := openForUploads(t)
	report := strings.Repeat("\r\n--problem report--\x00\xff", 20_000)
	body, contentType := form(t, report)
	_, boundary, _ := strings.Cut(contentType, "boundary=")
	unnamed := "--b\r\nContent-Disposition: form-data; name=prt_file\r\n\r\n" + report + "\r\n--b--\r\n"
	for name, c := range map[string]struct {
		method, contentType, body string
		status                    int
		want, told                string
	}{
		"a form":                   {"POST", contentType, body, 200, report, ""},
		"begins with a line break": {"POST", contentType, "\r\n" + body, 200, report, ""},
		"a file without a name":    {"POST", "multipart/form-data; boundary=b", unnamed, 200, report, ""},
		"PUT is never a form":      {"PUT", contentType, body, 200, body, contentType},
		"only labelled as one":     {"POST", contentType, "<xml/>", 200, "<xml/>", ""},
		"labelled as another":      {"POST", "application/x-www-form-urlencoded", "a=b&c", 200, "a=b&c", "application/x-www-form-urlencoded"},
		"no boundary":              {"POST", "multipart/form-data", body, 200, body, "multipart/form-data"},
		"no label":                 {"POST", "", "raw", 200, "raw", ""},
		"no file in it":            {"POST", "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=x\r\n\r\ny\r\n--b--\r\n", 400, "", ""},
		"cut off":                  {"POST", contentType, body[:len(body)/2], 400, "", ""},
		"cut off before the file":  {"POST", contentType, body[:len(boundary)+20], 400, "", ""},
		"broken header":            {"POST", "multipart/form-data; boundary=b", "--b\r\nnonsense\r\n\r\n", 400, "", ""},
		"a long field":             {"POST", "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=x\r\n\r\n" + strings.Repeat("y", 100_000) + "\r\n--b--\r\n", 413, "", ""},
		"many fields":              {"POST", "multipart/form-data; boundary=b", strings.Repeat("--b\r\nContent-Disposition: form-data; name=x\r\n\r\n\r\n", 20), 400, "", ""},
	} {
		core.mu.Lock()
		core.kept = map[string]string{bootLog: ""}
		core.mu.Unlock()
		header := []string{"Authorization", basic(ownUser, password)}
		if c.contentType != "" {
			header = append(header, "Content-Type", c.contentType)
		}
		got := d.send(t, c.method, urlOf("https", d.secure, bootLog), strings.NewReader(c.body), header...)
		assert.Equal(t, c.status, got.status, name)
		kept, asked := core.file(bootLog)
		assert.Equal(t, c.want, kept, name)
		assert.Equal(t, c.told, asked.ContentType, name)
	}
}

func TestAnUploadThatBreaksOffIsntKept(t *testing.T) {
	t.Parallel()
	d, core := openForUploads(t)
	conn, err := tls.Dial("tcp", d.secure, &tls.Config{InsecureSkipVerify: true})
	require.NoError(t, err)
	_, err = fmt.Fprintf(conn, "PUT %s HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\nAuthorization: %s\r\n\r\nhalf", bootLog, basic(ownUser, password))
	require.NoError(t, err)
	require.NoError(t, conn.CloseWrite())
	answer, err := io.ReadAll(conn)
	require.NoError(t, err)
	assert.Contains(t, string(answer), "400 Bad Request")
	require.NoError(t, conn.Close())
	kept, _ := core.file(bootLog)
	assert.Empty(t, kept)
	core.mu.Lock()
	defer core.mu.Unlock()
	assert.True(t, errors.Is(core.failed, io.ErrUnexpectedEOF), core.failed)
}

// FuzzUpload sends any form: the answer is whole, and what is kept is never more than was sent.
func FuzzUpload(f *testing.F) {
	body, contentType := form(f, "report")
	f.Add("POST", contentType, body)
	f.Add("PUT", "text/plain", "boot")
	f.Add("POST", "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; filename=\"\r\n\r\n--b--")
	d, core := openForUploads(f)
	f.Fuzz(func(t *testing.T, method, contentType, body string) {
		if method != "POST" && method != "PUT" || strings.ContainsAny(contentType, "\r\n\x00") {
			return
		}
		core.mu.Lock()
		core.kept = map[string]string{bootLog: ""}
		core.mu.Unlock()
		answer := raw(t, d.plain, fmt.Sprintf("%s %s HTTP/1.0\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", method, bootLog, contentType, len(body), body))
		require.Regexp(t, `^HTTP/1\.[01] (403|400) `, answer)
		r, err := http.NewRequestWithContext(t.Context(), method, urlOf("https", d.secure, bootLog), strings.NewReader(body))
		require.NoError(t, err)
		r.Header["Content-Type"] = []string{strings.ToValidUTF8(strings.Map(printable, contentType), "")}
		r.Header.Set("Authorization", basic(ownUser, password))
		got, err := d.client.Do(r)
		require.NoError(t, err)
		require.NoError(t, got.Body.Close())
		require.Contains(t, []int{200, 400, 413}, got.StatusCode)
		kept, _ := core.file(bootLog)
		require.LessOrEqual(t, len(kept), len(body))
		if method == "PUT" {
			require.Equal(t, body, kept)
		}
	})
}

func printable(r rune) rune {
	if r < ' ' || r > '~' {
		return -1
	}
	return r
}
