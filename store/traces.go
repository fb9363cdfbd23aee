package store

import (
	"cmp"
	"context"
	"encoding/binary"
	"hash/fnv"
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
	ID        int64  `db:"id"`
	At        int64  `db:"at"`
	DeviceID  string `db:"device_id"`
	Door      string `db:"door"`
	Peer      string `db:"peer"`
	Request   string `db:"request"`
	Answer    string `db:"answer"`
	Rule      string `db:"rule"`
	Revision  int64  `db:"revision"`
	UserAgent string `db:"user_agent"`
	Bytes     int64  `db:"bytes"`
	Proof     string `db:"proof"`
	ByAddress int    `db:"by_address"`
	Node      string `db:"node"`
}

const traceColumns = "at, device_id, door, peer, request, answer, rule, revision, user_agent, bytes, proof, by_address, node"

// traceWidth is how many columns those are.
const traceWidth = 13

func (r traceRow) noun() provisioning.TraceEntry {
	peer, _ := netip.ParseAddr(r.Peer) // invalid for none
	return provisioning.TraceEntry{
		ID: r.ID, Time: fromMicros(r.At), Device: provisioning.DeviceID(r.DeviceID), Door: r.Door, Peer: peer, Request: r.Request, Answer: r.Answer, Rule: r.Rule,
		Revision: r.Revision, UserAgent: r.UserAgent, Bytes: r.Bytes, Proof: provisioning.ProofKind(r.Proof), ByAddress: r.ByAddress == 1, Node: r.Node,
	}
}

// Trace implements provisioning.Reader.
func (r reader) Trace(ctx context.Context, tenant customer.Tenant, device provisioning.DeviceID, filter provisioning.TraceFilter, limit int) ([]provisioning.TraceEntry, error) {
	w := ofTenant("d.", tenant)
	w.add("t.device_id = ?", string(device))
	w.equal("t.door", filter.Door)
	if filter.Before > 0 {
		w.add("t.id < ?", filter.Before)
	}
	if filter.After > 0 {
		w.add("t.id > ?", filter.After)
	}
	var rows []traceRow
	query := "SELECT t.id, " + qualified("t", traceColumns, false) + " FROM traces t JOIN devices d ON d.id = t.device_id" + w.text() + " ORDER BY t.id DESC LIMIT ?"
	err := r.all(ctx, &rows, "read the trace", query, append(w.args, limit)...)
	return nouns(rows, traceRow.noun), err
}

// AppendTrace implements provisioning.Store: one transaction of a few statements, however many devices a batch is about.
func (s *database) AppendTrace(ctx context.Context, entries []provisioning.TraceEntry, bound provisioning.TraceBound) error {
	return s.transact(ctx, func(t *tx) error {
		known, err := t.devicesOf(ctx, entries)
		if err != nil {
			return err
		}
		about := map[string][]provisioning.TraceEntry{}
		for _, e := range entries {
			d, ok := known[string(e.Device)]
			if e.Device == "" {
				d, ok = known[e.MAC.String()]
			}
			if ok && (e.Domain == "" || e.Domain == d.Domain) {
				e.Device = provisioning.DeviceID(d.ID)
				about[d.ID] = append(about[d.ID], e)
			}
		}
		if err := t.knowAddresses(ctx, about, known); err != nil {
			return err
		}
		ids := slices.Sorted(maps.Keys(about))
		for part := range slices.Chunk(ids, maxRows) {
			if err := t.traceDevices(ctx, part, about, bound); err != nil {
				return err
			}
		}
		return nil
	})
}

// traceDevices writes the entries about some devices, sets when these were there, and cuts the traces of those whose turn it is.
func (t *tx) traceDevices(ctx context.Context, ids []string, about map[string][]provisioning.TraceEntry, bound provisioning.TraceBound) error {
	var existing []string // locked in their order, and not deleted since they were found
	if err := t.in(ctx, &existing, "lock devices", "SELECT id FROM devices WHERE id IN ", ids, t.dialect.lockRows("")); err != nil {
		return err
	}
	if len(existing) == 0 {
		return nil
	}
	var traced []any
	for _, id := range existing {
		for _, e := range about[id] {
			traced = append(traced, micros(e.Time), id, cleaned(e.Door, maxSaid), addressText(e.Peer), cleaned(e.Request, maxSaid), cleaned(e.Answer, maxSaid),
				cleaned(e.Rule, maxSaid), e.Revision, cleaned(e.UserAgent, maxSaid), e.Bytes, cmp.Or(string(e.Proof), string(provisioning.ProofNone)), flag(e.ByAddress), cleaned(e.Node, maxSaid))
		}
	}
	for part := range slices.Chunk(traced, traceWidth*maxRows) {
		if _, err := t.exec(ctx, "write the trace", "INSERT INTO traces ("+traceColumns+") VALUES "+tuples(len(part)/traceWidth, traceWidth), part...); err != nil {
			return err
		}
	}
	if err := t.noteContacts(ctx, existing, about); err != nil {
		return err
	}
	if err := t.noteFirmware(ctx, existing, about); err != nil {
		return err
	}
	due := slices.DeleteFunc(existing, func(id string) bool { return !cutNow(id, about[id], bound.Every) })
	return t.cutTraces(ctx, due, bound.Keep)
}

// cutNow draws whether a device's trace is cut with this batch: once in so many, by its id and the moment, so that nothing need be remembered and no rhythm of
// phones is missed.
func cutNow(id string, entries []provisioning.TraceEntry, every int) bool {
	drawn := fnv.New32a()
	_, _ = drawn.Write([]byte(id))                                                                       // it never fails
	_, _ = drawn.Write(binary.BigEndian.AppendUint64(nil, uint64(micros(entries[len(entries)-1].Time)))) //nolint:gosec // G115: bits to draw from
	return drawn.Sum32()%uint32(max(1, every)) == 0                                                      //nolint:gosec // G115: a small constant
}

// cutTraces keeps the newest entries of devices' traces, for each door and kind of proof.
func (t *tx) cutTraces(ctx context.Context, ids []string, keep int) error {
	if len(ids) == 0 {
		return nil
	}
	_, err := t.exec(ctx, "cut traces", `DELETE FROM traces WHERE id IN (SELECT id FROM
		(SELECT id, row_number() OVER (PARTITION BY device_id, door, proof ORDER BY id DESC) AS nth FROM traces WHERE device_id IN `+tuples(1, len(ids))+`) AS n
		WHERE nth > ?)`, append(anys(ids), keep)...)
	return err
}

// moments are when a device was there, in microseconds; 0 for not in this batch.
type moments struct{ first, last, fetched, registered, refused, revision int64 }

func momentsOf(entries []provisioning.TraceEntry) (moments, bool) {
	m := moments{first: math.MaxInt64}
	for _, e := range entries {
		if e.ByAddress {
			continue
		}
		at := micros(e.Time)
		m.first, m.last = min(m.first, at), max(m.last, at)
		switch e.Standing {
		case provisioning.StandingFetched:
			m.fetched, m.revision = max(m.fetched, at), max(m.revision, e.Revision)
		case provisioning.StandingRegistered:
			m.registered = max(m.registered, at)
		case provisioning.StandingRefused:
			m.refused = max(m.refused, at)
		case provisioning.StandingNone:
		}
	}
	return m, m.last > 0
}

// noteContacts sets when devices were there.
func (t *tx) noteContacts(ctx context.Context, ids []string, about map[string][]provisioning.TraceEntry) error {
	var rows []any
	var fetched []string
	for _, id := range ids {
		if m, ok := momentsOf(about[id]); ok {
			if m.fetched > 0 {
				fetched = append(fetched, id)
			}
			rows = append(rows, id, m.first, m.last, m.fetched, m.registered, m.refused, m.revision)
		}
	}
	if len(rows) == 0 {
		return nil
	}
	const row = "(?, CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS BIGINT)), "
	values := strings.TrimSuffix(strings.Repeat(row, len(rows)/7), ", ")
	_, err := t.exec(ctx, "note contacts", `UPDATE devices SET first_seen = CASE WHEN first_seen = 0 THEN c.column2 ELSE first_seen END,
		last_seen = CASE WHEN last_seen < c.column3 THEN c.column3 ELSE last_seen END,
		last_fetch = CASE WHEN last_fetch < c.column4 THEN c.column4 ELSE last_fetch END,
		last_register = CASE WHEN last_register < c.column5 THEN c.column5 ELSE last_register END,
		last_refused = CASE WHEN last_refused < c.column6 THEN c.column6 ELSE last_refused END,
		fetched_revision = CASE WHEN fetched_revision < c.column7 THEN c.column7 ELSE fetched_revision END FROM (VALUES `+values+") AS c WHERE devices.id = c.column1", rows...)
	if err != nil {
		return err
	}
	return t.answerBells(ctx, fetched)
}

// tracedDevice is a device that a contact is about.
type tracedDevice struct {
	ID        string `db:"id"`
	PartnerID string `db:"partner_id"`
	OrgID     string `db:"org_id"`
	Domain    string `db:"sip_domain"`
	Value     string `db:"value"`
}

// devicesOf finds the devices of a batch, by id and by MAC address.
func (r reader) devicesOf(ctx context.Context, entries []provisioning.TraceEntry) (map[string]tracedDevice, error) {
	var ids, macs []string
	for _, e := range entries {
		if e.Device != "" {
			ids = append(ids, string(e.Device))
		} else if e.MAC != (deviceprofiles.MAC{}) {
			macs = append(macs, e.MAC.String())
		}
	}
	known := map[string]tracedDevice{}
	for column, values := range map[string][]string{"id": texts(ids), "mac": texts(macs)} {
		for part := range slices.Chunk(values, maxRows) {
			var rows []tracedDevice
			if err := r.in(ctx, &rows, "find devices", `SELECT d.id, d.partner_id, d.org_id, o.sip_domain, d.`+column+` AS value
				FROM devices d JOIN organizations o ON o.id = d.org_id WHERE d.`+column+" IN ", part, ""); err != nil {
				return nil, err
			}
			for _, row := range rows {
				known[row.Value] = row
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
