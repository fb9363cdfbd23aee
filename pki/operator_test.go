package pki_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/pki"
)

// pair makes a self-signed certificate and its key as PEM.
func pair(t *testing.T, name string, notAfter time.Time) (certificate, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, NotBefore: start.AddDate(-1, 0, 0), NotAfter: notAfter,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	require.NoError(t, err)
	keyDER, err := x509.MarshalECPrivateKey(private)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER})
}

// put puts an operator's pair into the folder, with a modification time of its own: clocks of file systems are coarse.
func put(t *testing.T, dir string, certificate, key []byte, modified time.Time) {
	t.Helper()
	for name, content := range map[string][]byte{"server.pem": certificate, "server.key": key} {
		write(t, dir, name, content)
		require.NoError(t, os.Chtimes(filepath.Join(dir, name), modified, modified))
	}
}

func TestTheOperatorsPairIsUsed(t *testing.T) {
	t.Parallel()
	dir, _ := operatorFolder(t)
	a, err := pki.Open(t.Context(), config(dir))
	require.NoError(t, err)
	assert.Equal(t, parse(t, read(t, dir, "server.pem")).Raw, shown(t, a, "").Raw)
	assert.Nil(t, a.CACertificate())
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, entries, 2, "nothing is added to it")
}

func TestTheOperatorsPairWinsOverOurs(t *testing.T) {
	t.Parallel()
	dir := madeFolder(t)
	certificate, key := pair(t, "operator.example.com", start.AddDate(1, 0, 0))
	put(t, dir, certificate, key, start)
	var log bytes.Buffer
	c := config(dir)
	c.Logger = slog.New(slog.NewTextHandler(&log, nil))
	a, err := pki.Open(t.Context(), c)
	require.NoError(t, err)
	assert.Equal(t, "operator.example.com", shown(t, a, "").Subject.CommonName)
	assert.Nil(t, a.CACertificate(), "our own CA didn't sign it, so that phones mustn't be told of it")
	assert.Contains(t, log.String(), "isn't the one that signed")
}

func TestTheOperatorsCAIsHandedOutWhenItSigned(t *testing.T) {
	t.Parallel()
	dir, ca := operatorFolder(t)
	write(t, dir, "ca.pem", read(t, ca))
	c := config(dir)
	c.Now = at(900) // expired: who signed it is another question
	a, err := pki.Open(t.Context(), c)
	require.NoError(t, err)
	assert.Equal(t, read(t, ca), a.CACertificate())
}

func TestTheOperatorIsWarned(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		name string
		ends time.Time
		open bool
		want string
		not  string
	}{
		"all is well":       {name: "phones.example.com", ends: start.AddDate(1, 0, 0), not: "WARN"},
		"expired":           {name: "phones.example.com", ends: start.AddDate(0, 0, -1), want: "has expired"},
		"expires soon":      {name: "phones.example.com", ends: start.AddDate(0, 0, 20), want: "expires soon"},
		"another name":      {name: "other.example.com", ends: start.AddDate(1, 0, 0), want: "isn't for a name"},
		"key open to all":   {name: "phones.example.com", ends: start.AddDate(1, 0, 0), open: true, want: "chmod 600"},
		"valid from later":  {name: "phones.example.com", ends: start.AddDate(1, 0, 0), want: "isn't valid yet"},
		"a missing address": {name: "phones.example.com", ends: start.AddDate(1, 0, 0), want: "isn't for an address"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			certificate, key := pair(t, tt.name, tt.ends)
			put(t, dir, certificate, key, start)
			if tt.open {
				require.NoError(t, os.Chmod(filepath.Join(dir, "server.key"), 0o644))
			}
			var log bytes.Buffer
			c := config(dir)
			c.Names, c.Logger = c.Names[:1], slog.New(slog.NewTextHandler(&log, nil))
			if tt.want != "isn't for an address" {
				c.IPs = nil
			}
			if tt.want == "isn't valid yet" {
				c.Now = at(-500)
			}
			a, err := pki.Open(t.Context(), c)
			require.NoError(t, err, "a warning is no refusal")
			assert.Equal(t, tt.name, shown(t, a, "").Subject.CommonName)
			assert.Contains(t, log.String(), tt.want)
			if tt.not != "" {
				assert.NotContains(t, log.String(), tt.not)
			}
		})
	}
}

func TestAnExchangedPairIsShownWithoutARestart(t *testing.T) {
	t.Parallel()
	dir, now := t.TempDir(), start
	var log bytes.Buffer
	c := config(dir)
	c.Now, c.Logger = func() time.Time { return now }, slog.New(slog.NewTextHandler(&log, nil))
	first, firstKey := pair(t, "first.example.com", start.AddDate(1, 0, 0))
	second, secondKey := pair(t, "second.example.com", start.AddDate(1, 0, 0))
	put(t, dir, first, firstKey, start)
	a, err := pki.Open(t.Context(), c)
	require.NoError(t, err)

	put(t, dir, second, firstKey, start.Add(time.Second)) // half-way: the key doesn't fit yet
	assert.Equal(t, "first.example.com", shown(t, a, "").Subject.CommonName, "we don't look on every handshake")
	now = now.Add(10 * time.Second)
	assert.Equal(t, "first.example.com", shown(t, a, "").Subject.CommonName, "the last good one stays")
	assert.Contains(t, log.String(), "server.key doesn't fit")
	size := log.Len()
	now = now.Add(10 * time.Second)
	shown(t, a, "")
	assert.Equal(t, size, log.Len(), "the same failure is logged once")

	put(t, dir, second, secondKey, start.Add(2*time.Second))
	now = now.Add(9 * time.Second)
	assert.Equal(t, "first.example.com", shown(t, a, "").Subject.CommonName)
	now = now.Add(time.Second)
	assert.Equal(t, "second.example.com", shown(t, a, "").Subject.CommonName)
	assert.Contains(t, log.String(), "another server certificate is shown")

	remove(t, dir, "server.key")
	now = now.Add(time.Hour)
	assert.Equal(t, "second.example.com", shown(t, a, "").Subject.CommonName)
}

// A real client that isn't Go: the chain, the name, and TLS 1.2 as old phones speak it.
func TestOpenSSLVerifies(t *testing.T) {
	t.Parallel()
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		missing(t, "openssl", "openssl")
	}
	dir := madeFolder(t)
	c := config(dir)
	c.Now = time.Now // openssl has no other clock
	a, err := pki.Open(t.Context(), c)
	require.NoError(t, err)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", a.ServerConfig())
	require.NoError(t, err)
	served := make(chan struct{})
	go func() { defer close(served); handshakes(listener) }()
	defer func() { assert.NoError(t, listener.Close()); <-served }()
	for name, arguments := range map[string][]string{
		"a name":          {"-servername", "phones.example.com", "-verify_hostname", "phones.example.com"},
		"a wildcard":      {"-servername", "c1.sip.example.com", "-verify_hostname", "c1.sip.example.com"},
		"an address":      {"-noservername", "-verify_ip", "192.0.2.7"},
		"TLS 1.2 and RSA": {"-tls1_2", "-noservername", "-verify_ip", "192.0.2.7", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"},
	} {
		out, err := exec.CommandContext(t.Context(), openssl, append([]string{
			"s_client", "-connect", listener.Addr().String(), "-CAfile", filepath.Join(dir, "ca.pem"), "-verify_return_error",
		}, arguments...)...).CombinedOutput()
		assert.NoError(t, err, "%s: %s", name, out)
		assert.Contains(t, string(out), "Verify return code: 0 (ok)", name)
	}
	out, err := exec.CommandContext(t.Context(), openssl, "s_client", "-connect", listener.Addr().String(), "-CAfile", filepath.Join(dir, "ca.pem"),
		"-verify_return_error", "-noservername", "-verify_hostname", "wrong.example.com").CombinedOutput()
	assert.Error(t, err, "%s", out)
	out, err = exec.CommandContext(t.Context(), openssl, "s_client", "-connect", listener.Addr().String(), "-tls1_1", "-cipher", "ALL:@SECLEVEL=0").CombinedOutput()
	assert.Error(t, err, "TLS 1.1 is refused: %s", out)
}

func handshakes(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		_ = conn.(*tls.Conn).Handshake() // the client says what it thinks of it
		_ = conn.Close()
	}
}

// missing skips a test whose tool isn't installed. On CI that is a failure: a check that never runs is none.
func missing(t *testing.T, tool, debian string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s isn't installed: apt-get install %s", tool, debian)
	}
	t.Skipf("%s isn't installed: apt-get install %s runs this test", tool, debian)
}

func TestManyHandshakesShareOneCheck(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certificate, key := pair(t, "phones.example.com", start.AddDate(1, 0, 0))
	put(t, dir, certificate, key, start)
	var seconds atomic.Int64
	c := config(dir)
	c.Now = func() time.Time { return start.Add(time.Duration(seconds.Add(5)) * time.Second) } // a check every second time
	a, err := pki.Open(t.Context(), c)
	require.NoError(t, err)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				got, err := a.ServerConfig().GetCertificate(&tls.ClientHelloInfo{})
				assert.NoError(t, err)
				assert.Equal(t, "phones.example.com", got.Leaf.Subject.CommonName)
			}
		})
	}
	all.Wait()
}
