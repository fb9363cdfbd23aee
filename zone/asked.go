package zone

import (
	"net/netip"
	"strings"

	"github.com/miekg/dns"
)

// Asked is a question about a customer's domain that was answered. It holds nothing of a stranger's making: what isn't a name or a type that phones ask for is called
// "other".
type Asked struct {
	Peer     netip.Addr
	Domain   string // the customer's, lower case, without a final dot
	Question string // type and what stands before the domain, such as "SRV _sip._udp"
	Answer   string // NOERROR, NODATA for a name without such records, NXDOMAIN
}

// note tells whoever wants to know of an answered question about a customer's domain.
func (s *Server) note(peer netip.Addr, request, response *dns.Msg) {
	if a, ok := s.told(request, response); ok {
		a.Peer = peer.Unmap()
		s.asked(a)
	}
}

// told returns what there is to tell of an answer, whoever asked; false for nothing.
func (s *Server) told(request, response *dns.Msg) (Asked, bool) {
	if s.asked == nil || len(request.Question) != 1 || !response.Authoritative {
		return Asked{}, false
	}
	q := request.Question[0]
	name := dns.CanonicalName(q.Name)
	if !s.isBelowParent(name) || name == s.parent {
		return Asked{}, false
	}
	if _, own := s.state.Load().layout.hosts[name]; own {
		return Asked{}, false
	}
	label, before := s.split(name)
	a := Asked{Domain: label + "." + strings.TrimSuffix(s.parent, "."), Answer: "NOERROR"}
	switch {
	case response.Rcode == dns.RcodeNameError && !s.isCustomers(label):
		return Asked{}, false // no customer has it
	case response.Rcode == dns.RcodeNameError:
		a.Answer = "NXDOMAIN"
	case response.Rcode != dns.RcodeSuccess:
		return Asked{}, false
	case len(response.Answer) == 0:
		a.Answer = "NODATA"
	}
	a.Question = strings.TrimSpace(typeOf(q.Qtype) + " " + s.prefixOf(strings.TrimSuffix(before, ".")))
	return a, true
}

// isCustomers reports whether a label was found to be a customer's a moment ago.
func (s *Server) isCustomers(label string) bool {
	c, ok := s.domains.cache.GetIfPresent(label)
	return ok && c.exists
}

func typeOf(t uint16) string {
	switch t {
	case dns.TypeA, dns.TypeAAAA, dns.TypeNAPTR, dns.TypeSRV:
		return dns.TypeToString[t]
	default:
		return "other"
	}
}

// prefixOf returns what stands before a customer's domain, if phones ask for it.
func (s *Server) prefixOf(before string) string {
	switch before {
	case "", "_sip._udp", "_sip._tcp", "_sips._tcp":
		return before
	default:
		return "other"
	}
}
