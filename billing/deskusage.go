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

// Grouping says what usage is added up by, in the wire's words; always by package too.
type Grouping string

// The groupings.
const (
	ByPackage  Grouping = "package"
	ByCustomer Grouping = "customer"
	ByLocation Grouping = "location" // of each customer
)

// Groupings returns every grouping; the first is what isn't asked for.
func Groupings() []Grouping { return []Grouping{ByPackage, ByCustomer, ByLocation} }

// key keeps of a sum what a grouping tells apart.
func (g Grouping) key(s DaySum) DaySum {
	key := DaySum{Package: s.Package}
	if g == ByCustomer || g == ByLocation {
		key.Customer = s.Customer
	}
	if g == ByLocation {
		key.Location = s.Location
	}
	return key
}

// Usage is the usage of some days.
type Usage struct {
	First, Last usage.Day
	Provisional bool      // not all days are over
	AsOf        time.Time // the moment until which those are counted
	Total       Amount
	Rows        []UsageRow // of a page, ordered by customer, package and location
}

// UsageRow is what was used of a package; by a customer, and at a location, if it is grouped by these.
type UsageRow struct {
	Customer     customer.OrgID
	ExternalID   string
	Subscription string
	Location     customer.LocationID
	Service      usage.Service
	Amount
}

// Usage returns the usage of a query's days, which may be five years, today included; the bool says whether there is more behind the page. fault.Invalid, with the
// fields startDate and endDate, for days that can't be shown.
func (d *Desk) Usage(ctx context.Context, q Query, by Grouping, page customer.Page) (Usage, bool, error) {
	var out Usage
	var more bool
	err := d.look(ctx, q, allDays, func(v *view) error {
		var err error
		out, more, err = v.usage(ctx, by, page)
		return err
	})
	return out, more, err
}

func (v *view) usage(ctx context.Context, by Grouping, page customer.Page) (Usage, bool, error) {
	sums, total, err := v.grouped(ctx, by)
	if err != nil {
		return Usage{}, false, err
	}
	out := Usage{First: v.first, Last: v.last, Provisional: v.provisional(), AsOf: v.now, Total: total}
	keys, more := pageOf(slices.SortedFunc(maps.Keys(sums), compareAbout), page)
	for _, key := range keys {
		s := v.standings[key.Customer].At(v.last)
		out.Rows = append(out.Rows, UsageRow{
			Customer: key.Customer, ExternalID: s.ExternalID, Subscription: s.Subscription, Location: key.Location, Service: usage.ServiceOf(key.Package), Amount: sums[key],
		})
	}
	return out, more, nil
}

// grouped adds up the view's days, and returns the sums that aren't 0, and their total.
func (v *view) grouped(ctx context.Context, by Grouping) (map[DaySum]Amount, Amount, error) {
	sums := map[DaySum]Amount{}
	err := v.each(ctx, false, func(s DaySum, provisional bool) {
		key := by.key(s)
		sums[key] = sums[key].plus(s.amount(provisional))
	})
	var total Amount
	for key, amount := range sums {
		if total = total.plus(amount); amount.isZero() {
			delete(sums, key)
		}
	}
	return sums, total, err
}

// Daily is the usage of each of some days, by package.
type Daily struct {
	First, Last usage.Day
	Provisional bool
	AsOf        time.Time
	Points      []Point // of a page, ordered by day and package
}

// Point is what was used of a package on a day.
type Point struct {
	Day     usage.Day
	Service usage.Service
	Amount
}

// Daily returns the usage of each of a query's days, of which there can be 400; a day on which nothing was used has no point. fault.Invalid as Usage.
func (d *Desk) Daily(ctx context.Context, q Query, page customer.Page) (Daily, bool, error) {
	var out Daily
	var more bool
	err := d.look(ctx, q, chartDays, func(v *view) error {
		var err error
		out, more, err = v.daily(ctx, page)
		return err
	})
	return out, more, err
}

func (v *view) daily(ctx context.Context, page customer.Page) (Daily, bool, error) {
	points := map[Point]Amount{}
	err := v.each(ctx, true, func(s DaySum, provisional bool) {
		key := Point{Day: s.Day, Service: usage.ServiceOf(s.Package)}
		points[key] = points[key].plus(s.amount(provisional))
	})
	if err != nil {
		return Daily{}, false, err
	}
	maps.DeleteFunc(points, func(_ Point, a Amount) bool { return a.isZero() })
	out := Daily{First: v.first, Last: v.last, Provisional: v.provisional(), AsOf: v.now}
	keys, more := pageOf(slices.SortedFunc(maps.Keys(points), func(a, b Point) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Service, b.Service))
	}), page)
	for _, p := range keys {
		p.Amount = points[p]
		out.Points = append(out.Points, p)
	}
	return out, more, nil
}
