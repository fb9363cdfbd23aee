package store

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"time"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/provisioning"
)

type sipBanRow struct {
	Address string `db:"address"`
	Peer    string `db:"peer"`
	Reason  string `db:"reason"`
	First   int64  `db:"first"`
	Last    int64  `db:"last"`
	Count   int64  `db:"count"`
	Until   int64  `db:"until"`
	Lifted  int64  `db:"lifted"`
	Changed int64  `db:"changed"`
}

const sipBanColumns = "address, peer, reason, first, last, count, until, lifted, changed"

func (r sipBanRow) noun() provisioning.SIPBan {
	address, _ := netip.ParseAddr(r.Address) // it was written by us
	peer, _ := netip.ParseAddr(r.Peer)
	return provisioning.SIPBan{
		Address: address, Peer: peer, Reason: r.Reason, First: fromMicros(r.First), Last: fromMicros(r.Last), Count: r.Count,
		Until: fromMicros(r.Until), Lifted: fromMicros(r.Lifted), Changed: fromMicros(r.Changed),
	}
}

// AnyTenantNoteSIPBans implements provisioning.SIPBanStore. A later end is a new ban, which nobody has lifted.
func (s *database) AnyTenantNoteSIPBans(ctx context.Context, bans []provisioning.SIPBan, now time.Time, most int) error {
	bans = slices.SortedFunc(slices.Values(bans), func(a, b provisioning.SIPBan) int { // so that two nodes lock rows in one order
		return cmp.Compare(a.Address.String(), b.Address.String())
	})
	return s.transact(ctx, func(t *tx) error {
		for part := range slices.Chunk(bans, maxRows) {
			var args []any
			for _, b := range part {
				args = append(args, b.Address.String(), addressText(b.Peer), b.Reason, micros(b.First), micros(b.Last), b.Count, micros(b.Until), micros(b.Lifted), micros(now))
			}
			_, err := t.exec(ctx, "note bans", "INSERT INTO sip_bans ("+sipBanColumns+") VALUES "+tuples(len(part), 9)+` ON CONFLICT (address) DO UPDATE SET
				peer = excluded.peer, reason = excluded.reason, last = CASE WHEN excluded.last > sip_bans.last THEN excluded.last ELSE sip_bans.last END,
				count = sip_bans.count + excluded.count, lifted = CASE WHEN excluded.until > sip_bans.until THEN 0 ELSE sip_bans.lifted END,
				until = CASE WHEN excluded.until > sip_bans.until THEN excluded.until ELSE sip_bans.until END, changed = excluded.changed`, args...)
			if err != nil {
				return err
			}
		}
		_, err := t.exec(ctx, "make room for bans", "DELETE FROM sip_bans WHERE address IN (SELECT address FROM sip_bans ORDER BY until DESC, address LIMIT ? OFFSET ?)", maxRows, most)
		return err
	})
}

// AnyTenantChangedSIPBans implements provisioning.SIPBanStore.
func (r reader) AnyTenantChangedSIPBans(ctx context.Context, since, now time.Time, most int) ([]provisioning.SIPBan, error) {
	var rows []sipBanRow
	err := r.all(ctx, &rows, "read bans", "SELECT "+sipBanColumns+" FROM sip_bans WHERE changed >= ? AND until > ? ORDER BY changed, address LIMIT ?", micros(since), micros(now), most)
	return nouns(rows, sipBanRow.noun), err
}

// AnyTenantSIPBans implements provisioning.SIPBanStore.
func (r reader) AnyTenantSIPBans(ctx context.Context, now time.Time, most int) ([]provisioning.SIPBan, error) {
	var rows []sipBanRow
	err := r.all(ctx, &rows, "list bans", "SELECT "+sipBanColumns+" FROM sip_bans WHERE lifted = 0 AND until > ? ORDER BY last DESC, address LIMIT ?", micros(now), most)
	return nouns(rows, sipBanRow.noun), err
}

// AnyTenantLiftSIPBan implements provisioning.SIPBanStore.
func (s *database) AnyTenantLiftSIPBan(ctx context.Context, address netip.Addr, now time.Time) error {
	return s.transact(ctx, func(t *tx) error { return t.lift(ctx, where{}, address, now) })
}

// LiftSIPBan implements provisioning.SIPBanTx.
func (t *tx) LiftSIPBan(ctx context.Context, tenant customer.Tenant, address netip.Addr, scope provisioning.SIPBanScope) error {
	return t.lift(ctx, bansSeenBy(tenant, scope), address, scope.Now)
}

func (t *tx) lift(ctx context.Context, w where, address netip.Addr, now time.Time) error {
	w.add("address = ?", address.String())
	w.add("lifted = 0")
	w.add("until > ?", micros(now))
	changed, err := t.exec(ctx, "lift a ban", "UPDATE sip_bans SET lifted = ?, changed = ?"+w.text(), append([]any{micros(now), micros(now)}, w.args...)...)
	if err == nil && changed == 0 {
		return fault.New(fault.NotFound, "No ban of this address is in force.")
	}
	return err
}

// bansSeenBy leaves the bans of addresses from which the tenant's own phones come. Of an IPv6 network it is the very host that guessed last.
func bansSeenBy(tenant customer.Tenant, scope provisioning.SIPBanScope) where {
	known := ofTenant("k.", tenant)
	known.add("k.address IN (sip_bans.address, sip_bans.peer)")
	known.add("k.last >= ?", micros(scope.KnownSince))
	w := where{}
	w.add("EXISTS (SELECT 1 FROM known_addresses k"+known.text()+")", known.args...)
	return w
}

// SIPBans implements provisioning.SIPBanStore.
func (r reader) SIPBans(ctx context.Context, tenant customer.Tenant, scope provisioning.SIPBanScope, page customer.Page) ([]provisioning.SIPBan, bool, error) {
	w := bansSeenBy(tenant, scope)
	w.add("lifted = 0")
	w.add("until > ?", micros(scope.Now))
	return list(ctx, r, w, page, sipBanRow.noun, "SELECT "+sipBanColumns+" FROM sip_bans", "last DESC, address DESC")
}

// DeleteEndedSIPBans implements provisioning.SIPBanStore.
func (s *database) DeleteEndedSIPBans(ctx context.Context, before time.Time, limit int) (int, error) {
	var n int64
	err := s.transact(ctx, func(t *tx) (err error) {
		n, err = t.exec(ctx, "delete bans", "DELETE FROM sip_bans WHERE address IN (SELECT address FROM sip_bans WHERE until < ? ORDER BY until LIMIT ?"+s.dialect.lockFreeRows()+")", micros(before), limit)
		return err
	})
	return int(n), err
}
