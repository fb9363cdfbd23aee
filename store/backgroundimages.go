package store

import (
	"context"

	"dialtone/customer"
	"dialtone/provisioning"
)

type backgroundImageRow struct {
	OrgID       string `db:"org_id"`
	FileName    string `db:"file_name"`
	PartnerID   string `db:"partner_id"`
	PublicName  string `db:"public_name"`
	ContentType string `db:"content_type"`
	Created     int64  `db:"created"`
	Body        []byte `db:"body"`
}

// What lists show of an image, and what there is besides.
const (
	backgroundImageListColumns = "org_id, file_name, partner_id, public_name, content_type, created"
	backgroundImageColumns     = backgroundImageListColumns + ", body"
)

func (r backgroundImageRow) noun() provisioning.BackgroundImage {
	return provisioning.BackgroundImage{
		Partner: customer.OrgID(r.PartnerID), Org: customer.OrgID(r.OrgID), FileName: r.FileName, PublicName: r.PublicName, ContentType: r.ContentType, Body: r.Body,
		Created: fromMicros(r.Created),
	}
}

// CreateBackgroundImage implements provisioning.ImageTx.
func (t *tx) CreateBackgroundImage(ctx context.Context, i provisioning.BackgroundImage) error {
	return t.insert(ctx, "background_images", backgroundImageColumns, string(i.Org), i.FileName, string(i.Partner), i.PublicName, i.ContentType, micros(i.Created), i.Body)
}

// DeleteBackgroundImage implements provisioning.ImageTx.
func (t *tx) DeleteBackgroundImage(ctx context.Context, tenant customer.Tenant, fileName string) error {
	w := ofTenant("", tenant)
	w.add("file_name = ?", fileName)
	return t.change(ctx, "background image", "DELETE FROM background_images"+w.text(), w.args...)
}

// BackgroundImages implements provisioning.ImageReader.
func (r reader) BackgroundImages(ctx context.Context, tenant customer.Tenant) ([]provisioning.BackgroundImage, error) {
	w := ofTenant("", tenant)
	var rows []backgroundImageRow
	err := r.all(ctx, &rows, "list background images", "SELECT "+backgroundImageListColumns+" FROM background_images"+w.text()+" ORDER BY created, file_name LIMIT ?", append(w.args, maxRows)...)
	return nouns(rows, backgroundImageRow.noun), err
}

// AnyTenantBackgroundImage implements provisioning.ImageReader.
func (r reader) AnyTenantBackgroundImage(ctx context.Context, publicName string) (provisioning.BackgroundImage, error) {
	var row backgroundImageRow
	if err := r.get(ctx, &row, "background image", "SELECT "+backgroundImageColumns+" FROM background_images WHERE public_name = ?", publicName); err != nil {
		return provisioning.BackgroundImage{}, err
	}
	return row.noun(), nil
}

// SettingsWithValue implements provisioning.ImageReader.
func (r reader) SettingsWithValue(ctx context.Context, tenant customer.Tenant, values []string, limit int) ([]provisioning.Setting, error) {
	w := ofTenant("", tenant)
	w.anyOf("value", values)
	var rows []settingRow
	err := r.all(ctx, &rows, "find settings", "SELECT "+settingColumns+" FROM settings"+w.text()+" ORDER BY subject_id, scope, name LIMIT ?", append(w.args, limit)...)
	return nouns(rows, settingRow.noun), err
}
