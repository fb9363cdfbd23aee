package billing

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding"
	"encoding/hex"
	"hash"
	"io"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/usage"
)

// Progress is how far the count of a report is, and what of its file there is.
type Progress struct {
	Done   bool             `json:"done"`
	Rows   int64            `json:"rows"`   // without the line of names
	Bytes  int64            `json:"bytes"`  // of the CSV
	Packed int64            `json:"packed"` // bytes that are stored
	Chunks int              `json:"chunks"`
	Known  int64            `json:"known"`            // the last event of the log when the count began: what is restated later isn't in the report
	After  AssignmentCursor `json:"after"`            // of a report by user: the last assignment that is in it
	Hash   []byte           `json:"hash,omitempty"`   // the state of the checksum, to go on with
	SHA256 string           `json:"sha256,omitempty"` // of the CSV, in hexadecimal; once it is done
}

// pieceSize is how much of a file is kept at once, in bytes after compression.
const pieceSize = 1 << 20

// piece is a part of a report's file that is being written. Its compression ends with it, so that pieces after one another are a file as gzip has it.
type piece struct {
	packed bytes.Buffer
	zip    *gzip.Writer
	sum    hash.Hash
	csv    *usage.Writer
	rows   int64
	bytes  int64
	header int // bytes of the line of names that are still to be left out
}

// newPiece begins a piece behind what there is. The first one has the names of the columns.
func (c *count) newPiece() *piece {
	f := &piece{sum: sha256.New()}
	f.zip, _ = gzip.NewWriterLevel(&f.packed, gzip.BestSpeed) // a level that there is
	if c.progress.Chunks > 0 {
		f.header = 1
		if state, ok := f.sum.(encoding.BinaryUnmarshaler); ok {
			_ = state.UnmarshalBinary(c.progress.Hash) // we wrote it
		}
	}
	f.csv = usage.NewWriter(f, usage.Type(c.report.Type))
	return f
}

// Write takes what the CSV writer gives.
func (f *piece) Write(b []byte) (int, error) {
	all := len(b)
	if f.header > 0 {
		at := bytes.IndexByte(b, '\n')
		if at < 0 {
			return all, nil
		}
		b, f.header = b[at+1:], 0
	}
	f.bytes += int64(len(b))
	_, _ = f.sum.Write(b) // never fails
	if _, err := f.zip.Write(b); err != nil {
		return 0, err
	}
	return all, nil
}

func (f *piece) write(r usage.Row) error {
	f.rows++
	return f.csv.Write(r)
}

// full reports whether it is time for another piece.
func (f *piece) full() bool { return f.packed.Len() >= pieceSize }

func (f *piece) end() ([]byte, error) {
	if err := f.csv.Flush(); err != nil {
		return nil, err
	}
	err := f.zip.Close()
	return f.packed.Bytes(), err
}

// add returns the progress with the piece.
func (f *piece) add(p Progress, packed int) (Progress, error) {
	p.Rows, p.Bytes, p.Packed, p.Chunks = p.Rows+f.rows, p.Bytes+f.bytes, p.Packed+int64(packed), p.Chunks+1
	p.Hash = nil
	if p.Done {
		p.SHA256 = hex.EncodeToString(f.sum.Sum(nil))
		return p, nil
	}
	state, ok := f.sum.(encoding.BinaryMarshaler)
	if !ok {
		return p, fault.New(fault.Internal, "A checksum can't be kept.")
	}
	var err error
	p.Hash, err = state.MarshalBinary()
	return p, err
}

// Progress returns how far the count of a report of the actor's partner is. fault.NotFound as Report.
func (s *Service) Progress(ctx context.Context, actor customer.Actor, id ReportID) (Progress, error) {
	p, err := s.store.Progress(ctx, actor.Partner, id)
	return p, orUnknown(err)
}

// WriteFile writes the CSV of a completed report, a piece at a time. fault.NotFound as Report, also for one that isn't completed; nothing was written then.
func (s *Service) WriteFile(ctx context.Context, partner customer.OrgID, id ReportID, w io.Writer) error {
	r, err := s.store.Report(ctx, partner, id)
	if err != nil || r.Status != Completed {
		return orUnknown(orNoFile(err))
	}
	progress, err := s.store.Progress(ctx, partner, id)
	if err != nil {
		return orUnknown(err)
	}
	for number := range progress.Chunks {
		packed, err := s.store.Chunk(ctx, partner, id, number)
		if err != nil {
			return orUnknown(err)
		}
		if err := unpack(w, packed); err != nil {
			return err
		}
	}
	return nil
}

// orNoFile is the error, or that there is nothing such.
func orNoFile(err error) error {
	if err != nil {
		return err
	}
	return fault.New(fault.NotFound, "There is no file of this report.")
}

func unpack(w io.Writer, packed []byte) error {
	zip, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return fault.Wrap(fault.Internal, err, "a piece of a report is broken")
	}
	_, err = io.Copy(w, zip) //nolint:gosec // G110: we packed it
	return err
}
