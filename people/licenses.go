package people

import (
	"context"
	"slices"
	"strings"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/provisioning"
)

// LicenseChange is the input of ChangeLicenses.
type LicenseChange struct {
	Person                   customer.PersonID // either this
	Email                    string            // or this says who
	Add                      []customer.Package
	Remove                   []customer.Package
	customer.CallingIdentity // counts for who had no calling package before
}

// ChangeLicenses gives a person packages and takes others away, in one transaction: all of it or, with an error, nothing. Who is left without any is no
// subscriber any more, and who had none becomes one. It returns the person, and the packages as they are now. fault.NotFound when the tenant has nobody
// like that; else its errors are those of AddSubscriber and ChangeSubscriber.
func (s *Service) ChangeLicenses(ctx context.Context, actor customer.Actor, tenant customer.Tenant, in LicenseChange) (customer.Person, []customer.Package, error) {
	person, err := s.personOf(ctx, tenant, in)
	if err != nil {
		return person, nil, err
	}
	var packages []customer.Package
	err = s.inCustomer(ctx, person.Member().Tenant(), func(tx provisioning.Tx, c customer.Customer) error {
		var err error
		packages, err = s.changeLicenses(ctx, tx, actor, c, person, in)
		return err
	})
	return person, packages, err
}

func (s *Service) personOf(ctx context.Context, tenant customer.Tenant, in LicenseChange) (customer.Person, error) {
	switch {
	case (in.Person == "") == (in.Email == ""):
		return customer.Person{}, fault.InvalidField("personId", "exactly one of personId and email is needed")
	case in.Person != "":
		return s.store.Person(ctx, tenant, in.Person)
	}
	return s.store.PersonByEmail(ctx, tenant, strings.ToLower(strings.TrimSpace(in.Email)))
}

func (s *Service) changeLicenses(ctx context.Context, tx provisioning.Tx, actor customer.Actor, c customer.Customer, person customer.Person, in LicenseChange) ([]customer.Package, error) {
	sub, err := tx.SubscriberByPerson(ctx, c.Tenant(), person.ID)
	none := fault.Is(err, fault.NotFound)
	var target []customer.Package
	switch {
	case none:
		err = nil
	case err != nil:
		return nil, err
	default:
		target = sub.Packages()
	}
	target = slices.DeleteFunc(target, func(p customer.Package) bool { return slices.Contains(in.Remove, p) })
	for _, p := range in.Add {
		if !slices.Contains(target, p) {
			target = append(target, p)
		}
	}
	switch {
	case len(target) == 0 && none:
		return nil, err
	case len(target) == 0:
		return nil, s.RemoveSubscriberIn(ctx, tx, actor, sub)
	case none:
		sub, err = s.customers.Subscribe(ctx, tx, actor, c, customer.NewSubscriber{Customer: c.ID, Email: person.Email, Packages: target, CallingIdentity: in.CallingIdentity})
	default:
		sub, err = s.ChangeSubscriberIn(ctx, tx, actor, c.Tenant(), sub.ID, customer.Reassignment{Packages: target, CallingIdentity: in.CallingIdentity})
	}
	return sub.Packages(), err
}
