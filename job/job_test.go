package job_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/job"
)

func TestBackoffDoublesUpToTenMinutes(t *testing.T) {
	t.Parallel()
	for failed, want := range map[int]time.Duration{
		-1: time.Second, 0: time.Second, 1: time.Second, 2: 2 * time.Second, 3: 4 * time.Second, 9: 256 * time.Second, 10: 512 * time.Second,
		11: 10 * time.Minute, 12: 10 * time.Minute, 1 << 40: 10 * time.Minute,
	} {
		assert.Equal(t, want, job.Backoff(failed), "%d", failed)
	}
	var sum time.Duration
	for n := 1; n < job.Attempts; n++ {
		sum += job.Backoff(n)
	}
	assert.Equal(t, 2*time.Hour+37*time.Minute+3*time.Second, sum)
}

func TestAWorkerReadsItsArguments(t *testing.T) {
	t.Parallel()
	type args struct{ ID string }
	var done, given args
	failed := errors.New("broken")
	w := job.For("test.kind", func(_ context.Context, a args) error { done = a; return failed }, func(_ context.Context, a args, cause error) error {
		given = a
		return cause
	})
	require.ErrorIs(t, w.Do(t.Context(), []byte(`{"ID":"7","Later":true}`)), failed)
	require.ErrorIs(t, w.GiveUp(t.Context(), []byte(`{"ID":"8"}`), failed), failed)
	assert.Equal(t, args{"7"}, done)
	assert.Equal(t, args{"8"}, given)
	require.ErrorContains(t, w.Do(t.Context(), []byte(`{`)), "reading the arguments of a job test.kind")
	require.NoError(t, w.GiveUp(t.Context(), []byte(`{`), failed), "it would be tried for ever")
}

func TestAgainIsFoundInAChain(t *testing.T) {
	t.Parallel()
	after, ok := job.IsAgain(fmt.Errorf("row 7: %w", job.Again(time.Minute)))
	assert.True(t, ok)
	assert.Equal(t, time.Minute, after)
	_, ok = job.IsAgain(errors.New("broken"))
	assert.False(t, ok)
	assert.Equal(t, "there is more to do, after 1m0s", job.Again(time.Minute).Error())
}
