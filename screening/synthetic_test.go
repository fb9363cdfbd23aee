package screening_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"dialtone/screening"
)

// synthetic makes a list of entries with three names each, out of invented syllables and the words that real lists are full of. It is the same
// each time.
func synthetic(entries int) []screening.Entry {
	random := rand.New(rand.NewPCG(1, 2))
	syllables := strings.Fields("kra bel dor vin shu mol tar qen zhi wou lam pra nov gor ish uk rad est han bao xin yar ov skij")
	business := strings.Fields("trading international group general import export technology industrial company limited electronics shipping bank holding institute aviation")
	given := strings.Fields("mohammed ali ahmad hassan sergei ivan wei li maria jose abdul khalid")
	rare := func() string {
		var b strings.Builder
		for range 2 + random.IntN(3) {
			b.WriteString(syllables[random.IntN(len(syllables))])
		}
		return b.String()
	}
	one := func(from []string) string { return from[random.IntN(len(from))] }
	out := make([]screening.Entry, entries)
	for i := range out {
		e := screening.Entry{ID: fmt.Sprintf("s%05d", i), Source: "synthetic", Addresses: []string{"1 Harbour Road, Town, AE"}, Countries: []string{"AE"}}
		name := func() string { return rare() + " " + rare() + " " + one(business) + " " + one(business) }
		if i%2 == 0 {
			e.Type = "Individual"
			name = func() string { return strings.ToUpper(rare()) + ", " + one(given) + " " + rare() }
		}
		e.Name, e.AltNames = name(), []string{name(), name()}
		out[i] = e
	}
	return out
}

// misspell makes at most one typing error in a word: a letter too many, too few, another one, or two neighbours swapped.
func misspell(t *rapid.T, word string) string {
	letters := []rune(word)
	if len(letters) < 4 {
		return word // too short for an error that could be told from another name
	}
	at := rapid.IntRange(0, len(letters)-2).Draw(t, "at")
	letter := rapid.RuneFrom([]rune("abcdefghijklmnopqrstuvwxyz")).Draw(t, "letter")
	switch rapid.SampledFrom([]string{"right", "drop", "change", "insert", "swap"}).Draw(t, "error") {
	case "drop":
		letters = slices.Delete(letters, at, at+1)
	case "change":
		letters[at] = letter
	case "insert":
		letters = slices.Insert(letters, at, letter)
	case "swap":
		letters[at], letters[at+1] = letters[at+1], letters[at]
	}
	return string(letters)
}

// together makes one word of letters that stand alone side by side: the initials of "P.O.S. Logistics" are one.
func together(split []string) []string {
	var out []string
	alone := false
	for _, word := range split {
		if alone && len(word) == 1 {
			out[len(out)-1] += word
			continue
		}
		out, alone = append(out, word), len(word) == 1
	}
	return out
}

// This is what the blocking promises: whoever writes a listed name with at most one error in each word, in any order, is found.
func TestAnEntryIsFoundByItsOwnNameWithErrors(t *testing.T) {
	t.Parallel()
	entries := append(synthetic(3000), sample(t)...)
	index := screening.NewIndex(entries)
	rapid.Check(t, func(t *rapid.T) {
		e := rapid.SampledFrom(entries).Draw(t, "entry")
		if e.Type == "Vessel" || e.Type == "Aircraft" {
			t.Skip("only found by their very names")
		}
		listed := rapid.SampledFrom(append([]string{e.Name}, e.AltNames...)).Draw(t, "name")
		listed, _, _ = strings.Cut(listed, ";") // "; and any successor" is no part of it
		split := together(strings.FieldsFunc(strings.ToLower(listed), func(r rune) bool { return strings.ContainsRune(" ,.-&()", r) }))
		for i, word := range split {
			split[i] = misspell(t, word)
		}
		written := strings.Join(rapid.Permutation(split).Draw(t, "order"), " ")
		hits := index.Match(screening.Subject{Names: []string{written}})
		if !slices.Contains(ids(hits), e.ID) && len(hits) < screening.MaxHits {
			t.Fatalf("%q isn't found by %q: %v", listed, written, ids(hits))
		}
	})
}

func BenchmarkNewIndex(b *testing.B) {
	entries := synthetic(30_000)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	kept := screening.NewIndex(entries)
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportAllocs()
	for b.Loop() {
		screening.NewIndex(entries)
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MB-kept")
	runtime.KeepAlive(kept)
}

// hostile is a name as long as is looked at, out of words that the list has.
func hostile(entries []screening.Entry) string {
	var all []string
	for _, e := range entries[:20] {
		all = append(all, e.Name)
	}
	return strings.Join(all, " ")
}

func BenchmarkMatch(b *testing.B) {
	entries := synthetic(30_000)
	index := screening.NewIndex(entries)
	for name, subject := range map[string]screening.Subject{
		"listed":   {Names: []string{entries[15_001].Name}, Country: "AE", City: "Town", AddressLine: "1 Harbour Road"},
		"ordinary": {Names: []string{"Main Street Dental", "John Smith"}, Country: "US"},
		"common":   {Names: []string{"General Trading International Group", "Mohammed Ali Hassan"}, Country: "US"},
		"all":      {Names: ordinary(), Country: "US"},
		"hostile":  {Names: slices.Repeat([]string{hostile(entries)}, screening.MaxSubjectNames), Country: "US"},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				index.Match(subject)
			}
		})
	}
}
