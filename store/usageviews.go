package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"dialtone/billing"
	"dialtone/customer"
	"dialtone/usage"
)

// Look implements billing.Store.
func (r reports) Look(ctx context.Context, fn func(billing.Reader) error) error {
	return r.snapshot(ctx, func(at reader) error { return fn(at) })
}

// Knows implements billing.DeskReader.
func (r reader) Knows(ctx context.Context, tenant customer.Tenant) (bool, error) {
	partner, org := string(tenant.Partner), string(tenant.Customer)
	var n int
	err := r.count(ctx, &n, "look for a customer", `SELECT (SELECT count(*) FROM customers WHERE partner_id = ? AND org_id = ?)
		+ (SELECT count(*) FROM usage_customers WHERE partner_id = ? AND org_id = ?)`, partner, org, partner, org)
	return n > 0, err
}

type heldRow struct {
	OrgID      string `db:"org_id"`
	Package    string `db:"package"`
	LocationID string `db:"location_id"`
	LicenseID  string `db:"license_id"`
	Held       int64  `db:"held"`
}

func (r heldRow) noun() billing.Held {
	return billing.Held{
		Customer: customer.OrgID(r.OrgID), Package: customer.Package(r.Package), Location: customer.LocationID(r.LocationID),
		License: usage.LicenseID(r.LicenseID), Count: r.Held,
	}
}

// HeldThroughout implements billing.DeskReader.
func (r reader) HeldThroughout(ctx context.Context, tenant customer.Tenant, from, until time.Time) ([]billing.Held, error) {
	w := ofTenant("", tenant)
	w.add("from_at <= ? AND until_at >= ?", micros(from), micros(until))
	var rows []heldRow
	err := r.all(ctx, &rows, "count assignments", "SELECT org_id, package, location_id, license_id, count(*) AS held FROM assignments"+w.text()+
		" GROUP BY org_id, package, location_id, license_id ORDER BY org_id, package, location_id, license_id", w.args...)
	return nouns(rows, heldRow.noun), err
}

// HeldPartly implements billing.DeskReader.
func (r reader) HeldPartly(ctx context.Context, tenant customer.Tenant, from, until time.Time, after billing.AssignmentCursor, most int) ([]usage.Assignment, error) {
	w := ofTenant("", tenant)
	if after != (billing.AssignmentCursor{}) {
		w.add("(org_id, subject_kind, subject_id, package, begun) > (?, ?, ?, ?, ?)",
			string(after.Customer), string(after.Kind), string(after.Subject), string(after.Package), after.Begun)
	}
	begin, end := micros(from), micros(until)
	w.add("until_at > ? AND from_at < ? AND (from_at > ? OR until_at < ?)", begin, end, begin, end)
	var rows []assignmentRow
	err := r.all(ctx, &rows, "read assignments", assignmentSelect+w.text()+assignmentOrder+" LIMIT ?", append(w.args, most)...)
	return nouns(rows, assignmentRow.noun), err
}

// DailySums implements billing.DeskReader.
func (r reader) DailySums(ctx context.Context, tenant customer.Tenant, first, last usage.Day) ([]billing.DaySum, error) {
	w := ofTenant("", tenant)
	w.runsWithin(first, last)
	var rows []runRow
	err := r.all(ctx, &rows, "add up days", "SELECT package, first_day, last_day, CAST(sum(units) AS BIGINT) AS units FROM "+r.runsOfTenant(tenant)+w.text()+
		" GROUP BY package, first_day, last_day", w.args...)
	return daysOf(rows, first, last), err
}

// daysOf adds up runs by day and package, in that order, for the days from first to last.
func daysOf(runs []runRow, first, last usage.Day) []billing.DaySum {
	units := map[billing.DaySum]usage.Units{}
	for _, run := range runs {
		for day := max(usage.Day(run.FirstDay), first); day <= min(usage.Day(run.LastDay), last); day++ {
			units[billing.DaySum{Day: day, Package: customer.Package(run.Package)}] += usage.Units(run.Units)
		}
	}
	out := make([]billing.DaySum, 0, len(units))
	for s, sum := range units {
		s.Units = sum
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b billing.DaySum) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Package, b.Package))
	})
	return out
}

// FirstSummed implements billing.DeskReader.
func (r reader) FirstSummed(ctx context.Context, tenant customer.Tenant) (usage.Day, error) {
	w := ofTenant("", tenant)
	var day int
	err := r.count(ctx, &day, "find the first day", "SELECT coalesce(min(first_day), 0) FROM "+r.runsOfTenant(tenant)+w.text(), w.args...)
	return usage.Day(day), err
}

type subjectRow struct {
	SubjectKind string `db:"subject_kind"`
	SubjectID   string `db:"subject_id"`
	PersonID    string `db:"person_id"`
}

func (r subjectRow) noun() billing.Subject {
	return billing.Subject{Kind: usage.SubjectKind(r.SubjectKind), ID: usage.SubjectID(r.SubjectID), Person: customer.PersonID(r.PersonID)}
}

// subjectSelect is followed by conditions, subjectGroup and an order.
const (
	subjectSelect = "SELECT subject_kind, subject_id, max(person_id) AS person_id FROM assignments"
	subjectGroup  = " GROUP BY subject_kind, subject_id"
)

// Subjects implements billing.DeskReader.
func (r reader) Subjects(ctx context.Context, tenant customer.Tenant, from, until time.Time, page customer.Page) ([]billing.Subject, bool, error) {
	w := ofTenant("", tenant)
	w.add("until_at > ? AND from_at < ?", micros(from), micros(until))
	var rows []subjectRow
	err := r.all(ctx, &rows, "read who held packages", subjectSelect+w.text()+subjectGroup+" ORDER BY subject_kind, subject_id LIMIT ? OFFSET ?",
		append(w.args, page.Max+1, page.Offset)...)
	more := len(rows) > page.Max
	return nouns(rows[:min(len(rows), page.Max)], subjectRow.noun), more, err
}

// PersonSubjects implements billing.DeskReader.
func (r reader) PersonSubjects(ctx context.Context, tenant customer.Tenant, person customer.PersonID) ([]billing.Subject, error) {
	w := ofTenant("", tenant)
	w.add("subject_kind = ? AND person_id = ?", string(usage.KindPerson), string(person))
	var rows []subjectRow
	err := r.all(ctx, &rows, "read who held packages", subjectSelect+w.text()+subjectGroup+" ORDER BY subject_id", w.args...)
	return nouns(rows, subjectRow.noun), err
}

// EventsNumbered implements billing.DeskReader.
func (r reader) EventsNumbered(ctx context.Context, tenant customer.Tenant, numbers []int64) ([]customer.Event, error) {
	out := make([]customer.Event, 0, len(numbers))
	for part := range sized(numbers) {
		w := ofTenant("", tenant)
		args := make([]any, len(part))
		for i, n := range part {
			args[i] = n
		}
		w.add("id IN "+tuples(1, len(args)), args...)
		var rows []eventRow
		if err := r.all(ctx, &rows, "read events", "SELECT id, "+eventColumns+" FROM events"+w.text(), w.args...); err != nil {
			return nil, err
		}
		out = append(out, nouns(rows, eventRow.noun)...)
	}
	slices.SortFunc(out, func(a, b customer.Event) int { return cmp.Compare(a.ID, b.ID) })
	return out, nil
}
