package usage

import (
	"cmp"
	"slices"
	"time"

	"dialtone/customer"
)

// Facts are what reports say of a customer beside its usage, as it was known from a moment on.
type Facts struct {
	Event        int64     // the event that says so, which orders what was said at one moment
	Since        time.Time // UTC, in whole microseconds
	Customer     customer.OrgID
	Relation     customer.CustomerID // an organisation that leaves and comes back is another customer
	ExternalID   string              // the partner's own key of the customer
	Subscription string              // the billing subscription
	Billing      Day                 // the first day that is billed; 0: as soon as a package is assigned
}

// FactKinds are the kinds of event that say facts about a customer. Each says all of them.
func FactKinds() []customer.EventKind {
	return []customer.EventKind{customer.EventCustomerCreated, customer.EventCustomerAttached, customer.EventCustomerChanged}
}

// FactsOf returns what an event says about a customer; false for one that says nothing, or that is about a customer without an organisation yet.
func FactsOf(e customer.Event) (Facts, bool) {
	if !slices.Contains(FactKinds(), e.Kind) || e.Tenant.Customer == "" {
		return Facts{}, false
	}
	if after, changed := e.Data["after"].(map[string]any); changed {
		e.Data = after
	}
	billing, _ := ParseDay(text(e, "billingStart"))
	return Facts{
		Event: e.ID, Since: e.Time.UTC().Truncate(time.Microsecond), Customer: e.Tenant.Customer, Relation: customer.CustomerID(e.Subject),
		ExternalID: text(e, "externalId"), Subscription: text(e, "subscriptionId"), Billing: billing,
	}, true
}

// History is what was known of one customer, in order of time and then of events. It isn't changed by being used.
type History []Facts

// NewHistory puts what events said about one customer in order, without what was said already; never nil.
func NewHistory(said []Facts) History {
	said = append(History{}, said...)
	slices.SortFunc(said, func(a, b Facts) int { return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Event, b.Event)) })
	return slices.CompactFunc(said, Facts.Same)
}

// Same reports whether two events said the same.
func (f Facts) Same(other Facts) bool {
	f.Since, f.Event = other.Since, other.Event
	return f == other
}

// At returns what was known at a moment, what was said at that very moment included; before anything was said, what was said first. Zero for an empty history.
func (h History) At(t time.Time) Facts {
	if len(h) == 0 {
		return Facts{}
	}
	return h[h.index(t)]
}

// index returns which facts held at a moment.
func (h History) index(t time.Time) int {
	i := len(h) - 1
	for i > 0 && h[i].Since.After(t) {
		i--
	}
	return i
}

// BilledFrom returns the first day that is billed of what began at a moment; 0: all are. A day is billed when what was known at its end says so, so that nothing
// that is said later changes a day that is over: a start that is put off, or brought forward, counts for the days that aren't.
func (h History) BilledFrom(zone Zone, began time.Time) Day {
	if !slices.ContainsFunc(h, func(f Facts) bool { return f.Billing != 0 }) {
		return 0 // as for most, and this is asked for each assignment
	}
	h = h.relation(began)
	for i, f := range h {
		first := f.Billing
		if i > 0 {
			first = max(first, zone.Day(f.Since))
		}
		if i == len(h)-1 || first < zone.Day(h[i+1].Since) {
			return first
		}
	}
	return 0
}

// relation returns what is about the customer that the organisation was at a moment.
func (h History) relation(t time.Time) History {
	first := h.index(t)
	last := first
	for first > 0 && h[first-1].Relation == h[last].Relation {
		first--
	}
	for last < len(h)-1 && h[last+1].Relation == h[first].Relation {
		last++
	}
	return h[first : last+1]
}

// PartnerFacts are what reports say of a partner, as it was known from a moment on.
type PartnerFacts struct {
	Since   time.Time
	Name    string
	Billing Day // the first day that is billed of a sub-partner, whatever its customers' say; 0: all are
}

// PartnerFactKinds are the kinds of event that say facts about a partner.
func PartnerFactKinds() []customer.EventKind {
	return []customer.EventKind{customer.EventPartnerCreated, customer.EventSubPartnerCreated, customer.EventSubPartnerChanged}
}

// PartnerHistory is what was known of one partner.
type PartnerHistory []PartnerFacts

// NewPartnerHistory returns what events about one partner say, in their order of time. Those of other kinds are passed over.
func NewPartnerHistory(events []customer.Event) PartnerHistory {
	events = slices.Clone(events)
	slices.SortStableFunc(events, func(a, b customer.Event) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.ID, b.ID)) })
	var h PartnerHistory
	for _, e := range events {
		if !slices.Contains(PartnerFactKinds(), e.Kind) {
			continue
		}
		facts := PartnerFacts{Since: e.Time}
		if len(h) > 0 {
			facts.Billing = h[0].Billing // it can't be changed
		} else {
			facts.Billing, _ = ParseDay(text(e, "billingStart"))
		}
		if after, changed := e.Data["after"].(map[string]any); changed {
			e.Data = after
		}
		facts.Name = text(e, "name")
		h = append(h, facts)
	}
	return h
}

// At returns what was known at a moment; before anything was said, what was said first. Zero for an empty history.
func (h PartnerHistory) At(t time.Time) PartnerFacts {
	for i := len(h) - 1; i > 0; i-- {
		if !h[i].Since.After(t) {
			return h[i]
		}
	}
	if len(h) == 0 {
		return PartnerFacts{}
	}
	return h[0]
}
