package billing_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/billing"
	"dialtone/customer"
	"dialtone/fault"
	"dialtone/job"
	"dialtone/usage"
)

// countsByLedger has reports counted by a ledger, and returns it.
func (o *office) countsByLedger() *billing.Ledger {
	l := billing.NewLedger(billing.LedgerConfig{Store: o.store.Billing(), Now: func() time.Time { return *o.clock.Load() }})
	o.counter.count = l.Count
	return l
}

// happened writes an event about a package of a customer.
func (o *office) happened(t testing.TB, org customer.OrgID, at time.Time, kind customer.EventKind, subject, pkg, location string) {
	t.Helper()
	tenant := customer.Tenant{Partner: o.actor.Partner, Customer: org}
	facts := map[string]any{"person": "person-" + subject, "package": pkg, "location": location, "license": "license-" + pkg}
	err := o.store.Customers().Update(t.Context(), tenant, func(tx customer.Tx) error {
		return tx.Record(t.Context(), customer.Event{Time: at, Tenant: tenant, Actor: "a", Kind: kind, Subject: subject, Data: facts})
	})
	require.NoError(t, err)
}

// file reads a report's CSV.
func (o *office) file(t testing.TB, r billing.Report) [][]string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, o.WriteFile(t.Context(), o.actor.Partner, r.ID, &out))
	rows, err := csv.NewReader(&out).ReadAll()
	require.NoError(t, err)
	return rows
}

// total adds up the quantities of a report.
func total(t testing.TB, rows [][]string) usage.Units {
	t.Helper()
	var sum usage.Units
	for i, name := range rows[0] {
		if name != "QUANTITY" {
			continue
		}
		for _, row := range rows[1:] {
			units, _, ok := usage.ParseUnits(row[i])
			require.True(t, ok, row[i])
			sum += units
		}
	}
	return sum
}

func on(day, clock string) time.Time {
	at, err := time.Parse(time.DateTime, day+" "+clock)
	if err != nil {
		panic(err)
	}
	return at
}

func TestAReportSaysWhatWasHeld(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.countsByLedger()
	o.happened(t, "org", on("2026-04-10", "12:00:00"), customer.EventPackageAssigned, "s", "webex_calling", "l")
	o.happened(t, "org", on("2026-04-20", "06:00:00"), customer.EventPackageMoved, "s", "webex_calling", "m")
	o.happened(t, "org", on("2026-04-27", "00:00:00"), customer.EventPackageRemoved, "s", "webex_calling", "m")
	in := april()
	in.Type = billing.TypeUser
	r := o.ordered(t, in)
	require.Equal(t, billing.Completed, r.Status, "%v", r.Errors)
	partner := string(o.actor.Partner)
	assert.Equal(t, [][]string{
		{"PARTNER_NAME", "PARTNER_ORG_ID", "CUSTOMER_ORG_ID", "CUSTOMER_EXTERNAL_ID", "SUBSCRIPTION_ID", "SERVICE_NAME", "SKU", "DESCRIPTION",
			"CONSUMPTION_START_DATE", "CONSUMPTION_END_DATE", "QUANTITY", "SUBSCRIBER_ID", "USER_ID", "WORKSPACE_ID", "LOCATION_ID", "LICENSE_ID"},
		{"Example Telecom", partner, "org", "", "", "WEBEX_CALLING", "DT-CALLING", "Webex Calling", "2026-04-01", "2026-04-30", "9.75", "s", "person-s", "", "l", "license-webex_calling"},
		{"Example Telecom", partner, "org", "", "", "WEBEX_CALLING", "DT-CALLING", "Webex Calling", "2026-04-01", "2026-04-30", "6.75", "s", "person-s", "", "m", "license-webex_calling"},
	}, o.file(t, r))
	whole := o.ordered(t, april())
	assert.Equal(t, [][]string{
		{"PARTNER_NAME", "PARTNER_ORG_ID", "SUBSCRIPTION_ID", "SERVICE_NAME", "SKU", "DESCRIPTION", "CONSUMPTION_START_DATE", "CONSUMPTION_END_DATE", "QUANTITY"},
		{"Example Telecom", partner, "", "WEBEX_CALLING", "DT-CALLING", "Webex Calling", "2026-04-01", "2026-04-30", "16.5"},
	}, o.file(t, whole))
	assert.True(t, fault.Is(o.WriteFile(t.Context(), o.stranger.Partner, r.ID, &bytes.Buffer{}), fault.NotFound))
}

// TestReportsOfAllTypesAgree makes random histories of several customers in a time zone with a day of 23 hours, and compares the reports with the log.
func TestReportsOfAllTypesAgree(t *testing.T) {
	t.Parallel()
	kinds := usage.ChangeKinds()
	packages := []string{"webex_calling", "webex_meetings", "attendant_console", "common_area_calling"}
	for seed := range uint64(4) {
		o := newOffice(t)
		ledger := o.countsByLedger()
		random := rand.New(rand.NewPCG(seed, 2))
		zone, err := usage.ParseZone("America/New_York")
		require.NoError(t, err)
		require.NoError(t, o.store.Billing().Update(t.Context(), o.actor.Tenant(), func(tx billing.Tx) error { return tx.SetZone(t.Context(), o.actor.Partner, "", zone) }))
		at := on("2026-03-01", "05:00:00")
		for range 120 {
			at = at.Add(time.Duration(random.Int64N(int64(12 * time.Hour)))).Truncate(time.Microsecond)
			o.happened(t, customer.OrgID(fmt.Sprint("org", random.IntN(3))), at, kinds[random.IntN(len(kinds))], fmt.Sprint("s", random.IntN(4)),
				packages[random.IntN(len(packages))], fmt.Sprint("l", random.IntN(2)))
			if random.IntN(10) == 0 {
				o.today(at)
				require.NoError(t, ledger.CloseDays(t.Context()))
			}
		}
		o.today(on("2026-05-01", "08:00:00"))
		held, err := o.store.Billing().FoldEvents(t.Context(), o.actor.Tenant())
		require.NoError(t, err)
		first, _ := usage.ParseDay("2026-03-05")
		last, _ := usage.ParseDay("2026-04-12")
		var want usage.Units
		for _, a := range held {
			want += usage.Usage(a, zone, first, last)
		}
		require.NotZero(t, want)
		for _, kind := range billing.Types() {
			r := o.ordered(t, billing.NewReport{Start: first.String(), End: last.String(), Type: kind})
			require.Equal(t, billing.Completed, r.Status, "%v", r.Errors)
			assert.Equal(t, want, total(t, o.file(t, r)), "%d %s", seed, kind)
		}
	}
}

func TestAClosedDayIsRestatedWhenSomethingComesToLight(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	ledger := o.countsByLedger()
	o.happened(t, "org", on("2026-04-10", "00:00:00"), customer.EventPackageAssigned, "s", "webex_calling", "l")
	require.NoError(t, ledger.CloseDays(t.Context()))
	require.NoError(t, ledger.CloseDays(t.Context()))
	events := func(kind customer.EventKind) []map[string]any {
		list, _, err := o.store.Customers().Events(t.Context(), customer.Tenant{Partner: o.actor.Partner, Customer: "org"}, customer.EventFilter{Kind: kind}, customer.Page{Max: 10})
		require.NoError(t, err)
		out := []map[string]any{}
		for _, e := range list {
			out = append(out, e.Data)
		}
		return out
	}
	assert.Equal(t, []map[string]any{{"first": "2026-04-10", "last": "2026-04-30", "units": "21"}}, events(billing.EventDaysClosed), "closing twice changes nothing")
	require.Equal(t, usage.Units(21_000_000), total(t, o.file(t, o.ordered(t, april()))))

	o.happened(t, "org", on("2026-04-29", "12:00:00"), customer.EventPackageRemoved, "s", "webex_calling", "l")
	require.NoError(t, ledger.CloseDays(t.Context()))
	require.NoError(t, ledger.CloseDays(t.Context()))
	day := func(day, after string) map[string]any {
		return map[string]any{"day": day, "package": "webex_calling", "location": "l", "license": "license-webex_calling", "before": "1", "after": after}
	}
	assert.Equal(t, []map[string]any{day("2026-04-30", "0"), day("2026-04-29", "0.5")}, events(billing.EventDayRestated))
	assert.Len(t, events(billing.EventDaysClosed), 1)
	in := april()
	in.Type = billing.TypeCustomer
	assert.Equal(t, usage.Units(19_500_000), total(t, o.file(t, o.ordered(t, in))))
}

// TestACountGoesOnWhereItWasCutOff has a clock that runs so fast that each call writes a page alone; in between the server is another one.
func TestACountGoesOnWhereItWasCutOff(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	tenant := customer.Tenant{Partner: o.actor.Partner, Customer: "org"}
	const many = 10_010
	err := o.store.Customers().Update(t.Context(), tenant, func(tx customer.Tx) error {
		for i := range many {
			facts := map[string]any{"person": "p", "package": "webex_calling", "location": "l"}
			e := customer.Event{Time: on("2026-04-30", "00:00:00"), Tenant: tenant, Kind: customer.EventPackageAssigned, Subject: fmt.Sprintf("s%05d", i), Data: facts}
			if err := tx.Record(t.Context(), e); err != nil {
				return err
			}
		}
		return nil
	})
	require.NoError(t, err)
	o.promises.Hold()
	in := april()
	in.Type = billing.TypeUser
	r := o.ordered(t, in)
	calls := 0
	for {
		calls++
		looks := 0
		hasty := billing.NewLedger(billing.LedgerConfig{Store: o.store.Billing(), Now: func() time.Time {
			looks++
			return on("2026-05-01", "08:00:00").Add(time.Duration(looks) * 2 * time.Second)
		}})
		err := hasty.Count(t.Context(), r)
		if err == nil {
			break
		}
		_, again := job.IsAgain(err)
		require.True(t, again, "%v", err)
	}
	assert.Greater(t, calls, 1)
	o.counter.count = billing.NewLedger(billing.LedgerConfig{Store: o.store.Billing(), Now: func() time.Time { return on("2026-05-01", "08:00:00") }}).Count
	require.NoError(t, o.promises.Do(t.Context()))
	rows := o.file(t, r)
	require.Len(t, rows, many+1)
	assert.Equal(t, usage.Units(many)*usage.One, total(t, rows))
	progress, err := o.Progress(t.Context(), o.actor, r.ID)
	require.NoError(t, err)
	assert.Equal(t, int64(many), progress.Rows)
	var out bytes.Buffer
	require.NoError(t, o.WriteFile(t.Context(), o.actor.Partner, r.ID, &out))
	assert.Equal(t, fmt.Sprintf("%x", sha256.Sum256(out.Bytes())), progress.SHA256)
}
