package adminapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"dialtone/customer"
	"dialtone/fault"
)

// digits is a string that sloppy clients send as a number.
type digits string

// UnmarshalJSON takes a string or a whole number.
func (d *digits) UnmarshalJSON(b []byte) error {
	if b = bytes.TrimSpace(b); len(b) > 0 && b[0] != '"' {
		var n json.Number
		if err := json.Unmarshal(b, &n); err != nil {
			return fmt.Errorf("neither a string nor a number: %w", err)
		}
		*d = digits(n.String())
		return nil
	}
	return json.Unmarshal(b, (*string)(d))
}

// Schema describes both forms.
func (d *digits) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{{Type: huma.TypeString}, {Type: huma.TypeInteger}}}
}

type subscriberWire struct {
	ID                 string   `json:"id"`
	PersonID           string   `json:"personId,omitempty"`
	Email              string   `json:"email"`
	CustomerID         string   `json:"customerId"`
	ExternalCustomerID string   `json:"externalCustomerId"`
	Package            string   `json:"package,omitempty"`
	Packages           []string `json:"packages"`
	Status             string   `json:"status"`
	Created            string   `json:"created"`
	LastStatusChange   string   `json:"lastStatusChange"`

	Errors []noticeWire `json:"errors,omitempty" doc:"Why a person couldn't be moved"`
}

func wireSubscriber(s customer.Subscriber) subscriberWire {
	w := subscriberWire{
		ID: encodeID(kindSubscriber, s.ID), PersonID: encodeID(kindPerson, s.Person), Email: s.Email, CustomerID: encodeID(kindCustomer, s.Customer),
		ExternalCustomerID: s.ExternalCustomerID, Packages: names(s.Packages()), Status: string(s.Status),
		Created: timestamp(s.Created), LastStatusChange: timestamp(s.LastStatusChange), Errors: wireNotices(s.Errors),
	}
	if s.Status != customer.SubscriberProvisioned {
		w.PersonID = "" // until the person agrees it is nobody of this customer
	}
	if legacyPackage(s.Package) {
		w.Package = string(s.Package)
	}
	return w
}

// legacyPackage reports whether older clients know the package: in their one field, strict ones refuse others.
func legacyPackage(p customer.Package) bool {
	return p != customer.CXPremiumAgent && p != customer.CXStandardAgent
}

func names(packages []customer.Package) []string {
	out := make([]string, len(packages))
	for i, p := range packages {
		out[i] = string(p)
	}
	return out
}

// PackagesInput is a person's packages in one of the wire's two fields.
type PackagesInput struct {
	Package  string   `json:"package" doc:"The base package; or packages, not both"`
	Packages []string `json:"packages" doc:"The base package, and attendant_console beside it if wanted"`
}

func (in PackagesInput) noun() ([]customer.Package, error) {
	switch {
	case in.Package != "" && len(in.Packages) > 0:
		return nil, fault.InvalidField("package", "only one of package and packages may be given")
	case in.Package != "":
		return []customer.Package{customer.Package(in.Package)}, nil
	}
	out := make([]customer.Package, len(in.Packages))
	for i, name := range in.Packages {
		out[i] = customer.Package(name)
	}
	return out, nil
}

// needed is noun for requests that can't do without.
func (in PackagesInput) needed() ([]customer.Package, error) {
	if in.Package == "" && len(in.Packages) == 0 {
		return nil, fault.InvalidField("package", "exactly one of package and packages is needed")
	}
	return in.noun()
}

// CallingInput is where somebody is, and how they are reached there.
type CallingInput struct {
	PrimaryPhoneNumber string `json:"primaryPhoneNumber" example:"+12175550123"`
	Extension          digits `json:"extension" example:"101"`
	LocationID         string `json:"locationId"`
}

func (in CallingInput) noun() (customer.CallingIdentity, error) {
	location, err := fieldID[customer.LocationID]("provisioningParameters.locationId", in.LocationID)
	return customer.CallingIdentity{Number: in.PrimaryPhoneNumber, Extension: string(in.Extension), Location: location}, err
}

// subscriberParameters is what is known of a person on the wire.
type subscriberParameters struct {
	FirstName string `json:"firstName"`
	LastName  string `json:"lastName"`
	CallingInput
}

// SubscriberBody is a new subscriber on the wire.
type SubscriberBody struct {
	CustomerID string `json:"customerId"`
	Email      string `json:"email"`
	PackagesInput
	ProvisioningParameters subscriberParameters `json:"provisioningParameters"`
}

func (b *SubscriberBody) noun() (customer.NewSubscriber, error) {
	packages, err := b.needed()
	if err != nil {
		return customer.NewSubscriber{}, err
	}
	if b.CustomerID == "" {
		return customer.NewSubscriber{}, fault.InvalidField("customerId", "is needed")
	}
	c, err := fieldID[customer.CustomerID]("customerId", b.CustomerID)
	if err != nil {
		return customer.NewSubscriber{}, err
	}
	p := b.ProvisioningParameters
	identity, err := p.noun()
	return customer.NewSubscriber{
		Customer: c, Email: b.Email, Packages: packages, FirstName: p.FirstName, LastName: p.LastName, CallingIdentity: identity,
	}, err
}

type newSubscriberInput struct {
	Paging
	Body SubscriberBody
}

type subscriberCheckInput struct {
	Body struct {
		SubscriberBody
		ProvisioningID string `json:"provisioningId" doc:"Of the template, when there is no customer yet"`
		CustomerInfo   struct {
			PrimaryEmail string `json:"primaryEmail"`
		} `json:"customerInfo"`
	}
}

// SubscriberInput names a subscriber.
type SubscriberInput struct {
	Paging
	ID string `path:"subscriberId"`
}

type reassignInput struct {
	SubscriberInput
	Body struct {
		PackagesInput
		ProvisioningParameters CallingInput `json:"provisioningParameters" doc:"Counts for a move to a calling package"`
	}
}

type newSubscriberOutput struct {
	Status   int
	Location string `header:"Location"`
	Body     subscriberWire
}

type subscriberOutput struct {
	Location string `header:"Location"`
	Body     subscriberWire
}

func subscriberAt(p *Paging, sub customer.Subscriber) *subscriberOutput {
	return &subscriberOutput{p.self(subscribersPath + "/" + encodeID(kindSubscriber, sub.ID)), wireSubscriber(sub)}
}

type subscribersInput struct {
	Paging
	CustomerID         string `query:"customerId"`
	PersonID           string `query:"personId"`
	ExternalCustomerID string `query:"externalCustomerId"`
	Email              string `query:"email"`
	Status             string `query:"status"`
	After              string `query:"after" doc:"Created later: milliseconds since 1970, or ISO 8601"`
	LastStatusChange   string `query:"lastStatusChange" doc:"Status changed later: milliseconds since 1970, or ISO 8601"`
	SortBy             string `query:"sortBy" doc:"created (default) or lastStatusChange"`
	SortOrder          string `query:"sortOrder" doc:"ASC (default) or DESC"`
}

func (in *subscribersInput) filter() (customer.SubscriberFilter, error) {
	f := customer.SubscriberFilter{
		ExternalCustomerID: in.ExternalCustomerID, Email: strings.ToLower(in.Email), Status: customer.SubscriberStatus(in.Status),
	}
	var err error
	if f.Customer, err = fieldID[customer.CustomerID]("customerId", in.CustomerID); err != nil {
		return f, err
	}
	if f.Person, err = fieldID[customer.PersonID]("personId", in.PersonID); err != nil {
		return f, err
	}
	if f.CreatedAfter, err = instant("after", in.After); err != nil {
		return f, err
	}
	if f.ChangedAfter, err = instant("lastStatusChange", in.LastStatusChange); err != nil {
		return f, err
	}
	if f.ByStatusChange, err = oneOf("sortBy", in.SortBy, "created", "lastStatusChange"); err != nil {
		return f, err
	}
	f.Descending, err = oneOf("sortOrder", strings.ToUpper(in.SortOrder), "ASC", "DESC")
	return f, err
}

// oneOf reads a choice of two words and reports whether it is the second; empty means the first.
func oneOf(field, value, first, second string) (bool, error) {
	if value != "" && value != first && value != second {
		return false, fault.InvalidField(field, "must be %s or %s", first, second)
	}
	return value == second, nil
}

const subscribersPath = "/v1/wholesale/subscribers"

func (s *Server) subscriberRoutes() {
	const one = subscribersPath + "/{subscriberId}"
	route(s, operation{"provisionSubscriber", http.MethodPost, subscribersPath, "Provision a subscriber", 0, customer.ScopeSubscribersWrite},
		func(ctx context.Context, in *newSubscriberInput) (*newSubscriberOutput, error) {
			noun, err := in.Body.noun()
			if err != nil {
				return nil, err
			}
			sub, err := s.People.AddSubscriber(ctx, actorOf(ctx), noun)
			at := subscriberAt(&in.Paging, sub)
			out := &newSubscriberOutput{Status: http.StatusOK, Location: at.Location, Body: at.Body}
			if sub.Status == customer.SubscriberPendingMigration {
				out.Status = http.StatusAccepted
			}
			return out, err
		})
	created := s.api.OpenAPI().Paths[subscribersPath].Post.Responses
	created["202"] = created["200"] // the person must agree first
	route(s, operation{"listSubscribers", http.MethodGet, subscribersPath, "List subscribers", 0, customer.ScopeSubscribersRead}, s.listSubscribers)
	route(s, operation{"getSubscriber", http.MethodGet, one, "Get a subscriber", 0, customer.ScopeSubscribersRead},
		func(ctx context.Context, in *SubscriberInput) (*subscriberOutput, error) {
			id, err := pathID[customer.SubscriberID]("subscriber", in.ID)
			if err != nil {
				return nil, err
			}
			sub, err := s.Customers.Subscriber(ctx, actorOf(ctx), id)
			return subscriberAt(&in.Paging, sub), err
		})
	route(s, operation{"updateSubscriber", http.MethodPut, one, "Give a subscriber other packages", 0, customer.ScopeSubscribersWrite}, s.reassign)
	route(s, operation{"removeSubscriber", http.MethodDelete, one, "Remove a subscriber; the person stays", http.StatusNoContent, customer.ScopeSubscribersWrite},
		func(ctx context.Context, in *SubscriberInput) (*struct{}, error) {
			id, err := pathID[customer.SubscriberID]("subscriber", in.ID)
			if err != nil {
				return nil, err
			}
			return nil, s.People.RemoveSubscriber(ctx, actorOf(ctx), id)
		})
	route(s, operation{"validateSubscriber", http.MethodPost, subscribersPath + "/validate", "Check whether a subscriber could be provisioned; nothing is changed", 0, customer.ScopeSubscribersWrite}, s.checkSubscriber)
}

func (s *Server) listSubscribers(ctx context.Context, in *subscribersInput) (*listed[subscriberWire], error) {
	page, err := in.page()
	if err != nil {
		return nil, err
	}
	filter, err := in.filter()
	if err != nil {
		return nil, err
	}
	list, more, err := s.Customers.Subscribers(ctx, actorOf(ctx).Tenant(), filter, page)
	return answerLong(&in.Paging, page, list, more, wireSubscriber, func(sub customer.Subscriber) customer.Cursor {
		if filter.ByStatusChange {
			return customer.Cursor{At: sub.LastStatusChange, ID: string(sub.ID)}
		}
		return customer.Cursor{At: sub.Created, ID: string(sub.ID)}
	}), err
}

func (s *Server) reassign(ctx context.Context, in *reassignInput) (*subscriberOutput, error) {
	id, err := pathID[customer.SubscriberID]("subscriber", in.ID)
	if err != nil {
		return nil, err
	}
	packages, err := in.Body.needed()
	if err != nil {
		return nil, err
	}
	identity, err := in.Body.ProvisioningParameters.noun()
	if err != nil {
		return nil, err
	}
	sub, err := s.People.ChangeSubscriber(ctx, actorOf(ctx), id, customer.Reassignment{Packages: packages, CallingIdentity: identity})
	return subscriberAt(&in.Paging, sub), err
}

// checkSubscriber runs the whole of provisioning when a package is named, and looks at the e-mail address alone when not.
func (s *Server) checkSubscriber(ctx context.Context, in *subscriberCheckInput) (*checkedOutput, error) {
	if err := actorOf(ctx).MayCheck(); err != nil {
		return nil, err
	}
	packages, err := in.Body.PackagesInput.noun()
	if err != nil {
		return nil, err
	}
	if len(packages) == 0 || in.Body.CustomerID == "" {
		return checked(s.Customers.CheckEmail(ctx, in.Body.Email))
	}
	noun, err := in.Body.noun()
	if err != nil {
		return nil, err
	}
	return checked(s.People.CheckSubscriber(ctx, actorOf(ctx), noun))
}
