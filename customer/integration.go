package customer

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"dialtone/fault"
	"dialtone/secret"
)

// IntegrationID names an integration. It is the client id of RFC 6749, too, and no secret.
type IntegrationID string

// Integration is a program that administrators let act for them: a client of RFC 6749. It belongs to the administrator who made it, and ends with
// that one.
type Integration struct {
	ID           IntegrationID
	Partner      OrgID
	Admin        AdminID
	Email        string // of the admin
	Name         string
	Secret       TokenHash // of the client secret
	RedirectURIs []string  // never nil
	Scopes       []Scope   // the most that it can be granted
	Created      time.Time
}

// secretPrefix makes a client secret recognisable, as tokenPrefix does a token.
const secretPrefix = "dts_"

// What an integration may have. A redirect URI is compared letter by letter with what clients send, and has to fit into an address line.
const (
	maxRedirectURIs = 10
	maxRedirectURI  = 512
)

// NewIntegration is the input of CreateIntegration.
type NewIntegration struct {
	Name         string   // 1 to 80 characters
	RedirectURIs []string // up to 10 of at most 512 characters: absolute https addresses without a fragment; http on this very machine
	Scopes       []Scope
}

// CreateIntegration adds an integration that can be granted what its maker may, or less, and returns its secret: this once. fault.Denied for who acts
// for a sub-partner: it isn't one of its administrators.
func (s *Service) CreateIntegration(ctx context.Context, actor Actor, in NewIntegration) (Integration, secret.Text, error) {
	maker, err := s.self(ctx, actor, "An integration belongs to the administrator who makes it")
	if err != nil {
		return Integration{}, secret.Text{}, err
	}
	var p problems
	name := p.text("name", in.Name, 80)
	uris := p.redirectURIs(in.RedirectURIs)
	p.scopes(actor, maker, in.Scopes)
	if err := p.err("The integration can't be created"); err != nil {
		return Integration{}, secret.Text{}, err
	}
	key, err := s.newSecret(secretPrefix)
	if err != nil {
		return Integration{}, secret.Text{}, err
	}
	i := Integration{
		ID: IntegrationID(s.newID()), Partner: maker.Partner, Admin: maker.ID, Email: maker.Email, Name: name, Secret: hashOf(key),
		RedirectURIs: uris, Scopes: in.Scopes, Created: s.now(),
	}
	return i, key, s.store.Update(ctx, actor.Tenant(), func(tx Tx) error {
		if err := tx.CreateIntegration(ctx, i); err != nil {
			return err
		}
		facts := map[string]any{"name": i.Name, "scopes": i.Scopes, "redirectUris": i.RedirectURIs}
		return s.record(ctx, tx, actor, actor.Tenant(), EventIntegrationCreated, string(i.ID), facts)
	})
}

// self returns the actor as an administrator of the partner that it acts in; fault.Denied when it acts for a sub-partner.
func (s *Service) self(ctx context.Context, actor Actor, why string) (Admin, error) {
	admin, err := s.store.Admin(ctx, actor.Tenant(), actor.Admin)
	if fault.Is(err, fault.NotFound) {
		return Admin{}, fault.New(fault.Denied, "%s, and you aren't one of the sub-partner's: let one of them do it.", why)
	}
	return admin, err
}

// newSecret makes a secret of more than 256 random bits.
func (s *Service) newSecret(prefix string) (secret.Text, error) {
	raw, err := secret.Random(s.random, tokenAlphabet, tokenLength)
	if err != nil {
		return secret.Text{}, err
	}
	return secret.New(prefix + raw), nil
}

func hashOf(key secret.Text) TokenHash { return sha256.Sum256([]byte(key.Reveal())) }

// redirectURIs checks where an integration's web pages are; none is fine.
func (p *problems) redirectURIs(list []string) []string {
	if len(list) > maxRedirectURIs {
		p.code(fault.CodeSize, "redirectUris", "must hold at most %d addresses", maxRedirectURIs)
	}
	for i, text := range list {
		switch {
		case slices.Contains(list[:i], text):
			p.reject("redirectUris", text, "names an address twice")
		case !isRedirectURI(text):
			p.reject("redirectUris", text, "must be absolute https addresses without a fragment, of at most 512 characters; http is for localhost alone")
		}
	}
	return append([]string{}, list...)
}

// isRedirectURI holds to RFC 6749 section 3.1.2, and to RFC 8252 section 8.3 on addresses of the person's own machine.
func isRedirectURI(text string) bool {
	u, err := url.Parse(text)
	if err != nil || len(text) > maxRedirectURI || !isASCII(text) || strings.ContainsAny(text, "# \\\"<>") || u.User != nil || u.Hostname() == "" {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && isOwnMachine(u.Hostname())
}

func isOwnMachine(host string) bool {
	address, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && address.IsLoopback()
}

// Integrations lists the partner's integrations to who may read its administrators, and their own to everybody else.
func (s *Service) Integrations(ctx context.Context, actor Actor, page Page) ([]Integration, bool, error) {
	return s.store.Integrations(ctx, actor.Partner, actor.ownOnly(ScopeAdminsRead), page)
}

// Integration returns one of those that Integrations lists.
func (s *Service) Integration(ctx context.Context, actor Actor, id IntegrationID) (Integration, error) {
	return visible(ctx, s.store, actor, ScopeAdminsRead, id)
}

// visible returns an integration of the actor's own, or any of the partner's when the actor has the scope.
func visible(ctx context.Context, r Reader, actor Actor, all Scope, id IntegrationID) (Integration, error) {
	i, err := r.Integration(ctx, actor.Partner, id)
	if err != nil {
		return Integration{}, err
	}
	if own := actor.ownOnly(all); own != "" && i.Admin != own {
		return Integration{}, fault.New(fault.NotFound, "There is no such integration.")
	}
	return i, nil
}

// DeleteIntegration ends an integration with all that administrators granted to it, at once.
func (s *Service) DeleteIntegration(ctx context.Context, actor Actor, id IntegrationID) error {
	return s.store.Update(ctx, actor.Tenant(), func(tx Tx) error {
		i, err := visible(ctx, tx, actor, ScopeAdminsWrite, id)
		if err != nil {
			return err
		}
		if err := tx.DeleteIntegration(ctx, actor.Partner, id); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, actor.Tenant(), EventIntegrationDeleted, string(id), map[string]any{"name": i.Name})
	})
}

// AuthenticateIntegration says which integration shows its secret; InvalidClient when none does: the same for an unknown one and a wrong secret.
func (s *Service) AuthenticateIntegration(ctx context.Context, id IntegrationID, key secret.Text) (Integration, error) {
	i, err := s.store.AnyTenantIntegration(ctx, id)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return Integration{}, err
	}
	shown := hashOf(key)
	if err != nil || subtle.ConstantTimeCompare(i.Secret[:], shown[:]) != 1 {
		return Integration{}, refused(InvalidClient, "The client id or the client secret is wrong, or the integration was deleted.")
	}
	return i, nil
}
