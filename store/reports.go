package store

import (
	"context"

	"dialtone/billing"
	"dialtone/customer"
)

type reportRow struct {
	ID             string `db:"id"`
	PartnerID      string `db:"partner_id"`
	SubPartnerID   string `db:"sub_partner_id"`
	Type           string `db:"type"`
	Category       string `db:"category"`
	Internal       int    `db:"internal"`
	StartDate      string `db:"start_date"`
	EndDate        string `db:"end_date"`
	Status         string `db:"status"`
	Errors         string `db:"errors"`
	CreatedBy      string `db:"created_by"`
	CreatedByEmail string `db:"created_by_email"`
	Created        int64  `db:"created"`
}

const (
	reportColumns = "id, partner_id, sub_partner_id, type, category, internal, start_date, end_date, status, errors, created_by, created_by_email, created"
	reportSelect  = "SELECT " + reportColumns + " FROM billing_reports"
)

func (r reportRow) noun() billing.Report {
	start, _ := billing.ParseDate(r.StartDate) // we wrote them
	end, _ := billing.ParseDate(r.EndDate)
	return billing.Report{
		ID: billing.ReportID(r.ID), Partner: customer.OrgID(r.PartnerID), SubPartner: customer.OrgID(r.SubPartnerID), Type: billing.Type(r.Type),
		Category: billing.Category(r.Category), Internal: r.Internal == 1, Start: start, End: end, Status: billing.Status(r.Status),
		Errors: toNotices(decode[[]noticeColumn](r.Errors)), CreatedBy: customer.AdminID(r.CreatedBy), CreatedByEmail: r.CreatedByEmail,
		Created: fromMicros(r.Created),
	}
}

// CreateReport implements billing.Tx.
func (t *tx) CreateReport(ctx context.Context, r billing.Report) error {
	errors, err := encode(fromNotices(r.Errors))
	if err != nil {
		return err
	}
	return t.insert(ctx, "billing_reports", reportColumns,
		string(r.ID), string(r.Partner), string(r.SubPartner), string(r.Type), string(r.Category), flag(r.Internal), r.Start.String(), r.End.String(),
		string(r.Status), errors, string(r.CreatedBy), r.CreatedByEmail, micros(r.Created))
}

// FinishReport implements billing.Tx.
func (t *tx) FinishReport(ctx context.Context, r billing.Report) error {
	errors, err := encode(fromNotices(r.Errors))
	if err != nil {
		return err
	}
	return t.change(ctx, "report", "UPDATE billing_reports SET status = ?, errors = ? WHERE partner_id = ? AND id = ?",
		string(r.Status), errors, string(r.Partner), string(r.ID))
}

// DeleteReport implements billing.Tx.
func (t *tx) DeleteReport(ctx context.Context, partner customer.OrgID, id billing.ReportID) error {
	return t.change(ctx, "report", "DELETE FROM billing_reports WHERE partner_id = ? AND id = ?", string(partner), string(id))
}

// Report implements billing.Reader.
func (r reader) Report(ctx context.Context, partner customer.OrgID, id billing.ReportID) (billing.Report, error) {
	var row reportRow
	err := r.get(ctx, &row, "report", reportSelect+" WHERE partner_id = ? AND id = ?", string(partner), string(id))
	return row.noun(), err
}

// HasCompleted implements billing.Reader.
func (r reader) HasCompleted(ctx context.Context, n billing.Report) (bool, error) {
	var count int
	err := r.count(ctx, &count, "look for a report", `SELECT count(*) FROM billing_reports WHERE partner_id = ? AND sub_partner_id = ? AND start_date = ?
		AND end_date = ? AND type = ? AND category = ? AND internal = ? AND status = 'COMPLETED'`,
		string(n.Partner), string(n.SubPartner), n.Start.String(), n.End.String(), string(n.Type), string(n.Category), flag(n.Internal))
	return count > 0, err
}

// Reports implements billing.Reader.
func (r reader) Reports(ctx context.Context, partner customer.OrgID, f billing.Filter, page customer.Page) ([]billing.Report, bool, error) {
	w := ofTenant("", customer.Tenant{Partner: partner})
	w.equal("start_date", f.Start.String())
	w.equal("end_date", f.End.String())
	w.equal("type", string(f.Type))
	w.equal("status", string(f.Status))
	w.equal("sub_partner_id", string(f.SubPartner))
	return list(ctx, r, w, page, reportRow.noun, reportSelect, reportOrder(f.Order))
}

// reportOrder is the ORDER BY of a list; ids rise with time.
func reportOrder(order billing.Order) string {
	switch order {
	case billing.ByEnd:
		return "end_date, id"
	case billing.ByStatus:
		return "status, id"
	case billing.ByID:
		return "id"
	case billing.ByStart:
	}
	return "start_date, id"
}

// Progress implements billing.Reader.
func (r reader) Progress(ctx context.Context, partner customer.OrgID, id billing.ReportID) (billing.Progress, error) {
	var text string
	err := r.get(ctx, &text, "report", "SELECT progress FROM billing_reports WHERE partner_id = ? AND id = ?", string(partner), string(id))
	return decode[billing.Progress](text), err
}

// AddChunk implements billing.Tx.
func (t *tx) AddChunk(ctx context.Context, partner customer.OrgID, id billing.ReportID, number int, content []byte, p billing.Progress) error {
	text, err := encode(p)
	if err != nil {
		return err
	}
	if err := t.change(ctx, "report", "UPDATE billing_reports SET progress = ? WHERE partner_id = ? AND id = ?", text, string(partner), string(id)); err != nil {
		return err
	}
	return t.insert(ctx, "billing_report_chunks", "report_id, number, content", string(id), number, content)
}

// Chunk implements billing.Reader.
func (r reader) Chunk(ctx context.Context, partner customer.OrgID, id billing.ReportID, number int) ([]byte, error) {
	var content []byte
	err := r.get(ctx, &content, "piece of the report", `SELECT c.content FROM billing_report_chunks c JOIN billing_reports r ON r.id = c.report_id
		WHERE r.partner_id = ? AND r.id = ? AND c.number = ?`, string(partner), string(id), number)
	return content, err
}
