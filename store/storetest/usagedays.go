package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/billing"
	"dialtone/customer"
	"dialtone/fault"
	"dialtone/usage"
)

// daysAreClosed closes days of a customer, and says what an event of an earlier moment does to them.
func daysAreClosed(t *testing.T, f *fixture) {
	ctx, tenant := t.Context(), tenantOf(f.one)
	f.packageEvent(t, tenant, f.now, customer.EventCustomerCreated, string(f.one.ID), map[string]any{"externalId": "one", "subscriptionId": "S"})
	f.packageEvent(t, tenant, f.now, customer.EventPackageAssigned, "s", map[string]any{"person": "p", "package": "webex_calling", "location": "l"})
	f.packageEvent(t, tenant, f.now, customer.EventPackageAssigned, "s2", map[string]any{"person": "p2", "package": "webex_calling", "location": "l"})
	day := usage.DayOf(f.now)
	end := usage.Zone{}.Begin(day + 1)
	history, err := f.b.History(ctx, tenant)
	require.NoError(t, err)
	require.Len(t, history, 1)
	standing := billing.Standing{Partner: f.one.Partner, Customer: f.one.Org, History: history}
	same(t, []billing.Standing{standing})(f.b.Standings(ctx, tenant, "", 10))
	same(t, []billing.Standing{standing})(f.b.Standings(ctx, customer.Tenant{Partner: f.one.Partner}, "", 10))
	same(t, []billing.Standing{})(f.b.Standings(ctx, tenant, f.one.Org, 10))
	same(t, []billing.Standing{})(f.b.Standings(ctx, tenantOf(f.foe), "", 10))
	same(t, []customer.Tenant{tenant})(f.b.AnyTenantUnclosed(ctx, day, customer.Tenant{}, 10))
	same(t, f.now)(f.b.FirstUsage(ctx, tenant))
	same(t, time.Time{})(f.b.FirstUsage(ctx, tenantOf(f.sibling)))

	sum := func(d usage.Day, units usage.Units) billing.DaySum {
		return billing.DaySum{Day: d, Customer: f.one.Org, Package: customer.WebexCalling, Location: "l", Units: units}
	}
	zone, err := usage.ParseZone("Pacific/Chatham")
	require.NoError(t, err)
	require.NoError(t, f.b.Update(ctx, tenant, func(tx billing.Tx) error {
		require.NoError(t, tx.SetDaySums(ctx, tenant, day-1, day, []billing.DaySum{sum(day-1, 1), sum(day, 5)}))
		require.NoError(t, tx.SetDaySums(ctx, tenant, day, day, []billing.DaySum{sum(day, 3)}))
		require.NoError(t, tx.SetZone(ctx, f.one.Partner, "S", usage.Zone{}))
		require.NoError(t, tx.SetZone(ctx, f.one.Partner, "S", zone))
		return tx.SetClosed(ctx, tenant, day, end)
	}))
	same(t, []billing.DaySum{sum(0, 4)})(f.b.DaySums(ctx, customer.Tenant{Partner: f.one.Partner}, day-1, day))
	same(t, []billing.DaySum{sum(0, 3)})(f.b.DaySums(ctx, tenant, day, day))
	same(t, []billing.DaySum{})(f.b.DaySums(ctx, tenantOf(f.foe), day-1, day))
	same(t, []customer.Tenant{})(f.b.AnyTenantUnclosed(ctx, day, customer.Tenant{}, 10))
	err = f.b.Update(ctx, tenantOf(f.foe), func(tx billing.Tx) error { return tx.SetClosed(ctx, tenantOf(f.foe), day, end) })
	assert.True(t, fault.Is(err, fault.NotFound), "of who isn't counted nothing is closed: %v", err)

	held := func(units usage.Units) []billing.DaySum { return []billing.DaySum{sum(0, units)} }
	same(t, held(2*usage.One))(f.b.HeldAt(ctx, customer.Tenant{Partner: f.one.Partner}, zone, f.now))
	same(t, []billing.DaySum{})(f.b.HeldAt(ctx, tenant, usage.Zone{}, f.now))
	same(t, []billing.DaySum{})(f.b.HeldAt(ctx, tenant, zone, f.now.Add(-time.Microsecond)))
	same(t, []billing.DaySum{})(f.b.HeldAt(ctx, tenantOf(f.foe), zone, f.now))
	f.packageEvent(t, tenant, end, customer.EventPackageMoved, "s", map[string]any{"person": "p", "package": "webex_calling", "location": "m"})
	standing.Through, standing.Zone = day, zone
	same(t, []billing.Standing{standing})(f.b.Standings(ctx, tenant, "", 10))
	late := end.Add(-time.Hour)
	f.packageEvent(t, tenant, late, customer.EventPackageRemoved, "s", map[string]any{"person": "p", "package": "webex_calling", "location": "l"})
	f.packageEvent(t, tenant, late.Add(time.Minute), customer.EventPackageRemoved, "s", map[string]any{"person": "p", "package": "webex_calling", "location": "l"})
	standing.Stale = late
	same(t, []billing.Standing{standing})(f.b.Standings(ctx, tenant, "", 10))
	same(t, []customer.Tenant{tenant})(f.b.AnyTenantUnclosed(ctx, day, customer.Tenant{}, 10))
}

// reportsHaveFiles keeps a file piece by piece; it goes with its report.
func reportsHaveFiles(t *testing.T, f *fixture) {
	ctx := t.Context()
	r := f.report(t, f.newReport(f.one.Partner))
	same(t, billing.Progress{})(f.b.Progress(ctx, r.Partner, r.ID))
	add := func(partner customer.OrgID, number int, content []byte, p billing.Progress) error {
		return f.b.Update(ctx, customer.Tenant{Partner: partner}, func(tx billing.Tx) error { return tx.AddChunk(ctx, partner, r.ID, number, content, p) })
	}
	p := billing.Progress{
		Rows: 7, Bytes: 9, Packed: 3, Chunks: 1, Hash: []byte{0, 255}, After: billing.AssignmentCursor{Customer: "o", Kind: usage.KindPerson, Subject: "s", Package: "p", Begun: 4},
	}
	require.NoError(t, add(r.Partner, 0, []byte{0, 1, 255}, p))
	same(t, p)(f.b.Progress(ctx, r.Partner, r.ID))
	same(t, []byte{0, 1, 255})(f.b.Chunk(ctx, r.Partner, r.ID, 0))
	p.Done, p.Chunks, p.Hash, p.SHA256 = true, 2, nil, "ab"
	require.NoError(t, add(r.Partner, 1, []byte("x"), p))
	same(t, p)(f.b.Progress(ctx, r.Partner, r.ID))

	_, err := f.b.Chunk(ctx, f.foe.Partner, r.ID, 0)
	assert.True(t, fault.Is(err, fault.NotFound), "%v", err)
	_, err = f.b.Progress(ctx, f.foe.Partner, r.ID)
	assert.True(t, fault.Is(err, fault.NotFound), "%v", err)
	assert.True(t, fault.Is(add(f.foe.Partner, 2, []byte("y"), p), fault.NotFound))
	_, err = f.b.Chunk(ctx, r.Partner, r.ID, 2)
	assert.True(t, fault.Is(err, fault.NotFound), "%v", err)
	require.NoError(t, f.b.Update(ctx, customer.Tenant{Partner: r.Partner}, func(tx billing.Tx) error { return tx.DeleteReport(ctx, r.Partner, r.ID) }))
	_, err = f.b.Chunk(ctx, r.Partner, r.ID, 0)
	assert.True(t, fault.Is(err, fault.NotFound), "%v", err)
	assert.True(t, fault.Is(add(r.Partner, 2, []byte("y"), p), fault.NotFound), "of a report that is gone nothing is kept")
}
