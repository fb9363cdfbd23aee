package provisioning

import (
	"hash/maphash"
	"net/netip"
	"sync"
	"time"

	"dialtone/deviceprofiles"
	"dialtone/throttle"
)

// The limits on those who ask for one phone after the other without proof. An address has a hundred phones at once, then two a minute: room for an office
// whose phones nobody has let in yet. Nothing is given away by an answer, so that this is about cost and about being seen.
const (
	probeBurst    = 100
	probeInterval = 30 * time.Second
	probeSources  = 100_000 // about 20 MB
	// proofGrace is how long a phone may take from its first request, which never has credentials, to the one that answers our challenge. Only when
	// that doesn't come does the first one count.
	proofGrace = time.Minute
	// maxPending bounds the first requests that wait for their second, to some 20 MB. In a storm they wait for less than a second each. When it is full
	// the oldest counts early.
	maxPending = 1 << 18
	// maxStanding bounds the phones that are known to be in good standing, to 2 x 20 MB: the young ones and the old.
	maxStanding = 1 << 20
	// standingLife is for how long at least a phone stays in good standing: it asks again once a day or once a week.
	standingLife = 8 * 24 * time.Hour
	// maxCounted and countedLife bound what has been counted already, to 2 x 5 MB: a phone that asks again and again counts once.
	maxCounted  = 1 << 18
	countedLife = time.Hour
	// proberSilence is how long one line of the log stands for all of them.
	proberSilence = time.Minute
)

// place is who asks for which phone.
type place struct {
	name   string // the address and the phone
	source string // whom the address belongs to, as sourceOf gives it
	hash   uint64 // of source and phone
}

// probers counts, for each address, the phones that it asks for without ever proving to be one of them. A phone that has proven itself there lately never
// counts and never waits, however many others do. It is safe for concurrent use.
type probers struct {
	now     func() time.Time
	seed    maphash.Seed
	sources *throttle.Failures

	mu       sync.Mutex
	standing *memory
	counted  *memory
	pending  map[uint64]uint64 // first requests that wait for proof, and their numbers
	queue    []firstRequest    // by time; some of them no longer pending
	number   uint64
	told     time.Time // when the log told of one
}

// firstRequest is a request without proof, by a phone that may yet prove itself.
type firstRequest struct {
	at     time.Time
	source string
	hash   uint64
	number uint64
}

func newProbers(now func() time.Time) *probers {
	return &probers{
		now: now, seed: maphash.MakeSeed(),
		sources:  throttle.NewFailures(throttle.Config{Now: now, Burst: probeBurst, Interval: probeInterval, Keys: probeSources}),
		standing: newMemory(maxStanding, standingLife), counted: newMemory(maxCounted, countedLife), pending: map[uint64]uint64{},
	}
}

// placeOf says who asks for which phone.
func (p *probers) placeOf(peer netip.Addr, mac deviceprofiles.MAC) place {
	source := sourceOf(peer)
	return place{name: peer.String() + " " + mac.Lower(), source: source, hash: maphash.String(p.seed, source+" "+mac.Lower())}
}

// wait returns how long a place must wait; 0 if it may ask now.
func (p *probers) wait(at place) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	p.mature(now)
	if p.standing.has(at.hash, now) {
		return 0
	}
	return p.sources.Wait(at.source)
}

// welcome notes that a phone has proven itself.
func (p *probers) welcome(at place) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.standing.add(at.hash, p.now())
	delete(p.pending, at.hash)
}

// count counts a phone that was asked for without proof: at once when something wrong was shown, else when no proof follows. It reports whether the
// operator is to be told that the address has to wait.
func (p *probers) count(at place, wrong bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	p.mature(now)
	_, waits := p.pending[at.hash]
	switch {
	case p.standing.has(at.hash, now) || p.counted.has(at.hash, now):
	case wrong:
		delete(p.pending, at.hash)
		p.blame(at.source, at.hash, now)
	case !waits:
		p.number++
		p.pending[at.hash] = p.number
		p.queue = append(p.queue, firstRequest{at: now, source: at.source, hash: at.hash, number: p.number})
	}
	if p.sources.Wait(at.source) == 0 || now.Sub(p.told) < proberSilence && !p.told.IsZero() {
		return false
	}
	p.told = now
	return true
}

// mature counts first requests whose time for proof is over.
func (p *probers) mature(now time.Time) {
	done := 0
	for ; done < len(p.queue) && (now.Sub(p.queue[done].at) >= proofGrace || len(p.pending) > maxPending || len(p.queue)-done > 2*maxPending); done++ {
		first := p.queue[done]
		if number, ok := p.pending[first.hash]; ok && number == first.number {
			delete(p.pending, first.hash)
			p.blame(first.source, first.hash, now)
		}
	}
	if p.queue = p.queue[done:]; len(p.queue) == 0 {
		p.queue = nil // so that what a storm left goes
	}
}

func (p *probers) blame(source string, hash uint64, now time.Time) {
	p.counted.add(hash, now)
	p.sources.Count(source)
}

// memory remembers numbers for a while: each for at least one life, if there are no more than most. Older ones go all at once.
type memory struct {
	most       int
	life       time.Duration
	since      time.Time // when young began
	young, old map[uint64]struct{}
}

func newMemory(most int, life time.Duration) *memory {
	return &memory{most: most, life: life, young: map[uint64]struct{}{}}
}

func (m *memory) add(number uint64, now time.Time) {
	m.age(now)
	if len(m.young) >= m.most {
		m.turn(now)
	}
	m.young[number] = struct{}{}
}

func (m *memory) has(number uint64, now time.Time) bool {
	m.age(now)
	_, young := m.young[number]
	_, old := m.old[number]
	return young || old
}

func (m *memory) age(now time.Time) {
	switch {
	case m.since.IsZero():
		m.since = now
	case now.Sub(m.since) >= 2*m.life:
		m.turn(now)
		m.old = nil
	case now.Sub(m.since) >= m.life:
		m.turn(now)
	}
}

func (m *memory) turn(now time.Time) {
	m.old, m.young, m.since = m.young, map[uint64]struct{}{}, now
}
