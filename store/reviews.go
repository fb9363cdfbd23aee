package store

import (
	"context"

	"dialtone/customer"
	"dialtone/screening"
)

type reviewRow struct {
	ID              string `db:"id"`
	PartnerID       string `db:"partner_id"`
	OrgID           string `db:"org_id"`
	CustomerID      string `db:"customer_id"`
	Opened          int64  `db:"opened"`
	State           string `db:"state"`
	Hits            string `db:"hits"`
	Attempts        string `db:"attempts"`
	Decided         int64  `db:"decided"`
	DecidedBy       string `db:"decided_by"`
	DecidedNote     string `db:"decided_note"`
	CureUntil       int64  `db:"cure_until"`
	DeprovisionTime int64  `db:"deprovision_time"`
	ClosedTime      int64  `db:"closed_time"`
}

const reviewColumns = "id, partner_id, org_id, customer_id, opened, state, hits, attempts, decided, decided_by, decided_note, cure_until, deprovision_time, closed_time"

const reviewSelect = "SELECT " + reviewColumns + " FROM rpl_reviews"

// hitColumn is one hit in a review's JSON column.
type hitColumn struct {
	Entry       entryColumn `json:"entry"`
	SubjectName string      `json:"subjectName"`
	ListedName  string      `json:"listedName"`
	Score       int         `json:"score"`
	Reason      string      `json:"reason"`
}

// attemptColumn is one contact attempt in a review's JSON column.
type attemptColumn struct {
	Time    int64  `json:"time"` // microseconds since 1970
	By      string `json:"by"`
	Reached bool   `json:"reached"`
	Note    string `json:"note,omitempty"`
}

func (r reviewRow) noun() customer.Review {
	return customer.Review{Org: customer.OrgID(r.OrgID), Review: screening.Review{
		ID: screening.ReviewID(r.ID), CustomerID: screening.CustomerID(r.CustomerID), Partner: screening.PartnerID(r.PartnerID),
		Opened: fromMicros(r.Opened), State: screening.ReviewState(r.State),
		Hits: nilOr(decode[[]hitColumn](r.Hits), func(h hitColumn) screening.Hit {
			return screening.Hit{Entry: screening.Entry(h.Entry), SubjectName: h.SubjectName, ListedName: h.ListedName, Score: h.Score, Reason: h.Reason}
		}),
		ContactAttempts: nilOr(decode[[]attemptColumn](r.Attempts), func(a attemptColumn) screening.ContactAttempt {
			return screening.ContactAttempt{Time: fromMicros(a.Time), By: a.By, Reached: a.Reached, Note: a.Note}
		}),
		Decided: fromMicros(r.Decided), DecidedBy: r.DecidedBy, DecidedNote: r.DecidedNote, CureUntil: fromMicros(r.CureUntil),
		DeprovisionTime: fromMicros(r.DeprovisionTime), ClosedTime: fromMicros(r.ClosedTime),
	}}
}

// reviewState is what changes in a review, in the order of the columns from state on.
func reviewState(r customer.Review) ([]any, error) {
	hits, err := encode(nilOr(r.Hits, func(h screening.Hit) hitColumn {
		return hitColumn{Entry: entryColumn(h.Entry), SubjectName: h.SubjectName, ListedName: h.ListedName, Score: h.Score, Reason: h.Reason}
	}))
	if err != nil {
		return nil, err
	}
	attempts, err := encode(nilOr(r.ContactAttempts, func(a screening.ContactAttempt) attemptColumn {
		return attemptColumn{Time: micros(a.Time), By: a.By, Reached: a.Reached, Note: a.Note}
	}))
	return []any{
		string(r.State), hits, attempts, micros(r.Decided), r.DecidedBy, r.DecidedNote, micros(r.CureUntil), micros(r.DeprovisionTime), micros(r.ClosedTime),
	}, err
}

// CreateReview implements customer.ScreeningTx.
func (t *tx) CreateReview(ctx context.Context, r customer.Review) error {
	state, err := reviewState(r)
	if err != nil {
		return err
	}
	args := append([]any{string(r.ID), string(r.Partner), string(r.Org), string(r.CustomerID), micros(r.Opened)}, state...)
	return t.insert(ctx, "rpl_reviews", reviewColumns, args...)
}

// SetReview implements customer.ScreeningTx.
func (t *tx) SetReview(ctx context.Context, r customer.Review) error {
	state, err := reviewState(r)
	if err != nil {
		return err
	}
	return t.change(ctx, "review", `UPDATE rpl_reviews SET state = ?, hits = ?, attempts = ?, decided = ?, decided_by = ?, decided_note = ?, cure_until = ?,
		deprovision_time = ?, closed_time = ? WHERE partner_id = ? AND org_id = ? AND id = ?`, append(state, string(r.Partner), string(r.Org), string(r.ID))...)
}

// Review implements customer.ScreeningReader.
func (r reader) Review(ctx context.Context, tenant customer.Tenant, id screening.ReviewID) (customer.Review, error) {
	w := ofTenant("", tenant)
	w.add("id = ?", string(id))
	return r.review(ctx, w)
}

// OpenReview implements customer.ScreeningReader.
func (r reader) OpenReview(ctx context.Context, tenant customer.Tenant, id customer.CustomerID) (customer.Review, error) {
	w := ofTenant("", tenant)
	w.add("customer_id = ?", string(id))
	w.add("state IN ('pending', 'denied')")
	return r.review(ctx, w)
}

func (r reader) review(ctx context.Context, w where) (customer.Review, error) {
	var row reviewRow
	if err := r.get(ctx, &row, "review", reviewSelect+w.text(), w.args...); err != nil {
		return customer.Review{}, err
	}
	return row.noun(), nil
}

// Reviews implements customer.ScreeningReader.
func (r reader) Reviews(ctx context.Context, tenant customer.Tenant, filter customer.ReviewFilter, page customer.Page) ([]customer.Review, bool, error) {
	w := ofTenant("", tenant)
	w.equal("state", string(filter.State))
	w.equal("customer_id", string(filter.Customer))
	return list(ctx, r, w, page, reviewRow.noun, reviewSelect, "opened, id")
}

// SetScreening implements customer.ScreeningTx.
func (t *tx) SetScreening(ctx context.Context, partner customer.OrgID, id customer.CustomerID, s customer.Screening) error {
	return t.change(ctx, "customer", "UPDATE customers SET screening = ? WHERE partner_id = ? AND id = ?", string(s), string(partner), string(id))
}

// shownStatus is customer.Customer.Shown in SQL, of the customer c.
const shownStatus = "CASE WHEN c.screening = '' THEN c.status ELSE 'pending_rpl_review' END"
