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
	"dialtone/provisioning"
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
}

func wireSubscriber(s customer.Subscriber) subscriberWire {
	return subscriberWire{
		ID: encodeID(kindSubscriber, s.ID), PersonID: encodeID(kindPerson, s.Person), Email: s.Email, CustomerID: encodeID(kindCustomer, s.Customer),
		ExternalCustomerID: s.ExternalCustomerID, Package: string(s.Package), Packages: []string{string(s.Package)}, Status: string(s.Status),
		Created: timestamp(s.Created), LastStatusChange: timestamp(s.LastStatusChange),
	}
}

// subscriberParameters is what a calling package needs on the wire.
type subscriberParameters struct {
	FirstName          string `json:"firstName"`
	LastName           string `json:"lastName"`
	PrimaryPhoneNumber string `json:"primaryPhoneNumber" example:"+12175550123"`
	Extension          digits `json:"extension" example:"101"`
	LocationID         string `json:"locationId"`
}

type newSubscriberInput struct {
	Paging
	Body struct {
		CustomerID             string               `json:"customerId"`
		Email                  string               `json:"email"`
		Package                string               `json:"package" doc:"The package; or packages, not both"`
		Packages               []string             `json:"packages" doc:"The package, as the one element"`
		ProvisioningParameters subscriberParameters `json:"provisioningParameters"`
	}
}

func (in *newSubscriberInput) noun() (provisioning.NewSubscriber, error) {
	b := &in.Body
	pkg := b.Package
	switch {
	case (pkg == "") == (len(b.Packages) == 0):
		return provisioning.NewSubscriber{}, fault.InvalidField("package", "exactly one of package and packages is needed")
	case len(b.Packages) > 1:
		return provisioning.NewSubscriber{}, fault.InvalidField("packages", "takes one package")
	case pkg == "":
		pkg = b.Packages[0]
	}
	if b.CustomerID == "" {
		return provisioning.NewSubscriber{}, fault.InvalidField("customerId", "is needed")
	}
	c, err := fieldID[customer.CustomerID]("customerId", b.CustomerID)
	if err != nil {
		return provisioning.NewSubscriber{}, err
	}
	p := b.ProvisioningParameters
	location, err := fieldID[customer.LocationID]("provisioningParameters.locationId", p.LocationID)
	return provisioning.NewSubscriber{
		Customer: c, Email: b.Email, Package: customer.Package(pkg), FirstName: p.FirstName, LastName: p.LastName, Number: p.PrimaryPhoneNumber,
		Extension: string(p.Extension), Location: location,
	}, err
}

type subscriberOutput struct {
	Location string `header:"Location"`
	Body     subscriberWire
}

type subscribersInput struct {
	Paging
	CustomerID         string `query:"customerId"`
	PersonID           string `query:"personId"`
	ExternalCustomerID string `query:"externalCustomerId"`
	Email              string `query:"email"`
	Status             string `query:"status"`
}

func (in *subscribersInput) filter() (customer.SubscriberFilter, error) {
	c, err := fieldID[customer.CustomerID]("customerId", in.CustomerID)
	if err != nil {
		return customer.SubscriberFilter{}, err
	}
	person, err := fieldID[customer.PersonID]("personId", in.PersonID)
	return customer.SubscriberFilter{
		Customer: c, Person: person, ExternalCustomerID: in.ExternalCustomerID, Email: strings.ToLower(in.Email), Status: customer.SubscriberStatus(in.Status),
	}, err
}

const subscribersPath = "/v1/wholesale/subscribers"

func (s *Server) subscriberRoutes() {
	route(s, operation{"provisionSubscriber", http.MethodPost, subscribersPath, "Provision a subscriber", 0, customer.ScopeSubscribersWrite},
		func(ctx context.Context, in *newSubscriberInput) (*subscriberOutput, error) {
			noun, err := in.noun()
			if err != nil {
				return nil, err
			}
			sub, err := s.Devices.AddSubscriber(ctx, actorOf(ctx), noun)
			return &subscriberOutput{in.self(subscribersPath + "/" + encodeID(kindSubscriber, sub.ID)), wireSubscriber(sub)}, err
		})
	route(s, operation{"listSubscribers", http.MethodGet, subscribersPath, "List subscribers", 0, customer.ScopeSubscribersRead},
		func(ctx context.Context, in *subscribersInput) (*listed[subscriberWire], error) {
			page, err := in.page()
			if err != nil {
				return nil, err
			}
			filter, err := in.filter()
			if err != nil {
				return nil, err
			}
			list, more, err := s.Customers.Subscribers(ctx, actorOf(ctx).Tenant(), filter, page)
			return answer(&in.Paging, page, list, more, wireSubscriber), err
		})
}
