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

// minima are the versions below which a family's files are known not to be understood, and in which part of the version that is told. They are
// careful: nothing is called old that may work, and it is told only of phones without dial tone.
func minima() map[string]minimum {
	return map[string]minimum{
		"cisco-mpp": {part: 0, least: 11, text: "11.0"},   // older ones know neither the settings' names nor TLS 1.2
		"poly":      {part: 0, least: 5, text: "5.0"},     // UC Software 5: TLS 1.2, and the parameters' present names
		"yealink":   {part: 1, least: 80, text: "x.80.0"}, // hardware.generation.release: V80 has TLS 1.2
	}
}

type minimum struct {
	part  int // of the version, between dots
	least int
	text  string
}

// tooOld returns the least version that is needed, if this one is known to be older.
func (a Agent) tooOld() (string, bool) {
	m, ok := minima()[a.Family]
	parts := strings.Split(a.Version, ".")
	if !ok || len(parts) <= m.part {
		return "", false
	}
	n, err := strconv.Atoi(parts[m.part])
	return m.text, err == nil && n < m.least
}
