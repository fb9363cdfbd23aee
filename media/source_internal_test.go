package media

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var moment = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestSourceCountsLossAcrossTheWrap(t *testing.T) {
	t.Parallel()
	s := &source{ssrc: 1, ours: 2, rate: 8000}
	for i := range 20 {
		if i == 7 || i == 12 {
			continue // lost on the way
		}
		s.take(uint16(65530+i), uint32(160*i), moment.Add(time.Duration(i)*20*time.Millisecond))
	}
	assert.Equal(t, uint64(20), s.expected())
	assert.Equal(t, int64(2), s.lost())
	assert.Zero(t, int(s.jitter), "every packet came when it should")
	b := s.block(moment)
	assert.Equal(t, uint8(2*256/20), b.fraction)
	assert.Equal(t, int32(2), b.lost)
	assert.Equal(t, uint32(1<<16|13), s.highest())
}

// TestSourceNeverCountsWrong feeds packets that get lost and change their order, and counts beside.
func TestSourceNeverCountsWrong(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := &source{rate: 8000}
		first := rapid.Uint16().Draw(t, "first")
		kept := rapid.SliceOfN(rapid.Bool(), 2, 300).Draw(t, "kept")
		came, last := 1, 0
		s.take(first, 0, moment)
		for i, keep := range kept {
			if keep {
				came++
				last = i + 1
				s.take(first+uint16(i+1), uint32(160*(i+1)), moment)
			}
		}
		if got, want := s.lost(), int64(last+1-came); got != want {
			t.Fatalf("lost %d, want %d", got, want)
		}
	})
}

func TestRoundTripIsWhatTheReportsSay(t *testing.T) {
	t.Parallel()
	s := &source{ssrc: 1, ours: 2, rate: 8000, sent: 10}
	s.take(1, 160, moment)
	sender, blocks, ok := parseRTCP(appendReport(nil, s, moment, "echo", false))
	require.True(t, ok)
	require.Len(t, blocks, 1)
	assert.Equal(t, uint32(2), sender.ssrc)
	assert.Equal(t, uint32(ntp(moment)>>16), sender.middle)

	// The phone got it, waited half a second, and reported; its report came 40 ms after it was due.
	s.hear(senderReport{}, []reportBlock{{ssrc: 2, last: sender.middle, delay: 65536 / 2, lost: 3}}, moment.Add(540*time.Millisecond))
	assert.InDelta(t, 40, float64(s.roundTrip.Milliseconds()), 1)
	assert.Equal(t, int32(3), s.theirLost)
}
