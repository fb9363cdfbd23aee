package tftp

import "math"

// window is which blocks of a file were sent and which have arrived, in windows of a size that doesn't change during a transfer (RFC 7440). A window of one
// block is RFC 1350. It knows neither sockets nor time. Blocks are counted on from 1 without an end, while the wire has the lower 16 bits; block 0 is
// the acknowledgement of options.
//
// A peer that misses a block acknowledges the one before it, and wants what follows again; there are peers that say so once for every packet behind the
// gap. If each of those made us send a window, each of whose packets is answered likewise, one lost packet would become a storm. So:
//
//   - The acknowledgement of what was acknowledged already is passed over. It is a timeout that sends the window again.
//   - One that ends within the window makes us go back to the block after it; but then not again before a whole window's worth of blocks has arrived.
//     Until then it is a timeout, too, that goes back.
//
// Between two timeouts, then, no block is sent more than twice, whatever the peer sends, and a timeout sends one window.
type window struct {
	size         int64 // blocks, from 1
	last         int64 // number of the last block
	acknowledged int64 // this one and all before it have arrived; -1 before block 0 has
	sent         int64 // this one and all before it were sent
	patient      int64 // before this one has arrived no acknowledgement makes us go back
}

// newWindow begins before block 0 when there are options to acknowledge, else before block 1.
func newWindow(size, blocks int, options bool) window {
	w := window{size: int64(size), last: int64(blocks)}
	if options {
		w.acknowledged, w.sent = -1, -1
	}
	return w
}

// next returns the blocks to send now, the first and the last of them, and counts them as sent. There are none (first > last) while those that were sent
// haven't all arrived.
func (w *window) next() (first, last int64) {
	if w.sent != w.acknowledged {
		return 0, -1
	}
	first, last = w.acknowledged+1, min(w.acknowledged+w.size, w.last)
	if first == 0 {
		last = 0
	}
	w.sent = last
	return first, last
}

// heard takes an acknowledgement, and reports whether it says anything new.
func (w *window) heard(number uint16) bool {
	step := int64(number - uint16(w.acknowledged&math.MaxUint16)) // modulo 65536, as numbers on the wire are
	if step == 0 || step > w.sent-w.acknowledged {
		return false
	}
	w.acknowledged += step
	if w.acknowledged != w.sent && w.acknowledged >= w.patient {
		w.back()
	}
	return true
}

// back makes next begin anew behind what has arrived.
func (w *window) back() {
	w.sent = w.acknowledged
	w.patient = w.acknowledged + w.size
}

func (w *window) done() bool { return w.acknowledged == w.last }
