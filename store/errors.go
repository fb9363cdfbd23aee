package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"dialtone/fault"
)

// failure classifies a database error: what was asked isn't at fault, so that it is the database that doesn't work. Errors that are classified
// already stay as they are, and so does the end of the caller's context.
func failure(err error, what string) error {
	switch {
	case err == nil:
		return nil
	case isFault(err):
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fault.Wrap(fault.Unavailable, err, "The database didn't %s in time.", what)
	}
	return fault.Wrap(fault.Unavailable, err, "The database doesn't work at the moment. Try again.")
}

func isFault(err error) bool {
	_, ok := errors.AsType[*fault.Error](err)
	return ok
}

// writeFailure classifies an error of a statement that writes: a broken unique index is the caller's conflict.
func writeFailure(d dialect, err error, what string) error {
	if name := d.conflict(err); name != "" {
		return conflictOf(name)
	}
	if d.missing(err) {
		return fault.Wrap(fault.NotFound, err, "Something that this refers to isn't there any more.")
	}
	if errors.Is(err, sql.ErrTxDone) {
		return fault.Wrap(fault.Internal, err, "The transaction is over.")
	}
	return failure(err, what)
}

// The error numbers of the wire for what is taken.
const (
	codeMACInUse   = 5675
	codeEmailInUse = 10022
)

// conflictOf says what is taken, by the unique index that was broken: its name on PostgreSQL, its columns on SQLite.
func conflictOf(name string) error {
	for _, c := range []struct {
		index, columns string
		problem        fault.Problem
	}{
		{"devices_mac", "devices.mac", fault.Problem{Field: "mac", Code: codeMACInUse, Message: "[Error 5675] MAC Address is in use."}},
		{"people_email", "people.email", fault.Problem{Field: "email", Code: codeEmailInUse, Message: "The e-mail address is already associated with an existing user."}},
		{"customers_external_id", "customers.external_id", fault.Problem{Field: "externalId", Message: "You have a customer with this external id."}},
		{"people_extension", "people.extension", fault.Problem{Field: "provisioningParameters.extension", Message: "The extension is taken in this location."}},
		{"numbers_pkey", "numbers.e164", fault.Problem{Field: "phoneNumbers", Message: "The number belongs to another location or organisation."}},
		{"templates_name", "templates.name", fault.Problem{Field: "name", Message: "You have a template with this name."}},
		{"admins_email", "admins.email", fault.Problem{Field: "admin", Message: "There is an administrator with this e-mail address."}},
		{"subscribers_person", "subscribers.person_id", fault.Problem{Field: "email", Message: "The person has a package already."}},
	} {
		if name == c.index || strings.Contains(name, c.columns) {
			e := fault.New(fault.Conflict, "%s", c.problem.Message)
			e.Problems = []fault.Problem{c.problem}
			return e
		}
	}
	return fault.New(fault.Conflict, "Something with the same name or number exists already.")
}
