package store

import (
	"context"
	"database/sql"

	"dialtone/customer"
	"dialtone/provisioning"
)

type monitoredRow struct {
	Kind          string         `db:"kind"`
	MemberID      sql.NullString `db:"member_id"`
	Number        string         `db:"number"`
	Label         string         `db:"label"`
	MemberKind    string         `db:"member_kind"`
	Email         string         `db:"email"`
	FirstName     string         `db:"first_name"`
	LastName      string         `db:"last_name"`
	LocationID    string         `db:"location_id"`
	Extension     string         `db:"extension"`
	MemberNumber  string         `db:"member_number"`
	RoutingPrefix string         `db:"routing_prefix"`
}

const monitoredSelect = `SELECT w.kind, w.member_id, w.number, w.label, COALESCE(m.kind, '') AS member_kind, COALESCE(m.email, '') AS email,
		COALESCE(m.first_name, '') AS first_name, COALESCE(m.last_name, '') AS last_name, COALESCE(m.location_id, '') AS location_id,
		COALESCE(m.extension, '') AS extension, COALESCE(m.number, '') AS member_number, COALESCE(l.routing_prefix, '') AS routing_prefix
	FROM monitored w LEFT JOIN members m ON m.id = w.member_id AND m.org_id = w.org_id LEFT JOIN locations l ON l.id = m.location_id`

func (r monitoredRow) noun() provisioning.MonitoredView {
	view := provisioning.MonitoredView{
		Monitored: provisioning.Monitored{
			Kind: provisioning.MonitoredKind(r.Kind), Member: customer.MemberID(r.MemberID.String), Number: r.Number, Label: r.Label,
		},
		RoutingPrefix: r.RoutingPrefix,
	}
	if r.MemberKind != "" {
		view.Watched = customer.Member{
			ID: view.Member, Kind: customer.MemberKind(r.MemberKind), Email: r.Email, FirstName: r.FirstName, LastName: r.LastName,
			Location: customer.LocationID(r.LocationID), Extension: r.Extension, Number: r.MemberNumber,
		}
	}
	return view
}

// Monitoring implements provisioning.Reader.
func (r reader) Monitoring(ctx context.Context, tenant customer.Tenant, owner customer.MemberID) ([]provisioning.MonitoredView, error) {
	w := ofTenant("w.", tenant)
	w.add("w.owner_id = ?", string(owner))
	var rows []monitoredRow
	err := r.all(ctx, &rows, "read a monitoring list", monitoredSelect+w.text()+" ORDER BY w.place", w.args...)
	return nouns(rows, monitoredRow.noun), err
}

// DevicesWatching implements provisioning.Reader.
func (r reader) DevicesWatching(ctx context.Context, tenant customer.Tenant, watched provisioning.WatchedBy) ([]provisioning.DeviceID, error) {
	w := ofTenant("d.", tenant)
	if watched.Member != "" {
		w.add("w.member_id = ?", string(watched.Member))
	} else {
		w.add("m.location_id = ?", string(watched.Location))
	}
	w.add("d.id > ?", string(watched.After))
	var rows []string
	query := `SELECT DISTINCT d.id FROM monitored w JOIN members m ON m.id = w.member_id JOIN devices d ON d.owner_id = w.owner_id` + w.text() + " ORDER BY d.id LIMIT ?"
	err := r.all(ctx, &rows, "find devices", query, append(w.args, min(max(watched.Most, 0), maxRows))...)
	return nouns(rows, func(id string) provisioning.DeviceID { return provisioning.DeviceID(id) }), err
}

// SetMonitoring implements provisioning.Tx.
func (t *tx) SetMonitoring(ctx context.Context, tenant customer.Tenant, owner customer.MemberID, list []provisioning.Monitored) error {
	m, err := t.Member(ctx, tenant, owner)
	if err != nil {
		return err
	}
	if _, err := t.exec(ctx, "change a monitoring list", "DELETE FROM monitored WHERE owner_id = ?", string(m.ID)); err != nil {
		return err
	}
	for i, one := range list {
		_, err := t.exec(ctx, "change a monitoring list",
			"INSERT INTO monitored (owner_id, place, partner_id, org_id, kind, member_id, number, label) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			string(m.ID), i+1, string(m.Partner), string(m.Org), string(one.Kind), nullable(one.Member), one.Number, one.Label)
		if err != nil {
			return err
		}
	}
	return nil
}
