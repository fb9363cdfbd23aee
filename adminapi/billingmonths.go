package adminapi

import (
	"context"
	"strconv"

	"dialtone/billing"
	"dialtone/customer"
	"dialtone/usage"
)

// serviceUsageWire is what was used of a package.
type serviceUsageWire struct {
	ServiceWire
	AmountWire
}

// MonthWire is a month with usage.
type MonthWire struct {
	Month     string             `json:"month" example:"2026-04"`
	StartDate string             `json:"startDate"`
	EndDate   string             `json:"endDate"`
	State     string             `json:"state" doc:"open; over, in all time zones of your subscriptions; or closed"`
	ClosedAt  string             `json:"closedAt,omitempty"`
	ClosedBy  string             `json:"closedBy,omitempty"`
	AsOf      string             `json:"asOf"`
	Total     AmountWire         `json:"total" doc:"Of a closed month what was frozen"`
	Services  []serviceUsageWire `json:"services" doc:"The same by package"`
}

func wireMonth(m billing.MonthUsage) MonthWire {
	w := MonthWire{
		Month: m.Month.String(), StartDate: m.Month.First().String(), EndDate: m.Month.Last().String(), State: string(m.State), ClosedAt: timestamp(m.Closing.At),
		ClosedBy: m.Closing.Actor, AsOf: timestamp(m.AsOf), Total: wireAmount(m.Total), Services: make([]serviceUsageWire, len(m.Services)),
	}
	for i, s := range m.Services {
		w.Services[i] = serviceUsageWire{wireService(s.Service), wireAmount(s.Amount)}
	}
	return w
}

// AdjustedWire is what was frozen, and what it comes to now.
type AdjustedWire struct {
	Frozen     string `json:"frozen"`
	Now        string `json:"now"`
	Difference string `json:"difference" doc:"How much more it is now"`
}

func wireAdjusted(r billing.Restated) AdjustedWire {
	return AdjustedWire{r.Frozen.String(), r.Now.String(), r.Difference().String()}
}

// adjustedServiceWire is the same of a package.
type adjustedServiceWire struct {
	ServiceWire
	AdjustedWire
}

// adjustmentWire is something that was restated since its month was closed.
type adjustmentWire struct {
	OrgID      string `json:"orgId"`
	LocationID string `json:"locationId,omitempty"`
	LicenseID  string `json:"licenseId,omitempty"`
	ServiceWire
	AdjustedWire
}

func wireAdjustment(a billing.Adjustment) adjustmentWire {
	return adjustmentWire{
		OrgID: encodeID(kindOrganization, a.Customer), LocationID: encodeID(kindLocation, a.Location), LicenseID: encodeID(kindLicense, a.License),
		ServiceWire: wireService(usage.ServiceOf(a.Package)), AdjustedWire: wireAdjusted(a.Restated),
	}
}

// adjustmentsWire sums up what was restated.
type adjustmentsWire struct {
	AdjustedWire
	Services []adjustedServiceWire `json:"services"`
}

// MonthsInput says whose months are meant, and which page.
type MonthsInput struct {
	Paging
	OfSubPartner
	InOrg
}

// monthsAPage is how many months a page has when max isn't given: each is added up.
const monthsAPage = 12

func (s *Server) months(ctx context.Context, in *MonthsInput) (*listed[MonthWire], error) {
	if in.Max == "" {
		in.Max = strconv.Itoa(monthsAPage)
	}
	page, tenant, err := s.monthsOf(ctx, in)
	if err != nil {
		return nil, err
	}
	list, more, err := s.Desk.Months(ctx, tenant, page)
	return answer(&in.Paging, page, list, more, wireMonth), err
}

func (s *Server) monthsOf(ctx context.Context, in *MonthsInput) (customer.Page, customer.Tenant, error) {
	page, err := in.page()
	if err != nil {
		return page, customer.Tenant{}, err
	}
	org, err := fieldID[customer.OrgID]("orgId", in.OrgID)
	if err != nil {
		return page, customer.Tenant{}, err
	}
	tenant, err := s.partner(ctx, in.OfSubPartner, org)
	return page, tenant, err
}

// MonthInput names a month. What can't be one names no month with usage.
type MonthInput struct {
	Month string `path:"month" example:"2026-04"`
}

func (in *MonthInput) noun() billing.Month {
	m, _ := billing.ParseMonth(in.Month)
	return m
}

type monthInput struct {
	MonthsInput
	MonthInput
}

type monthOutput struct {
	Link string `header:"Link"`
	Body struct {
		MonthWire
		Adjustments *adjustmentsWire `json:"adjustments,omitempty" doc:"Of a closed month: what was frozen, and what the same days come to now"`
		Items       []adjustmentWire `json:"items" doc:"What was restated since the month was closed"`
	}
}

func (s *Server) month(ctx context.Context, in *monthInput) (*monthOutput, error) {
	page, tenant, err := s.monthsOf(ctx, &in.MonthsInput)
	if err != nil {
		return nil, err
	}
	m, more, err := s.Desk.Month(ctx, tenant, in.noun(), page)
	if err != nil {
		return nil, err
	}
	list := answer(&in.Paging, page, m.Adjustments, more, wireAdjustment)
	out := &monthOutput{Link: list.Link}
	out.Body.MonthWire, out.Body.Items = wireMonth(m.MonthUsage), list.Body.Items
	if m.State == billing.MonthClosed {
		sums := &adjustmentsWire{AdjustedWire: wireAdjusted(m.Restated), Services: make([]adjustedServiceWire, len(m.ByService))}
		for i, one := range m.ByService {
			sums.Services[i] = adjustedServiceWire{wireService(one.Service), wireAdjusted(one.Restated)}
		}
		out.Body.Adjustments = sums
	}
	return out, nil
}

// CloseMonthInput names a month of one's own, or of a sub-partner.
type CloseMonthInput struct {
	OfSubPartner
	MonthInput
}

type closedMonthOutput struct{ Body MonthWire }

func (s *Server) closeMonth(ctx context.Context, in *CloseMonthInput) (*closedMonthOutput, error) {
	tenant, err := s.partner(ctx, in.OfSubPartner, "")
	if err != nil {
		return nil, err
	}
	if err := s.Desk.CloseMonth(ctx, actorOf(ctx), tenant.Partner, in.noun()); err != nil {
		return nil, err
	}
	m, _, err := s.Desk.Month(ctx, tenant, in.noun(), customer.Page{})
	m.AsOf = m.Closing.At
	return &closedMonthOutput{wireMonth(m.MonthUsage)}, err
}
