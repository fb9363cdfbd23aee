package customer

import (
	"context"

	"dialtone/fault"
)

// attach gives a customer the organisation that it is to have, or asks the organisation's administrator first (product rule 5).
func (s *Service) attach(ctx context.Context, tx Tx, c Customer) error {
	org, err := tx.AnyTenantOrganization(ctx, c.Pending.Attach)
	if err != nil {
		return unknownField(err, "orgId", "names no organisation that can be attached")
	}
	if err := org.attachable(); err != nil {
		return err
	}
	if org.needsConsent() && !c.Pending.Consented {
		return s.askConsent(ctx, tx, c)
	}
	role := org.roleOfAttacher()
	c.Org, c.SIPDomain, c.Name, c.PrimaryEmail, c.Language, c.PartnerRole, c.Restricted = org.ID, org.SIPDomain, org.Name, org.PrimaryEmail, org.Language, role, false
	c.Onboarding.Authentication = org.Authentication
	if err := tx.AttachOrganization(ctx, org, c); err != nil {
		return err
	}
	facts := c.billingFacts()
	facts["organization"], facts["from"], facts["people"], facts["partnerRole"] = org.ID, org.Partner, org.People, role
	if err := s.record(ctx, tx, c.asker(), c.Tenant(), EventCustomerAttached, string(c.ID), facts); err != nil {
		return err
	}
	if err := s.promiseScreening(ctx, tx, c); err != nil { // only now is the company's name known
		return err
	}
	existing, _, err := tx.Locations(ctx, c.Tenant(), LocationFilter{}, Page{Max: 1})
	if err != nil {
		return err
	}
	if len(existing) > 0 {
		c.Pending.Location, c.Pending.Numbers = nil, nil
	}
	if l := c.Pending.Location; l != nil { // it was made before the organisation was known
		own := *l
		own.Org = c.Org
		c.Pending.Location = &own
	}
	c.Pending.Attach, c.Pending.AsksConsent, c.Pending.Consented = "", false, false
	return s.equip(ctx, tx, c)
}

// askConsent promises the mail to the organisation's administrator; the customer is in error until the answer comes, and says why.
func (s *Service) askConsent(ctx context.Context, tx Tx, c Customer) error {
	template, err := tx.Template(ctx, c.Partner, c.Template)
	if err != nil {
		return err
	}
	if !template.AllowAdminInviteEmails {
		return fault.New(fault.Conflict, "The organisation's administrator must consent, and the template doesn't allow to ask by mail. "+
			"Switch admin-invite e-mails on in the template, then send an update of the customer.").WithCode(fault.CodeConsent)
	}
	c.Pending.AsksConsent = true
	if err := s.promiseMail(ctx, tx, mailArgs{Kind: MailAdminInvite, Partner: c.Partner, Subject: string(c.ID)}); err != nil {
		return err
	}
	return s.finish(ctx, tx, c.failed(Notice{fault.CodeConsent, "The organisation's administrator must consent, and was asked by mail. The customer is provisioned when the answer is yes."}))
}
