package provisioning_test

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/people"
	"dialtone/provisioning"
	"dialtone/secret"
	"dialtone/store"
	"dialtone/store/storetest"
)

// site is the core on a database of its own, with a folder of firmware and a customer in Berlin.
type site struct {
	core     *provisioning.Service
	people   *people.Service
	db       *store.Store
	files    fstest.MapFS
	now      time.Time
	actor    customer.Actor
	customer customer.Customer
	make     func() *provisioning.Service
	phones   int
}

func newSite(t *testing.T) *site {
	t.Helper()
	x := &site{now: time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC), files: fstest.MapFS{}}
	var err error
	x.db, err = store.Open(t.Context(), store.Config{URL: filepath.Join(t.TempDir(), "site.db")})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, x.db.Close()) })
	now := func() time.Time { return x.now }
	var promises storetest.Promises
	customers := customer.NewService(customer.Config{Store: promises.Customers(x.db.Customers()), Now: now, Random: rand.Reader, NewID: uuid.NewString, SIPDomain: "sip.example.test"})
	key, err := secret.NewMasterKey(rand.Reader)
	require.NoError(t, err)
	ring, err := secret.ParseKeyring(key, rand.Reader)
	require.NoError(t, err)
	x.make = func() *provisioning.Service {
		core, err := provisioning.New(provisioning.Config{
			Store: promises.Provisioning(x.db.Provisioning()), Customers: customers, Keyring: ring, Now: now, Random: rand.Reader, NewID: uuid.NewString,
			Logger: slog.New(slog.DiscardHandler), Firmware: x.files,
		})
		require.NoError(t, err)
		core.Announce(deviceprofiles.Service{HTTPSBase: "https://phones.example.test"}, deviceprofiles.SIP{Transport: deviceprofiles.TLS, Expires: 3600})
		return core
	}
	x.core = x.make()
	x.people = people.NewService(people.Config{Store: promises.Provisioning(x.db.Provisioning()), Customers: customers, Core: x.core, Now: now})
	promises.Employ(customers.Workers()...)
	promises.Employ(x.core.Workers()...)
	ctx := t.Context()
	x.actor, _, err = customers.Bootstrap(ctx, "Example Telecom", "admin@example.com")
	require.NoError(t, err)
	template, err := customers.CreateTemplate(ctx, x.actor, customer.NewTemplate{Name: "Small", Country: "DE", Language: "de", SubscriptionID: "Sub-1"})
	require.NoError(t, err)
	address := customer.Address{Line1: "Platz 1", City: "Berlin", PostalCode: "10115", Country: "DE"}
	x.customer, err = customers.Provision(ctx, x.actor, customer.NewCustomer{
		ProvisioningID: template.ProvisioningID, ExternalID: "site", Name: "Site", PrimaryEmail: "owner@site.example", Address: address,
		Packages: []customer.Package{customer.WebexCalling}, Location: &customer.NewLocation{Name: "Mitte", Address: address, TimeZone: "Europe/Berlin", Language: "de_de"},
	})
	require.NoError(t, err)
	return x
}

// phone adds a phone with somebody whose it is.
func (x *site) phone(t *testing.T, model, mac string) provisioning.DeviceView {
	t.Helper()
	x.phones++
	sub, err := x.people.AddSubscriber(t.Context(), x.actor, customer.NewSubscriber{
		Customer: x.customer.ID, Email: fmt.Sprintf("p%d@site.example", x.phones), Packages: []customer.Package{customer.WebexCalling},
		CallingIdentity: customer.CallingIdentity{Extension: fmt.Sprint(1000 + x.phones)},
	})
	require.NoError(t, err)
	d, err := x.core.AddDevice(t.Context(), x.actor, x.customer.Tenant(), provisioning.NewDevice{MAC: mac, Model: model, Person: sub.Person})
	require.NoError(t, err)
	return d
}

// put puts a file into the folder; "" takes it away.
func (x *site) put(name, content string) {
	if delete(x.files, name); content != "" {
		x.files[name] = &fstest.MapFile{Data: []byte(content), ModTime: x.now}
	}
}

func (x *site) check(t *testing.T) {
	t.Helper()
	require.NoError(t, x.core.CheckFirmware(t.Context()))
}

// told is the line of a phone's own file that begins with a name; "" without one.
func (x *site) told(t *testing.T, d provisioning.DeviceView, name string) string {
	t.Helper()
	view, err := x.core.Files(t.Context(), x.customer.Tenant(), d.ID)
	require.NoError(t, err)
	for _, file := range view.Files {
		for line := range strings.Lines(file.Masked) {
			if line = strings.TrimSpace(line); strings.HasPrefix(strings.TrimLeft(line, "<"), name) {
				return line
			}
		}
	}
	return ""
}

func (x *site) revision(t *testing.T, d provisioning.DeviceView) int64 {
	t.Helper()
	now, err := x.core.Device(t.Context(), x.customer.Tenant(), d.ID)
	require.NoError(t, err)
	return now.Revision
}

// says lets the phone fetch its own file with a user agent.
func (x *site) says(t *testing.T, d provisioning.DeviceView, agent string) {
	t.Helper()
	x.core.Record(provisioning.TraceEntry{
		MAC: d.MAC, Device: d.ID, Door: "https", Peer: netip.MustParseAddr("192.0.2.7"), Request: "GET /x", UserAgent: agent, Revision: 1,
		Proof: provisioning.ProofDigest, Standing: provisioning.StandingFetched,
	})
}

// loads lets the phone fetch a file of the folder.
func (x *site) loads(t *testing.T, path, agent string) {
	t.Helper()
	opened, err := x.core.Open(t.Context(), provisioning.Request{
		Path: path, UserAgent: agent, Peer: netip.MustParseAddrPort("192.0.2.7:4000"), Transport: provisioning.HTTPS,
	})
	require.NoError(t, err)
	require.NoError(t, opened.Content.Close())
}

const yealinkPlan = `{"firmware": [{"families": ["yealink"], "file": "yealink/new.rom", "version": "96.86.0.75"}]}`

// The whole way: a plan, a phone that must say what it runs first, its upgrade, and what is left when the plan goes.
func TestAPhoneIsToldItsFirmwareUntilItRunsIt(t *testing.T) {
	t.Parallel()
	x := newSite(t)
	d := x.phone(t, "Yealink T54W", "805EC0AABBCC")
	x.put("firmware.json", yealinkPlan)
	x.put("yealink/new.rom", "image")
	x.check(t)
	assert.Empty(t, x.told(t, d, "static.firmware"), "nobody knows what it runs")

	x.says(t, d, "Yealink SIP-T54W 96.86.0.70 80:5e:c0:aa:bb:cc")
	before := x.revision(t, d)
	x.check(t)
	assert.Equal(t, before+1, x.revision(t, d))
	assert.Equal(t, "static.firmware.url = https://phones.example.test/firmware/yealink/new.rom", x.told(t, d, "static.firmware"))
	x.check(t)
	assert.Equal(t, before+1, x.revision(t, d), "there is nothing to do")
	view, err := x.core.Firmware(t.Context(), x.customer.Tenant())
	require.NoError(t, err)
	require.Len(t, view.Counts, 1)
	assert.Equal(t, provisioning.FirmwareDue, view.Counts[0].State.Progress())

	x.says(t, d, "Yealink SIP-T54W 96.86.0.75 80:5e:c0:aa:bb:cc")
	x.check(t)
	assert.Equal(t, "static.firmware.url =", x.told(t, d, "static.firmware"), "it would keep the old one")
	assert.Equal(t, before+2, x.revision(t, d))
	view, err = x.core.Firmware(t.Context(), x.customer.Tenant())
	require.NoError(t, err)
	assert.Equal(t, provisioning.FirmwareDone, view.Counts[0].State.Progress())

	x.says(t, d, "Yealink SIP-T54W 96.86.0.70 80:5e:c0:aa:bb:cc") // somebody set it back
	x.check(t)
	assert.NotEqual(t, "static.firmware.url =", x.told(t, d, "static.firmware"))
	x.put("yealink/new.rom", "")
	x.check(t)
	assert.Equal(t, "static.firmware.url =", x.told(t, d, "static.firmware"), "the file went")
}

// A phone that compares itself is told at once, and a broken plan changes nothing, also over a restart.
func TestABrokenPlanChangesNothing(t *testing.T) {
	t.Parallel()
	x := newSite(t)
	d := x.phone(t, "Cisco 8851", "00562B043615")
	x.put("cisco/sip88xx.12-0-7MPP0201-66.loads", "loads")
	x.put("languages/de.xml", "texts")
	x.put("firmware.json", `{"firmware": [{"models": ["Cisco 8851"], "file": "cisco/sip88xx.12-0-7MPP0201-66.loads", "version": "12.0.7"}],
		"languages": [{"families": ["cisco-mpp"], "language": "de", "name": "German", "file": "languages/de.xml"}]}`)
	x.check(t)
	rule := `Upgrade_Rule ua="na">($SWVER ne sip88xx.12-0-7MPP0201-66)?https://phones.example.test/firmware/cisco/sip88xx.12-0-7MPP0201-66.loads</Upgrade_Rule>`
	assert.Equal(t, "<"+rule, x.told(t, d, "Upgrade_Rule"))
	assert.Contains(t, x.told(t, d, "Dictionary_Server_Script"), "serv=https://phones.example.test/firmware/languages/;d0=German;x0=de.xml")
	revision := x.revision(t, d)

	x.put("firmware.json", `{"firmware": [{"models": ["Cisco 8851"]}]}`)
	x.check(t)
	view, err := x.core.Firmware(t.Context(), x.customer.Tenant())
	require.NoError(t, err)
	assert.Contains(t, view.Problem, "firmware[0].file: must be the way to a file")
	assert.Len(t, view.Plan.Rules, 1, "what counts is what it said before")
	x.core = x.make()
	x.check(t)
	assert.Equal(t, revision, x.revision(t, d))

	x.put("firmware.json", "{}")
	x.check(t)
	assert.Equal(t, `<Upgrade_Rule ua="na"></Upgrade_Rule>`, x.told(t, d, "Upgrade_Rule"))
	assert.Equal(t, revision+1, x.revision(t, d))
}

// A phone that loads the same again and again is told it no more, and somebody is told of the phone.
func TestALoopEnds(t *testing.T) {
	t.Parallel()
	x := newSite(t)
	const agent = "Cisco-CP-8851-3PCC/12.0.1 (00562b043615)"
	d := x.phone(t, "Cisco 8851", "00562B043615")
	x.put("a/sip88xx.12-0-7MPP0201-66.loads", "loads")
	x.put("firmware.json", `{"firmware": [{"families": ["cisco-mpp"], "file": "a/sip88xx.12-0-7MPP0201-66.loads", "version": "12.0.7"}]}`)
	x.says(t, d, agent)
	x.check(t)
	for range 3 {
		x.loads(t, "/firmware/a/sip88xx.12-0-7MPP0201-66.loads", agent)
		x.now = x.now.Add(time.Minute)
		x.loads(t, "/firmware/a/sip88xx.12-0-7MPP0201-66.loads", agent) // in parts
		x.now = x.now.Add(time.Hour)
	}
	x.check(t)
	assert.Equal(t, `<Upgrade_Rule ua="na"></Upgrade_Rule>`, x.told(t, d, "Upgrade_Rule"))
	alarms, _, err := x.core.Alarms(t.Context(), x.customer.Tenant(), customer.Page{Max: 10})
	require.NoError(t, err)
	require.Len(t, alarms, 1)
	assert.Equal(t, "The phone 00562B043615 fetched the firmware a/sip88xx.12-0-7MPP0201-66.loads 3 times within a day and still runs 12.0.1.", alarms[0].Sentence)
	assert.Equal(t, provisioning.AlarmFirmwareLoop, alarms[0].Kind)
	why, err := x.core.Why(t.Context(), x.customer.Tenant(), d.ID)
	require.NoError(t, err)
	assert.Equal(t, "firmware_loop", string(why.Cause))

	x.now = x.now.Add(time.Minute)
	x.put("firmware.json", `{"firmware": [{"families": ["cisco-mpp"], "file": "b/sip88xx.12-0-7MPP0201-66.loads", "version": "12.0.7"}]}`)
	x.put("b/sip88xx.12-0-7MPP0201-66.loads", "mended")
	x.check(t)
	assert.Contains(t, x.told(t, d, "Upgrade_Rule"), "/firmware/b/")
	alarms, _, err = x.core.Alarms(t.Context(), x.customer.Tenant(), customer.Page{Max: 10})
	require.NoError(t, err)
	require.Len(t, alarms, 1)
	assert.False(t, alarms[0].Open)
}

func TestThePlanItselfIsForNobody(t *testing.T) {
	t.Parallel()
	x := newSite(t)
	x.put("firmware.json", yealinkPlan)
	_, err := ask(t, x.core, provisioning.HTTPS, "/firmware/firmware.json")
	require.Error(t, err)
}
