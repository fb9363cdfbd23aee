package billing

import (
	"time"

	"dialtone/usage"
)

// Month is a month of the calendar, whatever the time zone, as the number of months since the beginning of the year 0; 0 is none.
type Month int

// monthOf returns the month that a day is in.
func monthOf(d usage.Day) Month {
	year, month, _ := d.Date()
	return Month(12*year + int(month) - 1)
}

// ParseMonth reads YYYY-MM. False when it is something else.
func ParseMonth(text string) (Month, bool) {
	day, ok := usage.ParseDay(text + "-01")
	return monthOf(day), ok
}

// String writes the month as YYYY-MM; "" for none. The order of such texts is that of the months.
func (m Month) String() string {
	if m == 0 {
		return ""
	}
	return m.begin().Format("2006-01")
}

// begin is when the month begins in UTC.
func (m Month) begin() time.Time {
	return time.Date(int(m)/12, time.Month(int(m)%12+1), 1, 0, 0, 0, 0, time.UTC)
}

// First returns its first day.
func (m Month) First() usage.Day { return usage.DayOf(m.begin()) }

// Last returns its last day.
func (m Month) Last() usage.Day { return (m + 1).First() - 1 }
