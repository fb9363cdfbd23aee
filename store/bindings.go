package store

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"dialtone/customer"
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
	Registered int64  `db:"registered"`
	Expires    int64  `db:"expires"`
}

const bindingColumns = "line_id, contact, instance_id, call_id, cseq, transport, source, user_agent, registered, expires"

func (r bindingRow) noun() provisioning.Binding {
	source, _ := netip.ParseAddrPort(r.Source) // invalid for none
	return provisioning.Binding{
		Line: provisioning.LineID(r.LineID), Contact: r.Contact, InstanceID: r.InstanceID, CallID: r.CallID, CSeq: uint32(r.CSeq), //nolint:gosec // G115: written from one
		Transport: r.Transport, Source: source, UserAgent: r.UserAgent, Registered: fromMicros(r.Registered), Expires: fromMicros(r.Expires),
	}
}

func bindingArgs(b provisioning.Binding) []any {
	source := ""
	if b.Source.IsValid() {
		source = b.Source.String()
	}
	return []any{
		string(b.Line), b.Contact, b.InstanceID, b.CallID, int64(b.CSeq), b.Transport, source, b.UserAgent, micros(b.Registered), micros(b.Expires),
	}
}

// Bindings implements provisioning.Reader.
func (r reader) Bindings(ctx context.Context, tenant customer.Tenant, device provisioning.DeviceID, now time.Time) ([]provisioning.BindingView, error) {
	w := ofTenant("l.", tenant)
	w.add("l.device_id = ?", string(device))
	w.add("b.expires > ?", micros(now))
	var rows []struct {
		bindingRow
		Port int `db:"port"`
	}
	query := "SELECT b." + strings.ReplaceAll(bindingColumns, ", ", ", b.") + ", l.port FROM lines l JOIN bindings b ON b.line_id = l.id" + w.text() + " ORDER BY l.port, b.contact"
	if err := r.q.SelectContext(ctx, &rows, r.q.Rebind(query), w.args...); err != nil {
		return nil, failure(err, "read bindings")
	}
	out := make([]provisioning.BindingView, len(rows))
	for i, row := range rows {
		out[i] = provisioning.BindingView{Binding: row.bindingRow.noun(), Port: row.Port}
	}
	return out, nil
}

// UpdateBindings implements provisioning.Store. It writes only what differs, many rows a statement.
func (s *database) UpdateBindings(ctx context.Context, lines []provisioning.LineID, fn func(map[provisioning.LineID][]provisioning.Binding) (map[provisioning.LineID][]provisioning.Binding, error)) error {
	ids := make([]string, len(lines))
	for i, l := range lines {
		ids[i] = string(l)
	}
	return s.transact(ctx, func(t *sqlx.Tx) error {
		if err := s.dialect.lockLines(ctx, t, ids); err != nil {
			return failure(err, "lock lines")
		}
		r := reader{q: t}
		current, err := r.bindingsOf(ctx, ids)
		if err != nil {
			return err
		}
		next, err := fn(current)
		if err != nil {
			return err
		}
		gone, fresh := differences(current, next)
		if err := s.deleteBindings(ctx, r, gone); err != nil {
			return err
		}
		return s.upsertBindings(ctx, r, fresh)
	})
}

// bindingsOf reads the bindings of the lines that exist; a line without bindings has an entry too.
func (r reader) bindingsOf(ctx context.Context, ids []string) (map[provisioning.LineID][]provisioning.Binding, error) {
	out := make(map[provisioning.LineID][]provisioning.Binding, len(ids))
	for part := range slices.Chunk(ids, maxRows) {
		var existing []string
		if err := r.selectIn(ctx, &existing, "SELECT id FROM lines WHERE id IN ", part, ""); err != nil {
			return nil, err
		}
		for _, id := range existing {
			out[provisioning.LineID(id)] = nil
		}
		var rows []bindingRow
		if err := r.selectIn(ctx, &rows, "SELECT "+bindingColumns+" FROM bindings WHERE line_id IN ", part, " ORDER BY line_id, contact"); err != nil {
			return nil, err
		}
		for _, row := range rows {
			b := row.noun()
			out[b.Line] = append(out[b.Line], b)
		}
	}
	return out, nil
}

// maxRows bounds the rows of one statement: ten columns each stay below both databases' limits on arguments.
const maxRows = 500

func (r reader) selectIn(ctx context.Context, into any, before string, values []string, after string) error {
	args := make([]any, len(values))
	for i, v := range values {
		args[i] = v
	}
	return failure(r.q.SelectContext(ctx, into, r.q.Rebind(before+"("+placeholders(len(values))+")"+after), args...), "read bindings")
}

// differences says what is to be deleted and what to be written. Lines that aren't in current don't exist any more.
func differences(current, next map[provisioning.LineID][]provisioning.Binding) (gone, fresh []provisioning.Binding) {
	for line, list := range next {
		before, exists := current[line]
		if !exists {
			continue
		}
		for _, b := range before {
			if !slices.ContainsFunc(list, func(n provisioning.Binding) bool { return n.Contact == b.Contact }) {
				gone = append(gone, b)
			}
		}
		for _, b := range list {
			if !slices.Contains(before, b) {
				fresh = append(fresh, b)
			}
		}
	}
	return gone, fresh
}

func (s *database) deleteBindings(ctx context.Context, r reader, list []provisioning.Binding) error {
	for part := range slices.Chunk(list, maxRows) {
		args := make([]any, 0, 2*len(part))
		for _, b := range part {
			args = append(args, string(b.Line), b.Contact)
		}
		rows := strings.TrimSuffix(strings.Repeat("(?, ?), ", len(part)), ", ")
		if _, err := r.exec(ctx, s.dialect, "delete bindings", "DELETE FROM bindings WHERE (line_id, contact) IN (VALUES "+rows+")", args...); err != nil {
			return err
		}
	}
	return nil
}

func (s *database) upsertBindings(ctx context.Context, r reader, list []provisioning.Binding) error {
	for part := range slices.Chunk(list, maxRows) {
		args := make([]any, 0, 10*len(part))
		for _, b := range part {
			args = append(args, bindingArgs(b)...)
		}
		rows := strings.TrimSuffix(strings.Repeat("(?, ?, ?, ?, ?, ?, ?, ?, ?, ?), ", len(part)), ", ")
		query := fmt.Sprintf(`INSERT INTO bindings (%s) VALUES %s ON CONFLICT (line_id, contact) DO UPDATE SET instance_id = excluded.instance_id,
			call_id = excluded.call_id, cseq = excluded.cseq, transport = excluded.transport, source = excluded.source,
			user_agent = excluded.user_agent, registered = excluded.registered, expires = excluded.expires`, bindingColumns, rows)
		if _, err := r.exec(ctx, s.dialect, "write bindings", query, args...); err != nil {
			return err
		}
	}
	return nil
}

// DeleteExpiredBindings implements provisioning.Store.
func (s *database) DeleteExpiredBindings(ctx context.Context, before time.Time, limit int) (int, error) {
	deleted := 0
	err := s.transact(ctx, func(t *sqlx.Tx) error {
		n, err := reader{q: t}.exec(ctx, s.dialect, "delete bindings", `DELETE FROM bindings WHERE (line_id, contact) IN
			(SELECT line_id, contact FROM bindings WHERE expires < ? ORDER BY expires LIMIT ?)`, micros(before), limit)
		deleted = int(n)
		return err
	})
	return deleted, err
}
