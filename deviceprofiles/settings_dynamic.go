package deviceprofiles

import (
	"slices"
	"strings"

	"dialtone/fault"
	"dialtone/secret"
)

// TagSchema is the wire's answer to the question what tags there are and what values they take.
type TagSchema struct {
	Tags []TagRules `json:"tags"`
}

// TagRules is one tag with its rules, in the wire's names.
type TagRules struct {
	FamilyOrModelDisplayName string   `json:"familyOrModelDisplayName"`
	Tag                      string   `json:"tag"`
	FriendlyName             string   `json:"friendlyName"`
	Tooltip                  string   `json:"tooltip,omitempty"`
	Alert                    string   `json:"alert,omitempty"`
	Level                    []string `json:"level"` // organization, location, device
	ValidationRule           TagRule  `json:"validationRule"`
}

// TagRule is what a tag's value must be. Bounds are absent where the type has none.
type TagRule struct {
	Type           string   `json:"type"`
	Values         []string `json:"values,omitempty"`
	Min            *int     `json:"min,omitempty"`
	Max            *int     `json:"max,omitempty"`
	Increment      *int     `json:"increment,omitempty"`
	Regex          string   `json:"regex,omitempty"`
	MaxLength      *int     `json:"maxLength,omitempty"`
	ValidationHint string   `json:"validationHint,omitempty"`
}

// TagGroups is the wire's answer to the question how tags are shown.
type TagGroups struct {
	SettingsGroups []TagGroup `json:"settingsGroups,omitempty"`
	SettingsTabs   []string   `json:"settingsTabs,omitempty"`
}

// TagGroup is one group of tags.
type TagGroup struct {
	Path                     string     `json:"path"` // parts joined by dots
	FriendlyName             string     `json:"friendlyName"`
	Tab                      string     `json:"tab"`
	FamilyOrModelDisplayName string     `json:"familyOrModelDisplayName"`
	Tags                     []TagBlock `json:"tags"`
}

// TagBlock is a block of tags that are shown together.
type TagBlock struct {
	TagBlock []string `json:"tagBlock"`
}

// dynamicScopes returns the scopes with tags of a family or model by its display name; all of them for "". fault.Invalid when there is none.
func dynamicScopes(familyOrModel string) ([]SettingScope, error) {
	table := settingDefinitions()
	asked := SettingScope(familyOrModel)
	var all []SettingScope
	for _, scope := range table.scopes {
		switch {
		case scope.Static():
		case scope == asked:
			return []SettingScope{scope}, nil
		default:
			all = append(all, scope)
		}
	}
	if familyOrModel == "" {
		return all, nil
	}
	if m, ok := FindModel(familyOrModel); ok {
		own := slices.DeleteFunc(ScopesOf(m), SettingScope.Static)
		if len(own) > 0 {
			return own, nil
		}
	}
	return nil, fault.InvalidField("familyOrModelDisplayName", "is no family or model with dynamic settings; there are %s", joinScopes(all))
}

func joinScopes(scopes []SettingScope) string {
	parts := make([]string, len(scopes))
	for i, scope := range scopes {
		parts[i] = string(scope)
	}
	return strings.Join(parts, ", ")
}

// ValidationSchema returns the tags of a family or of a model, by display name, with their rules; of all families for "". fault.Invalid when there is no
// such family or model, or it has no tags.
func ValidationSchema(familyOrModel string) (TagSchema, error) {
	scopes, err := dynamicScopes(familyOrModel)
	out := TagSchema{Tags: []TagRules{}}
	for _, scope := range scopes {
		for _, d := range settingDefinitions().byScope[scope] {
			out.Tags = append(out.Tags, tagRules(d))
		}
	}
	return out, err
}

func tagRules(d SettingDefinition) TagRules {
	rules := TagRules{
		FamilyOrModelDisplayName: string(d.Key.Scope), Tag: d.Key.Name, FriendlyName: d.FriendlyName, Tooltip: d.Tooltip, Level: []string{},
		ValidationRule: TagRule{Type: string(d.Kind), Values: d.Values, Regex: d.Pattern, ValidationHint: d.Hint},
	}
	for _, level := range d.Levels {
		rules.Level = append(rules.Level, strings.ToLower(string(level)))
	}
	rule := &rules.ValidationRule
	switch d.Kind {
	case KindInteger:
		rule.Min, rule.Max, rule.Increment = &d.Min, &d.Max, &d.Increment
	case KindBoolean:
		rule.Values = []string{"1", "0"}
	case KindString, KindPassword, KindNetwork:
		if d.MaxLength > 0 {
			rule.MaxLength = &d.MaxLength
		}
	case KindEnum, KindList:
	}
	return rules
}

// What SettingsGroups may include; case doesn't matter.
const (
	IncludeTabs   = "TABS"
	IncludeGroups = "GROUPS"
	IncludeAll    = "ALL"
)

// SettingsGroups returns how the tags of a family or of a model are shown; of all families for "". include is TABS, GROUPS or ALL, and ALL when it is "".
// fault.Invalid when it is another word, or when there is no such family or model.
func SettingsGroups(familyOrModel, include string) (TagGroups, error) {
	scopes, err := dynamicScopes(familyOrModel)
	if err != nil {
		return TagGroups{}, err
	}
	include = strings.ToUpper(include)
	if !slices.Contains([]string{"", IncludeTabs, IncludeGroups, IncludeAll}, include) {
		return TagGroups{}, fault.InvalidField("includeSettingsType", "must be TABS, GROUPS or ALL")
	}
	var out TagGroups
	for _, scope := range scopes {
		definitions := settingDefinitions().byScope[scope]
		if include != IncludeGroups {
			out.SettingsTabs = append(out.SettingsTabs, definitions[0].Tab)
		}
		if include != IncludeTabs {
			out.SettingsGroups = append(out.SettingsGroups, tagGroups(definitions)...)
		}
	}
	return out, nil
}

// tagGroups gathers the tags of each group, in the order in which groups come first.
func tagGroups(definitions []SettingDefinition) []TagGroup {
	var groups []TagGroup
	place := map[string]int{}
	for _, d := range definitions {
		i, ok := place[d.Group]
		if !ok {
			i = len(groups)
			place[d.Group] = i
			groups = append(groups, TagGroup{
				Path: d.Group, FriendlyName: d.Group[strings.LastIndexByte(d.Group, '.')+1:], Tab: d.Tab, FamilyOrModelDisplayName: string(d.Key.Scope),
			})
		}
		groups[i].Tags = append(groups[i].Tags, TagBlock{TagBlock: []string{d.Key.Name}})
	}
	return groups
}

// CheckTag parses the value of a tag for a family or model, by display name, at a level. fault.Invalid names familyOrModelDisplayName, tag or value when
// there is no such family or tag, the tag can't be set at the level, or the value breaks a rule. A password that comes back as its mask breaks one.
func CheckTag(familyOrModel, tag string, level SettingLevel, value string) (SettingKey, SettingValue, error) {
	key, d, err := findTag(familyOrModel, tag)
	switch {
	case err != nil:
		return SettingKey{}, SettingValue{}, err
	case !d.AllowedAt(level) || d.ReadOnly:
		return SettingKey{}, SettingValue{}, fault.InvalidField("tag", "%s can't be set at the level %s", tag, level)
	case value == "":
		return SettingKey{}, SettingValue{}, fault.InvalidField("value", "must not be empty; to go back to the parent's value, send the action CLEAR")
	case d.Secret() && value == secret.Mask:
		return SettingKey{}, SettingValue{}, fault.InvalidField("value", "is only the mask of the password; send the password itself, or leave the tag out")
	}
	checked, err := CheckSetting(d, "value", value)
	return key, checked, err
}

// FindTag finds a tag of a family or model, by display name. fault.Invalid names familyOrModelDisplayName or tag when there is none.
func FindTag(familyOrModel, tag string) (SettingKey, error) {
	key, _, err := findTag(familyOrModel, tag)
	return key, err
}

func findTag(familyOrModel, tag string) (SettingKey, SettingDefinition, error) {
	scopes, err := dynamicScopes(familyOrModel)
	if err == nil && familyOrModel == "" {
		err = fault.InvalidField("familyOrModelDisplayName", "must be given; there are %s", joinScopes(scopes))
	}
	if err != nil {
		return SettingKey{}, SettingDefinition{}, err
	}
	for _, scope := range scopes {
		key := SettingKey{Scope: scope, Name: tag}
		if d, ok := settingDefinitions().byKey[key]; ok {
			return key, d, nil
		}
	}
	return SettingKey{}, SettingDefinition{}, fault.InvalidField("tag", "%.64q is no tag of %s", tag, scopes[0])
}

// TagText returns a value as the wire shows it for a tag: booleans are 1 and 0, passwords are masked.
func TagText(d SettingDefinition, v SettingValue) string {
	if d.Kind == KindBoolean {
		return zeroOne(v.Text == "true")
	}
	return v.Masked().Reveal()
}
