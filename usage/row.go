package usage

import (
	"cmp"
	"time"

	"dialtone/customer"
)

// Type says what a report has a row for, in the wire's words.
type Type string

// The types of a report.
const (
	TypePartner  Type = "PARTNER"  // for each service
	TypeCustomer Type = "CUSTOMER" // for each customer, service, location and licence
	TypeUser     Type = "USER"     // for each person and workspace too
)

// Types returns every type; the first is what isn't asked for.
func Types() []Type { return []Type{TypePartner, TypeCustomer, TypeUser} }

// Account says on whose account usage goes.
type Account struct {
	PartnerName  string
	Partner      customer.OrgID
	Customer     customer.OrgID // empty in a row for a partner
	ExternalID   string         // the partner's own key of the customer
	Subscription string         // the billing subscription
}

// Row is a line of a report. Two rows that differ in nothing but their Quantity are about the same thing.
type Row struct {
	Account
	Service     Service
	First, Last Day   // the days that are counted, both included
	Quantity    Units // in days; for what is ordered once, pieces or seats
	Subscriber  customer.SubscriberID
	User        customer.PersonID
	Workspace   customer.WorkspaceID
	Location    customer.LocationID
	License     LicenseID
}

// row is the line that an assignment is, without its quantity.
func row(account Account, a Assignment) Row {
	r := Row{Account: account, Service: ServiceOf(a.Package), Location: a.Location, License: a.License}
	if a.SubjectKind == KindWorkspace {
		r.Workspace = customer.WorkspaceID(a.Subject)
		return r
	}
	r.Subscriber, r.User = customer.SubscriberID(a.Subject), a.Person
	return r
}

// RowAt returns the line of a report of what is assigned at an instant, whether it is billed yet or not: 1 for what is held then, and 0 for what isn't. It names
// the instant's day in the zone.
func RowAt(account Account, a Assignment, zone Zone, at time.Time) Row {
	r := row(account, a)
	r.First = zone.Day(at)
	r.Last = r.First
	if a.HeldAt(at) {
		r.Quantity = One
	}
	return r
}

// Row returns the line of a USER report that an assignment is on the span's days. Its Quantity may be 0, and then it is in no report.
func (s Span) Row(account Account, a Assignment) Row {
	r := row(account, a)
	r.First, r.Last, r.Quantity = s.first, s.last, s.Usage(a)
	return r
}

// Order is something that was ordered once, such as Setup Assist.
type Order struct {
	ID        string
	Customer  customer.OrgID
	Service   Service
	At        time.Time // when it was ordered: its day's report has it
	Seats     int       // counted for SetupAssistStandard; SetupAssistExpress is one piece, however many
	Location  customer.LocationID
	Cancelled time.Time // zero while it wasn't
}

// OrderRow returns the line of a USER report that an order is; false when it wasn't ordered on the span's days, or was cancelled
// before its day was over. It is billed on that day, whenever the customer's billing begins.
func (s Span) OrderRow(account Account, o Order) (Row, bool) {
	r := Row{Account: account, Service: o.Service, First: s.first, Last: s.last, Quantity: One, Location: o.Location}
	if o.Service == SetupAssistStandard {
		r.Quantity = Units(max(o.Seats, 0)) * One
	}
	return r, !o.At.Before(s.Begin()) && o.At.Before(s.End()) && o.billed(s.zone)
}

// For returns the row as a report of a type has it: without what its columns don't tell.
func (r Row) For(t Type) Row {
	if t == TypeUser {
		return r
	}
	r.Subscriber, r.User, r.Workspace = "", "", ""
	if t == TypePartner {
		r.Customer, r.ExternalID, r.Location, r.License = "", "", "", ""
	}
	return r
}

// key is what the row is about.
func (r Row) key() Row {
	r.Quantity = 0
	return r
}

// rank puts people before workspaces, and those before what is nobody's.
func (r Row) rank() int {
	switch {
	case r.Subscriber != "":
		return 0
	case r.Workspace != "":
		return 1
	}
	return 2
}

func (r Row) orderedOnce() int {
	if r.Service.Ordered() {
		return 1
	}
	return 0
}

// Compare orders rows as reports do: by partner; orders after usage; then by customer, people before workspaces, subject, service, location, licence. Texts are
// ordered by their bytes. It is 0 for rows about the same thing alone.
func (r Row) Compare(other Row) int {
	// In steps, as most rows differ early and there are millions of them.
	if c := cmp.Or(cmp.Compare(r.Partner, other.Partner), cmp.Compare(r.orderedOnce(), other.orderedOnce()), cmp.Compare(r.Customer, other.Customer)); c != 0 {
		return c
	}
	if c := cmp.Or(cmp.Compare(r.rank(), other.rank()), cmp.Compare(r.Subscriber, other.Subscriber), cmp.Compare(r.Workspace, other.Workspace)); c != 0 {
		return c
	}
	if c := cmp.Or(cmp.Compare(r.Service, other.Service), cmp.Compare(r.Location, other.Location), cmp.Compare(r.License, other.License)); c != 0 {
		return c
	}
	return cmp.Or(cmp.Compare(r.Subscription, other.Subscription), cmp.Compare(r.User, other.User), cmp.Compare(r.First, other.First),
		cmp.Compare(r.Last, other.Last), cmp.Compare(r.ExternalID, other.ExternalID), cmp.Compare(r.PartnerName, other.PartnerName))
}
