package usage

import (
	"iter"
	"slices"

	"dialtone/fault"
)

// Tally adds up rows in any order. It holds one entry for each row of the result, and so suits reports by partner and by customer; Merge is for those by user. It
// isn't safe for concurrent use.
type Tally struct {
	reported Type
	sums     map[Row]Units
}

// NewTally makes an empty tally for a type of report.
func NewTally(t Type) *Tally { return &Tally{reported: t, sums: map[Row]Units{}} }

// Add adds a row of its type, or of one with more columns.
func (t *Tally) Add(r Row) {
	if r.Quantity != 0 {
		t.sums[r.For(t.reported).key()] += r.Quantity
	}
}

// Rows returns the sums in the order of a report, without those that came to nothing; never nil.
func (t *Tally) Rows() []Row {
	out := make([]Row, 0, len(t.sums))
	for r, units := range t.sums {
		if r.Quantity = units; units != 0 {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, Row.Compare)
	return out
}

// Merge adds up rows that come in the order of a report, holding one of them at a time, and gives each sum that isn't 0. It ends with the first error of rows, and
// with fault.Internal when a row comes after one that it should come before: a report must not have two rows about one thing.
func Merge(t Type, rows iter.Seq2[Row, error]) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		var sum Row
		begun := false
		for r, err := range rows {
			if err != nil {
				yield(Row{}, err)
				return
			}
			r = r.For(t)
			order := -1
			if begun {
				order = sum.Compare(r)
			}
			if order > 0 {
				yield(Row{}, fault.New(fault.Internal, "Rows of usage aren't in their order: %v comes after %v.", r.key(), sum.key()))
				return
			}
			if order == 0 {
				sum.Quantity += r.Quantity
				continue
			}
			if begun && sum.Quantity != 0 && !yield(sum, nil) {
				return
			}
			sum, begun = r, true
		}
		if begun && sum.Quantity != 0 {
			yield(sum, nil)
		}
	}
}

// Sum adds up the quantities of rows.
func Sum(rows []Row) Units {
	var sum Units
	for _, r := range rows {
		sum += r.Quantity
	}
	return sum
}
