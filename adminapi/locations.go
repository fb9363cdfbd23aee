package adminapi

import (
	"context"
	"net/http"

	"dialtone/customer"
	"dialtone/secret"
)

// Places is the part of Customers about locations, floors, numbers and connections to the telephone network.
type Places interface {
	Location(ctx context.Context, tenant customer.Tenant, id customer.LocationID) (customer.Location, error)
	Locations(ctx context.Context, tenant customer.Tenant, filter customer.LocationFilter, page customer.Page) ([]customer.Location, bool, error)
	CreateLocation(ctx context.Context, actor customer.Actor, tenant customer.Tenant, in customer.LocationChange) (customer.Location, error)
	DeleteLocation(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id customer.LocationID) error

	CreateFloor(ctx context.Context, actor customer.Actor, tenant customer.Tenant, location customer.LocationID, in customer.NewFloor) (customer.Floor, error)
	ChangeFloor(ctx context.Context, actor customer.Actor, tenant customer.Tenant, location customer.LocationID, id customer.FloorID, in customer.NewFloor) (customer.Floor, error)
	DeleteFloor(ctx context.Context, actor customer.Actor, tenant customer.Tenant, location customer.LocationID, id customer.FloorID) error
	Floor(ctx context.Context, tenant customer.Tenant, location customer.LocationID, id customer.FloorID) (customer.Floor, error)
	Floors(ctx context.Context, tenant customer.Tenant, location customer.LocationID, page customer.Page) ([]customer.Floor, bool, error)

	EnableCalling(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id customer.LocationID) error
	DisableCalling(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id customer.LocationID) error
	CallingLocation(ctx context.Context, tenant customer.Tenant, id customer.LocationID) (customer.CallingLocation, error)
	ChangeCalling(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id customer.LocationID, in customer.CallingChange) error
	CheckExtensions(ctx context.Context, tenant customer.Tenant, id customer.LocationID, extensions []string) ([]customer.ExtensionCheck, error)
	ExamplePassword(ctx context.Context, tenant customer.Tenant, id customer.LocationID) (secret.Text, error)
	EmergencyCallback(ctx context.Context, tenant customer.Tenant, id customer.LocationID) (customer.Callback, error)
	SetEmergencyCallback(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id customer.LocationID, member customer.MemberID) error
	OutgoingPermissions(ctx context.Context, tenant customer.Tenant, id customer.LocationID) ([]customer.CallPermission, error)
	SetOutgoingPermissions(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id customer.LocationID, in []customer.CallPermission) error

	ConnectionOptions(ctx context.Context, tenant customer.Tenant, id customer.LocationID) ([]customer.Connection, error)
	Connection(ctx context.Context, tenant customer.Tenant, id customer.LocationID) (customer.Connection, error)
	Connect(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id customer.LocationID, in customer.NewConnection) error
	LookUpEmergencyAddress(ctx context.Context, tenant customer.Tenant, id customer.LocationID, a customer.Address) (customer.Address, []customer.AddressFault, error)
	AddEmergencyAddress(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id customer.LocationID, a customer.Address) (customer.EmergencyAddressID, error)
	ChangeEmergencyAddress(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id customer.LocationID, address customer.EmergencyAddressID, a customer.Address) error

	Numbers(ctx context.Context, tenant customer.Tenant, filter customer.NumberFilter, page customer.Page) ([]customer.NumberView, bool, error)
	CountNumbers(ctx context.Context, tenant customer.Tenant, filter customer.NumberFilter) (customer.NumberCounts, error)
	AddNumbers(ctx context.Context, actor customer.Actor, tenant customer.Tenant, in customer.NewNumbers) error
	SetNumberStates(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id customer.LocationID, numbers []string, state customer.NumberState) error
	RemoveNumbers(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id customer.LocationID, numbers []string) error
	CheckNumbers(ctx context.Context, tenant customer.Tenant, numbers []string) ([]customer.NumberCheck, error)
	StartNumberJob(ctx context.Context, actor customer.Actor, tenant customer.Tenant, in customer.NewNumberJob) (customer.NumberJob, error)
	NumberJob(ctx context.Context, tenant customer.Tenant, id customer.NumberJobID) (customer.NumberJob, error)
	NumberJobs(ctx context.Context, tenant customer.Tenant, page customer.Page) ([]customer.NumberJob, bool, error)
}

// postalWire is an address as the calling API has it.
type postalWire struct {
	Address1   string `json:"address1"`
	Address2   string `json:"address2,omitempty"`
	City       string `json:"city"`
	State      string `json:"state,omitempty" doc:"Code, such as IL; needed where the country's post wants it"`
	PostalCode string `json:"postalCode,omitempty"`
	Country    string `json:"country" doc:"ISO 3166-1 alpha-2" example:"US"`
}

func wirePostal(a customer.Address) postalWire {
	return postalWire{Address1: a.Line1, Address2: a.Line2, City: a.City, State: a.StateOrProvince, PostalCode: a.PostalCode, Country: a.Country}
}

func (w postalWire) noun() customer.Address {
	return customer.Address{Line1: w.Address1, Line2: w.Address2, City: w.City, StateOrProvince: w.State, PostalCode: w.PostalCode, Country: w.Country}
}

// locationWire is a location on the wire.
type locationWire struct {
	ID                   string     `json:"id"`
	Name                 string     `json:"name"`
	OrgID                string     `json:"orgId"`
	Address              postalWire `json:"address"`
	TimeZone             string     `json:"timeZone"`
	PreferredLanguage    string     `json:"preferredLanguage"`
	AnnouncementLanguage string     `json:"announcementLanguage"`
	Latitude             string     `json:"latitude,omitempty"`
	Longitude            string     `json:"longitude,omitempty"`
	Notes                string     `json:"notes,omitempty"`
}

func wireLocation(l customer.Location) locationWire {
	return locationWire{
		ID: encodeID(kindLocation, l.ID), Name: l.Name, OrgID: encodeID(kindOrganization, l.Org), Address: wirePostal(l.Address), TimeZone: l.TimeZone,
		PreferredLanguage: l.Language, AnnouncementLanguage: l.AnnouncementLanguage, Latitude: l.Latitude, Longitude: l.Longitude, Notes: l.Notes,
	}
}

type locationsInput struct {
	Paging
	InOrg
	Name string `query:"name" doc:"Part of the name"`
	ID   string `query:"id"`
}

// locationBody is what is said of a location, on the wire.
type locationBody struct {
	Name                 string      `json:"name" doc:"1 to 256 characters; 80 with calling"`
	Address              *postalWire `json:"address"`
	TimeZone             string      `json:"timeZone" example:"America/Chicago"`
	PreferredLanguage    string      `json:"preferredLanguage" example:"en_us"`
	AnnouncementLanguage string      `json:"announcementLanguage" example:"en_us"`
	Latitude             string      `json:"latitude" doc:"Decimal degrees" example:"12.935784"`
	Longitude            string      `json:"longitude" doc:"Decimal degrees" example:"77.697332"`
	Notes                string      `json:"notes" doc:"At most 500 characters"`
}

func (b locationBody) noun() customer.LocationChange {
	out := customer.LocationChange{
		Name: b.Name, TimeZone: b.TimeZone, Language: b.PreferredLanguage, Announcements: b.AnnouncementLanguage, Latitude: b.Latitude, Longitude: b.Longitude,
		Notes: b.Notes,
	}
	if b.Address != nil {
		address := b.Address.noun()
		out.Address = &address
	}
	return out
}

type newLocationInput struct {
	InOrg
	Body locationBody
}

// LocationInput names a location.
type LocationInput struct {
	InOrg
	LocationID string `path:"locationId"`
}

func (in LocationInput) place() LocationInput { return in }

type locationChangeInput struct {
	LocationInput
	Body locationBody
}

// idOutput is the id of something new.
type idOutput struct {
	Body struct {
		ID string `json:"id"`
	}
}

func idOf(id string) *idOutput {
	out := &idOutput{}
	out.Body.ID = id
	return out
}

type locationOutput struct{ Body locationWire }

// emptyOutput is an empty JSON object.
type emptyOutput struct{ Body struct{} }

// atLocation makes a handler of one that is told whose rows are meant, and which location.
func atLocation[I interface{ place() LocationInput }, O any](s *Server, handle func(context.Context, customer.Tenant, customer.LocationID, I) (*O, error)) func(context.Context, *I) (*O, error) {
	return func(ctx context.Context, in *I) (*O, error) {
		place := (*in).place()
		tenant, id, err := named[customer.LocationID](ctx, s, place.InOrg, "location", place.LocationID)
		if err != nil {
			return nil, err
		}
		return handle(ctx, tenant, id, *in)
	}
}

func locationPlace(l customer.Location) customer.Cursor {
	return customer.Cursor{At: l.Created, ID: string(l.ID)}
}

const locationsPath = "/v1/locations"

func (s *Server) locationRoutes() {
	const one = locationsPath + "/{locationId}"
	route(s, operation{"listLocations", http.MethodGet, locationsPath, "List locations", 0, customer.ScopeLocationsRead}, s.listLocations)
	route(s, operation{"createLocation", http.MethodPost, locationsPath, "Add a location to a customer", http.StatusCreated, customer.ScopeLocationsWrite},
		func(ctx context.Context, in *newLocationInput) (*idOutput, error) {
			tenant, err := s.tenant(ctx, in.InOrg)
			if err != nil {
				return nil, err
			}
			l, err := s.Customers.CreateLocation(ctx, actorOf(ctx), tenant, in.Body.noun())
			return idOf(encodeID(kindLocation, l.ID)), err
		})
	route(s, operation{"getLocation", http.MethodGet, one, "Get a location", 0, customer.ScopeLocationsRead},
		atLocation(s, func(ctx context.Context, tenant customer.Tenant, id customer.LocationID, _ LocationInput) (*locationOutput, error) {
			l, err := s.Customers.Location(ctx, tenant, id)
			return &locationOutput{wireLocation(l)}, err
		}))
	route(s, operation{"updateLocation", http.MethodPut, one, "Change a location; what isn't sent stays", http.StatusNoContent, customer.ScopeLocationsWrite},
		atLocation(s, func(ctx context.Context, tenant customer.Tenant, id customer.LocationID, in locationChangeInput) (*struct{}, error) {
			return nil, s.Devices.ChangeLocation(ctx, actorOf(ctx), tenant, id, in.Body.noun())
		}))
	route(s, operation{"deleteLocation", http.MethodDelete, one, "Delete a location without calling that nothing belongs to", http.StatusNoContent, customer.ScopeLocationsWrite},
		atLocation(s, func(ctx context.Context, tenant customer.Tenant, id customer.LocationID, _ LocationInput) (*struct{}, error) {
			return nil, s.Customers.DeleteLocation(ctx, actorOf(ctx), tenant, id)
		}))
	s.floorRoutes()
	s.callingRoutes()
	s.numberRoutes()
	s.numberJobRoutes()
	s.connectionRoutes()
}

func (s *Server) listLocations(ctx context.Context, in *locationsInput) (*listed[locationWire], error) {
	page, tenant, err := s.window(ctx, &in.Paging, in.InOrg)
	if err != nil {
		return nil, err
	}
	id, err := fieldID[customer.LocationID]("id", in.ID)
	if err != nil {
		return nil, err
	}
	list, more, err := s.Customers.Locations(ctx, tenant, customer.LocationFilter{Name: in.Name, ID: id}, page)
	return answerLong(&in.Paging, page, list, more, wireLocation, locationPlace), err
}
