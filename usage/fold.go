package usage

import (
	"cmp"
	"slices"
	"time"

	"dialtone/customer"
)

// Effect is what a change does to what a subject holds.
type Effect struct {
	Closed []Assignment // with their ends; an Empty one has never been
	Opened []Assignment
}

// Apply returns what a change does to what its subject holds, which open is. The change must not be older than anything that has happened to the subject: when it
// is, as a correction may be, the subject's changes are to be folded anew. Changes that say what is so already, or end what hasn't begun, do nothing. A subject
// has one base package: when one begins, another ends.
func Apply(open []Assignment, c Change) Effect {
	switch c.Kind {
	case Started:
		return start(open, c)
	case Ended:
		return Effect{Closed: closed(open, c, c.about)}
	case Moved:
		return replace(open, c, func(a *Assignment) { a.Location = c.Location })
	case Licensed:
		return replace(open, c, func(a *Assignment) { a.License = c.License })
	}
	return Effect{}
}

// start begins an assignment, and ends those that it takes the place of.
func start(open []Assignment, c Change) Effect {
	for _, a := range open {
		if a.Package == c.Package && a.Location == c.Location && a.License == c.License {
			return Effect{}
		}
	}
	displaced := func(a Assignment) bool { return a.Package == c.Package || !a.Package.AddOn() && !c.Package.AddOn() }
	return Effect{Closed: closed(open, c, displaced), Opened: []Assignment{{
		Customer: c.Customer, Subject: c.Subject, SubjectKind: c.SubjectKind, Person: c.Person, Package: c.Package,
		Location: c.Location, License: c.License, From: c.moment(), Begun: c.Event,
	}}}
}

// replace ends what the change is about and makes different, and begins it anew as it is then.
func replace(open []Assignment, c Change, change func(*Assignment)) Effect {
	changed := func(a Assignment) Assignment { change(&a); return a }
	differs := func(a Assignment) bool { return c.about(a) && changed(a) != a }
	e := Effect{Closed: closed(open, c, differs)}
	for _, a := range open {
		if differs(a) {
			a.From, a.Begun = c.moment(), c.Event
			e.Opened = append(e.Opened, changed(a))
		}
	}
	return e
}

func closed(open []Assignment, c Change, which func(Assignment) bool) []Assignment {
	var out []Assignment
	for _, a := range open {
		if which(a) {
			a.Until, a.Ended = c.moment(), c.Event
			out = append(out, a)
		}
	}
	return out
}

// about reports whether the change speaks of an assignment of its subject.
func (c Change) about(a Assignment) bool { return c.Package == "" || c.Package == a.Package }

// moment is when the change took effect, as precise as databases are.
func (c Change) moment() time.Time { return c.At.UTC().Truncate(time.Microsecond) }

// holder is who holds assignments.
type holder struct {
	customer customer.OrgID
	kind     SubjectKind
	subject  SubjectID
}

// Fold turns changes into assignments, those that are open included. The order of the changes doesn't matter, nor whether some come twice: they are taken in order of
// time, then of events. The result is ordered by customer, kind of subject, subject, beginning, package and event; no two of a subject and package overlap.
func Fold(changes []Change) []Assignment {
	changes = slices.Clone(changes)
	slices.SortFunc(changes, compareChanges)
	open, out := map[holder][]Assignment{}, []Assignment{}
	for _, c := range changes {
		h := holder{c.Customer, c.SubjectKind, c.Subject}
		effect := Apply(open[h], c)
		open[h] = effect.on(open[h])
		for _, a := range effect.Closed {
			if !a.Empty() {
				out = append(out, a)
			}
		}
	}
	for _, held := range open {
		out = append(out, held...)
	}
	slices.SortFunc(out, compareAssignments)
	return out
}

// on returns what is open after the effect.
func (e Effect) on(open []Assignment) []Assignment {
	left := slices.DeleteFunc(slices.Clone(open), func(a Assignment) bool {
		return slices.ContainsFunc(e.Closed, func(closed Assignment) bool { return closed.Package == a.Package })
	})
	return append(left, e.Opened...)
}

// compareChanges is a total order, so that the result depends on nothing but what happened.
func compareChanges(a, b Change) int {
	return cmp.Or(a.moment().Compare(b.moment()), cmp.Compare(a.Event, b.Event), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Customer, b.Customer),
		cmp.Compare(a.SubjectKind, b.SubjectKind), cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Package, b.Package), cmp.Compare(a.Location, b.Location),
		cmp.Compare(a.License, b.License), cmp.Compare(a.Person, b.Person))
}

func compareAssignments(a, b Assignment) int {
	return cmp.Or(cmp.Compare(a.Customer, b.Customer), cmp.Compare(a.SubjectKind, b.SubjectKind), cmp.Compare(a.Subject, b.Subject),
		a.From.Compare(b.From), cmp.Compare(a.Package, b.Package), cmp.Compare(a.Begun, b.Begun))
}
