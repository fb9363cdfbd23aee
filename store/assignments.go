package store

import (
	"context"
	"math"

	"dialtone/billing"
	"dialtone/customer"
	"dialtone/usage"
)

// whileItLasts is the end of what hasn't ended: later than every moment, so that one comparison finds what overlaps some days.
const whileItLasts = math.MaxInt64

type assignmentRow struct {
	OrgID       string `db:"org_id"`
	SubjectKind string `db:"subject_kind"`
	SubjectID   string `db:"subject_id"`
	Package     string `db:"package"`
	Begun       int64  `db:"begun"`
	PersonID    string `db:"person_id"`
	LocationID  string `db:"location_id"`
	LicenseID   string `db:"license_id"`
	FromAt      int64  `db:"from_at"`
	UntilAt     int64  `db:"until_at"`
	Ended       int64  `db:"ended"`
}

const (
	assignmentColumns = "org_id, subject_kind, subject_id, package, begun, person_id, location_id, license_id, from_at, until_at, ended"
	assignmentSelect  = "SELECT " + assignmentColumns + " FROM assignments"
	assignmentOrder   = " ORDER BY org_id, subject_kind, subject_id, package, begun"
)

func (r assignmentRow) noun() usage.Assignment {
	a := usage.Assignment{
		Customer: customer.OrgID(r.OrgID), Subject: usage.SubjectID(r.SubjectID), SubjectKind: usage.SubjectKind(r.SubjectKind), Person: customer.PersonID(r.PersonID),
		Package: customer.Package(r.Package), Location: customer.LocationID(r.LocationID), License: usage.LicenseID(r.LicenseID),
		From: fromMicros(r.FromAt), Begun: r.Begun, Ended: r.Ended,
	}
	if r.UntilAt != whileItLasts {
		a.Until = fromMicros(r.UntilAt)
	}
	return a
}

// project keeps the assignments as what the events come to, the one that was just written included. Most events are the latest about their subject, and change
// what is open; an older one, as a correction is, has all of the subject folded anew.
func (t *tx) project(ctx context.Context, e customer.Event) error {
	change, ok := usage.ChangeOf(e)
	if !ok {
		return nil
	}
	if err := t.countsFrom(ctx, e.Tenant, change.At); err != nil {
		return err
	}
	known, err := t.SubjectAssignments(ctx, e.Tenant, change.Subject)
	if err != nil {
		return err
	}
	var open []usage.Assignment
	for _, a := range known {
		if a.From.After(change.At) || a.Until.After(change.At) {
			return t.refold(ctx, e.Tenant, change.Subject)
		}
		if a.Open() {
			open = append(open, a)
		}
	}
	return t.apply(ctx, e.Tenant, usage.Apply(open, change))
}

// apply writes what a change does. What ended when it began has never been.
func (t *tx) apply(ctx context.Context, tenant customer.Tenant, effect usage.Effect) error {
	for _, a := range effect.Closed {
		w := ofTenant("", tenant)
		w.add("subject_kind = ? AND subject_id = ? AND package = ? AND begun = ?", string(a.SubjectKind), string(a.Subject), string(a.Package), a.Begun)
		statement, args := "DELETE FROM assignments"+w.text(), w.args
		if !a.Empty() {
			statement, args = "UPDATE assignments SET until_at = ?, ended = ?"+w.text(), append([]any{micros(a.Until), a.Ended}, w.args...)
		}
		if err := t.change(ctx, "assignment", statement, args...); err != nil {
			return err
		}
	}
	for _, a := range effect.Opened {
		if err := t.insertAssignment(ctx, tenant.Partner, a); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) insertAssignment(ctx context.Context, partner customer.OrgID, a usage.Assignment) error {
	until := int64(whileItLasts)
	if !a.Open() {
		until = micros(a.Until)
	}
	return t.insert(ctx, "assignments", "partner_id, "+assignmentColumns, string(partner), string(a.Customer), string(a.SubjectKind), string(a.Subject),
		string(a.Package), a.Begun, string(a.Person), string(a.Location), string(a.License), micros(a.From), until, a.Ended)
}

// refold makes the assignments of one subject again from its events.
func (t *tx) refold(ctx context.Context, tenant customer.Tenant, subject usage.SubjectID) error {
	w := ofTenant("", tenant)
	w.equal("subject", string(subject))
	assignments, err := t.fold(ctx, w)
	if err != nil {
		return err
	}
	w = ofTenant("", tenant)
	w.equal("subject_id", string(subject))
	if _, err := t.exec(ctx, "forget assignments", "DELETE FROM assignments"+w.text(), w.args...); err != nil {
		return err
	}
	return t.insertAssignments(ctx, tenant.Partner, assignments)
}

func (t *tx) insertAssignments(ctx context.Context, partner customer.OrgID, list []usage.Assignment) error {
	for _, a := range list {
		if err := t.insertAssignment(ctx, partner, a); err != nil {
			return err
		}
	}
	return nil
}

// fold reads the events about packages that conditions leave, and returns what they come to.
func (r reader) fold(ctx context.Context, w where) ([]usage.Assignment, error) {
	events, err := r.eventsOf(ctx, w, usage.ChangeKinds())
	if err != nil {
		return nil, err
	}
	changes := make([]usage.Change, 0, len(events))
	for _, e := range events {
		if c, ok := usage.ChangeOf(e); ok {
			changes = append(changes, c)
		}
	}
	return usage.Fold(changes), nil
}

// FoldEvents implements billing.Reader.
func (r reader) FoldEvents(ctx context.Context, tenant customer.Tenant) ([]usage.Assignment, error) {
	return r.fold(ctx, ofTenant("", tenant))
}

// RebuildAssignments implements billing.Tx.
func (t *tx) RebuildAssignments(ctx context.Context, tenant customer.Tenant) error {
	assignments, err := t.FoldEvents(ctx, tenant)
	if err != nil {
		return err
	}
	w := ofTenant("", tenant)
	if _, err := t.exec(ctx, "forget assignments", "DELETE FROM assignments"+w.text(), w.args...); err != nil {
		return err
	}
	if err := t.insertAssignments(ctx, tenant.Partner, assignments); err != nil {
		return err
	}
	if err := t.rebuildOrders(ctx, tenant); err != nil {
		return err
	}
	return t.rebuildFacts(ctx, tenant)
}

// SubjectAssignments implements billing.Reader.
func (r reader) SubjectAssignments(ctx context.Context, tenant customer.Tenant, subject usage.SubjectID) ([]usage.Assignment, error) {
	w := ofTenant("", tenant)
	w.among("subject_kind", []string{string(usage.KindPerson), string(usage.KindWorkspace)}) // so that the key finds them
	w.equal("subject_id", string(subject))
	var rows []assignmentRow
	err := r.all(ctx, &rows, "read assignments", assignmentSelect+w.text()+" ORDER BY from_at, package, begun", w.args...)
	return nouns(rows, assignmentRow.noun), err
}

// Assignments implements billing.Reader.
func (r reader) Assignments(ctx context.Context, tenant customer.Tenant, span usage.Span, after billing.AssignmentCursor, most int) ([]usage.Assignment, error) {
	w := ofTenant("", tenant)
	switch {
	case after == (billing.AssignmentCursor{}):
	case tenant.Customer != "": // SQLite would leave a comparison that begins with what is known, and read all of a customer's before the place
		w.add("(subject_kind, subject_id, package, begun) > (?, ?, ?, ?)", string(after.Kind), string(after.Subject), string(after.Package), after.Begun)
	default:
		w.add("(org_id, subject_kind, subject_id, package, begun) > (?, ?, ?, ?, ?)",
			string(after.Customer), string(after.Kind), string(after.Subject), string(after.Package), after.Begun)
	}
	w.add("until_at > ? AND from_at < ?", micros(span.Begin()), micros(span.End()))
	var rows []assignmentRow
	err := r.all(ctx, &rows, "read assignments", assignmentSelect+w.text()+assignmentOrder+" LIMIT ?", append(w.args, most)...)
	return nouns(rows, assignmentRow.noun), err
}
