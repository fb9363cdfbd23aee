// Package bulk is the CSV by which administrators add, change and delete people in bulk: bytes become rows, and what became of the rows becomes
// bytes again.
//
// It owns what spreadsheets do to a file (encodings, separators, quotes, numbers that were taken for quantities), the names of the columns, and
// the file of results, which no spreadsheet can be made to run. It holds one record at a time, however long the file is. It never asks who
// exists, never changes anybody, and never decides whether a person may have what a row asks for: that is the caller's, row by row. Start at
// NewReader, then Row, then Columns, which is the documentation of the format.
package bulk

import (
	"fmt"
)

// MaxRows is how many people a file can hold at most. It bounds the memory for addresses that were met already (about 4 MB), and the work of one file.
const MaxRows = 100_000

// Tristate is what a package column says about a person. The zero Tristate is Unset.
type Tristate uint8

// The values of a package column.
const (
	Unset Tristate = iota // an empty cell: the package stays as it is
	No                    // the person isn't to have the package
	Yes                   // the person is to have it
)

// Severity says whether a row can be used in spite of a problem. The zero Severity is Error.
type Severity uint8

// The severities.
const (
	Error   Severity = iota // the row must not be applied
	Warning                 // the row can be applied; the administrator should know
)

// Code names a kind of problem for programs. Messages may be reworded; codes stay.
type Code string

// The codes. The last two are about a whole file, and come from Reader.Warnings alone.
const (
	CodeMissing       Code = "missing"         // a cell that every row needs is empty
	CodeInvalid       Code = "invalid"         // a cell doesn't have the form of its column
	CodeTooLong       Code = "too_long"        // a cell or a record is larger than its bound
	CodeCharacters    Code = "characters"      // control characters, or characters that were lost on the way into the file
	CodeRounded       Code = "rounded"         // a spreadsheet has rounded a number, and digits are gone
	CodePlusLost      Code = "plus_lost"       // a number has no plus sign, and can't be known to be international
	CodeRepaired      Code = "repaired"        // a warning: what a spreadsheet did to a number was undone
	CodeContradiction Code = "contradiction"   // two things in a row exclude each other
	CodeDuplicate     Code = "duplicate"       // an earlier row is about the same person
	CodeTooManyCells  Code = "too_many_cells"  // the row has more cells than the header has columns
	CodeBrokenQuote   Code = "broken_quote"    // a quotation mark that isn't closed, or is followed by something other than a separator
	CodeNoMeetingSite Code = "no_meeting_site" // a warning: a package with meetings, and no preferred meeting site
	CodeRefused       Code = "refused"         // a rule has something against the row: whoever applies it says so
	CodePassedOver    Code = "passed_over"     // a warning: something that the row says wasn't used
	CodeEncoding      Code = "encoding"        // a warning: the file isn't Unicode, and was read as Windows-1252
	CodeUnknownColumn Code = "unknown_column"  // a warning: columns that nobody reads
)

// Problem is something wrong with a row or with a file.
type Problem struct {
	Line     int    // where the record begins, as an editor counts: from 1, line breaks in quotes included
	Column   string // a Column's Name; empty when the problem is no single column's
	Code     Code
	Message  string // for a person: what is wrong, and what to do
	Severity Severity
}

// Row is what a file says about one person. Empty cells are empty values, which ask for nothing to be changed. A row that Failed has what could be
// read, so that it can be reported; it must not be applied.
type Row struct {
	Line             int    // where the record begins, as an editor counts
	Email            string // lower case; one row of the file at most is good and has it
	FirstName        string // at most 64 characters
	LastName         string // at most 64 characters
	DisplayName      string // at most 128 characters
	Location         string // a location's name as written, or its id; at most 200 characters
	Extension        string // 2 to 10 digits
	Number           string // the primary number, E.164
	AlternateNumbers []string
	RemoveNumbers    []string // numbers that the person is to lose, E.164
	RemoveAllNumbers bool     // the person is to lose every number
	MeetingSite      string   // the preferred Webex site; at most 253 characters
	Packages         map[Package]Tristate
	Problems         []Problem // in the order of Columns
}

// Failed reports whether the row has a problem that forbids applying it.
func (r Row) Failed() bool {
	for _, p := range r.Problems {
		if p.Severity == Error {
			return true
		}
	}
	return false
}

// Wanted returns the packages that the row says Yes to, in the order of Columns.
func (r Row) Wanted() []Package {
	var out []Package
	for _, p := range packages() {
		if r.Packages[p] == Yes {
			out = append(out, p)
		}
	}
	return out
}

// AllOff reports whether the file has package columns and the row says No in every one of them: the person is to be deleted. An empty cell isn't a
// No, and a row that Failed deletes nobody.
func (r Row) AllOff() bool {
	for _, state := range r.Packages {
		if state != No {
			return false
		}
	}
	return len(r.Packages) > 0 && !r.Failed()
}

func (r *Row) fail(column string, code Code, format string, args ...any) {
	r.add(Error, column, code, format, args...)
}

func (r *Row) warn(column string, code Code, format string, args ...any) {
	r.add(Warning, column, code, format, args...)
}

func (r *Row) add(severity Severity, column string, code Code, format string, args ...any) {
	r.Problems = append(r.Problems, Problem{Line: r.Line, Column: column, Code: code, Message: fmt.Sprintf(format, args...), Severity: severity})
}
