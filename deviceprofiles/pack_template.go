package deviceprofiles

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// A template says which settings a file has, and nothing about how they are spelled out: that is the format's. It has one statement a line:
//
//	NAME = TEXT      a setting
//	NAME ?= TEXT     a setting, unless an administrator chose another value for it
//	NAME |= TEXT     a setting whose value is a PEM block of several lines
//	if VALUE         what follows counts if the value isn't empty, zero or false; also: if not VALUE, if VALUE is WORD..., elif ..., else
//	each LOOP        what follows counts once for each line, port, key, place or module key
//	end              ends if and each
//	include NAME     the statements of another template stand here
//	# remark
//
// {VALUE} in a name or text stands for a word of the vocabulary (pack_vocabulary.go), {VALUE|filter|filter} for what filters make of it, and {{ and }} for
// braces. A template is compiled when the pack is read: a word that nobody knows, and a secret in a file that is for everybody, is an error then and not
// when a phone asks. What a value holds never becomes a statement: the structure is that of the template alone.

// template is a compiled template.
type template []node

// node does its part of a file.
type node interface {
	run(*scope) error
}

// assignment writes one setting.
type assignment struct {
	name, value text
	kind        assignmentKind
}

// assignmentKind is how a setting is written.
type assignmentKind uint8

const (
	always assignmentKind = iota
	unlessChosen
	block
)

func (a assignment) run(s *scope) error {
	name, err := a.name.fill(s, nil)
	if err != nil {
		return err
	}
	value, err := a.value.fill(s, func(part string) error { return s.out.format.checkPart(name, part) })
	if err != nil {
		return err
	}
	switch a.kind {
	case unlessChosen:
		s.out.preset(name, value)
	case block:
		s.out.setBlock(name, value)
	case always:
		s.out.set(name, value)
	}
	return s.out.err
}

// branch runs the first body whose condition holds.
type branch []struct {
	holds condition
	body  template
}

func (b branch) run(s *scope) error {
	for _, arm := range b {
		if arm.holds == nil || arm.holds(s) {
			return arm.body.run(s)
		}
	}
	return nil
}

// condition decides about a branch; nil holds always.
type condition func(*scope) bool

// loop runs its body in a scope for each thing that there is.
type loop struct {
	over func(*scope, func() error) error
	body template
}

func (l loop) run(s *scope) error {
	return l.over(s, func() error { return l.body.run(s) })
}

func (t template) run(s *scope) error {
	for _, n := range t {
		if err := n.run(s); err != nil {
			return err
		}
	}
	return nil
}

// text is a setting's name or value: parts, each fixed or a word of the vocabulary.
type text []part

// part is fixed text, or a word when it isn't nil.
type part struct {
	fixed string
	word  func(*scope) (string, error)
}

// fill writes the text out. check, if there is one, sees what words stand for: the fixed text is the pack's own.
func (t text) fill(s *scope, check func(part string) error) (string, error) {
	switch {
	case len(t) == 0:
		return "", nil
	case len(t) == 1 && t[0].word == nil:
		return t[0].fixed, nil
	}
	var b strings.Builder
	for _, p := range t {
		if p.word == nil {
			b.WriteString(p.fixed)
			continue
		}
		value, err := p.word(s)
		if err == nil && check != nil {
			err = check(value)
		}
		if err != nil {
			return "", err
		}
		b.WriteString(value)
	}
	return b.String(), nil
}

// compiler turns the source of a template into nodes.
type compiler struct {
	open      bool // the file is for everybody: no word may be the phone's own
	loops     []string
	words     map[string]map[string]string // the pack's tables
	notations map[string]notation
	sources   map[string]string // templates that can be included, by name
	within    []string          // templates that are being included
}

// compile reads a template.
func (c *compiler) compile(source string) (template, error) {
	lines := strings.Split(source, "\n")
	body, rest, err := c.statements(lines, 0)
	switch {
	case err != nil:
		return nil, err
	case rest < len(lines):
		return nil, fmt.Errorf("line %d: %q ends nothing", rest+1, strings.TrimSpace(lines[rest]))
	}
	return body, nil
}

// assignmentLine is a setting: the name may hold blanks, in the arguments of filters and in the names of tables.
var assignmentLine = regexp.MustCompile(`^(\S.*?)\s+(=|\?=|\|=)(?:\s(.*))?$`)

// statements reads from a line on, up to the end of the source or of the block, and returns the line that ended it.
func (c *compiler) statements(lines []string, at int) (template, int, error) {
	var body template
	for at < len(lines) {
		line := strings.TrimLeft(strings.TrimRight(lines[at], "\r"), " \t")
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		next, err := at+1, error(nil)
		var n node
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case assignmentLine.MatchString(line):
			n, err = c.assignment(assignmentLine.FindStringSubmatch(line))
		case word == "if":
			n, next, err = c.branch(lines, at, rest)
		case word == "each":
			n, next, err = c.loop(lines, at, rest)
		case word == "include":
			var included template
			included, err = c.include(rest)
			body = append(body, included...)
		case word == "end" || word == "else" || word == "elif":
			return body, at, nil
		default:
			err = fmt.Errorf("%q is no statement", line)
		}
		if err != nil {
			return nil, at, atLine(at, err)
		}
		if n != nil {
			body = append(body, n)
		}
		at = next
	}
	return body, at, nil
}

// lineError is a mistake in a line; the innermost line is the one that is named.
type lineError struct {
	line int // from 1
	error
}

func (e lineError) Error() string { return fmt.Sprintf("line %d: %v", e.line, e.error) }

func (e lineError) Unwrap() error { return e.error }

func atLine(at int, err error) error {
	if _, known := errors.AsType[lineError](err); known {
		return err
	}
	return lineError{line: at + 1, error: err}
}

func (c *compiler) assignment(m []string) (node, error) {
	name, err := c.text(m[1])
	if err != nil {
		return nil, err
	}
	value, err := c.text(m[3])
	if err != nil {
		return nil, err
	}
	return assignment{name: name, value: value, kind: map[string]assignmentKind{"=": always, "?=": unlessChosen, "|=": block}[m[2]]}, nil
}

func (c *compiler) include(name string) (template, error) {
	source, known := c.sources[name]
	if !known || slices.Contains(c.within, name) {
		return nil, fmt.Errorf("there is no template %q to include here", name)
	}
	c.within = append(c.within, name)
	defer func() { c.within = c.within[:len(c.within)-1] }()
	body, err := c.compile(source)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return body, nil
}

func (c *compiler) branch(lines []string, at int, rest string) (node, int, error) {
	var out branch
	for {
		holds, err := c.condition(rest)
		if err != nil {
			return nil, at, atLine(at, err)
		}
		body, end, err := c.statements(lines, at+1)
		if err != nil {
			return nil, at, err
		}
		out = append(out, struct {
			holds condition
			body  template
		}{holds, body})
		if end >= len(lines) {
			return nil, at, errors.New("if without an end")
		}
		word, after, _ := strings.Cut(strings.TrimSpace(lines[end]), " ")
		switch {
		case word == "end":
			return out, end + 1, nil
		case holds == nil:
			return nil, end, atLine(end, errors.New("something follows else"))
		case word == "else":
			after = ""
		}
		at, rest = end, after
	}
}

func (c *compiler) loop(lines []string, at int, rest string) (node, int, error) {
	over, known := loops[rest]
	if !known || c.open {
		return nil, at, fmt.Errorf("there is no %q to go through here", rest)
	}
	c.loops = append(c.loops, rest)
	defer func() { c.loops = c.loops[:len(c.loops)-1] }()
	body, end, err := c.statements(lines, at+1)
	if err != nil {
		return nil, at, err
	}
	if end >= len(lines) || strings.TrimSpace(lines[end]) != "end" {
		return nil, at, errors.New("each without an end")
	}
	return loop{over: over, body: body}, end + 1, nil
}

// condition reads VALUE, not VALUE, and VALUE is WORD...; nothing is what else holds by.
func (c *compiler) condition(text string) (condition, error) {
	fields := strings.Fields(text)
	if len(fields) == 0 {
		return nil, nil //nolint:nilnil // no condition, and nothing wrong
	}
	wanted := true
	if fields[0] == "not" {
		wanted, fields = false, fields[1:]
	}
	if len(fields) == 0 || len(fields) == 2 || len(fields) > 2 && fields[1] != "is" {
		return nil, fmt.Errorf("%q is no condition", text)
	}
	v, err := c.value(fields[0])
	if err != nil {
		return nil, err
	}
	words := fields[1:]
	return func(s *scope) bool {
		if len(words) > 0 {
			return slices.Contains(words[1:], v.written(s)) == wanted
		}
		return v.holds(s) == wanted
	}, nil
}

// text reads a name or a value with what stands in braces.
func (c *compiler) text(source string) (text, error) {
	var out text
	fixed := func(s string) {
		if n := len(out); n > 0 && out[n-1].word == nil {
			out[n-1].fixed += s
		} else if s != "" {
			out = append(out, part{fixed: s})
		}
	}
	for source != "" {
		i := strings.IndexAny(source, "{}")
		if i < 0 {
			fixed(source)
			break
		}
		fixed(source[:i])
		if strings.HasPrefix(source[i:], "{{") || strings.HasPrefix(source[i:], "}}") {
			fixed(source[i : i+1])
			source = source[i+2:]
			continue
		}
		inner, after, closed := strings.Cut(source[i+1:], "}")
		if source[i] == '}' || !closed {
			return nil, fmt.Errorf("a brace stands alone in %q", source)
		}
		word, err := c.word(inner)
		if err != nil {
			return nil, err
		}
		out, source = append(out, part{word: word}), after
	}
	return out, nil
}

// word reads what stands in braces: a value, then filters.
func (c *compiler) word(inner string) (func(*scope) (string, error), error) {
	fields := strings.Split(inner, "|")
	v, err := c.value(fields[0])
	if err != nil {
		return nil, err
	}
	for _, f := range fields[1:] {
		if v, err = c.filter(v, f); err != nil {
			return nil, err
		}
	}
	switch {
	case v.truth != nil:
		return nil, fmt.Errorf("%s is true or false: write it with a filter, such as yesno", inner)
	case v.tone != nil:
		return nil, fmt.Errorf("%s is a tone: write it with the filter notation", inner)
	}
	return func(s *scope) (string, error) { return v.written(s), s.err }, nil
}

// value finds a word of the vocabulary.
func (c *compiler) value(name string) (value, error) {
	w, known := wordNamed(name)
	switch {
	case !known:
		return value{}, fmt.Errorf("nobody knows %q", name)
	case c.open && !w.open:
		return value{}, fmt.Errorf("%s is the phone's own, and the file is for everybody", name)
	case len(w.within) > 0 && !slices.ContainsFunc(c.loops, func(l string) bool { return slices.Contains(w.within, l) }):
		return value{}, fmt.Errorf("%s is known only within each %s", name, strings.Join(w.within, ", each "))
	}
	return w.value, nil
}

// filter reads a filter and its argument.
func (c *compiler) filter(v value, source string) (value, error) {
	name, argument, _ := strings.Cut(source, " ")
	switch name {
	case "upper", "lower":
		change := map[string]func(string) string{"upper": strings.ToUpper, "lower": strings.ToLower}[name]
		return value{text: func(s *scope) string { return change(v.written(s)) }}, nil
	case "yesno", "01", "onoff", "truefalse":
		words := map[string][2]string{"yesno": {"No", "Yes"}, "01": {"0", "1"}, "onoff": {"off", "on"}, "truefalse": {"false", "true"}}[name]
		return value{text: func(s *scope) string { return words[boolIndex(v.holds(s))] }}, nil
	case "plain":
		return value{text: func(s *scope) string { return plainText(v.written(s)) }}, nil
	case "hex":
		if v.number == nil {
			return value{}, fmt.Errorf("%q needs a number", source)
		}
		return value{text: func(s *scope) string { return strconv.FormatInt(int64(v.number(s)), 16) }}, nil
	case "word":
		table, known := c.words[argument]
		if !known {
			return value{}, fmt.Errorf("the pack has no words %q", argument)
		}
		return value{text: func(s *scope) string { return wordOf(table, v.written(s)) }}, nil
	case "notation":
		n, known := c.notations[argument]
		if !known || v.tone == nil {
			return value{}, fmt.Errorf("%q needs a tone, and a notation of the pack", source)
		}
		return value{text: func(s *scope) string { return s.spelledOut(v.tone(s), n) }}, nil
	case "pad":
		width, err := strconv.Atoi(argument)
		if err != nil {
			return value{}, fmt.Errorf("%q needs a number of digits", source)
		}
		return value{text: func(s *scope) string {
			text := v.written(s)
			return strings.Repeat("0", max(width-len(text), 0)) + text
		}}, nil
	}
	return arithmetic(v, name, argument)
}

// arithmetic reads a filter that reckons: add, mul, div, mod.
func arithmetic(v value, name, argument string) (value, error) {
	n, err := strconv.Atoi(argument)
	if err != nil || v.number == nil || (name == "div" || name == "mod") && n == 0 {
		return value{}, fmt.Errorf("%s %s is no filter here", name, argument)
	}
	switch name {
	case "add":
		return value{number: func(s *scope) int { return v.number(s) + n }}, nil
	case "mul":
		return value{number: func(s *scope) int { return v.number(s) * n }}, nil
	case "div":
		return value{number: func(s *scope) int { return v.number(s) / n }}, nil
	case "mod":
		return value{number: func(s *scope) int { return v.number(s) % n }}, nil
	}
	return value{}, fmt.Errorf("there is no filter %q", name)
}

// plainText keeps a text's letters, digits and single blanks, for phones that trip over other signs.
func plainText(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return !unicode.In(r, unicode.L, unicode.M, unicode.N) }), " ")
}

// wordOf finds a word in a table; "*" stands for all that isn't there, and without it they stay as they are.
func wordOf(table map[string]string, key string) string {
	if word, ok := table[key]; ok {
		return word
	}
	if word, ok := table["*"]; ok {
		return word
	}
	return key
}

func boolIndex(b bool) int {
	if b {
		return 1
	}
	return 0
}
