package billing_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"dialtone/billing"
)

func TestDatesAreReadAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2026-05-01":                          "2026-05-01",
		" 2026-05-01\n":                       "2026-05-01",
		"2024-02-29":                          "2024-02-29",
		"0001-01-01":                          "0001-01-01",
		"2026-05-01T00:00:00Z":                "2026-05-01",
		"2026-04-30T22:00:00.000Z":            "2026-04-30",
		"2026-05-01T00:30:00+02:00":           "2026-05-01",
		"2026-05-01T23:30:00.123456789-11:00": "2026-05-01",
		"2026-05-01T00:30:00.000+0200":        "2026-05-01",
		"2026-05-01T00:30:00":                 "2026-05-01",
		"2026-05-01T00:30:00.5":               "2026-05-01",
	} {
		got, ok := billing.ParseDate(text)
		assert.True(t, ok, text)
		assert.Equal(t, want, got.String(), text)
	}
	for _, text := range []string{
		"", " ", "2026-02-29", "2100-02-29", "2026-13-01", "2026-00-10", "2026-04-31", "2026-5-1", "26-05-01", "12026-05-01", "-2026-05-01", "20260501", "2026/05/01",
		"01.05.2026", "2026-05", "1777593600000", "2026-05-01T25:00:00Z", "2026-05-01Tnoon", "2026-05-01 00:00:00", "2026-05-01T00:00:00Z.csv", "today", "２０２６-05-01",
		"2026-05-01\x00", "2026-05-01T00:00:00." + strings.Repeat("0", 1<<20) + "Z",
	} {
		got, ok := billing.ParseDate(text)
		assert.False(t, ok, "%.40q", text)
		assert.True(t, got.IsZero())
		assert.Empty(t, got.String())
	}
}

func TestADayIsThatOfItsTimeZone(t *testing.T) {
	t.Parallel()
	late := time.Date(2026, 4, 30, 23, 30, 0, 0, time.UTC)
	assert.Equal(t, "2026-04-30", billing.DateOf(late).String())
	assert.Equal(t, "2026-05-01", billing.DateOf(late.In(time.FixedZone("+2", 7200))).String())
}

// moments are any in the years that can be written with four digits.
func moments() *rapid.Generator[time.Time] {
	first, last := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	return rapid.Custom(func(t *rapid.T) time.Time {
		return time.Unix(rapid.Int64Range(first.Unix(), last.Unix()).Draw(t, "second"), 0).UTC()
	})
}

// Dates come back as they were written, from each form; and they, their texts and the moments that they are of have one order.
func TestDatesKeepTheOrderOfTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := moments().Draw(t, "a")
		b := moments().Draw(t, "b")
		if rapid.Bool().Draw(t, "near") {
			b = a.AddDate(0, 0, rapid.IntRange(0, 40).Draw(t, "days")) // most pairs are centuries apart
			if b.Year() > 9999 {
				b = a
			}
		}
		one, other := billing.DateOf(a), billing.DateOf(b)
		for _, layout := range []string{time.DateOnly, time.RFC3339, "2006-01-02T15:04:05.000Z"} {
			read, ok := billing.ParseDate(a.Format(layout))
			assert.True(t, ok)
			assert.Equal(t, one, read)
		}
		const day = 24 * time.Hour
		assert.Equal(t, a.Truncate(day).Before(b.Truncate(day)), one.Before(other))
		assert.Equal(t, one.String() < other.String(), one.Before(other))
		assert.Equal(t, one == other, !one.Before(other) && !other.Before(one))
	})
}

// FuzzParseDate reads what strangers send: nothing breaks it, and what is read is the date that was written.
func FuzzParseDate(f *testing.F) {
	for _, seed := range []string{"2026-05-01", "2026-05-01T00:30:00.000Z", "2026-05-01T00:30:00+02:00", "2026-02-29", "", "9999-12-31T23:59:60Z", "0000-01-01"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, ok := billing.ParseDate(text)
		assert.Equal(t, ok, !d.IsZero())
		if ok {
			assert.Equal(t, strings.TrimSpace(text)[:10], d.String())
			again, ok := billing.ParseDate(d.String())
			assert.True(t, ok)
			assert.Equal(t, d, again)
		}
	})
}
