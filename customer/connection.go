package customer

import (
	"context"

	"dialtone/fault"
)

// RouteType says what a premises-based connection goes through, in the wire's words.
type RouteType string

// The types of route.
const (
	RouteTrunk RouteType = "TRUNK"
	RouteGroup RouteType = "ROUTE_GROUP"
)

// Route is a premises-based connection: the customer's own gateway, as whoever runs its trunks names it.
type Route struct {
	Type RouteType
	ID   string // 1 to 256 characters
}

// ConnectionType says how a location reaches the telephone network, in the wire's words.
type ConnectionType string

// The types of connection.
const (
	LocalGateway     ConnectionType = "LOCAL_GATEWAY"
	NonIntegratedCCP ConnectionType = "NON_INTEGRATED_CCP" // cloud-connected, with a vendor of the partner's
	CiscoPSTN        ConnectionType = "CISCO_PSTN"         // with the Cisco calling plan
)

// Connection is a way for a location to reach the telephone network.
type Connection struct {
	Type   ConnectionType
	Vendor PSTNVendor // of NonIntegratedCCP
	Route  Route      // of LocalGateway, once it is chosen
}

// maxVendors bounds the vendors of a partner that are offered.
const maxVendors = 1000

// ConnectionOptions lists the ways that a location could take: the partner's vendors that serve its country, its own gateway and, when the customer has
// the Cisco calling plan, that.
func (s *Service) ConnectionOptions(ctx context.Context, tenant Tenant, id LocationID) ([]Connection, error) {
	l, err := s.CallingLocation(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	planned, err := hasCallingPlan(ctx, s.store, l.Location)
	if err != nil {
		return nil, err
	}
	out := []Connection{{Type: LocalGateway}}
	if planned {
		out = append(out, Connection{Type: CiscoPSTN})
	}
	vendors, _, err := s.store.PSTNVendors(ctx, l.Partner, Page{Max: maxVendors})
	if err != nil {
		return nil, err
	}
	for _, v := range vendors {
		if v.Serves(l.Address.Country) {
			out = append(out, Connection{Type: NonIntegratedCCP, Vendor: v})
		}
	}
	return out, nil
}

// hasCallingPlan reports whether the customer of a location has the Cisco calling plan.
func hasCallingPlan(ctx context.Context, r Reader, l Location) (bool, error) {
	c, err := r.CustomerByOrg(ctx, l.Partner, l.Org)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	return c.Has(CiscoCallingPlan), err
}

// Connection returns the way that a location takes: its vendor or gateway, else the Cisco calling plan when the customer has that. fault.NotFound when
// there is none yet.
func (s *Service) Connection(ctx context.Context, tenant Tenant, id LocationID) (Connection, error) {
	l, err := s.CallingLocation(ctx, tenant, id)
	if err != nil {
		return Connection{}, err
	}
	if l.Route != (Route{}) {
		return Connection{Type: LocalGateway, Route: l.Route}, nil
	}
	if l.PSTNVendor != "" {
		v, err := s.store.PSTNVendor(ctx, l.Partner, l.PSTNVendor)
		return Connection{Type: NonIntegratedCCP, Vendor: v}, err
	}
	planned, err := hasCallingPlan(ctx, s.store, l.Location)
	if err != nil || planned {
		return Connection{Type: CiscoPSTN}, err
	}
	return Connection{}, fault.New(fault.NotFound, "The location %s has no PSTN connection yet. Choose one of its connection options.", l.Name)
}

// NewConnection is the input of Connect: a vendor, or a route.
type NewConnection struct {
	Vendor PSTNVendorID
	Route  Route
}

// Connect gives a location a vendor or its own gateway. fault.Invalid naming the fields that break a rule; fault.Conflict with fault.CodePSTNCountry when
// the vendor doesn't serve the location's country.
func (s *Service) Connect(ctx context.Context, actor Actor, tenant Tenant, id LocationID, in NewConnection) error {
	return s.withCalling(ctx, tenant, id, func(tx Tx, before Location) error {
		var p problems
		after := before
		after.PSTNVendor, after.Route = in.Vendor, Route{}
		switch {
		case in.Vendor != "" && in.Route != Route{}:
			p.add("id", "can't be given with a premises-based route: choose one of the two")
		case in.Vendor == "":
			after.Route = p.route("premiseRouteType", "premiseRouteId", in.Route)
		}
		if err := p.err("The PSTN connection can't be set"); err != nil {
			return err
		}
		if err := connects(ctx, tx, after); err != nil || before.connectionFacts() == after.connectionFacts() {
			return err
		}
		if err := tx.SetLocation(ctx, after); err != nil {
			return err
		}
		facts := map[string]any{"before": before.connectionFacts(), "after": after.connectionFacts()}
		return s.record(ctx, tx, actor, after.Tenant(), EventPSTNChanged, string(id), facts)
	})
}

// connectionFacts is a location's connection for the log.
func (l Location) connectionFacts() connectionFacts {
	return connectionFacts{l.PSTNVendor, l.Route.Type, l.Route.ID}
}

type connectionFacts struct {
	PSTNVendor PSTNVendorID `json:"pstnVendorId,omitempty"`
	RouteType  RouteType    `json:"routeType,omitempty"`
	RouteID    string       `json:"routeId,omitempty"`
}

// route checks a premises-based connection.
func (p *problems) route(typeField, idField string, r Route) Route {
	switch r.Type {
	case RouteTrunk, RouteGroup:
	case "":
		p.missing(typeField, "is needed: TRUNK or ROUTE_GROUP")
	default:
		p.reject(typeField, string(r.Type), "must be TRUNK or ROUTE_GROUP")
	}
	r.ID = p.text(idField, r.ID, 256)
	return r
}

// connects refuses a vendor that isn't the partner's or doesn't serve the location's country.
func connects(ctx context.Context, r Reader, l Location) error {
	if l.PSTNVendor == "" {
		return nil
	}
	v, err := r.PSTNVendor(ctx, l.Partner, l.PSTNVendor)
	if err != nil {
		return unknownField(err, "id", "names no connection option of this location")
	}
	return v.mustServe(l, "id")
}

// stillServed refuses to move a location to a country that its vendor doesn't serve.
func stillServed(ctx context.Context, r Reader, l Location) error {
	if l.PSTNVendor == "" {
		return nil
	}
	v, err := r.PSTNVendor(ctx, l.Partner, l.PSTNVendor)
	if fault.Is(err, fault.NotFound) { // of a partner that served the organisation before
		return nil
	}
	if err != nil {
		return err
	}
	return v.mustServe(l, "address.country")
}

func (v PSTNVendor) mustServe(l Location, field string) error {
	if v.Serves(l.Address.Country) {
		return nil
	}
	e := fault.New(fault.Conflict, "The PSTN vendor %s doesn't serve %s, the country of the location %s. Add the country to the vendor, or choose another one.",
		v.Name, l.Address.Country, l.Name)
	e.Problems = []fault.Problem{{Field: field, Code: fault.CodePSTNCountry, Message: e.Message}}
	return e
}
