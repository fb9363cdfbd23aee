package adminapi

import (
	"context"
	"net/http"

	"dialtone/customer"
	"dialtone/provisioning"
	"dialtone/secret"
)

// InboxTokens is what the door asks about tokens that say whose an unknown phone is; provisioning.Service is one.
type InboxTokens interface {
	CreateInboxToken(ctx context.Context, actor customer.Actor, tenant customer.Tenant, name string) (provisioning.InboxToken, secret.Text, error)
	InboxTokens(ctx context.Context, tenant customer.Tenant) ([]provisioning.InboxToken, error)
	RotateInboxToken(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id provisioning.InboxTokenID) (provisioning.InboxToken, secret.Text, error)
	DeleteInboxToken(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id provisioning.InboxTokenID) error
}

const kindInboxToken = "INBOX_TOKEN"

// inboxTokenWire is an inbox token on the wire.
type inboxTokenWire struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	OrgID   string `json:"orgId" doc:"Whose inbox it fills"`
	Created string `json:"created"`
	Rotated string `json:"rotated" doc:"When the token that counts was made"`
	Token   string `json:"token,omitempty" doc:"Shown once, when it is made: for dialtone dhcp --token"`
	Folder  string `json:"folder,omitempty" doc:"Of the address that phones are led to, such as https://phones.example.com/t-TOKEN/; shown with the token"`
}

func wireInboxToken(t provisioning.InboxToken, token secret.Text) inboxTokenWire {
	w := inboxTokenWire{
		ID: encodeID(kindInboxToken, t.ID), Name: t.Name, OrgID: encodeID(kindOrganization, t.Org), Created: timestamp(t.Created), Rotated: timestamp(t.Rotated),
	}
	if !token.IsZero() {
		w.Token, w.Folder = token.Reveal(), "t-"+token.Reveal()
	}
	return w
}

type (
	newInboxTokenInput struct {
		InOrg
		Body struct {
			Name string `json:"name" doc:"What it is for" example:"Shop in Springfield"`
		}
	}
	inboxTokenInput struct {
		InOrg
		ID string `path:"tokenId"`
	}
	inboxTokenOutput  struct{ Body inboxTokenWire }
	inboxTokensOutput struct {
		Body struct {
			Items []inboxTokenWire `json:"items"`
		}
	}
)

// inboxTokenRoutes are about tokens by which unknown phones come into an organisation's inbox.
func (s *Server) inboxTokenRoutes() {
	const path, one = "/hub/v1/inboxTokens", "/hub/v1/inboxTokens/{tokenId}"
	route(s, operation{"createInboxToken", http.MethodPost, path, "Create a token for the address that phones are led to; it is shown this once", http.StatusCreated, customer.ScopeDevicesWrite},
		func(ctx context.Context, in *newInboxTokenInput) (*inboxTokenOutput, error) {
			tenant, err := s.tenant(ctx, in.InOrg)
			if err != nil {
				return nil, err
			}
			t, token, err := s.Devices.CreateInboxToken(ctx, actorOf(ctx), tenant, in.Body.Name)
			return &inboxTokenOutput{wireInboxToken(t, token)}, err
		})
	route(s, operation{"listInboxTokens", http.MethodGet, path, "List the tokens of an organisation, without the tokens themselves", 0, customer.ScopeDevicesRead},
		func(ctx context.Context, in *struct{ InOrg }) (*inboxTokensOutput, error) {
			tenant, err := s.tenant(ctx, in.InOrg)
			if err != nil {
				return nil, err
			}
			list, err := s.Devices.InboxTokens(ctx, tenant)
			out := &inboxTokensOutput{}
			out.Body.Items = []inboxTokenWire{}
			for _, t := range list {
				out.Body.Items = append(out.Body.Items, wireInboxToken(t, secret.Text{}))
			}
			return out, err
		})
	route(s, operation{"rotateInboxToken", http.MethodPost, one + "/rotate", "Replace a token; the new one is shown this once", 0, customer.ScopeDevicesWrite},
		func(ctx context.Context, in *inboxTokenInput) (*inboxTokenOutput, error) {
			tenant, id, err := named[provisioning.InboxTokenID](ctx, s, in.InOrg, "inbox token", in.ID)
			if err != nil {
				return nil, err
			}
			t, token, err := s.Devices.RotateInboxToken(ctx, actorOf(ctx), tenant, id)
			return &inboxTokenOutput{wireInboxToken(t, token)}, err
		})
	route(s, operation{"deleteInboxToken", http.MethodDelete, one, "End a token; what came by it stays in the inbox", http.StatusNoContent, customer.ScopeDevicesWrite},
		func(ctx context.Context, in *inboxTokenInput) (*struct{}, error) {
			tenant, id, err := named[provisioning.InboxTokenID](ctx, s, in.InOrg, "inbox token", in.ID)
			if err != nil {
				return nil, err
			}
			return nil, s.Devices.DeleteInboxToken(ctx, actorOf(ctx), tenant, id)
		})
}
