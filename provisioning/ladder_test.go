package provisioning_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/provisioning"
	"dialtone/secret"
)

// madeByHand says of a certificate what its serial number, a text in the common name here, says: "vendor mac", or why it doesn't count.
type madeByHand struct{}

func (madeByHand) Identify(chain []*x509.Certificate, _ time.Time) (provisioning.CertifiedPhone, error) {
	vendor, address, ok := strings.Cut(chain[0].Subject.CommonName, " ")
	mac, err := deviceprofiles.ParseMAC(address)
	if !ok || err != nil {
		return provisioning.CertifiedPhone{}, fault.New(fault.Denied, "The certificate is %s.", chain[0].Subject.CommonName)
	}
	return provisioning.CertifiedPhone{MAC: mac, MadeBy: func(name string) bool { return strings.EqualFold(name, vendor) }}, nil
}

// certificate is a certificate that madeByHand judges.
func certificate(says string) provisioning.Proof {
	c := &x509.Certificate{}
	c.Subject.CommonName = says
	return provisioning.Proof{Method: "GET", Certificates: []*x509.Certificate{c}}
}

// with adds a certificate to a proof.
func with(p provisioning.Proof, says string) provisioning.Proof {
	p.Certificates = certificate(says).Certificates
	return p
}

// rules returns by which rules the phone was answered, the first contact first.
func (b *bench) rules(t *testing.T) []string {
	t.Helper()
	b.store.entries = nil
	entries, err := b.Trace(t.Context(), tenant, b.store.device.ID, provisioning.TraceFilter{}, 100)
	require.NoError(t, err)
	out := make([]string, len(entries))
	for i, e := range entries {
		out[i] = e.Rule
	}
	return out
}

// from fetches from an address, without any proof but what the path has.
func (b *bench) from(t testing.TB, peer, path string) (provisioning.Opened, error) {
	t.Helper()
	return b.Open(t.Context(), provisioning.Request{Path: path, Peer: netip.AddrPortFrom(netip.MustParseAddr(peer), 4000), Transport: provisioning.HTTPS})
}

func tokenOf(password secret.Text) string {
	h := hmac.New(sha256.New, []byte(password.Reveal()))
	h.Write([]byte("token in paths"))
	return hex.EncodeToString(h.Sum(nil))[:40]
}

func TestACertificateOpensTheFileOfItsPhone(t *testing.T) {
	t.Parallel()
	b := newBench(t, "805EC0AABBCC", "Yealink T54W")
	password := b.enrol(t)
	good := basic("805ec0aabbcc", password)
	guess := basic("805ec0aabbcc", secret.New("guess"))
	b.rules(t)
	for _, c := range []struct {
		name  string
		proof provisioning.Proof
		rule  string
		note  string
	}{
		{"its own", certificate("yealink 805EC0AABBCC"), "the phone showed its maker's certificate", ""},
		{"its own, and a wrong password", with(guess, "yealink 805EC0AABBCC"), "the phone showed its maker's certificate", ""},
		{"another maker's", certificate("poly 805EC0AABBCC"), "the certificate that the phone showed doesn't count, and nothing else was shown", ""},
		{"another maker's, and the password", with(good, "poly 805EC0AABBCC"), "the phone showed its own credentials", ""},
		{"revoked", certificate("revoked"), "the certificate that the phone showed doesn't count, and nothing else was shown", "The certificate is revoked."},
		{"revoked, and the password", with(good, "revoked"), "the phone showed its own credentials", ""},
		{"generic, and a wrong password", with(guess, "generic"), "the credentials shown are not this phone's", "The certificate is generic."},
		{"another phone's", certificate("yealink 805EC0AABBCD"), "the certificate that the phone showed is another phone's", ""},
		{"another phone's, and the password", with(good, "yealink 805EC0AABBCD"), "the certificate that the phone showed is another phone's", ""},
	} {
		file, err := b.fetch(t, provisioning.HTTPS, yealinkFile, c.proof)
		assert.Equal(t, []string{c.rule}, b.rules(t), c.name)
		switch c.rule {
		case provisioning.RuleCertificate, provisioning.RuleCredentials:
			require.NoError(t, err, c.name)
			assert.Contains(t, string(file.Body), sipPassword)
		default:
			assert.True(t, fault.Is(err, fault.Denied), c.name)
			assert.Equal(t, strings.TrimSuffix("denied: "+c.note, ": "), b.store.entries[0].Answer)
		}
	}
	_, err := b.OpenEnrolment(t.Context(), actor, tenant, b.store.device.ID, time.Hour)
	require.NoError(t, err)
	_, err = b.fetch(t, provisioning.HTTPS, yealinkFile, certificate("yealink 805EC0AABBCD"))
	assert.True(t, fault.Is(err, fault.Denied), "who is another phone is so in a window, too")
	_, unknown := b.fetch(t, provisioning.HTTPS, "/805ec0aabb00.cfg", certificate("yealink 805EC0AABB00"))
	assert.Equal(t, err, unknown, "a genuine phone that nobody has added")
	b.rules(t)
	require.NoError(t, b.AnswerCompromise(t.Context(), actor, tenant, b.store.device.ID, 0))
	_, err = b.fetch(t, provisioning.HTTPS, yealinkFile, certificate("yealink 805EC0AABBCC"))
	assert.True(t, fault.Is(err, fault.Denied), "whoever has stolen the phone has its certificate, too")
	assert.Equal(t, []string{"the certificate that the phone showed doesn't count, and nothing else was shown"}, b.rules(t))
	assert.Contains(t, b.store.entries[0].Answer, "since a compromise was answered")
}

func TestATokenInThePathOpensTheFile(t *testing.T) {
	t.Parallel()
	b := newBench(t, "805EC0AABBCC", "Yealink T54W")
	token := tokenOf(b.enrol(t))
	b.rules(t)
	for _, path := range []string{"/t-" + token + yealinkFile, "/x//T-" + strings.ToUpper(token) + "/y" + yealinkFile} {
		file, err := b.fetch(t, provisioning.HTTPS, path, provisioning.Proof{})
		require.NoError(t, err, path)
		assert.Contains(t, string(file.Body), sipPassword)
		assert.Equal(t, []string{"the phone showed its own token in the path"}, b.rules(t))
		assert.NotContains(t, strings.ToLower(b.store.entries[0].Request), token[:8])
	}
	bootstrap, err := b.fetch(t, provisioning.HTTP, "/t-"+token+yealinkFile, provisioning.Proof{})
	require.NoError(t, err)
	assert.NotContains(t, string(bootstrap.Body), sipPassword)

	wrong := "/t-" + strings.Repeat("0", 40) + yealinkFile
	for range 10 {
		_, err := b.fetch(t, provisioning.HTTPS, wrong, provisioning.Proof{})
		assert.True(t, fault.Is(err, fault.Denied))
	}
	_, err = b.fetch(t, provisioning.HTTPS, wrong, provisioning.Proof{})
	assert.True(t, fault.Is(err, fault.Limited), "as with wrong passwords")
	_, err = b.fetch(t, provisioning.HTTPS, "/t-"+token+yealinkFile, provisioning.Proof{})
	require.NoError(t, err)

	require.NoError(t, b.AnswerCompromise(t.Context(), actor, tenant, b.store.device.ID, 0))
	_, err = b.from(t, "192.0.2.9", "/t-"+token+yealinkFile)
	assert.True(t, fault.Is(err, fault.Denied), "it ends with the password")
}

func TestAWindowIsForWhoComesFirst(t *testing.T) {
	t.Parallel()
	b := newBench(t, "805EC0AABBCC", "Yealink T54W")
	_, err := b.OpenEnrolment(t.Context(), actor, tenant, b.store.device.ID, time.Hour)
	require.NoError(t, err)
	_, err = b.Open(t.Context(), provisioning.Request{Path: yealinkFile, Peer: netip.MustParseAddrPort("198.51.100.1:1"), Transport: provisioning.HTTPS, Header: true})
	require.NoError(t, err)
	_, err = b.from(t, "198.51.100.1", "/805ec0aabbcc.xml")
	assert.True(t, fault.Is(err, fault.NotFound))
	assert.Empty(t, b.store.device.EnrolmentPeers, "neither a header nor a file that isn't the phone's takes the window")
	b.store.events = nil

	for range 3 {
		_, err = b.from(t, "192.0.2.7", yealinkFile)
		require.NoError(t, err)
	}
	for _, stranger := range []string{"192.0.2.8", "192.0.2.9", "2001:db8::1"} {
		_, err = b.from(t, stranger, yealinkFile)
		assert.True(t, fault.Is(err, fault.Denied), stranger)
	}
	b.rules(t)
	assert.Equal(t, "the enrolment window is for the address that came into it first", b.store.entries[len(b.store.entries)-1].Rule)
	require.Len(t, b.store.events, 2)
	assert.Equal(t, "enrolment.used", string(b.store.events[0].Kind))
	assert.Equal(t, map[string]any{"peer": "192.0.2.7"}, b.store.events[0].Data)
	assert.Equal(t, "enrolment.contested", string(b.store.events[1].Kind), "once, however many there are")
	assert.Equal(t, map[string]any{"peer": "192.0.2.7", "other": "192.0.2.8"}, b.store.events[1].Data)

	_, err = b.OpenEnrolment(t.Context(), actor, tenant, b.store.device.ID, time.Hour)
	require.NoError(t, err)
	_, err = b.from(t, "192.0.2.8", yealinkFile)
	require.NoError(t, err, "another window")
}

func TestAPhoneThatProvesItselfClosesItsWindow(t *testing.T) {
	t.Parallel()
	b := newBench(t, "805EC0AABBCC", "Yealink T54W")
	password := b.enrol(t)
	for name, c := range map[string]struct {
		path  string
		proof provisioning.Proof
	}{
		"credentials": {yealinkFile, basic("805ec0aabbcc", password)},
		"token":       {"/t-" + tokenOf(password) + yealinkFile, provisioning.Proof{}},
		"certificate": {yealinkFile, certificate("yealink 805ec0aabbcc")},
	} {
		_, err := b.OpenEnrolment(t.Context(), actor, tenant, b.store.device.ID, time.Hour)
		require.NoError(t, err)
		_, err = b.Open(t.Context(), provisioning.Request{Path: c.path, Proof: c.proof, Peer: netip.MustParseAddrPort("192.0.2.7:1"), Transport: provisioning.HTTPS, Header: true})
		require.NoError(t, err, name)
		assert.NotZero(t, b.store.device.EnrolmentUntil, "%s: nothing comes of a header", name)
		b.store.events = nil
		for range 2 {
			_, err = b.fetch(t, provisioning.HTTPS, c.path, c.proof)
			require.NoError(t, err, name)
		}
		assert.Zero(t, b.store.device.EnrolmentUntil, name)
		require.Len(t, b.store.events, 1, name)
		assert.Equal(t, "enrolment.closed", string(b.store.events[0].Kind))
		_, err = b.fetch(t, provisioning.HTTPS, yealinkFile, provisioning.Proof{})
		assert.True(t, fault.Is(err, fault.Denied), name)
	}
}

func TestProbersWaitAndPhonesDont(t *testing.T) {
	t.Parallel()
	b := newBench(t, "805EC0AABBCC", "Yealink T54W")
	good := basic("805ec0aabbcc", b.enrol(t))
	probe := func(i int, proof provisioning.Proof) error {
		_, err := b.fetch(t, provisioning.HTTPS, "/805ec0"+hex.EncodeToString([]byte{1, byte(i >> 8), byte(i)})+".cfg", proof)
		return err
	}
	for i := range 300 {
		require.True(t, fault.Is(probe(i, provisioning.Proof{}), fault.Denied), "%d: a first request waits for its proof", i)
	}
	b.clock = b.clock.Add(time.Minute)
	assert.True(t, fault.Is(probe(1000, basic("805ec0aabbcd", secret.New("guess"))), fault.Limited))
	asked := b.store.asked
	unknown := probe(1000, provisioning.Proof{})
	assert.True(t, fault.Is(unknown, fault.Denied), "it is challenged, as phones are at first: %v", unknown)
	for range 3 {
		_, err := b.from(t, "192.0.2.7", "/805ec0aabbcd.cfg")
		assert.Equal(t, unknown, err)
	}
	assert.Equal(t, asked, b.store.asked, "without a question to the database")

	_, known := b.fetch(t, provisioning.HTTPS, yealinkFile, good)
	require.NoError(t, known, "the phone behind the same address")
	_, known = b.fetch(t, provisioning.HTTPS, yealinkFile, provisioning.Proof{})
	assert.True(t, fault.Is(known, fault.Denied), "and its first request, before our challenge")
	_, known = b.from(t, "192.0.2.8", "/805ec0aabbcd.cfg")
	assert.True(t, fault.Is(known, fault.Denied), "another address")
	for _, path := range []string{yealinkFile, "/y000000000096.cfg"} {
		_, err := b.fetch(t, provisioning.HTTP, path, provisioning.Proof{})
		require.NoError(t, err, "what anybody may have is never limited")
	}
	b.clock = b.clock.Add(30 * time.Second)
	assert.True(t, fault.Is(probe(1000, provisioning.Proof{}), fault.Denied), "after the wait")
	b.clock = b.clock.Add(2 * time.Hour)
	for i := range 100 {
		err := probe(i, basic("805ec0aabbcc", secret.New("guess")))
		assert.True(t, fault.Is(err, fault.Denied), "%d", i)
	}
	assert.True(t, fault.Is(probe(1001, basic("x", secret.New("guess"))), fault.Limited), "wrong proofs count at once")
	_, err := b.fetch(t, provisioning.HTTPS, yealinkFile, good)
	require.NoError(t, err)
}

// TestAPhoneThatAsksForeverIsOnePhone: what is refused again and again counts once.
func TestAPhoneThatAsksForeverIsOnePhone(t *testing.T) {
	t.Parallel()
	b := newBench(t, "805EC0AABBCC", "Yealink T54W")
	for range 500 {
		b.clock = b.clock.Add(5 * time.Second)
		_, err := b.fetch(t, provisioning.HTTPS, "/805ec0aabbcd.cfg", provisioning.Proof{})
		require.True(t, fault.Is(err, fault.Denied))
	}
}
