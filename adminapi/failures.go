package adminapi

import (
	"time"

	"dialtone/throttle"
)

// The limits on wrong client secrets: ten at once, then two a minute, for each pair of address and client id. Nobody guesses 256 bits: this keeps a
// program with an old secret from asking the database all day. Behind a proxy all addresses are the proxy's, and the limit is the client id's.
const (
	failureBurst    = 10
	failureInterval = 30 * time.Second
	// failurePairs bounds the memory: about 2 MB.
	failurePairs = 10_000
)

// newFailureLimits counts wrong client secrets.
func newFailureLimits(now func() time.Time) *throttle.Failures {
	return throttle.NewFailures(throttle.Config{Now: now, Burst: failureBurst, Interval: failureInterval, Keys: failurePairs})
}
