package usage_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/usage"
)

func TestWhatEventsMean(t *testing.T) {
	t.Parallel()
	type facts = map[string]any
	tests := []struct {
		name    string
		kind    customer.EventKind
		subject string
		data    facts
		want    usage.Change
	}{
		{"a person's package", customer.EventPackageAssigned, "s1", facts{"person": customer.PersonID("p1"), "package": customer.WebexCalling, "location": customer.LocationID("hq")},
			usage.Change{Kind: usage.Started, Subject: "s1", SubjectKind: usage.KindPerson, Person: "p1", Package: "webex_calling", Location: "hq"}},
		{"with a licence", customer.EventPackageAssigned, "s1", facts{"person": "p1", "package": "webex_calling", "location": "", "license": "L1"},
			usage.Change{Kind: usage.Started, Subject: "s1", SubjectKind: usage.KindPerson, Person: "p1", Package: "webex_calling", License: "L1"}},
		{"a workspace's package", customer.EventPackageRemoved, "w1", facts{"workspace": customer.WorkspaceID("w1"), "package": customer.CommonAreaCalling, "location": customer.LocationID("hq")},
			usage.Change{Kind: usage.Ended, Subject: "w1", SubjectKind: usage.KindWorkspace, Package: "common_area_calling", Location: "hq"}},
		{"no package", customer.EventPackageRemoved, "s1", facts{"person": "p1"}, usage.Change{}},
		{"a person who moves", customer.EventPersonChanged, "p1", facts{"before": facts{"location": customer.LocationID("hq")}, "after": facts{"location": customer.LocationID("annex")}},
			usage.Change{Kind: usage.Moved, SubjectKind: usage.KindPerson, Person: "p1", Location: "annex"}},
		{"a person who stays", customer.EventPersonChanged, "p1", facts{"before": facts{"location": "hq"}, "after": facts{"location": "hq"}}, usage.Change{}},
		{"a person without facts", customer.EventPersonChanged, "p1", nil, usage.Change{}},
		{"a workspace that moves", customer.EventWorkspaceChanged, "w1", facts{"before": facts{"location": "hq"}, "after": facts{"location": "annex"}},
			usage.Change{Kind: usage.Moved, SubjectKind: usage.KindWorkspace, Subject: "w1", Location: "annex"}},
		{"a subscriber who is deleted", customer.EventSubscriberDeleted, "s1", facts{"email": "a@example.com"}, usage.Change{Kind: usage.Ended, Subject: "s1", SubjectKind: usage.KindPerson}},
		{"a workspace that is deleted", customer.EventWorkspaceDeleted, "w1", nil, usage.Change{Kind: usage.Ended, Subject: "w1", SubjectKind: usage.KindWorkspace}},
		{"delayed billing", customer.EventCustomerCreated, "c1", facts{"billingStartDate": time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)}, usage.Change{Kind: usage.Delayed, Billing: day(t, "2026-07-01")}},
		{"delayed billing, as a day", customer.EventCustomerChanged, "c1", facts{"after": facts{"billingStartDate": "2026-07-01"}}, usage.Change{Kind: usage.Delayed, Billing: day(t, "2026-07-01")}},
		{"nothing of billing", customer.EventCustomerChanged, "c1", facts{"after": facts{"billingStartDate": ""}}, usage.Change{}},
		{"anything else", customer.EventDeviceCreated, "d1", facts{"person": "p1", "package": "webex_calling"}, usage.Change{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := customer.Event{ID: 7, Time: at(t, "09:00:00"), Tenant: customer.Tenant{Partner: "partner", Customer: "acme"}, Kind: tt.kind, Subject: tt.subject, Data: tt.data}
			if tt.want.Kind != 0 {
				tt.want.Event, tt.want.At, tt.want.Customer = 7, e.Time, "acme"
			}
			got, ok := usage.ChangeOf(e)
			assert.Equal(t, tt.want.Kind != 0, ok)
			kept, err := json.Marshal(e.Data)
			require.NoError(t, err)
			e.Data = nil
			require.NoError(t, json.Unmarshal(kept, &e.Data))
			again, okAgain := usage.ChangeOf(e)
			assert.Equal(t, ok, okAgain)
			if ok {
				assert.Equal(t, tt.want, got)
				assert.Equal(t, tt.want, again, "as it comes back")
			}
		})
	}
}

// A person who was taken away and comes back is another subscriber, and moves as that one.
func TestAPersonsMoveIsThatOfTheSubscriber(t *testing.T) {
	t.Parallel()
	started := func(event int64, clock string, subject usage.SubjectID) usage.Change {
		return usage.Change{Event: event, At: at(t, clock), Kind: usage.Started, Subject: subject, SubjectKind: usage.KindPerson, Person: "ada", Package: customer.WebexCalling, Location: "hq"}
	}
	moved := func(event int64, clock string, to customer.LocationID) usage.Change {
		return usage.Change{Event: event, At: at(t, clock), Kind: usage.Moved, SubjectKind: usage.KindPerson, Person: "ada", Location: to}
	}
	got := usage.Fold([]usage.Change{
		moved(1, "07:00:00", "nowhere"), started(2, "08:00:00", "s1"), moved(3, "09:00:00", "annex"),
		{Event: 4, At: at(t, "10:00:00"), Kind: usage.Ended, Subject: "s1", SubjectKind: usage.KindPerson, Person: "ada"},
		started(5, "11:00:00", "s2"), moved(6, "12:00:00", "annex"),
	})
	assert.Equal(t, []string{
		"s1 webex_calling@hq/ 08:00-09:00", "s1 webex_calling@annex/ 09:00-10:00", "s2 webex_calling@hq/ 11:00-12:00", "s2 webex_calling@annex/ 12:00-open",
	}, brief(got))
}

func TestADayThatIsntOver(t *testing.T) {
	t.Parallel()
	noon := at(t, "12:00:00")
	today := usage.NewSpan(usage.Zone{}, day(t, "2026-05-01"), day(t, "2026-05-01"))
	for name, tt := range map[string]struct {
		from, until, want string
		held              bool
	}{
		"open": {"2026-04-01T00:00:00Z", "", "0.5", true}, "to end later": {"2026-04-01T00:00:00Z", "2026-05-01T18:00:00Z", "0.5", true},
		"ended": {"2026-04-01T00:00:00Z", "2026-05-01T06:00:00Z", "0.25", false}, "to begin later": {"2026-05-01T18:00:00Z", "", "0", false},
		"ends now": {"2026-04-01T00:00:00Z", "2026-05-01T12:00:00Z", "0.5", false}, "begins now": {"2026-05-01T12:00:00Z", "", "0", true},
	} {
		a := held(t, tt.from, tt.until)
		assert.Equal(t, tt.want, today.Usage(a.AsOf(noon)).String(), name)
		assert.Equal(t, tt.held, a.HeldAt(noon), name)
	}
	assert.True(t, held(t, "2026-05-01T18:00:00Z", "").AsOf(noon).Empty())
}
