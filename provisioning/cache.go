package provisioning

import (
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"dialtone/throttle"
)

// renderCacheBytes bounds the rendered files in memory: about 10,000 phones with the largest files, more with usual ones. What doesn't fit is
// rendered again.
const renderCacheBytes = 64 << 20

// renderCache keeps rendered files by device and revision: a change of the device is another key, so that nothing ever has to be thrown out.
type renderCache struct {
	files        *otter.Cache[renderKey, Opened]
	hits, misses atomic.Uint64
}

type renderKey struct {
	device   DeviceID
	revision int64
	name     string
}

func newRenderCache() *renderCache {
	return &renderCache{files: otter.Must(&otter.Options[renderKey, Opened]{
		MaximumWeight: renderCacheBytes,
		Weigher:       func(k renderKey, o Opened) uint32 { return uint32(len(o.Body) + len(k.name) + 200) }, //nolint:gosec // G115: files are far below 4 GB
	})}
}

func (c *renderCache) get(d DeviceID, revision int64, name string) (Opened, bool) {
	o, ok := c.files.GetIfPresent(renderKey{d, revision, name})
	if ok {
		c.hits.Add(1)
	} else {
		c.misses.Add(1)
	}
	return o, ok
}

func (c *renderCache) put(d DeviceID, revision int64, name string, o Opened) {
	c.files.Set(renderKey{d, revision, name}, o)
}

func (c *renderCache) counts() (hits, misses uint64) { return c.hits.Load(), c.misses.Load() }

// The limits on wrong credentials: ten at once, then two a minute, for each pair of address and identity. A phone in good standing never
// counts, and a wrong neighbour behind the same address has a pair of its own.
const (
	failureBurst    = 10
	failureInterval = 30 * time.Second
	// failurePairs bounds the memory: about 20 MB. Pushing a pair out costs an attacker as many tries as there are places.
	failurePairs = 100_000
)

// newFailureLimits counts wrong credentials.
func newFailureLimits(now func() time.Time) *throttle.Failures {
	return throttle.NewFailures(throttle.Config{Now: now, Burst: failureBurst, Interval: failureInterval, Keys: failurePairs})
}
