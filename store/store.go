// Package store is the one wall that owns SQL: all tables, on SQLite and on PostgreSQL.
//
// It owns the schema and its migrations, transactions, the tenant in every WHERE, and the translation of database errors into fault kinds. It
// never decides a rule: what may be is decided by its callers, inside Update, and by the unique indexes. Rows have structs of their own; nouns
// know nothing of columns. Start at Open; a noun's statements are in the file with its name, and storetest says what both databases must do.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/jmoiron/sqlx"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/provisioning"
)

// Config says which database to open.
type Config struct {
	URL    string       // postgres://... or postgresql://..., else the path of an SQLite file, made if it isn't there
	Logger *slog.Logger // for what migrations do
}

// Store is an open database. It is safe for concurrent use.
type Store struct{ db *database }

// database is what stands behind a Store: its methods are those that the interfaces of customer and provisioning ask for.
type database struct {
	reader
	write   *sqlx.DB // SQLite: one connection; PostgreSQL: the same pool as for reading
	read    *sqlx.DB
	dialect dialect
}

// dialect is what differs between the two databases.
type dialect interface {
	// lockTenant makes writers of one tenant take turns until the transaction ends.
	lockTenant(ctx context.Context, tx *sqlx.Tx, tenant customer.Tenant) error
	// lockLines keeps others from changing the bindings of some lines until the transaction ends.
	lockLines(ctx context.Context, tx *sqlx.Tx, lines []string) error
	// conflict returns the name of the unique index or constraint that an error broke, or the columns of it; "" for another error.
	conflict(err error) string
	// missing reports whether an error says that a row refers to one that isn't there.
	missing(err error) bool
}

// Open opens a database and brings its schema up to date. fault.Unavailable when the database doesn't answer, fault.Invalid when the file can't be
// opened; neither message holds the URL's password.
func Open(ctx context.Context, c Config) (*Store, error) {
	open := openSQLite
	if strings.HasPrefix(c.URL, "postgres://") || strings.HasPrefix(c.URL, "postgresql://") {
		open = openPostgres
	}
	db, err := open(ctx, c)
	if err != nil {
		return nil, err
	}
	db.reader = reader{q: db.read}
	return &Store{db: db}, nil
}

// Close closes the database when what is under way is done.
func (s *Store) Close() error {
	if s.db.read == s.db.write {
		return s.db.write.Close()
	}
	return errors.Join(s.db.read.Close(), s.db.write.Close())
}

// Ping implements provisioning.Store.
func (s *database) Ping(ctx context.Context) error {
	var one int
	return failure(s.read.GetContext(ctx, &one, "SELECT 1"), "answer")
}

// Customers is the store as the package customer wants it.
func (s *Store) Customers() customer.Store { return customers{s.db} }

// Provisioning is the store as the package provisioning wants it.
func (s *Store) Provisioning() provisioning.Store { return devices{s.db} }

type customers struct{ *database }

// Update implements customer.Store.
func (c customers) Update(ctx context.Context, tenant customer.Tenant, fn func(customer.Tx) error) error {
	return c.update(ctx, tenant, func(t *tx) error { return fn(t) })
}

type devices struct{ *database }

// Update implements provisioning.Store.
func (d devices) Update(ctx context.Context, tenant customer.Tenant, fn func(provisioning.Tx) error) error {
	return d.update(ctx, tenant, func(t *tx) error { return fn(t) })
}

// queryer is what reading needs: a pool or a transaction.
type queryer interface {
	GetContext(ctx context.Context, into any, query string, args ...any) error
	SelectContext(ctx context.Context, into any, query string, args ...any) error
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	Rebind(query string) string
}

// reader reads, from a pool or in a transaction.
type reader struct{ q queryer }

// tx reads and writes in one transaction.
type tx struct {
	reader
	dialect dialect
}

// update runs fn in a transaction of one tenant.
func (s *database) update(ctx context.Context, tenant customer.Tenant, fn func(*tx) error) error {
	return s.transact(ctx, func(t *sqlx.Tx) error {
		if err := s.dialect.lockTenant(ctx, t, tenant); err != nil {
			return failure(err, "lock the tenant")
		}
		return fn(&tx{reader: reader{q: t}, dialect: s.dialect})
	})
}

// transact runs fn in a transaction that commits when fn returns nil.
func (s *database) transact(ctx context.Context, fn func(*sqlx.Tx) error) error {
	t, err := s.write.BeginTxx(ctx, nil)
	if err != nil {
		return failure(err, "begin a transaction")
	}
	defer func() { _ = t.Rollback() }() // nothing after a commit; after a failure its own error is told
	if err := fn(t); err != nil {
		return err
	}
	return failure(t.Commit(), "commit")
}

// get reads one row; fault.NotFound, with the thing's name, when there is none.
func (r reader) get(ctx context.Context, into any, thing, query string, args ...any) error {
	err := r.q.GetContext(ctx, into, r.q.Rebind(query), args...)
	if errors.Is(err, sql.ErrNoRows) {
		return fault.New(fault.NotFound, "There is no such %s.", thing)
	}
	return failure(err, "read a "+thing)
}

// list reads the rows of a page and one more, which says that there are more.
func list[R, T any](ctx context.Context, r reader, w where, page customer.Page, noun func(R) T, query, order string) ([]T, bool, error) {
	var rows []R
	statement := query + w.text() + " ORDER BY " + order + " LIMIT ? OFFSET ?"
	args := append(w.args, page.Max+1, page.Offset)
	if err := r.q.SelectContext(ctx, &rows, r.q.Rebind(statement), args...); err != nil {
		return nil, false, failure(err, "read a list")
	}
	more := len(rows) > page.Max
	if more {
		rows = rows[:page.Max]
	}
	out := make([]T, len(rows))
	for i, row := range rows {
		out[i] = noun(row)
	}
	return out, more, nil
}

// exec runs a statement and returns how many rows it changed.
func (r reader) exec(ctx context.Context, d dialect, what, query string, args ...any) (int64, error) {
	result, err := r.q.ExecContext(ctx, r.q.Rebind(query), args...)
	if err != nil {
		return 0, writeFailure(d, err, what)
	}
	n, err := result.RowsAffected()
	return n, failure(err, what)
}

// change runs a statement of a transaction that must change a row; fault.NotFound when it doesn't.
func (t *tx) change(ctx context.Context, thing, query string, args ...any) error {
	n, err := t.exec(ctx, t.dialect, "change a "+thing, query, args...)
	if err == nil && n == 0 {
		return fault.New(fault.NotFound, "There is no such %s.", thing)
	}
	return err
}

// insert inserts a row with the named columns.
func (t *tx) insert(ctx context.Context, table, columns string, args ...any) error {
	query := fmt.Sprintf("INSERT INTO %s (%s) VALUES (?%s)", table, columns, strings.Repeat(", ?", len(args)-1))
	_, err := t.exec(ctx, t.dialect, "write into "+table, query, args...)
	return err
}

// where gathers conditions that must all hold.
type where struct {
	conditions []string
	args       []any
}

// ofTenant begins with the tenant; prefix is the table's alias with its dot, or "".
func ofTenant(prefix string, tenant customer.Tenant) where {
	w := where{}
	w.add(prefix+"partner_id = ?", string(tenant.Partner))
	if tenant.Customer != "" {
		w.add(prefix+"org_id = ?", string(tenant.Customer))
	}
	return w
}

func (w *where) add(condition string, args ...any) {
	w.conditions = append(w.conditions, condition)
	w.args = append(w.args, args...)
}

// equal adds a condition on a column if there is a value to compare with.
func (w *where) equal(column, value string) {
	if value != "" {
		w.add(column+" = ?", value)
	}
}

func (w *where) text() string { return " WHERE " + strings.Join(w.conditions, " AND ") }

// contains makes the pattern of a LIKE that finds a text anywhere, taken literally; the statement says ESCAPE '\'.
func contains(text string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.ToLower(text)) + "%"
}
