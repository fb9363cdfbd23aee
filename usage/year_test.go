package usage_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/usage"
)

// year is a partner's year: a clock that is set by hand, a log that grows, a table that follows it, and sums of the days that were closed.
type year struct {
	dice   *rand.Rand
	zone   usage.Zone
	now    time.Time
	log    []usage.Change
	table  []usage.Assignment
	open   map[usage.SubjectID][]int // where in the table
	closed map[usage.Day]*usage.Tally
}

// happen writes a change into the log, and what it means into the table.
func (y *year) happen(subject usage.SubjectID, kind usage.ChangeKind, pkg customer.Package) {
	c := usage.Change{
		Event: int64(len(y.log) + 1), At: y.now, Kind: kind, Customer: customer.OrgID("customer-" + subject[:2]), Subject: subject, SubjectKind: usage.KindPerson, Package: pkg,
		Location: customer.LocationID(fmt.Sprintf("location-%d", y.dice.IntN(3))),
	}
	if y.now.Month() > time.June {
		c.License = "license"
	}
	y.log = append(y.log, c)
	held := y.open[subject]
	var open []usage.Assignment
	for _, at := range held {
		open = append(open, y.table[at])
	}
	effect := usage.Apply(open, c)
	for _, ended := range effect.Closed {
		which := slices.IndexFunc(held, func(at int) bool { return y.table[at].Package == ended.Package })
		y.table[held[which]] = ended
		held = slices.Delete(held, which, which+1)
	}
	for _, begun := range effect.Opened {
		y.table = append(y.table, begun)
		held = append(held, len(y.table)-1)
	}
	y.open[subject] = held
}

// close counts a day that is over.
func (y *year) close(d usage.Day) *usage.Tally {
	span, sums := usage.NewSpan(y.zone, d, d), usage.NewTally(usage.TypeCustomer)
	for _, a := range y.table {
		if span.Usage(a) == 0 {
			continue
		}
		r := span.Row(accountOf(a.Customer), a)
		r.First, r.Last = 0, 0
		sums.Add(r)
	}
	return sums
}

// live lets a day go by with some changes, and closes it.
func (y *year) live(d usage.Day, people int) {
	packages := []customer.Package{customer.WebexCalling, customer.WebexSuite, customer.WebexVoice, customer.AttendantConsole}
	kinds := []usage.ChangeKind{usage.Started, usage.Started, usage.Ended, usage.Moved, usage.Licensed}
	length := y.zone.Begin(d + 1).Sub(y.zone.Begin(d))
	var moments []time.Duration
	for range y.dice.IntN(20) {
		moments = append(moments, time.Duration(y.dice.Int64N(int64(length))))
	}
	slices.Sort(moments)
	for _, moment := range moments {
		y.now = y.zone.Begin(d).Add(moment)
		y.happen(usage.SubjectID(fmt.Sprintf("%02d-%03d", y.dice.IntN(20), y.dice.IntN(people/20))), kinds[y.dice.IntN(len(kinds))], packages[y.dice.IntN(len(packages))])
	}
	y.now = y.zone.Begin(d + 1)
	y.closed[d] = y.close(d)
}

// In a year that is lived day by day, the days that were closed add up to the reports that are made from the log at its end.
func TestAYearDayByDay(t *testing.T) {
	t.Parallel()
	y := &year{dice: rand.New(rand.NewPCG(2028, 1)), zone: zone(t, "Europe/Berlin"), open: map[usage.SubjectID][]int{}, closed: map[usage.Day]*usage.Tally{}}
	first, last := day(t, "2028-01-01"), day(t, "2028-12-31")
	for d := first; d <= last; d++ {
		y.live(d, 200)
	}
	for d, sums := range y.closed {
		require.Equal(t, sums.Rows(), y.close(d).Rows(), "closing %s again, months later, changes nothing", d)
	}
	assignments := usage.Fold(y.log)
	require.Greater(t, len(assignments), 1000)
	require.ElementsMatch(t, assignments, slices.DeleteFunc(y.table, usage.Assignment.Empty), "the table follows from the log")

	span := usage.NewSpan(y.zone, first, last)
	for _, reported := range usage.Types()[:2] { // days are summed by customer
		byDays, atOnce := usage.NewTally(reported), usage.NewTally(reported)
		for _, sums := range y.closed {
			for _, r := range sums.Rows() {
				r.First, r.Last = first, last
				byDays.Add(r)
			}
		}
		for _, a := range assignments {
			atOnce.Add(span.Row(accountOf(a.Customer), a))
		}
		assert.Equal(t, atOnce.Rows(), byDays.Rows(), reported)
	}
	months := usage.Units(0)
	for d := first; d <= last; {
		end := usage.DayOf(time.Date(2028, time.Month(monthOf(d)+1), 0, 0, 0, 0, 0, time.UTC))
		month := usage.NewSpan(y.zone, d, end)
		for _, a := range assignments {
			months += month.Usage(a)
		}
		d = end + 1
	}
	whole := usage.Units(0)
	for _, a := range assignments {
		whole += span.Usage(a)
	}
	assert.Equal(t, whole, months)
}

func monthOf(d usage.Day) int {
	_, month, _ := d.Date()
	return int(month)
}
