package deviceprofiles_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/deviceprofiles"
)

// No phone that is told a name is told anything that keeps it from looking the name up: draining a node would never reach it.
func TestNoFileDefeatsTheLookup(t *testing.T) {
	t.Parallel()
	for i, m := range configuredModels() {
		s := sampleSettings(t, m.DisplayName, blockOf(m.Family)+fmt.Sprintf("%06x", i+1))
		s.Model = m
		s.Lines = everyLine(s)
		found, err := deviceprofiles.LookupObstacles(s)
		require.NoError(t, err, m.Name)
		assert.Empty(t, found, m.Name)
		found, err = deviceprofiles.LookupObstacles(byAddress(s))
		require.NoError(t, err, m.Name)
		assert.Empty(t, found, "%s: told an address on purpose", m.Name)
	}
}
