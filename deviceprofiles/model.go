package deviceprofiles

import "slices"

// Family is a group of models that share boot sequence and file format.
type Family string

// Families that somebody must be able to name; all others are known by the packs alone.
const (
	CiscoMPP Family = "cisco-mpp"
	Yealink  Family = "yealink"
	Poly     Family = "poly"
	Generic  Family = "generic" // whatever its owner configures: no files
)

// SettingsStyle says by which API a model's settings are changed: the wire's deviceSettingsConfiguration.
type SettingsStyle string

// The styles, in the wire's words.
const (
	SettingsStatic  SettingsStyle = "WEBEX_CALLING_DEVICE_CONFIGURATION"         // named settings: MPP, ATA
	SettingsPhoneOS SettingsStyle = "WEBEX_DEVICE_CONFIGURATION"                 // keys of PhoneOS
	SettingsDynamic SettingsStyle = "WEBEX_CALLING_DYNAMIC_DEVICE_CONFIGURATION" // tags of the family: third-party phones
	SettingsNone    SettingsStyle = "NONE"                                       // none: somebody else configures it
)

// Words of the wire that decide something here.
const (
	managedByPlatform = "CISCO"
	managedByCustomer = "CUSTOMER"
	managedByPartner  = "PARTNER"
)

// Model is one kind of phone in the catalogue, in one way of managing it: the same hardware may be there two or three times. The tags are the
// spelling of the data files, which is the wire's where the wire has the fact; doors have shapes of their own.
type Model struct {
	Name         string   `json:"model"`             // wire name, unique, e.g. "DMS Cisco 8851"; stored with each device
	DisplayName  string   `json:"displayName"`       // e.g. "Cisco 8851"; the same for all ways of managing one hardware
	Family       Family   `json:"family"`            // which pack writes its files
	FamilyName   string   `json:"familyDisplayName"` // e.g. "Poly"; the name of its dynamic settings too
	Vendor       string   `json:"vendor"`            // e.g. "Cisco"
	Type         string   `json:"type"`              // MPP, ATA, GENERIC_SIP or DESK_PHONE
	Manufacturer string   `json:"manufacturer"`      // CISCO or THIRD_PARTY
	ManagedBy    string   `json:"-"`                 // CISCO, CUSTOMER or PARTNER
	SupportedFor []string `json:"supportedFor"`      // PEOPLE, PLACE
	Onboarding   []string `json:"onboardingMethod"`  // MAC_ADDRESS, ACTIVATION_CODE; or NONE alone

	LinePorts      int      `json:"numberOfLinePorts"`          // lines that it can register
	LineKeys       int      `json:"numberOfLineKeyButtons"`     // line keys, those of further pages included
	MaxAppearances int      `json:"maxNumberOfLineAppearances"` // 0: not said
	KeysPerPage    int      `json:"keysPerPage"`                // of the phone's own, where they are numbered by page; 0: they aren't
	KEMModules     int      `json:"kemModuleCount"`             // expansion modules that can be attached; 0: none
	KEMTypes       []string `json:"kemModuleType"`              // KEM_14_KEYS, KEM_18_KEYS, KEM_20_KEYS, by their keys of one page; empty for other vendors' modules
	KEMKeys        int      `json:"kemKeys"`                    // keys of one module, those of further pages included; of the largest, if it takes several kinds

	SettingsStyle         SettingsStyle `json:"deviceSettingsConfiguration"`
	LogCollection         string        `json:"supportsLogCollection"` // NONE, CISCO_PRT or CISCO_ROOMOS
	UpgradeChannels       bool          `json:"upgradeChannelEnabled"`
	DefaultUpgradeChannel string        `json:"defaultUpgradeChannel"` // one of UpgradeChannels; "" without UpgradeChannels

	ConfigurableLayout  bool `json:"allowConfigureLayoutEnabled"`
	ConfigurableLines   bool `json:"allowConfigureLinesEnabled"`
	ConfigurablePorts   bool `json:"allowConfigurePortsEnabled"`
	PhoneSettings       bool `json:"allowConfigurePhoneSettingsEnabled"`
	CustomLabels        bool `json:"customizableLineLabelEnabled"`
	CustomBehaviors     bool `json:"customizedBehaviorsEnabled"`
	PortNumbers         bool `json:"portNumberSupportEnabled"`
	PortReordering      bool `json:"supportsLinePortReorderingEnabled"`
	AdditionalPrimary   bool `json:"additionalPrimaryLineAppearancesEnabled"`
	AdditionalSecondary bool `json:"additionalSecondaryLineAppearancesEnabled"` // seen on the wire; the official document hasn't got it
	KEMLines            bool `json:"kemLinesSupportEnabled"`
	ApplyChanges        bool `json:"supportsApplyChangesEnabled"`
	Hotline             bool `json:"supportsHotlineEnabled"`
	CallDecline         bool `json:"callDeclinedEnabled"`
	Hoteling            bool `json:"allowHotelingHostEnabled"`
	HotDeskOnly         bool `json:"supportsHotDeskOnly"` // seen on the wire; the official document hasn't got it
	EmergencyNomadic    bool `json:"basicEmergencyNomadicEnabled"`
	T38                 bool `json:"t38Enabled"`
	TouchScreen         bool `json:"touchScreenPhone"`

	OwnPassword  bool       `json:"-"`            // whoever creates the device must choose the SIP password, as nothing is served to the phone
	SharedLines  bool       `json:"sharedLines"`  // may carry other owners' lines
	VirtualLines bool       `json:"virtualLines"` // may carry a virtual line
	Background   Background `json:"background"`   // what its background image may be; zero if it can't show one
	CommonFile   string     `json:"commonFile"`   // that all phones of the model ask for, where its name follows no rule; else ""
	Variant      string     `json:"variant"`      // which of its family's forms its files have, where there are several; else ""
	Unconfirmed  []string   `json:"unconfirmed"`  // names of the facts above, as in the tags, that no source confirms; sorted
}

// Background is what a model's background image may be.
type Background struct {
	Width   int      `json:"width"`   // pixels
	Height  int      `json:"height"`  // pixels
	Formats []string `json:"formats"` // jpeg, png
}

// Takes reports whether a device of the model can be created in a way: MAC_ADDRESS or ACTIVATION_CODE.
func (m Model) Takes(onboarding string) bool { return slices.Contains(m.Onboarding, onboarding) }

// Configured reports whether we write its files: the platform manages it, and its family has a pack.
func (m Model) Configured() bool {
	p := packs().byFamily[m.Family]
	return m.ManagedBy == managedByPlatform && p != nil && len(p.Files) > 0
}

// offered reports whether a device of the model can be created. What the platform is to manage without a way to write its files would never work.
func (m Model) offered() bool { return m.ManagedBy != managedByPlatform || m.Configured() }

// UpgradeChannels lists the channels of firmware, the steadiest first.
func UpgradeChannels() []string {
	return []string{"STABLE", "STABLE_DELAY", "PREVIEW", "BETA", "TESTING"}
}
