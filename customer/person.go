package customer

import (
	"cmp"
	"context"

	"dialtone/fault"
)

// PersonChange is the input of ChangePerson. What is empty stays as it is.
type PersonChange struct {
	FirstName       string          // at most 64 characters
	LastName        string          // at most 64 characters
	CallingIdentity CallingIdentity // only for who has a calling package
	NoNumber        bool            // the number goes, and only the extension stays; passed over with another number
}

// ChangePerson gives a person other names and, to who has a calling package, another location, extension or number, inside the caller's transaction;
// it says what the person was before. What is so already changes nothing. fault.Invalid names the fields that break a rule; fault.Conflict when the
// extension or number is taken, or the customer is busy.
func (s *Service) ChangePerson(ctx context.Context, tx Tx, actor Actor, c Customer, id PersonID, in PersonChange) (before, after Person, err error) {
	if before, err = tx.Person(ctx, c.Tenant(), id); err != nil {
		return before, after, err
	}
	sub, err := subscriberOf(ctx, tx, before)
	if err != nil {
		return before, after, err
	}
	if after, err = changedPerson(before, in, sub.Package.Calling()); err != nil || after == before {
		return before, after, err
	}
	if err := c.notBusy(); err != nil {
		return before, after, err
	}
	if err := arrive(ctx, tx, c, before.Member(), after.Member(), func() error { return tx.SetPerson(ctx, after) }); err != nil {
		return before, after, err
	}
	facts := map[string]any{"email": after.Email, "before": before.Member().facts(), "after": after.Member().facts()}
	if err := s.record(ctx, tx, actor, c.Tenant(), EventPersonChanged, string(id), facts); err != nil || sub.ID == "" {
		return before, after, err
	}
	return before, after, s.recordHoldings(ctx, tx, actor, sub.holding(before.Location), sub.holding(after.Location))
}

// subscriberOf returns the subscriber that a person is; the zero one, which has no calling, for who is none.
func subscriberOf(ctx context.Context, tx Tx, p Person) (Subscriber, error) {
	sub, err := tx.SubscriberByPerson(ctx, Tenant{Partner: p.Partner, Customer: p.Org}, p.ID)
	if fault.Is(err, fault.NotFound) {
		return Subscriber{}, nil
	}
	return sub, err
}

// changedPerson checks the input's form and returns the person as it is to be.
func changedPerson(p Person, in PersonChange, calling bool) (Person, error) {
	var broken problems
	p.FirstName = cmp.Or(broken.optionalText("provisioningParameters.firstName", in.FirstName, 64), p.FirstName)
	p.LastName = cmp.Or(broken.optionalText("provisioningParameters.lastName", in.LastName, 64), p.LastName)
	if calling {
		identity := broken.changedIdentity(p.Member().identity(), in.CallingIdentity, in.NoNumber)
		p.Location, p.Extension, p.Number = identity.Location, identity.Extension, identity.Number
	}
	return p, broken.err("The person can't be changed")
}

// MayChange refuses changes while background work on the customer is under way: fault.Conflict with fault.CodeBusy.
func (c Customer) MayChange() error { return c.notBusy() }
