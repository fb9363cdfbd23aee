package adminapi

import (
	"context"
	"net/http"
	"strings"

	"dialtone/customer"
	"dialtone/fault"
)

// addressWire is an address on the wire.
type addressWire struct {
	AddressLine1    string `json:"addressLine1"`
	AddressLine2    string `json:"addressLine2,omitempty"`
	City            string `json:"city"`
	StateOrProvince string `json:"stateOrProvince,omitempty"`
	ZipOrPostalCode string `json:"zipOrPostalCode,omitempty"`
	Country         string `json:"country"`
}

func (a addressWire) noun() customer.Address {
	return customer.Address{
		Line1: a.AddressLine1, Line2: a.AddressLine2, City: a.City, StateOrProvince: a.StateOrProvince, PostalCode: a.ZipOrPostalCode, Country: a.Country,
	}
}

func wireAddress(a customer.Address) addressWire {
	return addressWire{
		AddressLine1: a.Line1, AddressLine2: a.Line2, City: a.City, StateOrProvince: a.StateOrProvince, ZipOrPostalCode: a.PostalCode, Country: a.Country,
	}
}

// packageState is one package of a customer on the wire.
type packageState struct {
	Name       string       `json:"name"`
	Status     string       `json:"status"`
	Errors     []noticeWire `json:"errors,omitempty" doc:"Of the last background work"`
	LicenseIDs []string     `json:"licenseIds,omitempty"`
}

// noticeWire is what background work has to say, on the wire.
type noticeWire struct {
	ErrorCode   int    `json:"errorCode"`
	Description string `json:"description"`
}

func wireNotices(list []customer.Notice) []noticeWire {
	var out []noticeWire
	for _, n := range list {
		out = append(out, noticeWire{n.Code, n.Message})
	}
	return out
}

// customerWire is a customer on the wire. It has the documented fields and no others: strict clients refuse what they don't know.
type customerWire struct {
	ID              string      `json:"id"`
	OrgID           string      `json:"orgId,omitempty"`
	ExternalID      string      `json:"externalId"`
	Address         addressWire `json:"address"`
	Status          string      `json:"status"`
	Packages        []string    `json:"packages"`
	ResourceDetails struct {
		Packages []packageState `json:"packages"`
	} `json:"resourceDetails"`
	Errors []noticeWire `json:"errors,omitempty" doc:"Of the last background work"`
}

func wireCustomer(c customer.Customer) customerWire {
	w := customerWire{
		ID: encodeID(kindCustomer, c.ID), ExternalID: c.ExternalID, Address: wireAddress(c.Address),
		Status: string(c.Shown()), Packages: make([]string, len(c.Packages)), Errors: wireNotices(c.Errors),
	}
	if c.Status != customer.StatusProvisioning { // until then the organisation isn't for use
		w.OrgID = encodeID(kindOrganization, c.Org)
	}
	w.ResourceDetails.Packages = make([]packageState, len(c.Packages))
	for i, q := range c.Packages {
		w.Packages[i] = string(q.Package)
		w.ResourceDetails.Packages[i] = packageState{Name: string(q.Package), Status: string(q.Status), Errors: wireNotices(q.Errors)}
	}
	return w
}

// locationInput is the first location of a new customer on the wire.
type locationInput struct {
	Name                        string      `json:"name"`
	Address                     addressWire `json:"address"`
	Timezone                    string      `json:"timezone" example:"America/Chicago"`
	Language                    string      `json:"language" example:"en_us"`
	EmergencyLocationIdentifier string      `json:"emergencyLocationIdentifier"`
	Numbers                     []string    `json:"numbers" doc:"E.164; older clients send the location's numbers here"`
	MainNumber                  string      `json:"mainNumber"`
}

// customerParameters is what a customer's packages need on the wire.
type customerParameters struct {
	Calling struct {
		Location *locationInput `json:"location"`
	} `json:"calling"`
	Meetings struct {
		Timezone string `json:"timezone"`
	} `json:"meetings"`
	Packages struct {
		Limits map[string]int `json:"limits" doc:"How many of each package may be assigned"`
	} `json:"packages"`
}

// customerBody is a new customer on the wire.
type customerBody struct {
	ProvisioningID string      `json:"provisioningId" doc:"Of the onboarding template"`
	Packages       []string    `json:"packages" example:"[\"webex_calling\"]"`
	OrgID          string      `json:"orgId" doc:"An organisation to attach to"`
	ExternalID     string      `json:"externalId" doc:"Your own key; unique"`
	Address        addressWire `json:"address"`
	CustomerInfo   struct {
		Name         string `json:"name"`
		PrimaryEmail string `json:"primaryEmail"`
		Language     string `json:"language"`
	} `json:"customerInfo"`
	ProvisioningParameters customerParameters `json:"provisioningParameters"`
	SubPartnerAdminEmail   string             `json:"subPartnerAdminEmail"`
	BillingStartDate       string             `json:"billingStartDate" doc:"ISO 8601 date, at most 90 days ahead, where the setting enable_wholesale_delayed_billing is on"`
}

type newCustomerInput struct {
	Paging
	Body customerBody
}

func (b *customerBody) noun() (customer.NewCustomer, error) {
	provisioningID, ok := decodeID(b.ProvisioningID)
	if !ok && b.ProvisioningID != "" {
		return customer.NewCustomer{}, fault.InvalidField("provisioningId", "names no onboarding template of yours")
	}
	org, err := fieldID[customer.OrgID]("orgId", b.OrgID)
	if err != nil {
		return customer.NewCustomer{}, err
	}
	start, err := instant("billingStartDate", b.BillingStartDate)
	if err != nil {
		return customer.NewCustomer{}, err
	}
	out := customer.NewCustomer{
		BillingStart:   start,
		ProvisioningID: provisioningID, ExternalID: b.ExternalID, Name: b.CustomerInfo.Name, PrimaryEmail: b.CustomerInfo.PrimaryEmail,
		Language: b.CustomerInfo.Language, Org: org, Address: b.Address.noun(), MeetingsTimeZone: b.ProvisioningParameters.Meetings.Timezone,
		SubPartnerAdminEmail: b.SubPartnerAdminEmail, Limits: b.ProvisioningParameters.limits(), Location: b.ProvisioningParameters.location(),
	}
	for _, p := range b.Packages {
		out.Packages = append(out.Packages, customer.Package(p))
	}
	return out, nil
}

// limits returns the quantities, by package.
func (in customerParameters) limits() map[customer.Package]int {
	out := map[customer.Package]int{}
	for p, n := range in.Packages.Limits {
		out[customer.Package(p)] = n
	}
	return out
}

// location returns the first location; nil for none.
func (in customerParameters) location() *customer.NewLocation {
	l := in.Calling.Location
	if l == nil {
		return nil
	}
	return &customer.NewLocation{
		Name: l.Name, Address: l.Address.noun(), TimeZone: l.Timezone, Language: l.Language, EmergencyID: l.EmergencyLocationIdentifier,
		Numbers: l.Numbers, MainNumber: l.MainNumber,
	}
}

// customerChangeInput is a change of a customer on the wire; what is absent stays as it is.
type customerChangeInput struct {
	Paging
	CustomerID string `path:"customerId"`
	Body       struct {
		Packages               []string           `json:"packages" doc:"All that the customer is to have" example:"[\"webex_calling\"]"`
		ExternalID             string             `json:"externalId"`
		Address                *addressWire       `json:"address"`
		ProvisioningParameters customerParameters `json:"provisioningParameters"`
		SubPartnerAdminEmail   string             `json:"subPartnerAdminEmail"`
		BillingStartDate       string             `json:"billingStartDate" doc:"ISO 8601 date; can be changed until it has come"`
	}
}

func (in *customerChangeInput) noun() (customer.CustomerChange, error) {
	b := &in.Body
	start, err := instant("billingStartDate", b.BillingStartDate)
	if err != nil {
		return customer.CustomerChange{}, err
	}
	out := customer.CustomerChange{ExternalID: b.ExternalID, Limits: b.ProvisioningParameters.limits(), Location: b.ProvisioningParameters.location()}
	for _, p := range b.Packages {
		out.Packages = append(out.Packages, customer.Package(p))
	}
	if b.Address != nil {
		address := b.Address.noun()
		out.Address = &address
	}
	out.BillingStart = start
	return out, nil
}

type customerCheckInput struct{ Body customerBody }

// acceptedOutput says where to look for what was accepted.
type acceptedOutput struct {
	Location string `header:"Location"`
	Body     struct {
		URL string `json:"url"`
	}
}

type customerOutput struct {
	Location string `header:"Location"`
	Body     customerWire
}

type customersInput struct {
	Paging
	ExternalID string   `query:"externalId"`
	OrgID      string   `query:"orgId"`
	Status     []string `query:"status,explode" doc:"One or more, repeated or with commas between"`
}

func (in *customersInput) filter() (customer.CustomerFilter, error) {
	org, err := fieldID[customer.OrgID]("orgId", in.OrgID)
	filter := customer.CustomerFilter{ExternalID: in.ExternalID, Org: org}
	for _, value := range in.Status {
		for status := range strings.SplitSeq(value, ",") {
			if status = strings.TrimSpace(status); status != "" {
				filter.Statuses = append(filter.Statuses, customer.Status(status))
			}
		}
	}
	return filter, err
}

const customersPath = "/v1/wholesale/customers"

func (s *Server) customerRoutes() {
	route(s, operation{"provisionCustomer", http.MethodPost, customersPath, "Provision a customer", http.StatusAccepted, customer.ScopeCustomersWrite}, s.provision)
	route(s, operation{"listCustomers", http.MethodGet, customersPath, "List customers", 0, customer.ScopeCustomersRead}, s.listCustomers)
	route(s, operation{"updateCustomer", http.MethodPut, customersPath + "/{customerId}", "Give a customer other packages, quantities, external id or address", http.StatusAccepted, customer.ScopeCustomersWrite}, s.changeCustomer)
	route(s, operation{"removeCustomer", http.MethodDelete, customersPath + "/{customerId}", "Remove a customer; its organisation stays", http.StatusAccepted, customer.ScopeCustomersWrite},
		func(ctx context.Context, in *struct {
			CustomerID string `path:"customerId"`
		}) (*struct{}, error) {
			id, err := pathID[customer.CustomerID]("customer", in.CustomerID)
			if err != nil {
				return nil, err
			}
			return nil, s.Customers.RemoveCustomer(ctx, actorOf(ctx), id)
		})
	route(s, operation{"validateCustomer", http.MethodPost, customersPath + "/validate", "Check whether a customer could be provisioned; nothing is changed", 0, customer.ScopeCustomersWrite}, s.checkCustomer)
	route(s, operation{"getCustomer", http.MethodGet, customersPath + "/{customerId}", "Get a customer", 0, customer.ScopeCustomersRead}, s.getCustomer)
}

func (s *Server) provision(ctx context.Context, in *newCustomerInput) (*acceptedOutput, error) {
	noun, err := in.Body.noun()
	if err != nil {
		return nil, err
	}
	c, err := s.Customers.Provision(ctx, actorOf(ctx), noun)
	if err != nil {
		return nil, err
	}
	return acceptedAt(&in.Paging, c), nil
}

func acceptedAt(p *Paging, c customer.Customer) *acceptedOutput {
	out := &acceptedOutput{Location: p.self(customersPath + "/" + encodeID(kindCustomer, c.ID))}
	out.Body.URL = out.Location
	return out
}

func (s *Server) changeCustomer(ctx context.Context, in *customerChangeInput) (*acceptedOutput, error) {
	id, err := pathID[customer.CustomerID]("customer", in.CustomerID)
	if err != nil {
		return nil, err
	}
	noun, err := in.noun()
	if err != nil {
		return nil, err
	}
	c, err := s.Customers.ChangeCustomer(ctx, actorOf(ctx), id, noun)
	if err != nil {
		return nil, err
	}
	return acceptedAt(&in.Paging, c), nil
}

func (s *Server) listCustomers(ctx context.Context, in *customersInput) (*listed[customerWire], error) {
	page, err := in.page()
	if err != nil {
		return nil, err
	}
	filter, err := in.filter()
	if err != nil {
		return nil, err
	}
	list, more, err := s.Customers.Customers(ctx, actorOf(ctx), filter, page)
	return answerLong(&in.Paging, page, list, more, wireCustomer, func(c customer.Customer) customer.Cursor {
		return customer.Cursor{At: c.Created, ID: string(c.ID)}
	}), err
}

func (s *Server) getCustomer(ctx context.Context, in *struct {
	Paging
	CustomerID      string `path:"customerId"`
	IncludeLicenses bool   `query:"includePackageLicenseInfo" doc:"Name the licences of each package"`
},
) (*customerOutput, error) {
	id, err := pathID[customer.CustomerID]("customer", in.CustomerID)
	if err != nil {
		return nil, err
	}
	c, err := s.Customers.Customer(ctx, actorOf(ctx), id)
	out := &customerOutput{in.self(customersPath + "/" + encodeID(kindCustomer, c.ID)), wireCustomer(c)}
	if in.IncludeLicenses {
		for i, q := range c.Packages {
			if q.Status == customer.PackageProvisioned {
				out.Body.ResourceDetails.Packages[i].LicenseIDs = []string{licenseID(c, q.Package)}
			}
		}
	}
	return out, err
}

// checkCustomer runs the whole of provisioning when a template is named, and looks at address and e-mail address alone when not.
func (s *Server) checkCustomer(ctx context.Context, in *customerCheckInput) (*checkedOutput, error) {
	if err := actorOf(ctx).MayCheck(); err != nil {
		return nil, err
	}
	if in.Body.ProvisioningID == "" {
		return checked(s.Customers.CheckProspect(ctx, in.Body.Address.noun(), in.Body.CustomerInfo.PrimaryEmail))
	}
	noun, err := in.Body.noun()
	if err != nil {
		return nil, err
	}
	return checked(s.Customers.CheckProvision(ctx, actorOf(ctx), noun))
}
