package phone

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// StepStay is what a phone does that stays: it registers again, finds another server when its own is gone, and answers what it is told.
const StepStay = "stay"

// Stay says how long a phone keeps its registrations, and how.
type Stay struct {
	For       time.Duration // 0: not at all
	KeepAlive time.Duration // how often an empty line keeps a NAT open and finds out that a server is gone (RFC 5626 4.4); 0: 25 seconds
}

// How a phone comes back whose server is gone: the first time within a second, so that not all come in the same moment, then after pauses that double
// (RFC 5626 4.5).
const (
	usualKeepAlive = 25 * time.Second
	firstPause     = time.Second
	longestPause   = time.Minute
)

// stay keeps the lines registered until the time is over or ctx ends, all at once. Nothing that happens ends it: a phone goes on trying.
func (u *userAgent) stay(ctx context.Context, how Stay) {
	if how.For <= 0 {
		return
	}
	if how.KeepAlive <= 0 {
		how.KeepAlive = usualKeepAlive
	}
	ctx, cancel := context.WithTimeout(ctx, how.For)
	defer cancel()
	u.journal.ok(StepStay, "for %s", how.For)
	done := make(chan struct{})
	for i := range u.sessions {
		go func() {
			defer func() { done <- struct{}{} }()
			u.keep(ctx, i, how.KeepAlive)
		}()
	}
	for range u.sessions {
		<-done
	}
	for _, s := range u.sessions {
		_ = s.connection.SetDeadline(time.Time{}) // the end of the time was one
	}
}

// keep keeps one line registered.
func (u *userAgent) keep(ctx context.Context, i int, keepAlive time.Duration) {
	for ctx.Err() == nil {
		s := u.sessions[i]
		err := s.wait(ctx, u.journal, keepAlive)
		if err == nil && u.better(ctx, s) {
			u.journal.tried(StepStay, "line %d: DNS prefers another server than %s now", s.line.Port, s.to)
			if next, _, err := u.registerLine(ctx, s.line); err == nil {
				s.connection.close()
				u.sessions[i] = next
				continue
			}
		}
		if err == nil {
			err = s.again(ctx)
		}
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			u.journal.tried(StepStay, "line %d: %s: %s", s.line.Port, s.to, inWords(err))
			s.connection.close()
			u.sessions[i] = u.comeBack(ctx, s)
		}
	}
}

// better reports whether DNS prefers other servers to the one where a line is. Among equals a phone stays where it is.
func (u *userAgent) better(ctx context.Context, s *session) bool {
	ctx, cancel := context.WithTimeout(ctx, u.timeout)
	defer cancel()
	targets, _, err := locate(ctx, u.names, s.line)
	return err == nil && !slices.ContainsFunc(targets, func(t target) bool {
		return t.priority == targets[0].priority && t.address == s.to.address && t.transport == s.to.transport
	})
}

// comeBack registers a line anew, at the first place that DNS names and that answers; what DNS said last holds while it doesn't answer.
func (u *userAgent) comeBack(ctx context.Context, s *session) *session {
	for most := firstPause; ; most = min(2*most, longestPause) {
		pause := time.NewTimer(u.someOf(most))
		select {
		case <-ctx.Done():
			pause.Stop()
			return s
		case <-pause.C:
		}
		next, _, err := u.registerLine(ctx, s.line)
		if failed, ok := errors.AsType[*StepError](err); ok && failed.Step == StepLocate {
			next, _, err = u.registerAmong(ctx, s.line, s.known)
		}
		if err == nil {
			return next
		}
		if ctx.Err() == nil {
			u.journal.tried(StepStay, "%v", err)
		}
	}
}

// someOf is half of a pause and a random part of the rest.
func (u *userAgent) someOf(most time.Duration) time.Duration {
	var raw [2]byte
	if _, err := io.ReadFull(u.random, raw[:]); err != nil {
		return most
	}
	return most/2 + most/2*time.Duration(binary.BigEndian.Uint16(raw[:]))>>16
}

// wait answers what comes until it is time to register again, which is when half of the registration is over. It fails when the connection has.
func (s *session) wait(ctx context.Context, j *journal, keepAlive time.Duration) error {
	s.connection.asked = func(r *sip.Request) {
		if text, status := s.answerRequest(r); status != 0 {
			j.ok(StepStay, "line %d: %s is answered with %d", s.line.Port, strings.TrimSpace(string(r.Method)+" "+headerOf(r, "Event")), status)
			_, _ = s.connection.Write(text) // what breaks is found out by the next read
		}
	}
	for _, r := range s.connection.early {
		s.connection.asked(r)
	}
	s.connection.early = nil
	stop := context.AfterFunc(ctx, func() { _ = s.connection.SetDeadline(time.Unix(1, 0)) }) // long past: reads and writes return
	defer stop()
	for over := time.Now().Add(s.granted / 2); time.Now().Before(over); {
		_, err := s.connection.await(ctx, min(keepAlive, time.Until(over)), "")
		if e, ok := errors.AsType[net.Error](err); !ok || !e.Timeout() {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if _, err := s.connection.Write([]byte("\r\n\r\n")); err != nil {
			return err
		}
	}
	return nil
}

// again renews the registration where it is.
func (s *session) again(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	_, err := s.converse(ctx)
	return err
}

// answerRequest writes the answer to a request of the server's: yes to what a phone is told and asked, no to the rest; status 0 for what has none.
func (s *session) answerRequest(r *sip.Request) (text []byte, status int) {
	reason := "OK"
	switch status = 200; r.Method { //nolint:exhaustive // all others are one
	case sip.NOTIFY, sip.OPTIONS:
	case sip.ACK:
		return nil, 0
	default:
		status, reason = 405, "Method Not Allowed"
	}
	var b strings.Builder
	b.WriteString("SIP/2.0 " + map[int]string{200: "200 ", 405: "405 "}[status] + reason + "\r\n")
	for _, h := range r.Headers() {
		switch name := strings.ToLower(h.Name()); name {
		case "via", "v", "from", "f", "call-id", "i", "cseq":
			b.WriteString(h.Name() + ": " + h.Value() + "\r\n")
		case "to", "t":
			b.WriteString(h.Name() + ": " + h.Value())
			if !strings.Contains(h.Value(), ";tag=") {
				b.WriteString(";tag=" + s.tag)
			}
			b.WriteString("\r\n")
		}
	}
	b.WriteString("Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, NOTIFY\r\nContent-Length: 0\r\n\r\n")
	return []byte(b.String()), status
}

func headerOf(r *sip.Request, name string) string {
	if h := r.GetHeader(name); h != nil {
		return h.Value()
	}
	return ""
}
