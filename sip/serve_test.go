package sip_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/fault"
	"dialtone/provisioning"
	"dialtone/sip"
)

// patience bounds how long a test waits for what must come. Nothing takes that long unless it is broken.
const patience = 20 * time.Second

// run listens, serves until the test ends, and checks that the end is clean.
func run(t testing.TB, server *sip.Server, at sip.Listen) sip.Addresses {
	t.Helper()
	addresses, err := server.Listen(t.Context(), at)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
	})
	return addresses
}

// dial connects over a transport.
func dial(t testing.TB, transport string, addresses sip.Addresses) net.Conn {
	t.Helper()
	var conn net.Conn
	var err error
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	switch transport {
	case "udp":
		conn, err = net.Dial("udp", addresses.UDP.String())
	case "tcp":
		conn, err = net.Dial("tcp", addresses.TCP.String())
	case "tls":
		dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}
		conn, err = dialer.DialContext(ctx, "tcp", addresses.TLS.String())
	case "dtls":
		var secured *dtls.Conn
		secured, err = dtls.DialWithOptions("udp", net.UDPAddrFromAddrPort(addresses.DTLS), dtls.WithInsecureSkipVerify(true))
		if err == nil {
			err = secured.HandshakeContext(ctx)
		}
		conn = secured
	}
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	return conn
}

// exchange sends a message and returns what comes back.
func exchange(t testing.TB, conn net.Conn, text string) string {
	t.Helper()
	_, err := conn.Write([]byte(text))
	require.NoError(t, err)
	return receive(t, conn)
}

func receive(t testing.TB, conn net.Conn) string {
	t.Helper()
	buffer := make([]byte, 16<<10)
	n, err := conn.Read(buffer)
	require.NoError(t, err)
	return string(buffer[:n])
}

// assertGone waits for the server to close the connection.
func assertGone(t *testing.T, conn net.Conn) {
	t.Helper()
	_, err := conn.Read(make([]byte, 1))
	require.Error(t, err)
	assert.NotErrorIs(t, err, os.ErrDeadlineExceeded, "it is still open")
}

// certificate makes a self-signed one.
func certificate(t testing.TB) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "pbx"}, DNSNames: []string{"pbx.example.net"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

var everywhere = sip.Listen{UDP: "127.0.0.1:0", TCP: "127.0.0.1:0", TLS: "127.0.0.1:0", DTLS: "127.0.0.1:0"}

func TestPhonesRegisterOverEveryTransport(t *testing.T) {
	t.Parallel()
	core := newFixedCore()
	server := newServer(t, core, func(c *sip.Config) { c.TLS = certificate(t) })
	addresses := run(t, server, everywhere)
	assert.Equal(t, addresses.UDP, addresses.TCP, "one port for both")
	for _, transport := range []string{"udp", "tcp", "tls", "dtls"} {
		conn := dial(t, transport, addresses)
		challenge := exchange(t, conn, register{}.text(""))
		require.True(t, strings.HasPrefix(challenge, "SIP/2.0 401 Unauthorized\r\n"), "%s: %s", transport, challenge)
		nonce := noncePattern.FindStringSubmatch(challenge)[1]
		ok := exchange(t, conn, register{}.text(nonce))
		assert.True(t, strings.HasPrefix(ok, "SIP/2.0 200 OK\r\n"), "%s: %s", transport, ok)
		local := netip.MustParseAddrPort(conn.LocalAddr().String())
		assert.Contains(t, ok, ";received=127.0.0.1;rport="+itoa(int(local.Port())))
		got := core.last(t)
		assert.Equal(t, transport, got.Transport)
		if transport != "dtls" { // pion's client binds to all addresses
			assert.Equal(t, local, got.Source)
		}
	}
}

func TestAPrivateKeyForDTLSMayComeFromGetCertificate(t *testing.T) {
	t.Parallel()
	config := certificate(t)
	dynamic := &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &config.Certificates[0], nil }}
	addresses := run(t, newServer(t, newFixedCore(), func(c *sip.Config) { c.TLS = dynamic }), sip.Listen{TLS: "127.0.0.1:0", DTLS: "127.0.0.1:0"})
	for _, transport := range []string{"tls", "dtls"} {
		assert.Contains(t, exchange(t, dial(t, transport, addresses), message("OPTIONS", "l: 0\r\n")), "SIP/2.0 200 OK", transport)
	}
}

func TestTLSOverIPv6IsPlainSIP(t *testing.T) {
	t.Parallel()
	server := newServer(t, newFixedCore(), func(c *sip.Config) { c.TLS = certificate(t) })
	if probe, err := net.Listen("tcp", "[::1]:0"); err != nil {
		t.Skip("no IPv6 here")
	} else {
		_ = probe.Close()
	}
	addresses := run(t, server, sip.Listen{UDP: "[::1]:0", TCP: "[::1]:0", TLS: "[::1]:0", DTLS: "[::1]:0"})
	for _, transport := range []string{"udp", "tcp", "tls", "dtls"} {
		assert.Contains(t, exchange(t, dial(t, transport, addresses), message("OPTIONS", "l: 0\r\n")), "SIP/2.0 200 OK", transport)
	}
}

func TestAStreamIsCutIntoMessages(t *testing.T) {
	t.Parallel()
	server := newServer(t, newFixedCore())
	conn := dial(t, "tcp", run(t, server, sip.Listen{TCP: "127.0.0.1:0"}))
	options := message("OPTIONS", "Content-Length: 4\r\n") + "body"

	for i := range len(options) {
		_, err := conn.Write([]byte(options[i : i+1]))
		require.NoError(t, err)
	}
	assert.Contains(t, receive(t, conn), "SIP/2.0 200 OK")

	assert.Equal(t, "\r\n", exchange(t, conn, "\r\n\r\n"), "a keep-alive is answered")
	_, err := conn.Write([]byte("\r\n" + options + "\r\n" + options + options[:10]))
	require.NoError(t, err)
	got := ""
	for strings.Count(got, "\r\n\r\n") < 2 {
		got += receive(t, conn)
	}
	assert.Equal(t, 2, strings.Count(got, "SIP/2.0 200 OK"))
	assert.Contains(t, exchange(t, conn, options[10:]), "SIP/2.0 200 OK")

	_, err = conn.Write([]byte("this is not SIP\r\n\r\n" + options))
	require.NoError(t, err)
	assert.Contains(t, receive(t, conn), "SIP/2.0 200 OK", "what can't be read is passed over when its end is known")
}

func TestAStreamWithoutFramingIsClosed(t *testing.T) {
	t.Parallel()
	addresses := run(t, newServer(t, newFixedCore()), sip.Listen{TCP: "127.0.0.1:0"})
	for name, text := range map[string]string{
		"endless line":     strings.Repeat("x", 20_000),
		"length too large": message("OPTIONS", "Content-Length: 60000\r\n"),
		"negative length":  message("OPTIONS", "Content-Length: -1\r\n"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := dial(t, "tcp", addresses)
			_, err := conn.Write([]byte(text))
			require.NoError(t, err)
			assertGone(t, conn)
		})
	}
}

func TestRubbishOnUDPIsPassedOver(t *testing.T) {
	t.Parallel()
	conn := dial(t, "udp", run(t, newServer(t, newFixedCore()), sip.Listen{UDP: "127.0.0.1:0"}))
	for _, text := range []string{
		"", "\r\n\r\n", "\x00\x00\x00\x00", "rubbish", "SIP/2.0 200 OK\r\n\r\n", strings.Repeat("x", 60_000),
		message("OPTIONS", "X: "+strings.Repeat("x", 17_000)+"\r\n"), "OPTIONS sip:a SIP/2.0\r\n\r\n",
	} {
		_, err := conn.Write([]byte(text))
		require.NoError(t, err)
	}
	assert.Contains(t, exchange(t, conn, message("OPTIONS", "X-Large: "+strings.Repeat("x", 15_000)+"\r\n")), "SIP/2.0 200 OK", "the first answer is to the last message")
}

func TestConnectionsHaveALimit(t *testing.T) {
	t.Parallel()
	server := newServer(t, newFixedCore(), func(c *sip.Config) { c.MaxConnectionsPerAddress = 2 })
	addresses := run(t, server, sip.Listen{TCP: "127.0.0.1:0"})
	for range 2 {
		assert.Contains(t, exchange(t, dial(t, "tcp", addresses), message("OPTIONS", "l: 0\r\n")), "200 OK")
	}
	assertGone(t, dial(t, "tcp", addresses))
}

func TestListenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := newServer(t, newFixedCore()).Listen(t.Context(), sip.Listen{TLS: "127.0.0.1:0"})
	assert.True(t, fault.Is(err, fault.Invalid), "%v", err)
	_, err = newServer(t, newFixedCore()).Listen(t.Context(), sip.Listen{UDP: "127.0.0.1:0", DTLS: "127.0.0.1:0"})
	assert.True(t, fault.Is(err, fault.Invalid), "%v", err)

	// Some other program's client may have the same port for UDP, on all addresses: then it says nothing, and another port is tried.
	const ports = 20
	left := 0
	for range ports {
		if leavesAnythingOpen(t) {
			left++
		}
	}
	assert.Less(t, left, ports, "nothing is left open")
}

// leavesAnythingOpen lets a server listen where TCP is taken, and reports whether the UDP socket that it opened first is still there.
func leavesAnythingOpen(t *testing.T) bool {
	t.Helper()
	taken, err := net.Listen("tcp", "127.0.0.7:0")
	require.NoError(t, err)
	defer func() { _ = taken.Close() }()
	at := taken.Addr().String()
	_, err = newServer(t, newFixedCore()).Listen(t.Context(), sip.Listen{UDP: at, TCP: at})
	require.Error(t, err)
	if !strings.Contains(err.Error(), "TCP on "+at) {
		return true // UDP was somebody else's
	}
	free, err := net.ListenPacket("udp", at)
	if err != nil {
		return true
	}
	_ = free.Close()
	return false
}

// SlowCore holds requests back until it is told to let them go.
type SlowCore struct {
	*FixedCore
	entered, release chan struct{}
}

func (c SlowCore) Register(ctx context.Context, r provisioning.RegisterRequest) ([]provisioning.Binding, error) {
	c.entered <- struct{}{}
	<-c.release
	return c.FixedCore.Register(ctx, r)
}

func TestStoppingAnswersWhatHasArrived(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"udp", "tcp", "tls", "dtls"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			core := SlowCore{newFixedCore(), make(chan struct{}), make(chan struct{})}
			server := newServer(t, core, func(c *sip.Config) { c.TLS = certificate(t) })
			addresses, err := server.Listen(t.Context(), everywhere)
			require.NoError(t, err)
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- server.Run(ctx) }()
			conn := dial(t, transport, addresses)
			nonce := noncePattern.FindStringSubmatch(exchange(t, conn, register{}.text("")))[1]
			answer := make(chan string, 1)
			go func() { // before the end comes: a DTLS client that reads after it has seen that sees no more
				buffer := make([]byte, 65535)
				n, _ := conn.Read(buffer)
				answer <- string(buffer[:n])
			}()
			_, err = conn.Write([]byte(register{}.text(nonce)))
			require.NoError(t, err)
			<-core.entered
			cancel()
			close(core.release)
			require.NoError(t, <-ended)
			assert.Contains(t, <-answer, "SIP/2.0 200 OK")
		})
	}
}

func TestRunWithNothingToServeEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	server := newServer(t, newFixedCore())
	addresses, err := server.Listen(t.Context(), sip.Listen{UDP: "127.0.0.1:0", TCP: "127.0.0.1:0"})
	require.NoError(t, err)
	require.NoError(t, server.Run(ctx))
	again, err := net.Listen("tcp", addresses.TCP.String())
	require.NoError(t, err, "the sockets are closed")
	_ = again.Close()
}

// PanickingCore breaks its promise.
type PanickingCore struct{ *FixedCore }

func (PanickingCore) Register(context.Context, provisioning.RegisterRequest) ([]provisioning.Binding, error) {
	panic("a bug")
}

func TestAPanicEndsOneMessageOnly(t *testing.T) {
	t.Parallel()
	conn := dial(t, "udp", run(t, newServer(t, PanickingCore{newFixedCore()}), sip.Listen{UDP: "127.0.0.1:0"}))
	nonce := noncePattern.FindStringSubmatch(exchange(t, conn, register{}.text("")))[1]
	_, err := conn.Write([]byte(register{}.text(nonce)))
	require.NoError(t, err)
	assert.Contains(t, exchange(t, conn, message("OPTIONS", "")), "SIP/2.0 200 OK")
}

func TestSTUNIsAnsweredBesideSIP(t *testing.T) {
	t.Parallel()
	conn := dial(t, "udp", run(t, newServer(t, newFixedCore()), sip.Listen{UDP: "127.0.0.1:0"}))
	answer := exchange(t, conn, "\x00\x01\x00\x00\x21\x12\xa4\x42abcdefghijkl")
	assert.Equal(t, "\x01\x01\x00\x0c\x21\x12\xa4\x42abcdefghijkl\x00\x20\x00\x08\x00\x01", answer[:26])
	assert.Contains(t, exchange(t, conn, message("OPTIONS", "")), "SIP/2.0 200 OK")
}
