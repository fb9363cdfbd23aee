// Package throttle slows guessing down: it counts failures for each key and says how long the next try must wait.
//
// It owns the counting and the bound on what a stranger can make it remember. It never decides what a failure is, who is exempt, or what a refusal
// looks like: those belong to its callers. Start at Failures.
package throttle

import (
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/time/rate"
)

// Config says how much is allowed. Every field must be set.
type Config struct {
	Now      func() time.Time
	Burst    int           // failures at once
	Interval time.Duration // until one more is allowed
	Keys     int           // that are remembered, some 200 bytes each: beyond that the least used is forgotten
}

// Failures counts failures. A key fills up again by itself, so that none needs to expire: the number of keys alone is the bound, and no goroutine
// sweeps. It is safe for concurrent use.
type Failures struct {
	config Config
	keys   *otter.Cache[string, *rate.Limiter]
}

// NewFailures returns a counter that has counted nothing.
func NewFailures(c Config) *Failures {
	inLine := func(clean func()) { clean() } // whoever adds a key too many removes one: a cleaner of its own may come late, and nobody waits for it
	return &Failures{config: c, keys: otter.Must(&otter.Options[string, *rate.Limiter]{MaximumSize: c.Keys, Executor: inLine})}
}

// Wait returns how long a key must wait, 0 if it may try.
func (f *Failures) Wait(key string) time.Duration {
	l, ok := f.keys.GetIfPresent(key)
	if !ok || l.TokensAt(f.config.Now()) >= 1 {
		return 0
	}
	return f.config.Interval
}

// Count counts a failure.
func (f *Failures) Count(key string) {
	l, ok := f.keys.GetIfPresent(key)
	if !ok {
		l, _ = f.keys.SetIfAbsent(key, rate.NewLimiter(rate.Every(f.config.Interval), f.config.Burst))
	}
	l.AllowN(f.config.Now(), 1)
}
