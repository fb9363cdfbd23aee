package store

import (
	"context"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/provisioning"
)

type uploadRow struct {
	DeviceID  string `db:"device_id"`
	Name      string `db:"name"`
	PartnerID string `db:"partner_id"`
	OrgID     string `db:"org_id"`
	Kind      string `db:"kind"`
	Size      int    `db:"size"`
	Created   int64  `db:"created"`
	Changed   int64  `db:"changed"`
	Body      []byte `db:"body"`
}

// What lists show of an upload, and what there is besides.
const (
	uploadListColumns = "device_id, name, partner_id, org_id, kind, size, created, changed"
	uploadColumns     = uploadListColumns + ", body"
)

func (r uploadRow) noun() provisioning.StoredUpload {
	return provisioning.StoredUpload{
		Partner: customer.OrgID(r.PartnerID), Org: customer.OrgID(r.OrgID), Device: provisioning.DeviceID(r.DeviceID), Name: r.Name,
		Kind: deviceprofiles.UploadKind(r.Kind), Size: r.Size, Body: r.Body, Created: fromMicros(r.Created), Changed: fromMicros(r.Changed),
	}
}

// uploadsOf finds the uploads of a device.
func uploadsOf(tenant customer.Tenant, device provisioning.DeviceID) where {
	w := ofTenant("", tenant)
	w.add("device_id = ?", string(device))
	return w
}

// Uploads implements provisioning.UploadReader.
func (r reader) Uploads(ctx context.Context, tenant customer.Tenant, device provisioning.DeviceID) ([]provisioning.StoredUpload, error) {
	w := uploadsOf(tenant, device)
	var rows []uploadRow
	err := r.all(ctx, &rows, "list uploads", "SELECT "+uploadListColumns+" FROM uploads"+w.text()+" ORDER BY name LIMIT ?", append(w.args, maxRows)...)
	return nouns(rows, uploadRow.noun), err
}

// Upload implements provisioning.UploadReader.
func (r reader) Upload(ctx context.Context, tenant customer.Tenant, device provisioning.DeviceID, name string) (provisioning.StoredUpload, error) {
	w := uploadsOf(tenant, device)
	w.add("name = ?", name)
	var row uploadRow
	if err := r.get(ctx, &row, "upload", "SELECT "+uploadColumns+" FROM uploads"+w.text(), w.args...); err != nil {
		return provisioning.StoredUpload{}, err
	}
	return row.noun(), nil
}

// UploadBytes implements provisioning.UploadReader.
func (r reader) UploadBytes(ctx context.Context, tenant customer.Tenant) (int, error) {
	var sum int
	err := r.count(ctx, &sum, "add up uploads", "SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM uploads WHERE partner_id = ? AND org_id = ?",
		string(tenant.Partner), string(tenant.Customer))
	return sum, err
}

// PutUpload implements provisioning.UploadTx.
func (t *tx) PutUpload(ctx context.Context, u provisioning.StoredUpload) error {
	return t.change(ctx, "upload", "INSERT INTO uploads ("+uploadColumns+") VALUES "+tuples(1, 9)+
		" ON CONFLICT (device_id, name) DO UPDATE SET kind = excluded.kind, size = excluded.size, changed = excluded.changed, body = excluded.body WHERE uploads.partner_id = excluded.partner_id AND uploads.org_id = excluded.org_id",
		string(u.Device), u.Name, string(u.Partner), string(u.Org), string(u.Kind), u.Size, micros(u.Created), micros(u.Changed), []byte(u.Body))
}

// DeleteUpload implements provisioning.UploadTx.
func (t *tx) DeleteUpload(ctx context.Context, tenant customer.Tenant, device provisioning.DeviceID, name string) error {
	w := uploadsOf(tenant, device)
	w.add("name = ?", name)
	return t.change(ctx, "upload", "DELETE FROM uploads"+w.text(), w.args...)
}

// DeleteUploads implements provisioning.UploadTx.
func (t *tx) DeleteUploads(ctx context.Context, tenant customer.Tenant, device provisioning.DeviceID) error {
	w := uploadsOf(tenant, device)
	_, err := t.exec(ctx, "delete uploads", "DELETE FROM uploads"+w.text(), w.args...)
	return err
}
