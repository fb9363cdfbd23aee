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

// packageEvent writes an event about a package.
func (f *fixture) packageEvent(t testing.TB, tenant customer.Tenant, at time.Time, kind customer.EventKind, subject string, facts map[string]any) {
	t.Helper()
	f.write(t, tenant, func(tx provisioning.Tx) error {
		return tx.Record(t.Context(), customer.Event{Time: at, Tenant: tenant, Actor: "ada@example.com", Kind: kind, Subject: subject, Data: facts})
	})
}

// longSpan is all the days of these tests.
func longSpan(t testing.TB) usage.Span {
	t.Helper()
	first, _ := usage.ParseDay("2025-01-01")
	last, _ := usage.ParseDay("2027-12-31")
	return usage.NewSpan(usage.Zone{}, first, last)
}

// assignments reads all of a tenant's, a few at a time.
func (f *fixture) assignments(t testing.TB, tenant customer.Tenant, span usage.Span) []usage.Assignment {
	t.Helper()
	all, after := []usage.Assignment{}, billing.AssignmentCursor{}
	for {
		const most = 3
		some, err := f.b.Assignments(t.Context(), tenant, span, after, most)
		require.NoError(t, err)
		all = append(all, some...)
		if len(some) < most {
			return all
		}
		after = billing.CursorOf(some[most-1])
	}
}

// assignmentsFollowEvents says what each kind of event does, and that nobody else sees it.
func assignmentsFollowEvents(t *testing.T, f *fixture) {
	tenant, start := tenantOf(f.one), f.now.Truncate(time.Second)
	at := func(hours int) time.Time { return start.Add(time.Duration(hours) * time.Hour) }
	here := map[string]any{"person": "p", "package": customer.WebexCalling, "location": "l", "license": "x"}
	there := map[string]any{"person": "p", "package": customer.WebexCalling, "location": "m", "from": "l", "license": "x"}
	f.packageEvent(t, tenant, at(0), customer.EventPackageAssigned, "s", here)
	f.packageEvent(t, tenant, at(1), customer.EventPackageMoved, "s", there)
	f.packageEvent(t, tenant, at(2), customer.EventPackageRemoved, "s", there)
	f.packageEvent(t, tenant, at(2), customer.EventPackageAssigned, "w", map[string]any{"workspace": "w", "package": customer.CommonAreaCalling, "location": "l"})
	f.packageEvent(t, tenant, at(3), customer.EventPackageAssigned, "nobody", map[string]any{"package": ""})

	got := f.assignments(t, tenant, longSpan(t))
	require.Len(t, got, 3)
	for i := range got {
		got[i].Begun, got[i].Ended = 0, 0
	}
	a := usage.Assignment{
		Customer: f.one.Org, Subject: "s", SubjectKind: usage.KindPerson, Person: "p", Package: customer.WebexCalling, Location: "l", License: "x", From: at(0), Until: at(1),
	}
	b := a
	b.Location, b.From, b.Until = "m", at(1), at(2)
	w := usage.Assignment{Customer: f.one.Org, Subject: "w", SubjectKind: usage.KindWorkspace, Package: customer.CommonAreaCalling, Location: "l", From: at(2)}
	assert.Equal(t, []usage.Assignment{a, b, w}, got)

	timeline, err := f.b.SubjectAssignments(t.Context(), tenant, "s")
	require.NoError(t, err)
	assert.Len(t, timeline, 2)
	assert.Empty(t, f.assignments(t, tenantOf(f.foe), longSpan(t)))
	assert.Empty(t, f.assignments(t, tenantOf(f.sibling), longSpan(t)))
	assert.Len(t, f.assignments(t, customer.Tenant{Partner: f.one.Partner}, longSpan(t)), 3)
	foreign, err := f.b.SubjectAssignments(t.Context(), tenantOf(f.foe), "s")
	require.NoError(t, err)
	assert.Empty(t, foreign)
	day, _ := usage.ParseDay("2026-03-02")
	assert.Equal(t, []customer.Package{customer.CommonAreaCalling}, packagesOf(f.assignments(t, tenant, usage.NewSpan(usage.Zone{}, day, day))), "what ended before isn't read")
}

func packagesOf(list []usage.Assignment) []customer.Package {
	out := []customer.Package{}
	for _, a := range list {
		out = append(out, a.Package)
	}
	return out
}

// assignmentsAreWhatEventsComeTo compares the table with the log after random histories, in which some events come late, twice, or about nothing.
func assignmentsAreWhatEventsComeTo(t *testing.T, f *fixture) {
	ctx, tenant, start := t.Context(), tenantOf(f.one), f.now.Truncate(time.Second)
	kinds := usage.ChangeKinds()
	packages := []customer.Package{customer.WebexCalling, customer.WebexMeetings, customer.AttendantConsole, customer.WebexSuite}
	for seed := range uint64(6) {
		random := rand.New(rand.NewPCG(seed, 1))
		clock := start
		for range 40 {
			clock = clock.Add(time.Duration(random.IntN(3)) * time.Minute)
			at := clock
			if random.IntN(8) == 0 {
				at = clock.Add(-time.Duration(random.IntN(30)) * time.Minute)
			}
			subject := fmt.Sprintf("s%d-%d", seed, random.IntN(3))
			facts := map[string]any{"person": "p" + subject, "package": string(packages[random.IntN(len(packages))]), "location": fmt.Sprint("l", random.IntN(3)), "license": "x"}
			f.packageEvent(t, tenant, at, kinds[random.IntN(len(kinds))], subject, facts)
		}
	}
	folded, err := f.b.FoldEvents(ctx, tenant)
	require.NoError(t, err)
	kept := f.assignments(t, tenant, longSpan(t))
	assert.NotEmpty(t, kept)
	assert.ElementsMatch(t, folded, kept)
	require.NoError(t, f.b.Update(ctx, tenant, func(tx billing.Tx) error { return tx.RebuildAssignments(ctx, tenant) }))
	assert.Equal(t, kept, f.assignments(t, tenant, longSpan(t)), "made again, they are the same")
}
