package storetest

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/provisioning"
)

func oneOfTwoWins(t *testing.T, f *fixture) {
	ada, _ := f.person(t, f.one, f.oneShop, "ada", "101")
	foe, _ := f.person(t, f.foe, f.foeShop, "foe", "101")
	var won, lost atomic.Int32
	var all sync.WaitGroup
	mac := deviceprofiles.MAC{2, 7, 7, 7, 7, 7}
	for i := range 8 {
		owner := ada
		if i%2 == 1 {
			owner = foe
		}
		d, _ := f.newDevice(owner)
		d.MAC = mac
		all.Go(func() {
			err := f.p.Update(t.Context(), d.Tenant(), func(tx provisioning.Tx) error { return tx.CreateDevice(t.Context(), d) })
			switch {
			case err == nil:
				won.Add(1)
			case fault.Is(err, fault.Conflict):
				lost.Add(1)
			default:
				assert.NoError(t, err)
			}
		})
	}
	all.Wait()
	assert.Equal(t, int32(1), won.Load())
	assert.Equal(t, int32(7), lost.Load())
}

// writersTakeTurns counts before it writes, as rules do: without turns, more than the limit would get in.
func writersTakeTurns(t *testing.T, f *fixture) {
	const limit = 3
	var all sync.WaitGroup
	full := errors.New("full")
	for i := range 12 {
		p := f.newPerson(f.one, f.oneShop, fmt.Sprint("p", i), fmt.Sprint(100+i))
		all.Go(func() {
			err := f.p.Update(t.Context(), tenantOf(f.one), func(tx provisioning.Tx) error {
				count, err := tx.CountSubscribers(t.Context(), tenantOf(f.one), "")
				if err != nil {
					return err
				}
				if count >= limit {
					return full
				}
				if err := tx.CreatePerson(t.Context(), p); err != nil {
					return err
				}
				return tx.CreateSubscriber(t.Context(), customer.Subscriber{
					ID: customer.SubscriberID(id()), Partner: p.Partner, Org: p.Org, Customer: f.one.ID, Person: p.ID, Email: p.Email,
					Package: customer.WebexCalling, Status: customer.SubscriberProvisioned, Created: p.Created,
				})
			})
			if !errors.Is(err, full) {
				assert.NoError(t, err)
			}
		})
	}
	all.Wait()
	same(t, limit)(f.c.CountSubscribers(t.Context(), tenantOf(f.one), ""))
}

func aFailureLeavesNothing(t *testing.T, f *fixture) {
	ctx := t.Context()
	p := f.newPerson(f.one, f.oneShop, "ada", "101")
	broken := errors.New("broken")
	err := f.p.Update(ctx, tenantOf(f.one), func(tx provisioning.Tx) error {
		require.NoError(t, tx.CreatePerson(ctx, p))
		require.NoError(t, tx.Record(ctx, customer.Event{Time: f.now, Tenant: tenantOf(f.one), Kind: customer.EventSubscriberCreated}))
		same(t, p)(tx.Person(ctx, tenantOf(f.one), p.ID))
		return broken
	})
	require.ErrorIs(t, err, broken)
	_, err = f.c.Person(ctx, tenantOf(f.one), p.ID)
	assert.True(t, fault.Is(err, fault.NotFound))

	cancelled, cancel := context.WithCancel(ctx)
	err = f.c.Update(cancelled, tenantOf(f.one), func(tx customer.Tx) error {
		cancel()
		return tx.CreatePerson(cancelled, p)
	})
	require.Error(t, err)
	assert.False(t, fault.Is(err, fault.NotFound))
	_, err = f.c.Person(ctx, tenantOf(f.one), p.ID)
	assert.True(t, fault.Is(err, fault.NotFound), "a cancelled transaction leaves nothing")
}

func revisionsOnlyRise(t *testing.T, f *fixture) {
	ctx := t.Context()
	ada, _ := f.person(t, f.one, f.oneShop, "ada", "101")
	d, line := f.device(t, ada)
	var all sync.WaitGroup
	var seen sync.Map
	for range 10 {
		all.Go(func() {
			var revision int64
			err := f.p.Update(ctx, d.Tenant(), func(tx provisioning.Tx) error {
				var err error
				revision, err = tx.RaiseRevision(ctx, d.Tenant(), d.ID)
				return err
			})
			assert.NoError(t, err)
			_, twice := seen.LoadOrStore(revision, true)
			assert.False(t, twice, "revision %d was given twice", revision)
		})
	}
	all.Wait()
	after, err := f.p.Device(ctx, d.Tenant(), d.ID)
	require.NoError(t, err)
	assert.Equal(t, int64(11), after.Revision)
	owner, err := f.p.AnyTenantLine(ctx, line.Domain, line.UserName)
	require.NoError(t, err)
	assert.Equal(t, int64(11), owner.Revision)
}

func enrolmentOpensAndCloses(t *testing.T, f *fixture) {
	ctx := t.Context()
	ada, _ := f.person(t, f.one, f.oneShop, "ada", "101")
	d, _ := f.device(t, ada)
	for _, until := range []time.Time{f.now.Add(time.Hour), {}} {
		f.write(t, d.Tenant(), func(tx provisioning.Tx) error { return tx.SetEnrolment(ctx, d.Tenant(), d.ID, until) })
		after, err := f.p.AnyTenantDeviceByMAC(ctx, d.MAC)
		require.NoError(t, err)
		assert.Equal(t, until, after.EnrolmentUntil)
		assert.Nil(t, after.EnrolmentPeers, "nobody has been in this window")
		f.write(t, d.Tenant(), func(tx provisioning.Tx) error {
			return tx.SetEnrolmentPeers(ctx, d.Tenant(), d.ID, []string{"192.0.2.7", "2001:db8::/64"})
		})
		kept, err := f.p.AnyTenantDeviceByMAC(ctx, d.MAC)
		require.NoError(t, err)
		assert.Equal(t, []string{"192.0.2.7", "2001:db8::/64"}, kept.EnrolmentPeers)
		assert.Equal(t, until, kept.EnrolmentUntil)
		assert.Equal(t, d.Revision, after.Revision, "a window is nothing that the phone should know")
	}
}

func aDeviceTakesItsOwnAlong(t *testing.T, f *fixture) {
	ctx := t.Context()
	ada, _ := f.person(t, f.one, f.oneShop, "ada", "101")
	d, line := f.device(t, ada)
	f.bind(t, line.ID, binding(line.ID, "sip:a", f.now.Add(time.Hour)))
	require.NoError(t, f.p.AppendTrace(ctx, []provisioning.TraceEntry{{Time: f.now, Device: d.ID, Door: "sip"}}, provisioning.TraceBound{Keep: 10, Every: 1}))
	f.write(t, d.Tenant(), func(tx provisioning.Tx) error { return tx.DeleteDevice(ctx, d.Tenant(), d.ID) })
	_, err := f.p.AnyTenantDeviceByMAC(ctx, d.MAC)
	assert.True(t, fault.Is(err, fault.NotFound))
	_, err = f.p.AnyTenantLine(ctx, line.Domain, line.UserName)
	assert.True(t, fault.Is(err, fault.NotFound), "the credentials ended with it")
	same(t, []provisioning.BindingView{})(f.p.Bindings(ctx, d.Tenant(), d.ID, f.now))
	err = f.p.Update(ctx, d.Tenant(), func(tx provisioning.Tx) error { return tx.DeleteDevice(ctx, d.Tenant(), d.ID) })
	assert.True(t, fault.Is(err, fault.NotFound))
	f.bind(t, line.ID, binding(line.ID, "sip:a", f.now.Add(time.Hour))) // of a line that is gone: passed over
	again, _ := f.newDevice(ada)
	again.MAC = d.MAC
	f.write(t, d.Tenant(), func(tx provisioning.Tx) error { return tx.CreateDevice(ctx, again) })
}

func theOldestAndTheNewestDevice(t *testing.T, f *fixture) {
	ctx := t.Context()
	same(t, []provisioning.Device{})(f.p.AnyTenantOldestAndNewestDevice(ctx))
	ada, _ := f.person(t, f.one, f.oneShop, "ada", "101")
	first, _ := f.device(t, ada)
	same(t, []provisioning.Device{first})(f.p.AnyTenantOldestAndNewestDevice(ctx))
	f.device(t, ada)
	last, _ := f.device(t, ada)
	same(t, []provisioning.Device{first, last})(f.p.AnyTenantOldestAndNewestDevice(ctx))
}

func binding(line provisioning.LineID, contact string, expires time.Time) provisioning.Binding {
	return provisioning.Binding{
		Line: line, Contact: contact, InstanceID: "<urn:uuid:1>", CallID: "c", CSeq: 4294967295, Transport: "tls", Source: netip.MustParseAddrPort("[2001:db8::1]:5061"),
		UserAgent: `Phone "1"`, Registered: expires.Add(-time.Hour), Expires: expires,
		RegID: 4294967295, Q: 500, Path: "<sip:edge.example.net;lr;ob>", Certified: deviceprofiles.MAC{0x80, 0x5e, 0xc0, 0xaa, 0xbb, 0xcc},
		Upstream: provisioning.UpstreamTold{Key: "k", At: expires.Add(-time.Hour), Until: expires.Add(time.Hour), Refresh: expires, Said: "Service-Route: <sip:a;lr>\nP-Associated-URI: <tel:+1>"},
	}
}

func (f *fixture) bind(t testing.TB, line provisioning.LineID, list ...provisioning.Binding) {
	t.Helper()
	require.NoError(t, f.p.UpdateBindings(t.Context(), []provisioning.LineID{line}, func(map[provisioning.LineID]provisioning.BoundLine) (map[provisioning.LineID][]provisioning.Binding, error) {
		return map[provisioning.LineID][]provisioning.Binding{line: list}, nil
	}))
}

func bindingsAreReplaced(t *testing.T, f *fixture) {
	ctx := t.Context()
	ada, _ := f.person(t, f.one, f.oneShop, "ada", "101")
	d, line := f.device(t, ada)
	_, other := f.device(t, ada)
	a, b := binding(line.ID, "sip:a", f.now.Add(time.Minute)), binding(line.ID, "sip:b", f.now.Add(time.Hour))
	f.bind(t, other.ID, binding(other.ID, "sip:o", f.now.Add(time.Hour)))
	f.bind(t, line.ID, b, a)
	same(t, []provisioning.BindingView{{Binding: a, Port: 1}, {Binding: b, Port: 1}})(f.p.Bindings(ctx, d.Tenant(), d.ID, f.now))
	same(t, []provisioning.BindingView{{Binding: b, Port: 1}})(f.p.Bindings(ctx, d.Tenant(), d.ID, f.now.Add(time.Minute)))

	flow, preferred := b, b
	flow.RegID, preferred.InstanceID, preferred.Q = 2, "<urn:uuid:2>", 1000
	f.bind(t, line.ID, b, flow, preferred)
	same(t, []provisioning.BindingView{{Binding: preferred, Port: 1}, {Binding: flow, Port: 1}, {Binding: b, Port: 1}})(f.p.Bindings(ctx, d.Tenant(), d.ID, f.now))
	b.Expires, b.CSeq, b.Q, b.Path, b.Certified = f.now.Add(2*time.Hour), 7, 700, "", deviceprofiles.MAC{}
	b.Upstream = provisioning.UpstreamTold{}
	f.bind(t, line.ID, b)
	same(t, []provisioning.BindingView{{Binding: b, Port: 1}})(f.p.Bindings(ctx, d.Tenant(), d.ID, f.now))

	var current map[provisioning.LineID]provisioning.BoundLine
	stop := errors.New("stop")
	err := f.p.UpdateBindings(ctx, []provisioning.LineID{line.ID, other.ID, "gone"}, func(m map[provisioning.LineID]provisioning.BoundLine) (map[provisioning.LineID][]provisioning.Binding, error) {
		current = m
		return nil, stop
	})
	require.ErrorIs(t, err, stop)
	assert.Equal(t, []provisioning.Binding{b}, current[line.ID].Bindings)
	assert.Len(t, current[other.ID].Bindings, 1)
	assert.Empty(t, current["gone"])

	require.NoError(t, f.p.UpdateBindings(ctx, []provisioning.LineID{line.ID, other.ID}, func(map[provisioning.LineID]provisioning.BoundLine) (map[provisioning.LineID][]provisioning.Binding, error) {
		return map[provisioning.LineID][]provisioning.Binding{line.ID: nil}, nil
	}))
	same(t, []provisioning.BindingView{})(f.p.Bindings(ctx, d.Tenant(), d.ID, f.now))
	left, err := f.p.Bindings(ctx, d.Tenant(), other.Device, f.now)
	require.NoError(t, err)
	assert.Len(t, left, 1, "a line that is left out stays as it is")
}

// manyBindingsAtOnce has two nodes write overlapping batches, in opposite orders: neither may wait for ever.
func manyBindingsAtOnce(t *testing.T, f *fixture) {
	ctx := t.Context()
	ada, _ := f.person(t, f.one, f.oneShop, "ada", "101")
	var lines []provisioning.LineID
	for range 120 {
		_, l := f.device(t, ada)
		lines = append(lines, l.ID)
	}
	var all sync.WaitGroup
	for node := range 4 {
		all.Go(func() {
			for round := range 5 {
				order := append([]provisioning.LineID(nil), lines...)
				if node%2 == 1 {
					for i := range len(order) / 2 {
						order[i], order[len(order)-1-i] = order[len(order)-1-i], order[i]
					}
				}
				err := f.p.UpdateBindings(ctx, order, func(current map[provisioning.LineID]provisioning.BoundLine) (map[provisioning.LineID][]provisioning.Binding, error) {
					next := map[provisioning.LineID][]provisioning.Binding{}
					for _, l := range order {
						next[l] = append(current[l].Bindings, binding(l, fmt.Sprintf("sip:%d.%d", node, round), f.now.Add(time.Hour)))
					}
					return next, nil
				})
				assert.NoError(t, err)
			}
		})
	}
	all.Wait()
	require.NoError(t, f.p.UpdateBindings(ctx, lines, func(current map[provisioning.LineID]provisioning.BoundLine) (map[provisioning.LineID][]provisioning.Binding, error) {
		for _, l := range lines {
			assert.Len(t, current[l].Bindings, 20, "no node's binding is lost")
		}
		return map[provisioning.LineID][]provisioning.Binding{}, nil
	}))
}

func expiredBindingsGo(t *testing.T, f *fixture) {
	ctx := t.Context()
	ada, _ := f.person(t, f.one, f.oneShop, "ada", "101")
	d, line := f.device(t, ada)
	f.bind(t, line.ID, binding(line.ID, "sip:1", f.now.Add(1)), binding(line.ID, "sip:2", f.now.Add(2*time.Second)), binding(line.ID, "sip:3", f.now.Add(time.Hour)))
	same(t, 1)(f.p.DeleteExpiredBindings(ctx, f.now.Add(time.Minute), 1))
	same(t, 1)(f.p.DeleteExpiredBindings(ctx, f.now.Add(time.Minute), 10))
	same(t, 0)(f.p.DeleteExpiredBindings(ctx, f.now.Add(time.Minute), 10))
	left, err := f.p.Bindings(ctx, d.Tenant(), d.ID, time.Time{})
	require.NoError(t, err)
	require.Len(t, left, 1)
	assert.Equal(t, "sip:3", left[0].Contact)
}

func tracesAreCut(t *testing.T, f *fixture) {
	ctx := t.Context()
	ada, _ := f.person(t, f.one, f.oneShop, "ada", "101")
	d, _ := f.device(t, ada)
	quiet, _ := f.device(t, ada)
	var batch []provisioning.TraceEntry
	for i := range 30 {
		e := provisioning.TraceEntry{
			Time: f.now.Add(time.Duration(i) * time.Second), MAC: d.MAC, Door: "https", Peer: netip.MustParseAddr("192.0.2.1"), Request: fmt.Sprint("GET ", i), Answer: "served", Rule: "r", Revision: 3,
		}
		if i%2 == 0 {
			e.MAC, e.Device = deviceprofiles.MAC{}, d.ID
		}
		batch = append(batch, e)
	}
	batch = append(batch, provisioning.TraceEntry{Time: f.now, MAC: deviceprofiles.MAC{2, 9, 9, 9, 9, 9}, Request: "nobody's"}, provisioning.TraceEntry{Time: f.now, Device: "gone"})
	require.NoError(t, f.p.AppendTrace(ctx, batch[:10], provisioning.TraceBound{Keep: 12, Every: 1}))
	require.NoError(t, f.p.AppendTrace(ctx, batch[10:], provisioning.TraceBound{Keep: 12, Every: 1}))
	require.NoError(t, f.p.AppendTrace(ctx, nil, provisioning.TraceBound{Keep: 12, Every: 1}))
	entries, err := f.p.Trace(ctx, d.Tenant(), d.ID, provisioning.TraceFilter{}, 100)
	require.NoError(t, err)
	require.Len(t, entries, 12)
	want := batch[29]
	want.MAC, want.Device, want.ID, want.Proof = deviceprofiles.MAC{}, d.ID, entries[0].ID, provisioning.ProofNone
	assert.Equal(t, want, entries[0], "the newest first")
	assert.Equal(t, "GET 18", entries[11].Request)
	few, err := f.p.Trace(ctx, d.Tenant(), d.ID, provisioning.TraceFilter{}, 2)
	require.NoError(t, err)
	assert.Len(t, few, 2)
	after, err := f.p.Device(ctx, d.Tenant(), d.ID)
	require.NoError(t, err)
	assert.Equal(t, f.now, after.FirstSeen)
	assert.Equal(t, f.now.Add(29*time.Second), after.LastSeen)
	require.NoError(t, f.p.AppendTrace(ctx, batch[:1], provisioning.TraceBound{Keep: 12, Every: 1}))
	after, err = f.p.Device(ctx, d.Tenant(), d.ID)
	require.NoError(t, err)
	assert.Equal(t, f.now.Add(29*time.Second), after.LastSeen, "a late entry doesn't turn the clock back")
	silent, err := f.p.Device(ctx, d.Tenant(), quiet.ID)
	require.NoError(t, err)
	assert.Zero(t, silent.FirstSeen)
}

// tracesAreCutNowAndThen: a device's trace is cut with some of its batches, so that it is never much longer than its bound.
func tracesAreCutNowAndThen(t *testing.T, f *fixture) {
	ctx := t.Context()
	ada, _ := f.person(t, f.one, f.oneShop, "ada", "101")
	d, _ := f.device(t, ada)
	cuts, longest, before := 0, 0, 0
	for i := range 300 {
		e := provisioning.TraceEntry{Time: f.now.Add(time.Duration(i) * time.Second), Device: d.ID, Door: "https", Request: fmt.Sprint("GET ", i), Proof: provisioning.ProofDigest}
		require.NoError(t, f.p.AppendTrace(ctx, []provisioning.TraceEntry{e}, provisioning.TraceBound{Keep: 5, Every: 4}))
		entries, err := f.p.Trace(ctx, d.Tenant(), d.ID, provisioning.TraceFilter{}, 1000)
		require.NoError(t, err)
		require.Equal(t, e.Request, entries[0].Request)
		if len(entries) <= before {
			cuts++
			require.Len(t, entries, 5)
		}
		before, longest = len(entries), max(longest, len(entries))
	}
	assert.Greater(t, cuts, 30, "of 75 on average")
	assert.Less(t, longest, 5+80)
}

func renderInputIsWhole(t *testing.T, f *fixture) {
	ctx := t.Context()
	ada, _ := f.person(t, f.one, f.oneShop, "ada", "101")
	bob, _ := f.person(t, f.one, f.oneShop, "bob", "102")
	d, first := f.device(t, ada)
	second := first
	second.ID, second.Port, second.UserName, second.Owner = provisioning.LineID(id()), 2, "second", customer.MemberID(bob.ID)
	f.write(t, d.Tenant(), func(tx provisioning.Tx) error { return tx.CreateLine(ctx, second) })
	in, err := f.p.RenderInput(ctx, customer.Tenant{Partner: f.one.Partner}, d.ID)
	require.NoError(t, err)
	assert.Equal(t, d, in.Device)
	assert.Equal(t, f.oneShop, in.Location)
	assert.Equal(t, []provisioning.RenderLine{{Line: first, Member: ada.Member()}, {Line: second, Member: bob.Member()}}, in.Lines)

	nowhere := f.newPerson(f.one, customer.Location{}, "cy", "")
	f.write(t, tenantOf(f.one), func(tx provisioning.Tx) error { return tx.CreatePerson(ctx, nowhere) })
	d, _ = f.device(t, nowhere)
	in, err = f.p.RenderInput(ctx, d.Tenant(), d.ID)
	require.NoError(t, err)
	assert.Zero(t, in.Location)
}

func aBrokenStoreIsUnavailable(t *testing.T, f *fixture, open func(testing.TB) Store) {
	t.Helper()
	broken := newFixture(t, open(t))
	require.NoError(t, broken.p.Ping(t.Context()))
	require.NoError(t, broken.store.Close())
	ctx := t.Context()
	for name, ask := range map[string]func() error{
		"ping":   func() error { return broken.p.Ping(ctx) },
		"device": func() error { _, err := broken.p.AnyTenantDeviceByMAC(ctx, deviceprofiles.MAC{2}); return err },
		"line":   func() error { _, err := broken.p.AnyTenantLine(ctx, "d", "u"); return err },
		"domain": func() error { _, err := broken.c.AnyTenantHasSIPDomain(ctx, "d"); return err },
		"token":  func() error { _, err := broken.c.AnyTenantToken(ctx, customer.TokenHash{}); return err },
		"list": func() error {
			_, _, err := broken.c.Customers(ctx, "p", customer.CustomerFilter{}, everything)
			return err
		},
		"update": func() error { return broken.c.Update(ctx, customer.Tenant{}, func(customer.Tx) error { return nil }) },
		"trace": func() error {
			return broken.p.AppendTrace(ctx, []provisioning.TraceEntry{{Device: "d"}}, provisioning.TraceBound{Keep: 1, Every: 1})
		},
		"bindings": func() error { _, err := broken.p.Bindings(ctx, customer.Tenant{}, "d", time.Time{}); return err },
		"register": func() error {
			return broken.p.UpdateBindings(ctx, []provisioning.LineID{"l"}, func(map[provisioning.LineID]provisioning.BoundLine) (map[provisioning.LineID][]provisioning.Binding, error) {
				return nil, nil
			})
		},
	} {
		assert.True(t, fault.Is(ask(), fault.Unavailable), "%s: %v", name, ask())
	}
	same(t, f.one)(f.c.Customer(ctx, f.one.Partner, f.one.ID))
}

func (f *fixture) added(ctx context.Context, t testing.TB, n customer.Number) (added bool, err error) {
	t.Helper()
	err = f.p.Update(ctx, tenantOf(f.one), func(tx provisioning.Tx) error {
		added, err = tx.AddNumber(ctx, n)
		return err
	})
	return added, err
}
