package phone

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// settings reads a file into names and values, as the table of the phone's kind names them.
func (r reading) settings(body []byte) (map[string]string, error) {
	switch r.Format {
	case "lines":
		return r.lines(body)
	case "tree":
		root, err := parseXML(body)
		if err != nil {
			return nil, err
		}
		out := map[string]string{}
		r.tree(out, "", root)
		return out, nil
	case "objects":
		return r.objects(body)
	}
	return nil, fmt.Errorf("nobody knows the format %q", r.Format)
}

// unquoted takes the quotes off that the format has around values.
func (r reading) unquoted(value string) string {
	if r.Quote != "" && len(value) >= 2*len(r.Quote) && strings.HasPrefix(value, r.Quote) && strings.HasSuffix(value, r.Quote) {
		return value[len(r.Quote) : len(value)-len(r.Quote)]
	}
	return value
}

// lines reads a setting a line. A section's name, in brackets on a line of its own, stands before the names in it.
func (r reading) lines(body []byte) (map[string]string, error) {
	if !utf8.Valid(body) {
		return nil, errors.New("it isn't UTF-8")
	}
	out, section := map[string]string{}, ""
	for i, line := range strings.Split(string(body), "\n") {
		line = strings.TrimRight(line, "\r")
		if i == 0 && r.First != "" && line != r.First {
			return nil, fmt.Errorf("its first line isn't %q", r.First)
		}
		if strings.ContainsFunc(line, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }) {
			return nil, fmt.Errorf("line %d holds control characters", i+1)
		}
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#' || line[0] == ';':
			continue
		case line[0] == '[' && line[len(line)-1] == ']':
			if section = strings.TrimSpace(line[1:len(line)-1]) + "/"; section[0] == '\\' {
				section = "" // that is where it ends
			}
			continue
		}
		name, value, found := strings.Cut(line, r.Separator)
		if name = strings.TrimSpace(name); !found || name == "" {
			return nil, fmt.Errorf("line %d isn't \"name%svalue\"", i+1, r.Separator)
		}
		out[section+name] = r.unquoted(strings.TrimSpace(value))
	}
	return out, nil
}

// tree adds an element's text and attributes under its path below the root. What sets it apart from others stands in brackets: an attribute that names or counts
// it, or its place.
func (r reading) tree(into map[string]string, path string, e *element) {
	places := map[string]int{}
	for _, child := range e.children {
		at := path + child.name + label(child)
		if slices.Contains(r.Lists, child.name) {
			places[child.name]++
			at = fmt.Sprintf("%s%s[%d]", path, child.name, places[child.name])
		}
		for _, a := range child.attributes {
			into[at+"/@"+a.Name.Local] = a.Value
		}
		if len(child.children) == 0 {
			into[at] = child.words()
		}
		r.tree(into, at+"/", child)
	}
}

// label is the attribute that tells an element from others of its name.
func label(e *element) string {
	for _, name := range []string{"idx", "index", "name", "At", "ID"} {
		if value := attribute(e, name); value != "" {
			return "[" + value + "]"
		}
	}
	return ""
}

// objects reads a list of objects <O> with a name <N> and parameters <P>, each with a name and a value <V>.
func (r reading) objects(body []byte) (map[string]string, error) {
	root, err := parseXML(body)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, object := range root.children {
		prefix := ""
		for _, part := range object.children {
			switch part.name {
			case "N":
				prefix = part.words()
			case "P":
				name, value := "", ""
				for _, leaf := range part.children {
					switch leaf.name {
					case "N":
						name = leaf.words()
					case "V":
						value = leaf.words()
					}
				}
				out[prefix+name] = value
			}
		}
	}
	return out, nil
}
