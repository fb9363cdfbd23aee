package adminapi

import (
	"context"
	"net/http"

	"dialtone/customer"
	"dialtone/fault"
)

// The words for whose number emergency services call back.
const (
	callbackLocation = "LOCATION_NUMBER"
	callbackMember   = "LOCATION_MEMBER_NUMBER"
	callbackNone     = "NONE"
)

type callbackOutput struct {
	Body struct {
		Selected     string `json:"selected" doc:"LOCATION_NUMBER or LOCATION_MEMBER_NUMBER"`
		LocationInfo struct {
			PhoneNumber    string `json:"phoneNumber,omitempty"`
			Name           string `json:"name"`
			EffectiveLevel string `json:"effectiveLevel" doc:"LOCATION_NUMBER, or NONE without a main number"`
			EffectiveValue string `json:"effectiveValue,omitempty"`
			Quality        string `json:"quality" doc:"RECOMMENDED, or INVALID without a number"`
		} `json:"locationInfo"`
		LocationMemberInfo *callbackMemberWire `json:"locationMemberInfo,omitempty"`
	}
}

type callbackMemberWire struct {
	PhoneNumber    string `json:"phoneNumber"`
	FirstName      string `json:"firstName"`
	LastName       string `json:"lastName" doc:"A dot for a workspace"`
	MemberID       string `json:"memberId"`
	MemberType     string `json:"memberType"`
	EffectiveLevel string `json:"effectiveLevel"`
	EffectiveValue string `json:"effectiveValue"`
	Quality        string `json:"quality"`
}

func (s *Server) emergencyCallback(ctx context.Context, tenant customer.Tenant, id customer.LocationID, _ LocationInput) (*callbackOutput, error) {
	c, err := s.Customers.EmergencyCallback(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	out := &callbackOutput{}
	info := &out.Body.LocationInfo
	info.PhoneNumber, info.EffectiveValue, info.Name = c.Location.MainNumber, c.Location.MainNumber, c.Location.Name
	out.Body.Selected, info.EffectiveLevel, info.Quality = callbackLocation, callbackLocation, "RECOMMENDED"
	if c.Location.MainNumber == "" {
		info.EffectiveLevel, info.Quality = callbackNone, "INVALID"
	}
	if m := c.Member; m.ID != "" {
		out.Body.Selected = callbackMember
		out.Body.LocationMemberInfo = &callbackMemberWire{
			PhoneNumber: m.Number, FirstName: m.FirstName, LastName: lastNameOf(m.Kind, m.LastName), MemberID: memberID(m), MemberType: string(m.Kind),
			EffectiveLevel: callbackMember, EffectiveValue: m.Number, Quality: "RECOMMENDED",
		}
	}
	return out, nil
}

// lastNameOf is a member's last name, for which workspaces have a dot.
func lastNameOf(kind customer.MemberKind, name string) string {
	if kind == customer.MemberWorkspace {
		return "."
	}
	return name
}

type callbackInput struct {
	LocationInput
	Body struct {
		Selected         string `json:"selected" doc:"LOCATION_NUMBER or LOCATION_MEMBER_NUMBER"`
		LocationMemberID string `json:"locationMemberId" doc:"Needed with LOCATION_MEMBER_NUMBER: somebody there who has a number"`
	}
}

func (s *Server) setEmergencyCallback(ctx context.Context, tenant customer.Tenant, id customer.LocationID, in callbackInput) (*struct{}, error) {
	member, err := fieldID[customer.MemberID]("locationMemberId", in.Body.LocationMemberID)
	if err != nil {
		return nil, err
	}
	switch in.Body.Selected {
	case callbackLocation:
		member = ""
	case callbackMember:
		if member == "" {
			return nil, fault.InvalidField("locationMemberId", "is needed with %s", callbackMember).WithCode(fault.CodeMissing)
		}
	default:
		return nil, fault.InvalidField("selected", "must be %s or %s; it is %.40q", callbackLocation, callbackMember, in.Body.Selected)
	}
	return nil, s.Customers.SetEmergencyCallback(ctx, actorOf(ctx), tenant, id, member)
}

// permissionWire is what becomes of calls of one type.
type permissionWire struct {
	CallType        string `json:"callType"`
	Action          string `json:"action" doc:"ALLOW, BLOCK, AUTH_CODE or TRANSFER_NUMBER_1 to _3"`
	TransferEnabled *bool  `json:"transferEnabled,omitempty" doc:"Whether such a call may be passed on; true when it isn't sent"`
	Restricted      bool   `json:"isCallTypeRestrictionEnabled,omitempty" doc:"A package decides it: it can't be changed"`
}

type permissionsOutput struct {
	Body struct {
		CallingPermissions []permissionWire `json:"callingPermissions"`
	}
}

type permissionsInput struct {
	LocationInput
	Body struct {
		CallingPermissions []permissionWire `json:"callingPermissions" doc:"1 to 50; types that aren't named stay as they are"`
	}
}

func (s *Server) permissionRoutes() {
	const path = callingPath + "/{locationId}/outgoingPermission"
	route(s, operation{"getOutgoingPermissions", http.MethodGet, path, "Get what becomes of calls from a location, by their type", 0, customer.ScopeTelephonyRead},
		atLocation(s, func(ctx context.Context, tenant customer.Tenant, id customer.LocationID, _ LocationInput) (*permissionsOutput, error) {
			list, err := s.Customers.OutgoingPermissions(ctx, tenant, id)
			out := &permissionsOutput{}
			out.Body.CallingPermissions = make([]permissionWire, len(list))
			for i, p := range list {
				out.Body.CallingPermissions[i] = permissionWire{CallType: string(p.Type), Action: string(p.Action), TransferEnabled: &p.Transfer, Restricted: p.Fixed}
			}
			return out, err
		}))
	route(s, operation{"updateOutgoingPermissions", http.MethodPut, path, "Change what becomes of calls from a location", http.StatusNoContent, customer.ScopeTelephonyWrite},
		atLocation(s, func(ctx context.Context, tenant customer.Tenant, id customer.LocationID, in permissionsInput) (*struct{}, error) {
			list := make([]customer.CallPermission, len(in.Body.CallingPermissions))
			for i, p := range in.Body.CallingPermissions {
				transfer := p.TransferEnabled == nil || *p.TransferEnabled
				list[i] = customer.CallPermission{Type: customer.CallType(p.CallType), Action: customer.CallAction(p.Action), Transfer: transfer}
			}
			return nil, s.Customers.SetOutgoingPermissions(ctx, actorOf(ctx), tenant, id, list)
		}))
}
