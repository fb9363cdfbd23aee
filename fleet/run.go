package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/job"
	"dialtone/provisioning"
)

// jobOverDevices is what starting a job over devices promises.
const jobOverDevices job.Kind = "provisioning.devices"

type deviceJobArgs struct {
	Partner customer.OrgID `json:"partner"`
	Org     customer.OrgID `json:"org"`
	Job     JobID          `json:"job"`
}

func (a deviceJobArgs) tenant() customer.Tenant {
	return customer.Tenant{Partner: a.Partner, Customer: a.Org}
}

// The bounds of a step, far below job.Timeout, and of its transactions.
const (
	deviceStepTime = 4 * time.Second
	// deviceChunk is how many devices are changed in one transaction: some hundred milliseconds, in which the organisation's other writers wait.
	deviceChunk = 100
	// deviceJobPause is how long a job waits that seems to be somebody else's.
	deviceJobPause = 2 * time.Second
	// keptDeviceJobs is how many jobs of an organisation are kept with their errors.
	keptDeviceJobs = 200
)

// What ends a step before its devices do.
var (
	errDeviceJobOver  = errors.New("the job is gone or over")
	errDeviceJobMoved = errors.New("the job is further on than this step knows")
)

// Start promises to change many devices of one organisation. fault.Invalid when the request breaks a rule, or no organisation is given;
// fault.Conflict with fault.CodeJobRunning while another job of the organisation isn't over.
func (s *Service) Start(ctx context.Context, actor customer.Actor, tenant customer.Tenant, request JobRequest) (Job, error) {
	j, _, err := s.newDeviceJob(ctx, actor, tenant, request)
	if err != nil {
		return Job{}, err
	}
	return j, s.store.Update(ctx, tenant, func(tx Tx) error { return s.promiseDeviceJob(ctx, tx, j) })
}

// promiseDeviceJob stores a job, to be done after the transaction.
func (s *Service) promiseDeviceJob(ctx context.Context, tx Tx, j Job) error {
	if err := tx.DeleteOldDeviceJobs(ctx, j.Tenant(), keptDeviceJobs); err != nil {
		return err
	}
	if err := tx.CreateDeviceJob(ctx, j); err != nil {
		return err
	}
	if err := s.recordDeviceJob(ctx, tx, j, EventJobStarted, map[string]any{"kind": j.Kind, "location": j.Location}); err != nil {
		return err
	}
	return tx.Enqueue(ctx, job.Job{Kind: jobOverDevices, Args: deviceJobArgs{Partner: j.Partner, Org: j.Org, Job: j.ID}})
}

// newDeviceJob checks a request and makes the job of it, which isn't stored.
func (s *Service) newDeviceJob(ctx context.Context, actor customer.Actor, tenant customer.Tenant, request JobRequest) (Job, deviceWork, error) {
	if err := provisioning.OneOrganisation(tenant); err != nil {
		return Job{}, nil, err
	}
	kind, location, work, err := request.prepare(ctx, s, actor, tenant)
	if err != nil {
		return Job{}, nil, err
	}
	j, err := s.makeDeviceJob(actor, tenant, kind, location, work)
	return j, work, err
}

func (s *Service) makeDeviceJob(actor customer.Actor, tenant customer.Tenant, kind JobKind, location customer.LocationID, work deviceWork) (Job, error) {
	text, err := json.Marshal(work)
	if err != nil {
		return Job{}, fault.Wrap(fault.Internal, err, "the request of a job can't be written")
	}
	return Job{
		ID: JobID(s.newID()), Partner: tenant.Partner, Org: tenant.Customer, Kind: kind, Location: location, Request: text, Status: JobStarting,
		Actor: actor.Email, ActorID: actor.Admin, Created: s.now(), Touched: s.now(),
	}, nil
}

func (s *Service) recordDeviceJob(ctx context.Context, tx Tx, j Job, kind customer.EventKind, facts map[string]any) error {
	return tx.Record(ctx, customer.Event{Time: s.now(), Tenant: j.Tenant(), Actor: j.Actor, Kind: kind, Subject: string(j.ID), Data: facts})
}

// Job returns a job of a kind. fault.NotFound for one of another kind.
func (s *Service) Job(ctx context.Context, tenant customer.Tenant, kind JobKind, id JobID) (Job, error) {
	j, err := s.store.DeviceJob(ctx, tenant, id)
	if err == nil && j.Kind != kind {
		return Job{}, fault.New(fault.NotFound, "There is no such job.")
	}
	return j, err
}

// Jobs lists the jobs of a kind of one organisation, the newest first.
func (s *Service) Jobs(ctx context.Context, tenant customer.Tenant, kind JobKind, page customer.Page) ([]Job, bool, error) {
	if err := provisioning.OneOrganisation(tenant); err != nil {
		return nil, false, err
	}
	return s.store.DeviceJobs(ctx, tenant, kind, page)
}

// JobErrors lists why a job left devices as they were, those after a number, at most limit.
func (s *Service) JobErrors(ctx context.Context, tenant customer.Tenant, kind JobKind, id JobID, after, limit int) ([]JobError, error) {
	if _, err := s.Job(ctx, tenant, kind, id); err != nil {
		return nil, err
	}
	return s.store.DeviceJobErrors(ctx, tenant, id, after, limit)
}

// runDeviceJob does a step of a job: some devices, with which the place that was reached is stored, so that a step that is killed is gone on with where it
// was.
func (s *Service) runDeviceJob(ctx context.Context, args deviceJobArgs) error {
	j, err := s.store.DeviceJob(ctx, args.tenant(), args.Job)
	switch {
	case fault.Is(err, fault.NotFound):
		return nil
	case err != nil:
		return err
	case j.Status.Over():
		return nil
	}
	work, err := workOf(j)
	if err == nil {
		err = s.deviceJobStep(ctx, j, work)
	}
	switch {
	case errors.Is(err, errDeviceJobOver):
		return nil
	case errors.Is(err, errDeviceJobMoved): // it is looked at again: nobody else may be at it
		return job.Again(deviceJobPause)
	}
	return err
}

// deviceJobStep works until the time of a step or the devices are used up.
func (s *Service) deviceJobStep(ctx context.Context, j Job, work deviceWork) error {
	until := s.now().Add(deviceStepTime)
	if j.Status == JobStarting {
		started, err := s.beginDeviceJob(ctx, j, work)
		if fault.IsAnswer(err) {
			return s.endDeviceJob(ctx, j, JobFailed, fault.Message(err))
		}
		if err != nil {
			return err
		}
		j = started
	}
	for {
		devices, more, err := s.store.TargetDevices(ctx, j.Tenant(), work.targets(), customer.Page{Max: deviceChunk, After: j.Reached})
		if err != nil {
			return err
		}
		if j, err = s.workOn(ctx, j, work, devices, until); err != nil {
			return err
		}
		if !more && (len(devices) == 0 || j.Reached == placeOf(devices[len(devices)-1])) {
			return s.endDeviceJob(ctx, j, JobCompleted, "")
		}
		if !s.now().Before(until) {
			return job.Again(0)
		}
	}
}

// placeOf is a device's place in the order in which a job takes devices.
func placeOf(d provisioning.Device) customer.Cursor {
	return customer.Cursor{At: d.Created, ID: string(d.ID)}
}

// beginDeviceJob does what comes before the devices, and counts those.
func (s *Service) beginDeviceJob(ctx context.Context, j Job, work deviceWork) (Job, error) {
	err := s.store.Update(ctx, j.Tenant(), func(tx Tx) error {
		if err := stillThere(ctx, tx, j); err != nil {
			return err
		}
		if err := work.begin(ctx, s, tx, j); err != nil {
			return err
		}
		total, err := tx.CountTargetDevices(ctx, j.Tenant(), work.targets())
		if err != nil {
			return err
		}
		j.Status, j.Total, j.Started, j.Touched = JobStarted, total, s.now(), s.now()
		return tx.SetDeviceJob(ctx, j)
	})
	return j, err
}

// stillThere looks at a job again before something is done for it, as a step that was taken for dead may be further on.
func stillThere(ctx context.Context, tx Tx, j Job) error {
	now, err := tx.DeviceJob(ctx, j.Tenant(), j.ID)
	switch {
	case fault.Is(err, fault.NotFound):
		return errDeviceJobOver
	case err != nil:
		return err
	case now.Status.Over():
		return errDeviceJobOver
	case now.Status != j.Status || now.Reached.ID != j.Reached.ID:
		return errDeviceJobMoved
	}
	return nil
}

// workOn changes some devices in one transaction. If one of them can't be, they are taken one by one, so that the others go through.
func (s *Service) workOn(ctx context.Context, j Job, work deviceWork, devices []provisioning.Device, until time.Time) (Job, error) {
	if len(devices) == 0 {
		return j, nil
	}
	next, err := s.changeDevices(ctx, j, work, devices)
	if !ofOneDevice(ctx, err) {
		return next, err
	}
	for _, d := range devices {
		next, err := s.changeDevices(ctx, j, work, []provisioning.Device{d})
		if ofOneDevice(ctx, err) {
			next, err = s.noteFailure(ctx, j, d, err)
		}
		if err != nil {
			return j, err
		}
		if j = next; !s.now().Before(until) {
			break
		}
	}
	return j, nil
}

// ofOneDevice reports whether an error is about the device at hand, and not about the database or the job.
func ofOneDevice(ctx context.Context, err error) bool {
	return err != nil && ctx.Err() == nil && !fault.Is(err, fault.Unavailable) && !errors.Is(err, errDeviceJobOver) && !errors.Is(err, errDeviceJobMoved)
}

func (s *Service) changeDevices(ctx context.Context, j Job, work deviceWork, devices []provisioning.Device) (Job, error) {
	var next Job
	err := s.store.Update(ctx, j.Tenant(), func(tx Tx) error {
		if err := stillThere(ctx, tx, j); err != nil {
			return err
		}
		next = j
		for _, d := range devices {
			done, err := s.changeDevice(ctx, tx, j, work, d)
			if err != nil {
				return err
			}
			next = next.with(d, done)
		}
		next.Touched = s.now()
		return tx.SetDeviceJob(ctx, next)
	})
	return next, err
}

func (s *Service) changeDevice(ctx context.Context, tx Tx, j Job, work deviceWork, d provisioning.Device) (outcome, error) {
	in, err := tx.RenderInput(ctx, j.Tenant(), d.ID)
	if fault.Is(err, fault.NotFound) {
		return outcome{}, nil // it was deleted meanwhile
	}
	if err != nil {
		return outcome{}, err
	}
	if concerned, err := work.concerns(s, in); err != nil || !concerned {
		return outcome{}, err
	}
	return work.change(ctx, s, tx, j, in.Device)
}

// with is the job with one more device.
func (j Job) with(d provisioning.Device, done outcome) Job {
	j.Done++
	j.Reached = placeOf(d)
	if done.updated {
		j.Updated++
	}
	if done.advisory {
		j.Advisory++
	}
	return j
}

// noteFailure notes why a device stays as it was.
func (s *Service) noteFailure(ctx context.Context, j Job, d provisioning.Device, cause error) (Job, error) {
	if !fault.IsAnswer(cause) {
		s.logger.ErrorContext(ctx, "a job couldn't change a device", "job", j.ID, "device", d.ID, "error", cause)
	}
	next := j.with(d, outcome{})
	next.Failed++
	next.Touched = s.now()
	e := JobError{Number: next.Failed, Device: d.ID, Location: d.Location, Message: fault.Message(cause)}
	if list := fault.ProblemsOf(cause); len(list) > 0 {
		e.Code = list[0].Code
	}
	return next, s.store.Update(ctx, j.Tenant(), func(tx Tx) error {
		if err := stillThere(ctx, tx, j); err != nil {
			return err
		}
		if err := tx.AddDeviceJobError(ctx, j, e); err != nil {
			return err
		}
		return tx.SetDeviceJob(ctx, next)
	})
}

// endDeviceJob says that nothing more is done.
func (s *Service) endDeviceJob(ctx context.Context, j Job, status JobStatus, why string) error {
	return s.store.Update(ctx, j.Tenant(), func(tx Tx) error {
		now, err := tx.DeviceJob(ctx, j.Tenant(), j.ID)
		if fault.Is(err, fault.NotFound) || err == nil && now.Status.Over() {
			return nil
		}
		if err != nil {
			return err
		}
		now.Status, now.Error, now.Finished, now.Touched = status, why, s.now(), s.now()
		if err := tx.SetDeviceJob(ctx, now); err != nil {
			return err
		}
		return s.recordDeviceJob(ctx, tx, now, EventJobFinished, map[string]any{
			"kind": now.Kind, "status": now.Status, "devices": now.Done, "updated": now.Updated, "failed": now.Failed, "error": now.Error,
		})
	})
}

// giveUpDeviceJob ends a job that couldn't go on for hours.
func (s *Service) giveUpDeviceJob(ctx context.Context, args deviceJobArgs, _ error) error {
	j, err := s.store.DeviceJob(ctx, args.tenant(), args.Job)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.endDeviceJob(ctx, j, JobFailed, "This took too many attempts. Start the same job once more: devices that are done only get the same again. If it fails again, ask whoever runs the server.")
}
