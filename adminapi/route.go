package adminapi

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/secret"
)

type actorKey struct{}

// actorOf returns who asks. Routes run only after authorise has put it there.
func actorOf(ctx context.Context) customer.Actor {
	actor, _ := ctx.Value(actorKey{}).(customer.Actor)
	return actor
}

// operation describes one route.
type operation struct {
	id, method, path, summary string
	status                    int // of success; 0: 200
	scope                     customer.Scope
}

// public is the scope of a route that asks for no token.
const public customer.Scope = ""

// errorStatuses are what any route may answer besides success.
func errorStatuses() []int { return []int{400, 401, 403, 404, 405, 409, 413, 415, 429, 500, 503} }

// route adds a route: token, scope, then the handler, whose errors become answers in one way.
func route[I, O any](s *Server, o operation, handle func(context.Context, *I) (*O, error)) {
	routeWith(s, o, func(*huma.Operation) {}, handle)
}

// routeWith is route for what the library can't read from the types: describe adds it to the document.
func routeWith[I, O any](s *Server, o operation, describe func(*huma.Operation), handle func(context.Context, *I) (*O, error)) {
	described := huma.Operation{
		OperationID: o.id, Method: o.method, Path: o.path, Summary: o.summary, DefaultStatus: o.status, Errors: errorStatuses(), MaxBodyBytes: maxBody,
	}
	if o.scope != public {
		described.Security = []map[string][]string{{"token": {string(o.scope)}}}
		described.Middlewares = huma.Middlewares{s.authorise(o.scope)}
		described.Parameters = []*huma.Param{onBehalfParameter()}
	}
	describe(&described)
	huma.Register(s.api, described, func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, in)
		if err != nil {
			return nil, s.failed(ctx, err)
		}
		return out, nil
	})
}

// onBehalf names the sub-partner that a partner acts for.
const onBehalf = "onBehalfOfSubPartnerOrgId"

// onBehalfParameter documents it: every route takes it.
func onBehalfParameter() *huma.Param {
	return &huma.Param{Name: onBehalf, In: "query", Description: "Organisation of the sub-partner that you act for", Schema: &huma.Schema{Type: huma.TypeString}}
}

// authorise lets in who shows a token with the scope.
func (s *Server) authorise(scope customer.Scope) func(huma.Context, func(huma.Context)) {
	return func(c huma.Context, next func(huma.Context)) {
		ctx := c.Context()
		kind, token, _ := strings.Cut(strings.TrimSpace(c.Header("Authorization")), " ")
		if !strings.EqualFold(kind, "Bearer") || token == "" {
			s.refuse(c, http.StatusUnauthorized, "An access token is needed: send \"Authorization: Bearer TOKEN\".")
			return
		}
		actor, err := s.Customers.Authenticate(ctx, secret.New(strings.TrimSpace(token)))
		if err == nil && actor.May(scope) {
			actor, err = s.behalf(ctx, actor, c.Query(onBehalf))
			if err != nil {
				s.write(c, s.failed(ctx, err))
				return
			}
		}
		switch {
		case fault.Is(err, fault.Denied):
			s.refuse(c, http.StatusUnauthorized, fault.Message(err))
		case err != nil:
			s.write(c, s.failed(ctx, err))
		case !actor.May(scope):
			s.refuse(c, http.StatusForbidden, "The access token doesn't carry the scope "+string(scope)+", or your role doesn't allow it.")
		case actor.MayOnlyDelete() && c.Method() != http.MethodGet && c.Method() != http.MethodDelete:
			s.refuse(c, http.StatusForbidden, "The sub-partner is suspended: it may look, and delete, and nothing else.")
		default:
			next(huma.WithValue(c, actorKey{}, actor))
		}
	}
}

// behalf returns the actor as it acts for the sub-partner that a request names, if it names one.
func (s *Server) behalf(ctx context.Context, actor customer.Actor, subPartner string) (customer.Actor, error) {
	if subPartner == "" {
		return actor, nil
	}
	id, err := pathID[customer.OrgID]("sub-partner", subPartner)
	if err != nil {
		return actor, err
	}
	return s.Customers.OnBehalf(ctx, actor, id)
}

func (s *Server) refuse(c huma.Context, status int, message string) {
	s.write(c, refusal(c.Context(), status, message))
}

// refusal is an error that has nothing to do with a rule of ours.
func refusal(ctx context.Context, status int, message string) *apiError {
	return &apiError{status: status, Message: message, Errors: []errorItem{{Description: message}}, TrackingID: trackingID(ctx)}
}

// write writes an error before a route runs.
func (s *Server) write(c huma.Context, err error) {
	e, ok := err.(*apiError) //nolint:errorlint // failed returns nothing else
	if !ok {
		return
	}
	for name, values := range e.GetHeaders() {
		c.SetHeader(name, values[0])
	}
	c.SetHeader("Content-Type", "application/json")
	c.SetStatus(e.status)
	_ = s.api.Marshal(c.BodyWriter(), "application/json", e) // the client is gone, or it has it
}
