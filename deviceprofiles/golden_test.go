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

// sampleToken is what a phone shows in a path that knows no other way.
const sampleToken = "0123456789abcdef0123456789abcdef01234567"

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
		Access:        deviceprofiles.Access{UserName: parsed.Lower(), Password: secret.New("Access-Password-1"), Token: secret.New(sampleToken)},
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
		"Grandstream GXP2135": "C074ADAABBCC", "Grandstream GRP2614": "C074ADAABBCD", "Grandstream HT802": "C074ADAABBCE", "Grandstream HT814": "C074ADAABBCF",
		"Fanvil X4U": "0C383EAABBCC", "Fanvil V62": "0C383EAABBCD",
		"Gigaset N510 IP PRO": "7C2F804DF9A9", "Gigaset N720 DM PRO": "7C2F804DF9AA", "Gigaset N670 IP PRO": "7C2F80E0D605",
		"Panasonic KX-HDV230": "0080F0C8C381",
		"Algo 8180":           "0022EEAABBCC",
		"2N IP Verso":         "7C1EB3AABBCC",
		"AudioCodes 440HD":    "00908F602AAC", "AudioCodes MP-118": "00908F602AAD",
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

// places is where a family keeps a line's password, its display name, and what the phone proves itself with.
type places struct {
	password, name, access string
	within                 bool     // a value holds more than that
	folder                 bool     // it proves itself by a folder of its URL
	instead                []string // what is written instead of signs that the format can't hold, by pairs
}

// placesOf returns them by family, and variant where the family has some.
func placesOf(t testing.TB, m deviceprofiles.Model) places {
	t.Helper()
	const item, line, symb = "config[version=2]/item[name=", "SIP_CONFIG_MODULE/SIP_Line_List/SIP_Line_List_Entry[#1]/", "Provider/SYMB_ITEM[ID="
	const obi, snom = "VoiceService.1.VoiceProfile.1.Line.1.", "phone-settings/"
	apostrophe := []string{`"`, "'"}
	known := map[string]places{
		"cisco-mpp":           {password: "Password_1_", name: "Display_Name_1_", access: "GPP_SA"},
		"cisco-phoneos":       {password: "Password_1_", name: "Display_Name_1_", access: "GPP_SA"},
		"cisco-ata":           {password: "Password_1_", name: "Display_Name_1_", access: "GPP_B"},
		"yealink":             {password: "account.1.password", name: "account.1.display_name", access: "static.auto_provision.server.password"},
		"yealink-dect":        {password: "account.1.password", name: "account.1.display_name", access: "static.auto_provision.server.password"},
		"poly-obi":            {obi + "SIP.AuthPassword", obi + "CallingFeatures.CallerIDName", "X_DeviceManagement.ITSPProvisioning.ConfigURL", true, false, nil},
		"snom":                {password: snom + "user_pass[idx=1]", name: snom + "user_realname[idx=1]", access: snom + "http_client_pass"},
		"snom-dect":           {password: snom + "user_pass[idx=1]", name: snom + "user_realname[idx=1]", access: snom + "http_client_password"},
		"poly":                {password: "reg.1.auth.password", name: "reg.1.displayName", access: "device.prov.password"},
		"grandstream":         {password: "config[version=1]/P34", name: "config[version=1]/P3", access: "config[version=1]/P1361"},
		"grandstream 2":       {password: item + "account.1.sip.subscriber.password]", name: item + "account.1.sip.subscriber.name]", access: item + "provisioning.config.password]"},
		"grandstream sockets": {password: "config[version=1]/P34", name: "config[version=1]/P3", access: "config[version=1]/P1361"},
		"grandstream ports":   {password: "config[version=1]/P4120", name: "config[version=1]/P4180", access: "config[version=1]/P1361"},
		"fanvil":              {password: "sip/line[index=1]/RegisterPswd", name: "sip/line[index=1]/DisplayName", access: "ap/DefaultPassword"},
		"fanvil module":       {password: line + "Register_Pswd", name: line + "Display_Name", access: "AUTOUPDATE_CONFIG_MODULE/Download_Password"},
		"gigaset":             {symb + "BS_IP_Data1.aucS_SIP_PASSWORD][class=symb_item]/@value", symb + "BS_IP_Data1.aucS_SIP_DISPLAYNAME][class=symb_item]/@value", "Provider/S_CONFIGFILE_URL[class=string]/@value", true, true, []string{`"`, "'", `\`, "/"}},
		"gigaset n720":        {symb + "BS_VOIP_Data.astVoipAccounts[0].aucS_SIP_PASSWORD[0]][class=symb_item]/@value", symb + "BS_VOIP_Data.astVoipAccounts[0].aucS_SIP_DISPLAYNAME[0]][class=symb_item]/@value", "Provider/S_CONFIGFILE_URL[class=string]/@value", true, true, []string{`"`, "'", `\`, "/"}},
		"gigaset-nx70":        {"nvm/param[name=SipAccount.00001.AuthPassword]/@value", "nvm/param[name=SipAccount.00001.DisplayName]/@value", "nvm/param[name=Provisioning.global.ProvisioningServer]/@value", true, true, nil},
		"panasonic":           {"SIP_PASS_1", "DISPLAY_NAME_1", "CFG_STANDARD_FILE_PATH", true, true, apostrophe},
		"algo":                {password: "sip.u1.pwd", access: "prov.auth.pwd"},
		"2n":                  {password: "Phone/Sip[At=0]/User/PasswordString", name: "Phone/Sip[At=0]/User/DisplayName", access: "AutoUpdate/Configuration/Password"},
		"audiocodes":          {"voip/line/0/auth_password", "voip/line/0/description", "provisioning/configuration/url", true, true, []string{"' x='", " x="}},
		"audiocodes-gateway":  {"Authentication/Authentication 0", "CallerDisplayInfo/CallerDisplayInfo 0", "AUPDDigestPassword", true, false, []string{"'", "’"}},
	}
	p, ok := known[string(m.Family)+" "+m.Variant]
	if !ok {
		p, ok = known[string(m.Family)]
	}
	require.True(t, ok, "where does a %s keep its password?", m.Name)
	return p
}

// holds compares what was written with what went in.
func (p places) holds(t testing.TB, want, written, about string) {
	t.Helper()
	want = strings.NewReplacer(p.instead...).Replace(want)
	if p.within {
		want = strings.TrimSpace(want)
		assert.Contains(t, written, want[:min(len(want), 500)], about)
		return
	}
	assert.Equal(t, want, written, about)
}

func TestEveryValueComesOutAsItWentIn(t *testing.T) {
	t.Parallel()
	for model, mac := range samples() {
		s := sampleSettings(t, model, mac)
		at := placesOf(t, s.Model)
		var found map[string]string
		for _, file := range filesOf(t, s) {
			settings := parse(t, string(file.Body))
			if _, ok := settings[at.password]; ok {
				found = settings
			}
		}
		require.NotNil(t, found, model)
		at.holds(t, "Line-Password&1", found[at.password], model)
		if at.folder {
			assert.Contains(t, found[at.access], "/t-"+sampleToken, model)
		} else {
			at.holds(t, "Access-Password-1", found[at.access], model)
		}
		if at.name != "" {
			at.holds(t, `Zoë "Z" O'Hara & Söhne <1>`, found[at.name], model)
		}
	}
}

func TestOpenFilesHoldNoSecretAndKnowNobody(t *testing.T) {
	t.Parallel()
	for model, mac := range samples() {
		for name, file := range filesOf(t, sampleSettings(t, model, mac)) {
			if !strings.HasPrefix(name, "open_") {
				continue
			}
			for _, secretWord := range []string{"Password-1", sampleToken, "k7m2p9q4xz", "Zoë", "c1234", "1001"} {
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
		assert.GreaterOrEqual(t, masked, 2, model)
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
		at := placesOf(t, clean.Model)
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
				if name, ok := got[at.name]; ok {
					at.holds(t, value, name, model)
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
