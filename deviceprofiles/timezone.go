package deviceprofiles

import (
	"cmp"
	_ "embed" // the list of zones
	"fmt"
	"strconv"
	"strings"
	"time"

	"dialtone/fault"
)

// zones is the list of time zones: a name and its present rule a line, sorted, the rule as the last line of the zone's file has it (RFC 9636
// section 3.3). It is part of the program, as the machine's own database may be another edition on each node, and phones would then see their files
// change from node to node. The test of the list writes it anew from the Go distribution's edition.
//
//go:embed zones.txt
var zones string

// clockRule is a time zone as phones want it: an offset, and the rule of its summer time if it has one.
type clockRule struct {
	offset int // seconds east of UTC in winter
	save   int // seconds that summer adds; 0: no summer time
	start  change
	end    change
	names  [2]string // abbreviations of winter and summer time, of letters; "" where the zone has none
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

// clockRuleOf returns the rule of a zone by its IANA name; fault.Invalid if there is none of that name. A zone whose summer time follows no yearly
// rule has the one offset that the database gives for its future.
func clockRuleOf(zone string) (clockRule, error) {
	const longest = 64 // bytes; every name is shorter
	if zone == "" || len(zone) > longest || strings.ContainsAny(zone, " \n") {
		return clockRule{}, noTimeZone(zone)
	}
	mark := "\n" + zone + " " // the list begins with a heading, so that every name stands behind a line break
	at := strings.Index(zones, mark)
	if at < 0 {
		return clockRule{}, noTimeZone(zone)
	}
	text, _, _ := strings.Cut(zones[at+len(mark):], "\n")
	rule, err := parseClockRule(text)
	if err != nil {
		return clockRule{}, fault.Wrap(fault.Internal, err, "The rule of the time zone %s can't be read", zone)
	}
	return rule, nil
}

func noTimeZone(zone string) error {
	return fault.InvalidField("timeZone", "%.64q is no time zone's IANA name, such as America/New_York", zone)
}

// parseClockRule reads a rule such as CET-1CEST,M3.5.0,M10.5.0/3 (RFC 9636 section 3.3.1, after POSIX's TZ): the winter's name and offset, and, if
// there is a summer, its name, its offset unless that is an hour more, and the changes there and back, at two o'clock unless they say otherwise.
func parseClockRule(text string) (clockRule, error) {
	p := clockText{rest: text}
	names := [2]string{p.name()}
	winter := -p.duration()
	if p.rest == "" && !p.bad {
		return clockRule{offset: winter, names: names}, nil
	}
	names[1] = p.name()
	summer := winter + int(time.Hour/time.Second)
	if p.rest != "" && p.rest[0] != ',' {
		summer = -p.duration()
	}
	start, end := p.change(), p.change()
	if p.bad || p.rest != "" {
		return clockRule{}, fmt.Errorf("%q is no rule of a clock", text)
	}
	if summer < winter { // Ireland's law calls the winter the exception
		winter, summer, start, end = summer, winter, end, start
		names = [2]string{names[1], names[0]}
	}
	return clockRule{offset: winter, save: summer - winter, start: start, end: end, names: names}, nil
}

// clockText is what is left to read of a rule; bad once it broke.
type clockText struct {
	rest string
	bad  bool
}

// name reads an abbreviation: letters, or anything between angle brackets, for which it returns "".
func (p *clockText) name() string {
	if after, found := strings.CutPrefix(p.rest, "<"); found {
		_, p.rest, found = strings.Cut(after, ">")
		p.bad = p.bad || !found
		return ""
	}
	trimmed := strings.TrimLeft(p.rest, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
	p.bad = p.bad || trimmed == p.rest
	name := strings.TrimSuffix(p.rest, trimmed)
	p.rest = trimmed
	return name
}

// number reads decimal digits, at least one.
func (p *clockText) number() int {
	digits, value := 0, 0
	for digits < len(p.rest) && digits < 3 && p.rest[digits] >= '0' && p.rest[digits] <= '9' {
		value = value*10 + int(p.rest[digits]-'0')
		digits++
	}
	p.bad = p.bad || digits == 0
	p.rest = p.rest[digits:]
	return value
}

// take reads one sign if it comes next.
func (p *clockText) take(sign string) bool {
	after, found := strings.CutPrefix(p.rest, sign)
	p.rest = after
	return found
}

// duration reads [+-]hours[:minutes[:seconds]] in seconds.
func (p *clockText) duration() int {
	sign := 1
	if p.take("-") {
		sign = -1
	} else {
		p.take("+")
	}
	seconds := p.number() * 3600
	if p.take(":") {
		seconds += p.number() * 60
		if p.take(":") {
			seconds += p.number()
		}
	}
	return sign * seconds
}

// change reads ,Mmonth.week.weekday[/time].
func (p *clockText) change() change {
	if !p.take(",M") {
		p.bad = true
		return change{}
	}
	c := change{month: time.Month(p.number())}
	p.bad = !p.take(".") || p.bad
	c.week = p.number()
	p.bad = !p.take(".") || p.bad
	c.weekday = time.Weekday(p.number())
	at := 2 * 3600
	if p.take("/") {
		at = p.duration()
	}
	p.bad = p.bad || c.month < time.January || c.month > time.December || c.week < 1 || c.week > lastWeek || c.weekday > time.Saturday
	return c.at(at)
}

// at puts the change to a time of its day, in seconds. A few zones count on into the next day or back into the one before, which no phone can be
// told: for them the clock changes with the day's last or first minute, some hours beside the law in one night of a year.
func (c change) at(seconds int) change {
	const day = 24 * 3600
	seconds = min(max(seconds, 0), day-60)
	c.hour, c.minute = seconds/3600, seconds/60%60
	return c
}

// posix spells the rule out as POSIX's TZ does, nothing left to be guessed: CET-1CEST-2,M3.5.0/02:00:00,M10.5.0/03:00:00. Its hours count westward.
func (r clockRule) posix() string {
	text := cmp.Or(r.names[0], "STD") + westward(r.offset)
	if r.save == 0 {
		return text
	}
	return text + cmp.Or(r.names[1], "DST") + westward(r.offset+r.save) + "," + r.start.posix() + "," + r.end.posix()
}

func (c change) posix() string {
	return fmt.Sprintf("M%d.%d.%d/%02d:%02d:00", c.month, c.week, c.weekday, c.hour, c.minute)
}

// westward writes seconds east of UTC as POSIX counts them: -1 for an hour east, +3:30 west.
func westward(seconds int) string {
	sign := "-"
	if seconds <= 0 {
		sign, seconds = "+", -seconds
	}
	text := sign + strconv.Itoa(seconds/3600)
	if minutes := seconds / 60 % 60; minutes != 0 {
		text += fmt.Sprintf(":%02d", minutes)
	}
	return text
}
