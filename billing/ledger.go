package billing

import (
	"cmp"
	"context"
	"iter"
	"log/slog"
	"slices"
	"time"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/job"
	"dialtone/usage"
)

// LedgerConfig is what a Ledger needs. Every field but Logger must be set.
type LedgerConfig struct {
	Store  Store
	Now    func() time.Time
	Logger *slog.Logger // nil: nothing is logged
}

// Ledger counts usage: it closes the days that are over, and counts what reports are about. It is safe for concurrent use.
type Ledger struct {
	store  Store
	now    func() time.Time
	logger *slog.Logger
}

// NewLedger returns a ledger.
func NewLedger(c LedgerConfig) *Ledger {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return &Ledger{store: c.Store, now: c.Now, logger: c.Logger}
}

// The pace of counting: a call does so much before it asks for another one, well below job.Timeout.
const (
	countTime  = 5 * time.Second
	countBatch = 5000 // assignments that are read at a time
	waitClosed = 5 * time.Minute
)

// count is a report that is being counted.
type count struct {
	*Ledger
	report    Report
	partner   customer.Partner // that it is about
	known     usage.PartnerHistory
	standings map[customer.OrgID]Standing
	accounts  map[customer.OrgID]usage.Account // as they were when the last day ended
	spans     map[string]usage.Span            // by time zone
	progress  Progress
}

// Count implements Counter. It goes on where an earlier call ended, also in another process. A day that isn't over yet in some customer's time zone is waited for.
func (l *Ledger) Count(ctx context.Context, r Report) error {
	progress, err := l.store.Progress(ctx, r.Partner, r.ID)
	if err != nil || progress.Done {
		return unlessGone(err)
	}
	c := &count{Ledger: l, report: r, standings: map[customer.OrgID]Standing{}, accounts: map[customer.OrgID]usage.Account{}, spans: map[string]usage.Span{}, progress: progress}
	if err := c.readPartner(ctx, cmp.Or(r.SubPartner, r.Partner)); err != nil {
		return err
	}
	if err := c.readStandings(ctx); err != nil {
		return err
	}
	if c.progress.Known == 0 {
		if c.progress.Known, err = l.store.LastEvent(ctx, customer.Tenant{Partner: c.partner.ID}); err != nil {
			return err
		}
	}
	if r.Type == TypeUser {
		err = c.users(ctx)
	} else {
		err = c.sums(ctx)
	}
	return unlessGone(err)
}

// readPartner reads what was known of the partner when the last day ended in UTC, as its customers' zones may be several.
func (c *count) readPartner(ctx context.Context, id customer.OrgID) error {
	_, last := c.days()
	var err error
	c.partner, c.known, err = partnerAt(ctx, c.store, id, last)
	return err
}

// partnerAt returns a partner as it was known when a day ended in UTC, and what was known of it, and when.
func partnerAt(ctx context.Context, r Reader, id customer.OrgID, last usage.Day) (customer.Partner, usage.PartnerHistory, error) {
	partner, err := r.Partner(ctx, id)
	if err != nil {
		return partner, nil, err
	}
	known, err := r.PartnerHistory(ctx, id)
	if facts := known.At((usage.Zone{}).Begin(last + 1).Add(-time.Microsecond)); facts.Name != "" {
		partner.Name = facts.Name
	}
	return partner, known, err
}

// readStandings reads who is counted, and closes what is over and isn't closed.
func (c *count) readStandings(ctx context.Context) error {
	last, until := dayOf(c.report.End), c.now().Add(countTime)
	var after customer.OrgID
	for {
		list, err := c.store.Standings(ctx, customer.Tenant{Partner: c.partner.ID}, after, closeBatch)
		if err != nil {
			return err
		}
		for _, s := range list {
			if s.Through < last || !s.Stale.IsZero() {
				if s, err = c.closed(ctx, s, until); err != nil {
					return err
				}
			}
			if s.Through != 0 && s.Through < last {
				return job.Again(waitClosed)
			}
			c.standings[s.Customer], c.accounts[s.Customer], after = s, c.account(s), s.Customer
		}
		if len(list) < closeBatch {
			return nil
		}
	}
}

// closed closes a customer's days that are over, and returns it as it is then; job.Again when that takes longer than a call may.
func (c *count) closed(ctx context.Context, s Standing, until time.Time) (Standing, error) {
	for more := true; more; {
		var err error
		if more, err = c.closeStep(ctx, s.Tenant()); err != nil {
			return s, err
		}
		if more && !c.now().Before(until) {
			return s, job.Again(0)
		}
	}
	list, err := c.store.Standings(ctx, s.Tenant(), "", 1)
	if err != nil || len(list) == 0 {
		return s, err
	}
	return list[0], nil
}

// days are the first and the last day that are counted: of a report about a point in time the last alone.
func (c *count) days() (first, last usage.Day) {
	first, last = dayOf(c.report.Start), dayOf(c.report.End)
	if c.report.Category == PointInTime {
		first = last
	}
	return first, last
}

func dayOf(d Date) usage.Day {
	day, _ := usage.ParseDay(d.String())
	return day
}

func (c *count) span(zone usage.Zone) usage.Span {
	span, known := c.spans[zone.String()]
	if !known {
		first, last := c.days()
		span = usage.NewSpan(zone, first, last)
		c.spans[zone.String()] = span
	}
	return span
}

func (c *count) account(s Standing) usage.Account {
	_, last := c.days()
	return s.account(c.partner, last)
}

// sums makes a report by partner or by customer out of closed days: customer by customer where it can, so that not all of its rows are held at once.
func (c *count) sums(ctx context.Context) error {
	first, last := c.days()
	list, err := c.summed(ctx, first, last)
	if err != nil {
		return err
	}
	f, orders := c.newPiece(), usage.NewTally(usage.Type(c.report.Type))
	for len(list) > 0 {
		together := c.together(list)
		if err := c.addUp(f, list[:together], orders); err != nil {
			return err
		}
		list = list[together:]
	}
	for _, row := range orders.Rows() {
		if err := f.write(row); err != nil {
			return err
		}
	}
	c.progress.Done = true
	return c.keep(ctx, f)
}

// together returns how many of the first sums may come to the same row, or to rows between which others belong.
func (c *count) together(list []DaySum) int {
	if c.report.Type == TypePartner {
		return len(list)
	}
	other := slices.IndexFunc(list, func(s DaySum) bool { return s.Customer != list[0].Customer })
	if other < 0 {
		return len(list)
	}
	return other
}

// addUp writes the rows that sums come to. What was ordered once is kept for the end.
func (c *count) addUp(f *piece, list []DaySum, orders *usage.Tally) error {
	first, last := c.days()
	tally := usage.NewTally(usage.Type(c.report.Type))
	for _, sum := range list {
		row := usage.Row{
			Account: c.accounts[sum.Customer], Service: usage.ServiceOf(sum.Package), First: first, Last: last, Quantity: sum.Units,
			Location: sum.Location, License: sum.License,
		}
		if row.Service.Ordered() {
			orders.Add(row)
		} else {
			tally.Add(row)
		}
	}
	for _, row := range tally.Rows() {
		if err := f.write(row); err != nil {
			return err
		}
	}
	return nil
}

// summed reads what is added up: closed days or, at a point in time, what was held then, each customer at the end of the day in its own zone.
func (c *count) summed(ctx context.Context, first, last usage.Day) ([]DaySum, error) {
	tenant := customer.Tenant{Partner: c.partner.ID}
	if c.report.Category != PointInTime {
		return c.store.DaySums(ctx, tenant, first, last)
	}
	zones := map[string]usage.Zone{}
	for _, s := range c.standings {
		zones[s.Zone.String()] = s.Zone
	}
	var all []DaySum
	for _, zone := range zones {
		held, err := c.store.HeldAt(ctx, tenant, zone, c.instant(zone))
		if err != nil {
			return nil, err
		}
		all = append(all, held...)
	}
	slices.SortFunc(all, compareSums)
	return all, nil
}

// instant is the last one of the last day in a zone, as precise as databases are.
func (c *count) instant(zone usage.Zone) time.Time {
	return c.span(zone).End().Add(-time.Microsecond)
}

// users makes a report by user, piece by piece, for as long as one call may take.
func (c *count) users(ctx context.Context) error {
	until := c.now().Add(countTime)
	for {
		f := c.newPiece()
		for !f.full() && !c.progress.Done && c.now().Before(until) {
			if err := c.page(ctx, f); err != nil {
				return err
			}
		}
		if err := c.keep(ctx, f); err != nil || c.progress.Done {
			return err
		}
		if !c.now().Before(until) {
			return job.Again(0)
		}
	}
}

// page writes what a number of assignments come to. The last subject waits for the next page, as more of it may follow.
func (c *count) page(ctx context.Context, f *piece) error {
	list, err := c.assignments(ctx)
	if err != nil {
		return err
	}
	for row, err := range usage.Merge(usage.TypeUser, c.rows(list)) {
		if err != nil {
			return err
		}
		if err := f.write(row); err != nil {
			return err
		}
	}
	if len(list) > 0 {
		c.progress.After = CursorOf(list[len(list)-1])
	}
	if c.progress.Done && c.report.Category != PointInTime {
		return c.orders(ctx, f)
	}
	return nil
}

// orders writes what was ordered once, behind all usage: few rows, all at once.
func (c *count) orders(ctx context.Context, f *piece) error {
	first, last := c.days()
	wide := usage.NewSpan(usage.Zone{}, first-1, last+1) // see assignments
	list, err := c.store.Orders(ctx, customer.Tenant{Partner: c.partner.ID}, wide.Begin(), wide.End())
	if err != nil {
		return err
	}
	tally := usage.NewTally(usage.TypeUser)
	for _, o := range list {
		if row, billed := c.span(c.standings[o.Customer].Zone).OrderRow(c.accounts[o.Customer], o); billed {
			tally.Add(row)
		}
	}
	for _, row := range tally.Rows() {
		if err := f.write(row); err != nil {
			return err
		}
	}
	return nil
}

// assignments reads the next ones, whole subjects alone.
func (c *count) assignments(ctx context.Context) ([]usage.Assignment, error) {
	first, last := c.days()
	// Zones differ by a day and a bit at most: what a customer's own days leave out has no usage.
	wide := usage.NewSpan(usage.Zone{}, first-1, last+1)
	for most := countBatch; ; most *= 2 {
		list, err := c.store.Assignments(ctx, customer.Tenant{Partner: c.partner.ID}, wide, c.progress.After, most)
		if err != nil {
			return nil, err
		}
		if len(list) < most {
			c.progress.Done = true
			return list, nil
		}
		if whole := len(list) - lastSubject(list); whole > 0 {
			return list[:whole], nil
		}
	}
}

// lastSubject returns how many assignments at the end are of one subject.
func lastSubject(list []usage.Assignment) int {
	n, end := 0, list[len(list)-1]
	for i := len(list) - 1; i >= 0 && list[i].Subject == end.Subject && list[i].SubjectKind == end.SubjectKind && list[i].Customer == end.Customer; i-- {
		n++
	}
	return n
}

// rows gives a row for each assignment, in the order of a report.
func (c *count) rows(list []usage.Assignment) iter.Seq2[usage.Row, error] {
	return func(yield func(usage.Row, error) bool) {
		var rows []usage.Row
		for len(list) > 0 {
			subject, n := list[0], 0
			rows = rows[:0]
			for n < len(list) && list[n].Subject == subject.Subject && list[n].SubjectKind == subject.SubjectKind && list[n].Customer == subject.Customer {
				rows = append(rows, c.row(list[n]))
				n++
			}
			list = list[n:]
			slices.SortFunc(rows, usage.Row.Compare)
			for _, row := range rows {
				if !yield(row, nil) {
					return
				}
			}
		}
	}
}

func (c *count) row(a usage.Assignment) usage.Row {
	s := c.standings[a.Customer]
	if c.report.Category == PointInTime {
		return usage.RowAt(c.accounts[a.Customer], a, s.Zone, c.instant(s.Zone))
	}
	a.BilledFrom = s.billedFrom(c.known, a.From)
	return c.span(s.Zone).Row(c.accounts[a.Customer], a)
}

// keep stores a piece of the file with how far the count is. Nothing is done when nothing was written.
func (c *count) keep(ctx context.Context, f *piece) error {
	content, err := f.end()
	if err != nil {
		return fault.Wrap(fault.Internal, err, "a report can't be compressed")
	}
	number := c.progress.Chunks
	if c.progress, err = f.add(c.progress, len(content)); err != nil {
		return err
	}
	return c.store.Update(ctx, customer.Tenant{Partner: c.report.Partner}, func(tx Tx) error {
		return tx.AddChunk(ctx, c.report.Partner, c.report.ID, number, content, c.progress)
	})
}
