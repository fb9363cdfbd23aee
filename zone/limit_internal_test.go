package zone

import (
	"encoding/hex"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestALimitIsForANetworkAndAKind(t *testing.T) {
	t.Parallel()
	l := newLimiter(10)
	at := time.Unix(1_000_000, 0)
	count := func(peer string, k kind) (passed, slipped int) {
		for range 1000 {
			switch l.judge(netip.MustParseAddr(peer), k, at) {
			case pass:
				passed++
			case slip:
				slipped++
			default:
			}
		}
		return passed, slipped
	}
	passed, slipped := count("192.0.2.1", kindPositive)
	assert.Equal(t, 100, passed, "ten seconds' worth at once")
	assert.Equal(t, 450, slipped, "every other is answered with a truncated message")
	passed, _ = count("192.0.2.200", kindPositive)
	assert.Zero(t, passed, "the same network")
	passed, _ = count("192.0.2.1", kindUnknown)
	assert.Equal(t, 100, passed, "another kind")
	passed, _ = count("192.0.3.1", kindPositive)
	assert.Equal(t, 100, passed, "another network")
	passed, _ = count("2001:db8:0:100::1", kindPositive)
	assert.Equal(t, 100, passed)
	passed, _ = count("2001:db8:0:1ff::1", kindPositive)
	assert.Zero(t, passed, "the same /56")
	at = at.Add(time.Second)
	passed, _ = count("192.0.2.1", kindPositive)
	assert.Equal(t, 10, passed, "it fills at the rate")
}

// However questions come, no more pass than the burst and what the rate adds; and who stays below the rate always passes.
func TestTheLimitHolds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.IntRange(1, 50).Draw(t, "rate")
		l := newLimiter(rate)
		began := time.Unix(1_000_000, 0)
		at, passed := began, 0
		for _, gap := range rapid.SliceOfN(rapid.IntRange(0, 2_000_000_000/rate), 1, 2000).Draw(t, "gaps") {
			at = at.Add(time.Duration(gap))
			v := l.judge(netip.MustParseAddr("192.0.2.1"), kindPositive, at)
			if v == pass {
				passed++
			}
			if gap >= 1_000_000_000/rate && v != pass && passed < 10*rate {
				t.Fatalf("a slow client was limited")
			}
		}
		if most := 10*rate + int(at.Sub(began).Seconds()*float64(rate)) + 1; passed > most {
			t.Fatalf("%d passed, at most %d may", passed, most)
		}
	})
}

// RFC 9018 appendix A.1 to A.3.
func TestCookiesOfTheRFC(t *testing.T) {
	t.Parallel()
	raw := func(s string) []byte {
		b, err := hex.DecodeString(s)
		require.NoError(t, err)
		return b
	}
	clock := time.Unix(1559731985, 0)
	c := newCookies(raw("e5e973e5a6b2a43f48e7dc849e37bfcf"), func() time.Time { return clock })
	peer := netip.MustParseAddr("198.51.100.100")
	assert.Equal(t, raw("2464c4abcf10c957010000005cf79f111f8130c3eee29480"), c.answer(nil, raw("2464c4abcf10c957"), peer))
	clock = time.Unix(1559734385, 0)
	assert.True(t, c.known(raw("2464c4abcf10c957010000005cf79f111f8130c3eee29480"), peer), "40 minutes old")
	assert.Equal(t, raw("2464c4abcf10c957010000005cf7a871d4a564a1442aca77"), c.answer(nil, raw("2464c4abcf10c957"), peer))
	assert.False(t, c.known(raw("2464c4abcf10c957010000005cf79f111f8130c3eee29480"), netip.MustParseAddr("198.51.100.101")))
	assert.False(t, c.known(raw("2464c4abcf10c957010000005cf79f111f8130c3eee29481"), peer))
	assert.False(t, c.known(raw("2464c4abcf10c957"), peer))
	clock = time.Unix(1559731985+3601, 0)
	assert.False(t, c.known(raw("2464c4abcf10c957010000005cf79f111f8130c3eee29480"), peer), "too old")
	clock = time.Unix(1559731985-301, 0)
	assert.False(t, c.known(raw("2464c4abcf10c957010000005cf79f111f8130c3eee29480"), peer), "too far ahead")
	assert.False(t, (*cookies)(nil).known(raw("2464c4abcf10c957010000005cf79f111f8130c3eee29480"), peer))
}
