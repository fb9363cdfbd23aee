package usage_test

import (
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dialtone/usage"
)

// held is an assignment from one instant to another; until "" it is open.
func held(t require.TestingT, from, until string) usage.Assignment {
	a := usage.Assignment{From: instant(t, from)}
	if until != "" {
		a.Until = instant(t, until)
	}
	return a
}

func TestUnitsArePrintedWithoutZeros(t *testing.T) {
	t.Parallel()
	for units, want := range map[usage.Units]string{
		0: "0", 1: "0.000001", 694: "0.000694", 500_000: "0.5", 17_500_000: "17.5", 31 * usage.One: "31", 100 * usage.One: "100",
		1_000_001: "1.000001", 100_100: "0.1001", -17_500_000: "-17.5", -1: "-0.000001", 1_827_000_000 * usage.One: "1827000000",
	} {
		assert.Equal(t, want, units.String())
	}
}

func TestUnitsAreRead(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text   string
		units  usage.Units
		places int
	}{
		{"0", 0, 0}, {"31", 31_000_000, 0}, {"17.50", 17_500_000, 2}, {"0.000694", 694, 6}, {"0.0000005", 1, 7}, {"0.00000049", 0, 8},
		{"17.499999999999996", 17_500_000, 15}, {"0017.5", 17_500_000, 1}, {"1000000000000", 1_000_000_000_000_000_000, 0},
	}
	for _, tt := range tests {
		units, places, ok := usage.ParseUnits(tt.text)
		assert.True(t, ok, tt.text)
		assert.Equal(t, tt.units, units, tt.text)
		assert.Equal(t, tt.places, places, tt.text)
	}
	for _, text := range []string{"", ".", ".5", "5.", "-1", "+1", "1e3", "1,5", "1.5.5", " 1", "0x1", "NaN", "1000000000000.1", "99999999999999999999", "٣"} {
		_, _, ok := usage.ParseUnits(text)
		assert.False(t, ok, text)
	}
	rapid.Check(t, func(t *rapid.T) {
		units := usage.Units(rapid.Int64Range(0, 1_000_000_000_000_000_000).Draw(t, "units"))
		got, _, ok := usage.ParseUnits(units.String())
		require.True(t, ok)
		require.Equal(t, units, got)
	})
}

func TestUsageOfADay(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, zone, first, last, from, until, want string }{
		{"a whole day", "Europe/Berlin", "2026-05-01", "2026-05-01", "2026-01-01T00:00:00Z", "", "1"},
		{"from noon", "Europe/Berlin", "2026-05-01", "2026-05-01", "2026-05-01T10:00:00Z", "", "0.5"},
		{"half a day of 23 hours", "Europe/Berlin", "2026-03-29", "2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T10:30:00Z", "0.5"},
		{"noon of a day of 23 hours", "Europe/Berlin", "2026-03-29", "2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T10:00:00Z", "0.478261"},
		{"noon of a day of 25 hours", "Europe/Berlin", "2026-10-25", "2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T11:00:00Z", "0.52"},
		{"a minute", "UTC", "2026-05-01", "2026-05-01", "2026-05-01T00:00:00Z", "2026-05-01T00:01:00Z", "0.000694"},
		{"half a millionth is one", "UTC", "2026-05-01", "2026-05-01", "2026-05-01T00:00:00Z", "2026-05-01T00:00:00.0432Z", "0.000001"},
		{"less is none", "UTC", "2026-05-01", "2026-05-01", "2026-05-01T00:00:00Z", "2026-05-01T00:00:00.043199Z", "0"},
		{"a leap month", "America/New_York", "2028-02-01", "2028-02-29", "2020-01-01T00:00:00Z", "", "29"},
		{"a month with a day left out", "Pacific/Apia", "2011-12-01", "2011-12-31", "2011-01-01T00:00:00Z", "", "30"},
		{"a month across summer time", "Europe/Berlin", "2026-03-01", "2026-03-31", "2026-03-15T11:00:00Z", "", "16.5"},
		{"a year", "Australia/Lord_Howe", "2026-01-01", "2026-12-31", "2020-01-01T00:00:00Z", "", "365"},
		{"before", "UTC", "2026-05-01", "2026-05-31", "2026-01-01T00:00:00Z", "2026-05-01T00:00:00Z", "0"},
		{"after", "UTC", "2026-05-01", "2026-05-31", "2026-06-01T00:00:00Z", "", "0"},
		{"no days", "UTC", "2026-05-02", "2026-05-01", "2026-01-01T00:00:00Z", "", "0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := usage.Usage(held(t, tt.from, tt.until), zone(t, tt.zone), day(t, tt.first), day(t, tt.last))
			assert.Equal(t, tt.want, got.String())
		})
	}
}

func TestDelayedBillingBeginsWithItsDay(t *testing.T) {
	t.Parallel()
	a := held(t, "2026-01-01T00:00:00Z", "2026-05-20T12:00:00Z")
	span := usage.NewSpan(zone(t, "Europe/Berlin"), day(t, "2026-05-01"), day(t, "2026-05-31"))
	for start, want := range map[string]string{"2026-04-01": "19.583333", "2026-05-01": "19.583333", "2026-05-15": "5.583333", "2026-05-21": "0", "2026-06-15": "0"} {
		a.BilledFrom = day(t, start)
		assert.Equal(t, want, span.Usage(a).String(), start)
	}
}

func TestANumberIsExplained(t *testing.T) {
	t.Parallel()
	span := usage.NewSpan(usage.Zone{}, day(t, "2026-05-01"), day(t, "2026-05-31"))
	first, second := held(t, "2026-04-01T00:00:00Z", "2026-05-11T00:00:00Z"), held(t, "2026-05-20T12:00:00Z", "2026-05-28T00:00:00Z")
	got := span.Explain([]usage.Assignment{first, second, held(t, "2026-06-02T00:00:00Z", "")})
	assert.Equal(t, []usage.Stretch{
		{first, instant(t, "2026-05-01T00:00:00Z"), instant(t, "2026-05-11T00:00:00Z"), 10_000_000},
		{second, instant(t, "2026-05-20T12:00:00Z"), instant(t, "2026-05-28T00:00:00Z"), 7_500_000},
	}, got)
}

// drawSpan gives some days in some zone, near changes of its clocks more often than not.
func drawSpan(t *rapid.T) (usage.Zone, usage.Span) {
	z := zone(t, rapid.SampledFrom(zones()).Draw(t, "zone"))
	around := day(t, rapid.SampledFrom([]string{"2011-12-30", "2026-03-29", "2026-10-25", "2018-11-04", "2010-11-07", "2028-02-29", "2026-01-01"}).Draw(t, "around"))
	first := around + usage.Day(rapid.IntRange(-40, 5).Draw(t, "first"))
	return z, usage.NewSpan(z, first, first+usage.Day(rapid.IntRange(0, 60).Draw(t, "days")))
}

// drawInstant gives an instant in the span or a little outside of it, on a day's beginning now and then.
func drawInstant(t *rapid.T, z usage.Zone, s usage.Span, label string) time.Time {
	if rapid.IntRange(0, 4).Draw(t, label+" is midnight") == 0 {
		return z.Begin(usage.Day(rapid.IntRange(int(s.First())-1, int(s.Last())+2).Draw(t, label)))
	}
	return time.UnixMicro(rapid.Int64Range(s.Begin().Add(-48*time.Hour).UnixMicro(), s.End().Add(48*time.Hour).UnixMicro()).Draw(t, label)).UTC()
}

// Wherever a stretch of time is cut, the pieces add up to it; and so do its days.
func TestPiecesAddUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		z, span := drawSpan(t)
		from, cut, until := drawInstant(t, z, span, "from"), drawInstant(t, z, span, "cut"), drawInstant(t, z, span, "until")
		if until.Before(from) {
			from, until = until, from
		}
		if cut.Before(from) || until.Before(cut) {
			cut = from
		}
		whole := usage.Assignment{From: from, Until: until, BilledFrom: usage.Day(rapid.SampledFrom([]int{0, int(span.First()) + 3}).Draw(t, "billed from"))}
		before, after := whole, whole
		before.Until, after.From = cut, cut
		require.Equal(t, span.Usage(whole), span.Usage(before)+span.Usage(after))

		byDay := map[usage.Day]usage.Units{}
		for d, units := range span.ByDay(whole) {
			byDay[d] = units
		}
		var sum usage.Units
		for d := span.First(); d <= span.Last(); d++ {
			require.Equal(t, usage.Usage(whole, z, d, d), byDay[d], "%s is the same alone", d)
			require.LessOrEqual(t, byDay[d], usage.One)
			sum += byDay[d]
		}
		require.Equal(t, span.Usage(whole), sum)
		require.GreaterOrEqual(t, sum, usage.Units(0))
	})
}

// The place of an instant is what its definition says in fractions of any size.
func TestPlacesAgreeWithFractions(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		z, span := drawSpan(t)
		at := drawInstant(t, z, span, "at")
		d := z.Day(at)
		got := usage.Usage(usage.Assignment{From: z.Begin(d), Until: at}, z, d, d)
		require.Equal(t, place(z, d, at), got)
	})
}

// place is how many millionths of a day an instant is behind the day's beginning, rounded half up, in fractions.
func place(z usage.Zone, d usage.Day, at time.Time) usage.Units {
	begin, end := z.Begin(d), z.Begin(d+1)
	share := big.NewRat(at.Sub(begin).Microseconds(), end.Sub(begin).Microseconds())
	share.Mul(share, big.NewRat(1_000_000, 1)).Add(share, big.NewRat(1, 2))
	return usage.Units(new(big.Int).Quo(share.Num(), share.Denom()).Int64())
}

func TestAllTheTimeIsEveryDay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		z, span := drawSpan(t)
		var days usage.Units
		for d := span.First(); d <= span.Last(); d++ {
			if z.Begin(d + 1).After(z.Begin(d)) {
				days += usage.One
			}
		}
		require.Equal(t, days, span.Whole())
		require.Equal(t, days, span.Usage(usage.Assignment{From: span.Begin()}))
	})
}

func BenchmarkUsage(b *testing.B) {
	span := usage.NewSpan(zone(b, "Europe/Berlin"), day(b, "2026-03-01"), day(b, "2026-03-31"))
	a := held(b, "2026-03-10T07:12:33.123456Z", "2026-03-29T11:00:01Z")
	b.ReportAllocs()
	for b.Loop() {
		span.Usage(a)
	}
}
