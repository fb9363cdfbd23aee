package storetest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"dialtone/billing"
	"dialtone/customer"
	"dialtone/usage"
)

// keptDays is what was kept of a customer's days, a sum for each day and thing.
type keptDays map[billing.DaySum]usage.Units

// sums adds up the days from first to last.
func (k keptDays) sums(first, last usage.Day) []billing.DaySum {
	total := map[billing.DaySum]usage.Units{}
	for about, units := range k {
		if about.Day >= first && about.Day <= last {
			about.Day = 0
			total[about] += units
		}
	}
	out := []billing.DaySum{}
	for about, units := range total {
		about.Units = units
		out = append(out, about)
	}
	slices.SortFunc(out, func(a, b billing.DaySum) int {
		return cmp.Or(cmp.Compare(a.Package, b.Package), cmp.Compare(a.Location, b.Location))
	})
	return out
}

// daysAreKept closes and restates days of some months at random, most of them like those before, and compares the sums of any days with a plain list.
func daysAreKept(t *testing.T, f *fixture) {
	ctx, tenant, dice := t.Context(), tenantOf(f.one), rand.New(rand.NewPCG(7, 7))
	day, _ := usage.ParseDay("2028-02-20")
	kept, through := keptDays{}, day-1
	for range 60 {
		first, last := through+1, through+1+usage.Day(dice.IntN(4))
		if dice.IntN(4) == 0 { // a restatement of the last days, or of some in the midst
			first = max(day, through-usage.Day(dice.IntN(40)))
			last = min(through, first+usage.Day(dice.IntN(50)))
		}
		var sums []billing.DaySum
		for d := first; d <= last; d++ {
			for about := range kept {
				if about.Day == d {
					delete(kept, about)
				}
			}
			for thing := range 4 {
				about := billing.DaySum{Day: d, Customer: f.one.Org, Package: customer.WebexCalling, Location: customer.LocationID(fmt.Sprint("l", thing)), License: "x"}
				units := usage.One
				switch dice.IntN(12) {
				case 0:
					units = usage.Units(dice.IntN(3) + 1)
				case 1:
					continue
				}
				kept[about] = units
				about.Units = units
				sums = append(sums, about)
			}
		}
		require.NoError(t, f.b.Update(ctx, tenant, func(tx billing.Tx) error { return tx.SetDaySums(ctx, tenant, first, last, sums) }))
		through = max(through, last)
		same(t, kept.sums(first, last))(f.b.DaySums(ctx, tenant, first, last))
		from := day + usage.Day(dice.IntN(int(through-day)+1))
		until := from + usage.Day(dice.IntN(40))
		same(t, kept.sums(from, until))(f.b.DaySums(ctx, customer.Tenant{Partner: f.one.Partner}, from, until))
	}
	same(t, []billing.DaySum{})(f.b.DaySums(ctx, tenantOf(f.sibling), day, through))
}
