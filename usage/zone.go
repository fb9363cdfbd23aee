package usage

import (
	"time"
	_ "time/tzdata" // the same zones on every machine, whatever it has installed

	"dialtone/fault"
)

// Zone is the time zone of a billing subscription: it says when its days begin and end. The zero Zone is UTC.
type Zone struct {
	location *time.Location
}

// ParseZone finds a zone by its IANA name, such as America/New_York. fault.Invalid, naming timeZone, for any other text.
func ParseZone(name string) (Zone, error) {
	location, err := time.LoadLocation(name)
	if err != nil || name == "" || name == "Local" {
		return Zone{}, fault.InvalidField("timeZone", "%.64q is no time zone's IANA name, such as America/New_York", name)
	}
	return Zone{location}, nil
}

// String returns the zone's IANA name.
func (z Zone) String() string { return z.in().String() }

func (z Zone) in() *time.Location {
	if z.location == nil {
		return time.UTC
	}
	return z.location
}

// Local returns an instant as clocks in the zone show it.
func (z Zone) Local(t time.Time) time.Time { return t.In(z.in()) }

// farBefore is how long before a day begins in UTC it surely hasn't begun anywhere, in seconds.
const farBefore = 60 * 60 * 60

// Begin returns the first instant at which the zone's calendar shows the day or a later one. That is midnight where midnight exists, and where it comes twice the
// first one. A day that a zone left out begins and ends with the day after it.
func (z Zone) Begin(d Day) time.Time {
	at := time.Unix(d.midnight()-farBefore, 0).In(z.in())
	for {
		// Up to the next change of its clocks a zone is plain arithmetic.
		_, offset := at.Zone()
		_, change := at.ZoneBounds()
		begin := max(d.midnight()-int64(offset), at.Unix())
		if change.IsZero() || begin < change.Unix() {
			return time.Unix(begin, 0).UTC()
		}
		at = change
	}
}

// Day returns the day that an instant belongs to: the one that has begun and not ended. Where clocks go back across midnight, that is the new day.
func (z Zone) Day(t time.Time) Day {
	d := DayOf(t.In(z.in()))
	for !z.Begin(d + 1).After(t) {
		d++
	}
	return d
}
