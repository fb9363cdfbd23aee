package customer

import (
	"cmp"
	"strings"
	"time"
)

// MemberID names who can have a line: a person, a workspace or a virtual line. Their ids are UUIDs of one space, so that a PersonID is one too.
type MemberID string

// MemberKind says what a member is, in the wire's words.
type MemberKind string

// The kinds of member.
const (
	MemberPerson      MemberKind = "PEOPLE"
	MemberWorkspace   MemberKind = "PLACE"
	MemberVirtualLine MemberKind = "VIRTUAL_LINE"
)

// Member is what a person, a workspace and a virtual line have in common: where they are, and how they are reached there. Devices and lines belong to
// one, and an extension is one member's alone, whichever kind it is.
type Member struct {
	ID        MemberID
	Kind      MemberKind
	Partner   OrgID
	Org       OrgID
	Email     string // of a person; "" for the others
	FirstName string // a workspace has its name here
	LastName  string
	Location  LocationID // empty without calling
	Extension string     // digits; unique in its location; "" if none
	Number    string     // E.164; "" if none
	Settings  DeviceSettings
	Created   time.Time
}

// DeviceSettings is what a member's own phones do, whichever they are.
type DeviceSettings struct {
	Compression bool // of speech, to use less of the network
	Hoteling    Hoteling
}

// Hoteling says whether guests may log in at a member's phones.
type Hoteling struct {
	Enabled       bool
	LimitGuestUse bool // guests are logged out after GuestHours
	GuestHours    int  // 1 to 999; 0 if none was ever given
}

// MemberFilter narrows a list of members; empty fields don't.
type MemberFilter struct {
	IDs       []MemberID // at most 500
	Kinds     []MemberKind
	Name      string // part of the first and last name, without regard to case
	Email     string // of a person, in lower case; matches exactly
	Number    string // part of the number
	Extension string // part of the extension
	Location  LocationID
	Packages  []Package // one of which they have as the base package; virtual lines, which have none, pass. At most 20
	NotOn     string    // id of a device that they have no line on
	Order     MemberOrder
}

// MemberOrder is how a list of members is ordered. Where the order leaves members equal, their ids decide.
type MemberOrder string

// The orders.
const (
	ByCreation  MemberOrder = ""
	ByFirstName MemberOrder = "fname" // then by the last name; without regard to case
	ByLastName  MemberOrder = "lname" // then by the first name; without regard to case
)

// Key is the text by which an order of names puts a member in its place; it is never empty.
func (o MemberOrder) Key(m Member) string {
	if o == ByLastName {
		return strings.ToLower(m.LastName + " " + m.FirstName)
	}
	return strings.ToLower(m.FirstName + " " + m.LastName)
}

// Cursor is the member's place in a list of that order.
func (o MemberOrder) Cursor(m Member) Cursor {
	if o == ByCreation {
		return Cursor{At: m.Created, ID: string(m.ID)}
	}
	return Cursor{Key: o.Key(m), ID: string(m.ID)}
}

// Tenant returns whose member it is.
func (m Member) Tenant() Tenant { return Tenant{Partner: m.Partner, Customer: m.Org} }

// DisplayName is what a phone shows for the member: the names, or the e-mail address's local part when there are none.
func (m Member) DisplayName() string {
	switch {
	case m.FirstName != "" && m.LastName != "":
		return m.FirstName + " " + m.LastName
	case m.FirstName != "" || m.LastName != "":
		return m.FirstName + m.LastName
	}
	for i := range len(m.Email) {
		if m.Email[i] == '@' {
			return m.Email[:i]
		}
	}
	return m.Email
}

// Label is what a line's key shows: what others dial to reach the member, else the name.
func (m Member) Label() string {
	if m.Extension != "" {
		return m.Extension
	}
	return cmp.Or(m.Number, m.DisplayName())
}

// Member returns the person as lines and devices see it.
func (p Person) Member() Member {
	return Member{
		ID: MemberID(p.ID), Kind: MemberPerson, Partner: p.Partner, Org: p.Org, Email: p.Email, FirstName: p.FirstName, LastName: p.LastName,
		Location: p.Location, Extension: p.Extension, Number: p.Number, Settings: p.Settings, Created: p.Created,
	}
}
