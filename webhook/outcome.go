package webhook

import (
	"encoding/binary"
	"io"
	"net/http"
	"time"
)

// verdict is what one attempt says.
type verdict uint8

const (
	delivered   verdict = iota
	refused             // the endpoint answered, and didn't take this change
	unreachable         // the endpoint as a whole didn't answer, or says that it can't now
	gone                // the endpoint wants no more
)

// judge reads an answer: 2xx is delivered. What servers and gateways say while they are down, or told too much, isn't about the one change.
func judge(status int, err error) verdict {
	switch {
	case err != nil:
		return unreachable
	case status >= 200 && status < 300:
		return delivered
	case status == http.StatusGone:
		return gone
	case status == http.StatusTooManyRequests, status == http.StatusBadGateway, status == http.StatusServiceUnavailable, status == http.StatusGatewayTimeout:
		return unreachable
	}
	return refused
}

// result is what one attempt of a round came to.
type result struct {
	delivery Delivery
	verdict  verdict
	failure  string // for people; "" when delivered
}

// tally sums up the results of a round.
type tally struct{ delivered, refused, unreachable, gone int }

func sum(results []result) tally {
	var t tally
	for _, r := range results {
		switch r.verdict {
		case delivered:
			t.delivered++
		case refused:
			t.refused++
		case unreachable:
			t.unreachable++
		case gone:
			t.gone++
		}
	}
	return t
}

// manyRefused is how many changes of as many devices an endpoint must refuse in a round, taking none, to be down as a whole.
const manyRefused = 8

// down reports whether the endpoint as a whole is taken to be down: then it is left alone for a while, and the changes aren't blamed.
func (t tally) down() bool {
	return t.delivered == 0 && (t.unreachable > 0 || t.refused >= manyRefused)
}

func (t tally) failed() int { return t.refused + t.unreachable + t.gone }

// noted returns the progress after a round at a moment; roll gives jitter.
func (p Progress) noted(t tally, failure string, now time.Time, roll func() float64) Progress {
	switch {
	case t.down():
		p.Failures++
		p.RetryAt = now.Add(jittered(endpointBackoff(p.Failures), roll()))
	case t.delivered+t.failed() > 0:
		p.Failures, p.RetryAt = 0, time.Time{}
	}
	if t.delivered > 0 {
		p.LastDelivery = now
	}
	if t.failed() > 0 {
		p.LastFailure, p.Failure = now, failure
	}
	switch {
	case t.failed() > 0 && t.delivered == 0 && p.FailingSince.IsZero():
		p.FailingSince = now
	case t.failed() == 0 && t.delivered > 0:
		p.FailingSince = time.Time{}
	}
	return p
}

// endpointBackoff is how long an endpoint is left alone after so many rounds in vain: a second, then twice as long each time, up to five minutes. Then it
// is tried with a single change.
func endpointBackoff(failures int) time.Duration {
	const longest = 5 * time.Minute
	if failures > 9 {
		return longest
	}
	return min(time.Second<<(max(failures, 1)-1), longest)
}

// retries are the times between the attempts to deliver one change: some three days in all.
func retries() []time.Duration {
	const half = 12 * time.Hour
	return []time.Duration{
		5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, half, half, half, half, half,
	}
}

// giveUpAfter is how long after its first failure a change may be tried at all, however the failures were.
const giveUpAfter = 72 * time.Hour

// failed returns the delivery after an attempt in vain; blamed says whether that was because of its change, or because the endpoint was down, which the
// endpoint's own backoff is for.
func (d Delivery) failed(failure string, blamed bool, now time.Time, roll func() float64) Delivery {
	d.Tries++
	d.Failure = failure
	d.NextTry = now
	if d.FirstFailed.IsZero() {
		d.FirstFailed = now
	}
	over := now.Sub(d.FirstFailed) >= giveUpAfter
	if blamed {
		d.Attempts++
		if waits := retries(); d.Attempts <= len(waits) {
			d.NextTry = now.Add(jittered(waits[d.Attempts-1], roll()))
		} else {
			over = true
		}
	}
	if over {
		d.State, d.Died = Dead, now
	}
	return d
}

// jittered varies a time by up to a fifth either way, so that what failed together isn't tried together; roll is 0 to 1.
func jittered(wait time.Duration, roll float64) time.Duration {
	return time.Duration(float64(wait) * (0.8 + 0.4*roll))
}

// roller makes numbers from 0 to 1 of random bytes; without any it is the middle.
func roller(random io.Reader) func() float64 {
	return func() float64 {
		var b [4]byte
		if _, err := io.ReadFull(random, b[:]); err != nil {
			return 0.5
		}
		return float64(binary.BigEndian.Uint32(b[:])) / (1 << 32)
	}
}
