package customer

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
)

func FuzzDegrees(f *testing.F) {
	for _, seed := range []string{"12.935784", "-180", "+90.0", "1e3", "NaN", "0x1p-2", "1_0", "", " 7 ", "९०"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		var p problems
		got := p.degrees("latitude", value, 90, "")
		if len(p.list) > 0 || got == "" {
			return
		}
		n, err := strconv.ParseFloat(got, 64)
		assert.NoError(t, err)
		assert.LessOrEqual(t, n, 90.0)
		assert.GreaterOrEqual(t, n, -90.0)
		assert.LessOrEqual(t, len(got), 17)
	})
}
