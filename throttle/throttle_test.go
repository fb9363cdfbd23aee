package throttle_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"dialtone/throttle"
)

func TestAKeyWaitsAfterItsBurst(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC)
	f := throttle.NewFailures(throttle.Config{Now: func() time.Time { return now }, Burst: 3, Interval: 30 * time.Second, Keys: 10})
	for range 3 {
		assert.Zero(t, f.Wait("a"))
		f.Count("a")
	}
	assert.Equal(t, 30*time.Second, f.Wait("a"))
	assert.Zero(t, f.Wait("b"), "another key has its own")
	f.Count("a")
	now = now.Add(29 * time.Second)
	assert.Equal(t, 30*time.Second, f.Wait("a"))
	now = now.Add(time.Second)
	assert.Zero(t, f.Wait("a"), "one more")
	f.Count("a")
	assert.Equal(t, 30*time.Second, f.Wait("a"))
}

func TestStrangersCantFillTheMemory(t *testing.T) {
	t.Parallel()
	f := throttle.NewFailures(throttle.Config{Now: time.Now, Burst: 1, Interval: time.Hour, Keys: 100})
	for i := range 10_000 {
		f.Count(fmt.Sprint(i))
	}
	waiting := 0
	for i := range 10_000 {
		if f.Wait(fmt.Sprint(i)) > 0 {
			waiting++
		}
	}
	assert.LessOrEqual(t, waiting, 100)
}
