package billing

import (
	"context"

	"dialtone/customer"
	"dialtone/job"
)

// Reader reads. Every method sees only what belongs to its partner, and returns fault.NotFound for everything else, whether it exists or not;
// fault.Unavailable when the database doesn't answer. Lists are never nil; the bool says whether there is more behind the page.
type Reader interface {
	Report(ctx context.Context, partner customer.OrgID, id ReportID) (Report, error)
	Reports(ctx context.Context, partner customer.OrgID, filter Filter, page customer.Page) ([]Report, bool, error)
	// HasCompleted reports whether there is a completed report of the same partner, sub-partner, days, type, category and internal organisations.
	HasCompleted(ctx context.Context, r Report) (bool, error)
	SubPartner(ctx context.Context, parent customer.OrgID, id customer.OrgID) (customer.Partner, error)
}

// Tx reads and writes in one transaction.
type Tx interface {
	Reader
	CreateReport(ctx context.Context, r Report) error
	// FinishReport replaces the status and the errors of the report with r.ID. fault.Conflict when a second one of its kind would be completed.
	FinishReport(ctx context.Context, r Report) error
	DeleteReport(ctx context.Context, partner customer.OrgID, id ReportID) error
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
}
