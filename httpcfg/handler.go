package httpcfg

import (
	"context"
	"crypto/tls"
	"log/slog"
	"math"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/provisioning"
)

const (
	// maxPath bounds the decoded path in bytes. The longest that a phone asks for has some 120.
	maxPath = 512
	// maxUserAgent bounds the user agent in bytes; phones send at most 150, the MAC address last.
	maxUserAgent = 512
	// maxLoggedPath keeps a log line readable whatever was asked for.
	maxLoggedPath = 160

	plainText = "text/plain; charset=utf-8"
)

// handler answers the requests of one listener. It is no http.ServeMux, which redirects "//x", and old phones don't follow.
type handler struct {
	*Server
	listener listening
}

// answer is a whole answer before its first byte is written.
type answer struct {
	status      int
	contentType string
	body        []byte
	content     *content    // instead of body, for files that aren't in memory
	etag        string      // "" for none
	modified    time.Time   // zero for none
	header      http.Header // what else; nil for nothing
	unread      bool        // what is left of the request's body is to be read when the answer is out
	cause       error       // of the status, for the log
}

// ServeHTTP answers one request and logs it.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	started := h.config.Now()
	id := h.requests.Add(1)
	from := h.arrivalOf(r)
	a := h.guarded(w, r, from, id)
	written := a.write(w, r.Method)
	if a.unread {
		h.linger(w, r)
	}
	h.log(r, from, id, a, written, h.config.Now().Sub(started))
}

// guarded answers, and makes "try again later" of a panic.
func (h *handler) guarded(w http.ResponseWriter, r *http.Request, from arrival, id uint64) (a answer) {
	defer func() {
		if p := recover(); p != nil {
			h.config.Logger.ErrorContext(r.Context(), "a request made the server panic", "request", id, "panic", p, "stack", string(debug.Stack()))
			a = refusal(r, fault.New(fault.Internal, "panic"))
		}
	}()
	return h.answer(w, r, from)
}

// answer decides what a request gets.
func (h *handler) answer(w http.ResponseWriter, r *http.Request, from arrival) answer {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPost:
	default:
		a := text(http.StatusMethodNotAllowed, "only GET, HEAD, PUT and POST\n")
		a.header = http.Header{"Allow": {"GET, HEAD, PUT, POST"}}
		return a
	}
	path, err := pathOf(r)
	if err != nil {
		return refusal(r, err)
	}
	if r.Method == http.MethodPut || r.Method == http.MethodPost {
		return h.upload(w, r, from, path)
	}
	return h.download(r, from, path)
}

// download answers GET and HEAD.
func (h *handler) download(r *http.Request, from arrival, path string) answer {
	s := h.readProof(r, from)
	ctx, cancel := context.WithTimeout(r.Context(), openTimeout)
	defer cancel()
	opened, err := h.config.Core.Open(ctx, h.request(r, from, path, s))
	switch {
	case err == nil && !h.spend(s, opened):
		if opened.Content != nil {
			_ = opened.Content.Close()
		}
		return h.unauthorised(true)
	case fault.Is(err, fault.Denied) && from.transport == provisioning.HTTPS:
		a := h.unauthorised(s.stale)
		a.cause = err
		return a
	case err != nil:
		return refusal(r, err)
	}
	return file(r, opened)
}

// request is what the core is asked.
func (h *handler) request(r *http.Request, from arrival, path string, s shown) provisioning.Request {
	return provisioning.Request{
		Path: path, UserAgent: truncate(r.UserAgent(), maxUserAgent), Peer: from.peer, Transport: from.transport, Proof: s.proof,
		Header: r.Method == http.MethodHead,
	}
}

// pathOf returns the path with its percent escapes decoded once, by net/http, which refuses broken ones itself. What it may name is the
// core's to judge; here it must only be a path, of a bounded length.
func pathOf(r *http.Request) (string, error) {
	path := r.URL.Path
	if !strings.HasPrefix(path, "/") || len(path) > maxPath || strings.ContainsRune(path, 0) {
		return "", fault.New(fault.Invalid, "The path must begin with a slash, have at most %d bytes and hold no NUL.", maxPath)
	}
	return path, nil
}

// file answers with a file, or with 304 when the phone has it already.
func file(r *http.Request, o provisioning.Opened) answer {
	var a answer
	switch {
	case hasAlready(r.Header, o):
		a = answer{status: http.StatusNotModified}
		if o.Content != nil {
			_ = o.Content.Close()
		}
	case o.Content != nil:
		a = largeFile(r, o)
	default:
		a = answer{status: http.StatusOK, contentType: o.ContentType, body: o.Body}
		if o.Encoding != "" {
			a.header = http.Header{"Content-Encoding": {o.Encoding}}
		}
	}
	a.etag, a.modified = o.ETag, o.Modified
	return a
}

// unauthorised asks a phone for its credentials. It is the same whether we know the phone or not.
func (h *handler) unauthorised(stale bool) answer {
	a := text(http.StatusUnauthorized, "unauthorised\n")
	a.header = http.Header{"WWW-Authenticate": h.challenge(stale)}
	return a
}

// refusal translates a fault. What is unknown is Internal, and whatever is our own failure is "later", never "not found": a phone may act on
// that.
func refusal(r *http.Request, err error) answer {
	var a answer
	switch fault.KindOf(err) {
	case fault.Invalid:
		a = text(http.StatusBadRequest, "bad request\n")
	case fault.NotFound:
		a = text(http.StatusNotFound, "not found\n")
	case fault.Denied:
		a = text(http.StatusForbidden, "forbidden\n")
	default:
		a = text(http.StatusServiceUnavailable, "try again later\n")
		if wait := fault.RetryAfter(err); wait > 0 && deviceprofiles.HonoursRetryAfter(r.UserAgent()) {
			a.header = http.Header{"Retry-After": {retryAfter(wait)}}
		}
	}
	a.cause = err
	return a
}

// retryAfter renders the seconds to wait (RFC 9110 section 10.2.3): an hour at most, as a phone that believes us must not stay away for a day.
func retryAfter(wait time.Duration) string {
	return strconv.Itoa(int(math.Ceil(min(wait, time.Hour).Seconds())))
}

func text(status int, body string) answer {
	return answer{status: status, contentType: plainText, body: []byte(body)}
}

// write writes the answer and returns how many bytes of body went out. The length is always given, so that nothing is chunked. Names are set
// as the RFCs spell them, past Go's canonical form, for phones that compare letter by letter. "private, no-cache" keeps files out of shared
// caches, and makes a phone ask each time and be told 304; "no-store" would forbid it to remember the tag.
func (a answer) write(w http.ResponseWriter, method string) int64 {
	if a.content != nil {
		defer func() { _ = a.content.source.Close() }()
	}
	header := w.Header()
	for name, values := range a.header {
		header[name] = values
	}
	// One array for all values, as this is what every answer costs.
	values := []string{"private, no-cache", "nosniff", a.etag, a.contentType, ""}
	header["Cache-Control"] = values[0:1:1]
	if a.etag != "" {
		header["ETag"] = values[2:3:3]
	}
	if !a.modified.IsZero() {
		header["Last-Modified"] = []string{inSeconds(a.modified).Format(http.TimeFormat)}
	}
	if a.status != http.StatusNotModified {
		values[4] = strconv.FormatInt(a.length(), 10)
		header["X-Content-Type-Options"], header["Content-Type"], header["Content-Length"] = values[1:2:2], values[3:4:4], values[4:5:5]
	}
	w.WriteHeader(a.status)
	switch {
	case method == http.MethodHead || a.status == http.StatusNotModified:
		return 0
	case a.content != nil:
		return a.content.copyTo(w)
	default:
		written, _ := w.Write(a.body) // a phone that hung up asks again
		return int64(written)
	}
}

// length is the size of the body in bytes.
func (a answer) length() int64 {
	if a.content != nil {
		return a.content.length
	}
	return int64(len(a.body))
}

// log writes the request's one line: aloud when the failure was ours, and audibly for old phones, so that an operator sees who still needs their listener.
func (h *handler) log(r *http.Request, from arrival, id uint64, a answer, written int64, took time.Duration) {
	level := slog.LevelDebug
	switch {
	case a.status >= http.StatusInternalServerError && !fault.Is(a.cause, fault.Limited): // whoever is told to wait could fill the log
		level = slog.LevelWarn
	case h.listener.name == legacyName:
		level = slog.LevelInfo
	}
	if !h.config.Logger.Enabled(r.Context(), level) {
		return
	}
	attrs := []slog.Attr{
		slog.Uint64("request", id), slog.String("door", h.listener.name), slog.String("peer", from.peer.String()),
		slog.String("method", printable(truncate(r.Method, 16))), slog.String("path", loggedPath(r.URL.Path)),
		slog.Int("status", a.status), slog.Int64("bytes", written), slog.Duration("took", took),
	}
	if from.proxy.IsValid() {
		attrs = append(attrs, slog.String("proxy", from.proxy.String()))
	}
	if r.TLS != nil {
		attrs = append(attrs, slog.String("tls", tls.VersionName(r.TLS.Version)))
	}
	if len(from.certificates) > 0 {
		attrs = append(attrs, slog.Int("certificates", len(from.certificates)))
	}
	if a.cause != nil {
		attrs = append(attrs, slog.Any("error", a.cause))
	}
	h.config.Logger.LogAttrs(r.Context(), level, "phone asked over "+string(from.transport), attrs...)
}

// loggedPath is what a log may hold of a path, which is a secret when it is an activation code.
func loggedPath(path string) string {
	return printable(truncate(deviceprofiles.MaskCodes(truncate(path, maxPath)), maxLoggedPath))
}

// printable escapes whatever could break a log line or a terminal.
func printable(s string) string {
	quoted := strconv.QuoteToASCII(s)
	return quoted[1 : len(quoted)-1]
}

func truncate(s string, size int) string {
	return s[:min(len(s), size)]
}
