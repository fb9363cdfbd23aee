package adminapi

import (
	"context"
	"net/http"
	"time"

	"dialtone/customer"
	"dialtone/fault"
)

// SetupAssist is the part of Customers about orders for help with setting up a site.
type SetupAssist interface {
	OrderSetupAssist(ctx context.Context, actor customer.Actor, in customer.NewSetupAssistOrder) (customer.SetupAssistOrder, error)
	CancelSetupAssist(ctx context.Context, actor customer.Actor, id customer.SetupAssistID) error
	SetupAssistOrder(ctx context.Context, actor customer.Actor, id customer.SetupAssistID) (customer.SetupAssistOrder, error)
	SetupAssistOrders(ctx context.Context, tenant customer.Tenant, page customer.Page) ([]customer.SetupAssistOrder, bool, error)
}

const kindSetupAssist = "SETUP_ASSIST_ORDER" //nolint:gosec // G101: a name, and no credential

// setupAssistContact is whom to talk to about an order, on the wire.
type setupAssistContact struct {
	Name  string `json:"name" doc:"1 to 128 characters" example:"Ada Smith"`
	Email string `json:"email" example:"ada@example.com"`
	Phone string `json:"phone,omitempty" doc:"At most 32 characters" example:"+12175550100"`
}

// setupAssistWire is an order on the wire.
type setupAssistWire struct {
	ID             string               `json:"id"`
	PartnerOrgID   string               `json:"partnerOrgId"`
	OrgID          string               `json:"orgId"`
	SubscriptionID string               `json:"subscriptionId"`
	LocationID     string               `json:"locationId"`
	Locations      int                  `json:"numberOfLocations"`
	Seats          int                  `json:"seats"`
	Service        string               `json:"serviceName" doc:"SETUP_ASSIST_EXPRESS for up to 5 seats, at a flat price, or SETUP_ASSIST_STANDARD by the seat"`
	TargetDate     string               `json:"targetDate"`
	Contacts       []setupAssistContact `json:"contacts"`
	Status         string               `json:"status" doc:"ordered or cancelled"`
	OrderedBy      string               `json:"orderedBy"`
	Created        string               `json:"created"`
	Cancelled      string               `json:"cancelled,omitempty"`
}

func wireSetupAssist(o customer.SetupAssistOrder) setupAssistWire {
	w := setupAssistWire{
		ID: encodeID(kindSetupAssist, o.ID), PartnerOrgID: encodeID(kindOrganization, o.Partner), OrgID: encodeID(kindOrganization, o.Org), SubscriptionID: o.Subscription,
		LocationID: encodeID(kindLocation, o.Location), Locations: o.Locations, Seats: o.Seats, Service: string(o.SKU()), TargetDate: o.Target.Format(time.DateOnly),
		Contacts: []setupAssistContact{}, Status: string(o.State()), OrderedBy: o.Actor, Created: timestamp(o.Created),
	}
	for _, c := range o.Contacts {
		w.Contacts = append(w.Contacts, setupAssistContact(c))
	}
	if !o.Cancelled.IsZero() {
		w.Cancelled = timestamp(o.Cancelled)
	}
	return w
}

type newSetupAssistInput struct {
	Body struct {
		OrgID      string               `json:"orgId" doc:"The customer, which must be provisioned"`
		LocationID string               `json:"locationId" doc:"The site"`
		Locations  int                  `json:"numberOfLocations,omitempty" doc:"1 to 10000" default:"1"`
		Seats      int                  `json:"seats" doc:"1 to 100000" example:"12"`
		TargetDate string               `json:"targetDate" doc:"At least six business days from now" example:"2026-05-29"`
		Contacts   []setupAssistContact `json:"contacts" doc:"1 to 10"`
	}
}

// noun reads an order. Ids that can't be one stay as they are: they name nothing, and the core says so along with all else that is wrong.
func (in newSetupAssistInput) noun() (customer.NewSetupAssistOrder, error) {
	b := in.Body
	out := customer.NewSetupAssistOrder{Org: customer.OrgID(b.OrgID), Location: customer.LocationID(b.LocationID), Locations: b.Locations, Seats: b.Seats}
	if id, ok := decodeID(b.OrgID); ok {
		out.Org = customer.OrgID(id)
	}
	if id, ok := decodeID(b.LocationID); ok {
		out.Location = customer.LocationID(id)
	}
	for _, c := range b.Contacts {
		out.Contacts = append(out.Contacts, customer.SetupAssistContact(c))
	}
	if b.TargetDate == "" {
		return out, nil
	}
	var err error
	if out.Target, err = time.Parse(time.DateOnly, b.TargetDate); err != nil {
		return out, fault.InvalidField("targetDate", "must be a date such as 2026-05-29; it is %.40q", b.TargetDate).WithCode(fault.CodeRule)
	}
	return out, nil
}

// SetupAssistInput names an order.
type SetupAssistInput struct {
	ID string `path:"id"`
}

func (in SetupAssistInput) id() (customer.SetupAssistID, error) {
	return pathID[customer.SetupAssistID]("order", in.ID)
}

type setupAssistListInput struct {
	InOrg
	Paging
}

type setupAssistOutput struct{ Body setupAssistWire }

func (s *Server) setupAssistRoutes() {
	const path, one = "/hub/v1/setup-assist/orders", "/hub/v1/setup-assist/orders/{id}"
	route(s, operation{"orderSetupAssist", http.MethodPost, path, "Order help with setting up a customer's site", http.StatusCreated, customer.ScopeCustomersWrite},
		func(ctx context.Context, in *newSetupAssistInput) (*setupAssistOutput, error) {
			order, err := in.noun()
			if err != nil {
				return nil, err
			}
			o, err := s.Customers.OrderSetupAssist(ctx, actorOf(ctx), order)
			return &setupAssistOutput{wireSetupAssist(o)}, err
		})
	route(s, operation{"listSetupAssistOrders", http.MethodGet, path, "List orders for Setup Assist", 0, customer.ScopeCustomersRead},
		func(ctx context.Context, in *setupAssistListInput) (*listed[setupAssistWire], error) {
			page, tenant, err := s.window(ctx, &in.Paging, in.InOrg)
			if err != nil {
				return nil, err
			}
			list, more, err := s.Customers.SetupAssistOrders(ctx, tenant, page)
			return answer(&in.Paging, page, list, more, wireSetupAssist), err
		})
	route(s, operation{"getSetupAssistOrder", http.MethodGet, one, "Get an order for Setup Assist", 0, customer.ScopeCustomersRead},
		func(ctx context.Context, in *SetupAssistInput) (*setupAssistOutput, error) {
			id, err := in.id()
			if err != nil {
				return nil, err
			}
			o, err := s.Customers.SetupAssistOrder(ctx, actorOf(ctx), id)
			return &setupAssistOutput{wireSetupAssist(o)}, err
		})
	route(s, operation{"cancelSetupAssistOrder", http.MethodDelete, one, "Cancel an order for Setup Assist; it stays in the list", http.StatusNoContent, customer.ScopeCustomersWrite},
		func(ctx context.Context, in *SetupAssistInput) (*struct{}, error) {
			id, err := in.id()
			if err != nil {
				return nil, err
			}
			return nil, s.Customers.CancelSetupAssist(ctx, actorOf(ctx), id)
		})
}
