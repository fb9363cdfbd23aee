package sip

import (
	"hash/maphash"
	"net/http"
	"strconv"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/echo"
	"dialtone/fault"
)

// allowed lists the methods that are answered with anything but a refusal.
const allowed = "OPTIONS, REGISTER"

// allowed adds the methods of calls and of subscriptions, where there are any.
func (s *Server) allowed() string {
	methods := allowed
	if s.config.Calls != nil {
		methods = echo.Allow + ", REGISTER"
	}
	if s.config.Registrations != nil {
		methods += ", SUBSCRIBE"
	}
	return methods
}

// respond makes a response with the header fields that every response copies from its request (RFC 3261 section 8.2.6.2).
func (s *Server) respond(r request, status int, reason string) *sip.Response {
	res := sip.NewResponse(status, reason)
	for _, via := range r.vias {
		add(res, "Via", via)
	}
	if r.from != "" {
		add(res, "From", r.from)
	}
	if r.to != "" {
		add(res, "To", s.withTag(r))
	}
	if r.callID != "" {
		add(res, "Call-ID", r.callID)
	}
	if r.cseqText != "" {
		add(res, "CSeq", r.cseqText)
	}
	res.SetBody(nil)
	return res
}

func add(res *sip.Response, name, value string) { res.AppendHeader(sip.NewHeader(name, value)) }

// withTag returns the To of a response. Its tag is made from the request, as one that is answered without a transaction must get the same tag
// when it comes again (RFC 3261 section 8.2.7).
func (s *Server) withTag(r request) string {
	if to, ok := parseAddress(r.to); ok {
		if _, tagged := to.get("tag"); tagged {
			return r.to
		}
	}
	sum := maphash.String(s.tagSeed, r.branch+"\n"+r.callID+"\n"+r.cseqText+"\n"+r.from)
	return r.to + ";tag=" + strconv.FormatUint(sum, 36)
}

// refuse makes the response to an error by its kind. What the error says goes to the log, where it is our own fault, and never to the phone.
func (s *Server) refuse(r request, peer Peer, err error) *sip.Response {
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Conflict:
		return s.respond(r, sip.StatusBadRequest, "Bad Request")
	case fault.NotFound:
		return s.respond(r, sip.StatusNotFound, "Not Found")
	case fault.Denied:
		return s.respond(r, sip.StatusForbidden, "Forbidden")
	case fault.Limited:
		return s.later(r, err)
	case fault.Unavailable:
		s.config.Logger.Warn("SIP request can't be answered now", "method", r.method, "peer", peer.Addr, "error", err)
		return s.later(r, err)
	default:
		s.config.Logger.Error("SIP request failed", "method", r.method, "peer", peer.Addr, "error", err)
		return s.respond(r, sip.StatusInternalServerError, "Server Internal Error")
	}
}

// later tells a phone to come back. When the error doesn't say after how long, it is 10 to 39 seconds by the request, so that the phones of a
// whole site don't come back in the same second.
func (s *Server) later(r request, err error) *sip.Response {
	wait := fault.RetryAfter(err)
	if wait <= 0 {
		wait = time.Duration(10+maphash.String(s.tagSeed, r.callID)%30) * time.Second
	}
	res := s.respond(r, sip.StatusServiceUnavailable, "Service Unavailable")
	add(res, "Retry-After", strconv.Itoa(seconds(wait)))
	return res
}

// seconds rounds up, so that nobody comes back a moment too early and a registration isn't shown shorter than granted.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

// date renders a Date header field (RFC 3261 section 20.17), whose form is HTTP's.
func date(t time.Time) string { return t.UTC().Format(http.TimeFormat) }
