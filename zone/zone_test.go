package zone_test

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"dialtone/fault"
	"dialtone/zone"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// FixedDomains are the domains that exist, and count how often they were asked for.
type FixedDomains struct {
	mu     sync.Mutex
	exists map[string]bool
	asked  []string
}

func fixed(domains ...string) *FixedDomains {
	f := &FixedDomains{exists: map[string]bool{}}
	for _, d := range domains {
		f.exists[d] = true
	}
	return f
}

func (f *FixedDomains) AnyTenantHasSIPDomain(_ context.Context, domain string) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, domain)
	return f.exists[domain], nil
}

func (f *FixedDomains) add(domain string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.exists[domain] = true
}

func (f *FixedDomains) questions() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string{}, f.asked...)
}

// BrokenDomains is a store that is down.
type BrokenDomains struct{}

func (BrokenDomains) AnyTenantHasSIPDomain(context.Context, string) (bool, error) {
	return false, errors.New("connection refused: postgres at 10.0.0.1")
}

// StuckDomains is a store that doesn't answer until it is released, or the question's time is up.
type StuckDomains struct {
	release chan struct{}
	asked   atomic.Int64
}

func (s *StuckDomains) AnyTenantHasSIPDomain(ctx context.Context, _ string) (bool, error) {
	s.asked.Add(1)
	select {
	case <-s.release:
		return true, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

func config(domains zone.Domains) zone.Config {
	return zone.Config{
		Parent: "SIP.Example.com.", Domains: domains, Host: "phones.example.net",
		Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.7"), netip.MustParseAddr("2001:db8::7")},
		Ports:     zone.Ports{UDP: 5060, TCP: 5060, TLS: 5061}, Logger: slog.New(slog.DiscardHandler),
	}
}

// serve runs a server until the test ends and returns its address.
func serve(t *testing.T, c zone.Config) string {
	t.Helper()
	s, err := zone.New(c)
	require.NoError(t, err)
	at, err := s.Listen(t.Context(), "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		assert.NoError(t, <-done)
	})
	return at.String()
}

func question(name string, qtype uint16) *dns.Msg {
	m := new(dns.Msg).SetQuestion(name, qtype)
	m.RecursionDesired = false
	return m
}

// ask sends a question over UDP.
func ask(t *testing.T, at string, m *dns.Msg) *dns.Msg {
	t.Helper()
	return askOver(t, "udp", at, m)
}

func askOver(t *testing.T, network, at string, m *dns.Msg) *dns.Msg {
	t.Helper()
	client := dns.Client{Net: network, Timeout: 10 * time.Second, UDPSize: 4096}
	answer, _, err := client.ExchangeContext(t.Context(), m, at)
	require.NoError(t, err)
	return answer
}

// lines are records as a zone file writes them, one space between fields.
func lines(records []dns.RR) []string {
	out := []string{}
	for _, r := range records {
		if r.Header().Rrtype == dns.TypeOPT {
			continue
		}
		out = append(out, oneSpaced(r.String()))
	}
	return out
}

func oneSpaced(s string) string {
	var out []byte
	for _, c := range []byte(s) {
		if c == '\t' {
			c = ' '
		}
		out = append(out, c)
	}
	return string(out)
}

const (
	customerSOA = "c1.sip.example.com. 10 IN SOA ns.sip.example.com. hostmaster.sip.example.com. 1 3600 600 604800 10"
	parentSOA   = "sip.example.com. 10 IN SOA ns.sip.example.com. hostmaster.sip.example.com. 1 3600 600 604800 10"
)

func TestAnswers(t *testing.T) {
	t.Parallel()
	at := serve(t, config(fixed("c1.sip.example.com")))
	tests := map[string]struct {
		name   string
		qtype  uint16
		rcode  int
		answer []string
		ns     []string
		extra  []string
	}{
		"NAPTR": {"c1.sip.example.com.", dns.TypeNAPTR, dns.RcodeSuccess, []string{
			`c1.sip.example.com. 300 IN NAPTR 10 10 "s" "SIPS+D2T" "" _sips._tcp.c1.sip.example.com.`,
			`c1.sip.example.com. 300 IN NAPTR 20 10 "s" "SIP+D2T" "" _sip._tcp.c1.sip.example.com.`,
			`c1.sip.example.com. 300 IN NAPTR 30 10 "s" "SIP+D2U" "" _sip._udp.c1.sip.example.com.`,
		}, nil, []string{
			"_sips._tcp.c1.sip.example.com. 300 IN SRV 10 0 5061 phones.example.net.",
			"_sip._tcp.c1.sip.example.com. 300 IN SRV 10 0 5060 phones.example.net.",
			"_sip._udp.c1.sip.example.com. 300 IN SRV 10 0 5060 phones.example.net.",
		}},
		"SRV of TLS": {"_sips._tcp.c1.sip.example.com.", dns.TypeSRV, dns.RcodeSuccess,
			[]string{"_sips._tcp.c1.sip.example.com. 300 IN SRV 10 0 5061 phones.example.net."}, nil, nil},
		"SRV of TCP": {"_sip._tcp.c1.sip.example.com.", dns.TypeSRV, dns.RcodeSuccess,
			[]string{"_sip._tcp.c1.sip.example.com. 300 IN SRV 10 0 5060 phones.example.net."}, nil, nil},
		"SRV of UDP": {"_sip._udp.c1.sip.example.com.", dns.TypeSRV, dns.RcodeSuccess,
			[]string{"_sip._udp.c1.sip.example.com. 300 IN SRV 10 0 5060 phones.example.net."}, nil, nil},
		"A":    {"c1.sip.example.com.", dns.TypeA, dns.RcodeSuccess, []string{"c1.sip.example.com. 300 IN A 192.0.2.7"}, nil, nil},
		"AAAA": {"c1.sip.example.com.", dns.TypeAAAA, dns.RcodeSuccess, []string{"c1.sip.example.com. 300 IN AAAA 2001:db8::7"}, nil, nil},
		"SOA": {"c1.sip.example.com.", dns.TypeSOA, dns.RcodeSuccess,
			[]string{"c1.sip.example.com. 300 IN SOA ns.sip.example.com. hostmaster.sip.example.com. 1 3600 600 604800 10"}, nil, nil},
		"NS": {"c1.sip.example.com.", dns.TypeNS, dns.RcodeSuccess, []string{"c1.sip.example.com. 300 IN NS ns.sip.example.com."}, nil,
			[]string{"ns.sip.example.com. 300 IN A 192.0.2.7", "ns.sip.example.com. 300 IN AAAA 2001:db8::7"}},
		"ANY": {"c1.sip.example.com.", dns.TypeANY, dns.RcodeSuccess, []string{`c1.sip.example.com. 300 IN HINFO "RFC8482" ""`}, nil, nil},

		"SOA of the parent": {"sip.example.com.", dns.TypeSOA, dns.RcodeSuccess,
			[]string{"sip.example.com. 300 IN SOA ns.sip.example.com. hostmaster.sip.example.com. 1 3600 600 604800 10"}, nil, nil},
		"NS of the parent": {"sip.example.com.", dns.TypeNS, dns.RcodeSuccess, []string{"sip.example.com. 300 IN NS ns.sip.example.com."}, nil,
			[]string{"ns.sip.example.com. 300 IN A 192.0.2.7", "ns.sip.example.com. 300 IN AAAA 2001:db8::7"}},
		"A of the name server": {"ns.sip.example.com.", dns.TypeA, dns.RcodeSuccess, []string{"ns.sip.example.com. 300 IN A 192.0.2.7"}, nil, nil},
		"A of the edge":        {"edge.sip.example.com.", dns.TypeA, dns.RcodeSuccess, []string{"edge.sip.example.com. 300 IN A 192.0.2.7"}, nil, nil},

		"no such type":                   {"c1.sip.example.com.", dns.TypeMX, dns.RcodeSuccess, nil, []string{customerSOA}, nil},
		"no such type at a service":      {"_sip._udp.c1.sip.example.com.", dns.TypeA, dns.RcodeSuccess, nil, []string{customerSOA}, nil},
		"an empty name":                  {"_tcp.c1.sip.example.com.", dns.TypeSRV, dns.RcodeSuccess, nil, []string{customerSOA}, nil},
		"no such type at the parent":     {"sip.example.com.", dns.TypeA, dns.RcodeSuccess, nil, []string{parentSOA}, nil},
		"no such type at ns":             {"ns.sip.example.com.", dns.TypeTXT, dns.RcodeSuccess, nil, []string{parentSOA}, nil},
		"DS is the parent's to answer":   {"c1.sip.example.com.", dns.TypeDS, dns.RcodeSuccess, nil, []string{parentSOA}, nil},
		"an unknown type":                {"c1.sip.example.com.", 65280, dns.RcodeSuccess, nil, []string{customerSOA}, nil},
		"no such name in a domain":       {"www.c1.sip.example.com.", dns.TypeA, dns.RcodeNameError, nil, []string{customerSOA}, nil},
		"ANY of no such name":            {"www.c1.sip.example.com.", dns.TypeANY, dns.RcodeNameError, nil, []string{customerSOA}, nil},
		"below a service":                {"x._sip._udp.c1.sip.example.com.", dns.TypeSRV, dns.RcodeNameError, nil, []string{customerSOA}, nil},
		"a service that isn't there":     {"_sips._udp.c1.sip.example.com.", dns.TypeSRV, dns.RcodeNameError, nil, []string{customerSOA}, nil},
		"half a service":                 {"tcp.c1.sip.example.com.", dns.TypeSRV, dns.RcodeNameError, nil, []string{customerSOA}, nil},
		"no such customer":               {"c2.sip.example.com.", dns.TypeNAPTR, dns.RcodeNameError, nil, []string{parentSOA}, nil},
		"a service of no such customer":  {"_sip._udp.c2.sip.example.com.", dns.TypeSRV, dns.RcodeNameError, nil, []string{parentSOA}, nil},
		"a service of the parent":        {"_sip._udp.sip.example.com.", dns.TypeSRV, dns.RcodeNameError, nil, []string{parentSOA}, nil},
		"below the name server":          {"a.ns.sip.example.com.", dns.TypeA, dns.RcodeNameError, nil, []string{parentSOA}, nil},
		"a label with a dot in it":       {`c1\.sip.example.com.sip.example.com.`, dns.TypeA, dns.RcodeNameError, nil, []string{parentSOA}, nil},
		"a label with bytes":             {`c1\000.sip.example.com.`, dns.TypeA, dns.RcodeNameError, nil, []string{parentSOA}, nil},
		"a domain of dots":               {`a\.c1.sip.example.com.`, dns.TypeA, dns.RcodeNameError, nil, []string{parentSOA}, nil},
		"not ours: above":                {"example.com.", dns.TypeA, dns.RcodeRefused, nil, nil, nil},
		"not ours: the root":             {".", dns.TypeNS, dns.RcodeRefused, nil, nil, nil},
		"not ours: beside":               {"www.example.org.", dns.TypeA, dns.RcodeRefused, nil, nil, nil},
		"not ours: another label":        {"xsip.example.com.", dns.TypeA, dns.RcodeRefused, nil, nil, nil},
		"not ours: a dot within a label": {`c1\.sip.example.com.`, dns.TypeA, dns.RcodeRefused, nil, nil, nil},
		"not ours: the public host":      {"phones.example.net.", dns.TypeA, dns.RcodeRefused, nil, nil, nil},
		"a transfer":                     {"sip.example.com.", dns.TypeAXFR, dns.RcodeRefused, nil, nil, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := question(tt.name, tt.qtype)
			q.RecursionDesired = true
			got := ask(t, at, q.SetEdns0(1232, false))
			assert.Equal(t, dns.RcodeToString[tt.rcode], dns.RcodeToString[got.Rcode])
			assert.Equal(t, append([]string{}, tt.answer...), lines(got.Answer), "answer")
			assert.Equal(t, append([]string{}, tt.ns...), lines(got.Ns), "authority")
			assert.Equal(t, append([]string{}, tt.extra...), lines(got.Extra), "additional")
			assert.Equal(t, tt.rcode != dns.RcodeRefused, got.Authoritative, "AA")
			assert.False(t, got.RecursionAvailable, "RA")
			assert.True(t, got.RecursionDesired, "RD is repeated")
			assert.False(t, got.Truncated, "TC")
			assert.Equal(t, q.Question, got.Question)
			overTCP := askOver(t, "tcp", at, q)
			assert.Equal(t, lines(got.Answer), lines(overTCP.Answer), "the same over TCP")
			assert.Equal(t, got.Rcode, overTCP.Rcode)
		})
	}
}

func TestTheTargetFollowsTheHost(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		host   string
		target string
		extra  []string // of the SRV answer
		ask    string   // another name
		want   []string // its A and AAAA records
	}{
		"an IPv4 address":     {"198.51.100.1", "edge.sip.example.com.", []string{"edge.sip.example.com. 300 IN A 198.51.100.1"}, "ns.sip.example.com.", both("ns.sip.example.com.")},
		"an IPv6 address":     {"2001:db8::1", "edge.sip.example.com.", []string{"edge.sip.example.com. 300 IN AAAA 2001:db8::1"}, "edge.sip.example.com.", []string{"edge.sip.example.com. 300 IN AAAA 2001:db8::1"}},
		"a name elsewhere":    {"Phones.Example.NET", "phones.example.net.", []string{}, "edge.sip.example.com.", both("edge.sip.example.com.")},
		"a name of ours":      {"pbx.sip.example.com", "pbx.sip.example.com.", both("pbx.sip.example.com."), "pbx.sip.example.com.", both("pbx.sip.example.com.")},
		"a name far below":    {"a.b.sip.example.com", "a.b.sip.example.com.", both("a.b.sip.example.com."), "b.sip.example.com.", []string{}},
		"the parent itself":   {"sip.example.com", "sip.example.com.", both("sip.example.com."), "sip.example.com.", both("sip.example.com.")},
		"the edge by its own": {"edge.sip.example.com.", "edge.sip.example.com.", both("edge.sip.example.com."), "edge.sip.example.com.", both("edge.sip.example.com.")},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := config(fixed("c1.sip.example.com"))
			c.Host = tt.host
			at := serve(t, c)
			got := ask(t, at, question("_sips._tcp.c1.sip.example.com.", dns.TypeSRV))
			assert.Equal(t, []string{"_sips._tcp.c1.sip.example.com. 300 IN SRV 10 0 5061 " + tt.target}, lines(got.Answer))
			assert.Equal(t, tt.extra, lines(got.Extra))
			a, aaaa := ask(t, at, question(tt.ask, dns.TypeA)), ask(t, at, question(tt.ask, dns.TypeAAAA))
			assert.Equal(t, dns.RcodeSuccess, a.Rcode)
			assert.Equal(t, tt.want, append(lines(a.Answer), lines(aaaa.Answer)...))
		})
	}
}

func both(name string) []string {
	return []string{name + " 300 IN A 192.0.2.7", name + " 300 IN AAAA 2001:db8::7"}
}

func TestAnAddressAloneIsEnough(t *testing.T) {
	t.Parallel()
	c := config(fixed("c1.sip.example.com"))
	c.Host, c.Addresses, c.TTL = "198.51.100.1", nil, time.Minute
	at := serve(t, c)
	got := ask(t, at, question("c1.sip.example.com.", dns.TypeA))
	assert.Equal(t, []string{"c1.sip.example.com. 60 IN A 198.51.100.1"}, lines(got.Answer))
}

func TestAShortTTLBoundsNegativeAnswersToo(t *testing.T) {
	t.Parallel()
	c := config(fixed())
	c.TTL = 2 * time.Second
	got := ask(t, serve(t, c), question("c1.sip.example.com.", dns.TypeA))
	require.Len(t, got.Ns, 1)
	assert.Equal(t, uint32(2), got.Ns[0].Header().Ttl)
}

func TestAClosedDoorHasNoRecords(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		ports zone.Ports
		naptr []string
		gone  []string // names that don't exist then
	}{
		"TLS alone": {zone.Ports{TLS: 15061}, []string{`c1.sip.example.com. 300 IN NAPTR 10 10 "s" "SIPS+D2T" "" _sips._tcp.c1.sip.example.com.`},
			[]string{"_sip._tcp.c1.sip.example.com.", "_sip._udp.c1.sip.example.com.", "_udp.c1.sip.example.com."}},
		"UDP alone": {zone.Ports{UDP: 15060}, []string{`c1.sip.example.com. 300 IN NAPTR 30 10 "s" "SIP+D2U" "" _sip._udp.c1.sip.example.com.`},
			[]string{"_sips._tcp.c1.sip.example.com.", "_sip._tcp.c1.sip.example.com.", "_tcp.c1.sip.example.com."}},
		"none": {zone.Ports{}, []string{}, []string{"_sips._tcp.c1.sip.example.com.", "_sip._udp.c1.sip.example.com.", "_tcp.c1.sip.example.com."}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := config(fixed("c1.sip.example.com"))
			c.Ports = tt.ports
			at := serve(t, c)
			got := ask(t, at, question("c1.sip.example.com.", dns.TypeNAPTR))
			assert.Equal(t, dns.RcodeSuccess, got.Rcode)
			assert.Equal(t, tt.naptr, lines(got.Answer))
			for _, gone := range tt.gone {
				assert.Equal(t, dns.RcodeNameError, ask(t, at, question(gone, dns.TypeSRV)).Rcode, gone)
			}
		})
	}
}

func TestTheSpellingIsKept(t *testing.T) {
	t.Parallel()
	at := serve(t, config(fixed("c1.sip.example.com")))
	got := ask(t, at, question("_SiPs._tCp.C1.sIP.eXample.COM.", dns.TypeSRV))
	assert.Equal(t, "_SiPs._tCp.C1.sIP.eXample.COM.", got.Question[0].Name)
	assert.Equal(t, []string{"_SiPs._tCp.C1.sIP.eXample.COM. 300 IN SRV 10 0 5061 phones.example.net."}, lines(got.Answer))
	gone := ask(t, at, question("NO.such.SIP.example.com.", dns.TypeA))
	assert.Equal(t, "NO.such.SIP.example.com.", gone.Question[0].Name)
	assert.Equal(t, dns.RcodeNameError, gone.Rcode)
}

func TestABrokenStoreIsNeverNoSuchName(t *testing.T) {
	t.Parallel()
	at := serve(t, config(BrokenDomains{}))
	for _, name := range []string{"c1.sip.example.com.", "_sip._udp.c1.sip.example.com.", "www.c1.sip.example.com."} {
		got := ask(t, at, question(name, dns.TypeSRV).SetEdns0(1232, false))
		assert.Equal(t, dns.RcodeServerFailure, got.Rcode, name)
		assert.Empty(t, got.Ns, "nothing that a resolver could remember")
		assert.NotContains(t, got.String(), "postgres")
		assert.False(t, got.Authoritative)
	}
	assert.Equal(t, dns.RcodeSuccess, ask(t, at, question("ns.sip.example.com.", dns.TypeA)).Rcode, "our own names need no store")
}

func TestAStoreThatDoesntAnswerIsGivenUp(t *testing.T) {
	t.Parallel()
	at := serve(t, config(&StuckDomains{release: make(chan struct{})}))
	assert.Equal(t, dns.RcodeServerFailure, ask(t, at, question("c1.sip.example.com.", dns.TypeA)).Rcode)
}

func TestANewCustomerResolvesWithinSeconds(t *testing.T) {
	t.Parallel()
	domains := fixed()
	var now atomic.Int64
	c := config(domains)
	c.Now = func() time.Time { return time.Unix(now.Load(), 0) }
	at := serve(t, c)
	q := question("c1.sip.example.com.", dns.TypeNAPTR)
	assert.Equal(t, dns.RcodeNameError, ask(t, at, q).Rcode)
	domains.add("c1.sip.example.com")
	now.Store(4)
	assert.Equal(t, dns.RcodeNameError, ask(t, at, q).Rcode, "remembered for a moment")
	now.Store(5)
	assert.Equal(t, dns.RcodeSuccess, ask(t, at, q).Rcode)
	assert.Equal(t, []string{"c1.sip.example.com", "c1.sip.example.com"}, domains.questions())
}

func TestTheStoreIsAskedOnceForADomain(t *testing.T) {
	t.Parallel()
	domains := fixed("c1.sip.example.com")
	c := config(domains)
	c.Now = func() time.Time { return time.Unix(0, 0) }
	at := serve(t, c)
	for _, name := range []string{"c1.sip.example.com.", "C1.SIP.example.com.", "_sip._udp.c1.sip.example.com.", "no.c1.sip.example.com.", "c2.sip.example.com.", "a.b.c2.sip.example.com."} {
		ask(t, at, question(name, dns.TypeSRV))
	}
	assert.Equal(t, []string{"c1.sip.example.com", "c2.sip.example.com"}, domains.questions())
}

func TestTheStoreIsntAskedForWhatCantBe(t *testing.T) {
	t.Parallel()
	domains := fixed()
	at := serve(t, config(domains))
	for _, name := range []string{`a\.b.sip.example.com.`, `\000.sip.example.com.`, "_udp.sip.example.com.", "*.sip.example.com.", `\195\164.sip.example.com.`, "ns.sip.example.com.", "sip.example.com.", "example.com.", "."} {
		ask(t, at, question(name, dns.TypeA))
	}
	assert.Empty(t, domains.questions())
}

func TestNewRefusesABadConfiguration(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*zone.Config)
		field  string
	}{
		"no parent":       {func(c *zone.Config) { c.Parent = "" }, "Parent"},
		"a bad parent":    {func(c *zone.Config) { c.Parent = "sip..example.com" }, "Parent"},
		"the root":        {func(c *zone.Config) { c.Parent = "." }, "Parent"},
		"a long parent":   {func(c *zone.Config) { c.Parent = longName(181) }, "Parent"},
		"no domains":      {func(c *zone.Config) { c.Domains = nil }, "Domains"},
		"no host":         {func(c *zone.Config) { c.Host = "" }, "Host"},
		"a bad host":      {func(c *zone.Config) { c.Host = "a_b.example.com" }, "Host"},
		"any host":        {func(c *zone.Config) { c.Host = "0.0.0.0" }, "Host"},
		"a host's zone":   {func(c *zone.Config) { c.Host = "fe80::1%eth0" }, "Host"},
		"any address":     {func(c *zone.Config) { c.Addresses = []netip.Addr{netip.IPv6Unspecified()} }, "Addresses"},
		"no address":      {func(c *zone.Config) { c.Addresses = []netip.Addr{{}} }, "Addresses"},
		"a fraction":      {func(c *zone.Config) { c.TTL = time.Millisecond }, "TTL"},
		"a week":          {func(c *zone.Config) { c.TTL = 7 * 24 * time.Hour }, "TTL"},
		"less than none":  {func(c *zone.Config) { c.TTL = -time.Second }, "TTL"},
		"a group address": {func(c *zone.Config) { c.Addresses = []netip.Addr{netip.MustParseAddr("224.0.0.1")} }, "Addresses"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := config(fixed())
			tt.change(&c)
			_, err := zone.New(c)
			require.True(t, fault.Is(err, fault.Invalid), "%v", err)
			assert.Equal(t, tt.field, fault.ProblemsOf(err)[0].Field)
		})
	}
}

func longName(n int) string {
	out := make([]byte, n)
	for i := range out {
		out[i] = 'a'
		if i%2 == 1 {
			out[i] = '.'
		}
	}
	return string(out)
}
