// Package upstream owns what a partner says of its own softswitch, to which registrations are handed on: where it is, how it is asked, when it is asked
// again, and how it was met last.
//
// It never opens a socket but to ask DNS, never sees a password and never reads a SIP message: the door does. Start at Setting and Service; when a
// registration is handed on is plan.go, what is known of an upstream's health is health.go, how it is found is resolve.go.
package upstream

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"dialtone/customer"
	"dialtone/fault"
)

// Transport is how SIP reaches an upstream, in the wire's words.
type Transport string

// The transports.
const (
	UDP Transport = "udp"
	TCP Transport = "tcp"
	TLS Transport = "tls"
)

// Credentials says who proves a registration to the upstream, in the wire's words.
type Credentials string

// The ways.
const (
	// Own has us prove it with the line's own user name and password, after the phone has proven itself to us.
	Own Credentials = "own"
	// Passed has the phone prove it: the upstream's challenge goes to the phone, and its answer to the upstream.
	Passed Credentials = "passed"
)

// Setting is what a partner says of its softswitch. Nothing in it is secret.
type Setting struct {
	Partner     customer.OrgID // whose it is: of an inherited one the parent
	On          bool
	Host        string // a name in lower case, or an address without brackets
	Port        int    // 0: it is looked up, or the usual one of an address
	Transport   Transport
	CA          string // certificates in PEM that a server's must lead to; "": the system's
	Credentials Credentials
	Domain      string        // by which the upstream knows every customer; "": each by its own SIP domain
	Expires     time.Duration // that is asked for
	Rate        int           // the most registrations handed on in a second
	Changed     time.Time
}

// The bounds of a setting.
const (
	MinExpires, MaxExpires, DefaultExpires = time.Minute, 24 * time.Hour, time.Hour
	MaxRate, DefaultRate                   = 1000, 50
	maxCA                                  = 64 << 10
)

// Address is where the upstream is, as it was given.
func (s Setting) Address() string {
	if s.Port == 0 {
		return s.Host
	}
	return net.JoinHostPort(s.Host, strconv.Itoa(s.Port))
}

// Identity stands for what registrations must be told anew when it changes. It is short and of letters and digits.
func (s Setting) Identity() string {
	sum := sha256.Sum256([]byte(strings.Join([]string{string(s.Partner), s.Address(), string(s.Transport), s.CA, string(s.Credentials), s.Domain}, "\n")))
	return hex.EncodeToString(sum[:12])
}

// DomainFor is the domain that the upstream knows a customer by.
func (s Setting) DomainFor(domain string) string {
	if s.Domain != "" {
		return s.Domain
	}
	return domain
}

// Reader reads settings. fault.NotFound where there is none, fault.Unavailable when the database doesn't answer.
type Reader interface {
	// Upstream returns a partner's own setting.
	Upstream(ctx context.Context, partner customer.OrgID) (Setting, error)
	// UpstreamInForce returns a partner's own setting, else its parent's.
	UpstreamInForce(ctx context.Context, partner customer.OrgID) (Setting, error)
	// AnyTenantUpstreamOfDomain returns the setting in force for the customer with a SIP domain, in lower case: it is how a phone's partner becomes known.
	AnyTenantUpstreamOfDomain(ctx context.Context, domain string) (Setting, error)
}

// Tx reads and writes in one transaction.
type Tx interface {
	Reader
	// SetUpstream makes a setting its partner's, in place of the one before.
	SetUpstream(ctx context.Context, s Setting) error
	// DeleteUpstream deletes a partner's own setting; fault.NotFound when it has none.
	DeleteUpstream(ctx context.Context, partner customer.OrgID) error
	// Record appends an event.
	Record(ctx context.Context, e customer.Event) error
}

// Store is what the package needs from below. Update is as in customer.Store.
type Store interface {
	Reader
	Update(ctx context.Context, tenant customer.Tenant, fn func(Tx) error) error
}

// Resolver finds the addresses of a name and how long they hold.
type Resolver interface {
	Resolve(ctx context.Context, s Setting) ([]netip.AddrPort, time.Duration, error)
}

// Config is what a Service needs. Every field must be set but Resolver.
type Config struct {
	Store    Store
	Now      func() time.Time
	Random   func() float64 // from 0 to less than 1
	Logger   *slog.Logger
	Resolver Resolver // nil: the system's name servers, by RFC 3263
}

// Service answers where registrations are handed on. It is safe for concurrent use.
type Service struct {
	Config
	settings *remembered

	mu      sync.Mutex
	health  map[customer.OrgID]*health // by the setting's partner; never more than there are settings
	targets map[string]found           // by identity; never more than there are settings, but for those that changed
	own     []netip.AddrPort
	names   []string // in lower case
}

// NewService returns a service.
func NewService(c Config) *Service {
	if c.Resolver == nil {
		c.Resolver = SystemResolver{Random: c.Random}
	}
	return &Service{Config: c, settings: newRemembered(c.Now), health: map[customer.OrgID]*health{}, targets: map[string]found{}}
}

// Announce says what is this installation itself, which is nobody's upstream: where its SIP doors listen and are reached, and names (with all below them).
// Call it once, before the doors run.
func (s *Service) Announce(own []netip.AddrPort, names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.own = own
	for _, n := range names {
		s.names = append(s.names, strings.ToLower(strings.TrimSuffix(n, ".")))
	}
}

// isUs reports whether an address is one of ours.
func (s *Service) isUs(a netip.AddrPort) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.own {
		if o.Port() == a.Port() && (o.Addr() == a.Addr() || o.Addr().IsUnspecified() && a.Addr().IsLoopback()) {
			return true
		}
	}
	return false
}

// isOurName reports whether a host is one of our names, or below one.
func (s *Service) isOurName(host string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.names {
		if host == n || strings.HasSuffix(host, "."+n) {
			return true
		}
	}
	return false
}

// InForce returns the setting that a partner's registrations follow; ok is false when there is none, or it is off. What it says may be five seconds old.
func (s *Service) InForce(ctx context.Context, partner customer.OrgID) (Setting, bool, error) {
	return s.remember("p"+string(partner), func() (Setting, error) { return s.Store.UpstreamInForce(ctx, partner) })
}

// OfDomain returns the setting that the customer with a SIP domain follows, as InForce does.
func (s *Service) OfDomain(ctx context.Context, domain string) (Setting, bool, error) {
	return s.remember("d"+domain, func() (Setting, error) { return s.Store.AnyTenantUpstreamOfDomain(ctx, domain) })
}

func (s *Service) remember(key string, read func() (Setting, error)) (Setting, bool, error) {
	if setting, ok := s.settings.get(key); ok {
		return setting, setting.On, nil
	}
	setting, err := read()
	if err != nil && !fault.Is(err, fault.NotFound) {
		return Setting{}, false, err
	}
	if err != nil {
		setting = Setting{}
	}
	s.settings.put(key, setting)
	return setting, setting.On, nil
}

// How long a setting is remembered, and how many are: some 300 bytes each. Strangers can ask about any domain, so that there is a bound.
const (
	rememberFor  = 5 * time.Second
	rememberMost = 20_000
)

// remembered keeps settings for a moment, so that a flood of requests isn't one of queries.
type remembered struct {
	now func() time.Time
	mu  sync.Mutex
	all map[string]memory
}

type memory struct {
	setting Setting
	until   time.Time
}

func newRemembered(now func() time.Time) *remembered {
	return &remembered{now: now, all: map[string]memory{}}
}

func (r *remembered) get(key string) (Setting, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m, ok := r.all[key]
	return m.setting, ok && r.now().Before(m.until)
}

func (r *remembered) put(key string, s Setting) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.all) >= rememberMost {
		clear(r.all)
	}
	r.all[key] = memory{s, r.now().Add(rememberFor)}
}

func (r *remembered) clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.all)
}
