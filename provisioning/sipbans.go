package provisioning

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"dialtone/customer"
	"dialtone/fault"
)

// SIPBan is an address that tried so many SIP users that it gets no answer.
type SIPBan struct {
	// Address is an IPv4 address, or the first of the IPv6 /64 that one host has.
	Address netip.Addr
	Peer    netip.Addr // that it last came from: of an IPv6 network the very host
	Reason  string
	First   time.Time // first and last try of which it is known
	Last    time.Time
	Count   int64 // tries that were refused, and those that got silence; of a batch, those that are new
	Until   time.Time
	Lifted  time.Time // somebody ended it before; zero: nobody did
	Changed time.Time // when it was last written
}

// EventSIPBanLifted says in the audit log that somebody ended a ban.
const EventSIPBanLifted customer.EventKind = "sip.ban_lifted"

// SIPBanScope says which bans an administrator may see: those in force now of addresses from which a phone of theirs has proved itself since. Of all others
// they learn nothing, as they are somebody else's neighbours.
type SIPBanScope struct{ Now, KnownSince time.Time }

// SIPBanTx lifts one with its event.
type SIPBanTx interface {
	// LiftSIPBan ends a ban that the tenant may see; fault.NotFound when there is none.
	LiftSIPBan(ctx context.Context, tenant customer.Tenant, address netip.Addr, scope SIPBanScope) error
}

// SIPBanStore is what nodes share of them.
type SIPBanStore interface {
	// AnyTenantNoteSIPBans adds to what is known of some addresses, and drops what ends first of more than so many.
	AnyTenantNoteSIPBans(ctx context.Context, bans []SIPBan, now time.Time, most int) error
	// AnyTenantChangedSIPBans lists what was written since a moment and isn't over, in the order of writing, at most so many; lifted ones too.
	AnyTenantChangedSIPBans(ctx context.Context, since, now time.Time, most int) ([]SIPBan, error)
	// AnyTenantSIPBans lists those in force, the newest first, at most so many.
	AnyTenantSIPBans(ctx context.Context, now time.Time, most int) ([]SIPBan, error)
	// AnyTenantLiftSIPBan ends one; fault.NotFound when none is in force.
	AnyTenantLiftSIPBan(ctx context.Context, address netip.Addr, now time.Time) error
	// DeleteEndedSIPBans deletes at most limit that ended before a moment, and says how many.
	DeleteEndedSIPBans(ctx context.Context, before time.Time, limit int) (int, error)
	// SIPBans lists those that a tenant may see, those that were tried last first.
	SIPBans(ctx context.Context, tenant customer.Tenant, scope SIPBanScope, page customer.Page) ([]SIPBan, bool, error)
}

const (
	// banSync is how late a ban is known to the other nodes, and to the database.
	banSync = 2 * time.Second
	// banOverlap is how far the clocks of two nodes may be apart.
	banOverlap = 30 * time.Second
	// banKept is how long one that is over stays, so that who comes again is known.
	banKept = 24 * time.Hour
	// banRows bounds the table: some 150 bytes each.
	banRows = 10_000
	// banTimeout bounds one exchange with the database.
	banTimeout = 10 * time.Second
	// banReason is the one reason that there is.
	banReason = "tried one SIP user after another"
)

func (s *Service) banScope() SIPBanScope {
	now := s.now()
	return SIPBanScope{Now: now, KnownSince: now.Add(-knownAddressTime)}
}

// SIPBans lists the bans of addresses from which the tenant's own phones come, those that were tried last first.
func (s *Service) SIPBans(ctx context.Context, tenant customer.Tenant, page customer.Page) ([]SIPBan, bool, error) {
	return s.store.SIPBans(ctx, tenant, s.banScope(), page)
}

// LiftSIPBan ends the ban of an address from which the tenant's own phones come; nodes hear of it within some seconds.
// fault.NotFound when no such ban is in force.
func (s *Service) LiftSIPBan(ctx context.Context, actor customer.Actor, tenant customer.Tenant, address string) error {
	a, err := parseBanned(address)
	if err != nil {
		return err
	}
	return s.store.Update(ctx, tenant, func(tx Tx) error {
		if err := tx.LiftSIPBan(ctx, tenant, a, s.banScope()); err != nil {
			return err
		}
		return tx.Record(ctx, customer.Event{Time: s.now(), Tenant: tenant, Actor: actor.Email, Kind: EventSIPBanLifted, Subject: a.String()})
	})
}

func parseBanned(address string) (netip.Addr, error) {
	a, err := netip.ParseAddr(strings.TrimSuffix(address, "/64"))
	if err != nil {
		return netip.Addr{}, fault.New(fault.NotFound, "No ban of this address is in force.")
	}
	return sourceNetwork(a), nil
}

// AllSIPBans lists every ban in force, the newest first, for the operator of the installation.
func AllSIPBans(ctx context.Context, store SIPBanStore, now time.Time) ([]SIPBan, error) {
	return store.AnyTenantSIPBans(ctx, now, banRows)
}

// LiftAnySIPBan ends a ban, whoever's phones are behind it, for the operator of the installation. Errors are those of LiftSIPBan.
func LiftAnySIPBan(ctx context.Context, store SIPBanStore, address string, now time.Time) error {
	a, err := parseBanned(address)
	if err != nil {
		return err
	}
	return store.AnyTenantLiftSIPBan(ctx, a, now)
}

// shareBans writes this node's bans and reads the others', until ctx ends. While the database is away, bans are this node's alone.
func (s *Service) shareBans(ctx context.Context) {
	ticker := time.NewTicker(banSync)
	defer ticker.Stop()
	var since time.Time
	for {
		since = s.exchangeBans(ctx, since)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// exchangeBans does it once, and returns what the next one is to begin with.
func (s *Service) exchangeBans(ctx context.Context, since time.Time) time.Time {
	ctx, cancel := context.WithTimeout(ctx, banTimeout)
	defer cancel()
	now := s.now()
	news := s.guard.unwritten()
	var err error
	if len(news) > 0 {
		if err = s.store.AnyTenantNoteSIPBans(ctx, news, now, banRows); err != nil {
			s.guard.writeAgain(news)
		}
	}
	var changed []SIPBan
	if err == nil {
		changed, err = s.store.AnyTenantChangedSIPBans(ctx, since, now, banRows)
	}
	if err != nil {
		if ctx.Err() == nil {
			s.logger.WarnContext(ctx, "bans aren't shared with other nodes until the database answers", "error", err)
		}
		return since
	}
	s.guard.learn(changed)
	return now.Add(-banOverlap)
}

// The bounds of the questions whether somebody at a banned address is a phone that is registered from there, at another node or before this one started.
const (
	doubtsWaiting = 64
	doubtPause    = 50 * time.Millisecond
)

// doubt is such a question.
type doubt struct {
	peer         netip.Addr
	user, domain string
}

// settleDoubts answers them until ctx ends, at most twenty a second: what scanners ask after that falls by the side.
func (s *Service) settleDoubts(ctx context.Context) {
	ticker := time.NewTicker(doubtPause)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		select {
		case d := <-s.guard.doubts:
			s.settleDoubt(ctx, d)
		default:
		}
	}
}

// settleDoubt lets a phone pass that has a valid registration from the address that is banned.
func (s *Service) settleDoubt(ctx context.Context, d doubt) {
	ctx, cancel := context.WithTimeout(ctx, banTimeout)
	defer cancel()
	line, err := s.store.AnyTenantLine(ctx, d.domain, d.user)
	if err != nil {
		return // nobody's, or it asks again
	}
	lines, err := s.store.AnyTenantLineRegistrations(ctx, []LineID{line.ID}, s.now())
	if err != nil {
		return
	}
	for _, b := range lines[line.ID].Bindings {
		if b.Source.Addr().Unmap() == d.peer.Unmap() {
			s.guard.proved(sipPlace(d.peer, d.user, d.domain))
			return
		}
	}
}
