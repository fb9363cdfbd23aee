package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/provisioning"
)

// devicesChange gives a device that waits for its phone an address, and all else that can change.
func devicesChange(t *testing.T, f *fixture) {
	ctx, tenant := t.Context(), tenantOf(f.one)
	ada, _ := f.person(t, f.one, f.oneShop, "ada", "101")
	bob, _ := f.person(t, f.one, f.oneShop, "bob", "102")
	for _, code := range []byte{1, 2} { // two may wait at once
		d, l := f.newDevice(ada)
		d.MAC, d.Activation = deviceprofiles.MAC{}, provisioning.Activation{State: provisioning.ActivationWaiting, Hash: []byte{code}, Expires: f.now}
		f.write(t, tenant, func(tx provisioning.Tx) error {
			require.NoError(t, tx.CreateDevice(ctx, d))
			return tx.CreateLine(ctx, l)
		})
		same(t, d)(f.p.Device(ctx, tenant, d.ID))
	}
	waiting, err := f.p.AnyTenantDeviceByCode(ctx, []byte{2})
	require.NoError(t, err)
	_, err = f.p.AnyTenantDeviceByCode(ctx, []byte{3})
	assert.True(t, fault.Is(err, fault.NotFound), "%v", err)

	waiting.MAC, waiting.Model, waiting.Owner, waiting.Location = deviceprofiles.MAC{2, 9, 9, 9, 9, 9}, "DMS Cisco 8841", customer.MemberID(bob.ID), ""
	waiting.Tags, waiting.Access, waiting.AdminPassword, waiting.EnrolmentUntil = []string{}, []byte{8}, []byte{9}, f.now
	waiting.EnrolmentPeers, waiting.CertificateBarred = []string{"192.0.2.7"}, true
	waiting.Activation = provisioning.Activation{State: provisioning.ActivationDone}
	waiting.Layout = deviceprofiles.Layout{Custom: true, Keys: []deviceprofiles.LineKey{{Index: 1, Type: deviceprofiles.KeyPrimaryLine}}}
	f.write(t, tenant, func(tx provisioning.Tx) error { return tx.SetDevice(ctx, waiting) })
	same(t, waiting)(f.p.Device(ctx, tenant, waiting.ID))
	same(t, []string{"DMS Cisco 8841"})(f.p.AnyTenantModelsOfBlock(ctx, deviceprofiles.MAC{2, 9, 9, 1, 1, 1}))
	same(t, []string{})(f.p.AnyTenantModelsOfBlock(ctx, deviceprofiles.MAC{2, 9, 8, 9, 9, 9}))
	_, err = f.p.AnyTenantDeviceByCode(ctx, []byte{2})
	assert.True(t, fault.Is(err, fault.NotFound), "a code counts once: %v", err)

	taken, _ := f.device(t, ada)
	taken.MAC = waiting.MAC
	err = f.p.Update(ctx, tenant, func(tx provisioning.Tx) error { return tx.SetDevice(ctx, taken) })
	assert.Equal(t, "mac 5675", problem(err))
	stranger := waiting
	stranger.Org = f.sibling.Org
	err = f.p.Update(ctx, tenantOf(f.sibling), func(tx provisioning.Tx) error { return tx.SetDevice(ctx, stranger) })
	assert.True(t, fault.Is(err, fault.NotFound), "%v", err)
}

// linesAreReplaced lets lines change places, come and go: who stays keeps registrations.
func linesAreReplaced(t *testing.T, f *fixture) {
	ctx, tenant := t.Context(), tenantOf(f.one)
	ada, _ := f.person(t, f.one, f.oneShop, "ada", "101")
	bob, _ := f.person(t, f.one, f.oneShop, "bob", "102")
	cleo, _ := f.person(t, f.one, f.oneShop, "cleo", "103")
	d, first := f.device(t, ada)
	other, theirs := f.device(t, bob)
	line := func(p customer.Person, port int, name string) provisioning.Line {
		l := first
		l.ID, l.Owner, l.Port, l.UserName = provisioning.LineID(id()), customer.MemberID(p.ID), port, name
		return l
	}
	shared := line(bob, 2, "shared")
	f.write(t, tenant, func(tx provisioning.Tx) error {
		return tx.SetLines(ctx, tenant, d.ID, []provisioning.Line{first, shared})
	})
	kept := binding(shared.ID, "sip:kept", f.now.Add(time.Hour))
	gone := binding(first.ID, "sip:gone", f.now.Add(time.Hour))
	require.NoError(t, f.p.UpdateBindings(ctx, []provisioning.LineID{first.ID, shared.ID}, func(map[provisioning.LineID]provisioning.BoundLine) (map[provisioning.LineID][]provisioning.Binding, error) {
		return map[provisioning.LineID][]provisioning.Binding{first.ID: {gone}, shared.ID: {kept}}, nil
	}))

	shared.Port, shared.LineOptions = 1, provisioning.LineOptions{Weight: 1, HotlineEnabled: true, HotlineDestination: "911", DeclineEverywhere: true, T38: true, Label: "Bar"}
	added := line(cleo, 2, "added")
	f.write(t, tenant, func(tx provisioning.Tx) error {
		return tx.SetLines(ctx, tenant, d.ID, []provisioning.Line{shared, added})
	})
	same(t, []provisioning.Line{shared, added})(f.p.Lines(ctx, tenant, d.ID))
	same(t, []provisioning.BindingView{{Binding: kept, Port: 1}})(f.p.Bindings(ctx, tenant, d.ID, f.now))
	same(t, []provisioning.Line{theirs})(f.p.Lines(ctx, tenant, other.ID))

	same(t, 2)(f.p.CountLines(ctx, tenant, customer.MemberID(bob.ID)))
	same(t, 0)(f.p.CountLines(ctx, tenantOf(f.sibling), customer.MemberID(bob.ID)))
	devices, err := f.p.DevicesWithLineOf(ctx, tenant, customer.MemberID(bob.ID))
	require.NoError(t, err)
	assert.ElementsMatch(t, []provisioning.DeviceID{d.ID, other.ID}, devices)
	f.write(t, tenant, func(tx provisioning.Tx) error { return tx.DeleteBindings(ctx, tenant, d.ID) })
	same(t, []provisioning.BindingView{})(f.p.Bindings(ctx, tenant, d.ID, f.now))
}

// overlapsEnd ends overlaps of two passwords, one by one and those that are over.
func overlapsEnd(t *testing.T, f *fixture) {
	ctx, tenant := t.Context(), tenantOf(f.one)
	ada, _ := f.person(t, f.one, f.oneShop, "ada", "101")
	lines := map[string]provisioning.Line{}
	for name, until := range map[string]time.Time{"over": f.now.Add(-time.Second), "now": f.now, "open": f.now.Add(time.Second), "none": {}} {
		_, l := f.device(t, ada)
		if !until.IsZero() {
			l.PreviousHA1, l.PreviousUntil = []byte{6}, until
		}
		f.write(t, tenant, func(tx provisioning.Tx) error { return tx.SetLineSecret(ctx, tenant, l) })
		lines[name] = l
	}
	at := lines["open"].PreviousUntil.Add(-time.Second)
	same(t, 1)(f.p.EndOverlaps(ctx, at, 1))
	same(t, 1)(f.p.EndOverlaps(ctx, at, 10))
	same(t, 0)(f.p.EndOverlaps(ctx, at, 10))
	open := lines["open"]
	same(t, []provisioning.Line{open})(f.p.Lines(ctx, tenant, open.Device))
	require.NoError(t, f.p.EndOverlap(ctx, tenantOf(f.sibling), open.ID))
	same(t, []provisioning.Line{open})(f.p.Lines(ctx, tenant, open.Device))
	require.NoError(t, f.p.EndOverlap(ctx, tenant, open.ID))
	require.NoError(t, f.p.EndOverlap(ctx, tenant, open.ID), "ending it twice is fine")
	open.PreviousHA1, open.PreviousUntil = nil, time.Time{}
	same(t, []provisioning.Line{open})(f.p.Lines(ctx, tenant, open.Device))
}

// settingsAreKept sets, replaces and clears values on three levels, and lets a device take its own along.
func settingsAreKept(t *testing.T, f *fixture) {
	ctx, tenant := t.Context(), tenantOf(f.one)
	ada, _ := f.person(t, f.one, f.oneShop, "ada", "101")
	d, _ := f.device(t, ada)
	set := func(subject string, level deviceprofiles.SettingLevel, name, value string) provisioning.Setting {
		return provisioning.Setting{
			Subject: subject, Level: level, Partner: f.one.Partner, Org: f.one.Org, Key: deviceprofiles.SettingKey{Scope: "mpp", Name: name}, Value: value,
			Changed: f.tick(), Actor: "admin@example.com",
		}
	}
	org, shop := string(f.one.Org), string(f.oneShop.ID)
	one, two, three := set(org, deviceprofiles.LevelOrganization, "a", "1"), set(shop, deviceprofiles.LevelLocation, "a", "2"), set(string(d.ID), deviceprofiles.LevelDevice, "a", "3")
	hidden := set(string(d.ID), deviceprofiles.LevelDevice, "b", "")
	hidden.Sealed = []byte{1, 0, 2}
	f.write(t, tenant, func(tx provisioning.Tx) error {
		return tx.PutSettings(ctx, []provisioning.Setting{one, two, three, hidden})
	})
	in, err := f.p.RenderInput(ctx, tenant, d.ID)
	require.NoError(t, err)
	assert.ElementsMatch(t, []provisioning.Setting{one, two, three, hidden}, in.Settings)

	hidden.Sealed, hidden.Value = nil, "4"
	f.write(t, tenant, func(tx provisioning.Tx) error { return tx.PutSettings(ctx, []provisioning.Setting{hidden}) })
	same(t, []provisioning.Setting{three, hidden})(f.p.Settings(ctx, tenant, string(d.ID), "nobody", "", "a\x00b"))
	same(t, []provisioning.Setting{})(f.p.Settings(ctx, tenantOf(f.sibling), string(d.ID)))
	for _, stranger := range []customer.Tenant{tenantOf(f.sibling), tenantOf(f.foe)} {
		f.write(t, stranger, func(tx provisioning.Tx) error {
			return tx.ClearSettings(ctx, stranger, string(d.ID), []deviceprofiles.SettingKey{three.Key})
		})
	}
	f.write(t, tenant, func(tx provisioning.Tx) error {
		return tx.ClearSettings(ctx, tenant, string(d.ID), []deviceprofiles.SettingKey{hidden.Key, {Scope: "mpp", Name: "never"}})
	})
	same(t, []provisioning.Setting{three})(f.p.Settings(ctx, tenant, string(d.ID)))
	f.write(t, tenant, func(tx provisioning.Tx) error { return tx.DeleteDevice(ctx, tenant, d.ID) })
	same(t, []provisioning.Setting{})(f.p.Settings(ctx, tenant, string(d.ID)))
	same(t, []provisioning.Setting{one})(f.p.Settings(ctx, tenant, org))
}

// revisionsAreKept keeps what a device was told, and forgets the oldest.
func revisionsAreKept(t *testing.T, f *fixture) {
	ctx, tenant := t.Context(), tenantOf(f.one)
	ada, _ := f.person(t, f.one, f.oneShop, "ada", "101")
	d, _ := f.device(t, ada)
	var all []provisioning.Revision
	for n := range int64(5) {
		r := provisioning.Revision{
			Device: d.ID, Partner: d.Partner, Org: d.Org, Number: n + 1, Time: f.tick(), Actor: "admin@example.com", Change: customer.EventDeviceLayout, Files: []byte{byte(n), 0},
			State: provisioning.DeviceState{
				Lines:    []provisioning.LineState{{Member: customer.MemberID(ada.ID), Port: 1, Options: provisioning.LineOptions{Weight: 2}}},
				Settings: []provisioning.SettingState{{Scope: "mpp", Name: "a", Sealed: []byte{1}, Changed: f.now, Actor: "x"}},
			},
		}
		f.write(t, tenant, func(tx provisioning.Tx) error { return tx.CreateRevision(ctx, r, n-2) })
		all = append(all, r)
	}
	same(t, all[4])(f.p.Revision(ctx, tenant, d.ID, 5))
	same(t, all[2])(f.p.RevisionAt(ctx, tenant, d.ID, all[3].Time.Add(-time.Microsecond)))
	same(t, all[3])(f.p.RevisionAt(ctx, tenant, d.ID, all[3].Time))
	list, err := f.p.Revisions(ctx, tenant, d.ID, 5, 2)
	require.NoError(t, err)
	assert.Equal(t, []int64{4, 3}, []int64{list[0].Number, list[1].Number})
	assert.Nil(t, list[0].Files)
	list, err = f.p.Revisions(ctx, tenant, d.ID, 0, 10)
	require.NoError(t, err)
	assert.Len(t, list, 3, "two are forgotten")
	for _, stranger := range []customer.Tenant{tenantOf(f.sibling), tenantOf(f.foe)} {
		_, err = f.p.Revision(ctx, stranger, d.ID, 5)
		assert.True(t, fault.Is(err, fault.NotFound), "%v", err)
		same(t, []provisioning.Revision{})(f.p.Revisions(ctx, stranger, d.ID, 0, 10))
	}
	f.write(t, tenant, func(tx provisioning.Tx) error { return tx.DeleteDevice(ctx, tenant, d.ID) })
	same(t, []provisioning.Revision{})(f.p.Revisions(ctx, tenant, d.ID, 0, 10))
}

// levelRevisionsAreKept keeps what was set on a location, and forgets the oldest.
func levelRevisionsAreKept(t *testing.T, f *fixture) {
	ctx, tenant, shop := t.Context(), tenantOf(f.one), string(f.oneShop.ID)
	before := f.tick()
	var all []provisioning.LevelRevision
	for n := range int64(4) {
		r := provisioning.LevelRevision{
			Subject: shop, Level: deviceprofiles.LevelLocation, Partner: f.one.Partner, Org: f.one.Org, Number: n + 1, Time: f.tick(), Actor: "admin@example.com",
			Settings: []provisioning.SettingState{{Scope: "mpp", Name: "a", Value: "1", Changed: f.now, Actor: "x"}},
		}
		f.write(t, tenant, func(tx provisioning.Tx) error { return tx.CreateLevelRevision(ctx, r, 3) })
		all = append(all, r)
	}
	same(t, all[3])(f.p.LevelRevisionAt(ctx, tenant, shop, f.tick()))
	same(t, all[1])(f.p.LevelRevisionAt(ctx, tenant, shop, all[1].Time))
	for what, at := range map[string]time.Time{"forgotten": all[0].Time, "before": before} {
		_, err := f.p.LevelRevisionAt(ctx, tenant, shop, at)
		assert.True(t, fault.Is(err, fault.NotFound), "%s: %v", what, err)
	}
	_, err := f.p.LevelRevisionAt(ctx, tenantOf(f.sibling), shop, f.tick())
	assert.True(t, fault.Is(err, fault.NotFound), "%v", err)
}
