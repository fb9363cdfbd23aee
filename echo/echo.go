// Package echo answers calls and gives callers their own sound back, so that an installer hears that a line works and is told what of it is encrypted.
//
// It owns the state of each call, the transactions of INVITE (RFC 3261 section 17.2.1, RFC 6026), session timers (RFC 4028) and the bounds of calls. It has no
// socket of SIP: the door hands it requests that were read, checked and, where they begin a call, proven, each with a way back. It never
// calls anybody, and sound is package media's. Start at Server.Handle.
package echo

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"dialtone/media"
)

// User is the user part of the address that is answered: sip:echo@DOMAIN.
const User = "echo"

// Allow lists the methods that calls are served with.
const Allow = "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK, INFO"

// Caller is who proved to call.
type Caller struct {
	Line              string // identity of the line, for the bound of calls per line
	Partner, Customer string // whose line it is
	Device            string // identity of the phone
}

// Request is a request of a call, as the door read it. Header fields are as sent, but for folding.
type Request struct {
	Method         string
	Vias           []string // the top one stamped with where the request came from
	Branch         string   // of the top one
	From, To       string
	FromTag, ToTag string // ToTag is "" when the request begins a call
	CallID         string
	CSeq           uint32
	Contact        string // URI, "" for none
	RecordRoutes   []string
	Require        []string // option tags, lower case, as in the next two
	Supported      []string
	Allow          []string // methods, upper case
	SessionExpires string
	MinSE          string
	ContentType    string
	Body           []byte
	UserAgent      string
	Peer           netip.AddrPort
	Transport      string // udp, tcp, tls, dtls, wss
	Here           string // HOST:PORT at which the phone reaches this door, over this transport
	Caller         Caller // of an INVITE without ToTag
	// Send sends a message back by the connection or socket that the request came by. It may be called at any time, and never waits long.
	Send func(message []byte)
}

// Event says what became of a call.
type Event string

// The events.
const (
	Answered Event = "answered"
	Refused  Event = "refused"
	Ended    Event = "ended"
)

// Record is what is told of a call, at its beginning and its end.
type Record struct {
	Event     Event
	Caller    Caller
	Peer      netip.AddrPort
	Transport string
	UserAgent string
	Finding   Finding // of a call that was refused or ended
	Words     string  // what is encrypted and, at the end, what was measured; or why it was refused
}

// Config is what a Server is made of. Desk is needed; a zero value elsewhere means the default.
type Config struct {
	Desk *media.Desk
	// Demands reports whether a caller's calls must be encrypted; nil: they needn't be.
	Demands func(ctx context.Context, caller Caller) (bool, error)
	// Record is told of calls; nil: nobody is. It must not wait.
	Record func(Record)

	Ring          time.Duration // before a call is answered; 0: at once
	MaxDuration   time.Duration // of a call; 5 minutes
	MaxCalls      int           // in all; 100
	MaxPerAddress int           // of one IPv4 address or IPv6 /64; 10, as an office may be behind one
	MaxPerLine    int           // 2

	T1     time.Duration    // of RFC 3261, 500 ms; the other timers follow it
	Now    func() time.Time // time.Now
	Random io.Reader        // crypto/rand
	Logger *slog.Logger     // slog.DiscardHandler
}

// Server answers calls. Make it with New, and Close it. It is safe for concurrent use.
type Server struct {
	config Config
	ctx    context.Context //nolint:containedctx // ends what waits when the server closes
	cancel context.CancelFunc
	group  sync.WaitGroup

	counters counters

	mu           sync.Mutex
	closed       bool
	calls        map[dialogID]*call
	transactions map[transactionID]*transaction
	asked        map[string]chan struct{} // our own requests by branch, closed by their final response
}

// New checks a config and makes a Server. The error is for whoever wires it up.
func New(c Config) (*Server, error) {
	if c.Desk == nil {
		return nil, errors.New("echo: Desk is needed")
	}
	c.MaxDuration = cmp.Or(c.MaxDuration, 5*time.Minute)
	c.MaxCalls = cmp.Or(c.MaxCalls, 100)
	c.MaxPerAddress = cmp.Or(c.MaxPerAddress, 10)
	c.MaxPerLine = cmp.Or(c.MaxPerLine, 2)
	c.T1 = cmp.Or(c.T1, 500*time.Millisecond)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Random == nil {
		c.Random = rand.Reader
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Record == nil {
		c.Record = func(Record) {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	return &Server{
		config: c, ctx: ctx, cancel: cancel, calls: make(map[dialogID]*call), transactions: make(map[transactionID]*transaction),
		asked: make(map[string]chan struct{}),
	}, nil
}

// Close ends every call with a BYE and waits for all goroutines.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	calls := make([]*call, 0, len(s.calls))
	for _, c := range s.calls {
		calls = append(calls, c)
	}
	s.mu.Unlock()
	for _, c := range calls {
		s.hangUp(c, "the server stops", 503)
	}
	s.cancel()
	s.group.Wait()
}

// Handle takes one request, and answers it by its Send, now or later.
func (s *Server) Handle(ctx context.Context, r Request) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.group.Add(1)
	s.mu.Unlock()
	defer s.group.Done()
	switch r.Method {
	case "ACK":
		s.acknowledge(r)
	case "CANCEL":
		s.cancelCall(r)
	default:
		if t := s.begin(r); t != nil {
			s.serve(ctx, t)
		}
	}
}

// Response takes the final response to a request of ours, named by the branch of its top Via.
func (s *Server) Response(branch string, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if done := s.asked[branch]; done != nil && status >= 200 {
		delete(s.asked, branch)
		close(done)
	}
}

// token returns random text for tags and branches.
func (s *Server) token() (string, error) {
	raw := make([]byte, 10)
	if _, err := io.ReadFull(s.config.Random, raw); err != nil {
		return "", err
	}
	return hex.EncodeToString(raw), nil
}
