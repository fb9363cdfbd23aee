package store_test

import (
	"crypto/rand"
	"database/sql"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/billing"
	"dialtone/customer"
	"dialtone/job"
	"dialtone/store"
	"dialtone/store/pgtest"
)

// usageSubscribers is how many subscribers BenchmarkUsage counts, unless DIALTONE_BENCH_SUBSCRIBERS says another number: the goals are for 1000000.
const usageSubscribers = 20_000

// usageSeed makes subscribers, a hundred to a customer, each with a package from a moment in April 2026 on.
const usageSeed = `INSERT INTO assignments (partner_id, org_id, subject_kind, subject_id, package, begun, person_id, location_id, license_id, from_at, until_at, ended)
	WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < COUNT)
	SELECT 'PARTNER', '0197a5e4-0000-7000-b000-' || (100000000000 + i / 100), 'PERSON', '0197a5e4-0000-7000-8000-' || (100000000000 + i),
		CASE i % 3 WHEN 0 THEN 'webex_meetings' ELSE 'webex_calling' END, i + 1, '0197a5e4-0000-7000-9000-' || (100000000000 + i),
		'0197a5e4-0000-7000-a000-' || (100000000000 + i / 100), '0197a5e4-0000-7000-b000-' || (100000000000 + i / 100) || ':WEBEX-CALLING',
		1775001600000000 + (i % 30) * 43200000000, 9223372036854775807, 0 FROM n`

// BenchmarkUsage measures how long it takes to close 31 days of many customers at once, and how long and with which memory the reports of each type over them.
func BenchmarkUsage(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { benchUsage(b, "sqlite", filepath.Join(b.TempDir(), "usage.db")) })
	b.Run("postgres", func(b *testing.B) { benchUsage(b, "pgx", pgtest.URL(b)) })
}

func benchUsage(b *testing.B, driver, url string) {
	b.Helper()
	db, err := store.Open(b.Context(), store.Config{URL: url})
	require.NoError(b, err)
	b.Cleanup(func() { assert.NoError(b, db.Close()) })
	now := func() time.Time { return time.Date(2026, 5, 2, 8, 0, 0, 0, time.UTC) }
	newID := func() string { return uuid.Must(uuid.NewV7()).String() }
	customers := customer.NewService(customer.Config{Store: db.Customers(), Now: now, Random: rand.Reader, NewID: newID, SIPDomain: "sip.example.test"})
	actor, _, err := customers.Bootstrap(b.Context(), "Example Telecom", "admin@example.com")
	require.NoError(b, err)
	seedUsage(b, driver, url, string(actor.Partner))
	ledger := billing.NewLedger(billing.LedgerConfig{Store: db.Billing(), Now: now})
	start := time.Now()
	require.NoError(b, ledger.CloseDays(b.Context()))
	b.Logf("closing: %s", time.Since(start))
	service := billing.NewService(billing.Config{Store: db.Billing(), Counter: ledger, Now: now, NewID: newID})
	for _, kind := range billing.Types() {
		b.Run(string(kind), func(b *testing.B) {
			peak := watchHeap(b)
			for b.Loop() {
				r, err := service.Create(b.Context(), actor, billing.NewReport{Start: "2026-04-01", End: "2026-05-01", Type: kind})
				require.NoError(b, err)
				err = ledger.Count(b.Context(), r)
				for err != nil {
					_, again := job.IsAgain(err)
					require.True(b, again, "%v", err)
					err = ledger.Count(b.Context(), r)
				}
			}
			b.ReportMetric(float64(peak())/(1<<20), "peak-MB")
		})
	}
}

// seedUsage fills the tables beside the store, as its own way takes a transaction for each.
func seedUsage(b *testing.B, driver, url, partner string) {
	b.Helper()
	count := strconv.Itoa(usageSubscribers)
	if text := os.Getenv("DIALTONE_BENCH_SUBSCRIBERS"); text != "" {
		count = text
	}
	direct, err := sql.Open(driver, url)
	require.NoError(b, err)
	defer func() { assert.NoError(b, direct.Close()) }()
	for _, statement := range []string{
		strings.NewReplacer("COUNT", count, "PARTNER", partner).Replace(usageSeed),
		`INSERT INTO usage_customers (partner_id, org_id, subscription_id, through, through_at, stale) SELECT DISTINCT partner_id, org_id, 'Sub-1', 0, 0, 0 FROM assignments`,
		`INSERT INTO usage_facts (partner_id, org_id, since_at, event, customer_id, external_id, subscription_id, billing_day)
			SELECT DISTINCT partner_id, org_id, 0, 0, org_id, org_id, 'Sub-1', 0 FROM assignments`,
		"ANALYZE",
	} {
		_, err := direct.ExecContext(b.Context(), statement)
		require.NoError(b, err)
	}
}

// watchHeap returns how much memory was in use at most, looking every few milliseconds.
func watchHeap(b *testing.B) func() uint64 {
	b.Helper()
	var peak atomic.Uint64
	ended, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		ticks := time.NewTicker(20 * time.Millisecond)
		defer ticks.Stop()
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			peak.Store(max(peak.Load(), m.HeapInuse+m.StackInuse))
			select {
			case <-ended:
				return
			case <-ticks.C:
			}
		}
	}()
	return func() uint64 { close(ended); <-done; return peak.Load() }
}
