package customer

import (
	"context"
	"time"

	"dialtone/fault"
)

// PartnerState says what a sub-partner may do, in the wire's words.
type PartnerState string

// The states of a partner.
const (
	PartnerActive    PartnerState = "active"
	PartnerSuspended PartnerState = "suspended" // may look, and delete
)

// Partner is a service provider, or a sub-partner of one: it works in the same way, on its parent's subscription, and sees neither its parent nor
// its siblings.
type Partner struct {
	ID           OrgID
	Parent       OrgID // empty: it is nobody's sub-partner. A sub-partner has none of its own
	Name         string
	State        PartnerState
	Subscription string    // of a sub-partner: the parent's wholesale subscription that its templates have
	BillingStart time.Time // of a sub-partner: the day from which it is counted, at midnight UTC
	// DelayedBilling lets customers have a billing start of their own: the setting enable_wholesale_delayed_billing.
	DelayedBilling bool
	Created        time.Time
}

// NewSubPartner is the input of CreateSubPartner.
type NewSubPartner struct {
	Name         string // 1 to 128 characters
	Subscription string // of the parent, 1 to 64 characters
	BillingStart time.Time
	Admin        NewAdmin // the first one; its role is RoleFullPartner
}

// CreateSubPartner sets up a sub-partner with its first administrator. fault.Denied when the actor's partner is a sub-partner itself.
func (s *Service) CreateSubPartner(ctx context.Context, actor Actor, in NewSubPartner) (Partner, Admin, error) {
	if err := actor.parent(); err != nil {
		return Partner{}, Admin{}, err
	}
	var p problems
	sub := Partner{
		ID: OrgID(s.newID()), Parent: actor.Partner, State: PartnerActive, Created: s.now(),
		Name:         p.text("name", in.Name, 128),
		Subscription: p.text("subscriptionId", in.Subscription, 64),
		BillingStart: in.BillingStart.UTC().Truncate(24 * time.Hour),
	}
	if in.BillingStart.IsZero() {
		sub.BillingStart = s.now().UTC().Truncate(24 * time.Hour)
	}
	in.Admin.Role, in.Admin.Org = RoleFullPartner, ""
	admin := s.newAdmin(&p, "admin.", sub.ID, in.Admin)
	if err := p.err("The sub-partner can't be set up"); err != nil {
		return Partner{}, Admin{}, err
	}
	return sub, admin, s.store.Update(ctx, actor.Tenant(), func(tx Tx) error {
		if err := tx.CreatePartner(ctx, sub); err != nil {
			return err
		}
		// The start is written as it was given: without one usage is counted from its beginning.
		facts := map[string]any{"name": sub.Name, "subscriptionId": sub.Subscription, "admin": admin.Email, "billingStart": day(in.BillingStart)}
		if err := s.record(ctx, tx, actor, actor.Tenant(), EventSubPartnerCreated, string(sub.ID), facts); err != nil {
			return err
		}
		return s.createAdmin(ctx, tx, Actor{Partner: sub.ID, Email: actor.Email}, admin)
	})
}

// parent refuses who is a sub-partner: there is one level.
func (a Actor) parent() error {
	if !a.sub {
		return nil
	}
	return fault.New(fault.Denied, "A sub-partner has no sub-partners of its own.")
}

// SubPartner returns one of the partner's sub-partners.
func (s *Service) SubPartner(ctx context.Context, actor Actor, id OrgID) (Partner, error) {
	return s.store.SubPartner(ctx, actor.Partner, id)
}

// SubPartners lists the partner's sub-partners; state may be empty for all.
func (s *Service) SubPartners(ctx context.Context, actor Actor, state PartnerState, page Page) ([]Partner, bool, error) {
	return s.store.SubPartners(ctx, actor.Partner, state, page)
}

// SubPartnerChange is the input of ChangeSubPartner. What is empty stays.
type SubPartnerChange struct {
	Name  string
	State PartnerState
}

// ChangeSubPartner renames, suspends or reactivates a sub-partner. Its tokens feel it with their next request.
func (s *Service) ChangeSubPartner(ctx context.Context, actor Actor, id OrgID, in SubPartnerChange) (Partner, error) {
	var after Partner
	err := s.store.Update(ctx, actor.Tenant(), func(tx Tx) error {
		before, err := tx.SubPartner(ctx, actor.Partner, id)
		if err != nil {
			return err
		}
		var p problems
		after = before
		if in == (SubPartnerChange{}) {
			p.missing("provisioningState", "is needed, or a name")
		}
		if in.Name != "" {
			after.Name = p.text("name", in.Name, 128)
		}
		switch in.State {
		case PartnerActive, PartnerSuspended:
			after.State = in.State
		case "":
		default:
			p.reject("provisioningState", string(in.State), "must be active or suspended")
		}
		if err := p.err("The sub-partner can't be changed"); err != nil {
			return err
		}
		if err := tx.SetPartner(ctx, after); err != nil {
			return err
		}
		facts := map[string]any{
			"before": map[string]any{"name": before.Name, "state": before.State}, "after": map[string]any{"name": after.Name, "state": after.State},
		}
		return s.record(ctx, tx, actor, actor.Tenant(), EventSubPartnerChanged, string(id), facts)
	})
	return after, err
}

// OnBehalf returns the actor as it acts for one of its sub-partners: with all that it may, in what is the sub-partner's. fault.NotFound when the
// organisation is no sub-partner of the actor's partner.
func (s *Service) OnBehalf(ctx context.Context, actor Actor, id OrgID) (Actor, error) {
	if actor.Org != "" || actor.sub {
		return Actor{}, fault.New(fault.NotFound, "There is no such sub-partner.")
	}
	sub, err := s.store.SubPartner(ctx, actor.Partner, id)
	if err != nil {
		return Actor{}, err
	}
	return actor.in(sub), nil
}

// in returns the actor in a partner.
func (a Actor) in(p Partner) Actor {
	a.Partner, a.Subscription, a.suspended, a.sub = p.ID, p.Subscription, p.State == PartnerSuspended, p.Parent != ""
	return a
}
