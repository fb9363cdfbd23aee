// Package httpcfg serves phones over HTTP and HTTPS: it turns a request into a provisioning.Request, and what the core says into a status,
// headers and a body that old phones understand (RFC 9110, RFC 9112; digest RFC 7616, basic RFC 7617).
//
// It owns its listeners and their limits, the reading of paths, of what a phone shows (Authorization header, certificate) and of what a trusted proxy
// says about it, conditional requests, ranges and uploads on their way. It never decides who may have or send a file, never reads an Authorization
// header that came in the clear, and never writes one, a query or an activation code into a log. Start at Server.Run, then handler.answer; proof.go
// reads what a phone shows, arrival.go whence it comes, gate.go says how many may come at a time.
package httpcfg

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"dialtone/digest"
	"dialtone/provisioning"
)

// The limits of one connection. A phone on a bad line needs seconds for a small file; whoever needs longer holds a place that others want.
const (
	headerTimeout = 10 * time.Second // also of the TLS handshake
	readTimeout   = 30 * time.Second
	writeTimeout  = 60 * time.Second
	// idleTimeout keeps a connection between the files of one boot and not until the next. When places are short it ends earlier.
	idleTimeout = 20 * time.Second
	// maxHeaderBytes is eight times what the most talkative phone sends.
	maxHeaderBytes = 16 << 10
	// maxProxyHeaderBytes leaves room for certificates in the headers of a proxy.
	maxProxyHeaderBytes = 48 << 10
	// openTimeout is how long the core may take: less than a phone waits.
	openTimeout = 8 * time.Second
	// drainTimeout is how long Run waits for requests in progress after its end was asked for.
	drainTimeout = 5 * time.Second
)

// defaultMaxConnections bounds memory: an HTTPS connection costs some 40 kB, so that this is 160 MB at worst for each listener. More connections
// wait in the kernel's queue, where a phone sees a slow server and not a refusal.
const defaultMaxConnections = 4096

// defaultMaxUpload is what a problem report of the most talkative phone has, and as much again.
const defaultMaxUpload = 8 << 20

// Core is what this door asks. provisioning.Service is one; the errors of both are described there. Upload reads nothing of an upload's body before it
// has admitted the phone: the first read uses a digest answer up, and tells a phone that waits for it to go on.
type Core interface {
	Open(ctx context.Context, r provisioning.Request) (provisioning.Opened, error)
	Upload(ctx context.Context, u provisioning.Upload) (provisioning.Uploaded, error)
}

// Tickets lets TLS sessions be resumed at every node, under keys that change.
type Tickets interface {
	// Rotate returns a configuration like config whose session ticket keys change with time. Sessions of one name aren't taken under another.
	Rotate(name string, config *tls.Config) *tls.Config
}

// Config is what a Server is made of.
type Config struct {
	Core Core
	// Nonces judges and issues the nonces of HTTPS. It may be shared with other doors. Needed for HTTPS, also for that which ends at a proxy.
	Nonces *digest.Nonces
	// TLS holds the server's certificate. Needed for HTTPS only. It must have a certificate for clients that name no server, as old phones don't.
	TLS *tls.Config
	// LegacyTLS is the same for phones that know no TLS that is safe today. Needed for that listener only.
	LegacyTLS *tls.Config
	// Tickets makes the keys of resumed sessions; nil leaves them to crypto/tls, which makes them for this process alone.
	Tickets Tickets
	// NoClientCertificates leaves phones alone that stumble over being asked for a certificate. Else they are asked, never forced, and the core judges.
	NoClientCertificates bool
	// ClientCAs are named to phones as issuers whose certificates are welcome; nil names none, and a phone shows what it has.
	ClientCAs *x509.CertPool
	// Proxies are the networks of proxies in front of us, whose word about who asks is taken. Nobody else's is.
	Proxies []netip.Prefix
	// CertificateHeader is how these proxies pass a phone's certificate on. A proxy must take the header away from whoever else sends it.
	CertificateHeader CertificateHeader
	// Now is the clock of the log; nil means time.Now.
	Now func() time.Time
	// Logger gets one line a request; nil means none.
	Logger *slog.Logger
	// Handshake is told of TLS handshakes that failed, and why; nil: nobody is. It must not wait.
	Handshake func(peer netip.AddrPort, why string)
	// MaxConnections bounds the open connections of each listener; 0 means 4096.
	MaxConnections int
	// Patience is how long a connection that has asked nothing yet keeps its place while others wait for one; 0 means 3 seconds.
	Patience time.Duration
	// MaxUpload bounds an upload in bytes; 0 means 8 MiB.
	MaxUpload int64
}

// Listen says where to listen: TCP addresses such as "127.0.0.1:8081", "" for a listener that is off; port 0 picks a free port.
type Listen struct {
	Plain     string // HTTP
	TLS       string // HTTPS
	LegacyTLS string // HTTPS as old phones know it
}

// Addresses says where the server listens. An address is invalid (its zero value) when that listener is off.
type Addresses struct {
	Plain, TLS, LegacyTLS netip.AddrPort
}

// Server is the door. Listen opens it, Run serves.
type Server struct {
	config    Config
	requests  atomic.Uint64 // numbers requests, for the log
	listeners []listening
}

// legacyName is the name of the listener for old phones.
const legacyName = "https-legacy"

// listening is an open listener with what it speaks.
type listening struct {
	net.Listener
	transport provisioning.Transport
	name      string // for the log
}

// New makes a server that doesn't listen yet. It fails without a Core, and when proxies can speak for phones over HTTPS and there are no Nonces.
func New(config Config) (*Server, error) {
	if config.Core == nil {
		return nil, errors.New("the HTTP door has no core to ask")
	}
	if len(config.Proxies) > 0 && config.Nonces == nil {
		return nil, errors.New("the HTTP door has proxies in front of it and no nonces")
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	if config.MaxConnections <= 0 {
		config.MaxConnections = defaultMaxConnections
	}
	if config.Patience <= 0 {
		config.Patience = defaultPatience
	}
	if config.MaxUpload <= 0 {
		config.MaxUpload = defaultMaxUpload
	}
	return &Server{config: config}, nil
}

// Listen opens the listeners. Connections wait until Run. It fails when an address can't be had, or one for HTTPS has no certificate or no nonces,
// and then opens nothing.
func (s *Server) Listen(ctx context.Context, at Listen) (Addresses, error) {
	var out Addresses
	for _, l := range []struct {
		name, address string
		transport     provisioning.Transport
		tls           *tls.Config
		bound         *netip.AddrPort
	}{
		{"http", at.Plain, provisioning.HTTP, nil, &out.Plain},
		{"https", at.TLS, provisioning.HTTPS, s.config.TLS, &out.TLS},
		{legacyName, at.LegacyTLS, provisioning.HTTPS, s.config.LegacyTLS, &out.LegacyTLS},
	} {
		if l.address == "" {
			continue
		}
		var err error
		switch {
		case l.transport == provisioning.HTTPS && (l.tls == nil || s.config.Nonces == nil):
			err = fmt.Errorf("the door %s has no certificate or no nonces", l.name)
		default:
			*l.bound, err = s.listen(ctx, l.name, l.address, l.transport, l.tls)
		}
		if err != nil {
			s.close()
			return Addresses{}, err
		}
	}
	return out, nil
}

func (s *Server) listen(ctx context.Context, name, address string, transport provisioning.Transport, config *tls.Config) (netip.AddrPort, error) {
	var lc net.ListenConfig
	open, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("can't listen on %s for phones over %s: %w", address, name, err)
	}
	tcp := open.(*net.TCPListener) // as the network is "tcp"
	var listener net.Listener = newGate(tcp, s.config.MaxConnections, s.config.Patience)
	if transport == provisioning.HTTPS {
		listener = tls.NewListener(listener, s.tlsConfig(name, config))
	}
	s.listeners = append(s.listeners, listening{Listener: listener, transport: transport, name: name})
	return tcp.Addr().(*net.TCPAddr).AddrPort(), nil
}

// tlsConfig is config as a listener needs it. Without HTTP/2: phones don't speak it, and one protocol less is one less to attack. With a question for
// the phone's certificate, which crypto/tls must not judge: those that phones leave the factory with have uses and signatures that it would refuse. That
// the phone has the key is proven by the handshake.
func (s *Server) tlsConfig(name string, config *tls.Config) *tls.Config {
	c := config.Clone()
	c.NextProtos = []string{"http/1.1"}
	if !s.config.NoClientCertificates {
		c.ClientAuth, c.ClientCAs = tls.RequestClientCert, s.config.ClientCAs
	}
	if s.config.Tickets != nil {
		c = s.config.Tickets.Rotate(name, c)
	}
	return c
}

func (s *Server) close() {
	for _, l := range s.listeners {
		_ = l.Close()
	}
	s.listeners = nil
}
