package tftp

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"strconv"

	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/provisioning"
)

// maxLoggedPath keeps a log line readable whatever was asked for.
const maxLoggedPath = 160

// asker is a request that has a place, and the way to its peer.
type asker struct {
	from    source
	request readRequest
	earned  int // bytes of credit, by this request alone
	place   *place
	connect func() (link, error)
}

// serve answers one request and logs it.
func (s *Server) serve(ctx context.Context, a asker) {
	started := s.config.Now()
	sent, err := s.answer(ctx, a)
	level := slog.LevelDebug
	if isOurs(err) {
		level = slog.LevelWarn
	}
	attrs := []slog.Attr{
		slog.Uint64("request", s.requests.Add(1)), slog.String("peer", a.from.peer.String()),
		slog.String("path", printable(deviceprofiles.MaskCodes(a.request.path))),
		slog.Int("bytes", sent), slog.Duration("took", s.config.Now().Sub(started)),
	}
	if err != nil {
		attrs = append(attrs, slog.Any("error", err))
	}
	s.config.Logger.LogAttrs(ctx, level, "phone asked over tftp", attrs...)
}

// coreError is what the core said, as opposed to how a transfer went.
type coreError struct{ error }

func (e coreError) Unwrap() error { return e.error }

// isOurs reports whether an error is our own failure.
func isOurs(err error) bool {
	if _, ok := errors.AsType[coreError](err); !ok {
		return false
	}
	kind := fault.KindOf(err)
	return kind == fault.Internal || kind == fault.Unavailable
}

// answer asks the core and sends the file or the refusal. It returns how many bytes of the file were acknowledged.
func (s *Server) answer(ctx context.Context, a asker) (int, error) {
	opened, err := s.open(ctx, a.from, a.request)
	refused, silent := refusalOf(err)
	if silent {
		return 0, coreError{err}
	}
	way, linkErr := a.connect()
	if linkErr != nil {
		return 0, linkErr
	}
	defer way.close()
	t := s.newTransfer(a.request, opened.Body)
	t.link = way
	t.heard = func() { s.places.heard(a.place) }
	key := creditKey{peer: a.from.peer.Addr(), path: a.request.path}
	t.credit = a.earned + s.credits.take(key, s.config.Now())
	if err != nil {
		_ = t.send(refused.packet())
		err = coreError{err}
	} else {
		err = t.run()
	}
	if !t.started {
		s.credits.keep(key, t.credit, s.config.Now())
	}
	return t.acknowledged(), err
}

// open asks the core, within the time that a phone waits, and makes an error of a panic.
func (s *Server) open(ctx context.Context, from source, request readRequest) (opened provisioning.Opened, err error) {
	defer func() {
		if p := recover(); p != nil {
			s.config.Logger.ErrorContext(ctx, "a request made the server panic", "panic", p, "stack", string(debug.Stack()))
			err = fault.New(fault.Internal, "panic")
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	return s.config.Core.Open(ctx, provisioning.Request{Path: request.path, Peer: from.peer, Transport: provisioning.TFTP})
}

// refusalOf translates a fault. Whatever is our own failure is silence, never "not found": the phone asks again.
func refusalOf(err error) (r refusal, silent bool) {
	if err == nil {
		return 0, false
	}
	switch fault.KindOf(err) {
	case fault.Invalid:
		return badRequest, false
	case fault.NotFound:
		return notFound, false
	case fault.Denied:
		return denied, false
	default:
		return 0, true
	}
}

// printable cuts a path and escapes whatever could break a log line or a terminal.
func printable(path string) string {
	quoted := strconv.QuoteToASCII(path[:min(len(path), maxLoggedPath)])
	return quoted[1 : len(quoted)-1]
}
