package httpcfg_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/fault"
	"dialtone/provisioning"
)

func TestAFileComesWithItsLengthTypeAndTag(t *testing.T) {
	t.Parallel()
	core := &OnePhoneCore{}
	d := open(t, core)
	got := d.get(t, urlOf("http", d.plain, "/bootstrap.xml?serial=1"), "User-Agent", "Cisco-CP-8851-3PCC/12.0.5 (00562B043615)")
	assert.Equal(t, 200, got.status)
	assert.Equal(t, "<bootstrap/>", got.body)
	assert.Equal(t, "text/xml; charset=utf-8", got.header.Get("Content-Type"))
	assert.Equal(t, "12", got.header.Get("Content-Length"))
	assert.Equal(t, `"b1"`, got.header.Get("ETag"))
	assert.Equal(t, "private, no-cache", got.header.Get("Cache-Control"))
	assert.Equal(t, "nosniff", got.header.Get("X-Content-Type-Options"))

	asked, times := core.last()
	assert.Equal(t, 1, times)
	assert.Equal(t, "/bootstrap.xml", asked.Path, "the query is none of the path")
	assert.Equal(t, "Cisco-CP-8851-3PCC/12.0.5 (00562B043615)", asked.UserAgent)
	assert.Equal(t, provisioning.HTTP, asked.Transport)
	assert.Equal(t, peer("127.0.0.1:1"), asked.Peer.Addr())
	assert.NotZero(t, asked.Peer.Port())
}

func TestHeadTellsWhatGetWould(t *testing.T) {
	t.Parallel()
	d := open(t, &OnePhoneCore{})
	got, head := d.get(t, urlOf("http", d.plain, "/bootstrap.xml")), d.do(t, http.MethodHead, urlOf("http", d.plain, "/bootstrap.xml"))
	assert.Empty(t, head.body)
	got.header.Del("Date")
	head.header.Del("Date")
	assert.Equal(t, got.header, head.header)
	assert.Equal(t, got.status, head.status)
	missing := d.do(t, http.MethodHead, urlOf("http", d.plain, "/nothing"))
	assert.Equal(t, 404, missing.status)
	assert.Equal(t, "10", missing.header.Get("Content-Length"))
}

func TestAPhoneThatHasTheFileIsToldSo(t *testing.T) {
	t.Parallel()
	d := open(t, &OnePhoneCore{})
	for tags, want := range map[string]int{
		`"b1"`: 304, `W/"b1"`: 304, `"x", "b1"`: 304, `"x",W/"b1" , "y"`: 304, `*`: 304, ` * `: 304,
		`"b2"`: 200, `b1`: 200, `"b1`: 200, ``: 200, `,,,`: 200, `"x" nonsense "b1"`: 200, `"B1"`: 200,
	} {
		got := d.get(t, urlOf("http", d.plain, "/bootstrap.xml"), "If-None-Match", tags)
		assert.Equal(t, want, got.status, tags)
		assert.Equal(t, `"b1"`, got.header.Get("ETag"), tags)
		assert.Equal(t, want == 304, got.body == "", tags)
	}
	got := d.get(t, urlOf("http", d.plain, "/bootstrap.xml"), "If-None-Match", `"x"`, "If-None-Match", `"b1"`)
	assert.Equal(t, 304, got.status, "a header may come in parts")
	assert.Empty(t, got.header.Get("Content-Type"))
	assert.Empty(t, got.header.Get("Content-Length"))
}

func TestRefusalsTellNothingOfUs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err        error
		status     int
		body       string
		retryAfter string
	}{
		"invalid":       {fault.New(fault.Invalid, "column path of db.internal"), 400, "bad request\n", ""},
		"not found":     {fault.New(fault.NotFound, "no row in db.internal"), 404, "not found\n", ""},
		"denied":        {fault.New(fault.Denied, "the rule of db.internal"), 403, "forbidden\n", ""},
		"limited":       {&fault.Error{Kind: fault.Limited, Message: "the counter of db.internal", RetryAfter: 90 * time.Second}, 503, "try again later\n", "90"},
		"a day":         {&fault.Error{Kind: fault.Limited, Message: "the counter of db.internal", RetryAfter: 24 * time.Hour}, 503, "try again later\n", "3600"},
		"half a second": {&fault.Error{Kind: fault.Limited, Message: "the counter of db.internal", RetryAfter: time.Second / 2}, 503, "try again later\n", "1"},
		"unavailable":   {fault.New(fault.Unavailable, "db.internal is away"), 503, "try again later\n", ""},
		"internal":      {fault.New(fault.Internal, "db.internal has a bug"), 503, "try again later\n", ""},
		"unclassified":  {errors.New("db.internal: no such table"), 503, "try again later\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t, RefusingCore{err: c.err})
			got := d.get(t, urlOf("http", d.plain, "/x"), "User-Agent", "curl/8.5.0")
			assert.Equal(t, c.status, got.status)
			assert.Equal(t, c.body, got.body)
			assert.Equal(t, c.retryAfter, got.header.Get("Retry-After"))
			phone := d.get(t, urlOf("http", d.plain, "/x"), "User-Agent", "Yealink SIP-T54W 96.86.0.70 80:5e:c0:aa:bb:cc")
			assert.Equal(t, c.status, phone.status)
			assert.Empty(t, phone.header.Get("Retry-After"), "nobody knows what these phones make of it")
			assert.Empty(t, got.header.Get("WWW-Authenticate"), "credentials are never asked for in the clear")
			assert.Empty(t, got.header.Get("ETag"))
			require.NoError(t, d.stop())
			assert.Equal(t, c.status >= 500 && !fault.Is(c.err, fault.Limited), strings.Contains(d.log.String(), `"level":"WARN"`), "an operator sees what was our own failure, and that only")
			assert.Contains(t, d.log.String(), "db.internal", "the cause is in the log")
		})
	}
}

func TestOtherMethodsAreRefused(t *testing.T) {
	t.Parallel()
	core := &OnePhoneCore{}
	d := open(t, core)
	for _, method := range []string{"DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"} {
		got := d.do(t, method, urlOf("https", d.secure, "/bootstrap.xml"))
		assert.Equal(t, 405, got.status, method)
		assert.Equal(t, "GET, HEAD, PUT, POST", got.header.Get("Allow"), method)
		assert.Equal(t, "only GET, HEAD, PUT and POST\n", got.body, method)
	}
	_, times := core.last()
	assert.Zero(t, times)
}

func TestAPanicIsLaterForOneAndNothingForTheOthers(t *testing.T) {
	t.Parallel()
	d := open(t, PanickingCore{})
	got := d.get(t, urlOf("http", d.plain, "/bad"))
	assert.Equal(t, 503, got.status)
	assert.Equal(t, "try again later\n", got.body)
	assert.Empty(t, got.header.Get("Retry-After"))
	assert.Equal(t, 200, d.get(t, urlOf("http", d.plain, "/good")).status)
	assert.Contains(t, d.log.String(), "a request made the server panic")
	assert.Contains(t, d.log.String(), "PanickingCore", "with where it happened")
}

func TestTheLogHoldsNoSecretAndNoStrangersBytes(t *testing.T) {
	t.Parallel()
	d := open(t, &OnePhoneCore{})
	d.get(t, urlOf("https", d.secure, ownPath+"?token="+password), "Authorization", basic(ownUser, password))
	d.get(t, urlOf("https", d.secure, "/%1b%5b31m%0aforged"))
	d.get(t, urlOf("https", d.secure, "/"+strings.Repeat("x", 400)))
	require.NoError(t, d.stop())
	log := d.log.String()
	assert.NotContains(t, log, password)
	assert.NotContains(t, log, "Basic ")
	assert.Contains(t, log, `/\\x1b[31m\\nforged`)
	assert.NotContains(t, log, strings.Repeat("x", 161), "a line stays readable")
}

func TestActivationCodesStayOutOfTheLogAndHeadersUseNoneUp(t *testing.T) {
	t.Parallel()
	core := &OnePhoneCore{}
	d := open(t, core)
	for _, scheme := range []string{"https", "http"} {
		for _, path := range []string{"/5414011256173816", "/5414-0112-5617-3816", "/5414%200112%205617%203816/00562b043615", "/541401125617381", "/x/54140112561738160/y.xml"} {
			address := map[string]string{"https": d.secure, "http": d.plain}[scheme]
			d.get(t, urlOf(scheme, address, path))
			asked, _ := core.last()
			assert.False(t, asked.Header)
			d.do(t, http.MethodHead, urlOf(scheme, address, path))
			asked, _ = core.last()
			assert.True(t, asked.Header, "only the header is asked for")
		}
	}
	require.NoError(t, d.stop())
	assert.Equal(t, 20, strings.Count(d.log.String(), "phone asked over"))
	for _, part := range []string{"541401125617381", "5414-0112", "5414 0112", "3816"} {
		assert.NotContains(t, d.log.String(), part)
	}
	assert.Contains(t, d.log.String(), `"path":"/********/00562b043615"`)
}
