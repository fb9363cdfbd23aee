package bulk_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/bulk"
	"dialtone/customer"
	"dialtone/fault"
)

// readAll reads a file to its end.
func readAll(t testing.TB, file string, options ...bulk.Option) ([]bulk.Row, *bulk.Reader) {
	t.Helper()
	r, err := bulk.NewReader(strings.NewReader(file), options...)
	require.NoError(t, err)
	var rows []bulk.Row
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			return rows, r
		}
		require.NoError(t, err)
		rows = append(rows, row)
	}
}

// only reads a file of one row.
func only(t testing.TB, file string, options ...bulk.Option) bulk.Row {
	t.Helper()
	rows, _ := readAll(t, file, options...)
	require.Len(t, rows, 1)
	return rows[0]
}

// northAmerican stands for a number plan: eleven digits that begin with 1 and an area code.
func northAmerican(e164 string) bool {
	return len(e164) == 12 && strings.HasPrefix(e164, "+1") && e164[2] >= '2'
}

func codes(row bulk.Row) (out []bulk.Code) {
	for _, p := range row.Problems {
		out = append(out, p.Code)
	}
	return out
}

func TestARowHasEveryColumn(t *testing.T) {
	t.Parallel()
	row := only(t, "email,first_name,last_name,display_name,location,extension,number,meeting_site,webex_calling,webex_meetings,attendant_console\r\n"+
		"\" Ada@Example.COM \",Ada,\"Lovelace, Countess\",\"Ada \"\"the first\"\"\",Headquarters,1001,+12405551212,example.webex.com,TRUE,FALSE,\r\n")
	assert.Equal(t, bulk.Row{
		Line: 2, Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace, Countess", DisplayName: `Ada "the first"`, Location: "Headquarters",
		Extension: "1001", Number: "+12405551212", MeetingSite: "example.webex.com",
		Packages: map[bulk.Package]bulk.Tristate{"webex_calling": bulk.Yes, "webex_meetings": bulk.No, "attendant_console": bulk.Unset},
	}, row)
	assert.Equal(t, []bulk.Package{"webex_calling"}, row.Wanted())
	assert.False(t, row.AllOff())
	assert.False(t, row.Failed())
}

func TestHeadersMatchWhateverTheirSpelling(t *testing.T) {
	t.Parallel()
	for column, spellings := range map[string][]string{
		"email":             {"EMAIL", "E-Mail", "e_mail", " Email ", "User ID/Email (Required)", "E-mail Address"},
		"first_name":        {"First Name", "FIRSTNAME", "first-name", "First\u00a0Name", "Given name"},
		"meeting_site":      {"Preferred Webex Site", "preferred-webex-site", "Meeting Site"},
		"number":            {"Phone Number", "phone_number", "Primary Phone Number"},
		"webex_calling":     {"Webex Calling", "webex-calling", "WebexCalling"},
		"cx_essentials":     {"Customer Assist", "CX Essentials", "Webex Customer Experience Essentials"},
		"attendant_console": {"Attendant Console"},
	} {
		for _, spelling := range spellings {
			header := spelling
			if column != "email" {
				header += ",email"
			}
			_, r := readAll(t, header+"\n")
			assert.True(t, r.Has(column), spelling)
			assert.Empty(t, r.Warnings(), spelling)
		}
	}
}

func TestEveryPackageOfAPersonHasAColumn(t *testing.T) {
	t.Parallel()
	columns := map[bulk.Package]bool{}
	names := map[string]bool{}
	for _, c := range bulk.Columns() {
		assert.NotEmpty(t, c.Meaning, c.Name)
		assert.NotEmpty(t, c.Example, c.Name)
		assert.False(t, names[c.Name], c.Name)
		names[c.Name] = true
		assert.Equal(t, c.Name == "email", c.Mandatory, c.Name)
		if c.Package != "" {
			assert.Equal(t, string(c.Package), c.Name)
			assert.NotEmpty(t, c.Aliases)
			columns[c.Package] = true
		}
	}
	for _, p := range []bulk.Package{
		"common_area_calling", "webex_calling", "webex_calling_standard", "webex_meetings", "webex_suite", "webex_voice", "cx_essentials", "cisco_calling_plan",
		"attendant_console", "cx_premium_agent", "cx_standard_agent", "cx_voice_ports", "cx_ai_assistant", "webex_ai_agent",
	} {
		assert.Equal(t, customer.Package(p).ForPerson() || customer.Package(p).AddOn(), columns[p], p)
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, file, want string }{
		{"empty", "", "The file is empty"},
		{"a mark and nothing else", "\xEF\xBB\xBF", "The file is empty"},
		{"blank lines", "\r\n \n\n", "The file is empty"},
		{"a separator and nothing else", "sep=;\n", "The file is empty"},
		{"no mandatory column", "first_name,last_name\nAda,Lovelace\n", "The file has no column email. Its first line must name the columns; expected are: email (mandatory), first_name, "},
		{"no header", "ada@example.com,Ada\n", "has no column email"},
		{"a column twice", "email,number,Phone Number\n", `The column number stands in the file twice: as column 2 ("number") and as column 3 ("Phone Number"). Delete one of them.`},
		{"a package twice", "email,webex_calling,Webex Calling\n", "The column webex_calling stands in the file twice"},
		{"a strange separator", "sep=|\nemail|number\n", `declares the separator "|"`},
		{"a broken header", "email,\"first\nname", "The header in line 1 can't be read: a quotation mark isn't closed"},
		{"a header that is too wide", "email" + strings.Repeat(",", 256) + "\n", "it has more than 256 cells"},
		{"a header that is too long", "email," + strings.Repeat("x", 70_000) + "\n", "it is longer than 65536 bytes"},
		{"a workbook", "PK\x03\x04\x14\x00", "The file is a workbook, not a CSV."},
		{"an old workbook", "\xD0\xCF\x11\xE0\xA1\xB1", "The file is a workbook, not a CSV."},
		{"UTF-32", "\xFF\xFE\x00\x00e\x00\x00\x00", "The file is written in UTF-32."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := bulk.NewReader(strings.NewReader(tt.file))
			require.True(t, fault.Is(err, fault.Invalid), "%v", err)
			assert.Contains(t, fault.Message(err), tt.want)
		})
	}
}

func TestTheMissingColumnIsNamed(t *testing.T) {
	t.Parallel()
	_, err := bulk.NewReader(strings.NewReader("name\n"))
	require.Len(t, fault.ProblemsOf(err), 1)
	assert.Equal(t, "email", fault.ProblemsOf(err)[0].Field)
}

func TestUnknownColumnsAreReportedOnce(t *testing.T) {
	t.Parallel()
	rows, r := readAll(t, "email,Title,Departement,\nada@example.com,Countess,Sums,\nbob@example.com,,,\n")
	assert.Len(t, rows, 2)
	require.Len(t, r.Warnings(), 1)
	w := r.Warnings()[0]
	assert.Equal(t, bulk.CodeUnknownColumn, w.Code)
	assert.Equal(t, bulk.Warning, w.Severity)
	assert.Equal(t, 1, w.Line)
	assert.Contains(t, w.Message, `Nothing is read from these columns: "Title", "Departement". Read are: email (mandatory), first_name`)

	_, r = readAll(t, "email"+strings.Repeat(",Column", 50)+"\n")
	assert.Contains(t, r.Warnings()[0].Message, " and 40 more.")
}

func TestLinesAreThoseOfAnEditor(t *testing.T) {
	t.Parallel()
	for _, end := range []string{"\n", "\r\n", "\r"} {
		file := strings.Join([]string{"sep=;", "", "email;Notes", "", "ada@example.com;one", `bob@example.com;"two`, "", `lines"`, ";", "", "cyd@example.com;three"}, end)
		rows, r := readAll(t, file)
		require.Len(t, rows, 3, "%q", end)
		assert.Equal(t, []int{5, 6, 11}, []int{rows[0].Line, rows[1].Line, rows[2].Line}, "%q", end)
		assert.Equal(t, 3, r.Warnings()[0].Line)
		assert.Equal(t, ';', r.Separator())
	}
}

func TestSeparators(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]rune{
		"email\nada@example.com\n":                           ',',
		"email;Name, first\nada@example.com;x\n":             ';',
		"a,b;c,d;email\n;;ada@example.com\n":                 ';',
		"email\tfirst_name\nada@example.com\tAda\n":          '\t',
		"SEP=\t\nemail\tfirst_name\nada@example.com\tAda\n":  '\t',
		"\"sep=;\"\nemail;first_name\nada@example.com;Ada\n": ';',
		"\"email\";\"number\"\n\"ada@example.com\";\n":       ';',
	} {
		rows, r := readAll(t, file)
		require.Len(t, rows, 1, file)
		assert.Equal(t, want, r.Separator(), file)
		assert.Equal(t, "ada@example.com", rows[0].Email, file)
	}
}

func TestTooManyRows(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("email\n")
	for i := range 100_000 {
		fmt.Fprintf(&b, "p%d@example.com\n", i)
	}
	rows, _ := readAll(t, b.String()+"\n,\n")
	assert.Len(t, rows, 100_000)

	r, err := bulk.NewReader(strings.NewReader(b.String() + "\nlast@example.com\n"))
	require.NoError(t, err)
	for range 100_000 {
		row, err := r.Next()
		require.NoError(t, err)
		require.False(t, row.Failed())
	}
	for range 2 { // the error stays
		_, err = r.Next()
		require.True(t, fault.Is(err, fault.Invalid))
		assert.Equal(t, "The file has more than 100000 rows. The rows from line 100003 on weren't read: put them into a second file.", fault.Message(err))
	}
}

func TestAFileThatBreaksOff(t *testing.T) {
	t.Parallel()
	cause := errors.New("connection reset")
	r, err := bulk.NewReader(io.MultiReader(strings.NewReader("email\nada@example.com\nbob@"), iotest.ErrReader(cause)))
	require.NoError(t, err)
	_, err = r.Next()
	require.NoError(t, err)
	for range 2 {
		_, err = r.Next()
		require.ErrorIs(t, err, cause)
		assert.True(t, fault.Is(err, fault.Unavailable))
		assert.Equal(t, "The file broke off after line 2. Send it again.", fault.Message(err))
	}
	r, err = bulk.NewReader(io.MultiReader(strings.NewReader("email,Notes\nada@example.com,\"a note\n"), iotest.ErrReader(cause)))
	require.NoError(t, err)
	_, err = r.Next()
	require.ErrorIs(t, err, cause, "not a quote that nobody closes")
	for _, start := range []string{"", "email", "\xFF\xFEe\x00", "\n\n", "email,\"open\n", "sep=;\n"} {
		_, err = bulk.NewReader(io.MultiReader(strings.NewReader(start), iotest.ErrReader(cause)))
		require.ErrorIs(t, err, cause, start)
	}
	classified := fault.New(fault.Limited, "Too large.")
	_, err = bulk.NewReader(iotest.ErrReader(classified))
	assert.Equal(t, classified, err)
}

func TestTheEndStays(t *testing.T) {
	t.Parallel()
	_, r := readAll(t, "email\nada@example.com")
	_, err := r.Next()
	assert.Equal(t, io.EOF, err)
}

func TestASecondRowAboutAPersonIsRefused(t *testing.T) {
	t.Parallel()
	rows, _ := readAll(t, "email,extension\nada@example.com,1\nADA@example.com,1001\nada@example.com,1002\n")
	assert.Equal(t, []bulk.Code{bulk.CodeInvalid}, codes(rows[0]))
	assert.Empty(t, rows[1].Problems, "the first row failed: this one mends it")
	require.Len(t, rows[2].Problems, 1)
	assert.Equal(t, bulk.Problem{Line: 4, Column: "email", Code: bulk.CodeDuplicate, Message: "ada@example.com stands in line 3 already. Keep one row for each person."}, rows[2].Problems[0])
}

func TestShortAndLongRows(t *testing.T) {
	t.Parallel()
	rows, _ := readAll(t, "email,first_name,number\nada@example.com\nbob@example.com,Bob,,,\ncyd@example.com,Cyd,+12405551212,+12405551213\n")
	assert.Empty(t, rows[0].Problems)
	assert.Empty(t, rows[1].Problems, "empty cells at the end say nothing")
	assert.Equal(t, []bulk.Code{bulk.CodeTooManyCells}, codes(rows[2]))
	assert.Equal(t, "The row has 4 cells and the header 3. Put quotation marks around what contains a separator, such as several numbers.", rows[2].Problems[0].Message)
}

func TestAllOff(t *testing.T) {
	t.Parallel()
	const header = "email,extension,webex_calling,webex_meetings,cx_premium_agent\n"
	for row, want := range map[string]bool{
		"ada@example.com,,FALSE,no,0":       true,
		"ada@example.com,,FALSE,FALSE,":     false,
		"ada@example.com,,FALSE,FALSE":      false,
		"ada@example.com,,FALSE,FALSE,TRUE": false,
		"ada@example.com,,FALSE,FALSE,off?": false,
		"ada@example.com,x,FALSE,FALSE,no":  false, // a row that failed deletes nobody
		"ada@example.com,,,,":               false,
	} {
		assert.Equal(t, want, only(t, header+row).AllOff(), row)
	}
	row := only(t, "email\nada@example.com\n")
	assert.False(t, row.AllOff(), "no package column")
	assert.Nil(t, row.Packages)
	_, r := readAll(t, "webex_meetings,email,webex_calling\n")
	assert.Equal(t, []bulk.Package{"webex_calling", "webex_meetings"}, r.PackageColumns())
}

func TestAPackageWithMeetingsShouldHaveASite(t *testing.T) {
	t.Parallel()
	for p, want := range map[string]bool{
		"webex_calling": true, "webex_suite": true, "cx_essentials": true, "webex_meetings": true,
		"webex_voice": false, "webex_calling_standard": false, "attendant_console": false, "cx_premium_agent": false,
	} {
		row := only(t, "email,meeting_site,"+p+"\nada@example.com,,yes\n")
		assert.False(t, row.Failed(), p)
		assert.Equal(t, want, len(row.Problems) == 1, p)
		assert.Empty(t, only(t, "email,meeting_site,"+p+"\nada@example.com,example.webex.com,yes\n").Problems, p)
	}
	row := only(t, "email,webex_suite\nada@example.com,yes\n")
	assert.Equal(t, []bulk.Problem{{
		Line: 2, Column: "meeting_site", Code: bulk.CodeNoMeetingSite, Severity: bulk.Warning,
		Message: "Webex Suite comes with meetings, and the row names no preferred Webex site.",
	}}, row.Problems)
}
