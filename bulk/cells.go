package bulk

import (
	"net/mail"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxCell is what a cell that is read may hold, in bytes: more than any column allows.
const maxCell = 4096

// cells reads the cells of a row. What is wrong with one becomes a problem of the row, and the value empty.
type cells struct {
	valid func(e164 string) bool // see RestorePlus; nil if nobody can say
}

// raw does what all columns have in common: the bound, and what a spreadsheet puts around a text.
func (cells) raw(row *Row, column, cell string) string {
	if len(cell) > maxCell {
		row.fail(column, CodeTooLong, "The cell is longer than %d bytes.", maxCell)
		return ""
	}
	cell = unwrap(trim(cell))
	switch {
	case strings.ContainsRune(cell, utf8.RuneError):
		row.fail(column, CodeCharacters, "%s has characters that were lost on the way into the file. Write it again, and save the file in UTF-8.", shown(cell))
		return ""
	case strings.ContainsFunc(cell, unprintable):
		row.fail(column, CodeCharacters, "%s has a line break or control characters. Write it in one line.", shown(cell))
		return ""
	}
	return cell
}

// plain reads a cell whose text is made of ASCII signs: other forms of them become these, and what can't be seen is taken out.
func (c cells) plain(row *Row, column, cell string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Cf, r):
			return -1
		case unicode.Is(unicode.Pd, r), r == '\u2212': // dashes, and the minus sign
			return '-'
		}
		return r
	}, norm.NFKC.String(c.raw(row, column, cell)))) // NFKC: full-width digits, blanks that don't break
}

// text reads a text of at most size characters.
func (c cells) text(row *Row, column, cell string, size int) string {
	value := unguard(c.raw(row, column, cell))
	if utf8.RuneCountInString(value) > size {
		row.fail(column, CodeTooLong, "%s has more than %d characters.", shown(value), size)
		return ""
	}
	return value
}

// email reads an address as customer takes it: in lower case.
func (c cells) email(row *Row, cell string) string {
	const longest = 254 // RFC 5321 section 4.5.3.1.3, as RFC 3696's erratum 1690 counts it
	failed := len(row.Problems)
	value := strings.ToLower(unguard(c.plain(row, columnEmail, cell)))
	if len(row.Problems) > failed {
		return ""
	}
	if value == "" {
		row.fail(columnEmail, CodeMissing, "The row has no e-mail address: it can't be known whom it is about.")
		return ""
	}
	if address, err := mail.ParseAddress(value); err != nil || address.Address != value || len(value) > longest {
		row.fail(columnEmail, CodeInvalid, "%s must be an e-mail address such as ada@example.com.", shown(value))
		return ""
	}
	return value
}

// tristate reads what people and spreadsheets write for true and false.
func (c cells) tristate(row *Row, column, cell string) Tristate {
	value := c.plain(row, column, cell)
	switch strings.ToLower(value) {
	case "":
		return Unset
	case "true", "yes", "y", "1", "x",
		"wahr", "ja", "vrai", "oui", "verdadero", "sí", "si", "waar", "prawda", "tak": // German, French, Spanish, Dutch, Polish
		return Yes
	case "false", "no", "n", "0",
		"falsch", "nein", "faux", "non", "falso", "onwaar", "nee", "fałsz", "falsz", "nie":
		return No
	}
	row.fail(column, CodeInvalid, "%s must be TRUE, FALSE or empty.", shown(value))
	return Unset
}

// trim takes blanks of every kind, and what can't be seen, from both ends.
func trim(cell string) string {
	return strings.TrimFunc(cell, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) })
}

// unwrap takes a text out of ="text", by which it is kept from being read as a number.
func unwrap(cell string) string {
	if inner, ok := strings.CutPrefix(cell, `="`); ok && strings.HasSuffix(inner, `"`) {
		return trim(inner[:len(inner)-1])
	}
	return cell
}

// triggers are the signs with which a cell becomes a formula or a command in some spreadsheet.
const triggers = "=+-@\t\r"

// unguard takes the apostrophe away that keeps a spreadsheet from running a cell, as our own files have it. Other apostrophes are the name's own, as in 't Hooft.
func unguard(cell string) string {
	if rest, ok := strings.CutPrefix(cell, "'"); ok && rest != "" && strings.ContainsRune(triggers, rune(rest[0])) {
		return rest
	}
	return cell
}

// unprintable are control characters and Unicode's line breaks, which some phone's file format can't hold.
func unprintable(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }

// shown quotes a value for a message, cut to a length that fits one.
func shown(value string) string {
	const most = 40
	if runes := []rune(value); len(runes) > most {
		return strconv.Quote(string(runes[:most]) + "…")
	}
	return strconv.Quote(value)
}
