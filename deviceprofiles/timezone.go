package deviceprofiles

import (
	"time"
	_ "time/tzdata" // the same rules on every machine

	"dialtone/fault"
)

// clockRule is a time zone as phones want it: an offset, and the rule of its summer time if it has one.
type clockRule struct {
	offset int // seconds east of UTC in winter
	save   int // seconds that summer adds; 0: no summer time
	start  change
	end    change
}

// change is a moment of a year by the clock on the wall just before it.
type change struct {
	month   time.Month
	week    int // 1 to 4: the first to the fourth of the weekday in the month; lastWeek
	weekday time.Weekday
	hour    int
	minute  int
}

const lastWeek = 5

// The years that a rule is read from. They lie far enough ahead that every zone follows its rule of the present, and are fixed, so that the
// same zone gives the same bytes whenever it is rendered.
const (
	firstRuleYear = 2031
	lastRuleYear  = 2037
)

// clockRuleOf reads a zone. A zone whose summer time follows no yearly rule (Morocco's follows the moon) has its winter time alone.
func clockRuleOf(zone string) (clockRule, error) {
	location, err := time.LoadLocation(zone)
	if err != nil || zone == "" || zone == "Local" {
		return clockRule{}, fault.InvalidField("timeZone", "%q is no time zone", zone)
	}
	var rule clockRule
	for year := firstRuleYear; year <= lastRuleYear; year++ {
		this, regular := ruleOfYear(location, year)
		if year == firstRuleYear {
			rule = this
			continue
		}
		var same bool
		if rule, same = rule.merge(this); !same || !regular {
			return clockRule{offset: min(rule.offset, this.offset)}, nil
		}
	}
	return rule, nil
}

// ruleOfYear reads the changes of one year; false when there are more or fewer than the two of a summer time.
func ruleOfYear(location *time.Location, year int) (clockRule, bool) {
	at := time.Date(year, 1, 1, 0, 0, 0, 0, location)
	_, offset := at.Zone()
	rule := clockRule{offset: offset}
	changes := 0
	for {
		_, next := at.ZoneBounds()
		if next.IsZero() || next.Year() > year {
			return rule, changes == 0 || changes == 2
		}
		_, before := next.Add(-time.Second).Zone()
		_, after := next.Zone()
		if before != after {
			changes++
			rule.offset = min(before, after)
			rule.save = max(before, after) - rule.offset
			wall := next.In(time.FixedZone("", before))
			if after > before {
				rule.start = changeAt(wall)
			} else {
				rule.end = changeAt(wall)
			}
		}
		at = next
	}
}

func changeAt(wall time.Time) change {
	c := change{month: wall.Month(), week: (wall.Day()-1)/7 + 1, weekday: wall.Weekday(), hour: wall.Hour(), minute: wall.Minute()}
	if wall.AddDate(0, 0, 7).Month() != wall.Month() {
		c.week = lastWeek
	}
	return c
}

// merge joins the rules of two years into one that fits both; false when none does.
func (r clockRule) merge(other clockRule) (clockRule, bool) {
	start, startFits := r.start.merge(other.start)
	end, endFits := r.end.merge(other.end)
	fits := startFits && endFits && r.offset == other.offset && r.save == other.save
	return clockRule{offset: r.offset, save: r.save, start: start, end: end}, fits
}

// merge joins two years' changes. The fourth of a weekday is the last one in most years: whoever is fourth once and last once is the fourth.
func (c change) merge(other change) (change, bool) {
	a, b := c, other
	a.week, b.week = 0, 0
	if a != b {
		return c, false
	}
	switch {
	case c.week == other.week:
		return c, true
	case min(c.week, other.week) == 4 && max(c.week, other.week) == lastWeek:
		c.week = 4
		return c, true
	}
	return c, false
}
