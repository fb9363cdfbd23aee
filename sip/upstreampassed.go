package sip

import (
	"context"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"

	"dialtone/fault"
	"dialtone/provisioning"
	"dialtone/upstream"
)

// passed hands on a REGISTER whose proof is the upstream's to ask for and to judge; done is false where it is ours.
//
// Every user of such a domain is asked about alike, whether it has a line or not, so that asking tells nothing. A registration is bound here only when
// the upstream takes it and there is a line.
func (h *hander) passed(ctx context.Context, req *sip.Request, r request, aor addressOfRecord, wanted order, peer Peer) (res *sip.Response, done bool) {
	if h.looped(wanted.path) {
		return h.server.respond(r, sip.StatusLoopDetected, "Loop Detected"), true
	}
	setting, on, err := h.Upstreams.OfDomain(ctx, aor.domain)
	switch {
	case err != nil:
		return h.server.refuse(r, peer, err), true
	case !on || setting.Credentials != upstream.Passed:
		return nil, false
	}
	if refusal := h.server.refuseOrder(r, wanted); refusal != nil {
		return refusal, true
	}
	proof := provisioning.SIPProof{Domain: aor.domain, UserName: aor.user, Method: r.method, Peer: peer.Addr, Transport: peer.Transport, UserAgent: r.userAgent}
	if wait := h.Lines.MayTry(proof); wait > 0 {
		e := fault.New(fault.Limited, "Too many wrong credentials.")
		e.RetryAfter = wait
		return h.server.later(r, e), true
	}
	line, err := h.Lines.Line(ctx, aor.domain, aor.user)
	known := err == nil
	if err != nil && !fault.Is(err, fault.NotFound) {
		return h.server.refuse(r, peer, err), true
	}
	giveBack, again, err := h.turns.take(ctx, aor.user+"@"+aor.domain, r.callID+"\n"+r.cseqText)
	switch {
	case again:
		return nil, true
	case err != nil:
		return h.server.refuse(r, peer, err), true
	}
	defer giveBack()
	reg := registration{r, aor, wanted, registerRequest(r, wanted, line, peer), peer}
	return h.passOn(ctx, req, setting, reg, proof, known), true
}

// looped reports whether a REGISTER went through us before.
func (h *hander) looped(path string) bool {
	for _, hop := range splitList(path) {
		a, _ := parseAddress(hop)
		if u, ok := parseURI(a.uri); ok {
			if _, ours := h.tokens.ofURI(u); ours {
				return true
			}
		}
	}
	return false
}

// passOn sends a phone's REGISTER on, and its answer back.
func (h *hander) passOn(ctx context.Context, req *sip.Request, setting upstream.Setting, reg registration, proof provisioning.SIPProof, known bool) *sip.Response {
	s := h.server
	plan := h.plan(setting, reg, nil)
	err := h.Upstreams.Admit(setting)
	var response *sip.Response
	if err == nil {
		response, err = h.ask(ctx, setting, func(w way) Outgoing { return h.passedMessage(req, reg, plan, w) })
	}
	if err == nil && response.StatusCode >= 500 {
		e := fault.New(fault.Unavailable, "The upstream registrar answered %d %s.", response.StatusCode, response.Reason)
		e.RetryAfter = retryAfter(response)
		err = e
	}
	if err != nil {
		return h.passedAway(ctx, setting, reg, known, err)
	}
	switch {
	case response.StatusCode < 300 && !known:
		return s.respond(reg.request, sip.StatusNotFound, "Not Found")
	case response.StatusCode < 300:
		h.Lines.CountProven(proof)
		h.granted(&plan, setting, response)
		return h.apply(ctx, reg, plan)
	case len(reg.authorizations) > 0 && (response.StatusCode == statusUnauthorized && !stale(response) || response.StatusCode == sip.StatusForbidden):
		h.Lines.CountRefused(ctx, proof, known)
	}
	res := s.respond(reg.request, response.StatusCode, response.Reason)
	for _, name := range []string{"WWW-Authenticate", "Proxy-Authenticate", "Min-Expires", "Retry-After", "Warning", "Unsupported"} {
		for _, header := range response.GetHeaders(name) {
			add(res, name, header.Value())
		}
	}
	return res
}

// stale reports whether a challenge says that only the nonce was too old.
func stale(response *sip.Response) bool {
	demand, ok := strongest(response.GetHeaders("WWW-Authenticate"))
	return ok && demand.Stale
}

// passedMessage is a phone's REGISTER with us on the way back.
func (h *hander) passedMessage(req *sip.Request, reg registration, plan telling, w way) Outgoing {
	out := Outgoing{Method: "REGISTER", URI: reg.uri}
	for _, header := range req.Headers() {
		switch strings.ToLower(header.Name()) {
		case "via", "v", "route", "record-route", "max-forwards", "content-length", "l", "path", "supported", "k", "content-type", "c":
		default:
			out.Headers = append(out.Headers, Header{header.Name(), header.Value()})
		}
	}
	path := "<" + h.flowURI(w.contact, plan.token) + ";ob>"
	if reg.wanted.path != "" {
		path += ", " + reg.wanted.path
	}
	options := extensionPath
	for _, header := range reg.supported {
		for name := range strings.SplitSeq(header, ",") {
			if name = strings.TrimSpace(name); name != "" && !strings.EqualFold(name, extensionPath) {
				options += ", " + name
			}
		}
	}
	return Outgoing{Method: out.Method, URI: out.URI, Headers: append(out.Headers, Header{"Path", path}, Header{"Supported", options})}
}

// passedAway answers while nobody can judge a proof: who refreshes from where it is registered is told what still holds, and nothing changes.
func (h *hander) passedAway(ctx context.Context, setting upstream.Setting, reg registration, known bool, err error) *sip.Response {
	s := h.server
	if known && !reg.wanted.wildcard {
		query := reg.core
		query.Contacts = nil
		current, failed := s.config.Core.Register(ctx, query)
		if failed == nil && h.holds(h.plan(setting, reg, current)) {
			return h.finish(reg, current)
		}
		if !fault.Is(err, fault.Limited) {
			h.Lines.RecordUpstream(reg.core, fault.Message(err), false)
		}
	}
	res := s.later(reg.request, err)
	if fault.RetryAfter(err) == 0 && res.GetHeader("Retry-After") == nil {
		add(res, "Retry-After", strconv.Itoa(30))
	}
	return res
}
