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
	"log/slog"
	"strings"

	"github.com/jmoiron/sqlx"

	"dialtone/billing"
	"dialtone/customer"
	"dialtone/fault"
	"dialtone/fleet"
	"dialtone/imports"
	"dialtone/provisioning"
)

// Config says which database to open.
type Config struct {
	URL    string       // postgres://... or postgresql://..., else the path of an SQLite file, made if it isn't there
	Logger *slog.Logger // for what migrations do; nil: nothing is logged
}

// Store is an open database. It is safe for concurrent use.
type Store struct{ db *database }

// database is what stands behind a Store: its methods are those that the interfaces of customer, billing and provisioning ask for.
type database struct {
	reader
	write *sqlx.DB // SQLite: one connection; PostgreSQL: the same pool as for reading
	read  *sqlx.DB
	queue queue
	// Parsed statements, of SQLite alone.
	writes, reads *prepared
	close         func() error // what else there is to close; nil for nothing
}

// Open opens a database and brings its schema up to date. fault.Unavailable when the database doesn't answer; fault.Invalid when something is wrong
// with what the URL names: a file that can't be written or isn't a database, a wrong password, a missing right. The message says what to do; neither
// it nor its cause holds the URL's password.
func Open(ctx context.Context, c Config) (*Store, error) {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	open := openSQLite
	if strings.HasPrefix(c.URL, "postgres://") || strings.HasPrefix(c.URL, "postgresql://") {
		open = openPostgres
	}
	db, err := open(ctx, c)
	if err != nil {
		return nil, err
	}
	return &Store{db: db}, nil
}

// Close closes the database when what is under way is done.
func (s *Store) Close() error {
	var err error
	if s.db.close != nil {
		err = s.db.close()
	}
	if s.db.read == s.db.write {
		return errors.Join(err, s.db.write.Close())
	}
	return errors.Join(err, s.db.read.Close(), s.db.write.Close())
}

// Ping implements provisioning.Store.
func (s *database) Ping(ctx context.Context) error {
	var one int
	return s.count(ctx, &one, "answer", "SELECT 1")
}

// Customers is the store as the package customer wants it.
func (s *Store) Customers() customer.Store { return customers{s.db} }

// Provisioning is the store as the package provisioning wants it.
func (s *Store) Provisioning() provisioning.Store { return devices{s.db} }

// Fleet is the store as the package fleet wants it.
func (s *Store) Fleet() fleet.Store { return manyDevices{s.db} }

// Imports is the store as the package imports wants it.
func (s *Store) Imports() imports.Store { return peopleImports{s.db} }

// Billing is the store as the package billing wants it.
func (s *Store) Billing() billing.Store { return reports{s.db} }

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

type manyDevices struct{ *database }

// Update implements fleet.Store.
func (m manyDevices) Update(ctx context.Context, tenant customer.Tenant, fn func(fleet.Tx) error) error {
	return m.update(ctx, tenant, func(t *tx) error { return fn(t) })
}

type peopleImports struct{ *database }

// Update implements imports.Store.
func (i peopleImports) Update(ctx context.Context, tenant customer.Tenant, fn func(imports.Tx) error) error {
	return i.update(ctx, tenant, func(t *tx) error { return fn(t) })
}

type reports struct{ *database }

// Update implements billing.Store.
func (r reports) Update(ctx context.Context, tenant customer.Tenant, fn func(billing.Tx) error) error {
	return r.update(ctx, tenant, func(t *tx) error { return fn(t) })
}

// tx reads and writes in one transaction.
type tx struct {
	reader
	running *failing
	queue   queue
}

// update runs fn in a transaction of one tenant.
func (s *database) update(ctx context.Context, tenant customer.Tenant, fn func(*tx) error) error {
	return s.transact(ctx, func(t *tx) error {
		if err := s.dialect.lockTenant(ctx, t.q, tenant); err != nil {
			return t.failure(err, "lock the tenant")
		}
		return fn(t)
	})
}

// attempts is how often a transaction is run that the database ended because it and another one waited for each other.
const attempts = 4

// transact runs fn in a transaction that commits when fn returns nil, and once more when the database asks for that.
func (s *database) transact(ctx context.Context, fn func(*tx) error) error {
	var err error
	for range attempts {
		if err = s.attempt(ctx, fn); err == nil || !s.contended(err) {
			return err
		}
	}
	return err
}

func (s *database) contended(err error) bool {
	reason, _ := s.dialect.reason(err)
	return reason == contended
}

func (s *database) attempt(ctx context.Context, fn func(*tx) error) error {
	p := &preparedTx{prepared: s.writes}
	err := s.commit(ctx, p, fn)
	p.learn(ctx)
	return err
}

func (s *database) commit(ctx context.Context, p *preparedTx, fn func(*tx) error) error {
	conn, err := s.write.Connx(ctx)
	if err != nil {
		return s.failure(err, "reach the database")
	}
	defer func() { _ = conn.Close() }() // back to the pool
	t, err := conn.BeginTxx(ctx, nil)
	if err != nil {
		return s.failure(err, "begin a transaction")
	}
	defer func() { _ = t.Rollback() }() // nothing after a commit; after a failure its own error is told
	p.Tx = t
	q := &failing{preparedTx: p, conn: conn}
	if err := fn(&tx{reader{q: q, dialect: s.dialect}, q, s.queue}); err != nil {
		return err
	}
	if q.failed != nil { // fn forgot it; PostgreSQL would refuse to commit, and SQLite would commit the rest
		return s.failure(q.failed, "finish a transaction")
	}
	return s.failure(t.Commit(), "commit")
}

// snapshot runs fn on what is committed at one moment, writing nothing.
func (s *database) snapshot(ctx context.Context, fn func(reader) error) error {
	t, err := s.read.BeginTxx(ctx, s.dialect.snapshot())
	if err != nil {
		return s.failure(err, "begin to read")
	}
	p := &preparedTx{Tx: t, prepared: s.reads}
	err = fn(reader{q: p, dialect: s.dialect})
	_ = t.Rollback() // there is nothing to commit
	p.learn(ctx)
	return err
}

// failing is a transaction that stays failed: after a statement that the database refused, every other gives the same error. PostgreSQL does so of
// itself, in other words; SQLite would go on.
type failing struct {
	*preparedTx
	conn   *sqlx.Conn // that it runs on
	failed error
}

func (t *failing) note(err error) error {
	if err != nil && !errors.Is(err, sql.ErrNoRows) && t.failed == nil {
		t.failed = err
	}
	return err
}

// GetContext reads one row.
func (t *failing) GetContext(ctx context.Context, into any, query string, args ...any) error {
	if t.failed != nil {
		return t.failed
	}
	return t.note(t.preparedTx.GetContext(ctx, into, query, args...))
}

// SelectContext reads all rows.
func (t *failing) SelectContext(ctx context.Context, into any, query string, args ...any) error {
	if t.failed != nil {
		return t.failed
	}
	return t.note(t.preparedTx.SelectContext(ctx, into, query, args...))
}

// ExecContext runs a statement.
func (t *failing) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if t.failed != nil {
		return nil, t.failed
	}
	result, err := t.preparedTx.ExecContext(ctx, query, args...)
	return result, t.note(err)
}

// errNothingSuch is the answer to what isn't there, or is somebody else's.
func errNothingSuch(thing string) error {
	return fault.New(fault.NotFound, "There is no such %s.", thing)
}
