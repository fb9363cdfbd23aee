package deviceprofiles

import "encoding/json"

// Definitions will come.
func Definitions(SettingScope) ([]SettingDefinition, bool) { return nil, false }
// ScopesOf will come.
func ScopesOf(Model) []SettingScope                        { return nil }
// ParseCustomizations will come.
func ParseCustomizations(json.RawMessage, SettingLevel) (map[SettingKey]SettingValue, error) {
	return nil, nil
}
// Customizations will come.
func Customizations([]SettingScope, map[SettingKey]SettingValue) json.RawMessage { return nil }
