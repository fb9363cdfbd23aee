package adminapi

import (
	"context"
	"net/http"

	"dialtone/billing"
	"dialtone/customer"
)

// reportStateWire is a billing report with what the official document has no room for.
type reportStateWire struct {
	ID        string            `json:"id"`
	StartDate string            `json:"billingStartDate"`
	EndDate   string            `json:"billingEndDate"`
	Status    string            `json:"status" doc:"IN_PROGRESS, COMPLETED or FAILED"`
	Type      string            `json:"type"`
	Category  string            `json:"category"`
	Created   string            `json:"created"`
	Restated  *restatedWire     `json:"restated,omitempty" doc:"Of a completed report: what came to light about its days after it was counted. Delete it and order it again to have it"`
	Rows      int64             `json:"rows" doc:"Rows that are counted, without the line of names; more to come while it is in progress"`
	Size      int64             `json:"size" doc:"Bytes of the CSV, likewise"`
	SHA256    string            `json:"sha256,omitempty" doc:"Of a completed report: the checksum of the CSV, in hexadecimal"`
	Errors    []reportErrorWire `json:"errors" doc:"Why it failed"`
}

// restatedWire says what of a report's days was restated.
type restatedWire struct {
	Since       string                `json:"since"`
	Days        []string              `json:"days"`
	Differences []restatedServiceWire `json:"differences"`
}

// restatedServiceWire says by how much the days differ in one service.
type restatedServiceWire struct {
	Service    string `json:"serviceName"`
	Days       int    `json:"days" doc:"On how many days something differs, be it the location alone"`
	Difference string `json:"difference" doc:"How much more there is now, in days; 0 when the sum is the same" example:"-1.5"`
}

func wireRestated(r billing.Restatement) *restatedWire {
	if len(r.Days) == 0 {
		return nil
	}
	w := &restatedWire{Since: timestamp(r.Since), Days: []string{}, Differences: []restatedServiceWire{}}
	for _, day := range r.Days {
		w.Days = append(w.Days, day.String())
	}
	for _, s := range r.Services {
		w.Differences = append(w.Differences, restatedServiceWire{Service: string(s.Service), Days: s.Days, Difference: s.By.String()})
	}
	return w
}

// ReportStateInput names a billing report.
type ReportStateInput struct {
	ID string `path:"reportId"`
}

type reportStateOutput struct{ Body reportStateWire }

func (s *Server) reportStateRoutes() {
	route(s, operation{"getBillingReportState", http.MethodGet, "/hub/v1/billing/reports/{reportId}", "Whether a billing report still says what is right", 0, customer.ScopeReportsRead},
		func(ctx context.Context, in *ReportStateInput) (*reportStateOutput, error) {
			report := ReportInput{ID: in.ID}
			r, restated, err := s.Billing.Restated(ctx, actorOf(ctx), report.noun())
			if err != nil {
				return nil, err
			}
			progress, err := s.Billing.Progress(ctx, actorOf(ctx), report.noun())
			w := wireReport(r)
			return &reportStateOutput{reportStateWire{
				ID: w.ID, StartDate: w.StartDate, EndDate: w.EndDate, Status: w.Status, Type: w.Type, Category: w.Category, Created: w.Created,
				Restated: wireRestated(restated), Rows: progress.Rows, Size: progress.Bytes, SHA256: progress.SHA256, Errors: w.Errors,
			}}, err
		})
}
