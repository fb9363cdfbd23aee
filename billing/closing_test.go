package billing_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/billing"
	"dialtone/customer"
	"dialtone/usage"
)

// BrittleStore is cut off before one of its transactions.
type BrittleStore struct {
	billing.Store
	left int // transactions that go well
}

var errCutOff = errors.New("cut off")

func (s *BrittleStore) Update(ctx context.Context, tenant customer.Tenant, fn func(billing.Tx) error) error {
	if s.left--; s.left < 0 {
		return errCutOff
	}
	return s.Store.Update(ctx, tenant, fn)
}

// ledgerOver is a ledger over a store, by the office's clock.
func (o *office) ledgerOver(s billing.Store) *billing.Ledger {
	return billing.NewLedger(billing.LedgerConfig{Store: s, Now: func() time.Time { return *o.clock.Load() }})
}

// longHistory has three customers with a change now and then from February to April.
func (o *office) longHistory(t testing.TB) {
	t.Helper()
	for i := range 30 {
		org, subject := customer.OrgID(fmt.Sprint("org", i%3)), fmt.Sprint("s", i%7)
		at := on("2026-02-01", "00:00:00").Add(time.Duration(i) * 61 * time.Hour)
		o.happened(t, org, at, customer.EventPackageAssigned, subject, []string{"webex_calling", "webex_suite"}[i%2], fmt.Sprint("l", i%4))
	}
}

// books are the sums that are kept of each day, and what was said about them.
func (o *office) books(t testing.TB, first, last string) (map[usage.Day][]billing.DaySum, []string) {
	t.Helper()
	from, _ := usage.ParseDay(first)
	until, _ := usage.ParseDay(last)
	sums := map[usage.Day][]billing.DaySum{}
	for day := from; day <= until; day++ {
		list, err := o.store.Billing().DaySums(t.Context(), o.actor.Tenant(), day, day)
		require.NoError(t, err)
		sums[day] = list
	}
	said := []string{}
	for _, kind := range []customer.EventKind{billing.EventDaysClosed, billing.EventDayRestated} {
		events, _, err := o.store.Customers().Events(t.Context(), o.actor.Tenant(), customer.EventFilter{Kind: kind}, customer.Page{Max: 1000})
		require.NoError(t, err)
		for _, e := range events {
			said = append(said, fmt.Sprint(e.Tenant.Customer, " ", e.Kind, " ", e.Data))
		}
	}
	return sums, said
}

// closedInOneGo are the books of the long history, with a correction of February in the end.
func closedInOneGo(t testing.TB) (map[usage.Day][]billing.DaySum, []string) {
	t.Helper()
	o := newOffice(t)
	o.longHistory(t)
	ledger := o.ledgerOver(o.store.Billing())
	require.NoError(t, ledger.CloseDays(t.Context()))
	o.correct(t)
	require.NoError(t, ledger.CloseDays(t.Context()))
	require.NoError(t, ledger.CloseDays(t.Context()))
	return o.books(t, "2026-01-30", "2026-05-01")
}

// correct says that somebody lost a package before the day was closed.
func (o *office) correct(t testing.TB) {
	t.Helper()
	o.happened(t, "org1", on("2026-02-10", "12:00:00"), customer.EventPackageRemoved, "s4", "webex_suite", "l0")
	o.happened(t, "org2", on("2026-02-20", "12:00:00"), customer.EventPackageAssigned, "late", "webex_calling", "l0")
}

func TestClosingIsTheSameWhereverItIsCutOff(t *testing.T) {
	t.Parallel()
	sums, said := closedInOneGo(t)
	require.NotEmpty(t, said)
	for each := 1; each <= 4; each++ { // transactions before it is cut off
		o := newOffice(t)
		o.longHistory(t)
		rounds := 0
		for _, then := range []func(testing.TB){o.correct, func(testing.TB) {}} {
			for {
				rounds++
				err := o.ledgerOver(&BrittleStore{o.store.Billing(), each}).CloseDays(t.Context())
				if err == nil {
					break
				}
				require.ErrorIs(t, err, errCutOff)
			}
			then(t)
		}
		assert.Greater(t, rounds, 3)
		again, saidAgain := o.books(t, "2026-01-30", "2026-05-01")
		assert.Equal(t, sums, again)
		assert.ElementsMatch(t, said, saidAgain)
	}
}

func TestTwoNodesCloseTheSameDaysOnce(t *testing.T) {
	t.Parallel()
	sums, said := closedInOneGo(t)
	o := newOffice(t)
	o.longHistory(t)
	for _, then := range []func(testing.TB){o.correct, func(testing.TB) {}} {
		var nodes sync.WaitGroup
		for range 3 {
			nodes.Go(func() { assert.NoError(t, o.ledgerOver(o.store.Billing()).CloseDays(t.Context())) })
		}
		nodes.Wait()
		then(t)
	}
	again, saidAgain := o.books(t, "2026-01-30", "2026-05-01")
	assert.Equal(t, sums, again)
	assert.ElementsMatch(t, said, saidAgain)
}

// TestDaysOfAbsenceAreClosedInSteps has nobody close days for longer than a year.
func TestDaysOfAbsenceAreClosedInSteps(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.happened(t, "org", on("2026-04-01", "12:00:00"), customer.EventPackageAssigned, "s", "webex_calling", "l")
	o.today(on("2027-05-06", "08:00:00"))
	counting := &BrittleStore{o.store.Billing(), 1000}
	require.NoError(t, o.ledgerOver(counting).CloseDays(t.Context()))
	assert.Equal(t, 13, 1000-counting.left, "400 days, 31 a transaction")
	sums, said := o.books(t, "2026-04-01", "2027-05-06")
	assert.Len(t, said, 13)
	var units usage.Units
	for _, list := range sums {
		for _, sum := range list {
			units += sum.Units
		}
	}
	assert.Equal(t, "399.5", units.String())
	o.happened(t, "org", on("2026-04-01", "18:00:00"), customer.EventPackageRemoved, "s", "webex_calling", "l")
	require.NoError(t, o.ledgerOver(counting).CloseDays(t.Context()))
	restated, _ := o.books(t, "2026-04-01", "2027-05-06")
	for day, list := range restated {
		if day.String() == "2026-04-01" {
			require.Len(t, list, 1)
			assert.Equal(t, "0.25", list[0].Units.String())
			continue
		}
		assert.Empty(t, list, day)
	}
}

// LameStore can't write anything about one customer.
type LameStore struct {
	billing.Store
	lame customer.OrgID
}

func (s LameStore) Update(ctx context.Context, tenant customer.Tenant, fn func(billing.Tx) error) error {
	if tenant.Customer == s.lame {
		return errCutOff
	}
	return s.Store.Update(ctx, tenant, fn)
}

func TestACustomerThatCantBeClosedKeepsNobodyElseOpen(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.longHistory(t)
	require.ErrorIs(t, o.ledgerOver(LameStore{o.store.Billing(), "org0"}).CloseDays(t.Context()), errCutOff)
	for org, closed := range map[customer.OrgID]bool{"org0": false, "org1": true, "org2": true} {
		list, err := o.store.Billing().Standings(t.Context(), customer.Tenant{Partner: o.actor.Partner, Customer: org}, "", 1)
		require.NoError(t, err)
		assert.Equal(t, closed, list[0].Through.String() == "2026-04-30", org)
	}
}
