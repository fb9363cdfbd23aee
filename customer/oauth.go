package customer

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"dialtone/fault"
	"dialtone/secret"
)

// GrantID names a grant.
type GrantID string

// Grant is what one administrator lets an integration do. It begins with a code, which the integration exchanges once for a refresh token (RFC 6749
// section 4.1), and ends with the integration, the administrator, the last use of its refresh token, or whoever revokes one of its tokens.
type Grant struct {
	ID             GrantID
	Partner        OrgID
	Integration    IntegrationID
	Admin          AdminID
	Scopes         []Scope
	RedirectURI    string // that the code was made for; "" for none
	Challenge      string // of PKCE, S256; "" for none
	Code           TokenHash
	CodeExpires    time.Time
	Refresh        TokenHash // zero until the code was exchanged
	RefreshExpires time.Time // zero until the code was exchanged
	Created        time.Time
	LastUsed       time.Time // when it last gave an access token; zero: never
}

// exchanged reports whether the code was used.
func (g Grant) exchanged() bool { return !g.RefreshExpires.IsZero() }

// How long each lives. The last two are what clients of the Webex APIs are used to; RFC 6749 section 4.1.2 wants a code to live ten minutes at most.
const (
	codeLife    = 5 * time.Minute
	AccessLife  = 14 * 24 * time.Hour
	RefreshLife = 90 * 24 * time.Hour // from its last use
)

// The bounds on what a grant fills. A client that refreshes before each request has 20 live tokens and no more; an administrator who authorises an
// integration again and again, from one machine after the other, has 20 grants. The oldest go.
const (
	maxAccessTokens = 20
	maxGrants       = 20
)

// Prefixes, as tokenPrefix.
const (
	codePrefix    = "dtc_"
	refreshPrefix = "dtr_"
)

// Refusal is why nothing was issued, in the words of RFC 6749 section 5.2. It is the cause of a fault.Invalid, of a fault.Denied for InvalidClient.
type Refusal string

// The refusals of this package.
const (
	InvalidClient Refusal = "invalid_client" // the integration isn't there, or the secret isn't its own
	InvalidGrant  Refusal = "invalid_grant"  // the code or the refresh token is unknown, used, expired, another one's, or made for something else
	InvalidScope  Refusal = "invalid_scope"  // more is asked for than was granted
)

// Error returns the word.
func (r Refusal) Error() string { return string(r) }

// refused makes the error; its message is ASCII without quotes and backslashes, which is what error_description can hold (RFC 6749 section 5.2).
func refused(why Refusal, message string) error {
	kind := fault.Invalid
	if why == InvalidClient {
		kind = fault.Denied
	}
	return fault.Wrap(kind, why, "%s", message)
}

func badCode() error {
	return refused(InvalidGrant, "The code is unknown, used or more than five minutes old, or it is of another integration. Let the administrator authorise the integration again.")
}

func badRefresh() error {
	return refused(InvalidGrant, "The refresh token is unknown or revoked, was not used for 90 days, or is of another integration. Let the administrator authorise the integration again.")
}

// NewGrant is the input of Authorise.
type NewGrant struct {
	Scopes          []Scope // at most the integration's; none: all of those that the actor may give
	RedirectURI     string  // one of the integration's; may be empty
	Challenge       string  // code_challenge of PKCE (RFC 7636); may be empty
	ChallengeMethod string  // S256 with a challenge
}

// Authorise lets an integration act for the actor, within the scopes, and returns the code that the integration exchanges: within five minutes, once.
// fault.Denied for who acts for a sub-partner.
func (s *Service) Authorise(ctx context.Context, actor Actor, id IntegrationID, in NewGrant) (Grant, secret.Text, error) {
	i, err := s.Integration(ctx, actor, id)
	if err != nil {
		return Grant{}, secret.Text{}, err
	}
	admin, err := s.self(ctx, actor, "An integration acts for the administrator who authorises it")
	if err != nil {
		return Grant{}, secret.Text{}, err
	}
	var p problems
	scopes := p.granted(actor, i, in.Scopes)
	p.redirect(i, in.RedirectURI)
	p.challenge(in.Challenge, in.ChallengeMethod)
	if err := p.err("The integration can't be authorised"); err != nil {
		return Grant{}, secret.Text{}, err
	}
	code, err := s.newSecret(codePrefix)
	if err != nil {
		return Grant{}, secret.Text{}, err
	}
	g := Grant{
		ID: GrantID(s.newID()), Partner: i.Partner, Integration: i.ID, Admin: admin.ID, Scopes: scopes, RedirectURI: in.RedirectURI, Challenge: in.Challenge,
		Code: hashOf(code), CodeExpires: s.now().Add(codeLife), Created: s.now(),
	}
	return g, code, s.store.Update(ctx, actor.Tenant(), func(tx Tx) error {
		if err := tx.TrimGrants(ctx, g.Partner, g.Integration, g.Admin, g.Created, maxGrants-1); err != nil {
			return err
		}
		if err := tx.CreateGrant(ctx, g); err != nil {
			return err
		}
		facts := map[string]any{"integration": i.ID, "name": i.Name, "scopes": g.Scopes}
		return s.record(ctx, tx, actor, actor.Tenant(), EventGrantCreated, string(g.ID), facts)
	})
}

// granted returns the scopes of a grant: those that were asked for, or all that the integration can have and the actor can give.
func (p *problems) granted(actor Actor, i Integration, asked []Scope) []Scope {
	if len(asked) == 0 {
		all := slices.DeleteFunc(slices.Clone(i.Scopes), func(scope Scope) bool { return !actor.May(scope) })
		if len(all) == 0 {
			p.add("scopes", "nothing is left: your own token carries none of the integration's scopes")
		}
		return all
	}
	for n, scope := range asked {
		switch {
		case slices.Contains(asked[:n], scope):
			p.reject("scopes", string(scope), "names a scope twice")
		case !slices.Contains(i.Scopes, scope):
			p.reject("scopes", string(scope), "must be among the integration's")
		case !actor.May(scope):
			p.add("scopes", "%s can't be given: your own token doesn't carry it", scope)
		}
	}
	return asked
}

func (p *problems) redirect(i Integration, uri string) {
	if uri != "" && !slices.Contains(i.RedirectURIs, uri) {
		p.reject("redirectUri", uri, "must be one of the integration's, letter by letter")
	}
}

// challenge checks PKCE: the plain method would show the verifier, and the SHA-256 of one has 43 characters.
func (p *problems) challenge(challenge, method string) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(challenge)
	switch {
	case challenge == "" && method == "":
	case challenge == "":
		p.missing("codeChallenge", "is needed with a codeChallengeMethod")
	case method != "S256":
		p.reject("codeChallengeMethod", method, "must be S256")
	case err != nil || len(raw) != sha256.Size || len(challenge) != base64.RawURLEncoding.EncodedLen(sha256.Size):
		p.add("codeChallenge", "must be the unpadded base64url of a SHA-256: 43 characters")
	}
}

// Issued is what an integration gets.
type Issued struct {
	Access  secret.Text // lives for AccessLife
	Refresh secret.Text // lives for RefreshLife; stays the same
	Scopes  []Scope     // of the access token
}

// CodeExchange is the input of ExchangeCode.
type CodeExchange struct {
	Code        secret.Text
	RedirectURI string
	Verifier    secret.Text // of PKCE
}

// ExchangeCode gives the refresh token and a first access token for a code: once. Whoever shows a code again ends what the first one got (RFC 6749
// section 4.1.2), as one of the two has stolen it. InvalidGrant when the code isn't good.
func (s *Service) ExchangeCode(ctx context.Context, i Integration, in CodeExchange) (Issued, error) {
	var out Issued
	var again error // the answer to a second exchange, whose transaction has to commit
	err := s.store.Update(ctx, Tenant{Partner: i.Partner}, func(tx Tx) error {
		out, again = Issued{}, nil
		g, err := tx.GrantByCode(ctx, i.Partner, i.ID, hashOf(in.Code))
		switch {
		case err != nil:
			return err
		case g.exchanged():
			again = badCode()
			return s.endGrant(ctx, tx, i, g)
		case !s.now().Before(g.CodeExpires):
			return badCode()
		}
		if err := i.fits(g, in); err != nil {
			return err
		}
		refresh, err := s.newSecret(refreshPrefix)
		if err != nil {
			return err
		}
		g.Refresh = hashOf(refresh)
		out, err = s.issue(ctx, tx, i, g, g.Scopes)
		out.Refresh = refresh
		return err
	})
	if fault.Is(err, fault.NotFound) { // also when the integration or the administrator went meanwhile
		return Issued{}, badCode()
	}
	if err != nil {
		return Issued{}, err
	}
	return out, again
}

// endGrant ends a grant whose code was shown twice.
func (s *Service) endGrant(ctx context.Context, tx Tx, i Integration, g Grant) error {
	if err := tx.DeleteGrant(ctx, g.Partner, g.ID); err != nil {
		return err
	}
	facts := map[string]any{"integration": i.ID, "name": i.Name, "reason": "its code was used twice"}
	return s.record(ctx, tx, Actor{Email: "system"}, Tenant{Partner: g.Partner}, EventGrantRevoked, string(g.ID), facts)
}

// fits checks that an exchange goes with how the code was asked for. A client may name its address though the code was made for none in particular; a
// verifier without a challenge would be somebody who took the challenge out (RFC 9700 section 4.8.2).
func (i Integration) fits(g Grant, in CodeExchange) error {
	if in.RedirectURI != g.RedirectURI && (g.RedirectURI != "" || !slices.Contains(i.RedirectURIs, in.RedirectURI)) {
		return refused(InvalidGrant, "redirect_uri must be the one that the code was made for, letter by letter.")
	}
	if g.Challenge == "" {
		if !in.Verifier.IsZero() {
			return refused(InvalidGrant, "There is a code_verifier, but the code was made without a code_challenge.")
		}
		return nil
	}
	sum := hashOf(in.Verifier)
	shown := base64.RawURLEncoding.EncodeToString(sum[:])
	if subtle.ConstantTimeCompare([]byte(shown), []byte(g.Challenge)) != 1 {
		return refused(InvalidGrant, "The code_verifier is missing, or it doesn't belong to the code_challenge.")
	}
	return nil
}

// RenewAccess gives another access token for a refresh token, which lives another 90 days from now on; with fewer scopes if some are named. InvalidGrant
// when the token isn't good, InvalidScope when more is asked for than was granted.
func (s *Service) RenewAccess(ctx context.Context, i Integration, token secret.Text, scopes []Scope) (Issued, error) {
	var out Issued
	err := s.store.Update(ctx, Tenant{Partner: i.Partner}, func(tx Tx) error {
		g, err := tx.GrantByRefresh(ctx, i.Partner, i.ID, hashOf(token))
		if err != nil {
			return err
		}
		if !s.now().Before(g.RefreshExpires) {
			return badRefresh()
		}
		narrowed, err := g.narrowed(scopes)
		if err != nil {
			return err
		}
		out, err = s.issue(ctx, tx, i, g, narrowed)
		out.Refresh = token
		return err
	})
	if fault.Is(err, fault.NotFound) {
		return Issued{}, badRefresh()
	}
	if err != nil {
		return Issued{}, err
	}
	return out, nil
}

// narrowed returns the scopes of an access token: those that were asked for, or all that were granted.
func (g Grant) narrowed(asked []Scope) ([]Scope, error) {
	if len(asked) == 0 {
		return g.Scopes, nil
	}
	var out []Scope
	for _, scope := range asked {
		if !slices.Contains(g.Scopes, scope) {
			return nil, refused(InvalidScope, "A scope is asked for that the administrator didn't grant.")
		}
		if !slices.Contains(out, scope) {
			out = append(out, scope)
		}
	}
	return out, nil
}

// issue makes an access token of a grant, which lives on.
func (s *Service) issue(ctx context.Context, tx Tx, i Integration, g Grant, scopes []Scope) (Issued, error) {
	now := s.now()
	if err := tx.TrimTokens(ctx, g.Partner, g.ID, now, maxAccessTokens-1); err != nil {
		return Issued{}, err
	}
	t, token, err := s.newToken(Admin{ID: g.Admin, Partner: g.Partner}, i.Name, scopes, now.Add(AccessLife))
	if err != nil {
		return Issued{}, err
	}
	t.Grant = g.ID
	if err := tx.CreateToken(ctx, t); err != nil {
		return Issued{}, err
	}
	g.RefreshExpires, g.LastUsed = now.Add(RefreshLife), now
	return Issued{Access: token, Scopes: scopes}, tx.SetGrant(ctx, g)
}

// ParseScopes reads a list of scopes as OAuth has it: with blanks between them (RFC 6749 section 3.3).
func ParseScopes(list string) []Scope {
	var out []Scope
	for name := range strings.SplitSeq(list, " ") {
		if name != "" {
			out = append(out, Scope(name))
		}
	}
	return out
}

// OAuthReader reads integrations and grants. As Reader, it sees the tenant's own alone.
type OAuthReader interface {
	Integration(ctx context.Context, partner OrgID, id IntegrationID) (Integration, error)
	// Integrations lists the partner's integrations; those of one administrator when admin isn't empty.
	Integrations(ctx context.Context, partner OrgID, admin AdminID, page Page) ([]Integration, bool, error)
	// GrantByCode finds the integration's grant whose code has the hash, exchanged or not.
	GrantByCode(ctx context.Context, partner OrgID, integration IntegrationID, code TokenHash) (Grant, error)
	// GrantByRefresh finds the integration's grant whose refresh token has the hash.
	GrantByRefresh(ctx context.Context, partner OrgID, integration IntegrationID, refresh TokenHash) (Grant, error)

	// AnyTenantIntegration finds an integration by its client id: it is how the tenant becomes known.
	AnyTenantIntegration(ctx context.Context, id IntegrationID) (Integration, error)
}

// OAuthTx writes integrations and grants.
type OAuthTx interface {
	CreateIntegration(ctx context.Context, i Integration) error
	// DeleteIntegration deletes an integration with its grants and their tokens.
	DeleteIntegration(ctx context.Context, partner OrgID, id IntegrationID) error
	CreateGrant(ctx context.Context, g Grant) error
	// SetGrant replaces the refresh token, its end and the last use of the grant with g.ID.
	SetGrant(ctx context.Context, g Grant) error
	// DeleteGrant deletes a grant with its tokens.
	DeleteGrant(ctx context.Context, partner OrgID, id GrantID) error
	// TrimGrants deletes those of an administrator's grants to an integration that are worth nothing any more, and leaves so many of the newest others.
	TrimGrants(ctx context.Context, partner OrgID, integration IntegrationID, admin AdminID, now time.Time, keep int) error
	// TrimTokens deletes the grant's access tokens that have expired, and leaves so many of the newest others.
	TrimTokens(ctx context.Context, partner OrgID, grant GrantID, now time.Time, keep int) error
}
