package diagnosis

import (
	"strconv"
	"strings"
)

// Agent is what a phone said of itself in its user agent. It is a hint, never a proof.
type Agent struct {
	Vendor  string // whose pack its family is in; "" if it is no phone's that is known
	Family  string // as the catalogue names it
	Model   string // as the phone writes it
	Version string // of the firmware, as sent; "" when it isn't said
	Least   string // version below which its family's files aren't understood: numbers with dots between, x for one that doesn't matter; "" for none
}

// letters leaves letters and digits, in upper case, so that VVX_450 and VVX 450 are one.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToUpper(s))
}

// fits reports whether a phone that says so of itself can be of a model. What isn't known fits.
func (a Agent) fits(d Device) bool {
	model := letters(a.Model)
	return a.Vendor == d.Vendor && (model == "" || strings.Contains(letters(d.Model), model) || strings.Contains(model, lastWord(d.Model)))
}

// lastWord is the model's own name without the vendor's: 8851 of Cisco 8851.
func lastWord(model string) string {
	_, name, found := strings.Cut(model, " ")
	if !found {
		name = model
	}
	return letters(name)
}

// tooOld reports whether the version is known to be older than the least one: where both are numbers, the first that differ decide. An x of the least
// version doesn't matter, and what is no number tells nothing.
func (a Agent) tooOld() bool {
	if a.Least == "" || a.Version == "" {
		return false
	}
	said := strings.Split(a.Version, ".")
	for i, part := range strings.Split(a.Least, ".") {
		if part == "x" {
			continue
		}
		if i >= len(said) {
			return false
		}
		least, err := strconv.Atoi(part)
		has, wrong := strconv.Atoi(said[i])
		if err != nil || wrong != nil || has != least {
			return err == nil && wrong == nil && has < least
		}
	}
	return false
}
