package digest

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

const (
	// maxHeader bounds what is parsed. A real answer has some 300 bytes, 600 with long names.
	maxHeader = 4096
	// maxParameters bounds the names to remember while looking for duplicates. RFC 7616 knows a dozen.
	maxParameters = 32

	qopAuth = "auth"
)

// Answer is a parsed Authorization (or Proxy-Authorization) header value of scheme Digest. All strings are as sent, with quoting taken off.
type Answer struct {
	UserName, Realm, Nonce, URI, Response string
	Algorithm                             Algorithm // MD5 when the client named none
	CNonce, QOP, Opaque                   string    // QOP is lower case; "" from clients that speak RFC 2069
	NC                                    uint32    // how often the client has used the nonce, this time included; 0 without QOP
	NCText                                string    // the eight hex digits of NC as sent, which the response was made from

	// WithoutQOP lets an answer without a qop count, as RFC 2069 has it. ParseAnswer never sets it: only a door may where nobody else hears the answer.
	WithoutQOP bool
}

// ParseAnswer reads the value of an Authorization header (RFC 7616 section 3.4). It fails on values of more than 4096 bytes, on other
// schemes, on broken quoting, on a parameter that stands twice, on algorithms other than MD5 and SHA-256, and when a parameter is missing
// that no proof can do without: user name, realm, nonce, uri and response, and with a qop also nc and cnonce. Unknown parameters are passed
// over. The errors name the parameter and never its value.
func ParseAnswer(header string) (Answer, error) {
	if len(header) > maxHeader {
		return Answer{}, fmt.Errorf("digest answer is longer than %d bytes", maxHeader)
	}
	header = strings.TrimLeft(header, " \t")
	end := tokenLength(header)
	if !strings.EqualFold(header[:end], "Digest") {
		return Answer{}, errors.New("authorization isn't of scheme Digest")
	}
	parameters, err := parseParameters(header[end:])
	if err != nil {
		return Answer{}, err
	}
	return newAnswer(parameters)
}

// newAnswer picks the known parameters and checks that they can be a proof.
func newAnswer(p map[string]string) (Answer, error) {
	a := Answer{
		UserName: p["username"], Realm: p["realm"], Nonce: p["nonce"], URI: p["uri"], Response: p["response"],
		CNonce: p["cnonce"], QOP: strings.ToLower(p["qop"]), Opaque: p["opaque"], NCText: p["nc"],
	}
	for _, name := range []string{"username", "realm", "nonce", "uri", "response"} {
		if p[name] == "" {
			return Answer{}, fmt.Errorf("digest answer has no %s", name)
		}
	}
	switch algorithm, given := p["algorithm"]; {
	case !given, strings.EqualFold(algorithm, string(MD5)):
		a.Algorithm = MD5
	case strings.EqualFold(algorithm, string(SHA256)):
		a.Algorithm = SHA256
	default:
		return Answer{}, errors.New("digest answer uses an algorithm that isn't MD5 or SHA-256")
	}
	if a.QOP == "" {
		return a, nil
	}
	if a.CNonce == "" {
		return Answer{}, errors.New("digest answer has no cnonce")
	}
	nc, err := strconv.ParseUint(a.NCText, 16, 32)
	if err != nil || len(a.NCText) != 8 || nc == 0 {
		return Answer{}, errors.New("digest answer's nc isn't eight hexadecimal digits above zero")
	}
	a.NC = uint32(nc)
	return a, nil
}

// parseParameters reads name=value pairs between commas; names come out in lower case. Empty elements between commas are legal
// (RFC 9110 section 5.6.1).
func parseParameters(s string) (map[string]string, error) {
	out := make(map[string]string, 12)
	for {
		s = strings.TrimLeft(s, " \t,")
		if s == "" {
			return out, nil
		}
		if len(out) == maxParameters {
			return nil, fmt.Errorf("digest answer has more than %d parameters", maxParameters)
		}
		name, value, rest, err := parseParameter(s)
		if err != nil {
			return nil, err
		}
		if _, twice := out[name]; twice {
			return nil, errors.New("digest answer has a parameter twice")
		}
		out[name] = value
		s = strings.TrimLeft(rest, " \t")
		if s != "" && s[0] != ',' {
			return nil, errors.New("digest answer has no comma between parameters")
		}
	}
}

// parseParameter reads one name=value, the value a token or a quoted string, and returns what follows.
func parseParameter(s string) (name, value, rest string, err error) {
	end := tokenLength(s)
	if end == 0 {
		return "", "", "", errors.New("digest answer has a parameter without a name")
	}
	name = strings.ToLower(s[:end])
	s = strings.TrimLeft(s[end:], " \t")
	if s == "" || s[0] != '=' {
		return "", "", "", errors.New("digest answer has a parameter without a value")
	}
	s = strings.TrimLeft(s[1:], " \t")
	if s != "" && s[0] == '"' {
		value, rest, err = parseQuoted(s[1:])
		return name, value, rest, err
	}
	end = tokenLength(s)
	if end == 0 {
		return "", "", "", errors.New("digest answer has a parameter with an empty value")
	}
	return name, s[:end], s[end:], nil
}

// parseQuoted reads up to the closing quote; a backslash takes the meaning off the next character.
func parseQuoted(s string) (value, rest string, err error) {
	if end := strings.IndexAny(s, `"\`); end >= 0 && s[end] == '"' && !strings.ContainsFunc(s[:end], isControlRune) {
		return s[:end], s[end+1:], nil
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '"' {
			return b.String(), s[i+1:], nil
		}
		if c == '\\' {
			if i++; i == len(s) {
				break
			}
			c = s[i]
		}
		if isControl(c) {
			return "", "", errors.New("digest answer has a control character in a quoted value")
		}
		b.WriteByte(c)
	}
	return "", "", errors.New("digest answer has a quoted value without an end")
}

// tokenLength returns how many bytes at the start of s belong to a token. Beside RFC 9110's characters it takes '/', ':' and '@', because
// some phones send their uri without quotes.
func tokenLength(s string) int {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),;<=>?[\]{}`, c) >= 0 {
			return i
		}
	}
	return len(s)
}

func isControl(c byte) bool { return c < ' ' || c == 0x7f }

func isControlRune(r rune) bool { return r < ' ' || r == 0x7f }
