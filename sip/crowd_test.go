package sip_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/sip"
)

// halfOpen is how many connections are opened and left alone; DIALTONE_HALF_OPEN says how many instead.
func halfOpen(t *testing.T) int {
	t.Helper()
	if text := os.Getenv("DIALTONE_HALF_OPEN"); text != "" {
		n, err := strconv.Atoi(text)
		require.NoError(t, err)
		return n
	}
	return 1200
}

// TestAPhoneRegistersBesideThousandsThatSayNothing opens more connections than there is room for, from many addresses, and never ends a handshake.
func TestAPhoneRegistersBesideThousandsThatSayNothing(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"tls", "dtls"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			core := newFixedCore()
			server := newServer(t, core, func(c *sip.Config) { c.TLS, c.MaxConnections, c.MaxConnectionsPerAddress = certificate(t), 600, 200 })
			addresses := run(t, server, sip.Listen{TLS: "127.0.0.1:0", DTLS: "127.0.0.1:0"})
			hello := clientHello(t, transport)
			slowest := time.Duration(0)
			count := halfOpen(t)
			for i := range count {
				stranger := strangerDials(t, transport, addresses, i)
				_, _ = stranger.Write(hello)
				t.Cleanup(func() { _ = stranger.Close() })
				if i%200 == 199 {
					start := time.Now()
					conn := dial(t, transport, addresses)
					nonce := noncePattern.FindStringSubmatch(exchange(t, conn, register{}.text("")))[1]
					require.Contains(t, exchange(t, conn, register{callID: fmt.Sprint(i)}.text(nonce)), "SIP/2.0 200 OK")
					slowest = max(slowest, time.Since(start))
				}
			}
			t.Logf("%d half-open over %s: the slowest registration took %v", count, transport, slowest)
			assert.Less(t, slowest, 5*time.Second)
		})
	}
}

// strangerDials connects from one of many addresses of this host.
func strangerDials(t *testing.T, transport string, addresses sip.Addresses, i int) net.Conn {
	t.Helper()
	from := net.IPv4(127, 0, 1, byte(1+i%200))
	dialer, network, to := net.Dialer{LocalAddr: &net.TCPAddr{IP: from}}, "tcp", addresses.TLS
	if transport == "dtls" {
		dialer, network, to = net.Dialer{LocalAddr: &net.UDPAddr{IP: from}}, "udp", addresses.DTLS
	}
	conn, err := dialer.DialContext(t.Context(), network, to.String())
	require.NoError(t, err)
	return conn
}

// clientHello returns what a client says first.
func clientHello(t *testing.T, transport string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if transport == "tls" {
		ours, theirs := net.Pipe()
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = tls.Client(theirs, &tls.Config{InsecureSkipVerify: true}).HandshakeContext(ctx)
		}()
		buffer := make([]byte, 4096)
		n, err := ours.Read(buffer)
		require.NoError(t, err)
		_ = ours.Close()
		<-ended
		return buffer[:n]
	}
	listener, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	to, _ := listener.LocalAddr().(*net.UDPAddr)
	client, err := dtls.DialWithOptions("udp", to, dtls.WithInsecureSkipVerify(true))
	require.NoError(t, err)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = client.HandshakeContext(ctx)
	}()
	buffer := make([]byte, 4096)
	n, _, err := listener.ReadFrom(buffer)
	require.NoError(t, err)
	cancel()
	<-ended
	_ = client.Close()
	require.False(t, strings.HasPrefix(string(buffer[:n]), "\x00"))
	return buffer[:n]
}
