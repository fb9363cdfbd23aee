package bulk

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"dialtone/fault"
)

// Encoding names how a file's characters are written.
type Encoding string

// The encodings that are read.
const (
	UTF8        Encoding = "UTF-8"
	UTF16LE     Encoding = "UTF-16LE"
	UTF16BE     Encoding = "UTF-16BE"
	Windows1252 Encoding = "Windows-1252"
)

// window is how much of a file is held while its encoding is found, in bytes.
const window = 4096

// decoder gives a file as UTF-8, whatever it was written in, without a byte order mark. What can't be decoded becomes U+FFFD, which cells complain of.
//
// A file without a mark is ASCII until the first byte that isn't, maybe a hundred rows down, and only that place can tell UTF-8 from Windows-1252:
// so the choice waits for it.
type decoder struct {
	in       *bufio.Reader
	encoding Encoding
	decided  io.Reader // nil as long as all was ASCII
}

// newDecoder looks at the first bytes. fault.Invalid when they are no text's: a workbook's, or UTF-32's.
func newDecoder(r io.Reader) (*decoder, error) {
	d := &decoder{in: bufio.NewReaderSize(r, window), encoding: UTF8}
	head, err := d.in.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, broken(err, 0)
	}
	if err := refuse(head); err != nil {
		return nil, err
	}
	mark := 0
	switch {
	case bytes.HasPrefix(head, []byte{0xEF, 0xBB, 0xBF}):
		mark = 3
		d.decide(UTF8)
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE}):
		mark = 2
		d.decide(UTF16LE)
	case bytes.HasPrefix(head, []byte{0xFE, 0xFF}):
		mark = 2
		d.decide(UTF16BE)
	case len(head) == 4 && head[0] != 0 && head[1] == 0 && head[2] != 0 && head[3] == 0: // a header begins with ASCII letters
		d.decide(UTF16LE)
	case len(head) == 4 && head[0] == 0 && head[1] != 0 && head[2] == 0 && head[3] != 0:
		d.decide(UTF16BE)
	}
	_, err = d.in.Discard(mark)
	return d, err
}

// refuse names the files that are often sent in place of a CSV.
func refuse(head []byte) error {
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte{0xD0, 0xCF, 0x11, 0xE0}):
		return fault.New(fault.Invalid, `The file is a workbook, not a CSV. Open it and save it as "CSV UTF-8 (comma delimited)".`)
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE, 0, 0}), bytes.HasPrefix(head, []byte{0, 0, 0xFE, 0xFF}):
		return fault.New(fault.Invalid, "The file is written in UTF-32. Save it in UTF-8.")
	}
	return nil
}

func (d *decoder) decide(e Encoding) {
	var from encoding.Encoding
	switch e {
	case UTF16LE:
		from = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case UTF16BE:
		from = unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	case Windows1252:
		from = charmap.Windows1252
	default:
		from = unicode.UTF8
	}
	d.encoding, d.decided = e, transform.NewReader(d.in, from.NewDecoder())
}

// Read gives UTF-8.
func (d *decoder) Read(p []byte) (int, error) {
	if d.decided != nil {
		return d.decided.Read(p)
	}
	held, err := buffered(d.in)
	if err != nil {
		return 0, err
	}
	ascii := bytes.IndexFunc(held, func(r rune) bool { return r >= utf8.RuneSelf })
	if ascii < 0 {
		ascii = len(held)
	}
	if ascii == 0 {
		held, _ = d.in.Peek(window) // an error comes again with the next read
		d.decide(unmarked(held, len(held) < window))
		return d.decided.Read(p)
	}
	n := copy(p, held[:ascii])
	_, err = d.in.Discard(n)
	return n, err
}

// unmarked tells UTF-8 from Windows-1252, in which hardly any text happens to be UTF-8: by what most of the characters beyond ASCII are, so that
// one broken character doesn't turn a whole file over. whole says that the text ends with the file.
func unmarked(text []byte, whole bool) Encoding {
	valid, invalid := 0, 0
	for len(text) > 0 && (whole || utf8.FullRune(text)) {
		r, size := utf8.DecodeRune(text)
		switch {
		case r == utf8.RuneError && size == 1:
			invalid++
		case r >= utf8.RuneSelf:
			valid++
		}
		text = text[size:]
	}
	if invalid > valid {
		return Windows1252
	}
	return UTF8
}

// buffered returns what a reader holds, and fills it first when it holds nothing.
func buffered(r *bufio.Reader) ([]byte, error) {
	if r.Buffered() == 0 {
		if _, err := r.Peek(1); err != nil {
			return nil, err
		}
	}
	return r.Peek(r.Buffered())
}

// broken makes an error of one that reading gave: as it is when somebody below classified it, else fault.Unavailable.
func broken(err error, line int) error {
	if fault.KindOf(err) != fault.Internal {
		return err
	}
	if line == 0 {
		return fault.Wrap(fault.Unavailable, err, "The file can't be read. Send it again.")
	}
	return fault.Wrap(fault.Unavailable, err, "The file broke off after line %d. Send it again.", line)
}
