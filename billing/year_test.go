package billing_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/billing"
	"dialtone/customer"
)

// liveDay tells what happened on a day: now and then it is about days that are closed already.
func (w *world) liveDay(t testing.TB, begin time.Time) {
	t.Helper()
	pick := func(of ...string) string { return of[w.dice.IntN(len(of))] }
	second := begin.Unix()
	for range 3 {
		second += w.dice.Int64N(7 * 3600)
		who := w.dice.IntN(20)
		h := happening{
			second: second, org: w.orgs[who%len(w.orgs)], subject: fmt.Sprint("subject-", who), workspace: who > 16,
			kind: customer.EventKind(pick("package.assigned", "package.assigned", "package.removed", "package.moved")),
			pkg:  pick("webex_calling", "webex_meetings", "webex_suite", "attendant_console"), place: pick("shop", "annex"), paper: pick("", "license-1"),
		}
		if w.dice.IntN(30) == 0 {
			h.second -= w.dice.Int64N(40 * 86400)
		}
		w.tell(t, h)
	}
}

// kinds counts the events of a kind that a customer has.
func (w *world) kinds(t testing.TB, kind customer.EventKind) int {
	t.Helper()
	all := 0
	for _, org := range w.orgs {
		tenant := customer.Tenant{Partner: w.actor.Partner, Customer: customer.OrgID(org)}
		list, more, err := w.store.Customers().Events(t.Context(), tenant, customer.EventFilter{Kind: kind}, customer.Page{Max: 10_000})
		require.NoError(t, err)
		require.False(t, more)
		all += len(list)
	}
	return all
}

// TestAYearOfClosingDays lives a leap year day by day in two zones, with changes on each and corrections of days that are closed. Then every month's reports agree
// with the intervals of the log, and those of the months in which clocks change or a day is added with a count of every second.
func TestAYearOfClosingDays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, filepath.Join(t.TempDir(), "year.db"), scene{"a year", "Europe/Berlin", "America/New_York", "2028-01-01", "2028-12-31"}, 366)
	first := time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC)
	for day := first; day.Year() == 2028; day = day.AddDate(0, 0, 1) {
		w.liveDay(t, day)
		w.today(day.Add(30 * time.Hour)) // it is over in New York, too
		require.NoError(t, w.ledger.CloseDays(t.Context()))
	}
	closed, restated := w.kinds(t, billing.EventDaysClosed), w.kinds(t, billing.EventDayRestated)
	assert.Greater(t, closed, 3*360)
	assert.Greater(t, restated, 20)
	require.NoError(t, w.ledger.CloseDays(t.Context()))
	assert.Equal(t, [2]int{closed, restated}, [2]int{w.kinds(t, billing.EventDaysClosed), w.kinds(t, billing.EventDayRestated)}, "closing twice changes nothing")

	year := recount{}
	for month := time.January; month <= time.December; month++ {
		begin := time.Date(2028, month, 1, 0, 0, 0, 0, time.UTC)
		from, until := begin.Format(time.DateOnly), begin.AddDate(0, 1, -1).Format(time.DateOnly)
		for about, units := range w.monthly(t, from, until) {
			year[about] += units
		}
	}
	assert.Equal(t, w.folded(t, "2028-01-01", "2028-12-31"), year, "the months add up to the year")
	w.agree(t, "2028-02-28", "2028-03-13") // a leap day, and summer in New York
	w.agree(t, "2028-10-28", "2028-11-06") // winter in both
}

// monthly holds the reports of each type of a month against the log's intervals, and returns the one by user.
func (w *world) monthly(t testing.TB, first, last string) recount {
	t.Helper()
	want := w.folded(t, first, last)
	for _, kind := range billing.Types() {
		r := w.ordered(t, billing.NewReport{Start: first, End: last, Type: kind})
		require.Equal(t, billing.Completed, r.Status, "%v", r.Errors)
		got := w.described(t, r, w.accounts)
		require.Equal(t, want.by(kind, w.accounts), got, "%s %s", first, kind)
		require.Equal(t, want.total(), got.total())
	}
	return want
}

// TestWhatDidNothingMayDoSomethingLater has an end of what wasn't held, and a beginning before it that comes to light when both days are closed.
func TestWhatDidNothingMayDoSomethingLater(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	ledger := o.countsByLedger()
	o.happened(t, "org", on("2026-04-08", "00:00:00"), customer.EventPackageAssigned, "s", "attendant_console", "l")
	o.happened(t, "org", on("2026-04-20", "12:00:00"), customer.EventPackageRemoved, "s", "webex_calling", "l")
	require.NoError(t, ledger.CloseDays(t.Context()))
	o.happened(t, "org", on("2026-04-12", "00:00:00"), customer.EventPackageAssigned, "s", "webex_calling", "l")
	rows := o.file(t, o.ordered(t, april()))
	require.Len(t, rows, 3)
	assert.Equal(t, []string{"ATTENDANT_CONSOLE", "23", "WEBEX_CALLING", "8.5"}, []string{rows[1][3], rows[1][8], rows[2][3], rows[2][8]})
}
