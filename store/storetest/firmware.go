package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/provisioning"
)

// What a phone says of its firmware is kept out of its fetches, and nothing of it is another tenant's.
func firmwareIsNoted(t *testing.T, f *fixture) {
	ctx := t.Context()
	ada, _ := f.person(t, f.one, f.oneShop, "ada", "101")
	d, _ := f.device(t, ada)
	eve, _ := f.person(t, f.foe, f.foeShop, "eve", "101")
	other, _ := f.device(t, eve)
	said := func(version string, at time.Time) provisioning.TraceEntry {
		e := fetched(d, at, home)
		e.UserAgent = "Yealink SIP-T54W " + version + " 80:5e:c0:aa:bb:cc"
		return e
	}
	none, err := f.p.FirmwareState(ctx, d.Tenant(), d.ID)
	require.NoError(t, err)
	assert.Zero(t, none)
	require.NoError(t, f.p.AppendTrace(ctx, []provisioning.TraceEntry{fetched(other, f.now, home), said("96.86.0.70", f.now)}, provisioning.TraceBound{Keep: 100, Every: 1}))
	news, err := f.p.AnyTenantFirmwareNews(ctx, 10)
	require.NoError(t, err)
	require.Len(t, news, 1, "the other phone said nothing")
	assert.Equal(t, d.ID, news[0].Device.ID)
	assert.Equal(t, f.oneShop.Language, news[0].Language)
	assert.Equal(t, "96.86.0.70", news[0].State.Version)

	const file = "yealink/new.rom"
	f.write(t, d.Tenant(), func(tx provisioning.Tx) error { return tx.SetFirmwareWanted(ctx, d.Tenant(), d.ID, file, "96.86.0.75") })
	require.Error(t, f.p.Update(ctx, other.Tenant(), func(tx provisioning.Tx) error { return tx.SetFirmwareWanted(ctx, other.Tenant(), d.ID, "x", "1") }))
	older := news[0]
	older.State.Version = "96.86.0.60"
	require.NoError(t, f.p.AnyTenantFirmwareSeen(ctx, []provisioning.FirmwareDevice{older}))
	news, err = f.p.AnyTenantFirmwareNews(ctx, 10)
	require.NoError(t, err)
	require.Len(t, news, 1, "the phone has said something else since")
	require.NoError(t, f.p.AnyTenantFirmwareSeen(ctx, news))
	news, err = f.p.AnyTenantFirmwareNews(ctx, 10)
	require.NoError(t, err)
	assert.Empty(t, news, "somebody has looked")

	var loads []provisioning.TraceEntry
	for i := range 3 {
		loads = append(loads, provisioning.TraceEntry{Time: f.now.Add(time.Duration(i) * time.Hour), MAC: d.MAC, Door: "https", Firmware: file})
	}
	require.NoError(t, f.p.AppendTrace(ctx, loads[:2], provisioning.TraceBound{Keep: 100, Every: 1}))
	require.NoError(t, f.p.AppendTrace(ctx, loads[2:], provisioning.TraceBound{Keep: 100, Every: 1}))
	state, err := f.p.FirmwareState(ctx, d.Tenant(), d.ID)
	require.NoError(t, err)
	assert.Equal(t, provisioning.FirmwareState{
		Version: "96.86.0.70", Wanted: file, WantedVersion: "96.86.0.75", Fetched: file, Fetches: 3, First: f.now, Last: f.now.Add(2 * time.Hour), Looping: file, News: true,
	}, state)
	loops, err := f.p.AnyTenantFirmwareLoops(ctx, "", 10)
	require.NoError(t, err)
	require.Len(t, loops, 1)
	assert.Equal(t, 3, loops[0].State.Fetches)
	loops, err = f.p.AnyTenantFirmwareLoops(ctx, d.ID, 10)
	require.NoError(t, err)
	assert.Empty(t, loops)

	require.NoError(t, f.p.AppendTrace(ctx, []provisioning.TraceEntry{said("96.86.0.75", f.now.Add(3*time.Hour))}, provisioning.TraceBound{Keep: 100, Every: 1}))
	state, err = f.p.FirmwareState(ctx, d.Tenant(), d.ID)
	require.NoError(t, err)
	assert.Equal(t, provisioning.FirmwareState{Version: "96.86.0.75", Wanted: file, WantedVersion: "96.86.0.75", News: true}, state)
	foreign, err := f.p.FirmwareState(ctx, other.Tenant(), d.ID)
	require.NoError(t, err)
	assert.Zero(t, foreign)

	all, err := f.p.AnyTenantFirmware(ctx, "", 10)
	require.NoError(t, err)
	require.Len(t, all, 2)
	all, err = f.p.AnyTenantFirmware(ctx, all[0].Device.ID, 10)
	require.NoError(t, err)
	assert.Len(t, all, 1)
	counts, err := f.p.FirmwareCounts(ctx, d.Tenant(), 10)
	require.NoError(t, err)
	assert.Equal(t, []provisioning.FirmwareCount{{Model: d.Model, Count: 1, State: provisioning.FirmwareState{Version: "96.86.0.75", Wanted: file, WantedVersion: "96.86.0.75"}}}, counts)
	counts, err = f.p.FirmwareCounts(ctx, other.Tenant(), 10)
	require.NoError(t, err)
	assert.Equal(t, []provisioning.FirmwareCount{{Model: other.Model, Count: 1}}, counts)
	require.Error(t, f.p.Update(ctx, other.Tenant(), func(tx provisioning.Tx) error { return tx.ForgetFirmware(ctx, other.Tenant(), d.ID) }))
	f.write(t, d.Tenant(), func(tx provisioning.Tx) error { return tx.ForgetFirmware(ctx, d.Tenant(), d.ID) })
	state, err = f.p.FirmwareState(ctx, d.Tenant(), d.ID)
	require.NoError(t, err)
	assert.Zero(t, state)
}
