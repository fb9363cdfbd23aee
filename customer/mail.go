package customer

import (
	"context"
	"net/url"

	"dialtone/fault"
	"dialtone/job"
)

// MailKind says which mail is sent.
type MailKind string

// The mails.
const (
	MailWelcome     MailKind = "welcome"      // to a person with a package; never to an administrator
	MailConsentMove MailKind = "consent_move" // asks a person to move the account here
	MailAdminInvite MailKind = "admin_invite" // asks an organisation's administrator to be served by the partner
)

// Mail is one e-mail, before it is written in its language.
type Mail struct {
	ID       string // the same when the same mail is sent again after a failure
	Kind     MailKind
	To       string
	Name     string // of the person; may be empty
	Language string // five-letter locale
	Brand    string
	Customer string // company
	Link     string // absolute; empty where the mail needs none
}

// Mailer sends e-mails. fault.Invalid when this one can't be sent, ever; any other error when it can be tried again.
type Mailer interface {
	Send(ctx context.Context, m Mail) error
}

const jobMail job.Kind = "customer.mail"

// mailArgs names a mail in the queue. What is in it is read when it is sent, so that no link, which is a secret, waits in a table.
type mailArgs struct {
	ID      string   `json:"id"`
	Kind    MailKind `json:"kind"`
	Partner OrgID    `json:"partner"`
	Subject string   `json:"subject"` // id of the subscriber or the customer
}

// promiseMail promises a mail after the transaction, where there is a way to send it.
func (s *Service) promiseMail(ctx context.Context, tx Tx, args mailArgs) error {
	if s.mailer == nil {
		return nil
	}
	args.ID = s.newID()
	return tx.Enqueue(ctx, job.Job{Kind: jobMail, Args: args})
}

// sendMail sends a mail if what it is about still holds. One that can't be sent ever is noted in the log of events.
func (s *Service) sendMail(ctx context.Context, args mailArgs) error {
	compose := map[MailKind]func(context.Context, mailArgs) (Mail, error){
		MailWelcome: s.welcome, MailConsentMove: s.consentMail, MailAdminInvite: s.inviteMail,
	}[args.Kind]
	if compose == nil {
		return nil
	}
	m, err := compose(ctx, args)
	if err != nil {
		return unlessGone(err)
	}
	m.ID, m.Kind = args.ID, args.Kind
	if s.mailer == nil { // the job is from a time when mails were sent
		return nil
	}
	err = s.mailer.Send(ctx, m)
	if fault.Is(err, fault.Invalid) {
		return s.mailFailed(ctx, args, err)
	}
	return err
}

// mailFailed notes that a mail didn't go out, for whoever wonders why nobody answers.
func (s *Service) mailFailed(ctx context.Context, args mailArgs, why error) error {
	tenant := Tenant{Partner: args.Partner}
	return s.store.Update(ctx, tenant, func(tx Tx) error {
		facts := map[string]any{"kind": args.Kind, "reason": fault.Message(why)}
		return s.record(ctx, tx, System(args.Partner), tenant, EventMailFailed, args.Subject, facts)
	})
}

func (s *Service) welcome(ctx context.Context, args mailArgs) (Mail, error) {
	sub, err := s.store.Subscriber(ctx, Tenant{Partner: args.Partner}, SubscriberID(args.Subject))
	if err != nil {
		return Mail{}, err
	}
	person, err := s.store.Person(ctx, sub.Tenant(), sub.Person)
	if err != nil || person.Admin {
		return Mail{}, nothingPending(err)
	}
	c, err := s.store.Customer(ctx, sub.Partner, sub.Customer)
	if err != nil {
		return Mail{}, err
	}
	return s.mailOf(ctx, c, person.Email, person.DisplayName(), "")
}

func (s *Service) consentMail(ctx context.Context, args mailArgs) (Mail, error) {
	sub, c, err := s.pendingMove(ctx, s.store, consentClaim{Partner: args.Partner, ID: args.Subject})
	if err != nil {
		return Mail{}, err
	}
	link, err := s.consentLink(ConsentMove, args)
	if err != nil {
		return Mail{}, err
	}
	name := Person{FirstName: sub.Pending.FirstName, LastName: sub.Pending.LastName}.DisplayName()
	return s.mailOf(ctx, c, sub.Email, name, link)
}

func (s *Service) inviteMail(ctx context.Context, args mailArgs) (Mail, error) {
	c, org, err := s.pendingAttach(ctx, s.store, consentClaim{Partner: args.Partner, ID: args.Subject})
	if err != nil {
		return Mail{}, err
	}
	link, err := s.consentLink(ConsentAttach, args)
	if err != nil {
		return Mail{}, err
	}
	c.Name, c.Language = org.Name, org.Language
	return s.mailOf(ctx, c, org.PrimaryEmail, "", link)
}

func (s *Service) consentLink(kind ConsentKind, args mailArgs) (string, error) {
	token, err := s.consentToken(kind, args.Partner, args.Subject)
	return s.hubURL + "/hub/v1/consents?token=" + url.QueryEscape(token.Reveal()), err
}

// mailOf fills what all mails about a customer have in common.
func (s *Service) mailOf(ctx context.Context, c Customer, to, name, link string) (Mail, error) {
	brand, err := s.brandOf(ctx, s.store, c)
	return Mail{To: to, Name: name, Language: c.Language, Brand: brand, Customer: c.Name, Link: link}, err
}

// brandOf is the name under which a customer knows its provider: the template's at the time, else the partner's own.
func (s *Service) brandOf(ctx context.Context, r Reader, c Customer) (string, error) {
	if c.Onboarding.BrandName != "" {
		return c.Onboarding.BrandName, nil
	}
	partner, err := r.Partner(ctx, c.Partner)
	return partner.Name, err
}
