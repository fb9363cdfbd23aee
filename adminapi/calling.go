package adminapi

import (
	"context"
	"net/http"

	"dialtone/customer"
	"dialtone/fault"
)

// callingWire are a location's calling settings on the wire.
type callingWire struct {
	ID                      string      `json:"id"`
	Name                    string      `json:"name"`
	AnnouncementLanguage    string      `json:"announcementLanguage"`
	CallingLineID           callingLine `json:"callingLineId"`
	Connection              *routeWire  `json:"connection,omitempty" doc:"Of a premises-based connection"`
	ExternalCallerIDName    string      `json:"externalCallerIdName,omitempty"`
	UserLimit               int         `json:"userLimit,omitempty" doc:"People who can have calling; absent: no limit"`
	PAccessNetworkInfo      string      `json:"pAccessNetworkInfo,omitempty" doc:"Emergency location identifier"`
	OutsideDialDigit        string      `json:"outsideDialDigit,omitempty"`
	EnforceOutsideDialDigit bool        `json:"enforceOutsideDialDigit"`
	RoutingPrefix           string      `json:"routingPrefix,omitempty"`
	DefaultDomain           string      `json:"defaultDomain,omitempty" doc:"The customer's SIP domain; not in lists"`
	ChargeNumber            string      `json:"chargeNumber,omitempty"`
	ChargeHeader            bool        `json:"useChargeNumberForPChargeInfo"`
	E911SetupRequired       bool        `json:"e911SetupRequired" doc:"The emergency service is on, and has no emergency address yet"`
}

type callingLine struct {
	Name        string `json:"name,omitempty" doc:"At most 30 characters; absent or empty: the customer's"`
	PhoneNumber string `json:"phoneNumber,omitempty" doc:"The location's main number"`
}

type routeWire struct {
	Type string `json:"type" doc:"TRUNK or ROUTE_GROUP"`
	ID   string `json:"id"`
}

func wireCalling(l customer.CallingLocation) callingWire {
	t := l.Telephony
	w := callingWire{
		ID: encodeID(kindLocation, l.ID), Name: l.Name, AnnouncementLanguage: l.AnnouncementLanguage, ExternalCallerIDName: t.ExternalCallerID,
		CallingLineID: callingLine{Name: t.CallingName, PhoneNumber: l.MainNumber}, UserLimit: l.UserLimit, PAccessNetworkInfo: l.EmergencyID,
		OutsideDialDigit: t.OutsideDialDigit, EnforceOutsideDialDigit: t.EnforceOutsideDialDigit, RoutingPrefix: l.RoutingPrefix, DefaultDomain: l.SIPDomain,
		ChargeNumber: t.ChargeNumber, ChargeHeader: t.ChargeHeader, E911SetupRequired: l.EmergencyService() && t.EmergencyAddressID == "",
	}
	if w.CallingLineID.Name == "" {
		w.CallingLineID.Name = l.CustomerName
	}
	if l.Route != (customer.Route{}) {
		w.Connection = &routeWire{Type: string(l.Route.Type), ID: l.Route.ID}
	}
	return w
}

type callingsInput struct {
	Paging
	InOrg
	Name  string `query:"name" doc:"Part of the name"`
	Order string `query:"order" doc:"asc or desc, by name; without it by creation"`
}

type callingsOutput struct {
	Link string `header:"Link"`
	Body struct {
		Locations []callingWire `json:"locations"`
	}
}

type enableCallingInput struct {
	InOrg
	Body struct {
		ID                   string      `json:"id" doc:"Of a location that is there"`
		Name                 string      `json:"name" doc:"This and the following are passed over: the location has them"`
		TimeZone             string      `json:"timeZone"`
		PreferredLanguage    string      `json:"preferredLanguage"`
		AnnouncementLanguage string      `json:"announcementLanguage"`
		Address              *postalWire `json:"address"`
	}
}

type callingOutput struct{ Body callingWire }

type callingChangeInput struct {
	LocationInput
	Body struct {
		AnnouncementLanguage *string `json:"announcementLanguage"`
		CallingLineID        *struct {
			Name        *string `json:"name" doc:"At most 30 characters"`
			PhoneNumber *string `json:"phoneNumber" doc:"A number of the location"`
		} `json:"callingLineId"`
		Connection              *routeWire `json:"connection"`
		ExternalCallerIDName    *string    `json:"externalCallerIdName" doc:"At most 80 characters"`
		PAccessNetworkInfo      *string    `json:"pAccessNetworkInfo" doc:"At most 128 characters"`
		OutsideDialDigit        *string    `json:"outsideDialDigit" doc:"One digit; empty: none"`
		EnforceOutsideDialDigit *bool      `json:"enforceOutsideDialDigit"`
		RoutingPrefix           *string    `json:"routingPrefix" doc:"1 to 7 digits; empty: none"`
		ChargeNumber            *string    `json:"chargeNumber" doc:"A number of the location; empty: none"`
		ChargeHeader            *bool      `json:"useChargeNumberForPChargeInfo"`
	}
}

func (in callingChangeInput) noun() customer.CallingChange {
	b := in.Body
	out := customer.CallingChange{
		Announcements: b.AnnouncementLanguage, ExternalCallerID: b.ExternalCallerIDName, AccessNetwork: b.PAccessNetworkInfo, OutsideDialDigit: b.OutsideDialDigit,
		Enforce: b.EnforceOutsideDialDigit, RoutingPrefix: b.RoutingPrefix, ChargeNumber: b.ChargeNumber, ChargeHeader: b.ChargeHeader,
	}
	if b.CallingLineID != nil {
		out.CallingName, out.MainNumber = b.CallingLineID.Name, b.CallingLineID.PhoneNumber
	}
	if b.Connection != nil {
		out.Connection = &customer.Route{Type: customer.RouteType(b.Connection.Type), ID: b.Connection.ID}
	}
	return out
}

const callingPath = "/v1/telephony/config/locations"

func (s *Server) callingRoutes() {
	const one = callingPath + "/{locationId}"
	route(s, operation{"listCallingLocations", http.MethodGet, callingPath, "List locations with calling", 0, customer.ScopeTelephonyRead}, s.listCallings)
	route(s, operation{"enableCalling", http.MethodPost, callingPath, "Switch calling on for a location", http.StatusCreated, customer.ScopeTelephonyWrite}, s.enableCalling)
	route(s, operation{"getCallingLocation", http.MethodGet, one, "Get a location's calling settings", 0, customer.ScopeTelephonyRead},
		atLocation(s, func(ctx context.Context, tenant customer.Tenant, id customer.LocationID, _ LocationInput) (*callingOutput, error) {
			l, err := s.Customers.CallingLocation(ctx, tenant, id)
			return &callingOutput{wireCalling(l)}, err
		}))
	route(s, operation{"updateCallingLocation", http.MethodPut, one, "Change a location's calling settings; what isn't sent stays", http.StatusNoContent, customer.ScopeTelephonyWrite},
		atLocation(s, func(ctx context.Context, tenant customer.Tenant, id customer.LocationID, in callingChangeInput) (*struct{}, error) {
			return nil, s.Customers.ChangeCalling(ctx, actorOf(ctx), tenant, id, in.noun())
		}))
	route(s, operation{"disableCalling", http.MethodDelete, "/hub/v1/locations/{locationId}/calling", "Switch calling off for a location that nothing belongs to", http.StatusNoContent, customer.ScopeTelephonyWrite},
		atLocation(s, func(ctx context.Context, tenant customer.Tenant, id customer.LocationID, _ LocationInput) (*struct{}, error) {
			return nil, s.Customers.DisableCalling(ctx, actorOf(ctx), tenant, id)
		}))
	route(s, operation{"validateExtensions", http.MethodPost, one + "/actions/validateExtensions/invoke", "Say which extensions are free in a location", 0, customer.ScopeTelephonyWrite},
		atLocation(s, s.validateExtensions))
	route(s, operation{"generatePassword", http.MethodPost, one + "/actions/generatePassword/invoke", "Make a SIP password, which nothing keeps", 0, customer.ScopeTelephonyWrite},
		atLocation(s, s.generatePassword))
	route(s, operation{"getEmergencyCallback", http.MethodGet, one + "/features/emergencyCallbackNumber", "Get the number that emergency services call back", 0, customer.ScopeTelephonyRead},
		atLocation(s, s.emergencyCallback))
	route(s, operation{"updateEmergencyCallback", http.MethodPut, one + "/features/emergencyCallbackNumber", "Choose the number that emergency services call back", http.StatusNoContent, customer.ScopeTelephonyWrite},
		atLocation(s, s.setEmergencyCallback))
	s.permissionRoutes()
}

func (s *Server) listCallings(ctx context.Context, in *callingsInput) (*callingsOutput, error) {
	page, tenant, err := s.window(ctx, &in.Paging, in.InOrg)
	if err != nil {
		return nil, err
	}
	filter := customer.LocationFilter{Name: in.Name, Calling: true, ByName: in.Order != "", Descending: in.Order == "desc"}
	if in.Order != "" && in.Order != "asc" && in.Order != "desc" {
		return nil, fault.InvalidField("order", "must be asc or desc; it is %.40q", in.Order)
	}
	list, more, err := s.Customers.Locations(ctx, tenant, filter, page)
	if err != nil {
		return nil, err
	}
	place := locationPlace
	if filter.ByName {
		place = func(customer.Location) customer.Cursor { return customer.Cursor{} }
	}
	short := func(l customer.Location) callingWire { return wireCalling(customer.CallingLocation{Location: l}) }
	found := answerLong(&in.Paging, page, list, more, short, place)
	out := &callingsOutput{Link: found.Link}
	out.Body.Locations = found.Body.Items
	return out, nil
}

func (s *Server) enableCalling(ctx context.Context, in *enableCallingInput) (*idOutput, error) {
	tenant, err := s.tenant(ctx, in.InOrg)
	if err != nil {
		return nil, err
	}
	id, err := fieldID[customer.LocationID]("id", in.Body.ID)
	if err != nil {
		return nil, err
	}
	if id == "" {
		return nil, fault.InvalidField("id", "is needed: the location").WithCode(fault.CodeMissing)
	}
	return idOf(encodeID(kindLocation, id)), s.Customers.EnableCalling(ctx, actorOf(ctx), tenant, id)
}

type extensionsInput struct {
	LocationInput
	Body struct {
		Extensions []string `json:"extensions" doc:"1 to 500"`
	}
}

type extensionStatus struct {
	Extension string `json:"extension"`
	State     string `json:"state" doc:"VALID, DUPLICATE, DUPLICATE_IN_LIST or INVALID"`
	ErrorCode int    `json:"errorCode,omitempty"`
	Message   string `json:"message,omitempty"`
}

type extensionsOutput struct {
	Body struct {
		Status          string            `json:"status" doc:"OK or ERRORS"`
		ExtensionStatus []extensionStatus `json:"extensionStatus"`
	}
}

// The words for a list that was checked.
const (
	statusOK     = "OK"
	statusErrors = "ERRORS"
)

func (s *Server) validateExtensions(ctx context.Context, tenant customer.Tenant, id customer.LocationID, in extensionsInput) (*extensionsOutput, error) {
	list, err := s.Customers.CheckExtensions(ctx, tenant, id, in.Body.Extensions)
	if err != nil {
		return nil, err
	}
	out := &extensionsOutput{}
	out.Body.Status, out.Body.ExtensionStatus = statusOK, make([]extensionStatus, len(list))
	for i, c := range list {
		status := extensionStatus{Extension: c.Extension, State: string(c.State)}
		switch c.State {
		case customer.ExtensionDuplicate:
			status.ErrorCode, status.Message = fault.CodeExtensionInUse, "Somebody in the location has this extension."
		case customer.ExtensionDuplicateInList:
			status.ErrorCode, status.Message = fault.CodeExtensionInUse, "The list has this extension before."
		case customer.ExtensionInvalid:
			status.ErrorCode, status.Message = fault.CodeRule, "An extension must be 2 to 10 digits."
		case customer.ExtensionValid:
		}
		if c.State != customer.ExtensionValid {
			out.Body.Status = statusErrors
		}
		out.Body.ExtensionStatus[i] = status
	}
	return out, nil
}

type generatePasswordInput struct {
	LocationInput
	Body *struct {
		Generate []string `json:"generate" doc:"SIP, or nothing, which means the same"`
	}
}

type generatePasswordOutput struct {
	Body struct {
		ExampleSIPPassword string `json:"exampleSipPassword"`
	}
}

func (s *Server) generatePassword(ctx context.Context, tenant customer.Tenant, id customer.LocationID, _ generatePasswordInput) (*generatePasswordOutput, error) {
	password, err := s.Customers.ExamplePassword(ctx, tenant, id)
	out := &generatePasswordOutput{}
	out.Body.ExampleSIPPassword = password.Reveal() // it is nobody's yet
	return out, err
}
