package bench_test

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"dialtone/store/pgtest"
	"dialtone/usage"
)

// The subscribers of BenchmarkBilling, unless DIALTONE_BENCH_SUBSCRIBERS says another number: the goals are for 1000000.
const (
	billedSubscribers = 20_000
	billedDays        = 31
)

// billingSeed fills the table of assignments as SQL that both databases take: 200 subscribers to a customer, ten locations, five packages, one in twenty a workspace,
// one in 25 with an add-on. Of 100 subscribers one gets another package within the days, one moves and one leaves. FIRST is when the days begin, in microseconds.
const billingSeed = `INSERT INTO assignments (partner_id, org_id, subject_kind, subject_id, package, begun, person_id, location_id, license_id, from_at, until_at, ended)
	WITH RECURSIVE n (i) AS (SELECT CAST(0 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < COUNT),
	who AS (SELECT i, i / 200 AS c, i % 10 AS place, i % 20 AS kind, i % 100 AS fate, FIRST + (i * 7919 % 31) * 86400000000 + (i * 104729 % 86399) * 1000000 AS at FROM n),
	held AS (
		SELECT i, c, place, fate, at, kind, CASE WHEN kind < 9 THEN 'webex_calling' WHEN kind < 13 THEN 'webex_suite' WHEN kind < 16 THEN 'webex_meetings'
			WHEN kind < 19 THEN 'webex_voice' ELSE 'common_area_calling' END AS package FROM who),
	pieces AS (
		SELECT i, c, place, kind, package, i * 2 + 1 AS begun, FIRST AS from_at, CASE WHEN fate < 3 THEN at ELSE 9223372036854775807 END AS until_at,
			CASE WHEN fate < 3 THEN i * 2 + 2 ELSE 0 END AS ended FROM held
		UNION ALL SELECT i, c, place, kind, 'cx_essentials', i * 2 + 2, at, 9223372036854775807, 0 FROM held WHERE fate = 0
		UNION ALL SELECT i, c, (place + 1) % 10, kind, package, i * 2 + 2, at, 9223372036854775807, 0 FROM held WHERE fate = 1
		UNION ALL SELECT i, c, place, kind, 'attendant_console', i * 2 + 1, FIRST, 9223372036854775807, 0 FROM held WHERE i % 25 = 5 AND kind < 19)
	SELECT 'PARTNER', '0197a5e4-0000-7000-b000-' || (100000000000 + c), CASE WHEN kind = 19 THEN 'WORKSPACE' ELSE 'PERSON' END,
		'0197a5e4-0000-7000-8000-' || (100000000000 + i), package, begun, CASE WHEN kind = 19 THEN '' ELSE '0197a5e4-0000-7000-9000-' || (100000000000 + i) END,
		'0197a5e4-0000-7000-a000-' || (100000000000 + c * 10 + place),
		'0197a5e4-0000-7000-b000-' || (100000000000 + c) || ':' || upper(package) || '_0197a5e4-0000-5000-a000-' || (100000000000 + c), from_at, until_at, ended
	FROM pieces`

// BenchmarkBilling has a server close 31 days of many customers at once, which is a month that it was away, and then make the reports of each type. Their time is from the
// order to the answer that says COMPLETED; the memory is the most that was resident in the server's process, which is started anew for each type.
func BenchmarkBilling(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { benchBilling(b, "sqlite", "") })
	b.Run("postgres", func(b *testing.B) { benchBilling(b, "pgx", pgtest.URL(b)) })
}

func benchBilling(b *testing.B, driver, database string) {
	b.Helper()
	s, err := start(database)
	if s != nil {
		defer s.stop()
	}
	if err != nil {
		b.Fatal(err)
	}
	s.hangUp()
	if database == "" {
		database = filepath.Join(s.dir, "data", "dialtone.db")
	}
	direct, err := sql.Open(driver, database)
	if err != nil {
		b.Fatal(err)
	}
	defer direct.Close()
	seedBilling(b, direct)
	if err := s.run(); err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	yesterday := usage.DayOf(time.Now().UTC()) - 1
	awaitClosed(b, direct, yesterday)
	b.Logf("%d days were closed in %s with %.0f MiB", billedDays, time.Since(began).Round(time.Millisecond), s.peakMemory())
	for _, kind := range usage.Types() {
		b.Run(string(kind), func(b *testing.B) {
			s.restart(b)
			for b.Loop() {
				s.report(b, kind, yesterday-billedDays+1, yesterday)
			}
			b.ReportMetric(s.peakMemory(), "peak-MiB")
		})
	}
}

// seedBilling writes beside the store, whose own way takes a transaction for each.
func seedBilling(b *testing.B, direct *sql.DB) {
	b.Helper()
	count := strconv.Itoa(billedSubscribers)
	if text := os.Getenv("DIALTONE_BENCH_SUBSCRIBERS"); text != "" {
		count = text
	}
	var partner string
	if err := direct.QueryRowContext(b.Context(), "SELECT id FROM partners").Scan(&partner); err != nil {
		b.Fatal(err)
	}
	first := usage.Zone{}.Begin(usage.DayOf(time.Now().UTC()) - billedDays).UnixMicro()
	for _, statement := range []string{
		strings.NewReplacer("COUNT", count, "PARTNER", partner, "FIRST", strconv.FormatInt(first, 10)).Replace(billingSeed),
		`INSERT INTO usage_customers (partner_id, org_id, subscription_id, through, through_at, stale)
			SELECT DISTINCT partner_id, org_id, 'Sub-1', 0, 0, 0 FROM assignments`,
		`INSERT INTO usage_facts (partner_id, org_id, since_at, event, customer_id, external_id, subscription_id, billing_day)
			SELECT partner_id, org_id, 0, 0, org_id, org_id, 'Sub-1', 0 FROM usage_customers`,
		"ANALYZE",
	} {
		if _, err := direct.ExecContext(b.Context(), statement); err != nil {
			b.Fatal(err)
		}
	}
}

// awaitClosed waits until every customer's days are closed.
func awaitClosed(b *testing.B, direct *sql.DB, through usage.Day) {
	b.Helper()
	questions := time.NewTicker(200 * time.Millisecond)
	defer questions.Stop()
	for open := 1; open > 0; <-questions.C {
		err := direct.QueryRowContext(b.Context(), fmt.Sprintf("SELECT count(*) FROM usage_customers WHERE through < %d", through)).Scan(&open)
		if err != nil {
			b.Fatal(err)
		}
	}
}

// report orders a report, waits until it is completed, reads its file beside the clock, and deletes it.
func (s *server) report(b *testing.B, kind usage.Type, first, last usage.Day) {
	b.Helper()
	var r struct{ ID, Status, TempDownloadURL string }
	const path = "/v1/wholesale/billing/reports"
	if err := s.call("POST", path, fmt.Sprintf(`{"type":%q,"billingStartDate":%q,"billingEndDate":%q}`, kind, first, last), &r); err != nil {
		b.Fatal(err)
	}
	questions := time.NewTicker(10 * time.Millisecond)
	defer questions.Stop()
	for r.Status != "COMPLETED" {
		if err := s.call("GET", path+"/"+r.ID, "", &r); err != nil || r.Status == "FAILED" {
			b.Fatal(r.Status, err)
		}
		<-questions.C
	}
	b.StopTimer()
	defer b.StartTimer()
	began := time.Now()
	rows, size := s.download(b, r.TempDownloadURL)
	b.ReportMetric(time.Since(began).Seconds(), "download-s")
	b.ReportMetric(float64(rows), "rows")
	b.ReportMetric(float64(size)/(1<<20), "file-MiB")
	if err := s.call("DELETE", path+"/"+r.ID, "", nil); err != nil {
		b.Fatal(err)
	}
}

// download reads a report's file, and returns how many rows and bytes it has.
func (s *server) download(b *testing.B, url string) (rows, size int) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), 5*time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		b.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	for rows = -1; lines.Scan(); rows++ { // without the line of names
		size += len(lines.Bytes()) + len("\r\n")
	}
	if lines.Err() != nil || response.StatusCode != http.StatusOK {
		b.Fatal(response.Status, lines.Err())
	}
	return rows, size
}
