package customer

import "context"

// PlaceReader is the part of Reader about locations, floors and numbers.
type PlaceReader interface {
	Location(ctx context.Context, tenant Tenant, id LocationID) (Location, error)
	Locations(ctx context.Context, tenant Tenant, filter LocationFilter, page Page) ([]Location, bool, error)
	// LocationUses counts what belongs to a location.
	LocationUses(ctx context.Context, tenant Tenant, id LocationID) (LocationUses, error)

	Floor(ctx context.Context, tenant Tenant, location LocationID, id FloorID) (Floor, error)
	// Floors lists the floors of a location by creation, then id.
	Floors(ctx context.Context, tenant Tenant, location LocationID, page Page) ([]Floor, bool, error)

	Number(ctx context.Context, tenant Tenant, e164 string) (Number, error)
	// Numbers lists numbers, and extensions of members without a number, by creation, unless the filter says otherwise.
	Numbers(ctx context.Context, tenant Tenant, filter NumberFilter, page Page) ([]NumberView, bool, error)
	// CountNumbers counts what Numbers would list.
	CountNumbers(ctx context.Context, tenant Tenant, filter NumberFilter) (NumberCounts, error)
	// TakenExtensions returns those of some extensions, at most 500, that members of a location have.
	TakenExtensions(ctx context.Context, tenant Tenant, location LocationID, extensions []string) ([]string, error)

	NumberJob(ctx context.Context, tenant Tenant, id NumberJobID) (NumberJob, error)
	// NumberJobs lists jobs, the newest first.
	NumberJobs(ctx context.Context, tenant Tenant, page Page) ([]NumberJob, bool, error)
}

// PlaceTx is the part of Tx about locations, floors and numbers.
type PlaceTx interface {
	CreateLocation(ctx context.Context, l Location) error
	// SetLocation replaces all but Created of the location with l.ID. fault.Conflict when another location of the organisation has the routing prefix.
	SetLocation(ctx context.Context, l Location) error
	// DeleteLocation deletes a location that nothing belongs to, and its floors.
	DeleteLocation(ctx context.Context, tenant Tenant, id LocationID) error

	CreateFloor(ctx context.Context, f Floor) error
	// SetFloor replaces the number and name of the floor with f.Location and f.ID.
	SetFloor(ctx context.Context, f Floor) error
	DeleteFloor(ctx context.Context, tenant Tenant, location LocationID, id FloorID) error

	// AddNumber adds a number, and says false without an error when the tenant has it already in that location.
	AddNumber(ctx context.Context, n Number) (bool, error)
	// OwnNumber gives a free number of the tenant to a member; fault.Conflict when it isn't free.
	OwnNumber(ctx context.Context, tenant Tenant, e164 string, owner MemberID) error
	// FreeNumbers takes a member's numbers away; they stay in their location.
	FreeNumbers(ctx context.Context, tenant Tenant, owner MemberID) error
	// SetNumber replaces the location, state, type and usage of the number n.E164.
	SetNumber(ctx context.Context, n Number) error
	DeleteNumber(ctx context.Context, tenant Tenant, e164 string) error

	CreateNumberJob(ctx context.Context, j NumberJob) error
	// SetNumberJob replaces the state, progress, failures and times of the job with j.ID.
	SetNumberJob(ctx context.Context, j NumberJob) error
}

// LocationFilter narrows a list of locations; empty fields don't.
type LocationFilter struct {
	Name    string // part of the name, without regard to case
	ID      LocationID
	Calling bool // only those that have calling
	// ByName orders by name, the others by creation; Descending turns that order round.
	ByName, Descending bool
}
