package adminapi

import (
	"context"
	"net/http"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/screening"
)

// hitWire is an entry of the screening list that a customer may be, on the wire.
type hitWire struct {
	EntryID     string   `json:"entryId" doc:"The list's own id"`
	Source      string   `json:"source,omitempty" doc:"The list that the entry comes from"`
	Type        string   `json:"type,omitempty" doc:"Individual, Entity, Vessel or Aircraft, where the list says so"`
	Name        string   `json:"name"`
	AltNames    []string `json:"altNames,omitempty"`
	Addresses   []string `json:"addresses,omitempty"`
	Programs    []string `json:"programs,omitempty"`
	StartDate   string   `json:"startDate,omitempty"`
	EndDate     string   `json:"endDate,omitempty"`
	ListURL     string   `json:"listUrl,omitempty" doc:"Where the list explains itself"`
	SubjectName string   `json:"subjectName" doc:"The customer's name, as it was compared"`
	ListedName  string   `json:"listedName" doc:"Which of the entry's names it is like"`
	Score       int      `json:"score" doc:"How alike, per mille"`
	Reason      string   `json:"reason" doc:"What is alike, and what to compare"`
}

// attemptWire is a try to reach the partner, on the wire.
type attemptWire struct {
	Time    string `json:"time"`
	By      string `json:"by"`
	Reached bool   `json:"reached"`
	Note    string `json:"note,omitempty"`
}

// reviewWire is a review on the wire.
type reviewWire struct {
	ID              string        `json:"id"`
	CustomerID      string        `json:"customerId"`
	OrgID           string        `json:"orgId"`
	State           string        `json:"state" enum:"pending,approved,denied,deprovision,closed"`
	Opened          string        `json:"opened"`
	Hits            []hitWire     `json:"hits"`
	Contacts        []attemptWire `json:"contacts" doc:"Attempts to reach the partner, in order"`
	Decided         string        `json:"decided,omitempty"`
	DecidedBy       string        `json:"decidedBy,omitempty"`
	DecidedNote     string        `json:"decidedNote,omitempty"`
	CureUntil       string        `json:"cureUntil,omitempty" doc:"Until then an approval cures the denial"`
	DeprovisionTime string        `json:"deprovisionTime,omitempty" doc:"When customer and users were deprovisioned"`
	ClosedTime      string        `json:"closedTime,omitempty" doc:"When the customer left by itself"`
}

func wireHit(h screening.Hit) hitWire {
	e := h.Entry
	return hitWire{
		EntryID: e.ID, Source: e.Source, Type: e.Type, Name: e.Name, AltNames: e.AltNames, Addresses: e.Addresses, Programs: e.Programs,
		StartDate: e.StartDate, EndDate: e.EndDate, ListURL: e.ListURL, SubjectName: h.SubjectName, ListedName: h.ListedName, Score: h.Score, Reason: h.Reason,
	}
}

func wireReview(r customer.Review) reviewWire {
	w := reviewWire{
		ID: encodeID(kindReview, r.ID), CustomerID: encodeID(kindCustomer, r.CustomerID), OrgID: encodeID(kindOrganization, r.Org), State: string(r.State),
		Opened: timestamp(r.Opened), Hits: make([]hitWire, len(r.Hits)), Contacts: make([]attemptWire, len(r.ContactAttempts)),
		Decided: timestamp(r.Decided), DecidedBy: r.DecidedBy, DecidedNote: r.DecidedNote, CureUntil: timestamp(r.CureUntil),
		DeprovisionTime: timestamp(r.DeprovisionTime), ClosedTime: timestamp(r.ClosedTime),
	}
	for i, h := range r.Hits {
		w.Hits[i] = wireHit(h)
	}
	for i, a := range r.ContactAttempts {
		w.Contacts[i] = attemptWire{Time: timestamp(a.Time), By: a.By, Reached: a.Reached, Note: a.Note}
	}
	return w
}

type reviewOutput struct{ Body reviewWire }

// ReviewInput names a review.
type ReviewInput struct {
	ID string `path:"reviewId"`
}

type decisionInput struct {
	ReviewInput
	Body struct {
		Note string `json:"note" doc:"Why: 1 to 2000 characters"`
	}
}

type contactInput struct {
	ReviewInput
	Body struct {
		Reached *bool  `json:"reached" doc:"Whether somebody answered"`
		Note    string `json:"note" doc:"At most 2000 characters"`
	}
}

type reviewsInput struct {
	Paging
	State      string `query:"state" doc:"pending, approved, denied, deprovision or closed"`
	CustomerID string `query:"customerId"`
}

const reviewsPath = "/hub/v1/rpl/reviews"

func (s *Server) reviewRoutes() {
	const one = reviewsPath + "/{reviewId}"
	route(s, operation{"listReviews", http.MethodGet, reviewsPath, "List reviews of customers who may be denied persons, the oldest first", 0, customer.ScopeRPLRead}, s.listReviews)
	route(s, operation{"getReview", http.MethodGet, one, "Get a review", 0, customer.ScopeRPLRead},
		func(ctx context.Context, in *ReviewInput) (*reviewOutput, error) {
			return s.review(ctx, *in, s.Customers.Review)
		})
	route(s, operation{"approveReview", http.MethodPost, one + "/approve", "Decide for the customer; within 30 days that cures a denial", 0, customer.ScopeRPLWrite},
		func(ctx context.Context, in *decisionInput) (*reviewOutput, error) {
			return s.review(ctx, in.ReviewInput, func(ctx context.Context, actor customer.Actor, id screening.ReviewID) (customer.Review, error) {
				return s.Customers.ApproveReview(ctx, actor, id, in.Body.Note)
			})
		})
	route(s, operation{"denyReview", http.MethodPost, one + "/deny", "Decide against the customer; it is deprovisioned unless that is cured within 30 days", 0, customer.ScopeRPLWrite},
		func(ctx context.Context, in *decisionInput) (*reviewOutput, error) {
			return s.review(ctx, in.ReviewInput, func(ctx context.Context, actor customer.Actor, id screening.ReviewID) (customer.Review, error) {
				return s.Customers.DenyReview(ctx, actor, id, in.Body.Note)
			})
		})
	route(s, operation{"contactPartner", http.MethodPost, one + "/contacts", "Note an attempt to reach the partner; the third one in vain deprovisions the customer", 0, customer.ScopeRPLWrite},
		func(ctx context.Context, in *contactInput) (*reviewOutput, error) {
			return s.review(ctx, in.ReviewInput, func(ctx context.Context, actor customer.Actor, id screening.ReviewID) (customer.Review, error) {
				if in.Body.Reached == nil {
					return customer.Review{}, fault.InvalidField("reached", "is needed: true or false").WithCode(fault.CodeMissing)
				}
				return s.Customers.ContactPartner(ctx, actor, id, *in.Body.Reached, in.Body.Note)
			})
		})
}

// review does something with a review, and answers with what became of it.
func (s *Server) review(ctx context.Context, in ReviewInput, do func(context.Context, customer.Actor, screening.ReviewID) (customer.Review, error)) (*reviewOutput, error) {
	id, err := pathID[screening.ReviewID]("review", in.ID)
	if err != nil {
		return nil, err
	}
	r, err := do(ctx, actorOf(ctx), id)
	if err != nil {
		return nil, err
	}
	return &reviewOutput{wireReview(r)}, nil
}

func (s *Server) listReviews(ctx context.Context, in *reviewsInput) (*listed[reviewWire], error) {
	page, err := in.page()
	if err != nil {
		return nil, err
	}
	id, err := fieldID[customer.CustomerID]("customerId", in.CustomerID)
	if err != nil {
		return nil, err
	}
	filter := customer.ReviewFilter{State: screening.ReviewState(in.State), Customer: id}
	list, more, err := s.Customers.Reviews(ctx, actorOf(ctx), filter, page)
	return answer(&in.Paging, page, list, more, wireReview), err
}
