package store

import (
	"context"

	"dialtone/customer"
)

type numberJobRow struct {
	ID        string `db:"id"`
	PartnerID string `db:"partner_id"`
	OrgID     string `db:"org_id"`
	Actor     string `db:"actor"`
	AdminID   string `db:"admin_id"`
	Operation string `db:"operation"`
	SourceID  string `db:"source_id"`
	TargetID  string `db:"target_id"`
	Usage     string `db:"usage"`
	Numbers   string `db:"numbers"`
	State     string `db:"state"`
	Changed   int    `db:"changed"`
	Failures  string `db:"failures"`
	Created   int64  `db:"created"`
	Finished  int64  `db:"finished"`
}

const numberJobColumns = "id, partner_id, org_id, actor, admin_id, operation, source_id, target_id, usage, numbers, state, changed, failures, created, finished"

// numberFailureColumn is one number that stayed as it was, in a JSON column.
type numberFailureColumn struct {
	Number  string `json:"number,omitempty"`
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (r numberJobRow) noun() customer.NumberJob {
	return customer.NumberJob{
		ID: customer.NumberJobID(r.ID), Partner: customer.OrgID(r.PartnerID), Org: customer.OrgID(r.OrgID), Actor: r.Actor, Admin: customer.AdminID(r.AdminID),
		Operation: customer.NumberOperation(r.Operation), Source: customer.LocationID(r.SourceID), Target: customer.LocationID(r.TargetID),
		Usage: customer.NumberUsage(r.Usage), Numbers: decode[[]string](r.Numbers), State: customer.JobState(r.State), Changed: r.Changed,
		Failures: nilOr(decode[[]numberFailureColumn](r.Failures), func(f numberFailureColumn) customer.NumberFailure { return customer.NumberFailure(f) }),
		Created:  fromMicros(r.Created), Finished: fromMicros(r.Finished),
	}
}

func fromFailures(list []customer.NumberFailure) (string, error) {
	return encode(nilOr(list, func(f customer.NumberFailure) numberFailureColumn { return numberFailureColumn(f) }))
}

// CreateNumberJob implements customer.Tx.
func (t *tx) CreateNumberJob(ctx context.Context, j customer.NumberJob) error {
	numbers, err := encode(j.Numbers)
	if err != nil {
		return err
	}
	failures, err := fromFailures(j.Failures)
	if err != nil {
		return err
	}
	return t.insert(ctx, "number_jobs", numberJobColumns, string(j.ID), string(j.Partner), string(j.Org), j.Actor, string(j.Admin), string(j.Operation),
		string(j.Source), string(j.Target), string(j.Usage), numbers, string(j.State), j.Changed, failures, micros(j.Created), micros(j.Finished))
}

// SetNumberJob implements customer.Tx.
func (t *tx) SetNumberJob(ctx context.Context, j customer.NumberJob) error {
	failures, err := fromFailures(j.Failures)
	if err != nil {
		return err
	}
	w := ofTenant("", j.Tenant())
	w.add("id = ?", string(j.ID))
	return t.change(ctx, "job", "UPDATE number_jobs SET state = ?, changed = ?, failures = ?, finished = ?"+w.text(),
		append([]any{string(j.State), j.Changed, failures, micros(j.Finished)}, w.args...)...)
}

// NumberJob implements customer.Reader.
func (r reader) NumberJob(ctx context.Context, tenant customer.Tenant, id customer.NumberJobID) (customer.NumberJob, error) {
	w := ofTenant("", tenant)
	w.add("id = ?", string(id))
	var row numberJobRow
	err := r.get(ctx, &row, "job", "SELECT "+numberJobColumns+" FROM number_jobs"+w.text(), w.args...)
	return row.noun(), err
}

// NumberJobs implements customer.Reader.
func (r reader) NumberJobs(ctx context.Context, tenant customer.Tenant, page customer.Page) ([]customer.NumberJob, bool, error) {
	return list(ctx, r, ofTenant("", tenant), page, numberJobRow.noun, "SELECT "+numberJobColumns+" FROM number_jobs", "created DESC, id DESC")
}
