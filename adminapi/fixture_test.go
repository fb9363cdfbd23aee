package adminapi_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/adminapi"
	"dialtone/billing"
	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/fleet"
	"dialtone/imports"
	"dialtone/nodes"
	"dialtone/people"
	"dialtone/provisioning"
	"dialtone/secret"
	"dialtone/store"
	"dialtone/store/storetest"
	"dialtone/upstream"
	"dialtone/webhook"
)

// What the product wires into this door.
var (
	_ adminapi.Customers = (*customer.Service)(nil)
	_ adminapi.Devices   = (*provisioning.Service)(nil)
	_ adminapi.People    = (*people.Service)(nil)
	_ adminapi.Fleet     = (*fleet.Service)(nil)
	_ adminapi.Imports   = (*imports.Service)(nil)
	_ adminapi.Billing   = (*billing.Service)(nil)
	_ adminapi.Desk      = (*billing.Desk)(nil)
	_ adminapi.Webhooks  = (*webhook.Service)(nil)
)

const sipPassword = "Own-Password-1"

// office is the door in front of the real core on a database of its own, with two partners. The first has a customer with a person and a phone.
type office struct {
	door          http.Handler
	db            *store.Store
	promises      storetest.Promises
	mails         outbox
	webhooks      *webhook.Service
	endpoint      endpoint // of every webhook
	uncounted     error    // what becomes of reports; nil: they are completed
	log           *lockedBuffer
	loadList      func(csv string) error
	core          *provisioning.Service
	ring          *secret.Keyring
	token, others string // of the two partners' administrators
	partner       customer.OrgID
	admin         customer.AdminID
	passed        atomic.Int64 // nanoseconds that the clock was moved on

	template, provisioningID                    string
	customer, org, location, subscriber, person string
	device                                      string
}

func newOffice(t testing.TB) *office {
	t.Helper()
	o := newEmptyOffice(t, nil)
	o.fill(t)
	return o
}

// newEmptyOffice has the two partners alone; change may put something else behind the door.
func newEmptyOffice(t testing.TB, change func(*adminapi.Config)) *office {
	t.Helper()
	o := &office{log: &lockedBuffer{}}
	logger := slog.New(slog.NewTextHandler(o.log, nil))
	var err error
	o.db, err = store.Open(t.Context(), store.Config{URL: filepath.Join(t.TempDir(), "office.db")})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, o.db.Close()) })
	now := func() time.Time {
		return time.Date(2026, 5, 1, 8, 0, 0, 123456789, time.UTC).Add(time.Duration(o.passed.Load()))
	}
	key, err := secret.NewMasterKey(rand.Reader)
	require.NoError(t, err)
	ring, err := secret.ParseKeyring(key, rand.Reader)
	require.NoError(t, err)
	o.ring = ring
	customers := customer.NewService(customer.Config{
		Store: o.promises.Customers(o.db.Customers()), Now: now, Random: rand.Reader, NewID: newID, SIPDomain: "sip.example.test", Keyring: ring,
		Mailer: &o.mails, HubURL: "https://hub.example.test/",
	})
	devices, err := provisioning.New(provisioning.Config{
		Store: o.promises.Provisioning(o.db.Provisioning()), Customers: customers, Keyring: ring, Now: now, Random: rand.Reader, NewID: newID, Logger: logger,
		Certificates: NoCertificateCounts{},
	})
	require.NoError(t, err)
	o.core = devices
	o.promises.Employ(customers.Workers()...)
	o.promises.Employ(devices.Workers()...)
	staff := people.NewService(people.Config{Store: o.promises.Provisioning(o.db.Provisioning()), Customers: customers, Core: devices, Now: now})
	o.promises.Employ(staff.Workers()...)
	many := fleet.NewService(fleet.Config{Store: o.promises.Fleet(o.db.Fleet()), Core: devices, Now: now, NewID: newID, Logger: logger})
	o.promises.Employ(many.Workers()...)
	files := imports.NewService(imports.Config{
		Store: o.promises.Imports(o.db.Imports()), People: staff, Now: now, NewID: newID, Logger: logger,
	})
	o.promises.Employ(files.Workers()...)
	o.loadList = func(csv string) error {
		_, err := customers.LoadList(context.Background(), strings.NewReader(csv))
		return err
	}
	o.uncounted = billing.Failure{{Code: 90099, Message: "It can't be counted."}}
	reports := billing.NewService(billing.Config{Store: o.promises.Billing(o.db.Billing()), Counter: (*officeCounter)(o), Now: now, NewID: newID, LinkKey: []byte("a key for tests alone")})
	o.promises.Employ(reports.Workers()...)
	devices.Announce(
		deviceprofiles.Service{HTTPBase: "http://phones.example.test:8081", HTTPSBase: "https://phones.example.test:8443", NTPServer: "ntp.example.test"},
		deviceprofiles.SIP{Transport: deviceprofiles.TLS, Expires: 3600},
	)
	o.webhooks = webhook.NewService(webhook.Config{
		Store: o.db.Webhooks(), Keyring: ring, Poster: &o.endpoint, Body: adminapi.ChangeJSON, Now: now, Random: rand.Reader, NewID: newID, Logger: logger,
	})
	actor, token, err := customers.Bootstrap(t.Context(), "Example Telecom", "admin@example.com")
	require.NoError(t, err)
	_, others, err := customers.Bootstrap(t.Context(), "Other Telecom", "admin@other.example")
	require.NoError(t, err)
	config := adminapi.Config{Customers: customers, Devices: devices, People: staff, Fleet: many, Imports: files, Billing: reports, Desk: billing.NewDesk(billing.DeskConfig{Store: o.db.Billing(), Now: now}), Webhooks: o.webhooks, Nodes: nodes.NewService(nodes.Config{Store: o.db.Nodes(), Now: now, Logger: logger}), Upstream: upstream.NewService(upstream.Config{Store: o.db.Upstreams(), Now: now, Random: func() float64 { return 0.5 }, Logger: logger}), EchoEncryption: customer.EchoOffered, Operator: string(actor.Partner), Ready: o.db.Provisioning().Ping, Now: now, NewID: uuid.NewString, Logger: logger}
	if change != nil {
		change(&config)
	}
	server, err := adminapi.New(config)
	require.NoError(t, err)
	o.door = server.Handler()
	o.token, o.others, o.partner, o.admin = token.Reveal(), others.Reveal(), actor.Partner, actor.Admin
	return o
}

// NoCertificateCounts is a house into which no maker's CA was loaded.
type NoCertificateCounts struct{}

// Identify implements provisioning.Certificates.
func (NoCertificateCounts) Identify([]*x509.Certificate, time.Time) (provisioning.CertifiedPhone, error) {
	return provisioning.CertifiedPhone{}, fault.New(fault.Denied, "No maker's CA signed the certificate.")
}

// officeCounter counts as its office is told.
type officeCounter office

// Count implements billing.Counter.
func (c *officeCounter) Count(context.Context, billing.Report) error { return c.uncounted }

const address = `{"addressLine1":"1 Main Street","city":"Springfield","stateOrProvince":"IL","zipOrPostalCode":"62701","country":"US"}`

func (o *office) newCustomer(externalID string) string {
	return fmt.Sprintf(`{"provisioningId":%q,"externalId":%q,"packages":["webex_calling"],"address":%s,
		"customerInfo":{"name":"Bakery","primaryEmail":"owner@%[2]s.example"},
		"provisioningParameters":{"calling":{"location":{"name":"Shop","timezone":"America/Chicago","language":"en_us","address":%[3]s}}}}`, o.provisioningID, externalID, address)
}

func (o *office) newPerson(name string, extension int) string {
	return fmt.Sprintf(`{"customerId":%q,"email":"%s@bakery.example","package":"webex_calling",
		"provisioningParameters":{"firstName":"Ada","lastName":"Baker","extension":"%d"}}`, o.customer, name, extension)
}

// fill creates one of everything over the door itself.
func (o *office) fill(t testing.TB) {
	t.Helper()
	o.fillAs(t, "bakery", "80:5e:c0:aa:bb:cc", "ada")
}

// fillAs is fill with another external id, MAC address and person.
func (o *office) fillAs(t testing.TB, externalID, mac, person string) {
	t.Helper()
	template := o.ok(t, 201, "POST", "/hub/v1/templates", `{"name":"Small","country":"US","language":"en_US","subscriptionId":"Sub-1"}`)
	o.template, o.provisioningID = text(template, "id"), text(template, "provisioningId")
	accepted := o.ok(t, 202, "POST", "/v1/wholesale/customers", o.newCustomer(externalID))
	o.customer = last(text(accepted, "url"))
	o.org = text(o.ok(t, 200, "GET", "/v1/wholesale/customers/"+o.customer, ""), "orgId")
	o.location = text(items(t, o.ok(t, 200, "GET", "/v1/locations?orgId="+o.org, ""))[0], "id")
	subscriber := o.ok(t, 200, "POST", "/v1/wholesale/subscribers", o.newPerson(person, 101))
	o.subscriber, o.person = text(subscriber, "id"), text(subscriber, "personId")
	device := o.ok(t, 200, "POST", "/v1/devices?orgId="+o.org, fmt.Sprintf(`{"mac":%q,"model":"Yealink T54W","personId":%q,"password":%q}`, mac, o.person, sipPassword))
	o.device = text(device, "id")
}

// outbox keeps the mails that were sent.
type outbox struct {
	mu   sync.Mutex
	sent []customer.Mail
	err  error // what sending answers
}

// Send implements customer.Mailer.
func (b *outbox) Send(_ context.Context, m customer.Mail) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		b.sent = append(b.sent, m)
	}
	return b.err
}

// take returns the mails that were sent since the last time.
func (b *outbox) take() []customer.Mail {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := b.sent
	b.sent = nil
	return out
}

// endpoint takes every message that a webhook sends.
type endpoint struct {
	mu     sync.Mutex
	got    []webhook.Message
	status int   // that it answers; 0: 204
	err    error // why it doesn't
}

// Post implements webhook.Poster.
func (e *endpoint) Post(_ context.Context, m webhook.Message) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.got = append(e.got, m)
	if e.status == 0 && e.err == nil {
		return http.StatusNoContent, nil
	}
	return e.status, e.err
}

// take returns the messages that came since the last time, and says how those to come are answered.
func (e *endpoint) take(status int, err error) []webhook.Message {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := e.got
	e.got, e.status, e.err = nil, status, err
	return out
}

// reply is an answer of the door.
type reply struct {
	status int
	header http.Header
	body   string
}

// ask sends a request with a token, and a body of JSON if there is one; headers are name, value, name, value.
func (o *office) ask(t testing.TB, token, method, target, body string, headers ...string) reply {
	t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r := httptest.NewRequestWithContext(t.Context(), method, target, reader)
	if body != "" {
		r.Header.Set("Content-Type", mediaTypeFor(target))
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	o.door.ServeHTTP(w, r)
	got := reply{w.Code, w.Header(), w.Body.String()}
	if _, bench := t.(*testing.B); !bench {
		held(t, r, got)
	}
	return got
}

// ok asks as the first partner and expects a status.
func (o *office) ok(t testing.TB, status int, method, target, body string) map[string]any {
	t.Helper()
	got := o.ask(t, o.token, method, target, body)
	require.Equal(t, status, got.status, "%s %s: %s", method, target, got.body)
	if got.body == "" {
		return nil
	}
	return object(t, got.body)
}

// withScopes makes a token of the first partner that may do so much.
func (o *office) withScopes(t testing.TB, scopes ...customer.Scope) string {
	t.Helper()
	token := "dtp_" + uuid.NewString()
	require.NoError(t, o.db.Customers().Update(t.Context(), customer.Tenant{Partner: o.partner}, func(tx customer.Tx) error {
		return tx.CreateToken(t.Context(), customer.Token{ID: customer.TokenID(newID()), Hash: sha256.Sum256([]byte(token)), Partner: o.partner, Admin: o.admin, Scopes: scopes, Created: time.Now()})
	}))
	return token
}

func object(t testing.TB, body string) map[string]any {
	t.Helper()
	var v map[string]any
	require.NoError(t, json.Unmarshal([]byte(body), &v), body)
	return v
}

func items(t testing.TB, list map[string]any) []map[string]any {
	t.Helper()
	raw, ok := list["items"].([]any)
	require.True(t, ok, "%v", list)
	out := make([]map[string]any, len(raw))
	for i, item := range raw {
		out[i], ok = item.(map[string]any)
		require.True(t, ok)
	}
	return out
}

func text(o map[string]any, name string) string {
	s, _ := o[name].(string)
	return s
}

func last(url string) string { return url[strings.LastIndexByte(url, '/')+1:] }

// lockedBuffer is a log that is read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// customersCore has a name that none of its methods has, so that it can be embedded.
type customersCore = adminapi.Customers

// brokenCustomers fails, or panics, whatever is asked after the token.
type brokenCustomers struct {
	customersCore
	panics bool
}

func (b brokenCustomers) Templates(context.Context, customer.Actor, customer.Page) ([]customer.Template, bool, error) {
	if b.panics {
		panic("password=hunter2")
	}
	return nil, false, errors.New("db.internal: no such table")
}

// newID makes ids that rise, as the product does: lists are in the order of creation though the clock stands still.
func newID() string { return uuid.Must(uuid.NewV7()).String() }
