// Package tftp serves phones over TFTP, reading only: RFC 1350 with the options of RFC 2347 (negotiation), 2348 (blksize) and 2349 (timeout,
// tsize).
//
// It owns the listening socket, one socket for each transfer, the resending of what wasn't acknowledged, and the bounds that keep strangers
// from using it against us or, with a forged address, against others. It never accepts a file, never decides who may have one, and never
// tells a peer anything but a few fixed texts. Start at Server.Run, then Server.serve; places.go holds the bounds, request.go the parser.
//
// It is our own server, and not that of github.com/pin/tftp, because ours must do what that one (v3.2.0) can't: send other error codes than 1,
// stay silent without leaving a socket open until the garbage collector finds it, bound transfers before they cost a socket, resend an
// unacknowledged first block less often than the rest, negotiate timeouts, and stop with its context.
package tftp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"dialtone/provisioning"
)

const (
	// defaultMaxTransfers bounds sockets, goroutines and memory (some 10 kB each). A file of 4 kB takes nine round trips, so that 256 at a time
	// are a thousand files a second over a line of 20 ms; further phones hear nothing and ask again some seconds later.
	defaultMaxTransfers = 256
	// defaultMaxBlockSize fills an Ethernet frame: 1500 bytes less the headers of IPv4, UDP and TFTP. Larger blocks would be cut into fragments,
	// which phones' networks lose first.
	defaultMaxBlockSize = 1468
	// defaultTimeout is the first wait for an acknowledgement; each further one is twice as long.
	defaultTimeout = time.Second
	// defaultRetries ends a transfer half a minute (1+2+4+8+16 s) after the peer's last sign of life.
	defaultRetries = 4

	// openTimeout is how long the core may take: less than a phone waits.
	openTimeout = 8 * time.Second
	// transferTimeout ends transfers of peers that acknowledge ever so slowly.
	transferTimeout = 5 * time.Minute
	// drainTimeout is how long Run waits for transfers in progress after its end was asked for.
	drainTimeout = 3 * time.Second
	// receiveBuffer is what the kernel keeps while we are busy: some thousand requests of a boot storm.
	receiveBuffer = 1 << 20
)

// Core is what this door asks. provisioning.Service is one; Open's errors are described there.
type Core interface {
	Open(ctx context.Context, r provisioning.Request) (provisioning.Opened, error)
}

// Config is what a Server is made of.
type Config struct {
	Core Core
	// Now is the clock of the log; nil means time.Now. Timeouts are the sockets' own.
	Now func() time.Time
	// Logger gets one line a request; nil means none.
	Logger *slog.Logger
	// MaxTransfers bounds the transfers at a time, 0 meaning 256; one address gets a quarter of them at most, so that an office behind one
	// address can boot and still can't shut the others out.
	MaxTransfers int
	// MaxBlockSize bounds the block size that is agreed to, in bytes from 8 to 65464 (RFC 2348); 0 means 1468.
	MaxBlockSize int
	// Timeout is the wait for the first acknowledgement before resending, which doubles each time; 0 means 1 s. A peer can ask for another.
	Timeout time.Duration
	// Retries is how often a block is sent again after it wasn't acknowledged; 0 means 4. The first packet of a transfer is sent again once.
	Retries int
}

// Server is the door. Listen opens it, Run serves.
type Server struct {
	config   Config
	places   *places
	drain    time.Duration
	requests atomic.Uint64 // numbers requests, for the log
	listener *listener
}

// New makes a server that doesn't listen yet. It fails without a Core, and for block sizes that RFC 2348 doesn't know.
func New(config Config) (*Server, error) {
	if config.Core == nil {
		return nil, errors.New("the TFTP door has no core to ask")
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	if config.MaxTransfers <= 0 {
		config.MaxTransfers = defaultMaxTransfers
	}
	if config.MaxBlockSize == 0 {
		config.MaxBlockSize = defaultMaxBlockSize
	}
	if config.MaxBlockSize < minBlockSize || config.MaxBlockSize > maxBlockSize {
		return nil, fmt.Errorf("the TFTP block size must be from %d to %d bytes, not %d", minBlockSize, maxBlockSize, config.MaxBlockSize)
	}
	if config.Timeout <= 0 {
		config.Timeout = defaultTimeout
	}
	if config.Retries <= 0 {
		config.Retries = defaultRetries
	}
	return &Server{config: config, places: newPlaces(config.MaxTransfers), drain: drainTimeout}, nil
}

// Listen opens the socket at a UDP address such as "127.0.0.1:6969" and returns it; port 0 picks a free port. Requests wait until Run.
func (s *Server) Listen(ctx context.Context, address string) (netip.AddrPort, error) {
	l, err := listen(ctx, address)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("can't listen on %s for phones over tftp: %w", address, err)
	}
	s.listener = l
	return l.address, nil
}

// Run serves what Listen opened until ctx ends, then lets transfers in progress end, for at most 3 seconds, and leaves no goroutine. It
// returns nil after ctx ended, and an error when the socket broke. A server runs once.
func (s *Server) Run(ctx context.Context) error {
	if s.listener == nil {
		<-ctx.Done()
		return nil
	}
	// Transfers outlive the end of ctx while the server drains.
	transfers, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	stop := context.AfterFunc(ctx, s.listener.close)
	defer stop()

	var running sync.WaitGroup
	err := s.receive(transfers, &running)
	s.listener.close()
	patience := time.AfterFunc(s.drain, cut)
	defer patience.Stop()
	running.Wait()
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("the socket for phones over tftp broke: %w", err)
}

// receive starts a transfer for each request that comes, until the socket is closed.
func (s *Server) receive(ctx context.Context, running *sync.WaitGroup) error {
	buffer := make([]byte, maxRequest+1) // one more, to tell those that are too long
	for {
		size, from, err := s.listener.read(buffer)
		if err != nil {
			return err
		}
		request, err := parseRequest(buffer[:size])
		if errors.Is(err, errNoRequest) {
			continue // an answer to what is no question could be answered in turn, without an end
		}
		if err != nil {
			s.refuse(ctx, from, err)
			continue
		}
		s.start(ctx, running, from, request)
	}
}

// start serves a request in its own goroutine, if there is a place for it. Without one the peer hears nothing, and asks again.
func (s *Server) start(ctx context.Context, running *sync.WaitGroup, from source, request readRequest) {
	ctx, cancel := context.WithTimeout(ctx, transferTimeout)
	p, ok := s.places.take(asked{peer: from.peer, path: request.path}, cancel)
	if !ok {
		cancel()
		s.config.Logger.LogAttrs(ctx, slog.LevelDebug, "a phone's tftp request waits for its repetition", slog.String("peer", from.peer.String()))
		return
	}
	running.Go(func() {
		defer cancel()
		defer s.places.free(p)
		s.serve(ctx, from, request, p)
	})
}

// refuse answers a malformed request, or one to write.
func (s *Server) refuse(ctx context.Context, from source, err error) {
	conn, dialErr := dial(ctx, from)
	if dialErr != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	if r, ok := errors.AsType[refusal](err); ok {
		_, _ = conn.Write(r.packet())
	}
	s.config.Logger.LogAttrs(ctx, slog.LevelDebug, "phone asked over tftp",
		slog.Uint64("request", s.requests.Add(1)), slog.String("peer", from.peer.String()), slog.String("answer", err.Error()))
}
