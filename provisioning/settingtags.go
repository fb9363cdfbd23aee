package provisioning

import (
	"errors"
	"fmt"
	"slices"

	"dialtone/deviceprofiles"
	"dialtone/fault"
)

// The actions on a tag, in the wire's words.
const (
	ActionSet   = "SET"
	ActionClear = "CLEAR"
)

// maxDynamicTags bounds the tags of one request: more than all families have together.
const maxDynamicTags = 1000

// DynamicChange is what becomes of one dynamic setting.
type DynamicChange struct {
	Family string // family or model, by display name; not used for a device, which has its own
	Tag    string
	Action string
	Value  string // for ActionSet
}

// StaticScopes are the groups of static settings that a level has.
func StaticScopes(level deviceprofiles.SettingLevel) []deviceprofiles.SettingScope {
	if level == deviceprofiles.LevelOrganization {
		return []deviceprofiles.SettingScope{deviceprofiles.ScopeATA, deviceprofiles.ScopeDECT, deviceprofiles.ScopeMPP, deviceprofiles.ScopeWiFi}
	}
	return []deviceprofiles.SettingScope{deviceprofiles.ScopeATA, deviceprofiles.ScopeMPP, deviceprofiles.ScopeWiFi}
}

// ModelsWith names the models that have settings of some groups; not nil.
func ModelsWith(scopes []deviceprofiles.SettingScope) []string {
	models := []string{}
	for _, m := range deviceprofiles.Models() {
		if slices.ContainsFunc(deviceprofiles.ScopesOf(m), func(s deviceprofiles.SettingScope) bool { return slices.Contains(scopes, s) }) {
			models = append(models, m.Name)
		}
	}
	return models
}

// PutTags checks tags and adds them to a change, with fault.Invalid for all that break a rule. family stands for that of every tag, unless it is "".
func (s *Service) PutTags(c *SettingsChange, tags []DynamicChange, family string) error {
	if len(tags) > maxDynamicTags {
		return fault.InvalidField("tags", "must hold at most %d tags; there are %d", maxDynamicTags, len(tags))
	}
	var broken problems
	seen := map[deviceprofiles.SettingKey]bool{}
	for i, tag := range tags {
		if family != "" {
			tag.Family = family
		}
		field := fmt.Sprintf("tags[%d].", i)
		key, value, err := tag.check(c.Level)
		if err != nil {
			if !broken.joinAt(field, err) {
				return err
			}
			continue
		}
		if seen[key] {
			broken.add(field+"tag", "stands twice in the list")
		}
		seen[key] = true
		if tag.Action == ActionClear {
			c.Clear = append(c.Clear, key)
			continue
		}
		if err := s.put(c, key, value); err != nil {
			return err
		}
	}
	return broken.err("The settings can't be taken")
}

// check parses one tag.
func (t DynamicChange) check(level deviceprofiles.SettingLevel) (deviceprofiles.SettingKey, deviceprofiles.SettingValue, error) {
	switch t.Action {
	case ActionSet:
		return deviceprofiles.CheckTag(t.Family, t.Tag, level, t.Value)
	case ActionClear:
		key, err := deviceprofiles.FindTag(t.Family, t.Tag)
		return key, deviceprofiles.SettingValue{}, err
	}
	return deviceprofiles.SettingKey{}, deviceprofiles.SettingValue{}, fault.InvalidField("action", "must be %s or %s", ActionSet, ActionClear)
}

// joinAt adds what another check found in a part of the input. False when the error isn't about fields.
func (p *problems) joinAt(prefix string, err error) bool {
	e, ok := errors.AsType[*fault.Error](err)
	if !ok || len(e.Problems) == 0 {
		return false
	}
	for _, problem := range e.Problems {
		problem.Field = prefix + problem.Field
		p.list = append(p.list, problem)
	}
	return true
}
