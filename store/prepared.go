package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync"

	"github.com/jmoiron/sqlx"
)

// prepared keeps parsed statements for SQLite, which else parses each one each time: a third of what a short transaction costs. PostgreSQL's driver
// keeps its own.
type prepared struct {
	db     *sqlx.DB
	mu     sync.RWMutex
	byText map[string]*sqlx.Stmt
}

// maxPrepared bounds the statements that are kept: ours are some two hundred.
const maxPrepared = 512

// maxValues bounds the values of a statement that is kept: longer ones hold a list, whose length, and so the text, is another each time.
const maxValues = 40

// keeps reports whether a statement that isn't known yet is to be kept.
func (p *prepared) keeps(query string) bool {
	if strings.Count(query, "?") > maxValues && !strings.Contains(query, keptMark) {
		return false
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	return len(p.byText) < maxPrepared
}

func newPrepared(db *sqlx.DB) *prepared { return &prepared{db: db, byText: map[string]*sqlx.Stmt{}} }

// find returns a parsed statement; nil when there is none.
func (p *prepared) find(query string) *sqlx.Stmt {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.byText[query]
}

// add parses a statement on a connection of the pool, so that it must not be called by who holds the only one.
func (p *prepared) add(ctx context.Context, query string) (*sqlx.Stmt, error) {
	stmt, err := p.db.PreparexContext(ctx, query)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if known := p.byText[query]; known != nil { // another caller was first
		return known, stmt.Close()
	}
	if len(p.byText) >= maxPrepared {
		return nil, stmt.Close()
	}
	p.byText[query] = stmt
	return stmt, nil
}

// close ends the statements.
func (p *prepared) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var errs []error
	for _, stmt := range p.byText {
		errs = append(errs, stmt.Close())
	}
	p.byText = map[string]*sqlx.Stmt{}
	return errors.Join(errs...)
}

// preparedPool is a pool whose statements are parsed once.
type preparedPool struct {
	*sqlx.DB
	prepared *prepared
}

// statement returns the parsed statement; nil when no more are kept.
func (p preparedPool) statement(ctx context.Context, query string) (*sqlx.Stmt, error) {
	if stmt := p.prepared.find(query); stmt != nil || !p.prepared.keeps(query) {
		return stmt, nil
	}
	return p.prepared.add(ctx, query)
}

// GetContext reads one row.
func (p preparedPool) GetContext(ctx context.Context, into any, query string, args ...any) error {
	stmt, err := p.statement(ctx, query)
	switch {
	case err != nil:
		return err
	case stmt == nil:
		return p.DB.GetContext(ctx, into, query, args...)
	}
	return stmt.GetContext(ctx, into, args...)
}

// SelectContext reads all rows.
func (p preparedPool) SelectContext(ctx context.Context, into any, query string, args ...any) error {
	stmt, err := p.statement(ctx, query)
	switch {
	case err != nil:
		return err
	case stmt == nil:
		return p.DB.SelectContext(ctx, into, query, args...)
	}
	return stmt.SelectContext(ctx, into, args...)
}

// preparedTx runs the statements of a transaction that were parsed before, and notes the others, to be parsed when its connection is free again.
type preparedTx struct {
	*sqlx.Tx
	prepared *prepared // nil: nothing is kept
	missing  []string
}

func (t *preparedTx) statement(ctx context.Context, query string) *sqlx.Stmt {
	if t.prepared == nil {
		return nil
	}
	stmt := t.prepared.find(query)
	if stmt == nil {
		t.missing = append(t.missing, query)
		return nil
	}
	return t.StmtxContext(ctx, stmt)
}

// GetContext reads one row.
func (t *preparedTx) GetContext(ctx context.Context, into any, query string, args ...any) error {
	if stmt := t.statement(ctx, query); stmt != nil {
		return stmt.GetContext(ctx, into, args...)
	}
	return t.Tx.GetContext(ctx, into, query, args...)
}

// SelectContext reads all rows.
func (t *preparedTx) SelectContext(ctx context.Context, into any, query string, args ...any) error {
	if stmt := t.statement(ctx, query); stmt != nil {
		return stmt.SelectContext(ctx, into, args...)
	}
	return t.Tx.SelectContext(ctx, into, query, args...)
}

// ExecContext runs a statement.
func (t *preparedTx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if stmt := t.statement(ctx, query); stmt != nil {
		return stmt.ExecContext(ctx, args...)
	}
	return t.Tx.ExecContext(ctx, query, args...)
}

// learn parses what was missing. What can't be parsed now is tried the next time.
func (t *preparedTx) learn(ctx context.Context) {
	for _, query := range t.missing {
		if t.prepared.find(query) == nil && t.prepared.keeps(query) {
			_, _ = t.prepared.add(ctx, query) // the statement works without, only slower
		}
	}
}
