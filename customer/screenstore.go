package customer

import (
	"context"
	"time"

	"dialtone/screening"
)

// ListID names a screening list that was loaded.
type ListID string

// List is a screening list as it was loaded. It belongs to the installation and to no tenant.
type List struct {
	ID         ListID
	SHA256     [32]byte // of the file
	Loaded     time.Time
	Entries    int
	ScreenedTo CustomerID // the last customer that was compared with it, in the order of ids; "" for none yet
	Screened   time.Time  // when all customers had been compared with it; zero until then
}

// Review is the review of a customer who may be on the screening list.
type Review struct {
	screening.Review
	Org OrgID
}

// Tenant returns whose review it is.
func (r Review) Tenant() Tenant { return Tenant{Partner: OrgID(r.Partner), Customer: r.Org} }

// ReviewFilter narrows a list of reviews; empty fields don't. All match exactly.
type ReviewFilter struct {
	State    screening.ReviewState
	Customer CustomerID
}

// ScreeningReader reads lists and reviews, by the rules of Reader.
type ScreeningReader interface {
	// List returns the list in force; fault.NotFound when none was ever loaded.
	List(ctx context.Context) (List, error)
	// ListEntries returns at most limit entries of a list from a position on, which counts from 0. A list that is gone has none.
	ListEntries(ctx context.Context, id ListID, from, limit int) ([]screening.Entry, error)
	// AnyTenantCustomers returns at most limit customers of the whole platform whose ids come after one, in the order of ids: a new list concerns all.
	AnyTenantCustomers(ctx context.Context, after CustomerID, limit int) ([]Customer, error)

	Review(ctx context.Context, tenant Tenant, id screening.ReviewID) (Review, error)
	// OpenReview returns the customer's review that is pending or denied; fault.NotFound when it has none.
	OpenReview(ctx context.Context, tenant Tenant, id CustomerID) (Review, error)
	// Reviews lists reviews by their opening, then id.
	Reviews(ctx context.Context, tenant Tenant, filter ReviewFilter, page Page) ([]Review, bool, error)
}

// ScreeningTx writes lists and reviews, by the rules of Tx. What concerns lists belongs to no tenant: its transactions name none.
type ScreeningTx interface {
	// StageList begins a list that isn't in force, and deletes those that were begun before a moment and never finished.
	StageList(ctx context.Context, l List, abandoned time.Time) error
	// AddListEntries adds entries to a staged list, the first at a position.
	AddListEntries(ctx context.Context, id ListID, from int, entries []screening.Entry) error
	// EnforceList puts a staged list in force, with its SHA256, Loaded and Entries; the one before is kept, and those before that are deleted.
	EnforceList(ctx context.Context, l List) error
	// DropList deletes a staged list with its entries.
	DropList(ctx context.Context, id ListID) error
	// SetListProgress replaces ScreenedTo and Screened of the list with l.ID.
	SetListProgress(ctx context.Context, l List) error

	// SetScreening replaces what screening says about a customer.
	SetScreening(ctx context.Context, partner OrgID, id CustomerID, s Screening) error
	// CreateReview gives fault.Conflict when the customer has an open review.
	CreateReview(ctx context.Context, r Review) error
	// SetReview replaces everything that changes in a review: its state, hits, attempts, decision and times.
	SetReview(ctx context.Context, r Review) error
}
