package billing_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/billing"
	"dialtone/customer"
	"dialtone/fault"
	"dialtone/usage"
)

// everything is a page that has it all.
func everything() customer.Page { return customer.Page{Max: 1 << 30} }

func (o *office) desk() *billing.Desk {
	return billing.NewDesk(billing.DeskConfig{Store: o.store.Billing(), Now: func() time.Time { return *o.clock.Load() }})
}

// inZone sets the time zone of the office's customers, which have no subscription's name.
func (o *office) inZone(t *testing.T, name string) usage.Zone {
	t.Helper()
	zone, err := usage.ParseZone(name)
	require.NoError(t, err)
	require.NoError(t, o.store.Billing().Update(t.Context(), o.actor.Tenant(), func(tx billing.Tx) error { return tx.SetZone(t.Context(), o.actor.Partner, "", zone) }))
	return zone
}

// history is some weeks of an office in which much happened, some of it late, and days were closed now and then.
func history(t *testing.T, o *office, seed uint64, ledger *billing.Ledger) {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 3))
	kinds, packages := usage.ChangeKinds(), []string{"webex_calling", "webex_meetings", "attendant_console", "common_area_calling"}
	customers := 1 + int(seed%3)*10 // few are counted one by one, many at once
	at := on("2026-03-01", "05:00:00")
	for i := range 150 {
		at = at.Add(time.Duration(random.Int64N(int64(9 * time.Hour)))).Truncate(time.Microsecond)
		moment := at
		if random.IntN(6) == 0 {
			moment = at.Add(-time.Duration(random.Int64N(int64(72 * time.Hour))))
		}
		kind := kinds[random.IntN(len(kinds))]
		if i < customers {
			kind = customer.EventPackageAssigned
		}
		o.happened(t, customer.OrgID(fmt.Sprintf("org%02d", i%customers)), moment, kind, fmt.Sprint("s", random.IntN(4)), packages[random.IntN(len(packages))], fmt.Sprint("l", random.IntN(2)))
		if o.today(at.Add(time.Minute)); random.IntN(12) == 0 {
			require.NoError(t, ledger.CloseDays(t.Context()))
		}
	}
	if seed%2 == 0 {
		o.today(at.Add(time.Duration(random.Int64N(int64(60 * time.Hour)))))
	}
}

// recount adds up the log alone: what falls on days that are over, and on the one that isn't.
func (o *office) recount(t *testing.T, zone usage.Zone, first, last usage.Day) billing.Amount {
	t.Helper()
	now := *o.clock.Load()
	held, err := o.store.Billing().FoldEvents(t.Context(), o.actor.Tenant())
	require.NoError(t, err)
	var sum billing.Amount
	over := min(last, zone.Day(now)-1)
	for _, a := range held {
		sum.Quantity += usage.Usage(a.AsOf(now), zone, first, over)
		sum.Provisional += usage.Usage(a.AsOf(now), zone, max(first, over+1), last)
	}
	return sum
}

// TestTheDeskAgreesWithTheLog looks at random histories in every way, while some days are closed, some aren't, and some don't hold any more.
func TestTheDeskAgreesWithTheLog(t *testing.T) {
	t.Parallel()
	for seed := range uint64(9) {
		o := newOffice(t)
		ledger := o.countsByLedger()
		zone := o.inZone(t, []string{"America/New_York", "Pacific/Kiritimati", "UTC"}[seed/3])
		history(t, o, seed, ledger)
		desk, today := o.desk(), zone.Day(*o.clock.Load())
		random := rand.New(rand.NewPCG(seed, 4))
		for range 6 {
			last := min(today-usage.Day(random.IntN(3)), usage.DayOf(o.clock.Load().UTC()))
			first := last - usage.Day(random.IntN(50))
			q := billing.Query{Tenant: o.actor.Tenant(), Start: first.String(), End: last.String()}
			want := o.recount(t, zone, first, last)
			for _, by := range billing.Groupings() {
				got, more, err := desk.Usage(t.Context(), q, by, everything())
				require.NoError(t, err)
				assert.False(t, more)
				require.Equal(t, want, got.Total, "%d: %s to %s by %s", seed, first, last, by)
				var sum billing.Amount
				for _, row := range got.Rows {
					sum.Quantity, sum.Provisional = sum.Quantity+row.Quantity, sum.Provisional+row.Provisional
				}
				assert.Equal(t, want, sum)
				assert.Equal(t, last >= today, got.Provisional)
			}
			daily, _, err := desk.Daily(t.Context(), q, everything())
			require.NoError(t, err)
			var sum billing.Amount
			for _, p := range daily.Points {
				sum.Quantity, sum.Provisional = sum.Quantity+p.Quantity, sum.Provisional+p.Provisional
				assert.True(t, p.Day >= first && p.Day <= last)
			}
			assert.Equal(t, want, sum, "%d: %s to %s by day", seed, first, last)
			assert.Equal(t, want, o.timelines(t, desk, q), "%d: %s to %s by timeline", seed, first, last)
		}
	}
}

// timelines adds up what the timelines of all customers say, and holds each number to the days that it is made of.
func (o *office) timelines(t *testing.T, desk *billing.Desk, q billing.Query) billing.Amount {
	t.Helper()
	standings, err := o.store.Billing().Standings(t.Context(), o.actor.Tenant(), "", 1000)
	require.NoError(t, err)
	var all billing.Amount
	for _, s := range standings {
		of := billing.Query{Tenant: s.Tenant(), Start: q.Start, End: q.End}
		got, _, err := desk.Timeline(t.Context(), of, billing.Who{}, everything())
		require.NoError(t, err)
		var sum billing.Amount
		for _, subject := range got.Subjects {
			sum.Quantity, sum.Provisional = sum.Quantity+subject.Quantity, sum.Provisional+subject.Provisional
			for _, held := range subject.Held {
				days := usage.Units(held.WholeDays) * usage.One
				for _, p := range held.Parts {
					days += p.Units
				}
				assert.Equal(t, held.Quantity+held.Provisional, days, held.Why)
				require.NotNil(t, held.Begins)
				assert.Equal(t, held.Begun, held.Begins.ID)
				assert.Equal(t, held.Open(), held.Ends == nil)
			}
			one, _, err := desk.Timeline(t.Context(), of, billing.Who{Subscriber: customer.SubscriberID(subject.ID)}, everything())
			require.NoError(t, err)
			assert.Equal(t, subject.Amount, one.Total)
		}
		assert.Equal(t, got.Total, sum)
		all.Quantity, all.Provisional = all.Quantity+sum.Quantity, all.Provisional+sum.Provisional
	}
	return all
}

// TestAReportOfOursDiffersInNothing compares files of reports with ours again, and what somebody changed in them.
func TestAReportOfOursDiffersInNothing(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		o := newOffice(t)
		ledger := o.countsByLedger()
		zone := o.inZone(t, "America/New_York")
		history(t, o, seed, ledger)
		desk, last := o.desk(), zone.Day(*o.clock.Load())-1
		q := billing.Query{Tenant: o.actor.Tenant(), Start: (last - 20).String(), End: last.String()}
		want := o.recount(t, zone, last-20, last).Quantity
		for _, kind := range billing.Types() {
			r := o.ordered(t, billing.NewReport{Start: q.Start, End: q.End, Type: kind})
			require.Equal(t, billing.Completed, r.Status, "%v", r.Errors)
			var file bytes.Buffer
			require.NoError(t, o.WriteFile(t.Context(), o.actor.Partner, r.ID, &file))
			got, err := desk.Reconcile(t.Context(), q, "", strings.NewReader(file.String()))
			require.NoError(t, err)
			assert.Equal(t, []any{string(kind), want, want, 0}, []any{string(got.Type), got.Ours, got.Theirs, got.NumberOfDifferences}, "%d %s: %v", seed, kind, got.Differences)

			lines := strings.SplitAfter(file.String(), "\n")
			lines = slices.Delete(lines, 1, 2)
			lines = append(lines, strings.Replace(lines[1], "WEBEX", "OTHER", 1))
			got, err = desk.Reconcile(t.Context(), q, "", strings.NewReader(strings.Join(lines, "")))
			require.NoError(t, err)
			var sum usage.Units
			number := 0
			for _, cause := range got.Causes {
				sum, number = sum+cause.By, number+cause.Count
			}
			assert.Equal(t, got.By(), sum)
			assert.Equal(t, got.NumberOfDifferences, number)
			assert.Positive(t, number)
		}
	}
}

func TestOnlySomeCompareAtATime(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	desk := o.desk()
	q := billing.Query{Tenant: o.actor.Tenant(), Start: "2026-04-01", End: "2026-04-30"}
	first := &slowFile{begun: make(chan struct{}), text: "SERVICE_NAME,QUANTITY\n", let: make(chan struct{})}
	done := make(chan error, 1)
	go func() {
		_, err := desk.Reconcile(t.Context(), q, "", first)
		done <- err
	}()
	<-first.begun
	_, err := desk.Reconcile(t.Context(), q, "", strings.NewReader("SERVICE_NAME,QUANTITY\n"))
	assert.True(t, fault.Is(err, fault.Limited), "%v", err)
	assert.Equal(t, 10*time.Second, fault.RetryAfter(err))
	stranger := billing.Query{Tenant: o.stranger.Tenant(), Start: "2026-04-01", End: "2026-04-30"}
	_, err = desk.Reconcile(t.Context(), stranger, "", strings.NewReader("SERVICE_NAME,QUANTITY\n"))
	require.NoError(t, err)
	close(first.let)
	require.NoError(t, <-done)
	_, err = desk.Reconcile(t.Context(), q, "", strings.NewReader("SERVICE_NAME,QUANTITY\n"))
	require.NoError(t, err)
}

// slowFile waits before it gives its text.
type slowFile struct {
	begun, let chan struct{}
	text       string
}

func (f *slowFile) Read(p []byte) (int, error) {
	if f.text != "" {
		close(f.begun)
		<-f.let
	}
	n := copy(p, f.text)
	f.text = f.text[n:]
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// TestAClosedMonthStays closes a month between corrections.
func TestAClosedMonthStays(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	ledger, desk := o.countsByLedger(), o.desk()
	april, _ := billing.ParseMonth("2026-04")
	shut := func() error { return desk.CloseMonth(t.Context(), o.actor, o.actor.Partner, april) }
	month := func() billing.MonthDetail {
		m, _, err := desk.Month(t.Context(), o.actor.Tenant(), april, everything())
		require.NoError(t, err)
		return m
	}
	assert.True(t, fault.Is(shut(), fault.NotFound), "nobody used anything")
	o.happened(t, "org", on("2026-04-10", "12:00:00"), customer.EventPackageAssigned, "s", "webex_calling", "l")
	o.happened(t, "new", on("2026-05-01", "07:00:00"), customer.EventPackageAssigned, "s", "webex_calling", "l")
	err := shut()
	assert.True(t, fault.Is(err, fault.Conflict), "%v", err)
	assert.ErrorContains(t, err, "The day 2026-04-01 isn't closed yet")
	assert.Equal(t, []int{90052}, codes(err))
	assert.Equal(t, billing.MonthOver, month().State)
	assert.Equal(t, usage.Units(20_500_000), month().Total.Quantity, "it is counted all the same")
	require.NoError(t, ledger.CloseDays(t.Context()))

	// Something that comes to light before it is closed is restated first.
	o.happened(t, "org", on("2026-04-20", "12:00:00"), customer.EventPackageMoved, "s", "webex_calling", "m")
	assert.ErrorContains(t, shut(), "is being restated")
	require.NoError(t, ledger.CloseDays(t.Context()))
	require.NoError(t, shut(), "who came in May has nothing to close")
	frozen := month()
	require.NoError(t, shut())
	assert.Equal(t, frozen, month())
	assert.Equal(t, billing.Closing{Month: april, At: on("2026-05-01", "08:00:00"), Actor: "admin@example.com"}, frozen.Closing)
	assert.Equal(t, billing.Restated{Frozen: 20_500_000, Now: 20_500_000}, frozen.Restated)
	assert.Empty(t, frozen.Adjustments)

	o.happened(t, "org", on("2026-04-30", "06:00:00"), customer.EventPackageAssigned, "s", "webex_suite", "m")
	require.NoError(t, ledger.CloseDays(t.Context()))
	got := month()
	assert.Equal(t, frozen.MonthUsage, got.MonthUsage)
	adjustment := func(pkg customer.Package, frozen, now usage.Units) billing.Adjustment {
		return billing.Adjustment{Customer: "org", Package: pkg, Location: "m", License: usage.LicenseID("license-" + string(pkg)), Restated: billing.Restated{Frozen: frozen, Now: now}}
	}
	assert.Equal(t, []billing.Adjustment{adjustment("webex_calling", 10_500_000, 9_750_000), adjustment("webex_suite", 0, 750_000)}, got.Adjustments)
	assert.Equal(t, []billing.ServiceRestated{
		{Service: "WEBEX_CALLING", Restated: billing.Restated{Frozen: 20_500_000, Now: 19_750_000}}, {Service: "WEBEX_SUITE", Restated: billing.Restated{Now: 750_000}},
	}, got.ByService)
	assert.Equal(t, billing.Restated{Frozen: 20_500_000, Now: 20_500_000}, got.Restated)
}

// codes are the numbers of an error's problems.
func codes(err error) []int {
	var out []int
	for _, p := range fault.ProblemsOf(err) {
		out = append(out, p.Code)
	}
	return out
}

func TestMonthsAreRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"2026-02": "2026-02-01 2026-02-28", "2024-02": "2024-02-01 2024-02-29", "2025-12": "2025-12-01 2025-12-31", "0001-01": "0001-01-01 0001-01-31"} {
		m, ok := billing.ParseMonth(text)
		require.True(t, ok, text)
		assert.Equal(t, text, m.String())
		assert.Equal(t, want, m.First().String()+" "+m.Last().String())
	}
	for _, text := range []string{"", "2026", "2026-13", "2026-00", "2026-1", "26-01", "2026-02-01", "x", "2026-02\x00"} {
		_, ok := billing.ParseMonth(text)
		assert.False(t, ok, text)
	}
}

func TestATimelineIsToldInWords(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	desk := o.desk()
	o.inZone(t, "America/New_York")
	o.happened(t, "org", on("2026-04-10", "04:00:00"), customer.EventPackageAssigned, "s", "webex_calling", "l")
	o.happened(t, "org", on("2026-04-12", "16:00:30"), customer.EventPackageAssigned, "s", "webex_suite", "l")
	o.happened(t, "org", on("2026-04-13", "04:00:00"), customer.EventPackageRemoved, "s", "webex_suite", "l")
	o.happened(t, "org", on("2026-04-20", "04:00:00"), customer.EventPackageAssigned, "s", "webex_meetings", "l")
	told := func(start, end string) []string {
		q := billing.Query{Tenant: customer.Tenant{Partner: o.actor.Partner, Customer: "org"}, Start: start, End: end}
		got, _, err := desk.Timeline(t.Context(), q, billing.Who{Subscriber: "s"}, everything())
		require.NoError(t, err)
		var out []string
		for _, held := range got.Subjects[0].Held {
			out = append(out, held.Why)
		}
		return out
	}
	assert.Equal(t, []string{
		"Webex Calling from 2026-04-10 00:00 until 2026-04-12 12:00:30: 2 whole days and 0.500347 of 2026-04-12.",
		"Webex Suite from 2026-04-12 12:00:30 until 2026-04-13 00:00: 0.499653 of 2026-04-12.",
	}, told("2026-04-10", "2026-04-13"))
	assert.Equal(t, []string{"Webex Meetings from 2026-04-20 00:00 until now: 1 whole day; counted from 2026-04-22 to 2026-04-22."}, told("2026-04-22", "2026-04-22"))
	assert.Equal(t, []string{"Webex Meetings from 2026-04-20 00:00 until now: 1 whole day and 0.166667 of 2026-05-01 so far; counted from 2026-04-30 to 2026-05-01."}, told("2026-04-30", "2026-05-01"))
}

// midnight is a store in which days are closed while somebody looks.
type midnight struct {
	billing.Store
	close func() error
}

// Look implements billing.Store.
func (m midnight) Look(ctx context.Context, fn func(billing.Reader) error) error {
	return m.Store.Look(ctx, func(r billing.Reader) error { return fn(midnightReader{r, m.close}) })
}

type midnightReader struct {
	billing.Reader
	close func() error
}

// Standings implements billing.Reader.
func (m midnightReader) Standings(ctx context.Context, tenant customer.Tenant, after customer.OrgID, most int) ([]billing.Standing, error) {
	list, err := m.Reader.Standings(ctx, tenant, after, most)
	return list, errors.Join(err, m.close())
}

// TestDaysThatAreClosedMeanwhileCountOnce closes days between what is read of who is counted and of what.
func TestDaysThatAreClosedMeanwhileCountOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	ledger := o.countsByLedger()
	o.happened(t, "org", on("2026-04-10", "12:00:00"), customer.EventPackageAssigned, "s", "webex_calling", "l")
	closed := 0
	hasty := midnight{o.store.Billing(), func() error { closed++; return ledger.CloseDays(t.Context()) }}
	desk := billing.NewDesk(billing.DeskConfig{Store: hasty, Now: func() time.Time { return *o.clock.Load() }})
	q := billing.Query{Tenant: o.actor.Tenant(), Start: "2026-04-01", End: "2026-05-01"}
	for range 2 {
		got, _, err := desk.Usage(t.Context(), q, billing.ByPackage, everything())
		require.NoError(t, err)
		assert.Equal(t, billing.Amount{Quantity: 20_500_000, Provisional: 333_333}, got.Total)
	}
	assert.Equal(t, 2, closed)
}

// TestOrdersAndDelayedBillingAreInTheDesk looks at what reports say of both before and after days are closed.
func TestOrdersAndDelayedBillingAreInTheDesk(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	ledger, desk := o.countsByLedger(), o.desk()
	o.said(t, "b", on("2026-04-01", "00:00:00"), customer.EventCustomerCreated, "B", "Sub-1", "2026-04-20")
	o.happened(t, "a", on("2026-03-10", "12:00:00"), customer.EventPackageAssigned, "s", "webex_calling", "l")
	o.happened(t, "b", on("2026-04-10", "12:00:00"), customer.EventPackageAssigned, "s", "webex_calling", "l")
	o.today(on("2026-04-19", "08:00:00"))
	require.NoError(t, ledger.CloseDays(t.Context()))
	o.happened(t, "b", on("2026-04-25", "12:00:00"), customer.EventPackageAssigned, "t", "webex_suite", "l")
	o.ordersOnce(t, "b", on("2026-04-15", "12:00:00"), customer.EventSetupAssistOrdered, "first", customer.SetupAssistStandard, 7, "l")
	o.ordersOnce(t, "a", on("2026-04-29", "12:00:00"), customer.EventSetupAssistOrdered, "second", customer.SetupAssistExpress, 3, "l")
	o.today(on("2026-05-01", "08:00:00"))
	q := billing.Query{Tenant: o.actor.Tenant(), Start: "2026-04-01", End: "2026-04-30"}
	want := billing.Amount{Quantity: 54_500_000} // 30 and 11 days, 5.5 days, 7 seats, and a piece
	for _, when := range []string{"open", "closed"} {
		got, _, err := desk.Usage(t.Context(), q, billing.ByLocation, everything())
		require.NoError(t, err)
		assert.Equal(t, want, got.Total, when)
		of := q
		of.Tenant.Customer = "b"
		timeline, _, err := desk.Timeline(t.Context(), of, billing.Who{}, everything())
		require.NoError(t, err)
		assert.Equal(t, []billing.Amount{{Quantity: 23_500_000}, {Quantity: 7_000_000}}, []billing.Amount{timeline.Total, timeline.Ordered}, when)
		require.NoError(t, ledger.CloseDays(t.Context()))
	}
	for _, kind := range billing.Types() {
		r := o.ordered(t, billing.NewReport{Start: q.Start, End: q.End, Type: kind})
		var file bytes.Buffer
		require.NoError(t, o.WriteFile(t.Context(), o.actor.Partner, r.ID, &file))
		got, err := desk.Reconcile(t.Context(), q, "", strings.NewReader(file.String()))
		require.NoError(t, err)
		assert.Equal(t, []any{want.Quantity, want.Quantity, 0}, []any{got.Ours, got.Theirs, got.NumberOfDifferences}, "%s: %v", kind, got.Differences)
	}
}
