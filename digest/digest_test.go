package digest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/digest"
	"dialtone/secret"
)

// The answers of RFC 7616 section 3.9.1 and of RFC 2617 section 3.5, as printed there.
const (
	rfc7616MD5 = `Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", algorithm=MD5, ` +
		`nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001, cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", ` +
		`qop=auth, response="8ca523f5e9506fed4657c9700eebdbec", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`
	rfc7616SHA256 = `Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", algorithm=SHA-256, ` +
		`nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001, cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", ` +
		`qop=auth, response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`
	rfc2617 = `Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", uri="/dir/index.html", ` +
		`qop=auth, nc=00000001, cnonce="0a4f113b", response="6629fae49393a05397450978507c4ef1", opaque="5ccc069c403ebaf9f0171e9517f40e41"`
)

func TestTheAnswersOfTheRFCsMatch(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, header, realm, password string
		algorithm                     digest.Algorithm
	}{
		{"RFC 7616 MD5", rfc7616MD5, "http-auth@example.org", "Circle of Life", digest.MD5},
		{"RFC 7616 SHA-256", rfc7616SHA256, "http-auth@example.org", "Circle of Life", digest.SHA256},
		{"RFC 2617", rfc2617, "testrealm@host.com", "Circle Of Life", digest.MD5},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			a, err := digest.ParseAnswer(tc.header)
			require.NoError(t, err)
			assert.Equal(t, tc.algorithm, a.Algorithm)
			assert.Equal(t, uint32(1), a.NC)
			ha1 := digest.HA1(a.Algorithm, "Mufasa", tc.realm, secret.New(tc.password))
			assert.True(t, a.Matches(ha1, "GET"))

			assert.False(t, a.Matches(ha1, "POST"), "another method")
			assert.False(t, a.Matches(digest.HA1(a.Algorithm, "Mufasa", tc.realm, secret.New("circle of life")), "GET"), "another password")
			upper := a
			upper.Response = strings.ToUpper(a.Response)
			assert.True(t, upper.Matches(ha1, "GET"), "hex in upper case")
			for name, change := range map[string]func(*digest.Answer){
				"uri":      func(a *digest.Answer) { a.URI += "x" },
				"nonce":    func(a *digest.Answer) { a.Nonce += "x" },
				"cnonce":   func(a *digest.Answer) { a.CNonce += "x" },
				"count":    func(a *digest.Answer) { a.NCText = "00000002" },
				"no qop":   func(a *digest.Answer) { a.QOP = "" },
				"auth-int": func(a *digest.Answer) { a.QOP = "auth-int" },
				"response": func(a *digest.Answer) { a.Response = a.Response[1:] },
				"none":     func(a *digest.Answer) { a.Response = "" },
			} {
				changed := a
				change(&changed)
				assert.False(t, changed.Matches(ha1, "GET"), name)
			}
		})
	}
}

func TestHA1OfTheRFCs(t *testing.T) {
	t.Parallel()
	// H("Mufasa:testrealm@host.com:Circle Of Life"), as RFC 2617 section 3.5 works it out.
	assert.Equal(t, "939e7578ed9e3c518a452acee763bce9", digest.HA1(digest.MD5, "Mufasa", "testrealm@host.com", secret.New("Circle Of Life")))
	assert.Len(t, digest.HA1(digest.SHA256, "Mufasa", "testrealm@host.com", secret.New("Circle Of Life")), 64)
}

func TestAnAnswerWithoutQOPNeverMatches(t *testing.T) {
	t.Parallel()
	// RFC 2069's example, with the response that its errata give.
	a, err := digest.ParseAnswer(`Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", ` +
		`uri="/dir/index.html", response="1949323746fe6a43ef61f9606e7febea"`)
	require.NoError(t, err)
	assert.Empty(t, a.QOP)
	assert.False(t, a.Matches(digest.HA1(digest.MD5, "Mufasa", "testrealm@host.com", secret.New("CircleOfLife")), "GET"))
}

func TestParseAnswerTakesWhatClientsSend(t *testing.T) {
	t.Parallel()
	const usual = `username="u",realm="r",nonce="n",uri="sip:r",response="x"`
	for _, tc := range []struct {
		name, header string
		want         digest.Answer
	}{
		{"quoted qop, nc and algorithm", `Digest ` + usual + `,qop="auth",nc="0000000a",cnonce="c",algorithm="md5"`,
			digest.Answer{UserName: "u", Realm: "r", Nonce: "n", URI: "sip:r", Response: "x", Algorithm: "MD5", CNonce: "c", QOP: "auth", NC: 10, NCText: "0000000a"}},
		{"commas and escapes inside quotes", `Digest username="a\"b,c\\",realm="r, s",nonce="n",uri="sip:r",response="x"`,
			digest.Answer{UserName: `a"b,c\`, Realm: "r, s", Nonce: "n", URI: "sip:r", Response: "x", Algorithm: "MD5"}},
		{"odd white space and case", "  digest\t " + `USERNAME = "u" , , Realm="r",nonce=n,uri=sip:r@s,response=x,algorithm=sha-256 `,
			digest.Answer{UserName: "u", Realm: "r", Nonce: "n", URI: "sip:r@s", Response: "x", Algorithm: "SHA-256"}},
		{"unknown parameters", `Digest ` + usual + `,auts="y",opaque="o"`,
			digest.Answer{UserName: "u", Realm: "r", Nonce: "n", URI: "sip:r", Response: "x", Algorithm: "MD5", Opaque: "o"}},
		{"UTF-8", `Digest username="Zoë",realm="r",nonce="n",uri="sip:r",response="x"`,
			digest.Answer{UserName: "Zoë", Realm: "r", Nonce: "n", URI: "sip:r", Response: "x", Algorithm: "MD5"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := digest.ParseAnswer(tc.header)
			require.NoError(t, err)
			assert.Equal(t, tc.want, got)
		})
	}
}

func TestParseAnswerRefuses(t *testing.T) {
	t.Parallel()
	const usual = `Digest username="u",realm="r",nonce="n",uri="sip:r",response="x"`
	for name, header := range map[string]string{
		"nothing":               ``,
		"scheme alone":          `Digest`,
		"basic":                 `Basic dTpw`,
		"no user name":          `Digest realm="r",nonce="n",uri="sip:r",response="x"`,
		"empty user name":       `Digest username="",realm="r",nonce="n",uri="sip:r",response="x"`,
		"no realm":              `Digest username="u",nonce="n",uri="sip:r",response="x"`,
		"no nonce":              `Digest username="u",realm="r",uri="sip:r",response="x"`,
		"no uri":                `Digest username="u",realm="r",nonce="n",response="x"`,
		"no response":           `Digest username="u",realm="r",nonce="n",uri="sip:r"`,
		"twice":                 usual + `,username="v"`,
		"twice in another case": usual + `,USERNAME="v"`,
		"unknown one twice":     usual + `,a=b,a=b`,
		"open quote":            usual + `,opaque="o`,
		"open escape":           usual + `,opaque="o\`,
		"line break":            usual + ",opaque=\"o\r\nVia: x\"",
		"escaped line break":    usual + ",opaque=\"o\\\n\"",
		"no comma":              `Digest username="u"realm="r",nonce="n",uri="sip:r",response="x"`,
		"no value":              usual + `,opaque`,
		"empty value":           usual + `,opaque=`,
		"no name":               usual + `,="o"`,
		"other algorithm":       usual + `,algorithm=MD5-sess`,
		"empty algorithm":       usual + `,algorithm=""`,
		"qop without cnonce":    usual + `,qop=auth,nc=00000001`,
		"qop without nc":        usual + `,qop=auth,cnonce="c"`,
		"short nc":              usual + `,qop=auth,cnonce="c",nc=1`,
		"long nc":               usual + `,qop=auth,cnonce="c",nc=000000001`,
		"nc of zero":            usual + `,qop=auth,cnonce="c",nc=00000000`,
		"nc with a sign":        usual + `,qop=auth,cnonce="c",nc=+0000001`,
		"nc that isn't hex":     usual + `,qop=auth,cnonce="c",nc=0000000g`,
		"too long":              usual + `,opaque="` + strings.Repeat("o", 4096) + `"`,
		"too many parameters":   usual + manyParameters(40),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := digest.ParseAnswer(header)
			require.Error(t, err)
			assert.NotContains(t, err.Error(), "\n")
		})
	}
}

func manyParameters(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(",p" + strings.Repeat("a", i) + "=1")
	}
	return b.String()
}

func TestChallenge(t *testing.T) {
	t.Parallel()
	assert.Equal(t, `Digest realm="acme.sip.example.com", nonce="abc", algorithm=MD5, qop="auth"`,
		digest.Challenge(digest.MD5, "acme.sip.example.com", "abc", false))
	assert.Equal(t, `Digest realm="a\"b\\c", nonce="abc", algorithm=SHA-256, qop="auth", stale=true`,
		digest.Challenge(digest.SHA256, "a\"b\\c", "abc", true))
	assert.Equal(t, `Digest realm="aVia: b", nonce="", algorithm=MD5, qop="auth"`,
		digest.Challenge(digest.MD5, "a\r\nVia: b", "", false), "a realm can't start a header of its own")
}

func FuzzParseAnswer(f *testing.F) {
	for _, seed := range []string{
		rfc7616MD5, rfc7616SHA256, rfc2617, "", "Digest", `Digest username="a\"b,c\\",realm="r, s",nonce="n",uri="sip:r",response="x"`,
		`Digest username="u",realm=r,nonce=n,uri=sip:r,response=x,qop=auth-int,nc=ffffffff,cnonce=c,algorithm=SHA-256`,
		`Digest a="\`, `Digest ,,,=`, "digest\tusername=\"\x00\"",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		a, err := digest.ParseAnswer(header)
		if err != nil {
			assert.Equal(t, digest.Answer{}, a)
			return
		}
		assert.LessOrEqual(t, len(header), 4096)
		for _, s := range []string{a.UserName, a.Realm, a.Nonce, a.URI, a.Response} {
			assert.NotEmpty(t, s)
			assert.NotContains(t, s, "\r")
			assert.NotContains(t, s, "\n")
		}
		assert.Contains(t, []digest.Algorithm{"MD5", "SHA-256"}, a.Algorithm)
		assert.Equal(t, a.QOP != "", a.NC > 0)
		assert.False(t, a.Matches("", "REGISTER") && a.QOP != "auth")
	})
}

func BenchmarkParseAnswer(b *testing.B) {
	for b.Loop() {
		if _, err := digest.ParseAnswer(rfc7616MD5); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMatches(b *testing.B) {
	for _, header := range []string{rfc7616MD5, rfc7616SHA256} {
		a, err := digest.ParseAnswer(header)
		if err != nil {
			b.Fatal(err)
		}
		ha1 := digest.HA1(a.Algorithm, "Mufasa", a.Realm, secret.New("Circle of Life"))
		b.Run(string(a.Algorithm), func(b *testing.B) {
			for b.Loop() {
				if !a.Matches(ha1, "GET") {
					b.Fatal("doesn't match")
				}
			}
		})
	}
}

// TestAnAnswerWithoutAQOPCountsWhereADoorSaysSo takes the example of RFC 2617 section 3.5 as a client makes it that knows RFC 2069 alone.
func TestAnAnswerWithoutAQOPCountsWhereADoorSaysSo(t *testing.T) {
	t.Parallel()
	a, err := digest.ParseAnswer(`Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", uri="/dir/index.html", response="670fd8c2df070c60b045671b8b24ff02"`)
	require.NoError(t, err)
	ha1 := digest.HA1(digest.MD5, "Mufasa", "testrealm@host.com", secret.New("Circle Of Life"))
	assert.False(t, a.Matches(ha1, "GET"))
	a.WithoutQOP = true
	assert.True(t, a.Matches(ha1, "GET"))
	assert.False(t, a.Matches(ha1, "PUT"))
	a.QOP = "auth-int"
	assert.False(t, a.Matches(ha1, "GET"))
}
