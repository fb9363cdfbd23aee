package screening

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Names of things, each of a type of its own so that swapped arguments don't compile.
type (
	// ReviewID names a review.
	ReviewID string
	// CustomerID names the customer under review.
	CustomerID string
	// PartnerID names the partner whose customer it is.
	PartnerID string
)

// ReviewState says how far a review has come.
type ReviewState string

// The states of a review.
const (
	ReviewPending     ReviewState = "pending"     // nobody has decided
	ReviewApproved    ReviewState = "approved"    // it is somebody else, or may be served: nothing follows
	ReviewDenied      ReviewState = "denied"      // it is who the list names; an approval can cure it until CureUntil
	ReviewDeprovision ReviewState = "deprovision" // customer and users were deprovisioned: nothing changes any more
	ReviewClosed      ReviewState = "closed"      // the customer left before anything was due: nothing changes any more
)

// Times and numbers of a review, as the service states them.
const (
	// CurePeriod is how long a denial can be cured: 30 days of 24 hours, so that no time zone matters.
	CurePeriod = 30 * 24 * time.Hour
	// ContactsBeforeDeprovisioning is how many attempts a partner has who is never reached.
	ContactsBeforeDeprovisioning = 3

	maxContacts  = 100  // of a partner who is reached; a review that needs more isn't moving
	maxNoteRunes = 2000 // a page: more belongs into a document
	maxByBytes   = 320  // an e-mail address at its longest (RFC 5321 section 4.5.3.1)
	maxIDBytes   = 255  // more than a UUID needs, whoever makes the ids
)

// ContactAttempt is one try to reach the partner about a review.
type ContactAttempt struct {
	Time    time.Time
	By      string // who tried
	Reached bool
	Note    string // "" for none
}

// Review is one possible match on its way to a decision. It is a value: methods that change something return another one and leave theirs as
// it was.
type Review struct {
	ID              ReviewID
	CustomerID      CustomerID
	Partner         PartnerID
	Opened          time.Time
	State           ReviewState
	Hits            []Hit            // at least one, at most MaxHits
	ContactAttempts []ContactAttempt // in order
	Decided         time.Time        // the last decision; zero while there is none
	DecidedBy       string
	DecidedNote     string
	CureUntil       time.Time // denied: the first moment at which it is too late; kept after an approval that cured it; zero otherwise
	DeprovisionTime time.Time // deprovision: when; zero otherwise
	ClosedTime      time.Time // closed: when; zero otherwise
}

// OpenReview starts the review of a possible match. Malformed when an id is missing or longer than 255 bytes, the time is missing, or there are
// no hits or more than MaxHits.
func OpenReview(now time.Time, id ReviewID, customer CustomerID, partner PartnerID, hits []Hit) (Review, error) {
	for _, named := range []struct{ field, id string }{{"id", string(id)}, {"customerId", string(customer)}, {"partner", string(partner)}} {
		if named.id == "" || len(named.id) > maxIDBytes {
			return Review{}, malformed(named.field, "must have 1 to %d bytes", maxIDBytes)
		}
	}
	if now.IsZero() {
		return Review{}, malformed("time", "is needed")
	}
	if len(hits) == 0 || len(hits) > MaxHits {
		return Review{}, malformed("hits", "must be 1 to %d", MaxHits)
	}
	return Review{ID: id, CustomerID: customer, Partner: partner, Opened: now.UTC(), State: ReviewPending, Hits: slices.Clone(hits)}, nil
}

// Due reports whether customer and users are to be deprovisioned: the denial wasn't cured in time, or the partner wasn't reached in three
// attempts. Once due a review stays due until Deprovisioned, and nothing else can happen to it.
func (r Review) Due(now time.Time) bool {
	switch r.State {
	case ReviewPending:
		return r.unreachable()
	case ReviewDenied:
		return r.unreachable() || !now.Before(r.CureUntil)
	}
	return false
}

// unreachable reports whether all attempts that a partner has were in vain.
func (r Review) unreachable() bool {
	reached := slices.ContainsFunc(r.ContactAttempts, func(a ContactAttempt) bool { return a.Reached })
	return !reached && len(r.ContactAttempts) >= ContactsBeforeDeprovisioning
}

// Approve decides for the customer: at once, or within 30 days of a denial, which it cures. Settled when the review is approved or closed
// already, due or deprovisioned; Malformed when by is missing, or by or note too long.
func (r Review) Approve(now time.Time, by, note string) (Review, error) {
	return r.decide(now, by, note, ReviewApproved)
}

// Deny decides against the customer, and starts the 30 days in which Approve can still cure it. Settled when the review isn't pending, or is
// due; Malformed when by is missing, or by or note too long.
func (r Review) Deny(now time.Time, by, note string) (Review, error) {
	if r.State == ReviewDenied && !r.Due(now) {
		return r, settled("The review of customer %s has been denied already. Approve it before %s to cure that, or let the time run out.",
			r.CustomerID, stamp(r.CureUntil))
	}
	denied, err := r.decide(now, by, note, ReviewDenied)
	if err != nil {
		return r, err
	}
	denied.CureUntil = denied.Decided.Add(CurePeriod)
	return denied, nil
}

func (r Review) decide(now time.Time, by, note string, state ReviewState) (Review, error) {
	if err := r.open(now); err != nil {
		return r, err
	}
	if err := checkWho(now, by, note); err != nil {
		return r, err
	}
	r.State, r.Decided, r.DecidedBy, r.DecidedNote = state, now.UTC(), by, note
	return r, nil
}

// Contact notes an attempt to reach the partner about a review that is pending or denied. The third one makes the review due if the partner
// was never reached. Settled when the review is approved, closed, due or deprovisioned, or has 100 attempts; Malformed when by is missing, or by
// or note too long.
func (r Review) Contact(now time.Time, by string, reached bool, note string) (Review, error) {
	if err := r.open(now); err != nil {
		return r, err
	}
	if err := checkWho(now, by, note); err != nil {
		return r, err
	}
	if len(r.ContactAttempts) >= maxContacts {
		return r, settled("The review of customer %s has %d contact attempts already. Approve or deny it.", r.CustomerID, maxContacts)
	}
	attempt := ContactAttempt{Time: now.UTC(), By: by, Reached: reached, Note: note}
	r.ContactAttempts = append(slices.Clip(r.ContactAttempts), attempt) // clipped: another copy of the review may share the array
	return r, nil
}

// Deprovisioned notes that customer and users are gone. Settled when that isn't due, or has happened already; Malformed without a time.
func (r Review) Deprovisioned(now time.Time) (Review, error) {
	switch {
	case now.IsZero():
		return r, malformed("time", "is needed")
	case r.State == ReviewDeprovision:
		return r, r.over()
	case !r.Due(now):
		return r, settled("The review of customer %s gives no reason to deprovision it. Wait until it is due.", r.CustomerID)
	}
	r.State, r.DeprovisionTime = ReviewDeprovision, now.UTC()
	return r, nil
}

// Found adds what a later screening of the customer found. An entry that the review has already under the same name stays as it was, and what
// goes beyond MaxHits is left out: twenty are reason enough to look. Settled when the review is approved, closed, due or deprovisioned.
func (r Review) Found(now time.Time, hits []Hit) (Review, error) {
	if err := r.open(now); err != nil {
		return r, err
	}
	r.Hits = slices.Clip(r.Hits) // another copy of the review may share the array
	for _, h := range hits {
		if len(r.Hits) < MaxHits && !slices.ContainsFunc(r.Hits, h.Repeats) {
			r.Hits = append(r.Hits, h)
		}
	}
	return r, nil
}

// Repeats reports whether two hits say the same to a reviewer: one name of a subject is like one entry. The entry's own name counts too, as ids are
// numbers of lines where a list has none.
func (h Hit) Repeats(other Hit) bool {
	return h.Entry.ID == other.Entry.ID && h.Entry.Name == other.Entry.Name && h.SubjectName == other.SubjectName
}

// Closed notes that the customer left, so that there is nobody to decide about. Settled when the review is approved or closed, due, which is
// Deprovisioned's, or deprovisioned; Malformed without a time.
func (r Review) Closed(now time.Time) (Review, error) {
	if now.IsZero() {
		return r, malformed("time", "is needed")
	}
	if err := r.open(now); err != nil {
		return r, err
	}
	r.State, r.ClosedTime = ReviewClosed, now.UTC()
	return r, nil
}

// open returns nil while somebody may act on the review.
func (r Review) open(now time.Time) error {
	switch {
	case r.State == ReviewDeprovision:
		return r.over()
	case r.State == ReviewClosed:
		return settled("Customer %s left on %s, and its review was closed. There is nothing to decide any more.", r.CustomerID, stamp(r.ClosedTime))
	case r.State == ReviewApproved:
		return settled("The review of customer %s was approved by %s on %s. If the list has changed, screen the customer again.",
			r.CustomerID, r.DecidedBy, stamp(r.Decided))
	case r.unreachable():
		return settled("The partner of customer %s wasn't reached in %d attempts, so the customer is being deprovisioned. Create it again if that was wrong.",
			r.CustomerID, ContactsBeforeDeprovisioning)
	case r.Due(now):
		return settled("The denial of customer %s could be cured until %s, so the customer is being deprovisioned. Create it again if that was wrong.",
			r.CustomerID, stamp(r.CureUntil))
	}
	return nil
}

func (r Review) over() error {
	return settled("Customer %s was deprovisioned on %s after its review. Create it again if that was wrong.", r.CustomerID, stamp(r.DeprovisionTime))
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// checkWho checks what people say about themselves and their decision.
func checkWho(now time.Time, by, note string) error {
	switch {
	case now.IsZero():
		return malformed("time", "is needed")
	case strings.TrimSpace(by) == "" || len(by) > maxByBytes || !isText(by):
		return malformed("by", "must say who it is, in at most %d bytes of UTF-8", maxByBytes)
	case !isText(note):
		return malformed("note", "must be UTF-8 text")
	case utf8.RuneCountInString(note) > maxNoteRunes:
		return malformed("note", "must have at most %d characters: put the rest into a document and name it here", maxNoteRunes)
	}
	return nil
}
