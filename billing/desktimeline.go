package billing

import (
	"context"
	"slices"
	"strconv"
	"time"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/usage"
)

// Who names whose timeline is asked for: one of the ids, or none for all of a customer.
type Who struct {
	Subscriber customer.SubscriberID
	Person     customer.PersonID // all of whose subscriptions are meant
	Workspace  customer.WorkspaceID
}

// Timeline says what a number of days is made of.
type Timeline struct {
	Customer    customer.OrgID
	Zone        usage.Zone
	First, Last usage.Day
	Provisional bool
	AsOf        time.Time
	Total       Amount // of all, also of what isn't on the page
	Ordered     Amount // of a customer's total: what was ordered once, such as Setup Assist, which nobody holds
	Subjects    []SubjectUsage
}

// SubjectUsage is what somebody held on these days.
type SubjectUsage struct {
	Subject
	Amount
	Held []Stretch // ordered by beginning
}

// Stretch is a time during which somebody held a package without a change, with the part of it that falls on the days that are asked for.
type Stretch struct {
	usage.Assignment
	Begins, Ends *customer.Event // nil: not in the log, or still open
	WholeFrom    usage.Day       // the days that it filled, without a gap; 0 for none
	WholeTo      usage.Day
	WholeDays    int
	Parts        []PartDay // the days that it didn't fill, and the one that isn't over
	Amount
	Why string // in one sentence
}

// PartDay is a day of which a part counts.
type PartDay struct {
	Day         usage.Day
	Units       usage.Units
	Provisional bool // the day isn't over
}

// Timeline returns what the numbers of a customer's reports are made of: who held what, from which event until which one, and how much of each day that is. The
// bool says whether there are more subjects behind the page. fault.Invalid as Usage, and when the query names no customer or more than one id; fault.NotFound when
// who is asked for never held anything there.
func (d *Desk) Timeline(ctx context.Context, q Query, who Who, page customer.Page) (Timeline, bool, error) {
	if q.Tenant.Customer == "" {
		return Timeline{}, false, fault.InvalidField("orgId", "is needed: name the customer").WithCode(fault.CodeMissing)
	}
	var out Timeline
	var more bool
	err := d.look(ctx, q, allDays, func(v *view) error {
		var err error
		out, more, err = v.timelines(ctx, who, page)
		return err
	})
	return out, more, err
}

func (v *view) timelines(ctx context.Context, who Who, page customer.Page) (Timeline, bool, error) {
	s := v.standings[v.tenant.Customer]
	out := Timeline{Customer: v.tenant.Customer, Zone: s.Zone, First: v.first, Last: v.last, Provisional: v.provisional(), AsOf: v.now}
	span := usage.NewSpan(s.Zone, v.first, v.last)
	subjects, more, err := v.subjects(ctx, span, who, page)
	if err != nil {
		return out, false, err
	}
	if who == (Who{}) {
		sums, total, err := v.grouped(ctx, ByPackage)
		if err != nil {
			return out, false, err
		}
		out.Total = total
		for _, once := range []usage.Service{usage.SetupAssistExpress, usage.SetupAssistStandard} {
			out.Ordered = out.Ordered.plus(sums[DaySum{Package: once.Package()}])
		}
	}
	for _, subject := range subjects {
		one, err := v.timeline(ctx, span, s, subject)
		if err != nil {
			return out, false, err
		}
		if who != (Who{}) {
			out.Total = out.Total.plus(one.Amount)
		}
		out.Subjects = append(out.Subjects, one)
	}
	return out, more, nil
}

// subjects finds whose timelines are meant.
func (v *view) subjects(ctx context.Context, span usage.Span, who Who, page customer.Page) ([]Subject, bool, error) {
	switch {
	case who == Who{}:
		return v.reads.Subjects(ctx, v.tenant, span.Begin(), span.End(), page)
	case who == Who{Subscriber: who.Subscriber}:
		return v.known(ctx, Subject{Kind: usage.KindPerson, ID: usage.SubjectID(who.Subscriber)}, "subscriber")
	case who == Who{Workspace: who.Workspace}:
		return v.known(ctx, Subject{Kind: usage.KindWorkspace, ID: usage.SubjectID(who.Workspace)}, "workspace")
	case who != Who{Person: who.Person}:
		return nil, false, fault.InvalidField("subscriberId", "stands beside another id: give one of subscriberId, personId and workspaceId")
	}
	all, err := v.reads.PersonSubjects(ctx, v.tenant, who.Person)
	if err == nil && len(all) == 0 {
		err = fault.New(fault.NotFound, "There is no such person of this customer who ever had a package.")
	}
	list, more := pageOf(all, page)
	return list, more, err
}

// known returns a subject that held something at any time.
func (v *view) known(ctx context.Context, s Subject, what string) ([]Subject, bool, error) {
	held, err := v.reads.SubjectAssignments(ctx, v.tenant, s.ID)
	if err != nil {
		return nil, false, err
	}
	held = slices.DeleteFunc(held, func(a usage.Assignment) bool { return a.SubjectKind != s.Kind })
	if len(held) == 0 {
		return nil, false, fault.New(fault.NotFound, "There is no such %s of this customer that ever had a package.", what)
	}
	s.Person = held[0].Person
	return []Subject{s}, false, nil
}

// timeline explains what one subject used.
func (v *view) timeline(ctx context.Context, span usage.Span, s Standing, subject Subject) (SubjectUsage, error) {
	out := SubjectUsage{Subject: subject}
	held, err := v.reads.SubjectAssignments(ctx, v.tenant, subject.ID)
	if err != nil {
		return out, err
	}
	var numbers []int64
	for _, a := range held {
		if a.SubjectKind != subject.Kind || !a.From.Before(span.End()) || !a.Open() && !a.Until.After(span.Begin()) {
			continue
		}
		a.BilledFrom = s.billedFrom(v.history, a.From)
		one := v.stretch(span, s.Zone, a)
		out.Held, out.Amount = append(out.Held, one), out.plus(one.Amount)
		numbers = append(numbers, a.Begun, a.Ended)
	}
	events, err := v.events(ctx, numbers)
	if err != nil {
		return out, err
	}
	for i := range out.Held {
		one := &out.Held[i]
		one.Begins, one.Ends = events[one.Begun], events[one.Ended]
	}
	return out, nil
}

func (v *view) events(ctx context.Context, numbers []int64) (map[int64]*customer.Event, error) {
	slices.Sort(numbers)
	list, err := v.reads.EventsNumbered(ctx, v.tenant, slices.Compact(numbers))
	out := map[int64]*customer.Event{}
	for i := range list {
		out[list[i].ID] = &list[i]
	}
	return out, err
}

// stretch takes an assignment apart by day.
func (v *view) stretch(span usage.Span, zone usage.Zone, a usage.Assignment) Stretch {
	out := Stretch{Assignment: a}
	today := zone.Day(v.now)
	for day, units := range span.ByDay(a.AsOf(v.now)) {
		switch {
		case day >= today:
			out.Parts, out.Provisional = append(out.Parts, PartDay{day, units, true}), out.Provisional+units
		case units < usage.One:
			out.Parts, out.Quantity = append(out.Parts, PartDay{day, units, false}), out.Quantity+units
		default:
			if out.WholeDays == 0 {
				out.WholeFrom = day
			}
			out.WholeTo, out.WholeDays, out.Quantity = day, out.WholeDays+1, out.Quantity+units
		}
	}
	out.Why = out.sentence(span, zone)
	return out
}

// sentence says in words what the stretch comes to.
func (s Stretch) sentence(span usage.Span, zone usage.Zone) string {
	text := usage.ServiceOf(s.Package).Description() + " from " + clock(zone, s.From) + " until "
	if s.Open() {
		text += "now: "
	} else {
		text += clock(zone, s.Until) + ": "
	}
	text += s.parts()
	if s.BilledFrom > 0 && s.BilledFrom > zone.Day(s.From) {
		text += "; billed from " + s.BilledFrom.String() + " on"
	}
	if s.From.Before(span.Begin()) || !s.Open() && s.Until.After(span.End()) || s.Open() && len(s.Parts) == 0 {
		text += "; counted from " + span.First().String() + " to " + span.Last().String()
	}
	return text + "."
}

// parts says how many whole days there are, and what there is of others.
func (s Stretch) parts() string {
	var parts []string
	switch s.WholeDays {
	case 0:
	case 1:
		parts = append(parts, "1 whole day")
	default:
		parts = append(parts, strconv.Itoa(s.WholeDays)+" whole days")
	}
	for _, p := range s.Parts {
		part := p.Units.String() + " of " + p.Day.String()
		if p.Provisional {
			part += " so far"
		}
		parts = append(parts, part)
	}
	switch last := len(parts) - 1; {
	case last < 0:
		return "nothing"
	case last == 0:
		return parts[0]
	case last == 1:
		return parts[0] + " and " + parts[1]
	default:
		return joined(parts[:last]) + " and " + parts[last]
	}
}

// clock writes an instant as clocks in the zone show it.
func clock(zone usage.Zone, t time.Time) string {
	at := zone.Local(t)
	if at.Second() != 0 || at.Nanosecond() != 0 {
		return at.Format(time.DateTime)
	}
	return at.Format("2006-01-02 15:04")
}
