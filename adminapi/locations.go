package adminapi

import (
	"context"
	"net/http"

	"dialtone/customer"
)

// locationWire is a location on the wire.
type locationWire struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	OrgID   string `json:"orgId"`
	Address struct {
		Address1   string `json:"address1"`
		Address2   string `json:"address2,omitempty"`
		City       string `json:"city"`
		State      string `json:"state,omitempty"`
		PostalCode string `json:"postalCode,omitempty"`
		Country    string `json:"country"`
	} `json:"address"`
	TimeZone             string `json:"timeZone"`
	PreferredLanguage    string `json:"preferredLanguage"`
	AnnouncementLanguage string `json:"announcementLanguage"`
}

func wireLocation(l customer.Location) locationWire {
	w := locationWire{
		ID: encodeID(kindLocation, l.ID), Name: l.Name, OrgID: encodeID(kindOrganization, l.Org), TimeZone: l.TimeZone,
		PreferredLanguage: l.Language, AnnouncementLanguage: l.AnnouncementLanguage,
	}
	w.Address.Address1, w.Address.Address2, w.Address.City = l.Address.Line1, l.Address.Line2, l.Address.City
	w.Address.State, w.Address.PostalCode, w.Address.Country = l.Address.StateOrProvince, l.Address.PostalCode, l.Address.Country
	return w
}

type locationsInput struct {
	Paging
	InOrg
	Name string `query:"name" doc:"Part of the name"`
	ID   string `query:"id"`
}

type newNumbersInput struct {
	InOrg
	LocationID string `path:"locationId"`
	Body       struct {
		PhoneNumbers []string `json:"phoneNumbers" doc:"E.164; 1 to 500"`
		NumberType   string   `json:"numberType" doc:"TOLLFREE, DID or MOBILE; taken and not used yet"`
		State        string   `json:"state" doc:"ACTIVE (default) or INACTIVE"`
	}
}

// emptyOutput is an empty JSON object.
type emptyOutput struct{ Body struct{} }

func (s *Server) locationRoutes() {
	route(s, operation{"listLocations", http.MethodGet, "/v1/locations", "List locations", 0, customer.ScopeLocationsRead},
		func(ctx context.Context, in *locationsInput) (*listed[locationWire], error) {
			page, err := in.page()
			if err != nil {
				return nil, err
			}
			tenant, err := s.tenant(ctx, in.InOrg)
			if err != nil {
				return nil, err
			}
			id, err := fieldID[customer.LocationID]("id", in.ID)
			if err != nil {
				return nil, err
			}
			list, more, err := s.Customers.Locations(ctx, tenant, customer.LocationFilter{Name: in.Name, ID: id}, page)
			return answer(&in.Paging, page, list, more, wireLocation), err
		})
	route(s, operation{"addNumbers", http.MethodPost, "/v1/telephony/config/locations/{locationId}/numbers", "Add phone numbers to a location", http.StatusCreated, customer.ScopeTelephonyWrite},
		func(ctx context.Context, in *newNumbersInput) (*emptyOutput, error) {
			tenant, err := s.tenant(ctx, in.InOrg)
			if err != nil {
				return nil, err
			}
			id, err := pathID[customer.LocationID]("location", in.LocationID)
			if err != nil {
				return nil, err
			}
			numbers := customer.NewNumbers{Location: id, E164: in.Body.PhoneNumbers, State: customer.NumberState(in.Body.State)}
			return &emptyOutput{}, s.Customers.AddNumbers(ctx, actorOf(ctx), tenant, numbers)
		})
}
