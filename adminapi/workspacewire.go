package adminapi

import (
	"dialtone/customer"
)

// workspaceWire is a workspace on the wire.
type workspaceWire struct {
	ID                  string                 `json:"id"`
	OrgID               string                 `json:"orgId"`
	LocationID          string                 `json:"locationId,omitempty"`
	WorkspaceLocationID string                 `json:"workspaceLocationId,omitempty" doc:"The same as locationId, for older clients"`
	FloorID             string                 `json:"floorId,omitempty"`
	DisplayName         string                 `json:"displayName"`
	Capacity            *int                   `json:"capacity,omitempty"`
	Type                string                 `json:"type"`
	SIPAddress          string                 `json:"sipAddress,omitempty"`
	Created             string                 `json:"created"`
	Calling             workspaceCallingWire   `json:"calling"`
	Calendar            calendarWire           `json:"calendar"`
	Notes               string                 `json:"notes,omitempty"`
	HotDeskingStatus    string                 `json:"hotdeskingStatus"`
	SupportedDevices    string                 `json:"supportedDevices"`
	HostedMeetings      hostedMeetingsWire     `json:"deviceHostedMeetings"`
	DevicePlatform      string                 `json:"devicePlatform"`
	IndoorNavigation    *indoorNavigationWire  `json:"indoorNavigation,omitempty"`
	Health              healthWire             `json:"health"`
	PlannedMaintenance  maintenanceWire        `json:"plannedMaintenance"`
	Devices             *[]deviceWire          `json:"devices,omitempty" doc:"Only if asked for"`
	Capabilities        *workspaceCapabilities `json:"capabilities,omitempty" doc:"Only if asked for"`
}

type workspaceCallingWire struct {
	Type         string            `json:"type"`
	WebexCalling *webexCallingWire `json:"webexCalling,omitempty" doc:"With webexCalling alone"`
}

type webexCallingWire struct {
	PhoneNumber string   `json:"phoneNumber,omitempty"`
	Extension   string   `json:"extension,omitempty"`
	LocationID  string   `json:"locationId"`
	Licenses    []string `json:"licenses"`
}

// healthWire says how a workspace is. No workspace is diagnosed, so that none has issues.
type healthWire struct {
	Level  string     `json:"level"`
	Issues []struct{} `json:"issues"`
}

type maintenanceWire struct {
	Mode string `json:"mode"`
}

// capability says whether the devices of a workspace can sense something.
type capability struct {
	Supported  bool `json:"supported"`
	Configured bool `json:"configured"`
}

// workspaceCapabilities are those of phones: none.
type workspaceCapabilities struct {
	OccupancyDetection capability `json:"occupancyDetection"`
	PresenceDetection  capability `json:"presenceDetection"`
	AmbientNoise       capability `json:"ambientNoise"`
	SoundLevel         capability `json:"soundLevel"`
	Temperature        capability `json:"temperature"`
	AirQuality         capability `json:"airQuality"`
	RelativeHumidity   capability `json:"relativeHumidity"`
}

// wire writes a workspace with what is shown beside it.
func (shown shownWorkspaces) wire(w customer.Workspace) workspaceWire {
	out := workspaceWire{
		ID: encodeID(kindWorkspace, w.ID), OrgID: encodeID(kindOrganization, w.Org), LocationID: encodeID(kindLocation, w.Place), FloorID: w.Floor,
		DisplayName: w.Name, Type: string(w.Type), SIPAddress: w.SIPAddress, Created: timestamp(w.Created), Calling: workspaceCallingWire{Type: string(w.Calling)},
		Calendar: calendarWire{string(w.Calendar.Type), w.Calendar.Email, w.Calendar.ResourceGroup}, Notes: w.Notes, HotDeskingStatus: "off",
		SupportedDevices: string(w.Devices), HostedMeetings: hostedMeetingsWire{truth(w.HostedMeetings.Enabled), w.HostedMeetings.SiteURL}, DevicePlatform: "cisco",
		Health: healthWire{Level: "ok", Issues: []struct{}{}}, PlannedMaintenance: maintenanceWire{"off"},
	}
	out.WorkspaceLocationID = out.LocationID
	if w.Capacity != customer.NoCapacity {
		out.Capacity = &w.Capacity
	}
	if w.HotDesking {
		out.HotDeskingStatus = "on"
	}
	if w.MapURL != "" {
		out.IndoorNavigation = &indoorNavigationWire{w.MapURL}
	}
	if w.Calling == customer.CallingWebex {
		out.Calling.WebexCalling = &webexCallingWire{w.Number, w.Extension, encodeID(kindLocation, w.Location), []string{shown.licenses[w.ID]}}
	}
	if shown.Devices {
		devices := shown.devices[w.ID]
		out.Devices = &devices
	}
	if shown.Capabilities {
		out.Capabilities = &workspaceCapabilities{}
	}
	return out
}
