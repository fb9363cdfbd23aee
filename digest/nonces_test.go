package digest_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dialtone/digest"
)

const key = "0123456789abcdef0123456789abcdef"

// HandClock is a clock that somebody moves by hand.
type HandClock struct{ nanos atomic.Int64 }

func newHandClock() *HandClock {
	c := &HandClock{}
	c.nanos.Store(time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC).UnixNano())
	return c
}

func (c *HandClock) Now() time.Time          { return time.Unix(0, c.nanos.Load()) }
func (c *HandClock) Advance(d time.Duration) { c.nanos.Add(int64(d)) }

// BrokenRandom never gives a byte.
type BrokenRandom struct{}

func (BrokenRandom) Read([]byte) (int, error) { return 0, errors.New("no randomness today") }

func answer(nonce string, nc uint32) digest.Answer {
	return digest.Answer{Nonce: nonce, QOP: "auth", NC: nc, NCText: fmt.Sprintf("%08x", nc)}
}

func newNonces(clock *HandClock) *digest.Nonces {
	return digest.NewNonces(digest.NoncesConfig{Key: []byte(key), Now: clock.Now})
}

func TestANonceIsGoodForItsBindingAndLifetime(t *testing.T) {
	t.Parallel()
	clock := newHandClock()
	n := newNonces(clock)
	nonce := n.Issue("acme|192.0.2.1")
	assert.Regexp(t, `^[A-Za-z0-9_-]{40}$`, nonce)
	assert.NotEqual(t, nonce, n.Issue("acme|192.0.2.1"), "two nonces of one moment")

	assert.Equal(t, digest.Fresh, n.Check(nonce, "acme|192.0.2.1"))
	assert.Equal(t, digest.Forged, n.Check(nonce, "acme|192.0.2.2"), "another peer")
	assert.Equal(t, digest.Forged, n.Check(nonce, "beta|192.0.2.1"), "another realm")
	clock.Advance(5 * time.Minute)
	assert.Equal(t, digest.Fresh, n.Check(nonce, "acme|192.0.2.1"), "the last moment")
	clock.Advance(time.Millisecond)
	assert.Equal(t, digest.Stale, n.Check(nonce, "acme|192.0.2.1"), "a moment too late")
	assert.Equal(t, digest.Stale, n.Use(answer(nonce, 1), "f"))
	assert.Equal(t, digest.Forged, n.Check(nonce, "acme|192.0.2.2"), "too old and another peer")
}

func TestEveryChangedCharacterMakesANonceForged(t *testing.T) {
	t.Parallel()
	n := newNonces(newHandClock())
	nonce := n.Issue("b")
	for i := range len(nonce) {
		other := "A"
		if nonce[i] == 'A' {
			other = "B"
		}
		assert.Equal(t, digest.Forged, n.Check(nonce[:i]+other+nonce[i+1:], "b"), "character %d", i)
	}
	for _, forged := range []string{"", "x", nonce[:39], nonce + "A", nonce + "=", strings.Repeat("\n", 40), nonce[:39] + "\n", strings.Repeat("é", 20)} {
		assert.Equal(t, digest.Forged, n.Check(forged, "b"), "%q", forged)
		assert.NotEqual(t, digest.Fresh, n.Use(answer(forged, 1), "f"), "%q", forged)
	}
}

func TestANonceOfAnotherKeyIsForged(t *testing.T) {
	t.Parallel()
	clock := newHandClock()
	other := digest.NewNonces(digest.NoncesConfig{Key: []byte("another key of sixteen bytes"), Now: clock.Now})
	assert.Equal(t, digest.Forged, newNonces(clock).Check(other.Issue("b"), "b"))
}

func TestANodeTakesTheNoncesOfAnotherWithTheSameKey(t *testing.T) {
	t.Parallel()
	clock := newHandClock()
	here, there := newNonces(clock), newNonces(clock)
	nonce := there.Issue("b")
	assert.Equal(t, digest.Fresh, here.Check(nonce, "b"))
	assert.Equal(t, digest.Fresh, here.Use(answer(nonce, 1), "f"))

	used := there.Issue("b")
	assert.Equal(t, digest.Fresh, there.Use(answer(used, 1), "f"))
	assert.Equal(t, digest.Stale, here.Use(answer(used, 2), "g"), "its first use was elsewhere")
}

func TestANonceFromAClockAheadIsStale(t *testing.T) {
	t.Parallel()
	ahead, clock := newHandClock(), newHandClock()
	here, there := newNonces(clock), newNonces(ahead)
	ahead.Advance(5 * time.Second)
	assert.Equal(t, digest.Fresh, here.Check(there.Issue("b"), "b"), "clocks differ a little")
	ahead.Advance(time.Second)
	assert.Equal(t, digest.Stale, here.Check(there.Issue("b"), "b"), "clocks differ too much")
}

func TestCountsMustGrow(t *testing.T) {
	t.Parallel()
	n := newNonces(newHandClock())
	nonce := n.Issue("b")
	assert.Equal(t, digest.Stale, n.Use(answer(nonce, 2), "before"), "a count above 1 that nobody remembers")
	assert.Equal(t, digest.Fresh, n.Use(answer(nonce, 1), "first"))
	assert.Equal(t, digest.Retransmitted, n.Use(answer(nonce, 1), "first"))
	assert.Equal(t, digest.Replayed, n.Use(answer(nonce, 1), "other request"))
	assert.Equal(t, digest.Fresh, n.Use(answer(nonce, 2), "second"))
	assert.Equal(t, digest.Replayed, n.Use(answer(nonce, 1), "first"), "the first request again, after the second")
	assert.Equal(t, digest.Fresh, n.Use(answer(nonce, 7), "skipping is fine"))
	assert.Equal(t, digest.Replayed, n.Use(answer(nonce, 6), "skipped ones are gone"))
	assert.Equal(t, digest.Retransmitted, n.Use(answer(nonce, 7), "skipping is fine"))
	assert.Equal(t, digest.Stale, n.Use(answer(n.Issue("b"), 0), "no count"))
}

func TestARestartForgetsNoReplay(t *testing.T) {
	t.Parallel()
	clock := newHandClock()
	nonce := newNonces(clock).Issue("b")
	clock.Advance(time.Second)
	restarted := newNonces(clock)
	assert.Equal(t, digest.Fresh, restarted.Check(nonce, "b"))
	assert.Equal(t, digest.Stale, restarted.Use(answer(nonce, 1), "f"), "it may have been used before the restart")
}

func TestAFullTableForgetsWithoutLettingReplaysIn(t *testing.T) {
	t.Parallel()
	clock := newHandClock()
	n := digest.NewNonces(digest.NoncesConfig{Key: []byte(key), Now: clock.Now, MaxTracked: 2})
	early := n.Issue("b")
	clock.Advance(time.Second)
	var nonces [3]string
	for i := range nonces {
		clock.Advance(time.Second)
		nonces[i] = n.Issue("b")
		require.Equal(t, digest.Fresh, n.Use(answer(nonces[i], 1), "f"))
	}
	assert.Equal(t, digest.Stale, n.Use(answer(nonces[0], 1), "f"), "forgotten, and not fresh again")
	assert.Equal(t, digest.Stale, n.Use(answer(nonces[0], 2), "g"), "forgotten")
	assert.Equal(t, digest.Stale, n.Use(answer(early, 1), "f"), "older than what was forgotten")
	assert.Equal(t, digest.Retransmitted, n.Use(answer(nonces[1], 1), "f"))
	assert.Equal(t, digest.Fresh, n.Use(answer(nonces[2], 2), "g"))
	assert.Equal(t, digest.Fresh, n.Use(answer(n.Issue("b"), 1), "f"), "new ones go on")
}

func TestBrokenRandomnessStillMakesUnforgeableNonces(t *testing.T) {
	t.Parallel()
	clock := newHandClock()
	n := digest.NewNonces(digest.NoncesConfig{Key: []byte(key), Now: clock.Now, Random: BrokenRandom{}})
	nonce := n.Issue("b")
	assert.Equal(t, digest.Fresh, n.Check(nonce, "b"))
	assert.Equal(t, digest.Forged, n.Check(nonce, "c"))
}

func TestAMissingKeyIsAMistakeOfTheWiring(t *testing.T) {
	t.Parallel()
	assert.Panics(t, func() { digest.NewNonces(digest.NoncesConfig{Key: []byte("short")}) })
}

func TestVerdictsHaveNames(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "forged stale replayed fresh retransmitted",
		fmt.Sprint(digest.Forged, " ", digest.Stale, " ", digest.Replayed, " ", digest.Fresh, " ", digest.Retransmitted))
}

func TestNoncesAreSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	n := digest.NewNonces(digest.NoncesConfig{Key: []byte(key), MaxTracked: 50})
	shared := n.Issue("b")
	var firsts atomic.Int64
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			if n.Use(answer(shared, 1), fmt.Sprint("worker ", worker)) == digest.Fresh {
				firsts.Add(1)
			}
			for range 100 {
				nonce := n.Issue("b")
				assert.Equal(t, digest.Fresh, n.Check(nonce, "b"))
				n.Use(answer(nonce, 1), "f")
			}
		})
	}
	group.Wait()
	assert.LessOrEqual(t, firsts.Load(), int64(1), "one count, one winner")
}

// TestNoncesFollowTheirModel drives Nonces with random uses and compares each verdict with a model that never forgets, except where the
// table may have: there Stale is right too, and Fresh never is for a count that was used.
func TestNoncesFollowTheirModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		clock := newHandClock()
		maxTracked := rapid.IntRange(1, 5).Draw(t, "max tracked")
		n := digest.NewNonces(digest.NoncesConfig{Key: []byte(key), Now: clock.Now, Lifetime: time.Minute, MaxTracked: maxTracked})
		m := model{t: t, clock: clock, nonces: n, maxTracked: maxTracked, last: map[string]modelUse{}}
		t.Repeat(map[string]func(*rapid.T){
			"":      func(*rapid.T) {},
			"issue": m.issue,
			"use":   m.use,
			"check": m.check,
			"advance": func(t *rapid.T) {
				clock.Advance(time.Duration(rapid.IntRange(0, 30_000).Draw(t, "ms")) * time.Millisecond)
			},
		})
	})
}

type modelUse struct {
	nc          uint32
	fingerprint string
}

type issuedNonce struct {
	text, binding string
	at            time.Time
}

type model struct {
	t          *rapid.T
	clock      *HandClock
	nonces     *digest.Nonces
	maxTracked int
	issued     []issuedNonce
	last       map[string]modelUse
}

func (m *model) issue(t *rapid.T) {
	binding := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "binding")
	m.issued = append(m.issued, issuedNonce{m.nonces.Issue(binding), binding, m.clock.Now()})
}

func (m *model) check(t *rapid.T) {
	if len(m.issued) == 0 {
		t.Skip("nothing issued")
	}
	nonce := rapid.SampledFrom(m.issued).Draw(t, "nonce")
	binding := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "binding")
	want := digest.Fresh
	if m.clock.Now().Sub(nonce.at) > time.Minute {
		want = digest.Stale
	}
	if binding != nonce.binding {
		want = digest.Forged
	}
	assert.Equal(t, want, m.nonces.Check(nonce.text, binding))
}

func (m *model) use(t *rapid.T) {
	if len(m.issued) == 0 {
		t.Skip("nothing issued")
	}
	nonce := rapid.SampledFrom(m.issued).Draw(t, "nonce")
	next := modelUse{uint32(rapid.IntRange(0, 4).Draw(t, "nc")), rapid.SampledFrom([]string{"f", "g"}).Draw(t, "fingerprint")}
	got := m.nonces.Use(answer(nonce.text, next.nc), next.fingerprint)
	last, used := m.last[nonce.text]
	if m.clock.Now().Sub(nonce.at) > time.Minute {
		assert.Equal(t, digest.Stale, got, "expired")
		return
	}
	want := digest.Fresh
	switch {
	case !used && next.nc != 1:
		want = digest.Stale
	case used && next == last:
		want = digest.Retransmitted
	case used && next.nc <= last.nc:
		want = digest.Replayed
	}
	if len(m.last) >= m.maxTracked && got == digest.Stale {
		return // the table was full once, so that it may not know this nonce any more
	}
	assert.Equal(t, want, got)
	if got == digest.Fresh {
		m.last[nonce.text] = next
	}
}

func BenchmarkNonces(b *testing.B) {
	b.Run("issue", func(b *testing.B) {
		n := digest.NewNonces(digest.NoncesConfig{Key: []byte(key)})
		for b.Loop() {
			n.Issue("acme.sip.example.com 192.0.2.1")
		}
	})
	b.Run("check", func(b *testing.B) {
		n := digest.NewNonces(digest.NoncesConfig{Key: []byte(key)})
		nonce := n.Issue("acme.sip.example.com 192.0.2.1")
		for b.Loop() {
			n.Check(nonce, "acme.sip.example.com 192.0.2.1")
		}
	})
	b.Run("issue and use", func(b *testing.B) {
		n := digest.NewNonces(digest.NoncesConfig{Key: []byte(key)})
		for b.Loop() {
			if n.Use(answer(n.Issue("acme.sip.example.com 192.0.2.1"), 1), "f") != digest.Fresh {
				b.Fatal("not fresh")
			}
		}
	})
}

func TestAnAnswerWithoutACountIsTheOnlyOneOfItsNonce(t *testing.T) {
	t.Parallel()
	n := digest.NewNonces(digest.NoncesConfig{Key: []byte("0123456789abcdef")})
	answer := digest.Answer{Nonce: n.Issue("x"), WithoutQOP: true}
	assert.Equal(t, digest.Fresh, n.Use(answer, "a"))
	assert.Equal(t, digest.Replayed, n.Use(answer, "b"))
	assert.Equal(t, digest.Stale, n.Use(digest.Answer{Nonce: n.Issue("x")}, "a"), "only where a door lets it count")
}
