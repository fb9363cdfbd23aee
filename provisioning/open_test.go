package provisioning_test

import (
	"encoding/xml"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/digest"
	"dialtone/fault"
	"dialtone/provisioning"
	"dialtone/provisioning/coretest"
	"dialtone/secret"
)

func TestAClosedWindowRefusesAndAnOpenOneServes(t *testing.T) {
	t.Parallel()
	b := newBench(t, "805EC0AABBCC", "Yealink T54W")
	_, err := b.fetch(t, provisioning.HTTPS, yealinkFile, provisioning.Proof{})
	assert.True(t, fault.Is(err, fault.Denied))

	until, err := b.OpenEnrolment(t.Context(), actor, tenant, b.store.device.ID, time.Hour)
	require.NoError(t, err)
	assert.Equal(t, b.clock.Add(time.Hour), until)
	file, err := b.fetch(t, provisioning.HTTPS, yealinkFile, provisioning.Proof{})
	require.NoError(t, err)
	assert.Contains(t, string(file.Body), "account.1.password = "+sipPassword)
	assert.Equal(t, int64(1), file.Revision)

	b.clock = until
	_, err = b.fetch(t, provisioning.HTTPS, yealinkFile, provisioning.Proof{})
	assert.True(t, fault.Is(err, fault.Denied), "the window has ended")
}

func TestWindowsHaveBounds(t *testing.T) {
	t.Parallel()
	b := newBench(t, "805EC0AABBCC", "Yealink T54W")
	for _, length := range []time.Duration{0, -time.Hour, 59 * time.Second, 7*24*time.Hour + time.Second} {
		_, err := b.OpenEnrolment(t.Context(), actor, tenant, b.store.device.ID, length)
		assert.True(t, fault.Is(err, fault.Invalid), "%s", length)
	}
}

func TestAPhonesOwnCredentialsServe(t *testing.T) {
	t.Parallel()
	b := newBench(t, "805EC0AABBCC", "Yealink T54W")
	password := b.enrol(t)
	_, err := b.fetch(t, provisioning.HTTPS, yealinkFile, basic("805ec0aabbcc", password))
	require.NoError(t, err)

	for _, a := range []digest.Algorithm{digest.MD5, digest.SHA256} {
		answer := digestAnswer(t, a, "805EC0AABBCC", password, "GET", yealinkFile)
		_, err = b.fetch(t, provisioning.HTTPS, yealinkFile, provisioning.Proof{Digest: &answer, Method: "GET"})
		require.NoError(t, err, "%s", a)
		_, err = b.fetch(t, provisioning.HTTPS, yealinkFile, provisioning.Proof{Digest: &answer, Method: "PUT"})
		assert.True(t, fault.Is(err, fault.Denied), "an answer for another method proves nothing")
	}
	for name, proof := range map[string]provisioning.Proof{
		"wrong password": basic("805ec0aabbcc", secret.New("guess")),
		"wrong user":     basic("805ec0aabbcd", password),
		"no password":    basic("805ec0aabbcc", secret.Text{}),
	} {
		_, err = b.fetch(t, provisioning.HTTPS, yealinkFile, proof)
		assert.True(t, fault.Is(err, fault.Denied), name)
	}
}

// digestAnswer makes the answer of a client, written out from RFC 7616 section 3.4.1.
func digestAnswer(t testing.TB, a digest.Algorithm, user string, password secret.Text, method, uri string) digest.Answer {
	t.Helper()
	ha1 := digest.HA1(a, user, "dialtone", password)
	ha2 := coretest.Hash(a, method+":"+uri)
	response := coretest.Hash(a, ha1+":n0nce:00000001:c0nce:auth:"+ha2)
	answer, err := digest.ParseAnswer(fmt.Sprintf(`Digest username=%q, realm="dialtone", nonce="n0nce", uri=%q, response=%q, algorithm=%s, cnonce="c0nce", qop=auth, nc=00000001`,
		user, uri, response, a))
	require.NoError(t, err)
	return answer
}

func TestKnownAndUnknownPhonesAreRefusedAlike(t *testing.T) {
	t.Parallel()
	b := newBench(t, "805EC0AABBCC", "Yealink T54W")
	for _, proof := range []provisioning.Proof{{}, basic("805ec0aabbcc", secret.New("guess"))} {
		_, known := b.fetch(t, provisioning.HTTPS, "/805ec0aabbcc.cfg", proof)
		_, unknown := b.fetch(t, provisioning.HTTPS, "/805ec0aabb00.cfg", proof)
		require.Error(t, known)
		assert.Equal(t, known, unknown)
	}
	bootstrapKnown, err := b.fetch(t, provisioning.HTTP, "/805ec0aabbcc.cfg", provisioning.Proof{})
	require.NoError(t, err)
	bootstrapUnknown, err := b.fetch(t, provisioning.TFTP, "/805ec0aabb00.cfg", provisioning.Proof{})
	require.NoError(t, err)
	assert.Equal(t, bootstrapKnown, bootstrapUnknown)
}

func TestNoSecretLeavesOverAnOpenTransport(t *testing.T) {
	t.Parallel()
	for model, paths := range map[string][]string{
		"Yealink T54W": {"/805ec0aabbcc.cfg", "/y000000000096.cfg"},
		"Cisco 8851":   {"/805ec0aabbcc.xml", "/8851-3PCC.xml", "/Cisco/CP-8851-3PCC/805ec0aabbcc.cfg"},
		"Poly VVX 450": {"/000000000000.cfg", "/dialtone-poly.cfg"},
	} {
		b := newBench(t, "805EC0AABBCC", model)
		_, err := b.OpenEnrolment(t.Context(), actor, tenant, b.store.device.ID, time.Hour)
		require.NoError(t, err)
		for _, path := range paths {
			for _, transport := range []provisioning.Transport{provisioning.TFTP, provisioning.HTTP} {
				file, err := b.fetch(t, transport, path, basic("805ec0aabbcc", secret.New("x")))
				require.NoError(t, err, "%s over %s", path, transport)
				assert.NotContains(t, string(file.Body), "Own-Password-1")
				assert.NotContains(t, string(file.Body), b.store.line.UserName)
				assert.NotContains(t, string(file.Body), "Lace")
				assert.Zero(t, file.Revision)
			}
		}
	}
}

func TestGuessingIsThrottledForThePairAlone(t *testing.T) {
	t.Parallel()
	b := newBench(t, "805EC0AABBCC", "Yealink T54W")
	password := b.enrol(t)
	for i := range 10 {
		_, err := b.fetch(t, provisioning.HTTPS, yealinkFile, basic("805ec0aabbcc", secret.New("guess")))
		assert.True(t, fault.Is(err, fault.Denied), "try %d", i)
	}
	guess := basic("805ec0aabbcc", secret.New("guess"))
	_, err := b.fetch(t, provisioning.HTTPS, yealinkFile, guess)
	assert.True(t, fault.Is(err, fault.Limited))
	assert.Equal(t, 30*time.Second, fault.RetryAfter(err))

	_, err = b.fetch(t, provisioning.HTTPS, yealinkFile, basic("805ec0aabbcc", password))
	require.NoError(t, err, "a neighbour who guesses can't keep the phone out")
	_, err = b.Open(t.Context(), provisioning.Request{Path: yealinkFile, Peer: netip.MustParseAddrPort("192.0.2.8:1"), Transport: provisioning.HTTPS, Proof: guess})
	assert.True(t, fault.Is(err, fault.Denied), "another address")
	b.clock = b.clock.Add(30 * time.Second)
	_, err = b.fetch(t, provisioning.HTTPS, yealinkFile, guess)
	assert.True(t, fault.Is(err, fault.Denied), "after the wait")
}

// From a block that no vendor is known to own, what one phone has is what each would get: nobody learns which addresses are known.
func TestABlockThatNobodyKnowsIsAnsweredAlike(t *testing.T) {
	t.Parallel()
	b := newBench(t, "021122334455", "Yealink T54W")
	known, err := b.fetch(t, provisioning.TFTP, "/021122334455.cfg", provisioning.Proof{})
	require.NoError(t, err)
	unknown, err := b.fetch(t, provisioning.TFTP, "/021122ffffff.cfg", provisioning.Proof{})
	require.NoError(t, err)
	assert.Equal(t, known, unknown)
	_, err = b.fetch(t, provisioning.TFTP, "/021123334455.cfg", provisioning.Proof{})
	assert.True(t, fault.Is(err, fault.NotFound), "nobody has a phone of that block: %v", err)
}

func TestABrokenStoreIsNeverNotFound(t *testing.T) {
	t.Parallel()
	b := newBench(t, "805EC0AABBCC", "Yealink T54W")
	b.store.broken = true
	_, err := b.fetch(t, provisioning.HTTPS, yealinkFile, provisioning.Proof{})
	assert.True(t, fault.Is(err, fault.Unavailable))
	_, err = b.fetch(t, provisioning.TFTP, "/021122334455.cfg", provisioning.Proof{})
	assert.True(t, fault.Is(err, fault.Unavailable), "a name that only the record decides")
	_, err = b.fetch(t, provisioning.TFTP, yealinkFile, provisioning.Proof{})
	assert.NoError(t, err, "a bootstrap file needs no store")
	_, err = b.VerifySIP(t.Context(), provisioning.SIPProof{Domain: "c1.sip.example.test", UserName: b.store.line.UserName})
	assert.True(t, fault.Is(err, fault.Unavailable))
}

func TestAFileOfAnotherFamilyIsNotThere(t *testing.T) {
	t.Parallel()
	b := newBench(t, "805EC0AABBCC", "Yealink T54W")
	_, err := b.OpenEnrolment(t.Context(), actor, tenant, b.store.device.ID, time.Hour)
	require.NoError(t, err)
	_, err = b.fetch(t, provisioning.HTTPS, "/805ec0aabbcc.xml", provisioning.Proof{})
	assert.True(t, fault.Is(err, fault.NotFound))
}

func TestFilesThatNobodyServesAskNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t, "805EC0AABBCC", "Yealink T54W")
	for _, path := range []string{"/805ec0aabbcc.boot", "/y000000000000.boot", "/000000000000-license.cfg", "/favicon.ico", "/$MA.xml"} {
		_, err := b.fetch(t, provisioning.HTTPS, path, provisioning.Proof{})
		assert.True(t, fault.Is(err, fault.NotFound), path)
	}
	for _, path := range []string{"", "/../etc/passwd", "/a\\b", "/x\x00", "/" + strings.Repeat("a", 600), "/\xff"} {
		_, err := b.fetch(t, provisioning.TFTP, path, provisioning.Proof{})
		assert.True(t, fault.Is(err, fault.Invalid), "%q", path)
	}
	assert.Zero(t, b.store.asked)
}

func TestTheSameRevisionIsTheSameBytesAndANewOneIsNot(t *testing.T) {
	t.Parallel()
	b := newBench(t, "805EC0AABBCC", "Yealink T54W")
	password := b.enrol(t)
	proof := basic("805ec0aabbcc", password)
	one, err := b.fetch(t, provisioning.HTTPS, yealinkFile, proof)
	require.NoError(t, err)
	two, err := b.fetch(t, provisioning.HTTPS, yealinkFile, proof)
	require.NoError(t, err)
	assert.Equal(t, one, two)
	assert.Positive(t, b.Stats().RenderHits)

	require.NoError(t, b.SetPassword(t.Context(), actor, tenant, b.store.device.ID, secret.New("Another-Password-2")))
	three, err := b.fetch(t, provisioning.HTTPS, yealinkFile, proof)
	require.NoError(t, err)
	assert.NotEqual(t, one.ETag, three.ETag)
	assert.Equal(t, int64(2), three.Revision)
	assert.Contains(t, string(three.Body), "account.1.password = Another-Password-2")
	assert.NotContains(t, string(three.Body), "Own-Password")
}

func TestTheAdministratorSeesFilesWithoutSecrets(t *testing.T) {
	t.Parallel()
	for model, count := range map[string]int{"Cisco 8851": 3, "Yealink T54W": 3, "Poly VVX 450": 5} {
		b := newBench(t, "805EC0AABBCC", model)
		view, err := b.Files(t.Context(), tenant, b.store.device.ID)
		require.NoError(t, err)
		assert.Equal(t, int64(1), view.Revision)
		require.Len(t, view.Files, count, model)
		masked := false
		for _, f := range view.Files {
			assert.NotContains(t, f.Masked, "Own-Password")
			assert.NotEmpty(t, f.Masked)
			masked = masked || strings.Contains(f.Masked, "********")
			if strings.HasPrefix(f.Masked, "<") {
				require.NoError(t, xml.Unmarshal([]byte(f.Masked), new(struct{})))
			}
		}
		assert.True(t, masked)
	}
}

func TestEveryContactIsInTheTrace(t *testing.T) {
	t.Parallel()
	b := newBench(t, "805EC0AABBCC", "Yealink T54W")
	_, _ = b.fetch(t, provisioning.HTTPS, yealinkFile, provisioning.Proof{})
	_, _ = b.fetch(t, provisioning.TFTP, yealinkFile, provisioning.Proof{})
	_, _ = b.fetch(t, provisioning.HTTP, "/805ec0aabbcc.boot", provisioning.Proof{})
	entries, err := b.Trace(t.Context(), tenant, b.store.device.ID, provisioning.TraceFilter{}, 10)
	require.NoError(t, err)
	require.Len(t, entries, 3)
	assert.Equal(t, "https", entries[0].Door)
	assert.Equal(t, "GET /805ec0aabbcc.cfg", entries[0].Request)
	assert.Equal(t, "denied", entries[0].Answer)
	assert.Equal(t, "no credentials were shown and no enrolment window is open", entries[0].Rule)
	assert.Equal(t, "tftp", entries[1].Door)
	assert.Equal(t, "bootstrap file: open to everybody, holds no secret", entries[1].Rule)
	assert.Equal(t, "not found", entries[2].Answer)
}

func TestSIPProofs(t *testing.T) {
	t.Parallel()
	b := newBench(t, "805EC0AABBCC", "Yealink T54W")
	user, domain := b.store.line.UserName, "c1.sip.example.test"
	prove := func(a digest.Algorithm, user, realm, password string) error {
		ha1 := digest.HA1(a, user, realm, secret.New(password))
		uri := "sip:" + domain
		response := coretest.Hash(a, ha1+":n:00000001:c:auth:"+coretest.Hash(a, "REGISTER:"+uri))
		answer, err := digest.ParseAnswer(fmt.Sprintf(`Digest username=%q, realm=%q, nonce="n", uri=%q, response=%q, algorithm=%s, cnonce="c", qop=auth, nc=00000001`,
			user, realm, uri, response, a))
		require.NoError(t, err)
		_, err = b.VerifySIP(t.Context(), provisioning.SIPProof{
			Domain: strings.ToUpper(domain), UserName: user, Answer: answer, Method: "REGISTER", Peer: netip.MustParseAddrPort("192.0.2.1:5060"), Transport: "udp",
		})
		return err
	}
	assert.NoError(t, prove(digest.MD5, user, domain, sipPassword))
	assert.NoError(t, prove(digest.SHA256, user, domain, sipPassword))
	wrong, unknown := prove(digest.MD5, user, domain, "guess"), prove(digest.MD5, "nobody", domain, "guess")
	assert.True(t, fault.Is(wrong, fault.Denied))
	assert.Equal(t, wrong, unknown, "a stranger can't tell which lines there are")
	assert.True(t, fault.Is(prove(digest.MD5, user, "other.example", sipPassword), fault.Denied))
}

func TestWhatCanBeADevice(t *testing.T) {
	t.Parallel()
	b := newBench(t, "805EC0AABBCC", "Yealink T54W")
	for field, in := range map[string]provisioning.NewDevice{
		"mac":         {MAC: "kjhgf", Model: "T54W", Person: "p1"},
		"model":       {MAC: "805EC0AABB01", Model: "Toaster", Person: "p1"},
		"personId":    {MAC: "805EC0AABB01", Model: "T54W"},
		"workspaceId": {MAC: "805EC0AABB01", Model: "T54W", Workspace: "w1"},
		"password":    {MAC: "805EC0AABB01", Model: "Generic SIP Phone", Person: "p1"},
	} {
		_, err := b.AddDevice(t.Context(), actor, tenant, in)
		require.True(t, fault.Is(err, fault.Invalid), field)
		assert.Equal(t, field, fault.ProblemsOf(err)[0].Field)
	}
	b.store.disabled = []string{"DMS Cisco 8851"}
	_, err := b.AddDevice(t.Context(), actor, tenant, provisioning.NewDevice{MAC: "00562B043615", Model: "8851", Person: "p1"})
	assert.Equal(t, []fault.Problem{{Field: "model", Code: fault.CodeRule, Message: "DMS Cisco 8851 is switched off for this organisation by its partner: choose another model"}}, fault.ProblemsOf(err))
	for _, bad := range []string{"short", "with blank 123", "quote\"quote1", "line\nbreak12", strings.Repeat("a", 65), "ünïcödé-password"} {
		_, err := b.AddDevice(t.Context(), actor, tenant, provisioning.NewDevice{MAC: "805EC0AABB01", Model: "T54W", Person: "p1", Password: secret.New(bad)})
		require.True(t, fault.Is(err, fault.Invalid), "%q", bad)
		assert.NotContains(t, fault.Message(err), bad)
	}
}

func FuzzOpen(f *testing.F) {
	b := newBench(f, "805EC0AABBCC", "Yealink T54W")
	for _, path := range []string{yealinkFile, "/y000000000096.cfg", "//x//805ec0aabbcc.xml", "/../../etc/passwd", "/%00", "/8851-3PCC.xml", "/5414011256173816"} {
		f.Add(path, "Yealink SIP-T54W 96.86.0.70 80:5e:c0:aa:bb:cc")
	}
	f.Fuzz(func(t *testing.T, path, agent string) {
		for _, transport := range []provisioning.Transport{provisioning.TFTP, provisioning.HTTP, provisioning.HTTPS} {
			file, err := b.Open(t.Context(), provisioning.Request{Path: path, UserAgent: agent, Transport: transport, Peer: netip.MustParseAddrPort("192.0.2.7:1")})
			if err == nil && strings.Contains(string(file.Body), "Own-Password") {
				t.Fatalf("%q over %s gave the password away", path, transport)
			}
			if fault.Is(err, fault.Internal) {
				t.Fatalf("%q over %s: %v", path, transport, err)
			}
		}
	})
}
