package store

import (
	"context"
	"maps"
	"math"
	"net/netip"
	"slices"
	"strings"

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
	query := "SELECT " + qualified("t", traceColumns, false) + " FROM traces t JOIN devices d ON d.id = t.device_id" + w.text() + " ORDER BY t.id DESC LIMIT ?"
	err := r.all(ctx, &rows, "read the trace", query, append(w.args, limit)...)
	return nouns(rows, traceRow.noun), err
}

// AppendTrace implements provisioning.Store: one transaction of a few statements, however many devices a batch is about.
func (s *database) AppendTrace(ctx context.Context, entries []provisioning.TraceEntry, keep int) error {
	return s.transact(ctx, func(t *tx) error {
		known, err := t.devicesOf(ctx, entries)
		if err != nil {
			return err
		}
		about := map[string][]provisioning.TraceEntry{}
		for _, e := range entries {
			id, ok := known[string(e.Device)]
			if e.Device == "" {
				id, ok = known[e.MAC.String()]
			}
			if ok {
				about[id] = append(about[id], e)
			}
		}
		ids := slices.Sorted(maps.Keys(about))
		for part := range slices.Chunk(ids, maxRows) {
			if err := t.traceDevices(ctx, part, about, keep); err != nil {
				return err
			}
		}
		return nil
	})
}

// traceDevices writes the entries about some devices, sets when these were there, and cuts their traces to the newest entries.
func (t *tx) traceDevices(ctx context.Context, ids []string, about map[string][]provisioning.TraceEntry, keep int) error {
	var existing []string // locked in their order, and not deleted since they were found
	if err := t.in(ctx, &existing, "lock devices", "SELECT id FROM devices WHERE id IN ", ids, t.dialect.lockRows()); err != nil {
		return err
	}
	if len(existing) == 0 {
		return nil
	}
	var seen, traced []any
	for _, id := range existing {
		first, last := int64(math.MaxInt64), int64(0)
		for _, e := range about[id] {
			at := micros(e.Time)
			first, last = min(first, at), max(last, at)
			traced = append(traced, at, id, cleaned(e.Door, maxSaid), addressText(e.Peer), cleaned(e.Request, maxSaid), cleaned(e.Answer, maxSaid), cleaned(e.Rule, maxSaid), e.Revision)
		}
		seen = append(seen, id, first, last)
	}
	for part := range slices.Chunk(traced, 8*maxRows) {
		if _, err := t.exec(ctx, "write the trace", "INSERT INTO traces ("+traceColumns+") VALUES "+tuples(len(part)/8, 8), part...); err != nil {
			return err
		}
	}
	rows := strings.TrimSuffix(strings.Repeat("(?, CAST(? AS BIGINT), CAST(? AS BIGINT)), ", len(existing)), ", ")
	_, err := t.exec(ctx, "note contacts", `UPDATE devices SET first_seen = CASE WHEN first_seen = 0 THEN c.column2 ELSE first_seen END,
		last_seen = CASE WHEN last_seen < c.column3 THEN c.column3 ELSE last_seen END FROM (VALUES `+rows+") AS c WHERE devices.id = c.column1", seen...)
	if err != nil {
		return err
	}
	args := make([]any, 0, len(existing)+1)
	for _, id := range existing {
		args = append(args, id)
	}
	_, err = t.exec(ctx, "cut the trace", `DELETE FROM traces WHERE id IN (SELECT id FROM
		(SELECT id, row_number() OVER (PARTITION BY device_id ORDER BY id DESC) AS nth FROM traces WHERE device_id IN `+tuples(1, len(existing))+`) AS n
		WHERE nth > ?)`, append(args, keep)...)
	return err
}

// devicesOf finds the devices of a batch, by id and by MAC address.
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
	for column, values := range map[string][]string{"id": texts(ids), "mac": texts(macs)} {
		for part := range slices.Chunk(values, maxRows) {
			var rows []struct {
				ID    string `db:"id"`
				Value string `db:"value"`
			}
			if err := r.in(ctx, &rows, "find devices", "SELECT id, "+column+" AS value FROM devices WHERE "+column+" IN ", part, ""); err != nil {
				return nil, err
			}
			for _, row := range rows {
				known[row.Value] = row.ID
			}
		}
	}
	return known, nil
}

func addressText(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.Unmap().String()
}
