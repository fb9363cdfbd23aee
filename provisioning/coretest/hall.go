// Package coretest is a customer's premises for tests of the core and of what stands on it: a real store, the services, two locations and some numbers.
//
// It is for tests alone. It never says what is right: tests do. Start at Open.
package coretest

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/people"
	"dialtone/provisioning"
	"dialtone/secret"
	"dialtone/store"
	"dialtone/store/storetest"
)

// Hall is a customer with two locations on a real store, and the core of it.
type Hall struct {
	*provisioning.Service
	People    *people.Service
	DB        *store.Store
	Store     provisioning.Store // whose promises are kept
	Customers *customer.Service
	Promises  storetest.Promises
	Config    provisioning.Config // of the core
	Actor     customer.Actor
	Template  customer.Template
	Customer  customer.Customer
	Shop      customer.Location // where the numbers are
	Annex     customer.Location
	Clock     func() time.Time
	Halls     int // customers before this one
}

// Over is the core on another store.
func (h *Hall) Over(t testing.TB, s provisioning.Store) *provisioning.Service {
	t.Helper()
	config := h.Config
	config.Store = s
	core, err := provisioning.New(config)
	require.NoError(t, err)
	return core
}

// Numbers is how many numbers a customer has; see Number.
const Numbers = 6

// Open opens a hall on a database of its own.
func Open(t testing.TB) *Hall {
	t.Helper()
	return New(t, filepath.Join(t.TempDir(), "hall.db"))
}

// New opens a hall on an empty database.
func New(t testing.TB, url string) *Hall {
	t.Helper()
	db, err := store.Open(t.Context(), store.Config{URL: url})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	h := &Hall{DB: db, Clock: func() time.Time { return time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC) }}
	h.Store = h.Promises.Provisioning(db.Provisioning())
	now := func() time.Time { return h.Clock() }
	newID := func() string { return uuid.Must(uuid.NewV7()).String() }
	h.Customers = customer.NewService(customer.Config{Store: h.Promises.Customers(db.Customers()), Now: now, Random: rand.Reader, NewID: newID, SIPDomain: "sip.example.test"})
	key, err := secret.NewMasterKey(rand.Reader)
	require.NoError(t, err)
	ring, err := secret.ParseKeyring(key, rand.Reader)
	require.NoError(t, err)
	h.Config = provisioning.Config{
		Store: h.Store, Customers: h.Customers, Keyring: ring, Now: now, Random: rand.Reader, NewID: newID, Logger: slog.New(slog.DiscardHandler),
	}
	h.Service = h.Over(t, h.Store)
	h.People = people.NewService(people.Config{Store: h.Store, Customers: h.Customers, Core: h.Service, Now: now})
	h.Promises.Employ(slices.Concat(h.Customers.Workers(), h.Workers(), h.People.Workers())...)
	h.Actor, _, err = h.Customers.Bootstrap(t.Context(), "Example Telecom", "admin@example.com")
	require.NoError(t, err)
	h.Template, err = h.Customers.CreateTemplate(t.Context(), h.Actor, customer.NewTemplate{Name: "Small", Country: "US", Language: "en", SubscriptionID: "Sub-1"})
	require.NoError(t, err)
	h.Halls = -1
	h.NewCustomer(t, "bakery", nil)
	return h
}

// NewCustomer makes a customer with every package for people, and turns to it.
func (h *Hall) NewCustomer(t testing.TB, name string, limits map[customer.Package]int) {
	t.Helper()
	h.Halls++
	address := customer.Address{Line1: "1 Main Street", City: "Springfield", StateOrProvince: "IL", PostalCode: "62701", Country: "US"}
	in := customer.NewCustomer{
		ProvisioningID: h.Template.ProvisioningID, ExternalID: name, Name: name, PrimaryEmail: "owner@" + name + ".example", Address: address, Limits: limits,
		Packages: []customer.Package{customer.WebexCalling, customer.WebexCallingStandard, customer.WebexMeetings, customer.WebexSuite, customer.AttendantConsole},
		Location: &customer.NewLocation{Name: "Shop", Address: address, TimeZone: "America/Chicago", Language: "en_us"},
	}
	c, err := h.Customers.Provision(t.Context(), h.Actor, in)
	require.NoError(t, err)
	h.Customer, err = h.Customers.Customer(t.Context(), h.Actor, c.ID)
	require.NoError(t, err)
	require.Equal(t, customer.StatusProvisioned, h.Customer.Status)
	locations, _, err := h.Customers.Locations(t.Context(), h.Customer.Tenant(), customer.LocationFilter{}, customer.Page{Max: 1})
	require.NoError(t, err)
	h.Shop = locations[0]
	h.Annex = h.Shop
	h.Annex.ID, h.Annex.Name = customer.LocationID(uuid.Must(uuid.NewV7()).String()), "Annex"
	require.NoError(t, h.Store.Update(t.Context(), h.Customer.Tenant(), func(tx provisioning.Tx) error { return tx.CreateLocation(t.Context(), h.Annex) }))
	for n := range Numbers {
		require.NoError(t, h.Customers.AddNumbers(t.Context(), h.Actor, h.Customer.Tenant(), customer.NewNumbers{Location: h.Shop.ID, E164: []string{h.Number(n)}}))
	}
}

// Number is the nth of the customer's numbers.
func (h *Hall) Number(n int) string {
	return fmt.Sprintf("+1217555%04d", 10*h.Halls+n)
}
