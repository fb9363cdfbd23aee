package bulk

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
)

// Outcome is what became of a row.
type Outcome string

// The outcomes.
const (
	Added     Outcome = "added"
	Changed   Outcome = "changed"
	Deleted   Outcome = "deleted"
	Unchanged Outcome = "unchanged"
	Failed    Outcome = "failed"
)

// Result is a line of the file of results.
type Result struct {
	Line    int // of the row, in the file that it came from
	Email   string
	Outcome Outcome
	Column  string // where the reason lies; empty when it is no single column's
	Reason  string // for a person; empty when all went well
}

// Result returns what the file of results says about the row: the outcome, and every problem. The column is that of the first one that counts most.
func (r Row) Result(outcome Outcome) Result {
	out := Result{Line: r.Line, Email: r.Email, Outcome: outcome}
	var reasons []string
	for _, severity := range []Severity{Error, Warning} {
		for _, p := range r.Problems {
			if p.Severity != severity {
				continue
			}
			if len(reasons) == 0 {
				out.Column = p.Column
			}
			reasons = append(reasons, labelled(p))
		}
	}
	out.Reason = strings.Join(reasons, " ")
	return out
}

func labelled(p Problem) string {
	label := p.Message
	if p.Column != "" {
		label = p.Column + ": " + label
	}
	if p.Severity == Warning {
		label = "Warning: " + label
	}
	return label
}

// byteOrderMark lets spreadsheets know that a CSV is UTF-8.
const byteOrderMark = "\uFEFF"

// ResultWriter writes the file of results: CSV (RFC 4180), UTF-8 with byte order mark, one line for each row. No cell begins as a formula, whichever
// separator a spreadsheet takes the file to have.
type ResultWriter struct {
	csv *csv.Writer
	err error // of the first line
}

// NewResultWriter writes the header. Errors of w come with Write or Flush.
func NewResultWriter(w io.Writer) *ResultWriter {
	_, err := io.WriteString(w, byteOrderMark)
	out := &ResultWriter{csv: newCSV(w), err: err}
	if err == nil {
		out.err = out.csv.Write([]string{"line", "email", "outcome", "column", "reason"})
	}
	return out
}

// Write adds a line. It is buffered: end with Flush.
func (w *ResultWriter) Write(r Result) error {
	if w.err != nil {
		return w.err
	}
	w.err = w.csv.Write(guarded([]string{strconv.Itoa(r.Line), r.Email, string(r.Outcome), r.Column, r.Reason}))
	return w.err
}

// Flush writes what is buffered, and returns the first error of all.
func (w *ResultWriter) Flush() error {
	if w.err != nil {
		return w.err
	}
	w.csv.Flush()
	w.err = w.csv.Error()
	return w.err
}

// WriteTemplate writes a CSV with all columns and one row as an example, which NewReader takes. Errors are w's.
func WriteTemplate(w io.Writer) error {
	var titles, example []string
	for _, c := range Columns() {
		titles, example = append(titles, c.Name), append(example, c.Example)
	}
	if _, err := io.WriteString(w, byteOrderMark); err != nil {
		return err
	}
	return newCSV(w).WriteAll([][]string{titles, guarded(example)})
}

func newCSV(w io.Writer) *csv.Writer {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	return out
}

// guard puts an apostrophe before every place at which a spreadsheet would see a formula: at the beginning of the cell, and after what some
// spreadsheet might take for a separator or the end of a row, as one that is set to semicolons does with a file of commas. Blanks and quotes there
// hide nothing: spreadsheets take them off.
func guard(cell string) string {
	var b strings.Builder
	begins := true
	for _, r := range cell {
		if begins && strings.ContainsRune(triggers, r) {
			b.WriteByte('\'')
		}
		b.WriteRune(r)
		begins = strings.ContainsRune(",;|\t\r\n", r) || begins && (r == ' ' || r == '"')
	}
	return b.String()
}

func guarded(row []string) []string {
	out := make([]string, len(row))
	for i, cell := range row {
		out[i] = guard(cell)
	}
	return out
}
