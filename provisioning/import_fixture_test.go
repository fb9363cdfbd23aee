package provisioning_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/csv"
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
	"dialtone/provisioning"
	"dialtone/secret"
	"dialtone/store"
	"dialtone/store/storetest"
)

// hall is a customer with two locations on a real store, into which files of people are imported.
type hall struct {
	*provisioning.Service
	db        *store.Store
	store     provisioning.Store
	customers *customer.Service
	promises  storetest.Promises
	config    provisioning.Config
	actor     customer.Actor
	template  customer.Template
	customer  customer.Customer
	shop      customer.Location // where the numbers are
	annex     customer.Location
	clock     func() time.Time
	halls     int // customers before this one
}

// over is the core on another store.
func (h *hall) over(t testing.TB, s provisioning.Store) *provisioning.Service {
	t.Helper()
	config := h.config
	config.Store = s
	core, err := provisioning.New(config)
	require.NoError(t, err)
	return core
}

const shopNumbers = 6

func openHall(t testing.TB) *hall {
	t.Helper()
	return newHall(t, filepath.Join(t.TempDir(), "hall.db"))
}

func newHall(t testing.TB, url string) *hall {
	t.Helper()
	db, err := store.Open(t.Context(), store.Config{URL: url})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	h := &hall{db: db, clock: func() time.Time { return time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC) }}
	h.store = h.promises.Provisioning(db.Provisioning())
	now := func() time.Time { return h.clock() }
	newID := func() string { return uuid.Must(uuid.NewV7()).String() }
	h.customers = customer.NewService(customer.Config{Store: h.promises.Customers(db.Customers()), Now: now, Random: rand.Reader, NewID: newID, SIPDomain: "sip.example.test"})
	key, err := secret.NewMasterKey(rand.Reader)
	require.NoError(t, err)
	ring, err := secret.ParseKeyring(key, rand.Reader)
	require.NoError(t, err)
	h.config = provisioning.Config{
		Store: h.store, Customers: h.customers, Keyring: ring, Now: now, Random: rand.Reader, NewID: newID, Logger: slog.New(slog.DiscardHandler),
	}
	h.Service = h.over(t, h.store)
	h.promises.Employ(append(h.customers.Workers(), h.Workers()...)...)
	h.actor, _, err = h.customers.Bootstrap(t.Context(), "Example Telecom", "admin@example.com")
	require.NoError(t, err)
	h.template, err = h.customers.CreateTemplate(t.Context(), h.actor, customer.NewTemplate{Name: "Small", Country: "US", Language: "en", SubscriptionID: "Sub-1"})
	require.NoError(t, err)
	h.halls = -1
	h.newCustomer(t, "bakery", nil)
	return h
}

// newCustomer makes a customer with every package for people, and turns to it.
func (h *hall) newCustomer(t testing.TB, name string, limits map[customer.Package]int) {
	t.Helper()
	h.halls++
	address := customer.Address{Line1: "1 Main Street", City: "Springfield", StateOrProvince: "IL", PostalCode: "62701", Country: "US"}
	in := customer.NewCustomer{
		ProvisioningID: h.template.ProvisioningID, ExternalID: name, Name: name, PrimaryEmail: "owner@" + name + ".example", Address: address, Limits: limits,
		Packages: []customer.Package{customer.WebexCalling, customer.WebexCallingStandard, customer.WebexMeetings, customer.WebexSuite, customer.AttendantConsole},
		Location: &customer.NewLocation{Name: "Shop", Address: address, TimeZone: "America/Chicago", Language: "en_us"},
	}
	c, err := h.customers.Provision(t.Context(), h.actor, in)
	require.NoError(t, err)
	h.customer, err = h.customers.Customer(t.Context(), h.actor, c.ID)
	require.NoError(t, err)
	require.Equal(t, customer.StatusProvisioned, h.customer.Status)
	locations, _, err := h.customers.Locations(t.Context(), h.customer.Tenant(), customer.LocationFilter{}, customer.Page{Max: 1})
	require.NoError(t, err)
	h.shop = locations[0]
	h.annex = h.shop
	h.annex.ID, h.annex.Name = customer.LocationID(uuid.Must(uuid.NewV7()).String()), "Annex"
	require.NoError(t, h.store.Update(t.Context(), h.customer.Tenant(), func(tx provisioning.Tx) error { return tx.CreateLocation(t.Context(), h.annex) }))
	for n := range shopNumbers {
		require.NoError(t, h.customers.AddNumbers(t.Context(), h.actor, h.customer.Tenant(), customer.NewNumbers{Location: h.shop.ID, E164: []string{h.number(n)}}))
	}
}

// number is the nth of the customer's numbers.
func (h *hall) number(n int) string {
	return fmt.Sprintf("+1217555%04d", 10*h.halls+n)
}

// start sends a file.
func (h *hall) start(t testing.TB, file string, dryRun bool, mode provisioning.ImportMode) (provisioning.Import, error) {
	t.Helper()
	return h.StartImport(t.Context(), h.actor, h.customer.Tenant(), provisioning.NewImport{
		DryRun: dryRun, Mode: mode, File: strings.NewReader(file), ReadID: func(text string) (string, bool) {
			id, err := uuid.Parse(text)
			return id.String(), err == nil
		},
	})
}

// imported sends a file and returns the import when it is over, and its results without the header.
func (h *hall) imported(t testing.TB, file string, dryRun bool, mode provisioning.ImportMode) (provisioning.Import, []string) {
	t.Helper()
	i, err := h.start(t, file, dryRun, mode)
	require.NoError(t, err)
	i, err = h.Import(t.Context(), h.customer.Tenant(), i.ID)
	require.NoError(t, err)
	require.Equal(t, provisioning.ImportCompleted, i.Status, i.Error)
	require.Equal(t, i.Rows, i.Done)
	require.Equal(t, i.Rows, i.Added+i.Changed+i.Deleted+i.Unchanged+i.Failed)
	return i, h.results(t, i.ID)
}

// results are the lines of the file of results, without the header.
func (h *hall) results(t testing.TB, id provisioning.ImportID) []string {
	t.Helper()
	var file bytes.Buffer
	require.NoError(t, h.WriteImportResults(t.Context(), h.customer.Tenant(), id, &file))
	return strings.Split(strings.TrimSuffix(file.String(), "\r\n"), "\r\n")[1:]
}

// run imports a file for good, after a dry run that must have the very same results and change nothing.
func (h *hall) run(t testing.TB, file string) []string {
	t.Helper()
	before := h.state(t)
	_, rehearsed := h.imported(t, file, true, "")
	require.Equal(t, before, h.state(t), "a dry run changes nothing")
	_, results := h.imported(t, file, false, "")
	require.Equal(t, rehearsed, results, "a dry run tells what the run does")
	return results
}

// state is all that the customer's people have, one line each, by e-mail address.
func (h *hall) state(t testing.TB) string {
	t.Helper()
	var out strings.Builder
	for _, p := range h.people(t) {
		sub, _ := h.store.SubscriberByPerson(t.Context(), h.customer.Tenant(), p.ID)
		devices, _, err := h.Devices(t.Context(), h.customer.Tenant(), provisioning.DeviceFilter{Owner: customer.MemberID(p.ID)}, customer.Page{Max: 100})
		require.NoError(t, err)
		revisions := []int64{}
		for _, d := range devices {
			revisions = append(revisions, d.Revision)
		}
		place := map[customer.LocationID]string{h.shop.ID: "shop", h.annex.ID: "annex"}[p.Location]
		fmt.Fprintf(&out, "%s %q %q %s %s %s %v %v\n", p.Email, p.FirstName, p.LastName, place, p.Extension, p.Number, sub.Packages(), revisions)
	}
	for n := range shopNumbers {
		if number, err := h.store.Number(t.Context(), h.customer.Tenant(), h.number(n)); err == nil {
			fmt.Fprintf(&out, "%s %s\n", number.E164, number.Owner)
		}
	}
	return out.String()
}

// people are those that any test's file names.
func (h *hall) people(t testing.TB) []customer.Person {
	t.Helper()
	var out []customer.Person
	for _, name := range []string{"ada", "bob", "cy", "dee", "eve", "fay", "gus", "hal"} {
		p, err := h.store.PersonByEmail(t.Context(), h.customer.Tenant(), h.email(name))
		if err == nil {
			out = append(out, p)
		}
	}
	return out
}

func (h *hall) email(name string) string { return name + "@" + h.customer.ExternalID + ".example" }

// person finds somebody by the name before the e-mail address's @.
func (h *hall) person(t testing.TB, name string) customer.Person {
	t.Helper()
	p, err := h.store.PersonByEmail(t.Context(), h.customer.Tenant(), h.email(name))
	require.NoError(t, err)
	return p
}

// phone gives somebody a phone.
func (h *hall) phone(t testing.TB, name, mac string) provisioning.DeviceView {
	t.Helper()
	d, err := h.AddDevice(t.Context(), h.actor, h.customer.Tenant(), provisioning.NewDevice{MAC: mac, Model: "Cisco 8851", Person: h.person(t, name).ID})
	require.NoError(t, err)
	return d
}

// table writes a CSV; names in the first column become e-mail addresses.
func (h *hall) table(rows ...[]string) string {
	var out strings.Builder
	w := csv.NewWriter(&out)
	for n, row := range rows {
		if n > 0 && !strings.Contains(row[0], "@") {
			row = append([]string{h.email(row[0])}, row[1:]...)
		}
		_ = w.Write(row) // a Builder takes everything
	}
	w.Flush()
	return out.String()
}

// kinds counts what happened to the customer.
func (h *hall) kinds(t testing.TB, kind customer.EventKind) []customer.Event {
	t.Helper()
	list, _, err := h.customers.Events(context.WithoutCancel(t.Context()), h.customer.Tenant(), customer.EventFilter{Kind: kind}, customer.Page{Max: 100})
	require.NoError(t, err)
	return list
}
