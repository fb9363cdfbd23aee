package store

import (
	"context"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fleet"
)

type lineKeyTemplateRow struct {
	ID          string `db:"id"`
	PartnerID   string `db:"partner_id"`
	OrgID       string `db:"org_id"`
	Name        string `db:"name"`
	Model       string `db:"model"`
	UserReorder int    `db:"user_reorder"`
	LineKeys    string `db:"line_keys"`
	Created     int64  `db:"created"`
}

const lineKeyTemplateColumns = "id, partner_id, org_id, name, model, user_reorder, line_keys, created"

func (r lineKeyTemplateRow) noun() fleet.LineKeyTemplate {
	return fleet.LineKeyTemplate{
		ID: fleet.LineKeyTemplateID(r.ID), Partner: customer.OrgID(r.PartnerID), Org: customer.OrgID(r.OrgID), Name: r.Name, Model: r.Model,
		UserReorder: r.UserReorder == 1, Keys: decode[[]deviceprofiles.LineKey](r.LineKeys), Created: fromMicros(r.Created),
	}
}

// CreateLineKeyTemplate implements fleet.Tx.
func (t *tx) CreateLineKeyTemplate(ctx context.Context, one fleet.LineKeyTemplate) error {
	keys, err := encode(one.Keys)
	if err != nil {
		return err
	}
	return t.insert(ctx, "line_key_templates", lineKeyTemplateColumns, string(one.ID), string(one.Partner), string(one.Org), one.Name, one.Model, flag(one.UserReorder), keys, micros(one.Created))
}

// SetLineKeyTemplate implements fleet.Tx.
func (t *tx) SetLineKeyTemplate(ctx context.Context, one fleet.LineKeyTemplate) error {
	keys, err := encode(one.Keys)
	if err != nil {
		return err
	}
	w := oneLineKeyTemplate(one.Tenant(), one.ID)
	return t.change(ctx, "line key template", "UPDATE line_key_templates SET user_reorder = ?, line_keys = ?"+w.text(), append([]any{flag(one.UserReorder), keys}, w.args...)...)
}

// DeleteLineKeyTemplate implements fleet.Tx.
func (t *tx) DeleteLineKeyTemplate(ctx context.Context, tenant customer.Tenant, id fleet.LineKeyTemplateID) error {
	w := oneLineKeyTemplate(tenant, id)
	return t.change(ctx, "line key template", "DELETE FROM line_key_templates"+w.text(), w.args...)
}

func oneLineKeyTemplate(tenant customer.Tenant, id fleet.LineKeyTemplateID) where {
	w := ofTenant("", tenant)
	w.add("id = ?", string(id))
	return w
}

// LineKeyTemplate implements fleet.Reader.
func (r reader) LineKeyTemplate(ctx context.Context, tenant customer.Tenant, id fleet.LineKeyTemplateID) (fleet.LineKeyTemplate, error) {
	w := oneLineKeyTemplate(tenant, id)
	var row lineKeyTemplateRow
	if err := r.get(ctx, &row, "line key template", "SELECT "+lineKeyTemplateColumns+" FROM line_key_templates"+w.text(), w.args...); err != nil {
		return fleet.LineKeyTemplate{}, err
	}
	return row.noun(), nil
}

// LineKeyTemplates implements fleet.Reader.
func (r reader) LineKeyTemplates(ctx context.Context, tenant customer.Tenant) ([]fleet.LineKeyTemplate, error) {
	w := ofTenant("", tenant)
	var rows []lineKeyTemplateRow
	err := r.all(ctx, &rows, "list line key templates", "SELECT "+lineKeyTemplateColumns+" FROM line_key_templates"+w.text()+" ORDER BY created, id LIMIT ?", append(w.args, maxRows)...)
	return nouns(rows, lineKeyTemplateRow.noun), err
}
