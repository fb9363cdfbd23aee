package adminapi

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/provisioning"
	"dialtone/secret"
)

// deviceWire is a device on the wire.
type deviceWire struct {
	ID               string   `json:"id"`
	CallingDeviceID  string   `json:"callingDeviceId"`
	WebexDeviceID    string   `json:"webexDeviceId"`
	DisplayName      string   `json:"displayName"`
	PersonID         string   `json:"personId,omitempty"`
	WorkspaceID      string   `json:"workspaceId,omitempty"`
	PlaceID          string   `json:"placeId,omitempty" doc:"The same as workspaceId"`
	OrgID            string   `json:"orgId"`
	LocationID       string   `json:"locationId,omitempty"`
	ConnectionStatus string   `json:"connectionStatus" doc:"connected: registered now; disconnected: was there before; activating: waits for a phone with its code; unknown: not seen yet"`
	Product          string   `json:"product"`
	Type             string   `json:"type"`
	Manufacturer     string   `json:"manufacturer"`
	ManagedBy        string   `json:"managedBy"`
	DevicePlatform   string   `json:"devicePlatform"`
	Tags             []string `json:"tags"`
	IP               string   `json:"ip,omitempty" doc:"Where it registered from"`
	MAC              string   `json:"mac,omitempty"`
	Created          string   `json:"created"`
	FirstSeen        string   `json:"firstSeen,omitempty"`
	LastSeen         string   `json:"lastSeen,omitempty"`
}

// What every device of ours is, in the wire's words.
const (
	devicePlatform = "cisco"
	deviceType     = "phone"
)

func wireDevice(d provisioning.DeviceView) deviceWire {
	model, _ := deviceprofiles.FindModel(d.Model)
	owner := customer.Member{FirstName: d.OwnerFirstName, LastName: d.OwnerLastName, Email: d.OwnerEmail}
	w := deviceWire{
		ID: encodeID(kindDevice, d.ID), CallingDeviceID: encodeID(kindCallingDevice, d.ID), WebexDeviceID: encodeID(kindDevice, d.ID),
		DisplayName: owner.DisplayName(), OrgID: encodeID(kindOrganization, d.Org), LocationID: encodeID(kindLocation, d.Location),
		ConnectionStatus: string(d.Status()), Product: model.DisplayName, Type: deviceType,
		Manufacturer: model.Manufacturer, ManagedBy: model.ManagedBy, DevicePlatform: devicePlatform, Tags: d.Tags, IP: d.IP,
		Created: timestamp(d.Created), FirstSeen: timestamp(d.FirstSeen), LastSeen: timestamp(d.LastSeen),
	}
	if d.HasMAC() {
		w.MAC = d.MAC.String()
	}
	if d.OwnerKind == customer.MemberPerson {
		w.PersonID = encodeID(kindPerson, d.Owner)
	} else {
		w.WorkspaceID = encodeID(kindWorkspace, d.Owner)
		w.PlaceID = w.WorkspaceID
	}
	if w.Tags == nil {
		w.Tags = []string{}
	}
	return w
}

// newDeviceBody names who is to own a device, and what it is.
type newDeviceBody struct {
	MAC         string `json:"mac" doc:"In any spelling" example:"805EC0AABBCC"`
	Model       string `json:"model" doc:"Wire name or display name" example:"Yealink T54W"`
	PersonID    string `json:"personId"`
	WorkspaceID string `json:"workspaceId"`
	Password    string `json:"password" doc:"SIP password; needed for models that nothing is served to, made for the others"`
}

func (b newDeviceBody) input() (provisioning.NewDevice, error) {
	in := provisioning.NewDevice{MAC: b.MAC, Model: b.Model, Password: secret.New(b.Password)}
	var err error
	if in.Person, err = fieldID[customer.PersonID]("personId", b.PersonID); err != nil {
		return in, err
	}
	in.Workspace, err = fieldID[customer.MemberID]("workspaceId", b.WorkspaceID)
	return in, err
}

type newDeviceInput struct {
	InOrg
	Body newDeviceBody
}

type deviceOutput struct{ Body deviceWire }

type devicesInput struct {
	Paging
	InOrg
	DisplayName         string   `query:"displayName" doc:"Part of the owner's name or of the model"`
	PersonID            string   `query:"personId"`
	WorkspaceID         string   `query:"workspaceId"`
	LocationID          string   `query:"locationId"`
	WorkspaceLocationID string   `query:"workspaceLocationId" doc:"The same as locationId"`
	MAC                 string   `query:"mac"`
	Product             string   `query:"product"`
	Type                string   `query:"type"`
	ConnectionStatus    string   `query:"connectionStatus"`
	Tag                 []string `query:"tag,explode" doc:"Devices that have all of these: several in one, with commas, or one after another"`
	Serial              string   `query:"serial" doc:"No device tells its serial number yet"`
	Software            string   `query:"software" doc:"No device tells its software yet"`
	UpgradeChannel      string   `query:"upgradeChannel" doc:"No device has one"`
	ErrorCode           string   `query:"errorCode" doc:"No device has one"`
	Capability          string   `query:"capability" doc:"No device has one"`
	Permission          string   `query:"permission" doc:"No device has one"`
	DevicePlatform      string   `query:"devicePlatform"`
	PlannedMaintenance  string   `query:"plannedMaintenance" doc:"off: all; on, upcoming: none"`
}

// checkWords refuses words that the wire doesn't know: the answer to them would read as if there were no such devices.
func (in *devicesInput) checkWords() error {
	for _, one := range []struct {
		field, word string
		known       []string
	}{
		{"connectionStatus", in.ConnectionStatus, []string{"connected", "disconnected", "connected_with_issues", "offline_expired", "activating", "unknown", "offline_deep_sleep", "pending"}},
		{"type", in.Type, []string{"roomdesk", deviceType, "accessory", "webexgo", "unknown"}},
		{"capability", in.Capability, []string{"xapi"}},
		{"devicePlatform", in.DevicePlatform, []string{devicePlatform, "microsoftTeamsRoom"}},
		{"plannedMaintenance", in.PlannedMaintenance, []string{"off", "on", "upcoming"}},
	} {
		if _, err := wordOf(one.field, one.word, one.known); err != nil {
			return err
		}
	}
	return nil
}

// finds reports whether some device can match what is asked of facts that are the same for all of them.
func (in *devicesInput) finds() bool {
	unknown := in.Serial + in.Software + in.UpgradeChannel + in.ErrorCode + in.Capability + in.Permission
	return unknown == "" && (in.Type == "" || in.Type == deviceType) && (in.DevicePlatform == "" || in.DevicePlatform == devicePlatform) &&
		(in.PlannedMaintenance == "" || in.PlannedMaintenance == "off")
}

// filter reads what is asked for; false when nothing can match.
func (in *devicesInput) filter() (provisioning.DeviceFilter, bool, error) {
	f := provisioning.DeviceFilter{DisplayName: in.DisplayName, Status: provisioning.ConnectionStatus(in.ConnectionStatus), Tags: in.tags()}
	if err := in.checkWords(); err != nil {
		return f, false, err
	}
	person, err := fieldID[customer.MemberID]("personId", in.PersonID)
	if err != nil {
		return f, false, err
	}
	workspace, err := fieldID[customer.MemberID]("workspaceId", in.WorkspaceID)
	if err != nil {
		return f, false, err
	}
	if f.Location, err = eitherID[customer.LocationID]("locationId", in.LocationID, "workspaceLocationId", in.WorkspaceLocationID); err != nil {
		return f, false, err
	}
	if in.MAC != "" {
		mac, err := deviceprofiles.ParseMAC(in.MAC)
		if err != nil {
			return f, false, err
		}
		f.MAC = &mac
	}
	if in.Product != "" {
		f.Models = modelsOf(in.Product)
	}
	f.Owner = cmp.Or(person, workspace)
	return f, in.finds() && (person == "" || workspace == ""), nil
}

// tags reads the tags that are asked for, of which commas part several.
func (in *devicesInput) tags() []string {
	var tags []string
	for _, list := range in.Tag {
		for tag := range strings.SplitSeq(list, ",") {
			if tag = strings.TrimSpace(tag); tag != "" {
				tags = append(tags, tag)
			}
		}
	}
	return tags
}

// modelsOf returns the models of a product: one for each way of managing it.
func modelsOf(product string) []string {
	asked, ok := deviceprofiles.FindModel(product)
	if !ok {
		return []string{product}
	}
	var out []string
	for _, m := range deviceprofiles.Models() {
		if m.Vendor == asked.Vendor && m.DisplayName == asked.DisplayName {
			out = append(out, m.Name)
		}
	}
	return out
}

// modelType is the wire's type of a model.
func modelType(name string) string {
	m, _ := deviceprofiles.FindModel(name)
	return m.Type
}

// DeviceInput names a device, by any of its ids.
type DeviceInput struct {
	InOrg
	ID string `path:"deviceId"`
}

// device reads whose rows are meant, and which device.
func (s *Server) device(ctx context.Context, in DeviceInput) (customer.Tenant, provisioning.DeviceID, error) {
	return named[provisioning.DeviceID](ctx, s, in.InOrg, "device", in.ID)
}

const devicesPath = "/v1/devices"

func (s *Server) deviceRoutes() {
	route(s, operation{"createDevice", http.MethodPost, devicesPath, "Create a device by its MAC address", 0, customer.ScopeDevicesWrite}, s.createDevice)
	route(s, operation{"listDevices", http.MethodGet, devicesPath, "List devices", 0, customer.ScopeDevicesRead}, s.listDevices)
	route(s, operation{"getDevice", http.MethodGet, devicesPath + "/{deviceId}", "Get a device", 0, customer.ScopeDevicesRead},
		func(ctx context.Context, in *DeviceInput) (*deviceOutput, error) {
			tenant, id, err := s.device(ctx, *in)
			if err != nil {
				return nil, err
			}
			d, err := s.Devices.Device(ctx, tenant, id)
			return &deviceOutput{wireDevice(d)}, err
		})
	route(s, operation{"deleteDevice", http.MethodDelete, devicesPath + "/{deviceId}", "Delete a device", http.StatusNoContent, customer.ScopeDevicesWrite},
		func(ctx context.Context, in *DeviceInput) (*struct{}, error) {
			tenant, id, err := s.device(ctx, *in)
			if err != nil {
				return nil, err
			}
			return nil, s.Devices.RemoveDevice(ctx, actorOf(ctx), tenant, id)
		})
	routeWith(s, operation{"modifyDeviceTags", http.MethodPatch, devicesPath + "/{deviceId}", "Change a device's tags by a JSON patch", 0, customer.ScopeDevicesWrite}, describePatch, s.patchDevice)
}

func (s *Server) createDevice(ctx context.Context, in *newDeviceInput) (*deviceOutput, error) {
	tenant, err := s.tenant(ctx, in.InOrg)
	if err != nil {
		return nil, err
	}
	device, err := in.Body.input()
	if err != nil {
		return nil, err
	}
	d, err := s.Devices.AddDevice(ctx, actorOf(ctx), tenant, device)
	return &deviceOutput{wireDevice(d)}, err
}

func (s *Server) listDevices(ctx context.Context, in *devicesInput) (*listed[deviceWire], error) {
	page, tenant, err := s.window(ctx, &in.Paging, in.InOrg)
	if err != nil {
		return nil, err
	}
	filter, some, err := in.filter()
	if err != nil {
		return nil, err
	}
	if !some {
		return answer(&in.Paging, page, []provisioning.DeviceView{}, false, wireDevice), nil
	}
	list, more, err := s.Devices.Devices(ctx, tenant, filter, page)
	return answerLong(&in.Paging, page, list, more, wireDevice, func(d provisioning.DeviceView) customer.Cursor {
		return customer.Cursor{At: d.Created, ID: string(d.ID)}
	}), err
}

type patchInput struct {
	DeviceInput
	ContentType string `header:"Content-Type" hidden:"true"`
	RawBody     []byte `contentType:"application/json-patch+json"`
}

// patchTypes are the media types of a JSON patch: the second is what some clients send.
func patchTypes() []string { return []string{"application/json-patch+json", "application/json"} }

// tagPatch is one operation of a JSON patch (RFC 6902), of which only tags can be the target.
type tagPatch struct {
	Op    string   `json:"op" doc:"add: behind those that there are; remove: all of them; replace: by these"`
	Path  string   `json:"path" doc:"tags"`
	Value []string `json:"value"`
}

// describePatch documents a body that the library leaves alone, as it would name no field: both content types, an object or a list of one.
func describePatch(o *huma.Operation) {
	one := &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{
		"op":    {Type: huma.TypeString, Enum: []any{"add", "remove", "replace"}},
		"path":  {Type: huma.TypeString, Description: "tags"},
		"value": {Type: huma.TypeArray, Items: &huma.Schema{Type: huma.TypeString}},
	}, Required: []string{"op", "path"}}
	body := &huma.MediaType{Schema: &huma.Schema{OneOf: []*huma.Schema{one, {Type: huma.TypeArray, Items: one}}}}
	o.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{}}
	for _, kind := range patchTypes() {
		o.RequestBody.Content[kind] = body
	}
	o.SkipValidateBody = true
}

func (s *Server) patchDevice(ctx context.Context, in *patchInput) (*deviceOutput, error) {
	tenant, id, err := s.device(ctx, in.DeviceInput)
	if err != nil {
		return nil, err
	}
	if kind, _, _ := mime.ParseMediaType(in.ContentType); kind != "" && !slices.Contains(patchTypes(), kind) {
		return nil, refusal(ctx, http.StatusUnsupportedMediaType, "Send the JSON patch as application/json-patch+json.")
	}
	patch, err := parsePatch(in.RawBody)
	if err != nil {
		return nil, err
	}
	d, err := s.Devices.ChangeTags(ctx, actorOf(ctx), tenant, id, provisioning.TagChange(patch.Op), patch.Value)
	return &deviceOutput{wireDevice(d)}, err
}

// parsePatch reads one operation: clients send it alone or as a list of one.
func parsePatch(body []byte) (tagPatch, error) {
	var list []tagPatch
	if !bytes.HasPrefix(bytes.TrimSpace(body), []byte("[")) {
		body = slices.Concat([]byte("["), body, []byte("]"))
	}
	err := json.Unmarshal(body, &list)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
		return tagPatch{}, fault.InvalidField(wrong.Field, "can't be a %s", wrong.Value)
	}
	if err != nil || !utf8.Valid(body) {
		return tagPatch{}, fault.New(fault.Invalid, "The body must be a JSON patch: {\"op\": \"add\", \"path\": \"tags\", \"value\": [\"lobby\"]}.")
	}
	if len(list) != 1 {
		return tagPatch{}, fault.New(fault.Invalid, "The JSON patch must hold one operation; it holds %d.", len(list))
	}
	if strings.TrimPrefix(list[0].Path, "/") != "tags" {
		return tagPatch{}, fault.InvalidField("path", "must be tags: nothing else of a device can be patched; it is %.40q", list[0].Path)
	}
	return list[0], nil
}
