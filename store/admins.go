package store

import (
	"context"

	"dialtone/customer"
)

type partnerRow struct {
	ID           string `db:"id"`
	ParentID     string `db:"parent_id"`
	Name         string `db:"name"`
	State        string `db:"state"`
	Subscription string `db:"subscription_id"`
	BillingStart int64  `db:"billing_start"`
	Delayed      int    `db:"delayed_billing"`
	Created      int64  `db:"created"`
}

const partnerSelect = "SELECT id, COALESCE(parent_id, '') AS parent_id, name, state, subscription_id, billing_start, delayed_billing, created FROM partners"

func (r partnerRow) noun() customer.Partner {
	return customer.Partner{
		ID: customer.OrgID(r.ID), Parent: customer.OrgID(r.ParentID), Name: r.Name, State: customer.PartnerState(r.State), Subscription: r.Subscription,
		BillingStart: fromMicros(r.BillingStart), DelayedBilling: r.Delayed == 1, Created: fromMicros(r.Created),
	}
}

// CreatePartner implements customer.Tx.
func (t *tx) CreatePartner(ctx context.Context, p customer.Partner) error {
	return t.insert(ctx, "partners", "id, parent_id, name, state, subscription_id, billing_start, delayed_billing, created",
		string(p.ID), nullable(p.Parent), p.Name, string(p.State), p.Subscription, micros(p.BillingStart), flag(p.DelayedBilling), micros(p.Created))
}

// SetPartner implements customer.Tx.
func (t *tx) SetPartner(ctx context.Context, p customer.Partner) error {
	return t.change(ctx, "sub-partner", "UPDATE partners SET name = ?, state = ? WHERE parent_id = ? AND id = ?", p.Name, string(p.State), string(p.Parent), string(p.ID))
}

// SetSettings implements customer.Tx.
func (t *tx) SetSettings(ctx context.Context, partner customer.OrgID, s customer.Settings) error {
	return t.change(ctx, "partner", "UPDATE partners SET delayed_billing = ? WHERE id = ?", flag(s.DelayedBilling), string(partner))
}

// Partner implements customer.Reader.
func (r reader) Partner(ctx context.Context, id customer.OrgID) (customer.Partner, error) {
	var row partnerRow
	err := r.get(ctx, &row, "partner", partnerSelect+" WHERE id = ?", string(id))
	return row.noun(), err
}

// SubPartner implements customer.Reader.
func (r reader) SubPartner(ctx context.Context, parent, id customer.OrgID) (customer.Partner, error) {
	var row partnerRow
	err := r.get(ctx, &row, "sub-partner", partnerSelect+" WHERE parent_id = ? AND id = ?", string(parent), string(id))
	return row.noun(), err
}

// SubPartners implements customer.Reader.
func (r reader) SubPartners(ctx context.Context, parent customer.OrgID, state customer.PartnerState, page customer.Page) ([]customer.Partner, bool, error) {
	w := where{}
	w.add("parent_id = ?", string(parent))
	w.equal("state", string(state))
	return list(ctx, r, w, page, partnerRow.noun, partnerSelect, "created, id")
}

type adminRow struct {
	ID        string `db:"id"`
	PartnerID string `db:"partner_id"`
	OrgID     string `db:"org_id"`
	Email     string `db:"email"`
	FirstName string `db:"first_name"`
	LastName  string `db:"last_name"`
	Role      string `db:"role"`
	Created   int64  `db:"created"`
}

const adminColumns = "id, partner_id, org_id, email, first_name, last_name, role, created"

func (r adminRow) noun() customer.Admin {
	return customer.Admin{
		ID: customer.AdminID(r.ID), Partner: customer.OrgID(r.PartnerID), Org: customer.OrgID(r.OrgID), Email: r.Email, FirstName: r.FirstName,
		LastName: r.LastName, Role: customer.Role(r.Role), Created: fromMicros(r.Created),
	}
}

// CreateAdmin implements customer.Tx.
func (t *tx) CreateAdmin(ctx context.Context, a customer.Admin) error {
	return t.insert(ctx, "admins", adminColumns,
		string(a.ID), string(a.Partner), string(a.Org), a.Email, a.FirstName, a.LastName, string(a.Role), micros(a.Created))
}

// SetAdmin implements customer.Tx.
func (t *tx) SetAdmin(ctx context.Context, a customer.Admin) error {
	return t.change(ctx, "administrator", "UPDATE admins SET first_name = ?, last_name = ?, role = ? WHERE partner_id = ? AND id = ?",
		a.FirstName, a.LastName, string(a.Role), string(a.Partner), string(a.ID))
}

// DeleteAdmin implements customer.Tx.
func (t *tx) DeleteAdmin(ctx context.Context, partner customer.OrgID, id customer.AdminID) error {
	return t.change(ctx, "administrator", "DELETE FROM admins WHERE partner_id = ? AND id = ?", string(partner), string(id))
}

// Admin implements customer.Reader.
func (r reader) Admin(ctx context.Context, tenant customer.Tenant, id customer.AdminID) (customer.Admin, error) {
	w := ofTenant("", tenant)
	w.add("id = ?", string(id))
	var row adminRow
	err := r.get(ctx, &row, "administrator", "SELECT "+adminColumns+" FROM admins"+w.text(), w.args...)
	return row.noun(), err
}

// Admins implements customer.Reader.
func (r reader) Admins(ctx context.Context, tenant customer.Tenant, page customer.Page) ([]customer.Admin, bool, error) {
	return list(ctx, r, ofTenant("", tenant), page, adminRow.noun, "SELECT "+adminColumns+" FROM admins", "created, id")
}

// CountAdmins implements customer.Reader.
func (r reader) CountAdmins(ctx context.Context, partner customer.OrgID, role customer.Role) (int, error) {
	var count int
	err := r.count(ctx, &count, "count administrators", "SELECT count(*) FROM admins WHERE partner_id = ? AND role = ?", string(partner), string(role))
	return count, err
}
