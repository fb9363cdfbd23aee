package store

import (
	"context"
	"slices"

	"dialtone/customer"
)

// DisabledModels implements provisioning.Reader.
func (r reader) DisabledModels(ctx context.Context, tenant customer.Tenant) ([]string, error) {
	models := []string{}
	err := r.all(ctx, &models, "read the models that are switched off",
		"SELECT model FROM disabled_models WHERE partner_id = ? AND org_id = ?", string(tenant.Partner), string(tenant.Customer))
	slices.Sort(models) // by bytes on every database
	return models, err
}

// SetDisabledModels implements provisioning.Tx.
func (t *tx) SetDisabledModels(ctx context.Context, tenant customer.Tenant, models []string) error {
	if _, err := t.Organization(ctx, tenant, tenant.Customer); err != nil {
		return err
	}
	_, err := t.exec(ctx, "switch models on", "DELETE FROM disabled_models WHERE partner_id = ? AND org_id = ?", string(tenant.Partner), string(tenant.Customer))
	if err != nil {
		return err
	}
	for chunk := range slices.Chunk(models, maxRows) {
		args := make([]any, 0, 3*len(chunk))
		for _, model := range chunk {
			args = append(args, string(tenant.Partner), string(tenant.Customer), model)
		}
		if err := t.insertRows(ctx, "disabled_models", "partner_id, org_id, model", len(chunk), args); err != nil {
			return err
		}
	}
	return nil
}
