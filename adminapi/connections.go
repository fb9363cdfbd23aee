package adminapi

import (
	"context"
	"net/http"

	"dialtone/customer"
	"dialtone/fault"
)

// connectionWire is a way to reach the telephone network, on the wire.
type connectionWire struct {
	ID                 string   `json:"id"`
	DisplayName        string   `json:"displayName"`
	PSTNServices       []string `json:"pstnServices"`
	PSTNConnectionType string   `json:"pstnConnectionType" doc:"LOCAL_GATEWAY, NON_INTEGRATED_CCP or CISCO_PSTN"`
	RouteType          string   `json:"routeType,omitempty" doc:"Of LOCAL_GATEWAY: TRUNK or ROUTE_GROUP"`
	RouteID            string   `json:"routeId,omitempty" doc:"Of LOCAL_GATEWAY"`
}

// The two options that are the same everywhere have ids of their own.
const (
	kindConnection = "PSTN_CONNECTION"
	gatewayOption  = "0d2f9d5e-6f0f-5a55-8a6c-1d3a5c1f0001"
	planOption     = "0d2f9d5e-6f0f-5a55-8a6c-1d3a5c1f0002"
)

func wireConnection(c customer.Connection) connectionWire {
	w := connectionWire{
		PSTNConnectionType: string(c.Type), PSTNServices: []string{"GEOGRAPHIC_NUMBERS", "TOLLFREE_NUMBERS"}, RouteType: string(c.Route.Type), RouteID: c.Route.ID,
	}
	switch c.Type {
	case customer.LocalGateway:
		w.ID, w.DisplayName = encodeID(kindConnection, gatewayOption), "Premises-based PSTN"
	case customer.CiscoPSTN:
		w.ID, w.DisplayName = encodeID(kindConnection, planOption), "Cisco PSTN"
	case customer.NonIntegratedCCP:
		w.ID, w.DisplayName = encodeID(kindPSTNVendor, c.Vendor.ID), c.Vendor.Name
	}
	return w
}

type optionsInput struct {
	LocationInput
	ServiceTypes []string `query:"serviceTypes" doc:"Taken, and without effect: every option has the same services"`
}

type optionsOutput struct {
	Body struct {
		Items []connectionWire `json:"items"`
	}
}

type connectionOutput struct{ Body connectionWire }

type connectInput struct {
	LocationInput
	Body struct {
		ID               string `json:"id" doc:"Of a cloud-connected option, or instead:"`
		PremiseRouteType string `json:"premiseRouteType" doc:"TRUNK or ROUTE_GROUP"`
		PremiseRouteID   string `json:"premiseRouteId"`
	}
}

type emergencyAddressInput struct {
	LocationInput
	Body postalWire
}

type emergencyAddressChangeInput struct {
	LocationInput
	AddressID string `path:"addressId"`
	Body      postalWire
}

// addressFaultWire is one thing to mend in an address.
type addressFaultWire struct {
	Code   string `json:"code"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
}

type suggestedAddress struct {
	postalWire
	Errors []addressFaultWire `json:"errors,omitempty"`
}

type lookupOutput struct {
	Body struct {
		Addresses []suggestedAddress `json:"addresses" doc:"One: as it was sent, but as the country's post writes it"`
	}
}

const kindEmergencyAddress = "EMERGENCY_ADDRESS"

func (s *Server) connectionRoutes() {
	const path = "/v1/telephony/pstn/locations/{locationId}"
	route(s, operation{"listConnectionOptions", http.MethodGet, path + "/connectionOptions", "List the ways in which a location could reach the telephone network", 0, customer.ScopePSTNRead},
		atLocation(s, func(ctx context.Context, tenant customer.Tenant, id customer.LocationID, _ optionsInput) (*optionsOutput, error) {
			list, err := s.Customers.ConnectionOptions(ctx, tenant, id)
			out := &optionsOutput{}
			out.Body.Items = make([]connectionWire, len(list))
			for i, c := range list {
				out.Body.Items[i] = wireConnection(c)
			}
			return out, err
		}))
	route(s, operation{"getConnection", http.MethodGet, path + "/connection", "Get the way in which a location reaches the telephone network", 0, customer.ScopePSTNRead},
		atLocation(s, func(ctx context.Context, tenant customer.Tenant, id customer.LocationID, _ LocationInput) (*connectionOutput, error) {
			c, err := s.Customers.Connection(ctx, tenant, id)
			return &connectionOutput{wireConnection(c)}, err
		}))
	route(s, operation{"updateConnection", http.MethodPut, path + "/connection", "Connect a location with a vendor or its own gateway", http.StatusNoContent, customer.ScopePSTNWrite},
		atLocation(s, func(ctx context.Context, tenant customer.Tenant, id customer.LocationID, in connectInput) (*struct{}, error) {
			chosen := customer.NewConnection{
				Vendor: namedPSTNVendor(in.Body.ID), Route: customer.Route{Type: customer.RouteType(in.Body.PremiseRouteType), ID: in.Body.PremiseRouteID},
			}
			switch chosen.Vendor {
			case gatewayOption:
				chosen.Vendor = ""
			case planOption:
				return nil, fault.InvalidField("id", "can't be the Cisco calling plan, which comes with the customer's package")
			}
			return nil, s.Customers.Connect(ctx, actorOf(ctx), tenant, id, chosen)
		}))
	route(s, operation{"lookUpEmergencyAddress", http.MethodPost, path + "/emergencyAddress/lookup", "Check the form of an emergency address, and not whether there is such a place", 0, customer.ScopePSTNRead},
		atLocation(s, s.lookUpEmergencyAddress))
	route(s, operation{"addEmergencyAddress", http.MethodPost, path + "/emergencyAddress", "Say where help is to be sent from a location's calls", http.StatusCreated, customer.ScopePSTNWrite},
		atLocation(s, func(ctx context.Context, tenant customer.Tenant, id customer.LocationID, in emergencyAddressInput) (*idOutput, error) {
			address, err := s.Customers.AddEmergencyAddress(ctx, actorOf(ctx), tenant, id, in.Body.noun())
			return idOf(encodeID(kindEmergencyAddress, address)), err
		}))
	route(s, operation{"updateEmergencyAddress", http.MethodPut, path + "/emergencyAddresses/{addressId}", "Replace a location's emergency address", http.StatusNoContent, customer.ScopePSTNWrite},
		atLocation(s, func(ctx context.Context, tenant customer.Tenant, id customer.LocationID, in emergencyAddressChangeInput) (*struct{}, error) {
			address, err := pathID[customer.EmergencyAddressID]("emergency address", in.AddressID)
			if err != nil {
				return nil, err
			}
			return nil, s.Customers.ChangeEmergencyAddress(ctx, actorOf(ctx), tenant, id, address, in.Body.noun())
		}))
}

func (s *Server) lookUpEmergencyAddress(ctx context.Context, tenant customer.Tenant, id customer.LocationID, in emergencyAddressInput) (*lookupOutput, error) {
	clean, faults, err := s.Customers.LookUpEmergencyAddress(ctx, tenant, id, in.Body.noun())
	if err != nil {
		return nil, err
	}
	suggested := suggestedAddress{postalWire: wirePostal(clean)}
	for _, f := range faults {
		suggested.Errors = append(suggested.Errors, addressFaultWire{Code: f.Field, Title: "The address has to be mended", Detail: f.Field + " " + f.Message})
	}
	out := &lookupOutput{}
	out.Body.Addresses = []suggestedAddress{suggested}
	return out, nil
}
