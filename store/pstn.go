package store

import (
	"context"

	"dialtone/customer"
)

type pstnVendorRow struct {
	ID        string `db:"id"`
	PartnerID string `db:"partner_id"`
	Name      string `db:"name"`
	Countries string `db:"countries"`
	Created   int64  `db:"created"`
}

const pstnVendorColumns = "id, partner_id, name, countries, created"

func (r pstnVendorRow) noun() customer.PSTNVendor {
	return customer.PSTNVendor{
		ID: customer.PSTNVendorID(r.ID), Partner: customer.OrgID(r.PartnerID), Name: r.Name, Countries: decode[[]string](r.Countries),
		Created: fromMicros(r.Created),
	}
}

// CreatePSTNVendor implements customer.PSTNVendorWriter.
func (t *tx) CreatePSTNVendor(ctx context.Context, v customer.PSTNVendor) error {
	countries, err := encode(v.Countries)
	if err != nil {
		return err
	}
	return t.insert(ctx, "pstn_vendors", pstnVendorColumns, string(v.ID), string(v.Partner), v.Name, countries, micros(v.Created))
}

// SetPSTNVendor implements customer.PSTNVendorWriter.
func (t *tx) SetPSTNVendor(ctx context.Context, v customer.PSTNVendor) error {
	countries, err := encode(v.Countries)
	if err != nil {
		return err
	}
	return t.change(ctx, "PSTN vendor", "UPDATE pstn_vendors SET name = ?, countries = ? WHERE partner_id = ? AND id = ?",
		v.Name, countries, string(v.Partner), string(v.ID))
}

// DeletePSTNVendor implements customer.PSTNVendorWriter.
func (t *tx) DeletePSTNVendor(ctx context.Context, partner customer.OrgID, id customer.PSTNVendorID) error {
	return t.change(ctx, "PSTN vendor", "DELETE FROM pstn_vendors WHERE partner_id = ? AND id = ?", string(partner), string(id))
}

// PSTNVendor implements customer.PSTNVendorReader.
func (r reader) PSTNVendor(ctx context.Context, partner customer.OrgID, id customer.PSTNVendorID) (customer.PSTNVendor, error) {
	var row pstnVendorRow
	err := r.get(ctx, &row, "PSTN vendor", "SELECT "+pstnVendorColumns+" FROM pstn_vendors WHERE partner_id = ? AND id = ?", string(partner), string(id))
	return row.noun(), err
}

// PSTNVendors implements customer.PSTNVendorReader.
func (r reader) PSTNVendors(ctx context.Context, partner customer.OrgID, page customer.Page) ([]customer.PSTNVendor, bool, error) {
	w := ofTenant("", customer.Tenant{Partner: partner})
	return list(ctx, r, w, page, pstnVendorRow.noun, "SELECT "+pstnVendorColumns+" FROM pstn_vendors", "created, id")
}
