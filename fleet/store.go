package fleet

import (
	"context"

	"dialtone/customer"
	"dialtone/provisioning"
)

// Reader reads jobs over devices and line key templates. The rules of customer.Reader hold.
type Reader interface {
	DeviceJob(ctx context.Context, tenant customer.Tenant, id JobID) (Job, error)
	// DeviceJobs lists the jobs of a kind, the newest first.
	DeviceJobs(ctx context.Context, tenant customer.Tenant, kind JobKind, page customer.Page) ([]Job, bool, error)
	// DeviceJobErrors lists the errors after a number, in their order, at most limit.
	DeviceJobErrors(ctx context.Context, tenant customer.Tenant, id JobID, after, limit int) ([]JobError, error)
	LineKeyTemplate(ctx context.Context, tenant customer.Tenant, id LineKeyTemplateID) (LineKeyTemplate, error)
	// LineKeyTemplates lists them; at most maxLineKeyTemplates, as an organisation has no more.
	LineKeyTemplates(ctx context.Context, tenant customer.Tenant) ([]LineKeyTemplate, error)
}

// Tx reads and writes in one transaction, with all that the core does in one.
type Tx interface {
	provisioning.Tx
	Reader
	// CreateDeviceJob gives fault.Conflict with fault.CodeJobRunning when the organisation has a job that isn't over.
	CreateDeviceJob(ctx context.Context, j Job) error
	// SetDeviceJob replaces the status, counts, reached device, error and times of the job with j.ID.
	SetDeviceJob(ctx context.Context, j Job) error
	// AddDeviceJobError adds an error; its number is given by the caller.
	AddDeviceJobError(ctx context.Context, j Job, e JobError) error
	// DeleteOldDeviceJobs deletes the organisation's jobs that are over, all but the newest keep.
	DeleteOldDeviceJobs(ctx context.Context, tenant customer.Tenant, keep int) error
	// CreateLineKeyTemplate gives fault.Conflict with fault.CodeNameInUse when the organisation has one with the name.
	CreateLineKeyTemplate(ctx context.Context, t LineKeyTemplate) error
	// SetLineKeyTemplate replaces the keys, and whether they can be moved.
	SetLineKeyTemplate(ctx context.Context, t LineKeyTemplate) error
	DeleteLineKeyTemplate(ctx context.Context, tenant customer.Tenant, id LineKeyTemplateID) error
}

// Store is what the package needs from below. Update is as in customer.Store.
type Store interface {
	Reader
	Location(ctx context.Context, tenant customer.Tenant, id customer.LocationID) (customer.Location, error)
	TargetDevices(ctx context.Context, tenant customer.Tenant, targets provisioning.DeviceTargets, page customer.Page) ([]provisioning.Device, bool, error)
	CountTargetDevices(ctx context.Context, tenant customer.Tenant, targets provisioning.DeviceTargets) (int, error)
	RenderInput(ctx context.Context, tenant customer.Tenant, device provisioning.DeviceID) (provisioning.RenderInput, error)
	Update(ctx context.Context, tenant customer.Tenant, fn func(tx Tx) error) error
}
