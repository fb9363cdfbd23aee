package customer_test

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/secret"
	"dialtone/store"
	"dialtone/store/storetest"
)

// office is a partner with a template on a store of its own.
type office struct {
	*customer.Service
	store    customer.Store
	promises storetest.Promises
	keyring  *secret.Keyring
	actor    customer.Actor
	token    secret.Text
	template customer.Template
	clock    atomic.Pointer[time.Time]
}

func newOffice(t testing.TB) *office {
	t.Helper()
	db, err := store.Open(t.Context(), store.Config{URL: filepath.Join(t.TempDir(), "office.db"), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	o := &office{}
	o.store = o.promises.Customers(db.Customers())
	start := time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC)
	o.clock.Store(&start)
	key, err := secret.NewMasterKey(rand.Reader)
	require.NoError(t, err)
	o.keyring, err = secret.ParseKeyring(key, rand.Reader)
	require.NoError(t, err)
	o.Service = customer.NewService(customer.Config{
		Store: o.store, Now: func() time.Time { return *o.clock.Load() }, Random: rand.Reader, NewID: uuid.NewString, SIPDomain: "SIP.Example.Test.",
		Keyring: o.keyring,
	})
	o.promises.Employ(o.Workers()...)
	o.actor, o.token, err = o.Bootstrap(t.Context(), "Example Telecom", "Admin@Example.com")
	require.NoError(t, err)
	o.template, err = o.CreateTemplate(t.Context(), o.actor, customer.NewTemplate{Name: "Small", Country: "US", Language: "en", SubscriptionID: "Sub-1"})
	require.NoError(t, err)
	return o
}

var springfield = customer.Address{Line1: "1 Main Street", City: "Springfield", StateOrProvince: "us-il", PostalCode: "62701", Country: "us"}

// bakery is an input that is right in every way.
func (o *office) bakery() customer.NewCustomer {
	return customer.NewCustomer{
		ProvisioningID: o.template.ProvisioningID, ExternalID: "bakery", Name: "Bakery", PrimaryEmail: "owner@bakery.example", Address: springfield,
		Packages: []customer.Package{customer.WebexCalling, customer.WebexMeetings},
		Location: &customer.NewLocation{Name: "Shop", Address: springfield, TimeZone: "America/Chicago", Language: "en_us", Numbers: []string{"+1 217-555-0100"}, MainNumber: "+12175550101"},
	}
}

func (o *office) subscribe(t testing.TB, c customer.Customer, in customer.NewSubscriber) (customer.Subscriber, error) {
	t.Helper()
	var sub customer.Subscriber
	err := o.store.Update(t.Context(), customer.Tenant{Partner: c.Partner, Customer: c.Org}, func(tx customer.Tx) error {
		var err error
		sub, err = o.Subscribe(t.Context(), tx, o.actor, c, in)
		return err
	})
	return sub, err
}

// provisioned creates a customer, and returns it when the background work is done.
func (o *office) provisioned(t testing.TB, in customer.NewCustomer) customer.Customer {
	t.Helper()
	accepted, err := o.Provision(t.Context(), o.actor, in)
	require.NoError(t, err)
	return o.kept(t, accepted)
}

// kept is a customer as it is stored.
func (o *office) kept(t testing.TB, c customer.Customer) customer.Customer {
	t.Helper()
	c, err := o.Customer(t.Context(), o.actor, c.ID)
	require.NoError(t, err)
	return c
}

func TestAnAddressIsWrittenAsItsPostWants(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for i, c := range []struct{ country, state, code, wantState, wantCode string }{
		{"us", "illinois", "627011234", "IL", "62701-1234"},
		{"CA", "CA-on", "k1a0b1", "ON", "K1A 0B1"},
		{"GB", "", "sw1a1aa", "", "SW1A 1AA"},
		{"FR", "Bretagne", "35000", "Bretagne", "35000"},
		{"JP", "東京都", "１００-０００１", "東京都", "100-0001"},
		{"IE", "", "", "", ""},
		{"AE", "Dubai", "N/A", "Dubai", "N/A"},
	} {
		in := o.bakery()
		in.ExternalID, in.Location.Numbers, in.Location.MainNumber = fmt.Sprint(i), nil, ""
		in.Address.Country, in.Address.StateOrProvince, in.Address.PostalCode = c.country, c.state, c.code
		got := o.provisioned(t, in).Address
		assert.Equal(t, c.wantState, got.StateOrProvince, "%v", c)
		assert.Equal(t, c.wantCode, got.PostalCode, "%v", c)
	}
}

func fieldsOf(err error) []string {
	var out []string
	for _, p := range fault.ProblemsOf(err) {
		out = append(out, p.Field)
	}
	slices.Sort(out)
	return out
}

func TestATokenSaysWhoAsks(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	actor, err := o.Authenticate(t.Context(), o.token)
	require.NoError(t, err)
	assert.Equal(t, "admin@example.com", actor.Email)
	assert.Equal(t, o.actor.Partner, actor.Partner)
	assert.True(t, actor.May("spark-admin:devices_write"))
	assert.False(t, actor.May("spark-admin:everything"))
	for _, bad := range []string{"", "dtp_guess", o.token.Reveal() + "x", strings.ToLower(o.token.Reveal())} {
		_, err := o.Authenticate(t.Context(), secret.New(bad))
		assert.True(t, fault.Is(err, fault.Denied), bad)
	}
}

func TestAnExpiredTokenIsNobodys(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	hash := customer.TokenHash{1}
	token := customer.Token{Hash: hash, Partner: o.actor.Partner, Admin: o.actor.Admin, Created: *o.clock.Load(), Expires: o.clock.Load().Add(time.Hour), Scopes: []customer.Scope{"x"}}
	require.NoError(t, o.store.Update(t.Context(), o.actor.Tenant(), func(tx customer.Tx) error { return tx.CreateToken(t.Context(), token) }))
	kept, err := o.store.AnyTenantToken(t.Context(), hash)
	require.NoError(t, err)
	assert.True(t, kept.Token.Expires.Equal(token.Expires))
}

func TestBootstrapNeedsNames(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	_, _, err := o.Bootstrap(t.Context(), " ", "not an address")
	assert.Equal(t, []string{"admin", "partner"}, fieldsOf(err))
}

func TestTemplates(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	assert.Equal(t, "en_US", o.template.Language)
	_, err := o.CreateTemplate(t.Context(), o.actor, customer.NewTemplate{Name: "Small", Country: "US", SubscriptionID: "S"})
	assert.True(t, fault.Is(err, fault.Conflict), "the name is taken")
	_, err = o.CreateTemplate(t.Context(), o.actor, customer.NewTemplate{Name: "a\nb", Country: "XX", Language: "xx"})
	assert.Equal(t, []string{"country", "language", "name", "subscriptionId"}, fieldsOf(err))
	list, more, err := o.Templates(t.Context(), o.actor, customer.Page{Max: 10})
	require.NoError(t, err)
	assert.False(t, more)
	assert.Len(t, list, 1)
	one, err := o.Template(t.Context(), o.actor, o.template.ID)
	require.NoError(t, err)
	assert.Equal(t, list[0], one)
}

func TestACustomerIsProvisionedWhole(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	c := o.provisioned(t, o.bakery())
	assert.Equal(t, customer.StatusProvisioned, c.Status)
	assert.Regexp(t, `^c[a-z0-9]{10}\.sip\.example\.test$`, c.SIPDomain)
	assert.Equal(t, "IL", c.Address.StateOrProvince)
	assert.Equal(t, "US", c.Address.Country)
	assert.Equal(t, "en_US", c.Language)
	known, err := o.store.AnyTenantHasSIPDomain(t.Context(), c.SIPDomain)
	require.NoError(t, err)
	assert.True(t, known)

	tenant, err := o.TenantOf(t.Context(), o.actor, c.Org)
	require.NoError(t, err)
	locations, _, err := o.Locations(t.Context(), tenant, customer.LocationFilter{}, customer.Page{Max: 10})
	require.NoError(t, err)
	require.Len(t, locations, 1)
	assert.Equal(t, "en_us", locations[0].Language)
	for _, n := range []string{"+12175550100", "+12175550101"} {
		number, err := o.store.Number(t.Context(), tenant, n)
		require.NoError(t, err, n)
		assert.Equal(t, locations[0].ID, number.Location)
	}
	_, err = o.Provision(t.Context(), o.actor, o.bakery())
	assert.True(t, fault.Is(err, fault.Conflict), "the external id is taken")
}

func TestWhatCantBeACustomerNamesItsFields(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	const location = "provisioningParameters.calling.location"
	for name, c := range map[string]struct {
		change func(*customer.NewCustomer)
		fields []string
	}{
		"template":            {func(c *customer.NewCustomer) { c.ProvisioningID = "unknown" }, []string{"provisioningId"}},
		"no template":         {func(c *customer.NewCustomer) { c.ProvisioningID = "" }, []string{"provisioningId"}},
		"external id":         {func(c *customer.NewCustomer) { c.ExternalID = "" }, []string{"externalId"}},
		"percent in the name": {func(c *customer.NewCustomer) { c.Name = "100%" }, []string{"customerInfo.name"}},
		"e-mail":              {func(c *customer.NewCustomer) { c.PrimaryEmail = "Owner <o@x.example>" }, []string{"customerInfo.primaryEmail"}},
		"no package":          {func(c *customer.NewCustomer) { c.Packages = nil }, []string{"packages"}},
		"unknown package":     {func(c *customer.NewCustomer) { c.Packages = append(c.Packages, "gold") }, []string{"packages"}},
		"package twice":       {func(c *customer.NewCustomer) { c.Packages = append(c.Packages, customer.WebexCalling) }, []string{"packages"}},
		"lonely add-on":       {func(c *customer.NewCustomer) { c.Packages = []customer.Package{customer.AttendantConsole} }, []string{"packages"}},
		"plan without calls":  {func(c *customer.NewCustomer) { c.Packages = []customer.Package{customer.CiscoCallingPlan} }, []string{"packages"}},
		"no location":         {func(c *customer.NewCustomer) { c.Location = nil }, []string{location}},
		"time zone":           {func(c *customer.NewCustomer) { c.Location.TimeZone = "Mars/Base" }, []string{location + ".timezone"}},
		"language":            {func(c *customer.NewCustomer) { c.Language = "tlh" }, []string{"customerInfo.language"}},
		"state":               {func(c *customer.NewCustomer) { c.Address.StateOrProvince = "" }, []string{"address.stateOrProvince"}},
		"unknown state":       {func(c *customer.NewCustomer) { c.Address.StateOrProvince = "XX" }, []string{"address.stateOrProvince"}},
		"postal code":         {func(c *customer.NewCustomer) { c.Address.PostalCode = "SW1A 1AA" }, []string{"address.zipOrPostalCode"}},
		"no postal code":      {func(c *customer.NewCustomer) { c.Address.Country, c.Address.PostalCode = "GB", "" }, []string{"address.zipOrPostalCode"}},
		"long line":           {func(c *customer.NewCustomer) { c.Address.Line1 = strings.Repeat("x", 51) }, []string{"address.addressLine1"}},
		"country":             {func(c *customer.NewCustomer) { c.Address.Country = "USA" }, []string{"address.country"}},
		"number":              {func(c *customer.NewCustomer) { c.Location.Numbers = []string{"555"} }, []string{location + ".numbers"}},
		"attach":              {func(c *customer.NewCustomer) { c.Org = "some-org" }, []string{"orgId"}},
		"zero limit": {func(c *customer.NewCustomer) {
			c.Limits = map[customer.Package]int{customer.WebexCalling: 0, customer.WebexMeetings: 1}
		}, []string{"provisioningParameters.packages.limits.webex_calling"}},
		"mixed limits": {func(c *customer.NewCustomer) { c.Limits = map[customer.Package]int{customer.WebexCalling: 5} }, []string{"provisioningParameters.packages.limits.webex_meetings"}},
		"limit for nothing": {func(c *customer.NewCustomer) {
			c.Limits = map[customer.Package]int{customer.WebexCalling: 5, customer.WebexMeetings: 5, customer.WebexSuite: 5}
		}, []string{"provisioningParameters.packages.limits.webex_suite"}},
		"india": {func(c *customer.NewCustomer) {
			c.Address = customer.Address{Line1: "1", City: "Pune", StateOrProvince: "Maharashtra", PostalCode: "411001", Country: "IN"}
		}, []string{"packages"}},
	} {
		in := o.bakery()
		c.change(&in)
		_, err := o.Provision(t.Context(), o.actor, in)
		require.True(t, fault.Is(err, fault.Invalid), "%s: %v", name, err)
		assert.Equal(t, c.fields, fieldsOf(err), name)
	}
	list, _, err := o.Customers(t.Context(), o.actor, customer.CustomerFilter{}, customer.Page{Max: 10})
	require.NoError(t, err)
	assert.Empty(t, list, "nothing is stored of what is wrong")
}

func TestSubscribers(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	c := o.provisioned(t, o.bakery())
	ada := customer.NewSubscriber{Customer: c.ID, Email: "Ada@Bakery.example", Packages: []customer.Package{customer.WebexCalling}, FirstName: "Ada", CallingIdentity: customer.CallingIdentity{Number: "+1-217-555-0100", Extension: "101"}}
	sub, err := o.subscribe(t, c, ada)
	require.NoError(t, err)
	assert.Equal(t, "ada@bakery.example", sub.Email)
	assert.Equal(t, "bakery", sub.ExternalCustomerID)
	tenant := customer.Tenant{Partner: c.Partner, Customer: c.Org}
	person, err := o.store.Person(t.Context(), tenant, sub.Person)
	require.NoError(t, err)
	assert.True(t, person.Admin, "the first subscriber administers the customer")
	assert.Equal(t, "+12175550100", person.Number)
	number, err := o.store.Number(t.Context(), tenant, "+12175550100")
	require.NoError(t, err)
	assert.Equal(t, customer.MemberID(person.ID), number.Owner)

	second, err := o.subscribe(t, c, customer.NewSubscriber{Customer: c.ID, Email: "b@bakery.example", Packages: []customer.Package{customer.WebexMeetings}})
	require.NoError(t, err, "a package without calls needs no number")
	person, err = o.store.Person(t.Context(), tenant, second.Person)
	require.NoError(t, err)
	assert.False(t, person.Admin)
	assert.Empty(t, person.Location)
}

func TestWhatCantBeASubscriber(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	c := o.provisioned(t, o.bakery())
	right := customer.NewSubscriber{Customer: c.ID, Email: "ada@bakery.example", Packages: []customer.Package{customer.WebexCalling}, CallingIdentity: customer.CallingIdentity{Number: "+12175550100", Extension: "101"}}
	_, err := o.subscribe(t, c, right)
	require.NoError(t, err)
	right = customer.NewSubscriber{Customer: c.ID, Email: "bob@bakery.example", Packages: []customer.Package{customer.WebexCalling}, CallingIdentity: customer.CallingIdentity{Extension: "102"}}
	for name, x := range map[string]struct {
		change func(*customer.NewSubscriber)
		kind   fault.Kind
	}{
		"e-mail taken":       {func(s *customer.NewSubscriber) { s.Email = "ADA@bakery.example" }, fault.Conflict},
		"extension taken":    {func(s *customer.NewSubscriber) { s.Extension = "101" }, fault.Conflict},
		"number taken":       {func(s *customer.NewSubscriber) { s.Number = "+12175550100" }, fault.Conflict},
		"unknown number":     {func(s *customer.NewSubscriber) { s.Number = "+12175550199" }, fault.Invalid},
		"bad number":         {func(s *customer.NewSubscriber) { s.Number = "12" }, fault.Invalid},
		"bad extension":      {func(s *customer.NewSubscriber) { s.Extension = "1a" }, fault.Invalid},
		"neither":            {func(s *customer.NewSubscriber) { s.Extension = "" }, fault.Invalid},
		"no e-mail":          {func(s *customer.NewSubscriber) { s.Email = "" }, fault.Invalid},
		"not the customer's": {func(s *customer.NewSubscriber) { s.Packages = []customer.Package{customer.WebexSuite} }, fault.Invalid},
		"not for people":     {func(s *customer.NewSubscriber) { s.Packages = []customer.Package{customer.CommonAreaCalling} }, fault.Invalid},
		"two base packages": {func(s *customer.NewSubscriber) {
			s.Packages = []customer.Package{customer.WebexCalling, customer.WebexMeetings}
		}, fault.Invalid},
		"the same twice": {func(s *customer.NewSubscriber) {
			s.Packages = []customer.Package{customer.WebexCalling, customer.WebexCalling}
		}, fault.Invalid},
		"no package":       {func(s *customer.NewSubscriber) { s.Packages = nil }, fault.Invalid},
		"an add-on alone":  {func(s *customer.NewSubscriber) { s.Packages = []customer.Package{customer.AttendantConsole} }, fault.Invalid},
		"unknown location": {func(s *customer.NewSubscriber) { s.Location = "nowhere" }, fault.Invalid},
		"line break":       {func(s *customer.NewSubscriber) { s.FirstName = "Bob\nstatic.x = y" }, fault.Invalid},
		"line separator":   {func(s *customer.NewSubscriber) { s.LastName = "B\u2028b" }, fault.Invalid},
	} {
		in := right
		x.change(&in)
		_, err := o.subscribe(t, c, in)
		require.Error(t, err, name)
		assert.Equal(t, x.kind, fault.KindOf(err), "%s: %v", name, err)
	}
	list, _, err := o.Subscribers(t.Context(), o.actor.Tenant(), customer.SubscriberFilter{}, customer.Page{Max: 10})
	require.NoError(t, err)
	assert.Len(t, list, 1, "nothing is stored of what is wrong")
}

func TestTheLastUnitGoesToOneOfTwo(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	in := o.bakery()
	in.Limits = map[customer.Package]int{customer.WebexCalling: 3, customer.WebexMeetings: 1}
	c := o.provisioned(t, in)
	var all sync.WaitGroup
	var won, refused atomic.Int32
	for i := range 8 {
		all.Go(func() {
			_, err := o.subscribe(t, c, customer.NewSubscriber{Customer: c.ID, Email: fmt.Sprintf("p%d@bakery.example", i), Packages: []customer.Package{customer.WebexCalling}, CallingIdentity: customer.CallingIdentity{Extension: fmt.Sprint(200 + i)}})
			if err == nil {
				won.Add(1)
			} else if fault.Is(err, fault.Conflict) {
				refused.Add(1)
			}
		})
	}
	all.Wait()
	assert.Equal(t, int32(3), won.Load())
	assert.Equal(t, int32(5), refused.Load())
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	c, err := o.Provision(t.Context(), o.actor, o.bakery())
	require.NoError(t, err)
	tenant := customer.Tenant{Partner: c.Partner, Customer: c.Org}
	locations, _, err := o.Locations(t.Context(), tenant, customer.LocationFilter{Name: "sHo"}, customer.Page{Max: 10})
	require.NoError(t, err)
	require.Len(t, locations, 1)
	add := func(actor customer.Actor, tenant customer.Tenant, numbers ...string) error {
		return o.AddNumbers(t.Context(), actor, tenant, customer.NewNumbers{Location: locations[0].ID, E164: numbers})
	}
	require.NoError(t, add(o.actor, tenant, "+12175550110", "+12175550100"), "one is there already, which is fine")
	assert.Equal(t, []string{"phoneNumbers[1]"}, fieldsOf(add(o.actor, tenant, "+12175550111", "nonsense")))
	_, err = o.store.Number(t.Context(), tenant, "+12175550111")
	assert.True(t, fault.Is(err, fault.NotFound), "all or none")
	assert.Equal(t, []string{"phoneNumbers"}, fieldsOf(add(o.actor, tenant)))
	assert.Equal(t, []string{"phoneNumbers"}, fieldsOf(add(o.actor, tenant, make([]string, 501)...))[:1])
	assert.True(t, fault.Is(o.AddNumbers(t.Context(), o.actor, tenant, customer.NewNumbers{Location: "nowhere", E164: []string{"+12175550111"}}), fault.NotFound))

	other, _, err := o.Bootstrap(t.Context(), "Other Telecom", "other@example.com")
	require.NoError(t, err)
	assert.True(t, fault.Is(add(other, other.Tenant(), "+12175550112"), fault.NotFound), "another partner's location isn't there")
}

func TestAnotherPartnersCustomerIsNotThere(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	c, err := o.Provision(t.Context(), o.actor, o.bakery())
	require.NoError(t, err)
	other, _, err := o.Bootstrap(t.Context(), "Other Telecom", "other@example.com")
	require.NoError(t, err)
	_, err = o.Customer(t.Context(), other, c.ID)
	assert.True(t, fault.Is(err, fault.NotFound))
	_, err = o.TenantOf(t.Context(), other, c.Org)
	assert.True(t, fault.Is(err, fault.NotFound))
	_, err = o.Provision(t.Context(), other, o.bakery())
	assert.Equal(t, []string{"provisioningId"}, fieldsOf(err), "another partner's template isn't there")
	all, err := o.TenantOf(t.Context(), other, "")
	require.NoError(t, err)
	list, _, err := o.Locations(t.Context(), all, customer.LocationFilter{}, customer.Page{Max: 10})
	require.NoError(t, err)
	assert.NotNil(t, list)
	assert.Empty(t, list)
}

func TestLocales(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ asked, country, want string }{
		{"en", "GB", "en_GB"}, {"en", "DE", "en_US"}, {"fr", "CA", "fr_CA"}, {"de", "US", "de_DE"}, {"zh", "US", "zh_CN"}, {"pt", "BR", "pt_BR"},
		{"pt", "US", "pt_PT"}, {"en_gb", "US", "en_GB"}, {"EN-us", "DE", "en_US"}, {"es", "MX", "es_MX"}, {"es", "US", "es_ES"},
	} {
		got, ok := customer.Locale(c.asked, c.country)
		assert.True(t, ok, c.asked)
		assert.Equal(t, c.want, got, "%s in %s", c.asked, c.country)
	}
	for _, bad := range []string{"", "tlh", "en_DE", "e", "english"} {
		_, ok := customer.Locale(bad, "US")
		assert.False(t, ok, bad)
	}
}

func TestDisplayNames(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "Ada Lovelace", customer.Person{FirstName: "Ada", LastName: "Lovelace"}.DisplayName())
	assert.Equal(t, "Ada", customer.Person{FirstName: "Ada"}.DisplayName())
	assert.Equal(t, "ada", customer.Person{Email: "ada@example.com"}.DisplayName())
}
