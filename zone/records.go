package zone

import (
	"net/netip"
	"strings"

	"github.com/miekg/dns"
)

// negativeTTL is how many seconds a resolver may remember that something isn't there (RFC 2308): short, so that a new customer's phones find
// their domain although one of them was plugged in too early.
const negativeTTL = 10

// The rest of the SOA. Nobody copies these zones (there is no transfer), so that the serial never has to rise and the intervals only have
// to be sane (RFC 1912 section 2.2).
const (
	soaSerial  = 1
	soaRefresh = 3600
	soaRetry   = 600
	soaExpire  = 604800
)

// srvPriority leaves room below and above. There is one target, so that the weight decides nothing (RFC 2782).
const srvPriority = 10

func (s *Server) header(owner string, rrtype uint16, ttl uint32) dns.RR_Header {
	return dns.RR_Header{Name: owner, Rrtype: rrtype, Class: dns.ClassINET, Ttl: ttl}
}

func (s *Server) soa(owner string, ttl uint32) dns.RR {
	return &dns.SOA{
		Hdr: s.header(owner, dns.TypeSOA, ttl), Ns: s.nameServer, Mbox: "hostmaster." + s.parent,
		Serial: soaSerial, Refresh: soaRefresh, Retry: soaRetry, Expire: soaExpire, Minttl: negativeTTL,
	}
}

func (s *Server) ns(owner string) dns.RR {
	return &dns.NS{Hdr: s.header(owner, dns.TypeNS, s.ttl), Ns: s.nameServer}
}

// naptrs are RFC 3263 section 4.1's records for a customer's domain: one for each open SIP door, TLS first.
func (s *Server) naptrs(owner, domain string) []dns.RR {
	records := make([]dns.RR, 0, len(s.services))
	for _, v := range s.services {
		records = append(records, &dns.NAPTR{
			Hdr: s.header(owner, dns.TypeNAPTR, s.ttl), Order: v.order, Preference: 10, Flags: "s", Service: v.field,
			Replacement: v.prefix + "." + domain,
		})
	}
	return records
}

func (s *Server) srv(owner string, v service) dns.RR {
	return &dns.SRV{Hdr: s.header(owner, dns.TypeSRV, s.ttl), Priority: srvPriority, Port: v.port, Target: s.target}
}

func (s *Server) addressRecords(owner string, addresses []netip.Addr) []dns.RR {
	records := make([]dns.RR, 0, len(addresses)+5) // what else stands at a domain's apex fits in
	for _, a := range addresses {
		if a.Is4() {
			records = append(records, &dns.A{Hdr: s.header(owner, dns.TypeA, s.ttl), A: a.AsSlice()})
		} else {
			records = append(records, &dns.AAAA{Hdr: s.header(owner, dns.TypeAAAA, s.ttl), AAAA: a.AsSlice()})
		}
	}
	return records
}

// refusedAny is all that a question for ANY gets where there is something (RFC 8482 section 4.2): such questions are asked to make a server
// shout at somebody else.
func (s *Server) refusedAny(owner string) dns.RR {
	return &dns.HINFO{Hdr: s.header(owner, dns.TypeHINFO, s.ttl), Cpu: "RFC8482"}
}

// additional are the records that whoever gets the answer would ask for next, so that a phone needn't: the SRV records behind NAPTR ones, and the
// addresses of SRV targets and name servers that are ours. What belongs to one name and type stands together.
func (s *Server) additional(answer []dns.RR) []dns.RR {
	var extra []dns.RR
	var hosts []string
	for _, record := range answer {
		switch r := record.(type) {
		case *dns.NAPTR:
			for _, v := range s.services {
				if strings.HasPrefix(r.Replacement, v.prefix+".") {
					extra = append(extra, s.srv(r.Replacement, v))
				}
			}
			hosts = []string{s.target}
		case *dns.SRV:
			hosts = []string{s.target}
		case *dns.NS:
			hosts = []string{s.nameServer}
		}
	}
	for _, host := range hosts {
		extra = append(extra, s.addressRecords(host, s.hosts[host])...)
	}
	return extra
}
