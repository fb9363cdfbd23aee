package deviceprofiles

import (
	"bytes"
	"maps"
	"slices"
	"strings"

	"dialtone/fault"
)

// maxBlock bounds a value that is a whole PEM block, in bytes.
const maxBlock = 8192

// isSettingName reports whether a setting may have the name in every format: letters, digits, and the signs that Cisco's names hold, a letter or an
// underscore first, as XML wants it.
func isSettingName(name string) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_':
		case i > 0 && (c >= '0' && c <= '9' || c == '.' || c == '-'):
		default:
			return false
		}
	}
	return name != ""
}

// xmlText escapes a value for an element or a double-quoted attribute. Line breaks and tabs become references, as an attribute would lose them.
func xmlText(value string) string {
	if !strings.ContainsAny(value, "&<>\"'\r\n\t") {
		return value
	}
	var b strings.Builder
	for i := range len(value) {
		switch c := value[i]; c {
		case '&':
			b.WriteString("&amp;")
		case '<':
			b.WriteString("&lt;")
		case '>':
			b.WriteString("&gt;")
		case '"':
			b.WriteString("&quot;")
		case '\'':
			b.WriteString("&apos;")
		case '\r':
			b.WriteString("&#xD;")
		case '\n':
			b.WriteString("&#xA;")
		case '\t':
			b.WriteString("&#x9;")
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// settings gathers the settings of one file, each name once, and remembers the first mistake so that callers can write one after another.
type settings struct {
	names  []string // in the order of setting
	values map[string]string
	chosen map[string]parameter // what administrators chose and isn't written yet
	user   map[string]bool      // names that the phone's user may change
	reset  map[string]bool      // names that an administrator emptied
	err    error
}

func newSettings() *settings {
	const usual = 64 // settings in a phone's own file
	return &settings{names: make([]string, 0, usual), values: make(map[string]string, usual)}
}

// newOwnSettings begins a phone's own file, in which an administrator's choice goes before preset values.
func newOwnSettings(s Settings) *settings {
	p := newSettings()
	p.chosen, p.err = s.vendorParameters()
	if len(p.chosen) > 0 {
		p.user, p.reset = make(map[string]bool, len(p.chosen)), make(map[string]bool, len(p.chosen))
	}
	return p
}

// preset adds a setting with the family's own choice, unless an administrator made another one.
func (s *settings) preset(name, value string) {
	if chosen, ok := s.chosen[name]; ok {
		delete(s.chosen, name)
		s.setChosen(name, chosen)
		return
	}
	s.set(name, value)
}

// rest adds what administrators chose and no preset stood for, sorted. A name that the family writes itself is set twice, and thus an error.
func (s *settings) rest() {
	for _, name := range slices.Sorted(maps.Keys(s.chosen)) {
		s.setChosen(name, s.chosen[name])
	}
}

func (s *settings) setChosen(name string, p parameter) {
	s.set(name, p.value)
	s.user[name], s.reset[name] = p.user, p.value == ""
	if strings.HasPrefix(name, polyDeviceGroup) {
		s.set(name+polyDeviceSwitch, "1")
	}
}

// hotline returns what makes a phone dial a destination at once, and remembers a destination that isn't one.
func (s *settings) hotline(before, destination, after string) string {
	if err := CheckHotline("hotlineDestination", destination); err != nil && s.err == nil {
		s.err = err
	}
	return before + destination + after
}

// speedDial remembers what can't be dialled or written on a key.
func (s *settings) speedDial(key Key) {
	if s.err != nil {
		return
	}
	if message := dialledRule(key.Value); message != "" {
		s.err = fault.InvalidField("lineKeyValue", "%s", message)
	} else if message := labelRule(key.Label); message != "" {
		s.err = fault.InvalidField("lineKeyLabel", "%s", message)
	}
}

// set adds a setting.
func (s *settings) set(name, value string) {
	if err := checkValue(name, value, maxValue); err != nil && s.err == nil {
		s.err = err
	}
	s.put(name, value)
}

// setBlock adds a setting whose value is a PEM block: several lines of ASCII.
func (s *settings) setBlock(name string, value []byte) {
	if err := checkValue(name, strings.ReplaceAll(string(value), "\n", ""), maxBlock); err != nil && s.err == nil {
		s.err = err
	}
	s.put(name, string(value))
}

func (s *settings) put(name, value string) {
	if s.err != nil {
		return
	}
	switch _, twice := s.values[name]; {
	case !isSettingName(name):
		s.err = fault.New(fault.Internal, "%q is no name of a setting", name)
	case twice:
		s.err = fault.New(fault.Internal, "%s is set twice", name)
	default:
		s.names = append(s.names, name)
		s.values[name] = value
	}
}

// flatProfile writes a Cisco profile: one element a setting, in the order of setting. The phone's user may change those alone that say so.
func (s *settings) flatProfile() (File, error) {
	if s.err != nil {
		return File{}, s.err
	}
	var b bytes.Buffer
	b.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<flat-profile>\n")
	for _, name := range s.names {
		access := "na"
		if s.user[name] {
			access = "rw"
		}
		b.WriteString("  <" + name + " ua=\"" + access + "\">" + xmlText(s.values[name]) + "</" + name + ">\n")
	}
	b.WriteString("</flat-profile>\n")
	return File{ContentType: contentTypeXML, Body: b.Bytes()}, nil
}

const (
	contentTypeXML  = "text/xml; charset=utf-8"
	contentTypeText = "text/plain; charset=utf-8"
)

// attributes writes Poly's form: one element whose attributes are the settings, sorted, one a line.
func (s *settings) attributes(element string) (File, error) {
	if s.err != nil {
		return File{}, s.err
	}
	slices.Sort(s.names)
	var b bytes.Buffer
	b.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<" + element)
	for _, name := range s.names {
		b.WriteString("\n  " + name + "=\"" + xmlText(s.values[name]) + "\"")
	}
	b.WriteString("/>\n")
	return File{ContentType: contentTypeXML, Body: b.Bytes()}, nil
}

// lines writes Yealink's form: one "name = value" a line after the version. It has no escaping at all, so that what would be read as something
// else is refused.
func (s *settings) lines() (File, error) {
	if s.err != nil {
		return File{}, s.err
	}
	var b bytes.Buffer
	b.WriteString("#!version:1.0.0.1\n")
	for _, name := range s.names {
		value := s.values[name]
		if err := checkLine(name, value); err != nil {
			return File{}, err
		}
		if s.reset[name] {
			value = yealinkReset
		}
		b.WriteString(name + " = " + value + "\n")
	}
	return File{ContentType: contentTypeText, Body: b.Bytes()}, nil
}
