package billing

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"math"
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

// billedFrom returns the first day that is billed of what began at a moment; 0: all are.
func (s Standing) billedFrom(partner usage.PartnerHistory, began time.Time) usage.Day {
	return max(s.History.BilledFrom(s.Zone, began), partner.At(began).Billing)
}

// account is on whose account the usage goes, as it was known when a day of the customer's zone ended.
func (s Standing) account(partner customer.Partner, last usage.Day) usage.Account {
	facts := s.At(last)
	return usage.Account{PartnerName: partner.Name, Partner: partner.ID, Customer: s.Customer, ExternalID: facts.ExternalID, Subscription: facts.Subscription}
}

// DaySum is what a customer used of a package on a day, at one location and with one licence. What it ordered once has the name of its service for a package.
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

// The pace of closing: how often is looked for days that are over, and how many customers and assignments are read at a time. A step is a transaction: so many days
// and so many sums at most, unless a single day has more, so that a customer of a hundred thousand holds nobody up, and years of absence need no more memory.
const (
	closeInterval = 10 * time.Minute
	closeBatch    = 500
	readBatch     = 2000
	stepDays      = 31
	stepSums      = 20_000
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
// light. It goes in steps, each a transaction of one customer that begins where the one before ended, so that it can be cut off anywhere, and run by several
// nodes at once; what is closed already stays as it is. A customer whose days can't be closed keeps nobody else's open: its error is returned at the end.
func (l *Ledger) CloseDays(ctx context.Context) error {
	latest := usage.DayOf(l.now().UTC().Add(14 * time.Hour)) // which day it is where it is latest: no zone is further
	var after customer.Tenant
	var failed error
	for {
		list, err := l.store.AnyTenantUnclosed(ctx, latest-1, after, closeBatch)
		if err != nil {
			return errors.Join(failed, err)
		}
		for _, tenant := range list {
			if err := l.closeCustomer(ctx, tenant); err != nil {
				failed = errors.Join(failed, err)
			}
			after = tenant
		}
		if len(list) < closeBatch || ctx.Err() != nil {
			return failed
		}
	}
}

// closeCustomer closes what is over of one customer.
func (l *Ledger) closeCustomer(ctx context.Context, tenant customer.Tenant) error {
	for more := true; more; {
		var err error
		if more, err = l.closeStep(ctx, tenant); err != nil {
			return err
		}
	}
	return nil
}

// closeStep restates or closes some days of a customer, the earliest first, and reports whether there are more.
func (l *Ledger) closeStep(ctx context.Context, tenant customer.Tenant) (bool, error) {
	var more bool
	err := l.store.Update(ctx, tenant, func(tx Tx) error {
		more = false
		standings, err := tx.Standings(ctx, tenant, "", 1)
		if err != nil || len(standings) == 0 {
			return err
		}
		c := standings[0]
		if !c.Stale.IsZero() {
			more = true // the days behind what is restated
			return l.restate(ctx, tx, c)
		}
		more, err = l.closeNext(ctx, tx, c)
		return err
	})
	return more && err == nil, err
}

// closeNext sums up days for the first time, and reports whether there are more that are over.
func (l *Ledger) closeNext(ctx context.Context, tx Tx, c Standing) (bool, error) {
	first, last := c.Through+1, c.Zone.Day(l.now())-1
	if c.Through == 0 {
		begun, err := tx.FirstUsage(ctx, c.Tenant())
		if err != nil || begun.IsZero() {
			return false, err
		}
		first = c.Zone.Day(begun)
	}
	if last < first {
		return false, nil
	}
	span, sums, err := sumStep(ctx, tx, c, first, last)
	if err != nil {
		return false, err
	}
	if len(sums) > 0 {
		if err := tx.SetDaySums(ctx, c.Tenant(), span.First(), span.Last(), sums); err != nil {
			return false, err
		}
		facts := map[string]any{"first": span.First().String(), "last": span.Last().String(), "units": unitsOf(sums).String()}
		if err := l.recordDays(ctx, tx, c, EventDaysClosed, facts); err != nil {
			return false, err
		}
	}
	return span.Last() < last, tx.SetClosed(ctx, c.Tenant(), span.Last(), span.End())
}

func unitsOf(sums []DaySum) usage.Units {
	var units usage.Units
	for _, sum := range sums {
		units += sum.Units
	}
	return units
}

// restate sums up closed days anew from the first that doesn't hold, and says what differs.
func (l *Ledger) restate(ctx context.Context, tx Tx, c Standing) error {
	span, sums, err := sumStep(ctx, tx, c, min(c.Zone.Day(c.Stale), c.Through), c.Through)
	if err != nil {
		return err
	}
	before, err := keptSums(ctx, tx, c, span)
	if err != nil {
		return err
	}
	if err := tx.SetDaySums(ctx, c.Tenant(), span.First(), span.Last(), sums); err != nil {
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
	if span.Last() < c.Through {
		return tx.SetStale(ctx, c.Tenant(), span.End())
	}
	return tx.SetClosed(ctx, c.Tenant(), c.Through, span.End())
}

// keptSums reads what is kept of some days, day by day.
func keptSums(ctx context.Context, r Reader, c Standing, span usage.Span) ([]DaySum, error) {
	var kept []DaySum
	for day := span.First(); day <= span.Last(); day++ {
		some, err := r.DaySums(ctx, c.Tenant(), day, day)
		if err != nil {
			return nil, err
		}
		for _, sum := range some {
			sum.Day = day
			kept = append(kept, sum)
		}
	}
	return kept, nil
}

func (l *Ledger) recordDays(ctx context.Context, tx Tx, c Standing, kind customer.EventKind, facts map[string]any) error {
	return tx.Record(ctx, customer.Event{
		Time: l.now(), Tenant: c.Tenant(), Actor: customer.System(c.Partner).Email, Kind: kind, Subject: string(c.Customer), Data: facts,
	})
}

// sumStep adds up the first of some days by day: as many as a step takes.
func sumStep(ctx context.Context, r Reader, c Standing, first, last usage.Day) (usage.Span, []DaySum, error) {
	for days := stepDays; ; days /= 2 {
		span := usage.NewSpan(c.Zone, first, min(last, first+usage.Day(days)-1))
		most := stepSums
		if days <= 1 {
			most = math.MaxInt
		}
		sums, fits, err := sumDays(ctx, r, c, span, most)
		if err != nil || fits {
			return span, sums, err
		}
	}
}

// sumDays adds up a customer's assignments by day; false when there are more sums than asked for. It holds the sums, and a page of assignments.
func sumDays(ctx context.Context, r Reader, c Standing, span usage.Span, most int) ([]DaySum, bool, error) {
	partner, err := r.PartnerHistory(ctx, c.Partner)
	if err != nil {
		return nil, false, err
	}
	sums := map[DaySum]usage.Units{}
	var after AssignmentCursor
	for {
		list, err := r.Assignments(ctx, c.Tenant(), span, after, readBatch)
		if err != nil {
			return nil, false, err
		}
		for _, a := range list {
			a.BilledFrom = c.billedFrom(partner, a.From)
			for day, units := range span.ByDay(a) {
				sums[DaySum{Day: day, Customer: a.Customer, Package: a.Package, Location: a.Location, License: a.License}] += units
			}
			after = CursorOf(a)
		}
		if len(sums) > most {
			return nil, false, nil
		}
		if len(list) < readBatch {
			err := addOrders(ctx, r, c, span, sums)
			return sorted(sums), true, err
		}
	}
}

// addOrders adds what a customer ordered once to the sums of the days.
func addOrders(ctx context.Context, r Reader, c Standing, span usage.Span, sums map[DaySum]usage.Units) error {
	orders, err := r.Orders(ctx, c.Tenant(), span.Begin(), span.End())
	for _, o := range orders {
		if row, billed := span.OrderRow(usage.Account{}, o); billed {
			sums[DaySum{Day: c.Zone.Day(o.At), Customer: c.Customer, Package: o.Service.Package(), Location: o.Location}] += row.Quantity
		}
	}
	return err
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
