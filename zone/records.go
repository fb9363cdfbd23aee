package zone

import (
	"net/netip"
	"slices"

	"github.com/miekg/dns"
)

// negativeTTL is how many seconds a resolver may remember that something isn't there (RFC 2308): short, so that a new customer's phones find
// their domain although one of them was plugged in too early.
const negativeTTL = 10

// The rest of the SOA (RFC 1912 section 2.2). Secondaries are told of changes, and ask by themselves after soaRefresh in case that was lost.
const (
	soaRefresh = 3600
	soaRetry   = 600
	soaExpire  = 604800
)

func (s *Server) header(owner string, rrtype uint16, ttl uint32) dns.RR_Header {
	return dns.RR_Header{Name: owner, Rrtype: rrtype, Class: dns.ClassINET, Ttl: ttl}
}

func (s *Server) soa(st *state, owner string, ttl uint32) dns.RR {
	return &dns.SOA{
		Hdr: s.header(owner, dns.TypeSOA, ttl), Ns: s.nameServers[0].Name, Mbox: "hostmaster." + s.parent,
		Serial: st.serial, Refresh: soaRefresh, Retry: soaRetry, Expire: soaExpire, Minttl: negativeTTL,
	}
}

// apex are the records that make a name the top of a zone.
func (s *Server) apex(st *state, owner string) []dns.RR {
	records := []dns.RR{s.soa(st, owner, s.ttl)}
	for _, n := range s.nameServers {
		records = append(records, &dns.NS{Hdr: s.header(owner, dns.TypeNS, s.ttl), Ns: n.Name})
	}
	return records
}

// naptrs are RFC 3263 section 4.1's records for a customer's domain: one for each open SIP door, TLS first.
func (s *Server) naptrs(st *state, owner, domain string) []dns.RR {
	records := make([]dns.RR, 0, len(st.layout.services))
	for _, v := range st.layout.services {
		records = append(records, &dns.NAPTR{
			Hdr: s.header(owner, dns.TypeNAPTR, s.ttl), Order: v.order, Preference: 10, Flags: "s", Service: v.field,
			Replacement: v.prefix + "." + domain,
		})
	}
	return records
}

// srvs are a service's records: one for each node that has it open.
func (s *Server) srvs(owner string, v service) []dns.RR {
	records := make([]dns.RR, len(v.targets))
	for i, t := range v.targets {
		records[i] = &dns.SRV{Hdr: s.header(owner, dns.TypeSRV, s.ttl), Priority: t.priority, Weight: t.weight, Port: t.port, Target: t.host}
	}
	return records
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
func (s *Server) additional(st *state, answer []dns.RR) []dns.RR {
	var extra []dns.RR
	var hosts []string
	note := func(host string) {
		if !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	for _, record := range answer {
		switch r := record.(type) {
		case *dns.NAPTR:
			if v, ok := st.layout.serviceOf(r.Replacement); ok {
				extra = append(extra, s.srvs(r.Replacement, v)...)
				for _, t := range v.targets {
					note(t.host)
				}
			}
		case *dns.SRV:
			note(r.Target)
		case *dns.NS:
			note(r.Ns)
		}
	}
	for _, host := range hosts {
		extra = append(extra, s.addressRecords(host, st.layout.hosts[host])...)
	}
	return extra
}
