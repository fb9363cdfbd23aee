package customer

import (
	"context"
	"slices"

	"dialtone/fault"
)

// CustomerChange is the input of ChangeCustomer. What is empty stays as it is, but for Packages, which is the whole target.
type CustomerChange struct {
	Packages   []Package
	ExternalID string
	Address    *Address
	Limits     map[Package]int // quantities that change; only for customers that were created with quantities
	Location   *NewLocation    // needed with the first calling package; passed over by a customer that has a location
}

// ChangeCustomer gives a customer other packages, quantities, another external id or address, in one transaction. fault.Conflict when the external
// id is another customer's, when a package that is taken away is still assigned, or when a quantity would be below what is assigned.
func (s *Service) ChangeCustomer(ctx context.Context, actor Actor, id CustomerID, in CustomerChange) (Customer, error) {
	c, err := s.store.Customer(ctx, actor.Partner, id)
	if err != nil {
		return Customer{}, err
	}
	var after Customer
	err = s.store.Update(ctx, c.Tenant(), func(tx Tx) error {
		before, err := tx.Customer(ctx, actor.Partner, id)
		if err != nil {
			return err
		}
		after, err = s.changeCustomer(ctx, tx, actor, before, in)
		return err
	})
	return after, err
}

func (s *Service) changeCustomer(ctx context.Context, tx Tx, actor Actor, before Customer, in CustomerChange) (Customer, error) {
	after, location, numbers, err := s.changedCustomer(ctx, tx, before, in)
	if err != nil {
		return Customer{}, err
	}
	if err := fitsWhatIsAssigned(ctx, tx, before, after); err != nil {
		return Customer{}, err
	}
	if err := tx.SetCustomer(ctx, after); err != nil {
		return Customer{}, err
	}
	facts := map[string]any{
		"before": map[string]any{"packages": packageNames(before.Packages), "externalId": before.ExternalID, "address": before.Address},
		"after":  map[string]any{"packages": packageNames(after.Packages), "externalId": after.ExternalID, "address": after.Address},
	}
	if err := s.record(ctx, tx, actor, after.Tenant(), EventCustomerChanged, string(after.ID), facts); err != nil {
		return Customer{}, err
	}
	return after, s.addLocation(ctx, tx, actor, location, numbers)
}

// changedCustomer checks the input and returns the customer as it is to be, with the location that comes with its first calling package.
func (s *Service) changedCustomer(ctx context.Context, tx Tx, before Customer, in CustomerChange) (Customer, *Location, []string, error) {
	var p problems
	after := before
	if in.ExternalID != "" {
		after.ExternalID = p.text("externalId", in.ExternalID, 128)
	}
	if in.Address != nil {
		after.Address = p.address("address", *in.Address)
	}
	after.Packages = p.packages(in.Packages, p.changedLimits(before, in), after.Address.Country)
	existing, _, err := tx.Locations(ctx, before.Tenant(), LocationFilter{}, Page{Max: 1})
	if err != nil {
		return Customer{}, nil, nil, err
	}
	var location *Location
	var numbers []string
	if len(existing) == 0 {
		location, numbers = s.firstLocation(&p, after, in.Location)
	}
	return after, location, numbers, p.err("The customer can't be changed")
}

// changedLimits returns the quantities that are to hold: those that there are, with those that change. They can be neither switched on nor off later
// (product rule 4).
func (p *problems) changedLimits(before Customer, in CustomerChange) map[Package]int {
	const path = "provisioningParameters.packages.limits"
	if !before.limited() {
		if len(in.Limits) > 0 {
			p.add(path, "can't be given: the customer was created without quantities")
		}
		return nil
	}
	limits := map[Package]int{}
	for _, q := range before.Packages {
		if q.Limit > 0 && slices.Contains(in.Packages, q.Package) {
			limits[q.Package] = q.Limit
		}
	}
	for pkg, n := range in.Limits {
		limits[pkg] = n
	}
	if len(limits) == 0 && slices.ContainsFunc(in.Packages, Package.Countable) {
		p.add(path, "is needed: the customer was created with quantities")
	}
	return limits
}

// limited reports whether the customer was created with quantities.
func (c Customer) limited() bool {
	return slices.ContainsFunc(c.Packages, func(q PackageQuantity) bool { return q.Limit > 0 })
}

// fitsWhatIsAssigned refuses to take away what somebody has.
func fitsWhatIsAssigned(ctx context.Context, tx Tx, before, after Customer) error {
	for _, q := range before.Packages {
		if after.Has(q.Package) {
			continue
		}
		if n, err := tx.CountSubscribers(ctx, before.Tenant(), q.Package); err != nil || n > 0 {
			return orConflict(err, "%d subscribers have %s. Give them another package first.", n, q.Package)
		}
	}
	for _, q := range after.Packages {
		if q.Limit == 0 {
			continue
		}
		if n, err := tx.CountSubscribers(ctx, before.Tenant(), q.Package); err != nil || n > q.Limit {
			return orConflict(err, "%d subscribers have %s: the quantity can't be %d. Take the package from some of them first.", n, q.Package, q.Limit)
		}
	}
	return nil
}

func orConflict(err error, format string, args ...any) error {
	if err != nil {
		return err
	}
	return fault.New(fault.Conflict, format, args...)
}

// RemoveCustomer ends the wholesale relation with a customer. The organisation stays, with people, locations and numbers. fault.Conflict while
// somebody has a package of it.
func (s *Service) RemoveCustomer(ctx context.Context, actor Actor, id CustomerID) error {
	c, err := s.store.Customer(ctx, actor.Partner, id)
	if err != nil {
		return err
	}
	return s.store.Update(ctx, c.Tenant(), func(tx Tx) error {
		if n, err := tx.CountSubscribers(ctx, c.Tenant(), ""); err != nil || n > 0 {
			return orConflict(err, "%d subscribers have packages of this customer. Remove them first.", n)
		}
		if err := tx.DeleteCustomer(ctx, actor.Partner, id); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, c.Tenant(), EventCustomerDeleted, string(id), map[string]any{"externalId": c.ExternalID, "name": c.Name})
	})
}
