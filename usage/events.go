package usage

import (
	"fmt"
	"time"

	"dialtone/customer"
)

// ChangeOf returns what an event of the log means for usage; false for most, which mean nothing. It reads events as they are written, and as they come back from a
// database. A person's move names the person alone: Fold knows which subscriber that is.
func ChangeOf(e customer.Event) (Change, bool) {
	c := Change{Event: e.ID, At: e.Time, Customer: e.Tenant.Customer}
	switch e.Kind {
	case customer.EventPackageAssigned, customer.EventPackageRemoved:
		return c.ofPackage(e)
	case customer.EventPersonChanged:
		c.Kind, c.SubjectKind, c.Person = Moved, KindPerson, customer.PersonID(e.Subject)
		return c.movedTo(e)
	case customer.EventWorkspaceChanged:
		c.Kind, c.SubjectKind, c.Subject = Moved, KindWorkspace, SubjectID(e.Subject)
		return c.movedTo(e)
	case customer.EventSubscriberDeleted:
		c.Kind, c.SubjectKind, c.Subject = Ended, KindPerson, SubjectID(e.Subject)
		return c, true
	case customer.EventWorkspaceDeleted:
		c.Kind, c.SubjectKind, c.Subject = Ended, KindWorkspace, SubjectID(e.Subject)
		return c, true
	case customer.EventCustomerCreated:
		return c.delayed(e.Data)
	case customer.EventCustomerChanged:
		return c.delayed(part(e.Data, "after"))
	}
	return Change{}, false
}

// ofPackage is about a package that was given or taken away.
func (c Change) ofPackage(e customer.Event) (Change, bool) {
	c.Kind, c.Subject, c.SubjectKind, c.Person = Ended, SubjectID(e.Subject), KindPerson, customer.PersonID(text(e.Data, "person"))
	if e.Kind == customer.EventPackageAssigned {
		c.Kind = Started
	}
	if text(e.Data, "workspace") != "" {
		c.SubjectKind = KindWorkspace
	}
	c.Package, c.Location = customer.Package(text(e.Data, "package")), customer.LocationID(text(e.Data, "location"))
	c.License = LicenseID(text(e.Data, "license"))
	return c, c.Package != "" // without one an end would be that of all
}

// movedTo is about a member whose facts have changed: false when its location hasn't.
func (c Change) movedTo(e customer.Event) (Change, bool) {
	before, after := part(e.Data, "before"), part(e.Data, "after")
	c.Location = customer.LocationID(text(after, "location"))
	return c, text(before, "location") != text(after, "location")
}

// delayed is about the day from which a customer is billed: false when it isn't said.
func (c Change) delayed(facts map[string]any) (Change, bool) {
	c.Kind = Delayed
	if c.Customer == "" { // it has no organisation yet, and nobody in it
		return c, false
	}
	switch start := facts["billingStartDate"].(type) {
	case time.Time:
		c.Billing = DayOf(start.UTC())
		return c, !start.IsZero()
	case string:
		day, ok := ParseDay(start[:min(len(start), len(time.DateOnly))]) // of a timestamp the day
		c.Billing = day
		return c, ok
	}
	return c, false
}

// text returns a fact as a text, of whatever type of text it is; "" when it isn't there.
func text(facts map[string]any, name string) string {
	if facts[name] == nil {
		return ""
	}
	return fmt.Sprint(facts[name])
}

// part returns facts within facts; nil when there are none.
func part(facts map[string]any, name string) map[string]any {
	inner, _ := facts[name].(map[string]any)
	return inner
}
