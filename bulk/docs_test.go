package bulk_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/bulk"
)

// TestTheDocumentationHasEveryColumn compares the page's table with the columns that are read, letter by letter.
func TestTheDocumentationHasEveryColumn(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/people-csv.md")
	require.NoError(t, err)
	var table strings.Builder
	for _, c := range bulk.Columns() {
		name := "`" + c.Name + "`"
		if c.Mandatory {
			name += " (mandatory)"
		}
		aliases := strings.Join(c.Aliases, ", ")
		fmt.Fprintf(&table, "| %s | %s | %s | `%s` |\n", name, aliases, strings.ReplaceAll(c.Meaning, "|", `\|`), c.Example)
	}
	assert.Contains(t, string(page), table.String())
}
