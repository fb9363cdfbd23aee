package store

import (
	"context"
	"slices"
	"time"

	"dialtone/customer"
	"dialtone/provisioning"
)

type alarmRow struct {
	ID         string `db:"id"`
	PartnerID  string `db:"partner_id"`
	OrgID      string `db:"org_id"`
	LocationID string `db:"location_id"`
	Kind       string `db:"kind"`
	Subject    string `db:"subject"`
	Sentence   string `db:"sentence"`
	NextStep   string `db:"next_step"`
	Open       int    `db:"is_open"`
	Raised     int64  `db:"raised"`
	Seen       int64  `db:"seen"`
	Cleared    int64  `db:"cleared"`
}

const alarmColumns = "id, partner_id, org_id, location_id, kind, subject, sentence, next_step, is_open, raised, seen, cleared"

func (r alarmRow) noun() provisioning.Alarm {
	return provisioning.Alarm{
		ID: provisioning.AlarmID(r.ID), Tenant: customer.Tenant{Partner: customer.OrgID(r.PartnerID), Customer: customer.OrgID(r.OrgID)},
		Location: customer.LocationID(r.LocationID), Kind: provisioning.AlarmKind(r.Kind), Subject: r.Subject, Sentence: r.Sentence, NextStep: r.NextStep,
		Open: r.Open == 1, Raised: fromMicros(r.Raised), Seen: fromMicros(r.Seen), Cleared: fromMicros(r.Cleared),
	}
}

// RaiseAlarm implements provisioning.AlarmTx.
func (t *tx) RaiseAlarm(ctx context.Context, a provisioning.Alarm) (bool, error) {
	var id string
	err := t.get(ctx, &id, "alarm", "INSERT INTO alarms ("+alarmColumns+") VALUES "+tuples(1, 12)+
		" ON CONFLICT (partner_id, kind, subject) WHERE is_open = 1 DO UPDATE SET seen = excluded.seen RETURNING id",
		string(a.ID), string(a.Tenant.Partner), string(a.Tenant.Customer), string(a.Location), string(a.Kind), a.Subject, a.Sentence, a.NextStep,
		flag(a.Open), micros(a.Raised), micros(a.Seen), micros(a.Cleared))
	return id == string(a.ID), err
}

// ClearAlarm implements provisioning.AlarmTx.
func (t *tx) ClearAlarm(ctx context.Context, tenant customer.Tenant, id provisioning.AlarmID, at time.Time) (bool, error) {
	w := ofTenant("", tenant)
	w.add("id = ?", string(id))
	w.add("is_open = 1")
	n, err := t.exec(ctx, "clear an alarm", "UPDATE alarms SET is_open = 0, cleared = ?"+w.text(), append([]any{micros(at)}, w.args...)...)
	return n > 0, err
}

// Alarms implements provisioning.WatchReader.
func (r reader) Alarms(ctx context.Context, tenant customer.Tenant, page customer.Page) ([]provisioning.Alarm, bool, error) {
	page.After = customer.Cursor{}
	return list(ctx, r, ofTenant("", tenant), page, alarmRow.noun, "SELECT "+alarmColumns+" FROM alarms", "is_open DESC, raised DESC, id DESC")
}

// AnyTenantSiteAlarms implements provisioning.WatchStore.
func (r reader) AnyTenantSiteAlarms(ctx context.Context, locations []customer.LocationID) ([]provisioning.Alarm, error) {
	var all []alarmRow
	for part := range slices.Chunk(texts(locations), maxRows) {
		var rows []alarmRow
		if err := r.in(ctx, &rows, "read alarms", "SELECT "+alarmColumns+" FROM alarms WHERE is_open = 1 AND location_id <> '' AND location_id IN ", part, " ORDER BY id"); err != nil {
			return nil, err
		}
		all = append(all, rows...)
	}
	return nouns(all, alarmRow.noun), nil
}

// AnyTenantQuietAlarms implements provisioning.WatchStore.
func (r reader) AnyTenantQuietAlarms(ctx context.Context, kind provisioning.AlarmKind, before time.Time, limit int) ([]provisioning.Alarm, error) {
	var rows []alarmRow
	err := r.all(ctx, &rows, "read alarms", "SELECT "+alarmColumns+" FROM alarms WHERE is_open = 1 AND seen < ? AND kind = ? ORDER BY seen LIMIT ?", micros(before), string(kind), limit)
	return nouns(rows, alarmRow.noun), err
}

// ForgetWatched implements provisioning.WatchStore.
func (s *database) ForgetWatched(ctx context.Context, address, unknown, alarm time.Time, limit int) error {
	for _, old := range []struct {
		query  string
		before time.Time
	}{
		{"DELETE FROM known_addresses WHERE (address, org_id) IN (SELECT address, org_id FROM known_addresses WHERE last < ? ORDER BY last LIMIT ?" + s.dialect.lockFreeRows() + ")", address},
		{"DELETE FROM unknown_devices WHERE mac IN (SELECT mac FROM unknown_devices WHERE last < ? ORDER BY last LIMIT ?" + s.dialect.lockFreeRows() + ")", unknown},
		{"DELETE FROM alarms WHERE id IN (SELECT id FROM alarms WHERE is_open = 0 AND seen < ? ORDER BY seen LIMIT ?" + s.dialect.lockFreeRows() + ")", alarm},
	} {
		err := s.transact(ctx, func(t *tx) error {
			_, err := t.exec(ctx, "forget what is old", old.query, micros(old.before), limit)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
