package store

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/store/pgtest"
)

// What every node asks twice a second is read along partial indexes, which are empty where no phone is to be told.
func TestBellsAreLookedForAlongTheirIndexes(t *testing.T) {
	t.Parallel()
	queries := map[string]string{dueBells: "bells_due", fetchedBells: "bells_fetched"}
	s, err := Open(t.Context(), Config{URL: filepath.Join(t.TempDir(), "plans.db")})
	require.NoError(t, err)
	defer func() { assert.NoError(t, s.Close()) }()
	for query, index := range queries {
		var steps []struct {
			ID, Parent, NotUsed int
			Detail              string
		}
		require.NoError(t, s.db.read.SelectContext(t.Context(), &steps, "EXPLAIN QUERY PLAN "+query, 1))
		require.Len(t, steps, 1, "nothing is sorted")
		assert.Contains(t, steps[0].Detail, "INDEX "+index+" (")
	}
}

func TestPostgresCanLookForBellsAlongTheirIndexes(t *testing.T) {
	t.Parallel()
	pgtest.Require(t)
	s, err := Open(t.Context(), Config{URL: pgtest.URL(t)})
	require.NoError(t, err)
	defer func() { assert.NoError(t, s.Close()) }()
	conn, err := s.db.read.Connx(t.Context())
	require.NoError(t, err)
	defer func() { assert.NoError(t, conn.Close()) }()
	_, err = conn.ExecContext(t.Context(), "SET enable_seqscan = off; SET enable_sort = off; SET enable_bitmapscan = off")
	require.NoError(t, err)
	for query, index := range map[string]string{dueBells: "bells_due", fetchedBells: "bells_fetched"} {
		var lines []string
		require.NoError(t, conn.SelectContext(t.Context(), &lines, "EXPLAIN "+conn.Rebind(query), 1))
		plan := strings.Join(lines, "\n")
		assert.Contains(t, plan, index, plan)
		assert.NotContains(t, plan, "Sort")
	}
}
