package customer

import (
	"slices"
	"strings"
	"time"

	"dialtone/fault"
)

// Scope is one right that a token carries, in the wire's words.
type Scope string

// The scopes that are asked for so far.
const (
	ScopeCustomersRead    Scope = "spark-admin:wholesale_customers_read"
	ScopeCustomersWrite   Scope = "spark-admin:wholesale_customers_write"
	ScopeSubscribersRead  Scope = "spark-admin:wholesale_subscribers_read"
	ScopeSubscribersWrite Scope = "spark-admin:wholesale_subscribers_write"
	ScopeLocationsRead    Scope = "spark-admin:locations_read"
	ScopeLocationsWrite   Scope = "spark-admin:locations_write"
	ScopePSTNRead         Scope = "spark-admin:telephony_pstn_read"
	ScopePSTNWrite        Scope = "spark-admin:telephony_pstn_write"
	ScopeTelephonyRead    Scope = "spark-admin:telephony_config_read"
	ScopeTelephonyWrite   Scope = "spark-admin:telephony_config_write"
	ScopeDevicesRead      Scope = "spark-admin:devices_read"
	ScopeDevicesWrite     Scope = "spark-admin:devices_write"
	ScopeCredentialsRead  Scope = "dialtone:credentials_read"  //nolint:gosec // G101: a name, and no credential
	ScopeCredentialsWrite Scope = "dialtone:credentials_write" //nolint:gosec // G101: a name, and no credential
	ScopeWorkspacesRead   Scope = "spark-admin:workspaces_read"
	ScopeWorkspacesWrite  Scope = "spark-admin:workspaces_write"
	ScopePeopleRead       Scope = "spark-admin:people_read"
	ScopePeopleWrite      Scope = "spark-admin:people_write"
	ScopeLicensesRead     Scope = "spark-admin:licenses_read"
	ScopeSubPartnersRead  Scope = "spark-admin:wholesale_sub_partners_read"
	ScopeSubPartnersWrite Scope = "spark-admin:wholesale_sub_partners_write"
	ScopeReportsRead      Scope = "spark-admin:wholesale_billing_reports_read"
	ScopeReportsWrite     Scope = "spark-admin:wholesale_billing_reports_write"
	ScopeAdminsRead       Scope = "dialtone:admins_read"
	ScopeAdminsWrite      Scope = "dialtone:admins_write"
	ScopeTemplatesRead    Scope = "dialtone:templates_read"
	ScopeTemplatesWrite   Scope = "dialtone:templates_write"
	ScopeAuditRead        Scope = "dialtone:audit_read"
	ScopeTokensRead       Scope = "dialtone:tokens_read"
	ScopeTokensWrite      Scope = "dialtone:tokens_write"
	ScopeWebhooksRead     Scope = "dialtone:webhooks_read"
	ScopeWebhooksWrite    Scope = "dialtone:webhooks_write"
	ScopeRPLRead          Scope = "dialtone:rpl_read"
	ScopeRPLWrite         Scope = "dialtone:rpl_write"
	ScopeNodesWrite       Scope = "dialtone:nodes_write"
)

// AllScopes returns every scope: what a full administrator's token carries.
func AllScopes() []Scope {
	return []Scope{
		ScopeCustomersRead, ScopeCustomersWrite, ScopeSubscribersRead, ScopeSubscribersWrite, ScopeLocationsRead, ScopeLocationsWrite,
		ScopePSTNRead, ScopePSTNWrite,
		ScopeTelephonyRead, ScopeTelephonyWrite, ScopeDevicesRead, ScopeDevicesWrite, ScopeCredentialsRead, ScopeCredentialsWrite,
		ScopeWorkspacesRead, ScopeWorkspacesWrite, ScopePeopleRead, ScopePeopleWrite, ScopeLicensesRead, ScopeSubPartnersRead, ScopeSubPartnersWrite,
		ScopeReportsRead, ScopeReportsWrite,
		ScopeAdminsRead, ScopeAdminsWrite, ScopeTemplatesRead, ScopeTemplatesWrite, ScopeAuditRead, ScopeTokensRead, ScopeTokensWrite,
		ScopeRPLRead, ScopeRPLWrite, ScopeWebhooksRead, ScopeWebhooksWrite, ScopeNodesWrite,
	}
}

// reads reports whether a scope lets its bearer look, and change nothing.
func (s Scope) reads() bool { return strings.HasSuffix(string(s), "_read") }

// Actor is who does something: an administrator, with the rights that the token at hand carries and the role leaves.
type Actor struct {
	Admin   AdminID
	Partner OrgID // that it acts in: its own, or a sub-partner that it acts for
	Org     OrgID // the one customer that it administers; empty for all of the partner's
	Email   string
	Role    Role
	Scopes  []Scope
	// Subscription is the wholesale subscription that a sub-partner's templates have; empty for a partner, which chooses.
	Subscription string
	suspended    bool // the partner that it acts in
	sub          bool // the partner that it acts in is a sub-partner
}

// May reports whether the actor has the scope.
func (a Actor) May(s Scope) bool { return slices.Contains(a.Scopes, s) }

// MayOnlyDelete reports whether the partner that the actor acts in is suspended.
func (a Actor) MayOnlyDelete() bool { return a.suspended }

// MayCheck refuses prechecks to whoever isn't a full administrator of the partner (product rule 2): fault.Denied.
func (a Actor) MayCheck() error {
	if a.Role == RoleFullPartner {
		return nil
	}
	return fault.New(fault.Denied, "A precheck needs the role %s.", RoleFullPartner)
}

// Tenant returns all that the actor may see.
func (a Actor) Tenant() Tenant { return Tenant{Partner: a.Partner, Customer: a.Org} }

// Token is an API token at rest: its hash, and what it may do.
type Token struct {
	ID       TokenID
	Hash     TokenHash
	Partner  OrgID
	Admin    AdminID
	Email    string // of the admin
	Name     string // what it is for
	Scopes   []Scope
	Created  time.Time
	Expires  time.Time // zero: never
	LastUsed time.Time // to the hour; zero: never
	Grant    GrantID   // that an integration has it of; empty for a token that was made by hand
}

// TokenHash is the SHA-256 of a token. A token holds 256 random bits, so that a plain hash of it is safe to store and to look up.
type TokenHash [32]byte
