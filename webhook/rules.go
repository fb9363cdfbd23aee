package webhook

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"dialtone/fault"
)

// What a webhook may have.
const (
	maxName   = 80   // characters
	maxTarget = 1024 // bytes
	maxKinds  = 50
)

// Definition is what a partner says about a webhook.
type Definition struct {
	Name   string
	Target string
	Kinds  []string
	Status Status // empty: Active for a new one, else as it is
}

// problems gathers what is wrong with one definition, so that whoever sent it can mend it all at once.
type problems struct {
	list []fault.Problem
}

func (p *problems) add(code fault.Code, field, format string, args ...any) {
	p.list = append(p.list, fault.Problem{Field: field, Code: code, Message: fmt.Sprintf(format, args...)})
}

// err returns fault.Invalid with all that was found, nil if nothing was.
func (p *problems) err(what string) error {
	return fault.InvalidProblems(what, p.list)
}

// checked puts a definition into a webhook; fault.Invalid names all fields that break a rule.
func (s *Service) checked(w Webhook, d Definition, what string) (Webhook, error) {
	var p problems
	w.Name = p.name(d.Name)
	w.Target = p.target(d.Target, s.allowPrivate)
	w.Kinds = p.kinds(d.Kinds)
	switch d.Status {
	case "":
	case Active, Disabled:
		w.Status = d.Status
	default:
		p.add(fault.CodeRule, "status", "must be active or disabled; it is %.40q", d.Status)
	}
	return w, p.err(what)
}

func (p *problems) name(text string) string {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		p.add(fault.CodeMissing, "name", "is needed")
	case utf8.RuneCountInString(text) > maxName:
		p.add(fault.CodeSize, "name", "must have at most %d characters", maxName)
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		p.add(fault.CodeRule, "name", "must hold no control characters")
	}
	return text
}

// target checks where messages go. What a name resolves to is checked each time that it is dialled; an address can be told at once.
func (p *problems) target(text string, allowPrivate bool) string {
	const field = "targetUrl"
	u, err := url.Parse(text)
	switch {
	case text == "":
		p.add(fault.CodeMissing, field, "is needed")
	case len(text) > maxTarget:
		p.add(fault.CodeSize, field, "must have at most %d bytes", maxTarget)
	case err != nil || !isPrintable(text) || u.Hostname() == "" || u.Opaque != "":
		p.add(fault.CodeRule, field, "must be an absolute URL, such as https://tools.example.com/changes")
	case u.Scheme != "https" && (u.Scheme != "http" || !allowPrivate):
		p.add(fault.CodeRule, field, "must begin with https://")
	case u.User != nil:
		p.add(fault.CodeRule, field, "must hold no user and password: the signature says who sends")
	case u.Fragment != "":
		p.add(fault.CodeRule, field, "must have no fragment, which is never sent")
	case !allowPrivate:
		p.reachable(field, u)
	}
	return text
}

// reachable checks the port, and the host if it is an address.
func (p *problems) reachable(field string, u *url.URL) {
	port := uint64(httpsPort)
	if u.Port() != "" {
		var err error
		if port, err = strconv.ParseUint(u.Port(), 10, 16); err != nil {
			p.add(fault.CodeRule, field, "has a port that isn't one")
			return
		}
	}
	host, err := netip.ParseAddr(u.Hostname())
	if err != nil {
		host = netip.AddrFrom4([4]byte{1, 1, 1, 1}) // a name: only its port can be told now
	}
	if err := checkAddress(netip.AddrPortFrom(host, uint16(port))); err != nil {
		p.add(fault.CodeRule, field, "can't be reached: %s", strings.TrimSuffix(fault.Message(err), "."))
	}
}

// isPrintable reports whether a text is visible ASCII: what else is in a URL is to be escaped.
func isPrintable(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' })
}

// kindForm is how a kind is written: words with dots between; the last may be * for all that begin so.
var kindForm = regexp.MustCompile(`^[a-z0-9_]+(\.[a-z0-9_]+)*(\.\*)?$`)

func (p *problems) kinds(list []string) []string {
	const field = "kinds"
	if len(list) > maxKinds {
		p.add(fault.CodeSize, field, "must hold at most %d kinds", maxKinds)
		return []string{}
	}
	for _, k := range list {
		if len(k) > maxName || !kindForm.MatchString(k) {
			p.add(fault.CodeRule, field, "must be kinds of events, such as device.created, or beginnings, such as device.*; one is %.40q", k)
		}
	}
	out := append([]string{}, list...)
	slices.Sort(out)
	return slices.Compact(out)
}
