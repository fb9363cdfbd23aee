package store_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/store"
	"dialtone/store/pgtest"
	"dialtone/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

func openSQLite(tb testing.TB) *store.Store {
	tb.Helper()
	return open(tb, filepath.Join(tb.TempDir(), "a b?c%d.db"))
}

func openPostgres(tb testing.TB) *store.Store {
	tb.Helper()
	return open(tb, pgtest.URL(tb))
}

func open(tb testing.TB, url string) *store.Store {
	tb.Helper()
	s, err := store.Open(tb.Context(), store.Config{URL: url, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(tb, err)
	tb.Cleanup(func() { assert.NoError(tb, s.Close()) })
	return s
}

func TestSQLite(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(tb testing.TB) storetest.Store { return openSQLite(tb) })
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	pgtest.Require(t)
	storetest.Run(t, func(tb testing.TB) storetest.Store { return openPostgres(tb) })
}
