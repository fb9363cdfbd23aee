package bulk

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
)

// Bounds of what one record can make us hold, far above what people write.
const (
	maxRecord  = 64 << 10 // bytes of a record in UTF-8
	maxLines   = 50       // lines of a record, by line breaks in quotes; with maxRecord it bounds how often a byte is read again after a broken quote
	maxColumns = 256      // cells of a record; an export of Control Hub has about a hundred
)

// line is a line of the file as an editor shows it.
type line struct {
	number  int // from 1
	text    string
	tooLong bool // the text is only the line's beginning
}

// lines gives the lines of a UTF-8 text, which end with LF, CRLF or CR. It holds one line, and those that were put back.
type lines struct {
	in     *bufio.Reader
	number int
	back   []line
	buffer []byte
}

func newLines(r io.Reader) *lines { return &lines{in: bufio.NewReaderSize(r, window)} }

// next returns io.EOF after the last line.
func (l *lines) next() (line, error) {
	if len(l.back) > 0 {
		first := l.back[0]
		l.back = l.back[1:]
		return first, nil
	}
	l.buffer = l.buffer[:0]
	begun, tooLong, done := false, false, false
	for !done {
		held, err := buffered(l.in)
		if errors.Is(err, io.EOF) && begun {
			break
		}
		if err != nil {
			return line{}, err
		}
		begun = true
		end := bytes.IndexAny(held, "\r\n")
		if done = end >= 0; done {
			held = held[:end+1]
		}
		tooLong = !l.keep(bytes.TrimRight(held, "\r\n")) || tooLong
		l.pass(held)
	}
	l.number++
	return line{number: l.number, text: string(l.buffer), tooLong: tooLong}, nil
}

// keep adds to the line as much as a record may have, and reports whether that was all.
func (l *lines) keep(text []byte) bool {
	room := maxRecord - len(l.buffer)
	l.buffer = append(l.buffer, text[:min(room, len(text))]...)
	return len(text) <= room
}

// pass goes past what was held, and past the LF of a CRLF. Held bytes can be discarded without error, and an error of looking ahead comes again.
func (l *lines) pass(held []byte) {
	cr := held[len(held)-1] == '\r'
	_, _ = l.in.Discard(len(held))
	if !cr {
		return
	}
	if next, err := l.in.Peek(1); err == nil && next[0] == '\n' {
		_, _ = l.in.Discard(1)
	}
}

// putBack makes next return the lines again.
func (l *lines) putBack(again []line) { l.back = append(append([]line{}, again...), l.back...) }

// record is a row of cells, or what could be read of one.
type record struct {
	line  int
	cells []string
	flaw  Code // empty for a sound record; else cells are those before the flaw
}

// blank reports whether nothing stands in the record: spreadsheets leave rows of separators behind.
func (r record) blank() bool {
	for _, cell := range r.cells {
		if strings.TrimSpace(cell) != "" {
			return false
		}
	}
	return r.flaw == ""
}

// records gives the records of a text (RFC 4180), and finds its way after those that are broken.
//
// A quote that nobody closed would swallow the rows after it. So a record of several lines is believed only if its quotes are sound, it stays in
// its bounds, and it has as many cells as the header. Otherwise its first line alone is the broken record, and reading goes on with the line
// after that one.
type records struct {
	lines *lines
	split splitter
	width int // cells of the header; 0 while it is read
}

// next returns io.EOF after the last record.
func (r *records) next() (record, error) {
	first, err := r.lines.next()
	if err != nil {
		return record{}, err
	}
	r.split.reset()
	r.split.feed(first.text)
	if first.tooLong {
		cells := r.split.sound()
		if !r.split.open {
			cells = cells[:max(0, len(cells)-1)] // the last one may be cut off
		}
		return record{line: first.number, cells: cells, flaw: CodeTooLong}, nil
	}
	more, err := r.continuation(len(first.text))
	if err != nil {
		return record{}, err
	}
	out := record{line: first.number, cells: r.split.cells, flaw: r.split.flaw}
	if r.split.open || len(more) > 0 && (out.flaw != "" || r.width > 0 && len(out.cells) != r.width) {
		r.lines.putBack(more)
		r.split.reset()
		r.split.feed(first.text)
		out.cells, out.flaw = r.split.sound(), CodeBrokenQuote
	}
	out.cells = append([]string(nil), out.cells...)
	return out, nil
}

// continuation feeds lines for as long as a quoted cell is open and the record is in its bounds, and returns them.
func (r *records) continuation(size int) (more []line, err error) {
	for r.split.open && len(more)+1 < maxLines && size < maxRecord {
		l, err := r.lines.next()
		if errors.Is(err, io.EOF) {
			return more, nil
		}
		if err != nil {
			return nil, err
		}
		more = append(more, l)
		if size += len(l.text) + 1; size > maxRecord || l.tooLong {
			return more, nil // the cell is still open: broken
		}
		r.split.feed(l.text)
	}
	return more, nil
}

// splitter cuts lines into cells. It goes on where the last line ended when that was inside quotes.
type splitter struct {
	separator byte
	cells     []string
	open      bool // inside a quoted cell
	flaw      Code
	quoted    strings.Builder // of the open cell, when it isn't one piece of a line
}

func (s *splitter) reset() {
	s.cells, s.open, s.flaw = s.cells[:0], false, ""
	s.quoted.Reset()
}

// sound are the cells before a broken one.
func (s *splitter) sound() []string { return append([]string(nil), s.cells...) }

// feed takes the next line, without its end.
func (s *splitter) feed(text string) {
	more := true
	if s.open {
		s.quoted.WriteByte('\n')
		text, more = s.inside(text)
	}
	for more {
		text, more = s.cell(text)
	}
}

// cell takes one cell, and returns what follows; false when the line is over.
func (s *splitter) cell(text string) (rest string, more bool) {
	if len(s.cells) == maxColumns {
		s.flaw = CodeTooManyCells
		return "", false
	}
	if quoted := strings.TrimLeft(text, " "); strings.HasPrefix(quoted, `"`) {
		return s.inside(quoted[1:])
	}
	value, rest, more := strings.Cut(text, string(s.separator))
	s.cells = append(s.cells, value) // quotes inside are signs like others, as in ="0123"
	return rest, more
}

// inside takes the rest of a quoted cell. A pair of quotes stands for one.
func (s *splitter) inside(text string) (rest string, more bool) {
	s.open = true
	for {
		value, after, closed := strings.Cut(text, `"`)
		switch {
		case !closed:
			s.quoted.WriteString(text)
			return "", false
		case strings.HasPrefix(after, `"`):
			s.quoted.WriteString(value)
			s.quoted.WriteByte('"')
			text = after[1:]
		default:
			return s.close(value, after)
		}
	}
}

// close ends a quoted cell, after which only a separator or the line's end may come.
func (s *splitter) close(value, after string) (rest string, more bool) {
	s.open = false
	if s.quoted.Len() > 0 {
		s.quoted.WriteString(value)
		value = s.quoted.String()
		s.quoted.Reset()
	}
	after = strings.TrimLeft(after, " ")
	if after != "" && after[0] != s.separator {
		s.flaw = CodeBrokenQuote
		return "", false
	}
	s.cells = append(s.cells, value)
	if after == "" {
		return "", false
	}
	return after[1:], true
}
