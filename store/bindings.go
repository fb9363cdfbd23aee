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
	"dialtone/secret"
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
func (s *database) UpdateBindings(ctx context.Context, lines []provisioning.LineID, fn func(map[provisioning.LineID]provisioning.BoundLine) (map[provisioning.LineID][]provisioning.Binding, error)) error {
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

type boundLineRow struct {
	ID       string `db:"id"`
	HA1      []byte `db:"ha1"`
	DeviceID string `db:"device_id"`
	Revision int64  `db:"revision"`
	Bell     bool   `db:"bell"`
}

// lockBindings reads the lines that exist with their bindings, and keeps others from changing them.
func (t *tx) lockBindings(ctx context.Context, ids []string) (map[provisioning.LineID]provisioning.BoundLine, error) {
	out := make(map[provisioning.LineID]provisioning.BoundLine, len(ids))
	for part := range slices.Chunk(ids, maxRows) {
		var existing []boundLineRow
		query := `SELECT l.id, l.ha1, l.device_id, d.revision, EXISTS (SELECT 1 FROM bells r WHERE r.device_id = l.device_id) AS bell
			FROM lines l JOIN devices d ON d.id = l.device_id WHERE l.id IN `
		if err := t.in(ctx, &existing, "lock lines", query, part, t.dialect.lockRows("l")); err != nil {
			return nil, err
		}
		for _, r := range existing {
			out[provisioning.LineID(r.ID)] = provisioning.BoundLine{HA1: r.HA1, Device: provisioning.DeviceID(r.DeviceID), Revision: r.Revision, Bell: r.Bell}
		}
		var rows []bindingRow
		if err := t.in(ctx, &rows, "read bindings", "SELECT "+bindingColumns+" FROM bindings WHERE line_id IN ", part, " ORDER BY line_id, q DESC, contact, instance_id, reg_id"); err != nil {
			return nil, err
		}
		for _, row := range rows {
			b := row.noun()
			line := out[b.Line]
			line.Bindings = append(line.Bindings, b)
			out[b.Line] = line
		}
	}
	return out, nil
}

// AnyTenantLineRegistrations implements provisioning.LineRegistrationStore. A binding that comes or goes between the two reads is seen the next time.
func (r reader) AnyTenantLineRegistrations(ctx context.Context, lines []provisioning.LineID, now time.Time) (map[provisioning.LineID]provisioning.StoredLineRegistration, error) {
	ids := texts(lines)
	var secrets []struct {
		ID            string        `db:"id"`
		HA1           secret.Sealed `db:"ha1"`
		PreviousUntil int64         `db:"previous_until"`
	}
	if err := r.in(ctx, &secrets, "read lines", "SELECT id, ha1, previous_until FROM lines WHERE id IN ", ids, ""); err != nil {
		return nil, err
	}
	out := make(map[provisioning.LineID]provisioning.StoredLineRegistration, len(secrets))
	for _, row := range secrets {
		out[provisioning.LineID(row.ID)] = provisioning.StoredLineRegistration{HA1: row.HA1, PreviousUntil: fromMicros(row.PreviousUntil)}
	}
	var rows []bindingRow
	if err := r.in(ctx, &rows, "read bindings", "SELECT "+bindingColumns+" FROM bindings WHERE line_id IN ", ids, " ORDER BY line_id, q DESC, contact, instance_id, reg_id"); err != nil {
		return nil, err
	}
	for _, row := range rows {
		b := row.noun()
		if stored, exists := out[b.Line]; exists && now.Before(b.Expires) {
			stored.Bindings = append(stored.Bindings, b)
			out[b.Line] = stored
		}
	}
	return out, nil
}

// AnyTenantCountBindings implements provisioning.LineRegistrationStore.
func (r reader) AnyTenantCountBindings(ctx context.Context, node string, now time.Time) (int, error) {
	var n int
	err := r.count(ctx, &n, "count bindings", "SELECT COUNT(*) FROM bindings WHERE node = ? AND expires > ?", node, micros(now))
	return n, err
}

// bindingKey is what two bindings of one line differ in: phones with several flows have one contact in all of them.
type bindingKey struct {
	contact, instance string
	regID             uint32
}

func keyOf(b provisioning.Binding) bindingKey { return bindingKey{b.Contact, b.InstanceID, b.RegID} }

// differences says what is to be deleted and what to be written. Lines that aren't in current don't exist any more. Of two bindings with the same
// key the later one counts.
func differences(current map[provisioning.LineID]provisioning.BoundLine, next map[provisioning.LineID][]provisioning.Binding) (gone, fresh []provisioning.Binding) {
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
		for _, b := range before.Bindings {
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
	for part := range sized(list) {
		keys, args := bindingKeys(part)
		if _, err := t.exec(ctx, "delete bindings", "DELETE FROM bindings WHERE ("+bindingKeyColumns+") IN ("+keys+")", args...); err != nil {
			return err
		}
	}
	return nil
}

const bindingKeyColumns = "line_id, contact, instance_id, reg_id"

// bindingKeys writes the keys of some bindings, as many as sized gives, as a table.
func bindingKeys(list []provisioning.Binding) (values string, args []any) {
	args = make([]any, 0, 4*len(list)+1)
	for _, b := range list {
		args = append(args, string(b.Line), b.Contact, b.InstanceID, int64(b.RegID))
	}
	// PostgreSQL takes a parameter in VALUES for a text unless it is told otherwise.
	return "VALUES " + strings.TrimSuffix(strings.Repeat("(?, ?, ?, CAST(? AS BIGINT)), ", len(list)), ", ") + keptMark, args
}

func (t *tx) upsertBindings(ctx context.Context, list []provisioning.Binding) error {
	for part := range sized(list) {
		args := make([]any, 0, bindingWidth*len(part))
		for _, b := range part {
			args = append(args, bindingArgs(b)...)
		}
		query := fmt.Sprintf(`INSERT INTO bindings (%s) VALUES %s ON CONFLICT (line_id, contact, instance_id, reg_id) DO UPDATE SET
			call_id = excluded.call_id, cseq = excluded.cseq, transport = excluded.transport, source = excluded.source,
			user_agent = excluded.user_agent, node = excluded.node, registered = excluded.registered, expires = excluded.expires, q = excluded.q,
			path = excluded.path, certified = excluded.certified, upstream_key = excluded.upstream_key, upstream_at = excluded.upstream_at, upstream_until = excluded.upstream_until,
			upstream_refresh = excluded.upstream_refresh, upstream_said = excluded.upstream_said`, bindingColumns, keptTuples(len(part), bindingWidth))
		if _, err := t.exec(ctx, "write bindings", query, args...); err != nil {
			return err
		}
	}
	return nil
}

// DeleteExpiredBindings implements provisioning.Store. Those that a node is renewing at this moment are left to it. Which have ended is found by reading all,
// before the transaction: an index by expiry would cost each registration more than that costs once a minute, and PostgreSQL could change no row in place.
func (s *database) DeleteExpiredBindings(ctx context.Context, before time.Time, limit int) (int, error) {
	var rows []bindingRow
	if err := s.all(ctx, &rows, "find expired bindings", "SELECT "+bindingKeyColumns+" FROM bindings WHERE expires < ? LIMIT ?", micros(before), limit); err != nil || len(rows) == 0 {
		return 0, err
	}
	deleted := 0
	err := s.transact(ctx, func(t *tx) error {
		deleted = 0
		for part := range sized(nouns(rows, bindingRow.noun)) {
			keys, args := bindingKeys(part)
			n, err := t.exec(ctx, "delete bindings", "DELETE FROM bindings WHERE ("+bindingKeyColumns+") IN (SELECT "+bindingKeyColumns+" FROM bindings WHERE ("+
				bindingKeyColumns+") IN ("+keys+") AND expires < ?"+s.dialect.lockFreeRows()+")", append(args, micros(before))...)
			if err != nil {
				return err
			}
			deleted += int(n)
		}
		return nil
	})
	return deleted, err
}
