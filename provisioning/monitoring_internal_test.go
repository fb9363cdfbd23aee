package provisioning

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"dialtone/customer"
	"dialtone/deviceprofiles"
)

// A template's keys for monitored lines lack one only as far as their owner's list is short.
func TestAdvisoriesCountTheMonitoringList(t *testing.T) {
	t.Parallel()
	w := templateWork{Layout: deviceprofiles.Layout{Custom: true, Keys: []deviceprofiles.LineKey{
		{Index: 1, Type: deviceprofiles.KeyPrimaryLine}, {Index: 2, Type: deviceprofiles.KeyMonitor}, {Index: 3, Type: deviceprofiles.KeyMonitor}, {Index: 4, Type: deviceprofiles.KeyCallPark},
	}}}
	entry := func(kind MonitoredKind) MonitoredView { return MonitoredView{Monitored: Monitored{Kind: kind}} }
	assert.Equal(t, deviceprofiles.Advisories{MoreMonitorAppearances: 2, MoreCPEAppearances: 1}, w.advisories(1, nil))
	assert.Equal(t, deviceprofiles.Advisories{MoreCPEAppearances: 1}, w.advisories(1, []MonitoredView{entry(MonitorMember), entry(MonitorNumber)}))
	assert.Equal(t, deviceprofiles.Advisories{MoreMonitorAppearances: 1}, w.advisories(1, []MonitoredView{entry(MonitorMember), entry(MonitorPark)}))
}

func TestHowAWatchedMemberIsDialled(t *testing.T) {
	t.Parallel()
	const here, there = customer.LocationID("here"), customer.LocationID("there")
	for _, c := range []struct {
		extension, number, prefix string
		at                        customer.LocationID
		want                      string
	}{
		{"101", "+4930101", "81", here, "101"},
		{"", "+4930101", "81", here, "+4930101"},
		{"101", "+4930101", "81", there, "81101"},
		{"101", "+4930101", "", there, "+4930101"},
		{"101", "", "", there, "101"},
		{"", "", "81", there, ""},
	} {
		v := MonitoredView{RoutingPrefix: c.prefix, Watched: customer.Member{Location: here, Extension: c.extension, Number: c.number}}
		assert.Equal(t, c.want, v.dialledFrom(c.at), "%+v", c)
	}
}
