package customer

import (
	"context"
	"fmt"
	"time"

	"dialtone/fault"
)

// SetupAssistID names an order for help with setting up a customer's site.
type SetupAssistID string

// SetupAssistSKU says which kind of help it is, in the words of reports.
type SetupAssistSKU string

// The kinds of help. Which one it is follows from the seats.
const (
	SetupAssistExpress  SetupAssistSKU = "SETUP_ASSIST_EXPRESS"  //nolint:gosec // G101: a name, and no credential: at a flat price
	SetupAssistStandard SetupAssistSKU = "SETUP_ASSIST_STANDARD" //nolint:gosec // G101: a name, and no credential: by the seat
)

// SetupAssistState says what became of an order.
type SetupAssistState string

// The states of an order.
const (
	SetupAssistOrdered   SetupAssistState = "ordered"
	SetupAssistCancelled SetupAssistState = "cancelled"
)

// The rules for orders (product rule 10), and bounds of what they hold.
const (
	expressSeats     = 5 // at most
	setupAssistDays  = 6 // business days before the target date, at least
	maxSeats         = 100_000
	maxSites         = 10_000
	maxContacts      = 10
	maxTargetDays    = 730
	contactNameSize  = 128
	contactPhoneSize = 32
)

// SetupAssistContact is whom to talk to about an order.
type SetupAssistContact struct {
	Name  string // 1 to 128 characters
	Email string
	Phone string // as it was given, at most 32 characters; "" for none
}

// SetupAssistOrder is an order for help with setting up a site of a customer. It is billed once, on the day on which it was ordered.
type SetupAssistOrder struct {
	ID           SetupAssistID
	Partner      OrgID
	Org          OrgID
	Customer     CustomerID // which may be gone
	Subscription string
	Location     LocationID // the site
	Locations    int        // how many locations are to be set up
	Seats        int
	Target       time.Time // midnight UTC of the day on which it is to be done
	Contacts     []SetupAssistContact
	Actor        string // who ordered it: an e-mail
	Created      time.Time
	Cancelled    time.Time // zero while it wasn't
}

// Tenant returns whose order it is.
func (o SetupAssistOrder) Tenant() Tenant { return Tenant{Partner: o.Partner, Customer: o.Org} }

// SKU returns which kind of help it is.
func (o SetupAssistOrder) SKU() SetupAssistSKU {
	if o.Seats <= expressSeats {
		return SetupAssistExpress
	}
	return SetupAssistStandard
}

// State returns what became of it.
func (o SetupAssistOrder) State() SetupAssistState {
	if o.Cancelled.IsZero() {
		return SetupAssistOrdered
	}
	return SetupAssistCancelled
}

// SetupAssistReader is the part of Reader about orders for Setup Assist.
type SetupAssistReader interface {
	SetupAssistOrder(ctx context.Context, tenant Tenant, id SetupAssistID) (SetupAssistOrder, error)
	SetupAssistOrders(ctx context.Context, tenant Tenant, page Page) ([]SetupAssistOrder, bool, error)
}

// SetupAssistWriter is the part of Tx about orders for Setup Assist.
type SetupAssistWriter interface {
	CreateSetupAssistOrder(ctx context.Context, o SetupAssistOrder) error
	// CancelSetupAssistOrder notes when an order was cancelled.
	CancelSetupAssistOrder(ctx context.Context, tenant Tenant, id SetupAssistID, at time.Time) error
}

// NewSetupAssistOrder is the input of OrderSetupAssist.
type NewSetupAssistOrder struct {
	Org       OrgID
	Location  LocationID
	Locations int       // 1 or more; 0: one
	Seats     int       // 1 or more
	Target    time.Time // of which the day counts
	Contacts  []SetupAssistContact
}

// OrderSetupAssist orders help with setting up a site of a customer, at least six business days before it is needed. fault.Conflict when the customer isn't
// provisioned.
func (s *Service) OrderSetupAssist(ctx context.Context, actor Actor, in NewSetupAssistOrder) (SetupAssistOrder, error) {
	if in.Org == "" {
		return SetupAssistOrder{}, fault.InvalidField("orgId", "is needed: it says which customer is meant").WithCode(fault.CodeMissing)
	}
	var o SetupAssistOrder
	tenant := Tenant{Partner: actor.Partner, Customer: in.Org}
	err := s.store.Update(ctx, tenant, func(tx Tx) error {
		c, err := tx.CustomerByOrg(ctx, actor.Partner, in.Org)
		if fault.Is(err, fault.NotFound) {
			return fault.InvalidField("orgId", "names no customer of yours").WithCode(fault.CodeUnknown)
		}
		if err != nil {
			return err
		}
		if err := c.canBeAssisted(); err != nil {
			return err
		}
		if o, err = s.newSetupAssistOrder(ctx, tx, actor, c, in); err != nil {
			return err
		}
		if err := tx.CreateSetupAssistOrder(ctx, o); err != nil {
			return err
		}
		facts := map[string]any{
			"service": o.SKU(), "seats": fmt.Sprint(o.Seats), "location": o.Location, "locations": o.Locations, "targetDate": day(o.Target),
			"subscriptionId": o.Subscription,
		}
		return s.record(ctx, tx, actor, tenant, EventSetupAssistOrdered, string(o.ID), facts)
	})
	return o, err
}

// canBeAssisted refuses a customer that isn't there yet, or is leaving.
func (c Customer) canBeAssisted() error {
	if err := c.notBusy(); err != nil {
		return err
	}
	if c.Status != StatusProvisioned {
		return fault.New(fault.Conflict, "The customer is %s. Setup Assist can be ordered when it is provisioned.", c.Status).WithCode(fault.CodeNotProvisioned)
	}
	return nil
}

// newSetupAssistOrder checks the input.
func (s *Service) newSetupAssistOrder(ctx context.Context, r Reader, actor Actor, c Customer, in NewSetupAssistOrder) (SetupAssistOrder, error) {
	var p problems
	now := s.now()
	o := SetupAssistOrder{
		ID: SetupAssistID(s.newID()), Partner: c.Partner, Org: c.Org, Customer: c.ID, Subscription: c.Onboarding.SubscriptionID, Location: in.Location,
		Locations: max(in.Locations, 0), Seats: in.Seats, Target: p.targetDate("targetDate", in.Target, now), Contacts: p.contacts("contacts", in.Contacts),
		Actor: actor.Email, Created: now,
	}
	if in.Locations == 0 {
		o.Locations = 1
	}
	if o.Locations < 1 || o.Locations > maxSites {
		p.add("numberOfLocations", "must be from 1 to %d; it is %d", maxSites, in.Locations)
	}
	if o.Seats < 1 || o.Seats > maxSeats {
		p.add("seats", "must be from 1 to %d; it is %d", maxSeats, o.Seats)
	}
	if in.Location == "" {
		p.missing("locationId", "is needed: it says which site is to be set up")
	} else if _, err := r.Location(ctx, c.Tenant(), in.Location); fault.Is(err, fault.NotFound) {
		p.unknown("locationId", "names no location of the customer")
	} else if err != nil {
		return SetupAssistOrder{}, err
	}
	return o, p.err("Setup Assist can't be ordered")
}

// targetDate checks that there is time enough: so many days from Monday to Friday, the target itself among them. Holidays differ by country, and count as days.
func (p *problems) targetDate(field string, target, now time.Time) time.Time {
	if target.IsZero() {
		p.missing(field, "is needed, such as 2026-05-29")
		return target
	}
	target, today := target.UTC().Truncate(24*time.Hour), now.UTC().Truncate(24*time.Hour)
	first := today
	for left := setupAssistDays; left > 0; {
		first = first.AddDate(0, 0, 1)
		if first.Weekday() != time.Saturday && first.Weekday() != time.Sunday {
			left--
		}
	}
	last := today.AddDate(0, 0, maxTargetDays)
	if target.Before(first) || target.After(last) {
		p.add(field, "must be at least %d business days from now, and from %s to %s; it is %s", setupAssistDays, day(first), day(last), day(target))
	}
	return target
}

// contacts checks whom to talk to.
func (p *problems) contacts(field string, list []SetupAssistContact) []SetupAssistContact {
	if len(list) == 0 {
		p.missing(field, "is needed: name somebody to talk to")
	}
	if len(list) > maxContacts {
		p.code(fault.CodeSize, field, "must be at most %d", maxContacts)
		return nil
	}
	out := make([]SetupAssistContact, 0, len(list))
	for i, c := range list {
		one := fmt.Sprintf("%s[%d].", field, i)
		out = append(out, SetupAssistContact{
			Name: p.text(one+"name", c.Name, contactNameSize), Email: p.email(one+"email", c.Email), Phone: p.optionalText(one+"phone", c.Phone, contactPhoneSize),
		})
	}
	return out
}

// CancelSetupAssist cancels an order. One that is cancelled already stays as it is. It is billed all the same, unless its day isn't over.
func (s *Service) CancelSetupAssist(ctx context.Context, actor Actor, id SetupAssistID) error {
	known, err := s.store.SetupAssistOrder(ctx, actor.Tenant(), id)
	if err != nil {
		return err
	}
	return s.store.Update(ctx, known.Tenant(), func(tx Tx) error {
		o, err := tx.SetupAssistOrder(ctx, known.Tenant(), id)
		if err != nil || !o.Cancelled.IsZero() {
			return err
		}
		if err := tx.CancelSetupAssistOrder(ctx, o.Tenant(), id, s.now()); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, o.Tenant(), EventSetupAssistCancelled, string(id), map[string]any{"service": o.SKU(), "location": o.Location})
	})
}

// SetupAssistOrder returns one order.
func (s *Service) SetupAssistOrder(ctx context.Context, actor Actor, id SetupAssistID) (SetupAssistOrder, error) {
	return s.store.SetupAssistOrder(ctx, actor.Tenant(), id)
}

// SetupAssistOrders lists a tenant's orders.
func (s *Service) SetupAssistOrders(ctx context.Context, tenant Tenant, page Page) ([]SetupAssistOrder, bool, error) {
	return s.store.SetupAssistOrders(ctx, tenant, page)
}
