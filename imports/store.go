package imports

import (
	"context"

	"dialtone/customer"
	"dialtone/provisioning"
)

// Reader reads imports. The rules of customer.Reader hold.
type Reader interface {
	Import(ctx context.Context, tenant customer.Tenant, id ID) (Import, error)
	Imports(ctx context.Context, tenant customer.Tenant, page customer.Page) ([]Import, bool, error)
	// ImportRows lists the rows after a number, in their order, at most limit.
	ImportRows(ctx context.Context, tenant customer.Tenant, id ID, after, limit int) ([]Row, error)
	// ImportResults lists the results of the rows after a number, in their order, at most limit; rows without a result are left out.
	ImportResults(ctx context.Context, tenant customer.Tenant, id ID, after, limit int) ([]NumberedResult, error)
	// ImportClaim returns what a dry run has noted under a key, and whether it has.
	ImportClaim(ctx context.Context, tenant customer.Tenant, id ID, key string) (string, bool, error)
	// PersonByExtension finds who has an extension in a location.
	PersonByExtension(ctx context.Context, tenant customer.Tenant, location customer.LocationID, extension string) (customer.Person, error)
}

// Tx reads and writes in one transaction, with all that the core does in one.
type Tx interface {
	provisioning.Tx
	Reader
	// CreateImport gives fault.Conflict with fault.CodeBusy when the customer has an import that isn't over.
	CreateImport(ctx context.Context, i Import) error
	// SetImport replaces the status, notices, error, rows, counts, assigned units and times of the import with i.ID.
	SetImport(ctx context.Context, i Import) error
	// DeleteImport deletes an import: its rows, results and claims can't be seen any more, and are left for SweepImport.
	DeleteImport(ctx context.Context, tenant customer.Tenant, id ID) error
	// SweepImport takes away some of what is left of an import that is gone, and says of how many; 0 when nothing is left.
	SweepImport(ctx context.Context, id ID, most int) (int, error)
	AddImportRows(ctx context.Context, i Import, rows []Row) error
	// SetImportResults gives rows their results, and throws away what the rows said.
	SetImportResults(ctx context.Context, i Import, results []NumberedResult) error
	// SetImportClaims notes values under keys, in the place of what was noted there.
	SetImportClaims(ctx context.Context, i Import, claims map[string]string) error
	// DeleteImportClaims deletes all that was noted.
	DeleteImportClaims(ctx context.Context, i Import) error
}

// Store is what imports need from below. Update is as in customer.Store.
type Store interface {
	Reader
	CustomerByOrg(ctx context.Context, partner, org customer.OrgID) (customer.Customer, error)
	Update(ctx context.Context, tenant customer.Tenant, fn func(tx Tx) error) error
}
