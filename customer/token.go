package customer

import (
	"context"
	"slices"
	"time"

	"dialtone/fault"
	"dialtone/secret"
)

// tokenPrefix makes a token recognisable to people and to scanners that look for leaked secrets.
const tokenPrefix = "dtp_"

// tokenAlphabet and tokenLength give more than 256 random bits.
const (
	tokenAlphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	tokenLength   = 44
)

// useInterval is how exactly it is known when a token was last used: a write an hour at most, and none for a request more.
const useInterval = time.Hour

// Authenticate says who holds a token. fault.Denied when nobody does, or when it has expired: the same for both.
func (s *Service) Authenticate(ctx context.Context, token secret.Text) (Actor, error) {
	b, err := s.store.AnyTenantToken(ctx, hashOf(token))
	if fault.Is(err, fault.NotFound) {
		return Actor{}, unknownToken()
	}
	if err != nil {
		return Actor{}, err
	}
	t := b.Token
	if !t.Expires.IsZero() && !s.now().Before(t.Expires) {
		return Actor{}, unknownToken()
	}
	if s.now().Sub(t.LastUsed) < useInterval {
		return b.actor(), nil
	}
	err = s.store.Update(ctx, Tenant{Partner: t.Partner}, func(tx Tx) error { return tx.UseToken(ctx, t.Partner, t.ID, s.now()) })
	if fault.Is(err, fault.NotFound) { // revoked meanwhile
		return Actor{}, unknownToken()
	}
	return b.actor(), err
}

func unknownToken() error {
	return fault.New(fault.Denied, "The access token isn't valid. Send one that your administrator made, as \"Authorization: Bearer TOKEN\".")
}

// NewToken is the input of CreateToken.
type NewToken struct {
	Name    string // 1 to 80 characters: what it is for
	Scopes  []Scope
	Expires time.Time // zero: never
	Admin   AdminID   // for whom; empty: the actor itself. Only who may write administrators can make others a token
}

// CreateToken makes a token that may do what its maker may, or less, and what its bearer's role allows, and returns it: this once.
func (s *Service) CreateToken(ctx context.Context, actor Actor, in NewToken) (Token, secret.Text, error) {
	bearer, err := s.bearerOf(ctx, actor, in.Admin)
	if err != nil {
		return Token{}, secret.Text{}, err
	}
	var p problems
	name := p.text("name", in.Name, 80)
	p.scopes(actor, bearer, in.Scopes)
	if !in.Expires.IsZero() && !s.now().Before(in.Expires) {
		p.add("expires", "must be in the future")
	}
	if err := p.err("The token can't be created"); err != nil {
		return Token{}, secret.Text{}, err
	}
	t, token, err := s.newToken(bearer, name, in.Scopes, in.Expires)
	if err != nil {
		return Token{}, secret.Text{}, err
	}
	return t, token, s.store.Update(ctx, actor.Tenant(), func(tx Tx) error { return s.createToken(ctx, tx, actor, t) })
}

// bearerOf returns for whom a token is to be.
func (s *Service) bearerOf(ctx context.Context, actor Actor, id AdminID) (Admin, error) {
	if id != "" && id != actor.Admin {
		if !actor.May(ScopeAdminsWrite) {
			return Admin{}, fault.New(fault.Denied, "A token for another administrator needs the scope %s.", ScopeAdminsWrite)
		}
		bearer, err := s.store.Admin(ctx, actor.Tenant(), id)
		return bearer, unknownField(err, "adminId", "names no administrator of yours")
	}
	bearer, err := s.store.Admin(ctx, actor.Tenant(), actor.Admin)
	if fault.Is(err, fault.NotFound) { // who acts for a sub-partner isn't one of its administrators
		return Admin{}, fault.InvalidField("adminId", "is needed: the token would be the sub-partner's, and you aren't one of its administrators").WithCode(fault.CodeMissing)
	}
	return bearer, err
}

// scopes checks what a token is to carry.
func (p *problems) scopes(actor Actor, bearer Admin, scopes []Scope) {
	if len(scopes) == 0 {
		p.missing("scopes", "must name at least one scope")
	}
	for i, scope := range scopes {
		switch {
		case slices.Contains(scopes[:i], scope):
			p.add("scopes", "names %s twice", scope)
		case !slices.Contains(AllScopes(), scope):
			p.add("scopes", "%q is no scope", string(scope))
		case !actor.May(scope):
			p.add("scopes", "%s can't be given: your own token doesn't carry it", scope)
		case !bearer.Role.Allows(scope):
			p.add("scopes", "%s can't be given: the role %s doesn't allow it", scope, bearer.Role)
		}
	}
}

func (s *Service) newToken(bearer Admin, name string, scopes []Scope, expires time.Time) (Token, secret.Text, error) {
	token, err := s.newSecret(tokenPrefix)
	if err != nil {
		return Token{}, secret.Text{}, err
	}
	return Token{
		ID: TokenID(s.newID()), Hash: hashOf(token), Partner: bearer.Partner, Admin: bearer.ID, Email: bearer.Email,
		Name: name, Scopes: scopes, Created: s.now(), Expires: expires,
	}, token, nil
}

func (s *Service) createToken(ctx context.Context, tx Tx, actor Actor, t Token) error {
	if err := tx.CreateToken(ctx, t); err != nil {
		return err
	}
	return s.record(ctx, tx, actor, actor.Tenant(), EventTokenCreated, string(t.ID), map[string]any{"name": t.Name, "scopes": t.Scopes})
}

// Tokens lists the partner's tokens to who may read its administrators, and their own to everybody else.
func (s *Service) Tokens(ctx context.Context, actor Actor, page Page) ([]Token, bool, error) {
	return s.store.Tokens(ctx, actor.Partner, actor.ownOnly(ScopeAdminsRead), page)
}

// ownOnly is the actor itself where it sees only what is its own, and empty where the scope shows it all.
func (a Actor) ownOnly(scope Scope) AdminID {
	if a.Org == "" && a.May(scope) {
		return ""
	}
	return a.Admin
}

// RevokeToken ends a token at once, the actor's own too. An integration's token takes its grant along (RFC 7009 section 2.1): the integration would
// get another one otherwise.
func (s *Service) RevokeToken(ctx context.Context, actor Actor, id TokenID) error {
	return s.store.Update(ctx, actor.Tenant(), func(tx Tx) error {
		t, err := tx.Token(ctx, actor.Partner, id)
		if err != nil {
			return err
		}
		if own := actor.ownOnly(ScopeAdminsWrite); own != "" && t.Admin != own {
			return fault.New(fault.NotFound, "There is no such token.")
		}
		if t.Grant != "" {
			err = tx.DeleteGrant(ctx, actor.Partner, t.Grant)
		} else {
			err = tx.DeleteToken(ctx, actor.Partner, id)
		}
		if err != nil {
			return err
		}
		facts := map[string]any{"name": t.Name}
		if t.Grant != "" {
			facts["grant"] = t.Grant
		}
		return s.record(ctx, tx, actor, actor.Tenant(), EventTokenRevoked, string(id), facts)
	})
}
