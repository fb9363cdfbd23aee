package store

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivertype"

	"dialtone/fault"
	"dialtone/job"
)

// queue keeps jobs in the database: River, whose tables are beside ours.
type queue interface {
	// insert adds a job in a transaction; conn is the connection that it runs on.
	insert(ctx context.Context, conn *sqlx.Conn, t *sqlx.Tx, args jobArgs, options *river.InsertOpts) error
	// work does jobs until ctx ends.
	work(ctx context.Context, config *river.Config) error
}

// bulkQueue is the queue for long series of jobs.
const bulkQueue = "bulk"

// jobArgs is one job on its way into River and out of it: the kind is the column, the JSON is what our own worker reads.
type jobArgs struct {
	kind job.Kind
	text []byte
}

// Kind implements river.JobArgs.
func (a jobArgs) Kind() string { return string(a.kind) }

// MarshalJSON implements json.Marshaler.
func (a jobArgs) MarshalJSON() ([]byte, error) { return a.text, nil }

// UnmarshalJSON implements json.Unmarshaler.
func (a *jobArgs) UnmarshalJSON(text []byte) error {
	a.text = append([]byte(nil), text...)
	return nil
}

// Enqueue implements customer.Tx, billing.Tx and provisioning.Tx: the job is there when the transaction commits, and not otherwise.
func (t *tx) Enqueue(ctx context.Context, j job.Job) error {
	text, err := json.Marshal(j.Args)
	if err != nil || len(text) > job.MaxArgs {
		return fault.Wrap(fault.Internal, err, "the arguments of a job %s have %d bytes", j.Kind, len(text))
	}
	// River would drop a job whose last attempt died with its process; we count attempts ourselves, to give up in words.
	options := &river.InsertOpts{ScheduledAt: j.NotBefore, MaxAttempts: maxAttempts}
	if j.Bulk {
		options.Queue = bulkQueue
	}
	if t.running.failed != nil {
		return t.failure(t.running.failed, "enqueue a job")
	}
	err = t.queue.insert(ctx, t.running.conn, t.running.Tx, jobArgs{kind: j.Kind, text: text}, options)
	return t.failure(t.running.note(err), "enqueue a job")
}

// inserting configures a client that only inserts.
func inserting() *river.Config {
	return &river.Config{Logger: noLogger(), FetchCooldown: wakeInterval, FetchPollInterval: fetchPoll}
}

// maxAttempts is as high as River's column goes.
const maxAttempts = 1<<15 - 1

// How jobs are fetched. A commit wakes the workers of every node; polling is for what was missed. A job that ran so much longer than its timeout was
// in a process that died, and is given to another one.
const (
	// wakeInterval is how often inserting may wake the workers: River sends no word about a job that comes sooner after another one, so that a longer
	// time would leave it to polling.
	wakeInterval  = time.Millisecond
	fetchCooldown = 5 * time.Millisecond
	fetchPoll     = 200 * time.Millisecond
	rescueAfter   = job.Timeout + 2*time.Second
	jobWorkers    = 8
	bulkWorkers   = 2
	// keepDone is how long finished jobs can be looked at.
	keepDone = time.Hour
	// stopTimeout is how long jobs may take to finish when the server stops; what doesn't is tried again.
	stopTimeout = 3 * time.Second
)

// Work does jobs until ctx ends; those that are under way then may finish. Every kind that is enqueued anywhere must have its worker here.
func (s *Store) Work(ctx context.Context, workers []job.Worker, logger *slog.Logger) error {
	bundle := river.NewWorkers()
	for _, w := range workers {
		river.AddWorkerArgs(bundle, jobArgs{kind: w.Kind}, &riverWorker{worker: w, logger: logger})
	}
	return s.db.queue.work(ctx, &river.Config{
		Queues: map[string]river.QueueConfig{
			river.QueueDefault: {MaxWorkers: jobWorkers},
			bulkQueue:          {MaxWorkers: bulkWorkers},
		},
		Workers: bundle, Logger: warnings(logger), JobTimeout: job.Timeout, RescueStuckJobsAfter: rescueAfter, FetchCooldown: fetchCooldown,
		FetchPollInterval: fetchPoll, CompletedJobRetentionPeriod: keepDone, SoftStopTimeout: stopTimeout,
	})
}

// runClient runs a River client until ctx ends, and then lets what is under way finish.
func runClient[T any](ctx context.Context, driver riverdriver.Driver[T], config *river.Config) error {
	client, err := river.NewClient(driver, config)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "the job queue can't be configured")
	}
	running := context.WithoutCancel(ctx)
	if err := client.Start(running); err != nil {
		return fault.Wrap(fault.Unavailable, err, "The job queue can't be started.")
	}
	<-ctx.Done()
	stop, cancel := context.WithTimeout(running, 2*stopTimeout)
	defer cancel()
	if err := client.Stop(stop); err != nil {
		return fault.Wrap(fault.Unavailable, err, "Some jobs didn't stop in time. They are tried again.")
	}
	return nil
}

// riverWorker calls one of our workers for River.
type riverWorker struct {
	river.WorkerDefaults[jobArgs]
	worker job.Worker
	logger *slog.Logger
}

// NextRetry implements river.Worker.
func (w *riverWorker) NextRetry(j *river.Job[jobArgs]) time.Time {
	return time.Now().Add(job.Backoff(j.Attempt))
}

// Work implements river.Worker.
func (w *riverWorker) Work(ctx context.Context, j *river.Job[jobArgs]) error {
	err := w.worker.Do(ctx, j.Args.text)
	if after, ok := job.IsAgain(err); ok {
		return river.JobSnooze(after)
	}
	if err == nil {
		return nil
	}
	logger := w.logger.With("kind", w.worker.Kind, "job", j.ID, "attempt", j.Attempt, "error", err)
	if j.Attempt < job.Attempts {
		logger.WarnContext(ctx, "a job failed and is tried again", "after", job.Backoff(j.Attempt))
		return err
	}
	if failed := w.giveUp(ctx, j, err); failed != nil {
		logger.ErrorContext(ctx, "a job failed for the last time, and that can't be stored yet", "reason", failed)
		return failed
	}
	logger.ErrorContext(ctx, "a job failed for the last time")
	return river.JobCancel(err)
}

// giveUp tells the worker that a job won't be done. Its time may be up, so that this has its own.
func (w *riverWorker) giveUp(ctx context.Context, j *river.Job[jobArgs], cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	return w.worker.GiveUp(ctx, j.Args.text, cause)
}

var _ rivertype.JobArgs = jobArgs{}

// warnings lets through what an operator must know of River: its own words about each job's failure stay out, as ours say them.
func warnings(logger *slog.Logger) *slog.Logger { return slog.New(warningHandler{logger.Handler()}) }

type warningHandler struct{ slog.Handler }

// Enabled implements slog.Handler.
func (h warningHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && h.Handler.Enabled(ctx, level)
}

// WithAttrs implements slog.Handler.
func (h warningHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return warningHandler{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (h warningHandler) WithGroup(name string) slog.Handler {
	return warningHandler{h.Handler.WithGroup(name)}
}

// Jobs counts the jobs that aren't done, by state: an operator watches them.
func (s *Store) Jobs(ctx context.Context) (map[string]int, error) {
	var rows []struct {
		State string `db:"state"`
		Count int    `db:"count"`
	}
	err := s.db.all(ctx, &rows, "count jobs", "SELECT CAST(state AS text) AS state, count(*) AS count FROM river_job WHERE state NOT IN ('completed', 'cancelled', 'discarded') GROUP BY state")
	counts := map[string]int{}
	for _, r := range rows {
		counts[r.State] = r.Count
	}
	return counts, err
}
