package customer

import (
	"context"
	"slices"

	"dialtone/fault"
	"dialtone/job"
	"dialtone/screening"
)

// Screening is what denied-persons screening has to say about a customer. It lies over the status of provisioning, which goes on meanwhile.
type Screening string

// What screening says.
const (
	ScreeningClear   Screening = ""        // nothing was found, or every review was approved
	ScreeningPending Screening = "pending" // a review is open, and nobody has decided
	ScreeningDenied  Screening = "denied"  // a review was denied, and can still be cured
)

// Shown is the status that partners see and filter by: StatusPendingReview as long as a review isn't approved, else that of provisioning.
func (c Customer) Shown() Status {
	if c.Screening != ScreeningClear {
		return StatusPendingReview
	}
	return c.Status
}

// The jobs of screening. Both are repeated until they succeed, however long that takes: screening is a duty.
const (
	jobScreen   job.Kind = "customer.screen"
	jobRescreen job.Kind = "customer.rescreen"
)

type screenArgs struct {
	Partner  OrgID      `json:"partner"`
	Customer CustomerID `json:"customer"`
}

type rescreenArgs struct {
	List ListID `json:"list"`
}

func (s *Service) screeningWorkers() []job.Worker {
	return []job.Worker{
		job.For(jobScreen, s.screen, func(_ context.Context, _ screenArgs, cause error) error { return cause }),
		job.For(jobRescreen, s.rescreen, func(_ context.Context, _ rescreenArgs, cause error) error { return cause }),
	}
}

// promiseScreening is for the transaction that makes a customer, or gives it another address.
func (s *Service) promiseScreening(ctx context.Context, tx Tx, c Customer) error {
	return tx.Enqueue(ctx, job.Job{Kind: jobScreen, Args: screenArgs{Partner: c.Partner, Customer: c.ID}})
}

// System is who acts when nobody asked.
func System(partner OrgID) Actor { return Actor{Partner: partner, Email: "system"} }

// subjectOf is what is compared of a customer. Its one name is the company's: an e-mail address names nobody.
func subjectOf(c Customer) screening.Subject {
	return screening.Subject{Names: []string{c.Name}, Country: c.Address.Country, AddressLine: c.Address.Line1, City: c.Address.City}
}

// screen compares one customer with the list in force. Without a list there is nothing to do: the first one that is loaded concerns everybody.
func (s *Service) screen(ctx context.Context, args screenArgs) error {
	_, index, err := s.watchlist.inForce(ctx)
	if err != nil {
		return unlessGone(err)
	}
	c, err := s.store.Customer(ctx, args.Partner, args.Customer)
	if err != nil {
		return unlessGone(err)
	}
	return s.compare(ctx, index, c)
}

// rescreenChunk is how many customers one run compares: each takes some tenths of a millisecond, and a transaction where something is found.
const rescreenChunk = 200

// rescreen compares everybody with a new list, chunk by chunk; how far it came is kept with the list. It ends early when a newer list is in force,
// which has a job of its own.
func (s *Service) rescreen(ctx context.Context, args rescreenArgs) error {
	list, index, err := s.watchlist.inForce(ctx)
	if err != nil {
		return unlessGone(err)
	}
	if list.ID != args.List || !list.Screened.IsZero() {
		return nil
	}
	customers, err := s.store.AnyTenantCustomers(ctx, list.ScreenedTo, rescreenChunk)
	if err != nil {
		return err
	}
	for _, c := range customers {
		if err := s.compare(ctx, index, c); err != nil {
			return err
		}
		list.ScreenedTo = c.ID
	}
	done := len(customers) < rescreenChunk
	if done {
		list.Screened = s.now()
	}
	err = s.store.Update(ctx, Tenant{}, func(tx Tx) error { return tx.SetListProgress(ctx, list) })
	if err != nil || done {
		return unlessGone(err)
	}
	return job.Again(0)
}

// compare looks for a customer in the list. Most aren't there, and cost no transaction; who may be is compared again as it is inside of one.
func (s *Service) compare(ctx context.Context, index *screening.Index, c Customer) error {
	if len(index.Match(subjectOf(c))) == 0 {
		return nil
	}
	return s.store.Update(ctx, c.Tenant(), func(tx Tx) error {
		c, err := tx.Customer(ctx, c.Partner, c.ID)
		if err != nil {
			return unlessGone(err)
		}
		if hits := index.Match(subjectOf(c)); len(hits) > 0 {
			return s.found(ctx, tx, c, hits)
		}
		return nil
	})
}

// found opens a review, or adds to the one that is open. What was approved for this customer before is nothing new.
func (s *Service) found(ctx context.Context, tx Tx, c Customer, hits []screening.Hit) error {
	open, err := tx.OpenReview(ctx, c.Tenant(), c.ID)
	if err == nil {
		return s.addHits(ctx, tx, open, hits)
	}
	if !fault.Is(err, fault.NotFound) {
		return err
	}
	approved, err := approvedBefore(ctx, tx, c, hits)
	if err != nil || approved {
		return err
	}
	r, err := screening.OpenReview(s.now(), screening.ReviewID(s.newID()), screening.CustomerID(c.ID), screening.PartnerID(c.Partner), hits)
	if err != nil {
		return faultOf(err)
	}
	if err := tx.CreateReview(ctx, Review{Review: r, Org: c.Org}); err != nil {
		return err
	}
	if err := tx.SetScreening(ctx, c.Partner, c.ID, ScreeningPending); err != nil {
		return err
	}
	return s.record(ctx, tx, System(c.Partner), c.Tenant(), EventReviewOpened, string(r.ID), map[string]any{"customer": c.ID, "hits": hitFacts(r.Hits)})
}

func (s *Service) addHits(ctx context.Context, tx Tx, open Review, hits []screening.Hit) error {
	if open.Due(s.now()) {
		return nil // the customer is being deprovisioned
	}
	next, err := open.Found(s.now(), hits)
	if err != nil || len(next.Hits) == len(open.Hits) {
		return faultOf(err)
	}
	if err := tx.SetReview(ctx, Review{Review: next, Org: open.Org}); err != nil {
		return err
	}
	facts := map[string]any{"customer": open.CustomerID, "hits": hitFacts(next.Hits[len(open.Hits):])}
	return s.record(ctx, tx, System(OrgID(open.Partner)), open.Tenant(), EventReviewExtended, string(open.ID), facts)
}

// approvedBefore reports whether a person has approved each of the hits for this customer.
func approvedBefore(ctx context.Context, tx Tx, c Customer, hits []screening.Hit) (bool, error) {
	filter := ReviewFilter{State: screening.ReviewApproved, Customer: c.ID}
	left := slices.Clone(hits)
	for page := (Page{Max: 100}); ; page.Offset += page.Max {
		reviews, more, err := tx.Reviews(ctx, c.Tenant(), filter, page)
		if err != nil {
			return false, err
		}
		for _, r := range reviews {
			left = slices.DeleteFunc(left, func(h screening.Hit) bool { return slices.ContainsFunc(r.Hits, h.Repeats) })
		}
		if len(left) == 0 || !more {
			return len(left) == 0, nil
		}
	}
}

// hitFacts is what the log keeps of hits.
func hitFacts(hits []screening.Hit) []map[string]any {
	out := make([]map[string]any, len(hits))
	for i, h := range hits {
		out[i] = map[string]any{"entry": h.Entry.ID, "source": h.Entry.Source, "listedName": h.ListedName, "name": h.SubjectName, "score": h.Score}
	}
	return out
}
