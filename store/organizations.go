package store

import (
	"context"

	"dialtone/customer"
	"dialtone/fault"
)

type organizationRow struct {
	ID             string `db:"id"`
	PartnerID      string `db:"partner_id"`
	SIPDomain      string `db:"sip_domain"`
	Name           string `db:"name"`
	PrimaryEmail   string `db:"primary_email"`
	Language       string `db:"language"`
	Authentication string `db:"authentication"`
	Domains        string `db:"domains"`
	OtherLicenses  string `db:"other_licenses"`
	Trial          int    `db:"trial"`
	Echo           string `db:"echo"`
	Created        int64  `db:"created"`
	Customers      int    `db:"customers"`
	People         int    `db:"people"`
}

const organizationColumns = "id, partner_id, sip_domain, name, primary_email, language, authentication, domains, other_licenses, trial, echo, created"

func organizationSelect() string {
	return "SELECT " + qualified("o", organizationColumns, false) + `, (SELECT count(*) FROM customers c WHERE c.org_id = o.id) AS customers,
		(SELECT count(*) FROM members p WHERE p.org_id = o.id AND p.kind = 'PEOPLE') AS people FROM organizations o`
}

// authenticationColumn is how people sign in, in a JSON column.
type authenticationColumn struct {
	Mode             customer.AuthenticationMode `json:"mode"`
	EntityID         string                      `json:"entityId,omitempty"`
	IdentityProvider customer.IdentityProviderID `json:"identityProvider,omitempty"`
}

// domainColumn is one e-mail domain in a JSON column.
type domainColumn struct {
	Name    string `json:"name"`
	Claimed bool   `json:"claimed"`
}

func (r organizationRow) noun() customer.Organization {
	return customer.Organization{
		ID: customer.OrgID(r.ID), Partner: customer.OrgID(r.PartnerID), SIPDomain: r.SIPDomain, Name: r.Name, PrimaryEmail: r.PrimaryEmail,
		Language: r.Language, OtherLicenses: customer.LicenseState(r.OtherLicenses), Trial: r.Trial == 1, Served: r.Customers > 0, People: r.People,
		Created: fromMicros(r.Created), Echo: customer.EchoPolicy(r.Echo), Authentication: customer.Authentication(decode[authenticationColumn](r.Authentication)),
		Domains: nilOr(decode[[]domainColumn](r.Domains), func(d domainColumn) customer.EmailDomain { return customer.EmailDomain(d) }),
	}
}

// Organization implements customer.Reader.
func (r reader) Organization(ctx context.Context, tenant customer.Tenant, id customer.OrgID) (customer.Organization, error) {
	w := where{}
	w.add("o.partner_id = ? AND o.id = ?", string(tenant.Partner), string(id))
	w.equal("o.id", string(tenant.Customer))
	var row organizationRow
	err := r.get(ctx, &row, "organisation", organizationSelect()+w.text(), w.args...)
	return row.noun(), err
}

// AnyTenantOrganization implements customer.Reader.
func (r reader) AnyTenantOrganization(ctx context.Context, id customer.OrgID) (customer.Organization, error) {
	var row organizationRow
	err := r.get(ctx, &row, "organisation", organizationSelect()+" WHERE o.id = ?", string(id))
	return row.noun(), err
}

// SetOrganization implements customer.Tx.
func (t *tx) SetOrganization(ctx context.Context, o customer.Organization) error {
	domains, err := encode(nilOr(o.Domains, func(d customer.EmailDomain) domainColumn { return domainColumn(d) }))
	if err != nil {
		return err
	}
	return t.change(ctx, "organisation", "UPDATE organizations SET domains = ?, other_licenses = ?, trial = ?, echo = ? WHERE partner_id = ? AND id = ?",
		domains, string(o.OtherLicenses), flag(o.Trial), string(o.Echo), string(o.Partner), string(o.ID))
}

// AttachOrganization implements customer.Tx. What happened before stays in its old partner's log.
func (t *tx) AttachOrganization(ctx context.Context, o customer.Organization, c customer.Customer) error {
	taken, err := fromOnboarding(c.Onboarding)
	if err != nil {
		return err
	}
	err = t.change(ctx, "customer", "UPDATE customers SET org_id = ?, onboarding = ?, identity_provider_id = ? WHERE partner_id = ? AND id = ? AND org_id IS NULL",
		string(o.ID), taken.Onboarding, taken.IdentityProviderID, string(c.Partner), string(c.ID))
	if err != nil {
		return err
	}
	if err := t.raiseZone(ctx); err != nil {
		return err
	}
	if o.Partner == c.Partner {
		return nil
	}
	err = t.change(ctx, "organisation", "UPDATE organizations SET partner_id = ? WHERE id = ? AND partner_id = ?", string(c.Partner), string(o.ID), string(o.Partner))
	if err != nil {
		return err
	}
	if _, err := t.exec(ctx, "forget what is switched off", "DELETE FROM disabled_models WHERE org_id = ?", string(o.ID)); err != nil {
		return err // it was the old partner's decision
	}
	for _, table := range []string{"locations", "floors", "members", "monitored", "workspaces", "numbers", "number_jobs", "devices", "device_tags", "lines", "settings", "device_revisions", "level_revisions", "line_key_templates", "background_images", "device_jobs", "known_addresses", "unknown_devices", "inbox_tokens", "alarms"} {
		if _, err := t.exec(ctx, "move an organisation", "UPDATE "+table+" SET partner_id = ? WHERE org_id = ?", string(c.Partner), string(o.ID)); err != nil {
			return err
		}
	}
	return nil
}

// freePerson is the condition that somebody belongs to nobody's customer; p is the person.
const freePerson = "NOT EXISTS (SELECT 1 FROM customers c WHERE c.org_id = p.org_id)"

// AnyTenantFreePerson implements customer.Reader.
func (r reader) AnyTenantFreePerson(ctx context.Context, email string) (customer.PersonID, error) {
	var id string
	err := r.get(ctx, &id, "person", "SELECT p.id FROM members p WHERE p.email = ? AND "+freePerson, email)
	return customer.PersonID(id), err
}

// TakePerson implements customer.Tx.
func (t *tx) TakePerson(ctx context.Context, tenant customer.Tenant, id customer.PersonID) (customer.Person, error) {
	if _, err := t.exec(ctx, "free numbers", "UPDATE numbers SET owner_id = NULL WHERE owner_id = ?", string(id)); err != nil {
		return customer.Person{}, err
	}
	if _, err := t.exec(ctx, "forget what is watched", "DELETE FROM monitored WHERE owner_id = ? OR member_id = ?", string(id), string(id)); err != nil {
		return customer.Person{}, err
	}
	err := t.change(ctx, "person", `UPDATE members AS p SET partner_id = ?, org_id = ?, location_id = NULL, extension = '', number = '', admin = 0, calling = ''
		WHERE p.id = ? AND `+freePerson, string(tenant.Partner), string(tenant.Customer), string(id))
	if fault.Is(err, fault.NotFound) {
		return customer.Person{}, fault.New(fault.Conflict, "The account belongs to another organisation now.").WithCode(fault.CodeEmailInUse)
	}
	if err != nil {
		return customer.Person{}, err
	}
	return t.Person(ctx, tenant, id)
}
