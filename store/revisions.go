package store

import (
	"context"
	"time"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/provisioning"
)

type revisionRow struct {
	DeviceID  string `db:"device_id"`
	Revision  int64  `db:"revision"`
	PartnerID string `db:"partner_id"`
	OrgID     string `db:"org_id"`
	At        int64  `db:"at"`
	Actor     string `db:"actor"`
	Change    string `db:"change"`
	State     string `db:"state"`
	Files     []byte `db:"files"`
}

// What lists show of a revision, and what there is besides.
const (
	revisionListColumns = "device_id, revision, partner_id, org_id, at, actor, change"
	revisionColumns     = revisionListColumns + ", state, files"
)

func (r revisionRow) noun() provisioning.Revision {
	out := provisioning.Revision{
		Device: provisioning.DeviceID(r.DeviceID), Partner: customer.OrgID(r.PartnerID), Org: customer.OrgID(r.OrgID), Number: r.Revision,
		Time: fromMicros(r.At), Actor: r.Actor, Change: customer.EventKind(r.Change), Files: r.Files,
	}
	if r.State != "" {
		out.State = decode[provisioning.DeviceState](r.State)
	}
	return out
}

// CreateRevision implements provisioning.RevisionTx.
func (t *tx) CreateRevision(ctx context.Context, r provisioning.Revision, forgetTo int64) error {
	state, err := encode(r.State)
	if err != nil {
		return err
	}
	err = t.insert(ctx, "device_revisions", revisionColumns, string(r.Device), r.Number, string(r.Partner), string(r.Org), micros(r.Time), r.Actor, string(r.Change),
		state, []byte(r.Files))
	if err != nil || forgetTo <= 0 {
		return err
	}
	_, err = t.exec(ctx, "forget revisions", "DELETE FROM device_revisions WHERE device_id = ? AND revision <= ?", string(r.Device), forgetTo)
	return err
}

func ofDevice(tenant customer.Tenant, id provisioning.DeviceID) where {
	w := ofTenant("", tenant)
	w.add("device_id = ?", string(id))
	return w
}

// Revisions implements provisioning.RevisionReader.
func (r reader) Revisions(ctx context.Context, tenant customer.Tenant, device provisioning.DeviceID, before int64, limit int) ([]provisioning.Revision, error) {
	w := ofDevice(tenant, device)
	if before > 0 {
		w.add("revision < ?", before)
	}
	var rows []revisionRow
	err := r.all(ctx, &rows, "read revisions", "SELECT "+revisionListColumns+" FROM device_revisions"+w.text()+" ORDER BY revision DESC LIMIT ?", append(w.args, limit)...)
	return nouns(rows, revisionRow.noun), err
}

// Revision implements provisioning.RevisionReader.
func (r reader) Revision(ctx context.Context, tenant customer.Tenant, device provisioning.DeviceID, number int64) (provisioning.Revision, error) {
	w := ofDevice(tenant, device)
	w.add("revision = ?", number)
	var row revisionRow
	if err := r.get(ctx, &row, "revision", "SELECT "+revisionColumns+" FROM device_revisions"+w.text(), w.args...); err != nil {
		return provisioning.Revision{}, err
	}
	return row.noun(), nil
}

// RevisionAt implements provisioning.RevisionReader.
func (r reader) RevisionAt(ctx context.Context, tenant customer.Tenant, device provisioning.DeviceID, at time.Time) (provisioning.Revision, error) {
	w := ofDevice(tenant, device)
	w.add("at <= ?", micros(at))
	var row revisionRow
	if err := r.get(ctx, &row, "revision", "SELECT "+revisionColumns+" FROM device_revisions"+w.text()+" ORDER BY revision DESC LIMIT 1", w.args...); err != nil {
		return provisioning.Revision{}, err
	}
	return row.noun(), nil
}

type levelRevisionRow struct {
	SubjectID string `db:"subject_id"`
	Revision  int64  `db:"revision"`
	PartnerID string `db:"partner_id"`
	OrgID     string `db:"org_id"`
	Level     string `db:"level"`
	At        int64  `db:"at"`
	Actor     string `db:"actor"`
	State     string `db:"state"`
}

const levelRevisionColumns = "subject_id, revision, partner_id, org_id, level, at, actor, state"

// CreateLevelRevision implements provisioning.RevisionTx. Writers of the organisation take turns, so that the next number is nobody else's.
func (t *tx) CreateLevelRevision(ctx context.Context, r provisioning.LevelRevision, keep int64) error {
	state, err := encode(r.Settings)
	if err != nil {
		return err
	}
	var last int
	if err := t.count(ctx, &last, "count revisions", "SELECT COALESCE(max(revision), 0) FROM level_revisions WHERE subject_id = ?", r.Subject); err != nil {
		return err
	}
	number := int64(last) + 1
	err = t.insert(ctx, "level_revisions", levelRevisionColumns, r.Subject, number, string(r.Partner), string(r.Org), string(r.Level), micros(r.Time), r.Actor, state)
	if err != nil || number <= keep {
		return err
	}
	_, err = t.exec(ctx, "forget revisions", "DELETE FROM level_revisions WHERE subject_id = ? AND revision <= ?", r.Subject, number-keep)
	return err
}

// LevelRevisionAt implements provisioning.RevisionReader.
func (r reader) LevelRevisionAt(ctx context.Context, tenant customer.Tenant, subject string, at time.Time) (provisioning.LevelRevision, error) {
	w := ofTenant("", tenant)
	w.add("subject_id = ? AND at <= ?", subject, micros(at))
	var row levelRevisionRow
	err := r.get(ctx, &row, "revision", "SELECT "+levelRevisionColumns+" FROM level_revisions"+w.text()+" ORDER BY revision DESC LIMIT 1", w.args...)
	if err != nil {
		return provisioning.LevelRevision{}, err
	}
	return provisioning.LevelRevision{
		Subject: row.SubjectID, Level: deviceprofiles.SettingLevel(row.Level), Partner: customer.OrgID(row.PartnerID), Org: customer.OrgID(row.OrgID), Number: row.Revision,
		Time: fromMicros(row.At), Actor: row.Actor, Settings: decode[[]provisioning.SettingState](row.State),
	}, nil
}
