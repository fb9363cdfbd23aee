package usage

import (
	"cmp"
	"slices"
)

// Cause says why two accounts differ about something.
type Cause string

// The causes, in the order in which they are looked for.
const (
	QuantityDiffers Cause = "QUANTITY_DIFFERS" // both have it, and not as much of it
	Rounding        Cause = "ROUNDING"         // they differ by less than the last decimal that the other account is written with
	PackageDiffers  Cause = "PACKAGE_DIFFERS"  // the same usage, of another package
	LocationDiffers Cause = "LOCATION_DIFFERS" // the same usage, at another location
	LicenseDiffers  Cause = "LICENSE_DIFFERS"  // the same usage, with another licence
	PeriodDiffers   Cause = "PERIOD_DIFFERS"   // the same usage, of other days
	MissingThere    Cause = "MISSING_THERE"    // we have it and the other account doesn't
	MissingHere     Cause = "MISSING_HERE"     // the other account has it and we don't
)

// Causes returns every cause, in the order in which they are looked for.
func Causes() []Cause {
	return []Cause{QuantityDiffers, Rounding, PackageDiffers, LocationDiffers, LicenseDiffers, PeriodDiffers, MissingThere, MissingHere}
}

// Difference is something that two accounts don't agree about. The row of the account that hasn't it is zero.
type Difference struct {
	Cause        Cause
	Ours, Theirs Row
}

// By returns how much more theirs has than ours; the sum over all differences is that of the accounts.
func (d Difference) By() Units { return d.Theirs.Quantity - d.Ours.Quantity }

// Compare compares our rows, of a report by user or of one that has the statement's columns, with the statement. Both are summed by those of its columns that tell rows
// apart. Whatever differs is in one difference, ordered by what it is about; never nil. Nothing of the names of partners is compared.
func (s Statement) Compare(ours []Row) []Difference {
	return compare(ours, s.Rows, s.told(), s.tolerance())
}

// Restated compares a report with a later one of the same days, and says what a correction has changed: Ours is the earlier row and Theirs the present one, so
// that By is how much more there is now, MissingThere what is gone, and MissingHere what is new.
func Restated(earlier, now []Row) []Difference { return compare(earlier, now, Row.key, 0) }

// tolerance is how far a number may be from ours for the way in which it was written, rounded in whichever direction; one millionth at least.
func (s Statement) tolerance() Units {
	step := Units(1)
	for range decimals - min(s.Decimals, decimals) {
		step *= 10
	}
	return max(step-1, 1)
}

// told returns what keeps of a row what is compared: what both accounts say, without a second name for one thing.
func (s Statement) told() func(Row) Row {
	has := func(name string) bool { return slices.Contains(s.Columns, name) }
	dropped := []string{quantityColumn, "PARTNER_NAME", "PARTNER_ORG_ID"}
	if has("CUSTOMER_ORG_ID") {
		dropped = append(dropped, "CUSTOMER_EXTERNAL_ID")
	}
	if has("SUBSCRIBER_ID") {
		dropped = append(dropped, "USER_ID")
	}
	kept := slices.DeleteFunc(Columns(TypeUser), func(c Column) bool { return c.read == nil || !has(c.Name) || slices.Contains(dropped, c.Name) })
	return func(r Row) Row {
		var out Row
		for _, c := range kept {
			c.read(&out, c.text(&r))
		}
		return out
	}
}

// bucket is what an account says about one thing.
type bucket struct {
	row  Row
	rows Units // how many lines it is the sum of
}

// compare walks through both accounts, summed by what told keeps of a row.
func compare(ours, theirs []Row, told func(Row) Row, tolerance Units) []Difference {
	here, there := buckets(ours, told), buckets(theirs, told)
	out := []Difference{}
	var onlyHere, onlyThere []Row
	for key, our := range here {
		their, ok := there[key]
		switch by := max(their.row.Quantity-our.row.Quantity, our.row.Quantity-their.row.Quantity); {
		case !ok && by > 0:
			onlyHere = append(onlyHere, our.row)
		case by == 0:
		case by <= tolerance*their.rows:
			out = append(out, Difference{Rounding, our.row, their.row})
		default:
			out = append(out, Difference{QuantityDiffers, our.row, their.row})
		}
	}
	for key, their := range there {
		if _, ok := here[key]; !ok && their.row.Quantity != 0 {
			onlyThere = append(onlyThere, their.row)
		}
	}
	out = append(out, paired(onlyHere, onlyThere, tolerance)...)
	slices.SortFunc(out, compareDifferences)
	return out
}

func buckets(rows []Row, told func(Row) Row) map[Row]bucket {
	out := map[Row]bucket{}
	for _, r := range rows {
		key := told(r)
		b := out[key]
		sum := b.row.Quantity + r.Quantity
		b.row, b.rows = key, b.rows+1
		b.row.Quantity = sum
		out[key] = b
	}
	return out
}

// facet is something in which two rows about the same usage may differ.
type facet struct {
	cause   Cause
	without func(Row) Row // by value: it is called millions of times
}

func facets() []facet {
	return []facet{
		{PackageDiffers, func(r Row) Row { r.Service = ""; return r }},
		{LocationDiffers, func(r Row) Row { r.Location = ""; return r }},
		{LicenseDiffers, func(r Row) Row { r.License = ""; return r }},
		{PeriodDiffers, func(r Row) Row { r.First, r.Last = 0, 0; return r }},
	}
}

// paired finds among the rows that only one account has those that differ in one facet alone.
func paired(ours, theirs []Row, tolerance Units) []Difference {
	var out []Difference
	for _, f := range facets() {
		var found []Difference
		found, ours, theirs = f.pair(ours, theirs, tolerance)
		out = append(out, found...)
	}
	for _, r := range ours {
		out = append(out, Difference{Cause: MissingThere, Ours: r})
	}
	for _, r := range theirs {
		out = append(out, Difference{Cause: MissingHere, Theirs: r})
	}
	return out
}

// pair returns the pairs, and what is left of both accounts.
func (f facet) pair(ours, theirs []Row, tolerance Units) ([]Difference, []Row, []Row) {
	slices.SortFunc(ours, f.compare)
	slices.SortFunc(theirs, f.compare)
	var found []Difference
	var oursLeft, theirsLeft []Row
	for len(ours) > 0 && len(theirs) > 0 {
		about := f.about(ours[0])
		if about.Compare(f.about(theirs[0])) > 0 {
			about = f.about(theirs[0])
		}
		here, there := f.countOf(ours, about), f.countOf(theirs, about)
		pairs, a, b := f.match(ours[:here], theirs[:there], tolerance)
		if len(a) == 1 && len(b) == 1 && (about.Subscriber != "" || about.User != "" || about.Workspace != "") {
			pairs, a, b = append(pairs, Difference{f.cause, a[0], b[0]}), nil, nil // one's only usage is likely the same
		}
		found, oursLeft, theirsLeft = append(found, pairs...), append(oursLeft, a...), append(theirsLeft, b...)
		ours, theirs = ours[here:], theirs[there:]
	}
	return found, append(oursLeft, ours...), append(theirsLeft, theirs...)
}

// about is what a row is about but for the facet.
func (f facet) about(r Row) Row { return f.without(r).key() }

// compare puts rows about the same together, the smallest quantity first.
func (f facet) compare(a, b Row) int {
	return cmp.Or(f.about(a).Compare(f.about(b)), cmp.Compare(a.Quantity, b.Quantity), a.Compare(b))
}

// countOf returns how many of the first rows are about something.
func (f facet) countOf(rows []Row, about Row) int {
	n := slices.IndexFunc(rows, func(r Row) bool { return f.about(r) != about })
	if n < 0 {
		return len(rows)
	}
	return n
}

// match pairs rows that have the same quantity; the smallest come first.
func (f facet) match(ours, theirs []Row, tolerance Units) (pairs []Difference, oursLeft, theirsLeft []Row) {
	for len(ours) > 0 && len(theirs) > 0 {
		switch by := theirs[0].Quantity - ours[0].Quantity; {
		case by > tolerance:
			oursLeft, ours = append(oursLeft, ours[0]), ours[1:]
		case by < -tolerance:
			theirsLeft, theirs = append(theirsLeft, theirs[0]), theirs[1:]
		default:
			pairs = append(pairs, Difference{f.cause, ours[0], theirs[0]})
			ours, theirs = ours[1:], theirs[1:]
		}
	}
	return pairs, append(oursLeft, ours...), append(theirsLeft, theirs...)
}

func compareDifferences(a, b Difference) int {
	about := func(d Difference) Row {
		if d.Cause == MissingHere {
			return d.Theirs
		}
		return d.Ours
	}
	return cmp.Or(about(a).Compare(about(b)), cmp.Compare(a.Cause, b.Cause), a.Theirs.Compare(b.Theirs))
}
