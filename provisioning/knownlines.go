package provisioning

import (
	"bytes"
	"strings"
	"unique"

	"github.com/maypok86/otter/v2"

	"dialtone/customer"
	"dialtone/digest"
	"dialtone/secret"
)

// knownLinesMost bounds the lines that are remembered: as many phones as one node serves, of some 500 bytes each.
const knownLinesMost = 200_000

// knownLines remembers lines that registered, so that the next registration reads its line once, in the transaction that stores it, and not before as well.
// What it says may be out of date: whoever acts upon it must see in that transaction that the line's secret is still the one that the proof was checked with.
type knownLines struct {
	lines *otter.Cache[lineName, knownLine]
}

// lineName is a line's address of record, in lower case.
type lineName struct{ domain, user string }

// isOf reports whether a digest answer names the line.
func (n lineName) isOf(a digest.Answer) bool {
	return strings.EqualFold(a.UserName, n.user) && strings.EqualFold(a.Realm, n.domain)
}

// knownLine is what a registration needs of a line, and no more: there is one for each phone. Those of one customer share its names.
type knownLine struct {
	id       LineID
	device   DeviceID
	owner    unique.Handle[lineTenant]
	ha1      secret.Sealed
	userName string // as the customer spells it; "" as the name has it
}

type lineTenant struct {
	partner, org customer.OrgID
	domain       string
}

func newKnownLines() *knownLines {
	return &knownLines{lines: otter.Must(&otter.Options[lineName, knownLine]{MaximumSize: knownLinesMost})}
}

func (k *knownLines) get(name lineName) (LineOwner, bool) {
	l, ok := k.lines.GetIfPresent(name)
	if !ok {
		return LineOwner{}, false
	}
	owner, userName := l.owner.Value(), l.userName
	if userName == "" {
		userName = name.user
	}
	return LineOwner{Line: Line{
		ID: l.id, Device: l.device, Partner: owner.partner, Org: owner.org, Domain: owner.domain, UserName: userName, HA1: l.ha1,
	}}, true
}

// put remembers a line as it was read. A line in the overlap of two passwords isn't: each of its registrations may end that.
func (k *knownLines) put(name lineName, l LineOwner) {
	if len(l.PreviousHA1) > 0 || l.ByPrevious {
		return
	}
	owner := unique.Make(lineTenant{partner: l.Partner, org: l.Org, domain: l.Domain})
	if l.Domain == name.domain {
		name.domain = owner.Value().domain
	}
	known := knownLine{id: l.ID, device: l.Device, owner: owner, ha1: l.HA1}
	if l.UserName != name.user {
		known.userName = l.UserName
	}
	k.lines.Set(name, known)
}

func (k *knownLines) forget(name lineName) { k.lines.Invalidate(name) }

// is reports whether a line that was remembered is the one in the database: with the same secret, and on the same device.
func (l LineOwner) is(b BoundLine) bool { return l.Device == b.Device && bytes.Equal(l.HA1, b.HA1) }
