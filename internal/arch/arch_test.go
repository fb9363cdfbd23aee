package arch_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTheHouse holds every rule against the source of the whole module.
func TestTheHouse(t *testing.T) {
	t.Parallel()
	root := os.DirFS("../..")
	house, err := load(root)
	require.NoError(t, err)
	require.NotEmpty(t, house.files, "no source found: has this package moved?")
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			for _, message := range r.check(house) {
				t.Error(message)
			}
		})
	}
}

// TestTheTableIsSound checks the tables themselves: a row can't allow what a law forbids, and names only what there is a row for.
func TestTheTableIsSound(t *testing.T) {
	t.Parallel()
	for pkg, allowed := range table {
		for _, own := range allowed {
			if own == everything {
				assert.Contains(t, []string{"cmd/dialtone", "bench"}, pkg, "only these see everything")
				continue
			}
			assert.Contains(t, table, own, "the row of %s", pkg)
			assert.NotEqual(t, "store", own, "the row of %s", pkg)
			assert.NotContains(t, doors, own, "the row of %s", pkg)
		}
	}
	for _, group := range [][]string{doors, nouns, vocabulary, ginUsers} {
		for _, pkg := range group {
			assert.Contains(t, table, pkg)
		}
	}
	for owned, users := range soleUsers {
		for _, pkg := range users {
			assert.Contains(t, table, pkg, "users of %s", owned)
		}
	}
}
