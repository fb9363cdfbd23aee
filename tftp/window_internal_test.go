package tftp

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// blocks is what next returns, written out.
func blocks(w *window) []int64 {
	out := []int64{}
	for first, last := w.next(); first <= last; first++ {
		out = append(out, first)
	}
	return out
}

func TestWindowsFollowEachOther(t *testing.T) {
	t.Parallel()
	w := newWindow(3, 7, true)
	assert.Equal(t, []int64{0}, blocks(&w), "the options alone")
	assert.Empty(t, blocks(&w))
	assert.True(t, w.heard(0))
	assert.Equal(t, []int64{1, 2, 3}, blocks(&w))
	assert.True(t, w.heard(3))
	assert.Equal(t, []int64{4, 5, 6}, blocks(&w))
	assert.True(t, w.heard(6))
	assert.Equal(t, []int64{7}, blocks(&w))
	assert.False(t, w.done())
	assert.True(t, w.heard(7))
	assert.True(t, w.done())
}

func TestALossWithinAWindowGoesBackOnce(t *testing.T) {
	t.Parallel()
	w := newWindow(4, 100, false)
	assert.Equal(t, []int64{1, 2, 3, 4}, blocks(&w))
	assert.True(t, w.heard(2))
	assert.Equal(t, []int64{3, 4, 5, 6}, blocks(&w), "from the last acknowledged block on")
	for range 10 {
		assert.False(t, w.heard(2), "one for each packet behind the gap")
		assert.Empty(t, blocks(&w))
	}
	assert.True(t, w.heard(3))
	assert.True(t, w.heard(4))
	assert.True(t, w.heard(5))
	assert.Empty(t, blocks(&w), "not again before a whole window has arrived")
	assert.True(t, w.heard(6))
	assert.Equal(t, []int64{7, 8, 9, 10}, blocks(&w))
	assert.True(t, w.heard(8))
	assert.Equal(t, []int64{9, 10, 11, 12}, blocks(&w))
}

func TestALostFirstBlockOfAWindowWaitsForTheTimeout(t *testing.T) {
	t.Parallel()
	w := newWindow(4, 100, false)
	blocks(&w)
	w.heard(4)
	blocks(&w)
	assert.False(t, w.heard(4))
	assert.Empty(t, blocks(&w))
	w.back()
	assert.Equal(t, []int64{5, 6, 7, 8}, blocks(&w))
}

func TestAcknowledgementsOfWhatWasNotSentSayNothing(t *testing.T) {
	t.Parallel()
	w := newWindow(2, 100, true)
	blocks(&w)
	for _, number := range []uint16{1, 2, 100, 65534, 65535} {
		assert.False(t, w.heard(number), number)
	}
	assert.True(t, w.heard(0))
	blocks(&w)
	for _, number := range []uint16{0, 3, 100, 65535} {
		assert.False(t, w.heard(number), number)
	}
}

// TestNoPeerMakesAStorm plays a peer that says anything at any time, and counts.
func TestNoPeerMakesAStorm(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		size, count := rapid.IntRange(1, 64).Draw(t, "window"), rapid.IntRange(1, 70_000).Draw(t, "blocks")
		w := newWindow(size, count, rapid.Bool().Draw(t, "options"))
		times := map[int64]int{} // since the last timeout
		send := func() {
			for _, block := range blocks(&w) {
				times[block]++
				assert.LessOrEqual(t, times[block], 2, "block %d", block)
				assert.LessOrEqual(t, block, int64(count))
				assert.LessOrEqual(t, block, w.acknowledged+int64(size))
			}
		}
		send()
		for !w.done() && t.Context().Err() == nil {
			before := w.acknowledged
			switch rapid.IntRange(0, 9).Draw(t, "what") {
			case 0:
				times = map[int64]int{}
				w.back()
			case 1:
				w.heard(rapid.Uint16().Draw(t, "number"))
			case 2:
				w.heard(uint16(w.acknowledged))
			case 3, 4:
				w.heard(uint16(w.acknowledged + 1))
			case 5:
				w.heard(uint16(w.acknowledged + rapid.Int64Range(0, int64(size)).Draw(t, "step")))
			default:
				w.heard(uint16(w.sent))
			}
			assert.GreaterOrEqual(t, w.acknowledged, before, "never back")
			assert.LessOrEqual(t, w.acknowledged, w.sent)
			send()
			if w.acknowledged > 2000 && w.last-w.acknowledged > 2000 { // the way is long
				w.acknowledged, w.sent, w.patient = w.last-1000, w.last-1000, 0
				send()
			}
		}
	})
}

// receiver is a peer's side of a transfer (RFC 7440 section 4): it acknowledges the last block of each window, and the last one in order before a gap.
type receiver struct {
	size      int64
	got       int64 // all blocks up to this one
	inWindow  int64 // how many of the window it has
	eager     bool  // it acknowledges for every packet behind a gap, as some do
	complains bool  // it has acknowledged because of a gap, and not got a block in order since
}

// take takes a block and returns whether it is answered with the acknowledgement of r.got.
func (r *receiver) take(block, last int64) bool {
	if block != r.got+1 {
		first := !r.complains
		r.complains, r.inWindow = true, 0
		return first || r.eager
	}
	r.got, r.complains = block, false
	r.inWindow++
	if r.inWindow == r.size || block == last {
		r.inWindow = 0
		return true
	}
	return false
}

// TestAFileArrivesWhateverIsLost has a network lose and double packets both ways.
func TestAFileArrivesWhateverIsLost(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		size, count := rapid.Int64Range(1, 64).Draw(t, "window"), rapid.Int64Range(1, 300).Draw(t, "blocks")
		w := newWindow(int(size), int(count), false)
		peer := receiver{size: size, eager: rapid.Bool().Draw(t, "eager")}
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		loss := rapid.Float64Range(0, 0.3).Draw(t, "loss")
		fate := func() int { // how often a packet arrives
			if random.Float64() < loss {
				return 2 * random.IntN(2)
			}
			return 1
		}
		sent, timeouts := int64(0), int64(0)
		for !w.done() {
			var answers []int64
			for _, block := range blocks(&w) {
				sent++
				for range fate() {
					if peer.take(block, count) {
						answers = append(answers, peer.got)
					}
				}
			}
			for _, number := range answers {
				for range fate() {
					w.heard(uint16(number))
				}
			}
			if w.sent != w.acknowledged { // nothing more will come
				timeouts++
				require.Less(t, timeouts, 100+20*count, "it ends")
				peer.complains, peer.inWindow = false, 0
				w.back()
			}
		}
		assert.Equal(t, count, peer.got)
		assert.LessOrEqual(t, sent, 2*count+timeouts*size+size, "each block twice, and a window for each timeout")
	})
}
