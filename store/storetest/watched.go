package storetest

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/diagnosis"
	"dialtone/provisioning"
)

var (
	home    = netip.MustParseAddr("192.0.2.1")
	strange = netip.MustParseAddr("198.51.100.9")
)

// fetched is a contact that proves a phone.
func fetched(d provisioning.Device, at time.Time, from netip.Addr) provisioning.TraceEntry {
	return provisioning.TraceEntry{
		Time: at, MAC: d.MAC, Device: d.ID, Door: "https", Peer: from, Request: "GET /x", Answer: "served", Rule: "r", Revision: 1,
		Proof: provisioning.ProofDigest, Standing: provisioning.StandingFetched,
	}
}

// A flood of what anybody can make up about a phone leaves what the phone proved.
func tracesKeepEachKind(t *testing.T, f *fixture) {
	ctx := t.Context()
	ada, _ := f.person(t, f.one, f.oneShop, "ada", "101")
	d, _ := f.device(t, ada)
	require.NoError(t, f.p.AppendTrace(ctx, []provisioning.TraceEntry{fetched(d, f.now, home)}, provisioning.TraceBound{Keep: 3, Every: 1}))
	var flood []provisioning.TraceEntry
	for i := range 20 {
		flood = append(flood, provisioning.TraceEntry{
			Time: f.now.Add(time.Duration(i) * time.Second), MAC: d.MAC, Door: []string{"http", "https"}[i%2], Request: "GET /x", ByAddress: i >= 18, UserAgent: "<b>", Bytes: 7,
		})
	}
	require.NoError(t, f.p.AppendTrace(ctx, flood, provisioning.TraceBound{Keep: 3, Every: 1}))
	all, err := f.p.Trace(ctx, d.Tenant(), d.ID, provisioning.TraceFilter{}, 100)
	require.NoError(t, err)
	require.Len(t, all, 7)
	assert.Equal(t, provisioning.ProofDigest, all[6].Proof)
	assert.Equal(t, "<b>", all[0].UserAgent)
	assert.True(t, all[0].ByAddress)
	assert.Equal(t, int64(7), all[0].Bytes)
	after, err := f.p.Device(ctx, d.Tenant(), d.ID)
	require.NoError(t, err)
	assert.Equal(t, f.now.Add(17*time.Second), after.LastSeen, "what is told by address isn't the phone's own")

	plain, err := f.p.Trace(ctx, d.Tenant(), d.ID, provisioning.TraceFilter{Door: "http"}, 100)
	require.NoError(t, err)
	assert.Len(t, plain, 3)
	older, err := f.p.Trace(ctx, d.Tenant(), d.ID, provisioning.TraceFilter{Before: all[1].ID}, 2)
	require.NoError(t, err)
	assert.Equal(t, all[2:4], older)
	newer, err := f.p.Trace(ctx, d.Tenant(), d.ID, provisioning.TraceFilter{After: all[1].ID}, 10)
	require.NoError(t, err)
	assert.Equal(t, all[:1], newer)

	foreign := provisioning.TraceEntry{Time: f.now, MAC: d.MAC, Door: "dns", Domain: f.foe.SIPDomain, ByAddress: true, Request: "A"}
	own := provisioning.TraceEntry{Time: f.now, MAC: d.MAC, Door: "dns", Domain: f.one.SIPDomain, ByAddress: true, Request: "SRV"}
	require.NoError(t, f.p.AppendTrace(ctx, []provisioning.TraceEntry{foreign, own}, provisioning.TraceBound{Keep: 3, Every: 1}))
	asked, err := f.p.Trace(ctx, d.Tenant(), d.ID, provisioning.TraceFilter{Door: "dns"}, 10)
	require.NoError(t, err)
	require.Len(t, asked, 1, "a neighbour of another organisation isn't told")
	assert.Equal(t, "SRV", asked[0].Request)
}

var wide = provisioning.UnknownLimits{PerAddress: 100, PerNetwork: 100, PerTenant: 100, Unassigned: 100}

func unknownMAC(n int) deviceprofiles.MAC {
	return deviceprofiles.MAC{2, 0xAA, 0, 0, byte(n >> 8), byte(n)}
}

func (f *fixture) unknown(n int, from netip.Addr, age time.Duration) provisioning.UnknownDevice {
	at := f.now.Add(-age)
	return provisioning.UnknownDevice{MAC: unknownMAC(n), Peer: from, UserAgent: "ua", Files: []string{"a"}, First: at, Last: at, Count: 1}
}

func unknownDevicesAreKept(t *testing.T, f *fixture) {
	ctx := t.Context()
	ada, _ := f.person(t, f.one, f.oneShop, "ada", "101")
	d, _ := f.device(t, ada)
	require.NoError(t, f.p.AppendTrace(ctx, []provisioning.TraceEntry{fetched(d, f.now, home)}, provisioning.TraceBound{Keep: 3, Every: 1}))
	limits := wide
	limits.KnownSince = f.now.Add(-2 * time.Hour)
	first, later := f.unknown(1, home, time.Minute), f.unknown(1, home, 0)
	later.Files, later.UserAgent = []string{"a", "b"}, ""
	require.NoError(t, f.p.NoteUnknown(ctx, []provisioning.UnknownDevice{first, f.unknown(2, strange, time.Second)}, limits))
	require.NoError(t, f.p.NoteUnknown(ctx, []provisioning.UnknownDevice{later}, limits))
	require.NoError(t, f.p.NoteUnknown(ctx, nil, limits))

	page := customer.Page{Max: 10}
	list, more, err := f.p.UnknownDevices(ctx, d.Tenant(), page)
	require.NoError(t, err)
	assert.False(t, more)
	want := first
	want.Tenant, want.Last, want.Files, want.Count = d.Tenant(), later.Last, []string{"a", "b"}, 2
	assert.Equal(t, []provisioning.UnknownDevice{want}, list, "it came from where a phone of theirs is known; the other is nobody's")
	for _, other := range []customer.Tenant{{Partner: f.sibling.Partner, Customer: f.sibling.Org}, {Partner: f.foe.Partner}} {
		list, _, err = f.p.UnknownDevices(ctx, other, page)
		require.NoError(t, err)
		assert.Empty(t, list)
		seen, err := f.p.Sightings(ctx, other, []string{unknownMAC(1).String(), unknownMAC(2).String(), "x"})
		require.NoError(t, err)
		require.Len(t, seen, 1, "what is nobody's may be asked for")
		assert.Equal(t, unknownMAC(2), seen[0].MAC)
		assert.False(t, seen[0].Peer.IsValid(), "and from where it came isn't told")
	}

	eve, _ := f.person(t, f.sibling, f.siblingShop, "eve", "101")
	neighbour, _ := f.device(t, eve)
	require.NoError(t, f.p.AppendTrace(ctx, []provisioning.TraceEntry{fetched(neighbour, f.now, home)}, provisioning.TraceBound{Keep: 3, Every: 1}))
	require.NoError(t, f.p.NoteUnknown(ctx, []provisioning.UnknownDevice{f.unknown(3, home, 0), later}, limits))
	list, _, err = f.p.UnknownDevices(ctx, customer.Tenant{Partner: f.one.Partner}, page)
	require.NoError(t, err)
	require.Len(t, list, 1, "two organisations share the address now; what was known before stays")
	assert.Equal(t, unknownMAC(1), list[0].MAC)

	d.MAC = unknownMAC(1)
	f.write(t, d.Tenant(), func(tx provisioning.Tx) error { return tx.SetDevice(ctx, d) })
	list, _, err = f.p.UnknownDevices(ctx, d.Tenant(), page)
	require.NoError(t, err)
	assert.Empty(t, list, "a device has it")
	require.NoError(t, f.p.ForgetWatched(ctx, f.now.Add(24*time.Hour), f.now.Add(24*time.Hour), f.now, 100))
	seen, err := f.p.Sightings(ctx, d.Tenant(), []string{unknownMAC(2).String(), unknownMAC(3).String()})
	require.NoError(t, err)
	assert.Empty(t, seen)
}

// Each limit makes its own group's oldest go, and nobody else's.
func unknownMakeRoom(t *testing.T, f *fixture) {
	ctx := t.Context()
	all := make([]string, 0, 60)
	for n := range 60 {
		all = append(all, unknownMAC(n).String())
	}
	tenant := customer.Tenant{Partner: f.one.Partner, Customer: f.one.Org}
	left := func() []int {
		seen, err := f.p.Sightings(ctx, tenant, all)
		require.NoError(t, err)
		var out []int
		for _, u := range seen {
			out = append(out, int(u.MAC[5]))
		}
		return out
	}
	quiet := f.unknown(0, netip.MustParseAddr("203.0.113.1"), time.Hour)
	require.NoError(t, f.p.NoteUnknown(ctx, []provisioning.UnknownDevice{quiet}, wide))
	limits := provisioning.UnknownLimits{PerAddress: 3, PerNetwork: 5, PerTenant: 9, Unassigned: 8}
	for n := 1; n < 10; n++ {
		require.NoError(t, f.p.NoteUnknown(ctx, []provisioning.UnknownDevice{f.unknown(n, strange, time.Duration(50-n)*time.Second)}, limits))
	}
	assert.Equal(t, []int{9, 8, 7, 0}, left(), "an address")
	for n := 10; n < 20; n++ {
		from := netip.MustParseAddr(fmt.Sprintf("198.51.100.%d", n))
		require.NoError(t, f.p.NoteUnknown(ctx, []provisioning.UnknownDevice{f.unknown(n, from, time.Duration(30-n)*time.Second)}, limits))
	}
	assert.Equal(t, []int{19, 18, 17, 16, 15, 0}, left(), "a network")
	var flood []provisioning.UnknownDevice
	for n := 20; n < 60; n++ {
		flood = append(flood, f.unknown(n, netip.MustParseAddr(fmt.Sprintf("10.0.%d.1", n/20)), time.Duration(60-n)*time.Millisecond))
	}
	require.NoError(t, f.p.NoteUnknown(ctx, flood, limits))
	kept := left()
	assert.Len(t, kept, 8)
	assert.Contains(t, kept, 0, "the quiet one is there still")
}

func alarmsOpenOnce(t *testing.T, f *fixture) {
	ctx := t.Context()
	tenant := customer.Tenant{Partner: f.one.Partner, Customer: f.one.Org}
	alarm := func(subject string, at time.Time) provisioning.Alarm {
		return provisioning.Alarm{
			ID: provisioning.AlarmID(id()), Tenant: tenant, Location: f.oneShop.ID, Kind: "site_silent", Subject: subject, Sentence: "S.", NextStep: "N.", Open: true, Raised: at, Seen: at,
		}
	}
	raise := func(a provisioning.Alarm) (fresh bool) {
		f.write(t, a.Tenant, func(tx provisioning.Tx) (err error) { fresh, err = tx.RaiseAlarm(ctx, a); return err })
		return fresh
	}
	first, again, other := alarm("s", f.now), alarm("s", f.now.Add(time.Minute)), alarm("t", f.now.Add(time.Second))
	assert.True(t, raise(first))
	assert.False(t, raise(again), "one is open")
	assert.True(t, raise(other))
	first.Seen = again.Seen
	open, err := f.p.AnyTenantSiteAlarms(ctx, []customer.LocationID{f.oneShop.ID, "x"})
	require.NoError(t, err)
	assert.ElementsMatch(t, []provisioning.Alarm{first, other}, open)
	quiet, err := f.p.AnyTenantQuietAlarms(ctx, "site_silent", f.now.Add(30*time.Second), 10)
	require.NoError(t, err)
	assert.Equal(t, []provisioning.Alarm{other}, quiet)

	clearAlarm := func(tenant customer.Tenant, a provisioning.Alarm) (was bool) {
		f.write(t, tenant, func(tx provisioning.Tx) (err error) {
			was, err = tx.ClearAlarm(ctx, tenant, a.ID, f.now.Add(time.Hour))
			return err
		})
		return was
	}
	assert.False(t, clearAlarm(customer.Tenant{Partner: f.foe.Partner}, other), "somebody else's")
	assert.True(t, clearAlarm(tenant, other))
	assert.False(t, clearAlarm(tenant, other))
	other.Open, other.Cleared = false, f.now.Add(time.Hour)
	list, more, err := f.p.Alarms(ctx, customer.Tenant{Partner: f.one.Partner}, customer.Page{Max: 10})
	require.NoError(t, err)
	assert.False(t, more)
	assert.Equal(t, []provisioning.Alarm{first, other}, list, "open ones first")
	list, _, err = f.p.Alarms(ctx, customer.Tenant{Partner: f.sibling.Partner, Customer: f.sibling.Org}, customer.Page{Max: 10})
	require.NoError(t, err)
	assert.Empty(t, list)
	require.NoError(t, f.p.ForgetWatched(ctx, f.now, f.now, f.now.Add(time.Hour), 10))
	list, _, err = f.p.Alarms(ctx, tenant, customer.Page{Max: 10})
	require.NoError(t, err)
	assert.Equal(t, []provisioning.Alarm{first}, list)
}

func sitesAreCounted(t *testing.T, f *fixture) {
	ctx := t.Context()
	ada, _ := f.person(t, f.one, f.oneShop, "ada", "101")
	at := f.now
	times := provisioning.SiteTimes{Memory: at.Add(-10 * time.Hour), Fetched: at.Add(-5 * time.Hour), Registered: at.Add(-2 * time.Hour), Refused: at.Add(-2 * time.Hour)}
	old, fresh, refused, forged := f.deviceOf(t, ada), f.deviceOf(t, ada), f.deviceOf(t, ada), f.deviceOf(t, ada)
	f.deviceOf(t, ada)
	registered := fetched(fresh, at.Add(-time.Minute), home)
	registered.Standing = provisioning.StandingRegistered
	no := fetched(refused, at.Add(-time.Minute), home)
	no.Standing, no.Revision = provisioning.StandingRefused, 0
	bad := no
	bad.MAC, bad.Device, bad.Peer = forged.MAC, forged.ID, strange
	require.NoError(t, f.p.AppendTrace(ctx, []provisioning.TraceEntry{
		fetched(old, at.Add(-6*time.Hour), home), fetched(fresh, at.Add(-4*time.Hour), home), registered, fetched(refused, at.Add(-6*time.Hour), home), no, bad,
	}, provisioning.TraceBound{Keep: 10, Every: 1}))
	sites, err := f.p.AnyTenantSites(ctx, "", times, 10)
	require.NoError(t, err)
	require.Len(t, sites, 3)
	for _, s := range sites {
		if s.Location == f.oneShop.ID {
			assert.Equal(t, diagnosis.Site{Phones: 5, Fetched: 3, FetchedLately: 1, Registered: 1, RegisteredLately: 1, Refused: 1}, s.Site, "a refusal from an address that isn't known counts for nothing")
			assert.Equal(t, f.oneShop.Name, s.Name)
		} else {
			assert.Zero(t, s.Site)
		}
	}
	rest, err := f.p.AnyTenantSites(ctx, sites[0].Location, times, 1)
	require.NoError(t, err)
	assert.Equal(t, sites[1:2], rest)

	partners := func(low, high byte, from netip.Addr) []customer.OrgID {
		l, h := old.MAC, old.MAC
		l[5], h[5] = low, high
		found, err := f.p.AnyTenantPartnersOfRun(ctx, l, h, from, at.Add(-time.Hour))
		require.NoError(t, err)
		return found
	}
	assert.Equal(t, []customer.OrgID{f.one.Partner}, partners(0, 255, netip.Addr{}), "a device is in the block")
	assert.Equal(t, []customer.OrgID{f.one.Partner}, partners(254, 255, home), "phones of theirs are known there")
	assert.Empty(t, partners(254, 255, strange))

	macs, err := f.p.MACsAmong(ctx, old.Tenant(), []string{old.MAC.String(), "FFFFFFFFFFFF", "\x00"})
	require.NoError(t, err)
	assert.Equal(t, []string{old.MAC.String()}, macs)
	macs, err = f.p.MACsAmong(ctx, customer.Tenant{Partner: f.foe.Partner}, []string{old.MAC.String()})
	require.NoError(t, err)
	assert.Empty(t, macs)
	_, err = f.p.DeviceByMAC(ctx, customer.Tenant{Partner: f.foe.Partner}, old.MAC)
	require.Error(t, err)
	found, err := f.p.DeviceByMAC(ctx, old.Tenant(), old.MAC)
	require.NoError(t, err)
	assert.Equal(t, old.ID, found.ID)
}

// deviceOf makes a device without its line.
func (f *fixture) deviceOf(t testing.TB, p customer.Person) provisioning.Device {
	t.Helper()
	d, _ := f.device(t, p)
	return d
}

func questionsAreKept(t *testing.T, f *fixture) {
	ctx := t.Context()
	q := provisioning.Query{Time: f.now, Peer: home, Domain: f.one.SIPDomain, Question: "SRV _sip._udp", Answer: "NOERROR"}
	newer, none, elsewhere := q, q, q
	newer.Time, newer.Peer = f.now.Add(time.Minute), strange
	none.Answer = "NXDOMAIN"
	elsewhere.Domain = "nobody.sip.example"
	require.NoError(t, f.p.AppendQueries(ctx, []provisioning.Query{newer, q, none, elsewhere}))
	require.NoError(t, f.p.AppendQueries(ctx, []provisioning.Query{q}))
	got, err := f.p.Queries(ctx, customer.Tenant{Partner: f.one.Partner, Customer: f.one.Org})
	require.NoError(t, err)
	newer.Domain, none.Domain = "", ""
	assert.Equal(t, []provisioning.Query{newer, none}, got)
	got, err = f.p.Queries(ctx, customer.Tenant{Partner: f.foe.Partner, Customer: f.one.Org})
	require.NoError(t, err)
	assert.Empty(t, got)
}
