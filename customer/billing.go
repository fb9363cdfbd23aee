package customer

import (
	"context"
	"time"

	"dialtone/fault"
)

// maxBillingDelay is how long after its creation a customer's billing can begin (product rule 5).
const maxBillingDelay = 90 * 24 * time.Hour

// billingStart checks the day from which a customer is billed; zero is none. It can be given when the partner's setting allows it, for at most 90
// days after the customer's creation, and changed until it has come.
func (s *Service) billingStart(ctx context.Context, tx Tx, before Customer, start time.Time) (time.Time, error) {
	const field = "billingStartDate"
	if start.IsZero() {
		return before.BillingStart, nil
	}
	start = start.UTC().Truncate(24 * time.Hour)
	today := s.now().UTC().Truncate(24 * time.Hour)
	partner, err := tx.Partner(ctx, before.Partner)
	switch {
	case err != nil:
		return time.Time{}, err
	case start.Equal(before.BillingStart):
		return start, nil
	case !partner.DelayedBilling:
		return time.Time{}, billingConflict("%s can't be given: the setting enable_wholesale_delayed_billing is off.", field)
	case !before.BillingStart.IsZero() && !before.BillingStart.After(today):
		return time.Time{}, billingConflict("Billing has begun on %s. The start can't be changed any more.", before.BillingStart.Format(time.DateOnly))
	case before.BillingStart.IsZero() && before.Created.Before(today):
		return time.Time{}, billingConflict("Billing began when the customer was created. The start can't be given any more.")
	case start.Before(today):
		return time.Time{}, fault.InvalidField(field, "must not be in the past; it is %s", start.Format(time.DateOnly))
	case start.After(before.Created.UTC().Truncate(24 * time.Hour).Add(maxBillingDelay)):
		return time.Time{}, fault.InvalidField(field, "must be at most 90 days after the customer's creation; it is %s", start.Format(time.DateOnly))
	}
	return start, nil
}

func billingConflict(format string, args ...any) error {
	return fault.New(fault.Conflict, format, args...).WithCode(fault.CodeBillingStart)
}

// Settings are what a partner decides for itself.
type Settings struct {
	DelayedBilling bool // enable_wholesale_delayed_billing
}

// Settings returns the actor's partner's settings.
func (s *Service) Settings(ctx context.Context, actor Actor) (Settings, error) {
	p, err := s.store.Partner(ctx, actor.Partner)
	return Settings{DelayedBilling: p.DelayedBilling}, err
}

// SetSettings replaces the actor's partner's settings.
func (s *Service) SetSettings(ctx context.Context, actor Actor, in Settings) error {
	return s.store.Update(ctx, actor.Tenant(), func(tx Tx) error {
		before, err := tx.Partner(ctx, actor.Partner)
		if err != nil {
			return err
		}
		if err := tx.SetSettings(ctx, actor.Partner, in); err != nil {
			return err
		}
		facts := map[string]any{
			"before": map[string]any{"enable_wholesale_delayed_billing": before.DelayedBilling},
			"after":  map[string]any{"enable_wholesale_delayed_billing": in.DelayedBilling},
		}
		return s.record(ctx, tx, actor, actor.Tenant(), EventSettingsChanged, string(actor.Partner), facts)
	})
}

// billingFacts is what reports on usage say of a customer, as the log has it: whole in every event that sets some of it, so that what was known at a moment
// is in the latest event before.
func (c Customer) billingFacts() map[string]any {
	return map[string]any{"externalId": c.ExternalID, "subscriptionId": c.Onboarding.SubscriptionID, "billingStart": day(c.BillingStart)}
}

// day writes the day that billing begins with for the log; "" for none.
func day(start time.Time) string {
	if start.IsZero() {
		return ""
	}
	return start.UTC().Format(time.DateOnly)
}
