package zone_test

import (
	"net"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEDNS(t *testing.T) {
	t.Parallel()
	at := serve(t, config(fixed("c1.sip.example.com")))
	t.Run("none asked, none given", func(t *testing.T) {
		t.Parallel()
		assert.Nil(t, ask(t, at, question("c1.sip.example.com.", dns.TypeA)).IsEdns0())
	})
	t.Run("the size that we take and the DO bit", func(t *testing.T) {
		t.Parallel()
		for _, do := range []bool{false, true} {
			opt := ask(t, at, question("c1.sip.example.com.", dns.TypeA).SetEdns0(4096, do)).IsEdns0()
			require.NotNil(t, opt)
			assert.Equal(t, uint16(1232), opt.UDPSize())
			assert.Equal(t, do, opt.Do())
			assert.Equal(t, uint8(0), opt.Version())
			assert.Empty(t, opt.Option)
		}
	})
	t.Run("on refusals too", func(t *testing.T) {
		t.Parallel()
		assert.NotNil(t, ask(t, at, question("example.org.", dns.TypeA).SetEdns0(4096, false)).IsEdns0())
	})
	t.Run("an unknown version", func(t *testing.T) {
		t.Parallel()
		q := question("c1.sip.example.com.", dns.TypeA).SetEdns0(4096, false)
		q.IsEdns0().SetVersion(1)
		got := ask(t, at, q)
		assert.Equal(t, 16, got.Rcode, "BADVERS (RFC 6891 section 6.1.3)")
		assert.Equal(t, uint8(0), got.IsEdns0().Version())
		assert.Empty(t, got.Answer)
	})
	t.Run("two of them", func(t *testing.T) {
		t.Parallel()
		q := question("c1.sip.example.com.", dns.TypeA).SetEdns0(4096, false).SetEdns0(4096, false)
		assert.Equal(t, dns.RcodeFormatError, ask(t, at, q).Rcode)
	})
	t.Run("unknown options are passed over", func(t *testing.T) {
		t.Parallel()
		q := question("c1.sip.example.com.", dns.TypeA).SetEdns0(4096, false)
		q.IsEdns0().Option = []dns.EDNS0{&dns.EDNS0_LOCAL{Code: 65001, Data: []byte("x")}, &dns.EDNS0_COOKIE{Code: dns.EDNS0COOKIE, Cookie: "0102030405060708"}}
		got := ask(t, at, q)
		assert.Equal(t, dns.RcodeSuccess, got.Rcode)
		assert.Empty(t, got.IsEdns0().Option)
	})
}

func TestWhatIsNoQueryOfOurs(t *testing.T) {
	t.Parallel()
	at := serve(t, config(fixed("c1.sip.example.com")))
	tests := map[string]struct {
		change func(*dns.Msg)
		want   int
	}{
		"class CH":          {func(m *dns.Msg) { m.Question[0].Qclass = dns.ClassCHAOS }, dns.RcodeRefused},
		"class ANY":         {func(m *dns.Msg) { m.Question[0].Qclass = dns.ClassANY }, dns.RcodeRefused},
		"an unknown class":  {func(m *dns.Msg) { m.Question[0].Qclass = 4711 }, dns.RcodeRefused},
		"NOTIFY":            {func(m *dns.Msg) { m.Opcode = dns.OpcodeNotify }, dns.RcodeNotImplemented},
		"UPDATE":            {func(m *dns.Msg) { m.Opcode = dns.OpcodeUpdate }, dns.RcodeNotImplemented},
		"STATUS":            {func(m *dns.Msg) { m.Opcode = dns.OpcodeStatus }, dns.RcodeNotImplemented},
		"an unknown opcode": {func(m *dns.Msg) { m.Opcode = 9 }, dns.RcodeNotImplemented},
		"no question":       {func(m *dns.Msg) { m.Question = nil }, dns.RcodeFormatError},
		"two questions":     {func(m *dns.Msg) { m.Question = append(m.Question, m.Question[0]) }, dns.RcodeFormatError},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := question("c1.sip.example.com.", dns.TypeA)
			tt.change(q)
			got := ask(t, at, q)
			assert.Equal(t, dns.RcodeToString[tt.want], dns.RcodeToString[got.Rcode])
			assert.Equal(t, q.Opcode, got.Opcode)
			assert.Empty(t, got.Answer)
			assert.False(t, got.Authoritative)
		})
	}
}

// A server that answers answers can be made to talk to another one for ever.
func TestAnswersAndCrumbsAreMetWithSilence(t *testing.T) {
	t.Parallel()
	at := serve(t, config(fixed("c1.sip.example.com")))
	conn, err := net.Dial("udp", at)
	require.NoError(t, err)
	defer func() { assert.NoError(t, conn.Close()) }()
	response := question("c1.sip.example.com.", dns.TypeA)
	response.Response = true
	packed, err := response.Pack()
	require.NoError(t, err)
	notify := question("c1.sip.example.com.", dns.TypeSOA)
	notify.Response, notify.Opcode = true, dns.OpcodeNotify
	packedNotify, err := notify.Pack()
	require.NoError(t, err)
	last := question("c1.sip.example.com.", dns.TypeA)
	packedLast, err := last.Pack()
	require.NoError(t, err)
	for _, packet := range [][]byte{packed, packedNotify, {}, {1}, packed[:11], packedLast} {
		_, err := conn.Write(packet)
		require.NoError(t, err)
	}
	buffer := make([]byte, 4096)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(10*time.Second)))
	n, err := conn.Read(buffer)
	require.NoError(t, err)
	var got dns.Msg
	require.NoError(t, got.Unpack(buffer[:n]))
	assert.Equal(t, last.Id, got.Id, "only the last one is a question")
}
