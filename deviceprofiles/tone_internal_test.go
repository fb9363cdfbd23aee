package deviceprofiles

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Whoever sells phones there must have their tones: the European Union and its neighbours, and where else the platform is sold.
func TestTheTonesOfEveryCountryAreThere(t *testing.T) {
	t.Parallel()
	want := strings.Fields("AE AT AU BE BG BR CA CH CN CY CZ DE DK EE ES FI FR GB GR HR HU IE IL IN IS IT JP LT LU LV MT MX NL NO NZ PL PT RO SE SG SI SK TR US ZA")
	table, err := readTones(packFiles)
	require.NoError(t, err)
	assert.Equal(t, want, slices.Sorted(maps.Keys(table.Countries)))
	assert.Equal(t, want, slices.Sorted(maps.Keys(tonesByCountry())))
	assert.Equal(t, &tone{Hz: []int{480, 620}, MS: []int{500, 500}, Level: -19}, table.Countries["US"].Busy)
	assert.Equal(t, &tone{Hz: []int{400, 450}, MS: []int{400, 200, 400, 2000}, Level: -19}, table.Countries["GB"].Ringback)
	assert.Nil(t, table.Countries["FR"].Congestion, "no source lists it")
}

func TestABrokenToneIsNamedAndLeftOut(t *testing.T) {
	t.Parallel()
	const good = `"dial":{"hz":[425]},"busy":{"hz":[425],"ms":[500,500]}`
	for set, want := range map[string]string{
		good:                           "ringback is missing",
		good + `,"ringback":{"hz":[]}`: "ringback needs 1 to 2 frequencies",
		good + `,"ringback":{"hz":[400,425,450]}`:                                             "ringback needs 1 to 2 frequencies",
		good + `,"ringback":{"hz":[50]}`:                                                      "from 200 to 2000 Hz",
		good + `,"ringback":{"hz":[425],"ms":[500]}`:                                          "pairs of sound and silence",
		good + `,"ringback":{"hz":[425],"ms":[5,500]}`:                                        "from 30 to 16000 ms",
		good + `,"ringback":{"hz":[425],"ms":[99,99,99,99,99,99,99,99,99,99]}`:                "up to 4 pairs",
		good + `,"ringback":{"hz":[425],"level":3}`:                                           "a level from -30 to -1",
		good + `,"ringback":{"hz":[425]},"waiting":{"hz":[425],"ms":[100,0]}`:                 "waiting needs",
		good + `,"ringback":{"hz":[425]},"congestion":{"hz":[425],"ms":[100,100],"level":-9}`: "",
	} {
		files := fstest.MapFS{"packs/tones.json": {Data: []byte(`{"level":-19,"countries":{"XX":{` + set + `},"YY":{` + good + `,"ringback":{"hz":[425]}}}}`)}}
		table, err := readTones(files)
		if want == "" {
			require.NoError(t, err)
			assert.Equal(t, -9, table.Countries["XX"].Congestion.Level)
			continue
		}
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, "tones of XX")
		assert.Equal(t, []string{"YY"}, slices.Collect(maps.Keys(table.Countries)))
	}
	_, err := readTones(fstest.MapFS{"packs/tones.json": {Data: []byte(`{"tunes":{}}`)}})
	require.Error(t, err)
}

// readSections reads pairs of sound and silence in a unit of milliseconds.
func readSections(parts []string, unit float64) []int {
	var out []int
	for _, part := range parts {
		ms, err := strconv.ParseFloat(part, 64)
		if err != nil {
			panic(err)
		}
		out = append(out, int(math.Round(ms*unit)))
	}
	return out
}

// readScript reads the tone script of Cisco's: 350@-19,440@-19;10(.5/.5/1+2).
func readScript(text string) tone {
	out := tone{}
	frequencies, rest, _ := strings.Cut(text, ";")
	names := []string{}
	for i, one := range strings.Split(frequencies, ",") {
		_, err := fmt.Sscanf(one, "%d@%d", grow(&out.Hz), &out.Level)
		if err != nil {
			panic(err)
		}
		names = append(names, strconv.Itoa(i+1))
	}
	_, sections, _ := strings.Cut(strings.TrimSuffix(rest, ")"), "(")
	for _, section := range strings.Split(sections, ",") {
		parts := strings.Split(section, "/")
		if len(parts) != 3 || parts[2] != strings.Join(names, "+") {
			panic(section)
		}
		if section == "*/0/"+parts[2] {
			return out
		}
		out.MS = append(out.MS, readSections(parts[:2], 1000)...)
	}
	return out
}

func grow(list *[]int) *int {
	*list = append(*list, 0)
	return &(*list)[len(*list)-1]
}

// readProgress reads Grandstream's: f1=350@-19,f2=440@-19,c=50/50;.
func readProgress(text string) tone {
	out := tone{}
	for part := range strings.SplitSeq(strings.TrimSuffix(text, ";"), ",") {
		name, value, _ := strings.Cut(part, "=")
		if name != "c" {
			if _, err := fmt.Sscanf(part, "f%d=%d@%d", new(int), grow(&out.Hz), &out.Level); err != nil {
				panic(err)
			}
			continue
		}
		if value == "0/0" {
			return out
		}
		out.MS = readSections(strings.FieldsFunc(value, func(r rune) bool { return r == '/' || r == '-' }), 10)
	}
	return out
}

// readList reads Yealink's: 350+440/500,0/500.
func readList(text string) tone {
	out := tone{}
	for i, part := range strings.Split(text, ",") {
		sum, ms, _ := strings.Cut(part, "/")
		if i == 0 {
			out.Hz = readSections(strings.Split(sum, "+"), 1)
		}
		out.MS = append(out.MS, readSections([]string{ms}, 1)...)
	}
	if len(out.MS) == 1 {
		out.MS = nil // one sound after the other, without a pause
	}
	return out
}

// readTiming reads Panasonic's: 480,620 and 60,500,440.
func readTiming(frequencies, timing string) tone {
	out := tone{Hz: readSections(strings.Split(frequencies, ","), 1)}
	if timing == "60,0" {
		return out
	}
	ms := readSections(strings.Split(timing, ","), 1)
	out.MS = ms[1:]
	out.MS[len(out.MS)-1] += ms[0]
	return out
}

// notationsOf are a family's.
func notationsOf(f Family) map[string]notation { return packs().byFamily[f].Notations }

// assertReadsBack holds what each vendor is told against the tone that it was made of.
func assertReadsBack(t assert.TestingT, one tone) {
	quiet := one
	quiet.Level = 0
	for _, f := range []Family{CiscoMPP, "cisco-phoneos", "cisco-ata"} {
		n := notationsOf(f)
		assert.Equal(t, one, readScript(n["frequencies"].write(one)+";10("+n["cadence"].write(one)+")"), f)
	}
	for _, f := range []Family{Yealink, "yealink-dect"} {
		assert.Equal(t, quiet, readList(notationsOf(f)["tone"].write(one)), f)
	}
	panasonic := notationsOf("panasonic")
	assert.Equal(t, quiet, readTiming(panasonic["frequencies"].write(one), panasonic["cadence"].write(one)))
	grandstream := notationsOf("grandstream")
	got := readProgress(grandstream["frequencies"].write(one) + ",c=" + grandstream["cadence"].write(one) + ";")
	assert.Equal(t, []any{one.Hz, one.Level, len(one.MS)}, []any{got.Hz, got.Level, len(got.MS)})
	for i := range got.MS {
		assert.InDelta(t, one.MS[i], got.MS[i], 5, "it is told hundredths of a second")
	}
}

func TestEveryToneOfTheTableReadsBack(t *testing.T) {
	t.Parallel()
	for _, set := range tonesByCountry() {
		for _, one := range []*tone{set.Dial, set.Busy, set.Congestion, set.Ringback, set.Waiting} {
			if one != nil {
				assertReadsBack(t, *one)
			}
		}
	}
}

func TestAnyToneReadsBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		one := tone{
			Hz: rapid.SliceOfN(rapid.IntRange(leastHz, mostHz), 1, mostFrequencies).Draw(rt, "hz"), Level: rapid.IntRange(leastLevel, mostLevel).Draw(rt, "level"),
		}
		for range rapid.IntRange(0, mostSections).Draw(rt, "sections") {
			one.MS = append(one.MS, rapid.IntRange(leastMS, mostMS).Draw(rt, "on"), rapid.IntRange(leastMS, mostMS).Draw(rt, "off"))
		}
		if n := len(one.MS); n > 0 {
			one.MS[n-1] = max(one.MS[n-1], 120) // no tone of the table ends with a shorter silence
		}
		if err := one.check(); err != nil {
			rt.Fatal(err)
		}
		assertReadsBack(rt, one)
	})
}

func TestABrokenNotationIsNamed(t *testing.T) {
	t.Parallel()
	for want, n := range map[string]notation{
		`no part "melody"`:                   {Of: "melody"},
		"nobody knows {on} in frequencies":   {Of: "frequencies", Text: "{on}"},
		"nobody knows {hz} in cadence":       {Of: "cadence", Text: "{hz}", Endless: "0", Unit: 1},
		"nobody knows {on} in cadence":       {Of: "cadence", Text: "{on}", Endless: "{on}", Unit: 1},
		"a unit of 1, 10 or 1000 ms":         {Of: "cadence", Text: "{on}/{off}", Endless: "0", Unit: 7},
		"needs a word for endless tones, an": {Of: "cadence", Text: "{on}/{off}", Unit: 1},
	} {
		assert.ErrorContains(t, n.check(), want)
	}
	c := compiler{notations: map[string]notation{"n": {Of: "frequencies", Text: "{hz}"}}}
	for source, want := range map[string]string{
		"A = {tone.dial}":              "is a tone: write it with the filter notation",
		"A = {tone.dial|notation m}":   "a notation of the pack",
		"A = {mac|notation n}":         "needs a tone",
		"A = {tone.dial|notation}":     "needs a tone",
		"A = {tone.dial.sections}":     "nobody knows",
		"A = {tone.dial|upper|pad 3 }": "needs a number of digits",
	} {
		_, err := c.compile(source)
		assert.ErrorContains(t, err, want, source)
	}
	_, err := c.compile("if tone.dial\nA = {tone.dial|notation n}\nend")
	require.NoError(t, err)
	c.open = true
	_, err = c.compile("A = {tone.dial|notation n}")
	assert.ErrorContains(t, err, "the phone's own")
}
