package customer

import "context"

// EventCursor is a place in the order in which the events about devices are read: behind one event, and before the next. It means the same in every
// feed of the same database, and for ever. The zero value is the beginning.
type EventCursor struct {
	Transaction int64 // of the database that recorded the event; always 0 where writers take turns
	ID          int64 // of the event
}

// Before reports whether a place comes before another one.
func (c EventCursor) Before(other EventCursor) bool {
	if c.Transaction != other.Transaction {
		return c.Transaction < other.Transaction
	}
	return c.ID < other.ID
}

// Change is an event about a device, with its place among all others. The events of one device are in the order in which they happened.
type Change struct {
	Event
	Place EventCursor
}

// Revision returns the device's revision that an event led to, 0 if it says none: the number "revision" of its facts.
func (e Event) Revision() int64 {
	switch n := e.Data["revision"].(type) {
	case int64:
		return n
	case float64: // as it comes out of JSON
		return int64(n)
	}
	return 0
}

// ChangeReader reads the log as who follows it does: forward, and never missing or repeating an event.
type ChangeReader interface {
	// Changes returns the events about a tenant's devices behind a place, the oldest first, at most so many, and never nil. An event that isn't there yet
	// comes behind all that are: what could still be overtaken is held back until it can't.
	Changes(ctx context.Context, tenant Tenant, after EventCursor, most int) ([]Change, error)
	// LatestChange returns a place behind every change that was returned up to now, and before every one that is still to come.
	LatestChange(ctx context.Context, tenant Tenant) (EventCursor, error)
}

// Changes returns the events about a tenant's devices behind a place, the oldest first, at most so many. Who asks again behind the last of them sees
// every event, and each once.
func (s *Service) Changes(ctx context.Context, tenant Tenant, after EventCursor, most int) ([]Change, error) {
	return s.store.Changes(ctx, tenant, after, most)
}

// LatestChange returns the place of this moment: behind it is what comes from now on.
func (s *Service) LatestChange(ctx context.Context, tenant Tenant) (EventCursor, error) {
	return s.store.LatestChange(ctx, tenant)
}
