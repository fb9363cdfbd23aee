package phone

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/deviceprofiles"
)

func TestParseServer(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"tftp://phones.example.com":         {"tftp://phones.example.com/"},
		"HTTP://192.0.2.1:8081":             {"http://192.0.2.1:8081/"},
		"https://h/c/$MA.xml?k=1":           {"https://h/c/$MA.xml?k=1"},
		"http://user:pass@h/":               {"http://h/"},
		"phones.example.com":                {"tftp://phones.example.com:6969/", "http://phones.example.com:8081/", "https://phones.example.com:8443/"},
		"192.0.2.1:7000":                    {"tftp://192.0.2.1:7000/", "http://192.0.2.1:7000/", "https://192.0.2.1:7000/"},
		"[2001:db8::1]:70":                  {"tftp://[2001:db8::1]:70/", "http://[2001:db8::1]:70/", "https://[2001:db8::1]:70/"},
		"2001:db8::1":                       {"tftp://[2001:db8::1]:6969/", "http://[2001:db8::1]:8081/", "https://[2001:db8::1]:8443/"},
		"":                                  nil,
		"ftp://h":                           nil,
		"http://":                           nil,
		"http:///x":                         nil,
		"http://h:0":                        nil,
		"http://h:":                         nil,
		"http://h#x":                        nil,
		"h:x":                               nil,
		"[2001:db8::1":                      nil,
		"h/../x":                            nil,
		"http://" + strings.Repeat("a", 70): nil,
		strings.Repeat("a", 2000):           nil,
	} {
		ways, err := parseServer(text)
		var got []string
		for _, w := range ways {
			got = append(got, w.base.String())
		}
		assert.Equal(t, want, got, text)
		assert.Equal(t, want == nil, err != nil, text)
	}
	ways, err := parseServer("http://user:pass@h/")
	require.NoError(t, err)
	assert.Equal(t, "user", ways[0].access.UserName)
	assert.Equal(t, "pass", ways[0].access.Password.Reveal())
}

func cisco8851(t *testing.T) *cisco {
	t.Helper()
	mac, err := deviceprofiles.ParseMAC("00562b043615")
	require.NoError(t, err)
	return newCisco(deviceprofiles.Model{DisplayName: "Cisco 8851", LinePorts: 10}, mac)
}

func TestCiscoMacros(t *testing.T) {
	t.Parallel()
	c := cisco8851(t)
	c.values["GPP_A"], c.values["GPP_SA"] = "letter", "hidden"
	for text, want := range map[string]string{
		"$PSN.xml": "8851-3PCC.xml", "/$PN/$MA": "/CP-8851-3PCC/00562b043615", "$MAU": "00562B043615", "$MAC": "00:56:2b:04:36:15", "$(MA)x": "00562b043615x",
		"$$MA": "$MA", "$A-$B": "letter-", "$SA": "$SA", "$XYZ": "$XYZ", "a$": "a$", "$(MA": "$(MA", "$()": "$()", "": "",
	} {
		assert.Equal(t, want, c.expand(text, false), text)
	}
	assert.Equal(t, "hidden", c.expand("$SA", true))
}

func TestCiscoRules(t *testing.T) {
	t.Parallel()
	c := cisco8851(t)
	base := &url.URL{Scheme: "http", Host: "192.0.2.1:8081", Path: "/8851-3PCC.xml"}
	for text, want := range map[string]string{
		"https://h/c/$MA.xml":                        "https://h/c/00562b043615.xml",
		"  [ --uid u  --pwd \"p ]q\" ] https://h/x ": "https://h/x",
		"/c/$MA.xml?m=$MAU":                          "http://192.0.2.1:8081/c/00562b043615.xml?m=00562B043615",
		"h/x.xml":                                    "tftp://h/x.xml",
		"https://h/x|https://h/y":                    "https://h/x",
		"http://u:p@h/x":                             "http://h/x",
		"ftp://h/x":                                  "", "[--srv]http://h": "", "//h": "", "http://a b/": "", "[]": "",
	} {
		to, err := c.parseRule(base, text)
		if want == "" {
			assert.Error(t, err, text)
			continue
		}
		require.NoError(t, err, text)
		assert.Equal(t, want, to.url.String(), text)
	}
	to, err := c.parseRule(base, `[--uid u --pwd "p ]q"]https://h/x`)
	require.NoError(t, err)
	assert.Equal(t, "u", to.access.UserName)
	assert.Equal(t, "p ]q", to.access.Password.Reveal())
}

func TestCiscoConditions(t *testing.T) {
	t.Parallel()
	c := cisco8851(t)
	c.values["GPP_A"], c.values["GPP_SA"] = "enrolled", "hidden"
	base := &url.URL{Scheme: "http", Host: "192.0.2.1", Path: "/"}
	for text, want := range map[string]string{
		`("$A" eq "enrolled")?[--uid $MA --pwd $SA]https://h/mine|https://h/first`:                         "https://h/mine",
		`("$A" ne "enrolled")?[--uid $MA --pwd $SA]https://h/mine|https://h/first`:                         "https://h/first",
		`("$A" = "x")?http://h/1 | ("$B" eq "" and "$PN" != "")? http://h/2`:                               "http://h/2",
		`("$SA" eq "hidden")?http://h/leak|http://h/safe`:                                                  "http://h/safe",
		`(12.0.10 gt 12.0.9 and 1.2 < 1.2.1 and 3 <= 3 and 4 >= 4 and 1 lt 2 and 2 le 2)?http://h/numbers`: "http://h/numbers",
		`("a|)b" eq "a|)b")?http://h/quoted|http://h/x`:                                                    "http://h/quoted",
		`("a" eq "b")?http://h/x`: "",
		"":                        "",
	} {
		to, err := c.parseRule(base, text)
		require.NoError(t, err, text)
		if want == "" {
			assert.Equal(t, destination{}, to, text)
			continue
		}
		assert.Equal(t, want, to.url.String(), text)
	}
	for _, bad := range []string{
		`("a" eq "b"`, `("a" eq)?http://h/`, `("a" lt "b")?http://h/`, `(1 is 1)?http://h/`, `(1 eq 1 or 1 eq 1)?http://h/`, `("$A"="1")!http://h/`, `("a)?http://h/`,
	} {
		_, err := c.parseRule(base, bad)
		assert.Error(t, err, bad)
	}
}

func TestCiscoLinesFollowTheirSettings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		settings map[string]string
		want     Line
	}{
		"fixed transport": {map[string]string{"Proxy_1_": "d.example"}, Line{Transport: "udp"}},
		"port":            {map[string]string{"Proxy_1_": "d.example:5070", "SIP_Transport_1_": "TCP"}, Line{Transport: "tcp", ProxyPort: 5070}},
		"auto":            {map[string]string{"Proxy_1_": "d.example", "SIP_Transport_1_": "AUTO", "Use_DNS_SRV_1_": "Yes"}, Line{Locate: true}},
		"auto, no SRV":    {map[string]string{"Proxy_1_": "d.example", "SIP_Transport_1_": "AUTO"}, Line{Transport: "udp"}},
		"unprefixed SRV":  {map[string]string{"Proxy_1_": "d.example", "SIP_Transport_1_": "TLS", "Use_DNS_SRV_1_": "Yes"}, Line{Transport: "tls"}},
		"prefixed SRV": {
			map[string]string{"Proxy_1_": "d.example", "SIP_Transport_1_": "TLS", "Use_DNS_SRV_1_": "Yes", "DNS_SRV_Auto_Prefix_1_": "Yes"},
			Line{Transport: "tls", Locate: true},
		},
		"outbound proxy": {
			map[string]string{"Proxy_1_": "d.example", "Outbound_Proxy_1_": "192.0.2.1:5060", "Use_DNS_SRV_1_": "Yes"},
			Line{Transport: "udp", Proxy: "192.0.2.1", ProxyPort: 5060},
		},
	} {
		phone := cisco8851(t)
		phone.values = c.settings
		phone.values["User_ID_1_"], phone.values["Password_1_"] = "1001", "p"
		lines, err := phone.lines()
		require.NoError(t, err, name)
		require.Len(t, lines, 1, name)
		c.want.Port, c.want.UserName, c.want.AuthName, c.want.Domain, c.want.Password = 1, "1001", "1001", "d.example", newSecret("p")
		assert.Equal(t, c.want, lines[0], name)
	}
}

func TestYealinkAndPolyLinesFollowTheirSettings(t *testing.T) {
	t.Parallel()
	yealinkOf := func(pairs map[string]string) (Line, error) {
		pairs["user_name"], pairs["password"], pairs["sip_server.1.address"] = "1", "p", "d.example"
		return yealinkLine(1, func(name string) string { return pairs[name] })
	}
	polyOf := func(pairs map[string]string) (Line, error) {
		pairs["auth.password"] = "p"
		return polyLine(1, func(name string) string { return pairs[name] })
	}
	for name, c := range map[string]struct {
		line func(map[string]string) (Line, error)
		told map[string]string
		want Line // what matters for the way
	}{
		"yealink default": {yealinkOf, map[string]string{}, Line{Transport: "udp", ProxyPort: 5060}},
		"yealink naptr":   {yealinkOf, map[string]string{"sip_server.1.transport_type": "3", "sip_server.1.port": "0"}, Line{Locate: true}},
		"yealink naptr with a port": {
			yealinkOf, map[string]string{"sip_server.1.transport_type": "3", "sip_server.1.port": "5060"}, Line{Transport: "udp", ProxyPort: 5060},
		},
		"yealink srv": {yealinkOf, map[string]string{"sip_server.1.transport_type": "2", "sip_server.1.port": "0"}, Line{Transport: "tls", Locate: true}},
		"yealink proxy": {
			yealinkOf, map[string]string{
				"sip_server.1.transport_type": "1", "sip_server.1.port": "0", "outbound_proxy_enable": "1", "outbound_proxy.1.address": "192.0.2.1",
				"outbound_proxy.1.port": "5070",
			}, Line{Transport: "tcp", Proxy: "192.0.2.1", ProxyPort: 5070},
		},
		"yealink proxy off": {yealinkOf, map[string]string{"outbound_proxy.1.address": "192.0.2.1"}, Line{Transport: "udp", ProxyPort: 5060}},
		"poly default":      {polyOf, map[string]string{"address": "1", "server.1.address": "d.example"}, Line{Locate: true}},
		"poly other server": {
			polyOf, map[string]string{"address": "1@d.example", "server.1.address": "sbc.example", "server.1.port": "5062", "server.1.transport": "TCPpreferred"},
			Line{Transport: "tcp", Proxy: "sbc.example", ProxyPort: 5062},
		},
		"poly port zero": {
			polyOf, map[string]string{"address": "1@d.example", "server.1.address": "d.example", "server.1.port": "0", "server.1.transport": "UDPOnly"},
			Line{Transport: "udp", Locate: true},
		},
	} {
		got, err := c.line(c.told)
		require.NoError(t, err, name)
		c.want.Port, c.want.UserName, c.want.AuthName, c.want.Domain, c.want.Password = 1, "1", "1", "d.example", newSecret("p")
		assert.Equal(t, c.want, got, name)
	}
}

func TestPolyDeviceParametersNeedBothSwitches(t *testing.T) {
	t.Parallel()
	p := &poly{values: map[string]string{"device.x": "1", "device.x.set": "1"}}
	assert.Empty(t, p.device("device.x"))
	p.values["device.set"] = "1"
	assert.Equal(t, "1", p.device("device.x"))
	delete(p.values, "device.x.set")
	assert.Empty(t, p.device("device.x"))
}

func TestParseContacts(t *testing.T) {
	t.Parallel()
	got, err := parseContacts(`"A, \"b\" <x>" <sip:a,b@h;transport=tcp>;q=0.5;expires=60 , sip:c@h;expires=7,<sip:d@h>;+sip.instance="<urn:x;expires=9>"`)
	require.NoError(t, err)
	assert.Equal(t, []binding{
		{"sip:a,b@h;transport=tcp", time.Minute}, {"sip:c@h", 7 * time.Second}, {"sip:d@h", -time.Second},
	}, got)
	for _, bad := range []string{"<sip:a@h", "<sip:a@h>;expires=x", ";x", "<>", strings.Repeat("<sip:a@h>,", 101)} {
		_, err := parseContacts(bad)
		assert.Error(t, err, bad)
	}
}

func TestNobodyFakesAStep(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "a  9. register b c", oneLine("a\n\x009. register\u2028b\u202ec"))
	assert.LessOrEqual(t, len(oneLine(strings.Repeat("ü", 2000))), longestText+len("..."))
}

// seeds adds the files of a family's folder; a family without files is a mistake.
func seeds(f *testing.F, folder string) {
	f.Helper()
	names, err := filepath.Glob("testdata/" + folder + "/*")
	if err != nil || len(names) == 0 {
		f.Fatalf("no seeds in testdata/%s", folder)
	}
	for _, name := range names {
		body, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
}

func FuzzParseFlatProfile(f *testing.F) {
	seeds(f, "cisco")
	f.Fuzz(func(t *testing.T, body []byte) {
		values, err := parseFlatProfile(body)
		if err != nil {
			return
		}
		c := &cisco{number: "8851", ports: 10, values: values, executed: map[string]string{}}
		base := &url.URL{Scheme: "http", Host: "h", Path: "/"}
		for _, rule := range values {
			if to, err := c.parseRule(base, rule); err == nil && to.url != nil {
				checkURL(t, to.url)
			}
		}
		lines, err := c.lines()
		checkLines(t, lines, err)
	})
}

func FuzzParseYealink(f *testing.F) {
	seeds(f, "yealink")
	f.Fuzz(func(t *testing.T, body []byte) {
		y := &yealink{name: "T54W", ports: 16, values: map[string]string{}}
		if y.take(&url.URL{Scheme: "http", Host: "h"}, body) != nil {
			return
		}
		if u, _, err := y.server(); err == nil && u != nil {
			checkURL(t, u)
		}
		lines, err := y.lines()
		checkLines(t, lines, err)
	})
}

func FuzzParsePoly(f *testing.F) {
	seeds(f, "poly")
	f.Fuzz(func(t *testing.T, body []byte) {
		root, err := parseXML(body)
		if err != nil {
			return
		}
		p := &poly{name: "VVX 450", ports: 12, values: map[string]string{}}
		merge(p.values, root)
		if u, _, err := p.server(p.values["device.prov.serverName"]); err == nil {
			checkURL(t, u)
		}
		_ = mendPEM(p.values["device.sec.TLS.customCaCert1"])
		lines, err := p.lines()
		checkLines(t, lines, err)
	})
}

func FuzzParseServer(f *testing.F) {
	for _, s := range []string{"tftp://127.0.0.1:6969", "h", "h:1", "[::1]:1", "https://u:p@h/c/$MA.xml", "http://h:99999", "a;b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ways, err := parseServer(text)
		if err == nil && len(ways) == 0 {
			t.Fatal("neither a way nor an error")
		}
		for _, w := range ways {
			checkURL(t, w.base)
		}
	})
}

func FuzzParseContacts(f *testing.F) {
	f.Add(`"A, \"b\"" <sip:a@h>;expires=60, sip:b@h`)
	f.Fuzz(func(t *testing.T, value string) {
		found, err := parseContacts(value)
		if err == nil && len(found) > mostContacts {
			t.Fatal("more contacts than the bound")
		}
		for _, b := range found {
			_ = sameContact(b.uri, "sip:1@h:1")
		}
	})
}

// checkURL makes sure that what was read can be asked for, and can be shown.
func checkURL(t *testing.T, u *url.URL) {
	t.Helper()
	if u.User != nil || !validHost(u.Hostname()) || portOf(u) < 1 || portOf(u) > 65535 {
		t.Fatalf("%q came through", u.String())
	}
	if _, ok := defaultPort(u.Scheme); !ok {
		t.Fatalf("scheme %q came through", u.Scheme)
	}
}

// checkLines makes sure that no line that was read can break out of a SIP message.
func checkLines(t *testing.T, lines []Line, err error) {
	t.Helper()
	if err != nil {
		return
	}
	for _, l := range lines {
		r := register{user: l.UserName, domain: l.Domain, transport: udp, contact: "sip:" + escapeUser(l.UserName) + "@h"}
		if n := strings.Count(string(r.bytes()), "\r\n"); n != 13 || strings.ContainsAny(strings.ReplaceAll(string(r.bytes()), "\r\n", ""), "\r\n") {
			t.Fatalf("%+v makes %d lines", l, n)
		}
	}
}
