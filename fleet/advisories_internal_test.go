package fleet

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"dialtone/deviceprofiles"
	"dialtone/provisioning"
)

// A template's keys for monitored lines lack one only as far as their owner's list is short.
func TestAdvisoriesCountTheMonitoringList(t *testing.T) {
	t.Parallel()
	w := templateWork{Layout: deviceprofiles.Layout{Custom: true, Keys: []deviceprofiles.LineKey{
		{Index: 1, Type: deviceprofiles.KeyPrimaryLine}, {Index: 2, Type: deviceprofiles.KeyMonitor}, {Index: 3, Type: deviceprofiles.KeyMonitor}, {Index: 4, Type: deviceprofiles.KeyCallPark},
	}}}
	entry := func(kind provisioning.MonitoredKind) provisioning.MonitoredView {
		return provisioning.MonitoredView{Monitored: provisioning.Monitored{Kind: kind}}
	}
	assert.Equal(t, deviceprofiles.Advisories{MoreMonitorAppearances: 2, MoreCPEAppearances: 1}, w.advisories(1, nil))
	assert.Equal(t, deviceprofiles.Advisories{MoreCPEAppearances: 1}, w.advisories(1, []provisioning.MonitoredView{entry(provisioning.MonitorMember), entry(provisioning.MonitorNumber)}))
	assert.Equal(t, deviceprofiles.Advisories{MoreMonitorAppearances: 1}, w.advisories(1, []provisioning.MonitoredView{entry(provisioning.MonitorMember), entry(provisioning.MonitorPark)}))
}
