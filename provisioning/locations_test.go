package provisioning_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/provisioning"
	"dialtone/provisioning/coretest"
)

// revisions counts a customer's devices by their revision.
func revisions(t *testing.T, d *coretest.Lobby) map[int64]int {
	t.Helper()
	list, _, err := d.Devices(t.Context(), d.Customer.Tenant(), provisioning.DeviceFilter{}, customer.Page{Max: 1000})
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
	names := make([]string, 201)
	for i := range names {
		names[i] = fmt.Sprint("p", i)
	}
	d := coretest.OpenLobby(t, names...)
	for _, name := range names {
		d.Phone(t, name, "Cisco 8851")
	}
	ctx, tenant := t.Context(), d.Customer.Tenant()
	change := func(in customer.LocationChange) error {
		return d.ChangeLocation(ctx, d.Actor, tenant, d.Shop.ID, in)
	}
	require.NoError(t, change(customer.LocationChange{Notes: "nobody is told", Latitude: "12.5"}))
	require.NoError(t, change(customer.LocationChange{TimeZone: "America/Chicago"}))
	assert.Equal(t, map[int64]int{1: 201}, revisions(t, d), "nothing was changed that phones are told")

	d.Promises.Hold()
	require.NoError(t, change(customer.LocationChange{TimeZone: "America/New_York"}))
	assert.Equal(t, map[int64]int{1: 201}, revisions(t, d))
	again := d.Promises.Do(ctx)
	require.ErrorContains(t, again, "there is more to do", "it was cut off after the first step")
	assert.Equal(t, map[int64]int{1: 1, 2: 200}, revisions(t, d))
	require.NoError(t, d.Promises.Do(ctx))
	assert.Equal(t, map[int64]int{2: 201}, revisions(t, d))
	require.NoError(t, d.Promises.Do(ctx))

	require.NoError(t, change(customer.LocationChange{Language: "fr"}))
	assert.Equal(t, map[int64]int{3: 201}, revisions(t, d))
	events, _, err := d.Customers.Events(ctx, tenant, customer.EventFilter{Kind: customer.EventDeviceRevised}, customer.Page{Max: 1000})
	require.NoError(t, err)
	assert.Len(t, events, 402)

	err = d.ChangeLocation(ctx, d.Actor, customer.Tenant{Partner: "another"}, d.Shop.ID, customer.LocationChange{Name: "x"})
	assert.True(t, fault.Is(err, fault.NotFound))
	err = change(customer.LocationChange{Name: "x", TimeZone: "Mars/Olympus"})
	assert.True(t, fault.Is(err, fault.Invalid))
	assert.Equal(t, map[int64]int{3: 201}, revisions(t, d))
}
