package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// crowdUsage makes copies of a customer's one assignment, which began with yesterday. Their ids are such that a file of them isn't packed into nothing.
const crowdUsage = `INSERT INTO assignments (partner_id, org_id, subject_kind, subject_id, package, begun, person_id, location_id, license_id, from_at, until_at, ended)
	WITH RECURSIVE n (i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < COUNT)
	SELECT a.partner_id, a.org_id, a.subject_kind, '0197a5e4-0000-7000-8000-' || (100000000000 + (i * 48271 % 2147483647) * 397), a.package, a.begun,
		'0197a5e4-0000-7000-9000-' || (100000000000 + (i * 69621 % 2147483647) * 389), a.location_id, a.license_id, FROM_AT, 9223372036854775807, 0
	FROM assignments a CROSS JOIN n WHERE a.package = 'webex_calling'`

// direct opens the story's database beside the server.
func direct(ts *testscript.TestScript) *sql.DB {
	driver, url := "sqlite", "file:"+filepath.Join(ts.Getenv("DATA"), "dialtone.db")+"?_pragma=busy_timeout(10000)"
	if s := storyOf(ts); s.database != "" {
		driver, url = "pgx", s.database
	}
	db, err := sql.Open(driver, url)
	ts.Check(err)
	return db
}

// crowd-usage COUNT: makes so many copies of the one subscriber that there is, in the table of assignments alone, who hold the package since the beginning of yesterday.
func crowdUsageCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: crowd-usage COUNT")
	}
	db := direct(ts)
	defer db.Close()
	from := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -1).UnixMicro()
	_, err := db.ExecContext(context.Background(), strings.NewReplacer("COUNT", args[0], "FROM_AT", strconv.FormatInt(from, 10)).Replace(crowdUsage))
	ts.Check(err)
}

// counted-pieces COUNT: waits until so many pieces are written of the file of the one report in progress.
func countedPieces(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: counted-pieces COUNT")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	db := direct(ts)
	defer db.Close()
	questions := time.NewTicker(2 * time.Millisecond)
	defer questions.Stop()
	for {
		var pieces, waiting int
		row := db.QueryRowContext(context.Background(), "SELECT count(c.number), count(r.id) FROM billing_reports r LEFT JOIN billing_report_chunks c ON c.report_id = r.id WHERE r.status = 'IN_PROGRESS'")
		ts.Check(row.Scan(&pieces, &waiting))
		if waiting == 0 {
			ts.Fatalf("no report is waited for any more")
		}
		if pieces >= want {
			ts.Logf("%d pieces are written", pieces)
			return
		}
		<-questions.C
	}
}

// report-file ROWS URL: downloads a file without a token, and checks its rows, their sum, and its checksum.
func reportFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: report-file ROWS URL")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, args[1], nil)
	ts.Check(err)
	response, err := http.DefaultClient.Do(request)
	ts.Check(err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	ts.Check(err)
	if response.StatusCode != http.StatusOK {
		ts.Fatalf("%s: %s", response.Status, content)
	}
	if got, want := response.Header.Get("ETag"), fmt.Sprintf(`"%x"`, sha256.Sum256(content)); got != want {
		ts.Fatalf("the checksum is %s, and that of the content %s", got, want)
	}
	if got := strconv.Itoa(bytes.Count(content, []byte(",1,0197a5e4-0000-7000-8000-"))); got != args[0] {
		ts.Fatalf("%s subscribers have a whole day, and not %s", got, args[0])
	}
	if got := strconv.Itoa(bytes.Count(content, []byte("\r\n")) - 1); got != args[0] {
		ts.Fatalf("there are %s rows, and not %s", got, args[0])
	}
}
