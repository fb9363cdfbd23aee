package store_test

import (
	"crypto/rand"
	"database/sql"
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fleet"
	"dialtone/people"
	"dialtone/provisioning"
	"dialtone/secret"
	"dialtone/store"
	"dialtone/store/pgtest"
	"dialtone/store/storetest"
)

// The fleet of BenchmarkFleet: all of one partner. Its organisations take turns, so that the devices of one are spread over the whole list.
const (
	fleetDevices   = 1_000_000
	fleetOrgs      = 1_000
	fleetLocations = 2_000 // two each
	fleetChunk     = 20_000
)

// bigFleet is a full database with the services above it. One phone was made by them; the others are its copies, written by SQL. What is sealed in a copy
// has the size of the real thing, and can't be opened.
type bigFleet struct {
	*provisioning.Service
	many      *fleet.Service
	staff     *people.Service
	db        *store.Store
	customers *customer.Service
	promises  storetest.Promises
	actor     customer.Actor
	bakery    customer.Customer // whose phones are real
	shop      customer.Location
	people    []customer.MemberID
}

// fleetDatabases says where the databases are that BenchmarkFleet fills, and with which driver to write to them beside the store.
var fleetDatabases = map[string]func(testing.TB) (driver, url string){
	"sqlite":   func(b testing.TB) (string, string) { return "sqlite", filepath.Join(b.TempDir(), "fleet.db") },
	"postgres": func(b testing.TB) (string, string) { return "pgx", pgtest.URL(b) },
}

func newFleet(b *testing.B, driver, url string) *bigFleet {
	b.Helper()
	f := &bigFleet{db: open(b, url)}
	newID := func() string { return uuid.Must(uuid.NewV7()).String() }
	key, err := secret.NewMasterKey(rand.Reader)
	require.NoError(b, err)
	ring, err := secret.ParseKeyring(key, rand.Reader)
	require.NoError(b, err)
	f.customers = customer.NewService(customer.Config{Store: f.promises.Customers(f.db.Customers()), Now: time.Now, Random: rand.Reader, NewID: newID, SIPDomain: "sip.example.test"})
	f.Service, err = provisioning.New(provisioning.Config{
		Store: f.promises.Provisioning(f.db.Provisioning()), Customers: f.customers, Keyring: ring, Now: time.Now, Random: rand.Reader, NewID: newID,
		Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(b, err)
	f.staff = people.NewService(people.Config{Store: f.promises.Provisioning(f.db.Provisioning()), Customers: f.customers, Core: f.Service, Now: time.Now})
	f.many = fleet.NewService(fleet.Config{
		Store: f.promises.Fleet(f.db.Fleet()), Core: f.Service, Now: time.Now, NewID: newID, Logger: slog.New(slog.DiscardHandler),
	})
	f.Announce(
		deviceprofiles.Service{HTTPBase: "http://phones.example.test:8081", HTTPSBase: "https://phones.example.test:8443"},
		deviceprofiles.SIP{Transport: deviceprofiles.TLS, Expires: 3600},
	)
	f.promises.Employ(append(f.customers.Workers(), f.Workers()...)...)
	f.openBakery(b)
	f.hire(b, 2)
	sample := f.phone(b, 0)
	f.share(b, sample, 0)
	f.register(b, sample)
	f.fill(b, driver, url, sample)
	return f
}

// openBakery makes the partner and the customer whose phones are real.
func (f *bigFleet) openBakery(b *testing.B) {
	b.Helper()
	var err error
	f.actor, _, err = f.customers.Bootstrap(b.Context(), "Example Telecom", "admin@example.com")
	require.NoError(b, err)
	template, err := f.customers.CreateTemplate(b.Context(), f.actor, customer.NewTemplate{Name: "Small", Country: "US", Language: "en", SubscriptionID: "Sub-1"})
	require.NoError(b, err)
	address := customer.Address{Line1: "1 Main Street", City: "Springfield", StateOrProvince: "IL", PostalCode: "62701", Country: "US"}
	c, err := f.customers.Provision(b.Context(), f.actor, customer.NewCustomer{
		ProvisioningID: template.ProvisioningID, ExternalID: "bakery", Name: "Bakery", PrimaryEmail: "owner@bakery.example", Address: address,
		Packages: []customer.Package{customer.WebexCalling},
		Location: &customer.NewLocation{Name: "Shop", Address: address, TimeZone: "America/Chicago", Language: "en_us"},
	})
	require.NoError(b, err)
	f.bakery, err = f.customers.Customer(b.Context(), f.actor, c.ID)
	require.NoError(b, err)
	locations, _, err := f.customers.Locations(b.Context(), f.bakery.Tenant(), customer.LocationFilter{}, customer.Page{Max: 1})
	require.NoError(b, err)
	f.shop = locations[0]
}

// hire gives the bakery so many people.
func (f *bigFleet) hire(b *testing.B, count int) {
	b.Helper()
	for range count {
		n := len(f.people)
		sub, err := f.staff.AddSubscriber(b.Context(), f.actor, customer.NewSubscriber{
			Customer: f.bakery.ID, Email: fmt.Sprintf("p%d@bakery.example", n), FirstName: "Bo", LastName: fmt.Sprint("Baker", n), Packages: []customer.Package{customer.WebexCalling},
			CallingIdentity: customer.CallingIdentity{Extension: fmt.Sprint(1000 + n), Location: f.shop.ID},
		})
		require.NoError(b, err)
		f.people = append(f.people, customer.MemberID(sub.Person))
	}
}

// phone adds the phone of somebody of the bakery.
func (f *bigFleet) phone(b *testing.B, owner int) provisioning.DeviceID {
	b.Helper()
	d, err := f.AddDevice(b.Context(), f.actor, f.bakery.Tenant(), provisioning.NewDevice{
		MAC: fmt.Sprintf("00562B%06X", owner), Model: "DMS Cisco 8851", Person: customer.PersonID(f.people[owner]),
	})
	require.NoError(b, err)
	return d.ID
}

// share puts a line of somebody's neighbour on their phone, which makes its second revision.
func (f *bigFleet) share(b *testing.B, id provisioning.DeviceID, owner int) {
	b.Helper()
	neighbour := f.people[(owner+1)%len(f.people)]
	require.NoError(b, f.SetMembers(b.Context(), f.actor, f.bakery.Tenant(), id, []provisioning.NewMember{
		{Member: f.people[owner], Primary: true, Options: provisioning.LineOptions{Weight: 1}}, {Member: neighbour, Options: provisioning.LineOptions{Weight: 1}},
	}))
}

// register gives the first line of a phone a registration, and tags the phone.
func (f *bigFleet) register(b *testing.B, id provisioning.DeviceID) {
	b.Helper()
	_, err := f.ChangeTags(b.Context(), f.actor, f.bakery.Tenant(), id, provisioning.TagsAdd, []string{"sample"})
	require.NoError(b, err)
	lines, err := f.db.Provisioning().Lines(b.Context(), f.bakery.Tenant(), id)
	require.NoError(b, err)
	ids := []provisioning.LineID{lines[0].ID}
	err = f.db.Provisioning().UpdateBindings(b.Context(), ids, func(map[provisioning.LineID]provisioning.BoundLine) (map[provisioning.LineID][]provisioning.Binding, error) {
		return map[provisioning.LineID][]provisioning.Binding{ids[0]: {{
			Line: ids[0], Contact: "sip:1@192.0.2.1:5060", CallID: "1", CSeq: 1, Transport: "tls", Source: netip.MustParseAddrPort("192.0.2.1:5060"), UserAgent: "Bench",
			Registered: time.Now(), Expires: time.Now().Add(24 * time.Hour),
		}}}, nil
	})
	require.NoError(b, err)
}

// Numbers of the copies, as SQL that both databases understand; n.i counts from 0. What is drawn differs from copy to copy as if by chance, and is the
// same in every run.
const (
	drawn      = "n.i * 48271 % 2147483647"
	drawnAgain = "n.i * 69621 % 2147483647"
)

// fleetID is the SQL of an id of the nth copy; each kind has its own digit.
func fleetID(kind int, n string) string {
	return fmt.Sprintf("CAST(%d0000000 + %s AS TEXT) || '-0000-7000-8000-000000000000'", kind, n)
}

// The first digits of the copies' ids.
const (
	ofCustomers = 1 + iota
	ofOrgs
	ofLocations
	ofMembers
	ofDevices
	ofLines
)

// copied is the id that fleetID gives the nth copy.
func copied(kind, n int) string {
	return fmt.Sprintf("%d-0000-7000-8000-000000000000", kind*10_000_000+n)
}

// fleetStart is when the first copy was made; the others follow, one a millisecond.
var fleetStart = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// placeInFleet is the cursor behind the nth copy.
func placeInFleet(n int) customer.Cursor {
	return customer.Cursor{At: fleetStart.Add(time.Duration(n) * time.Millisecond), ID: copied(ofDevices, n)}
}

// fill writes the copies beside the store, which is quick: unchecked, unflushed and some thousand in one statement.
func (f *bigFleet) fill(b *testing.B, driver, url string, sample provisioning.DeviceID) {
	b.Helper()
	db, err := sql.Open(driver, url)
	require.NoError(b, err)
	defer func() { assert.NoError(b, db.Close()) }()
	db.SetMaxOpenConns(1) // the settings below are a connection's
	settings, finish := []string{"PRAGMA synchronous = OFF", "PRAGMA cache_size = -200000", "PRAGMA busy_timeout = 10000"}, []string{"PRAGMA wal_checkpoint(TRUNCATE)"}
	if driver == "pgx" {
		settings, finish = []string{"SET session_replication_role = replica"}, []string{"VACUUM ANALYZE", "CHECKPOINT"} //nolint:misspell // which autovacuum does in time; PostgreSQL spells it so
	}
	run := func(statements ...string) {
		for _, s := range statements {
			_, err := db.ExecContext(b.Context(), s)
			require.NoError(b, err, s)
		}
	}
	run(settings...)
	began := time.Now()
	for _, c := range f.copies(sample) {
		for from := 0; from < c.count; from += fleetChunk {
			run(c.statement(b, db, from, min(from+fleetChunk, c.count)))
		}
		b.Logf("%s: %d after %s", c.table, c.count, time.Since(began).Round(time.Second))
	}
	run(finish...)
}

// copies says which rows of which tables are copied, how often, and what differs.
func (f *bigFleet) copies(sample provisioning.DeviceID) []copies {
	org, device, owner, line := fleetID(ofOrgs, fmt.Sprint("n.i % ", fleetOrgs)), fleetID(ofDevices, "n.i"), fleetID(ofMembers, "n.i"), fleetID(ofLines, "n.i")
	location := fleetID(ofLocations, fmt.Sprint("n.i % ", fleetLocations))
	created := fmt.Sprintf("%d + n.i * 1000", fleetStart.UnixMicro())
	ofSample := "s.device_id = '" + string(sample) + "'"
	name := "'name' || CAST(" + drawn + " % 10000 AS TEXT)"
	tags := func(tag, which string) copies {
		return copies{"device_tags", ofSample, which, fleetDevices, map[string]string{"device_id": device, "tag": tag, "org_id": org, "created": created}}
	}
	return []copies{
		{"organizations", "s.id = '" + string(f.bakery.Org) + "'", "", fleetOrgs, map[string]string{"id": org, "sip_domain": org}},
		{"customers", "s.id = '" + string(f.bakery.ID) + "'", "", fleetOrgs, map[string]string{"id": fleetID(ofCustomers, "n.i"), "org_id": org, "external_id": org, "created": created}},
		{"locations", "s.id = '" + string(f.shop.ID) + "'", "", fleetLocations, map[string]string{"id": location, "org_id": org, "created": created}},
		{"members", "s.id = '" + string(f.people[0]) + "'", "", fleetDevices, map[string]string{
			"id": owner, "org_id": org, "location_id": location, "email": owner + " || '@example.com'", "extension": "CAST(1000000 + n.i AS TEXT)", "created": created,
			"first_name": "CASE WHEN n.i % 10 = 0 THEN 'Ada' ELSE 'Bo' END", "last_name": name,
			"folded_name": "CASE WHEN n.i % 10 = 0 THEN 'ada ' ELSE 'bo ' END || " + name, "folded_last": name + " || ' bo'",
		}},
		{"devices", "s.id = '" + string(sample) + "'", "", fleetDevices, map[string]string{
			"id": device, "org_id": org, "owner_id": owner, "location_id": location, "mac": "CAST(200000000000 + " + drawn + " AS TEXT)", "created": created,
			"model":      "CASE WHEN " + drawn + " % 2000 = 1 THEN 'DMS Cisco 7811' WHEN " + drawn + " % 5 = 0 THEN 'DMS Yealink T54W' ELSE s.model END",
			"tags":       `'["sample"]'`,
			"first_seen": "CASE WHEN " + drawnAgain + " % 100 = 99 THEN 0 ELSE s.created END", "last_seen": "CASE WHEN " + drawnAgain + " % 100 = 99 THEN 0 ELSE s.created END",
			"activation": "CASE WHEN " + drawnAgain + " % 10000 = 9999 THEN 'activating' ELSE s.activation END",
		}},
		tags(fmt.Sprint("'site-' || CAST(n.i % ", fleetLocations, " AS TEXT)"), ""),
		tags("'common'", drawn+" % 5 = 2"),
		tags("'rare'", drawn+" % 1000 = 7"),
		{"lines", ofSample + " AND s.port = 1", "", fleetDevices, map[string]string{
			"id": line, "org_id": org, "device_id": device, "owner_id": owner, "user_name": "'u' || CAST(" + drawn + " AS TEXT)", "domain": org, "created": created,
		}},
		{"bindings", "s.line_id IN (SELECT id FROM lines WHERE device_id = '" + string(sample) + "')", drawnAgain + " % 100 < 30", fleetDevices, map[string]string{"line_id": line}},
		{"device_revisions", ofSample, "n.i % 10 = 0", fleetDevices, map[string]string{"device_id": device, "org_id": org, "at": created + " + s.revision"}},
		{"events", ofSample + " AND s.kind = 'device.created'", "", fleetDevices, map[string]string{
			"id": "", "xact": "", "org_id": org, "subject": device, "device_id": device, "at": created,
		}},
	}
}

// copies are rows of one table that are made of one of its rows, or a few.
type copies struct {
	table  string
	from   string // which rows, s
	which  string // which numbers get a copy; "" for all
	count  int
	change map[string]string // by column: the SQL of a copy's value; "" leaves it to the database
}

// statement returns the SQL that writes the copies with numbers from first to before end.
func (c copies) statement(b *testing.B, db *sql.DB, first, end int) string {
	b.Helper()
	rows, err := db.QueryContext(b.Context(), "SELECT * FROM "+c.table+" LIMIT 0")
	require.NoError(b, err)
	defer rows.Close()
	all, err := rows.Columns()
	require.NoError(b, err)
	require.NoError(b, rows.Err())
	var columns, values []string
	for _, column := range all {
		value, changed := c.change[column]
		switch {
		case !changed:
			value = "s." + column
		case value == "":
			continue
		}
		columns, values = append(columns, column), append(values, value)
	}
	text := fmt.Sprintf("INSERT INTO %s (%s) WITH RECURSIVE n(i) AS (SELECT CAST(%d AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < %d) SELECT %s FROM n, %[1]s s WHERE %[6]s",
		c.table, strings.Join(columns, ", "), first, end-1, strings.Join(values, ", "), c.from)
	if c.which != "" {
		text += " AND " + c.which
	}
	return text
}
