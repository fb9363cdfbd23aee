package phone

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"dialtone/secret"
)

// Profile rules of Cisco phones (provisioning guide, "Profile Rules"):
//
//	rule        := alternative { "|" alternative }
//	alternative := [ "(" condition ")?" ] [ "[" options "]" ] url
//	condition   := value op value { "and" value op value }

// destination is where a rule leads; the zero one is nowhere.
type destination struct {
	url    *url.URL
	access Access
}

// follow evaluates a rule of that name. Without a true alternative the rule does nothing: the destination is zero.
func (c *cisco) follow(base *url.URL, name, text string) (destination, error) {
	to, err := c.parseRule(base, text)
	if err != nil {
		return destination{}, &StepError{
			Step: StepFollow, Err: fmt.Errorf("%s can't be followed: %w", name, err),
			Next: "Check the rule in the file that the server serves for this phone.",
		}
	}
	return to, nil
}

// parseRule takes the first alternative whose condition is true or absent. Errors never repeat the rule, which may hold a password.
func (c *cisco) parseRule(base *url.URL, text string) (destination, error) {
	for rest := strings.TrimSpace(text); rest != ""; {
		applies, access, after, err := c.parsePrefix(rest)
		if err != nil {
			return destination{}, err
		}
		var location string
		location, rest, _ = strings.Cut(after, "|") // no URL holds one
		if !applies {
			rest = strings.TrimSpace(rest)
			continue
		}
		u, inURL, err := c.location(base, c.expand(strings.TrimSpace(location), false))
		if err != nil {
			return destination{}, err
		}
		if access.IsZero() {
			access = inURL
		}
		return destination{url: u, access: access}, nil
	}
	return destination{}, nil
}

// parsePrefix reads the condition and the options of an alternative, and returns what is behind them.
func (c *cisco) parsePrefix(text string) (applies bool, access Access, rest string, err error) {
	applies, rest = true, text
	if inner, found := strings.CutPrefix(rest, "("); found {
		if applies, rest, err = c.parseCondition(inner); err != nil {
			return false, Access{}, "", err
		}
		rest = strings.TrimSpace(rest)
	}
	if inner, found := strings.CutPrefix(rest, "["); found {
		access, rest, err = c.parseOptions(inner)
	}
	return applies, access, rest, err
}

var errCondition = errors.New("its condition can't be read")

// parseCondition reads and evaluates a condition; text begins behind the bracket.
func (c *cisco) parseCondition(text string) (bool, string, error) {
	words, rest, err := splitWords(text, ')')
	if err != nil {
		return false, "", err
	}
	after, isCondition := strings.CutPrefix(strings.TrimSpace(rest), "?")
	if !isCondition {
		return false, "", errors.New("it holds an assignment, which this simulated phone doesn't do")
	}
	applies := true
	for {
		if len(words) < 3 {
			return false, "", errCondition
		}
		one, err := c.compare(words[0], words[1].text, words[2])
		if err != nil {
			return false, "", err
		}
		applies = applies && one
		if len(words) == 3 {
			return applies, after, nil
		}
		if words[3].text != "and" {
			return false, "", errCondition
		}
		words = words[4:]
	}
}

// compare evaluates one comparison: quoted values as text, others as versions. Secrets aren't expanded in it.
func (c *cisco) compare(left word, op string, right word) (bool, error) {
	a, b := c.expand(left.text, false), c.expand(right.text, false)
	order := compareVersions(a, b)
	if left.quoted || right.quoted {
		order = strings.Compare(a, b)
		if !strings.Contains(" eq = ne != ", " "+op+" ") {
			return false, errors.New("its condition compares texts for more than equality")
		}
	}
	switch op {
	case "eq", "=":
		return order == 0, nil
	case "ne", "!=":
		return order != 0, nil
	case "lt", "<":
		return order < 0, nil
	case "le", "<=":
		return order <= 0, nil
	case "gt", ">":
		return order > 0, nil
	case "ge", ">=":
		return order >= 0, nil
	}
	return false, errCondition
}

// compareVersions compares the numbers in two versions, one after the other.
func compareVersions(a, b string) int {
	digits := func(s string) []string {
		return strings.FieldsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	}
	first, second := digits(a), digits(b)
	for i := range max(len(first), len(second)) {
		var x, y int
		if i < len(first) {
			x, _ = strconv.Atoi(first[i]) // what is too long to be a number counts as the largest
		}
		if i < len(second) {
			y, _ = strconv.Atoi(second[i]) // the same
		}
		if x != y {
			return cmp.Compare(x, y)
		}
	}
	return 0
}

// word is one of a condition or of options.
type word struct {
	text   string
	quoted bool
}

// splitWords divides at blanks up to the closing bracket, and returns what is behind it. Words in quotes may hold both.
func splitWords(text string, closing byte) ([]word, string, error) {
	var words []word
	for {
		text = strings.TrimLeft(text, " \t")
		switch {
		case text == "":
			return nil, "", errors.New("a bracket in it isn't closed")
		case text[0] == closing:
			return words, text[1:], nil
		case text[0] == '"':
			inner, rest, ok := strings.Cut(text[1:], `"`)
			if !ok {
				return nil, "", errors.New("a quote in it isn't closed")
			}
			words, text = append(words, word{inner, true}), rest
		default:
			end := strings.IndexAny(text, " \t\""+string(closing))
			if end < 0 {
				return nil, "", errors.New("a bracket in it isn't closed")
			}
			words, text = append(words, word{text[:end], false}), text[end:]
		}
	}
}

// parseOptions reads the options of an alternative; text begins behind the bracket.
func (c *cisco) parseOptions(text string) (Access, string, error) {
	words, rest, err := splitWords(text, ']')
	if err != nil {
		return Access{}, "", err
	}
	var user, password, key string
	for len(words) > 0 {
		name := words[0].text
		if name != "--uid" && name != "--pwd" && name != "--key" {
			return Access{}, "", errors.New("it has an option that this simulated phone doesn't know")
		}
		if len(words) < 2 {
			return Access{}, "", fmt.Errorf("its option %s has no value", name)
		}
		value := c.expand(words[1].text, true)
		switch name {
		case "--uid":
			user = value
		case "--pwd":
			password = value
		case "--key":
			key = value
		}
		words = words[2:]
	}
	access := newAccess(user, password)
	access.key = secret.New(key)
	return access, rest, nil
}

// location reads [scheme://][server[:port]]/path: without a scheme it is TFTP, without a server the one that the phone came from.
func (c *cisco) location(base *url.URL, text string) (*url.URL, Access, error) {
	switch {
	case text == "" || len(text) > longestServer || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return nil, Access{}, errBadURL
	case strings.HasPrefix(text, "/"):
		u, err := atRoot(base, text)
		return u, Access{}, err
	case !strings.Contains(text, "://"):
		text = "tftp://" + text
	}
	return parseLocation(text)
}

// expand replaces the macros $NAME and $(NAME); $$ is a dollar sign, and what is unknown stays as it is. The secret ones count in options only.
func (c *cisco) expand(text string, secrets bool) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "$")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		value, after := c.macro(rest, secrets)
		b.WriteString(value)
		text = after
	}
}

// macro reads one macro behind its dollar sign and returns its value and the rest of the text.
func (c *cisco) macro(text string, secrets bool) (value, rest string) {
	if strings.HasPrefix(text, "$") {
		return "$", text[1:]
	}
	if inner, found := strings.CutPrefix(text, "("); found {
		if name, after, closed := strings.Cut(inner, ")"); closed {
			if v, ok := c.macroValue(name, secrets); ok {
				return v, after
			}
		}
		return "$", text
	}
	const longestName = 5
	for n := min(longestName, len(text)); n > 0; n-- { // the longest name wins: $MAU isn't $MA and a U
		if v, ok := c.macroValue(text[:n], secrets); ok {
			return v, text[n:]
		}
	}
	return "$", text
}

func (c *cisco) macroValue(name string, secrets bool) (string, bool) {
	switch name {
	case "MA":
		return c.mac.Lower(), true
	case "MAU":
		return c.mac.String(), true
	case "MAC":
		return colons(c.mac.Lower()), true
	case "PN":
		return c.productName(), true
	case "PSN":
		return c.series(), true
	case "SN":
		return c.serial(), true
	case "SWVER":
		return "sip88xx.12-0-7MPP0001-1", true
	case "SA", "SB", "SC", "SD":
		return c.values["GPP_"+name], secrets
	}
	if len(name) == 1 && name[0] >= 'A' && name[0] <= 'P' {
		return c.values["GPP_"+name], true
	}
	return "", false
}
