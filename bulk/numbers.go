package bulk

import (
	"regexp"
	"slices"
	"strings"
)

// maxNumbers bounds the numbers of one cell: a primary one, ten alternates, and as many to be removed.
const maxNumbers = 22

const (
	primaryMark = "PRIMARY"
	removeMark  = "REMOVE"
)

// What spreadsheets make of digits that they take for a quantity.
var (
	scientific = regexp.MustCompile(`^\+?([0-9]{1,3})(?:[.,]([0-9]+))?[eE]\+?([0-9]{1,2})$`) // 1.2405551212E+10, in German with a comma
	fractional = regexp.MustCompile(`^(\+?[0-9]+)[.,]0{1,2}$`)                               // 101.0; with three zeros the sign may part thousands
	grouped    = regexp.MustCompile(`^[0-9]{1,3}(?:,[0-9]{3}){2,}$`)                         // 12,405,551,212
	dialable   = regexp.MustCompile(`^\+?[ (]*[0-9][0-9 ()./-]*$`)
)

// number is one number of a cell.
type number struct {
	e164            string
	primary, remove bool
}

// numbers reads the number column: one number, or several by Control Hub's convention.
func (c cells) numbers(row *Row, cell string) {
	cell = strings.TrimLeft(c.plain(row, columnNumber, cell), "'\u2019 ")
	switch {
	case cell == "":
		return
	case strings.EqualFold(cell, removeMark):
		row.RemoveAllNumbers = true
		return
	}
	parts := split(cell)
	if len(parts) > maxNumbers {
		row.fail(columnNumber, CodeTooLong, "The cell holds %d numbers; %d are allowed.", len(parts), maxNumbers)
		return
	}
	var list []number
	for _, part := range parts {
		n, ok := c.marked(row, part)
		if !ok {
			return
		}
		list = append(list, n)
	}
	row.sortNumbers(list)
}

// split cuts a cell into its numbers, but for the commas that are one number's own.
func split(cell string) []string {
	switch {
	case grouped.MatchString(cell):
		return []string{strings.ReplaceAll(cell, ",", "")}
	case scientific.MatchString(cell), fractional.MatchString(cell): // a decimal comma
		return []string{cell}
	}
	return strings.FieldsFunc(cell, func(r rune) bool { return r == ',' || r == ';' })
}

// marked reads a number with the mark that stands before it.
func (c cells) marked(row *Row, text string) (number, bool) {
	var n number
	if mark, rest, ok := strings.Cut(text, "|"); ok {
		mark = strings.TrimSpace(mark)
		n.primary, n.remove = strings.EqualFold(mark, primaryMark), strings.EqualFold(mark, removeMark)
		if !n.primary && !n.remove {
			row.fail(columnNumber, CodeInvalid, "%s must begin with PRIMARY| or REMOVE|, or with the number itself.", shown(text))
			return number{}, false
		}
		text = rest
	}
	var ok bool
	n.e164, ok = c.e164(row, strings.TrimLeft(text, "'\u2019 "))
	return n, ok
}

// sortNumbers gives each number its place: the primary one is the one with the mark, else the first.
func (r *Row) sortNumbers(list []number) {
	var keep, remove []string
	marked := false
	for _, n := range list {
		switch {
		case n.remove:
			remove = append(remove, n.e164)
		case n.primary && marked:
			r.fail(columnNumber, CodeContradiction, "The cell has two primary numbers. Put PRIMARY| before one of them.")
			return
		case n.primary:
			keep, marked = slices.Insert(keep, 0, n.e164), true
		default:
			keep = append(keep, n.e164)
		}
	}
	keep, remove = distinct(keep), distinct(remove)
	for _, n := range keep {
		if slices.Contains(remove, n) {
			r.fail(columnNumber, CodeContradiction, "%s is both given and removed. Write it once.", n)
			return
		}
	}
	if len(keep) > 0 {
		r.Number = keep[0]
	}
	if len(keep) > 1 {
		r.AlternateNumbers = keep[1:]
	}
	r.RemoveNumbers = remove
}

// distinct takes repetitions away and keeps the order.
func distinct(list []string) (out []string) {
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// e164 reads one number, and undoes what can be undone without guessing.
func (c cells) e164(row *Row, text string) (string, bool) {
	text = strings.TrimSpace(text)
	digits, ok := integer(row, columnNumber, text, " with its plus sign, such as +12405551212,")
	if !ok {
		return "", false
	}
	switch {
	case !dialable.MatchString(digits):
		row.fail(columnNumber, CodeInvalid, "%s must be a number with country code and plus sign, such as +12405551212.", shown(text))
		return "", false
	case strings.Contains(digits, "(0)"): // dialled inside most countries, and in Italy outside as well
		row.fail(columnNumber, CodeInvalid, "%s has a zero in brackets. Write the number as it is dialled from abroad, such as +442079460958.", shown(text))
		return "", false
	}
	clean := digitsOf(digits)
	if rest, ok := strings.CutPrefix(clean, "00"); ok { // the prefix for calls abroad (ITU-T E.123)
		clean = "+" + rest
	}
	if clean[0] != '+' {
		return c.restorePlus(row, text, clean)
	}
	if !e164Form(clean) {
		row.fail(columnNumber, CodeInvalid, "%s must have a country code and 7 to 15 digits in all, such as +12405551212.", shown(text))
		return "", false
	}
	return clean, true
}

// digitsOf takes everything but the digits and a plus sign in front out of a number.
func digitsOf(text string) string {
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, text)
	if strings.HasPrefix(strings.TrimSpace(text), "+") {
		return "+" + digits
	}
	return digits
}

// restorePlus puts the plus sign back where what results can exist: a number of the own country looks the same, and rarely does.
func (c cells) restorePlus(row *Row, text, digits string) (string, bool) {
	whole := "+" + digits
	if !e164Form(whole) || c.valid == nil || !c.valid(whole) {
		row.fail(columnNumber, CodePlusLost,
			"%s has no plus sign; spreadsheets take it away. Format the column as text, write the number with country code and plus sign, such as +12405551212, and save again.", shown(text))
		return "", false
	}
	row.warn(columnNumber, CodeRepaired, "%s has lost its plus sign, and was read as %s. Format the column as text next time.", shown(text), whole)
	return whole, true
}

// e164Form reports whether a number has the form of ITU-T E.164 section 6: a country code that doesn't begin with zero, 15 digits at the most. Whether it
// can exist is for customer to say.
func e164Form(n string) bool { return len(n) >= 1+7 && len(n) <= 1+15 && n[0] == '+' && n[1] != '0' }

// extension reads 2 to 10 digits.
func (c cells) extension(row *Row, cell string) string {
	text := strings.TrimLeft(c.plain(row, columnExtension, cell), "'\u2019 ")
	if text == "" {
		return ""
	}
	digits, ok := integer(row, columnExtension, text, "")
	if !ok {
		return ""
	}
	if len(digits) < 2 || len(digits) > 10 || strings.Trim(digits, "0123456789") != "" {
		row.fail(columnExtension, CodeInvalid, "%s must be 2 to 10 digits.", shown(text))
		return ""
	}
	return digits
}

// integer undoes what a spreadsheet does to digits that it takes for a quantity. Text that doesn't look like one comes back as it is. how says, after a
// blank, in which form to write the digits again where they are lost.
func integer(row *Row, column, text, how string) (string, bool) {
	if m := fractional.FindStringSubmatch(text); m != nil {
		return m[1], true
	}
	m := scientific.FindStringSubmatch(text)
	if m == nil {
		return text, true
	}
	whole, fraction, exponent := m[1], m[2], int(m[3][0]-'0')
	if len(m[3]) == 2 {
		exponent = exponent*10 + int(m[3][1]-'0')
	}
	if exponent > len(fraction) || strings.Trim(fraction[exponent:], "0") != "" {
		row.fail(column, CodeRounded, "%s: a spreadsheet has rounded the number, and digits are gone. Format the column as text, write the number again%s and save.",
			shown(text), how)
		return "", false
	}
	return whole + fraction[:exponent], true
}
