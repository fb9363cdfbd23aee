package screening

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
	"unique"

	"golang.org/x/text/language"
)

// Bounds of a list, well above the public one, which has some 25,000 rows, 20 MB, and no cell of more than about 20 kB.
const (
	maxRows      = 200_000   // an index of so many takes some 200 MB
	maxFileBytes = 256 << 20 // what is kept of a file is less than the file
	maxRowBytes  = 1 << 20   // a quote that is never closed makes one row of all that follows
	maxCellBytes = 64 << 10
	maxNameBytes = 2000 // the longest names, of state bodies with all their successors, have some 400
	maxListItems = 1000 // alternative names or addresses in one cell
	maxBadRows   = 20   // enough to see what is wrong; the rest is only counted
)

// Summary says what a list held.
type Summary struct {
	Rows    int      // rows below the header
	Entries int      // rows that were handed on
	Bad     int      // rows that were passed over
	BadRows []BadRow // the first 20 of them
}

// BadRow is a row that couldn't be used.
type BadRow struct {
	Line   int    // where it begins, from 1, as an editor counts
	Reason string // for a person
}

// ReadCSV reads a list in the CSV form of the Consolidated Screening List (trade.gov) and hands its entries to each, one by one. The first
// row names the columns, in any order and case: "name" and one of "source" and "_id" are needed, unknown ones are passed over. Lists inside a
// cell are separated by semicolons. The text is UTF-8, with or without a byte order mark.
//
// Rows that can't be used are passed over and reported in the summary. The whole list is refused as Malformed when it isn't one, is too
// large, has no entry, or ends inside a row; as Unread when r fails; and with each's own error when that has one. After an error what
// each was given is only a part of a list and must not be used.
func ReadCSV(r io.Reader, each func(Entry) error) (Summary, error) {
	l := newListReader(r)
	if err := l.readHeader(); err != nil {
		return l.summary, err
	}
	for {
		entry, reason, err := l.next()
		switch {
		case errors.Is(err, io.EOF):
			return l.summary, l.finish()
		case err != nil:
			return l.summary, err
		case reason != "":
			l.pass(reason)
			continue
		}
		l.summary.Entries++
		if err := each(entry); err != nil {
			return l.summary, err
		}
	}
}

// listReader is one run of ReadCSV.
type listReader struct {
	guard   *guard
	rows    *csv.Reader
	columns map[string]int // by name, in lower case
	line    int            // where the row at hand begins
	broken  bool           // the row at hand has no proper end: if it is the last one, the file was cut off
	summary Summary
}

func newListReader(r io.Reader) *listReader {
	g := &guard{r: r, row: maxRowBytes, file: maxFileBytes}
	text := bufio.NewReader(g)
	if mark, err := text.Peek(3); err == nil && string(mark) == "\ufeff" {
		_, _ = text.Discard(3) // they were just seen
	}
	rows := csv.NewReader(text)
	rows.ReuseRecord = true
	return &listReader{guard: g, rows: rows}
}

// notAList explains what belongs here.
func notAList(format string, args ...any) error {
	return malformed("", "This file isn't a consolidated screening list: "+format+
		". Load the list's CSV file as it was published, with its header line.", args...)
}

func (l *listReader) readHeader() error {
	header, err := l.rows.Read()
	var parse *csv.ParseError
	switch {
	case errors.Is(err, io.EOF):
		return notAList("it is empty")
	case errors.As(err, &parse):
		return notAList("its first line isn't CSV")
	case err != nil:
		return l.readError(err)
	case !isText(strings.Join(header, "")):
		return notAList("it isn't UTF-8 text")
	}
	l.columns = make(map[string]int, len(header))
	for i, name := range header {
		name = strings.ToLower(strings.TrimSpace(name))
		if _, twice := l.columns[name]; twice && name != "" {
			return notAList("it has the column %.40q twice", name)
		}
		l.columns[name] = i
	}
	if !l.has("name") {
		return notAList(`its first line has no column "name"`)
	}
	if !l.has("source") && !l.has("_id") {
		return notAList(`its first line has neither a column "source" nor one named "_id"`)
	}
	return nil
}

func (l *listReader) has(column string) bool { _, ok := l.columns[column]; return ok }

// next reads one row: an entry, or the reason why it can't be used, or the error that ends everything.
func (l *listReader) next() (Entry, string, error) {
	l.guard.row = maxRowBytes
	row, err := l.rows.Read()
	if errors.Is(err, io.EOF) {
		return Entry{}, "", err
	}
	l.line, l.broken = l.lineOf(err), false
	if l.summary.Rows++; l.summary.Rows > maxRows {
		return Entry{}, "", malformed("", "The list has more than %d rows. Load the published list, or raise the bound in the source if it has really grown so much.", maxRows)
	}
	var parse *csv.ParseError
	switch {
	case errors.Is(err, csv.ErrFieldCount):
		l.broken = true
		return Entry{}, fmt.Sprintf("has %d columns where the header has %d", len(row), l.rows.FieldsPerRecord), nil
	case errors.As(err, &parse):
		l.broken = errors.Is(err, csv.ErrQuote)
		return Entry{}, "has a quote in the wrong place", nil
	case err != nil:
		return Entry{}, "", l.readError(err)
	}
	entry, reason := l.entry(row)
	return entry, reason, nil
}

// lineOf is the line where the row that was just read begins; where the one before began if it couldn't be read at all.
func (l *listReader) lineOf(err error) int {
	var parse *csv.ParseError
	switch {
	case errors.As(err, &parse):
		return parse.StartLine
	case err != nil:
		return l.line
	}
	line, _ := l.rows.FieldPos(0)
	return line
}

func (l *listReader) pass(reason string) {
	l.summary.Bad++
	if len(l.summary.BadRows) < maxBadRows {
		l.summary.BadRows = append(l.summary.BadRows, BadRow{Line: l.line, Reason: reason})
	}
}

// finish looks at the whole: half a list would let the other half through.
func (l *listReader) finish() error {
	if l.broken {
		return malformed("", "The list ends inside the row that begins in line %d, so it was probably cut off. Fetch the file again and load it.", l.line)
	}
	if l.summary.Entries == 0 {
		return notAList("it has no entry with a name")
	}
	return nil
}

func (l *listReader) readError(err error) error {
	switch {
	case errors.Is(err, errRowTooLong):
		return malformed("", "The list has a row of more than %d bytes after line %d, so a quote is probably never closed. Fetch the file again and load it.", maxRowBytes, l.line)
	case errors.Is(err, errFileTooLong):
		return malformed("", "The list is larger than %d MB. Load the published list, which is far smaller.", maxFileBytes>>20)
	}
	return unread(err, "The list could not be read to its end. Check the file and load it again.")
}

// entry makes an entry of a row, or says why it can't. Cells that aren't kept may hold anything: nobody should be missed because of them.
func (l *listReader) entry(row []string) (Entry, string) {
	reason := ""
	cell := func(column string) string {
		i, ok := l.columns[column]
		if !ok {
			return ""
		}
		switch {
		case len(row[i]) > maxCellBytes:
			reason = fmt.Sprintf("has more than %d bytes in the column %q", maxCellBytes, column)
		case !isText(row[i]):
			reason = fmt.Sprintf("isn't UTF-8 text in the column %q", column)
		default:
			return strings.TrimSpace(row[i])
		}
		return ""
	}
	e := Entry{
		// A cell is a part of its row's text: without a copy each entry would hold on to the whole row.
		ID: strings.Clone(l.id(cell)), Name: strings.Clone(cell("name")),
		Source: shared(cell("source")), Type: shared(cell("type")), ListURL: shared(cell("source_list_url")),
		StartDate: shared(cell("start_date")), EndDate: shared(cell("end_date")),
		AltNames: items(cell("alt_names")), Addresses: items(cell("addresses")), Programs: items(cell("programs")),
	}
	e.Countries = countries(e.Addresses)
	if reason != "" {
		return Entry{}, reason
	}
	return e, unusable(e)
}

func (l *listReader) id(cell func(string) string) string {
	for _, column := range []string{"_id", "entity_number"} {
		if id := cell(column); id != "" {
			return id
		}
	}
	return fmt.Sprintf("line %d", l.line)
}

// unusable says why nobody could be found by an entry, "" if somebody can.
func unusable(e Entry) string {
	switch {
	case len(words(e.Name)) == 0:
		return "has no name"
	case len(e.Name) > maxNameBytes:
		return fmt.Sprintf("has a name of more than %d bytes", maxNameBytes)
	case max(len(e.AltNames), len(e.Addresses), len(e.Programs)) > maxListItems:
		return fmt.Sprintf("has more than %d names, addresses or programs", maxListItems)
	}
	return ""
}

// items splits a cell that is a list.
func items(cell string) []string {
	var out []string
	for item := range strings.SplitSeq(cell, ";") {
		if item = strings.TrimSpace(item); item != "" {
			out = append(out, strings.Clone(item))
		}
	}
	return out
}

// shared is a text that many entries have, kept once.
func shared(s string) string { return unique.Make(strings.Clone(s)).Value() }

// countries are those that addresses end with, as in "Komitas 26, Yerevan, AM".
func countries(addresses []string) []string {
	var out []string
	for _, address := range addresses {
		code, ok := country(strings.TrimSpace(address[strings.LastIndexByte(address, ',')+1:]))
		if ok && !slices.Contains(out, code) {
			out = append(out, code)
		}
	}
	return out
}

// country reads an ISO 3166-1 alpha-2 code in capitals. Codes that are kept free for a country, such as UK, become its own.
func country(s string) (string, bool) {
	if len(s) != 2 || s != strings.ToUpper(s) {
		return "", false
	}
	region, err := language.ParseRegion(s)
	if err != nil || !region.IsCountry() {
		return "", false
	}
	return region.Canonicalize().String(), true
}

// isText reports whether s is UTF-8 without a NUL, which no text has and most other files have.
func isText(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

// What a guard refuses.
var (
	errRowTooLong  = errors.New("row too long")
	errFileTooLong = errors.New("file too long")
)

// guard stops a row, or a file, that doesn't end: the CSV reader itself would keep it all in memory. What the reader has buffered is read
// already, so a row may be a buffer longer.
type guard struct {
	r         io.Reader
	row, file int // bytes that may still be read
}

func (g *guard) Read(p []byte) (int, error) {
	switch {
	case g.file <= 0:
		return 0, errFileTooLong
	case g.row <= 0:
		return 0, errRowTooLong
	}
	n, err := g.r.Read(p[:min(len(p), g.row, g.file)])
	g.row -= n
	g.file -= n
	return n, err
}
