package upstream_test

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/upstream"
)

// nameServer answers with the records that it has, and returns where it is asked.
func nameServer(t *testing.T, records ...string) string {
	t.Helper()
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	started := make(chan struct{})
	server := &dns.Server{PacketConn: socket, NotifyStartedFunc: func() { close(started) }, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		answer := new(dns.Msg).SetReply(q)
		for _, text := range records {
			rr, err := dns.NewRR(text)
			if err == nil && rr.Header().Name == q.Question[0].Name && rr.Header().Rrtype == q.Question[0].Qtype {
				answer.Answer = append(answer.Answer, rr)
			}
		}
		_ = w.WriteMsg(answer)
	})}
	ended := make(chan error, 1)
	go func() { ended <- server.ActivateAndServe() }()
	<-started
	t.Cleanup(func() {
		_ = server.Shutdown()
		assert.NoError(t, <-ended)
	})
	return socket.LocalAddr().String()
}

func TestANameIsFoundAsRFC3263Says(t *testing.T) {
	t.Parallel()
	server := nameServer(t,
		`sip.test. 300 IN NAPTR 20 10 "s" "SIP+D2U" "" other._udp.test.`,
		`sip.test. 300 IN NAPTR 10 10 "s" "SIP+D2U" "" first._udp.test.`,
		`sip.test. 300 IN NAPTR 10 20 "s" "SIPS+D2T" "" secure._tcp.test.`,
		`first._udp.test. 60 IN SRV 20 0 5070 b.test.`,
		`first._udp.test. 60 IN SRV 10 0 5080 a.test.`,
		`_sip._tcp.sip.test. 300 IN SRV 1 1 5090 a.test.`,
		`a.test. 30 IN A 192.0.2.1`, `a.test. 30 IN AAAA 2001:db8::1`, `b.test. 30 IN A 192.0.2.2`, `sip.test. 30 IN A 192.0.2.3`,
	)
	resolver := upstream.SystemResolver{Servers: []string{server}, Random: func() float64 { return 0 }}
	for name, test := range map[string]struct {
		setting upstream.Setting
		want    []string
		ttl     time.Duration
	}{
		"NAPTR":         {upstream.Setting{Host: "sip.test", Transport: upstream.UDP}, []string{"192.0.2.1:5080", "[2001:db8::1]:5080", "192.0.2.2:5070"}, 30 * time.Second},
		"SRV":           {upstream.Setting{Host: "sip.test", Transport: upstream.TCP}, []string{"192.0.2.1:5090", "[2001:db8::1]:5090"}, 30 * time.Second},
		"an address":    {upstream.Setting{Host: "b.test", Transport: upstream.TLS}, []string{"192.0.2.2:5061"}, 30 * time.Second},
		"with its port": {upstream.Setting{Host: "sip.test", Port: 5099, Transport: upstream.UDP}, []string{"192.0.2.3:5099"}, 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, ttl, err := resolver.Resolve(t.Context(), test.setting)
			require.NoError(t, err)
			var want []netip.AddrPort
			for _, text := range test.want {
				want = append(want, netip.MustParseAddrPort(text))
			}
			assert.Equal(t, want, got[:len(want)])
			assert.Equal(t, test.ttl, ttl)
		})
	}
	list, _, _ := resolver.Resolve(t.Context(), upstream.Setting{Host: "nobody.invalid", Transport: upstream.UDP})
	assert.Empty(t, list)
}
