package adminapi

import (
	"context"
	"net/http"
	"strconv"

	"dialtone/customer"
	"dialtone/diagnosis"
	"dialtone/fault"
	"dialtone/provisioning"
)

// contactWire is one entry of the boot trace.
type contactWire struct {
	ID        string `json:"id,omitempty" doc:"Its place in the trace: for before and after"`
	Time      string `json:"time"`
	Door      string `json:"door" doc:"dns, tftp, http, https or sip"`
	Peer      string `json:"peer"`
	Request   string `json:"request"`
	Answer    string `json:"answer"`
	Rule      string `json:"rule" doc:"What decided"`
	Revision  int64  `json:"revision" doc:"Of the configuration that was served; 0 if none"`
	UserAgent string `json:"userAgent" doc:"As the phone sent it, control characters escaped: text, never markup"`
	Proof     string `json:"proof" doc:"The kind that was shown: none, basic, digest, token or certificate"`
	Bytes     int64  `json:"bytes" doc:"Of the file that was served"`
	ByAddress bool   `json:"byAddress" doc:"The request named no phone: it came from an address where this one was heard of shortly before"`
	Node      string `json:"node,omitempty" doc:"Server that was asked"`
}

type traceOutput struct {
	Body struct {
		Items []contactWire `json:"items" doc:"The newest first"`
	}
}

type traceInput struct {
	DeviceInput
	Door   string `query:"door" doc:"Only what came by this one: dns, tftp, http, https or sip"`
	Before string `query:"before" doc:"Only what came before the entry with this id"`
	After  string `query:"after" doc:"Only what came after the entry with this id"`
	Max    string `query:"max" doc:"Entries: 1 or more; above 500 means 500" example:"100"`
}

// The sizes of a part of a trace.
const (
	traceLength = 100
	traceMost   = 500
)

// filter reads what is asked for, and how much of it.
func (in *traceInput) filter() (provisioning.TraceFilter, int, error) {
	f, most := provisioning.TraceFilter{}, traceLength
	var err error
	if f.Door, err = wordOf("door", in.Door, []string{"dns", "tftp", "http", "https", "sip"}); err != nil {
		return f, 0, err
	}
	for _, one := range []struct {
		field, text string
		into        *int64
	}{{"before", in.Before, &f.Before}, {"after", in.After, &f.After}} {
		if one.text == "" {
			continue
		}
		n, err := strconv.ParseInt(one.text, 10, 64)
		if err != nil || n < 1 {
			return f, 0, fault.InvalidField(one.field, "must be the id of an entry of the trace; it is %.40q", one.text)
		}
		*one.into = n
	}
	if in.Max != "" {
		n, err := strconv.Atoi(in.Max)
		if err != nil || n < 1 {
			return f, 0, fault.InvalidField("max", "must be a whole number from 1; it is %.40q", in.Max)
		}
		most = min(n, traceMost)
	}
	return f, most, nil
}

// statesWire is how far a phone has come.
type statesWire struct {
	Configured      bool   `json:"configured" doc:"There is a device with this MAC address"`
	CurrentRevision int64  `json:"currentRevision" doc:"Of its file; 0 without a device"`
	FetchedRevision int64  `json:"fetchedRevision" doc:"That the phone fetched last; 0: none is known"`
	FetchedAt       string `json:"fetchedAt,omitempty"`
	Registered      bool   `json:"registered"`
	RegisteredAt    string `json:"registeredAt,omitempty" doc:"When it last did"`
	LastContact     string `json:"lastContact,omitempty"`
	ExpectedBy      string `json:"expectedBy,omitempty" doc:"When it should be heard of again"`
}

type verdictOutput struct {
	Body struct {
		Cause    string        `json:"cause" doc:"For programs: docs/why.md lists all" example:"enrolment_expired"`
		Sentence string        `json:"sentence" doc:"Names the cause"`
		NextStep string        `json:"nextStep" doc:"What to do"`
		DeviceID string        `json:"deviceId,omitempty"`
		States   statesWire    `json:"states"`
		Evidence []contactWire `json:"evidence" doc:"What the cause was told from, the newest first"`
	}
}

type whyInput struct {
	InOrg
	MAC string `query:"mac" required:"true" doc:"In any spelling" example:"80:5E:C0:AA:BB:CC"`
}

// traceRoutes are about what phones did, and what that means.
func (s *Server) traceRoutes() {
	route(s, operation{"getTrace", http.MethodGet, hubDevice + "/trace", "What the phone asked and was answered", 0, customer.ScopeDevicesRead}, s.trace)
	route(s, operation{"explainDevice", http.MethodGet, hubDevice + "/why", "Why the phone has no dial tone, or that it has", 0, customer.ScopeDevicesRead},
		func(ctx context.Context, in *DeviceInput) (*verdictOutput, error) {
			tenant, id, err := s.device(ctx, *in)
			if err != nil {
				return nil, err
			}
			v, err := s.Devices.Why(ctx, tenant, id)
			return wireVerdict(v, id), err
		})
	route(s, operation{"explainMac", http.MethodGet, "/hub/v1/why", "Why the phone with a MAC address has no dial tone, whoever it may be", 0, customer.ScopeDevicesRead},
		func(ctx context.Context, in *whyInput) (*verdictOutput, error) {
			tenant, err := s.tenant(ctx, in.InOrg)
			if err != nil {
				return nil, err
			}
			v, id, err := s.Devices.WhyMAC(ctx, actorOf(ctx).Tenant(), tenant, in.MAC)
			return wireVerdict(v, id), err
		})
}

func (s *Server) trace(ctx context.Context, in *traceInput) (*traceOutput, error) {
	tenant, id, err := s.device(ctx, in.DeviceInput)
	if err != nil {
		return nil, err
	}
	filter, most, err := in.filter()
	if err != nil {
		return nil, err
	}
	entries, err := s.Devices.Trace(ctx, tenant, id, filter, most)
	if err != nil {
		return nil, err
	}
	out := &traceOutput{}
	out.Body.Items = make([]contactWire, len(entries))
	for i, e := range entries {
		out.Body.Items[i] = wireEntry(e)
	}
	return out, nil
}

func wireEntry(e provisioning.TraceEntry) contactWire {
	peer := ""
	if e.Peer.IsValid() {
		peer = e.Peer.String()
	}
	return contactWire{
		ID: strconv.FormatInt(e.ID, 10), Time: timestamp(e.Time), Door: e.Door, Peer: peer, Request: e.Request, Answer: e.Answer, Rule: e.Rule, Revision: e.Revision,
		UserAgent: e.UserAgent, Proof: string(e.Proof), Bytes: e.Bytes, ByAddress: e.ByAddress, Node: e.Node,
	}
}

func wireVerdict(v diagnosis.Verdict, id provisioning.DeviceID) *verdictOutput {
	out := &verdictOutput{}
	b := &out.Body
	b.Cause, b.Sentence, b.NextStep, b.DeviceID = string(v.Cause), v.Sentence, v.NextStep, encodeID(kindDevice, id)
	b.States = statesWire{
		Configured: v.States.Configured, CurrentRevision: v.States.CurrentRevision, FetchedRevision: v.States.FetchedRevision, FetchedAt: timestamp(v.States.FetchedAt),
		Registered: v.States.Registered, RegisteredAt: timestamp(v.States.RegisteredAt), LastContact: timestamp(v.States.LastContact), ExpectedBy: timestamp(v.States.ExpectedBy),
	}
	b.Evidence = make([]contactWire, len(v.Evidence))
	for i, c := range v.Evidence {
		b.Evidence[i] = contactWire{
			Time: timestamp(c.Time), Door: c.Door, Peer: c.Peer, Request: c.Request, Answer: c.Answer, Rule: c.Rule, Revision: c.Revision,
			UserAgent: c.UserAgent, Proof: c.Proof, Bytes: c.Bytes, ByAddress: c.ByAddress,
		}
	}
	return out
}
