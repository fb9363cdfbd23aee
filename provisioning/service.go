// Package provisioning is the core: devices, their lines and secrets, and the two questions that phones ask, "what is my configuration?"
// and "am I who I say?".
//
// It owns who may have a file and who may register, the device's revision, the making and the one exit of credentials, and the boot trace. It
// never speaks a protocol (doors do), never writes SQL (store does) and never knows a vendor's format (deviceprofiles does). Start at
// Service; Open answers every fetch, VerifySIP and Register every registration. What hangs on people is in package people, changes of many devices are in
// fleet and files of people in imports: they do it in their own transactions, with the methods that take a Tx.
package provisioning

import (
	"context"
	"io"
	"io/fs"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/digest"
	"dialtone/secret"
	"dialtone/throttle"
)

// Config is what a Service needs. Every field must be set but those that say otherwise.
type Config struct {
	Store     Store
	Customers *customer.Service
	Keyring   *secret.Keyring
	Now       func() time.Time
	Random    io.Reader
	NewID     func() string // a fresh UUID in canonical form
	Logger    *slog.Logger
	Firmware  fs.FS // the files of FirmwareFolder; nil when there are none. Nothing in it may lead out of it
	// Certificates judges what makers built into phones; nil: no certificate counts.
	Certificates Certificates
	// Node names this process among those that share a database, the same after a restart; "" where it is alone.
	Node string
}

// Service carries the operations on devices. It is safe for concurrent use. It needs Announce once, and Run for Register and the boot trace.
type Service struct {
	store     Store
	customers *customer.Service
	keyring   *secret.Keyring
	now       func() time.Time
	random    io.Reader
	newID     func() string
	logger    *slog.Logger
	firmware  fs.FS
	plan      *firmwareFolder
	phones    deviceprofiles.Service
	sip       deviceprofiles.SIP

	certificates Certificates
	unseal       func(owner string, sealed secret.Sealed) (secret.Text, error) // opens what phones prove themselves with

	unsealHA1 func(owner string, sealed secret.Sealed) ([]byte, error) // opens what SIP checks
	matches   func(answer digest.Answer, ha1, method string) bool      // compares a proof

	rendered  *renderCache
	failures  *throttle.Failures
	guard     *sipGuard
	known     *knownLines
	probers   *probers
	uploading receiving
	codeKeys  codeKeys
	guesses   *guesses
	trace     *traceBuffer

	neighbours *neighbours
	queries    *queryBuffer
	harvests   *harvests
	commits    *groupCommit
	nobody     nobody
	node       string
	around     Surroundings // nil: nobody knows here
	started    time.Time    // when Announce said what phones are told of the installation
}

// New returns a service. It fails only if random does.
func New(c Config) (*Service, error) {
	nobody, err := newNobody(c.Random, c.Keyring)
	if err != nil {
		return nil, err
	}
	s := &Service{
		store: c.Store, customers: c.Customers, keyring: c.Keyring, now: c.Now, random: c.Random, newID: c.NewID, logger: c.Logger, firmware: c.Firmware,
		certificates: c.Certificates,
		rendered:     newRenderCache(),
		probers:      newProbers(c.Now),
		uploading:    receiving{devices: map[DeviceID]int{}},
		failures:     newFailureLimits(c.Now),
		guard:        newSIPGuard(c.Now),
		known:        newKnownLines(),
		codeKeys:     newCodeKeys(c.Keyring),
		guesses:      newGuesses(c.Now),
		trace:        newTraceBuffer(),
		neighbours:   newNeighbours(),
		queries:      newQueryBuffer(),
		harvests:     newHarvests(c.Now),
		commits:      newGroupCommit(c.Store, c.Now),
		nobody:       nobody,
		node:         c.Node,
	}
	s.unseal, s.unsealHA1, s.matches = s.open, s.keyring.Open, digest.Answer.Matches
	var problem string
	if s.plan, problem = newFirmwareFolder(c.Firmware, c.Now); problem != "" {
		s.logger.Error("the plan of firmware is broken: phones are told what they were told before", "problem", problem)
	}
	return s, nil
}

// Announce says what phones are told about this installation: phones for every phone, sip for how its lines reach the registrar. With an
// empty OutboundProxy each line is told its own domain, to be located by NAPTR and SRV. Call it once, before the doors run: it is here and not
// in Config because the doors' ports may be known only after they listen.
func (s *Service) Announce(phones deviceprofiles.Service, sip deviceprofiles.SIP) {
	s.phones, s.sip, s.started = phones, sip, s.now()
}

// Run does the background work until ctx ends: it commits registrations, writes the boot trace, clears away expired bindings and
// watches for runs over address blocks and for silent sites, tells phones what firmware they are to run, and shares bans with other nodes. When it
// returns, everything that was acknowledged is stored and the trace is written.
func (s *Service) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { s.commits.run(ctx); return nil })
	group.Go(func() error { s.writeTraces(ctx); return nil })
	group.Go(func() error { s.clearExpired(ctx); return nil })
	group.Go(func() error { s.watch(ctx); return nil })
	group.Go(func() error { s.rollOut(ctx); return nil })
	group.Go(func() error { s.shareBans(ctx); return nil })
	group.Go(func() error { s.settleDoubts(ctx); return nil })
	return group.Wait()
}

// clearInterval and clearBatch bound how fast expired bindings leave the table: nobody reads them, so that slow is fine.
const (
	clearInterval = time.Minute
	clearBatch    = 5000
)

func (s *Service) clearExpired(ctx context.Context) {
	ticker := time.NewTicker(clearInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if _, err := s.store.DeleteExpiredBindings(ctx, s.now(), clearBatch); err != nil && ctx.Err() == nil {
			s.logger.WarnContext(ctx, "expired bindings stay until the next try", "error", err)
		}
		if _, err := s.store.EndOverlaps(ctx, s.now(), clearBatch); err != nil && ctx.Err() == nil {
			s.logger.WarnContext(ctx, "passwords that count no more stay in the table until the next try", "error", err)
		}
		if _, err := s.store.DeleteEndedSIPBans(ctx, s.now().Add(-banKept), clearBatch); err != nil && ctx.Err() == nil {
			s.logger.WarnContext(ctx, "bans that are over stay in the table until the next try", "error", err)
		}
	}
}

// Stats is what an operator watches.
type Stats struct {
	TraceDropped      uint64       // contacts that the full trace buffer lost
	RegisterBatches   uint64       // group commits
	RegisterCommitted uint64       // registrations in them
	RenderHits        uint64       // files served from the cache
	RenderMisses      uint64       // files rendered
	SIPBans           int          // in force here, at the moment
	RegisterSizes     Distribution // of group commits
	RegisterWaits     Distribution // of registrations until they were stored, in seconds
}

// Stats returns the counters since start.
func (s *Service) Stats() Stats {
	hits, misses := s.rendered.counts()
	return Stats{
		TraceDropped: s.trace.dropped.Load(), RegisterBatches: s.commits.batches.Load(), RegisterCommitted: s.commits.committed.Load(),
		RenderHits: hits, RenderMisses: misses,
		SIPBans: s.guard.inForce(), RegisterSizes: s.commits.sizes.distribution(), RegisterWaits: s.commits.waits.distribution(),
	}
}

// BindingsHeld counts the valid registrations that came to this node. fault.Unavailable when the store doesn't answer.
func (s *Service) BindingsHeld(ctx context.Context) (int, error) {
	return s.store.AnyTenantCountBindings(ctx, s.node, s.now())
}

func (s *Service) record(ctx context.Context, tx Tx, actor customer.Actor, d Device, kind customer.EventKind, data map[string]any) error {
	return tx.Record(ctx, customer.Event{Time: s.now(), Tenant: d.Tenant(), Actor: actor.Email, Kind: kind, Subject: string(d.ID), Device: string(d.ID), Data: data})
}
