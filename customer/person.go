package customer

import (
	"context"
	"strings"

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
	calling, err := hasCalling(ctx, tx, before)
	if err != nil {
		return before, after, err
	}
	if after, err = changedPerson(before, in, calling); err != nil || after == before {
		return before, after, err
	}
	if err := c.notBusy(); err != nil {
		return before, after, err
	}
	if err := arrive(ctx, tx, c, before, after); err != nil {
		return before, after, err
	}
	facts := map[string]any{"email": after.Email, "before": personFacts(before), "after": personFacts(after)}
	return before, after, s.record(ctx, tx, actor, c.Tenant(), EventPersonChanged, string(id), facts)
}

func personFacts(p Person) map[string]any {
	return map[string]any{"firstName": p.FirstName, "lastName": p.LastName, "location": p.Location, "extension": p.Extension, "number": p.Number}
}

func hasCalling(ctx context.Context, tx Tx, p Person) (bool, error) {
	sub, err := tx.SubscriberByPerson(ctx, Tenant{Partner: p.Partner, Customer: p.Org}, p.ID)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	return sub.Package.Calling(), err
}

// changedPerson checks the input's form and returns the person as it is to be.
func changedPerson(p Person, in PersonChange, calling bool) (Person, error) {
	var broken problems
	p.FirstName = orElse(broken.optionalText("provisioningParameters.firstName", in.FirstName, 64), p.FirstName)
	p.LastName = orElse(broken.optionalText("provisioningParameters.lastName", in.LastName, 64), p.LastName)
	if calling {
		switch {
		case in.CallingIdentity.Number != "":
			p.Number = CleanNumber(in.CallingIdentity.Number)
		case in.NoNumber:
			p.Number = ""
		}
		p.Extension = orElse(strings.TrimSpace(in.CallingIdentity.Extension), p.Extension)
		if in.CallingIdentity.Location != "" {
			p.Location = in.CallingIdentity.Location
		}
		broken.callingIdentity(CallingIdentity{Number: p.Number, Extension: p.Extension})
	}
	return p, broken.err("The person can't be changed")
}

func orElse[T ~string](value, otherwise T) T {
	if value == "" {
		return otherwise
	}
	return value
}

// arrive stores a person who is somewhere else, or reached otherwise, than before.
func arrive(ctx context.Context, tx Tx, c Customer, before, after Person) error {
	moved, renumbered := before.Location != after.Location, before.Number != after.Number
	if moved || renumbered {
		location, err := locationOf(ctx, tx, c, after.Location)
		if err != nil {
			return err
		}
		if err := numberFits(ctx, tx, location, after.Number); err != nil {
			return err
		}
	}
	if renumbered {
		if err := tx.FreeNumbers(ctx, c.Tenant(), MemberID(after.ID)); err != nil {
			return err
		}
	}
	if err := tx.SetPerson(ctx, after); err != nil || !renumbered || after.Number == "" {
		return err
	}
	return tx.OwnNumber(ctx, c.Tenant(), after.Number, MemberID(after.ID))
}

// MayChange refuses changes while background work on the customer is under way: fault.Conflict with fault.CodeBusy.
func (c Customer) MayChange() error { return c.notBusy() }
