package fleet_test

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/fleet"
	"dialtone/people"
	"dialtone/provisioning"
	"dialtone/secret"
	"dialtone/store"
	"dialtone/store/storetest"
)

// yard is the core on a database of its own, with a customer that has some phones.
type yard struct {
	core     *provisioning.Service
	fleet    *fleet.Service
	db       *store.Store
	promises storetest.Promises
	now      time.Time
	pace     time.Duration // by which the clock goes on whenever it is looked at
	actor    customer.Actor
	customer customer.Customer
	location customer.LocationID
	phones   []provisioning.DeviceID
}

func newYard(t *testing.T, phones int) *yard {
	t.Helper()
	f := &yard{now: time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC)}
	var err error
	f.db, err = store.Open(t.Context(), store.Config{URL: filepath.Join(t.TempDir(), "fleet.db")})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, f.db.Close()) })
	now := func() time.Time { f.now = f.now.Add(f.pace); return f.now }
	customers := customer.NewService(customer.Config{Store: f.promises.Customers(f.db.Customers()), Now: now, Random: rand.Reader, NewID: uuid.NewString, SIPDomain: "sip.example.test"})
	key, err := secret.NewMasterKey(rand.Reader)
	require.NoError(t, err)
	ring, err := secret.ParseKeyring(key, rand.Reader)
	require.NoError(t, err)
	f.core, err = provisioning.New(provisioning.Config{
		Store: f.promises.Provisioning(f.db.Provisioning()), Customers: customers, Keyring: ring, Now: now, Random: rand.Reader, NewID: uuid.NewString, Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	f.fleet = fleet.NewService(fleet.Config{Store: f.promises.Fleet(f.db.Fleet()), Core: f.core, Now: now, NewID: uuid.NewString, Logger: slog.New(slog.DiscardHandler)})
	f.core.Announce(deviceprofiles.Service{HTTPSBase: "https://phones.example.test"}, deviceprofiles.SIP{Transport: deviceprofiles.TLS, Expires: 3600})
	f.promises.Employ(customers.Workers()...)
	f.promises.Employ(f.core.Workers()...)
	f.promises.Employ(f.fleet.Workers()...)
	f.fill(t, customers, phones)
	return f
}

func (f *yard) fill(t *testing.T, customers *customer.Service, phones int) {
	t.Helper()
	ctx := t.Context()
	var err error
	f.actor, _, err = customers.Bootstrap(ctx, "Example Telecom", "admin@example.com")
	require.NoError(t, err)
	template, err := customers.CreateTemplate(ctx, f.actor, customer.NewTemplate{Name: "Small", Country: "US", Language: "en", SubscriptionID: "Sub-1"})
	require.NoError(t, err)
	address := customer.Address{Line1: "1 Main Street", City: "Springfield", StateOrProvince: "IL", PostalCode: "62701", Country: "US"}
	f.customer, err = customers.Provision(ctx, f.actor, customer.NewCustomer{
		ProvisioningID: template.ProvisioningID, ExternalID: "fleet", Name: "Fleet", PrimaryEmail: "owner@fleet.example", Address: address,
		Packages: []customer.Package{customer.WebexCalling}, Location: &customer.NewLocation{Name: "Dock", Address: address, TimeZone: "America/Chicago", Language: "en_us"},
	})
	require.NoError(t, err)
	for i := range phones {
		sub, err := people.NewService(people.Config{Store: f.db.Provisioning(), Customers: customers, Core: f.core, Now: time.Now}).AddSubscriber(ctx, f.actor, customer.NewSubscriber{
			Customer: f.customer.ID, Email: fmt.Sprintf("p%d@fleet.example", i), Packages: []customer.Package{customer.WebexCalling},
			CallingIdentity: customer.CallingIdentity{Extension: fmt.Sprint(1000 + i)},
		})
		require.NoError(t, err)
		d, err := f.core.AddDevice(ctx, f.actor, f.customer.Tenant(), provisioning.NewDevice{MAC: fmt.Sprintf("00562B00%04X", i), Model: "Cisco 8851", Person: sub.Person})
		require.NoError(t, err)
		f.phones, f.location = append(f.phones, d.ID), d.Location
		f.now = f.now.Add(time.Millisecond)
	}
}

// start starts a job, and returns it as it is when its promises are kept.
func (f *yard) start(t *testing.T, request fleet.JobRequest) fleet.Job {
	t.Helper()
	j, err := f.fleet.Start(t.Context(), f.actor, f.customer.Tenant(), request)
	require.NoError(t, err)
	return f.job(t, j)
}

func (f *yard) job(t *testing.T, j fleet.Job) fleet.Job {
	t.Helper()
	now, err := f.fleet.Job(t.Context(), f.customer.Tenant(), j.Kind, j.ID)
	require.NoError(t, err)
	return now
}

func (f *yard) revision(t *testing.T, phone int) int64 {
	t.Helper()
	d, err := f.core.Device(t.Context(), f.customer.Tenant(), f.phones[phone])
	require.NoError(t, err)
	return d.Revision
}

func vlan(value string) json.RawMessage {
	return json.RawMessage(`{"mpp":{"vlan":{"value":` + value + `}}}`)
}

// One phone whose password can't be opened keeps what it has and is reported; the others go on.
func TestAJobLeavesOutWhatCantBeRendered(t *testing.T) {
	t.Parallel()
	f := newYard(t, 3)
	tenant := f.customer.Tenant()
	lines, err := f.db.Provisioning().Lines(t.Context(), tenant, f.phones[1])
	require.NoError(t, err)
	lines[0].Password = secret.Sealed("broken")
	require.NoError(t, f.db.Provisioning().Update(t.Context(), tenant, func(tx provisioning.Tx) error { return tx.SetLineSecret(t.Context(), tenant, lines[0]) }))

	j := f.start(t, fleet.SettingsRequest{Customizations: vlan("12")})
	assert.Equal(t, fleet.JobCompleted, j.Status)
	assert.Equal(t, fleet.JobCounts{Done: 3, Updated: 2, Failed: 1}, j.JobCounts)
	assert.Equal(t, []int64{2, 1, 2}, []int64{f.revision(t, 0), f.revision(t, 1), f.revision(t, 2)})
	list, err := f.fleet.JobErrors(t.Context(), tenant, j.Kind, j.ID, 0, 10)
	require.NoError(t, err)
	require.Len(t, list, 1)
	assert.Equal(t, f.phones[1], list[0].Device)
	assert.Equal(t, f.location, list[0].Location)
	assert.NotEmpty(t, list[0].Message)
	preview, err := f.fleet.Preview(t.Context(), f.actor, tenant, fleet.SettingsRequest{Customizations: vlan("13")}, customer.Page{Max: 2})
	require.NoError(t, err)
	assert.Equal(t, 3, preview.Count)
	require.Len(t, preview.Devices, 2)
	assert.Len(t, preview.Devices[0].Files, 1)
	assert.NotEmpty(t, preview.Devices[1].Error)
	next, err := f.fleet.Preview(t.Context(), f.actor, tenant, fleet.SettingsRequest{Customizations: vlan("13")}, customer.Page{Max: 2, After: preview.Next})
	require.NoError(t, err)
	assert.Equal(t, f.phones[2], next.Devices[0].Device.ID)
	assert.Equal(t, customer.Cursor{}, next.Next)
}

// A job whose process dies after a step goes on behind the last device that was stored.
func TestAJobGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	f := newYard(t, 101)
	f.promises.Hold()
	f.pace = time.Second
	j := f.start(t, fleet.RebuildRequest{Location: f.location})
	assert.Equal(t, fleet.JobStarting, j.Status)
	require.Error(t, f.promises.Do(t.Context()), "there is more to do")
	j = f.job(t, j)
	assert.Equal(t, fleet.JobStarted, j.Status)
	assert.Equal(t, 100, j.Done)
	assert.Equal(t, 99, j.Percent())
	assert.Equal(t, []int64{2, 2, 1}, []int64{f.revision(t, 0), f.revision(t, 99), f.revision(t, 100)})
	require.NoError(t, f.promises.Do(t.Context()))
	j = f.job(t, j)
	assert.Equal(t, fleet.JobCompleted, j.Status)
	assert.Equal(t, fleet.JobCounts{Done: 101, Updated: 101}, j.JobCounts)
	assert.Equal(t, []int64{2, 2, 2}, []int64{f.revision(t, 0), f.revision(t, 99), f.revision(t, 100)}, "each once")
}

func TestAJobThatIsGivenUpSaysSo(t *testing.T) {
	t.Parallel()
	f := newYard(t, 1)
	f.promises.Hold()
	j := f.start(t, fleet.RebuildRequest{Location: f.location})
	_, err := f.fleet.Start(t.Context(), f.actor, f.customer.Tenant(), fleet.RebuildRequest{Location: f.location})
	assert.True(t, fault.Is(err, fault.Conflict), "%v", err)
	require.NoError(t, f.promises.GiveUp(t.Context(), errors.New("the database is away")))
	j = f.job(t, j)
	assert.Equal(t, fleet.JobFailed, j.Status)
	assert.Contains(t, j.Error, "Start the same job once more")
	assert.Equal(t, int64(1), f.revision(t, 0))
	again := f.start(t, fleet.RebuildRequest{Location: f.location})
	assert.Equal(t, fleet.JobCompleted, again.Status)
}

// A template's fit is counted, and can be asked for.
func TestAdvisoriesNarrowATemplate(t *testing.T) {
	t.Parallel()
	f := newYard(t, 2)
	tenant := f.customer.Tenant()
	keys := []deviceprofiles.LineKey{{Index: 1, Type: deviceprofiles.KeyPrimaryLine}, {Index: 2, Type: deviceprofiles.KeySharedLine}}
	template, err := f.fleet.CreateLineKeyTemplate(t.Context(), f.actor, tenant, fleet.NewLineKeyTemplate{Name: "Shared", Model: "8851", Keys: keys})
	require.NoError(t, err)
	request := fleet.TemplateRequest{Action: fleet.ApplyTemplate, Template: template.ID}
	for name, c := range map[string]struct {
		types fleet.AdvisoryTypes
		want  int
	}{
		"all":         {fleet.AdvisoryTypes{}, 2},
		"more shared": {fleet.AdvisoryTypes{MoreSharedAppearances: true}, 2},
		"few shared":  {fleet.AdvisoryTypes{FewSharedAppearances: true}, 0},
	} {
		request.Advisories = c.types
		n, err := f.fleet.Count(t.Context(), f.actor, tenant, request)
		require.NoError(t, err)
		assert.Equal(t, c.want, n, name)
	}
	request.Advisories = fleet.AdvisoryTypes{FewSharedAppearances: true}
	j := f.start(t, request)
	assert.Zero(t, j.Updated, "few shared: none")
	request.Advisories = fleet.AdvisoryTypes{MoreSharedAppearances: true}
	j = f.start(t, request)
	assert.Equal(t, fleet.JobCounts{Done: 2, Updated: 2, Advisory: 2}, j.JobCounts)
}
