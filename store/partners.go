package store

import (
	"context"
	"database/sql"

	"dialtone/customer"
)

type templateRow struct {
	ID                     string         `db:"id"`
	PartnerID              string         `db:"partner_id"`
	ProvisioningID         string         `db:"provisioning_id"`
	Name                   string         `db:"name"`
	Country                string         `db:"country"`
	Language               string         `db:"language"`
	SubscriptionID         string         `db:"subscription_id"`
	Created                int64          `db:"created"`
	Type                   string         `db:"type"`
	ServiceProviderAdmin   string         `db:"service_provider_admin"`
	Authentication         string         `db:"authentication"`
	EntityID               string         `db:"entity_id"`
	IdentityProviderID     sql.NullString `db:"identity_provider_id"`
	IdentityProviderName   sql.NullString `db:"identity_provider_name"`
	PSTNVendorID           sql.NullString `db:"pstn_vendor_id"`
	BrandName              string         `db:"brand_name"`
	AllowAdminInviteEmails int            `db:"allow_admin_invite_emails"`
	AllowNonPSTNCalls      int            `db:"allow_non_pstn_calls"`
}

const templateColumns = "id, partner_id, provisioning_id, name, country, language, subscription_id, created, type, service_provider_admin, authentication, entity_id, identity_provider_id, pstn_vendor_id, brand_name, allow_admin_invite_emails, allow_non_pstn_calls"

func templateSelect() string {
	return "SELECT " + qualified("t", templateColumns, false) + ", p.name AS identity_provider_name FROM templates t LEFT JOIN identity_providers p ON p.id = t.identity_provider_id"
}

func (r templateRow) noun() customer.Template {
	return customer.Template{
		ID: customer.TemplateID(r.ID), Partner: customer.OrgID(r.PartnerID), ProvisioningID: r.ProvisioningID, Name: r.Name,
		Country: r.Country, Language: r.Language, SubscriptionID: r.SubscriptionID, Created: fromMicros(r.Created),
		Type: customer.TemplateType(r.Type), ServiceProviderAdmin: r.ServiceProviderAdmin,
		Authentication: customer.Authentication{
			Mode: customer.AuthenticationMode(r.Authentication), EntityID: r.EntityID, IdentityProvider: customer.IdentityProviderID(r.IdentityProviderID.String),
		},
		IdentityProviderName: r.IdentityProviderName.String, PSTNVendor: customer.PSTNVendorID(r.PSTNVendorID.String), BrandName: r.BrandName,
		AllowAdminInviteEmails: r.AllowAdminInviteEmails == 1, AllowNonPSTNCalls: r.AllowNonPSTNCalls == 1,
	}
}

// CreateTemplate implements customer.Tx.
func (t *tx) CreateTemplate(ctx context.Context, n customer.Template) error {
	a := n.Authentication
	return t.insert(ctx, "templates", templateColumns,
		string(n.ID), string(n.Partner), n.ProvisioningID, n.Name, n.Country, n.Language, n.SubscriptionID, micros(n.Created), string(n.Type), n.ServiceProviderAdmin,
		string(a.Mode), a.EntityID, nullable(a.IdentityProvider), nullable(n.PSTNVendor), n.BrandName, flag(n.AllowAdminInviteEmails), flag(n.AllowNonPSTNCalls))
}

// SetTemplate implements customer.Tx.
func (t *tx) SetTemplate(ctx context.Context, n customer.Template) error {
	a := n.Authentication
	return t.change(ctx, "template", `UPDATE templates SET name = ?, country = ?, language = ?, subscription_id = ?, type = ?, service_provider_admin = ?,
		authentication = ?, entity_id = ?, identity_provider_id = ?, pstn_vendor_id = ?, brand_name = ?, allow_admin_invite_emails = ?, allow_non_pstn_calls = ?
		WHERE partner_id = ? AND id = ?`, n.Name, n.Country, n.Language, n.SubscriptionID, string(n.Type), n.ServiceProviderAdmin,
		string(a.Mode), a.EntityID, nullable(a.IdentityProvider), nullable(n.PSTNVendor), n.BrandName, flag(n.AllowAdminInviteEmails), flag(n.AllowNonPSTNCalls),
		string(n.Partner), string(n.ID))
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
	err := r.get(ctx, &row, "template", templateSelect()+" WHERE t.partner_id = ? AND t."+by+" = ?", string(partner), value)
	return row.noun(), err
}

// Templates implements customer.Reader.
func (r reader) Templates(ctx context.Context, partner customer.OrgID, page customer.Page) ([]customer.Template, bool, error) {
	w := ofTenant("t.", customer.Tenant{Partner: partner})
	return list(ctx, r, w, page, templateRow.noun, templateSelect(), "t.created, t.id")
}
