package store

import (
	"context"
	"errors"
	"net/url"
	"runtime"
	"strings"

	"github.com/jmoiron/sqlx"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"dialtone/customer"
	"dialtone/fault"
)

// The settings of every connection are in its name, so that no connection of a pool is without them. Each commit is flushed to the disk
// (synchronous FULL): what was acknowledged survives a power cut.
const (
	sqliteSettings = "_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_pragma=cache_size(-16000)"
	sqliteWriting  = sqliteSettings + "&_txlock=immediate"
	sqliteReading  = sqliteSettings + "&_pragma=query_only(1)"
)

// openSQLite opens a file with one connection that writes and a few that read: in WAL mode they don't wait for each other.
func openSQLite(ctx context.Context, c Config) (*database, error) {
	name := "file:" + (&url.URL{Path: c.URL}).EscapedPath() + "?"
	write, err := sqlx.Open("sqlite", name+sqliteWriting)
	if err != nil {
		return nil, cantOpen(c.URL, err)
	}
	write.SetMaxOpenConns(1)
	if err := migrate(ctx, write.DB, sqliteDialect{}, c.Logger); err != nil {
		return nil, errors.Join(cantOpen(c.URL, err), write.Close())
	}
	read, err := sqlx.Open("sqlite", name+sqliteReading)
	if err != nil {
		return nil, errors.Join(cantOpen(c.URL, err), write.Close())
	}
	readers := max(4, runtime.NumCPU())
	read.SetMaxOpenConns(readers)
	read.SetMaxIdleConns(readers)
	return &database{write: write, read: read, dialect: sqliteDialect{}}, nil
}

func cantOpen(path string, err error) error {
	return fault.Wrap(fault.Invalid, err, "The database file %s can't be opened: check that its folder exists and that this user may write it.", path)
}

type sqliteDialect struct{}

// lockTenant has nothing to do: the transaction began as the only one that writes.
func (sqliteDialect) lockTenant(context.Context, *sqlx.Tx, customer.Tenant) error { return nil }

// lockLines has nothing to do either.
func (sqliteDialect) lockLines(context.Context, *sqlx.Tx, []string) error { return nil }

func (sqliteDialect) conflict(err error) string {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok || e.Code() != sqlite3.SQLITE_CONSTRAINT_UNIQUE && e.Code() != sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY {
		return ""
	}
	_, columns, _ := strings.Cut(e.Error(), "constraint failed: ")
	return columns
}

func (sqliteDialect) missing(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && e.Code() == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
}
