package customer

import (
	"context"
	"errors"
	"slices"

	"dialtone/fault"
)

// Reassignment is the input of Reassign.
type Reassignment struct {
	Packages        []Package       // all that the person is to have: one base package, and add-ons beside it
	CallingIdentity CallingIdentity // counts only for who had no calling package before
}

// Reassign gives a subscriber other packages inside the caller's transaction, and says what it had before. To a calling package it needs an identity;
// away from one it frees number and extension. The same packages again change nothing. fault.Conflict when a quantity is used up, or when an
// administrator's package would go down a level.
func (s *Service) Reassign(ctx context.Context, tx Tx, actor Actor, tenant Tenant, id SubscriberID, in Reassignment) (before, after Subscriber, err error) {
	if before, err = tx.Subscriber(ctx, tenant, id); err != nil {
		return before, after, err
	}
	if before.Status == SubscriberPendingMigration {
		return before, after, fault.New(fault.Conflict, "The person hasn't agreed yet to move the account. Change the packages after that, or remove the subscriber and add it again.").WithCode(fault.CodePending)
	}
	c, err := tx.CustomerByOrg(ctx, before.Partner, before.Org)
	if err != nil {
		return before, after, err
	}
	person, err := tx.Person(ctx, before.Tenant(), before.Person)
	if err != nil {
		return before, after, err
	}
	if after, err = s.reassigned(c, person, before, in); err != nil {
		return before, after, err
	}
	added, removed := difference(after.Packages(), before.Packages()), difference(before.Packages(), after.Packages())
	if len(added)+len(removed) == 0 {
		return before, before, nil
	}
	if err := errors.Join(c.notBusy(), c.ready(added)); err != nil {
		return before, after, err
	}
	if err := checkQuantities(ctx, tx, c, added); err != nil {
		return before, after, err
	}
	was := person.Location
	if person, err = s.move(ctx, tx, c, person, before, after, in.CallingIdentity); err != nil {
		return before, after, err
	}
	if err := tx.SetPackages(ctx, after); err != nil {
		return before, after, err
	}
	return before, after, s.recordHoldings(ctx, tx, actor, before.holding(was), after.holding(person.Location))
}

// reassigned checks the input and returns the subscriber as it is to be.
func (s *Service) reassigned(c Customer, person Person, before Subscriber, in Reassignment) (Subscriber, error) {
	var p problems
	after := before
	after.Package, after.AddOns = p.personPackages(c, in.Packages)
	after.LastStatusChange = s.now()
	if after.Package.Calling() && !before.Package.Calling() {
		p.callingIdentity(in.CallingIdentity)
	}
	if err := p.err("The subscriber can't be changed"); err != nil {
		return Subscriber{}, err
	}
	if person.Admin && after.Package.below(before.Package) {
		return Subscriber{}, fault.New(fault.Conflict, "%s administers the customer: the package can't go down from %s to %s.", person.Email, before.Package, after.Package).WithCode(fault.CodeLevel)
	}
	return after, nil
}

// move gives a person a calling identity, or takes it away, where the new package differs from the old one in that.
func (s *Service) move(ctx context.Context, tx Tx, c Customer, person Person, before, after Subscriber, in CallingIdentity) (Person, error) {
	switch {
	case after.Package.Calling() == before.Package.Calling():
		return person, nil
	case before.Package.Calling():
		return unreachable(ctx, tx, person)
	}
	person, err := reachable(ctx, tx, c, person, in)
	if err != nil {
		return person, err
	}
	if err := tx.SetPerson(ctx, person); err != nil || person.Number == "" {
		return person, err
	}
	return person, tx.OwnNumber(ctx, c.Tenant(), person.Number, MemberID(person.ID))
}

// unreachable frees a person's number and extension, and returns the person without.
func unreachable(ctx context.Context, tx Tx, person Person) (Person, error) {
	if err := tx.FreeNumbers(ctx, Tenant{Partner: person.Partner, Customer: person.Org}, MemberID(person.ID)); err != nil {
		return person, err
	}
	person.Location, person.Extension, person.Number = "", "", ""
	return person, tx.SetPerson(ctx, person)
}

// Unsubscribe takes a person's packages away inside the caller's transaction. The person stays, and its e-mail address with it.
func (s *Service) Unsubscribe(ctx context.Context, tx Tx, actor Actor, tenant Tenant, id SubscriberID) (Subscriber, error) {
	sub, err := tx.Subscriber(ctx, tenant, id)
	if err != nil {
		return sub, err
	}
	if sub.Status == SubscriberPendingMigration { // the person is nobody of this customer yet
		if err := tx.DeleteSubscriber(ctx, sub.Tenant(), id); err != nil {
			return sub, err
		}
		return sub, s.record(ctx, tx, actor, sub.Tenant(), EventSubscriberDeleted, string(sub.ID), map[string]any{"email": sub.Email})
	}
	person, err := tx.Person(ctx, sub.Tenant(), sub.Person)
	if err != nil {
		return sub, err
	}
	if err := tx.DeleteSubscriber(ctx, sub.Tenant(), id); err != nil {
		return sub, err
	}
	if err := s.recordHoldings(ctx, tx, actor, sub.holding(person.Location), sub.holding("").nothing()); err != nil {
		return sub, err
	}
	if _, err := unreachable(ctx, tx, person); err != nil {
		return sub, err
	}
	return sub, s.record(ctx, tx, actor, sub.Tenant(), EventSubscriberDeleted, string(sub.ID), map[string]any{"person": sub.Person, "email": sub.Email})
}

// difference returns what is in one list and not in the other.
func difference(of, without []Package) []Package {
	var out []Package
	for _, p := range of {
		if !slices.Contains(without, p) {
			out = append(out, p)
		}
	}
	return out
}
