// Package mail writes the e-mails that Dialtone sends to people, and hands them to a mail server by SMTP.
//
// It owns the four kinds of mail, their texts in every supported language (texts/*.json, data that a translator can read), the shape of a
// mail as text and as HTML, and one SMTP transaction (RFC 5321) with a plain verdict at its end: taken, try again later, or never. It never
// decides who gets a mail, never keeps one, never tries twice and never runs in the background: that is the caller's queue. It never writes a
// password into an error or a log. Start at Message, then Render, then Sender.Send.
package mail

import (
	netmail "net/mail"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"dialtone/customer"
	"dialtone/fault"
)

// Kind says what a mail is about.
type Kind string

// The kinds of mail (product rule 10).
const (
	Welcome       Kind = "welcome"        // to a person, never to an administrator: your services are ready
	ConsentMove   Kind = "consent_move"   // to a person with an account elsewhere: may it move to the customer? Needs a Link
	AdminInvite   Kind = "admin_invite"   // to an administrator of an attached organisation: do you accept? Needs a Link
	SetupComplete Kind = "setup_complete" // to whoever ordered the customer: it is set up
)

// Kinds returns all kinds.
func Kinds() []Kind { return []Kind{Welcome, ConsentMove, AdminInvite, SetupComplete} }

func (k Kind) known() bool {
	return k == Welcome || k == ConsentMove || k == AdminInvite || k == SetupComplete
}

// asks reports whether a mail of the kind asks for something, which the reader can only do at a Link.
func (k Kind) asks() bool { return k == ConsentMove || k == AdminInvite }

// Message is one mail, before it is written. It survives JSON unchanged, so that it can wait in a queue; it holds no secret but what its Link
// may carry.
type Message struct {
	ID         string `json:"id"`                   // 1 to 64 letters, digits and - _ . in parts: the same mail keeps it, however often it is tried; becomes the Message-ID
	Kind       Kind   `json:"kind"`                 // one of Kinds
	To         string `json:"to"`                   // address of one person, without a name; ASCII before the @, a domain may be international
	Name       string `json:"name,omitempty"`       // of that person, at most 200 characters; "" greets without a name
	Language   string `json:"language"`             // a locale that customer.Locale supports, such as de_DE; the letters alone will do
	Brand      string `json:"brand"`                // under whose name the mail goes out, at most 200 characters
	Customer   string `json:"customer"`             // name of the organisation that it is about, at most 200 characters
	Link       string `json:"link,omitempty"`       // absolute http or https URL where the reader goes on, at most 2000 bytes; needed by ConsentMove and AdminInvite
	SupportURL string `json:"supportUrl,omitempty"` // absolute http or https URL where help is, at most 2000 bytes; "" says nothing about help
}

const (
	maxText    = 200  // characters of a name: a first and a last name of 64 each, or a company's of 128, fit well; headers stay short
	maxURL     = 2000 // bytes: what every browser takes
	maxAddress = 254  // bytes (RFC 5321 section 4.5.3.1.3, less the angle brackets)
)

// id is a dot-atom without the signs that need care in logs and file names (RFC 5322 section 3.2.3).
var id = regexp.MustCompile(`^[0-9A-Za-z_-]+(\.[0-9A-Za-z_-]+)*$`)

// Validate checks a message. It returns fault.Invalid with all broken rules, by the JSON name of the field.
func (m Message) Validate() error {
	var p problems
	if len(m.ID) > 64 || !id.MatchString(m.ID) {
		p.add("id", "must have 1 to 64 letters, digits, - and _, with single dots between them")
	}
	if !m.Kind.known() {
		p.add("kind", "must be welcome, consent_move, admin_invite or setup_complete")
	}
	if _, ok := parseAddress(m.To); !ok {
		p.add("to", "must be an e-mail address such as ada@example.com")
	}
	if _, ok := customer.Locale(m.Language, ""); !ok {
		p.add("language", "must be a supported language, such as en or de_DE")
	}
	p.text("name", m.Name, false)
	p.text("brand", m.Brand, true)
	p.text("customer", m.Customer, true)
	p.url("link", m.Link, m.Kind.asks())
	p.url("supportUrl", m.SupportURL, false)
	return p.err()
}

// locale returns the supported locale of a valid message.
func (m Message) locale() string {
	locale, _ := customer.Locale(m.Language, "")
	return locale
}

// problems gathers the broken rules of a message, so that they can be mended all at once.
type problems []fault.Problem

func (p *problems) add(field, format string, args ...any) {
	*p = append(*p, fault.InvalidField(field, format, args...).Problems[0])
}

func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	parts := make([]string, len(p))
	for i, problem := range p {
		parts[i] = problem.Field + " " + problem.Message
	}
	e := fault.New(fault.Invalid, "This mail can't be written: %s.", strings.Join(parts, "; "))
	e.Problems = p
	return e
}

// text checks a name. Names with line breaks and control characters are refused and not mended: no honest one has them.
func (p *problems) text(field, value string, needed bool) {
	switch {
	case needed && strings.TrimSpace(value) == "":
		p.add(field, "is needed")
	case !utf8.ValidString(value):
		p.add(field, "must be UTF-8")
	case utf8.RuneCountInString(value) > maxText:
		p.add(field, "must have at most %d characters", maxText)
	case strings.ContainsFunc(value, breaksText):
		p.add(field, "must not contain control characters, line breaks or direction overrides")
	}
}

// breaksText finds what ends a line, what no font can show, and the signs that make the text after them read in another order.
func breaksText(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}

func (p *problems) url(field, value string, needed bool) {
	if value == "" {
		if needed {
			p.add(field, "is needed: a mail of this kind asks the reader to go there")
		}
		return
	}
	u, err := url.Parse(value)
	isWeb := err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && u.User == nil
	if !isWeb || len(value) > maxURL || strings.ContainsFunc(value, breaksURL) {
		p.add(field, "must be an absolute https or http URL of at most %d bytes, without user name, blanks or signs outside ASCII", maxURL)
	}
}

// breaksURL finds what would end a link in a plain text, where mail programs guess its end, and what must be percent-encoded anyway.
func breaksURL(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`"<>\^`+"`{|}", r) }

// address is an e-mail address as SMTP carries it without extensions: ASCII on both sides of the @.
type address struct{ local, domain string }

func (a address) String() string { return a.local + "@" + a.domain }

// parseAddress reads an address without a name. An international domain becomes its ASCII form (RFC 5891); a local part outside ASCII would
// need every mail server on the way to know SMTPUTF8, and quoted local parts are nobody's: both are refused.
func parseAddress(text string) (address, bool) {
	parsed, err := netmail.ParseAddress(text)
	if err != nil || parsed.Address != text {
		return address{}, false
	}
	at := strings.LastIndexByte(text, '@')
	local, domain := text[:at], text[at+1:]
	domain, err = idna.Lookup.ToASCII(domain)
	a := address{local, domain}
	return a, err == nil && domain != "" && !strings.ContainsFunc(local, notAtom) && len(a.String()) <= maxAddress
}

// notAtom finds signs outside a dot-atom, whose dots net/mail has checked (RFC 5322 section 3.2.3).
func notAtom(r rune) bool {
	return r <= ' ' || r > '~' || strings.ContainsRune(`()<>[]:;@\,"`, r)
}
