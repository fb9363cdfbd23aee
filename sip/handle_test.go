package sip_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/digest"
	"dialtone/fault"
	"dialtone/provisioning"
	"dialtone/sip"
)

func TestAPhoneRegisters(t *testing.T) {
	t.Parallel()
	core := newFixedCore()
	server := newServer(t, core)

	challenge := ask(t, server, register{}.text(""))
	assert.Equal(t, "401 Unauthorized", short(challenge.StatusCode, challenge.Reason))
	assert.Equal(t, []string{"SIP/2.0/UDP 192.0.2.10:5070;branch=z9hG4bK-1;received=192.0.2.10;rport=5070"}, headers(challenge, "Via"))
	assert.Equal(t, []string{"<sip:alice@acme.sip.test>;tag=from1"}, headers(challenge, "From"))
	assert.Regexp(t, `^<sip:alice@acme\.sip\.test>;tag=[0-9a-z]+$`, headers(challenge, "To")[0])
	assert.Equal(t, []string{"call-1@192.0.2.10"}, headers(challenge, "Call-ID"))
	assert.Equal(t, []string{"1 REGISTER"}, headers(challenge, "CSeq"))
	assert.Equal(t, []string{"0"}, headers(challenge, "Content-Length"))
	require.Len(t, headers(challenge, "WWW-Authenticate"), 1, "MD5 alone")
	assert.Regexp(t, `^Digest realm="acme\.sip\.test", nonce="[^"]{40}", algorithm=MD5, qop="auth"$`, headers(challenge, "WWW-Authenticate")[0])

	ok := ask(t, server, register{cseq: 2}.text(nonceOf(t, challenge)))
	assert.Equal(t, "200 OK", short(ok.StatusCode, ok.Reason))
	assert.Equal(t, []string{"<sip:alice@192.0.2.10:5070>;expires=3600"}, headers(ok, "Contact"))
	assert.Equal(t, []string{"Sat, 21 Nov 2026 09:00:00 GMT"}, headers(ok, "Date"))

	got := core.last(t)
	assert.Equal(t, provisioning.RegisterRequest{
		Line: got.Line, CallID: "call-1@192.0.2.10", CSeq: 2, Transport: "udp", Source: netip.MustParseAddrPort("192.0.2.10:5070"),
		UserAgent: "Yealink SIP-T54W 96.86.0.70",
		Contacts:  []provisioning.RegisterContact{{URI: "sip:alice@192.0.2.10:5070", Expires: time.Hour, Q: 1000}},
	}, got)
	assert.Equal(t, provisioning.LineID("alice@acme.sip.test"), got.Line.ID)
	proof := core.proofs[0]
	assert.Equal(t, "acme.sip.test alice REGISTER udp", strings.Join([]string{proof.Domain, proof.UserName, proof.Method, proof.Transport}, " "))
}

func short(status int, reason string) string {
	return strings.TrimSpace(strings.Join([]string{itoa(status), reason}, " "))
}

func TestBothAlgorithmsAreTaken(t *testing.T) {
	t.Parallel()
	server := newServer(t, newFixedCore())
	for _, algorithm := range []digest.Algorithm{"MD5", "SHA-256"} {
		assert.Equal(t, 200, prove(t, server, register{algorithm: algorithm}).StatusCode, string(algorithm))
	}
}

func TestSHA256IsOfferedAfterMD5ToWhoCanBearIt(t *testing.T) {
	t.Parallel()
	server := newServer(t, newFixedCore())
	offers := func(userAgent string) []string {
		return headers(ask(t, server, register{headers: []string{"User-Agent: " + userAgent}}.text("")), "WWW-Authenticate")
	}
	for _, userAgent := range []string{"baresip v1.0.0 (x86_64/Linux)", "PolycomVVX-VVX_450-UA/6.4.0", "", "Not Linphone"} {
		require.Len(t, offers(userAgent), 1, userAgent)
		assert.Contains(t, offers(userAgent)[0], "algorithm=MD5,")
	}
	both := offers("Linphone-Desktop/5.1.0 (host) Debian")
	require.Len(t, both, 2)
	assert.Contains(t, both[0], "algorithm=MD5,")
	assert.Contains(t, both[1], "algorithm=SHA-256,")
}

func TestWrongAndUnknownLookTheSame(t *testing.T) {
	t.Parallel()
	server := newServer(t, newFixedCore())
	for name, r := range map[string]register{
		"wrong password":              {password: "looking-glass"},
		"empty password":              {password: " "},
		"unknown user":                {to: "<sip:carol@acme.sip.test>", user: "carol"},
		"unknown customer":            {uri: "sip:nobody.sip.test", to: "<sip:alice@nobody.sip.test>", realm: "nobody.sip.test"},
		"another user's password":     {to: "<sip:bob@acme.sip.test>"},
		"another user's digest":       {to: "<sip:bob@acme.sip.test>", user: "alice"},
		"another customer's user":     {uri: "sip:beta.sip.test", to: "<sip:alice@beta.sip.test>", realm: "beta.sip.test"},
		"with SHA-256":                {password: "looking-glass", algorithm: "SHA-256"},
		"unknown user, several calls": {to: "<sip:dave@acme.sip.test>", user: "dave", callID: "x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res := prove(t, server, r)
			assert.Equal(t, "403 Forbidden", short(res.StatusCode, res.Reason))
			assert.NotContains(t, res.String(), "secret word", "what the core says stays inside")
			assert.Empty(t, headers(res, "WWW-Authenticate"))
		})
	}
}

// TestWrongAndUnknownAreTheSameBytes compares whole answers, as a scanner would: of users that are as long, in requests that are alike.
func TestWrongAndUnknownAreTheSameBytes(t *testing.T) {
	t.Parallel()
	server := newServer(t, newFixedCore())
	answers := func(user string) (challenge, refusal string) {
		r := register{to: "<sip:" + user + "@acme.sip.test>", user: user, password: "looking-glass", headers: []string{"From: <sip:x@y.example>;tag=from1"}}
		first := ask(t, server, r.text(""))
		nonce := nonceOf(t, first)
		tidy := strings.NewReplacer(nonce, "NONCE", user, "USER")
		return tidy.Replace(first.String()), tidy.Replace(ask(t, server, r.text(nonce)).String())
	}
	knownChallenge, knownRefusal := answers("alice")
	unknownChallenge, unknownRefusal := answers("carol")
	assert.Equal(t, knownChallenge, unknownChallenge)
	assert.Equal(t, knownRefusal, unknownRefusal)
}

func TestWhoGuessesGetsSilence(t *testing.T) {
	t.Parallel()
	server := newServer(t, newFixedCore(), func(c *sip.Config) {
		c.Banned = func(peer netip.Addr, user, domain string) bool {
			return peer == deskPhone.Addr.Addr() && domain == "acme.sip.test" && user != "alice"
		}
	})
	assert.Nil(t, ask(t, server, register{to: "<sip:bob@acme.sip.test>"}.text("")))
	assert.Equal(t, 401, ask(t, server, register{}.text("")).StatusCode, "a phone in good standing at the same address")
}

func TestTheDigestMustBeForThisRequest(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		r    register
		want string
	}{
		"same host in upper case":    {register{digestURI: "sip:ACME.sip.test"}, "200 OK"},
		"default port written":       {register{digestURI: "sip:acme.sip.test:5060"}, "200 OK"},
		"parameters":                 {register{uri: "sip:acme.sip.test;transport=tls"}, "200 OK"},
		"parameters in another case": {register{uri: "sip:acme.sip.test;transport=TLS;a=b", digestURI: "sip:acme.sip.test;a=b;transport=tls"}, "200 OK"},
		"another host":               {register{digestURI: "sip:192.0.2.1:5060"}, "400 Digest URI Is Not The Request-URI"},
		"another port":               {register{digestURI: "sip:acme.sip.test:5070"}, "400 Digest URI Is Not The Request-URI"},
		"another scheme":             {register{digestURI: "sips:acme.sip.test"}, "400 Digest URI Is Not The Request-URI"},
		"a user":                     {register{digestURI: "sip:alice@acme.sip.test"}, "400 Digest URI Is Not The Request-URI"},
		"a parameter less":           {register{uri: "sip:acme.sip.test;transport=tls", digestURI: "sip:acme.sip.test"}, "400 Digest URI Is Not The Request-URI"},
		"no URI":                     {register{digestURI: "x:"}, "400 Digest URI Is Not The Request-URI"},
		"no qop":                     {register{qop: "-"}, "400 Digest Needs qop=auth"},
		"auth-int":                   {register{qop: "auth-int"}, "400 Digest Needs qop=auth"},
		"algorithm unknown":          {register{algorithm: "MD5-sess"}, "400 Bad Authorization"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			core := newFixedCore()
			res := prove(t, newServer(t, core), tc.r)
			assert.Equal(t, tc.want, short(res.StatusCode, res.Reason))
			if tc.want != "200 OK" {
				proofs, requests := core.count()
				assert.Zero(t, proofs+requests, "the core was asked")
			}
		})
	}
}

func TestOtherAuthorizationsAreChallenged(t *testing.T) {
	t.Parallel()
	server := newServer(t, newFixedCore())
	nonce := nonceOf(t, ask(t, server, register{}.text("")))
	for name, header := range map[string]string{
		"basic":         "Authorization: Basic YWxpY2U6d29uZGVybGFuZA==",
		"empty":         "Authorization:",
		"another realm": "Authorization: " + register{realm: "elsewhere.example"}.authorization("n"),
	} {
		res := ask(t, server, register{headers: []string{header}}.text(""))
		assert.Equal(t, 401, res.StatusCode, name)
		assert.NotContains(t, headers(res, "WWW-Authenticate")[0], "stale", name)
	}
	res := ask(t, server, register{headers: []string{"Authorization: " + register{realm: "elsewhere.example"}.authorization("n")}}.text(nonce))
	assert.Equal(t, 200, res.StatusCode, "the right one stands second")
	many := make([]string, 9)
	for i := range many {
		many[i] = "Authorization: Basic eA=="
	}
	res = ask(t, server, register{headers: many}.text(nonce))
	assert.Equal(t, "400 Too Many Authorizations", short(res.StatusCode, res.Reason))
}

func TestNoncesThatDontCountAreStale(t *testing.T) {
	t.Parallel()
	server := newServer(t, newFixedCore())
	fresh := func() string { return nonceOf(t, ask(t, server, register{}.text(""))) }
	assertStale := func(text, why string) {
		t.Helper()
		res := ask(t, server, text)
		assert.Equal(t, 401, res.StatusCode, why)
		assert.Contains(t, headers(res, "WWW-Authenticate")[0], ", stale=true", why)
	}
	assertStale(register{}.text(strings.Repeat("A", 40)), "not ours")
	assertStale(register{nc: 2}.text(fresh()), "a count that began elsewhere")

	elsewhere := server.Handle(t.Context(), parse(t, register{}.text("")), sip.Peer{Addr: netip.MustParseAddrPort("198.51.100.7:5070"), Transport: "udp"})
	assertStale(register{}.text(nonceOf(t, elsewhere)), "another address")
	assertStale(register{uri: "sip:beta.sip.test", to: "<sip:bob@beta.sip.test>", realm: "beta.sip.test"}.text(fresh()), "another realm")

	nonce := fresh()
	require.Equal(t, 200, ask(t, server, register{cseq: 2}.text(nonce)).StatusCode)
	assertStale(register{cseq: 3}.text(nonce), "replayed with another CSeq")
	assertStale(register{cseq: 2, contacts: []string{"<sip:mallory@203.0.113.9>"}}.text(nonce), "replayed with another contact")
	assertStale(register{cseq: 2, headers: []string{"Expires: 0"}}.text(nonce), "replayed with another length")
	assertStale(register{cseq: 2, callID: "other"}.text(nonce), "replayed with another Call-ID")
	assert.Equal(t, 200, ask(t, server, register{cseq: 3, nc: 2}.text(nonce)).StatusCode, "the count grew")
	assertStale(register{cseq: 2}.text(nonce), "an older one again")
}

func TestANonceSurvivesAnotherPort(t *testing.T) {
	t.Parallel()
	server := newServer(t, newFixedCore())
	nonce := nonceOf(t, ask(t, server, register{}.text("")))
	res := server.Handle(t.Context(), parse(t, register{}.text(nonce)), sip.Peer{Addr: netip.MustParseAddrPort("192.0.2.10:40001"), Transport: "tcp"})
	assert.Equal(t, 200, res.StatusCode)
}

func TestARetransmissionGetsTheSameAnswer(t *testing.T) {
	t.Parallel()
	core := newFixedCore()
	server := newServer(t, core)
	text := register{cseq: 2}.text(nonceOf(t, ask(t, server, register{}.text(""))))
	first, second := ask(t, server, text), ask(t, server, text)
	assert.Equal(t, 200, first.StatusCode)
	assert.Equal(t, first.String(), second.String(), "tag included")
	_, requests := core.count()
	assert.Equal(t, 2, requests)
	assert.Len(t, core.bound("alice@acme.sip.test"), 1)
}

func TestWhoAndWhere(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		r    register
		want string
	}{
		"upper case domain":            {register{to: "<sip:alice@ACME.SIP.TEST>"}, "200"},
		"final dot":                    {register{to: "<sip:alice@acme.sip.test.>", uri: "sip:acme.sip.test."}, "200"},
		"display name":                 {register{to: `"Alice, \"the\" <one>" <sip:alice@acme.sip.test>`}, "200"},
		"no brackets":                  {register{to: "sip:alice@acme.sip.test"}, "200"},
		"escaped user":                 {register{to: "<sip:%61lice@acme.sip.test>"}, "200"},
		"port and parameters":          {register{to: "<sip:alice@acme.sip.test:5060;transport=udp>"}, "200"},
		"sips":                         {register{to: "<sips:alice@acme.sip.test>", uri: "sips:acme.sip.test"}, "200"},
		"public host":                  {register{uri: "sip:PBX.example.net"}, "200"},
		"IPv4 address":                 {register{uri: "sip:192.0.2.1:5060"}, "200"},
		"IPv6 address":                 {register{uri: "sip:[2001:db8::1]:5060"}, "200"},
		"user in the Request-URI":      {register{uri: "sip:alice@acme.sip.test"}, "200"},
		"another host":                 {register{uri: "sip:elsewhere.example"}, "404"},
		"another customer's host":      {register{uri: "sip:beta.sip.test"}, "404"},
		"foreign domain":               {register{to: "<sip:alice@elsewhere.example>"}, "404"},
		"our domain itself":            {register{to: "<sip:alice@sip.test>"}, "404"},
		"a domain that ends like ours": {register{to: "<sip:alice@acmesip.test>"}, "404"},
		"an address":                   {register{to: "<sip:alice@192.0.2.1>"}, "404"},
		"no user":                      {register{to: "<sip:acme.sip.test>"}, "400"},
		"empty user":                   {register{to: "<sip:@acme.sip.test>"}, "400"},
		"broken escape":                {register{to: "<sip:%zz@acme.sip.test>"}, "400"},
		"escaped line break":           {register{to: "<sip:a%0d%0ab@acme.sip.test>"}, "400"},
		"tel":                          {register{to: "<tel:+15551234>"}, "400"},
		"no scheme":                    {register{to: "<alice@acme.sip.test>"}, "400"},
		"broken host":                  {register{to: "<sip:alice@acme..sip.test>"}, "400"},
		"space in the host":            {register{to: "<sip:alice@acme .sip.test>"}, "400"},
		"long":                         {register{to: "<sip:" + strings.Repeat("a", 600) + "@acme.sip.test>"}, "400"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t, newFixedCore())
			res := ask(t, server, tc.r.text(""))
			if tc.want == "200" {
				require.Equal(t, 401, res.StatusCode)
				res = ask(t, server, tc.r.text(nonceOf(t, res)))
			}
			assert.Equal(t, tc.want, itoa(res.StatusCode))
		})
	}
}

func TestBindings(t *testing.T) {
	t.Parallel()
	const a, b = "<sip:alice@192.0.2.10:5070>", "<sip:alice@192.0.2.11;transport=tcp>"
	for name, tc := range map[string]struct {
		contacts, headers []string
		want              string
		bound             []string
	}{
		"none asks":              {[]string{}, nil, "200 OK", []string{"<sip:before@192.0.2.1>;expires=600"}},
		"default length":         {[]string{a}, nil, "200 OK", []string{a + ";expires=3600", "<sip:before@192.0.2.1>;expires=600"}},
		"Expires":                {[]string{a}, []string{"Expires: 120"}, "200 OK", []string{a + ";expires=120", "<sip:before@192.0.2.1>;expires=600"}},
		"own expires wins":       {[]string{a + ";expires=90"}, []string{"Expires: 120"}, "200 OK", []string{a + ";expires=90", "<sip:before@192.0.2.1>;expires=600"}},
		"without brackets":       {[]string{"sip:alice@192.0.2.10:5070;expires=90"}, nil, "200 OK", []string{a + ";expires=90", "<sip:before@192.0.2.1>;expires=600"}},
		"two in one":             {[]string{a + ";expires=90, " + b}, nil, "200 OK", []string{a + ";expires=90", b + ";expires=3600", "<sip:before@192.0.2.1>;expires=600"}},
		"two in two":             {[]string{`"A, \"B" ` + a, b + ";q=0.5;expires=100;"}, nil, "200 OK", []string{a + ";expires=3600", b + ";q=0.5;expires=100", "<sip:before@192.0.2.1>;expires=600"}},
		"too long is cut":        {[]string{a}, []string{"Expires: 86400"}, "200 OK", []string{a + ";expires=3600", "<sip:before@192.0.2.1>;expires=600"}},
		"far too long is cut":    {[]string{a + ";expires=99999999999999999999"}, nil, "200 OK", []string{a + ";expires=3600", "<sip:before@192.0.2.1>;expires=600"}},
		"unreadable is none":     {[]string{a}, []string{"Expires: soon"}, "200 OK", []string{a + ";expires=3600", "<sip:before@192.0.2.1>;expires=600"}},
		"negative is none":       {[]string{a + ";expires=-5"}, nil, "200 OK", []string{a + ";expires=3600", "<sip:before@192.0.2.1>;expires=600"}},
		"the shortest":           {[]string{a}, []string{"Expires: 60"}, "200 OK", []string{a + ";expires=60", "<sip:before@192.0.2.1>;expires=600"}},
		"too short":              {[]string{a}, []string{"Expires: 59"}, "423 Interval Too Brief", nil},
		"one of two too short":   {[]string{a, b + ";expires=1"}, nil, "423 Interval Too Brief", nil},
		"remove":                 {[]string{"<sip:before@192.0.2.1>;expires=0"}, nil, "200 OK", nil},
		"remove by Expires":      {[]string{"<sip:before@192.0.2.1>"}, []string{"Expires: 0"}, "200 OK", nil},
		"exchange":               {[]string{"<sip:before@192.0.2.1>;expires=0", a}, nil, "200 OK", []string{a + ";expires=3600"}},
		"remove all":             {[]string{"*"}, []string{"Expires: 0"}, "200 OK", nil},
		"all without Expires":    {[]string{"*"}, nil, "400 Wildcard Needs Expires 0", nil},
		"all with a length":      {[]string{"*"}, []string{"Expires: 60"}, "400 Wildcard Needs Expires 0", nil},
		"all and one":            {[]string{"*", a}, []string{"Expires: 0"}, "400 Wildcard Needs Expires 0", nil},
		"all twice":              {[]string{"*, *"}, []string{"Expires: 0"}, "400 Wildcard Needs Expires 0", nil},
		"Expires twice":          {[]string{a}, []string{"Expires: 60", "Expires: 70"}, "400 Bad Expires", nil},
		"tel":                    {[]string{"<tel:+15551234>"}, nil, "400 Bad Contact", nil},
		"no URI":                 {[]string{"<>"}, nil, "400 Bad Contact", nil},
		"open bracket":           {[]string{"<sip:alice@192.0.2.10"}, nil, "400 Bad Contact", nil},
		"headers in the URI":     {[]string{"<sip:alice@192.0.2.10?Replaces=x>"}, nil, "400 Bad Contact", nil},
		"empty":                  {[]string{""}, nil, "400 Bad Contact", nil},
		"long":                   {[]string{"<sip:" + strings.Repeat("a", 600) + "@192.0.2.10>"}, nil, "400 Bad Contact", nil},
		"long instance":          {[]string{a + `;+sip.instance="` + strings.Repeat("a", 201) + `"`}, nil, "400 Bad Contact", nil},
		"more than can be meant": {[]string{strings.Repeat(a+", ", 32) + a}, nil, "400 Too Many Contacts", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			core := newFixedCore()
			core.bindings["alice@acme.sip.test"] = []provisioning.Binding{{Contact: "sip:before@192.0.2.1", Q: 1000, Expires: now.Add(10 * time.Minute)}}
			server := newServer(t, core)
			r := register{contacts: tc.contacts, headers: tc.headers}
			res := ask(t, server, r.text(""))
			if res.StatusCode == 401 {
				res = ask(t, server, r.text(nonceOf(t, res)))
			}
			assert.Equal(t, tc.want, short(res.StatusCode, res.Reason))
			assert.Equal(t, tc.bound, headers(res, "Contact"))
			if res.StatusCode == 423 {
				assert.Equal(t, []string{"60"}, headers(res, "Min-Expires"))
			}
			if res.StatusCode != 200 {
				_, requests := core.count()
				assert.Zero(t, requests)
			}
		})
	}
}

func TestInstanceIDsReachTheCore(t *testing.T) {
	t.Parallel()
	core := newFixedCore()
	contact := `<sip:alice@192.0.2.10;ob>;reg-id=1;+sip.instance="<urn:uuid:00000000-0000-1000-8000-805EC0AABBCC>"`
	require.Equal(t, 200, prove(t, newServer(t, core), register{contacts: []string{contact}}).StatusCode)
	assert.Equal(t, []provisioning.RegisterContact{{
		URI: "sip:alice@192.0.2.10;ob", Expires: time.Hour, InstanceID: "<urn:uuid:00000000-0000-1000-8000-805EC0AABBCC>", Q: 1000,
	}}, core.last(t).Contacts)
}

func TestRemainingSecondsAreRoundedUpAndEndedBindingsLeftOut(t *testing.T) {
	t.Parallel()
	core := newFixedCore()
	core.bindings["alice@acme.sip.test"] = []provisioning.Binding{
		{Contact: "sip:a@192.0.2.1", Q: 1000, Expires: now.Add(1500 * time.Millisecond)},
		{Contact: "sip:b@192.0.2.1", Expires: now},
		{Contact: "sip:c@192.0.2.1", Expires: now.Add(-time.Second)},
	}
	res := prove(t, newServer(t, core), register{contacts: []string{}})
	assert.Equal(t, []string{"<sip:a@192.0.2.1>;expires=2"}, headers(res, "Contact"))
}

func TestFaultsBecomeStatuses(t *testing.T) {
	t.Parallel()
	limited := fault.New(fault.Limited, "internal matters")
	limited.RetryAfter = 90 * time.Second
	for name, tc := range map[string]struct {
		err        error
		want       string
		retryAfter string
	}{
		"invalid":      {fault.New(fault.Invalid, "internal matters"), "400 Bad Request", "^$"},
		"conflict":     {fault.New(fault.Conflict, "internal matters"), "400 Bad Request", "^$"},
		"not found":    {fault.New(fault.NotFound, "internal matters"), "404 Not Found", "^$"},
		"denied":       {fault.New(fault.Denied, "internal matters"), "403 Forbidden", "^$"},
		"limited":      {limited, "503 Service Unavailable", "^90$"},
		"unavailable":  {fault.New(fault.Unavailable, "internal matters"), "503 Service Unavailable", "^[1-3][0-9]$"},
		"internal":     {fault.New(fault.Internal, "internal matters"), "500 Server Internal Error", "^$"},
		"unclassified": {errors.New("internal matters"), "500 Server Internal Error", "^$"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, core := range []BrokenCore{{verify: tc.err}, {register: tc.err}} {
				res := prove(t, newServer(t, core), register{})
				assert.Equal(t, tc.want, short(res.StatusCode, res.Reason))
				assert.Regexp(t, tc.retryAfter, strings.Join(headers(res, "Retry-After"), " "))
				assert.NotContains(t, res.String(), "internal matters")
			}
		})
	}
}

func TestNewRefusesWhatCantWork(t *testing.T) {
	t.Parallel()
	nonces := digest.NewNonces(digest.NoncesConfig{Key: []byte("0123456789abcdef")})
	good := sip.Config{Core: newFixedCore(), Nonces: nonces, SIPDomain: "sip.test"}
	_, err := sip.New(good)
	require.NoError(t, err)
	for name, change := range map[string]func(*sip.Config){
		"no core":           func(c *sip.Config) { c.Core = nil },
		"no nonces":         func(c *sip.Config) { c.Nonces = nil },
		"no domain":         func(c *sip.Config) { c.SIPDomain = "" },
		"broken domain":     func(c *sip.Config) { c.SIPDomain = "sip..test" },
		"min above max":     func(c *sip.Config) { c.MinExpires = 2 * time.Hour },
		"default above max": func(c *sip.Config) { c.DefaultExpires = 2 * time.Hour },
	} {
		config := good
		change(&config)
		_, err := sip.New(config)
		assert.Error(t, err, name)
	}
}
