package bulk_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/bulk"
)

func TestReadingGoesOnAfterABrokenRow(t *testing.T) {
	t.Parallel()
	filler := strings.Repeat("f@example.com,x\n", 60)
	tests := []struct {
		name, broken, email string
		code                bulk.Code
	}{
		{"a quote that nobody closes", `bob@example.com,"Bob`, "bob@example.com", bulk.CodeBrokenQuote},
		{"a quote that nobody closes, in front", `"bob@example.com,Bob`, "", bulk.CodeBrokenQuote},
		{"a quote inside quotes", `bob@example.com,"Bob "the" Builder"`, "bob@example.com", bulk.CodeBrokenQuote},
		{"signs after a quote", `"bob@example.com"x,Bob`, "", bulk.CodeBrokenQuote},
		{"a quote too much", `bob@example.com,"Bob""`, "bob@example.com", bulk.CodeBrokenQuote},
		{"a line that is too long", "bob@example.com," + strings.Repeat("x", 70_000), "bob@example.com", bulk.CodeTooLong},
		{"a quoted line that is too long", `bob@example.com,"` + strings.Repeat("x", 70_000) + `"`, "bob@example.com", bulk.CodeTooLong},
		{"an address that is too long", strings.Repeat("x", 70_000), "", bulk.CodeTooLong},
		{"too many cells", "bob@example.com" + strings.Repeat(",", 256), "bob@example.com", bulk.CodeTooManyCells},
	}
	for _, tt := range tests {
		for _, after := range []struct{ name, text string }{
			{"plain", "cyd@example.com,Cyd\n" + filler}, {"quoted", "\"cyd@example.com\",\"Cyd\"\n"}, {"at the end", "cyd@example.com,Cyd"},
			{"empty quotes", "cyd@example.com,\"\"\n" + filler}, {"long", "cyd@example.com," + strings.Repeat("y", 60_000) + "\n"},
		} {
			t.Run(tt.name+", then "+after.name, func(t *testing.T) {
				t.Parallel()
				rows, _ := readAll(t, "email,Notes\nada@example.com,Ada\n"+tt.broken+"\n"+after.text)
				require.GreaterOrEqual(t, len(rows), 3)
				assert.Empty(t, rows[0].Problems)
				assert.Equal(t, 3, rows[1].Line)
				assert.Equal(t, []bulk.Code{tt.code}, codes(rows[1]))
				assert.Equal(t, tt.email, rows[1].Email, "so that the row can be told")
				assert.Equal(t, "cyd@example.com", rows[2].Email)
				assert.Equal(t, 4, rows[2].Line)
				assert.Empty(t, rows[2].Problems)
			})
		}
	}
}

func TestABrokenRowDeletesNobody(t *testing.T) {
	t.Parallel()
	row := only(t, "email,webex_calling,Notes\nada@example.com,FALSE,\"x")
	assert.True(t, row.Failed())
	assert.False(t, row.AllOff())
	assert.Empty(t, row.Wanted())
	assert.Equal(t, `The row can't be read: a quotation mark isn't closed, or something follows it in its cell. Write a quotation mark inside a cell twice ("").`, row.Problems[0].Message)
}

func TestARecordOfSeveralLinesMustSuitTheHeader(t *testing.T) {
	t.Parallel()
	// Two quotes that nobody closes find each other, lines apart: what is between them looks like one cell.
	rows, _ := readAll(t, "email,first_name,Notes\nada@example.com,\"Ada,\nbob@example.com,Bob,\ncyd@example.com,Cyd,\"\ndan@example.com,Dan,\n")
	require.Len(t, rows, 4)
	assert.Equal(t, []bulk.Code{bulk.CodeBrokenQuote}, codes(rows[0]))
	assert.Equal(t, "bob@example.com", rows[1].Email)
	assert.Empty(t, rows[1].Problems)
	assert.Equal(t, []bulk.Code{bulk.CodeBrokenQuote}, codes(rows[2]))
	assert.Equal(t, "dan@example.com", rows[3].Email)
	assert.Equal(t, []int{2, 3, 4, 5}, []int{rows[0].Line, rows[1].Line, rows[2].Line, rows[3].Line})
}

func TestARecordOfManyLinesIsBounded(t *testing.T) {
	t.Parallel()
	rows, _ := readAll(t, "email,Notes\nada@example.com,\""+strings.Repeat("\n", 49)+"\"\nbob@example.com,\n")
	require.Len(t, rows, 2)
	assert.Empty(t, rows[0].Problems)
	assert.Equal(t, 52, rows[1].Line)

	rows, _ = readAll(t, "email,Notes\nada@example.com,\""+strings.Repeat("\n", 50)+"\"\nbob@example.com,\n")
	require.Len(t, rows, 3, "the line with the last quote is a row of its own")
	assert.Equal(t, []bulk.Code{bulk.CodeBrokenQuote}, codes(rows[0]))
	assert.Equal(t, "bob@example.com", rows[2].Email)
	assert.Equal(t, 53, rows[2].Line)
}

// The worst file for finding one's way: every line looks as if it went on for as long as a record may.
func TestFindingTheWayBackIsNoBurden(t *testing.T) {
	t.Parallel()
	started := time.Now()
	rows, _ := readAll(t, "email,Notes\n"+strings.Repeat("a\",\""+strings.Repeat("b", 300)+"\n", 20_000))
	assert.Len(t, rows, 20_000)
	t.Logf("6 MB took %v", time.Since(started))
}
