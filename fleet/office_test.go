package fleet_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/fleet"
	"dialtone/provisioning"
	"dialtone/provisioning/coretest"
)

// office is a lobby whose phones are changed together.
type office struct {
	*coretest.Lobby
	fleet *fleet.Service
}

func openOffice(t testing.TB, names ...string) *office {
	t.Helper()
	d := &office{Lobby: coretest.OpenLobby(t, names...)}
	d.fleet = fleet.NewService(fleet.Config{
		Store: d.Promises.Fleet(d.DB.Fleet()), Core: d.Service, Now: d.Config.Now, NewID: d.Config.NewID, Logger: d.Config.Logger,
	})
	d.Promises.Employ(d.fleet.Workers()...)
	return d
}

// job starts a job, which the promises run at once, and returns it when it is over.
func (d *office) job(t testing.TB, kind fleet.JobKind, request fleet.JobRequest) fleet.Job {
	t.Helper()
	started, err := d.fleet.Start(t.Context(), d.Actor, d.Customer.Tenant(), request)
	require.NoError(t, err)
	j, err := d.fleet.Job(t.Context(), d.Customer.Tenant(), kind, started.ID)
	require.NoError(t, err)
	require.Equal(t, fleet.JobCompleted, j.Status, j.Error)
	return j
}

func TestAWholeLocationIsRotatedOrRevoked(t *testing.T) {
	t.Parallel()
	d := openOffice(t, "ada", "bob")
	d.Start(t)
	ctx, tenant := t.Context(), d.Customer.Tenant()
	one, two := d.Phone(t, "ada", "Cisco 8851"), d.Phone(t, "bob", "Yealink T54W")
	first, err := d.RevealCredentials(ctx, d.Actor, tenant, one)
	require.NoError(t, err)
	_, err = d.SignIn(t, first[0], first[0].Password, 1)
	require.NoError(t, err)
	j := d.job(t, fleet.JobRotateCredentials, fleet.RotationRequest{Location: d.Shop.ID, Overlap: time.Hour})
	assert.Equal(t, []int{2, 2, 0}, []int{j.Total, j.Updated, j.Failed})
	assert.Equal(t, []int64{2, 2}, []int64{d.Revision(t, one), d.Revision(t, two)})
	before, err := d.SignIn(t, first[0], first[0].Password, 2)
	require.NoError(t, err)
	assert.True(t, before)
	j = d.job(t, fleet.JobRotateCredentials, fleet.RotationRequest{Location: d.Annex.ID})
	assert.Zero(t, j.Total, "nothing stands there")
	d.job(t, fleet.JobAnswerCompromise, fleet.CompromiseRequest{Enrol: time.Hour})
	assert.Zero(t, d.Bindings(t, one))
	_, err = d.SignIn(t, first[0], first[0].Password, 3)
	assert.True(t, fault.Is(err, fault.Denied), "%v", err)
	for field, request := range map[string]fleet.JobRequest{
		"overlapMinutes": fleet.RotationRequest{Overlap: time.Second}, "enrolMinutes": fleet.CompromiseRequest{Enrol: time.Second},
		"locationId": fleet.RotationRequest{Location: "nowhere"}, "to": fleet.RollbackRequest{To: d.Clock().Add(time.Second)},
	} {
		_, err = d.fleet.Start(ctx, d.Actor, tenant, request)
		require.True(t, fault.Is(err, fault.Invalid), "%s: %v", field, err)
		assert.Equal(t, field, fault.ProblemsOf(err)[0].Field)
	}
}

// TestACustomerIsRolledBack changes levels, devices and lines, and takes all of it back: each phone is told what it was told then, but for the number of
// its revision.
func TestACustomerIsRolledBack(t *testing.T) {
	t.Parallel()
	d := openOffice(t, "ada", "bob", "cleo")
	now := time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC)
	d.Clock = func() time.Time { return now }
	ctx, tenant := t.Context(), d.Customer.Tenant()
	phones := []provisioning.DeviceID{d.Phone(t, "ada", "Cisco 8851"), d.Phone(t, "bob", "Cisco 8841")}
	settings := func(location customer.LocationID, json string) {
		d.job(t, fleet.JobCallDeviceSettings, fleet.SettingsRequest{Location: location, Customizations: []byte(json)})
	}
	settings("", `{"mpp":{"backlightTimer":"FIVE_MIN"}}`)
	settings(d.Shop.ID, `{"mpp":{"dndServicesEnabled":false}}`)
	require.NoError(t, d.Set(t, phones[0], 2, "ada", "cleo"))
	then := map[provisioning.DeviceID]string{}
	for _, id := range phones {
		then[id] = d.Told(t, id)
	}
	now = now.Add(time.Minute)
	settings("", `{"mpp":{"backlightTimer":"THIRTY_MIN","cdpEnabled":false}}`)
	settings(d.Shop.ID, `{"mpp":{"dndServicesEnabled":true,"lldpEnabled":false}}`)
	require.NoError(t, d.Set(t, phones[0], 1, "ada", "cleo"))
	late := d.Phone(t, "cleo", "Cisco 8851")
	for _, id := range phones {
		assert.False(t, then[id] == d.Told(t, id))
	}
	now = now.Add(time.Minute)
	j := d.job(t, fleet.JobRollBack, fleet.RollbackRequest{To: now.Add(-90 * time.Second)})
	assert.Equal(t, []int{3, 3, 0}, []int{j.Total, j.Updated, j.Failed})
	for _, id := range phones {
		// what was set meanwhile and isn't any more is told once more as it was before: a phone keeps what its file doesn't mention
		reset := "  <Enable_CDP ua=\"na\">Yes</Enable_CDP>\n  <Enable_LLDP-MED ua=\"na\">Yes</Enable_LLDP-MED>\n"
		assert.True(t, then[id] == strings.Replace(d.Told(t, id), reset, "", 1))
	}
	assert.Contains(t, d.Told(t, late), "<Back_Light_Timer ua=\"rw\">5m", "a phone that came later is told of the levels")
	list, err := d.Store.Settings(ctx, tenant, string(d.Customer.Org))
	require.NoError(t, err)
	require.Len(t, list, 1)
	assert.Equal(t, time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC), list[0].Changed, "who set it, and when, comes back")
	d.job(t, fleet.JobRollBack, fleet.RollbackRequest{To: now.Add(-time.Hour)})
	list, err = d.Store.Settings(ctx, tenant, string(d.Customer.Org))
	require.NoError(t, err)
	assert.Empty(t, list, "before the first change nothing was set")
}
