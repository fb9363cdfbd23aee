package zone

import (
	"hash/maphash"
	"net/netip"
	"sync"
	"time"
)

// kind is what an answer is, to the limiter: forged questions of one kind mustn't use up what others may get.
type kind uint8

const (
	kindPositive kind = iota // there are records, or the name has others
	kindUnknown              // no such name
	kindOther                // refused, failed, malformed
)

// verdict is what becomes of an answer over UDP.
type verdict uint8

const (
	pass verdict = iota // send it
	slip                // send a truncated one: a real client comes back over TCP, and nobody is hit by more than was sent
	drop                // send nothing
)

const (
	// limitPlaces bounds the memory: 16 bytes each, 2 MB in all. Networks that share a place push each other out, which lets through more, never less.
	limitPlaces = 1 << 17
	limitShards = 64
	// limitBurst is how many seconds' answers a network may have at once after a silence: a building of phones behind one address that boots after a power cut.
	limitBurst = 10
	// slipEach is the share of what is over the limit that is answered with a truncated message.
	slipEach = 2
)

// limiter bounds the answers that a network gets over UDP, where addresses can be forged: response rate limiting. Each network has a bucket of answers for each
// kind, which fills at the rate.
type limiter struct {
	rate   int64 // answers a second
	seed   maphash.Seed
	shards [limitShards]limitShard
}

type limitShard struct {
	mu      sync.Mutex
	over    uint32
	buckets [limitPlaces / limitShards]bucket
}

// bucket is what a network may still get. It is kept as the moment at which it is full again: one number.
type bucket struct {
	owner uint64 // a hash of network and kind
	full  int64  // nanoseconds
}

func newLimiter(rate int) *limiter {
	return &limiter{rate: int64(rate), seed: maphash.MakeSeed()}
}

// network is what an attacker has or forges as a whole: IPv4 /24, IPv6 /56.
func network(peer netip.Addr) netip.Prefix {
	length := 56
	if peer = peer.Unmap(); peer.Is4() {
		length = 24
	}
	p, _ := peer.Prefix(length) // both lengths fit
	return p
}

// judge counts one answer.
func (l *limiter) judge(peer netip.Addr, k kind, at time.Time) verdict {
	owner := maphash.Comparable(l.seed, limitKey{network(peer), k})
	shard := &l.shards[owner%limitShards]
	now, each := at.UnixNano(), int64(time.Second)/l.rate
	shard.mu.Lock()
	defer shard.mu.Unlock()
	b := &shard.buckets[owner/limitShards%uint64(len(shard.buckets))]
	if b.owner != owner || b.full < now {
		b.owner, b.full = owner, now
	}
	if b.full+each-now <= limitBurst*int64(time.Second) {
		b.full += each
		return pass
	}
	if shard.over++; shard.over%slipEach == 0 {
		return slip
	}
	return drop
}

type limitKey struct {
	network netip.Prefix
	kind    kind
}
