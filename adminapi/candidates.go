package adminapi

import (
	"context"
	"net/http"
	"strings"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/provisioning"
)

// candidateWire is somebody who could have a line on a device.
type candidateWire struct {
	ID                       string     `json:"id"`
	MemberType               string     `json:"memberType"`
	FirstName                string     `json:"firstName"`
	LastName                 string     `json:"lastName"`
	PhoneNumber              string     `json:"phoneNumber,omitempty"`
	Extension                string     `json:"extension,omitempty"`
	LineType                 string     `json:"lineType"`
	AllowCallDeclineEnabled  bool       `json:"allowCallDeclineEnabled"`
	T38FaxCompressionEnabled bool       `json:"t38FaxCompressionEnabled"`
	Location                 *placeWire `json:"location,omitempty"`
}

// Candidates is what the lists and counts of possible members take.
type Candidates struct {
	InOrg
	MemberName  string `query:"memberName" doc:"Part of the name"`
	PhoneNumber string `query:"phoneNumber" doc:"Part of the number"`
	LocationID  string `query:"locationId"`
	Extension   string `query:"extension" doc:"Part of the extension"`
	UsageType   string `query:"usageType" doc:"DEVICE_OWNER or SHARED_LINE"`
	Order       string `query:"order" doc:"lname or fname"`
	NoVirtual   string `query:"excludeVirtualLine" doc:"true: no virtual lines"`
	// DeviceLocation is known to the wire; lines may be shared across locations, so that it narrows nothing.
	DeviceLocation string `query:"deviceLocationId" doc:"Taken and not used: lines may be shared across locations"`
}

func (in *Candidates) filter() (provisioning.CandidateFilter, error) {
	f := provisioning.CandidateFilter{Name: in.MemberName, Number: in.PhoneNumber, Extension: in.Extension}
	without, err := yesOrNo("excludeVirtualLine", strings.ToLower(in.NoVirtual))
	if err != nil {
		return f, err
	}
	f.NoVirtualLines = without != nil && *without
	if _, err = fieldID[customer.LocationID]("deviceLocationId", in.DeviceLocation); err != nil {
		return f, err
	}
	if f.Location, err = fieldID[customer.LocationID]("locationId", in.LocationID); err != nil {
		return f, err
	}
	if f.Use, err = wordOf("usageType", in.UsageType, []provisioning.LineUse{provisioning.UseAsOwner, provisioning.UseAsShared}); err != nil {
		return f, err
	}
	f.Order, err = wordOf("order", strings.ToLower(in.Order), []customer.MemberOrder{customer.ByLastName, customer.ByFirstName})
	return f, err
}

type candidatesInput struct {
	Paging
	Candidates
}

type candidatesOfInput struct {
	Paging
	Candidates
	ID string `path:"deviceId"`
}

type countOfInput struct {
	Candidates
	ID string `path:"deviceId"`
}

type candidatesOutput struct {
	Link string `header:"Link"`
	Body struct {
		Members []candidateWire `json:"members"`
	}
}

type memberCountOutput struct {
	Body struct {
		TotalCount int `json:"totalCount"`
	}
}

func (s *Server) candidateRoutes() {
	const all, one = telephonyDevices + "/availableMembers", telephonyDevice + "/availableMembers"
	route(s, operation{"listAvailableMembers", http.MethodGet, all, "Who could have a line on some device", 0, customer.ScopeTelephonyRead},
		func(ctx context.Context, in *candidatesInput) (*candidatesOutput, error) {
			return s.listCandidates(ctx, &in.Paging, &in.Candidates, "")
		})
	route(s, operation{"countAvailableMembers", http.MethodGet, all + "/count", "How many could have a line on some device", 0, customer.ScopeTelephonyRead},
		func(ctx context.Context, in *Candidates) (*memberCountOutput, error) {
			return s.countCandidates(ctx, in, "")
		})
	route(s, operation{"listMembersForDevice", http.MethodGet, one, "Who could have a line on a device, and hasn't", 0, customer.ScopeTelephonyRead},
		func(ctx context.Context, in *candidatesOfInput) (*candidatesOutput, error) {
			id, err := pathID[provisioning.DeviceID]("device", in.ID)
			if err != nil {
				return nil, err
			}
			return s.listCandidates(ctx, &in.Paging, &in.Candidates, id)
		})
	route(s, operation{"countMembersForDevice", http.MethodGet, one + "/count", "How many could have a line on a device, and haven't", 0, customer.ScopeTelephonyRead},
		func(ctx context.Context, in *countOfInput) (*memberCountOutput, error) {
			id, err := pathID[provisioning.DeviceID]("device", in.ID)
			if err != nil {
				return nil, err
			}
			return s.countCandidates(ctx, &in.Candidates, id)
		})
	s.memberDeviceRoutes()
}

func (s *Server) listCandidates(ctx context.Context, p *Paging, in *Candidates, id provisioning.DeviceID) (*candidatesOutput, error) {
	page, tenant, err := s.window(ctx, p, in.InOrg)
	if err != nil {
		return nil, err
	}
	filter, err := in.filter()
	if err != nil {
		return nil, err
	}
	list, more, err := s.Devices.AvailableMembers(ctx, tenant, id, filter, page)
	if err != nil {
		return nil, err
	}
	var place customer.Cursor
	if filter.Order == customer.ByCreation {
		place = lastOf(list, more)
	}
	out := &candidatesOutput{Link: p.link(page, more, place)}
	out.Body.Members, err = s.wireCandidates(ctx, list, filter.Use)
	return out, err
}

func (s *Server) wireCandidates(ctx context.Context, list []customer.Member, use provisioning.LineUse) ([]candidateWire, error) {
	out, names := make([]candidateWire, len(list)), map[customer.LocationID]*placeWire{}
	for i, m := range list {
		out[i] = candidateWire{
			ID: memberID(m), MemberType: string(m.Kind), FirstName: m.FirstName, LastName: lastName(m), PhoneNumber: m.Number, Extension: m.Extension,
			LineType: lineShared, AllowCallDeclineEnabled: true,
		}
		if use == provisioning.UseAsOwner {
			out[i].LineType = linePrimary
		}
		if m.Location == "" {
			continue
		}
		if names[m.Location] == nil {
			l, err := s.Customers.Location(ctx, m.Tenant(), m.Location)
			if err != nil {
				return nil, err
			}
			names[m.Location] = &placeWire{ID: encodeID(kindLocation, l.ID), Name: l.Name}
		}
		out[i].Location = names[m.Location]
	}
	return out, nil
}

func (s *Server) countCandidates(ctx context.Context, in *Candidates, id provisioning.DeviceID) (*memberCountOutput, error) {
	tenant, err := s.tenant(ctx, in.InOrg)
	if err != nil {
		return nil, err
	}
	filter, err := in.filter()
	if err != nil {
		return nil, err
	}
	out := &memberCountOutput{}
	out.Body.TotalCount, err = s.Devices.CountAvailableMembers(ctx, tenant, id, filter)
	return out, err
}

// ownerWire is who owns a device.
type ownerWire struct {
	ID        string `json:"id"`
	Type      string `json:"type"`
	FirstName string `json:"firstName"`
	LastName  string `json:"lastName"`
}

// hostWire says whether guests may log in at a device.
type hostWire struct {
	Enabled         bool `json:"enabled"`
	LimitGuestUse   bool `json:"limitGuestUse"`
	GuestHoursLimit int  `json:"guestHoursLimit,omitempty"`
}

// memberDeviceWire is a device as one of its members sees it.
type memberDeviceWire struct {
	ID              string    `json:"id"`
	Description     []string  `json:"description"`
	Model           string    `json:"model"`
	ModelType       string    `json:"modelType,omitempty"`
	MAC             string    `json:"mac,omitempty"`
	IPAddress       string    `json:"ipAddress,omitempty"`
	PrimaryOwner    bool      `json:"primaryOwner"`
	Type            string    `json:"type"`
	Hoteling        hostWire  `json:"hoteling"`
	Owner           ownerWire `json:"owner"`
	ActivationState string    `json:"activationState"`
}

type memberDevicesOutput struct {
	Body struct {
		Devices             []memberDeviceWire `json:"devices"`
		MaxDeviceCount      int                `json:"maxDeviceCount"`
		MaxOwnedDeviceCount int                `json:"maxOwnedDeviceCount"`
	}
}

type deviceCountOutput struct {
	Body struct {
		TotalDeviceCount  int `json:"totalDeviceCount"`
		ApplicationsCount int `json:"applicationsCount" doc:"All of a person's apps count as one; we know of none"`
	}
}

func (s *Server) memberDeviceRoutes() {
	const base = "/v1/telephony/config/"
	route(s, operation{"getPersonDevices", http.MethodGet, base + "people/{personId}/devices", "A person's devices", 0, customer.ScopeTelephonyRead},
		func(ctx context.Context, in *PersonInput) (*memberDevicesOutput, error) {
			m, err := s.memberOfPerson(ctx, *in)
			return s.memberDevices(ctx, m, err)
		})
	route(s, operation{"getPersonDeviceCount", http.MethodGet, base + "people/{personId}/devices/count", "How many devices a person has", 0, customer.ScopeTelephonyRead},
		func(ctx context.Context, in *PersonInput) (*deviceCountOutput, error) {
			m, err := s.memberOfPerson(ctx, *in)
			list, err := s.memberDevices(ctx, m, err)
			if err != nil {
				return nil, err
			}
			out := &deviceCountOutput{}
			out.Body.TotalDeviceCount = len(list.Body.Devices)
			return out, nil
		})
	route(s, operation{"getWorkspaceDevices", http.MethodGet, base + "workspaces/{workspaceId}/devices", "A workspace's devices", 0, customer.ScopeTelephonyRead},
		func(ctx context.Context, in *WorkspaceInput) (*memberDevicesOutput, error) {
			m, err := s.memberOfWorkspace(ctx, *in)
			out, err := s.memberDevices(ctx, m, err)
			if err != nil {
				return nil, err
			}
			for i := range out.Body.Devices { // as the wire has it for workspaces alone
				out.Body.Devices[i].ActivationState = strings.ToUpper(out.Body.Devices[i].ActivationState)
			}
			return out, nil
		})
	route(s, operation{"getVirtualLineDevices", http.MethodGet, base + "virtualLines/{virtualLineId}/devices", "The devices that have a virtual line", 0, customer.ScopeTelephonyRead},
		func(ctx context.Context, in *VirtualLineInput) (*memberDevicesOutput, error) {
			tenant, id, err := s.virtualLine(ctx, *in)
			return s.memberDevices(ctx, member{tenant, customer.MemberVirtualLine, customer.MemberID(id)}, err)
		})
}

// memberDevices answers for a member; unread is why the path couldn't be read.
func (s *Server) memberDevices(ctx context.Context, m member, unread error) (*memberDevicesOutput, error) {
	if unread != nil {
		return nil, unread
	}
	list, err := s.Devices.DevicesOf(ctx, m.tenant, m.kind, m.id)
	if fault.Is(err, fault.NotFound) {
		return nil, fault.New(fault.NotFound, "There is no such person, workspace or virtual line.")
	}
	if err != nil {
		return nil, err
	}
	out := &memberDevicesOutput{}
	out.Body.MaxDeviceCount, out.Body.MaxOwnedDeviceCount = list.Most, list.MostOwned
	out.Body.Devices = make([]memberDeviceWire, len(list.Devices))
	for i, d := range list.Devices {
		out.Body.Devices[i] = wireMemberDevice(d, list.Member)
	}
	return out, nil
}

func wireMemberDevice(d provisioning.MemberDevice, m customer.Member) memberDeviceWire {
	owner := customer.Member{ID: d.Owner, Kind: d.OwnerKind, FirstName: d.OwnerFirstName, LastName: d.OwnerLastName}
	w := memberDeviceWire{
		ID: encodeID(kindCallingDevice, d.ID), Description: d.Tags, Model: d.Model, ModelType: modelType(d.Model), IPAddress: d.IP, PrimaryOwner: d.Primary,
		Type: lineShared, ActivationState: string(d.Activation.State),
		Owner: ownerWire{ID: memberID(owner), Type: string(owner.Kind), FirstName: owner.FirstName, LastName: lastName(owner)},
	}
	if w.Description == nil {
		w.Description = []string{}
	}
	if d.HasMAC() {
		w.MAC = d.MAC.String()
	}
	if d.Primary {
		h := m.Settings.Hoteling
		w.Type, w.Hoteling = linePrimary, hostWire{Enabled: h.Enabled, LimitGuestUse: h.LimitGuestUse, GuestHoursLimit: h.GuestHours}
	}
	return w
}
