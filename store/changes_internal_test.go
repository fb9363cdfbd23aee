package store

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
)

// TestAPageBeginsInAnIndex asks SQLite how it finds a page of the feed: by an index up to the place itself, so that the last page costs what the first does.
func TestAPageBeginsInAnIndex(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), Config{URL: filepath.Join(t.TempDir(), "plans.db")})
	require.NoError(t, err)
	defer func() { assert.NoError(t, s.Close()) }()
	place := customer.EventCursor{ID: 7}
	ofDevice := s.db.changesOf(customer.Tenant{Partner: "p"}, place)
	ofDevice.add("device_id = ?", "d")
	ofDevice.add(s.db.dialect.place("", "<=", "?", "?"), place.Transaction, place.ID)
	for want, w := range map[string]where{
		"events_changes (partner_id=? AND xact=? AND id>?)":                  s.db.changesOf(customer.Tenant{Partner: "p"}, place),
		"events_org_changes (partner_id=? AND org_id=? AND xact=? AND id>?)": s.db.changesOf(customer.Tenant{Partner: "p", Customer: "o"}, place),
		"events_device (partner_id=? AND device_id=? AND xact=?":             ofDevice,
	} {
		var plan []struct {
			ID, Parent, NotUsed int
			Detail              string
		}
		require.NoError(t, s.db.read.SelectContext(t.Context(), &plan, "EXPLAIN QUERY PLAN SELECT * FROM events"+w.text()+" ORDER BY xact, id LIMIT 10", w.args...))
		var lines []string
		for _, step := range plan {
			lines = append(lines, step.Detail)
		}
		assert.Len(t, lines, 1, "nothing is sorted")
		assert.Contains(t, strings.Join(lines, "; "), want)
	}
}
