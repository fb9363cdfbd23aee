package store

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"runtime"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/riverqueue/river/riverdriver/riversqlite"
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
	err = migrate(ctx, write.DB, sqliteDialect{}, c.Logger)
	if err == nil {
		err = migrateJobs(ctx, riversqlite.New(write.DB))
	}
	if err != nil {
		return nil, errors.Join(cantOpen(c.URL, err), write.Close())
	}
	read, err := sqlx.Open("sqlite", name+sqliteReading)
	if err != nil {
		return nil, errors.Join(cantOpen(c.URL, err), write.Close())
	}
	readers := max(4, runtime.NumCPU())
	read.SetMaxOpenConns(readers)
	read.SetMaxIdleConns(readers)
	queue, err := newSQLiteQueue(write)
	if err != nil {
		return nil, errors.Join(err, read.Close(), write.Close())
	}
	reads, writes := newPrepared(read), newPrepared(write)
	return &database{
		reader: reader{q: preparedPool{read, reads}, dialect: sqliteDialect{}}, write: write, read: read, queue: queue, reads: reads, writes: writes,
		close: func() error { return errors.Join(reads.close(), writes.close()) },
	}, nil
}

func cantOpen(path string, err error) error {
	why := "check that its folder exists and that this user may write it"
	if e, ok := errors.AsType[*sqlite.Error](err); ok && e.Code()&0xff == sqlite3.SQLITE_NOTADB {
		why = "it is no SQLite database"
	}
	return fault.Wrap(fault.Invalid, err, "The database file %s can't be opened: %s", path, why)
}

type sqliteDialect struct{}

// lockTenant has nothing to do: the transaction began as the only one that writes. For the same reason rows needn't be locked.
func (sqliteDialect) lockTenant(context.Context, queryer, customer.Tenant) error { return nil }

func (sqliteDialect) lockRows(alias string) string {
	if alias == "" {
		return " ORDER BY id"
	}
	return " ORDER BY " + alias + ".id"
}

func (sqliteDialect) lockFreeRows() string { return "" }

// along names the index: SQLite has no figures about its tables and takes any index that fits, or none, and fails where the one can't be used.
func (sqliteDialect) along(index string) string { return " INDEXED BY " + index }

func (sqliteDialect) alone() bool { return true }

// place compares the ids alone, as there is one xact: of a pair whose second column is the row's id SQLite's indexes know the first one only, and would
// read all of a partner's events up to the place.
func (sqliteDialect) place(alias, sign, xact, id string) string {
	return alias + "xact = " + xact + " AND " + alias + "id " + sign + " " + id
}

func (sqliteDialect) settled(string) string { return "" }

func (sqliteDialect) latestChange() string {
	return "SELECT 0 AS xact, coalesce(max(id), 0) AS id FROM events"
}

// snapshot needs no option: in WAL mode a transaction sees one moment from its first read on.
func (sqliteDialect) snapshot() *sql.TxOptions { return nil }

// reason reads the extended result code (sqlite.org/rescode.html); its low eight bits are the primary code.
func (sqliteDialect) reason(err error) (reason, string) {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return unanswered, ""
	}
	switch e.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		text := e.Error() // constraint failed: UNIQUE constraint failed: TABLE.COLUMN, TABLE.COLUMN (2067)
		return taken, text[strings.LastIndex(text, ": ")+len(": "):]
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return dangling, ""
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_TOOBIG:
		return oversized, ""
	case sqlite3.SQLITE_INTERRUPT:
		return interrupted, ""
	case sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_RANGE, sqlite3.SQLITE_MISUSE, sqlite3.SQLITE_ERROR:
		return misused, ""
	case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH:
		return unauthorised, ""
	default:
		return unanswered, ""
	}
}
