package phone

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// register is one REGISTER request (RFC 3261 10.2).
type register struct {
	user, domain  string
	transport     string
	local         netip.AddrPort
	branch        string
	tag           string
	callID        string
	cseq          int
	contact       string // URI
	instance      string // URN of the device (RFC 5626 4.1); "" for none
	expires       int    // seconds; 0 removes the contact
	product       string // User-Agent
	authorization string // "" for none
}

// bytes writes the request. Every part was checked where it was read: nothing in them ends a line.
func (r register) bytes() []byte {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	line("REGISTER %s SIP/2.0", r.requestURI())
	line("Via: SIP/2.0/%s %s;branch=%s;rport", strings.ToUpper(r.transport), r.local, r.branch)
	line("Max-Forwards: 70")
	line("From: <%s>;tag=%s", r.aor(), r.tag)
	line("To: <%s>", r.aor())
	line("Call-ID: %s", r.callID)
	line("CSeq: %d REGISTER", r.cseq)
	contact := "<" + r.contact + ">;expires=" + strconv.Itoa(r.expires)
	if r.instance != "" {
		contact += `;+sip.instance="<` + r.instance + `>"`
	}
	line("Contact: %s", contact)
	line("Expires: %d", r.expires)
	if r.authorization != "" {
		line("Authorization: %s", r.authorization)
	}
	line("User-Agent: %s", r.product)
	line("Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, NOTIFY")
	line("Content-Length: 0")
	line("")
	return []byte(b.String())
}

func (r register) requestURI() string { return "sip:" + uriHost(r.domain) }
func (r register) aor() string        { return aor(r.user, r.domain) }

func aor(user, domain string) string { return "sip:" + escapeUser(user) + "@" + uriHost(domain) }

// uriHost puts an IPv6 address into brackets.
func uriHost(host string) string {
	if a, err := netip.ParseAddr(host); err == nil && a.Is6() {
		return "[" + host + "]"
	}
	return host
}

// escapeUser writes the user part of a URI (RFC 3261 25.1: unreserved and user-unreserved stay, the rest is escaped).
func escapeUser(user string) string {
	const plain = "-_.!~*'()&=+$,;?/"
	var b strings.Builder
	for i := range len(user) {
		c := user[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(plain, c) >= 0 {
			b.WriteByte(c)
			continue
		}
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}

// binding is one contact that a registrar lists.
type binding struct {
	uri     string
	expires time.Duration // -1 second: not said
}

// errNotContacts is a Contact list that can't be read.
var errNotContacts = errors.New("the registrar's Contact list can't be read")

// contacts reads the Contact headers of an answer.
func contacts(r *sip.Response) ([]binding, error) {
	var found []binding
	for _, value := range values(r, "Contact", "m") {
		more, err := parseContacts(value)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	return found, nil
}

// values returns the values of a header under its full and its short name.
func values(r *sip.Response, names ...string) []string {
	var found []string
	for _, name := range names {
		for _, h := range r.GetHeaders(name) {
			found = append(found, h.Value())
		}
	}
	return found
}

// mostContacts bounds the contacts of one answer.
const mostContacts = 100

// parseContacts reads one Contact header value: addresses with parameters, divided by commas.
func parseContacts(value string) ([]binding, error) {
	var found []binding
	for rest := value; strings.TrimSpace(rest) != ""; {
		var one string
		one, rest = cutOutside(rest, ',')
		b, err := parseContact(strings.TrimSpace(one))
		if err != nil {
			return nil, err
		}
		if found = append(found, b); len(found) > mostContacts {
			return nil, errNotContacts
		}
	}
	return found, nil
}

func parseContact(text string) (binding, error) {
	address, parameters := cutOutside(text, ';')
	address = strings.TrimSpace(address)
	if open := strings.LastIndexByte(address, '<'); open >= 0 {
		if !strings.HasSuffix(address, ">") {
			return binding{}, errNotContacts
		}
		address = address[open+1 : len(address)-1]
	}
	if address == "" {
		return binding{}, errNotContacts
	}
	b := binding{uri: address, expires: -time.Second}
	for parameters != "" {
		var one string
		one, parameters = cutOutside(parameters, ';')
		name, value, _ := strings.Cut(one, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "expires") {
			continue
		}
		seconds, err := strconv.ParseUint(strings.TrimSpace(value), 10, 31)
		if err != nil {
			return binding{}, errNotContacts
		}
		b.expires = time.Duration(seconds) * time.Second
	}
	return b, nil
}

// cutOutside cuts at the first separator that stands neither in quotes nor in angle brackets.
func cutOutside(text string, separator byte) (before, after string) {
	quoted, bracketed := false, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"' && !bracketed:
			quoted = !quoted
		case quoted:
		case c == '<':
			bracketed = true
		case c == '>':
			bracketed = false
		case c == separator && !bracketed:
			return text[:i], text[i+1:]
		}
	}
	return text, ""
}

// sameContact compares two SIP URIs as far as our own contact needs it: user, host, port and transport (RFC 3261 19.1.4).
func sameContact(a, b string) bool {
	var first, second sip.Uri
	if sip.ParseUri(a, &first) != nil || sip.ParseUri(b, &second) != nil {
		return false
	}
	transport := func(u sip.Uri) string {
		t, _ := u.UriParams.Get("transport")
		return strings.ToLower(t)
	}
	return first.User == second.User && strings.EqualFold(first.Host, second.Host) && first.Port == second.Port && transport(first) == transport(second)
}
