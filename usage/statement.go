package usage

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"dialtone/fault"
)

// MaxStatementRows is how many rows a partner's own file can have. It bounds the memory for them, about 150 MB together with as many rows of ours.
const MaxStatementRows = 100_000

// maxProblems is how many mistakes of a file are named at once.
const maxProblems = 20

// Statement is a partner's own account of usage, as its file has it.
type Statement struct {
	Columns  []string // those of Columns that the file has, in its order
	Rows     []Row    // in its order; what has no column is empty
	Decimals int      // the most decimals that a quantity has
}

// ReadStatement reads a partner's own CSV: a report of ours, or any file whose first line names some of our columns, in any order and among others. QUANTITY and
// SERVICE_NAME must be there. Cells are separated by comma, semicolon or tab, and where that isn't the comma, it may be the decimal mark.
//
// fault.Invalid, with the column and the line of what is wrong, when a row can't be read: a part of an account is none. fault.Unavailable when r fails. Bytes aren't
// limited: whoever takes files from strangers bounds r.
func ReadStatement(r io.Reader) (Statement, error) {
	in := bufio.NewReaderSize(r, writeBuffer)
	if mark, _ := in.Peek(3); string(mark) == "\uFEFF" {
		_, _ = in.Discard(3) // it was peeked at
	}
	head, _ := in.Peek(4096) // an error comes again with the first line
	f := &statementFile{csv: csv.NewReader(in)}
	f.csv.Comma, f.csv.FieldsPerRecord, f.csv.ReuseRecord = separatorOf(string(head)), -1, true
	if err := f.header(); err != nil {
		return Statement{}, err
	}
	for {
		more, err := f.row()
		if err != nil {
			return Statement{}, err
		}
		if !more || len(f.problems) >= maxProblems {
			return f.statement, fault.InvalidProblems("The file can't be compared", f.problems)
		}
	}
}

// separatorOf returns what stands most often in a file's first line.
func separatorOf(head string) rune {
	line, _, _ := strings.Cut(head, "\n")
	best := ','
	for _, r := range ";\t" {
		if strings.Count(line, string(r)) > strings.Count(line, string(best)) {
			best = r
		}
	}
	return best
}

// statementFile is a file that is being read.
type statementFile struct {
	csv       *csv.Reader
	columns   []Column // of each cell; without a name for those that aren't ours
	statement Statement
	total     Units
	problems  []fault.Problem
}

// header reads the names of the columns.
func (f *statementFile) header() error {
	names, err := f.csv.Read()
	if errors.Is(err, io.EOF) {
		return fault.New(fault.Invalid, "The file is empty. Its first line must name the columns, such as SERVICE_NAME and QUANTITY.")
	}
	if err != nil {
		return unreadable(err)
	}
	known := Columns(TypeUser)
	for _, name := range names {
		name = strings.ToUpper(strings.TrimSpace(name))
		which := slices.IndexFunc(known, func(c Column) bool { return c.Name == name && c.read != nil })
		switch {
		case which < 0:
			f.columns = append(f.columns, Column{})
		case slices.Contains(f.statement.Columns, name):
			return fault.New(fault.Invalid, "The file has two columns %s. Leave one of them.", name)
		default:
			f.columns = append(f.columns, known[which])
			f.statement.Columns = append(f.statement.Columns, name)
		}
	}
	for _, name := range []string{serviceColumn, quantityColumn} {
		if !slices.Contains(f.statement.Columns, name) {
			return fault.New(fault.Invalid, "The file has no column %s. Its first line must name the columns as reports do.", name)
		}
	}
	return nil
}

// row reads a row; false after the last.
func (f *statementFile) row() (bool, error) {
	cells, err := f.csv.Read()
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	if err != nil {
		return false, unreadable(err)
	}
	if !slices.ContainsFunc(cells, func(cell string) bool { return strings.TrimSpace(cell) != "" }) {
		return true, nil
	}
	if len(f.statement.Rows) == MaxStatementRows {
		return false, fault.New(fault.Invalid, "The file has more than %d rows. Compare a report by customer, or fewer customers at once.", MaxStatementRows)
	}
	var r Row
	for i, c := range f.columns {
		text := ""
		if i < len(cells) {
			text = unguard(strings.TrimSpace(cells[i]))
		}
		f.cell(&r, i, c, text)
	}
	if f.total += r.Quantity; f.total > mostUnits {
		return false, fault.New(fault.Invalid, "The quantities of the file add up to more than %s days. Check its column %s.", mostUnits, quantityColumn)
	}
	f.statement.Rows = append(f.statement.Rows, r)
	return true, nil
}

// cell reads a cell into a row.
func (f *statementFile) cell(r *Row, at int, c Column, text string) {
	if c.Name == "" {
		return
	}
	if c.Name == quantityColumn && f.csv.Comma != ',' {
		text = strings.Replace(text, ",", ".", 1)
	}
	if !c.read(r, strings.ToValidUTF8(text, "\uFFFD")) {
		f.complain(at, c, text)
		return
	}
	if c.Name == quantityColumn {
		_, fraction, _ := strings.Cut(text, ".")
		f.statement.Decimals = max(f.statement.Decimals, len(fraction))
	}
}

// complain notes what is wrong with a cell.
func (f *statementFile) complain(at int, c Column, text string) {
	line, _ := f.csv.FieldPos(0)
	expected := map[string]string{
		serviceColumn:  "must name a service, such as WEBEX_CALLING",
		quantityColumn: "must be a number of days, such as 17.5, without a sign or marks between thousands",
	}[c.Name]
	if expected == "" {
		expected = "must be a day, such as 2026-05-31"
	}
	f.problems = append(f.problems, fault.Problem{Field: c.Name, Code: fault.CodeRule, Message: fmt.Sprintf("in line %d, cell %d %s; it is %.40q", line, at+1, expected, text)})
}

// unreadable makes an error of one that reading CSV gave.
func unreadable(err error) error {
	if broken, ok := errors.AsType[*csv.ParseError](err); ok {
		return fault.New(fault.Invalid, "Line %d of the file can't be read: a quotation mark isn't closed, or stands where none can be. Write one inside a cell twice.", broken.Line)
	}
	if fault.KindOf(err) != fault.Internal {
		return err
	}
	return fault.Wrap(fault.Unavailable, err, "The file can't be read. Send it again.")
}
