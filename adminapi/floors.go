package adminapi

import (
	"context"
	"net/http"

	"dialtone/customer"
)

const kindFloor = "WORKSPACE_LOCATION_FLOOR"

// floorWire is a floor on the wire.
type floorWire struct {
	ID          string `json:"id"`
	LocationID  string `json:"locationId"`
	FloorNumber int    `json:"floorNumber"`
	DisplayName string `json:"displayName,omitempty"`
}

func wireFloor(f customer.Floor) floorWire {
	return floorWire{ID: encodeID(kindFloor, f.ID), LocationID: encodeID(kindLocation, f.Location), FloorNumber: f.Number, DisplayName: f.Name}
}

// floorBody is what is said of a floor, on the wire.
type floorBody struct {
	FloorNumber *int   `json:"floorNumber" doc:"-100 to 1000; unique in the location"`
	DisplayName string `json:"displayName" doc:"At most 128 characters"`
}

func (b floorBody) noun() customer.NewFloor {
	return customer.NewFloor{Number: b.FloorNumber, Name: b.DisplayName}
}

type floorsInput struct {
	Paging
	LocationInput
}

type newFloorInput struct {
	LocationInput
	Body floorBody
}

// FloorInput names a floor.
type FloorInput struct {
	LocationInput
	FloorID string `path:"floorId"`
}

func (in FloorInput) id() (customer.FloorID, error) {
	return pathID[customer.FloorID]("floor", in.FloorID)
}

type floorChangeInput struct {
	FloorInput
	Body floorBody
}

type floorOutput struct{ Body floorWire }

func (s *Server) floorRoutes() {
	const path, one = locationsPath + "/{locationId}/floors", locationsPath + "/{locationId}/floors/{floorId}"
	route(s, operation{"listFloors", http.MethodGet, path, "List a location's floors", 0, customer.ScopeLocationsRead},
		atLocation(s, func(ctx context.Context, tenant customer.Tenant, id customer.LocationID, in floorsInput) (*listed[floorWire], error) {
			page, err := in.page()
			if err != nil {
				return nil, err
			}
			list, more, err := s.Customers.Floors(ctx, tenant, id, page)
			return answerLong(&in.Paging, page, list, more, wireFloor, func(f customer.Floor) customer.Cursor {
				return customer.Cursor{At: f.Created, ID: string(f.ID)}
			}), err
		}))
	route(s, operation{"createFloor", http.MethodPost, path, "Add a floor to a location", http.StatusCreated, customer.ScopeLocationsWrite},
		atLocation(s, func(ctx context.Context, tenant customer.Tenant, id customer.LocationID, in newFloorInput) (*floorOutput, error) {
			f, err := s.Customers.CreateFloor(ctx, actorOf(ctx), tenant, id, in.Body.noun())
			return &floorOutput{wireFloor(f)}, err
		}))
	route(s, operation{"getFloor", http.MethodGet, one, "Get a floor", 0, customer.ScopeLocationsRead},
		atLocation(s, func(ctx context.Context, tenant customer.Tenant, id customer.LocationID, in FloorInput) (*floorOutput, error) {
			floor, err := in.id()
			if err != nil {
				return nil, err
			}
			f, err := s.Customers.Floor(ctx, tenant, id, floor)
			return &floorOutput{wireFloor(f)}, err
		}))
	route(s, operation{"updateFloor", http.MethodPut, one, "Replace a floor's number and name", 0, customer.ScopeLocationsWrite},
		atLocation(s, func(ctx context.Context, tenant customer.Tenant, id customer.LocationID, in floorChangeInput) (*floorOutput, error) {
			floor, err := in.id()
			if err != nil {
				return nil, err
			}
			f, err := s.Customers.ChangeFloor(ctx, actorOf(ctx), tenant, id, floor, in.Body.noun())
			return &floorOutput{wireFloor(f)}, err
		}))
	route(s, operation{"deleteFloor", http.MethodDelete, one, "Delete a floor", http.StatusNoContent, customer.ScopeLocationsWrite},
		atLocation(s, func(ctx context.Context, tenant customer.Tenant, id customer.LocationID, in FloorInput) (*struct{}, error) {
			floor, err := in.id()
			if err != nil {
				return nil, err
			}
			return nil, s.Customers.DeleteFloor(ctx, actorOf(ctx), tenant, id, floor)
		}))
}
