package deviceprofiles

import (
	"bytes"
	"slices"
	"strings"

	"dialtone/fault"
)

// xmlText escapes a value for an element or a double-quoted attribute. Line breaks and tabs become references, as an attribute would lose them.
func xmlText(value string) string {
	if !strings.ContainsAny(value, "&<>\"'\r\n\t") {
		return value
	}
	return xmlEscapes.Replace(value)
}

//nolint:gochecknoglobals // never changes
var xmlEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;", "\r", "&#xD;", "\n", "&#xA;", "\t", "&#x9;")

func (f *format) declaration() string {
	if f.Standalone {
		return "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"
	}
	return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
}

func (f *format) rootTag() string {
	if f.Attributes == "" {
		return f.Element
	}
	return f.Element + " " + f.Attributes
}

// writeAttributes writes one element whose attributes are the settings, sorted, one a line.
func (f *format) writeAttributes(s *settings) (File, error) {
	names := slices.Sorted(slices.Values(s.names))
	var b bytes.Buffer
	b.WriteString(f.declaration() + "<" + f.rootTag())
	for _, name := range names {
		if err := f.checkValue(name, s.values[name]); err != nil {
			return File{}, err
		}
		b.WriteString("\n  " + name + "=\"" + xmlText(s.values[name]) + "\"")
	}
	b.WriteString("/>\n")
	return File{ContentType: contentTypeXML, Body: b.Bytes()}, nil
}

// writeObjects writes a list of objects and their parameters: what stands before a name's last dot is the object, with that dot.
func (f *format) writeObjects(s *settings) (File, error) {
	var b bytes.Buffer
	b.WriteString(f.declaration() + "<ParameterList>\n")
	object := ""
	for _, name := range s.names {
		value := s.values[name]
		if err := f.checkValue(name, value); err != nil {
			return File{}, err
		}
		at := strings.LastIndexByte(name, '.') + 1
		if name[:at] != object || object == "" {
			if object != "" {
				b.WriteString("  </O>\n")
			}
			object = name[:at]
			b.WriteString("  <O>\n    <N>" + object + "</N>\n")
		}
		b.WriteString("    <P><N>" + name[at:] + "</N><V>" + xmlText(value) + "</V></P>\n")
	}
	if object != "" {
		b.WriteString("  </O>\n")
	}
	b.WriteString("</ParameterList>\n")
	return File{ContentType: contentTypeXML, Body: b.Bytes()}, nil
}

// A name in a tree is a path of elements, such as phone-settings/user_name[idx=1][perm=R]: elements of the same name and attributes are one. [#2] tells
// apart what has the same name and attributes, and isn't written. A last step that begins with @ is an attribute of the element before it, which may hold
// anything, unlike those in brackets.

// step is one element of a path.
type step struct {
	element    string
	attributes [][2]string
}

// placed is the path of a name. What a name without a slash lacks is given by the format: where it stands, and who may change it.
func (f *format) placed(name string, user bool) string {
	if strings.Contains(name, "/") {
		return name
	}
	if f.Access != nil {
		word := f.Access.Fixed
		if user {
			word = f.Access.User
		}
		name += "[" + f.Access.Attribute + "=" + word + "]"
	}
	if f.Place != "" {
		name = strings.ReplaceAll(f.Place, "{name}", name)
	}
	return name
}

// parsePath reads a path; false if it is none.
func parsePath(text string) ([]step, bool) {
	var steps []step
	for source := range strings.SplitSeq(text, "/") {
		element, rest, _ := strings.Cut(source, "[")
		s := step{element: element}
		if !isElement(strings.TrimPrefix(element, "@")) || element[0] == '@' && rest != "" {
			return nil, false
		}
		for rest != "" {
			inner, after, closed := cutBracket(rest)
			if closed && strings.HasPrefix(inner, "#") && isSettingName("n"+inner[1:]) && (after == "" || after[0] == '[') {
				rest = strings.TrimPrefix(after, "[")
				continue
			}
			name, value, given := strings.Cut(inner, "=")
			if !closed || !given || !isElement(name) || strings.ContainsAny(value, `"<>&'`) || after != "" && after[0] != '[' {
				return nil, false
			}
			s.attributes = append(s.attributes, [2]string{name, value})
			rest = strings.TrimPrefix(after, "[")
		}
		steps = append(steps, s)
	}
	return steps, true
}

// cutBracket cuts a text at the bracket that closes it: vendors' names hold brackets too, such as astVoipAccounts[0].
func cutBracket(text string) (inner, after string, closed bool) {
	depth := 0
	for i := range len(text) {
		switch {
		case text[i] == '[':
			depth++
		case text[i] == ']' && depth > 0:
			depth--
		case text[i] == ']':
			return text[:i], text[i+1:], true
		}
	}
	return text, "", false
}

// isElement reports whether a name can be an element's or an attribute's.
func isElement(name string) bool { return isSettingName(name) }

// element is an element of a tree that is being written.
type element struct {
	step
	own      [][2]string // attributes that are settings
	text     string
	children []*element
}

// tree is the elements of a file by their paths.
type tree struct {
	root   element
	byPath map[string]*element
}

// at finds or adds the element of a path.
func (t *tree) at(path string, steps []step) *element {
	if e := t.byPath[path]; e != nil {
		return e
	}
	parent, last := &t.root, len(steps)-1
	if last > 0 {
		parent = t.at(path[:strings.LastIndexByte(path, '/')], steps[:last])
	}
	e := &element{step: steps[last]}
	parent.children = append(parent.children, e)
	t.byPath[path] = e
	return e
}

// writeTree writes elements in the order in which they are first named.
func (f *format) writeTree(s *settings) (File, error) {
	t := tree{root: element{children: make([]*element, 0, len(s.names))}, byPath: make(map[string]*element, len(s.names))}
	for _, name := range s.names {
		value := s.values[name]
		if err := f.checkValue(name, value); err != nil {
			return File{}, err
		}
		if f.Element != "" && f.Place == "" && !strings.ContainsAny(name, "/[") { // as most are: nothing else can stand in its place
			t.root.children = append(t.root.children, f.leaf(name, value, s.user[name]))
			continue
		}
		path := f.placed(name, s.user[name])
		steps, ok := parsePath(path)
		if !ok {
			return File{}, fault.New(fault.Internal, "%q is no path", name)
		}
		if last := len(steps) - 1; steps[last].element[0] == '@' {
			e := t.at(path[:strings.LastIndexByte(path, '/')], steps[:last])
			e.own = append(e.own, [2]string{steps[last].element[1:], value})
			continue
		}
		t.at(path, steps).text = value
	}
	if f.BlocksLast {
		slices.SortStableFunc(t.root.children, func(a, b *element) int { return boolIndex(len(a.children) > 0) - boolIndex(len(b.children) > 0) })
	}
	return f.writeRoot(t.root.children)
}

// writeRoot writes the file of some elements: those of the root, or the root itself.
func (f *format) writeRoot(elements []*element) (File, error) {
	var b bytes.Buffer
	b.WriteString(f.declaration())
	if f.Element == "" {
		if len(elements) != 1 {
			return File{}, fault.New(fault.Internal, "the file has %d roots", len(elements))
		}
		elements[0].write(&b, "", f.Apostrophes)
		return File{ContentType: contentTypeXML, Body: b.Bytes()}, nil
	}
	b.WriteString("<" + f.rootTag() + ">\n")
	for _, c := range elements {
		c.write(&b, "  ", f.Apostrophes)
	}
	b.WriteString("</" + f.Element + ">\n")
	return File{ContentType: contentTypeXML, Body: b.Bytes()}, nil
}

// leaf is an element of the root that holds a value.
func (f *format) leaf(name, value string, user bool) *element {
	e := &element{step: step{element: name}, text: value}
	if f.Access != nil {
		word := f.Access.Fixed
		if user {
			word = f.Access.User
		}
		e.attributes = [][2]string{{f.Access.Attribute, word}}
	}
	return e
}

func (e *element) write(b *bytes.Buffer, indent string, apostrophes bool) {
	b.WriteString(indent)
	b.WriteByte('<')
	b.WriteString(e.element)
	for _, list := range [2][][2]string{e.attributes, e.own} {
		for _, a := range list {
			b.WriteByte(' ')
			b.WriteString(a[0])
			b.WriteByte('=')
			if apostrophes && strings.Contains(a[1], `"`) {
				b.WriteString("'" + strings.ReplaceAll(xmlText(a[1]), "&quot;", `"`) + "'")
				continue
			}
			b.WriteByte('"')
			b.WriteString(xmlText(a[1]))
			b.WriteByte('"')
		}
	}
	if len(e.children) == 0 {
		b.WriteByte('>')
		b.WriteString(xmlText(e.text))
		b.WriteString("</")
		b.WriteString(e.element)
		b.WriteString(">\n")
		return
	}
	b.WriteString(">" + xmlText(e.text) + "\n")
	for _, c := range e.children {
		c.write(b, indent+"  ", apostrophes)
	}
	b.WriteString(indent + "</" + e.element + ">\n")
}
