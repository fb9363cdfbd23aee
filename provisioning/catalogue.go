package provisioning

import (
	"context"
	"slices"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
)

// SupportedModels lists the models that a tenant can have, in the catalogue's order: without those that its partner has switched off, if it is one
// organisation.
func (s *Service) SupportedModels(ctx context.Context, tenant customer.Tenant) ([]deviceprofiles.Model, error) {
	if tenant.Customer == "" {
		return deviceprofiles.Models(), nil
	}
	disabled, err := s.store.DisabledModels(ctx, tenant)
	if err != nil {
		return nil, err
	}
	out := make([]deviceprofiles.Model, 0, len(deviceprofiles.Models()))
	for _, m := range deviceprofiles.Models() {
		if !slices.Contains(disabled, m.Name) {
			out = append(out, m)
		}
	}
	return out, nil
}

// DisabledModels lists the wire names of the models that are switched off for one organisation of the actor's, sorted.
func (s *Service) DisabledModels(ctx context.Context, actor customer.Actor, org customer.OrgID) ([]string, error) {
	o, err := s.store.Organization(ctx, actor.Tenant(), org)
	if err != nil {
		return nil, err
	}
	return s.store.DisabledModels(ctx, customer.Tenant{Partner: o.Partner, Customer: o.ID})
}

// SetDisabledModels replaces the models that are switched off for one organisation, and returns their wire names, sorted. Names are taken as
// deviceprofiles.FindModel does. Phones that are there stay; further ones of these models are refused. fault.Denied for administrators of the
// organisation itself; fault.Invalid on disabled for what names no model.
func (s *Service) SetDisabledModels(ctx context.Context, actor customer.Actor, org customer.OrgID, names []string) ([]string, error) {
	if actor.Org != "" {
		return nil, fault.New(fault.Denied, "The models that an organisation can have are its partner's to choose.")
	}
	models, err := wireNames(names)
	if err != nil {
		return nil, err
	}
	tenant := customer.Tenant{Partner: actor.Partner, Customer: org}
	return models, s.store.Update(ctx, tenant, func(tx Tx) error {
		if _, err := tx.Organization(ctx, actor.Tenant(), org); err != nil {
			return err
		}
		before, err := tx.DisabledModels(ctx, tenant)
		if err != nil || slices.Equal(before, models) {
			return err
		}
		if err := tx.SetDisabledModels(ctx, tenant, models); err != nil {
			return err
		}
		return tx.Record(ctx, customer.Event{
			Time: s.now(), Tenant: tenant, Actor: actor.Email, Kind: customer.EventModelsDisabled, Subject: string(org),
			Data: map[string]any{"before": before, "after": models},
		})
	})
}

// maxDisabled bounds the list of what is switched off: it is more than there are models.
const maxDisabled = 2000

// wireNames returns the wire names of some models, sorted, each once.
func wireNames(names []string) ([]string, error) {
	if len(names) > maxDisabled {
		return nil, fault.InvalidField("disabled", "must be at most %d names", maxDisabled).WithCode(fault.CodeSize)
	}
	out := []string{}
	for _, name := range names {
		m, ok := deviceprofiles.FindModel(name)
		if !ok {
			return nil, fault.InvalidField("disabled", "%.64q names no model of the catalogue", name).WithCode(fault.CodeUnknown)
		}
		out = append(out, m.Name)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// mayHaveModel checks that the partner hasn't switched the model off for the organisation.
func mayHaveModel(ctx context.Context, tx Tx, d Device) error {
	disabled, err := tx.DisabledModels(ctx, d.Tenant())
	if err != nil {
		return err
	}
	if slices.Contains(disabled, d.Model) {
		return fault.InvalidField("model", "%s is switched off for this organisation by its partner: choose another model", d.Model)
	}
	return nil
}
