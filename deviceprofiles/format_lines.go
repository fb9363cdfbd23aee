package deviceprofiles

import (
	"bytes"
	"cmp"
	"strings"

	"dialtone/fault"
)

// writeLines writes one setting a line, in the order of setting. Such formats have no escaping at all, so that what would be read as something else is
// refused.
func (f *format) writeLines(s *settings) (File, error) {
	end := "\n"
	if f.CRLF {
		end = "\r\n"
	}
	var b bytes.Buffer
	for _, line := range f.Head {
		b.WriteString(line + end)
	}
	section := ""
	for _, name := range s.names {
		value := s.values[name]
		if err := cmp.Or(checkLine(name, value), f.checkValue(name, value)); err != nil {
			return File{}, err
		}
		if s.reset[name] && f.Reset != "" {
			value = f.Reset
		}
		if f.Sections {
			name = f.enterSection(&b, name, &section, end)
		}
		b.WriteString(name + f.Separator + f.Quote + value + f.Quote + end)
	}
	f.closeSection(&b, section, end)
	for _, line := range f.Tail {
		b.WriteString(line + end)
	}
	return File{ContentType: contentTypeText, Body: b.Bytes()}, nil
}

// enterSection writes the lines between a name's section and the one before it, and returns the name within its section.
func (f *format) enterSection(b *bytes.Buffer, name string, section *string, end string) string {
	before, after, found := strings.Cut(name, "/")
	if !found {
		before, after = "", name
	}
	if before == *section {
		return after
	}
	f.closeSection(b, *section, end)
	*section = before
	switch {
	case before != "" && f.Closed:
		b.WriteString(end + "[ " + before + " ]" + end)
	case before != "":
		b.WriteString("[" + before + "]" + end)
	}
	return after
}

func (f *format) closeSection(b *bytes.Buffer, section, end string) {
	if f.Closed && section != "" {
		b.WriteString("[ \\" + section + " ]" + end)
	}
}

// checkLine refuses what a format of lines without any escaping would read as something else.
func checkLine(field, value string) error {
	switch {
	case strings.ContainsAny(value, "\r\n"):
		return fault.InvalidField(field, "must not break the line")
	case strings.TrimSpace(value) != value:
		return fault.InvalidField(field, "must not begin or end with a blank")
	case value == yealinkReset:
		return fault.InvalidField(field, "must not be %s, by which some phones mean nothing at all", value)
	}
	return nil
}

// yealinkReset stands for a value that a phone takes back to its factory's.
const yealinkReset = "%NULL%"
