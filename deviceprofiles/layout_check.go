package deviceprofiles

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"dialtone/fault"
)

// Bounds on what a person writes on a key, in bytes. Together they stay below the 511 characters that a Cisco phone takes for a key.
const (
	maxKeyLabel = 256
	maxKeyValue = 128
)

// keyNames are the wire's names of a key's fields, which errors name.
type keyNames struct{ list, index, kind, label, value string }

func lineKeyNames() keyNames {
	return keyNames{list: "lineKeys", index: "lineKeyIndex", kind: "lineKeyType", label: "lineKeyLabel", value: "lineKeyValue"}
}

func kemKeyNames() keyNames {
	return keyNames{list: "kemKeys", index: "kemKeyIndex", kind: "kemKeyType", label: "kemKeyLabel", value: "kemKeyValue"}
}

// CheckLayout refuses a layout that a model can't have: fault.Invalid, naming every field that is wrong as the wire does, e.g. lineKeys[3].lineKeyValue.
// The default layout is fine for every model; what else it holds is passed over.
func CheckLayout(m Model, l Layout) error {
	if !l.Custom {
		return nil
	}
	if !m.ConfigurableLayout {
		return fault.InvalidField("layoutMode", "must be DEFAULT: the keys of the %s can't be laid out", m.DisplayName)
	}
	c := keyChecker{model: m}
	c.lineKeys(l.Keys)
	c.kemKeys(l)
	return c.err("layout")
}

// CheckTemplateKeys refuses a line key template that no phone of a model could have, as CheckLayout does.
func CheckTemplateKeys(m Model, keys []LineKey) error {
	if !m.ConfigurableLayout {
		return fault.InvalidField("deviceModel", "must be another model: the keys of the %s can't be laid out", m.DisplayName)
	}
	c := keyChecker{model: m}
	c.lineKeys(keys)
	return c.err("line key template")
}

// keyChecker gathers what is wrong with keys.
type keyChecker struct {
	model    Model
	problems []fault.Problem
	// How many of the keys for shared lines say which one, and how many don't.
	sharedNamed, sharedInOrder int
}

func (c *keyChecker) add(field, format string, args ...any) {
	c.problems = append(c.problems, fault.Problem{Field: field, Code: fault.CodeRule, Message: fmt.Sprintf(format, args...)})
}

func (c *keyChecker) err(what string) error {
	if c.sharedNamed > 0 && c.sharedInOrder > 0 {
		c.add("lineKeys", "must give sharedLineIndex for all keys with a shared line, or for none")
	}
	if len(c.problems) == 0 {
		return nil
	}
	parts := make([]string, len(c.problems))
	for i, problem := range c.problems {
		parts[i] = problem.Field + " " + problem.Message
	}
	return &fault.Error{Kind: fault.Invalid, Message: "The " + what + " can't be taken: " + strings.Join(parts, "; ") + ".", Problems: c.problems}
}

func (c *keyChecker) lineKeys(keys []LineKey) {
	names, seen := lineKeyNames(), map[int]bool{}
	if len(keys) > c.model.LineKeys {
		c.add(names.list, "must have at most %d keys, as the %s has", c.model.LineKeys, c.model.DisplayName)
		return
	}
	first := false
	for i, key := range keys {
		at := names.list + "[" + strconv.Itoa(i) + "]."
		switch {
		case key.Index < 1 || key.Index > c.model.LineKeys:
			c.add(at+names.index, "must be 1 to %d, the keys of the %s; it is %d", c.model.LineKeys, c.model.DisplayName, key.Index)
		case seen[key.Index]:
			c.add(at+names.index, "must be given once; there is a key %d already", key.Index)
		case key.Index == 1 && key.Type != KeyPrimaryLine:
			c.add(at+names.kind, "must be PRIMARY_LINE for the first key")
		}
		first = first || key.Index == 1
		seen[key.Index] = true
		c.key(names, at, KEMKey{Type: key.Type, Label: key.Label, Value: key.Value, SharedLine: key.SharedLine})
	}
	if !first {
		c.add(names.list, "must have the first key, with the type PRIMARY_LINE")
	}
}

func (c *keyChecker) kemKeys(l Layout) {
	names, m := kemKeyNames(), c.model
	if l.KEMType == "" && len(l.KEM) == 0 {
		return
	}
	if m.KEMModules == 0 {
		c.add("kemModuleType", "must be absent, and kemKeys too: the %s takes no expansion module", m.DisplayName)
		return
	}
	if len(m.KEMTypes) > 0 && !slices.Contains(m.KEMTypes, l.KEMType) {
		c.add("kemModuleType", "must be one of %s for the %s", strings.Join(m.KEMTypes, ", "), m.DisplayName)
		return
	}
	most := kemCapacity(m, l.KEMType)
	if len(l.KEM) > m.KEMModules*most {
		c.add(names.list, "must have at most %d keys: %d modules with %d each", m.KEMModules*most, m.KEMModules, most)
		return
	}
	seen := map[[2]int]bool{}
	for i, key := range l.KEM {
		at := names.list + "[" + strconv.Itoa(i) + "]."
		place := [2]int{key.Module, key.Index}
		switch {
		case key.Module < 1 || key.Module > m.KEMModules:
			c.add(at+"kemModuleIndex", "must be 1 to %d, the modules that the %s takes; it is %d", m.KEMModules, m.DisplayName, key.Module)
		case key.Index < 1 || key.Index > most:
			c.add(at+names.index, "must be 1 to %d, the keys of a module; it is %d", most, key.Index)
		case seen[place]:
			c.add(at+names.index, "must be given once; there is a key %d of module %d already", key.Index, key.Module)
		}
		seen[place] = true
		c.key(names, at, key)
	}
}

// kemCapacity is the number of keys of one expansion module, over all of its pages: the wire's types name the keys of one page of two.
func kemCapacity(m Model, kemType string) int {
	switch kemType {
	case "KEM_14_KEYS":
		return 28
	case "KEM_18_KEYS":
		return 36
	case "KEM_20_KEYS":
		return 40
	}
	return m.KEMKeys
}

// key checks what is alike for every key.
func (c *keyChecker) key(names keyNames, at string, key KEMKey) {
	if !slices.Contains(keyTypes(), key.Type) {
		c.add(at+names.kind, "must be one of %s", joinKeyTypes())
		return
	}
	if key.Type == KeySpeedDial {
		c.speedDial(names, at, key)
	} else {
		if key.Label != "" {
			c.add(at+names.label, "must be absent: only SPEED_DIAL has one")
		}
		if key.Value != "" {
			c.add(at+names.value, "must be absent: only SPEED_DIAL has one")
		}
	}
	c.sharedLine(at, key)
}

func (c *keyChecker) speedDial(names keyNames, at string, key KEMKey) {
	if message := dialledRule(key.Value); message != "" {
		c.add(at+names.value, "%s", message)
	}
	if message := labelRule(key.Label); message != "" {
		c.add(at+names.label, "%s", message)
	}
}

func (c *keyChecker) sharedLine(at string, key KEMKey) {
	switch {
	case key.Type != KeySharedLine && key.SharedLine != 0:
		c.add(at+"sharedLineIndex", "must be absent: only SHARED_LINE has one")
	case key.Type != KeySharedLine:
	case key.SharedLine == 0:
		c.sharedInOrder++
	case key.SharedLine < 1 || key.SharedLine >= max(c.model.LinePorts, 2):
		c.add(at+"sharedLineIndex", "must be 1 to %d, the lines of the %s besides the first", c.model.LinePorts-1, c.model.DisplayName)
	default:
		c.sharedNamed++
	}
}

// dialledRule says what is wrong with what a key dials; "" if nothing is.
func dialledRule(value string) string {
	user, host, hasHost := strings.Cut(value, "@")
	switch {
	case len(value) > maxKeyValue:
		return "must have at most " + strconv.Itoa(maxKeyValue) + " characters"
	case strings.Trim(user, " -.+") == "" || hasHost && host == "" || strings.TrimSpace(value) != value:
		return "must be a number, an extension or user@host"
	case strings.ContainsFunc(user, notDialled) || strings.ContainsFunc(host, notDialled):
		return "must be a number, an extension or user@host, of letters, digits and the signs - _ . + and blank"
	}
	return ""
}

// dialled returns what a phone dials for a key's value: a number without the signs that only help the eye, anything else as it is.
func dialled(value string) string {
	const forTheEye = " -."
	if strings.Trim(value, "+0123456789"+forTheEye) != "" {
		return strings.ReplaceAll(value, " ", "")
	}
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(forTheEye, r) {
			return -1
		}
		return r
	}, value)
}

func notDialled(r rune) bool {
	return notOfHost(r) && r != '.' && r != '+' && r != ' '
}

// labelRule says what is wrong with a key's label; "" if nothing is. Beside what no file can hold, it must not hold the signs by which some phones end
// a field or begin a macro.
func labelRule(label string) string {
	if err := checkValue("", label, maxKeyLabel); err != nil {
		return fault.ProblemsOf(err)[0].Message
	}
	if err := checkLine("", label); err != nil {
		return fault.ProblemsOf(err)[0].Message
	}
	if strings.ContainsAny(label, ";$") {
		return "must not contain ; or $"
	}
	return ""
}

func keyTypes() []KeyType {
	return []KeyType{KeyPrimaryLine, KeySharedLine, KeyMonitor, KeyCallPark, KeySpeedDial, KeyOpen, KeyClosed, KeyModeManagement}
}

func joinKeyTypes() string {
	parts := []string{}
	for _, t := range keyTypes() {
		parts = append(parts, string(t))
	}
	return strings.Join(parts, ", ")
}
