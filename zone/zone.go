// Package zone is the door for DNS: the authoritative server of every customer's SIP domain, over UDP and TCP on one port.
//
// It owns the records by which a phone finds the registrar (RFC 3263: NAPTR, SRV, A and AAAA) and the rules of a small authoritative server
// (RFC 1034, 1035, 2308, 6891, 7873, 8482), of a primary that secondaries copy (RFC 1995, 1996, 5936, 8945), and of one that strangers can't turn against
// others. It holds no zone files: each customer's domain is one label below a common parent, so that its records follow from the configuration, from the
// nodes, and from one question to the store, does this domain exist? That is why the cost of an answer doesn't grow with the number of customers. It never
// recurses, never says that a name doesn't exist because the store failed, and never asks the store for what can't be a customer's domain. Start at Config,
// then respond in respond.go, then find in names.go; packets.go is the short way for what was asked before, transfer.go the way of secondaries.
package zone

import (
	"context"
	"log/slog"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/time/rate"

	"dialtone/fault"
)

// Domains says which SIP domains exist. customer.Store is one.
type Domains interface {
	// AnyTenantHasSIPDomain reports whether some customer has the domain, which is in lower case without a final dot. Any error means that
	// it isn't known; the question is then answered with SERVFAIL, which makes resolvers ask another node and keep what they know.
	AnyTenantHasSIPDomain(ctx context.Context, domain string) (bool, error)
}

// Ports are the ports of the SIP doors; 0 when that door is off, which takes its NAPTR and SRV records away.
type Ports struct{ UDP, TCP, TLS uint16 }

// Config is what a Server needs.
type Config struct {
	Parent    string       // the domain above every customer's: each is <label>.Parent; case and a final dot don't matter; at most 180 bytes
	Domains   Domains      // required
	Host      string       // where phones reach the SIP doors: a host name, which becomes the SRV target, or an IP address, which edge.<Parent> then has
	Addresses []netip.Addr // of this node: A and AAAA of the customers' domains, of ns.<Parent>, and of Host where it is a name below Parent; default: Host if it is an address
	Ports     Ports

	World       World        // how often it changed, which nodes there are, who the customers are; nil: this node alone, and no Secondaries
	NameServers []NameServer // of all zones; the first is the primary; default: ns.<Parent>
	Secondaries []Secondary  // who may copy the zone, and is told when it changes. With any, all customers are names of one zone: no SOA and NS of their own
	RateLimit   int          // answers a second over UDP to one network (IPv4 /24, IPv6 /56), for each kind of answer; 0: no limit
	Key         *SigningKey  // signs answers for who asks for that; nil: none are. With it customers are names of one zone, too, and there can't be Secondaries
	CookieKey   []byte       // of RFC 9018's server cookies, the same on all nodes: 16 bytes or more; empty: no cookies

	TTL    time.Duration    // of positive answers; 1 second to 1 day, default 5 minutes
	Now    func() time.Time // default time.Now
	Logger *slog.Logger     // default slog.Default()
	// Asked is told of each question about a customer's domain; nil: nobody is. It must not wait.
	Asked func(Asked)
}

// The names below the parent that are ours, and no customer's.
const (
	nameServerLabel = "ns"
	edgeLabel       = "edge"
)

// maxParent leaves room in a name's 255 bytes (RFC 1035 section 2.3.4) for a customer's label and _sips._tcp in front of the parent.
const maxParent = 180

const defaultTTL = 5 * time.Minute

const failureLogInterval = 10 * time.Second

// Server answers for one parent domain. Make it with New, then Listen, then Run. It is safe for concurrent use.
type Server struct {
	parent       string // canonical: lower case with a final dot, as every name in here
	parentLabels int
	nameServers  []NameServer // with canonical names
	oneZone      bool         // customers' domains are no zones of their own
	ttl          uint32       // seconds

	state      atomic.Pointer[state]
	world      World
	refreshing sync.Mutex
	now        func() time.Time

	secondaries map[string]*secondary // by the canonical name of their key
	transfers   chan struct{}         // places for transfers
	limiter     *limiter              // nil: no limit
	counters    counters
	cookies     *cookies    // nil: none
	key         *SigningKey // nil: nothing is signed

	domains   *domains
	answers   *answerCache
	asked     func(Asked)
	logger    *slog.Logger
	failures  rate.Sometimes // a store that is down is logged now and then, not for every question
	listeners []*dns.Server  // filled by Listen
	sockets   []*udpSocket   // as above
}

// NameServer is a name server of our zones.
type NameServer struct {
	Name      string
	Addresses []netip.Addr // where the name is below the parent; none: those of the nodes
}

// hostName is a DNS name of letters, digits and hyphens (RFC 1123 section 2.1), in canonical form.
var hostName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+$`)

// New checks the configuration; an error is fault.Invalid and names the field.
func New(c Config) (*Server, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	c = c.withDefaults()
	parent := dns.CanonicalName(c.Parent)
	s := &Server{
		parent: parent, parentLabels: dns.CountLabel(parent), nameServers: c.NameServers, oneZone: len(c.Secondaries) > 0 || c.Key != nil, key: c.Key,
		ttl:   uint32(c.TTL / time.Second), //nolint:gosec // G115: validate bounds it to a day
		world: c.World, now: c.Now, logger: c.Logger, asked: c.Asked, failures: rate.Sometimes{Interval: failureLogInterval},
		secondaries: newSecondaries(c.Secondaries), transfers: make(chan struct{}, maxTransfers), answers: newAnswerCache(),
	}
	if c.RateLimit > 0 {
		s.limiter = newLimiter(c.RateLimit)
	}
	if len(c.CookieKey) > 0 {
		s.cookies = newCookies(c.CookieKey, c.Now)
	}
	s.domains = newDomains(c.Domains, strings.TrimSuffix(parent, "."), c.Now)
	s.domains.serial = func() uint32 { return s.state.Load().serial }
	s.domains.holds = s.holds
	s.state.Store(&state{serial: 1, layout: s.alone(c)})
	return s, nil
}

func (c Config) validate() error {
	switch {
	case !hostName.MatchString(dns.CanonicalName(c.Parent)) || len(c.Parent) > maxParent:
		return fault.InvalidField("Parent", "%q is no domain name of at most %d bytes", c.Parent, maxParent)
	case c.Domains == nil:
		return fault.InvalidField("Domains", "is missing")
	case c.TTL < 0 || c.TTL > 24*time.Hour || c.TTL > 0 && c.TTL < time.Second:
		return fault.InvalidField("TTL", "%s isn't between 1 second and 1 day", c.TTL)
	}
	if err := c.validateServers(); err != nil {
		return err
	}
	for _, a := range c.Addresses {
		if !a.IsValid() || a.IsUnspecified() || a.IsMulticast() {
			return fault.InvalidField("Addresses", "%s is no address that a phone can reach", a)
		}
	}
	return c.validateHost()
}

func (c Config) validateServers() error {
	if len(c.Secondaries) > 0 && c.World == nil {
		return fault.InvalidField("Secondaries", "need a World to copy")
	}
	if len(c.Secondaries) > 0 && c.Key != nil {
		return fault.InvalidField("Secondaries", "can't copy a zone that is signed as it is asked for: use secondaries, or DNSSEC")
	}
	if n := len(c.CookieKey); n > 0 && n < cookieKeySize {
		return fault.InvalidField("CookieKey", "has %d bytes and needs %d", n, cookieKeySize)
	}
	for _, n := range c.NameServers {
		if !hostName.MatchString(dns.CanonicalName(n.Name)) || len(n.Name) > 253 {
			return fault.InvalidField("NameServers", "%q is no host name", n.Name)
		}
	}
	keys := map[string]bool{}
	for _, one := range c.Secondaries {
		if err := one.check(); err != nil {
			return err
		}
		if keys[dns.CanonicalName(one.Key)] {
			return fault.InvalidField("Secondaries", "two have the key %q: each needs one of its own", one.Key)
		}
		keys[dns.CanonicalName(one.Key)] = true
	}
	return nil
}

func (c Config) validateHost() error {
	if a, err := netip.ParseAddr(c.Host); err == nil {
		if a.IsUnspecified() || a.IsMulticast() || a.Zone() != "" {
			return fault.InvalidField("Host", "%s is no address that a phone can reach", c.Host)
		}
		return nil
	}
	if host := dns.CanonicalName(c.Host); !hostName.MatchString(host) || len(host) > 254 {
		return fault.InvalidField("Host", "%q is neither a host name nor an IP address", c.Host)
	}
	return nil
}

func (c Config) withDefaults() Config {
	if a, err := netip.ParseAddr(c.Host); err == nil && len(c.Addresses) == 0 {
		c.Addresses = []netip.Addr{a}
	}
	c.Addresses = slices.Clone(c.Addresses)
	for i, a := range c.Addresses {
		c.Addresses[i] = a.Unmap().WithZone("")
	}
	c.NameServers = slices.Clone(c.NameServers)
	for i := range c.NameServers {
		c.NameServers[i].Name = dns.CanonicalName(c.NameServers[i].Name)
	}
	if len(c.NameServers) == 0 {
		c.NameServers = []NameServer{{Name: nameServerLabel + "." + dns.CanonicalName(c.Parent)}}
	}
	if c.TTL == 0 {
		c.TTL = defaultTTL
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}
