package digest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/digest"
	"dialtone/secret"
)

// The example of RFC 7616 section 3.9.1, whose client nonce and count are known.
const (
	rfcNonce  = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
	rfcOpaque = "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"
	rfcCNonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
)

func TestADemandIsAnsweredAsTheRFCDoes(t *testing.T) {
	t.Parallel()
	for algorithm, response := range map[digest.Algorithm]string{
		digest.MD5:    "8ca523f5e9506fed4657c9700eebdbec",
		digest.SHA256: "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
	} {
		demand, err := digest.ParseDemand(`Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=` + string(algorithm) +
			`, nonce="` + rfcNonce + `", opaque="` + rfcOpaque + `"`)
		require.NoError(t, err)
		ha1 := digest.HA1(algorithm, "Mufasa", "http-auth@example.org", secret.New("Circle of Life"))
		answer, err := digest.ParseAnswer(demand.Answer(ha1, "Mufasa", "GET", "/dir/index.html", rfcCNonce))
		require.NoError(t, err)
		assert.Equal(t, response, answer.Response)
		assert.Equal(t, rfcOpaque, answer.Opaque)
		assert.True(t, answer.Matches(ha1, "GET"))
	}
}

func TestADemandWithoutQOPIsAnsweredWithoutOne(t *testing.T) {
	t.Parallel()
	demand, err := digest.ParseDemand(`Digest realm="phone", nonce="n"`)
	require.NoError(t, err)
	assert.Equal(t, digest.Demand{Realm: "phone", Nonce: "n", Algorithm: digest.MD5}, demand)
	ha1 := digest.HA1(digest.MD5, "u", "phone", secret.New("p"))
	answer, err := digest.ParseAnswer(demand.Answer(ha1, "u", "NOTIFY", "sip:u@192.0.2.1", "c"))
	require.NoError(t, err)
	answer.WithoutQOP = true
	assert.True(t, answer.Matches(ha1, "NOTIFY"))
}

func TestDemandsThatCannotBeAnswered(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		`Basic realm="x"`:  "scheme",
		`Digest realm="x"`: "nonce",
		`Digest realm="x", nonce="n", algorithm=SHA-512-256`: "algorithm",
		`Digest realm="x", nonce="n", qop="auth-int"`:        "qop",
		`Digest realm="x, nonce="n"`:                         "comma",
	} {
		_, err := digest.ParseDemand(header)
		assert.ErrorContains(t, err, want, header)
	}
}

func FuzzParseDemand(f *testing.F) {
	for _, seed := range []string{`Digest realm="x", nonce="n", qop="auth"`, `Digest nonce=n,algorithm=sha-256,stale=TRUE`, `Digest realm="\""`, ``} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		demand, err := digest.ParseDemand(header)
		if err != nil {
			return
		}
		if demand.Realm == "" {
			return // no answer can name it
		}
		if _, err := digest.ParseAnswer(demand.Answer("0", "u", "NOTIFY", "sip:u", "c")); err != nil && len(header) < 1000 {
			t.Errorf("the answer to %q can't be read: %v", header, err)
		}
	})
}
