package fleet

import (
	"encoding/json"
	"time"

	"dialtone/customer"
	"dialtone/provisioning"
)

// JobID names a job over devices, a UUID.
type JobID string

// JobKind says what a job over devices does, in the wire's words.
type JobKind string

// The kinds.
const (
	JobCallDeviceSettings    JobKind = "calldevicesettings"         // static settings of an organisation or a location
	JobDynamicDeviceSettings JobKind = "dynamicdevicesettings"      // dynamic settings of an organisation or a location
	JobApplyLineKeyTemplate  JobKind = "applyphonelinekeytemplates" // layouts of many devices
	JobRebuildPhones         JobKind = "rebuildphones"              // every file of a location's devices once more
	JobRotateCredentials     JobKind = "rotatecredentials"          // new SIP passwords, with an overlap
	JobAnswerCompromise      JobKind = "answercompromise"           // new secrets of every kind, at once
	JobRollBack              JobKind = "rollback"                   // what devices were told at a moment
)

// JobStatus is the state of a job over devices, in the wire's words.
type JobStatus string

// The states.
const (
	JobStarting  JobStatus = "STARTING" // promised
	JobStarted   JobStatus = "STARTED"
	JobCompleted JobStatus = "COMPLETED" // with every device, or with the others' errors
	JobFailed    JobStatus = "FAILED"    // given up; what was done to devices stays
)

// Over reports whether nothing is done for the job any more.
func (s JobStatus) Over() bool { return s == JobCompleted || s == JobFailed }

// What happens to jobs over devices.
const (
	EventJobStarted  customer.EventKind = "device_job.started"
	EventJobFinished customer.EventKind = "device_job.finished"
)

// Job is a change of many devices. An organisation has one at a time.
type Job struct {
	ID       JobID
	Partner  customer.OrgID
	Org      customer.OrgID
	Kind     JobKind
	Location customer.LocationID // that it is about; empty for the organisation, or several locations
	Request  json.RawMessage     // what is to be done: the JSON of its kind's deviceWork, secrets sealed
	Status   JobStatus
	Total    int // devices, once it has started
	JobCounts
	Reached  customer.Cursor // the last device that was worked on: they are taken in the order of their creation
	Error    string          // why it failed; "" if it didn't
	Actor    string          // who started it: an admin's e-mail
	ActorID  customer.AdminID
	Created  time.Time
	Started  time.Time // zero: not yet
	Touched  time.Time // when something was last stored of it
	Finished time.Time // zero: not yet
}

// JobCounts counts what became of a job's devices.
type JobCounts struct {
	Done     int // worked on, whatever came of it
	Updated  int
	Advisory int // of those updated, the ones that something doesn't fit
	Failed   int // they are as they were
}

// Tenant returns whose job it is.
func (j Job) Tenant() customer.Tenant {
	return customer.Tenant{Partner: j.Partner, Customer: j.Org}
}

// Percent returns how much is done, from 0 to 100. It is 100 only when the job is completed.
func (j Job) Percent() int {
	switch {
	case j.Status == JobCompleted:
		return 100
	case j.Total <= 0:
		return 0
	}
	const nearly = 99 // devices that came meanwhile count, too
	return min(100*j.Done/j.Total, nearly)
}

// actor returns who the job acts for.
func (j Job) actor() customer.Actor {
	return customer.Actor{Admin: j.ActorID, Partner: j.Partner, Org: j.Org, Email: j.Actor}
}

// JobError is why a job left a device as it was.
type JobError struct {
	Number   int // from 1
	Device   provisioning.DeviceID
	Location customer.LocationID
	Code     int // of package fault; 0 for none
	Message  string
}
