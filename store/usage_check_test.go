package store_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/billing"
	"dialtone/customer"
	"dialtone/store/pgtest"
)

// TestWhatDiffersFromTheLogIsToldAndMended changes the tables behind the store's back.
func TestWhatDiffersFromTheLogIsToldAndMended(t *testing.T) {
	t.Parallel()
	for driver, url := range map[string]func(t *testing.T) string{
		"sqlite": func(t *testing.T) string { t.Helper(); return filepath.Join(t.TempDir(), "books.db") },
		"pgx":    func(t *testing.T) string { t.Helper(); pgtest.Require(t); return pgtest.URL(t) },
	} {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			at := url(t)
			b := openBooks(t, at)
			b.at(t, "05-02 12:00")
			_, err := b.People.AddSubscriber(t.Context(), b.Actor, customer.NewSubscriber{Customer: b.Customer.ID, Email: "o@bakery.example", Packages: []customer.Package{customer.WebexMeetings}})
			require.NoError(t, err)
			b.at(t, "05-10 00:00")
			whole := func() []string { return b.report(t, billing.TypePartner, "2026-05-01", "2026-05-09", nil) }
			require.Equal(t, []string{"Sub-1 WEBEX_MEETINGS 7.5"}, whole())
			check := func(mend bool) []string {
				lines := []string{}
				require.NoError(t, b.ledger.Check(t.Context(), mend, func(line string) error { lines = append(lines, line); return nil }))
				return lines
			}
			assert.Empty(t, check(false))
			direct, err := sql.Open(driver, at)
			require.NoError(t, err)
			for _, statement := range []string{
				"UPDATE assignments SET from_at = from_at - 86400000000", "UPDATE usage_facts SET external_id = 'x'", "UPDATE usage_runs SET units = units + 1000000",
			} {
				_, err = direct.ExecContext(t.Context(), statement)
				require.NoError(t, err)
			}
			require.NoError(t, direct.Close())
			broken := check(false)
			require.Len(t, broken, 4)
			of := "partner " + string(b.Actor.Partner) + ", customer " + string(b.Customer.Org) + ": "
			assert.Contains(t, broken[0], of+"assignment that the log doesn't have: {")
			assert.Contains(t, broken[1], of+"assignment that isn't kept: {")
			assert.Contains(t, broken[2], of+"fact that the log doesn't have: {")
			assert.Contains(t, broken[3], of+"fact that isn't kept: {")
			assert.Equal(t, broken, check(true))
			assert.Empty(t, check(false))
			require.NoError(t, b.ledger.CloseDays(t.Context()))
			assert.Equal(t, []string{"Sub-1 WEBEX_MEETINGS 7.5"}, whole(), "closed days are restated")
		})
	}
}
