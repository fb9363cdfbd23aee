package billing

import (
	"context"
	"time"

	"dialtone/customer"
	"dialtone/usage"
)

// Held says how many held a package all the time between two instants, at one location and with one licence.
type Held struct {
	Customer customer.OrgID
	Package  customer.Package
	Location customer.LocationID
	License  usage.LicenseID
	Count    int64
}

// Subject is who holds packages: a subscriber or a workspace of a customer.
type Subject struct {
	Kind   usage.SubjectKind
	ID     usage.SubjectID
	Person customer.PersonID // whom a subscriber is; empty for a workspace
}

// Closing says that a partner has closed a month.
type Closing struct {
	Month Month
	At    time.Time
	Actor string // who closed it: an e-mail address
}

// Restated is what was frozen of a closed month, and what the same days come to now.
type Restated struct {
	Frozen, Now usage.Units
}

// Difference returns how much more there is now.
func (r Restated) Difference() usage.Units { return r.Now - r.Frozen }

// Adjustment is a sum of a closed month that is another one now.
type Adjustment struct {
	Customer customer.OrgID
	Package  customer.Package
	Location customer.LocationID
	License  usage.LicenseID
	Restated
}

// Subscription is a billing subscription of a partner, in whose time zone days are counted.
type Subscription struct {
	ID        string
	Zone      usage.Zone
	Customers int       // whose usage is counted
	Since     usage.Day // the first day that is closed for any of them; 0: none is
}

// DeskReader reads what Desk shows. What holds for Reader holds for it too.
type DeskReader interface {
	// Knows reports whether a partner has, or had, a customer.
	Knows(ctx context.Context, tenant customer.Tenant) (bool, error)
	// HeldThroughout counts a tenant's assignments that began at or before an instant, and didn't end before another one.
	HeldThroughout(ctx context.Context, tenant customer.Tenant, from, until time.Time) ([]Held, error)
	// HeldPartly returns a tenant's assignments that overlap the time between two instants without filling it, as Assignments does.
	HeldPartly(ctx context.Context, tenant customer.Tenant, from, until time.Time, after AssignmentCursor, most int) ([]usage.Assignment, error)
	// DailySums returns the sums of a tenant's closed days by day and package alone, in that order.
	DailySums(ctx context.Context, tenant customer.Tenant, first, last usage.Day) ([]DaySum, error)
	// FirstSummed returns the first closed day of a tenant on which something was used; 0 for none.
	FirstSummed(ctx context.Context, tenant customer.Tenant) (usage.Day, error)
	// Subjects lists who held something of a customer between two instants, people before workspaces, in the order of their ids.
	Subjects(ctx context.Context, tenant customer.Tenant, from, until time.Time, page customer.Page) ([]Subject, bool, error)
	// PersonSubjects lists a person's subscriptions of a customer that ever had a package, in the order of their ids, the present one and those that are gone.
	PersonSubjects(ctx context.Context, tenant customer.Tenant, person customer.PersonID) ([]Subject, error)
	// EventsNumbered returns the events of a tenant with some numbers, in their order.
	EventsNumbered(ctx context.Context, tenant customer.Tenant, numbers []int64) ([]customer.Event, error)
	// Closing returns the closing of a partner's month. fault.NotFound while it isn't closed.
	Closing(ctx context.Context, partner customer.OrgID, month Month) (Closing, error)
	// FrozenSums returns what was frozen of a month by package alone.
	FrozenSums(ctx context.Context, tenant customer.Tenant, month Month) ([]DaySum, error)
	// Adjustments lists what of a closed month is another sum now, in the order of DaySums.
	Adjustments(ctx context.Context, tenant customer.Tenant, month Month, page customer.Page) ([]Adjustment, bool, error)
	// Subscriptions lists a partner's billing subscriptions, in the order of their ids.
	Subscriptions(ctx context.Context, partner customer.OrgID, page customer.Page) ([]Subscription, bool, error)
	// Subscription returns one of them. fault.NotFound when the partner has no such.
	Subscription(ctx context.Context, partner customer.OrgID, id string) (Subscription, error)
}

// DeskTx writes what Desk changes.
type DeskTx interface {
	// CloseMonth keeps that a month is closed, and freezes the sums of its days as they are. fault.Conflict when it is closed.
	CloseMonth(ctx context.Context, partner customer.OrgID, c Closing) error
	// HoldSubscription keeps days of all of a subscription's customers from being closed until the transaction ends.
	HoldSubscription(ctx context.Context, partner customer.OrgID, id string) error
}
