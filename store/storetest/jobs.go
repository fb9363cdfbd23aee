package storetest

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/job"
)

type jobName struct{ Name string }

// working does jobs until the test ends, and gives each one's name to did.
func working(t *testing.T, f *fixture, did func(name string) error) {
	t.Helper()
	worker := job.For("test.job", func(_ context.Context, args jobName) error { return did(args.Name) },
		func(context.Context, jobName, error) error { return nil })
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	stopped := make(chan error, 1)
	go func() { stopped <- f.store.Work(ctx, []job.Worker{worker}, slog.New(slog.DiscardHandler)) }()
	t.Cleanup(func() {
		stop()
		assert.NoError(t, <-stopped)
	})
}

// enqueue promises jobs in one transaction that ends with an error, or commits.
func (f *fixture) enqueue(ctx context.Context, end error, jobs ...job.Job) error {
	return f.c.Update(ctx, f.one.Tenant(), func(tx customer.Tx) error {
		for _, j := range jobs {
			if err := tx.Enqueue(ctx, j); err != nil {
				return err
			}
		}
		return end
	})
}

func named(name string) job.Job { return job.Job{Kind: "test.job", Args: jobName{name}} }

func jobsFollowTransactions(t *testing.T, f *fixture) {
	ctx := t.Context()
	done := make(chan string, 10)
	require.NoError(t, f.enqueue(ctx, nil, named("before the workers start")))
	working(t, f, func(name string) error { done <- name; return nil })
	assert.Equal(t, "before the workers start", <-done)
	abandoned := errors.New("abandoned")
	require.ErrorIs(t, f.enqueue(ctx, abandoned, named("rolled back")), abandoned)
	bulk, later := named("bulk"), named("later")
	bulk.Bulk, later.NotBefore = true, f.now.AddDate(1000, 0, 0)
	require.NoError(t, f.enqueue(ctx, nil, named("usual"), bulk, later))
	assert.ElementsMatch(t, []string{"usual", "bulk"}, []string{<-done, <-done})
	require.NoError(t, f.enqueue(ctx, nil, named("last")))
	assert.Equal(t, "last", <-done, "nothing was rolled back and done all the same")
	counts, err := f.store.Jobs(ctx)
	require.NoError(t, err)
	assert.Equal(t, 1, counts["scheduled"], "%v", counts)
	assert.Error(t, f.enqueue(ctx, nil, job.Job{Kind: "test.job", Args: make([]byte, 100_000)}), "too large")
	assert.Error(t, f.enqueue(ctx, nil, job.Job{Kind: "test.job", Args: func() {}}), "no JSON")
}

func jobsAreTriedAgain(t *testing.T, f *fixture) {
	calls := make(chan string, 10)
	turn := 0
	working(t, f, func(name string) error {
		turn++
		calls <- name
		switch turn {
		case 1:
			return errors.New("the database was away")
		case 2:
			return job.Again(0)
		case 3:
			panic("a mistake of ours")
		}
		return nil
	})
	require.NoError(t, f.enqueue(t.Context(), nil, named("stubborn")))
	for range 4 {
		assert.Equal(t, "stubborn", <-calls)
	}
}
