package sip

import (
	"context"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"

	"dialtone/echo"
)

// Calls takes the requests of calls to the echo; *echo.Server is one. It answers by the request's Send.
type Calls interface {
	Handle(ctx context.Context, request echo.Request)
	Response(branch string, status int)
}

// back is the way back to whom a message came from.
type back struct {
	send  func([]byte)
	trust func() // the connection may stay: who is at its other end has proven it
}

// isOfCall reports whether a request is one that calls are made of.
func isOfCall(r request) bool {
	switch r.method {
	case "INVITE", "ACK", "CANCEL", "BYE", "UPDATE", "PRACK", "INFO":
		return true
	case "OPTIONS":
		to, ok := parseAddress(r.to)
		_, tagged := to.get("tag")
		return ok && tagged
	}
	return false
}

// call hands a request of a call on, once the beginning of one is proven. Else it returns the refusal.
func (s *Server) call(ctx context.Context, req *sip.Request, r request, peer Peer, way back) *sip.Response {
	out := s.callRequest(req, r, peer)
	out.Send = way.send
	if r.method == "INVITE" && out.ToTag == "" {
		from, _ := parseAddress(r.from)
		u, ok := parseURI(from.uri)
		target, targetOK := parseURI(r.uri)
		switch {
		case !ok || !targetOK || u.user() == "":
			return s.respond(r, sip.StatusBadRequest, "Bad From Or Request-URI")
		case !strings.HasSuffix(u.host, "."+s.config.SIPDomain):
			return s.respond(r, sip.StatusForbidden, "Forbidden")
		}
		aor := addressOfRecord{user: u.user(), domain: u.host}
		if s.banned(peer, aor) {
			return nil
		}
		line, refusal := s.authenticate(ctx, r, aor, peer)
		if refusal != nil {
			return refusal
		}
		if !strings.EqualFold(target.user(), echo.User) || target.host != u.host && target.host != s.config.PublicHost && !target.isAddress() {
			return s.respond(r, sip.StatusNotFound, "Not Found")
		}
		way.trust()
		out.Caller = echo.Caller{Line: string(line.ID), Partner: string(line.Partner), Customer: string(line.Org), Device: string(line.Device)}
	}
	s.config.Calls.Handle(ctx, out)
	return nil
}

// callRequest reads what a call needs of a request.
func (s *Server) callRequest(req *sip.Request, r request, peer Peer) echo.Request {
	out := echo.Request{
		Method: r.method, Vias: r.vias, Branch: r.branch, From: r.from, To: r.to, CallID: r.callID, CSeq: r.cseq, Require: tags(r.require),
		Body: r.content(), UserAgent: r.userAgent, Peer: peer.Addr, Transport: peer.Transport, Here: s.here(peer.Transport),
	}
	from, _ := parseAddress(r.from)
	out.FromTag, _ = from.get("tag")
	to, _ := parseAddress(r.to)
	out.ToTag, _ = to.get("tag")
	if len(r.contacts) == 1 {
		contact, ok := parseAddress(r.contacts[0])
		if _, usable := parseURI(contact.uri); ok && usable {
			out.Contact = contact.uri
		}
	}
	for _, h := range req.Headers() {
		switch value := h.Value(); strings.ToLower(h.Name()) {
		case "record-route":
			out.RecordRoutes = append(out.RecordRoutes, value)
		case "supported", "k":
			out.Supported = append(out.Supported, tags([]string{value})...)
		case "allow":
			for _, method := range tags([]string{value}) {
				out.Allow = append(out.Allow, strings.ToUpper(method))
			}
		case "session-expires", "x":
			out.SessionExpires = value
		case "min-se":
			out.MinSE = value
		case "content-type", "c":
			out.ContentType = value
		}
	}
	return out
}

// tags splits lists of option tags.
func tags(values []string) []string {
	var out []string
	for tag := range strings.SplitSeq(strings.ToLower(strings.Join(values, ",")), ",") {
		if tag = strings.TrimSpace(tag); tag != "" && !slices.Contains(out, tag) {
			out = append(out, tag)
		}
	}
	return out
}

// here is where a phone reaches us over a transport, and what we call ourselves in a Via: by the public host, else by the address that we listen on.
func (s *Server) here(transport string) string {
	at := s.addresses.UDP
	switch transport {
	case "tcp":
		at = s.addresses.TCP
	case "tls":
		at = s.addresses.TLS
	case "dtls":
		at = s.addresses.DTLS
	case "wss":
		at = s.addresses.WSS
	}
	host := s.config.PublicHost
	if host == "" {
		host = at.Addr().String()
	}
	return net.JoinHostPort(strings.Trim(host, "[]"), strconv.Itoa(int(at.Port())))
}

// response hands a response on to whoever sent the request: the ways back to phones, whom it was forwarded for, or the echo.
func (s *Server) response(ctx context.Context, res *sip.Response, body []byte) {
	if s.flows.deliver(res) || s.hander != nil && s.hander.forwardResponse(ctx, res, body) || s.config.Calls == nil {
		return
	}
	via := res.GetHeader("Via")
	if via == nil {
		return
	}
	if _, branch, ok := stampVia(via.Value(), localAddr(&net.UDPAddr{})); ok {
		s.config.Calls.Response(branch, res.StatusCode)
	}
}
