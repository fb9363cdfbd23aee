package store

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/provisioning"
)

type bindingRow struct {
	LineID     string `db:"line_id"`
	Contact    string `db:"contact"`
	InstanceID string `db:"instance_id"`
	CallID     string `db:"call_id"`
	CSeq       int64  `db:"cseq"`
	Transport  string `db:"transport"`
	Source     string `db:"source"`
	UserAgent  string `db:"user_agent"`
	Node       string `db:"node"`
	Registered int64  `db:"registered"`
	Expires    int64  `db:"expires"`
	RegID      int64  `db:"reg_id"`
	Q          int    `db:"q"`
	Path       string `db:"path"`
	Certified  string `db:"certified"`

	UpstreamKey     string `db:"upstream_key"`
	UpstreamAt      int64  `db:"upstream_at"`
	UpstreamUntil   int64  `db:"upstream_until"`
	UpstreamRefresh int64  `db:"upstream_refresh"`
	UpstreamSaid    string `db:"upstream_said"`
}

const bindingColumns = "line_id, contact, instance_id, call_id, cseq, transport, source, user_agent, node, registered, expires, reg_id, q, path, certified, upstream_key, upstream_at, upstream_until, upstream_refresh, upstream_said"

// bindingWidth is the number of columns.
const bindingWidth = 20

func (r bindingRow) noun() provisioning.Binding {
	source, _ := netip.ParseAddrPort(r.Source)           // invalid for none
	certified, _ := deviceprofiles.ParseMAC(r.Certified) // zero for none
	return provisioning.Binding{
		Line: provisioning.LineID(r.LineID), Contact: r.Contact, InstanceID: r.InstanceID, CallID: r.CallID, CSeq: uint32(r.CSeq), //nolint:gosec // G115: written from one
		Transport: r.Transport, Source: source, UserAgent: r.UserAgent, Node: r.Node, Registered: fromMicros(r.Registered), Expires: fromMicros(r.Expires),
		RegID: uint32(r.RegID), Q: r.Q, Path: r.Path, Certified: certified, //nolint:gosec // G115: written from one
		Upstream: provisioning.UpstreamTold{
			Key: r.UpstreamKey, At: fromMicros(r.UpstreamAt), Until: fromMicros(r.UpstreamUntil), Refresh: fromMicros(r.UpstreamRefresh), Said: r.UpstreamSaid,
		},
	}
}

func bindingArgs(b provisioning.Binding) []any {
	source, certified := "", ""
	if b.Source.IsValid() {
		source = b.Source.String()
	}
	if b.Certified != (deviceprofiles.MAC{}) {
		certified = b.Certified.String()
	}
	return []any{
		string(b.Line), b.Contact, b.InstanceID, b.CallID, int64(b.CSeq), b.Transport, source, b.UserAgent, b.Node, micros(b.Registered), micros(b.Expires),
		int64(b.RegID), b.Q, b.Path, certified, b.Upstream.Key, micros(b.Upstream.At), micros(b.Upstream.Until), micros(b.Upstream.Refresh), b.Upstream.Said,
	}
}

// Bindings implements provisioning.Reader.
func (r reader) Bindings(ctx context.Context, tenant customer.Tenant, device provisioning.DeviceID, now time.Time) ([]provisioning.BindingView, error) {
	w := ofTenant("l.", tenant)
	w.add("l.device_id = ?", string(device))
	w.add("b.expires > ?", micros(now))
	var rows []bindingViewRow
	query := "SELECT " + qualified("b", bindingColumns, false) + ", l.port FROM lines l JOIN bindings b ON b.line_id = l.id" + w.text() + " ORDER BY l.port, b.q DESC, b.contact, b.instance_id, b.reg_id"
	err := r.all(ctx, &rows, "read bindings", query, w.args...)
	return nouns(rows, bindingViewRow.noun), err
}

type bindingViewRow struct {
	bindingRow
	Port int `db:"port"`
}

func (r bindingViewRow) noun() provisioning.BindingView {
	return provisioning.BindingView{Binding: r.bindingRow.noun(), Port: r.Port}
}

// UpdateBindings implements provisioning.Store. It writes only what differs, many rows a statement.
func (s *database) UpdateBindings(ctx context.Context, lines []provisioning.LineID, fn func(map[provisioning.LineID][]provisioning.Binding) (map[provisioning.LineID][]provisioning.Binding, error)) error {
	ids := texts(lines)
	return s.transact(ctx, func(t *tx) error {
		current, err := t.lockBindings(ctx, ids)
		if err != nil {
			return err
		}
		next, err := fn(current)
		if err != nil {
			return err
		}
		gone, fresh := differences(current, next)
		if err := t.deleteBindings(ctx, gone); err != nil {
			return err
		}
		return t.upsertBindings(ctx, fresh)
	})
}

// lockBindings reads the bindings of the lines that exist, and keeps others from changing them; a line without bindings has an entry too.
func (t *tx) lockBindings(ctx context.Context, ids []string) (map[provisioning.LineID][]provisioning.Binding, error) {
	out := make(map[provisioning.LineID][]provisioning.Binding, len(ids))
	for part := range slices.Chunk(ids, maxRows) {
		var existing []string
		if err := t.in(ctx, &existing, "lock lines", "SELECT id FROM lines WHERE id IN ", part, t.dialect.lockRows()); err != nil {
			return nil, err
		}
		for _, id := range existing {
			out[provisioning.LineID(id)] = nil
		}
		var rows []bindingRow
		if err := t.in(ctx, &rows, "read bindings", "SELECT "+bindingColumns+" FROM bindings WHERE line_id IN ", part, " ORDER BY line_id, q DESC, contact, instance_id, reg_id"); err != nil {
			return nil, err
		}
		for _, row := range rows {
			b := row.noun()
			out[b.Line] = append(out[b.Line], b)
		}
	}
	return out, nil
}

// bindingKey is what two bindings of one line differ in: phones with several flows have one contact in all of them.
type bindingKey struct {
	contact, instance string
	regID             uint32
}

func keyOf(b provisioning.Binding) bindingKey { return bindingKey{b.Contact, b.InstanceID, b.RegID} }

// differences says what is to be deleted and what to be written. Lines that aren't in current don't exist any more. Of two bindings with the same
// key the later one counts.
func differences(current, next map[provisioning.LineID][]provisioning.Binding) (gone, fresh []provisioning.Binding) {
	for line, list := range next {
		before, exists := current[line]
		if !exists {
			continue
		}
		wanted := make(map[bindingKey]provisioning.Binding, len(list))
		for _, b := range list {
			b = cleanedBinding(b)
			wanted[keyOf(b)] = b
		}
		for _, b := range before {
			switch w, stays := wanted[keyOf(b)]; {
			case !stays:
				gone = append(gone, b)
			case w == b:
				delete(wanted, keyOf(b))
			}
		}
		for _, b := range wanted {
			fresh = append(fresh, b)
		}
	}
	return gone, fresh
}

// The most bytes that are kept of what phones say of themselves. A contact is in an index, whose entries PostgreSQL bounds.
const (
	maxContact = 1024
	maxPath    = 2048
	maxSaid    = 512
)

// cleanedBinding makes a binding storable, so that what one stranger sends never spoils the batch that others are in.
func cleanedBinding(b provisioning.Binding) provisioning.Binding {
	b.Contact = cleaned(b.Contact, maxContact)
	b.InstanceID, b.CallID, b.UserAgent = cleaned(b.InstanceID, maxSaid), cleaned(b.CallID, maxSaid), cleaned(b.UserAgent, maxSaid)
	b.Upstream.Said = cleaned(b.Upstream.Said, maxPath)
	b.Transport, b.Path = cleaned(b.Transport, maxSaid), cleaned(b.Path, maxPath)
	return b
}

func (t *tx) deleteBindings(ctx context.Context, list []provisioning.Binding) error {
	for part := range slices.Chunk(list, maxRows) {
		args := make([]any, 0, 4*len(part))
		for _, b := range part {
			args = append(args, string(b.Line), b.Contact, b.InstanceID, int64(b.RegID))
		}
		// PostgreSQL takes a parameter in VALUES for a text unless it is told otherwise.
		rows := strings.TrimSuffix(strings.Repeat("(?, ?, ?, CAST(? AS BIGINT)), ", len(part)), ", ")
		query := "DELETE FROM bindings WHERE (line_id, contact, instance_id, reg_id) IN (VALUES " + rows + ")"
		if _, err := t.exec(ctx, "delete bindings", query, args...); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) upsertBindings(ctx context.Context, list []provisioning.Binding) error {
	for part := range slices.Chunk(list, maxRows) {
		args := make([]any, 0, bindingWidth*len(part))
		for _, b := range part {
			args = append(args, bindingArgs(b)...)
		}
		query := fmt.Sprintf(`INSERT INTO bindings (%s) VALUES %s ON CONFLICT (line_id, contact, instance_id, reg_id) DO UPDATE SET
			call_id = excluded.call_id, cseq = excluded.cseq, transport = excluded.transport, source = excluded.source,
			user_agent = excluded.user_agent, node = excluded.node, registered = excluded.registered, expires = excluded.expires, q = excluded.q,
			path = excluded.path, certified = excluded.certified, upstream_key = excluded.upstream_key, upstream_at = excluded.upstream_at, upstream_until = excluded.upstream_until,
			upstream_refresh = excluded.upstream_refresh, upstream_said = excluded.upstream_said`, bindingColumns, tuples(len(part), bindingWidth))
		if _, err := t.exec(ctx, "write bindings", query, args...); err != nil {
			return err
		}
	}
	return nil
}

// DeleteExpiredBindings implements provisioning.Store. Those that a node is renewing at this moment are left to it.
func (s *database) DeleteExpiredBindings(ctx context.Context, before time.Time, limit int) (int, error) {
	deleted := 0
	err := s.transact(ctx, func(t *tx) error {
		n, err := t.exec(ctx, "delete bindings", `DELETE FROM bindings WHERE (line_id, contact, instance_id, reg_id) IN
			(SELECT line_id, contact, instance_id, reg_id FROM bindings WHERE expires < ? ORDER BY expires LIMIT ?`+s.dialect.lockFreeRows()+")", micros(before), limit)
		deleted = int(n)
		return err
	})
	return deleted, err
}
