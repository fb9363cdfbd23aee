package billing

import (
	"context"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/usage"
)

// EventZoneSet is about a billing subscription: before and after, names of time zones.
const EventZoneSet customer.EventKind = "billing.zone_set"

// Subscriptions lists the billing subscriptions of a partner.
func (d *Desk) Subscriptions(ctx context.Context, partner customer.OrgID, page customer.Page) ([]Subscription, bool, error) {
	return d.store.Subscriptions(ctx, partner, page)
}

// SetZone sets the time zone in which a subscription's days are counted, by its IANA name. The same one again changes nothing. fault.NotFound when the partner has no
// such subscription; fault.Invalid, naming timeZone, for what is no zone; fault.Conflict once a day of any of its customers is closed.
func (d *Desk) SetZone(ctx context.Context, actor customer.Actor, partner customer.OrgID, id, name string) (Subscription, error) {
	var out Subscription
	err := d.store.Update(ctx, customer.Tenant{Partner: partner}, func(tx Tx) error {
		var err error
		if out, err = tx.Subscription(ctx, partner, id); err != nil {
			return err
		}
		zone, err := usage.ParseZone(name)
		if err != nil || zone.String() == out.Zone.String() {
			return err
		}
		if err := tx.HoldSubscription(ctx, partner, id); err != nil {
			return err
		}
		if out, err = tx.Subscription(ctx, partner, id); err != nil {
			return err
		}
		if out.Since != 0 {
			return fault.New(fault.Conflict, "Days of the subscription %s are counted in the time zone %s since %s, so that it can't be changed any more.", id, out.Zone, out.Since).
				WithCode(fault.CodeZoneFixed)
		}
		facts := map[string]any{"before": out.Zone.String(), "after": zone.String()}
		out.Zone = zone
		if err := tx.SetZone(ctx, partner, id, zone); err != nil {
			return err
		}
		return tx.Record(ctx, customer.Event{Time: d.now(), Tenant: customer.Tenant{Partner: partner}, Actor: actor.Email, Kind: EventZoneSet, Subject: id, Data: facts})
	})
	return out, err
}
