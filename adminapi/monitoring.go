package adminapi

import (
	"context"
	"fmt"
	"net/http"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/provisioning"
)

// Monitoring is what the door asks about what keys watch; provisioning.Service is one.
type Monitoring interface {
	Monitoring(ctx context.Context, tenant customer.Tenant, kind customer.MemberKind, id customer.MemberID) ([]provisioning.MonitoredView, error)
	SetMonitoring(ctx context.Context, actor customer.Actor, tenant customer.Tenant, kind customer.MemberKind, id customer.MemberID, list []provisioning.Monitored) error
	Keys(ctx context.Context, tenant customer.Tenant, id provisioning.DeviceID) ([]provisioning.DeviceKey, error)
}

// monitoredWire is an entry of a monitoring list.
type monitoredWire struct {
	Type        string `json:"type" doc:"MEMBER, NUMBER, or PARK: where calls are parked"`
	MemberID    string `json:"memberId,omitempty" doc:"Of MEMBER: a person, workspace or virtual line of the same organisation"`
	Number      string `json:"number,omitempty" doc:"Of NUMBER and PARK: a number or an extension"`
	Label       string `json:"label,omitempty" doc:"What keys show; absent: the member's name, or the number"`
	DisplayName string `json:"displayName,omitempty" doc:"Of the member; what is sent is passed over"`
	Extension   string `json:"extension,omitempty" doc:"Of the member; what is sent is passed over"`
}

func wireMonitored(v provisioning.MonitoredView) monitoredWire {
	w := monitoredWire{Type: string(v.Kind), Number: v.Number, Label: v.Label}
	if v.Kind == provisioning.MonitorMember {
		w.MemberID, w.DisplayName, w.Extension = memberID(v.Watched), v.Watched.DisplayName(), v.Watched.Extension
	}
	return w
}

// monitoringWire is a monitoring list.
type monitoringWire struct {
	Monitoring []monitoredWire `json:"monitoring" doc:"All of it, in the order in which keys show it; at most 120"`
}

func (w monitoringWire) nouns() ([]provisioning.Monitored, error) {
	if w.Monitoring == nil {
		return nil, fault.InvalidField("monitoring", "is needed: the whole list, or an empty one").WithCode(fault.CodeMissing)
	}
	list := make([]provisioning.Monitored, len(w.Monitoring))
	for i, one := range w.Monitoring {
		field := fmt.Sprintf("monitoring[%d].memberId", i)
		id, err := fieldID[customer.MemberID](field, one.MemberID)
		if err != nil {
			return nil, err
		}
		if id == "" && one.Type == string(provisioning.MonitorMember) {
			return nil, fault.InvalidField(field, "is needed").WithCode(fault.CodeMissing)
		}
		list[i] = provisioning.Monitored{Kind: provisioning.MonitoredKind(one.Type), Member: id, Number: one.Number, Label: one.Label}
	}
	return list, nil
}

type monitoringOutput struct{ Body monitoringWire }

type personMonitoringInput struct {
	PersonInput
	Body monitoringWire
}

type workspaceMonitoringInput struct {
	WorkspaceInput
	Body monitoringWire
}

// keyWire is what a key of a phone does.
type keyWire struct {
	Module      int    `json:"module" doc:"0: the phone itself; else the expansion module"`
	Index       int    `json:"index" doc:"From 1"`
	Type        string `json:"type" doc:"As in layouts. An open key that shows an entry of the monitoring list is MONITOR or CALL_PARK_EXTENSION"`
	Line        int    `json:"line,omitempty" doc:"Port of the line that it shows"`
	Label       string `json:"label,omitempty"`
	Value       string `json:"value,omitempty" doc:"What it dials or watches"`
	Unsupported bool   `json:"unsupported" doc:"Phones of the model can't be told this"`
}

type keysOutput struct {
	Body struct {
		Items []keyWire `json:"items"`
	}
}

func (s *Server) monitoringRoutes() {
	const person, workspace = "/hub/v1/people/{personId}/monitoring", "/hub/v1/workspaces/{workspaceId}/monitoring"
	route(s, operation{"getPersonMonitoring", http.MethodGet, person, "Whom a person watches on keys", 0, customer.ScopeTelephonyRead},
		func(ctx context.Context, in *PersonInput) (*monitoringOutput, error) {
			m, err := s.memberOfPerson(ctx, *in)
			return s.monitoring(ctx, m, err)
		})
	route(s, operation{"setPersonMonitoring", http.MethodPut, person, "Say whom a person watches on keys", http.StatusNoContent, customer.ScopeTelephonyWrite},
		func(ctx context.Context, in *personMonitoringInput) (*struct{}, error) {
			m, err := s.memberOfPerson(ctx, in.PersonInput)
			return nil, s.setMonitoring(ctx, m, err, in.Body)
		})
	route(s, operation{"getWorkspaceMonitoring", http.MethodGet, workspace, "Whom a workspace watches on keys", 0, customer.ScopeTelephonyRead},
		func(ctx context.Context, in *WorkspaceInput) (*monitoringOutput, error) {
			m, err := s.memberOfWorkspace(ctx, *in)
			return s.monitoring(ctx, m, err)
		})
	route(s, operation{"setWorkspaceMonitoring", http.MethodPut, workspace, "Say whom a workspace watches on keys", http.StatusNoContent, customer.ScopeTelephonyWrite},
		func(ctx context.Context, in *workspaceMonitoringInput) (*struct{}, error) {
			m, err := s.memberOfWorkspace(ctx, in.WorkspaceInput)
			return nil, s.setMonitoring(ctx, m, err, in.Body)
		})
	route(s, operation{"getKeys", http.MethodGet, hubDevice + "/keys", "What each key of a phone does", 0, customer.ScopeTelephonyRead}, s.keys)
}

// monitoring answers for a member; unread is why the path couldn't be read.
func (s *Server) monitoring(ctx context.Context, m member, unread error) (*monitoringOutput, error) {
	if unread != nil {
		return nil, unread
	}
	list, err := s.Devices.Monitoring(ctx, m.tenant, m.kind, m.id)
	out := &monitoringOutput{monitoringWire{Monitoring: make([]monitoredWire, len(list))}}
	for i, one := range list {
		out.Body.Monitoring[i] = wireMonitored(one)
	}
	return out, err
}

func (s *Server) setMonitoring(ctx context.Context, m member, unread error, body monitoringWire) error {
	if unread != nil {
		return unread
	}
	list, err := body.nouns()
	if err != nil {
		return err
	}
	return s.Devices.SetMonitoring(ctx, actorOf(ctx), m.tenant, m.kind, m.id, list)
}

func (s *Server) keys(ctx context.Context, in *DeviceInput) (*keysOutput, error) {
	tenant, id, err := s.device(ctx, *in)
	if err != nil {
		return nil, err
	}
	list, err := s.Devices.Keys(ctx, tenant, id)
	out := &keysOutput{}
	out.Body.Items = make([]keyWire, len(list))
	for i, k := range list {
		out.Body.Items[i] = keyWire{k.Module, k.Index, string(k.Type), k.Line, k.Label, k.Value, k.Unsupported}
	}
	return out, err
}
