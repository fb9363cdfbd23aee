package usage_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dialtone/customer"
	"dialtone/usage"
)

func TestWhatEventsSayOfACustomer(t *testing.T) {
	t.Parallel()
	type facts = map[string]any
	all := facts{"externalId": "A-1", "subscriptionId": "Sub-1", "billingStart": "2026-05-20", "name": "Acme"}
	before := facts{"externalId": "old", "subscriptionId": "old", "billingStart": ""}
	want := usage.Facts{Event: 7, Since: at(t, "09:00:00.123456"), Customer: "acme", Relation: "c1", ExternalID: "A-1", Subscription: "Sub-1", Billing: day(t, "2026-05-20")}
	for name, tt := range map[string]struct {
		kind customer.EventKind
		org  customer.OrgID
		data facts
		ok   bool
	}{
		"created":                         {customer.EventCustomerCreated, "acme", all, true},
		"created without an organisation": {customer.EventCustomerCreated, "", all, false},
		"attached":                        {customer.EventCustomerAttached, "acme", all, true},
		"changed":                         {customer.EventCustomerChanged, "acme", facts{"before": before, "after": all}, true},
		"fulfilled":                       {customer.EventCustomerFulfilled, "acme", all, false},
	} {
		e := customer.Event{ID: 7, Time: at(t, "09:00:00.1234567"), Tenant: customer.Tenant{Partner: "partner", Customer: tt.org}, Kind: tt.kind, Subject: "c1", Data: tt.data}
		got, ok := usage.FactsOf(e)
		assert.Equal(t, tt.ok, ok, name)
		kept, err := json.Marshal(e.Data)
		require.NoError(t, err)
		e.Data = nil
		require.NoError(t, json.Unmarshal(kept, &e.Data))
		again, _ := usage.FactsOf(e)
		assert.Equal(t, got, again, "%s, as it comes back", name)
		if tt.ok {
			assert.Equal(t, want, got, name)
		}
	}
}

func TestWhatWasKnownAtAMoment(t *testing.T) {
	t.Parallel()
	said := func(event int64, clock, externalID string) usage.Facts {
		return usage.Facts{Event: event, Since: at(t, clock), ExternalID: externalID}
	}
	h := usage.NewHistory([]usage.Facts{said(9, "12:00:00", "c"), said(2, "09:00:00", "a"), said(5, "12:00:00", "b"), said(4, "10:00:00", "a")})
	assert.Equal(t, usage.History{said(2, "09:00:00", "a"), said(5, "12:00:00", "b"), said(9, "12:00:00", "c")}, h)
	for clock, want := range map[string]string{"08:00:00": "a", "09:00:00": "a", "11:59:59": "a", "12:00:00": "c", "13:00:00": "c"} {
		assert.Equal(t, want, h.At(at(t, clock)).ExternalID, clock)
	}
	assert.Zero(t, usage.History{}.At(at(t, "09:00:00")))
}

func TestFromWhichDayIsBilled(t *testing.T) {
	t.Parallel()
	said := func(moment string, relation customer.CustomerID, billing string) usage.Facts {
		f := usage.Facts{Since: instant(t, moment), Relation: relation}
		if billing != "" {
			f.Billing = day(t, billing)
		}
		return f
	}
	created := said("2026-05-01T09:00:00Z", "c1", "2026-05-10")
	for _, tt := range []struct {
		name  string
		known usage.History
		began string
		want  string
	}{
		{"nothing is known", nil, "2026-05-02T00:00:00Z", ""},
		{"at once", usage.History{said("2026-05-01T09:00:00Z", "c1", "")}, "2026-05-02T00:00:00Z", ""},
		{"delayed", usage.History{created}, "2026-05-02T00:00:00Z", "2026-05-10"},
		{"for what was held before anything was known", usage.History{created}, "2026-04-02T00:00:00Z", "2026-05-10"},
		{"put off", usage.History{created, said("2026-05-09T20:00:00Z", "c1", "2026-06-01")}, "2026-05-02T00:00:00Z", "2026-06-01"},
		{"brought forward", usage.History{created, said("2026-05-03T20:00:00Z", "c1", "2026-05-05")}, "2026-05-02T00:00:00Z", "2026-05-05"},
		{"brought forward to the day itself", usage.History{created, said("2026-05-03T20:00:00Z", "c1", "2026-05-03")}, "2026-05-02T00:00:00Z", "2026-05-03"},
		{"a day that is over isn't billed any more", usage.History{created, said("2026-05-05T20:00:00Z", "c1", "2026-05-03")}, "2026-05-02T00:00:00Z", "2026-05-05"},
		{"a day that was billed stays so", usage.History{created, said("2026-05-11T20:00:00Z", "c1", "2026-06-01")}, "2026-05-02T00:00:00Z", "2026-05-10"},
		{"another change says the same", usage.History{created, said("2026-05-11T20:00:00Z", "c1", "2026-05-10")}, "2026-05-02T00:00:00Z", "2026-05-10"},
		{"before it left", usage.History{said("2026-01-01T09:00:00Z", "c0", ""), created}, "2026-02-01T00:00:00Z", ""},
		{"after it came back", usage.History{said("2026-01-01T09:00:00Z", "c0", ""), created}, "2026-05-02T00:00:00Z", "2026-05-10"},
	} {
		assert.Equal(t, tt.want, tt.known.BilledFrom(zone(t, "Europe/Berlin"), instant(t, tt.began)).String(), tt.name)
	}
}

// Whatever is said after a day is over doesn't change whether it was billed.
func TestNothingThatIsSaidLaterChangesADayThatIsOver(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		z := zone(t, rapid.SampledFrom(zones()).Draw(t, "zone"))
		begin, first := instant(t, "2026-05-01T00:00:00Z"), day(t, "2026-05-01")
		var said []usage.Facts
		for i := range rapid.IntRange(1, 6).Draw(t, "changes") {
			said = append(said, usage.Facts{
				Event: int64(i), Since: begin.Add(time.Duration(rapid.IntRange(0, 20*24).Draw(t, "hour")) * time.Hour),
				Billing: first + usage.Day(rapid.IntRange(0, 25).Draw(t, "billing")),
			})
		}
		whole := usage.NewHistory(said)
		for d := first; d < first+25; d++ {
			end := z.Begin(d + 1)
			var until usage.History
			for _, f := range whole {
				if f.Since.Before(end) {
					until = append(until, f)
				}
			}
			if len(until) > 0 {
				require.Equal(t, until.BilledFrom(z, begin) <= d, whole.BilledFrom(z, begin) <= d, "%s", d)
			}
		}
	})
}

func TestWhatEventsSayOfAPartner(t *testing.T) {
	t.Parallel()
	type facts = map[string]any
	created := customer.Event{ID: 1, Time: at(t, "09:00:00"), Kind: customer.EventSubPartnerCreated, Data: facts{"name": "Old", "billingStart": "2026-06-01"}}
	renamed := customer.Event{ID: 3, Time: at(t, "11:00:00"), Kind: customer.EventSubPartnerChanged, Data: facts{"before": facts{"name": "Old"}, "after": facts{"name": "New"}}}
	other := customer.Event{ID: 2, Time: at(t, "10:00:00"), Kind: customer.EventSettingsChanged, Data: facts{"after": facts{"name": "no"}}}
	h := usage.NewPartnerHistory([]customer.Event{renamed, other, created})
	june := day(t, "2026-06-01")
	for clock, want := range map[string]string{"08:00:00": "Old", "10:59:59": "Old", "11:00:00": "New"} {
		got := h.At(at(t, clock))
		assert.Equal(t, want, got.Name, clock)
		assert.Equal(t, june, got.Billing, clock)
	}
	assert.Zero(t, usage.PartnerHistory{}.At(at(t, "09:00:00")))
}
