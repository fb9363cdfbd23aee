package adminapi_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/adminapi"
	"dialtone/provisioning"
)

// knock asks for the file of a MAC address that nobody has.
func knock(t *testing.T, core *provisioning.Service, from, mac, agent string) {
	t.Helper()
	_, _ = core.Open(t.Context(), provisioning.Request{
		Path: "/" + mac + ".cfg", UserAgent: agent, Peer: netip.AddrPortFrom(netip.MustParseAddr(from), 4000), Transport: provisioning.HTTPS,
	})
}

func TestUnknownPhonesWaitToBeClaimed(t *testing.T) {
	t.Parallel()
	o, core := newBusyOffice(t)
	p := &phoneAtDesk{office: o, t: t, core: core, mac: "805ec0aabbcc", ua: yealinkAgent}
	p.enrol() // from the desk: the address is the organisation's now
	o.pass(time.Minute)
	const inbox = "/hub/v1/devices/unknown"
	assert.Empty(t, items(t, o.ok(t, 200, "GET", inbox, "")))
	knock(t, core, "192.0.2.7", "805ec0000001", "Yealink SIP-T46U 108.86.0.20 80:5e:c0:00:00:01")
	knock(t, core, "192.0.2.7", "805ec0000001", "")
	o.pass(time.Minute)
	knock(t, core, "192.0.2.7", "64167f000002", "")
	knock(t, core, "203.0.113.9", "805ec0000003", "")
	got := items(t, o.ok(t, 200, "GET", inbox, ""))
	require.Len(t, got, 2, "who asks from where nobody is known is nobody's")
	assert.Equal(t, "64167F000002", got[0]["mac"])
	assert.Equal(t, "Poly", got[0]["vendor"])
	assert.Equal(t, map[string]any{
		"mac": "805EC0000001", "vendor": "Yealink", "model": "T46U", "userAgent": "Yealink SIP-T46U 108.86.0.20 80:5e:c0:00:00:01", "peer": "192.0.2.7", "orgId": o.org,
		"firstSeen": "2026-05-01T08:01:00.123Z", "lastSeen": "2026-05-01T08:01:00.123Z", "count": 2.0, "files": []any{"805ec0000001.cfg"},
	}, got[1])
	assert.Len(t, items(t, o.ok(t, 200, "GET", inbox+"?max=1&orgId="+o.org, "")), 1)
	assert.Empty(t, items(t, object(t, o.ask(t, o.others, "GET", inbox, "").body)))
	why := o.ok(t, 200, "GET", "/hub/v1/why?mac=805ec0000003", "")
	assert.Equal(t, "unknown_asked", why["cause"], "it is found by its address all the same")

	o.ok(t, 200, "POST", "/v1/devices", fmt.Sprintf(`{"mac":"805EC0000001","model":"Yealink T46U","personId":%q}`, o.person))
	got = items(t, o.ok(t, 200, "GET", inbox, ""))
	require.Len(t, got, 1, "it is somebody's now")
	assert.Equal(t, "64167F000002", got[0]["mac"])
}

func TestARunOverAddressesIsSeen(t *testing.T) {
	t.Parallel()
	var core *provisioning.Service
	o := newEmptyOffice(t, func(c *adminapi.Config) { core, _ = c.Devices.(*provisioning.Service) }) // at rest, so that nobody else looks meanwhile
	o.fill(t)
	const alarms = "/hub/v1/alarms"
	for i := range 39 {
		knock(t, core, "203.0.113.9", fmt.Sprintf("805ec0aa%04x", i), "curl/8.5.0")
	}
	require.NoError(t, core.CheckAlarms(t.Context()))
	assert.Empty(t, items(t, o.ok(t, 200, "GET", alarms, "")))
	for i := 39; i < 200; i++ {
		knock(t, core, "203.0.113.9", fmt.Sprintf("805ec0aa%04x", i), "curl/8.5.0")
	}
	require.NoError(t, core.CheckAlarms(t.Context()))
	got := items(t, o.ok(t, 200, "GET", alarms, ""))
	require.Len(t, got, 2, "by its source, and by the block")
	for _, a := range got {
		assert.Equal(t, "harvest", a["kind"])
		assert.Equal(t, "open", a["state"])
	}
	assert.ElementsMatch(t, []any{"203.0.113.9", "805EC0"}, []any{got[0]["subject"], got[1]["subject"]})
	assert.Contains(t, got[0]["sentence"], "the block 805EC0AAxxxx")
	assert.Contains(t, o.log.String(), "level=WARN msg=\"somebody asks for many MAC addresses that nobody has\" peer=203.0.113.9")
	assert.Empty(t, items(t, object(t, o.ask(t, o.others, "GET", alarms, "").body)), "it isn't about phones of theirs")
	assert.Len(t, items(t, o.ok(t, 200, "GET", "/hub/v1/audit?kind=alarm.raised", "")), 2)

	o.pass(2 * time.Hour)
	require.NoError(t, core.CheckAlarms(t.Context()))
	got = items(t, o.ok(t, 200, "GET", alarms, ""))
	require.Len(t, got, 2)
	assert.Equal(t, "cleared", got[0]["state"])
	assert.Len(t, items(t, o.ok(t, 200, "GET", "/hub/v1/audit?kind=alarm.cleared", "")), 2)
}

// campus is a site with some phones, each with what it proves itself with.
type campus struct {
	*office
	core    *provisioning.Service
	devices []string
	macs    []string
	call    uint32
}

func newCampus(t *testing.T) *campus {
	t.Helper()
	o, core := newBusyOffice(t)
	c := &campus{office: o, core: core, devices: []string{o.device}, macs: []string{"805ec0aabbcc"}}
	for i := range 3 {
		person := text(o.ok(t, 200, "POST", "/v1/wholesale/subscribers", o.newPerson(fmt.Sprint("student", i), 200+i)), "personId")
		c.macs = append(c.macs, fmt.Sprintf("805ec0aabb0%d", i))
		c.devices = append(c.devices, text(o.ok(t, 200, "POST", "/v1/devices?orgId="+o.org, fmt.Sprintf(`{"mac":%q,"model":"Yealink T54W","personId":%q,"password":%q}`, c.macs[i+1], person, sipPassword)), "id"))
	}
	return c
}

// fetch lets every phone fetch its file inside a window.
func (c *campus) fetch(t *testing.T) {
	t.Helper()
	for i, device := range c.devices {
		c.ok(t, 201, "POST", "/hub/v1/devices/"+device+"/enrolment", `{"minutes":60}`)
		knock(t, c.core, desk.Addr().String(), c.macs[i], "")
		c.ok(t, 204, "DELETE", "/hub/v1/devices/"+device+"/enrolment", "")
	}
}

// refused lets every phone ask and be refused.
func (c *campus) refused(t *testing.T) {
	t.Helper()
	for _, mac := range c.macs {
		knock(t, c.core, desk.Addr().String(), mac, "")
	}
}

// register renews every phone's registration.
func (c *campus) register(t *testing.T) {
	t.Helper()
	c.call++
	for _, device := range c.devices {
		one := &office{door: c.door, db: c.db, token: c.token, device: device, org: c.org}
		register(t, one, c.core, c.call, time.Hour)
	}
}

// open returns the kinds of the alarms that are open.
func (c *campus) open(t *testing.T) []string {
	t.Helper()
	require.NoError(t, c.core.CheckAlarms(t.Context()))
	kinds := []string{}
	for _, a := range items(t, c.ok(t, 200, "GET", "/hub/v1/alarms", "")) {
		if a["state"] == "open" {
			assert.Equal(t, c.location, a["locationId"])
			kinds = append(kinds, text(a, "kind"))
		}
	}
	return kinds
}

// A campus lost power, all of its phones came back at once from one address, and a firewall blocked that address for the doors of files. The phones went on
// registering, so that nobody noticed for three weeks.
func TestACampusThatFetchesNoMoreIsNoticedTheNextDay(t *testing.T) {
	t.Parallel()
	c := newCampus(t)
	c.fetch(t)
	c.register(t)
	assert.Empty(t, c.open(t))
	noticed := 0
	for hour := 1; hour <= 30 && noticed == 0; hour++ {
		c.pass(time.Hour)
		c.register(t)
		if kinds := c.open(t); len(kinds) > 0 {
			assert.Equal(t, []string{"fetches_silent"}, kinds)
			noticed = hour
		}
	}
	assert.Equal(t, 26, noticed, "hours after the last fetch")
	alarm := items(t, c.ok(t, 200, "GET", "/hub/v1/alarms", ""))[0]
	assert.Equal(t, "The phones of Shop register, but 4 of 4 haven't fetched their files for a day.", alarm["sentence"])
	assert.Contains(t, alarm["nextStep"], "firewall")
	assert.Len(t, c.open(t), 1, "and is told once")

	c.fetch(t)
	assert.Empty(t, c.open(t), "it is over by itself")
	assert.Len(t, items(t, c.ok(t, 200, "GET", "/hub/v1/audit?kind=alarm.raised", "")), 1)
	assert.Len(t, items(t, c.ok(t, 200, "GET", "/hub/v1/audit?kind=alarm.cleared", "")), 1)
	assert.Empty(t, items(t, object(t, c.ask(t, c.others, "GET", "/hub/v1/alarms", "").body)))
}

func TestACampusThatIsRefusedIsNoticedAtOnce(t *testing.T) {
	t.Parallel()
	c := newCampus(t)
	c.fetch(t)
	c.register(t)
	c.pass(time.Minute)
	c.refused(t)
	assert.Equal(t, []string{"fetches_refused"}, c.open(t))
	c.pass(time.Minute)
	c.fetch(t)
	assert.Empty(t, c.open(t))
}

func TestACampusWithoutPowerIsNoticed(t *testing.T) {
	t.Parallel()
	c := newCampus(t)
	c.fetch(t)
	c.register(t)
	c.pass(3 * time.Hour)
	assert.Equal(t, []string{"registrations_silent"}, c.open(t))
	c.pass(24 * time.Hour)
	assert.Equal(t, []string{"site_silent"}, c.open(t))
	c.pass(30 * 24 * time.Hour)
	assert.Empty(t, c.open(t), "a site that was given up is no news")
}
