package tftp

import (
	"net/netip"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

func TestCreditIsKeptForAShortWhile(t *testing.T) {
	t.Parallel()
	c, now := newCredits(10), time.Unix(1000, 0)
	key := creditKey{netip.MustParseAddr("192.0.2.1"), "f"}
	c.keep(key, 250, now)
	c.keep(key, 250, now.Add(20*time.Second))
	assert.Equal(t, 500, c.take(key, now.Add(50*time.Second)))
	assert.Zero(t, c.take(key, now.Add(50*time.Second)), "it's spent once")
	c.keep(key, 250, now)
	assert.Zero(t, c.take(key, now.Add(31*time.Second)))
	assert.Empty(t, c.byKey)
}

func TestCreditIsOfOneAddressAndPath(t *testing.T) {
	t.Parallel()
	c, now := newCredits(10), time.Unix(1000, 0)
	key := creditKey{netip.MustParseAddr("192.0.2.1"), "f"}
	c.keep(key, 250, now)
	assert.Zero(t, c.take(creditKey{netip.MustParseAddr("192.0.2.2"), "f"}, now))
	assert.Zero(t, c.take(creditKey{key.peer, "g"}, now))
	assert.Equal(t, 250, c.take(key, now))
}

// TestCreditIsNeverMoreThanWasEarned compares with a plain sum.
func TestCreditIsNeverMoreThanWasEarned(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		const limit = 3
		c, now := newCredits(limit), time.Unix(1000, 0)
		earned := map[creditKey]int{}
		key := func(t *rapid.T) creditKey {
			return creditKey{netip.MustParseAddr("192.0.2.1"), strconv.Itoa(rapid.IntRange(1, 5).Draw(t, "path"))}
		}
		t.Repeat(map[string]func(*rapid.T){
			"keep": func(t *rapid.T) {
				k, n := key(t), rapid.IntRange(-10, 2000).Draw(t, "bytes")
				c.keep(k, n, now)
				earned[k] += max(0, n)
			},
			"take": func(t *rapid.T) {
				k := key(t)
				n := c.take(k, now)
				assert.LessOrEqual(t, n, earned[k])
				assert.LessOrEqual(t, n, maxCredit)
				earned[k] -= n
			},
			"wait": func(t *rapid.T) { now = now.Add(time.Duration(rapid.IntRange(0, 40).Draw(t, "seconds")) * time.Second) },
			"": func(t *rapid.T) {
				assert.LessOrEqual(t, len(c.byKey), limit)
				assert.Equal(t, len(c.byKey), c.queue.Len())
			},
		})
	})
}
