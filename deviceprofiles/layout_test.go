package deviceprofiles_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dialtone/deviceprofiles"
	"dialtone/fault"
)

const (
	primary = deviceprofiles.KeyPrimaryLine
	shared  = deviceprofiles.KeySharedLine
	dial    = deviceprofiles.KeySpeedDial
	open    = deviceprofiles.KeyOpen
)

func fields(err error) []string {
	out := []string{}
	for _, p := range fault.ProblemsOf(err) {
		out = append(out, p.Field)
	}
	return out
}

func TestCheckLayoutNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	first := deviceprofiles.LineKey{Index: 1, Type: primary}
	for name, c := range map[string]struct {
		layout deviceprofiles.Layout
		want   []string
	}{
		"good": {deviceprofiles.Layout{Keys: []deviceprofiles.LineKey{first, {Index: 10, Type: dial, Label: `Zoë "desk"`, Value: "+49 30-123_4.5"}, {Index: 3, Type: dial, Value: "ada@example.test"}}}, nil},
		"module": {deviceprofiles.Layout{
			Keys: []deviceprofiles.LineKey{first}, KEMType: "KEM_14_KEYS", KEM: []deviceprofiles.KEMKey{{Module: 2, Index: 28, Type: dial, Value: "1"}, {Module: 1, Index: 28, Type: primary}},
		}, nil},
		"no first key":    {deviceprofiles.Layout{Keys: []deviceprofiles.LineKey{{Index: 2, Type: primary}}}, []string{"lineKeys"}},
		"none":            {deviceprofiles.Layout{}, []string{"lineKeys"}},
		"first is open":   {deviceprofiles.Layout{Keys: []deviceprofiles.LineKey{{Index: 1, Type: open}}}, []string{"lineKeys[0].lineKeyType"}},
		"out of range":    {deviceprofiles.Layout{Keys: []deviceprofiles.LineKey{first, {Index: 0, Type: open}, {Index: 11, Type: open}}}, []string{"lineKeys[1].lineKeyIndex", "lineKeys[2].lineKeyIndex"}},
		"twice":           {deviceprofiles.Layout{Keys: []deviceprofiles.LineKey{first, first}}, []string{"lineKeys[1].lineKeyIndex"}},
		"no type":         {deviceprofiles.Layout{Keys: []deviceprofiles.LineKey{first, {Index: 2, Type: "BLF"}}}, []string{"lineKeys[1].lineKeyType"}},
		"label and value": {deviceprofiles.Layout{Keys: []deviceprofiles.LineKey{{Index: 1, Type: primary, Label: "a", Value: "1"}}}, []string{"lineKeys[0].lineKeyLabel", "lineKeys[0].lineKeyValue"}},
		"no value":        {deviceprofiles.Layout{Keys: []deviceprofiles.LineKey{first, {Index: 2, Type: dial}}}, []string{"lineKeys[1].lineKeyValue"}},
		"bad values": {deviceprofiles.Layout{Keys: []deviceprofiles.LineKey{
			first, {Index: 2, Type: dial, Value: "a;b"}, {Index: 3, Type: dial, Value: "a@b@c"}, {Index: 4, Type: dial, Value: "@b"}, {Index: 5, Type: dial, Value: "a@"},
			{Index: 6, Type: dial, Value: " 1"}, {Index: 7, Type: dial, Value: strings.Repeat("1", 129)}, {Index: 8, Type: dial, Value: "sip:a"}, {Index: 9, Type: dial, Value: "$PROXY"},
		}}, []string{
			"lineKeys[1].lineKeyValue", "lineKeys[2].lineKeyValue", "lineKeys[3].lineKeyValue", "lineKeys[4].lineKeyValue", "lineKeys[5].lineKeyValue", "lineKeys[6].lineKeyValue",
			"lineKeys[7].lineKeyValue", "lineKeys[8].lineKeyValue",
		}},
		"bad labels": {deviceprofiles.Layout{Keys: []deviceprofiles.LineKey{
			first, {Index: 2, Type: dial, Value: "1", Label: "a\nb"}, {Index: 3, Type: dial, Value: "1", Label: "a;fnc=dnd"}, {Index: 4, Type: dial, Value: "1", Label: "$MA"}, {Index: 5, Type: dial, Value: "1", Label: " a"},
			{Index: 6, Type: dial, Value: "1", Label: strings.Repeat("é", 129)},
		}}, []string{"lineKeys[1].lineKeyLabel", "lineKeys[2].lineKeyLabel", "lineKeys[3].lineKeyLabel", "lineKeys[4].lineKeyLabel", "lineKeys[5].lineKeyLabel"}},
		"shared index": {deviceprofiles.Layout{Keys: []deviceprofiles.LineKey{
			first, {Index: 2, Type: shared, SharedLine: 1}, {Index: 3, Type: open, SharedLine: 1}, {Index: 4, Type: shared, SharedLine: 10}, {Index: 5, Type: shared, SharedLine: -1},
		}}, []string{"lineKeys[2].sharedLineIndex", "lineKeys[3].sharedLineIndex", "lineKeys[4].sharedLineIndex"}},
		"some shared":    {deviceprofiles.Layout{Keys: []deviceprofiles.LineKey{first, {Index: 2, Type: shared, SharedLine: 1}, {Index: 3, Type: shared}}}, []string{"lineKeys"}},
		"too many":       {deviceprofiles.Layout{Keys: make([]deviceprofiles.LineKey, 11)}, []string{"lineKeys"}},
		"no module type": {deviceprofiles.Layout{Keys: []deviceprofiles.LineKey{first}, KEM: []deviceprofiles.KEMKey{{Module: 1, Index: 1, Type: open}}}, []string{"kemModuleType"}},
		"other module":   {deviceprofiles.Layout{Keys: []deviceprofiles.LineKey{first}, KEMType: "KEM_20_KEYS"}, []string{"kemModuleType"}},
		"module's keys": {deviceprofiles.Layout{Keys: []deviceprofiles.LineKey{first}, KEMType: "KEM_14_KEYS", KEM: []deviceprofiles.KEMKey{
			{Module: 3, Index: 1, Type: open}, {Module: 1, Index: 29, Type: open}, {Module: 1, Index: 2, Type: open}, {Module: 1, Index: 2, Type: open}, {Module: 1, Index: 3, Type: open, Label: "a"},
			{Module: 1, Index: 4, Type: "x"}, {Module: 1, Index: 5, Type: dial}, {Module: 1, Index: 0, Type: open},
		}}, []string{
			"kemKeys[0].kemModuleIndex", "kemKeys[1].kemKeyIndex", "kemKeys[3].kemKeyIndex", "kemKeys[4].kemKeyLabel", "kemKeys[5].kemKeyType", "kemKeys[6].kemKeyValue", "kemKeys[7].kemKeyIndex",
		}},
		"too many on modules": {deviceprofiles.Layout{Keys: []deviceprofiles.LineKey{first}, KEMType: "KEM_14_KEYS", KEM: make([]deviceprofiles.KEMKey, 57)}, []string{"kemKeys"}},
	} {
		c.layout.Custom = true
		err := deviceprofiles.CheckLayout(model(t, "Cisco 8851"), c.layout)
		if c.want == nil {
			assert.NoError(t, err, name)
			continue
		}
		assert.True(t, fault.Is(err, fault.Invalid), name)
		assert.Equal(t, c.want, fields(err), name)
		c.layout.Custom = false
		assert.NoError(t, deviceprofiles.CheckLayout(model(t, "Cisco 8851"), c.layout), "the default layout is none of these")
	}
}

func TestLayoutsOfModelsWithout(t *testing.T) {
	t.Parallel()
	generic := model(t, "Generic SIP Phone")
	first := []deviceprofiles.LineKey{{Index: 1, Type: primary}}
	assert.Equal(t, []string{"layoutMode"}, fields(deviceprofiles.CheckLayout(generic, deviceprofiles.Layout{Custom: true, Keys: first})))
	assert.Equal(t, []string{"deviceModel"}, fields(deviceprofiles.CheckTemplateKeys(generic, first)))
	assert.NoError(t, deviceprofiles.CheckTemplateKeys(model(t, "Cisco 8841"), first))
	assert.Equal(t, []string{"lineKeys"}, fields(deviceprofiles.CheckTemplateKeys(model(t, "Cisco 8841"), nil)))
	withModule := deviceprofiles.Layout{Custom: true, Keys: first, KEMType: "KEM_14_KEYS"}
	assert.Equal(t, []string{"kemModuleType"}, fields(deviceprofiles.CheckLayout(model(t, "Cisco 8841"), withModule)))
}

func threeLines() []deviceprofiles.Line {
	return []deviceprofiles.Line{{Port: 1, Weight: 2}, {Port: 3, Shared: true}, {Port: 4, Weight: 1, Shared: true}}
}

func TestTheDefaultLayoutFollowsPortsAndWeights(t *testing.T) {
	t.Parallel()
	m := model(t, "Poly VVX 350")
	want := []deviceprofiles.Key{
		{Index: 1, Type: primary, Line: 1}, {Index: 2, Type: primary, Line: 1}, {Index: 3, Type: shared, Line: 3}, {Index: 4, Type: shared, Line: 4}, {Index: 5, Type: open}, {Index: 6, Type: open},
	}
	assert.Equal(t, want, deviceprofiles.Layout{}.Resolve(m, threeLines(), nil))
	assert.Equal(t, want, deviceprofiles.DefaultLayout(m, threeLines()).Resolve(m, threeLines(), nil))
	assert.NoError(t, deviceprofiles.CheckLayout(m, deviceprofiles.DefaultLayout(m, threeLines())))
	assert.Empty(t, deviceprofiles.Layout{}.Resolve(deviceprofiles.Model{}, threeLines(), nil))
}

func TestResolve(t *testing.T) {
	t.Parallel()
	m := model(t, "Cisco 8851")
	resolve := func(l deviceprofiles.Layout, keys ...deviceprofiles.LineKey) []deviceprofiles.Key {
		l.Custom, l.Keys = true, append([]deviceprofiles.LineKey{{Index: 1, Type: primary}}, keys...)
		return l.Resolve(m, threeLines(), nil)
	}
	keys := resolve(deviceprofiles.Layout{}, deviceprofiles.LineKey{Index: 5, Type: shared}, deviceprofiles.LineKey{Index: 3, Type: shared}, deviceprofiles.LineKey{Index: 7, Type: shared},
		deviceprofiles.LineKey{Index: 4, Type: dial, Label: "Bob", Value: "200"}, deviceprofiles.LineKey{Index: 6, Type: deviceprofiles.KeyMonitor})
	assert.Equal(t, []deviceprofiles.Key{
		{Index: 1, Type: primary, Line: 1}, {Index: 2, Type: open}, {Index: 3, Type: shared, Line: 3}, {Index: 4, Type: dial, Label: "Bob", Value: "200"}, {Index: 5, Type: shared, Line: 4},
		{Index: 6, Type: deviceprofiles.KeyMonitor}, {Index: 7, Type: shared}, {Index: 8, Type: open}, {Index: 9, Type: open}, {Index: 10, Type: open},
	}, keys, "shared lines come in order, by key")
	keys = resolve(deviceprofiles.Layout{}, deviceprofiles.LineKey{Index: 2, Type: shared, SharedLine: 2}, deviceprofiles.LineKey{Index: 3, Type: shared, SharedLine: 2}, deviceprofiles.LineKey{Index: 4, Type: shared, SharedLine: 3})
	assert.Equal(t, []int{1, 4, 4, 0}, []int{keys[0].Line, keys[1].Line, keys[2].Line, keys[3].Line}, "an index names its line")
	keys = resolve(deviceprofiles.Layout{KEMType: "KEM_14_KEYS", KEM: []deviceprofiles.KEMKey{{Module: 2, Index: 28, Type: shared}, {Module: 1, Index: 1, Type: shared}}})
	require.Len(t, keys, 10+28+28)
	assert.Equal(t, deviceprofiles.Key{Module: 1, Index: 1, Type: shared, Line: 3}, keys[10])
	assert.Equal(t, deviceprofiles.Key{Module: 2, Index: 28, Type: shared, Line: 4}, keys[65])
	assert.Equal(t, deviceprofiles.Key{Module: 2, Index: 1, Type: open}, keys[38])
}

// A layout that was stored for another model, or for more modules, must not hurt.
func TestResolveTakesAnyLayout(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := deviceprofiles.Layout{Custom: true, KEMType: rapid.SampledFrom([]string{"", "KEM_14_KEYS", "x"}).Draw(t, "type")}
		for range rapid.IntRange(0, 8).Draw(t, "keys") {
			key := deviceprofiles.KEMKey{
				Module: rapid.IntRange(-2, 9).Draw(t, "module"), Index: rapid.IntRange(-2, 99).Draw(t, "index"), SharedLine: rapid.IntRange(-2, 99).Draw(t, "shared"),
				Type: rapid.SampledFrom([]deviceprofiles.KeyType{primary, shared, dial, open, "x"}).Draw(t, "kind"),
			}
			l.KEM = append(l.KEM, key)
			l.Keys = append(l.Keys, deviceprofiles.LineKey{Index: key.Index, Type: key.Type, SharedLine: key.SharedLine})
		}
		m := deviceprofiles.Model{LineKeys: rapid.IntRange(0, 30).Draw(t, "line keys"), KEMModules: rapid.IntRange(0, 3).Draw(t, "modules"), KEMKeys: 20}
		keys := l.Resolve(m, threeLines()[:rapid.IntRange(0, 3).Draw(t, "lines")], nil)
		sorted := slices.IsSortedFunc(keys, func(a, b deviceprofiles.Key) int { return (a.Module-b.Module)*1000 + a.Index - b.Index })
		if !sorted || len(keys) < m.LineKeys {
			t.Fatalf("%+v", keys)
		}
	})
}

func TestALayoutIsStoredUnderStableNames(t *testing.T) {
	t.Parallel()
	l := deviceprofiles.Layout{
		Custom: true, UserReorder: true, Keys: []deviceprofiles.LineKey{{Index: 1, Type: primary}, {Index: 2, Type: dial, Label: "Bob", Value: "200"}, {Index: 3, Type: shared, SharedLine: 1}},
		KEMType: "KEM_14_KEYS", KEM: []deviceprofiles.KEMKey{{Module: 1, Index: 2, Type: open}},
	}
	raw, err := json.Marshal(l)
	require.NoError(t, err)
	assert.Equal(t, `{"custom":true,"userReorder":true,"keys":[{"index":1,"type":"PRIMARY_LINE"},{"index":2,"type":"SPEED_DIAL","label":"Bob","value":"200"},`+
		`{"index":3,"type":"SHARED_LINE","sharedLine":1}],"kemType":"KEM_14_KEYS","kem":[{"module":1,"index":2,"type":"OPEN"}]}`, string(raw))
	var again deviceprofiles.Layout
	require.NoError(t, json.Unmarshal(raw, &again))
	assert.Equal(t, l, again)
	raw, err = json.Marshal(deviceprofiles.Layout{})
	require.NoError(t, err)
	assert.Equal(t, `{"custom":false,"userReorder":false}`, string(raw))
}

func TestAdvisoriesCountWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	keys := []deviceprofiles.LineKey{
		{Index: 1, Type: primary}, {Index: 2, Type: shared}, {Index: 3, Type: shared}, {Index: 4, Type: shared}, {Index: 5, Type: deviceprofiles.KeyMonitor}, {Index: 6, Type: deviceprofiles.KeyMonitor},
		{Index: 7, Type: deviceprofiles.KeyCallPark}, {Index: 8, Type: deviceprofiles.KeyModeManagement},
	}
	lines := threeLines()
	assert.Equal(t, deviceprofiles.Advisories{MoreSharedAppearances: 1, MoreMonitorAppearances: 1, MoreCPEAppearances: 1, MoreModeManagementAppearances: 1},
		deviceprofiles.AdvisoriesOf(keys, lines, deviceprofiles.Monitored{Lines: 1}))
	assert.Equal(t, deviceprofiles.Advisories{FewSharedAppearances: 2}, deviceprofiles.AdvisoriesOf(keys[:1], lines, deviceprofiles.Monitored{}))
	twice := []deviceprofiles.LineKey{keys[0], {Index: 2, Type: shared, SharedLine: 1}, {Index: 3, Type: shared, SharedLine: 1}}
	assert.Equal(t, deviceprofiles.Advisories{FewSharedAppearances: 1}, deviceprofiles.AdvisoriesOf(twice, lines, deviceprofiles.Monitored{}))
	elsewhere := []deviceprofiles.LineKey{keys[0], {Index: 2, Type: shared, SharedLine: 5}}
	assert.Equal(t, deviceprofiles.Advisories{MoreSharedAppearances: 1, FewSharedAppearances: 2}, deviceprofiles.AdvisoriesOf(elsewhere, lines, deviceprofiles.Monitored{}))
	assert.Equal(t, deviceprofiles.Advisories{}, deviceprofiles.AdvisoriesOf(keys[:3], lines, deviceprofiles.Monitored{}))
	assert.Equal(t, deviceprofiles.Advisories{}, deviceprofiles.AdvisoriesOf(nil, nil, deviceprofiles.Monitored{}))
}
