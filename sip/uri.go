package sip

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// maxURI bounds URIs that are stored and compared. Contacts of real phones have some 80 bytes.
const maxURI = 512

// uri is a SIP or SIPS URI (RFC 3261 section 19.1.1), taken apart.
type uri struct {
	scheme     string // sip or sips
	userInfo   string // user and password as written, "" if none
	host       string // lower case, without a final dot; IPv6 addresses in brackets
	port       int    // 0 if none is written
	parameters string // lower case, sorted, so that equal sets are equal strings
	headers    string // as written
}

// parseURI reads a SIP or SIPS URI of at most 512 bytes.
func parseURI(s string) (uri, bool) {
	if len(s) > maxURI || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '<' || r == '>' || r == '"' }) {
		return uri{}, false
	}
	scheme, rest, ok := strings.Cut(s, ":")
	u := uri{scheme: strings.ToLower(scheme)}
	if !ok || u.scheme != "sip" && u.scheme != "sips" {
		return uri{}, false
	}
	// A user part may hold ; and ? but never a bare @, so the first @ ends it.
	if before, after, found := strings.Cut(rest, "@"); found {
		if before == "" {
			return uri{}, false
		}
		u.userInfo, rest = before, after
	}
	rest, u.headers, _ = strings.Cut(rest, "?")
	hostPort, parameters, _ := strings.Cut(rest, ";")
	if parameters != "" {
		list := strings.Split(strings.ToLower(parameters), ";")
		slices.Sort(list)
		u.parameters = strings.Join(list, ";")
	}
	u.host, u.port, ok = parseHostPort(hostPort)
	return u, ok
}

// parseHostPort reads a host name, an IPv4 address or an IPv6 address in brackets, with or without a port.
func parseHostPort(s string) (host string, port int, ok bool) {
	host, rest := s, ""
	if strings.HasPrefix(s, "[") {
		end := strings.IndexByte(s, ']')
		if end < 0 {
			return "", 0, false
		}
		host, rest = s[:end+1], s[end+1:]
		if addr, err := netip.ParseAddr(host[1:end]); err != nil || !addr.Is6() || addr.Zone() != "" {
			return "", 0, false
		}
	} else if colon := strings.IndexByte(s, ':'); colon >= 0 {
		host, rest = s[:colon], s[colon:]
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if rest != "" {
		n, err := strconv.ParseUint(rest[1:], 10, 16)
		if err != nil || rest[0] != ':' || n == 0 {
			return "", 0, false
		}
		port = int(n)
	}
	return host, port, strings.HasPrefix(host, "[") || isDomain(host)
}

// isDomain reports whether s, in lower case, is a host name or an IPv4 address by its characters and lengths (RFC 1123 section 2.1). The
// underscore isn't one of them, but names with it are in use.
func isDomain(s string) bool {
	if len(s) == 0 || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if len(label) == 0 || len(label) > 63 {
			return false
		}
		for i := range len(label) {
			c := label[i]
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
				return false
			}
		}
	}
	return true
}

// user returns the user part without its password and with escapes resolved; "" if there is none or its escapes are broken.
func (u uri) user() string {
	name, _, _ := strings.Cut(u.userInfo, ":")
	plain, err := url.PathUnescape(name)
	if err != nil || strings.ContainsFunc(plain, isControl) {
		return ""
	}
	return plain
}

// isAddress reports whether the host is an IP address and no name.
func (u uri) isAddress() bool {
	_, err := netip.ParseAddr(strings.Trim(u.host, "[]"))
	return err == nil
}

// equal compares two URIs by RFC 3261 section 19.1.4, with two differences: a default port that is written equals one that isn't, and all
// parameters count, not only those that the section names.
func (u uri) equal(other uri) bool {
	u.port, other.port = u.portOrDefault(), other.portOrDefault()
	return u == other
}

func (u uri) portOrDefault() int {
	switch {
	case u.port != 0:
		return u.port
	case u.scheme == "sips":
		return 5061
	default:
		return 5060
	}
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }
