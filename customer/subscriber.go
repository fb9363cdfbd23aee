package customer

import (
	"context"
	"slices"
	"strings"

	"dialtone/fault"
)

// NewSubscriber is the input of Subscribe.
type NewSubscriber struct {
	Customer  CustomerID
	Email     string
	Packages  []Package // one base package, and add-ons beside it
	FirstName string
	LastName  string
	CallingIdentity
}

// CallingIdentity is where somebody with a calling package is, and how they are reached there.
type CallingIdentity struct {
	Number    string     // E.164, already in the location; a calling package needs it, an extension or both
	Extension string     // 2 to 10 digits
	Location  LocationID // may be empty when the customer has just one
}

// Subscribe gives a person its packages inside the caller's transaction; the person is created, or found by its e-mail address when the customer has
// it without a package. fault.Conflict when the e-mail address, number or extension is taken, or a package's quantity is used up.
func (s *Service) Subscribe(ctx context.Context, tx Tx, actor Actor, c Customer, in NewSubscriber) (Subscriber, error) {
	if err := c.notBusy(); err != nil {
		return Subscriber{}, err
	}
	person, sub, err := s.newSubscriber(c, in)
	if err != nil {
		return Subscriber{}, err
	}
	if err := c.ready(sub.Packages()); err != nil {
		return Subscriber{}, err
	}
	tenant := c.Tenant()
	person, known, err := knownPerson(ctx, tx, tenant, person)
	if err != nil {
		return Subscriber{}, err
	}
	sub.Person = person.ID
	if err := checkQuantities(ctx, tx, c, sub.Packages()); err != nil {
		return Subscriber{}, err
	}
	if !known {
		free, err := tx.AnyTenantFreePerson(ctx, person.Email)
		if err == nil {
			return s.askPerson(ctx, tx, actor, c, sub, free, in)
		}
		if !fault.Is(err, fault.NotFound) {
			return Subscriber{}, err
		}
	}
	if sub.Package.Calling() {
		if person, err = reachable(ctx, tx, c, person, in.CallingIdentity); err != nil {
			return Subscriber{}, err
		}
	}
	if !known {
		if person, err = withRole(ctx, tx, tenant, person); err != nil {
			return Subscriber{}, err
		}
	}
	return sub, s.writeSubscriber(ctx, tx, actor, person, known, sub)
}

// newSubscriber checks what can be checked without asking anybody.
func (s *Service) newSubscriber(c Customer, in NewSubscriber) (Person, Subscriber, error) {
	var p problems
	person := Person{
		ID: PersonID(s.newID()), Partner: c.Partner, Org: c.Org,
		Email:     p.email("email", in.Email),
		FirstName: p.optionalText("provisioningParameters.firstName", in.FirstName, 64),
		LastName:  p.optionalText("provisioningParameters.lastName", in.LastName, 64),
		Created:   s.now(),
	}
	base, addOns := p.personPackages(c, in.Packages)
	if base.Calling() {
		p.callingIdentity(in.CallingIdentity)
	}
	return person, Subscriber{
		ID: SubscriberID(s.newID()), Partner: c.Partner, Org: c.Org, Customer: c.ID, ExternalCustomerID: c.ExternalID, Email: person.Email,
		Package: base, AddOns: addOns, Status: SubscriberProvisioned, Created: s.now(), LastStatusChange: s.now(),
	}, p.err("The subscriber can't be created")
}

// askPerson subscribes a person who has an account of nobody's, which moves here when the person agrees. Until then nothing is assigned.
func (s *Service) askPerson(ctx context.Context, tx Tx, actor Actor, c Customer, sub Subscriber, person PersonID, in NewSubscriber) (Subscriber, error) {
	sub.Person, sub.Status = person, SubscriberPendingMigration
	sub.Pending = PendingPerson{FirstName: strings.TrimSpace(in.FirstName), LastName: strings.TrimSpace(in.LastName)}
	if sub.Package.Calling() {
		identity, err := reachable(ctx, tx, c, Person{}, in.CallingIdentity) // asks for the location that there is now
		if err != nil {
			return Subscriber{}, err
		}
		sub.Pending.CallingIdentity = CallingIdentity{Number: identity.Number, Extension: identity.Extension, Location: identity.Location}
	}
	if err := tx.CreateSubscriber(ctx, sub); err != nil {
		return Subscriber{}, err
	}
	if err := s.record(ctx, tx, actor, sub.Tenant(), EventSubscriberCreated, string(sub.ID), map[string]any{"email": sub.Email, "status": sub.Status}); err != nil {
		return Subscriber{}, err
	}
	return sub, s.promiseMail(ctx, tx, mailArgs{Kind: MailConsentMove, Partner: sub.Partner, Subject: string(sub.ID)})
}

func (s *Service) writeSubscriber(ctx context.Context, tx Tx, actor Actor, person Person, known bool, sub Subscriber) error {
	write := tx.CreatePerson
	if known {
		write = tx.SetPerson
	}
	if err := write(ctx, person); err != nil {
		return err
	}
	tenant := sub.Tenant()
	if person.Number != "" {
		if err := tx.OwnNumber(ctx, tenant, person.Number, MemberID(person.ID)); err != nil {
			return err
		}
	}
	if err := tx.CreateSubscriber(ctx, sub); err != nil {
		return err
	}
	if err := s.record(ctx, tx, actor, tenant, EventSubscriberCreated, string(sub.ID), map[string]any{"person": person.ID, "email": person.Email}); err != nil {
		return err
	}
	if err := s.recordHoldings(ctx, tx, actor, sub.holding("").nothing(), sub.holding(person.Location)); err != nil || person.Admin {
		return err
	}
	return s.promiseMail(ctx, tx, mailArgs{Kind: MailWelcome, Partner: sub.Partner, Subject: string(sub.ID)})
}

// knownPerson returns the person whom the customer has under that e-mail address, with the new names if there are any.
func knownPerson(ctx context.Context, tx Tx, tenant Tenant, fresh Person) (Person, bool, error) {
	known, err := tx.PersonByEmail(ctx, tenant, fresh.Email)
	if fault.Is(err, fault.NotFound) {
		return fresh, false, nil // or of another organisation, which creating it will tell
	}
	if err != nil {
		return Person{}, false, err
	}
	_, err = tx.SubscriberByPerson(ctx, tenant, known.ID)
	if err == nil {
		return Person{}, false, emailTaken()
	}
	if !fault.Is(err, fault.NotFound) {
		return Person{}, false, err
	}
	if fresh.FirstName != "" || fresh.LastName != "" {
		known.FirstName, known.LastName = fresh.FirstName, fresh.LastName
	}
	return known, true, nil
}

func emailTaken() error {
	e := fault.New(fault.Conflict, "The e-mail address is already associated with an existing user.")
	e.Problems = []fault.Problem{{Field: "email", Code: fault.CodeEmailInUse, Message: e.Message}}
	return e
}

// withRole makes the first subscriber of a new customer its administrator.
func withRole(ctx context.Context, tx Tx, tenant Tenant, person Person) (Person, error) {
	somebody, _, err := tx.Subscribers(ctx, tenant, SubscriberFilter{}, Page{Max: 1})
	person.Admin = len(somebody) == 0
	return person, err
}

// personPackages splits a person's packages into the base package and add-ons, and checks both (product rule 4).
func (p *problems) personPackages(c Customer, list []Package) (base Package, addOns []Package) {
	const field = "packages"
	for i, pkg := range list {
		switch {
		case !pkg.ForPerson() && !pkg.AddOn():
			p.add(field, "%q is no package that a person can have, such as webex_calling", string(pkg))
		case slices.Contains(list[:i], pkg):
			p.add(field, "names %s twice", pkg)
		case !c.Has(pkg):
			p.add(field, "%s isn't among the customer's packages", pkg)
		case pkg.AddOn():
			addOns = append(addOns, pkg)
		case base != "":
			p.add(field, "holds two base packages, %s and %s: a person has one", base, pkg)
		default:
			base = pkg
		}
	}
	switch {
	case len(p.list) > 0 && base == "": // said already
	case base == "":
		p.missing(field, "needs a base package, such as webex_calling")
	case slices.Contains(addOns, AttendantConsole) && !base.CarriesConsole():
		p.add(field, "%s needs webex_calling, webex_suite, cx_essentials or webex_voice beside it", AttendantConsole)
	}
	return base, addOns
}

// ready refuses packages that the customer has and that aren't provisioned.
func (c Customer) ready(packages []Package) error {
	for _, name := range packages {
		if p, _ := c.Package(name); p.Status != PackageProvisioned {
			return fault.New(fault.Conflict, "%s isn't provisioned for this customer: update the customer first.", name).WithCode(fault.CodeNotProvisioned)
		}
	}
	return nil
}

// callingIdentity checks the form of what a calling package needs.
func (p *problems) callingIdentity(in CallingIdentity) {
	extension := p.extension("provisioningParameters.extension", in.Extension)
	if in.Number != "" {
		p.number("provisioningParameters.primaryPhoneNumber", in.Number)
	}
	if extension == "" && in.Number == "" {
		p.missing("provisioningParameters", "a calling package needs primaryPhoneNumber, extension or both")
	}
}

func (p *problems) extension(field, value string) string {
	value = strings.TrimSpace(value)
	if value == "" {
		return ""
	}
	if len(value) < 2 || len(value) > 10 || strings.Trim(value, "0123456789") != "" {
		p.reject(field, value, "must be 2 to 10 digits")
	}
	return value
}

// reachable puts a person into a location with an extension, a number or both, whose form was checked.
func reachable(ctx context.Context, tx Tx, c Customer, person Person, in CallingIdentity) (Person, error) {
	location, err := locationOf(ctx, tx, c, in.Location)
	if err != nil {
		return Person{}, err
	}
	person.Location, person.Extension, person.Number = location.ID, strings.TrimSpace(in.Extension), ""
	if in.Number != "" {
		person.Number = CleanNumber(in.Number)
	}
	return person, numberFits(ctx, tx, location, person.Number)
}

// locationOf returns the location that a subscriber is to belong to.
func locationOf(ctx context.Context, tx Tx, c Customer, id LocationID) (Location, error) {
	const field = "provisioningParameters.locationId"
	if id != "" {
		l, err := tx.Location(ctx, c.Tenant(), id)
		if fault.Is(err, fault.NotFound) {
			return Location{}, fault.InvalidField(field, "names no location of this customer").WithCode(fault.CodeUnknown)
		}
		if err == nil && !l.Calling {
			return Location{}, fault.InvalidField(field, "the location %s has no calling: switch it on first", l.Name)
		}
		return l, err
	}
	list, more, err := tx.Locations(ctx, c.Tenant(), LocationFilter{Calling: true}, Page{Max: 1})
	switch {
	case err != nil:
		return Location{}, err
	case len(list) == 0:
		return Location{}, fault.InvalidField(field, "the customer has no location yet").WithCode(fault.CodeUnknown)
	case more:
		return Location{}, fault.InvalidField(field, "is needed: the customer has several locations").WithCode(fault.CodeMissing)
	}
	return list[0], nil
}

// numberFits checks that a number is in the location; whether it is free is decided when it is taken.
func numberFits(ctx context.Context, tx Tx, l Location, number string) error {
	if number == "" {
		return nil
	}
	const field = "provisioningParameters.primaryPhoneNumber"
	n, err := tx.Number(ctx, Tenant{Partner: l.Partner, Customer: l.Org}, number)
	switch {
	case fault.Is(err, fault.NotFound):
		return fault.InvalidField(field, "%s isn't in the location: add it there first", number).WithCode(fault.CodeUnknown)
	case err != nil:
		return err
	case n.Location != l.ID:
		return fault.InvalidField(field, "%s belongs to another location of this customer", number)
	}
	return nil
}

// checkQuantities refuses what would go past the customer's quantities, one more of each package.
func checkQuantities(ctx context.Context, tx Tx, c Customer, added []Package) error {
	for _, q := range c.Packages {
		if q.Limit == 0 || !slices.Contains(added, q.Package) {
			continue
		}
		assigned, err := countAssigned(ctx, tx, c.Tenant(), q.Package)
		if err != nil {
			return err
		}
		if assigned >= q.Limit {
			return fault.New(fault.Conflict, "All %d of the customer's %s are assigned. Raise the quantity, or take the package from somebody first.", q.Limit, q.Package).WithCode(fault.CodeQuantity)
		}
	}
	return nil
}
