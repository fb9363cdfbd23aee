package zone

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/netip"
	"runtime/debug"

	"github.com/miekg/dns"
)

const (
	// maxUDP is the largest answer over UDP, in bytes: it crosses nearly every path in one piece (DNS flag day 2020). It also bounds what
	// a forged question can turn against somebody else. Without EDNS the bound is 512 (RFC 1035 section 4.2.1). What is usual stays far below:
	// the longest answer, NAPTR with everything behind it, is less than nine times the question, the others less than four times.
	maxUDP   = 1232
	plainUDP = 512
)

// accept looks at the header alone, before the rest is parsed. Answers are met with silence (or two servers could shout at each other for ever),
// operations other than queries with NOTIMP, and what is no question at all with FORMERR.
func accept(h dns.Header) dns.MsgAcceptAction {
	const notify = dns.OpcodeNotify << 11
	if h.Bits&(0xF<<11) == notify && h.Bits&(1<<15) == 0 {
		return dns.MsgRejectNotImplemented
	}
	return dns.DefaultMsgAcceptFunc(h)
}

// client is where a question came from.
type client struct {
	peer netip.Addr
	udp  bool
}

func clientOf(w dns.ResponseWriter) client {
	peer, _ := netip.ParseAddrPort(w.RemoteAddr().String()) // both kinds of sockets have one; else no address at all
	return client{peer.Addr().Unmap(), w.RemoteAddr().Network() == "udp"}
}

// serve answers one question on the connection that it came by. A bug met on the way costs that one answer, not the server.
func (s *Server) serve(ctx context.Context, w dns.ResponseWriter, request *dns.Msg) {
	defer s.survive()
	if len(request.Question) == 1 && isTransfer(request.Question[0]) {
		s.transfer(ctx, w, request)
		return
	}
	from, by := clientOf(w), s.signedBy(w, request)
	if request.IsTsig() != nil && by == nil {
		s.limited(w, from, s.unsigned(request, w.TsigStatus()), false)
		return
	}
	response := s.respond(ctx, request, from)
	if by != nil {
		s.sign(response, by)
	}
	s.limited(w, from, response, by != nil || s.cookies.known(cookieOf(request), from.peer))
	s.note(from.peer, request, response)
}

// survive keeps the server running when an answer met a bug.
func (s *Server) survive() {
	if p := recover(); p != nil {
		s.logger.Error("answering a DNS question panicked", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	}
}

// limited sends an answer, unless it goes over UDP to somebody unknown whose network has had too many.
func (s *Server) limited(w dns.ResponseWriter, from client, response *dns.Msg, known bool) {
	judged := pass
	if from.udp && s.limiter != nil && !known {
		judged = s.limiter.judge(from.peer, kindOf(response.Rcode), s.now())
	}
	s.counters.count(response.Rcode, judged)
	switch judged {
	case pass:
	case slip:
		response.Truncated, response.Answer, response.Ns, response.Extra = true, nil, nil, nil
	default:
		return
	}
	s.reply(w, response)
}

func (s *Server) reply(w dns.ResponseWriter, response *dns.Msg) {
	if err := w.WriteMsg(response); err != nil {
		s.logger.Debug("a DNS answer couldn't be sent", "peer", w.RemoteAddr().String(), "error", err)
	}
}

func kindOf(rcode int) kind {
	switch rcode {
	case dns.RcodeSuccess:
		return kindPositive
	case dns.RcodeNameError:
		return kindUnknown
	default:
		return kindOther
	}
}

// respond makes the whole answer to a message that holds exactly one question.
func (s *Server) respond(ctx context.Context, request *dns.Msg, from client) *dns.Msg {
	response := new(dns.Msg).SetReply(request)
	response.Compress = true
	size := dns.MaxMsgSize
	if from.udp {
		size = plainUDP
	}
	cookie := cookieOf(request)
	switch options, count := edns(request); {
	case count > 1, cookie != nil && !wellFormed(cookie): // RFC 6891 section 6.1.1, RFC 7873 section 5.2.2
		response.Rcode = dns.RcodeFormatError
	case count == 1 && options.Version() != 0:
		response.Extra = []dns.RR{ednsReply(options)}
		response.Rcode = dns.RcodeBadVers
	case count == 1:
		if from.udp {
			size = max(plainUDP, min(maxUDP, int(options.UDPSize())))
		}
		n := s.answer(ctx, request.Question[0], response)
		if options.Do() {
			s.secure(response, n)
		}
		reply := ednsReply(options)
		if cookie != nil && s.cookies != nil {
			content := s.cookies.answer(nil, cookie, from.peer)
			reply.Option = append(reply.Option, &dns.EDNS0_COOKIE{Code: dns.EDNS0COOKIE, Cookie: hex.EncodeToString(content)})
		}
		response.Extra = append(response.Extra, reply)
	default:
		s.answer(ctx, request.Question[0], response)
	}
	fit(response, size)
	return response
}

// cookieOf returns the content of the first cookie option of a request; nil for none.
func cookieOf(request *dns.Msg) []byte {
	options, _ := edns(request)
	if options == nil {
		return nil
	}
	for _, o := range options.Option {
		if c, ok := o.(*dns.EDNS0_COOKIE); ok {
			content, err := hex.DecodeString(c.Cookie)
			if err != nil || content == nil {
				return []byte{}
			}
			return content
		}
	}
	return nil
}

// answer fills in the response code and the sections, and returns what stands at the name.
func (s *Server) answer(ctx context.Context, q dns.Question, response *dns.Msg) node {
	name := dns.CanonicalName(q.Name)
	if q.Qclass != dns.ClassINET || isTransfer(q) || !s.isBelowParent(name) {
		response.Rcode = dns.RcodeRefused
		return node{}
	}
	st := s.state.Load()
	n, err := s.find(ctx, st, q.Name)
	if err != nil {
		s.failures.Do(func() { s.logger.Error("a DNS question couldn't be answered", "name", name, "error", err) })
		response.Rcode = dns.RcodeServerFailure
		return node{}
	}
	response.Authoritative = true
	response.Answer = s.matching(n, q)
	switch {
	case len(response.Answer) > 0:
		response.Extra = s.additional(st, response.Answer)
		return n
	case !n.exists:
		response.Rcode = dns.RcodeNameError
	case q.Qtype == dns.TypeDS: // the parent knows whether a zone is signed, so that it is the one to say no (RFC 4035 section 3.1.4.1)
		n.zone = s.parent
	}
	response.Ns = []dns.RR{s.soa(st, n.zone, min(s.ttl, negativeTTL))}
	return n
}

// matching are the node's records that were asked for.
func (s *Server) matching(n node, q dns.Question) []dns.RR {
	if q.Qtype == dns.TypeANY && n.exists {
		return []dns.RR{s.refusedAny(q.Name)}
	}
	var found []dns.RR
	for _, record := range n.records {
		if record.Header().Rrtype == q.Qtype {
			found = append(found, record)
		}
	}
	return found
}

// edns returns the first OPT record of a request, and how many there are.
func edns(request *dns.Msg) (options *dns.OPT, count int) {
	for _, record := range request.Extra {
		if opt, ok := record.(*dns.OPT); ok {
			if count == 0 {
				options = opt
			}
			count++
		}
	}
	return options, count
}

// ednsReply says what we can take (RFC 6891 section 6.2.3), and repeats the DO bit as RFC 3225 section 3 asks. Options of the request other than
// cookies are unknown to us, and passed over.
func ednsReply(request *dns.OPT) *dns.OPT {
	reply := &dns.OPT{Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeOPT}}
	reply.SetUDPSize(maxUDP)
	if request.Do() {
		reply.SetDo()
	}
	return reply
}

// fit makes the response fit into size bytes. Additional records go first and quietly, a whole set at a time (RFC 2181 section 9): whoever
// misses them asks. Only a cut in the answer itself sets TC, which makes the client come back over TCP.
func fit(response *dns.Msg, size int) {
	for response.Len() > size {
		last := len(response.Extra) - 1
		for last >= 0 && response.Extra[last].Header().Rrtype == dns.TypeOPT {
			last--
		}
		if last < 0 {
			response.Truncate(size)
			response.Compress = true
			return
		}
		first := last
		for first > 0 && sameSet(response.Extra[first-1], response.Extra[last]) {
			first--
		}
		response.Extra = append(response.Extra[:first], response.Extra[last+1:]...)
	}
}

func sameSet(a, b dns.RR) bool {
	return a.Header().Rrtype == b.Header().Rrtype && a.Header().Name == b.Header().Name
}
