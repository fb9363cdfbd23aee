// Package tftp serves phones over TFTP, reading only: RFC 1350 with the options of RFC 2347 (negotiation), 2348 (blksize), 2349 (timeout, tsize) and 7440
// (windowsize).
//
// It owns the listening socket, the ports of transfers, the resending of what wasn't acknowledged, and the bounds that keep strangers from using it
// against us or, with a forged address, against others. It never accepts a file, never decides who may have one, and never tells a peer anything but a
// few fixed texts. Start at Server.Run, then Server.serve; places.go and credit.go hold the bounds, request.go the parser, window.go what is sent when.
//
// It is our own server, and not that of github.com/pin/tftp, because ours must do what that one (v3.2.0) can't: send other error codes than 1,
// stay silent without leaving a socket open until the garbage collector finds it, bound transfers before they cost a socket, bound what an
// unacknowledged request is worth, negotiate timeouts and windows, and stop with its context.
package tftp

import (
	"cmp"
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
	// defaultMaxWindowSize is worth 64 round trips, and fits into the buffers of any peer that asks for it.
	defaultMaxWindowSize = 64
	// defaultMaxSharedWindowSize is for the single port, where a stranger who forges a peer's address can forge its acknowledgements too, as there is
	// no port to be guessed: what each of them is worth is kept smaller there.
	defaultMaxSharedWindowSize = 8
	// maxWindowBytes keeps windows of large blocks from overflowing the buffers on their way: Linux keeps some 200 kB for a socket.
	maxWindowBytes = 128 << 10
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
	// Now is the clock of the log and of credit.go; nil means time.Now. Timeouts are the sockets' own.
	Now func() time.Time
	// Logger gets one line a request; nil means none.
	Logger *slog.Logger
	// MaxTransfers bounds the transfers at a time, 0 meaning 256; one address gets a quarter of them at most, so that an office behind one
	// address can boot and still can't shut the others out.
	MaxTransfers int
	// MaxBlockSize bounds the block size that is agreed to, in bytes from 8 to 65464 (RFC 2348); 0 means 1468.
	MaxBlockSize int
	// MaxWindowSize bounds the window that is agreed to, in blocks from 1 to 65535 (RFC 7440); 0 means 64, or 8 with SinglePort. A window has 128 KiB at
	// most in any case.
	MaxWindowSize int
	// Amplification bounds what is sent to a peer that hasn't acknowledged anything: so many bytes for each byte of its request, repetitions included on
	// both sides; 0 means 10.
	Amplification int
	// SinglePort makes every transfer use the listening port, for networks that let nothing else through: transfers are told apart by the peer's address and
	// port. Else each has a port of its own, as RFC 1350 wants it.
	SinglePort bool
	// Timeout is the shortest wait for an acknowledgement before resending, which doubles each time and adapts to the peer; 0 means 1 s. A peer can ask for
	// another, which then holds for all.
	Timeout time.Duration
	// Retries is how often a window is sent again after it wasn't acknowledged; 0 means 4. The first packet of a transfer is sent again once.
	Retries int
}

// Server is the door. Listen opens it, Run serves.
type Server struct {
	config   Config
	places   *places
	credits  *credits
	drain    time.Duration
	requests atomic.Uint64 // numbers requests, for the log
	listener *listener
	board    *switchboard // nil when each transfer has its own port
}

// New makes a server that doesn't listen yet. It fails without a Core, for block and window sizes that the RFCs don't know, and for an amplification below 0.
func New(config Config) (*Server, error) {
	if config.Core == nil {
		return nil, errors.New("the TFTP door has no core to ask")
	}
	config = config.completed()
	if config.MaxBlockSize < minBlockSize || config.MaxBlockSize > maxBlockSize {
		return nil, fmt.Errorf("the TFTP block size must be from %d to %d bytes, not %d", minBlockSize, maxBlockSize, config.MaxBlockSize)
	}
	if config.MaxWindowSize < 1 || config.MaxWindowSize > maxWindowSize {
		return nil, fmt.Errorf("the TFTP window size must be from 1 to %d blocks, not %d", maxWindowSize, config.MaxWindowSize)
	}
	if config.Amplification < 0 {
		return nil, fmt.Errorf("the TFTP amplification must be above 0, not %d", config.Amplification)
	}
	return &Server{config: config, places: newPlaces(config.MaxTransfers), credits: newCredits(creditLimit), drain: drainTimeout}, nil
}

// completed puts defaults where nothing is said.
func (c Config) completed() Config {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.MaxTransfers <= 0 {
		c.MaxTransfers = defaultMaxTransfers
	}
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	if c.Retries <= 0 {
		c.Retries = defaultRetries
	}
	c.MaxBlockSize = cmp.Or(c.MaxBlockSize, defaultMaxBlockSize)
	if c.SinglePort {
		c.MaxWindowSize = cmp.Or(c.MaxWindowSize, defaultMaxSharedWindowSize)
	}
	c.MaxWindowSize = cmp.Or(c.MaxWindowSize, defaultMaxWindowSize)
	c.Amplification = cmp.Or(c.Amplification, defaultAmplification)
	return c
}

// Listen opens the socket at a UDP address such as "127.0.0.1:6969" and returns it; port 0 picks a free port. Requests wait until Run.
func (s *Server) Listen(ctx context.Context, address string) (netip.AddrPort, error) {
	l, err := listen(ctx, address)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("can't listen on %s for phones over tftp: %w", address, err)
	}
	s.listener = l
	if s.config.SinglePort {
		s.board = newSwitchboard(l.write)
	}
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
	stop := context.AfterFunc(ctx, s.listener.interrupt)
	defer stop()

	var running, rest sync.WaitGroup
	err := s.receive(transfers, &running)
	if s.board == nil || ctx.Err() == nil {
		s.listener.close()
	} else {
		rest.Go(s.receiveRest)
	}
	patience := time.AfterFunc(s.drain, cut)
	defer patience.Stop()
	running.Wait()
	s.listener.close()
	rest.Wait()
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("the socket for phones over tftp broke: %w", err)
}

// receiveRest passes on what transfers in progress need, and takes no request any more, until the socket is closed.
func (s *Server) receiveRest() {
	buffer := make([]byte, maxRequest+1)
	for s.listener.resume(); ; {
		size, from, err := s.listener.read(buffer)
		if err != nil {
			return
		}
		if e, ok := parseEvent(buffer[:size]); ok {
			s.board.deliver(from.peer, e)
		}
	}
}

// receive starts a transfer for each request that comes, until the socket is closed.
func (s *Server) receive(ctx context.Context, running *sync.WaitGroup) error {
	buffer := make([]byte, maxRequest+1) // one more, to tell those that are too long
	for {
		size, from, err := s.listener.read(buffer)
		if err != nil {
			return err
		}
		if !from.isUs() {
			continue
		}
		request, err := parseRequest(buffer[:size])
		switch {
		case errors.Is(err, errNoRequest):
			s.passOn(from, buffer[:size])
		case err != nil:
			s.refuse(ctx, from, size, err)
		default:
			s.start(ctx, running, from, request, size)
		}
	}
}

// passOn gives a packet that is no request to its transfer, if transfers have no port of their own, and tells who has none. Elsewhere such packets get no
// answer: what never was a transfer's port has nothing to say about them.
func (s *Server) passOn(from source, packet []byte) {
	if s.board == nil {
		return
	}
	e, ok := parseEvent(packet)
	if ok && !s.board.deliver(from.peer, e) && e.isForNobody() {
		s.reply(from, len(packet), unknownTransfer)
	}
}

// start serves a request of so many bytes in its own goroutine, if there is a place for it. Without one the peer hears nothing, and asks again.
func (s *Server) start(ctx context.Context, running *sync.WaitGroup, from source, request readRequest, size int) {
	ctx, cancel := context.WithTimeout(ctx, transferTimeout)
	earned := size * s.config.Amplification
	p, ok := s.places.take(asked{peer: from.peer, path: request.path}, cancel)
	if !ok {
		cancel()
		s.credits.keep(creditKey{peer: from.peer.Addr(), path: request.path}, earned, s.config.Now())
		s.config.Logger.LogAttrs(ctx, slog.LevelDebug, "a phone's tftp request waits for its repetition", slog.String("peer", from.peer.String()))
		return
	}
	a := asker{from: from, request: request, earned: earned, place: p}
	end := func() {}
	if s.board == nil {
		a.connect = func() (link, error) { return openPort(ctx, from, s.strangers()) }
	} else {
		shared := s.board.connect(ctx, from) // here, so that of two requests from one port the later one counts
		end = shared.close
		a.connect = func() (link, error) {
			shared.forget()
			return shared, nil
		}
	}
	running.Go(func() {
		defer cancel()
		defer s.places.free(p)
		defer end()
		s.serve(ctx, a)
	})
}

// refuse answers a malformed request, or one to write.
func (s *Server) refuse(ctx context.Context, from source, size int, err error) {
	if r, ok := errors.AsType[refusal](err); ok {
		s.reply(from, size, r)
	}
	s.config.Logger.LogAttrs(ctx, slog.LevelDebug, "phone asked over tftp",
		slog.Uint64("request", s.requests.Add(1)), slog.String("peer", from.peer.String()), slog.String("answer", err.Error()))
}

// strangers is how often a transfer tells others that their packets are wrong: never, where that would be too much for packets of 4 bytes.
func (s *Server) strangers() int {
	if len(unknownTransfer.packet()) > headerSize*s.config.Amplification {
		return 0
	}
	return maxStrangers
}

// reply sends a refusal from the listening port, unless it is too large for a packet of so many bytes (see credit.go).
func (s *Server) reply(from source, size int, r refusal) {
	if packet := r.packet(); len(packet) <= size*s.config.Amplification {
		_ = s.listener.write(packet, from) // the peer asks again, or doesn't
	}
}
