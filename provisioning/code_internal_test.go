package provisioning

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestAllGuessesTogetherAreBounded(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC)
	g := newGuesses(func() time.Time { return now })
	fresh := netip.MustParseAddr("203.0.113.1")
	for i := range allGuessBurst {
		assert.Zero(t, g.wait(fresh), "after %d", i)
		g.count(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), now)
	}
	assert.Equal(t, allGuessInterval, g.wait(fresh), "an address that never guessed waits, too")
	now = now.Add(allGuessInterval)
	assert.Zero(t, g.wait(fresh))
}

func TestTheLogIsToldOnceAMinute(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC)
	g, peer := newGuesses(func() time.Time { return now }), netip.MustParseAddr("192.0.2.1")
	for i, want := range []int{1, 0, 0, 3, 0} {
		if i == 3 {
			now = now.Add(guessSilence)
		}
		assert.Equal(t, want, g.count(peer, now), "guess %d", i)
	}
}
