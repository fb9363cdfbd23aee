package billing

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

func TestFiveYearsEarlierIsTheSameDay(t *testing.T) {
	t.Parallel()
	for today, want := range map[Date]Date{
		{2026, 5, 1}:   {2021, 5, 1},
		{2026, 1, 1}:   {2021, 1, 1},
		{2026, 12, 31}: {2021, 12, 31},
		{2026, 2, 28}:  {2021, 2, 28},
		{2029, 2, 28}:  {2024, 2, 28}, // not the 29th: that would be another day
		{2029, 3, 1}:   {2024, 3, 1},
		{2028, 2, 29}:  {2023, 2, 28}, // 2023 has no 29th
		{2028, 3, 1}:   {2023, 3, 1},
	} {
		assert.Equal(t, want, today.yearsBefore(5), "%v", today)
	}
	assert.Equal(t, Date{2024, 2, 29}, Date{2028, 2, 29}.yearsBefore(4))
	assert.Equal(t, Date{2096, 2, 28}.String(), Date{2100, 2, 28}.yearsBefore(4).String())
}

// The day so many years earlier is a real one, at most a day off what the calendar's own arithmetic says, and never goes back as time goes on.
func TestTheYearsBeforeOnlyMoveOn(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		today := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 200_000).Draw(t, "days"))
		years := rapid.IntRange(0, 400).Draw(t, "years")
		got := DateOf(today).yearsBefore(years)
		read, ok := ParseDate(got.String())
		assert.True(t, ok, "%v", got)
		assert.Equal(t, got, read)
		want := today.AddDate(-years, 0, 0) // which makes 1 March of a 29 February that isn't there
		if want.Month() != today.Month() {
			want = want.AddDate(0, 0, -1)
		}
		assert.Equal(t, DateOf(want), got)
		assert.False(t, DateOf(today.AddDate(0, 0, 1)).yearsBefore(years).Before(got))
	})
}
