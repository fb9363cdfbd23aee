package usage

import (
	"fmt"

	"dialtone/customer"
)

// ChangeKinds are the kinds of event that mean something for usage.
func ChangeKinds() []customer.EventKind {
	return []customer.EventKind{customer.EventPackageAssigned, customer.EventPackageRemoved, customer.EventPackageMoved}
}

// ChangeOf returns what an event of the log means for usage; false for most, which mean nothing, and for one whose facts don't say enough. The facts are those that
// the package customer records: where a path records less, nothing is counted. It reads events as they are written, and as they come back from a database.
func ChangeOf(e customer.Event) (Change, bool) {
	c := Change{
		Event: e.ID, At: e.Time, Customer: e.Tenant.Customer, Subject: SubjectID(e.Subject), SubjectKind: KindPerson, Person: customer.PersonID(text(e, "person")),
		Package: customer.Package(text(e, "package")), Location: customer.LocationID(text(e, "location")), License: LicenseID(text(e, "license")),
	}
	switch e.Kind {
	case customer.EventPackageAssigned:
		c.Kind = Started
	case customer.EventPackageRemoved:
		c.Kind = Ended
	case customer.EventPackageMoved:
		c.Kind = Moved
	default:
		return Change{}, false
	}
	if text(e, "workspace") != "" {
		c.SubjectKind = KindWorkspace
	}
	return c, c.Package != "" && c.Subject != "" && c.Customer != "" // an end without a package would be that of all
}

// text returns a fact as a text, of whatever type of text it is; "" when it isn't there.
func text(e customer.Event, name string) string {
	if e.Data[name] == nil {
		return ""
	}
	return fmt.Sprint(e.Data[name])
}
