package store

import (
	"context"
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
	if err := migrate(ctx, db.DB, postgresDialect{}, c.Logger); err != nil {
		return nil, errors.Join(fault.Wrap(fault.Unavailable, err, "The database at %s doesn't answer or can't be brought up to date", config.Host), db.Close())
	}
	return &database{write: db, read: db, dialect: postgresDialect{}}, nil
}

type postgresDialect struct{}

// lockTenant takes an advisory lock for the transaction, on the customer if one is named, else on the partner.
func (postgresDialect) lockTenant(ctx context.Context, tx *sqlx.Tx, tenant customer.Tenant) error {
	_, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", string(tenant.Partner)+"/"+string(tenant.Customer))
	return err
}

// lockLines locks the lines in one order everywhere, so that two nodes never wait for each other in a circle.
func (postgresDialect) lockLines(ctx context.Context, tx *sqlx.Tx, lines []string) error {
	_, err := tx.ExecContext(ctx, "SELECT 1 FROM lines WHERE id = ANY($1) ORDER BY id FOR UPDATE", lines)
	return err
}

// The SQLSTATE codes of broken constraints.
const (
	uniqueViolation     = "23505"
	foreignKeyViolation = "23503"
)

func (postgresDialect) conflict(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == uniqueViolation {
		return e.ConstraintName
	}
	return ""
}

func (postgresDialect) missing(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && e.Code == foreignKeyViolation
}
