package billing_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/billing"
	"dialtone/customer"
	"dialtone/usage"
)

// ordersOnce writes an event about an order for Setup Assist.
func (o *office) ordersOnce(t testing.TB, org customer.OrgID, at time.Time, kind customer.EventKind, id string, service customer.SetupAssistSKU, seats int, location string) {
	t.Helper()
	tenant := customer.Tenant{Partner: o.actor.Partner, Customer: org}
	facts := map[string]any{"service": service, "seats": fmt.Sprint(seats), "location": location}
	require.NoError(t, o.store.Customers().Update(t.Context(), tenant, func(tx customer.Tx) error {
		return tx.Record(t.Context(), customer.Event{Time: at, Tenant: tenant, Actor: "a", Kind: kind, Subject: id, Data: facts})
	}))
}

func TestOrdersAreInAllTypesOfReport(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	ledger := o.countsByLedger()
	ordered, cancelled := customer.EventSetupAssistOrdered, customer.EventSetupAssistCancelled
	o.said(t, "b", on("2026-04-01", "00:00:00"), customer.EventCustomerCreated, "B", "Sub-1", "2026-05-20")
	o.happened(t, "c", on("2026-04-30", "12:00:00"), customer.EventPackageAssigned, "s", "webex_calling", "l")
	o.ordersOnce(t, "b", on("2026-04-02", "08:00:00"), ordered, "1", customer.SetupAssistExpress, 3, "l")
	o.ordersOnce(t, "b", on("2026-04-03", "08:00:00"), ordered, "2", customer.SetupAssistExpress, 5, "l")
	o.ordersOnce(t, "a", on("2026-04-30", "23:59:59"), ordered, "3", customer.SetupAssistStandard, 12, "m")
	o.ordersOnce(t, "a", on("2026-05-01", "00:00:00"), ordered, "4", customer.SetupAssistStandard, 40, "m")
	o.ordersOnce(t, "a", on("2026-04-05", "08:00:00"), ordered, "5", customer.SetupAssistStandard, 80, "m")
	o.ordersOnce(t, "a", on("2026-04-05", "09:00:00"), cancelled, "5", customer.SetupAssistStandard, 80, "m") // on its day
	o.ordersOnce(t, "b", on("2026-04-09", "09:00:00"), cancelled, "1", customer.SetupAssistExpress, 3, "l")   // too late
	require.NoError(t, ledger.CloseDays(t.Context()))
	rows := map[billing.Type][]string{}
	for _, kind := range billing.Types() {
		in := april()
		in.Type = kind
		r := o.ordered(t, in)
		require.Equal(t, billing.Completed, r.Status, "%v", r.Errors)
		file := o.file(t, r)
		for _, row := range file[1:] {
			line := ""
			for i, name := range file[0] {
				switch name {
				case "CUSTOMER_ORG_ID", "SERVICE_NAME", "QUANTITY", "SUBSCRIBER_ID", "LOCATION_ID":
					line += row[i] + " "
				}
			}
			rows[kind] = append(rows[kind], line)
		}
		in.Category = billing.PointInTime
		held := o.file(t, o.ordered(t, in))
		assert.Equal(t, usage.One, total(t, held), "orders are nobody's at a point in time: %s", kind)
	}
	assert.Equal(t, map[billing.Type][]string{
		billing.TypeUser:     {"c WEBEX_CALLING 0.5 s l ", "a SETUP_ASSIST_STANDARD 12  m ", "b SETUP_ASSIST_EXPRESS 2  l "},
		billing.TypeCustomer: {"c WEBEX_CALLING 0.5 l ", "a SETUP_ASSIST_STANDARD 12 m ", "b SETUP_ASSIST_EXPRESS 2 l "},
		billing.TypePartner:  {"WEBEX_CALLING 0.5 ", "SETUP_ASSIST_EXPRESS 2 ", "SETUP_ASSIST_STANDARD 12 "},
	}, rows)
}
