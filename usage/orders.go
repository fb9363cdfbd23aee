package usage

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"dialtone/customer"
)

// OrderKinds are the kinds of event that say something about what is ordered once.
func OrderKinds() []customer.EventKind {
	return []customer.EventKind{customer.EventSetupAssistOrdered, customer.EventSetupAssistCancelled}
}

// OrderOf returns the order that an event makes or, with Cancelled alone, the one that it cancels; false for one that means nothing. It reads events as they are
// written, and as they come back from a database.
func OrderOf(e customer.Event) (Order, bool) {
	o := Order{ID: e.Subject, Customer: e.Tenant.Customer}
	moment := e.Time.UTC().Truncate(time.Microsecond)
	switch e.Kind {
	case customer.EventSetupAssistOrdered:
		o.Service, o.At, o.Location = Service(text(e, "service")), moment, customer.LocationID(text(e, "location"))
		o.Seats, _ = strconv.Atoi(text(e, "seats"))
	case customer.EventSetupAssistCancelled:
		o.Cancelled = moment
	default:
		return Order{}, false
	}
	return o, o.ID != "" && o.Customer != "" && (o.Service.Ordered() || !o.Cancelled.IsZero())
}

// FoldOrders joins orders with what cancels them, in order of customers and their ids. The order of what is said doesn't matter, nor whether some comes twice.
func FoldOrders(said []Order) []Order {
	type key struct {
		customer customer.OrgID
		id       string
	}
	made, ended := map[key]Order{}, map[key]time.Time{}
	for _, o := range said {
		k := key{o.Customer, o.ID}
		if o.Cancelled.IsZero() {
			made[k] = o
		} else if at, twice := ended[k]; !twice || o.Cancelled.Before(at) {
			ended[k] = o.Cancelled
		}
	}
	out := make([]Order, 0, len(made))
	for k, o := range made {
		o.Cancelled = ended[k]
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b Order) int { return cmp.Or(cmp.Compare(a.Customer, b.Customer), cmp.Compare(a.ID, b.ID)) })
	return out
}

// Package is what a service is called where packages are: the other way round from ServiceOf.
func (s Service) Package() customer.Package { return customer.Package(strings.ToLower(string(s))) }

// billed reports whether an order is in reports: not when it was taken back before its day was over.
func (o Order) billed(zone Zone) bool {
	return o.Cancelled.IsZero() || !o.Cancelled.Before(zone.Begin(zone.Day(o.At)+1))
}
