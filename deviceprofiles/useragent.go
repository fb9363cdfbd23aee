package deviceprofiles

import (
	"slices"
	"strings"
)

// Agent is what a phone says of itself. It is a hint, never a proof: anybody can say it.
type Agent struct {
	Family  Family // "" if it isn't a phone's that we know
	Model   string // as the phone writes it; "" if it doesn't say
	Version string // of the firmware; "" if it doesn't say
	MAC     MAC    // when HasMAC
	HasMAC  bool
}

// ParseAgent reads a user agent. What it doesn't know, or what is too long to be a phone's, says nothing.
func ParseAgent(s string) Agent {
	if s == "" || len(s) > maxUserAgent {
		return Agent{}
	}
	for _, p := range packs().packs {
		for _, pattern := range p.agents {
			m := pattern.FindStringSubmatch(s)
			if m == nil {
				continue
			}
			agent := Agent{Family: p.Family}
			for i, name := range pattern.SubexpNames() {
				agent.note(name, m[i])
			}
			return agent
		}
	}
	return Agent{}
}

// HonoursRetryAfter reports whether who sends a user agent may be told by Retry-After when to come again: programs, and phones of families whose pack says
// that they wait so long. What others make of it is nowhere written; they come again as they do after any failure.
func HonoursRetryAfter(userAgent string) bool {
	family := ParseAgent(userAgent).Family
	if family == "" {
		return userAgent != ""
	}
	p := packs().byFamily[family]
	return p != nil && p.RetryAfter
}

func (a *Agent) note(name, text string) {
	switch name {
	case "mac":
		if mac, err := ParseMAC(text); err == nil {
			a.MAC, a.HasMAC = mac, true
		}
	case "model":
		a.Model = text
	case "version":
		a.Version = text
	}
}

// FamiliesOf returns the families whose vendor owns a MAC address's block, none if nobody's here. New blocks come every year: a phone from one that
// isn't here is recognised by its user agent or by its record.
func FamiliesOf(mac MAC) []Family {
	var out []Family
	for _, p := range packs().packs {
		if p.Blocks != "" && strings.Contains(p.Blocks, mac.OUI()) {
			out = append(out, p.Family)
		}
	}
	return out
}

// vendorOf returns the first of some families, or of all, whose vendor owns a MAC address's block; "" if none does.
func vendorOf(mac MAC, among []Family) Family {
	for _, f := range FamiliesOf(mac) {
		if len(among) == 0 || slices.Contains(among, f) {
			return f
		}
	}
	return ""
}
