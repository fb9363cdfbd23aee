package customer

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"
)

// WorkspaceID names a workspace. It is a MemberID too.
type WorkspaceID string

// WorkspaceType says what a workspace is for, in the wire's words.
type WorkspaceType string

// WorkspaceNotSet is the type of a workspace whose type nobody has told.
const WorkspaceNotSet WorkspaceType = "notSet"

// WorkspaceTypes returns every type.
func WorkspaceTypes() []WorkspaceType {
	return []WorkspaceType{WorkspaceNotSet, "focus", "huddle", "meetingRoom", "open", "desk", "other"}
}

// CallingType says how a workspace makes calls, in the wire's words.
type CallingType string

// The types of calling. All but WebexCalling are only kept: this platform has no part in them.
const (
	CallingFree       CallingType = "freeCalling"
	CallingHybrid     CallingType = "hybridCalling"
	CallingWebex      CallingType = "webexCalling" // by this platform, with a package
	CallingEdge       CallingType = "webexEdgeForDevices"
	CallingThirdParty CallingType = "thirdPartySipCalling"
	CallingNone       CallingType = "none"
)

// CallingTypes returns every type of calling.
func CallingTypes() []CallingType {
	return []CallingType{CallingFree, CallingHybrid, CallingWebex, CallingEdge, CallingThirdParty, CallingNone}
}

// CalendarType says whose calendar a workspace has, in the wire's words.
type CalendarType string

// CalendarNone is the type of no calendar.
const CalendarNone CalendarType = "none"

// CalendarTypes returns every type of calendar.
func CalendarTypes() []CalendarType { return []CalendarType{CalendarNone, "google", "microsoft"} }

// Calendar is the calendar of a workspace. It is kept, and nothing is booked in it.
type Calendar struct {
	Type          CalendarType
	Email         string // "" with CalendarNone
	ResourceGroup string // wire id; "" for none
}

// DeviceClass says which devices a workspace is made for, in the wire's words.
type DeviceClass string

// The classes of devices.
const (
	CollaborationDevices DeviceClass = "collaborationDevices"
	Phones               DeviceClass = "phones"
)

// HostedMeetings says whether the devices of a workspace host meetings, and at which site. It is kept, and has no effect.
type HostedMeetings struct {
	Enabled bool
	SiteURL string
}

// Workspace is a place with a phone or a device that belongs to nobody: a hall, a door, a meeting room.
type Workspace struct {
	ID       WorkspaceID
	Partner  OrgID
	Org      OrgID
	Name     string
	Place    LocationID // where it is; once known it stays. Empty if nobody told
	Floor    string     // wire id; "" if nobody told
	Capacity int        // people; NoCapacity if nobody told
	Type     WorkspaceType
	Notes    string

	Calling    CallingType
	SIPAddress string     // of a third party; with CallingThirdParty alone
	Package    Package    // with CallingWebex alone
	Location   LocationID // that its calling belongs to; empty unless CallingWebex
	Extension  string     // digits; unique in its location; "" if none
	Number     string     // E.164; "" if none

	Calendar       Calendar
	HotDesking     bool
	Devices        DeviceClass // stays
	HostedMeetings HostedMeetings
	MapURL         string // where it is to be found indoors; "" if nobody told
	Settings       DeviceSettings
	Created        time.Time
}

// NoCapacity is the capacity of a workspace whose capacity nobody has told, as the wire's filter has it.
const NoCapacity = -1

// Tenant returns whose workspace it is.
func (w Workspace) Tenant() Tenant { return Tenant{Partner: w.Partner, Customer: w.Org} }

// Member returns the workspace as lines and devices see it.
func (w Workspace) Member() Member {
	return Member{
		ID: MemberID(w.ID), Kind: MemberWorkspace, Partner: w.Partner, Org: w.Org, FirstName: w.Name,
		Location: w.Location, Extension: w.Extension, Number: w.Number, Settings: w.Settings, Created: w.Created,
	}
}

// WorkspaceFilter narrows a list of workspaces; empty fields don't. All match exactly but Name.
type WorkspaceFilter struct {
	Name           string // part of the name, without regard to case
	Place          LocationID
	Floor          string
	Capacity       *int // NoCapacity: those without; nil: any
	Type           WorkspaceType
	Calling        CallingType
	Devices        DeviceClass
	Calendar       CalendarType
	HostedMeetings *bool // nil: any
	Package        Package
	Licensed       bool // those with a package alone
}

// WorkspaceFields is the input of CreateWorkspace and ChangeWorkspace. What is empty or nil stays as it is, in a new workspace as it is by default;
// but for capacity, type and notes, which are replaced.
type WorkspaceFields struct {
	Name           string // 1 to 128 characters; needed for a new one
	Place          LocationID
	Floor          string // at most 256 characters; needs a place
	Capacity       *int   // 0 or more; nil: none
	Type           WorkspaceType
	Notes          string // at most 2000 characters
	Calling        *WorkspaceCalling
	Calendar       *Calendar
	HotDesking     *bool
	Devices        DeviceClass
	HostedMeetings *HostedMeetings
	MapURL         *string // "" takes it away
}

// WorkspaceCalling is how a workspace is to make calls.
type WorkspaceCalling struct {
	Type            CallingType
	CallingIdentity           // with CallingWebex: what is empty stays as it is
	Packages        []Package // with CallingWebex: the first that can be assigned is taken; nil: the one at hand, else any
	SIPAddress      string    // with CallingThirdParty
}

// changed checks the form of what doesn't concern calling, and returns the workspace as it is to be.
func (w Workspace) changed(p *problems, in WorkspaceFields) Workspace {
	w.Name = cmp.Or(p.optionalText("displayName", in.Name, 128), w.Name)
	if w.Name == "" {
		p.missing("displayName", "is needed")
	}
	w = w.placed(p, in)
	w.Capacity, w.Type, w.Notes = p.capacity(in.Capacity), p.workspaceType(in.Type), p.optionalText("notes", in.Notes, 2000)
	if in.Calendar != nil {
		w.Calendar = p.calendar(*in.Calendar, w.Calendar)
	}
	if in.HotDesking != nil {
		w.HotDesking = *in.HotDesking
	}
	if in.HostedMeetings != nil {
		w.HostedMeetings = HostedMeetings{in.HostedMeetings.Enabled, p.optionalText("deviceHostedMeetings.siteUrl", in.HostedMeetings.SiteURL, 256)}
		if w.HostedMeetings.Enabled && w.HostedMeetings.SiteURL == "" {
			p.missing("deviceHostedMeetings.siteUrl", "is needed for devices that host meetings")
		}
	}
	if in.MapURL != nil {
		w.MapURL = p.webAddress("indoorNavigation.url", *in.MapURL)
	}
	return w
}

// placed checks where a workspace is, and what it is made for: neither changes.
func (w Workspace) placed(p *problems, in WorkspaceFields) Workspace {
	switch {
	case w.Place != "" && in.Place != "" && in.Place != w.Place:
		p.add("locationId", "can't be changed: a workspace stays where it is. Create another one there")
	case in.Place != "":
		w.Place = in.Place
	}
	w.Floor = cmp.Or(p.optionalText("floorId", in.Floor, 256), w.Floor)
	if w.Floor != "" && w.Place == "" {
		p.missing("locationId", "is needed with floorId")
	}
	switch {
	case in.Devices == "":
	case in.Devices != CollaborationDevices && in.Devices != Phones:
		p.reject("supportedDevices", string(in.Devices), "must be collaborationDevices or phones")
	case w.Devices != "" && w.Devices != in.Devices:
		p.add("supportedDevices", "can't be changed: it is %s. Create another workspace", w.Devices)
	default:
		w.Devices = in.Devices
	}
	if w.Devices == "" {
		w.Devices = CollaborationDevices
	}
	return w
}

func (p *problems) capacity(value *int) int {
	if value == nil {
		return NoCapacity
	}
	if *value < 0 || *value > 1_000_000 {
		p.add("capacity", "must be 0 to 1000000; it is %d", *value)
	}
	return *value
}

func (p *problems) workspaceType(value WorkspaceType) WorkspaceType {
	if value == "" {
		return WorkspaceNotSet
	}
	if !slices.Contains(WorkspaceTypes(), value) {
		p.reject("type", string(value), "must be notSet, focus, huddle, meetingRoom, open, desk or other")
	}
	return value
}

// calendar reads a calendar. An empty one changes nothing.
func (p *problems) calendar(in, before Calendar) Calendar {
	switch {
	case in == Calendar{}:
		return before
	case in.Type == CalendarNone:
		return Calendar{Type: CalendarNone}
	case !slices.Contains(CalendarTypes(), in.Type):
		p.reject("calendar.type", string(in.Type), "must be none, google or microsoft")
	}
	return Calendar{in.Type, p.email("calendar.emailAddress", in.Email), p.optionalText("calendar.resourceGroupId", in.ResourceGroup, 256)}
}

// webAddress reads an address of the web; "" stays "".
func (p *problems) webAddress(field, value string) string {
	value = p.optionalText(field, value, 2048)
	if value == "" {
		return ""
	}
	if u, err := url.Parse(value); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		p.reject(field, value, "must be an address of the web, such as https://maps.example.com/hall")
	}
	return value
}

// sipAddress reads the address of a third party's calling.
func (p *problems) sipAddress(field, value string) string {
	value = strings.TrimPrefix(p.text(field, value, 256), "sip:")
	user, host, ok := strings.Cut(value, "@")
	if value != "" && (!ok || user == "" || host == "" || strings.ContainsAny(value, " <>\"")) {
		p.reject(field, value, "must be a SIP address such as hall@example.com")
	}
	return value
}
