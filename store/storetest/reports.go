package storetest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/billing"
	"dialtone/customer"
	"dialtone/fault"
)

func date(text string) billing.Date {
	d, _ := billing.ParseDate(text)
	return d
}

func (f *fixture) newReport(partner customer.OrgID) billing.Report {
	return billing.Report{
		ID: billing.ReportID(id()), Partner: partner, Type: billing.TypePartner, Category: billing.Reconciliation, Start: date("2024-02-01"), End: date("2024-02-29"),
		Status: billing.InProgress, CreatedBy: customer.AdminID(id()), CreatedByEmail: "ada@example.com", Created: f.tick(),
	}
}

// report stores a report.
func (f *fixture) report(t *testing.T, r billing.Report) billing.Report {
	t.Helper()
	require.NoError(t, f.b.Update(t.Context(), customer.Tenant{Partner: r.Partner}, func(tx billing.Tx) error { return tx.CreateReport(t.Context(), r) }))
	return r
}

// finish stores a report's status and errors.
func (f *fixture) finish(t *testing.T, r billing.Report) error {
	t.Helper()
	return f.b.Update(t.Context(), customer.Tenant{Partner: r.Partner}, func(tx billing.Tx) error { return tx.FinishReport(t.Context(), r) })
}

// reportsChange creates, finishes and deletes a report, which nobody else can.
func reportsChange(t *testing.T, f *fixture) {
	ctx := t.Context()
	plain := f.report(t, f.newReport(f.one.Partner))
	full := f.newReport(f.one.Partner)
	full.SubPartner, full.Type, full.Category, full.Internal = customer.OrgID(id()), billing.TypeUser, billing.PointInTime, true
	f.report(t, full)
	same(t, plain)(f.b.Report(ctx, f.one.Partner, plain.ID))
	same(t, full)(f.b.Report(ctx, f.one.Partner, full.ID))

	full.Status, full.Errors = billing.Failed, []customer.Notice{{Code: 90050, Message: "Ünï."}, {Code: 90099, Message: "Späť."}}
	require.NoError(t, f.finish(t, full))
	same(t, full)(f.b.Report(ctx, f.one.Partner, full.ID))

	foreign := full
	foreign.Partner = f.foe.Partner
	_, err := f.b.Report(ctx, f.foe.Partner, full.ID)
	assert.True(t, fault.Is(err, fault.NotFound))
	for _, text := range append(hostileTexts(), "nobody") {
		_, err = f.b.Report(ctx, f.one.Partner, billing.ReportID(text))
		assert.True(t, fault.Is(err, fault.NotFound), "%q: %v", text, err)
	}
	err = f.finish(t, foreign)
	assert.True(t, fault.Is(err, fault.NotFound), "%v", err)
	remove := func(partner customer.OrgID) error {
		return f.b.Update(ctx, customer.Tenant{Partner: partner}, func(tx billing.Tx) error { return tx.DeleteReport(ctx, partner, full.ID) })
	}
	assert.True(t, fault.Is(remove(f.foe.Partner), fault.NotFound))
	same(t, full)(f.b.Report(ctx, f.one.Partner, full.ID))
	require.NoError(t, remove(f.one.Partner))
	assert.True(t, fault.Is(remove(f.one.Partner), fault.NotFound))
}

// reportsAreListed lists by each filter and in each order, and each partner its own.
func reportsAreListed(t *testing.T, f *fixture) {
	ctx, sub := t.Context(), customer.OrgID(id())
	var names []string
	byID := map[billing.ReportID]string{}
	add := func(name string, change func(*billing.Report)) {
		r := f.newReport(f.one.Partner)
		change(&r)
		byID[f.report(t, r).ID] = name
		names = append(names, name)
	}
	add("a", func(r *billing.Report) { r.Start, r.End = date("2024-03-01"), date("2024-03-31") })
	add("b", func(r *billing.Report) { r.Type, r.Status = billing.TypeUser, billing.Failed })
	add("c", func(r *billing.Report) { r.SubPartner, r.Status = sub, billing.Completed })
	add("d", func(r *billing.Report) { r.Start = date("2023-12-31") })
	f.report(t, f.newReport(f.foe.Partner))
	all := customer.Page{Max: 100}
	for _, c := range []struct {
		filter billing.Filter
		page   customer.Page
		want   string
		more   bool
	}{
		{billing.Filter{}, all, "[d b c a]", false},
		{billing.Filter{Order: billing.ByStart}, customer.Page{Max: 2}, "[d b]", true},
		{billing.Filter{}, customer.Page{Max: 2, Offset: 2}, "[c a]", false},
		{billing.Filter{}, customer.Page{Max: 2, Offset: 9}, "[]", false},
		{billing.Filter{Order: billing.ByEnd}, all, "[b c d a]", false},
		{billing.Filter{Order: billing.ByStatus}, all, "[c b a d]", false},
		{billing.Filter{Order: billing.ByID}, all, "[a b c d]", false},
		{billing.Filter{Start: date("2024-02-01")}, all, "[b c]", false},
		{billing.Filter{End: date("2024-02-29")}, all, "[d b c]", false},
		{billing.Filter{Start: date("2024-03-01"), End: date("2024-02-29")}, all, "[]", false},
		{billing.Filter{Type: billing.TypeUser}, all, "[b]", false},
		{billing.Filter{Status: billing.InProgress}, all, "[d a]", false},
		{billing.Filter{SubPartner: sub}, all, "[c]", false},
		{billing.Filter{SubPartner: f.foe.Partner}, all, "[]", false},
		{billing.Filter{SubPartner: "a\x00b"}, all, "[]", false},
	} {
		list, more, err := f.b.Reports(ctx, f.one.Partner, c.filter, c.page)
		require.NoError(t, err)
		assert.NotNil(t, list)
		got := make([]string, len(list))
		for i, r := range list {
			got[i] = byID[r.ID]
		}
		assert.Equal(t, c.want, fmt.Sprint(got), "%+v", c.filter)
		assert.Equal(t, c.more, more, "%+v", c.filter)
	}
}

// oneReportIsCompleted finishes many of a kind at once without asking first: the database lets one of them through. Of another kind is another report.
func oneReportIsCompleted(t *testing.T, f *fixture) {
	ctx := t.Context()
	var won, lost atomic.Int32
	var all sync.WaitGroup
	for range 6 {
		r := f.report(t, f.newReport(f.one.Partner))
		r.Status = billing.Completed
		all.Go(func() {
			switch err := f.finish(t, r); {
			case err == nil:
				won.Add(1)
			case fault.Is(err, fault.Conflict):
				lost.Add(1)
				assert.Equal(t, " 90051", problem(err))
			default:
				assert.NoError(t, err)
			}
		})
	}
	all.Wait()
	assert.Equal(t, int32(1), won.Load())
	assert.Equal(t, int32(5), lost.Load())

	like := f.newReport(f.one.Partner)
	same(t, true)(f.b.HasCompleted(ctx, like))
	for name, change := range map[string]func(*billing.Report){
		"partner":     func(r *billing.Report) { r.Partner = f.foe.Partner },
		"sub-partner": func(r *billing.Report) { r.SubPartner = customer.OrgID(id()) },
		"type":        func(r *billing.Report) { r.Type = billing.TypeCustomer },
		"category":    func(r *billing.Report) { r.Category = billing.PointInTime },
		"internal":    func(r *billing.Report) { r.Internal = true },
		"start":       func(r *billing.Report) { r.Start = date("2024-02-02") },
		"end":         func(r *billing.Report) { r.End = date("2024-02-28") },
	} {
		other := f.newReport(f.one.Partner)
		change(&other)
		same(t, false)(f.b.HasCompleted(ctx, other))
		other.Status = billing.Completed
		f.report(t, other)
		same(t, true)(f.b.HasCompleted(ctx, other))
		other.ID = billing.ReportID(id())
		err := f.b.Update(ctx, customer.Tenant{Partner: other.Partner}, func(tx billing.Tx) error { return tx.CreateReport(ctx, other) })
		assert.True(t, fault.Is(err, fault.Conflict), "%s: %v", name, err)
	}
}
