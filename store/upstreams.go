package store

import (
	"context"
	"time"

	"dialtone/customer"
	"dialtone/upstream"
)

// upstreams is the store as the package upstream wants it.
type upstreams struct{ *database }

// Upstreams is the store as the package upstream wants it.
func (s *Store) Upstreams() upstream.Store { return upstreams{s.db} }

// Update implements upstream.Store.
func (u upstreams) Update(ctx context.Context, tenant customer.Tenant, fn func(upstream.Tx) error) error {
	return u.update(ctx, tenant, func(t *tx) error { return fn(t) })
}

type upstreamRow struct {
	PartnerID   string `db:"partner_id"`
	Enabled     int    `db:"enabled"`
	Host        string `db:"host"`
	Port        int    `db:"port"`
	Transport   string `db:"transport"`
	CA          string `db:"ca"`
	Credentials string `db:"credentials"`
	Domain      string `db:"domain"`
	Expires     int64  `db:"expires"`
	Rate        int    `db:"rate"`
	Changed     int64  `db:"changed"`
}

const upstreamColumns = "partner_id, enabled, host, port, transport, ca, credentials, domain, expires, rate, changed"

func (r upstreamRow) noun() upstream.Setting {
	return upstream.Setting{
		Partner: customer.OrgID(r.PartnerID), On: r.Enabled == 1, Host: r.Host, Port: r.Port, Transport: upstream.Transport(r.Transport), CA: r.CA,
		Credentials: upstream.Credentials(r.Credentials), Domain: r.Domain, Expires: time.Duration(r.Expires) * time.Second, Rate: r.Rate, Changed: fromMicros(r.Changed),
	}
}

// Upstream implements upstream.Reader.
func (r reader) Upstream(ctx context.Context, partner customer.OrgID) (upstream.Setting, error) {
	return r.upstream(ctx, "SELECT "+upstreamColumns+" FROM upstreams WHERE partner_id = ?", string(partner))
}

// UpstreamInForce implements upstream.Reader.
func (r reader) UpstreamInForce(ctx context.Context, partner customer.OrgID) (upstream.Setting, error) {
	return r.upstream(ctx, "SELECT "+qualified("u", upstreamColumns, false)+` FROM partners p JOIN upstreams u ON u.partner_id IN (p.id, p.parent_id)
		WHERE p.id = ? ORDER BY CASE WHEN u.partner_id = p.id THEN 0 ELSE 1 END LIMIT 1`, string(partner))
}

// AnyTenantUpstreamOfDomain implements upstream.Reader.
func (r reader) AnyTenantUpstreamOfDomain(ctx context.Context, domain string) (upstream.Setting, error) {
	return r.upstream(ctx, "SELECT "+qualified("u", upstreamColumns, false)+` FROM organizations o JOIN customers c ON c.org_id = o.id
		JOIN partners p ON p.id = c.partner_id JOIN upstreams u ON u.partner_id IN (p.id, p.parent_id)
		WHERE o.sip_domain = ? ORDER BY CASE WHEN u.partner_id = p.id THEN 0 ELSE 1 END LIMIT 1`, domain)
}

func (r reader) upstream(ctx context.Context, query, key string) (upstream.Setting, error) {
	var row upstreamRow
	if err := r.get(ctx, &row, "upstream", query, key); err != nil {
		return upstream.Setting{}, err
	}
	return row.noun(), nil
}

// SetUpstream implements upstream.Tx.
func (t *tx) SetUpstream(ctx context.Context, s upstream.Setting) error {
	_, err := t.exec(ctx, "set an upstream", "INSERT INTO upstreams ("+upstreamColumns+") VALUES "+tuples(1, 11)+` ON CONFLICT (partner_id) DO UPDATE SET
		enabled = excluded.enabled, host = excluded.host, port = excluded.port, transport = excluded.transport, ca = excluded.ca, credentials = excluded.credentials,
		domain = excluded.domain, expires = excluded.expires, rate = excluded.rate, changed = excluded.changed`,
		string(s.Partner), flag(s.On), s.Host, s.Port, string(s.Transport), s.CA, string(s.Credentials), s.Domain, int64(s.Expires/time.Second), s.Rate, micros(s.Changed))
	return err
}

// DeleteUpstream implements upstream.Tx.
func (t *tx) DeleteUpstream(ctx context.Context, partner customer.OrgID) error {
	return t.change(ctx, "upstream", "DELETE FROM upstreams WHERE partner_id = ?", string(partner))
}
