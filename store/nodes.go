package store

import (
	"context"
	"net/netip"
	"time"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/nodes"
)

// Nodes is the store as the package nodes wants it.
func (s *Store) Nodes() nodes.Store { return s.db }

// Directory is the store as DNS wants it: which SIP domains there are, which nodes serve them, and how often that changed.
func (s *Store) Directory() nodes.Directory { return s.db }

// maxZoneChanges is how many rows of zone_changes there may be before they are added up.
const maxZoneChanges = 1000

// AnyTenantZoneSerial implements nodes.Directory. One statement reads both tables, so that it doesn't matter whether the rows are added up meanwhile.
func (s *database) AnyTenantZoneSerial(ctx context.Context) (uint32, error) {
	var row struct {
		Serial  int64 `db:"serial"`
		Changes int64 `db:"changes"`
	}
	err := s.get(ctx, &row, "zone's serial number", "SELECT (SELECT coalesce(max(serial), 1) FROM zone_serial) AS serial, (SELECT count(*) FROM zone_changes) AS changes")
	if err == nil && row.Changes >= maxZoneChanges {
		_ = s.transact(ctx, func(t *tx) error { return addUpZone(ctx, t) }) // the number is the same without it, and whoever asks next tries again
	}
	return uint32(row.Serial + row.Changes), err //nolint:gosec // G115: modulo 2^32 is meant
}

// addUpZone replaces the changes that are committed by their number. Those that come meanwhile stay, and nobody who makes one waits.
func addUpZone(ctx context.Context, t *tx) error {
	n, err := t.exec(ctx, "clear changes of the zone", "DELETE FROM zone_changes")
	if err != nil || n == 0 {
		return err
	}
	_, err = t.exec(ctx, "raise the zone's serial number", `INSERT INTO zone_serial (id, serial) VALUES (1, 1 + ?)
		ON CONFLICT (id) DO UPDATE SET serial = zone_serial.serial + ?`, n, n)
	return err
}

// AnyTenantSIPDomains implements nodes.Directory.
func (r reader) AnyTenantSIPDomains(ctx context.Context, after string, limit int) ([]string, error) {
	var out []string
	err := r.all(ctx, &out, "list SIP domains", `SELECT o.sip_domain FROM organizations o WHERE o.sip_domain > ?
		AND EXISTS (SELECT 1 FROM customers c WHERE c.org_id = o.id) ORDER BY o.sip_domain LIMIT ?`, after, limit)
	return out, err
}

// raiseZone counts a change of what DNS says: by a row of its own, so that writers don't wait for each other. What is counted are rows that are committed, and no
// numbers that were drawn before: so a change that is committed late raises the count late, and whoever saw a count has seen all that it counts.
func (t *tx) raiseZone(ctx context.Context) error {
	_, err := t.exec(ctx, "count a change of the zone", "INSERT INTO zone_changes DEFAULT VALUES")
	return err
}

type nodeRow struct {
	Name      string `db:"name"`
	Addresses string `db:"addresses"`
	UDP       uint16 `db:"udp"`
	TCP       uint16 `db:"tcp"`
	TLS       uint16 `db:"tls"`
	Priority  uint16 `db:"priority"`
	Weight    uint16 `db:"weight"`
	Draining  int    `db:"draining"`
	Alive     int    `db:"alive"`
	Seen      int64  `db:"seen"`
}

const nodeColumns = "name, addresses, udp, tcp, tls, priority, weight, draining, alive, seen"

func (r nodeRow) noun() nodes.Node {
	return nodes.Node{
		Name: nodes.Name(r.Name), Addresses: decode[[]netip.Addr](r.Addresses), UDP: r.UDP, TCP: r.TCP, TLS: r.TLS, Priority: r.Priority, Weight: r.Weight,
		Draining: r.Draining == 1, Alive: r.Alive == 1, Seen: fromMicros(r.Seen),
	}
}

// AnyTenantNodes implements nodes.Store.
func (r reader) AnyTenantNodes(ctx context.Context) ([]nodes.Node, error) {
	var rows []nodeRow
	err := r.all(ctx, &rows, "list nodes", "SELECT "+nodeColumns+" FROM nodes ORDER BY name")
	out := make([]nodes.Node, len(rows))
	for i, row := range rows {
		out[i] = row.noun()
	}
	return out, err
}

// AnyTenantAnnounce implements nodes.Store.
func (s *database) AnyTenantAnnounce(ctx context.Context, n nodes.Node) error {
	addresses, err := encode(n.Addresses)
	if err != nil {
		return err
	}
	said := []any{addresses, n.UDP, n.TCP, n.TLS, n.Priority, n.Weight}
	return s.transact(ctx, func(t *tx) error {
		same, err := t.exec(ctx, "keep a node alive", `UPDATE nodes SET seen = ? WHERE name = ? AND alive = 1 AND addresses = ? AND udp = ? AND tcp = ? AND tls = ?
			AND priority = ? AND weight = ?`, append([]any{micros(n.Seen), string(n.Name)}, said...)...)
		if err != nil || same > 0 {
			return err
		}
		_, err = t.exec(ctx, "announce a node", "INSERT INTO nodes ("+nodeColumns+") VALUES "+tuples(1, 10)+` ON CONFLICT (name) DO UPDATE SET
			addresses = excluded.addresses, udp = excluded.udp, tcp = excluded.tcp, tls = excluded.tls, priority = excluded.priority, weight = excluded.weight,
			alive = 1, seen = excluded.seen`, append(append([]any{string(n.Name)}, said...), flag(n.Draining), 1, micros(n.Seen))...)
		if err != nil {
			return err
		}
		return t.raiseZone(ctx)
	})
}

// AnyTenantSilence implements nodes.Store.
func (s *database) AnyTenantSilence(ctx context.Context, before time.Time) (int, error) {
	var gone int64
	err := s.transact(ctx, func(t *tx) (err error) {
		gone, err = t.exec(ctx, "put silent nodes last", "UPDATE nodes SET alive = 0 WHERE alive = 1 AND seen < ?", micros(before))
		if err != nil || gone == 0 {
			return err
		}
		return t.raiseZone(ctx)
	})
	return int(gone), err
}

// AnyTenantLeave implements nodes.Store.
func (s *database) AnyTenantLeave(ctx context.Context, name nodes.Name) error {
	return s.transact(ctx, func(t *tx) error {
		gone, err := t.exec(ctx, "say that a node stops", "UPDATE nodes SET alive = 0 WHERE alive = 1 AND name = ?", string(name))
		if err != nil || gone == 0 {
			return err
		}
		return t.raiseZone(ctx)
	})
}

// AnyTenantDrain implements nodes.Store.
func (s *database) AnyTenantDrain(ctx context.Context, name nodes.Name, draining bool, act nodes.Act) error {
	kind := customer.EventNodeResumed
	if draining {
		kind = customer.EventNodeDrained
	}
	return s.changeNode(ctx, name, kind, act, "UPDATE nodes SET draining = ? WHERE name = ?", flag(draining), string(name))
}

// AnyTenantForget implements nodes.Store.
func (s *database) AnyTenantForget(ctx context.Context, name nodes.Name, act nodes.Act) error {
	return s.changeNode(ctx, name, customer.EventNodeForgotten, act, "DELETE FROM nodes WHERE name = ?", string(name))
}

func (s *database) changeNode(ctx context.Context, name nodes.Name, kind customer.EventKind, act nodes.Act, query string, args ...any) error {
	return s.transact(ctx, func(t *tx) error {
		changed, err := t.exec(ctx, "change a node", query, args...)
		if err != nil {
			return err
		}
		if changed == 0 {
			return fault.New(fault.NotFound, "There is no node %s: dialtone nodes lists what there is.", name)
		}
		if act.Partner != "" {
			err := t.Record(ctx, customer.Event{Time: act.Time, Tenant: customer.Tenant{Partner: customer.OrgID(act.Partner)}, Actor: act.Email, Kind: kind, Subject: string(name)})
			if err != nil {
				return err
			}
		}
		return t.raiseZone(ctx)
	})
}
