package zone

import (
	"hash/maphash"
	"sync"
	"time"

	"github.com/miekg/dns"
)

const (
	// answerBytes bounds the answers that are kept ready, some 64 MB in all: more than what 50,000 customers' phones ask for takes. One too many pushes out
	// others by chance, and costs making it again.
	answerBytes  = 64 << 20
	answerShards = 64
	// answerOverhead is about what an entry takes beside its bytes.
	answerOverhead = 200
)

// wireAnswer is an answer ready to be sent, but for what is the question's own: its number, the spelling of its name, two flags, and a cookie.
type wireAnswer struct {
	wire   []byte
	kind   kind
	keep   bool // it may be kept: it is about a name that exists, of a type that phones and resolvers ask for
	layout *layout
	since  cached // what the store said of the customer
	own    bool   // it is about a name of our own, and follows from the state alone
	hasSOA bool   // the zone's serial number is in it
	serial uint32 // of the state that it was made from
	made   time.Time
	told   *Asked // to be told of; nil for nothing
}

// answerCache keeps answers by the question in canonical form.
type answerCache struct {
	seed   maphash.Seed
	shards [answerShards]answerShard
}

type answerShard struct {
	mu    sync.RWMutex
	byKey map[string]*wireAnswer
	bytes int
}

func newAnswerCache() *answerCache {
	c := &answerCache{seed: maphash.MakeSeed()}
	for i := range c.shards {
		c.shards[i].byKey = map[string]*wireAnswer{}
	}
	return c
}

func (c *answerCache) shard(key []byte) *answerShard {
	return &c.shards[maphash.Bytes(c.seed, key)%answerShards]
}

func (c *answerCache) get(key []byte) *wireAnswer {
	s := c.shard(key)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.byKey[string(key)]
}

func (c *answerCache) put(key []byte, a *wireAnswer) {
	s := c.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if before, ok := s.byKey[string(key)]; ok {
		s.bytes -= before.size(len(key))
	}
	s.byKey[string(key)] = a
	s.bytes += a.size(len(key))
	for other, b := range s.byKey { // in no order: by chance
		if s.bytes <= answerBytes/answerShards {
			return
		}
		if b != a {
			delete(s.byKey, other)
			s.bytes -= b.size(len(other))
		}
	}
}

func (a *wireAnswer) size(key int) int { return len(a.wire) + key + answerOverhead }

// good reports whether an answer still is what would be made now.
func (s *Server) good(a *wireAnswer, at time.Time) bool {
	st := s.state.Load()
	if at.Sub(a.made) > signedFor/2 || a.layout != st.layout || a.hasSOA && a.serial != st.serial {
		return false
	}
	return a.own || at.Before(a.since.until) || a.since.serial == st.serial && !st.confirmed.IsZero() && at.Sub(st.confirmed) < believed
}

// isKept tells the types whose answers are kept: others are rare, and anybody could make up many.
func isKept(qtype uint16) bool {
	switch qtype {
	case dns.TypeA, dns.TypeAAAA, dns.TypeNAPTR, dns.TypeSRV, dns.TypeSOA, dns.TypeNS, dns.TypeHTTPS:
		return true
	default:
		return false
	}
}
