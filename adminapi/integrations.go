package adminapi

import (
	"context"
	"net/http"

	"dialtone/customer"
)

// integrationWire is a program that may act for administrators: a client of OAuth 2.
type integrationWire struct {
	ID           string   `json:"id"`
	Name         string   `json:"name"`
	ClientID     string   `json:"clientId"`
	ClientSecret string   `json:"clientSecret,omitempty" doc:"Shown once, when it is created"`
	RedirectURIs []string `json:"redirectUris"`
	Scopes       []string `json:"scopes" doc:"The most that it can be granted"`
	Admin        string   `json:"admin" doc:"E-mail address of whoever made it; it ends with that administrator"`
	Created      string   `json:"created"`
}

func wireIntegration(i customer.Integration) integrationWire {
	return integrationWire{
		ID: encodeID(kindIntegration, i.ID), Name: i.Name, ClientID: string(i.ID), RedirectURIs: i.RedirectURIs, Scopes: wireScopes(i.Scopes),
		Admin: i.Email, Created: timestamp(i.Created),
	}
}

type integrationOutput struct{ Body integrationWire }

type newIntegrationInput struct {
	Body struct {
		Name         string   `json:"name" doc:"1 to 80 characters" example:"billing export"`
		RedirectURIs []string `json:"redirectUris" doc:"Absolute https addresses; http for localhost alone"`
		Scopes       []string `json:"scopes" doc:"At most your own token's"`
	}
}

// IntegrationInput names an integration.
type IntegrationInput struct {
	ID string `path:"id"`
}

type newGrantInput struct {
	IntegrationInput
	Body struct {
		Scopes              []string `json:"scopes" doc:"Absent: all of the integration's that your token carries"`
		RedirectURI         string   `json:"redirectUri" doc:"One of the integration's"`
		CodeChallenge       string   `json:"codeChallenge" doc:"Of PKCE (RFC 7636)"`
		CodeChallengeMethod string   `json:"codeChallengeMethod" doc:"S256, with a challenge"`
	}
}

func (in *newGrantInput) noun() customer.NewGrant {
	b := &in.Body
	return customer.NewGrant{Scopes: nounScopes(b.Scopes), RedirectURI: b.RedirectURI, Challenge: b.CodeChallenge, ChallengeMethod: b.CodeChallengeMethod}
}

type grantOutput struct {
	Body struct {
		Code    string   `json:"code" doc:"To be exchanged at /v1/access_token, once"`
		Expires string   `json:"expires" doc:"Of the code"`
		Scopes  []string `json:"scopes"`
	}
}

func (s *Server) integrationRoutes() {
	const path, one = "/hub/v1/integrations", "/hub/v1/integrations/{id}"
	route(s, operation{"createIntegration", http.MethodPost, path, "Add a program that administrators can let act for them; its secret is shown this once", http.StatusCreated, customer.ScopeTokensWrite},
		func(ctx context.Context, in *newIntegrationInput) (*integrationOutput, error) {
			i, key, err := s.Customers.CreateIntegration(ctx, actorOf(ctx), customer.NewIntegration{Name: in.Body.Name, RedirectURIs: in.Body.RedirectURIs, Scopes: nounScopes(in.Body.Scopes)})
			out := &integrationOutput{wireIntegration(i)}
			out.Body.ClientSecret = key.Reveal()
			return out, err
		})
	route(s, operation{"listIntegrations", http.MethodGet, path, "List integrations", 0, customer.ScopeTokensRead},
		func(ctx context.Context, in *struct{ Paging }) (*listed[integrationWire], error) {
			page, err := in.page()
			if err != nil {
				return nil, err
			}
			list, more, err := s.Customers.Integrations(ctx, actorOf(ctx), page)
			return answer(&in.Paging, page, list, more, wireIntegration), err
		})
	route(s, operation{"getIntegration", http.MethodGet, one, "Get an integration", 0, customer.ScopeTokensRead},
		func(ctx context.Context, in *IntegrationInput) (*integrationOutput, error) {
			id, err := pathID[customer.IntegrationID]("integration", in.ID)
			if err != nil {
				return nil, err
			}
			i, err := s.Customers.Integration(ctx, actorOf(ctx), id)
			return &integrationOutput{wireIntegration(i)}, err
		})
	route(s, operation{"deleteIntegration", http.MethodDelete, one, "End an integration and all that it was granted", http.StatusNoContent, customer.ScopeTokensWrite},
		func(ctx context.Context, in *IntegrationInput) (*struct{}, error) {
			id, err := pathID[customer.IntegrationID]("integration", in.ID)
			if err != nil {
				return nil, err
			}
			return nil, s.Customers.DeleteIntegration(ctx, actorOf(ctx), id)
		})
	route(s, operation{"createGrant", http.MethodPost, one + "/grants", "Let an integration act for you; its code is good for five minutes, once", http.StatusCreated, customer.ScopeTokensWrite}, s.createGrant)
}

func (s *Server) createGrant(ctx context.Context, in *newGrantInput) (*grantOutput, error) {
	id, err := pathID[customer.IntegrationID]("integration", in.ID)
	if err != nil {
		return nil, err
	}
	g, code, err := s.Customers.Authorise(ctx, actorOf(ctx), id, in.noun())
	out := &grantOutput{}
	out.Body.Code, out.Body.Expires, out.Body.Scopes = code.Reveal(), timestamp(g.CodeExpires), wireScopes(g.Scopes)
	return out, err
}

func wireScopes(scopes []customer.Scope) []string {
	out := make([]string, len(scopes))
	for i, scope := range scopes {
		out[i] = string(scope)
	}
	return out
}

func nounScopes(names []string) []customer.Scope {
	out := make([]customer.Scope, len(names))
	for i, name := range names {
		out[i] = customer.Scope(name)
	}
	return out
}
