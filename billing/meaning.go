package billing

import (
	"dialtone/customer"
	"dialtone/usage"
)

// ChangeOf returns what an event of the log means for usage; false for one that means nothing, and for one whose facts don't say enough. The facts are those that
// the package customer records: where a path records less, nothing is counted.
func ChangeOf(e customer.Event) (usage.Change, bool) {
	kinds := map[customer.EventKind]usage.ChangeKind{
		customer.EventPackageAssigned: usage.Started, customer.EventPackageRemoved: usage.Ended, customer.EventPackageMoved: usage.Moved,
	}
	kind, ok := kinds[e.Kind]
	if !ok {
		return usage.Change{}, false
	}
	c := usage.Change{
		Event: e.ID, At: e.Time, Kind: kind, Customer: e.Tenant.Customer, Subject: usage.SubjectID(e.Subject), SubjectKind: usage.KindPerson,
		Person: fact[customer.PersonID](e, "person"), Package: fact[customer.Package](e, "package"),
		Location: fact[customer.LocationID](e, "location"), License: fact[usage.LicenseID](e, "license"),
	}
	if fact[string](e, "workspace") != "" {
		c.SubjectKind = usage.KindWorkspace
	}
	return c, c.Package != "" && c.Subject != "" && c.Customer != ""
}

// ChangeKinds are the kinds of event that mean something for usage.
func ChangeKinds() []customer.EventKind {
	return []customer.EventKind{customer.EventPackageAssigned, customer.EventPackageRemoved, customer.EventPackageMoved}
}

// fact reads a text of an event, which is of a named type until it was in the database; "" if there is none.
func fact[T ~string](e customer.Event, name string) T {
	switch v := e.Data[name].(type) {
	case string:
		return T(v)
	case T:
		return v
	}
	return ""
}
