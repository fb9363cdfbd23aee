package provisioning_test

import (
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/provisioning"
)

// own asks for a phone's own file with a password.
func (d *desk) own(t *testing.T, mac string, proof provisioning.Proof) (provisioning.Opened, error) {
	t.Helper()
	return d.Open(t.Context(), provisioning.Request{Path: "/" + mac + ".xml", UserAgent: agentOf(mac), Peer: d.peer, Transport: provisioning.HTTPS, Proof: proof})
}

// installed is a device whose phone came with a code, is registered, and has its enrolment window open.
func (d *desk) installed(t *testing.T) (provisioning.DeviceView, provisioning.Opened, provisioning.Line) {
	t.Helper()
	view, code := d.order(t)
	file, err := d.bring(t, firstPhone, code.Digits.Reveal())
	require.NoError(t, err)
	lines, err := d.Store.Lines(t.Context(), d.Customer.Tenant(), view.ID)
	require.NoError(t, err)
	binding := provisioning.Binding{
		Line: lines[0].ID, Contact: "sip:a@192.0.2.7", CallID: "c", CSeq: 1, Transport: "tls", Source: netip.MustParseAddrPort("192.0.2.7:5061"), Registered: d.now, Expires: d.now.Add(time.Hour),
	}
	require.NoError(t, d.Store.UpdateBindings(t.Context(), []provisioning.LineID{lines[0].ID}, func(map[provisioning.LineID]provisioning.BoundLine) (map[provisioning.LineID][]provisioning.Binding, error) {
		return map[provisioning.LineID][]provisioning.Binding{lines[0].ID: {binding}}, nil
	}))
	_, err = d.OpenEnrolment(t.Context(), d.Actor, d.Customer.Tenant(), view.ID, time.Hour)
	require.NoError(t, err)
	view, err = d.Device(t.Context(), d.Customer.Tenant(), view.ID)
	require.NoError(t, err)
	require.True(t, view.Registered)
	return view, file, lines[0]
}

// assertOver checks that nothing of a phone counts any more.
func (d *desk) assertOver(t *testing.T, before provisioning.DeviceView, file provisioning.Opened, line provisioning.Line) {
	t.Helper()
	for _, proof := range []provisioning.Proof{{}, basic(firstPhone, passwordIn(t, file))} {
		_, err := d.own(t, firstPhone, proof)
		assert.True(t, fault.Is(err, fault.Denied), "%v", err)
	}
	after, err := d.Device(t.Context(), d.Customer.Tenant(), before.ID)
	require.NoError(t, err)
	assert.False(t, after.Registered)
	assert.Zero(t, after.EnrolmentUntil)
	assert.NotEqual(t, before.AdminPassword, after.AdminPassword)
	assert.NotEqual(t, before.Access, after.Access)
	lines, err := d.Store.Lines(t.Context(), d.Customer.Tenant(), before.ID)
	require.NoError(t, err)
	require.Len(t, lines, 1)
	assert.Equal(t, line.ID, lines[0].ID)
	assert.Equal(t, line.LinePort(), lines[0].LinePort(), "the line stays")
	assert.NotEqual(t, line.HA1, lines[0].HA1)
	assert.Empty(t, lines[0].PreviousHA1)
	assert.Equal(t, before.Owner, after.Owner)
}

func TestABrokenPhoneIsReplacedByAddress(t *testing.T) {
	t.Parallel()
	for name, open := range bothDatabases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t)
			before, file, line := d.installed(t)
			after, code, err := d.ReplaceDevice(t.Context(), d.Actor, d.Customer.Tenant(), before.ID, provisioning.Replacement{MAC: "00:56:2B:04:36:16", Model: "Cisco 8841"})
			require.NoError(t, err)
			assert.True(t, code.Digits.IsZero())
			assert.Equal(t, before.ID, after.ID)
			assert.Equal(t, "00562B043616", after.MAC.String())
			assert.Equal(t, "DMS Cisco 8841", after.Model)
			assert.Equal(t, provisioning.ActivationNone, after.Activation.State)
			assert.Equal(t, before.Revision+1, after.Revision)
			d.assertOver(t, before, file, line)
			events, _, err := d.Store.Events(t.Context(), d.Customer.Tenant(), customer.EventFilter{Subject: string(before.ID), Kind: customer.EventDeviceReplaced}, customer.Page{Max: 10})
			require.NoError(t, err)
			require.Len(t, events, 1)
			assert.Equal(t, map[string]any{"oldMac": "00562B043615", "mac": "00562B043616", "model": "DMS Cisco 8841"}, events[0].Data)

			_, err = d.OpenEnrolment(t.Context(), d.Actor, d.Customer.Tenant(), before.ID, time.Hour)
			require.NoError(t, err)
			fresh, err := d.own(t, secondPhone, provisioning.Proof{})
			require.NoError(t, err)
			assert.Contains(t, string(fresh.Body), line.UserName)
			_, err = d.AddDevice(t.Context(), d.Actor, d.Customer.Tenant(), provisioning.NewDevice{MAC: firstPhone, Model: "8851", Person: d.owner})
			assert.NoError(t, err, "the old address is free")
		})
	}
}

func TestABrokenPhoneIsReplacedByWhoBringsTheCode(t *testing.T) {
	t.Parallel()
	for name, open := range bothDatabases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t)
			before, file, line := d.installed(t)
			after, code, err := d.ReplaceDevice(t.Context(), d.Actor, d.Customer.Tenant(), before.ID, provisioning.Replacement{ByCode: true})
			require.NoError(t, err)
			assert.Regexp(t, `^[0-9]{16}$`, code.Digits.Reveal())
			assert.False(t, after.HasMAC())
			assert.Equal(t, provisioning.ActivationWaiting, after.Activation.State)
			d.assertOver(t, before, file, line)
			fresh, err := d.bring(t, secondPhone, code.Digits.Reveal())
			require.NoError(t, err)
			assert.Contains(t, string(fresh.Body), line.UserName)
			assert.Equal(t, []string{
				"device.created", "device.code_issued", "device.activated", "enrolment.opened", "device.code_issued", "device.replaced", "device.activated",
			}, d.history(t, before.ID))
		})
	}
}

func TestReplacingHasRules(t *testing.T) {
	t.Parallel()
	d := newDesk(t, filepath.Join(t.TempDir(), "desk.db"))
	before, file, _ := d.installed(t)
	_, err := d.AddDevice(t.Context(), d.Actor, d.Customer.Tenant(), provisioning.NewDevice{MAC: secondPhone, Model: "8851", Person: d.owner})
	require.NoError(t, err)
	require.NoError(t, d.Store.Update(t.Context(), d.Customer.Tenant(), func(tx provisioning.Tx) error {
		lines, err := tx.Lines(t.Context(), d.Customer.Tenant(), before.ID)
		if err != nil {
			return err
		}
		lines[0].Weight = 10
		return tx.SetLines(t.Context(), d.Customer.Tenant(), before.ID, lines)
	}))
	for name, c := range map[string]struct {
		in    provisioning.Replacement
		kind  fault.Kind
		field string
	}{
		"neither":          {provisioning.Replacement{}, fault.Invalid, "mac"},
		"both":             {provisioning.Replacement{MAC: "00562b043617", ByCode: true}, fault.Invalid, "mac"},
		"no address":       {provisioning.Replacement{MAC: "zz"}, fault.Invalid, "mac"},
		"unknown model":    {provisioning.Replacement{MAC: "00562b043617", Model: "Toaster"}, fault.Invalid, "model"},
		"takes no code":    {provisioning.Replacement{ByCode: true, Model: "T54W"}, fault.Invalid, "model"},
		"too few lines":    {provisioning.Replacement{MAC: "64167faabbcc", Model: "VVX 250"}, fault.Invalid, "model"},
		"address is taken": {provisioning.Replacement{MAC: secondPhone}, fault.Conflict, "mac"},
	} {
		_, code, err := d.ReplaceDevice(t.Context(), d.Actor, d.Customer.Tenant(), before.ID, c.in)
		require.True(t, fault.Is(err, c.kind), "%s: %v", name, err)
		assert.Equal(t, c.field, fault.ProblemsOf(err)[0].Field, name)
		assert.True(t, code.Digits.IsZero(), name)
	}
	_, err = d.own(t, firstPhone, basic(firstPhone, passwordIn(t, file)))
	assert.NoError(t, err, "what was refused has changed nothing")
	_, _, err = d.ReplaceDevice(t.Context(), d.Actor, customer.Tenant{Partner: "somebody", Customer: "else"}, before.ID, provisioning.Replacement{ByCode: true})
	assert.True(t, fault.Is(err, fault.NotFound), "%v", err)

	view, _, err := d.ReplaceDevice(t.Context(), d.Actor, d.Customer.Tenant(), before.ID, provisioning.Replacement{MAC: firstPhone, Model: "T54W"})
	require.NoError(t, err, "the address was right, and the model wasn't")
	assert.Equal(t, "DMS Yealink T54W", view.Model)
	model, _ := deviceprofiles.FindModel(view.Model)
	assert.Equal(t, deviceprofiles.Yealink, model.Family)
}
