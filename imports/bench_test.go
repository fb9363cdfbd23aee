package imports_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"dialtone/imports"
	"dialtone/store/pgtest"
)

func BenchmarkImport(b *testing.B) {
	b.Run("SQLite", func(b *testing.B) { benchmarkImport(b, openHall(b)) })
	b.Run("PostgreSQL", func(b *testing.B) { benchmarkImport(b, newHall(b, pgtest.URL(b))) })
}

// benchmarkImport measures rows a second: what a dry run finds out, what a run adds, and what the same file again leaves unchanged.
func benchmarkImport(b *testing.B, h *hall) {
	b.Helper()
	const rows = 2000
	h.Clock = time.Now
	took := map[string]time.Duration{}
	for b.Loop() {
		h.NewCustomer(b, fmt.Sprint("c", h.Halls+1), nil)
		table := [][]string{{"email", "first_name", "extension", "location", "webex_calling", "meeting_site"}}
		for n := range rows {
			table = append(table, []string{fmt.Sprint("p", n), "Ada", fmt.Sprint(10000 + n), "Shop", "TRUE", "x"})
		}
		file := h.table(table...)
		for _, kind := range []string{"rehearsed", "added", "unchanged"} {
			began := time.Now()
			i, err := h.Start(b.Context(), h.Actor, h.Customer.Tenant(), imports.NewImport{
				DryRun: kind == "rehearsed", File: strings.NewReader(file), ReadID: func(string) (string, bool) { return "", false },
			})
			require.NoError(b, err)
			took[kind] += time.Since(began)
			i, err = h.Import(b.Context(), h.Customer.Tenant(), i.ID)
			require.NoError(b, err)
			require.Equal(b, imports.Completed, i.Status)
		}
	}
	for kind, d := range took {
		b.ReportMetric(float64(b.N*rows)/d.Seconds(), kind+"_rows/s")
	}
}
