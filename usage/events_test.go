package usage_test

import (
	"encoding/json"
	"testing"

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
		{"a person who moves", customer.EventPackageMoved, "s1", facts{"person": "p1", "package": "webex_calling", "from": "hq", "location": customer.LocationID("annex"), "license": "L1"},
			usage.Change{Kind: usage.Moved, Subject: "s1", SubjectKind: usage.KindPerson, Person: "p1", Package: "webex_calling", Location: "annex", License: "L1"}},
		{"a workspace that moves", customer.EventPackageMoved, "w1", facts{"workspace": "w1", "package": "common_area_calling", "location": "annex"},
			usage.Change{Kind: usage.Moved, Subject: "w1", SubjectKind: usage.KindWorkspace, Package: "common_area_calling", Location: "annex"}},
		{"nobody", customer.EventPackageAssigned, "", facts{"package": "webex_calling"}, usage.Change{}},
		{"a person's other facts", customer.EventPersonChanged, "p1", facts{"person": "p1", "package": "webex_calling"}, usage.Change{}},
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
