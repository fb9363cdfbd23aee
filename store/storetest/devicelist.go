package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/provisioning"
)

// foundDevice is a device of devicesAreFiltered, and how it is reached.
type foundDevice struct {
	provisioning.Device
	owner  string
	status provisioning.ConnectionStatus
}

// matches says what a filter means.
func (d foundDevice) matches(tenant customer.Tenant, filter provisioning.DeviceFilter) bool {
	for _, tag := range filter.Tags {
		if !slices.Contains(d.Tags, tag) {
			return false
		}
	}
	named := filter.DisplayName == "" || strings.Contains(d.owner, filter.DisplayName) || strings.Contains(strings.ToLower(d.Model), filter.DisplayName)
	return d.Partner == tenant.Partner && (tenant.Customer == "" || d.Org == tenant.Customer) && named && (filter.Owner == "" || d.Owner == filter.Owner) &&
		(filter.Location == "" || d.Location == filter.Location) && (filter.MAC == nil || d.MAC == *filter.MAC) &&
		(len(filter.Models) == 0 || slices.Contains(filter.Models, d.Model)) && (filter.Status == "" || d.status == filter.Status)
}

// devicesAreFiltered lists devices of two customers of a partner by all that they can be found by, alone and together, from page to page: by the place
// behind the last one, and by counting.
func devicesAreFiltered(t *testing.T, f *fixture) {
	devices, filters := f.listedDevices(t)
	ctx := t.Context()
	list := func(tenant customer.Tenant, filter provisioning.DeviceFilter, page customer.Page) ([]provisioning.DeviceView, bool) {
		views, more, err := f.p.Devices(ctx, tenant, filter, f.now, page)
		require.NoError(t, err)
		return views, more
	}
	for _, tenant := range []customer.Tenant{{Partner: f.one.Partner}, tenantOf(f.one), tenantOf(f.sibling), tenantOf(f.foe)} {
		for _, filter := range filters {
			var want []provisioning.DeviceID
			for _, d := range devices {
				if d.matches(tenant, filter) {
					want = append(want, d.ID)
				}
			}
			var byPlace, byCount []provisioning.DeviceID
			page := customer.Page{Max: 2}
			for more := true; more; {
				var views []provisioning.DeviceView
				views, more = list(tenant, filter, page)
				for _, v := range views {
					byPlace = append(byPlace, v.ID)
					page.After = customer.Cursor{At: v.Created, ID: string(v.ID)}
				}
				counted, also := list(tenant, filter, customer.Page{Max: 2, Offset: len(byCount)})
				assert.Equal(t, more, also)
				for _, v := range counted {
					byCount = append(byCount, v.ID)
				}
			}
			what := fmt.Sprintf("%+v of %+v", filter, tenant)
			assert.Equal(t, want, byPlace, what)
			assert.Equal(t, want, byCount, what)
		}
	}
}

// listedDevices makes devices, and filters that find some of them.
func (f *fixture) listedDevices(t *testing.T) ([]foundDevice, []provisioning.DeviceFilter) {
	t.Helper()
	ada, _ := f.person(t, f.one, f.oneShop, "ada", "101")
	bob, _ := f.person(t, f.sibling, f.siblingShop, "bob", "102")
	statuses := []provisioning.ConnectionStatus{provisioning.StatusConnected, provisioning.StatusDisconnected, provisioning.StatusUnknown, provisioning.StatusActivating}
	models := []string{"DMS Cisco 8851", "DMS Yealink T54W", "DMS Cisco 7811"}
	tags := [][]string{{"all"}, {"all", "odd", `%_\`}, {}, {"all", "few"}, {"odd", "few", "all"}}
	var devices []foundDevice
	for n := range 14 {
		owner, name := ada, "ada o'hara"
		if n%3 == 0 {
			owner, name = bob, "bob o'hara"
		}
		d, line := f.newDevice(owner)
		d.Model, d.Tags = models[n%5%3], tags[n%len(tags)]
		if n%4 == 2 {
			d.Location = ""
		}
		one := foundDevice{d, name, statuses[n%7%4]}
		if one.status == provisioning.StatusActivating {
			one.Activation.State = provisioning.ActivationWaiting
		}
		f.write(t, d.Tenant(), func(tx provisioning.Tx) error {
			require.NoError(t, tx.CreateDevice(t.Context(), one.Device))
			return tx.CreateLine(t.Context(), line)
		})
		switch one.status {
		case provisioning.StatusConnected:
			f.bind(t, line.ID, binding(line.ID, "sip:a", f.now.Add(time.Hour)))
		case provisioning.StatusDisconnected:
			require.NoError(t, f.p.AppendTrace(t.Context(), []provisioning.TraceEntry{{Time: f.now, MAC: d.MAC, Door: "https", Answer: "served"}}, provisioning.TraceBound{Keep: 10, Every: 1}))
			f.bind(t, line.ID, binding(line.ID, "sip:a", f.now))
		}
		devices = append(devices, one)
	}
	mac := devices[4].MAC
	filters := []provisioning.DeviceFilter{
		{}, {Owner: customer.MemberID(ada.ID)}, {Location: f.oneShop.ID}, {MAC: &mac}, {MAC: &mac, Tags: []string{"all"}}, {DisplayName: "ada"}, {DisplayName: "7811"},
		{Models: models[:1]}, {Models: models[1:]}, {Models: []string{models[2], "x", models[2], models[0]}}, {Models: []string{"1", "2", "3", "4", "5", "6", "7", "8", models[1]}},
		{Tags: []string{"all"}}, {Tags: []string{"few"}}, {Tags: []string{"all", "few"}}, {Tags: []string{"few", "all", "odd"}}, {Tags: []string{"x", "all"}}, {Tags: []string{`%_\`}},
		{Tags: []string{"all", "all"}}, {Tags: []string{"a\x00b"}}, {Tags: []string{"all", "a\x00b"}}, {Tags: []string{"all"}, Models: models[:2], DisplayName: "ada"},
		{Status: "x"}, {Location: f.siblingShop.ID, Tags: []string{"all"}}, {Models: models[1:], DisplayName: "o'hara"}, {Owner: customer.MemberID(bob.ID), Models: models[:1]},
	}
	for _, status := range statuses {
		filters = append(filters, provisioning.DeviceFilter{Status: status}, provisioning.DeviceFilter{Status: status, Tags: []string{"all"}},
			provisioning.DeviceFilter{Status: status, Models: models[:2]}, provisioning.DeviceFilter{Status: status, DisplayName: "bob", Location: f.siblingShop.ID})
	}
	return devices, filters
}

// tagsFollowTheirDevice finds a device by its tags of now, and when its organisation has gone over to another partner.
func tagsFollowTheirDevice(t *testing.T, f *fixture) {
	ctx := t.Context()
	ada, sub := f.person(t, f.one, f.oneShop, "ada", "101")
	d, _ := f.device(t, ada)
	found := func(tenant customer.Tenant, tag string) int {
		views, _, err := f.p.Devices(ctx, tenant, provisioning.DeviceFilter{Tags: []string{tag}}, f.now, everything)
		require.NoError(t, err)
		return len(views)
	}
	d.Tags = []string{"bar"}
	f.write(t, tenantOf(f.one), func(tx provisioning.Tx) error { return tx.SetDevice(ctx, d) })
	assert.Equal(t, 0, found(tenantOf(f.one), "lobby"))
	assert.Equal(t, 1, found(tenantOf(f.one), "bar"))
	assert.Equal(t, 1, found(customer.Tenant{Partner: f.one.Partner}, "bar"))

	org, err := f.c.AnyTenantOrganization(ctx, f.one.Org)
	require.NoError(t, err)
	next := f.foe
	next.ID, next.Org, next.ExternalID, next.SIPDomain, next.Name, next.PrimaryEmail, next.Language = customer.CustomerID(id()), "", "next", "", "", "", ""
	f.write(t, tenantOf(f.foe), func(tx provisioning.Tx) error { return tx.CreateCustomer(ctx, next) })
	f.write(t, tenantOf(f.one), func(tx provisioning.Tx) error {
		require.NoError(t, tx.DeleteSubscriber(ctx, tenantOf(f.one), sub.ID))
		return tx.DeleteCustomer(ctx, f.one.Partner, f.one.ID)
	})
	f.write(t, tenantOf(f.foe), func(tx provisioning.Tx) error { return tx.AttachOrganization(ctx, org, next) })
	assert.Equal(t, 0, found(customer.Tenant{Partner: f.one.Partner}, "bar"))
	assert.Equal(t, 1, found(customer.Tenant{Partner: f.foe.Partner}, "bar"))
	assert.Equal(t, 1, found(customer.Tenant{Partner: f.foe.Partner, Customer: f.one.Org}, "bar"))
	f.write(t, customer.Tenant{Partner: f.foe.Partner, Customer: f.one.Org}, func(tx provisioning.Tx) error {
		return tx.DeleteDevice(ctx, customer.Tenant{Partner: f.foe.Partner, Customer: f.one.Org}, d.ID)
	})
	assert.Equal(t, 0, found(customer.Tenant{Partner: f.foe.Partner}, "bar"))
}
