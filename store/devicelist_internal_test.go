package store

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/provisioning"
	"dialtone/store/pgtest"
)

// picked is a filter of devices, and what its page is read along.
type picked struct {
	tenant customer.Tenant
	filter provisioning.DeviceFilter
	index  string
	prefix string // the columns that SQLite looks up in it
}

func pickedDevices() map[string]picked {
	partner, org := customer.Tenant{Partner: "p"}, customer.Tenant{Partner: "p", Customer: "o"}
	return map[string]picked{
		"all":            {partner, provisioning.DeviceFilter{}, "devices_list", "partner_id=?"},
		"org":            {org, provisioning.DeviceFilter{}, "devices_org_list", "partner_id=? AND org_id=?"},
		"owner":          {org, provisioning.DeviceFilter{Owner: "m", Tags: []string{"a"}}, "devices_owner", "owner_id=? AND partner_id=?"},
		"location":       {partner, provisioning.DeviceFilter{Location: "l", DisplayName: "x"}, "devices_location", "location_id=?"},
		"tag":            {partner, provisioning.DeviceFilter{Tags: []string{"a", "b"}}, "device_tags_list", "partner_id=? AND tag=?"},
		"tag of an org":  {org, provisioning.DeviceFilter{Tags: []string{"a"}, DisplayName: "x"}, "device_tags_org_list", "partner_id=? AND org_id=? AND tag=?"},
		"activating":     {partner, provisioning.DeviceFilter{Status: provisioning.StatusActivating}, "devices_activating", "partner_id=?"},
		"unknown":        {partner, provisioning.DeviceFilter{Status: provisioning.StatusUnknown}, "devices_unseen", "partner_id=?"},
		"unknown in org": {org, provisioning.DeviceFilter{Status: provisioning.StatusUnknown}, "devices_org_unseen", "partner_id=? AND org_id=?"},
		"connected":      {partner, provisioning.DeviceFilter{Status: provisioning.StatusConnected}, "devices_list", "partner_id=?"},
		"model":          {partner, provisioning.DeviceFilter{Models: []string{"a"}}, "devices_model", "partner_id=? AND model=?"},
		"models of one":  {org, provisioning.DeviceFilter{Models: []string{"a", "b"}}, "devices_org_list", "partner_id=? AND org_id=?"},
		"name":           {partner, provisioning.DeviceFilter{DisplayName: "x"}, "devices_list", "partner_id=?"},
	}
}

// TestAPageOfDevicesIsReadAlongAnIndex asks SQLite how it finds a page: along the index that is meant, up to the place where it begins, and with nothing
// to sort.
func TestAPageOfDevicesIsReadAlongAnIndex(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), Config{URL: filepath.Join(t.TempDir(), "plans.db")})
	require.NoError(t, err)
	defer func() { assert.NoError(t, s.Close()) }()
	plan := func(query string, args []any) []string {
		var steps []struct {
			ID, Parent, NotUsed int
			Detail              string
		}
		require.NoError(t, s.db.read.SelectContext(t.Context(), &steps, "EXPLAIN QUERY PLAN "+query, args...))
		var lines []string
		for _, step := range steps {
			lines = append(lines, step.Detail)
		}
		return lines
	}
	for name, c := range pickedDevices() {
		lines := plan(s.db.devicePage(c.tenant, c.filter, time.Now(), customer.Page{Max: 10}))
		assert.Contains(t, lines[0], c.index+" ("+c.prefix+")", name)
		assert.NotContains(t, strings.Join(lines, "; "), "TEMP B-TREE", name)
		next := customer.Page{Max: 10, After: customer.Cursor{At: time.Now(), ID: "d"}}
		assert.Contains(t, plan(s.db.devicePage(c.tenant, c.filter, time.Now(), next))[0], ",", "%s: begins at its place", name)
	}
	lines := strings.Join(plan(s.db.devicePage(customer.Tenant{Partner: "p"}, provisioning.DeviceFilter{Models: []string{"a", "b", "a"}}, time.Now(), customer.Page{Max: 10})), "; ")
	assert.Equal(t, 2, strings.Count(lines, "devices_model (partner_id=? AND model=?)"), lines)
	lines = strings.Join(plan(s.db.devicePage(customer.Tenant{Partner: "p"}, provisioning.DeviceFilter{MAC: &deviceprofiles.MAC{}}, time.Now(), customer.Page{Max: 10})), "; ")
	assert.Contains(t, lines, "devices_mac (mac=?)")
}

// TestPostgresCanReadAPageOfDevicesAlongAnIndex shows that each index has a page's order in PostgreSQL, too, which chooses by what it has counted: here
// it mayn't sort, nor read a table.
func TestPostgresCanReadAPageOfDevicesAlongAnIndex(t *testing.T) {
	t.Parallel()
	pgtest.Require(t)
	s, err := Open(t.Context(), Config{URL: pgtest.URL(t)})
	require.NoError(t, err)
	defer func() { assert.NoError(t, s.Close()) }()
	conn, err := s.db.read.Connx(t.Context())
	require.NoError(t, err)
	defer func() { assert.NoError(t, conn.Close()) }()
	_, err = conn.ExecContext(t.Context(), "SET enable_seqscan = off; SET enable_sort = off; SET enable_bitmapscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off")
	require.NoError(t, err)
	for name, c := range pickedDevices() {
		query, args := s.db.devicePage(c.tenant, c.filter, time.Now(), customer.Page{Max: 10})
		var lines []string
		require.NoError(t, conn.SelectContext(t.Context(), &lines, "EXPLAIN "+conn.Rebind(query), args...))
		plan := strings.Join(lines, "\n")
		assert.NotContains(t, plan, "Sort", name)
		assert.Contains(t, plan, c.index, "%s:\n%s", name, plan)
	}
}
