package adminapi

import (
	"context"
	"net/http"
	"time"

	"dialtone/customer"
	"dialtone/fault"
)

// subPartnerWire is a sub-partner as the wholesale API has it.
type subPartnerWire struct {
	OrgID             string `json:"orgId"`
	SubscriptionID    string `json:"subscriptionId"`
	ProvisioningState string `json:"provisioningState"`
	Created           string `json:"created"`
	BillingStartDate  string `json:"billingStartDate"`
}

func wireSubPartner(p customer.Partner) subPartnerWire {
	return subPartnerWire{
		OrgID: encodeID(kindOrganization, p.ID), SubscriptionID: p.Subscription, ProvisioningState: string(p.State),
		Created: timestamp(p.Created), BillingStartDate: timestamp(p.BillingStart),
	}
}

// subPartnersOutput has the list under both of its names: the official schema says items, and its example subPartners.
type subPartnersOutput struct {
	Link string `header:"Link"`
	Body struct {
		Items       []subPartnerWire `json:"items"`
		SubPartners []subPartnerWire `json:"subPartners"`
	}
}

type subPartnersInput struct {
	Paging
	State string `query:"provisioningState" doc:"active or suspended"`
}

func (in *subPartnersInput) state() (customer.PartnerState, error) {
	switch state := customer.PartnerState(in.State); state {
	case "", customer.PartnerActive, customer.PartnerSuspended:
		return state, nil
	default:
		return "", fault.InvalidField("provisioningState", "must be active or suspended; it is %q", in.State)
	}
}

// ourSubPartner is a sub-partner as our own API has it: with its name.
type ourSubPartner struct {
	SubPartnerFields
	Admin *adminWire `json:"admin,omitempty" doc:"The first administrator, when the sub-partner is set up"`
}

// SubPartnerFields are those of the wholesale API and the name.
type SubPartnerFields struct {
	OrgID             string `json:"orgId"`
	Name              string `json:"name"`
	SubscriptionID    string `json:"subscriptionId"`
	ProvisioningState string `json:"provisioningState"`
	Created           string `json:"created"`
	BillingStartDate  string `json:"billingStartDate"`
}

func wireOurs(p customer.Partner) ourSubPartner {
	w := wireSubPartner(p)
	return ourSubPartner{SubPartnerFields: SubPartnerFields{
		OrgID: w.OrgID, Name: p.Name, SubscriptionID: w.SubscriptionID, ProvisioningState: w.ProvisioningState, Created: w.Created, BillingStartDate: w.BillingStartDate,
	}}
}

type subPartnerOutput struct{ Body ourSubPartner }

type newSubPartnerInput struct {
	Body struct {
		Name             string `json:"name" doc:"1 to 128 characters"`
		SubscriptionID   string `json:"subscriptionId" doc:"The subscription of yours that it shares" example:"Sub-1"`
		BillingStartDate string `json:"billingStartDate" doc:"ISO 8601 date; absent: today"`
		Admin            struct {
			Email     string `json:"email"`
			FirstName string `json:"firstName"`
			LastName  string `json:"lastName"`
		} `json:"admin" doc:"The first administrator"`
	}
}

func (in *newSubPartnerInput) noun() (customer.NewSubPartner, error) {
	start, err := instant("billingStartDate", in.Body.BillingStartDate)
	b := &in.Body
	return customer.NewSubPartner{
		Name: b.Name, Subscription: b.SubscriptionID, BillingStart: start.Truncate(24 * time.Hour),
		Admin: customer.NewAdmin{Email: b.Admin.Email, FirstName: b.Admin.FirstName, LastName: b.Admin.LastName},
	}, err
}

// SubPartnerInput names a sub-partner.
type SubPartnerInput struct {
	OrgID string `path:"subPartnerOrgId"`
}

type subPartnerChangeInput struct {
	SubPartnerInput
	Body struct {
		Name              string `json:"name"`
		ProvisioningState string `json:"provisioningState" doc:"active or suspended; who is suspended may look, and delete"`
	}
}

func (s *Server) subPartnerRoutes() {
	const path, one = "/hub/v1/subPartners", "/hub/v1/subPartners/{subPartnerOrgId}"
	route(s, operation{"listWholesaleSubPartners", http.MethodGet, "/v1/wholesale/subPartners", "List sub-partners", 0, customer.ScopeSubPartnersRead},
		func(ctx context.Context, in *subPartnersInput) (*subPartnersOutput, error) {
			list, err := subPartners(ctx, s, in, wireSubPartner)
			if err != nil {
				return nil, err
			}
			out := &subPartnersOutput{Link: list.Link}
			out.Body.Items, out.Body.SubPartners = list.Body.Items, list.Body.Items
			return out, nil
		})
	route(s, operation{"listSubPartners", http.MethodGet, path, "List sub-partners with their names", 0, customer.ScopeSubPartnersRead},
		func(ctx context.Context, in *subPartnersInput) (*listed[ourSubPartner], error) {
			return subPartners(ctx, s, in, wireOurs)
		})
	route(s, operation{"createSubPartner", http.MethodPost, path, "Set up a sub-partner with its first administrator", http.StatusCreated, customer.ScopeSubPartnersWrite}, s.createSubPartner)
	route(s, operation{"getSubPartner", http.MethodGet, one, "Get a sub-partner", 0, customer.ScopeSubPartnersRead},
		func(ctx context.Context, in *SubPartnerInput) (*subPartnerOutput, error) {
			id, err := pathID[customer.OrgID]("sub-partner", in.OrgID)
			if err != nil {
				return nil, err
			}
			p, err := s.Customers.SubPartner(ctx, actorOf(ctx), id)
			return &subPartnerOutput{wireOurs(p)}, err
		})
	route(s, operation{"updateSubPartner", http.MethodPut, one, "Rename, suspend or reactivate a sub-partner", 0, customer.ScopeSubPartnersWrite},
		func(ctx context.Context, in *subPartnerChangeInput) (*subPartnerOutput, error) {
			id, err := pathID[customer.OrgID]("sub-partner", in.OrgID)
			if err != nil {
				return nil, err
			}
			p, err := s.Customers.ChangeSubPartner(ctx, actorOf(ctx), id, customer.SubPartnerChange{Name: in.Body.Name, State: customer.PartnerState(in.Body.ProvisioningState)})
			return &subPartnerOutput{wireOurs(p)}, err
		})
}

func (s *Server) createSubPartner(ctx context.Context, in *newSubPartnerInput) (*subPartnerOutput, error) {
	noun, err := in.noun()
	if err != nil {
		return nil, err
	}
	p, admin, err := s.Customers.CreateSubPartner(ctx, actorOf(ctx), noun)
	if err != nil {
		return nil, err
	}
	out := &subPartnerOutput{wireOurs(p)}
	first := wireAdmin(admin)
	out.Body.Admin = &first
	return out, nil
}

func subPartners[W any](ctx context.Context, s *Server, in *subPartnersInput, wire func(customer.Partner) W) (*listed[W], error) {
	page, err := in.page()
	if err != nil {
		return nil, err
	}
	state, err := in.state()
	if err != nil {
		return nil, err
	}
	list, more, err := s.Customers.SubPartners(ctx, actorOf(ctx), state, page)
	return answer(&in.Paging, page, list, more, wire), err
}
