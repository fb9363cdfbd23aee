package adminapi

import (
	"context"
	"net/http"

	"dialtone/customer"
	"dialtone/fault"
)

// compressionWire is what a member's phones do with speech.
type compressionWire struct {
	Compression string `json:"compression" doc:"ON: speech uses less of the network; OFF"`
}

type compressionOutput struct{ Body compressionWire }

// hotelingWire says whether guests may log in at a member's phones.
type hotelingWire struct {
	Enabled         *truth `json:"enabled" doc:"Needed"`
	LimitGuestUse   truth  `json:"limitGuestUse"`
	GuestHoursLimit whole  `json:"guestHoursLimit" doc:"1 to 999; needed with limitGuestUse"`
}

func (w hotelingWire) change() (customer.DeviceSettingsChange, error) {
	if w.Enabled == nil {
		return customer.DeviceSettingsChange{}, fault.InvalidField("enabled", "is needed").WithCode(fault.CodeMissing)
	}
	return customer.DeviceSettingsChange{Hoteling: &customer.Hoteling{Enabled: bool(*w.Enabled), LimitGuestUse: bool(w.LimitGuestUse), GuestHours: int(w.GuestHoursLimit)}}, nil
}

type personCompressionInput struct {
	PersonInput
	Body compressionWire
}

type workspaceCompressionInput struct {
	WorkspaceInput
	Body compressionWire
}

type personHotelingInput struct {
	PersonInput
	Body struct {
		Hoteling hotelingWire `json:"hoteling"`
	}
}

type workspaceHotelingInput struct {
	WorkspaceInput
	Body hotelingWire
}

// member is a person or workspace as a path names it.
type member struct {
	tenant customer.Tenant
	kind   customer.MemberKind
	id     customer.MemberID
}

func (s *Server) memberOfPerson(ctx context.Context, in PersonInput) (member, error) {
	tenant, id, err := s.personID(ctx, in)
	return member{tenant, customer.MemberPerson, customer.MemberID(id)}, err
}

func (s *Server) memberOfWorkspace(ctx context.Context, in WorkspaceInput) (member, error) {
	tenant, id, err := s.workspace(ctx, in)
	return member{tenant, customer.MemberWorkspace, customer.MemberID(id)}, err
}

func (s *Server) memberSettingsRoutes() {
	const person, workspace = "/v1/telephony/config/people/{personId}/devices/settings", "/v1/telephony/config/workspaces/{workspaceId}/devices"
	route(s, operation{"getPersonDeviceSettings", http.MethodGet, person, "Get what a person's devices do", 0, customer.ScopeTelephonyRead},
		func(ctx context.Context, in *PersonInput) (*compressionOutput, error) {
			m, err := s.memberOfPerson(ctx, *in)
			return s.compression(ctx, m, err)
		})
	route(s, operation{"updatePersonDeviceSettings", http.MethodPut, person, "Change what a person's devices do", http.StatusNoContent, customer.ScopeTelephonyWrite},
		func(ctx context.Context, in *personCompressionInput) (*struct{}, error) {
			m, err := s.memberOfPerson(ctx, in.PersonInput)
			return nil, s.setCompression(ctx, m, err, in.Body)
		})
	route(s, operation{"updatePersonHoteling", http.MethodPut, person + "/hoteling", "Let guests log in at a person's devices, or not", http.StatusNoContent, customer.ScopeTelephonyWrite},
		func(ctx context.Context, in *personHotelingInput) (*struct{}, error) {
			m, err := s.memberOfPerson(ctx, in.PersonInput)
			names := spelling{"guestHoursLimit", "hoteling.guestHoursLimit", "enabled", "hoteling.enabled"}
			return nil, names.of(s.setHoteling(ctx, m, err, in.Body.Hoteling))
		})
	route(s, operation{"getWorkspaceDeviceSettings", http.MethodGet, workspace + "/settings", "Get what a workspace's devices do", 0, customer.ScopeTelephonyRead},
		func(ctx context.Context, in *WorkspaceInput) (*compressionOutput, error) {
			m, err := s.memberOfWorkspace(ctx, *in)
			return s.compression(ctx, m, err)
		})
	route(s, operation{"updateWorkspaceDeviceSettings", http.MethodPut, workspace + "/settings", "Change what a workspace's devices do", http.StatusNoContent, customer.ScopeTelephonyWrite},
		func(ctx context.Context, in *workspaceCompressionInput) (*struct{}, error) {
			m, err := s.memberOfWorkspace(ctx, in.WorkspaceInput)
			return nil, s.setCompression(ctx, m, err, in.Body)
		})
	route(s, operation{"updateWorkspaceHoteling", http.MethodPut, workspace, "Let guests log in at a workspace's devices, or not", http.StatusNoContent, customer.ScopeTelephonyWrite},
		func(ctx context.Context, in *workspaceHotelingInput) (*struct{}, error) {
			m, err := s.memberOfWorkspace(ctx, in.WorkspaceInput)
			return nil, s.setHoteling(ctx, m, err, in.Body)
		})
}

// compression answers for a member; unread is why the path couldn't be read.
func (s *Server) compression(ctx context.Context, m member, unread error) (*compressionOutput, error) {
	if unread != nil {
		return nil, unread
	}
	found, err := s.Customers.MemberOf(ctx, m.tenant, m.kind, m.id)
	out := &compressionOutput{compressionWire{"OFF"}}
	if found.Settings.Compression {
		out.Body.Compression = "ON"
	}
	return out, err
}

func (s *Server) setCompression(ctx context.Context, m member, unread error, body compressionWire) error {
	if unread != nil {
		return unread
	}
	word, err := wordOf("compression", body.Compression, []string{"ON", "OFF"})
	if err != nil {
		return err
	}
	if word == "" {
		return fault.InvalidField("compression", "is needed: ON or OFF").WithCode(fault.CodeMissing)
	}
	on := word == "ON"
	return s.People.ChangeDeviceSettings(ctx, actorOf(ctx), m.tenant, m.kind, m.id, customer.DeviceSettingsChange{Compression: &on})
}

func (s *Server) setHoteling(ctx context.Context, m member, unread error, body hotelingWire) error {
	if unread != nil {
		return unread
	}
	change, err := body.change()
	if err != nil {
		return err
	}
	return s.People.ChangeDeviceSettings(ctx, actorOf(ctx), m.tenant, m.kind, m.id, change)
}
