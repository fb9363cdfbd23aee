package upstream_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"dialtone/upstream"
)

var nine = time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC)

func TestAnUpstreamIsToldOfWhatIsNew(t *testing.T) {
	t.Parallel()
	told := upstream.Granted("k", nine, time.Hour, 0)
	assert.Equal(t, upstream.Told{Key: "k", At: nine, Until: nine.Add(time.Hour), Refresh: nine.Add(30 * time.Minute)}, told)
	assert.Equal(t, nine.Add(45*time.Minute), upstream.Granted("k", nine, time.Hour, 1).Refresh)
	assert.True(t, upstream.Due(upstream.Told{}, "k", nine, time.Time{}), "it was told nothing")
	assert.False(t, upstream.Due(told, "k", nine.Add(29*time.Minute), time.Time{}))
	assert.True(t, upstream.Due(told, "other", nine, time.Time{}), "the contact or the flow is another one")
	assert.True(t, upstream.Due(told, "k", nine.Add(30*time.Minute), time.Time{}))
	assert.True(t, upstream.Due(told, "k", nine.Add(time.Second), nine.Add(time.Millisecond)), "it came back, and may have forgotten")
	assert.False(t, upstream.Due(told, "k", nine.Add(time.Second), nine), "it was told when it was back")
	assert.True(t, upstream.Due(upstream.Granted("k", nine, 70*time.Second, 1), "k", nine.Add(11*time.Second), time.Time{}), "less than a minute is left")
}

// A phone that refreshes again and again makes one refresh upstream for each interval there, and is never told that it is registered for longer than it is.
func TestRefreshesAreFewAndNeverTooLate(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		granted := time.Duration(rapid.IntRange(120, 7200).Draw(t, "granted")) * time.Second
		wish := time.Duration(rapid.IntRange(60, 3600).Draw(t, "wish")) * time.Second
		var told upstream.Told
		now, sent := nine, 0
		for range 300 {
			if upstream.Due(told, "k", now, time.Time{}) {
				if !told.At.IsZero() && now.Sub(told.At) < granted/2-time.Minute {
					t.Fatalf("told again after %s of %s", now.Sub(told.At), granted)
				}
				told = upstream.Granted("k", now, granted, rapid.Float64Range(0, 0.999).Draw(t, "random"))
				sent++
			}
			left := upstream.Left(told, wish, now)
			if left <= 0 || left > wish || now.Add(left).After(told.Until) {
				t.Fatalf("told %s at %s, while it holds until %s", left, now, told.Until)
			}
			now = now.Add(left * time.Duration(rapid.IntRange(50, 99).Draw(t, "percent")) / 100)
		}
	})
}

func TestAPhoneHoldsOnlyWhatTheUpstreamHolds(t *testing.T) {
	t.Parallel()
	told := upstream.Granted("k", nine, time.Hour, 0)
	assert.True(t, upstream.Holds(told, "k", nine.Add(59*time.Minute)))
	assert.False(t, upstream.Holds(told, "other", nine))
	assert.False(t, upstream.Holds(told, "k", nine.Add(time.Hour)))
	assert.Equal(t, time.Minute, upstream.Left(told, 5*time.Minute, nine.Add(59*time.Minute)))
	assert.Equal(t, 5*time.Minute, upstream.Left(told, 5*time.Minute, nine))
	assert.Zero(t, upstream.Left(told, time.Hour, nine.Add(2*time.Hour)))
}
