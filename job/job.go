// Package job is the vocabulary of background work: what a transaction promises to do after it, and who does it.
//
// It owns the shapes, how long a job may run and when it is tried again. It never runs anything and never stores anything: the store keeps jobs in
// the database that the promise was made in, and calls the workers. Start at Job and Worker.
package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Kind names what is to be done, such as "customer.provision". A kind that was released keeps its name and the shape of its arguments: jobs of it may
// wait in a database.
type Kind string

// Job is a promise: what is to be done after the transaction that it was enqueued in has committed.
type Job struct {
	Kind Kind
	Args any // written as a JSON object: ids, at most MaxArgs bytes, and never a secret
	// NotBefore is the earliest moment to do it; zero: at once.
	NotBefore time.Time
	// Bulk is for long series of jobs: they have workers of their own, so that nothing else waits behind them.
	Bulk bool
}

// MaxArgs bounds the arguments of a job, in bytes: what is larger belongs into a table, with its id in the job.
const MaxArgs = 64 << 10

// Timeout is how long one call of Do may take before its context ends. Longer work goes in steps, each with its own progress stored: see Again.
const Timeout = 10 * time.Second

// Attempts is how often a job is tried before it is given up: with Backoff it takes some three hours.
const Attempts = 25

// Backoff is how long to wait after so many failed attempts: a second, then twice as long each time, up to ten minutes.
func Backoff(failed int) time.Duration {
	const most = 10 * time.Minute
	if failed < 1 {
		failed = 1
	}
	if failed > 10 {
		return most
	}
	return min(time.Second<<(failed-1), most)
}

// Worker does the jobs of one kind.
type Worker struct {
	Kind Kind
	// Do does one job, given its arguments as JSON. An error is logged and the job tried again, whatever kind of error it is: what can't be mended by
	// waiting is a result, to be stored where people look for it. Do must bear to be run twice for the same job: a process can die after its work was
	// committed and before it could say so.
	Do func(ctx context.Context, args []byte) error
	// GiveUp is called instead of another attempt when Attempts are used up, with the last error: it says so where people look. Its own error is
	// tried again until it succeeds, so that nothing is left half-done in silence.
	GiveUp func(ctx context.Context, args []byte, cause error) error
}

// For makes a worker whose arguments are a type of its own.
func For[T any](kind Kind, do func(ctx context.Context, args T) error, giveUp func(ctx context.Context, args T, cause error) error) Worker {
	return Worker{
		Kind: kind,
		Do: func(ctx context.Context, text []byte) error {
			args, err := decode[T](kind, text)
			if err != nil {
				return err
			}
			return do(ctx, args)
		},
		GiveUp: func(ctx context.Context, text []byte, cause error) error {
			args, err := decode[T](kind, text)
			if err != nil {
				return nil //nolint:nilerr // nobody can know what it was about; the log has it
			}
			return giveUp(ctx, args, cause)
		},
	}
}

func decode[T any](kind Kind, text []byte) (T, error) {
	var args T
	if err := json.Unmarshal(text, &args); err != nil {
		return args, fmt.Errorf("reading the arguments of a job %s: %w", kind, err)
	}
	return args, nil
}

// Again is what Do returns when a step is done and another one is to come, not before a while has passed. It is no failure.
func Again(after time.Duration) error { return again{after} }

type again struct{ after time.Duration }

// Error implements error, for whoever takes it for a failure.
func (a again) Error() string { return fmt.Sprintf("there is more to do, after %s", a.after) }

// IsAgain reports whether an error of Do asks for another call, and after which while.
func IsAgain(err error) (time.Duration, bool) {
	a, ok := errors.AsType[again](err)
	return a.after, ok
}
