package adminapi

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/provisioning"
	"dialtone/secret"
)

// Settings is what the door asks about settings of devices; provisioning.Service is one.
type Settings interface {
	OrganizationSettings(ctx context.Context, tenant customer.Tenant) (provisioning.LevelSettings, error)
	LocationSettings(ctx context.Context, tenant customer.Tenant, id customer.LocationID) (provisioning.LevelSettings, error)
	DeviceSettings(ctx context.Context, tenant customer.Tenant, id provisioning.DeviceID, model string) (provisioning.LevelSettings, error)
	SetDeviceSettings(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id provisioning.DeviceID, model string, enabled bool, customizations json.RawMessage) error
	EffectiveSettings(ctx context.Context, tenant customer.Tenant, id provisioning.DeviceID) ([]provisioning.DeviceSetting, error)
	OrganizationTags(ctx context.Context, tenant customer.Tenant, family string, tags []string) (provisioning.TagSettings, error)
	LocationTags(ctx context.Context, tenant customer.Tenant, id customer.LocationID, family string, tags []string) (provisioning.TagSettings, error)
	DeviceTags(ctx context.Context, tenant customer.Tenant, id provisioning.DeviceID, tags []string) (provisioning.TagSettings, error)
	SetDeviceTags(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id provisioning.DeviceID, tags []provisioning.DynamicChange) error
}

// levelSettingsWire is what a level shows of its static settings.
type levelSettingsWire struct {
	Customizations   json.RawMessage `json:"customizations" doc:"Groups mpp, ata, dect and wifi: complete, with what is inherited; secrets read ********"`
	CustomEnabled    bool            `json:"customEnabled" doc:"Something is set on this level"`
	UpdateInProgress bool            `json:"updateInProgress" doc:"A job changes the organisation's devices: nothing can be changed now"`
	DeviceCount      int             `json:"deviceCount"`
	LastUpdateTime   int64           `json:"lastUpdateTime" doc:"Milliseconds since 1970; 0: never"`
}

type levelSettingsOutput struct{ Body levelSettingsWire }

func wireLevelSettings(l provisioning.LevelSettings) *levelSettingsOutput {
	return &levelSettingsOutput{levelSettingsWire{
		Customizations: l.Customizations, CustomEnabled: l.Custom, UpdateInProgress: l.Running, DeviceCount: l.Devices, LastUpdateTime: epoch(l.Updated),
	}}
}

// epoch writes a time in milliseconds since 1970; 0 for none.
func epoch(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// locationInput reads whose rows are meant, and which location.
func (s *Server) locationInput(ctx context.Context, in LocationInput) (customer.Tenant, customer.LocationID, error) {
	return named[customer.LocationID](ctx, s, in.InOrg, "location", in.LocationID)
}

// ModelledDevice names a device, and perhaps its model.
type ModelledDevice struct {
	DeviceInput
	Model string `query:"deviceModel" doc:"Of the device: wire name or display name"`
}

type deviceSettingsInput struct {
	ModelledDevice
	Body struct {
		CustomEnabled  *truth    `json:"customEnabled" doc:"False takes back everything that is set on the device"`
		Customizations anyObject `json:"customizations" doc:"Groups mpp, ata and wifi; what isn't named stays"`
	}
}

const telephonyLocation = "/v1/telephony/config/locations/{locationId}"

func (s *Server) settingsRoutes() {
	route(s, operation{"getOrganizationDeviceSettings", http.MethodGet, telephonyDevices + "/settings", "Settings of an organisation's devices", 0, customer.ScopeTelephonyRead},
		func(ctx context.Context, in *struct{ InOrg }) (*levelSettingsOutput, error) {
			tenant, err := s.tenant(ctx, in.InOrg)
			if err != nil {
				return nil, err
			}
			l, err := s.Devices.OrganizationSettings(ctx, tenant)
			return wireLevelSettings(l), err
		})
	route(s, operation{"getLocationDeviceSettings", http.MethodGet, telephonyLocation + "/devices/settings", "Settings of a location's devices", 0, customer.ScopeTelephonyRead},
		func(ctx context.Context, in *LocationInput) (*levelSettingsOutput, error) {
			tenant, id, err := s.locationInput(ctx, *in)
			if err != nil {
				return nil, err
			}
			l, err := s.Devices.LocationSettings(ctx, tenant, id)
			return wireLevelSettings(l), err
		})
	route(s, operation{"getDeviceSettings", http.MethodGet, telephonyDevice + "/settings", "Settings of a device", 0, customer.ScopeTelephonyRead},
		func(ctx context.Context, in *ModelledDevice) (*levelSettingsOutput, error) {
			tenant, id, err := s.device(ctx, in.DeviceInput)
			if err != nil {
				return nil, err
			}
			l, err := s.Devices.DeviceSettings(ctx, tenant, id, in.Model)
			return wireLevelSettings(l), err
		})
	route(s, operation{"updateDeviceSettings", http.MethodPut, telephonyDevice + "/settings", "Set settings of a device, or take them back", http.StatusNoContent, customer.ScopeTelephonyWrite}, s.updateDeviceSettings)
	route(s, operation{"getEffectiveSettings", http.MethodGet, hubDevice + "/settings/effective", "What a phone is told of each setting, and who says so", 0, customer.ScopeTelephonyRead}, s.effectiveSettings)
}

func (s *Server) updateDeviceSettings(ctx context.Context, in *deviceSettingsInput) (*struct{}, error) {
	tenant, id, err := s.device(ctx, in.DeviceInput)
	if err != nil {
		return nil, err
	}
	if in.Body.CustomEnabled == nil {
		return nil, fault.InvalidField("customEnabled", "is needed").WithCode(fault.CodeMissing)
	}
	return nil, s.Devices.SetDeviceSettings(ctx, actorOf(ctx), tenant, id, in.Model, bool(*in.Body.CustomEnabled), json.RawMessage(in.Body.Customizations))
}

// effectiveWire is one setting of a device with where it comes from.
type effectiveWire struct {
	Scope        string  `json:"scope" doc:"mpp, ata or wifi, or the family of a dynamic setting"`
	Name         string  `json:"name"`
	FriendlyName string  `json:"friendlyName"`
	Value        string  `json:"value" doc:"Secrets read ********"`
	Level        string  `json:"level" doc:"SYSTEM_DEFAULT, REGIONAL_DEFAULT, ORGANIZATION, LOCATION or DEVICE"`
	Actor        string  `json:"actor,omitempty" doc:"Who set it"`
	Time         string  `json:"time,omitempty" doc:"When"`
	ParentValue  *string `json:"parentValue,omitempty" doc:"What clearing it at its level would bring back"`
	ParentLevel  string  `json:"parentLevel,omitempty"`
	Unsupported  bool    `json:"unsupported" doc:"Phones of the model can't be told this"`
}

type effectiveOutput struct {
	Body struct {
		Items []effectiveWire `json:"items"`
	}
}

func (s *Server) effectiveSettings(ctx context.Context, in *DeviceInput) (*effectiveOutput, error) {
	tenant, id, err := s.device(ctx, *in)
	if err != nil {
		return nil, err
	}
	list, err := s.Devices.EffectiveSettings(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	out := &effectiveOutput{}
	out.Body.Items = make([]effectiveWire, len(list))
	for i, one := range list {
		out.Body.Items[i] = wireEffective(one)
	}
	return out, nil
}

func wireEffective(one provisioning.DeviceSetting) effectiveWire {
	d := one.Definition
	w := effectiveWire{
		Scope: string(d.Key.Scope), Name: d.Key.Name, FriendlyName: d.FriendlyName, Value: shownSetting(one.Value), Level: string(one.Source.Level),
		Actor: one.Source.By, Time: timestamp(one.Source.At), Unsupported: one.Unsupported,
	}
	if one.Parent != nil {
		parent := shownSetting(one.Parent.Value)
		w.ParentValue, w.ParentLevel = &parent, string(one.Parent.Level)
	}
	return w
}

// shownSetting is a value as people may see it.
func shownSetting(v deviceprofiles.SettingValue) string {
	if !v.Secret.IsZero() {
		return secret.Mask
	}
	return v.Text
}
