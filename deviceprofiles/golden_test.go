package deviceprofiles_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/secret"
)

var update = flag.Bool("update", false, "write the golden files anew; read them before you commit them")

const caPEM = "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUExample\n-----END CERTIFICATE-----\n"

// sampleSettings is one phone in Berlin, told by name; byAddress turns it into one that is told by address.
func sampleSettings(t testing.TB, model, mac string) deviceprofiles.Settings {
	t.Helper()
	m, ok := deviceprofiles.FindModel(model)
	require.True(t, ok, model)
	parsed, err := deviceprofiles.ParseMAC(mac)
	require.NoError(t, err)
	return deviceprofiles.Settings{
		MAC: parsed, Model: m, Revision: 42,
		Service: deviceprofiles.Service{
			HTTPBase: "http://phones.example.test:8081", HTTPSBase: "https://phones.example.test:8443", CACertificate: []byte(caPEM), NTPServer: "ntp.example.test",
		},
		Access:        deviceprofiles.Access{UserName: parsed.Lower(), Password: secret.New("Access-Password-1")},
		AdminPassword: secret.New("Admin-Password-1"),
		TimeZone:      "Europe/Berlin", Country: "DE", Language: "de_de",
		Lines: []deviceprofiles.Line{{
			Port: 1, UserName: "k7m2p9q4xz", AuthName: "k7m2p9q4xz", Password: secret.New("Line-Password&1"), Domain: "c1234.sip.example.test",
			DisplayName: `Zoë "Z" O'Hara & Söhne <1>`, Label: "1001",
		}},
		SIP: deviceprofiles.SIP{OutboundProxy: "c1234.sip.example.test", Transport: deviceprofiles.TLS, Expires: 3600},
	}
}

func byAddress(s deviceprofiles.Settings) deviceprofiles.Settings {
	s.SIP.OutboundProxy, s.SIP.OutboundPort = "192.0.2.10", 5061
	s.TimeZone, s.Country, s.Language = "America/Chicago", "US", "en_us"
	return s
}

func samples() map[string]string {
	return map[string]string{
		"Cisco 8841": "00562B043614", "Cisco 8851": "00562B043615", "Cisco 6851": "00562B043616", "Cisco 8875": "00562B043617", "Cisco 9861": "00562B043618",
		"Cisco 192": "00562B043619", "Yealink T46U": "805EC0AABBCB", "Yealink T54W": "805EC0AABBCC",
		"Poly VVX 450": "64167FAABBCC", "Poly Edge E450": "48256767AABB", "Poly OBi202": "9CADEFAABBCC", "Poly VVX 450 OBi Edition": "64167FAABBCD",
		"Yealink W60B": "805EC0AABBCD", "Yealink W70B": "805EC0AABBCE", "Snom D785": "00041396D9B4", "Snom M900": "000413B60680",
	}
}

// filesOf renders everything that a phone is served, by the name of its golden file.
func filesOf(t testing.TB, s deviceprofiles.Settings) map[string]deviceprofiles.File {
	t.Helper()
	out := map[string]deviceprofiles.File{}
	for _, asset := range deviceprofiles.Files(s.Model, s.MAC) {
		var file deviceprofiles.File
		var err error
		name := strings.ReplaceAll(asset.Path, "/", "_")
		if asset.Secret {
			file, err = deviceprofiles.Render(filepath.Base(asset.Path), s)
		} else {
			name = "open_" + name
			hit, matchErr := deviceprofiles.Match("/"+asset.Path, "")
			require.NoError(t, matchErr)
			file, err = deviceprofiles.RenderBootstrap(hit, s.Model.Family, s.Service)
		}
		require.NoError(t, err)
		out[name] = file
	}
	return out
}

// furnished gives a model that is too small for the rich settings what it can have: an expansion module, or a line in each of its ports.
func furnished(t testing.TB, model, mac string) (deviceprofiles.Settings, bool) {
	t.Helper()
	s := sampleSettings(t, model, mac)
	second := deviceprofiles.Line{
		Port: 2, UserName: "line2", AuthName: "line2", Password: secret.New("Line-Password&2"), Domain: "c1234.sip.example.test", DisplayName: "Lift", Label: "1002",
		HotlineDestination: "112",
	}
	switch model {
	case "Cisco 6851":
		s.Lines = append(s.Lines, second)
		s.Layout = deviceprofiles.Layout{
			Custom: true, KEMType: "KEM_14_KEYS", Keys: []deviceprofiles.LineKey{{Index: 1, Type: primary}, {Index: 4, Type: dial, Label: "Ada", Value: "ada@example.test"}},
			KEM: []deviceprofiles.KEMKey{{Module: 1, Index: 1, Type: dial, Label: "Bob & Co", Value: "200"}, {Module: 1, Index: 2, Type: deviceprofiles.KeyClosed}, {Module: 1, Index: 28, Type: shared, SharedLine: 1}},
		}
		require.NoError(t, deviceprofiles.CheckLayout(s.Model, s.Layout))
	case "Cisco 192":
		s.Lines = append(s.Lines, second)
		s.TimeZone, s.Country = "Australia/Lord_Howe", "AU"
		s.Values = map[deviceprofiles.SettingKey]deviceprofiles.SettingValue{
			{Scope: "ata", Name: "vlan.enabled"}: deviceprofiles.PlainSetting("true"), {Scope: "ata", Name: "vlan.value"}: deviceprofiles.PlainSetting("42"),
			{Scope: "ata", Name: "webAccessEnabled"}: deviceprofiles.PlainSetting("false"), {Scope: "Phone", Name: "%EVERY_NTP_SERVER%"}: deviceprofiles.PlainSetting("time.example.test"),
			{Scope: "Phone", Name: "%EVERY_DTMF%"}: deviceprofiles.PlainSetting("INBAND"),
		}
	default:
		return s, false
	}
	return s, true
}

func TestGoldenFiles(t *testing.T) {
	t.Parallel()
	for model, mac := range samples() {
		modes := map[string]deviceprofiles.Settings{"": sampleSettings(t, model, mac), "-by-address": byAddress(sampleSettings(t, model, mac))}
		if _, ok := richModels()[model]; ok {
			modes["-rich"] = richSettings(t, model)
		}
		if more, ok := furnished(t, model, mac); ok {
			modes["-furnished"] = more
		}
		for mode, s := range modes {
			dir := filepath.Join("testdata", "golden", strings.ReplaceAll(model, " ", "")+mode)
			if *update {
				require.NoError(t, os.RemoveAll(dir))
			}
			files := filesOf(t, s)
			for name, file := range files {
				path := filepath.Join(dir, name)
				if *update {
					require.NoError(t, os.MkdirAll(dir, 0o755))
					require.NoError(t, os.WriteFile(path, file.Body, 0o644))
				}
				want, err := os.ReadFile(path)
				require.NoError(t, err)
				if diff := cmp.Diff(string(want), string(file.Body)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", path, diff)
				}
				again := filesOf(t, s)
				assert.Equal(t, file, again[name], "the same settings give the same bytes")
			}
			kept, err := os.ReadDir(dir)
			require.NoError(t, err)
			assert.Len(t, kept, len(files), "%s holds files that are no longer served", dir)
		}
	}
}

// settingsOf is where each family keeps a line's password, its display name, and the phone's own password, which may stand in a longer value.
func settingsOf(m deviceprofiles.Model) (password, name, access string) {
	found, ok := map[deviceprofiles.Family][3]string{
		deviceprofiles.CiscoMPP: {"Password_1_", "Display_Name_1_", "GPP_SA"},
		"cisco-phoneos":         {"Password_1_", "Display_Name_1_", "GPP_SA"},
		"cisco-ata":             {"Password_1_", "Display_Name_1_", "GPP_B"},
		deviceprofiles.Yealink:  {"account.1.password", "account.1.display_name", "static.auto_provision.server.password"},
		"yealink-dect":          {"account.1.password", "account.1.display_name", "static.auto_provision.server.password"},
		deviceprofiles.Poly:     {"reg.1.auth.password", "reg.1.displayName", "device.prov.password"},
		"poly-obi": {
			"VoiceService.1.VoiceProfile.1.Line.1.SIP.AuthPassword", "VoiceService.1.VoiceProfile.1.Line.1.CallingFeatures.CallerIDName",
			"X_DeviceManagement.ITSPProvisioning.ConfigURL",
		},
		"snom":      {"phone-settings/user_pass[idx=1]", "phone-settings/user_realname[idx=1]", "phone-settings/http_client_pass"},
		"snom-dect": {"phone-settings/user_pass[idx=1]", "phone-settings/user_realname[idx=1]", "phone-settings/http_client_password"},
	}[m.Family]
	if !ok {
		panic("nobody said where settings of " + m.Name + " are")
	}
	return found[0], found[1], found[2]
}

func TestEveryValueComesOutAsItWentIn(t *testing.T) {
	t.Parallel()
	for model, mac := range samples() {
		s := sampleSettings(t, model, mac)
		password, name, access := settingsOf(s.Model)
		var found map[string]string
		for _, file := range filesOf(t, s) {
			settings := parse(t, string(file.Body))
			if _, ok := settings[password]; ok {
				found = settings
			}
		}
		require.NotNil(t, found, model)
		assert.Equal(t, "Line-Password&1", found[password])
		assert.Equal(t, `Zoë "Z" O'Hara & Söhne <1>`, found[name])
		assert.Contains(t, found[access], "Access-Password-1")
	}
}

func TestOpenFilesHoldNoSecretAndKnowNobody(t *testing.T) {
	t.Parallel()
	for model, mac := range samples() {
		for name, file := range filesOf(t, sampleSettings(t, model, mac)) {
			if !strings.HasPrefix(name, "open_") {
				continue
			}
			for _, secretWord := range []string{"Password-1", "k7m2p9q4xz", "Zoë", "c1234", "1001"} {
				assert.NotContains(t, string(file.Body), secretWord, "%s of %s", name, model)
			}
		}
	}
}

func TestMaskedSettingsRenderWithoutSecrets(t *testing.T) {
	t.Parallel()
	for model, mac := range samples() {
		s := sampleSettings(t, model, mac)
		masked := 0
		for name, file := range filesOf(t, s.Masked()) {
			assert.NotContains(t, string(file.Body), "Password-1", name)
			assert.NotContains(t, string(file.Body), "Line-Password", name)
			masked += strings.Count(string(file.Body), "********")
		}
		assert.GreaterOrEqual(t, masked, 3, model)
		assert.Equal(t, "Line-Password&1", s.Lines[0].Password.Reveal(), "the original stays as it was")
	}
}

func TestNamesAndLabelsNeverAddASetting(t *testing.T) {
	t.Parallel()
	evil := []string{
		"a\nstatic.auto_provision.server.url = http://evil/", "a\r\nx = y", "]]>", "</Display_Name_1_><Profile_Rule>http://evil</Profile_Rule>",
		`" reg.2.address="evil`, "' x='", "{{.Password}}", "%BWMACADDRESS%", "a\x00b", "a\u2028b", "a\u2029b", strings.Repeat("n", 10_000), "\xff\xfe", "a\uFFFFb", "&#10;x = y",
		"🙂 مرحبا", "%NULL%", " blank ", "# comment", "$MA",
	}
	for model, mac := range samples() {
		clean := sampleSettings(t, model, mac)
		_, nameSetting, _ := settingsOf(clean.Model)
		want := map[string]int{}
		for name, file := range filesOf(t, clean) {
			want[name] = len(parse(t, string(file.Body)))
		}
		for _, value := range evil {
			s := sampleSettings(t, model, mac)
			s.Lines[0].DisplayName, s.Lines[0].Label = value, value
			for _, asset := range deviceprofiles.Files(s.Model, s.MAC) {
				if !asset.Secret {
					continue
				}
				file, err := deviceprofiles.Render(asset.Path, s)
				if err != nil {
					assert.True(t, fault.Is(err, fault.Invalid))
					assert.Error(t, deviceprofiles.CheckDisplayName("firstName", value), "%q can be stored and not be written for a %s", value, model)
					continue
				}
				got := parse(t, string(file.Body))
				assert.Len(t, got, want[asset.Path], "%s: %q added or hid a setting", model, value)
				if name, ok := got[nameSetting]; ok {
					assert.Equal(t, value, name, "%s", model)
				}
			}
		}
	}
}

func TestWhatCantBeWrittenIsRefusedWithItsName(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"a\nb", "a\rb", "a\tb", "a\x00", "a\x7f", "a\u0085b", "a\u2028b", "a\uFFFE", strings.Repeat("x", 513), "\xff", " a", "a\u00a0", "%NULL%"} {
		assert.ErrorContains(t, deviceprofiles.CheckDisplayName("firstName", bad), "firstName")
	}
	for _, good := range []string{"", "Zoë 🙂 مرحبا", `"quoted" & <angled> 'n' ]]>`, "# 1", strings.Repeat("é", 256)} {
		assert.NoError(t, deviceprofiles.CheckDisplayName("firstName", good))
	}
	for _, good := range []string{"TestPassword123&", "Test4Password123&", "abcdefg8", "-_.!~*()%$#@"} {
		assert.NoError(t, deviceprofiles.CheckPassword("password", secret.New(good)))
	}
	for _, bad := range []string{"", "short", "has blank 1", `quote"12345`, "quote'12345", `back\slash1`, "semi;colon1", "angle<12345", "angle>12345", "tab\t123456", "é1234567890"} {
		err := deviceprofiles.CheckPassword("password", secret.New(bad))
		assert.ErrorContains(t, err, "password", bad)
		if bad != "" {
			assert.NotContains(t, err.Error(), bad)
		}
	}
}

func TestADoorThatIsOffIsPointedToByNobody(t *testing.T) {
	t.Parallel()
	hit, err := deviceprofiles.Match("/8851-3PCC.xml", "")
	require.NoError(t, err)
	_, err = deviceprofiles.RenderBootstrap(hit, deviceprofiles.CiscoMPP, deviceprofiles.Service{HTTPBase: "http://x"})
	require.Error(t, err)
	ca, err := deviceprofiles.Match("/anything/CA.pem", "")
	require.NoError(t, err)
	_, err = deviceprofiles.RenderBootstrap(ca, deviceprofiles.Generic, deviceprofiles.Service{})
	require.Error(t, err)
	file, err := deviceprofiles.RenderBootstrap(ca, deviceprofiles.Generic, deviceprofiles.Service{CACertificate: []byte(caPEM)})
	require.NoError(t, err)
	assert.Equal(t, caPEM, string(file.Body))
}

// A Cisco phone reads the open file again at each boot: were the rule another one there, the phone would forget how to prove itself.
func TestACiscoPhonesRuleIsTheSameInBothFiles(t *testing.T) {
	t.Parallel()
	files := filesOf(t, sampleSettings(t, "Cisco 8851", "00562B043615"))
	open, own := parse(t, string(files["open_8851-3PCC.xml"].Body)), parse(t, string(files["00562b043615.xml"].Body))
	assert.Equal(t, `("$A" eq "enrolled")?[--uid $MA --pwd $SA]https://phones.example.test:8443/$MA.xml|("$A" eq "sealed")?[--key $SB --uid $MA --pwd $SA]https://phones.example.test:8443/$B/$MA.xml|https://phones.example.test:8443/$MA.xml`, open["Profile_Rule_B"])
	assert.Equal(t, open["Profile_Rule_B"], own["Profile_Rule_B"])
	assert.Equal(t, "enrolled", own["GPP_A"])
	assert.NotContains(t, open, "GPP_A")
}

func TestUnusedLinesAreSwitchedOff(t *testing.T) {
	t.Parallel()
	cisco, err := deviceprofiles.Render("00562b043615.xml", sampleSettings(t, "Cisco 8851", "00562B043615"))
	require.NoError(t, err)
	settings := parse(t, string(cisco.Body))
	assert.Equal(t, "Yes", settings["Line_Enable_1_"])
	assert.Equal(t, "No", settings["Line_Enable_10_"])
	assert.Equal(t, "Disabled", settings["Extension_10_"])
	yealink, err := deviceprofiles.Render("805ec0aabbcc.cfg", sampleSettings(t, "Yealink T54W", "805EC0AABBCC"))
	require.NoError(t, err)
	settings = parse(t, string(yealink.Body))
	assert.Equal(t, "1", settings["account.1.enable"])
	assert.Equal(t, "0", settings["account.16.enable"])
}

func FuzzRender(f *testing.F) {
	f.Add("Ada", "1001", "pass-word-1")
	f.Add("a\nb = c", "]]>", `x" y="z`)
	f.Fuzz(func(t *testing.T, name, label, password string) {
		for model, mac := range samples() {
			s := sampleSettings(t, model, mac)
			s.Lines[0].DisplayName, s.Lines[0].Label, s.Lines[0].Password = name, label, secret.New(password)
			for _, asset := range deviceprofiles.Files(s.Model, s.MAC) {
				file, err := deviceprofiles.Render(asset.Path, s)
				switch {
				case asset.Secret && err == nil:
					parse(t, string(file.Body))
				case asset.Secret && deviceprofiles.CheckDisplayName("", name) == nil && deviceprofiles.CheckDisplayName("", label) == nil &&
					deviceprofiles.CheckPassword("", secret.New(password)) == nil:
					t.Fatalf("%q, %q and %q can be stored and not be written for a %s: %v", name, label, password, model, err)
				}
			}
		}
	})
}

func BenchmarkRender(b *testing.B) {
	for model, mac := range map[string]string{"Cisco 8851": "00562B043615", "Yealink T54W": "805EC0AABBCC", "Poly VVX 450": "64167FAABBCC"} {
		s := sampleSettings(b, model, mac)
		assets := deviceprofiles.Files(s.Model, s.MAC)
		b.Run(model, func(b *testing.B) {
			for b.Loop() {
				if _, err := deviceprofiles.Render(assets[len(assets)-1].Path, s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
