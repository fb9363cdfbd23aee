package adminapi

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
)

// modelWire is a model of the catalogue on the wire.
type modelWire struct {
	Model                  string   `json:"model"`
	DisplayName            string   `json:"displayName"`
	FamilyDisplayName      string   `json:"familyDisplayName,omitempty"`
	Type                   string   `json:"type" doc:"MPP, ATA, GENERIC_SIP or DESK_PHONE"`
	Manufacturer           string   `json:"manufacturer" doc:"CISCO or THIRD_PARTY"`
	ManagedBy              string   `json:"managedBy" doc:"CISCO: this server configures it. CUSTOMER, PARTNER: they do, and choose the SIP password when they create the device"`
	SupportedFor           []string `json:"supportedFor" doc:"PEOPLE, PLACE"`
	OnboardingMethod       []string `json:"onboardingMethod" doc:"MAC_ADDRESS, ACTIVATION_CODE; or NONE"`
	NumberOfLinePorts      int      `json:"numberOfLinePorts"`
	NumberOfLineKeyButtons int      `json:"numberOfLineKeyButtons"`
	MaxLineAppearances     int      `json:"maxNumberOfLineAppearances,omitempty"`
	KEMSupport             bool     `json:"kemSupportEnabled"`
	KEMModuleCount         int      `json:"kemModuleCount,omitempty"`
	KEMModuleType          []string `json:"kemModuleType,omitempty" doc:"KEM_14_KEYS, KEM_18_KEYS, KEM_20_KEYS"`
	KEMLines               bool     `json:"kemLinesSupportEnabled"`
	UpgradeChannel         bool     `json:"upgradeChannelEnabled"`
	DefaultUpgradeChannel  string   `json:"defaultUpgradeChannel,omitempty"`
	SettingsConfiguration  string   `json:"deviceSettingsConfiguration"`
	LogCollection          string   `json:"supportsLogCollection" doc:"NONE, CISCO_PRT or CISCO_ROOMOS"`
	ConfigureLayout        bool     `json:"allowConfigureLayoutEnabled"`
	ConfigureLines         bool     `json:"allowConfigureLinesEnabled"`
	ConfigurePorts         bool     `json:"allowConfigurePortsEnabled"`
	ConfigurePhoneSettings bool     `json:"allowConfigurePhoneSettingsEnabled"`
	CustomizableLineLabel  bool     `json:"customizableLineLabelEnabled"`
	CustomizedBehaviors    bool     `json:"customizedBehaviorsEnabled"`
	PortNumberSupport      bool     `json:"portNumberSupportEnabled"`
	LinePortReordering     bool     `json:"supportsLinePortReorderingEnabled"`
	AdditionalPrimary      bool     `json:"additionalPrimaryLineAppearancesEnabled"`
	AdditionalSecondary    bool     `json:"additionalSecondaryLineAppearancesEnabled"`
	ApplyChanges           bool     `json:"supportsApplyChangesEnabled"`
	Hotline                bool     `json:"supportsHotlineEnabled"`
	CallDeclined           bool     `json:"callDeclinedEnabled"`
	HotelingHost           bool     `json:"allowHotelingHostEnabled"`
	HotDeskOnly            bool     `json:"supportsHotDeskOnly"`
	BasicEmergencyNomadic  bool     `json:"basicEmergencyNomadicEnabled"`
	T38                    bool     `json:"t38Enabled"`
	TouchScreenPhone       bool     `json:"touchScreenPhone"`
}

func wireModel(m deviceprofiles.Model) modelWire {
	return modelWire{
		Model: m.Name, DisplayName: m.DisplayName, FamilyDisplayName: m.FamilyName, Type: m.Type, Manufacturer: m.Manufacturer, ManagedBy: m.ManagedBy,
		SupportedFor: m.SupportedFor, OnboardingMethod: m.Onboarding, NumberOfLinePorts: m.LinePorts, NumberOfLineKeyButtons: m.LineKeys,
		MaxLineAppearances: m.MaxAppearances, KEMSupport: m.KEMModules > 0, KEMModuleCount: m.KEMModules, KEMModuleType: m.KEMTypes, KEMLines: m.KEMLines,
		UpgradeChannel: m.UpgradeChannels, DefaultUpgradeChannel: m.DefaultUpgradeChannel, SettingsConfiguration: string(m.SettingsStyle),
		LogCollection: m.LogCollection, ConfigureLayout: m.ConfigurableLayout, ConfigureLines: m.ConfigurableLines, ConfigurePorts: m.ConfigurablePorts,
		ConfigurePhoneSettings: m.PhoneSettings, CustomizableLineLabel: m.CustomLabels, CustomizedBehaviors: m.CustomBehaviors,
		PortNumberSupport: m.PortNumbers, LinePortReordering: m.PortReordering, AdditionalPrimary: m.AdditionalPrimary,
		AdditionalSecondary: m.AdditionalSecondary, ApplyChanges: m.ApplyChanges, Hotline: m.Hotline, CallDeclined: m.CallDecline, HotelingHost: m.Hoteling,
		HotDeskOnly: m.HotDeskOnly, BasicEmergencyNomadic: m.EmergencyNomadic, T38: m.T38, TouchScreenPhone: m.TouchScreen,
	}
}

// SupportedDevicesInput narrows the catalogue.
type SupportedDevicesInput struct {
	InOrg
	Layout string `query:"allowConfigureLayoutEnabled" doc:"true or false: whether the keys can be laid out" example:"true"`
	Type   string `query:"type" doc:"MPP, ATA, GENERIC_SIP, ESIM or DESK_PHONE; not:MPP is all others" example:"not:MPP"`
}

// wants returns the filter that a request asks for.
func (in *SupportedDevicesInput) wants() (func(deviceprofiles.Model) bool, error) {
	word, not := strings.CutPrefix(in.Type, "not:")
	if in.Type != "" && !slices.Contains([]string{"MPP", "ATA", "GENERIC_SIP", "ESIM", "DESK_PHONE"}, word) {
		return nil, fault.InvalidField("type", "must be MPP, ATA, GENERIC_SIP, ESIM or DESK_PHONE, with not: before it or without; it is %.40q", in.Type)
	}
	layout, err := strconv.ParseBool(in.Layout)
	if in.Layout != "" && err != nil {
		return nil, fault.InvalidField("allowConfigureLayoutEnabled", "must be true or false; it is %.40q", in.Layout)
	}
	return func(m deviceprofiles.Model) bool {
		return (in.Type == "" || (m.Type == word) != not) && (in.Layout == "" || m.ConfigurableLayout == layout)
	}, nil
}

type supportedDevicesOutput struct {
	Body struct {
		UpgradeChannelList []string    `json:"upgradeChannelList"`
		Devices            []modelWire `json:"devices"`
	}
}

// disabledWire are the models that are switched off for an organisation.
type disabledWire struct {
	Disabled []string `json:"disabled" required:"true" nullable:"false" doc:"Models, by wire name or display name; answered as wire names, sorted" example:"[\"DMS Cisco 8851\"]"`
}

type disabledOutput struct{ Body disabledWire }

type disabledInput struct {
	OrganizationInput
	Body disabledWire
}

func (s *Server) modelRoutes() {
	const ofOrganization = "/hub/v1/organizations/{orgId}/supportedDevices"
	route(s, operation{"listSupportedDevices", http.MethodGet, "/v1/telephony/config/supportedDevices", "List the models of phones that can be had", 0, customer.ScopeTelephonyRead}, s.supportedDevices)
	route(s, operation{"getDisabledDevices", http.MethodGet, ofOrganization, "Get the models that are switched off for an organisation", 0, customer.ScopeDevicesRead},
		func(ctx context.Context, in *OrganizationInput) (*disabledOutput, error) {
			id, err := pathID[customer.OrgID]("organisation", in.OrgID)
			if err != nil {
				return nil, err
			}
			models, err := s.Devices.DisabledModels(ctx, actorOf(ctx), id)
			return &disabledOutput{disabledWire{models}}, err
		})
	route(s, operation{"updateDisabledDevices", http.MethodPut, ofOrganization, "Switch models off for an organisation, and all others on", 0, customer.ScopeDevicesWrite},
		func(ctx context.Context, in *disabledInput) (*disabledOutput, error) {
			id, err := pathID[customer.OrgID]("organisation", in.OrgID)
			if err != nil {
				return nil, err
			}
			models, err := s.Devices.SetDisabledModels(ctx, actorOf(ctx), id, in.Body.Disabled)
			return &disabledOutput{disabledWire{models}}, err
		})
}

func (s *Server) supportedDevices(ctx context.Context, in *SupportedDevicesInput) (*supportedDevicesOutput, error) {
	wants, err := in.wants()
	if err != nil {
		return nil, err
	}
	tenant, err := s.tenant(ctx, in.InOrg)
	if err != nil {
		return nil, err
	}
	models, err := s.Devices.SupportedModels(ctx, tenant)
	if err != nil {
		return nil, err
	}
	out := &supportedDevicesOutput{}
	out.Body.UpgradeChannelList, out.Body.Devices = deviceprofiles.UpgradeChannels(), []modelWire{}
	for _, m := range models {
		if wants(m) {
			out.Body.Devices = append(out.Body.Devices, wireModel(m))
		}
	}
	return out, nil
}
