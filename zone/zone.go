// Package zone is the door for DNS: the authoritative server of every customer's SIP domain, over UDP and TCP on one port.
//
// It owns the records by which a phone finds the registrar (RFC 3263: NAPTR, SRV, A and AAAA) and the rules of a small authoritative server
// (RFC 1034, 1035, 2308, 6891, 8482). It holds no zone files: each customer's domain is one label below a common parent, so that its records
// follow from the configuration and from one question to the store, does this domain exist? That is why the cost of an answer doesn't grow with
// the number of customers. It never recurses, never transfers a zone, never says that a name doesn't exist because the store failed,
// and never asks the store for what can't be a customer's domain. Start at Config, then respond in respond.go, then find in names.go.
package zone

import (
	"context"
	"log/slog"
	"net/netip"
	"regexp"
	"slices"
	"strings"
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
	nameServer   string
	target       string                  // of SRV records
	hosts        map[string][]netip.Addr // names of our own below the parent, or the parent itself; no addresses: an empty name (RFC 8020)
	addresses    []netip.Addr
	services     []service
	ttl          uint32 // seconds

	domains   *domains
	asked     func(Asked)
	logger    *slog.Logger
	failures  rate.Sometimes // a store that is down is logged now and then, not for every question
	listeners []*dns.Server  // filled by Listen
}

// service is a SIP transport that is open, with its place in RFC 3263's order.
type service struct {
	prefix string // of the SRV name, e.g. _sips._tcp
	field  string // NAPTR services field
	order  uint16 // NAPTR order: the safest transport first
	port   uint16
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
		parent: parent, parentLabels: dns.CountLabel(parent), nameServer: nameServerLabel + "." + parent,
		addresses: c.Addresses, services: c.Ports.services(), ttl: uint32(c.TTL / time.Second), //nolint:gosec // G115: validate bounds it to a day
		domains: newDomains(c.Domains, strings.TrimSuffix(parent, "."), c.Now), logger: c.Logger, asked: c.Asked,
		failures: rate.Sometimes{Interval: failureLogInterval},
	}
	s.layOut(c.Host)
	return s, nil
}

// layOut decides where SRV records point and which names of our own there are.
func (s *Server) layOut(host string) {
	edge := edgeLabel + "." + s.parent
	s.hosts = map[string][]netip.Addr{s.parent: nil, s.nameServer: s.addresses, edge: s.addresses}
	if address, err := netip.ParseAddr(host); err == nil {
		s.target = edge
		s.hosts[edge] = []netip.Addr{address.Unmap()}
		return
	}
	s.target = dns.CanonicalName(host)
	if !dns.IsSubDomain(s.parent, s.target) {
		return
	}
	s.hosts[s.target] = s.addresses
	for name := s.target; name != s.parent; { // the names between exist, too, though they hold nothing (RFC 8020)
		next, _ := dns.NextLabel(name, 0)
		name = name[next:]
		if _, ok := s.hosts[name]; !ok {
			s.hosts[name] = nil
		}
	}
}

func (p Ports) services() []service {
	all := []service{
		{prefix: "_sips._tcp", field: "SIPS+D2T", order: 10, port: p.TLS},
		{prefix: "_sip._tcp", field: "SIP+D2T", order: 20, port: p.TCP},
		{prefix: "_sip._udp", field: "SIP+D2U", order: 30, port: p.UDP},
	}
	return slices.DeleteFunc(all, func(s service) bool { return s.port == 0 })
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
	for _, a := range c.Addresses {
		if !a.IsValid() || a.IsUnspecified() || a.IsMulticast() {
			return fault.InvalidField("Addresses", "%s is no address that a phone can reach", a)
		}
	}
	return c.validateHost()
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
