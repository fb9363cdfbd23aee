package storetest

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/provisioning"
)

// hostileTexts are what strangers send and what some database refuses in a text.
func hostileTexts() []string { return []string{"a\x00b", "a\xffb", "\xc3\x28"} }

// hostileTextIsNotFound asks for things by names that no row can have: that is an answer, not a failure.
func hostileTextIsNotFound(t *testing.T, f *fixture) {
	ctx, tenant := t.Context(), tenantOf(f.one)
	for _, text := range hostileTexts() {
		for name, ask := range map[string]func() error{
			"line":     func() error { _, err := f.p.AnyTenantLine(ctx, "d.example", text); return err },
			"device":   func() error { _, err := f.p.Device(ctx, tenant, provisioning.DeviceID(text)); return err },
			"person":   func() error { _, err := f.c.Person(ctx, tenant, customer.PersonID(text)); return err },
			"customer": func() error { _, err := f.c.Customer(ctx, f.one.Partner, customer.CustomerID(text)); return err },
			"template": func() error { _, err := f.c.TemplateByProvisioningID(ctx, f.one.Partner, text); return err },
			"number":   func() error { _, err := f.c.Number(ctx, tenant, text); return err },
		} {
			err := ask()
			assert.True(t, fault.Is(err, fault.NotFound), "%s %q: %v", name, text, err)
		}
		same(t, false)(f.c.AnyTenantHasSIPDomain(ctx, text))
		same(t, 0)(f.p.CountDevices(ctx, tenant, customer.MemberID(text)))
		list, more, err := f.c.Locations(ctx, tenant, customer.LocationFilter{Name: text}, everything)
		require.NoError(t, err)
		assert.Equal(t, []customer.Location{}, list)
		assert.False(t, more)
		p := f.newPerson(f.one, f.oneShop, "eve", "")
		p.LastName = text
		err = f.p.Update(ctx, tenant, func(tx provisioning.Tx) error { return tx.CreatePerson(ctx, p) })
		assert.True(t, fault.Is(err, fault.Invalid), "creating %q: %v", text, err)
	}
}

// hostileBatchesGoThrough puts what one stranger sends into a batch with others: theirs is stored, whatever his looks like.
func hostileBatchesGoThrough(t *testing.T, f *fixture) {
	ctx := t.Context()
	ada, _ := f.person(t, f.one, f.oneShop, "ada", "101")
	d, line := f.device(t, ada)
	_, other := f.device(t, ada)
	for _, text := range append(hostileTexts(), noise(20_000)) {
		entries := []provisioning.TraceEntry{
			{Time: f.tick(), Device: d.ID, Door: "tftp", Request: text, Answer: text},
			{Time: f.tick(), MAC: d.MAC, Door: "tftp", Peer: netip.MustParseAddr("192.0.2.1"), Request: "GET /plain"},
			{Time: f.now, Device: provisioning.DeviceID(text)},
		}
		require.NoError(t, f.p.AppendTrace(ctx, entries, provisioning.TraceBound{Keep: 2, Every: 1}))
		trace, err := f.p.Trace(ctx, d.Tenant(), d.ID, provisioning.TraceFilter{}, 2)
		require.NoError(t, err)
		require.Len(t, trace, 2)
		assert.Equal(t, "GET /plain", trace[0].Request)

		strange := binding(line.ID, "sip:"+text, f.now.Add(time.Hour))
		strange.UserAgent, strange.CallID, strange.InstanceID = text, text, text
		plain := binding(other.ID, "sip:plain", f.now.Add(time.Hour))
		require.NoError(t, f.p.UpdateBindings(ctx, []provisioning.LineID{line.ID, other.ID, provisioning.LineID(text)}, func(map[provisioning.LineID]provisioning.BoundLine) (map[provisioning.LineID][]provisioning.Binding, error) {
			return map[provisioning.LineID][]provisioning.Binding{line.ID: {strange, strange}, other.ID: {plain}}, nil
		}))
		same(t, []provisioning.BindingView{{Binding: plain, Port: 1}})(f.p.Bindings(ctx, d.Tenant(), other.Device, f.now))
		kept, err := f.p.Bindings(ctx, d.Tenant(), d.ID, f.now)
		require.NoError(t, err)
		assert.Len(t, kept, 1, "the same contact twice is one binding")
	}
}

// noise is a text that no compression makes shorter than an index entry may be.
func noise(size int) string {
	var out strings.Builder
	for x := uint32(1); out.Len() < size; {
		x = x*1664525 + 1013904223
		out.WriteByte('!' + byte(x>>24)%90)
	}
	return out.String()
}

// caseFoldsInEveryScript looks for names by parts of them in another case, beyond ASCII too.
func caseFoldsInEveryScript(t *testing.T, f *fixture) {
	ctx, tenant := t.Context(), tenantOf(f.one)
	zoe := f.newPerson(f.one, f.oneShop, "zoe", "101")
	zoe.FirstName, zoe.LastName = "ZOË", "Ångström"
	place := f.oneShop
	place.ID, place.Name = customer.LocationID(id()), "Große Straße ÉCOLE"
	f.write(t, tenant, func(tx provisioning.Tx) error {
		require.NoError(t, tx.CreateLocation(ctx, place))
		return tx.CreatePerson(ctx, zoe)
	})
	device, _ := f.device(t, zoe)
	for _, part := range []string{"zoë", "ZOË", "zoË ÅNG", "ångström"} {
		list, _, err := f.p.Devices(ctx, tenant, provisioning.DeviceFilter{DisplayName: part}, f.now, everything)
		require.NoError(t, err)
		require.Len(t, list, 1, part)
		assert.Equal(t, device.ID, list[0].ID)
	}
	for _, part := range []string{"école", "Große", "STRAß"} {
		list, _, err := f.c.Locations(ctx, tenant, customer.LocationFilter{Name: part}, everything)
		require.NoError(t, err)
		assert.Equal(t, []customer.Location{place}, list, part)
	}
}

// aFailureCantBeForgotten swallows an error inside Update: nothing may be committed then, on any database.
func aFailureCantBeForgotten(t *testing.T, f *fixture) {
	ctx, tenant := t.Context(), tenantOf(f.one)
	ada, _ := f.person(t, f.one, f.oneShop, "ada", "101")
	double, late := f.newPerson(f.one, f.oneShop, "x", "102"), f.newPerson(f.one, f.oneShop, "y", "103")
	double.Email = ada.Email
	err := f.p.Update(ctx, tenant, func(tx provisioning.Tx) error {
		assert.True(t, fault.Is(tx.CreatePerson(ctx, double), fault.Conflict))
		_, err := tx.Person(ctx, tenant, ada.ID)
		assert.True(t, fault.Is(err, fault.Conflict), "what comes after names the cause: %v", err)
		_ = tx.CreatePerson(ctx, late)
		return nil
	})
	assert.True(t, fault.Is(err, fault.Conflict), "%v", err)
	assert.Equal(t, "email 10022", problem(err))
	_, err = f.c.Person(ctx, tenant, late.ID)
	assert.True(t, fault.Is(err, fault.NotFound))

	f.write(t, tenant, func(tx provisioning.Tx) error { // what isn't there is no failure: a rule may go on after it
		_, err := tx.Person(ctx, tenant, "nobody")
		assert.True(t, fault.Is(err, fault.NotFound))
		return tx.CreatePerson(ctx, late)
	})
}

// aMistakeOfOursIsInternal writes a state that the schema doesn't know: the database works, and trying again doesn't help.
func aMistakeOfOursIsInternal(t *testing.T, f *fixture) {
	ctx := t.Context()
	n := customer.Number{E164: "+12175550100", Partner: f.one.Partner, Org: f.one.Org, Location: f.oneShop.ID, State: "MAYBE", Type: customer.NumberDID, Usage: customer.UsageNone, Created: f.now}
	err := f.c.Update(ctx, tenantOf(f.one), func(tx customer.Tx) error { _, err := tx.AddNumber(ctx, n); return err })
	require.Error(t, err)
	assert.Equal(t, fault.Internal, fault.KindOf(err), "%v", err)
}

// aCancelledCallSaysSo ends the context before the call: the error still says what ended it.
func aCancelledCallSaysSo(t *testing.T, f *fixture) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, ask := range map[string]func() error{
		"read": func() error { _, err := f.c.Customer(ctx, f.one.Partner, f.one.ID); return err },
		"list": func() error {
			_, _, err := f.c.Customers(ctx, f.one.Partner, customer.CustomerFilter{}, everything)
			return err
		},
		"render": func() error { _, err := f.p.RenderInput(ctx, tenantOf(f.one), "d"); return err },
		"update": func() error { return f.c.Update(ctx, tenantOf(f.one), func(customer.Tx) error { return nil }) },
		"trace": func() error {
			return f.p.AppendTrace(ctx, []provisioning.TraceEntry{{Device: "d"}}, provisioning.TraceBound{Keep: 1, Every: 1})
		},
	} {
		err := ask()
		require.ErrorIs(t, err, context.Canceled, name)
		assert.False(t, fault.Is(err, fault.NotFound), name)
	}
}
