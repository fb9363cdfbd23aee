package echo

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"dialtone/fault"
	"dialtone/media"
)

// options is a method of SIP; HTTP has one of the same name.
const options = "OPTIONS"

// dialogID names a dialog by its Call-ID and both tags.
type dialogID struct{ callID, localTag, remoteTag string }

// call is one dialog with its sound; the server's lock guards what changes.
type call struct {
	id            dialogID
	local, remote string // as From and To of our requests
	target        string // their Contact
	routes        []string
	here          string
	transport     string
	peer          netip.AddrPort
	userAgent     string
	caller        Caller
	send          func([]byte)
	session       *media.Session

	remoteCSeq uint32
	localCSeq  uint32
	inviteCSeq uint32        // of the INVITE that waits for its ACK, or had it
	acked      chan struct{} // closed by that ACK
	isAcked    bool
	isAnswered bool
	ended      chan struct{} // closed at the end
	isEnded    bool
	refreshed  chan time.Duration // how long the call may go on without another refresh
	updates    bool               // they take UPDATE
}

// protected reports whether nobody between the phone and us reads the signalling.
func protected(transport string) bool {
	return transport == "tls" || transport == "dtls" || transport == "wss"
}

// serve answers a new request.
func (s *Server) serve(ctx context.Context, t *transaction) {
	r := t.request
	if unknown := unknownTags(r.Require); len(unknown) > 0 {
		t.finish(420, "Bad Extension", []field{{"Unsupported", strings.Join(unknown, ", ")}}, nil)
		return
	}
	if r.ToTag == "" {
		if r.Method == "INVITE" {
			s.answer(ctx, t)
			return
		}
		t.finish(481, "Call/Transaction Does Not Exist", nil, nil)
		return
	}
	c := s.find(r)
	if c == nil {
		t.finish(481, "Call/Transaction Does Not Exist", nil, nil)
		return
	}
	if !s.inOrder(c, r) {
		t.finish(500, "Server Internal Error", []field{{"Retry-After", "1"}}, nil)
		return
	}
	switch r.Method {
	case "INVITE", "UPDATE":
		s.change(c, t)
	case "BYE":
		t.finish(200, "OK", s.measured(c), nil)
		s.end(c, "the phone hung up")
	case options:
		t.finish(200, "OK", []field{{"Allow", Allow}, {"Accept", "application/sdp"}, {"Supported", "timer, 100rel"}}, nil)
	case "INFO":
		t.finish(200, "OK", nil, nil)
	case "PRACK": // nothing is ever sent that it could acknowledge
		t.finish(481, "Call/Transaction Does Not Exist", nil, nil)
	default:
		t.finish(405, "Method Not Allowed", []field{{"Allow", Allow}}, nil)
	}
}

// unknownTags returns the extensions that are demanded and not known. 100rel is: what is answered at once has no provisional response to be
// acknowledged.
func unknownTags(tags []string) []string {
	return slices.DeleteFunc(slices.Clone(tags), func(tag string) bool { return tag == "" || tag == "timer" || tag == "100rel" })
}

// find returns the call of a request, which must come from the same address as before: else it is of somebody who overheard the call.
func (s *Server) find(r Request) *call {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.calls[dialogID{callID: r.CallID, localTag: r.ToTag, remoteTag: r.FromTag}]
	if c == nil || c.isEnded || c.peer.Addr() != r.Peer.Addr() {
		return nil
	}
	return c
}

// inOrder takes a request's number, and its way back for what is sent later.
func (s *Server) inOrder(c *call, r Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.CSeq <= c.remoteCSeq {
		return false
	}
	c.remoteCSeq, c.send, c.here, c.transport = r.CSeq, r.Send, r.Here, r.Transport
	if r.Contact != "" && (r.Method == "INVITE" || r.Method == "UPDATE") {
		c.target = r.Contact
	}
	return true
}

// answer takes a call, or refuses it.
func (s *Server) answer(ctx context.Context, t *transaction) {
	r := t.request
	if s.merged(t) {
		t.finish(482, "Loop Detected", nil, nil)
		return
	}
	if r.Contact == "" {
		t.finish(400, "Bad Contact", nil, nil)
		return
	}
	timer, ok := timerOf(r)
	if !ok {
		t.finish(422, "Session Interval Too Small", []field{{"Min-SE", strconv.Itoa(minSession)}}, nil)
		return
	}
	if status, reason := s.full(r); status != 0 {
		s.refuse(t, status, reason, "there are too many calls; hang up one of them, or call again in a minute")
		return
	}
	c, body, err := s.open(ctx, t)
	if err != nil {
		s.refuseFault(t, err)
		return
	}
	if s.config.Ring > 0 && !s.ring(t, c) {
		return
	}
	fields := append(timer.fields(), s.fieldsOf(c, r)...)
	if !t.finish(200, "OK", fields, body) {
		s.end(c, "the call was cancelled")
		return
	}
	s.config.Record(s.record(c, Answered, "answered with "+words(c.session.Summary(), c.transport)))
	s.mu.Lock()
	c.isAnswered = true
	acked, message, send := c.acked, t.last, r.Send
	s.mu.Unlock()
	s.group.Go(func() { s.insistOn(c, message, send, acked) })
	s.group.Go(func() { s.watch(c, timer) })
}

// open makes the call and its sound.
func (s *Server) open(ctx context.Context, t *transaction) (*call, []byte, error) {
	r := t.request
	demand := false
	if s.config.Demands != nil {
		var err error
		if demand, err = s.config.Demands(ctx, r.Caller); err != nil {
			return nil, nil, err
		}
	}
	terms := media.Terms{Peer: r.Peer.Addr(), Protected: protected(r.Transport), Demand: demand}
	var session *media.Session
	var body []byte
	var err error
	switch {
	case len(r.Body) == 0:
		session, body, err = s.config.Desk.Offer(terms)
	case isSDP(r.ContentType):
		session, body, err = s.config.Desk.Answer(r.Body, terms)
	default:
		return nil, nil, errNotSDP
	}
	if err != nil {
		return nil, nil, err
	}
	c := &call{
		id: dialogID{callID: r.CallID, localTag: t.localTag, remoteTag: r.FromTag}, local: r.To + ";tag=" + t.localTag, remote: r.From,
		target: r.Contact, routes: r.RecordRoutes, here: r.Here, transport: r.Transport, peer: r.Peer, userAgent: r.UserAgent,
		caller: r.Caller, send: r.Send, session: session, remoteCSeq: r.CSeq, inviteCSeq: r.CSeq, acked: make(chan struct{}),
		ended: make(chan struct{}), refreshed: make(chan time.Duration, 1), updates: slices.Contains(r.Allow, "UPDATE"),
	}
	if !s.admit(c, r) {
		session.Close()
		return nil, nil, fault.New(fault.Limited, "There are too many calls; hang up one of them, or call again in a minute.")
	}
	return c, body, nil
}

// admit counts a call, unless others that came at the same moment took its place.
func (s *Server) admit(c *call, r Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if status, _ := s.bound(r); status != 0 || s.closed {
		return false
	}
	s.calls[c.id] = c
	return true
}

var errNotSDP = fault.New(fault.Invalid, "The body isn't application/sdp.")

func isSDP(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.TrimSpace(kind), "application/sdp")
}

// full reports the status and reason when a bound of calls is reached, else 0.
func (s *Server) full(r Request) (int, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bound(r)
}

// bound is full with the lock held.
func (s *Server) bound(r Request) (int, string) {
	byAddress, byLine := 0, 0
	for _, c := range s.calls {
		if network(c.peer.Addr()) == network(r.Peer.Addr()) {
			byAddress++
		}
		if c.caller.Line == r.Caller.Line {
			byLine++
		}
	}
	switch {
	case len(s.calls) >= s.config.MaxCalls:
		return 503, "Service Unavailable"
	case byAddress >= s.config.MaxPerAddress, byLine >= s.config.MaxPerLine:
		return 486, "Busy Here"
	}
	return 0, ""
}

// network returns what counts as one address: an IPv4 address, or an IPv6 /64.
func network(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := 64
	if a.Is4() {
		bits = 32
	}
	p, _ := a.Prefix(bits) // of a valid address
	return p
}

// ring waits before the call is answered, and reports whether it is still there. Who demands reliable provisional responses gets none.
func (s *Server) ring(t *transaction, c *call) bool {
	t.provisional(100, "Trying")
	if !slices.Contains(t.request.Require, "100rel") {
		t.provisional(180, "Ringing")
	}
	if s.wait(s.config.Ring, t.settled) || s.ctx.Err() != nil {
		s.end(c, "the call was cancelled")
		return false
	}
	return true
}

// refuse refuses a call, and says why in the trace and, for a person, at the phone.
func (s *Server) refuse(t *transaction, status int, reason, why string) {
	r := t.request
	fields := []field{warning(r, why)}
	switch status {
	case 503:
		fields = append(fields, field{"Retry-After", "60"})
	case 415:
		fields = append(fields, field{"Accept", "application/sdp"})
	}
	t.finish(status, reason, fields, nil)
	s.counters.count("", ResultRefused)
	s.config.Record(Record{Event: Refused, Caller: r.Caller, Peer: r.Peer, Transport: r.Transport, UserAgent: r.UserAgent, Finding: FoundRefused, Words: why})
}

func (s *Server) refuseFault(t *transaction, err error) {
	switch {
	case errors.Is(err, errNotSDP):
		s.refuse(t, 415, "Unsupported Media Type", fault.Message(err))
	case fault.Is(err, fault.Invalid):
		s.refuse(t, 488, "Not Acceptable Here", fault.Message(err))
	case fault.Is(err, fault.Limited), fault.Is(err, fault.Unavailable):
		s.refuse(t, 503, "Service Unavailable", fault.Message(err))
	default:
		s.config.Logger.Error("a call to the echo failed", "error", err)
		s.refuse(t, 500, "Server Internal Error", "the echo failed; its log says why")
	}
}

// fieldsOf are the header fields of a 2xx to INVITE and UPDATE.
func (s *Server) fieldsOf(c *call, r Request) []field {
	var out []field
	for _, route := range r.RecordRoutes {
		out = append(out, field{"Record-Route", route})
	}
	return append(out, field{"Contact", contact(r.Here, r.Transport)}, field{"Allow", Allow}, field{"Supported", "timer, 100rel"},
		field{"X-Echo-Media", header(c.session.Summary(), r.Transport)})
}

// insistOn sends a 2xx until it is acknowledged; a call that never is ends (RFC 3261 section 13.3.1.4).
func (s *Server) insistOn(c *call, message []byte, send func([]byte), acked <-chan struct{}) {
	done := make(chan struct{})
	s.group.Go(func() {
		select {
		case <-acked:
		case <-c.ended:
		case <-s.ctx.Done():
		}
		close(done)
	})
	if !s.again(message, send, done) && s.ctx.Err() == nil {
		s.hangUp(c, "the phone never acknowledged the answer", 408)
	}
}

// acknowledge takes an ACK: of a call, with the answer to our offer if there was one; or of a refusal.
func (s *Server) acknowledge(r Request) {
	s.mu.Lock()
	id := idOf(r)
	id.method = "INVITE"
	if t := s.transactions[id]; t != nil && t.final && !t.accepted {
		t.settle()
		s.mu.Unlock()
		return
	}
	c := s.calls[dialogID{callID: r.CallID, localTag: r.ToTag, remoteTag: r.FromTag}]
	fresh := c != nil && !c.isEnded && c.inviteCSeq == r.CSeq && !c.isAcked && c.peer.Addr() == r.Peer.Addr()
	if fresh {
		c.isAcked = true
		close(c.acked)
	}
	s.mu.Unlock()
	if !fresh || len(r.Body) == 0 {
		return
	}
	if err := c.session.Accept(r.Body); err != nil {
		s.hangUp(c, fault.Message(err), 488)
	}
}

// settle ends the wait of a transaction; the lock is held.
func (t *transaction) settle() {
	select {
	case <-t.settled:
	default:
		close(t.settled)
	}
}

// cancelCall answers a CANCEL. What was answered already goes on (RFC 3261 section 9.2).
func (s *Server) cancelCall(r Request) {
	t := s.begin(r)
	if t == nil {
		return
	}
	id := idOf(r)
	id.method = "INVITE"
	s.mu.Lock()
	invite := s.transactions[id]
	s.mu.Unlock()
	if invite == nil {
		t.finish(481, "Call/Transaction Does Not Exist", nil, nil)
		return
	}
	t.localTag = invite.localTag
	t.finish(200, "OK", nil, nil)
	if !invite.finish(487, "Request Terminated", nil, nil) {
		return
	}
	s.mu.Lock()
	c := s.calls[dialogID{callID: r.CallID, localTag: invite.localTag, remoteTag: r.FromTag}]
	s.mu.Unlock()
	if c != nil {
		s.end(c, "the call was cancelled")
	}
}

// change answers a re-INVITE or UPDATE: hold, resume, new keys, or nothing but a sign of life.
func (s *Server) change(c *call, t *transaction) {
	r := t.request
	timer, ok := timerOf(r)
	if !ok {
		t.finish(422, "Session Interval Too Small", []field{{"Min-SE", strconv.Itoa(minSession)}}, nil)
		return
	}
	var body []byte
	var err error
	switch {
	case len(r.Body) == 0 && r.Method == "UPDATE":
	case len(r.Body) == 0:
		body = c.session.Description()
	case isSDP(r.ContentType):
		body, err = c.session.Renegotiate(r.Body)
	default:
		err = errNotSDP
	}
	if err != nil {
		s.refuseFault(t, err)
		return
	}
	select {
	case c.refreshed <- timer.left():
	default:
	}
	s.mu.Lock()
	if r.Method == "INVITE" {
		c.inviteCSeq, c.acked, c.isAcked = r.CSeq, make(chan struct{}), false
	}
	acked := c.acked
	s.mu.Unlock()
	t.finish(200, "OK", append(timer.fields(), s.fieldsOf(c, r)...), body)
	if r.Method == "INVITE" {
		s.mu.Lock()
		message := t.last
		s.mu.Unlock()
		s.group.Go(func() { s.insistOn(c, message, r.Send, acked) })
	}
}
