package sip

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/digest"
	"dialtone/fault"
	"dialtone/provisioning"
	"dialtone/upstream"
)

// registration is a REGISTER that is to be handed on.
type registration struct {
	request
	aor    addressOfRecord
	wanted order
	core   provisioning.RegisterRequest
	peer   Peer
}

// The header fields of an upstream's answer that are for the phone, and how much of them is kept.
const (
	serviceRoute  = "Service-Route"
	associatedURI = "P-Associated-URI"
	maxSaid       = 1800
)

// maxRounds bounds how often one registration is sent: a challenge, a nonce that is too old, and an interval that is too brief.
const maxRounds = 4

// handOn registers a phone that proved itself to us: at the upstream first, when it is due there, and then here.
func (h *hander) handOn(ctx context.Context, setting upstream.Setting, reg registration) *sip.Response {
	s := h.server
	giveBack, again, err := h.turns.take(ctx, string(reg.core.Line.ID), reg.callID+"\n"+reg.cseqText)
	switch {
	case again:
		return nil // the first one is answered, and the phone asks again if that gets lost
	case err != nil:
		return s.refuse(reg.request, reg.peer, err)
	}
	defer giveBack()
	query := reg.core
	query.Contacts, query.Wildcard = nil, false
	current, err := s.config.Core.Register(ctx, query)
	if err != nil {
		return s.refuse(reg.request, reg.peer, err)
	}
	if len(reg.wanted.contacts) == 0 && !reg.wanted.wildcard {
		return h.finish(reg, current)
	}
	plan := h.plan(setting, reg, current)
	if !plan.due {
		return h.apply(ctx, reg, plan)
	}
	return h.tell(ctx, setting, reg, plan)
}

// telling is what an upstream is to be told of a phone.
type telling struct {
	token    string // of the phone's flow
	due      bool
	removal  bool // nothing is bound, so that the phone needs no yes
	contacts []toldContact
	gone     []string // contacts to be removed beside: what the new ones replace, and what is removed
}

// toldContact is one contact that is to be bound, with what the upstream was told of it before.
type toldContact struct {
	provisioning.RegisterContact
	key  string
	told upstream.Told
	said string
}

// plan decides what an upstream must be told.
func (h *hander) plan(setting upstream.Setting, reg registration, current []provisioning.Binding) telling {
	now, back := h.server.config.Now(), h.Upstreams.Back(setting)
	out := telling{token: h.tokens.seal(flow{reg.peer.Transport, reg.peer.Addr}, setting.Partner), removal: true}
	if reg.wanted.wildcard {
		for _, b := range current {
			out.gone = append(out.gone, b.Contact)
		}
		out.due = len(out.gone) > 0
		return out
	}
	for _, c := range reg.wanted.contacts {
		if c.Expires <= 0 {
			out.gone, out.due = append(out.gone, c.URI), true
			continue
		}
		out.removal = false
		t := toldContact{RegisterContact: c, key: upstream.KeyOf(setting, out.token, c.URI, reg.wanted.path, strconv.Itoa(c.Q), c.InstanceID, strconv.Itoa(int(c.RegID)))}
		for _, b := range current {
			switch {
			case b.Contact == c.URI && b.InstanceID == c.InstanceID && b.RegID == c.RegID:
				t.told, t.said = upstream.Told{Key: b.Upstream.Key, At: b.Upstream.At, Until: b.Upstream.Until, Refresh: b.Upstream.Refresh}, b.Upstream.Said
			case c.InstanceID != "" && b.InstanceID == c.InstanceID && b.RegID == c.RegID && b.Contact != c.URI && b.Upstream.Until.After(now):
				out.gone = append(out.gone, b.Contact)
			}
		}
		out.due = out.due || upstream.Due(t.told, t.key, now, back)
		out.contacts = append(out.contacts, t)
	}
	return out
}

// tell hands a registration on, and answers the phone by what became of it.
func (h *hander) tell(ctx context.Context, setting upstream.Setting, reg registration, plan telling) *sip.Response {
	s := h.server
	var response *sip.Response
	err := h.Upstreams.Admit(setting)
	if err == nil || plan.removal && fault.Is(err, fault.Limited) { // a removal goes on at once
		response, err = h.register(ctx, setting, reg, plan)
	}
	switch {
	case err == nil && response.StatusCode < 300:
		h.granted(&plan, setting, response)
		return h.apply(ctx, reg, plan)
	case plan.removal:
		return h.apply(ctx, reg, plan) // there it ends by itself, and leads to a flow that isn't there
	case err == nil && response.StatusCode < 500:
		return h.refused(ctx, reg, plan, response)
	case h.holds(plan):
		return h.apply(ctx, reg, plan)
	case err == nil:
		e := fault.New(fault.Unavailable, "The upstream registrar answered %d %s.", response.StatusCode, response.Reason)
		e.RetryAfter = retryAfter(response)
		err = e
	}
	if !fault.Is(err, fault.Limited) {
		h.Lines.RecordUpstream(reg.core, fault.Message(err), false)
	}
	return s.later(reg.request, err)
}

// retryAfter reads how long somebody wants to be left alone, at most five minutes; 0 for not said.
func retryAfter(response *sip.Response) time.Duration {
	const most = 300
	for _, header := range response.GetHeaders("Retry-After") {
		text, _, _ := strings.Cut(header.Value(), ";")
		text, _, _ = strings.Cut(text, "(")
		if n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 32); err == nil {
			return time.Duration(min(n, most)) * time.Second
		}
	}
	return 0
}

// register sends the REGISTER, and answers the upstream's questions: who we are, and for how long at least.
func (h *hander) register(ctx context.Context, setting upstream.Setting, reg registration, plan telling) (*sip.Response, error) {
	expires, header, proof := setting.Expires, "", ""
	proven := false
	for round := 1; ; round++ {
		response, err := h.ask(ctx, setting, func(w way) Outgoing {
			out := h.registerMessage(setting, reg, plan, expires, w)
			if proof != "" {
				out.Headers = append(out.Headers, Header{header, proof})
			}
			return out
		})
		if err != nil || round == maxRounds {
			return response, err
		}
		switch response.StatusCode {
		case statusUnauthorized, statusProxyRequired:
			var stale bool
			if header, proof, stale, err = h.prove(setting, reg, response); err != nil || proven && !stale {
				return response, nil //nolint:nilerr // that it can't be answered is the upstream's refusal
			}
			proven = true
		case sip.StatusIntervalToBrief:
			least := minExpires(response)
			if least <= expires || least > upstream.MaxExpires {
				return response, nil
			}
			expires, proof, proven = least, "", false
		default:
			return response, nil
		}
	}
}

func minExpires(response *sip.Response) time.Duration {
	for _, header := range response.GetHeaders("Min-Expires") {
		if n, err := strconv.ParseUint(strings.TrimSpace(header.Value()), 10, 31); err == nil {
			return time.Duration(n) * time.Second
		}
	}
	return 0
}

// registerMessage writes the REGISTER as a user agent does, with us on the way back (RFC 3327).
func (h *hander) registerMessage(setting upstream.Setting, reg registration, plan telling, expires time.Duration, w way) Outgoing {
	domain := setting.DomainFor(reg.aor.domain)
	aor := "<sip:" + escapeUser(reg.aor.user) + "@" + domain + ">"
	path := "<" + h.flowURI(w.contact, plan.token) + ";ob>"
	if reg.wanted.path != "" {
		path += ", " + reg.wanted.path
	}
	out := Outgoing{Method: "REGISTER", URI: "sip:" + domain, Headers: []Header{
		{"From", aor + ";tag=" + h.tokens.word("from\n"+string(reg.core.Line.ID))},
		{"To", aor},
		{"Call-ID", h.tokens.word(h.epoch + "\n" + string(reg.core.Line.ID) + "\n" + reg.callID)},
		{"CSeq", strconv.FormatUint(uint64(h.cseq.Add(1)), 10) + " REGISTER"},
		{"Path", path},
		{"Supported", extensionPath},
	}}
	if has(reg.supported, extensionOutbound) {
		out.Headers[len(out.Headers)-1].Value += ", " + extensionOutbound
	}
	if reg.userAgent != "" {
		out.Headers = append(out.Headers, Header{"User-Agent", reg.userAgent})
	}
	for _, c := range plan.contacts {
		text := "<" + c.URI + ">"
		var q strings.Builder
		writePreference(&q, provisioning.Binding{Q: c.Q})
		text += q.String() + ";expires=" + strconv.Itoa(seconds(expires))
		if c.InstanceID != "" && isQuotable(c.InstanceID) {
			text += `;+sip.instance="` + c.InstanceID + `"`
			if c.RegID != 0 {
				text += ";reg-id=" + strconv.FormatUint(uint64(c.RegID), 10)
			}
		}
		out.Headers = append(out.Headers, Header{"Contact", text})
	}
	for _, uri := range plan.gone {
		out.Headers = append(out.Headers, Header{"Contact", "<" + uri + ">;expires=0"})
	}
	if len(plan.contacts) == 0 {
		out.Headers = append(out.Headers, Header{"Expires", "0"})
	} else {
		out.Headers = append(out.Headers, Header{"Expires", strconv.Itoa(seconds(expires))})
	}
	return out
}

// flowURI is our own URI of one side with a flow in its user part.
func (h *hander) flowURI(side, token string) string {
	scheme, rest, _ := strings.Cut(side, ":")
	return scheme + ":" + flowPrefix + token + "@" + rest + ";lr"
}

// escapeUser writes a user part: what can't stand in one is escaped.
func escapeUser(user string) string {
	const free = "-_.!~*'()&=+$,;?/"
	var b strings.Builder
	for i := range len(user) {
		c := user[i]
		if c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || strings.IndexByte(free, c) >= 0 {
			b.WriteByte(c)
			continue
		}
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}

// prove answers the strongest of an upstream's challenges with the line's own credentials.
func (h *hander) prove(setting upstream.Setting, reg registration, response *sip.Response) (header, proof string, stale bool, err error) {
	name, header := "WWW-Authenticate", "Authorization"
	if response.StatusCode == statusProxyRequired {
		name, header = "Proxy-Authenticate", "Proxy-Authorization"
	}
	demand, ok := strongest(response.GetHeaders(name))
	if !ok {
		return "", "", false, fault.New(fault.Denied, "The upstream registrar wants a proof that we can't give: neither MD5 nor SHA-256.")
	}
	ha1, err := h.Lines.HA1For(reg.core.Line)(demand.Algorithm, demand.Realm)
	if err != nil {
		return "", "", false, err
	}
	return header, demand.Answer(ha1, reg.core.Line.UserName, "REGISTER", "sip:"+setting.DomainFor(reg.aor.domain), h.server.token()), demand.Stale, nil
}

// strongest picks a challenge that can be answered.
func strongest(headers []sip.Header) (best digest.Demand, ok bool) {
	for _, header := range headers[:min(len(headers), maxAuthorizations)] {
		demand, err := digest.ParseDemand(header.Value())
		if err == nil && (!ok || best.Algorithm == digest.MD5 && demand.Algorithm == digest.SHA256) {
			best, ok = demand, true
		}
	}
	return best, ok
}

// granted reads until when the upstream holds each contact, and what it says to the phone.
func (h *hander) granted(plan *telling, setting upstream.Setting, response *sip.Response) {
	now, said := h.server.config.Now(), h.saidBy(response, plan.token)
	for i := range plan.contacts {
		c := &plan.contacts[i]
		c.told = upstream.Granted(c.key, now, grantedTo(response, c.URI, setting.Expires), h.Random())
		c.said = said
	}
}

// grantedTo reads the time that a response grants a contact: its own, else that of all, else what was asked for.
func grantedTo(response *sip.Response, contact string, asked time.Duration) time.Duration {
	wanted, _ := parseURI(contact)
	common := asked
	for _, header := range response.Headers() {
		switch strings.ToLower(header.Name()) {
		case "expires":
			if n, err := strconv.ParseUint(strings.TrimSpace(header.Value()), 10, 31); err == nil {
				common = time.Duration(n) * time.Second
			}
		case "contact", "m":
			for _, value := range splitList(header.Value()) {
				a, ok := parseAddress(value)
				u, isURI := parseURI(a.uri)
				text, given := a.get("expires")
				n, err := strconv.ParseUint(text, 10, 31)
				if ok && isURI && given && err == nil && u.equal(wanted) {
					return min(time.Duration(n)*time.Second, upstream.MaxExpires)
				}
			}
		}
	}
	return min(common, upstream.MaxExpires)
}

// saidBy keeps what an upstream says to the phone: its Service-Route with this side of ours before it, and the phone's other names.
func (h *hander) saidBy(response *sip.Response, token string) string {
	var routes, lines []string
	for _, header := range response.Headers() {
		if strings.ContainsFunc(header.Value(), isControl) {
			continue
		}
		switch {
		case strings.EqualFold(header.Name(), serviceRoute):
			routes = append(routes, serviceRoute+": "+header.Value())
		case strings.EqualFold(header.Name(), associatedURI):
			lines = append(lines, associatedURI+": "+header.Value())
		}
	}
	if len(routes) > 0 {
		routes = slices.Insert(routes, 0, serviceRoute+": <"+flowPrefix+token+">")
	}
	text := strings.Join(append(routes, lines...), "\n")
	if len(text) > maxSaid {
		return ""
	}
	return text
}

// said reads what was kept. Our own side is written as this phone reaches it.
func (h *hander) said(text string, peer Peer) []Header {
	var out []Header
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok {
			continue
		}
		if token, ours := strings.CutPrefix(value, "<"+flowPrefix); ours {
			value = "<" + h.flowURI(h.server.sideOf(peer.Transport), strings.TrimSuffix(token, ">")) + ">"
		}
		out = append(out, Header{name, value})
	}
	return out
}

// sideOf is where phones reach us over a transport, as a URI.
func (s *Server) sideOf(transport string) string {
	sentBy := s.here(transport)
	switch transport {
	case "udp":
		return "sip:" + sentBy
	case "dtls":
		return "sips:" + sentBy + ";transport=udp"
	case "wss":
		return "sip:" + sentBy + ";transport=ws"
	default:
		return "sip:" + sentBy + ";transport=" + transport
	}
}

// holds reports whether the upstream still holds all that a phone refreshes, so that it may be told so without asking.
func (h *hander) holds(plan telling) bool {
	now := h.server.config.Now()
	return len(plan.contacts) > 0 && !slices.ContainsFunc(plan.contacts, func(c toldContact) bool { return !upstream.Holds(c.told, c.key, now) })
}

// apply stores what the upstream holds, and tells the phone.
func (h *hander) apply(ctx context.Context, reg registration, plan telling) *sip.Response {
	now := h.server.config.Now()
	request := reg.core
	request.Contacts = slices.Clone(request.Contacts)
	for i := range request.Contacts {
		c := &request.Contacts[i]
		for _, t := range plan.contacts {
			if t.URI == c.URI && t.InstanceID == c.InstanceID && t.RegID == c.RegID {
				c.Expires = upstream.Left(t.told, c.Expires, now)
				c.Upstream = provisioning.UpstreamTold{Key: t.told.Key, At: t.told.At, Until: t.told.Until, Refresh: t.told.Refresh, Said: t.said}
			}
		}
	}
	bindings, err := h.server.config.Core.Register(ctx, request)
	if err != nil {
		return h.server.refuse(reg.request, reg.peer, err)
	}
	return h.finish(reg, bindings)
}

// finish tells a phone what is bound, and what the upstream says to it.
func (h *hander) finish(reg registration, bindings []provisioning.Binding) *sip.Response {
	for _, b := range bindings {
		if b.CallID == reg.callID && b.Upstream.Said != "" {
			reg.wanted.said = h.said(b.Upstream.Said, reg.peer)
			break
		}
	}
	return h.server.registered(reg.request, reg.aor, reg.wanted, reg.peer, bindings)
}

// refused tells a phone that the upstream doesn't take it, and takes back what was bound: it doesn't hold there either.
func (h *hander) refused(ctx context.Context, reg registration, plan telling, response *sip.Response) *sip.Response {
	h.Lines.RecordUpstream(reg.core, fmt.Sprintf("refused: %d %s", response.StatusCode, response.Reason), true)
	if slices.ContainsFunc(plan.contacts, func(c toldContact) bool { return c.told.Key != "" }) {
		request := reg.core
		request.Contacts = slices.Clone(request.Contacts)
		for i := range request.Contacts {
			request.Contacts[i].Expires = 0
		}
		if _, err := h.server.config.Core.Register(ctx, request); err != nil {
			return h.server.refuse(reg.request, reg.peer, err)
		}
	}
	status, reason := response.StatusCode, response.Reason
	if status == statusUnauthorized || status == statusProxyRequired || status < 400 || strings.ContainsFunc(reason, isControl) {
		status, reason = http.StatusForbidden, "Forbidden"
	}
	res := h.server.respond(reg.request, status, reason)
	for _, name := range []string{"Min-Expires", "Retry-After", "Warning", "Unsupported"} {
		for _, header := range response.GetHeaders(name) {
			add(res, name, header.Value())
		}
	}
	return res
}
