package httpcfg

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"dialtone/provisioning"
)

// contentChunk is how much of a large file goes out within writeTimeout, at least: a phone that is slower is given up.
const contentChunk = 512 << 10

// content is a part of a large file, on its way to a phone.
type content struct {
	source        io.ReadSeekCloser
	first, length int64
}

// span is what a phone asks for of a file: everything, a part, or what isn't there.
type span struct {
	first, length int64
	status        int // 200, 206 or 416
}

// spanOf reads the Range header (RFC 9110 section 14.2). What it doesn't understand it passes over, and so it does with several ranges at once: the phone
// gets everything.
func spanOf(header http.Header, o provisioning.Opened) span {
	whole := span{length: o.Size, status: http.StatusOK}
	values := header["Range"]
	if len(values) != 1 || !rangeHolds(header, o) {
		return whole
	}
	unit, spec, _ := strings.Cut(values[0], "=")
	from, to, ok := strings.Cut(strings.TrimSpace(spec), "-")
	if !ok || !strings.EqualFold(strings.TrimSpace(unit), "bytes") {
		return whole
	}
	first, hasFirst := parsePosition(from)
	last, hasLast := parsePosition(to)
	switch {
	case hasFirst && to == "":
		last = o.Size - 1
	case !hasFirst && from == "" && hasLast: // the last so many bytes
		first, last = max(0, o.Size-last), o.Size-1
	case !hasFirst || !hasLast || last < first:
		return whole
	}
	if first >= o.Size {
		return span{status: http.StatusRequestedRangeNotSatisfiable}
	}
	return span{first: first, length: min(last, o.Size-1) - first + 1, status: http.StatusPartialContent}
}

// rangeHolds reports whether a range is of the file that we have: If-Range names the one that the phone has a part of (RFC 9110 section 13.1.5).
func rangeHolds(header http.Header, o provisioning.Opened) bool {
	condition := header.Get("If-Range")
	if condition == "" || condition == o.ETag {
		return true
	}
	at, err := http.ParseTime(condition)
	return err == nil && !o.Modified.IsZero() && at.Equal(inSeconds(o.Modified))
}

// parsePosition reads digits, at most as many as fit.
func parsePosition(s string) (int64, bool) {
	if s == "" || len(s) > 18 || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

// largeFile answers with a file that isn't in memory, or with the part of it that was asked for.
func largeFile(r *http.Request, o provisioning.Opened) answer {
	s := span{length: o.Size, status: http.StatusOK}
	if r.Method == http.MethodGet {
		s = spanOf(r.Header, o)
	}
	a := answer{status: s.status, contentType: o.ContentType, content: &content{source: o.Content, first: s.first, length: s.length}}
	a.header = http.Header{"Accept-Ranges": {"bytes"}}
	switch s.status {
	case http.StatusPartialContent:
		a.header["Content-Range"] = []string{fmt.Sprintf("bytes %d-%d/%d", s.first, s.first+s.length-1, o.Size)}
	case http.StatusRequestedRangeNotSatisfiable:
		_ = o.Content.Close()
		a = text(s.status, "no such part\n")
		a.header = http.Header{"Content-Range": {fmt.Sprintf("bytes */%d", o.Size)}}
	}
	return a
}

// copyTo sends the part, as fast as the phone takes it. What can't be read leaves the body short, which ends the connection.
func (c *content) copyTo(w http.ResponseWriter) int64 {
	if _, err := c.source.Seek(c.first, io.SeekStart); err != nil {
		return 0
	}
	connection := http.NewResponseController(w)
	var written int64
	for written < c.length {
		_ = connection.SetWriteDeadline(time.Now().Add(writeTimeout))
		n, err := io.CopyN(w, c.source, min(contentChunk, c.length-written))
		written += n
		if err != nil {
			break
		}
	}
	return written
}
