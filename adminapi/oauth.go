package adminapi

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/secret"
)

// OAuth is what the door asks about integrations and what administrators grant to them; customer.Service is one.
type OAuth interface {
	CreateIntegration(ctx context.Context, actor customer.Actor, in customer.NewIntegration) (customer.Integration, secret.Text, error)
	Integration(ctx context.Context, actor customer.Actor, id customer.IntegrationID) (customer.Integration, error)
	Integrations(ctx context.Context, actor customer.Actor, page customer.Page) ([]customer.Integration, bool, error)
	DeleteIntegration(ctx context.Context, actor customer.Actor, id customer.IntegrationID) error
	Authorise(ctx context.Context, actor customer.Actor, id customer.IntegrationID, in customer.NewGrant) (customer.Grant, secret.Text, error)
	AuthenticateIntegration(ctx context.Context, id customer.IntegrationID, key secret.Text) (customer.Integration, error)
	ExchangeCode(ctx context.Context, i customer.Integration, in customer.CodeExchange) (customer.Issued, error)
	RenewAccess(ctx context.Context, i customer.Integration, token secret.Text, scopes []customer.Scope) (customer.Issued, error)
}

// The refusals that this door finds itself (RFC 6749 section 5.2). The last two are of its section 4.1.2.1, which has a word for what goes wrong on
// our side.
const (
	invalidRequest       customer.Refusal = "invalid_request"
	unsupportedGrantType customer.Refusal = "unsupported_grant_type"
	serverError          customer.Refusal = "server_error"
	temporarilyAway      customer.Refusal = "temporarily_unavailable"
)

const formType = "application/x-www-form-urlencoded"

// maxForm bounds the body: the longest of what a client needs to send is all the scopes there are, some 2,000 characters.
const maxForm = 16 << 10

// accessTokenForm is what a client sends, in the names of RFC 6749 and RFC 7636. What comes without a value is absent.
type accessTokenForm struct {
	GrantType    string `json:"grant_type" doc:"authorization_code or refresh_token"`
	ClientID     string `json:"client_id" doc:"Here, or as the user name of HTTP Basic"`
	ClientSecret string `json:"client_secret" doc:"Here, or as the password of HTTP Basic"`
	Code         string `json:"code" doc:"With authorization_code"`
	RedirectURI  string `json:"redirect_uri" doc:"With authorization_code: that of the code"`
	CodeVerifier string `json:"code_verifier" doc:"With authorization_code: of PKCE"`
	RefreshToken string `json:"refresh_token" doc:"With refresh_token"`
	Scope        string `json:"scope" doc:"With refresh_token: fewer than were granted, with blanks between them"`
}

// accessTokenWire is the answer.
type accessTokenWire struct {
	AccessToken      string `json:"access_token"`
	TokenType        string `json:"token_type"`
	ExpiresIn        int64  `json:"expires_in" doc:"Seconds"`
	RefreshToken     string `json:"refresh_token" doc:"The same at each refresh"`
	RefreshExpiresIn int64  `json:"refresh_token_expires_in" doc:"Seconds; each refresh begins them anew"`
	Scope            string `json:"scope"`
}

// oauthError is the body of every answer that isn't a success: as OAuth has it, and as all our other errors have it.
type oauthError struct {
	Reason      string `json:"error" example:"invalid_grant"`
	Description string `json:"error_description"`
	Message     string `json:"message" doc:"The same as error_description"`
	TrackingID  string `json:"trackingId" doc:"Names this request in our log"`
}

// oauthRoutes adds the token endpoint. It isn't made as the other routes are: it takes a form, no bearer token, and its errors have words of their own.
func (s *Server) oauthRoutes() {
	schemas := s.api.OpenAPI().Components.Schemas
	body := func(kind, name string, v any) map[string]*huma.MediaType {
		return map[string]*huma.MediaType{kind: {Schema: schemas.Schema(reflect.TypeOf(v), true, name)}}
	}
	responses := map[string]*huma.Response{
		"200": {Description: "The tokens", Content: body("application/json", "AccessToken", accessTokenWire{})},
	}
	for _, status := range []int{400, 401, 413, 415, 429, 500, 503} {
		responses[strconv.Itoa(status)] = &huma.Response{Description: http.StatusText(status), Content: body("application/json", "OAuthError", oauthError{})}
	}
	op := &huma.Operation{
		OperationID: "createAccessToken", Method: http.MethodPost, Path: "/v1/access_token",
		Summary:     "Exchange an integration's code or refresh token for an access token (RFC 6749)",
		RequestBody: &huma.RequestBody{Required: true, Content: body(formType, "AccessTokenForm", accessTokenForm{})}, Responses: responses,
	}
	s.api.OpenAPI().AddOperation(op)
	s.api.Adapter().Handle(op, s.accessToken)
}

func (s *Server) accessToken(c huma.Context) {
	c.SetHeader("Cache-Control", "no-store") // RFC 6749 section 5.1 wants both
	c.SetHeader("Pragma", "no-cache")
	issued, err := s.issue(c)
	if err != nil {
		s.refuseToken(c, err)
		return
	}
	s.writeJSON(c, http.StatusOK, accessTokenWire{
		AccessToken: issued.Access.Reveal(), TokenType: "Bearer", ExpiresIn: seconds(customer.AccessLife), RefreshToken: issued.Refresh.Reveal(),
		RefreshExpiresIn: seconds(customer.RefreshLife), Scope: strings.Join(wireScopes(issued.Scopes), " "),
	})
}

func seconds(d time.Duration) int64 { return int64(d / time.Second) }

func (s *Server) writeJSON(c huma.Context, status int, body any) {
	c.SetHeader("Content-Type", "application/json")
	c.SetStatus(status)
	_ = s.api.Marshal(c.BodyWriter(), "application/json", body) // the client is gone, or it has it
}

// issue reads the request, makes sure who asks, and asks the core.
func (s *Server) issue(c huma.Context) (customer.Issued, error) {
	form, err := readForm(c)
	if err != nil {
		return customer.Issued{}, err
	}
	client, err := form.client(c.Header("Authorization"))
	if err != nil {
		return customer.Issued{}, err
	}
	i, err := s.authenticate(c.Context(), client, c.RemoteAddr())
	if err != nil {
		return customer.Issued{}, err
	}
	switch form.GrantType {
	case "authorization_code":
		if form.Code == "" {
			return customer.Issued{}, badRequest("code is needed with this grant_type.")
		}
		in := customer.CodeExchange{Code: secret.New(form.Code), RedirectURI: form.RedirectURI, Verifier: secret.New(form.CodeVerifier)}
		return s.Customers.ExchangeCode(c.Context(), i, in)
	case "refresh_token":
		if form.RefreshToken == "" {
			return customer.Issued{}, badRequest("refresh_token is needed with this grant_type.")
		}
		return s.Customers.RenewAccess(c.Context(), i, secret.New(form.RefreshToken), customer.ParseScopes(form.Scope))
	case "":
		return customer.Issued{}, badRequest("grant_type is needed: authorization_code or refresh_token.")
	default:
		return customer.Issued{}, fault.Wrap(fault.Invalid, unsupportedGrantType, "grant_type must be authorization_code or refresh_token.")
	}
}

func badRequest(message string) error {
	return fault.Wrap(fault.Invalid, invalidRequest, "%s", message)
}

// readForm reads the body.
func readForm(c huma.Context) (accessTokenForm, error) {
	if c.Header("Content-Type") != formType {
		return accessTokenForm{}, tokenError(c, http.StatusUnsupportedMediaType, "The body must be a form: application/x-www-form-urlencoded.")
	}
	body, err := io.ReadAll(io.LimitReader(c.BodyReader(), maxForm+1))
	if err != nil {
		return accessTokenForm{}, badRequest("The body ended before it was whole.")
	}
	if len(body) > maxForm {
		return accessTokenForm{}, tokenError(c, http.StatusRequestEntityTooLarge, "The body is larger than 16 KiB.")
	}
	return parseForm(string(body))
}

func tokenError(c huma.Context, status int, message string) error {
	return &apiError{status: status, Message: message, TrackingID: trackingID(c.Context())}
}

// parseForm reads the fields that we know, each once at most (RFC 6749 section 3.2); the others are passed over.
func parseForm(body string) (accessTokenForm, error) {
	values, err := url.ParseQuery(body)
	if err != nil {
		return accessTokenForm{}, badRequest("The body can't be read as a form.")
	}
	var f accessTokenForm
	for name, into := range map[string]*string{
		"grant_type": &f.GrantType, "client_id": &f.ClientID, "client_secret": &f.ClientSecret, "code": &f.Code, "redirect_uri": &f.RedirectURI,
		"code_verifier": &f.CodeVerifier, "refresh_token": &f.RefreshToken, "scope": &f.Scope,
	} {
		if len(values[name]) > 1 {
			return accessTokenForm{}, badRequest(name + " is there more than once.")
		}
		*into = values.Get(name)
	}
	return f, nil
}

// credentials are what a client shows of itself.
type credentials struct{ id, key string }

// client finds the client's id and secret: in the body or in the header, and not in both (RFC 6749 section 2.3).
func (f accessTokenForm) client(authorization string) (credentials, error) {
	kind, encoded, _ := strings.Cut(strings.TrimSpace(authorization), " ")
	if !strings.EqualFold(kind, "Basic") {
		if f.ClientID == "" || f.ClientSecret == "" {
			return credentials{}, fault.Wrap(fault.Denied, customer.InvalidClient, "client_id and client_secret are needed, in the body or as HTTP Basic.")
		}
		return credentials{f.ClientID, f.ClientSecret}, nil
	}
	shown, ok := basic(encoded)
	switch {
	case !ok:
		return credentials{}, fault.Wrap(fault.Denied, customer.InvalidClient, "The HTTP Basic header can't be read.")
	case f.ClientSecret != "" || f.ClientID != "" && f.ClientID != shown.id:
		return credentials{}, badRequest("Show client_id and client_secret in the body or as HTTP Basic, not both.")
	}
	return shown, nil
}

// basic reads HTTP Basic as OAuth has it: both parts are form-encoded before they are put together (RFC 6749 section 2.3.1).
func basic(encoded string) (credentials, bool) {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if err != nil {
		return credentials{}, false
	}
	id, key, ok := strings.Cut(string(raw), ":")
	id, idErr := url.QueryUnescape(id)
	key, keyErr := url.QueryUnescape(key)
	return credentials{id, key}, ok && idErr == nil && keyErr == nil
}

// authenticate makes sure which integration asks. Who fails too often has to wait.
func (s *Server) authenticate(ctx context.Context, shown credentials, peer string) (customer.Integration, error) {
	id, known := decodeID(shown.id)
	host, _, err := net.SplitHostPort(peer)
	if err != nil {
		host = peer
	}
	pair := host + " " + id // without an id for all that can't be one: a stranger has many of those
	if wait := s.failures.Wait(pair); wait > 0 {
		e := fault.New(fault.Limited, "The client secret was wrong too often. Wait, and check it.")
		e.RetryAfter = wait
		return customer.Integration{}, e
	}
	if !known {
		s.failures.Count(pair)
		return customer.Integration{}, fault.Wrap(fault.Denied, customer.InvalidClient, "The client_id is none of ours.")
	}
	i, err := s.Customers.AuthenticateIntegration(ctx, customer.IntegrationID(id), secret.New(shown.key))
	if errors.Is(err, customer.InvalidClient) {
		s.failures.Count(pair)
	}
	return i, err
}

// refuseToken answers in the words of RFC 6749 section 5.2.
func (s *Server) refuseToken(c huma.Context, err error) {
	e, ok := errors.AsType[*apiError](s.failed(c.Context(), err))
	if !ok { // failed returns nothing else
		return
	}
	reason, ok := errors.AsType[customer.Refusal](err)
	switch {
	case ok && reason == customer.InvalidClient:
		e.status = http.StatusUnauthorized
	case ok:
	case e.status == http.StatusServiceUnavailable || e.status == http.StatusTooManyRequests:
		reason = temporarilyAway
	case e.status >= http.StatusInternalServerError:
		reason = serverError
	default:
		reason = invalidRequest
	}
	for name, values := range e.GetHeaders() {
		c.SetHeader(name, values[0])
	}
	if e.status == http.StatusUnauthorized {
		c.SetHeader("WWW-Authenticate", `Basic realm="dialtone"`)
	}
	s.writeJSON(c, e.status, oauthError{Reason: string(reason), Description: e.Message, Message: e.Message, TrackingID: e.TrackingID})
}
