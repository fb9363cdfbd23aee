package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"dialtone/fault"
)

// jobConnections are the queue's own, so that jobs and phones never wait for each other's connections: one listens, the others fetch and finish.
const jobConnections = 5

// postgresQueue inserts on the connection of the caller's transaction, and works on a small pool.
type postgresQueue struct {
	pool   *pgxpool.Pool
	client *river.Client[pgx.Tx] // that only inserts
}

// newPostgresQueue opens the queue and brings its tables up to date. Nodes that start together take turns.
func newPostgresQueue(ctx context.Context, url string) (*postgresQueue, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	config.MaxConns = jobConnections
	config.ConnConfig.RuntimeParams["application_name"] = "dialtone jobs"
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	client, err := river.NewClient(riverpgxv5.New(pool), inserting())
	if err == nil {
		err = migrateJobsInTurn(ctx, pool)
	}
	if err != nil {
		pool.Close()
		return nil, err
	}
	return &postgresQueue{pool: pool, client: client}, nil
}

// migrationLock is the advisory lock under which a node brings the queue's tables up to date; any number will do that nothing else uses.
const migrationLock = 7_254_113_060

func migrateJobsInTurn(ctx context.Context, pool *pgxpool.Pool) (err error) {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", migrationLock); err != nil {
		return err
	}
	defer func() {
		_, unlocked := conn.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", migrationLock)
		err = errors.Join(err, unlocked)
	}()
	return migrateJobs(ctx, riverpgxv5.New(pool))
}

func (q *postgresQueue) insert(ctx context.Context, conn *sqlx.Conn, _ *sqlx.Tx, args jobArgs, options *river.InsertOpts) error {
	return conn.Raw(func(driver any) error {
		c, ok := driver.(*stdlib.Conn)
		if !ok {
			return fault.New(fault.Internal, "the connection is no pgx connection")
		}
		_, err := q.client.InsertTx(ctx, connTx{c.Conn()}, args, options)
		return err
	})
}

func (q *postgresQueue) work(ctx context.Context, config *river.Config) error {
	return runClient(ctx, riverpgxv5.New(q.pool), config)
}

// connTx shows River the transaction that database/sql began: the connection beneath is in it. It can be neither ended nor nested from here.
type connTx struct{ conn *pgx.Conn }

var errNotOurs = errors.New("the transaction is its caller's to end")

// Begin implements pgx.Tx.
func (connTx) Begin(context.Context) (pgx.Tx, error) { return nil, errNotOurs }

// Commit implements pgx.Tx.
func (connTx) Commit(context.Context) error { return errNotOurs }

// Rollback implements pgx.Tx.
func (connTx) Rollback(context.Context) error { return errNotOurs }

// LargeObjects implements pgx.Tx; nobody uses it.
func (connTx) LargeObjects() pgx.LargeObjects { return pgx.LargeObjects{} }

// Conn implements pgx.Tx.
func (t connTx) Conn() *pgx.Conn { return t.conn }

// CopyFrom implements pgx.Tx.
func (t connTx) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, rows pgx.CopyFromSource) (int64, error) {
	return t.conn.CopyFrom(ctx, table, columns, rows)
}

// SendBatch implements pgx.Tx.
func (t connTx) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	return t.conn.SendBatch(ctx, b)
}

// Prepare implements pgx.Tx.
func (t connTx) Prepare(ctx context.Context, name, sql string) (*pgconn.StatementDescription, error) {
	return t.conn.Prepare(ctx, name, sql)
}

// Exec implements pgx.Tx.
func (t connTx) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	return t.conn.Exec(ctx, sql, args...)
}

// Query implements pgx.Tx.
func (t connTx) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return t.conn.Query(ctx, sql, args...)
}

// QueryRow implements pgx.Tx.
func (t connTx) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	return t.conn.QueryRow(ctx, sql, args...)
}
