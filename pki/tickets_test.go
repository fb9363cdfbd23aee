package pki_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/pki"
)

func deriveFrom(master string) func(string) []byte {
	return func(purpose string) []byte {
		sum := sha256.Sum256([]byte(master + purpose))
		return sum[:]
	}
}

// node makes the configuration of one listener at one node, which asks for certificates, with a clock of its own.
func node(t *testing.T, dir, master, name string, now *atomic.Int64) *tls.Config {
	t.Helper()
	a, err := pki.Open(t.Context(), config(dir))
	require.NoError(t, err)
	c := a.ServerConfig()
	c.ClientAuth = tls.RequestClientCert
	return pki.NewTickets(deriveFrom(master), func() time.Time { return time.Unix(now.Load(), 0) }).Rotate(name, c)
}

// resumes connects twice, to one node and then to another, and reports whether the second connection resumed the session of the first, and what
// certificate the server saw in it.
func resumes(t *testing.T, client *tls.Config, first, second *tls.Config) (resumed bool, seen []*x509.Certificate) {
	t.Helper()
	client = client.Clone()
	client.InsecureSkipVerify, client.ServerName = true, "phones.example.com"
	client.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	for _, server := range []*tls.Config{first, second} {
		near, far := net.Pipe()
		served := make(chan tls.ConnectionState, 1)
		go func() {
			s := tls.Server(far, server)
			_, _ = s.Write([]byte("hello")) // the ticket of TLS 1.3 comes before it
			served <- s.ConnectionState()
			_ = s.Close()
		}()
		c := tls.Client(near, client)
		require.NoError(t, drain(c))
		_ = c.Close()
		state := <-served
		resumed, seen = state.DidResume, state.PeerCertificates
	}
	return resumed, seen
}

func TestASessionIsResumedAtEveryNodeForTwoDays(t *testing.T) {
	t.Parallel()
	dir := madeFolder(t)
	var here, there atomic.Int64
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		client := &tls.Config{MaxVersion: version}
		one, other := node(t, dir, "master", "https", &here), node(t, dir, "master", "https", &there)
		for name, c := range map[string]struct {
			here, there string
			want        bool
		}{
			"the same moment":            {"2026-01-01T12:00:00Z", "2026-01-01T12:00:00Z", true},
			"the day after":              {"2026-01-01T12:00:00Z", "2026-01-02T23:59:59Z", true},
			"the key is gone":            {"2026-01-01T12:00:00Z", "2026-01-03T00:00:00Z", false},
			"a node whose clock is late": {"2026-01-02T00:00:01Z", "2026-01-01T23:59:59Z", true},
		} {
			here.Store(moment(t, c.here))
			there.Store(moment(t, c.there))
			got, _ := resumes(t, client, one, other)
			assert.Equal(t, c.want, got, "%s, %s", name, tls.VersionName(version))
		}
	}
}

func moment(t *testing.T, s string) int64 {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	require.NoError(t, err)
	return at.Unix()
}

func TestASessionIsOfOneMasterKeyAndOneListener(t *testing.T) {
	t.Parallel()
	dir := madeFolder(t)
	var now atomic.Int64
	now.Store(start.Unix())
	one := node(t, dir, "master", "https", &now)
	for _, other := range []*tls.Config{node(t, dir, "another", "https", &now), node(t, dir, "master", "legacy", &now)} {
		got, _ := resumes(t, &tls.Config{}, one, other)
		assert.False(t, got)
	}
}

func TestAPhonesCertificateIsKnownWhenItsSessionIsResumed(t *testing.T) {
	t.Parallel()
	dir := madeFolder(t)
	var now atomic.Int64
	now.Store(start.Unix())
	one, other := node(t, dir, "master", "https", &now), node(t, dir, "master", "https", &now)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		got, seen := resumes(t, &tls.Config{MaxVersion: version, Certificates: []tls.Certificate{factoryCertificate(t)}}, one, other)
		assert.True(t, got, tls.VersionName(version))
		require.Len(t, seen, 1)
		assert.Equal(t, "00562B043615", seen[0].Subject.CommonName)
	}
}

// factoryCertificate is one as phones leave the factory with: a common name, no use that says client, signed by nobody we know.
func factoryCertificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "00562B043615"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
