package adminapi

import (
	"context"
	"fmt"
	"mime"
	"net/http"
	"runtime/debug"
	"strings"
)

type trackingKey struct{}

func trackingID(ctx context.Context) string {
	id, _ := ctx.Value(trackingKey{}).(string)
	return id
}

// maxTrackingID bounds what a client's own id takes of our log, in bytes.
const maxTrackingID = 128

// track gives every request its tracking id, its line in the log, and its answer even when we break.
func (s *Server) track(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := s.Now()
		id := r.Header.Get("TrackingID")
		if !printable(id) {
			id = "DIALTONE_" + s.NewID()
		}
		w.Header().Set("trackingid", id)
		seen := &statusWriter{ResponseWriter: w}
		ctx := context.WithValue(r.Context(), trackingKey{}, id)
		r = r.WithContext(ctx)
		r.Header = plainMediaType(r.Header)
		r.Body = http.MaxBytesReader(seen, r.Body, s.roomFor(w, r)+1)
		defer func() {
			if broken := recover(); broken == http.ErrAbortHandler { //nolint:errorlint // the server compares it so
				panic(broken)
			} else if broken != nil {
				s.Logger.ErrorContext(ctx, "a request broke us", "tracking_id", id, "panic", fmt.Sprint(broken), "stack", string(debug.Stack()))
				if seen.status == 0 {
					s.writeStatus(seen, r, http.StatusInternalServerError, "Something went wrong on our side. Try again; if it stays, give your administrator the tracking id.")
				}
			}
			s.Logger.InfoContext(ctx, "request", "tracking_id", id, "method", r.Method, "path", r.URL.Path, "status", seen.status, "took", s.Now().Sub(began))
		}()
		next.ServeHTTP(seen, r)
	})
}

// roomFor is how large a body may be. Files of people may be large, and both they and their results may take their time.
func (s *Server) roomFor(w http.ResponseWriter, r *http.Request) int64 {
	if r.Method == http.MethodPost && r.URL.Path == reconciliationsPath {
		return maxStatement
	}
	if !strings.HasPrefix(r.URL.Path, importsPath) {
		return maxBody
	}
	connection, until := http.NewResponseController(w), s.Now().Add(fileTimeout)
	_ = connection.SetReadDeadline(until) // what has no deadlines needs none
	_ = connection.SetWriteDeadline(until)
	if r.Method == http.MethodPost && r.URL.Path == importsPath {
		return maxFile
	}
	return maxBody
}

// plainMediaType writes the body's media type in lower case and without parameters but those of forms, as the library compares it letter by letter (RFC 9110 section 8.3.1
// has no case). What can't be parsed stays as it is.
func plainMediaType(h http.Header) http.Header {
	kind, parameters, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		return h
	}
	h = h.Clone() // a handler changes nothing of its request
	if strings.HasPrefix(kind, "multipart/") {
		kind = mime.FormatMediaType(kind, parameters) // without its boundary a form can't be read
	}
	h.Set("Content-Type", kind)
	return h
}

// printable reports whether a client's tracking id can be repeated: 1 to 128 visible ASCII characters.
func printable(id string) bool {
	return id != "" && len(id) <= maxTrackingID && !strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' })
}

// statusWriter remembers the status that was written.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}
