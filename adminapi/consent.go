package adminapi

import (
	"bytes"
	"context"
	"html/template"
	"net/http"
	"net/url"

	"github.com/danielgtaylor/huma/v2"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/secret"
)

// consentPath is what the links in mails name. The token is in the query, which isn't logged.
const consentPath = "/hub/v1/consents"

// consentPage is what a person sees who opened a link. It needs no script and no other file.
func consentPage() *template.Template {
	return template.Must(template.New("consent").Parse(`<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer"><title>{{.Title}}</title></head>
<body>
<main>
<h1>{{.Title}}</h1>
<p>{{.Text}}</p>
{{if .Asks}}<form method="post"><button name="decision" value="accept">Yes, I agree</button> <button name="decision" value="decline">No</button></form>{{end}}
</main>
</body>
</html>
`))
}

// consentText is what the page says.
type consentText struct {
	Title, Text string
	Asks        bool
}

func textOf(c customer.Consent) consentText {
	if c.Kind == customer.ConsentMove {
		return consentText{"Move your account?", c.Brand + " would like to move the account " + c.Email + " to " + c.Customer +
			". You keep your name and e-mail address; phone and extension come from " + c.Customer + ".", true}
	}
	return consentText{"Let " + c.Brand + " serve " + c.Customer + "?", c.Brand + " would like to provide services to " + c.Customer +
		" and administer it. Name, sign-in and what you use today stay as they are.", true}
}

type consentInput struct {
	Token string `query:"token" doc:"From the link in the mail"`
}

type consentDecision struct {
	Token   string `query:"token" doc:"From the link in the mail"`
	RawBody []byte `contentType:"application/x-www-form-urlencoded"`
}

// pageOutput is a page for a person.
type pageOutput struct {
	Status      int
	ContentType string `header:"Content-Type"`
	Policy      string `header:"Content-Security-Policy"`
	Caching     string `header:"Cache-Control"`
	Referrer    string `header:"Referrer-Policy"`
	Body        []byte
}

// page writes a page, or what went wrong as one: a person reads it.
func (s *Server) page(ctx context.Context, text consentText, err error) (*pageOutput, error) {
	status := http.StatusOK
	if err != nil {
		status = statusOf(fault.KindOf(err))
		text = consentText{Title: "This can't be done", Text: fault.Message(err)}
		if status >= http.StatusInternalServerError {
			s.Logger.ErrorContext(ctx, "a request failed", "tracking_id", trackingID(ctx), "status", status, "error", err)
		}
	}
	var b bytes.Buffer
	if err := consentPage().Execute(&b, text); err != nil {
		return nil, err
	}
	return &pageOutput{
		Status: status, ContentType: "text/html; charset=utf-8", Policy: "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
		Caching: "no-store", Referrer: "no-referrer", Body: b.Bytes(),
	}, nil
}

func (s *Server) consentRoutes() {
	route(s, operation{"sendConsentMove", http.MethodPost, "/v1/subscribers/{subscriberId}/emails/consentMove", "Send the mail again that asks a person to move the account", http.StatusNoContent, customer.ScopeSubscribersWrite},
		func(ctx context.Context, in *struct {
			ID string `path:"subscriberId"`
		}) (*struct{}, error) {
			id, err := pathID[customer.SubscriberID]("subscriber", in.ID)
			if err != nil {
				return nil, err
			}
			return nil, s.Customers.SendConsentMove(ctx, actorOf(ctx), id)
		})
	route(s, operation{"askConsent", http.MethodGet, consentPath, "The page behind the link of a consent mail; needs no token but the link's", 0, public},
		func(ctx context.Context, in *consentInput) (*pageOutput, error) {
			c, err := s.Customers.Consent(ctx, secret.New(in.Token))
			return s.page(ctx, textOf(c), err)
		})
	route(s, operation{"decideConsent", http.MethodPost, consentPath, "The answer to a consent mail: decision is accept or decline", 0, public}, s.decide)
	path := s.api.OpenAPI().Paths[consentPath]
	for _, o := range []*huma.Operation{path.Get, path.Post} {
		for _, response := range o.Responses { // errors are pages, too
			response.Content = map[string]*huma.MediaType{"text/html": {Schema: &huma.Schema{Type: huma.TypeString}}}
		}
	}
}

func (s *Server) decide(ctx context.Context, in *consentDecision) (*pageOutput, error) {
	form, err := url.ParseQuery(string(in.RawBody))
	decision := form.Get("decision")
	if err != nil || decision != "accept" && decision != "decline" {
		return s.page(ctx, consentText{}, fault.New(fault.Invalid, "The answer must be yes or no. Go back and choose one."))
	}
	err = s.Customers.Decide(ctx, secret.New(in.Token), decision == "accept")
	done := consentText{Title: "Thank you", Text: "It is done. You can close this page."}
	if decision == "decline" {
		done.Text = "Nothing changes. You can close this page."
	}
	return s.page(ctx, done, err)
}
