package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/screening"
)

// listed is an entry with everything in it.
func listed(n int) screening.Entry {
	return screening.Entry{
		ID: fmt.Sprint("t", n), Source: "S <&>", Type: "Individual", Name: "Ünï \u2028 名", AltNames: []string{"a", "b"}, Addresses: []string{"1, US"},
		Countries: []string{"US"}, Programs: []string{"P"}, StartDate: "2020-01-01", EndDate: "2030-01-01", ListURL: "https://list.example",
	}
}

// written runs fn in a transaction of no tenant, as lists have none.
func (f *fixture) written(t testing.TB, fn func(tx customer.Tx) error) {
	t.Helper()
	require.NoError(t, f.c.Update(t.Context(), customer.Tenant{}, fn))
}

// stage begins a list and puts entries into it.
func (f *fixture) stage(t testing.TB, name customer.ListID, entries int) customer.List {
	t.Helper()
	l := customer.List{ID: name, SHA256: [32]byte{1, 0, 2}, Loaded: f.tick(), Entries: entries}
	all := make([]screening.Entry, entries)
	for i := range all {
		all[i] = listed(i)
	}
	f.written(t, func(tx customer.Tx) error {
		require.NoError(t, tx.StageList(t.Context(), l, l.Loaded.Add(-time.Hour)))
		require.NoError(t, tx.AddListEntries(t.Context(), name, 0, all[:entries/2]))
		return tx.AddListEntries(t.Context(), name, entries/2, all[entries/2:])
	})
	return l
}

func (f *fixture) enforce(t testing.TB, l customer.List) {
	t.Helper()
	f.written(t, func(tx customer.Tx) error { return tx.EnforceList(t.Context(), l) })
}

func listsAreReplacedWhole(t *testing.T, f *fixture) {
	ctx := t.Context()
	_, err := f.c.List(ctx)
	assert.True(t, fault.Is(err, fault.NotFound))
	first := f.stage(t, "first", 1203)
	_, err = f.c.List(ctx)
	assert.True(t, fault.Is(err, fault.NotFound), "it isn't in force yet")
	f.enforce(t, first)
	same(t, first)(f.c.List(ctx))
	for from, want := range map[int]int{0: 700, 700: 503, 1203: 0} {
		entries, err := f.c.ListEntries(ctx, "first", from, 700)
		require.NoError(t, err)
		require.Len(t, entries, want, "%d", from)
		if want > 0 {
			assert.Equal(t, listed(from), entries[0])
			assert.Equal(t, listed(from+want-1), entries[want-1])
		}
	}
	done := first
	done.ScreenedTo, done.Screened = f.one.ID, f.tick()
	f.written(t, func(tx customer.Tx) error { return tx.SetListProgress(ctx, done) })
	same(t, done)(f.c.List(ctx))

	second := f.stage(t, "second", 2)
	same(t, done)(f.c.List(ctx))
	f.enforce(t, second)
	same(t, second)(f.c.List(ctx))
	same(t, []screening.Entry{listed(0)})(f.c.ListEntries(ctx, "first", 0, 1)) // the one before is kept
	f.enforce(t, f.stage(t, "third", 1))
	same(t, []screening.Entry{})(f.c.ListEntries(ctx, "first", 0, 1))
	same(t, []screening.Entry{listed(1)})(f.c.ListEntries(ctx, "second", 1, 9))
	f.listsAreDropped(t)
}

// listsAreDropped ends lists that didn't become whole.
func (f *fixture) listsAreDropped(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	f.stage(t, "abandoned", 2)
	f.now = f.now.Add(2 * time.Hour)
	bad := f.stage(t, "bad", 2)
	same(t, []screening.Entry{})(f.c.ListEntries(ctx, "abandoned", 0, 9))
	f.written(t, func(tx customer.Tx) error { return tx.DropList(ctx, "bad") })
	same(t, []screening.Entry{})(f.c.ListEntries(ctx, "bad", 0, 9))
	for name, write := range map[string]func(customer.Tx) error{
		"enforce what is gone":     func(tx customer.Tx) error { return tx.EnforceList(ctx, bad) },
		"drop what is in force":    func(tx customer.Tx) error { return tx.DropList(ctx, "third") },
		"add to what is gone":      func(tx customer.Tx) error { return tx.AddListEntries(ctx, "bad", 0, []screening.Entry{listed(1)}) },
		"progress of what is gone": func(tx customer.Tx) error { return tx.SetListProgress(ctx, bad) },
	} {
		err := f.c.Update(ctx, customer.Tenant{}, write)
		assert.True(t, fault.Is(err, fault.NotFound), "%s: %v", name, err)
	}
	l, err := f.c.List(ctx)
	require.NoError(t, err)
	assert.Equal(t, customer.ListID("third"), l.ID, "whatever goes wrong")
}

// everybodyIsListed goes through the customers of all tenants, in the order of their ids.
func everybodyIsListed(t *testing.T, f *fixture) {
	ctx := t.Context()
	all := []customer.Customer{f.one, f.sibling, f.foe}
	slices.SortFunc(all, func(a, b customer.Customer) int { return slices.Compare([]byte(a.ID), []byte(b.ID)) })
	same(t, all[:2])(f.c.AnyTenantCustomers(ctx, "", 2))
	same(t, all[2:])(f.c.AnyTenantCustomers(ctx, all[1].ID, 2))
	same(t, []customer.Customer{})(f.c.AnyTenantCustomers(ctx, all[2].ID, 2))
}

func (f *fixture) newReview(c customer.Customer) customer.Review {
	return customer.Review{Org: c.Org, Review: screening.Review{
		ID: screening.ReviewID(id()), CustomerID: screening.CustomerID(c.ID), Partner: screening.PartnerID(c.Partner), Opened: f.tick(), State: screening.ReviewPending,
		Hits: []screening.Hit{{Entry: listed(1), SubjectName: "s", ListedName: "l", Score: 999, Reason: "r"}},
	}}
}

func reviewsComeBack(t *testing.T, f *fixture) {
	ctx, tenant := t.Context(), tenantOf(f.one)
	_, err := f.c.OpenReview(ctx, tenant, f.one.ID)
	assert.True(t, fault.Is(err, fault.NotFound))
	r, other := f.newReview(f.one), f.newReview(f.sibling)
	for _, r := range []customer.Review{r, other, f.newReview(f.foe)} {
		require.NoError(t, f.c.Update(ctx, r.Tenant(), func(tx customer.Tx) error { return tx.CreateReview(ctx, r) }))
	}
	same(t, r)(f.c.Review(ctx, tenant, r.ID))
	same(t, r)(f.c.Review(ctx, customer.Tenant{Partner: f.one.Partner}, r.ID))
	same(t, r)(f.c.OpenReview(ctx, tenant, f.one.ID))
	second := f.newReview(f.one)
	create := func(tx customer.Tx) error { return tx.CreateReview(ctx, second) }
	assert.True(t, fault.Is(f.c.Update(ctx, tenant, create), fault.Conflict), "one is open")

	r.State, r.Decided, r.DecidedBy, r.DecidedNote, r.CureUntil = screening.ReviewDenied, f.tick(), "rita@example.com", "why", f.now.Add(screening.CurePeriod)
	r.Hits = append(r.Hits, screening.Hit{Entry: screening.Entry{ID: "2", Name: "n"}})
	r.ContactAttempts = []screening.ContactAttempt{{Time: f.now, By: "rita@example.com", Reached: true, Note: "n"}, {Time: f.tick(), By: "x"}}
	set := func(tx customer.Tx) error { return tx.SetReview(ctx, r) }
	require.NoError(t, f.c.Update(ctx, tenant, set))
	same(t, r)(f.c.OpenReview(ctx, tenant, f.one.ID))
	for _, end := range []screening.ReviewState{screening.ReviewDeprovision, screening.ReviewClosed, screening.ReviewApproved} {
		r.State, r.DeprovisionTime, r.ClosedTime = end, f.tick(), f.tick()
		require.NoError(t, f.c.Update(ctx, tenant, set))
		_, err = f.c.OpenReview(ctx, tenant, f.one.ID)
		assert.True(t, fault.Is(err, fault.NotFound), end)
	}
	require.NoError(t, f.c.Update(ctx, tenant, create))
	partner := customer.Tenant{Partner: f.one.Partner}
	for _, c := range []struct {
		tenant customer.Tenant
		filter customer.ReviewFilter
		want   []customer.Review
	}{
		{partner, customer.ReviewFilter{}, []customer.Review{r, other, second}}, {tenant, customer.ReviewFilter{}, []customer.Review{r, second}},
		{partner, customer.ReviewFilter{Customer: f.sibling.ID}, []customer.Review{other}}, {partner, customer.ReviewFilter{State: screening.ReviewApproved}, []customer.Review{r}},
		{partner, customer.ReviewFilter{State: "x"}, []customer.Review{}}, {partner, customer.ReviewFilter{Customer: f.foe.ID}, []customer.Review{}},
	} {
		list, more, err := f.c.Reviews(ctx, c.tenant, c.filter, everything)
		require.NoError(t, err)
		assert.False(t, more)
		assert.Equal(t, c.want, list, "%+v", c.filter)
	}
	list, more, err := f.c.Reviews(ctx, partner, customer.ReviewFilter{}, customer.Page{Max: 1, Offset: 1})
	require.NoError(t, err)
	assert.True(t, more)
	assert.Equal(t, []customer.Review{other}, list)
	foreignReviewsArentThere(t, f, r)
}

func foreignReviewsArentThere(t *testing.T, f *fixture, r customer.Review) {
	t.Helper()
	ctx := t.Context()
	foreign := r
	foreign.Partner, foreign.Org = screening.PartnerID(f.foe.Partner), f.foe.Org
	for name, ask := range map[string]func() error{
		"read":        func() error { _, err := f.c.Review(ctx, tenantOf(f.foe), r.ID); return err },
		"of a sister": func() error { _, err := f.c.Review(ctx, tenantOf(f.sibling), r.ID); return err },
		"open":        func() error { _, err := f.c.OpenReview(ctx, tenantOf(f.foe), f.one.ID); return err },
		"hostile":     func() error { _, err := f.c.Review(ctx, tenantOf(f.foe), "\x00"); return err },
		"set": func() error {
			return f.c.Update(ctx, tenantOf(f.foe), func(tx customer.Tx) error { return tx.SetReview(ctx, foreign) })
		},
		"screening": func() error {
			return f.c.Update(ctx, tenantOf(f.foe), func(tx customer.Tx) error {
				return tx.SetScreening(ctx, f.foe.Partner, f.one.ID, customer.ScreeningDenied)
			})
		},
	} {
		err := ask()
		assert.True(t, fault.Is(err, fault.NotFound), "%s: %v", name, err)
	}
}

// screeningLiesOverTheStatus: neither of the two changes the other, and the filter sees what partners see.
func screeningLiesOverTheStatus(t *testing.T, f *fixture) {
	ctx := t.Context()
	for _, s := range []customer.Screening{customer.ScreeningPending, customer.ScreeningDenied, customer.ScreeningClear} {
		require.NoError(t, f.c.Update(ctx, tenantOf(f.one), func(tx customer.Tx) error {
			require.NoError(t, tx.SetScreening(ctx, f.one.Partner, f.one.ID, s))
			return tx.SetCustomer(ctx, f.one)
		}))
		want := f.one
		want.Screening = s
		same(t, want)(f.c.Customer(ctx, f.one.Partner, f.one.ID))
		for _, status := range []customer.Status{customer.StatusPendingReview, customer.StatusProvisioned, customer.StatusError} {
			wanted := []customer.Customer{}
			for _, c := range []customer.Customer{want, f.sibling} {
				if c.Shown() == status {
					wanted = append(wanted, c)
				}
			}
			list, _, err := f.c.Customers(ctx, f.one.Partner, customer.CustomerFilter{Statuses: []customer.Status{status}}, everything)
			require.NoError(t, err)
			assert.Equal(t, wanted, list, "%s %s", s, status)
		}
	}
	all := customer.CustomerFilter{Statuses: []customer.Status{customer.StatusPendingReview, customer.StatusProvisioned}}
	require.NoError(t, f.c.Update(ctx, tenantOf(f.one), func(tx customer.Tx) error {
		return tx.SetScreening(ctx, f.one.Partner, f.one.ID, customer.ScreeningPending)
	}))
	list, more, err := f.c.Customers(ctx, f.one.Partner, all, customer.Page{Max: 1})
	require.NoError(t, err)
	assert.True(t, more)
	assert.Len(t, list, 1)
}
