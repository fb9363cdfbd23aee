package zone_test

import (
	"crypto/rand"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/zone"
)

func signedConfig(t *testing.T) (zone.Config, *zone.SigningKey) {
	t.Helper()
	private, err := zone.NewSigningKey(rand.Reader)
	require.NoError(t, err)
	key, err := zone.OpenSigningKey(private, "sip.example.com")
	require.NoError(t, err)
	c := config(fixed("c1.sip.example.com"))
	c.Key = key
	return c, key
}

// A real validator that isn't this library.
func TestDelvBelievesWhatIsSigned(t *testing.T) {
	t.Parallel()
	delv, err := exec.LookPath("delv")
	if err != nil {
		missing(t, "delv", "bind9-dnsutils")
	}
	c, key := signedConfig(t)
	host, port, err := net.SplitHostPort(serve(t, c))
	require.NoError(t, err)
	fields := strings.Fields(key.DS()) // owner, TTL, class, type, tag, algorithm, digest type, digest
	anchors := filepath.Join(t.TempDir(), "anchors")
	text := `trust-anchors { "sip.example.com." static-ds ` + strings.Join(fields[4:7], " ") + ` "` + strings.Join(fields[7:], "") + `"; };`
	require.NoError(t, os.WriteFile(anchors, []byte(text), 0o600))
	for question, want := range map[string]string{
		"c1.sip.example.com NAPTR":          "; fully validated",
		"_sips._tcp.c1.sip.example.com SRV": "; fully validated",
		"C1.sip.example.com A":              "; fully validated",
		"sip.example.com SOA":               "; fully validated",
		"sip.example.com DNSKEY":            "; fully validated",
		"c1.sip.example.com MX":             "; negative response, fully validated",
		"_tcp.c1.sip.example.com SRV":       "; negative response, fully validated",
		"no.sip.example.com A":              "; negative response, fully validated",
		"_sip._udp.no.sip.example.com SRV":  "; negative response, fully validated",
		"c1.sip.example.com DS":             "; negative response, fully validated",
	} {
		t.Run(question, func(t *testing.T) {
			t.Parallel()
			arguments := append([]string{"@" + host, "-p", port, "-a", anchors, "+root=sip.example.com"}, strings.Fields(question)...)
			out, err := exec.CommandContext(t.Context(), delv, arguments...).CombinedOutput()
			require.NoError(t, err, "%s", out)
			assert.Contains(t, string(out), want)
		})
	}
}

func TestWhoDoesntAskForSignaturesGetsNone(t *testing.T) {
	t.Parallel()
	c, _ := signedConfig(t)
	at := serve(t, c)
	got := ask(t, at, question("c1.sip.example.com.", dns.TypeNAPTR).SetEdns0(1232, false))
	assert.Len(t, got.Answer, 3)
	assert.Equal(t, dns.RcodeNameError, ask(t, at, question("no.sip.example.com.", dns.TypeA)).Rcode)
	size, signed := rawAnswer(t, at, question("c1.sip.example.com.", dns.TypeNAPTR).SetEdns0(1232, true))
	assert.Len(t, signed.Answer, 4)
	assert.LessOrEqual(t, size, 1232)
	c.Secondaries, c.World = []zone.Secondary{secondaryAt(netip.MustParseAddrPort("192.0.2.53:53"))}, world()
	_, err := zone.New(c)
	assert.ErrorContains(t, err, "signed")
}
