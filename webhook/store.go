package webhook

import (
	"context"
	"time"

	"dialtone/customer"
)

// Reader reads. Every method sees only what belongs to its partner, and returns fault.NotFound for everything else, whether it exists or not;
// fault.Unavailable when the database doesn't answer. Lists are never nil; the bool says whether there is more behind the page.
type Reader interface {
	customer.ChangeReader
	Webhook(ctx context.Context, partner customer.OrgID, id ID) (Webhook, error)
	// Webhooks lists a partner's webhooks by creation; those about one customer when the tenant names it.
	Webhooks(ctx context.Context, tenant customer.Tenant, page customer.Page) ([]Webhook, bool, error)
	CountWebhooks(ctx context.Context, partner customer.OrgID) (int, error)
	// Deliveries lists the deliveries of a webhook in a state, in the order of their changes.
	Deliveries(ctx context.Context, partner customer.OrgID, id ID, state State, page customer.Page) ([]Delivery, bool, error)
}

// Tx reads and writes in one transaction.
type Tx interface {
	Reader
	CreateWebhook(ctx context.Context, w Webhook) error
	// SetWebhook replaces all but Created of the webhook with w.Partner and w.ID.
	SetWebhook(ctx context.Context, w Webhook) error
	// DeleteWebhook deletes a webhook with its deliveries.
	DeleteWebhook(ctx context.Context, partner customer.OrgID, id ID) error

	// Lease gives a webhook to one session until a moment, or lets it keep it, and says whether it has it; another session's lease must have ended by now.
	Lease(ctx context.Context, partner customer.OrgID, id ID, session string, now, until time.Time) (bool, error)
	// Hold adds pending deliveries, each of another device, and returns how many: those of devices that have one which isn't Replayed are left out.
	Hold(ctx context.Context, partner customer.OrgID, list []Delivery) (int, error)
	// SetDelivery replaces the state, the counts, the times and the failure of a delivery; it reports whether there was one.
	SetDelivery(ctx context.Context, partner customer.OrgID, d Delivery) (bool, error)
	// DeleteDelivery reports whether there was one.
	DeleteDelivery(ctx context.Context, partner customer.OrgID, id ID, event int64) (bool, error)
	// CountPending counts the pending deliveries.
	CountPending(ctx context.Context, partner customer.OrgID, id ID) (int, error)
	// Heads returns the deliveries that may be sent now, at most so many: of each device the one with the earliest change, if it is due. They are in the
	// order of their changes or, with leastTried, begin with those that were tried least.
	Heads(ctx context.Context, partner customer.OrgID, id ID, now time.Time, leastTried bool, most int) ([]Delivery, error)
	// NextHead returns when the first head is due; zero when nothing is pending.
	NextHead(ctx context.Context, partner customer.OrgID, id ID) (time.Time, error)
	// ChangesOfDevice is Changes of one device up to and with a place.
	ChangesOfDevice(ctx context.Context, tenant customer.Tenant, device string, after, until customer.EventCursor, most int) ([]customer.Change, error)
	// Drop deletes the deliveries, pending and dead, of the changes behind a place.
	Drop(ctx context.Context, partner customer.OrgID, id ID, after customer.EventCursor) error
	// Revive makes the dead deliveries pending ones that are due now and Replayed, and returns how many.
	Revive(ctx context.Context, partner customer.OrgID, id ID, now time.Time) (int, error)
	// Record writes an event into the log.
	Record(ctx context.Context, e customer.Event) error
}

// Ref is a webhook, and whose it is.
type Ref struct {
	Partner customer.OrgID
	ID      ID
}

// Store is what the package needs from below.
type Store interface {
	Reader
	// Update runs fn in one transaction that commits when fn returns nil. Writers of the same tenant take turns, so that what fn reads holds until it
	// commits. fn must use tx alone, and may be run again.
	Update(ctx context.Context, tenant customer.Tenant, fn func(tx Tx) error) error

	// AnyTenantDue returns active webhooks that nobody is at work on and that have something to deliver now, at most so many; those that waited longest
	// come first.
	AnyTenantDue(ctx context.Context, now time.Time, most int) ([]Ref, error)
	// AnyTenantTakeUp ends the leases of a process that died, where no other one can be at work.
	AnyTenantTakeUp(ctx context.Context) error
	// AnyTenantDropDead deletes deliveries that died before a moment, at most so many, and returns how many.
	AnyTenantDropDead(ctx context.Context, before time.Time, most int) (int, error)
	// AnyTenantOldestPending returns when the oldest change happened that is pending for an active webhook; zero: none is.
	AnyTenantOldestPending(ctx context.Context) (time.Time, error)
}
