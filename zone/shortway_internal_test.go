package zone

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var stranger = netip.MustParseAddr("198.51.100.7") // of the tests' questions

func packed(tb testing.TB, m *dns.Msg) []byte {
	tb.Helper()
	wire, err := m.Pack()
	require.NoError(tb, err)
	return wire
}

// The short way and the long way give the same answer to every question.
func TestBothWaysAnswerAlike(t *testing.T) {
	t.Parallel()
	s := testServer(t, manyDomains(1))
	for _, name := range []string{"c0.sip.example.com.", "C0.siP.example.com.", "_sips._tcp.c0.sip.example.com.", "_tcp.c0.sip.example.com.", "x.c0.sip.example.com.", "no.sip.example.com.",
		"sip.example.com.", "edge.sip.example.com.", "example.org.", `a\.b.sip.example.com.`, "."} {
		for _, qtype := range []uint16{dns.TypeNAPTR, dns.TypeSRV, dns.TypeA, dns.TypeAAAA, dns.TypeSOA, dns.TypeNS, dns.TypeANY, dns.TypeDS, dns.TypeDNSKEY, dns.TypeCAA, 65280} {
			for _, q := range []*dns.Msg{new(dns.Msg).SetQuestion(name, qtype), new(dns.Msg).SetQuestion(name, qtype).SetEdns0(1232, true), new(dns.Msg).SetQuestion(name, qtype).SetEdns0(512, false)} {
				q.CheckingDisabled = qtype == dns.TypeA
				long := &recorder{peer: &net.UDPAddr{IP: stranger.AsSlice(), Port: 53}}
				s.serve(t.Context(), long, q)
				short, done := s.made(t.Context(), packed(t, q), stranger)
				if !done {
					continue
				}
				var a, b dns.Msg
				require.NoError(t, a.Unpack(long.sent))
				require.NoError(t, b.Unpack(short))
				a.Compress, b.Compress = false, false
				b.Id = a.Id
				assert.Equal(t, dns.CanonicalName(a.String()), dns.CanonicalName(b.String()))
				assert.Equal(t, q.Question, b.Question, "the spelling is kept")
				again, ready := s.ready(nil, packed(t, q), stranger)
				if ready {
					assert.Equal(t, short, again)
				}
			}
		}
	}
}

func TestWhatWasAskedBeforeIsReady(t *testing.T) { // not in parallel: it counts allocations
	domains := manyDomains(1)
	s := testServer(t, domains)
	s.cookies = newCookies([]byte("0123456789abcdef"), time.Now)
	q := packed(t, new(dns.Msg).SetQuestion("_sips._tcp.c0.sip.example.com.", dns.TypeSRV).SetEdns0(1232, false))
	_, ready := s.ready(nil, q, stranger)
	assert.False(t, ready, "nobody has asked")
	_, done := s.made(t.Context(), q, stranger)
	require.True(t, done)
	buffer := make([]byte, 0, 4096)
	assert.Zero(t, testing.AllocsPerRun(100, func() { _, ready = s.ready(buffer, q, stranger) }), "it costs no memory")
	assert.True(t, ready)
	assert.Equal(t, int64(1), domains.reads.Load())

	withCookie := new(dns.Msg).SetQuestion("_SIPS._tcp.c0.sip.example.com.", dns.TypeSRV).SetEdns0(1232, false)
	withCookie.IsEdns0().Option = []dns.EDNS0{&dns.EDNS0_COOKIE{Code: dns.EDNS0COOKIE, Cookie: "2464c4abcf10c957"}}
	answer, ready := s.ready(nil, packed(t, withCookie), stranger)
	require.True(t, ready)
	var got dns.Msg
	require.NoError(t, got.Unpack(answer))
	require.Len(t, got.IsEdns0().Option, 1)
	cookie := got.IsEdns0().Option[0].(*dns.EDNS0_COOKIE).Cookie
	assert.Len(t, cookie, 48)
	assert.Equal(t, "2464c4abcf10c957", cookie[:16])
}

// What somebody's flood loses, whoever shows a cookie and whoever comes over TCP still gets.
func TestAFloodIsCutShort(t *testing.T) {
	t.Parallel()
	s := testServer(t, manyDomains(1))
	s.limiter, s.cookies = newLimiter(1), newCookies([]byte("0123456789abcdef"), time.Now)
	q := new(dns.Msg).SetQuestion("c0.sip.example.com.", dns.TypeA).SetEdns0(1232, false)
	var whole, cut, silent int
	for range 100 {
		answer, done := s.made(t.Context(), packed(t, q), stranger)
		require.True(t, done)
		var got dns.Msg
		switch {
		case len(answer) == 0:
			silent++
		case got.Unpack(answer) == nil && got.Truncated:
			assert.Empty(t, got.Answer)
			assert.LessOrEqual(t, len(answer), len(packed(t, q)), "no longer than the question")
			cut++
		default:
			whole++
		}
	}
	assert.InDelta(t, 10, whole, 1)
	assert.InDelta(t, 45, cut, 2)
	assert.InDelta(t, 45, silent, 2)
	w := &recorder{peer: &net.TCPAddr{IP: stranger.AsSlice(), Port: 1}}
	s.serve(t.Context(), w, q)
	assert.NotEmpty(t, w.sent)

	shown := s.cookies.answer(nil, []byte("12345678"), stranger)
	for range 100 {
		to := appendCookie(packed(t, q), shown)
		answer, done := s.made(t.Context(), to, stranger)
		require.True(t, done)
		require.NotEmpty(t, answer)
	}
}

// appendCookie adds the option to a packet that ends with an OPT record without options.
func appendCookie(packet, cookie []byte) []byte {
	size := byte(len(cookie))
	packet[len(packet)-1] = optionHead + size
	return append(append(packet, 0, dns.EDNS0COOKIE, 0, size), cookie...)
}

// FuzzDatagram sends raw packets the way that UDP takes; both ways have to survive them, and what they answer can be read.
func FuzzDatagram(f *testing.F) {
	for _, name := range []string{"c0.sip.example.com.", "_sips._tcp.C0.SIP.example.com.", "no.sip.example.com.", "."} {
		m := new(dns.Msg).SetQuestion(name, dns.TypeSRV)
		f.Add(packed(f, m))
		plain := packed(f, m.SetEdns0(1232, true))
		f.Add(plain)
		f.Add(appendCookie(plain, []byte("12345678")))
	}
	f.Add([]byte("\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\xc0\x0c\x00\x01\x00\x01"))
	s := testServer(f, manyDomains(1))
	s.cookies = newCookies([]byte("0123456789abcdef"), time.Now)
	f.Fuzz(func(t *testing.T, packet []byte) {
		for _, way := range []func() ([]byte, bool){
			func() ([]byte, bool) { return s.made(t.Context(), packet, stranger) },
			func() ([]byte, bool) { return s.ready(nil, packet, stranger) },
		} {
			answer, done := way()
			if !done || len(answer) == 0 {
				continue
			}
			var asked, got dns.Msg
			require.NoError(t, got.Unpack(answer), "an answer that can be read")
			require.LessOrEqual(t, len(answer), maxUDP)
			if asked.Unpack(packet) == nil {
				require.Equal(t, asked.Id, got.Id)
				require.Equal(t, asked.Question, got.Question)
			}
		}
	})
}
