package sip_test

import (
	"strings"
	"testing"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/provisioning"
	"dialtone/sip"
)

const instance = `<urn:uuid:00000000-0000-1000-8000-000a95a0e128>`

// flow is a contact as RFC 5626 section 9.1 has it.
const flow = `<sip:alice@192.0.2.10:5070;transport=tcp>;reg-id=1;+sip.instance="` + instance + `"`

// overTCP registers by way of a stream.
func overTCP(t testing.TB, server *sip.Server, r register) *sipmsg.Response {
	t.Helper()
	peer := deskPhone
	peer.Transport = "tcp"
	challenge := server.Handle(t.Context(), parse(t, r.text("")), peer)
	require.Equal(t, 401, challenge.StatusCode)
	return server.Handle(t.Context(), parse(t, r.text(nonceOf(t, challenge))), peer)
}

func TestAPhoneRegistersAFlow(t *testing.T) {
	t.Parallel()
	core := newFixedCore()
	server := newServer(t, core)
	ok := overTCP(t, server, register{contacts: []string{flow}, headers: []string{"Supported: path, Outbound"}})
	assert.Equal(t, 200, ok.StatusCode)
	assert.Equal(t, []string{"outbound"}, headers(ok, "Require"))
	assert.Equal(t, []string{"120"}, headers(ok, "Flow-Timer"))
	assert.Equal(t, []string{"gruu, outbound, path"}, headers(ok, "Supported"))
	assert.Equal(t, provisioning.RegisterContact{
		URI: "sip:alice@192.0.2.10:5070;transport=tcp", Expires: time.Hour, InstanceID: instance, RegID: 1, Q: 1000,
	}, core.last(t).Contacts[0])

	ok = prove(t, server, register{callID: "udp", contacts: []string{flow}, headers: []string{"k: outbound"}})
	assert.Equal(t, []string{"outbound"}, headers(ok, "Require"))
	assert.Empty(t, headers(ok, "Flow-Timer"), "phones keep a UDP flow alive more often than that, unasked")
}

func TestAFlowNeedsThePhonesWordAndItsName(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]register{
		"not said to be supported": {contacts: []string{flow}},
		"no instance":              {contacts: []string{"<sip:alice@192.0.2.10>;reg-id=1"}, headers: []string{"Supported: outbound"}},
		"reg-id zero":              {contacts: []string{strings.Replace(flow, "reg-id=1", "reg-id=0", 1)}, headers: []string{"Supported: outbound"}},
		"reg-id too large":         {contacts: []string{strings.Replace(flow, "reg-id=1", "reg-id=2147483648", 1)}, headers: []string{"Supported: outbound"}},
	} {
		core := newFixedCore()
		ok := prove(t, newServer(t, core), r)
		assert.Equal(t, 200, ok.StatusCode, name)
		assert.Empty(t, headers(ok, "Require"), name)
		assert.Zero(t, core.last(t).Contacts[0].RegID, name)
	}
	second := strings.NewReplacer("reg-id=1", "reg-id=2", "192.0.2.10", "192.0.2.11").Replace(flow)
	res := ask(t, newServer(t, newFixedCore()), register{contacts: []string{flow, second}, headers: []string{"Supported: outbound"}}.text(""))
	assert.Equal(t, "400 More Than One Flow", short(res.StatusCode, res.Reason))
}

// behindProxy are the header fields that a proxy adds.
func behindProxy(path ...string) []string {
	out := []string{"v: SIP/2.0/TCP 10.0.0.5;branch=z9hG4bK-below"}
	for _, p := range path {
		out = append(out, "Path: "+p)
	}
	return out
}

func TestAProxyBetweenMustKeepFlows(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		want    int
		headers []string
	}{
		"no Path":                        {439, behindProxy()},
		"Path without ob":                {439, behindProxy("<sip:edge.example.net;lr>")},
		"ob at the far one":              {439, behindProxy("<sip:far.example.net;lr;ob>, <sip:edge.example.net;lr>")},
		"ob at the near one":             {200, behindProxy("<sip:far.example.net;lr>", "<sip:tok@edge.example.net;ob;lr>")},
		"no proxy, and a Path all alike": {200, []string{"Path: <sip:edge.example.net;lr>"}},
	} {
		res := overTCP(t, newServer(t, newFixedCore()), register{contacts: []string{flow}, headers: append(tc.headers, "Supported: path, outbound")})
		assert.Equal(t, tc.want, res.StatusCode, name)
	}
}

func TestPathIsKeptAndGivenBack(t *testing.T) {
	t.Parallel()
	const far, near = "<sip:far.example.net;lr>", `"Edge, 1" <sip:tok@edge.example.net;lr;ob>`
	core := newFixedCore()
	asked := register{headers: append(behindProxy(far, near), "Supported: path")}
	ok := prove(t, newServer(t, core), asked)
	assert.Equal(t, []string{far + ", " + near}, headers(ok, "Path"))
	assert.Equal(t, far+", "+near, core.last(t).Path)

	unasked := register{headers: behindProxy(near)}
	refused := prove(t, newServer(t, newFixedCore()), unasked)
	assert.Equal(t, 420, refused.StatusCode, "calls would take a way that the phone doesn't know of")
	assert.Equal(t, []string{"path"}, headers(refused, "Unsupported"))
	lenient := newServer(t, core, func(c *sip.Config) { c.PathUnasked = true })
	ok = prove(t, lenient, unasked)
	assert.Equal(t, 200, ok.StatusCode)
	assert.Empty(t, headers(ok, "Path"))
	assert.Equal(t, near, core.last(t).Path)
	assert.Equal(t, 200, prove(t, lenient, register{callID: "2", headers: append(behindProxy(near), "Require: path")}).StatusCode)

	for name, path := range map[string]string{
		"no URI": "rubbish", "open bracket": "<sip:x", "another scheme": "<tel:1>", "too many": strings.Repeat("<sip:a>,", 8) + "<sip:a>",
		"too long": "<sip:" + strings.Repeat("a", 400) + "@a>,<sip:" + strings.Repeat("a", 400) + "@a>,<sip:" + strings.Repeat("a", 400) + "@a>",
	} {
		res := ask(t, newServer(t, newFixedCore()), register{headers: behindProxy(path)}.text(""))
		assert.Equal(t, "400 Bad Path", short(res.StatusCode, res.Reason), name)
	}
}

func TestServiceRoutesAreGivenWhenConfigured(t *testing.T) {
	t.Parallel()
	server := newServer(t, newFixedCore(), func(c *sip.Config) {
		c.ServiceRoutes = []string{"<sip:one.example.net;lr>", "<sip:two.example.net;lr>"}
	})
	assert.Equal(t, []string{"<sip:one.example.net;lr>", "<sip:two.example.net;lr>"}, headers(prove(t, server, register{}), "Service-Route"))
	for _, bad := range []string{"", "proxy.example.net", "<sip:a>\r\nVia: x"} {
		_, err := sip.New(sip.Config{Core: newFixedCore(), Nonces: nonces(), SIPDomain: "sip.test", ServiceRoutes: []string{bad}})
		require.Error(t, err, bad)
	}
}

func TestUnknownExtensionsAreNamedAndKnownOnesNot(t *testing.T) {
	t.Parallel()
	res := ask(t, newServer(t, newFixedCore()), register{headers: []string{"Require: path, 100rel, GRUU,, outbound, foo"}}.text(""))
	assert.Equal(t, 420, res.StatusCode)
	assert.Equal(t, []string{"100rel, foo"}, headers(res, "Unsupported"))
}

func TestAPhoneGetsAddressesOfItsOwnWhenItAsks(t *testing.T) {
	t.Parallel()
	contact := `<sip:alice@192.0.2.10:5070>;q=0.25;+sip.instance="` + instance + `"`
	server := newServer(t, newFixedCore(), func(c *sip.Config) { c.GRUUKey = []byte("0123456789abcdef") })
	unasked := headers(prove(t, server, register{contacts: []string{contact}}), "Contact")
	assert.Equal(t, []string{`<sip:alice@192.0.2.10:5070>;q=0.25;expires=3600;+sip.instance="` + instance + `"`}, unasked)

	asked := register{callID: "2", contacts: []string{contact}, headers: []string{"Supported: gruu"}}
	first := headers(prove(t, server, asked), "Contact")[0]
	assert.Contains(t, first, `;pub-gruu="sip:alice@acme.sip.test;gr=urn:uuid:00000000-0000-1000-8000-000a95a0e128"`)
	assert.Regexp(t, `;temp-gruu="sip:tgruu\.[a-z2-7]+@acme\.sip\.test;gr"$`, first)
	again := headers(prove(t, server, asked), "Contact")[0]
	assert.NotEqual(t, first, again, "a temporary address is never the same")

	without := newServer(t, newFixedCore())
	assert.NotContains(t, headers(prove(t, without, asked), "Contact")[0], "temp-gruu")

	loop := prove(t, server, register{callID: "3", contacts: []string{"<sip:alice@acme.sip.test;gr=urn:uuid:1>"}})
	assert.Equal(t, "403 Contact Is A GRUU", short(loop.StatusCode, loop.Reason))
}

func TestPreferences(t *testing.T) {
	t.Parallel()
	core := newFixedCore()
	server := newServer(t, core)
	for i, tc := range []struct {
		q    string
		want int
	}{
		{"1", 1000}, {"1.000", 1000}, {"0", 0}, {"0.5", 500}, {"0.123", 123}, {"0.", 0}, {"1.1", 1000}, {"2", 1000}, {"0.1234", 1000}, {"-1", 1000}, {"x", 1000}, {"", 1000},
	} {
		prove(t, server, register{callID: itoa(i), contacts: []string{"<sip:alice@192.0.2.10>;q=" + tc.q}})
		assert.Equal(t, tc.want, core.last(t).Contacts[0].Q, tc.q)
	}
}
