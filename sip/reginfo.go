package sip

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"net/url"
	"strconv"
	"strings"
	"time"

	"dialtone/provisioning"
)

// contactEvent is what happened last to a contact, as RFC 3680 section 4.1 names it.
type contactEvent string

// The events. What "created" and "probation" mean doesn't happen here: nobody but phones registers.
const (
	contactRegistered   contactEvent = "registered"
	contactRefreshed    contactEvent = "refreshed"
	contactShortened    contactEvent = "shortened"
	contactExpired      contactEvent = "expired"
	contactDeactivated  contactEvent = "deactivated"
	contactUnregistered contactEvent = "unregistered"
)

// ends reports whether a contact with that event is no longer one.
func (e contactEvent) ends() bool {
	return e == contactExpired || e == contactDeactivated || e == contactUnregistered
}

// watchedContact is what is told of one binding.
type watchedContact struct {
	id       string // the same for as long as the binding lives, at every node
	uri      string
	instance string
	q        int
	event    contactEvent
	callID   string // with cseq it says which REGISTER it was
	cseq     uint32
	expires  time.Time
}

// contactID tells a binding by.
func contactID(b provisioning.Binding) string {
	return shortHash(string(b.Line) + "\n" + b.Contact + "\n" + b.InstanceID + "\n" + strconv.FormatUint(uint64(b.RegID), 10))
}

func shortHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "x" + hex.EncodeToString(sum[:8]) // the schema wants no digit in front
}

// nextContacts compares what was told of a line with how it is registered now. It returns the contacts as they are, those that ended since, and whether
// there is anything new in either. It is a pure function. closed says that the line's password was ended, or the line: what went, went by that.
func nextContacts(told []watchedContact, bindings []provisioning.Binding, closed bool, now time.Time) (current, ended []watchedContact, changed bool) {
	before := make(map[string]watchedContact, len(told))
	for _, c := range told {
		before[c.id] = c
	}
	for _, b := range bindings {
		c := watchedContact{
			id: contactID(b), uri: b.Contact, instance: b.InstanceID, q: b.Q, event: contactRegistered, callID: b.CallID, cseq: b.CSeq, expires: b.Expires,
		}
		last, known := before[c.id]
		delete(before, c.id)
		if known {
			c.event = eventSince(last, c)
		}
		changed = changed || !known || c != last
		current = append(current, c)
	}
	for _, c := range told { // in their order
		if _, gone := before[c.id]; !gone {
			continue
		}
		switch {
		case !now.Before(c.expires):
			c.event = contactExpired
		case closed:
			c.event = contactDeactivated
		default:
			c.event = contactUnregistered
		}
		ended, changed = append(ended, c), true
	}
	return current, ended, changed
}

// eventSince says what happened to a contact between two looks.
func eventSince(last, next watchedContact) contactEvent {
	switch {
	case next.callID != last.callID || next.cseq != last.cseq || next.expires.After(last.expires):
		return contactRefreshed
	case next.expires.Before(last.expires):
		return contactShortened
	}
	return last.event
}

// registrationState is how a whole line is (RFC 3680 section 4.1).
func registrationState(current, ended []watchedContact) string {
	switch {
	case len(current) > 0:
		return "active"
	case len(ended) > 0:
		return "terminated"
	}
	return "init"
}

// reginfo writes the document that says how a line is registered (RFC 3680 section 5, RFC 5628). It is always the whole state.
func (s *Server) reginfo(version uint32, line provisioning.LineID, aor addressOfRecord, current, ended []watchedContact, now time.Time) []byte {
	var b strings.Builder
	b.Grow(512 * (1 + len(current) + len(ended)))
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n")
	b.WriteString(`<reginfo xmlns="urn:ietf:params:xml:ns:reginfo" xmlns:gr="urn:ietf:params:xml:ns:gruuinfo" version="` + strconv.FormatUint(uint64(version), 10) + `" state="full">` + "\n")
	b.WriteString(`<registration aor="sip:` + escapeXML(url.PathEscape(aor.user)) + "@" + aor.domain + `" id="` + shortHash(string(line)) + `" state="` + registrationState(current, ended) + `">` + "\n")
	for _, c := range current {
		s.writeContact(&b, c, aor, now)
	}
	for _, c := range ended {
		s.writeContact(&b, c, aor, now)
	}
	b.WriteString("</registration>\n</reginfo>\n")
	return []byte(b.String())
}

func (s *Server) writeContact(b *strings.Builder, c watchedContact, aor addressOfRecord, now time.Time) {
	state, left := "active", max(0, seconds(c.expires.Sub(now)))
	if c.event.ends() {
		state, left = "terminated", 0
	}
	b.WriteString(`<contact id="` + c.id + `" state="` + state + `" event="` + string(c.event) + `" expires="` + strconv.Itoa(left) + `"`)
	if c.q >= 0 && c.q < topPreference {
		b.WriteString(` q="` + strconv.FormatFloat(float64(c.q)/topPreference, 'g', -1, 64) + `"`)
	}
	b.WriteString("><uri>" + escapeXML(c.uri) + "</uri>")
	if c.instance != "" && isQuotable(c.instance) {
		b.WriteString(`<unknown-param name="+sip.instance">` + escapeXML(`"`+c.instance+`"`) + "</unknown-param>")
		if !c.event.ends() {
			b.WriteString(`<gr:pub-gruu uri="` + escapeXML(s.gruus.public(aor, c.instance)) + `"/>`)
		}
	}
	b.WriteString("</contact>\n")
}

// escapeXML writes text for an element or an attribute; what XML can't hold becomes a replacement character.
func escapeXML(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // never fails on a builder
	return b.String()
}
