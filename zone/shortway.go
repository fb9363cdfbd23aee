package zone

import (
	"context"
	"encoding/binary"
	"net/netip"
	"slices"

	"github.com/miekg/dns"
)

// Bytes of a DNS message that the short way reads and writes (RFC 1035 section 4.1.1, RFC 6891 section 6.1.2).
const (
	headerSize  = 12
	optSize     = 11 // of an OPT record without options
	maxNameSize = 255
	flagRD      = 0x01 // of the third byte
	flagTC      = 0x02 // as above
	flagsQuery  = 0xFE // of the third byte: what has to be 0 in a plain question
	flagCD      = 0x10 // of the fourth byte
	flagsOther  = 0xCF // of the fourth byte: what has to be 0 or is passed over, but for AD and CD
	optionHead  = 4    // code and length of an option
)

// plainQuery is a question as nearly all are: one name, class IN, at most EDNS with at most a cookie.
type plainQuery struct {
	packet []byte
	end    int // of the question
	qtype  uint16
	edns   bool
	do     bool
	size   int    // of the largest answer
	cookie []byte // content of the option; nil for none
}

// parsePlain reads a packet without making anything of it; false for whatever isn't so plain, which goes the long way.
func parsePlain(p []byte) (plainQuery, bool) {
	if len(p) < headerSize+5 || p[2]&flagsQuery != 0 || p[3]&flagsOther != 0 || binary.BigEndian.Uint16(p[4:]) != 1 || binary.BigEndian.Uint32(p[6:]) != 0 || p[10] != 0 || p[11] > 1 {
		return plainQuery{}, false
	}
	at := headerSize
	for p[at] != 0 {
		n := int(p[at])
		if n > 63 || at+n+1 >= len(p) {
			return plainQuery{}, false
		}
		at += n + 1
	}
	at++
	if at-headerSize > maxNameSize || at+4 > len(p) || binary.BigEndian.Uint16(p[at+2:]) != dns.ClassINET {
		return plainQuery{}, false
	}
	q := plainQuery{packet: p, end: at + 4, qtype: binary.BigEndian.Uint16(p[at:]), size: plainUDP}
	if p[11] == 0 {
		return q, q.end == len(p)
	}
	return q, q.parseOPT(p[q.end:])
}

// parseOPT reads the one record behind the question, which has to be EDNS of version 0 and the last.
func (q *plainQuery) parseOPT(o []byte) bool {
	if len(o) < optSize || o[0] != 0 || binary.BigEndian.Uint16(o[1:]) != dns.TypeOPT || o[5] != 0 || o[6] != 0 || int(binary.BigEndian.Uint16(o[9:])) != len(o)-optSize {
		return false
	}
	q.edns, q.do = true, o[7]&0x80 != 0
	q.size = max(plainUDP, min(maxUDP, int(binary.BigEndian.Uint16(o[3:]))))
	o = o[optSize:]
	if len(o) == 0 {
		return true
	}
	if len(o) < optionHead || binary.BigEndian.Uint16(o) != dns.EDNS0COOKIE || int(binary.BigEndian.Uint16(o[2:])) != len(o)-optionHead {
		return false
	}
	q.cookie = o[optionHead:]
	return wellFormed(q.cookie)
}

// key appends the question in canonical form: what an answer is kept by.
func (q *plainQuery) key(to []byte) []byte {
	name := q.packet[headerSize : q.end-4]
	for _, c := range name { // lengths of labels are below 'A'
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		to = append(to, c)
	}
	form := byte(0)
	if q.edns {
		form = 1
	}
	if q.do {
		form |= 2
	}
	return append(binary.BigEndian.AppendUint16(to, q.qtype), form)
}

// ready appends the answer to a question that was asked before and whose answer still holds. With nothing, ok says whether nothing is to be sent.
func (s *Server) ready(to, packet []byte, peer netip.Addr) (answer []byte, ok bool) {
	defer s.survive()
	q, plain := parsePlain(packet)
	if !plain {
		return nil, false
	}
	var space [maxNameSize + 3]byte
	a := s.answers.get(q.key(space[:0]))
	if a == nil || !s.good(a, s.now()) {
		return nil, false
	}
	return s.finish(to, &q, a, peer)
}

// made returns the answer to a plain question that wasn't asked before; false when it doesn't fit, and the long way is to be taken.
func (s *Server) made(ctx context.Context, packet []byte, peer netip.Addr) (answer []byte, ok bool) {
	q, plain := parsePlain(packet)
	if !plain || isTransfer(dns.Question{Qtype: q.qtype}) {
		return nil, false
	}
	key := q.key(nil)
	name, _, err := dns.UnpackDomainName(key, 0)
	if err != nil {
		return nil, false
	}
	a := s.makeAnswer(ctx, dns.Question{Name: name, Qtype: q.qtype, Qclass: dns.ClassINET}, q.edns, q.do)
	if a == nil {
		return nil, false
	}
	if a.keep {
		s.answers.put(key, a)
	}
	return s.finish(nil, &q, a, peer)
}

// makeAnswer makes an answer as large as may be.
func (s *Server) makeAnswer(ctx context.Context, q dns.Question, withEDNS, do bool) *wireAnswer {
	st := s.state.Load() // before the answer is made: what comes later is noticed
	request := &dns.Msg{Question: []dns.Question{q}}
	response := new(dns.Msg).SetReply(request)
	response.RecursionDesired, response.Compress = false, true
	n := s.answer(ctx, q, response)
	if do {
		s.secure(response, n)
	}
	size := plainUDP
	if withEDNS {
		options := &dns.OPT{Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeOPT}}
		if options.SetUDPSize(maxUDP); do {
			options.SetDo()
		}
		response.Extra, size = append(response.Extra, options), maxUDP
	}
	fit(response, size)
	wire, err := response.Pack()
	if err != nil {
		return nil
	}
	a := &wireAnswer{
		wire: wire, kind: kindOf(response.Rcode), layout: st.layout, serial: st.serial, since: n.since, own: n.exists && n.since == cached{}, made: s.now(),
		keep: n.exists && isKept(q.Qtype) && response.Rcode == dns.RcodeSuccess && !response.Truncated,
	}
	a.hasSOA = slices.ContainsFunc(slices.Concat(response.Answer, response.Ns), func(r dns.RR) bool { return r.Header().Rrtype == dns.TypeSOA })
	if told, ok := s.told(request, response); ok {
		a.told = &told
	}
	return a
}

// finish appends an answer in the form that its question asks for, unless its network has had too many. Owners of records point at the name in the question, so that
// they follow its spelling.
func (s *Server) finish(to []byte, q *plainQuery, a *wireAnswer, peer netip.Addr) ([]byte, bool) {
	size := len(a.wire)
	withCookie := q.cookie != nil && s.cookies != nil
	if withCookie {
		size += optionHead + clientCookieSize + serverCookieSize
	}
	if size > q.size {
		return nil, false
	}
	judged := pass
	if s.limiter != nil && !s.cookies.known(q.cookie, peer) {
		judged = s.limiter.judge(peer, a.kind, s.now())
	}
	s.counters.count(int(a.wire[3]&0xF), judged)
	if judged == drop {
		return nil, true
	}
	start := len(to)
	to = append(to, a.wire...)
	m := to[start:]
	copy(m, q.packet[:2])
	copy(m[headerSize:], q.packet[headerSize:q.end-4])
	m[2] |= q.packet[2] & flagRD
	m[3] |= q.packet[3] & flagCD
	if judged == slip {
		m[2] |= flagTC
		clear(m[6:headerSize])
		return to[:start+q.end], true
	}
	if withCookie { // the OPT record is the last, and had no options
		binary.BigEndian.PutUint16(m[len(m)-2:], optionHead+clientCookieSize+serverCookieSize)
		to = append(to, 0, dns.EDNS0COOKIE, 0, clientCookieSize+serverCookieSize)
		to = s.cookies.answer(to, q.cookie, peer)
	}
	if a.told != nil {
		told := *a.told
		told.Peer = peer
		s.asked(told)
	}
	return to, true
}
