package provisioning

import (
	"bytes"
	"strings"

	"github.com/maypok86/otter/v2"

	"dialtone/digest"
)

// knownLinesMost bounds the lines that are remembered: as many phones as one node serves, of some 600 bytes each.
const knownLinesMost = 200_000

// knownLines remembers lines that registered, so that the next registration reads its line once, in the transaction that stores it, and not before as well.
// What it says may be out of date: whoever acts upon it must see in that transaction that the line's secret is still the one that the proof was checked with.
type knownLines struct {
	lines *otter.Cache[lineName, LineOwner]
}

// lineName is a line's address of record, in lower case.
type lineName struct{ domain, user string }

// isOf reports whether a digest answer names the line.
func (n lineName) isOf(a digest.Answer) bool {
	return strings.EqualFold(a.UserName, n.user) && strings.EqualFold(a.Realm, n.domain)
}

func newKnownLines() *knownLines {
	return &knownLines{lines: otter.Must(&otter.Options[lineName, LineOwner]{MaximumSize: knownLinesMost})}
}

func (k *knownLines) get(name lineName) (LineOwner, bool) { return k.lines.GetIfPresent(name) }

// put remembers a line as it was read. A line in the overlap of two passwords isn't: each of its registrations may end that.
func (k *knownLines) put(name lineName, l LineOwner) {
	if len(l.PreviousHA1) > 0 || l.ByPrevious {
		return
	}
	k.lines.Set(name, l)
}

func (k *knownLines) forget(name lineName) { k.lines.Invalidate(name) }

// is reports whether a line that was remembered is the one in the database: with the same secret, and on the same device.
func (l LineOwner) is(b BoundLine) bool { return l.Device == b.Device && bytes.Equal(l.HA1, b.HA1) }
