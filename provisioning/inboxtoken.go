package provisioning

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"strings"
	"time"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/secret"
)

// A token of an organisation in the address that its phones are led to says whose an unknown phone is, before anybody knows it. It says nothing else: no file is
// served for it that wouldn't be served without, so that whoever reads it on the network, as everybody there can, has only a way to fill the inbox.

// InboxTokenID names an inbox token, a UUID.
type InboxTokenID string

// What happens to inbox tokens. Their data is the token's name.
const (
	EventInboxTokenCreated customer.EventKind = "inbox_token.created" //nolint:gosec // G101: a name, and no credential
	EventInboxTokenRotated customer.EventKind = "inbox_token.rotated" //nolint:gosec // G101: a name, and no credential
	EventInboxTokenDeleted customer.EventKind = "inbox_token.deleted" //nolint:gosec // G101: a name, and no credential
)

// InboxToken is a token by which unknown phones come into an organisation's inbox. The token itself is shown once and isn't kept.
type InboxToken struct {
	ID      InboxTokenID
	Partner customer.OrgID
	Org     customer.OrgID
	Name    string // for people, such as a site's
	Hash    []byte // of the token, SHA-256
	Created time.Time
	Rotated time.Time // when the token that counts was made
}

// Tenant returns whose inbox it fills.
func (t InboxToken) Tenant() customer.Tenant {
	return customer.Tenant{Partner: t.Partner, Customer: t.Org}
}

// InboxTokenReader reads inbox tokens. The rules of Reader hold.
type InboxTokenReader interface {
	InboxToken(ctx context.Context, tenant customer.Tenant, id InboxTokenID) (InboxToken, error)
	// InboxTokens lists them; at most maxInboxTokens, as an organisation has no more.
	InboxTokens(ctx context.Context, tenant customer.Tenant) ([]InboxToken, error)
	// AnyTenantInboxTokens returns whose inboxes some tokens fill, by the hashes as strings of bytes: it is how whoever leads a phone here becomes known.
	AnyTenantInboxTokens(ctx context.Context, hashes []string) (map[string]customer.Tenant, error)
}

// InboxTokenTx writes inbox tokens.
type InboxTokenTx interface {
	CreateInboxToken(ctx context.Context, t InboxToken) error
	// SetInboxToken replaces the hash of the token with t.ID, and when it was made.
	SetInboxToken(ctx context.Context, t InboxToken) error
	DeleteInboxToken(ctx context.Context, tenant customer.Tenant, id InboxTokenID) error
}

// maxInboxTokens bounds the tokens of an organisation: one for each site of a large one.
const maxInboxTokens = 200

// inboxTokenBytes is the length of a token before it is written in hexadecimal. Nobody guesses it, and with 128 bits the URL still has room in the shortest
// DHCP option that phones read.
const inboxTokenBytes = 16

// newInboxToken returns a token and its hash.
func (s *Service) newInboxToken() (secret.Text, []byte, error) {
	raw := make([]byte, inboxTokenBytes)
	if _, err := io.ReadFull(s.random, raw); err != nil {
		return secret.Text{}, nil, fault.Wrap(fault.Internal, err, "No token can be made")
	}
	token := secret.New(fmt.Sprintf("%x", raw))
	return token, []byte(inboxHash(token)), nil
}

// inboxHash is what is kept of a token, or "" for none: it has as many bits as its hash needs, so that a plain one will do.
func inboxHash(token secret.Text) string {
	if token.IsZero() {
		return ""
	}
	sum := sha256.Sum256([]byte(token.Reveal()))
	return string(sum[:])
}

// CreateInboxToken makes a token of an organisation, and returns it this once. fault.Invalid for a name that can't be; fault.Conflict when there are too many.
func (s *Service) CreateInboxToken(ctx context.Context, actor customer.Actor, tenant customer.Tenant, name string) (InboxToken, secret.Text, error) {
	if err := OneOrganisation(tenant); err != nil {
		return InboxToken{}, secret.Text{}, err
	}
	if name = strings.TrimSpace(name); name == "" {
		return InboxToken{}, secret.Text{}, fault.InvalidField("name", "is needed, such as the site's").WithCode(fault.CodeMissing)
	}
	if err := deviceprofiles.CheckDisplayName("name", name); err != nil {
		return InboxToken{}, secret.Text{}, err
	}
	token, hash, err := s.newInboxToken()
	if err != nil {
		return InboxToken{}, secret.Text{}, err
	}
	t := InboxToken{
		ID: InboxTokenID(s.newID()), Partner: tenant.Partner, Org: tenant.Customer, Name: name, Hash: hash, Created: s.now(), Rotated: s.now(),
	}
	err = s.store.Update(ctx, tenant, func(tx Tx) error {
		list, err := tx.InboxTokens(ctx, tenant)
		if err != nil {
			return err
		}
		if len(list) >= maxInboxTokens {
			return fault.New(fault.Conflict, "The organisation has %d inbox tokens, the most that there can be. Delete one first.", len(list)).WithCode(fault.CodeTooMany)
		}
		if err := tx.CreateInboxToken(ctx, t); err != nil {
			return err
		}
		return s.recordInboxToken(ctx, tx, actor, t, EventInboxTokenCreated)
	})
	if err != nil {
		return InboxToken{}, secret.Text{}, err
	}
	return t, token, nil
}

func (s *Service) recordInboxToken(ctx context.Context, tx Tx, actor customer.Actor, t InboxToken, kind customer.EventKind) error {
	return tx.Record(ctx, customer.Event{Time: s.now(), Tenant: t.Tenant(), Actor: actor.Email, Kind: kind, Subject: string(t.ID), Data: map[string]any{"name": t.Name}})
}

// InboxTokens lists the tokens of an organisation, without the tokens themselves.
func (s *Service) InboxTokens(ctx context.Context, tenant customer.Tenant) ([]InboxToken, error) {
	if err := OneOrganisation(tenant); err != nil {
		return nil, err
	}
	return s.store.InboxTokens(ctx, tenant)
}

// RotateInboxToken replaces a token by another one, and returns that this once. The one before fills nobody's inbox from then on. fault.NotFound when the
// tenant has no such token.
func (s *Service) RotateInboxToken(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id InboxTokenID) (InboxToken, secret.Text, error) {
	t, err := s.store.InboxToken(ctx, tenant, id)
	if err != nil {
		return InboxToken{}, secret.Text{}, err
	}
	token, hash, err := s.newInboxToken()
	if err != nil {
		return InboxToken{}, secret.Text{}, err
	}
	t.Hash, t.Rotated = hash, s.now()
	err = s.store.Update(ctx, t.Tenant(), func(tx Tx) error {
		if err := tx.SetInboxToken(ctx, t); err != nil {
			return err
		}
		return s.recordInboxToken(ctx, tx, actor, t, EventInboxTokenRotated)
	})
	if err != nil {
		return InboxToken{}, secret.Text{}, err
	}
	return t, token, nil
}

// DeleteInboxToken ends a token. What came into the inbox by it stays there. fault.NotFound when the tenant has no such token.
func (s *Service) DeleteInboxToken(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id InboxTokenID) error {
	t, err := s.store.InboxToken(ctx, tenant, id)
	if err != nil {
		return err
	}
	return s.store.Update(ctx, t.Tenant(), func(tx Tx) error {
		if err := tx.DeleteInboxToken(ctx, t.Tenant(), id); err != nil {
			return err
		}
		return s.recordInboxToken(ctx, tx, actor, t, EventInboxTokenDeleted)
	})
}

// withoutInboxToken takes a token that is an organisation's and no phone's out of what was shown: it proves nothing, and whoever shows it guesses nothing. It
// reads the database only for a token that isn't the phone's, and not for an address that has to wait.
func (s *Service) withoutInboxToken(ctx context.Context, who *asker) error {
	if who.proof.token.IsZero() || s.failures.Wait(who.place.name) > 0 {
		return nil
	}
	hash := inboxHash(who.proof.token)
	whose, err := s.store.AnyTenantInboxTokens(ctx, []string{hash})
	if _, found := whose[hash]; err == nil && found {
		who.proof.token = secret.Text{}
	}
	return err
}
