package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"math/bits"
	"slices"
	"strings"

	"dialtone/customer"
	"dialtone/fault"
)

// queryer is what reading and writing need: a pool or a transaction.
type queryer interface {
	GetContext(ctx context.Context, into any, query string, args ...any) error
	SelectContext(ctx context.Context, into any, query string, args ...any) error
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	Rebind(query string) string
}

// reader runs statements, from a pool or in a transaction. Every statement of the package goes through get, count, all or exec: there errors are
// classified, and texts that no row can hold are answered without the database, as PostgreSQL calls them an error and SQLite doesn't.
type reader struct {
	q       queryer
	dialect dialect
}

// get reads one row; fault.NotFound, with the thing's name, when there is none.
func (r reader) get(ctx context.Context, into any, thing, query string, args ...any) error {
	if !storable(args) {
		return errNothingSuch(thing)
	}
	err := r.q.GetContext(ctx, into, r.q.Rebind(query), args...)
	if errors.Is(err, sql.ErrNoRows) {
		return errNothingSuch(thing)
	}
	return r.failure(err, "find a "+thing)
}

// count reads one number.
func (r reader) count(ctx context.Context, into *int, what, query string, args ...any) error {
	if !storable(args) {
		return nil
	}
	return r.failure(r.q.GetContext(ctx, into, r.q.Rebind(query), args...), what)
}

// all reads every row of an answer that is bounded by its query.
func (r reader) all(ctx context.Context, into any, what, query string, args ...any) error {
	if !storable(args) {
		return nil
	}
	return r.failure(r.q.SelectContext(ctx, into, r.q.Rebind(query), args...), what)
}

// in reads the rows whose column is one of some values; those that no row can hold are left out. At most maxRows of them.
func (r reader) in(ctx context.Context, into any, what, before string, values []string, after string) error {
	args := make([]any, 0, len(values))
	for _, v := range values {
		if isText(v) {
			args = append(args, v)
		}
	}
	if len(args) == 0 {
		return nil
	}
	for length := powerOfTwo(len(args)); len(args) < length; { // the same twice changes nothing
		args = append(args, args[0])
	}
	return r.all(ctx, into, what, before+keptTuples(1, len(args))+after, args...)
}

// exec runs a statement that writes, and returns how many rows it changed.
func (r reader) exec(ctx context.Context, what, query string, args ...any) (int64, error) {
	if !storable(args) {
		return 0, fault.New(fault.Invalid, "A text holds what isn't a character: send UTF-8 without NUL.")
	}
	result, err := r.q.ExecContext(ctx, r.q.Rebind(query), args...)
	if err != nil {
		return 0, r.failure(err, what)
	}
	n, err := result.RowsAffected()
	return n, r.failure(err, what)
}

// change runs a statement of a transaction that must change a row; fault.NotFound when it doesn't.
func (t *tx) change(ctx context.Context, thing, query string, args ...any) error {
	n, err := t.exec(ctx, "change a "+thing, query, args...)
	if err == nil && n == 0 {
		return errNothingSuch(thing)
	}
	return err
}

// insert inserts a row with the named columns.
func (t *tx) insert(ctx context.Context, table, columns string, args ...any) error {
	_, err := t.exec(ctx, "write into "+table, "INSERT INTO "+table+" ("+columns+") VALUES "+tuples(1, len(args)), args...)
	return err
}

// list reads the rows of a page and one more, which says that there are more.
func list[R, T any](ctx context.Context, r reader, w where, page customer.Page, noun func(R) T, query, order string) ([]T, bool, error) {
	var rows []R
	if page.After.ID != "" {
		w.after(order, page.After)
		page.Offset = 0
	}
	statement := query + w.text() + " ORDER BY " + order + " LIMIT ? OFFSET ?"
	if err := r.all(ctx, &rows, "read a list", statement, append(w.args, page.Max+1, page.Offset)...); err != nil {
		return nil, false, err
	}
	more := len(rows) > page.Max
	if more {
		rows = rows[:page.Max]
	}
	return nouns(rows, noun), more, nil
}

// texts returns the distinct ids, in order.
func texts[T ~string](ids []T) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = string(id)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// nouns makes a noun of each row; none make an empty list.
func nouns[R, T any](rows []R, noun func(R) T) []T {
	out := make([]T, len(rows))
	for i, row := range rows {
		out[i] = noun(row)
	}
	return out
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

// containing adds the condition that a folded column holds a text somewhere, if there is one.
func (w *where) containing(column, part string) {
	if part != "" {
		w.add(column+` LIKE ? ESCAPE '\'`, contains(part))
	}
}

// among adds the condition that a column is one of some values. Those that no row can hold are left out.
func (w *where) among(column string, values []string) {
	var args []any
	for _, v := range values {
		if isText(v) {
			args = append(args, v)
		}
	}
	if len(args) == 0 {
		w.add("1 = 0")
		return
	}
	w.add(column+" IN "+tuples(1, len(args)), args...)
}

// after adds the condition that a row comes behind a place in the order, which is two columns, both rising or both falling: a moment or a text, and
// the id.
func (w *where) after(order string, place customer.Cursor) {
	columns, sign := strings.ReplaceAll(order, " DESC", ""), " > "
	if columns != order {
		sign = " < "
	}
	var first any = micros(place.At)
	if place.Key != "" {
		first = place.Key
	}
	w.add("("+columns+")"+sign+"(?, ?)", first, place.ID)
}

func (w *where) text() string { return " WHERE " + strings.Join(w.conditions, " AND ") }

// contains makes the pattern of a LIKE that finds a text anywhere in a folded column, taken literally; the statement says ESCAPE '\'.
func contains(text string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(fold(text)) + "%"
}

// maxRows bounds the rows of one statement: with the columns of any table they stay below both databases' limits on arguments.
const maxRows = 500

// tuples makes the placeholders of rows with so many columns: (?, ?), (?, ?).
func tuples(rows, columns int) string {
	row := "(" + strings.TrimSuffix(strings.Repeat("?, ", columns), ", ") + ")"
	return strings.TrimSuffix(strings.Repeat(row+", ", rows), ", ")
}

// keptMark is in statements whose values are a list in one of few lengths, so that they are worth being parsed once, however long they are.
const keptMark = " /* kept */"

// keptTuples is tuples for a number of rows, or of columns, that is a power of two.
func keptTuples(rows, columns int) string { return tuples(rows, columns) + keptMark }

// maxSized is the most rows that sized puts in one part.
const maxSized = 64

// sized cuts a list into parts whose lengths are powers of two, the longest first: a statement about one of them has one of seven texts.
func sized[T any](list []T) iter.Seq[[]T] {
	return func(yield func([]T) bool) {
		for len(list) > 0 {
			size := min(maxSized, 1<<(bits.Len(uint(len(list)))-1))
			if !yield(list[:size:size]) {
				return
			}
			list = list[size:]
		}
	}
}

// powerOfTwo is the least that isn't below n.
func powerOfTwo(n int) int { return 1 << bits.Len(uint(n-1)) }

// qualified puts a table's alias before each of some columns; with as it also names them alias.column, which fills a nested struct.
func qualified(alias, columns string, as bool) string {
	parts := strings.Split(columns, ", ")
	for i, c := range parts {
		parts[i] = alias + "." + c
		if as {
			parts[i] += fmt.Sprintf(` AS "%s.%s"`, alias, c)
		}
	}
	return strings.Join(parts, ", ")
}

// anys makes arguments of texts.
func anys(texts []string) []any {
	out := make([]any, len(texts))
	for i, t := range texts {
		out[i] = t
	}
	return out
}
