package digest

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"hash"
	"io"
	"sync"
	"time"
)

// A nonce is 40 characters of URL-safe base64 over 30 bytes: when it was issued, random bytes that part nonces of the same
// millisecond, and a tag that only we can make. The tag is an HMAC-SHA256 cut to 128 bits (RFC 2104 section 5 allows half), as a forger has
// a few minutes to guess it.
const (
	timeSize   = 6 // milliseconds since 1970, big endian: good for 8,900 years
	randomSize = 8
	tagSize    = 16
	nonceSize  = timeSize + randomSize + tagSize
	nonceText  = nonceSize / 3 * 4 // no padding, no spare bits, so each nonce has one spelling
)

// clockSkew is how far ahead of ours the clock of another node may run before its nonces look wrong.
const clockSkew = 5 * time.Second

const (
	defaultLifetime   = 5 * time.Minute
	defaultMaxTracked = 100_000
)

// NoncesConfig is what Nonces are made of.
type NoncesConfig struct {
	// Key is secret and at least 16 bytes. Nodes that share it take each other's nonces.
	Key []byte
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Random must be safe for concurrent use; nil means crypto/rand.Reader.
	Random io.Reader
	// Lifetime is how long a nonce can be used; 0 means 5 minutes.
	Lifetime time.Duration
	// MaxTracked is how many used nonces are remembered; 0 means 100,000. An entry costs some 130 bytes, so that the default is 13 MB. A full
	// table forgets the nonce that was first used longest ago, and with it takes no unknown nonce that is older: at 2,000 registrations a second,
	// the default shortens the lifetime to 50 seconds, which costs a client one more challenge and lets no replay in.
	MaxTracked int
}

// Verdict is what a nonce, or the use of one, is worth.
type Verdict int

// The verdicts. Doors answer all but Fresh and Retransmitted with a new challenge that says stale=true: also for Forged, which a client meets
// whose address has changed, and which would take its right password for a wrong one otherwise.
const (
	Forged        Verdict = iota // not ours, or not for this binding
	Stale                        // ours, but too old, or used elsewhere or too long ago for us to know its count
	Replayed                     // its count didn't grow, and it isn't the same request again
	Fresh                        // good
	Retransmitted                // the same request again, as UDP clients send it when the answer got lost: good, nothing new
)

// String returns the verdict in lower case, for logs.
func (v Verdict) String() string {
	switch v {
	case Stale:
		return "stale"
	case Replayed:
		return "replayed"
	case Fresh:
		return "fresh"
	case Retransmitted:
		return "retransmitted"
	default:
		return "forged"
	}
}

// Nonces makes and checks nonces. Issuing and checking need no memory: time, random bytes and an HMAC over both and a binding, such as
// realm and peer address, stand in the nonce itself, so that strangers who collect challenges fill nothing. Only nonces that somebody has
// proved a password with are remembered, to see that their count grows. It is safe for concurrent use.
//
// Memory is per node and ends with the process. A nonce from before our start, or with a count above 1 that we don't remember, is Stale, so
// that a client that comes from another node or was forgotten gets a new challenge, and not a second use of an old one. What stays open is a
// replay of a first use at another node, within the lifetime and from the same binding; callers whose requests change something need an
// order of their own against that, as REGISTER has in its CSeq.
type Nonces struct {
	now        func() time.Time
	random     io.Reader
	lifetime   time.Duration
	maxTracked int
	macs       sync.Pool // of hash.Hash, keyed

	mu      sync.Mutex
	tracked map[tag]use
	queue   []firstUse // of what is tracked, oldest first use first
	floor   int64      // milliseconds: unknown nonces from before are Stale, as we may have forgotten them
}

type tag [tagSize]byte

// use is the newest use of a nonce.
type use struct {
	count       uint32
	fingerprint [16]byte
}

type firstUse struct {
	tag    tag
	issued int64
}

// NewNonces makes Nonces. A zero field of config means its default; without a key there is nothing to tell our nonces by, so an empty one
// is a mistake of the wiring and panics.
func NewNonces(config NoncesConfig) *Nonces {
	if len(config.Key) < 16 {
		panic("digest: the nonce key has fewer than 16 bytes")
	}
	n := &Nonces{
		now: config.Now, random: config.Random, lifetime: config.Lifetime, maxTracked: config.MaxTracked,
		tracked: make(map[tag]use),
	}
	if n.now == nil {
		n.now = time.Now
	}
	if n.random == nil {
		n.random = rand.Reader
	}
	if n.lifetime <= 0 {
		n.lifetime = defaultLifetime
	}
	if n.maxTracked <= 0 {
		n.maxTracked = defaultMaxTracked
	}
	key := append([]byte(nil), config.Key...)
	n.macs.New = func() any { return hmac.New(sha256.New, key) }
	n.floor = n.now().UnixMilli()
	return n
}

// Issue makes a nonce for a binding: whatever the answer will have to share with the request that was challenged.
func (n *Nonces) Issue(binding string) string {
	var raw [nonceSize]byte
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(n.now().UnixMilli()))
	copy(raw[:], ms[2:])
	// crypto/rand never fails. With another source that does, nonces of one millisecond may be equal, which costs one of two clients another
	// challenge; they can't be forged all the same.
	_, _ = io.ReadFull(n.random, raw[timeSize:timeSize+randomSize])
	t := n.tagOf(raw[:timeSize+randomSize], binding)
	copy(raw[timeSize+randomSize:], t[:])
	return base64.RawURLEncoding.EncodeToString(raw[:])
}

// Check judges a nonce alone, before anything is known about who answers: Forged, Stale or Fresh.
func (n *Nonces) Check(nonce, binding string) Verdict {
	raw, ok := decode(nonce)
	if !ok {
		return Forged
	}
	want := n.tagOf(raw[:timeSize+randomSize], binding)
	if subtle.ConstantTimeCompare(want[:], raw[timeSize+randomSize:]) != 1 {
		return Forged
	}
	if !n.current(issued(raw)) {
		return Stale
	}
	return Fresh
}

// Use judges one use of a nonce that Check found Fresh, by an answer that Matches found right: Fresh when its count is the first or has
// grown, Retransmitted when count and fingerprint are those of the newest use, Replayed when the count didn't grow otherwise, and Stale
// when we can't know. An answer that counts WithoutQOP is the only one of its nonce. The fingerprint stands for all of the request that the digest doesn't cover and that has an effect. Call it once a
// request: it remembers.
func (n *Nonces) Use(a Answer, fingerprint string) Verdict {
	raw, ok := decode(a.Nonce)
	if !ok {
		return Forged
	}
	at := issued(raw)
	if !n.current(at) {
		return Stale
	}
	sum := sha256.Sum256([]byte(fingerprint))
	next := use{count: a.NC, fingerprint: [16]byte(sum[:16])}
	if a.WithoutQOP && a.QOP == "" {
		next.count = 1
	}
	key := tag(raw[timeSize+randomSize:])

	n.mu.Lock()
	defer n.mu.Unlock()
	last, known := n.tracked[key]
	switch {
	case !known && (next.count != 1 || at < n.floor):
		return Stale
	case !known:
		n.track(firstUse{tag: key, issued: at}, next)
		return Fresh
	case next == last:
		return Retransmitted
	case next.count <= last.count:
		return Replayed
	default:
		n.tracked[key] = next
		return Fresh
	}
}

// track remembers a first use, and forgets what has expired and what there is no room for. n.mu is held.
func (n *Nonces) track(first firstUse, u use) {
	for len(n.queue) > 0 && (len(n.queue) >= n.maxTracked || !n.current(n.queue[0].issued)) {
		delete(n.tracked, n.queue[0].tag)
		n.floor = max(n.floor, n.queue[0].issued+1)
		n.queue = n.queue[1:]
	}
	n.queue = append(n.queue, first)
	n.tracked[first.tag] = u
}

// current reports whether a nonce of that moment is neither too old nor from the future.
func (n *Nonces) current(ms int64) bool {
	age := n.now().Sub(time.UnixMilli(ms))
	return age <= n.lifetime && age >= -clockSkew
}

// tagOf makes the tag of time and random bytes for a binding.
func (n *Nonces) tagOf(head []byte, binding string) tag {
	mac := n.macs.Get().(hash.Hash)
	defer n.macs.Put(mac)
	mac.Reset()
	mac.Write(head)
	_, _ = io.WriteString(mac, binding)
	var sum [sha256.Size]byte
	return tag(mac.Sum(sum[:0])[:tagSize])
}

// decode takes a nonce out of its text form.
func decode(nonce string) (raw [nonceSize]byte, ok bool) {
	if len(nonce) != nonceText {
		return raw, false
	}
	size, err := base64.RawURLEncoding.Decode(raw[:], []byte(nonce))
	return raw, err == nil && size == nonceSize
}

// issued reads when a nonce was issued, in milliseconds since 1970.
func issued(raw [nonceSize]byte) int64 {
	var ms [8]byte
	copy(ms[2:], raw[:timeSize])
	return int64(binary.BigEndian.Uint64(ms[:])) //nolint:gosec // G115: six of the eight bytes are set
}
