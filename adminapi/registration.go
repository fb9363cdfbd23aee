package adminapi

import (
	"context"

	"dialtone/deviceprofiles"
	"dialtone/provisioning"
)

// bindingWire is where a phone is registered from.
type bindingWire struct {
	Contact    string `json:"contact"`
	Transport  string `json:"transport"`
	Encrypted  bool   `json:"encrypted" doc:"Whether the signalling is: over TLS, DTLS and secure WebSockets"`
	Registered string `json:"registered" doc:"When it registered last"`
	Expires    string `json:"expires"`
	UserAgent  string `json:"userAgent"`
	Port       int    `json:"port" doc:"Of the line"`
	Source     string `json:"source" doc:"Address that the request came from"`
	Node       string `json:"node" doc:"That the registration came to"`
	NodeGone   string `json:"nodeGone,omitempty" doc:"When that node was last heard of, if it isn't there: the phone can't be reached over this registration"`

	InstanceID   string  `json:"instanceId,omitempty" doc:"What the phone calls itself (RFC 5626)"`
	RegID        uint32  `json:"regId,omitempty" doc:"Which of the phone's flows this is (RFC 5626)"`
	Preference   float64 `json:"q" doc:"0 to 1, the most preferred contact first"`
	Path         string  `json:"path,omitempty" doc:"Proxies on the way to the phone (RFC 3327)"`
	CertifiedMAC string  `json:"certifiedMac,omitempty" doc:"Address in the maker's certificate that the phone showed on the connection"`
}

// registeredWire is a registration that was, or its end.
type registeredWire struct {
	Time      string `json:"time"`
	Answer    string `json:"answer" doc:"registered or unregistered"`
	Request   string `json:"request"`
	Source    string `json:"source"`
	UserAgent string `json:"userAgent"`
	Node      string `json:"node,omitempty" doc:"That took it"`
}

// driftWire says whether a phone is where its record is.
type driftWire struct {
	Status   string `json:"status" doc:"in_step, waiting, behind, away, unregistered, cut_off or unresolvable"`
	Sentence string `json:"sentence"`
	NextStep string `json:"nextStep,omitempty"`
}

// obstacleWire is a setting that keeps a phone from looking up where to register.
type obstacleWire struct {
	File    string `json:"file"`
	Setting string `json:"setting" doc:"The vendor's name"`
	Value   string `json:"value"`
	Says    string `json:"says" doc:"What it does, in words"`
}

type registrationOutput struct {
	Body struct {
		Registered         bool             `json:"registered"`
		Bindings           []bindingWire    `json:"bindings"`
		ConfiguredRevision int64            `json:"configuredRevision"`
		FetchedRevision    int64            `json:"fetchedRevision" doc:"Newest that the phone has; 0 for none"`
		Fetched            string           `json:"fetched,omitempty" doc:"When it last fetched"`
		Domain             string           `json:"domain,omitempty"`
		Resolvable         bool             `json:"resolvable" doc:"As far as we know: our zone has the domain and names a node that is there, or phones are told an address; true as well where neither a DNS door nor a named node is known. What resolvers on the way say isn't asked"`
		Drift              driftWire        `json:"drift"`
		History            []registeredWire `json:"history" doc:"The newest first"`
		LookupObstacles    []obstacleWire   `json:"lookupObstacles" doc:"Settings in the phone's own files, or changed at the phone, that keep it from looking up the domain: it stays at a server that is emptied or lost"`
	}
}

func (s *Server) registration(ctx context.Context, in *DeviceInput) (*registrationOutput, error) {
	tenant, id, err := s.device(ctx, *in)
	if err != nil {
		return nil, err
	}
	state, err := s.Devices.Registration(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	out := &registrationOutput{}
	body := &out.Body
	body.Registered, body.ConfiguredRevision, body.FetchedRevision = len(state.Bindings) > 0, state.Configured, state.Fetched
	body.Fetched, body.Domain, body.Resolvable = timestamp(state.FetchedAt), state.Domain, state.Resolution == provisioning.ResolutionFound
	body.Drift = driftWire{string(state.Drift.Status), state.Drift.Sentence, state.Drift.NextStep}
	body.Bindings, body.History = make([]bindingWire, len(state.Bindings)), make([]registeredWire, len(state.History))
	for i, b := range state.Bindings {
		body.Bindings[i] = bindingWire{
			Contact: b.Contact, Transport: b.Transport, Encrypted: encrypted(b), Registered: timestamp(b.Registered), Expires: timestamp(b.Expires),
			UserAgent: b.UserAgent, Port: b.Port, Source: b.Source.String(), Node: b.Node, NodeGone: timestamp(b.NodeGone),
			InstanceID: b.InstanceID, RegID: b.RegID, Preference: float64(b.Q) / 1000, Path: b.Path,
		}
		if b.Certified != (deviceprofiles.MAC{}) {
			body.Bindings[i].CertifiedMAC = b.Certified.String()
		}
	}
	body.LookupObstacles = make([]obstacleWire, len(state.Obstacles))
	for i, o := range state.Obstacles {
		body.LookupObstacles[i] = obstacleWire(o)
	}
	for i, e := range state.History {
		body.History[i] = registeredWire{Time: timestamp(e.Time), Answer: e.Answer, Request: e.Request, Source: e.Peer.String(), UserAgent: e.UserAgent, Node: e.Node}
	}
	return out, nil
}

func encrypted(b provisioning.BindingView) bool {
	return b.Transport == "tls" || b.Transport == "dtls" || b.Transport == "wss"
}
