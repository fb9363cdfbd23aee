package imports

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"dialtone/bulk"
	"dialtone/customer"
	"dialtone/fault"
)

// importingRow is a row at its turn. What is done with one is done with a copy, as a transaction may be run again.
type importingRow struct {
	bulk.Row
	number   int
	location customer.LocationID
}

// Wanted are the packages that the row gives.
func (r importingRow) Wanted() []customer.Package {
	var out []customer.Package
	for _, p := range r.Row.Wanted() {
		out = append(out, customer.Package(p))
	}
	return out
}

func (s *Service) readRow(r Row) (importingRow, error) {
	var content keptRow
	if err := json.Unmarshal(r.Content, &content); err != nil {
		return importingRow{}, fault.Wrap(fault.Internal, err, "row %d of an import can't be read", r.Number)
	}
	return importingRow{Row: content.Row, number: r.Number, location: content.Location}, nil
}

// became is the row with what became of it.
func (r importingRow) became(outcome bulk.Outcome) importedRow {
	warned := slices.ContainsFunc(r.Problems, func(p bulk.Problem) bool { return p.Severity == bulk.Warning })
	return importedRow{result: NumberedResult{Number: r.number, Result: r.Result(outcome)}, warned: warned}
}

func (r importingRow) add(severity bulk.Severity, column string, code bulk.Code, message string) importingRow {
	r.Problems = append(slices.Clip(r.Problems), bulk.Problem{Line: r.Line, Column: column, Code: code, Message: message, Severity: severity})
	return r
}

// refused is the row with what a rule had against it.
func (r importingRow) refused(err error) importedRow {
	list := fault.ProblemsOf(err)
	if len(list) == 0 {
		list = []fault.Problem{{Message: fault.Message(err)}}
	}
	for _, p := range list {
		message := p.Message
		if !strings.HasSuffix(message, ".") {
			message += "."
		}
		column := r.columnOf(p)
		if column == "" && p.Field != "" {
			message = p.Field + ": " + message
		}
		r = r.add(bulk.Error, column, bulk.CodeRefused, message)
	}
	return r.became(bulk.Failed)
}

// columnOf is the column that a rule is about.
func (r importingRow) columnOf(p fault.Problem) string {
	switch p.Field {
	case "email":
		return "email"
	case "provisioningParameters.firstName":
		return "first_name"
	case "provisioningParameters.lastName":
		return "last_name"
	case "provisioningParameters.locationId":
		return "location"
	case "provisioningParameters.extension", "provisioningParameters":
		return "extension"
	case "provisioningParameters.primaryPhoneNumber", "phoneNumbers":
		return "number"
	}
	if customer.Package(p.Field).Known() {
		return p.Field
	}
	if wanted := r.Wanted(); len(wanted) > 0 {
		return string(wanted[0]) // what is left is about packages and their quantities
	}
	return ""
}

// importing is what a row's work needs at every turn.
type importing struct {
	tx       Tx
	actor    customer.Actor
	customer customer.Customer
	mode     Mode
}

// importRow does what a row says in a transaction. Its refusals are errors that refused knows; a row that can't be read is none of them, as there is
// nothing to take back.
func (s *Service) importRow(ctx context.Context, tx Tx, i Import, row importingRow) (importedRow, error) {
	c, err := tx.CustomerByOrg(ctx, i.Partner, i.Org)
	switch {
	case fault.Is(err, fault.NotFound):
		return importedRow{}, errNoCustomer
	case err != nil:
		return importedRow{}, err
	case c.Status.Busy():
		return importedRow{}, errBusy
	case row.Failed():
		return row.became(bulk.Failed), nil
	}
	in := importing{tx: tx, actor: customer.Actor{Partner: i.Partner, Org: i.Org, Email: i.Actor}, customer: c, mode: i.Mode}
	if len(row.AlternateNumbers) > 0 {
		row = row.add(bulk.Warning, "number", bulk.CodePassedOver, "A person has one number: "+row.Number+" was taken, and the others were passed over.")
	}
	return s.importPerson(ctx, in, row)
}

// importPerson finds whom the row is about, and adds, changes or deletes them.
func (s *Service) importPerson(ctx context.Context, in importing, row importingRow) (importedRow, error) {
	off := in.mode == AddAndRemoveServices && row.AllOff()
	person, err := in.tx.PersonByEmail(ctx, in.customer.Tenant(), row.Email)
	known := err == nil
	if err != nil && !fault.Is(err, fault.NotFound) {
		return importedRow{}, err
	}
	if known {
		sub, err := in.tx.SubscriberByPerson(ctx, in.customer.Tenant(), person.ID)
		if err == nil {
			return s.importSubscriber(ctx, in, row, sub, off)
		}
		if !fault.Is(err, fault.NotFound) {
			return importedRow{}, err
		}
	}
	switch {
	case off:
		return row.became(bulk.Unchanged), nil // has no package, as the row wants it
	case known && len(row.Wanted()) == 0:
		return s.changeRow(ctx, in, row, person, false)
	}
	return s.addRow(ctx, in, row, person)
}

// addRow gives packages to who has none. person is empty for who isn't known yet.
func (s *Service) addRow(ctx context.Context, in importing, row importingRow, person customer.Person) (importedRow, error) {
	row, identity, err := in.identity(ctx, row, slices.ContainsFunc(row.Wanted(), customer.Package.Calling))
	if err != nil {
		return importedRow{}, err
	}
	fresh := customer.NewSubscriber{
		Customer: in.customer.ID, Email: row.Email, Packages: row.Wanted(), FirstName: cmp.Or(row.FirstName, person.FirstName),
		LastName: cmp.Or(row.LastName, person.LastName), CallingIdentity: identity,
	}
	if _, err := s.people.SubscribeIn(ctx, in.tx, in.actor, in.customer, fresh); err != nil {
		return importedRow{}, err
	}
	return row.became(bulk.Added), nil
}

// importSubscriber changes or deletes who has packages.
func (s *Service) importSubscriber(ctx context.Context, in importing, row importingRow, sub customer.Subscriber, off bool) (importedRow, error) {
	target := in.target(row, sub)
	switch {
	case off && len(target) == 0:
		return row.became(bulk.Deleted), s.people.RemoveSubscriberIn(ctx, in.tx, in.actor, sub)
	case off && len(target) == len(sub.Packages()):
		row = row.add(bulk.Warning, "", bulk.CodePassedOver, "Nobody was deleted: the file has no column for "+string(target[0])+", which the person keeps.")
	case len(target) == 0:
		return importedRow{}, fault.InvalidField(string(sub.Package),
			"is the person's base package, and the row names no other. To delete the person, write FALSE into every package column")
	}
	person, err := in.tx.Person(ctx, sub.Tenant(), sub.Person)
	if err != nil {
		return importedRow{}, err
	}
	if same(target, sub.Packages()) {
		return s.changeRow(ctx, in, row, person, false)
	}
	calling := slices.ContainsFunc(target, customer.Package.Calling)
	_, identity, err := in.identity(ctx, row, calling)
	if err != nil {
		return importedRow{}, err
	}
	if _, err := s.people.ChangeSubscriberIn(ctx, in.tx, in.actor, sub.Tenant(), sub.ID, customer.Reassignment{Packages: target, CallingIdentity: identity}); err != nil {
		return importedRow{}, err
	}
	return s.changeRow(ctx, in, row, person, true)
}

// target is what a subscriber is to have.
func (in importing) target(row importingRow, sub customer.Subscriber) []customer.Package {
	wanted := row.Wanted()
	replaces := slices.ContainsFunc(wanted, customer.Package.ForPerson)
	var out []customer.Package
	for _, p := range sub.Packages() {
		taken := row.Packages[bulk.Package(p)] == bulk.No || replaces && p.ForPerson()
		if in.mode == AddServices || !taken || slices.Contains(wanted, p) {
			out = append(out, p)
		}
	}
	for _, p := range wanted {
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}

// same reports whether two lists have the same packages; none holds one twice.
func same(a, b []customer.Package) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(p customer.Package) bool { return !slices.Contains(b, p) })
}

// changeRow changes what else the row says of a person; changed says that something was changed already.
func (s *Service) changeRow(ctx context.Context, in importing, row importingRow, person customer.Person, changed bool) (importedRow, error) {
	sub, err := in.tx.SubscriberByPerson(ctx, in.customer.Tenant(), person.ID)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return importedRow{}, err
	}
	row, identity, err := in.identity(ctx, row, sub.Package.Calling())
	if err != nil {
		return importedRow{}, err
	}
	before, after, err := s.people.ChangePersonIn(ctx, in.tx, in.actor, in.customer, person.ID, customer.PersonChange{
		FirstName: row.FirstName, LastName: row.LastName, CallingIdentity: identity,
		NoNumber: row.RemoveAllNumbers || slices.Contains(row.RemoveNumbers, person.Number),
	})
	if err != nil {
		return importedRow{}, err
	}
	if changed || before != after {
		return row.became(bulk.Changed), nil
	}
	return row.became(bulk.Unchanged), nil
}

// identity is where the row puts a person, and how they are reached there: nothing without a calling package, with a warning.
func (in importing) identity(ctx context.Context, row importingRow, calling bool) (importingRow, customer.CallingIdentity, error) {
	if !calling {
		if row.Extension != "" || row.Number != "" || row.Location != "" {
			row = row.add(bulk.Warning, "", bulk.CodePassedOver, "The person has no calling package: location, extension and number were passed over.")
		}
		return row, customer.CallingIdentity{}, nil
	}
	location, err := in.locationOf(ctx, row)
	return row, customer.CallingIdentity{Number: row.Number, Extension: row.Extension, Location: location}, err
}

// maxNamesakes bounds the locations that are looked at for one name: those that have it as a part of theirs.
const maxNamesakes = 1000

// locationOf finds the location that a row names; "" when it names none.
func (in importing) locationOf(ctx context.Context, row importingRow) (customer.LocationID, error) {
	if row.location != "" || row.Location == "" {
		return row.location, nil
	}
	list, _, err := in.tx.Locations(ctx, in.customer.Tenant(), customer.LocationFilter{Name: row.Location}, customer.Page{Max: maxNamesakes})
	if err != nil {
		return "", err
	}
	var found []customer.Location
	for _, l := range list {
		if strings.EqualFold(l.Name, row.Location) {
			found = append(found, l)
		}
	}
	const field = "provisioningParameters.locationId"
	switch len(found) {
	case 0:
		return "", fault.InvalidField(field, "%q names no location of this customer", row.Location).WithCode(fault.CodeUnknown)
	case 1:
		return found[0].ID, nil
	}
	return "", fault.InvalidField(field, "%d locations have the name %q: write the id of the one that is meant", len(found), row.Location)
}
