package store

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/job"
)

// attempt makes River's view of a job in its nth attempt.
func attempt(n int) *river.Job[jobArgs] {
	return &river.Job[jobArgs]{JobRow: &rivertype.JobRow{ID: 7, Attempt: n}, Args: jobArgs{text: []byte(`"x"`)}}
}

func TestTheLastAttemptIsGivenUpInWords(t *testing.T) {
	t.Parallel()
	broken, unstored := errors.New("broken"), errors.New("not stored")
	var log bytes.Buffer
	var given []error
	var giving error
	w := &riverWorker{logger: slog.New(slog.NewTextHandler(&log, nil)), worker: job.For("test.job",
		func(context.Context, string) error { return broken },
		func(_ context.Context, args string, cause error) error {
			assert.Equal(t, "x", args)
			given = append(given, cause)
			return giving
		})}
	require.ErrorIs(t, w.Work(t.Context(), attempt(24)), broken)
	assert.Empty(t, given)
	assert.Contains(t, log.String(), `msg="a job failed and is tried again" kind=test.job job=7 attempt=24 error=broken after=10m0s`)

	giving = unstored
	require.ErrorIs(t, w.Work(t.Context(), attempt(25)), unstored, "what can't be said is tried again")
	giving = nil
	cancelled, ok := errors.AsType[*rivertype.JobCancelError](w.Work(t.Context(), attempt(26)))
	require.True(t, ok)
	require.ErrorIs(t, cancelled, broken)
	assert.Equal(t, []error{broken, broken}, given)
}

// A process that is killed leaves its jobs running; the next one on the same file takes them up at once.
func TestInterruptedJobsAreTakenUp(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), Config{URL: filepath.Join(t.TempDir(), "jobs.db")})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	require.NoError(t, s.Customers().Update(t.Context(), customer.Tenant{Partner: "p"}, func(tx customer.Tx) error {
		return tx.Enqueue(t.Context(), job.Job{Kind: "test.job", Args: map[string]string{"name": "interrupted"}})
	}))
	_, err = s.db.write.ExecContext(t.Context(), "UPDATE river_job SET state = 'running', attempt = 1, attempted_at = datetime('now')")
	require.NoError(t, err)
	done := make(chan string, 1)
	worker := job.For("test.job", func(_ context.Context, args map[string]string) error { done <- args["name"]; return nil },
		func(context.Context, map[string]string, error) error { return nil })
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- s.Work(ctx, []job.Worker{worker}, slog.New(slog.DiscardHandler)) }()
	assert.Equal(t, "interrupted", <-done)
	stop()
	require.NoError(t, <-stopped)
}
