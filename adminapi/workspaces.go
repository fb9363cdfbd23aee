package adminapi

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/provisioning"
)

// WorkspacesAndLines is what the door asks to change workspaces and virtual lines; people.Service is one.
type WorkspacesAndLines interface {
	AddWorkspace(ctx context.Context, actor customer.Actor, tenant customer.Tenant, in customer.WorkspaceFields) (customer.Workspace, error)
	ChangeWorkspace(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id customer.WorkspaceID, in customer.WorkspaceFields) (customer.Workspace, error)
	RemoveWorkspace(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id customer.WorkspaceID) error
	AddVirtualLine(ctx context.Context, actor customer.Actor, tenant customer.Tenant, in customer.VirtualLineFields) (customer.VirtualLine, error)
	ChangeVirtualLine(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id customer.VirtualLineID, in customer.VirtualLineFields) (customer.VirtualLine, error)
	RemoveVirtualLine(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id customer.VirtualLineID) error
}

// workspaceSpelling is how the wire calls what people have too.
func workspaceSpelling() spelling {
	const calling = "calling.webexCalling"
	return spelling{
		"provisioningParameters.extension", calling + ".extension", "provisioningParameters.primaryPhoneNumber", calling + ".phoneNumber",
		"provisioningParameters.locationId", calling + ".locationId", "provisioningParameters", calling, "primaryPhoneNumber", "phoneNumber",
	}
}

// WorkspaceBody is a workspace that is to be, on the wire.
type WorkspaceBody struct {
	DisplayName         string                `json:"displayName" example:"SFO-12 Capanina"`
	LocationID          string                `json:"locationId" doc:"Where it is; can't be changed once it is known"`
	WorkspaceLocationID string                `json:"workspaceLocationId" doc:"The same as locationId, for older clients"`
	FloorID             string                `json:"floorId"`
	Capacity            *whole                `json:"capacity" doc:"People; 0 or more. Absent: none"`
	Type                string                `json:"type" doc:"notSet (default), focus, huddle, meetingRoom, open, desk or other"`
	SIPAddress          string                `json:"sipAddress" doc:"With thirdPartySipCalling alone"`
	Calling             *workspaceCallingBody `json:"calling" doc:"Absent: as it is; freeCalling for a new one"`
	Calendar            *calendarWire         `json:"calendar"`
	Notes               string                `json:"notes"`
	HotDeskingStatus    string                `json:"hotdeskingStatus" doc:"on or off"`
	SupportedDevices    string                `json:"supportedDevices" doc:"collaborationDevices (default) or phones; can't be changed"`
	HostedMeetings      *hostedMeetingsWire   `json:"deviceHostedMeetings"`
	IndoorNavigation    *indoorNavigationWire `json:"indoorNavigation" doc:"Without a url: none"`
}

type workspaceCallingBody struct {
	Type         string `json:"type" doc:"freeCalling, hybridCalling, webexCalling, webexEdgeForDevices, thirdPartySipCalling or none"`
	WebexCalling struct {
		PhoneNumber string   `json:"phoneNumber"`
		Extension   digits   `json:"extension"`
		LocationID  string   `json:"locationId"`
		Licenses    []string `json:"licenses" doc:"The first that can be assigned is taken; absent: the one at hand, else any that suits"`
	} `json:"webexCalling"`
}

type calendarWire struct {
	Type            string `json:"type"`
	EmailAddress    string `json:"emailAddress,omitempty"`
	ResourceGroupID string `json:"resourceGroupId,omitempty"`
}

type hostedMeetingsWire struct {
	Enabled truth  `json:"enabled"`
	SiteURL string `json:"siteUrl,omitempty"`
}

type indoorNavigationWire struct {
	URL string `json:"url,omitempty"`
}

// workspaceFields reads a body; the tenant says whose licences its ids may name.
func (s *Server) workspaceFields(ctx context.Context, tenant customer.Tenant, b WorkspaceBody) (customer.WorkspaceFields, error) {
	f := customer.WorkspaceFields{
		Name: b.DisplayName, Floor: b.FloorID, Type: customer.WorkspaceType(b.Type), Notes: b.Notes, Devices: customer.DeviceClass(b.SupportedDevices),
	}
	if b.Capacity != nil {
		people := int(*b.Capacity)
		f.Capacity = &people
	}
	var err error
	if f.Place, err = eitherID[customer.LocationID]("locationId", b.LocationID, "workspaceLocationId", b.WorkspaceLocationID); err != nil {
		return f, err
	}
	status, err := wordOf("hotdeskingStatus", b.HotDeskingStatus, []string{"on", "off"})
	if err != nil {
		return f, err
	}
	if status != "" {
		on := status == "on"
		f.HotDesking = &on
	}
	if b.Calendar != nil {
		f.Calendar = &customer.Calendar{Type: customer.CalendarType(b.Calendar.Type), Email: b.Calendar.EmailAddress, ResourceGroup: b.Calendar.ResourceGroupID}
	}
	if b.HostedMeetings != nil {
		f.HostedMeetings = &customer.HostedMeetings{Enabled: bool(b.HostedMeetings.Enabled), SiteURL: b.HostedMeetings.SiteURL}
	}
	if b.IndoorNavigation != nil {
		f.MapURL = &b.IndoorNavigation.URL
	}
	f.Calling, err = s.workspaceCalling(ctx, tenant, b)
	return f, err
}

// eitherID reads an id that has two names; both may be given if they say the same.
func eitherID[T ~string](field, text, other, otherText string) (T, error) {
	first, err := fieldID[T](field, text)
	if err != nil {
		return "", err
	}
	second, err := fieldID[T](other, otherText)
	switch {
	case err != nil:
		return "", err
	case first == "":
		return second, nil
	case second != "" && second != first:
		return "", fault.InvalidField(other, "is another than %s: give one of them", field)
	}
	return first, nil
}

func (s *Server) workspaceCalling(ctx context.Context, tenant customer.Tenant, b WorkspaceBody) (*customer.WorkspaceCalling, error) {
	if b.Calling == nil {
		if b.SIPAddress != "" {
			return nil, fault.InvalidField("sipAddress", "needs a calling type of thirdPartySipCalling")
		}
		return nil, nil //nolint:nilnil // nothing is to change
	}
	webex := b.Calling.WebexCalling
	location, err := fieldID[customer.LocationID]("calling.webexCalling.locationId", webex.LocationID)
	if err != nil {
		return nil, err
	}
	packages, err := s.licensed(ctx, tenant, "calling.webexCalling.licenses", webex.Licenses)
	return &customer.WorkspaceCalling{
		Type: customer.CallingType(b.Calling.Type), SIPAddress: b.SIPAddress, Packages: packages,
		CallingIdentity: customer.CallingIdentity{Number: webex.PhoneNumber, Extension: string(webex.Extension), Location: location},
	}, err
}

// licensed returns the packages that ids of the customer's licences name. Some clients put all ids into one text, with commas.
func (s *Server) licensed(ctx context.Context, tenant customer.Tenant, field string, ids []string) ([]customer.Package, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	c, err := s.Customers.CustomerOf(ctx, tenant)
	if err != nil {
		return nil, err
	}
	var out []customer.Package
	for _, id := range strings.Split(strings.Join(ids, ","), ",") {
		_, key, _ := decodeLicenseID(id)
		p, ok := licenseOf(c, key)
		if !ok {
			return nil, fault.InvalidField(field, "names no license of this customer; it is %.40q", id).WithCode(fault.CodeUnknown)
		}
		out = append(out, p)
	}
	return out, nil
}

type newWorkspaceInput struct {
	InOrg
	Body struct {
		WorkspaceBody
		OrgID string `json:"orgId" doc:"Needed of a partner; orgId in the query does as well"`
	}
}

// WorkspaceInput names a workspace.
type WorkspaceInput struct {
	InOrg
	ID string `path:"workspaceId"`
}

type workspaceInput struct {
	WorkspaceInput
	ShownInput
}

// ShownInput says what is shown beside a workspace.
type ShownInput struct {
	Devices      bool `query:"includeDevices" doc:"Show its devices too, 100 at most"`
	Capabilities bool `query:"includeCapabilities" doc:"Show what its devices can sense too: nothing is known of that"`
}

type changedWorkspaceInput struct {
	WorkspaceInput
	Body WorkspaceBody
}

type workspaceOutput struct{ Body workspaceWire }

// workspace reads whose rows are meant, and which workspace.
func (s *Server) workspace(ctx context.Context, in WorkspaceInput) (customer.Tenant, customer.WorkspaceID, error) {
	return named[customer.WorkspaceID](ctx, s, in.InOrg, "workspace", in.ID)
}

func (s *Server) workspaceRoutes() {
	const all, one = "/v1/workspaces", "/v1/workspaces/{workspaceId}"
	route(s, operation{"createWorkspace", http.MethodPost, all, "Create a workspace", http.StatusCreated, customer.ScopeWorkspacesWrite}, s.createWorkspace)
	route(s, operation{"listWorkspaces", http.MethodGet, all, "List workspaces", 0, customer.ScopeWorkspacesRead}, s.listWorkspaces)
	route(s, operation{"getWorkspace", http.MethodGet, one, "Get a workspace", 0, customer.ScopeWorkspacesRead},
		func(ctx context.Context, in *workspaceInput) (*workspaceOutput, error) {
			tenant, id, err := s.workspace(ctx, in.WorkspaceInput)
			if err != nil {
				return nil, err
			}
			w, err := s.Customers.Workspace(ctx, tenant, id)
			if err != nil {
				return nil, err
			}
			return s.workspaceOutput(ctx, w, in.ShownInput)
		})
	route(s, operation{"updateWorkspace", http.MethodPut, one, "Change a workspace; without capacity, type and notes it has none", 0, customer.ScopeWorkspacesWrite}, s.changeWorkspace)
	route(s, operation{"deleteWorkspace", http.MethodDelete, one, "Delete a workspace with its devices", http.StatusNoContent, customer.ScopeWorkspacesWrite},
		func(ctx context.Context, in *WorkspaceInput) (*struct{}, error) {
			tenant, id, err := s.workspace(ctx, *in)
			if err != nil {
				return nil, err
			}
			return nil, s.People.RemoveWorkspace(ctx, actorOf(ctx), tenant, id)
		})
}

func (s *Server) createWorkspace(ctx context.Context, in *newWorkspaceInput) (*workspaceOutput, error) {
	if in.Body.OrgID != "" {
		in.OrgID = in.Body.OrgID
	}
	tenant, err := s.tenant(ctx, in.InOrg)
	if err != nil {
		return nil, err
	}
	fields, err := s.workspaceFields(ctx, tenant, in.Body.WorkspaceBody)
	if err != nil {
		return nil, err
	}
	w, err := s.People.AddWorkspace(ctx, actorOf(ctx), tenant, fields)
	if err != nil {
		return nil, workspaceSpelling().of(err)
	}
	return s.workspaceOutput(ctx, w, ShownInput{})
}

func (s *Server) changeWorkspace(ctx context.Context, in *changedWorkspaceInput) (*workspaceOutput, error) {
	tenant, id, err := s.workspace(ctx, in.WorkspaceInput)
	if err != nil {
		return nil, err
	}
	known, err := s.Customers.Workspace(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	fields, err := s.workspaceFields(ctx, known.Tenant(), in.Body)
	if err != nil {
		return nil, err
	}
	w, err := s.People.ChangeWorkspace(ctx, actorOf(ctx), known.Tenant(), id, fields)
	if err != nil {
		return nil, workspaceSpelling().of(err)
	}
	return s.workspaceOutput(ctx, w, ShownInput{})
}

type workspacesInput struct {
	Paging
	InOrg
	ShownInput
	LocationID          string `query:"locationId"`
	WorkspaceLocationID string `query:"workspaceLocationId" doc:"The same as locationId, for older clients"`
	FloorID             string `query:"floorId"`
	DisplayName         string `query:"displayName" doc:"Part of the name"`
	Capacity            string `query:"capacity" doc:"-1: those without"`
	Type                string `query:"type"`
	Calling             string `query:"calling"`
	SupportedDevices    string `query:"supportedDevices"`
	Calendar            string `query:"calendar"`
	HostedMeetings      string `query:"deviceHostedMeetingsEnabled"`
	DevicePlatform      string `query:"devicePlatform" doc:"All are cisco"`
	HealthLevel         string `query:"healthLevel" doc:"All are ok: no workspace is diagnosed"`
	PlannedMaintenance  string `query:"plannedMaintenance" doc:"All are off"`
	CustomAttribute     string `query:"customAttribute" doc:"None has any"`
}

func (in *workspacesInput) filter() (customer.WorkspaceFilter, error) {
	f := customer.WorkspaceFilter{Name: in.DisplayName, Floor: in.FloorID}
	var err error
	if f.Place, err = eitherID[customer.LocationID]("locationId", in.LocationID, "workspaceLocationId", in.WorkspaceLocationID); err != nil {
		return f, err
	}
	if in.Capacity != "" {
		n, err := strconv.Atoi(in.Capacity)
		if err != nil || n < customer.NoCapacity {
			return f, fault.InvalidField("capacity", "must be a whole number from -1; it is %.40q", in.Capacity)
		}
		f.Capacity = &n
	}
	if f.Type, err = wordOf("type", in.Type, customer.WorkspaceTypes()); err != nil {
		return f, err
	}
	if f.Calling, err = wordOf("calling", in.Calling, customer.CallingTypes()); err != nil {
		return f, err
	}
	if f.Devices, err = wordOf("supportedDevices", in.SupportedDevices, []customer.DeviceClass{customer.CollaborationDevices, customer.Phones}); err != nil {
		return f, err
	}
	if f.Calendar, err = wordOf("calendar", in.Calendar, customer.CalendarTypes()); err != nil {
		return f, err
	}
	f.HostedMeetings, err = yesOrNo("deviceHostedMeetingsEnabled", in.HostedMeetings)
	return f, err
}

// none reports whether the query asks for what no workspace has: all of them are of one platform, in order, and without plans and attributes.
func (in *workspacesInput) none() (bool, error) {
	platform, err := wordOf("devicePlatform", in.DevicePlatform, []string{"cisco", "microsoftTeamsRoom"})
	if err != nil {
		return false, err
	}
	health, err := wordOf("healthLevel", in.HealthLevel, []string{"error", "warning", "info", "ok"})
	if err != nil {
		return false, err
	}
	maintenance, err := wordOf("plannedMaintenance", in.PlannedMaintenance, []string{"off", "on", "upcoming"})
	usual := (platform == "" || platform == "cisco") && (health == "" || health == "ok") && (maintenance == "" || maintenance == "off")
	return !usual || in.CustomAttribute != "", err
}

func (s *Server) listWorkspaces(ctx context.Context, in *workspacesInput) (*listed[workspaceWire], error) {
	page, tenant, err := s.window(ctx, &in.Paging, in.InOrg)
	if err != nil {
		return nil, err
	}
	filter, err := in.filter()
	if err != nil {
		return nil, err
	}
	none, err := in.none()
	if err != nil {
		return nil, err
	}
	var list []customer.Workspace
	more := false
	if !none {
		if list, more, err = s.Customers.Workspaces(ctx, tenant, filter, page); err != nil {
			return nil, err
		}
	}
	shown, err := s.shownWith(ctx, list, in.ShownInput)
	return answerLong(&in.Paging, page, list, more, shown.wire, func(w customer.Workspace) customer.Cursor {
		return customer.Cursor{At: w.Created, ID: string(w.ID)}
	}), err
}

func (s *Server) workspaceOutput(ctx context.Context, w customer.Workspace, in ShownInput) (*workspaceOutput, error) {
	shown, err := s.shownWith(ctx, []customer.Workspace{w}, in)
	return &workspaceOutput{shown.wire(w)}, err
}

// shownWorkspaces is what a page of workspaces is shown with.
type shownWorkspaces struct {
	ShownInput
	licenses map[customer.WorkspaceID]string
	devices  map[customer.WorkspaceID][]deviceWire
}

func (s *Server) shownWith(ctx context.Context, list []customer.Workspace, in ShownInput) (shownWorkspaces, error) {
	out := shownWorkspaces{ShownInput: in, licenses: map[customer.WorkspaceID]string{}, devices: map[customer.WorkspaceID][]deviceWire{}}
	owners := customersByOrg{server: s}
	for _, w := range list {
		if w.Package != "" {
			c, err := owners.of(ctx, w.Tenant())
			if err != nil {
				return out, err
			}
			out.licenses[w.ID] = licenseID(c, w.Package)
		}
		if !in.Devices {
			continue
		}
		devices, _, err := s.Devices.Devices(ctx, w.Tenant(), provisioning.DeviceFilter{Owner: w.Member().ID}, customer.Page{Max: mostMax})
		if err != nil {
			return out, err
		}
		out.devices[w.ID] = make([]deviceWire, len(devices))
		for i, d := range devices {
			out.devices[w.ID][i] = wireDevice(d)
		}
	}
	return out, nil
}

// customersByOrg finds the customers of a page of things, each once.
type customersByOrg struct {
	server *Server
	known  map[customer.OrgID]customer.Customer
}

func (b *customersByOrg) of(ctx context.Context, tenant customer.Tenant) (customer.Customer, error) {
	if c, ok := b.known[tenant.Customer]; ok {
		return c, nil
	}
	c, err := b.server.Customers.CustomerOf(ctx, tenant)
	if err != nil && !fault.Is(err, fault.NotFound) { // an organisation that nobody serves any more has no licences
		return c, err
	}
	if b.known == nil {
		b.known = map[customer.OrgID]customer.Customer{}
	}
	b.known[tenant.Customer] = c
	return c, nil
}
