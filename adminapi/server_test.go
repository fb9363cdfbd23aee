package adminapi_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"dialtone/adminapi"
	"dialtone/customer"
	"dialtone/fault"
	"dialtone/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// slowCustomers answers a list when it is let, and says when it was asked.
type slowCustomers struct {
	customersCore
	asked, let chan struct{}
}

func (c slowCustomers) Templates(context.Context, customer.Actor, customer.Page) ([]customer.Template, bool, error) {
	close(c.asked)
	<-c.let
	return nil, false, nil
}

func TestTheServerFinishesWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	asked, let := make(chan struct{}), make(chan struct{})
	var config adminapi.Config
	o := newEmptyOffice(t, func(c *adminapi.Config) {
		c.Customers = slowCustomers{c.Customers, asked, let}
		config = *c
	})
	server, err := adminapi.New(config)
	require.NoError(t, err)
	address, err := server.Listen(t.Context(), "127.0.0.1:0")
	require.NoError(t, err)
	assert.NotZero(t, address.Port())
	_, err = server.Listen(t.Context(), address.String())
	require.Error(t, err, "the port is taken")

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended, answered := make(chan error, 1), make(chan reply, 1)
	go func() { ended <- server.Run(ctx) }()
	go func() { answered <- o.get("http://"+address.String()+"/hub/v1/templates", o.token) }()
	<-asked
	stop()
	select {
	case err := <-ended:
		t.Errorf("the server left a request behind: %v", err)
	default:
	}
	close(let)
	got := <-answered
	assert.Equal(t, 200, got.status)
	assert.JSONEq(t, `{"items":[]}`, got.body)
	require.NoError(t, <-ended)
	_, err = server.Listen(t.Context(), address.String())
	require.NoError(t, err, "the port is free again")
	done, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, server.Run(done), "a server that ends before it begins closes its listener too")
}

// get asks over a connection of its own; status 0 when nobody answers.
func (o *office) get(url, token string) reply {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return reply{}
	}
	r.Close = true
	r.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return reply{body: err.Error()}
	}
	body, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return reply{body: err.Error()}
	}
	return reply{response.StatusCode, response.Header, string(body)}
}

// refusingCustomers gives every list of templates one error, and every token another.
type refusingCustomers struct {
	customersCore
	list, token error
}

func (c refusingCustomers) Templates(context.Context, customer.Actor, customer.Page) ([]customer.Template, bool, error) {
	return nil, false, c.list
}

func (c refusingCustomers) Authenticate(context.Context, secret.Text) (customer.Actor, error) {
	return customer.Actor{Scopes: []customer.Scope{"dialtone:templates_read"}}, c.token
}

// TestEveryKindOfFailureHasItsAnswer holds the whole body of each, as clients parse it.
func TestEveryKindOfFailureHasItsAnswer(t *testing.T) {
	t.Parallel()
	limited := fault.New(fault.Limited, "Slower.")
	limited.RetryAfter = 1500 * time.Millisecond
	conflict := fault.InvalidField("name", "is taken").WithCode(10022)
	conflict.Kind = fault.Conflict
	const ours = "Something went wrong on our side. Try again; if it stays, give your administrator the tracking id."
	for name, c := range map[string]struct {
		err        error
		status     int
		retryAfter string
		body       string
	}{
		"invalid":     {fault.InvalidField("max", "is odd"), 400, "", `{"message":"max: is odd","errors":[{"errorCode":90000,"description":"is odd","fieldName":"max"}],"trackingId":"T1"}`},
		"not found":   {fault.New(fault.NotFound, "Gone."), 404, "", `{"message":"Gone.","errors":[{"description":"Gone."}],"trackingId":"T1"}`},
		"denied":      {fault.New(fault.Denied, "No."), 403, "", `{"message":"No.","errors":[{"description":"No."}],"trackingId":"T1"}`},
		"conflict":    {conflict, 409, "", `{"message":"name: is taken","errors":[{"errorCode":10022,"description":"is taken","fieldName":"name"}],"trackingId":"T1"}`},
		"limited":     {limited, 429, "2", `{"message":"Slower.","errors":[{"description":"Slower."}],"trackingId":"T1"}`},
		"limited, no": {fault.New(fault.Limited, "Slower."), 429, "5", `{"message":"Slower.","errors":[{"description":"Slower."}],"trackingId":"T1"}`},
		"unavailable": {fault.Wrap(fault.Unavailable, errors.New("db.internal"), "Later."), 503, "5", `{"message":"Later.","errors":[{"description":"Later."}],"trackingId":"T1"}`},
		"internal":    {errors.New("db.internal"), 500, "", `{"message":"` + ours + `","errors":[{"description":"` + ours + `"}],"trackingId":"T1"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newEmptyOffice(t, func(config *adminapi.Config) { config.Customers = refusingCustomers{config.Customers, c.err, nil} })
			got := o.ask(t, "any", "GET", "/hub/v1/templates", "", "TrackingID", "T1")
			assert.Equal(t, c.status, got.status)
			assert.Equal(t, c.retryAfter, got.header.Get("Retry-After"))
			assert.Equal(t, "application/json", got.header.Get("Content-Type"))
			assert.JSONEq(t, c.body, got.body)
			if c.status >= 500 {
				assert.Contains(t, o.log.String(), "db.internal", "the cause goes to the log")
			}
		})
	}
}

// TestATokenThatCantBeCheckedIsntWrong: a client that is told 401 throws its token away.
func TestATokenThatCantBeCheckedIsntWrong(t *testing.T) {
	t.Parallel()
	o := newEmptyOffice(t, func(c *adminapi.Config) {
		c.Customers = refusingCustomers{c.Customers, nil, fault.New(fault.Unavailable, "The database doesn't answer.")}
	})
	got := o.ask(t, "any", "GET", "/hub/v1/templates", "", "TrackingID", "T1")
	assert.Equal(t, 503, got.status)
	assert.Equal(t, "5", got.header.Get("Retry-After"))
	assert.Empty(t, got.header.Get("WWW-Authenticate"))
	assert.JSONEq(t, `{"message":"The database doesn't answer.","errors":[{"description":"The database doesn't answer."}],"trackingId":"T1"}`, got.body)
}

func TestReadyzAsksTheDatabase(t *testing.T) {
	t.Parallel()
	o := newEmptyOffice(t, nil)
	require.NoError(t, o.db.Close())
	got := o.ask(t, "", "GET", "/readyz", "", "TrackingID", "T1")
	assert.Equal(t, 503, got.status)
	assert.JSONEq(t, `{"message":"The database doesn't answer.","errors":[{"description":"The database doesn't answer."}],"trackingId":"T1"}`, got.body)
	assert.Equal(t, 200, o.ask(t, "", "GET", "/healthz", "").status, "the process lives")
}
