package billing_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/billing"
	"dialtone/customer"
	"dialtone/fault"
	"dialtone/job"
	"dialtone/usage"
)

// errCut is the end of a server in the midst of its work.
var errCut = errors.New("the server is gone")

// crowded is a store in which one customer has very many assignments, which it makes up, and which is cut off after a number of calls: then nothing answers any more.
type crowded struct {
	billing.Store
	list []usage.Assignment
	mu   sync.Mutex
	left int  // calls until the end; negative: it never comes
	late bool // the transaction at the end is committed yet, though nobody hears of it
	cut  bool // the end has come
}

// gone reports whether the end has come with this call.
func (c *crowded) gone() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left == 0 {
		c.cut = true
		return true
	}
	c.left--
	return false
}

func (c *crowded) Progress(ctx context.Context, partner customer.OrgID, id billing.ReportID) (billing.Progress, error) {
	if c.gone() {
		return billing.Progress{}, errCut
	}
	return c.Store.Progress(ctx, partner, id)
}

func (c *crowded) Partner(ctx context.Context, id customer.OrgID) (customer.Partner, error) {
	if c.gone() {
		return customer.Partner{}, errCut
	}
	return c.Store.Partner(ctx, id)
}

func (c *crowded) Standings(ctx context.Context, tenant customer.Tenant, after customer.OrgID, most int) ([]billing.Standing, error) {
	if c.gone() {
		return nil, errCut
	}
	return c.Store.Standings(ctx, tenant, after, most)
}

func (c *crowded) Assignments(_ context.Context, _ customer.Tenant, _ usage.Span, after billing.AssignmentCursor, most int) ([]usage.Assignment, error) {
	if c.gone() {
		return nil, errCut
	}
	at, found := slices.BinarySearchFunc(c.list, after, func(a usage.Assignment, after billing.AssignmentCursor) int {
		return bytes.Compare([]byte(a.Subject), []byte(after.Subject))
	})
	if found {
		at++
	}
	return slices.Clone(c.list[at:min(at+most, len(c.list))]), nil
}

func (c *crowded) Update(ctx context.Context, tenant customer.Tenant, fn func(billing.Tx) error) error {
	gone := c.gone()
	if gone && c.late {
		if err := c.Store.Update(ctx, tenant, fn); err != nil {
			return err
		}
	}
	if gone {
		return errCut
	}
	return c.Store.Update(ctx, tenant, fn)
}

// crowd are subscribers with half a day each.
func crowd(org customer.OrgID, count int) []usage.Assignment {
	list := make([]usage.Assignment, count)
	for i := range list {
		list[i] = usage.Assignment{
			Customer: org, SubjectKind: usage.KindPerson, Subject: usage.SubjectID(fmt.Sprintf("s%05d", i)), Person: "p", Package: customer.WebexCalling, Location: "l",
			From: on("2026-04-30", "12:00:00"), Begun: int64(i + 1),
		}
	}
	return list
}

// hasty is a clock that moves on by two seconds at each look, so that a call of Count writes a page or two.
func hasty() func() time.Time {
	at := on("2026-05-01", "08:00:00")
	return func() time.Time {
		at = at.Add(2 * time.Second)
		return at
	}
}

// untilCut counts a report with a store, call by call, each of them in a process of its own, until it is done or nothing answers.
func untilCut(t testing.TB, store billing.Store, r billing.Report) (calls int, err error) {
	t.Helper()
	for {
		calls++
		err := billing.NewLedger(billing.LedgerConfig{Store: store, Now: hasty()}).Count(t.Context(), r)
		if _, again := job.IsAgain(err); !again {
			return calls, err
		}
	}
}

// waiting orders a report by user that nobody counts yet.
func (o *office) waiting(t testing.TB) billing.Report {
	t.Helper()
	o.promises.Hold()
	in := april()
	in.Type = billing.TypeUser
	return o.ordered(t, in)
}

// counted finishes a report of which all is counted, and returns its file and what is known of that. The report is deleted.
func (o *office) counted(t testing.TB, r billing.Report) (string, billing.Progress) {
	t.Helper()
	o.counter.count = func(context.Context, billing.Report) error { return nil }
	require.NoError(t, o.promises.Do(t.Context()))
	progress, err := o.Progress(t.Context(), o.actor, r.ID)
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, o.WriteFile(t.Context(), o.actor.Partner, r.ID, &out))
	require.NoError(t, o.Delete(t.Context(), o.actor, r.ID))
	return out.String(), progress
}

// TestACountMayBeCutOffAnywhere ends the server at each of its calls to the store, before what they do and after it. Who goes on makes the same file.
func TestACountMayBeCutOffAnywhere(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.happened(t, "org", on("2026-04-30", "00:00:00"), customer.EventPackageAssigned, "s", "webex_calling", "l")
	require.NoError(t, o.countsByLedger().CloseDays(t.Context()))
	const many = 12_345
	list := crowd("org", many)
	sound := &crowded{Store: o.store.Billing(), list: list, left: -1}
	r := o.waiting(t)
	calls, err := untilCut(t, sound, r)
	require.NoError(t, err)
	require.Greater(t, calls, 1, "there is something between the pieces")
	want, known := o.counted(t, r)
	require.Equal(t, many, int(known.Rows))
	for _, late := range []bool{false, true} {
		for n := 0; ; n++ {
			cut := &crowded{Store: o.store.Billing(), list: list, left: n, late: late}
			r := o.waiting(t)
			if _, err = untilCut(t, cut, r); !cut.cut {
				require.NoError(t, err)
				require.Greater(t, n, 10)
				_, _ = o.counted(t, r)
				break
			}
			require.ErrorIs(t, err, errCut)
			_, err = untilCut(t, sound, r)
			require.NoError(t, err)
			got, progress := o.counted(t, r)
			require.True(t, got == want, "cut off at call %d, late: %t", n, late)
			assert.Less(t, known.Known, progress.Known, "the log went on between the two counts")
			progress.Known = known.Known
			assert.Equal(t, known, progress, "%d %t", n, late)
		}
	}
}

// TestTwoNodesCountOneReport has both count the same report, as happens when a job is taken for dead: each piece is written once.
func TestTwoNodesCountOneReport(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.happened(t, "org", on("2026-04-30", "00:00:00"), customer.EventPackageAssigned, "s", "webex_calling", "l")
	require.NoError(t, o.countsByLedger().CloseDays(t.Context()))
	sound := &crowded{Store: o.store.Billing(), list: crowd("org", 23_456), left: -1}
	r := o.waiting(t)
	_, err := untilCut(t, sound, r)
	require.NoError(t, err)
	want, known := o.counted(t, r)
	for range 3 {
		r := o.waiting(t)
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() {
				for {
					_, err := untilCut(t, sound, r)
					if err == nil {
						return
					}
					assert.True(t, fault.Is(err, fault.Conflict), "the other one was faster: %v", err)
				}
			})
		}
		both.Wait()
		got, progress := o.counted(t, r)
		require.True(t, got == want)
		assert.Equal(t, known.SHA256, progress.SHA256)
	}
}
