// Package httpcfg serves phones over HTTP and HTTPS: it turns a request into a provisioning.Request, and what the core says into a status,
// headers and a body that old phones understand (RFC 9110, RFC 9112; digest RFC 7616, basic RFC 7617).
//
// It owns the two listeners, their limits, the reading of paths and of the Authorization header, and conditional requests. It never decides
// who may have a file, never reads an Authorization header that came in the clear, and never writes one, a query or an activation code into a log.
// Start at Server.Run, then handler.answer; proof.go reads what a phone shows.
package httpcfg

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
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
	// idleTimeout keeps a connection between the files of one boot and not until the next.
	idleTimeout = 20 * time.Second
	// maxHeaderBytes is eight times what the most talkative phone sends.
	maxHeaderBytes = 16 << 10
	// openTimeout is how long the core may take: less than a phone waits.
	openTimeout = 8 * time.Second
	// drainTimeout is how long Run waits for requests in progress after its end was asked for.
	drainTimeout = 5 * time.Second
)

// defaultMaxConnections bounds memory: an HTTPS connection costs some 40 kB, so that this is 160 MB at worst. More connections wait in the
// kernel's queue, where a phone sees a slow server and not a refusal; header and idle timeout free places within seconds.
const defaultMaxConnections = 4096

// Core is what this door asks. provisioning.Service is one; Open's errors are described there.
type Core interface {
	Open(ctx context.Context, r provisioning.Request) (provisioning.Opened, error)
}

// Config is what a Server is made of.
type Config struct {
	Core Core
	// Nonces judges and issues the nonces of HTTPS. It may be shared with other doors. Needed for HTTPS only.
	Nonces *digest.Nonces
	// TLS holds the server's certificate. Needed for HTTPS only. It must have a certificate for clients that name no server, as old phones don't.
	TLS *tls.Config
	// Now is the clock of the log; nil means time.Now.
	Now func() time.Time
	// Logger gets one line a request; nil means none.
	Logger *slog.Logger
	// Handshake is told of TLS handshakes that failed, and why; nil: nobody is. It must not wait.
	Handshake func(peer netip.AddrPort, why string)
	// MaxConnections bounds the open connections of each listener; 0 means 4096.
	MaxConnections int
}

// Addresses says where the server listens. An address is invalid (its zero value) when that listener is off.
type Addresses struct {
	Plain netip.AddrPort // HTTP
	TLS   netip.AddrPort // HTTPS
}

// Server is the door. Listen opens it, Run serves.
type Server struct {
	config    Config
	requests  atomic.Uint64 // numbers requests, for the log
	listeners []listening
}

// listening is an open listener with what it speaks.
type listening struct {
	net.Listener
	transport provisioning.Transport
}

// New makes a server that doesn't listen yet. It fails without a Core.
func New(config Config) (*Server, error) {
	if config.Core == nil {
		return nil, errors.New("the HTTP door has no core to ask")
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
	return &Server{config: config}, nil
}

// Listen opens the listeners at TCP addresses such as "127.0.0.1:8081"; "" leaves one off, port 0 picks a free port. Connections wait until
// Run. It fails when an address can't be had, and then opens nothing.
func (s *Server) Listen(ctx context.Context, plain, secure string) (Addresses, error) {
	var out Addresses
	var err error
	if secure != "" && (s.config.TLS == nil || s.config.Nonces == nil) {
		return Addresses{}, errors.New("the HTTPS door has no certificate or no nonces")
	}
	if out.Plain, err = s.listen(ctx, plain, provisioning.HTTP); err != nil {
		return Addresses{}, err
	}
	if out.TLS, err = s.listen(ctx, secure, provisioning.HTTPS); err != nil {
		s.close()
		return Addresses{}, err
	}
	return out, nil
}

func (s *Server) listen(ctx context.Context, address string, transport provisioning.Transport) (netip.AddrPort, error) {
	if address == "" {
		return netip.AddrPort{}, nil
	}
	var lc net.ListenConfig
	open, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("can't listen on %s for phones over %s: %w", address, transport, err)
	}
	tcp := open.(*net.TCPListener) // as the network is "tcp"
	var listener net.Listener = newLimitListener(tcp, s.config.MaxConnections)
	if transport == provisioning.HTTPS {
		listener = tls.NewListener(listener, http1Only(s.config.TLS))
	}
	s.listeners = append(s.listeners, listening{Listener: listener, transport: transport})
	return tcp.Addr().(*net.TCPAddr).AddrPort(), nil
}

// http1Only is config without HTTP/2: phones don't speak it, and one protocol less is one less to attack.
func http1Only(config *tls.Config) *tls.Config {
	c := config.Clone()
	c.NextProtos = []string{"http/1.1"}
	return c
}

func (s *Server) close() {
	for _, l := range s.listeners {
		_ = l.Close()
	}
	s.listeners = nil
}

// Run serves what Listen opened until ctx ends, then answers what was asked already, for at most 5 seconds, and leaves no goroutine. It
// returns nil after ctx ended, and an error when a listener broke. A server runs once.
func (s *Server) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var running sync.WaitGroup
	for _, l := range s.listeners {
		running.Go(func() {
			if err := s.serve(ctx, l); err != nil {
				cancel(err)
			}
		})
	}
	if len(s.listeners) == 0 {
		<-ctx.Done()
	}
	running.Wait()
	var broken *brokenError
	if errors.As(context.Cause(ctx), &broken) {
		return broken
	}
	return nil
}

// brokenError says that a listener broke: Run's own reason to end, as opposed to its caller's.
type brokenError struct {
	transport provisioning.Transport
	cause     error
}

func (e *brokenError) Error() string {
	return fmt.Sprintf("the listener for phones over %s broke: %v", e.transport, e.cause)
}

func (e *brokenError) Unwrap() error { return e.cause }

// serve serves one listener until ctx ends or the listener breaks, and waits for its connections.
func (s *Server) serve(ctx context.Context, l listening) error {
	var open sync.WaitGroup
	server := s.httpServer(ctx, l.transport, &open)
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()

	var err error
	select {
	case err = <-served:
		err = &brokenError{transport: l.transport, cause: err}
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	if server.Shutdown(drain) != nil {
		_ = server.Close() // cuts what didn't end in time, and cancels its contexts
	}
	if err == nil {
		<-served //nolint:errcheck // http.ErrServerClosed, as was asked for
	}
	open.Wait()
	return err
}

// httpServer makes the server of one listener; open counts its connections.
func (s *Server) httpServer(ctx context.Context, transport provisioning.Transport, open *sync.WaitGroup) *http.Server {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	return &http.Server{
		Handler:           &handler{Server: s, transport: transport},
		Protocols:         &protocols,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		// Without it "OPTIONS *" would be answered by the library and not by our rules.
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     log.New(&handshakes{logger: s.config.Logger, told: s.config.Handshake}, "", 0),
		// Requests outlive the end of ctx while the server drains.
		BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
		ConnState: func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				open.Add(1)
			case http.StateClosed, http.StateHijacked:
				open.Done()
			case http.StateActive, http.StateIdle:
			}
		},
	}
}
