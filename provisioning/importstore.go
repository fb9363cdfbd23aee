package provisioning

import (
	"context"

	"dialtone/customer"
)

// ImportReader reads imports of people. The rules of Reader hold.
type ImportReader interface {
	Import(ctx context.Context, tenant customer.Tenant, id ImportID) (Import, error)
	Imports(ctx context.Context, tenant customer.Tenant, page customer.Page) ([]Import, bool, error)
	// ImportRows lists the rows after a number, in their order, at most limit.
	ImportRows(ctx context.Context, tenant customer.Tenant, id ImportID, after, limit int) ([]ImportRow, error)
	// ImportResults lists the results of the rows after a number, in their order, at most limit; rows without a result are left out.
	ImportResults(ctx context.Context, tenant customer.Tenant, id ImportID, after, limit int) ([]NumberedResult, error)
	// ImportClaim returns what a dry run has noted under a key, and whether it has.
	ImportClaim(ctx context.Context, tenant customer.Tenant, id ImportID, key string) (string, bool, error)
	// PersonByExtension finds who has an extension in a location.
	PersonByExtension(ctx context.Context, tenant customer.Tenant, location customer.LocationID, extension string) (customer.Person, error)
}

// ImportTx writes imports of people.
type ImportTx interface {
	// CreateImport gives fault.Conflict with fault.CodeBusy when the customer has an import that isn't over.
	CreateImport(ctx context.Context, i Import) error
	// SetImport replaces the status, notices, error, rows, counts, assigned units and times of the import with i.ID.
	SetImport(ctx context.Context, i Import) error
	// DeleteImport deletes an import: its rows, results and claims can't be seen any more, and are left for SweepImport.
	DeleteImport(ctx context.Context, tenant customer.Tenant, id ImportID) error
	// SweepImport takes away some of what is left of an import that is gone, and says of how many; 0 when nothing is left.
	SweepImport(ctx context.Context, id ImportID, most int) (int, error)
	AddImportRows(ctx context.Context, i Import, rows []ImportRow) error
	// SetImportResults gives rows their results, and throws away what the rows said.
	SetImportResults(ctx context.Context, i Import, results []NumberedResult) error
	// SetImportClaims notes values under keys, in the place of what was noted there.
	SetImportClaims(ctx context.Context, i Import, claims map[string]string) error
	// DeleteImportClaims deletes all that was noted.
	DeleteImportClaims(ctx context.Context, i Import) error
	// MoveDevice sets the location of a device.
	MoveDevice(ctx context.Context, tenant customer.Tenant, id DeviceID, location customer.LocationID) error
}
