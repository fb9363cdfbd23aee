package store

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/provisioning"
)

type traceRow struct {
	At       int64  `db:"at"`
	DeviceID string `db:"device_id"`
	Door     string `db:"door"`
	Peer     string `db:"peer"`
	Request  string `db:"request"`
	Answer   string `db:"answer"`
	Rule     string `db:"rule"`
	Revision int64  `db:"revision"`
}

const traceColumns = "at, device_id, door, peer, request, answer, rule, revision"

func (r traceRow) noun() provisioning.TraceEntry {
	peer, _ := netip.ParseAddr(r.Peer) // invalid for none
	return provisioning.TraceEntry{
		Time: fromMicros(r.At), Device: provisioning.DeviceID(r.DeviceID), Door: r.Door, Peer: peer, Request: r.Request, Answer: r.Answer, Rule: r.Rule, Revision: r.Revision,
	}
}

// Trace implements provisioning.Reader.
func (r reader) Trace(ctx context.Context, tenant customer.Tenant, device provisioning.DeviceID, limit int) ([]provisioning.TraceEntry, error) {
	w := ofTenant("d.", tenant)
	w.add("t.device_id = ?", string(device))
	var rows []traceRow
	query := "SELECT t." + strings.ReplaceAll(traceColumns, ", ", ", t.") + " FROM traces t JOIN devices d ON d.id = t.device_id" + w.text() + " ORDER BY t.id DESC LIMIT ?"
	if err := r.q.SelectContext(ctx, &rows, r.q.Rebind(query), append(w.args, limit)...); err != nil {
		return nil, failure(err, "read the trace")
	}
	out := make([]provisioning.TraceEntry, len(rows))
	for i, row := range rows {
		out[i] = row.noun()
	}
	return out, nil
}

// seen is when a device was there in one batch.
type seen struct{ first, last int64 }

// AppendTrace implements provisioning.Store.
func (s *database) AppendTrace(ctx context.Context, entries []provisioning.TraceEntry, keep int) error {
	return s.transact(ctx, func(t *sqlx.Tx) error {
		r := reader{q: t}
		known, err := r.devicesOf(ctx, entries)
		if err != nil {
			return err
		}
		devices := map[string]seen{}
		var args []any
		for _, e := range entries {
			id := known[string(e.Device)]
			if e.Device == "" {
				id = known[e.MAC.String()]
			}
			if id == "" {
				continue
			}
			at := micros(e.Time)
			d, again := devices[id]
			if !again {
				d = seen{at, at}
			}
			devices[id] = seen{min(d.first, at), max(d.last, at)}
			args = append(args, at, id, e.Door, addressText(e.Peer), e.Request, e.Answer, e.Rule, e.Revision)
		}
		for part := range slices.Chunk(args, 8*maxRows) {
			rows := strings.TrimSuffix(strings.Repeat("(?, ?, ?, ?, ?, ?, ?, ?), ", len(part)/8), ", ")
			if _, err := r.exec(ctx, s.dialect, "write the trace", "INSERT INTO traces ("+traceColumns+") VALUES "+rows, part...); err != nil {
				return err
			}
		}
		return s.noteSeen(ctx, r, devices, keep)
	})
}

// devicesOf finds the devices of a batch, by id and by MAC address; the ids in one order, so that two nodes' batches lock rows in the same one.
func (r reader) devicesOf(ctx context.Context, entries []provisioning.TraceEntry) (map[string]string, error) {
	var ids, macs []string
	for _, e := range entries {
		if e.Device != "" {
			ids = append(ids, string(e.Device))
		} else if e.MAC != (deviceprofiles.MAC{}) {
			macs = append(macs, e.MAC.String())
		}
	}
	known := map[string]string{}
	for column, values := range map[string][]string{"id": ids, "mac": macs} {
		slices.Sort(values)
		for part := range slices.Chunk(slices.Compact(values), maxRows) {
			var rows []struct {
				ID    string `db:"id"`
				Value string `db:"value"`
			}
			if err := r.selectIn(ctx, &rows, "SELECT id, "+column+" AS value FROM devices WHERE "+column+" IN ", part, ""); err != nil {
				return nil, err
			}
			for _, row := range rows {
				known[row.Value] = row.ID
			}
		}
	}
	return known, nil
}

// noteSeen sets when devices were there, and cuts their traces to the newest entries.
func (s *database) noteSeen(ctx context.Context, r reader, devices map[string]seen, keep int) error {
	ids := make([]string, 0, len(devices))
	for id := range devices {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		d := devices[id]
		_, err := r.exec(ctx, s.dialect, "note a contact", `UPDATE devices SET first_seen = CASE WHEN first_seen = 0 THEN ? ELSE first_seen END,
			last_seen = CASE WHEN last_seen < ? THEN ? ELSE last_seen END WHERE id = ?`, d.first, d.last, d.last, id)
		if err != nil {
			return err
		}
		_, err = r.exec(ctx, s.dialect, "cut the trace", `DELETE FROM traces WHERE device_id = ? AND id <=
			(SELECT id FROM traces WHERE device_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?)`, id, id, keep)
		if err != nil {
			return err
		}
	}
	return nil
}

func addressText(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.Unmap().String()
}
