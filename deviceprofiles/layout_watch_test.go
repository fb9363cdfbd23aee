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

const (
	monitor = deviceprofiles.KeyMonitor
	park    = deviceprofiles.KeyCallPark
)

// watched is what somebody watches: two colleagues and a place to park.
func watched() []deviceprofiles.Watched {
	return []deviceprofiles.Watched{{Number: "2002", Label: "Bob & Co"}, {Park: true, Number: "701", Label: "Park 1"}, {Number: "+49 30 1234", Label: "Gate; $MA"}}
}

func TestKeysTakeWhatIsWatched(t *testing.T) {
	t.Parallel()
	m := model(t, "Cisco 8851")
	l := deviceprofiles.Layout{Custom: true, Keys: []deviceprofiles.LineKey{{Index: 1, Type: primary}, {Index: 2, Type: deviceprofiles.KeyClosed}, {Index: 4, Type: monitor}, {Index: 5, Type: park}, {Index: 6, Type: park}}}
	keys := l.Resolve(m, threeLines(), watched())
	assert.Equal(t, []deviceprofiles.Key{
		{Index: 1, Type: primary, Line: 1},
		{Index: 2, Type: deviceprofiles.KeyClosed},
		{Index: 3, Type: monitor, Label: "Gate MA", Value: "+49 30 1234"}, // open: what is left
		{Index: 4, Type: monitor, Label: "Bob & Co", Value: "2002"},
		{Index: 5, Type: park, Label: "Park 1", Value: "701"},
		{Index: 6, Type: park},
		{Index: 7, Type: open},
	}, keys[:7])
	l.KEMType, l.KEM = "KEM_14_KEYS", []deviceprofiles.KEMKey{{Module: 1, Index: 2, Type: monitor}}
	keys = l.Resolve(m, threeLines(), watched())
	assert.Equal(t, "2002", keys[3].Value, "the phone's own keys come first")
	assert.Equal(t, deviceprofiles.Key{Module: 1, Index: 2, Type: monitor, Label: "Gate MA", Value: "+49 30 1234"}, keys[11])
	keys = deviceprofiles.DefaultLayout(m, threeLines()).Resolve(m, threeLines(), watched())
	assert.Equal(t, []string{"", "", "", "", "2002", "701", "+49 30 1234", ""}, []string{keys[0].Value, keys[1].Value, keys[2].Value, keys[3].Value, keys[4].Value, keys[5].Value, keys[6].Value, keys[7].Value})
	assert.Equal(t, watched(), watched(), "what is watched stays as it is")
}

// Whatever is watched: each entry stands on one key at most, no key that has a use of its own loses it, and labels pass their rule.
func TestEachWatchedEntryStandsOnce(t *testing.T) {
	t.Parallel()
	m := model(t, "Cisco 8851")
	rapid.Check(t, func(rt *rapid.T) {
		l := deviceprofiles.Layout{Custom: true, Keys: []deviceprofiles.LineKey{{Index: 1, Type: primary}}}
		for i := 2; i <= m.LineKeys; i++ {
			kind := rapid.SampledFrom([]deviceprofiles.KeyType{open, monitor, park, deviceprofiles.KeyClosed, deviceprofiles.KeyModeManagement}).Draw(rt, "type")
			l.Keys = append(l.Keys, deviceprofiles.LineKey{Index: i, Type: kind})
		}
		var list []deviceprofiles.Watched
		for i := range rapid.IntRange(0, 14).Draw(rt, "watched") {
			list = append(list, deviceprofiles.Watched{Park: rapid.Bool().Draw(rt, "park"), Number: "20" + string(rune('a'+i)), Label: rapid.String().Draw(rt, "label")})
		}
		seen, shown := map[string]bool{}, 0
		before := l.Resolve(m, threeLines(), nil)
		for i, key := range l.Resolve(m, threeLines(), list) {
			if before[i].Type != open && key.Type != before[i].Type {
				rt.Fatalf("key %d was %s and is %s", i+1, before[i].Type, key.Type)
			}
			if key.Value == "" {
				continue
			}
			if seen[key.Value] || key.Label == "" || strings.ContainsAny(key.Label, ";$\n") {
				rt.Fatalf("%+v", key)
			}
			seen[key.Value], shown = true, shown+1
		}
		if shown > len(list) {
			rt.Fatalf("%d of %d", shown, len(list))
		}
	})
}

func TestCheckWatched(t *testing.T) {
	t.Parallel()
	for value, want := range map[deviceprofiles.Watched][]string{
		{Number: "2002", Label: "Bob"}: nil, {Number: "+49 30-1234"}: nil, {Number: "*98", Label: "Bob"}: {"a[0].number"}, {}: {"a[0].number"}, {Number: "a@b"}: {"a[0].number"},
		{Number: "1;2", Label: "a;b"}: {"a[0].number", "a[0].label"}, {Number: "1", Label: strings.Repeat("l", 129)}: {"a[0].label"}, {Number: "1", Label: "a\nb"}: {"a[0].label"},
	} {
		err := deviceprofiles.CheckWatched("a[0]", value)
		if want == nil {
			assert.NoError(t, err, "%+v", value)
			continue
		}
		assert.True(t, fault.Is(err, fault.Invalid), "%+v", value)
		assert.Equal(t, want, fields(err), "%+v", value)
	}
}

// What a pack says of its keys is what its templates write: a key that can be told makes another file than an open one, and one that can't makes the same.
func TestWhatAKeyCanBeToldIsWritten(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for i, m := range configuredModels() {
		form := string(m.Family) + " " + m.Variant
		if m.LineKeys < 2 || !m.ConfigurableLayout && m.KEMModules == 0 || seen[form] && (m.KEMModules == 0 || seen[form+" modules"]) {
			continue
		}
		seen[form], seen[form+" modules"] = true, seen[form+" modules"] || m.KEMModules > 0
		s := sampleSettings(t, m.DisplayName, blockOf(m.Family)+"00000"+string(rune('0'+i%10)))
		s.Model = m
		for _, kind := range []deviceprofiles.KeyType{dial, monitor, park, deviceprofiles.KeyModeManagement} {
			for _, value := range []string{"2002", "ada@example.test"} {
				if kind != dial && value != "2002" {
					continue
				}
				for module := range min(m.KEMModules, 1) + 1 {
					heldAgainstAnOpenKey(t, s, module, kind, value)
				}
			}
		}
	}
	assert.Greater(t, len(seen), 10)
}

func heldAgainstAnOpenKey(t *testing.T, s deviceprofiles.Settings, module int, kind deviceprofiles.KeyType, value string) {
	t.Helper()
	if !s.Model.ConfigurableLayout {
		assert.False(t, s.Model.CanTell(deviceprofiles.Key{Module: module, Type: kind, Value: value}), s.Model.Name)
		return
	}
	with := func(kind deviceprofiles.KeyType) map[string]string {
		s := s
		s.Layout = deviceprofiles.Layout{Custom: true, Keys: []deviceprofiles.LineKey{{Index: 1, Type: primary}}}
		if len(s.Model.KEMTypes) > 0 {
			s.Layout.KEMType = s.Model.KEMTypes[0]
		}
		closed := deviceprofiles.KeyClosed
		for i := 2; i <= s.Model.LineKeys; i++ {
			s.Layout.Keys = append(s.Layout.Keys, deviceprofiles.LineKey{Index: i, Type: closed})
		}
		key := deviceprofiles.KEMKey{Module: module, Index: 2, Type: kind}
		if kind == dial {
			key.Value, key.Label = value, "Bob"
		}
		if module == 0 {
			s.Layout.Keys[1] = deviceprofiles.LineKey{Index: 2, Type: kind, Value: key.Value, Label: key.Label}
		} else {
			s.Layout.KEM = []deviceprofiles.KEMKey{key}
		}
		if kind == monitor || kind == park {
			s.Watched = []deviceprofiles.Watched{{Park: kind == park, Number: value, Label: "Bob"}}
		}
		return own(t, s)
	}
	can := s.Model.CanTell(deviceprofiles.Key{Module: module, Index: 2, Type: kind, Value: value, Label: "Bob"})
	same := assert.ObjectsAreEqual(with(open), with(kind))
	assert.Equal(t, can, !same, "%s, module %d: a key for %s %s", s.Model.Name, module, kind, value)
}

// A key that watches, in each family's words.
func TestHowFamiliesTellWhatAKeyWatches(t *testing.T) {
	t.Parallel()
	layout := deviceprofiles.Layout{Custom: true, Keys: []deviceprofiles.LineKey{{Index: 1, Type: primary}, {Index: 2, Type: monitor}, {Index: 3, Type: park}}}
	for name, want := range map[string]map[string]string{
		"Cisco 8851": {
			"Extension_2_": "Disabled", "Extended_Function_2_": "fnc=blf+sd+cp;sub=2002@$PROXY;ext=2002@$PROXY;nme=Bob & Co", "Extended_Function_3_": "fnc=prk;sub=701@$PROXY;nme=Park 1",
			"Extended_Function_4_": "fnc=blf+sd+cp;sub=+49301234@$PROXY;ext=+49301234@$PROXY;nme=Gate MA", "Extended_Function_5_": "",
		},
		"Cisco 9861": {"Extended_Function_2_": "fnc=blf+sd+cp;sub=2002@$PROXY;ext=2002@$PROXY;nme=Bob & Co", "Extended_Function_3_": "fnc=prk;sub=701@$PROXY;nme=Park 1"},
		"Yealink T54W": {
			"linekey.2.type": "16", "linekey.2.line": "1", "linekey.2.value": "2002", "linekey.2.label": "Bob & Co", "linekey.3.type": "10", "linekey.3.value": "701", "linekey.4.type": "16", "linekey.5.type": "0",
		},
		"Poly VVX 450": {
			"lineKey.2.category": "BLF", "lineKey.2.index": "0", "attendant.resourceList.1.address": "2002@c1234.sip.example.test", "attendant.resourceList.1.label": "Bob & Co", "attendant.resourceList.1.type": "normal",
			"attendant.resourceList.2.address": "701@c1234.sip.example.test", "attendant.resourceList.2.type": "automata", "attendant.resourceList.3.address": "+49301234@c1234.sip.example.test",
		},
		"Snom D785": {
			"functionKeys/fkey[idx=1][context=1]": "blf sip:2002@c1234.sip.example.test|*8", "functionKeys/fkey[idx=1][context=1]/@label": "Bob & Co", "functionKeys/fkey[idx=2][context=1]": "park+orbit sip:701@c1234.sip.example.test",
		},
		"Grandstream GRP2614": {
			"config[version=2]/item[name=pks.vpk.2.keyMode]": "BLF", "config[version=2]/item[name=pks.vpk.2.value]": "2002", "config[version=2]/item[name=pks.vpk.2.account]": "0",
			"config[version=2]/item[name=pks.vpk.3.keyMode]": "CallPark", "config[version=2]/item[name=pks.vpk.3.value]": "701",
		},
		"Panasonic KX-UT136": {"FLEX_BUTTON_FACILITY_ACT2": "X_PANASONIC_IPTEL_CONTACT", "FLEX_BUTTON_FACILITY_ARG2": "2002", "FLEX_BUTTON_LABEL2": "Bob & Co", "FLEX_BUTTON_FACILITY_ACT3": ""},
	} {
		m := model(t, name)
		s := sampleSettings(t, name, blockOf(m.Family)+"000001")
		s.Layout, s.Watched = layout, watched()
		s.Values = map[deviceprofiles.SettingKey]deviceprofiles.SettingValue{tag("Phone", "%EVERY_PICKUP_CODE%"): plain("*8")}
		require.NoError(t, deviceprofiles.CheckLayout(m, layout), name)
		got := own(t, s)
		for setting, value := range want {
			assert.Equal(t, value, got[setting], "%s: %s", name, setting)
		}
	}
}
