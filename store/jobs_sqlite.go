package store

import (
	"context"
	"database/sql"

	"github.com/jmoiron/sqlx"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riversqlite"

	"dialtone/fault"
)

// sqliteQueue shares the one connection that writes: River's driver asks for that.
type sqliteQueue struct {
	write  *sqlx.DB
	client *river.Client[*sql.Tx] // that only inserts
}

func newSQLiteQueue(write *sqlx.DB) (*sqliteQueue, error) {
	client, err := river.NewClient(riversqlite.New(write.DB), inserting())
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "the job queue can't be configured")
	}
	return &sqliteQueue{write: write, client: client}, nil
}

func (q *sqliteQueue) insert(ctx context.Context, _ *sqlx.Conn, t *sqlx.Tx, args jobArgs, options *river.InsertOpts) error {
	_, err := q.client.InsertTx(ctx, t.Tx, args, options)
	return err
}

// work first takes up what a process that died was at: no other one serves the file.
func (q *sqliteQueue) work(ctx context.Context, config *river.Config) error {
	if _, err := q.write.ExecContext(ctx, "UPDATE river_job SET state = 'available' WHERE state = 'running'"); err != nil {
		return fault.Wrap(fault.Unavailable, err, "Jobs that were interrupted can't be taken up.")
	}
	return runClient(ctx, riversqlite.New(q.write.DB), config)
}
