package zone

import (
	"context"
	"net/netip"
	"testing"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// OneDomain knows the customer c1.
type OneDomain struct{}

// AnyTenantHasSIPDomain implements Domains.
func (OneDomain) AnyTenantHasSIPDomain(_ context.Context, domain string) (bool, error) {
	return domain == "c1.sip.example.test", nil
}

func TestQuestionsAboutCustomersAreTold(t *testing.T) {
	t.Parallel()
	var told []Asked
	s, err := New(Config{Parent: "sip.example.test", Domains: OneDomain{}, Host: "192.0.2.1", Ports: Ports{UDP: 5060}, Asked: func(a Asked) { told = append(told, a) }})
	require.NoError(t, err)
	peer := netip.MustParseAddr("::ffff:198.51.100.7")
	for _, q := range []struct {
		name string
		kind uint16
		want string // question and answer; "" for not told
	}{
		{"c1.sip.example.test.", dns.TypeNAPTR, "NAPTR NOERROR"},
		{"_SIP._udp.C1.sip.example.test.", dns.TypeSRV, "SRV _sip._udp NOERROR"},
		{"_sips._tcp.c1.sip.example.test.", dns.TypeSRV, "SRV _sips._tcp NXDOMAIN"},
		{"c1.sip.example.test.", dns.TypeAAAA, "AAAA NODATA"},
		{"evil\\010name.c1.sip.example.test.", dns.TypeTXT, "other other NXDOMAIN"},
		{"c2.sip.example.test.", dns.TypeA, ""},
		{"edge.sip.example.test.", dns.TypeA, ""},
		{"sip.example.test.", dns.TypeSOA, ""},
		{"example.org.", dns.TypeA, ""},
	} {
		told = nil
		request := new(dns.Msg).SetQuestion(q.name, q.kind)
		s.note(peer, request, s.respond(t.Context(), request, client{udp: true}))
		if q.want == "" {
			assert.Empty(t, told, q.name)
			continue
		}
		require.Len(t, told, 1, q.name)
		assert.Equal(t, q.want, told[0].Question+" "+told[0].Answer)
		assert.Equal(t, "c1.sip.example.test", told[0].Domain)
		assert.Equal(t, netip.MustParseAddr("198.51.100.7"), told[0].Peer)
	}
}
