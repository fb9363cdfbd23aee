package adminapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/fleet"
	"dialtone/provisioning"
)

// Fleet is what the door asks about many devices at once; fleet.Service is one.
type Fleet interface {
	Start(ctx context.Context, actor customer.Actor, tenant customer.Tenant, request fleet.JobRequest) (fleet.Job, error)
	Job(ctx context.Context, tenant customer.Tenant, kind fleet.JobKind, id fleet.JobID) (fleet.Job, error)
	Jobs(ctx context.Context, tenant customer.Tenant, kind fleet.JobKind, page customer.Page) ([]fleet.Job, bool, error)
	JobErrors(ctx context.Context, tenant customer.Tenant, kind fleet.JobKind, id fleet.JobID, after, limit int) ([]fleet.JobError, error)
	Preview(ctx context.Context, actor customer.Actor, tenant customer.Tenant, request fleet.JobRequest, page customer.Page) (fleet.JobPreview, error)
	Count(ctx context.Context, actor customer.Actor, tenant customer.Tenant, request fleet.JobRequest) (int, error)
	CreateLineKeyTemplate(ctx context.Context, actor customer.Actor, tenant customer.Tenant, in fleet.NewLineKeyTemplate) (fleet.LineKeyTemplate, error)
	LineKeyTemplate(ctx context.Context, tenant customer.Tenant, id fleet.LineKeyTemplateID) (fleet.LineKeyTemplate, error)
	LineKeyTemplates(ctx context.Context, tenant customer.Tenant) ([]fleet.LineKeyTemplate, error)
	ChangeLineKeyTemplate(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id fleet.LineKeyTemplateID, userReorder *bool, keys []deviceprofiles.LineKey) error
	DeleteLineKeyTemplate(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id fleet.LineKeyTemplateID) error
	DeleteImages(ctx context.Context, actor customer.Actor, tenant customer.Tenant, list []fleet.ImageDeletion) ([]fleet.ImageDeleted, int, error)
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

func wireDeviceJob(j fleet.Job) deviceJobWire {
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
func jobTracking(j fleet.Job) string { return "DIALTONE_" + string(j.ID) }

// instanceOf is a number for clients that want one: nothing here is found by it.
func instanceOf(j fleet.Job) int64 { return j.Created.UnixMilli() }

func deviceExitCode(j fleet.Job) string {
	switch {
	case !j.Status.Over():
		return "UNKNOWN"
	case j.Status == fleet.JobCompleted && j.Failed > 0:
		return "COMPLETED_WITH_ERRORS"
	}
	return string(j.Status)
}

func wireExecution(j fleet.Job) executionWire {
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

func (b settingsJobBody) request() (fleet.JobRequest, error) {
	location, err := fieldID[customer.LocationID]("locationId", b.LocationID)
	return fleet.SettingsRequest{Location: location, Enabled: b.LocationEnabled.plain(), Customizations: json.RawMessage(b.Customizations)}, err
}

func (b tagsJobBody) request() (fleet.JobRequest, error) {
	location, err := fieldID[customer.LocationID]("locationId", b.LocationID)
	r := fleet.TagsRequest{Location: location, Tags: make([]provisioning.DynamicChange, len(b.Tags))}
	for i, tag := range b.Tags {
		r.Tags[i] = provisioning.DynamicChange{Family: tag.Family, Tag: tag.Tag, Action: tag.Action, Value: string(tag.Value)}
	}
	return r, err
}

func (b TemplateJobBody) request() (fleet.JobRequest, error) {
	r := fleet.TemplateRequest{
		Action: b.Action, DefaultLayout: bool(b.ExcludeCustom), Tags: b.IncludeTags, WithoutTags: b.ExcludeTags,
		Advisories: fleet.AdvisoryTypes{
			MoreSharedAppearances: bool(b.Advisories.MoreShared), FewSharedAppearances: bool(b.Advisories.FewShared), MoreMonitorAppearances: bool(b.Advisories.MoreMonitor),
			MoreCPEAppearances: bool(b.Advisories.MoreCPE), MoreModeManagementAppearances: bool(b.Advisories.MoreModes),
		},
	}
	var err error
	if r.Template, err = fieldID[fleet.LineKeyTemplateID]("templateId", b.TemplateID); err != nil {
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

func (b rebuildJobBody) request() (fleet.JobRequest, error) {
	location, err := fieldID[customer.LocationID]("locationId", b.LocationID)
	return fleet.RebuildRequest{Location: location}, err
}

// The bodies of our own kinds.
type (
	rotationJobBody struct {
		LocationID     string `json:"locationId" doc:"Of the location; the organisation when it isn't given"`
		OverlapMinutes int64  `json:"overlapMinutes" doc:"How long the passwords before count, too: 1 to 43200; three days when it isn't given"`
	}
	compromiseJobBody struct {
		LocationID   string `json:"locationId" doc:"Of the location; the organisation when it isn't given"`
		EnrolMinutes int64  `json:"enrolMinutes" doc:"Open enrolment windows in which the phones may prove themselves anew: 1 to 10080; none when it isn't given"`
	}
	rollbackJobBody struct {
		LocationID string `json:"locationId" doc:"Of the location; the organisation with all its locations when it isn't given"`
		To         string `json:"to" doc:"Moment, e.g. 2026-05-01T08:00:00Z"`
	}
)

func (b rotationJobBody) request() (fleet.JobRequest, error) {
	location, err := fieldID[customer.LocationID]("locationId", b.LocationID)
	return fleet.RotationRequest{Location: location, Overlap: minutes(b.OverlapMinutes)}, err
}

func (b compromiseJobBody) request() (fleet.JobRequest, error) {
	location, err := fieldID[customer.LocationID]("locationId", b.LocationID)
	return fleet.CompromiseRequest{Location: location, Enrol: minutes(b.EnrolMinutes)}, err
}

func (b rollbackJobBody) request() (fleet.JobRequest, error) {
	location, err := fieldID[customer.LocationID]("locationId", b.LocationID)
	if err != nil {
		return nil, err
	}
	to, err := instant("to", b.To)
	return fleet.RollbackRequest{Location: location, To: to}, err
}

// jobBody is a body that starts a job.
type jobBody interface {
	request() (fleet.JobRequest, error)
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

// Where jobs are: those of the wire, and ours.
const (
	jobsPath    = "/v1/telephony/config/jobs/devices/"
	hubJobsPath = "/hub/v1/jobs/devices/"
)

// jobRoute is where the jobs of a kind are, and who may start and watch them.
type jobRoute struct {
	base, name   string
	kind         fleet.JobKind
	summary      string
	started      int // status of the answer when one is started
	write, watch customer.Scope
}

func (s *Server) deviceJobRoutes() {
	jobRoutes[settingsJobBody](s, telephonyJob("callDeviceSettings", fleet.JobCallDeviceSettings, "Change settings of an organisation or a location", http.StatusOK))
	jobRoutes[tagsJobBody](s, telephonyJob("dynamicDeviceSettings", fleet.JobDynamicDeviceSettings, "Change dynamic settings of an organisation or a location", http.StatusAccepted))
	jobRoutes[TemplateJobBody](s, telephonyJob("applyLineKeyTemplate", fleet.JobApplyLineKeyTemplate, "Give devices the keys of a template, or their default ones", http.StatusAccepted))
	jobRoutes[rebuildJobBody](s, telephonyJob("rebuildPhones", fleet.JobRebuildPhones, "Render all files of a location's devices once more", http.StatusAccepted))
	const accepted, read, write = http.StatusAccepted, customer.ScopeCredentialsRead, customer.ScopeCredentialsWrite
	jobRoutes[rotationJobBody](s, jobRoute{hubJobsPath, "rotateCredentials", fleet.JobRotateCredentials, "Replace the SIP passwords of an organisation's or a location's devices", accepted, write, read})
	jobRoutes[compromiseJobBody](s, jobRoute{hubJobsPath, "answerCompromise", fleet.JobAnswerCompromise, "End all that whoever holds the secrets of these devices could do with them", accepted, write, read})
	jobRoutes[rollbackJobBody](s, jobRoute{hubJobsPath, "rollBack", fleet.JobRollBack, "Bring back what an organisation's or a location's devices were told", accepted, customer.ScopeDevicesWrite, customer.ScopeDevicesRead})
	route(s, operation{"previewApplyLineKeyTemplate", http.MethodPost, telephonyDevices + "/actions/previewApplyLineKeyTemplate/invoke", "Count the devices that a template would be applied to", 0, customer.ScopeTelephonyWrite}, s.countTemplate)
	route(s, operation{"previewDeviceJob", http.MethodPost, "/hub/v1/devices/preview", "What a job would do to the files of each device", 0, customer.ScopeTelephonyWrite}, s.previewJob)
}

// telephonyJob is where jobs of a kind of the wire's are.
func telephonyJob(name string, kind fleet.JobKind, summary string, started int) jobRoute {
	return jobRoute{jobsPath, name, kind, summary, started, customer.ScopeTelephonyWrite, customer.ScopeTelephonyRead}
}

// jobRoutes adds the routes of one kind of jobs.
func jobRoutes[B jobBody](s *Server, r jobRoute) {
	name, path, one, kind := r.name, r.base+r.name, r.base+r.name+"/{jobId}", r.kind
	route(s, operation{name, http.MethodPost, path, r.summary, r.started, r.write}, func(ctx context.Context, in *jobInput[B]) (*jobOutput, error) {
		tenant, err := s.tenant(ctx, in.InOrg)
		if err != nil {
			return nil, err
		}
		request, err := in.Body.request()
		if err != nil {
			return nil, err
		}
		j, err := s.Fleet.Start(ctx, actorOf(ctx), tenant, request)
		return &jobOutput{wireDeviceJob(j)}, err
	})
	route(s, operation{name + "List", http.MethodGet, path, "List such jobs, the newest first", 0, r.watch}, func(ctx context.Context, in *jobsInput) (*listed[deviceJobWire], error) {
		page, tenant, err := s.window(ctx, &in.Paging, in.InOrg)
		if err != nil {
			return nil, err
		}
		list, more, err := s.Fleet.Jobs(ctx, tenant, kind, page)
		return answer(&in.Paging, page, list, more, wireDeviceJob), err
	})
	route(s, operation{name + "Get", http.MethodGet, one, "How far such a job is", 0, r.watch}, func(ctx context.Context, in *JobInput) (*jobOutput, error) {
		tenant, id, err := s.job(ctx, *in)
		if err != nil {
			return nil, err
		}
		j, err := s.Fleet.Job(ctx, tenant, kind, id)
		return &jobOutput{wireDeviceJob(j)}, err
	})
	route(s, operation{name + "Errors", http.MethodGet, one + "/errors", "Why such a job left devices as they were", 0, r.watch}, func(ctx context.Context, in *jobErrorsInput) (*deviceJobErrorsOutput, error) {
		return s.jobErrors(ctx, kind, in)
	})
}

func (s *Server) job(ctx context.Context, in JobInput) (customer.Tenant, fleet.JobID, error) {
	return named[fleet.JobID](ctx, s, in.InOrg, "job", in.ID)
}
