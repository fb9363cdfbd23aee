package sip_test

import (
	"net/netip"
	"strconv"
	"strings"
	"testing"

	sipmsg "github.com/emiago/sipgo/sip"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/digest"
	"dialtone/sip"
)

func itoa(n int) string { return strconv.Itoa(n) }

func TestEveryRequestNeedsItsHeaders(t *testing.T) {
	t.Parallel()
	server := newServer(t, newFixedCore())
	for name, tc := range map[string]struct {
		headers []string
		want    string
	}{
		"no From":                    {[]string{"-From"}, "400 Bad From"},
		"no To":                      {[]string{"-To"}, "400 Bad To"},
		"no Call-ID":                 {[]string{"-Call-ID"}, "400 Bad Call-ID"},
		"no CSeq":                    {[]string{"-CSeq"}, "400 Bad CSeq"},
		"no Max-Forwards":            {[]string{"-Max-Forwards"}, "401 Unauthorized"},
		"no User-Agent":              {[]string{"-User-Agent"}, "401 Unauthorized"},
		"From without tag":           {[]string{"From: <sip:alice@acme.sip.test>"}, "401 Unauthorized"},
		"two From":                   {[]string{"f: <sip:alice@acme.sip.test>;tag=2"}, "400 Bad From"},
		"two To":                     {[]string{"To: <sip:bob@acme.sip.test>"}, "400 Bad To"},
		"two To, one compact":        {[]string{"t: <sip:bob@acme.sip.test>"}, "400 Bad To"},
		"two Call-ID":                {[]string{"i: x"}, "400 Bad Call-ID"},
		"two CSeq":                   {[]string{"cseq: 1 REGISTER"}, "400 Bad CSeq"},
		"two Max-Forwards":           {[]string{"max-forwards: 1"}, "400 Bad Max-Forwards"},
		"From without URI":           {[]string{"From: \"Alice\" <>;tag=1"}, "400 Bad From"},
		"From with an open quote":    {[]string{`From: "Alice <sip:alice@acme.sip.test>;tag=1`}, "400 Bad From"},
		"From with rubbish after it": {[]string{"From: <sip:alice@acme.sip.test> rubbish;tag=1"}, "400 Bad From"},
		"empty Call-ID":              {[]string{"Call-ID:"}, "400 Bad Call-ID"},
		"Call-ID with a space":       {[]string{"Call-ID: a b"}, "400 Bad Call-ID"},
		"long Call-ID":               {[]string{"Call-ID: " + strings.Repeat("a", 257)}, "400 Bad Call-ID"},
		"CSeq of another method":     {[]string{"CSeq: 1 INVITE"}, "400 Bad CSeq"},
		"CSeq without method":        {[]string{"CSeq: 1"}, "400 Bad CSeq"},
		"CSeq of 2^31":               {[]string{"CSeq: 2147483648 REGISTER"}, "400 Bad CSeq"},
		"largest CSeq":               {[]string{"CSeq: 2147483647 REGISTER"}, "401 Unauthorized"},
		"CSeq of more than 2^64":     {[]string{"CSeq: 36893488147419103232 REGISTER"}, "400 Bad CSeq"},
		"negative CSeq":              {[]string{"CSeq: -1 REGISTER"}, "400 Bad CSeq"},
		"Max-Forwards of 0":          {[]string{"Max-Forwards: 0"}, "401 Unauthorized"},
		"Max-Forwards of 300":        {[]string{"Max-Forwards: 300"}, "400 Bad Max-Forwards"},
		"negative Max-Forwards":      {[]string{"Max-Forwards: -1"}, "400 Bad Max-Forwards"},
		"Content-Length too large":   {[]string{"l: 9999"}, "400 Bad Content-Length"}, // the last one counts, which is the usual one
		"unknown extension":          {[]string{"Require: nothingSupportsThis, nothingSupportsThisEither"}, "420 Bad Extension"},
		"empty Require":              {[]string{"Require:"}, "401 Unauthorized"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res := ask(t, server, register{headers: tc.headers}.text(""))
			require.NotNil(t, res)
			assert.Equal(t, tc.want, short(res.StatusCode, res.Reason))
			if res.StatusCode == 420 {
				assert.Equal(t, []string{"nothingSupportsThis, nothingSupportsThisEither"}, headers(res, "Unsupported"))
			}
		})
	}
}

func TestContentLengthMustBeThere(t *testing.T) {
	t.Parallel()
	server := newServer(t, newFixedCore())
	for value, want := range map[string]int{"0": 401, "5": 400, "-1": 400, "x": 400, "4294967296": 400} {
		text := strings.Replace(register{}.text(""), "Content-Length: 0", "Content-Length: "+value, 1)
		assert.Equal(t, want, ask(t, server, text).StatusCode, value)
	}
}

func TestCompactNamesWork(t *testing.T) {
	t.Parallel()
	text := strings.NewReplacer("Via:", "v:", "From:", "f:", "To:", "t:", "Call-ID:", "i:", "Contact:", "m:", "Content-Length:", "l:").
		Replace(register{}.text(""))
	server := newServer(t, newFixedCore())
	assert.Equal(t, 401, ask(t, server, text).StatusCode)
	typed, err := sipmsg.ParseMessage([]byte(text))
	require.NoError(t, err)
	assert.Equal(t, 401, server.Handle(t.Context(), typed.(*sipmsg.Request), deskPhone).StatusCode, "read by sipgo's own parsers")
}

func TestWhatIsMetWithSilence(t *testing.T) {
	t.Parallel()
	server := newServer(t, newFixedCore())
	for name, headers := range map[string][]string{
		"no Via":                {"-Via"},
		"Via without a host":    {"Via: SIP/2.0/UDP"},
		"Via of something else": {"Via: HTTP/1.1/TCP 192.0.2.10"},
		"Via with open quotes":  {`Via: SIP/2.0/UDP 192.0.2.10;branch="z9`},
		"a bare line feed":      {"User-Agent: x\nVia: y"},
		"a zero byte":           {"Subject: x\x00"},
		"a scanner":             {"User-Agent: friendly-scanner"},
		"SIPVicious":            {"User-Agent: SIPVicious 0.3"},
	} {
		assert.Nil(t, ask(t, server, register{headers: headers}.text("")), name)
	}
	assert.Nil(t, ask(t, server, message("ACK", "")), "ACK")
}

// TestScannersCostNothing names the tools that don't hide, in any method and spelling: no answer, and nobody is asked. Tools of operators get answers.
func TestScannersCostNothing(t *testing.T) {
	t.Parallel()
	core := newFixedCore()
	asked := 0
	server := newServer(t, core, func(c *sip.Config) {
		c.Banned = func(netip.Addr, string, string) bool { asked++; return false }
		c.Unknown = func(string, string, string, netip.AddrPort) { asked++ }
	})
	nonce := nonceOf(t, ask(t, server, register{}.text("")))
	asked = 0
	for _, agent := range []string{
		"friendly-scanner", "Friendly-Scanner", "friendly-request", "sipvicious", "SIPVicious 0.3", "sipcli/v1.8", "sundayddr", "VaxSIPUserAgent/3.1", "VaxIPUserAgent/3.0",
		"pplsip", "iWar", "sip-scan", "sipscan", "smap 0.6.0", "siparmyknife",
	} {
		assert.Nil(t, ask(t, server, register{headers: []string{"User-Agent: " + agent}}.text(nonce)), agent)
		assert.Nil(t, ask(t, server, register{to: "<sip:100@elsewhere.example>", headers: []string{"User-Agent: " + agent, "-Call-ID"}}.text("")), "%s, broken", agent)
		for _, method := range []string{"OPTIONS", "INVITE", "SUBSCRIBE"} {
			assert.Nil(t, ask(t, server, message(method, "User-Agent: "+agent+"\r\n")), agent)
		}
	}
	proofs, requests := core.count()
	assert.Zero(t, proofs+requests+asked)
	for _, agent := range []string{"sipsak 0.9.8.1", "SIPp", "baresip v1.0.0", "Linphone/5.2"} {
		assert.Equal(t, 200, ask(t, server, message("OPTIONS", "User-Agent: "+agent+"\r\n")).StatusCode, agent)
	}
}

// message is a small request of any method.
func message(method, more string) string {
	return method + " sip:acme.sip.test SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10\r\nFrom: <sip:a@b.example>;tag=1\r\nTo: <sip:acme.sip.test>\r\n" +
		"Call-ID: 1\r\nCSeq: 7 " + method + "\r\nMax-Forwards: 70\r\n" + more + "\r\n"
}

func TestOtherMethods(t *testing.T) {
	t.Parallel()
	server := newServer(t, newFixedCore())
	for method, want := range map[string]string{
		"OPTIONS": "200 OK", "INVITE": "405 Method Not Allowed", "BYE": "405 Method Not Allowed", "SUBSCRIBE": "405 Method Not Allowed",
		"PUBLISH": "405 Method Not Allowed", "FROBNICATE": "501 Not Implemented", "CANCEL": "481 Call/Transaction Does Not Exist",
	} {
		res := ask(t, server, message(method, ""))
		assert.Equal(t, want, short(res.StatusCode, res.Reason), method)
		if method != "CANCEL" {
			assert.Equal(t, []string{"OPTIONS, REGISTER"}, headers(res, "Allow"), method)
		}
	}
	res := ask(t, server, strings.Replace(message("OPTIONS", ""), "SIP/2.0\r\nVia", "SIP/7.0\r\nVia", 1))
	assert.Equal(t, "505 Version Not Supported", short(res.StatusCode, res.Reason))
	res = ask(t, server, message("OPTIONS", "Require: 100rel\r\n"))
	assert.Equal(t, 420, res.StatusCode)
}

func TestViaTellsWhereARequestCameFrom(t *testing.T) {
	t.Parallel()
	server := newServer(t, newFixedCore())
	for name, tc := range map[string]struct{ peer, via, want string }{
		"same host, no rport":     {"192.0.2.10:5070", "SIP/2.0/UDP 192.0.2.10:5060;branch=z9", "SIP/2.0/UDP 192.0.2.10:5060;branch=z9"},
		"another host":            {"198.51.100.7:4711", "SIP/2.0/UDP 192.0.2.10;branch=z9", "SIP/2.0/UDP 192.0.2.10;branch=z9;received=198.51.100.7"},
		"a name":                  {"192.0.2.10:5070", "SIP/2.0/UDP phone.local", "SIP/2.0/UDP phone.local;received=192.0.2.10"},
		"rport":                   {"198.51.100.7:4711", "SIP/2.0/UDP 10.0.0.5:5060;rport;branch=z9", "SIP/2.0/UDP 10.0.0.5:5060;branch=z9;received=198.51.100.7;rport=4711"},
		"claims are taken out":    {"198.51.100.7:4711", "SIP/2.0/UDP 10.0.0.5;received=1.2.3.4;rport=1", "SIP/2.0/UDP 10.0.0.5;received=198.51.100.7;rport=4711"},
		"quotes stay":             {"192.0.2.10:5070", `SIP/2.0/UDP 192.0.2.10;x="a;b, c"`, `SIP/2.0/UDP 192.0.2.10;x="a;b, c"`},
		"spaces in the protocol":  {"192.0.2.10:5070", "SIP / 2.0 / UDP 192.0.2.10;branch=z9", "SIP / 2.0 / UDP 192.0.2.10;branch=z9"},
		"IPv6":                    {"[2001:db8::5]:5070", "SIP/2.0/TCP [2001:db8::5]:5060;rport", "SIP/2.0/TCP [2001:db8::5]:5060;received=2001:db8::5;rport=5070"},
		"IPv4 in IPv6":            {"[::ffff:192.0.2.10]:5070", "SIP/2.0/UDP 192.0.2.10", "SIP/2.0/UDP 192.0.2.10"},
		"proxies before us below": {"198.51.100.7:4711", "SIP/2.0/UDP 10.0.0.5;rport, SIP/2.0/UDP 10.0.0.6", "SIP/2.0/UDP 10.0.0.5;received=198.51.100.7;rport=4711, SIP/2.0/UDP 10.0.0.6"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req := parse(t, register{headers: []string{"Via: " + tc.via, "v: SIP/2.0/UDP 10.0.0.9;branch=below"}}.text(""))
			res := server.Handle(t.Context(), req, sip.Peer{Addr: netip.MustParseAddrPort(tc.peer), Transport: "udp"})
			assert.Equal(t, []string{tc.want, "SIP/2.0/UDP 10.0.0.9;branch=below"}, headers(res, "Via"))
		})
	}
}

func TestATagThatIsThereStays(t *testing.T) {
	t.Parallel()
	res := ask(t, newServer(t, newFixedCore()), register{to: "<sip:alice@acme.sip.test>;tag=mine"}.text(""))
	assert.Equal(t, []string{"<sip:alice@acme.sip.test>;tag=mine"}, headers(res, "To"))
}

// torture are messages in the manner of RFC 4475, with the status that each gets, 0 for silence.
var torture = map[string]struct {
	want int
	text string
}{
	"short tortuous register": {401, "REGISTER sip:acme.sip.test;unknown-param=x SIP/2.0\r\n" +
		"TO :\r\n sip:alice@acme.sip.test ;   tag    = 1918181833n\r\n" +
		"from   : \"J Rosenberg \\\\\\\"\"       <sip:alice@acme.sip.test>\r\n  ;\r\n  tag = 98asjd8\r\n" +
		"MaX-fOrWaRdS: 0068\r\nCall-ID: wsinv.ndaksdj@192.0.2.1\r\nContent-Length   : 0\r\ncseq: 0009\r\n  REGISTER\r\n" +
		"Via  : SIP  /   2.0\r\n /UDP\r\n    192.0.2.2;branch=390skdjuw\r\ns :\r\n" +
		"NewFangledHeader:   newfangled value\r\n continued newfangled value\r\nv:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n" +
		"  branch  =   z9hG4bK9ikj8  ,\r\n SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n z9hG4bK30239\r\n" +
		"m:\"Quoted string \\\"\\\"\" <sip:jdrosen@example.com> ; newparam =\r\n      newvalue ;\r\n  secondparam ; q = 0.33\r\n\r\n"},
	"unusual reason of a response": {0, "SIP/2.0 200 = 2**3 * 5**2 \xd0\xbd\r\nVia: SIP/2.0/UDP 192.0.2.198;branch=z9\r\nCall-ID: 1\r\n" +
		"CSeq: 35 INVITE\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\n\r\n"},
	"escaped headers in the Request-URI": {400, "REGISTER sip:acme.sip.test?Route=%3Csip:example.com%3E SIP/2.0\r\n" + usual("REGISTER") +
		"Contact: <tel:1>\r\n\r\n"},
	"no Request-URI host":         {400, "REGISTER sip: SIP/2.0\r\n" + usual("REGISTER") + "\r\n"},
	"unknown Request-URI scheme":  {400, "REGISTER nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0\r\n" + usual("REGISTER") + "\r\n"},
	"unknown scheme for OPTIONS":  {200, "OPTIONS soapbeep://192.0.2.103:3002 SIP/2.0\r\n" + usual("OPTIONS") + "\r\n"},
	"Request-URI in brackets":     {0, "REGISTER <sip:acme.sip.test> SIP/2.0\r\n" + usual("REGISTER") + "\r\n"},
	"spaces in the Request-URI":   {0, "REGISTER sip:acme.sip.test; lr SIP/2.0\r\n" + usual("REGISTER") + "\r\n"},
	"several spaces":              {0, "REGISTER  sip:acme.sip.test  SIP/2.0\r\n" + usual("REGISTER") + "\r\n"},
	"multiple routes, unknown":    {401, "REGISTER sip:acme.sip.test SIP/2.0\r\n" + usual("REGISTER") + "Route: <sip:x>, rubbish\r\n\r\n"},
	"date that isn't GMT":         {401, "REGISTER sip:acme.sip.test SIP/2.0\r\n" + usual("REGISTER") + "Date: Fri, 01 Jan 2010 16:00:00 EST\r\n\r\n"},
	"contacts without brackets":   {400, "REGISTER sip:acme.sip.test SIP/2.0\r\n" + usual("REGISTER") + "Contact: sip:a@b.example?Route=%3Csip:c%3E\r\n\r\n"},
	"a header without colon":      {0, "REGISTER sip:acme.sip.test SIP/2.0\r\n" + usual("REGISTER") + "rubbish\r\n\r\n"},
	"a body that isn't asked for": {401, "REGISTER sip:acme.sip.test SIP/2.0\r\n" + usual("REGISTER") + "Content-Type: text/plain\r\nContent-Length: 4\r\n\r\nbody"},
}

func usual(method string) string {
	return "Via: SIP/2.0/UDP 192.0.2.10;branch=z9\r\nFrom: <sip:a@b.example>;tag=1\r\nTo: <sip:alice@acme.sip.test>\r\nCall-ID: 1\r\nCSeq: 7 " +
		method + "\r\n"
}

func TestTorture(t *testing.T) {
	t.Parallel()
	server := newServer(t, newFixedCore())
	parser := sipmsg.NewParser(sipmsg.WithHeadersParsers(sipmsg.HeadersParser{}))
	for name, tc := range torture {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tc.want, statusOf(t, server, parser, tc.text))
		})
	}
}

// statusOf reads and handles bytes as the sockets' side does; 0 is silence.
func statusOf(t *testing.T, server *sip.Server, parser *sipmsg.Parser, text string) int {
	t.Helper()
	parsed, err := parser.ParseSIP([]byte(text))
	if err != nil {
		return 0
	}
	req, ok := parsed.(*sipmsg.Request)
	if !ok {
		return 0
	}
	res := server.Handle(t.Context(), req, deskPhone)
	if res == nil {
		return 0
	}
	assertWellFormed(t, res)
	return res.StatusCode
}

// assertWellFormed checks that a response says only what it means to: a client must read it as we wrote it.
func assertWellFormed(t *testing.T, res *sipmsg.Response) {
	t.Helper()
	text := res.String()
	head, body, ok := strings.Cut(text, "\r\n\r\n")
	assert.True(t, ok)
	assert.Empty(t, body)
	assert.NotContains(t, strings.ReplaceAll(head, "\r\n", ""), "\n")
	assert.NotContains(t, strings.ReplaceAll(head, "\r\n", ""), "\r")
	assert.Equal(t, len(res.Headers()), strings.Count(head, "\r\n"), "as many lines as header fields")
	for _, name := range []string{"From", "To", "Call-ID", "CSeq", "Content-Length"} {
		assert.LessOrEqual(t, len(res.GetHeaders(name)), 1, name)
	}
	assert.NotEmpty(t, res.GetHeaders("Via"))
}

func FuzzHandle(f *testing.F) {
	server := newServer(f, newFixedCore())
	nonce := nonceOf(f, ask(f, server, register{}.text("")))
	for _, tc := range torture {
		f.Add(tc.text)
	}
	f.Add(register{}.text(""))
	f.Add(register{}.text(nonce))
	f.Add(register{algorithm: digest.SHA256, contacts: []string{"*"}, headers: []string{"Expires: 0"}}.text(nonce))
	f.Add(register{contacts: []string{`"A, \"B" <sip:a@[2001:db8::1]:5060;x=y>;q=0.5;+sip.instance="<urn:uuid:1>", sip:b@c;expires=5`}}.text(nonce))
	f.Add(message("OPTIONS", ""))
	f.Add(message("CANCEL", "Require: x\r\n"))
	parser := sipmsg.NewParser(sipmsg.WithHeadersParsers(sipmsg.HeadersParser{}))
	f.Fuzz(func(t *testing.T, text string) {
		assert.NotEqual(t, 500, statusOf(t, server, parser, text))
	})
}
