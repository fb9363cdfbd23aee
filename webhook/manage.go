package webhook

import (
	"context"
	"encoding/json"
	"time"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/secret"
)

// most bounds a partner's webhooks: each reads the log for itself.
const most = 20

// oldSecretFor is how long a replaced secret signs beside the new one.
const oldSecretFor = 24 * time.Hour

// Create adds a webhook that is told of what happens from now on, and returns its secret: this once. The tenant says about whose devices. fault.Invalid
// names the fields that break a rule; fault.Conflict when the partner has as many as it may.
func (s *Service) Create(ctx context.Context, actor customer.Actor, tenant customer.Tenant, in Definition) (Webhook, secret.Text, error) {
	w := Webhook{ID: ID(s.newID()), Partner: tenant.Partner, Org: tenant.Customer, Status: Active, Created: s.now()}
	w, err := s.checked(w, in, "The webhook can't be created")
	if err != nil {
		return Webhook{}, secret.Text{}, err
	}
	key, err := s.sealNew(&w)
	if err != nil {
		return Webhook{}, secret.Text{}, err
	}
	return w, key, s.store.Update(ctx, partnerOf(w), func(tx Tx) error {
		count, err := tx.CountWebhooks(ctx, w.Partner)
		if err != nil {
			return err
		}
		if count >= most {
			return fault.New(fault.Conflict, "You have %d webhooks, and can't have more. Delete one first.", count).WithCode(fault.CodeWebhooks)
		}
		if w.After, err = tx.LatestChange(ctx, w.Tenant()); err != nil {
			return err
		}
		if err := tx.CreateWebhook(ctx, w); err != nil {
			return err
		}
		return s.record(ctx, tx, actor.Email, w, EventCreated, facts(w))
	})
}

// partnerOf is whose writers take turns with those of a webhook: its partner's.
func partnerOf(w Webhook) customer.Tenant { return customer.Tenant{Partner: w.Partner} }

// facts are what the log says about a webhook: the target's host, as its path and query may be secrets.
func facts(w Webhook) map[string]any {
	return map[string]any{"name": w.Name, "host": hostOf(w.Target), "kinds": w.Kinds, "status": w.Status}
}

func (s *Service) record(ctx context.Context, tx Tx, who string, w Webhook, kind customer.EventKind, data map[string]any) error {
	return tx.Record(ctx, customer.Event{Time: s.now(), Tenant: w.Tenant(), Actor: who, Kind: kind, Subject: string(w.ID), Data: data})
}

// owner binds a sealed secret to its webhook.
func owner(id ID) string { return "webhook " + string(id) }

// sealNew gives a webhook a new secret and returns it.
func (s *Service) sealNew(w *Webhook) (secret.Text, error) {
	key, err := newSecret(s.random)
	if err != nil {
		return secret.Text{}, err
	}
	w.Secret, err = s.keyring.Seal(owner(w.ID), []byte(key.Reveal()))
	return key, err
}

// Webhook returns one webhook.
func (s *Service) Webhook(ctx context.Context, actor customer.Actor, id ID) (Webhook, error) {
	return s.store.Webhook(ctx, actor.Partner, id)
}

// Webhooks lists the webhooks of a tenant: all of the partner's, or those about one customer.
func (s *Service) Webhooks(ctx context.Context, tenant customer.Tenant, page customer.Page) ([]Webhook, bool, error) {
	return s.store.Webhooks(ctx, tenant, page)
}

// change runs fn on a webhook in a transaction, stores what it returns, and records it.
func (s *Service) change(ctx context.Context, actor customer.Actor, id ID, fn func(tx Tx, w Webhook) (Webhook, customer.EventKind, map[string]any, error)) (Webhook, error) {
	var after Webhook
	err := s.store.Update(ctx, customer.Tenant{Partner: actor.Partner}, func(tx Tx) error {
		before, err := tx.Webhook(ctx, actor.Partner, id)
		if err != nil {
			return err
		}
		var kind customer.EventKind
		var data map[string]any
		if after, kind, data, err = fn(tx, before); err != nil {
			return err
		}
		if err := tx.SetWebhook(ctx, after); err != nil {
			return err
		}
		return s.record(ctx, tx, actor.Email, after, kind, data)
	})
	return after, err
}

// Change gives a webhook another definition, and is about whose devices the tenant says. What waits is sent to the new target at once; other kinds and
// another tenant hold from where the log was read up to. One that is enabled again goes on where it was. fault.Invalid as Create.
func (s *Service) Change(ctx context.Context, actor customer.Actor, id ID, tenant customer.Tenant, in Definition) (Webhook, error) {
	return s.change(ctx, actor, id, func(_ Tx, before Webhook) (Webhook, customer.EventKind, map[string]any, error) {
		after, err := s.checked(before, in, "The webhook can't be changed")
		after.Org = tenant.Customer
		after.Failures, after.RetryAt = 0, time.Time{}
		return after, EventChanged, map[string]any{"before": facts(before), "after": facts(after)}, err
	})
}

// Delete deletes a webhook with all that waits for it.
func (s *Service) Delete(ctx context.Context, actor customer.Actor, id ID) error {
	return s.store.Update(ctx, customer.Tenant{Partner: actor.Partner}, func(tx Tx) error {
		w, err := tx.Webhook(ctx, actor.Partner, id)
		if err != nil {
			return err
		}
		if err := tx.DeleteWebhook(ctx, actor.Partner, id); err != nil {
			return err
		}
		return s.record(ctx, tx, actor.Email, w, EventDeleted, facts(w))
	})
}

// Rotate gives a webhook a new secret and returns it: this once. The old one signs beside it until the returned webhook's OldUntil.
func (s *Service) Rotate(ctx context.Context, actor customer.Actor, id ID) (Webhook, secret.Text, error) {
	var key secret.Text
	w, err := s.change(ctx, actor, id, func(_ Tx, w Webhook) (Webhook, customer.EventKind, map[string]any, error) {
		w.OldSecret, w.OldUntil = w.Secret, s.now().Add(oldSecretFor)
		var err error
		key, err = s.sealNew(&w)
		return w, EventSecretRotated, nil, err
	})
	return w, key, err
}

// Deliveries lists what waits for a webhook, or was given up, in the order of the changes.
func (s *Service) Deliveries(ctx context.Context, actor customer.Actor, id ID, state State, page customer.Page) ([]Delivery, bool, error) {
	if _, err := s.store.Webhook(ctx, actor.Partner, id); err != nil {
		return nil, false, err
	}
	return s.store.Deliveries(ctx, actor.Partner, id, state, page)
}

// ReplayFrom lets a webhook begin again behind a place: what was delivered from there on is delivered once more, with what waits, in order. A place
// ahead passes over what wasn't read yet; fault.Invalid when the log itself isn't there yet.
func (s *Service) ReplayFrom(ctx context.Context, actor customer.Actor, id ID, place customer.EventCursor) error {
	_, err := s.change(ctx, actor, id, func(tx Tx, w Webhook) (Webhook, customer.EventKind, map[string]any, error) {
		latest, err := tx.LatestChange(ctx, w.Tenant())
		if err != nil {
			return w, "", nil, err
		}
		if latest.Before(place) {
			return w, "", nil, fault.InvalidField("after", "is a place that the log hasn't reached: it comes from somewhere else")
		}
		w.After, w.Full, w.Failures, w.RetryAt, w.WakeAt = place, false, 0, time.Time{}, s.now()
		return w, EventReplayed, map[string]any{"after": place.ID}, tx.Drop(ctx, w.Partner, w.ID, place)
	})
	return err
}

// ReplayDead sends what was given up once more, and returns how many. Of one device it comes in order, and before what waits.
func (s *Service) ReplayDead(ctx context.Context, actor customer.Actor, id ID) (int, error) {
	revived := 0
	_, err := s.change(ctx, actor, id, func(tx Tx, w Webhook) (Webhook, customer.EventKind, map[string]any, error) {
		var err error
		revived, err = tx.Revive(ctx, w.Partner, w.ID, s.now())
		w.WakeAt = s.now()
		return w, EventReplayed, map[string]any{"dead": revived}, err
	})
	return revived, err
}

// PingKind is the type of a message that only tries the way.
const PingKind = "webhook.ping"

// Ping sends a signed message at once, whatever the webhook's status, and returns the status of the answer. Without an answer it is 0, and the text says
// why.
func (s *Service) Ping(ctx context.Context, actor customer.Actor, id ID) (status int, why string, err error) {
	w, err := s.store.Webhook(ctx, actor.Partner, id)
	if err != nil {
		return 0, "", err
	}
	body, err := json.Marshal(map[string]any{"type": PingKind, "timestamp": s.now().UTC().Format(time.RFC3339), "data": map[string]any{"name": w.Name}})
	if err != nil {
		return 0, "", err
	}
	secrets, err := s.secrets(w)
	if err != nil {
		return 0, "", err
	}
	status, why = answered(s.poster.Post(ctx, s.message(w, "ping_"+s.newID(), body, secrets)))
	return status, why, nil
}

// answered turns what a poster returns into a status or a reason: that nobody answered is a result here, and no failure.
func answered(status int, err error) (int, string) {
	if err != nil {
		return 0, err.Error()
	}
	return status, ""
}

// secrets opens what signs now: the secret, and the one before while it holds.
func (s *Service) secrets(w Webhook) ([]secret.Text, error) {
	sealed := []secret.Sealed{w.Secret}
	if len(w.OldSecret) > 0 && s.now().Before(w.OldUntil) {
		sealed = append(sealed, w.OldSecret)
	}
	out := make([]secret.Text, len(sealed))
	for i, one := range sealed {
		plain, err := s.keyring.Open(owner(w.ID), one)
		if err != nil {
			return nil, fault.Wrap(fault.Internal, err, "the secret of the webhook %s can't be opened", w.ID)
		}
		out[i] = secret.New(string(plain))
	}
	return out, nil
}

// message makes one attempt.
func (s *Service) message(w Webhook, id string, body []byte, secrets []secret.Text) Message {
	at := s.now()
	return Message{Target: w.Target, ID: id, Time: at, Signature: Sign(id, at, body, secrets...), Body: body}
}
