package store

import (
	"context"
	"slices"
	"time"

	"dialtone/customer"
	"dialtone/provisioning"
)

type bellRow struct {
	DeviceID  string `db:"device_id"`
	PartnerID string `db:"partner_id"`
	OrgID     string `db:"org_id"`
	Action    string `db:"action"`
	Revision  int64  `db:"revision"`
	Asked     bool   `db:"asked"`
	Rung      int64  `db:"rung"`
	Due       int64  `db:"due"`
	Told      int64  `db:"told"`
	Attempts  int    `db:"attempts"`
}

const bellColumns = "device_id, partner_id, org_id, action, revision, asked, rung, due, told, attempts"

func (r bellRow) noun() provisioning.Bell {
	return provisioning.Bell{
		Device: provisioning.DeviceID(r.DeviceID), Partner: customer.OrgID(r.PartnerID), Org: customer.OrgID(r.OrgID), Action: provisioning.NotifyAction(r.Action),
		Revision: r.Revision, Asked: r.Asked, Rung: fromMicros(r.Rung), Due: fromMicros(r.Due), Told: fromMicros(r.Told), Attempts: r.Attempts,
	}
}

// Ring implements provisioning.BellTx.
func (t *tx) Ring(ctx context.Context, b provisioning.Bell) error {
	_, err := t.exec(ctx, "ring a bell", "INSERT INTO bells ("+bellColumns+", fetched) VALUES "+tuples(1, 11)+`
		ON CONFLICT (device_id) DO UPDATE SET action = CASE WHEN bells.action = 'reboot' AND bells.told = 0 THEN bells.action ELSE excluded.action END,
		asked = CASE WHEN bells.asked = 1 AND bells.told = 0 THEN 1 ELSE excluded.asked END,
		revision = excluded.revision, rung = excluded.rung, due = excluded.due, told = 0, attempts = 0, fetched = 0`,
		string(b.Device), string(b.Partner), string(b.Org), string(b.Action), b.Revision, flag(b.Asked), micros(b.Rung), micros(b.Due), micros(b.Told), b.Attempts, 0)
	return err
}

// BellOf implements provisioning.BellStore.
func (r reader) BellOf(ctx context.Context, tenant customer.Tenant, device provisioning.DeviceID) (provisioning.Bell, error) {
	w := ofTenant("", tenant)
	w.add("device_id = ?", string(device))
	var row bellRow
	err := r.get(ctx, &row, "bell", "SELECT "+bellColumns+" FROM bells"+w.text(), w.args...)
	if err != nil {
		return provisioning.Bell{}, err
	}
	return row.noun(), nil
}

// Fetched implements provisioning.BellStore.
func (r reader) Fetched(ctx context.Context, tenant customer.Tenant, device provisioning.DeviceID) (revision int64, at time.Time, err error) {
	w := ofTenant("", tenant)
	w.add("id = ?", string(device))
	var row struct {
		Revision int64 `db:"fetched_revision"`
		At       int64 `db:"last_fetch"`
	}
	err = r.get(ctx, &row, "device", "SELECT fetched_revision, last_fetch FROM devices"+w.text(), w.args...)
	return row.Revision, fromMicros(row.At), err
}

// registeredWith is the condition that a bell's phone has a valid registration; it takes the moment.
const registeredWith = "EXISTS (SELECT 1 FROM lines l JOIN bindings g ON g.line_id = l.id WHERE l.device_id = b.device_id AND g.expires > ?"

// dueBells and fetchedBells are asked twice a second by every node: where nothing waits, each is one read of a partial index that is empty.
const (
	dueBells     = "SELECT due FROM bells WHERE due > 0 AND due <= ? ORDER BY due LIMIT 1"
	fetchedBells = "SELECT " + bellColumns + ", fetched FROM bells WHERE fetched > 0 ORDER BY fetched LIMIT ?"
)

// AnyTenantTakeBells implements provisioning.BellStore. Two nodes that want the same one take turns at its row, and the second finds it taken.
func (s *database) AnyTenantTakeBells(ctx context.Context, turn provisioning.BellTurn) ([]provisioning.Bell, error) {
	if turn.Most <= 0 {
		return []provisioning.Bell{}, nil
	}
	var rows []bellRow
	now := micros(turn.Now)
	var waiting []int64
	err := s.all(ctx, &waiting, "look for bells", dueBells, now)
	if err != nil || len(waiting) == 0 {
		return []provisioning.Bell{}, err
	}
	err = s.transact(ctx, func(t *tx) error {
		rows = nil
		return t.all(ctx, &rows, "take bells", `UPDATE bells SET due = ?, attempts = attempts + 1 WHERE due > 0 AND due <= ? AND device_id IN (
			SELECT n.device_id FROM (SELECT b.device_id, b.due, row_number() OVER (PARTITION BY b.org_id ORDER BY b.due, b.device_id) AS nth
				FROM bells b WHERE b.due > 0 AND b.due <= ? AND `+registeredWith+` AND g.node = ?)) AS n
			WHERE n.nth <= ? ORDER BY n.due, n.device_id LIMIT ?) RETURNING `+bellColumns,
			micros(turn.Until), now, now, now, turn.Node, turn.PerCustomer, turn.Most)
	})
	return nouns(rows, bellRow.noun), err
}

// AnyTenantFetchedBells implements provisioning.BellStore.
func (s *database) AnyTenantFetchedBells(ctx context.Context, most int) ([]provisioning.FetchedBell, error) {
	type fetchedRow struct {
		bellRow
		Fetched int64 `db:"fetched"`
	}
	var rows []fetchedRow
	err := s.all(ctx, &rows, "find bells that are done", fetchedBells, most)
	if err != nil || len(rows) == 0 {
		return []provisioning.FetchedBell{}, err
	}
	out := []provisioning.FetchedBell{}
	err = s.transact(ctx, func(t *tx) error {
		out = out[:0]
		for _, row := range rows {
			n, err := t.exec(ctx, "end a bell", "DELETE FROM bells WHERE device_id = ? AND rung = ?", row.DeviceID, row.Rung)
			if err != nil {
				return err
			}
			if n > 0 { // no other node was faster
				out = append(out, provisioning.FetchedBell{Bell: row.noun(), Fetched: fromMicros(row.Fetched)})
			}
		}
		return nil
	})
	return out, err
}

// answerBells marks the bells of devices whose phones have fetched what they were rung for.
func (t *tx) answerBells(ctx context.Context, devices []string) error {
	for part := range slices.Chunk(devices, maxRows) {
		_, err := t.exec(ctx, "mark answered bells", `UPDATE bells SET fetched = d.last_fetch FROM devices d WHERE d.id = bells.device_id AND bells.fetched = 0
			AND d.fetched_revision >= bells.revision AND (bells.asked = 0 OR d.last_fetch > bells.rung) AND bells.device_id IN `+tuples(1, len(part)), anys(part)...)
		if err != nil {
			return err
		}
	}
	return nil
}

// atLiveNode is what makes a registration one with a node that is there, as far as anybody knows; it closes registeredWith.
const atLiveNode = " AND g.node NOT IN (SELECT name FROM nodes WHERE alive = 0))"

// AnyTenantParkBells implements provisioning.BellStore.
func (s *database) AnyTenantParkBells(ctx context.Context, now, until time.Time, most int) error {
	if err := s.postpone(ctx, ")", now, time.Time{}, most); err != nil {
		return err
	}
	return s.postpone(ctx, atLiveNode, now, until, most)
}

// postpone makes bells wait that are due and whose phones have no registration of a kind.
func (s *database) postpone(ctx context.Context, kind string, now, until time.Time, most int) error {
	var waiting []string
	unreachable := "b.due > 0 AND b.due <= ? AND NOT " + registeredWith + kind
	query := "SELECT b.device_id FROM bells b WHERE " + unreachable + " ORDER BY b.due LIMIT ?"
	if err := s.all(ctx, &waiting, "find bells of phones that aren't there", query, micros(now), micros(now), most); err != nil || len(waiting) == 0 {
		return err
	}
	return s.transact(ctx, func(t *tx) error {
		_, err := t.exec(ctx, "park bells", "UPDATE bells AS b SET due = ? WHERE "+unreachable+" AND b.device_id IN "+tuples(1, len(waiting)),
			append([]any{micros(until), micros(now), micros(now)}, anys(waiting)...)...)
		return err
	})
}

// SetBell implements provisioning.BellStore.
func (s *database) SetBell(ctx context.Context, b provisioning.Bell) error {
	return s.transact(ctx, func(t *tx) error {
		w := ofTenant("", b.Tenant())
		w.add("device_id = ?", string(b.Device))
		w.add("rung = ?", micros(b.Rung))
		_, err := t.exec(ctx, "keep a bell", "UPDATE bells SET due = ?, told = ?, attempts = ?"+w.text(), append([]any{micros(b.Due), micros(b.Told), b.Attempts}, w.args...)...)
		return err
	})
}

// DropBell implements provisioning.BellStore.
func (s *database) DropBell(ctx context.Context, b provisioning.Bell) error {
	return s.transact(ctx, func(t *tx) error {
		w := ofTenant("", b.Tenant())
		w.add("device_id = ?", string(b.Device))
		w.add("rung = ?", micros(b.Rung))
		_, err := t.exec(ctx, "drop a bell", "DELETE FROM bells"+w.text(), w.args...)
		return err
	})
}

// WakeBell implements provisioning.BellStore.
func (s *database) WakeBell(ctx context.Context, tenant customer.Tenant, device provisioning.DeviceID, due time.Time) error {
	return s.transact(ctx, func(t *tx) error {
		w := ofTenant("", tenant)
		w.add("device_id = ?", string(device))
		w.add("due = ?", 0)
		_, err := t.exec(ctx, "wake a bell", "UPDATE bells SET due = ?"+w.text(), append([]any{micros(due)}, w.args...)...)
		return err
	})
}
