package provisioning

import (
	"slices"
	"sync"
)

// Distribution is how many values fell at or below each of some bounds.
type Distribution struct {
	Bounds []float64
	Counts []uint64 // of each bound, those of the bounds below it included
	Count  uint64   // of all
	Sum    float64
}

// histogram collects a distribution. It is safe for concurrent use.
type histogram struct {
	bounds []float64

	mu    sync.Mutex
	own   []uint64 // of each bound alone, and at last of what is above all
	count uint64
	sum   float64
}

func newHistogram(bounds ...float64) *histogram {
	return &histogram{bounds: bounds, own: make([]uint64, len(bounds)+1)}
}

func (h *histogram) add(values ...float64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, v := range values {
		i, _ := slices.BinarySearch(h.bounds, v)
		h.own[i]++
		h.count++
		h.sum += v
	}
}

func (h *histogram) distribution() Distribution {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := Distribution{Bounds: h.bounds, Counts: make([]uint64, len(h.bounds)), Count: h.count, Sum: h.sum}
	below := uint64(0)
	for i := range h.bounds {
		below += h.own[i]
		out.Counts[i] = below
	}
	return out
}
