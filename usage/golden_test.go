package usage_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/usage"
)

var update = flag.Bool("update", false, "write the golden files anew; read them before you commit them")

// story is what happened to two customers in seven years.
func story(t *testing.T) []usage.Change {
	t.Helper()
	type c = usage.Change
	const acme, bell = customer.OrgID("acme"), customer.OrgID("bell")
	person := func(subject usage.SubjectID, of customer.OrgID, change c) c {
		change.Subject, change.SubjectKind, change.Customer, change.Person = subject, usage.KindPerson, of, customer.PersonID("user-"+subject)
		return change
	}
	hall := func(change c) c {
		change.Subject, change.SubjectKind, change.Customer = "hall", usage.KindWorkspace, acme
		return change
	}
	at := func(text string, kind usage.ChangeKind, pkg customer.Package, location customer.LocationID) c {
		return c{At: instant(t, text), Kind: kind, Package: pkg, Location: location}
	}
	changes := []c{
		person("ada", acme, at("2021-01-01T00:00:00Z", usage.Started, customer.WebexCalling, "hq")),
		person("ada", acme, at("2021-01-01T00:00:00Z", usage.Started, customer.AttendantConsole, "hq")),
		person("dan", acme, at("2021-06-01T00:00:00Z", usage.Started, customer.WebexVoice, "hq")),
		person("eve", acme, at("2021-06-01T00:00:00Z", usage.Started, customer.WebexMeetings, "")),
		person("eve", acme, at("2021-11-21T23:00:00Z", usage.Ended, customer.WebexMeetings, "")), // the last instant before the five years in Berlin
		person("dan", acme, at("2021-11-22T11:00:00Z", usage.Ended, "", "")),                     // noon of their first day
		hall(at("2026-03-29T01:30:00Z", usage.Started, customer.CommonAreaCalling, "hq")),        // half past three, as there is no half past two
		person("ada", acme, at("2026-03-29T10:00:00Z", usage.Moved, "", "annex")),
		person("bob", bell, at("2026-03-01T09:00:00Z", usage.Started, customer.WebexCalling, "shop")),
		{At: instant(t, "2026-04-01T08:00:00Z"), Kind: usage.Licensed, Customer: acme, Subject: "ada", SubjectKind: usage.KindPerson, Package: customer.WebexCalling, License: "lic-1"},
		hall(at("2026-10-25T00:30:00Z", usage.Ended, "", "")), // the first half past two
		person("bob", bell, at("2026-10-25T11:00:00Z", usage.Ended, customer.WebexCalling, "shop")),
		person("bob", bell, at("2026-10-25T11:00:00Z", usage.Started, customer.WebexSuite, "shop")),
		person("cyd", acme, at("2027-05-01T12:00:00Z", usage.Started, customer.WebexCallingStandard, "hq")),
		person("cyd", acme, at("2028-02-10T17:00:00Z", usage.Ended, customer.WebexCallingStandard, "hq")), // noon in New York
		person("cyd", acme, at("2028-02-29T17:00:00Z", usage.Started, customer.WebexCallingStandard, "hq")),
	}
	for i := range changes {
		changes[i].Event = int64(i + 1)
	}
	return changes
}

// report is the CSV of the story.
func report(t *testing.T, span usage.Span, reported usage.Type) string {
	t.Helper()
	accounts := map[customer.OrgID]usage.Account{
		"acme": {PartnerName: `Lines, "Inc"`, Partner: "partner", Customer: "acme", ExternalID: "=A-1", Subscription: "Sub1"},
		"bell": {PartnerName: `Lines, "Inc"`, Partner: "partner", Customer: "bell", ExternalID: "B-2", Subscription: "Sub1"},
	}
	known := map[customer.OrgID]usage.History{"bell": {{Since: instant(t, "2026-03-01T09:00:00Z"), Billing: day(t, "2026-04-15")}}}
	tally := usage.NewTally(reported)
	for _, a := range usage.Fold(story(t)) {
		a.BilledFrom = known[a.Customer].BilledFrom(usage.Zone{}, a.From)
		tally.Add(span.Row(accounts[a.Customer], a))
	}
	for of, order := range map[customer.OrgID]usage.Order{
		"acme": {Service: usage.SetupAssistStandard, At: instant(t, "2028-02-29T15:00:00Z"), Seats: 12, Location: "annex"},
		"bell": {Service: usage.SetupAssistExpress, At: instant(t, "2026-10-25T22:59:59Z"), Seats: 3, Location: "shop"},
	} {
		if r, ok := span.OrderRow(accounts[of], order); ok {
			tally.Add(r)
		}
	}
	return written(t, reported, tally.Rows())
}

func TestGoldenReports(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, zone, first, last string }{
		{"spring", "Europe/Berlin", "2026-03-29", "2026-03-29"}, // 23 hours, no licence yet
		{"autumn", "Europe/Berlin", "2026-10-25", "2026-10-25"}, // 25 hours
		{"leap", "America/New_York", "2028-02-01", "2028-02-29"},
		{"fiveyears", "Europe/Berlin", "2021-11-22", "2026-11-21"},
	}
	for _, tt := range tests {
		for _, reported := range usage.Types() {
			t.Run(tt.name+" "+string(reported), func(t *testing.T) {
				t.Parallel()
				got := report(t, usage.NewSpan(zone(t, tt.zone), day(t, tt.first), day(t, tt.last)), reported)
				file := filepath.Join("testdata", tt.name+"-"+strings.ToLower(string(reported))+".csv")
				if *update {
					require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
				}
				want, err := os.ReadFile(file)
				require.NoError(t, err)
				assert.Equal(t, string(want), got)
			})
		}
	}
}
