package store

import (
	"context"
	"slices"

	"dialtone/billing"
	"dialtone/customer"
	"dialtone/usage"
)

// runKey is what a run of days says something of.
type runKey struct {
	OrgID      string `db:"org_id"`
	Package    string `db:"package"`
	LocationID string `db:"location_id"`
	LicenseID  string `db:"license_id"`
}

// runRow is the same usage on each of some days of one month.
type runRow struct {
	runKey
	FirstDay int64 `db:"first_day"`
	LastDay  int64 `db:"last_day"`
	Units    int64 `db:"units"` // of each day; of what is added up, of all of them
}

const runColumns = "org_id, package, location_id, license_id, first_day, last_day, units"

// runUnits is what a run comes to, of all its days: runs are of one month, and so is who asks for this.
const runUnits = "units * (last_day - first_day + 1)"

func (r runRow) noun() billing.DaySum {
	return billing.DaySum{
		Customer: customer.OrgID(r.OrgID), Package: customer.Package(r.Package), Location: customer.LocationID(r.LocationID), License: usage.LicenseID(r.LicenseID),
		Units: usage.Units(r.Units),
	}
}

// monthBegin returns the first day of a day's month: runs that have the day begin there or later.
func monthBegin(day usage.Day) usage.Day {
	_, _, ofMonth := day.Date()
	return day - usage.Day(ofMonth-1)
}

// runsWithin adds the condition that a run has one of the days from first to last.
func (w *where) runsWithin(first, last usage.Day) {
	w.add("first_day >= ? AND first_day <= ? AND last_day >= ?", int64(monthBegin(first)), int64(last), int64(first))
}

// runsOfTenant names the table, and the index that finds a customer's: SQLite has no figures, and would look through all of a partner's month.
func (r reader) runsOfTenant(tenant customer.Tenant) string {
	if tenant.Customer == "" {
		return "usage_runs"
	}
	return "usage_runs" + r.dialect.along("usage_runs_org")
}

// DaySums implements billing.Reader.
func (r reader) DaySums(ctx context.Context, tenant customer.Tenant, first, last usage.Day) ([]billing.DaySum, error) {
	w := ofTenant("", tenant)
	w.runsWithin(first, last)
	var rows []runRow
	err := r.all(ctx, &rows, "add up days", `SELECT org_id, package, location_id, license_id, CAST(sum(units * (CASE WHEN last_day < ? THEN last_day ELSE ? END
		- CASE WHEN first_day > ? THEN first_day ELSE ? END + 1)) AS BIGINT) AS units FROM `+r.runsOfTenant(tenant)+w.text()+
		" GROUP BY org_id, package, location_id, license_id ORDER BY org_id, package, location_id, license_id",
		append([]any{int64(last), int64(last), int64(first), int64(first)}, w.args...)...)
	return nouns(rows, runRow.noun), err
}

// SetDaySums implements billing.Tx.
func (t *tx) SetDaySums(ctx context.Context, tenant customer.Tenant, first, last usage.Day, sums []billing.DaySum) error {
	if err := t.cutRuns(ctx, tenant, first, last); err != nil {
		return err
	}
	runs, err := t.lengthen(ctx, tenant, first, runsOf(sums))
	if err != nil {
		return err
	}
	return t.insertRuns(ctx, tenant, runs)
}

func (t *tx) insertRuns(ctx context.Context, tenant customer.Tenant, runs []runRow) error {
	const columns = 8
	for part := range slices.Chunk(runs, maxRows) {
		args := make([]any, 0, len(part)*columns)
		for _, r := range part {
			args = append(args, string(tenant.Partner), r.OrgID, r.Package, r.LocationID, r.LicenseID, r.FirstDay, r.LastDay, r.Units)
		}
		if _, err := t.exec(ctx, "write sums", "INSERT INTO usage_runs (partner_id, "+runColumns+") VALUES "+tuples(len(part), columns), args...); err != nil {
			return err
		}
	}
	return nil
}

// cutRuns takes some days out of a customer's runs.
func (t *tx) cutRuns(ctx context.Context, tenant customer.Tenant, first, last usage.Day) error {
	w := ofTenant("", tenant)
	w.runsWithin(first, last)
	var rows []runRow
	if err := t.all(ctx, &rows, "read sums", "SELECT "+runColumns+" FROM "+t.runsOfTenant(tenant)+w.text(), w.args...); err != nil || len(rows) == 0 {
		return err
	}
	if _, err := t.exec(ctx, "forget sums", "DELETE FROM "+t.runsOfTenant(tenant)+w.text(), w.args...); err != nil {
		return err
	}
	var left []runRow
	for _, row := range rows {
		before, behind := row, row
		before.LastDay, behind.FirstDay = min(row.LastDay, int64(first)-1), max(row.FirstDay, int64(last)+1)
		for _, rest := range []runRow{before, behind} {
			if rest.FirstDay <= rest.LastDay {
				left = append(left, rest)
			}
		}
	}
	return t.insertRuns(ctx, tenant, left)
}

// lengthen adds runs that begin on a day to those that end on the day before and are like them, within a month. It returns the other ones.
func (t *tx) lengthen(ctx context.Context, tenant customer.Tenant, first usage.Day, runs []runRow) ([]runRow, error) {
	w := ofTenant("", tenant)
	w.add("first_day >= ? AND first_day < ? AND last_day = ?", int64(monthBegin(first)), int64(first), int64(first)-1)
	var ending []runRow
	if err := t.all(ctx, &ending, "read sums", "SELECT "+runColumns+" FROM "+t.runsOfTenant(tenant)+w.text(), w.args...); err != nil || len(ending) == 0 {
		return runs, err
	}
	known := make(map[runKey]runRow, len(ending))
	for _, row := range ending {
		known[row.runKey] = row
	}
	var others, longer []runRow
	for _, run := range runs {
		before, found := known[run.runKey]
		if !found || run.FirstDay != int64(first) || before.Units != run.Units {
			others = append(others, run)
			continue
		}
		before.LastDay = run.LastDay
		longer = append(longer, before)
	}
	return others, t.setEnds(ctx, tenant, w, longer, len(ending))
}

// setEnds gives runs their new last days. Mostly that is one statement, as a day is like the one before in all that a customer has.
func (t *tx) setEnds(ctx context.Context, tenant customer.Tenant, all where, longer []runRow, of int) error {
	update := "UPDATE " + t.runsOfTenant(tenant) + " SET last_day = ?"
	endsElsewhere := func(r runRow) bool { return r.LastDay != longer[0].LastDay }
	if len(longer) == of && !slices.ContainsFunc(longer, endsElsewhere) {
		_, err := t.exec(ctx, "lengthen sums", update+all.text(), append([]any{longer[0].LastDay}, all.args...)...)
		return err
	}
	for _, r := range longer {
		w := all
		w.conditions, w.args = slices.Clone(all.conditions), slices.Clone(all.args)
		w.add("first_day = ? AND org_id = ? AND package = ? AND location_id = ? AND license_id = ?", r.FirstDay, r.OrgID, r.Package, r.LocationID, r.LicenseID)
		if _, err := t.exec(ctx, "lengthen sums", update+w.text(), append([]any{r.LastDay}, w.args...)...); err != nil {
			return err
		}
	}
	return nil
}

// runsOf joins days after one another that are alike and in the same month.
func runsOf(sums []billing.DaySum) []runRow {
	var runs []runRow
	latest := map[runKey]int{} // the last run of each, as its place
	for _, s := range slices.SortedFunc(slices.Values(sums), func(a, b billing.DaySum) int { return int(a.Day - b.Day) }) {
		key := runKey{string(s.Customer), string(s.Package), string(s.Location), string(s.License)}
		day := int64(s.Day)
		at, known := latest[key]
		if known && runs[at].LastDay == day-1 && runs[at].Units == int64(s.Units) && monthBegin(s.Day) != s.Day {
			runs[at].LastDay = day
			continue
		}
		latest[key] = len(runs)
		runs = append(runs, runRow{runKey: key, FirstDay: day, LastDay: day, Units: int64(s.Units)})
	}
	return runs
}
