package customer

import (
	"context"

	"dialtone/fault"
)

// NewTemplate is the input of CreateTemplate, and of ChangeTemplate, which replaces the whole.
type NewTemplate struct {
	Name           string // 1 to 80 characters; unique for the partner
	Country        string // ISO 3166-1 alpha-2
	Language       string // locale; a language alone is completed by the country
	SubscriptionID string // 1 to 64 characters

	Type                   TemplateType // empty: WebexForWholesale
	ServiceProviderAdmin   string       // e-mail; empty: the actor's
	Authentication         NewAuthentication
	PSTNVendor             PSTNVendorID // one of the partner's; empty for none
	BrandName              string       // at most 80 characters
	AllowAdminInviteEmails bool
	AllowNonPSTNCalls      bool
}

// CreateTemplate makes an onboarding template. fault.Conflict when the partner has one of that name.
func (s *Service) CreateTemplate(ctx context.Context, actor Actor, in NewTemplate) (Template, error) {
	empty := Template{ID: TemplateID(s.newID()), Partner: actor.Partner, ProvisioningID: s.newID(), Created: s.now()}
	var t Template
	err := s.store.Update(ctx, actor.Tenant(), func(tx Tx) error {
		var err error
		if t, err = filled(ctx, tx, actor, empty, in, "The template can't be created"); err != nil {
			return err
		}
		if err := tx.CreateTemplate(ctx, t); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, actor.Tenant(), EventTemplateCreated, string(t.ID), map[string]any{"name": t.Name})
	})
	return t, err
}

// filled checks the input and returns the template with it. A sub-partner's templates are on its parent's subscription, whatever the input says.
func filled(ctx context.Context, r Reader, actor Actor, t Template, in NewTemplate, what string) (Template, error) {
	var p problems
	if actor.Subscription != "" {
		in.SubscriptionID = actor.Subscription
	}
	t.Name = p.text("name", in.Name, 80)
	t.Country = p.country("country", in.Country)
	t.SubscriptionID = p.text("subscriptionId", in.SubscriptionID, 64)
	t.Language = p.language("language", in.Language, t.Country, "en_US")
	t.Type = p.templateType("type", in.Type)
	t.ServiceProviderAdmin = actor.Email
	if in.ServiceProviderAdmin != "" {
		t.ServiceProviderAdmin = p.email("serviceProviderAdmin", in.ServiceProviderAdmin)
	}
	t.BrandName = p.optionalText("brandName", in.BrandName, 80)
	t.AllowAdminInviteEmails, t.AllowNonPSTNCalls = in.AllowAdminInviteEmails, in.AllowNonPSTNCalls
	if err := p.authenticate(ctx, r, &t, in.Authentication); err != nil {
		return Template{}, err
	}
	var err error
	if t.PSTNVendor, err = p.pstnVendor(ctx, r, "pstnVendorId", t.Partner, in.PSTNVendor); err != nil {
		return Template{}, err
	}
	return t, p.err(what)
}

// ChangeTemplate replaces what a template says. Customers that were made with it stay as they are. fault.Conflict when the partner has another of that
// name.
func (s *Service) ChangeTemplate(ctx context.Context, actor Actor, id TemplateID, in NewTemplate) (Template, error) {
	var after Template
	err := s.store.Update(ctx, actor.Tenant(), func(tx Tx) error {
		before, err := tx.Template(ctx, actor.Partner, id)
		if err != nil {
			return err
		}
		if after, err = filled(ctx, tx, actor, before, in, "The template can't be changed"); err != nil {
			return err
		}
		if err := tx.SetTemplate(ctx, after); err != nil {
			return err
		}
		facts := map[string]any{"before": before.facts(), "after": after.facts()}
		return s.record(ctx, tx, actor, actor.Tenant(), EventTemplateChanged, string(id), facts)
	})
	return after, err
}

func (t Template) facts() map[string]any {
	return map[string]any{
		"name": t.Name, "country": t.Country, "language": t.Language, "subscriptionId": t.SubscriptionID, "type": t.Type,
		"serviceProviderAdmin": t.ServiceProviderAdmin, "pstnVendorId": t.PSTNVendor, "brandName": t.BrandName,
		"authentication":         map[string]any{"mode": t.Authentication.Mode, "entityId": t.Authentication.EntityID, "identityProvider": t.IdentityProviderName},
		"allowAdminInviteEmails": t.AllowAdminInviteEmails, "allowNonPstnCalls": t.AllowNonPSTNCalls,
	}
}

// DeleteTemplate deletes a template. fault.Conflict while a customer was made with it: a customer can't be without one.
func (s *Service) DeleteTemplate(ctx context.Context, actor Actor, id TemplateID) error {
	return s.store.Update(ctx, actor.Tenant(), func(tx Tx) error {
		t, err := tx.Template(ctx, actor.Partner, id)
		if err != nil {
			return err
		}
		if n, err := tx.CountCustomers(ctx, actor.Partner, id); err != nil || n > 0 {
			return orConflict(err, fault.CodeAssigned, "%d customers were made with the template %s. It can't be deleted before them.", n, t.Name)
		}
		if err := tx.DeleteTemplate(ctx, actor.Partner, id); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, actor.Tenant(), EventTemplateDeleted, string(id), map[string]any{"name": t.Name})
	})
}

// Template returns one template.
func (s *Service) Template(ctx context.Context, actor Actor, id TemplateID) (Template, error) {
	return s.store.Template(ctx, actor.Partner, id)
}

// Templates lists the partner's templates.
func (s *Service) Templates(ctx context.Context, actor Actor, page Page) ([]Template, bool, error) {
	return s.store.Templates(ctx, actor.Partner, page)
}
