package provisioning

import (
	"net/netip"
	"time"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/secret"
)

type (
	// DeviceID names a device, a UUID.
	DeviceID string
	// LineID names a line of a device, a UUID.
	LineID string
)

// Device is a phone that a customer has.
type Device struct {
	ID       DeviceID
	Partner  customer.OrgID
	Org      customer.OrgID
	MAC      deviceprofiles.MAC
	Model    string // wire name in the catalogue
	Owner    customer.PersonID
	Location customer.LocationID
	Tags     []string
	// Revision counts the changes that alter what the phone should know. It starts at 1 and never goes back.
	Revision int64
	// Access is the phone's own password over HTTPS, sealed for accessOwner; its user name is the MAC in lower case.
	Access secret.Sealed
	// AdminPassword is that of the phone's own menu and web page, sealed for adminOwner.
	AdminPassword secret.Sealed
	// EnrolmentUntil is when the open enrolment window ends; zero when there is none.
	EnrolmentUntil time.Time
	Created        time.Time
	FirstSeen      time.Time // zero: never
	LastSeen       time.Time // zero: never
}

// Tenant returns whose device it is.
func (d Device) Tenant() customer.Tenant {
	return customer.Tenant{Partner: d.Partner, Customer: d.Org}
}

// EnrolmentOpen reports whether an enrolment window is open at a moment.
func (d Device) EnrolmentOpen(now time.Time) bool { return now.Before(d.EnrolmentUntil) }

// Line is one registration of a device: the SIP identity that was made for it.
type Line struct {
	ID       LineID
	Partner  customer.OrgID
	Org      customer.OrgID
	Device   DeviceID
	Port     int // 1-based
	Owner    customer.PersonID
	UserName string        // user part of the address of record, and digest user name; unique in its domain
	Domain   string        // the customer's SIP domain, and the digest realm
	Password secret.Sealed // sealed for passwordOwner
	HA1      secret.Sealed // H(user:realm:password), MD5 then SHA-256, sealed for ha1Owner
	Created  time.Time
}

// LinePort is the line's address of record without a scheme, user@domain.
func (l Line) LinePort() string { return l.UserName + "@" + l.Domain }

// DeviceFilter narrows a list of devices; empty fields don't. All match exactly but DisplayName, which matches a part of the owner's name or
// of the model's, without regard to case.
type DeviceFilter struct {
	Owner       customer.PersonID
	Location    customer.LocationID
	MAC         *deviceprofiles.MAC
	Models      []string // wire names: any of them
	DisplayName string
}

// DeviceView is a device with the names around it that lists show.
type DeviceView struct {
	Device
	OwnerFirstName, OwnerLastName, OwnerEmail string
	Registered                                bool // some line has a binding that is valid now
}

// Transport is how bytes travel.
type Transport string

// The transports of the device plane, as traces and the admin's view of files name them.
const (
	TFTP  Transport = "tftp"
	HTTP  Transport = "http"
	HTTPS Transport = "https"
)

// Binding says where a line can be reached now (RFC 3261 section 10).
type Binding struct {
	Line       LineID
	Contact    string // the contact URI as registered, the key within the line
	InstanceID string // +sip.instance, "" if none
	CallID     string
	CSeq       uint32
	Transport  string // udp, tcp, tls or dtls
	Source     netip.AddrPort
	UserAgent  string // at most 200 bytes
	Registered time.Time
	Expires    time.Time
}

// BindingView is a binding with the port of its line.
type BindingView struct {
	Binding
	Port int
}

// TraceEntry is one contact of a phone, as the boot trace shows it.
type TraceEntry struct {
	Time     time.Time
	MAC      deviceprofiles.MAC // zero when Device is set
	Device   DeviceID           // empty: the store finds it by MAC, and drops the entry when nobody has that address
	Door     string             // tftp, http, https, sip
	Peer     netip.Addr
	Request  string // what was asked, at most 300 bytes, without any secret
	Answer   string // what was answered, in words
	Rule     string // the rule that decided, one of the Rule constants
	Revision int64  // of the configuration served; 0 if none
}

// LineOwner is a line with what its device's trace and the registrar need.
type LineOwner struct {
	Line
	Revision int64 // of the device
}

// RenderInput is what the store knows of a device's settings, read in one go.
type RenderInput struct {
	Device   Device
	Location customer.Location // zero when the owner has none
	Lines    []RenderLine      // by port
}

// RenderLine is a line with its owner.
type RenderLine struct {
	Line
	Person customer.Person
}
