package phone

import (
	"net"
	"net/netip"
	"net/url"
	"path"
	"strconv"
	"strings"

	"dialtone/fault"
)

// Ports that stand behind a scheme when the URL names none, and Dialtone's own, which a bare host is tried on.
const (
	portTFTP, portHTTP, portHTTPS          = 69, 80, 443
	ownPortTFTP, ownPortHTTP, ownPortHTTPS = 6969, 8081, 8443
)

// longestServer bounds the text of a server setting, in bytes. DHCP option 66 holds at most 255.
const longestServer = 1024

// start is one way to the server that DHCP named: the base URL of its files, and the credentials that stood in it.
type start struct {
	base   *url.URL
	access Access
}

// parseServer reads what DHCP option 66 would say and returns the ways to try, in a phone's order. fault.Invalid when it can't be one.
func parseServer(text string) ([]start, error) {
	text = strings.TrimSpace(text)
	if text == "" || len(text) > longestServer || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return nil, badServer()
	}
	if strings.Contains(text, "://") {
		u, access, err := parseLocation(text)
		if err != nil {
			return nil, badServer()
		}
		return []start{{base: u, access: access}}, nil
	}
	host, port, ok := splitHost(text)
	if !ok {
		return nil, badServer()
	}
	var ways []start
	for _, way := range []struct {
		scheme string
		port   int
	}{{"tftp", ownPortTFTP}, {"http", ownPortHTTP}, {"https", ownPortHTTPS}} {
		if port != 0 {
			way.port = port
		}
		ways = append(ways, start{base: &url.URL{Scheme: way.scheme, Host: net.JoinHostPort(host, strconv.Itoa(way.port)), Path: "/"}})
	}
	return ways, nil
}

func badServer() error {
	return fault.InvalidField("server", "must be tftp://HOST, http://HOST or https://HOST, with a port and a path if need be, or a host alone")
}

// parseLocation reads an absolute URL of a scheme that a phone fetches from, and takes user name and password out of it.
func parseLocation(text string) (*url.URL, Access, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, Access{}, errBadURL // the parser's own error would repeat the password
	}
	u.Scheme = strings.ToLower(u.Scheme)
	if _, ok := defaultPort(u.Scheme); !ok || u.Opaque != "" || u.Fragment != "" {
		return nil, Access{}, errBadURL
	}
	if !validHost(u.Hostname()) || !validPort(u) {
		return nil, Access{}, errBadURL
	}
	var access Access
	if u.User != nil {
		password, _ := u.User.Password()
		access, u.User = newAccess(u.User.Username(), password), nil
	}
	if u.Path == "" {
		u.Path = "/"
	}
	return u, access, nil
}

func defaultPort(scheme string) (int, bool) {
	switch scheme {
	case "tftp":
		return portTFTP, true
	case "http":
		return portHTTP, true
	case "https":
		return portHTTPS, true
	}
	return 0, false
}

func validPort(u *url.URL) bool {
	if u.Port() == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	n, err := strconv.Atoi(u.Port())
	return err == nil && n >= 1 && n <= 65535
}

// portOf returns the port of a URL that parseLocation took.
func portOf(u *url.URL) int {
	if n, err := strconv.Atoi(u.Port()); err == nil {
		return n
	}
	n, _ := defaultPort(u.Scheme)
	return n
}

// splitHost reads HOST, HOST:PORT, an IPv6 address, or one in brackets with or without a port. The port is 0 when there is none.
func splitHost(text string) (host string, port int, ok bool) {
	if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
		return a.String(), 0, true
	}
	host = text
	if h, p, err := net.SplitHostPort(text); err == nil {
		n, err := strconv.Atoi(p)
		if err != nil || n < 1 || n > 65535 {
			return "", 0, false
		}
		host, port = h, n
	} else if inner, found := strings.CutPrefix(text, "["); found {
		if host, found = strings.CutSuffix(inner, "]"); !found {
			return "", 0, false
		}
	}
	return host, port, validHost(host)
}

// validHost takes addresses and host names (RFC 1123 2.1, and the underscore that some networks use): nothing that could break out of a URL
// or a SIP message.
func validHost(host string) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		return a.Zone() == ""
	}
	const longestName = 253
	if host == "" || len(host) > longestName {
		return false
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(host, "."), ".") {
		if label == "" || len(label) > 63 {
			return false
		}
		for i := range len(label) {
			c := label[i]
			if c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
				return false
			}
		}
	}
	return true
}

// beside returns the URL of a file in the folder of base. Name is a path relative to it.
func beside(base *url.URL, name string) *url.URL {
	u := *base
	u.RawPath, u.RawQuery = "", ""
	folder := u.Path
	if !strings.HasSuffix(folder, "/") {
		folder = path.Dir(folder)
	}
	u.Path = strings.TrimSuffix(folder, "/") + "/" + strings.TrimPrefix(name, "/")
	return &u
}

// atRoot returns the URL of an absolute path on the server of base.
func atRoot(base *url.URL, absolute string) (*url.URL, error) {
	relative, err := url.Parse(absolute)
	if err != nil || relative.Host != "" || relative.Scheme != "" {
		return nil, errBadURL
	}
	u := *base
	u.Path, u.RawPath, u.RawQuery = relative.Path, relative.RawPath, relative.RawQuery
	return &u, nil
}

// sameBase reports whether two base URLs name the same folder of the same server.
func sameBase(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && portOf(a) == portOf(b) &&
		strings.Trim(a.Path, "/") == strings.Trim(b.Path, "/") && a.RawQuery == b.RawQuery
}
