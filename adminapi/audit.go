package adminapi

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"dialtone/customer"
)

// eventWire is something that happened, on the wire.
type eventWire struct {
	ID      string         `json:"id" doc:"Rises with time"`
	Time    string         `json:"time"`
	Actor   string         `json:"actor" doc:"Who did it: an administrator's e-mail address, or system"`
	Kind    string         `json:"kind" example:"customer.changed"`
	Subject string         `json:"subject" doc:"Id of the thing that it happened to"`
	OrgID   string         `json:"orgId,omitempty" doc:"Organisation; absent for what concerns the partner itself"`
	Data    map[string]any `json:"data" doc:"Facts; a change has before and after"`
}

func wireEvent(e customer.Event) eventWire {
	w := eventWire{
		ID: strconv.FormatInt(e.ID, 10), Time: timestamp(e.Time), Actor: e.Actor, Kind: string(e.Kind), Subject: e.Subject,
		OrgID: encodeID(kindOrganization, e.Tenant.Customer), Data: e.Data,
	}
	if w.Data == nil {
		w.Data = map[string]any{}
	}
	return w
}

type auditInput struct {
	Paging
	InOrg
	Actor   string `query:"actor" doc:"E-mail address"`
	Kind    string `query:"kind" example:"device.created"`
	Subject string `query:"subject" doc:"Id of the thing, in any spelling"`
	From    string `query:"from" doc:"At this moment or later: milliseconds since 1970, or ISO 8601"`
	Until   string `query:"until" doc:"Before this moment"`
}

func (in *auditInput) filter() (customer.EventFilter, error) {
	f := customer.EventFilter{Kind: customer.EventKind(in.Kind), Actor: strings.ToLower(strings.TrimSpace(in.Actor))}
	var err error
	if f.Subject, err = fieldID[string]("subject", in.Subject); err != nil {
		return f, err
	}
	if f.From, err = instant("from", in.From); err != nil {
		return f, err
	}
	f.Until, err = instant("until", in.Until)
	return f, err
}

func (s *Server) auditRoutes() {
	route(s, operation{"listAudit", http.MethodGet, "/hub/v1/audit", "Who did what and when, the newest first", 0, customer.ScopeAuditRead},
		func(ctx context.Context, in *auditInput) (*listed[eventWire], error) {
			page, tenant, err := s.window(ctx, &in.Paging, in.InOrg)
			if err != nil {
				return nil, err
			}
			filter, err := in.filter()
			if err != nil {
				return nil, err
			}
			list, more, err := s.Customers.Events(ctx, tenant, filter, page)
			return answer(&in.Paging, page, list, more, wireEvent), err
		})
}
