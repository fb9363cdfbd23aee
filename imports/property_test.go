package imports_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/imports"
	"dialtone/job"
	"dialtone/provisioning"
	"dialtone/store/pgtest"
)

func TestADryRunEqualsTheRun(t *testing.T) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) { dryRunsEqualRuns(t, openHall(t)) })
	t.Run("PostgreSQL", func(t *testing.T) { dryRunsEqualRuns(t, newHall(t, pgtest.URL(t))) })
}

// dryRunsEqualRuns sends files whose rows want the same few extensions, numbers and units of packages, several in a row into each customer, and
// compares the results of each dry run with those of the run.
func dryRunsEqualRuns(t *testing.T, h *hall) {
	t.Helper()
	var ticks atomic.Int64
	start := h.Clock()
	h.Clock = func() time.Time { return start.Add(time.Duration(ticks.Add(1)) * 100 * time.Millisecond) } // steps end in the middle
	macs := 0
	rapid.Check(t, func(rt *rapid.T) {
		limits := map[customer.Package]int{}
		for pkg, most := range map[customer.Package]int{customer.WebexCalling: 3, customer.WebexCallingStandard: 2, customer.WebexMeetings: 2, customer.WebexSuite: 2, customer.AttendantConsole: 2} {
			limits[pkg] = rapid.IntRange(1, most).Draw(rt, string(pkg))
		}
		h.NewCustomer(t, fmt.Sprint("c", h.Halls+1), limits)
		for range 2 {
			file := h.drawFile(rt)
			before := h.state(t)
			_, rehearsed := h.imported(t, file, true, "")
			if now := h.state(t); now != before {
				rt.Fatalf("a dry run changed\n%s\ninto\n%s", before, now)
			}
			_, results := h.imported(t, file, false, "")
			if strings.Join(rehearsed, "\n") != strings.Join(results, "\n") {
				rt.Fatalf("%s\non\n%s\nis rehearsed as\n%s\nand runs as\n%s", file, before, strings.Join(rehearsed, "\n"), strings.Join(results, "\n"))
			}
			_, again := h.imported(t, file, false, "")
			for n, first := range results {
				if !strings.Contains(first, ",failed,") && !strings.Contains(again[n], ",unchanged,") {
					rt.Fatalf("%s\nran as\n%s\nand again as\n%s", file, first, again[n])
				}
			}
			for _, p := range h.people(t) {
				if macs++; rapid.Bool().Draw(rt, "phone") {
					_, _ = h.AddDevice(t.Context(), h.Actor, h.Customer.Tenant(), provisioning.NewDevice{MAC: fmt.Sprintf("02%010X", macs), Model: "Cisco 8851", Person: p.ID}) // who may have one
				}
			}
		}
	})
}

// drawFile makes a file in which rows get into each other's way.
func (h *hall) drawFile(rt *rapid.T) string {
	cell := func(name string, values ...string) string { return rapid.SampledFrom(values).Draw(rt, name) }
	people := rapid.Permutation([]string{"ada", "bob", "cy", "dee", "eve", "fay", "gus", "hal"}).Draw(rt, "people")
	rows := [][]string{{"email", "first_name", "location", "extension", "number", "webex_calling", "webex_calling_standard", "webex_meetings", "webex_suite", "attendant_console"}}
	for _, name := range people[:rapid.IntRange(1, len(people)).Draw(rt, "rows")] {
		row := []string{name, cell("first_name", "", "A", "B"), cell("location", "", "Shop", "Annex", "Shop"), cell("extension", "", "1001", "1002", "1003", "1004"),
			cell("number", "", "", h.Number(0), h.Number(1), h.Number(0), "REMOVE", "REMOVE|"+h.Number(0))}
		kind := cell("kind", "any", "any", "off", "base", "base", "base")
		base := cell("base", "5", "6", "7", "8")
		for column := 5; column < 10; column++ {
			switch {
			case kind == "off":
				row = append(row, "FALSE")
			case kind == "base" && fmt.Sprint(column) == base:
				row = append(row, "TRUE")
			case kind == "base":
				row = append(row, cell("package", "", "FALSE"))
			default:
				row = append(row, cell("package", "", "", "TRUE", "FALSE"))
			}
		}
		rows = append(rows, row)
	}
	if rapid.IntRange(0, 3).Draw(rt, "stranger") == 0 {
		rows = append(rows, []string{"ada@bakery.example", "", "Shop", "1001", h.Number(0), "TRUE", "", "", "", ""}) // of another customer
	}
	return h.table(rows...)
}

// shaky fails every few transactions: before they begin, or when all was done.
type shaky struct {
	imports.Store
	every, count int
}

func (s *shaky) Update(ctx context.Context, tenant customer.Tenant, fn func(imports.Tx) error) error {
	s.count++
	away := fault.New(fault.Unavailable, "The database doesn't answer.")
	switch s.count % s.every {
	case 0:
		return away
	case s.every / 2:
		return s.Store.Update(ctx, tenant, func(tx imports.Tx) error {
			if err := fn(tx); err != nil {
				return err
			}
			return away
		})
	}
	return s.Store.Update(ctx, tenant, fn)
}

// TestAnImportGoesOnWhereItWas interrupts the work again and again, in dry runs and runs: each row is done once, and the results are the same.
func TestAnImportGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	calm := []string{}
	rows := [][]string{{"email", "extension", "location", "webex_calling"}}
	for n := range 250 {
		rows = append(rows, []string{fmt.Sprint("p", n), fmt.Sprint(1000 + n%200), "Shop", "TRUE"})
	}
	file := h.table(rows...)
	for _, dryRun := range []bool{true, false} {
		h.Promises.Hold()
		i, err := h.start(t, file, dryRun, "")
		require.NoError(t, err)
		broken := h.over(&shaky{Store: h.DB.Imports(), every: 7})
		worker := importWorker(t, broken)
		args := fmt.Sprintf(`{"partner":%q,"org":%q,"import":%q}`, i.Partner, i.Org, i.ID)
		failures := 0
		for worked := false; !worked; {
			err := worker.Do(t.Context(), []byte(args))
			if _, again := job.IsAgain(err); err != nil && !again {
				assert.True(t, fault.Is(err, fault.Unavailable), "%v", err)
				failures++
			}
			worked = err == nil
			require.Less(t, failures, 1000)
		}
		assert.Positive(t, failures)
		i, err = h.Import(t.Context(), h.Customer.Tenant(), i.ID)
		require.NoError(t, err)
		assert.Equal(t, imports.Completed, i.Status)
		assert.Equal(t, imports.Counts{Done: 250, Added: 200, Failed: 50, Warnings: 250}, i.Counts)
		results := h.results(t, i.ID)
		if dryRun {
			calm = results
		}
		assert.Equal(t, calm, results)
		require.NoError(t, h.Promises.Do(t.Context()), "the job that was promised finds nothing left")
	}
	assert.Len(t, h.kinds(t, customer.EventSubscriberCreated), 100, "a page of 200")
}

func TestAnImportThatCantGoOnSaysSo(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	h.Promises.Hold()
	i, err := h.start(t, h.table([]string{"email", "webex_meetings"}, []string{"ada", "TRUE"}), false, "")
	require.NoError(t, err)
	require.NoError(t, h.Promises.GiveUp(t.Context(), fault.New(fault.Unavailable, "away")))
	i, err = h.Import(t.Context(), h.Customer.Tenant(), i.ID)
	require.NoError(t, err)
	assert.Equal(t, imports.Failed, i.Status)
	assert.Contains(t, i.Error, "too many attempts")
	assert.False(t, i.Finished.IsZero())
	h.imported(t, h.table([]string{"email", "webex_meetings"}, []string{"ada", "TRUE"}), false, "")

	h.NewCustomer(t, "leaving", nil)
	h.Promises.Hold()
	i, err = h.start(t, h.table([]string{"email", "webex_meetings"}, []string{"ada", "TRUE"}), true, "")
	require.NoError(t, err)
	require.NoError(t, h.Store.Update(t.Context(), h.Customer.Tenant(), func(tx provisioning.Tx) error {
		return tx.DeleteCustomer(t.Context(), h.Customer.Partner, h.Customer.ID)
	}))
	require.NoError(t, h.Promises.Do(t.Context()))
	i, err = h.Import(t.Context(), h.Customer.Tenant(), i.ID)
	require.NoError(t, err)
	assert.Equal(t, imports.Failed, i.Status)
	assert.Contains(t, i.Error, "isn't there any more")
}

// importWorker is who does imports.
func importWorker(t *testing.T, s *imports.Service) job.Worker {
	t.Helper()
	for _, w := range s.Workers() {
		if w.Kind == "provisioning.import" {
			return w
		}
	}
	require.Fail(t, "nobody does imports")
	return job.Worker{}
}

// meddled lets something happen before one of its transactions.
type meddled struct {
	imports.Store
	at    int
	first func()
}

func (s *meddled) Update(ctx context.Context, tenant customer.Tenant, fn func(imports.Tx) error) error {
	if s.at--; s.at == 0 {
		s.first()
	}
	return s.Store.Update(ctx, tenant, fn)
}

// TestADeletedImportEndsWithTheRowAtHand deletes one under the hands of its worker, and lets two workers be at one.
func TestADeletedImportEndsWithTheRowAtHand(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	file := h.table([]string{"email", "webex_meetings"}, []string{"ada", "TRUE"}, []string{"bob", "TRUE"}, []string{"cy", "TRUE"}, []string{"dee", "TRUE"})
	begin := func(dryRun bool) (imports.Import, []byte) {
		h.Promises.Hold()
		i, err := h.start(t, file, dryRun, "")
		require.NoError(t, err)
		return i, fmt.Appendf(nil, `{"partner":%q,"org":%q,"import":%q}`, i.Partner, i.Org, i.ID)
	}
	for dryRun, want := range map[bool]int{true: 0, false: 2} {
		h.NewCustomer(t, fmt.Sprint("deleting-", dryRun), nil)
		file = h.table([]string{"email", "webex_meetings"}, []string{"ada", "TRUE"}, []string{"bob", "TRUE"}, []string{"cy", "TRUE"}, []string{"dee", "TRUE"})
		i, args := begin(dryRun)
		deleting := &meddled{Store: h.DB.Imports(), at: 3, first: func() {
			assert.NoError(t, h.Remove(t.Context(), h.Actor, h.Customer.Tenant(), i.ID))
		}}
		require.NoError(t, importWorker(t, h.over(deleting)).Do(t.Context(), args))
		assert.Len(t, h.people(t), want)
		require.NoError(t, h.Promises.Do(t.Context()))
	}
	h.NewCustomer(t, "twice", nil)
	file = h.table([]string{"email", "webex_meetings"}, []string{"ada", "TRUE"}, []string{"bob", "TRUE"}, []string{"cy", "TRUE"})
	i, args := begin(false)
	second := &meddled{Store: h.DB.Imports(), at: 2, first: func() { assert.NoError(t, importWorker(t, h.Service).Do(t.Context(), args)) }}
	require.NoError(t, importWorker(t, h.over(second)).Do(t.Context(), args))
	i, err := h.Import(t.Context(), h.Customer.Tenant(), i.ID)
	require.NoError(t, err)
	assert.Equal(t, imports.Counts{Done: 3, Added: 3, Warnings: 3}, i.Counts, "no row is done twice")
}
