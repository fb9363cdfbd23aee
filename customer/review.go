package customer

import (
	"context"
	"errors"
	"strings"
	"time"

	"dialtone/fault"
	"dialtone/job"
	"dialtone/screening"
)

// The kinds of event of screening. Their subjects are reviews, and the last one's is a list.
const (
	EventReviewOpened        EventKind = "review.opened"
	EventReviewExtended      EventKind = "review.extended"
	EventReviewApproved      EventKind = "review.approved"
	EventReviewDenied        EventKind = "review.denied"
	EventReviewContact       EventKind = "review.contact"
	EventReviewClosed        EventKind = "review.closed"
	EventReviewDeprovisioned EventKind = "review.deprovisioned"
	EventListLoaded          EventKind = "list.loaded"
)

// Reviews lists the reviews of the partner's customers, the oldest first.
func (s *Service) Reviews(ctx context.Context, actor Actor, filter ReviewFilter, page Page) ([]Review, bool, error) {
	return s.store.Reviews(ctx, actor.Tenant(), filter, page)
}

// Review returns one review.
func (s *Service) Review(ctx context.Context, actor Actor, id screening.ReviewID) (Review, error) {
	return s.store.Review(ctx, actor.Tenant(), id)
}

// ApproveReview decides for a customer, which ends the review and cures a denial. The note says why. fault.Conflict with fault.CodeReviewOver when
// the review is over or due; fault.Invalid without a note.
func (s *Service) ApproveReview(ctx context.Context, actor Actor, id screening.ReviewID, note string) (Review, error) {
	if err := needed(note); err != nil {
		return Review{}, err
	}
	return s.withReview(ctx, actor, id, EventReviewApproved, func(tx Tx, r Review) (Review, error) {
		var err error
		r.Review, err = r.Approve(s.now(), actor.Email, note)
		return r, err
	})
}

// DenyReview decides against a customer, and promises to deprovision it when the denial isn't cured in time. The note says why. Errors as in
// ApproveReview, and fault.Conflict when it is denied already.
func (s *Service) DenyReview(ctx context.Context, actor Actor, id screening.ReviewID, note string) (Review, error) {
	if err := needed(note); err != nil {
		return Review{}, err
	}
	return s.withReview(ctx, actor, id, EventReviewDenied, func(tx Tx, r Review) (Review, error) {
		var err error
		if r.Review, err = r.Deny(s.now(), actor.Email, note); err != nil {
			return r, err
		}
		return r, promiseDeprovisioning(ctx, tx, r, r.CureUntil)
	})
}

// ContactPartner notes an attempt to reach the partner about a review; the note may be empty. The third one in vain promises to deprovision the
// customer at once. Errors as in ApproveReview.
func (s *Service) ContactPartner(ctx context.Context, actor Actor, id screening.ReviewID, reached bool, note string) (Review, error) {
	return s.withReview(ctx, actor, id, EventReviewContact, func(tx Tx, r Review) (Review, error) {
		var err error
		if r.Review, err = r.Contact(s.now(), actor.Email, reached, note); err != nil || !r.Due(s.now()) {
			return r, err
		}
		return r, promiseDeprovisioning(ctx, tx, r, time.Time{})
	})
}

// needed refuses a decision without a reason: who looks at it in a year has nothing else.
func needed(note string) error {
	if strings.TrimSpace(note) == "" {
		return fault.InvalidField("note", "is needed: say why").WithCode(fault.CodeMissing)
	}
	return nil
}

// withReview changes a review in a transaction, with what follows for its customer.
func (s *Service) withReview(ctx context.Context, actor Actor, id screening.ReviewID, kind EventKind, change func(Tx, Review) (Review, error)) (Review, error) {
	known, err := s.store.Review(ctx, actor.Tenant(), id)
	if err != nil {
		return Review{}, err
	}
	var after Review
	err = s.store.Update(ctx, known.Tenant(), func(tx Tx) error {
		before, err := tx.Review(ctx, known.Tenant(), id)
		if err != nil {
			return err
		}
		if after, err = change(tx, before); err != nil {
			return withCode(faultOf(err))
		}
		return s.setReview(ctx, tx, actor, after, kind)
	})
	return after, err
}

// faultOf gives a refusal of screening, which knows no kinds of error, the kind that it is.
func faultOf(err error) error {
	r, ok := errors.AsType[*screening.Refusal](err)
	switch {
	case !ok:
		return err
	case r.Reason == screening.Settled:
		return fault.New(fault.Conflict, "%s", r.Message)
	case r.Reason == screening.Unread:
		return fault.Wrap(fault.Unavailable, r.Cause, "%s", r.Message)
	case r.Field != "":
		return fault.InvalidField(r.Field, "%s", r.Message)
	}
	return fault.New(fault.Invalid, "%s", r.Message)
}

// withCode gives a review's refusal its number.
func withCode(err error) error {
	if e, ok := errors.AsType[*fault.Error](err); ok && e.Kind == fault.Conflict {
		return e.WithCode(fault.CodeReviewOver)
	}
	return err
}

// setReview stores a review and what it means for its customer.
func (s *Service) setReview(ctx context.Context, tx Tx, actor Actor, r Review, kind EventKind) error {
	if err := tx.SetReview(ctx, r); err != nil {
		return err
	}
	if err := tx.SetScreening(ctx, OrgID(r.Partner), CustomerID(r.CustomerID), screeningOf(r.State)); err != nil {
		return err
	}
	return s.record(ctx, tx, actor, r.Tenant(), kind, string(r.ID), reviewFacts(r, kind))
}

// screeningOf is what an open review, or the end of one, means for its customer.
func screeningOf(state screening.ReviewState) Screening {
	switch state {
	case screening.ReviewPending:
		return ScreeningPending
	case screening.ReviewDenied:
		return ScreeningDenied
	}
	return ScreeningClear
}

func reviewFacts(r Review, kind EventKind) map[string]any {
	facts := map[string]any{"customer": r.CustomerID, "state": r.State}
	switch kind {
	case EventReviewApproved, EventReviewDenied:
		facts["note"] = r.DecidedNote
	case EventReviewContact:
		attempt := r.ContactAttempts[len(r.ContactAttempts)-1]
		facts["attempt"], facts["reached"], facts["note"] = len(r.ContactAttempts), attempt.Reached, attempt.Note
	}
	return facts
}

// endReview ends the review of a customer that leaves: as deprovisioned when that was due, whoever was faster, and else as closed.
func (s *Service) endReview(ctx context.Context, tx Tx, c Customer) error {
	r, err := tx.OpenReview(ctx, c.Tenant(), c.ID)
	if err != nil {
		return unlessGone(err)
	}
	kind, end := EventReviewClosed, r.Closed
	if r.Due(s.now()) {
		kind, end = EventReviewDeprovisioned, r.Deprovisioned
	}
	if r.Review, err = end(s.now()); err != nil {
		return faultOf(err)
	}
	return s.setReview(ctx, tx, c.asker(), r, kind)
}

// JobDeprovision is what a denial and the third attempt in vain promise. Its worker takes away phones too, and so belongs to whoever has them.
const JobDeprovision job.Kind = "customer.deprovision"

// Deprovisioning is what JobDeprovision is about.
type Deprovisioning struct {
	Partner OrgID              `json:"partner"`
	Org     OrgID              `json:"org"`
	Review  screening.ReviewID `json:"review"`
}

func (d Deprovisioning) tenant() Tenant { return Tenant{Partner: d.Partner, Customer: d.Org} }

func promiseDeprovisioning(ctx context.Context, tx Tx, r Review, notBefore time.Time) error {
	return tx.Enqueue(ctx, job.Job{
		Kind: JobDeprovision, Args: Deprovisioning{Partner: OrgID(r.Partner), Org: r.Org, Review: r.ID}, NotBefore: notBefore,
	})
}

// busyWait is how long deprovisioning waits for other background work on the customer, which always ends.
const busyWait = time.Second

// BeginDeprovisioning makes a customer whose review is due leave, so that nobody can subscribe with it any more, and returns it; false when there is
// nothing to do, as the denial was cured or the customer is gone. Its error is job.Again while it is too early. It may be called again and again.
func (s *Service) BeginDeprovisioning(ctx context.Context, d Deprovisioning) (Customer, bool, error) {
	var c Customer
	due := false
	err := s.store.Update(ctx, d.tenant(), func(tx Tx) error {
		c, due = Customer{}, false
		r, err := tx.Review(ctx, d.tenant(), d.Review)
		if err != nil {
			return unlessGone(err)
		}
		if !r.Due(s.now()) {
			return untilDue(r, s.now())
		}
		if c, err = tx.Customer(ctx, d.Partner, CustomerID(r.CustomerID)); err != nil {
			return unlessGone(err)
		}
		due = true
		return s.makeLeave(ctx, tx, c, r)
	})
	return c, due && err == nil, err
}

// untilDue asks for another turn when only the time is missing: clocks differ a little.
func untilDue(r Review, now time.Time) error {
	if r.State == screening.ReviewDenied {
		return job.Again(r.CureUntil.Sub(now))
	}
	return nil
}

func (s *Service) makeLeave(ctx context.Context, tx Tx, c Customer, r Review) error {
	switch {
	case c.Status == StatusDeleting:
		return nil
	case c.Status.Busy():
		return job.Again(busyWait)
	}
	c.Status, c.Pending.Actor = StatusDeleting, System(c.Partner).Email
	if err := tx.SetCustomer(ctx, c); err != nil {
		return err
	}
	facts := map[string]any{"externalId": c.ExternalID, "name": c.Name, "review": r.ID}
	return s.record(ctx, tx, System(c.Partner), c.Tenant(), EventCustomerLeaving, string(c.ID), facts)
}

// FinishDeprovisioning ends a customer without subscribers, workspaces with packages and virtual lines, and its review. Its error is job.Again
// while there are some.
func (s *Service) FinishDeprovisioning(ctx context.Context, c Customer) error {
	return s.store.Update(ctx, c.Tenant(), func(tx Tx) error {
		c, err := tx.Customer(ctx, c.Partner, c.ID)
		if err != nil {
			return unlessGone(err)
		}
		if n, err := countAssigned(ctx, tx, c.Tenant(), ""); err != nil || n > 0 {
			return orAgain(err)
		}
		if n, err := tx.CountMembers(ctx, c.Tenant(), MemberFilter{Kinds: []MemberKind{MemberVirtualLine}}); err != nil || n > 0 {
			return orAgain(err)
		}
		return s.leave(ctx, tx, c)
	})
}

func orAgain(err error) error {
	if err != nil {
		return err
	}
	return job.Again(0)
}
