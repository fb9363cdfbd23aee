package billing

import (
	"cmp"
	"context"
	"io"
	"slices"
	"sync"
	"time"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/usage"
)

// Comparison says how a partner's own account differs from ours.
type Comparison struct {
	First, Last          usage.Day
	Type                 usage.Type
	Ours, Theirs         usage.Units // the sums of both
	OurRows, TheirRows   int
	Causes               []CauseCount       // those that there are, in the order in which they are looked for
	Differences          []usage.Difference // the first of them, ordered by what they are about
	NumberOfDifferences  int                // of all
	MostDifferencesShown int
}

// By returns how much more theirs has than ours.
func (c Comparison) By() usage.Units { return c.Theirs - c.Ours }

// CauseCount says how many differences have a cause, and what they come to.
type CauseCount struct {
	Cause usage.Cause
	Count int
	By    usage.Units // how much more theirs has than ours
}

// maxDifferences is how many differences an answer has. All of them are counted.
const maxDifferences = 1000

// comparingTime is when asking again makes sense while somebody else compares.
const comparingTime = 10 * time.Second

// maxComparing is how many accounts are compared at a time, each of another partner: two of usage.MaxStatementRows and their differences take about 250 MB.
const maxComparing = 2

// comparing knows who compares.
type comparing struct {
	mu  sync.Mutex
	who map[customer.OrgID]bool
}

// begin reports whether a partner may compare now; then it must end, too.
func (c *comparing) begin(partner customer.OrgID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.who[partner] || len(c.who) >= maxComparing {
		return false
	}
	c.who[partner] = true
	return true
}

func (c *comparing) end(partner customer.OrgID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.who, partner)
}

// Reconcile compares a partner's own account with ours. kind is the type of report that it is compared with; empty: the one with the fewest columns that has all of
// the file's. All days must be over.
//
// fault.Invalid as Usage, for a day that isn't over in UTC, for a file that usage.ReadStatement can't read, for one with columns that the type hasn't, and when there
// are more rows of ours than a file may have. fault.Conflict while a day isn't over in some customer's zone. fault.Limited while as many compare as may, for
// the memory that it takes.
func (d *Desk) Reconcile(ctx context.Context, q Query, kind usage.Type, file io.Reader) (Comparison, error) {
	if err := d.look(ctx, q, allDays, (*view).mustBeOver); err != nil { // before the file is read
		return Comparison{}, err
	}
	if !d.comparing.begin(q.Tenant.Partner) {
		busy := fault.New(fault.Limited, "Other accounts are being compared. Send yours again in %s.", comparingTime)
		busy.RetryAfter = comparingTime
		return Comparison{}, busy
	}
	defer d.comparing.end(q.Tenant.Partner)
	theirs, err := usage.ReadStatement(file)
	if err != nil {
		return Comparison{}, err
	}
	if kind, err = typeFor(theirs.Columns, kind); err != nil {
		return Comparison{}, err
	}
	var out Comparison
	err = d.look(ctx, q, allDays, func(v *view) error {
		ours, err := v.rows(ctx, kind)
		if err == nil {
			out = v.compared(kind, ours, theirs)
		}
		return err
	})
	return out, err
}

// mustBeOver refuses days that aren't over in the zones of all who are counted, as reports do.
func (v *view) mustBeOver() error {
	if today := v.earliest(); v.last >= today {
		return fault.InvalidField("endDate", "must be before today, %s in the time zone of your billing subscription, as usage is known when a day is over; it is %s", today, v.last)
	}
	return nil
}

// openUntil says that a day or a month isn't over.
func openUntil(what string, over time.Time) error {
	return fault.New(fault.Conflict, "%s is over in all time zones of your subscriptions at %s. Try again then.", what, over.Format(time.RFC3339)).WithCode(fault.CodeDaysOpen)
}

// typeFor returns the type of report to compare a file's columns with.
func typeFor(columns []string, asked usage.Type) (usage.Type, error) {
	if asked != "" {
		if missing := missingIn(columns, asked); missing != "" {
			return asked, fault.InvalidField("type", "%s reports have no column %s, which the file has: compare with another type, or leave that column out", asked, missing)
		}
		return asked, nil
	}
	for _, kind := range usage.Types() {
		if missingIn(columns, kind) == "" {
			return kind, nil
		}
	}
	return usage.TypeUser, nil
}

// missingIn returns the first of some columns that reports of a type don't have; "" for none.
func missingIn(columns []string, kind usage.Type) string {
	has := usage.Columns(kind)
	at := slices.IndexFunc(columns, func(name string) bool {
		return !slices.ContainsFunc(has, func(c usage.Column) bool { return c.Name == name })
	})
	if at < 0 {
		return ""
	}
	return columns[at]
}

// rows are the rows that a report of a type has.
func (v *view) rows(ctx context.Context, kind usage.Type) ([]usage.Row, error) {
	partner, _, err := partnerAt(ctx, v.reads, v.tenant.Partner, v.last)
	if err != nil {
		return nil, err
	}
	if kind == usage.TypeUser {
		return v.users(ctx, partner)
	}
	tally := usage.NewTally(kind)
	err = v.each(ctx, false, func(s DaySum, _ bool) {
		tally.Add(usage.Row{
			Account: v.standings[s.Customer].account(partner, v.last), Service: usage.ServiceOf(s.Package), First: v.first, Last: v.last, Quantity: s.Units,
			Location: s.Location, License: s.License,
		})
	})
	if err != nil {
		return nil, err
	}
	rows := tally.Rows()
	return rows, notTooMany(rows)
}

// notTooMany refuses more rows of ours than a file may have.
func notTooMany(rows []usage.Row) error {
	if len(rows) > usage.MaxStatementRows {
		return fault.InvalidField("type", "we have more than %d rows of this type: compare with another type, or name one customer as orgId", usage.MaxStatementRows)
	}
	return nil
}

// users are the rows of a report by user: one for each assignment and order, which comparing adds up.
func (v *view) users(ctx context.Context, partner customer.Partner) ([]usage.Row, error) {
	// Zones differ by a day and a bit at most: what a customer's own days leave out has no usage.
	wide := usage.NewSpan(usage.Zone{}, v.first-1, v.last+1)
	var out []usage.Row
	var after AssignmentCursor
	for more := true; more; {
		list, err := v.reads.Assignments(ctx, v.tenant, wide, after, readBatch)
		if err != nil {
			return nil, err
		}
		for _, a := range list {
			s := v.standings[a.Customer]
			a.BilledFrom = s.billedFrom(v.history, a.From)
			if row := v.span(s.Zone, v.first).Row(s.account(partner, v.last), a); row.Quantity != 0 {
				out = append(out, row)
			}
			after = CursorOf(a)
		}
		if err := notTooMany(out); err != nil {
			return nil, err
		}
		more = len(list) == readBatch
	}
	orders, err := v.reads.Orders(ctx, v.tenant, wide.Begin(), wide.End())
	if err != nil {
		return nil, err
	}
	for _, o := range orders {
		s := v.standings[o.Customer]
		if row, billed := v.span(s.Zone, v.first).OrderRow(s.account(partner, v.last), o); billed {
			out = append(out, row)
		}
	}
	return out, notTooMany(out)
}

// compared makes the answer.
func (v *view) compared(kind usage.Type, ours []usage.Row, theirs usage.Statement) Comparison {
	all := theirs.Compare(ours)
	out := Comparison{
		First: v.first, Last: v.last, Type: kind, Ours: usage.Sum(ours), Theirs: usage.Sum(theirs.Rows), OurRows: len(ours), TheirRows: len(theirs.Rows),
		Differences: all[:min(len(all), maxDifferences)], NumberOfDifferences: len(all), MostDifferencesShown: maxDifferences,
	}
	for _, d := range all {
		at := slices.IndexFunc(out.Causes, func(c CauseCount) bool { return c.Cause == d.Cause })
		if at < 0 {
			at = len(out.Causes)
			out.Causes = append(out.Causes, CauseCount{Cause: d.Cause})
		}
		out.Causes[at].Count++
		out.Causes[at].By += d.By()
	}
	slices.SortFunc(out.Causes, func(a, b CauseCount) int {
		return cmp.Compare(slices.Index(usage.Causes(), a.Cause), slices.Index(usage.Causes(), b.Cause))
	})
	return out
}
