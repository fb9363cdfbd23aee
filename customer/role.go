package customer

import "slices"

// Role says what an administrator may do at most (product rule 2).
type Role string

// The roles.
const (
	RoleFullPartner      Role = "full_partner_admin"
	RoleWholesale        Role = "wholesale_admin"
	RoleReadOnlyPartner  Role = "readonly_partner_admin"
	RoleFullCustomer     Role = "full_customer_admin"
	RoleReadOnlyCustomer Role = "readonly_customer_admin"
	RoleDevice           Role = "device_admin"
)

// roles lists the roles, the mightiest first.
func roles() []Role {
	return []Role{RoleFullPartner, RoleWholesale, RoleReadOnlyPartner, RoleFullCustomer, RoleReadOnlyCustomer, RoleDevice}
}

// place says where a role can be held.
type place uint8

const (
	atPartner place = 1 << iota
	atCustomer
)

// places are where a role can be held: of a partner, or of one customer.
func (r Role) places() place {
	switch r {
	case RoleFullCustomer, RoleReadOnlyCustomer:
		return atCustomer
	case RoleDevice:
		return atPartner | atCustomer
	case RoleFullPartner, RoleWholesale, RoleReadOnlyPartner:
		return atPartner
	}
	return 0
}

// Allows reports whether somebody with the role may have a scope at all. What else belongs to the role a token can't give.
func (r Role) Allows(s Scope) bool {
	own := s == ScopeTokensRead || s == ScopeTokensWrite // of one's own
	places := slices.Contains([]Scope{ScopeLocationsRead, ScopeLocationsWrite, ScopePSTNRead, ScopePSTNWrite}, s)
	phones := slices.Contains([]Scope{
		ScopeTelephonyRead, ScopeTelephonyWrite, ScopeDevicesRead, ScopeDevicesWrite, ScopeCredentialsRead, ScopeCredentialsWrite,
		ScopeWorkspacesRead, ScopeWorkspacesWrite, ScopePeopleRead, ScopeLicensesRead,
	}, s)
	switch r {
	case RoleFullPartner:
		return true
	case RoleWholesale:
		return s != ScopeAdminsWrite && s != ScopeSubPartnersWrite && s != ScopeNodesWrite
	case RoleReadOnlyPartner:
		return s.reads() || own
	case RoleFullCustomer:
		return phones || places || own || s == ScopeAuditRead
	case RoleReadOnlyCustomer:
		return (phones || places) && s.reads() || own || s == ScopeAuditRead
	case RoleDevice:
		return phones || places && s.reads() || own
	}
	return false
}

// within returns those of some scopes that the role allows.
func (r Role) within(scopes []Scope) []Scope {
	var out []Scope
	for _, s := range scopes {
		if r.Allows(s) {
			out = append(out, s)
		}
	}
	return out
}
