package adminapi

import (
	"context"
	"net/http"

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
	PersonID         string   `json:"personId"`
	OrgID            string   `json:"orgId"`
	LocationID       string   `json:"locationId,omitempty"`
	ConnectionStatus string   `json:"connectionStatus" doc:"connected: registered now; disconnected: was there before; activating: waits for the phone that brings its code; unknown: not seen yet"`
	Product          string   `json:"product"`
	Type             string   `json:"type"`
	Manufacturer     string   `json:"manufacturer"`
	ManagedBy        string   `json:"managedBy"`
	DevicePlatform   string   `json:"devicePlatform"`
	Tags             []string `json:"tags"`
	MAC              string   `json:"mac,omitempty" doc:"Absent until a phone has come with the activation code"`
	Created          string   `json:"created"`
	FirstSeen        string   `json:"firstSeen,omitempty"`
	LastSeen         string   `json:"lastSeen,omitempty"`
}

func wireDevice(d provisioning.DeviceView) deviceWire {
	model, _ := deviceprofiles.FindModel(d.Model)
	person := customer.Person{FirstName: d.OwnerFirstName, LastName: d.OwnerLastName, Email: d.OwnerEmail}
	w := deviceWire{
		ID: encodeID(kindDevice, d.ID), CallingDeviceID: encodeID(kindCallingDevice, d.ID), WebexDeviceID: encodeID(kindDevice, d.ID),
		DisplayName: person.DisplayName(), PersonID: encodeID(kindPerson, d.Owner), OrgID: encodeID(kindOrganization, d.Org),
		LocationID: encodeID(kindLocation, d.Location), ConnectionStatus: "unknown", Product: model.DisplayName, Type: "phone",
		Manufacturer: model.Manufacturer, ManagedBy: model.ManagedBy, DevicePlatform: "cisco", Tags: d.Tags, MAC: wireMAC(d.Device),
		Created: timestamp(d.Created), FirstSeen: timestamp(d.FirstSeen), LastSeen: timestamp(d.LastSeen),
	}
	if w.Tags == nil {
		w.Tags = []string{}
	}
	switch {
	case d.Activation.State == provisioning.ActivationWaiting:
		w.ConnectionStatus = "activating"
	case d.Registered:
		w.ConnectionStatus = "connected"
	case !d.FirstSeen.IsZero():
		w.ConnectionStatus = "disconnected"
	}
	return w
}

// wireMAC writes a device's address; "" until it is known.
func wireMAC(d provisioning.Device) string {
	if !d.HasMAC() {
		return ""
	}
	return d.MAC.String()
}

type newDeviceInput struct {
	InOrg
	Body struct {
		MAC         string `json:"mac" doc:"In any spelling" example:"805EC0AABBCC"`
		Model       string `json:"model" doc:"Wire name or display name" example:"Yealink T54W"`
		PersonID    string `json:"personId"`
		WorkspaceID string `json:"workspaceId"`
		Password    string `json:"password" doc:"SIP password; needed for models that nothing is served to, made for the others"`
	}
}

type deviceOutput struct{ Body deviceWire }

type devicesInput struct {
	Paging
	InOrg
	DisplayName string `query:"displayName" doc:"Part of the owner's name or of the model"`
	PersonID    string `query:"personId"`
	LocationID  string `query:"locationId"`
	MAC         string `query:"mac"`
	Product     string `query:"product"`
}

func (in *devicesInput) filter() (provisioning.DeviceFilter, error) {
	var f provisioning.DeviceFilter
	var err error
	if f.Owner, err = fieldID[customer.MemberID]("personId", in.PersonID); err != nil {
		return f, err
	}
	if f.Location, err = fieldID[customer.LocationID]("locationId", in.LocationID); err != nil {
		return f, err
	}
	if in.MAC != "" {
		mac, err := deviceprofiles.ParseMAC(in.MAC)
		if err != nil {
			return f, err
		}
		f.MAC = &mac
	}
	if in.Product != "" {
		f.Model = in.Product
		if m, ok := deviceprofiles.FindModel(in.Product); ok {
			f.Model = m.Name
		}
	}
	f.DisplayName = in.DisplayName
	return f, nil
}

// DeviceInput names a device, by any of its ids.
type DeviceInput struct {
	InOrg
	ID string `path:"deviceId"`
}

// device reads whose rows are meant, and which device.
func (s *Server) device(ctx context.Context, in DeviceInput) (customer.Tenant, provisioning.DeviceID, error) {
	tenant, err := s.tenant(ctx, in.InOrg)
	if err != nil {
		return tenant, "", err
	}
	id, err := pathID[provisioning.DeviceID]("device", in.ID)
	return tenant, id, err
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
}

func (s *Server) createDevice(ctx context.Context, in *newDeviceInput) (*deviceOutput, error) {
	tenant, err := s.tenant(ctx, in.InOrg)
	if err != nil {
		return nil, err
	}
	person, err := fieldID[customer.PersonID]("personId", in.Body.PersonID)
	if err != nil {
		return nil, err
	}
	workspace, err := fieldID[customer.MemberID]("workspaceId", in.Body.WorkspaceID)
	if err != nil {
		return nil, err
	}
	d, err := s.Devices.AddDevice(ctx, actorOf(ctx), tenant, provisioning.NewDevice{
		MAC: in.Body.MAC, Model: in.Body.Model, Person: person, Workspace: workspace, Password: secret.New(in.Body.Password),
	})
	return &deviceOutput{wireDevice(d)}, err
}

func (s *Server) listDevices(ctx context.Context, in *devicesInput) (*listed[deviceWire], error) {
	page, err := in.page()
	if err != nil {
		return nil, err
	}
	tenant, err := s.tenant(ctx, in.InOrg)
	if err != nil {
		return nil, err
	}
	filter, err := in.filter()
	if err != nil {
		return nil, err
	}
	list, more, err := s.Devices.Devices(ctx, tenant, filter, page)
	return answerLong(&in.Paging, page, list, more, wireDevice, func(d provisioning.DeviceView) customer.Cursor {
		return customer.Cursor{At: d.Created, ID: string(d.ID)}
	}), err
}

// detailsWire is a device's SIP identity on the wire.
type detailsWire struct {
	ID                    string   `json:"id"`
	Manufacturer          string   `json:"manufacturer"`
	ManagedBy             string   `json:"managedBy"`
	IP                    string   `json:"ip"`
	MAC                   string   `json:"mac,omitempty" doc:"Absent until a phone has come with the activation code"`
	Model                 string   `json:"model"`
	ActivationState       string   `json:"activationState" doc:"deactivated: added by its address, without a code; activating; activated"`
	Description           []string `json:"description"`
	UpgradeChannelEnabled bool     `json:"upgradeChannelEnabled"`
	Owner                 struct {
		SIPUserName string `json:"sipUserName"`
		LinePort    string `json:"linePort"`
	} `json:"owner"`
	Proxy struct {
		OutboundProxy string `json:"outboundProxy"`
	} `json:"proxy"`
}

type detailsOutput struct{ Body detailsWire }

func wireDetails(d provisioning.Details) detailsWire {
	w := detailsWire{
		ID: encodeID(kindCallingDevice, d.Device.ID), Manufacturer: d.Model.Manufacturer, ManagedBy: d.Model.ManagedBy, IP: d.IP, MAC: wireMAC(d.Device.Device),
		Model: d.Device.Model, ActivationState: string(d.Device.Activation.State), Description: d.Device.Tags,
	}
	if w.Description == nil {
		w.Description = []string{}
	}
	if len(d.Lines) > 0 {
		w.Owner.SIPUserName, w.Owner.LinePort = d.Lines[0].UserName, d.Lines[0].LinePort()
	}
	w.Proxy.OutboundProxy = d.OutboundProxy
	return w
}

type passwordInput struct {
	DeviceInput
	Body struct {
		SIPPassword string `json:"sipPassword"`
	}
}

func (s *Server) telephonyRoutes() {
	const path = "/v1/telephony/config/devices/{deviceId}"
	route(s, operation{"getDeviceDetails", http.MethodGet, path, "Get a device's SIP identity", 0, customer.ScopeTelephonyRead},
		func(ctx context.Context, in *DeviceInput) (*detailsOutput, error) {
			tenant, id, err := s.device(ctx, *in)
			if err != nil {
				return nil, err
			}
			d, err := s.Devices.Details(ctx, tenant, id)
			return &detailsOutput{wireDetails(d)}, err
		})
	route(s, operation{"updateDevicePassword", http.MethodPut, path, "Replace a device's SIP password", http.StatusNoContent, customer.ScopeTelephonyWrite},
		func(ctx context.Context, in *passwordInput) (*struct{}, error) {
			tenant, id, err := s.device(ctx, in.DeviceInput)
			if err != nil {
				return nil, err
			}
			if in.Body.SIPPassword == "" {
				return nil, fault.InvalidField("sipPassword", "is needed")
			}
			return nil, s.Devices.SetPassword(ctx, actorOf(ctx), tenant, id, secret.New(in.Body.SIPPassword))
		})
}
