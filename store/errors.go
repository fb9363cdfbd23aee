package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"dialtone/fault"
)

// failure classifies a database error; nil stays nil, and what is classified already stays as it is. what says what was tried, as in "didn't read a
// list". The end of the caller's context stays in the chain, for errors.Is.
func (r reader) failure(err error, what string) error {
	switch {
	case err == nil:
		return nil
	case isFault(err):
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fault.Wrap(fault.Unavailable, err, "The database didn't %s in time. Try again.", what)
	case errors.Is(err, sql.ErrTxDone):
		return fault.Wrap(fault.Internal, err, "the transaction is over: it can't %s", what)
	}
	switch reason, detail := r.dialect.reason(err); reason {
	case taken:
		return conflictOf(detail, err)
	case dangling:
		return fault.Wrap(fault.NotFound, err, "Something that this refers to isn't there any more.")
	case oversized:
		return fault.Wrap(fault.Invalid, err, "A text is too long to be stored. Shorten it.")
	case misused:
		return fault.Wrap(fault.Internal, err, "the database refused to %s", what)
	case interrupted:
		return fault.Wrap(fault.Unavailable, errors.Join(err, context.Canceled), "The database didn't %s in time. Try again.", what)
	case unanswered, contended, unauthorised:
	}
	return fault.Wrap(fault.Unavailable, err, "The database doesn't work at the moment. Try again.")
}

func isFault(err error) bool {
	_, ok := errors.AsType[*fault.Error](err)
	return ok
}

// conflictOf says what is taken, by the unique index that was broken: its name on PostgreSQL, its columns on SQLite.
func conflictOf(name string, cause error) error {
	for _, c := range []struct {
		index, columns string
		problem        fault.Problem
	}{
		{"devices_mac", "devices.mac", fault.Problem{Field: "mac", Code: fault.CodeMACInUse, Message: "[Error 5675] MAC Address is in use."}},
		{"members_email", "members.email", fault.Problem{Field: "email", Code: fault.CodeEmailInUse, Message: "The e-mail address is already associated with an existing user."}},
		{"customers_external_id", "customers.partner_id, customers.external_id", fault.Problem{Field: "externalId", Code: fault.CodeExternalIDInUse, Message: "You have a customer with this external id."}},
		{"organizations_sip_domain", "organizations.sip_domain", fault.Problem{Field: "sipDomain", Code: fault.CodeIdentityInUse, Message: "Another customer has this SIP domain."}},
		{"customers_org_id", "customers.org_id", fault.Problem{Field: "orgId", Code: fault.CodeOrgInUse, Message: "The organisation is a customer already."}},
		{"members_extension", "members.location_id, members.extension", fault.Problem{Field: "provisioningParameters.extension", Code: fault.CodeExtensionInUse, Message: "The extension is taken in this location."}},
		{"numbers_pkey", "numbers.e164", fault.Problem{Field: "phoneNumbers", Code: fault.CodeNumberInUse, Message: "The number belongs to another location or organisation."}},
		{"locations_routing_prefix", "locations.org_id, locations.routing_prefix", fault.Problem{Field: "routingPrefix", Code: fault.CodeNumberInUse, Message: "Another location of the organisation has this routing prefix."}},
		{"floors_number", "floors.location_id, floors.number", fault.Problem{Field: "floorNumber", Code: fault.CodeNameInUse, Message: "The location has a floor of this number."}},
		{"templates_name", "templates.partner_id, templates.name", fault.Problem{Field: "name", Code: fault.CodeNameInUse, Message: "You have a template with this name."}},
		{"identity_providers_name", "identity_providers.partner_id, identity_providers.folded_name", fault.Problem{Field: "name", Code: fault.CodeNameInUse, Message: "You have an identity provider with this name, perhaps in another case."}},
		{"pstn_vendors_name", "pstn_vendors.partner_id, pstn_vendors.name", fault.Problem{Field: "name", Code: fault.CodeNameInUse, Message: "You have a PSTN vendor with this name."}},
		{"admins_email", "admins.partner_id, admins.email", fault.Problem{Field: "admin", Code: fault.CodeEmailInUse, Message: "There is an administrator with this e-mail address."}},
		{"subscribers_person", "subscribers.person_id", fault.Problem{Field: "email", Code: fault.CodeEmailInUse, Message: "The person has a package already."}},
		{"people_imports_running", "people_imports.org_id", fault.Problem{Field: "orgId", Code: fault.CodeBusy, Message: "Another import of this customer isn't over. Wait for its end, or delete it."}},
		{"device_jobs_running", "device_jobs.org_id", fault.Problem{Field: "orgId", Code: fault.CodeJobRunning, Message: "Another job changes this organisation's devices. Try again when it is over."}},
		{"line_key_templates_name", "line_key_templates.org_id, line_key_templates.name", fault.Problem{Field: "templateName", Code: fault.CodeNameInUse, Message: "The organisation has a line key template with this name."}},
		{"background_images_pkey", "background_images.org_id, background_images.file_name", fault.Problem{Field: "fileName", Code: fault.CodeNameInUse, Message: "The organisation has a background image with this name."}},
		{"lines_identity", "lines.domain, lines.user_name", fault.Problem{Field: "sipUserName", Code: fault.CodeIdentityInUse, Message: "Another line has this SIP user name."}},
		{"billing_reports_completed", "billing_reports.partner_id, billing_reports.sub_partner_id, billing_reports.start_date, billing_reports.end_date, billing_reports.type, billing_reports.category, billing_reports.internal", fault.Problem{Code: fault.CodeReportExists, Message: "There is a completed report for the same days, of the same kind. Delete it before you order it again."}},
		{"lines_port", "lines.device_id, lines.port", fault.Problem{Field: "port", Code: fault.CodeIdentityInUse, Message: "The device has a line on this port."}},
	} {
		if name == c.index || strings.HasPrefix(name, c.columns+" (") {
			e := fault.Wrap(fault.Conflict, cause, "%s", c.problem.Message)
			e.Problems = []fault.Problem{c.problem}
			return e
		}
	}
	return fault.Wrap(fault.Conflict, cause, "Something with the same name or number exists already.")
}
