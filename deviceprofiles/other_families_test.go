package deviceprofiles_test

import (
	"crypto/md5"
	"encoding/hex"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/deviceprofiles"
	"dialtone/secret"
)

// openFile is what anybody gets for a path.
func openFile(t *testing.T, path string, f deviceprofiles.Family) string {
	t.Helper()
	hit, err := deviceprofiles.Match(path, "")
	require.NoError(t, err, path)
	file, err := deviceprofiles.RenderBootstrap(hit, f, sampleSettings(t, "Cisco 8851", "00562B043615").Service)
	require.NoError(t, err, path)
	return string(file.Body)
}

// ownFile is what the phone alone gets for a path.
func ownFile(t *testing.T, path string, s deviceprofiles.Settings) string {
	t.Helper()
	file, err := deviceprofiles.Render(path, s)
	require.NoError(t, err, path)
	return string(file.Body)
}

// A Panasonic phone takes a file for its own by the first 44 bytes, and stops where a line isn't as it wants.
func TestPanasonicFilesHaveTheFormOfTheirFormat(t *testing.T) {
	t.Parallel()
	s := sampleSettings(t, "Panasonic KX-HDV230", "0080F0C8C381")
	for _, body := range []string{
		openFile(t, "/KX-HDV230.cfg", "panasonic"), openFile(t, "/KX-UT113.cfg", "panasonic"), openFile(t, "/Config0080F0C8C381.cfg", "panasonic"),
		ownFile(t, "Config0080F0C8C381.cfg", s),
	} {
		lines := strings.Split(body, "\r\n")
		assert.Equal(t, "# Panasonic SIP Phone Standard Format File #", lines[0])
		assert.Len(t, lines[0], 44)
		assert.Equal(t, []string{"", ""}, lines[len(lines)-2:], "the last line is empty")
		for _, line := range lines[1 : len(lines)-2] {
			assert.Regexp(t, `^[A-Z0-9_]{1,32}="[^"\r\n]{0,500}"$`, line)
		}
	}
}

func TestAnAlgosDigestIsThatOfTheFileItGets(t *testing.T) {
	t.Parallel()
	s := sampleSettings(t, "Algo 8180", "0022EEAABBCC")
	for name, body := range map[string]string{
		"algom0022EEAABBCC.conf": ownFile(t, "algom0022EEAABBCC.conf", s), "algo0022eeaabbcc.conf": ownFile(t, "algo0022eeaabbcc.conf", s),
	} {
		sum := md5.Sum([]byte(body))
		assert.Equal(t, hex.EncodeToString(sum[:]), ownFile(t, name+".md5", s))
		open := md5.Sum([]byte(openFile(t, "/"+name, "algo")))
		assert.Equal(t, hex.EncodeToString(open[:]), openFile(t, "/"+name+".md5", "algo"))
	}
	s.Lines[0].Password = secret.New("another")
	sum := md5.Sum([]byte(ownFile(t, "algom0022EEAABBCC.conf", s)))
	assert.Equal(t, hex.EncodeToString(sum[:]), ownFile(t, "algom0022EEAABBCC.conf.md5", s), "nothing is kept of the file before")
}

// Strings of a Gigaset stand in quotes within the attribute, which has no way to spell a quote.
func TestAGigasetsStringsStandInQuotes(t *testing.T) {
	t.Parallel()
	for model, name := range map[string]string{
		"Gigaset N510 IP PRO": "BS_IP_Data1.aucS_SIP_PASSWORD", "Gigaset N720 DM PRO": "BS_VOIP_Data.astVoipAccounts[0].aucS_SIP_PASSWORD[0]",
	} {
		s := sampleSettings(t, model, samples()[model])
		file := ownFile(t, s.MAC.String()+".xml", s)
		assert.Contains(t, file, `<SYMB_ITEM ID="`+name+`" class="symb_item" value='"Line-Password&amp;1"'></SYMB_ITEM>`)
		for _, bad := range []string{`a"b`, `a\b`, `"`} {
			s.Lines[0].Password = secret.New(bad)
			_, err := deviceprofiles.Render(s.MAC.String()+".xml", s)
			assert.ErrorContains(t, err, "must not contain", bad)
			assert.NotContains(t, err.Error(), bad+" ", "no secret in an error")
		}
	}
}

// What keys are written as, in the words of each family that we can lay out.
func TestKeysOfOtherFamilies(t *testing.T) {
	t.Parallel()
	layout := deviceprofiles.Layout{Custom: true, Keys: []deviceprofiles.LineKey{
		{Index: 1, Type: deviceprofiles.KeyPrimaryLine}, {Index: 2, Type: deviceprofiles.KeySpeedDial, Label: "Door & gate", Value: "4711"},
		{Index: 3, Type: deviceprofiles.KeyClosed}, {Index: 4, Type: deviceprofiles.KeySpeedDial, Label: "Far", Value: "far@example.test"},
	}}
	for model, want := range map[string]map[string]string{
		"Grandstream GRP2614": {
			"config[version=2]/item[name=pks.vpk.1.keyMode]": "Line", "config[version=2]/item[name=pks.vpk.1.account]": "0", "config[version=2]/item[name=pks.vpk.1.description]": "1001",
			"config[version=2]/item[name=pks.vpk.2.keyMode]": "SpeedDial", "config[version=2]/item[name=pks.vpk.2.value]": "4711",
			"config[version=2]/item[name=pks.vpk.2.description]": "Door & gate", "config[version=2]/item[name=pks.vpk.3.keyMode]": "None",
			"config[version=2]/item[name=pks.vpk.4.value]": "far@example.test",
		},
		"Fanvil X4U": {
			"sysConf/dsskey/internal[index=1]/Fkey[index=1]/Type": "2", "sysConf/dsskey/internal[index=1]/Fkey[index=1]/Value": "SIP1",
			"sysConf/dsskey/internal[index=1]/Fkey[index=2]/Value": "4711@1/f", "sysConf/dsskey/internal[index=1]/Fkey[index=2]/Title": "Door gate",
			"sysConf/dsskey/internal[index=1]/Fkey[index=3]/Type": "0",
			"sysConf/dsskey/internal[index=1]/Fkey[index=4]/Type": "0", "sysConf/dsskey/internal[index=1]/Fkey[index=4]/Value": "",
		},
		"Fanvil V62": {
			"DSSKEY_CONFIG_MODULE/Sidekey_Config1/Sidekey_Config1_Entry[#1]/Value": "SIP1", "DSSKEY_CONFIG_MODULE/Sidekey_Config1/Sidekey_Config1_Entry[#2]/Value": "4711@1/f",
			"DSSKEY_CONFIG_MODULE/Sidekey_Config1/Sidekey_Config1_Entry[#4]/Type": "0",
		},
		"Panasonic KX-HDV230": {
			"FLEX_BUTTON_FACILITY_ACT1": "X_PANASONIC_IPTEL_DN", "FLEX_BUTTON_FACILITY_ARG1": "1", "FLEX_BUTTON_FACILITY_ACT2": "X_PANASONIC_IPTEL_ONETOUCH",
			"FLEX_BUTTON_FACILITY_ARG2": "4711", "FLEX_BUTTON_LABEL2": "Door & gate", "FLEX_BUTTON_FACILITY_ACT3": "", "FLEX_BUTTON_FACILITY_ARG4": "far@example.test",
		},
	} {
		s := sampleSettings(t, model, samples()[model])
		s.Layout = layout
		got := own(t, s)
		for name, value := range want {
			found, ok := got[strings.TrimPrefix(name, "sysConf/")]
			assert.True(t, ok, "%s has no %s", model, name)
			assert.Equal(t, value, found, "%s: %s", model, name)
		}
	}
}

// The first version of Grandstream's format has no numbers for more accounts than six.
func TestNoPhoneHasMoreAccountsThanItsFormat(t *testing.T) {
	t.Parallel()
	for _, m := range deviceprofiles.Models() {
		if m.Family == "grandstream" && m.Variant == "" && m.Configured() {
			assert.LessOrEqual(t, m.LinePorts, 6, m.Name)
		}
	}
}

func TestUserAgentsOfOtherFamilies(t *testing.T) {
	t.Parallel()
	for agent, want := range map[string][3]string{
		"Grandstream Model HW GXP2135 SW 1.0.7.97 DevId 000b828aa872":           {"grandstream", "GXP2135", "000B828AA872"},
		"Grandstream Model HW GXV3350  V1.3A SW 1.0.1.8 DevId c074ad150b88":     {"grandstream", "GXV3350", "C074AD150B88"},
		"Grandstream Model HW HT801 V1.1A SW 1.0.17.5 DevId c074ad273a10":       {"grandstream", "HT801", "C074AD273A10"},
		"Grandstream Model HW GRP2601W SW 1.0.7.32 DevId EC:74:D7:89:1A:76":     {"grandstream", "GRP2601W", "EC74D7891A76"},
		"Fanvil X4 2.10.2.6887 0c383e07e16c":                                    {"fanvil", "X4", "0C383E07E16C"},
		"Fanvil X6U Pro 0.0.10 0c383e2cd782":                                    {"fanvil", "X6U Pro", "0C383E2CD782"},
		"Fanvil H2U-V2 2.12.0 0c383e32342e":                                     {"fanvil", "H2U-V2", "0C383E32342E"},
		"Gigaset N870 IP PRO/83.V2.11.0+build.a546b91;7C2F80E0D605":             {"gigaset-nx70", "N870 IP PRO", "7C2F80E0D605"},
		`"Gigaset N670 IP PRO/83.V2.11.0+build.a546b91;7C2F80E0D605;Handset=1"`: {"gigaset-nx70", "N670 IP PRO", "7C2F80E0D605"},
		"N510 IP PRO/42.245.00.000.000;7C2F804DF9A9":                            {"gigaset", "N510 IP PRO", "7C2F804DF9A9"},
		"N720-DM-PRO/70.040.00.000.000":                                         {"gigaset", "N720-DM-PRO", ""},
		"Panasonic_KX-UT113/01.133 (0080f0c8c381)":                              {"panasonic", "KX-UT113", "0080F0C8C381"},
		"AUDC-IPPhone/2.2.8.61 (440HDG-Rev0; 00908F602AAC)":                     {"audiocodes", "440HDG-Rev0", "00908F602AAC"},
	} {
		got := deviceprofiles.ParseAgent(agent)
		mac := ""
		if got.HasMAC {
			mac = got.MAC.String()
		}
		assert.Equal(t, want, [3]string{string(got.Family), got.Model, mac}, agent)
	}
}

// Whatever is set for every phone can be written for each model that has a word for it, and an adapter's dialect isn't spoken to a phone.
func TestEveryNeutralSettingCanBeWritten(t *testing.T) {
	t.Parallel()
	definitions, ok := deviceprofiles.Definitions(deviceprofiles.ScopeEvery)
	require.True(t, ok)
	examples := map[string]string{
		"%EVERY_NTP_SERVER%": "time.example.test", "%EVERY_VOICEMAIL_NUMBER%": "*97", "%EVERY_PICKUP_CODE%": "*8", "%EVERY_USER_PASSWORD%": "User-Password-1",
		"%EVERY_SYSLOG_SERVER%": "log.example.test",
	}
	for _, m := range configuredModels() {
		for _, switched := range []bool{true, false} {
			s := injected(t, m)
			s.Values = map[deviceprofiles.SettingKey]deviceprofiles.SettingValue{}
			for _, d := range definitions {
				text := d.Default.Text
				switch d.Kind {
				case deviceprofiles.KindBoolean:
					text = strconv.FormatBool(switched)
				case deviceprofiles.KindEnum:
					text = d.Values[map[bool]int{true: 0, false: len(d.Values) - 1}[switched]]
				}
				if example, ok := examples[d.Key.Name]; ok {
					text = example
				}
				s.Values[d.Key] = deviceprofiles.PlainSetting(text)
				if d.Kind == deviceprofiles.KindPassword {
					s.Values[d.Key] = deviceprofiles.SecretSetting(secret.New(text))
				}
			}
			namesOf(t, s, nil)
		}
	}
	s := sampleSettings(t, "Grandstream HT802", samples()["Grandstream HT802"])
	s.Values = map[deviceprofiles.SettingKey]deviceprofiles.SettingValue{
		tag("Phone", "%EVERY_VLAN_ENABLED%"): plain("true"), tag("Phone", "%EVERY_VLAN_ID%"): plain("12"), tag("Phone", "%EVERY_NTP_SERVER%"): plain("time.example.test"),
	}
	got := own(t, s)
	assert.Equal(t, []string{"12", "time.example.test"}, []string{got["config[version=1]/P51"], got["config[version=1]/P30"]})
	s.Values[tag("Phone", "%EVERY_VLAN_ENABLED%")] = plain("false")
	assert.Equal(t, "0", own(t, s)["config[version=1]/P51"])
	gigaset := sampleSettings(t, "Gigaset N510 IP PRO", samples()["Gigaset N510 IP PRO"])
	gigaset.Values = s.Values
	assert.Equal(t, `"time.example.test"`, own(t, gigaset)["Provider/SYMB_ITEM[ID=BS_IP_Data1.aucS_TIME_NTP_SERVER][class=symb_item]/@value"])
}

// The password comes with the first file, and the folder that says how the next ones are encrypted.
func TestAGrandstreamsFilesCanBeEncrypted(t *testing.T) {
	t.Parallel()
	s := sampleSettings(t, "Grandstream GXP2135", samples()["Grandstream GXP2135"])
	s.Access.FileKey = secret.New("File-Key-1")
	got := own(t, s)
	assert.Equal(t, "phones.example.test:8443", got["config[version=1]/P237"])
	assert.NotContains(t, got, "config[version=1]/P1359")
	for how, want := range map[string][2]string{
		"MD5": {"phones.example.test:8443/enc-md5", "File-Key-1"}, "SHA256": {"phones.example.test:8443/enc-sha256", "File-Key-1"},
		"RFC8188": {"phones.example.test:8443", ""}, "OFF": {"phones.example.test:8443", ""},
	} {
		s.Values = map[deviceprofiles.SettingKey]deviceprofiles.SettingValue{tag("Phone", "%EVERY_FILE_ENCRYPTION%"): plain(how)}
		got = own(t, s)
		assert.Equal(t, want, [2]string{got["config[version=1]/P237"], got["config[version=1]/P1359"]}, how)
	}
}
