package customer

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"dialtone/fault"
	"dialtone/secret"
)

// IdentityProviderID names an identity provider of a partner.
type IdentityProviderID string

// IdentityProvider is a partner's own OpenID Connect provider: customers' people sign in there.
type IdentityProvider struct {
	ID                    IdentityProviderID
	Partner               OrgID
	Name                  string // 1 to 128 of A-Z a-z 0-9 - _ ~ . ; unique for the partner without regard to case
	ClientID              string
	ClientSecret          secret.Sealed // for clientSecretOwner
	Scopes                string        // scope tokens with one blank between; openid and email are among them
	AuthorizationEndpoint string        // all endpoints are absolute https URLs; this and the next one are "" only with a DiscoveryURL
	TokenEndpoint         string
	DiscoveryURL          string // "" for none
	UserInfoEndpoint      string // "" for none
	JWKSEndpoint          string // "" for none
	Created               time.Time
}

// What happens to identity providers.
const (
	EventIdentityProviderCreated EventKind = "identity_provider.created"
	EventIdentityProviderChanged EventKind = "identity_provider.changed"
	EventIdentityProviderDeleted EventKind = "identity_provider.deleted"
)

// IdentityProviderReader is the part of Reader about identity providers.
type IdentityProviderReader interface {
	IdentityProvider(ctx context.Context, partner OrgID, id IdentityProviderID) (IdentityProvider, error)
	// IdentityProviderByName finds one by its name, without regard to case.
	IdentityProviderByName(ctx context.Context, partner OrgID, name string) (IdentityProvider, error)
	IdentityProviders(ctx context.Context, partner OrgID, page Page) ([]IdentityProvider, bool, error)
	// IdentityProviderUses counts the templates and customers that refer to one.
	IdentityProviderUses(ctx context.Context, partner OrgID, id IdentityProviderID) (Uses, error)
}

// IdentityProviderWriter is the part of Tx about identity providers.
type IdentityProviderWriter interface {
	CreateIdentityProvider(ctx context.Context, p IdentityProvider) error
	// SetIdentityProvider replaces all but Created of the provider with p.ID.
	SetIdentityProvider(ctx context.Context, p IdentityProvider) error
	// DeleteIdentityProvider deletes a provider that nothing refers to.
	DeleteIdentityProvider(ctx context.Context, partner OrgID, id IdentityProviderID) error
}

// clientSecretOwner binds a sealed client secret to its row.
func clientSecretOwner(id IdentityProviderID) string { return "identity-provider-secret:" + string(id) }

// NewIdentityProvider is the input of CreateIdentityProvider, and of ChangeIdentityProvider, which replaces the whole but for an absent secret.
type NewIdentityProvider struct {
	Name                  string
	ClientID              string      // 1 to 256 printable ASCII characters
	ClientSecret          secret.Text // 1 to 1024 printable ASCII characters; zero in a change: the old one stays
	Scopes                string      // at most 1024 characters
	AuthorizationEndpoint string      // URLs have at most 2048 characters
	TokenEndpoint         string
	DiscoveryURL          string
	UserInfoEndpoint      string
	JWKSEndpoint          string
}

// The sizes of what an identity provider is told by, in characters. RFC 6749 has none; these are above what providers hand out.
const (
	maxProviderName = 128
	maxClientID     = 256
	maxClientSecret = 1024
	maxScopes       = 1024
	maxURL          = 2048
)

// CreateIdentityProvider adds an identity provider. fault.Conflict when the partner has one of that name.
func (s *Service) CreateIdentityProvider(ctx context.Context, actor Actor, in NewIdentityProvider) (IdentityProvider, error) {
	provider := IdentityProvider{ID: IdentityProviderID(s.newID()), Partner: actor.Partner, Created: s.now()}
	provider, err := s.described(provider, in, "The identity provider can't be created")
	if err != nil {
		return IdentityProvider{}, err
	}
	return provider, s.store.Update(ctx, actor.Tenant(), func(tx Tx) error {
		if err := tx.CreateIdentityProvider(ctx, provider); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, actor.Tenant(), EventIdentityProviderCreated, string(provider.ID), provider.facts())
	})
}

// ChangeIdentityProvider replaces what is known of an identity provider, for the templates and customers that refer to it too. fault.Conflict when the
// partner has another of that name.
func (s *Service) ChangeIdentityProvider(ctx context.Context, actor Actor, id IdentityProviderID, in NewIdentityProvider) (IdentityProvider, error) {
	var after IdentityProvider
	err := s.store.Update(ctx, actor.Tenant(), func(tx Tx) error {
		before, err := tx.IdentityProvider(ctx, actor.Partner, id)
		if err != nil {
			return err
		}
		if after, err = s.described(before, in, "The identity provider can't be changed"); err != nil {
			return err
		}
		if err := tx.SetIdentityProvider(ctx, after); err != nil {
			return err
		}
		facts := map[string]any{"before": before.facts(), "after": after.facts(), "clientSecretReplaced": !in.ClientSecret.IsZero()}
		return s.record(ctx, tx, actor, actor.Tenant(), EventIdentityProviderChanged, string(id), facts)
	})
	return after, err
}

// facts are what the log may know.
func (p IdentityProvider) facts() map[string]any {
	return map[string]any{
		"name": p.Name, "clientId": p.ClientID, "scopes": p.Scopes, "authorizationEndpoint": p.AuthorizationEndpoint, "tokenEndpoint": p.TokenEndpoint,
		"discoveryUrl": p.DiscoveryURL, "userInfoEndpoint": p.UserInfoEndpoint, "jwksEndpoint": p.JWKSEndpoint,
	}
}

// DeleteIdentityProvider deletes an identity provider. fault.Conflict while a template or a customer uses it.
func (s *Service) DeleteIdentityProvider(ctx context.Context, actor Actor, id IdentityProviderID) error {
	return s.store.Update(ctx, actor.Tenant(), func(tx Tx) error {
		provider, err := tx.IdentityProvider(ctx, actor.Partner, id)
		if err != nil {
			return err
		}
		uses, err := tx.IdentityProviderUses(ctx, actor.Partner, id)
		if err != nil || uses.any() {
			return orConflict(err, fault.CodeAssigned, "The identity provider %s is used by %s. It can't be deleted before that ends.", provider.Name, uses)
		}
		if err := tx.DeleteIdentityProvider(ctx, actor.Partner, id); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, actor.Tenant(), EventIdentityProviderDeleted, string(id), provider.facts())
	})
}

// IdentityProvider returns one identity provider.
func (s *Service) IdentityProvider(ctx context.Context, actor Actor, id IdentityProviderID) (IdentityProvider, error) {
	return s.store.IdentityProvider(ctx, actor.Partner, id)
}

// IdentityProviders lists the partner's identity providers.
func (s *Service) IdentityProviders(ctx context.Context, actor Actor, page Page) ([]IdentityProvider, bool, error) {
	return s.store.IdentityProviders(ctx, actor.Partner, page)
}

// described checks the input and returns the provider with it, its secret sealed.
func (s *Service) described(provider IdentityProvider, in NewIdentityProvider, what string) (IdentityProvider, error) {
	var p problems
	provider.Name = p.providerName("name", in.Name)
	provider.ClientID = p.printable("clientId", in.ClientID, maxClientID)
	clientSecret := in.ClientSecret.Reveal()
	if provider.ClientSecret == nil || clientSecret != "" {
		p.printable("clientSecret", clientSecret, maxClientSecret)
	}
	provider.Scopes = p.oidcScopes("scopes", in.Scopes)
	provider.AuthorizationEndpoint = p.endpoint("authorizationEndpoint", in.AuthorizationEndpoint)
	provider.TokenEndpoint = p.endpoint("tokenEndpoint", in.TokenEndpoint)
	provider.DiscoveryURL = p.endpoint("discoveryUrl", in.DiscoveryURL)
	provider.UserInfoEndpoint = p.endpoint("userInfoEndpoint", in.UserInfoEndpoint)
	provider.JWKSEndpoint = p.endpoint("jwksEndpoint", in.JWKSEndpoint)
	if provider.DiscoveryURL == "" {
		p.neededWithoutDiscovery("authorizationEndpoint", provider.AuthorizationEndpoint)
		p.neededWithoutDiscovery("tokenEndpoint", provider.TokenEndpoint)
	}
	if err := p.err(what); err != nil || clientSecret == "" {
		return provider, err
	}
	var err error
	provider.ClientSecret, err = s.keyring.Seal(clientSecretOwner(provider.ID), []byte(clientSecret))
	return provider, err
}

// providerName checks a name that is part of addresses: the unreserved characters of RFC 3986 section 2.3.
func (p *problems) providerName(field, value string) string {
	before := len(p.list)
	value = p.text(field, value, maxProviderName)
	if len(p.list) == before && strings.ContainsFunc(value, func(r rune) bool { return !unreserved(r) }) {
		p.reject(field, value, "must hold only letters A to Z, digits, hyphen, underscore, tilde and dot")
	}
	return value
}

func unreserved(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '~' || r == '.'
}

// printable checks what a provider handed out, to the letter: VSCHAR in RFC 6749, appendix A. It may be a secret, and isn't repeated.
func (p *problems) printable(field, value string, size int) string {
	switch {
	case value == "":
		p.missing(field, "is needed")
	case utf8.RuneCountInString(value) > size:
		p.code(fault.CodeSize, field, "must have at most %d characters; it has %d", size, utf8.RuneCountInString(value))
	case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }):
		p.add(field, "must hold only printable ASCII characters")
	}
	return value
}

// oidcScopes checks scope tokens (RFC 6749 section 3.3). A customer's people are known by their e-mail address: without openid and email the provider
// wouldn't tell it.
func (p *problems) oidcScopes(field, value string) string {
	before := len(p.list)
	p.text(field, value, maxScopes)
	tokens := strings.Fields(value)
	if len(p.list) > before {
		return value
	}
	if strings.ContainsFunc(strings.Join(tokens, ""), func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }) {
		p.add(field, "must be words of ASCII characters, without quotes and backslashes, with blanks between")
	}
	for _, needed := range []string{"openid", "email"} {
		if !slices.Contains(tokens, needed) {
			p.add(field, "must hold %s", needed)
		}
	}
	return strings.Join(tokens, " ")
}

// endpoint checks an address that may be absent; "" stays "". It isn't repeated, as it may hold a password that shouldn't be there. RFC 6749 section
// 3.1 forbids a fragment.
func (p *problems) endpoint(field, value string) string {
	before := len(p.list)
	value = p.optionalText(field, value, maxURL)
	if value == "" || len(p.list) > before {
		return value
	}
	u, ok := parseURI(value)
	if !ok || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || strings.Contains(value, "#") {
		p.add(field, "must be an absolute https URL without user name and fragment, such as https://login.example.com/authorize")
	}
	return value
}

func (p *problems) neededWithoutDiscovery(field, value string) {
	if value == "" {
		p.missing(field, "is needed without a discoveryUrl")
	}
}

// parseURI reads an absolute URI (RFC 3986), which has visible ASCII characters alone.
func parseURI(value string) (*url.URL, bool) {
	if strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, false
	}
	u, err := url.Parse(value)
	if err != nil || u.Scheme == "" || len(value) == len(u.Scheme)+1 {
		return nil, false
	}
	return u, true
}
