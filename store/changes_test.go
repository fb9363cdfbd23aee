package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/store"
	"dialtone/store/pgtest"
	"dialtone/store/storetest"
)

// recordChange records an event about a device, and waits inside of the transaction if it is told to.
func recordChange(ctx context.Context, s *store.Store, org customer.OrgID, device string, wait func()) error {
	tenant := customer.Tenant{Partner: "p", Customer: org}
	return s.Customers().Update(ctx, tenant, func(tx customer.Tx) error {
		err := tx.Record(ctx, customer.Event{Time: time.Unix(1, 0), Tenant: tenant, Kind: customer.EventDeviceRevised, Subject: device, Device: device})
		wait()
		return err
	})
}

func atOnce() {}

// readChanges returns the devices of the changes behind a place, and the place behind them.
func readChanges(t *testing.T, s *store.Store, after customer.EventCursor) ([]string, customer.EventCursor) {
	t.Helper()
	list, err := s.Customers().Changes(t.Context(), customer.Tenant{Partner: "p"}, after, 100)
	require.NoError(t, err)
	devices := []string{}
	for _, c := range list {
		devices, after = append(devices, c.Device), c.Place
	}
	return devices, after
}

// TestAChangeThatCommitsLateIsntPassedOver holds a transaction open whose event has the lowest id, while others commit: on PostgreSQL writers of several
// customers can. On SQLite they take turns.
func TestAChangeThatCommitsLateIsntPassedOver(t *testing.T) {
	t.Parallel()
	pgtest.Require(t)
	s := openPostgres(t)
	recorded, release, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- recordChange(t.Context(), s, "slow", "early", func() { close(recorded); <-release })
	}()
	<-recorded
	for _, device := range []string{"late 1", "late 2"} {
		require.NoError(t, recordChange(t.Context(), s, "quick", device, atOnce))
	}
	seen, after := readChanges(t, s, customer.EventCursor{})
	assert.Empty(t, seen, "an earlier one isn't there yet")
	now, err := s.Customers().LatestChange(t.Context(), customer.Tenant{Partner: "p"})
	require.NoError(t, err)
	close(release)
	require.NoError(t, <-done)
	for _, place := range []customer.EventCursor{after, now} {
		assert.Equal(t, []string{"early", "late 1", "late 2"}, everyChange(t, s, place, 3))
	}
}

// everyChange waits until so many changes are shown, page by page.
func everyChange(t *testing.T, s *store.Store, after customer.EventCursor, want int) []string {
	t.Helper()
	all := []string{}
	deadline, looks := time.Now().Add(30*time.Second), time.NewTicker(time.Millisecond)
	defer looks.Stop()
	for len(all) < want && time.Now().Before(deadline) {
		var page []string
		page, after = readChanges(t, s, after)
		all = append(all, page...)
		<-looks.C
	}
	return all
}

// TestChangesRiseOnAfterADumpWasRestored makes the transaction ids of the events higher than the server's, as they are after a restore on a new server.
func TestChangesRiseOnAfterADumpWasRestored(t *testing.T) {
	t.Parallel()
	pgtest.Require(t)
	url := pgtest.URL(t)
	s := open(t, url)
	require.NoError(t, recordChange(t.Context(), s, "org", "before 1", atOnce))
	require.NoError(t, recordChange(t.Context(), s, "org", "before 2", atOnce))
	db, err := sqlx.Open("pgx", url)
	require.NoError(t, err)
	defer func() { assert.NoError(t, db.Close()) }()
	_, err = db.ExecContext(t.Context(), "UPDATE events SET xact = xact + 1000000000")
	require.NoError(t, err)
	seen, _ := readChanges(t, s, customer.EventCursor{})
	assert.Empty(t, seen, "they seem to be in the future")

	restored := open(t, url)
	assert.Equal(t, []string{"before 1", "before 2"}, everyChange(t, restored, customer.EventCursor{}, 2))
	require.NoError(t, recordChange(t.Context(), restored, "org", "after", atOnce))
	assert.Equal(t, []string{"before 1", "before 2", "after"}, everyChange(t, restored, customer.EventCursor{}, 3))
	open(t, url)
	var shift int64
	require.NoError(t, db.GetContext(t.Context(), &shift, "SELECT shift FROM event_clock"))
	assert.Greater(t, shift, int64(900_000_000))
	assert.LessOrEqual(t, shift, int64(1_000_000_000), "once is enough")
}

func TestCustomersOfTwoPartnersComeAtOnce(t *testing.T) {
	t.Parallel()
	pgtest.Require(t)
	storetest.CustomersComeAtOnce(t, openPostgres(t))
}
