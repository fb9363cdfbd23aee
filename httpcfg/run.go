package httpcfg

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"sync"
)

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
	name  string
	cause error
}

func (e *brokenError) Error() string {
	return fmt.Sprintf("the listener for phones over %s broke: %v", e.name, e.cause)
}

func (e *brokenError) Unwrap() error { return e.cause }

// serve serves one listener until ctx ends or the listener breaks, and waits for its connections.
func (s *Server) serve(ctx context.Context, l listening) error {
	var open sync.WaitGroup
	server := s.httpServer(ctx, l, &open)
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()

	var err error
	select {
	case err = <-served:
		err = &brokenError{name: l.name, cause: err}
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
func (s *Server) httpServer(ctx context.Context, l listening, open *sync.WaitGroup) *http.Server {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	headerBytes := maxHeaderBytes
	if len(s.config.Proxies) > 0 {
		headerBytes = maxProxyHeaderBytes
	}
	return &http.Server{
		Handler:           &handler{Server: s, listener: l},
		Protocols:         &protocols,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    headerBytes,
		// Without it "OPTIONS *" would be answered by the library and not by our rules.
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     log.New(&handshakes{logger: s.config.Logger, told: s.config.Handshake}, "", 0),
		// Requests outlive the end of ctx while the server drains.
		BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
		ConnState: func(conn net.Conn, state http.ConnState) {
			visitOf(conn).moved(state)
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
