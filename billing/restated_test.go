package billing_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/billing"
	"dialtone/customer"
	"dialtone/fault"
	"dialtone/usage"
)

func TestAReportSaysWhichOfItsDaysWereRestated(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	ledger := o.countsByLedger()
	assigned, removed := customer.EventPackageAssigned, customer.EventPackageRemoved
	o.happened(t, "org", on("2026-03-10", "00:00:00"), assigned, "s", "webex_calling", "l")
	require.NoError(t, ledger.CloseDays(t.Context()))
	o.happened(t, "org", on("2026-04-05", "12:00:00"), assigned, "early", "webex_suite", "l")
	whole, first := o.ordered(t, april()), o.ordered(t, billing.NewReport{Start: "2026-04-01", End: "2026-04-04"})
	restated := func(r billing.Report) billing.Restatement {
		_, got, err := o.Restated(t.Context(), o.actor, r.ID)
		require.NoError(t, err)
		return got
	}
	nothing := billing.Restatement{Days: []usage.Day{}}
	assert.Equal(t, nothing, restated(whole), "what the count itself restated is in the report")
	now := on("2026-05-02", "08:00:00")
	o.today(now)
	o.happened(t, "org", on("2026-04-29", "12:00:00"), removed, "s", "webex_calling", "l")
	o.happened(t, "org", on("2026-04-29", "06:00:00"), assigned, "late", "webex_suite", "l")
	assert.Equal(t, nothing, restated(whole), "not yet")
	require.NoError(t, ledger.CloseDays(t.Context()))
	day := func(text string) usage.Day { d, _ := usage.ParseDay(text); return d }
	assert.Equal(t, billing.Restatement{Since: now, Days: []usage.Day{day("2026-04-29"), day("2026-04-30")}, Services: []billing.RestatedService{
		{Service: "WEBEX_CALLING", Days: 2, By: -1_500_000}, {Service: "WEBEX_SUITE", Days: 2, By: 1_750_000},
	}}, restated(whole))
	assert.Equal(t, nothing, restated(first))
	require.NoError(t, o.Delete(t.Context(), o.actor, whole.ID))
	before := total(t, o.file(t, first))
	again := o.ordered(t, april())
	assert.Equal(t, nothing, restated(again))
	assert.Equal(t, usage.Units(28_500_000+25_500_000+1_750_000), total(t, o.file(t, again)))
	assert.Equal(t, 4*usage.One, before)
	_, _, err := o.Restated(t.Context(), o.stranger, again.ID)
	assert.True(t, fault.Is(err, fault.NotFound))
}
