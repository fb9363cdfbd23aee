package zone

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// countedDomains has the domains c0 to c<n-1>, as a store with an index has them, and counts its reads.
type countedDomains struct {
	exists map[string]struct{}
	reads  atomic.Int64
}

func manyDomains(n int) *countedDomains {
	d := &countedDomains{exists: make(map[string]struct{}, n)}
	for i := range n {
		d.exists[fmt.Sprintf("c%d.sip.example.com", i)] = struct{}{}
	}
	return d
}

func (d *countedDomains) AnyTenantHasSIPDomain(_ context.Context, domain string) (bool, error) {
	d.reads.Add(1)
	_, ok := d.exists[domain]
	return ok, nil
}

// recorder is the client's end without a socket.
type recorder struct {
	peer net.Addr
	sent []byte
}

func (r *recorder) WriteMsg(m *dns.Msg) error {
	packed, err := m.Pack()
	r.sent = packed
	return err
}
func (r *recorder) Write(b []byte) (int, error) { r.sent = b; return len(b), nil }
func (r *recorder) LocalAddr() net.Addr         { return r.peer }
func (r *recorder) RemoteAddr() net.Addr        { return r.peer }
func (r *recorder) Close() error                { return nil }
func (r *recorder) TsigStatus() error           { return nil }
func (r *recorder) TsigTimersOnly(bool)         {}
func (r *recorder) Hijack()                     {}

func testServer(tb testing.TB, domains Domains) *Server {
	tb.Helper()
	s, err := New(Config{
		Parent: "sip.example.com", Domains: domains, Host: "198.51.100.1", Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.7")},
		Ports: Ports{UDP: 5060, TCP: 5060, TLS: 5061}, Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(tb, err)
	return s
}

// The cost of an answer mustn't grow with the number of domains: the same work and the same single read, however many there are.
func TestCostDoesntGrowWithTheNumberOfDomains(t *testing.T) {
	work := func(n int) (allocations float64, reads int64) {
		domains := manyDomains(n)
		s := testServer(t, domains)
		q := new(dns.Msg).SetQuestion(fmt.Sprintf("c%d.sip.example.com.", n-1), dns.TypeNAPTR)
		w := &recorder{peer: &net.UDPAddr{}}
		allocations = testing.AllocsPerRun(100, func() { s.serve(t.Context(), w, q) })
		var got dns.Msg
		require.NoError(t, got.Unpack(w.sent))
		require.Len(t, got.Answer, 3)
		return allocations, domains.reads.Load()
	}
	one, reads := work(1)
	assert.Equal(t, int64(1), reads)
	many, reads := work(50_000)
	assert.Equal(t, int64(1), reads)
	assert.InDelta(t, one, many, 2)
}

func TestDomainsReadsInBoundedNumber(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := &gatedDomains{gate: make(chan struct{})}
		d := newDomains(source, "sip.example.com", time.Now)
		var asking sync.WaitGroup
		var failed atomic.Int64
		for i := range 4096 {
			asking.Go(func() {
				if _, err := d.has(t.Context(), fmt.Sprintf("c%d", i)); err != nil {
					failed.Add(1)
				}
			})
		}
		synctest.Wait()
		assert.Equal(t, int64(16), source.inside.Load(), "reads at once")
		_, err := d.has(t.Context(), "one-more")
		assert.ErrorIs(t, err, errBusy, "it isn't kept waiting")
		close(source.gate)
		asking.Wait()
		assert.Zero(t, failed.Load())
		_, err = d.has(t.Context(), "one-more")
		assert.NoError(t, err, "there are places again")
	})
}

// gatedDomains holds every read until its gate opens.
type gatedDomains struct {
	gate   chan struct{}
	inside atomic.Int64
}

func (g *gatedDomains) AnyTenantHasSIPDomain(ctx context.Context, _ string) (bool, error) {
	g.inside.Add(1)
	defer g.inside.Add(-1)
	select {
	case <-g.gate:
		return true, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

func TestDomainsShareOneRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := &gatedDomains{gate: make(chan struct{})}
		d := newDomains(source, "sip.example.com", time.Now)
		var asking sync.WaitGroup
		for range 100 {
			asking.Go(func() {
				exists, err := d.has(t.Context(), "c1")
				assert.NoError(t, err)
				assert.True(t, exists)
			})
		}
		synctest.Wait()
		assert.Equal(t, int64(1), source.inside.Load())
		close(source.gate)
		asking.Wait()
	})
}

func TestDomainsGiveUpAfterTwoSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDomains(&gatedDomains{gate: make(chan struct{})}, "sip.example.com", time.Now)
		began := time.Now()
		_, err := d.has(t.Context(), "c1")
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 2*time.Second, time.Since(began))
	})
}

func TestStrangersCantFillTheMemory(t *testing.T) {
	d := newDomains(manyDomains(1), "sip.example.com", time.Now)
	for i := range 300_000 {
		_, err := d.has(t.Context(), fmt.Sprintf("x%d", i))
		require.NoError(t, err)
	}
	d.cache.CleanUp()
	assert.LessOrEqual(t, d.cache.EstimatedSize(), 100_000)
}

type panickingDomains struct{}

func (panickingDomains) AnyTenantHasSIPDomain(context.Context, string) (bool, error) { panic("bug") }

func TestABugCostsOneAnswer(t *testing.T) {
	t.Parallel()
	s := testServer(t, panickingDomains{})
	w := &recorder{peer: &net.UDPAddr{}}
	assert.NotPanics(t, func() { s.serve(t.Context(), w, new(dns.Msg).SetQuestion("c1.sip.example.com.", dns.TypeA)) })
	assert.Empty(t, w.sent)
	s.serve(t.Context(), w, new(dns.Msg).SetQuestion("ns.sip.example.com.", dns.TypeA))
	assert.NotEmpty(t, w.sent)
}

// FuzzPacket sends raw packets through everything between the socket and the answer.
func FuzzPacket(f *testing.F) {
	for _, name := range []string{"c0.sip.example.com.", "_sips._tcp.C0.SIP.example.com.", "no.sip.example.com.", "sip.example.com.", ".", `a\.b.sip.example.com.`, `c0\.sip.example.com.`, "example.org."} {
		for _, qtype := range []uint16{dns.TypeNAPTR, dns.TypeSRV, dns.TypeA, dns.TypeSOA, dns.TypeNS, dns.TypeANY, dns.TypeAXFR, dns.TypeOPT, 0, 65535} {
			m := new(dns.Msg).SetQuestion(name, qtype)
			packed, err := m.Pack()
			require.NoError(f, err)
			f.Add(packed)
			packed, err = m.SetEdns0(512, true).Pack()
			require.NoError(f, err)
			f.Add(packed)
		}
	}
	f.Add([]byte{})
	f.Add([]byte("\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\xc0\x0c\x00\x01\x00\x01")) // a name that points at itself
	s := testServer(f, manyDomains(1))
	f.Fuzz(func(t *testing.T, packet []byte) {
		request := new(dns.Msg)
		if request.Unpack(packet) != nil || len(request.Question) != 1 || request.Response {
			return // accept and the library's own parser keep these out
		}
		for _, peer := range []net.Addr{&net.UDPAddr{}, &net.TCPAddr{}} {
			w := &recorder{peer: peer}
			s.serve(t.Context(), w, request)
			checkAnswer(t, request, w)
		}
	})
}

// checkAnswer checks what holds for every answer, whatever the question.
func checkAnswer(t *testing.T, request *dns.Msg, w *recorder) {
	t.Helper()
	var got dns.Msg
	require.NoError(t, got.Unpack(w.sent), "an answer that can be read")
	require.Equal(t, request.Id, got.Id)
	require.True(t, got.Response)
	require.False(t, got.RecursionAvailable)
	require.Equal(t, request.Question, got.Question, "the question as it was asked")
	if w.peer.Network() == "udp" {
		require.LessOrEqual(t, len(w.sent), 1232)
	}
	if got.Rcode == dns.RcodeNameError || got.Rcode == dns.RcodeSuccess && len(got.Answer) == 0 {
		require.True(t, got.Authoritative)
		require.Len(t, got.Ns, 1, "a negative answer carries the SOA")
	}
	for _, record := range got.Answer {
		require.Equal(t, request.Question[0].Name, record.Header().Name)
	}
	inside := strings.HasSuffix("."+dns.CanonicalName(request.Question[0].Name), ".sip.example.com.")
	if !inside {
		require.NotEqual(t, dns.RcodeSuccess, got.Rcode, "not ours")
	}
}

// The header alone decides what gets how far.
func TestAccept(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		header dns.Header
		want   dns.MsgAcceptAction
	}{
		"a query":             {dns.Header{Qdcount: 1}, dns.MsgAccept},
		"a query with EDNS":   {dns.Header{Qdcount: 1, Arcount: 1}, dns.MsgAccept},
		"an answer":           {dns.Header{Bits: 1 << 15, Qdcount: 1}, dns.MsgIgnore},
		"an answer to NOTIFY": {dns.Header{Bits: 1<<15 | 4<<11, Qdcount: 1}, dns.MsgIgnore},
		"NOTIFY":              {dns.Header{Bits: 4 << 11, Qdcount: 1}, dns.MsgRejectNotImplemented},
		"UPDATE":              {dns.Header{Bits: 5 << 11, Qdcount: 1}, dns.MsgRejectNotImplemented},
		"no question":         {dns.Header{}, dns.MsgReject},
		"two questions":       {dns.Header{Qdcount: 2}, dns.MsgReject},
		"a bag of records":    {dns.Header{Qdcount: 1, Arcount: 1000}, dns.MsgReject},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.want, accept(tt.header))
		})
	}
}

// BenchmarkAnswer makes a whole NAPTR answer, packed, without the socket. The three sizes must cost the same.
func BenchmarkAnswer(b *testing.B) {
	for _, n := range []int{1, 2_000, 50_000} {
		b.Run(fmt.Sprintf("domains=%d", n), func(b *testing.B) {
			s := testServer(b, manyDomains(n))
			questions := make([]*dns.Msg, min(n, 1000))
			for i := range questions {
				questions[i] = new(dns.Msg).SetQuestion(fmt.Sprintf("c%d.sip.example.com.", i*(n/len(questions))), dns.TypeNAPTR)
			}
			w := &recorder{peer: &net.UDPAddr{}}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				s.serve(b.Context(), w, questions[i%len(questions)])
			}
		})
	}
}

// BenchmarkUnknown is what a flood of made-up names costs, each with its read.
func BenchmarkUnknown(b *testing.B) {
	s := testServer(b, manyDomains(50_000))
	w := &recorder{peer: &net.UDPAddr{}}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		s.serve(b.Context(), w, new(dns.Msg).SetQuestion(fmt.Sprintf("x%d.sip.example.com.", i), dns.TypeA))
	}
}
