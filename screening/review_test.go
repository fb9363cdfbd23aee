package screening_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dialtone/screening"
)

var (
	opened = time.Date(2026, 3, 20, 9, 0, 0, 0, time.UTC)
	hits   = []screening.Hit{{Entry: screening.Entry{ID: "1", Name: "N"}, Score: 1000}}
)

func open(tb testing.TB) screening.Review {
	tb.Helper()
	r, err := screening.OpenReview(opened, "r1", "c1", "p1", hits)
	require.NoError(tb, err)
	return r
}

// days after the opening, of 24 hours each; the clocks of Europe change on the ninth.
func days(n int) time.Time { return opened.Add(time.Duration(n) * 24 * time.Hour) }

func TestAReviewOpensPending(t *testing.T) {
	t.Parallel()
	berlin := time.FixedZone("CET", 3600)
	r, err := screening.OpenReview(opened.In(berlin), "r1", "c1", "p1", hits)
	require.NoError(t, err)
	assert.Equal(t, screening.Review{ID: "r1", CustomerID: "c1", Partner: "p1", Opened: opened, State: "pending", Hits: hits}, r)
	assert.False(t, r.Due(days(10_000)), "nobody's silence is a denial")
	for name, tc := range map[string]struct {
		now      time.Time
		id       screening.ReviewID
		customer screening.CustomerID
		partner  screening.PartnerID
		hits     []screening.Hit
		want     string
	}{
		"id":       {opened, "", "c", "p", hits, "id: must have 1 to 255 bytes"},
		"customer": {opened, "r", "", "p", hits, "customerId: must have 1 to 255 bytes"},
		"partner":  {opened, "r", "c", screening.PartnerID(strings.Repeat("p", 256)), hits, "partner: must have 1 to 255 bytes"},
		"time":     {time.Time{}, "r", "c", "p", hits, "time: is needed"},
		"no hits":  {opened, "r", "c", "p", nil, "hits: must be 1 to 20"},
		"21 hits":  {opened, "r", "c", "p", make([]screening.Hit, 21), "hits: must be 1 to 20"},
	} {
		_, err := screening.OpenReview(tc.now, tc.id, tc.customer, tc.partner, tc.hits)
		assert.EqualError(t, err, tc.want, name)
		assert.True(t, refusedAs(err, screening.Malformed), name)
	}
}

func TestAnApprovalEndsAReview(t *testing.T) {
	t.Parallel()
	r, err := open(t).Approve(days(1), "rita@example.com", "another country")
	require.NoError(t, err)
	assert.Equal(t, screening.ReviewApproved, r.State)
	assert.Equal(t, days(1), r.Decided)
	assert.Equal(t, "rita@example.com", r.DecidedBy)
	assert.Equal(t, "another country", r.DecidedNote)
	assert.False(t, r.Due(days(10_000)))
	const want = "The review of customer c1 was approved by rita@example.com on 2026-03-21 09:00 UTC. If the list has changed, screen the customer again."
	_, err = r.Approve(days(2), "rita@example.com", "")
	assertConflict(t, want, err)
	_, err = r.Deny(days(2), "rita@example.com", "")
	assertConflict(t, want, err)
	_, err = r.Contact(days(2), "rita@example.com", true, "")
	assertConflict(t, want, err)
	_, err = r.Deprovisioned(days(2))
	assertConflict(t, "The review of customer c1 gives no reason to deprovision it. Wait until it is due.", err)
}

func assertConflict(t *testing.T, want string, err error) {
	t.Helper()
	assert.EqualError(t, err, want)
	assert.True(t, refusedAs(err, screening.Settled))
}

func TestADenialCanBeCuredForThirtyDays(t *testing.T) {
	t.Parallel()
	denied, err := open(t).Deny(days(2), "rita@example.com", "the same passport")
	require.NoError(t, err)
	assert.Equal(t, screening.ReviewDenied, denied.State)
	assert.Equal(t, days(32), denied.CureUntil)
	assert.False(t, denied.Due(days(2)))
	last := days(32).Add(-time.Nanosecond)
	assert.False(t, denied.Due(last))
	assert.True(t, denied.Due(days(32)))

	_, err = denied.Deny(days(3), "rita@example.com", "")
	assertConflict(t, "The review of customer c1 has been denied already. Approve it before 2026-04-21 09:00 UTC to cure that, or let the time run out.", err)
	cured, err := denied.Approve(last, "otto@example.com", "new owner")
	require.NoError(t, err)
	assert.Equal(t, screening.ReviewApproved, cured.State)
	assert.Equal(t, "otto@example.com", cured.DecidedBy)
	assert.Equal(t, days(32), cured.CureUntil, "what was cured stays to be seen")
	assert.False(t, cured.Due(days(40)))

	const late = "The denial of customer c1 could be cured until 2026-04-21 09:00 UTC, so the customer is being deprovisioned. Create it again if that was wrong."
	_, err = denied.Approve(days(32), "otto@example.com", "")
	assertConflict(t, late, err)
	_, err = denied.Deny(days(32), "otto@example.com", "")
	assertConflict(t, late, err)
	_, err = denied.Contact(days(32), "otto@example.com", true, "")
	assertConflict(t, late, err)
}

func TestThreeAttemptsInVainAreEnough(t *testing.T) {
	t.Parallel()
	r := open(t)
	for i := range 3 {
		assert.False(t, r.Due(days(i)))
		var err error
		r, err = r.Contact(days(i), "rita@example.com", false, "no answer")
		require.NoError(t, err)
	}
	assert.Equal(t, screening.ContactAttempt{Time: days(2), By: "rita@example.com", Note: "no answer"}, r.ContactAttempts[2])
	assert.Equal(t, screening.ReviewPending, r.State)
	assert.True(t, r.Due(days(2)))
	const want = "The partner of customer c1 wasn't reached in 3 attempts, so the customer is being deprovisioned. Create it again if that was wrong."
	_, err := r.Contact(days(3), "rita@example.com", true, "")
	assertConflict(t, want, err)
	_, err = r.Approve(days(3), "rita@example.com", "")
	assertConflict(t, want, err)

	over, err := r.Deprovisioned(days(4))
	require.NoError(t, err)
	assert.Equal(t, screening.ReviewDeprovision, over.State)
	assert.Equal(t, days(4), over.DeprovisionTime)
	assert.False(t, over.Due(days(5)))
	const gone = "Customer c1 was deprovisioned on 2026-03-24 09:00 UTC after its review. Create it again if that was wrong."
	_, err = over.Deprovisioned(days(5))
	assertConflict(t, gone, err)
	_, err = over.Approve(days(5), "rita@example.com", "")
	assertConflict(t, gone, err)
}

func TestAPartnerWhoWasOnceReachedIsReached(t *testing.T) {
	t.Parallel()
	r, err := open(t).Contact(days(0), "rita@example.com", true, "will call back")
	require.NoError(t, err)
	for i := 1; i < 100; i++ {
		r, err = r.Contact(days(i), "rita@example.com", false, "")
		require.NoError(t, err)
	}
	assert.False(t, r.Due(days(100)))
	_, err = r.Contact(days(100), "rita@example.com", false, "")
	assertConflict(t, "The review of customer c1 has 100 contact attempts already. Approve or deny it.", err)
	_, err = r.Deny(days(100), "rita@example.com", "")
	assert.NoError(t, err)
}

func TestPeopleSayWhoTheyAre(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		now      time.Time
		by, note string
		want     string
	}{
		"nobody":     {opened, " ", "", "by: must say who it is, in at most 320 bytes of UTF-8"},
		"too long":   {opened, strings.Repeat("x", 321), "", "by: must say who it is, in at most 320 bytes of UTF-8"},
		"no text":    {opened, "\xff", "", "by: must say who it is, in at most 320 bytes of UTF-8"},
		"NUL":        {opened, "x", "\x00", "note: must be UTF-8 text"},
		"a novel":    {opened, "x", strings.Repeat("ß", 2001), "note: must have at most 2000 characters: put the rest into a document and name it here"},
		"never":      {time.Time{}, "x", "", "time: is needed"},
		"good":       {opened, "x", strings.Repeat("ß", 2000), ""},
		"no comment": {opened, "x", "", ""},
	} {
		r := open(t)
		_, approve := r.Approve(tc.now, tc.by, tc.note)
		_, deny := r.Deny(tc.now, tc.by, tc.note)
		_, contact := r.Contact(tc.now, tc.by, true, tc.note)
		for _, err := range []error{approve, deny, contact} {
			if tc.want == "" {
				require.NoError(t, err, name)
				continue
			}
			assert.EqualError(t, err, tc.want, name)
			assert.True(t, refusedAs(err, screening.Malformed), name)
		}
	}
	_, err := open(t).Deprovisioned(time.Time{})
	assert.True(t, refusedAs(err, screening.Malformed))
}

func TestALaterMatchAddsItsHits(t *testing.T) {
	t.Parallel()
	hit := func(id, name, subject string, score int) screening.Hit {
		return screening.Hit{Entry: screening.Entry{ID: id, Name: name}, SubjectName: subject, Score: score}
	}
	first, err := screening.OpenReview(opened, "r1", "c1", "p1", []screening.Hit{hit("1", "N", "s", 800)})
	require.NoError(t, err)
	second, err := first.Found(days(1), []screening.Hit{hit("1", "N", "s", 900), hit("2", "M", "s", 800), hit("1", "N", "other", 800), hit("1", "renumbered", "s", 800)})
	require.NoError(t, err)
	assert.Equal(t, []screening.Hit{hit("1", "N", "s", 800), hit("2", "M", "s", 800), hit("1", "N", "other", 800), hit("1", "renumbered", "s", 800)}, second.Hits)
	assert.Len(t, first.Hits, 1)
	var many []screening.Hit
	for i := range 30 {
		many = append(many, hit(strings.Repeat("x", i+1), "N", "s", 800))
	}
	full, err := second.Found(days(1), many)
	require.NoError(t, err)
	assert.Len(t, full.Hits, 20)
	approved, err := full.Approve(days(1), "rita", "")
	require.NoError(t, err)
	same, err := approved.Found(days(2), many)
	assert.True(t, refusedAs(err, screening.Settled))
	assert.Equal(t, approved, same)
}

func TestACustomerThatLeavesClosesItsReview(t *testing.T) {
	t.Parallel()
	closed, err := open(t).Closed(days(1))
	require.NoError(t, err)
	assert.Equal(t, screening.ReviewClosed, closed.State)
	assert.Equal(t, days(1), closed.ClosedTime)
	assert.False(t, closed.Due(days(10_000)))
	const want = "Customer c1 left on 2026-03-21 09:00 UTC, and its review was closed. There is nothing to decide any more."
	_, err = closed.Approve(days(2), "rita", "")
	assertConflict(t, want, err)
	_, err = closed.Closed(days(2))
	assertConflict(t, want, err)
	_, err = open(t).Closed(time.Time{})
	assert.True(t, refusedAs(err, screening.Malformed))
}

func TestATransitionLeavesTheOldValueAlone(t *testing.T) {
	t.Parallel()
	first, err := open(t).Contact(days(0), "a", false, "")
	require.NoError(t, err)
	second, err := first.Contact(days(1), "b", false, "")
	require.NoError(t, err)
	one, err := second.Contact(days(2), "one", true, "")
	require.NoError(t, err)
	other, err := second.Contact(days(2), "other", false, "")
	require.NoError(t, err)
	assert.Len(t, first.ContactAttempts, 1)
	assert.Equal(t, "one", one.ContactAttempts[2].By)
	assert.Equal(t, "other", other.ContactAttempts[2].By)
	assert.True(t, other.Due(days(2)))
	assert.False(t, one.Due(days(2)))
}

// story is what a reader of the rules would expect of a review: a model with a few facts instead of states.
type story struct {
	review                         screening.Review
	now                            time.Time
	approved, denied, reached, off bool
	left                           bool
	deniedAt                       time.Time
	attempts                       int
}

// due is the rule: denied and not cured within 30 days, or not reached in three attempts.
func (s *story) due() bool {
	late := s.denied && s.now.Sub(s.deniedAt) >= 30*24*time.Hour
	return !s.off && !s.left && !s.approved && (late || s.attempts >= 3 && !s.reached)
}

// follow holds what happened against what the rules let happen.
func (s *story) follow(t *rapid.T, next screening.Review, err error, allowed bool, then func()) {
	if !allowed {
		require.True(t, refusedAs(err, screening.Settled), "%v", err)
		require.Equal(t, s.review, next, "a refusal changes nothing")
		return
	}
	require.NoError(t, err)
	s.review = next
	then()
}

func (s *story) open() bool { return !s.off && !s.left && !s.approved && !s.due() }

func TestReviewsFollowTheRules(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		review, err := screening.OpenReview(opened, "r1", "c1", "p1", hits)
		require.NoError(t, err)
		s := &story{review: review, now: opened}
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) {
				require.Equal(t, s.due(), s.review.Due(s.now))
				require.Len(t, s.review.ContactAttempts, s.attempts)
			},
			"wait": func(t *rapid.T) {
				s.now = s.now.Add(time.Duration(rapid.IntRange(1, 15*24).Draw(t, "hours")) * time.Hour)
			},
			"approve": func(t *rapid.T) {
				next, err := s.review.Approve(s.now, "rita", "")
				s.follow(t, next, err, s.open(), func() { s.approved = true })
			},
			"deny": func(t *rapid.T) {
				next, err := s.review.Deny(s.now, "rita", "")
				s.follow(t, next, err, s.open() && !s.denied, func() { s.denied, s.deniedAt = true, s.now })
			},
			"contact": func(t *rapid.T) {
				reached := rapid.IntRange(0, 3).Draw(t, "reached") == 0
				next, err := s.review.Contact(s.now, "rita", reached, "")
				s.follow(t, next, err, s.open() && s.attempts < 100, func() { s.attempts++; s.reached = s.reached || reached })
			},
			"find": func(t *rapid.T) {
				next, err := s.review.Found(s.now, hits)
				s.follow(t, next, err, s.open(), func() {})
			},
			"leave": func(t *rapid.T) {
				if rapid.IntRange(0, 9).Draw(t, "leaves") > 0 { // or every story would be a short one
					t.Skip("stays")
				}
				next, err := s.review.Closed(s.now)
				s.follow(t, next, err, s.open(), func() { s.left = true })
			},
			"deprovision": func(t *rapid.T) {
				next, err := s.review.Deprovisioned(s.now)
				s.follow(t, next, err, s.due(), func() { s.off = true })
			},
		})
	})
}

// refusedAs reports whether an error is a refusal for a reason.
func refusedAs(err error, reason screening.Reason) bool {
	r, ok := errors.AsType[*screening.Refusal](err)
	return ok && r.Reason == reason
}
