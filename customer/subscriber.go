package customer

import (
	"context"
	"strings"

	"dialtone/fault"
)

// NewSubscriber is the input of Subscribe.
type NewSubscriber struct {
	Customer  CustomerID
	Email     string
	Package   Package
	FirstName string
	LastName  string
	Number    string     // E.164, already in the location; a calling package needs it, an extension or both
	Extension string     // 2 to 10 digits
	Location  LocationID // may be empty when the customer has just one
}

// Subscribe creates a person with its package inside the caller's transaction. fault.Conflict when the e-mail address, number or extension is
// taken, or the package's quantity is used up.
func (s *Service) Subscribe(ctx context.Context, tx Tx, actor Actor, c Customer, in NewSubscriber) (Subscriber, error) {
	person, err := s.newPerson(ctx, tx, c, in)
	if err != nil {
		return Subscriber{}, err
	}
	tenant := Tenant{Partner: c.Partner, Customer: c.Org}
	if err := s.checkQuantity(ctx, tx, tenant, c, in.Package); err != nil {
		return Subscriber{}, err
	}
	count, err := tx.CountSubscribers(ctx, tenant, "")
	if err != nil {
		return Subscriber{}, err
	}
	person.Admin = count == 0 // the first subscriber of a new customer administers it
	if err := tx.CreatePerson(ctx, person); err != nil {
		return Subscriber{}, err
	}
	if person.Number != "" {
		if err := tx.OwnNumber(ctx, tenant, person.Number, person.ID); err != nil {
			return Subscriber{}, err
		}
	}
	sub := Subscriber{
		ID: SubscriberID(s.newID()), Partner: c.Partner, Org: c.Org, Customer: c.ID, ExternalCustomerID: c.ExternalID,
		Person: person.ID, Email: person.Email, Package: in.Package, Status: SubscriberProvisioned,
		Created: s.now(), LastStatusChange: s.now(),
	}
	if err := tx.CreateSubscriber(ctx, sub); err != nil {
		return Subscriber{}, err
	}
	if err := s.record(ctx, tx, actor, tenant, EventSubscriberCreated, string(sub.ID), map[string]any{"person": person.ID, "email": person.Email}); err != nil {
		return Subscriber{}, err
	}
	facts := map[string]any{"person": person.ID, "package": in.Package, "location": person.Location}
	return sub, s.record(ctx, tx, actor, tenant, EventPackageAssigned, string(sub.ID), facts)
}

// newPerson checks the input against the rules and against what the customer has.
func (s *Service) newPerson(ctx context.Context, tx Tx, c Customer, in NewSubscriber) (Person, error) {
	var p problems
	person := Person{
		ID: PersonID(s.newID()), Partner: c.Partner, Org: c.Org,
		Email:     p.email("email", in.Email),
		FirstName: p.optionalText("provisioningParameters.firstName", in.FirstName, 64),
		LastName:  p.optionalText("provisioningParameters.lastName", in.LastName, 64),
		Created:   s.now(),
	}
	switch {
	case !in.Package.ForPerson():
		p.add("package", "must be a package that a person can have, such as webex_calling")
	case !c.Has(in.Package):
		p.add("package", "%s isn't among the customer's packages", in.Package)
	}
	if in.Package.Calling() {
		person.Extension = p.extension("provisioningParameters.extension", in.Extension)
		if in.Number != "" {
			person.Number = p.number("provisioningParameters.primaryPhoneNumber", in.Number)
		}
		if person.Extension == "" && person.Number == "" {
			p.add("provisioningParameters", "a calling package needs primaryPhoneNumber, extension or both")
		}
	}
	if err := p.err("The subscriber can't be created"); err != nil || !in.Package.Calling() {
		return person, err
	}
	location, err := s.locationOf(ctx, tx, c, in.Location)
	if err != nil {
		return Person{}, err
	}
	person.Location = location.ID
	return person, numberFits(ctx, tx, location, person.Number)
}

func (p *problems) extension(field, value string) string {
	value = strings.TrimSpace(value)
	if value == "" {
		return ""
	}
	if len(value) < 2 || len(value) > 10 || strings.Trim(value, "0123456789") != "" {
		p.add(field, "must be 2 to 10 digits")
	}
	return value
}

// locationOf returns the location that a subscriber is to belong to.
func (s *Service) locationOf(ctx context.Context, tx Tx, c Customer, id LocationID) (Location, error) {
	const field = "provisioningParameters.locationId"
	tenant := Tenant{Partner: c.Partner, Customer: c.Org}
	if id != "" {
		l, err := tx.Location(ctx, tenant, id)
		if fault.Is(err, fault.NotFound) {
			return Location{}, fault.InvalidField(field, "names no location of this customer")
		}
		return l, err
	}
	list, more, err := tx.Locations(ctx, tenant, LocationFilter{}, Page{Max: 1})
	switch {
	case err != nil:
		return Location{}, err
	case len(list) == 0:
		return Location{}, fault.InvalidField(field, "the customer has no location yet")
	case more:
		return Location{}, fault.InvalidField(field, "is needed: the customer has several locations")
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
		return fault.InvalidField(field, "%s isn't in the location: add it there first", number)
	case err != nil:
		return err
	case n.Location != l.ID:
		return fault.InvalidField(field, "%s belongs to another location of this customer", number)
	}
	return nil
}

// checkQuantity refuses what would go past the customer's quantity of a package.
func (s *Service) checkQuantity(ctx context.Context, tx Tx, tenant Tenant, c Customer, pkg Package) error {
	for _, q := range c.Packages {
		if q.Package != pkg || q.Limit == 0 {
			continue
		}
		assigned, err := tx.CountSubscribers(ctx, tenant, pkg)
		if err != nil {
			return err
		}
		if assigned >= q.Limit {
			return fault.New(fault.Conflict, "All %d of the customer's %s are assigned. Raise the quantity, or take the package from somebody first.", q.Limit, pkg)
		}
	}
	return nil
}
