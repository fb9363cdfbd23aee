package deviceprofiles_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"dialtone/deviceprofiles"
	"dialtone/fault"
)

// What real phones sent, as logs have it.
func TestWhatUserAgentsSay(t *testing.T) {
	t.Parallel()
	for agent, want := range map[string]string{
		"FileTransport PolycomSoundPointIP-SPIP_335-UA/3.2.1.0078":                       "poly SPIP_335 3.2.1.0078 -",
		"FileTransport PolycomVVX-VVX_400-UA/4.1.4.7430 Type/Application":                "poly VVX_400 4.1.4.7430 -",
		"FileTransport PolyCCX-CCX_500-UA/9.4.1.0508 (SN:64167f9f4c90) Type/Application": "poly CCX_500 9.4.1.0508 64167F9F4C90",
		"Yealink SIP-T54W 96.86.0.70 80:5e:c0:aa:bb:cc":                                  "yealink T54W 96.86.0.70 805EC0AABBCC",
		"FileTransport PolycomSoundStationIP-SSIP_6000-UA/5.0.3.1667 Type/Updater":       "poly SSIP_6000  -", // the loader's version, which says nothing
		"Yealink-T46G 28.71.0.81 28.1.0.128.0.0.0":                                       "yealink T46G 28.71.0.81 -",
		"Yealink SIP-T38G  38.70.0.125 00:15:65:2f:c3:5e":                                "yealink T38G 38.70.0.125 0015652FC35E",
		"yealink SIP-T18 18.0.0.80 00:15:65:27:3e:05":                                    "yealink T18 18.0.0.80 001565273E05",
		"Mozilla/4.0 (compatible; snom320-SIP 8.4.18 1.1.3-s)":                           "snom 320 8.4.18 -",
		"Mozilla/4.0 (compatible; snom710-SIP 8.7.5.35 1.1.5-IFX-05.01.12 000413741767)": "snom 710 8.7.5.35 000413741767",
		"Mozilla/4.0 (compatible; Snom M900 05.20.0001 000413b60680)":                    "snom-dect M900 05.20.0001 000413B60680",
		"Grandstream Model HW GXP2135 SW 1.0.7.97 DevId 000b828aa872":                    "grandstream GXP2135 1.0.7.97 000B828AA872",
		"Grandstream Model HW GRP2601W SW 1.0.7.32 DevId EC:74:D7:89:1A:76":              "grandstream GRP2601W 1.0.7.32 EC74D7891A76",
		"Fanvil X6U Pro 0.0.10 0c383e2cd782":                                             "fanvil X6U Pro 0.0.10 0C383E2CD782",
		"Panasonic_KX-UT113/01.133 (0080f0c8c381)":                                       "panasonic KX-UT113 01.133 0080F0C8C381",
		"AUDC-IPPhone/2.2.8.61 (440HDG-Rev0; 00908F602AAC)":                              "audiocodes 440HDG-Rev0 2.2.8.61 00908F602AAC",
		"Cisco-CP-8841-3PCC/11.0 (00562b043615)":                                         "cisco-mpp 8841 11.0 00562B043615",
		"Cisco-CP-8851-3PCC/12.0.7_00562b043615_x":                                       "cisco-mpp 8851 12.0.7 00562B043615",
		"Cisco-CP-8851-3PCC/12.0.7_00562b04361":                                          "cisco-mpp 8851 12.0.7_00562b04361 -",
		"curl/8.0":                                                                       "   -",
		"":                                                                               "   -",
		"\x00\xff":                                                                       "   -",
	} {
		got := deviceprofiles.ParseAgent(agent)
		mac := "-"
		if got.HasMAC {
			mac = got.MAC.String()
		}
		assert.Equal(t, want, strings.Join([]string{string(got.Family), got.Model, got.Version, mac}, " "), agent)
	}
}

func FuzzParseAgent(f *testing.F) {
	f.Add("Yealink SIP-T54W 96.86.0.70 80:5e:c0:aa:bb:cc")
	f.Add("Mozilla/4.0 (compatible; snomD785-SIP 10.1.169.16 2010.12-00001-gd311851f1 (Feb 25 2019 - 14:19:43) 00041396D9B4 SXM:0 UXM:0 UXMC:0)")
	f.Add(`"Gigaset N870 IP PRO/83.V2.11.0+build.a546b91;7C2F80E0D605;Handset=1"`)
	f.Fuzz(func(t *testing.T, agent string) {
		got := deviceprofiles.ParseAgent(agent)
		if got.HasMAC == (got.MAC == deviceprofiles.MAC{}) || got.Family == "" && (got.HasMAC || got.Model != "" || got.Version != "") {
			t.Fatalf("%q gave %+v", agent, got)
		}
	})
}

func FuzzMatchUpload(f *testing.F) {
	f.Add("/0004f2aabbcc-boot.log", "")
	f.Add("//logs/805ec0aabbcc-local.cfg", "Yealink SIP-T54W 96.86.0.70 80:5e:c0:aa:bb:cc")
	f.Fuzz(func(t *testing.T, path, agent string) {
		hit, kind, err := deviceprofiles.MatchUpload(path, agent)
		switch {
		case err == nil && (kind == "" || !hit.HasMAC || strings.ContainsAny(hit.Name, "/\\")):
			t.Fatalf("%q gave %+v, %q", path, hit, kind)
		case err != nil && !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Denied):
			t.Fatalf("%q gave %v", path, err)
		}
	})
}
