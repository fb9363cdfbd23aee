package adminapi

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"dialtone/billing"
	"dialtone/customer"
	"dialtone/fault"
)

// orderedReportWire is a report as the answer to its order has it.
type orderedReportWire struct {
	ID        string `json:"id"`
	StartDate string `json:"billingStartDate" example:"2026-04-01"`
	EndDate   string `json:"billingEndDate" example:"2026-04-30"`
	Type      string `json:"type" example:"PARTNER"`
	Category  string `json:"category" example:"RECONCILIATION"`
	Internal  *bool  `json:"internal,omitempty" doc:"Only if the request had it"`
}

// listedReportWire is a report as a list has it.
type listedReportWire struct {
	ID        string `json:"id"`
	StartDate string `json:"billingStartDate"`
	EndDate   string `json:"billingEndDate"`
	Status    string `json:"status" doc:"IN_PROGRESS, COMPLETED or FAILED"`
	Type      string `json:"type"`
	Category  string `json:"category"`
}

func wireListedReport(r billing.Report) listedReportWire {
	return listedReportWire{
		ID: encodeID(kindReport, r.ID), StartDate: r.Start.String(), EndDate: r.End.String(), Status: string(r.Status), Type: string(r.Type), Category: string(r.Category),
	}
}

// reportWire is a report on its own.
type reportWire struct {
	ID        string            `json:"id"`
	StartDate string            `json:"billingStartDate"`
	EndDate   string            `json:"billingEndDate"`
	Status    string            `json:"status" doc:"IN_PROGRESS, COMPLETED or FAILED"`
	Type      string            `json:"type"`
	Category  string            `json:"category"`
	Created   string            `json:"created"`
	CreatedBy string            `json:"createdBy" doc:"The administrator who ordered it"`
	Errors    []reportErrorWire `json:"errors" doc:"Why it failed"`

	TempDownloadURL string `json:"tempDownloadURL,omitempty" doc:"Of a completed report: its CSV, without a token, for 30 minutes from now"`
}

// reportErrorWire says why a report failed. Its number has another name than in the rest of the API.
type reportErrorWire struct {
	Code        int    `json:"code"`
	Description string `json:"description"`
}

func wireReport(r billing.Report) reportWire {
	l := wireListedReport(r)
	w := reportWire{
		ID: l.ID, StartDate: l.StartDate, EndDate: l.EndDate, Status: l.Status, Type: l.Type, Category: l.Category, Created: timestamp(r.Created),
		CreatedBy: encodeID(kindPerson, r.CreatedBy), Errors: make([]reportErrorWire, len(r.Errors)),
	}
	for i, e := range r.Errors {
		w.Errors[i] = reportErrorWire{Code: e.Code, Description: e.Message}
	}
	return w
}

type newReportInput struct {
	Body struct {
		StartDate  string `json:"billingStartDate" doc:"First day, YYYY-MM-DD: over, and at most five years ago" example:"2026-04-01"`
		EndDate    string `json:"billingEndDate" doc:"Last day, YYYY-MM-DD: over, and not before the first" example:"2026-04-30"`
		Type       string `json:"type" doc:"PARTNER, CUSTOMER or USER; absent: PARTNER"`
		Category   string `json:"category" doc:"RECONCILIATION or POINT_IN_TIME; absent: RECONCILIATION"`
		SubPartner string `json:"subPartnerOrgId" doc:"About this sub-partner of yours; absent: about yourself"`
		Internal   *bool  `json:"internal" doc:"With internal organisations; absent: without"`
	}
}

// noun returns the order. What can't be an id goes on as it is: it names no sub-partner, and is told with whatever else is wrong.
func (in *newReportInput) noun() billing.NewReport {
	b := &in.Body
	sub, ok := decodeID(b.SubPartner)
	if !ok {
		sub = b.SubPartner
	}
	return billing.NewReport{
		Start: b.StartDate, End: b.EndDate, Type: billing.Type(b.Type), Category: billing.Category(b.Category), SubPartner: customer.OrgID(sub),
		Internal: b.Internal != nil && *b.Internal,
	}
}

type orderedReportOutput struct{ Body orderedReportWire }

type reportsInput struct {
	Paging
	StartDate  string `query:"billingStartDate" doc:"Only those that begin on this day"`
	EndDate    string `query:"billingEndDate" doc:"Only those that end on this day"`
	Type       string `query:"type" doc:"PARTNER, CUSTOMER or USER"`
	Status     string `query:"status" doc:"IN_PROGRESS, COMPLETED or FAILED"`
	SubPartner string `query:"subPartnerOrgId" doc:"Only those about this sub-partner"`
	SortBy     string `query:"sortBy" doc:"billingStartDate (what isn't asked for), billingEndDate, status or id; ascending"`
}

// maxReports is how many reports a page has when max isn't given: this list has its own number in the official document.
const maxReports = 100

// window reads the page.
func (in *reportsInput) window() (customer.Page, error) {
	if in.Max == "" {
		in.Max = strconv.Itoa(maxReports)
	}
	return in.page()
}

func (in *reportsInput) filter() (billing.Filter, error) {
	var f billing.Filter
	var err error
	if f.Start, err = day("billingStartDate", in.StartDate); err != nil {
		return f, err
	}
	if f.End, err = day("billingEndDate", in.EndDate); err != nil {
		return f, err
	}
	if f.Type, err = wordOf("type", in.Type, billing.Types()); err != nil {
		return f, err
	}
	if f.Status, err = wordOf("status", in.Status, billing.Statuses()); err != nil {
		return f, err
	}
	if f.Order, err = wordOf("sortBy", in.SortBy, billing.Orders()); err != nil {
		return f, err
	}
	f.SubPartner, err = fieldID[customer.OrgID]("subPartnerOrgId", in.SubPartner)
	return f, err
}

// day reads a date of a query; "" is none.
func day(field, text string) (billing.Date, error) {
	if text == "" {
		return billing.Date{}, nil
	}
	d, ok := billing.ParseDate(text)
	if !ok {
		return d, fault.InvalidField(field, "must be a date, such as 2026-05-01")
	}
	return d, nil
}

// wordOf reads a parameter of a query that is one of a few words; "" stays "".
func wordOf[T ~string](field, text string, words []T) (T, error) {
	if text == "" || slices.Contains(words, T(text)) {
		return T(text), nil
	}
	known := make([]string, len(words))
	for i, w := range words {
		known[i] = string(w)
	}
	return "", fault.InvalidField(field, "must be one of %s; it is %.40q", strings.Join(known, ", "), text)
}

// ReportInput names a billing report.
type ReportInput struct {
	ID string `path:"id"`
}

// noun reads the id of the path. What can't be one names no report: that is told with the wire's own number, like every other.
func (in *ReportInput) noun() billing.ReportID {
	id, _ := decodeID(in.ID)
	return billing.ReportID(id)
}

type reportOutput struct{ Body reportWire }

func (s *Server) reportRoutes() {
	const path, one = "/v1/wholesale/billing/reports", "/v1/wholesale/billing/reports/{id}"
	route(s, operation{"createBillingReport", http.MethodPost, path, "Order a billing report", 0, customer.ScopeReportsWrite},
		func(ctx context.Context, in *newReportInput) (*orderedReportOutput, error) {
			r, err := s.Billing.Create(ctx, actorOf(ctx), in.noun())
			w := wireListedReport(r)
			return &orderedReportOutput{orderedReportWire{ID: w.ID, StartDate: w.StartDate, EndDate: w.EndDate, Type: w.Type, Category: w.Category, Internal: in.Body.Internal}}, err
		})
	route(s, operation{"listBillingReports", http.MethodGet, path, "List billing reports", 0, customer.ScopeReportsRead}, s.reports)
	route(s, operation{"getBillingReport", http.MethodGet, one, "Get a billing report", 0, customer.ScopeReportsRead},
		func(ctx context.Context, in *reportInput) (*reportOutput, error) {
			r, err := s.Billing.Report(ctx, actorOf(ctx), in.noun())
			w := wireReport(r)
			w.TempDownloadURL = in.to(s.Billing.Link(r))
			return &reportOutput{w}, err
		})
	route(s, operation{"deleteBillingReport", http.MethodDelete, one, "Delete a billing report", http.StatusNoContent, customer.ScopeReportsWrite},
		func(ctx context.Context, in *ReportInput) (*struct{}, error) {
			return nil, s.Billing.Delete(ctx, actorOf(ctx), in.noun())
		})
}

func (s *Server) reports(ctx context.Context, in *reportsInput) (*listed[listedReportWire], error) {
	page, err := in.window()
	if err != nil {
		return nil, err
	}
	filter, err := in.filter()
	if err != nil {
		return nil, err
	}
	list, more, err := s.Billing.Reports(ctx, actorOf(ctx), filter, page)
	return answer(&in.Paging, page, list, more, wireListedReport), err
}
