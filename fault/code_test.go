package fault_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"dialtone/fault"
)

func TestCodesAreUniqueAndInOrder(t *testing.T) {
	t.Parallel()
	last := 0
	for _, c := range fault.Codes() {
		assert.Greater(t, c.Code, last, "%d comes after %d", c.Code, last)
		assert.NotEqual(t, fault.Internal, c.Kind, "%d", c.Code)
		assert.Regexp(t, `^[A-Z].*\.$`, c.Meaning)
		assert.True(t, c.Code >= 90000 || c.Code < 30000, "%d: ours begin at 90000, and theirs end before 30000", c.Code)
		last = c.Code
	}
}
