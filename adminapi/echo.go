package adminapi

import (
	"context"
	"net/http"

	"dialtone/customer"
)

// echoWire says which calls to the echo are taken.
type echoWire struct {
	Encryption string `json:"encryption" doc:"demanded (encrypted calls alone), offered (as the phone offers them), or default (as the level above says: the organisation, and above that the server)" example:"demanded"`
}

type echoOutput struct {
	Body struct {
		Encryption string `json:"encryption" doc:"What was set on this level: demanded, offered or default"`
		Effective  string `json:"effective" doc:"What counts: demanded or offered"`
	}
}

type organizationEchoInput struct {
	OrganizationInput
	Body echoWire
}

type locationEchoInput struct {
	LocationInput
	Body echoWire
}

func (s *Server) echoRoutes() {
	const organization, location = "/hub/v1/organizations/{orgId}/echo", "/hub/v1/locations/{locationId}/echo"
	route(s, operation{"getOrganizationEcho", http.MethodGet, organization, "Whether an organisation's calls to the echo must be encrypted", 0, customer.ScopeTelephonyRead},
		func(ctx context.Context, in *OrganizationInput) (*echoOutput, error) {
			id, err := pathID[customer.OrgID]("organisation", in.OrgID)
			if err != nil {
				return nil, err
			}
			o, err := s.Customers.Organization(ctx, actorOf(ctx), id)
			return s.echoOf(ctx, customer.Tenant{Partner: o.Partner, Customer: o.ID}, "", o.Echo, err)
		})
	route(s, operation{"updateOrganizationEcho", http.MethodPut, organization, "Say whether an organisation's calls to the echo must be encrypted", 0, customer.ScopeTelephonyWrite},
		func(ctx context.Context, in *organizationEchoInput) (*echoOutput, error) {
			id, err := pathID[customer.OrgID]("organisation", in.OrgID)
			if err != nil {
				return nil, err
			}
			o, err := s.Customers.SetOrganizationEcho(ctx, actorOf(ctx), id, in.Body.Encryption)
			return s.echoOf(ctx, customer.Tenant{Partner: o.Partner, Customer: o.ID}, "", o.Echo, err)
		})
	route(s, operation{"getLocationEcho", http.MethodGet, location, "Whether calls to the echo from a location must be encrypted", 0, customer.ScopeTelephonyRead},
		atLocation(s, func(ctx context.Context, tenant customer.Tenant, id customer.LocationID, _ LocationInput) (*echoOutput, error) {
			l, err := s.Customers.Location(ctx, tenant, id)
			return s.echoOf(ctx, l.Tenant(), id, l.Telephony.Echo, err)
		}))
	route(s, operation{"updateLocationEcho", http.MethodPut, location, "Say whether calls to the echo from a location must be encrypted", 0, customer.ScopeTelephonyWrite},
		atLocation(s, func(ctx context.Context, tenant customer.Tenant, id customer.LocationID, in locationEchoInput) (*echoOutput, error) {
			l, err := s.Customers.SetLocationEcho(ctx, actorOf(ctx), tenant, id, in.Body.Encryption)
			return s.echoOf(ctx, l.Tenant(), id, l.Telephony.Echo, err)
		}))
}

// echoOf answers with what was set on a level, and with what counts there.
func (s *Server) echoOf(ctx context.Context, tenant customer.Tenant, location customer.LocationID, set customer.EchoPolicy, err error) (*echoOutput, error) {
	if err != nil {
		return nil, err
	}
	counts, err := s.Customers.EchoPolicy(ctx, tenant, location, s.EchoEncryption)
	out := &echoOutput{}
	out.Body.Encryption, out.Body.Effective = set.Word(), string(counts)
	return out, err
}
