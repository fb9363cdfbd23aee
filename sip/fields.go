package sip

import "strings"

// address is the value of a From, To or Contact header field (RFC 3261 section 20.10) without its display name.
type address struct {
	uri        string // as written, between < and > if they are there
	parameters []parameter
}

type parameter struct {
	name  string // in lower case
	value string // with quotes taken off, "" if there is none
	raw   string // as written
}

// parseAddress reads one name-addr or addr-spec with its parameters. It looks at the URI's limits only; parseURI looks inside.
func parseAddress(s string) (address, bool) {
	s = strings.TrimSpace(s)
	if open := indexOutsideQuotes(s, '<'); open >= 0 {
		inside, after, ok := strings.Cut(s[open+1:], ">")
		after = strings.TrimSpace(after)
		if !ok || after != "" && after[0] != ';' {
			return address{}, false
		}
		parameters, ok := parseParameters(strings.TrimPrefix(after, ";"))
		return address{uri: strings.TrimSpace(inside), parameters: parameters}, ok && strings.TrimSpace(inside) != ""
	}
	// Without brackets, what follows the first semicolon belongs to the header field and not to the URI.
	bare, after, _ := strings.Cut(s, ";")
	bare = strings.TrimSpace(bare)
	parameters, ok := parseParameters(after)
	return address{uri: bare, parameters: parameters}, ok && bare != "" && !strings.ContainsAny(bare, " \t,?\"<>")
}

// get returns the value of the first parameter with that name.
func (a address) get(name string) (string, bool) { return lookUp(a.parameters, name) }

func lookUp(list []parameter, name string) (string, bool) {
	for _, p := range list {
		if p.name == name {
			return p.value, true
		}
	}
	return "", false
}

// parseParameters reads name or name=value pairs between semicolons. Empty ones are passed over, as some phones end with a semicolon.
func parseParameters(s string) ([]parameter, bool) {
	var out []parameter
	for s != "" {
		part := s
		if end := indexOutsideQuotes(s, ';'); end >= 0 {
			part, s = s[:end], s[end+1:]
		} else {
			s = ""
		}
		name, value, _ := strings.Cut(part, "=")
		name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
		if name == "" && value == "" {
			continue
		}
		if name == "" || strings.ContainsAny(name, "\" \t<>") {
			return nil, false
		}
		p := parameter{name: name, value: value, raw: strings.TrimSpace(part)}
		if strings.HasPrefix(value, `"`) {
			if len(value) < 2 || !strings.HasSuffix(value, `"`) {
				return nil, false
			}
			p.value = value[1 : len(value)-1]
		}
		out = append(out, p)
	}
	return out, true
}

// splitList splits a header field's value at the commas that stand outside quotes and angle brackets (RFC 3261 section 7.3.1).
func splitList(s string) []string {
	var out []string
	quoted, bracketed, start := false, false, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"' && !bracketed:
			quoted = !quoted
		case quoted:
		case c == '<':
			bracketed = true
		case c == '>':
			bracketed = false
		case c == ',' && !bracketed:
			out = append(out, s[start:i])
			start = i + 1
		}
	}
	return append(out, s[start:])
}

// indexOutsideQuotes finds the first c that isn't in a quoted string; -1 if there is none.
func indexOutsideQuotes(s string, c byte) int {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case quoted && s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == c && !quoted:
			return i
		}
	}
	return -1
}
