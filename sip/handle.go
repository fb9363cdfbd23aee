package sip

import (
	"context"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"

	"dialtone/provisioning"
)

// Handle answers one request; nil means silence. It uses no socket and keeps nothing, so that the same request gives the same answer again,
// apart from the challenge's nonce. What reaches the core has been read, checked and bounded here.
func (s *Server) Handle(ctx context.Context, req *sip.Request, peer Peer) *sip.Response {
	return s.handle(ctx, req, req.Body(), peer, back{})
}

// handle answers one request with its body, which has a way back, if there is one: without it, there are no calls.
func (s *Server) handle(ctx context.Context, req *sip.Request, body []byte, peer Peer, way back) *sip.Response {
	r, ok := newRequest(req, body, peer)
	calls := s.config.Calls != nil && way.send != nil && isOfCall(r)
	if !ok || r.method == "ACK" && !calls && s.hander == nil || isScanner(r.userAgent) {
		return nil
	}
	if req.SipVersion != "SIP/2.0" {
		return s.respond(r, sip.StatusVersionNotSupported, "Version Not Supported")
	}
	if problem := r.problem(); problem != "" {
		if r.method == "ACK" {
			return nil
		}
		return s.respond(r, sip.StatusBadRequest, problem)
	}
	if s.hander != nil && way.send != nil {
		if res, done := s.hander.forward(ctx, req, r, peer, way); done {
			return res
		}
	}
	if calls {
		return s.call(ctx, req, r, peer, way)
	}
	switch r.method {
	case "ACK":
		return nil
	case "REGISTER", "OPTIONS":
		if extensions := unknownExtensions(r.require); extensions != "" {
			return s.unsupported(r, extensions)
		}
		if r.method == "REGISTER" {
			res := s.register(ctx, req, r, peer)
			s.counters.countRegister(peer.Transport, res)
			return res
		}
		res := s.allow(r, sip.StatusOK, "OK")
		add(res, "Supported", supported)
		return res
	case "CANCEL": // every request was answered before it could be cancelled
		return s.respond(r, sip.StatusCallTransactionDoesNotExists, "Call/Transaction Does Not Exist")
	case "SUBSCRIBE":
		if s.config.Registrations != nil && way.send != nil {
			return s.subscribe(ctx, req, r, peer, way)
		}
		return s.allow(r, sip.StatusMethodNotAllowed, "Method Not Allowed")
	case "INVITE", "BYE", "NOTIFY", "PUBLISH", "REFER", "INFO", "MESSAGE", "PRACK", "UPDATE":
		return s.allow(r, sip.StatusMethodNotAllowed, "Method Not Allowed")
	default:
		return s.allow(r, sip.StatusNotImplemented, "Not Implemented")
	}
}

// allow makes a response that names the methods that work.
func (s *Server) allow(r request, status int, reason string) *sip.Response {
	res := s.respond(r, status, reason)
	add(res, "Allow", s.allowed())
	return res
}

// unsupported refuses a request that makes an extension a condition (RFC 3261 section 8.2.2.3) which isn't known here.
func (s *Server) unsupported(r request, extensions string) *sip.Response {
	res := s.respond(r, sip.StatusBadExtension, "Bad Extension")
	add(res, "Unsupported", extensions)
	return res
}

// register answers a REGISTER in the order of RFC 3261 section 10.3.
func (s *Server) register(ctx context.Context, req *sip.Request, r request, peer Peer) *sip.Response {
	aor, status := s.addressOfRecord(r)
	switch status {
	case sip.StatusBadRequest:
		return s.respond(r, status, "Bad To Or Request-URI")
	case sip.StatusNotFound:
		if s.config.Unknown != nil {
			s.config.Unknown(r.method, peer.Transport, r.userAgent, peer.Addr)
		}
		return s.respond(r, status, "Not Found")
	}
	if s.banned(peer, aor) {
		return nil
	}
	wanted, problem := s.readOrder(r, aor)
	if problem != "" {
		return s.respond(r, sip.StatusBadRequest, problem)
	}
	if s.hander != nil {
		if res, done := s.hander.passed(ctx, req, r, aor, wanted, peer); done {
			return res
		}
	}
	line, refusal := s.authenticate(ctx, r, aor, peer)
	if refusal != nil {
		return refusal
	}
	if refusal := s.refuseOrder(r, wanted); refusal != nil {
		return refusal
	}
	request := registerRequest(r, wanted, line, peer)
	if s.hander != nil {
		setting, on, err := s.hander.Upstreams.InForce(ctx, line.Partner)
		switch {
		case err != nil:
			return s.refuse(r, peer, err)
		case on:
			return s.hander.handOn(ctx, setting, registration{r, aor, wanted, request, peer})
		}
	}
	bindings, err := s.config.Core.Register(ctx, request)
	if err != nil {
		return s.refuse(r, peer, err)
	}
	s.watchers.changed(line.ID)
	return s.registered(r, aor, wanted, peer, bindings)
}

// registerRequest is what a proven line asks of the core.
func registerRequest(r request, wanted order, line provisioning.LineOwner, peer Peer) provisioning.RegisterRequest {
	return provisioning.RegisterRequest{
		Line: line, CallID: r.callID, CSeq: r.cseq, Wildcard: wanted.wildcard, Contacts: wanted.contacts,
		Transport: peer.Transport, Source: peer.Addr, UserAgent: r.userAgent,
		Path: wanted.path, Certified: peer.Certified,
	}
}

// registered tells a phone that it is, and until when.
func (s *Server) registered(r request, aor addressOfRecord, wanted order, peer Peer, bindings []provisioning.Binding) *sip.Response {
	now := s.config.Now()
	res := s.respond(r, sip.StatusOK, "OK")
	for _, contact := range s.render(bindings, aor, wanted.gruu, now) {
		add(res, "Contact", contact)
	}
	s.addWay(res, r, wanted, peer)
	add(res, "Date", date(now))
	return res
}

// refuseOrder refuses what a proven line asks for and can't have; nil if it can.
func (s *Server) refuseOrder(r request, wanted order) *sip.Response {
	switch {
	case wanted.loop:
		return s.respond(r, sip.StatusForbidden, "Contact Is A GRUU")
	case wanted.tooBrief:
		res := s.respond(r, sip.StatusIntervalToBrief, "Interval Too Brief")
		add(res, "Min-Expires", strconv.Itoa(seconds(s.config.MinExpires)))
		return res
	}
	return s.refuseWay(r, wanted)
}

// addressOfRecord reads who wants to register, and where: the To must be a user of a domain below ours, and the Request-URI that domain,
// PublicHost, or an address, as phones have it that were given one for a registrar. Status is 400 or 404 when it isn't so, else 0.
func (s *Server) addressOfRecord(r request) (aor addressOfRecord, status int) {
	to, _ := parseAddress(r.to)
	u, ok := parseURI(to.uri)
	target, targetOK := parseURI(r.uri)
	if !ok || !targetOK || u.user() == "" {
		return addressOfRecord{}, sip.StatusBadRequest
	}
	if !strings.HasSuffix(u.host, "."+s.config.SIPDomain) {
		return addressOfRecord{}, sip.StatusNotFound
	}
	if target.host != u.host && target.host != s.config.PublicHost && !target.isAddress() {
		return addressOfRecord{}, sip.StatusNotFound
	}
	return addressOfRecord{user: u.user(), domain: u.host}, 0
}

// isScanner recognises tools that look for open SIP servers by the names that they don't even hide. Silence is the one answer that tells them
// nothing and saves our line.
func isScanner(userAgent string) bool {
	userAgent = strings.ToLower(userAgent)
	for _, name := range [...]string{
		"friendly-scanner", "friendly-request", "sipvicious", "sundayddr", "sip-scan", "sipscan", "sipcli", "iwar", "smap ",
		"vaxsipuseragent", "vaxipuseragent", "pplsip", "siparmyknife",
	} {
		if strings.HasPrefix(userAgent, name) {
			return true
		}
	}
	return false
}
