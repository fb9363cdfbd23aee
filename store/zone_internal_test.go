package store

import (
	"context"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/store/pgtest"
)

// The serial number is the same before changes are added up and after it, whoever does that at once with others.
func TestChangesOfTheZoneAreAddedUp(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]func() Config{
		"sqlite":   func() Config { return Config{URL: filepath.Join(t.TempDir(), "zone.db")} },
		"postgres": func() Config { pgtest.Require(t); return Config{URL: pgtest.URL(t)} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := Open(t.Context(), config())
			require.NoError(t, err)
			defer func() { assert.NoError(t, s.Close()) }()
			raise := func(times int) {
				require.NoError(t, s.db.transact(t.Context(), func(t *tx) error {
					for range times {
						if err := t.raiseZone(context.Background()); err != nil {
							return err
						}
					}
					return nil
				}))
			}
			serial := func() uint32 {
				n, err := s.db.AnyTenantZoneSerial(t.Context())
				require.NoError(t, err)
				return n
			}
			assert.Equal(t, uint32(1), serial())
			raise(maxZoneChanges - 1)
			assert.Equal(t, uint32(maxZoneChanges), serial())
			raise(1)
			var group sync.WaitGroup
			for range 4 {
				group.Go(func() { assert.Equal(t, uint32(maxZoneChanges+1), serial()) })
			}
			group.Wait()
			var left int
			require.NoError(t, s.db.count(t.Context(), &left, "count", "SELECT count(*) FROM zone_changes"))
			assert.Zero(t, left)
			raise(3)
			assert.Equal(t, uint32(maxZoneChanges+4), serial())
		})
	}
}
