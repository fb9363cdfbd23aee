// Package billing owns billing reports: who may order which, for which days, what becomes of an order, and when one is in the way of another.
//
// It owns the closing of days, too; the arithmetic, and what events mean for it, is the package usage's. It never speaks a protocol and never writes SQL. Start at
// Service, which carries the operations, Ledger, which closes days and counts what an order promises, and Store, which says what it needs from below.
package billing

import (
	"time"

	"dialtone/customer"
)

// ReportID names a billing report: a UUID in its canonical lower-case form.
type ReportID string

// Type says what a report has a row for, in the wire's words.
type Type string

// The types of a report.
const (
	TypePartner  Type = "PARTNER"
	TypeCustomer Type = "CUSTOMER"
	TypeUser     Type = "USER"
)

// Types returns every type; the first is what isn't asked for.
func Types() []Type { return []Type{TypePartner, TypeCustomer, TypeUser} }

// Category says how usage is summed, in the wire's words.
type Category string

// The categories of a report.
const (
	Reconciliation Category = "RECONCILIATION"
	PointInTime    Category = "POINT_IN_TIME"
)

// Categories returns every category; the first is what isn't asked for.
func Categories() []Category { return []Category{Reconciliation, PointInTime} }

// Status says how far a report is, in the wire's words.
type Status string

// The states of a report. One that is in progress ends in one of the others, and stays there.
const (
	InProgress Status = "IN_PROGRESS"
	Completed  Status = "COMPLETED"
	Failed     Status = "FAILED"
)

// Statuses returns every status.
func Statuses() []Status { return []Status{InProgress, Completed, Failed} }

// Report is an order for a count of usage, and what became of it. It belongs to the partner that ordered it, also when it is about a sub-partner, and
// nobody else sees it.
type Report struct {
	ID         ReportID
	Partner    customer.OrgID // who ordered it
	SubPartner customer.OrgID // of the partner, that it is about; empty: the partner itself
	Type       Type
	Category   Category
	Internal   bool // with the partner's internal organisations
	Start, End Date // the first and the last day that are counted
	Status     Status
	Errors     []customer.Notice // why it failed; nil while it didn't
	// CreatedBy is the administrator who ordered it, and CreatedByEmail the address at that time: an administrator may leave before a report does.
	CreatedBy      customer.AdminID
	CreatedByEmail string
	Created        time.Time
}

// tenant is whose report it is.
func (r Report) tenant() customer.Tenant { return customer.Tenant{Partner: r.Partner} }

// Order is what a list of reports is sorted by, ascending, in the wire's words.
type Order string

// The orders of a list; reports that are equal in it are in that of their creation.
const (
	ByStart  Order = "billingStartDate"
	ByEnd    Order = "billingEndDate"
	ByStatus Order = "status"
	ByID     Order = "id"
)

// Orders returns every order; the first is what isn't asked for.
func Orders() []Order { return []Order{ByStart, ByEnd, ByStatus, ByID} }

// Filter narrows a list of reports; empty fields don't. All match exactly.
type Filter struct {
	Start, End Date
	Type       Type
	Status     Status
	SubPartner customer.OrgID
	Order      Order // empty: ByStart
}

// The kinds of event that happen to reports.
const (
	EventReportOrdered  customer.EventKind = "billing_report.ordered"
	EventReportFinished customer.EventKind = "billing_report.finished"
	EventReportDeleted  customer.EventKind = "billing_report.deleted"
)
