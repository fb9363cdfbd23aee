// Package sip is the door through which phones register: SIP REGISTER with digest authentication over UDP, TCP, TLS, DTLS and
// WebSockets (RFC 3261 sections 10 and 22, RFC 7118). It also lets those who prove themselves call the echo (call.go).
//
// It owns sockets and their limits, the reading of SIP header fields, the challenge, and the translation between REGISTER and the core's
// words. It never stores a binding, never sees a password, and forwards nothing to anybody but
// where a partner has a registrar of its own: then it is an edge proxy (upstream.go, forward.go). Start at Server.Handle, which is a
// request in and a response out without any socket; serve.go brings the requests, auth.go challenges, contacts.go reads what is to be
// bound. The other way round, Flows.Send brings a request of ours to a phone the way that its registration came, and Notify tells it something.
//
// sipgo parses and writes messages; its transaction and transport layers aren't used. All requests are answered without a transaction
// (RFC 3261 section 8.2.7): a retransmitted REGISTER is handled like the first and gives the same bindings, so there is nothing to remember
// between the two, and sipgo's UDP transport remembers every source address that it ever saw, which strangers can forge without end.
package sip

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"log/slog"
	"net/netip"
	"strings"
	"time"

	"dialtone/deviceprofiles"
	"dialtone/digest"
	"dialtone/provisioning"
)

// Core is what this door asks of the rules behind it; *provisioning.Service is one. The core writes the boot trace.
type Core interface {
	// VerifySIP returns the line that a proof belongs to. fault.Denied for an unknown line and a wrong password alike, fault.Limited after too
	// many wrong ones, fault.Unavailable when the store doesn't answer.
	VerifySIP(ctx context.Context, proof provisioning.SIPProof) (provisioning.LineOwner, error)
	// Register applies a request and returns all valid bindings of its line. The same request again is fine. fault.Conflict when a newer
	// request of the same Call-ID came before, fault.Limited for too many contacts, fault.NotFound when the line is gone,
	// fault.Unavailable when nothing was stored.
	Register(ctx context.Context, request provisioning.RegisterRequest) ([]provisioning.Binding, error)
}

// Config is what a Server is made of. Core, Nonces and SIPDomain are needed; a zero value elsewhere means the default.
type Config struct {
	Core   Core
	Nonces *digest.Nonces
	Now    func() time.Time // time.Now
	Logger *slog.Logger     // slog.DiscardHandler
	Random io.Reader        // crypto/rand.Reader; for what only the far end of a request of ours may know

	// T1 is the estimate of a round trip, by which requests of ours are sent again and given up (500 ms, RFC 3261 section 17.1.1.1).
	T1 time.Duration

	// The bounds of a registration's length. Shorter wishes than MinExpires (60 s) are refused with 423, longer ones than MaxExpires (1 h) are
	// cut, and DefaultExpires (1 h, at most MaxExpires) stands in for none.
	MinExpires, MaxExpires, DefaultExpires time.Duration

	// OfferSHA256 reports whether a phone with that User-Agent gets a SHA-256 challenge after the MD5 one (RFC 8760). The default says so of
	// Linphone alone: other clients of the field give up at the sight of an algorithm that they don't know, whatever stands before it. Both
	// algorithms are always taken.
	OfferSHA256 func(userAgent string) bool

	// Unknown is told of a request to register in a domain that isn't below ours; nil: nobody is. It must not wait.
	Unknown func(method, transport, userAgent string, peer netip.AddrPort)

	// Registrations lets phones subscribe to how their own line is registered (RFC 3680); nil: SUBSCRIBE is refused.
	Registrations Registrations
	// WatchPause is how long a line isn't told of again after it was (1 s), and WatchEvery how late what didn't come through this server is seen: of
	// other nodes, administrators and time (10 s, for up to 10,000 lines that are watched here).
	WatchPause, WatchEvery time.Duration

	// Calls takes calls to the echo; nil: there are none, and INVITE is refused.
	Calls Calls

	// ServiceRoutes are given to every phone that registers (RFC 3608): the proxies that its own requests are to pass, as Route has them. None by
	// default.
	ServiceRoutes []string
	// PathUnasked takes registrations that come through a proxy which wants to be on the way back (RFC 3327) also where the phone didn't say
	// that it knows of such. By default they are refused with 420: calls would go through somebody the phone knows nothing of.
	PathUnasked bool
	// GRUUKey is a secret of 16 bytes or more, one for all nodes, that temporary addresses of phones are made with (RFC 5627); without it phones get
	// public ones only.
	GRUUKey []byte
	// Certified reads the certificate that a phone showed on its connection, once a connection, and returns the address in it, zero for none; nil:
	// phones aren't asked for certificates.
	Certified func(chain []*x509.Certificate) deviceprofiles.MAC

	// ClientCAs are named to phones as issuers whose certificates are welcome; nil names none, and a phone shows what it has.
	ClientCAs *x509.CertPool
	// WebOrigins are the origins whose pages may open WebSockets, such as https://phone.example.com; "*" is all. None by default: programs that aren't
	// browsers name no origin, and need not be here.
	WebOrigins []string

	// Banned reports whether an address guesses: it gets silence, but for users that it says are in good standing; nil: nobody is. It must not wait.
	Banned func(peer netip.Addr, user, domain string) bool

	// Handing hands registrations and calls on to partners' own registrars; nil: to none.
	Handing *Handing

	// TLS holds the certificates for TLS, DTLS and WebSockets; needed only to listen with them.
	TLS *tls.Config
	// PublicHost is the name or address of this server that phones may have in a Request-URI beside their own domain.
	PublicHost string
	// SIPDomain is the parent of every customer's domain: addresses of record are user@CUSTOMER.SIPDomain.
	SIPDomain string

	// MaxConnections bounds TCP, TLS, DTLS and WebSocket connections together (10,000). A TLS connection takes some 50 kB, so that this is half a
	// gigabyte at the most.
	MaxConnections int
	// MaxConnectionsPerAddress bounds those of one IPv4 address or IPv6 /64 (500), which is a large office behind one NAT with a connection
	// per phone, and few enough that one host can't take all of them.
	MaxConnectionsPerAddress int
}

// Server answers SIP requests. Make it with New; then either call Handle, or Listen and Run. It is safe for concurrent use.
type Server struct {
	config      Config
	connections *connections
	flows       *Flows
	tagSeed     maphash.Seed
	gruus       *gruus
	watchers    *watchers
	counters    counters
	sockets     sockets
	hander      *hander   // nil without Handing
	addresses   Addresses // of the sockets
}

// New checks a config and makes a Server that doesn't listen yet. The errors are for whoever wires it up.
func New(config Config) (*Server, error) {
	if config.Core == nil || config.Nonces == nil {
		return nil, errors.New("sip: Core and Nonces are needed")
	}
	config.SIPDomain = strings.ToLower(strings.Trim(config.SIPDomain, "."))
	if !isDomain(config.SIPDomain) {
		return nil, fmt.Errorf("sip: %q is no domain name for SIPDomain", config.SIPDomain)
	}
	config.PublicHost = strings.ToLower(strings.TrimSuffix(config.PublicHost, "."))
	config.MinExpires = cmp.Or(config.MinExpires, time.Minute)
	config.MaxExpires = cmp.Or(config.MaxExpires, time.Hour)
	config.DefaultExpires = cmp.Or(config.DefaultExpires, min(time.Hour, config.MaxExpires))
	if config.MinExpires < time.Second || config.DefaultExpires < config.MinExpires || config.MaxExpires < config.DefaultExpires {
		return nil, errors.New("sip: the expiries must be a second or more and MinExpires <= DefaultExpires <= MaxExpires")
	}
	config.MaxConnections = cmp.Or(config.MaxConnections, 10_000)
	config.MaxConnectionsPerAddress = cmp.Or(config.MaxConnectionsPerAddress, 500)
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	if config.OfferSHA256 == nil {
		config.OfferSHA256 = isLinphone
	}
	for _, route := range config.ServiceRoutes {
		a, ok := parseAddress(route)
		if _, isURI := parseURI(a.uri); !ok || !isURI || strings.ContainsFunc(route, isControl) {
			return nil, fmt.Errorf("sip: %q is no route for ServiceRoutes, such as <sip:proxy.example.com;lr>", route)
		}
	}
	addresses, err := newGRUUs(config.GRUUKey)
	if err != nil {
		return nil, err
	}
	if config.Random == nil {
		config.Random = rand.Reader
	}
	config.T1 = cmp.Or(config.T1, usualT1)
	config.watchPauses()
	s := &Server{
		config: config, tagSeed: maphash.MakeSeed(), gruus: addresses,
		connections: newConnections(config.MaxConnections, config.MaxConnectionsPerAddress),
	}
	s.flows = newFlows(s)
	s.watchers = newWatchers(s)
	if config.Handing != nil {
		if s.hander, err = newHander(s, *config.Handing); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// isLinphone recognises the desktop and mobile apps of Linphone, which take several challenges in any order.
func isLinphone(userAgent string) bool {
	const name = "linphone"
	return len(userAgent) >= len(name) && strings.EqualFold(userAgent[:len(name)], name)
}
