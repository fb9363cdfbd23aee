package billing

import (
	"cmp"
	"context"
	"slices"
	"time"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/usage"
)

// DeskConfig is what a Desk needs. Every field must be set.
type DeskConfig struct {
	Store Store
	Now   func() time.Time
}

// Desk answers what partners ask about usage beside reports: how much there is until now, why a number is what it is, how it differs from their own account, and
// what a month came to. It is safe for concurrent use. Its errors are those of the store; each method says what it adds.
type Desk struct {
	store     Store
	now       func() time.Time
	comparing comparing
}

// NewDesk returns a desk.
func NewDesk(c DeskConfig) *Desk {
	return &Desk{store: c.Store, now: c.Now, comparing: comparing{who: map[customer.OrgID]bool{}}}
}

// Query says whose usage is asked for, and of which days.
type Query struct {
	Tenant     customer.Tenant // see Desk.Tenant
	Start, End string          // YYYY-MM-DD; see ParseDate
}

// Amount is how much was used.
type Amount struct {
	Quantity    usage.Units // on days that are over
	Provisional usage.Units // on days that aren't, until now; not in Quantity
}

func (a Amount) plus(b Amount) Amount {
	return Amount{a.Quantity + b.Quantity, a.Provisional + b.Provisional}
}

func (a Amount) isZero() bool { return a == Amount{} }

// Tenant returns whose usage an actor may ask for: of its partner, or of a sub-partner of that; all of it, or one customer's, who may be gone. fault.Invalid for
// what is no sub-partner, fault.NotFound for what is no customer.
func (d *Desk) Tenant(ctx context.Context, actor customer.Actor, subPartner, org customer.OrgID) (customer.Tenant, error) {
	tenant := actor.Tenant()
	if subPartner != "" {
		_, err := d.store.SubPartner(ctx, actor.Partner, subPartner)
		if fault.Is(err, fault.NotFound) {
			return tenant, fault.InvalidField("subPartnerOrgId", "names no sub-partner of yours").WithCode(fault.CodeUnknown)
		}
		if err != nil {
			return tenant, err
		}
		tenant = customer.Tenant{Partner: subPartner}
	}
	if org == "" || org == tenant.Customer || org == tenant.Partner {
		return tenant, nil
	}
	asked := customer.Tenant{Partner: tenant.Partner, Customer: org}
	known, err := d.store.Knows(ctx, asked)
	if err == nil && (!known || tenant.Customer != "") {
		err = fault.New(fault.NotFound, "There is no such customer.")
	}
	return asked, err
}

// view is the usage of some days, as it is at a moment.
type view struct {
	reads       Reader // all of one moment: what is closed, and what isn't, belong together
	tenant      customer.Tenant
	first, last usage.Day
	now         time.Time
	history     usage.PartnerHistory // of the partner
	standings   map[customer.OrgID]Standing
	spans       map[openKey]usage.Span
}

// The bounds of what is asked for at once.
const (
	allDays   = 366 * maxYears // every rule about days allows less
	chartDays = 400            // a point for each day and package
)

// newView reads who is counted of a tenant.
func newView(ctx context.Context, r Reader, tenant customer.Tenant, now time.Time) (*view, error) {
	v := &view{reads: r, tenant: tenant, now: now.UTC().Truncate(time.Microsecond), spans: map[openKey]usage.Span{}}
	return v, v.readStandings(ctx)
}

// look shows fn the days of a query, of which there can be so many.
func (d *Desk) look(ctx context.Context, q Query, most int, fn func(*view) error) error {
	return d.store.Look(ctx, func(r Reader) error {
		v, err := newView(ctx, r, q.Tenant, d.now())
		if err != nil {
			return err
		}
		if err := v.days(q, most); err != nil {
			return err
		}
		return fn(v)
	})
}

// days reads the days of a query.
func (v *view) days(q Query, most int) error {
	var p problems
	latest, _ := ParseDate(v.latest().String())
	start, end := p.recent("startDate", q.Start, latest), p.recent("endDate", q.End, latest)
	v.first, v.last = dayOf(start), dayOf(end)
	switch {
	case start.IsZero() || end.IsZero():
	case end.Before(start):
		p.add(fault.CodeRule, "endDate", "must not be before startDate, %s; it is %s", start, end)
	case int(v.last-v.first) >= most:
		p.add(fault.CodeRule, "endDate", "must be %s or earlier: there can be %d days at once; it is %s", v.first+usage.Day(most)-1, most, end)
	}
	return fault.InvalidProblems("The usage can't be shown", p.list)
}

// readStandings reads who is counted of the tenant.
func (v *view) readStandings(ctx context.Context) error {
	var err error
	if v.history, err = v.reads.PartnerHistory(ctx, v.tenant.Partner); err != nil {
		return err
	}
	v.standings = map[customer.OrgID]Standing{}
	var after customer.OrgID
	for {
		list, err := v.reads.Standings(ctx, v.tenant, after, closeBatch)
		if err != nil {
			return err
		}
		for _, s := range list {
			v.standings[s.Customer], after = s, s.Customer
		}
		if len(list) < closeBatch {
			return nil
		}
	}
}

// latest is which day it is, in the zone of whoever is counted where it is latest; in UTC at least.
func (v *view) latest() usage.Day {
	day := usage.DayOf(v.now)
	for _, s := range v.standings {
		day = max(day, s.Zone.Day(v.now))
	}
	return day
}

// earliest is which day it is, in the zone of whoever is counted where it is earliest; in UTC while nobody is.
func (v *view) earliest() usage.Day {
	if len(v.standings) == 0 {
		return usage.DayOf(v.now)
	}
	day := v.latest()
	for _, s := range v.standings {
		day = min(day, s.Zone.Day(v.now))
	}
	return day
}

// over returns when the last of the days is over for everybody who is counted; in UTC when that is nobody.
func (v *view) over() time.Time {
	var end time.Time
	for _, s := range v.standings {
		if e := s.Zone.Begin(v.last + 1); e.After(end) {
			end = e
		}
	}
	if end.IsZero() {
		end = usage.Zone{}.Begin(v.last + 1)
	}
	return end
}

// provisional reports whether a day isn't over for somebody who is counted.
func (v *view) provisional() bool {
	for _, s := range v.standings {
		if s.Zone.Day(v.now) <= v.last {
			return true
		}
	}
	return len(v.standings) == 0 && usage.DayOf(v.now) <= v.last
}

// openKey says from which day on what is closed doesn't count, in which zone.
type openKey struct {
	zone string
	day  usage.Day
}

// openFrom returns the first day whose closed sums are missing, or don't hold; behind the last day when there is none.
func (v *view) openFrom(s Standing) usage.Day {
	open := max(v.first, s.Through+1)
	if !s.Stale.IsZero() {
		open = min(open, max(v.first, s.Zone.Day(s.Stale)))
	}
	return min(open, v.last+1)
}

// summed is where a view puts its sums: over days that are over, or of one that isn't.
type summed func(s DaySum, provisional bool)

// each gives the sums of the view's days: of closed days, and of the others from assignments. byDay: of each day, by package alone where they are closed; else the
// days that are over are added up. The same thing may come more than once.
func (v *view) each(ctx context.Context, byDay bool, add summed) error {
	read := v.reads.DaySums
	if byDay {
		read = v.reads.DailySums
	}
	list, err := read(ctx, v.tenant, v.first, v.last)
	if err != nil {
		return err
	}
	for _, s := range list {
		add(s, false)
	}
	groups := map[openKey]map[customer.OrgID]Standing{}
	for org, s := range v.standings {
		from := v.openFrom(s)
		if closed := min(s.Through, v.last); from <= closed { // what is closed there doesn't hold
			if list, err = read(ctx, s.Tenant(), from, closed); err != nil {
				return err
			}
			for _, s := range list {
				s.Units = -s.Units
				add(s, false)
			}
		}
		key := openKey{s.Zone.String(), from}
		if v.billedLater(s, from) {
			if err := v.countEach(ctx, s, key, add); err != nil {
				return err
			}
			continue
		}
		if groups[key] == nil {
			groups[key] = map[customer.OrgID]Standing{}
		}
		groups[key][org] = s
	}
	return v.eachOpen(ctx, groups, add)
}

// billedLater reports whether it may matter when something of a customer began: where billing begins behind a day, for what began then or earlier.
func (v *view) billedLater(s Standing, day usage.Day) bool {
	return slices.ContainsFunc(v.history, func(f usage.PartnerFacts) bool { return f.Billing > day }) ||
		slices.ContainsFunc(s.History, func(f usage.Facts) bool { return f.Billing != 0 && max(f.Billing, s.Zone.Day(f.Since)) > day })
}

// countEach adds up the assignments of such a customer, one by one.
func (v *view) countEach(ctx context.Context, s Standing, key openKey, add summed) error {
	group := map[customer.OrgID]Standing{s.Customer: s}
	span, until := v.open(key, group)
	if !span.Begin().Before(until) {
		return nil
	}
	var after AssignmentCursor
	for {
		list, err := v.reads.Assignments(ctx, s.Tenant(), span, after, readBatch)
		if err != nil {
			return err
		}
		for _, a := range list {
			v.add(span, group, a.AsOf(until), 1, add)
			after = CursorOf(a)
		}
		if len(list) < readBatch {
			return v.orders(ctx, s.Tenant(), span, group, add)
		}
	}
}

// orders gives what was ordered once on the days of a group.
func (v *view) orders(ctx context.Context, tenant customer.Tenant, span usage.Span, group map[customer.OrgID]Standing, add summed) error {
	list, err := v.reads.Orders(ctx, tenant, span.Begin(), span.End())
	for _, o := range list {
		s, ok := group[o.Customer]
		if sum, billed := s.orderSum(span, o); ok && billed {
			add(sum, sum.Day >= s.Zone.Day(v.now))
		}
	}
	return err
}

// fewCustomers is up to how many customers are asked for one by one, rather than all of the partner's at once.
const fewCustomers = 16

func (v *view) eachOpen(ctx context.Context, groups map[openKey]map[customer.OrgID]Standing, add summed) error {
	for key, group := range groups {
		if len(group) > fewCustomers {
			if err := v.count(ctx, v.tenant, key, group, add); err != nil {
				return err
			}
			continue
		}
		for _, s := range group {
			if err := v.count(ctx, s.Tenant(), key, group, add); err != nil {
				return err
			}
		}
	}
	return nil
}

// count adds up the assignments of a group's customers from its first open day until now. Those that are held all the time are counted by the database, the others
// come a page at a time.
func (v *view) count(ctx context.Context, tenant customer.Tenant, key openKey, group map[customer.OrgID]Standing, add summed) error {
	span, until := v.open(key, group)
	begin := span.Begin()
	if !begin.Before(until) {
		return nil
	}
	held, err := v.reads.HeldThroughout(ctx, tenant, begin, until)
	if err != nil {
		return err
	}
	for _, h := range held {
		a := usage.Assignment{Customer: h.Customer, Package: h.Package, Location: h.Location, License: h.License, From: begin, Until: until}
		v.add(span, group, a, h.Count, add)
	}
	var after AssignmentCursor
	for {
		list, err := v.reads.HeldPartly(ctx, tenant, begin, until, after, readBatch)
		if err != nil {
			return err
		}
		for _, a := range list {
			v.add(span, group, a.AsOf(until), 1, add)
			after = CursorOf(a)
		}
		if len(list) < readBatch {
			return v.orders(ctx, tenant, span, group, add)
		}
	}
}

// open returns the days of a group that aren't closed, and the moment until which they are counted.
func (v *view) open(key openKey, group map[customer.OrgID]Standing) (usage.Span, time.Time) {
	var span usage.Span
	for _, s := range group {
		span = v.span(s.Zone, key.day) // all have the same zone
		break
	}
	if until := span.End(); until.Before(v.now) {
		return span, until
	}
	return span, v.now
}

// span is the view's days in a zone from one of them on.
func (v *view) span(zone usage.Zone, first usage.Day) usage.Span {
	key := openKey{zone.String(), first}
	span, known := v.spans[key]
	if !known {
		span = usage.NewSpan(zone, first, v.last)
		v.spans[key] = span
	}
	return span
}

// add gives what so many assignments like one come to on each day. Whoever isn't of the group is left out.
func (v *view) add(span usage.Span, group map[customer.OrgID]Standing, a usage.Assignment, count int64, add summed) {
	s, ok := group[a.Customer]
	if !ok {
		return
	}
	a.BilledFrom = s.billedFrom(v.history, a.From)
	today := s.Zone.Day(v.now)
	for day, units := range span.ByDay(a) {
		sum := DaySum{Day: day, Customer: a.Customer, Package: a.Package, Location: a.Location, License: a.License, Units: units * usage.Units(count)}
		add(sum, day >= today)
	}
}

// amount is the sum as what it is.
func (s DaySum) amount(provisional bool) Amount {
	if provisional {
		return Amount{Provisional: s.Units}
	}
	return Amount{Quantity: s.Units}
}

// pageOf cuts a page out of a list that is made in memory, and says whether there is more of it.
func pageOf[T any](list []T, page customer.Page) ([]T, bool) {
	begin := min(page.Offset, len(list))
	end := min(begin+page.Max, len(list))
	return list[begin:end], end < len(list)
}

// recent reads a day that isn't to come and not too long ago. It returns what it can read, also when a rule forbids it.
func (p *problems) recent(field, text string, today Date) Date {
	day, ok := ParseDate(text)
	switch oldest := today.yearsBefore(maxYears); {
	case text == "":
		p.add(fault.CodeMissing, field, "is needed")
	case !ok:
		p.add(fault.CodeRule, field, "must be a date such as 2026-05-01; it is %s", shortened(text))
	case today.Before(day):
		p.add(fault.CodeRule, field, "must not be after today, %s; it is %s", today, day)
	case day.Before(oldest):
		p.add(fault.CodeRule, field, "must be %s or later: usage is shown of %d years; it is %s", oldest, maxYears, day)
	}
	return day
}

// compareAbout orders by customer, package, location and licence.
func compareAbout(a, b DaySum) int {
	return cmp.Or(cmp.Compare(a.Customer, b.Customer), cmp.Compare(a.Package, b.Package), cmp.Compare(a.Location, b.Location), cmp.Compare(a.License, b.License))
}
