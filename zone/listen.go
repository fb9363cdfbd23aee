package zone

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/sync/errgroup"
)

const (
	// maxConnections bounds the TCP connections that are open at once; one too many is closed unanswered. Phones and resolvers come over TCP
	// only after a truncated answer, which our answers hardly ever are. With a message of at most 64 KB each, that is 16 MB at the worst.
	maxConnections = 256
	// firstRead, idle and write are how long a TCP client may take: for its first question, between questions, and to take an answer, or a part of a transfer, in.
	firstRead = 2 * time.Second
	idle      = 5 * time.Second
	write     = 5 * time.Second
	// acceptPause keeps a process that is out of file descriptors from spinning.
	acceptPause = 50 * time.Millisecond
	// receiveBuffer is asked of the system for the UDP socket, which may give less: a building of phones that boots at once comes as a burst.
	receiveBuffer = 1 << 20
	// pairTries is how often a free port is picked before both UDP and TCP have it.
	pairTries = 20
	// maxSockets bounds how many UDP sockets read the port.
	maxSockets = 16
)

// Listen opens UDP and TCP on address, HOST:PORT, and returns where they listen: the same port for both, also when the system picks it (port 0).
// The sockets are open from here on; Run answers, and closes them. Call it once.
//
// UDP has a socket for each core, among which the system spreads clients.
func (s *Server) Listen(ctx context.Context, address string) (netip.AddrPort, error) {
	packets, stream, err := listenPair(ctx, address)
	if err != nil {
		return netip.AddrPort{}, err
	}
	for _, conn := range packets {
		s.sockets = append(s.sockets, newUDPSocket(s, conn))
	}
	at := packets[0].LocalAddr().(*net.UDPAddr).AddrPort()
	s.listeners = []*dns.Server{{
		Listener: newLimitedListener(stream), MsgAcceptFunc: accept, ReadTimeout: firstRead, IdleTimeout: func() time.Duration { return idle }, TsigSecret: s.tsigKeys(),
	}}
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port()), nil
}

// listenPair opens UDP and TCP on one port.
func listenPair(ctx context.Context, address string) ([]*net.UDPConn, net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, nil, err
	}
	tries := 1
	if port == "0" {
		tries = pairTries
	}
	var config net.ListenConfig
	for {
		packets, err := listenUDP(ctx, address)
		if err != nil {
			return nil, nil, err
		}
		at := packets[0].LocalAddr().(*net.UDPAddr)
		stream, err := config.Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(at.Port)))
		if err == nil {
			return packets, stream, nil
		}
		closing := closeAll(packets)
		if tries--; tries == 0 {
			return nil, nil, errors.Join(err, closing)
		}
	}
}

// listenUDP opens the sockets of one port. Where the system picks it, it does so for the first.
func listenUDP(ctx context.Context, address string) ([]*net.UDPConn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	config := net.ListenConfig{Control: sharePort}
	var all []*net.UDPConn
	for range udpSockets() {
		conn, err := config.ListenPacket(ctx, "udp", address)
		if err != nil {
			return nil, errors.Join(err, closeAll(all))
		}
		all = append(all, conn.(*net.UDPConn))
		address = net.JoinHostPort(host, strconv.Itoa(conn.LocalAddr().(*net.UDPAddr).Port))
	}
	return all, nil
}

func closeAll(all []*net.UDPConn) error {
	var err error
	for _, conn := range all {
		err = errors.Join(err, conn.Close())
	}
	return err
}

// Run answers until ctx ends, finishes what is under way, which takes a few seconds at the most, and closes the sockets. It returns nil then, and an
// error when a socket fails.
func (s *Server) Run(ctx context.Context) error {
	if len(s.listeners) == 0 {
		return errors.New("zone: Run before Listen")
	}
	handlers, handlersContext := errgroup.WithContext(ctx)
	answering := context.WithoutCancel(ctx) // a question that was let in is answered
	for _, listener := range s.listeners {
		listener.Handler = dns.HandlerFunc(func(w dns.ResponseWriter, r *dns.Msg) { s.serve(answering, w, r) })
		handlers.Go(func() error { return runListener(handlersContext, listener) })
	}
	for _, socket := range s.sockets {
		handlers.Go(func() error { return socket.run(handlersContext) })
	}
	if s.world != nil {
		handlers.Go(func() error { return s.follow(handlersContext) })
	}
	for _, one := range s.secondaries {
		if one.Notify.IsValid() {
			handlers.Go(func() error { return s.notify(handlersContext, one) })
		}
	}
	return handlers.Wait()
}

// runListener runs one socket until ctx ends.
func runListener(ctx context.Context, listener *dns.Server) error {
	started, stopped := make(chan struct{}), make(chan error, 1)
	listener.NotifyStartedFunc = func() { close(started) }
	go func() { stopped <- listener.ActivateAndServe() }()
	select { // it can only be shut down once it has started
	case <-started:
	case err := <-stopped:
		return err
	}
	select {
	case <-ctx.Done():
		return errors.Join(listener.Shutdown(), <-stopped)
	case err := <-stopped:
		return err
	}
}

// limitedListener keeps the number of open connections bounded, and gives each a deadline for writes.
type limitedListener struct {
	net.Listener
	places chan struct{}
	closed chan struct{}
	once   sync.Once
}

func newLimitedListener(inner net.Listener) *limitedListener {
	return &limitedListener{Listener: inner, places: make(chan struct{}, maxConnections), closed: make(chan struct{})}
}

// Accept waits for a connection that there is a place for.
func (l *limitedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			l.pause(err)
			return nil, err
		}
		select {
		case l.places <- struct{}{}:
			return &limitedConn{Conn: conn, leave: sync.OnceFunc(func() { <-l.places })}, nil
		default:
			_ = conn.Close() // the client sees it
		}
	}
}

// Close stops accepting.
func (l *limitedListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

func (l *limitedListener) pause(err error) {
	if errors.Is(err, net.ErrClosed) {
		return
	}
	timer := time.NewTimer(acceptPause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-l.closed:
	}
}

type limitedConn struct {
	net.Conn
	leave func()
}

// Write writes before the deadline.
func (c *limitedConn) Write(b []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(write)); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

// Close closes the connection and gives its place up.
func (c *limitedConn) Close() error {
	defer c.leave()
	return c.Conn.Close()
}
