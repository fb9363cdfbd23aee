package deviceprofiles

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"dialtone/fault"
)

// format is how a family's files are spelled out. Escaping is done here and nowhere else: what a value holds can't become another setting, and what a
// format has no way to write is refused.
type format struct {
	Kind formatKind `json:"kind"`

	// Element is the root element of XML, and Attributes what stands in it. A tree without an Element has its root in the names, as their first step.
	Element    string `json:"element"`
	Attributes string `json:"attributes"`
	Standalone bool   `json:"standalone"` // the XML declaration says so
	// Place is where a name without a slash stands in an XML tree, {name} being the name, e.g. "phone-settings/{name}[perm=R]".
	Place string `json:"place"`
	// Apostrophes stand around an attribute that holds quotes, for phones that want strings quoted within their attributes.
	Apostrophes bool `json:"apostrophes"`
	// Access names the attribute that says whether the phone's user may change a setting, with its words for no and yes; names with a slash say it
	// themselves.
	Access *struct{ Attribute, Fixed, User string } `json:"access"`
	// BlocksLast puts elements of the root that hold others behind those that don't.
	BlocksLast bool `json:"blocksLast"`
	// Switch is the suffix of the settings that switch on those with a prefix.
	Switch *struct{ Prefix, Suffix string } `json:"switch"`

	Head      []string `json:"head"`      // lines before the first setting
	Tail      []string `json:"tail"`      // lines after the last
	Separator string   `json:"separator"` // between name and value of a line
	Quote     string   `json:"quote"`     // around a value of a line
	CRLF      bool     `json:"crlf"`      // lines end so
	Sections  bool     `json:"sections"`  // a name is SECTION/NAME, and the section stands in brackets on a line before its settings
	Closed    bool     `json:"closed"`    // a section ends with a line of its own, as AudioCodes' tables do

	Reset    string            `json:"reset"`    // what a setting that an administrator emptied is told
	Refuse   string            `json:"refuse"`   // characters that no value can hold
	NotFirst string            `json:"notFirst"` // characters that no value can begin with
	Instead  map[string]string `json:"instead"`  // what names and labels of people get instead of a text that can't be written
	Longest  int               `json:"longest"`  // bytes of a value; 512 unless given
}

// formatKind is a way to spell files out.
type formatKind string

const (
	formatTree       formatKind = "tree"       // XML: a name is a path of elements, a value the text of the last or, behind @, an attribute
	formatAttributes formatKind = "attributes" // XML: one element, each setting an attribute
	formatLines      formatKind = "lines"      // text: a setting a line
	formatObjects    formatKind = "objects"    // XML of objects and their parameters, as in TR-104: what stands before a name's last dot is the object
)

// check refuses data that says nothing.
func (f *format) check() error {
	switch {
	case f.Longest < 0 || f.Longest > maxValue:
		return fmt.Errorf("a value can't have %d bytes", f.Longest)
	case f.Kind == formatLines && f.Separator == "":
		return errors.New("lines need a separator")
	case f.Kind == formatAttributes && !isElement(f.Element), f.Kind == formatTree && f.Element != "" && !isElement(f.Element):
		return fmt.Errorf("%q is no element", f.Element)
	case !slices.Contains([]formatKind{formatTree, formatAttributes, formatLines, formatObjects}, f.Kind):
		return fmt.Errorf("%q is no format", f.Kind)
	}
	return nil
}

// write spells settings out.
func (f *format) write(s *settings) (File, error) {
	if s.err != nil {
		return File{}, s.err
	}
	switch f.Kind {
	case formatTree:
		return f.writeTree(s)
	case formatAttributes:
		return f.writeAttributes(s)
	case formatObjects:
		return f.writeObjects(s)
	case formatLines:
		return f.writeLines(s)
	default:
		return File{}, fault.New(fault.Internal, "%q is no format", f.Kind)
	}
}

// longest is how many bytes a value can have.
func (f *format) longest() int {
	if f == nil || f.Longest == 0 {
		return maxValue
	}
	return f.Longest
}

// checkName refuses a name that the format would read as something else. Names are the packs' own: a broken one is our mistake.
func (f *format) checkName(name string) bool {
	if f.Kind == formatTree && (f.Place != "" || strings.ContainsAny(name, "/[")) {
		_, ok := parsePath(f.placed(name, false))
		return ok
	}
	if f.Sections || f.Kind == formatLines {
		section, rest, found := strings.Cut(name, "/")
		switch {
		case found && f.Sections:
			return isLineName(section) && isTableName(rest)
		case found:
			return isLineName(section) && (isLineName(rest) || strings.Contains(rest, "/") && f.checkName(rest))
		}
		return isLineName(name)
	}
	return isSettingName(name)
}

// checkPart refuses what the format has no way to write within a value.
func (f *format) checkPart(field, part string) error {
	if f.Refuse != "" && strings.ContainsAny(part, f.Refuse) {
		return fault.InvalidField(field, "must not contain any of %s", f.Refuse)
	}
	return nil
}

// checkChosen is checkPart for a value that somebody chose: what the pack put around it may be refused elsewhere, such as quotes.
func (f *format) checkChosen(field, value string) error {
	if last := len(value) - 1; last > 0 && value[0] == value[last] && strings.IndexByte(f.Refuse, value[0]) >= 0 {
		value = value[1:last]
	}
	return f.checkPart(field, value)
}

// checkValue refuses a value that the format would read as something else.
func (f *format) checkValue(field, value string) error {
	switch {
	case f.NotFirst != "" && value != "" && strings.Contains(f.NotFirst, value[:1]):
		return fault.InvalidField(field, "must not begin with any of %s", f.NotFirst)
	}
	return nil
}

// person returns a name or label of a person as the format can write it: better a quote that looks otherwise than a phone without a name.
func (f *format) person(text string) string {
	if f.Instead != nil {
		for _, char := range f.Refuse {
			text = strings.ReplaceAll(text, string(char), f.Instead[string(char)])
		}
	}
	if f.NotFirst != "" {
		text = strings.TrimLeft(text, f.NotFirst+" ")
	}
	if f.Longest > 0 && len(text) > f.Longest {
		text = strings.TrimRight(cut(text, f.Longest), " ")
	}
	return text
}

// cut shortens a text to at most so many bytes, between characters.
func cut(text string, size int) string {
	if len(text) <= size {
		return text
	}
	for size > 0 && !utf8.RuneStart(text[size]) {
		size--
	}
	return text[:size]
}

// isLineName reports whether a name can begin a line: letters, digits and the signs that vendors use, none of which ends it or begins a remark.
func isLineName(name string) bool {
	for _, c := range []byte(name) {
		switch {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("._-", c) >= 0:
		default:
			return false
		}
	}
	return name != ""
}

// isTableName reports whether a name can begin a line of a table: one or two words with a blank between, such as Authentication 0.
func isTableName(name string) bool {
	first, second, two := strings.Cut(name, " ")
	return isLineName(first) && (!two || isLineName(second))
}
