package deviceprofiles

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestClockRules(t *testing.T) {
	t.Parallel()
	none := change{}
	for zone, want := range map[string]clockRule{
		"UTC":                 {0, 0, none, none},
		"Europe/Berlin":       {3600, 3600, change{time.March, lastWeek, time.Sunday, 2, 0}, change{time.October, lastWeek, time.Sunday, 3, 0}},
		"Europe/London":       {0, 3600, change{time.March, lastWeek, time.Sunday, 1, 0}, change{time.October, lastWeek, time.Sunday, 2, 0}},
		"Europe/Dublin":       {0, 3600, change{time.March, lastWeek, time.Sunday, 1, 0}, change{time.October, lastWeek, time.Sunday, 2, 0}},
		"America/New_York":    {-5 * 3600, 3600, change{time.March, 2, time.Sunday, 2, 0}, change{time.November, 1, time.Sunday, 2, 0}},
		"America/Chicago":     {-6 * 3600, 3600, change{time.March, 2, time.Sunday, 2, 0}, change{time.November, 1, time.Sunday, 2, 0}},
		"America/Phoenix":     {-7 * 3600, 0, none, none},
		"America/St_Johns":    {-12600, 3600, change{time.March, 2, time.Sunday, 2, 0}, change{time.November, 1, time.Sunday, 2, 0}},
		"America/Sao_Paulo":   {-3 * 3600, 0, none, none},
		"Asia/Kolkata":        {19800, 0, none, none},
		"Asia/Kathmandu":      {20700, 0, none, none},
		"Asia/Tokyo":          {9 * 3600, 0, none, none},
		"Australia/Sydney":    {10 * 3600, 3600, change{time.October, 1, time.Sunday, 2, 0}, change{time.April, 1, time.Sunday, 3, 0}},
		"Australia/Lord_Howe": {37800, 1800, change{time.October, 1, time.Sunday, 2, 0}, change{time.April, 1, time.Sunday, 2, 0}},
		"Pacific/Auckland":    {12 * 3600, 3600, change{time.September, lastWeek, time.Sunday, 2, 0}, change{time.April, 1, time.Sunday, 3, 0}},
		"Africa/Casablanca":   {0, 0, none, none},
	} {
		rule, err := clockRuleOf(zone)
		require.NoError(t, err, zone)
		assert.Equal(t, want, rule, zone)
	}
	for _, bad := range []string{"", "Local", "Mars/Olympus", "../../etc/passwd"} {
		_, err := clockRuleOf(bad)
		assert.Error(t, err, bad)
	}
}
