package screening

import (
	"cmp"
	"hash/maphash"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hbollon/go-edlib"
)

// How alike two words are, per mille.
const (
	same          = 1000
	spelledAlike  = 900 // another spelling of the same sound: nearly the same, but never as good as equal
	minFuzzyRunes = 4   // one error among three letters turns most short names into other ones: Lee, Lea, Les
)

// vocabulary are the words of a list.
type vocabulary struct {
	seed       maphash.Seed
	speller    speller
	ids        map[string]uint32
	texts      []string  // by id
	weights    []int     // by id
	unknown    int       // the weight of a word that no entry has
	neighbours hashTable // a word under the hashes of itself and of every form with one letter less
	spellings  hashTable // a word under the hash of its common spelling
}

func newVocabulary() *vocabulary {
	return &vocabulary{seed: maphash.MakeSeed(), speller: newSpeller(), ids: map[string]uint32{}}
}

// add returns the id of a word, a new one if need be.
func (v *vocabulary) add(word string) uint32 {
	if id, ok := v.ids[word]; ok {
		return id
	}
	id := uint32(len(v.texts)) //nolint:gosec // maxRows and maxCellBytes keep the number of words far below 2^32
	word = strings.Clone(word)
	v.ids[word] = id
	v.texts = append(v.texts, word)
	return id
}

// build makes the tables, when all words are known. entries is how many entries the list has, frequency in how many of them each word is.
func (v *vocabulary) build(entries int, frequency []int) {
	v.weights = make([]int, len(v.texts))
	for id, word := range v.texts {
		v.weights[id] = weight(entries, frequency[id])
		for form := range forms(word) {
			v.neighbours = v.neighbours.add(v.hash(form), id)
		}
		if spelling := v.speller.spell(word); spelling != "" {
			v.spellings = v.spellings.add(v.hash(spelling), id)
		}
	}
	v.unknown = weight(entries, 1)
	v.neighbours, v.spellings = v.neighbours.sorted(), v.spellings.sorted()
}

// weight is the information in a word, in hundredths of a bit: what seeing it says about which of the entries it is (inverse document frequency).
func weight(entries, frequency int) int {
	return int(math.Round(100 * math.Log2(1+float64(entries)/float64(max(frequency, 1)))))
}

func (v *vocabulary) hash(s string) uint32 { return uint32(maphash.String(v.seed, s)) } //nolint:gosec // half of a hash is a hash

// alike are the words of the list that are like a word, and how much.
func (v *vocabulary) alike(word string) map[uint32]int {
	found := map[uint32]int{}
	if id, ok := v.ids[word]; ok {
		found[id] = same
	}
	for form := range forms(word) {
		for _, h := range v.neighbours.find(v.hash(form)) {
			if _, known := found[h.id]; !known {
				found[h.id] = oneError(word, v.texts[h.id])
			}
		}
	}
	if spelling := v.speller.spell(word); spelling != "" {
		for _, h := range v.spellings.find(v.hash(spelling)) {
			if found[h.id] < spelledAlike && v.speller.spell(v.texts[h.id]) == spelling {
				found[h.id] = spelledAlike
			}
		}
	}
	for id, likeness := range found {
		if likeness == 0 {
			delete(found, id)
		}
	}
	return found
}

// oneError is how alike two words are that one typing error parts: a letter too many, too few, another one, or two neighbours swapped. The
// longer the word, the less one letter of it says. 0 for words that are further apart, or too short.
func oneError(a, b string) int {
	longer := max(utf8.RuneCountInString(a), utf8.RuneCountInString(b))
	if longer < minFuzzyRunes || edlib.OSADamerauLevenshteinDistance(a, b) != 1 {
		return 0
	}
	return same - same/longer
}

// forms are a word and, if it is long enough for errors, the word without each of its letters. A number has no forms: one digit makes another
// number of it.
func forms(word string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		if strings.IndexFunc(word, unicode.IsDigit) >= 0 || !yield(word) || utf8.RuneCountInString(word) < minFuzzyRunes {
			return
		}
		for i, r := range word {
			if !yield(word[:i] + word[i+utf8.RuneLen(r):]) {
				return
			}
		}
	}
}

// hashTable finds ids by a hash, in little memory: eight bytes each. Whoever looks something up checks what it finds, since hashes collide.
type hashTable []hashed

type hashed struct{ hash, id uint32 }

func (t hashTable) add(hash uint32, id int) hashTable {
	return append(t, hashed{hash, uint32(id)}) //nolint:gosec // ids count words and names, see vocabulary.add
}

// sorted makes the table ready for find.
func (t hashTable) sorted() hashTable {
	slices.SortFunc(t, func(a, b hashed) int { return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.id, b.id)) })
	return slices.Clip(slices.Compact(t))
}

func (t hashTable) find(hash uint32) hashTable {
	byHash := func(h hashed, hash uint32) int { return cmp.Compare(h.hash, hash) }
	from, _ := slices.BinarySearchFunc(t, hash, byHash)
	to := from
	for to < len(t) && t[to].hash == hash {
		to++
	}
	return t[from:to]
}
