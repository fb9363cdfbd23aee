package pki_test

import (
	"crypto/tls"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/pki"
)

// handshake connects a client of old to a server and returns what they agreed on.
func handshake(server, client *tls.Config) (tls.ConnectionState, error) {
	near, far := net.Pipe()
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = tls.Server(far, server).Handshake() // the client says what it thinks of it
		_ = far.Close()
	}()
	defer func() { _ = near.Close(); <-served }()
	client.InsecureSkipVerify = true
	conn := tls.Client(near, client)
	err := conn.Handshake()
	return conn.ConnectionState(), err
}

func TestOldPhonesGetWhatTheyKnow(t *testing.T) {
	t.Parallel()
	a, err := pki.Open(t.Context(), config(madeFolder(t)))
	require.NoError(t, err)
	legacy, err := a.LegacyServerConfig()
	require.NoError(t, err)
	for name, c := range map[string]struct {
		client *tls.Config
		suite  uint16
	}{
		"TLS 1.0, RSA key exchange": {&tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}}, tls.TLS_RSA_WITH_AES_128_CBC_SHA},
		"TLS 1.1":                   {&tls.Config{MinVersion: tls.VersionTLS11, MaxVersion: tls.VersionTLS11, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_256_CBC_SHA}}, tls.TLS_RSA_WITH_AES_256_CBC_SHA},
		"TLS 1.2":                   {&tls.Config{}, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256},
	} {
		got, err := handshake(legacy, c.client)
		require.NoError(t, err, name)
		assert.Equal(t, c.suite, got.CipherSuite, name)
		_, err = handshake(a.ServerConfig(), c.client)
		assert.Equal(t, name != "TLS 1.2", err != nil, "%s: the modern listener stays as it is", name)
	}
	_, err = handshake(legacy, &tls.Config{MinVersion: tls.VersionTLS13})
	require.Error(t, err)
	_, err = handshake(legacy, &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA, tls.TLS_RSA_WITH_RC4_128_SHA}})
	assert.Error(t, err)
}

func TestOldPhonesNeedAnRSACertificate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certificate, key := pair(t, "phones.example.com", start.AddDate(1, 0, 0))
	put(t, dir, certificate, key, start)
	a, err := pki.Open(t.Context(), config(dir))
	require.NoError(t, err)
	_, err = a.LegacyServerConfig()
	require.ErrorContains(t, err, "server-rsa.pem and server-rsa.key")

	write(t, dir, "server-rsa.pem", certificate)
	_, err = a.LegacyServerConfig()
	require.ErrorContains(t, err, "server-rsa.key isn't")
	write(t, dir, "server-rsa.key", key)
	_, err = a.LegacyServerConfig()
	require.ErrorContains(t, err, "no RSA certificate")

	made := madeFolder(t)
	write(t, dir, "server-rsa.pem", read(t, made, "issued.pem"))
	write(t, dir, "server-rsa.key", read(t, made, "issued.key"))
	legacy, err := a.LegacyServerConfig()
	require.NoError(t, err)
	got, err := handshake(legacy, &tls.Config{})
	require.NoError(t, err)
	assert.Equal(t, parse(t, read(t, made, "issued.pem")).Raw, got.PeerCertificates[0].Raw)
	assert.Equal(t, "phones.example.com", shown(t, a, "").DNSNames[0], "the modern listener shows the operator's own")
	assert.NotEqual(t, got.PeerCertificates[0].Raw, shown(t, a, "").Raw)
}

// A real client that isn't Go, and that has to be told to be as weak.
func TestOpenSSLSpeaksTLS1(t *testing.T) {
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
	legacy, err := a.LegacyServerConfig()
	require.NoError(t, err)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", legacy)
	require.NoError(t, err)
	served := make(chan struct{})
	go func() { defer close(served); handshakes(listener) }()
	defer func() { assert.NoError(t, listener.Close()); <-served }()
	for _, c := range []struct{ arguments, suites, want string }{
		{"-tls1", "AES128-SHA", "AES128-SHA"}, {"-tls1_1", "AES128-SHA", "AES128-SHA"}, {"-tls1_2", "AES128-SHA", "AES128-SHA"},
		{"-tls1", "ECDHE-RSA-AES128-SHA:AES128-SHA", "ECDHE-RSA-AES128-SHA"},
		{"-tls1_2", "ECDHE-RSA-AES128-SHA:AES128-SHA", "ECDHE-RSA-AES128-SHA"},
		{"-tls1_2 -sigalgs RSA+SHA1", "ECDHE-RSA-AES128-SHA:AES128-SHA", "AES128-SHA"},
	} {
		out, err := exec.CommandContext(t.Context(), openssl, append([]string{
			"s_client", "-connect", listener.Addr().String(), "-CAfile", filepath.Join(dir, "ca.pem"), "-verify_return_error", "-noservername", "-cipher", c.suites + ":@SECLEVEL=0",
		}, strings.Fields(c.arguments)...)...).CombinedOutput()
		assert.NoError(t, err, "%s: %s", c.arguments, out)
		assert.Contains(t, string(out), "Cipher is "+c.want+"\n", c)
	}
}
