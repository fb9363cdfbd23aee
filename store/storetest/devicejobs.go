package storetest

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/fleet"
	"dialtone/provisioning"
)

func (f *fixture) writeFleet(t *testing.T, tenant customer.Tenant, fn func(fleet.Tx) error) {
	t.Helper()
	require.NoError(t, f.many.Update(t.Context(), tenant, fn))
}

func (f *fixture) newDeviceJob(c customer.Customer, kind fleet.JobKind) fleet.Job {
	return fleet.Job{
		ID: fleet.JobID(id()), Partner: c.Partner, Org: c.Org, Kind: kind, Request: json.RawMessage(`{"a":"ö"}`), Status: fleet.JobStarting,
		Actor: "ada@example.com", ActorID: customer.AdminID(id()), Created: f.tick(), Touched: f.now,
	}
}

// deviceJobsChange walks a job from its promise to its end, beside those of others.
func deviceJobsChange(t *testing.T, f *fixture) {
	ctx, tenant := t.Context(), tenantOf(f.one)
	j, foreign := f.newDeviceJob(f.one, "a"), f.newDeviceJob(f.foe, "a")
	j.Location = f.oneShop.ID
	f.writeFleet(t, tenant, func(tx fleet.Tx) error { return tx.CreateDeviceJob(ctx, j) })
	f.writeFleet(t, tenantOf(f.foe), func(tx fleet.Tx) error { return tx.CreateDeviceJob(ctx, foreign) })
	same(t, j)(f.many.DeviceJob(ctx, tenant, j.ID))
	same(t, true)(f.p.DeviceJobRuns(ctx, tenant))
	same(t, false)(f.p.DeviceJobRuns(ctx, tenantOf(f.sibling)))
	err := f.many.Update(ctx, tenant, func(tx fleet.Tx) error { return tx.CreateDeviceJob(ctx, f.newDeviceJob(f.one, "b")) })
	assert.True(t, fault.Is(err, fault.Conflict), "one at a time: %v", err)
	assert.Equal(t, "orgId 90071", problem(err))

	j.Status, j.Total, j.Error, j.Reached = fleet.JobStarted, 7, "why", customer.Cursor{At: f.tick(), ID: id()}
	j.JobCounts = fleet.JobCounts{Done: 4, Updated: 1, Advisory: 2, Failed: 3}
	j.Started, j.Touched, j.Finished = f.tick(), f.tick(), f.tick()
	notes := []fleet.JobError{
		{Number: 1, Device: "d", Location: "l", Code: 90000, Message: "what"}, {Number: 2, Device: "e", Message: "ö"},
	}
	f.writeFleet(t, tenant, func(tx fleet.Tx) error {
		for _, e := range notes {
			require.NoError(t, tx.AddDeviceJobError(ctx, j, e))
		}
		return tx.SetDeviceJob(ctx, j)
	})
	same(t, j)(f.many.DeviceJob(ctx, customer.Tenant{Partner: f.one.Partner}, j.ID))
	same(t, notes)(f.many.DeviceJobErrors(ctx, tenant, j.ID, 0, 10))
	same(t, notes[1:])(f.many.DeviceJobErrors(ctx, tenant, j.ID, 1, 10))
	same(t, []fleet.JobError{})(f.many.DeviceJobErrors(ctx, tenantOf(f.sibling), j.ID, 0, 10))
	stranger := j
	stranger.Partner, stranger.Org = f.foe.Partner, f.foe.Org
	err = f.many.Update(ctx, tenantOf(f.foe), func(tx fleet.Tx) error { return tx.SetDeviceJob(ctx, stranger) })
	assert.True(t, fault.Is(err, fault.NotFound), "%v", err)

	j.Status = fleet.JobCompleted
	second := f.newDeviceJob(f.one, "a")
	f.writeFleet(t, tenant, func(tx fleet.Tx) error {
		require.NoError(t, tx.SetDeviceJob(ctx, j))
		return tx.CreateDeviceJob(ctx, second)
	})
	list, more, err := f.many.DeviceJobs(ctx, tenant, "a", customer.Page{Max: 1})
	require.NoError(t, err)
	assert.Equal(t, []fleet.Job{second}, list, "the newest first")
	assert.True(t, more)
	none, _, err := f.many.DeviceJobs(ctx, tenant, "b", everything)
	require.NoError(t, err)
	assert.Empty(t, none)
	f.writeFleet(t, tenant, func(tx fleet.Tx) error { return tx.DeleteOldDeviceJobs(ctx, tenant, 0) })
	_, err = f.many.DeviceJob(ctx, tenant, j.ID)
	assert.True(t, fault.Is(err, fault.NotFound), "it was over")
	same(t, second)(f.many.DeviceJob(ctx, tenant, second.ID))
	same(t, foreign)(f.many.DeviceJob(ctx, tenantOf(f.foe), foreign.ID))
}

// targetsAreFound asks for the devices of a job in every way.
func targetsAreFound(t *testing.T, f *fixture) {
	ctx, tenant := t.Context(), tenantOf(f.one)
	var devices []provisioning.Device
	for i, tags := range [][]string{{}, {"a"}, {"A"}, {"a", `b"c`}, {"c"}} {
		p, _ := f.person(t, f.one, f.oneShop, fmt.Sprint("p", i), fmt.Sprint(100+i))
		d, _ := f.device(t, p)
		d.Tags = tags
		d.Layout.Custom = i == 4
		f.writeFleet(t, tenant, func(tx fleet.Tx) error { return tx.SetDevice(ctx, d) })
		devices = append(devices, d)
	}
	foe, _ := f.person(t, f.foe, f.foeShop, "foe", "100")
	f.device(t, foe)
	for name, c := range map[string]struct {
		targets provisioning.DeviceTargets
		want    []int
	}{
		"all":            {provisioning.DeviceTargets{}, []int{0, 1, 2, 3, 4}},
		"a location":     {provisioning.DeviceTargets{Locations: []customer.LocationID{f.oneShop.ID}}, []int{0, 1, 2, 3, 4}},
		"another":        {provisioning.DeviceTargets{Locations: []customer.LocationID{f.siblingShop.ID}}, []int{}},
		"a model":        {provisioning.DeviceTargets{Models: []string{devices[0].Model, "nothing"}}, []int{0, 1, 2, 3, 4}},
		"no model":       {provisioning.DeviceTargets{Models: []string{}}, []int{}},
		"default layout": {provisioning.DeviceTargets{DefaultLayout: true}, []int{0, 1, 2, 3}},
		"one of tags":    {provisioning.DeviceTargets{Tags: []string{"a", "c"}}, []int{1, 3, 4}},
		"odd tag":        {provisioning.DeviceTargets{Tags: []string{`b"c`}}, []int{3}},
		"without tags":   {provisioning.DeviceTargets{WithoutTags: []string{"a", `b"c`}}, []int{0, 2, 4}},
		"both":           {provisioning.DeviceTargets{Tags: []string{"a"}, WithoutTags: []string{`b"c`}}, []int{1}},
	} {
		want := make([]provisioning.DeviceID, 0, len(c.want))
		for _, i := range c.want {
			want = append(want, devices[i].ID)
		}
		got := make([]provisioning.DeviceID, 0, len(c.want))
		page := customer.Page{Max: 2}
		for more := true; more; {
			var list []provisioning.Device
			var err error
			list, more, err = f.p.TargetDevices(ctx, tenant, c.targets, page)
			require.NoError(t, err, name)
			for _, d := range list {
				got, page.After = append(got, d.ID), customer.Cursor{At: d.Created, ID: string(d.ID)}
			}
		}
		assert.Equal(t, want, got, name)
		same(t, len(c.want))(f.p.CountTargetDevices(ctx, tenant, c.targets))
	}
	told := provisioning.Told{Layout: true, Settings: map[deviceprofiles.SettingScope][]string{"mpp": {"a", "b"}}}
	f.writeFleet(t, tenant, func(tx fleet.Tx) error { return tx.SetTold(ctx, tenant, devices[0].ID, told) })
	d, err := f.p.Device(ctx, tenant, devices[0].ID)
	require.NoError(t, err)
	assert.Equal(t, told, d.Told)
	err = f.many.Update(ctx, tenantOf(f.foe), func(tx fleet.Tx) error { return tx.SetTold(ctx, tenantOf(f.foe), devices[0].ID, told) })
	assert.True(t, fault.Is(err, fault.NotFound), "%v", err)
}

// lineKeyTemplatesChange makes, changes and deletes a template, beside those of others.
func lineKeyTemplatesChange(t *testing.T, f *fixture) {
	ctx, tenant := t.Context(), tenantOf(f.one)
	one := fleet.LineKeyTemplate{
		ID: fleet.LineKeyTemplateID(id()), Partner: f.one.Partner, Org: f.one.Org, Name: "Öffice", Model: "m", UserReorder: true, Created: f.tick(),
		Keys: []deviceprofiles.LineKey{{Index: 1, Type: deviceprofiles.KeyPrimaryLine}, {Index: 2, Type: deviceprofiles.KeySpeedDial, Label: "ö", Value: "1"}},
	}
	second, foreign := one, one
	second.ID, second.Name, second.Created = fleet.LineKeyTemplateID(id()), "b", f.tick()
	foreign.ID, foreign.Partner, foreign.Org = fleet.LineKeyTemplateID(id()), f.foe.Partner, f.foe.Org
	f.writeFleet(t, tenant, func(tx fleet.Tx) error {
		require.NoError(t, tx.CreateLineKeyTemplate(ctx, one))
		return tx.CreateLineKeyTemplate(ctx, second)
	})
	f.writeFleet(t, tenantOf(f.foe), func(tx fleet.Tx) error { return tx.CreateLineKeyTemplate(ctx, foreign) })
	same(t, []fleet.LineKeyTemplate{one, second})(f.many.LineKeyTemplates(ctx, tenant))
	again := one
	again.ID = fleet.LineKeyTemplateID(id())
	err := f.many.Update(ctx, tenant, func(tx fleet.Tx) error { return tx.CreateLineKeyTemplate(ctx, again) })
	assert.Equal(t, "templateName 90014", problem(err))

	one.UserReorder, one.Keys = false, one.Keys[:1]
	f.writeFleet(t, tenant, func(tx fleet.Tx) error { return tx.SetLineKeyTemplate(ctx, one) })
	same(t, one)(f.many.LineKeyTemplate(ctx, tenant, one.ID))
	for name, ask := range map[string]func(fleet.Tx) error{
		"read": func(tx fleet.Tx) error {
			_, err := tx.LineKeyTemplate(ctx, tenantOf(f.sibling), one.ID)
			return err
		},
		"delete": func(tx fleet.Tx) error { return tx.DeleteLineKeyTemplate(ctx, tenantOf(f.foe), one.ID) },
	} {
		assert.True(t, fault.Is(f.many.Update(ctx, tenantOf(f.foe), ask), fault.NotFound), name)
	}
	f.writeFleet(t, tenant, func(tx fleet.Tx) error { return tx.DeleteLineKeyTemplate(ctx, tenant, one.ID) })
	same(t, []fleet.LineKeyTemplate{second})(f.many.LineKeyTemplates(ctx, tenant))
}

// backgroundImagesChange keeps and deletes pictures, and finds the settings that use them.
func backgroundImagesChange(t *testing.T, f *fixture) {
	ctx, tenant := t.Context(), tenantOf(f.one)
	one := provisioning.BackgroundImage{
		Partner: f.one.Partner, Org: f.one.Org, FileName: "Lögo", PublicName: "0123.png", ContentType: "image/png", Body: []byte{0, 1, 255}, Created: f.tick(),
	}
	listed := one
	listed.Body = nil
	f.writeFleet(t, tenant, func(tx fleet.Tx) error { return tx.CreateBackgroundImage(ctx, one) })
	same(t, []provisioning.BackgroundImage{listed})(f.p.BackgroundImages(ctx, tenant))
	same(t, []provisioning.BackgroundImage{})(f.p.BackgroundImages(ctx, tenantOf(f.sibling)))
	same(t, one)(f.p.AnyTenantBackgroundImage(ctx, "0123.png"))
	again := one
	again.PublicName = "4567.png"
	err := f.many.Update(ctx, tenant, func(tx fleet.Tx) error { return tx.CreateBackgroundImage(ctx, again) })
	assert.Equal(t, "fileName 90014", problem(err))

	use := provisioning.Setting{
		Subject: string(f.oneShop.ID), Level: deviceprofiles.LevelLocation, Partner: f.one.Partner, Org: f.one.Org, Key: deviceprofiles.SettingKey{Scope: "mpp", Name: "x"},
		Value: one.Path(), Changed: f.tick(), Actor: "ada@example.com",
	}
	f.writeFleet(t, tenant, func(tx fleet.Tx) error { return tx.PutSettings(ctx, []provisioning.Setting{use}) })
	same(t, []provisioning.Setting{use})(f.p.SettingsWithValue(ctx, tenant, []string{"other", one.Path()}, 10))
	same(t, []provisioning.Setting{})(f.p.SettingsWithValue(ctx, tenantOf(f.foe), []string{one.Path()}, 10))
	err = f.many.Update(ctx, tenantOf(f.foe), func(tx fleet.Tx) error { return tx.DeleteBackgroundImage(ctx, tenantOf(f.foe), one.FileName) })
	assert.True(t, fault.Is(err, fault.NotFound), "%v", err)
	f.writeFleet(t, tenant, func(tx fleet.Tx) error { return tx.DeleteBackgroundImage(ctx, tenant, one.FileName) })
	_, err = f.p.AnyTenantBackgroundImage(ctx, "0123.png")
	assert.True(t, fault.Is(err, fault.NotFound), "%v", err)
}
