package adminapi

import (
	"context"
	"net/http"
	"time"

	"dialtone/customer"
	"dialtone/upstream"
)

// Upstream is what the door asks about the registrars of partners' own; upstream.Service is one.
type Upstream interface {
	Setting(ctx context.Context, actor customer.Actor) (setting upstream.Setting, inherited bool, err error)
	Set(ctx context.Context, actor customer.Actor, in upstream.Definition) (upstream.Setting, error)
	Remove(ctx context.Context, actor customer.Actor) error
	Status(setting upstream.Setting) upstream.Status
}

// upstreamBody is what a partner says of its own registrar.
type upstreamBody struct {
	Enabled     *bool  `json:"enabled" doc:"Absent: true"`
	Host        string `json:"host" doc:"Name, which is looked up by NAPTR, SRV and A, or address; with a port only A or AAAA" example:"sip.example.com"`
	Transport   string `json:"transport" doc:"udp, tcp or tls; absent: udp" example:"tls"`
	CA          string `json:"caCertificates" doc:"In PEM: what its certificate must lead to; absent: the system's. Only with tls"`
	Credentials string `json:"credentials" doc:"own (we prove with the line's password) or passed (the phone does); absent: own" example:"own"`
	Domain      string `json:"domain" doc:"By which it knows every customer; absent: each by its own SIP domain. Only with own"`
	Expires     int    `json:"expires" doc:"Seconds that are asked for; absent: 3600"`
	Rate        int    `json:"rate" doc:"The most registrations that each server hands on in a second; absent: 50"`
}

// upstreamStatusWire is how this server met an upstream last.
type upstreamStatusWire struct {
	State      string `json:"state" doc:"unknown (it wasn't asked yet), up or down, as the server sees it that answers"`
	Since      string `json:"since,omitempty"`
	LastAnswer string `json:"lastAnswer,omitempty"`
	LastStatus int    `json:"lastStatus,omitempty" doc:"Of that answer"`
	Failure    string `json:"failure,omitempty" doc:"Why it is down"`
	Waiting    int    `json:"waiting" doc:"Phones that were told to come back, as more came at once than the rate"`
}

type upstreamWire struct {
	Enabled     bool               `json:"enabled"`
	Host        string             `json:"host"`
	Transport   string             `json:"transport"`
	CA          string             `json:"caCertificates,omitempty"`
	Credentials string             `json:"credentials"`
	Domain      string             `json:"domain,omitempty"`
	Expires     int                `json:"expires"`
	Rate        int                `json:"rate"`
	Inherited   bool               `json:"inherited" doc:"It is the parent's, as there is none of this sub-partner's own"`
	Changed     string             `json:"changed"`
	Status      upstreamStatusWire `json:"status"`
}

type upstreamOutput struct{ Body upstreamWire }

type upstreamInput struct{ Body upstreamBody }

func (b upstreamBody) noun() upstream.Definition {
	return upstream.Definition{
		On: b.Enabled == nil || *b.Enabled, Address: b.Host, Transport: upstream.Transport(b.Transport), CA: b.CA, Credentials: upstream.Credentials(b.Credentials),
		Domain: b.Domain, Expires: time.Duration(b.Expires) * time.Second, Rate: b.Rate,
	}
}

func (s *Server) wireUpstream(u upstream.Setting, inherited bool) *upstreamOutput {
	status := s.Upstream.Status(u)
	return &upstreamOutput{upstreamWire{
		Enabled: u.On, Host: u.Address(), Transport: string(u.Transport), CA: u.CA, Credentials: string(u.Credentials), Domain: u.Domain,
		Expires: int(u.Expires / time.Second), Rate: u.Rate, Inherited: inherited, Changed: timestamp(u.Changed),
		Status: upstreamStatusWire{
			State: string(status.State), Since: timestamp(status.Since), LastAnswer: timestamp(status.LastAnswer), LastStatus: status.LastStatus, Failure: status.Failure,
			Waiting: status.Waiting,
		},
	}}
}

func (s *Server) upstreamRoutes() {
	const path = "/hub/v1/upstream"
	route(s, operation{"getUpstream", http.MethodGet, path, "Get the registrar of your own that registrations are handed on to, and how it was met", 0, customer.ScopeAdminsRead},
		func(ctx context.Context, _ *struct{}) (*upstreamOutput, error) {
			setting, inherited, err := s.Upstream.Setting(ctx, actorOf(ctx))
			if err != nil {
				return nil, err
			}
			return s.wireUpstream(setting, inherited), nil
		})
	route(s, operation{"setUpstream", http.MethodPut, path, "Hand registrations and calls on to a registrar of your own", 0, customer.ScopeAdminsWrite},
		func(ctx context.Context, in *upstreamInput) (*upstreamOutput, error) {
			setting, err := s.Upstream.Set(ctx, actorOf(ctx), in.Body.noun())
			if err != nil {
				return nil, err
			}
			return s.wireUpstream(setting, false), nil
		})
	route(s, operation{"deleteUpstream", http.MethodDelete, path, "Hand nothing on any more; a sub-partner follows its parent again", http.StatusNoContent, customer.ScopeAdminsWrite},
		func(ctx context.Context, _ *struct{}) (*struct{}, error) {
			return nil, s.Upstream.Remove(ctx, actorOf(ctx))
		})
}
