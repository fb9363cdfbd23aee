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

// EventMonthClosed is about a month: units, of all packages.
const EventMonthClosed customer.EventKind = "usage.month_closed"

// MonthState says how far a month is, in the wire's words.
type MonthState string

// The states of a month. A closed one stays so.
const (
	MonthOpen   MonthState = "open"   // it isn't over in all time zones of the partner's subscriptions
	MonthOver   MonthState = "over"   // it is, and can be closed
	MonthClosed MonthState = "closed" // its sums are frozen
)

// MonthUsage is the usage of a month: of a closed one what was frozen.
type MonthUsage struct {
	Month    Month
	State    MonthState
	Closing  Closing   // of a closed one
	AsOf     time.Time // the moment until which an open one is counted
	Total    Amount
	Services []ServiceUsage // in order; never nil
}

// ServiceUsage is what was used of a package.
type ServiceUsage struct {
	Service usage.Service
	Amount
}

// MonthDetail is a month with what was restated since it was closed. What isn't closed has no adjustments.
type MonthDetail struct {
	MonthUsage
	Restated    Restated          // of all
	ByService   []ServiceRestated // all of them, in order
	Adjustments []Adjustment      // of a page: what differs, ordered by customer, package, location and licence
}

// ServiceRestated is the same of one service.
type ServiceRestated struct {
	Service usage.Service
	Restated
}

// months reads who is counted, and returns the first and the last month that there is anything of; 0 for none.
func (d *Desk) months(ctx context.Context, r Reader, tenant customer.Tenant) (*view, Month, Month, error) {
	v, err := newView(ctx, r, tenant, d.now())
	if err != nil || len(v.standings) == 0 {
		return v, 0, 0, err
	}
	latest := monthOf(v.latest())
	first, err := r.FirstSummed(ctx, tenant)
	if err != nil || first != 0 {
		return v, monthOf(first), latest, err
	}
	begun, err := r.FirstUsage(ctx, tenant)
	if err != nil || begun.IsZero() {
		return v, 0, 0, err
	}
	return v, min(monthOf(usage.DayOf(begun)), latest), latest, nil
}

// of narrows the view to a month.
func (v *view) of(m Month) {
	v.first, v.last = m.First(), m.Last()
	v.spans = map[openKey]usage.Span{}
}

// Months lists the months of a tenant in which there is usage, and those between them, the newest first. The bool says whether there are more behind the page.
func (d *Desk) Months(ctx context.Context, tenant customer.Tenant, page customer.Page) ([]MonthUsage, bool, error) {
	var out []MonthUsage
	var more bool
	err := d.store.Look(ctx, func(r Reader) error {
		v, first, last, err := d.months(ctx, r, tenant)
		if err != nil || last == 0 {
			return err
		}
		var list []Month
		for m := last; m >= first; m-- {
			list = append(list, m)
		}
		list, more = pageOf(list, page)
		out = make([]MonthUsage, len(list))
		for i, m := range list {
			if out[i], err = v.month(ctx, m); err != nil {
				return err
			}
		}
		return nil
	})
	return out, more, err
}

// month returns a month: as it was frozen, or as it stands.
func (v *view) month(ctx context.Context, m Month) (MonthUsage, error) {
	v.of(m)
	out := MonthUsage{Month: m, State: MonthOpen, AsOf: v.now, Services: []ServiceUsage{}}
	if !v.over().After(v.now) {
		out.State = MonthOver
	}
	closing, err := v.reads.Closing(ctx, v.tenant.Partner, m)
	if err == nil {
		frozen, err := v.reads.FrozenSums(ctx, v.tenant, m)
		out.State, out.Closing = MonthClosed, closing
		for _, s := range frozen {
			out.add(s, s.amount(false))
		}
		return out, err
	}
	if !fault.Is(err, fault.NotFound) {
		return out, err
	}
	sums, _, err := v.grouped(ctx, ByPackage)
	for key, amount := range sums {
		out.add(key, amount)
	}
	slices.SortFunc(out.Services, func(a, b ServiceUsage) int { return cmp.Compare(a.Service, b.Service) })
	return out, err
}

func (m *MonthUsage) add(s DaySum, a Amount) {
	m.Services = append(m.Services, ServiceUsage{usage.ServiceOf(s.Package), a})
	m.Total = m.Total.plus(a)
}

// Month returns one month with its adjustments; the bool says whether there are more of them behind the page. fault.NotFound for a month that isn't in Months.
func (d *Desk) Month(ctx context.Context, tenant customer.Tenant, month Month, page customer.Page) (MonthDetail, bool, error) {
	var out MonthDetail
	var more bool
	err := d.store.Look(ctx, func(r Reader) error {
		v, first, last, err := d.months(ctx, r, tenant)
		if err != nil {
			return err
		}
		if month < first || month > last || last == 0 {
			return noMonth()
		}
		out, more, err = v.detail(ctx, month, page)
		return err
	})
	return out, more, err
}

// detail returns a month with its adjustments.
func (v *view) detail(ctx context.Context, month Month, page customer.Page) (MonthDetail, bool, error) {
	m, err := v.month(ctx, month)
	out := MonthDetail{MonthUsage: m, Adjustments: []Adjustment{}}
	if err != nil || m.State != MonthClosed {
		return out, false, err
	}
	if err := v.adjust(ctx, &out); err != nil {
		return out, false, err
	}
	list, more, err := v.reads.Adjustments(ctx, v.tenant, month, page)
	out.Adjustments = list
	return out, more, err
}

func noMonth() error {
	return fault.New(fault.NotFound, "There is no such month with usage.")
}

// adjust adds up what the days of a closed month come to now, beside what was frozen.
func (v *view) adjust(ctx context.Context, out *MonthDetail) error {
	now := map[usage.Service]usage.Units{}
	list, err := v.reads.DaySums(ctx, v.tenant, v.first, v.last)
	if err != nil {
		return err
	}
	for _, s := range list {
		now[usage.ServiceOf(s.Package)] += s.Units
	}
	frozen := map[usage.Service]usage.Units{}
	for _, s := range out.Services {
		frozen[s.Service] = s.Quantity
		now[s.Service] += 0 // so that it is among them
	}
	services := make([]usage.Service, 0, len(now))
	for s := range now {
		services = append(services, s)
	}
	slices.Sort(services)
	for _, s := range services {
		r := Restated{Frozen: frozen[s], Now: now[s]}
		out.ByService = append(out.ByService, ServiceRestated{s, r})
		out.Restated.Frozen, out.Restated.Now = out.Restated.Frozen+r.Frozen, out.Restated.Now+r.Now
	}
	return nil
}

// CloseMonth freezes the sums of a partner's month. Closing it again changes nothing. fault.NotFound as Month; fault.Conflict while it isn't over in all time zones, or
// some of its days aren't closed.
func (d *Desk) CloseMonth(ctx context.Context, actor customer.Actor, partner customer.OrgID, month Month) error {
	tenant := customer.Tenant{Partner: partner}
	return d.store.Update(ctx, tenant, func(tx Tx) error {
		v, first, last, err := d.months(ctx, tx, tenant)
		if err != nil {
			return err
		}
		if month < first || month > last || last == 0 {
			return noMonth()
		}
		if _, err := tx.Closing(ctx, partner, month); !fault.Is(err, fault.NotFound) {
			return err
		}
		v.of(month)
		if err := v.mustBeClosed(ctx); err != nil {
			return err
		}
		if err := tx.CloseMonth(ctx, partner, Closing{Month: month, At: v.now, Actor: actor.Email}); err != nil {
			return err
		}
		frozen, err := tx.FrozenSums(ctx, tenant, month)
		if err != nil {
			return err
		}
		var units usage.Units
		for _, s := range frozen {
			units += s.Units
		}
		return tx.Record(ctx, customer.Event{
			Time: v.now, Tenant: tenant, Actor: actor.Email, Kind: EventMonthClosed, Subject: month.String(), Data: map[string]any{"units": units.String()},
		})
	})
}

// mustBeClosed refuses a month that isn't over, or of which some days aren't closed or are to be restated.
func (v *view) mustBeClosed(ctx context.Context) error {
	if over := v.over(); over.After(v.now) {
		return openUntil("The month "+monthOf(v.first).String(), over)
	}
	for _, s := range v.standings {
		if v.openFrom(s) > v.last {
			continue
		}
		if s.Through == 0 { // who came later has nothing to close
			begun, err := v.reads.FirstUsage(ctx, s.Tenant())
			if err != nil {
				return err
			}
			if begun.IsZero() || s.Zone.Day(begun) > v.last {
				continue
			}
		}
		return fault.New(fault.Conflict, "The day %s isn't closed yet, or is being restated, for the customer %s. Days are closed within %d minutes: try again then.",
			v.openFrom(s), cmp.Or(s.At(v.last).ExternalID, string(s.Customer)), int(closeInterval/time.Minute)).WithCode(fault.CodeDaysOpen)
	}
	return nil
}
