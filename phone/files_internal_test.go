package phone

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/deviceprofiles"
)

func TestFlatProfilesAreReadAsPhonesDo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body string
		want map[string]string
	}{
		"empty":              {"<flat-profile/>", map[string]string{}},
		"in a device":        {"<device><x/><flat-profile><A>1</A></flat-profile></device>", map[string]string{"A": "1"}},
		"the last one wins":  {"<flat-profile><A>1</A><A>2</A></flat-profile>", map[string]string{"A": "2"}},
		"blanks and breaks":  {"<flat-profile><A ua=\"na\">\r\n one\ntwo \t</A></flat-profile>", map[string]string{"A": "one two"}},
		"entities":           {"<flat-profile><A>&lt;&amp;&gt;&apos;&quot;&#65;&#x42;</A></flat-profile>", map[string]string{"A": "<&>'\"AB"}},
		"comments":           {"<!-- x --><flat-profile><!-- <A>no</A> --><B/></flat-profile><!-- y -->\n", map[string]string{"B": ""}},
		"case counts":        {"<flat-profile><a>1</a><A>2</A></flat-profile>", map[string]string{"a": "1", "A": "2"}},
		"character data":     {"<flat-profile><A><![CDATA[<b>]]></A></flat-profile>", map[string]string{"A": "<b>"}},
		"names with hyphens": {"<flat-profile><Auth_Resync-Reboot_1_>No</Auth_Resync-Reboot_1_></flat-profile>", map[string]string{"Auth_Resync-Reboot_1_": "No"}},
	} {
		got, err := parseFlatProfile([]byte(c.body))
		require.NoError(t, err, name)
		assert.Equal(t, c.want, got, name)
	}
}

func TestXMLThatPhonesRefuse(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ body, why string }{
		"nothing":          {"", "the file is empty"},
		"byte order mark":  {"\xef\xbb\xbf<a/>", "no byte order mark"},
		"blank line":       {"\n<a/>", "no blank line"},
		"Latin-1":          {"<a>\xe4</a>", "isn't UTF-8"},
		"declared Latin-1": {`<?xml version="1.0" encoding="ISO-8859-1"?><a/>`, "isn't well-formed XML in line 1"},
		"unclosed":         {"<a>\n<b></a>", "in line 2"},
		"cut off":          {"<a>\n\n<b>", "in line 3"},
		"two roots":        {"<a/><b/>", "a second root element"},
		"text behind":      {"<a/>x", "text outside the root element"},
		"only a comment":   {"<!-- -->", "no XML element"},
		"attribute twice":  {`<a x="1" y="2" x="3"/>`, "has the attribute x twice"},
		"bad entity":       {"<a>&nbsp;</a>", "in line 1"},
		"too deep":         {strings.Repeat("<a>", 40) + strings.Repeat("</a>", 40), "deeper than 32"},
		"control code":     {"<a>\x01</a>", "in line 1"},
	} {
		_, err := parseXML([]byte(c.body))
		require.ErrorContains(t, err, c.why, name)
	}
}

func TestYealinkFiles(t *testing.T) {
	t.Parallel()
	file, err := parseYealink([]byte("#!version:1.0.0.1\r\n# comment\r\n\r\n a.b = c = d \r\nempty =\r\n[T54W, T46U]include:config \"x.cfg\"\ninclude:config \"<mac>.cfg\"\n"))
	require.NoError(t, err)
	assert.Equal(t, []parameter{{"a.b", "c = d"}, {"empty", ""}}, file.parameters)
	require.Len(t, file.included, 2)
	assert.True(t, file.included[0].covers("t46u"))
	assert.False(t, file.included[0].covers("T48U"))
	assert.True(t, file.included[1].covers("T48U"))
	assert.Equal(t, "<mac>.cfg", file.included[1].name)

	for body, why := range map[string]string{
		"":                                      "its first line isn't #!version:1.0.0.1",
		"#!version:2.0.0.0\n":                   "its first line isn't #!version:1.0.0.1",
		"\n#!version:1.0.0.1\n":                 "its first line isn't #!version:1.0.0.1",
		"#!version:1.0.0.1\na = 1\nwords\n":     `line 3 isn't "key = value"`,
		"#!version:1.0.0.1\n = 1\n":             `line 2 isn't "key = value"`,
		"#!version:1.0.0.1\na = \x00\n":         "line 2 holds control characters",
		"#!version:1.0.0.1\na = \xff\n":         "it isn't UTF-8",
		"#!version:1.0.0.1\n[T54W include \"\n": "line 2",
		"#!version:1.0.0.1\ninclude:config x\n": "line 2",
	} {
		_, err := parseYealink([]byte(body))
		require.ErrorContains(t, err, why, "%q", body)
	}
}

func TestYealinkIncludesAreBounded(t *testing.T) {
	t.Parallel()
	y := &yealink{name: "T54W"}
	from := &url.URL{Scheme: "http", Host: "h", Path: "/"}
	_, err := y.included(from, make([]include, 33))
	require.ErrorContains(t, err, "more than 32 files")
	_, err = y.included(from, []include{{name: "gopher://h/x"}})
	require.ErrorContains(t, err, "not a tftp, http or https URL")
	got, err := y.included(from, []include{{name: "https://other/x.cfg"}})
	require.NoError(t, err)
	assert.Equal(t, "https://other/x.cfg", got[0].String())
}

func TestEveryModelOfTheSimulatedFamiliesKnowsHowToBoot(t *testing.T) {
	t.Parallel()
	mac, err := deviceprofiles.ParseMAC("805ec0aabbcc")
	require.NoError(t, err)
	agents := map[string]bool{}
	for _, m := range deviceprofiles.Models() {
		f, err := newFamily(m, mac)
		if !m.Configured() {
			require.ErrorContains(t, err, "fetches no files")
			continue
		}
		require.NoError(t, err, m.Name)
		if f.userAgent() == "" {
			continue // of some families nobody knows what they say
		}
		assert.False(t, agents[f.userAgent()], "two models say %s", f.userAgent())
		agents[f.userAgent()] = true
	}
	_, err = newFamily(deviceprofiles.Model{DisplayName: "Yealink T99", Family: deviceprofiles.Yealink, ManagedBy: "CISCO"}, mac)
	require.ErrorContains(t, err, "how a Yealink T99 boots")
}

func TestPolyNamesAreSubstituted(t *testing.T) {
	t.Parallel()
	mac, err := deviceprofiles.ParseMAC("0004f2aabbcc")
	require.NoError(t, err)
	p := newPoly(deviceprofiles.Model{DisplayName: "Poly Edge E450"}, mac)
	assert.Equal(t, "0004f2aabbcc-EdgeE450.cfg", p.substitute("[PHONE_MAC_ADDRESS]-[PHONE_MODEL].cfg"))
}

func TestPolyServers(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"h HTTPS": "https://h/", "h:8443/a 3": "https://h:8443/a/", "h/a/m.cfg HTTP": "http://h/a/m.cfg", "h 1": "tftp://h/", "h TFTP": "tftp://h/",
		"h 2": "http://h/", "https://h/x/ FTP": "https://h/x/",
	} {
		name, kind, _ := strings.Cut(in, " ")
		p := &poly{values: map[string]string{"device.set": "1", "device.prov.serverType": kind, "device.prov.serverType.set": "1"}}
		u, _, err := p.server(name)
		require.NoError(t, err, in)
		assert.Equal(t, want, u.String(), in)
	}
}

func TestACertificateSurvivesAnAttribute(t *testing.T) {
	t.Parallel()
	whole := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte(strings.Repeat("certificate ", 20))})
	for name, text := range map[string]string{
		"as it was": string(whole), "blanks": strings.ReplaceAll(string(whole), "\n", " "), "nothing": strings.ReplaceAll(string(whole), "\n", ""),
		"carriage returns": strings.ReplaceAll(string(whole), "\n", "\r\n"),
	} {
		assert.Equal(t, string(whole), string(mendPEM(text)), name)
	}
	assert.Len(t, mendPEM(string(whole)+string(whole)), 2*len(whole))
	assert.Empty(t, mendPEM("-----BEGIN CERTIFICATE-----"))
	assert.Empty(t, mendPEM("-----BEGIN CERTIFICATE-----!-----END CERTIFICATE-----"))
}

func TestPlacesBesideABase(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"http://h/ x.cfg": "http://h/x.cfg", "http://h/a/ /x.cfg": "http://h/a/x.cfg", "http://h/a/m.cfg x.cfg": "http://h/a/x.cfg", "http://h/a x/y": "http://h/x/y",
		"https://h:1/a/?k=1 x": "https://h:1/a/x",
	} {
		base, name, _ := strings.Cut(in, " ")
		u, err := url.Parse(base)
		require.NoError(t, err)
		assert.Equal(t, want, beside(u, name).String(), in)
	}
}

func TestSameBase(t *testing.T) {
	t.Parallel()
	for pair, want := range map[string]bool{
		"http://h/ http://h": true, "http://h/a http://H:80/a/": true, "http://h/ https://h/": false, "http://h/ http://h:81/": false,
		"http://h/a http://h/b": false, "http://h/a?x=1 http://h/a": false,
	} {
		first, second, _ := strings.Cut(pair, " ")
		a, _, err := parseLocation(first)
		require.NoError(t, err)
		b, _, err := parseLocation(second)
		require.NoError(t, err)
		assert.Equal(t, want, sameBase(a, b), pair)
	}
}

func TestTFTPErrorsAreSorted(t *testing.T) {
	t.Parallel()
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	for text, want := range map[string]outcome{
		"code: 1, message: File not found\x00": missing, "code: 2, message: denied\x00": refused, "code: 0, message: ": refused, "code: x": refused,
		"read udp: i/o timeout": unreachable,
	} {
		f, ok := errors.AsType[*fetchError](tftpError(t.Context(), errors.New(text)))
		require.True(t, ok)
		assert.Equal(t, want, f.how, text)
	}
	assert.EqualError(t, tftpError(stopped, errors.New("anything")), "stopped")
	assert.ErrorContains(t, tftpError(t.Context(), fmt.Errorf("x: %w", errTooLarge)), "larger than")
}

func TestSummaries(t *testing.T) {
	t.Parallel()
	done := Registration{AOR: "sip:1@d", Expires: 60e9}
	taken := done
	taken.Removed = true
	for want, r := range map[string]Result{
		"No dial tone: no line registered.":                                                   {},
		"No dial tone: dns failed.":                                                           {Steps: []Step{{Name: "dns"}}},
		"Dial tone: sip:1@d registered for 60 s; 1 files.":                                    {Files: []File{{}}, Registrations: []Registration{done}},
		"Dial tone: sip:1@d registered for 60 s, sip:1@d registered and taken back; 0 files.": {Registrations: []Registration{done, taken}},
	} {
		assert.Equal(t, want, r.Summary())
	}
	assert.EqualError(t, &StepError{Step: "dns", Err: errors.New("x")}, "step dns failed: x")
}
