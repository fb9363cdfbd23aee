package provisioning_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/provisioning"
	"dialtone/provisioning/coretest"
)

func TestLinesAreSharedAndMoved(t *testing.T) {
	t.Parallel()
	d := coretest.OpenLobby(t, "ada", "bob", "cleo")
	id := d.Phone(t, "ada", "Cisco 8851")
	require.NoError(t, d.Set(t, id, 2, "ada", "bob", "cleo"))
	assert.Equal(t, []string{"1 ada", "3 bob", "4 cleo"}, d.Lines(t, id))
	before, err := d.Credentials(t.Context(), d.Customer.Tenant(), id)
	require.NoError(t, err)

	require.NoError(t, d.Set(t, id, 1, "ada", "cleo", "bob"))
	assert.Equal(t, []string{"1 ada", "2 cleo", "3 bob"}, d.Lines(t, id))
	after, err := d.Credentials(t.Context(), d.Customer.Tenant(), id)
	require.NoError(t, err)
	assert.Equal(t, []string{before[0].UserName, before[2].UserName, before[1].UserName}, []string{after[0].UserName, after[1].UserName, after[2].UserName}, "who stays keeps the credentials")

	require.NoError(t, d.Set(t, id, 1, "bob", "ada"), "another primary owner")
	v, err := d.Device(t.Context(), d.Customer.Tenant(), id)
	require.NoError(t, err)
	assert.Equal(t, d.Member("bob"), v.Owner)
	assert.Equal(t, []string{"1 bob", "2 ada"}, d.Lines(t, id))
	require.NoError(t, d.SetMembers(t.Context(), d.Actor, d.Customer.Tenant(), id, nil))
	assert.Equal(t, []string{"1 bob"}, d.Lines(t, id), "without members the primary owner stays alone")
	assert.Equal(t, int64(5), d.Revision(t, id))
}

func TestWhoCantHaveALine(t *testing.T) {
	t.Parallel()
	d := coretest.OpenLobby(t, "ada", "bob")
	d.Person(t, "std", customer.WebexCallingStandard, 2000)
	id, own := d.Phone(t, "ada", "Cisco 8851"), d.Phone(t, "std", "Cisco 8851")
	one := func(change func(*provisioning.NewMember)) []provisioning.NewMember {
		m := provisioning.NewMember{Member: d.Member("ada"), Primary: true, Options: provisioning.LineOptions{Weight: 1}}
		change(&m)
		return []provisioning.NewMember{m}
	}
	two := func(name string, change func(*provisioning.NewMember)) []provisioning.NewMember {
		m := provisioning.NewMember{Member: d.Member(name), Options: provisioning.LineOptions{Weight: 1}}
		change(&m)
		return append(one(func(*provisioning.NewMember) {}), m)
	}
	for name, c := range map[string]struct {
		list  []provisioning.NewMember
		field string
	}{
		"nobody":        {one(func(m *provisioning.NewMember) { m.Member = "nobody" }), "members[0].id"},
		"no primary":    {one(func(m *provisioning.NewMember) { m.Member, m.Primary = d.Member("bob"), false }), "members"},
		"two primaries": {two("bob", func(m *provisioning.NewMember) { m.Primary = true }), "members"},
		"twice":         {two("ada", func(*provisioning.NewMember) {}), "members[1].id"},
		"weight 0":      {one(func(m *provisioning.NewMember) { m.Options.Weight = 0 }), "members[0].lineWeight"},
		"too heavy":     {one(func(m *provisioning.NewMember) { m.Options.Weight = 11 }), "members"},
		"shared weight": {two("bob", func(m *provisioning.NewMember) { m.Options.Weight = 2 }), "members[1].lineWeight"},
		"no hotline":    {one(func(m *provisioning.NewMember) { m.Options.HotlineEnabled = true }), "members[0].hotlineDestination"},
		"hotline text":  {one(func(m *provisioning.NewMember) { m.Options.HotlineDestination = "police" }), "members[0].hotlineDestination"},
		"label":         {one(func(m *provisioning.NewMember) { m.Options.Label = "a\nb" }), "members[0].lineLabel"},
		"standard":      {two("std", func(*provisioning.NewMember) {}), "members[1].id"},
	} {
		err := d.SetMembers(t.Context(), d.Actor, d.Customer.Tenant(), id, c.list)
		require.True(t, fault.Is(err, fault.Invalid), "%s: %v", name, err)
		assert.Equal(t, c.field, fault.ProblemsOf(err)[0].Field, name)
	}
	err := d.Set(t, own, 1, "std", "ada")
	assert.True(t, fault.Is(err, fault.Invalid), "a standard user's device carries nobody else's line: %v", err)
	err = d.Set(t, id, 1, "std")
	assert.True(t, fault.Is(err, fault.Conflict), "a standard user has one device: %v", err)
	assert.Equal(t, int64(1), d.Revision(t, id), "what is refused changes nothing")
	assert.Equal(t, []string{"1 ada"}, d.Lines(t, id))
}

func TestALineIsOnThirtyFiveDevicesAtTheMost(t *testing.T) {
	t.Parallel()
	d := coretest.OpenLobby(t, "ada", "bob")
	for range 34 {
		d.Phone(t, "ada", "Cisco 8851")
	}
	shared := d.Phone(t, "bob", "Cisco 8851")
	require.NoError(t, d.Set(t, shared, 1, "bob", "ada"))
	require.NoError(t, d.Set(t, shared, 1, "bob", "ada"), "what it has already it may keep")
	other := d.Phone(t, "bob", "Cisco 8851")
	err := d.Set(t, other, 1, "bob", "ada")
	require.True(t, fault.Is(err, fault.Conflict), "%v", err)
	_, err = d.AddDevice(t.Context(), d.Actor, d.Customer.Tenant(), provisioning.NewDevice{MAC: "00562BFFFFFF", Model: "Cisco 8851", Person: d.IDs["ada"]})
	assert.True(t, fault.Is(err, fault.Conflict), "%v", err)
}

func TestWhoLeavesTakesTheLinesAlong(t *testing.T) {
	t.Parallel()
	d := coretest.OpenLobby(t, "ada", "bob", "cleo")
	id, own := d.Phone(t, "ada", "Cisco 8851"), d.Phone(t, "bob", "Yealink T54W")
	require.NoError(t, d.Set(t, id, 1, "ada", "bob", "cleo"))
	sub, err := d.Store.SubscriberByPerson(t.Context(), d.Customer.Tenant(), d.IDs["bob"])
	require.NoError(t, err)
	require.NoError(t, d.People.RemoveSubscriber(t.Context(), d.Actor, sub.ID))
	assert.Equal(t, []string{"1 ada", "2 cleo"}, d.Lines(t, id), "the lines behind move up")
	_, err = d.Device(t.Context(), d.Customer.Tenant(), own)
	assert.True(t, fault.Is(err, fault.NotFound))
	assert.Equal(t, int64(3), d.Revision(t, id))
}

func TestARotationLosesNoRegistration(t *testing.T) {
	t.Parallel()
	d := coretest.OpenLobby(t, "ada")
	d.Start(t)
	now := time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC)
	d.Clock = func() time.Time { return now }
	ctx, tenant, id := t.Context(), d.Customer.Tenant(), d.Phone(t, "ada", "Cisco 8851")
	reveal := func() provisioning.LineCredentials {
		list, err := d.RevealCredentials(ctx, d.Actor, tenant, id)
		require.NoError(t, err)
		return list[0]
	}
	first := reveal()
	_, err := d.RevealCredentials(ctx, d.Actor, tenant, id)
	assert.True(t, fault.Is(err, fault.Conflict), "each password is shown once: %v", err)
	before, err := d.SignIn(t, first, first.Password, 1)
	require.NoError(t, err)
	assert.False(t, before)

	require.NoError(t, d.Rotate(ctx, d.Actor, tenant, id, time.Hour))
	require.NoError(t, d.Rotate(ctx, d.Actor, tenant, id, time.Hour), "rotated again while the phone is away")
	assert.Equal(t, 1, d.Bindings(t, id), "the registration stays")
	before, err = d.SignIn(t, first, first.Password, 2)
	require.NoError(t, err)
	assert.True(t, before, "the first password still counts")
	third := reveal()
	assert.NotEqual(t, first.Password.Reveal(), third.Password.Reveal())
	assert.Equal(t, first.UserName, third.UserName)
	before, err = d.SignIn(t, third, third.Password, 3)
	require.NoError(t, err)
	assert.False(t, before)
	_, err = d.SignIn(t, first, first.Password, 4)
	assert.True(t, fault.Is(err, fault.Denied), "the phone has shown the new one, so that the first one is over: %v", err)

	require.NoError(t, d.Rotate(ctx, d.Actor, tenant, id, time.Hour))
	now = now.Add(time.Hour)
	_, err = d.SignIn(t, third, third.Password, 5)
	assert.True(t, fault.Is(err, fault.Denied), "the deadline is over: %v", err)
}

func TestACompromiseEndsEverythingAtOnce(t *testing.T) {
	t.Parallel()
	d := coretest.OpenLobby(t, "ada", "bob")
	d.Start(t)
	ctx, tenant, id := t.Context(), d.Customer.Tenant(), d.Phone(t, "ada", "Cisco 8851")
	require.NoError(t, d.Set(t, id, 1, "ada", "bob"))
	list, err := d.RevealCredentials(ctx, d.Actor, tenant, id)
	require.NoError(t, err)
	for i, l := range list {
		_, err = d.SignIn(t, l, l.Password, uint32(i+1))
		require.NoError(t, err)
	}
	require.NoError(t, d.Rotate(ctx, d.Actor, tenant, id, 0))
	_, files, err := d.FilesAt(ctx, tenant, id, provisioning.Moment{Number: 3})
	require.NoError(t, err)
	require.NoError(t, d.AnswerCompromise(ctx, d.Actor, tenant, id, time.Hour))
	assert.Zero(t, d.Bindings(t, id))
	for _, l := range list {
		_, err = d.SignIn(t, l, l.Password, 9)
		assert.True(t, fault.Is(err, fault.Denied), "%v", err)
	}
	_, after, err := d.FilesAt(ctx, tenant, id, provisioning.Moment{Number: 4})
	require.NoError(t, err)
	assert.NotEqual(t, files[len(files)-1].Body, after[len(after)-1].Body)
	for _, word := range []string{"GPP_SA", "Admin_Password", "Password_1_", "Password_2_"} {
		assert.NotEqual(t, line(files[len(files)-1].Body, word), line(after[len(after)-1].Body, word), word)
	}
	v, err := d.Device(ctx, tenant, id)
	require.NoError(t, err)
	assert.Equal(t, d.Clock().Add(time.Hour), v.EnrolmentUntil)
	for _, bad := range []time.Duration{-time.Minute, time.Second, 8 * 24 * time.Hour} {
		assert.True(t, fault.Is(d.AnswerCompromise(ctx, d.Actor, tenant, id, bad), fault.Invalid), bad)
	}
}

// line is the line of a file that names a setting.
func line(body []byte, name string) string {
	for l := range strings.SplitSeq(string(body), "\n") {
		if strings.Contains(l, "<"+name+" ") {
			return l
		}
	}
	return ""
}

func TestHistoryTellsWhatAPhoneWasToldAndTakesItBack(t *testing.T) {
	t.Parallel()
	d := coretest.OpenLobby(t, "ada", "bob", "cleo")
	now := time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC)
	d.Clock = func() time.Time { return now }
	ctx, tenant, id := t.Context(), d.Customer.Tenant(), d.Phone(t, "ada", "Cisco 8851")
	now = now.Add(time.Minute)
	require.NoError(t, d.Set(t, id, 2, "ada", "bob"))
	now = now.Add(time.Minute)
	require.NoError(t, d.Set(t, id, 1, "ada", "cleo"))

	list, err := d.Revisions(ctx, tenant, id, 0, 10)
	require.NoError(t, err)
	var told []string
	for _, r := range list {
		told = append(told, fmt.Sprint(r.Number, " ", r.Change, " ", r.Actor))
	}
	assert.Equal(t, []string{"3 device.members_changed admin@example.com", "2 device.members_changed admin@example.com", "1 device.created admin@example.com"}, told)
	then, files, err := d.FilesAt(ctx, tenant, id, provisioning.Moment{Time: now.Add(-time.Second)})
	require.NoError(t, err)
	assert.Equal(t, int64(2), then.Number)
	assert.Contains(t, string(files[len(files)-1].Body), ">bob<")
	assert.NotContains(t, files[len(files)-1].Masked, string(linePassword(files[len(files)-1].Body)))

	diffs, err := d.DiffRevisions(ctx, tenant, id, provisioning.Moment{Number: 2}, provisioning.Moment{Number: 3})
	require.NoError(t, err)
	require.Len(t, diffs, 1)
	assert.Contains(t, diffs[0].Diff, `-  <Display_Name_3_ ua="na">bob</Display_Name_3_>`)
	assert.NotContains(t, diffs[0].Diff, string(linePassword(files[len(files)-1].Body)))
	diffs, err = d.DiffRevisions(ctx, tenant, id, provisioning.Moment{Number: 2}, provisioning.Moment{Number: 2})
	require.NoError(t, err)
	assert.Empty(t, diffs)

	number, err := d.RollBack(ctx, d.Actor, tenant, id, provisioning.Moment{Number: 2})
	require.NoError(t, err)
	assert.Equal(t, int64(4), number)
	assert.Equal(t, []string{"1 ada", "3 bob"}, d.Lines(t, id), "the weight comes back, and who had a line")
	sub, err := d.Store.SubscriberByPerson(ctx, tenant, d.IDs["cleo"])
	require.NoError(t, err)
	require.NoError(t, d.People.RemoveSubscriber(ctx, d.Actor, sub.ID))
	_, err = d.RollBack(ctx, d.Actor, tenant, id, provisioning.Moment{Number: 3})
	require.NoError(t, err)
	assert.Equal(t, []string{"1 ada"}, d.Lines(t, id), "who has no package any more stays away")
	require.NoError(t, d.Set(t, id, 1, "bob", "ada"))
	_, err = d.RollBack(ctx, d.Actor, tenant, id, provisioning.Moment{Number: 2})
	require.NoError(t, err)
	assert.Equal(t, []string{"1 ada", "2 bob"}, d.Lines(t, id), "who owns the device stays as it is now")
	assert.Equal(t, d.Member("bob"), d.Owner(t, id))
	for what, m := range map[string]provisioning.Moment{"number": {Number: 99}, "moment": {Time: now.Add(-time.Hour)}} {
		_, _, err = d.FilesAt(ctx, tenant, id, m)
		assert.True(t, fault.Is(err, fault.NotFound), "%s: %v", what, err)
	}
}

func linePassword(body []byte) []byte {
	l := line(body, "Password_1_")
	l = l[strings.IndexByte(l, '>')+1:]
	return []byte(l[:strings.IndexByte(l, '<')])
}

// TestLinesNeverOverlap changes members at random: ports are contiguous by weight, each member has one line, and credentials are never exchanged.
func TestLinesNeverOverlap(t *testing.T) {
	t.Parallel()
	names := []string{"ada", "bob", "cleo", "dan"}
	d := coretest.OpenLobby(t, names...)
	id := d.Phone(t, "ada", "Cisco 8851")
	identity := map[string]string{}
	rapid.Check(t, func(r *rapid.T) {
		chosen := rapid.SliceOfNDistinct(rapid.SampledFrom(names), 1, 4, rapid.ID).Draw(r, "members")
		weight := rapid.IntRange(1, 4).Draw(r, "weight")
		before := d.Lines(t, id)
		require.NoError(t, d.Set(t, id, weight, chosen...))
		port, want := 1, []string{}
		for i, name := range chosen {
			want = append(want, fmt.Sprintf("%d %s", port, name))
			port += map[bool]int{true: weight, false: 1}[i == 0]
		}
		require.Equal(t, want, d.Lines(t, id))
		list, err := d.Credentials(t.Context(), d.Customer.Tenant(), id)
		require.NoError(t, err)
		for i, name := range chosen {
			if slices.ContainsFunc(before, func(l string) bool { return strings.HasSuffix(l, " "+name) }) && identity[name] != "" {
				require.Equal(t, identity[name], list[i].UserName)
			}
			identity[name] = list[i].UserName
		}
	})
}

func TestTagsAndAddresses(t *testing.T) {
	t.Parallel()
	d := coretest.OpenLobby(t, "ada")
	ctx, tenant, id := t.Context(), d.Customer.Tenant(), d.Phone(t, "ada", "Cisco 8851")
	for _, c := range []struct {
		change provisioning.TagChange
		tags   []string
		want   []string
	}{
		{provisioning.TagsAdd, []string{"lobby", "züri", "lobby"}, []string{"lobby", "züri"}},
		{provisioning.TagsAdd, []string{"lobby", "new"}, []string{"lobby", "züri", "new"}},
		{provisioning.TagsReplace, []string{"one"}, []string{"one"}},
		{provisioning.TagsRemove, []string{"ignored"}, []string{}},
	} {
		v, err := d.ChangeTags(ctx, d.Actor, tenant, id, c.change, c.tags)
		require.NoError(t, err)
		assert.Equal(t, c.want, v.Tags)
	}
	for what, c := range map[provisioning.TagChange][]string{"move": {"a"}, provisioning.TagsAdd: {""}, provisioning.TagsReplace: {strings.Repeat("x", 65)}} {
		_, err := d.ChangeTags(ctx, d.Actor, tenant, id, what, c)
		assert.True(t, fault.Is(err, fault.Invalid), "%s: %v", what, err)
	}
	assert.Equal(t, int64(1), d.Revision(t, id), "a phone isn't told its tags")
	list, err := d.ValidateMACs(ctx, []string{"aa125678cdef", "00:56:2B:00:00:01", "AA-12-56-78-CD-EF", "kjhgf"})
	require.NoError(t, err)
	var states []string
	for _, m := range list {
		states = append(states, fmt.Sprint(m.MAC, " ", m.State, " ", m.Code))
	}
	assert.Equal(t, []string{"aa125678cdef AVAILABLE 0", "00:56:2B:00:00:01 UNAVAILABLE 5675", "AA-12-56-78-CD-EF DUPLICATE_IN_LIST 5676", "kjhgf INVALID 25220"}, states)
}
