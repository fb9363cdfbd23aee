package httpcfg

import (
	"context"
	"log/slog"
	"math"
	"net/http"
	"net/netip"
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

// handler answers the requests of one transport. It is no http.ServeMux, which redirects "//x", and old phones don't follow.
type handler struct {
	*Server
	transport provisioning.Transport
}

// answer is a whole answer before its first byte is written.
type answer struct {
	status      int
	contentType string
	body        []byte
	etag        string      // "" for none
	header      http.Header // what else; nil for nothing
	cause       error       // of the status, for the log
}

// ServeHTTP answers one request and logs it.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	started := h.config.Now()
	id := h.requests.Add(1)
	a := h.guarded(r, id)
	written := a.write(w, r.Method)
	h.log(r, id, a, written, h.config.Now().Sub(started))
}

// guarded answers, and makes "try again later" of a panic.
func (h *handler) guarded(r *http.Request, id uint64) (a answer) {
	defer func() {
		if p := recover(); p != nil {
			h.config.Logger.ErrorContext(r.Context(), "a request made the server panic", "request", id, "panic", p, "stack", string(debug.Stack()))
			a = refusal(fault.New(fault.Internal, "panic"))
		}
	}()
	return h.answer(r)
}

// answer decides what a request gets.
func (h *handler) answer(r *http.Request) answer {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		a := text(http.StatusMethodNotAllowed, "only GET and HEAD\n")
		a.header = http.Header{"Allow": {"GET, HEAD"}}
		return a
	}
	path, err := pathOf(r)
	if err != nil {
		return refusal(err)
	}
	s := h.readProof(r)
	ctx, cancel := context.WithTimeout(r.Context(), openTimeout)
	defer cancel()
	opened, err := h.config.Core.Open(ctx, provisioning.Request{
		Path: path, UserAgent: truncate(r.UserAgent(), maxUserAgent), Peer: peerOf(r), Transport: h.transport, Proof: s.proof,
		Header: r.Method == http.MethodHead,
	})
	switch {
	case err == nil && !h.spend(s, opened):
		return h.unauthorised(true)
	case fault.Is(err, fault.Denied) && h.transport == provisioning.HTTPS:
		return h.unauthorised(s.stale)
	case err != nil:
		return refusal(err)
	}
	return file(opened, r.Header["If-None-Match"])
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

// peerOf returns who asks, an IPv4 address as such even when it came through an IPv6 socket.
func peerOf(r *http.Request) netip.AddrPort {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(peer.Addr().Unmap(), peer.Port())
}

// file answers with a file, or with 304 when the phone has it already.
func file(o provisioning.Opened, ifNoneMatch []string) answer {
	a := answer{status: http.StatusOK, contentType: o.ContentType, body: o.Body, etag: o.ETag}
	if o.ETag != "" && matchesAny(ifNoneMatch, o.ETag) {
		a.status, a.contentType, a.body = http.StatusNotModified, "", nil
	}
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
func refusal(err error) answer {
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
		a.header = http.Header{"Retry-After": {retryAfter(err)}}
	}
	a.cause = err
	return a
}

// retryAfter renders the seconds to wait (RFC 9110 section 10.2.3): half a minute when the core doesn't say, an hour at most, as a phone that
// believes us must not stay away for a day.
func retryAfter(err error) string {
	wait := fault.RetryAfter(err)
	if wait <= 0 {
		wait = 30 * time.Second
	}
	return strconv.Itoa(int(math.Ceil(min(wait, time.Hour).Seconds())))
}

func text(status int, body string) answer {
	return answer{status: status, contentType: plainText, body: []byte(body)}
}

// write writes the answer and returns how many bytes of body went out. The length is always given, so that nothing is chunked. Names are set
// as the RFCs spell them, past Go's canonical form, for phones that compare letter by letter. "private, no-cache" keeps files out of shared
// caches, and makes a phone ask each time and be told 304; "no-store" would forbid it to remember the tag.
func (a answer) write(w http.ResponseWriter, method string) int {
	header := w.Header()
	for name, values := range a.header {
		header[name] = values
	}
	if a.etag != "" {
		header["ETag"] = []string{a.etag}
	}
	header.Set("Cache-Control", "private, no-cache")
	if a.status != http.StatusNotModified {
		header.Set("Content-Type", a.contentType)
		header.Set("Content-Length", strconv.Itoa(len(a.body)))
		header.Set("X-Content-Type-Options", "nosniff")
	}
	w.WriteHeader(a.status)
	if method == http.MethodHead || a.status == http.StatusNotModified {
		return 0
	}
	written, _ := w.Write(a.body) // a phone that hung up asks again
	return written
}

// log writes the request's one line: aloud when the failure was ours.
func (h *handler) log(r *http.Request, id uint64, a answer, written int, took time.Duration) {
	level := slog.LevelDebug
	if a.status >= http.StatusInternalServerError {
		level = slog.LevelWarn
	}
	if !h.config.Logger.Enabled(r.Context(), level) {
		return
	}
	attrs := []slog.Attr{
		slog.Uint64("request", id), slog.String("door", string(h.transport)), slog.String("peer", r.RemoteAddr),
		slog.String("method", printable(truncate(r.Method, 16))), slog.String("path", loggedPath(r.URL.Path)),
		slog.Int("status", a.status), slog.Int("bytes", written), slog.Duration("took", took),
	}
	if a.cause != nil {
		attrs = append(attrs, slog.Any("error", a.cause))
	}
	h.config.Logger.LogAttrs(r.Context(), level, "phone asked over "+string(h.transport), attrs...)
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
