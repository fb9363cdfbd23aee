package provisioning_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/provisioning"
	"dialtone/provisioning/coretest"
)

// lobby is one whose people watch each other.
type lobby struct{ *coretest.Lobby }

func openLobby(t testing.TB, names ...string) lobby {
	t.Helper()
	return lobby{coretest.OpenLobby(t, names...)}
}

// monitor says whom somebody watches.
func (d lobby) monitor(t testing.TB, owner string, list ...provisioning.Monitored) error {
	t.Helper()
	return d.SetMonitoring(t.Context(), d.Actor, d.Customer.Tenant(), customer.MemberPerson, d.Member(owner), list)
}

func (d lobby) watches(name string) provisioning.Monitored {
	return provisioning.Monitored{Kind: provisioning.MonitorMember, Member: d.Member(name)}
}

// shows is what the keys of a device watch, as "type value label".
func (d lobby) shows(t testing.TB, id provisioning.DeviceID) []string {
	t.Helper()
	keys, err := d.Keys(t.Context(), d.Customer.Tenant(), id)
	require.NoError(t, err)
	out := []string{}
	for _, k := range keys {
		if k.Value != "" {
			out = append(out, fmt.Sprintf("%d %s %s %s", k.Index, k.Type, k.Value, k.Label))
		}
	}
	return out
}

// file is what a device's phone is told, without its secrets.
func (d lobby) file(t testing.TB, id provisioning.DeviceID) string {
	t.Helper()
	view, err := d.Files(t.Context(), d.Customer.Tenant(), id)
	require.NoError(t, err)
	return view.Files[len(view.Files)-1].Masked
}

func TestKeysShowWhomTheirOwnerWatches(t *testing.T) {
	t.Parallel()
	d := openLobby(t, "ada", "bob", "carl")
	ctx, tenant := t.Context(), d.Customer.Tenant()
	phone, other := d.Phone(t, "ada", "DMS Cisco 8851"), d.Phone(t, "bob", "DMS Cisco 8851")
	start := d.Revision(t, phone)
	park := provisioning.Monitored{Kind: provisioning.MonitorPark, Number: "701", Label: "Park"}
	require.NoError(t, d.monitor(t, "ada", d.watches("bob"), park))
	assert.Equal(t, []string{"2 MONITOR 1001 bob", "3 CALL_PARK_EXTENSION 701 Park"}, d.shows(t, phone), "the default layout's open keys")
	assert.Contains(t, d.file(t, phone), "fnc=blf+sd+cp;sub=1001@$PROXY;ext=1001@$PROXY;nme=bob")
	assert.Empty(t, d.shows(t, other))
	assert.Equal(t, start+1, d.Revision(t, phone))
	require.NoError(t, d.monitor(t, "ada", d.watches("bob"), park))
	assert.Equal(t, start+1, d.Revision(t, phone), "the same again changes nothing")

	layout := deviceprofiles.Layout{Custom: true, Keys: []deviceprofiles.LineKey{{Index: 1, Type: deviceprofiles.KeyPrimaryLine}, {Index: 5, Type: deviceprofiles.KeyMonitor}, {Index: 4, Type: deviceprofiles.KeyCallPark}}}
	require.NoError(t, d.SetLayout(ctx, d.Actor, tenant, phone, layout))
	assert.Equal(t, []string{"4 CALL_PARK_EXTENSION 701 Park", "5 MONITOR 1001 bob"}, d.shows(t, phone))

	before := d.Revision(t, phone)
	_, err := d.People.ChangePerson(ctx, d.Actor, tenant, d.IDs["bob"], customer.PersonChange{LastName: "Baker", CallingIdentity: customer.CallingIdentity{Extension: "1234"}})
	require.NoError(t, err)
	assert.Equal(t, []string{"4 CALL_PARK_EXTENSION 701 Park", "5 MONITOR 1234 bob Baker"}, d.shows(t, phone))
	assert.Equal(t, before+1, d.Revision(t, phone), "the watcher's phone is told")
	assert.Contains(t, d.file(t, phone), "sub=1234@$PROXY;ext=1234@$PROXY;nme=bob Baker")
	_, err = d.People.ChangePerson(ctx, d.Actor, tenant, d.IDs["carl"], customer.PersonChange{LastName: "Nobody"})
	require.NoError(t, err)
	assert.Equal(t, before+1, d.Revision(t, phone), "nobody watches carl")

	require.NoError(t, d.monitor(t, "ada"))
	assert.Empty(t, d.shows(t, phone))
	require.NoError(t, d.SetLayout(ctx, d.Actor, tenant, phone, deviceprofiles.Layout{}))
	assert.Contains(t, d.file(t, phone), `<Extended_Function_5_ ua="na"></Extended_Function_5_>`, "phones keep a key that their file doesn't mention")
	changes, _, err := d.Customers.Events(ctx, tenant, customer.EventFilter{Kind: customer.EventMemberMonitoring, Subject: string(d.Member("ada"))}, customer.Page{Max: 10})
	require.NoError(t, err)
	assert.Len(t, changes, 2)
}

func TestWhoIsGoneIsShownNoMore(t *testing.T) {
	t.Parallel()
	d := openLobby(t, "ada")
	ctx, tenant := t.Context(), d.Customer.Tenant()
	phone := d.Phone(t, "ada", "DMS Cisco 8851")
	gate, err := d.People.AddVirtualLine(ctx, d.Actor, tenant, customer.VirtualLineFields{FirstName: "Gate", LastName: "One", CallingIdentity: customer.CallingIdentity{Location: d.Shop.ID, Extension: "900"}})
	require.NoError(t, err)
	require.NoError(t, d.monitor(t, "ada", provisioning.Monitored{Kind: provisioning.MonitorMember, Member: gate.Member().ID, Label: "The gate"}))
	assert.Equal(t, []string{"2 MONITOR 900 The gate"}, d.shows(t, phone))
	before := d.Revision(t, phone)
	require.NoError(t, d.People.RemoveVirtualLine(ctx, d.Actor, tenant, gate.ID))
	assert.Empty(t, d.shows(t, phone))
	assert.Equal(t, before+1, d.Revision(t, phone))
	assert.NotContains(t, d.file(t, phone), "900@")
}

// From another location an extension is dialled with the prefix of its own, and without one the number is.
func TestWhoIsElsewhereIsDialledOtherwise(t *testing.T) {
	t.Parallel()
	d := openLobby(t, "ada", "bob")
	ctx, tenant := t.Context(), d.Customer.Tenant()
	phone := d.Phone(t, "ada", "DMS Cisco 8851")
	require.NoError(t, d.monitor(t, "ada", d.watches("bob")))
	require.NoError(t, d.Store.Update(ctx, tenant, func(tx provisioning.Tx) error {
		p, err := tx.Person(ctx, tenant, d.IDs["bob"])
		if err != nil {
			return err
		}
		p.Location = d.Annex.ID
		return tx.SetPerson(ctx, p)
	}))
	assert.Equal(t, []string{"2 MONITOR 1001 bob"}, d.shows(t, phone), "no prefix and no number")
	before, prefix := d.Revision(t, phone), "82"
	require.NoError(t, d.Customers.ChangeCalling(ctx, d.Actor, tenant, d.Annex.ID, customer.CallingChange{RoutingPrefix: &prefix}))
	assert.Equal(t, []string{"2 MONITOR 821001 bob"}, d.shows(t, phone))
	assert.Equal(t, before+1, d.Revision(t, phone))
	name := "Annex 2"
	require.NoError(t, d.Customers.ChangeCalling(ctx, d.Actor, tenant, d.Annex.ID, customer.CallingChange{CallingName: &name}))
	assert.Equal(t, before+1, d.Revision(t, phone))
}

func TestWhatCannotBeWatched(t *testing.T) {
	t.Parallel()
	d := openLobby(t, "ada", "bob")
	d.Person(t, "meetings", customer.WebexMeetings, 0)
	number := func(n string) provisioning.Monitored {
		return provisioning.Monitored{Kind: provisioning.MonitorNumber, Number: n}
	}
	for want, list := range map[string][]provisioning.Monitored{
		"monitoring[1].memberId": {d.watches("bob"), d.watches("ada")},
		"monitoring[0].memberId": {{Kind: provisioning.MonitorMember, Member: "0193f9a2-0000-7000-8000-000000000000"}},
		"monitoring[0].number":   {number("200;fnc=dnd")},
		"monitoring[0].label":    {{Kind: provisioning.MonitorPark, Number: "701", Label: "a\nb"}},
		"monitoring[0].type":     {{Kind: "BLF", Number: "1"}},
		"monitoring[2]":          {number("1"), number("2"), number("1")},
		"monitoring":             make([]provisioning.Monitored, 121),
	} {
		err := d.monitor(t, "ada", list...)
		assert.True(t, fault.Is(err, fault.Invalid), "%s: %v", want, err)
		problems := fault.ProblemsOf(err)
		if assert.Len(t, problems, 1, want) {
			assert.Equal(t, want, problems[0].Field)
		}
	}
	err := d.monitor(t, "meetings", number("1"))
	assert.Contains(t, fmt.Sprint(err), "has no package with busy lamps")
	foreign := customer.Tenant{Partner: "another"}
	_, err = d.Monitoring(t.Context(), foreign, customer.MemberPerson, d.Member("ada"))
	assert.True(t, fault.Is(err, fault.NotFound))
	err = d.SetMonitoring(t.Context(), d.Actor, foreign, customer.MemberPerson, d.Member("ada"), nil)
	assert.True(t, fault.Is(err, fault.NotFound))
}

// A name that no key could show keeps nobody's phone silent, and a model whose keys can't be laid out says so.
func TestKeysThatCannotBeTold(t *testing.T) {
	t.Parallel()
	d := openLobby(t, "ada", "bob")
	ctx, tenant := t.Context(), d.Customer.Tenant()
	_, err := d.People.ChangePerson(ctx, d.Actor, tenant, d.IDs["bob"], customer.PersonChange{LastName: "fnc=dnd; $MA"})
	require.NoError(t, err)
	phone := d.Phone(t, "ada", "Grandstream GXP2135")
	require.NoError(t, d.monitor(t, "ada", d.watches("bob")))
	keys, err := d.Keys(ctx, tenant, phone)
	require.NoError(t, err)
	require.Greater(t, len(keys), 2)
	assert.Equal(t, provisioning.DeviceKey{Key: deviceprofiles.Key{Index: 2, Type: deviceprofiles.KeyMonitor, Label: "bob fnc=dnd MA", Value: "1001"}, Unsupported: true}, keys[1])
	assert.False(t, keys[0].Unsupported)
	assert.False(t, strings.Contains(d.file(t, phone), "1001@"))
}
