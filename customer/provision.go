package customer

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"dialtone/fault"
	"dialtone/secret"
)

// NewCustomer is the input of Provision.
type NewCustomer struct {
	ProvisioningID       string // names the template
	ExternalID           string // 1 to 128 characters; unique for the partner
	Name                 string // 1 to 128 characters without %
	PrimaryEmail         string
	Language             string // empty: the template's
	Org                  OrgID  // an organisation to attach to; empty for a new one
	Address              Address
	Packages             []Package
	Limits               map[Package]int // quantities; empty: none
	Location             *NewLocation    // needed with a calling package
	MeetingsTimeZone     string          // taken and not used yet
	SubPartnerAdminEmail string          // taken and not used yet
	BillingStart         time.Time       // from when it is billed; zero: as soon as a package is assigned
}

// NewLocation is the first location of a new customer.
type NewLocation struct {
	Name        string // 1 to 80 characters
	Address     Address
	TimeZone    string // IANA name
	Language    string // locale in any case
	EmergencyID string
	Numbers     []string // E.164; older clients send the location's numbers here
	MainNumber  string
}

// Provision accepts a customer: when it returns, the customer is there with its organisation and SIP domain, in StatusProvisioning, and the rest is
// promised (see fulfil.go). fault.Conflict when the partner has a customer with the external id, or when somebody has one of the location's numbers.
func (s *Service) Provision(ctx context.Context, actor Actor, in NewCustomer) (Customer, error) {
	return s.provision(ctx, actor, in, func(ctx context.Context, tx Tx, c Customer) error {
		if err := s.promise(ctx, tx, c); err != nil {
			return err
		}
		return s.promiseScreening(ctx, tx, c)
	})
}

// errChecked ends a transaction in which everything went well, so that nothing of it stays.
var errChecked = errors.New("checked")

// CheckProvision says whether Provision, and all that it promises, would succeed at this moment, by doing it and taking it back. Nothing is changed.
func (s *Service) CheckProvision(ctx context.Context, actor Actor, in NewCustomer) error {
	_, err := s.provision(ctx, actor, in, func(ctx context.Context, tx Tx, c Customer) error {
		if err := s.fulfilIn(ctx, tx, c); err != nil {
			return err
		}
		after, err := tx.Customer(ctx, c.Partner, c.ID)
		if err != nil || len(after.Errors) == 0 {
			return errors.Join(err, errChecked)
		}
		return fault.New(fault.Conflict, "%s", after.Errors[0].Message).WithCode(after.Errors[0].Code)
	})
	if errors.Is(err, errChecked) {
		return nil
	}
	return err
}

// CheckProspect looks at what is known of a customer before an order: the billing address and, if there is one, the administrator's e-mail address.
func (s *Service) CheckProspect(ctx context.Context, address Address, email string) error {
	var p problems
	p.address("address", address)
	if email != "" {
		p.email("customerInfo.primaryEmail", email)
	}
	if err := p.err("The customer can't be created"); err != nil || email == "" {
		return err
	}
	return s.emailIsFree(ctx, email)
}

// CheckEmail looks at an e-mail address alone, for a person whose package isn't chosen yet.
func (s *Service) CheckEmail(ctx context.Context, email string) error {
	var p problems
	p.email("email", email)
	if err := p.err("The subscriber can't be created"); err != nil {
		return err
	}
	return s.emailIsFree(ctx, email)
}

func (s *Service) emailIsFree(ctx context.Context, email string) error {
	taken, err := s.store.AnyTenantHasEmail(ctx, strings.ToLower(strings.TrimSpace(email)))
	if err == nil && taken {
		return emailTaken()
	}
	return err
}

// provision accepts a customer in a transaction that ends with a step: promise commits it.
func (s *Service) provision(ctx context.Context, actor Actor, in NewCustomer, end func(context.Context, Tx, Customer) error) (Customer, error) {
	template, err := s.templateOf(ctx, actor, in.ProvisioningID)
	if err != nil {
		return Customer{}, err
	}
	c, err := s.newCustomer(actor, template, in)
	if err != nil {
		return Customer{}, err
	}
	label, err := secret.Random(s.random, domainAlphabet, domainLength)
	if err != nil {
		return Customer{}, err
	}
	c.SIPDomain = "c" + label + "." + s.sipDomain
	return c, s.store.Update(ctx, c.Tenant(), func(tx Tx) error {
		if err := s.createCustomer(ctx, tx, actor, c); err != nil {
			return err
		}
		return end(ctx, tx, c)
	})
}

// A customer's SIP domain is a random label below the installation's: 50 bits that tell nothing about the customer, and begin with a letter.
const (
	domainAlphabet = "abcdefghijkmnpqrstuvwxyz23456789"
	domainLength   = 10
)

func (s *Service) templateOf(ctx context.Context, actor Actor, provisioningID string) (Template, error) {
	if provisioningID == "" {
		return Template{}, fault.InvalidField("provisioningId", "is needed: it names the onboarding template").WithCode(fault.CodeMissing)
	}
	t, err := s.store.TemplateByProvisioningID(ctx, actor.Partner, provisioningID)
	if fault.Is(err, fault.NotFound) {
		return Template{}, fault.InvalidField("provisioningId", "names no onboarding template of yours").WithCode(fault.CodeUnknown)
	}
	return t, err
}

func (s *Service) newCustomer(actor Actor, template Template, in NewCustomer) (Customer, error) {
	var p problems
	c := Customer{
		ID: CustomerID(s.newID()), Partner: actor.Partner, Org: OrgID(s.newID()), Template: template.ID, PartnerRole: PartnerFullAdmin, Restricted: true,
		ExternalID: p.text("externalId", in.ExternalID, 128),
		Address:    p.address("address", in.Address),
		Status:     StatusProvisioning,
		Pending:    Pending{Actor: actor.Email},
		Onboarding: template.onboarding(),
		Created:    s.now(), BillingStart: in.BillingStart.UTC().Truncate(24 * time.Hour),
	}
	if in.Org != "" {
		c.Org, c.Pending.Attach, c.Restricted = "", in.Org, false // it has name, e-mail address and language of its own
	} else {
		s.newOrganization(&p, &c, template, in)
	}
	c.Packages = p.packages(in.Packages, in.Limits, c.Address.Country)
	c.Pending.Location, c.Pending.Numbers = s.firstLocation(&p, c, in.Location)
	return c, p.err("The customer can't be created")
}

// newOrganization reads what a new organisation is told.
func (s *Service) newOrganization(p *problems, c *Customer, template Template, in NewCustomer) {
	c.Name = p.text("customerInfo.name", in.Name, 128)
	if strings.Contains(c.Name, "%") {
		p.reject("customerInfo.name", c.Name, "must not contain %")
	}
	c.PrimaryEmail = p.email("customerInfo.primaryEmail", in.PrimaryEmail)
	c.Language = p.language("customerInfo.language", in.Language, template.Country, template.Language)
}

// firstLocation reads the location that comes with a customer; nil when there is none and none is needed.
func (s *Service) firstLocation(p *problems, c Customer, in *NewLocation) (*Location, []string) {
	const path = "provisioningParameters.calling.location"
	if in == nil {
		for _, q := range c.Packages {
			if q.Package.Calling() {
				p.missing(path, "is needed with the calling package %s", q.Package)
				break
			}
		}
		return nil, nil
	}
	l := &Location{
		ID: LocationID(s.newID()), Partner: c.Partner, Org: c.Org,
		Name:        p.text(path+".name", in.Name, 80),
		Address:     p.address(path+".address", in.Address),
		TimeZone:    p.timeZone(path+".timezone", in.TimeZone),
		EmergencyID: p.optionalText(path+".emergencyLocationIdentifier", in.EmergencyID, 128),
		PSTNVendor:  c.Onboarding.PSTNVendor,
		Calling:     true, // it comes with a calling package, or before one
		MainNumber:  CleanNumber(in.MainNumber),
		Created:     s.now(),
	}
	l.Language = strings.ToLower(p.language(path+".language", in.Language, l.Address.Country, c.Language))
	l.AnnouncementLanguage = l.Language
	return l, p.numbers(path, in.Numbers, in.MainNumber)
}

func (s *Service) createCustomer(ctx context.Context, tx Tx, actor Actor, c Customer) error {
	start, err := s.billingStart(ctx, tx, Customer{Partner: c.Partner, Created: c.Created}, c.BillingStart)
	if err != nil {
		return err
	}
	c.BillingStart = start
	if err := canBeAttached(ctx, tx, c.Pending.Attach); err != nil {
		return err
	}
	if err := tx.CreateCustomer(ctx, c); err != nil {
		return err
	}
	if err := numbersAreFree(ctx, tx, c); err != nil {
		return err
	}
	facts := c.billingFacts()
	facts["name"], facts["packages"], facts["sipDomain"], facts["organization"] = c.Name, packageNames(c.Packages), c.SIPDomain, c.Org
	return s.record(ctx, tx, actor, c.Tenant(), EventCustomerCreated, string(c.ID), facts)
}

// canBeAttached refuses at once what the promised work would be refused for later; no organisation is fine.
func canBeAttached(ctx context.Context, tx Tx, id OrgID) error {
	if id == "" {
		return nil
	}
	org, err := tx.AnyTenantOrganization(ctx, id)
	if err != nil {
		return unknownField(err, "orgId", "names no organisation that can be attached")
	}
	return org.attachable()
}

// numbersAreFree refuses at once what the promised work would be refused for later.
func numbersAreFree(ctx context.Context, tx Tx, c Customer) error {
	for _, n := range c.Pending.Numbers {
		taken, err := tx.AnyTenantHasNumber(ctx, n)
		if err != nil {
			return err
		}
		if taken {
			return fault.New(fault.Conflict, "The number %s belongs to another location or organisation.", n).WithCode(fault.CodeNumberInUse)
		}
	}
	return nil
}

// addLocation creates a location with its numbers; nil is none.
func (s *Service) addLocation(ctx context.Context, tx Tx, actor Actor, l *Location, numbers []string) error {
	if l == nil {
		return nil
	}
	tenant := Tenant{Partner: l.Partner, Customer: l.Org}
	if err := tx.CreateLocation(ctx, *l); err != nil {
		return err
	}
	if err := s.record(ctx, tx, actor, tenant, EventLocationCreated, string(l.ID), map[string]any{"name": l.Name, "pstnVendorId": l.PSTNVendor}); err != nil {
		return err
	}
	return s.addNumbers(ctx, tx, actor, *l, numbers, NewNumbers{})
}

func packageNames(quantities []CustomerPackage) []string {
	names := make([]string, len(quantities))
	for i, q := range quantities {
		names[i] = string(q.Package)
		if q.Limit > 0 {
			names[i] = fmt.Sprintf("%s (%d)", q.Package, q.Limit)
		}
	}
	return names
}
