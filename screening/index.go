package screening

import (
	"cmp"
	"slices"
	"strings"
)

// Index finds the entries of a list that a customer may be. It never changes, so any number of goroutines may use it at once; a new list
// makes a new index.
type Index struct {
	entries    []Entry
	names      []listedName
	vocabulary *vocabulary
	postings   [][]uint32 // word -> the names that are kept under it
	joined     hashTable  // names under the hash of all their words without blanks
}

// listedName is one form of one of an entry's names.
type listedName struct {
	text   string
	entry  uint32
	exact  bool     // only the very same name may match
	words  []uint32 // in the name's order
	weight int      // of all its words
}

// NewIndex makes an index of a list's entries, which it keeps: they must not be changed any more. Beside the entries it takes about
// 1 kB for each of them (BenchmarkNewIndex measures it), and less than a second for a list of the usual size.
func NewIndex(entries []Entry) *Index {
	x := &Index{entries: slices.Clone(entries), vocabulary: newVocabulary()}
	var frequency []int
	for i, entry := range x.entries {
		frequency = x.addEntry(uint32(i), entry, frequency)
	}
	x.vocabulary.build(len(x.entries), frequency)
	x.postings = make([][]uint32, len(x.vocabulary.texts))
	for i := range x.names {
		x.post(i)
	}
	x.joined = x.joined.sorted()
	return x
}

// Len is how many entries the index has.
func (x *Index) Len() int { return len(x.entries) }

// addEntry takes in an entry's names, and counts the entry once for each of its words.
func (x *Index) addEntry(id uint32, entry Entry, frequency []int) []int {
	person := strings.EqualFold(entry.Type, "Individual")
	known := map[string]bool{}
	first := len(x.names)
	for _, text := range listedNames(entry) {
		all := words(text)
		x.addName(listedName{text: text, entry: id, exact: isCraft(entry)}, all, known)
		if !person { // whose name may be Co or Sa
			x.addName(listedName{text: text, entry: id, exact: isCraft(entry)}, core(all), known)
		}
	}
	frequency = append(frequency, make([]int, len(x.vocabulary.texts)-len(frequency))...)
	counted := map[uint32]bool{}
	for _, name := range x.names[first:] {
		for _, word := range name.words {
			if !counted[word] {
				counted[word] = true
				frequency[word]++
			}
		}
	}
	return frequency
}

// addName takes in one form of a name: all its words, in which a legal form may be misspelt, or those that tell.
func (x *Index) addName(name listedName, split []string, known map[string]bool) {
	key := strings.Join(split, " ")
	if key == "" || known[key] {
		return
	}
	known[key] = true
	for _, word := range split {
		name.words = append(name.words, x.vocabulary.add(word))
	}
	x.joined = x.joined.add(x.vocabulary.hash(strings.Join(split, "")), len(x.names))
	x.names = append(x.names, name)
}

// isCraft reports whether an entry is a ship or an aircraft. No customer is one, and half of the ships are called Star of something, so only
// the very same name says enough to bother a reviewer.
func isCraft(e Entry) bool {
	return strings.EqualFold(e.Type, "Vessel") || strings.EqualFold(e.Type, "Aircraft")
}

// post keeps a name under its heaviest words: as many as are needed for the rest to weigh less than what any possible match shares with it.
func (x *Index) post(id int) {
	name := &x.names[id]
	byWeight := slices.Clone(name.words)
	weights := x.vocabulary.weights
	slices.SortFunc(byWeight, func(a, b uint32) int { return cmp.Or(cmp.Compare(weights[b], weights[a]), cmp.Compare(a, b)) })
	for _, word := range byWeight {
		name.weight += weights[word]
	}
	rest := name.weight
	for i, word := range byWeight {
		if rest*same < name.weight*worthALook {
			return
		}
		rest -= weights[word]
		if i == 0 || byWeight[i-1] != word {
			x.postings[word] = append(x.postings[word], uint32(id)) //nolint:gosec // names are bounded as words are
		}
	}
}

// listedNames are an entry's name and alternative names, cleaned of what the lists write around them.
func listedNames(e Entry) []string {
	var out []string
	for _, cell := range append([]string{e.Name}, e.AltNames...) {
		for part := range strings.SplitSeq(cell, ";") {
			part = cleaned(part)
			if part == "" || isBoilerplate(part) {
				continue
			}
			out = append(out, part)
			if bare := withoutBrackets(part); bare != part && bare != "" {
				out = append(out, bare)
			}
		}
	}
	return append(out, e.Name) // as it stands, too: whoever copies it is found
}

// cleaned takes off what introduces a name among others: "and", "a.k.a.".
func cleaned(part string) string {
	part = strings.TrimSpace(part)
	for _, lead := range []string{"and ", "a.k.a. ", "a.k.a., ", "f.k.a. ", "f.k.a., "} {
		if len(part) > len(lead) && strings.EqualFold(part[:len(lead)], lead) {
			part = strings.TrimSpace(part[len(lead):])
		}
	}
	return part
}

// isBoilerplate recognises "any successor, sub-unit, or subsidiary thereof", which the State Department adds to names.
func isBoilerplate(part string) bool {
	part = strings.ToLower(part)
	return strings.HasPrefix(part, "any successor") || strings.HasPrefix(part, "and any successor")
}

// withoutBrackets leaves out what stands in brackets: an abbreviation mostly, which nobody uses together with the name.
func withoutBrackets(name string) string {
	before, rest, ok := strings.Cut(name, "(")
	if !ok {
		return name
	}
	_, after, _ := strings.Cut(rest, ")")
	return strings.Join(strings.Fields(before+" "+after), " ")
}
