package store

import (
	"context"
	"database/sql"

	"dialtone/customer"
)

// dialect is what differs between the two databases.
type dialect interface {
	// lockTenant makes writers of one tenant take turns until the transaction ends.
	lockTenant(ctx context.Context, q queryer, tenant customer.Tenant) error
	// lockRows ends a SELECT of ids: its rows can't be changed by others until the transaction ends, and are locked in the order of the ids, so that
	// two nodes with overlapping batches never wait for each other in a circle.
	lockRows(alias string) string
	// lockFreeRows ends a SELECT of rows that are to be deleted: those that others are changing are left out.
	lockFreeRows() string
	// place is the condition that an event's place, xact and id of a table's alias with its dot, compares so with a place of two values: columns, or ?.
	place(alias, sign, xact, id string) string
	// settled is the condition that no event can come any more before those with an xact like this column's; "" where that always holds.
	settled(column string) string
	// latestChange is a SELECT of an xact and an id: every event that is settled is up to there, and every other one, or one to come, is behind.
	latestChange() string
	// along follows a table in a FROM, behind its alias: it is to be read along an index; "" where the database knows that from what it has counted.
	along(index string) string
	// alone reports whether no other process can be at work on the database.
	alone() bool
	// snapshot is how a transaction begins that reads what was committed at one moment.
	snapshot() *sql.TxOptions
	// reason says why a statement failed. detail names the broken unique index or, on SQLite, its columns.
	reason(err error) (r reason, detail string)
}

// reason is why a statement failed.
type reason uint8

const (
	unanswered   reason = iota // the database doesn't work, or can't be reached: also for what nobody knows
	taken                      // a unique index has that already
	dangling                   // a row refers to one that isn't there
	oversized                  // a value is larger than the database stores
	contended                  // two transactions waited for each other: the same again may succeed
	misused                    // the statement or a value is wrong: a mistake of ours
	interrupted                // the caller's context ended
	unauthorised               // user, password, database or rights are wrong: for whoever runs the server
)
