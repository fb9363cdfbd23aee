package bulk_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dialtone/bulk"
)

func TestResults(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w := bulk.NewResultWriter(&out)
	rows, _ := readAll(t, "email,extension,webex_suite\nada@example.com,1001,yes\nbob@example.com,x,yes\n-cyd@example.com,,\n")
	require.NoError(t, w.Write(rows[0].Result(bulk.Added)))
	require.NoError(t, w.Write(rows[1].Result(bulk.Failed)))
	require.NoError(t, w.Write(rows[2].Result(bulk.Unchanged)))
	require.NoError(t, w.Write(bulk.Result{Line: 9, Email: "dan@example.com", Outcome: bulk.Failed, Column: "number", Reason: "=1+1, \"quoted\""}))
	require.NoError(t, w.Flush())
	assert.Equal(t, "\uFEFFline,email,outcome,column,reason\r\n"+
		"2,ada@example.com,added,meeting_site,\"Warning: meeting_site: Webex Suite comes with meetings, and the row names no preferred Webex site.\"\r\n"+
		"3,bob@example.com,failed,extension,\"extension: \"\"x\"\" must be 2 to 10 digits. Warning: meeting_site: Webex Suite comes with meetings, and the row names no preferred Webex site.\"\r\n"+
		"4,'-cyd@example.com,unchanged,,\r\n"+
		"9,dan@example.com,failed,number,\"'=1+1, \"\"quoted\"\"\"\r\n", out.String())
}

func TestTheErrorsColumnComesFirst(t *testing.T) {
	t.Parallel()
	rows, _ := readAll(t, "email,number,webex_voice,Notes\nada@example.com,12405551212,huh,\nbob@example.com,,,\"\n", bulk.RestorePlus(northAmerican))
	result := rows[0].Result(bulk.Failed)
	assert.Equal(t, "webex_voice", result.Column, "the number is only a warning")
	assert.True(t, strings.HasPrefix(result.Reason, `webex_voice: "huh" must be`), result.Reason)
	assert.Contains(t, result.Reason, ` Warning: number: "12405551212" has lost its plus sign`)
	result = rows[1].Result(bulk.Failed)
	assert.Empty(t, result.Column)
	assert.True(t, strings.HasPrefix(result.Reason, "The row can't be read"), result.Reason)
}

// cutAsSpreadsheet cuts a file as the laxest spreadsheet would with its separator: a quote hides a separator only at the beginning of a cell.
func cutAsSpreadsheet(file, separator string) []string {
	r := csv.NewReader(strings.NewReader(strings.ReplaceAll(file, "\r", "\n")))
	r.Comma, r.LazyQuotes, r.FieldsPerRecord = rune(separator[0]), true, -1
	all, _ := r.ReadAll()
	var out []string
	for _, record := range all {
		out = append(out, record...)
	}
	return append(out, strings.FieldsFunc(file, func(r rune) bool { return strings.ContainsRune(separator+"\r\n", r) })...)
}

func TestNoSpreadsheetRunsTheResults(t *testing.T) {
	t.Parallel()
	signs := rapid.SampledFrom([]rune("=+-@\t\r\n,;|\"' ab"))
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(signs, 0, 20, -1)
		var out bytes.Buffer
		w := bulk.NewResultWriter(&out)
		require.NoError(t, w.Write(bulk.Result{Line: 2, Email: text.Draw(t, "email"), Outcome: bulk.Failed, Column: text.Draw(t, "column"), Reason: text.Draw(t, "reason")}))
		require.NoError(t, w.Flush())
		for _, separator := range []string{",", ";", "\t", "|"} {
			for _, cell := range cutAsSpreadsheet(out.String(), separator) {
				if cell = strings.TrimLeft(cell, " \""); cell != "" {
					assert.NotContains(t, "=+-@", cell[:1], "%q, cut by %q", out.String(), separator)
				}
			}
		}
	})
}

// fullDisk takes some bytes and no more.
type fullDisk struct{ room int }

var errFull = errors.New("no space left on device")

func (d *fullDisk) Write(p []byte) (int, error) {
	if d.room -= len(p); d.room < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestAFullDiskIsTold(t *testing.T) {
	t.Parallel()
	for _, room := range []int{0, 10, 5000} {
		w := bulk.NewResultWriter(&fullDisk{room: room})
		for line := range 1000 {
			_ = w.Write(bulk.Result{Line: line, Email: "ada@example.com", Outcome: bulk.Added})
		}
		require.ErrorIs(t, w.Flush(), errFull)
		require.ErrorIs(t, w.Write(bulk.Result{}), errFull)
		require.ErrorIs(t, w.Flush(), errFull)
	}
	require.ErrorIs(t, bulk.WriteTemplate(&fullDisk{}), errFull)
	require.ErrorIs(t, bulk.WriteTemplate(&fullDisk{room: 10}), errFull)
}

func TestTheTemplateIsRead(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, bulk.WriteTemplate(&out))
	assert.True(t, strings.HasPrefix(out.String(), "\uFEFFemail,first_name,last_name,display_name,location,extension,number,meeting_site,webex_calling,"), out.String())
	rows, r := readAll(t, out.String())
	require.Len(t, rows, 1)
	assert.Empty(t, r.Warnings())
	assert.Empty(t, rows[0].Problems)
	assert.Equal(t, "ada@example.com", rows[0].Email)
	assert.Equal(t, "+12405551212", rows[0].Number)
	assert.Equal(t, "1001", rows[0].Extension)
	assert.Equal(t, []bulk.Package{bulk.WebexCalling}, rows[0].Wanted())
	assert.Len(t, rows[0].Packages, 9)
}
