package billing

import (
	"context"
	"time"

	"dialtone/customer"
	"dialtone/job"
	"dialtone/usage"
)

// Reader reads. Every method sees only what belongs to its partner, and returns fault.NotFound for everything else, whether it exists or not;
// fault.Unavailable when the database doesn't answer. Lists are never nil; the bool says whether there is more behind the page.
type Reader interface {
	DeskReader
	Report(ctx context.Context, partner customer.OrgID, id ReportID) (Report, error)
	Reports(ctx context.Context, partner customer.OrgID, filter Filter, page customer.Page) ([]Report, bool, error)
	// HasCompleted reports whether there is a completed report of the same partner, sub-partner, days, type, category and internal organisations.
	HasCompleted(ctx context.Context, r Report) (bool, error)
	// Assignments returns those of a tenant that overlap some days, behind a place in their order, at most so many. The order is that of AssignmentCursor.
	Assignments(ctx context.Context, tenant customer.Tenant, span usage.Span, after AssignmentCursor, most int) ([]usage.Assignment, error)
	// SubjectAssignments returns all of a subject in order of time: its timeline.
	SubjectAssignments(ctx context.Context, tenant customer.Tenant, subject usage.SubjectID) ([]usage.Assignment, error)
	// FoldEvents returns what a tenant's events come to, asking the log alone. It holds all of them, and is for checks and repairs.
	FoldEvents(ctx context.Context, tenant customer.Tenant) ([]usage.Assignment, error)
	// FoldFacts returns what a customer's events say of it, asking the log alone.
	FoldFacts(ctx context.Context, tenant customer.Tenant) (usage.History, error)
	// FoldOrders returns what the events of a tenant say of what was ordered once, asking the log alone.
	FoldOrders(ctx context.Context, tenant customer.Tenant) ([]usage.Order, error)
	// Orders returns what a tenant ordered from a moment on and before another one, in the order of customers and of orders' ids.
	Orders(ctx context.Context, tenant customer.Tenant, from, until time.Time) ([]usage.Order, error)
	// History returns what was known of a customer, and when.
	History(ctx context.Context, tenant customer.Tenant) (usage.History, error)
	// PartnerHistory returns what was known of a partner or a sub-partner, and when.
	PartnerHistory(ctx context.Context, partner customer.OrgID) (usage.PartnerHistory, error)
	// Standings returns the customers of a tenant whose usage is counted, in the order of their ids, behind one of them, at most so many.
	Standings(ctx context.Context, tenant customer.Tenant, after customer.OrgID, most int) ([]Standing, error)
	// Zones returns the time zones in which days of a partner's customers are counted, in no order; none while nobody is counted.
	Zones(ctx context.Context, partner customer.OrgID) ([]usage.Zone, error)
	// AnyTenantUnclosed returns the tenants of customers who were closed through an earlier day than that, or have something to be restated, in an order of
	// their own behind one of them, at most so many.
	AnyTenantUnclosed(ctx context.Context, day usage.Day, after customer.Tenant, most int) ([]customer.Tenant, error)
	// AnyTenantWithUsage returns the tenants of customers that the log or what is kept of usage knows, in an order of their own behind one, at most so many.
	AnyTenantWithUsage(ctx context.Context, after customer.Tenant, most int) ([]customer.Tenant, error)
	// FirstUsage returns when the first assignment of a customer began, or when it ordered something first; the zero time if there is neither.
	FirstUsage(ctx context.Context, tenant customer.Tenant) (time.Time, error)
	// Progress returns how far the count of a report is; the zero Progress before it began.
	Progress(ctx context.Context, partner customer.OrgID, id ReportID) (Progress, error)
	// Chunk returns a piece of a report's file, counted from 0. fault.NotFound behind the last.
	Chunk(ctx context.Context, partner customer.OrgID, id ReportID, number int) ([]byte, error)
	// Partner returns a partner or a sub-partner.
	Partner(ctx context.Context, id customer.OrgID) (customer.Partner, error)
	// DaySums returns the sums of a tenant's closed days, added up over the days from first to last, in the order of customers, packages, locations and licences.
	DaySums(ctx context.Context, tenant customer.Tenant, first, last usage.Day) ([]DaySum, error)
	// LastEvent returns the number of the last event of a tenant's log; 0 for an empty one.
	LastEvent(ctx context.Context, tenant customer.Tenant) (int64, error)
	// Restated returns the events EventDayRestated of a tenant behind one of the log, in its order, at most so many.
	Restated(ctx context.Context, tenant customer.Tenant, after int64, most int) ([]customer.Event, error)
	// HeldAt returns what the customers of a tenant whose days are in a zone hold at an instant, each holder as one whole day, in the order of DaySums.
	HeldAt(ctx context.Context, tenant customer.Tenant, zone usage.Zone, at time.Time) ([]DaySum, error)
	SubPartner(ctx context.Context, parent customer.OrgID, id customer.OrgID) (customer.Partner, error)
}

// AssignmentCursor is a place in the order of assignments: by customer, kind of subject, subject, package, and the event that they begin with. The zero value is
// before all.
type AssignmentCursor struct {
	Customer customer.OrgID    `json:"customer"`
	Kind     usage.SubjectKind `json:"kind"`
	Subject  usage.SubjectID   `json:"subject"`
	Package  customer.Package  `json:"package"`
	Begun    int64             `json:"begun"`
}

// CursorOf is the place of an assignment.
func CursorOf(a usage.Assignment) AssignmentCursor {
	return AssignmentCursor{a.Customer, a.SubjectKind, a.Subject, a.Package, a.Begun}
}

// Tx reads and writes in one transaction.
type Tx interface {
	Reader
	DeskTx
	CreateReport(ctx context.Context, r Report) error
	// FinishReport replaces the status and the errors of the report with r.ID. fault.Conflict when a second one of its kind would be completed.
	FinishReport(ctx context.Context, r Report) error
	DeleteReport(ctx context.Context, partner customer.OrgID, id ReportID) error
	// RebuildAssignments replaces a customer's assignments and orders, and what is known of it, by what its events come to.
	// Its closed days are to be restated then.
	RebuildAssignments(ctx context.Context, tenant customer.Tenant) error
	// AddChunk keeps a piece of a report's file, the one numbered as those before are many, and how far the count is with it. fault.NotFound when the report
	// isn't there any more.
	AddChunk(ctx context.Context, partner customer.OrgID, id ReportID, number int, content []byte, p Progress) error
	// SetDaySums replaces what is kept of a customer's days from first to last. The sums have a day.
	SetDaySums(ctx context.Context, tenant customer.Tenant, first, last usage.Day, sums []DaySum) error
	// SetClosed says that a customer's days are closed through a day, which ended at that moment, and that nothing is to be restated.
	SetClosed(ctx context.Context, tenant customer.Tenant, through usage.Day, ended time.Time) error
	// SetStale says from which moment on a customer's closed days don't hold, where those before were restated.
	SetStale(ctx context.Context, tenant customer.Tenant, from time.Time) error
	// SetZone sets the time zone of a partner's billing subscription.
	SetZone(ctx context.Context, partner customer.OrgID, subscription string, zone usage.Zone) error
	// Record writes an event into the log.
	Record(ctx context.Context, e customer.Event) error
	// Enqueue promises a job: it is done after the transaction has committed.
	Enqueue(ctx context.Context, j job.Job) error
}

// Store is what the noun needs from below.
type Store interface {
	Reader
	// Update runs fn in one transaction that commits when fn returns nil. Writers of the same tenant take turns, so that what fn reads holds until it
	// commits. fn must use tx alone, and may be run again.
	Update(ctx context.Context, tenant customer.Tenant, fn func(tx Tx) error) error
	// Look runs fn on what is committed at one moment, so that all that it reads belongs together. fn must use r alone.
	Look(ctx context.Context, fn func(r Reader) error) error
}
