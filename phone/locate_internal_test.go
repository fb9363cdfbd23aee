package phone

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// FixedResolver answers from tables; what isn't in them doesn't exist.
type FixedResolver struct {
	hosts  map[string]string // name -> addresses, with commas
	srv    map[string][]service
	naptr  map[string][]pointer
	system bool // as the system's resolver, which knows no NAPTR
	asked  []string
}

func (r *FixedResolver) String() string      { return "a table" }
func (r *FixedResolver) knowsPointers() bool { return !r.system }

func (r *FixedResolver) addresses(_ context.Context, host string) ([]netip.Addr, error) {
	r.asked = append(r.asked, "A "+host)
	text, ok := r.hosts[host]
	if !ok {
		return nil, errNoRecords
	}
	var found []netip.Addr
	for a := range strings.SplitSeq(text, ",") {
		found = append(found, netip.MustParseAddr(a))
	}
	return found, nil
}

func (r *FixedResolver) services(_ context.Context, name string) ([]service, error) {
	r.asked = append(r.asked, "SRV "+name)
	return usable(append([]service(nil), r.srv[name]...))
}

func (r *FixedResolver) pointers(_ context.Context, domain string) ([]pointer, error) {
	r.asked = append(r.asked, "NAPTR "+domain)
	if found := r.naptr[domain]; found != nil {
		return found, nil
	}
	return nil, errNoRecords
}

// BrokenResolver fails as a server that doesn't answer.
type BrokenResolver struct{ FixedResolver }

var errBroken = errors.New("no answer")

func (BrokenResolver) addresses(context.Context, string) ([]netip.Addr, error) { return nil, errBroken }
func (BrokenResolver) services(context.Context, string) ([]service, error)     { return nil, errBroken }
func (BrokenResolver) pointers(context.Context, string) ([]pointer, error)     { return nil, errBroken }

func bookOf(r resolver) *addressBook {
	return newAddressBook(r, &journal{out: io.Discard, result: &Result{}})
}

func aFullZone() *FixedResolver {
	return &FixedResolver{
		hosts: map[string]string{"d.example": "192.0.2.1", "a.example": "192.0.2.2,2001:db8::2", "b.example": "192.0.2.3"},
		srv: map[string][]service{
			"_sip._udp.d.example":  {{"b.example", 5070, 20, 0}, {"a.example", 5060, 10, 0}},
			"_sip._tcp.d.example":  {{"a.example", 5060, 10, 0}},
			"_sips._tcp.d.example": {{"a.example", 5061, 10, 0}},
		},
		naptr: map[string][]pointer{"d.example": {
			{"SIPS+D2T", "_sips._tcp.d.example", 10, 10}, {"SIP+D2W", "_ws.d.example", 10, 11}, {"SIP+D2U", "_sip._udp.d.example", 20, 10},
		}},
	}
}

func TestLocateAsks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		line        Line
		spoil       func(*FixedResolver)
		asked, want []string
	}{
		"an address": {
			Line{Domain: "d.example", Proxy: "192.0.2.9", Locate: true}, nil, nil, []string{"192.0.2.9:5060 over udp"},
		},
		"an address with TLS": {
			Line{Domain: "d.example", Proxy: "2001:db8::9", Transport: "tls"}, nil, nil, []string{"[2001:db8::9]:5061 over tls"},
		},
		"a port: addresses alone": {
			Line{Domain: "d.example", ProxyPort: 5999, Transport: "tcp"}, nil, []string{"A d.example"}, []string{"192.0.2.1:5999 over tcp"},
		},
		"everything": {
			Line{Domain: "d.example", Locate: true}, nil,
			[]string{"NAPTR d.example", "SRV _sips._tcp.d.example", "A a.example", "SRV _sip._udp.d.example", "A b.example"},
			[]string{
				"192.0.2.2:5061 over tls", "[2001:db8::2]:5061 over tls", "192.0.2.2:5060 over udp", "[2001:db8::2]:5060 over udp", "192.0.2.3:5070 over udp",
			},
		},
		"a told transport": {
			Line{Domain: "d.example", Locate: true, Transport: "tcp"}, nil, []string{"SRV _sip._tcp.d.example", "A a.example"},
			[]string{"192.0.2.2:5060 over tcp", "[2001:db8::2]:5060 over tcp"},
		},
		"a proxy's name instead of the domain's": {
			Line{Domain: "other.example", Proxy: "d.example", Locate: true, Transport: "tls"}, nil, []string{"SRV _sips._tcp.d.example", "A a.example"},
			[]string{"192.0.2.2:5061 over tls", "[2001:db8::2]:5061 over tls"},
		},
		"no NAPTR": {
			Line{Domain: "d.example", Locate: true}, func(r *FixedResolver) { r.naptr = nil; delete(r.srv, "_sip._udp.d.example") },
			[]string{"NAPTR d.example", "SRV _sip._udp.d.example", "SRV _sip._tcp.d.example", "A a.example", "SRV _sips._tcp.d.example"},
			[]string{
				"192.0.2.2:5060 over tcp", "[2001:db8::2]:5060 over tcp", "192.0.2.2:5061 over tls", "[2001:db8::2]:5061 over tls",
			},
		},
		"the system's resolver": {
			Line{Domain: "d.example", Locate: true}, func(r *FixedResolver) { r.system = true; r.srv = nil },
			[]string{"SRV _sip._udp.d.example", "SRV _sip._tcp.d.example", "SRV _sips._tcp.d.example", "A d.example"},
			[]string{"192.0.2.1:5060 over udp"},
		},
		"a service that isn't offered": {
			Line{Domain: "d.example", Locate: true, Transport: "udp"},
			func(r *FixedResolver) {
				r.srv["_sip._udp.d.example"] = []service{{"", 0, 0, 0}, {"bad host", 5060, 0, 0}}
			},
			[]string{"SRV _sip._udp.d.example", "A d.example"}, []string{"192.0.2.1:5060 over udp"},
		},
	} {
		r := aFullZone()
		if c.spoil != nil {
			c.spoil(r)
		}
		found, how, err := locate(t.Context(), bookOf(r), c.line)
		require.NoError(t, err, name)
		var got []string
		for _, f := range found {
			got = append(got, f.String())
		}
		assert.Equal(t, c.want, got, name)
		assert.Equal(t, c.asked, r.asked, name)
		assert.Contains(t, how, strings.Join(c.want, ", then "), name)
	}
}

func TestTheNameThatACertificateMustCarry(t *testing.T) {
	t.Parallel()
	for want, line := range map[string]Line{
		"d.example": {Domain: "d.example", Locate: true},              // not the host that SRV names
		"a.example": {Domain: "d.example", Proxy: "a.example"},        // the next hop
		"192.0.2.9": {Domain: "d.example", Proxy: "192.0.2.9"},        // an address has to stand in it
		"b.example": {Domain: "x", Proxy: "b.example", ProxyPort: 70}, // whatever the port
	} {
		found, _, err := locate(t.Context(), bookOf(aFullZone()), line)
		require.NoError(t, err)
		assert.Equal(t, want, found[0].name)
	}
}

func TestThePlacesToTryAreBounded(t *testing.T) {
	t.Parallel()
	r := aFullZone()
	var many []service
	for i := range 50 {
		many = append(many, service{"a.example", 6000 + i, i, 0})
	}
	r.srv["_sip._udp.d.example"] = many
	found, _, err := locate(t.Context(), bookOf(r), Line{Domain: "d.example", Locate: true, Transport: "udp"})
	require.NoError(t, err)
	assert.Len(t, found, 8)
}

func TestLocateSaysWhatFailed(t *testing.T) {
	t.Parallel()
	for name, line := range map[string]Line{
		"NAPTR": {Port: 3, Domain: "d.example", Locate: true}, "SRV": {Port: 3, Domain: "d.example", Locate: true, Transport: "udp"},
		"A": {Port: 3, Domain: "d.example"},
	} {
		_, _, err := locate(t.Context(), bookOf(&BrokenResolver{}), line)
		failed, ok := errors.AsType[*StepError](err)
		require.True(t, ok, name)
		assert.Equal(t, "locate", failed.Step)
		require.ErrorIs(t, err, errBroken, name)
		assert.Contains(t, err.Error(), "line 3: ", name)
	}
}

func TestANameIsLookedUpOnce(t *testing.T) {
	t.Parallel()
	r := aFullZone()
	var said strings.Builder
	book := newAddressBook(r, &journal{out: &said, result: &Result{}})
	for range 3 {
		require.NoError(t, book.lookUp(t.Context(), "a.example"))
		require.NoError(t, book.lookUp(t.Context(), "192.0.2.9"))
	}
	assert.Equal(t, []string{"A a.example"}, r.asked)
	assert.Equal(t, " 1. dns        ok      a.example is 192.0.2.2, 2001:db8::2 (asked a table)\n", said.String())
	assert.Equal(t, []netip.Addr{netip.MustParseAddr("192.0.2.9")}, book.of("192.0.2.9"))
	assert.Nil(t, book.of("b.example"))
}

func TestServicesAreSortedByPriorityThenWeight(t *testing.T) {
	t.Parallel()
	got, err := usable([]service{{"c", 1, 20, 9}, {"b", 1, 10, 1}, {"a", 1, 10, 5}, {"", 1, 0, 0}, {"z", 0, 0, 0}})
	require.NoError(t, err)
	assert.Equal(t, []service{{"a", 1, 10, 5}, {"b", 1, 10, 1}, {"c", 1, 20, 9}}, got)
	_, err = usable(nil)
	require.ErrorIs(t, err, errNoRecords)
}

func TestSplitHost(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"h": "h 0 true", "h:70": "h 70 true", "192.0.2.1": "192.0.2.1 0 true", "192.0.2.1:1": "192.0.2.1 1 true", "2001:db8::1": "2001:db8::1 0 true",
		"[2001:db8::1]": "2001:db8::1 0 true", "[2001:db8::1]:65535": "2001:db8::1 65535 true", "a_b.example.": "a_b.example. 0 true",
		"": " 0 false", "h:0": " 0 false", "h:65536": " 0 false", "h:-1": " 0 false", "h:": " 0 false", ":5060": " 5060 false", "a..b": "a..b 0 false",
		"fe80::1%eth0": "fe80::1%eth0 0 false", "a b": "a b 0 false", "a@b": "a@b 0 false", "[h": " 0 false",
	} {
		host, port, ok := splitHost(text)
		assert.Equal(t, want, fmt.Sprint(host, " ", port, " ", ok), text)
	}
}
