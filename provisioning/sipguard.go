package provisioning

import (
	"hash/maphash"
	"net/netip"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"

	"dialtone/throttle"
)

// The bounds of guessing at the SIP door, beside that of one user from one address. An address that tries user after user is banned for a while; a
// line that is tried from address after address is closed to those from where it never registered.
const (
	// banAt is what a source may collect: an unknown user counts unknownWeight and a wrong password of a known one wrongWeight, each once. So twenty
	// invented users are too many, and an office whose every phone came up with an old password is not.
	banAt         = 100
	unknownWeight = 5
	wrongWeight   = 1
	banWindow     = 10 * time.Minute
	banLength     = 15 * time.Minute
	guardSources  = 10_000
	// standingLength is how long at least somebody who registered from an address is known there, and at most twice as long; standingPairs is how many are,
	// twice: some 20 bytes each.
	standingLength = 12 * time.Hour
	standingPairs  = 400_000

	lineBurst    = 50
	lineInterval = 10 * time.Second
	lineKeys     = 100_000
)

// sipGuard remembers who guesses, and who is in good standing: a user that proved its password from the same address within a day. Bans go on in the database,
// which other nodes read; all else it forgets with the process. Nothing of it can be brought about with a forged address, as only answers to a challenge are
// counted. It is safe for concurrent use.
type sipGuard struct {
	now   func() time.Time
	seed  maphash.Seed
	lines *throttle.Failures // by user and domain

	mu      sync.Mutex // guards what the sources hold
	sources *otter.Cache[netip.Addr, *guessingSource]
	news    map[netip.Addr]bool // banned sources of which the database doesn't know everything; at most guardSources

	doubts  chan doubt                      // whether who asks from a banned source is a phone all the same
	doubted *otter.Cache[string, time.Time] // by place: when that was asked

	standingMu sync.Mutex
	standing   *memory // hashes of places: address, user and domain
}

// guessingSource is an address that failed lately. It is dropped as a whole when its window ends.
type guessingSource struct {
	users       map[string]bool // at most banAt
	weight      int
	since       time.Time
	banned      time.Time // until when
	peer        netip.Addr
	first, last time.Time
	tries       int64 // that the database doesn't know
}

// tried counts a try.
func (s *guessingSource) tried(peer netip.Addr, now time.Time) {
	if s.tries == 0 {
		s.first = now
	}
	s.peer, s.last = peer, now
	s.tries++
}

func newSIPGuard(now func() time.Time) *sipGuard {
	return &sipGuard{
		now:      now,
		seed:     maphash.MakeSeed(),
		standing: newMemory(standingPairs, standingLength),
		lines:    throttle.NewFailures(throttle.Config{Now: now, Burst: lineBurst, Interval: lineInterval, Keys: lineKeys}),
		news:     map[netip.Addr]bool{},
		doubts:   make(chan doubt, doubtsWaiting),
		doubted:  otter.Must(&otter.Options[string, time.Time]{MaximumSize: guardSources}),
		sources:  otter.Must(&otter.Options[netip.Addr, *guessingSource]{MaximumSize: guardSources}),
	}
}

// sourceNetwork is what counts as one source: an IPv4 address, or the /64 that one host has.
func sourceNetwork(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return a
}

// inStanding reports whether the user proved itself at the place lately.
func (g *sipGuard) inStanding(place string) bool {
	g.standingMu.Lock()
	defer g.standingMu.Unlock()
	return g.standing.has(maphash.String(g.seed, place), g.now())
}

// proved notes a right password.
func (g *sipGuard) proved(place string) {
	g.standingMu.Lock()
	defer g.standingMu.Unlock()
	g.standing.add(maphash.String(g.seed, place), g.now())
}

// banned reports whether a source is, and the one who asks has no standing that lets it pass.
func (g *sipGuard) banned(source netip.Addr, place string) bool {
	key := sourceNetwork(source)
	s, ok := g.sources.GetIfPresent(key)
	if !ok || g.inStanding(place) {
		return false
	}
	now := g.now()
	g.mu.Lock()
	defer g.mu.Unlock()
	if !now.Before(s.banned) {
		return false
	}
	s.tried(source, now)
	g.note(key)
	return true
}

// note marks a source as having news for the database; g.mu is held.
func (g *sipGuard) note(key netip.Addr) {
	if len(g.news) < guardSources {
		g.news[key] = true
	}
}

// doubt asks whether somebody who was met with silence is a phone that is registered from there; once in a while, and without waiting.
func (g *sipGuard) doubt(peer netip.Addr, user, domain string) {
	place, now := sipPlace(peer, user, domain), g.now()
	if at, ok := g.doubted.GetIfPresent(place); ok && now.Sub(at) < doubtAgain {
		return
	}
	select {
	case g.doubts <- doubt{peer, user, domain}:
		g.doubted.Set(place, now)
	default:
	}
}

// doubtAgain is how long the answer to a doubt holds.
const doubtAgain = 5 * time.Minute

// unwritten takes what the database doesn't know yet.
func (g *sipGuard) unwritten() []SIPBan {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := make([]SIPBan, 0, len(g.news))
	for key := range g.news {
		if s, ok := g.sources.GetIfPresent(key); ok && s.tries > 0 {
			out = append(out, SIPBan{Address: key, Peer: s.peer, Reason: banReason, First: s.first, Last: s.last, Count: s.tries, Until: s.banned})
			s.tries = 0
		}
	}
	clear(g.news)
	return out
}

// writeAgain gives back what couldn't be written.
func (g *sipGuard) writeAgain(bans []SIPBan) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, b := range bans {
		if s, ok := g.sources.GetIfPresent(b.Address); ok {
			s.first = b.First
			s.tries += b.Count
			g.note(b.Address)
		}
	}
}

// learn takes over what the database has: bans of other nodes, of this one before it started, and that one was lifted.
func (g *sipGuard) learn(bans []SIPBan) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, b := range bans {
		s, ok := g.sources.GetIfPresent(b.Address)
		switch {
		case !b.Lifted.IsZero() && ok && !s.banned.After(b.Until):
			g.sources.Invalidate(b.Address)
			delete(g.news, b.Address)
		case !b.Lifted.IsZero():
		case ok:
			if s.banned.Before(b.Until) {
				s.banned = b.Until
			}
		default:
			g.sources.Set(b.Address, &guessingSource{since: g.now().Add(-banWindow), banned: b.Until})
		}
	}
}

// inForce counts the bans.
func (g *sipGuard) inForce() int {
	now, count := g.now(), 0
	g.mu.Lock()
	defer g.mu.Unlock()
	for s := range g.sources.Values() {
		if now.Before(s.banned) {
			count++
		}
	}
	return count
}

// wait returns how long a line is closed to a place, 0 if it is open.
func (g *sipGuard) wait(line, place string) time.Duration {
	if wait := g.lines.Wait(line); wait > 0 && !g.inStanding(place) {
		return wait
	}
	return 0
}

// failed counts a wrong proof, unless it is from somebody in good standing, and reports whether the source is banned for it from now on.
func (g *sipGuard) failed(source netip.Addr, line, place string, known bool) (banned bool) {
	if g.inStanding(place) {
		return false
	}
	if known {
		g.lines.Count(line)
	}
	now, key := g.now(), sourceNetwork(source)
	g.mu.Lock()
	defer g.mu.Unlock()
	s, ok := g.sources.GetIfPresent(key)
	if !ok || now.Sub(s.since) >= banWindow && !now.Before(s.banned) {
		s = &guessingSource{users: map[string]bool{}, since: now}
		g.sources.Set(key, s)
	}
	s.tried(source, now)
	if s.users[line] || now.Before(s.banned) {
		return false
	}
	s.users[line] = true
	s.weight += wrongWeight
	if !known {
		s.weight += unknownWeight - wrongWeight
	}
	if s.weight < banAt {
		return false
	}
	s.banned, s.since, s.weight, s.users = now.Add(banLength), now.Add(-banWindow), 0, nil
	g.note(key)
	return true
}
