package adminapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/provisioning"
)

// DeviceJobs is what the door asks about jobs over devices; provisioning.Service is one.
type DeviceJobs interface {
	StartDeviceJob(ctx context.Context, actor customer.Actor, tenant customer.Tenant, request provisioning.JobRequest) (provisioning.DeviceJob, error)
	DeviceJob(ctx context.Context, tenant customer.Tenant, kind provisioning.DeviceJobKind, id provisioning.DeviceJobID) (provisioning.DeviceJob, error)
	DeviceJobs(ctx context.Context, tenant customer.Tenant, kind provisioning.DeviceJobKind, page customer.Page) ([]provisioning.DeviceJob, bool, error)
	DeviceJobErrors(ctx context.Context, tenant customer.Tenant, kind provisioning.DeviceJobKind, id provisioning.DeviceJobID, after, limit int) ([]provisioning.DeviceJobError, error)
	PreviewDeviceJob(ctx context.Context, actor customer.Actor, tenant customer.Tenant, request provisioning.JobRequest, page customer.Page) (provisioning.JobPreview, error)
	CountDeviceJob(ctx context.Context, actor customer.Actor, tenant customer.Tenant, request provisioning.JobRequest) (int, error)
}

// executionWire is one run of a job, or of its one step.
type executionWire struct {
	ID             int64           `json:"id"`
	StartTime      string          `json:"startTime,omitempty"`
	EndTime        string          `json:"endTime,omitempty"`
	LastUpdated    string          `json:"lastUpdated"`
	StatusMessage  string          `json:"statusMessage"`
	ExitCode       string          `json:"exitCode"`
	CreatedTime    string          `json:"createdTime,omitempty"`
	TimeElapsed    string          `json:"timeElapsed" doc:"ISO 8601, e.g. PT11.476S"`
	Name           string          `json:"name,omitempty"`
	StepExecutions []executionWire `json:"stepExecutionStatuses,omitempty"`
}

// movedWire counts numbers that were moved: the schema of this API has it for all jobs, and nothing is moved by ours.
type movedWire struct {
	TotalNumbers   int `json:"totalNumbers"`
	NumbersDeleted int `json:"numbersDeleted"`
	NumbersMoved   int `json:"numbersMoved"`
	NumbersFailed  int `json:"numbersFailed"`
}

// deviceJobWire is a job over devices.
type deviceJobWire struct {
	Name                    string          `json:"name"`
	ID                      string          `json:"id"`
	JobType                 string          `json:"jobType"`
	TrackingID              string          `json:"trackingId"`
	SourceUserID            string          `json:"sourceUserId" doc:"Who started it"`
	SourceCustomerID        string          `json:"sourceCustomerId"`
	TargetCustomerID        string          `json:"targetCustomerId"`
	InstanceID              int64           `json:"instanceId"`
	JobExecutionStatus      []executionWire `json:"jobExecutionStatus"`
	LatestExecutionStatus   string          `json:"latestExecutionStatus" doc:"STARTING, STARTED, COMPLETED or FAILED"`
	LatestExecutionExitCode string          `json:"latestExecutionExitCode" doc:"UNKNOWN while it runs, COMPLETED, COMPLETED_WITH_ERRORS or FAILED"`
	PercentageComplete      int             `json:"percentageComplete"`
	Target                  string          `json:"target" doc:"CUSTOMER or LOCATION"`
	LocationID              string          `json:"locationId"`
	DeviceCount             int             `json:"deviceCount" doc:"Devices that it is about, once it has started"`
	UpdatedCount            int             `json:"updatedCount"`
	AdvisoryCount           int             `json:"advisoryCount" doc:"Of those updated, the ones that a template doesn't quite fit"`
	FailedCount             int             `json:"failedCount" doc:"Devices that are as they were: see the errors"`
	// These are of jobs that move numbers; the schema wants them for jobs over settings, too.
	OperationType      string    `json:"operationType"`
	SourceLocationID   string    `json:"sourceLocationId"`
	TargetLocationID   string    `json:"targetLocationId"`
	SourceLocationName string    `json:"sourceLocationName"`
	TargetLocationName string    `json:"targetLocationName"`
	Counts             movedWire `json:"counts"`
}

func wireDeviceJob(j provisioning.DeviceJob) deviceJobWire {
	location, target := encodeID(kindLocation, j.Location), "CUSTOMER"
	if j.Location != "" {
		target = "LOCATION"
	}
	return deviceJobWire{
		Name: string(j.Kind), ID: encodeID(kindJob, j.ID), JobType: string(j.Kind), TrackingID: jobTracking(j), SourceUserID: encodeID(kindPerson, j.ActorID),
		SourceCustomerID: encodeID(kindOrganization, j.Org), TargetCustomerID: encodeID(kindOrganization, j.Org), InstanceID: instanceOf(j),
		JobExecutionStatus: []executionWire{wireExecution(j)}, LatestExecutionStatus: string(j.Status), LatestExecutionExitCode: deviceExitCode(j),
		PercentageComplete: j.Percent(), Target: target, LocationID: location, DeviceCount: j.Total, UpdatedCount: j.Updated, AdvisoryCount: j.Advisory,
		FailedCount: j.Failed, OperationType: "UPDATE", SourceLocationID: location, TargetLocationID: location,
	}
}

// jobTracking names a job in our log and that of the client.
func jobTracking(j provisioning.DeviceJob) string { return "DIALTONE_" + string(j.ID) }

// instanceOf is a number for clients that want one: nothing here is found by it.
func instanceOf(j provisioning.DeviceJob) int64 { return j.Created.UnixMilli() }

func deviceExitCode(j provisioning.DeviceJob) string {
	switch {
	case !j.Status.Over():
		return "UNKNOWN"
	case j.Status == provisioning.DeviceJobCompleted && j.Failed > 0:
		return "COMPLETED_WITH_ERRORS"
	}
	return string(j.Status)
}

func wireExecution(j provisioning.DeviceJob) executionWire {
	w := executionWire{
		ID: instanceOf(j), StartTime: timestamp(j.Started), EndTime: timestamp(j.Finished), LastUpdated: timestamp(j.Touched), StatusMessage: string(j.Status),
		ExitCode: deviceExitCode(j), CreatedTime: timestamp(j.Created), TimeElapsed: "PT0S",
	}
	if !j.Started.IsZero() {
		w.TimeElapsed = isoDuration(j.Touched.Sub(j.Started))
		step := w
		step.Name, step.CreatedTime = string(j.Kind)+"Update", ""
		w.StepExecutions = []executionWire{step}
	}
	return w
}

// The bodies that start jobs.
type (
	settingsJobBody struct {
		LocationID      string    `json:"locationId" doc:"Of the location; the organisation when it isn't given"`
		LocationEnabled *truth    `json:"locationCustomizationsEnabled" doc:"False takes back everything that is set on the location"`
		Customizations  anyObject `json:"customizations" doc:"Groups mpp, ata, dect and wifi; what isn't named stays"`
	}
	dynamicTagBody struct {
		Family string `json:"familyOrModelDisplayName"`
		TagChangeBody
	}
	tagsJobBody struct {
		LocationID string           `json:"locationId" doc:"Of the location; the organisation when it isn't given"`
		Tags       []dynamicTagBody `json:"tags"`
	}
	advisoryBody struct {
		MoreShared  truth `json:"moreSharedAppearancesEnabled"`
		FewShared   truth `json:"fewSharedAppearancesEnabled"`
		MoreMonitor truth `json:"moreMonitorAppearancesEnabled"`
		MoreCPE     truth `json:"moreCPEAppearancesEnabled"`
		MoreModes   truth `json:"moreModeManagementAppearancesEnabled"`
	}
	// TemplateJobBody says which devices get which keys.
	TemplateJobBody struct {
		Action        string       `json:"action" doc:"APPLY_TEMPLATE or APPLY_DEFAULT_TEMPLATES"`
		TemplateID    string       `json:"templateId"`
		LocationIDs   []string     `json:"locationIds" doc:"None: all"`
		ExcludeCustom truth        `json:"excludeDevicesWithCustomLayout"`
		IncludeTags   []string     `json:"includeDeviceTags" doc:"Devices with one of these tags"`
		ExcludeTags   []string     `json:"excludeDeviceTags"`
		Advisories    advisoryBody `json:"advisoryTypes" doc:"Devices that the template doesn't fit in one of these ways"`
	}
	rebuildJobBody struct {
		LocationID string `json:"locationId"`
	}
)

func (b settingsJobBody) request() (provisioning.JobRequest, error) {
	location, err := fieldID[customer.LocationID]("locationId", b.LocationID)
	return provisioning.SettingsRequest{Location: location, Enabled: b.LocationEnabled.plain(), Customizations: json.RawMessage(b.Customizations)}, err
}

func (b tagsJobBody) request() (provisioning.JobRequest, error) {
	location, err := fieldID[customer.LocationID]("locationId", b.LocationID)
	r := provisioning.TagsRequest{Location: location, Tags: make([]provisioning.DynamicChange, len(b.Tags))}
	for i, tag := range b.Tags {
		r.Tags[i] = provisioning.DynamicChange{Family: tag.Family, Tag: tag.Tag, Action: tag.Action, Value: string(tag.Value)}
	}
	return r, err
}

func (b TemplateJobBody) request() (provisioning.JobRequest, error) {
	r := provisioning.TemplateRequest{
		Action: b.Action, DefaultLayout: bool(b.ExcludeCustom), Tags: b.IncludeTags, WithoutTags: b.ExcludeTags,
		Advisories: provisioning.AdvisoryTypes{
			MoreSharedAppearances: bool(b.Advisories.MoreShared), FewSharedAppearances: bool(b.Advisories.FewShared), MoreMonitorAppearances: bool(b.Advisories.MoreMonitor),
			MoreCPEAppearances: bool(b.Advisories.MoreCPE), MoreModeManagementAppearances: bool(b.Advisories.MoreModes),
		},
	}
	var err error
	if r.Template, err = fieldID[provisioning.LineKeyTemplateID]("templateId", b.TemplateID); err != nil {
		return nil, err
	}
	for i, text := range b.LocationIDs {
		field := fmt.Sprintf("locationIds[%d]", i)
		id, err := fieldID[customer.LocationID](field, text)
		if err == nil && id == "" {
			err = fault.InvalidField(field, "must not be empty")
		}
		if err != nil {
			return nil, err
		}
		r.Locations = append(r.Locations, id)
	}
	return r, nil
}

func (b rebuildJobBody) request() (provisioning.JobRequest, error) {
	location, err := fieldID[customer.LocationID]("locationId", b.LocationID)
	return provisioning.RebuildRequest{Location: location}, err
}

// jobBody is a body that starts a job.
type jobBody interface {
	request() (provisioning.JobRequest, error)
}

type jobInput[B jobBody] struct {
	InOrg
	Body B
}

type jobOutput struct{ Body deviceJobWire }

// JobInput names a job.
type JobInput struct {
	InOrg
	ID string `path:"jobId"`
}

type jobsInput struct {
	Paging
	InOrg
}

type jobErrorsInput struct {
	JobInput
	Start string `query:"start" doc:"Errors to pass over"`
	Max   string `query:"max" doc:"1 to 2000; 2000 when it isn't given"`
}

const jobsPath = "/v1/telephony/config/jobs/devices/"

func (s *Server) deviceJobRoutes() {
	jobRoutes[settingsJobBody](s, "callDeviceSettings", provisioning.JobCallDeviceSettings, "Change settings of an organisation or a location", http.StatusOK)
	jobRoutes[tagsJobBody](s, "dynamicDeviceSettings", provisioning.JobDynamicDeviceSettings, "Change dynamic settings of an organisation or a location", http.StatusAccepted)
	jobRoutes[TemplateJobBody](s, "applyLineKeyTemplate", provisioning.JobApplyLineKeyTemplate, "Give devices the keys of a template, or their default ones", http.StatusAccepted)
	jobRoutes[rebuildJobBody](s, "rebuildPhones", provisioning.JobRebuildPhones, "Render all files of a location's devices once more", http.StatusAccepted)
	route(s, operation{"previewApplyLineKeyTemplate", http.MethodPost, telephonyDevices + "/actions/previewApplyLineKeyTemplate/invoke", "Count the devices that a template would be applied to", 0, customer.ScopeTelephonyWrite}, s.countTemplate)
	route(s, operation{"previewDeviceJob", http.MethodPost, "/hub/v1/devices/preview", "What a job would do to the files of each device", 0, customer.ScopeTelephonyWrite}, s.previewJob)
}

// jobRoutes adds the routes of one kind of jobs.
func jobRoutes[B jobBody](s *Server, name string, kind provisioning.DeviceJobKind, summary string, started int) {
	path, one := jobsPath+name, jobsPath+name+"/{jobId}"
	route(s, operation{name, http.MethodPost, path, summary, started, customer.ScopeTelephonyWrite}, func(ctx context.Context, in *jobInput[B]) (*jobOutput, error) {
		tenant, err := s.tenant(ctx, in.InOrg)
		if err != nil {
			return nil, err
		}
		request, err := in.Body.request()
		if err != nil {
			return nil, err
		}
		j, err := s.Devices.StartDeviceJob(ctx, actorOf(ctx), tenant, request)
		return &jobOutput{wireDeviceJob(j)}, err
	})
	route(s, operation{name + "List", http.MethodGet, path, "List such jobs, the newest first", 0, customer.ScopeTelephonyRead}, func(ctx context.Context, in *jobsInput) (*listed[deviceJobWire], error) {
		page, err := in.page()
		if err != nil {
			return nil, err
		}
		tenant, err := s.tenant(ctx, in.InOrg)
		if err != nil {
			return nil, err
		}
		list, more, err := s.Devices.DeviceJobs(ctx, tenant, kind, page)
		return answer(&in.Paging, page, list, more, wireDeviceJob), err
	})
	route(s, operation{name + "Get", http.MethodGet, one, "How far such a job is", 0, customer.ScopeTelephonyRead}, func(ctx context.Context, in *JobInput) (*jobOutput, error) {
		tenant, id, err := s.job(ctx, *in)
		if err != nil {
			return nil, err
		}
		j, err := s.Devices.DeviceJob(ctx, tenant, kind, id)
		return &jobOutput{wireDeviceJob(j)}, err
	})
	route(s, operation{name + "Errors", http.MethodGet, one + "/errors", "Why such a job left devices as they were", 0, customer.ScopeTelephonyRead}, func(ctx context.Context, in *jobErrorsInput) (*deviceJobErrorsOutput, error) {
		return s.jobErrors(ctx, kind, in)
	})
}

func (s *Server) job(ctx context.Context, in JobInput) (customer.Tenant, provisioning.DeviceJobID, error) {
	tenant, err := s.tenant(ctx, in.InOrg)
	if err != nil {
		return tenant, "", err
	}
	id, err := pathID[provisioning.DeviceJobID]("job", in.ID)
	return tenant, id, err
}
