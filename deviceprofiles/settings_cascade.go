package deviceprofiles

import (
	"cmp"
	"slices"
	"strings"
)

// candidate is a value that a level has for a setting.
type candidate struct {
	value  SettingValue
	source SettingSource
}

// Effective returns what a phone of a model is told of each of its settings, sorted by key: the value of the most specific level that has one. country is
// the location's (ISO 3166-1 alpha-2) and chooses the regional defaults. The levels may be given in any order; where one is given twice, the younger
// value counts. Values given at SYSTEM_DEFAULT or REGIONAL_DEFAULT replace the built-in ones. A level may be left out: without DEVICE, the answer is what
// a location's phones are told.
func Effective(m Model, country string, levels ...LevelValues) []EffectiveSetting {
	var out []EffectiveSetting
	for _, scope := range slices.Sorted(slices.Values(ScopesOf(m))) {
		out = append(out, EffectiveIn(scope, country, levels...)...)
	}
	return out
}

// EffectiveIn is Effective for one scope, whatever the model: what an organisation or a location shows. Empty when there is no such scope.
func EffectiveIn(scope SettingScope, country string, levels ...LevelValues) []EffectiveSetting {
	definitions := settingDefinitions().sorted[scope]
	out := make([]EffectiveSetting, 0, len(definitions))
	for _, d := range definitions {
		out = append(out, effective(d, country, levels))
	}
	return out
}

func effective(d SettingDefinition, country string, levels []LevelValues) EffectiveSetting {
	candidates := append(make([]candidate, 0, 8), candidate{d.Default, SettingSource{Level: LevelSystem}})
	if regional, ok := d.Regional[country]; ok {
		candidates = append(candidates, candidate{regional, SettingSource{Level: LevelRegional}})
	}
	for _, level := range levels {
		stored, set := level.Values[d.Key]
		if !set || d.ReadOnly || level.Level.rank() == 0 {
			continue
		}
		candidates = append(candidates, candidate{stored.Value, SettingSource{Level: level.Level, At: stored.At, By: stored.By}})
	}
	slices.SortStableFunc(candidates, moreSpecific)
	out := EffectiveSetting{Definition: d, Value: candidates[0].value, Source: candidates[0].source}
	for _, c := range candidates[1:] {
		if c.source.Level != out.Source.Level {
			out.Parent = &InheritedSetting{Value: c.value, Level: c.source.Level}
			break
		}
	}
	return out
}

// moreSpecific puts the most specific level first, and within a level the youngest value; the rest only makes the order the same for every order given.
func moreSpecific(a, b candidate) int {
	return cmp.Or(
		cmp.Compare(b.source.Level.rank(), a.source.Level.rank()), b.source.At.Compare(a.source.At),
		cmp.Compare(a.source.By, b.source.By), cmp.Compare(a.value.Text, b.value.Text),
	)
}

// At returns a setting as the wire shows it at one level: the level's own value, if it has one, and what it would inherit from its parents; inherited is
// nil when there is nothing above.
func (e EffectiveSetting) At(level SettingLevel) (own SettingValue, set bool, inherited *InheritedSetting) {
	if e.Source.Level == level {
		return e.Value, true, e.Parent
	}
	return SettingValue{}, false, &InheritedSetting{Value: e.Value, Level: e.Source.Level}
}

// Unsupported returns the settings among those given that a phone of the model can't be told, sorted: its family has no parameter for them, the model
// isn't one of those that have it, or the setting is of another scope. They are stored all the same; this is for telling people so.
func Unsupported(m Model, values ...map[SettingKey]SettingValue) []SettingKey {
	scopes := ScopesOf(m)
	var out []SettingKey
	for _, set := range values {
		for key := range set {
			if d, ok := Definition(key); !ok || !slices.Contains(scopes, key.Scope) || !d.writtenFor(m) {
				out = append(out, key)
			}
		}
	}
	slices.SortFunc(out, SettingKey.Compare)
	return slices.Compact(out)
}

// writtenFor reports whether a phone of the model is told the setting, by a parameter of its own or by one that it switches.
func (d SettingDefinition) writtenFor(m Model) bool {
	switch d.Key { // which packs say more of than parameters can
	case PhonebookSetting:
		return takesPhonebook(m)
	case OwnCASetting:
		return takesOwnCA(m)
	}
	if slices.ContainsFunc(d.Parameters[m.Family], func(p SettingParameter) bool { return p.isFor(m) }) {
		return true
	}
	for _, other := range settingDefinitions().byScope[d.Key.Scope] {
		for _, p := range other.Parameters[m.Family] {
			if _, switches := p.When[d.Key.Name]; switches && p.isFor(m) {
				return true
			}
		}
	}
	return false
}

// isFor reports whether a model has the parameter.
func (p SettingParameter) isFor(m Model) bool {
	if len(p.Variants) > 0 && !slices.Contains(p.Variants, m.Variant) {
		return false
	}
	return len(p.Models) == 0 || slices.ContainsFunc(p.Models, func(begin string) bool { return strings.HasPrefix(m.DisplayName, begin) })
}

// ValuesToWrite picks from the effective settings what Settings.Values must hold: all that somebody set, at any level, and what was set once and was
// cleared since. Phones keep a setting that their file no longer mentions, so that a cleared one must be written with the value that came back;
// whoever stores settings remembers their keys. All other settings stay as the phone was delivered.
func ValuesToWrite(settings []EffectiveSetting, cleared ...SettingKey) map[SettingKey]SettingValue {
	out := map[SettingKey]SettingValue{}
	for _, e := range settings {
		isDefault := e.Source.Level == LevelSystem || e.Source.Level == LevelRegional
		if !isDefault || slices.Contains(cleared, e.Definition.Key) {
			out[e.Definition.Key] = e.Value
		}
	}
	return out
}
