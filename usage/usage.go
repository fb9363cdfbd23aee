// Package usage is the arithmetic of billing: who held which package, from when until when, what of it falls on which day, and the rows and files that say so.
//
// It owns the days of a billing subscription's time zone, the folding of changes into assignments, the rows and columns of reports, their CSV, and the comparison
// of two accounts of the same days. It is pure: the same changes give the same report, to the last digit, however often and however much later. It never asks for
// the time, reads no table and knows no protocol. There is no floating point in it.
//
// What is rounded is the instant, not the duration: an instant has a place in its local day, a whole number of millionths of that very day, which may have 23 or 25
// hours. Usage is the difference of two places. So the pieces of a day add up to exactly one day, and sums over users, customers and days agree by construction.
//
// Being suspended is no change: what is assigned is billed. Start at Change, then Fold, Span and Row; Facts is what reports say beside usage.
package usage

import (
	"time"

	"dialtone/customer"
)

// SubjectKind says what holds a package.
type SubjectKind string

// The kinds of subject.
const (
	KindPerson    SubjectKind = "PERSON"
	KindWorkspace SubjectKind = "WORKSPACE"
)

// SubjectID names what holds a package: a person's customer.SubscriberID, or a customer.WorkspaceID. A person who comes back is another subscriber.
type SubjectID string

// LicenseID names the licence that an assignment uses; empty for those made before licences had ids.
type LicenseID string

// ChangeKind says what a change does to assignments.
type ChangeKind uint8

// The kinds of change. Changes of one moment and one event are taken in this order.
const (
	Ended    ChangeKind = iota + 1 // the subject has the package no more; without a package: none at all, as after a deletion
	Moved                          // the package is used at Location from now on; without a package: all that the subject has
	Licensed                       // the package uses License from now on; without a package: all that the subject has
	Started                        // the subject has the package, at Location, with License
)

// Change is what an event of the log means for usage. What the log doesn't say is empty.
type Change struct {
	Event       int64     // the event's number, which orders what happened at one moment
	At          time.Time // when it took effect: a correction is a later event about an earlier moment
	Kind        ChangeKind
	Customer    customer.OrgID
	Subject     SubjectID
	SubjectKind SubjectKind
	Person      customer.PersonID // whom a subscriber is; empty for a workspace
	Package     customer.Package
	Location    customer.LocationID
	License     LicenseID
}

// Assignment says that a subject held a package, from a moment on and until another one: half-open, so that one may begin when another ends.
type Assignment struct {
	Customer    customer.OrgID
	Subject     SubjectID
	SubjectKind SubjectKind
	Person      customer.PersonID // whom a subscriber is; empty for a workspace
	Package     customer.Package
	Location    customer.LocationID
	License     LicenseID
	From        time.Time // UTC, in whole microseconds
	Until       time.Time // the same; zero while it is open
	Begun       int64     // the event that it begins with
	Ended       int64     // the event that it ends with; 0 while it is open
	BilledFrom  Day       // the first day that counts, where the customer's billing was delayed: see History; 0: all do
}

// Open reports whether it hasn't ended.
func (a Assignment) Open() bool { return a.Until.IsZero() }

// HeldAt reports whether it is held at an instant.
func (a Assignment) HeldAt(t time.Time) bool {
	return !a.From.After(t) && (a.Open() || a.Until.After(t))
}

// AsOf returns what of it there was until an instant, for a day that isn't over: whatever is held ends then. What begins later is Empty.
func (a Assignment) AsOf(t time.Time) Assignment {
	if a.Open() || a.Until.After(t) {
		a.Until, a.Ended = t.UTC().Truncate(time.Microsecond), 0
	}
	return a
}

// Empty reports whether it ended when it began, so that there was nothing.
func (a Assignment) Empty() bool { return !a.Open() && !a.From.Before(a.Until) }
