package bulk

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"dialtone/fault"
)

// Reader gives the rows of a CSV file, one after the other. Make it with NewReader. It isn't safe for concurrent use.
type Reader struct {
	decoder  *decoder
	records  *records
	header   header
	headLine int
	cells    cells
	rows     int
	seen     map[person]int // good rows' people -> their lines
	err      error          // that Next goes on giving
}

// person is the beginning of the SHA-256 of an e-mail address: as good as the address, in a few bytes, however long addresses are.
type person [16]byte

// Option is something that a Reader can be told beyond its file.
type Option func(*Reader)

// RestorePlus lets the Reader put back the plus sign that spreadsheets take from numbers, where valid says that the number with the plus sign, such
// as +12405551212, is a number that can exist. Without this option such numbers are problems.
func RestorePlus(valid func(e164 string) bool) Option {
	return func(r *Reader) { r.cells.valid = valid }
}

// NewReader reads as far as the header. The encoding is found by the byte order mark or, without one, by the bytes themselves: UTF-16, UTF-8, and
// Windows-1252 where it can't be UTF-8. The separator is that of a first line "sep=;", or the one of comma, semicolon and tab that suits the header.
//
// Rows are limited, bytes aren't: whoever takes files from strangers bounds r.
//
// fault.Invalid when the file is empty or no CSV, when a mandatory column is missing or a column stands there twice; fault.Unavailable when r fails.
func NewReader(r io.Reader, options ...Option) (*Reader, error) {
	d, err := newDecoder(r)
	if err != nil {
		return nil, err
	}
	out := &Reader{decoder: d, records: &records{lines: newLines(d)}, seen: map[person]int{}}
	for _, option := range options {
		option(out)
	}
	if err := out.readHeader(); err != nil {
		return nil, err
	}
	return out, nil
}

func (r *Reader) readHeader() error {
	if err := r.findSeparator(); err != nil {
		return err
	}
	titles, err := r.records.next()
	if err != nil {
		return broken(err, r.records.lines.number)
	}
	if titles.flaw != "" {
		return fault.New(fault.Invalid, "The header in line %d can't be read: %s.", titles.line, flawMessage(titles.flaw))
	}
	if r.header, err = newHeader(titles.cells); err != nil {
		return err
	}
	r.headLine, r.records.width = titles.line, r.header.width
	return nil
}

// findSeparator goes to the header, which is the first line that isn't empty and declares nothing.
func (r *Reader) findSeparator() error {
	for {
		l, err := r.records.lines.next()
		if errors.Is(err, io.EOF) {
			return fault.New(fault.Invalid, "The file is empty. Its first line must name the columns; expected are: %s.", expected())
		}
		if err != nil {
			return broken(err, r.records.lines.number)
		}
		if strings.TrimSpace(l.text) == "" {
			continue
		}
		if r.records.split.separator == 0 {
			separator, declared, err := declaredSeparator(l.text)
			if err != nil {
				return err
			}
			if declared {
				r.records.split.separator = separator
				continue
			}
			r.records.split.separator = separatorOf(l.text)
		}
		r.records.lines.putBack([]line{l})
		return nil
	}
}

// Encoding returns how the file is written, as far as it was read: a file is UTF-8 until a character says otherwise.
func (r *Reader) Encoding() Encoding { return r.decoder.encoding }

// Separator returns what stands between the file's cells: comma, semicolon or tab.
func (r *Reader) Separator() rune { return rune(r.records.split.separator) }

// Has reports whether the file has the column, which is a Column's Name.
func (r *Reader) Has(column string) bool { return r.header.has(column) }

// PackageColumns returns the packages that have a column in the file, in the order of Columns.
func (r *Reader) PackageColumns() []Package { return slices.Clone(r.header.packages) }

// Warnings returns what is odd about the file as a whole, as far as it was read: ask after Next gave io.EOF. At most one of each code.
func (r *Reader) Warnings() []Problem {
	var out []Problem
	if r.decoder.encoding == Windows1252 {
		out = append(out, Problem{Line: 1, Code: CodeEncoding, Severity: Warning,
			Message: `The file isn't Unicode and was read as Windows-1252. Check names with accents, and save the file as "CSV UTF-8" next time.`})
	}
	if unknown, ok := r.header.unknownColumns(r.headLine); ok {
		out = append(out, unknown)
	}
	return out
}

// Next returns the next row, io.EOF after the last. What is wrong with a row stands in its Problems, and reading goes on with the row after it; a quote that
// isn't closed costs the line that it stands in. Lines without content are passed over.
//
// fault.Invalid at the row after MaxRows, fault.Unavailable when the file breaks off; such an error stays.
func (r *Reader) Next() (Row, error) {
	for r.err == nil {
		rec, err := r.records.next()
		switch {
		case errors.Is(err, io.EOF):
			r.err = io.EOF
		case err != nil:
			r.err = broken(err, r.records.lines.number)
		case rec.blank():
		case r.rows == MaxRows:
			r.err = fault.New(fault.Invalid, "The file has more than %d rows. The rows from line %d on weren't read: put them into a second file.", MaxRows, rec.line)
		default:
			r.rows++
			return r.row(rec), nil
		}
	}
	return Row{}, r.err
}

// row reads a record's cells.
func (r *Reader) row(rec record) Row {
	row := Row{Line: rec.line}
	if rec.flaw != "" {
		row.fail("", rec.flaw, "The row can't be read: %s.", flawMessage(rec.flaw))
		if at := r.header.index[columnEmail]; at < len(rec.cells) {
			row.Email = r.cells.email(&Row{}, rec.cells[at])
		}
		return row
	}
	at := func(column string) string {
		if i, ok := r.header.index[column]; ok && i < len(rec.cells) {
			return rec.cells[i]
		}
		return ""
	}
	row.Email = r.cells.email(&row, at(columnEmail))
	row.FirstName = r.cells.text(&row, columnFirstName, at(columnFirstName), 64)
	row.LastName = r.cells.text(&row, columnLastName, at(columnLastName), 64)
	row.DisplayName = r.cells.text(&row, columnDisplayName, at(columnDisplayName), 128)
	row.Location = r.cells.text(&row, columnLocation, at(columnLocation), 200)
	row.Extension = r.cells.extension(&row, at(columnExtension))
	r.cells.numbers(&row, at(columnNumber))
	row.MeetingSite = r.cells.text(&row, columnMeetingSite, at(columnMeetingSite), 253)
	r.packages(&row, at)
	r.checkRow(&row, rec)
	return row
}

func (r *Reader) packages(row *Row, at func(column string) string) {
	if len(r.header.packages) == 0 {
		return
	}
	row.Packages = make(map[Package]Tristate, len(r.header.packages))
	for _, p := range r.header.packages {
		row.Packages[p] = r.cells.tristate(row, string(p), at(string(p)))
	}
}

// checkRow checks what is no single cell's.
func (r *Reader) checkRow(row *Row, rec record) {
	if beyond := rec.cells[min(r.header.width, len(rec.cells)):]; !(record{cells: beyond}).blank() {
		row.fail("", CodeTooManyCells, "The row has %d cells and the header %d. Put quotation marks around what contains a separator, such as several numbers.",
			len(rec.cells), r.header.width)
	}
	if i := slices.IndexFunc(row.Wanted(), carriesMeetings); i >= 0 && row.MeetingSite == "" {
		row.warn(columnMeetingSite, CodeNoMeetingSite, "%s comes with meetings, and the row names no preferred Webex site.", packageAliases(row.Wanted()[i])[0])
	}
	r.checkDuplicate(row)
}

// checkDuplicate refuses a second row about a person: two rows that differ would change the person to and fro each time the file is run. Rows that
// failed don't count, so that a row can be mended by writing it again below.
func (r *Reader) checkDuplicate(row *Row) {
	if row.Failed() {
		return
	}
	sum := sha256.Sum256([]byte(row.Email))
	key := person(sum[:len(person{})])
	if first, twice := r.seen[key]; twice {
		row.fail(columnEmail, CodeDuplicate, "%s stands in line %d already. Keep one row for each person.", row.Email, first)
		return
	}
	r.seen[key] = row.Line
}

// flawMessage says what is wrong with a record that couldn't be cut into cells.
func flawMessage(flaw Code) string {
	switch flaw {
	case CodeTooLong:
		return fmt.Sprintf("it is longer than %d bytes", maxRecord)
	case CodeTooManyCells:
		return fmt.Sprintf("it has more than %d cells", maxColumns)
	}
	return `a quotation mark isn't closed, or something follows it in its cell. Write a quotation mark inside a cell twice ("")`
}
