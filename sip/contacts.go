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
}

// readOrder reads Contact and Expires (RFC 3261 section 10.3, steps 6 and 7). A broken rule comes back in words for a reason phrase.
func (s *Server) readOrder(r request) (o order, problem string) {
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
		o.contacts = append(o.contacts, contact)
	}
	if o.wildcard && (len(values) != 1 || strings.TrimSpace(r.expires) != "0") {
		return order{}, "Wildcard Needs Expires 0"
	}
	return o, ""
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
	return provisioning.RegisterContact{URI: a.uri, Expires: s.length(expires), InstanceID: instance}, true
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

// render writes the bindings as the values of Contact header fields, with the seconds that each still lasts.
func render(bindings []provisioning.Binding, now time.Time) []string {
	out := make([]string, 0, len(bindings))
	for _, b := range bindings {
		if left := b.Expires.Sub(now); left > 0 {
			out = append(out, "<"+b.Contact+">;expires="+strconv.Itoa(seconds(left)))
		}
	}
	return out
}
