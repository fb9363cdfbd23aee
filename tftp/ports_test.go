package tftp_test

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/tftp"
)

func TestPacketsFromAnotherPortAreWrongAndDisturbNothing(t *testing.T) {
	t.Parallel()
	for _, single := range []bool{false, true} {
		server := start(t, tftp.Config{Core: FixedCore{"f": bytesOf(1000)}, Timeout: time.Minute, SinglePort: single})
		p := newPeer(t, server)
		p.send(ask("f", "octet", "tsize", "0"))
		p.receive()
		stranger := newPeer(t, p.port)
		for _, packet := range []string{"\x00\x04\x00\x00", "\x00\x04\x00\x01", "\x00\x03\x00\x01data", "\x00\x06tsize\x000\x00"} {
			stranger.send(packet)
			assert.Equal(t, "\x00\x05\x00\x05unknown transfer\x00", stranger.receive())
		}
		stranger.send("\x00\x05\x00\x00stop\x00")
		stranger.send("\x00")
		p.send("\x00\x04\x00\x00")
		assert.Equal(t, "\x00\x03\x00\x01", p.receive()[:4])
		p.send("\x00\x04\x00\x01")
		assert.Equal(t, "\x00\x03\x00\x02", p.receive()[:4])
		p.send("\x00\x04\x00\x02")
		assert.Empty(t, p.waiting())
		assert.Empty(t, stranger.waiting())
	}
}

func TestAStrangerThatIsGoneDisturbsNothing(t *testing.T) {
	t.Parallel()
	p := newPeer(t, start(t, tftp.Config{Core: FixedCore{"f": bytesOf(1000)}, Timeout: time.Minute}))
	p.send(ask("f", "octet", "tsize", "0"))
	p.receive()
	stranger := newPeer(t, p.port)
	for range 5 {
		stranger.send("\x00\x04\x00\x00")
	}
	require.NoError(t, stranger.conn.Close()) // what is sent to it comes back as undelivered
	p.send("\x00\x04\x00\x00")
	assert.Equal(t, "\x00\x03\x00\x01", p.receive()[:4])
	p.send("\x00\x04\x00\x01")
	assert.Equal(t, "\x00\x03\x00\x02", p.receive()[:4])
	p.send("\x00\x04\x00\x02")
}

func TestStrangersAreToldABoundedNumberOfTimes(t *testing.T) {
	t.Parallel()
	p := newPeer(t, start(t, tftp.Config{Core: FixedCore{"f": bytesOf(10)}, Timeout: time.Minute}))
	p.send(ask("f", "octet", "tsize", "0"))
	p.receive()
	stranger := newPeer(t, p.port)
	for range 40 {
		stranger.send("\x00\x04\x00\x00")
	}
	p.send("\x00\x04\x00\x00") // the 40 are taken before this
	p.receive()
	assert.Len(t, stranger.waiting(), 16)
	p.send("\x00\x04\x00\x01")
}

func TestASinglePortSendsEverythingFromWhereItWasAsked(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ listen, asked string }{
		{"127.0.0.1:0", "127.0.0.1"}, {"0.0.0.0:0", "127.0.0.77"}, {"[::]:0", "127.0.0.77"},
	} {
		at := startAt(t, tftp.Config{Core: FixedCore{"f": bytesOf(600)}, SinglePort: true, Timeout: time.Minute}, test.listen)
		asked := netip.AddrPortFrom(netip.MustParseAddr(test.asked), at.Port())
		p := newPeer(t, asked)
		for _, step := range []struct{ send, want string }{
			{ask("f", "octet", "tsize", "0"), "\x00\x06ts"}, {"\x00\x04\x00\x00", "\x00\x03\x00\x01"}, {"\x00\x04\x00\x01", "\x00\x03\x00\x02"},
		} {
			p.send(step.send)
			assert.Equal(t, step.want, p.receive()[:4])
			assert.Equal(t, asked, p.port, test.listen)
		}
		p.send("\x00\x04\x00\x02")
		q := newPeer(t, asked)
		for _, request := range []string{ask("nothing", "octet"), "\x00\x02f\x00octet\x00", "\x00\x01"} {
			q.send(request)
			assert.Equal(t, "\x00\x05", q.receive()[:2])
			assert.Equal(t, asked, q.port, test.listen)
		}
	}
}

func TestASinglePortTellsTransfersApart(t *testing.T) {
	t.Parallel()
	server := start(t, tftp.Config{Core: files(2000), SinglePort: true, Timeout: time.Minute})
	peers := make([]*peer, 20)
	for i := range peers {
		peers[i] = newPeer(t, server)
		peers[i].send(ask(long+"f2000", "octet"))
	}
	for block := 1; block <= 4; block++ {
		for _, p := range peers {
			assert.Equal(t, "\x00\x03\x00"+string([]byte{byte(block)}), p.receive()[:4])
			p.acknowledge(block)
		}
	}
}

func TestANewRequestFromTheSamePortEndsTheOldTransfer(t *testing.T) {
	t.Parallel()
	log := make(Log, 100)
	p := newPeer(t, start(t, tftp.Config{Core: files(2000), SinglePort: true, Timeout: time.Minute, Logger: slog.New(log)}))
	p.send(ask(long+"f2000", "octet"))
	p.numbers(1)
	p.acknowledge(1)
	p.numbers(1)
	p.send(ask(long+"f2000", "octet"))
	assert.Equal(t, []int{1}, p.numbers(1))
	assert.ErrorContains(t, errorOf(log.next(t)), "something else from the same port")
	for block := 1; block < 4; block++ {
		p.acknowledge(block)
		assert.Equal(t, []int{block + 1}, p.numbers(1))
	}
	p.acknowledge(4)
	assert.NoError(t, errorOf(log.next(t)))
}

func TestASinglePortIgnoresNoise(t *testing.T) {
	t.Parallel()
	p := newPeer(t, start(t, tftp.Config{Core: FixedCore{"f": []byte("x")}, SinglePort: true}))
	for _, packet := range []string{
		"", "\x00", "\x01", "\x00\x00", "\x00\x03", "\x00\x04\x00", "\x00\x05\x00\x01no\x00", "\x00\x00\x00\x00", "\x00\x07\x00\x00", "\xff\xff\xff\xff",
		strings.Repeat("\xff", 2000),
	} {
		p.send(packet)
	}
	p.send(ask("f", "octet"))
	assert.Equal(t, "\x00\x03\x00\x01x", p.receive(), "the first answer is that to the only request")
	p.send("\x00\x04\x00\x01")
}

func TestASinglePortFinishesTransfersAtTheEnd(t *testing.T) {
	t.Parallel()
	server, err := tftp.New(tftp.Config{Core: FixedCore{"f": bytesOf(700)}, SinglePort: true, Timeout: time.Minute})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	address, err := server.Listen(ctx, "127.0.0.1:0")
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	p := newPeer(t, address)
	p.send(ask("f", "octet", "tsize", "0"))
	p.receive()
	cancel()
	p.acknowledge(0)
	assert.Equal(t, []int{1}, p.numbers(1))
	p.acknowledge(1)
	assert.Equal(t, []int{2}, p.numbers(1))
	p.acknowledge(2)
	assert.NoError(t, <-ended)
}

func TestIPv6(t *testing.T) {
	t.Parallel()
	conn, err := net.ListenUDP("udp6", &net.UDPAddr{IP: net.IPv6loopback})
	if err != nil {
		t.Skip("this machine has no IPv6")
	}
	require.NoError(t, conn.Close())
	for _, config := range []tftp.Config{{}, {SinglePort: true}} {
		config.Core, config.Timeout = FixedCore{"f": bytesOf(600)}, time.Minute
		for _, listen := range []string{"[::1]:0", "[::]:0"} {
			at := startAt(t, config, listen)
			conn, err := net.ListenUDP("udp6", &net.UDPAddr{IP: net.IPv6loopback})
			require.NoError(t, err)
			t.Cleanup(func() { _ = conn.Close() })
			p := &peer{t: t, conn: conn, to: net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.IPv6Loopback(), at.Port()))}
			p.send(ask("f", "octet", "tsize", "0"))
			assert.Equal(t, "\x00\x06tsize\x00600\x00", p.receive())
			p.acknowledge(0)
			assert.Equal(t, []int{1}, p.numbers(1))
			p.acknowledge(1)
			assert.Equal(t, []int{2}, p.numbers(1))
			p.acknowledge(2)
		}
	}
}

func TestAnIPv6PeerThatIsGoneEndsTheTransfer(t *testing.T) {
	t.Parallel()
	conn, err := net.ListenUDP("udp6", &net.UDPAddr{IP: net.IPv6loopback})
	if err != nil {
		t.Skip("this machine has no IPv6")
	}
	log := make(Log, 100)
	at := startAt(t, tftp.Config{Core: FixedCore{"f": []byte("x")}, Logger: slog.New(log), Timeout: 50 * time.Millisecond}, "[::1]:0")
	p := &peer{t: t, conn: conn, to: net.UDPAddrFromAddrPort(at)}
	p.send(ask("f", "octet", "tsize", "0"))
	p.receive()
	require.NoError(t, conn.Close())
	assert.ErrorContains(t, errorOf(log.next(t)), "connection refused")
}
