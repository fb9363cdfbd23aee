package sip

import (
	"bytes"
	"context"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"

	"dialtone/echo"
	"dialtone/fault"
	"dialtone/upstream"
)

// statusFlowFailed is 430, which sipgo doesn't name: the flow that a request is for isn't there (RFC 5626 section 11.5).
const statusFlowFailed = 430

// passage is a request that goes through us, without any memory of it (RFC 3261 section 16.11).
type passage struct {
	request
	req     *sip.Request
	peer    Peer
	setting upstream.Setting
	phone   flow     // on the one side
	routes  []string // that are left when ours are taken off
	up      bool     // it comes from the phone
}

// forward takes a request of a phone that is registered at an upstream there, and one of the upstream's to the phone that its route names. done is false for
// what is for us: REGISTER, what nobody has a flow for, and calls to the echo.
func (h *hander) forward(ctx context.Context, req *sip.Request, r request, peer Peer, back back) (res *sip.Response, done bool) {
	if r.method == "REGISTER" {
		return nil, false
	}
	p := passage{request: r, req: req, peer: peer}
	name, routed, others := h.takeRoutes(r.routes)
	p.routes = others
	if routed && name.flow == (flow{peer.Transport, peer.Addr}) && name.here {
		p.up, p.phone = true, name.flow
		return h.through(ctx, p, name, back)
	}
	if routed && h.speaks(ctx, name, peer) {
		p.phone = name.flow
		return h.through(ctx, p, name, back)
	}
	setting, known, ours := h.phoneOf(ctx, r, peer)
	switch {
	case known:
		p.up, p.phone, p.setting = true, flow{peer.Transport, peer.Addr}, setting
		return h.up(ctx, p), true
	case routed || ours:
		return h.refusal(r, sip.StatusForbidden, "Forbidden"), true
	}
	return nil, false
}

// through forwards a request whose route names a flow.
func (h *hander) through(ctx context.Context, p passage, name flowName, back back) (*sip.Response, bool) {
	setting, on, err := h.Upstreams.InForce(ctx, name.partner)
	switch {
	case err != nil:
		return h.server.refuse(p.request, p.peer, err), true
	case !on:
		return h.refusal(p.request, sip.StatusForbidden, "Forbidden"), true
	}
	p.setting = setting
	if p.up {
		return h.up(ctx, p), true
	}
	if !name.here {
		return h.refusal(p.request, statusFlowFailed, "Flow Failed"), true
	}
	back.trust() // it is the upstream's connection, and answers go back over it
	return h.down(p), true
}

// refusal refuses a request, but for ACK, which has no answer.
func (h *hander) refusal(r request, status int, reason string) *sip.Response {
	if r.method == "ACK" {
		return nil
	}
	return h.server.respond(r, status, reason)
}

// takeRoutes takes our own entries off the top of the route, and returns the flow that the first of them names.
func (h *hander) takeRoutes(headers []string) (name flowName, found bool, others []string) {
	for _, header := range headers {
		others = append(others, splitList(header)...)
	}
	for len(others) > 0 && len(others) <= 2*maxHops {
		a, ok := parseAddress(others[0])
		u, isURI := parseURI(a.uri)
		if !ok || !isURI {
			break
		}
		flow, ours := h.tokens.ofURI(u)
		if ours && !found {
			name, found = flow, true
		}
		if !ours && !h.isPlainHop(u) {
			break
		}
		others = others[1:]
	}
	return name, found, others
}

// isPlainHop reports whether a route entry is this server as phones that have an outbound proxy write it.
func (h *hander) isPlainHop(u uri) bool {
	if u.userInfo != "" || !slices.Contains(strings.Split(u.parameters, ";"), "lr") {
		return false
	}
	host := strings.Trim(u.host, "[]")
	return host == h.server.config.PublicHost || host == strings.Trim(h.Host, "[]")
}

// speaks reports whether who sends is the upstream that a flow is for: it is at one of its addresses, or at the other end of a connection that we opened.
func (h *hander) speaks(ctx context.Context, name flowName, peer Peer) bool {
	setting, on, err := h.Upstreams.InForce(ctx, name.partner)
	if err != nil || !on || setting.Partner != name.partner {
		return false
	}
	return peer.Upstream == name.partner || h.Upstreams.Speaks(ctx, setting, peer.Addr.Addr())
}

// phoneOf finds the upstream of a registered phone by who its request says that it is, and where it comes from. ours says that the domain has an
// upstream, so that a phone which isn't registered has nothing to ask of us but the echo.
func (h *hander) phoneOf(ctx context.Context, r request, peer Peer) (setting upstream.Setting, known, ours bool) {
	from, _ := parseAddress(r.from)
	u, ok := parseURI(from.uri)
	target, targetOK := parseURI(r.uri)
	if !ok || u.user() == "" || !strings.HasSuffix(u.host, "."+h.server.config.SIPDomain) {
		return setting, false, false
	}
	if targetOK && (target.user() == "" || strings.EqualFold(target.user(), echo.User)) {
		return setting, false, false
	}
	setting, on, err := h.Upstreams.OfDomain(ctx, u.host)
	if err != nil || !on {
		return setting, false, false
	}
	_, err = h.Lines.LineAt(ctx, u.host, u.user(), peer.Transport, peer.Addr)
	return setting, err == nil, true
}

// up forwards a phone's request to its upstream.
func (h *hander) up(ctx context.Context, p passage) *sip.Response {
	token := h.tokens.seal(p.phone, p.setting.Partner)
	branch, refusal := h.mayPass(p, token)
	if refusal != nil || branch == "" {
		return refusal
	}
	targets, err := h.Upstreams.Targets(ctx, p.setting)
	if err != nil {
		return h.unreachable(p, err)
	}
	for _, at := range h.nextHop(p, targets) {
		var w way
		if w, err = h.way(ctx, p.setting, at); err != nil {
			h.Upstreams.Demote(p.setting, at)
			continue
		}
		inside, outside := h.flowURI(h.server.sideOf(p.peer.Transport), token), h.flowURI(w.contact, token)
		if err = w.send(h.render(p, w, branch, []string{"<" + outside + ">", "<" + inside + ">"})); err == nil {
			return nil
		}
	}
	return h.unreachable(p, err)
}

// nextHop orders the addresses of an upstream for a request: a route or a target that names one of them has it first.
func (h *hander) nextHop(p passage, targets []netip.AddrPort) []netip.AddrPort {
	next := p.uri
	if len(p.routes) > 0 {
		a, _ := parseAddress(p.routes[0])
		next = a.uri
	}
	u, ok := parseURI(next)
	addr, err := netip.ParseAddr(strings.Trim(u.host, "[]"))
	if !ok || err != nil {
		return targets
	}
	i := slices.IndexFunc(targets, func(t netip.AddrPort) bool { return t.Addr() == addr && (u.port == 0 || int(t.Port()) == u.port) })
	if i <= 0 {
		return targets
	}
	return append([]netip.AddrPort{targets[i]}, slices.Delete(slices.Clone(targets), i, i+1)...)
}

func (h *hander) unreachable(p passage, err error) *sip.Response {
	if p.method == "ACK" {
		return nil
	}
	return h.server.later(p.request, fault.Wrap(fault.Unavailable, err, "The upstream can't be reached."))
}

// down forwards an upstream's request to the phone that it names.
func (h *hander) down(p passage) *sip.Response {
	token := h.tokens.seal(flow{p.peer.Transport, p.peer.Addr}, p.setting.Partner)
	branch, refusal := h.mayPass(p, token)
	if refusal != nil || branch == "" {
		return refusal
	}
	w, err := h.server.flows.way(Target{Transport: p.phone.transport, Source: p.phone.source})
	if err != nil {
		return h.refusal(p.request, statusFlowFailed, "Flow Failed")
	}
	phone := h.tokens.seal(p.phone, p.setting.Partner)
	inside, outside := h.flowURI(h.server.sideOf(p.phone.transport), phone), h.flowURI(h.outside(p), phone)
	if err := w.send(h.render(p, w, branch, []string{"<" + inside + ">", "<" + outside + ">"})); err != nil {
		return h.refusal(p.request, statusFlowFailed, "Flow Failed")
	}
	return nil
}

// outside is where the upstream that sent a request reaches us again.
func (h *hander) outside(p passage) string {
	transport := p.peer.Transport
	side := "sip:" + h.sentBy(transport, 0)
	if transport != "udp" {
		side += ";transport=" + transport
	}
	return side
}

// mayPass checks what every proxy checks (RFC 3261 section 16.3), and makes the branch of our Via: the same for a request that comes again, its CANCEL and
// the ACK of its failure. It also holds the way back, and what a loop would be told by. A request without a branch and a refusal is dropped.
func (h *hander) mayPass(p passage, token string) (branch string, refusal *sip.Response) {
	if p.maxForwards == "0" {
		return "", h.refusal(p.request, sip.StatusTooManyHops, "Too Many Hops")
	}
	if header := p.req.GetHeader("Proxy-Require"); header != nil {
		res := h.refusal(p.request, sip.StatusBadExtension, "Bad Extension")
		if res != nil {
			add(res, "Unsupported", header.Value())
		}
		return "", res
	}
	from, _ := parseAddress(p.from)
	tag, _ := from.get("tag")
	same := p.callID + "\n" + tag + "\n" + strconv.FormatUint(uint64(p.cseq), 10) + "\n" + p.uri
	received := p.branch
	if !strings.HasPrefix(received, branchCookie) {
		received = same + p.vias[0]
	}
	loop := h.tokens.word("loop\n" + same + "\n" + strconv.FormatBool(p.up) + h.tokens.seal(p.phone, ""))
	for _, via := range p.vias {
		if strings.Contains(via, "."+loop+".") {
			return "", h.refusal(p.request, sip.StatusLoopDetected, "Loop Detected")
		}
	}
	return branchCookie + h.tokens.word("branch\n"+received) + "." + loop + "." + token, nil
}

// beginsDialog reports whether we want to stay on the way of what follows a request (RFC 3261 section 16.6, step 4).
func beginsDialog(method string) bool {
	return method == "INVITE" || method == "SUBSCRIBE" || method == "REFER" || method == "NOTIFY"
}

// render writes a request as it goes on. Of what it says nothing is changed but what a proxy must, and a claim of identity that only trusted sides may
// make (RFC 3325): a phone isn't one.
func (h *hander) render(p passage, w way, branch string, record []string) []byte {
	var b bytes.Buffer
	b.Grow(2048)
	line := func(name, value string) { b.WriteString(name + ": " + value + "\r\n") }
	b.WriteString(p.method + " " + h.target(p) + " SIP/2.0\r\n")
	line("Via", w.via+";branch="+branch+";rport")
	for _, via := range p.vias {
		line("Via", via)
	}
	if beginsDialog(p.method) {
		for _, r := range record {
			line("Record-Route", r)
		}
	}
	for _, route := range p.routes {
		line("Route", strings.TrimSpace(route))
	}
	line("Max-Forwards", strconv.Itoa(hopsLeft(p.maxForwards)))
	for _, header := range p.req.Headers() {
		switch strings.ToLower(header.Name()) {
		case "via", "v", "route", "max-forwards", "content-length", "l":
		case "p-asserted-identity":
			if !p.up {
				line(header.Name(), header.Value())
			}
		default:
			line(header.Name(), header.Value())
		}
	}
	content := p.content()
	line("Content-Length", strconv.Itoa(len(content)))
	b.WriteString("\r\n")
	b.Write(content)
	return b.Bytes()
}

// hopsLeft is one less than it was; who doesn't say gets the usual 70.
func hopsLeft(maxForwards string) int {
	n, err := strconv.ParseUint(maxForwards, 10, 8)
	if err != nil || n == 0 {
		return 70
	}
	return int(n) - 1
}

// target is the Request-URI as it goes on: a customer's domain is what the upstream knows it by.
func (h *hander) target(p passage) string {
	u, ok := parseURI(p.uri)
	if !p.up || !ok || p.setting.Domain == "" || !strings.HasSuffix(u.host, "."+h.server.config.SIPDomain) {
		return p.uri
	}
	i := strings.LastIndex(strings.ToLower(p.uri), "@"+u.host)
	if i < 0 {
		return p.uri
	}
	return p.uri[:i+1] + p.setting.Domain + p.uri[i+1+len(u.host):]
}

// forwardResponse brings the answer to a forwarded request back, by what our Via says; it reports whether it had one of ours.
func (h *hander) forwardResponse(_ context.Context, res *sip.Response, body []byte) bool {
	var vias []string
	for _, header := range res.Headers() {
		if name := strings.ToLower(header.Name()); name == "via" || name == "v" {
			vias = append(vias, splitList(header.Value())...)
		}
	}
	if len(vias) < 2 {
		return false
	}
	_, rest, _ := strings.Cut(vias[0], ";")
	parameters, ok := parseParameters(rest)
	branch, _ := lookUp(parameters, "branch")
	parts := strings.Split(branch, ".")
	if !ok || len(parts) != 3 {
		return false
	}
	name, ok := h.tokens.open(parts[2])
	if !ok || !name.here {
		return ok
	}
	w, err := h.server.flows.way(Target{Transport: name.transport, Source: name.source})
	if err != nil {
		if w, ok = h.linkTo(name.flow, name.partner); !ok {
			return true // whoever asked is gone
		}
	}
	_ = w.send(renderResponse(res, vias[1:], body)) // who doesn't get it asks again
	return true
}

// renderResponse writes a response without our Via.
func renderResponse(res *sip.Response, vias []string, body []byte) []byte {
	var b bytes.Buffer
	b.Grow(2048)
	b.WriteString("SIP/2.0 " + strconv.Itoa(res.StatusCode) + " " + res.Reason + "\r\n")
	for _, via := range vias {
		b.WriteString("Via: " + strings.TrimSpace(via) + "\r\n")
	}
	size := len(body)
	for _, header := range res.Headers() {
		switch strings.ToLower(header.Name()) {
		case "via", "v":
		case "content-length", "l":
			if n, err := strconv.ParseUint(strings.TrimSpace(header.Value()), 10, 31); err == nil {
				size = min(size, int(n))
			}
		default:
			b.WriteString(header.Name() + ": " + header.Value() + "\r\n")
		}
	}
	b.WriteString("Content-Length: " + strconv.Itoa(size) + "\r\n\r\n")
	b.Write(body[:size])
	return b.Bytes()
}
