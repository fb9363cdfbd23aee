// Package storetest says what every store must do: one suite that runs on each database.
//
// It is for tests alone. It knows the interfaces of the nouns and nothing of SQL. Start at Run.
package storetest

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/billing"
	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/fleet"
	"dialtone/imports"
	"dialtone/job"
	"dialtone/nodes"
	"dialtone/provisioning"
	"dialtone/upstream"
	"dialtone/webhook"
)

// Store is what a database offers.
type Store interface {
	Customers() customer.Store
	Billing() billing.Store
	Provisioning() provisioning.Store
	Fleet() fleet.Store
	Imports() imports.Store
	Webhooks() webhook.Store
	Nodes() nodes.Store
	Upstreams() upstream.Store
	Directory() nodes.Directory
	Work(ctx context.Context, workers []job.Worker, logger *slog.Logger) error
	Jobs(ctx context.Context) (map[string]int, error)
	Close() error
}

// fixture is a store with two partners; the first has two customers, the second one.
type fixture struct {
	store                Store
	c                    customer.Store
	b                    billing.Store
	p                    provisioning.Store
	many                 fleet.Store
	i                    imports.Store
	now                  time.Time
	one, sibling, foe    customer.Customer
	oneShop, siblingShop customer.Location
	foeShop              customer.Location
	template             customer.Template
	partners             []customer.Partner // of one and sibling, then of foe
	macs                 uint32
}

func newFixture(t testing.TB, s Store) *fixture {
	t.Helper()
	f := &fixture{store: s, c: s.Customers(), b: s.Billing(), p: s.Provisioning(), many: s.Fleet(), i: s.Imports(), now: time.Date(2026, 2, 28, 23, 59, 59, 123456000, time.UTC)}
	partners := [2]customer.OrgID{f.partner(t, "One"), f.partner(t, "Foe")}
	f.one, f.oneShop = f.customer(t, partners[0], "one")
	f.sibling, f.siblingShop = f.customer(t, partners[0], "sibling")
	f.foe, f.foeShop = f.customer(t, partners[1], "one")
	return f
}

func id() string { return uuid.Must(uuid.NewV7()).String() }

// tick moves the clock on, so that lists have an order.
func (f *fixture) tick() time.Time {
	f.now = f.now.Add(time.Millisecond)
	return f.now
}

func (f *fixture) write(t testing.TB, tenant customer.Tenant, fn func(provisioning.Tx) error) {
	t.Helper()
	require.NoError(t, f.p.Update(t.Context(), tenant, fn))
}

func (f *fixture) partner(t testing.TB, name string) customer.OrgID {
	t.Helper()
	p := customer.Partner{ID: customer.OrgID(id()), Name: name, State: customer.PartnerActive, Created: f.tick()}
	f.partners = append(f.partners, p)
	f.write(t, customer.Tenant{Partner: p.ID}, func(tx provisioning.Tx) error { return tx.CreatePartner(t.Context(), p) })
	return p.ID
}

func (f *fixture) customer(t testing.TB, partner customer.OrgID, name string) (customer.Customer, customer.Location) {
	t.Helper()
	f.template = customer.Template{
		ID: customer.TemplateID(id()), Partner: partner, ProvisioningID: id(), Name: "T " + name, Country: "US", Language: "en_US", SubscriptionID: "S", Created: f.tick(),
		Type: customer.WebexForWholesale, ServiceProviderAdmin: "a@example.com", Authentication: customer.Authentication{Mode: customer.AuthenticateWebex},
	}
	address := customer.Address{Line1: "1", Line2: "2", City: "C", StateOrProvince: "IL", PostalCode: "62701", Country: "US"}
	c := customer.Customer{
		ID: customer.CustomerID(id()), Partner: partner, Org: customer.OrgID(id()), Template: f.template.ID, ExternalID: name, Name: "Ünï " + name,
		PrimaryEmail: name + "@example.com", Language: "en_US", Address: address, Status: customer.StatusProvisioned, SIPDomain: id() + ".sip.example",
		PartnerRole: customer.PartnerFullAdmin, Restricted: true, BillingStart: f.now.Truncate(24 * time.Hour),
		Packages: []customer.CustomerPackage{
			{Package: customer.WebexCalling, Limit: 5, Status: customer.PackageProvisioned}, {Package: customer.WebexMeetings, Status: customer.PackageProvisioned},
		}, Created: f.tick(),
	}
	l := customer.Location{
		ID: customer.LocationID(id()), Partner: partner, Org: c.Org, Name: "Shop_100% " + name, Address: address, TimeZone: "America/Chicago", Language: "en_us",
		EmergencyID: "E", AnnouncementLanguage: "en_us", Calling: true, Created: f.tick(),
	}
	f.write(t, customer.Tenant{Partner: partner}, func(tx provisioning.Tx) error {
		require.NoError(t, tx.CreateTemplate(t.Context(), f.template))
		require.NoError(t, tx.CreateCustomer(t.Context(), c))
		return tx.CreateLocation(t.Context(), l)
	})
	return c, l
}

func (f *fixture) newPerson(c customer.Customer, l customer.Location, name, extension string) customer.Person {
	return customer.Person{
		ID: customer.PersonID(id()), Partner: c.Partner, Org: c.Org, Email: name + "@" + string(c.Org) + ".example", FirstName: name, LastName: "O'Hara",
		Location: l.ID, Extension: extension, Created: f.tick(),
	}
}

func (f *fixture) person(t testing.TB, c customer.Customer, l customer.Location, name, extension string) (customer.Person, customer.Subscriber) {
	t.Helper()
	p := f.newPerson(c, l, name, extension)
	s := f.newSubscriber(c, p)
	f.write(t, tenantOf(c), func(tx provisioning.Tx) error {
		require.NoError(t, tx.CreatePerson(t.Context(), p))
		return tx.CreateSubscriber(t.Context(), s)
	})
	return p, s
}

func (f *fixture) newDevice(p customer.Person) (provisioning.Device, provisioning.Line) {
	f.macs++
	d := provisioning.Device{
		ID: provisioning.DeviceID(id()), Partner: p.Partner, Org: p.Org, MAC: deviceprofiles.MAC{2, 0, 0, byte(f.macs >> 16), byte(f.macs >> 8), byte(f.macs)}, Model: "DMS Cisco 8851", Owner: customer.MemberID(p.ID), Location: p.Location,
		Tags: []string{"lobby"}, Revision: 1, Access: []byte{1, 2, 0}, AdminPassword: []byte{3}, Created: f.tick(), Activation: provisioning.Activation{State: provisioning.ActivationNone},
	}
	l := provisioning.Line{
		ID: provisioning.LineID(id()), Partner: p.Partner, Org: p.Org, Device: d.ID, Port: 1, Owner: customer.MemberID(p.ID), UserName: fmt.Sprintf("u%d", f.macs), Domain: "d.example",
		Password: []byte{4}, HA1: []byte{5}, Created: f.now, LineOptions: provisioning.LineOptions{Weight: 1},
	}
	return d, l
}

func (f *fixture) device(t testing.TB, p customer.Person) (provisioning.Device, provisioning.Line) {
	t.Helper()
	d, l := f.newDevice(p)
	f.write(t, d.Tenant(), func(tx provisioning.Tx) error {
		require.NoError(t, tx.CreateDevice(t.Context(), d))
		return tx.CreateLine(t.Context(), l)
	})
	return d, l
}

var everything = customer.Page{Max: 1000}

// same compares and says what isn't the same.
func same[T any](t testing.TB, want T) func(T, error) {
	t.Helper()
	return func(got T, err error) {
		t.Helper()
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
}

func nounsComeBack(t *testing.T, f *fixture) {
	ctx := t.Context()
	person, sub := f.person(t, f.one, f.oneShop, "ada", "101")
	device, line := f.device(t, person)
	tenant := tenantOf(f.one)
	same(t, f.one)(f.c.Customer(ctx, f.one.Partner, f.one.ID))
	same(t, f.one)(f.c.CustomerByOrg(ctx, f.one.Partner, f.one.Org))
	same(t, f.oneShop)(f.c.Location(ctx, tenant, f.oneShop.ID))
	same(t, person)(f.c.Person(ctx, tenant, person.ID))
	same(t, sub)(f.c.Subscriber(ctx, tenant, sub.ID))
	same(t, sub)(f.c.SubscriberByPerson(ctx, tenant, person.ID))
	same(t, device)(f.p.Device(ctx, tenant, device.ID))
	same(t, device)(f.p.AnyTenantDeviceByMAC(ctx, device.MAC))
	same(t, []provisioning.Line{line})(f.p.Lines(ctx, tenant, device.ID))
	same(t, provisioning.LineOwner{Line: line, Revision: 1})(f.p.AnyTenantLine(ctx, "d.example", line.UserName))
	same(t, 1)(f.p.CountDevices(ctx, tenant, customer.MemberID(person.ID)))
	same(t, 1)(f.c.CountSubscribers(ctx, tenant, customer.WebexCalling))
	same(t, 0)(f.c.CountSubscribers(ctx, tenant, customer.WebexMeetings))
	same(t, 1)(f.c.CountSubscribers(ctx, tenant, ""))
	same(t, true)(f.c.AnyTenantHasSIPDomain(ctx, f.one.SIPDomain))
	same(t, false)(f.c.AnyTenantHasSIPDomain(ctx, "nobody.sip.example"))

	admin := customer.Admin{ID: customer.AdminID(id()), Partner: f.one.Partner, Email: "a@example.com", Role: customer.RoleFullPartner, Created: f.tick()}
	token := customer.Token{ID: customer.TokenID(id()), Name: "export", Hash: customer.TokenHash{1, 0, 2}, Partner: f.one.Partner, Admin: admin.ID, Email: admin.Email, Scopes: customer.AllScopes(), Created: f.now, Expires: f.now.Add(time.Hour)}
	number := customer.Number{E164: "+12175550100", Partner: f.one.Partner, Org: f.one.Org, Location: f.oneShop.ID, State: customer.NumberInactive, Type: customer.NumberDID, Usage: customer.UsageNone, Created: f.now}
	f.write(t, tenant, func(tx provisioning.Tx) error {
		require.NoError(t, tx.CreateAdmin(ctx, admin))
		require.NoError(t, tx.CreateToken(ctx, token))
		same(t, true)(tx.AddNumber(ctx, number))
		same(t, false)(tx.AddNumber(ctx, number))
		require.NoError(t, tx.OwnNumber(ctx, tenant, number.E164, customer.MemberID(person.ID)))
		return tx.Record(ctx, customer.Event{Time: f.now, Tenant: tenant, Actor: "a", Kind: customer.EventNumbersAdded, Subject: "x", Data: map[string]any{"n": 1}})
	})
	same(t, customer.Bearer{Token: token, Admin: admin, Partner: f.partners[0]})(f.c.AnyTenantToken(ctx, token.Hash))
	listed := token
	listed.Hash = customer.TokenHash{} // a list has no use for it
	same(t, listed)(f.c.Token(ctx, f.one.Partner, token.ID))
	tokens, _, err := f.c.Tokens(ctx, f.one.Partner, admin.ID, everything)
	require.NoError(t, err)
	assert.Equal(t, []customer.Token{listed}, tokens)
	f.tokenIsUsedAndEnds(t, token)
	number.Owner = customer.MemberID(person.ID)
	same(t, number)(f.c.Number(ctx, tenant, number.E164))

	line.Password, line.HA1, line.Revealed = []byte{9, 9}, []byte{8}, true
	line.PreviousHA1, line.PreviousUntil = []byte{7}, f.now
	f.write(t, tenant, func(tx provisioning.Tx) error { return tx.SetLineSecret(ctx, tenant, line) })
	same(t, []provisioning.Line{line})(f.p.Lines(ctx, tenant, device.ID))
}

func names[T any](list []T, name func(T) string) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = name(v)
	}
	return out
}

func listsPageAndFilter(t *testing.T, f *fixture) {
	ctx := t.Context()
	external := func(c customer.Customer) string { return c.ExternalID }
	list := func(filter customer.CustomerFilter, page customer.Page) ([]string, bool) {
		items, more, err := f.c.Customers(ctx, f.one.Partner, filter, page)
		require.NoError(t, err)
		require.NotNil(t, items)
		return names(items, external), more
	}
	for _, c := range []struct {
		filter customer.CustomerFilter
		page   customer.Page
		want   []string
		more   bool
	}{
		{customer.CustomerFilter{}, everything, []string{"one", "sibling"}, false},
		{customer.CustomerFilter{}, customer.Page{Max: 1}, []string{"one"}, true},
		{customer.CustomerFilter{}, customer.Page{Max: 2}, []string{"one", "sibling"}, false},
		{customer.CustomerFilter{}, customer.Page{Offset: 1, Max: 1}, []string{"sibling"}, false},
		{customer.CustomerFilter{}, customer.Page{Offset: 9, Max: 1}, []string{}, false},
		{customer.CustomerFilter{}, customer.Page{Max: 1, After: customer.Cursor{At: f.one.Created, ID: string(f.one.ID)}}, []string{"sibling"}, false},
		{customer.CustomerFilter{}, customer.Page{Offset: 7, Max: 1, After: customer.Cursor{At: f.one.Created, ID: id()}}, []string{"sibling"}, false},
		{customer.CustomerFilter{}, customer.Page{Max: 1, After: customer.Cursor{At: f.sibling.Created, ID: string(f.sibling.ID)}}, []string{}, false},
		{customer.CustomerFilter{ExternalID: "sibling"}, everything, []string{"sibling"}, false},
		{customer.CustomerFilter{ExternalID: "sib"}, everything, []string{}, false},
		{customer.CustomerFilter{Org: f.one.Org}, everything, []string{"one"}, false},
		{customer.CustomerFilter{Statuses: []customer.Status{customer.StatusError}}, everything, []string{}, false},
		{customer.CustomerFilter{Statuses: []customer.Status{customer.StatusError, customer.StatusProvisioned}}, everything, []string{"one", "sibling"}, false},
	} {
		got, more := list(c.filter, c.page)
		assert.Equal(t, c.want, got, "%+v %+v", c.filter, c.page)
		assert.Equal(t, c.more, more, "%+v %+v", c.filter, c.page)
	}
	partner := customer.Tenant{Partner: f.one.Partner}
	for part, want := range map[string]int{"": 2, "SHOP_100%": 2, "sibling": 1, "%": 2, "_": 2, "x%": 0, "100_": 0, `\`: 0} {
		items, _, err := f.c.Locations(ctx, partner, customer.LocationFilter{Name: part}, everything)
		require.NoError(t, err)
		assert.Len(t, items, want, part)
	}
	ada, sub := f.person(t, f.one, f.oneShop, "ada", "101")
	f.person(t, f.one, f.oneShop, "bob", "102")
	f.person(t, f.sibling, f.siblingShop, "cy", "101")
	for _, c := range []struct {
		tenant customer.Tenant
		filter customer.SubscriberFilter
		want   int
	}{
		{partner, customer.SubscriberFilter{}, 3}, {tenantOf(f.one), customer.SubscriberFilter{}, 2},
		{partner, customer.SubscriberFilter{Email: ada.Email}, 1}, {partner, customer.SubscriberFilter{Person: ada.ID}, 1},
		{partner, customer.SubscriberFilter{Customer: f.sibling.ID}, 1}, {partner, customer.SubscriberFilter{ExternalCustomerID: "one"}, 2},
		{partner, customer.SubscriberFilter{Status: customer.SubscriberProvisioned}, 3}, {partner, customer.SubscriberFilter{Status: "pending_user_migration"}, 0},
		{partner, customer.SubscriberFilter{Email: sub.Email, Customer: f.sibling.ID}, 0},
	} {
		items, _, err := f.c.Subscribers(ctx, c.tenant, c.filter, everything)
		require.NoError(t, err)
		assert.Len(t, items, c.want, "%+v", c.filter)
	}
	f.listDevices(t, ada)
	templates, more, err := f.c.Templates(ctx, f.one.Partner, customer.Page{Max: 1})
	require.NoError(t, err)
	assert.True(t, more)
	assert.Len(t, templates, 1)
}

func (f *fixture) listDevices(t *testing.T, ada customer.Person) {
	t.Helper()
	ctx := t.Context()
	first, line := f.device(t, ada)
	second, _ := f.device(t, ada)
	mac, other := second.MAC, deviceprofiles.MAC{2, 9, 9, 9, 9, 9}
	for _, c := range []struct {
		filter provisioning.DeviceFilter
		want   int
	}{
		{provisioning.DeviceFilter{}, 2}, {provisioning.DeviceFilter{Owner: customer.MemberID(ada.ID)}, 2}, {provisioning.DeviceFilter{Owner: "x"}, 0},
		{provisioning.DeviceFilter{MAC: &mac}, 1}, {provisioning.DeviceFilter{MAC: &other}, 0}, {provisioning.DeviceFilter{Models: []string{"DMS Cisco 8851"}}, 2},
		{provisioning.DeviceFilter{Models: []string{"x", "DMS Cisco 8851"}}, 2}, {provisioning.DeviceFilter{Models: []string{"x"}}, 0},
		{provisioning.DeviceFilter{DisplayName: "ADA o'h"}, 2}, {provisioning.DeviceFilter{DisplayName: "8851"}, 2}, {provisioning.DeviceFilter{DisplayName: "zz"}, 0},
		{provisioning.DeviceFilter{Location: f.oneShop.ID}, 2}, {provisioning.DeviceFilter{Location: f.siblingShop.ID}, 0},
	} {
		items, _, err := f.p.Devices(ctx, tenantOf(f.one), c.filter, f.now, everything)
		require.NoError(t, err)
		assert.Len(t, items, c.want, "%+v", c.filter)
	}
	f.bind(t, line.ID, binding(line.ID, "sip:a", f.now.Add(time.Minute)))
	items, _, err := f.p.Devices(ctx, tenantOf(f.one), provisioning.DeviceFilter{}, f.now, everything)
	require.NoError(t, err)
	assert.Equal(t, []provisioning.DeviceID{first.ID, second.ID}, []provisioning.DeviceID{items[0].ID, items[1].ID})
	assert.True(t, items[0].Registered)
	assert.False(t, items[1].Registered)
	assert.Equal(t, "ada", items[0].OwnerFirstName)
	assert.Equal(t, ada.Email, items[0].OwnerEmail)
	items, _, err = f.p.Devices(ctx, tenantOf(f.one), provisioning.DeviceFilter{}, f.now.Add(time.Minute), everything)
	require.NoError(t, err)
	assert.False(t, items[0].Registered, "the binding has run out")
}

func foreignRowsArentThere(t *testing.T, f *fixture) {
	ctx := t.Context()
	person, sub := f.person(t, f.one, f.oneShop, "ada", "101")
	device, line := f.device(t, person)
	number := customer.Number{E164: "+12175550100", Partner: f.one.Partner, Org: f.one.Org, Location: f.oneShop.ID, State: customer.NumberActive, Type: customer.NumberDID, Usage: customer.UsageNone, Created: f.now}
	f.write(t, tenantOf(f.one), func(tx provisioning.Tx) error { _, err := tx.AddNumber(ctx, number); return err })
	own, _, err := f.c.Templates(ctx, f.one.Partner, everything)
	require.NoError(t, err)
	for _, stranger := range []customer.Tenant{tenantOf(f.foe), tenantOf(f.sibling), {Partner: f.foe.Partner}, {Partner: f.foe.Partner, Customer: f.one.Org}, {}} {
		notThere := func(what string, err error) {
			assert.True(t, fault.Is(err, fault.NotFound), "%s for %+v: %v", what, stranger, err)
		}
		if stranger.Partner != f.one.Partner {
			_, err := f.c.Customer(ctx, stranger.Partner, f.one.ID)
			notThere("customer", err)
			_, err = f.c.CustomerByOrg(ctx, stranger.Partner, f.one.Org)
			notThere("customer by organisation", err)
			_, err = f.c.Template(ctx, stranger.Partner, own[0].ID)
			notThere("template", err)
			_, err = f.c.TemplateByProvisioningID(ctx, stranger.Partner, own[0].ProvisioningID)
			notThere("template by provisioning id", err)
		}
		_, err := f.c.Location(ctx, stranger, f.oneShop.ID)
		notThere("location", err)
		_, err = f.c.Number(ctx, stranger, number.E164)
		notThere("number", err)
		_, err = f.c.Person(ctx, stranger, person.ID)
		notThere("person", err)
		_, err = f.c.Subscriber(ctx, stranger, sub.ID)
		notThere("subscriber", err)
		_, err = f.c.SubscriberByPerson(ctx, stranger, person.ID)
		notThere("subscriber by person", err)
		_, err = f.p.Device(ctx, stranger, device.ID)
		notThere("device", err)
		_, err = f.p.RenderInput(ctx, stranger, device.ID)
		notThere("render input", err)
		same(t, []provisioning.Line{})(f.p.Lines(ctx, stranger, device.ID))
		same(t, []provisioning.BindingView{})(f.p.Bindings(ctx, stranger, device.ID, f.now))
		same(t, []provisioning.TraceEntry{})(f.p.Trace(ctx, stranger, device.ID, provisioning.TraceFilter{}, 10))
		same(t, 0)(f.p.CountDevices(ctx, stranger, customer.MemberID(person.ID)))
		same(t, 0)(f.c.CountSubscribers(ctx, stranger, customer.WebexCalling))
		for what, write := range map[string]func(provisioning.Tx) error{
			"delete": func(tx provisioning.Tx) error { return tx.DeleteDevice(ctx, stranger, device.ID) },
			"enrol":  func(tx provisioning.Tx) error { return tx.SetEnrolment(ctx, stranger, device.ID, f.now) },
			"peers": func(tx provisioning.Tx) error {
				return tx.SetEnrolmentPeers(ctx, stranger, device.ID, []string{"192.0.2.7"})
			},
			"revise": func(tx provisioning.Tx) error { _, err := tx.RaiseRevision(ctx, stranger, device.ID); return err },
			"secret": func(tx provisioning.Tx) error { return tx.SetLineSecret(ctx, stranger, line) },
			"number": func(tx provisioning.Tx) error {
				return tx.OwnNumber(ctx, stranger, number.E164, customer.MemberID(person.ID))
			},
		} {
			notThere(what, f.p.Update(ctx, stranger, write))
		}
	}
	same(t, device)(f.p.Device(ctx, customer.Tenant{Partner: f.one.Partner}, device.ID))
}

func problem(err error) string {
	if p := fault.ProblemsOf(err); len(p) > 0 {
		return fmt.Sprintf("%s %d", p[0].Field, p[0].Code)
	}
	return ""
}

func whatIsTakenIsNamed(t *testing.T, f *fixture) {
	ctx := t.Context()
	ada, _ := f.person(t, f.one, f.oneShop, "ada", "101")
	bob, _ := f.person(t, f.sibling, f.siblingShop, "bob", "101") // the same extension in another location is fine
	device, line := f.device(t, ada)
	number := customer.Number{E164: "+12175550100", Partner: f.one.Partner, Org: f.one.Org, Location: f.oneShop.ID, State: customer.NumberActive, Type: customer.NumberDID, Usage: customer.UsageNone, Created: f.now}
	f.write(t, tenantOf(f.one), func(tx provisioning.Tx) error {
		_, err := tx.AddNumber(ctx, number)
		require.NoError(t, err)
		return tx.OwnNumber(ctx, tenantOf(f.one), number.E164, customer.MemberID(ada.ID))
	})
	for name, c := range map[string]struct {
		write func(provisioning.Tx) error
		want  string
	}{
		"mac": {func(tx provisioning.Tx) error {
			d, _ := f.newDevice(bob)
			d.MAC = device.MAC
			return tx.CreateDevice(ctx, d)
		}, "mac 5675"},
		"email": {func(tx provisioning.Tx) error {
			p := f.newPerson(f.sibling, f.siblingShop, "x", "102")
			p.Email = ada.Email
			return tx.CreatePerson(ctx, p)
		}, "email 10022"},
		"extension": {func(tx provisioning.Tx) error { return tx.CreatePerson(ctx, f.newPerson(f.one, f.oneShop, "y", "101")) }, "provisioningParameters.extension 90016"},
		"external id": {func(tx provisioning.Tx) error {
			c := f.one
			c.ID, c.Org, c.SIPDomain = customer.CustomerID(id()), customer.OrgID(id()), id()
			return tx.CreateCustomer(ctx, c)
		}, "externalId 90013"},
		"template": {func(tx provisioning.Tx) error {
			n := f.template
			n.ID, n.ProvisioningID = customer.TemplateID(id()), id()
			return tx.CreateTemplate(ctx, n)
		}, "name 90014"},
		"number of another location": {func(tx provisioning.Tx) error {
			n := number
			n.Partner, n.Org, n.Location = f.foe.Partner, f.foe.Org, f.foeShop.ID
			_, err := tx.AddNumber(ctx, n)
			return err
		}, "phoneNumbers 90015"},
		"number of somebody": {func(tx provisioning.Tx) error {
			return tx.OwnNumber(ctx, tenantOf(f.one), number.E164, customer.MemberID(ada.ID))
		}, "provisioningParameters.primaryPhoneNumber 90015"},
		"line identity": {func(tx provisioning.Tx) error {
			l := line
			l.ID, l.Port = provisioning.LineID(id()), 2
			return tx.CreateLine(ctx, l)
		}, "sipUserName 90017"},
	} {
		err := f.p.Update(ctx, tenantOf(f.one), c.write)
		assert.True(t, fault.Is(err, fault.Conflict), "%s: %v", name, err)
		assert.Equal(t, c.want, problem(err), name)
	}
	err := f.p.Update(ctx, tenantOf(f.one), func(tx provisioning.Tx) error {
		d, _ := f.newDevice(ada)
		d.Owner = "nobody"
		return tx.CreateDevice(ctx, d)
	})
	assert.True(t, fault.Is(err, fault.NotFound), "a row that refers to nothing: %v", err)
	same(t, false)(f.added(ctx, t, number))
}
