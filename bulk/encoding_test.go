package bulk_test

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"dialtone/bulk"
)

var update = flag.Bool("update", false, "write the files in testdata again")

// form is a way to write a text into a file.
type form struct {
	name string
	want bulk.Encoding
	mark string
	to   encoding.Encoding
}

func forms() []form {
	little, big := unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	return []form{
		{"utf8", bulk.UTF8, "", encoding.Nop},
		{"utf8-mark", bulk.UTF8, "\xEF\xBB\xBF", encoding.Nop},
		{"utf16le-mark", bulk.UTF16LE, "\xFF\xFE", little},
		{"utf16be-mark", bulk.UTF16BE, "\xFE\xFF", big},
		{"utf16le", bulk.UTF16LE, "", little},
		{"utf16be", bulk.UTF16BE, "", big},
		{"windows1252", bulk.Windows1252, "", charmap.Windows1252},
	}
}

func (f form) encode(t require.TestingT, text string) string {
	out, err := f.to.NewEncoder().String(text)
	require.NoError(t, err)
	return f.mark + out
}

// people is a file as a spreadsheet writes it; % stands for the separator.
const people = "E-Mail%First Name%Last Name%Location%Extension%Phone Number%Preferred Webex Site%Webex Calling%Webex Meetings\r\n" +
	"zoe@example.com%Zoë%\"O'Brien, Müller; 3rd, \"\"Zo\"\"\"%Köln%0101%+49 221 4712 0%example.webex.com%WAHR%FALSCH\r\n" +
	"rene@example.com%René%d’Été%%%%%FALSCH%FALSCH\r\n"

func TestEveryEncodingWithEverySeparator(t *testing.T) {
	t.Parallel()
	for _, form := range forms() {
		for name, separator := range map[string]string{"comma": ",", "semicolon": ";", "tab": "\t"} {
			name := filepath.Join("testdata", form.name+"-"+name+".csv")
			if *update {
				require.NoError(t, os.WriteFile(name, []byte(form.encode(t, strings.ReplaceAll(people, "%", separator))), 0o600))
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				file, err := os.ReadFile(name)
				require.NoError(t, err)
				rows, r := readAll(t, string(file))
				assert.Equal(t, []bulk.Row{{
					Line: 2, Email: "zoe@example.com", FirstName: "Zoë", LastName: `O'Brien, Müller; 3rd, "Zo"`,
					Location: "Köln", Extension: "0101", Number: "+4922147120", MeetingSite: "example.webex.com",
					Packages: map[bulk.Package]bulk.Tristate{"webex_calling": bulk.Yes, "webex_meetings": bulk.No},
				}, {
					Line: 3, Email: "rene@example.com", FirstName: "René", LastName: "d’Été",
					Packages: map[bulk.Package]bulk.Tristate{"webex_calling": bulk.No, "webex_meetings": bulk.No},
				}}, rows)
				assert.True(t, rows[1].AllOff())
				assert.Equal(t, form.want, r.Encoding())
				assert.Equal(t, separator, string(r.Separator()))
				assert.Equal(t, form.want == bulk.Windows1252, len(r.Warnings()) == 1)
			})
		}
	}
}

func TestItDoesntMatterHowAFileArrives(t *testing.T) {
	t.Parallel()
	for _, form := range forms() {
		file := form.encode(t, strings.ReplaceAll(people, "%", ";")+strings.Repeat("\r\n;", 3000)+"\r\nlast@example.com;Zoë")
		want, _ := readAll(t, file)
		for name, r := range map[string]io.Reader{
			"byte by byte": iotest.OneByteReader(strings.NewReader(file)), "halves": iotest.HalfReader(strings.NewReader(file)), "end with data": iotest.DataErrReader(strings.NewReader(file)),
		} {
			reader, err := bulk.NewReader(r)
			require.NoError(t, err)
			for _, row := range want {
				got, err := reader.Next()
				require.NoError(t, err)
				assert.Equal(t, row, got, "%s, %s", form.name, name)
			}
			_, err = reader.Next()
			assert.Equal(t, io.EOF, err)
		}
	}
}

func TestAFileWithoutMarkIsToldByItsFirstForeignCharacters(t *testing.T) {
	t.Parallel()
	filler := strings.Repeat("\n,", 10_000)
	const header = "email,first_name\n"
	for name, tt := range map[string]struct {
		file string
		want bulk.Encoding
		name string
		code []bulk.Code
	}{
		"Windows-1252, far down":         {header + filler + "\nada@example.com,Zo\xEB", bulk.Windows1252, "Zoë", nil},
		"UTF-8, far down":                {header + filler + "\nada@example.com,Zoë", bulk.UTF8, "Zoë", nil},
		"Windows-1252 at the end":        {header + "ada@example.com,Ren\xE9", bulk.Windows1252, "René", nil},
		"one broken character in UTF-8":  {header + "ada@example.com,\xEB" + filler + "\n,Zoë\n,Zoë", bulk.Windows1252, "ë", nil},
		"more that is UTF-8":             {header + "ada@example.com,\xEB\n,ZoëZoë", bulk.UTF8, "", []bulk.Code{bulk.CodeCharacters}},
		"a character across the window":  {header + "ada@example.com,Zoë\n" + strings.Repeat("x", 4090) + strings.Repeat("ë", 10), bulk.UTF8, "Zoë", nil},
		"broken in spite of a mark":      {"\xEF\xBB\xBF" + header + "ada@example.com,Zo\xEB", bulk.UTF8, "", []bulk.Code{bulk.CodeCharacters}},
		"UTF-16 that was cut off":        {"e\x00m\x00a\x00i\x00l\x00\n\x00a\x00d\x00a\x00@\x00e\x00x\x00.\x00d\x00e\x00,", bulk.UTF16LE, "", []bulk.Code{bulk.CodeCharacters}},
		"half a character in UTF-16":     {"\xFF\xFEe\x00m\x00a\x00i\x00l\x00\n\x00a\x00@\x00\x00\xD8b\x00", bulk.UTF16LE, "", []bulk.Code{bulk.CodeCharacters}},
		"a control sign of Windows-1252": {header + "ada@example.com,Zo\x81", bulk.Windows1252, "", []bulk.Code{bulk.CodeCharacters}},
	} {
		rows, r := readAll(t, tt.file)
		require.NotEmpty(t, rows, name)
		assert.Equal(t, tt.want, r.Encoding(), name)
		assert.Equal(t, tt.name, rows[0].FirstName, name)
		assert.Equal(t, tt.code, codes(rows[0]), name)
	}
}

func TestTheOldEncodingIsAWarning(t *testing.T) {
	t.Parallel()
	r, err := bulk.NewReader(bytes.NewReader([]byte("email,first_name\nada@example.com,Zo\xEB\n")))
	require.NoError(t, err)
	_, err = r.Next()
	require.NoError(t, err)
	assert.Equal(t, []bulk.Problem{{
		Line: 1, Code: bulk.CodeEncoding, Severity: bulk.Warning,
		Message: `The file isn't Unicode and was read as Windows-1252. Check names with accents, and save the file as "CSV UTF-8" next time.`,
	}}, r.Warnings())
}
