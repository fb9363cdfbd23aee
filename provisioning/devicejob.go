package provisioning

import (
	"context"
	"encoding/json"
	"time"

	"dialtone/customer"
)

// DeviceJobID names a job over devices, a UUID.
type DeviceJobID string

// DeviceJobKind says what a job over devices does, in the wire's words.
type DeviceJobKind string

// The kinds.
const (
	JobCallDeviceSettings    DeviceJobKind = "calldevicesettings"         // static settings of an organisation or a location
	JobDynamicDeviceSettings DeviceJobKind = "dynamicdevicesettings"      // dynamic settings of an organisation or a location
	JobApplyLineKeyTemplate  DeviceJobKind = "applyphonelinekeytemplates" // layouts of many devices
	JobRebuildPhones         DeviceJobKind = "rebuildphones"              // every file of a location's devices once more
	JobRotateCredentials     DeviceJobKind = "rotatecredentials"          // new SIP passwords, with an overlap
	JobAnswerCompromise      DeviceJobKind = "answercompromise"           // new secrets of every kind, at once
	JobRollBack              DeviceJobKind = "rollback"                   // what devices were told at a moment
)

// DeviceJobStatus is the state of a job over devices, in the wire's words.
type DeviceJobStatus string

// The states.
const (
	DeviceJobStarting  DeviceJobStatus = "STARTING" // promised
	DeviceJobStarted   DeviceJobStatus = "STARTED"
	DeviceJobCompleted DeviceJobStatus = "COMPLETED" // with every device, or with the others' errors
	DeviceJobFailed    DeviceJobStatus = "FAILED"    // given up; what was done to devices stays
)

// Over reports whether nothing is done for the job any more.
func (s DeviceJobStatus) Over() bool { return s == DeviceJobCompleted || s == DeviceJobFailed }

// What happens to jobs over devices.
const (
	EventDeviceJobStarted  customer.EventKind = "device_job.started"
	EventDeviceJobFinished customer.EventKind = "device_job.finished"
)

// DeviceJob is a change of many devices. An organisation has one at a time.
type DeviceJob struct {
	ID       DeviceJobID
	Partner  customer.OrgID
	Org      customer.OrgID
	Kind     DeviceJobKind
	Location customer.LocationID // that it is about; empty for the organisation, or several locations
	Request  json.RawMessage     // what is to be done: the JSON of its kind's deviceWork, secrets sealed
	Status   DeviceJobStatus
	Total    int // devices, once it has started
	DeviceJobCounts
	Reached  customer.Cursor // the last device that was worked on: they are taken in the order of their creation
	Error    string          // why it failed; "" if it didn't
	Actor    string          // who started it: an admin's e-mail
	ActorID  customer.AdminID
	Created  time.Time
	Started  time.Time // zero: not yet
	Touched  time.Time // when something was last stored of it
	Finished time.Time // zero: not yet
}

// DeviceJobCounts counts what became of a job's devices.
type DeviceJobCounts struct {
	Done     int // worked on, whatever came of it
	Updated  int
	Advisory int // of those updated, the ones that something doesn't fit
	Failed   int // they are as they were
}

// Tenant returns whose job it is.
func (j DeviceJob) Tenant() customer.Tenant {
	return customer.Tenant{Partner: j.Partner, Customer: j.Org}
}

// Percent returns how much is done, from 0 to 100. It is 100 only when the job is completed.
func (j DeviceJob) Percent() int {
	switch {
	case j.Status == DeviceJobCompleted:
		return 100
	case j.Total <= 0:
		return 0
	}
	const nearly = 99 // devices that came meanwhile count, too
	return min(100*j.Done/j.Total, nearly)
}

// actor returns who the job acts for.
func (j DeviceJob) actor() customer.Actor {
	return customer.Actor{Admin: j.ActorID, Partner: j.Partner, Org: j.Org, Email: j.Actor}
}

// DeviceJobError is why a job left a device as it was.
type DeviceJobError struct {
	Number   int // from 1
	Device   DeviceID
	Location customer.LocationID
	Code     int // of package fault; 0 for none
	Message  string
}

// DeviceTargets says which devices of an organisation a job is about. Empty fields don't narrow.
type DeviceTargets struct {
	Locations     []customer.LocationID
	Models        []string // wire names; empty and not nil: no device
	Tags          []string // devices with one of them
	WithoutTags   []string // devices with none of them
	DefaultLayout bool     // only devices whose layout isn't a custom one
}

// DeviceJobReader reads jobs over devices. The rules of Reader hold.
type DeviceJobReader interface {
	DeviceJob(ctx context.Context, tenant customer.Tenant, id DeviceJobID) (DeviceJob, error)
	// DeviceJobs lists the jobs of a kind, the newest first.
	DeviceJobs(ctx context.Context, tenant customer.Tenant, kind DeviceJobKind, page customer.Page) ([]DeviceJob, bool, error)
	// DeviceJobRuns reports whether some job of the tenant isn't over.
	DeviceJobRuns(ctx context.Context, tenant customer.Tenant) (bool, error)
	// DeviceJobErrors lists the errors after a number, in their order, at most limit.
	DeviceJobErrors(ctx context.Context, tenant customer.Tenant, id DeviceJobID, after, limit int) ([]DeviceJobError, error)
	TargetDevices(ctx context.Context, tenant customer.Tenant, targets DeviceTargets, page customer.Page) ([]Device, bool, error)
	CountTargetDevices(ctx context.Context, tenant customer.Tenant, targets DeviceTargets) (int, error)
}

// DeviceJobTx writes jobs over devices.
type DeviceJobTx interface {
	// CreateDeviceJob gives fault.Conflict with fault.CodeJobRunning when the organisation has a job that isn't over.
	CreateDeviceJob(ctx context.Context, j DeviceJob) error
	// SetDeviceJob replaces the status, counts, reached device, error and times of the job with j.ID.
	SetDeviceJob(ctx context.Context, j DeviceJob) error
	// AddDeviceJobError adds an error; its number is given by the caller.
	AddDeviceJobError(ctx context.Context, j DeviceJob, e DeviceJobError) error
	// DeleteOldDeviceJobs deletes the organisation's jobs that are over, all but the newest keep.
	DeleteOldDeviceJobs(ctx context.Context, tenant customer.Tenant, keep int) error
	// SetTold replaces what a device's phone was told once.
	SetTold(ctx context.Context, tenant customer.Tenant, id DeviceID, told Told) error
}
