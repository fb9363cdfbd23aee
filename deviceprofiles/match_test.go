package deviceprofiles_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dialtone/deviceprofiles"
	"dialtone/fault"
)

func TestMatchKnowsWhatPhonesAskFor(t *testing.T) {
	t.Parallel()
	const (
		yealink = "Yealink SIP-T54W 96.86.0.70 80:5e:c0:aa:bb:cc"
		vvx     = "FileTransport PolycomVVX-VVX_450-UA/6.4.3.5156 Type/Application"
		edge    = "FileTransport PolyEdge-Edge_E450-UA/8.0.0.15602 (SN:64167f9f4c90) Type/Application"
		cisco   = "Cisco-CP-8851-3PCC/12.0.7 (00562b043615)"
		dect    = "Yealink W70B 146.85.0.20 80:5e:c0:aa:bb:cc"
		obi     = "OBIHAI/OBi202-3.2.2.8680"
		base    = "Mozilla/4.0 (compatible; Snom M900 06.50.12 0004136B5231)"
	)
	for _, c := range []struct {
		path, agent string
		families    string
		mac         string
	}{
		{"/8851-3PCC.xml", cisco, "cisco-mpp", ""},
		{"/8851-3pcc.XML", "", "cisco-mpp", ""},
		{"/CP-8851-3PCC.xml", "", "cisco-mpp", ""},
		{"/CP-8841-3PCC.cfg", "", "cisco-mpp", ""},
		{"/8851.xml", "", "cisco-mpp", ""},
		{"/00562b043615.xml", cisco, "cisco-mpp", "00562B043615"},
		{"/Cisco/CP-8851-3PCC/00562B043615.cfg", "", "cisco-mpp cisco-phoneos cisco-ata", "00562B043615"},
		{"/Cisco/CP-8851-3PCC/00562B043615.cfg", cisco, "cisco-mpp", "00562B043615"},
		{"//prov//tenant//00562b043615.xml", "", "cisco-mpp cisco-phoneos cisco-ata poly-obi gigaset-nx70 gigaset snom snom-dect 2n", "00562B043615"},
		{"/00562b043615.cfg", cisco, "cisco-mpp", "00562B043615"},
		{"/Cisco/00562b043615.cfg", "", "cisco-mpp cisco-phoneos cisco-ata", "00562B043615"},
		{"/8875.xml", "", "cisco-phoneos", ""},
		{"/DP-9851.xml", "", "cisco-phoneos", ""},
		{"/ata192.cfg", "", "cisco-ata", ""},
		{"/00562b043615.xml", "Cisco/ATA192-12.0.1(SR3) (88755A000003)", "cisco-ata", "00562B043615"},
		{"/francisco/805ec0aabbcc.cfg", "", "cisco-mpp cisco-phoneos cisco-ata yealink yealink-dect poly audiocodes fanvil", "805EC0AABBCC"},
		{"/prov/k/tenant/805ec0aabbcc.cfg", strings.Repeat("x", 513), "cisco-mpp cisco-phoneos cisco-ata yealink yealink-dect poly audiocodes fanvil", "805EC0AABBCC"},
		{"805ec0aabbcc.cfg", "\xff\x00\n<script>", "cisco-mpp cisco-phoneos cisco-ata yealink yealink-dect poly audiocodes fanvil", "805EC0AABBCC"},
		{"y000000000096.cfg", "", "yealink yealink-dect", ""},
		{"/y000000000250.cfg", yealink, "yealink", ""},
		{"/805ec0aabbcc.cfg", yealink, "yealink", "805EC0AABBCC"},
		{"/805EC0AABBCC.CFG", "curl/7.88.1", "cisco-mpp cisco-phoneos cisco-ata yealink yealink-dect poly audiocodes fanvil", "805EC0AABBCC"},
		{"/0004f2aabbcc.cfg", vvx, "poly", "0004F2AABBCC"},
		{"/64167f9f4c90.cfg", edge, "poly", "64167F9F4C90"},
		{"/64167f9f4c90-user.cfg", "", "poly", "64167F9F4C90"},
		{"/000000000000.cfg", vvx, "poly", ""},
		{"/dialtone-poly.cfg", "", "poly", ""},
		{"/805ec0aabbcc.cfg", dect, "yealink-dect", "805EC0AABBCC"},
		{"/y000000000146.cfg", dect, "yealink-dect", ""},
		{"/9cadefaabbcc.xml", obi, "poly-obi", "9CADEFAABBCC"},
		{"/snomD785.htm", "", "snom", ""},
		{"/snomD785-00041396D9B4.htm", "", "snom", "00041396D9B4"},
		{"/snomM900-0004136B5231.htm", base, "snom-dect", "0004136B5231"},
		{"/ca.pem", "", "generic", ""},
	} {
		hit, err := deviceprofiles.Match(c.path, c.agent)
		require.NoError(t, err, c.path)
		assert.Equal(t, c.families, familyList(hit.Families), c.path)
		assert.Equal(t, c.mac != "", hit.HasMAC, c.path)
		if hit.HasMAC {
			assert.Equal(t, c.mac, hit.MAC.String(), c.path)
		}
	}
}

func TestTheAddressBlockDecidesWithoutAUserAgent(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]deviceprofiles.Family{
		"/805ec0aabbcc.cfg": deviceprofiles.Yealink, "/0004f2aabbcc.cfg": deviceprofiles.Poly, "/64167faabbcc.cfg": deviceprofiles.Poly,
		"/00562b043615.cfg": deviceprofiles.CiscoMPP,
	} {
		hit, err := deviceprofiles.Match(path, "")
		require.NoError(t, err)
		family, ok := hit.Family()
		assert.True(t, ok)
		assert.Equal(t, want, family)
	}
	hit, err := deviceprofiles.Match("/021122334455.cfg", "")
	require.NoError(t, err)
	_, ok := hit.Family()
	assert.False(t, ok, "nobody owns this block")
}

func TestUserAgentsOfRealPhones(t *testing.T) {
	t.Parallel()
	for agent, want := range map[string]deviceprofiles.Family{
		"FileTransport PolycomVVX-VVX_400-UA/4.1.4.7430 Type/Application":                deviceprofiles.Poly,
		"FileTransport PolyEdge-Edge_E450-UA/8.0.0.15602 Type/Application":               deviceprofiles.Poly,
		"FileTransport PolyCCX-CCX_500-UA/9.4.1.0508 (SN:021122334455) Type/Application": deviceprofiles.Poly,
		"FileTransport PolycomSoundStationIP-SSIP_6000-UA/5.0.3.1667 Type/Updater":       deviceprofiles.Poly,
		"Yealink SIP-T54W 96.86.0.70 02:11:22:33:44:55":                                  deviceprofiles.Yealink,
		"Yealink SIP-T38G  38.70.0.125 02:11:22:33:44:55":                                deviceprofiles.Yealink,
		"Yealink SIP-T56A  58.80.0.25 021122334455":                                      deviceprofiles.Yealink,
		"Yealink SIP VP-T49G 51.80.0.10 02:11:22:33:44:55":                               deviceprofiles.Yealink,
		"yealink SIP-T18 18.0.0.80 02:11:22:33:44:55":                                    deviceprofiles.Yealink,
		"Yealink-T46G 28.71.0.81 28.1.0.128.0.0.0":                                       deviceprofiles.Yealink,
		"Cisco-CP-8841-3PCC/11.0 (021122334455)":                                         deviceprofiles.CiscoMPP,
		"Mozilla/5.0":                                                                    "", "": "", "Yealink": "", strings.Repeat("Yealink SIP-T54W 96.86.0.70 ", 100): "",
	} {
		hit, err := deviceprofiles.Match("/021122334455.cfg", agent)
		require.NoError(t, err, agent)
		family, _ := hit.Family()
		assert.Equal(t, want, family, agent)
	}
}

func TestAPhoneThatAsksForAnothersFileIsDenied(t *testing.T) {
	t.Parallel()
	for _, agent := range []string{"Yealink SIP-T54W 96.86.0.70 80:5e:c0:aa:bb:cd", "Cisco-CP-8851-3PCC/12.0.7 (00562b043615)"} {
		_, err := deviceprofiles.Match("/805ec0aabbcc.cfg", agent)
		assert.True(t, fault.Is(err, fault.Denied), agent)
	}
}

func TestOptionalFilesAreNotThereAndTellTheirPhone(t *testing.T) {
	t.Parallel()
	for path, mac := range map[string]string{
		"/805ec0aabbcc.boot": "805EC0AABBCC", "/y000000000000.boot": "", "/0004f2aabbcc-license.cfg": "0004F2AABBCC", "/000000000000-directory.xml": "",
		"/0004f2aabbcc-phone.cfg": "0004F2AABBCC", "/3111-44500-001.sip.ld": "", "/805ec0aabbcc-local.cfg": "805EC0AABBCC", "/": "", "/index.html": "",
		"/0004f2aabbcc-web.cfg": "0004F2AABBCC", "/0004f2aabbcc-calls.xml": "0004F2AABBCC", "/0004f2aabbcc-app.log": "0004F2AABBCC", "/000000000000-license.cfg": "",
		"/sip.ld": "", "/805ec0aabbcc-contact.xml": "805EC0AABBCC", "/CTLSEP00562B043615.tlv": "00562B043615",
		"/cfg000b82aabbcc.bin": "000B82AABBCC", "/ffffffffffff.cfg": "", "/805ec0aabbcc-user.xml": "805EC0AABBCC", "/SEP00562B043615.cnf.xml": "00562B043615",
	} {
		hit, err := deviceprofiles.Match(path, "")
		assert.True(t, fault.Is(err, fault.NotFound), path)
		assert.Equal(t, mac != "", hit.HasMAC, path)
		if hit.HasMAC {
			assert.Equal(t, mac, hit.MAC.String(), path)
		}
	}
}

func TestMistakesAreNamed(t *testing.T) {
	t.Parallel()
	_, err := deviceprofiles.Match("/SEP00562B043615.cnf.xml", "")
	assert.ErrorContains(t, err, "enterprise firmware")
	for _, path := range []string{"/c/$MA.xml", "/%24PSN.xml", "/$MAU.cfg"} {
		_, err = deviceprofiles.Match(path, "")
		assert.True(t, fault.Is(err, fault.NotFound), path)
		assert.ErrorContains(t, err, "macro", path)
	}
}

func TestHostilePathsAreInvalid(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"", "/../x.cfg", "/a/../../805ec0aabbcc.cfg", "..", "/a\\b.cfg", "/x\x00.cfg", "/x\n.cfg", "/\xff.cfg", "/" + strings.Repeat("x", 512)} {
		_, err := deviceprofiles.Match(path, "")
		assert.True(t, fault.Is(err, fault.Invalid), "%q", path)
	}
}

func TestParseMAC(t *testing.T) {
	t.Parallel()
	for _, spelling := range []string{"805EC0AABBCC", "805ec0aabbcc", "80:5e:c0:AA:bb:cc", "80-5E-C0-AA-BB-CC", "805e.c0aa.bbcc"} {
		mac, err := deviceprofiles.ParseMAC(spelling)
		require.NoError(t, err, spelling)
		assert.Equal(t, "805EC0AABBCC", mac.String())
		assert.Equal(t, "805ec0aabbcc", mac.Lower())
		assert.Equal(t, "805ec0", mac.OUI())
	}
	for _, bad := range []string{
		"", "kjhgf", "805EC0AABBC", "805EC0AABBCCD", "80:5e:c0:aa:bb", "80:5e:c0:aa:bbcc", "80:5e-c0:aa:bb:cc", "000000000000", "ffffffffffff",
		"01005E0000FB", "805EC0AABBCG", "80::5e:c0:aa:bbc", " 805EC0AABBCC", "805e.c0aa.bbc",
	} {
		_, err := deviceprofiles.ParseMAC(bad)
		require.True(t, fault.Is(err, fault.Invalid), bad)
		assert.Equal(t, 25220, fault.ProblemsOf(err)[0].Code)
	}
}

func TestMACRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var mac deviceprofiles.MAC
		copy(mac[:], rapid.SliceOfN(rapid.Byte(), 6, 6).Draw(t, "mac"))
		mac[0] = mac[0]&^1 | 2
		for _, spelling := range []string{mac.String(), mac.Lower()} {
			if again, err := deviceprofiles.ParseMAC(spelling); err != nil || again != mac {
				t.Fatalf("%s became %s, %v", spelling, again, err)
			}
		}
	})
}

func FuzzMatch(f *testing.F) {
	for _, path := range []string{"/8851-3PCC.xml", "/805ec0aabbcc.cfg", "/Cisco/CP-8851-3PCC/00562B043615.cfg", "/../x", "/%2e", "/$MA.xml", "/64167f9f4c90-user.cfg"} {
		f.Add(path, "Yealink SIP-T54W 96.86.0.70 80:5e:c0:aa:bb:cc")
		f.Add(path, "Cisco-CP-8851-3PCC/12.0.7 (00562b043615)")
	}
	f.Fuzz(func(t *testing.T, path, agent string) {
		hit, err := deviceprofiles.Match(path, agent)
		if err != nil {
			return
		}
		if !hit.Code.IsZero() {
			return // no file: FuzzMatchCode holds it
		}
		if len(hit.Families) == 0 || strings.ContainsAny(hit.Name, "/\\") || hit.Name != strings.ToLower(hit.Name) {
			t.Fatalf("%q gave %+v", path, hit)
		}
		if _, err := deviceprofiles.RenderBootstrap(hit, hit.Families[0], deviceprofiles.Service{HTTPSBase: "https://h", HTTPBase: "http://h", CACertificate: []byte(caPEM)}); err != nil {
			t.Fatalf("%q: %v", path, err)
		}
	})
}

func FuzzParseMAC(f *testing.F) {
	f.Add("805EC0AABBCC")
	f.Add("80:5e:c0:aa:bb:cc")
	f.Fuzz(func(t *testing.T, s string) {
		mac, err := deviceprofiles.ParseMAC(s)
		if err != nil {
			return
		}
		if again, err := deviceprofiles.ParseMAC(mac.String()); err != nil || again != mac {
			t.Fatalf("%q became %s", s, mac)
		}
	})
}

func familyList(families []deviceprofiles.Family) string {
	var out []string
	for _, f := range families {
		out = append(out, string(f))
	}
	return strings.Join(out, " ")
}
