package adminapi

import (
	"context"
	"net/http"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/provisioning"
	"dialtone/secret"
)

// telephonyDevices is where the calling part of devices is.
const (
	telephonyDevices = "/v1/telephony/config/devices"
	telephonyDevice  = telephonyDevices + "/{deviceId}"
)

// detailsWire is a device's SIP identity on the wire.
type detailsWire struct {
	ID                    string   `json:"id"`
	Manufacturer          string   `json:"manufacturer"`
	ManagedBy             string   `json:"managedBy"`
	IP                    string   `json:"ip"`
	MAC                   string   `json:"mac,omitempty"`
	Model                 string   `json:"model"`
	ActivationState       string   `json:"activationState"`
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
		ID: encodeID(kindCallingDevice, d.Device.ID), Manufacturer: d.Model.Manufacturer, ManagedBy: d.Model.ManagedBy, IP: d.IP,
		Model: d.Device.Model, ActivationState: string(d.Device.Activation.State), Description: d.Device.Tags,
		UpgradeChannelEnabled: d.Model.UpgradeChannels,
	}
	if d.Device.HasMAC() {
		w.MAC = d.Device.MAC.String()
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

type macsInput struct {
	InOrg
	Body struct {
		MACs []string `json:"macs" doc:"At most 1,000, in any spelling"`
	}
}

type macStatusWire struct {
	MAC       string `json:"mac" doc:"As it was sent"`
	State     string `json:"state"`
	ErrorCode int    `json:"errorCode,omitempty"`
	Message   string `json:"message,omitempty"`
}

type macsOutput struct {
	Body struct {
		Status    string          `json:"status"`
		MACStatus []macStatusWire `json:"macStatus"`
	}
}

func (s *Server) telephonyRoutes() {
	route(s, operation{"getDeviceDetails", http.MethodGet, telephonyDevice, "Get a device's SIP identity", 0, customer.ScopeTelephonyRead},
		func(ctx context.Context, in *DeviceInput) (*detailsOutput, error) {
			tenant, id, err := s.device(ctx, *in)
			if err != nil {
				return nil, err
			}
			d, err := s.Devices.Details(ctx, tenant, id)
			return &detailsOutput{wireDetails(d)}, err
		})
	route(s, operation{"updateDevicePassword", http.MethodPut, telephonyDevice, "Replace a device's SIP password", http.StatusNoContent, customer.ScopeTelephonyWrite},
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
	route(s, operation{"applyChanges", http.MethodPost, telephonyDevice + "/actions/applyChanges/invoke", "Ask a phone to fetch its configuration", http.StatusNoContent, customer.ScopeTelephonyWrite},
		func(ctx context.Context, in *DeviceInput) (*struct{}, error) {
			tenant, id, err := s.device(ctx, *in)
			if err != nil {
				return nil, err
			}
			return nil, s.Devices.AskToResync(ctx, actorOf(ctx), tenant, id)
		})
	route(s, operation{"validateMacs", http.MethodPost, telephonyDevices + "/actions/validateMacs/invoke", "Say of MAC addresses whether devices could be added with them", 0, customer.ScopeTelephonyWrite}, s.validateMACs)
}

func (s *Server) validateMACs(ctx context.Context, in *macsInput) (*macsOutput, error) {
	if _, err := s.tenant(ctx, in.InOrg); err != nil {
		return nil, err
	}
	list, err := s.Devices.ValidateMACs(ctx, in.Body.MACs)
	if err != nil {
		return nil, err
	}
	out := &macsOutput{}
	out.Body.Status, out.Body.MACStatus = "OK", make([]macStatusWire, len(list))
	for i, m := range list {
		out.Body.MACStatus[i] = macStatusWire{MAC: m.MAC, State: string(m.State), ErrorCode: m.Code, Message: m.Message}
		if m.State != provisioning.MACAvailable {
			out.Body.Status = "ERRORS"
		}
	}
	return out, nil
}
