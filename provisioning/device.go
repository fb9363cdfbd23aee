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
	MAC      deviceprofiles.MAC // zero until a phone has come with the activation code
	Model    string             // wire name in the catalogue
	Owner    customer.MemberID  // the primary owner
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
	// EnrolmentPeers are addresses that asked in that window: who fetched the phone's own file first, and the first other one. Empty at its beginning.
	EnrolmentPeers []string
	// CertificateBarred says that the phone's certificate counts no more, since a compromise was answered: a phone that was stolen still has it.
	CertificateBarred bool
	Created           time.Time
	FirstSeen         time.Time // zero: never
	LastSeen          time.Time // zero: never
	Activation        Activation
	Layout            deviceprofiles.Layout // what the keys are for
	Told              Told
}

// ActivationState says how a device became known, in the wire's words.
type ActivationState string

// The states of activation.
const (
	ActivationNone    ActivationState = "deactivated" // added by its MAC address, without a code
	ActivationWaiting ActivationState = "activating"  // no phone has come with the code yet
	ActivationDone    ActivationState = "activated"
)

// Activation is a device's code: sixteen digits that somebody types into a phone once.
type Activation struct {
	State   ActivationState
	Hash    []byte    // of the code, by codeKeys.hash; nil when no code counts
	Expires time.Time // zero without a code
}

// HasMAC reports whether it is known which phone the device is.
func (d Device) HasMAC() bool { return d.MAC != (deviceprofiles.MAC{}) }

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
	Owner    customer.MemberID
	UserName string        // user part of the address of record, and digest user name; unique in its domain
	Domain   string        // the customer's SIP domain, and the digest realm
	Password secret.Sealed // sealed for passwordOwner
	HA1      secret.Sealed // H(user:realm:password), MD5 then SHA-256, sealed for ha1Owner
	Created  time.Time
	LineOptions
	// Revealed says that somebody was shown the password, or chose it: it isn't shown again.
	Revealed bool
	// PreviousHA1 is that of the password before, which counts beside the new one until PreviousUntil; nil without such an overlap.
	PreviousHA1   secret.Sealed
	PreviousUntil time.Time
}

// LineOptions is what can be chosen for a line of a device.
type LineOptions struct {
	Weight             int  // line keys that it occupies, 1 or more
	HotlineEnabled     bool // HotlineDestination is dialled as soon as the phone goes off hook
	HotlineDestination string
	DeclineEverywhere  bool   // declining a call ends it on all of the owner's devices, not on this phone alone
	T38                bool   // fax over UDP, on analogue adapters
	Label              string // what the key shows; "" for the owner's own
}

// OverlapOpen reports whether the password before still counts at a moment.
func (l Line) OverlapOpen(now time.Time) bool {
	return len(l.PreviousHA1) > 0 && now.Before(l.PreviousUntil)
}

// Tenant returns whose line it is.
func (l Line) Tenant() customer.Tenant { return customer.Tenant{Partner: l.Partner, Customer: l.Org} }

// LinePort is the line's address of record without a scheme, user@domain.
func (l Line) LinePort() string { return l.UserName + "@" + l.Domain }

// DeviceFilter narrows a list of devices; empty fields don't. All match exactly but DisplayName, which matches a part of the owner's name or
// of the model's, without regard to case.
type DeviceFilter struct {
	ID          DeviceID
	Owner       customer.MemberID
	Location    customer.LocationID
	MAC         *deviceprofiles.MAC
	Models      []string // one of them
	DisplayName string
	Tags        []string // all of them
	Status      ConnectionStatus
}

// ConnectionStatus is how a device is reached, in the wire's words. It follows from what is known of the device.
type ConnectionStatus string

// The states of a connection.
const (
	StatusConnected    ConnectionStatus = "connected"    // registered
	StatusDisconnected ConnectionStatus = "disconnected" // not registered, and was there before
	StatusActivating   ConnectionStatus = "activating"   // waits for a phone that brings its code
	StatusUnknown      ConnectionStatus = "unknown"      // never seen
)

// Status returns how the device is reached.
func (d DeviceView) Status() ConnectionStatus {
	switch {
	case d.Registered:
		return StatusConnected
	case d.Activation.State == ActivationWaiting:
		return StatusActivating
	case !d.FirstSeen.IsZero():
		return StatusDisconnected
	}
	return StatusUnknown
}

// DeviceView is a device with the names around it that lists show.
type DeviceView struct {
	Device
	IP                                        string // where a line registered from; "" unless registered
	OwnerKind                                 customer.MemberKind
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
	Node       string // that the registration came to, by which alone the phone can be reached
	Registered time.Time
	Expires    time.Time
	RegID      uint32             // flow of the instance (RFC 5626), 0 if it has but this one
	Q          int                // preference of the contact in thousandths, 1000 where the phone says none
	Path       string             // proxies on the way to the phone, nearest to us first, as Route has them (RFC 3327); "" if none
	Certified  deviceprofiles.MAC // in the certificate that its maker gave the phone, shown on the connection; zero if none
	Upstream   UpstreamTold       // what the partner's own registrar was told of it; zero where there is none
}

// BindingView is a binding with the port of its line.
type BindingView struct {
	Binding
	Port int
	// NodeGone is when the node that it came to was heard of last; zero while that is there, or nobody knows. The phone can't be reached over it.
	NodeGone time.Time
}

// LineOwner is a line with what its device's trace and the registrar need.
type LineOwner struct {
	Line
	Revision   int64 // of the device
	ByPrevious bool  // proven by a password that the line had before its rotation
	Bell       bool  // its phone is to be told something

	recalled *SIPProof // what it was proven with, if by what is remembered of it; nil: by what was read
}

// BoundLine is a line as the transaction sees it that is to write its bindings.
type BoundLine struct {
	HA1      secret.Sealed // with which a proof must have been checked that is to count
	Device   DeviceID
	Revision int64 // of the device
	Bell     bool  // its phone is to be told something
	Bindings []Binding
}

// RenderInput is what the store knows of a device's settings, read in one go.
type RenderInput struct {
	Device    Device
	Location  customer.Location // zero when the owner has none
	Lines     []RenderLine      // by port
	Monitored []MonitoredView   // the owner's monitoring list
	Settings  []Setting         // of the organisation, the location and the device
}

// RenderLine is a line with its owner.
type RenderLine struct {
	Line
	Member customer.Member
}
