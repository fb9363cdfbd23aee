package store

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/provisioning"
)

type deviceRow struct {
	ID             string         `db:"id"`
	PartnerID      string         `db:"partner_id"`
	OrgID          string         `db:"org_id"`
	MAC            sql.NullString `db:"mac"`
	Model          string         `db:"model"`
	OwnerID        string         `db:"owner_id"`
	LocationID     sql.NullString `db:"location_id"`
	Tags           string         `db:"tags"`
	Revision       int64          `db:"revision"`
	Access         []byte         `db:"access"`
	AdminPassword  []byte         `db:"admin_password"`
	EnrolmentUntil int64          `db:"enrolment_until"`
	EnrolmentPeers string         `db:"enrolment_peers"`
	Barred         int            `db:"certificate_barred"`
	Created        int64          `db:"created"`
	FirstSeen      int64          `db:"first_seen"`
	LastSeen       int64          `db:"last_seen"`
	Activation     string         `db:"activation"`
	ActivationHash []byte         `db:"activation_hash"`
	ActivationEnds int64          `db:"activation_expires"`
	Layout         string         `db:"layout"`
	Told           string         `db:"told"`
}

const deviceColumns = "id, partner_id, org_id, mac, model, owner_id, location_id, tags, revision, access, admin_password, enrolment_until, enrolment_peers, certificate_barred, created, first_seen, last_seen, activation, activation_hash, activation_expires, layout, told"

func (r deviceRow) noun() provisioning.Device {
	mac, _ := deviceprofiles.ParseMAC(r.MAC.String) // it was written by us, or there is none
	return provisioning.Device{
		ID: provisioning.DeviceID(r.ID), Partner: customer.OrgID(r.PartnerID), Org: customer.OrgID(r.OrgID), MAC: mac, Model: r.Model,
		Owner: customer.MemberID(r.OwnerID), Location: customer.LocationID(r.LocationID.String), Tags: decode[[]string](r.Tags), Revision: r.Revision,
		Access: r.Access, AdminPassword: r.AdminPassword, EnrolmentUntil: fromMicros(r.EnrolmentUntil), EnrolmentPeers: decode[[]string](r.EnrolmentPeers), CertificateBarred: r.Barred != 0,
		Created:   fromMicros(r.Created),
		FirstSeen: fromMicros(r.FirstSeen), LastSeen: fromMicros(r.LastSeen), Layout: decode[deviceprofiles.Layout](r.Layout), Told: decode[provisioning.Told](r.Told),
		Activation: provisioning.Activation{State: provisioning.ActivationState(r.Activation), Hash: r.ActivationHash, Expires: fromMicros(r.ActivationEnds)},
	}
}

// CreateDevice implements provisioning.Tx.
func (t *tx) CreateDevice(ctx context.Context, d provisioning.Device) error {
	tags, err := encode(d.Tags)
	if err != nil {
		return err
	}
	layout, err := encode(d.Layout)
	if err != nil {
		return err
	}
	told, err := encode(d.Told)
	if err != nil {
		return err
	}
	peers, err := encode(d.EnrolmentPeers)
	if err != nil {
		return err
	}
	err = t.insert(ctx, "devices", deviceColumns, string(d.ID), string(d.Partner), string(d.Org), nullableMAC(d), d.Model, string(d.Owner),
		nullable(d.Location), tags, d.Revision, []byte(d.Access), []byte(d.AdminPassword), micros(d.EnrolmentUntil), peers, flag(d.CertificateBarred), micros(d.Created),
		micros(d.FirstSeen), micros(d.LastSeen), string(d.Activation.State), d.Activation.Hash, micros(d.Activation.Expires), layout, told)
	if err != nil {
		return err
	}
	if err := t.claimed(ctx, d); err != nil {
		return err
	}
	return t.indexTags(ctx, d)
}

// indexTags keeps the tags that devices are searched by.
func (t *tx) indexTags(ctx context.Context, d provisioning.Device) error {
	for _, tag := range d.Tags {
		if err := t.insert(ctx, "device_tags", "device_id, tag, partner_id, org_id, created", string(d.ID), tag, string(d.Partner), string(d.Org), micros(d.Created)); err != nil {
			return err
		}
	}
	return nil
}

// nullableMAC is the column of a device's address.
func nullableMAC(d provisioning.Device) sql.NullString {
	return sql.NullString{String: d.MAC.String(), Valid: d.HasMAC()}
}

// SetDevice implements provisioning.Tx.
func (t *tx) SetDevice(ctx context.Context, d provisioning.Device) error {
	tags, err := encode(d.Tags)
	if err != nil {
		return err
	}
	layout, err := encode(d.Layout)
	if err != nil {
		return err
	}
	peers, err := encode(d.EnrolmentPeers)
	if err != nil {
		return err
	}
	w := oneDevice(d.Tenant(), d.ID)
	err = t.change(ctx, "device", `UPDATE devices SET mac = ?, model = ?, owner_id = ?, location_id = ?, tags = ?, access = ?, admin_password = ?,
		enrolment_until = ?, enrolment_peers = ?, certificate_barred = ?, activation = ?, activation_hash = ?, activation_expires = ?, layout = ?`+w.text(),
		append([]any{nullableMAC(d), d.Model, string(d.Owner), nullable(d.Location), tags, []byte(d.Access), []byte(d.AdminPassword),
			micros(d.EnrolmentUntil), peers, flag(d.CertificateBarred), string(d.Activation.State), d.Activation.Hash, micros(d.Activation.Expires), layout}, w.args...)...)
	if err != nil {
		return err
	}
	if err := t.claimed(ctx, d); err != nil {
		return err
	}
	if _, err := t.exec(ctx, "clear tags", "DELETE FROM device_tags WHERE device_id = ?", string(d.ID)); err != nil {
		return err
	}
	return t.indexTags(ctx, d)
}

// SetTold implements provisioning.DeviceJobTx.
func (t *tx) SetTold(ctx context.Context, tenant customer.Tenant, id provisioning.DeviceID, told provisioning.Told) error {
	text, err := encode(told)
	if err != nil {
		return err
	}
	w := oneDevice(tenant, id)
	return t.change(ctx, "device", "UPDATE devices SET told = ?"+w.text(), append([]any{text}, w.args...)...)
}

// MoveDevice implements provisioning.Tx.
func (t *tx) MoveDevice(ctx context.Context, tenant customer.Tenant, id provisioning.DeviceID, location customer.LocationID) error {
	w := oneDevice(tenant, id)
	return t.change(ctx, "device", "UPDATE devices SET location_id = ?"+w.text(), append([]any{nullable(location)}, w.args...)...)
}

// DeleteDevice implements provisioning.Tx. What hangs on it goes, too.
func (t *tx) DeleteDevice(ctx context.Context, tenant customer.Tenant, id provisioning.DeviceID) error {
	w := oneDevice(tenant, id)
	if err := t.change(ctx, "device", "DELETE FROM devices"+w.text(), w.args...); err != nil {
		return err
	}
	_, err := t.exec(ctx, "clear settings", "DELETE FROM settings WHERE subject_id = ?", string(id))
	return err
}

// SetEnrolment implements provisioning.Tx.
func (t *tx) SetEnrolment(ctx context.Context, tenant customer.Tenant, id provisioning.DeviceID, until time.Time) error {
	w := oneDevice(tenant, id)
	return t.change(ctx, "device", "UPDATE devices SET enrolment_until = ?, enrolment_peers = 'null'"+w.text(), append([]any{micros(until)}, w.args...)...)
}

// SetEnrolmentPeers implements provisioning.Tx.
func (t *tx) SetEnrolmentPeers(ctx context.Context, tenant customer.Tenant, id provisioning.DeviceID, peers []string) error {
	text, err := encode(peers)
	if err != nil {
		return err
	}
	w := oneDevice(tenant, id)
	return t.change(ctx, "device", "UPDATE devices SET enrolment_peers = ?"+w.text(), append([]any{text}, w.args...)...)
}

// RaiseRevision implements provisioning.Tx.
func (t *tx) RaiseRevision(ctx context.Context, tenant customer.Tenant, id provisioning.DeviceID) (int64, error) {
	w := oneDevice(tenant, id)
	var revision int64
	err := t.get(ctx, &revision, "device", "UPDATE devices SET revision = revision + 1"+w.text()+" RETURNING revision", w.args...)
	return revision, err
}

func oneDevice(tenant customer.Tenant, id provisioning.DeviceID) where {
	w := ofTenant("", tenant)
	w.add("id = ?", string(id))
	return w
}

// Device implements provisioning.Reader.
func (r reader) Device(ctx context.Context, tenant customer.Tenant, id provisioning.DeviceID) (provisioning.Device, error) {
	w := oneDevice(tenant, id)
	var row deviceRow
	if err := r.get(ctx, &row, "device", "SELECT "+deviceColumns+" FROM devices"+w.text(), w.args...); err != nil {
		return provisioning.Device{}, err
	}
	return row.noun(), nil
}

// AnyTenantDeviceByMAC implements provisioning.Reader.
func (r reader) AnyTenantDeviceByMAC(ctx context.Context, mac deviceprofiles.MAC) (provisioning.Device, error) {
	var row deviceRow
	if err := r.get(ctx, &row, "device", "SELECT "+deviceColumns+" FROM devices WHERE mac = ?", mac.String()); err != nil {
		return provisioning.Device{}, err
	}
	return row.noun(), nil
}

// AnyTenantModelsOfBlock implements provisioning.Reader.
func (r reader) AnyTenantModelsOfBlock(ctx context.Context, mac deviceprofiles.MAC) ([]string, error) {
	block, models := strings.ToUpper(mac.OUI()), []string{}
	err := r.all(ctx, &models, "look for a block", "SELECT model FROM devices WHERE mac >= ? AND mac <= ? ORDER BY mac LIMIT 20", block+"000000", block+"FFFFFF")
	return models, err
}

// AnyTenantMACsInUse implements provisioning.Reader.
func (r reader) AnyTenantMACsInUse(ctx context.Context, macs []deviceprofiles.MAC) (map[deviceprofiles.MAC]bool, error) {
	texts := make([]string, len(macs))
	for i, m := range macs {
		texts[i] = m.String()
	}
	used := map[deviceprofiles.MAC]bool{}
	for part := range slices.Chunk(texts, maxRows) {
		var rows []string
		if err := r.in(ctx, &rows, "look for addresses", "SELECT mac FROM devices WHERE mac IN ", part, ""); err != nil {
			return nil, err
		}
		for _, text := range rows {
			mac, _ := deviceprofiles.ParseMAC(text) // it was written by us
			used[mac] = true
		}
	}
	return used, nil
}

// AnyTenantDeviceByCode implements provisioning.Reader.
func (r reader) AnyTenantDeviceByCode(ctx context.Context, hash []byte) (provisioning.Device, error) {
	var row deviceRow
	err := r.get(ctx, &row, "device", "SELECT "+deviceColumns+" FROM devices WHERE activation_hash = ?", hash)
	return row.noun(), err
}

// AnyTenantOldestAndNewestDevice implements provisioning.Reader: ids begin with the time.
func (r reader) AnyTenantOldestAndNewestDevice(ctx context.Context) ([]provisioning.Device, error) {
	var rows []deviceRow
	err := r.all(ctx, &rows, "read devices", "SELECT "+deviceColumns+` FROM devices
		WHERE id = (SELECT min(id) FROM devices) OR id = (SELECT max(id) FROM devices) ORDER BY id`)
	return nouns(rows, deviceRow.noun), err
}

// CountDevices implements provisioning.Reader.
func (r reader) CountDevices(ctx context.Context, tenant customer.Tenant, owner customer.MemberID) (int, error) {
	w := ofTenant("", tenant)
	w.add("owner_id = ?", string(owner))
	var count int
	err := r.count(ctx, &count, "count devices", "SELECT count(*) FROM devices"+w.text(), w.args...)
	return count, err
}

// RenderInput implements provisioning.Reader: everything as it was at one moment.
func (s *database) RenderInput(ctx context.Context, tenant customer.Tenant, id provisioning.DeviceID) (provisioning.RenderInput, error) {
	var out provisioning.RenderInput
	err := s.snapshot(ctx, func(r reader) (err error) {
		out, err = r.RenderInput(ctx, tenant, id)
		return err
	})
	return out, err
}

// RenderInput reads what files are made of. In a transaction that is as the transaction sees it.
func (r reader) RenderInput(ctx context.Context, tenant customer.Tenant, id provisioning.DeviceID) (provisioning.RenderInput, error) {
	device, err := r.Device(ctx, tenant, id)
	if err != nil {
		return provisioning.RenderInput{}, err
	}
	out := provisioning.RenderInput{Device: device}
	if device.Location != "" {
		if out.Location, err = r.Location(ctx, device.Tenant(), device.Location); err != nil {
			return provisioning.RenderInput{}, err
		}
	}
	if out.Lines, err = r.renderLines(ctx, device); err != nil {
		return provisioning.RenderInput{}, err
	}
	if out.Monitored, err = r.Monitoring(ctx, device.Tenant(), device.Owner); err != nil {
		return provisioning.RenderInput{}, err
	}
	out.Settings, err = r.Settings(ctx, device.Tenant(), string(device.Org), string(device.Location), string(device.ID))
	return out, err
}

// renderLines reads a device's lines and whose they are.
func (r reader) renderLines(ctx context.Context, device provisioning.Device) ([]provisioning.RenderLine, error) {
	w := ofTenant("l.", device.Tenant())
	w.add("l.device_id = ?", string(device.ID))
	var rows []struct {
		Line   lineRow   `db:"l"`
		Member memberRow `db:"p"`
	}
	query := "SELECT " + qualified("l", lineColumns, true) + ", " + qualified("p", memberColumns, true) + " FROM lines l JOIN members p ON p.id = l.owner_id"
	if err := r.all(ctx, &rows, "read lines", query+w.text()+" ORDER BY l.port", w.args...); err != nil {
		return nil, err
	}
	out := make([]provisioning.RenderLine, len(rows))
	for i, row := range rows {
		out[i] = provisioning.RenderLine{Line: row.Line.noun(), Member: row.Member.noun()}
	}
	return out, nil
}
