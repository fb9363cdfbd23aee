package deviceprofiles_test

import (
	"fmt"
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dialtone/deviceprofiles"
	"dialtone/fault"
)

const samplePlan = `{
  "note": "spring",
  "firmware": [
    {"families": ["cisco-mpp"], "file": "cisco/11.3.1/sip88xx.11-3-1MSR3-1.loads", "version": "11.3.1SR3", "from": ["11.2", "11.3.1SR1"]},
    {"models": ["Cisco 8851"], "file": "cisco/12.0.7/sip88xx.12-0-7MPP0201-66.loads", "version": "12.0.7"},
    {"models": ["Yealink T54W"], "file": "yealink/T54W-96.86.0.75.rom", "version": "96.86.0.75", "share": 0},
    {"families": ["yealink"], "file": "yealink/T54W-96.86.0.70.rom", "version": "96.86.0.70"}
  ],
  "languages": [
    {"families": ["cisco-mpp"], "language": "de", "name": "German", "file": "languages/de-DE_88xx-12.0.4.0002.xml"},
    {"families": ["cisco-mpp"], "language": "de_at", "name": "German", "file": "languages/de-AT.xml"}
  ]
}`

func TestAPlanSaysWhatEachPhoneIsToRun(t *testing.T) {
	t.Parallel()
	p, err := deviceprofiles.ParseFirmwarePlan([]byte(samplePlan))
	require.NoError(t, err)
	mac := deviceprofiles.MAC{0x00, 0x56, 0x2b, 1, 2, 3}
	for _, c := range []struct{ model, version, want string }{
		{"Cisco 8851", "12.0.1", "12.0.7"},
		{"Cisco 8851", "12.0.7", "12.0.7"},
		{"Cisco 8851", "", "12.0.7"},
		{"Cisco 8851", "11.2.3", "11.3.1SR3"},
		{"Cisco 8851", "11.20", "12.0.7"},
		{"Cisco 8851", "11.3.1SR1", "11.3.1SR3"},
		{"Cisco 8841", "11.2", "11.3.1SR3"},
		{"Cisco 8841", "12.0.1", ""},
		{"Yealink T54W", "96.86.0.75", "96.86.0.70"},
		{"Snom D785", "10.1", ""},
	} {
		got, ok := p.Rule(model(t, c.model), mac, c.version)
		assert.Equal(t, c.want, got.Version, "%s with %q", c.model, c.version)
		assert.Equal(t, c.want != "", ok)
	}
	for locale, want := range map[string]string{"de_de": "languages/de-DE_88xx-12.0.4.0002.xml", "de-AT": "languages/de-AT.xml", "en_us": ""} {
		got, _ := p.Language(model(t, "Cisco 8851"), locale)
		assert.Equal(t, want, got.File, locale)
	}
	assert.Len(t, p.Files(), 6)
}

func TestABrokenPlanIsRefusedInItsOwnWords(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		``: "firmware.json can't be read: EOF.", `{"rules": []}`: `firmware.json can't be read: json: unknown field "rules".`,
		`{"firmware": [{}]}`: "firmware[0].families: or models must name at least one kind of phone",
		`{"firmware": [{"families": ["nokia"], "file": "a", "version": "1"}]}`:                                            `firmware[0].families: there is no family "nokia"`,
		`{"firmware": [{"models": ["Nokia 1"], "file": "a", "version": "1"}]}`:                                            `firmware[0].models: there is no model "Nokia 1"`,
		`{"firmware": [{"families": ["yealink"], "file": "../a.rom", "version": "1"}]}`:                                   "firmware[0].file: must be the way to a file below the folder, such as yealink/T54W-96.86.0.70.rom",
		`{"firmware": [{"families": ["yealink"], "file": "/a.rom", "version": "1"}]}`:                                     "firmware[0].file: must be the way to a file below the folder, such as yealink/T54W-96.86.0.70.rom",
		`{"firmware": [{"families": ["cisco-mpp"], "file": "a.zip", "version": "1"}]}`:                                    "firmware[0].file: is no firmware of the family cisco-mpp: its files are named sip88xx.12-0-7MPP0201-66.loads",
		`{"firmware": [{"families": ["2n"], "file": "a.bin", "version": "1"}]}`:                                           "firmware[0].families: phones of the family 2n can't be told a firmware by their file",
		`{"firmware": [{"families": ["yealink"], "file": "a.rom", "version": ""}]}`:                                       "firmware[0].version: must be a version as phones say it, of at most 64 characters",
		`{"firmware": [{"families": ["yealink"], "file": "a.rom", "version": "1", "from": ["1 or 2"]}]}`:                  "firmware[0].from: must be a version as phones say it, of at most 64 characters",
		`{"firmware": [{"families": ["yealink"], "file": "a.rom", "version": "1", "share": 101}]}`:                        "firmware[0].share: must be 0 to 100, in percent",
		`{"firmware": [{"families": ["yealink"], "file": "a.rom", "version": "1", "least": "1"}]}`:                        "firmware[0].least: phones of the family yealink have no place for it",
		`{"languages": [{"families": ["yealink"], "language": "de", "name": "German", "file": "de.lang"}]}`:               "languages[0].file: must be in the folder languages/",
		`{"languages": [{"families": ["yealink"], "language": "DE", "name": "German", "file": "languages/de.lang"}]}`:     "languages[0].language: must be a language such as de, or a locale such as de_de",
		`{"languages": [{"families": ["yealink"], "language": "de", "name": "a;x0=b", "file": "languages/de.lang"}]}`:     "languages[0].name: must have 1 to 40 letters and blanks",
		`{"languages": [{"families": ["grandstream"], "language": "de", "name": "German", "file": "languages/de.lang"}]}`: "languages[0].families: phones of the family grandstream can't be told a language's file",
		`{"firmware": [{"families": ["cisco-ata"], "file": "ATA19x.11-1-0.img", "version": "1", "least": "a b"}]}`:        "firmware[0].least: must be a version as phones say it, of at most 64 characters",
		strings.Repeat(" ", 1<<20+1):                            "firmware.json has more than 1048576 bytes.",
		`{"firmware": [` + strings.Repeat(`{},`, 1000) + `{}]}`: "firmware.json has more than 1000 rules.",
	} {
		_, err := deviceprofiles.ParseFirmwarePlan([]byte(text))
		require.Error(t, err, text)
		assert.True(t, fault.Is(err, fault.Invalid), text)
		assert.Equal(t, want, err.Error())
	}
}

// A wave only grows: who is in it with some share is in it with every larger one, and with 100 everybody is.
func TestAWaveOnlyGrows(t *testing.T) {
	t.Parallel()
	m := model(t, "Yealink T54W")
	rapid.Check(t, func(t *rapid.T) {
		mac := deviceprofiles.MAC(rapid.SliceOfN(rapid.Byte(), 6, 6).Draw(t, "mac"))
		in := false
		for share := range 101 {
			p, err := deviceprofiles.ParseFirmwarePlan(fmt.Appendf(nil, `{"firmware": [{"families": ["yealink"], "file": "a.rom", "version": "1", "share": %d}]}`, share))
			if err != nil {
				t.Fatal(err)
			}
			_, now := p.Rule(m, mac, "")
			if in && !now {
				t.Fatalf("%s left the wave at %d percent", mac, share)
			}
			if in = now; share == 0 && in {
				t.Fatalf("%s is in a wave of nobody", mac)
			}
		}
		if !in {
			t.Fatalf("%s is never told", mac)
		}
	})
}

func TestAWaveIsAboutItsShare(t *testing.T) {
	t.Parallel()
	p, err := deviceprofiles.ParseFirmwarePlan([]byte(`{"firmware": [{"families": ["yealink"], "file": "a.rom", "version": "1", "share": 20}]}`))
	require.NoError(t, err)
	in := 0
	for i := range 10_000 {
		if _, ok := p.Rule(model(t, "Yealink T54W"), deviceprofiles.MAC{0x80, 0x5e, 0xc0, 0, byte(i >> 8), byte(i)}, ""); ok {
			in++
		}
	}
	assert.InDelta(t, 2000, in, 200)
}

// Each family says its firmware in its own words, with nothing while there is none, and takes it back once there is none any more.
func TestFirmwareInEachFamilysWords(t *testing.T) {
	t.Parallel()
	const base = "https://phones.example.test:8443/firmware/dir/"
	for _, c := range []struct {
		model, file, version string
		told, withdrawn      map[string]string
	}{
		{"Cisco 8851", "sip88xx.12-0-7MPP0201-66.loads", "12.0.7", map[string]string{
			"Upgrade_Enable": "Yes", "Upgrade_Rule": "($SWVER ne sip88xx.12-0-7MPP0201-66)?" + base + "sip88xx.12-0-7MPP0201-66.loads",
		}, map[string]string{"Upgrade_Rule": ""}},
		{"Cisco 9861", "PHONEOS.4-0-1-0002-64.loads", "4.0.1", map[string]string{
			"Upgrade_Enable": "Yes", "Upgrade_Rule": "($SWVER ne PHONEOS.4-0-1-0002-64)?" + base + "PHONEOS.4-0-1-0002-64.loads",
		}, map[string]string{"Upgrade_Rule": ""}},
		{"Cisco 192", "ATA19x.11-1-0MPP0401-002.img", "11.1.0", map[string]string{
			"Upgrade_Enable": "Yes", "Upgrade_Rule": "($SWVER ne 11-1-0MPP0401-002)?" + base + "ATA19x.11-1-0MPP0401-002.img", "Downgrade_Rev_Limit": "11-0-0",
		}, map[string]string{"Upgrade_Rule": ""}},
		{"Yealink T54W", "T54W-96.86.0.75.rom", "96.86.0.75", map[string]string{"static.firmware.url": base + "T54W-96.86.0.75.rom"}, map[string]string{"static.firmware.url": ""}},
		{"Yealink W70B", "W70B.rom", "146.85.0.35", map[string]string{"static.firmware.url": base + "W70B.rom"}, map[string]string{"static.firmware.url": ""}},
		{"Poly VVX 450", "3111-48450-001.sip.ld", "6.4.6", map[string]string{"APP_FILE_PATH": base + "sip.ld"}, map[string]string{}},
		{"Snom D785", "snomD785-10.1.175.16-SIP-r.bin", "10.1.175.16", map[string]string{
			"phone-settings/update_policy": "auto_update", "firmware-settings/firmware": base + "snomD785-10.1.175.16-SIP-r.bin",
		}, map[string]string{}},
		{"Grandstream GXP2135", "gxp2135fw.bin", "1.0.11.79", map[string]string{
			"config[version=1]/P6767": "2", "config[version=1]/P192": "phones.example.test:8443/firmware/dir",
		}, map[string]string{"config[version=1]/P192": ""}},
		{"Grandstream GRP2614", "grp2614fw.bin", "1.0.11.79", map[string]string{
			"config[version=2]/item[name=provisioning.firmware.protocol]": "HTTPS", "config[version=2]/item[name=provisioning.firmware.serverPath]": "phones.example.test:8443/firmware/dir",
		}, map[string]string{"config[version=2]/item[name=provisioning.firmware.serverPath]": ""}},
		{"Fanvil X4U", "fanvil_x4u_hwv1_0.txt", "2.12.4", map[string]string{
			"fwCheck/EnableAutoUpgrade": "1", "fwCheck/UpgradeServer1": strings.TrimSuffix(base, "/"),
		}, map[string]string{"fwCheck/EnableAutoUpgrade": "0", "fwCheck/UpgradeServer1": ""}},
		{"Fanvil V62", "fanvil_v62_hwv1_0.txt", "2.12.4", map[string]string{}, map[string]string{}},
		{"Gigaset N670 IP PRO", "n670.bin", "83.V2.50", map[string]string{"firmware/file[version=83.V2.50][url=" + base + "n670.bin]": ""}, map[string]string{}},
		{"Panasonic KX-HDV230", "KX-HDV230.fw", "01.133", map[string]string{
			"FIRM_UPGRADE_ENABLE": "Y", "FIRM_VERSION": "01.133", "FIRM_FILE_PATH": base + "KX-HDV230.fw",
		}, map[string]string{"FIRM_UPGRADE_ENABLE": "N"}},
		{"2N IP Verso", "verso.bin", "2.49", map[string]string{}, map[string]string{}},
	} {
		t.Run(c.model, func(t *testing.T) {
			t.Parallel()
			s := sampleSettings(t, c.model, samples()[c.model])
			before := ownSettings(t, s)
			s.Firmware = deviceprofiles.Firmware{File: "dir/" + c.file, Version: c.version}
			if c.model == "Cisco 192" {
				s.Firmware.Least = "11-0-0"
			}
			assert.Equal(t, c.told, added(before, ownSettings(t, s)))
			s.Firmware = deviceprofiles.Firmware{Withdrawn: true}
			assert.Equal(t, c.withdrawn, added(before, ownSettings(t, s)))
		})
	}
}

func TestTextsInEachFamilysWords(t *testing.T) {
	t.Parallel()
	const base = "https://phones.example.test:8443/firmware/languages"
	for _, c := range []struct {
		model           string
		told, withdrawn map[string]string
	}{
		{"Cisco 8851", map[string]string{
			"Dictionary_Server_Script": "serv=" + base + "/;d0=German;x0=de.xml", "Language_Selection": "German", "Locale": "de-DE",
		}, map[string]string{"Dictionary_Server_Script": ""}},
		{"Cisco 9861", map[string]string{}, map[string]string{}},
		{"Yealink T54W", map[string]string{"gui_lang.url": base + "/de.xml"}, map[string]string{"gui_lang.url": ""}},
		{"Snom D785", map[string]string{"gui-languages/language[url=" + base + "/de.xml][name=German]": "", "phone-settings/language": "German"}, map[string]string{}},
		{"Grandstream GXP2135", map[string]string{}, map[string]string{}},
	} {
		t.Run(c.model, func(t *testing.T) {
			t.Parallel()
			s := sampleSettings(t, c.model, samples()[c.model])
			before := ownSettings(t, s)
			s.LanguageFile = deviceprofiles.LanguageFile{File: "languages/de.xml", Name: "German"}
			assert.Equal(t, c.told, added(before, ownSettings(t, s)))
			s.LanguageFile = deviceprofiles.LanguageFile{Withdrawn: true}
			assert.Equal(t, c.withdrawn, added(before, ownSettings(t, s)))
		})
	}
}

// ownSettings are the settings in all files of a phone's own.
func ownSettings(t testing.TB, s deviceprofiles.Settings) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, asset := range deviceprofiles.Files(s.Model, s.MAC) {
		if !asset.Secret {
			continue
		}
		file, err := deviceprofiles.Render(path.Base(asset.Path), s)
		require.NoError(t, err)
		for name, value := range parse(t, string(file.Body)) {
			out[withoutAccess.Replace(name)] = value
		}
	}
	return out
}

// withoutAccess leaves out of names who may change them.
var withoutAccess = strings.NewReplacer("[ua=na]", "", "[perm=R]", "")

// added are the settings that are new or other ones.
func added(before, after map[string]string) map[string]string {
	out := map[string]string{}
	for name, value := range after {
		if was, there := before[name]; !there || was != value {
			out[name] = value
		}
	}
	return out
}

func FuzzParseFirmwarePlan(f *testing.F) {
	f.Add([]byte(samplePlan))
	f.Add([]byte(`{"firmware": null}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := deviceprofiles.ParseFirmwarePlan(raw)
		if err != nil {
			assert.True(t, fault.Is(err, fault.Invalid))
			return
		}
		for _, file := range p.Files() {
			assert.NotContains(t, file, "..", "it would lead out of the folder")
			assert.NotContains(t, strings.Split(file, "/"), "")
		}
	})
}
