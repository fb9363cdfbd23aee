package store

import (
	"context"
	"net/netip"
	"slices"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/provisioning"
)

type unknownRow struct {
	MAC       string `db:"mac"`
	PartnerID string `db:"partner_id"`
	OrgID     string `db:"org_id"`
	Peer      string `db:"peer"`
	Network   string `db:"network"`
	UserAgent string `db:"user_agent"`
	Files     string `db:"files"`
	First     int64  `db:"first"`
	Last      int64  `db:"last"`
	Count     int64  `db:"count"`
}

const unknownColumns = "mac, partner_id, org_id, peer, network, user_agent, files, first, last, count"

func (r unknownRow) noun() provisioning.UnknownDevice {
	mac, _ := deviceprofiles.ParseMAC(r.MAC) // it was written by us
	peer, _ := netip.ParseAddr(r.Peer)       // invalid for none
	return provisioning.UnknownDevice{
		MAC: mac, Tenant: customer.Tenant{Partner: customer.OrgID(r.PartnerID), Customer: customer.OrgID(r.OrgID)}, Peer: peer, UserAgent: r.UserAgent,
		Files: decode[[]string](r.Files), First: fromMicros(r.First), Last: fromMicros(r.Last), Count: r.Count,
	}
}

// networkOf is whose rows make room for each other: an IPv4 /24 or an IPv6 /48.
func networkOf(a netip.Addr) string {
	bits := 48
	if a = a.Unmap(); a.Is4() {
		bits = 24
	}
	p, err := a.WithZone("").Prefix(bits)
	if err != nil {
		return ""
	}
	return p.String()
}

// NoteUnknown implements provisioning.WatchStore.
func (s *database) NoteUnknown(ctx context.Context, list []provisioning.UnknownDevice, limits provisioning.UnknownLimits) error {
	list = newestOfEach(list, limits.PerAddress)
	if len(list) == 0 {
		return nil
	}
	return s.transact(ctx, func(t *tx) error {
		rows, err := t.mergeUnknown(ctx, list, limits)
		if err != nil {
			return err
		}
		for part := range slices.Chunk(rows, maxRows) {
			var args []any
			for _, r := range part {
				args = append(args, r.MAC, r.PartnerID, r.OrgID, r.Peer, r.Network, r.UserAgent, r.Files, r.First, r.Last, r.Count)
			}
			_, err := t.exec(ctx, "note unknown devices", "INSERT INTO unknown_devices ("+unknownColumns+") VALUES "+tuples(len(part), 10)+
				` ON CONFLICT (mac) DO UPDATE SET partner_id = excluded.partner_id, org_id = excluded.org_id, peer = excluded.peer, network = excluded.network,
				user_agent = excluded.user_agent, files = excluded.files, first = excluded.first, last = excluded.last, count = excluded.count`, args...)
			if err != nil {
				return err
			}
		}
		return t.makeRoom(ctx, rows, limits)
	})
}

// newestOfEach leaves the newest of each address, as more would push each other out at once. The list is by time, and stays so.
func newestOfEach(list []provisioning.UnknownDevice, most int) []provisioning.UnknownDevice {
	count := map[netip.Addr]int{}
	var out []provisioning.UnknownDevice
	for _, u := range slices.Backward(list) {
		if count[u.Peer]++; count[u.Peer] <= most {
			out = append(out, u)
		}
	}
	slices.Reverse(out)
	return out
}

// mergeUnknown adds what is new to what is there, by MAC address, so that two nodes lock rows in one order. Whose a row is stays as it was once found, until
// a token or an address says that it is another's: then it begins anew, so that nobody sees what the phone did in another's house.
func (t *tx) mergeUnknown(ctx context.Context, list []provisioning.UnknownDevice, limits provisioning.UnknownLimits) ([]unknownRow, error) {
	var macs, peers []string
	for _, u := range list {
		macs, peers = append(macs, u.MAC.String()), append(peers, addressText(u.Peer))
	}
	before := map[string]unknownRow{}
	for part := range slices.Chunk(texts(macs), maxRows) {
		var rows []unknownRow
		if err := t.in(ctx, &rows, "read unknown devices", "SELECT "+unknownColumns+" FROM unknown_devices WHERE mac IN ", part, ""); err != nil {
			return nil, err
		}
		for _, r := range rows {
			before[r.MAC] = r
		}
	}
	homes, err := t.organizationsAt(ctx, texts(peers), limits.KnownSince)
	if err != nil {
		return nil, err
	}
	merged := map[string]unknownRow{}
	for _, u := range list {
		partner, org := string(u.Tenant.Partner), string(u.Tenant.Customer)
		if home := homes[addressText(u.Peer)]; org == "" && len(home) == 1 {
			partner, org = home[0].PartnerID, home[0].OrgID
		}
		r, ok := before[u.MAC.String()]
		if !ok || org != "" && r.OrgID != "" && r.OrgID != org {
			r = unknownRow{MAC: u.MAC.String(), First: micros(u.First)}
		}
		if org != "" {
			r.PartnerID, r.OrgID = partner, org
		}
		files := decode[[]string](r.Files)
		for _, name := range u.Files {
			files = provisioning.AddFile(files, cleaned(name, maxSaid))
		}
		if r.Files, err = encode(files); err != nil {
			return nil, err
		}
		if u.UserAgent != "" {
			r.UserAgent = cleaned(u.UserAgent, maxSaid)
		}
		r.Peer, r.Network, r.Last, r.Count = addressText(u.Peer), networkOf(u.Peer), micros(u.Last), r.Count+u.Count
		merged[r.MAC] = r
	}
	var out []unknownRow
	for _, mac := range texts(macs) {
		out = append(out, merged[mac])
	}
	return out, nil
}

// makeRoom deletes what is over a limit after some rows were written: of each group its own oldest.
func (t *tx) makeRoom(ctx context.Context, rows []unknownRow, limits provisioning.UnknownLimits) error {
	var peers, networks, orgs []string
	for _, r := range rows {
		peers, networks = append(peers, r.Peer), append(networks, r.Network)
		if r.OrgID != "" {
			orgs = append(orgs, r.OrgID)
		}
	}
	for _, group := range []struct {
		column string
		values []string
		most   int
	}{{"peer", peers, limits.PerAddress}, {"network", networks, limits.PerNetwork}, {"org_id", orgs, limits.PerTenant}} {
		for part := range slices.Chunk(texts(group.values), maxRows) {
			_, err := t.exec(ctx, "make room", `DELETE FROM unknown_devices WHERE mac IN (SELECT mac FROM
				(SELECT mac, row_number() OVER (PARTITION BY `+group.column+` ORDER BY last DESC, mac) AS nth FROM unknown_devices WHERE `+group.column+" IN "+tuples(1, len(part))+`) AS n
				WHERE nth > ?)`, append(anys(part), group.most)...)
			if err != nil {
				return err
			}
		}
	}
	return t.makeRoomForNobodys(ctx, limits.Unassigned)
}

// makeRoomForNobodys deletes the oldest rows that belong to nobody of the network that has the most of them, until no more are left than may be.
func (t *tx) makeRoomForNobodys(ctx context.Context, most int) error {
	for {
		var count int
		if err := t.count(ctx, &count, "count unknown devices", "SELECT COUNT(*) FROM unknown_devices WHERE org_id = ''"); err != nil || count <= most {
			return err
		}
		var network string
		if err := t.get(ctx, &network, "network", "SELECT network FROM unknown_devices WHERE org_id = '' GROUP BY network ORDER BY COUNT(*) DESC, MIN(last), network LIMIT 1"); err != nil {
			return err
		}
		n, err := t.exec(ctx, "make room", `DELETE FROM unknown_devices WHERE mac IN
			(SELECT mac FROM unknown_devices WHERE org_id = '' AND network = ? ORDER BY last, mac LIMIT ?)`, network, min(count-most, 16))
		if err != nil || n == 0 {
			return err
		}
	}
}

// UnknownDevices implements provisioning.WatchReader. One that a device was created with meanwhile, on another node, isn't shown.
func (r reader) UnknownDevices(ctx context.Context, tenant customer.Tenant, page customer.Page) ([]provisioning.UnknownDevice, bool, error) {
	w := ofTenant("", tenant)
	w.add("NOT EXISTS (SELECT 1 FROM devices d WHERE d.mac = unknown_devices.mac)")
	return list(ctx, r, w, page, unknownRow.noun, "SELECT "+unknownColumns+" FROM unknown_devices", "last DESC, mac DESC")
}

// Sightings implements provisioning.WatchReader.
func (r reader) Sightings(ctx context.Context, tenant customer.Tenant, macs []string) ([]provisioning.UnknownDevice, error) {
	mine := ofTenant("", tenant)
	w := where{}
	w.among("mac", macs)
	w.add("(org_id = '' OR "+mine.text()[len(" WHERE "):]+")", mine.args...)
	w.add("NOT EXISTS (SELECT 1 FROM devices d WHERE d.mac = unknown_devices.mac)")
	var rows []unknownRow
	if err := r.all(ctx, &rows, "look for unknown devices", "SELECT "+unknownColumns+" FROM unknown_devices"+w.text()+" ORDER BY last DESC, mac", w.args...); err != nil {
		return nil, err
	}
	for i := range rows {
		if rows[i].OrgID == "" {
			rows[i].Peer = ""
		}
	}
	return nouns(rows, unknownRow.noun), nil
}

// claimed takes a MAC address out of the inbox: a device has it.
func (t *tx) claimed(ctx context.Context, d provisioning.Device) error {
	if !d.HasMAC() {
		return nil
	}
	_, err := t.exec(ctx, "clear unknown devices", "DELETE FROM unknown_devices WHERE mac = ?", d.MAC.String())
	return err
}
