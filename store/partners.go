package store

import (
	"context"

	"dialtone/customer"
)

type templateRow struct {
	ID             string `db:"id"`
	PartnerID      string `db:"partner_id"`
	ProvisioningID string `db:"provisioning_id"`
	Name           string `db:"name"`
	Country        string `db:"country"`
	Language       string `db:"language"`
	SubscriptionID string `db:"subscription_id"`
	Created        int64  `db:"created"`
}

const templateColumns = "id, partner_id, provisioning_id, name, country, language, subscription_id, created"

func (r templateRow) noun() customer.Template {
	return customer.Template{
		ID: customer.TemplateID(r.ID), Partner: customer.OrgID(r.PartnerID), ProvisioningID: r.ProvisioningID, Name: r.Name,
		Country: r.Country, Language: r.Language, SubscriptionID: r.SubscriptionID, Created: fromMicros(r.Created),
	}
}

// CreateTemplate implements customer.Tx.
func (t *tx) CreateTemplate(ctx context.Context, n customer.Template) error {
	return t.insert(ctx, "templates", templateColumns,
		string(n.ID), string(n.Partner), n.ProvisioningID, n.Name, n.Country, n.Language, n.SubscriptionID, micros(n.Created))
}

// SetTemplate implements customer.Tx.
func (t *tx) SetTemplate(ctx context.Context, n customer.Template) error {
	return t.change(ctx, "template", "UPDATE templates SET name = ?, country = ?, language = ?, subscription_id = ? WHERE partner_id = ? AND id = ?",
		n.Name, n.Country, n.Language, n.SubscriptionID, string(n.Partner), string(n.ID))
}

// DeleteTemplate implements customer.Tx.
func (t *tx) DeleteTemplate(ctx context.Context, partner customer.OrgID, id customer.TemplateID) error {
	return t.change(ctx, "template", "DELETE FROM templates WHERE partner_id = ? AND id = ?", string(partner), string(id))
}

// CountCustomers implements customer.Reader.
func (r reader) CountCustomers(ctx context.Context, partner customer.OrgID, template customer.TemplateID) (int, error) {
	var count int
	err := r.count(ctx, &count, "count customers", "SELECT count(*) FROM customers WHERE partner_id = ? AND template_id = ?", string(partner), string(template))
	return count, err
}

// Template implements customer.Reader.
func (r reader) Template(ctx context.Context, partner customer.OrgID, id customer.TemplateID) (customer.Template, error) {
	return r.template(ctx, partner, "id", string(id))
}

// TemplateByProvisioningID implements customer.Reader.
func (r reader) TemplateByProvisioningID(ctx context.Context, partner customer.OrgID, provisioningID string) (customer.Template, error) {
	return r.template(ctx, partner, "provisioning_id", provisioningID)
}

func (r reader) template(ctx context.Context, partner customer.OrgID, by, value string) (customer.Template, error) {
	var row templateRow
	err := r.get(ctx, &row, "template", "SELECT "+templateColumns+" FROM templates WHERE partner_id = ? AND "+by+" = ?", string(partner), value)
	return row.noun(), err
}

// Templates implements customer.Reader.
func (r reader) Templates(ctx context.Context, partner customer.OrgID, page customer.Page) ([]customer.Template, bool, error) {
	w := ofTenant("", customer.Tenant{Partner: partner})
	return list(ctx, r, w, page, templateRow.noun, "SELECT "+templateColumns+" FROM templates", "created, id")
}
