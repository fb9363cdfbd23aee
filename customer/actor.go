package customer

import (
	"slices"
	"time"
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
	ScopeTelephonyRead    Scope = "spark-admin:telephony_config_read"
	ScopeTelephonyWrite   Scope = "spark-admin:telephony_config_write"
	ScopeDevicesRead      Scope = "spark-admin:devices_read"
	ScopeDevicesWrite     Scope = "spark-admin:devices_write"
	ScopeTemplatesRead    Scope = "dialtone:templates_read"
	ScopeTemplatesWrite   Scope = "dialtone:templates_write"
	ScopeAuditRead        Scope = "dialtone:audit_read"
	ScopeTokensRead       Scope = "dialtone:tokens_read"
	ScopeTokensWrite      Scope = "dialtone:tokens_write"
	ScopeRPLRead          Scope = "dialtone:rpl_read"
	ScopeRPLWrite         Scope = "dialtone:rpl_write"
)

// AllScopes returns every scope: what a full administrator's token carries.
func AllScopes() []Scope {
	return []Scope{
		ScopeCustomersRead, ScopeCustomersWrite, ScopeSubscribersRead, ScopeSubscribersWrite, ScopeLocationsRead,
		ScopeTelephonyRead, ScopeTelephonyWrite, ScopeDevicesRead, ScopeDevicesWrite, ScopeTemplatesRead, ScopeTemplatesWrite,
		ScopeAuditRead, ScopeTokensRead, ScopeTokensWrite, ScopeRPLRead, ScopeRPLWrite,
	}
}

// Actor is who does something: an administrator, with the rights that the token at hand carries.
type Actor struct {
	Admin   AdminID
	Partner OrgID
	Email   string
	Scopes  []Scope
}

// May reports whether the actor has the scope.
func (a Actor) May(s Scope) bool { return slices.Contains(a.Scopes, s) }

// Tenant returns all that the actor's partner owns.
func (a Actor) Tenant() Tenant { return Tenant{Partner: a.Partner} }

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
}

// TokenHash is the SHA-256 of a token. A token holds 256 random bits, so that a plain hash of it is safe to store and to look up.
type TokenHash [32]byte
