package webhook

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"dialtone/customer"
)

func middle() float64 { return 0.5 }

func TestAnswersAreJudged(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]verdict{
		200: delivered, 204: delivered, 299: delivered, 301: refused, 308: refused, 400: refused, 404: refused, 410: gone, 429: unreachable, 500: refused, 501: refused,
		502: unreachable, 503: unreachable, 504: unreachable,
	} {
		assert.Equal(t, want, judge(status, nil), "%d", status)
	}
	assert.Equal(t, unreachable, judge(0, errors.New("no route")))
}

func TestBackoffGrows(t *testing.T) {
	t.Parallel()
	for failures, want := range map[int]time.Duration{0: time.Second, 1: time.Second, 2: 2 * time.Second, 9: 256 * time.Second, 10: 5 * time.Minute, 1 << 30: 5 * time.Minute} {
		assert.Equal(t, want, endpointBackoff(failures), "%d", failures)
	}
	var all time.Duration
	for _, wait := range retries() {
		all += wait
	}
	assert.Equal(t, 70*time.Hour+12*time.Minute+35*time.Second, all)
	assert.Equal(t, 8*time.Second, jittered(10*time.Second, 0))
	assert.Equal(t, 12*time.Second, jittered(10*time.Second, 1))
	assert.InDelta(t, 0.5, roller(bytes.NewReader(nil))(), 0)
	assert.InDelta(t, 0.25, roller(bytes.NewReader([]byte{0x40, 0, 0, 0}))(), 0)
}

func TestAnEndpointFailsAndWorksAgain(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC)
	p := Progress{}.noted(tally{unreachable: 3}, "no route", now, middle)
	assert.Equal(t, Progress{Failures: 1, RetryAt: now.Add(time.Second), FailingSince: now, LastFailure: now, Failure: "no route"}, p)
	later := now.Add(time.Hour)
	p = p.noted(tally{refused: manyRefused}, "500", later, middle)
	assert.Equal(t, Progress{Failures: 2, RetryAt: later.Add(2 * time.Second), FailingSince: now, LastFailure: later, Failure: "500"}, p)
	p = p.noted(tally{delivered: 1, refused: 1}, "404", later, middle)
	assert.Equal(t, Progress{FailingSince: now, LastDelivery: later, LastFailure: later, Failure: "404"}, p, "one that is refused isn't the endpoint")
	p = p.noted(tally{delivered: 1}, "", later, middle)
	assert.True(t, p.FailingSince.IsZero())
	assert.Equal(t, p, p.noted(tally{}, "", later.Add(1), middle), "a round of nothing says nothing")
	p = p.noted(tally{refused: manyRefused - 1}, "404", later, middle)
	assert.True(t, p.RetryAt.IsZero(), "an endpoint that answers is up")
}

func TestADeliveryDiesAfterDays(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC)
	d := Delivery{State: Pending}
	for range 1000 { // an endpoint that is down is no blame, for a while
		d = d.failed("no route", false, now, middle)
	}
	assert.Equal(t, Delivery{State: Pending, Tries: 1000, NextTry: now, FirstFailed: now, Failure: "no route"}, d)
	dead := d.failed("no route", false, now.Add(giveUpAfter), middle)
	assert.Equal(t, Dead, dead.State)
	assert.Equal(t, now.Add(giveUpAfter), dead.Died)
	for n, wait := range retries() {
		d = d.failed("500", true, now, middle)
		assert.Equal(t, now.Add(wait), d.NextTry, "attempt %d", n+1)
		assert.Equal(t, Pending, d.State)
	}
	assert.Equal(t, Dead, d.failed("500", true, now, middle).State)
}

// TestADeliveryEnds holds for every series of failures that a delivery dies between its last attempt's and the days' end, and never waits longer than half
// a day and a fifth.
func TestADeliveryEnds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(1_700_000_000, 0)
		begin, d := now, Delivery{State: Pending}
		for d.State == Pending {
			roll := rapid.Float64Range(0, 1).Draw(t, "roll")
			d = d.failed("x", rapid.Bool().Draw(t, "blamed"), now, func() float64 { return roll })
			if wait := d.NextTry.Sub(now); wait < 0 || wait > 12*time.Hour*6/5 {
				t.Fatalf("it waits %s", wait)
			}
			if d.State == Pending && now.Sub(begin) >= giveUpAfter {
				t.Fatalf("it lives on after %s", now.Sub(begin))
			}
			now = d.NextTry.Add(time.Duration(rapid.Int64Range(1, int64(5*time.Minute)).Draw(t, "late")))
		}
	})
}

func TestKindsAreMatched(t *testing.T) {
	t.Parallel()
	for kind, want := range map[customer.EventKind]bool{
		"device.created": true, "device.revised": true, "devices.created": false, "line.credentials_rotated": true, "line.created": false, "enrolment.opened": false,
	} {
		assert.Equal(t, want, Webhook{Kinds: []string{"device.*", "line.credentials_rotated"}}.wants(kind), "%s", kind)
		assert.True(t, Webhook{}.wants(kind))
	}
	var p problems
	assert.Equal(t, []string{"device.*", "line.x"}, p.kinds([]string{"line.x", "device.*", "line.x"}))
	assert.Equal(t, []string{}, p.kinds(nil))
	assert.Empty(t, p.list)
	p.kinds([]string{"*", "Device.created", "device.*.x", "", "device.c*", "a b"})
	assert.Len(t, p.list, 6)
	p.kinds(make([]string, 51))
	assert.Len(t, p.list, 7)
}
