package adminapi

import (
	"context"
	"net/http"

	"dialtone/customer"
)

// tokenWire is an API token on the wire.
type tokenWire struct {
	ID            string   `json:"id"`
	Name          string   `json:"name"`
	Scopes        []string `json:"scopes"`
	Admin         string   `json:"admin" doc:"E-mail address of whoever it speaks for"`
	Created       string   `json:"created"`
	Expires       string   `json:"expires,omitempty" doc:"Absent: never"`
	LastUsed      string   `json:"lastUsed,omitempty" doc:"To the hour; absent: never"`
	OfIntegration bool     `json:"ofIntegration,omitempty" doc:"An integration has it; revoking it ends all that you granted to the integration with it"`
	Token         string   `json:"token,omitempty" doc:"Shown once, when it is created"`
}

func wireToken(t customer.Token) tokenWire {
	return tokenWire{
		ID: encodeID(kindToken, t.ID), Name: t.Name, Admin: t.Email, Scopes: wireScopes(t.Scopes), OfIntegration: t.Grant != "",
		Created: timestamp(t.Created), Expires: timestamp(t.Expires), LastUsed: timestamp(t.LastUsed),
	}
}

type tokenOutput struct{ Body tokenWire }

type newTokenInput struct {
	Body struct {
		Name    string   `json:"name" doc:"What it is for" example:"billing export"`
		Scopes  []string `json:"scopes" doc:"At most your own token's"`
		Expires string   `json:"expires" doc:"ISO 8601; absent: never"`
		AdminID string   `json:"adminId" doc:"The administrator that it is for; absent: yourself"`
	}
}

func (in *newTokenInput) noun() (customer.NewToken, error) {
	out := customer.NewToken{Name: in.Body.Name, Scopes: nounScopes(in.Body.Scopes)}
	var err error
	if out.Admin, err = fieldID[customer.AdminID]("adminId", in.Body.AdminID); err != nil {
		return out, err
	}
	out.Expires, err = instant("expires", in.Body.Expires)
	return out, err
}

func (s *Server) tokenRoutes() {
	const path = "/hub/v1/tokens"
	route(s, operation{"createToken", http.MethodPost, path, "Create an API token; it is shown this once", http.StatusCreated, customer.ScopeTokensWrite},
		func(ctx context.Context, in *newTokenInput) (*tokenOutput, error) {
			noun, err := in.noun()
			if err != nil {
				return nil, err
			}
			t, token, err := s.Customers.CreateToken(ctx, actorOf(ctx), noun)
			out := &tokenOutput{wireToken(t)}
			out.Body.Token = token.Reveal()
			return out, err
		})
	route(s, operation{"listTokens", http.MethodGet, path, "List API tokens", 0, customer.ScopeTokensRead},
		func(ctx context.Context, in *struct{ Paging }) (*listed[tokenWire], error) {
			page, err := in.page()
			if err != nil {
				return nil, err
			}
			list, more, err := s.Customers.Tokens(ctx, actorOf(ctx), page)
			return answer(&in.Paging, page, list, more, wireToken), err
		})
	route(s, operation{"revokeToken", http.MethodDelete, path + "/{tokenId}", "End an API token at once", http.StatusNoContent, customer.ScopeTokensWrite},
		func(ctx context.Context, in *struct {
			ID string `path:"tokenId"`
		}) (*struct{}, error) {
			id, err := pathID[customer.TokenID]("token", in.ID)
			if err != nil {
				return nil, err
			}
			return nil, s.Customers.RevokeToken(ctx, actorOf(ctx), id)
		})
}
