package customer

import (
	"cmp"
	"context"
	"time"

	"dialtone/fault"
)

// VirtualLineID names a virtual line. It is a MemberID too.
type VirtualLineID string

// VirtualLine is a line that is nobody's: it has an extension or a number, and rings at the phones of those who share it. It has no package of its own.
type VirtualLine struct {
	ID        VirtualLineID
	Partner   OrgID
	Org       OrgID
	FirstName string
	LastName  string
	Location  LocationID
	Extension string // digits; unique in its location; "" if none
	Number    string // E.164; "" if none
	Settings  DeviceSettings
	Created   time.Time
}

// Tenant returns whose virtual line it is.
func (v VirtualLine) Tenant() Tenant { return Tenant{Partner: v.Partner, Customer: v.Org} }

// Member returns the virtual line as lines and devices see it.
func (v VirtualLine) Member() Member {
	return Member{
		ID: MemberID(v.ID), Kind: MemberVirtualLine, Partner: v.Partner, Org: v.Org, FirstName: v.FirstName, LastName: v.LastName,
		Location: v.Location, Extension: v.Extension, Number: v.Number, Settings: v.Settings, Created: v.Created,
	}
}

// VirtualLine returns the member as the virtual line that it is.
func (m Member) VirtualLine() VirtualLine {
	return VirtualLine{
		ID: VirtualLineID(m.ID), Partner: m.Partner, Org: m.Org, FirstName: m.FirstName, LastName: m.LastName,
		Location: m.Location, Extension: m.Extension, Number: m.Number, Settings: m.Settings, Created: m.Created,
	}
}

// VirtualLineFields is the input of CreateVirtualLine and ChangeVirtualLine. What is empty stays as it is; a new one needs both names, a location if
// the customer has several, and an extension, a number or both.
type VirtualLineFields struct {
	FirstName       string // at most 64 characters
	LastName        string // at most 64 characters
	CallingIdentity        // where it belongs, and how it is reached there
	NoNumber        bool   // the number goes, and only the extension stays; passed over with another number
}

// VirtualLine returns one virtual line.
func (s *Service) VirtualLine(ctx context.Context, tenant Tenant, id VirtualLineID) (VirtualLine, error) {
	m, err := memberOf(ctx, s.store, tenant, MemberVirtualLine, MemberID(id))
	return m.VirtualLine(), err
}

// CreateVirtualLine makes a virtual line inside the caller's transaction. The customer must have a package that brings virtual lines, else
// fault.Conflict; fault.Invalid and fault.Conflict for its calling identity as in Subscribe.
func (s *Service) CreateVirtualLine(ctx context.Context, tx Tx, actor Actor, c Customer, in VirtualLineFields) (VirtualLine, error) {
	if err := c.notBusy(); err != nil {
		return VirtualLine{}, err
	}
	if err := c.allows(FeatureVirtualLines); err != nil {
		return VirtualLine{}, err
	}
	before := VirtualLine{ID: VirtualLineID(s.newID()), Partner: c.Partner, Org: c.Org, Created: s.now()}
	after, err := before.changed(in)
	if err != nil {
		return VirtualLine{}, err
	}
	if after.Location == "" {
		location, err := locationOf(ctx, tx, c, "")
		if err != nil {
			return VirtualLine{}, err
		}
		after.Location = location.ID
	}
	err = arrive(ctx, tx, c, before.Member(), after.Member(), func() error { return tx.CreateVirtualLine(ctx, after) })
	if err != nil {
		return VirtualLine{}, err
	}
	return after, s.record(ctx, tx, actor, c.Tenant(), EventVirtualLineCreated, string(after.ID), after.Member().facts())
}

// ChangeVirtualLine gives a virtual line other names or another calling identity, inside the caller's transaction; it says what it was before.
func (s *Service) ChangeVirtualLine(ctx context.Context, tx Tx, actor Actor, c Customer, id VirtualLineID, in VirtualLineFields) (before, after VirtualLine, err error) {
	known, err := memberOf(ctx, tx, c.Tenant(), MemberVirtualLine, MemberID(id))
	if err != nil {
		return before, after, err
	}
	before = known.VirtualLine()
	if after, err = before.changed(in); err != nil || after == before {
		return before, after, err
	}
	if err := c.notBusy(); err != nil {
		return before, after, err
	}
	err = arrive(ctx, tx, c, before.Member(), after.Member(), func() error { return tx.SetVirtualLine(ctx, after) })
	if err != nil {
		return before, after, err
	}
	facts := map[string]any{"before": before.Member().facts(), "after": after.Member().facts()}
	return before, after, s.record(ctx, tx, actor, c.Tenant(), EventVirtualLineChanged, string(id), facts)
}

// changed checks the input's form and returns the virtual line as it is to be.
func (v VirtualLine) changed(in VirtualLineFields) (VirtualLine, error) {
	var p problems
	v.FirstName = cmp.Or(p.optionalText("firstName", in.FirstName, 64), v.FirstName)
	v.LastName = cmp.Or(p.optionalText("lastName", in.LastName, 64), v.LastName)
	if v.FirstName == "" {
		p.missing("firstName", "is needed")
	}
	if v.LastName == "" {
		p.missing("lastName", "is needed")
	}
	identity := p.changedIdentity(v.Member().identity(), in.CallingIdentity, in.NoNumber)
	v.Location, v.Extension, v.Number = identity.Location, identity.Extension, identity.Number
	return v, p.err("The virtual line isn't right")
}

// DeleteVirtualLine deletes a virtual line that rings nowhere any more, inside the caller's transaction. Its number is free.
func (s *Service) DeleteVirtualLine(ctx context.Context, tx Tx, actor Actor, tenant Tenant, id VirtualLineID) error {
	m, err := memberOf(ctx, tx, tenant, MemberVirtualLine, MemberID(id))
	if err != nil {
		return err
	}
	if err := remove(ctx, tx, m); err != nil {
		return err
	}
	return s.record(ctx, tx, actor, m.Tenant(), EventVirtualLineDeleted, string(id), m.facts())
}

// allows refuses what none of the customer's provisioned packages brings.
func (c Customer) allows(f Feature) error {
	for _, p := range c.Packages {
		if p.Status == PackageProvisioned && p.Package.Allows(f) {
			return nil
		}
	}
	return fault.New(fault.Conflict, "The customer has no package with %s, such as %s. Add one to the customer first.", f, WebexCalling).WithCode(fault.CodeNotProvisioned)
}
