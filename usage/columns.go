package usage

import (
	"slices"
	"strings"
)

// Column is a column of a report's CSV.
type Column struct {
	Name   string // as its first line has it
	number bool   // it needs no care for what spreadsheets make of texts
	types  []Type // that have it; nil: all
	text   func(r *Row) string
	read   func(r *Row, text string) bool // takes a cell back into a row, false for a text that can't be one; nil for what isn't taken back
}

// quantityColumn is the one that says how much.
const quantityColumn = "QUANTITY"

// serviceColumn is the one that says of what.
const serviceColumn = "SERVICE_NAME"

// Columns returns the columns of a type's reports, in their order.
func Columns(t Type) []Column {
	return slices.DeleteFunc(columns(), func(c Column) bool { return c.types != nil && !slices.Contains(c.types, t) })
}

// columns is the table of all columns (product rule 9). Another layout is another order of these lines, or another name.
func columns() []Column {
	below, user := []Type{TypeCustomer, TypeUser}, []Type{TypeUser}
	return []Column{
		{Name: "PARTNER_NAME", text: func(r *Row) string { return r.PartnerName }, read: func(r *Row, s string) bool { return set(&r.PartnerName, s) }},
		{Name: "PARTNER_ORG_ID", text: func(r *Row) string { return string(r.Partner) }, read: func(r *Row, s string) bool { return set(&r.Partner, s) }},
		{Name: "CUSTOMER_ORG_ID", types: below, text: func(r *Row) string { return string(r.Customer) }, read: func(r *Row, s string) bool { return set(&r.Customer, s) }},
		{Name: "CUSTOMER_EXTERNAL_ID", types: below, text: func(r *Row) string { return r.ExternalID }, read: func(r *Row, s string) bool { return set(&r.ExternalID, s) }},
		{Name: "SUBSCRIPTION_ID", text: func(r *Row) string { return r.Subscription }, read: func(r *Row, s string) bool { return set(&r.Subscription, s) }},
		{Name: serviceColumn, text: func(r *Row) string { return string(r.Service) }, read: readService},
		{Name: "SKU", text: func(r *Row) string { return r.Service.SKU() }},
		{Name: "DESCRIPTION", text: func(r *Row) string { return r.Service.Description() }},
		{Name: "CONSUMPTION_START_DATE", number: true, text: func(r *Row) string { return r.First.String() }, read: func(r *Row, s string) bool { return readDay(&r.First, s) }},
		{Name: "CONSUMPTION_END_DATE", number: true, text: func(r *Row) string { return r.Last.String() }, read: func(r *Row, s string) bool { return readDay(&r.Last, s) }},
		{Name: quantityColumn, number: true, text: func(r *Row) string { return r.Quantity.String() }, read: readQuantity},
		{Name: "SUBSCRIBER_ID", types: user, text: func(r *Row) string { return string(r.Subscriber) }, read: func(r *Row, s string) bool { return set(&r.Subscriber, s) }},
		{Name: "USER_ID", types: user, text: func(r *Row) string { return string(r.User) }, read: func(r *Row, s string) bool { return set(&r.User, s) }},
		{Name: "WORKSPACE_ID", types: user, text: func(r *Row) string { return string(r.Workspace) }, read: func(r *Row, s string) bool { return set(&r.Workspace, s) }},
		{Name: "LOCATION_ID", types: below, text: func(r *Row) string { return string(r.Location) }, read: func(r *Row, s string) bool { return set(&r.Location, s) }},
		{Name: "LICENSE_ID", types: below, text: func(r *Row) string { return string(r.License) }, read: func(r *Row, s string) bool { return set(&r.License, s) }},
	}
}

func set[T ~string](to *T, text string) bool {
	*to = T(text)
	return true
}

// readService takes a service that nobody has heard of, too: it is one that we haven't counted.
func readService(r *Row, text string) bool {
	return set(&r.Service, strings.ToUpper(text)) && text != ""
}

// readDay takes an empty cell for no day.
func readDay(to *Day, text string) bool {
	day, ok := ParseDay(text)
	*to = day
	return ok || text == ""
}

func readQuantity(r *Row, text string) bool {
	units, _, ok := ParseUnits(text)
	r.Quantity = units
	return ok
}
