package deviceprofiles_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// parse reads a file with a parser that shares nothing with the writers, and returns its settings by name; a setting that stands twice is an error.
// In an XML tree the name is the path below the root, such as phone-settings/user_name[idx=1], an attribute that is a value behind @.
func parse(t testing.TB, body string) map[string]string {
	t.Helper()
	if digestOfFile.MatchString(body) {
		return map[string]string{"md5": body}
	}
	if !strings.HasPrefix(body, "<") {
		return parseText(t, body)
	}
	found := settingsFound{t: t, settings: map[string]string{}}
	decoder := xml.NewDecoder(strings.NewReader(body))
	var path []xmlElement
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			require.Empty(t, path)
			return found.settings
		}
		require.NoError(t, err, body)
		switch v := token.(type) {
		case xml.StartElement:
			e := xmlElement{start: v.Copy(), name: identity(v), children: map[string]int{}}
			if len(path) > 0 {
				path[len(path)-1].parent = true
				e.name += path[len(path)-1].numbered(v)
			}
			path = append(path, e)
		case xml.CharData:
			if len(path) > 0 {
				path[len(path)-1].text += string(v)
			}
		case xml.EndElement:
			found.end(path)
			path = path[:len(path)-1]
		}
	}
}

// xmlElement is an element that isn't ended.
type xmlElement struct {
	start    xml.StartElement
	name     string // with what tells it from others
	text     string
	parent   bool // of others
	children map[string]int
}

// digestOfFile is a file that holds another's digest.
var digestOfFile = regexp.MustCompile(`^[0-9a-f]{32}$`)

// numbered tells apart the entries of a list, which have no attributes to do so.
func (e xmlElement) numbered(child xml.StartElement) string {
	if len(child.Attr) > 0 || !strings.HasSuffix(child.Name.Local, "_Entry") {
		return ""
	}
	e.children[child.Name.Local]++
	return fmt.Sprintf("[#%d]", e.children[child.Name.Local])
}

// settingsFound gathers settings, each once.
type settingsFound struct {
	t        testing.TB
	settings map[string]string
	object   string // of a parameter list
	name     string // of its parameter
}

func (f *settingsFound) put(name, value string) {
	f.t.Helper()
	_, twice := f.settings[name]
	require.False(f.t, twice, "%s stands twice", name)
	f.settings[name] = value
}

// end takes what an element that ends says.
func (f *settingsFound) end(path []xmlElement) {
	f.t.Helper()
	last := path[len(path)-1]
	if path[0].start.Name.Local == "ParameterList" {
		f.parameter(path)
		return
	}
	var names []string
	for _, e := range path[1:] {
		names = append(names, e.name)
	}
	name := strings.Join(names, "/")
	for _, a := range last.start.Attr {
		if len(path) == 1 {
			f.put(a.Name.Local, a.Value)
		} else if slices.Contains(valueAttributes(), a.Name.Local) && last.start.Name.Local != "oper" {
			f.put(name+"/@"+a.Name.Local, a.Value)
		}
	}
	if len(path) > 1 && !last.parent && !(last.text == "" && slices.ContainsFunc(last.start.Attr, func(a xml.Attr) bool { return slices.Contains(valueAttributes(), a.Name.Local) })) {
		f.put(name, last.text)
	}
}

// parameter takes what an element of a parameter list says: O holds N, the object, and P, each with N and V.
func (f *settingsFound) parameter(path []xmlElement) {
	f.t.Helper()
	var names []string
	for _, e := range path[1:] {
		names = append(names, e.start.Name.Local)
	}
	text := path[len(path)-1].text
	switch strings.Join(names, "/") {
	case "O/N":
		f.object = text
	case "O/P/N":
		f.name = text
	case "O/P/V":
		f.put(f.object+f.name, text)
	}
}

// valueAttributes are the attributes that are values, and not a part of what an element is called.
func valueAttributes() []string { return []string{"label", "value"} }

// identity is an element's name with the attributes that tell it from others.
func identity(e xml.StartElement) string {
	out := e.Name.Local
	for _, a := range e.Attr {
		if e.Name.Local == "oper" || !slices.Contains(append(valueAttributes(), "ua", "perm", "e"), a.Name.Local) {
			out += "[" + a.Name.Local + "=" + a.Value + "]"
		}
	}
	return out
}

// parseText reads lines of name and value, those in quotes without them, and sections in brackets.
func parseText(t testing.TB, body string) map[string]string {
	t.Helper()
	found := settingsFound{t: t, settings: map[string]string{}}
	require.True(t, strings.HasSuffix(body, "\n"), "the last line doesn't end")
	section := ""
	for line := range strings.Lines(body) {
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		if strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]") {
			section = strings.Trim(line, "[] ") + "/"
			continue
		}
		if line == "" || strings.HasPrefix(line, "#") && !strings.Contains(line, " = ") || strings.HasPrefix(line, ";") {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		require.True(t, ok, "%q is no setting", line)
		name, value = strings.TrimSuffix(name, " "), strings.TrimPrefix(value, " ")
		for _, quote := range []string{`"`, "'"} {
			if len(value) >= 2 && strings.HasPrefix(value, quote) && strings.HasSuffix(value, quote) && !strings.HasPrefix(body, "#!version") {
				value = value[1 : len(value)-1]
				break
			}
		}
		found.put(section+name, value)
	}
	return found.settings
}
