package deviceprofiles

import (
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

// settings gathers the settings of one file, each name once, and remembers the first mistake so that callers can write one after another.
type settings struct {
	format *format
	names  []string // in the order of setting
	values map[string]string
	chosen map[string]parameter // what administrators chose and isn't written yet
	user   map[string]bool      // names that the phone's user may change
	reset  map[string]bool      // names that an administrator emptied
	err    error
}

func newSettings(f *format) *settings {
	const usual = 64 // settings in a phone's own file
	return &settings{format: f, names: make([]string, 0, usual), values: make(map[string]string, usual)}
}

// newOwnSettings begins a phone's own file, in which an administrator's choice goes before preset values.
func newOwnSettings(f *format, s Settings) *settings {
	p := newSettings(f)
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
	if err := s.format.checkChosen(name, p.value); err != nil && s.err == nil {
		s.err = err
	}
	s.set(name, p.value)
	s.user[name], s.reset[name] = p.user, p.value == ""
	if w := s.format.Switch; w != nil && strings.HasPrefix(name, w.Prefix) {
		s.set(name+w.Suffix, "1")
	}
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
	if err := checkValue(name, value, s.format.longest()); err != nil && s.err == nil {
		s.err = err
	}
	s.put(name, value)
}

// setBlock adds a setting whose value is a PEM block: several lines of ASCII.
func (s *settings) setBlock(name, value string) {
	if err := checkValue(name, strings.ReplaceAll(value, "\n", ""), maxBlock); err != nil && s.err == nil {
		s.err = err
	}
	s.put(name, value)
}

func (s *settings) put(name, value string) {
	if s.err != nil {
		return
	}
	switch _, twice := s.values[name]; {
	case !s.format.checkName(name):
		s.err = fault.New(fault.Internal, "%q is no name of a setting", name)
	case twice:
		s.err = fault.New(fault.Internal, "%s is set twice", name)
	default:
		s.names = append(s.names, name)
		s.values[name] = value
	}
}

const (
	contentTypeXML  = "text/xml; charset=utf-8"
	contentTypeText = "text/plain; charset=utf-8"
)
