package adminapi

import (
	"context"
	"io"
	"net/http"

	"dialtone/billing"
	"dialtone/customer"
	"dialtone/usage"
)

// Desk is what the door asks about usage beside reports; billing.Desk is one.
type Desk interface {
	Tenant(ctx context.Context, actor customer.Actor, subPartner, org customer.OrgID) (customer.Tenant, error)
	Usage(ctx context.Context, q billing.Query, by billing.Grouping, page customer.Page) (billing.Usage, bool, error)
	Daily(ctx context.Context, q billing.Query, page customer.Page) (billing.Daily, bool, error)
	Timeline(ctx context.Context, q billing.Query, who billing.Who, page customer.Page) (billing.Timeline, bool, error)
	Reconcile(ctx context.Context, q billing.Query, kind usage.Type, file io.Reader) (billing.Comparison, error)
	Months(ctx context.Context, tenant customer.Tenant, page customer.Page) ([]billing.MonthUsage, bool, error)
	Month(ctx context.Context, tenant customer.Tenant, month billing.Month, page customer.Page) (billing.MonthDetail, bool, error)
	CloseMonth(ctx context.Context, actor customer.Actor, partner customer.OrgID, month billing.Month) error
	Subscriptions(ctx context.Context, partner customer.OrgID, page customer.Page) ([]billing.Subscription, bool, error)
	SetZone(ctx context.Context, actor customer.Actor, partner customer.OrgID, id, name string) (billing.Subscription, error)
}

const (
	billingPath         = "/hub/v1/billing"
	reconciliationsPath = billingPath + "/reconciliations"
)

// OfSubPartner is what everything about usage takes.
type OfSubPartner struct {
	SubPartner string `query:"subPartnerOrgId" doc:"About this sub-partner of yours; absent: about yourself"`
}

// partner returns whose usage is meant. What can't be an id goes on as it is: it names no sub-partner.
func (s *Server) partner(ctx context.Context, in OfSubPartner, org customer.OrgID) (customer.Tenant, error) {
	sub, ok := decodeID(in.SubPartner)
	if !ok {
		sub = in.SubPartner
	}
	return s.Desk.Tenant(ctx, actorOf(ctx), customer.OrgID(sub), org)
}

// OfUsage says whose usage of which days is meant.
type OfUsage struct {
	OfSubPartner
	InOrg
	StartDate string `query:"startDate" doc:"First day, YYYY-MM-DD, at most five years ago" example:"2026-04-01"`
	EndDate   string `query:"endDate" doc:"Last day, YYYY-MM-DD, not before the first" example:"2026-04-30"`
}

// query reads it.
func (s *Server) query(ctx context.Context, in OfUsage) (billing.Query, error) {
	org, err := fieldID[customer.OrgID]("orgId", in.OrgID)
	if err != nil {
		return billing.Query{}, err
	}
	tenant, err := s.partner(ctx, in.OfSubPartner, org)
	return billing.Query{Tenant: tenant, Start: in.StartDate, End: in.EndDate}, err
}

// asked reads whose usage of which days is meant, and the page of it.
func (s *Server) asked(ctx context.Context, p *Paging, in OfUsage) (billing.Query, customer.Page, error) {
	page, err := p.page()
	if err != nil {
		return billing.Query{}, page, err
	}
	q, err := s.query(ctx, in)
	return q, page, err
}

// AmountWire is how much was used.
type AmountWire struct {
	Quantity    string `json:"quantity" doc:"Days, at most six decimals: of the days that are over" example:"17.5"`
	Provisional string `json:"provisional" doc:"The same of the day that isn't over, until now; it isn't in quantity" example:"0.333333"`
}

func wireAmount(a billing.Amount) AmountWire {
	return AmountWire{a.Quantity.String(), a.Provisional.String()}
}

// ServiceWire says of what usage is.
type ServiceWire struct {
	Service     string `json:"service" example:"WEBEX_CALLING"`
	SKU         string `json:"sku"`
	Description string `json:"description"`
}

func wireService(s usage.Service) ServiceWire {
	return ServiceWire{string(s), s.SKU(), s.Description()}
}

// ShownDays are the days that an answer is about.
type ShownDays struct {
	StartDate   string `json:"startDate"`
	EndDate     string `json:"endDate"`
	Provisional bool   `json:"provisional" doc:"Some of these days aren't over: what there is of them until now is apart"`
	AsOf        string `json:"asOf" doc:"When this was counted"`
}

// usageWire is a row of usage.
type usageWire struct {
	OrgID          string `json:"orgId,omitempty" doc:"Customer, if grouped by customer or location"`
	ExternalID     string `json:"externalId,omitempty" doc:"The same"`
	SubscriptionID string `json:"subscriptionId,omitempty" doc:"The same"`
	LocationID     string `json:"locationId,omitempty" doc:"If grouped by location; absent for what has none"`
	ServiceWire
	AmountWire
}

func wireUsage(r billing.UsageRow) usageWire {
	return usageWire{
		OrgID: encodeID(kindOrganization, r.Customer), ExternalID: r.ExternalID, SubscriptionID: r.Subscription, LocationID: encodeID(kindLocation, r.Location),
		ServiceWire: wireService(r.Service), AmountWire: wireAmount(r.Amount),
	}
}

type usageInput struct {
	Paging
	OfUsage
	GroupBy string `query:"groupBy" doc:"package (what isn't asked for), customer or location; always by package too"`
}

type usageOutput struct {
	Link string `header:"Link"`
	Body struct {
		ShownDays
		Total AmountWire  `json:"total" doc:"Of all rows, also of those on other pages"`
		Items []usageWire `json:"items"`
	}
}

// pointWire is a point of a chart.
type pointWire struct {
	Day string `json:"day" example:"2026-04-01"`
	ServiceWire
	AmountWire
}

func wirePoint(p billing.Point) pointWire {
	return pointWire{Day: p.Day.String(), ServiceWire: wireService(p.Service), AmountWire: wireAmount(p.Amount)}
}

type dailyInput struct {
	Paging
	OfUsage
}

type dailyOutput struct {
	Link string `header:"Link"`
	Body struct {
		ShownDays
		Items []pointWire `json:"items"`
	}
}

func (s *Server) billingRoutes() {
	const month = billingPath + "/months/{month}"
	route(s, operation{"getUsage", http.MethodGet, billingPath + "/usage", "How much is used, until now if the days include today", 0, customer.ScopeReportsRead}, s.usage)
	route(s, operation{"getDailyUsage", http.MethodGet, billingPath + "/usage/daily", "How much was used on each of at most 400 days, by package", 0, customer.ScopeReportsRead}, s.daily)
	route(s, operation{"getUsageTimeline", http.MethodGet, billingPath + "/timeline", "Why a number of a report is what it is: who held what, from when until when", 0, customer.ScopeReportsRead}, s.timeline)
	routeWith(s, operation{"reconcileUsage", http.MethodPost, reconciliationsPath, "Compare your own account of usage with ours", 0, customer.ScopeReportsWrite}, takesCSV("32 MiB"), s.reconcile)
	route(s, operation{"listBillingMonths", http.MethodGet, billingPath + "/months", "Months with usage, the newest first", 0, customer.ScopeReportsRead}, s.months)
	route(s, operation{"getBillingMonth", http.MethodGet, month, "A month, and what was restated since it was closed", 0, customer.ScopeReportsRead}, s.month)
	route(s, operation{"closeBillingMonth", http.MethodPost, month + "/close", "Freeze the sums of a month that is over", 0, customer.ScopeReportsWrite}, s.closeMonth)
	route(s, operation{"listBillingSubscriptions", http.MethodGet, billingPath + "/subscriptions", "Billing subscriptions with the time zone of their days", 0, customer.ScopeReportsRead}, s.subscriptions)
	route(s, operation{"setBillingSubscription", http.MethodPut, billingPath + "/subscriptions/{subscriptionId}", "Set the time zone in which a subscription's days are counted", 0, customer.ScopeReportsWrite}, s.setSubscription)
}

func (s *Server) usage(ctx context.Context, in *usageInput) (*usageOutput, error) {
	by, err := wordOf("groupBy", in.GroupBy, billing.Groupings())
	if err != nil {
		return nil, err
	}
	q, page, err := s.asked(ctx, &in.Paging, in.OfUsage)
	if err != nil {
		return nil, err
	}
	u, more, err := s.Desk.Usage(ctx, q, by, page)
	if err != nil {
		return nil, err
	}
	list := answer(&in.Paging, page, u.Rows, more, wireUsage)
	out := &usageOutput{Link: list.Link}
	out.Body.ShownDays = ShownDays{u.First.String(), u.Last.String(), u.Provisional, timestamp(u.AsOf)}
	out.Body.Total, out.Body.Items = wireAmount(u.Total), list.Body.Items
	return out, nil
}

func (s *Server) daily(ctx context.Context, in *dailyInput) (*dailyOutput, error) {
	q, page, err := s.asked(ctx, &in.Paging, in.OfUsage)
	if err != nil {
		return nil, err
	}
	u, more, err := s.Desk.Daily(ctx, q, page)
	if err != nil {
		return nil, err
	}
	list := answer(&in.Paging, page, u.Points, more, wirePoint)
	out := &dailyOutput{Link: list.Link}
	out.Body.ShownDays = ShownDays{u.First.String(), u.Last.String(), u.Provisional, timestamp(u.AsOf)}
	out.Body.Items = list.Body.Items
	return out, nil
}
