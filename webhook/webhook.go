// Package webhook owns webhooks: where a partner's tools want to be told of changes of devices, how each change reaches them, and in which order.
//
// Changes are delivered at least once, and those of one device never out of order: one that can't be delivered holds back the later ones of its device,
// and of no other. It never speaks SQL, and never decides how a change looks on the wire: that is handed in. Start at Service; the operations are in
// manage.go, Run and what it calls in run.go and turn.go, what becomes of a delivery in outcome.go.
package webhook

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"dialtone/customer"
	"dialtone/secret"
)

// ID names a webhook: a UUID in its canonical lower-case form.
type ID string

// Status says whether a webhook is served, in the wire's words.
type Status string

// The states of a webhook. A disabled one keeps its place in the log: it goes on from there.
const (
	Active   Status = "active"
	Disabled Status = "disabled"
)

// Webhook is an address of a partner's that is told of changes of devices.
type Webhook struct {
	ID      ID
	Partner customer.OrgID
	Org     customer.OrgID // the one customer that it is about; empty: all of the partner's
	Name    string
	Target  string   // absolute URL; its query may hold a secret of the partner's, so that it is shown to nobody else and never logged
	Kinds   []string // event kinds, or beginnings of them such as device.*; never nil, empty: all
	Status  Status
	Created time.Time

	Secret    secret.Sealed // that signs
	OldSecret secret.Sealed // that signs beside it until OldUntil; nil: none
	OldUntil  time.Time
	Progress
}

// Progress is how far a webhook is. What it must still deliver is what the log has behind After, and its pending deliveries.
type Progress struct {
	After        customer.EventCursor // the log was read up to here
	Full         bool                 // so many devices wait that the log isn't read on
	WakeAt       time.Time            // when the first of the pending deliveries is due; zero: none is pending
	RetryAt      time.Time            // nothing is sent before; zero: the endpoint answers
	Failures     int                  // how often in a row the endpoint as a whole failed
	FailingSince time.Time            // zero: the last delivery went well
	LastDelivery time.Time            // zero: none yet
	LastFailure  time.Time            // zero: none yet
	Failure      string               // what went wrong at LastFailure
}

// Tenant returns whose changes it is told.
func (w Webhook) Tenant() customer.Tenant {
	return customer.Tenant{Partner: w.Partner, Customer: w.Org}
}

// anyOf ends a kind that stands for all kinds that begin alike.
const anyOf = "*"

// wants reports whether it is to be told of a kind of event.
func (w Webhook) wants(kind customer.EventKind) bool {
	return len(w.Kinds) == 0 || slices.ContainsFunc(w.Kinds, func(k string) bool {
		beginning, isBeginning := strings.CutSuffix(k, anyOf)
		return k == string(kind) || isBeginning && strings.HasPrefix(string(kind), beginning)
	})
}

// State says what became of a delivery, in the wire's words.
type State string

// The states of a delivery; one that succeeded isn't kept.
const (
	Pending State = "pending"
	Dead    State = "dead" // given up; kept for DeadFor
)

// Delivery is a change on its way to a webhook. A pending one that isn't Replayed stands for its device: behind its change, and up to where the log was
// read, all changes of the device are still to be delivered. There is one of those for a device at most, so that what waits is bounded by the devices
// that wait and not by what happens to them.
type Delivery struct {
	Webhook     ID
	Change      customer.Change
	State       State
	Replayed    bool      // it was dead, and stands for its change alone
	Attempts    int       // that failed because of it, which decides when the next one is
	Tries       int       // all that failed
	NextTry     time.Time // of a pending one
	FirstFailed time.Time // zero: it didn't fail yet
	Failure     string    // what went wrong the last time; "" if nothing
	Died        time.Time // of a dead one
}

// MessageID names a delivery to its receiver: the same at every attempt and in every replay, so that who remembers it isn't told twice.
func (d Delivery) MessageID() string {
	return "msg_" + strconv.FormatInt(d.Change.ID, 10) + "_" + string(d.Webhook)
}

// The kinds of event that happen to webhooks.
const (
	EventCreated       customer.EventKind = "webhook.created"
	EventChanged       customer.EventKind = "webhook.changed"
	EventDisabled      customer.EventKind = "webhook.disabled" // because its endpoint said that it is gone
	EventDeleted       customer.EventKind = "webhook.deleted"
	EventSecretRotated customer.EventKind = "webhook.secret_rotated"
	EventReplayed      customer.EventKind = "webhook.replayed"
)
