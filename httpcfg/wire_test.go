package httpcfg_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// statusLine returns the first line of an answer.
func statusLine(answer string) string {
	line, _, _ := strings.Cut(answer, "\r\n")
	return line
}

// TestOldPhonesSpellings sends what phones send and what libraries for clients would tidy up.
func TestOldPhonesSpellings(t *testing.T) {
	t.Parallel()
	core := &OnePhoneCore{}
	d := open(t, core)
	for name, c := range map[string]struct{ request, line, path string }{
		"HTTP/1.0":         {"GET /bootstrap.xml HTTP/1.0\r\n\r\n", "HTTP/1.0 200 OK", "/bootstrap.xml"},
		"no user agent":    {"GET /bootstrap.xml HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 OK", "/bootstrap.xml"},
		"double slash":     {"GET //SEP HTTP/1.0\r\n\r\n", "HTTP/1.0 404 Not Found", "//SEP"},
		"empty segments":   {"GET /a//b/ HTTP/1.0\r\n\r\n", "HTTP/1.0 404 Not Found", "/a//b/"},
		"dots":             {"GET /../../etc/passwd HTTP/1.0\r\n\r\n", "HTTP/1.0 404 Not Found", "/../../etc/passwd"},
		"escaped dots":     {"GET /%2e%2e/x HTTP/1.0\r\n\r\n", "HTTP/1.0 404 Not Found", "/../x"},
		"escaped twice":    {"GET /%252e%252e/x HTTP/1.0\r\n\r\n", "HTTP/1.0 404 Not Found", "/%2e%2e/x"},
		"escaped slash":    {"GET /a%2fb HTTP/1.0\r\n\r\n", "HTTP/1.0 404 Not Found", "/a/b"},
		"absolute":         {"GET http://else.example/bootstrap.xml HTTP/1.1\r\nHost: else.example\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 OK", "/bootstrap.xml"},
		"lower-case names": {"GET /bootstrap.xml HTTP/1.1\r\nhost: x\r\nconnection: close\r\nif-none-match: \"b1\"\r\n\r\n", "HTTP/1.1 304 Not Modified", "/bootstrap.xml"},
		"semicolon":        {"GET /a;b=c HTTP/1.0\r\n\r\n", "HTTP/1.0 404 Not Found", "/a;b=c"},
	} {
		answer := raw(t, d.plain, c.request)
		assert.Equal(t, c.line, statusLine(answer), name)
		assert.NotContains(t, answer, "Location:", name)
		asked, _ := core.last()
		assert.Equal(t, c.path, asked.Path, name)
	}
}

func TestWhatIsNoRequestIsRefusedAndNeverAsked(t *testing.T) {
	t.Parallel()
	core := &OnePhoneCore{}
	d := open(t, core)
	for name, c := range map[string]struct{ request, line string }{
		"broken escape":     {"GET /%zz HTTP/1.0\r\n\r\n", "HTTP/1.1 400 Bad Request"},
		"cut escape":        {"GET /% HTTP/1.0\r\n\r\n", "HTTP/1.1 400 Bad Request"},
		"NUL":               {"GET /a%00b HTTP/1.0\r\n\r\n", "HTTP/1.0 400 Bad Request"},
		"no slash":          {"GET SEP.xml HTTP/1.0\r\n\r\n", "HTTP/1.1 400 Bad Request"},
		"star":              {"GET * HTTP/1.0\r\n\r\n", "HTTP/1.0 400 Bad Request"},
		"options of all":    {"OPTIONS * HTTP/1.0\r\n\r\n", "HTTP/1.0 405 Method Not Allowed"},
		"connect":           {"CONNECT else.example:443 HTTP/1.1\r\nHost: else.example\r\nConnection: close\r\n\r\n", "HTTP/1.1 405 Method Not Allowed"},
		"long path":         {"GET /" + strings.Repeat("x", 600) + " HTTP/1.0\r\n\r\n", "HTTP/1.0 400 Bad Request"},
		"long header":       {"GET / HTTP/1.0\r\nX: " + strings.Repeat("x", 40_000) + "\r\n\r\n", "HTTP/1.1 431 Request Header Fields Too Large"},
		"no host in 1.1":    {"GET /x HTTP/1.1\r\n\r\n", "HTTP/1.1 400 Bad Request: missing required Host header"},
		"TLS in the clear":  {"\x16\x03\x01\x00\x05hello\r\n\r\n", "HTTP/1.1 400 Bad Request"},
		"another protocol":  {"REGISTER sip:x SIP/2.0\r\n\r\n", "HTTP/1.1 400 Bad Request"},
		"HTTP/2 with prior": {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/1.1 405 Method Not Allowed"},
	} {
		answer := raw(t, d.plain, c.request)
		assert.Equal(t, c.line, statusLine(answer), name)
	}
	_, times := core.last()
	assert.Zero(t, times)
}

func TestAConnectionServesAWholeBoot(t *testing.T) {
	t.Parallel()
	d := open(t, &OnePhoneCore{})
	answer := raw(t, d.plain, "GET /bootstrap.xml HTTP/1.1\r\nHost: x\r\n\r\nGET /nothing HTTP/1.1\r\nHost: x\r\n\r\nHEAD /bootstrap.xml HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	assert.Equal(t, 2, strings.Count(answer, "HTTP/1.1 200 OK\r\n"))
	assert.Equal(t, 1, strings.Count(answer, "HTTP/1.1 404 Not Found\r\n"))
	assert.Equal(t, 1, strings.Count(answer, "<bootstrap/>"))
	assert.NotContains(t, answer, "chunked")
}

func TestALongUserAgentIsCut(t *testing.T) {
	t.Parallel()
	core := &OnePhoneCore{}
	d := open(t, core)
	d.get(t, urlOf("http", d.plain, "/bootstrap.xml"), "User-Agent", strings.Repeat("u", 4000))
	asked, _ := core.last()
	assert.Len(t, asked.UserAgent, 512)
}
