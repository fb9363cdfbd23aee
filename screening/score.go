package screening

import (
	"cmp"
	"slices"
)

// query is a subject's name, ready to be compared.
type query struct {
	words []queryWord
	ids   []uint32 // of its words, in ascending order; nil if the list lacks one of them, so that no name can be the same
}

// queryWord is one of its words.
type queryWord struct {
	weight int
	alike  map[uint32]int // the list's words that are like it, and how much
}

func (x *Index) query(split []string) query {
	var q query
	for _, word := range split {
		weight := x.vocabulary.unknown
		if id, ok := x.vocabulary.ids[word]; ok {
			weight = x.vocabulary.weights[id]
			q.ids = append(q.ids, id)
		}
		q.words = append(q.words, queryWord{weight, x.vocabulary.alike(word)})
	}
	if len(q.ids) < len(q.words) {
		q.ids = nil
	}
	slices.Sort(q.ids)
	return q
}

// candidates are the listed names that share one of the words that they are kept under, in ascending order.
func (x *Index) candidates(q query) []uint32 {
	var out []uint32
	for _, word := range q.words {
		for id := range word.alike {
			out = append(out, x.postings[id]...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// score is how alike a subject's and a listed name are, per mille: the weight of the listed words that have a partner, each as far as it is
// like it, in the weight of all words. A word that only the subject has weighs half: people have middle names and companies branches, but who
// lacks a listed word has another name.
func (x *Index) score(q query, id uint32) int {
	listed := &x.names[id]
	if q.same(listed.words) {
		return ExactScore
	}
	partner := q.partners(listed.words)
	shared, total := 0, listed.weight
	lonely := make([]bool, len(q.words))
	for i := range lonely {
		lonely[i] = true
	}
	for i, word := range listed.words {
		if j := partner[i]; j >= 0 {
			lonely[j] = false
			shared += x.vocabulary.weights[word] * q.words[j].alike[word]
		}
	}
	for j, word := range q.words {
		if lonely[j] {
			total += word.weight / 2
		}
	}
	return min(shared/max(total, 1), ExactScore-1)
}

// same reports whether the listed name has the very same words, in any order.
func (q query) same(listed []uint32) bool {
	if len(q.ids) != len(listed) {
		return false
	}
	sorted := slices.Clone(listed)
	slices.Sort(sorted)
	return slices.Equal(q.ids, sorted)
}

// partners gives as many listed words as possible a word of the query for itself: a maximum bipartite matching by augmenting paths (Kuhn's
// algorithm), in which each word asks the likest one first. The result has -1 for a word that is left alone.
func (q query) partners(listed []uint32) []int {
	m := matching{q: q, listed: listed, ofListed: filled(len(listed)), ofQuery: filled(len(q.words))}
	for i := range listed {
		m.augment(i, make([]bool, len(q.words)))
	}
	return m.ofListed
}

func filled(n int) []int { return slices.Repeat([]int{-1}, n) }

type matching struct {
	q        query
	listed   []uint32
	ofListed []int // partner of each listed word
	ofQuery  []int // partner of each word of the query
}

// augment finds a partner for listed word i, moving others if they can be moved. It goes no deeper than a name has words.
func (m *matching) augment(i int, asked []bool) bool {
	for _, j := range m.choices(i) {
		if asked[j] {
			continue
		}
		asked[j] = true
		if m.ofQuery[j] < 0 || m.augment(m.ofQuery[j], asked) {
			m.ofListed[i], m.ofQuery[j] = j, i
			return true
		}
	}
	return false
}

// choices are the words of the query that are like listed word i, the likest first.
func (m *matching) choices(i int) []int {
	var out []int
	for j, word := range m.q.words {
		if word.alike[m.listed[i]] > 0 {
			out = append(out, j)
		}
	}
	slices.SortStableFunc(out, func(a, b int) int {
		return cmp.Compare(m.q.words[b].alike[m.listed[i]], m.q.words[a].alike[m.listed[i]])
	})
	return out
}
