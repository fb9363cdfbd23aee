package deviceprofiles

import "encoding/json"

func Definitions(SettingScope) ([]SettingDefinition, bool) { return nil, false }
func ScopesOf(Model) []SettingScope                        { return nil }
func ParseCustomizations(json.RawMessage, SettingLevel) (map[SettingKey]SettingValue, error) {
	return nil, nil
}
func Customizations([]SettingScope, map[SettingKey]SettingValue) json.RawMessage { return nil }
