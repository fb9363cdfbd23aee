package store

import (
	"cmp"
	"context"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/provisioning"
)

// knowAddresses notes from where phones did well, to the hour, and takes it for no refusal what comes from an address that isn't known: anybody can ask
// for somebody else's file.
func (t *tx) knowAddresses(ctx context.Context, about map[string][]provisioning.TraceEntry, known map[string]tracedDevice) error {
	orgs := map[string]tracedDevice{}
	for _, d := range known {
		orgs[d.ID] = d
	}
	fresh, refused := map[[2]string]int64{}, map[string]bool{}
	for id, entries := range about {
		for _, e := range entries {
			switch e.Standing {
			case provisioning.StandingFetched, provisioning.StandingRegistered:
				if e.Peer.IsValid() {
					key := [2]string{addressText(e.Peer), id}
					fresh[key] = max(fresh[key], micros(e.Time.Truncate(time.Hour)))
				}
			case provisioning.StandingRefused:
				refused[addressText(e.Peer)] = true
			case provisioning.StandingNone:
			}
		}
	}
	if err := t.upsertAddresses(ctx, fresh, orgs); err != nil {
		return err
	}
	homes, err := t.organizationsAt(ctx, slices.Sorted(maps.Keys(refused)), time.Time{})
	if err != nil {
		return err
	}
	for id, entries := range about {
		for i, e := range entries {
			if e.Standing == provisioning.StandingRefused && !slices.ContainsFunc(homes[addressText(e.Peer)], func(o knownAddress) bool { return o.OrgID == orgs[id].OrgID }) {
				entries[i].Standing = provisioning.StandingNone
			}
		}
	}
	return nil
}

func (t *tx) upsertAddresses(ctx context.Context, fresh map[[2]string]int64, devices map[string]tracedDevice) error {
	rows := map[[2]string][]any{} // by address and organisation: a statement must not meet a row twice
	for key, at := range fresh {
		d := devices[key[1]]
		place := [2]string{key[0], d.OrgID}
		if old, ok := rows[place]; !ok || old[3].(int64) < at {
			rows[place] = []any{key[0], d.OrgID, d.PartnerID, at}
		}
	}
	keys := slices.SortedFunc(maps.Keys(rows), func(a, b [2]string) int { return cmp.Or(strings.Compare(a[0], b[0]), strings.Compare(a[1], b[1])) })
	for part := range slices.Chunk(keys, maxRows) {
		var args []any
		for _, key := range part {
			args = append(args, rows[key]...)
		}
		_, err := t.exec(ctx, "note addresses", "INSERT INTO known_addresses (address, org_id, partner_id, last) VALUES "+tuples(len(part), 4)+
			` ON CONFLICT (address, org_id) DO UPDATE SET last = excluded.last, partner_id = excluded.partner_id WHERE known_addresses.last < excluded.last`, args...)
		if err != nil {
			return err
		}
	}
	return nil
}

type knownAddress struct {
	Address   string `db:"address"`
	OrgID     string `db:"org_id"`
	PartnerID string `db:"partner_id"`
}

// organizationsAt finds whose phones proved themselves from some addresses since a moment.
func (r reader) organizationsAt(ctx context.Context, addresses []string, since time.Time) (map[string][]knownAddress, error) {
	out := map[string][]knownAddress{}
	for part := range slices.Chunk(addresses, maxRows) {
		var rows []knownAddress
		args := append(anys(part), micros(since))
		if err := r.all(ctx, &rows, "find addresses", "SELECT address, org_id, partner_id FROM known_addresses WHERE address IN "+tuples(1, len(part))+" AND last >= ?", args...); err != nil {
			return nil, err
		}
		for _, row := range rows {
			out[row.Address] = append(out[row.Address], row)
		}
	}
	return out, nil
}

// AppendQueries implements provisioning.WatchStore.
func (s *database) AppendQueries(ctx context.Context, queries []provisioning.Query) error {
	return s.transact(ctx, func(t *tx) error {
		var domains []string
		newest := map[[3]string]provisioning.Query{}
		for _, q := range queries {
			domains = append(domains, q.Domain)
			key := [3]string{q.Domain, q.Question, q.Answer}
			if old, ok := newest[key]; !ok || old.Time.Before(q.Time) {
				newest[key] = q
			}
		}
		organizations := map[string]string{}
		for part := range slices.Chunk(texts(domains), maxRows) {
			var rows []struct {
				ID     string `db:"id"`
				Domain string `db:"sip_domain"`
			}
			if err := t.in(ctx, &rows, "find organisations", "SELECT id, sip_domain FROM organizations WHERE sip_domain IN ", part, ""); err != nil {
				return err
			}
			for _, row := range rows {
				organizations[row.Domain] = row.ID
			}
		}
		keys := slices.SortedFunc(maps.Keys(newest), func(a, b [3]string) int {
			return cmp.Or(strings.Compare(organizations[a[0]], organizations[b[0]]), strings.Compare(a[1], b[1]), strings.Compare(a[2], b[2]))
		})
		for part := range slices.Chunk(keys, maxRows) {
			var args []any
			for _, key := range part {
				if org := organizations[key[0]]; org != "" {
					q := newest[key]
					args = append(args, org, cleaned(q.Question, maxSaid), cleaned(q.Answer, maxSaid), micros(q.Time), addressText(q.Peer))
				}
			}
			if len(args) == 0 {
				continue
			}
			if _, err := t.exec(ctx, "note questions", "INSERT INTO dns_queries (org_id, question, answer, at, peer) VALUES "+tuples(len(args)/5, 5)+
				" ON CONFLICT (org_id, question, answer) DO UPDATE SET at = excluded.at, peer = excluded.peer WHERE dns_queries.at < excluded.at", args...); err != nil {
				return err
			}
		}
		return nil
	})
}

type queryRow struct {
	Question string `db:"question"`
	Answer   string `db:"answer"`
	At       int64  `db:"at"`
	Peer     string `db:"peer"`
}

func (r queryRow) noun() provisioning.Query {
	peer, _ := netip.ParseAddr(r.Peer) // invalid for none
	return provisioning.Query{Time: fromMicros(r.At), Peer: peer, Question: r.Question, Answer: r.Answer}
}

// maxQueries bounds what is read of a domain: there are some dozens of questions.
const maxQueries = 200

// Queries implements provisioning.WatchReader.
func (r reader) Queries(ctx context.Context, tenant customer.Tenant) ([]provisioning.Query, error) {
	var rows []queryRow
	err := r.all(ctx, &rows, "read questions", `SELECT q.question, q.answer, q.at, q.peer FROM organizations o JOIN dns_queries q ON q.org_id = o.id
		WHERE o.partner_id = ? AND o.id = ? ORDER BY q.at DESC, q.question LIMIT ?`, string(tenant.Partner), string(tenant.Customer), maxQueries)
	return nouns(rows, queryRow.noun), err
}

// MACsAmong implements provisioning.WatchReader.
func (r reader) MACsAmong(ctx context.Context, tenant customer.Tenant, macs []string) ([]string, error) {
	w := ofTenant("", tenant)
	w.among("mac", macs)
	found := []string{}
	err := r.all(ctx, &found, "look for addresses", "SELECT mac FROM devices"+w.text()+" ORDER BY mac", w.args...)
	return found, err
}

// DeviceByMAC implements provisioning.WatchReader.
func (r reader) DeviceByMAC(ctx context.Context, tenant customer.Tenant, mac deviceprofiles.MAC) (provisioning.Device, error) {
	w := ofTenant("", tenant)
	w.add("mac = ?", mac.String())
	var row deviceRow
	if err := r.get(ctx, &row, "device", "SELECT "+deviceColumns+" FROM devices"+w.text(), w.args...); err != nil {
		return provisioning.Device{}, err
	}
	return row.noun(), nil
}

type siteRow struct {
	ID               string `db:"id"`
	PartnerID        string `db:"partner_id"`
	OrgID            string `db:"org_id"`
	Name             string `db:"name"`
	Phones           int    `db:"phones"`
	Fetched          int    `db:"fetched"`
	FetchedLately    int    `db:"fetched_lately"`
	Registered       int    `db:"registered"`
	RegisteredLately int    `db:"registered_lately"`
	Refused          int    `db:"refused"`
}

func (r siteRow) noun() provisioning.SiteCounts {
	c := provisioning.SiteCounts{
		Tenant:   customer.Tenant{Partner: customer.OrgID(r.PartnerID), Customer: customer.OrgID(r.OrgID)},
		Location: customer.LocationID(r.ID), Name: r.Name,
	}
	c.Phones, c.Fetched, c.FetchedLately, c.Registered, c.RegisteredLately, c.Refused = r.Phones, r.Fetched, r.FetchedLately, r.Registered, r.RegisteredLately, r.Refused
	return c
}

// AnyTenantSites implements provisioning.WatchStore.
func (r reader) AnyTenantSites(ctx context.Context, after customer.LocationID, times provisioning.SiteTimes, limit int) ([]provisioning.SiteCounts, error) {
	memory := micros(times.Memory)
	var rows []siteRow
	err := r.all(ctx, &rows, "count phones", `SELECT l.id, l.partner_id, l.org_id, l.name, COUNT(d.id) AS phones,
		COUNT(CASE WHEN d.last_fetch > ? THEN 1 END) AS fetched, COUNT(CASE WHEN d.last_fetch > ? THEN 1 END) AS fetched_lately,
		COUNT(CASE WHEN d.last_register > ? THEN 1 END) AS registered, COUNT(CASE WHEN d.last_register > ? THEN 1 END) AS registered_lately,
		COUNT(CASE WHEN d.last_refused > ? AND d.last_refused > d.last_fetch THEN 1 END) AS refused
		FROM (SELECT id, partner_id, org_id, name FROM locations WHERE id > ? ORDER BY id LIMIT ?) AS l LEFT JOIN devices d ON d.location_id = l.id
		GROUP BY l.id, l.partner_id, l.org_id, l.name ORDER BY l.id`,
		memory, micros(times.Fetched), memory, micros(times.Registered), micros(times.Refused), string(after), limit)
	return nouns(rows, siteRow.noun), err
}

// AnyTenantPartnersOfRun implements provisioning.WatchStore: one look into an index for each partner.
func (r reader) AnyTenantPartnersOfRun(ctx context.Context, low, high deviceprofiles.MAC, from netip.Addr, since time.Time) ([]customer.OrgID, error) {
	var rows []customer.OrgID
	err := r.all(ctx, &rows, "find partners", `SELECT p.id FROM partners p WHERE EXISTS
		(SELECT 1 FROM devices d WHERE d.partner_id = p.id AND d.mac >= ? AND d.mac <= ?) OR p.id IN
		(SELECT k.partner_id FROM known_addresses k WHERE k.address = ? AND k.last >= ?) ORDER BY p.id`, low.String(), high.String(), addressText(from), micros(since))
	return rows, err
}
