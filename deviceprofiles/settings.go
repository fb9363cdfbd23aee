package deviceprofiles

import (
	"cmp"
	"time"

	"dialtone/secret"
)

// SettingScope is a group of settings: "mpp", "ata", "wifi" and "dect" are the static groups of the wire, any other is the display name of a family
// with dynamic settings, e.g. "Poly".
type SettingScope string

// The static groups. The families with dynamic settings are those whose pack has a file settings.json.
const (
	ScopeMPP  SettingScope = "mpp"
	ScopeATA  SettingScope = "ata"
	ScopeWiFi SettingScope = "wifi"
	ScopeDECT SettingScope = "dect"
)

// ScopeEvery is the settings that every phone has, whoever made it: one neutral model, which each family writes in its own words. Where a family's own
// setting says something else of the same parameter, that counts.
const ScopeEvery SettingScope = "Phone"

// Static reports whether the group stands in the customizations object of the wire.
func (s SettingScope) Static() bool {
	return s == ScopeMPP || s == ScopeATA || s == ScopeWiFi || s == ScopeDECT
}

// SettingKey names one setting.
type SettingKey struct {
	Scope SettingScope
	Name  string // static: the path below the scope with dots, e.g. "vlan.value"; dynamic: the tag, e.g. "%ENABLE_BLUETOOTH%"
}

// String returns the key for people and logs, e.g. mpp.vlan.value.
func (k SettingKey) String() string { return string(k.Scope) + "." + k.Name }

// Compare orders keys by scope, then by name.
func (k SettingKey) Compare(other SettingKey) int {
	return cmp.Or(cmp.Compare(k.Scope, other.Scope), cmp.Compare(k.Name, other.Name))
}

// SettingLevel says where a value comes from, in the wire's words.
type SettingLevel string

// The levels, from the most general to the most specific.
const (
	LevelSystem       SettingLevel = "SYSTEM_DEFAULT"
	LevelRegional     SettingLevel = "REGIONAL_DEFAULT"
	LevelOrganization SettingLevel = "ORGANIZATION"
	LevelLocation     SettingLevel = "LOCATION"
	LevelDevice       SettingLevel = "DEVICE"
)

// rank orders the levels; higher is more specific, 0 is no level.
func (l SettingLevel) rank() int {
	for i, level := range []SettingLevel{LevelSystem, LevelRegional, LevelOrganization, LevelLocation, LevelDevice} {
		if l == level {
			return i + 1
		}
	}
	return 0
}

// SettingKind is the type of a setting's value. The wire's validation rules know all but the list.
type SettingKind string

// The kinds.
const (
	KindString   SettingKind = "string"
	KindInteger  SettingKind = "integer"
	KindBoolean  SettingKind = "boolean"
	KindEnum     SettingKind = "enum"
	KindPassword SettingKind = "password"
	KindNetwork  SettingKind = "network" // a host name or address, with a port or a mask where the setting's pattern says so
	KindList     SettingKind = "list"
)

// SettingValue is a checked value in its canonical form. Values compare with ==.
type SettingValue struct {
	Text   string      // "true" or "false", decimal, the enum's word, text, or canonical JSON of a list; "" for a password
	Secret secret.Text // a password; zero for all others
}

// Reveal returns the value as a phone is told it, passwords too.
func (v SettingValue) Reveal() string {
	if v.Secret.IsZero() {
		return v.Text
	}
	return v.Secret.Reveal()
}

// IsZero reports whether the value is empty.
func (v SettingValue) IsZero() bool { return v == SettingValue{} }

// Masked returns the value as people may see it.
func (v SettingValue) Masked() SettingValue {
	if !v.Secret.IsZero() {
		v.Secret = secret.New(secret.Mask)
	}
	return v
}

// SettingDefinition is what one setting is: its type and bounds, where it may be set, and how the families' phones are told it.
type SettingDefinition struct {
	Key          SettingKey
	FriendlyName string
	Tooltip      string
	Kind         SettingKind
	Values       []string                // of an enum, in the order shown
	Min, Max     int                     // of an integer; of a list, Max is the number of items
	Increment    int                     // of an integer; 0: any step
	Pattern      string                  // RE2 that the whole text must match; "" for any
	Forbidden    []string                // texts that are refused although they match
	MaxLength    int                     // of a text, in bytes
	Hint         string                  // what a person is told about the rule
	Item         ListItem                // of a list
	Levels       []SettingLevel          // where it may be set
	Default      SettingValue            // at SYSTEM_DEFAULT
	Regional     map[string]SettingValue // at REGIONAL_DEFAULT, by country (ISO 3166-1 alpha-2)
	Tab          string                  // where it is shown
	Group        string                  // path of the group in which it is shown, joined by dots
	ReadOnly     bool                    // shown and never set: what a client sends is ignored
	Unconfirmed  bool                    // no reference confirms the setting's name
	// Parameters is how each family's phones are told the setting; a family that isn't there can't be told.
	Parameters map[Family][]SettingParameter
}

// Secret reports whether values are secrets: typed in memory, sealed at rest, masked for people.
func (d SettingDefinition) Secret() bool { return d.Kind == KindPassword }

// AllowedAt reports whether the setting may be set at a level.
func (d SettingDefinition) AllowedAt(level SettingLevel) bool {
	for _, l := range d.Levels {
		if l == level {
			return true
		}
	}
	return false
}

// ListItem is the form of a list's items.
type ListItem string

// The forms.
const (
	ItemAddress ListItem = "address" // a string: IPv4 multicast group or host, colon, port
	ItemPaging  ListItem = "paging"  // an object: hostAndPort, hasXmlAppUrl, xmlAppTimeout
)

// SettingParameter is one of a vendor's parameters that a setting is written to.
type SettingParameter struct {
	// Name is the vendor's. {line} in it stands for each line of the phone, {item} for the place of each item of a list, from 1.
	Name string `json:"name"`
	// Values maps canonical values to the vendor's words; null leaves the parameter out, and "*" stands for all that isn't named, "*" as a word for
	// the value itself. Without it booleans are written in the family's usual words, and everything else as it is.
	Values map[string]*string `json:"values"`
	// Template is written with {value} replaced, and in lists {item} and {index}, the place of the item from 1 and from 0. One without {value} says only
	// that there is a value, and is left out when there is none.
	Template string `json:"template"`
	// When names settings of the same scope that must have a value for the parameter to be written.
	When map[string]string `json:"when"`
	// Models restricts the parameter to models whose display names begin so; empty for all of the family.
	Models []string `json:"models"`
	// Variants restricts it to models of these variants, "" being those that have none; empty for all.
	Variants []string `json:"variants"`
	// User lets the phone's user change the value at the phone, where the format can say so.
	User bool `json:"user"`
	// Shared says that several settings write the parameter, and always the same.
	Shared bool `json:"shared"`
	// Unconfirmed says that no reference confirms the parameter's name or words.
	Unconfirmed bool `json:"unconfirmed"`
}

// StoredSetting is a value that somebody set.
type StoredSetting struct {
	Value SettingValue
	At    time.Time
	By    string // who set it, as events name actors
}

// LevelValues is what is set at one level.
type LevelValues struct {
	Level  SettingLevel
	Values map[SettingKey]StoredSetting
}

// SettingSource says where an effective value comes from; At and By are zero for defaults.
type SettingSource struct {
	Level SettingLevel
	At    time.Time
	By    string
}

// InheritedSetting is a value of a less specific level.
type InheritedSetting struct {
	Value SettingValue
	Level SettingLevel
}

// EffectiveSetting is what a phone is told of one setting, and why.
type EffectiveSetting struct {
	Definition SettingDefinition
	Value      SettingValue
	Source     SettingSource
	Parent     *InheritedSetting // what clearing the value at its source would bring back; nil at SYSTEM_DEFAULT
}
