package adminapi

import (
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/time/rate"
)

// The limits on wrong client secrets: ten at once, then two a minute, for each pair of address and client id. Nobody guesses 256 bits: this keeps a
// program with an old secret from asking the database all day. Behind a proxy all addresses are the proxy's, and the limit is the client id's.
const (
	failureBurst    = 10
	failureInterval = 30 * time.Second
	// failurePairs bounds the memory: about 2 MB.
	failurePairs = 10_000
)

// failureLimits counts failures. A pair fills up again by itself, so that none needs to expire: the size alone is the bound.
type failureLimits struct {
	now   func() time.Time
	pairs *otter.Cache[string, *rate.Limiter]
}

func newFailureLimits(now func() time.Time) *failureLimits {
	return &failureLimits{now: now, pairs: otter.Must(&otter.Options[string, *rate.Limiter]{MaximumSize: failurePairs})}
}

// wait returns how long the pair must wait, 0 if it may try.
func (f *failureLimits) wait(pair string) time.Duration {
	l, ok := f.pairs.GetIfPresent(pair)
	if !ok || l.TokensAt(f.now()) >= 1 {
		return 0
	}
	return failureInterval
}

// count counts a failure.
func (f *failureLimits) count(pair string) {
	l, ok := f.pairs.GetIfPresent(pair)
	if !ok {
		l, _ = f.pairs.SetIfAbsent(pair, rate.NewLimiter(rate.Every(failureInterval), failureBurst))
	}
	l.AllowN(f.now(), 1)
}
