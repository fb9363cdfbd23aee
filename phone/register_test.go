package phone_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/fault"
	"dialtone/phone"
	"dialtone/secret"
)

// line is the one that the fake registrar knows.
func line() phone.RegisterConfig {
	return phone.RegisterConfig{
		User: "1001", AuthName: "ada-auth", Domain: "bakery.sip.example", Password: secret.New("Sip<Pass>&1"), Timeout: 3 * time.Second,
	}
}

func register(t *testing.T, c phone.RegisterConfig) (phone.Result, string, error) {
	t.Helper()
	var out bytes.Buffer
	result, err := phone.Register(t.Context(), c, &out)
	checkSaid(t, result, out.String(), err)
	return result, out.String(), err
}

func TestRegisterAtAProxy(t *testing.T) {
	t.Parallel()
	r := newRegistrar()
	c := line()
	c.Proxy, c.Unregister = r.serveUDP(t), true
	result, said, err := register(t, c)
	require.NoError(t, err, said)
	assert.Equal(t, []string{"locate", "register", "unregister"}, stepNames(result))
	assert.Equal(t, 3600*time.Second, result.Registrations[0].Expires)
	assert.Zero(t, r.bound())

	seen := r.seen()
	require.Len(t, seen, 4)
	assert.Equal(t, "REGISTER sip:bakery.sip.example SIP/2.0", seen[0].line)
	assert.Equal(t, "<sip:1001@bakery.sip.example>", seen[0].headers["to"])
	assert.Equal(t, "70", seen[0].headers["max-forwards"])
	assert.Equal(t, "Dialtone-Phone", seen[0].headers["user-agent"])
	for i, cseq := range []string{"1 REGISTER", "2 REGISTER", "3 REGISTER", "4 REGISTER"} {
		assert.Equal(t, cseq, seen[i].headers["cseq"])
		assert.Equal(t, seen[0].headers["call-id"], seen[i].headers["call-id"])
	}
	assert.Equal(t, "0", seen[3].headers["expires"])
}

func TestRegisterWithSHA256(t *testing.T) {
	t.Parallel()
	r := newRegistrar()
	r.algorithms = []string{"SHA-512-256", "SHA-256", "MD5"}
	c := line()
	c.Proxy = r.serveUDP(t)
	result, said, err := register(t, c)
	require.NoError(t, err, said)
	assert.Equal(t, "SHA-256", result.Registrations[0].Algorithm)
}

func TestRegisterOverEachTransportByDNS(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	r := newRegistrar()
	for transport, c := range map[string]struct{ service, address string }{
		"udp": {"SIP+D2U", r.serveUDP(t)}, "tcp": {"SIP+D2T", r.serveStream(t, nil)},
		"tls": {"SIPS+D2T", r.serveStream(t, ca.server(t, "bakery.sip.example"))},
	} {
		config := line()
		config.DNS, config.CA = srv(t, c.service, transport, c.address).serve(t), ca.pool()
		result, said, err := register(t, config) // NAPTR decides
		require.NoError(t, err, said)
		assert.Equal(t, transport, result.Registrations[0].Transport)
		assert.Equal(t, c.address, result.Registrations[0].Registrar)
		config.Transport = transport // told: SRV alone
		_, said, err = register(t, config)
		require.NoError(t, err, said)
		assert.NotContains(t, said, "NAPTR")
	}
}

func TestLocatingWithoutNAPTR(t *testing.T) {
	t.Parallel()
	r := newRegistrar()
	_, port, _ := strings.Cut(r.serveUDP(t), ":")
	z := newZone(t,
		"_sip._udp.bakery.sip.example. 60 IN SRV 20 0 9 later.example.", "_sip._udp.bakery.sip.example. 60 IN SRV 10 1 9 light.example.",
		"_sip._udp.bakery.sip.example. 60 IN SRV 10 5 "+port+" heavy.example.",
		"heavy.example. 60 IN A 127.0.0.1", "light.example. 60 IN A 127.0.0.1", "later.example. 60 IN A 127.0.0.1")
	c := line()
	c.DNS = z.serve(t)
	_, said, err := register(t, c)
	require.NoError(t, err, said)
	assert.Contains(t, said, "line 1: no NAPTR record for bakery.sip.example; SRV _sip._udp.bakery.sip.example is heavy.example:"+port)
}

func TestADeadRegistrarGivesWayToTheNext(t *testing.T) {
	t.Parallel()
	r := newRegistrar()
	_, dead, _ := strings.Cut(closedPort(t), ":")
	_, busy, _ := strings.Cut(busyRegistrar().serveUDP(t), ":")
	_, port, _ := strings.Cut(r.serveUDP(t), ":")
	z := newZone(t, "edge.example. 60 IN A 127.0.0.1",
		"_sip._udp.bakery.sip.example. 60 IN SRV 1 0 "+dead+" edge.example.", "_sip._udp.bakery.sip.example. 60 IN SRV 2 0 "+busy+" edge.example.",
		"_sip._udp.bakery.sip.example. 60 IN SRV 3 0 "+port+" edge.example.")
	c := line()
	c.DNS = z.serve(t)
	_, said, err := register(t, c)
	require.NoError(t, err, said)
	assert.Contains(t, said, "register   tried   line 1: 127.0.0.1:"+dead+" over udp: nothing listens there; trying the next place\n")
	assert.Contains(t, said, "register   tried   line 1: 127.0.0.1:"+busy+" over udp: the registrar answers 503 Busy; trying the next place\n")
}

func busyRegistrar() *registrar {
	r := newRegistrar()
	r.answering(func(int, request) string { return "SIP/2.0 503 Busy\r\n" })
	return r
}

func TestTheSystemsResolverSaysThatItKnowsNoNAPTR(t *testing.T) {
	t.Parallel()
	c := line()
	c.Domain, c.Timeout = "nowhere.invalid", time.Second
	_, _, err := register(t, c)
	assertStep(t, err, "locate", "nowhere.invalid")
}

func TestADomainThatDNSDoesNotKnow(t *testing.T) {
	t.Parallel()
	c := line()
	c.DNS = newZone(t).serve(t)
	_, _, err := register(t, c)
	assertStep(t, err, "locate", "there is no address for bakery.sip.example")
}

func TestAnSRVRecordThatNamesAHostWithoutAnAddress(t *testing.T) {
	t.Parallel()
	c := line()
	c.DNS = newZone(t, "_sip._udp.bakery.sip.example. 60 IN SRV 0 0 5060 gone.example.").serve(t)
	_, _, err := register(t, c)
	assertStep(t, err, "locate", "SRV _sip._udp.bakery.sip.example names gone.example")
}

func TestADNSServerThatFailsWhileLocating(t *testing.T) {
	t.Parallel()
	z := newZone(t)
	z.rcode = dns.RcodeServerFailure
	c := line()
	c.DNS = z.serve(t)
	_, _, err := register(t, c)
	assertStep(t, err, "locate", "answers SERVFAIL")
}

func TestNAPTRRecordsThatNoPhoneSpeaks(t *testing.T) {
	t.Parallel()
	c := line()
	c.DNS = newZone(t, `bakery.sip.example. 60 IN NAPTR 1 1 "s" "SIP+D2S" "" _sip._sctp.bakery.sip.example.`).serve(t)
	_, _, err := register(t, c)
	assertStep(t, err, "locate", "name no transport that a phone speaks")
}

func TestAddressesAreTakenWhereThereIsNoSRV(t *testing.T) {
	t.Parallel()
	c := line()
	c.DNS, c.Transport, c.Timeout = newZone(t, "bakery.sip.example. 60 IN AAAA ::1").serve(t), "tls", time.Second
	_, said, err := register(t, c)
	assertStep(t, err, "register", "[::1]:5061 over tls") // where nothing listens
	assert.Contains(t, said, "no SRV record for bakery.sip.example, so its address is taken; [::1]:5061 over tls")
}

func TestTheWrongPassword(t *testing.T) {
	t.Parallel()
	r := newRegistrar()
	c := line()
	c.Proxy, c.Password = r.serveUDP(t), secret.New("wrong")
	_, _, err := register(t, c)
	assertStep(t, err, "register", "the registrar refuses the user name and password (401)")
	assert.Len(t, r.seen(), 2)
}

func TestARegistrarWhoseCertificateIsNotTheDomains(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	c := line()
	c.DNS, c.CA = srv(t, "SIPS+D2T", "tls", newRegistrar().serveStream(t, ca.server(t, "edge.sip.example"))).serve(t), ca.pool()
	_, _, err := register(t, c)
	assertStep(t, err, "register", "its certificate is for edge.sip.example, not for bakery.sip.example")
}

func TestAProxysAddressMustStandInItsCertificate(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	r := newRegistrar()
	c := line()
	c.Proxy, c.CA, c.Transport = r.serveStream(t, ca.server(t)), ca.pool(), "tls"
	_, said, err := register(t, c)
	require.NoError(t, err, said)
	c.CA = nil
	_, _, err = register(t, c)
	assertStep(t, err, "register", `signed by "Test CA", which this phone doesn't trust`)
}

func TestWhatRegistrarsAnswer(t *testing.T) {
	t.Parallel()
	first := func(answer string) func(int, request) string {
		return func(n int, _ request) string {
			if n == 1 {
				return answer
			}
			return ""
		}
	}
	always := func(answer string) func(int, request) string { return func(int, request) string { return answer } }
	const ok, asks = "SIP/2.0 200 OK\r\n", "SIP/2.0 401 Unauthorized\r\n"
	for name, c := range map[string]struct {
		answer func(int, request) string
		why    string // "": it registers
	}{
		"lost packet":       {first("silence"), ""},
		"too brief":         {first("SIP/2.0 423 Interval Too Brief\r\nMin-Expires: 7200\r\n"), ""},
		"stale nonce":       {staleOnce, ""},
		"short form":        {shortForm, ""},
		"no password asked": {echo("", "Expires: 77\r\n"), ""},
		"brief but silent":  {always("SIP/2.0 423 Interval Too Brief\r\n"), "doesn't say how long it wants"},
		"forbidden":         {always("SIP/2.0 403 Forbidden\r\n"), "refuses the user name and password (403)"},
		"unknown":           {always("SIP/2.0 404 Not Found\r\n"), "the registrar answers 404 Not Found"},
		"broken":            {always("SIP/2.0 500 Server Error\r\n"), "the registrar answers 500 Server Error"},
		"basic":             {always(asks + "WWW-Authenticate: Basic realm=\"x\"\r\n"), "in a way that a phone can't answer"},
		"auth-int alone":    {always(asks + "WWW-Authenticate: Digest realm=\"x\", nonce=\"1\", qop=\"auth-int\"\r\n"), "in a way that a phone can't answer"},
		"no contact":        {always(ok), "our contact sip:1001@127.0.0.1:"},
		"foreign contact":   {always(ok + "Contact: <sip:1001@192.0.2.1:5060>;expires=60\r\n"), "isn't among the 1 that it lists"},
		"broken contact":    {always(ok + "Contact: <sip:1001@192.0.2.1\r\n"), "Contact list can't be read"},
		"always stale":      {always(asks + "WWW-Authenticate: Digest realm=\"x\", nonce=\"1\", qop=\"auth\", stale=true\r\n"), "the registrar goes on asking"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRegistrar()
			r.answering(c.answer)
			config := line()
			config.Proxy = r.serveUDP(t)
			result, said, err := register(t, config)
			if c.why != "" {
				assertStep(t, err, "register", c.why)
				return
			}
			require.NoError(t, err, said)
			switch name {
			case "too brief":
				assert.Equal(t, 7200*time.Second, result.Registrations[0].Expires)
			case "no password asked":
				assert.Contains(t, said, "for 77 s, without being asked for a password")
			}
		})
	}
}

func staleOnce(n int, _ request) string {
	if n == 2 {
		return "SIP/2.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"bakery.sip.example\", nonce=\"new\", qop=\"auth\", stale=true\r\n"
	}
	return ""
}

func shortForm(_ int, q request) string {
	contact, _, _ := strings.Cut(q.headers["contact"], ";expires")
	return "SIP/2.0 200 OK\r\nm: " + contact + ";expires=60\r\n"
}

// echo lists the contact as it came, with other parameters, and adds headers.
func echo(parameters, headers string) func(int, request) string {
	return func(_ int, q request) string {
		contact, _, _ := strings.Cut(q.headers["contact"], ";expires")
		return "SIP/2.0 200 OK\r\nContact: " + contact + parameters + "\r\n" + headers
	}
}

func TestARegistrarThatKeepsWhatWasTakenBack(t *testing.T) {
	t.Parallel()
	r := newRegistrar()
	r.answering(echo(";expires=60", ""))
	c := line()
	c.Proxy, c.Unregister = r.serveUDP(t), true
	_, _, err := register(t, c)
	assertStep(t, err, "unregister", "but still lists our contact")
}

func TestASilentRegistrar(t *testing.T) {
	t.Parallel()
	r := newRegistrar()
	r.answering(func(int, request) string { return "silence" })
	c := line()
	c.Proxy, c.Timeout = r.serveUDP(t), 700*time.Millisecond
	_, _, err := register(t, c)
	assertStep(t, err, "register", "no answer in time")
	assert.Len(t, r.seen(), 2, "sent again after half a second")
}

func TestARegistrarThatSpeaksSomethingElseOverTCP(t *testing.T) {
	t.Parallel()
	r := newRegistrar()
	r.answering(func(int, request) string { return "220 mail.example ESMTP\r\n\r\n" })
	c := line()
	c.Proxy, c.Transport = r.serveStream(t, nil), "tcp"
	_, _, err := register(t, c)
	assertStep(t, err, "register", "the registrar's answer isn't SIP")
}

func TestWhatMakesNoLineIsInvalid(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*phone.RegisterConfig){
		"user":          func(c *phone.RegisterConfig) { c.User = "" },
		"domain":        func(c *phone.RegisterConfig) { c.Domain = "a b" },
		"password":      func(c *phone.RegisterConfig) { c.Password = secret.Text{} },
		"proxy":         func(c *phone.RegisterConfig) { c.Proxy = "h:x" },
		"dns":           func(c *phone.RegisterConfig) { c.DNS = "h:x" },
		"transport":     func(c *phone.RegisterConfig) { c.Transport = "ws" },
		"user agent":    func(c *phone.RegisterConfig) { c.UserAgent = "a\r\nb" },
		"line in name":  func(c *phone.RegisterConfig) { c.User = "a\r\nb" },
		"line in auth":  func(c *phone.RegisterConfig) { c.AuthName = "a\nb" },
		"domain bounds": func(c *phone.RegisterConfig) { c.Domain = strings.Repeat("a.", 200) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := line()
			spoil(&c)
			_, err := phone.Register(t.Context(), c, &bytes.Buffer{})
			assert.True(t, fault.Is(err, fault.Invalid), "%v", err)
		})
	}
}

func TestAUserNameIsWrittenAsAURIAllows(t *testing.T) {
	t.Parallel()
	r := newRegistrar()
	c := line()
	c.User, c.Proxy = "a b@ü", r.serveUDP(t)
	_, said, err := register(t, c)
	require.NoError(t, err, said)
	assert.Equal(t, "<sip:a%20b%40%C3%BC@bakery.sip.example>", r.seen()[0].headers["to"])
}
