package customer

import (
	"context"
	"time"

	"dialtone/job"
)

// Reader reads. Every method sees only what belongs to its tenant, and returns fault.NotFound for everything else, whether it exists
// or not; fault.Unavailable when the database doesn't answer. Lists are ordered by creation, then id, and never nil; the bool
// says whether there is more behind the page.
type Reader interface {
	IdentityProviderReader
	PSTNVendorReader
	SetupAssistReader
	PlaceReader
	ScreeningReader
	OAuthReader
	ChangeReader

	Template(ctx context.Context, partner OrgID, id TemplateID) (Template, error)
	TemplateByProvisioningID(ctx context.Context, partner OrgID, provisioningID string) (Template, error)
	Templates(ctx context.Context, partner OrgID, page Page) ([]Template, bool, error)

	// CountCustomers counts the customers that were made with a template.
	CountCustomers(ctx context.Context, partner OrgID, template TemplateID) (int, error)

	Customer(ctx context.Context, partner OrgID, id CustomerID) (Customer, error)
	CustomerByOrg(ctx context.Context, partner OrgID, org OrgID) (Customer, error)
	Customers(ctx context.Context, partner OrgID, filter CustomerFilter, page Page) ([]Customer, bool, error)

	// Organization returns an organisation that the tenant serves, or served last.
	Organization(ctx context.Context, tenant Tenant, id OrgID) (Organization, error)

	Person(ctx context.Context, tenant Tenant, id PersonID) (Person, error)
	// Member finds a person, workspace or virtual line.
	Member(ctx context.Context, tenant Tenant, id MemberID) (Member, error)
	// Members lists people, workspaces and virtual lines in the order that the filter says.
	Members(ctx context.Context, tenant Tenant, filter MemberFilter, page Page) ([]Member, bool, error)
	// CountMembers counts the members that Members would list.
	CountMembers(ctx context.Context, tenant Tenant, filter MemberFilter) (int, error)
	// PersonByEmail finds a person of the tenant; email in lower case.
	PersonByEmail(ctx context.Context, tenant Tenant, email string) (Person, error)
	Workspace(ctx context.Context, tenant Tenant, id WorkspaceID) (Workspace, error)
	Workspaces(ctx context.Context, tenant Tenant, filter WorkspaceFilter, page Page) ([]Workspace, bool, error)
	// CountWorkspaces counts the tenant's workspaces with a package; with any when pkg is empty.
	CountWorkspaces(ctx context.Context, tenant Tenant, pkg Package) (int, error)
	Subscriber(ctx context.Context, tenant Tenant, id SubscriberID) (Subscriber, error)
	SubscriberByPerson(ctx context.Context, tenant Tenant, person PersonID) (Subscriber, error)
	Subscribers(ctx context.Context, tenant Tenant, filter SubscriberFilter, page Page) ([]Subscriber, bool, error)
	// SubscribersOf returns the subscribers that some people are, at most 500, in no order; who is none is left out.
	SubscribersOf(ctx context.Context, tenant Tenant, people []PersonID) ([]Subscriber, error)
	// CountSubscribers counts the tenant's subscribers; those with one package, base or add-on, when pkg isn't empty.
	CountSubscribers(ctx context.Context, tenant Tenant, pkg Package) (int, error)

	Partner(ctx context.Context, id OrgID) (Partner, error)
	SubPartner(ctx context.Context, parent OrgID, id OrgID) (Partner, error)
	SubPartners(ctx context.Context, parent OrgID, state PartnerState, page Page) ([]Partner, bool, error)

	Admin(ctx context.Context, tenant Tenant, id AdminID) (Admin, error)
	Admins(ctx context.Context, tenant Tenant, page Page) ([]Admin, bool, error)
	// CountAdmins counts the partner's administrators with a role.
	CountAdmins(ctx context.Context, partner OrgID, role Role) (int, error)

	// Tokens lists the partner's tokens, without their hashes; those of one administrator when admin isn't empty.
	Tokens(ctx context.Context, partner OrgID, admin AdminID, page Page) ([]Token, bool, error)
	Token(ctx context.Context, partner OrgID, id TokenID) (Token, error)

	// Events lists what happened to a tenant, newest first.
	Events(ctx context.Context, tenant Tenant, filter EventFilter, page Page) ([]Event, bool, error)

	// AnyTenantToken finds a token by its hash, and whose it is: it is how the tenant becomes known.
	AnyTenantToken(ctx context.Context, hash TokenHash) (Bearer, error)
	// AnyTenantHasEmail reports whether somebody on the platform has an e-mail address; in lower case. It tells nothing else of them.
	AnyTenantHasEmail(ctx context.Context, email string) (bool, error)
	// AnyTenantOrganization finds an organisation whoever serves it: it is how one is attached. Who attaches first is decided by
	// AttachOrganization.
	AnyTenantOrganization(ctx context.Context, id OrgID) (Organization, error)
	// AnyTenantFreePerson finds the person with an e-mail address, in lower case, whose organisation nobody serves: a free account.
	AnyTenantFreePerson(ctx context.Context, email string) (PersonID, error)
	// AnyTenantHasNumber reports whether somebody on the platform has a phone number, E.164. It tells nothing else of it.
	AnyTenantHasNumber(ctx context.Context, e164 string) (bool, error)
	// AnyTenantHasSIPDomain reports whether some customer has the SIP domain; domain in lower case without a final dot. DNS asks it.
	AnyTenantHasSIPDomain(ctx context.Context, domain string) (bool, error)
}

// Tx reads and writes in one transaction. Creating what exists already gives fault.Conflict that names the field.
type Tx interface {
	Reader
	IdentityProviderWriter
	PSTNVendorWriter
	SetupAssistWriter
	PlaceTx
	ScreeningTx
	OAuthTx
	CreatePartner(ctx context.Context, p Partner) error
	// SetPartner replaces the name and state of the sub-partner with p.Parent and p.ID.
	SetPartner(ctx context.Context, p Partner) error
	SetSettings(ctx context.Context, partner OrgID, s Settings) error
	CreateAdmin(ctx context.Context, a Admin) error
	// SetAdmin replaces the names and the role of the administrator with a.ID.
	SetAdmin(ctx context.Context, a Admin) error
	// DeleteAdmin deletes an administrator with its tokens.
	DeleteAdmin(ctx context.Context, partner OrgID, id AdminID) error
	CreateToken(ctx context.Context, t Token) error
	// UseToken sets when a token was last used.
	UseToken(ctx context.Context, partner OrgID, id TokenID, at time.Time) error
	DeleteToken(ctx context.Context, partner OrgID, id TokenID) error
	CreateTemplate(ctx context.Context, t Template) error
	// SetTemplate replaces all but ProvisioningID and Created of the template with t.ID.
	SetTemplate(ctx context.Context, t Template) error
	DeleteTemplate(ctx context.Context, partner OrgID, id TemplateID) error
	// CreateCustomer creates the customer, and its organisation when c.Org isn't empty. What Onboarding refers to can't be deleted while there is the
	// customer.
	CreateCustomer(ctx context.Context, c Customer) error
	// SetOrganization replaces the domains, other licences and trial of the organisation with o.Partner and o.ID.
	SetOrganization(ctx context.Context, o Organization) error
	// AttachOrganization gives an organisation, with all that is in it, to a customer without one.
	AttachOrganization(ctx context.Context, o Organization, c Customer) error
	// SetCustomer replaces the external id, also where subscribers repeat it, the address, status, packages, errors, billing start, restriction and
	// what is pending of the customer with c.ID. Its Screening is SetScreening's alone.
	SetCustomer(ctx context.Context, c Customer) error
	// DeleteCustomer deletes a customer that nobody subscribes with; its organisation stays, with people, locations and numbers.
	DeleteCustomer(ctx context.Context, partner OrgID, id CustomerID) error
	CreatePerson(ctx context.Context, p Person) error
	CreateWorkspace(ctx context.Context, w Workspace) error
	// SetWorkspace replaces all but Settings and Created of the workspace with w.ID.
	SetWorkspace(ctx context.Context, w Workspace) error
	CreateVirtualLine(ctx context.Context, v VirtualLine) error
	// SetVirtualLine replaces the names, location, extension and number of the virtual line with v.ID.
	SetVirtualLine(ctx context.Context, v VirtualLine) error
	// DeleteMember deletes a workspace or virtual line that has no number, device and line any more. People stay.
	DeleteMember(ctx context.Context, tenant Tenant, id MemberID) error
	// SetMemberSettings replaces the device settings of a member.
	SetMemberSettings(ctx context.Context, tenant Tenant, id MemberID, s DeviceSettings) error
	// SetPerson replaces the names, location, extension and number of the person with p.ID.
	SetPerson(ctx context.Context, p Person) error
	CreateSubscriber(ctx context.Context, s Subscriber) error
	// TakePerson moves a person whose organisation nobody serves into the tenant's, without location, extension, number and rights, and returns it.
	TakePerson(ctx context.Context, tenant Tenant, id PersonID) (Person, error)
	// SetSubscriber replaces the status, errors, LastStatusChange and what is pending of the subscriber with s.ID.
	SetSubscriber(ctx context.Context, s Subscriber) error
	// SetPackages replaces the packages and LastStatusChange of the subscriber with s.ID.
	SetPackages(ctx context.Context, s Subscriber) error
	DeleteSubscriber(ctx context.Context, tenant Tenant, id SubscriberID) error
	// Record writes an event into the log.
	Record(ctx context.Context, e Event) error
	// Enqueue promises a job: it is done after the transaction has committed.
	Enqueue(ctx context.Context, j job.Job) error
}

// Store is what the noun needs from below.
type Store interface {
	Reader
	// Update runs fn in one transaction that commits when fn returns nil. Writers of the same tenant take turns, so that what fn reads
	// holds until it commits; writers of different tenants don't wait for each other on PostgreSQL. fn must use tx alone, and may be run again.
	Update(ctx context.Context, tenant Tenant, fn func(tx Tx) error) error
}

// CustomerFilter narrows a list of customers; empty fields don't. All match exactly.
type CustomerFilter struct {
	ExternalID string
	Org        OrgID
	Statuses   []Status // as Customer.Shown gives them
}

// EventFilter narrows a list of events; empty fields don't.
type EventFilter struct {
	Kind    EventKind
	Actor   string    // e-mail address, lower case
	Subject string    // id of the thing that it happened to
	From    time.Time // at this moment or later
	Until   time.Time // before this moment
}

// SubscriberFilter narrows a list of subscribers; empty fields don't. All match exactly.
type SubscriberFilter struct {
	Customer           CustomerID
	ExternalCustomerID string
	Person             PersonID
	Email              string // lower case
	Status             SubscriberStatus
	CreatedAfter       time.Time // strictly; zero: any
	ChangedAfter       time.Time // LastStatusChange strictly after; zero: any
	ByStatusChange     bool      // order by LastStatusChange instead of Created
	Descending         bool
}
