package customer

import (
	"context"
	"io"
	"strings"
	"time"

	"dialtone/fault"
	"dialtone/secret"
)

// Config is what a Service needs.
type Config struct {
	Store     Store
	Now       func() time.Time
	Random    io.Reader       // for tokens and SIP domains
	NewID     func() string   // a fresh UUID in canonical form
	SIPDomain string          // parent of every customer's SIP domain, e.g. sip.example.com
	Keyring   *secret.Keyring // seals identity providers' secrets and signs links in mails; may be nil where neither is done
	Mailer    Mailer          // nil: no mail is sent
	// HubURL is where people reach the admin door, without a slash at the end, e.g. https://hub.example.com: it begins the links in mails.
	HubURL string
}

// Service carries the operations on the nouns of this package. It is safe for concurrent use.
//
// Its errors are those of the store, and fault.Invalid, naming fields in the wire's spelling, for input that breaks a rule.
type Service struct {
	store     Store
	now       func() time.Time
	random    io.Reader
	newID     func() string
	sipDomain string
	keyring   *secret.Keyring
	watchlist *watchlist

	mailer     Mailer
	hubURL     string
	consentKey []byte
}

// NewService returns a service.
func NewService(c Config) *Service {
	s := &Service{
		store: c.Store, now: c.Now, random: c.Random, newID: c.NewID, sipDomain: strings.ToLower(strings.Trim(c.SIPDomain, ".")), keyring: c.Keyring,
		mailer: c.Mailer, hubURL: strings.TrimRight(c.HubURL, "/"), watchlist: newWatchlist(c.Store),
	}
	if c.Keyring != nil {
		s.consentKey = c.Keyring.Derive("consent links")
	}
	return s
}

// TenantOf returns the tenant that a request for an organisation means: all that the actor may see when org is empty or the partner itself, else the
// one customer. fault.NotFound when the organisation isn't the actor's.
func (s *Service) TenantOf(ctx context.Context, actor Actor, org OrgID) (Tenant, error) {
	if org == "" || org == actor.Partner || org == actor.Org {
		return actor.Tenant(), nil
	}
	if actor.Org != "" {
		return Tenant{}, fault.New(fault.NotFound, "There is no such customer.")
	}
	c, err := s.store.CustomerByOrg(ctx, actor.Partner, org)
	if err != nil {
		return Tenant{}, err
	}
	return c.Tenant(), nil
}

// Customer returns one customer.
func (s *Service) Customer(ctx context.Context, actor Actor, id CustomerID) (Customer, error) {
	return s.store.Customer(ctx, actor.Partner, id)
}

// Customers lists the partner's customers.
func (s *Service) Customers(ctx context.Context, actor Actor, filter CustomerFilter, page Page) ([]Customer, bool, error) {
	return s.store.Customers(ctx, actor.Partner, filter, page)
}

// Events lists what happened to a tenant, newest first.
func (s *Service) Events(ctx context.Context, tenant Tenant, filter EventFilter, page Page) ([]Event, bool, error) {
	return s.store.Events(ctx, tenant, filter, page)
}

// Subscriber returns one subscriber.
func (s *Service) Subscriber(ctx context.Context, actor Actor, id SubscriberID) (Subscriber, error) {
	return s.store.Subscriber(ctx, actor.Tenant(), id)
}

// Subscribers lists the tenant's subscribers.
func (s *Service) Subscribers(ctx context.Context, tenant Tenant, filter SubscriberFilter, page Page) ([]Subscriber, bool, error) {
	return s.store.Subscribers(ctx, tenant, filter, page)
}

// Bootstrap creates a partner with its first administrator and a token that carries every scope, which is shown here and never again.
func (s *Service) Bootstrap(ctx context.Context, partnerName, adminEmail string) (Actor, secret.Text, error) {
	var p problems
	name, email := p.text("partner", partnerName, 128), p.email("admin", adminEmail)
	if err := p.err("The partner can't be created"); err != nil {
		return Actor{}, secret.Text{}, err
	}
	partner := Partner{ID: OrgID(s.newID()), Name: name, State: PartnerActive, Created: s.now()}
	admin := Admin{ID: AdminID(s.newID()), Partner: partner.ID, Email: email, Role: RoleFullPartner, Created: s.now()}
	actor := Actor{Admin: admin.ID, Partner: partner.ID, Email: email, Role: admin.Role, Scopes: AllScopes()}
	t, token, err := s.newToken(admin, "bootstrap", actor.Scopes, time.Time{})
	if err != nil {
		return Actor{}, secret.Text{}, err
	}
	err = s.store.Update(ctx, actor.Tenant(), func(tx Tx) error {
		if err := tx.CreatePartner(ctx, partner); err != nil {
			return err
		}
		if err := tx.CreateAdmin(ctx, admin); err != nil {
			return err
		}
		if err := s.record(ctx, tx, actor, actor.Tenant(), EventPartnerCreated, string(partner.ID), map[string]any{"name": name}); err != nil {
			return err
		}
		return s.createToken(ctx, tx, actor, t)
	})
	return actor, token, err
}

func (s *Service) record(ctx context.Context, tx Tx, actor Actor, tenant Tenant, kind EventKind, subject string, data map[string]any) error {
	if string(tenant.Customer) == subject { // a customer without an organisation: it concerns the partner
		tenant.Customer = ""
	}
	return tx.Record(ctx, Event{Time: s.now(), Tenant: tenant, Actor: actor.Email, Kind: kind, Subject: subject, Data: data})
}
