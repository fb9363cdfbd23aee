package bulk_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/bulk"
)

// quoted writes a cell with quotes around it.
func quoted(cell string) string { return `"` + strings.ReplaceAll(cell, `"`, `""`) + `"` }

// cellOf reads one cell beside an e-mail address.
func cellOf(t *testing.T, column, cell string, options ...bulk.Option) bulk.Row {
	t.Helper()
	return only(t, "email,"+column+"\nada@example.com,"+quoted(cell)+"\n", options...)
}

func TestTristates(t *testing.T) {
	t.Parallel()
	for want, words := range map[bulk.Tristate][]string{
		bulk.Yes: {"TRUE", "True", "yes", "Y", "1", "x", "X", " true ", "WAHR", "ja", "VRAI", "Oui", "VERDADERO", "sí", "si\u0301", "SI", "WAAR", "PRAWDA", "tak",
			"\u00a0TRUE", `="TRUE"`, "ＴＲＵＥ"},
		bulk.No:    {"FALSE", "no", "n", "0", "FALSCH", "Nein", "FAUX", "non", "FALSO", "ONWAAR", "nee", "FAŁSZ", "fałsz", "FALSZ", "nie"},
		bulk.Unset: {"", " ", "\u00a0", "\u200b"},
	} {
		for _, word := range words {
			row := cellOf(t, "webex_voice", word)
			assert.Equal(t, want, row.Packages["webex_voice"], word)
			assert.Empty(t, row.Problems, word)
		}
	}
	row := cellOf(t, "webex_voice", "maybe")
	assert.Equal(t, bulk.Unset, row.Packages["webex_voice"])
	assert.Equal(t, []bulk.Problem{{Line: 2, Column: "webex_voice", Code: bulk.CodeInvalid, Message: `"maybe" must be TRUE, FALSE or empty.`}}, row.Problems)
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for _, cell := range []string{
		"+12405551212", " +1 (240) 555-1212 ", "'+12405551212", "''+12405551212", "\u2019+12405551212", `="+12405551212"`, `="+1 240 555 1212"`,
		"+1\u00a0240\u202f555\u20111212", "+1 240\u2013555\u22121212", "+1240\u00ad555\u200b1212", "\u202d+12405551212\u202c", "＋１２４０５５５１２１２", "+1.240.555.1212", "+1240/555-1212",
		"0012405551212", "00 1 240 555 1212", "'0012405551212", "+12405551212.0", "PRIMARY|+12405551212", "primary | +12405551212", "PRIMARY|'+12405551212", "+12405551212,",
		"+12405551212,+1 240 555 1212", "+ 1 240 555 1212",
	} {
		row := cellOf(t, "number", cell)
		assert.Equal(t, "+12405551212", row.Number, cell)
		assert.Empty(t, row.Problems, cell)
		assert.Nil(t, row.AlternateNumbers, cell)
		assert.Nil(t, row.RemoveNumbers, cell)
	}
}

func TestALostPlusIsPutBackWhereTheNumberCanExist(t *testing.T) {
	t.Parallel()
	for _, cell := range []string{
		"12405551212", "1 (240) 555-1212", "12405551212.0", "12405551212,00", "1.2405551212E+10", "1,2405551212E+10", "1.24055512120E+10", "1,24055512120e10", "12.405551212E+09",
		"PRIMARY|12405551212", `="12405551212"`, "12,405,551,212", "12.405.551.212",
	} {
		row := cellOf(t, "number", cell, bulk.RestorePlus(northAmerican))
		assert.Equal(t, "+12405551212", row.Number, cell)
		require.Equal(t, []bulk.Code{bulk.CodeRepaired}, codes(row), cell)
		assert.Equal(t, bulk.Warning, row.Problems[0].Severity)
		assert.Contains(t, row.Problems[0].Message, "has lost its plus sign, and was read as +12405551212. Format the column as text next time.", cell)

		row = cellOf(t, "number", cell)
		assert.Empty(t, row.Number, cell)
		assert.Equal(t, []bulk.Code{bulk.CodePlusLost}, codes(row), "nobody can say: %s", cell)
	}
}

func TestNumbersThatCantBeKnown(t *testing.T) {
	t.Parallel()
	for cell, want := range map[string]struct {
		code    bulk.Code
		message string
	}{
		"1.24056E+10": {bulk.CodeRounded,
			`"1.24056E+10": a spreadsheet has rounded the number, and digits are gone. Format the column as text, write the number again with its plus sign, such as +12405551212, and save.`},
		"1,24056E+10":      {bulk.CodeRounded, "digits are gone"},
		"1E+11":            {bulk.CodeRounded, "digits are gone"},
		"1.24055512125E+9": {bulk.CodeRounded, "digits are gone"},
		"2405551212":       {bulk.CodePlusLost, `"2405551212" has no plus sign; spreadsheets take it away. Format the column as text, write the number with country code and plus sign`},
		"02079460958":      {bulk.CodePlusLost, "has no plus sign"},
		"7":                {bulk.CodePlusLost, "has no plus sign"},
		"+44 (0)20 7946 0958": {bulk.CodeInvalid,
			`"+44 (0)20 7946 0958" has a zero in brackets. Write the number as it is dialled from abroad, such as +442079460958.`},
		"+0123456789":                 {bulk.CodeInvalid, "must have a country code"},
		"+123456":                     {bulk.CodeInvalid, "7 to 15 digits"},
		"+1234567890123456":           {bulk.CodeInvalid, "7 to 15 digits"},
		"000":                         {bulk.CodeInvalid, "must have a country code"},
		"+":                           {bulk.CodeInvalid, "must be a number"},
		"1-800-FLOWERS":               {bulk.CodeInvalid, "must be a number"},
		"+1240+5551212":               {bulk.CodeInvalid, "must be a number"},
		"#N/A":                        {bulk.CodeInvalid, "must be a number"},
		"SECOND|+12405551212":         {bulk.CodeInvalid, "must begin with PRIMARY| or REMOVE|"},
		"PRIMARY|REMOVE|+12405551212": {bulk.CodeInvalid, "must be a number"},
		"PRIMARY|":                    {bulk.CodeInvalid, "must be a number"},
		"PRIMARY|+12405551212,PRIMARY|+12405551213": {bulk.CodeContradiction, "two primary numbers"},
		"+12405551212,REMOVE|+12405551212":          {bulk.CodeContradiction, "+12405551212 is both given and removed. Write it once."},
		strings.Repeat("+12405551212,", 23):         {bulk.CodeTooLong, "The cell holds 23 numbers; 22 are allowed."},
		"+1240\n5551212":                            {bulk.CodeCharacters, "has a line break"},
		"+1240\ufffd5551212":                        {bulk.CodeCharacters, "characters that were lost"},
		strings.Repeat("1", 5000):                   {bulk.CodeTooLong, "longer than 4096 bytes"},
	} {
		row := cellOf(t, "number", cell, bulk.RestorePlus(northAmerican))
		assert.Empty(t, row.Number, cell)
		require.Equal(t, []bulk.Code{want.code}, codes(row), cell)
		assert.Contains(t, row.Problems[0].Message, want.message)
		assert.Equal(t, "number", row.Problems[0].Column)
		assert.True(t, row.Failed())
	}
}

func TestSeveralNumbersInACell(t *testing.T) {
	t.Parallel()
	row := cellOf(t, "number", "+12405551212, PRIMARY|+12405551213;REMOVE|+12405551214,REMOVE|0012405551215")
	assert.Empty(t, row.Problems)
	assert.Equal(t, "+12405551213", row.Number)
	assert.Equal(t, []string{"+12405551212"}, row.AlternateNumbers)
	assert.Equal(t, []string{"+12405551214", "+12405551215"}, row.RemoveNumbers)

	row = cellOf(t, "number", "+12405551212,+12405551213,+12405551214")
	assert.Equal(t, "+12405551212", row.Number, "the first one, where none is marked")
	assert.Equal(t, []string{"+12405551213", "+12405551214"}, row.AlternateNumbers)

	row = cellOf(t, "number", " Remove ")
	assert.True(t, row.RemoveAllNumbers)
	assert.Empty(t, row.Problems)
	assert.Empty(t, row.Number)
}

func TestExtensions(t *testing.T) {
	t.Parallel()
	for cell, want := range map[string]string{
		"1001": "1001", "0101": "0101", "'0101": "0101", `="0101"`: "0101", "101.0": "101", "101,0": "101", "101.00": "101", "\u00a0101 ": "101", "１０１": "101",
		"1.234567890E+9": "1234567890", "": "",
	} {
		row := cellOf(t, "extension", cell)
		assert.Equal(t, want, row.Extension, cell)
		assert.Empty(t, row.Problems, cell)
	}
	for cell, want := range map[string]bulk.Code{
		"1": bulk.CodeInvalid, "12345678901": bulk.CodeInvalid, "x101": bulk.CodeInvalid, "10 1": bulk.CodeInvalid, "101.5": bulk.CodeInvalid, "-101": bulk.CodeInvalid, "+101": bulk.CodeInvalid,
		"10,000": bulk.CodeInvalid, "10.000": bulk.CodeInvalid, "1.2E+9": bulk.CodeRounded, "٣٤٥": bulk.CodeInvalid,
	} {
		row := cellOf(t, "extension", cell)
		assert.Empty(t, row.Extension, cell)
		assert.Equal(t, []bulk.Code{want}, codes(row), cell)
	}
	assert.Equal(t, `"1.2E+9": a spreadsheet has rounded the number, and digits are gone. Format the column as text, write the number again and save.`,
		cellOf(t, "extension", "1.2E+9").Problems[0].Message)
}

func TestEmailAddresses(t *testing.T) {
	t.Parallel()
	for cell, want := range map[string]string{
		" Ada@Example.COM ": "ada@example.com", "\u200bada@example.com\u00a0": "ada@example.com", `="ada@example.com"`: "ada@example.com",
		"'-ada@example.com": "-ada@example.com", "ada\u2011b@example.com": "ada-b@example.com", "'ada@example.com": "'ada@example.com",
	} {
		row := only(t, "email\n"+quoted(cell)+"\n")
		assert.Equal(t, want, row.Email, cell)
		assert.Empty(t, row.Problems, cell)
	}
	for cell, want := range map[string]bulk.Code{
		"ada": bulk.CodeInvalid, "Ada <ada@example.com>": bulk.CodeInvalid, "ada@example.com, bob@example.com": bulk.CodeInvalid,
		strings.Repeat("a", 250) + "@example.com": bulk.CodeInvalid, "a\x00@example.com": bulk.CodeCharacters, "a\ufffd@example.com": bulk.CodeCharacters,
	} {
		row := only(t, "email\n"+quoted(cell)+"\n")
		assert.Empty(t, row.Email, cell)
		assert.Equal(t, []bulk.Code{want}, codes(row), cell)
	}
	row := only(t, "email,first_name\n,Ada\n")
	assert.Equal(t, []bulk.Problem{{Line: 2, Column: "email", Code: bulk.CodeMissing, Message: "The row has no e-mail address: it can't be known whom it is about."}}, row.Problems)
}

func TestTexts(t *testing.T) {
	t.Parallel()
	for cell, want := range map[string]string{
		"Zoë": "Zoë", " 't Hooft ": "'t Hooft", "'=SUM": "=SUM", "'+": "+", `="007"`: "007", "\ufeffAda": "Ada", strings.Repeat("ö", 64): strings.Repeat("ö", 64),
		`say ""hi""`: `say ""hi""`,
	} {
		row := cellOf(t, "first_name", cell)
		assert.Equal(t, want, row.FirstName, cell)
		assert.Empty(t, row.Problems, cell)
	}
	for cell, want := range map[string]bulk.Code{
		strings.Repeat("ö", 65): bulk.CodeTooLong, "Ada\tB": bulk.CodeCharacters, "Ada\u2028B": bulk.CodeCharacters, "Ad\ufffd": bulk.CodeCharacters, strings.Repeat("ö", 4000): bulk.CodeTooLong,
	} {
		row := cellOf(t, "first_name", cell)
		assert.Empty(t, row.FirstName, cell)
		assert.Equal(t, []bulk.Code{want}, codes(row), cell)
		assert.Less(t, len(row.Problems[0].Message), 250, "messages are short")
	}
}

func TestAllThatIsWrongWithARowIsSaid(t *testing.T) {
	t.Parallel()
	row := only(t, "number,extension,email,webex_voice\n1E+11,x,ada,perhaps\n")
	assert.Equal(t, []bulk.Code{bulk.CodeInvalid, bulk.CodeInvalid, bulk.CodeRounded, bulk.CodeInvalid}, codes(row))
	assert.Equal(t, "email", row.Problems[0].Column)
	assert.Equal(t, "webex_voice", row.Problems[3].Column)
}
