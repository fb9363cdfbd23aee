package storetest

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/billing"
	"dialtone/customer"
	"dialtone/provisioning"
	"dialtone/usage"
)

// factsFollowEvents compares what is known of a customer with what its events say, in whichever order they are written, and after closed days.
func factsFollowEvents(t *testing.T, f *fixture) {
	ctx, tenant, start := t.Context(), tenantOf(f.one), f.now.Truncate(time.Second)
	said := func(at time.Time, externalID, billing string) {
		after := map[string]any{"externalId": externalID, "subscriptionId": "S", "billingStart": billing}
		f.packageEvent(t, tenant, at, customer.EventCustomerChanged, string(f.one.ID), map[string]any{"before": map[string]any{}, "after": after})
	}
	known := func() []string {
		history, err := f.b.History(ctx, tenant)
		require.NoError(t, err)
		out := []string{}
		for _, facts := range history {
			assert.Equal(t, f.one.Org, facts.Customer)
			assert.Equal(t, f.one.ID, facts.Relation)
			out = append(out, fmt.Sprint(facts.Since.Sub(start), " ", facts.ExternalID, " ", facts.Subscription, " ", facts.Billing))
		}
		folded, err := f.b.FoldFacts(ctx, tenant)
		require.NoError(t, err)
		assert.Equal(t, history, folded)
		return out
	}
	assert.Empty(t, known())
	said(start, "a", "")
	said(start.Add(time.Hour), "a", "")
	said(start.Add(2*time.Hour), "b", "2026-03-05")
	assert.Equal(t, []string{"0s a S ", "2h0m0s b S 2026-03-05"}, known())
	said(start.Add(30*time.Minute), "c", "")
	assert.Equal(t, []string{"0s a S ", "30m0s c S ", "1h0m0s a S ", "2h0m0s b S 2026-03-05"}, known(), "a correction of what was known before")
	random := rand.New(rand.NewPCG(1, 1))
	for range 30 {
		said(start.Add(time.Duration(random.IntN(300))*time.Minute), fmt.Sprint("x", random.IntN(3)), "")
		known()
	}
	before := known()
	require.NoError(t, f.b.Update(ctx, tenant, func(tx billing.Tx) error { return tx.RebuildAssignments(ctx, tenant) }))
	assert.Equal(t, before, known(), "made again, it is the same")
	same(t, usage.History{})(f.b.History(ctx, tenantOf(f.sibling)))
	same(t, usage.History{})(f.b.History(ctx, tenantOf(f.foe)))

	day := usage.DayOf(start)
	f.packageEvent(t, tenant, start, customer.EventPackageAssigned, "s", map[string]any{"person": "p", "package": "webex_calling", "location": "l"})
	require.NoError(t, f.b.Update(ctx, tenant, func(tx billing.Tx) error { return tx.SetClosed(ctx, tenant, day, usage.Zone{}.Begin(day+1)) }))
	stale := func() time.Time {
		list, err := f.b.Standings(ctx, tenant, "", 1)
		require.NoError(t, err)
		require.Len(t, list, 1)
		return list[0].Stale
	}
	said(usage.Zone{}.Begin(day+1), "d", "")
	assert.Zero(t, stale(), "what is said later changes no day that is closed")
	said(start, "e", "")
	assert.Equal(t, start, stale())
}

// partnersHaveAHistory says what a partner was called when.
func partnersHaveAHistory(t *testing.T, f *fixture) {
	ctx, tenant, start := t.Context(), customer.Tenant{Partner: f.one.Partner}, f.now.Truncate(time.Second)
	same(t, usage.PartnerHistory(nil))(f.b.PartnerHistory(ctx, f.one.Partner))
	f.packageEvent(t, tenant, start, customer.EventPartnerCreated, string(f.one.Partner), map[string]any{"name": "One"})
	same(t, usage.PartnerHistory{{Since: start, Name: "One"}})(f.b.PartnerHistory(ctx, f.one.Partner))
	sub := customer.Partner{ID: customer.OrgID(id()), Parent: f.one.Partner, Name: "Now", State: customer.PartnerActive, Created: start}
	f.write(t, tenant, func(tx provisioning.Tx) error { return tx.CreatePartner(ctx, sub) })
	f.packageEvent(t, tenant, start, customer.EventSubPartnerCreated, string(sub.ID), map[string]any{"name": "Then", "billingStart": "2026-03-05"})
	f.packageEvent(t, tenant, start.Add(time.Hour), customer.EventSubPartnerChanged, string(sub.ID), map[string]any{"before": map[string]any{"name": "Then"}, "after": map[string]any{"name": "Now"}})
	day, _ := usage.ParseDay("2026-03-05")
	same(t, usage.PartnerHistory{{Since: start, Name: "Then", Billing: day}, {Since: start.Add(time.Hour), Name: "Now", Billing: day}})(f.b.PartnerHistory(ctx, sub.ID))
	same(t, usage.PartnerHistory(nil))(f.b.PartnerHistory(ctx, f.foe.Partner))
}
