package webhook

import (
	"context"
	"io"
	"log/slog"
	"sync/atomic"
	"time"

	"dialtone/customer"
	"dialtone/secret"
)

// Poster sends a message and returns the status of the answer; an error says why there was none, in words that may be shown. Client is one.
type Poster interface {
	Post(ctx context.Context, m Message) (int, error)
}

// Config is what a Service needs. Every field but AllowPrivate must be set.
type Config struct {
	Store   Store
	Keyring *secret.Keyring
	Poster  Poster
	Body    func(customer.Event) ([]byte, error) // writes the JSON that is sent for a change
	Now     func() time.Time
	Random  io.Reader
	NewID   func() string // a fresh UUID in canonical form
	Logger  *slog.Logger
	// AllowPrivate lets targets be any address, and http: for tests and laboratories. The Poster must allow them too.
	AllowPrivate bool
}

// Service carries the operations on webhooks, and delivers while Run runs. It is safe for concurrent use, in many nodes on one database.
type Service struct {
	store        Store
	keyring      *secret.Keyring
	poster       Poster
	body         func(customer.Event) ([]byte, error)
	now          func() time.Time
	random       io.Reader
	newID        func() string
	logger       *slog.Logger
	allowPrivate bool
	counts       counts
}

// NewService returns a service.
func NewService(c Config) *Service {
	return &Service{
		store: c.Store, keyring: c.Keyring, poster: c.Poster, body: c.Body, now: c.Now, random: c.Random, newID: c.NewID, logger: c.Logger,
		allowPrivate: c.AllowPrivate,
	}
}

// counts count what became of attempts since start.
type counts struct{ delivered, refused, unreachable, dead atomic.Uint64 }

// Stats is what an operator watches.
type Stats struct {
	Delivered   uint64 // attempts that were answered with 2xx
	Refused     uint64 // attempts that were answered otherwise
	Unreachable uint64 // attempts without an answer, or with one that says that the endpoint as a whole is down
	Dead        uint64 // deliveries that were given up
}

// Stats returns the counters since start.
func (s *Service) Stats() Stats {
	return Stats{
		Delivered: s.counts.delivered.Load(), Refused: s.counts.refused.Load(), Unreachable: s.counts.unreachable.Load(), Dead: s.counts.dead.Load(),
	}
}

// OldestPending returns how long ago the oldest change happened that an active webhook still waits for; 0 when none does.
func (s *Service) OldestPending(ctx context.Context) (time.Duration, error) {
	at, err := s.store.AnyTenantOldestPending(ctx)
	if err != nil || at.IsZero() {
		return 0, err
	}
	return max(0, s.now().Sub(at)), nil
}
