package zone_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/nodes"
	"dialtone/secret"
	"dialtone/zone"
)

// ChangingWorld is a store whose customers and nodes change.
type ChangingWorld struct {
	mu      sync.Mutex
	serial  uint32
	domains []string // sorted
	nodes   []nodes.Node
}

func world(domains ...string) *ChangingWorld {
	slices.Sort(domains)
	return &ChangingWorld{serial: 1, domains: domains}
}

func (w *ChangingWorld) AnyTenantZoneSerial(context.Context) (uint32, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.serial, nil
}

func (w *ChangingWorld) AnyTenantNodes(context.Context) ([]nodes.Node, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.nodes), nil
}

func (w *ChangingWorld) AnyTenantSIPDomains(_ context.Context, after string, limit int) ([]string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	at, found := slices.BinarySearch(w.domains, after)
	if found {
		at++
	}
	return slices.Clone(w.domains[at:min(len(w.domains), at+limit)]), nil
}

func (w *ChangingWorld) AnyTenantHasSIPDomain(_ context.Context, domain string) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, found := slices.BinarySearch(w.domains, domain)
	return found, nil
}

func (w *ChangingWorld) change(fn func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	fn()
	w.serial++
}

func (w *ChangingWorld) add(domain string) {
	w.change(func() {
		w.domains = append(w.domains, domain)
		slices.Sort(w.domains)
	})
}

const (
	keyName   = "ns2.example.net."
	keySecret = "c2Vjb25kYXJ5IGtleSBmb3IgdGVzdHMgb2YgMzIgYnk="
)

func secondaryAt(notify netip.AddrPort) zone.Secondary {
	return zone.Secondary{Name: "ns2", Notify: notify, From: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Key: "ns2.example.net", Secret: secret.New(keySecret)}
}

func worldConfig(w *ChangingWorld) zone.Config {
	c := config(nil)
	c.Domains, c.World = w, w
	return c
}

func transfer(t *testing.T, at string, q *dns.Msg) ([]dns.RR, error) {
	t.Helper()
	tr := &dns.Transfer{TsigSecret: map[string]string{keyName: keySecret, "other.": keySecret}}
	in, err := tr.In(q, at)
	require.NoError(t, err)
	var all []dns.RR
	for e := range in {
		if e.Error != nil {
			err = e.Error
			continue
		}
		all = append(all, e.RR...)
	}
	return all, err
}

func axfr() *dns.Msg {
	return new(dns.Msg).SetAxfr("sip.example.com.").SetTsig(keyName, dns.HmacSHA256, 300, time.Now().Unix())
}

func TestASecondaryCopiesTheZone(t *testing.T) {
	t.Parallel()
	w := world("c1.sip.example.com", "c2.sip.example.com", "elsewhere.example.org")
	c := worldConfig(w)
	c.Host = "198.51.100.1"
	c.Secondaries = []zone.Secondary{secondaryAt(netip.AddrPort{})}
	at := serve(t, c)
	all, err := transfer(t, at, axfr())
	require.NoError(t, err)
	const soa = "sip.example.com. 300 IN SOA ns.sip.example.com. hostmaster.sip.example.com. 1 3600 600 604800 10"
	want := []string{soa, "sip.example.com. 300 IN NS ns.sip.example.com.", "edge.sip.example.com. 300 IN A 198.51.100.1"}
	want = append(want, both("ns.sip.example.com.")...)
	for _, n := range []string{"c1", "c2"} {
		name := n + ".sip.example.com."
		want = append(append(want, both(name)...),
			name+` 300 IN NAPTR 10 10 "s" "SIPS+D2T" "" _sips._tcp.`+name, name+` 300 IN NAPTR 20 10 "s" "SIP+D2T" "" _sip._tcp.`+name,
			name+` 300 IN NAPTR 30 10 "s" "SIP+D2U" "" _sip._udp.`+name,
			"_sips._tcp."+name+" 300 IN SRV 10 0 5061 edge.sip.example.com.", "_sip._tcp."+name+" 300 IN SRV 10 0 5060 edge.sip.example.com.",
			"_sip._udp."+name+" 300 IN SRV 10 0 5060 edge.sip.example.com.")
	}
	assert.Equal(t, append(want, soa), lines(all))

	// What secondaries answer is what we answer: customers are names of one zone.
	got := ask(t, at, question("c1.sip.example.com.", dns.TypeSOA))
	assert.Empty(t, got.Answer)
	assert.Equal(t, []string{parentSOA}, lines(got.Ns))
	assert.Empty(t, ask(t, at, question("c1.sip.example.com.", dns.TypeNS)).Answer)
}

func TestTransfersAreForSecondariesAlone(t *testing.T) {
	t.Parallel()
	c := worldConfig(world("c1.sip.example.com"))
	c.Secondaries = []zone.Secondary{secondaryAt(netip.AddrPort{}), secondaryAt(netip.AddrPort{})}
	c.Secondaries[1].Key, c.Secondaries[1].From = "far.example.net", []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	at := serve(t, c)
	now := time.Now().Unix()
	tests := map[string]struct {
		request *dns.Msg
		network string
		secrets map[string]string
		rcode   int
		reason  uint16 // of the signature
	}{
		"unsigned":         {new(dns.Msg).SetAxfr("sip.example.com."), "tcp", nil, dns.RcodeRefused, 0},
		"over UDP":         {axfr(), "udp", nil, dns.RcodeRefused, 0},
		"another zone":     {new(dns.Msg).SetAxfr("c1.sip.example.com.").SetTsig(keyName, dns.HmacSHA256, 300, now), "tcp", nil, dns.RcodeRefused, 0},
		"another address":  {new(dns.Msg).SetAxfr("sip.example.com.").SetTsig("far.example.net.", dns.HmacSHA256, 300, now), "tcp", map[string]string{"far.example.net.": keySecret}, dns.RcodeRefused, 0},
		"another secret":   {axfr(), "tcp", map[string]string{keyName: "AAAAAAAAAAAAAAAAAAAAAAAAAAA="}, dns.RcodeNotAuth, dns.RcodeBadSig},
		"another key":      {new(dns.Msg).SetAxfr("sip.example.com.").SetTsig("other.", dns.HmacSHA256, 300, now), "tcp", map[string]string{"other.": keySecret}, dns.RcodeNotAuth, dns.RcodeBadKey},
		"no key":           {new(dns.Msg).SetAxfr("sip.example.com.").SetTsig("other.", dns.HmacSHA256, 300, now), "tcp", map[string]string{"other.": ""}, dns.RcodeNotAuth, dns.RcodeBadKey},
		"a weak algorithm": {new(dns.Msg).SetAxfr("sip.example.com.").SetTsig(keyName, dns.HmacSHA1, 300, now), "tcp", nil, dns.RcodeNotAuth, dns.RcodeBadKey},
		"yesterday":        {new(dns.Msg).SetAxfr("sip.example.com.").SetTsig(keyName, dns.HmacSHA256, 300, now-86400), "tcp", nil, dns.RcodeNotAuth, dns.RcodeBadTime},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			secrets := tt.secrets
			if secrets == nil {
				secrets = map[string]string{keyName: keySecret}
			}
			client := dns.Client{Net: tt.network, Timeout: 10 * time.Second, TsigSecret: secrets}
			got, _, err := client.ExchangeContext(t.Context(), tt.request, at)
			require.NotNil(t, got, "%v", err)
			assert.Equal(t, dns.RcodeToString[tt.rcode], dns.RcodeToString[got.Rcode])
			assert.Empty(t, got.Answer)
			if tt.reason != 0 {
				require.NotNil(t, got.IsTsig())
				assert.Equal(t, tt.reason, got.IsTsig().Error)
			}
		})
	}
}

func TestIXFRIsTheWholeZoneOrNothing(t *testing.T) {
	t.Parallel()
	w := world("c1.sip.example.com")
	w.serial = 5
	c := worldConfig(w)
	c.Secondaries = []zone.Secondary{secondaryAt(netip.AddrPort{})}
	at := serve(t, c)
	for _, tt := range []struct {
		has  uint32
		want bool
	}{{4, true}, {5, false}, {6, false}, {4_294_967_295, true}, {2_147_483_653, true}} {
		q := func() *dns.Msg {
			return new(dns.Msg).SetIxfr("sip.example.com.", tt.has, "ns.", "h.").SetTsig(keyName, dns.HmacSHA256, 300, time.Now().Unix())
		}
		client := dns.Client{Net: "tcp", Timeout: 10 * time.Second, TsigSecret: map[string]string{keyName: keySecret}}
		got, _, err := client.ExchangeContext(t.Context(), q(), at)
		require.NoError(t, err, tt.has)
		assert.Equal(t, tt.want, len(got.Answer) > 1, tt.has)
		client.Net = "udp"
		got, _, err = client.ExchangeContext(t.Context(), q(), at)
		require.NoError(t, err, tt.has)
		assert.Len(t, got.Answer, 1, "over UDP the SOA alone: the client comes back over TCP")
	}
}

// 50,000 customers are a transfer of many messages, made a page at a time.
func TestALargeZoneIsCopied(t *testing.T) {
	t.Parallel()
	domains := make([]string, 50_000)
	for i := range domains {
		domains[i] = fmt.Sprintf("c%05d.sip.example.com", i)
	}
	c := worldConfig(world(domains...))
	c.Secondaries = []zone.Secondary{secondaryAt(netip.AddrPort{})}
	all, err := transfer(t, serve(t, c), axfr())
	require.NoError(t, err)
	assert.Len(t, all, 2+1+4+50_000*8, "SOA twice, NS, two hosts with two addresses, and two addresses, three NAPTR and three SRV of each")
}

func TestNodesShareTheWork(t *testing.T) {
	t.Parallel()
	w := world("c1.sip.example.com")
	node := func(name, address string) nodes.Node {
		return nodes.Node{Name: nodes.Name(name), Addresses: []netip.Addr{netip.MustParseAddr(address)}, TLS: 5061, Priority: 10, Weight: 10, Alive: true}
	}
	w.nodes = []nodes.Node{node("a", "192.0.2.1"), node("b", "192.0.2.2"), node("gone", "192.0.2.3")}
	w.nodes[2].Alive, w.nodes[1].Weight = false, 30
	at := serve(t, worldConfig(w))
	srv := func() []string {
		got := ask(t, at, question("_sips._tcp.c1.sip.example.com.", dns.TypeSRV))
		return append(lines(got.Answer), lines(got.Extra)...)
	}
	const owner = "_sips._tcp.c1.sip.example.com. 300 IN SRV "
	addresses := []string{"a.edge.sip.example.com. 300 IN A 192.0.2.1", "b.edge.sip.example.com. 300 IN A 192.0.2.2", "gone.edge.sip.example.com. 300 IN A 192.0.2.3"}
	silent := owner + "2010 10 5061 gone.edge.sip.example.com."
	want := append([]string{owner + "10 10 5061 a.edge.sip.example.com.", owner + "10 30 5061 b.edge.sip.example.com.", silent}, addresses...)
	require.Eventually(t, func() bool { return slices.Equal(srv(), want) }, 10*time.Second, 10*time.Millisecond)
	assert.Equal(t, []string{"c1.sip.example.com. 300 IN A 192.0.2.1", "c1.sip.example.com. 300 IN A 192.0.2.2"}, lines(ask(t, at, question("c1.sip.example.com.", dns.TypeA)).Answer))

	w.change(func() { w.nodes[0].Draining = true })
	drained := []string{owner + "10 30 5061 b.edge.sip.example.com.", owner + "1010 10 5061 a.edge.sip.example.com.", silent, addresses[1], addresses[0], addresses[2]}
	require.Eventually(t, func() bool { return slices.Equal(srv(), drained) }, 10*time.Second, 10*time.Millisecond)
	assert.Equal(t, []string{"c1.sip.example.com. 300 IN A 192.0.2.2"}, lines(ask(t, at, question("c1.sip.example.com.", dns.TypeA)).Answer), "who knows no SRV leaves, too")
}

// A name server that isn't ours: NSD is told of a new customer, copies the zone, and answers for it.
func TestNSDServesACopy(t *testing.T) {
	t.Parallel()
	nsd := daemon(t, "nsd", "nsd")
	servesACopy(t, func(there, primary string) { runNSD(t, nsd, there, primary) })
}

// daemon finds a name server's program, which isn't in everybody's path.
func daemon(t *testing.T, program, debian string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		if path = "/usr/sbin/" + program; !exists(path) {
			missing(t, program, debian)
		}
	}
	return path
}

// servesACopy lets a name server of others run as a secondary: it follows our changes, and answers as we do.
func servesACopy(t *testing.T, run func(there, primary string)) {
	t.Helper()
	there := freePort(t)
	w := world("c1.sip.example.com")
	c := worldConfig(w)
	c.Secondaries = []zone.Secondary{secondaryAt(netip.MustParseAddrPort(there))}
	at := serve(t, c)
	run(there, at)
	asking := dns.Client{Timeout: 200 * time.Millisecond}
	answers := func(name string) bool {
		got, _, err := asking.ExchangeContext(t.Context(), question(name, dns.TypeNAPTR), there)
		return err == nil && got.Rcode == dns.RcodeSuccess && len(got.Answer) == 3 && got.Authoritative
	}
	require.Eventually(t, func() bool { return answers("c1.sip.example.com.") }, 30*time.Second, 50*time.Millisecond)
	w.add("c2.sip.example.com")
	require.Eventually(t, func() bool { return answers("c2.sip.example.com.") }, 30*time.Second, 50*time.Millisecond)
	w.change(func() { w.domains = []string{"c2.sip.example.com"} })
	require.Eventually(t, func() bool {
		got, _, err := asking.ExchangeContext(t.Context(), question("c1.sip.example.com.", dns.TypeNAPTR), there)
		return err == nil && got.Rcode == dns.RcodeNameError
	}, 30*time.Second, 50*time.Millisecond)
	for _, qtype := range []uint16{dns.TypeNAPTR, dns.TypeA, dns.TypeAAAA, dns.TypeSOA, dns.TypeNS, dns.TypeMX, dns.TypeDS} {
		for _, name := range []string{"c2.sip.example.com.", "_sip._udp.c2.sip.example.com.", "_tcp.c2.sip.example.com.", "no.sip.example.com.", "sip.example.com."} {
			ours, theirs := ask(t, at, question(name, qtype)), ask(t, there, question(name, qtype))
			assert.Equal(t, ours.Rcode, theirs.Rcode, "%s %s", name, dns.TypeToString[qtype])
			assert.ElementsMatch(t, lines(ours.Answer), lines(theirs.Answer), "%s %s", name, dns.TypeToString[qtype])
			if len(ours.Answer) == 0 {
				assert.Equal(t, lines(ours.Ns), lines(theirs.Ns), "%s %s", name, dns.TypeToString[qtype])
			}
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// freePort finds an address that nobody listens on, over UDP and TCP.
func freePort(t *testing.T) string {
	t.Helper()
	stream, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { assert.NoError(t, stream.Close()) }()
	return stream.Addr().String()
}

func runNSD(t *testing.T, nsd, at, primary string) {
	t.Helper()
	dir := t.TempDir()
	host, port, err := net.SplitHostPort(at)
	require.NoError(t, err)
	text := strings.NewReplacer("DIR", dir, "HOST", host, "PORT", port, "PRIMARY", strings.ReplaceAll(primary, ":", "@"), "SECRET", keySecret).Replace(`
server:
  ip-address: HOST@PORT
  username: ""
  chroot: ""
  zonesdir: "DIR"
  database: ""
  pidfile: "DIR/nsd.pid"
  xfrdfile: "DIR/xfrd.state"
  zonelistfile: "DIR/zone.list"
  xfrdir: "DIR"
  logfile: "DIR/nsd.log"
  server-count: 1
  xfrd-reload-timeout: 0
  minimal-responses: yes
remote-control:
  control-enable: no
key:
  name: "ns2.example.net"
  algorithm: hmac-sha256
  secret: "SECRET"
zone:
  name: "sip.example.com"
  zonefile: "DIR/sip.zone"
  request-xfr: PRIMARY ns2.example.net
  allow-notify: 127.0.0.0/8 ns2.example.net
`)
	file := filepath.Join(dir, "nsd.conf")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	cmd := exec.Command(nsd, "-d", "-c", file)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(dir, "nsd.log"))
			t.Logf("%s", log)
		}
	})
}
