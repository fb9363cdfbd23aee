package deviceprofiles

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"sync"

	"dialtone/secret"
)

// The definitions are data in the packs, one file a scope. To add a setting, or a family's way to write one, add a line there.
// settingTable is every definition, ready for use.
type settingTable struct {
	scopes  []SettingScope // sorted
	byScope map[SettingScope][]SettingDefinition
	byKey   map[SettingKey]SettingDefinition
	sorted  map[SettingScope][]SettingDefinition // byScope in the order of their keys
	broken  error                                // what is left out, and why
	pattern map[string]*regexp.Regexp            // the patterns of all definitions, compiled
}

// settingDefinitions is the table, read from the files when it is first asked for.
//
//nolint:gochecknoglobals // never changes: read once, the same in every process
var settingDefinitions = sync.OnceValue(func() settingTable {
	table, err := readSettingFiles()
	table.broken = err
	return table
})

// settingFile is the form of one data file.
type settingFile struct {
	Scope    SettingScope   `json:"scope"`
	Tab      string         `json:"tab"`
	Levels   []SettingLevel `json:"levels"` // of all settings that name none
	Settings []settingLine  `json:"settings"`
}

// settingLine is one setting in a data file. The names speak for themselves; a parameter that is a string alone is its name.
type settingLine struct {
	Name        string                         `json:"name"`
	Label       string                         `json:"label"`
	Tooltip     string                         `json:"tooltip"`
	Kind        SettingKind                    `json:"kind"`
	Values      []string                       `json:"values"`
	Min         int                            `json:"min"`
	Max         int                            `json:"max"`
	Increment   int                            `json:"increment"`
	Pattern     string                         `json:"pattern"`
	Forbidden   []string                       `json:"forbidden"`
	MaxLength   int                            `json:"maxLength"`
	Hint        string                         `json:"hint"`
	Item        ListItem                       `json:"item"`
	Levels      []SettingLevel                 `json:"levels"`
	Default     string                         `json:"default"`
	Regional    map[string]string              `json:"regional"`
	Group       string                         `json:"group"`
	ReadOnly    bool                           `json:"readOnly"`
	Unconfirmed bool                           `json:"unconfirmed"`
	Parameters  map[Family][]settingLineTarget `json:"parameters"`
}

// settingLineTarget is a parameter: an object, or its name alone.
type settingLineTarget struct{ SettingParameter }

// UnmarshalJSON reads either form, and refuses fields that nobody knows.
func (t *settingLineTarget) UnmarshalJSON(raw []byte) error {
	if bytes.HasPrefix(raw, []byte(`"`)) {
		return json.Unmarshal(raw, &t.Name)
	}
	return strictJSON(raw, &t.SettingParameter)
}

func strictJSON(raw []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

// readSettingFiles reads every data file. What is broken is left out, and named.
func readSettingFiles() (settingTable, error) {
	table := settingTable{
		byScope: map[SettingScope][]SettingDefinition{}, byKey: map[SettingKey]SettingDefinition{}, pattern: map[string]*regexp.Regexp{},
	}
	names, err := fs.Glob(packFiles, "packs/*/settings*.json")
	broken := []error{err}
	for _, name := range append(names, "packs/settings.json") {
		raw, err := packFiles.ReadFile(name)
		broken = append(broken, err, table.read(name, raw))
	}
	names, err = fs.Glob(packFiles, "packs/*/neutral.json")
	broken = append(broken, err)
	for _, name := range names {
		broken = append(broken, table.readNeutral(name))
	}
	slices.SortFunc(table.scopes, func(a, b SettingScope) int {
		return ownFirst(SettingKey{Scope: a}, SettingKey{Scope: b})
	})
	table.sorted = make(map[SettingScope][]SettingDefinition, len(table.byScope))
	for scope, definitions := range table.byScope {
		table.sorted[scope] = slices.SortedFunc(slices.Values(definitions), func(a, b SettingDefinition) int { return a.Key.Compare(b.Key) })
	}
	return table, errors.Join(broken...)
}

// read adds the settings of one file.
func (t *settingTable) read(name string, raw []byte) error {
	var file settingFile
	if err := strictJSON(raw, &file); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	t.scopes = append(t.scopes, file.Scope)
	var broken []error
	for _, line := range file.Settings {
		d := line.definition(file)
		if err := t.add(d, line); err != nil {
			broken = append(broken, fmt.Errorf("%s: %s: %w", name, line.Name, err))
		}
	}
	return errors.Join(broken...)
}

// readNeutral reads how the families of one pack are told the settings that every phone has: parameters by family and name of the setting.
func (t *settingTable) readNeutral(name string) error {
	var file map[Family]map[string][]settingLineTarget
	if err := readFile(packFiles, name, &file); err != nil {
		return err
	}
	var broken []error
	for family, settings := range file {
		for setting, targets := range settings {
			d, known := t.byKey[SettingKey{Scope: ScopeEvery, Name: setting}]
			if !known || packs().byFamily[family] == nil {
				broken = append(broken, fmt.Errorf("%s: nobody knows %s of %s", name, setting, family))
				continue
			}
			for _, target := range targets {
				d.Parameters[family] = append(d.Parameters[family], target.SettingParameter)
			}
		}
	}
	return errors.Join(broken...)
}

// add adds one definition, with its defaults, which must pass the setting's own check.
func (t *settingTable) add(d SettingDefinition, line settingLine) error {
	if _, twice := t.byKey[d.Key]; twice {
		return errors.New("stands twice")
	}
	if d.Pattern != "" {
		pattern, err := regexp.Compile(`\A(?:` + d.Pattern + `)\z`)
		if err != nil {
			return fmt.Errorf("pattern: %w", err)
		}
		t.pattern[d.Pattern] = pattern
	}
	value, err := t.check(d, line.Default)
	if err != nil {
		return fmt.Errorf("default: %w", err)
	}
	d.Default = value
	for country, text := range line.Regional {
		if d.Regional[country], err = t.check(d, text); err != nil {
			return fmt.Errorf("default of %s: %w", country, err)
		}
	}
	t.byScope[d.Key.Scope] = append(t.byScope[d.Key.Scope], d)
	t.byKey[d.Key] = d
	return nil
}

// definition returns what a line defines, without its defaults.
func (l settingLine) definition(file settingFile) SettingDefinition {
	d := SettingDefinition{
		Key: SettingKey{Scope: file.Scope, Name: l.Name}, FriendlyName: l.Label, Tooltip: l.Tooltip, Kind: l.Kind, Values: l.Values,
		Min: l.Min, Max: l.Max, Increment: l.Increment, Pattern: l.Pattern, Forbidden: l.Forbidden, MaxLength: l.MaxLength, Hint: l.Hint, Item: l.Item,
		Levels: l.Levels, Regional: make(map[string]SettingValue, len(l.Regional)), Tab: file.Tab, Group: l.Group,
		ReadOnly: l.ReadOnly, Unconfirmed: l.Unconfirmed, Parameters: make(map[Family][]SettingParameter, len(l.Parameters)),
	}
	if d.Levels == nil {
		d.Levels = file.Levels
	}
	for family, targets := range l.Parameters {
		for _, target := range targets {
			d.Parameters[family] = append(d.Parameters[family], target.SettingParameter)
		}
	}
	return d
}

// Definitions returns the settings of a scope, in the order in which they are shown. False when there is no such scope. Callers must not change what
// the definitions refer to.
func Definitions(scope SettingScope) ([]SettingDefinition, bool) {
	definitions, ok := settingDefinitions().byScope[scope]
	return slices.Clone(definitions), ok
}

// Definition returns one setting. False when there is none of that key.
func Definition(key SettingKey) (SettingDefinition, bool) {
	d, ok := settingDefinitions().byKey[key]
	return d, ok
}

// ScopesOf returns the scopes whose settings a model has, its own first; none for models that we don't configure.
func ScopesOf(m Model) []SettingScope {
	var scope SettingScope
	switch {
	case m.SettingsStyle == SettingsDynamic:
		scope = SettingScope(m.FamilyName)
	case m.SettingsStyle != SettingsStatic: // no settings of its own
	case m.Type == "ATA":
		scope = ScopeATA
	case strings.HasPrefix(m.DisplayName, "Cisco 840"), strings.HasPrefix(m.DisplayName, "Cisco 860"):
		scope = ScopeWiFi
	default:
		scope = ScopeMPP
	}
	var out []SettingScope
	if _, ok := settingDefinitions().byScope[scope]; ok {
		out = append(out, scope)
	}
	if m.Configured() {
		out = append(out, ScopeEvery)
	}
	return out
}

// PlainSetting makes the value of a setting that is no secret, unchecked: for values that were checked when they were stored.
func PlainSetting(text string) SettingValue { return SettingValue{Text: text} }

// SecretSetting makes the value of a password, unchecked.
func SecretSetting(text secret.Text) SettingValue { return SettingValue{Secret: text} }
