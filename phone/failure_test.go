package phone_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/phone"
	"dialtone/secret"
)

// closedPort is an address that nothing listens on.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

func TestANameThatDoesNotExist(t *testing.T) {
	t.Parallel()
	resolver := newZone(t).serve(t)
	_, said, err := boot(t, phone.BootConfig{MAC: ciscoMAC, Model: "8851", Server: "http://phones.example.com", DNS: resolver})
	assertStep(t, err, "dns", "there is no address for phones.example.com (asked "+resolver+")")
	assert.Contains(t, said, " 1. dns        failed  there is no address for phones.example.com")
}

func TestADNSServerThatRefuses(t *testing.T) {
	t.Parallel()
	z := newZone(t)
	z.rcode = dns.RcodeRefused
	_, _, err := boot(t, phone.BootConfig{MAC: ciscoMAC, Model: "8851", Server: "phones.example.com", DNS: z.serve(t)})
	assertStep(t, err, "dns", "answers REFUSED for phones.example.com")
}

func TestADNSServerThatIsDead(t *testing.T) {
	t.Parallel()
	_, _, err := boot(t, phone.BootConfig{MAC: ciscoMAC, Model: "8851", Server: "phones.example.com", DNS: closedPort(t), Timeout: time.Second})
	assertStep(t, err, "dns", "gives no answer over udp (nothing listens there)")
}

func TestTheServersNameIsLookedUp(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.cisco(t)
	z := newZone(t, "phones.example.com. 60 IN CNAME other.example.com.", "other.example.com. 60 IN A 127.0.0.1")
	z.large = true // the answer comes over TCP
	resolver := z.serve(t)
	server := strings.Replace(s.http, "127.0.0.1", "phones.example.com", 1)
	_, said, err := boot(t, phone.BootConfig{MAC: ciscoMAC, Model: "8851", Server: server, DNS: resolver})
	require.NoError(t, err, said)
	assert.Contains(t, said, " 1. dns        ok      phones.example.com is 127.0.0.1 (asked "+resolver+")\n")
	assert.Equal(t, 1, strings.Count(said, ". dns "))
}

func TestTheSystemsResolverIsAskedWhenNoneIsGiven(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.cisco(t)
	_, said, err := boot(t, phone.BootConfig{MAC: ciscoMAC, Model: "8851", Server: strings.Replace(s.http, "127.0.0.1", "localhost", 1)})
	require.NoError(t, err, said)
	assert.Contains(t, said, " 1. dns        ok      localhost is 127.0.0.1")
	assert.Contains(t, said, "(asked the system's resolver)\n")
}

func TestAliasesInCircles(t *testing.T) {
	t.Parallel()
	z := newZone(t, "a.example.com. 60 IN CNAME b.example.com.", "b.example.com. 60 IN CNAME a.example.com.")
	_, _, err := boot(t, phone.BootConfig{MAC: ciscoMAC, Model: "8851", Server: "a.example.com", DNS: z.serve(t)})
	assertStep(t, err, "dns", "more than 5 aliases in a row")
}

func TestADeadServer(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"http", "https", "tftp"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			_, _, err := boot(t, phone.BootConfig{
				MAC: yealinkMAC, Model: "T54W", Server: scheme + "://" + closedPort(t), Timeout: 300 * time.Millisecond,
			})
			assertStep(t, err, "fetch", map[bool]string{true: "no answer in time", false: "nothing listens there"}[scheme == "tftp"])
		})
	}
}

func TestARequiredFileThatIsMissing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ model, mac, last string }{
		{"8851", ciscoMAC, "8851-3PCC.xml"}, {"T54W", yealinkMAC, "805ec0aabbcc.cfg"}, {"VVX450", polyMAC, "000000000000.cfg"},
	} {
		t.Run(c.model, func(t *testing.T) {
			t.Parallel()
			empty := newFiles()
			_, _, err := boot(t, phone.BootConfig{MAC: c.mac, Model: c.model, Server: empty.serveHTTP(t)})
			assertStep(t, err, "fetch", c.last+": there is no such file (404)")
			_, _, err = boot(t, phone.BootConfig{MAC: c.mac, Model: c.model, Server: empty.serveTFTP(t)})
			assertStep(t, err, "fetch", c.last+": there is no such file")
		})
	}
}

func TestAClosedEnrolmentWindow(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.open.put("y000000000096.cfg", fill(t, "yealink/common.cfg", s.names))
	s.open.put("805ec0aabbcc.cfg", fill(t, "yealink/bootstrap.cfg", s.names))
	s.asks("805ec0aabbcc")
	_, said, err := boot(t, phone.BootConfig{MAC: yealinkMAC, Model: "T54W", Server: s.http})
	assertStep(t, err, "fetch", "it has no credentials; most likely no enrolment window is open")
	assert.Contains(t, said, "805ec0aabbcc.boot: the server asks who this phone is")
	assert.Contains(t, said, "    next       Open an enrolment window for this phone")
}

func TestHTTPRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		why    string
	}{
		"forbidden":       {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) }, "the server refuses it (403)"},
		"busy":            {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, "the server is too busy (503)"},
		"no challenge":    {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) }, "without saying how it may answer"},
		"unknown scheme":  {challenge("Negotiate"), "in a way that it can't answer"},
		"basic in clear":  {challenge(`Basic realm="x"`), "a password in the clear, which this phone doesn't give"},
		"digest in vain":  {challenge(`Digest realm="x", nonce="1", qop="auth"`), "refuses the phone's user name and password"},
		"too large":       {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 1<<20+1)) }, "it is larger than 1048576 bytes"},
		"circle":          {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/again", 302) }, "sends the phone in circles"},
		"nowhere":         {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(302) }, "sends the phone elsewhere (302), but doesn't say where"},
		"to file":         {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "file:///etc/passwd", 302) }, "doesn't say where"},
		"broken transfer": {func(w http.ResponseWriter, _ *http.Request) { breakOff(w) }, "the file broke off"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFiles()
			f.guard(func(w http.ResponseWriter, r *http.Request) bool { c.answer(w, r); return true })
			_, _, err := boot(t, phone.BootConfig{
				MAC: ciscoMAC, Model: "8851", Server: f.serveHTTP(t) + "/a.xml", Access: phone.Access{UserName: "u"},
			})
			assertStep(t, err, "fetch", c.why)
		})
	}
}

func challenge(header string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", header)
		w.WriteHeader(http.StatusUnauthorized)
	}
}

func breakOff(w http.ResponseWriter) {
	w.Header().Set("Content-Length", "1000")
	_, _ = io.WriteString(w, "<flat")
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

func TestARedirectIsFollowedButNeverOutOfTLS(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.cisco(t)
	s.open.guard(func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/old.xml" {
			http.Redirect(w, r, "/8851-3PCC.xml", http.StatusMovedPermanently)
			return true
		}
		return false
	})
	_, said, err := boot(t, phone.BootConfig{MAC: ciscoMAC, Model: "8851", Server: s.http + "/old.xml"})
	require.NoError(t, err, said)

	s.own.guard(func(w http.ResponseWriter, r *http.Request) bool {
		http.Redirect(w, r, s.http+"/8851-3PCC.xml", http.StatusFound)
		return true
	})
	_, _, err = boot(t, phone.BootConfig{MAC: ciscoMAC, Model: "8851", Server: s.https + "/a.xml", CA: s.ca.pool()})
	assertStep(t, err, "fetch", "from https to http")
}

func TestCredentialsStayWithTheServerThatTheyAreFor(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var shown []string
	other := newFiles()
	other.guard(func(w http.ResponseWriter, r *http.Request) bool {
		shown = append(shown, r.Header.Get("Authorization"))
		w.Header().Set("WWW-Authenticate", `Basic realm="thief"`)
		w.WriteHeader(http.StatusUnauthorized)
		return true
	})
	elsewhere := other.serveHTTPS(t, s.ca.server(t))
	s.own.guard(func(w http.ResponseWriter, r *http.Request) bool {
		http.Redirect(w, r, elsewhere+"/a.xml", http.StatusFound)
		return true
	})
	_, _, err := boot(t, phone.BootConfig{
		MAC: ciscoMAC, Model: "8851", Server: s.https + "/a.xml", CA: s.ca.pool(), Access: phone.Access{UserName: "u"},
	})
	assertStep(t, err, "fetch", "it has no credentials")
	assert.Equal(t, []string{""}, shown)
}

func TestADigestChallengeIsAnswered(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.cisco(t)
	door := registrar{realm: "phones", user: "00562b043615", password: "Fetch-Pass.1", method: "GET", uri: "/00562b043615.xml?x=1"}
	s.own.guard(func(w http.ResponseWriter, r *http.Request) bool {
		if door.proven(r.Header.Get("Authorization")) {
			return false
		}
		w.Header().Add("WWW-Authenticate", `Basic realm="phones"`)
		w.Header().Add("WWW-Authenticate", `Digest realm="phones", nonce="n,1", algorithm=SHA-256, qop="auth-int, auth"`)
		w.WriteHeader(http.StatusUnauthorized)
		return true
	})
	s.own.put("00562b043615.xml?x=1", fill(t, "cisco/device.xml", s.names))
	_, said, err := boot(t, phone.BootConfig{
		MAC: ciscoMAC, Model: "8851", Server: s.https + "/$MA.xml?x=1", CA: s.ca.pool(),
		Access: phone.Access{UserName: "00562b043615", Password: secret.New("Fetch-Pass.1")},
	})
	require.NoError(t, err, said)
}

func TestTFTPRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ packet, why string }{
		"denied":        {"\x00\x05\x00\x02denied\x00", `the server refuses it ("denied")`},
		"other":         {"\x00\x05\x00\x00bad request\x00", `the server answers error 0 ("bad request")`},
		"control codes": {"\x00\x05\x00\x00\x1b[2Jfake\n 9. register\x00", `the server answers error 0 ("\x1b[2Jfake\n 9. register")`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, err := net.ListenPacket("udp", "127.0.0.1:0")
			require.NoError(t, err)
			owned(t, conn, func() {
				buffer := make([]byte, 1500)
				for {
					_, peer, err := conn.ReadFrom(buffer)
					if err != nil {
						return
					}
					_, _ = conn.WriteTo([]byte(c.packet), peer)
				}
			})
			_, said, err := boot(t, phone.BootConfig{MAC: ciscoMAC, Model: "8851", Server: "tftp://" + conn.LocalAddr().String()})
			assertStep(t, err, "fetch", c.why)
			assert.NotContains(t, said, "\x1b")
		})
	}
}

func TestLostTFTPPacketsAreSentAgain(t *testing.T) {
	t.Parallel()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	asked := make(chan string, 10)
	owned(t, conn, func() {
		buffer := make([]byte, 1500)
		for n := 0; ; n++ {
			size, peer, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			asked <- string(buffer[:size])
			if n == 1 { // the first request was lost
				_, _ = conn.WriteTo([]byte("\x00\x03\x00\x01<flat-profile/>"), peer)
			}
		}
	})
	_, _, err = boot(t, phone.BootConfig{MAC: ciscoMAC, Model: "8851", Server: "tftp://" + conn.LocalAddr().String(), Timeout: 600 * time.Millisecond})
	assertStep(t, err, "lines", "no line that is switched on") // the file arrived
	for _, want := range []string{
		"\x00\x01/8851-3PCC.xml\x00octet\x00blksize\x001428\x00", "\x00\x01/8851-3PCC.xml\x00octet\x00blksize\x001428\x00", "\x00\x04\x00\x01",
	} {
		assert.Equal(t, want, <-asked)
	}
}

func TestAFileThatIsTooLargeForTFTP(t *testing.T) {
	t.Parallel()
	f := newFiles()
	f.put("8851-3PCC.xml", strings.Repeat("x", 1<<20+1))
	_, _, err := boot(t, phone.BootConfig{MAC: ciscoMAC, Model: "8851", Server: f.serveTFTP(t)})
	assertStep(t, err, "fetch", "it is larger than 1048576 bytes")
}

func TestACertificateThatIsNotTrusted(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.cisco(t)
	server := s.https + "/$MA.xml"
	_, _, err := boot(t, phone.BootConfig{MAC: ciscoMAC, Model: "8851", Server: server})
	assertStep(t, err, "fetch", `its certificate is signed by "Test CA", which this phone doesn't trust`)

	named := newFiles().serveHTTPS(t, s.ca.server(t, "phones.example.com"))
	_, _, err = boot(t, phone.BootConfig{MAC: ciscoMAC, Model: "8851", Server: named, CA: s.ca.pool()})
	assertStep(t, err, "fetch", "its certificate is for phones.example.com, not for 127.0.0.1")

	later := func() time.Time { return time.Now().Add(48 * time.Hour) }
	_, _, err = boot(t, phone.BootConfig{MAC: ciscoMAC, Model: "8851", Server: server, CA: s.ca.pool(), Now: later})
	assertStep(t, err, "fetch", "its certificate is valid from ")

	s.own.guard(nil)
	_, said, err := boot(t, phone.BootConfig{MAC: ciscoMAC, Model: "8851", Server: server, InsecureTLS: true})
	require.NoError(t, err, said)
}

func TestACAThatIsNone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.cisco(t)
	s.open.put("ca.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
	_, _, err := boot(t, phone.BootConfig{MAC: ciscoMAC, Model: "8851", Server: s.http})
	assertStep(t, err, "trust", "a certificate in it can't be read")
	s.open.put("ca.pem", "nothing")
	_, _, err = boot(t, phone.BootConfig{MAC: ciscoMAC, Model: "8851", Server: s.http})
	assertStep(t, err, "trust", "there is no certificate in PEM form in it")
}

func TestFilesThatMakeNoSense(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ model, mac, path, body, why string }{
		"broken XML":      {"8851", ciscoMAC, "8851-3PCC.xml", "<flat-profile><A></flat-profile>", "it isn't well-formed XML"},
		"bare ampersand":  {"8851", ciscoMAC, "8851-3PCC.xml", "<flat-profile>\n<Password_1_>a&Fetch-Pass.1</Password_1_></flat-profile>", "in line 2"},
		"bare bracket":    {"8851", ciscoMAC, "8851-3PCC.xml", "<flat-profile><Password_1_>a<Fetch-Pass.1</Password_1_></flat-profile>", "in line 1"},
		"wrong root":      {"8851", ciscoMAC, "8851-3PCC.xml", "<html/>", "its root element is <html>"},
		"blank line":      {"8851", ciscoMAC, "8851-3PCC.xml", "\n<flat-profile/>", "the first byte isn't '<'"},
		"no version":      {"T54W", yealinkMAC, "805ec0aabbcc.cfg", "a = 1\n", "its first line isn't #!version:1.0.0.1"},
		"attribute twice": {"VVX450", polyMAC, "0004f2aabbcc.cfg", `<APPLICATION a="1" a="2"/>`, "<APPLICATION> has the attribute a twice"},
		"an HTML page":    {"VVX450", polyMAC, "0004f2aabbcc.cfg", "<html><br></html>", "it isn't well-formed XML"},
		"an empty file":   {"VVX450", polyMAC, "0004f2aabbcc.cfg", "", "the file is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFiles()
			f.put(c.path, c.body)
			_, _, err := boot(t, phone.BootConfig{MAC: c.mac, Model: c.model, Server: f.serveHTTP(t)})
			assertStep(t, err, "read", c.why)
		})
	}
}

func TestBootstrapsThatLeadNowhere(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ model, mac, path, body, why string }{
		"cisco condition":  {"8851", ciscoMAC, "8851-3PCC.xml", rule(`("$MA" is "1")? http://h/x.xml`), "Profile_Rule_B can't be followed: its condition"},
		"cisco option":     {"8851", ciscoMAC, "8851-3PCC.xml", rule(`[--post a]http://h/x.xml`), "an option that this simulated phone doesn't know"},
		"cisco bracket":    {"8851", ciscoMAC, "8851-3PCC.xml", rule(`[--uid a --pwd Fetch-Pass.1`), "a bracket in it isn't closed"},
		"cisco quote":      {"8851", ciscoMAC, "8851-3PCC.xml", rule(`[--uid "a`), "a quote in it isn't closed"},
		"cisco value":      {"8851", ciscoMAC, "8851-3PCC.xml", rule(`[--uid]http://h/`), "--uid has no value"},
		"cisco scheme":     {"8851", ciscoMAC, "8851-3PCC.xml", rule(`gopher://h/x.xml`), "not a tftp, http or https URL"},
		"yealink url":      {"T54W", yealinkMAC, "805ec0aabbcc.cfg", "#!version:1.0.0.1\nstatic.auto_provision.server.url = ftp://h/", "server.url: not a tftp"},
		"poly server type": {"VVX450", polyMAC, "0004f2aabbcc.cfg", `<x device.set="1" device.prov.serverName.set="1" device.prov.serverName="h" device.prov.serverType.set="1" device.prov.serverType="FTP"/>`, `a server type "FTP"`},
		"poly list":        {"VVX450", polyMAC, "0004f2aabbcc.cfg", `<APPLICATION CONFIG_FILES="gopher://h/x"/>`, "names what is not a tftp, http or https URL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFiles()
			f.put(c.path, c.body)
			_, _, err := boot(t, phone.BootConfig{MAC: c.mac, Model: c.model, Server: f.serveHTTP(t)})
			assertStep(t, err, "follow", c.why)
		})
	}
}

// rule is a flat profile with a Profile_Rule_B.
func rule(text string) string {
	return "<flat-profile><Profile_Rule_B>" + strings.ReplaceAll(text, "<", "&lt;") + "</Profile_Rule_B></flat-profile>"
}

func TestABootstrapThatGoesInCircles(t *testing.T) {
	t.Parallel()
	t.Run("cisco", func(t *testing.T) {
		t.Parallel()
		f := newFiles()
		base := f.serveHTTP(t)
		f.put("8851-3PCC.xml", rule(base+"/0.xml"))
		for i := range 20 {
			f.put(fmt.Sprintf("%d.xml", i), rule(fmt.Sprintf("%s/%d.xml", base, i+1)))
		}
		_, _, err := boot(t, phone.BootConfig{MAC: ciscoMAC, Model: "8851", Server: base})
		assertStep(t, err, "follow", "the files have sent the phone on 5 times, now to "+base)
	})
	t.Run("yealink", func(t *testing.T) {
		t.Parallel()
		here, there := newFiles(), newFiles()
		a, b := here.serveHTTP(t), there.serveHTTP(t)
		here.put("805ec0aabbcc.cfg", "#!version:1.0.0.1\nstatic.auto_provision.server.url = "+b)
		there.put("805ec0aabbcc.cfg", "#!version:1.0.0.1\nstatic.auto_provision.server.url = "+a)
		_, _, err := boot(t, phone.BootConfig{MAC: yealinkMAC, Model: "T54W", Server: a})
		assertStep(t, err, "follow", "the files have sent the phone on 5 times")
	})
	t.Run("poly", func(t *testing.T) {
		t.Parallel()
		here, there := newFiles(), newFiles()
		a, b := here.serveHTTP(t), there.serveHTTP(t)
		form := `<x device.set="1" device.prov.serverName.set="1" device.prov.serverName="%s"/>`
		here.put("0004f2aabbcc.cfg", fmt.Sprintf(form, b))
		there.put("0004f2aabbcc.cfg", fmt.Sprintf(form, a))
		_, _, err := boot(t, phone.BootConfig{MAC: polyMAC, Model: "VVX450", Server: a})
		assertStep(t, err, "follow", "the files have sent the phone on 5 times")
	})
}

func TestFilesWithoutAUsableLine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ model, mac, path, body, why string }{
		"none":              {"8851", ciscoMAC, "8851-3PCC.xml", "<flat-profile/>", "the files hold no line that is switched on"},
		"cisco proxy":       {"8851", ciscoMAC, "8851-3PCC.xml", flat("User_ID_1_=1", "Password_1_=p", "Proxy_1_=a b"), `Proxy_1_ is "a b", which is no host`},
		"cisco transport":   {"8851", ciscoMAC, "8851-3PCC.xml", flat("User_ID_1_=1", "Password_1_=p", "Proxy_1_=h", "SIP_Transport_1_=SCTP"), `no SIP transport "SCTP"`},
		"cisco expires":     {"8851", ciscoMAC, "8851-3PCC.xml", flat("User_ID_1_=1", "Password_1_=p", "Proxy_1_=h", "Register_Expires_1_=-1"), "Register_Expires_1_"},
		"no password":       {"8851", ciscoMAC, "8851-3PCC.xml", flat("User_ID_1_=1", "Proxy_1_=h"), "line 1 has no password"},
		"yealink off":       {"T54W", yealinkMAC, "805ec0aabbcc.cfg", account("enable=0", "user_name=1"), "no line that is switched on"},
		"yealink transport": {"T54W", yealinkMAC, "805ec0aabbcc.cfg", account("enable=1", "user_name=1", "password=p", "sip_server.1.address=h", "sip_server.1.transport_type=9"), "should be 0 to 3"},
		"yealink port":      {"T54W", yealinkMAC, "805ec0aabbcc.cfg", account("enable=1", "user_name=1", "password=p", "sip_server.1.address=h", "sip_server.1.port=x"), `"x" is no port`},
		"yealink domain":    {"T54W", yealinkMAC, "805ec0aabbcc.cfg", account("enable=1", "user_name=1", "password=p", "sip_server.1.address=h>x"), `"h>x" is no SIP domain`},
		"poly transport":    {"VVX450", polyMAC, "0004f2aabbcc.cfg", `<x reg.1.address="1@h" reg.1.auth.password="p" reg.1.server.1.address="h" reg.1.server.1.transport="SMOKE"/>`, `"SMOKE", which is none`},
		"poly line break":   {"VVX450", polyMAC, "0004f2aabbcc.cfg", "<x reg.1.address=\"1&#xA;Evil: 1@h\" reg.1.auth.password=\"p\" reg.1.server.1.address=\"h\"/>", "control characters"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFiles()
			f.put(c.path, c.body)
			_, _, err := boot(t, phone.BootConfig{MAC: c.mac, Model: c.model, Server: f.serveHTTP(t)})
			assertStep(t, err, "lines", c.why)
		})
	}
}

// flat is a flat profile of name=value pairs.
func flat(pairs ...string) string {
	var b strings.Builder
	for _, p := range pairs {
		name, value, _ := strings.Cut(p, "=")
		b.WriteString("<" + name + ">" + value + "</" + name + ">")
	}
	return "<flat-profile>" + b.String() + "</flat-profile>"
}

// account is a Yealink file with these parameters of the first account.
func account(pairs ...string) string {
	return "#!version:1.0.0.1\naccount.1." + strings.Join(pairs, "\naccount.1.") + "\n"
}
