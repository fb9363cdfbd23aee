package adminapi

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"dialtone/customer"
	"dialtone/fault"
)

// numberWire is a number, or an extension without one, on the wire.
type numberWire struct {
	PhoneNumber            string      `json:"phoneNumber,omitempty"`
	Extension              string      `json:"extension,omitempty"`
	RoutingPrefix          string      `json:"routingPrefix,omitempty"`
	ESN                    string      `json:"esn,omitempty" doc:"Routing prefix and extension"`
	State                  string      `json:"state"`
	PhoneNumberType        string      `json:"phoneNumberType,omitempty" doc:"PRIMARY or ALTERNATE, of a number that somebody has"`
	MainNumber             bool        `json:"mainNumber"`
	TollFreeNumber         bool        `json:"tollFreeNumber"`
	IncludedTelephonyTypes string      `json:"includedTelephonyTypes,omitempty" doc:"PSTN_NUMBER or MOBILE_NUMBER"`
	IsServiceNumber        bool        `json:"isServiceNumber"`
	IsReservedNumber       bool        `json:"isReservedNumber"`
	Location               namedWire   `json:"location"`
	Owner                  *numberUser `json:"owner,omitempty"`
}

type namedWire struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type numberUser struct {
	ID        string `json:"id"`
	Type      string `json:"type" doc:"PEOPLE, PLACE or VIRTUAL_LINE"`
	FirstName string `json:"firstName"`
	LastName  string `json:"lastName" doc:"A dot for a workspace"`
}

// The words for kinds of telephony.
const (
	typePSTN   = "PSTN_NUMBER"
	typeMobile = "MOBILE_NUMBER"
)

func wireNumber(v customer.NumberView) numberWire {
	w := numberWire{
		PhoneNumber: v.E164, Extension: v.Extension, RoutingPrefix: v.RoutingPrefix, State: string(v.State), MainNumber: v.Main,
		TollFreeNumber: v.Type == customer.NumberTollFree, IsServiceNumber: v.Usage == customer.UsageService,
		Location: namedWire{ID: encodeID(kindLocation, v.Location), Name: v.LocationName},
	}
	if v.Extension != "" && v.RoutingPrefix != "" {
		w.ESN = v.RoutingPrefix + v.Extension
	}
	if v.Owner != "" {
		w.Owner = &numberUser{ID: memberID(customer.Member{ID: v.Owner, Kind: v.OwnerKind}), Type: string(v.OwnerKind), FirstName: v.OwnerFirst, LastName: lastNameOf(v.OwnerKind, v.OwnerLast)}
	}
	switch {
	case v.Primary:
		w.PhoneNumberType = string(customer.LinePrimary)
	case v.Owner != "" && v.E164 != "":
		w.PhoneNumberType = string(customer.LineAlternate)
	}
	switch v.Type {
	case customer.NumberMobile:
		w.IncludedTelephonyTypes = typeMobile
	case customer.NumberDID, customer.NumberTollFree:
		w.IncludedTelephonyTypes = typePSTN
	}
	return w
}

type numbersInput struct {
	Paging
	InOrg
	LocationID      string `query:"locationId"`
	PhoneNumber     string `query:"phoneNumber" doc:"A number with its plus sign, or a part of one"`
	Available       string `query:"available" doc:"true: only numbers that nobody has. Not with ownerType, numberType=EXTENSION or reservedNumber"`
	Order           string `query:"order" doc:"dn, extension or lastName, with -asc or -desc behind it; without it by creation"`
	OwnerName       string `query:"ownerName" doc:"Part of the owner's name"`
	OwnerID         string `query:"ownerId"`
	OwnerType       string `query:"ownerType" doc:"PEOPLE, PLACE, VIRTUAL_LINE; other types own nothing here"`
	Extension       string `query:"extension"`
	NumberType      string `query:"numberType" doc:"EXTENSION or NUMBER"`
	PhoneNumberType string `query:"phoneNumberType" doc:"PRIMARY, ALTERNATE, FAX or DNIS"`
	State           string `query:"state" doc:"ACTIVE or INACTIVE"`
	Details         string `query:"details" doc:"true: with counts"`
	TollFree        string `query:"tollFreeNumbers" doc:"true: only toll-free numbers"`
	Restricted      string `query:"restrictedNonGeoNumbers" doc:"true: none, as there are none here"`
	TelephonyTypes  string `query:"includedTelephonyTypes" doc:"PSTN_NUMBER or MOBILE_NUMBER"`
	Service         string `query:"serviceNumber" doc:"true: only service numbers; false: only others"`
	Reserved        string `query:"reservedNumber" doc:"true: none, as there are none here"`
}

// filter reads the filter, and refuses what contradicts itself.
func (in *numbersInput) filter() (customer.NumberFilter, error) {
	f := customer.NumberFilter{
		Number: strings.TrimSpace(in.PhoneNumber), Extension: in.Extension, OwnerName: in.OwnerName, OwnerKind: customer.MemberKind(in.OwnerType),
		State: customer.NumberState(in.State), Rows: customer.NumberRows(in.NumberType), Line: customer.NumberLine(in.PhoneNumberType),
	}
	if strings.HasPrefix(in.PhoneNumber, " ") { // a plus sign that the client didn't escape
		f.Number = "+" + f.Number
	}
	var err error
	if f.Location, err = fieldID[customer.LocationID]("locationId", in.LocationID); err != nil {
		return f, err
	}
	if f.Owner, err = fieldID[customer.MemberID]("ownerId", in.OwnerID); err != nil {
		return f, err
	}
	for _, word := range []struct {
		field, value string
		known        []string
	}{
		{"numberType", in.NumberType, []string{"EXTENSION", "NUMBER"}}, {"state", in.State, []string{"ACTIVE", "INACTIVE"}},
		{"phoneNumberType", in.PhoneNumberType, []string{"PRIMARY", "ALTERNATE", "FAX", "DNIS"}}, {"includedTelephonyTypes", in.TelephonyTypes, []string{typePSTN, typeMobile}},
		{"ownerType", in.OwnerType, ownerTypes()},
	} {
		if word.value != "" && !slices.Contains(word.known, word.value) {
			return f, fault.InvalidField(word.field, "must be one of %s; it is %.40q", strings.Join(word.known, ", "), word.value)
		}
	}
	f.Nothing = in.PhoneNumberType == "FAX" || in.PhoneNumberType == "DNIS"
	if f.Order, f.Descending, err = numberOrder(in.Order); err != nil {
		return f, err
	}
	return f, in.flags(&f)
}

// ownerTypes are the kinds of owner that the wire knows. Here only the first three own numbers.
func ownerTypes() []string {
	return []string{
		"PEOPLE", "PLACE", "VIRTUAL_LINE", "AUTO_ATTENDANT", "CALL_QUEUE", "PAGING_GROUP", "HUNT_GROUP", "VOICE_MESSAGING", "OFFICE_ANYWHERE",
		"CONTACT_CENTER_LINK", "CONTACT_CENTER_ADAPTER", "ROUTE_LIST", "VOICEMAIL_GROUP", "COLLABORATE_BRIDGE", //nolint:misspell // the wire's spelling
	}
}

// flags reads what is true or false, and what doesn't go with it.
func (in *numbersInput) flags(f *customer.NumberFilter) error {
	said := map[string]bool{}
	for field, text := range map[string]string{
		"available": in.Available, "details": in.Details, "tollFreeNumbers": in.TollFree, "restrictedNonGeoNumbers": in.Restricted, "serviceNumber": in.Service,
		"reservedNumber": in.Reserved,
	} {
		switch strings.ToLower(text) {
		case "true":
			said[field] = true
		case "", "false":
		default:
			return fault.InvalidField(field, "must be true or false; it is %.40q", text)
		}
	}
	f.Available = said["available"]
	for field, clash := range map[string]bool{"ownerType": in.OwnerType != "", "numberType": in.NumberType == "EXTENSION", "reservedNumber": in.Reserved != ""} {
		if in.Available != "" && clash {
			return fault.InvalidField("available", "can't be sent with %s", field)
		}
	}
	f.Nothing = f.Nothing || said["restrictedNonGeoNumbers"] || said["reservedNumber"]
	switch {
	case said["tollFreeNumbers"]:
		f.Types = []customer.NumberType{customer.NumberTollFree}
		f.Nothing = f.Nothing || in.TelephonyTypes == typeMobile
	case in.TelephonyTypes == typeMobile:
		f.Types = []customer.NumberType{customer.NumberMobile}
	case in.TelephonyTypes == typePSTN:
		f.Types = []customer.NumberType{customer.NumberDID, customer.NumberTollFree}
	}
	switch {
	case said["serviceNumber"]:
		f.Usage = customer.UsageService
	case in.Service != "":
		f.Usage = customer.UsageNone
	}
	return nil
}

// numberOrder reads an order such as lastName-desc.
func numberOrder(text string) (customer.NumberOrder, bool, error) {
	word, direction, _ := strings.Cut(text, "-")
	order := customer.NumberOrder(word)
	switch order {
	case "", customer.OrderNumber, customer.OrderExtension, customer.OrderLastName:
	default:
		return "", false, fault.InvalidField("order", "must be dn, extension or lastName; it is %.40q", text)
	}
	if direction = strings.ToLower(direction); direction != "" && direction != "asc" && direction != "desc" {
		return "", false, fault.InvalidField("order", "must end with -asc or -desc; it is %.40q", text)
	}
	return order, direction == "desc", nil
}

type numberCounts struct {
	Assigned        int `json:"assigned" doc:"Numbers that somebody has, and main numbers"`
	UnAssigned      int `json:"unAssigned"`
	InActive        int `json:"inActive"`
	ExtensionOnly   int `json:"extensionOnly"`
	TollFreeNumbers int `json:"tollFreeNumbers"`
	MobileNumbers   int `json:"mobileNumbers"`
	ServiceNumbers  int `json:"serviceNumbers"`
	Total           int `json:"total"`
}

type numbersOutput struct {
	Link string `header:"Link"`
	Body struct {
		PhoneNumbers []numberWire  `json:"phoneNumbers"`
		Count        *numberCounts `json:"count,omitempty" doc:"With details=true: of all that fits the filter"`
	}
}

type newNumbersInput struct {
	LocationInput
	Body struct {
		PhoneNumbers    []string `json:"phoneNumbers" doc:"E.164; 1 to 500"`
		NumberType      string   `json:"numberType" doc:"TOLLFREE, DID or MOBILE; without it as the numbering plan has it, and never MOBILE"`
		NumberUsageType string   `json:"numberUsageType" doc:"NONE (default) or SERVICE"`
		State           string   `json:"state" doc:"ACTIVE (default) or INACTIVE"`
		SubscriptionID  string   `json:"subscriptionId" doc:"Taken and not used"`
		CarrierID       string   `json:"carrierId" doc:"Taken and not used"`
	}
}

type numberStatesInput struct {
	LocationInput
	Body struct {
		PhoneNumbers []string `json:"phoneNumbers" doc:"E.164; 1 to 500"`
		Action       string   `json:"action" doc:"ACTIVATE (default) or DEACTIVATE"`
	}
}

type removeNumbersInput struct {
	LocationInput
	Body struct {
		PhoneNumbers []string `json:"phoneNumbers" doc:"E.164; 1 to 500"`
	}
}

type validateNumbersInput struct {
	InOrg
	Body struct {
		PhoneNumbers []string `json:"phoneNumbers" doc:"E.164; 1 to 500"`
	}
}

type numberStatus struct {
	PhoneNumber    string   `json:"phoneNumber"`
	State          string   `json:"state" doc:"Available, Duplicate, Duplicate In List, Invalid or Unavailable"`
	TollFreeNumber bool     `json:"tollFreeNumber"`
	Detail         []string `json:"detail"`
}

type validateNumbersOutput struct {
	Body struct {
		Status       string         `json:"status" doc:"OK or ERRORS"`
		PhoneNumbers []numberStatus `json:"phoneNumbers"`
	}
}

func (s *Server) numberRoutes() {
	const path = callingPath + "/{locationId}/numbers"
	route(s, operation{"listNumbers", http.MethodGet, "/v1/telephony/config/numbers", "List phone numbers, and extensions without one", 0, customer.ScopeTelephonyRead}, s.listNumbers)
	route(s, operation{"addNumbers", http.MethodPost, path, "Add phone numbers to a location", http.StatusCreated, customer.ScopeTelephonyWrite},
		atLocation(s, func(ctx context.Context, tenant customer.Tenant, id customer.LocationID, in newNumbersInput) (*emptyOutput, error) {
			b := in.Body
			err := s.Customers.AddNumbers(ctx, actorOf(ctx), tenant, customer.NewNumbers{
				Location: id, E164: b.PhoneNumbers, State: customer.NumberState(b.State), Type: customer.NumberType(b.NumberType), Usage: customer.NumberUsage(b.NumberUsageType),
			})
			return &emptyOutput{}, aboutNumbers(err, b.PhoneNumbers)
		}))
	s.describeNumberErrors(path)
	route(s, operation{"updateNumbers", http.MethodPut, path, "Put phone numbers of a location into service, or take them out of it", http.StatusNoContent, customer.ScopeTelephonyWrite},
		atLocation(s, func(ctx context.Context, tenant customer.Tenant, id customer.LocationID, in numberStatesInput) (*struct{}, error) {
			states := map[string]customer.NumberState{"": customer.NumberActive, "ACTIVATE": customer.NumberActive, "DEACTIVATE": customer.NumberInactive}
			state, ok := states[in.Body.Action]
			if !ok {
				return nil, fault.InvalidField("action", "must be ACTIVATE or DEACTIVATE; it is %.40q", in.Body.Action)
			}
			return nil, s.Customers.SetNumberStates(ctx, actorOf(ctx), tenant, id, in.Body.PhoneNumbers, state)
		}))
	route(s, operation{"removeNumbers", http.MethodDelete, path, "Take phone numbers out of a location", http.StatusNoContent, customer.ScopeTelephonyWrite},
		atLocation(s, func(ctx context.Context, tenant customer.Tenant, id customer.LocationID, in removeNumbersInput) (*struct{}, error) {
			return nil, s.Customers.RemoveNumbers(ctx, actorOf(ctx), tenant, id, in.Body.PhoneNumbers)
		}))
	route(s, operation{"validateNumbers", http.MethodPost, "/v1/telephony/config/actions/validateNumbers/invoke", "Say which phone numbers could be added", 0, customer.ScopeTelephonyWrite}, s.validateNumbers)
}

func (s *Server) listNumbers(ctx context.Context, in *numbersInput) (*numbersOutput, error) {
	page, tenant, err := s.window(ctx, &in.Paging, in.InOrg)
	if err != nil {
		return nil, err
	}
	filter, err := in.filter()
	if err != nil {
		return nil, err
	}
	list, more, err := s.Customers.Numbers(ctx, tenant, filter, page)
	if err != nil {
		return nil, err
	}
	place := customer.NumberView.Place
	if filter.Order != "" {
		place = func(customer.NumberView) customer.Cursor { return customer.Cursor{} }
	}
	found := answerLong(&in.Paging, page, list, more, wireNumber, place)
	out := &numbersOutput{Link: found.Link}
	out.Body.PhoneNumbers = found.Body.Items
	if !strings.EqualFold(in.Details, "true") {
		return out, nil
	}
	c, err := s.Customers.CountNumbers(ctx, tenant, filter)
	out.Body.Count = &numberCounts{c.Assigned, c.Unassigned, c.Inactive, c.ExtensionOnly, c.TollFree, c.Mobile, c.Service, c.Total}
	return out, err
}

func (s *Server) validateNumbers(ctx context.Context, in *validateNumbersInput) (*validateNumbersOutput, error) {
	tenant, err := s.tenant(ctx, in.InOrg)
	if err != nil {
		return nil, err
	}
	list, err := s.Customers.CheckNumbers(ctx, tenant, in.Body.PhoneNumbers)
	if err != nil {
		return nil, err
	}
	out := &validateNumbersOutput{}
	out.Body.Status, out.Body.PhoneNumbers = statusOK, make([]numberStatus, len(list))
	for i, c := range list {
		status := numberStatus{PhoneNumber: c.Number, State: string(c.Verdict), TollFreeNumber: c.Type == customer.NumberTollFree, Detail: []string{}}
		switch c.Verdict {
		case customer.NumberDuplicate:
			status.Detail = []string{"The organisation has this number already."}
		case customer.NumberDuplicateInList:
			status.Detail = []string{"The list has this number before."}
		case customer.NumberInvalid:
			status.Detail = []string{"A number must be in E.164 form, such as +12405551212."}
		case customer.NumberUnavailable:
			status.Detail = []string{"Somebody else has this number."}
		case customer.NumberAvailable:
		}
		if c.Verdict != customer.NumberAvailable {
			out.Body.Status = statusErrors
		}
		out.Body.PhoneNumbers[i] = status
	}
	return out, nil
}
