package httpcfg_test

import (
	"crypto/md5"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	icholy "github.com/icholy/digest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/httpcfg"
)

func basic(userName, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(userName+":"+password))
}

// answerTo answers a digest challenge as an independent library does.
func answerTo(t testing.TB, challenge, method, uri, password string, count int) string {
	t.Helper()
	c, err := icholy.ParseChallenge(challenge)
	require.NoError(t, err)
	a, err := icholy.Digest(c, icholy.Options{Method: method, URI: uri, Username: ownUser, Password: password, Count: count})
	require.NoError(t, err)
	return a.String()
}

func (d *door) challenge(t testing.TB) string {
	t.Helper()
	got := d.get(t, urlOf("https", d.secure, ownPath))
	require.Equal(t, 401, got.status)
	challenges := got.header["Www-Authenticate"]
	require.Len(t, challenges, 2)
	return challenges[0]
}

func TestAChallengeAsksForDigestThenBasic(t *testing.T) {
	t.Parallel()
	d := open(t, &OnePhoneCore{})
	answer := d.get(t, urlOf("https", d.secure, ownPath))
	challenges := answer.header["Www-Authenticate"]
	require.Len(t, challenges, 2)
	assert.Regexp(t, `^Digest realm="dialtone", ?nonce="[^"]+", ?algorithm=MD5, ?qop="auth"$`, challenges[0])
	assert.Equal(t, `Basic realm="dialtone"`, challenges[1])
	assert.Equal(t, "unauthorised\n", answer.body)
	assert.Empty(t, answer.header.Get("ETag"))
}

func TestCredentialsOpenAPhonesOwnFile(t *testing.T) {
	t.Parallel()
	d := open(t, &OnePhoneCore{})
	url := urlOf("https", d.secure, ownPath)
	got := d.get(t, url, "Authorization", basic(ownUser, password))
	assert.Equal(t, 200, got.status)
	assert.Equal(t, ownBody, got.body)

	challenge := d.challenge(t)
	for count := 1; count <= 3; count++ { // one nonce does for a whole boot
		got = d.get(t, url, "Authorization", answerTo(t, challenge, "GET", ownPath, password, count))
		assert.Equal(t, 200, got.status, count)
	}
	head := answerTo(t, challenge, "HEAD", ownPath, password, 4)
	assert.Equal(t, 200, d.do(t, http.MethodHead, url, "Authorization", head).status)
	got = d.get(t, url, "Authorization", answerTo(t, challenge, "GET", ownPath, password, 5), "If-None-Match", ownETag)
	assert.Equal(t, 304, got.status, "the tag alone opens nothing, with credentials it saves the download")
	assert.Equal(t, 401, d.get(t, url, "If-None-Match", ownETag).status)
	assert.Equal(t, 401, d.get(t, url, "If-None-Match", "*").status)
}

// nonce is what differs between any two challenges.
var nonce = regexp.MustCompile(`nonce="[^"]+"`)

// TestAProberLearnsNothing compares every refusal with the first.
func TestAProberLearnsNothing(t *testing.T) {
	t.Parallel()
	d := open(t, &OnePhoneCore{})
	url := urlOf("https", d.secure, ownPath)
	stranger := "/SEP00562B0436FF.cnf.xml"
	plain := func(path string, header ...string) string {
		got := d.get(t, urlOf("https", d.secure, path), header...)
		got.header.Del("Date")
		for i, value := range got.header["Www-Authenticate"] {
			got.header["Www-Authenticate"][i] = nonce.ReplaceAllString(value, `nonce="-"`)
		}
		return fmt.Sprint(got.status, got.header, got.body)
	}
	want := plain(ownPath)
	challenge := d.challenge(t)
	for name, got := range map[string]string{
		"unknown phone":           plain(stranger),
		"wrong password":          plain(ownPath, "Authorization", basic(ownUser, "wrong")),
		"wrong user":              plain(ownPath, "Authorization", basic("somebody", password)),
		"unknown with password":   plain(stranger, "Authorization", basic(ownUser, password)),
		"wrong digest":            plain(ownPath, "Authorization", answerTo(t, challenge, "GET", ownPath, "wrong", 1)),
		"another path's digest":   plain(ownPath, "Authorization", answerTo(t, challenge, "GET", stranger, password, 1)),
		"another method's digest": plain(ownPath, "Authorization", answerTo(t, challenge, "HEAD", ownPath, password, 1)),
		"forged nonce":            plain(ownPath, "Authorization", answerTo(t, `Digest realm="dialtone", nonce="bm9uc2Vuc2U", algorithm=MD5, qop="auth"`, "GET", ownPath, password, 1)),
		"nonsense":                plain(ownPath, "Authorization", "Digest nonsense"),
		"empty":                   plain(ownPath, "Authorization", ""),
		"bearer":                  plain(ownPath, "Authorization", "Bearer "+password),
		"broken base64":           plain(ownPath, "Authorization", "Basic %%%"),
		"two headers":             plain(ownPath, "Authorization", basic(ownUser, password), "Authorization", basic(ownUser, password)),
	} {
		assert.Equal(t, want, got, name)
	}
	assert.Equal(t, 200, d.get(t, url, "Authorization", answerTo(t, challenge, "GET", ownPath, password, 1)).status,
		"what others tried with the nonce doesn't use it up")
}

func TestAnAnswerCountsOnceAndForATime(t *testing.T) {
	t.Parallel()
	d := open(t, &OnePhoneCore{})
	url := urlOf("https", d.secure, ownPath)
	challenge := d.challenge(t)
	first := answerTo(t, challenge, "GET", ownPath, password, 1)
	assert.Equal(t, 200, d.get(t, url, "Authorization", first).status)
	replayed := d.get(t, url, "Authorization", first)
	assert.Equal(t, 401, replayed.status)
	assert.Contains(t, replayed.header["Www-Authenticate"][0], "stale=true", "a phone that lost the answer tries again without a person")

	fresh := d.challenge(t)
	d.clock.advance(5*time.Minute + time.Second)
	old := d.get(t, url, "Authorization", answerTo(t, fresh, "GET", ownPath, password, 1))
	assert.Equal(t, 401, old.status)
	assert.Contains(t, old.header["Www-Authenticate"][0], "stale=true")
	assert.Equal(t, 200, d.get(t, url, "Authorization", answerTo(t, old.header["Www-Authenticate"][0], "GET", ownPath, password, 1)).status)
}

func TestAFileForEverybodyUsesNoAnswerUp(t *testing.T) {
	t.Parallel()
	d := open(t, &OnePhoneCore{})
	challenge := d.challenge(t)
	header := answerTo(t, challenge, "GET", "/bootstrap.xml", password, 1)
	for range 2 {
		assert.Equal(t, 200, d.get(t, urlOf("https", d.secure, "/bootstrap.xml"), "Authorization", header).status)
	}
}

func TestCredentialsInTheClearArentRead(t *testing.T) {
	t.Parallel()
	core := &OnePhoneCore{}
	d := open(t, core)
	got := d.get(t, urlOf("http", d.plain, ownPath), "Authorization", basic(ownUser, password))
	assert.Equal(t, 403, got.status)
	asked, _ := core.last()
	assert.Nil(t, asked.Proof.Basic)
	assert.Nil(t, asked.Proof.Digest)
}

func TestTheQueryIsPartOfWhatIsSigned(t *testing.T) {
	t.Parallel()
	d := open(t, &OnePhoneCore{})
	challenge := d.challenge(t)
	url := urlOf("https", d.secure, ownPath+"?x=%20y")
	assert.Equal(t, 401, d.get(t, url, "Authorization", answerTo(t, challenge, "GET", ownPath, password, 1)).status)
	assert.Equal(t, 200, d.get(t, url, "Authorization", answerTo(t, challenge, "GET", ownPath+"?x=%20y", password, 1)).status)
}

// answerBy answers a digest challenge by the formulas of RFC 7616 and RFC 2069, with every part as a test likes it.
func answerBy(hash func(string) string, nonce, qop, nc, cnonce, extra string) string {
	ha1, ha2 := hash(ownUser+":dialtone:"+password), hash("GET:"+ownPath)
	middle := ""
	if qop != "" {
		middle = nc + ":" + cnonce + ":" + qop + ":"
		extra += `, qop=` + qop + `, nc=` + nc + `, cnonce="` + cnonce + `"`
	}
	return `Digest username="` + ownUser + `", realm="dialtone", nonce="` + nonce + `", uri="` + ownPath + `", response="` + hash(ha1+":"+nonce+":"+middle+ha2) + `"` + extra
}

func md5Hex(s string) string { return fmt.Sprintf("%x", md5.Sum([]byte(s))) }

func sha256Hex(s string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(s))) }

func TestAnswersAsPhonesSpellThem(t *testing.T) {
	t.Parallel()
	d := open(t, &OnePhoneCore{})
	url := urlOf("https", d.secure, ownPath)
	fresh := func() string {
		return strings.Trim(strings.TrimPrefix(nonce.FindString(d.challenge(t)), "nonce="), `"`)
	}
	for name, c := range map[string]struct {
		header string
		status int
	}{
		"MD5":                    {answerBy(md5Hex, fresh(), "auth", "00000001", "c", ""), 200},
		"MD5 by name":            {answerBy(md5Hex, fresh(), "auth", "00000001", "c", `, algorithm="md5"`), 200},
		"SHA-256":                {answerBy(sha256Hex, fresh(), "auth", "00000001", "c", `, algorithm=SHA-256`), 200},
		"without a qop":          {answerBy(md5Hex, fresh(), "", "", "", ""), 200},
		"quoted commas":          {answerBy(md5Hex, fresh(), "auth", "00000001", "a,b=c", `, opaque="x, nonce=y", junk=","`), 200},
		"escapes":                {answerBy(md5Hex, fresh(), "auth", "00000001", "c", `, opaque="a\"b\\"`), 200},
		"spaces and empty parts": {strings.ReplaceAll(answerBy(md5Hex, fresh(), "auth", "00000001", "c", ""), ", ", " ,, \t"), 200},
		"scheme in lower case":   {strings.Replace(answerBy(md5Hex, fresh(), "auth", "00000001", "c", ""), "Digest", "digest", 1), 200},
		"an open quote":          {answerBy(md5Hex, fresh(), "auth", "00000001", "c", `, opaque="a`), 401},
		"a name twice":           {answerBy(md5Hex, fresh(), "auth", "00000001", "c", `, realm="dialtone"`), 401},
		"auth-int":               {answerBy(md5Hex, fresh(), "auth-int", "00000001", "c", ""), 401},
		"MD5-sess":               {answerBy(md5Hex, fresh(), "auth", "00000001", "c", ", algorithm=MD5-sess"), 401},
		"count of nothing":       {answerBy(md5Hex, fresh(), "auth", "00000000", "c", ""), 401},
		"count that is short":    {answerBy(md5Hex, fresh(), "auth", "1", "c", ""), 401},
		"first count is two":     {answerBy(md5Hex, fresh(), "auth", "00000002", "c", ""), 401},
	} {
		assert.Equal(t, c.status, d.get(t, url, "Authorization", c.header).status, name)
	}
	once := answerBy(md5Hex, fresh(), "", "", "", "")
	assert.Equal(t, 200, d.get(t, url, "Authorization", once).status)
	again := d.get(t, url, "Authorization", once)
	assert.Equal(t, 401, again.status, "without a count a nonce is for one file")
	assert.Contains(t, again.header["Www-Authenticate"][0], "stale=true")

	counted := fresh()
	for _, step := range []struct {
		nc     string
		status int
	}{{"00000001", 200}, {"00000005", 200}, {"00000003", 401}, {"00000005", 401}, {"0000000a", 200}} {
		assert.Equal(t, step.status, d.get(t, url, "Authorization", answerBy(md5Hex, counted, "auth", step.nc, "c"+step.nc, "")).status, step.nc)
	}
}

// TestNoAnswerIsAPage asks for everything that can go wrong: a phone may take a page for its configuration.
func TestNoAnswerIsAPage(t *testing.T) {
	t.Parallel()
	d := open(t, &OnePhoneCore{})
	for _, request := range []string{
		"GET /nothing", "GET " + ownPath, "GET /%zz", "GET /" + strings.Repeat("x", 600), "GET nothing", "DELETE /x", "OPTIONS *", "PUT /index.html", "POST /login", "GET /", "GET /login",
	} {
		for _, address := range []string{d.plain, d.secure} {
			var answer string
			if address == d.plain {
				answer = raw(t, address, request+" HTTP/1.0\r\n\r\n")
			} else {
				conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true})
				require.NoError(t, err)
				_, err = io.WriteString(conn, request+" HTTP/1.0\r\n\r\n")
				require.NoError(t, err)
				all, err := io.ReadAll(conn)
				require.NoError(t, err)
				require.NoError(t, conn.Close())
				answer = string(all)
			}
			head, body, _ := strings.Cut(answer, "\r\n\r\n")
			assert.Contains(t, head, "Content-Type: text/plain; charset=utf-8", request)
			assert.NotContains(t, answer, "<", request)
			assert.NotContains(t, head, "Location", request)
			assert.LessOrEqual(t, len(body), 40, request)
		}
	}
}

// FuzzRequest sends any path and credentials: whatever comes, the answer is whole, and only the right credentials open the file.
func FuzzRequest(f *testing.F) {
	f.Add(ownPath, basic(ownUser, password))
	f.Add(ownPath, `Digest username="x", realm="dialtone", nonce="x", uri="/", response="00000000000000000000000000000000"`)
	f.Add("//%2e%2e/\x00", "Digest ,,,=\"\\")
	f.Add("/a?b#c", "Basic Og==")
	d := open(f, &OnePhoneCore{}, behind(httpcfg.NoCertificateHeader))
	f.Fuzz(func(t *testing.T, path, authorization string) {
		if strings.ContainsAny(path+authorization, "\r\n") || strings.ContainsAny(path, " ") || len(path)+len(authorization) > fuzzedBytes {
			return // that is another request, as net/http reads it
		}
		for _, scheme := range []string{"http", "https"} {
			answer := raw(t, d.plain, "GET "+path+" HTTP/1.0\r\nX-Forwarded-Proto: "+scheme+"\r\nAuthorization: "+authorization+"\r\n\r\n")
			require.Regexp(t, `^HTTP/1\.[01] (200|40[01345]|431|501|505) `, answer)
			if scheme == "http" || !strings.Contains(authorization, strings.TrimPrefix(basic(ownUser, password), "Basic ")) {
				require.NotContains(t, answer, ownBody)
			}
		}
	})
}
