package zone_test

import (
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A real client that isn't this library.
func TestDig(t *testing.T) {
	t.Parallel()
	dig, err := exec.LookPath("dig")
	if err != nil {
		missing(t, "dig", "dnsutils")
	}
	c := config(fixed("c1.sip.example.com"))
	c.Host = "198.51.100.1"
	host, port, err := net.SplitHostPort(serve(t, c))
	require.NoError(t, err)
	tests := map[string]struct {
		arguments string
		want      []string
		not       []string
	}{
		"NAPTR": {"c1.sip.example.com NAPTR", []string{"status: NOERROR", "flags: qr aa;", "ANSWER: 3,", `NAPTR 10 10 "s" "SIPS+D2T" "" _sips._tcp.c1.sip.example.com.`,
			`NAPTR 20 10 "s" "SIP+D2T" "" _sip._tcp.c1.sip.example.com.`, `NAPTR 30 10 "s" "SIP+D2U" "" _sip._udp.c1.sip.example.com.`, "udp: 1232"}, []string{"WARNING"}},
		"SRV":             {"_sips._tcp.c1.sip.example.com SRV", []string{"SRV 10 0 5061 edge.sip.example.com.", "edge.sip.example.com. 300 IN A 198.51.100.1"}, nil},
		"A":               {"c1.sip.example.com A", []string{"c1.sip.example.com. 300 IN A 192.0.2.7"}, nil},
		"AAAA":            {"c1.sip.example.com AAAA", []string{"c1.sip.example.com. 300 IN AAAA 2001:db8::7"}, nil},
		"SOA":             {"c1.sip.example.com SOA", []string{"SOA ns.sip.example.com. hostmaster.sip.example.com. 1 3600 600 604800 10"}, nil},
		"NXDOMAIN":        {"c2.sip.example.com A", []string{"status: NXDOMAIN", "flags: qr aa;", "AUTHORITY: 1,", "sip.example.com. 10 IN SOA"}, nil},
		"NODATA":          {"c1.sip.example.com MX", []string{"status: NOERROR", "ANSWER: 0,", "c1.sip.example.com. 10 IN SOA"}, nil},
		"over TCP":        {"+tcp c1.sip.example.com NAPTR", []string{"ANSWER: 3,", "(TCP)"}, nil},
		"a small buffer":  {"+bufsize=512 +ignore c1.sip.example.com NAPTR", []string{"ANSWER: 3,"}, []string{" tc"}},
		"no EDNS":         {"+noedns +ignore c1.sip.example.com NAPTR", []string{"ANSWER: 3,"}, []string{" tc", "OPT PSEUDOSECTION"}},
		"DNSSEC wanted":   {"+dnssec c1.sip.example.com A", []string{"flags: do;", "ANSWER: 1,"}, []string{"RRSIG"}},
		"ANY":             {"+notcp c1.sip.example.com ANY", []string{"ANSWER: 1,", `HINFO "RFC8482" ""`}, nil},
		"class CH":        {"version.bind CH TXT", []string{"status: REFUSED", "ANSWER: 0,"}, []string{"flags: qr aa"}},
		"recursion":       {"+recurse www.example.org A", []string{"status: REFUSED", "recursion requested but not available"}, []string{" ra;"}},
		"a transfer":      {"+tcp sip.example.com AXFR", []string{"Transfer failed"}, []string{"SOA ns"}},
		"another version": {"+edns=1 +noednsnegotiation c1.sip.example.com A", []string{"status: BADVERS"}, nil},
		"an opcode":       {"+opcode=notify c1.sip.example.com SOA", []string{"status: NOTIMP"}, nil},
		"a cookie":        {"+cookie c1.sip.example.com A", []string{"status: NOERROR", "192.0.2.7"}, nil},
		"the spelling":    {"C1.sIp.eXample.com A", []string{"C1.sIp.eXample.com. 300 IN A 192.0.2.7"}, []string{"mismatch"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			arguments := slices.Concat([]string{"@" + host, "-p", port, "+norecurse", "+tries=1", "+time=10"}, strings.Fields(tt.arguments))
			out, err := exec.CommandContext(t.Context(), dig, arguments...).CombinedOutput()
			require.NoError(t, err, "%s", out)
			text := strings.Join(strings.Fields(string(out)), " ")
			for _, want := range tt.want {
				assert.Contains(t, text, want, "%s", out)
			}
			for _, not := range tt.not {
				assert.NotContains(t, text, not, "%s", out)
			}
		})
	}
}

// missing skips a test whose tool isn't installed. On CI that is a failure: a check that never runs is none.
func missing(t *testing.T, tool, debian string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s isn't installed: apt-get install %s", tool, debian)
	}
	t.Skipf("%s isn't installed: apt-get install %s runs this test", tool, debian)
}
