package usage_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dialtone/customer"
	"dialtone/usage"
)

// at is a moment of 1 May 2026.
func at(t require.TestingT, clock string) time.Time { return instant(t, "2026-05-01T"+clock+"Z") }

// adas gives changes their numbers, and Ada for a subject.
func adas(changes ...usage.Change) []usage.Change {
	for i := range changes {
		changes[i].Event, changes[i].Subject, changes[i].SubjectKind, changes[i].Customer = int64(i+1), "ada", usage.KindPerson, "acme"
	}
	return changes
}

// brief is what tells assignments apart in tests.
func brief(assignments []usage.Assignment) []string {
	out := []string{}
	for _, a := range assignments {
		until := "open"
		if !a.Open() {
			until = a.Until.Format("15:04")
		}
		out = append(out, fmt.Sprintf("%s %s@%s/%s %s-%s", a.Subject, a.Package, a.Location, a.License, a.From.Format("15:04"), until))
	}
	return out
}

func TestFold(t *testing.T) {
	t.Parallel()
	type c = usage.Change
	const calling, suite, console = customer.WebexCalling, customer.WebexSuite, customer.AttendantConsole
	nine, ten, eleven := at(t, "09:00:00"), at(t, "10:00:00"), at(t, "11:00:00")
	tests := []struct {
		name    string
		changes []usage.Change
		want    []string
	}{
		{"nothing", nil, []string{}},
		{"assigned and taken away", adas(c{At: nine, Kind: usage.Started, Package: calling}, c{At: ten, Kind: usage.Ended, Package: calling}),
			[]string{"ada webex_calling@/ 09:00-10:00"}},
		{"another package in mid-day", adas(c{At: nine, Kind: usage.Started, Package: calling, Location: "hq"},
			c{At: ten, Kind: usage.Ended, Package: calling}, c{At: ten, Kind: usage.Started, Package: suite, Location: "hq"}),
			[]string{"ada webex_calling@hq/ 09:00-10:00", "ada webex_suite@hq/ 10:00-open"}},
		{"the same, told the other way round", adas(c{At: nine, Kind: usage.Started, Package: calling},
			c{At: ten, Kind: usage.Started, Package: suite}, c{At: ten, Kind: usage.Ended, Package: calling}),
			[]string{"ada webex_calling@/ 09:00-10:00", "ada webex_suite@/ 10:00-open"}},
		{"one base package, though nobody took the other away", adas(c{At: nine, Kind: usage.Started, Package: calling}, c{At: ten, Kind: usage.Started, Package: suite}),
			[]string{"ada webex_calling@/ 09:00-10:00", "ada webex_suite@/ 10:00-open"}},
		{"an add-on beside a package", adas(c{At: nine, Kind: usage.Started, Package: calling}, c{At: ten, Kind: usage.Started, Package: console},
			c{At: eleven, Kind: usage.Ended, Package: console}),
			[]string{"ada webex_calling@/ 09:00-open", "ada attendant_console@/ 10:00-11:00"}},
		{"a move takes all along", adas(c{At: nine, Kind: usage.Started, Package: calling, Location: "hq"}, c{At: nine, Kind: usage.Started, Package: console, Location: "hq"},
			c{At: ten, Kind: usage.Moved, Location: "annex"}),
			[]string{"ada attendant_console@hq/ 09:00-10:00", "ada webex_calling@hq/ 09:00-10:00", "ada attendant_console@annex/ 10:00-open", "ada webex_calling@annex/ 10:00-open"}},
		{"a move to where it is", adas(c{At: nine, Kind: usage.Started, Package: calling, Location: "hq"}, c{At: ten, Kind: usage.Moved, Location: "hq"}),
			[]string{"ada webex_calling@hq/ 09:00-open"}},
		{"assigned again elsewhere", adas(c{At: nine, Kind: usage.Started, Package: calling, Location: "hq"}, c{At: ten, Kind: usage.Started, Package: calling, Location: "annex"}),
			[]string{"ada webex_calling@hq/ 09:00-10:00", "ada webex_calling@annex/ 10:00-open"}},
		{"a licence comes later", adas(c{At: nine, Kind: usage.Started, Package: calling}, c{At: ten, Kind: usage.Licensed, Package: calling, License: "L1"}),
			[]string{"ada webex_calling@/ 09:00-10:00", "ada webex_calling@/L1 10:00-open"}},
		{"deleted, with all that was held", adas(c{At: nine, Kind: usage.Started, Package: calling}, c{At: nine, Kind: usage.Started, Package: console},
			c{At: ten, Kind: usage.Ended}),
			[]string{"ada attendant_console@/ 09:00-10:00", "ada webex_calling@/ 09:00-10:00"}},
		{"taken away and given again", adas(c{At: nine, Kind: usage.Started, Package: calling}, c{At: ten, Kind: usage.Ended, Package: calling},
			c{At: eleven, Kind: usage.Started, Package: calling}),
			[]string{"ada webex_calling@/ 09:00-10:00", "ada webex_calling@/ 11:00-open"}},
		{"ends without begins", adas(c{At: nine, Kind: usage.Ended, Package: calling}, c{At: nine, Kind: usage.Ended}, c{At: ten, Kind: usage.Moved, Location: "hq"}), []string{}},
		{"given and taken in one moment", adas(c{At: nine, Kind: usage.Started, Package: calling}, c{At: nine, Kind: usage.Ended, Package: calling}), []string{}},
		{"a correction: it ended earlier", adas(c{At: nine, Kind: usage.Started, Package: calling}, c{At: eleven, Kind: usage.Ended, Package: calling},
			c{At: ten, Kind: usage.Ended, Package: calling}),
			[]string{"ada webex_calling@/ 09:00-10:00"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.want, brief(usage.Fold(tt.changes)))
			slices.Reverse(tt.changes)
			assert.Equal(t, tt.want, brief(usage.Fold(append(tt.changes, tt.changes...))), "backwards and twice")
		})
	}
}

func TestAnAssignmentKnowsWhereItComesFrom(t *testing.T) {
	t.Parallel()
	changes := []usage.Change{
		{Event: 5, At: at(t, "09:00:00.1234567"), Kind: usage.Started, Customer: "acme", Subject: "s1", SubjectKind: usage.KindPerson, Person: "p1",
			Package: customer.WebexCalling, Location: "hq", License: "L1"},
		{Event: 9, At: at(t, "10:00:00"), Kind: usage.Ended, Customer: "acme", Subject: "s1", SubjectKind: usage.KindPerson},
		{Event: 10, At: at(t, "10:00:00"), Kind: usage.Started, Customer: "other", Subject: "s1", SubjectKind: usage.KindWorkspace, Package: customer.CommonAreaCalling},
	}
	assert.Equal(t, []usage.Assignment{
		{Customer: "acme", Subject: "s1", SubjectKind: usage.KindPerson, Person: "p1", Package: customer.WebexCalling, Location: "hq", License: "L1",
			From: at(t, "09:00:00.123456"), Until: at(t, "10:00:00"), Begun: 5, Ended: 9},
		{Customer: "other", Subject: "s1", SubjectKind: usage.KindWorkspace, Package: customer.CommonAreaCalling, From: at(t, "10:00:00"), Begun: 10},
	}, usage.Fold(changes))
}

// drawHistory gives changes of a few subjects of two customers within some time, many of them senseless.
func drawHistory(t *rapid.T, begin time.Time, seconds int) []usage.Change {
	packages := []customer.Package{customer.WebexCalling, customer.WebexSuite, customer.AttendantConsole, ""}
	kinds := []usage.ChangeKind{usage.Started, usage.Started, usage.Started, usage.Ended, usage.Moved, usage.Licensed}
	var out []usage.Change
	for i := range rapid.IntRange(0, 40).Draw(t, "changes") {
		who := rapid.SampledFrom([]usage.SubjectID{"ada", "bob", "hall"}).Draw(t, "subject")
		c := usage.Change{
			Event: int64(i + 1), At: begin.Add(time.Duration(rapid.IntRange(0, seconds).Draw(t, "second")) * time.Second), Kind: rapid.SampledFrom(kinds).Draw(t, "kind"),
			Customer: "acme", Subject: who, SubjectKind: usage.KindPerson, Person: customer.PersonID("person of " + who), Package: rapid.SampledFrom(packages).Draw(t, "package"),
			Location: rapid.SampledFrom([]customer.LocationID{"hq", "annex"}).Draw(t, "location"), License: rapid.SampledFrom([]usage.LicenseID{"", "L1"}).Draw(t, "licence"),
		}
		if who != "ada" {
			c.Customer = "bell"
		}
		if who == "hall" {
			c.SubjectKind, c.Person = usage.KindWorkspace, ""
		}
		if c.Kind == usage.Started && c.Package == "" {
			c.Package = customer.WebexVoice
		}
		out = append(out, c)
	}
	return out
}

// The order in which changes are read doesn't matter, nor whether some are read twice.
func TestFoldDependsOnNothingButWhatHappened(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		history := drawHistory(t, at(t, "00:00:00"), 20)
		twice := rapid.Permutation(append(slices.Clone(history), history...)).Draw(t, "order")
		require.Equal(t, usage.Fold(history), usage.Fold(twice))
	})
}

// No subject holds a package twice at a time, nor two base packages.
func TestAssignmentsDontOverlap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		all := usage.Fold(drawHistory(t, at(t, "00:00:00"), 100))
		for i, a := range all {
			require.False(t, a.Empty())
			require.NotZero(t, a.Begun)
			require.Equal(t, a.Open(), a.Ended == 0)
			for _, b := range all[i+1:] {
				if a.Subject == b.Subject && (a.Package == b.Package || !a.Package.AddOn() && !b.Package.AddOn()) {
					require.False(t, a.Open(), "%v and %v", a, b)
					require.False(t, b.From.Before(a.Until), "%v and %v", a, b)
				}
			}
		}
	})
}

// A store that applies each change as it comes has what folding the log gives.
func TestApplyingOneByOneIsFolding(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		history := drawHistory(t, at(t, "00:00:00"), 100)
		slices.SortStableFunc(history, func(a, b usage.Change) int { return a.At.Compare(b.At) })
		var table []usage.Assignment
		for _, c := range history {
			effect := usage.Apply(slices.DeleteFunc(slices.Clone(table), func(a usage.Assignment) bool { return a.Subject != c.Subject || !a.Open() }), c)
			for _, ended := range effect.Closed {
				row := slices.IndexFunc(table, func(a usage.Assignment) bool {
					return a.Subject == ended.Subject && a.Package == ended.Package && a.Open()
				})
				table[row] = ended
				if ended.Empty() {
					table = slices.Delete(table, row, row+1)
				}
			}
			table = append(table, effect.Opened...)
		}
		require.ElementsMatch(t, usage.Fold(history), table)
	})
}

// cell is what usage is summed by.
type cell struct {
	subject  usage.SubjectID
	pkg      customer.Package
	location customer.LocationID
	license  usage.LicenseID
}

// recount walks through the days second by second, with a list of what everybody holds, and adds up what each second takes its day further.
func recount(z usage.Zone, first, last usage.Day, history []usage.Change) map[cell]usage.Units {
	slices.SortStableFunc(history, func(a, b usage.Change) int { return a.At.Compare(b.At) })
	var holds []cell
	var counters []*usage.Units // of what is held
	sums := map[cell]*usage.Units{}
	for d := first; d <= last; d++ {
		begin, before := z.Begin(d), usage.Units(0)
		length := int64(z.Begin(d + 1).Sub(begin).Seconds())
		for second := range length {
			for len(history) > 0 && !history[0].At.After(begin.Add(time.Duration(second)*time.Second)) {
				holds = happened(holds, history[0])
				history, counters = history[1:], counters[:0]
				for _, c := range holds {
					if sums[c] == nil {
						sums[c] = new(usage.Units)
					}
					counters = append(counters, sums[c])
				}
			}
			share := usage.Units(((second+1)*1_000_000 + length/2) / length)
			for _, counter := range counters {
				*counter += share - before
			}
			before = share
		}
	}
	out := map[cell]usage.Units{}
	for c, units := range sums {
		if *units > 0 {
			out[c] = *units
		}
	}
	return out
}

// happened is the list of what everybody holds after a change.
func happened(holds []cell, c usage.Change) []cell {
	var out []cell
	for _, h := range holds {
		same := h.subject == c.Subject && (c.Package == "" || c.Package == h.pkg)
		bothBase := h.subject == c.Subject && h.pkg != customer.AttendantConsole && c.Package != customer.AttendantConsole
		switch {
		case c.Kind == usage.Ended && same, c.Kind == usage.Started && (same || bothBase):
			continue
		case c.Kind == usage.Moved && same:
			h.location = c.Location
		case c.Kind == usage.Licensed && same:
			h.license = c.License
		}
		out = append(out, h)
	}
	if c.Kind == usage.Started {
		out = append(out, cell{c.Subject, c.Package, c.Location, c.License})
	}
	return out
}

// Folding and the arithmetic of intervals agree with counting second by second, to the last digit.
func TestARecountSecondBySecondAgrees(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		z := zone(t, rapid.SampledFrom(zones()).Draw(t, "zone"))
		first := day(t, rapid.SampledFrom([]string{"2026-03-28", "2026-10-25", "2011-12-29", "2018-11-04", "2010-11-06"}).Draw(t, "first"))
		last := first + usage.Day(rapid.IntRange(0, 1).Draw(t, "days"))
		begin := z.Begin(first)
		history := drawHistory(t, begin, int(z.Begin(last+1).Sub(begin).Seconds())+3600)
		span, got := usage.NewSpan(z, first, last), map[cell]usage.Units{}
		for _, a := range usage.Fold(history) {
			if units := span.Usage(a); units > 0 {
				got[cell{a.Subject, a.Package, a.Location, a.License}] += units
			}
		}
		require.Equal(t, recount(z, first, last, history), got)
	})
}
