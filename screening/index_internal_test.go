package screening

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// traders are entries that all have two words in common.
func traders(n int) []Entry {
	random := rand.New(rand.NewPCG(3, 4))
	out := make([]Entry, n)
	for i := range out {
		word := make([]byte, 8)
		for j := range word {
			word[j] = byte('a' + random.IntN(26))
		}
		out[i] = Entry{ID: fmt.Sprint(i), Name: string(word) + " General Trading LLC"}
	}
	return out
}

// Common words lead nowhere: otherwise every trader would be compared with every other one.
func TestOnlyNamesWithATellingWordAreCompared(t *testing.T) {
	t.Parallel()
	x := NewIndex(traders(10_000))
	require.Len(t, x.names, 20_000, "with the legal form and without it")
	for name, most := range map[string]int{"General Trading LLC": 0, "Corner General Trading LLC": 20, x.entries[77].Name: 20} {
		assert.LessOrEqual(t, len(x.candidates(x.query(words(name)))), most, name)
	}
	assert.Len(t, x.Match(Subject{Names: []string{x.entries[77].Name}}), 1)
}

// What the prefix filter leaves out could never have been a hit.
func TestTheFilterLosesNothing(t *testing.T) {
	t.Parallel()
	x := NewIndex(append(traders(300), Entry{ID: "a", Name: "Trading General"}, Entry{ID: "b", Name: "General Zorvath and Trading Houses"}))
	for _, name := range []string{"General Trading", "Zorvath General Trading", "Zorvath Houses", "Genral Tradign", x.entries[5].Name} {
		q := x.query(words(name))
		kept := map[uint32]bool{}
		for _, id := range x.candidates(q) {
			kept[id] = true
		}
		for id := range uint32(len(x.names)) {
			assert.True(t, kept[id] || x.score(q, id) < worthALook, "%s: %s", name, x.names[id].text)
		}
	}
}

// A word that could be two listed ones goes to the one that has no other, so that both have a partner.
func TestPartnersAreMoved(t *testing.T) {
	t.Parallel()
	x := NewIndex([]Entry{{ID: "1", Name: "kradan kradin"}})
	// Either word of the list is like "kradun", but only one of them is equal to "kradin": (834 + 1000) / 2.
	assert.Equal(t, 917, x.score(x.query([]string{"kradin", "kradun"}), 0))
	// "kradan" is the first word as it stands, yet the only one that is like the second, so it gives way: (900 + 834) / 2.
	assert.Equal(t, 867, x.score(x.query([]string{"kradan", "kraddan"}), 0))
}
