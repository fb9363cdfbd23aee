package fleet

import (
	"context"
	"strconv"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/provisioning"
)

// JobPreview is what a job would do to one page of its devices.
type JobPreview struct {
	Count   int // of all devices that the job is about
	Devices []DevicePreview
	Next    customer.Cursor // of the next page; zero: this is the last one
}

// DevicePreview is what a job would do to one device.
type DevicePreview struct {
	Device provisioning.Device
	Model  deviceprofiles.Model
	Files  []provisioning.FileDiff // those that would change
	Error  string                  // why the device would stay as it is; "" if it wouldn't
}

// maxPreview bounds the devices of one page: each is rendered twice.
const maxPreview = 50

// Preview says what a job would do, and changes nothing. The errors are those of Start, but for a job that runs.
func (s *Service) Preview(ctx context.Context, actor customer.Actor, tenant customer.Tenant, request JobRequest, page customer.Page) (JobPreview, error) {
	_, work, err := s.newDeviceJob(ctx, actor, tenant, request)
	if err != nil {
		return JobPreview{}, err
	}
	out := JobPreview{Devices: []DevicePreview{}}
	if out.Count, err = s.countConcerned(ctx, tenant, work); err != nil {
		return JobPreview{}, err
	}
	page.Max = min(page.Max, maxPreview)
	devices, more, err := s.store.TargetDevices(ctx, tenant, work.targets(), page)
	if err != nil {
		return JobPreview{}, err
	}
	for _, d := range devices {
		preview, concerned, err := s.previewDevice(ctx, work, d)
		if err != nil {
			return JobPreview{}, err
		}
		if concerned {
			out.Devices = append(out.Devices, preview)
		}
	}
	if more {
		out.Next = placeOf(devices[len(devices)-1])
	}
	return out, nil
}

// Count counts the devices that a job would be about.
func (s *Service) Count(ctx context.Context, actor customer.Actor, tenant customer.Tenant, request JobRequest) (int, error) {
	_, work, err := s.newDeviceJob(ctx, actor, tenant, request)
	if err != nil {
		return 0, err
	}
	return s.countConcerned(ctx, tenant, work)
}

// countConcerned counts the devices of a work, one by one if no query can.
func (s *Service) countConcerned(ctx context.Context, tenant customer.Tenant, work deviceWork) (int, error) {
	if !work.narrows() {
		return s.store.CountTargetDevices(ctx, tenant, work.targets())
	}
	count := 0
	page := customer.Page{Max: deviceChunk}
	for more := true; more; {
		var devices []provisioning.Device
		var err error
		if devices, more, err = s.store.TargetDevices(ctx, tenant, work.targets(), page); err != nil {
			return 0, err
		}
		for _, d := range devices {
			in, err := s.store.RenderInput(ctx, tenant, d.ID)
			if fault.Is(err, fault.NotFound) {
				continue
			}
			if err != nil {
				return 0, err
			}
			concerned, err := work.concerns(s, in)
			if err != nil {
				return 0, err
			}
			if page.After = placeOf(d); concerned {
				count++
			}
		}
	}
	return count, nil
}

// previewDevice says what a work would do to a device. False when it is gone, or isn't concerned.
func (s *Service) previewDevice(ctx context.Context, work deviceWork, d provisioning.Device) (DevicePreview, bool, error) {
	in, err := s.store.RenderInput(ctx, d.Tenant(), d.ID)
	if fault.Is(err, fault.NotFound) {
		return DevicePreview{}, false, nil
	}
	if err != nil {
		return DevicePreview{}, false, err
	}
	concerned, err := work.concerns(s, in)
	if err != nil || !concerned {
		return DevicePreview{}, false, err
	}
	out := DevicePreview{Device: in.Device, Files: []provisioning.FileDiff{}}
	if out.Model, err = provisioning.ModelOf(in.Device); err == nil {
		out.Files, err = s.wouldDiffer(work, in)
	}
	if err != nil && !ofOneDevice(ctx, err) {
		return DevicePreview{}, false, err
	}
	if err != nil {
		out.Error = fault.Message(err)
	}
	return out, true, nil
}

// wouldDiffer compares the files that a device has with those that it would have, as its next revision.
func (s *Service) wouldDiffer(work deviceWork, in provisioning.RenderInput) ([]provisioning.FileDiff, error) {
	now, err := s.core.FilesOf(in)
	if err != nil {
		return []provisioning.FileDiff{}, err
	}
	from := "revision " + strconv.FormatInt(in.Device.Revision, 10)
	if in, err = work.wouldBe(s, in); err != nil {
		return []provisioning.FileDiff{}, err
	}
	in.Device.Revision++
	then, err := s.core.FilesOf(in)
	if err != nil {
		return []provisioning.FileDiff{}, err
	}
	return provisioning.DiffFiles(now, then, from, "would be"), nil
}
