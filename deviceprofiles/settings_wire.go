package deviceprofiles

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"dialtone/fault"
	"dialtone/secret"
)

// Bounds on what a stranger may send as customizations. The complete object with all soft keys has 12 kB and is 4 deep.
const (
	maxCustomizations      = 64 << 10 // bytes
	maxCustomizationsDepth = 8
)

// customizationsField is the wire's name of the object that holds the static groups.
const customizationsField = "customizations"

// ParseCustomizations reads the wire's customizations object, {"mpp": {...}, "ata": {...}}, into values for one level. Booleans and numbers may come as
// strings; null is as good as absent, and names that we don't know are passed over, as are settings that are only shown. A secret that comes back as its
// mask isn't in the answer, so that what is stored stays; an empty one is. fault.Invalid names every value that breaks a rule or isn't allowed at the
// level, by its path, e.g. customizations.mpp.vlan.value.
func ParseCustomizations(raw json.RawMessage, level SettingLevel) (map[SettingKey]SettingValue, error) {
	switch {
	case len(raw) > maxCustomizations:
		return nil, fault.InvalidField(customizationsField, "must have at most %d bytes", maxCustomizations)
	case tooDeep(raw, maxCustomizationsDepth):
		return nil, fault.InvalidField(customizationsField, "must not be nested deeper than %d", maxCustomizationsDepth)
	}
	groups, ok := objectOf(raw)
	if !ok {
		return nil, fault.InvalidField(customizationsField, "must be an object")
	}
	p := customizationsParser{level: level, values: map[SettingKey]SettingValue{}}
	table := settingDefinitions()
	for _, scope := range table.scopes {
		if group, sent := groups[string(scope)]; sent && scope.Static() {
			p.object(table.byScope[scope], scope, "", group)
		}
	}
	return p.values, p.err()
}

// customizationsParser gathers values and what is wrong with others.
type customizationsParser struct {
	level    SettingLevel
	values   map[SettingKey]SettingValue
	problems []fault.Problem
}

// object reads one object, whose settings' names begin with prefix.
func (p *customizationsParser) object(definitions []SettingDefinition, scope SettingScope, prefix string, raw json.RawMessage) {
	path := customizationsField + "." + string(scope) + strings.TrimSuffix("."+prefix, ".")
	if isNull(raw) {
		return
	}
	fields, ok := objectOf(raw)
	if !ok {
		p.add(path, "must be an object")
		return
	}
	below := map[string]bool{} // objects that were read
	for _, d := range definitions {
		name, rest, nested := strings.Cut(strings.TrimPrefix(d.Key.Name, prefix), ".")
		value, sent := fields[name]
		switch {
		case !strings.HasPrefix(d.Key.Name, prefix) || !sent || rest != "" && below[name] || isNull(value):
		case nested:
			below[name] = true
			p.object(definitions, scope, prefix+name+".", value)
		case !d.ReadOnly:
			p.value(d, strings.TrimSuffix(path, ".")+"."+name, value)
		}
	}
}

// value reads one value.
func (p *customizationsParser) value(d SettingDefinition, path string, raw json.RawMessage) {
	text, ok := scalar(d.Kind, raw)
	if !ok {
		p.add(path, "must be "+typeName(d.Kind))
		return
	}
	if d.Secret() && text == secret.Mask {
		return
	}
	value, err := settingDefinitions().check(d, text)
	switch {
	case err != nil:
		p.add(path, err.Error())
	case !d.AllowedAt(p.level):
		p.add(path, fmt.Sprintf("can't be set at the level %s", p.level))
	default:
		p.values[d.Key] = value
	}
}

func (p *customizationsParser) add(path, message string) {
	p.problems = append(p.problems, fault.Problem{Field: path, Code: fault.CodeRule, Message: message})
}

func (p *customizationsParser) err() error {
	if len(p.problems) == 0 {
		return nil
	}
	parts := make([]string, len(p.problems))
	for i, problem := range p.problems {
		parts[i] = problem.Field + " " + problem.Message
	}
	return &fault.Error{Kind: fault.Invalid, Message: "The settings can't be taken: " + strings.Join(parts, "; ") + ".", Problems: p.problems}
}

// scalar returns the text of a JSON value, as the setting's check reads it. False when the value is of another type than the kind's.
func scalar(kind SettingKind, raw json.RawMessage) (string, bool) {
	if kind == KindList {
		return string(raw), true
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text, true
	}
	var number json.Number
	if json.Unmarshal(raw, &number) == nil {
		return number.String(), kind != KindBoolean
	}
	var boolean bool
	if json.Unmarshal(raw, &boolean) == nil {
		return string(bytes.TrimSpace(raw)), kind == KindBoolean
	}
	return "", false
}

func typeName(kind SettingKind) string {
	switch kind {
	case KindBoolean:
		return "true or false"
	case KindInteger:
		return "a whole number"
	default:
		return "a string"
	}
}

func objectOf(raw json.RawMessage) (map[string]json.RawMessage, bool) {
	var fields map[string]json.RawMessage
	err := json.Unmarshal(raw, &fields)
	return fields, err == nil && fields != nil
}

func isNull(raw json.RawMessage) bool { return string(bytes.TrimSpace(raw)) == "null" }

// tooDeep reports whether JSON is nested deeper than most, without reading it further.
func tooDeep(raw []byte, most int) bool {
	depth, inString := 0, false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			if depth++; depth > most {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// Customizations writes the wire's customizations object with the static scopes among those asked for, complete: with the system default where values
// hold nothing. Secrets are masked, and empty when there is none. The same input gives the same bytes.
func Customizations(scopes []SettingScope, values map[SettingKey]SettingValue) json.RawMessage {
	groups := map[string]any{}
	for _, scope := range scopes {
		if !scope.Static() {
			continue
		}
		group := map[string]any{}
		for _, d := range settingDefinitions().byScope[scope] {
			value, set := values[d.Key]
			if !set {
				value = d.Default
			}
			put(group, strings.Split(d.Key.Name, "."), wireValue(d, value))
		}
		groups[string(scope)] = group
	}
	raw, err := json.Marshal(groups)
	if err != nil { // maps of strings, booleans, and numbers and lists that were checked
		return json.RawMessage("{}")
	}
	return raw
}

// put sets a value in nested objects.
func put(object map[string]any, path []string, value any) {
	if len(path) == 1 {
		object[path[0]] = value
		return
	}
	inner, ok := object[path[0]].(map[string]any)
	if !ok {
		inner = map[string]any{}
		object[path[0]] = inner
	}
	put(inner, path[1:], value)
}

// wireValue returns a value in the type that the wire has for it.
func wireValue(d SettingDefinition, v SettingValue) any {
	switch d.Kind {
	case KindBoolean:
		return v.Text == "true"
	case KindInteger:
		return json.Number(v.Text)
	case KindList:
		return json.RawMessage(v.Text)
	default:
		return v.Masked().Reveal()
	}
}
