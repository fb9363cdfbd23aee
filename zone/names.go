package zone

import (
	"context"
	"net/netip"
	"strings"

	"github.com/miekg/dns"
)

// node is what stands at a name.
type node struct {
	zone    string // apex of the zone that the name belongs to: its SOA goes with a negative answer (RFC 2308)
	exists  bool
	records []dns.RR // all of them, owned by the name as it was asked; none at a name that only has names below it
	since   cached   // what the store said of the customer; zero for names of our own
}

// find returns what stands at a name below the parent. asked is the name in the spelling of the question, in which the records answer (0x20).
// Its cost doesn't depend on how many customers there are: the label before the parent is cut out and looked up by itself.
func (s *Server) find(ctx context.Context, st *state, asked string) (node, error) {
	name := dns.CanonicalName(asked)
	if addresses, ok := st.layout.hosts[name]; ok {
		return s.ownNode(st, asked, name, addresses), nil
	}
	label, before := s.split(name)
	if !isCustomerLabel(label) {
		return node{zone: s.parent}, nil
	}
	known, err := s.domains.look(ctx, label)
	if err != nil {
		return node{}, err
	}
	if !known.exists {
		return node{zone: s.parent}, nil
	}
	n := s.customerNode(st, asked, name[len(before):], strings.TrimSuffix(before, "."))
	n.since = known
	return n, nil
}

// isBelowParent reports whether the canonical name is the parent or below it. It compares whole labels: xsip.example.com isn't below
// sip.example.com, nor is x\.sip.example.com, whose first label has a dot in it.
func (s *Server) isBelowParent(name string) bool {
	start, _ := dns.PrevLabel(name, s.parentLabels)
	return name[start:] == s.parent
}

// split cuts a canonical name below the parent into the label right before the parent and what stands before that, with its final dot: for
// _sip._udp.c1.sip.example.com. it gives "c1" and "_sip._udp.".
func (s *Server) split(name string) (label, before string) {
	parentStart, _ := dns.PrevLabel(name, s.parentLabels)
	labelStart, _ := dns.PrevLabel(name, s.parentLabels+1)
	return name[labelStart : parentStart-1], name[:labelStart]
}

// isCustomerLabel reports whether the label could be a customer's: letters in lower case, digits and hyphens (RFC 1123 section 2.1). Nothing
// else reaches the store, escapes such as \046 least of all.
func isCustomerLabel(label string) bool {
	if label == "" || len(label) > 63 {
		return false
	}
	for i := range len(label) {
		c := label[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// ownNode is a name of our own: the parent itself, a name server, the edge, a node, or the public host.
func (s *Server) ownNode(st *state, asked, name string, addresses []netip.Addr) node {
	n := node{zone: s.parent, exists: true, records: s.addressRecords(asked, addresses)}
	if name == s.parent {
		n.records = append(n.records, s.apex(st, asked)...)
		n.records = append(n.records, s.ownKey(asked)...)
	}
	return n
}

// customerNode is a name in a customer's domain; before is what stands before the domain, without a final dot.
func (s *Server) customerNode(st *state, asked, domain, before string) node {
	n := node{zone: domain}
	if s.oneZone {
		n.zone = s.parent
	}
	if before == "" {
		n.exists = true
		n.records = s.addressRecords(asked, st.layout.addresses)
		if !s.oneZone {
			n.records = append(n.records, s.apex(st, asked)...)
		}
		n.records = append(n.records, s.naptrs(st, asked, domain)...)
		return n
	}
	for _, v := range st.layout.services {
		if before == v.prefix {
			n.exists, n.records = true, s.srvs(asked, v)
		}
		if strings.HasSuffix(v.prefix, "."+before) { // _tcp and _udp: they hold nothing, but have names below them
			n.exists = true
		}
	}
	return n
}
