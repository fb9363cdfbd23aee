package store

import (
	"context"

	"dialtone/customer"
)

type addressColumns struct {
	Line1      string `db:"line1"`
	Line2      string `db:"line2"`
	City       string `db:"city"`
	State      string `db:"state"`
	PostalCode string `db:"postal_code"`
	Country    string `db:"country"`
}

func (a addressColumns) noun() customer.Address {
	return customer.Address{Line1: a.Line1, Line2: a.Line2, City: a.City, StateOrProvince: a.State, PostalCode: a.PostalCode, Country: a.Country}
}

type customerRow struct {
	ID           string `db:"id"`
	PartnerID    string `db:"partner_id"`
	OrgID        string `db:"org_id"`
	TemplateID   string `db:"template_id"`
	ExternalID   string `db:"external_id"`
	Name         string `db:"name"`
	PrimaryEmail string `db:"primary_email"`
	Language     string `db:"language"`
	SIPDomain    string `db:"sip_domain"`
	PartnerRole  string `db:"partner_role"`
	Restricted   int    `db:"restricted"`
	BillingStart int64  `db:"billing_start"`
	addressColumns
	Status    string `db:"status"`
	Screening string `db:"screening"`
	Packages  string `db:"packages"`
	Errors    string `db:"errors"`
	Pending   string `db:"pending"`
	Created   int64  `db:"created"`
	onboardingColumns
}

const customerColumns = "id, partner_id, template_id, external_id, line1, line2, city, state, postal_code, country, status, packages, errors, pending, partner_role, restricted, billing_start, created, onboarding, identity_provider_id, pstn_vendor_id"

func customerSelect() string {
	return "SELECT " + qualified("c", customerColumns, false) + `, c.screening, COALESCE(c.org_id, '') AS org_id, COALESCE(o.sip_domain, '') AS sip_domain,
		COALESCE(o.name, '') AS name, COALESCE(o.primary_email, '') AS primary_email, COALESCE(o.language, '') AS language
		FROM customers c LEFT JOIN organizations o ON o.id = c.org_id`
}

// packageColumn is one package in a customer's JSON column.
type packageColumn struct {
	Name   string         `json:"name"`
	Limit  int            `json:"limit,omitempty"`
	Status string         `json:"status"`
	Errors []noticeColumn `json:"errors,omitempty"`
}

// noticeColumn is one notice in a JSON column.
type noticeColumn struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// pendingColumn is what a customer waits for.
type pendingColumn struct {
	Actor    string             `json:"actor,omitempty"`
	Location *customer.Location `json:"location,omitempty"`
	Numbers  []string           `json:"numbers,omitempty"`

	Attach      customer.OrgID `json:"attach,omitempty"`
	AsksConsent bool           `json:"asksConsent,omitempty"`
	Consented   bool           `json:"consented,omitempty"`
}

func fromNotices(list []customer.Notice) []noticeColumn {
	return nilOr(list, func(n customer.Notice) noticeColumn { return noticeColumn{n.Code, n.Message} })
}

func toNotices(list []noticeColumn) []customer.Notice {
	return nilOr(list, func(n noticeColumn) customer.Notice { return customer.Notice{Code: n.Code, Message: n.Message} })
}

func (r customerRow) noun() customer.Customer {
	packages, pending := decode[[]packageColumn](r.Packages), decode[pendingColumn](r.Pending)
	return customer.Customer{
		ID: customer.CustomerID(r.ID), Partner: customer.OrgID(r.PartnerID), Org: customer.OrgID(r.OrgID), Template: customer.TemplateID(r.TemplateID),
		ExternalID: r.ExternalID, Name: r.Name, PrimaryEmail: r.PrimaryEmail, Language: r.Language, Address: r.addressColumns.noun(),
		Status: customer.Status(r.Status), Screening: customer.Screening(r.Screening), SIPDomain: r.SIPDomain, Created: fromMicros(r.Created),
		Errors:  toNotices(decode[[]noticeColumn](r.Errors)),
		Pending: customer.Pending(pending), PartnerRole: customer.PartnerRole(r.PartnerRole), Restricted: r.Restricted == 1,
		BillingStart: fromMicros(r.BillingStart), Onboarding: r.onboardingColumns.noun(),
		Packages: nilOr(packages, func(p packageColumn) customer.CustomerPackage {
			return customer.CustomerPackage{
				Package: customer.Package(p.Name), Limit: p.Limit, Status: customer.PackageStatus(p.Status), Errors: toNotices(p.Errors),
			}
		}),
	}
}

// progress is what changes while a customer is worked on: the columns packages, errors and pending.
func progress(c customer.Customer) ([3]string, error) {
	packages := nilOr(c.Packages, func(p customer.CustomerPackage) packageColumn {
		return packageColumn{Name: string(p.Package), Limit: p.Limit, Status: string(p.Status), Errors: fromNotices(p.Errors)}
	})
	var out [3]string
	for i, v := range []any{packages, fromNotices(c.Errors), pendingColumn(c.Pending)} {
		text, err := encode(v)
		if err != nil {
			return out, err
		}
		out[i] = text
	}
	return out, nil
}

// CreateCustomer implements customer.Tx.
func (t *tx) CreateCustomer(ctx context.Context, c customer.Customer) error {
	columns, err := progress(c)
	if err != nil {
		return err
	}
	taken, err := fromOnboarding(c.Onboarding)
	if err != nil {
		return err
	}
	a := c.Address
	if c.Org != "" {
		authentication, err := encode(authenticationColumn(c.Onboarding.Authentication))
		if err != nil {
			return err
		}
		err = t.insert(ctx, "organizations", organizationColumns, string(c.Org), string(c.Partner), c.SIPDomain, c.Name, c.PrimaryEmail, c.Language, authentication, "null",
			string(customer.LicensesNone), 0, string(customer.EchoDefault), micros(c.Created))
		if err != nil {
			return err
		}
	}
	err = t.insert(ctx, "customers", customerColumns+", org_id", string(c.ID), string(c.Partner), string(c.Template), c.ExternalID,
		a.Line1, a.Line2, a.City, a.StateOrProvince, a.PostalCode, a.Country, string(c.Status), columns[0], columns[1], columns[2],
		string(c.PartnerRole), flag(c.Restricted), micros(c.BillingStart), micros(c.Created), taken.Onboarding, taken.IdentityProviderID, taken.PSTNVendorID,
		nullable(c.Org))
	if err != nil || c.Org == "" {
		return err
	}
	return t.raiseZone(ctx)
}

// SetCustomer implements customer.Tx.
func (t *tx) SetCustomer(ctx context.Context, c customer.Customer) error {
	columns, err := progress(c)
	if err != nil {
		return err
	}
	a := c.Address
	err = t.change(ctx, "customer", `UPDATE customers SET external_id = ?, line1 = ?, line2 = ?, city = ?, state = ?, postal_code = ?, country = ?,
		status = ?, packages = ?, errors = ?, pending = ?, partner_role = ?, restricted = ?, billing_start = ? WHERE partner_id = ? AND id = ?`, c.ExternalID, a.Line1, a.Line2, a.City, a.StateOrProvince, a.PostalCode, a.Country,
		string(c.Status), columns[0], columns[1], columns[2], string(c.PartnerRole), flag(c.Restricted), micros(c.BillingStart), string(c.Partner), string(c.ID))
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, "rename a customer's subscribers", `UPDATE subscribers SET external_customer_id = ?
		WHERE partner_id = ? AND org_id = ? AND external_customer_id <> ?`, c.ExternalID, string(c.Partner), string(c.Org), c.ExternalID)
	return err
}

// DeleteCustomer implements customer.Tx.
func (t *tx) DeleteCustomer(ctx context.Context, partner customer.OrgID, id customer.CustomerID) error {
	if err := t.change(ctx, "customer", "DELETE FROM customers WHERE partner_id = ? AND id = ?", string(partner), string(id)); err != nil {
		return err
	}
	return t.raiseZone(ctx)
}

// Customer implements customer.Reader.
func (r reader) Customer(ctx context.Context, partner customer.OrgID, id customer.CustomerID) (customer.Customer, error) {
	return r.customer(ctx, partner, "id", string(id))
}

// CustomerByOrg implements customer.Reader.
func (r reader) CustomerByOrg(ctx context.Context, partner, org customer.OrgID) (customer.Customer, error) {
	return r.customer(ctx, partner, "org_id", string(org))
}

func (r reader) customer(ctx context.Context, partner customer.OrgID, by, value string) (customer.Customer, error) {
	var row customerRow
	err := r.get(ctx, &row, "customer", customerSelect()+" WHERE c.partner_id = ? AND c."+by+" = ?", string(partner), value)
	if err != nil {
		return customer.Customer{}, err
	}
	return row.noun(), nil
}

// Customers implements customer.Reader.
func (r reader) Customers(ctx context.Context, partner customer.OrgID, filter customer.CustomerFilter, page customer.Page) ([]customer.Customer, bool, error) {
	w := ofTenant("c.", customer.Tenant{Partner: partner, Customer: filter.Org})
	w.equal("c.external_id", filter.ExternalID)
	if len(filter.Statuses) > 0 {
		statuses := make([]any, len(filter.Statuses))
		for i, s := range filter.Statuses {
			statuses[i] = string(s)
		}
		w.add(shownStatus+" IN "+tuples(1, len(statuses)), statuses...)
	}
	return list(ctx, r, w, page, customerRow.noun, customerSelect(), "c.created, c.id")
}

// AnyTenantHasSIPDomain implements customer.Reader.
func (r reader) AnyTenantHasSIPDomain(ctx context.Context, domain string) (bool, error) {
	var count int
	err := r.count(ctx, &count, "look for a domain", "SELECT count(*) FROM organizations o JOIN customers c ON c.org_id = o.id WHERE o.sip_domain = ?", domain)
	return count > 0, err
}
