package fleet

import (
	"context"
	"encoding/json"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/provisioning"
)

// deviceWork is what a job does, as it is stored with the job in JSON. A new kind is a type that implements this, a constant, and a line in workOf.
type deviceWork interface {
	// targets says which devices the work is about.
	targets() provisioning.DeviceTargets
	// begin is done once, before the first device and in the transaction in which the job starts. An error that trying again wouldn't mend ends the job.
	begin(ctx context.Context, s *Service, tx Tx, j Job) error
	// narrows reports whether concerns says no to some of the targets.
	narrows() bool
	// concerns narrows the targets by what no query sees; in is the device as it is now.
	concerns(s *Service, in provisioning.RenderInput) (bool, error)
	// change changes one device and publishes that. An error leaves the device as it was, and is noted with the job.
	change(ctx context.Context, s *Service, tx Tx, j Job, d provisioning.Device) (outcome, error)
	// wouldBe returns what the device's files would be made of, to show it and change nothing.
	wouldBe(s *Service, in provisioning.RenderInput) (provisioning.RenderInput, error)
}

// outcome is what became of one device.
type outcome struct {
	updated  bool
	advisory bool // it was changed, and something doesn't fit
}

// plainWork is the part of a work that most kinds leave out.
type plainWork struct{}

func (plainWork) begin(context.Context, *Service, Tx, Job) error { return nil }

func (plainWork) narrows() bool { return false }

func (plainWork) concerns(*Service, provisioning.RenderInput) (bool, error) { return true, nil }

func (plainWork) wouldBe(_ *Service, in provisioning.RenderInput) (provisioning.RenderInput, error) {
	return in, nil
}

// workOf returns what a job does: the one list of kinds.
func workOf(j Job) (deviceWork, error) {
	switch j.Kind {
	case JobCallDeviceSettings, JobDynamicDeviceSettings:
		return readWork[settingsWork](j)
	case JobApplyLineKeyTemplate:
		return readWork[templateWork](j)
	case JobResetBackgrounds:
		return readWork[imageWork](j)
	case JobRebuildPhones:
		return readWork[rebuildWork](j)
	case JobRotateCredentials, JobAnswerCompromise:
		return readWork[credentialsWork](j)
	case JobRollBack:
		return readWork[rollbackWork](j)
	}
	return nil, fault.New(fault.Internal, "nobody does jobs of the kind %q", j.Kind)
}

func readWork[W deviceWork](j Job) (deviceWork, error) {
	var work W
	if err := json.Unmarshal(j.Request, &work); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "the request of job %s can't be read", j.ID)
	}
	return work, nil
}

// JobRequest is what somebody asks of many devices: a SettingsRequest, TagsRequest, TemplateRequest, RebuildRequest, RotationRequest,
// CompromiseRequest or RollbackRequest.
type JobRequest interface {
	// prepare checks the request. It returns the kind of the job, the one location that it is about, if it is one, and the work.
	prepare(ctx context.Context, s *Service, actor customer.Actor, tenant customer.Tenant) (JobKind, customer.LocationID, deviceWork, error)
}

// RebuildRequest asks to render all files of a location's devices once more.
type RebuildRequest struct {
	Location customer.LocationID
}

func (r RebuildRequest) prepare(ctx context.Context, s *Service, _ customer.Actor, tenant customer.Tenant) (JobKind, customer.LocationID, deviceWork, error) {
	if r.Location == "" {
		return "", "", nil, fault.InvalidField("locationId", "is needed").WithCode(fault.CodeMissing)
	}
	l, err := s.ownLocation(ctx, tenant, r.Location, "locationId")
	return JobRebuildPhones, l.ID, rebuildWork{Location: l.ID}, err
}

// ownLocation returns a location that a field of a request names.
func (s *Service) ownLocation(ctx context.Context, tenant customer.Tenant, id customer.LocationID, field string) (customer.Location, error) {
	l, err := s.store.Location(ctx, tenant, id)
	if fault.Is(err, fault.NotFound) {
		return l, fault.InvalidField(field, "names no location of this organisation").WithCode(fault.CodeUnknown)
	}
	return l, err
}

// rebuildWork publishes what is known anyway.
type rebuildWork struct {
	plainWork
	Location customer.LocationID `json:"location"`
}

func (w rebuildWork) targets() provisioning.DeviceTargets {
	return provisioning.DeviceTargets{Locations: []customer.LocationID{w.Location}}
}

func (w rebuildWork) change(ctx context.Context, s *Service, tx Tx, j Job, d provisioning.Device) (outcome, error) {
	_, err := s.core.Publish(ctx, tx, j.actor(), d.Tenant(), d.ID, customer.EventDeviceRebuilt, map[string]any{"job": j.ID})
	return outcome{updated: true}, err
}
