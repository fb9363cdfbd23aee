package adminapi

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"dialtone/customer"
	"dialtone/provisioning"
)

// memberKinds are the kinds of id of a member.
func memberID(m customer.Member) string {
	switch m.Kind {
	case customer.MemberWorkspace:
		return encodeID(kindWorkspace, m.ID)
	case customer.MemberVirtualLine:
		return encodeID(kindVirtualLine, m.ID)
	default:
		return encodeID(kindPerson, m.ID)
	}
}

type placeWire struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// memberWire is a member's line on a device.
type memberWire struct {
	ID                       string     `json:"id"`
	MemberType               string     `json:"memberType"`
	FirstName                string     `json:"firstName"`
	LastName                 string     `json:"lastName"`
	PhoneNumber              string     `json:"phoneNumber,omitempty"`
	Extension                string     `json:"extension,omitempty"`
	ESN                      string     `json:"esn,omitempty"`
	PrimaryOwner             bool       `json:"primaryOwner"`
	Port                     int        `json:"port"`
	LineType                 string     `json:"lineType"`
	LineWeight               int        `json:"lineWeight" doc:"Line keys that it occupies"`
	LinePort                 string     `json:"linePort" doc:"Address of record"`
	HostIP                   string     `json:"hostIP,omitempty" doc:"Of the registered contact"`
	RemoteIP                 string     `json:"remoteIP,omitempty" doc:"Where the registration came from"`
	HotlineEnabled           bool       `json:"hotlineEnabled"`
	HotlineDestination       string     `json:"hotlineDestination"`
	AllowCallDeclineEnabled  bool       `json:"allowCallDeclineEnabled" doc:"Declining a call ends it on all of the owner's devices"`
	T38FaxCompressionEnabled bool       `json:"t38FaxCompressionEnabled"`
	LineLabel                string     `json:"lineLabel,omitempty"`
	LicenseType              string     `json:"licenseType,omitempty"`
	Location                 *placeWire `json:"location,omitempty"`
}

// The wire's words for lines.
const (
	linePrimary = "PRIMARY"
	lineShared  = "SHARED_CALL_APPEARANCE"
)

func wireMember(m provisioning.LineMember) memberWire {
	w := memberWire{
		ID: memberID(m.Member), MemberType: string(m.Member.Kind), FirstName: m.Member.FirstName, LastName: lastName(m.Member), PhoneNumber: m.Member.Number,
		Extension: m.Member.Extension, ESN: m.Member.Extension, PrimaryOwner: m.Primary, Port: m.Port, LineType: lineShared, LineWeight: m.Weight, LinePort: m.LinePort(),
		HostIP: m.Contact, RemoteIP: m.Source, HotlineEnabled: m.HotlineEnabled, HotlineDestination: m.HotlineDestination,
		AllowCallDeclineEnabled: m.DeclineEverywhere, T38FaxCompressionEnabled: m.T38, LineLabel: m.Label, LicenseType: licenseType(m.Member.Kind, m.Package),
	}
	if m.Primary {
		w.LineType = linePrimary
	}
	if m.Location.ID != "" {
		w.Location = &placeWire{ID: encodeID(kindLocation, m.Location.ID), Name: m.Location.Name}
	}
	return w
}

// lastName is a dot where there is none, as the wire has it.
func lastName(m customer.Member) string {
	if m.Kind == customer.MemberWorkspace {
		return "."
	}
	return m.LastName
}

func licenseType(kind customer.MemberKind, p customer.Package) string {
	switch {
	case kind == customer.MemberVirtualLine:
		return "VIRTUAL_PROFILE"
	case kind == customer.MemberWorkspace && p == customer.CommonAreaCalling:
		return "WORKSPACE"
	case kind == customer.MemberWorkspace:
		return "PROFESSIONAL_WORKSPACE"
	case p == customer.WebexCallingStandard:
		return "BASIC_USER"
	default:
		return "PROFESSIONAL_USER"
	}
}

type membersOutput struct {
	Body struct {
		Model        string       `json:"model"`
		Members      []memberWire `json:"members"`
		MaxLineCount int          `json:"maxLineCount"`
	}
}

// newMemberWire is a member as clients send it; what they read and send back besides is passed over.
type newMemberWire struct {
	ID                       string  `json:"id"`
	Port                     whole   `json:"port" doc:"Only the order counts: each line begins behind the one before"`
	PrimaryOwner             truth   `json:"primaryOwner"`
	LineType                 string  `json:"lineType" doc:"Follows from primaryOwner"`
	LineWeight               whole   `json:"lineWeight" doc:"Line keys that it occupies; above 1 for the primary owner alone"`
	HotlineEnabled           truth   `json:"hotlineEnabled"`
	HotlineDestination       *string `json:"hotlineDestination"`
	AllowCallDeclineEnabled  *truth  `json:"allowCallDeclineEnabled"`
	T38FaxCompressionEnabled truth   `json:"t38FaxCompressionEnabled"`
	LineLabel                string  `json:"lineLabel"`
}

func (w newMemberWire) input(i int) (provisioning.NewMember, error) {
	id, err := fieldID[customer.MemberID](fmt.Sprintf("members[%d].id", i), w.ID)
	m := provisioning.NewMember{Member: id, Port: int(w.Port), Primary: bool(w.PrimaryOwner), Options: provisioning.LineOptions{
		Weight: int(w.LineWeight), HotlineEnabled: bool(w.HotlineEnabled), DeclineEverywhere: w.AllowCallDeclineEnabled == nil || bool(*w.AllowCallDeclineEnabled),
		T38: bool(w.T38FaxCompressionEnabled), Label: strings.TrimSpace(w.LineLabel),
	}}
	if w.LineWeight == 0 {
		m.Options.Weight = 1
	}
	if w.HotlineDestination != nil {
		m.Options.HotlineDestination = strings.TrimSpace(*w.HotlineDestination)
	}
	return m, err
}

type setMembersInput struct {
	DeviceInput
	Body *struct {
		Members []newMemberWire `json:"members" doc:"All of them; without it the primary owner alone stays"`
	}
}

func (in *setMembersInput) members() ([]provisioning.NewMember, error) {
	if in.Body == nil {
		return nil, nil
	}
	list := make([]provisioning.NewMember, len(in.Body.Members))
	for i, m := range in.Body.Members {
		var err error
		if list[i], err = m.input(i); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (s *Server) memberRoutes() {
	route(s, operation{"getDeviceMembers", http.MethodGet, telephonyDevice + "/members", "Who has lines on a device", 0, customer.ScopeTelephonyRead},
		func(ctx context.Context, in *DeviceInput) (*membersOutput, error) {
			tenant, id, err := s.device(ctx, *in)
			if err != nil {
				return nil, err
			}
			list, err := s.Devices.Members(ctx, tenant, id)
			if err != nil {
				return nil, err
			}
			out := &membersOutput{}
			out.Body.Model, out.Body.MaxLineCount, out.Body.Members = list.Device.Model, list.MaxLines, make([]memberWire, len(list.Members))
			for i, m := range list.Members {
				out.Body.Members[i] = wireMember(m)
			}
			return out, nil
		})
	route(s, operation{"updateMembersOnDevice", http.MethodPut, telephonyDevice + "/members", "Replace who has lines on a device", http.StatusNoContent, customer.ScopeTelephonyWrite},
		func(ctx context.Context, in *setMembersInput) (*struct{}, error) {
			tenant, id, err := s.device(ctx, in.DeviceInput)
			if err != nil {
				return nil, err
			}
			list, err := in.members()
			if err != nil {
				return nil, err
			}
			return nil, s.Devices.SetMembers(ctx, actorOf(ctx), tenant, id, list)
		})
}
