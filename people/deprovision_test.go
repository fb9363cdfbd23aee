package people_test

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/job"
	"dialtone/people"
	"dialtone/provisioning"
	"dialtone/screening"
	"dialtone/secret"
	"dialtone/store"
	"dialtone/store/storetest"
)

// denied is a customer on a real store whose review was denied, with people and phones.
type denied struct {
	customers *customer.Service
	core      *provisioning.Service
	people    *people.Service
	db        *store.Store
	promises  storetest.Promises
	now       time.Time
	actor     customer.Actor
	customer  customer.Customer
	review    screening.ReviewID
}

func newDenied(t *testing.T, count int) *denied {
	t.Helper()
	d := &denied{now: time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC)}
	var err error
	d.db, err = store.Open(t.Context(), store.Config{URL: filepath.Join(t.TempDir(), "denied.db")})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, d.db.Close()) })
	now := func() time.Time { return d.now }
	d.customers = customer.NewService(customer.Config{Store: d.promises.Customers(d.db.Customers()), Now: now, Random: rand.Reader, NewID: uuid.NewString, SIPDomain: "sip.example.test"})
	key, err := secret.NewMasterKey(rand.Reader)
	require.NoError(t, err)
	ring, err := secret.ParseKeyring(key, rand.Reader)
	require.NoError(t, err)
	d.core, err = provisioning.New(provisioning.Config{
		Store: d.promises.Provisioning(d.db.Provisioning()), Customers: d.customers, Keyring: ring, Now: now, Random: rand.Reader, NewID: uuid.NewString, Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	d.promises.Employ(d.customers.Workers()...)
	d.people = people.NewService(people.Config{Store: d.promises.Provisioning(d.db.Provisioning()), Customers: d.customers, Core: d.core, Now: now})
	d.promises.Employ(d.core.Workers()...)
	d.promises.Employ(d.people.Workers()...)
	d.fill(t, count)
	return d
}

func (d *denied) fill(t *testing.T, count int) {
	t.Helper()
	ctx := t.Context()
	_, err := d.customers.LoadList(ctx, strings.NewReader("_id,name\n1,Bronvarr Dock Traders\n"))
	require.NoError(t, err)
	d.actor, _, err = d.customers.Bootstrap(ctx, "Example Telecom", "admin@example.com")
	require.NoError(t, err)
	template, err := d.customers.CreateTemplate(ctx, d.actor, customer.NewTemplate{Name: "Small", Country: "US", Language: "en", SubscriptionID: "Sub-1"})
	require.NoError(t, err)
	address := customer.Address{Line1: "1 Main Street", City: "Springfield", StateOrProvince: "IL", PostalCode: "62701", Country: "US"}
	d.customer, err = d.customers.Provision(ctx, d.actor, customer.NewCustomer{
		ProvisioningID: template.ProvisioningID, ExternalID: "dock", Name: "Bronvarr Dock Traders", PrimaryEmail: "owner@dock.example", Address: address,
		Packages: []customer.Package{customer.WebexCalling}, Location: &customer.NewLocation{Name: "Dock", Address: address, TimeZone: "America/Chicago", Language: "en_us"},
	})
	require.NoError(t, err)
	for i := range count {
		sub, err := d.people.AddSubscriber(ctx, d.actor, customer.NewSubscriber{
			Customer: d.customer.ID, Email: fmt.Sprintf("p%d@dock.example", i), Packages: []customer.Package{customer.WebexCalling},
			CallingIdentity: customer.CallingIdentity{Extension: fmt.Sprint(1000 + i)},
		})
		require.NoError(t, err)
		_, err = d.core.AddDevice(ctx, d.actor, d.customer.Tenant(), provisioning.NewDevice{MAC: fmt.Sprintf("00562B00%04X", i), Model: "Cisco 8851", Person: sub.Person})
		require.NoError(t, err)
	}
	reviews, _, err := d.customers.Reviews(ctx, d.actor, customer.ReviewFilter{}, customer.Page{Max: 2})
	require.NoError(t, err)
	require.Len(t, reviews, 1)
	d.review = reviews[0].ID
	_, err = d.customers.DenyReview(ctx, d.actor, d.review, "the same owner")
	require.NoError(t, err)
}

// left are the subscribers and phones that are still there.
func (d *denied) left(t *testing.T) (subscribers, phones int) {
	t.Helper()
	n, err := d.db.Customers().CountSubscribers(t.Context(), d.customer.Tenant(), "")
	require.NoError(t, err)
	list, _, err := d.core.Devices(t.Context(), d.customer.Tenant(), provisioning.DeviceFilter{}, customer.Page{Max: 1000})
	require.NoError(t, err)
	return n, len(list)
}

func (d *denied) state(t *testing.T) screening.ReviewState {
	t.Helper()
	r, err := d.customers.Review(t.Context(), d.actor, d.review)
	require.NoError(t, err)
	return r.State
}

func TestADeniedCustomerGoesAfterThirtyDaysWithAllItsPhones(t *testing.T) {
	t.Parallel()
	d := newDenied(t, 51)
	d.now = d.now.Add(30*24*time.Hour - time.Microsecond)
	require.NoError(t, d.promises.Due(t.Context(), d.now))
	subscribers, phones := d.left(t)
	assert.Equal(t, 51, subscribers)
	assert.Equal(t, 51, phones)

	d.now = d.now.Add(time.Microsecond)
	require.NoError(t, d.promises.Due(t.Context(), d.now))
	subscribers, phones = d.left(t)
	assert.Equal(t, 1, subscribers, "a run does a part")
	assert.Equal(t, 1, phones)
	assert.Equal(t, screening.ReviewDenied, d.state(t))
	_, err := d.people.AddSubscriber(t.Context(), d.actor, customer.NewSubscriber{
		Customer: d.customer.ID, Email: "late@dock.example", Packages: []customer.Package{customer.WebexCalling}, CallingIdentity: customer.CallingIdentity{Extension: "2000"},
	})
	assert.True(t, fault.Is(err, fault.Conflict), "nobody comes after it: %v", err)

	require.NoError(t, d.promises.Due(t.Context(), d.now))
	subscribers, phones = d.left(t)
	assert.Zero(t, subscribers)
	assert.Zero(t, phones)
	_, err = d.customers.Customer(t.Context(), d.actor, d.customer.ID)
	assert.True(t, fault.Is(err, fault.NotFound))
	assert.Equal(t, screening.ReviewDeprovision, d.state(t))
	for kind, want := range map[customer.EventKind]int{"subscriber.deleted": 51, "device.deleted": 51, "customer.leaving": 1, "customer.deleted": 1, "review.deprovisioned": 1} {
		events, _, err := d.customers.Events(t.Context(), d.actor.Tenant(), customer.EventFilter{Kind: kind, Actor: "system"}, customer.Page{Max: 100})
		require.NoError(t, err)
		assert.Len(t, events, want, kind)
	}
}

// A process may die at any moment, and the queue then calls again with the very same job.
func TestDeprovisioningBearsToBeRunAgain(t *testing.T) {
	t.Parallel()
	d := newDenied(t, 2)
	worker := d.people.Workers()[0]
	here := customer.CallingIdentity{Extension: "801"}
	hall, err := d.people.AddWorkspace(t.Context(), d.actor, d.customer.Tenant(), customer.WorkspaceFields{
		Name: "Hall", Calling: &customer.WorkspaceCalling{Type: customer.CallingWebex, CallingIdentity: here},
	})
	require.NoError(t, err)
	here.Extension = "802"
	_, err = d.people.AddVirtualLine(t.Context(), d.actor, d.customer.Tenant(), customer.VirtualLineFields{FirstName: "Front", LastName: "Desk", CallingIdentity: here})
	require.NoError(t, err)
	args, err := json.Marshal(customer.Deprovisioning{Partner: d.customer.Partner, Org: d.customer.Org, Review: d.review})
	require.NoError(t, err)
	after, early := job.IsAgain(worker.Do(t.Context(), args))
	assert.True(t, early)
	assert.Equal(t, 30*24*time.Hour, after)
	d.now = d.now.Add(30 * 24 * time.Hour)

	// Cut off after the customer was made to leave, and after one subscriber was gone.
	_, due, err := d.customers.BeginDeprovisioning(t.Context(), customer.Deprovisioning{Partner: d.customer.Partner, Org: d.customer.Org, Review: d.review})
	require.NoError(t, err)
	require.True(t, due)
	list, _, err := d.customers.Subscribers(t.Context(), d.customer.Tenant(), customer.SubscriberFilter{}, customer.Page{Max: 1})
	require.NoError(t, err)
	require.NoError(t, d.people.RemoveSubscriber(t.Context(), customer.System(d.customer.Partner), list[0].ID))
	for range 2 {
		require.NoError(t, worker.Do(t.Context(), args))
		subscribers, phones := d.left(t)
		assert.Zero(t, subscribers+phones)
		assert.Equal(t, screening.ReviewDeprovision, d.state(t))
	}
	_, err = d.customers.Workspace(t.Context(), d.customer.Tenant(), hall.ID)
	assert.True(t, fault.Is(err, fault.NotFound), "%v", err)
	broken := errors.New("the database was away")
	require.ErrorIs(t, worker.GiveUp(t.Context(), args, broken), broken, "it is never given up")
	require.NoError(t, d.db.Close())
	assert.True(t, fault.Is(worker.Do(t.Context(), args), fault.Unavailable))
	d.db, err = store.Open(t.Context(), store.Config{URL: filepath.Join(t.TempDir(), "another.db")})
	require.NoError(t, err)
}

func TestACuredDenialTakesNothingAway(t *testing.T) {
	t.Parallel()
	d := newDenied(t, 1)
	d.now = d.now.Add(29 * 24 * time.Hour)
	_, err := d.customers.ApproveReview(t.Context(), d.actor, d.review, "a new owner")
	require.NoError(t, err)
	d.now = d.now.Add(48 * time.Hour)
	require.NoError(t, d.promises.Due(t.Context(), d.now))
	subscribers, phones := d.left(t)
	assert.Equal(t, 1, subscribers)
	assert.Equal(t, 1, phones)
}
