package deviceprofiles_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/secret"
)

// richModels are one phone of each family with all that a phone can be told.
func richModels() map[string]string {
	return map[string]string{"Cisco 8851": "00562B043615", "Cisco 9861": "00562B043618", "Yealink T54W": "805EC0AABBCC", "Poly VVX 450": "64167FAABBCC", "Snom D785": "00041396D9B4"}
}

// rich gives a phone three lines, settings, a layout with modules where it takes them, and a hotline.
func rich(t testing.TB, s deviceprofiles.Settings) deviceprofiles.Settings {
	t.Helper()
	s.Lines[0].Weight, s.Lines[0].DeclineEverywhere = 2, true
	for port, name := range map[int]string{3: "Reception", 4: "Door"} {
		s.Lines = append(s.Lines, deviceprofiles.Line{
			Port: port, UserName: "line" + fmt.Sprint(port), AuthName: "line" + fmt.Sprint(port), Password: secret.New("Line-Password&" + fmt.Sprint(port)),
			Domain: "c1234.sip.example.test", DisplayName: name, Label: "100" + fmt.Sprint(port), Shared: true,
		})
	}
	slices.SortFunc(s.Lines, func(a, b deviceprofiles.Line) int { return a.Port - b.Port })
	s.Lines[0].HotlineDestination, s.Lines[2].HotlineDestination = "+493012345", "112"
	s.Layout = deviceprofiles.Layout{Custom: true, Keys: []deviceprofiles.LineKey{
		{Index: 1, Type: primary}, {Index: 2, Type: shared, SharedLine: 2}, {Index: 3, Type: dial, Label: `Zoë "desk" <1> & ]]>`, Value: "+49 30 123-4"},
		{Index: 4, Type: deviceprofiles.KeyClosed}, {Index: 5, Type: deviceprofiles.KeyMonitor}, {Index: 6, Type: primary}, {Index: 7, Type: dial, Label: "Ada", Value: "ada@example.test"},
		{Index: 8, Type: shared, SharedLine: 3}, {Index: 9, Type: shared, SharedLine: 1},
	}}
	if s.Model.KEMModules > 0 {
		s.Layout.KEM = []deviceprofiles.KEMKey{{Module: 1, Index: 2, Type: dial, Label: "Bob", Value: "200"}, {Module: 1, Index: min(20, s.Model.KEMKeys), Type: shared, SharedLine: 1}, {Module: 1, Index: 3, Type: deviceprofiles.KeyClosed}}
	}
	if len(s.Model.KEMTypes) > 0 {
		s.Layout.KEMType = s.Model.KEMTypes[0]
	}
	s.Values = map[deviceprofiles.SettingKey]deviceprofiles.SettingValue{}
	set := func(name, text string) {
		key := deviceprofiles.SettingKey{Scope: deviceprofiles.ScopesOf(s.Model)[0], Name: name}
		d, ok := deviceprofiles.Definition(key)
		require.True(t, ok, name)
		v, err := deviceprofiles.CheckSetting(d, name, text)
		require.NoError(t, err)
		s.Values[key] = v
	}
	for name, text := range richValues(s.Model.Family) {
		set(name, text)
	}
	require.NoError(t, deviceprofiles.CheckLayout(s.Model, s.Layout))
	return s
}

func richValues(f deviceprofiles.Family) map[string]string {
	switch f {
	case deviceprofiles.CiscoMPP:
		return map[string]string{
			"audioCodecPriority.selection": "CUSTOM", "audioCodecPriority.primary": "G722", "audioCodecPriority.secondary": "G711a", "audioCodecPriority.tertiary": "Unspecified",
			"vlan.enabled": "true", "vlan.value": "42", "cdpEnabled": "false", "backlightTimer": "ALWAYS_ON", "backlightTimer68XX78XX": "OFF", "poeMode": "NORMAL", "multicast": `["224.0.0.1:5000","224.0.0.1:5001"]`,
			"httpProxy.mode": "MANUAL", "httpProxy.host": "proxy.example.test", "httpProxy.port": "3128", "httpProxy.packUrl": "http://pac.example.test/", "httpProxy.authSettingsEnabled": "true",
			"httpProxy.username": "phones", "httpProxy.password": "Proxy-Password-1", "volumeSettings.ringerVolume": "15", "usbPorts.enabled": "true", "usbPorts.sideUsbEnabled": "false",
			"usbPortsEnabled": "false", "callsPerLine": "4", "softKeyLayout.softKeyMenu.idleKeyList": "redial;newcall;dnd|3", "softKeyLayout.psk.psk2": "fnc=sd;ext=*11;nme=Pull & <go>",
			"webexMeetingsEnabled": "true", "background.image": "CUSTOM_BACKGROUND", "background.customUrl": "https://img.example.test/b.png?a=1&b=2", "wifiNetwork.enabled": "true",
		}
	case "cisco-phoneos":
		return map[string]string{
			"%EVERY_VLAN_ENABLED%": "1", "%EVERY_VLAN_ID%": "42", "%EVERY_ENABLE_CDP%": "0", "%EVERY_QOS_RTP_DSCP%": "46", "%EVERY_TIME_24HOUR_CLOCK%": "0", "%EVERY_NTP_SERVER%": "time.example.test",
			"%EVERY_RING_VOLUME%": "100", "%EVERY_DTMF%": "RFC4733_INFO", "%EVERY_OPUS%": "1", "%EVERY_VOICEMAIL_NUMBER%": "*98", "%EVERY_KEEPALIVE_SECONDS%": "0", "%EVERY_USER_PASSWORD%": "User-Password-1",
			"%EVERY_SYSLOG_SERVER%": "logs.example.test", "%EVERY_BACKLIGHT_SECONDS%": "60",
		}
	case deviceprofiles.Yealink:
		return map[string]string{
			"%G722_ORDER%": "0", "%OPUS_ORDER%": "1", "%TIME_24HOUR_CLOCK%": "false", "%PHONE_LANGUAGE%": "LOCATION_LANGUAGE", "%ENABLE_BLUETOOTH%": "1", "%VLAN_ENABLED%": "1", "%VLAN_ID%": "42",
			"%SYSLOG_SERVER%": "logs.example.test", "%SYSLOG_TRANSPORT%": "TLS", "%PHONE_LOCK_PIN%": "4711", "%BACKGROUND_IMAGE%": "https://img.example.test/b.png?a=1&b=2", "%AUTO_ANSWER_ENABLED%": "1",
			"%TRANSFER_BY_KEY%": "BLIND", "%RING_VOLUME%": "0", "%WEB_HTTP_ENABLED%": "0", "%QOS_RTP_DSCP%": "46", "%BACKGROUND_NAME%": "Config:b.png",
		}
	case "snom":
		return map[string]string{
			"%EVERY_VLAN_ENABLED%": "true", "%EVERY_VLAN_ID%": "42", "%EVERY_QOS_RTP_DSCP%": "34", "%EVERY_TIME_24HOUR_CLOCK%": "false", "%EVERY_WIDEBAND%": "false", "%EVERY_VOICEMAIL_NUMBER%": "*97",
			"%EVERY_USER_PASSWORD%": "Password1", "%EVERY_SYSLOG_SERVER%": "logs.example.test", "%EVERY_NTP_SERVER%": "time.example.test",
		}
	default:
		return map[string]string{
			"%G711U_ORDER%": "0", "%OPUS_ORDER%": "1", "%TIME_24HOUR_CLOCK%": "0", "%PHONE_LANGUAGE%": "English_United_Kingdom", "%ENABLE_BLUETOOTH%": "0", "%VLAN_ID%": "42", "%SYSLOG_SERVER%": "logs.example.test",
			"%SYSLOG_TRANSPORT%": "TLS", "%USER_PASSWORD%": "Password1", "%BACKGROUND_IMAGE%": "https://img.example.test/b.png?a=1&b=2", "%WEB_SERVER_ENABLED%": "0", "%MISSED_CALLS_COUNTED%": "0", "%DATE_FORMAT%": "D,Md",
			"%QOS_RTP_DSCP%": "34", "%CALL_WAITING_RING%": "silent",
		}
	}
}

func richSettings(t testing.TB, name string) deviceprofiles.Settings {
	t.Helper()
	return rich(t, sampleSettings(t, name, richModels()[name]))
}

func TestWhatARichPhoneIsTold(t *testing.T) {
	t.Parallel()
	cisco := own(t, richSettings(t, "Cisco 8851"))
	for name, want := range map[string]string{
		"Preferred_Codec_1_": "G722", "Second_Preferred_Codec_3_": "G711a", "Third_Preferred_Codec_4_": "Unspecified", "Enable_VLAN": "Yes", "VLAN_ID": "42", "Enable_CDP": "No",
		"Back_Light_Timer": "Always On", "PoE_Power_Required": "Normal", "Group_1_Paging_Script": "pggrp=224.0.0.1:5000;name=Group 1;num=800;listen=yes;", "Group_3_Paging_Script": "",
		"Proxy_Mode": "Manual", "Proxy_Password": "Proxy-Password-1", "Disable_Side_USB_Port": "Yes", "Disable_Back_USB_Port": "", "Idle_Key_List": "redial;newcall;dnd|3", "Programmable_Softkey_Enable": "Yes",
		"Extension_1_": "1", "Extension_2_": "4", "Short_Name_2_": "1004", "Extension_3_": "Disabled", "Extended_Function_3_": `fnc=sd;ext=+49301234@$PROXY;vid=1;nme=Zoë "desk" <1> & ]]>`,
		"Extended_Function_4_": "fnc=inert;", "Extended_Function_5_": "", "Extension_6_": "1", "Extended_Function_7_": "fnc=sd;ext=ada@example.test;vid=1;nme=Ada", "Extension_8_": "Disabled", "Extension_9_": "3",
		"Line_Enable_2_": "No", "Line_Enable_3_": "Yes", "User_ID_3_": "line3", "Dial_Plan_1_": "(P0<:+493012345>)", "Dial_Plan_4_": "(P0<:112>)", "Number_of_Units": "1",
		"Unit_1_Key_2": "fnc=sd;ext=200@$PROXY;vid=1;nme=Bob", "Unit_1_Key_3": "fnc=inert;", "Unit_1_Extension_20_": "3", "Unit_1_Short_Name_20_": "1003",
	} {
		assert.Equal(t, want, cisco[name], name)
	}
	assert.NotContains(t, cisco, "PAC_URL", "the proxy is set by hand")
	assert.NotContains(t, cisco, "Phone-wifi-on", "the model has no Wi-Fi")
	yealink := own(t, richSettings(t, "Yealink T54W"))
	for name, want := range map[string]string{
		"account.1.codec.g722.enable": "0", "account.4.codec.opus.enable": "1", "account.3.codec.opus.priority": "1", "local_time.time_format": "0", "lang.gui": "German", "features.bluetooth_enable": "1",
		"static.network.vlan.internet_port_vid": "42", "static.syslog.transport_type": "2", "phone_setting.phone_lock.unlock_pin": "4711", "transfer.dsskey_deal_type": "2", "account.1.auto_answer": "1",
		"linekey.1.type": "15", "linekey.1.line": "1", "linekey.2.line": "4", "linekey.2.label": "1004", "linekey.3.type": "13", "linekey.3.value": "+49301234", "linekey.3.label": `Zoë "desk" <1> & ]]>`, "linekey.3.line": "1",
		"linekey.4.type": "0", "linekey.8.type": "0", "linekey.27.type": "0", "expansion_module.1.key.2.type": "13", "expansion_module.1.key.2.label": "Bob", "expansion_module.1.key.20.line": "3",
		"features.hotline_number": "+493012345", "features.hotline_delay": "0", "features.normal_refuse_code": "603",
	} {
		assert.Equal(t, want, yealink[name], name)
	}
	snom := own(t, richSettings(t, "Snom D785"))
	for name, want := range map[string]string{
		"phone-settings/vlan_id": "42", "phone-settings/codec_tos": "136", "phone-settings/time_24_format": "off", "phone-settings/ntp_server": "time.example.test", "phone-settings/user_mailbox[idx=4]": "*97",
		"phone-settings/codec_priority_list[idx=3]": "pcma,pcmu,g729,telephone-event", "phone-settings/webserver_user_password": "Password1", "phone-settings/user_active[idx=2]": "off",
		"functionKeys/fkey[idx=0][context=1]": "line", "functionKeys/fkey[idx=1][context=4]/@label": "1004", "functionKeys/fkey[idx=2][context=1]": "speed +49301234",
		"functionKeys/fkey[idx=2][context=1]/@label": `Zoë "desk" <1> & ]]>`, "functionKeys/fkey[idx=3][context=active]": "none", "functionKeys/fkey[idx=6][context=1]": "speed sip:ada@example.test",
		"functionKeys/fkey[idx=25][context=1]": "speed 200", "functionKeys/fkey[idx=41][context=3]": "line",
	} {
		assert.Equal(t, want, snom[name], name)
	}
	poly := own(t, richSettings(t, "Poly VVX 450"))
	for name, want := range map[string]string{
		"voice.codecPref.G711_Mu": "0", "lcl.datetime.time.24HourClock": "0", "lcl.ml.lang": "English_United_Kingdom", "device.net.vlanId": "42", "device.net.vlanId.set": "1",
		"device.auth.localUserPassword.set": "1", "device.syslog.transport": "3", "bg.color.selection": "2,1", "call.missedCallTracking.4.enabled": "0", "httpd.enabled": "0",
		"reg.1.lineKeys": "2", "reg.3.lineKeys": "2", "lineKey.32.index": "3", "lineKey.reassignment.enabled": "1", "lineKey.1.category": "Line", "lineKey.2.index": "4", "lineKey.3.category": "EFK", "lineKey.3.index": "1",
		"lineKey.4.category": "Unassigned", "lineKey.12.category": "Unassigned", "efk.efklist.1.label": `Zoë "desk" <1> & ]]>`, "efk.efklist.1.action.string": "+49301234$Tinvite$",
		"efk.efklist.2.action.string": "ada@example.test$Tinvite$", "call.autoOffHook.1.contact": "+493012345", "call.autoOffHook.4.enabled": "1", "feature.EFKLineKey.enabled": "1",
	} {
		assert.Equal(t, want, poly[name], name)
	}
}

func TestWeightsAloneKeepTheDefaultLayout(t *testing.T) {
	t.Parallel()
	for name := range richModels() {
		s := richSettings(t, name)
		s.Layout, s.Values = deviceprofiles.Layout{}, nil
		got := own(t, s)
		switch s.Model.Family {
		case deviceprofiles.CiscoMPP, "cisco-phoneos":
			assert.Equal(t, []string{"1", "1", "3", "4", "Disabled"}, []string{got["Extension_1_"], got["Extension_2_"], got["Extension_3_"], got["Extension_4_"], got["Extension_5_"]})
			assert.NotContains(t, got, "Extended_Function_5_")
		case deviceprofiles.Yealink:
			assert.Equal(t, []string{"1", "1", "3", "0"}, []string{got["linekey.1.line"], got["linekey.2.line"], got["linekey.3.line"], got["linekey.5.type"]})
		case "snom":
			const key = "functionKeys/fkey"
			assert.Equal(t, []string{"line", "line", "line", "none"}, []string{got[key+"[idx=0][context=1]"], got[key+"[idx=1][context=1]"], got[key+"[idx=2][context=3]"], got[key+"[idx=4][context=active]"]})
		default:
			assert.Equal(t, "2", got["reg.1.lineKeys"])
			assert.NotContains(t, got, "lineKey.reassignment.enabled")
		}
	}
}

// ownFiles renders the files of a phone that hold its settings.
func ownFiles(s deviceprofiles.Settings) ([]deviceprofiles.File, error) {
	var out []deviceprofiles.File
	for _, asset := range deviceprofiles.Files(s.Model, s.MAC) {
		if !asset.Secret {
			continue
		}
		file, err := deviceprofiles.Render(asset.Path, s)
		if err != nil {
			return nil, err
		}
		out = append(out, file)
	}
	return out, nil
}

// Whatever passes the check of its setting can be written for every model, alone or with all others, and never stands twice.
func TestEveryValueThatPassesItsCheckCanBeWritten(t *testing.T) {
	t.Parallel()
	phones := deviceprofiles.Models()
	rapid.Check(t, func(rt *rapid.T) {
		m := rapid.SampledFrom(phones).Filter(func(m deviceprofiles.Model) bool { return len(deviceprofiles.ScopesOf(m)) > 0 }).Draw(rt, "model")
		s := sampleSettings(t, m.DisplayName, "00562B043615")
		s.Values = map[deviceprofiles.SettingKey]deviceprofiles.SettingValue{}
		definitions, _ := deviceprofiles.Definitions(deviceprofiles.ScopesOf(m)[0])
		for _, d := range definitions {
			if rapid.Bool().Draw(rt, "set") {
				s.Values[d.Key] = aValue(rt, d)
			}
		}
		files, err := ownFiles(s)
		if err != nil {
			rt.Fatalf("%s: %v", m.Name, err)
		}
		again, _ := ownFiles(s)
		for i, file := range files {
			parse(t, string(file.Body))
			if string(again[i].Body) != string(file.Body) {
				rt.Fatal("the same settings give other bytes")
			}
		}
	})
}

func TestEachSettingIsWrittenToItsParameters(t *testing.T) {
	t.Parallel()
	for name, mac := range richModels() {
		definitions, _ := deviceprofiles.Definitions(deviceprofiles.ScopesOf(model(t, name))[0])
		for _, d := range definitions {
			s := sampleSettings(t, name, mac)
			s.Values = map[deviceprofiles.SettingKey]deviceprofiles.SettingValue{d.Key: d.Default}
			got := own(t, s)
			for _, target := range d.Parameters[s.Model.Family] {
				_, mapped := target.Values[d.Default.Text]
				leftOut := mapped && target.Values[d.Default.Text] == nil || target.Template != "" && d.Default.IsZero()
				if len(target.When) > 0 || len(target.Models) > 0 || leftOut {
					continue
				}
				parameter := strings.NewReplacer("{line}", "1", "{item}", "1").Replace(target.Name)
				if s.Model.Family == "snom" {
					parameter = "phone-settings/" + parameter
				}
				assert.Contains(t, got, parameter, "%s of %s", d.Key, name)
			}
		}
	}
}

func TestLabelsAndValuesOfKeysNeverAddASetting(t *testing.T) {
	t.Parallel()
	evil := []string{
		"a\nstatic.auto_provision.server.url = http://evil/", "]]>", "</Extended_Function_3_><Profile_Rule>http://evil</Profile_Rule>", `" reg.2.address="evil`, "{{.Password}}", "%BWMACADDRESS%", "a\x00b",
		"a\u2028b", strings.Repeat("n", 10_000), "\xff\xfe", "&#10;x = y", "%NULL%", " blank ", "# comment", "$MA", "a;fnc=dnd", "x$Tinvite$", "🙂 مرحبا",
	}
	for name := range richModels() {
		clean := richSettings(t, name)
		cleanFiles, err := ownFiles(clean)
		require.NoError(t, err)
		for _, value := range evil {
			for _, at := range []string{"label", "value", "setting", "hotline"} {
				s := richSettings(t, name)
				s.Layout.Keys = slices.Clone(s.Layout.Keys)
				switch at {
				case "label":
					s.Layout.Keys[2].Label = value
				case "value":
					s.Layout.Keys[2].Value = value
				case "hotline":
					s.Lines[0].HotlineDestination = value
				default:
					s.Values = maps.Clone(s.Values)
					s.Values[aTextOf(t, s.Model)] = plain(value)
				}
				files, err := ownFiles(s)
				if err != nil {
					assert.True(t, fault.Is(err, fault.Invalid), "%s %s: %v", name, at, err)
					continue
				}
				for i, file := range files {
					assert.Equal(t, len(parse(t, string(cleanFiles[i].Body))), len(parse(t, string(file.Body))), "%s: %s %q added or hid a setting", name, at, value)
				}
			}
		}
	}
}

// aTextOf is a setting of the model that holds any text and is written in the rich phone.
func aTextOf(t testing.TB, m deviceprofiles.Model) deviceprofiles.SettingKey {
	t.Helper()
	name := map[deviceprofiles.Family]string{deviceprofiles.CiscoMPP: "softKeyLayout.psk.psk2", "cisco-phoneos": "%EVERY_VOICEMAIL_NUMBER%", deviceprofiles.Yealink: "%BACKGROUND_NAME%", deviceprofiles.Poly: "%BACKGROUND_IMAGE%", "snom": "%EVERY_SYSLOG_SERVER%"}[m.Family]
	return deviceprofiles.SettingKey{Scope: deviceprofiles.ScopesOf(m)[0], Name: name}
}

func TestASecretSettingIsMasked(t *testing.T) {
	t.Parallel()
	for name, word := range map[string]string{"Cisco 8851": "Proxy-Password-1", "Yealink T54W": "4711", "Poly VVX 450": `"Password1"`, "Snom D785": ">Password1<"} {
		s := richSettings(t, name)
		files, err := ownFiles(s)
		require.NoError(t, err)
		masked, err := ownFiles(s.Masked())
		require.NoError(t, err)
		last := len(files) - 1
		assert.Contains(t, string(files[last].Body), word)
		assert.NotContains(t, string(masked[last].Body), word)
		assert.NotContains(t, fmt.Sprintf("%+v", s), strings.Trim(word, `"<>`), "%s: settings print no secret", name)
	}
}

func TestCheckHotline(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"112", "+493012345", "*97#"} {
		assert.NoError(t, deviceprofiles.CheckHotline("hotlineDestination", good))
	}
	for _, bad := range []string{"", "+", "1+1", "a", "1>)", "1 2", strings.Repeat("1", 33)} {
		assert.ErrorContains(t, deviceprofiles.CheckHotline("hotlineDestination", bad), "hotlineDestination", bad)
	}
}

func TestSettingsOfAnotherScopeAreNotWritten(t *testing.T) {
	t.Parallel()
	s := sampleSettings(t, "Yealink T54W", "805EC0AABBCC")
	want := own(t, s)
	s.Values = map[deviceprofiles.SettingKey]deviceprofiles.SettingValue{mpp("cdpEnabled"): plain("true"), tag("Poly", "%ENABLE_DND%"): plain("true"), tag("Yealink", "%GONE%"): plain("1")}
	assert.Equal(t, want, own(t, s))
}

func BenchmarkRenderRich(b *testing.B) {
	for name := range richModels() {
		s := richSettings(b, name)
		assets := deviceprofiles.Files(s.Model, s.MAC)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := deviceprofiles.Render(assets[len(assets)-1].Path, s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// presets are the parameters that a family chooses itself and an administrator may choose otherwise.
func presets() []string {
	return []string{
		"local_time.time_format", "local_time.ntp_server1", "lang.gui", "voice.tone.country", "static.wui.http_enable", "static.wui.https_enable",
		"static.auto_provision.custom.protect", "static.auto_provision.custom.sync", "lcl.datetime.time.24HourClock", "lcl.ml.lang", "tcpIpApp.sntp.address",
		"prov.autoConfigUpload.enabled", "feature.logUpload.enabled", "PoE_Power_Required", "Enable_Web_Server", "Primary_NTP_Server", "Time_Format", "Date_Format",
		"Dial_Tone",
	}
}

// A setting whose parameter the family writes too would stand twice, and no file be rendered at all.
func TestNoSettingCollidesWithWhatTheFamilyWrites(t *testing.T) {
	t.Parallel()
	for name := range richModels() {
		s := richSettings(t, name)
		definitions, _ := deviceprofiles.Definitions(deviceprofiles.ScopesOf(s.Model)[0])
		s.Values = nil
		written := own(t, s)
		for _, d := range definitions {
			for _, target := range d.Parameters[s.Model.Family] {
				for number := 1; number <= 16; number++ {
					parameter := strings.NewReplacer("{line}", fmt.Sprint(number), "{item}", fmt.Sprint(number)).Replace(target.Name)
					if !slices.Contains(presets(), parameter) {
						assert.NotContains(t, written, parameter, "%s of %s", d.Key, name)
					}
				}
			}
		}
		s.Values = map[deviceprofiles.SettingKey]deviceprofiles.SettingValue{}
		for _, d := range definitions {
			s.Values[d.Key] = d.Default
		}
		own(t, s)
	}
}

func TestEveryLayoutThatPassesItsCheckCanBeWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		name := rapid.SampledFrom(slices.Sorted(maps.Keys(richModels()))).Draw(rt, "model")
		s := richSettings(t, name)
		label := rapid.OneOf(rapid.String(), rapid.StringMatching(`[%#;$ -~]{0,60}`)).Draw(rt, "label")
		value := rapid.StringMatching(`[-0-9a-z_ .+@;]{1,20}`).Draw(rt, "value")
		place := rapid.IntRange(2, 12).Draw(rt, "place")
		s.Layout = deviceprofiles.Layout{Custom: true, Keys: []deviceprofiles.LineKey{{Index: 1, Type: primary}, {Index: place, Type: dial, Label: label, Value: value}}}
		if deviceprofiles.CheckLayout(s.Model, s.Layout) != nil {
			return
		}
		files, err := ownFiles(s)
		if err != nil {
			rt.Fatalf("%q and %q can be stored and not be written for a %s: %v", label, value, name, err)
		}
		shown := false
		for _, text := range parse(t, string(files[len(files)-1].Body)) {
			shown = shown || strings.HasSuffix(text, label)
		}
		if !shown {
			rt.Fatalf("%q isn't in the file of a %s", label, name)
		}
	})
}

// What a former layout or a cleared setting left behind on a phone goes.
func TestWhatWentIsTakenBack(t *testing.T) {
	t.Parallel()
	cisco := richSettings(t, "Cisco 8851")
	cisco.Layout = deviceprofiles.DefaultLayout(cisco.Model, cisco.Lines)
	got := own(t, cisco)
	assert.Equal(t, []string{"0", "", "1", "1", "3", "4"}, []string{got["Number_of_Units"], got["Extended_Function_3_"], got["Extension_1_"], got["Extension_2_"], got["Extension_3_"], got["Extension_4_"]})
	yealink := richSettings(t, "Yealink T54W")
	yealink.Values[tag("Yealink", "%SYSLOG_SERVER%")] = plain("")
	assert.Equal(t, "%NULL%", own(t, yealink)["static.syslog.server"])
}
