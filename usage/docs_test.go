package usage_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/usage"
)

// The page names the columns that are written, and the causes that are given.
func TestTheDocumentationIsRight(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/usage.md")
	require.NoError(t, err)
	var table strings.Builder
	for _, name := range names(usage.TypeUser) {
		fmt.Fprintf(&table, "| `%s` |", name)
		for _, reported := range usage.Types() {
			if slices.Contains(names(reported), name) {
				table.WriteString(" yes |")
			} else {
				table.WriteString(" |")
			}
		}
		table.WriteString("\n")
	}
	assert.Contains(t, string(page), table.String())
	for _, cause := range []usage.Cause{usage.QuantityDiffers, usage.Rounding, usage.PackageDiffers, usage.LocationDiffers, usage.LicenseDiffers, usage.PeriodDiffers, usage.MissingThere, usage.MissingHere} {
		assert.Contains(t, string(page), fmt.Sprintf("| `%s` |", cause))
	}
}
