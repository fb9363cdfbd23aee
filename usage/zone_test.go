package usage_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dialtone/fault"
	"dialtone/usage"
)

func zone(t require.TestingT, name string) usage.Zone {
	z, err := usage.ParseZone(name)
	require.NoError(t, err)
	return z
}

func day(t require.TestingT, text string) usage.Day {
	d, ok := usage.ParseDay(text)
	require.True(t, ok, text)
	return d
}

func instant(t require.TestingT, text string) time.Time {
	at, err := time.Parse(time.RFC3339Nano, text)
	require.NoError(t, err)
	return at.UTC()
}

func TestDaysAreNumbered(t *testing.T) {
	t.Parallel()
	assert.Equal(t, usage.Day(1), day(t, "0001-01-01"))
	assert.Equal(t, usage.Day(719163), day(t, "1970-01-01"))
	assert.Equal(t, day(t, "2028-02-28")+2, day(t, "2028-03-01"))
	assert.Equal(t, "2028-02-29", (day(t, "2028-02-28") + 1).String())
	assert.Empty(t, usage.Day(0).String())
	year, month, d := day(t, "2026-05-09").Date()
	assert.Equal(t, []int{2026, 5, 9}, []int{year, int(month), d})
	for _, text := range []string{"", "2026-02-29", "2026-5-1", "0000-01-01", "2026-05-01T00:00:00Z", "20260501"} {
		_, ok := usage.ParseDay(text)
		assert.False(t, ok, text)
	}
}

func TestOnlyNamesOfZonesAreZones(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "Local", "Mars/Base", "../etc/passwd"} {
		_, err := usage.ParseZone(name)
		assert.True(t, fault.Is(err, fault.Invalid), name)
	}
	assert.Equal(t, "Europe/Berlin", zone(t, "Europe/Berlin").String())
	assert.Equal(t, "UTC", usage.Zone{}.String())
}

func TestEachDayBeginsAtItsFirstInstant(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, zone, day, begin, end string }{
		{"an ordinary day", "Europe/Berlin", "2026-05-01", "2026-04-30T22:00:00Z", "2026-05-01T22:00:00Z"},
		{"23 hours", "Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"},
		{"25 hours", "Europe/Berlin", "2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"},
		{"23 hours, American", "America/New_York", "2026-03-08", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"},
		{"24 and a half hours", "Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00:00Z", "2026-04-05T13:30:00Z"},
		{"midnight that doesn't exist", "America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"},
		{"midnight that comes twice, of the day before", "America/Sao_Paulo", "2018-02-17", "2018-02-17T02:00:00Z", "2018-02-18T03:00:00Z"},
		{"midnight that doesn't exist in Beirut", "Asia/Beirut", "2024-03-31", "2024-03-30T22:00:00Z", "2024-03-31T21:00:00Z"},
		{"a day that is shown, left and shown again", "America/St_Johns", "2010-11-07", "2010-11-07T02:30:00Z", "2010-11-08T03:30:00Z"},
		{"a day that was left out", "Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z"},
		{"the day before it", "Pacific/Apia", "2011-12-29", "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z"},
		{"the day after it", "Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z"},
		{"the zero zone", "", "2026-05-01", "2026-05-01T00:00:00Z", "2026-05-02T00:00:00Z"},
		{"an offset with seconds", "Africa/Monrovia", "1971-06-01", "1971-06-01T00:44:30Z", "1971-06-02T00:44:30Z"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			z := usage.Zone{}
			if tt.zone != "" {
				z = zone(t, tt.zone)
			}
			d := day(t, tt.day)
			assert.Equal(t, instant(t, tt.begin), z.Begin(d))
			assert.Equal(t, instant(t, tt.end), z.Begin(d+1))
		})
	}
}

func TestADayThatComesTwiceIsOne(t *testing.T) {
	t.Parallel()
	z := zone(t, "America/St_Johns")
	for at, want := range map[string]string{
		"2010-11-07T02:29:59Z": "2010-11-06", "2010-11-07T02:30:30Z": "2010-11-07",
		"2010-11-07T02:31:30Z": "2010-11-07", // its clocks show 23:01:30 of the 6th
		"2010-11-07T03:31:00Z": "2010-11-07",
	} {
		assert.Equal(t, want, z.Day(instant(t, at)).String(), at)
	}
	assert.Equal(t, "2011-12-31", zone(t, "Pacific/Apia").Day(instant(t, "2011-12-30T10:00:00Z")).String())
}

func zones() []string {
	return []string{"UTC", "Europe/Berlin", "America/New_York", "America/St_Johns", "America/Sao_Paulo", "Asia/Beirut", "Asia/Gaza", "Africa/Casablanca",
		"Australia/Lord_Howe", "Pacific/Apia", "Pacific/Kwajalein", "Pacific/Chatham", "Asia/Kathmandu", "Antarctica/Troll", "America/Havana", "America/Nuuk"}
}

// A day begins when the calendar first shows it or a later one: so says the definition, minute by minute.
func TestDaysAgreeWithTheCalendarMinuteByMinute(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(zones()).Draw(t, "zone")
		z := zone(t, name)
		location, err := time.LoadLocation(name)
		require.NoError(t, err)
		d := usage.Day(rapid.IntRange(int(day(t, "1990-01-01")), int(day(t, "2032-01-01"))).Draw(t, "day"))
		begin := z.Begin(d)
		require.False(t, begin.Before(z.Begin(d-1)))
		for m := 1; m <= 40*60; m++ {
			if earlier := begin.Add(-time.Duration(m) * time.Minute); usage.DayOf(earlier.In(location)) >= d {
				t.Fatalf("%s is shown at %s already", d, earlier)
			}
		}
		require.GreaterOrEqual(t, usage.DayOf(begin.In(location)), d)
		require.Less(t, z.Day(begin.Add(-1)), d)
		if z.Begin(d + 1).After(begin) {
			require.Equal(t, d, z.Day(begin))
			require.Equal(t, d, z.Day(z.Begin(d+1).Add(-1)))
		} else {
			require.Greater(t, z.Day(begin), d, "nothing happens in a day that there isn't")
		}
	})
}
