package adminapi

import (
	"context"
	"net/http"

	"dialtone/customer"
	"dialtone/secret"
)

// IdentityProviders is the part of Customers about identity providers.
type IdentityProviders interface {
	CreateIdentityProvider(ctx context.Context, actor customer.Actor, in customer.NewIdentityProvider) (customer.IdentityProvider, error)
	ChangeIdentityProvider(ctx context.Context, actor customer.Actor, id customer.IdentityProviderID, in customer.NewIdentityProvider) (customer.IdentityProvider, error)
	DeleteIdentityProvider(ctx context.Context, actor customer.Actor, id customer.IdentityProviderID) error
	IdentityProvider(ctx context.Context, actor customer.Actor, id customer.IdentityProviderID) (customer.IdentityProvider, error)
	IdentityProviders(ctx context.Context, actor customer.Actor, page customer.Page) ([]customer.IdentityProvider, bool, error)
}

const kindIdentityProvider = "IDENTITY_PROVIDER"

// IdentityProviderText is what anybody may read of an identity provider.
type IdentityProviderText struct {
	Name                  string `json:"name" doc:"1 to 128 letters, digits and - _ ~ . ; unique without regard to case" example:"example-login"`
	ClientID              string `json:"clientId"`
	Scopes                string `json:"scopes" doc:"With blanks between; openid and email must be among them" example:"openid email profile"`
	AuthorizationEndpoint string `json:"authorizationEndpoint,omitempty" doc:"https URL; needed without a discoveryUrl"`
	TokenEndpoint         string `json:"tokenEndpoint,omitempty" doc:"https URL; needed without a discoveryUrl"`
	DiscoveryURL          string `json:"discoveryUrl,omitempty" doc:"https URL"`
	UserInfoEndpoint      string `json:"userInfoEndpoint,omitempty" doc:"https URL"`
	JWKSEndpoint          string `json:"jwksEndpoint,omitempty" doc:"https URL"`
}

// identityProviderWire is an identity provider on the wire; the client secret never is.
type identityProviderWire struct {
	ID string `json:"id"`
	IdentityProviderText
	Created string `json:"created"`
}

func wireIdentityProvider(p customer.IdentityProvider) identityProviderWire {
	return identityProviderWire{
		ID: encodeID(kindIdentityProvider, p.ID), Created: timestamp(p.Created),
		IdentityProviderText: IdentityProviderText{
			Name: p.Name, ClientID: p.ClientID, Scopes: p.Scopes, AuthorizationEndpoint: p.AuthorizationEndpoint, TokenEndpoint: p.TokenEndpoint,
			DiscoveryURL: p.DiscoveryURL, UserInfoEndpoint: p.UserInfoEndpoint, JWKSEndpoint: p.JWKSEndpoint,
		},
	}
}

// identityProviderBody is what is said of an identity provider, on the wire.
type identityProviderBody struct {
	IdentityProviderText
	ClientSecret string `json:"clientSecret" doc:"Never shown again; absent in a change: the old one stays"`
}

func (b identityProviderBody) noun() customer.NewIdentityProvider {
	return customer.NewIdentityProvider{
		Name: b.Name, ClientID: b.ClientID, ClientSecret: secret.New(b.ClientSecret), Scopes: b.Scopes, AuthorizationEndpoint: b.AuthorizationEndpoint,
		TokenEndpoint: b.TokenEndpoint, DiscoveryURL: b.DiscoveryURL, UserInfoEndpoint: b.UserInfoEndpoint, JWKSEndpoint: b.JWKSEndpoint,
	}
}

type newIdentityProviderInput struct{ Body identityProviderBody }

// IdentityProviderInput names an identity provider.
type IdentityProviderInput struct {
	ID string `path:"id"`
}

func (in IdentityProviderInput) id() (customer.IdentityProviderID, error) {
	return pathID[customer.IdentityProviderID]("identity provider", in.ID)
}

type identityProviderChangeInput struct {
	IdentityProviderInput
	Body identityProviderBody
}

type identityProviderOutput struct{ Body identityProviderWire }

func (s *Server) identityProviderRoutes() {
	const path, one = "/hub/v1/identityProviders", "/hub/v1/identityProviders/{id}"
	route(s, operation{"createIdentityProvider", http.MethodPost, path, "Add an OpenID Connect identity provider", http.StatusCreated, customer.ScopeTemplatesWrite},
		func(ctx context.Context, in *newIdentityProviderInput) (*identityProviderOutput, error) {
			p, err := s.Customers.CreateIdentityProvider(ctx, actorOf(ctx), in.Body.noun())
			return &identityProviderOutput{wireIdentityProvider(p)}, err
		})
	route(s, operation{"listIdentityProviders", http.MethodGet, path, "List identity providers", 0, customer.ScopeTemplatesRead},
		func(ctx context.Context, in *struct{ Paging }) (*listed[identityProviderWire], error) {
			page, err := in.page()
			if err != nil {
				return nil, err
			}
			list, more, err := s.Customers.IdentityProviders(ctx, actorOf(ctx), page)
			return answer(&in.Paging, page, list, more, wireIdentityProvider), err
		})
	route(s, operation{"getIdentityProvider", http.MethodGet, one, "Get an identity provider", 0, customer.ScopeTemplatesRead},
		func(ctx context.Context, in *IdentityProviderInput) (*identityProviderOutput, error) {
			id, err := in.id()
			if err != nil {
				return nil, err
			}
			p, err := s.Customers.IdentityProvider(ctx, actorOf(ctx), id)
			return &identityProviderOutput{wireIdentityProvider(p)}, err
		})
	route(s, operation{"updateIdentityProvider", http.MethodPut, one, "Replace what is known of an identity provider", 0, customer.ScopeTemplatesWrite},
		func(ctx context.Context, in *identityProviderChangeInput) (*identityProviderOutput, error) {
			id, err := in.id()
			if err != nil {
				return nil, err
			}
			p, err := s.Customers.ChangeIdentityProvider(ctx, actorOf(ctx), id, in.Body.noun())
			return &identityProviderOutput{wireIdentityProvider(p)}, err
		})
	route(s, operation{"deleteIdentityProvider", http.MethodDelete, one, "Delete an identity provider that nothing uses", http.StatusNoContent, customer.ScopeTemplatesWrite},
		func(ctx context.Context, in *IdentityProviderInput) (*struct{}, error) {
			id, err := in.id()
			if err != nil {
				return nil, err
			}
			return nil, s.Customers.DeleteIdentityProvider(ctx, actorOf(ctx), id)
		})
}
