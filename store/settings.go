package store

import (
	"context"
	"slices"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/provisioning"
)

type settingRow struct {
	SubjectID string `db:"subject_id"`
	Scope     string `db:"scope"`
	Name      string `db:"name"`
	PartnerID string `db:"partner_id"`
	OrgID     string `db:"org_id"`
	Level     string `db:"level"`
	Value     string `db:"value"`
	Sealed    []byte `db:"sealed"`
	Changed   int64  `db:"changed"`
	Actor     string `db:"actor"`
}

const settingColumns = "subject_id, scope, name, partner_id, org_id, level, value, sealed, changed, actor"

func (r settingRow) noun() provisioning.Setting {
	return provisioning.Setting{
		Subject: r.SubjectID, Level: deviceprofiles.SettingLevel(r.Level), Partner: customer.OrgID(r.PartnerID), Org: customer.OrgID(r.OrgID),
		Key:   deviceprofiles.SettingKey{Scope: deviceprofiles.SettingScope(r.Scope), Name: r.Name},
		Value: r.Value, Sealed: r.Sealed, Changed: fromMicros(r.Changed), Actor: r.Actor,
	}
}

// Settings implements provisioning.SettingReader.
func (r reader) Settings(ctx context.Context, tenant customer.Tenant, subjects ...string) ([]provisioning.Setting, error) {
	w := ofTenant("", tenant)
	w.among("subject_id", subjects)
	var rows []settingRow
	err := r.all(ctx, &rows, "read settings", "SELECT "+settingColumns+" FROM settings"+w.text()+" ORDER BY subject_id, scope, name", w.args...)
	return nouns(rows, settingRow.noun), err
}

// PutSettings implements provisioning.SettingTx.
func (t *tx) PutSettings(ctx context.Context, settings []provisioning.Setting) error {
	for part := range slices.Chunk(settings, maxRows) {
		args := make([]any, 0, 10*len(part))
		for _, s := range part {
			args = append(args, s.Subject, string(s.Key.Scope), s.Key.Name, string(s.Partner), string(s.Org), string(s.Level), s.Value, []byte(s.Sealed), micros(s.Changed), s.Actor)
		}
		_, err := t.exec(ctx, "write settings", "INSERT INTO settings ("+settingColumns+") VALUES "+tuples(len(part), 10)+
			" ON CONFLICT (subject_id, scope, name) DO UPDATE SET value = excluded.value, sealed = excluded.sealed, changed = excluded.changed, actor = excluded.actor", args...)
		if err != nil {
			return err
		}
	}
	return nil
}

// ClearSettings implements provisioning.SettingTx.
func (t *tx) ClearSettings(ctx context.Context, tenant customer.Tenant, subject string, keys []deviceprofiles.SettingKey) error {
	for _, k := range keys {
		w := ofTenant("", tenant)
		w.add("subject_id = ? AND scope = ? AND name = ?", subject, string(k.Scope), k.Name)
		if _, err := t.exec(ctx, "clear settings", "DELETE FROM settings"+w.text(), w.args...); err != nil {
			return err
		}
	}
	return nil
}
