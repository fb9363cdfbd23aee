package httpcfg

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"time"

	"dialtone/fault"
	"dialtone/provisioning"
)

const (
	// uploadTimeout is how long an upload may take: the largest one, over a line of half a megabit a second.
	uploadTimeout = 3 * time.Minute
	// lingerTimeout is how long the body of a refused upload is read and thrown away, so that a phone that sends it all before it listens gets the answer.
	lingerTimeout = 10 * time.Second
	// drainedAnyway is how much of such a body net/http reads by itself.
	drainedAnyway = 256 << 10

	// problemField is the field of a Cisco phone's problem report.
	problemField = "prt_file"

	maxContentType = 256
	maxBoundary    = 70       // RFC 2046 section 5.1.1
	maxFormFields  = 16       // before the file
	maxFormBytes   = 64 << 10 // before the file
)

// Why an upload's body isn't read on.
var (
	errSpent    = errors.New("httpcfg: the digest answer was used before")
	errTooLarge = errors.New("httpcfg: the upload is too large")
	errNoFile   = errors.New("httpcfg: there is no file in the form")
)

// upload passes on what a phone sends.
func (h *handler) upload(w http.ResponseWriter, r *http.Request, from arrival, path string) answer {
	s := h.readProof(r, from)
	body := &uploadBody{h: h, w: w, r: r, shown: s, source: &boundedSource{r: r.Body, left: h.config.MaxUpload}}
	if r.ContentLength > h.config.MaxUpload {
		return h.refusedUpload(body, from, errTooLarge)
	}
	ctx, cancel := context.WithTimeout(r.Context(), uploadTimeout)
	defer cancel()
	u := provisioning.Upload{Request: h.request(r, from, path, s), Body: body}
	if !body.isForm() {
		u.ContentType = truncate(r.Header.Get("Content-Type"), maxContentType)
	}
	uploaded, err := h.config.Core.Upload(ctx, u)
	switch {
	case body.err != nil && !errors.Is(body.err, io.EOF):
		return h.refusedUpload(body, from, body.err)
	case err != nil:
		return h.refusedUpload(body, from, err)
	case uploaded.Created && r.Method == http.MethodPut:
		return text(http.StatusCreated, "")
	default: // never 204: every phone knows 200, and what is said of POST is 200
		return text(http.StatusOK, "")
	}
}

// refusedUpload is the answer to an upload that isn't taken. What is unread of its body is read afterwards, unless the phone waits to be told to send it.
func (h *handler) refusedUpload(body *uploadBody, from arrival, err error) answer {
	var a answer
	switch {
	case errors.Is(err, errSpent):
		a = h.unauthorised(true)
	case errors.Is(err, errTooLarge), fault.Is(err, fault.Invalid) && body.begun: // names and paths were judged before the first byte was read
		a = text(http.StatusRequestEntityTooLarge, "too large\n")
	case body.err != nil && !errors.Is(body.err, io.EOF): // a broken form, or a connection that broke
		a = text(http.StatusBadRequest, "bad request\n")
	case fault.Is(err, fault.Denied) && from.transport == provisioning.HTTPS:
		a = h.unauthorised(body.shown.stale)
	default:
		a = refusal(body.r, err)
	}
	a.cause = err
	waits := strings.EqualFold(body.r.Header.Get("Expect"), "100-continue") && !body.begun
	length := body.r.ContentLength
	if !waits && (length < 0 || length > drainedAnyway) {
		// Without it net/http would read on before it answers.
		a.unread = http.NewResponseController(body.w).EnableFullDuplex() == nil
	}
	if length < 0 || length > h.config.MaxUpload { // it may not be read to its end
		body.w.Header().Set("Connection", "close")
	}
	return a
}

// linger reads what a phone goes on sending after its upload was refused, for a bounded time and size.
func (h *handler) linger(w http.ResponseWriter, r *http.Request) {
	connection := http.NewResponseController(w)
	if connection.Flush() != nil || connection.SetReadDeadline(time.Now().Add(lingerTimeout)) != nil {
		return
	}
	_, _ = io.CopyN(io.Discard, r.Body, h.config.MaxUpload) // whatever it was, the answer has been given
}

// uploadBody is what a phone sends, read by the core once it has admitted the phone: the first read uses the digest answer up, gives the phone time, and
// finds the file in a form.
type uploadBody struct {
	h      *handler
	w      http.ResponseWriter
	r      *http.Request
	shown  shown
	source *boundedSource
	begun  bool
	file   io.Reader
	err    error // of the first read that failed; io.EOF at the end
}

// Read reads the file.
func (b *uploadBody) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if !b.begun {
		b.begun = true
		if b.file, b.err = b.begin(); b.err != nil {
			return 0, b.err
		}
	}
	var n int
	n, b.err = b.file.Read(p)
	return n, b.err
}

func (b *uploadBody) begin() (io.Reader, error) {
	if !b.h.use(b.shown) {
		return nil, errSpent
	}
	connection := http.NewResponseController(b.w)
	_ = connection.SetReadDeadline(time.Now().Add(uploadTimeout))
	_ = connection.SetWriteDeadline(time.Now().Add(uploadTimeout + writeTimeout))
	if boundary := b.boundary(); boundary != "" {
		return fileInForm(b.source, boundary)
	}
	return b.source, nil
}

// isForm reports whether the file may be wrapped into a form, so that the request's content type isn't the file's.
func (b *uploadBody) isForm() bool { return b.boundary() != "" }

// boundary is what parts a form's fields; "" when the body isn't labelled as a form.
func (b *uploadBody) boundary() string {
	if b.r.Method != http.MethodPost {
		return ""
	}
	kind, parameters, err := mime.ParseMediaType(truncate(b.r.Header.Get("Content-Type"), maxContentType))
	if err != nil || kind != "multipart/form-data" || len(parameters["boundary"]) > maxBoundary {
		return ""
	}
	return parameters["boundary"]
}

// fileInForm finds the first file of a form. A body that only says that it is a form, as that of some phones does, is the file itself.
func fileInForm(source *boundedSource, boundary string) (io.Reader, error) {
	most := source.left
	source.left = min(most, maxFormBytes)
	buffered := bufio.NewReader(source)
	start, _ := buffered.Peek(len("\r\n--") + len(boundary))
	if !strings.HasPrefix(strings.TrimPrefix(string(start), "\r\n"), "--"+boundary) {
		source.left += most - min(most, maxFormBytes)
		return buffered, nil
	}
	form := multipart.NewReader(buffered, boundary)
	for range maxFormFields {
		part, err := form.NextRawPart()
		if errors.Is(err, errTooLarge) {
			return nil, err
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %v", errNoFile, err) //nolint:errorlint // an io.EOF in it would be taken for the end of a file
		}
		if part.FileName() != "" || part.FormName() == problemField {
			source.left += most - min(most, maxFormBytes)
			return part, nil
		}
	}
	return nil, errNoFile
}

// boundedSource reads at most so many bytes, and fails if there are more.
type boundedSource struct {
	r    io.Reader
	left int64
}

// Read reads.
func (s *boundedSource) Read(p []byte) (int, error) {
	if s.left > 0 {
		n, err := s.r.Read(p[:min(int64(len(p)), s.left)])
		s.left -= int64(n)
		return n, err
	}
	var one [1]byte
	if n, err := s.r.Read(one[:]); n == 0 {
		return 0, err
	}
	return 0, errTooLarge
}
