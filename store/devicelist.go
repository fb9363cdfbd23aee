package store

import (
	"context"
	"database/sql"
	"net/netip"
	"slices"
	"strings"
	"time"

	"dialtone/customer"
	"dialtone/provisioning"
)

type deviceViewRow struct {
	deviceRow
	Source    sql.NullString `db:"source"`
	Kind      string         `db:"kind"`
	FirstName string         `db:"first_name"`
	LastName  string         `db:"last_name"`
	Email     sql.NullString `db:"email"`
}

func (r deviceViewRow) noun() provisioning.DeviceView {
	source, _ := netip.ParseAddrPort(r.Source.String) // invalid for none
	ip := ""
	if source.IsValid() {
		ip = source.Addr().String()
	}
	return provisioning.DeviceView{
		IP: ip, Device: r.deviceRow.noun(), OwnerKind: customer.MemberKind(r.Kind), OwnerFirstName: r.FirstName, OwnerLastName: r.LastName,
		OwnerEmail: r.Email.String, Registered: r.Source.Valid,
	}
}

// deviceViewSelect reads the devices of a page, which is a SELECT of their ids and when they were made. Its first value is the time of now.
func deviceViewSelect(page string) string {
	return "SELECT " + qualified("d", deviceColumns, false) + `, p.kind, p.first_name, p.last_name, p.email,
	(SELECT b.source FROM lines l JOIN bindings b ON b.line_id = l.id WHERE l.device_id = d.id AND b.expires > ? ORDER BY l.port, b.contact LIMIT 1) AS source
	FROM (` + page + `) page CROSS JOIN devices d CROSS JOIN members p WHERE d.id = page.id AND p.id = d.owner_id ORDER BY page.created, page.id`
}

// Devices implements provisioning.Reader. The page's rows are found first, along an index that has them in order, and only those are read whole.
func (r reader) Devices(ctx context.Context, tenant customer.Tenant, f provisioning.DeviceFilter, now time.Time, page customer.Page) ([]provisioning.DeviceView, bool, error) {
	var err error
	if f.Tags, err = r.rarestFirst(ctx, tenant, f.Tags); err != nil {
		return nil, false, err
	}
	query, args := r.devicePage(tenant, f, now, page)
	var rows []deviceViewRow
	if err := r.all(ctx, &rows, "read a list", deviceViewSelect(query), append([]any{micros(now)}, args...)...); err != nil {
		return nil, false, err
	}
	more := len(rows) > page.Max
	if more {
		rows = rows[:page.Max]
	}
	return nouns(rows, deviceViewRow.noun), more, nil
}

// devicePage returns the SELECT of the ids of a page and of one device more, which says that there are more.
func (r reader) devicePage(tenant customer.Tenant, f provisioning.DeviceFilter, now time.Time, page customer.Page) (string, []any) {
	if page.After.ID != "" {
		page.Offset = 0
	}
	picks := r.devicePicks(tenant, f)
	for i := range picks {
		picks[i].narrow(f, now)
		if page.After.ID != "" {
			picks[i].w.after(picks[i].order, page.After)
		}
	}
	if len(picks) == 1 {
		return picks[0].text(), append(picks[0].w.args, page.Max+1, page.Offset)
	}
	var parts []string
	var args []any
	for _, p := range picks {
		parts = append(parts, "SELECT id, created FROM ("+p.text()+") part")
		args = append(append(args, p.w.args...), page.Offset+page.Max+1, 0)
	}
	return strings.Join(parts, " UNION ALL ") + " ORDER BY created, id LIMIT ? OFFSET ?", append(args, page.Max+1, page.Offset)
}

// devicePick finds devices in their order, along one index.
type devicePick struct {
	from  string // devices are d
	order string // the columns of the index: when the device was made, and its id
	w     where
}

func (p devicePick) text() string {
	return "SELECT d.id, d.created FROM " + p.from + p.w.text() + " ORDER BY " + p.order + " LIMIT ? OFFSET ?"
}

// maxPicks bounds the parts of a page: of more models than a product has the list itself is read.
const maxPicks = 8

// devicePicks chooses the index that leaves the fewest devices to look at, and holds what it decides. Several picks make one list between them.
func (r reader) devicePicks(tenant customer.Tenant, f provisioning.DeviceFilter) []devicePick {
	along := func(index string) devicePick {
		return devicePick{"devices d" + r.dialect.along(index), "d.created, d.id", ofTenant("d.", tenant)}
	}
	switch {
	case f.ID != "" || f.MAC != nil:
		return []devicePick{{"devices d", "d.created, d.id", ofTenant("d.", tenant)}} // there is one at most
	case f.Owner != "":
		return []devicePick{along("devices_owner")}
	case f.Location != "":
		return []devicePick{along("devices_location")}
	case len(f.Tags) > 0:
		return []devicePick{r.taggedDevices(tenant, f.Tags[0])}
	case f.Status == provisioning.StatusActivating:
		return []devicePick{along("devices_activating")}
	case f.Status == provisioning.StatusUnknown && tenant.Customer != "":
		return []devicePick{along("devices_org_unseen")}
	case f.Status == provisioning.StatusUnknown:
		return []devicePick{along("devices_unseen")}
	case tenant.Customer != "":
		return []devicePick{along("devices_org_list")}
	case len(f.Models) > 0 && len(f.Models) <= maxPicks:
		var picks []devicePick
		for _, model := range texts(f.Models) { // each once
			p := along("devices_model")
			p.w.add("d.model = ?", model)
			picks = append(picks, p)
		}
		return picks
	}
	return []devicePick{along("devices_list")}
}

// taggedDevices picks the devices with a tag, along the tags.
func (r reader) taggedDevices(tenant customer.Tenant, tag string) devicePick {
	index := "device_tags_list"
	if tenant.Customer != "" {
		index = "device_tags_org_list"
	}
	p := devicePick{"device_tags t" + r.dialect.along(index) + " CROSS JOIN devices d", "t.created, t.device_id", ofTenant("t.", tenant)}
	p.w.add("t.tag = ? AND d.id = t.device_id", tag)
	return p
}

// narrow adds the conditions of a filter.
func (p *devicePick) narrow(f provisioning.DeviceFilter, now time.Time) {
	p.w.equal("d.id", string(f.ID))
	p.w.equal("d.owner_id", string(f.Owner))
	p.w.equal("d.location_id", string(f.Location))
	p.w.anyOf("d.model", f.Models)
	for _, tag := range f.Tags {
		p.w.add("EXISTS (SELECT 1 FROM device_tags o WHERE o.device_id = d.id AND o.tag = ?)", tag)
	}
	deviceStatus(&p.w, f.Status, now)
	if f.MAC != nil {
		p.w.add("d.mac = ?", f.MAC.String())
	}
	if f.DisplayName != "" {
		pattern := contains(f.DisplayName)
		p.from += " CROSS JOIN members p"
		p.w.add(`p.id = d.owner_id AND (p.folded_name LIKE ? ESCAPE '\' OR lower(d.model) LIKE ? ESCAPE '\')`, pattern, pattern)
	}
}

// deviceStatus adds what provisioning.DeviceView.Status means. What narrows a partial index is written out: a value that is handed in doesn't let one be
// used.
func deviceStatus(w *where, status provisioning.ConnectionStatus, now time.Time) {
	const registered = "EXISTS (SELECT 1 FROM lines r JOIN bindings b ON b.line_id = r.id WHERE r.device_id = d.id AND b.expires > ?)"
	switch status {
	case "":
	case provisioning.StatusConnected:
		w.add(registered, micros(now))
	case provisioning.StatusActivating:
		w.add("d.activation = 'activating' AND NOT "+registered, micros(now))
	case provisioning.StatusDisconnected:
		w.add("d.first_seen > 0 AND d.activation <> 'activating' AND NOT "+registered, micros(now))
	case provisioning.StatusUnknown:
		w.add("d.first_seen = 0 AND d.activation <> 'activating' AND NOT "+registered, micros(now))
	default:
		w.add("1 = 0")
	}
}

// commonTag is how many devices make a tag common: how many more there are doesn't matter.
const commonTag = 2000

// rarestFirst brings the tag to the front that the fewest devices have, as the list is read along that one.
func (r reader) rarestFirst(ctx context.Context, tenant customer.Tenant, tags []string) ([]string, error) {
	if len(tags) < 2 {
		return tags, nil
	}
	counts := map[string]int{}
	for _, tag := range tags {
		w := ofTenant("t.", tenant)
		w.add("t.tag = ?", tag)
		var n int
		err := r.count(ctx, &n, "count tags", "SELECT count(*) FROM (SELECT 1 FROM device_tags t"+w.text()+" LIMIT ?) counted", append(w.args, commonTag)...)
		if err != nil {
			return nil, err
		}
		counts[tag] = n
	}
	out := slices.Clone(tags)
	slices.SortStableFunc(out, func(a, b string) int { return counts[a] - counts[b] })
	return out, nil
}
