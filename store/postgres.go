package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"

	"dialtone/customer"
	"dialtone/fault"
)

// postgresConnections bounds one node's connections: more don't make a database of usual size faster, and several nodes share it.
const postgresConnections = 20

func openPostgres(ctx context.Context, c Config) (*database, error) {
	config, err := pgx.ParseConfig(c.URL)
	if err != nil { // its text masks the password
		return nil, fault.Wrap(fault.Invalid, err, "The database URL can't be read: write postgres://USER:PASSWORD@HOST:PORT/NAME")
	}
	config.RuntimeParams["application_name"] = "dialtone"
	db := sqlx.NewDb(stdlib.OpenDB(*config), "pgx")
	db.SetMaxOpenConns(postgresConnections)
	db.SetMaxIdleConns(postgresConnections)
	d := postgresDialect{}
	err = migrate(ctx, db.DB, d, c.Logger)
	if err == nil {
		err = setEventClock(ctx, db)
	}
	if err != nil {
		return nil, errors.Join(cantConnect(d, config, err), db.Close())
	}
	queue, err := newPostgresQueue(ctx, c.URL)
	if err != nil {
		return nil, errors.Join(cantConnect(d, config, err), db.Close())
	}
	return &database{reader: reader{q: db, dialect: d}, write: db, read: db, queue: queue, close: func() error { queue.pool.Close(); return nil }}, nil
}

// setEventClock lets transaction ids rise on, where the newest events have higher ones than the server gives: they came with a dump from another server.
// Newest by id are within a few of the highest transactions; the highest of all is looked for only then.
func setEventClock(ctx context.Context, db *sqlx.DB) error {
	var behind bool
	err := db.GetContext(ctx, &behind, `SELECT coalesce(max(xact), 0) >= event_xact() FROM (SELECT xact FROM events ORDER BY id DESC LIMIT 1000) newest`)
	if err != nil || !behind {
		return err
	}
	_, err = db.ExecContext(ctx, `UPDATE event_clock SET shift = shift + (SELECT max(xact) FROM events) + 1 - event_xact()
		WHERE (SELECT max(xact) FROM events) >= event_xact()`)
	return err
}

func cantConnect(d postgresDialect, config *pgx.ConnConfig, err error) error {
	if why, _ := d.reason(err); why == unauthorised {
		return fault.Wrap(fault.Invalid, err, "The database at %s refused user %s for database %s: check both names, the password and the user's rights", config.Host, config.User, config.Database)
	}
	return fault.Wrap(fault.Unavailable, err, "The database at %s doesn't answer or can't be brought up to date", config.Host)
}

type postgresDialect struct{}

// lockTenant takes an advisory lock for the transaction, on the customer if one is named, else on the partner.
func (postgresDialect) lockTenant(ctx context.Context, q queryer, tenant customer.Tenant) error {
	_, err := q.ExecContext(ctx, "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", string(tenant.Partner)+"/"+string(tenant.Customer))
	return err
}

// lockRows leaves the key alone: rows that refer to these can still be written by others.
func (postgresDialect) lockRows(alias string) string {
	if alias == "" {
		return " ORDER BY id FOR NO KEY UPDATE"
	}
	return " ORDER BY " + alias + ".id FOR NO KEY UPDATE OF " + alias
}

func (postgresDialect) lockFreeRows() string { return " FOR UPDATE SKIP LOCKED" }

func (postgresDialect) along(string) string { return "" }

func (postgresDialect) alone() bool { return false }

func (postgresDialect) place(alias, sign, xact, id string) string {
	return "(" + alias + "xact, " + alias + "id) " + sign + " (" + xact + ", " + id + ")"
}

// settled asks once, and not for each row.
func (postgresDialect) settled(column string) string {
	return column + " < (SELECT event_settled())"
}

func (postgresDialect) latestChange() string { return "SELECT event_settled() AS xact, 0 AS id" }

func (postgresDialect) snapshot() *sql.TxOptions {
	return &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
}

// reason reads the SQLSTATE (PostgreSQL manual, appendix A): a few by themselves, the others by their class, which is the first two digits.
func (postgresDialect) reason(err error) (reason, string) {
	e, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return unanswered, ""
	}
	switch e.Code {
	case "23505": // unique_violation
		return taken, e.ConstraintName
	case "23503": // foreign_key_violation
		return dangling, ""
	case "54000", "22001": // program_limit_exceeded (an index entry, too), string_data_right_truncation
		return oversized, ""
	case "40001", "40P01": // serialization_failure, deadlock_detected
		return contended, ""
	case "57014": // query_canceled
		return interrupted, ""
	case "42501", "3D000": // insufficient_privilege, invalid_catalog_name
		return unauthorised, ""
	}
	switch e.Code[:min(2, len(e.Code))] {
	case "28": // invalid authorisation
		return unauthorised, ""
	case "22", "23", "42": // data exception, constraint violation, syntax error
		return misused, ""
	default:
		return unanswered, ""
	}
}
