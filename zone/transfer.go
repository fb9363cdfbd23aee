package zone

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

const (
	// maxTransfers is how many secondaries copy at once; each has a page of names and one message in memory.
	maxTransfers = 4
	// transferPage is how many customers are read at once.
	transferPage = 500
	// envelope is about how many bytes of records go into one message of a transfer, before names are compressed.
	envelope = 24 << 10
)

// isTransfer reports whether a question asks for the whole zone.
func isTransfer(q dns.Question) bool { return q.Qtype == dns.TypeAXFR || q.Qtype == dns.TypeIXFR }

// transfer answers AXFR and IXFR (RFC 5936, 1995). A request for what changed gets the whole zone, or only our SOA when the secondary is up to date, or asks over UDP.
func (s *Server) transfer(ctx context.Context, w dns.ResponseWriter, request *dns.Msg) {
	q, by := request.Question[0], s.signedBy(w, request)
	peer, err := netip.ParseAddrPort(w.RemoteAddr().String())
	overUDP := w.RemoteAddr().Network() == "udp"
	switch {
	case request.IsTsig() != nil && by == nil:
		s.reply(w, s.unsigned(request, w.TsigStatus()))
		return
	case by == nil, err != nil, !by.mayComeFrom(peer.Addr()), q.Qclass != dns.ClassINET, dns.CanonicalName(q.Name) != s.parent, overUDP && q.Qtype == dns.TypeAXFR:
		s.refuse(w, request, dns.RcodeRefused)
		return
	}
	st, err := s.refresh(ctx)
	if err != nil {
		s.logger.Error("a secondary couldn't copy the zone", "secondary", by.Name, "error", err)
		s.refuse(w, request, dns.RcodeServerFailure)
		return
	}
	t := &transferWriter{server: s, w: w, request: request, by: by}
	if have, told := serialOf(request); q.Qtype == dns.TypeIXFR && (overUDP || told && !newer(st.serial, have)) {
		t.add(s.soa(st, s.parent, s.ttl))
		t.flush()
		return
	}
	s.wholeZone(ctx, st, t, peer.Addr())
}

// refuse answers with a response code, signed if the request was.
func (s *Server) refuse(w dns.ResponseWriter, request *dns.Msg, rcode int) {
	response := new(dns.Msg).SetRcode(request, rcode)
	if by := s.signedBy(w, request); by != nil {
		s.sign(response, by)
	}
	s.reply(w, response)
}

// wholeZone sends every record, if there is a place for that.
func (s *Server) wholeZone(ctx context.Context, st *state, t *transferWriter, peer netip.Addr) {
	if !take(t.by.busy) {
		s.refuse(t.w, t.request, dns.RcodeRefused)
		return
	}
	defer func() { <-t.by.busy }()
	if !take(s.transfers) {
		s.refuse(t.w, t.request, dns.RcodeRefused)
		return
	}
	defer func() { <-s.transfers }()
	if err := s.writeZone(ctx, st, t); err != nil { // the connection is cut, so that nobody takes a part for the whole
		s.logger.Warn("a transfer broke off", "secondary", t.by.Name, "peer", peer.String(), "error", err)
		_ = t.w.Close()
		return
	}
	s.logger.Info("a secondary copied the zone", "secondary", t.by.Name, "serial", st.serial, "customers", t.customers, "messages", t.messages)
}

func take(places chan struct{}) bool {
	select {
	case places <- struct{}{}:
		return true
	default:
		return false
	}
}

// writeZone writes the zone from SOA to SOA, a page of customers after the other. It isn't of one moment: what changes meanwhile may be in it and may not, but it
// raises the serial number above the one that was read first, so that it is copied again. No two records have to agree with each other.
func (s *Server) writeZone(ctx context.Context, st *state, t *transferWriter) error {
	t.add(s.apex(st, s.parent)...)
	names := make([]string, 0, len(st.layout.hosts))
	for name := range st.layout.hosts {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		t.add(s.addressRecords(name, st.layout.hosts[name])...)
	}
	for after, more := "", true; more && t.err == nil; {
		page, err := s.world.AnyTenantSIPDomains(ctx, after, transferPage)
		if err != nil {
			return err
		}
		for _, domain := range page {
			s.addCustomer(st, t, domain)
		}
		if more = len(page) == transferPage; more {
			after = page[len(page)-1]
		}
	}
	t.add(s.soa(st, s.parent, s.ttl))
	t.flush()
	return t.err
}

// addCustomer adds the records of a customer whose domain is ours to answer for.
func (s *Server) addCustomer(st *state, t *transferWriter, domain string) {
	name := dns.CanonicalName(domain)
	label, below := strings.CutSuffix(name, "."+s.parent)
	if _, own := st.layout.hosts[name]; !below || own || !isCustomerLabel(label) {
		return
	}
	t.customers++
	t.add(s.addressRecords(name, st.layout.addresses)...)
	t.add(s.naptrs(st, name, name)...)
	for _, v := range st.layout.services {
		t.add(s.srvs(v.prefix+"."+name, v)...)
	}
}

// transferWriter gathers records into messages.
type transferWriter struct {
	server              *Server
	w                   dns.ResponseWriter
	request             *dns.Msg
	by                  *secondary
	records             []dns.RR
	size                int
	messages, customers int
	err                 error // the first one; nothing is sent after it
}

func (t *transferWriter) add(records ...dns.RR) {
	for _, r := range records {
		if t.size += dns.Len(r); t.size > envelope {
			t.flush()
			t.size = dns.Len(r)
		}
		t.records = append(t.records, r)
	}
}

func (t *transferWriter) flush() {
	if t.err != nil || len(t.records) == 0 {
		t.records = t.records[:0]
		return
	}
	response := new(dns.Msg).SetReply(t.request)
	response.Authoritative, response.Compress, response.Answer = true, true, t.records
	t.server.sign(response, t.by)
	t.err = t.w.WriteMsg(response)
	t.w.TsigTimersOnly(true) // RFC 8945 section 5.3.1
	t.messages++
	t.records, t.size = t.records[:0], 0
}

// serialOf returns the serial number that a secondary says it has.
func serialOf(request *dns.Msg) (uint32, bool) {
	if len(request.Ns) == 1 {
		if soa, ok := request.Ns[0].(*dns.SOA); ok {
			return soa.Serial, true
		}
	}
	return 0, false
}

// newer reports whether serial a comes after b on the circle of 32 bits (RFC 1982 section 3.2). Two that lie opposite each other aren't comparable: copying is safe.
func newer(a, b uint32) bool { return a != b && a-b <= 1<<31 }
