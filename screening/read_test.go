package screening_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/screening"
)

// read reads a whole list.
func read(r io.Reader) ([]screening.Entry, screening.Summary, error) {
	var entries []screening.Entry
	summary, err := screening.ReadCSV(r, func(e screening.Entry) error {
		entries = append(entries, e)
		return nil
	})
	return entries, summary, err
}

// sample is the list in testdata: 61 invented entries in the published form.
func sample(tb testing.TB) []screening.Entry {
	tb.Helper()
	file, err := os.Open("testdata/list.csv")
	require.NoError(tb, err)
	defer file.Close()
	entries, summary, err := read(file)
	require.NoError(tb, err)
	require.Empty(tb, summary.BadRows)
	return entries
}

func TestThePublishedFormIsRead(t *testing.T) {
	t.Parallel()
	entries := sample(t)
	require.Len(t, entries, 61)
	assert.Equal(t, screening.Entry{
		ID: "t005", Source: "Entity List (EL) - Bureau of Industry and Security", Name: "Mirzapour Aero Components",
		AltNames:  []string{"Mirza Pour Aviation Parts"},
		Addresses: []string{"No. 12 Azadi Avenue, Tehran, IR", "Suite 9, Trade Tower, Kuala Lumpur, MY"},
		Countries: []string{"IR", "MY"}, StartDate: "2014-09-18", ListURL: "https://lists.example/el",
	}, entries[4])
	assert.Equal(t, screening.Entry{
		ID: "t029", Source: "Specially Designated Nationals (SDN) - Treasury Department", Type: "Individual",
		Name: "PETRASHEVKIN, Sergei Viktorovich", AltNames: []string{"PETRASHEVKIN, Sergey", "ПЕТРАШЕВКИН, Сергей Викторович"},
		Addresses: []string{"Moscow, RU"}, Countries: []string{"RU"}, Programs: []string{"UKRAINE-EO13661"}, ListURL: "https://lists.example/sdn",
	}, entries[28])
	assert.Equal(t, "2029-03-04", entries[10].EndDate)
}

func TestListsInOtherShapesAreRead(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text string
		want screening.Entry
	}{
		"few columns in another order and case": {"Source,NAME\nS,N\n", screening.Entry{ID: "line 2", Source: "S", Name: "N"}},
		"byte order mark and unknown columns":   {"\ufeff_id,x,name\n1,2,N\n", screening.Entry{ID: "1", Name: "N"}},
		"entity number for an id":               {"_id,entity_number,name\n,77,N\n", screening.Entry{ID: "77", Name: "N"}},
		"lines of Windows":                      {"_id,name\r\n1,N\r\n", screening.Entry{ID: "1", Name: "N"}},
		"a quoted line break, and blanks":       {"_id, name ,remarks\n1,\" N\n M \",\"a\nb\"\n", screening.Entry{ID: "1", Name: "N\n M"}},
		"no final line break, empty lines":      {"\n_id,name\n\n1,N", screening.Entry{ID: "1", Name: "N"}},
		"empty items and a country alone": {
			"_id,name,alt_names,addresses\n1,N,; A;B ;,TR\n",
			screening.Entry{ID: "1", Name: "N", AltNames: []string{"A", "B"}, Addresses: []string{"TR"}, Countries: []string{"TR"}},
		},
		"other endings aren't countries": {
			"_id,name,addresses\n1,N,\"Somewhere, ZZ; here, us; there, USA; Paris, FR; Nice, FR;UK\"\n",
			screening.Entry{ID: "1", Name: "N", Addresses: []string{"Somewhere, ZZ", "here, us", "there, USA", "Paris, FR", "Nice, FR", "UK"}, Countries: []string{"FR", "GB"}},
		},
		"cells that aren't kept may hold anything": {"_id,name,remarks\n1,N,\xff" + strings.Repeat("x", 70_000) + "\n", screening.Entry{ID: "1", Name: "N"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			entries, summary, err := read(iotest.OneByteReader(strings.NewReader(tc.text)))
			require.NoError(t, err)
			assert.Equal(t, []screening.Entry{tc.want}, entries)
			assert.Equal(t, screening.Summary{Rows: 1, Entries: 1}, summary)
		})
	}
}

func TestBadRowsAreCountedAndPassedOver(t *testing.T) {
	t.Parallel()
	text := "_id,name,alt_names\n" +
		"1,\"Two\nlines\",\n" + // lines 2 and 3
		"2,,\n" +
		"3,...,\n" +
		"4,short\n" +
		"5,a \"quote\",\n" +
		"6,\xff\xfe,\n" +
		"7," + strings.Repeat("n", 2001) + ",\n" +
		"8,many," + strings.Repeat("a;", 1001) + "\n" +
		"9,big," + strings.Repeat("b", 65_537) + "\n" +
		"10,good,\n"
	entries, summary, err := read(strings.NewReader(text))
	require.NoError(t, err)
	require.Len(t, entries, 2)
	assert.Equal(t, "10", entries[1].ID)
	assert.Equal(t, screening.Summary{Rows: 10, Entries: 2, Bad: 8, BadRows: []screening.BadRow{
		{Line: 4, Reason: "has no name"},
		{Line: 5, Reason: "has no name"},
		{Line: 6, Reason: "has 2 columns where the header has 3"},
		{Line: 7, Reason: "has a quote in the wrong place"},
		{Line: 8, Reason: `isn't UTF-8 text in the column "name"`},
		{Line: 9, Reason: "has a name of more than 2000 bytes"},
		{Line: 10, Reason: "has more than 1000 names, addresses or programs"},
		{Line: 11, Reason: `has more than 65536 bytes in the column "alt_names"`},
	}}, summary)

	_, summary, err = read(strings.NewReader("_id,name\n1,N\n" + strings.Repeat("2,\n", 50)))
	require.NoError(t, err)
	assert.Equal(t, 50, summary.Bad)
	assert.Len(t, summary.BadRows, 20)
}

func TestWhatIsntAListIsRefused(t *testing.T) {
	t.Parallel()
	const next = ". Load the list's CSV file as it was published, with its header line."
	for name, tc := range map[string]struct{ text, want string }{
		"empty":            {"", "This file isn't a consolidated screening list: it is empty" + next},
		"blank":            {"\n\n", "This file isn't a consolidated screening list: it is empty" + next},
		"only a mark":      {"\ufeff", "This file isn't a consolidated screening list: it is empty" + next},
		"no name":          {"_id,source\n1,2\n", `This file isn't a consolidated screening list: its first line has no column "name"` + next},
		"only names":       {"name\nN\n", `This file isn't a consolidated screening list: its first line has neither a column "source" nor one named "_id"` + next},
		"a column twice":   {"_id,name,Name\n", `This file isn't a consolidated screening list: it has the column "name" twice` + next},
		"binary":           {"PK\x03\x04\x00\x00\x08\x00name,_id", "This file isn't a consolidated screening list: it isn't UTF-8 text" + next},
		"UTF-16":           {"\xff\xfe_\x00i\x00d\x00", "This file isn't a consolidated screening list: it isn't UTF-8 text" + next},
		"a web page":       {"<html lang=\"en\">\n", "This file isn't a consolidated screening list: its first line isn't CSV" + next},
		"no entries":       {"_id,name\n", "This file isn't a consolidated screening list: it has no entry with a name" + next},
		"only bad entries": {"_id,name\n1,\n2,\n", "This file isn't a consolidated screening list: it has no entry with a name" + next},
		"cut off in a row": {"_id,name,x\n1,N,\n2,M", "The list ends inside the row that begins in line 3, so it was probably cut off. Fetch the file again and load it."},
		"cut off in quotes": {"_id,name,x\n1,N,\n2,M,\"a\nb",
			"The list ends inside the row that begins in line 3, so it was probably cut off. Fetch the file again and load it."},
		"a quote that never ends": {"_id,name,x\n1,N,\n2,M,\"" + strings.Repeat("x,y\n", 300_000),
			"The list has a row of more than 1048576 bytes after line 2, so a quote is probably never closed. Fetch the file again and load it."},
		"a header that never ends": {strings.Repeat("x,", 600_000),
			"The list has a row of more than 1048576 bytes after line 0, so a quote is probably never closed. Fetch the file again and load it."},
		"too many rows": {"_id,name\n" + strings.Repeat("1,N\n", 200_001),
			"The list has more than 200000 rows. Load the published list, or raise the bound in the source if it has really grown so much."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := read(strings.NewReader(tc.text))
			assert.EqualError(t, err, tc.want)
			assert.True(t, refusedAs(err, screening.Malformed), "%v", err)
		})
	}
}

func TestAFileThatNeverEndsIsRefused(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("reads 256 MB")
	}
	row := "2,," + strings.Repeat("x", 60_000) + "\n" // a bad row: no entry is kept
	_, summary, err := read(io.MultiReader(strings.NewReader("_id,name,x\n1,N,\n"), &endless{text: row}))
	assert.EqualError(t, err, "The list is larger than 256 MB. Load the published list, which is far smaller.")
	assert.Equal(t, 1, summary.Entries)
}

// endless repeats a text for ever.
type endless struct {
	text string
	at   int
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.text[e.at:])
	e.at = (e.at + n) % len(e.text)
	return n, nil
}

func TestErrorsOfOthersEndTheReading(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk on fire")
	_, _, err := read(io.MultiReader(strings.NewReader("_id,name\n1,N\n"), iotest.ErrReader(broken)))
	assert.True(t, refusedAs(err, screening.Unread))
	require.ErrorIs(t, err, broken)
	assert.EqualError(t, err, "The list could not be read to its end. Check the file and load it again.")
	_, _, err = read(iotest.ErrReader(broken))
	require.ErrorIs(t, err, broken)

	full := errors.New("full")
	calls := 0
	summary, err := screening.ReadCSV(strings.NewReader("_id,name\n1,N\n2,M\n"), func(screening.Entry) error {
		calls++
		return full
	})
	assert.Equal(t, full, err)
	assert.Equal(t, 1, calls)
	assert.Equal(t, 1, summary.Entries)
}

func FuzzReadCSV(f *testing.F) {
	list, err := os.ReadFile("testdata/list.csv")
	require.NoError(f, err)
	f.Add(list[:4000])
	f.Add([]byte("\ufeff_id,name,alt_names,addresses\n1,\"N\n\",a; b,\"x, US\"\n"))
	f.Add([]byte("name,source\n\"a\"b\",c\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, summary, err := read(bytes.NewReader(data))
		if len(summary.BadRows) > 20 || summary.Rows != summary.Entries+summary.Bad && err == nil {
			t.Fatalf("%+v", summary)
		}
		if err != nil {
			if !refusedAs(err, screening.Malformed) {
				t.Fatal(err)
			}
			return
		}
		if len(entries) == 0 || len(entries) != summary.Entries {
			t.Fatalf("%d entries, %+v", len(entries), summary)
		}
		for _, e := range entries {
			if e.ID == "" || strings.TrimSpace(e.Name) == "" {
				t.Fatalf("%+v", e)
			}
		}
	})
}
