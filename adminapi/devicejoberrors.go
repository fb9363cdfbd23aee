package adminapi

import (
	"context"

	"strconv"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/fleet"
)

// deviceJobMessageWire is one reason.
type deviceJobMessageWire struct {
	Description string `json:"description"`
	Code        string `json:"code"`
	LocationID  string `json:"locationId"`
	DeviceID    string `json:"deviceId,omitempty"`
}

type jobErrorBody struct {
	Key     string                 `json:"key" doc:"Status code that the same error would have as an answer"`
	Message []deviceJobMessageWire `json:"message"`
}

// deviceJobErrorWire is why a job left one device as it was, or failed as a whole.
type deviceJobErrorWire struct {
	ItemNumber int          `json:"itemNumber"`
	TrackingID string       `json:"trackingId"`
	Error      jobErrorBody `json:"error"`
}

type deviceJobErrorsOutput struct {
	Body struct {
		Items []deviceJobErrorWire `json:"items"`
		// The schema of one kind of jobs has a single error in the place of the list.
		TrackingID string        `json:"trackingId"`
		Error      *jobErrorBody `json:"error,omitempty" doc:"The first of the items"`
	}
}

// mostErrors bounds a page of errors, as the wire has it.
const mostErrors = 2000

func (s *Server) jobErrors(ctx context.Context, kind fleet.JobKind, in *jobErrorsInput) (*deviceJobErrorsOutput, error) {
	start, limit, err := in.window()
	if err != nil {
		return nil, err
	}
	tenant, id, err := s.job(ctx, in.JobInput)
	if err != nil {
		return nil, err
	}
	j, err := s.Fleet.Job(ctx, tenant, kind, id)
	if err != nil {
		return nil, err
	}
	list, err := s.Fleet.JobErrors(ctx, tenant, kind, id, start, limit)
	if err != nil {
		return nil, err
	}
	out := &deviceJobErrorsOutput{}
	out.Body.TrackingID, out.Body.Items = jobTracking(j), []deviceJobErrorWire{}
	if j.Error != "" && start == 0 {
		out.Body.Items = append(out.Body.Items, deviceJobErrorWire{0, jobTracking(j), jobErrorBody{"500", []deviceJobMessageWire{{Description: j.Error}}}})
	}
	for _, e := range list {
		out.Body.Items = append(out.Body.Items, wireJobError(j, e))
	}
	if len(out.Body.Items) > 0 {
		out.Body.Error = &out.Body.Items[0].Error
	}
	return out, nil
}

func wireJobError(j fleet.Job, e fleet.JobError) deviceJobErrorWire {
	message := deviceJobMessageWire{Description: e.Message, LocationID: encodeID(kindLocation, e.Location), DeviceID: encodeID(kindCallingDevice, e.Device)}
	key := "500"
	if e.Code != 0 {
		key, message.Code = "400", strconv.Itoa(e.Code)
	}
	return deviceJobErrorWire{e.Number, jobTracking(j), jobErrorBody{key, []deviceJobMessageWire{message}}}
}

// window reads the bounds of a page.
func (in *jobErrorsInput) window() (start, limit int, err error) {
	limit = mostErrors
	if in.Start != "" {
		if start, err = strconv.Atoi(in.Start); err != nil || start < 0 {
			return 0, 0, fault.InvalidField("start", "must be a whole number from 0; it is %.40q", in.Start)
		}
	}
	if in.Max != "" {
		n, err := strconv.Atoi(in.Max)
		if err != nil || n < 1 {
			return 0, 0, fault.InvalidField("max", "must be a whole number from 1; it is %.40q", in.Max)
		}
		limit = min(n, mostErrors)
	}
	return start, limit, nil
}

type countInput struct {
	InOrg
	Body TemplateJobBody
}

type countOutput struct {
	Body struct {
		DeviceCount int `json:"deviceCount"`
	}
}

func (s *Server) countTemplate(ctx context.Context, in *countInput) (*countOutput, error) {
	tenant, err := s.tenant(ctx, in.InOrg)
	if err != nil {
		return nil, err
	}
	request, err := in.Body.request()
	if err != nil {
		return nil, err
	}
	out := &countOutput{}
	out.Body.DeviceCount, err = s.Fleet.Count(ctx, actorOf(ctx), tenant, request)
	return out, err
}

// previewInput is the body of any job, and which.
type previewInput struct {
	Paging
	InOrg
	Body struct {
		Kind            string           `json:"kind" doc:"callDeviceSettings, dynamicDeviceSettings, applyLineKeyTemplate or rebuildPhones; the rest is the body that starts such a job"`
		LocationID      string           `json:"locationId"`
		LocationEnabled *truth           `json:"locationCustomizationsEnabled"`
		Customizations  anyObject        `json:"customizations"`
		Tags            []dynamicTagBody `json:"tags"`
		TemplateJobBody
	}
}

func (in *previewInput) request() (fleet.JobRequest, error) {
	b := in.Body
	var body jobBody
	switch b.Kind {
	case "callDeviceSettings":
		body = settingsJobBody{b.LocationID, b.LocationEnabled, b.Customizations}
	case "dynamicDeviceSettings":
		body = tagsJobBody{b.LocationID, b.Tags}
	case "applyLineKeyTemplate":
		body = b.TemplateJobBody
	case "rebuildPhones":
		body = rebuildJobBody{b.LocationID}
	default:
		return nil, fault.InvalidField("kind", "must be callDeviceSettings, dynamicDeviceSettings, applyLineKeyTemplate or rebuildPhones")
	}
	return body.request()
}

// previewWire is what a job would do to one device.
type previewWire struct {
	DeviceID string            `json:"deviceId"`
	MAC      string            `json:"mac,omitempty"`
	Model    string            `json:"model"`
	Files    []previewFileWire `json:"files" doc:"Those that would change"`
	Error    string            `json:"error,omitempty" doc:"Why the device would stay as it is"`
}

type previewFileWire struct {
	Path    string `json:"path"`
	Diff    string `json:"diff" doc:"Unified; secrets read ********"`
	Secrets bool   `json:"secrets" doc:"Secrets would change, and nothing else"`
}

type previewOutput struct {
	Link string `header:"Link"`
	Body struct {
		DeviceCount int           `json:"deviceCount"`
		Devices     []previewWire `json:"devices"`
		Next        string        `json:"next,omitempty" doc:"Send it as the parameter cursor to get the next devices"`
	}
}

func (s *Server) previewJob(ctx context.Context, in *previewInput) (*previewOutput, error) {
	page, tenant, err := s.window(ctx, &in.Paging, in.InOrg)
	if err != nil {
		return nil, err
	}
	request, err := in.request()
	if err != nil {
		return nil, err
	}
	preview, err := s.Fleet.Preview(ctx, actorOf(ctx), tenant, request, page)
	if err != nil {
		return nil, err
	}
	out := &previewOutput{}
	out.Body.DeviceCount, out.Body.Devices = preview.Count, make([]previewWire, len(preview.Devices))
	for i, d := range preview.Devices {
		out.Body.Devices[i] = wirePreview(d)
	}
	if preview.Next != (customer.Cursor{}) {
		out.Body.Next = formatCursor(preview.Next)
	}
	out.Link = in.link(page, out.Body.Next != "", preview.Next)
	return out, nil
}

func wirePreview(d fleet.DevicePreview) previewWire {
	w := previewWire{DeviceID: encodeID(kindCallingDevice, d.Device.ID), Model: d.Device.Model, Files: make([]previewFileWire, len(d.Files)), Error: d.Error}
	if d.Device.HasMAC() {
		w.MAC = d.Device.MAC.String()
	}
	for i, f := range d.Files {
		w.Files[i] = previewFileWire{f.Path, f.Diff, f.Secrets}
	}
	return w
}
