package adminapi

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/fault"
)

// docs/api.md has the one table of error numbers, with the status that each comes with.
func TestTheDocumentedCodesAreThoseThatThereAre(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/api.md")
	require.NoError(t, err)
	table := "| errorCode | status | meaning |\n|---|---|---|\n"
	for _, c := range fault.Codes() {
		table += fmt.Sprintf("| %d | %d | %s |\n", c.Code, statusOf(c.Kind), c.Meaning)
	}
	assert.Contains(t, string(text), table+"\n")
}
