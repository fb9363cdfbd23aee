package bulk_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dialtone/bulk"
	"dialtone/fault"
)

func FuzzReader(f *testing.F) {
	seeds, err := filepath.Glob(filepath.Join("testdata", "*.csv"))
	require.NoError(f, err)
	require.NotEmpty(f, seeds)
	for _, name := range seeds {
		seed, err := os.ReadFile(name)
		require.NoError(f, err)
		f.Add(seed)
	}
	for _, seed := range []string{
		"email,number\nada@example.com,1.24E+10\nbob@example.com,\"PRIMARY|+12405551212,REMOVE|+12405551213\"\n", "sep=;\r\remail;\"x\ry\"\r\"a\"b;\r",
		"email,\"\n\"\n\"a\",\"\n\nb\",\"c\",\n\"\"\"", "email\xEB\n\xFF\n", "email,extension\n,101.0\n,=\"0\"\n", "PK\x03\x04", "\xFF\xFEe\x00",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		r, err := bulk.NewReader(bytes.NewReader(file), bulk.RestorePlus(northAmerican))
		if err != nil {
			require.True(t, fault.Is(err, fault.Invalid), "%v", err)
			return
		}
		var results bytes.Buffer
		w := bulk.NewResultWriter(&results)
		line, lines := 0, bytes.Count(file, []byte("\n"))+bytes.Count(file, []byte("\r"))+len(file)/1000+1 // UTF-16 has line ends of other bytes: a bound, no count
		for rows := 0; ; rows++ {
			row, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			require.Greater(t, row.Line, line, "rows come in order")
			require.LessOrEqual(t, rows, lines)
			line = row.Line
			checkRow(t, row)
			require.NoError(t, w.Write(row.Result(bulk.Failed)))
		}
		require.NoError(t, w.Flush())
		require.True(t, utf8.Valid(results.Bytes()))
		for _, warning := range r.Warnings() {
			require.Equal(t, bulk.Warning, warning.Severity)
		}
	})
}

// checkRow holds a row against what Row promises.
func checkRow(t *testing.T, row bulk.Row) {
	t.Helper()
	require.True(t, row.Failed() || row.Email != "", "%+v", row)
	require.Equal(t, strings.ToLower(row.Email), row.Email)
	for _, text := range []string{row.Email, row.FirstName, row.LastName, row.DisplayName, row.Location, row.MeetingSite} {
		require.True(t, utf8.ValidString(text) && !strings.ContainsAny(text, "\x00\r\n\t\ufffd") && utf8.RuneCountInString(text) <= 254, "%q", text)
	}
	require.Empty(t, strings.Trim(row.Extension, "0123456789"))
	require.LessOrEqual(t, len(row.Extension), 10)
	numbers := append(append([]string{}, row.AlternateNumbers...), row.RemoveNumbers...)
	if row.Number != "" {
		numbers = append(numbers, row.Number)
	}
	for _, n := range numbers {
		require.Regexp(t, `^\+[1-9][0-9]{6,14}$`, n)
	}
	require.False(t, row.AllOff() && (row.Failed() || len(row.Wanted()) > 0))
	for _, p := range row.Problems {
		require.Equal(t, row.Line, p.Line)
		require.NotEmpty(t, p.Code)
		require.NotEmpty(t, p.Message)
		require.Less(t, len(p.Message), 700, "messages are bounded")
	}
	require.Less(t, len(row.Problems), 20)
}

// style is how a generated file is written.
type style struct {
	form      form
	separator string
	end       string
	quoteAll  bool
	declared  bool
}

func drawStyle(t *rapid.T) style {
	return style{
		form: rapid.SampledFrom(forms()).Draw(t, "form"), separator: rapid.SampledFrom([]string{",", ";", "\t"}).Draw(t, "separator"),
		end: rapid.SampledFrom([]string{"\n", "\r\n", "\r"}).Draw(t, "end"), quoteAll: rapid.Bool().Draw(t, "quote all"), declared: rapid.Bool().Draw(t, "declared"),
	}
}

func (s style) write(t *rapid.T, records [][]string) string {
	var b strings.Builder
	if s.declared {
		b.WriteString("sep=" + s.separator + s.end)
	}
	for _, record := range records {
		for i, cell := range record {
			if i > 0 {
				b.WriteString(s.separator)
			}
			if s.quoteAll || strings.ContainsAny(cell, s.separator+"\"\r\n") {
				cell = quoted(cell)
			}
			b.WriteString(cell)
		}
		b.WriteString(s.end)
	}
	return s.form.encode(t, b.String())
}

// Whatever a file's encoding, separator, quotes and line ends: what was written is what is read.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	name := rapid.StringMatching(`[A-Za-zäöüßéèñçÅø]([A-Za-zäöüßéèñçÅø '",;.=+@-]{0,30}[a-zäöüßéèñçåø.;,])?`)
	rapid.Check(t, func(t *rapid.T) {
		s := drawStyle(t)
		records := [][]string{{"email", "first_name", "Notes", "location", "extension", "number", "webex_suite"}}
		var want []bulk.Row
		line := 2
		if s.declared {
			line++
		}
		for i := range rapid.IntRange(0, 8).Draw(t, "rows") {
			row := bulk.Row{
				Line: line, Email: string(rune('a'+i)) + "@example.com", FirstName: name.Draw(t, "first name"), Location: name.Draw(t, "location"),
				Extension: rapid.StringMatching(`([0-9]{2,10})?`).Draw(t, "extension"), Number: rapid.StringMatching(`(\+[1-9][0-9]{6,14})?`).Draw(t, "number"),
				Packages: map[bulk.Package]bulk.Tristate{"webex_suite": bulk.No},
			}
			notes := rapid.IntRange(0, 3).Draw(t, "line breaks")
			records = append(records, []string{row.Email, row.FirstName, "ä" + strings.Repeat("x"+s.end, notes), row.Location, row.Extension, row.Number, "FALSE"})
			line += 1 + notes
			want = append(want, row)
		}
		file := s.write(t, records)
		r, err := bulk.NewReader(iotestReader(t, file))
		require.NoError(t, err)
		for _, row := range want {
			got, err := r.Next()
			require.NoError(t, err)
			require.Equal(t, row, got)
		}
		_, err = r.Next()
		require.Equal(t, io.EOF, err)
		require.Equal(t, s.separator, string(r.Separator()))
	})
}

// iotestReader gives a file in pieces of any size.
func iotestReader(t *rapid.T, file string) io.Reader {
	return &pieces{file: file, size: rapid.IntRange(1, 5000).Draw(t, "piece")}
}

type pieces struct {
	file string
	size int
}

func (p *pieces) Read(b []byte) (int, error) {
	if p.file == "" {
		return 0, io.EOF
	}
	n := copy(b, p.file[:min(p.size, len(p.file))])
	p.file = p.file[n:]
	return n, nil
}
