package sip

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/digest"
	"dialtone/provisioning"
)

// OpenCore takes every proof and keeps nothing.
type OpenCore struct{}

func (OpenCore) VerifySIP(context.Context, provisioning.SIPProof) (provisioning.LineOwner, error) {
	return provisioning.LineOwner{}, nil
}

func (OpenCore) Register(context.Context, provisioning.RegisterRequest) ([]provisioning.Binding, error) {
	return nil, nil
}

// serve serves one end of a pipe; closed is closed when the server has let go of it.
func serve(t *testing.T, wrap func(net.Conn) net.Conn) (client net.Conn, closed chan struct{}) {
	t.Helper()
	server, err := New(Config{
		Core: OpenCore{}, SIPDomain: "sip.test", Nonces: digest.NewNonces(digest.NoncesConfig{Key: []byte("0123456789abcdef")}),
	})
	require.NoError(t, err)
	client, remote := net.Pipe()
	closed = make(chan struct{})
	go func() {
		defer close(closed)
		server.serveConnection(t.Context(), wrap(remote), Peer{Addr: netip.MustParseAddrPort("192.0.2.10:5070"), Transport: "tls"}, func() {})
	}()
	return client, closed
}

func plain(c net.Conn) net.Conn { return c }

const options = "OPTIONS sip:acme.sip.test SIP/2.0\r\nVia: SIP/2.0/TLS 192.0.2.10\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n" +
	"Content-Length: 0\r\n\r\n"

func TestAStrangersConnectionEndsAfterAMinuteWhateverItSends(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, closed := serve(t, plain)
		defer func() { _ = client.Close() }()
		start := time.Now()
		go func() { _, _ = io.Copy(io.Discard, client) }()
		for time.Since(start) < 50*time.Second {
			_, err := client.Write([]byte(options))
			require.NoError(t, err)
			<-time.After(10 * time.Second)
		}
		<-closed
		assert.Equal(t, time.Minute, time.Since(start))
	})
}

func TestAPhonesConnectionOutlivesItsRegistrationByAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, closed := serve(t, plain)
		defer func() { _ = client.Close() }()
		register := strings.NewReplacer("OPTIONS", "REGISTER", "<sip:c@d>", "<sip:alice@acme.sip.test>").Replace(options)
		buffer := make([]byte, 4096)
		_, err := client.Write([]byte(register))
		require.NoError(t, err)
		n, err := client.Read(buffer)
		require.NoError(t, err)
		_, nonce, _ := strings.Cut(string(buffer[:n]), `nonce="`)
		nonce, _, _ = strings.Cut(nonce, `"`)
		proof := `Authorization: Digest username="alice", realm="acme.sip.test", nonce="` + nonce + `", uri="sip:acme.sip.test", qop=auth, nc=00000001, cnonce="c", response="any"`
		start := time.Now()
		_, err = client.Write([]byte(strings.Replace(register, "Content-Length", proof+"\r\nContent-Length", 1)))
		require.NoError(t, err)
		n, err = client.Read(buffer)
		require.NoError(t, err)
		require.Contains(t, string(buffer[:n]), "SIP/2.0 200 OK")
		<-closed
		assert.Equal(t, 61*time.Minute, time.Since(start))
	})
}

func TestAHandshakeThatNeverComesEndsAfterTenSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, closed := serve(t, func(c net.Conn) net.Conn { return tls.Server(c, &tls.Config{}) })
		defer func() { _ = client.Close() }()
		start := time.Now()
		<-closed
		assert.Equal(t, 10*time.Second, time.Since(start))
	})
}

func TestAPeerThatDoesntReadIsLetGo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, closed := serve(t, plain)
		defer func() { _ = client.Close() }()
		start := time.Now()
		_, err := client.Write([]byte(options))
		require.NoError(t, err)
		<-closed
		assert.Equal(t, 10*time.Second, time.Since(start))
	})
}
