package phone_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"dialtone/fault"
	"dialtone/phone"
	"dialtone/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	ciscoMAC   = "00562B043615"
	yealinkMAC = "80:5E:C0:AA:BB:CC"
	polyMAC    = "0004.f2aa.bbcc"
)

// site is a whole installation of fakes: an open plain door, an HTTPS door that asks for a password, DNS and a registrar.
type site struct {
	ca          *authority
	open, own   *files
	http, https string
	tftp        string
	registrar   *registrar
	names       map[string]string // for fill
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{ca: newAuthority(t), open: newFiles(), own: newFiles(), registrar: newRegistrar()}
	s.http, s.tftp = s.open.serveHTTP(t), s.open.serveTFTP(t)
	s.https = s.own.serveHTTPS(t, s.ca.server(t))
	s.open.put("ca.pem", s.ca.PEM)
	s.names = map[string]string{
		"http": s.http, "https": s.https, "https-host": host(s.https), "sip-udp": s.registrar.serveUDP(t),
		"ca": strings.ReplaceAll(s.ca.PEM, "\n", " "),
	}
	return s
}

// asks makes the HTTPS door ask for a user name and the password Fetch-Pass.1.
func (s *site) asks(user string) {
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":Fetch-Pass.1"))
	s.own.guard(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("Authorization") == want {
			return false
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="phones"`)
		w.WriteHeader(http.StatusUnauthorized)
		return true
	})
}

func (s *site) cisco(t *testing.T) {
	t.Helper()
	s.open.put("8851-3PCC.xml", fill(t, "cisco/bootstrap.xml", s.names))
	s.own.put("00562b043615.xml", fill(t, "cisco/device.xml", s.names))
	s.asks("00562b043615")
}

// srv is a zone in which the line's domain leads to a registrar over one transport.
func srv(t *testing.T, service, transport, address string) *zone {
	t.Helper()
	t.Helper()
	_, port, _ := strings.Cut(address, ":")
	name := map[string]string{"udp": "_sip._udp", "tcp": "_sip._tcp", "tls": "_sips._tcp"}[transport] + ".bakery.sip.example."
	return newZone(t,
		"bakery.sip.example. 60 IN NAPTR 10 10 \"s\" \""+service+"\" \"\" "+name,
		name+" 60 IN SRV 0 0 "+port+" edge.sip.example.",
		"edge.sip.example. 60 IN A 127.0.0.1",
	)
}

// boot runs one boot and checks what holds for every one: no secret is printed, and the steps add up.
func boot(t *testing.T, c phone.BootConfig) (phone.Result, string, error) {
	t.Helper()
	if c.Timeout == 0 {
		c.Timeout = 3 * time.Second
	}
	var out bytes.Buffer
	result, err := phone.Boot(t.Context(), c, &out)
	checkSaid(t, result, out.String(), err)
	return result, out.String(), err
}

func checkSaid(t *testing.T, result phone.Result, said string, err error) {
	t.Helper()
	all := said + fmt.Sprint(err) + fmt.Sprintf("%+v %#v", result, result)
	for _, s := range []string{"Fetch-Pass.1", "Sip<Pass>&1", "S3cret-Admin", "LongRandom1"} {
		assert.NotContains(t, all, s)
	}
	for i, step := range result.Steps {
		assert.Contains(t, said, fmt.Sprintf("%2d. %-10s ", i+1, step.Name))
		assert.Equal(t, err == nil || i < len(result.Steps)-1, step.OK, step.Text)
	}
	if failed, ok := errors.AsType[*phone.StepError](err); ok {
		assert.Equal(t, result.Steps[len(result.Steps)-1].Name, failed.Step)
		assert.Contains(t, said, "\n    next       "+failed.Next)
		assert.Equal(t, "No dial tone: "+failed.Step+" failed.", result.Summary())
	}
}

func stepNames(result phone.Result) []string {
	var names []string
	for _, s := range result.Steps {
		names = append(names, s.Name)
	}
	return names
}

func TestACiscoPhoneBoots(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.cisco(t)
	result, said, err := boot(t, phone.BootConfig{MAC: ciscoMAC, Model: "8851", Server: s.http, Unregister: true})
	require.NoError(t, err, said)

	assert.Equal(t, []string{"/8851-3PCC.xml", "/ca.pem"}, s.open.requests())
	assert.Equal(t, []string{"/00562b043615.xml"}, s.own.requests())
	assert.Equal(t, []string{"Cisco-CP-8851-3PCC/12.0.7 (00562b043615)"}, s.own.agents())
	assert.Equal(t, []string{"dns", "fetch", "fetch", "trust", "follow", "fetch", "lines", "locate", "register", "unregister"}, stepNames(result))
	assert.Equal(t, "00562b043615", result.Access.UserName)
	assert.True(t, result.Access.Password.Equal(secret.New("Fetch-Pass.1")))
	require.Len(t, result.Lines, 1)
	line := result.Lines[0]
	assert.Equal(t, "1001", line.UserName)
	assert.Equal(t, "ada-auth", line.AuthName)
	assert.Equal(t, "Ada & Bob", line.DisplayName)
	assert.Equal(t, "bakery.sip.example", line.Domain)
	require.Len(t, result.Registrations, 1)
	done := result.Registrations[0]
	assert.Equal(t, "sip:1001@bakery.sip.example", done.AOR)
	assert.Equal(t, 1800*time.Second, done.Expires)
	assert.Equal(t, "MD5", done.Algorithm)
	assert.Equal(t, 2, done.Contacts)
	assert.True(t, done.Removed)
	assert.Zero(t, s.registrar.bound())
	assert.Equal(t, "Dial tone: sip:1001@bakery.sip.example registered and taken back; 3 files.", result.Summary())
	require.Len(t, result.Files, 3)
	assert.Equal(t, "https", result.Files[2].Transport)
	assert.Equal(t, "/00562b043615.xml", result.Files[2].Path)
	assert.Len(t, result.Files[2].SHA256, 64)
}

func TestWhatIsSaidKeepsItsForm(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.cisco(t)
	_, said, err := boot(t, phone.BootConfig{MAC: ciscoMAC, Model: "Cisco 8851", Server: s.http})
	require.NoError(t, err)
	size := func(body string) int { return len(body) }
	sip := s.names["sip-udp"]
	want := fmt.Sprintf(` 1. dns        ok      127.0.0.1 is an address: nothing to look up
 2. fetch      ok      %[1]s/8851-3PCC.xml, %[3]d bytes
 3. fetch      ok      %[1]s/ca.pem, %[4]d bytes
 4. trust      ok      the phone trusts "Test CA" from now on
 5. follow     ok      Profile_Rule_B sends the phone to %[2]s/00562b043615.xml
 6. fetch      ok      %[2]s/00562b043615.xml, %[5]d bytes
 7. lines      ok      line 1 is sip:1001@bakery.sip.example, through %[6]s over udp
 8. locate     ok      line 1: %[6]s over udp
 9. register   ok      line 1: sip:1001@bakery.sip.example is registered at %[6]s over udp for 1800 s, by MD5 digest
`, s.http, s.https, size(fill(t, "cisco/bootstrap.xml", s.names)), size(s.ca.PEM), size(fill(t, "cisco/device.xml", s.names)), sip)
	assert.Equal(t, want, said)
}

func TestACiscoPhoneBootsOverTFTPFromABareAddress(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.cisco(t)
	result, said, err := boot(t, phone.BootConfig{MAC: ciscoMAC, Model: "8851", Server: host(s.tftp)})
	require.NoError(t, err, said)
	assert.Equal(t, "tftp", result.Files[0].Transport)
	assert.Equal(t, 1, s.registrar.bound())
	assert.Contains(t, result.Summary(), "registered for 1800 s")
}

func TestABareAddressIsTriedOverHTTPWhenTFTPIsSilent(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.cisco(t)
	_, said, err := boot(t, phone.BootConfig{MAC: ciscoMAC, Model: "8851", Server: host(s.http), Timeout: time.Second})
	require.NoError(t, err, said)
	assert.Contains(t, said, " 2. fetch      tried   tftp://"+host(s.http)+"/: no answer in time; trying http\n")
}

func TestACiscoPhoneTriesItsOtherNames(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.cisco(t)
	s.open.put("prov/Cisco/CP-8851-3PCC/00562b043615.cfg", fill(t, "cisco/bootstrap.xml", s.names))
	_, said, err := boot(t, phone.BootConfig{MAC: ciscoMAC, Model: "8851", Server: s.http + "/prov"})
	require.NoError(t, err, said)
	assert.Equal(t, []string{"/prov", "/prov/8851-3PCC.xml", "/prov/Cisco/CP-8851-3PCC/00562b043615.cfg"}, s.open.requests()[:3])
}

func TestACiscoPhoneTakesMacrosInTheServer(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.own.put("c/00562b043615.xml", fill(t, "cisco/device.xml", s.names))
	_, said, err := boot(t, phone.BootConfig{MAC: ciscoMAC, Model: "8851", Server: s.https + "/c/$MA.xml", CA: s.ca.pool()})
	require.NoError(t, err, said)
}

func TestAYealinkPhoneBoots(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.open.put("y000000000096.cfg", fill(t, "yealink/common.cfg", s.names))
	s.open.put("805ec0aabbcc.cfg", fill(t, "yealink/bootstrap.cfg", s.names))
	s.own.put("805ec0aabbcc.cfg", fill(t, "yealink/device.cfg", s.names))
	resolver := srv(t, "SIP+D2U", "udp", s.names["sip-udp"]).serve(t)
	result, said, err := boot(t, phone.BootConfig{MAC: yealinkMAC, Model: "Yealink T54W", Server: s.tftp, DNS: resolver})
	require.NoError(t, err, said)

	assert.Equal(t, []string{"805ec0aabbcc.boot", "y000000000000.boot", "y000000000096.cfg", "805ec0aabbcc.cfg", "/ca.pem"}, s.open.requests())
	assert.Equal(t, []string{"/805ec0aabbcc.boot", "/y000000000000.boot", "/y000000000096.cfg", "/805ec0aabbcc.cfg"}, s.own.requests())
	assert.Equal(t, "Yealink SIP-T54W 96.86.0.70 80:5e:c0:aa:bb:cc", s.own.agents()[0])
	assert.Equal(t, "805ec0aabbcc", result.Access.UserName)
	assert.Equal(t, "Ada = Bob & Co", result.Lines[0].DisplayName)
	assert.Equal(t, "udp", result.Registrations[0].Transport)
	assert.Contains(t, said, "NAPTR of bakery.sip.example prefers udp; SRV _sip._udp.bakery.sip.example is edge.sip.example:")
	assert.Equal(t, "Yealink SIP-T54W 96.86.0.70", s.registrar.seen()[0].headers["user-agent"])
}

func TestAYealinkPhoneAnswersTheHTTPSDoorOnItsSecondBoot(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.own.put("805ec0aabbcc.cfg", fill(t, "yealink/device.cfg", s.names))
	s.asks("805ec0aabbcc")
	resolver := srv(t, "SIP+D2U", "udp", s.names["sip-udp"]).serve(t)
	access := phone.Access{UserName: "805ec0aabbcc", Password: secret.New("Fetch-Pass.1")}
	_, said, err := boot(t, phone.BootConfig{MAC: yealinkMAC, Model: "T54W", Server: s.https, DNS: resolver, CA: s.ca.pool(), Access: access})
	require.NoError(t, err, said)

	access.Password = secret.New("wrong")
	_, _, err = boot(t, phone.BootConfig{MAC: yealinkMAC, Model: "T54W", Server: s.https, DNS: resolver, CA: s.ca.pool(), Access: access})
	assertStep(t, err, "fetch", "refuses the phone's user name and password")
}

func TestAYealinkPhoneReadsWhatItsBootFileIncludesAndNothingElse(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.open.put("805ec0aabbcc.boot", "#!version:1.0.0.1\n[T46U]include:config \"other.cfg\"\ninclude:config \"mine/<mac>.cfg\"\n")
	s.open.put("mine/805ec0aabbcc.cfg", fill(t, "yealink/device.cfg", map[string]string{"https": s.http}))
	resolver := srv(t, "SIP+D2U", "udp", s.names["sip-udp"]).serve(t)
	_, said, err := boot(t, phone.BootConfig{MAC: yealinkMAC, Model: "T54W", Server: s.http, DNS: resolver})
	require.NoError(t, err, said)
	assert.Equal(t, []string{"/805ec0aabbcc.boot", "/mine/805ec0aabbcc.cfg"}, s.open.requests())
}

func TestAPolyPhoneBootsOverTLS(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.open.put("0004f2aabbcc.cfg", fill(t, "poly/bootstrap-master.cfg", s.names))
	s.open.put("start-0004f2aabbcc.cfg", fill(t, "poly/start.cfg", s.names))
	s.own.put("p/000000000000.cfg", fill(t, "poly/master.cfg", s.names))
	s.own.put("p/0004f2aabbcc-user.cfg", fill(t, "poly/user.cfg", s.names))
	s.own.put("p/common-VVX450.cfg", fill(t, "poly/common.cfg", s.names))
	secure := s.registrar.serveStream(t, s.ca.server(t, "bakery.sip.example"))
	resolver := srv(t, "SIPS+D2T", "tls", secure).serve(t)
	result, said, err := boot(t, phone.BootConfig{MAC: polyMAC, Model: "VVX 450", Server: s.http, DNS: resolver, Unregister: true})
	require.NoError(t, err, said)

	assert.Equal(t, []string{
		"/0004f2aabbcc.cfg", "/start-0004f2aabbcc.cfg", "/0004f2aabbcc-phone.cfg", "/0004f2aabbcc-web.cfg", "/000000000000-license.cfg",
		"/0004f2aabbcc-license.cfg", "/0004f2aabbcc-calls.xml", "/0004f2aabbcc-directory.xml", "/000000000000-directory.xml",
	}, s.open.requests())
	assert.Equal(t, []string{
		"/p/0004f2aabbcc.cfg", "/p/000000000000.cfg", "/p/0004f2aabbcc-user.cfg", "/p/common-VVX450.cfg", "/p/phoneconfigs/0004f2aabbcc-phone.cfg",
		"/p/phoneconfigs/0004f2aabbcc-web.cfg", "/p/000000000000-license.cfg", "/p/0004f2aabbcc-license.cfg", "/p/calls/0004f2aabbcc-calls.xml",
		"/p/directories/0004f2aabbcc-directory.xml", "/p/directories/000000000000-directory.xml",
	}, s.own.requests())
	assert.Equal(t, "FileTransport PolycomVVX-VVX_450-UA/6.4.3.5156 Type/Application", s.open.agents()[0])
	assert.Equal(t, "FileTransport PolycomVVX-VVX_450-UA/6.4.3.5156 (SN:0004f2aabbcc) Type/Application", s.own.agents()[0])
	assert.Equal(t, "0004f2aabbcc", result.Access.UserName)
	assert.Equal(t, 1800*time.Second, result.Registrations[0].Expires, "of two files the first one counts")
	assert.Equal(t, "tls", result.Registrations[0].Transport)
	assert.Contains(t, s.registrar.seen()[0].headers["contact"], ";transport=tls>")
	assert.Zero(t, s.registrar.bound())
}

func TestAPolyPhoneTakesUploadedOverrides(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.open.put("0004f2aabbcc.cfg", fill(t, "poly/master.cfg", s.names))
	s.open.put("0004f2aabbcc-user.cfg", fill(t, "poly/user.cfg", s.names))
	s.open.put("common-EdgeE450.cfg", fill(t, "poly/common.cfg", s.names))
	s.open.put("phoneconfigs/0004f2aabbcc-web.cfg", `<WEB reg.1.server.1.transport="UDPOnly" reg.1.outboundProxy.address="127.0.0.1" reg.1.outboundProxy.port="`+
		strings.TrimPrefix(s.names["sip-udp"], "127.0.0.1:")+`"/>`)
	result, said, err := boot(t, phone.BootConfig{MAC: polyMAC, Model: "Edge E450", Server: s.http + "/0004f2aabbcc.cfg"})
	require.NoError(t, err, said)
	assert.Equal(t, "udp", result.Lines[0].Transport)
	assert.Equal(t, "FileTransport PolyEdge-Edge_E450-UA/8.0.0.15602 Type/Application", s.open.agents()[0])
}

func TestAPolyPhoneTakesAParameterFileAsItsMaster(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.open.put("0004f2aabbcc.cfg", `<x reg.1.address="1001" reg.1.auth.userId="ada-auth" reg.1.auth.password="Sip&lt;Pass&gt;&amp;1" `+
		`reg.1.server.1.address="bakery.sip.example" reg.1.outboundProxy.address="127.0.0.1" reg.1.outboundProxy.port="`+
		strings.TrimPrefix(s.names["sip-udp"], "127.0.0.1:")+`"/>`)
	_, said, err := boot(t, phone.BootConfig{MAC: polyMAC, Model: "VVX450", Server: s.http})
	require.NoError(t, err, said)
}

func TestTheTransportCanBeOverridden(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.own.put("805ec0aabbcc.cfg", fill(t, "yealink/device.cfg", s.names))
	resolver := srv(t, "SIP+D2U", "tcp", s.registrar.serveStream(t, nil)).serve(t)
	result, said, err := boot(t, phone.BootConfig{
		MAC: yealinkMAC, Model: "T54W", Server: s.https, DNS: resolver, CA: s.ca.pool(), Transport: "tcp", Expires: 120,
	})
	require.NoError(t, err, said)
	assert.Equal(t, "tcp", result.Registrations[0].Transport)
	assert.Equal(t, 120*time.Second, result.Registrations[0].Expires)
}

// assertStep checks which step failed, and a part of why.
func assertStep(t *testing.T, err error, step, why string) {
	t.Helper()
	failed, ok := errors.AsType[*phone.StepError](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, step, failed.Step, err.Error())
	assert.Contains(t, failed.Err.Error(), why)
	assert.NotEmpty(t, failed.Next)
	assert.Contains(t, failed.Error(), "step "+step+" failed: ")
	assert.False(t, fault.Is(err, fault.Invalid), "a failed step is no mistake of the caller")
}

func TestWhatMakesNoPhoneIsInvalid(t *testing.T) {
	t.Parallel()
	good := phone.BootConfig{MAC: ciscoMAC, Model: "8851", Server: "tftp://127.0.0.1"}
	for name, spoil := range map[string]func(*phone.BootConfig){
		"mac":         func(c *phone.BootConfig) { c.MAC = "zz" },
		"model":       func(c *phone.BootConfig) { c.Model = "Toaster" },
		"generic":     func(c *phone.BootConfig) { c.Model = "Generic SIP Phone" },
		"no server":   func(c *phone.BootConfig) { c.Server = "" },
		"scheme":      func(c *phone.BootConfig) { c.Server = "ftp://127.0.0.1" },
		"port":        func(c *phone.BootConfig) { c.Server = "http://127.0.0.1:70000" },
		"host":        func(c *phone.BootConfig) { c.Server = "http://a b/" },
		"line breaks": func(c *phone.BootConfig) { c.Server = "h\r\nx" },
		"dns":         func(c *phone.BootConfig) { c.DNS = "127.0.0.1:no" },
		"transport":   func(c *phone.BootConfig) { c.Transport = "smoke" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := good
			spoil(&c)
			_, err := phone.Boot(t.Context(), c, &bytes.Buffer{})
			assert.True(t, fault.Is(err, fault.Invalid), "%v", err)
		})
	}
}

func TestABadServerURLNeverShowsItsPassword(t *testing.T) {
	t.Parallel()
	_, err := phone.Boot(t.Context(), phone.BootConfig{MAC: ciscoMAC, Model: "8851", Server: "http://u:Fetch-Pass.1@h:bad/"}, &bytes.Buffer{})
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "Fetch-Pass")
}

func TestCredentialsInTheServerURLAreUsedAndNotShown(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.cisco(t)
	server := strings.Replace(s.https, "https://", "https://00562b043615:Fetch-Pass.1@", 1) + "/$MA.xml"
	result, said, err := boot(t, phone.BootConfig{MAC: ciscoMAC, Model: "8851", Server: server, CA: s.ca.pool()})
	require.NoError(t, err, said)
	assert.Equal(t, "00562b043615", result.Access.UserName)
}

func TestStoppingABootEndsIt(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.cisco(t)
	ctx, cancel := context.WithCancel(t.Context())
	s.registrar.answering(func(int, request) string {
		cancel()
		return "silence"
	})
	var out bytes.Buffer
	_, err := phone.Boot(ctx, phone.BootConfig{MAC: ciscoMAC, Model: "8851", Server: s.http}, &out)
	assertStep(t, err, "register", "stopped")
}

func TestAYealinkPhoneKeepsItsChangesOnTheServer(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	port := strings.TrimPrefix(s.names["sip-udp"], "127.0.0.1:")
	s.open.put("805ec0aabbcc.cfg", fill(t, "yealink/device.cfg", map[string]string{"https": s.http})+
		"static.auto_provision.custom.sync = 1\naccount.1.sip_server.1.expires = %NULL%\n")
	s.open.put("805ec0aabbcc-local.cfg", account("sip_server.1.transport_type=0", "outbound_proxy_enable=1", "outbound_proxy.1.address=127.0.0.1",
		"outbound_proxy.1.port="+port))
	result, said, err := boot(t, phone.BootConfig{MAC: yealinkMAC, Model: "T54W", Server: s.http})
	require.NoError(t, err, said)
	assert.Equal(t, 3600*time.Second, result.Registrations[0].Expires, "%NULL% takes the file's value back")
	assert.Contains(t, s.open.requests(), "/805ec0aabbcc-local.cfg")
}

func TestACiscoPhoneLearnsItsPasswordFromItsOwnFile(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.open.put("8851-3PCC.xml", fill(t, "cisco/bootstrap-conditional.xml", s.names))
	own := fill(t, "cisco/device.xml", s.names)
	s.own.put("00562b043615.xml", strings.Replace(own, "<flat-profile>", "<flat-profile><GPP_A>known</GPP_A><GPP_SA>Fetch-Pass.1</GPP_SA>", 1))
	result, said, err := boot(t, phone.BootConfig{MAC: ciscoMAC, Model: "8851", Server: s.http})
	require.NoError(t, err, said)
	assert.Equal(t, "00562b043615", result.Access.UserName)
	assert.True(t, result.Access.Password.Equal(secret.New("Fetch-Pass.1")))

	s.asks("00562b043615") // the window is closed: the phone shows what it learned
	_, said, err = boot(t, phone.BootConfig{MAC: ciscoMAC, Model: "8851", Server: s.http, Access: result.Access})
	require.NoError(t, err, said)
}

func TestEveryLineOfAPhoneRegisters(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.cisco(t)
	port := strings.TrimPrefix(s.names["sip-udp"], "127.0.0.1:")
	more := "<User_ID_3_>1003</User_ID_3_><Auth_ID_3_>ada-auth</Auth_ID_3_><Password_3_>Sip&lt;Pass&gt;&amp;1</Password_3_>" +
		"<Proxy_3_>bakery.sip.example</Proxy_3_><Outbound_Proxy_3_>127.0.0.1:" + port + "</Outbound_Proxy_3_></flat-profile>"
	s.own.put("00562b043615.xml", strings.Replace(fill(t, "cisco/device.xml", s.names), "</flat-profile>", more, 1))
	result, said, err := boot(t, phone.BootConfig{MAC: ciscoMAC, Model: "8851", Server: s.http, Unregister: true})
	require.NoError(t, err, said)
	require.Len(t, result.Registrations, 2)
	assert.Equal(t, "sip:1001@bakery.sip.example", result.Registrations[0].AOR)
	assert.Equal(t, "sip:1003@bakery.sip.example", result.Registrations[1].AOR)
	assert.Equal(t, 3, result.Registrations[1].Port)
	assert.Zero(t, s.registrar.bound())
}

func TestALineThatFailsAfterOthersRegistered(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.cisco(t)
	more := "<User_ID_2_>1002</User_ID_2_><Line_Enable_2_>Yes</Line_Enable_2_><Password_2_>p</Password_2_><Proxy_2_>127.0.0.1:" +
		strings.TrimPrefix(closedPort(t), "127.0.0.1:") + "</Proxy_2_></flat-profile>"
	s.own.put("00562b043615.xml", strings.Replace(fill(t, "cisco/device.xml", s.names), "</flat-profile>", more, 1))
	result, _, err := boot(t, phone.BootConfig{MAC: ciscoMAC, Model: "8851", Server: s.http})
	assertStep(t, err, "register", "line 2: 127.0.0.1:")
	assert.Len(t, result.Registrations, 1)
}
