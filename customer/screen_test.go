package customer_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/job"
	"dialtone/screening"
)

const (
	listHeader = "_id,source,name,addresses\n"
	listed     = "t1,Entity List,Bronvarr Dock Traders,\"9 Harbour Row, Springfield, IL, US\"\n"
	oneList    = listHeader + listed
	otherList  = oneList + "t2,Entity List,Bronvar Dock Traders,\n"
)

func (o *office) load(t testing.TB, csv string) customer.Loaded {
	t.Helper()
	loaded, err := o.LoadList(t.Context(), strings.NewReader(csv))
	require.NoError(t, err)
	return loaded
}

// named is an input for a customer of that name, which brings no numbers.
func (o *office) named(name string) customer.NewCustomer {
	in := o.bakery()
	in.Name, in.ExternalID, in.Location.Numbers, in.Location.MainNumber = name, name, nil, ""
	return in
}

// reviewsOf are the reviews of one customer, the oldest first.
func (o *office) reviewsOf(t testing.TB, c customer.Customer) []customer.Review {
	t.Helper()
	list, _, err := o.Reviews(t.Context(), o.actor, customer.ReviewFilter{Customer: c.ID}, customer.Page{Max: 50})
	require.NoError(t, err)
	return list
}

// reviewed is a customer with a review that nobody has decided.
func (o *office) reviewed(t testing.TB) (customer.Customer, customer.Review) {
	t.Helper()
	o.load(t, oneList)
	c := o.provisioned(t, o.named("Bronvarr Dock Traders"))
	list := o.reviewsOf(t, c)
	require.Len(t, list, 1)
	return c, list[0]
}

// tick moves the clock on.
func (o *office) tick(d time.Duration) {
	now := o.clock.Load().Add(d)
	o.clock.Store(&now)
}

func TestAListedNameIsReviewedAndHoldsNothingUp(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	c, r := o.reviewed(t)
	assert.Equal(t, customer.StatusProvisioned, c.Status)
	assert.Equal(t, customer.StatusPendingReview, c.Shown())
	assert.Equal(t, screening.ReviewPending, r.State)
	assert.Equal(t, *o.clock.Load(), r.Opened)
	require.Len(t, r.Hits, 1)
	assert.Equal(t, "t1", r.Hits[0].Entry.ID)
	assert.Equal(t, []string{"9 Harbour Row, Springfield, IL, US"}, r.Hits[0].Entry.Addresses)
	assert.Equal(t, "Bronvarr Dock Traders", r.Hits[0].SubjectName)
	assert.Equal(t, 1000, r.Hits[0].Score)

	plain := o.provisioned(t, o.named("Corner Bakery"))
	assert.Equal(t, customer.StatusProvisioned, plain.Shown())
	assert.Empty(t, o.reviewsOf(t, plain))
	for status, want := range map[customer.Status][]string{
		"pending_rpl_review": {c.ExternalID}, "provisioned": {plain.ExternalID}, "error": nil,
	} {
		list, _, err := o.Customers(t.Context(), o.actor, customer.CustomerFilter{Statuses: []customer.Status{status}}, customer.Page{Max: 10})
		require.NoError(t, err)
		var got []string
		for _, c := range list {
			got = append(got, c.ExternalID)
			assert.Equal(t, status, c.Shown())
		}
		assert.Equal(t, want, got, status)
	}

	_, err := o.subscribe(t, c, customer.NewSubscriber{Customer: c.ID, Email: "ada@dock.example", Packages: []customer.Package{customer.WebexMeetings}})
	require.NoError(t, err, "a customer in review isn't busy")
	_, err = o.ChangeCustomer(t.Context(), o.actor, c.ID, customer.CustomerChange{Packages: o.bakery().Packages, ExternalID: "renamed"})
	require.NoError(t, err)
	assert.Equal(t, customer.StatusPendingReview, o.kept(t, c).Shown(), "a change leaves the review alone")

	approved, err := o.ApproveReview(t.Context(), o.actor, r.ID, "another company")
	require.NoError(t, err)
	assert.Equal(t, screening.ReviewApproved, approved.State)
	assert.Equal(t, "admin@example.com", approved.DecidedBy)
	again, err := o.Review(t.Context(), o.actor, r.ID)
	require.NoError(t, err)
	assert.Equal(t, approved, again)
	assert.Equal(t, customer.StatusProvisioned, o.kept(t, c).Shown())
	_, err = o.DenyReview(t.Context(), o.actor, r.ID, "after all")
	assert.Equal(t, []int{90028}, codesOf(err), "%v", err)
	assert.True(t, fault.Is(err, fault.Conflict))
	assert.Equal(t, []string{"review.opened by system", "review.approved by admin@example.com"}, o.happened(t, string(r.ID)))
}

// happened is what happened to a thing and who did it, the oldest first.
func (o *office) happened(t testing.TB, subject string) []string {
	t.Helper()
	list, _, err := o.Events(t.Context(), o.actor.Tenant(), customer.EventFilter{Subject: subject}, customer.Page{Max: 50})
	require.NoError(t, err)
	var out []string
	for _, e := range list {
		out = append([]string{fmt.Sprintf("%s by %s", e.Kind, e.Actor)}, out...)
	}
	return out
}

func TestADecisionNeedsAReason(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	_, r := o.reviewed(t)
	for name, decide := range map[string]func(note string) error{
		"approve": func(note string) error { _, err := o.ApproveReview(t.Context(), o.actor, r.ID, note); return err },
		"deny":    func(note string) error { _, err := o.DenyReview(t.Context(), o.actor, r.ID, note); return err },
	} {
		assert.Equal(t, []string{"note"}, fieldsOf(decide(" ")), name)
		assert.Equal(t, []string{"note"}, fieldsOf(decide(strings.Repeat("x", 2001))), name)
	}
	foreign := o.actor
	foreign.Partner = "another"
	_, err := o.ApproveReview(t.Context(), foreign, r.ID, "mine")
	assert.True(t, fault.Is(err, fault.NotFound))
	list, _, err := o.Reviews(t.Context(), foreign, customer.ReviewFilter{}, customer.Page{Max: 10})
	require.NoError(t, err)
	assert.Empty(t, list)
}

func TestWithoutAListThereIsNothingToDo(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	c := o.provisioned(t, o.named("Bronvarr Dock Traders"))
	assert.Equal(t, customer.StatusProvisioned, c.Shown())
	_, err := o.List(t.Context())
	assert.True(t, fault.Is(err, fault.NotFound))

	o.load(t, oneList)
	assert.Equal(t, customer.StatusPendingReview, o.kept(t, c).Shown(), "the first list concerns everybody")
	list, err := o.List(t.Context())
	require.NoError(t, err)
	assert.Equal(t, *o.clock.Load(), list.Screened)
}

func TestAPrecheckScreensNobody(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.load(t, oneList)
	require.NoError(t, o.CheckProvision(t.Context(), o.actor, o.named("Bronvarr Dock Traders")))
	list, _, err := o.Reviews(t.Context(), o.actor, customer.ReviewFilter{}, customer.Page{Max: 10})
	require.NoError(t, err)
	assert.Empty(t, list)
}

// A name that is half alike is a hit at the listed door only.
func TestAChangeOfAddressIsScreened(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.load(t, listHeader+"t1,Entity List,Quorvex Dalmin Tressul,\"9 Harbour Row, Springfield, IL, US\"\n")
	c := o.provisioned(t, o.named("Quorvex Dalmin"))
	require.Equal(t, customer.StatusProvisioned, c.Shown())
	moved := springfield
	moved.Line1 = "9 Harbour Row"
	_, err := o.ChangeCustomer(t.Context(), o.actor, c.ID, customer.CustomerChange{Packages: o.bakery().Packages, Address: &moved})
	require.NoError(t, err)
	assert.Equal(t, customer.StatusPendingReview, o.kept(t, c).Shown())
}

func TestTheSameFileAgainChangesNothing(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	file := listHeader + "t3,Entity List\n" + listed + "t2,Entity List,Somebody Else,\n"
	first := o.load(t, file)
	assert.True(t, first.Fresh)
	assert.Equal(t, screening.Summary{Rows: 3, Entries: 2, Bad: 1, BadRows: []screening.BadRow{{Line: 2, Reason: "has 2 columns where the header has 4"}}}, first.Summary)
	assert.Equal(t, 2, first.List.Entries)
	assert.Equal(t, "58882686ccab8e8b", fmt.Sprintf("%x", first.List.SHA256[:8]))
	kept, err := o.List(t.Context())
	require.NoError(t, err)
	first.List.Screened = *o.clock.Load() // everybody was compared meanwhile
	assert.Equal(t, first.List, kept)
	o.tick(time.Hour)
	again := o.load(t, file)
	assert.Equal(t, customer.Loaded{List: kept}, again)
}

func TestABadListLeavesTheOldOneInForce(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.load(t, oneList)
	before, err := o.List(t.Context())
	require.NoError(t, err)
	_, err = o.LoadList(t.Context(), strings.NewReader(oneList+"t2,\"cut off"))
	assert.True(t, fault.Is(err, fault.Invalid), "%v", err)
	broken := errors.New("disk on fire")
	_, err = o.LoadList(t.Context(), &twice{first: strings.NewReader(otherList), second: io.MultiReader(strings.NewReader(oneList), iotest.ErrReader(broken))})
	assert.True(t, fault.Is(err, fault.Unavailable), "%v", err)
	require.ErrorIs(t, err, broken)
	_, err = o.LoadList(t.Context(), &twice{first: iotest.ErrReader(broken)})
	require.ErrorIs(t, err, broken)
	after, err := o.List(t.Context())
	require.NoError(t, err)
	assert.Equal(t, before, after)
}

// twice is a file that holds something else when it is read again.
type twice struct{ first, second io.Reader }

func (f *twice) Read(p []byte) (int, error) { return f.first.Read(p) }

func (f *twice) Seek(int64, int) (int64, error) {
	f.first = f.second
	return 0, nil
}

func TestALaterListAddsToAReviewThatIsOpen(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	c, r := o.reviewed(t)
	o.load(t, otherList)
	list := o.reviewsOf(t, c)
	require.Len(t, list, 1)
	assert.Equal(t, r.ID, list[0].ID)
	require.Len(t, list[0].Hits, 2)
	assert.Equal(t, "t2", list[0].Hits[1].Entry.ID)
	assert.Equal(t, []string{"review.opened by system", "review.extended by system"}, o.happened(t, string(r.ID)))
	o.load(t, oneList)
	assert.Len(t, o.reviewsOf(t, c)[0].Hits, 2, "what a list has no more isn't taken away: people decide")
}

func TestWhatWasApprovedIsNothingNew(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	c, r := o.reviewed(t)
	_, err := o.ApproveReview(t.Context(), o.actor, r.ID, "another company")
	require.NoError(t, err)
	o.load(t, oneList+"t9,Entity List,Somebody Else Altogether,\n")
	assert.Len(t, o.reviewsOf(t, c), 1)
	moved := springfield
	moved.Line1 = "2 Side Street"
	_, err = o.ChangeCustomer(t.Context(), o.actor, c.ID, customer.CustomerChange{Packages: o.bakery().Packages, Address: &moved})
	require.NoError(t, err)
	assert.Len(t, o.reviewsOf(t, c), 1)
	assert.Equal(t, customer.StatusProvisioned, o.kept(t, c).Shown())

	o.tick(time.Minute)
	o.load(t, otherList)
	list := o.reviewsOf(t, c)
	require.Len(t, list, 2, "another entry is something new")
	assert.Len(t, list[1].Hits, 2)
	assert.Equal(t, customer.StatusPendingReview, o.kept(t, c).Shown())
	_, err = o.ApproveReview(t.Context(), o.actor, list[1].ID, "neither")
	require.NoError(t, err)
	o.load(t, oneList)
	o.load(t, otherList)
	assert.Len(t, o.reviewsOf(t, c), 2)
	o.load(t, strings.ReplaceAll(oneList, "Traders", "Trader"))
	assert.Len(t, o.reviewsOf(t, c), 3, "the entry has another name now: ids may be no more than numbers of lines")
}

func TestANewListIsComparedWithEverybodyInChunks(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	var names []string
	for i := range 205 {
		name := fmt.Sprint("Shop ", i)
		if i%50 == 0 {
			name = "Bronvarr Dock Traders"
			names = append(names, fmt.Sprint(i))
		}
		in := o.named(name)
		in.ExternalID, in.Packages, in.Location = fmt.Sprint(i), []customer.Package{customer.WebexMeetings}, nil
		_, err := o.Provision(t.Context(), o.actor, in)
		require.NoError(t, err)
	}
	o.promises.Hold()
	list := o.load(t, oneList).List
	worker := o.worker(t, "customer.rescreen")
	args := []byte(`{"list":"` + string(list.ID) + `"}`)
	_, again := job.IsAgain(worker.Do(t.Context(), args))
	assert.True(t, again, "a run does a part")
	kept, err := o.List(t.Context())
	require.NoError(t, err)
	assert.NotEmpty(t, kept.ScreenedTo)
	assert.Zero(t, kept.Screened)
	require.NoError(t, worker.Do(t.Context(), args))
	kept, err = o.List(t.Context())
	require.NoError(t, err)
	assert.Equal(t, *o.clock.Load(), kept.Screened)
	reviews, _, err := o.Reviews(t.Context(), o.actor, customer.ReviewFilter{State: screening.ReviewPending}, customer.Page{Max: 100})
	require.NoError(t, err)
	assert.Len(t, reviews, len(names))

	require.NoError(t, worker.Do(t.Context(), args), "it is done, and done again does nothing")
	require.NoError(t, worker.Do(t.Context(), []byte(`{"list":"older"}`)), "a newer list has a job of its own")
	broken := errors.New("the database was away")
	require.ErrorIs(t, worker.GiveUp(t.Context(), args, broken), broken, "it is never given up")
}

func (o *office) worker(t testing.TB, kind job.Kind) job.Worker {
	t.Helper()
	for _, w := range o.Workers() {
		if w.Kind == kind {
			return w
		}
	}
	require.FailNow(t, "nobody does "+string(kind))
	return job.Worker{}
}

func TestACustomerThatLeavesTakesItsReviewAlong(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	c, r := o.reviewed(t)
	require.NoError(t, o.RemoveCustomer(t.Context(), o.actor, c.ID))
	closed, err := o.Review(t.Context(), o.actor, r.ID)
	require.NoError(t, err, "it stays to be seen")
	assert.Equal(t, screening.ReviewClosed, closed.State)
	assert.Equal(t, []string{"review.opened by system", "review.closed by admin@example.com"}, o.happened(t, string(r.ID)))
	_, err = o.ApproveReview(t.Context(), o.actor, r.ID, "late")
	assert.Equal(t, []int{90028}, codesOf(err))
	require.NoError(t, o.worker(t, "customer.screen").Do(t.Context(), []byte(`{"partner":"`+string(c.Partner)+`","customer":"`+string(c.ID)+`"}`)), "it is gone")
}

// deprovisions stands for provisioning, which knows phones: there are none here.
func (o *office) deprovisions() {
	o.promises.Employ(job.For(customer.JobDeprovision, func(ctx context.Context, d customer.Deprovisioning) error {
		c, due, err := o.BeginDeprovisioning(ctx, d)
		if err != nil || !due {
			return err
		}
		return o.FinishDeprovisioning(ctx, c)
	}, func(_ context.Context, _ customer.Deprovisioning, cause error) error { return cause }))
}

func TestADenialThatIsNotCuredEndsTheCustomer(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.deprovisions()
	c, r := o.reviewed(t)
	denied, err := o.DenyReview(t.Context(), o.actor, r.ID, "the same owner")
	require.NoError(t, err)
	assert.Equal(t, o.clock.Load().Add(30*24*time.Hour), denied.CureUntil)
	c = o.kept(t, c)
	assert.Equal(t, customer.ScreeningDenied, c.Screening)
	assert.Equal(t, customer.StatusPendingReview, c.Shown())
	o.load(t, otherList)
	assert.Len(t, o.reviewsOf(t, c)[0].Hits, 2)

	o.tick(30*24*time.Hour - time.Second)
	require.NoError(t, o.promises.Due(t.Context(), denied.CureUntil), "a clock that is a little fast")
	assert.Equal(t, c, o.kept(t, c))
	o.tick(time.Second)
	o.load(t, oneList+"t8,Entity List,Bronvarr Dock Trader,\n")
	assert.Len(t, o.reviewsOf(t, c)[0].Hits, 2, "it is over")
	require.NoError(t, o.promises.Due(t.Context(), *o.clock.Load()))
	_, err = o.Customer(t.Context(), o.actor, c.ID)
	assert.True(t, fault.Is(err, fault.NotFound))
	over, err := o.Review(t.Context(), o.actor, r.ID)
	require.NoError(t, err)
	assert.Equal(t, screening.ReviewDeprovision, over.State)
	assert.Equal(t, *o.clock.Load(), over.DeprovisionTime)
	assert.Equal(t, []string{"review.opened by system", "review.denied by admin@example.com", "review.extended by system", "review.deprovisioned by system"}, o.happened(t, string(r.ID)))
	assert.Equal(t, []string{"customer.leaving by system", "customer.deleted by system"}, o.happened(t, string(c.ID))[2:])
	require.NoError(t, o.promises.Due(t.Context(), *o.clock.Load()))
}

func TestADenialThatIsCuredEndsNothing(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.deprovisions()
	c, r := o.reviewed(t)
	denied, err := o.DenyReview(t.Context(), o.actor, r.ID, "the same owner")
	require.NoError(t, err)
	o.tick(29 * 24 * time.Hour)
	_, err = o.ApproveReview(t.Context(), o.actor, r.ID, "a new owner")
	require.NoError(t, err)
	o.tick(24 * time.Hour)
	require.NoError(t, o.promises.Due(t.Context(), denied.CureUntil))
	assert.Equal(t, customer.StatusProvisioned, o.kept(t, c).Shown())
}

func TestThreeAttemptsInVainEndTheCustomer(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.deprovisions()
	c, r := o.reviewed(t)
	for range 2 {
		_, err := o.ContactPartner(t.Context(), o.actor, r.ID, false, "no answer")
		require.NoError(t, err)
		assert.Equal(t, customer.StatusPendingReview, o.kept(t, c).Shown())
	}
	_, err := o.ContactPartner(t.Context(), o.actor, r.ID, false, "")
	require.NoError(t, err)
	_, err = o.Customer(t.Context(), o.actor, c.ID)
	assert.True(t, fault.Is(err, fault.NotFound))
	list, _, err := o.Events(t.Context(), o.actor.Tenant(), customer.EventFilter{Kind: customer.EventReviewContact}, customer.Page{Max: 10})
	require.NoError(t, err)
	require.Len(t, list, 3)
	assert.Equal(t, map[string]any{"customer": string(c.ID), "state": "pending", "attempt": 3.0, "reached": false, "note": ""}, list[0].Data)
}

func TestDeprovisioningWaitsForOtherWork(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	c, r := o.reviewed(t)
	sub, err := o.subscribe(t, c, customer.NewSubscriber{Customer: c.ID, Email: "ada@dock.example", Packages: []customer.Package{customer.WebexMeetings}})
	require.NoError(t, err)
	o.promises.Hold()
	_, err = o.ChangeCustomer(t.Context(), o.actor, c.ID, customer.CustomerChange{Packages: o.bakery().Packages})
	require.NoError(t, err)
	for range 3 {
		_, err = o.ContactPartner(t.Context(), o.actor, r.ID, false, "")
		require.NoError(t, err)
	}
	d := customer.Deprovisioning{Partner: c.Partner, Org: c.Org, Review: r.ID}
	_, due, err := o.BeginDeprovisioning(t.Context(), d)
	assert.False(t, due)
	after, again := job.IsAgain(err)
	assert.True(t, again, "%v", err)
	assert.Equal(t, time.Second, after)
	require.NoError(t, o.worker(t, "customer.fulfil").Do(t.Context(), []byte(`{"partner":"`+string(c.Partner)+`","customer":"`+string(c.ID)+`"}`)))

	for range 2 { // a process may die after it
		c, due, err = o.BeginDeprovisioning(t.Context(), d)
		require.NoError(t, err)
		assert.True(t, due)
	}
	assert.Equal(t, customer.StatusDeleting, o.kept(t, c).Status)
	_, err = o.subscribe(t, o.kept(t, c), customer.NewSubscriber{Customer: c.ID, Email: "bob@dock.example", Packages: []customer.Package{customer.WebexMeetings}})
	assert.Equal(t, []int{90010}, codesOf(err), "nobody comes after it")
	_, again = job.IsAgain(o.FinishDeprovisioning(t.Context(), c))
	assert.True(t, again, "somebody is left")
	require.NoError(t, o.store.Update(t.Context(), c.Tenant(), func(tx customer.Tx) error {
		_, err := o.Unsubscribe(t.Context(), tx, o.actor, c.Tenant(), sub.ID)
		return err
	}))
	for range 2 {
		require.NoError(t, o.FinishDeprovisioning(t.Context(), c))
	}
	_, due, err = o.BeginDeprovisioning(t.Context(), d)
	require.NoError(t, err)
	assert.False(t, due, "it is gone")
}

// The partner may be faster than the job: the review says all the same what it came to.
func TestADueCustomerThatLeavesByItselfWasDeprovisioned(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	c, r := o.reviewed(t)
	_, err := o.DenyReview(t.Context(), o.actor, r.ID, "the same owner")
	require.NoError(t, err)
	o.tick(30 * 24 * time.Hour)
	require.NoError(t, o.RemoveCustomer(t.Context(), o.actor, c.ID))
	over, err := o.Review(t.Context(), o.actor, r.ID)
	require.NoError(t, err)
	assert.Equal(t, screening.ReviewDeprovision, over.State)
}
