package customer

import (
	"context"
	"slices"
	"time"

	"dialtone/fault"
)

// CustomerChange is the input of ChangeCustomer. What is empty stays as it is, but for Packages, which is the whole target.
type CustomerChange struct {
	Packages     []Package
	ExternalID   string
	Address      *Address
	Limits       map[Package]int // quantities that change; only for customers that were created with quantities
	BillingStart time.Time       // zero: as it is
	Location     *NewLocation    // needed with the first calling package; passed over by a customer that has a location
}

// ChangeCustomer gives a customer another external id, address or quantities at once, and promises the packages. fault.Conflict when the customer is
// busy, when the external id is another customer's, when a package that is taken away is still assigned, or when a quantity would be below what is
// assigned.
func (s *Service) ChangeCustomer(ctx context.Context, actor Actor, id CustomerID, in CustomerChange) (Customer, error) {
	var after Customer
	err := s.withCustomer(ctx, actor, id, func(tx Tx, before Customer) error {
		var err error
		after, err = s.changeCustomer(ctx, tx, actor, before, in)
		return err
	})
	return after, err
}

// withCustomer runs fn in a transaction, on a customer that isn't busy.
func (s *Service) withCustomer(ctx context.Context, actor Actor, id CustomerID, fn func(Tx, Customer) error) error {
	known, err := s.store.Customer(ctx, actor.Partner, id)
	if err != nil {
		return err
	}
	return s.store.Update(ctx, known.Tenant(), func(tx Tx) error {
		c, err := tx.Customer(ctx, actor.Partner, id)
		if err != nil {
			return err
		}
		if err := c.notBusy(); err != nil {
			return err
		}
		return fn(tx, c)
	})
}

func (s *Service) changeCustomer(ctx context.Context, tx Tx, actor Actor, before Customer, in CustomerChange) (Customer, error) {
	after, err := s.changedCustomer(ctx, tx, actor, before, in)
	if err != nil {
		return Customer{}, err
	}
	if err := fitsWhatIsAssigned(ctx, tx, before, after); err != nil {
		return Customer{}, err
	}
	if err := tx.SetCustomer(ctx, after); err != nil {
		return Customer{}, err
	}
	if err := numbersAreFree(ctx, tx, after); err != nil {
		return Customer{}, err
	}
	facts := map[string]any{"before": before.changeFacts(), "after": after.changeFacts()}
	if err := s.record(ctx, tx, actor, after.Tenant(), EventCustomerChanged, string(after.ID), facts); err != nil {
		return Customer{}, err
	}
	if err := s.promise(ctx, tx, after); err != nil || after.Address == before.Address {
		return after, err
	}
	return after, s.promiseScreening(ctx, tx, after)
}

// changeFacts is what ChangeCustomer can change, for the log.
func (c Customer) changeFacts() map[string]any {
	facts := c.billingFacts()
	facts["packages"], facts["address"] = packageNames(c.Packages), c.Address
	return facts
}

// changedCustomer checks the input and returns the customer as it is while the change is pending.
func (s *Service) changedCustomer(ctx context.Context, tx Tx, actor Actor, before Customer, in CustomerChange) (Customer, error) {
	var p problems
	after := before
	after.Status, after.Errors, after.Pending.Actor = StatusUpdating, nil, actor.Email
	if in.ExternalID != "" {
		after.ExternalID = p.text("externalId", in.ExternalID, 128)
	}
	if in.Address != nil {
		after.Address = p.address("address", *in.Address)
	}
	target := p.packages(in.Packages, p.changedLimits(before, in), after.Address.Country)
	after.Packages = becoming(before.Packages, target)
	var err error
	if after.BillingStart, err = s.billingStart(ctx, tx, before, in.BillingStart); err != nil {
		return Customer{}, err
	}
	existing, _, err := tx.Locations(ctx, before.Tenant(), LocationFilter{}, Page{Max: 1})
	if err != nil {
		return Customer{}, err
	}
	switch {
	case len(existing) > 0:
		after.Pending.Location, after.Pending.Numbers = nil, nil
	case in.Location != nil || before.Pending.Location == nil:
		after.Pending.Location, after.Pending.Numbers = s.firstLocation(&p, after, in.Location)
	}
	return after, p.err("The customer can't be changed")
}

// becoming joins what a customer has with what it is to have: what it has and keeps stays provisioned, what it has and loses is to be deleted, and
// what is new or went wrong is to be provisioned.
func becoming(has, target []CustomerPackage) []CustomerPackage {
	out := make([]CustomerPackage, 0, len(target))
	for _, t := range target {
		for _, h := range has {
			if h.Package == t.Package && h.Status == PackageProvisioned {
				t.Status = PackageProvisioned
			}
		}
		out = append(out, t)
	}
	for _, h := range has {
		if !slices.ContainsFunc(target, func(t CustomerPackage) bool { return t.Package == h.Package }) {
			h.Status, h.Errors = PackageDeleting, nil
			out = append(out, h)
		}
	}
	return out
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
	return slices.ContainsFunc(c.Packages, func(q CustomerPackage) bool { return q.Limit > 0 })
}

// fitsWhatIsAssigned refuses to take away what somebody has.
func fitsWhatIsAssigned(ctx context.Context, tx Tx, before, after Customer) error {
	for _, q := range before.Packages {
		if after.Has(q.Package) {
			continue
		}
		if n, err := countAssigned(ctx, tx, before.Tenant(), q.Package); err != nil || n > 0 {
			return orConflict(err, fault.CodeAssigned, "%d subscribers and workspaces have %s. Give them another package first.", n, q.Package)
		}
	}
	for _, q := range after.Packages {
		if q.Limit == 0 || q.Status == PackageDeleting {
			continue
		}
		if n, err := countAssigned(ctx, tx, before.Tenant(), q.Package); err != nil || n > q.Limit {
			return orConflict(err, fault.CodeQuantity, "%d subscribers and workspaces have %s: the quantity can't be %d. Take the package from some of them first.", n, q.Package, q.Limit)
		}
	}
	return virtualLinesStay(ctx, tx, before, after)
}

// virtualLinesStay refuses to take away the last package that brings virtual lines while there are some.
func virtualLinesStay(ctx context.Context, tx Tx, before, after Customer) error {
	brings := func(q CustomerPackage) bool {
		return q.Status != PackageDeleting && q.Package.Allows(FeatureVirtualLines)
	}
	if slices.ContainsFunc(after.Packages, brings) {
		return nil
	}
	n, err := tx.CountMembers(ctx, before.Tenant(), MemberFilter{Kinds: []MemberKind{MemberVirtualLine}})
	if err != nil || n > 0 {
		return orConflict(err, fault.CodeAssigned, "There are %d virtual lines, which need a package such as %s. Delete them first.", n, WebexCalling)
	}
	return nil
}

func orConflict(err error, code fault.Code, format string, args ...any) error {
	if err != nil {
		return err
	}
	return fault.New(fault.Conflict, format, args...).WithCode(code)
}

// RemoveCustomer promises to end the wholesale relation with a customer. The organisation stays, with people, locations and numbers. fault.Conflict
// when the customer is busy, or while somebody has a package of it.
func (s *Service) RemoveCustomer(ctx context.Context, actor Actor, id CustomerID) error {
	return s.withCustomer(ctx, actor, id, func(tx Tx, c Customer) error {
		if n, err := countAssigned(ctx, tx, c.Tenant(), ""); err != nil || n > 0 {
			return orConflict(err, fault.CodeAssigned, "%d subscribers and workspaces have packages of this customer. Remove them first.", n)
		}
		if err := virtualLinesStay(ctx, tx, c, Customer{}); err != nil {
			return err
		}
		c.Status, c.Pending.Actor = StatusDeleting, actor.Email
		if err := tx.SetCustomer(ctx, c); err != nil {
			return err
		}
		if err := s.record(ctx, tx, actor, c.Tenant(), EventCustomerLeaving, string(id), map[string]any{"externalId": c.ExternalID, "name": c.Name}); err != nil {
			return err
		}
		return s.promise(ctx, tx, c)
	})
}
