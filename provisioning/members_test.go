package provisioning_test

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/digest"
	"dialtone/fault"
	"dialtone/provisioning"
	"dialtone/secret"
)

// lobby is a hall with people, whose phones have lines.
type lobby struct {
	*hall
	people map[string]customer.PersonID
	phones int
}

func openLobby(t testing.TB, names ...string) *lobby {
	t.Helper()
	d := &lobby{hall: openHall(t), people: map[string]customer.PersonID{}}
	d.Announce(
		deviceprofiles.Service{HTTPBase: "http://phones.example.test:8081", HTTPSBase: "https://phones.example.test:8443"},
		deviceprofiles.SIP{Transport: deviceprofiles.TLS, Expires: 3600},
	)
	for i, name := range names {
		d.person(t, name, customer.WebexCalling, 1000+i)
	}
	return d
}

func (d *lobby) person(t testing.TB, name string, pkg customer.Package, extension int) {
	t.Helper()
	sub, err := d.AddSubscriber(t.Context(), d.Actor, provisioning.NewSubscriber{
		Customer: d.Customer.ID, Email: name + "@bakery.example", FirstName: name, Packages: []customer.Package{pkg},
		CallingIdentity: customer.CallingIdentity{Extension: fmt.Sprint(extension), Location: d.Shop.ID},
	})
	require.NoError(t, err)
	d.people[name] = sub.Person
}

func (d *lobby) member(name string) customer.MemberID { return customer.MemberID(d.people[name]) }

// phone adds a phone of somebody's.
func (d *lobby) phone(t testing.TB, owner, model string) provisioning.DeviceID {
	t.Helper()
	d.phones++
	v, err := d.AddDevice(t.Context(), d.Actor, d.Customer.Tenant(), provisioning.NewDevice{MAC: fmt.Sprintf("00562B%06X", d.phones), Model: model, Person: d.people[owner]})
	require.NoError(t, err)
	return v.ID
}

// set makes members of names; the first is primary, and has a weight.
func (d *lobby) set(t testing.TB, id provisioning.DeviceID, weight int, names ...string) error {
	t.Helper()
	var list []provisioning.NewMember
	for i, name := range names {
		m := provisioning.NewMember{Member: d.member(name), Primary: i == 0, Options: provisioning.LineOptions{Weight: 1}}
		if i == 0 {
			m.Options.Weight = weight
		}
		list = append(list, m)
	}
	return d.SetMembers(t.Context(), d.Actor, d.Customer.Tenant(), id, list)
}

// lines are a device's lines as "port name".
func (d *lobby) lines(t testing.TB, id provisioning.DeviceID) []string {
	t.Helper()
	m, err := d.Members(t.Context(), d.Customer.Tenant(), id)
	require.NoError(t, err)
	out := []string{}
	for _, one := range m.Members {
		out = append(out, fmt.Sprintf("%d %s", one.Port, one.Member.FirstName))
	}
	return out
}

func (d *lobby) owner(t testing.TB, id provisioning.DeviceID) customer.MemberID {
	t.Helper()
	v, err := d.Device(t.Context(), d.Customer.Tenant(), id)
	require.NoError(t, err)
	return v.Owner
}

func (d *lobby) revision(t testing.TB, id provisioning.DeviceID) int64 {
	t.Helper()
	v, err := d.Device(t.Context(), d.Customer.Tenant(), id)
	require.NoError(t, err)
	return v.Revision
}

func TestLinesAreSharedAndMoved(t *testing.T) {
	t.Parallel()
	d := openLobby(t, "ada", "bob", "cleo")
	id := d.phone(t, "ada", "Cisco 8851")
	require.NoError(t, d.set(t, id, 2, "ada", "bob", "cleo"))
	assert.Equal(t, []string{"1 ada", "3 bob", "4 cleo"}, d.lines(t, id))
	before, err := d.Credentials(t.Context(), d.Customer.Tenant(), id)
	require.NoError(t, err)

	require.NoError(t, d.set(t, id, 1, "ada", "cleo", "bob"))
	assert.Equal(t, []string{"1 ada", "2 cleo", "3 bob"}, d.lines(t, id))
	after, err := d.Credentials(t.Context(), d.Customer.Tenant(), id)
	require.NoError(t, err)
	assert.Equal(t, []string{before[0].UserName, before[2].UserName, before[1].UserName}, []string{after[0].UserName, after[1].UserName, after[2].UserName}, "who stays keeps the credentials")

	require.NoError(t, d.set(t, id, 1, "bob", "ada"), "another primary owner")
	v, err := d.Device(t.Context(), d.Customer.Tenant(), id)
	require.NoError(t, err)
	assert.Equal(t, d.member("bob"), v.Owner)
	assert.Equal(t, []string{"1 bob", "2 ada"}, d.lines(t, id))
	require.NoError(t, d.SetMembers(t.Context(), d.Actor, d.Customer.Tenant(), id, nil))
	assert.Equal(t, []string{"1 bob"}, d.lines(t, id), "without members the primary owner stays alone")
	assert.Equal(t, int64(5), d.revision(t, id))
}

func TestWhoCantHaveALine(t *testing.T) {
	t.Parallel()
	d := openLobby(t, "ada", "bob")
	d.person(t, "std", customer.WebexCallingStandard, 2000)
	id, own := d.phone(t, "ada", "Cisco 8851"), d.phone(t, "std", "Cisco 8851")
	one := func(change func(*provisioning.NewMember)) []provisioning.NewMember {
		m := provisioning.NewMember{Member: d.member("ada"), Primary: true, Options: provisioning.LineOptions{Weight: 1}}
		change(&m)
		return []provisioning.NewMember{m}
	}
	two := func(name string, change func(*provisioning.NewMember)) []provisioning.NewMember {
		m := provisioning.NewMember{Member: d.member(name), Options: provisioning.LineOptions{Weight: 1}}
		change(&m)
		return append(one(func(*provisioning.NewMember) {}), m)
	}
	for name, c := range map[string]struct {
		list  []provisioning.NewMember
		field string
	}{
		"nobody":        {one(func(m *provisioning.NewMember) { m.Member = "nobody" }), "members[0].id"},
		"no primary":    {one(func(m *provisioning.NewMember) { m.Member, m.Primary = d.member("bob"), false }), "members"},
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
	err := d.set(t, own, 1, "std", "ada")
	assert.True(t, fault.Is(err, fault.Invalid), "a standard user's device carries nobody else's line: %v", err)
	err = d.set(t, id, 1, "std")
	assert.True(t, fault.Is(err, fault.Conflict), "a standard user has one device: %v", err)
	assert.Equal(t, int64(1), d.revision(t, id), "what is refused changes nothing")
	assert.Equal(t, []string{"1 ada"}, d.lines(t, id))
}

func TestALineIsOnThirtyFiveDevicesAtTheMost(t *testing.T) {
	t.Parallel()
	d := openLobby(t, "ada", "bob")
	for range 34 {
		d.phone(t, "ada", "Cisco 8851")
	}
	shared := d.phone(t, "bob", "Cisco 8851")
	require.NoError(t, d.set(t, shared, 1, "bob", "ada"))
	require.NoError(t, d.set(t, shared, 1, "bob", "ada"), "what it has already it may keep")
	other := d.phone(t, "bob", "Cisco 8851")
	err := d.set(t, other, 1, "bob", "ada")
	require.True(t, fault.Is(err, fault.Conflict), "%v", err)
	_, err = d.AddDevice(t.Context(), d.Actor, d.Customer.Tenant(), provisioning.NewDevice{MAC: "00562BFFFFFF", Model: "Cisco 8851", Person: d.people["ada"]})
	assert.True(t, fault.Is(err, fault.Conflict), "%v", err)
}

func TestWhoLeavesTakesTheLinesAlong(t *testing.T) {
	t.Parallel()
	d := openLobby(t, "ada", "bob", "cleo")
	id, own := d.phone(t, "ada", "Cisco 8851"), d.phone(t, "bob", "Yealink T54W")
	require.NoError(t, d.set(t, id, 1, "ada", "bob", "cleo"))
	sub, err := d.Store.SubscriberByPerson(t.Context(), d.Customer.Tenant(), d.people["bob"])
	require.NoError(t, err)
	require.NoError(t, d.RemoveSubscriber(t.Context(), d.Actor, sub.ID))
	assert.Equal(t, []string{"1 ada", "2 cleo"}, d.lines(t, id), "the lines behind move up")
	_, err = d.Device(t.Context(), d.Customer.Tenant(), own)
	assert.True(t, fault.Is(err, fault.NotFound))
	assert.Equal(t, int64(3), d.revision(t, id))
}

// register proves a line with a password, and registers it; it says whether the password before was used.
func (d *lobby) register(t testing.TB, l provisioning.LineCredentials, password secret.Text, cseq uint32) (bool, error) {
	t.Helper()
	ha1 := digest.HA1(digest.SHA256, l.UserName, l.Domain, password)
	const uri = "sip:example.test"
	ha2 := hash(digest.SHA256, "REGISTER:"+uri)
	response := hash(digest.SHA256, ha1+":n:00000001:c:auth:"+ha2)
	answer, err := digest.ParseAnswer(fmt.Sprintf(`Digest username=%q, realm=%q, nonce="n", uri=%q, response=%q, algorithm=SHA-256, cnonce="c", qop=auth, nc=00000001`,
		l.UserName, l.Domain, uri, response))
	require.NoError(t, err)
	peer := netip.MustParseAddrPort("192.0.2.1:5060")
	owner, err := d.VerifySIP(t.Context(), provisioning.SIPProof{Domain: l.Domain, UserName: l.UserName, Answer: answer, Method: "REGISTER", Peer: peer, Transport: "udp"})
	if err != nil {
		return false, err
	}
	_, err = d.Register(t.Context(), provisioning.RegisterRequest{
		Line: owner, CallID: "c", CSeq: cseq, Contacts: []provisioning.RegisterContact{{URI: "sip:a@192.0.2.1", Expires: time.Hour}}, Transport: "udp", Source: peer,
	})
	return owner.ByPrevious, err
}

// run commits registrations until the test ends.
func (d *lobby) run(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		assert.NoError(t, <-done)
	})
}

func (d *lobby) bindings(t testing.TB, id provisioning.DeviceID) int {
	t.Helper()
	list, err := d.Registration(t.Context(), d.Customer.Tenant(), id)
	require.NoError(t, err)
	return len(list)
}

func TestARotationLosesNoRegistration(t *testing.T) {
	t.Parallel()
	d := openLobby(t, "ada")
	d.run(t)
	now := time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC)
	d.Clock = func() time.Time { return now }
	ctx, tenant, id := t.Context(), d.Customer.Tenant(), d.phone(t, "ada", "Cisco 8851")
	reveal := func() provisioning.LineCredentials {
		list, err := d.RevealCredentials(ctx, d.Actor, tenant, id)
		require.NoError(t, err)
		return list[0]
	}
	first := reveal()
	_, err := d.RevealCredentials(ctx, d.Actor, tenant, id)
	assert.True(t, fault.Is(err, fault.Conflict), "each password is shown once: %v", err)
	before, err := d.register(t, first, first.Password, 1)
	require.NoError(t, err)
	assert.False(t, before)

	require.NoError(t, d.Rotate(ctx, d.Actor, tenant, id, time.Hour))
	require.NoError(t, d.Rotate(ctx, d.Actor, tenant, id, time.Hour), "rotated again while the phone is away")
	assert.Equal(t, 1, d.bindings(t, id), "the registration stays")
	before, err = d.register(t, first, first.Password, 2)
	require.NoError(t, err)
	assert.True(t, before, "the first password still counts")
	third := reveal()
	assert.NotEqual(t, first.Password.Reveal(), third.Password.Reveal())
	assert.Equal(t, first.UserName, third.UserName)
	before, err = d.register(t, third, third.Password, 3)
	require.NoError(t, err)
	assert.False(t, before)
	_, err = d.register(t, first, first.Password, 4)
	assert.True(t, fault.Is(err, fault.Denied), "the phone has shown the new one, so that the first one is over: %v", err)

	require.NoError(t, d.Rotate(ctx, d.Actor, tenant, id, time.Hour))
	now = now.Add(time.Hour)
	_, err = d.register(t, third, third.Password, 5)
	assert.True(t, fault.Is(err, fault.Denied), "the deadline is over: %v", err)
}

func TestACompromiseEndsEverythingAtOnce(t *testing.T) {
	t.Parallel()
	d := openLobby(t, "ada", "bob")
	d.run(t)
	ctx, tenant, id := t.Context(), d.Customer.Tenant(), d.phone(t, "ada", "Cisco 8851")
	require.NoError(t, d.set(t, id, 1, "ada", "bob"))
	list, err := d.RevealCredentials(ctx, d.Actor, tenant, id)
	require.NoError(t, err)
	for i, l := range list {
		_, err = d.register(t, l, l.Password, uint32(i+1))
		require.NoError(t, err)
	}
	require.NoError(t, d.Rotate(ctx, d.Actor, tenant, id, 0))
	_, files, err := d.FilesAt(ctx, tenant, id, provisioning.Moment{Number: 3})
	require.NoError(t, err)
	require.NoError(t, d.AnswerCompromise(ctx, d.Actor, tenant, id, time.Hour))
	assert.Zero(t, d.bindings(t, id))
	for _, l := range list {
		_, err = d.register(t, l, l.Password, 9)
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
	d := openLobby(t, "ada", "bob", "cleo")
	now := time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC)
	d.Clock = func() time.Time { return now }
	ctx, tenant, id := t.Context(), d.Customer.Tenant(), d.phone(t, "ada", "Cisco 8851")
	now = now.Add(time.Minute)
	require.NoError(t, d.set(t, id, 2, "ada", "bob"))
	now = now.Add(time.Minute)
	require.NoError(t, d.set(t, id, 1, "ada", "cleo"))

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
	assert.Equal(t, []string{"1 ada", "3 bob"}, d.lines(t, id), "the weight comes back, and who had a line")
	sub, err := d.Store.SubscriberByPerson(ctx, tenant, d.people["cleo"])
	require.NoError(t, err)
	require.NoError(t, d.RemoveSubscriber(ctx, d.Actor, sub.ID))
	_, err = d.RollBack(ctx, d.Actor, tenant, id, provisioning.Moment{Number: 3})
	require.NoError(t, err)
	assert.Equal(t, []string{"1 ada"}, d.lines(t, id), "who has no package any more stays away")
	require.NoError(t, d.set(t, id, 1, "bob", "ada"))
	_, err = d.RollBack(ctx, d.Actor, tenant, id, provisioning.Moment{Number: 2})
	require.NoError(t, err)
	assert.Equal(t, []string{"1 ada", "2 bob"}, d.lines(t, id), "who owns the device stays as it is now")
	assert.Equal(t, d.member("bob"), d.owner(t, id))
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
	d := openLobby(t, names...)
	id := d.phone(t, "ada", "Cisco 8851")
	identity := map[string]string{}
	rapid.Check(t, func(r *rapid.T) {
		chosen := rapid.SliceOfNDistinct(rapid.SampledFrom(names), 1, 4, rapid.ID).Draw(r, "members")
		weight := rapid.IntRange(1, 4).Draw(r, "weight")
		before := d.lines(t, id)
		require.NoError(t, d.set(t, id, weight, chosen...))
		port, want := 1, []string{}
		for i, name := range chosen {
			want = append(want, fmt.Sprintf("%d %s", port, name))
			port += map[bool]int{true: weight, false: 1}[i == 0]
		}
		require.Equal(t, want, d.lines(t, id))
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
	d := openLobby(t, "ada")
	ctx, tenant, id := t.Context(), d.Customer.Tenant(), d.phone(t, "ada", "Cisco 8851")
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
	assert.Equal(t, int64(1), d.revision(t, id), "a phone isn't told its tags")
	list, err := d.ValidateMACs(ctx, []string{"aa125678cdef", "00:56:2B:00:00:01", "AA-12-56-78-CD-EF", "kjhgf"})
	require.NoError(t, err)
	var states []string
	for _, m := range list {
		states = append(states, fmt.Sprint(m.MAC, " ", m.State, " ", m.Code))
	}
	assert.Equal(t, []string{"aa125678cdef AVAILABLE 0", "00:56:2B:00:00:01 UNAVAILABLE 5675", "AA-12-56-78-CD-EF DUPLICATE_IN_LIST 5676", "kjhgf INVALID 25220"}, states)
}

// job starts a job, which the promises run at once, and returns it when it is over.
func (d *lobby) job(t testing.TB, kind provisioning.DeviceJobKind, request provisioning.JobRequest) provisioning.DeviceJob {
	t.Helper()
	started, err := d.StartDeviceJob(t.Context(), d.Actor, d.Customer.Tenant(), request)
	require.NoError(t, err)
	j, err := d.DeviceJob(t.Context(), d.Customer.Tenant(), kind, started.ID)
	require.NoError(t, err)
	require.Equal(t, provisioning.DeviceJobCompleted, j.Status, j.Error)
	return j
}

func TestAWholeLocationIsRotatedOrRevoked(t *testing.T) {
	t.Parallel()
	d := openLobby(t, "ada", "bob")
	d.run(t)
	ctx, tenant := t.Context(), d.Customer.Tenant()
	one, two := d.phone(t, "ada", "Cisco 8851"), d.phone(t, "bob", "Yealink T54W")
	first, err := d.RevealCredentials(ctx, d.Actor, tenant, one)
	require.NoError(t, err)
	_, err = d.register(t, first[0], first[0].Password, 1)
	require.NoError(t, err)
	j := d.job(t, provisioning.JobRotateCredentials, provisioning.RotationRequest{Location: d.Shop.ID, Overlap: time.Hour})
	assert.Equal(t, []int{2, 2, 0}, []int{j.Total, j.Updated, j.Failed})
	assert.Equal(t, []int64{2, 2}, []int64{d.revision(t, one), d.revision(t, two)})
	before, err := d.register(t, first[0], first[0].Password, 2)
	require.NoError(t, err)
	assert.True(t, before)
	j = d.job(t, provisioning.JobRotateCredentials, provisioning.RotationRequest{Location: d.Annex.ID})
	assert.Zero(t, j.Total, "nothing stands there")
	d.job(t, provisioning.JobAnswerCompromise, provisioning.CompromiseRequest{Enrol: time.Hour})
	assert.Zero(t, d.bindings(t, one))
	_, err = d.register(t, first[0], first[0].Password, 3)
	assert.True(t, fault.Is(err, fault.Denied), "%v", err)
	for field, request := range map[string]provisioning.JobRequest{
		"overlapMinutes": provisioning.RotationRequest{Overlap: time.Second}, "enrolMinutes": provisioning.CompromiseRequest{Enrol: time.Second},
		"locationId": provisioning.RotationRequest{Location: "nowhere"}, "to": provisioning.RollbackRequest{To: d.Clock().Add(time.Second)},
	} {
		_, err = d.StartDeviceJob(ctx, d.Actor, tenant, request)
		require.True(t, fault.Is(err, fault.Invalid), "%s: %v", field, err)
		assert.Equal(t, field, fault.ProblemsOf(err)[0].Field)
	}
}

// TestACustomerIsRolledBack changes levels, devices and lines, and takes all of it back: each phone is told what it was told then, but for the number of
// its revision.
func TestACustomerIsRolledBack(t *testing.T) {
	t.Parallel()
	d := openLobby(t, "ada", "bob", "cleo")
	now := time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC)
	d.Clock = func() time.Time { return now }
	ctx, tenant := t.Context(), d.Customer.Tenant()
	phones := []provisioning.DeviceID{d.phone(t, "ada", "Cisco 8851"), d.phone(t, "bob", "Cisco 8841")}
	settings := func(location customer.LocationID, json string) {
		d.job(t, provisioning.JobCallDeviceSettings, provisioning.SettingsRequest{Location: location, Customizations: []byte(json)})
	}
	settings("", `{"mpp":{"backlightTimer":"FIVE_MIN"}}`)
	settings(d.Shop.ID, `{"mpp":{"dndServicesEnabled":false}}`)
	require.NoError(t, d.set(t, phones[0], 2, "ada", "cleo"))
	then := map[provisioning.DeviceID]string{}
	for _, id := range phones {
		then[id] = d.told(t, id)
	}
	now = now.Add(time.Minute)
	settings("", `{"mpp":{"backlightTimer":"THIRTY_MIN","cdpEnabled":false}}`)
	settings(d.Shop.ID, `{"mpp":{"dndServicesEnabled":true,"lldpEnabled":false}}`)
	require.NoError(t, d.set(t, phones[0], 1, "ada", "cleo"))
	late := d.phone(t, "cleo", "Cisco 8851")
	for _, id := range phones {
		assert.False(t, then[id] == d.told(t, id))
	}
	now = now.Add(time.Minute)
	j := d.job(t, provisioning.JobRollBack, provisioning.RollbackRequest{To: now.Add(-90 * time.Second)})
	assert.Equal(t, []int{3, 3, 0}, []int{j.Total, j.Updated, j.Failed})
	for _, id := range phones {
		// what was set meanwhile and isn't any more is told once more as it was before: a phone keeps what its file doesn't mention
		reset := "  <Enable_CDP ua=\"na\">Yes</Enable_CDP>\n  <Enable_LLDP-MED ua=\"na\">Yes</Enable_LLDP-MED>\n"
		assert.True(t, then[id] == strings.Replace(d.told(t, id), reset, "", 1))
	}
	assert.Contains(t, d.told(t, late), "<Back_Light_Timer ua=\"rw\">5m", "a phone that came later is told of the levels")
	list, err := d.Store.Settings(ctx, tenant, string(d.Customer.Org))
	require.NoError(t, err)
	require.Len(t, list, 1)
	assert.Equal(t, time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC), list[0].Changed, "who set it, and when, comes back")
	d.job(t, provisioning.JobRollBack, provisioning.RollbackRequest{To: now.Add(-time.Hour)})
	list, err = d.Store.Settings(ctx, tenant, string(d.Customer.Org))
	require.NoError(t, err)
	assert.Empty(t, list, "before the first change nothing was set")
}

// told is what a phone is told now, its secrets masked and without the number of its revision.
func (d *lobby) told(t testing.TB, id provisioning.DeviceID) string {
	t.Helper()
	view, err := d.Files(t.Context(), d.Customer.Tenant(), id)
	require.NoError(t, err)
	var kept []string
	for l := range strings.SplitSeq(view.Files[len(view.Files)-1].Masked, "\n") {
		if !strings.Contains(l, "Device_Config_Version") {
			kept = append(kept, l)
		}
	}
	return strings.Join(kept, "\n")
}
