package usage

import (
	"bufio"
	"io"
	"strings"
)

// Writer writes the CSV of a report (RFC 4180, UTF-8 without a byte order mark), a row at a time. No text begins as a formula does in a spreadsheet. It isn't safe
// for concurrent use.
type Writer struct {
	out      *bufio.Writer
	reported Type
	columns  []Column
	row      Row    // that is being written
	line     []byte // of it
}

// writeBuffer is what a Writer holds, in bytes, beside the longest row.
const writeBuffer = 64 << 10

// NewWriter begins a report of a type with the line of its column's names. Errors of w come with Write or Flush.
func NewWriter(w io.Writer, t Type) *Writer {
	out := &Writer{out: bufio.NewWriterSize(w, writeBuffer), reported: t, columns: Columns(t)}
	for i, c := range out.columns {
		out.add(i, c.Name)
	}
	_ = out.end() // bufio gives it again
	return out
}

// Write adds a row. It is buffered: end with Flush.
func (w *Writer) Write(r Row) error {
	w.row = r.For(w.reported)
	for i, c := range w.columns {
		text := c.text(&w.row)
		if !c.number {
			text = guard(text)
		}
		w.add(i, text)
	}
	return w.end()
}

// Flush writes what is buffered, and returns the first error of all.
func (w *Writer) Flush() error { return w.out.Flush() }

// add puts a cell into the line, in quotes where it needs them.
func (w *Writer) add(i int, text string) {
	if i > 0 {
		w.line = append(w.line, ',')
	}
	if !strings.ContainsAny(text, ",\"\r\n") {
		w.line = append(w.line, text...)
		return
	}
	w.line = append(w.line, '"')
	for at := range len(text) {
		if text[at] == '"' {
			w.line = append(w.line, '"')
		}
		w.line = append(w.line, text[at])
	}
	w.line = append(w.line, '"')
}

// end writes the line.
func (w *Writer) end() error {
	_, err := w.out.Write(append(w.line, '\r', '\n'))
	w.line = w.line[:0]
	return err
}

// formulaLike reports whether a spreadsheet may take the text for a formula; blanks, quotes and apostrophes in front hide nothing.
func formulaLike(text string) bool {
	text = strings.TrimLeft(text, ` "'`)
	return text != "" && strings.IndexByte("=+-@\t\r\n", text[0]) >= 0
}

// guard puts an apostrophe before what looks like a formula, which spreadsheets then show as a text.
func guard(text string) string {
	if formulaLike(text) {
		return "'" + text
	}
	return text
}

// unguard takes back what guard has put there.
func unguard(text string) string {
	if strings.HasPrefix(text, "'") && formulaLike(text) {
		return text[1:]
	}
	return text
}
