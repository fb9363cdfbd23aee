package deviceprofiles

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"dialtone/fault"
)

// parameter is one of a vendor's parameters as it will be written.
type parameter struct {
	value  string
	user   bool // the phone's user may change it
	shared bool // others may have written the same
}

// vendorParameters turns the settings to write into the family's parameters, by name. A parameter that two settings write differently is fault.Internal:
// the data is wrong, and a test would have said so.
func (s Settings) vendorParameters() (map[string]parameter, error) {
	if len(s.Values) == 0 {
		return map[string]parameter{}, nil
	}
	scopes, out := ScopesOf(s.Model), map[string]parameter{}
	for _, key := range slices.SortedFunc(maps.Keys(s.Values), ownFirst) {
		d, ok := Definition(key)
		if !ok || !slices.Contains(scopes, key.Scope) {
			continue
		}
		for _, target := range d.Parameters[s.Model.Family] {
			if !target.isFor(s.Model) || !s.meets(key.Scope, target.When) {
				continue
			}
			for name, p := range target.write(s, d, s.Values[key]) {
				if _, own := out[name]; own && key.Scope == ScopeEvery {
					continue
				}
				if before, twice := out[name]; twice && (!before.shared || before != p) {
					return nil, fault.New(fault.Internal, "two settings write %s", name)
				}
				out[name] = p
			}
		}
	}
	return out, nil
}

// ownFirst orders keys, those of every phone behind the family's own.
func ownFirst(a, b SettingKey) int {
	return cmp.Or(cmp.Compare(boolIndex(a.Scope == ScopeEvery), boolIndex(b.Scope == ScopeEvery)), a.Compare(b))
}

// meets reports whether other settings have the values that a parameter wants; what isn't to be written has its default.
func (s Settings) meets(scope SettingScope, when map[string]string) bool {
	for name, want := range when {
		key := SettingKey{Scope: scope, Name: name}
		value, set := s.Values[key]
		if d, ok := Definition(key); !set && ok {
			value = d.Default
		}
		if value.Text != want {
			return false
		}
	}
	return true
}

// write returns the parameters of one target for one value, by name: one, or one for each line or item of a list.
func (p SettingParameter) write(s Settings, d SettingDefinition, v SettingValue) map[string]parameter {
	out := map[string]parameter{}
	switch {
	case strings.Contains(p.Name, "{item}"):
		for i, text := range listItems(d, v) {
			place := strconv.Itoa(i + 1)
			out[strings.ReplaceAll(p.Name, "{item}", place)] = parameter{p.fill(text, i), p.User, p.Shared}
		}
	case strings.Contains(p.Name, "{line}"):
		text, ok := p.word(s.Model.Family, d.Kind, v)
		for _, line := range s.Lines {
			if ok {
				out[strings.ReplaceAll(p.Name, "{line}", strconv.Itoa(line.Port))] = parameter{p.fill(text, 0), p.User, p.Shared}
			}
		}
	default:
		if text, ok := p.word(s.Model.Family, d.Kind, v); ok {
			out[p.Name] = parameter{p.fill(text, 0), p.User, p.Shared}
		}
	}
	return out
}

// listItems returns the items of a list of addresses, and "" for each place behind them, so that what was there before goes.
func listItems(d SettingDefinition, v SettingValue) []string {
	var items []string
	_ = json.Unmarshal([]byte(v.Text), &items) // a value that was checked; whatever else it might be has no items
	for len(items) < d.Max {
		items = append(items, "")
	}
	return items
}

// fill puts a word into the parameter's template. Nothing stays nothing.
func (p SettingParameter) fill(text string, index int) string {
	if p.Template == "" || text == "" {
		return text
	}
	return strings.NewReplacer("{value}", text, "{item}", strconv.Itoa(index+1), "{index}", strconv.Itoa(index)).Replace(p.Template)
}

// constant reports whether the parameter only says that there is a value.
func (p SettingParameter) constant() bool {
	return p.Template != "" && !strings.Contains(p.Template, "{value}")
}

// word returns the vendor's word for a value. False when the parameter is left out.
func (p SettingParameter) word(f Family, kind SettingKind, v SettingValue) (string, bool) {
	text := v.Reveal()
	word, named := p.Values[text]
	if !named {
		word, named = p.Values["*"]
	}
	switch {
	case named && word == nil, text == "" && p.constant():
		return "", false
	case named && *word != "*":
		return *word, true
	case kind == KindBoolean:
		return packs().booleans(f)[boolIndex(text == "true")], true
	}
	return text, true
}
