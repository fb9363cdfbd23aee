package store

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

func TestSizedPartsAreAllOfAListInFewLengths(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.Int(), 0, 500).Draw(t, "list")
		var got []int
		for part := range sized(list) {
			assert.Contains(t, []int{1, 2, 4, 8, 16, 32, 64}, len(part))
			got = append(got, part...)
		}
		assert.True(t, slices.Equal(list, got))
	})
}

func TestPowersOfTwo(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]int{1: 1, 2: 2, 3: 4, 4: 4, 5: 8, 500: 512} {
		assert.Equal(t, want, powerOfTwo(n), n)
	}
}

func TestLongListsAreParsedOnceIfTheirLengthsAreFew(t *testing.T) {
	t.Parallel()
	p := newPrepared(nil)
	assert.True(t, p.keeps("SELECT 1 FROM lines WHERE id IN "+keptTuples(1, 256)))
	assert.False(t, p.keeps("SELECT 1 FROM lines WHERE id IN "+tuples(1, 41)))
	assert.True(t, p.keeps("SELECT 1 FROM lines WHERE id IN "+tuples(1, 40)))
	assert.Equal(t, 256, strings.Count(keptTuples(1, 256), "?"))
}
