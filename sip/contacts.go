package sip

import (
	"strconv"
	"strings"
	"time"

	"dialtone/provisioning"
)

// maxContacts bounds the contacts of one request. The core's own limit for a line is lower and answered after the password.
const maxContacts = 32

// maxInstanceID bounds the +sip.instance that is stored. It holds a URN of some 45 bytes.
const maxInstanceID = 200

// order is what a REGISTER asks for: contacts to bind or to remove, all of them to be removed, or nothing, which is a query.
type order struct {
	contacts []provisioning.RegisterContact
	wildcard bool
	tooBrief bool // a contact asks for less than MinExpires
	outbound bool // one of the contacts is a flow (RFC 5626)
	proxied  bool // somebody stands between us and the phone
	gruu     bool // the phone takes addresses of its own (RFC 5627)
	loop     bool // a contact is such an address
	path     string
	said     []Header // that an upstream says to the phone
}

// readOrder reads Contact and Expires (RFC 3261 section 10.3, steps 6 and 7). A broken rule comes back in words for a reason phrase.
func (s *Server) readOrder(r request, aor addressOfRecord) (o order, problem string) {
	var ok bool
	if o.path, ok = readPath(r.paths); !ok {
		return order{}, "Bad Path"
	}
	o.proxied, o.gruu = proxied(r.vias), has(r.supported, extensionGRUU)
	var values []string
	for _, header := range r.contacts {
		values = append(values, splitList(header)...)
	}
	if len(values) > maxContacts {
		return order{}, "Too Many Contacts"
	}
	for _, value := range values {
		if strings.TrimSpace(value) == "*" {
			o.wildcard = true
			continue
		}
		contact, ok := s.readContact(value, r.expires)
		if !ok {
			return order{}, "Bad Contact"
		}
		o.tooBrief = o.tooBrief || contact.Expires > 0 && contact.Expires < s.config.MinExpires
		o.loop = o.loop || isGRUU(contact.URI, aor)
		o.contacts = append(o.contacts, contact)
	}
	if o.wildcard && (len(values) != 1 || strings.TrimSpace(r.expires) != "0") {
		return order{}, "Wildcard Needs Expires 0"
	}
	return o, o.flow(r)
}

// readContact reads one contact. Only SIP and SIPS URIs can be bound, as nothing else can be called over SIP.
func (s *Server) readContact(value, expires string) (provisioning.RegisterContact, bool) {
	a, ok := parseAddress(value)
	if !ok {
		return provisioning.RegisterContact{}, false
	}
	u, ok := parseURI(a.uri)
	if !ok || u.headers != "" {
		return provisioning.RegisterContact{}, false
	}
	if own, given := a.get("expires"); given {
		expires = own
	}
	instance, _ := a.get("+sip.instance")
	if len(instance) > maxInstanceID {
		return provisioning.RegisterContact{}, false
	}
	regID, _ := a.get("reg-id")
	q, _ := a.get("q")
	return provisioning.RegisterContact{URI: a.uri, Expires: s.length(expires), InstanceID: instance, RegID: readRegID(regID), Q: readPreference(q)}, true
}

// length returns how long a registration shall last: the wish up to MaxExpires. What isn't a number counts as no wish (RFC 3261 section
// 20.10), and a number too large to read as the longest.
func (s *Server) length(wish string) time.Duration {
	n, err := strconv.ParseUint(strings.TrimSpace(wish), 10, 32)
	switch {
	case err == nil && time.Duration(n)*time.Second <= s.config.MaxExpires:
		return time.Duration(n) * time.Second
	case err == nil || n > 0:
		return s.config.MaxExpires
	default:
		return s.config.DefaultExpires
	}
}

// render writes the bindings as the values of Contact header fields, with the seconds that each still lasts; preferred ones come first, as the core has
// them. A phone that asked for it gets addresses of its own with each instance.
func (s *Server) render(bindings []provisioning.Binding, aor addressOfRecord, gruu bool, now time.Time) []string {
	out := make([]string, 0, len(bindings))
	for _, b := range bindings {
		left := b.Expires.Sub(now)
		if left <= 0 {
			continue
		}
		var text strings.Builder
		text.Grow(len(b.Contact) + 32)
		text.WriteString("<" + b.Contact + ">")
		writePreference(&text, b)
		text.WriteString(";expires=" + strconv.Itoa(seconds(left)))
		if b.InstanceID != "" && isQuotable(b.InstanceID) {
			s.writeInstance(&text, b, aor, gruu)
		}
		out = append(out, text.String())
	}
	return out
}

// writeInstance adds what a phone tells its own contact by.
func (s *Server) writeInstance(text *strings.Builder, b provisioning.Binding, aor addressOfRecord, gruu bool) {
	text.WriteString(`;+sip.instance="` + b.InstanceID + `"`)
	if b.RegID != 0 {
		text.WriteString(";reg-id=" + strconv.FormatUint(uint64(b.RegID), 10))
	}
	if !gruu {
		return
	}
	text.WriteString(`;pub-gruu="` + s.gruus.public(aor, b.InstanceID) + `"`)
	if temporary := s.gruus.temporary(aor, b); temporary != "" {
		text.WriteString(`;temp-gruu="` + temporary + `"`)
	}
}

// isQuotable reports whether a text can stand between quotes as it is.
func isQuotable(s string) bool { return !strings.ContainsAny(s, "\"\\\r\n") }
