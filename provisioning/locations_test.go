package provisioning_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/provisioning"
)

// revisions counts a customer's devices by their revision.
func (d *denied) revisions(t *testing.T) map[int64]int {
	t.Helper()
	list, _, err := d.core.Devices(t.Context(), d.customer.Tenant(), provisioning.DeviceFilter{}, customer.Page{Max: 1000})
	require.NoError(t, err)
	out := map[int64]int{}
	for _, v := range list {
		out[v.Revision]++
	}
	return out
}

// TestAChangeOfALocationReachesAllItsPhonesOnce cuts the work off between its steps: each step is done once, whatever comes between.
func TestAChangeOfALocationReachesAllItsPhonesOnce(t *testing.T) {
	t.Parallel()
	d := newDenied(t, 201)
	ctx, tenant := t.Context(), d.customer.Tenant()
	places, _, err := d.customers.Locations(ctx, tenant, customer.LocationFilter{}, customer.Page{Max: 2})
	require.NoError(t, err)
	require.Len(t, places, 1)
	change := func(in customer.LocationChange) error {
		return d.core.ChangeLocation(ctx, d.actor, tenant, places[0].ID, in)
	}
	require.NoError(t, change(customer.LocationChange{Notes: "nobody is told", Latitude: "12.5"}))
	require.NoError(t, change(customer.LocationChange{TimeZone: "America/Chicago"}))
	assert.Equal(t, map[int64]int{1: 201}, d.revisions(t), "nothing was changed that phones are told")

	d.promises.Hold()
	require.NoError(t, change(customer.LocationChange{TimeZone: "America/New_York"}))
	assert.Equal(t, map[int64]int{1: 201}, d.revisions(t))
	again := d.promises.Do(ctx)
	require.ErrorContains(t, again, "there is more to do", "it was cut off after the first step")
	assert.Equal(t, map[int64]int{1: 1, 2: 200}, d.revisions(t))
	require.NoError(t, d.promises.Do(ctx))
	assert.Equal(t, map[int64]int{2: 201}, d.revisions(t))
	require.NoError(t, d.promises.Do(ctx))

	require.NoError(t, change(customer.LocationChange{Language: "fr"}))
	assert.Equal(t, map[int64]int{3: 201}, d.revisions(t))
	events, _, err := d.customers.Events(ctx, tenant, customer.EventFilter{Kind: customer.EventDeviceRevised}, customer.Page{Max: 1000})
	require.NoError(t, err)
	assert.Len(t, events, 402)

	err = d.core.ChangeLocation(ctx, d.actor, customer.Tenant{Partner: "another"}, places[0].ID, customer.LocationChange{Name: "x"})
	assert.True(t, fault.Is(err, fault.NotFound))
	err = change(customer.LocationChange{Name: "x", TimeZone: "Mars/Olympus"})
	assert.True(t, fault.Is(err, fault.Invalid))
	assert.Equal(t, map[int64]int{3: 201}, d.revisions(t))
}
