package deviceprofiles_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/secret"
)

func mpp(name string) deviceprofiles.SettingKey {
	return deviceprofiles.SettingKey{Scope: deviceprofiles.ScopeMPP, Name: name}
}

func tag(scope, name string) deviceprofiles.SettingKey {
	return deviceprofiles.SettingKey{Scope: deviceprofiles.SettingScope(scope), Name: name}
}

func plain(text string) deviceprofiles.SettingValue { return deviceprofiles.PlainSetting(text) }

func model(t testing.TB, name string) deviceprofiles.Model {
	t.Helper()
	m, ok := deviceprofiles.FindModel(name)
	require.True(t, ok, name)
	return m
}

func staticScopes() []deviceprofiles.SettingScope {
	return []deviceprofiles.SettingScope{deviceprofiles.ScopeMPP, deviceprofiles.ScopeATA, deviceprofiles.ScopeWiFi, deviceprofiles.ScopeDECT}
}

// aValue draws a value that passes the setting's check.
func aValue(t *rapid.T, d deviceprofiles.SettingDefinition) deviceprofiles.SettingValue {
	var text string
	switch d.Kind {
	case deviceprofiles.KindBoolean:
		text = rapid.SampledFrom([]string{"true", "false", "1", "0"}).Draw(t, "boolean")
	case deviceprofiles.KindEnum:
		text = rapid.SampledFrom(d.Values).Draw(t, "enum")
	case deviceprofiles.KindInteger:
		text = fmt.Sprint(rapid.IntRange(d.Min, d.Max).Draw(t, "integer"))
	case deviceprofiles.KindNetwork:
		text = rapid.SampledFrom([]string{"", "logs.example.test", "192.0.2.9", "2001:db8::1"}).Draw(t, "host")
	case deviceprofiles.KindList:
		text = rapid.SampledFrom([]string{"[]", `["224.0.0.1:5000","224.0.0.1:5001"]`}).Draw(t, "list")
		if d.Item == deviceprofiles.ItemPaging {
			text = rapid.SampledFrom([]string{"[]", `[{"hostAndPort":"224.0.0.1:22","hasXmlAppUrl":true,"xmlAppTimeout":10}]`}).Draw(t, "list")
		}
	default:
		text = rapid.StringN(0, 40, 60).Draw(t, "text")
		if d.Pattern != "" {
			text = rapid.StringMatching(d.Pattern).Draw(t, "text")
		}
	}
	v, err := deviceprofiles.CheckSetting(d, "value", text)
	if err != nil {
		return d.Default
	}
	return v
}

func TestScopesOfModels(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]deviceprofiles.SettingScope{
		"Cisco 8851": {"mpp", "Phone"}, "Yealink T54W": {"Yealink", "Phone"}, "Poly VVX 450": {"Poly", "Phone"}, "Generic SIP Phone": nil,
	} {
		assert.Equal(t, want, deviceprofiles.ScopesOf(model(t, name)), name)
	}
	ata := deviceprofiles.Model{DisplayName: "Cisco 191", Type: "ATA", SettingsStyle: deviceprofiles.SettingsStatic}
	assert.Equal(t, []deviceprofiles.SettingScope{"ata"}, deviceprofiles.ScopesOf(ata))
	wifi := deviceprofiles.Model{DisplayName: "Cisco 840", Type: "MPP", SettingsStyle: deviceprofiles.SettingsStatic}
	assert.Equal(t, []deviceprofiles.SettingScope{"wifi"}, deviceprofiles.ScopesOf(wifi))
	none := deviceprofiles.Model{FamilyName: "Nobody", SettingsStyle: deviceprofiles.SettingsDynamic}
	assert.Empty(t, deviceprofiles.ScopesOf(none))
}

func TestDefinitionsHaveTheirBounds(t *testing.T) {
	t.Parallel()
	vlan, ok := deviceprofiles.Definition(mpp("vlan.value"))
	require.True(t, ok)
	assert.Equal(t, []any{deviceprofiles.KindInteger, 1, 4094, plain("1")}, []any{vlan.Kind, vlan.Min, vlan.Max, vlan.Default})
	order, ok := deviceprofiles.Definition(tag("Poly", "%G711U_ORDER%"))
	require.True(t, ok)
	assert.Equal(t, []any{0, 10, 1, false}, []any{order.Min, order.Max, order.Increment, order.Unconfirmed})
	assert.Equal(t, []deviceprofiles.SettingLevel{"LOCATION", "DEVICE"}, order.Levels)
	_, ok = deviceprofiles.Definitions("nobody")
	assert.False(t, ok)
}

func TestCheckSetting(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		key        deviceprofiles.SettingKey
		text, want string
	}{
		{mpp("cdpEnabled"), "1", "true"}, {mpp("cdpEnabled"), "false", "false"}, {mpp("cdpEnabled"), "yes", "!must be true or false"},
		{mpp("vlan.value"), "0042", "42"}, {mpp("vlan.value"), "4095", "!1 to 4094"}, {mpp("vlan.value"), "1.5", "!whole number"}, {mpp("vlan.value"), "", "!whole number"},
		{mpp("poeMode"), "MAXIMUM", "MAXIMUM"}, {mpp("poeMode"), "maximum", "!NORMAL, MAXIMUM"},
		{mpp("httpProxy.host"), "proxy.example.test", "proxy.example.test"}, {mpp("httpProxy.host"), "a b", "!host name"}, {mpp("httpProxy.host"), "-x.test", "!host name"},
		{mpp("httpProxy.host"), "fe80::1%eth0", "!host name"}, {mpp("httpProxy.port"), "99999x", "!must have at most 5 bytes"}, {mpp("httpProxy.port"), "0", "!1 to 65535"},
		{mpp("softKeyLayout.psk.psk2"), "a\nb", "!control characters"}, {mpp("softKeyLayout.psk.psk2"), " a", "!blank"}, {mpp("softKeyLayout.psk.psk2"), "%NULL%", "!%NULL%"},
		{mpp("softKeyLayout.psk.psk2"), strings.Repeat("x", 256), "!255 bytes"}, {mpp("softKeyLayout.psk.psk2"), "", ""},
		{mpp("multicast"), `[ "224.0.0.1:5000" ]`, `["224.0.0.1:5000"]`}, {mpp("multicast"), "", "[]"}, {mpp("multicast"), `["224.0.0.1"]`, "!with ports"},
		{mpp("multicast"), `["224.0.0.1:1","224.0.0.2:1"]`, "!each port once"}, {mpp("multicast"), `["[::1]:1"]`, "!IPv4"}, {mpp("multicast"), `"224.0.0.1:1"`, "!a list"},
		{mpp("multicast"), `["1.1.1.1:1","1.1.1.1:2","1.1.1.1:3","1.1.1.1:4","1.1.1.1:5","1.1.1.1:6","1.1.1.1:7","1.1.1.1:8","1.1.1.1:9","1.1.1.1:10","1.1.1.1:11"]`, "!at most 10"},
		{mpp("multicast"), "null", "!a list"}, {mpp("enhancedMulticast.multicastList"), "null", "!a list"},
		{mpp("enhancedMulticast.multicastList"), `[{"xmlAppTimeout":10,"hostAndPort":"224.0.0.1:22","hasXmlAppUrl":true,"x":1}]`, `[{"hostAndPort":"224.0.0.1:22","hasXmlAppUrl":true,"xmlAppTimeout":10}]`},
		{mpp("enhancedMulticast.multicastList"), `[{"xmlAppTimeout":-1,"hostAndPort":"224.0.0.1:22"}]`, "!xmlAppTimeout"},
		{deviceprofiles.SettingKey{Scope: "ata", Name: "snmp.setCommunity"}, "public", "!must not be public"},
		{deviceprofiles.SettingKey{Scope: "ata", Name: "snmp.trustedIP"}, "10.0.0.45", "10.0.0.45"},
		{deviceprofiles.SettingKey{Scope: "ata", Name: "snmp.trustedIP"}, "everybody", "!mask behind a slash"},
	} {
		d, ok := deviceprofiles.Definition(c.key)
		require.True(t, ok, c.key)
		got, err := deviceprofiles.CheckSetting(d, "some.field", c.text)
		if message, bad := strings.CutPrefix(c.want, "!"); bad {
			assert.ErrorContains(t, err, message, "%s %q", c.key, c.text)
			assert.True(t, fault.Is(err, fault.Invalid))
			assert.ErrorContains(t, err, "some.field")
			continue
		}
		require.NoError(t, err, "%s %q", c.key, c.text)
		assert.Equal(t, plain(c.want), got, "%s %q", c.key, c.text)
	}
}

func TestAPasswordPrintsAsItsMask(t *testing.T) {
	t.Parallel()
	d, ok := deviceprofiles.Definition(mpp("httpProxy.password"))
	require.True(t, ok)
	v, err := deviceprofiles.CheckSetting(d, "p", "Open-Sesame-1")
	require.NoError(t, err)
	text, err := json.Marshal(v)
	require.NoError(t, err)
	for _, shown := range []string{fmt.Sprintf("%v %+v %#v %s", v, v, v, v), string(text), v.Masked().Reveal()} {
		assert.NotContains(t, shown, "Sesame")
	}
	assert.Equal(t, "Open-Sesame-1", v.Reveal())
	_, err = deviceprofiles.CheckSetting(d, "p", "Open-Sesame\n")
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "Sesame")
}

func TestParseCustomizations(t *testing.T) {
	t.Parallel()
	got, err := deviceprofiles.ParseCustomizations(json.RawMessage(`{
		"mpp": {"pnacEnabled": true, "cdpEnabled": "false", "vlan": {"enabled": "true", "value": "42", "pcPort": 7}, "poeMode": "MAXIMUM", "newSetting": {"a": [1]},
			"multicast": ["224.0.0.1:5000"], "lldpEnabled": null, "bluetooth": null, "httpProxy": {"password": "Open-Sesame-1", "port": 8080},
			"softKeyLayout": {"softKeyMenuDefaults": {"idleKeyList": "what we don't store"}, "psk": {"psk16": "fnc=sd;ext=1"}}},
		"ata": {"snmp": {"enabled": true}}, "roomos": {"x": 1}, "Poly": {"%ENABLE_DND%": "1"}, "wifi": null}`), deviceprofiles.LevelDevice)
	require.NoError(t, err)
	assert.Equal(t, map[deviceprofiles.SettingKey]deviceprofiles.SettingValue{
		mpp("pnacEnabled"): plain("true"), mpp("cdpEnabled"): plain("false"), mpp("vlan.enabled"): plain("true"), mpp("vlan.value"): plain("42"), mpp("vlan.pcPort"): plain("7"),
		mpp("poeMode"): plain("MAXIMUM"), mpp("multicast"): plain(`["224.0.0.1:5000"]`), mpp("httpProxy.port"): plain("8080"),
		mpp("httpProxy.password"):            deviceprofiles.SecretSetting(secret.New("Open-Sesame-1")),
		mpp("softKeyLayout.psk.psk16"):       plain("fnc=sd;ext=1"),
		{Scope: "ata", Name: "snmp.enabled"}: plain("true"),
	}, got)
}

func TestEveryBrokenCustomizationIsNamed(t *testing.T) {
	t.Parallel()
	_, err := deviceprofiles.ParseCustomizations(json.RawMessage(`{"mpp": {"vlan": {"value": 5000, "enabled": 3}, "poeMode": ["x"], "screenTimeout": true, "callsPerLine": "x", "cdpEnabled": {}},
		"ata": [], "dect": {"cdpEnabled": true}}`), deviceprofiles.LevelDevice)
	require.True(t, fault.Is(err, fault.Invalid))
	fields := []string{}
	for _, p := range fault.ProblemsOf(err) {
		fields = append(fields, p.Field)
	}
	slices.Sort(fields)
	assert.Equal(t, []string{
		"customizations.ata", "customizations.dect.cdpEnabled", "customizations.mpp.callsPerLine", "customizations.mpp.cdpEnabled", "customizations.mpp.poeMode",
		"customizations.mpp.screenTimeout", "customizations.mpp.vlan.enabled", "customizations.mpp.vlan.value",
	}, fields)
	_, err = deviceprofiles.ParseCustomizations(json.RawMessage(`{"dect": {"cdpEnabled": true}}`), deviceprofiles.LevelOrganization)
	assert.NoError(t, err)
}

func TestCustomizationsHaveBounds(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{"", "null", "[]", `"x"`, `{`, `{"mpp":` + strings.Repeat(`{"a":`, 9) + "1" + strings.Repeat("}", 10), `{"x":"` + strings.Repeat("x", 64<<10) + `"}`} {
		_, err := deviceprofiles.ParseCustomizations(json.RawMessage(raw), deviceprofiles.LevelDevice)
		assert.True(t, fault.Is(err, fault.Invalid), "%.40s", raw)
	}
	_, err := deviceprofiles.ParseCustomizations(json.RawMessage(`{"x":"\"{{{{{{{{{{[[[["}`), deviceprofiles.LevelDevice)
	assert.NoError(t, err, "brackets in a string nest nothing")
}

func TestAMaskedPasswordIsLeftAlone(t *testing.T) {
	t.Parallel()
	parse := func(text string) map[deviceprofiles.SettingKey]deviceprofiles.SettingValue {
		got, err := deviceprofiles.ParseCustomizations(json.RawMessage(`{"mpp":{"httpProxy":{"password":"`+text+`"}}}`), deviceprofiles.LevelOrganization)
		require.NoError(t, err)
		return got
	}
	assert.Empty(t, parse(secret.Mask))
	assert.Equal(t, map[deviceprofiles.SettingKey]deviceprofiles.SettingValue{mpp("httpProxy.password"): {}}, parse(""))
	shown := deviceprofiles.Customizations(staticScopes(), parse("Open-Sesame-1"))
	assert.NotContains(t, string(shown), "Sesame")
	assert.Contains(t, string(shown), `"password":"********"`)
}

func TestWhatWasWrittenIsReadBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		values, want := map[deviceprofiles.SettingKey]deviceprofiles.SettingValue{}, map[deviceprofiles.SettingKey]deviceprofiles.SettingValue{}
		scopes := []deviceprofiles.SettingScope{deviceprofiles.ScopeMPP, deviceprofiles.ScopeATA, deviceprofiles.ScopeDECT}
		for _, scope := range scopes {
			definitions, _ := deviceprofiles.Definitions(scope)
			for _, d := range definitions {
				if d.ReadOnly || d.Secret() {
					continue
				}
				want[d.Key] = d.Default
				if rapid.Bool().Draw(t, "set") {
					values[d.Key] = aValue(t, d)
					want[d.Key] = values[d.Key]
				}
			}
		}
		want[mpp("httpProxy.password")] = deviceprofiles.SettingValue{} // none is set
		written := deviceprofiles.Customizations(scopes, values)
		if again := deviceprofiles.Customizations(scopes, values); string(again) != string(written) {
			t.Fatal("the same values give other bytes")
		}
		got, err := deviceprofiles.ParseCustomizations(written, deviceprofiles.LevelOrganization)
		if err != nil {
			t.Fatal(err)
		}
		if !maps.Equal(want, got) {
			t.Fatalf("%v became %v", want, got)
		}
	})
}

func FuzzParseCustomizations(f *testing.F) {
	f.Add([]byte(`{"mpp":{"vlan":{"value":"1"}},"ata":{"snmp":{"trustedIP":"1.2.3.4/0.0.0.0"}}}`))
	f.Add([]byte(deviceprofiles.Customizations(staticScopes(), nil)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		values, err := deviceprofiles.ParseCustomizations(raw, deviceprofiles.LevelOrganization)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatal(err)
			}
			return
		}
		for key, value := range values {
			d, ok := deviceprofiles.Definition(key)
			if again, err := deviceprofiles.CheckSetting(d, "", value.Reveal()); !ok || err != nil || again != value {
				t.Fatalf("%s: %q isn't canonical: %v", key, value.Reveal(), err)
			}
		}
	})
}

var levels = []deviceprofiles.SettingLevel{deviceprofiles.LevelOrganization, deviceprofiles.LevelLocation, deviceprofiles.LevelDevice}

func find(t testing.TB, all []deviceprofiles.EffectiveSetting, key deviceprofiles.SettingKey) deviceprofiles.EffectiveSetting {
	t.Helper()
	for _, e := range all {
		if e.Definition.Key == key {
			return e
		}
	}
	require.Fail(t, "there is no such setting", "%s", key)
	return deviceprofiles.EffectiveSetting{}
}

func TestTheMostSpecificLevelWinsAndClearingBringsTheParentBack(t *testing.T) {
	t.Parallel()
	phones := []deviceprofiles.Model{model(t, "Cisco 8851"), model(t, "Yealink T54W"), model(t, "Poly VVX 450")}
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.SampledFrom(phones).Draw(t, "model")
		country := rapid.SampledFrom([]string{"DE", "US"}).Draw(t, "country")
		definitions, _ := deviceprofiles.Definitions(deviceprofiles.ScopesOf(m)[0])
		d := rapid.SampledFrom(definitions).Filter(func(d deviceprofiles.SettingDefinition) bool { return !d.ReadOnly }).Draw(t, "setting")
		var given []deviceprofiles.LevelValues
		type expectation struct {
			value deviceprofiles.SettingValue
			level deviceprofiles.SettingLevel
		}
		chain := []expectation{{d.Default, deviceprofiles.LevelSystem}}
		if regional, ok := d.Regional[country]; ok {
			chain = append(chain, expectation{regional, deviceprofiles.LevelRegional})
		}
		for _, level := range levels {
			if !rapid.Bool().Draw(t, "is set") {
				continue
			}
			v := aValue(t, d)
			given = append(given, deviceprofiles.LevelValues{Level: level, Values: map[deviceprofiles.SettingKey]deviceprofiles.StoredSetting{d.Key: {Value: v, By: string(level)}}})
			chain = append(chain, expectation{v, level})
		}
		of := func(given []deviceprofiles.LevelValues) deviceprofiles.EffectiveSetting {
			for _, e := range deviceprofiles.Effective(m, country, given...) {
				if e.Definition.Key == d.Key {
					return e
				}
			}
			return deviceprofiles.EffectiveSetting{}
		}
		shuffled := rapid.Permutation(given).Draw(t, "order")
		for ; ; chain, given = chain[:len(chain)-1], given[:max(len(given)-1, 0)] {
			last := chain[len(chain)-1]
			e := of(given)
			if e.Value != last.value || e.Source.Level != last.level {
				t.Fatalf("%s is %v of %s, want %v", d.Key, e.Value, e.Source.Level, last)
			}
			if len(shuffled) == len(given) && of(shuffled).Value != e.Value {
				t.Fatal("the order of levels matters")
			}
			if len(chain) == 1 {
				if e.Parent != nil {
					t.Fatal("the system default has a parent")
				}
				return
			}
			if before := chain[len(chain)-2]; e.Parent == nil || e.Parent.Value != before.value || e.Parent.Level != before.level {
				t.Fatalf("%s would go back to %v, want %v", d.Key, e.Parent, before)
			}
			if last.level == deviceprofiles.LevelRegional {
				return // nobody can clear it
			}
		}
	})
}

func TestEffectiveIsSortedAndOfTheModelAlone(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	key := tag("Poly", "%TIME_24HOUR_CLOCK%")
	levels := []deviceprofiles.LevelValues{
		{Level: deviceprofiles.LevelLocation, Values: map[deviceprofiles.SettingKey]deviceprofiles.StoredSetting{key: {plain("true"), at, "ada"}, mpp("cdpEnabled"): {plain("false"), at, "ada"}}},
		{Level: "PLANET", Values: map[deviceprofiles.SettingKey]deviceprofiles.StoredSetting{key: {plain("false"), at, "ada"}}},
	}
	all := deviceprofiles.Effective(model(t, "Poly VVX 450"), "US", levels...)
	assert.True(t, slices.IsSortedFunc(all, func(a, b deviceprofiles.EffectiveSetting) int { return a.Definition.Key.Compare(b.Definition.Key) }))
	assert.Len(t, all, 48+39)
	e := find(t, all, key)
	assert.Equal(t, deviceprofiles.SettingSource{Level: "LOCATION", At: at, By: "ada"}, e.Source)
	assert.Equal(t, &deviceprofiles.InheritedSetting{Value: plain("false"), Level: "REGIONAL_DEFAULT"}, e.Parent)
	own, set, inherited := e.At(deviceprofiles.LevelLocation)
	assert.Equal(t, []any{plain("true"), true, e.Parent}, []any{own, set, inherited})
	_, set, inherited = e.At(deviceprofiles.LevelDevice)
	assert.False(t, set)
	assert.Equal(t, &deviceprofiles.InheritedSetting{Value: plain("true"), Level: "LOCATION"}, inherited)
	assert.Equal(t, map[deviceprofiles.SettingKey]deviceprofiles.SettingValue{key: plain("true")}, deviceprofiles.ValuesToWrite(all))
	cleared := deviceprofiles.ValuesToWrite(deviceprofiles.Effective(model(t, "Poly VVX 450"), "US"), key)
	assert.Equal(t, map[deviceprofiles.SettingKey]deviceprofiles.SettingValue{key: plain("false")}, cleared)
	assert.Empty(t, deviceprofiles.Effective(model(t, "Generic SIP Phone"), "US", levels...))
	assert.Len(t, deviceprofiles.EffectiveIn(deviceprofiles.ScopeDECT, ""), 13)
}

func TestTheYoungerValueOfALevelCounts(t *testing.T) {
	t.Parallel()
	key := mpp("cdpEnabled")
	older := deviceprofiles.LevelValues{Level: "DEVICE", Values: map[deviceprofiles.SettingKey]deviceprofiles.StoredSetting{key: {Value: plain("true"), At: time.Unix(1, 0)}}}
	younger := deviceprofiles.LevelValues{Level: "DEVICE", Values: map[deviceprofiles.SettingKey]deviceprofiles.StoredSetting{key: {Value: plain("false"), At: time.Unix(2, 0)}}}
	for _, order := range [][]deviceprofiles.LevelValues{{older, younger}, {younger, older}} {
		e := find(t, deviceprofiles.Effective(model(t, "Cisco 8851"), "", order...), key)
		assert.Equal(t, plain("false"), e.Value)
		assert.Equal(t, deviceprofiles.LevelSystem, e.Parent.Level)
	}
}

func TestWhatAPhoneCantBeToldIsReported(t *testing.T) {
	t.Parallel()
	set := map[deviceprofiles.SettingKey]deviceprofiles.SettingValue{
		mpp("cdpEnabled"): plain("true"), mpp("webexMeetingsEnabled"): plain("true"), mpp("backlightTimer68XX78XX"): plain("OFF"), mpp("wifiNetwork.enabled"): plain("true"),
		mpp("audioCodecPriority.selection"): plain("CUSTOM"), tag("Poly", "%ENABLE_DND%"): plain("true"), mpp("gone"): plain("x"),
	}
	assert.Equal(t, []deviceprofiles.SettingKey{tag("Poly", "%ENABLE_DND%"), mpp("backlightTimer68XX78XX"), mpp("gone"), mpp("webexMeetingsEnabled"), mpp("wifiNetwork.enabled")},
		deviceprofiles.Unsupported(model(t, "Cisco 8851"), set, set))
	assert.Equal(t, []deviceprofiles.SettingKey{tag("Poly", "%ENABLE_DND%"), mpp("backlightTimer68XX78XX"), mpp("gone"), mpp("webexMeetingsEnabled")},
		deviceprofiles.Unsupported(model(t, "Cisco 8861"), set))
	assert.Empty(t, deviceprofiles.Unsupported(model(t, "Poly VVX 450"), map[deviceprofiles.SettingKey]deviceprofiles.SettingValue{tag("Poly", "%ENABLE_DND%"): plain("true")}))
}

func TestValidationSchema(t *testing.T) {
	t.Parallel()
	poly, err := deviceprofiles.ValidationSchema("Poly")
	require.NoError(t, err)
	byModel, err := deviceprofiles.ValidationSchema("Poly VVX 450")
	require.NoError(t, err)
	assert.Equal(t, poly.Tags, byModel.Tags[:48])
	every, err := deviceprofiles.ValidationSchema("Phone")
	require.NoError(t, err)
	assert.Equal(t, every.Tags, byModel.Tags[48:], "what every phone has comes behind the family's own")
	raw, err := json.Marshal(poly.Tags[0])
	require.NoError(t, err)
	assert.JSONEq(t, `{"familyOrModelDisplayName":"Poly","tag":"%G711U_ORDER%","friendlyName":"voice.codecPref.G711_Mu","tooltip":"Place of the codec in offers; 1 is the first, 0 leaves it out.",
		"level":["location","device"],"validationRule":{"type":"integer","min":0,"max":10,"increment":1}}`, string(raw))
	bluetooth := poly.Tags[slices.IndexFunc(poly.Tags, func(r deviceprofiles.TagRules) bool { return r.Tag == "%ENABLE_BLUETOOTH%" })]
	assert.Equal(t, deviceprofiles.TagRule{Type: "boolean", Values: []string{"1", "0"}}, bluetooth.ValidationRule)
	all, err := deviceprofiles.ValidationSchema("")
	require.NoError(t, err)
	assert.Len(t, all.Tags, 48+57+39)
	for _, unknown := range []string{"mpp", "Nobody", "Generic SIP Phone"} {
		_, err = deviceprofiles.ValidationSchema(unknown)
		assert.ErrorContains(t, err, "familyOrModelDisplayName", unknown)
		_, err = deviceprofiles.SettingsGroups(unknown, "")
		assert.ErrorContains(t, err, "familyOrModelDisplayName", unknown)
	}
}

func TestSettingsGroups(t *testing.T) {
	t.Parallel()
	all, err := deviceprofiles.SettingsGroups("", "all")
	require.NoError(t, err)
	assert.Equal(t, []string{"Poly", "Yealink", "Every phone"}, all.SettingsTabs)
	assert.Equal(t, deviceprofiles.TagGroup{
		Path: "Voice.Codec Preferences", FriendlyName: "Codec Preferences", Tab: "Poly", FamilyOrModelDisplayName: "Poly",
		Tags: []deviceprofiles.TagBlock{{[]string{"%G711U_ORDER%"}}, {[]string{"%G711A_ORDER%"}}, {[]string{"%G722_ORDER%"}}, {[]string{"%G729_ORDER%"}}, {[]string{"%OPUS_ORDER%"}}},
	}, all.SettingsGroups[0])
	tabs, err := deviceprofiles.SettingsGroups("Yealink", "TABS")
	require.NoError(t, err)
	assert.Equal(t, deviceprofiles.TagGroups{SettingsTabs: []string{"Yealink"}}, tabs)
	groups, err := deviceprofiles.SettingsGroups("Yealink", "groups")
	require.NoError(t, err)
	assert.Empty(t, groups.SettingsTabs)
	shown := 0
	for _, g := range groups.SettingsGroups {
		shown += len(g.Tags)
	}
	assert.Equal(t, 57, shown, "every tag is in one group")
	_, err = deviceprofiles.SettingsGroups("", "SOME")
	assert.ErrorContains(t, err, "includeSettingsType")
}

func TestCheckTag(t *testing.T) {
	t.Parallel()
	key, value, err := deviceprofiles.CheckTag("Poly VVX 450", "%ENABLE_BLUETOOTH%", deviceprofiles.LevelDevice, "0")
	require.NoError(t, err)
	assert.Equal(t, tag("Poly", "%ENABLE_BLUETOOTH%"), key)
	assert.Equal(t, plain("false"), value)
	d, _ := deviceprofiles.Definition(key)
	assert.Equal(t, "0", deviceprofiles.TagText(d, value))
	_, pin, err := deviceprofiles.CheckTag("Yealink", "%PHONE_LOCK_PIN%", deviceprofiles.LevelOrganization, "4711")
	require.NoError(t, err)
	pinTag, _ := deviceprofiles.Definition(tag("Yealink", "%PHONE_LOCK_PIN%"))
	assert.Equal(t, []string{"4711", "********"}, []string{pin.Reveal(), deviceprofiles.TagText(pinTag, pin)})
	for _, c := range []struct {
		family, tag string
		level       deviceprofiles.SettingLevel
		value       string
		field       string
	}{
		{"Nobody", "%X%", "DEVICE", "1", "familyOrModelDisplayName"}, {"", "%ENABLE_DND%", "DEVICE", "1", "familyOrModelDisplayName"}, {"Poly", "%X%", "DEVICE", "1", "tag"},
		{"Poly", "vlan.value", "DEVICE", "1", "tag"}, {"Poly", "%G711U_ORDER%", "ORGANIZATION", "1", "tag"}, {"Poly", "%G711U_ORDER%", "DEVICE", "11", "value"},
		{"Poly", "%G711U_ORDER%", "DEVICE", "", "value"}, {"Yealink", "%PHONE_LOCK_PIN%", "DEVICE", "********", "value"}, {"Yealink", "%PHONE_LOCK_PIN%", "DEVICE", "abc", "value"},
	} {
		_, _, err := deviceprofiles.CheckTag(c.family, c.tag, c.level, c.value)
		require.True(t, fault.Is(err, fault.Invalid), "%+v", c)
		assert.Equal(t, c.field, fault.ProblemsOf(err)[0].Field, "%+v", c)
	}
	_, err = deviceprofiles.FindTag("Poly", "%ENABLE_DND%")
	assert.NoError(t, err)
	_, err = deviceprofiles.FindTag("Poly", "%NOTHING%")
	assert.True(t, errors.As(err, new(*fault.Error)))
}

// A family's own setting and the neutral one may write the same parameter: the own one says more.
func TestAFamilysOwnSettingCountsBeforeThatOfEveryPhone(t *testing.T) {
	t.Parallel()
	s := sampleSettings(t, "Yealink T54W", "805EC0AABBCC")
	s.Values = map[deviceprofiles.SettingKey]deviceprofiles.SettingValue{tag("Phone", "%EVERY_VLAN_ID%"): plain("12")}
	assert.Equal(t, "12", own(t, s)["static.network.vlan.internet_port_vid"])
	s.Values[tag("Yealink", "%VLAN_ID%")] = plain("13")
	assert.Equal(t, "13", own(t, s)["static.network.vlan.internet_port_vid"])
}
