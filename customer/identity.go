package customer

import (
	"cmp"
	"context"
	"strings"
)

// identity is how a member is reached.
func (m Member) identity() CallingIdentity {
	return CallingIdentity{Number: m.Number, Extension: m.Extension, Location: m.Location}
}

// facts are what events say of a member.
func (m Member) facts() map[string]any {
	return map[string]any{"firstName": m.FirstName, "lastName": m.LastName, "location": m.Location, "extension": m.Extension, "number": m.Number}
}

// changedIdentity checks the form of another calling identity, and returns what is to be; what is empty stays.
func (p *problems) changedIdentity(before, in CallingIdentity, noNumber bool) CallingIdentity {
	after := before
	switch {
	case in.Number != "":
		after.Number = CleanNumber(in.Number)
	case noNumber:
		after.Number = ""
	}
	after.Extension = cmp.Or(strings.TrimSpace(in.Extension), before.Extension)
	if in.Location != "" {
		after.Location = in.Location
	}
	p.callingIdentity(CallingIdentity{Number: cmp.Or(in.Number, after.Number), Extension: after.Extension}) // as it was asked for
	return after
}

// arrive stores a member who is somewhere else, or reached otherwise, than before; set writes it. Who can't be called any more has no location.
func arrive(ctx context.Context, tx Tx, c Customer, before, after Member, set func() error) error {
	moved, renumbered := before.Location != after.Location, before.Number != after.Number
	if (moved || renumbered) && after.Location != "" {
		location, err := locationOf(ctx, tx, c, after.Location)
		if err != nil {
			return err
		}
		if err := numberFits(ctx, tx, location, after.Number); err != nil {
			return err
		}
	}
	if renumbered && before.Number != "" {
		if err := tx.FreeNumbers(ctx, c.Tenant(), after.ID); err != nil {
			return err
		}
	}
	if err := set(); err != nil || !renumbered || after.Number == "" {
		return err
	}
	return tx.OwnNumber(ctx, c.Tenant(), after.Number, after.ID)
}

// remove deletes a workspace or virtual line, and frees its number.
func remove(ctx context.Context, tx Tx, m Member) error {
	if err := tx.FreeNumbers(ctx, m.Tenant(), m.ID); err != nil {
		return err
	}
	return tx.DeleteMember(ctx, m.Tenant(), m.ID)
}
