package fleet

import (
	"context"
	"time"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/provisioning"
)

// LineKeyTemplateID names a line key template, a UUID.
type LineKeyTemplateID string

// What happens to line key templates.
const (
	EventLineKeyTemplateCreated customer.EventKind = "line_key_template.created"
	EventLineKeyTemplateChanged customer.EventKind = "line_key_template.changed"
	EventLineKeyTemplateDeleted customer.EventKind = "line_key_template.deleted"
)

// LineKeyTemplate says what the keys of all phones of one model are for. Devices that it was applied to keep their layout when it changes.
type LineKeyTemplate struct {
	ID          LineKeyTemplateID
	Partner     customer.OrgID
	Org         customer.OrgID
	Name        string // unique in the organisation
	Model       string // wire name
	UserReorder bool   // whoever uses the phone may move keys
	Keys        []deviceprofiles.LineKey
	Created     time.Time
}

// Tenant returns whose template it is.
func (t LineKeyTemplate) Tenant() customer.Tenant {
	return customer.Tenant{Partner: t.Partner, Customer: t.Org}
}

// NewLineKeyTemplate is the input of CreateLineKeyTemplate.
type NewLineKeyTemplate struct {
	Name        string
	Model       string // wire name or display name
	UserReorder bool
	Keys        []deviceprofiles.LineKey
}

// maxLineKeyTemplates bounds the templates of an organisation: some for each model of the catalogue.
const maxLineKeyTemplates = 500

// CreateLineKeyTemplate makes a line key template of an organisation. fault.Invalid names the fields that break a rule; fault.Conflict when the name is in use,
// or there are too many.
func (s *Service) CreateLineKeyTemplate(ctx context.Context, actor customer.Actor, tenant customer.Tenant, in NewLineKeyTemplate) (LineKeyTemplate, error) {
	if err := provisioning.OneOrganisation(tenant); err != nil {
		return LineKeyTemplate{}, err
	}
	model, ok := deviceprofiles.FindModel(in.Model)
	if !ok {
		return LineKeyTemplate{}, fault.InvalidField("deviceModel", "names no model of the catalogue")
	}
	if in.Name == "" {
		return LineKeyTemplate{}, fault.InvalidField("templateName", "is needed").WithCode(fault.CodeMissing)
	}
	if err := deviceprofiles.CheckDisplayName("templateName", in.Name); err != nil {
		return LineKeyTemplate{}, err
	}
	if err := deviceprofiles.CheckTemplateKeys(model, in.Keys); err != nil {
		return LineKeyTemplate{}, err
	}
	t := LineKeyTemplate{
		ID: LineKeyTemplateID(s.newID()), Partner: tenant.Partner, Org: tenant.Customer, Name: in.Name, Model: model.Name, UserReorder: in.UserReorder, Keys: in.Keys,
		Created: s.now(),
	}
	return t, s.store.Update(ctx, tenant, func(tx Tx) error {
		list, err := tx.LineKeyTemplates(ctx, tenant)
		if err != nil {
			return err
		}
		if len(list) >= maxLineKeyTemplates {
			return fault.New(fault.Conflict, "The organisation has %d line key templates, the most that there can be. Delete one first.", len(list)).WithCode(fault.CodeTooMany)
		}
		if err := tx.CreateLineKeyTemplate(ctx, t); err != nil {
			return err
		}
		return s.recordTemplate(ctx, tx, actor, t, EventLineKeyTemplateCreated)
	})
}

func (s *Service) recordTemplate(ctx context.Context, tx Tx, actor customer.Actor, t LineKeyTemplate, kind customer.EventKind) error {
	return tx.Record(ctx, customer.Event{
		Time: s.now(), Tenant: t.Tenant(), Actor: actor.Email, Kind: kind, Subject: string(t.ID), Data: map[string]any{"name": t.Name, "model": t.Model, "keys": len(t.Keys)},
	})
}

// LineKeyTemplate returns a line key template.
func (s *Service) LineKeyTemplate(ctx context.Context, tenant customer.Tenant, id LineKeyTemplateID) (LineKeyTemplate, error) {
	return s.store.LineKeyTemplate(ctx, tenant, id)
}

// LineKeyTemplates lists the line key templates of an organisation.
func (s *Service) LineKeyTemplates(ctx context.Context, tenant customer.Tenant) ([]LineKeyTemplate, error) {
	if err := provisioning.OneOrganisation(tenant); err != nil {
		return nil, err
	}
	return s.store.LineKeyTemplates(ctx, tenant)
}

// ChangeLineKeyTemplate replaces the keys of a line key template, and whether they can be moved unless that is nil. Its name and model stay.
func (s *Service) ChangeLineKeyTemplate(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id LineKeyTemplateID, userReorder *bool, keys []deviceprofiles.LineKey) error {
	before, err := s.store.LineKeyTemplate(ctx, tenant, id)
	if err != nil {
		return err
	}
	model, ok := deviceprofiles.FindModel(before.Model)
	if !ok {
		return fault.New(fault.Internal, "line key template %s has model %q", id, before.Model)
	}
	if err := deviceprofiles.CheckTemplateKeys(model, keys); err != nil {
		return err
	}
	return s.store.Update(ctx, before.Tenant(), func(tx Tx) error {
		t, err := tx.LineKeyTemplate(ctx, before.Tenant(), id)
		if err != nil {
			return err
		}
		if t.Keys = keys; userReorder != nil {
			t.UserReorder = *userReorder
		}
		if err := tx.SetLineKeyTemplate(ctx, t); err != nil {
			return err
		}
		return s.recordTemplate(ctx, tx, actor, t, EventLineKeyTemplateChanged)
	})
}

// DeleteLineKeyTemplate deletes a line key template. Devices that it was applied to keep their layout.
func (s *Service) DeleteLineKeyTemplate(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id LineKeyTemplateID) error {
	t, err := s.store.LineKeyTemplate(ctx, tenant, id)
	if err != nil {
		return err
	}
	return s.store.Update(ctx, t.Tenant(), func(tx Tx) error {
		if err := tx.DeleteLineKeyTemplate(ctx, t.Tenant(), id); err != nil {
			return err
		}
		return s.recordTemplate(ctx, tx, actor, t, EventLineKeyTemplateDeleted)
	})
}
