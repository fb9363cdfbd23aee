package billing

import (
	"context"
	"fmt"

	"dialtone/customer"
	"dialtone/usage"
)

// Check compares what is kept of usage with what the log says, customer by customer, and tells each difference as a line for people. It holds one customer's events
// at a time. With mend, what is kept of a customer that differs is made again from the log, and its closed days are restated in the next round.
func (l *Ledger) Check(ctx context.Context, mend bool, tell func(line string) error) error {
	var after customer.Tenant
	for {
		tenants, err := l.store.AnyTenantWithUsage(ctx, after, closeBatch)
		if err != nil {
			return err
		}
		for _, tenant := range tenants {
			lines, err := l.checkCustomer(ctx, tenant, mend)
			if err != nil {
				return err
			}
			for _, line := range lines {
				if err := tell(fmt.Sprintf("partner %s, customer %s: %s", tenant.Partner, tenant.Customer, line)); err != nil {
					return err
				}
			}
			after = tenant
		}
		if len(tenants) < closeBatch {
			return nil
		}
	}
}

// checkCustomer compares one customer in a transaction of its own, so that nothing happens between one look and the other.
func (l *Ledger) checkCustomer(ctx context.Context, tenant customer.Tenant, mend bool) ([]string, error) {
	var lines []string
	err := l.store.Update(ctx, tenant, func(tx Tx) error {
		var err error
		if lines, err = checked(ctx, tx, tenant); err != nil || len(lines) == 0 || !mend {
			return err
		}
		return tx.RebuildAssignments(ctx, tenant)
	})
	return lines, err
}

// checked returns what differs.
func checked(ctx context.Context, r Reader, tenant customer.Tenant) ([]string, error) {
	said, err := r.FoldEvents(ctx, tenant)
	if err != nil {
		return nil, err
	}
	kept, err := allAssignments(ctx, r, tenant)
	if err != nil {
		return nil, err
	}
	lines := unlike("assignment", said, kept)
	facts, err := r.FoldFacts(ctx, tenant)
	if err != nil {
		return nil, err
	}
	known, err := r.History(ctx, tenant)
	if err != nil {
		return nil, err
	}
	lines = append(lines, unlike("fact", facts, known)...)
	ordered, err := r.FoldOrders(ctx, tenant)
	if err != nil {
		return nil, err
	}
	first, end := ever()
	orders, err := r.Orders(ctx, tenant, first.Begin(), end.End())
	return append(lines, unlike("order", ordered, orders)...), err
}

// ever are a span's first and last days: longer than anybody keeps usage.
func ever() (usage.Span, usage.Span) {
	first, _ := usage.ParseDay("1970-01-02")
	last, _ := usage.ParseDay("2199-12-31")
	return usage.NewSpan(usage.Zone{}, first, first), usage.NewSpan(usage.Zone{}, last, last)
}

// allAssignments reads what is kept of a customer.
func allAssignments(ctx context.Context, r Reader, tenant customer.Tenant) ([]usage.Assignment, error) {
	first, end := ever()
	span := usage.NewSpan(usage.Zone{}, first.First(), end.Last())
	var all []usage.Assignment
	var after AssignmentCursor
	for {
		some, err := r.Assignments(ctx, tenant, span, after, readBatch)
		all = append(all, some...)
		if err != nil || len(some) < readBatch {
			return all, err
		}
		after = CursorOf(some[len(some)-1])
	}
}

// unlike tells what one list has and the other hasn't.
func unlike[T comparable](what string, said, kept []T) []string {
	count := map[T]int{}
	for _, one := range said {
		count[one]++
	}
	var lines []string
	for _, one := range kept {
		if count[one] == 0 {
			lines = append(lines, fmt.Sprintf("%s that the log doesn't have: %+v", what, one))
			continue
		}
		count[one]--
	}
	for _, one := range said {
		if count[one] > 0 {
			count[one]--
			lines = append(lines, fmt.Sprintf("%s that isn't kept: %+v", what, one))
		}
	}
	return lines
}
