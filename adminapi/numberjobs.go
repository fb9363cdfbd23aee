package adminapi

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"dialtone/customer"
	"dialtone/fault"
)

const (
	kindJob        = "JOB_ID"
	numberJobsPath = "/v1/telephony/config/jobs/numbers/manageNumbers"
	numberJobName  = "managenumbers"
)

// jobExecution is one run of a job, as the calling API tells of jobs.
type jobExecution struct {
	ID                    int64    `json:"id"`
	StartTime             string   `json:"startTime"`
	EndTime               string   `json:"endTime,omitempty"`
	LastUpdated           string   `json:"lastUpdated"`
	StatusMessage         string   `json:"statusMessage"`
	ExitCode              string   `json:"exitCode"`
	CreatedTime           string   `json:"createdTime"`
	TimeElapsed           string   `json:"timeElapsed" example:"PT11.476S"`
	StepExecutionStatuses []string `json:"stepExecutionStatuses" doc:"Empty: jobs here have one step"`
}

// numberJobWire is a job on numbers, on the wire.
type numberJobWire struct {
	ID                      string         `json:"id"`
	Name                    string         `json:"name"`
	JobType                 string         `json:"jobType"`
	TrackingID              string         `json:"trackingId"`
	SourceUserID            string         `json:"sourceUserId"`
	SourceCustomerID        string         `json:"sourceCustomerId"`
	TargetCustomerID        string         `json:"targetCustomerId"`
	InstanceID              int64          `json:"instanceId"`
	JobExecutionStatus      []jobExecution `json:"jobExecutionStatus"`
	LatestExecutionStatus   string         `json:"latestExecutionStatus" doc:"STARTING, COMPLETED or FAILED"`
	LatestExecutionExitCode string         `json:"latestExecutionExitCode" doc:"UNKNOWN, COMPLETED, COMPLETED_WITH_ERRORS or FAILED"`
	PercentageComplete      int            `json:"percentageComplete"`
	OperationType           string         `json:"operationType"`
	SourceLocationID        string         `json:"sourceLocationId"`
	TargetLocationID        string         `json:"targetLocationId,omitempty"`
	Counts                  struct {
		TotalNumbers        int `json:"totalNumbers"`
		NumbersMoved        int `json:"numbersMoved"`
		NumbersUsageChanged int `json:"numbersUsageChanged"`
		NumbersFailed       int `json:"numbersFailed"`
	} `json:"counts"`
}

// wireNumberJob writes a job; what is called an instance and an execution there are numbers, for which its moment of creation has to do.
func wireNumberJob(j customer.NumberJob) numberJobWire {
	w := numberJobWire{
		ID: encodeID(kindJob, j.ID), Name: numberJobName, JobType: numberJobName, TrackingID: "DIALTONE_" + string(j.ID), SourceUserID: encodeID(kindPerson, j.Admin),
		SourceCustomerID: encodeID(kindOrganization, j.Partner), TargetCustomerID: encodeID(kindOrganization, j.Org), InstanceID: j.Created.UnixMilli(),
		LatestExecutionStatus: string(j.State), LatestExecutionExitCode: exitCode(j), OperationType: string(j.Operation),
		SourceLocationID: encodeID(kindLocation, j.Source), TargetLocationID: encodeID(kindLocation, j.Target),
	}
	updated := j.Created
	if !j.Finished.IsZero() {
		updated, w.PercentageComplete = j.Finished, 100
	}
	w.JobExecutionStatus = []jobExecution{{
		ID: w.InstanceID, StartTime: timestamp(j.Created), EndTime: timestamp(j.Finished), LastUpdated: timestamp(updated), StatusMessage: w.LatestExecutionStatus,
		ExitCode: w.LatestExecutionExitCode, CreatedTime: timestamp(j.Created), TimeElapsed: isoDuration(updated.Sub(j.Created)), StepExecutionStatuses: []string{},
	}}
	w.Counts.TotalNumbers = len(j.Numbers)
	for _, f := range j.Failures {
		if f.Number != "" {
			w.Counts.NumbersFailed++
		}
	}
	w.Counts.NumbersMoved = j.Changed
	if j.Operation == customer.OperationUsage {
		w.Counts.NumbersMoved, w.Counts.NumbersUsageChanged = 0, j.Changed
	}
	return w
}

func exitCode(j customer.NumberJob) string {
	switch {
	case j.State == customer.JobStarting:
		return "UNKNOWN"
	case j.State == customer.JobCompleted && len(j.Failures) > 0:
		return "COMPLETED_WITH_ERRORS"
	}
	return string(j.State)
}

// isoDuration writes a duration as ISO 8601 does, in seconds.
func isoDuration(d time.Duration) string {
	return "PT" + strconv.FormatFloat(d.Truncate(time.Millisecond).Seconds(), 'f', -1, 64) + "S"
}

type newNumberJobInput struct {
	InOrg
	Body struct {
		Operation        string `json:"operation" doc:"MOVE or NUMBER_USAGE_CHANGE"`
		TargetLocationID string `json:"targetLocationId" doc:"Needed with MOVE"`
		NumberUsageType  string `json:"numberUsageType" doc:"NONE or SERVICE; needed with NUMBER_USAGE_CHANGE"`
		NumberList       []struct {
			LocationID string   `json:"locationId"`
			Numbers    []string `json:"numbers" doc:"E.164; 1 to 500"`
		} `json:"numberList" doc:"One entry"`
	}
}

func (in *newNumberJobInput) noun() (customer.NewNumberJob, error) {
	out := customer.NewNumberJob{Operation: customer.NumberOperation(in.Body.Operation), Usage: customer.NumberUsage(in.Body.NumberUsageType)}
	if len(in.Body.NumberList) != 1 {
		return out, fault.InvalidField("numberList", "must have one entry: a location and its numbers; it has %d", len(in.Body.NumberList))
	}
	var err error
	out.E164 = in.Body.NumberList[0].Numbers
	if out.Source, err = fieldID[customer.LocationID]("numberList[0].locationId", in.Body.NumberList[0].LocationID); err != nil {
		return out, err
	}
	out.Target, err = fieldID[customer.LocationID]("targetLocationId", in.Body.TargetLocationID)
	return out, err
}

// NumberJobInput names a job on numbers.
type NumberJobInput struct {
	InOrg
	JobID string `path:"jobId"`
}

type numberJobOutput struct{ Body numberJobWire }

type jobErrorWire struct {
	Item       string `json:"item,omitempty" doc:"The number; absent for what ended the whole job"`
	ItemNumber int    `json:"itemNumber"`
	TrackingID string `json:"trackingId"`
	Error      struct {
		Key     string           `json:"key"`
		Message []jobMessageWire `json:"message"`
	} `json:"error"`
}

type jobMessageWire struct {
	Code        string `json:"code"`
	Description string `json:"description"`
	LocationID  string `json:"locationId,omitempty"`
}

type jobErrorsOutput struct {
	Body struct {
		Items []jobErrorWire `json:"items"`
	}
}

func (s *Server) numberJobRoutes() {
	const one = numberJobsPath + "/{jobId}"
	route(s, operation{"startNumberJob", http.MethodPost, numberJobsPath, "Move phone numbers to another location, or change what they are for", http.StatusAccepted, customer.ScopeTelephonyWrite},
		func(ctx context.Context, in *newNumberJobInput) (*numberJobOutput, error) {
			tenant, err := s.tenant(ctx, in.InOrg)
			if err != nil {
				return nil, err
			}
			noun, err := in.noun()
			if err != nil {
				return nil, err
			}
			j, err := s.Customers.StartNumberJob(ctx, actorOf(ctx), tenant, noun)
			return &numberJobOutput{wireNumberJob(j)}, err
		})
	route(s, operation{"listNumberJobs", http.MethodGet, numberJobsPath, "List jobs on phone numbers, the newest first", 0, customer.ScopeTelephonyRead}, s.listNumberJobs)
	route(s, operation{"getNumberJob", http.MethodGet, one, "How far a job on phone numbers is", 0, customer.ScopeTelephonyRead},
		func(ctx context.Context, in *NumberJobInput) (*numberJobOutput, error) {
			j, err := s.numberJob(ctx, in)
			return &numberJobOutput{wireNumberJob(j)}, err
		})
	route(s, operation{"getNumberJobErrors", http.MethodGet, one + "/errors", "Why numbers of a job stayed as they were", 0, customer.ScopeTelephonyRead},
		func(ctx context.Context, in *NumberJobInput) (*jobErrorsOutput, error) {
			j, err := s.numberJob(ctx, in)
			return wireJobErrors(j), err
		})
}

func (s *Server) numberJob(ctx context.Context, in *NumberJobInput) (customer.NumberJob, error) {
	tenant, id, err := named[customer.NumberJobID](ctx, s, in.InOrg, "job", in.JobID)
	if err != nil {
		return customer.NumberJob{}, err
	}
	return s.Customers.NumberJob(ctx, tenant, id)
}

func (s *Server) listNumberJobs(ctx context.Context, in *numberJobsInput) (*listed[numberJobWire], error) {
	page, tenant, err := s.window(ctx, &in.Paging, in.InOrg)
	if err != nil {
		return nil, err
	}
	list, more, err := s.Customers.NumberJobs(ctx, tenant, page)
	return answerLong(&in.Paging, page, list, more, wireNumberJob, func(j customer.NumberJob) customer.Cursor {
		return customer.Cursor{At: j.Created, ID: string(j.ID)}
	}), err
}

type numberJobsInput struct {
	Paging
	InOrg
}

func wireJobErrors(j customer.NumberJob) *jobErrorsOutput {
	out := &jobErrorsOutput{}
	out.Body.Items = make([]jobErrorWire, len(j.Failures))
	for i, f := range j.Failures {
		w := jobErrorWire{Item: f.Number, ItemNumber: i, TrackingID: "DIALTONE_" + string(j.ID)}
		w.Error.Key = strconv.Itoa(http.StatusConflict)
		w.Error.Message = []jobMessageWire{{Code: fmt.Sprint(f.Code), Description: f.Message, LocationID: encodeID(kindLocation, j.Target)}}
		out.Body.Items[i] = w
	}
	return out
}
