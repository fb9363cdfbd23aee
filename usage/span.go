package usage

import (
	"iter"
	"sort"
	"time"
)

// Span is a number of days in a zone, the first and the last included, with the instants at which they begin. It isn't changed by being used.
type Span struct {
	zone        Zone
	first, last Day
	begins      []int64 // of each day and of the one after the last, in microseconds since 1970
	before      []Units // whole days before each of them: days that the zone left out have no usage
}

// NewSpan returns the days from first to last; none when last is before first. It takes 16 bytes a day.
func NewSpan(zone Zone, first, last Day) Span {
	last = max(last, first-1)
	s := Span{zone: zone, first: first, last: last}
	days := int(last-first) + 1
	s.begins, s.before = make([]int64, days+1), make([]Units, days+1)
	s.begins[0] = zone.Begin(first).UnixMicro()
	for i := range days {
		s.begins[i+1] = zone.Begin(first + Day(i) + 1).UnixMicro()
		s.before[i+1] = s.before[i]
		if s.begins[i+1] > s.begins[i] {
			s.before[i+1] += One
		}
	}
	return s
}

// First returns the first day.
func (s Span) First() Day { return s.first }

// Last returns the last day.
func (s Span) Last() Day { return s.last }

// Begin returns the instant at which the first day begins. Whatever ends before has no usage.
func (s Span) Begin() time.Time { return time.UnixMicro(s.begins[0]).UTC() }

// End returns the instant at which the last day ends. Whatever begins then or later has no usage.
func (s Span) End() time.Time { return time.UnixMicro(s.begins[len(s.begins)-1]).UTC() }

// Whole returns the usage of what is held all the time: as many whole days as there were.
func (s Span) Whole() Units { return s.before[len(s.before)-1] }

// Usage returns what of an assignment falls on the span's days.
func (s Span) Usage(a Assignment) Units {
	from, until := s.clip(a)
	return s.place(until) - s.place(from)
}

// ByDay gives what of an assignment falls on each of the span's days, in their order, without those that have nothing of it. The sum is that of Usage.
func (s Span) ByDay(a Assignment) iter.Seq2[Day, Units] {
	return func(yield func(Day, Units) bool) {
		from, until := s.clip(a)
		for i := s.index(from); i < len(s.begins)-1 && s.begins[i] < until; i++ {
			units := s.place(min(until, s.begins[i+1])) - s.place(max(from, s.begins[i]))
			if units > 0 && !yield(s.first+Day(i), units) {
				return
			}
		}
	}
}

// Usage returns what of an assignment falls on the days from first to last, both included, of a zone. Whoever asks for many makes a Span once.
func Usage(a Assignment, zone Zone, first, last Day) Units {
	return NewSpan(zone, first, last).Usage(a)
}

// clip returns the part of an assignment that is in the span and billed; it is empty, and not reversed, when there is none.
func (s Span) clip(a Assignment) (int64, int64) {
	begin, end := s.begins[0], s.begins[len(s.begins)-1]
	if a.BilledFrom > s.first {
		begin = s.begins[min(int(a.BilledFrom-s.first), len(s.begins)-1)]
	}
	from, until := max(a.From.UnixMicro(), begin), end
	if !a.Open() {
		until = min(a.Until.UnixMicro(), end)
	}
	return from, max(until, from)
}

// index returns which of the span's days an instant is in: the last that has begun; the first for what is before.
func (s Span) index(at int64) int {
	return max(sort.Search(len(s.begins), func(i int) bool { return s.begins[i] > at })-1, 0)
}

// place returns how many whole days and millionths of a day an instant is behind the span's beginning, rounded half up. It never falls with time.
func (s Span) place(at int64) Units {
	i := s.index(at)
	if i == len(s.begins)-1 || at <= s.begins[i] {
		return s.before[i]
	}
	elapsed, length := at-s.begins[i], s.begins[i+1]-s.begins[i]
	return s.before[i] + Units((2*elapsed*int64(One)+length)/(2*length)) // below 4*10^17 for a day of two days
}

// Stretch is the part of an assignment that falls on a span.
type Stretch struct {
	Assignment  Assignment
	From, Until time.Time // the part that counts, UTC
	Units       Units
}

// Explain returns what a number is made of: for each assignment that has usage in the span, the part of it. The sum is that of Usage over all of them.
func (s Span) Explain(assignments []Assignment) []Stretch {
	out := []Stretch{}
	for _, a := range assignments {
		from, until := s.clip(a)
		if units := s.place(until) - s.place(from); units > 0 {
			out = append(out, Stretch{a, time.UnixMicro(from).UTC(), time.UnixMicro(until).UTC(), units})
		}
	}
	return out
}
