package store

import (
	"context"
	"time"

	"dialtone/customer"
	"dialtone/provisioning"
)

type lineRow struct {
	ID        string `db:"id"`
	PartnerID string `db:"partner_id"`
	OrgID     string `db:"org_id"`
	DeviceID  string `db:"device_id"`
	Port      int    `db:"port"`
	OwnerID   string `db:"owner_id"`
	UserName  string `db:"user_name"`
	Domain    string `db:"domain"`
	Password  []byte `db:"password"`
	HA1       []byte `db:"ha1"`
	Created   int64  `db:"created"`

	Weight            int    `db:"weight"`
	HotlineEnabled    int    `db:"hotline_enabled"`
	Hotline           string `db:"hotline"`
	DeclineEverywhere int    `db:"decline_everywhere"`
	T38               int    `db:"t38"`
	Label             string `db:"label"`
	Revealed          int    `db:"revealed"`
	PreviousHA1       []byte `db:"previous_ha1"`
	PreviousUntil     int64  `db:"previous_until"`
}

const lineColumns = "id, partner_id, org_id, device_id, port, owner_id, user_name, domain, password, ha1, created, " + optionColumns + ", revealed, previous_ha1, previous_until"

// optionColumns are those of provisioning.LineOptions.
const optionColumns = "weight, hotline_enabled, hotline, decline_everywhere, t38, label"

func optionArgs(o provisioning.LineOptions) []any {
	return []any{o.Weight, flag(o.HotlineEnabled), o.HotlineDestination, flag(o.DeclineEverywhere), flag(o.T38), o.Label}
}

func (r lineRow) noun() provisioning.Line {
	return provisioning.Line{
		ID: provisioning.LineID(r.ID), Partner: customer.OrgID(r.PartnerID), Org: customer.OrgID(r.OrgID), Device: provisioning.DeviceID(r.DeviceID),
		Port: r.Port, Owner: customer.MemberID(r.OwnerID), UserName: r.UserName, Domain: r.Domain, Password: r.Password, HA1: r.HA1, Created: fromMicros(r.Created),
		LineOptions: provisioning.LineOptions{
			Weight: r.Weight, HotlineEnabled: r.HotlineEnabled == 1, HotlineDestination: r.Hotline, DeclineEverywhere: r.DeclineEverywhere == 1, T38: r.T38 == 1, Label: r.Label,
		},
		Revealed: r.Revealed == 1, PreviousHA1: r.PreviousHA1, PreviousUntil: fromMicros(r.PreviousUntil),
	}
}

// CreateLine implements provisioning.Tx.
func (t *tx) CreateLine(ctx context.Context, l provisioning.Line) error {
	args := []any{string(l.ID), string(l.Partner), string(l.Org), string(l.Device), l.Port, string(l.Owner), l.UserName, l.Domain, []byte(l.Password), []byte(l.HA1), micros(l.Created)}
	args = append(append(args, optionArgs(l.LineOptions)...), flag(l.Revealed), []byte(l.PreviousHA1), micros(l.PreviousUntil))
	return t.insert(ctx, "lines", lineColumns, args...)
}

// SetLineSecret implements provisioning.Tx.
func (t *tx) SetLineSecret(ctx context.Context, tenant customer.Tenant, l provisioning.Line) error {
	w := ofTenant("", tenant)
	w.add("id = ?", string(l.ID))
	return t.change(ctx, "line", "UPDATE lines SET password = ?, ha1 = ?, revealed = ?, previous_ha1 = ?, previous_until = ?"+w.text(),
		append([]any{[]byte(l.Password), []byte(l.HA1), flag(l.Revealed), []byte(l.PreviousHA1), micros(l.PreviousUntil)}, w.args...)...)
}

// Lines implements provisioning.Reader.
func (r reader) Lines(ctx context.Context, tenant customer.Tenant, device provisioning.DeviceID) ([]provisioning.Line, error) {
	w := ofTenant("", tenant)
	w.add("device_id = ?", string(device))
	var rows []lineRow
	err := r.all(ctx, &rows, "read lines", "SELECT "+lineColumns+" FROM lines"+w.text()+" ORDER BY port", w.args...)
	return nouns(rows, lineRow.noun), err
}

// AnyTenantLine implements provisioning.Reader.
func (r reader) AnyTenantLine(ctx context.Context, domain, userName string) (provisioning.LineOwner, error) {
	var row struct {
		lineRow
		Revision int64 `db:"revision"`
		Bell     bool  `db:"bell"`
	}
	err := r.get(ctx, &row, "line", "SELECT "+qualified("l", lineColumns, false)+`, d.revision, EXISTS (SELECT 1 FROM bells r WHERE r.device_id = d.id) AS bell
		FROM lines l JOIN devices d ON d.id = l.device_id WHERE l.domain = ? AND l.user_name = ?`, domain, userName)
	if err != nil {
		return provisioning.LineOwner{}, err
	}
	return provisioning.LineOwner{Line: row.noun(), Revision: row.Revision, Bell: row.Bell}, nil
}

// portsAway moves ports out of the way while a device's lines change places.
const portsAway = 1_000_000

// SetLines implements provisioning.Tx.
func (t *tx) SetLines(ctx context.Context, tenant customer.Tenant, device provisioning.DeviceID, lines []provisioning.Line) error {
	before, err := t.Lines(ctx, tenant, device)
	if err != nil {
		return err
	}
	keep := map[provisioning.LineID]bool{}
	for _, l := range lines {
		keep[l.ID] = true
	}
	known := map[provisioning.LineID]bool{}
	for _, l := range before {
		known[l.ID] = true
		if !keep[l.ID] {
			if _, err := t.exec(ctx, "delete a line", "DELETE FROM lines WHERE id = ? AND device_id = ?", string(l.ID), string(device)); err != nil {
				return err
			}
		}
	}
	if _, err := t.exec(ctx, "move lines", "UPDATE lines SET port = port + ? WHERE device_id = ?", portsAway, string(device)); err != nil {
		return err
	}
	for _, l := range lines {
		if err := t.setLine(ctx, l, known[l.ID]); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) setLine(ctx context.Context, l provisioning.Line, known bool) error {
	if !known {
		return t.CreateLine(ctx, l)
	}
	args := append([]any{l.Port}, optionArgs(l.LineOptions)...)
	return t.change(ctx, "line", "UPDATE lines SET port = ?, weight = ?, hotline_enabled = ?, hotline = ?, decline_everywhere = ?, t38 = ?, label = ? WHERE id = ?",
		append(args, string(l.ID))...)
}

// CountLines implements provisioning.Reader.
func (r reader) CountLines(ctx context.Context, tenant customer.Tenant, owner customer.MemberID) (int, error) {
	w := ofTenant("", tenant)
	w.add("owner_id = ?", string(owner))
	var count int
	err := r.count(ctx, &count, "count lines", "SELECT count(*) FROM lines"+w.text(), w.args...)
	return count, err
}

// DevicesWithLineOf implements provisioning.Reader.
func (r reader) DevicesWithLineOf(ctx context.Context, tenant customer.Tenant, owner customer.MemberID) ([]provisioning.DeviceID, error) {
	w := ofTenant("", tenant)
	w.add("owner_id = ?", string(owner))
	var rows []string
	err := r.all(ctx, &rows, "find devices", "SELECT DISTINCT device_id FROM lines"+w.text()+" ORDER BY device_id LIMIT ?", append(w.args, maxRows)...)
	return nouns(rows, func(id string) provisioning.DeviceID { return provisioning.DeviceID(id) }), err
}

// EndOverlap implements provisioning.Store.
func (s *database) EndOverlap(ctx context.Context, tenant customer.Tenant, id provisioning.LineID) error {
	return s.transact(ctx, func(t *tx) error {
		w := ofTenant("", tenant)
		w.add("id = ?", string(id))
		_, err := t.exec(ctx, "end an overlap", "UPDATE lines SET previous_ha1 = NULL, previous_until = 0"+w.text(), w.args...)
		return err
	})
}

// EndOverlaps implements provisioning.Store.
func (s *database) EndOverlaps(ctx context.Context, before time.Time, limit int) (int, error) {
	var n int64
	err := s.transact(ctx, func(t *tx) (err error) {
		n, err = t.exec(ctx, "end overlaps", `UPDATE lines SET previous_ha1 = NULL, previous_until = 0
			WHERE id IN (SELECT id FROM lines WHERE previous_until > 0 AND previous_until <= ? LIMIT ?)`, micros(before), limit)
		return err
	})
	return int(n), err
}

// DeleteBindings implements provisioning.Tx.
func (t *tx) DeleteBindings(ctx context.Context, tenant customer.Tenant, device provisioning.DeviceID) error {
	w := ofTenant("", tenant)
	w.add("device_id = ?", string(device))
	_, err := t.exec(ctx, "end bindings", "DELETE FROM bindings WHERE line_id IN (SELECT id FROM lines"+w.text()+")", w.args...)
	return err
}

// LinesOf implements provisioning.Reader.
func (r reader) LinesOf(ctx context.Context, tenant customer.Tenant, owners []customer.MemberID) ([]provisioning.Line, error) {
	if len(owners) == 0 {
		return []provisioning.Line{}, nil
	}
	w := ofTenant("", tenant)
	w.among("owner_id", texts(owners[:min(len(owners), maxRows)]))
	var rows []lineRow
	err := r.all(ctx, &rows, "read lines", "SELECT "+lineColumns+" FROM lines"+w.text()+" ORDER BY owner_id, device_id, port", w.args...)
	return nouns(rows, lineRow.noun), err
}
