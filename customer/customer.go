// Package customer owns the nouns of onboarding: partners, templates and the identity providers that they name, customers, locations, numbers,
// people and their packages, and the actors who may touch them, with every rule about them that holds without asking what a phone is told. It keeps
// the screening list in force, and compares customers with it; how names are compared is the package screening's.
//
// It never speaks a protocol, never writes SQL and never holds a SIP credential. Start at Service, which carries the operations, and
// Store, which says what it needs from below.
package customer

import (
	"time"

	"dialtone/fault"
)

// Ids are UUIDs in their canonical lower-case form. Each noun has a type of its own, so that swapped arguments don't compile.
type (
	// OrgID names an organisation: a partner's, or a customer's.
	OrgID string
	// CustomerID names the wholesale relation between a partner and a customer organisation.
	CustomerID string
	// TemplateID names an onboarding template.
	TemplateID string
	// LocationID names a location of a customer.
	LocationID string
	// PersonID names a person of a customer.
	PersonID string
	// SubscriberID names the wholesale relation of a person: its package.
	SubscriberID string
	// TokenID names an API token; it isn't the token.
	TokenID string
	// AdminID names an administrator.
	AdminID string
)

// Tenant says whose rows a call may see: those of one partner and, inside it, of one customer organisation, or of all of them when
// Customer is empty. It is the first argument of every store method.
type Tenant struct {
	Partner  OrgID
	Customer OrgID
}

// Page is a window on a list.
type Page struct {
	Offset int    // rows to pass over, 0 or more; without meaning when After is set
	Max    int    // rows at the most, 1 or more
	After  Cursor // begin behind this row; the zero value: at the beginning
}

// Cursor is a place in a list: the row's moment, or its text, by which the list is ordered, and its id. Going on from it costs the same at the millionth row as at
// the first, and neither misses nor repeats a row when others come or go meanwhile.
type Cursor struct {
	At  time.Time
	Key string // where the list is ordered by a text, and not by a moment; else ""
	ID  string
}

// Template is an onboarding template: what new customers of a partner have in common. Changing one never changes existing customers.
type Template struct {
	ID             TemplateID
	Partner        OrgID
	ProvisioningID string // what the API takes to name the template, a UUID
	Name           string
	Country        string // ISO 3166-1 alpha-2
	Language       string // five-letter locale, e.g. en_US
	SubscriptionID string
	Created        time.Time

	Type                   TemplateType
	ServiceProviderAdmin   string // e-mail
	Authentication         Authentication
	IdentityProviderName   string       // of Authentication.IdentityProvider, as it is called now; "" for none
	PSTNVendor             PSTNVendorID // of the first location of each customer; empty for none
	BrandName              string       // in e-mails; "" for the partner's own
	AllowAdminInviteEmails bool         // when an existing organisation is attached
	AllowNonPSTNCalls      bool
}

// Status of a customer, in the wire's words.
type Status string

// The states that a customer can be in.
const (
	StatusProvisioning          Status = "provisioning"
	StatusProvisioned           Status = "provisioned"
	StatusProvisionedWithErrors Status = "provisioned_with_errors"
	StatusUpdating              Status = "updating"
	StatusDeleting              Status = "deleting"
	StatusError                 Status = "error"
	StatusPendingReview         Status = "pending_rpl_review" // only shown: see Customer.Shown
)

// Busy reports whether background work on the customer is promised: until it is done nothing else may be asked.
func (s Status) Busy() bool {
	return s == StatusProvisioning || s == StatusUpdating || s == StatusDeleting
}

// Customer is an organisation that a partner serves.
type Customer struct {
	ID           CustomerID
	Partner      OrgID
	Org          OrgID
	Template     TemplateID
	ExternalID   string // the partner's own key; unique for each partner
	Name         string
	PrimaryEmail string
	Language     string // five-letter locale
	Address      Address
	Status       Status    // of provisioning; Shown is what partners see
	Screening    Screening // lies over it
	SIPDomain    string    // lower case, without a final dot; unique
	Packages     []CustomerPackage
	Errors       []Notice // of the last background work, beyond those of single packages; nil for none
	Pending      Pending
	PartnerRole  PartnerRole
	Restricted   bool      // restricted by partner mode
	BillingStart time.Time // zero: as soon as a package is assigned; else midnight UTC of the day
	Onboarding   Onboarding
	Created      time.Time
}

// Tenant returns the tenant that the customer's own things belong to. Until it has an organisation that is one with nothing in it, and never all of the
// partner's.
func (c Customer) Tenant() Tenant {
	if c.Org == "" {
		return Tenant{Partner: c.Partner, Customer: OrgID(c.ID)}
	}
	return Tenant{Partner: c.Partner, Customer: c.Org}
}

// Has reports whether the customer has the package, or is to have it.
func (c Customer) Has(p Package) bool {
	_, ok := c.Package(p)
	return ok
}

// Package returns the customer's package of that name; false when it has none, or is to lose it.
func (c Customer) Package(name Package) (CustomerPackage, bool) {
	for _, p := range c.Packages {
		if p.Package == name && p.Status != PackageDeleting {
			return p, true
		}
	}
	return CustomerPackage{}, false
}

// PackageStatus is the state of one package of a customer, in the wire's words.
type PackageStatus string

// The states of a customer's package.
const (
	PackageProvisioning PackageStatus = "provisioning"
	PackageProvisioned  PackageStatus = "provisioned"
	PackageDeleting     PackageStatus = "deleting"
	PackageError        PackageStatus = "error"
)

// CustomerPackage is a package that a customer has, and how many of it may be assigned.
type CustomerPackage struct {
	Package Package
	Limit   int // 0 means no limit
	Status  PackageStatus
	Errors  []Notice // of the last background work; nil for none
}

// Notice is what background work has to say to a person.
type Notice struct {
	Code    fault.Code
	Message string
}

// Pending is what a customer waits for while its status is busy, and after that what couldn't be done.
type Pending struct {
	Actor    string    // who asked for it: an admin's e-mail
	Location *Location // to be made; nil for none
	Numbers  []string  // to be put into it, E.164

	Attach      OrgID // the organisation that is to be attached; empty for a new one, and when it is
	AsksConsent bool  // its administrator was asked
	Consented   bool  // and agreed
}

// Address is a postal address.
type Address struct {
	Line1, Line2    string // at most 50 characters each
	City            string
	StateOrProvince string
	PostalCode      string
	Country         string // ISO 3166-1 alpha-2, upper case
}

// Location is a place of a customer: where its phones stand and its numbers belong.
type Location struct {
	ID                   LocationID
	Partner              OrgID
	Org                  OrgID
	Name                 string
	Address              Address
	TimeZone             string // IANA name, e.g. Europe/Berlin
	Language             string // lower-case locale, e.g. en_us
	EmergencyID          string
	AnnouncementLanguage string
	PSTNVendor           PSTNVendorID // that connects it to the telephone network; empty for none
	Route                Route        // that connects it instead, through the customer's own gateway; zero for none
	Latitude, Longitude  string       // decimal degrees, as they were given; "" if they weren't
	Notes                string
	Calling              bool   // switched on: without it there are neither numbers nor phones
	MainNumber           string // E.164, one of the location's; "" for none
	RoutingPrefix        string // digits before an extension when others dial it; unique in the organisation; "" for none
	Telephony            Telephony
	Created              time.Time
}

// Tenant returns whose location it is.
func (l Location) Tenant() Tenant { return Tenant{Partner: l.Partner, Customer: l.Org} }

// NumberState says whether a number can take calls.
type NumberState string

// The states of a number.
const (
	NumberActive   NumberState = "ACTIVE"
	NumberInactive NumberState = "INACTIVE"
)

// NumberType says what kind of number it is, in the wire's words.
type NumberType string

// The types of number.
const (
	NumberDID      NumberType = "DID" // of a place
	NumberTollFree NumberType = "TOLLFREE"
	NumberMobile   NumberType = "MOBILE"
)

// NumberUsage says what a number is for, in the wire's words.
type NumberUsage string

// The usages of a number.
const (
	UsageNone    NumberUsage = "NONE"    // people and workspaces
	UsageService NumberUsage = "SERVICE" // many calls at a time, such as a contact center's
)

// Number is an E.164 number of a location, free or owned by a member.
type Number struct {
	E164     string // with its plus sign; unique on the platform
	Partner  OrgID
	Org      OrgID
	Location LocationID
	State    NumberState
	Type     NumberType
	Usage    NumberUsage
	Owner    MemberID // empty: free, unless it is the location's main number
	Created  time.Time
}

// Person is somebody of a customer who can have a package and a phone.
type Person struct {
	ID        PersonID
	Partner   OrgID
	Org       OrgID
	Email     string // lower case; unique on the platform
	FirstName string
	LastName  string
	Location  LocationID // empty without a calling package
	Extension string     // digits; unique in its location; "" if none
	Number    string     // E.164; "" if none
	Admin     bool       // the first subscriber of a new customer administers it
	Settings  DeviceSettings
	Created   time.Time
}

// DisplayName is what a phone shows for the person: the names, or the e-mail address's local part when there are none.
func (p Person) DisplayName() string { return p.Member().DisplayName() }

// SubscriberStatus is the state of a subscriber, in the wire's words.
type SubscriberStatus string

// The states of a subscriber.
const (
	SubscriberProvisioned      SubscriberStatus = "provisioned"
	SubscriberPendingMigration SubscriberStatus = "pending_user_migration" // the person must agree to move the account
)

// Subscriber is a person's wholesale relation: which package it has, since when.
type Subscriber struct {
	ID                 SubscriberID
	Partner            OrgID
	Org                OrgID
	Customer           CustomerID
	ExternalCustomerID string
	Person             PersonID
	Email              string
	Package            Package   // the base package
	AddOns             []Package // beside it; nil for none
	Status             SubscriberStatus
	Errors             []Notice      // why a move couldn't be; nil for none
	Pending            PendingPerson // until the person has moved
	Created            time.Time
	LastStatusChange   time.Time
}

// PendingPerson is what a person is to have who must agree first.
type PendingPerson struct {
	FirstName string
	LastName  string
	CallingIdentity
}

// Tenant returns whose subscriber it is.
func (s Subscriber) Tenant() Tenant { return Tenant{Partner: s.Partner, Customer: s.Org} }

// Packages returns the base package, then the add-ons.
func (s Subscriber) Packages() []Package { return append([]Package{s.Package}, s.AddOns...) }

// Event is something that happened, kept for ever in the transaction that did it.
type Event struct {
	ID      int64 // given by the store
	Time    time.Time
	Tenant  Tenant
	Actor   string         // who did it: an admin's e-mail, or "system"
	Kind    EventKind      // what happened
	Subject string         // the id of the thing that it happened to
	Device  string         // the id of the device that it is about; empty for what isn't about one. Only those with it are changes
	Data    map[string]any // facts for whoever reads the log; never a secret
}

// EventKind names a kind of event as noun.verb.
type EventKind string

// The kinds of event.
const (
	EventPartnerCreated       EventKind = "partner.created"
	EventSubPartnerCreated    EventKind = "sub_partner.created"
	EventSubPartnerChanged    EventKind = "sub_partner.changed"
	EventAdminCreated         EventKind = "admin.created"
	EventAdminChanged         EventKind = "admin.changed"
	EventAdminDeleted         EventKind = "admin.deleted"
	EventOrganizationChanged  EventKind = "organization.changed"
	EventOrganizationEcho     EventKind = "organization.echo_changed"    // whether its calls to the echo must be encrypted
	EventModelsDisabled       EventKind = "organization.models_disabled" // which models of phones it can't have any more, or again
	EventConsentAsked         EventKind = "consent.asked"
	EventConsentGiven         EventKind = "consent.given"
	EventConsentDeclined      EventKind = "consent.declined"
	EventPersonMoved          EventKind = "person.moved"
	EventMailFailed           EventKind = "mail.failed"
	EventSettingsChanged      EventKind = "settings.changed"
	EventTokenCreated         EventKind = "token.created"
	EventTokenRevoked         EventKind = "token.revoked"
	EventIntegrationCreated   EventKind = "integration.created"
	EventIntegrationDeleted   EventKind = "integration.deleted"
	EventGrantCreated         EventKind = "grant.created"
	EventGrantRevoked         EventKind = "grant.revoked"
	EventTemplateCreated      EventKind = "template.created"
	EventTemplateChanged      EventKind = "template.changed"
	EventTemplateDeleted      EventKind = "template.deleted"
	EventCustomerCreated      EventKind = "customer.created"
	EventCustomerChanged      EventKind = "customer.changed"
	EventCustomerAttached     EventKind = "customer.attached"
	EventCustomerFulfilled    EventKind = "customer.fulfilled"
	EventCustomerLeaving      EventKind = "customer.leaving"
	EventCustomerDeleted      EventKind = "customer.deleted"
	EventLocationCreated      EventKind = "location.created"
	EventLocationChanged      EventKind = "location.changed"
	EventLocationDeleted      EventKind = "location.deleted"
	EventCallingEnabled       EventKind = "location.calling_enabled"
	EventCallingDisabled      EventKind = "location.calling_disabled"
	EventCallingChanged       EventKind = "location.calling_changed"
	EventLocationEcho         EventKind = "location.echo_changed"
	EventPSTNChanged          EventKind = "location.pstn_changed"
	EventFloorCreated         EventKind = "floor.created"
	EventFloorChanged         EventKind = "floor.changed"
	EventFloorDeleted         EventKind = "floor.deleted"
	EventNumbersAdded         EventKind = "numbers.added"
	EventNumbersChanged       EventKind = "numbers.changed"
	EventNumbersRemoved       EventKind = "numbers.removed"
	EventNumbersMoved         EventKind = "numbers.moved"
	EventSubscriberCreated    EventKind = "subscriber.created"
	EventSubscriberDeleted    EventKind = "subscriber.deleted"
	EventPersonChanged        EventKind = "person.changed"
	EventPeopleImported       EventKind = "people.imported"
	EventWorkspaceCreated     EventKind = "workspace.created"
	EventWorkspaceChanged     EventKind = "workspace.changed"
	EventWorkspaceDeleted     EventKind = "workspace.deleted"
	EventVirtualLineCreated   EventKind = "virtual_line.created"
	EventVirtualLineChanged   EventKind = "virtual_line.changed"
	EventVirtualLineDeleted   EventKind = "virtual_line.deleted"
	EventMemberDevices        EventKind = "member.device_settings_changed"
	EventMemberMonitoring     EventKind = "member.monitoring_changed"
	EventPackageAssigned      EventKind = "package.assigned"
	EventPackageRemoved       EventKind = "package.removed"
	EventSetupAssistOrdered   EventKind = "setup_assist.ordered" //nolint:gosec // G101: a name, and no credential
	EventSetupAssistCancelled EventKind = "setup_assist.cancelled"
	EventNodeDrained          EventKind = "node.drained" // one of the installation's servers, by an administrator of the operator's
	EventNodeResumed          EventKind = "node.resumed"
	EventNodeForgotten        EventKind = "node.forgotten"
	EventPackageMoved         EventKind = "package.moved" // to another location; the holder and the package stay
	EventAlarmRaised          EventKind = "alarm.raised"
	EventAlarmCleared         EventKind = "alarm.cleared"
	EventDeviceCreated        EventKind = "device.created"
	EventDeviceDeleted        EventKind = "device.deleted"
	EventDeviceRevised        EventKind = "device.revised"
	EventDeviceMembers        EventKind = "device.members_changed"
	EventDeviceSettings       EventKind = "device.settings_changed"
	EventDeviceLayout         EventKind = "device.layout_changed"
	EventDeviceTagged         EventKind = "device.tagged"
	EventDeviceReplaced       EventKind = "device.replaced"
	EventDeviceActivated      EventKind = "device.activated"
	EventDeviceCodeIssued     EventKind = "device.code_issued"
	EventDeviceCodeCancelled  EventKind = "device.code_cancelled"
	EventDeviceRolledBack     EventKind = "device.rolled_back"
	EventDeviceFirmware       EventKind = "device.firmware_chosen"
	EventDeviceRebuilt        EventKind = "device.rebuilt"
	EventDeviceResync         EventKind = "device.resync_asked"
	EventDeviceReboot         EventKind = "device.reboot_asked"
	EventDeviceCompromised    EventKind = "device.compromised"
	EventCredentialsShown     EventKind = "line.credentials_shown"
	EventCredentialsRotated   EventKind = "line.credentials_rotated"
	EventEnrolmentOpened      EventKind = "enrolment.opened"
	EventEnrolmentClosed      EventKind = "enrolment.closed"
)
