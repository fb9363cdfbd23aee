package main

import (
	"context"
	"log/slog"
	"net/url"

	"dialtone/customer"
	"dialtone/mail"
)

// mailer sends mails by SMTP in the words of the package mail.
type mailer struct{ sender *mail.Sender }

// Send implements customer.Mailer.
func (m mailer) Send(ctx context.Context, c customer.Mail) error {
	return m.sender.Send(ctx, mail.Message{
		ID: c.ID, Kind: mail.Kind(c.Kind), To: c.To, Name: c.Name, Language: c.Language, Brand: c.Brand, Customer: c.Customer, Link: c.Link,
	})
}

// mailer is the way out for mails; nil when no mail server is named, so that none is sent.
func (c *serveCommand) mailer(logger *slog.Logger) (customer.Mailer, error) {
	if c.SMTP == "" {
		logger.Warn("no e-mail is sent, as no mail server is named: --smtp smtps://USER:PASSWORD@HOST?from=ADDRESS")
		return nil, nil //nolint:nilnil // the service knows what to do without
	}
	config, err := mail.ParseURL(c.SMTP)
	if err != nil {
		return nil, asUsage(err)
	}
	config.Now, config.Logger = now, logger.With("part", "mail")
	sender, err := mail.New(config)
	if err != nil {
		return nil, asUsage(err)
	}
	hub, err := url.Parse(c.HubURL)
	if err != nil || hub.Host == "" || hub.Scheme != "https" && hub.Scheme != "http" {
		return nil, usage("--hub-url: is needed with --smtp, as links in e-mails begin with it: https://NAME")
	}
	return mailer{sender}, nil
}
