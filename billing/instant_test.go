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

// TestAPointInTimeIsTheLastInstantOfTheDay has two customers whose day ends at different instants, one of them not billed yet.
func TestAPointInTimeIsTheLastInstantOfTheDay(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.countsByLedger()
	auckland, err := usage.ParseZone("Pacific/Auckland")
	require.NoError(t, err)
	require.NoError(t, o.store.Billing().Update(t.Context(), o.actor.Tenant(), func(tx billing.Tx) error {
		return tx.SetZone(t.Context(), o.actor.Partner, "Sub-NZ", auckland)
	}))
	o.said(t, "far", on("2026-04-01", "00:00:00"), customer.EventCustomerCreated, "F", "Sub-NZ", "2026-05-20")
	o.said(t, "here", on("2026-04-01", "00:00:00"), customer.EventCustomerCreated, "H", "Sub-1", "")
	assigned, removed := customer.EventPackageAssigned, customer.EventPackageRemoved
	o.happened(t, "far", on("2026-04-29", "11:59:59").Add(999_999*time.Microsecond), assigned, "in", "webex_calling", "l") // the last instant of 29 April there
	o.happened(t, "far", on("2026-04-29", "12:00:00"), assigned, "out", "webex_calling", "l")                              // the first of the next day
	for _, who := range []string{"a", "b", "c"} {
		o.happened(t, "here", on("2026-04-10", "12:00:00"), assigned, who, "webex_calling", "l")
	}
	o.happened(t, "here", on("2026-04-29", "12:00:00"), removed, "b", "webex_calling", "l")
	o.happened(t, "here", on("2026-04-30", "00:00:00"), removed, "c", "webex_calling", "l") // held until the day's end
	o.happened(t, "here", on("2026-04-29", "12:00:00"), assigned, "c", "attendant_console", "m")
	rows := func(kind billing.Type) []string {
		r := o.ordered(t, billing.NewReport{Start: "2026-04-01", End: "2026-04-29", Type: kind, Category: billing.PointInTime})
		require.Equal(t, billing.Completed, r.Status, "%v", r.Errors)
		file, out := o.file(t, r), []string{}
		for _, row := range file[1:] {
			line := ""
			for i, name := range file[0] {
				switch name {
				case "CUSTOMER_ORG_ID", "SERVICE_NAME", "CONSUMPTION_START_DATE", "CONSUMPTION_END_DATE", "QUANTITY", "SUBSCRIBER_ID", "LOCATION_ID", "SUBSCRIPTION_ID":
					line += row[i] + " "
				}
			}
			out = append(out, line)
		}
		return out
	}
	const days = "2026-04-29 2026-04-29 "
	assert.Equal(t, []string{
		"far Sub-NZ WEBEX_CALLING " + days + "1 in l ", "here Sub-1 WEBEX_CALLING " + days + "1 a l ",
		"here Sub-1 ATTENDANT_CONSOLE " + days + "1 c m ", "here Sub-1 WEBEX_CALLING " + days + "1 c l ",
	}, rows(billing.TypeUser))
	assert.Equal(t, []string{
		"far Sub-NZ WEBEX_CALLING " + days + "1 l ", "here Sub-1 ATTENDANT_CONSOLE " + days + "1 m ", "here Sub-1 WEBEX_CALLING " + days + "2 l ",
	}, rows(billing.TypeCustomer))
	assert.Equal(t, []string{"Sub-1 ATTENDANT_CONSOLE " + days + "1 ", "Sub-1 WEBEX_CALLING " + days + "2 ", "Sub-NZ WEBEX_CALLING " + days + "1 "}, rows(billing.TypePartner))
}
