package store

import (
	"context"
	"database/sql"
	"slices"

	"dialtone/customer"
	"dialtone/provisioning"
)

type firmwareRow struct {
	DeviceID      string `db:"device_id"`
	Version       string `db:"version"`
	Wanted        string `db:"wanted"`
	WantedVersion string `db:"wanted_version"`
	Fetched       string `db:"fetched"`
	Fetches       int    `db:"fetches"`
	First         int64  `db:"first_fetch"`
	Last          int64  `db:"last_fetch"`
	Looping       string `db:"looping"`
	News          int    `db:"news"`
}

const firmwareColumns = "device_id, version, wanted, wanted_version, fetched, fetches, first_fetch, last_fetch, looping, news"

// firmwareWidth is how many columns those are.
const firmwareWidth = 10

func (r firmwareRow) noun() provisioning.FirmwareState {
	return provisioning.FirmwareState{
		Version: r.Version, Wanted: r.Wanted, WantedVersion: r.WantedVersion, Fetched: r.Fetched, Fetches: r.Fetches, First: fromMicros(r.First),
		Last: fromMicros(r.Last), Looping: r.Looping, News: r.News == 1,
	}
}

// FirmwareState implements provisioning.FirmwareReader.
func (r reader) FirmwareState(ctx context.Context, tenant customer.Tenant, device provisioning.DeviceID) (provisioning.FirmwareState, error) {
	w := ofTenant("d.", tenant)
	w.add("d.id = ?", string(device))
	var rows []firmwareRow
	query := "SELECT " + qualified("f", firmwareColumns, false) + " FROM device_firmware f JOIN devices d ON d.id = f.device_id" + w.text()
	if err := r.all(ctx, &rows, "read a phone's firmware", query, w.args...); err != nil || len(rows) == 0 {
		return provisioning.FirmwareState{}, err
	}
	return rows[0].noun(), nil
}

// FirmwareCounts implements provisioning.FirmwareReader.
func (r reader) FirmwareCounts(ctx context.Context, tenant customer.Tenant, limit int) ([]provisioning.FirmwareCount, error) {
	w := ofTenant("d.", tenant)
	w.add("d.mac IS NOT NULL")
	var rows []struct {
		Model         string `db:"model"`
		Version       string `db:"version"`
		Wanted        string `db:"wanted"`
		WantedVersion string `db:"wanted_version"`
		Looping       string `db:"looping"`
		Count         int    `db:"devices"`
	}
	err := r.all(ctx, &rows, "count firmware", `SELECT d.model, coalesce(f.version, '') AS version, coalesce(f.wanted, '') AS wanted,
		coalesce(f.wanted_version, '') AS wanted_version, coalesce(f.looping, '') AS looping, count(*) AS devices
		FROM devices d LEFT JOIN device_firmware f ON f.device_id = d.id`+w.text()+" GROUP BY 1, 2, 3, 4, 5 ORDER BY 6 DESC, 1, 2, 3, 4, 5 LIMIT ?", append(w.args, limit)...)
	out := make([]provisioning.FirmwareCount, len(rows))
	for i, row := range rows {
		out[i] = provisioning.FirmwareCount{Model: row.Model, Count: row.Count, State: provisioning.FirmwareState{
			Version: row.Version, Wanted: row.Wanted, WantedVersion: row.WantedVersion, Looping: row.Looping,
		}}
	}
	return out, err
}

// AnyTenantFirmware implements provisioning.FirmwareReader.
func (r reader) AnyTenantFirmware(ctx context.Context, after provisioning.DeviceID, limit int) ([]provisioning.FirmwareDevice, error) {
	return r.firmwareOf(ctx, "LEFT JOIN device_firmware f ON f.device_id = d.id", "d.id > ? AND d.mac IS NOT NULL ORDER BY d.id LIMIT ?", string(after), limit)
}

// AnyTenantFirmwareNews implements provisioning.FirmwareReader.
func (r reader) AnyTenantFirmwareNews(ctx context.Context, limit int) ([]provisioning.FirmwareDevice, error) {
	return r.firmwareOf(ctx, "JOIN device_firmware f ON f.device_id = d.id", "f.news = 1 ORDER BY f.device_id LIMIT ?", limit)
}

// AnyTenantFirmwareLoops implements provisioning.FirmwareReader.
func (r reader) AnyTenantFirmwareLoops(ctx context.Context, after provisioning.DeviceID, limit int) ([]provisioning.FirmwareDevice, error) {
	return r.firmwareOf(ctx, "JOIN device_firmware f ON f.device_id = d.id", "f.looping <> '' AND f.device_id > ? ORDER BY f.device_id LIMIT ?", string(after), limit)
}

// firmwareOf reads devices with what their firmware is chosen by.
func (r reader) firmwareOf(ctx context.Context, join, where string, args ...any) ([]provisioning.FirmwareDevice, error) {
	var rows []struct {
		Device   deviceRow      `db:"d"`
		Language sql.NullString `db:"language"`
		Version  sql.NullString `db:"version"`
		Wanted   sql.NullString `db:"wanted"`
		Goal     sql.NullString `db:"wanted_version"`
		Fetches  sql.NullInt64  `db:"fetches"`
		Looping  sql.NullString `db:"looping"`
		News     sql.NullInt64  `db:"news"`
	}
	err := r.all(ctx, &rows, "read phones' firmware", "SELECT "+qualified("d", deviceColumns, true)+`, l.language, f.version, f.wanted, f.wanted_version, f.fetches,
		f.looping, f.news FROM devices d `+join+" LEFT JOIN locations l ON l.id = d.location_id WHERE "+where, args...)
	out := make([]provisioning.FirmwareDevice, len(rows))
	for i, row := range rows {
		out[i] = provisioning.FirmwareDevice{Device: row.Device.noun(), Language: row.Language.String, State: provisioning.FirmwareState{
			Version: row.Version.String, Wanted: row.Wanted.String, WantedVersion: row.Goal.String, Fetches: int(row.Fetches.Int64), Looping: row.Looping.String,
			News: row.News.Int64 == 1,
		}}
	}
	return out, err
}

// SetFirmwareWanted implements provisioning.FirmwareTx.
func (t *tx) SetFirmwareWanted(ctx context.Context, tenant customer.Tenant, device provisioning.DeviceID, file, version string) error {
	if _, err := t.Device(ctx, tenant, device); err != nil {
		return err
	}
	row := firmwareRow{DeviceID: string(device), Wanted: file, WantedVersion: version}
	_, err := t.exec(ctx, "note a phone's firmware", "INSERT INTO device_firmware ("+firmwareColumns+") VALUES "+tuples(1, firmwareWidth)+
		" ON CONFLICT (device_id) DO UPDATE SET wanted = excluded.wanted, wanted_version = excluded.wanted_version", row.values()...)
	return err
}

// ForgetFirmware implements provisioning.FirmwareTx.
func (t *tx) ForgetFirmware(ctx context.Context, tenant customer.Tenant, device provisioning.DeviceID) error {
	if _, err := t.Device(ctx, tenant, device); err != nil {
		return err
	}
	_, err := t.exec(ctx, "forget a phone's firmware", "DELETE FROM device_firmware WHERE device_id = ?", string(device))
	return err
}

// AnyTenantFirmwareSeen implements provisioning.FirmwareStore.
func (s *database) AnyTenantFirmwareSeen(ctx context.Context, devices []provisioning.FirmwareDevice) error {
	if len(devices) == 0 {
		return nil
	}
	return s.transact(ctx, func(t *tx) error {
		for part := range slices.Chunk(devices, maxRows) {
			var args []any
			for _, d := range part {
				args = append(args, string(d.Device.ID), d.State.Version, d.State.Looping)
			}
			_, err := t.exec(ctx, "note that phones' firmware was seen", "UPDATE device_firmware SET news = 0 FROM (VALUES "+tuples(len(part), 3)+
				") AS c WHERE device_firmware.device_id = c.column1 AND device_firmware.version = c.column2 AND device_firmware.looping = c.column3", args...)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func (r firmwareRow) values() []any {
	return []any{r.DeviceID, r.Version, r.Wanted, r.WantedVersion, r.Fetched, r.Fetches, r.First, r.Last, r.Looping, r.News}
}

// noteFirmware keeps what contacts say of phones' firmware. Most say nothing new, and nothing is written then.
func (t *tx) noteFirmware(ctx context.Context, ids []string, about map[string][]provisioning.TraceEntry) error {
	telling := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !slices.ContainsFunc(about[id], tellsFirmware) })
	if len(telling) == 0 {
		return nil
	}
	var known []firmwareRow
	if err := t.in(ctx, &known, "read phones' firmware", "SELECT "+firmwareColumns+" FROM device_firmware WHERE device_id IN ", telling, ""); err != nil {
		return err
	}
	before := map[string]provisioning.FirmwareState{}
	for _, row := range known {
		before[row.DeviceID] = row.noun()
	}
	var values []any
	for _, id := range telling {
		after, changed := before[id].After(about[id])
		if !changed {
			continue
		}
		values = append(values, firmwareRow{
			DeviceID: id, Version: cleaned(after.Version, maxSaid), Wanted: after.Wanted, WantedVersion: after.WantedVersion, Fetched: after.Fetched,
			Fetches: after.Fetches, First: micros(after.First), Last: micros(after.Last), Looping: after.Looping, News: flag(after.News),
		}.values()...)
	}
	if len(values) == 0 {
		return nil
	}
	_, err := t.exec(ctx, "note phones' firmware", "INSERT INTO device_firmware ("+firmwareColumns+") VALUES "+tuples(len(values)/firmwareWidth, firmwareWidth)+
		` ON CONFLICT (device_id) DO UPDATE SET version = excluded.version, fetched = excluded.fetched, fetches = excluded.fetches, first_fetch = excluded.first_fetch,
		last_fetch = excluded.last_fetch, looping = excluded.looping, news = excluded.news`, values...)
	return err
}

// tellsFirmware reports whether a contact may say something of its phone's firmware.
func tellsFirmware(e provisioning.TraceEntry) bool {
	return !e.ByAddress && (e.Standing == provisioning.StandingFetched || e.Firmware != "")
}
