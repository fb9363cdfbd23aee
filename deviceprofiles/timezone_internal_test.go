package deviceprofiles

import (
	"archive/zip"
	"flag"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/fault"
)

func TestClockRules(t *testing.T) {
	t.Parallel()
	none, unnamed := change{}, [2]string{}
	european := func(hour int) (change, change) {
		return change{time.March, lastWeek, time.Sunday, hour, 0}, change{time.October, lastWeek, time.Sunday, hour + 1, 0}
	}
	berlinStart, berlinEnd := european(2)
	londonStart, londonEnd := european(1)
	american := [2]change{{time.March, 2, time.Sunday, 2, 0}, {time.November, 1, time.Sunday, 2, 0}}
	for zone, want := range map[string]clockRule{
		"UTC":                 {0, 0, none, none, unnamed},
		"Etc/GMT+5":           {-5 * 3600, 0, none, none, unnamed},
		"Europe/Berlin":       {3600, 3600, berlinStart, berlinEnd, unnamed},
		"Europe/London":       {0, 3600, londonStart, londonEnd, unnamed},
		"Europe/Dublin":       {0, 3600, londonStart, londonEnd, unnamed},
		"America/New_York":    {-5 * 3600, 3600, american[0], american[1], unnamed},
		"US/Eastern":          {-5 * 3600, 3600, american[0], american[1], unnamed},
		"America/Chicago":     {-6 * 3600, 3600, american[0], american[1], unnamed},
		"America/Phoenix":     {-7 * 3600, 0, none, none, unnamed},
		"America/St_Johns":    {-12600, 3600, american[0], american[1], unnamed},
		"America/Sao_Paulo":   {-3 * 3600, 0, none, none, unnamed},
		"Asia/Kolkata":        {19800, 0, none, none, unnamed},
		"Asia/Kathmandu":      {20700, 0, none, none, unnamed},
		"Asia/Tokyo":          {9 * 3600, 0, none, none, unnamed},
		"Australia/Sydney":    {10 * 3600, 3600, change{time.October, 1, time.Sunday, 2, 0}, change{time.April, 1, time.Sunday, 3, 0}, unnamed},
		"Australia/Lord_Howe": {37800, 1800, change{time.October, 1, time.Sunday, 2, 0}, change{time.April, 1, time.Sunday, 2, 0}, unnamed},
		"Pacific/Auckland":    {12 * 3600, 3600, change{time.September, lastWeek, time.Sunday, 2, 0}, change{time.April, 1, time.Sunday, 3, 0}, unnamed},
		"Pacific/Chatham":     {45900, 3600, change{time.September, lastWeek, time.Sunday, 2, 45}, change{time.April, 1, time.Sunday, 3, 45}, unnamed},
		"Africa/Casablanca":   {3600, 0, none, none, unnamed},
		// Zones that change outside the day that their law names.
		"America/Santiago": {-4 * 3600, 3600, change{time.September, 1, time.Saturday, 23, 59}, change{time.April, 1, time.Saturday, 23, 59}, unnamed},
		"America/Nuuk":     {-2 * 3600, 3600, change{time.March, lastWeek, time.Sunday, 0, 0}, change{time.October, lastWeek, time.Sunday, 0, 0}, unnamed},
		"Asia/Jerusalem":   {2 * 3600, 3600, change{time.March, 4, time.Thursday, 23, 59}, change{time.October, lastWeek, time.Sunday, 2, 0}, unnamed},
		"Antarctica/Troll": {0, 7200, londonStart, change{time.October, lastWeek, time.Sunday, 3, 0}, unnamed},
	} {
		rule, err := clockRuleOf(zone)
		require.NoError(t, err, zone)
		rule.names = unnamed
		assert.Equal(t, want, rule, zone)
	}
}

func TestOnlyZonesOfTheListAreZones(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "Local", "Mars/Olympus", "../../etc/passwd", "Europe/Berlin CET-1CEST,M3.5.0,M10.5.0/3", "UTC\nUTC", "berlin", strings.Repeat("x", 100)} {
		_, err := clockRuleOf(bad)
		assert.True(t, fault.Is(err, fault.Invalid), bad)
	}
}

// clockAt applies a rule as a phone does.
func clockAt(r clockRule, at time.Time) int {
	if r.save == 0 {
		return r.offset
	}
	year := at.UTC().Year()
	start, end := r.start.in(year, r.offset), r.end.in(year, r.offset+r.save)
	summer := !at.Before(start) && at.Before(end)
	if end.Before(start) { // the southern half of the world
		summer = !at.Before(start) || at.Before(end)
	}
	if summer {
		return r.offset + r.save
	}
	return r.offset
}

// in returns when the change happens in a year, by a clock that is offset seconds east of UTC.
func (c change) in(year, offset int) time.Time {
	at := time.Date(year, c.month, 1, c.hour, c.minute, 0, 0, time.FixedZone("", offset))
	at = at.AddDate(0, 0, (int(c.weekday)-int(at.Weekday())+7)%7+7*(c.week-1))
	for at.Month() != c.month {
		at = at.AddDate(0, 0, -7)
	}
	return at
}

func TestRulesAgreeWithTheClockOfTheLibrary(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{
		"UTC", "Europe/Berlin", "Europe/London", "Europe/Dublin", "America/New_York", "America/Los_Angeles", "America/Phoenix", "America/St_Johns",
		"Asia/Kolkata", "Asia/Tokyo", "Australia/Sydney", "Australia/Lord_Howe", "Pacific/Auckland", "Pacific/Chatham",
	} {
		location, err := time.LoadLocation(zone)
		require.NoError(t, err)
		rule, err := clockRuleOf(zone)
		require.NoError(t, err)
		for at := time.Date(2025, 1, 1, 0, 30, 0, 0, time.UTC); at.Year() < 2036; at = at.Add(6 * time.Hour) {
			_, want := at.In(location).Zone()
			require.Equal(t, want, clockAt(rule, at), "%s at %s", zone, at)
		}
	}
}

func TestBrokenClockRulesAreRefused(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		"", "CET", "-1", "<+01", "CET-1CEST", "CET-1CEST,", "CET-1CEST,M3.5.0", "CET-1CEST,M3.5.0,M10.5.0/3x", "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.6.0,M10.5.0",
		"CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,M0.5.0,M10.5.0", "CET-1CEST,J60,J300", "CET-1CEST,M3.5.0,M10", "CET-1 CEST",
	} {
		_, err := parseClockRule(bad)
		assert.Error(t, err, bad)
	}
}

const zonesHeading = "# Each time zone and its present rule, from the tz database in the Go distribution (public domain). Written by go test -run Zones -update."

// With -update the list is written anew from the edition of the Go distribution that runs the test.
func TestTheListOfZonesIsSound(t *testing.T) {
	t.Parallel()
	if flag.Lookup("update").Value.String() == "true" {
		require.NoError(t, os.WriteFile("zones.txt", []byte(zonesOfTheToolchain(t)), 0o644))
		t.Skip("written; the next run reads it")
	}
	var names []string
	heading, list, _ := strings.Cut(zones, "\n")
	assert.Equal(t, zonesHeading, heading)
	for line := range strings.Lines(list) {
		name, rule, found := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		require.True(t, found, line)
		_, err := parseClockRule(rule)
		require.NoError(t, err, line)
		names = append(names, name)
	}
	assert.Greater(t, len(names), 550)
	assert.True(t, slices.IsSorted(names))
	assert.Len(t, slices.Compact(names), len(names), "no zone is listed twice")
}

func zonesOfTheToolchain(t *testing.T) string {
	t.Helper()
	archive, err := zip.OpenReader(filepath.Join(runtime.GOROOT(), "lib", "time", "zoneinfo.zip")) //nolint:staticcheck // the test runs where Go is
	require.NoError(t, err)
	defer func() { _ = archive.Close() }()
	rules := map[string]string{}
	for _, file := range archive.File {
		if strings.HasSuffix(file.Name, "/") || file.Name == "Factory" {
			continue
		}
		reader, err := file.Open()
		require.NoError(t, err)
		body, err := io.ReadAll(reader)
		require.NoError(t, err)
		lines := strings.Split(strings.TrimSuffix(string(body), "\n"), "\n")
		rules[file.Name] = lines[len(lines)-1]
	}
	var b strings.Builder
	b.WriteString(zonesHeading + "\n")
	for _, name := range slices.Sorted(maps.Keys(rules)) {
		b.WriteString(name + " " + rules[name] + "\n")
	}
	return b.String()
}

func FuzzClockRule(f *testing.F) {
	for _, seed := range []string{"CET-1CEST,M3.5.0,M10.5.0/3", "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "EET-2EEST,M3.4.4/50,M10.4.4/50", "<+0545>-5:45", "IST-1GMT0,M10.5.0,M3.5.0/1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rule, err := parseClockRule(text)
		if err != nil || rule.save == 0 {
			return
		}
		for _, c := range []change{rule.start, rule.end} {
			if c.month < 1 || c.month > 12 || c.week < 1 || c.week > lastWeek || c.weekday < 0 || c.weekday > 6 || c.hour < 0 || c.hour > 23 || c.minute < 0 || c.minute > 59 {
				t.Fatalf("%q gave %+v", text, rule)
			}
		}
		if rule.save < 0 {
			t.Fatalf("%q gave %+v", text, rule)
		}
	})
}

func TestRulesAsPOSIXSpellsThem(t *testing.T) {
	t.Parallel()
	for zone, want := range map[string]string{
		"UTC": "UTC+0", "Europe/Berlin": "CET-1CEST-2,M3.5.0/02:00:00,M10.5.0/03:00:00", "Europe/London": "GMT+0BST-1,M3.5.0/01:00:00,M10.5.0/02:00:00",
		"Europe/Dublin": "GMT+0IST-1,M3.5.0/01:00:00,M10.5.0/02:00:00", "America/New_York": "EST+5EDT+4,M3.2.0/02:00:00,M11.1.0/02:00:00",
		"America/St_Johns": "NST+3:30NDT+2:30,M3.2.0/02:00:00,M11.1.0/02:00:00", "Asia/Kolkata": "IST-5:30", "Asia/Dubai": "STD-4",
		"Australia/Lord_Howe": "STD-10:30DST-11,M10.1.0/02:00:00,M4.1.0/02:00:00", "Australia/Sydney": "AEST-10AEDT-11,M10.1.0/02:00:00,M4.1.0/03:00:00",
	} {
		rule, err := clockRuleOf(zone)
		require.NoError(t, err, zone)
		assert.Equal(t, want, rule.posix(), zone)
	}
}
