package bulk

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// linesOf counts a text's lines as an editor does; a line end at the end begins no line.
func linesOf(text string) int {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	n := strings.Count(text, "\n")
	if text != "" && !strings.HasSuffix(text, "\n") {
		n++
	}
	return n
}

// Every line of a file belongs to exactly one record: nothing is read twice, nothing is lost, however the quotes stand.
func TestRecordsAccountForEveryLine(t *testing.T) {
	t.Parallel()
	signs := rapid.SampledFrom([]rune("\"\"\",,;a \n\n\r"))
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(signs, 0, 200, -1).Draw(t, "text")
		r := records{lines: newLines(strings.NewReader(text)), split: splitter{separator: ','}, width: rapid.IntRange(0, 3).Draw(t, "width")}
		next := 1
		for {
			rec, err := r.next()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			require.Equal(t, next, rec.line, "records follow each other")
			next += 1 + breaks(rec)
		}
		require.Equal(t, linesOf(text)+1, next)
	})
}

// breaks counts the lines that a record has beyond its first: those that its cells hold.
func breaks(rec record) int {
	if rec.flaw != "" {
		return 0
	}
	n := 0
	for _, cell := range rec.cells {
		n += strings.Count(cell, "\n")
	}
	return n
}

func TestLinesHoldNoMoreThanARecord(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 10<<20)
	l := newLines(strings.NewReader(strings.Repeat("y", maxRecord) + "\r\n" + long + "\r\nz"))
	first, err := l.next()
	require.NoError(t, err)
	assert.Equal(t, line{number: 1, text: strings.Repeat("y", maxRecord)}, first)
	second, err := l.next()
	require.NoError(t, err)
	assert.True(t, second.tooLong)
	assert.Len(t, second.text, maxRecord)
	assert.LessOrEqual(t, cap(l.buffer), 2*maxRecord)
	third, err := l.next()
	require.NoError(t, err)
	assert.Equal(t, line{number: 3, text: "z"}, third)
	_, err = l.next()
	assert.Equal(t, io.EOF, err)
}

func TestSplitting(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"":                   {""},
		",":                  {"", ""},
		"a,b":                {"a", "b"},
		`"a","b"`:            {"a", "b"},
		` "a" , "b,c" `:      {"a", "b,c"},
		`"a""b",""""`:        {`a"b`, `"`},
		`"",""`:              {"", ""},
		`a"b,c""d`:           {`a"b`, `c""d`},
		`="0123",x`:          {`="0123"`, "x"},
		`"=""+1240""",x`:     {`="+1240"`, "x"},
		`"x" ,`:              {"x", ""},
		"\"tab\there\",tail": {"tab\there", "tail"},
	} {
		s := splitter{separator: ','}
		s.feed(text)
		assert.Equal(t, want, s.cells, text)
		assert.Empty(t, s.flaw, text)
		assert.False(t, s.open, text)
	}
}
