package billing

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// Date is a day of the calendar, whatever the time zone. Dates can be compared with ==; the zero Date is none.
type Date struct {
	year  int
	month time.Month
	day   int
}

// DateOf returns the day that a moment is in, in the moment's own time zone.
func DateOf(t time.Time) Date {
	year, month, day := t.Date()
	return Date{year, month, day}
}

// maxDate bounds what is read as a date, in bytes: the longest form has 35 with nanoseconds and offset.
const maxDate = 64

// ParseDate reads YYYY-MM-DD, or a timestamp (RFC 3339, also without a time zone), of which the date counts as it is written: some clients have no
// type for a day and send a moment of it. False when it is neither, or when the calendar has no such day.
func ParseDate(text string) (Date, bool) {
	text = strings.TrimSpace(text)
	if len(text) > maxDate {
		return Date{}, false
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339, "2006-01-02T15:04:05-0700", "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, text); err == nil {
			return DateOf(t), true
		}
	}
	return Date{}, false
}

// String writes the date as YYYY-MM-DD; "" for none. The order of such texts is that of the days.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.year, d.month, d.day)
}

// IsZero reports whether it is no date.
func (d Date) IsZero() bool { return d == Date{} }

// Before reports whether the day comes before another one.
func (d Date) Before(other Date) bool {
	return cmp.Or(cmp.Compare(d.year, other.year), cmp.Compare(d.month, other.month), cmp.Compare(d.day, other.day)) < 0
}

// yearsBefore is the same day of the same month so many years earlier; of 29 February it is the 28th where that year has none.
func (d Date) yearsBefore(years int) Date {
	year := d.year - years
	lastOfMonth := time.Date(year, d.month+1, 0, 0, 0, 0, 0, time.UTC).Day()
	return Date{year, d.month, min(d.day, lastOfMonth)}
}
