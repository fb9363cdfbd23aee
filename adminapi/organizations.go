package adminapi

import (
	"context"
	"net/http"
	"time"

	"dialtone/customer"
)

// customerDetails is what our own API says of a customer beyond the wholesale API.
type customerDetails struct {
	ID               string         `json:"id"`
	OrgID            string         `json:"orgId,omitempty"`
	ExternalID       string         `json:"externalId"`
	Name             string         `json:"name"`
	PrimaryEmail     string         `json:"primaryEmail"`
	Language         string         `json:"language"`
	MeetingLanguage  string         `json:"meetingLanguage" doc:"Of the meeting site, which has fewer languages"`
	Country          string         `json:"country"`
	SIPDomain        string         `json:"sipDomain"`
	TemplateID       string         `json:"templateId"`
	Status           string         `json:"status"`
	Limits           map[string]int `json:"limits,omitempty" doc:"Quantities, if the customer was created with them"`
	DialIn           dialInWire     `json:"defaultDialIn"`
	PartnerRole      string         `json:"partnerRole" doc:"full_admin or provisioning_admin"`
	Restricted       bool           `json:"restrictedByPartner"`
	BillingStartDate string         `json:"billingStartDate,omitempty" doc:"Absent: as soon as a package is assigned"`
	Created          string         `json:"created"`
}

// dialInWire is where meetings are dialled in to.
type dialInWire struct {
	Prefix string `json:"prefix" example:"+1"`
	Own    bool   `json:"own" doc:"Of the customer's own country; else of its region"`
}

func wireCustomerDetails(c customer.Customer) customerDetails {
	dialIn := customer.DefaultDialIn(c.Address.Country)
	w := customerDetails{
		ID: encodeID(kindCustomer, c.ID), OrgID: encodeID(kindOrganization, c.Org), ExternalID: c.ExternalID, Name: c.Name, PrimaryEmail: c.PrimaryEmail,
		Language: c.Language, MeetingLanguage: customer.MeetingLocale(c.Language), Country: c.Address.Country, SIPDomain: c.SIPDomain, TemplateID: encodeID(kindTemplate, c.Template), Status: string(c.Status),
		DialIn: dialInWire{dialIn.Prefix, dialIn.Own}, PartnerRole: string(c.PartnerRole), Restricted: c.Restricted,
		BillingStartDate: date(c.BillingStart), Created: timestamp(c.Created),
	}
	for _, p := range c.Packages {
		if p.Limit > 0 {
			if w.Limits == nil {
				w.Limits = map[string]int{}
			}
			w.Limits[string(p.Package)] = p.Limit
		}
	}
	return w
}

// date writes a day; "" for none.
func date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}

type customerDetailsOutput struct{ Body customerDetails }

// domainWire is an e-mail domain that an organisation has shown to be its own.
type domainWire struct {
	Name    string `json:"name" example:"example.com"`
	Claimed bool   `json:"claimed" doc:"Nobody else may have addresses in it; else it is only verified"`
}

// OrganizationFacts is what is known of an organisation from elsewhere.
type OrganizationFacts struct {
	Domains       []domainWire `json:"domains" doc:"Verified e-mail domains"`
	OtherLicenses string       `json:"otherLicenses" doc:"Licences that weren't bought wholesale: none, suspended, cancelled or active"`
	Trial         bool         `json:"trial"`
}

// organizationWire is an organisation on the wire.
type organizationWire struct {
	OrgID     string `json:"orgId"`
	Name      string `json:"name"`
	SIPDomain string `json:"sipDomain"`
	People    int    `json:"people"`
	Served    bool   `json:"served" doc:"It is a customer now"`
	OrganizationFacts
}

func wireOrganization(o customer.Organization) organizationWire {
	w := organizationWire{
		OrgID: encodeID(kindOrganization, o.ID), Name: o.Name, SIPDomain: o.SIPDomain, People: o.People, Served: o.Served,
		OrganizationFacts: OrganizationFacts{Domains: []domainWire{}, OtherLicenses: string(o.OtherLicenses), Trial: o.Trial},
	}
	for _, d := range o.Domains {
		w.Domains = append(w.Domains, domainWire(d))
	}
	return w
}

type organizationOutput struct{ Body organizationWire }

// OrganizationInput names an organisation.
type OrganizationInput struct {
	OrgID string `path:"orgId"`
}

type organizationChangeInput struct {
	OrganizationInput
	Body OrganizationFacts
}

func (f OrganizationFacts) noun() customer.OrganizationFacts {
	out := customer.OrganizationFacts{OtherLicenses: customer.LicenseState(f.OtherLicenses), Trial: f.Trial}
	for _, d := range f.Domains {
		out.Domains = append(out.Domains, customer.EmailDomain(d))
	}
	return out
}

// settingsWire are a partner's settings, under their documented names.
type settingsWire struct {
	DelayedBilling *bool `json:"enable_wholesale_delayed_billing" required:"true" doc:"Customers may have a billing start up to 90 days after their creation"`
}

type settingsOutput struct{ Body settingsWire }

type settingsInput struct{ Body settingsWire }

func (s *Server) organizationRoutes() {
	const organization = "/hub/v1/organizations/{orgId}"
	route(s, operation{"getCustomerDetails", http.MethodGet, "/hub/v1/customers/{customerId}", "Get what the wholesale API doesn't say of a customer", 0, customer.ScopeCustomersRead},
		func(ctx context.Context, in *struct {
			ID string `path:"customerId"`
		}) (*customerDetailsOutput, error) {
			id, err := pathID[customer.CustomerID]("customer", in.ID)
			if err != nil {
				return nil, err
			}
			c, err := s.Customers.Customer(ctx, actorOf(ctx), id)
			return &customerDetailsOutput{wireCustomerDetails(c)}, err
		})
	route(s, operation{"getOrganization", http.MethodGet, organization, "Get an organisation", 0, customer.ScopeCustomersRead},
		func(ctx context.Context, in *OrganizationInput) (*organizationOutput, error) {
			id, err := pathID[customer.OrgID]("organisation", in.OrgID)
			if err != nil {
				return nil, err
			}
			o, err := s.Customers.Organization(ctx, actorOf(ctx), id)
			return &organizationOutput{wireOrganization(o)}, err
		})
	route(s, operation{"updateOrganization", http.MethodPut, organization, "Note what is known of an organisation: who must consent when it is attached", 0, customer.ScopeCustomersWrite},
		func(ctx context.Context, in *organizationChangeInput) (*organizationOutput, error) {
			id, err := pathID[customer.OrgID]("organisation", in.OrgID)
			if err != nil {
				return nil, err
			}
			o, err := s.Customers.SetOrganizationFacts(ctx, actorOf(ctx), id, in.Body.noun())
			return &organizationOutput{wireOrganization(o)}, err
		})
	route(s, operation{"getSettings", http.MethodGet, "/hub/v1/settings", "Get your settings", 0, customer.ScopeAdminsRead},
		func(ctx context.Context, _ *struct{}) (*settingsOutput, error) {
			settings, err := s.Customers.Settings(ctx, actorOf(ctx))
			return &settingsOutput{settingsWire{DelayedBilling: &settings.DelayedBilling}}, err
		})
	route(s, operation{"updateSettings", http.MethodPut, "/hub/v1/settings", "Change your settings", 0, customer.ScopeAdminsWrite},
		func(ctx context.Context, in *settingsInput) (*settingsOutput, error) {
			return &settingsOutput{in.Body}, s.Customers.SetSettings(ctx, actorOf(ctx), customer.Settings{DelayedBilling: *in.Body.DelayedBilling})
		})
}
