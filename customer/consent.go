package customer

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"time"

	"dialtone/fault"
	"dialtone/secret"
)

// A consent is asked by e-mail, and given by whoever opens the link in it. The link carries what it is about and until when it holds, signed: nothing
// is stored that could be stolen, and what is pending decides whether it still means anything.

// ConsentKind says what is asked.
type ConsentKind string

// What can be asked.
const (
	ConsentMove   ConsentKind = "move"   // a person: may your account be moved to the customer?
	ConsentAttach ConsentKind = "attach" // an organisation's administrator: may the partner serve you?
)

// consentLife is how long a link holds. The mail can be sent again.
const consentLife = 30 * 24 * time.Hour

// consentClaim is what a link says. Its names are short, as they stand in a URL.
type consentClaim struct {
	Kind    ConsentKind `json:"k"`
	Partner OrgID       `json:"p"`
	ID      string      `json:"i"` // of the subscriber or the customer
	Expires int64       `json:"e"` // seconds since 1970
}

// consentToken signs a claim.
func (s *Service) consentToken(kind ConsentKind, partner OrgID, id string) (secret.Text, error) {
	text, err := json.Marshal(consentClaim{Kind: kind, Partner: partner, ID: id, Expires: s.now().Add(consentLife).Unix()})
	if err != nil {
		return secret.Text{}, err
	}
	encoding := base64.RawURLEncoding
	return secret.New(encoding.EncodeToString(text) + "." + encoding.EncodeToString(s.sign(text))), nil
}

func (s *Service) sign(text []byte) []byte {
	mac := hmac.New(sha256.New, s.consentKey)
	mac.Write(text)
	return mac.Sum(nil)
}

// claim reads a link's token. fault.NotFound for what isn't one of ours, or holds no more: the same for both.
func (s *Service) claim(token secret.Text) (consentClaim, error) {
	var c consentClaim
	unknown := fault.New(fault.NotFound, "This link doesn't hold any more. Ask your provider to send it again.")
	text, signature, ok := splitToken(token.Reveal())
	if !ok || !hmac.Equal(signature, s.sign(text)) || json.Unmarshal(text, &c) != nil || s.now().Unix() > c.Expires {
		return c, unknown
	}
	return c, nil
}

// maxConsentToken bounds what is decoded of a stranger's token, in bytes: ours have some 250.
const maxConsentToken = 1024

func splitToken(token string) (text, signature []byte, ok bool) {
	if len(token) > maxConsentToken {
		return nil, nil, false
	}
	for i := range len(token) {
		if token[i] != '.' {
			continue
		}
		var errs [2]error
		text, errs[0] = base64.RawURLEncoding.DecodeString(token[:i])
		signature, errs[1] = base64.RawURLEncoding.DecodeString(token[i+1:])
		return text, signature, errs[0] == nil && errs[1] == nil
	}
	return nil, nil, false
}

// Consent is a question to whoever opened a link.
type Consent struct {
	Kind     ConsentKind
	Brand    string // of the provider that asks
	Customer string // the company that a person would belong to; the organisation that would be attached
	Email    string // of who is asked
}

// Consent returns what a link asks. fault.NotFound when it holds no more, or when nothing is pending.
func (s *Service) Consent(ctx context.Context, token secret.Text) (Consent, error) {
	claim, err := s.claim(token)
	if err != nil {
		return Consent{}, err
	}
	if claim.Kind == ConsentMove {
		sub, c, err := s.pendingMove(ctx, s.store, claim)
		if err != nil {
			return Consent{}, err
		}
		brand, err := s.brandOf(ctx, s.store, c)
		return Consent{Kind: ConsentMove, Brand: brand, Customer: c.Name, Email: sub.Email}, err
	}
	c, org, err := s.pendingAttach(ctx, s.store, claim)
	if err != nil {
		return Consent{}, err
	}
	brand, err := s.brandOf(ctx, s.store, c)
	return Consent{Kind: ConsentAttach, Brand: brand, Customer: org.Name, Email: org.PrimaryEmail}, err
}

// Decide answers what a link asks. fault.NotFound as in Consent.
func (s *Service) Decide(ctx context.Context, token secret.Text, accept bool) error {
	claim, err := s.claim(token)
	if err != nil {
		return err
	}
	if claim.Kind == ConsentMove {
		return s.decideMove(ctx, claim, accept)
	}
	return s.decideAttach(ctx, claim, accept)
}

// nothingPending is the answer to a link about what was decided or withdrawn.
func nothingPending(err error) error {
	if err == nil || fault.Is(err, fault.NotFound) {
		return fault.New(fault.NotFound, "There is nothing to decide any more.")
	}
	return err
}

func (s *Service) pendingMove(ctx context.Context, r Reader, claim consentClaim) (Subscriber, Customer, error) {
	sub, err := r.Subscriber(ctx, Tenant{Partner: claim.Partner}, SubscriberID(claim.ID))
	if err != nil || sub.Status != SubscriberPendingMigration {
		return sub, Customer{}, nothingPending(err)
	}
	c, err := r.Customer(ctx, sub.Partner, sub.Customer)
	return sub, c, err
}

func (s *Service) pendingAttach(ctx context.Context, r Reader, claim consentClaim) (Customer, Organization, error) {
	c, err := r.Customer(ctx, claim.Partner, CustomerID(claim.ID))
	if err != nil || !c.Pending.AsksConsent {
		return c, Organization{}, nothingPending(err)
	}
	org, err := r.AnyTenantOrganization(ctx, c.Pending.Attach)
	return c, org, err
}

// decideMove moves a person's account, or notes that the person doesn't want that.
func (s *Service) decideMove(ctx context.Context, claim consentClaim, accept bool) error {
	sub, _, err := s.pendingMove(ctx, s.store, claim)
	if err != nil {
		return err
	}
	err = s.store.Update(ctx, sub.Tenant(), func(tx Tx) error {
		sub, c, err := s.pendingMove(ctx, tx, claim)
		if err != nil {
			return err
		}
		actor := Actor{Partner: sub.Partner, Email: sub.Email}
		if !accept {
			sub.Errors = []Notice{{fault.CodeDeclined, "The person declined to move the account."}}
			sub.LastStatusChange = s.now()
			if err := tx.SetSubscriber(ctx, sub); err != nil {
				return err
			}
			return s.record(ctx, tx, actor, sub.Tenant(), EventConsentDeclined, string(sub.ID), map[string]any{"email": sub.Email})
		}
		return s.moveHere(ctx, tx, actor, c, sub)
	})
	if !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Invalid) {
		return err
	}
	return s.noteMoveFailed(ctx, sub.Tenant(), claim, err)
}

// noteMoveFailed writes down why a move that the person wants can't be: the number was given away meanwhile, for example.
func (s *Service) noteMoveFailed(ctx context.Context, tenant Tenant, claim consentClaim, why error) error {
	err := s.store.Update(ctx, tenant, func(tx Tx) error {
		sub, _, err := s.pendingMove(ctx, tx, claim)
		if err != nil {
			return err
		}
		sub.Errors, sub.LastStatusChange = noticesOf(why), s.now()
		return tx.SetSubscriber(ctx, sub)
	})
	if err != nil {
		return err
	}
	return why
}

// moveHere takes an account out of its old organisation into the customer, with what was asked for when it was subscribed.
func (s *Service) moveHere(ctx context.Context, tx Tx, actor Actor, c Customer, sub Subscriber) error {
	if err := c.ready(sub.Packages()); err != nil {
		return err
	}
	person, err := tx.TakePerson(ctx, sub.Tenant(), sub.Person)
	if err != nil {
		return err
	}
	if sub.Pending.FirstName != "" || sub.Pending.LastName != "" {
		person.FirstName, person.LastName = sub.Pending.FirstName, sub.Pending.LastName
	}
	if sub.Package.Calling() {
		if person, err = reachable(ctx, tx, c, person, sub.Pending.CallingIdentity); err != nil {
			return err
		}
	}
	if err := tx.SetPerson(ctx, person); err != nil {
		return err
	}
	if person.Number != "" {
		if err := tx.OwnNumber(ctx, sub.Tenant(), person.Number, MemberID(person.ID)); err != nil {
			return err
		}
	}
	sub.Status, sub.Errors, sub.Pending, sub.LastStatusChange = SubscriberProvisioned, nil, PendingPerson{}, s.now()
	if err := tx.SetSubscriber(ctx, sub); err != nil {
		return err
	}
	if err := s.record(ctx, tx, actor, sub.Tenant(), EventPersonMoved, string(sub.ID), map[string]any{"person": person.ID, "email": person.Email}); err != nil {
		return err
	}
	if err := s.recordHoldings(ctx, tx, actor, sub.holding("").nothing(), sub.holding(person.Location)); err != nil {
		return err
	}
	return s.promiseMail(ctx, tx, mailArgs{Kind: MailWelcome, Partner: sub.Partner, Subject: string(sub.ID)})
}

// decideAttach goes on with attaching an organisation, or ends it.
func (s *Service) decideAttach(ctx context.Context, claim consentClaim, accept bool) error {
	known, _, err := s.pendingAttach(ctx, s.store, claim)
	if err != nil {
		return err
	}
	return s.store.Update(ctx, known.Tenant(), func(tx Tx) error {
		c, org, err := s.pendingAttach(ctx, tx, claim)
		if err != nil {
			return err
		}
		actor := Actor{Partner: c.Partner, Email: org.PrimaryEmail}
		c.Pending.AsksConsent = false
		if !accept {
			c = c.failed(Notice{fault.CodeDeclined, "The organisation's administrator declined."})
			if err := tx.SetCustomer(ctx, c); err != nil {
				return err
			}
			return s.record(ctx, tx, actor, c.Tenant(), EventConsentDeclined, string(c.ID), map[string]any{"organization": org.ID})
		}
		c.Pending.Consented = true
		c = c.again()
		if err := tx.SetCustomer(ctx, c); err != nil {
			return err
		}
		if err := s.record(ctx, tx, actor, c.Tenant(), EventConsentGiven, string(c.ID), map[string]any{"organization": org.ID}); err != nil {
			return err
		}
		return s.promise(ctx, tx, c)
	})
}

// again makes a customer busy with what is in error.
func (c Customer) again() Customer {
	c.Status, c.Errors = StatusProvisioning, nil
	c.Packages = append([]CustomerPackage(nil), c.Packages...)
	for i, p := range c.Packages {
		if p.Status == PackageError {
			c.Packages[i].Status, c.Packages[i].Errors = PackageProvisioning, nil
		}
	}
	return c
}

// SendConsentMove sends the mail again that asks a person to move the account. fault.Conflict unless that is pending.
func (s *Service) SendConsentMove(ctx context.Context, actor Actor, id SubscriberID) error {
	sub, err := s.store.Subscriber(ctx, actor.Tenant(), id)
	if err != nil {
		return err
	}
	return s.store.Update(ctx, sub.Tenant(), func(tx Tx) error {
		sub, err := tx.Subscriber(ctx, sub.Tenant(), id)
		if err != nil {
			return err
		}
		if sub.Status != SubscriberPendingMigration {
			return fault.New(fault.Conflict, "There is nothing to consent to: the subscriber is %s.", sub.Status).WithCode(fault.CodeNothingPending)
		}
		if err := s.promiseMail(ctx, tx, mailArgs{Kind: MailConsentMove, Partner: sub.Partner, Subject: string(sub.ID)}); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, sub.Tenant(), EventConsentAsked, string(id), map[string]any{"email": sub.Email})
	})
}
