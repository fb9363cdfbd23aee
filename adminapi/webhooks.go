package adminapi

import (
	"context"
	"net/http"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/secret"
	"dialtone/webhook"
)

// webhookWire is a webhook as its partner sees it.
type webhookWire struct {
	ID           string   `json:"id"`
	Name         string   `json:"name"`
	TargetURL    string   `json:"targetUrl"`
	OrgID        string   `json:"orgId,omitempty" doc:"The one customer that it is about; absent: all"`
	Kinds        []string `json:"kinds" doc:"Kinds of changes, or beginnings of them; empty: all"`
	Status       string   `json:"status" example:"active"`
	Created      string   `json:"created"`
	Secret       string   `json:"secret,omitempty" doc:"That signs; shown once, when it is made"`
	OldUntil     string   `json:"oldSecretUntil,omitempty" doc:"Until when the replaced secret signs, too"`
	LastDelivery string   `json:"lastDelivery,omitempty"`
	LastFailure  string   `json:"lastFailure,omitempty"`
	Failure      string   `json:"failure,omitempty" doc:"What went wrong at the last failure"`
	FailingSince string   `json:"failingSince,omitempty" doc:"Absent: the last delivery went well"`
	Next         string   `json:"next" doc:"Up to where the log was read, as a cursor of the feed of changes"`
}

func wireWebhook(w webhook.Webhook) webhookWire {
	out := webhookWire{
		ID: encodeID(kindWebhook, w.ID), Name: w.Name, TargetURL: w.Target, OrgID: encodeID(kindOrganization, w.Org), Kinds: w.Kinds, Status: string(w.Status),
		Created: timestamp(w.Created), LastDelivery: timestamp(w.LastDelivery), LastFailure: timestamp(w.LastFailure), Failure: w.Failure,
		FailingSince: timestamp(w.FailingSince), Next: formatPlace(w.After),
	}
	if len(w.OldSecret) > 0 {
		out.OldUntil = timestamp(w.OldUntil)
	}
	return out
}

type webhookOutput struct{ Body webhookWire }

// withSecret is the one answer that shows a webhook's secret.
func withSecret(w webhook.Webhook, key secret.Text, err error) (*webhookOutput, error) {
	out := &webhookOutput{wireWebhook(w)}
	out.Body.Secret = key.Reveal()
	return out, err
}

type webhookBody struct {
	Name      string   `json:"name" doc:"1 to 80 characters" example:"device manager"`
	TargetURL string   `json:"targetUrl" doc:"https, at a public address; port 443, or one from 1024" example:"https://tools.example.com/changes"`
	OrgID     string   `json:"orgId" doc:"The one customer that it is about; absent: all"`
	Kinds     []string `json:"kinds" doc:"Kinds of changes, such as device.created, or beginnings, such as device.*; empty: all" example:"[\"device.*\"]"`
	Status    string   `json:"status" doc:"active or disabled; absent: active, or as it is"`
}

// readWebhook returns about whose devices a webhook is to be, and what else its partner says.
func (s *Server) readWebhook(ctx context.Context, b webhookBody) (customer.Tenant, webhook.Definition, error) {
	tenant, err := s.tenant(ctx, InOrg{OrgID: b.OrgID})
	if fault.Is(err, fault.NotFound) {
		err = fault.InvalidField("orgId", "names no customer of yours")
	}
	return tenant, webhook.Definition{Name: b.Name, Target: b.TargetURL, Kinds: b.Kinds, Status: webhook.Status(b.Status)}, err
}

type newWebhookInput struct{ Body webhookBody }

// WebhookInput names a webhook.
type WebhookInput struct {
	ID string `path:"webhookId"`
}

func (in *WebhookInput) id() (webhook.ID, error) { return pathID[webhook.ID]("webhook", in.ID) }

type changeWebhookInput struct {
	WebhookInput
	Body webhookBody
}

// deliveryWire is a change that waits for a webhook, or was given up.
type deliveryWire struct {
	ID          string     `json:"id" doc:"The webhook-id that it is sent with"`
	State       string     `json:"state" example:"pending"`
	Change      changeWire `json:"change"`
	Tries       int        `json:"tries" doc:"In vain"`
	NextTry     string     `json:"nextTry,omitempty" doc:"Of a pending one; not before the endpoint answers again"`
	FirstFailed string     `json:"firstFailed,omitempty"`
	Failure     string     `json:"failure,omitempty" doc:"What went wrong the last time"`
	Died        string     `json:"died,omitempty" doc:"Of a dead one: when it was given up"`
}

func wireDelivery(d webhook.Delivery) deliveryWire {
	w := deliveryWire{
		ID: d.MessageID(), State: string(d.State), Change: wireChange(d.Change.Event), Tries: d.Tries, FirstFailed: timestamp(d.FirstFailed), Failure: d.Failure,
		Died: timestamp(d.Died),
	}
	if d.State == webhook.Pending {
		w.NextTry = timestamp(d.NextTry)
	}
	return w
}

type deliveriesInput struct {
	WebhookInput
	Paging
	State string `query:"state" doc:"pending or dead; absent: pending"`
}

type replayInput struct {
	WebhookInput
	Body struct {
		After string `json:"after" doc:"A next of the feed of changes: begin again behind it"`
		Dead  bool   `json:"dead" doc:"Send what was given up once more"`
	}
}

type replayOutput struct {
	Body struct {
		Dead int `json:"dead" doc:"How many were given up, and are sent once more"`
	}
}

type pingOutput struct {
	Body struct {
		Status  int    `json:"status" doc:"That the endpoint answered; 0: there was no answer"`
		Failure string `json:"failure,omitempty" doc:"Why there was no answer"`
	}
}

func (s *Server) webhookRoutes() {
	const path, one = "/hub/v1/webhooks", "/hub/v1/webhooks/{webhookId}"
	route(s, operation{"createWebhook", http.MethodPost, path, "Let an address be told of changes of devices; its secret is shown this once", http.StatusCreated, customer.ScopeWebhooksWrite},
		func(ctx context.Context, in *newWebhookInput) (*webhookOutput, error) {
			tenant, definition, err := s.readWebhook(ctx, in.Body)
			if err != nil {
				return nil, err
			}
			return withSecret(s.Webhooks.Create(ctx, actorOf(ctx), tenant, definition))
		})
	route(s, operation{"listWebhooks", http.MethodGet, path, "List webhooks", 0, customer.ScopeWebhooksRead}, s.listWebhooks)
	route(s, operation{"getWebhook", http.MethodGet, one, "Get a webhook", 0, customer.ScopeWebhooksRead},
		func(ctx context.Context, in *WebhookInput) (*webhookOutput, error) {
			id, err := in.id()
			if err != nil {
				return nil, err
			}
			w, err := s.Webhooks.Webhook(ctx, actorOf(ctx), id)
			return &webhookOutput{wireWebhook(w)}, err
		})
	route(s, operation{"updateWebhook", http.MethodPut, one, "Replace what a webhook is told, and where", 0, customer.ScopeWebhooksWrite}, s.changeWebhook)
	route(s, operation{"deleteWebhook", http.MethodDelete, one, "Delete a webhook, with what waits for it", http.StatusNoContent, customer.ScopeWebhooksWrite},
		func(ctx context.Context, in *WebhookInput) (*struct{}, error) {
			id, err := in.id()
			if err != nil {
				return nil, err
			}
			return nil, s.Webhooks.Delete(ctx, actorOf(ctx), id)
		})
	route(s, operation{"rotateWebhookSecret", http.MethodPost, one + "/secret", "Make a new secret, shown this once; the old one signs beside it for a day", 0, customer.ScopeWebhooksWrite},
		func(ctx context.Context, in *WebhookInput) (*webhookOutput, error) {
			id, err := in.id()
			if err != nil {
				return nil, err
			}
			return withSecret(s.Webhooks.Rotate(ctx, actorOf(ctx), id))
		})
	route(s, operation{"listWebhookDeliveries", http.MethodGet, one + "/deliveries", "List what waits for a webhook, or was given up", 0, customer.ScopeWebhooksRead}, s.deliveries)
	route(s, operation{"replayWebhook", http.MethodPost, one + "/replay", "Deliver once more: from a place in the feed on, or what was given up", 0, customer.ScopeWebhooksWrite}, s.replay)
	route(s, operation{"pingWebhook", http.MethodPost, one + "/ping", "Send a message that only tries the way, and wait for its answer", 0, customer.ScopeWebhooksWrite}, s.ping)
}

func (s *Server) listWebhooks(ctx context.Context, in *struct {
	Paging
	InOrg
},
) (*listed[webhookWire], error) {
	page, tenant, err := s.window(ctx, &in.Paging, in.InOrg)
	if err != nil {
		return nil, err
	}
	list, more, err := s.Webhooks.Webhooks(ctx, tenant, page)
	return answer(&in.Paging, page, list, more, wireWebhook), err
}

func (s *Server) changeWebhook(ctx context.Context, in *changeWebhookInput) (*webhookOutput, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	if _, err := s.Webhooks.Webhook(ctx, actorOf(ctx), id); err != nil {
		return nil, err
	}
	tenant, definition, err := s.readWebhook(ctx, in.Body)
	if err != nil {
		return nil, err
	}
	w, err := s.Webhooks.Change(ctx, actorOf(ctx), id, tenant, definition)
	return &webhookOutput{wireWebhook(w)}, err
}

func (s *Server) deliveries(ctx context.Context, in *deliveriesInput) (*listed[deliveryWire], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	page, err := in.page()
	if err != nil {
		return nil, err
	}
	state := webhook.Pending
	switch in.State {
	case "", string(webhook.Pending):
	case string(webhook.Dead):
		state = webhook.Dead
	default:
		return nil, fault.InvalidField("state", "must be pending or dead; it is %.40q", in.State)
	}
	list, more, err := s.Webhooks.Deliveries(ctx, actorOf(ctx), id, state, page)
	return answer(&in.Paging, page, list, more, wireDelivery), err
}

func (s *Server) replay(ctx context.Context, in *replayInput) (*replayOutput, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	if _, err := s.Webhooks.Webhook(ctx, actorOf(ctx), id); err != nil {
		return nil, err
	}
	out := &replayOutput{}
	if (in.Body.After == "") != in.Body.Dead {
		return nil, fault.InvalidField("after", "exactly one of after and dead is needed")
	}
	if in.Body.Dead {
		out.Body.Dead, err = s.Webhooks.ReplayDead(ctx, actorOf(ctx), id)
		return out, err
	}
	place, err := parsePlace("after", in.Body.After)
	if err != nil {
		return nil, err
	}
	return out, s.Webhooks.ReplayFrom(ctx, actorOf(ctx), id, place)
}

func (s *Server) ping(ctx context.Context, in *WebhookInput) (*pingOutput, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	out := &pingOutput{}
	out.Body.Status, out.Body.Failure, err = s.Webhooks.Ping(ctx, actorOf(ctx), id)
	return out, err
}
