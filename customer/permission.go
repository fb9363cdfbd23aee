package customer

import (
	"context"
	"fmt"
	"slices"

	"dialtone/fault"
)

// CallType is a type of call from a location, in the wire's words.
type CallType string

// The types of call.
const (
	CallInternal            CallType = "INTERNAL_CALL"
	CallTollFree            CallType = "TOLL_FREE"
	CallNational            CallType = "NATIONAL"
	CallInternational       CallType = "INTERNATIONAL"
	CallOperator            CallType = "OPERATOR_ASSISTED"
	CallDirectory           CallType = "CHARGEABLE_DIRECTORY_ASSISTED"
	CallSpecialServicesI    CallType = "SPECIAL_SERVICES_I"
	CallSpecialServicesII   CallType = "SPECIAL_SERVICES_II"
	CallPremiumServicesI    CallType = "PREMIUM_SERVICES_I"
	CallPremiumServicesII   CallType = "PREMIUM_SERVICES_II"
	maxPermissions                   = 50 // of one call: more than there are types
	callingPermissionsField          = "callingPermissions"
)

// callTypes lists the types, in the order in which they are shown.
func callTypes() []CallType {
	return []CallType{
		CallInternal, CallTollFree, CallNational, CallInternational, CallOperator, CallDirectory, CallSpecialServicesI, CallSpecialServicesII,
		CallPremiumServicesI, CallPremiumServicesII,
	}
}

// costly reports whether the Cisco calling plan keeps calls of the type off (product rule 4).
func (t CallType) costly() bool {
	return t == CallInternational || t == CallPremiumServicesI || t == CallPremiumServicesII
}

// CallAction is what becomes of a call, in the wire's words.
type CallAction string

// What can become of a call.
const (
	ActionAllow     CallAction = "ALLOW"
	ActionBlock     CallAction = "BLOCK"
	ActionAuthCode  CallAction = "AUTH_CODE"
	ActionTransfer1 CallAction = "TRANSFER_NUMBER_1"
	ActionTransfer2 CallAction = "TRANSFER_NUMBER_2"
	ActionTransfer3 CallAction = "TRANSFER_NUMBER_3"
)

func (a CallAction) known() bool {
	return slices.Contains([]CallAction{ActionAllow, ActionBlock, ActionAuthCode, ActionTransfer1, ActionTransfer2, ActionTransfer3}, a)
}

// CallPermission says what becomes of calls of one type.
type CallPermission struct {
	Type     CallType
	Action   CallAction
	Transfer bool // whether such a call may be passed on
	Fixed    bool // a package decides it: it can't be changed
}

// permissions are those of a location: what was set, else allowed; with the Cisco calling plan what is costly is off, and fixed.
func (l Location) permissions(calling bool) []CallPermission {
	out := make([]CallPermission, 0, len(callTypes()))
	for _, t := range callTypes() {
		permission := CallPermission{Type: t, Action: ActionAllow, Transfer: true}
		if i := slices.IndexFunc(l.Telephony.Permissions, func(p CallPermission) bool { return p.Type == t }); i >= 0 {
			permission = l.Telephony.Permissions[i]
		}
		if calling && t.costly() {
			permission = CallPermission{Type: t, Action: ActionBlock, Fixed: true}
		}
		out = append(out, permission)
	}
	return out
}

// OutgoingPermissions returns what becomes of calls from a location, a row for each type. fault.NotFound when it has no calling.
func (s *Service) OutgoingPermissions(ctx context.Context, tenant Tenant, id LocationID) ([]CallPermission, error) {
	l, err := s.CallingLocation(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	planned, err := hasCallingPlan(ctx, s.store, l.Location)
	return l.permissions(planned), err
}

// SetOutgoingPermissions changes what becomes of calls of some types. fault.Conflict with fault.CodeFixed for another action on a type that the Cisco
// calling plan keeps off.
func (s *Service) SetOutgoingPermissions(ctx context.Context, actor Actor, tenant Tenant, id LocationID, in []CallPermission) error {
	return s.withCalling(ctx, tenant, id, func(tx Tx, l Location) error {
		if err := checkPermissions(in); err != nil {
			return err
		}
		planned, err := hasCallingPlan(ctx, tx, l)
		if err != nil {
			return err
		}
		before := l.permissions(planned)
		after := slices.Clone(l.Telephony.Permissions)
		for i, p := range in {
			if planned && p.Type.costly() {
				if p.Action != ActionBlock {
					return fixedPermission(i, p.Type)
				}
				continue
			}
			after = slices.DeleteFunc(after, func(old CallPermission) bool { return old.Type == p.Type })
			after = append(after, CallPermission{Type: p.Type, Action: p.Action, Transfer: p.Transfer})
		}
		l.Telephony.Permissions = after
		if err := tx.SetLocation(ctx, l); err != nil {
			return err
		}
		facts := map[string]any{"before": permissionFacts(before), "after": permissionFacts(l.permissions(planned))}
		return s.record(ctx, tx, actor, l.Tenant(), EventCallingChanged, string(id), facts)
	})
}

func checkPermissions(in []CallPermission) error {
	var p problems
	if len(in) == 0 || len(in) > maxPermissions {
		p.add(callingPermissionsField, "must hold 1 to %d permissions", maxPermissions)
		return p.err("The permissions can't be set")
	}
	for i, permission := range in {
		field := fmt.Sprintf("%s[%d]", callingPermissionsField, i)
		if !slices.Contains(callTypes(), permission.Type) {
			p.reject(field+".callType", string(permission.Type), "is no type of call, such as INTERNATIONAL")
		}
		if !permission.Action.known() {
			p.reject(field+".action", string(permission.Action), "must be ALLOW, BLOCK, AUTH_CODE or TRANSFER_NUMBER_1 to _3")
		}
	}
	return p.err("The permissions can't be set")
}

func fixedPermission(i int, t CallType) error {
	e := fault.New(fault.Conflict, "With the Cisco calling plan, calls of the type %s are off. This can't be changed.", t)
	e.Problems = []fault.Problem{{Field: fmt.Sprintf("%s[%d].action", callingPermissionsField, i), Code: fault.CodeFixed, Message: e.Message}}
	return e
}

func permissionFacts(list []CallPermission) map[CallType]CallAction {
	out := map[CallType]CallAction{}
	for _, p := range list {
		out[p.Type] = p.Action
	}
	return out
}
