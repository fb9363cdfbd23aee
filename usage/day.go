package usage

import "time"

// Day is a day of the calendar, whatever the time zone, as the number of days since 31 December of the year 0. So days can be compared and counted; 0 is none.
type Day int

// epoch is the Day of 1970-01-01.
const epoch = 719163

const secondsADay = 24 * 60 * 60

// DayOf returns the day that a moment's own time zone calls it, in the years 1 to 9999. Zone.Day is the one for billing.
func DayOf(t time.Time) Day {
	year, month, day := t.Date()
	return Day(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix()/secondsADay) + epoch
}

// ParseDay reads YYYY-MM-DD. False when it is something else, or when the calendar has no such day.
func ParseDay(text string) (Day, bool) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil || t.Year() < 1 {
		return 0, false
	}
	return DayOf(t), true
}

// midnight is when the day begins in UTC, in seconds since 1970.
func (d Day) midnight() int64 { return (int64(d) - epoch) * secondsADay }

// Date returns the year, the month and the day of the month.
func (d Day) Date() (int, time.Month, int) { return time.Unix(d.midnight(), 0).UTC().Date() }

// String writes the day as YYYY-MM-DD; "" for none.
func (d Day) String() string {
	if d == 0 {
		return ""
	}
	return time.Unix(d.midnight(), 0).UTC().Format(time.DateOnly)
}
