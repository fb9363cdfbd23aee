package billing_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/billing"
	"dialtone/customer"
	"dialtone/usage"
)

// said writes an event that says what is known of a customer.
func (o *office) said(t testing.TB, org customer.OrgID, at time.Time, kind customer.EventKind, externalID, subscription, start string) {
	t.Helper()
	tenant := customer.Tenant{Partner: o.actor.Partner, Customer: org}
	facts := map[string]any{"externalId": externalID, "subscriptionId": subscription, "billingStart": start}
	if kind == customer.EventCustomerChanged {
		facts = map[string]any{"before": map[string]any{}, "after": facts}
	}
	require.NoError(t, o.store.Customers().Update(t.Context(), tenant, func(tx customer.Tx) error {
		return tx.Record(t.Context(), customer.Event{Time: at, Tenant: tenant, Actor: "a", Kind: kind, Subject: "relation-" + string(org), Data: facts})
	}))
}

// users makes a report by user, and returns what its first row has in some columns.
func (o *office) users(t testing.TB, in billing.NewReport, columns ...string) []string {
	t.Helper()
	in.Type = billing.TypeUser
	r := o.ordered(t, in)
	require.Equal(t, billing.Completed, r.Status, "%v", r.Errors)
	rows := o.file(t, r)
	require.NoError(t, o.Delete(t.Context(), o.actor, r.ID))
	return picked(t, rows, columns...)
}

// picked are some columns of the only row of a report; nil without one.
func picked(t testing.TB, rows [][]string, columns ...string) []string {
	t.Helper()
	if len(rows) == 1 {
		return nil
	}
	require.Len(t, rows, 2)
	out := make([]string, len(columns))
	for i, name := range rows[0] {
		for n, column := range columns {
			if name == column {
				out[n] = rows[1][i]
			}
		}
	}
	return out
}

func TestAReportOfThePastSaysWhatWasKnownThen(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.countsByLedger()
	o.said(t, "org", on("2026-04-01", "00:00:00"), customer.EventCustomerCreated, "first", "Sub-1", "")
	o.happened(t, "org", on("2026-04-10", "00:00:00"), customer.EventPackageAssigned, "s", "webex_calling", "l")
	april := func() []string {
		return o.users(t, april(), "CUSTOMER_EXTERNAL_ID", "SUBSCRIPTION_ID", "QUANTITY")
	}
	assert.Equal(t, []string{"first", "Sub-1", "21"}, april())
	o.said(t, "org", on("2026-05-01", "00:00:00"), customer.EventCustomerChanged, "second", "Sub-2", "2026-05-20")
	o.today(on("2031-04-01", "08:00:00"))
	assert.Equal(t, []string{"first", "Sub-1", "21"}, april(), "five years later")
	may := billing.NewReport{Start: "2026-05-01", End: "2026-05-01"}
	assert.Equal(t, []string{"second", "Sub-2", "1"}, o.users(t, may, "CUSTOMER_EXTERNAL_ID", "SUBSCRIPTION_ID", "QUANTITY"),
		"what was known at the end of the day; it was billed already")
}

// TestABillingStartCountsForDaysThatArentOver moves a start while the days before it are closed one by one; reports of each type agree.
func TestABillingStartCountsForDaysThatArentOver(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	ledger := o.countsByLedger()
	o.said(t, "org", on("2026-04-01", "00:00:00"), customer.EventCustomerCreated, "one", "Sub-1", "2026-04-20")
	o.happened(t, "org", on("2026-04-01", "12:00:00"), customer.EventPackageAssigned, "s", "webex_calling", "l")
	closed := func(day string) {
		o.today(on(day, "08:00:00"))
		require.NoError(t, ledger.CloseDays(t.Context()))
	}
	closed("2026-04-05")
	o.said(t, "org", on("2026-04-05", "09:00:00"), customer.EventCustomerChanged, "one", "Sub-1", "2026-04-25")
	closed("2026-04-21")
	o.said(t, "org", on("2026-04-21", "09:00:00"), customer.EventCustomerChanged, "one", "Sub-1", "2026-04-21")
	closed("2026-05-01")
	for _, kind := range billing.Types() {
		in := april()
		in.Type = kind
		assert.Equal(t, 10*usage.One, total(t, o.file(t, o.ordered(t, in))), kind)
	}
	for _, kind := range billing.Types() {
		r := o.ordered(t, billing.NewReport{Start: "2026-04-01", End: "2026-04-20", Type: kind})
		assert.Zero(t, total(t, o.file(t, r)), kind)
	}
}

func TestASubPartnerHasTheNameOfItsTimeAndAStart(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.countsByLedger()
	parent := o.actor.Tenant()
	sub := customer.Partner{ID: customer.OrgID(newID()), Parent: o.actor.Partner, Name: "Now", State: customer.PartnerActive, Created: on("2026-04-01", "00:00:00")}
	require.NoError(t, o.store.Customers().Update(t.Context(), parent, func(tx customer.Tx) error {
		if err := tx.CreatePartner(t.Context(), sub); err != nil {
			return err
		}
		for _, e := range []customer.Event{
			{Time: on("2026-04-01", "00:00:00"), Kind: customer.EventSubPartnerCreated, Data: map[string]any{"name": "Then", "billingStart": "2026-04-11"}},
			{Time: on("2026-05-01", "00:00:00"), Kind: customer.EventSubPartnerChanged, Data: map[string]any{"before": map[string]any{}, "after": map[string]any{"name": "Now"}}},
		} {
			e.Tenant, e.Actor, e.Subject = parent, "a", string(sub.ID)
			if err := tx.Record(t.Context(), e); err != nil {
				return err
			}
		}
		tenant := customer.Tenant{Partner: sub.ID, Customer: "org"}
		facts := map[string]any{"person": "p", "package": "webex_calling", "location": "l"}
		return tx.Record(t.Context(), customer.Event{Time: on("2026-04-01", "00:00:00"), Tenant: tenant, Kind: customer.EventPackageAssigned, Subject: "s", Data: facts})
	}))
	o.today(on("2026-06-01", "08:00:00"))
	for _, kind := range billing.Types() {
		in := april()
		in.SubPartner, in.Type = sub.ID, kind
		assert.Equal(t, []string{"Then", "20"}, picked(t, o.file(t, o.ordered(t, in)), "PARTNER_NAME", "QUANTITY"), kind)
	}
}
