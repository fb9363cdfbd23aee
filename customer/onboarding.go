package customer

import (
	"context"
	"strings"

	"dialtone/fault"
)

// TemplateType says what a template onboards customers to, in the wire's words.
type TemplateType string

// WebexForWholesale is the one type that there is.
const WebexForWholesale TemplateType = "webex_for_wholesale"

// AuthenticationMode says how a customer's people sign in, in the wire's words.
type AuthenticationMode string

// The ways to sign in.
const (
	AuthenticateWebex AuthenticationMode = "webex"        // with the platform's own identity
	AuthenticateSAML  AuthenticationMode = "partner_saml" // at the partner's SAML identity provider
	AuthenticateOIDC  AuthenticationMode = "partner_oidc" // at one of the partner's OpenID Connect identity providers
)

// Authentication says how a customer's people sign in, and where.
type Authentication struct {
	Mode             AuthenticationMode
	EntityID         string             // of the SAML identity provider, a URI; with AuthenticateSAML alone
	IdentityProvider IdentityProviderID // with AuthenticateOIDC alone
}

// NewAuthentication is Authentication as it is asked for.
type NewAuthentication struct {
	Mode             AuthenticationMode // empty: AuthenticateWebex
	EntityID         string             // 1 to 1024 characters
	IdentityProvider string             // by its name, without regard to case
}

// Onboarding is what a customer takes from its template when it is created: later changes of the template leave it as it is.
type Onboarding struct {
	SubscriptionID    string // the wholesale subscription that it is billed on
	Authentication    Authentication
	BrandName         string       // in e-mails; "" for the partner's own
	PSTNVendor        PSTNVendorID // of the customer's first location; empty for none
	AllowNonPSTNCalls bool         // between people of the platform, over no telephone network
}

// onboarding is what a customer takes from the template.
func (t Template) onboarding() Onboarding {
	return Onboarding{
		SubscriptionID: t.SubscriptionID, Authentication: t.Authentication, BrandName: t.BrandName, PSTNVendor: t.PSTNVendor, AllowNonPSTNCalls: t.AllowNonPSTNCalls,
	}
}

// templateType reads a type that may be absent.
func (p *problems) templateType(field string, asked TemplateType) TemplateType {
	if asked != "" && asked != WebexForWholesale {
		p.reject(field, string(asked), "must be "+string(WebexForWholesale))
	}
	return WebexForWholesale
}

// authenticate reads how people sign in into a template. Its error is that of the store.
func (p *problems) authenticate(ctx context.Context, r Reader, t *Template, in NewAuthentication) error {
	const entity, provider = "authentication.entityId", "authentication.identityProvider"
	t.Authentication, t.IdentityProviderName = Authentication{Mode: in.Mode}, ""
	switch in.Mode {
	case "":
		t.Authentication.Mode = AuthenticateWebex
	case AuthenticateWebex, AuthenticateSAML, AuthenticateOIDC:
	default:
		p.reject("authentication.mode", string(in.Mode), "must be webex, partner_saml or partner_oidc")
		return nil
	}
	if t.Authentication.Mode == AuthenticateSAML {
		t.Authentication.EntityID = p.entityID(entity, in.EntityID)
	} else if in.EntityID != "" {
		p.add(entity, "is for the mode partner_saml alone")
	}
	if t.Authentication.Mode == AuthenticateOIDC {
		return p.identityProvider(ctx, r, provider, t, in.IdentityProvider)
	}
	if in.IdentityProvider != "" {
		p.add(provider, "is for the mode partner_oidc alone")
	}
	return nil
}

// entityID checks the name of a SAML identity provider: a URI of at most 1024 characters (SAML 2.0 core, section 8.3.6).
func (p *problems) entityID(field, value string) string {
	before := len(p.list)
	value = p.text(field, value, 1024)
	if _, ok := parseURI(value); !ok && len(p.list) == before {
		p.reject(field, value, "must be a URI, such as https://login.example.com/saml")
	}
	return value
}

// identityProvider finds one of the partner's by its name.
func (p *problems) identityProvider(ctx context.Context, r Reader, field string, t *Template, name string) error {
	name = strings.TrimSpace(name)
	if name == "" {
		p.missing(field, "is needed with the mode partner_oidc")
		return nil
	}
	found, err := r.IdentityProviderByName(ctx, t.Partner, name)
	if fault.Is(err, fault.NotFound) {
		p.unknown(field, "names no identity provider of yours")
		return nil
	}
	t.Authentication.IdentityProvider, t.IdentityProviderName = found.ID, found.Name
	return err
}

// pstnVendor finds one of the partner's; an empty id is none. Its error is that of the store.
func (p *problems) pstnVendor(ctx context.Context, r Reader, field string, partner OrgID, id PSTNVendorID) (PSTNVendorID, error) {
	if id == "" {
		return "", nil
	}
	_, err := r.PSTNVendor(ctx, partner, id)
	if fault.Is(err, fault.NotFound) {
		p.unknown(field, "names no PSTN vendor of yours")
		return "", nil
	}
	return id, err
}
