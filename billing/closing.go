package billing

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"dialtone/customer"
	"dialtone/usage"
)

// Standing is a customer whose usage is counted: it may be gone.
type Standing struct {
	Partner  customer.OrgID
	Customer customer.OrgID
	History  usage.History // what was known of it, and when
	Zone     usage.Zone    // of the subscription that it began on
	Through  usage.Day     // the last day that is closed; 0 for none
	Stale    time.Time     // from this moment on closed days don't hold, as something came to light later; zero: they do
}

// Tenant returns whose usage it is.
func (s Standing) Tenant() customer.Tenant {
	return customer.Tenant{Partner: s.Partner, Customer: s.Customer}
}

// At returns what was known of the customer when a day of its zone ended.
func (s Standing) At(day usage.Day) usage.Facts {
	return s.History.At(s.Zone.Begin(day + 1).Add(-time.Microsecond))
}

// DaySum is what a customer used of a package on a day, at one location and with one licence.
type DaySum struct {
	Day      usage.Day // 0 in what is added up over several
	Customer customer.OrgID
	Package  customer.Package
	Location customer.LocationID
	License  usage.LicenseID
	Units    usage.Units
}

// about is what the sum says something of.
func (s DaySum) about() DaySum {
	s.Units = 0
	return s
}

// The kinds of event that happen to days.
const (
	EventDaysClosed  customer.EventKind = "usage.closed"   // first, last, units: of all packages
	EventDayRestated customer.EventKind = "usage.restated" // day, package, location, license, before, after: of a day that was closed
)

// The pace of closing: how often is looked for days that are over, and how many customers are read at a time.
const (
	closeInterval = 10 * time.Minute
	closeBatch    = 500
	readBatch     = 2000 // assignments
)

// Run closes days that are over until ctx ends, the first at once.
func (l *Ledger) Run(ctx context.Context) error {
	ticks := time.NewTicker(closeInterval)
	defer ticks.Stop()
	for {
		if err := l.CloseDays(ctx); err != nil && ctx.Err() == nil {
			l.logger.WarnContext(ctx, "days of usage are open until the next round", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticks.C:
		}
	}
}

// CloseDays sums up every customer's days that are over and weren't summed up yet, however many they are, and restates those about which something came to
// light. Each customer is a transaction of its own, so that it can be cut off anywhere, and run by several nodes; what is closed already stays as it is.
func (l *Ledger) CloseDays(ctx context.Context) error {
	now := l.now()
	latest := usage.DayOf(now.UTC().Add(14 * time.Hour)) // which day it is where it is latest: no zone is further
	var after customer.Tenant
	for {
		list, err := l.store.AnyTenantUnclosed(ctx, latest-1, after, closeBatch)
		if err != nil {
			return err
		}
		for _, tenant := range list {
			if err := l.store.Update(ctx, tenant, func(tx Tx) error { return l.closeCustomer(ctx, tx, tenant, now) }); err != nil {
				return err
			}
			after = tenant
		}
		if len(list) < closeBatch {
			return nil
		}
	}
}

// closeCustomer closes what is over of one customer.
func (l *Ledger) closeCustomer(ctx context.Context, tx Tx, tenant customer.Tenant, now time.Time) error {
	standings, err := tx.Standings(ctx, tenant, "", 1)
	if err != nil || len(standings) == 0 {
		return err
	}
	c := standings[0]
	last := max(c.Zone.Day(now)-1, c.Through)
	first := c.Through + 1
	if c.Through == 0 {
		begun, err := tx.FirstUsage(ctx, tenant)
		if err != nil || begun.IsZero() {
			return err
		}
		first = c.Zone.Day(begun)
	}
	if !c.Stale.IsZero() {
		if err := l.restate(ctx, tx, c, min(c.Zone.Day(c.Stale), c.Through)); err != nil {
			return err
		}
	}
	if first <= last {
		if err := l.closeSpan(ctx, tx, c, usage.NewSpan(c.Zone, first, last)); err != nil {
			return err
		}
	} else if c.Stale.IsZero() {
		return nil
	}
	return tx.SetClosed(ctx, tenant, last, c.Zone.Begin(last+1))
}

// closeSpan sums up days for the first time.
func (l *Ledger) closeSpan(ctx context.Context, tx Tx, c Standing, span usage.Span) error {
	sums, err := sumDays(ctx, tx, c, span)
	if err != nil || len(sums) == 0 {
		return err
	}
	if err := tx.SetDaySums(ctx, c.Tenant(), span.First(), span.Last(), sums); err != nil {
		return err
	}
	var units usage.Units
	for _, sum := range sums {
		units += sum.Units
	}
	facts := map[string]any{"first": span.First().String(), "last": span.Last().String(), "units": units.String()}
	return l.recordDays(ctx, tx, c, EventDaysClosed, facts)
}

// restate sums up closed days from one on anew, and says what differs.
func (l *Ledger) restate(ctx context.Context, tx Tx, c Standing, first usage.Day) error {
	span := usage.NewSpan(c.Zone, first, c.Through)
	sums, err := sumDays(ctx, tx, c, span)
	if err != nil {
		return err
	}
	var before []DaySum
	for day := first; day <= c.Through; day++ {
		some, err := tx.DaySums(ctx, c.Tenant(), day, day)
		if err != nil {
			return err
		}
		for _, sum := range some {
			sum.Day = day
			before = append(before, sum)
		}
	}
	if err := tx.SetDaySums(ctx, c.Tenant(), first, c.Through, sums); err != nil {
		return err
	}
	for _, d := range differing(before, sums) {
		facts := map[string]any{
			"day": d.about.Day.String(), "package": d.about.Package, "location": d.about.Location, "license": d.about.License,
			"before": d.before.String(), "after": d.after.String(),
		}
		if err := l.recordDays(ctx, tx, c, EventDayRestated, facts); err != nil {
			return err
		}
	}
	return nil
}

func (l *Ledger) recordDays(ctx context.Context, tx Tx, c Standing, kind customer.EventKind, facts map[string]any) error {
	return tx.Record(ctx, customer.Event{
		Time: l.now(), Tenant: c.Tenant(), Actor: customer.System(c.Partner).Email, Kind: kind, Subject: string(c.Customer), Data: facts,
	})
}

// sumDays adds up a customer's assignments by day. It holds the sums, and a page of assignments.
func sumDays(ctx context.Context, r Reader, c Standing, span usage.Span) ([]DaySum, error) {
	partner, err := r.PartnerHistory(ctx, c.Partner)
	if err != nil {
		return nil, err
	}
	sums := map[DaySum]usage.Units{}
	var after AssignmentCursor
	for {
		list, err := r.Assignments(ctx, c.Tenant(), span, after, readBatch)
		if err != nil {
			return nil, err
		}
		for _, a := range list {
			a.BilledFrom = max(c.History.BilledFrom(c.Zone, a.From), partner.At(a.From).Billing)
			for day, units := range span.ByDay(a) {
				sums[DaySum{Day: day, Customer: a.Customer, Package: a.Package, Location: a.Location, License: a.License}] += units
			}
			after = CursorOf(a)
		}
		if len(list) < readBatch {
			return sorted(sums), nil
		}
	}
}

func sorted(sums map[DaySum]usage.Units) []DaySum {
	out := make([]DaySum, 0, len(sums))
	for _, s := range slices.SortedFunc(maps.Keys(sums), compareSums) {
		s.Units = sums[s]
		out = append(out, s)
	}
	return out
}

func compareSums(a, b DaySum) int {
	return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Customer, b.Customer), cmp.Compare(a.Package, b.Package), cmp.Compare(a.Location, b.Location),
		cmp.Compare(a.License, b.License))
}

// difference is a sum that isn't what it was.
type difference struct {
	about         DaySum
	before, after usage.Units
}

// differing returns what differs between two lists of sums, in order.
func differing(before, after []DaySum) []difference {
	all := map[DaySum]difference{}
	for _, s := range before {
		all[s.about()] = difference{about: s.about(), before: s.Units}
	}
	for _, s := range after {
		d := all[s.about()]
		d.about, d.after = s.about(), s.Units
		all[s.about()] = d
	}
	var out []difference
	for _, about := range slices.SortedFunc(maps.Keys(all), compareSums) {
		if d := all[about]; d.before != d.after {
			out = append(out, d)
		}
	}
	return out
}
