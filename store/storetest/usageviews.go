package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/billing"
	"dialtone/customer"
	"dialtone/fault"
	"dialtone/usage"
)

// usageIsLookedAt reads what stands beside reports: who holds what, for how much of a time, and the events behind it.
func usageIsLookedAt(t *testing.T, f *fixture) {
	ctx, tenant, start := t.Context(), tenantOf(f.one), f.now.Truncate(time.Hour)
	at := func(hours int) time.Time { return start.Add(time.Duration(hours) * time.Hour) }
	about := func(tenant customer.Tenant, hours int, kind customer.EventKind, subject, location string) {
		f.packageEvent(t, tenant, at(hours), kind, subject, map[string]any{"person": "p", "package": "webex_calling", "location": location, "license": "x"})
	}
	for _, who := range []string{"a", "b", "c"} {
		about(tenant, 0, customer.EventPackageAssigned, who, "l")
	}
	about(tenant, 4, customer.EventPackageRemoved, "b", "l")
	about(tenant, 5, customer.EventPackageAssigned, "d", "m")
	f.packageEvent(t, tenant, at(1), customer.EventPackageAssigned, "w", map[string]any{"workspace": "w", "package": "common_area_calling"})
	about(tenantOf(f.sibling), 0, customer.EventPackageAssigned, "s", "l")
	about(tenantOf(f.foe), 0, customer.EventPackageAssigned, "a", "l")

	held := func(org customer.OrgID, count int64) billing.Held {
		return billing.Held{Customer: org, Package: customer.WebexCalling, Location: "l", License: "x", Count: count}
	}
	same(t, []billing.Held{held(f.one.Org, 2)})(f.b.HeldThroughout(ctx, tenant, at(0), at(6)))
	same(t, []billing.Held{held(f.one.Org, 3)})(f.b.HeldThroughout(ctx, tenant, at(0), at(4)))
	same(t, []billing.Held{})(f.b.HeldThroughout(ctx, tenant, at(-1), at(4)))
	both := []billing.Held{held(f.one.Org, 2), held(f.sibling.Org, 1)}
	if f.sibling.Org < f.one.Org {
		both[0], both[1] = both[1], both[0]
	}
	same(t, both)(f.b.HeldThroughout(ctx, customer.Tenant{Partner: f.one.Partner}, at(0), at(5)))

	partly := func(from, until int) (out []usage.SubjectID) {
		after := billing.AssignmentCursor{}
		for {
			list, err := f.b.HeldPartly(ctx, tenant, at(from), at(until), after, 1)
			require.NoError(t, err)
			if len(list) == 0 {
				return out
			}
			out, after = append(out, list[0].Subject), billing.CursorOf(list[0])
		}
	}
	assert.Equal(t, []usage.SubjectID{"b", "d", "w"}, partly(0, 6))
	assert.Equal(t, []usage.SubjectID{"w"}, partly(0, 4), "who goes or comes at its edges fills it, or isn't in it")
	assert.Empty(t, partly(-9, 0))

	subject := func(kind usage.SubjectKind, id usage.SubjectID, person customer.PersonID) billing.Subject {
		return billing.Subject{Kind: kind, ID: id, Person: person}
	}
	page := func(from, most, offset int) ([]billing.Subject, bool) {
		list, more, err := f.b.Subjects(ctx, tenant, at(from), at(6), customer.Page{Max: most, Offset: offset})
		require.NoError(t, err)
		return list, more
	}
	list, more := page(4, 2, 0)
	assert.Equal(t, []billing.Subject{subject(usage.KindPerson, "a", "p"), subject(usage.KindPerson, "c", "p")}, list)
	assert.True(t, more)
	list, more = page(4, 2, 2)
	assert.Equal(t, []billing.Subject{subject(usage.KindPerson, "d", "p"), subject(usage.KindWorkspace, "w", "")}, list)
	assert.False(t, more)
	ofPerson, err := f.b.PersonSubjects(ctx, tenant, "p")
	require.NoError(t, err)
	assert.Len(t, ofPerson, 4, "those that are gone too")
	same(t, []billing.Subject{})(f.b.PersonSubjects(ctx, tenantOf(f.foe), "w"))

	mine, err := f.b.SubjectAssignments(ctx, tenant, "b")
	require.NoError(t, err)
	events, err := f.b.EventsNumbered(ctx, tenant, []int64{mine[0].Ended, mine[0].Begun, 0, -1, -2})
	require.NoError(t, err)
	require.Len(t, events, 2)
	assert.Equal(t, []any{customer.EventPackageAssigned, "ada@example.com", at(0)}, []any{events[0].Kind, events[0].Actor, events[0].Time})
	assert.Equal(t, []any{mine[0].Ended, customer.EventPackageRemoved}, []any{events[1].ID, events[1].Kind})
	same(t, []customer.Event{})(f.b.EventsNumbered(ctx, tenantOf(f.foe), []int64{mine[0].Begun}))
	same(t, []customer.Event{})(f.b.EventsNumbered(ctx, tenant, nil))

	same(t, true)(f.b.Knows(ctx, tenant))
	same(t, false)(f.b.Knows(ctx, customer.Tenant{Partner: f.foe.Partner, Customer: f.one.Org}))
	same(t, true)(f.b.Knows(ctx, tenantOf(f.foe)))
	gone := customer.Tenant{Partner: f.one.Partner, Customer: "gone"}
	same(t, false)(f.b.Knows(ctx, gone))
}

// sums keeps sums of a customer's days, each of a unit more than the one before.
func (f *fixture) sums(t testing.TB, c customer.Customer, first usage.Day, units ...usage.Units) {
	t.Helper()
	var list []billing.DaySum
	for i, u := range units {
		list = append(list, billing.DaySum{Day: first + usage.Day(i), Customer: c.Org, Package: customer.WebexCalling, Location: "l", Units: u})
	}
	err := f.b.Update(t.Context(), tenantOf(c), func(tx billing.Tx) error {
		return tx.SetDaySums(t.Context(), tenantOf(c), first, first+usage.Day(len(units))-1, list)
	})
	require.NoError(t, err)
}

// monthsAreClosed freezes a month, and compares it with what its days come to later.
func monthsAreClosed(t *testing.T, f *fixture) {
	ctx, partner := t.Context(), customer.Tenant{Partner: f.one.Partner}
	month, _ := billing.ParseMonth("2026-02")
	f.sums(t, f.one, month.First(), 1, 2)
	f.sums(t, f.sibling, month.Last(), 5, 100)
	f.sums(t, f.foe, month.First(), 7)
	same(t, month.First())(f.b.FirstSummed(ctx, partner))
	same(t, month.Last())(f.b.FirstSummed(ctx, tenantOf(f.sibling)))
	same(t, usage.Day(0))(f.b.FirstSummed(ctx, customer.Tenant{Partner: "nobody"}))
	day := func(d usage.Day, units usage.Units) billing.DaySum {
		return billing.DaySum{Day: d, Package: customer.WebexCalling, Units: units}
	}
	same(t, []billing.DaySum{day(month.First(), 1), day(month.First()+1, 2), day(month.Last(), 5)})(f.b.DailySums(ctx, partner, month.First(), month.Last()))

	_, err := f.b.Closing(ctx, f.one.Partner, month)
	assert.True(t, fault.Is(err, fault.NotFound), "%v", err)
	closing := billing.Closing{Month: month, At: f.tick(), Actor: "ada@example.com"}
	shut := func() error {
		return f.b.Update(ctx, partner, func(tx billing.Tx) error { return tx.CloseMonth(ctx, f.one.Partner, closing) })
	}
	require.NoError(t, shut())
	assert.True(t, fault.Is(shut(), fault.Conflict), "once")
	same(t, closing)(f.b.Closing(ctx, f.one.Partner, month))
	_, err = f.b.Closing(ctx, f.foe.Partner, month)
	assert.True(t, fault.Is(err, fault.NotFound), "%v", err)
	same(t, []billing.DaySum{day(0, 8)})(f.b.FrozenSums(ctx, partner, month))
	same(t, []billing.DaySum{day(0, 3)})(f.b.FrozenSums(ctx, tenantOf(f.one), month))
	same(t, []billing.DaySum{})(f.b.FrozenSums(ctx, tenantOf(f.foe), month))

	adjusted := func(tenant customer.Tenant, page customer.Page) ([]billing.Adjustment, bool) {
		list, more, err := f.b.Adjustments(ctx, tenant, month, page)
		require.NoError(t, err)
		return list, more
	}
	list, _ := adjusted(partner, customer.Page{Max: 10})
	assert.Empty(t, list)
	f.sums(t, f.one, month.First(), 1, 0)
	f.sums(t, f.sibling, month.First(), 4)
	list, _ = adjusted(tenantOf(f.one), customer.Page{Max: 10})
	one := billing.Adjustment{Customer: f.one.Org, Package: customer.WebexCalling, Location: "l", Restated: billing.Restated{Frozen: 3, Now: 1}}
	assert.Equal(t, []billing.Adjustment{one}, list)
	assert.Equal(t, usage.Units(-2), one.Difference())
	list, more := adjusted(partner, customer.Page{Max: 1})
	assert.Len(t, list, 1)
	assert.True(t, more)
	list, more = adjusted(partner, customer.Page{Max: 1, Offset: 1})
	assert.Len(t, list, 1)
	assert.False(t, more)
	same(t, []billing.DaySum{day(0, 8)})(f.b.FrozenSums(ctx, partner, month))
}

// subscriptionsAreKnown lists what a partner's customers are billed on, with its time zone.
func subscriptionsAreKnown(t *testing.T, f *fixture) {
	ctx := t.Context()
	want := billing.Subscription{ID: "S"}
	list := func(partner customer.OrgID, page customer.Page) ([]billing.Subscription, bool) {
		some, more, err := f.b.Subscriptions(ctx, partner, page)
		require.NoError(t, err)
		return some, more
	}
	all, more := list(f.one.Partner, customer.Page{Max: 1})
	assert.Equal(t, []billing.Subscription{want}, all)
	assert.False(t, more)
	all, _ = list(f.one.Partner, customer.Page{Max: 1, Offset: 1})
	assert.Empty(t, all)
	for _, c := range []customer.Customer{f.one, f.sibling} {
		f.packageEvent(t, tenantOf(c), f.now, customer.EventCustomerCreated, string(c.ID), map[string]any{"externalId": "x", "subscriptionId": "S", "billingStart": ""})
		f.packageEvent(t, tenantOf(c), f.now, customer.EventPackageAssigned, "s", map[string]any{"person": "p", "package": "webex_calling"})
	}
	zone, err := usage.ParseZone("Asia/Kathmandu")
	require.NoError(t, err)
	day := usage.DayOf(f.now)
	require.NoError(t, f.b.Update(ctx, customer.Tenant{Partner: f.one.Partner}, func(tx billing.Tx) error {
		require.NoError(t, tx.HoldSubscription(ctx, f.one.Partner, "S"))
		return tx.SetZone(ctx, f.one.Partner, "S", zone)
	}))
	want.Zone, want.Customers = zone, 2
	same(t, want)(f.b.Subscription(ctx, f.one.Partner, "S"))
	closed := func(c customer.Customer) {
		require.NoError(t, f.b.Update(ctx, tenantOf(c), func(tx billing.Tx) error { return tx.SetClosed(ctx, tenantOf(c), day, f.now) }))
	}
	closed(f.one)
	want.Since = day
	same(t, want)(f.b.Subscription(ctx, f.one.Partner, "S"))
	f.sums(t, f.sibling, day-2, 1, 1)
	same(t, want)(f.b.Subscription(ctx, f.one.Partner, "S"))
	closed(f.sibling)
	want.Since = day - 2
	same(t, want)(f.b.Subscription(ctx, f.one.Partner, "S"))
	for _, foreign := range []struct {
		partner customer.OrgID
		id      string
	}{{f.one.Partner, "T"}, {f.one.Partner, ""}, {f.one.Partner, "\x00"}, {"nobody", "S"}} {
		_, err := f.b.Subscription(ctx, foreign.partner, foreign.id)
		assert.True(t, fault.Is(err, fault.NotFound), "%v: %v", foreign, err)
	}
	same(t, billing.Subscription{ID: "S"})(f.b.Subscription(ctx, f.foe.Partner, "S"))

	// While somebody sets a time zone, no day is closed.
	held, let := make(chan struct{}), make(chan struct{})
	done := make(chan error, 1)
	go func() {
		done <- f.b.Update(context.WithoutCancel(ctx), customer.Tenant{Partner: f.one.Partner}, func(tx billing.Tx) error {
			if err := tx.HoldSubscription(ctx, f.one.Partner, "S"); err != nil {
				return err
			}
			close(held)
			<-let
			return nil
		})
	}()
	<-held
	closeOne := func(ctx context.Context) error {
		return f.b.Update(ctx, tenantOf(f.one), func(tx billing.Tx) error { return tx.SetClosed(ctx, tenantOf(f.one), day+1, f.now) })
	}
	impatient, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	require.Error(t, closeOne(impatient))
	close(let)
	require.NoError(t, <-done)
	require.NoError(t, closeOne(ctx))
}
