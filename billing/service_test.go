package billing_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dialtone/billing"
	"dialtone/customer"
	"dialtone/fault"
	"dialtone/job"
	"dialtone/store"
	"dialtone/store/pgtest"
	"dialtone/store/storetest"
	"dialtone/usage"
)

// office is a partner with a sub-partner, and another partner, on a store of their own.
type office struct {
	*billing.Service
	store      *store.Store
	promises   storetest.Promises
	actor      customer.Actor
	stranger   customer.Actor
	subPartner customer.OrgID
	clock      atomic.Pointer[time.Time]
	counter    countedBy
}

// countedBy is a counter that a test puts its own into.
type countedBy struct {
	count func(context.Context, billing.Report) error
}

func (c *countedBy) Count(ctx context.Context, r billing.Report) error { return c.count(ctx, r) }

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) } //nolint:forbidigo // a TestMain exits

// unlucky is why reports fail that nobody counts.
func unlucky() error { return billing.Failure{{Code: 90099, Message: "It can't be counted."}} }

func newID() string { return uuid.Must(uuid.NewV7()).String() }

func newOffice(t testing.TB) *office {
	t.Helper()
	return newOfficeOn(t, filepath.Join(t.TempDir(), "office.db"), time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC))
}

// newOfficeOn is newOffice on a database, at another time.
func newOfficeOn(t testing.TB, url string, today time.Time) *office {
	t.Helper()
	db, err := store.Open(t.Context(), store.Config{URL: url, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	o := &office{store: db}
	o.today(today)
	now := func() time.Time { return *o.clock.Load() }
	customers := customer.NewService(customer.Config{Store: db.Customers(), Now: now, Random: rand.Reader, NewID: newID, SIPDomain: "sip.example.test"})
	o.counter.count = func(context.Context, billing.Report) error { return unlucky() }
	o.Service = billing.NewService(billing.Config{Store: o.promises.Billing(db.Billing()), Counter: &o.counter, Now: now, NewID: newID, LinkKey: []byte("a key for tests alone")})
	o.promises.Employ(o.Workers()...)
	o.actor, _, err = customers.Bootstrap(t.Context(), "Example Telecom", "admin@example.com")
	require.NoError(t, err)
	o.stranger, _, err = customers.Bootstrap(t.Context(), "Other Telecom", "admin@other.example")
	require.NoError(t, err)
	sub, _, err := customers.CreateSubPartner(t.Context(), o.actor, customer.NewSubPartner{Name: "Indirect", Subscription: "Sub-1", Admin: customer.NewAdmin{Email: "admin@indirect.example"}})
	require.NoError(t, err)
	o.subPartner = sub.ID
	return o
}

func (o *office) today(at time.Time) { o.clock.Store(&at) }

// counts lets every report be completed.
func (o *office) counts() {
	o.counter.count = func(context.Context, billing.Report) error { return nil }
}

// april is an order that is right in every way.
func april() billing.NewReport {
	return billing.NewReport{Start: "2026-04-01", End: "2026-04-30"}
}

// ordered orders a report, and returns it as it is stored.
func (o *office) ordered(t testing.TB, in billing.NewReport) billing.Report {
	t.Helper()
	r, err := o.Create(t.Context(), o.actor, in)
	require.NoError(t, err)
	return o.kept(t, r)
}

func (o *office) kept(t testing.TB, r billing.Report) billing.Report {
	t.Helper()
	r, err := o.Report(t.Context(), o.actor, r.ID)
	require.NoError(t, err)
	return r
}

// told are the problems of an error, as "field code".
func told(err error) []string {
	var out []string
	for _, p := range fault.ProblemsOf(err) {
		out = append(out, strings.TrimSpace(fmt.Sprint(p.Field, " ", p.Code)))
	}
	return out
}

func TestAnOrderIsKeptAsItWasGiven(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.promises.Hold()
	plain := o.ordered(t, billing.NewReport{Start: "2026-04-01T22:00:00.000Z", End: " 2026-04-30 "})
	assert.Equal(t, billing.Report{
		ID: plain.ID, Partner: o.actor.Partner, Type: "PARTNER", Category: "RECONCILIATION", Start: plain.Start, End: plain.End, Status: "IN_PROGRESS",
		CreatedBy: o.actor.Admin, CreatedByEmail: "admin@example.com", Created: time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC),
	}, plain)
	assert.Equal(t, "2026-04-01 2026-04-30", plain.Start.String()+" "+plain.End.String())
	full := o.ordered(t, billing.NewReport{Start: "2026-04-01", End: "2026-04-01", Type: "USER", Category: "POINT_IN_TIME", SubPartner: o.subPartner, Internal: true})
	assert.Equal(t, billing.TypeUser, full.Type)
	assert.Equal(t, billing.PointInTime, full.Category)
	assert.Equal(t, o.subPartner, full.SubPartner)
	assert.True(t, full.Internal)

	list, more, err := o.Reports(t.Context(), o.actor, billing.Filter{SubPartner: o.subPartner}, customer.Page{Max: 10})
	require.NoError(t, err)
	assert.False(t, more)
	assert.Equal(t, []billing.Report{full}, list)
}

// TestWhichDaysCanBeOrdered has the edges of the calendar: what is over, and not more than five years ago.
func TestWhichDaysCanBeOrdered(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	const start, end = "billingStartDate 90000", "billingEndDate 90000"
	late, early := time.Date(2026, 5, 1, 23, 59, 59, 999, time.UTC), time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	leap := time.Date(2028, 2, 29, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		today      time.Time
		start, end string
		want       []string
	}{
		{late, "2026-04-30", "2026-04-30", nil},
		{early, "2026-04-30", "2026-04-30", nil},
		{late, "2026-04-30", "2026-05-01", []string{end}},
		{late, "2026-05-01", "2026-05-01", []string{start, end}},
		{late, "2026-05-02", "2027-01-01", []string{start, end}},
		{late.In(time.FixedZone("+2", 7200)), "2026-05-01", "2026-05-01", []string{start, end}}, // it is the 2nd there, and today is that of UTC
		{late, "2021-05-01", "2026-04-30", nil},                                                 // all that there can be
		{late, "2021-04-30", "2026-04-30", []string{start}},
		{late, "2021-04-30", "2021-04-30", []string{start, end}},
		{late, "1970-01-01", "9999-12-31", []string{start, end}},
		{late, "2026-04-30", "2026-04-29", []string{end}},
		{late, "2026-05-01", "2021-04-30", []string{start, end, end}}, // the end is too old, and before the start
		{late, "2024-02-29", "2024-02-29", nil},
		{late, "2025-02-29", "2025-03-01", []string{start}}, // there is no such day
		{leap, "2023-02-28", "2028-02-28", nil},
		{leap, "2023-02-27", "2028-02-28", []string{start}},
		{leap, "2023-02-28", "2028-02-29", []string{end}},
		{leap.AddDate(0, 0, 1), "2023-03-01", "2028-02-29", nil},
		{leap.AddDate(0, 0, 1), "2023-02-28", "2028-02-29", []string{start}},
		{time.Date(2029, 2, 28, 0, 0, 0, 0, time.UTC), "2024-02-28", "2024-02-29", nil},
		{time.Date(2029, 3, 1, 0, 0, 0, 0, time.UTC), "2024-02-29", "2024-03-01", []string{start}},
		{late, "", "", []string{"billingStartDate 1001", "billingEndDate 1001"}},
		{late, " ", "2026-04-30", []string{"billingStartDate 1001"}},
		{late, "April", "2026-04-31", []string{start, end}},
		{late, "1777593600000", "2026-04-30T23:59:59.999Z", []string{start}},
	} {
		o.today(c.today)
		_, err := o.Create(t.Context(), o.actor, billing.NewReport{Start: c.start, End: c.end})
		assert.Equal(t, c.want, told(err), "%s to %s on %s: %v", c.start, c.end, c.today, err)
		assert.Equal(t, c.want != nil, fault.Is(err, fault.Invalid))
	}
}

// Whatever the day and whatever is asked: it is accepted exactly when both days are over, not more than five years ago, and in order.
func TestTheDaysOfAnOrderKeepTheRules(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	rapid.Check(t, func(t *rapid.T) {
		today := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 3000).Draw(t, "today"))
		near := rapid.OneOf(rapid.IntRange(-2, 2), rapid.IntRange(-1830, -1823), rapid.IntRange(-2500, 500))
		start := today.AddDate(0, 0, near.Draw(t, "start"))
		end := today.AddDate(0, 0, near.Draw(t, "end"))
		o.today(today.Add(time.Duration(rapid.IntRange(0, 86399).Draw(t, "second")) * time.Second))
		oldest := today.AddDate(-5, 0, 0)
		if oldest.Day() != today.Day() {
			oldest = oldest.AddDate(0, 0, -1) // from 1 March to 28 February
		}
		_, err := o.Create(context.Background(), o.actor, billing.NewReport{Start: start.Format(time.DateOnly), End: end.Format(time.RFC3339)})
		allowed := !start.Before(oldest) && end.Before(today) && !end.Before(start)
		assert.Equal(t, allowed, err == nil, "%s to %s on %s: %v", start, end, today, err)
	})
}

func TestAllThatIsWrongIsToldAtOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	_, err := o.Create(t.Context(), o.actor, billing.NewReport{
		Start: strings.Repeat("x", 60), End: "2026-05-02", Type: "partner", Category: "MONTHLY", SubPartner: o.stranger.Partner,
	})
	assert.Equal(t, []string{"billingStartDate 90000", "billingEndDate 90000", "type 90000", "category 90000", "subPartnerOrgId 90001"}, told(err))
	assert.Equal(t, `The report can't be ordered: billingStartDate must be a date such as 2026-05-01; it is "`+strings.Repeat("x", 40)+`..."; `+
		`billingEndDate must be before today, 2026-05-01 in the time zone of your billing subscription, as usage is known when a day is over; it is 2026-05-02; `+
		`type must be one of PARTNER, CUSTOMER, USER; it is "partner"; category must be one of RECONCILIATION, POINT_IN_TIME; it is "MONTHLY"; `+
		`subPartnerOrgId names no sub-partner of yours.`, fault.Message(err))
	for name, sub := range map[string]customer.OrgID{"nobody": customer.OrgID(newID()), "itself": o.actor.Partner, "no id": "a\x00b"} {
		in := april()
		in.SubPartner = sub
		_, err := o.Create(t.Context(), o.actor, in)
		assert.Equal(t, []string{"subPartnerOrgId 90001"}, told(err), name)
	}
	own := o.actor
	own.Partner = o.subPartner
	in := april()
	in.SubPartner = o.subPartner
	_, err = o.Create(t.Context(), own, in)
	assert.Equal(t, []string{"subPartnerOrgId 90001"}, told(err), "a sub-partner has none, and isn't its own")
}

func TestOnlyACompletedReportIsInTheWay(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	failed := o.ordered(t, april())
	assert.Equal(t, billing.Failed, failed.Status)
	assert.Equal(t, []customer.Notice{{Code: 90099, Message: "It can't be counted."}}, failed.Errors)

	o.counts()
	o.promises.Hold()
	first := o.ordered(t, april())
	second := o.ordered(t, april())
	require.NoError(t, o.promises.Do(t.Context()))
	assert.Equal(t, billing.Completed, o.kept(t, first).Status)
	second = o.kept(t, second)
	assert.Equal(t, billing.Failed, second.Status, "there is one of a kind")
	const exists = "There is a completed report of the type PARTNER for 2026-04-01 to 2026-04-30. Use it, or delete it before you order it again."
	assert.Equal(t, []customer.Notice{{Code: 90051, Message: exists}}, second.Errors)

	_, err := o.Create(t.Context(), o.actor, april())
	assert.True(t, fault.Is(err, fault.Conflict), "%v", err)
	assert.Equal(t, exists, fault.Message(err))
	assert.Equal(t, []string{"90051"}, told(err))
	for name, change := range map[string]func(*billing.NewReport){
		"type": func(r *billing.NewReport) { r.Type = billing.TypeUser }, "category": func(r *billing.NewReport) { r.Category = billing.PointInTime },
		"internal": func(r *billing.NewReport) { r.Internal = true }, "sub-partner": func(r *billing.NewReport) { r.SubPartner = o.subPartner },
		"start": func(r *billing.NewReport) { r.Start = "2026-04-02" }, "end": func(r *billing.NewReport) { r.End = "2026-04-29" },
	} {
		in := april()
		change(&in)
		assert.Equal(t, billing.Completed, o.ordered(t, in).Status, name)
	}
	_, err = o.Create(t.Context(), o.stranger, april())
	require.NoError(t, err, "another partner's isn't in the way")
	require.NoError(t, o.Delete(t.Context(), o.actor, first.ID))
	assert.Equal(t, billing.Completed, o.ordered(t, april()).Status)
}

func TestOfManyAtOnceOneIsCompleted(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.counts()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := o.Create(t.Context(), o.actor, april()); err != nil {
				assert.Equal(t, []string{"90051"}, told(err))
			}
		})
	}
	all.Wait()
	completed, _, err := o.Reports(t.Context(), o.actor, billing.Filter{Status: billing.Completed}, customer.Page{Max: 10})
	require.NoError(t, err)
	assert.Len(t, completed, 1)
	waiting, _, err := o.Reports(t.Context(), o.actor, billing.Filter{Status: billing.InProgress}, customer.Page{Max: 10})
	require.NoError(t, err)
	assert.Empty(t, waiting)
}

func TestAReportIsItsPartnersAlone(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	in := april()
	in.SubPartner = o.subPartner
	r := o.ordered(t, in)
	sub := o.actor
	sub.Partner = o.subPartner
	for name, actor := range map[string]customer.Actor{"stranger": o.stranger, "the sub-partner that it is about": sub} {
		_, err := o.Report(t.Context(), actor, r.ID)
		for _, err := range []error{err, o.Delete(t.Context(), actor, r.ID)} {
			assert.True(t, fault.Is(err, fault.NotFound), name)
			assert.Equal(t, "Billing Report not found.", fault.Message(err))
			assert.Equal(t, []string{"2024"}, told(err))
		}
		list, _, err := o.Reports(t.Context(), actor, billing.Filter{}, customer.Page{Max: 10})
		require.NoError(t, err)
		assert.Empty(t, list, name)
	}
	assert.Equal(t, r, o.kept(t, r))
}

func TestWhatIsGivenUpHasFailed(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.promises.Hold()
	r := o.ordered(t, april())
	require.NoError(t, o.promises.GiveUp(t.Context(), errors.New("the database was away")))
	r = o.kept(t, r)
	assert.Equal(t, billing.Failed, r.Status)
	require.Len(t, r.Errors, 1)
	assert.Equal(t, 90099, r.Errors[0].Code)
	assert.NotContains(t, r.Errors[0].Message, "database", "internals are for the log")
}

func TestOtherErrorsAreTriedAgain(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.promises.Hold()
	r := o.ordered(t, april())
	away := errors.New("the database was away")
	for _, err := range []error{away, job.Again(time.Second)} {
		o.counter.count = func(context.Context, billing.Report) error { return err }
		require.ErrorIs(t, o.promises.Do(t.Context()), err)
		assert.Equal(t, billing.InProgress, o.kept(t, r).Status)
	}
	o.counter.count = func(context.Context, billing.Report) error {
		return fmt.Errorf("while counting: %w", billing.Failure{{Code: 1, Message: "One."}, {Code: 2, Message: "Two."}})
	}
	require.NoError(t, o.promises.Do(t.Context()))
	r = o.kept(t, r)
	assert.Equal(t, billing.Failed, r.Status)
	assert.Equal(t, []customer.Notice{{Code: 1, Message: "One."}, {Code: 2, Message: "Two."}}, r.Errors)
	assert.Equal(t, "One. Two.", billing.Failure(r.Errors).Error())
}

func TestAReportThatIsDeletedMeanwhileIsLeftAlone(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	before, while := april(), april()
	o.promises.Hold()
	require.NoError(t, o.Delete(t.Context(), o.actor, o.ordered(t, before).ID))
	gone := o.ordered(t, while)
	counted := 0
	o.counter.count = func(ctx context.Context, r billing.Report) error {
		counted++
		return o.Delete(ctx, o.actor, r.ID)
	}
	require.NoError(t, o.promises.Do(t.Context()))
	assert.Equal(t, 1, counted, "the one that was gone before isn't counted")
	_, err := o.Report(t.Context(), o.actor, gone.ID)
	assert.True(t, fault.Is(err, fault.NotFound))
	args := []byte(`{"partner":"` + string(gone.Partner) + `","report":"` + string(gone.ID) + `"}`)
	require.NoError(t, o.Workers()[0].GiveUp(t.Context(), args, errors.New("late")))
}

func TestAJobThatRunsTwiceDoesItsWorkOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	r := o.ordered(t, april())
	o.counts()
	args := []byte(`{"partner":"` + string(r.Partner) + `","report":"` + string(r.ID) + `"}`)
	require.NoError(t, o.Workers()[0].Do(t.Context(), args))
	require.NoError(t, o.Workers()[0].GiveUp(t.Context(), args, errors.New("late")))
	assert.Equal(t, r, o.kept(t, r), "what is finished stays as it is")
	require.NoError(t, o.Delete(t.Context(), o.actor, r.ID))

	events, _, err := o.store.Customers().Events(t.Context(), o.actor.Tenant(), customer.EventFilter{Subject: string(r.ID)}, customer.Page{Max: 10})
	require.NoError(t, err)
	var kinds []string
	for _, e := range events {
		kinds = append(kinds, string(e.Kind)+" "+e.Actor)
	}
	assert.Equal(t, []string{"billing_report.deleted admin@example.com", "billing_report.finished admin@example.com", "billing_report.ordered admin@example.com"}, kinds)
	assert.Equal(t, map[string]any{
		"billingStartDate": "2026-04-01", "billingEndDate": "2026-04-30", "type": "PARTNER", "category": "RECONCILIATION", "internal": false, "status": "FAILED",
		"error": "It can't be counted.",
	}, events[1].Data)
}

// A broken database is told as that, and never as a sub-partner or a report that isn't there.
func TestABrokenStoreIsNotNothing(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	in := april()
	in.SubPartner = o.subPartner
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := o.Create(ctx, o.actor, in)
	assert.True(t, fault.Is(err, fault.Unavailable), "%v", err)
	_, err = o.Create(ctx, o.actor, april())
	assert.True(t, fault.Is(err, fault.Unavailable), "%v", err)
	_, err = o.Report(ctx, o.actor, "x")
	assert.True(t, fault.Is(err, fault.Unavailable), "%v", err)
	assert.True(t, fault.Is(o.Delete(ctx, o.actor, "x"), fault.Unavailable))
	_, _, err = o.Reports(ctx, o.actor, billing.Filter{}, customer.Page{Max: 1})
	assert.True(t, fault.Is(err, fault.Unavailable), "%v", err)
	assert.Error(t, o.Workers()[0].Do(ctx, []byte(`{}`)), "it is tried again")
}

// TestADayIsOverWhereItIsCounted orders reports at 08:00 UTC on 1 May, of partners whose customers are elsewhere.
func TestADayIsOverWhereItIsCounted(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ zone, last string }{
		"it is 20:00 in Auckland": {"Pacific/Auckland", "2026-04-30"}, "it is 22:00 on Kiritimati": {"Pacific/Kiritimati", "2026-04-30"},
		"it is 22:00 of the day before in Honolulu": {"Pacific/Honolulu", "2026-04-29"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			o.counts()
			o.happened(t, "org", on("2026-04-10", "12:00:00"), customer.EventPackageAssigned, "s", "webex_calling", "l")
			zone, err := usage.ParseZone(tt.zone)
			require.NoError(t, err)
			require.NoError(t, o.store.Billing().Update(t.Context(), o.actor.Tenant(), func(tx billing.Tx) error { return tx.SetZone(t.Context(), o.actor.Partner, "", zone) }))
			last, err := time.Parse(time.DateOnly, tt.last)
			require.NoError(t, err)
			in := april()
			in.End = tt.last
			o.ordered(t, in)
			in.End = last.AddDate(0, 0, 1).Format(time.DateOnly)
			_, err = o.Create(t.Context(), o.actor, in)
			assert.Equal(t, []string{"billingEndDate 90000"}, told(err))
		})
	}
	o := newOffice(t)
	o.counts()
	tokyo, err := usage.ParseZone("Asia/Tokyo")
	require.NoError(t, err)
	require.NoError(t, o.store.Billing().Update(t.Context(), o.actor.Tenant(), func(tx billing.Tx) error { return tx.SetZone(t.Context(), o.actor.Partner, "", tokyo) }))
	o.happened(t, "org", on("2026-04-10", "12:00:00"), customer.EventPackageAssigned, "s", "webex_calling", "l")
	o.today(time.Date(2026, 5, 1, 15, 0, 0, 0, time.UTC)) // midnight there
	in := april()
	in.End = "2026-05-01"
	o.ordered(t, in)
}
