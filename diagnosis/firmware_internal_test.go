package diagnosis

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// Only what is surely older is called so.
func TestFirmwareThatIsTooOld(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		least, version string
		old            bool
	}{
		{"11.0", "10.4", true}, {"11.0", "11.0", false}, {"11.0", "11", false}, {"11.0", "11.0MSR1", false}, {"11.0", "v10", false}, {"11.0", "", false},
		{"x.80.0", "96.86.0.70", false}, {"x.80.0", "28.71.0.81", true}, {"x.80.0", "28", false}, {"x.80.0", "28.80.0.1", false},
		{"5.0", "4.1.4.7430", true}, {"5.0", "5.0.3.1667", false}, {"", "1.0", false},
	} {
		assert.Equal(t, c.old, Agent{Version: c.version, Least: c.least}.tooOld(), "%s, at least %s", c.version, c.least)
	}
}
