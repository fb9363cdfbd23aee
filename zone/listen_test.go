package zone_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/zone"
)

func TestUDPAndTCPShareAPort(t *testing.T) {
	t.Parallel()
	addresses := []string{"127.0.0.1:0", "localhost:0", ":0"}
	if probe, err := net.Listen("tcp", "[::1]:0"); err == nil { // a machine may have no IPv6
		require.NoError(t, probe.Close())
		addresses = append(addresses, "[::1]:0")
	}
	for _, address := range addresses {
		s, err := zone.New(config(fixed()))
		require.NoError(t, err)
		at, err := s.Listen(t.Context(), address)
		require.NoError(t, err, address)
		assert.NotZero(t, at.Port())
		assert.False(t, at.Addr().Is4In6())
		_, err = net.Listen("tcp", net.JoinHostPort(host(at), fmt.Sprint(at.Port())))
		assert.Error(t, err, "TCP is taken")
		_, err = net.ListenPacket("udp", net.JoinHostPort(host(at), fmt.Sprint(at.Port())))
		assert.Error(t, err, "UDP is taken")
		stop(t, s)
	}
}

func host(at netip.AddrPort) string {
	if at.Addr().IsUnspecified() {
		return ""
	}
	return at.Addr().String()
}

// stop runs a server whose time is up already, which closes its sockets.
func stop(t *testing.T, s *zone.Server) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	assert.NoError(t, s.Run(ctx))
}

func TestListenSaysWhenItCant(t *testing.T) {
	t.Parallel()
	s, err := zone.New(config(fixed()))
	require.NoError(t, err)
	for _, address := range []string{"", "127.0.0.1", "192.0.2.1:0", "127.0.0.1:notaport"} {
		_, err := s.Listen(t.Context(), address)
		assert.Error(t, err, address)
	}
	taken, err := net.Listen("tcp", "127.0.0.8:0") // an address that no other test uses, so that nobody takes the port meanwhile
	require.NoError(t, err)
	defer func() { assert.NoError(t, taken.Close()) }()
	_, err = s.Listen(t.Context(), taken.Addr().String())
	require.Error(t, err, "UDP is free there, but TCP isn't")
	packets, err := net.ListenPacket("udp", taken.Addr().String())
	require.NoError(t, err, "UDP was let go of again")
	assert.NoError(t, packets.Close())
	assert.Error(t, s.Run(t.Context()), "there is nothing to run")
}

func TestRunLetsItsSocketsGo(t *testing.T) {
	t.Parallel()
	s, err := zone.New(config(fixed("c1.sip.example.com")))
	require.NoError(t, err)
	at, err := s.Listen(t.Context(), "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	idler, err := net.Dial("tcp", at.String())
	require.NoError(t, err)
	ask(t, at.String(), question("c1.sip.example.com.", dns.TypeA))
	cancel()
	require.NoError(t, <-done, "an idle client keeps nobody waiting")
	assert.NoError(t, idler.Close())
	again, err := zone.New(config(fixed()))
	require.NoError(t, err)
	_, err = again.Listen(t.Context(), at.String())
	require.NoError(t, err)
	stop(t, again)
}

func TestAQuestionThatWasLetInIsAnswered(t *testing.T) {
	t.Parallel()
	stuck := &StuckDomains{release: make(chan struct{})}
	s, err := zone.New(config(stuck))
	require.NoError(t, err)
	at, err := s.Listen(t.Context(), "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	answers := make(chan *dns.Msg, 1)
	go func() { answers <- ask(t, at.String(), question("c1.sip.example.com.", dns.TypeA)) }()
	require.Eventually(t, func() bool { return stuck.asked.Load() == 1 }, 10*time.Second, time.Millisecond)
	cancel()
	close(stuck.release)
	assert.Equal(t, dns.RcodeSuccess, (<-answers).Rcode)
	require.NoError(t, <-done)
}

func TestALongAnswerIsCutOverUDPAndWholeOverTCP(t *testing.T) {
	t.Parallel()
	c := config(fixed("c1.sip.example.com"))
	c.Addresses = nil
	for i := range 100 {
		c.Addresses = append(c.Addresses, netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}))
	}
	at := serve(t, c)
	for _, tt := range []struct {
		edns uint16
		most int
	}{{0, 512}, {100, 512}, {512, 512}, {900, 900}, {1232, 1232}, {4096, 1232}, {65535, 1232}} {
		q := question("c1.sip.example.com.", dns.TypeA)
		if tt.edns > 0 {
			q.SetEdns0(tt.edns, false)
		}
		size, got := rawAnswer(t, at, q)
		assert.LessOrEqual(t, size, tt.most, "asked for %d", tt.edns)
		assert.True(t, got.Truncated)
		assert.Greater(t, len(got.Answer), 20, "what fits is there")
		assert.Equal(t, tt.edns > 0, got.IsEdns0() != nil)
	}
	whole := askOver(t, "tcp", at, question("c1.sip.example.com.", dns.TypeA))
	assert.Len(t, whole.Answer, 100)
	assert.False(t, whole.Truncated)
}

// rawAnswer asks over UDP and returns the answer's size in bytes, too.
func rawAnswer(t *testing.T, at string, q *dns.Msg) (int, *dns.Msg) {
	t.Helper()
	packed, err := q.Pack()
	require.NoError(t, err)
	conn, err := net.Dial("udp", at)
	require.NoError(t, err)
	defer func() { assert.NoError(t, conn.Close()) }()
	require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	_, err = conn.Write(packed)
	require.NoError(t, err)
	buffer := make([]byte, 65535)
	n, err := conn.Read(buffer)
	require.NoError(t, err)
	var got dns.Msg
	require.NoError(t, got.Unpack(buffer[:n]))
	return n, &got
}

func TestAdditionalRecordsGoFirstAndQuietly(t *testing.T) {
	t.Parallel()
	c := config(fixed("c1.sip.example.com"))
	c.Host = "pbx.sip.example.com"
	c.Addresses = nil
	for i := range 20 {
		c.Addresses = append(c.Addresses, netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}))
	}
	at := serve(t, c)
	size, got := rawAnswer(t, at, question("c1.sip.example.com.", dns.TypeNAPTR))
	assert.LessOrEqual(t, size, 512)
	assert.False(t, got.Truncated, "the answer itself is whole")
	assert.Len(t, got.Answer, 3)
	assert.Len(t, got.Extra, 3, "the SRV records fit, of the addresses not all do, so that none is there")
	_, got = rawAnswer(t, at, question("c1.sip.example.com.", dns.TypeNAPTR).SetEdns0(1232, false))
	assert.Len(t, lines(got.Extra), 23)
}

// What a forged question can turn against somebody else. The figures are in the package's comments: keep them true.
func TestAmplificationIsBounded(t *testing.T) {
	t.Parallel()
	c := config(fixed("c0123456789.sip.example.com"))
	c.Host, c.Addresses = "198.51.100.1", c.Addresses[:1]
	at := serve(t, c)
	for _, qtype := range []uint16{dns.TypeNAPTR, dns.TypeANY, dns.TypeNS, dns.TypeSOA, dns.TypeA, dns.TypeTXT, dns.TypeDNSKEY} {
		for _, q := range []*dns.Msg{question("c0123456789.sip.example.com.", qtype), question("c0123456789.sip.example.com.", qtype).SetEdns0(65535, true)} {
			size, got := rawAnswer(t, at, q)
			assert.LessOrEqual(t, size, 9*q.Len(), "%s: %d bytes for %d", dns.TypeToString[qtype], size, q.Len())
			if qtype != dns.TypeNAPTR {
				assert.LessOrEqual(t, size, 4*q.Len(), "%s: %d bytes for %d", dns.TypeToString[qtype], size, q.Len())
			}
			assert.False(t, got.Truncated)
		}
	}
}

func TestSeveralQuestionsOverOneConnection(t *testing.T) {
	t.Parallel()
	at := serve(t, config(fixed("c1.sip.example.com")))
	conn, err := dns.DialTimeout("tcp", at, 10*time.Second)
	require.NoError(t, err)
	defer func() { assert.NoError(t, conn.Close()) }()
	for range 10 {
		q := question("c1.sip.example.com.", dns.TypeNAPTR)
		require.NoError(t, conn.WriteMsg(q))
		got, err := conn.ReadMsg()
		require.NoError(t, err)
		assert.Equal(t, q.Id, got.Id)
		assert.Len(t, got.Answer, 3)
	}
}

func TestTooManyConnectionsAreClosedAndLaterOnesServed(t *testing.T) {
	t.Parallel()
	at := serve(t, config(fixed("c1.sip.example.com")))
	open := make([]net.Conn, 0, 256)
	defer func() {
		for _, conn := range open {
			_ = conn.Close()
		}
	}()
	for range 256 {
		conn, err := net.Dial("tcp", at)
		require.NoError(t, err)
		open = append(open, conn)
	}
	tooMany, err := net.Dial("tcp", at)
	require.NoError(t, err)
	defer func() { assert.NoError(t, tooMany.Close()) }()
	require.NoError(t, tooMany.SetReadDeadline(time.Now().Add(10*time.Second)))
	_, err = tooMany.Read(make([]byte, 1))
	assert.ErrorIs(t, err, io.EOF, "closed unanswered")
	assert.NoError(t, open[0].Close())
	require.Eventually(t, func() bool { // its place is free as soon as the server has noticed
		client := dns.Client{Net: "tcp", Timeout: 10 * time.Second}
		got, _, err := client.ExchangeContext(t.Context(), question("c1.sip.example.com.", dns.TypeA), at)
		return err == nil && got.Rcode == dns.RcodeSuccess
	}, 10*time.Second, 5*time.Millisecond)
	assert.Equal(t, dns.RcodeSuccess, ask(t, at, question("c1.sip.example.com.", dns.TypeA)).Rcode, "UDP is untouched")
}

func TestAClientThatSaysNothingIsCut(t *testing.T) {
	t.Parallel()
	at := serve(t, config(fixed()))
	for name, first := range map[string][]byte{"silence": nil, "half a length": {0}, "half a question": {0, 40, 1, 2, 3}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", at)
			require.NoError(t, err)
			_, err = conn.Write(first)
			require.NoError(t, err)
			require.NoError(t, conn.SetReadDeadline(time.Now().Add(30*time.Second)))
			_, err = conn.Read(make([]byte, 1))
			assert.ErrorIs(t, err, io.EOF)
			assert.NoError(t, conn.Close())
		})
	}
}

// A street of phones after a power cut: every one is answered.
func TestABurstIsAnswered(t *testing.T) {
	t.Parallel()
	domains := fixed()
	for i := range 200 {
		domains.add(fmt.Sprintf("c%d.sip.example.com", i))
	}
	at := serve(t, config(domains))
	var phones sync.WaitGroup
	for i := range 200 {
		phones.Go(func() {
			got := ask(t, at, question(fmt.Sprintf("c%d.sip.example.com.", i), dns.TypeNAPTR))
			assert.Len(t, got.Answer, 3)
		})
	}
	phones.Wait()
}
