package sip

import (
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"

	"dialtone/customer"
	"dialtone/deviceprofiles"
)

// Peer is where a request came from, and how.
type Peer struct {
	Addr      netip.AddrPort
	Transport string // udp, tcp, tls, dtls or wss
	// Certified is the address in its maker's certificate that the phone showed on the connection, zero for none.
	Certified deviceprofiles.MAC
	// Upstream is whose upstream it is, for a connection that we opened to it; empty for everybody who came to us.
	Upstream customer.OrgID
}

// request is what this door reads of a SIP request. Header fields are as sent but for folding.
type request struct {
	method         string
	uri            string
	vias           []string // the top one stamped with where the request came from
	from, to       string
	callID         string
	cseqText       string
	cseq           uint32
	maxForwards    string
	contentLength  string
	body           []byte // all that came, which over UDP may be more than Content-Length says
	expires        string
	contacts       []string
	authorizations []string
	require        []string
	supported      []string
	paths          []string
	routes         []string
	userAgent      string
	branch         string // of the top Via

	count struct{ from, to, callID, cseq, maxForwards, expires, contentLength int } // header fields that may stand only once
}

// newRequest collects the header fields, by their long or compact names. ok is false for what can't be answered at all: without a usable Via
// there is nowhere to say so (RFC 3261 section 18.2.2), and a control character could start a line of its own in what we send back.
func newRequest(req *sip.Request, body []byte, peer Peer) (r request, ok bool) {
	r.method, r.uri, r.body = string(req.Method), req.Recipient.String(), body
	for _, h := range req.Headers() {
		value := h.Value()
		if strings.ContainsFunc(value, func(c rune) bool { return isControl(c) && c != '\t' }) {
			return request{}, false
		}
		r.add(strings.ToLower(h.Name()), value)
	}
	if len(r.vias) == 0 {
		return request{}, false
	}
	r.vias[0], r.branch, ok = stampVia(r.vias[0], peer.Addr)
	return r, ok
}

func (r *request) add(name, value string) {
	switch name {
	case "via", "v":
		r.vias = append(r.vias, value)
	case "from", "f":
		r.from = value
		r.count.from++
	case "to", "t":
		r.to = value
		r.count.to++
	case "call-id", "i":
		r.callID = value
		r.count.callID++
	case "cseq":
		r.cseqText = value
		r.count.cseq++
	case "max-forwards":
		r.maxForwards = value
		r.count.maxForwards++
	case "content-length", "l":
		r.contentLength = value
		r.count.contentLength++
	case "expires":
		r.expires = value
		r.count.expires++
	case "contact", "m":
		r.contacts = append(r.contacts, value)
	case "authorization":
		r.authorizations = append(r.authorizations, value)
	case "require":
		r.require = append(r.require, value)
	case "supported", "k":
		r.supported = append(r.supported, value)
	case "path":
		r.paths = append(r.paths, value)
	case "route":
		r.routes = append(r.routes, value)
	case "user-agent":
		r.userAgent = value
	}
}

// problem checks the header fields that every request must have (RFC 3261 section 8.1.1) and returns the first broken rule, in words for a
// reason phrase; "" if there is none. It reads the CSeq.
func (r *request) problem() string {
	_, fromOK := parseAddress(r.from)
	_, toOK := parseAddress(r.to)
	var cseqOK bool
	r.cseq, cseqOK = parseCSeq(r.cseqText, r.method)
	switch {
	case r.count.from != 1 || !fromOK:
		return "Bad From"
	case r.count.to != 1 || !toOK:
		return "Bad To"
	case r.count.callID != 1 || r.callID == "" || len(r.callID) > maxCallID || strings.ContainsAny(r.callID, " \t"):
		return "Bad Call-ID"
	case r.count.cseq != 1 || !cseqOK:
		return "Bad CSeq"
	case r.count.maxForwards > 1 || !isMaxForwards(r.maxForwards):
		return "Bad Max-Forwards"
	case r.count.expires > 1:
		return "Bad Expires"
	case r.count.contentLength > 1 || !isContentLength(r.contentLength, len(r.body)):
		return "Bad Content-Length"
	}
	return ""
}

// maxCallID bounds what is stored with every binding. RFC 3261 names no limit; phones use 20 to 80 bytes.
const maxCallID = 256

// parseCSeq reads a sequence number below 2^31 and the method, which must be the request's (RFC 3261 section 8.1.1.5).
func parseCSeq(s, method string) (uint32, bool) {
	fields := strings.Fields(s)
	if len(fields) != 2 || fields[1] != method {
		return 0, false
	}
	n, err := strconv.ParseUint(fields[0], 10, 31)
	return uint32(n), err == nil
}

// isMaxForwards takes 0 to 255, and none: old phones leave it out, and nothing here forwards.
func isMaxForwards(s string) bool {
	_, err := strconv.ParseUint(s, 10, 8)
	return s == "" || err == nil
}

// isContentLength takes none, and a number that isn't more than there is (RFC 3261 section 18.3).
func isContentLength(s string, bodySize int) bool {
	n, err := strconv.ParseUint(s, 10, 31)
	return s == "" || err == nil && int(n) <= bodySize
}

// content is the body as far as Content-Length has it: what comes behind it in a datagram is dropped (RFC 3261 section 18.3).
func (r *request) content() []byte {
	if n, err := strconv.ParseUint(r.contentLength, 10, 31); err == nil && int(n) < len(r.body) {
		return r.body[:n]
	}
	return r.body
}

// stampVia adds to the top value of a Via header field where the request came from, as RFC 3261 section 18.2.1 and RFC 3581 section 4 ask:
// received when the address differs from what the client thinks or the client asks for rport, and then rport too. What a client claims of
// either is taken out. Answers go to that address and port in any case, so that phones behind NAT get them.
func stampVia(value string, peer netip.AddrPort) (stamped, branch string, ok bool) {
	top := value
	var below string
	if comma := indexOutsideQuotes(value, ','); comma >= 0 {
		top, below = value[:comma], value[comma:]
	}
	hop, rest, _ := strings.Cut(top, ";")
	hop = strings.TrimSpace(hop)
	space := strings.LastIndexAny(hop, " \t")
	parameters, ok := parseParameters(rest)
	if !ok || space < 0 || !strings.HasPrefix(strings.ToUpper(strings.Join(strings.Fields(hop[:space]), "")), "SIP/2.0/") {
		return "", "", false
	}
	var b strings.Builder
	b.WriteString(hop)
	for _, p := range parameters {
		if p.name == "rport" || p.name == "received" {
			continue
		}
		b.WriteString(";" + p.raw)
	}
	addr := peer.Addr().Unmap().WithZone("").String()
	_, rport := lookUp(parameters, "rport")
	if rport || sentBy(hop[space+1:]) != addr {
		b.WriteString(";received=" + addr)
	}
	if rport {
		b.WriteString(";rport=" + strconv.Itoa(int(peer.Port())))
	}
	branch, _ = lookUp(parameters, "branch")
	return b.String() + below, branch, true
}

// sentBy returns the host of a sent-by, IPv6 addresses without brackets.
func sentBy(s string) string {
	if host, _, err := net.SplitHostPort(s); err == nil {
		return host
	}
	return strings.Trim(s, "[]")
}
