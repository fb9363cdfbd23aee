package provisioning

import (
	"context"

	"dialtone/customer"
	"dialtone/fault"
)

// DeviceTargets says which of an organisation's devices something is about. Empty fields don't narrow.
type DeviceTargets struct {
	Locations     []customer.LocationID
	Models        []string // wire names; empty and not nil: no device
	Tags          []string // devices with one of them
	WithoutTags   []string // devices with none of them
	DefaultLayout bool     // only devices whose layout isn't a custom one
}

// TargetReader reads devices by what a change of many is about. The rules of Reader hold.
type TargetReader interface {
	// DeviceJobRuns reports whether some job of the tenant isn't over.
	DeviceJobRuns(ctx context.Context, tenant customer.Tenant) (bool, error)
	// TargetDevices lists devices by their creation, then id.
	TargetDevices(ctx context.Context, tenant customer.Tenant, targets DeviceTargets, page customer.Page) ([]Device, bool, error)
	CountTargetDevices(ctx context.Context, tenant customer.Tenant, targets DeviceTargets) (int, error)
}

// OneOrganisation refuses, with fault.Invalid, what is about a single organisation when a partner doesn't say which.
func OneOrganisation(tenant customer.Tenant) error {
	if tenant.Customer == "" {
		return fault.InvalidField("orgId", "is needed: this is about the devices of one organisation").WithCode(fault.CodeMissing)
	}
	return nil
}
