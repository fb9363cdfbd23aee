package store

import (
	"context"
	"encoding/json"

	"dialtone/customer"
	"dialtone/fleet"
	"dialtone/provisioning"
)

type deviceJobRow struct {
	ID         string `db:"id"`
	PartnerID  string `db:"partner_id"`
	OrgID      string `db:"org_id"`
	Kind       string `db:"kind"`
	LocationID string `db:"location_id"`
	Request    string `db:"request"`
	Status     string `db:"status"`
	Total      int    `db:"total"`
	Done       int    `db:"done"`
	Updated    int    `db:"updated"`
	Advisory   int    `db:"advisory"`
	Failed     int    `db:"failed"`
	Reached    string `db:"reached"`
	ReachedAt  int64  `db:"reached_at"`
	Error      string `db:"error"`
	Actor      string `db:"actor"`
	ActorID    string `db:"actor_id"`
	Created    int64  `db:"created"`
	Started    int64  `db:"started"`
	Touched    int64  `db:"touched"`
	Finished   int64  `db:"finished"`
}

const deviceJobColumns = "id, partner_id, org_id, kind, location_id, request, status, total, done, updated, advisory, failed, reached, reached_at, error, actor, actor_id, created, started, touched, finished"

func (r deviceJobRow) noun() fleet.Job {
	return fleet.Job{
		ID: fleet.JobID(r.ID), Partner: customer.OrgID(r.PartnerID), Org: customer.OrgID(r.OrgID), Kind: fleet.JobKind(r.Kind),
		Location: customer.LocationID(r.LocationID), Request: json.RawMessage(r.Request), Status: fleet.JobStatus(r.Status), Total: r.Total,
		JobCounts: fleet.JobCounts{Done: r.Done, Updated: r.Updated, Advisory: r.Advisory, Failed: r.Failed},
		Reached:   customer.Cursor{At: fromMicros(r.ReachedAt), ID: r.Reached}, Error: r.Error, Actor: r.Actor, ActorID: customer.AdminID(r.ActorID),
		Created: fromMicros(r.Created), Started: fromMicros(r.Started), Touched: fromMicros(r.Touched), Finished: fromMicros(r.Finished),
	}
}

// CreateDeviceJob implements fleet.Tx.
func (t *tx) CreateDeviceJob(ctx context.Context, j fleet.Job) error {
	return t.insert(ctx, "device_jobs", deviceJobColumns, string(j.ID), string(j.Partner), string(j.Org), string(j.Kind), string(j.Location), string(j.Request), string(j.Status),
		j.Total, j.Done, j.Updated, j.Advisory, j.Failed, j.Reached.ID, micros(j.Reached.At), j.Error, j.Actor, string(j.ActorID),
		micros(j.Created), micros(j.Started), micros(j.Touched), micros(j.Finished))
}

// SetDeviceJob implements fleet.Tx.
func (t *tx) SetDeviceJob(ctx context.Context, j fleet.Job) error {
	w := oneDeviceJob(j.Tenant(), j.ID)
	return t.change(ctx, "job", `UPDATE device_jobs SET status = ?, total = ?, done = ?, updated = ?, advisory = ?, failed = ?, reached = ?, reached_at = ?,
		error = ?, started = ?, touched = ?, finished = ?`+w.text(),
		append([]any{string(j.Status), j.Total, j.Done, j.Updated, j.Advisory, j.Failed, j.Reached.ID, micros(j.Reached.At),
			j.Error, micros(j.Started), micros(j.Touched), micros(j.Finished)}, w.args...)...)
}

// AddDeviceJobError implements fleet.Tx.
func (t *tx) AddDeviceJobError(ctx context.Context, j fleet.Job, e fleet.JobError) error {
	return t.insert(ctx, "device_job_errors", "job_id, number, device_id, location_id, code, message", string(j.ID), e.Number, string(e.Device), string(e.Location), e.Code, e.Message)
}

// DeleteOldDeviceJobs implements fleet.Tx.
func (t *tx) DeleteOldDeviceJobs(ctx context.Context, tenant customer.Tenant, keep int) error {
	w := ofTenant("", tenant)
	newest := "SELECT id FROM device_jobs" + w.text() + " ORDER BY created DESC, id DESC LIMIT ?"
	args := append(append(append([]any{}, w.args...), w.args...), keep)
	_, err := t.exec(ctx, "delete old jobs", "DELETE FROM device_jobs"+w.text()+" AND status IN ('COMPLETED', 'FAILED') AND id NOT IN ("+newest+")", args...)
	return err
}

func oneDeviceJob(tenant customer.Tenant, id fleet.JobID) where {
	w := ofTenant("", tenant)
	w.add("id = ?", string(id))
	return w
}

// DeviceJob implements fleet.Reader.
func (r reader) DeviceJob(ctx context.Context, tenant customer.Tenant, id fleet.JobID) (fleet.Job, error) {
	w := oneDeviceJob(tenant, id)
	var row deviceJobRow
	if err := r.get(ctx, &row, "job", "SELECT "+deviceJobColumns+" FROM device_jobs"+w.text(), w.args...); err != nil {
		return fleet.Job{}, err
	}
	return row.noun(), nil
}

// DeviceJobs implements fleet.Reader.
func (r reader) DeviceJobs(ctx context.Context, tenant customer.Tenant, kind fleet.JobKind, page customer.Page) ([]fleet.Job, bool, error) {
	w := ofTenant("", tenant)
	w.add("kind = ?", string(kind))
	page.After = customer.Cursor{} // there are few
	return list(ctx, r, w, page, deviceJobRow.noun, "SELECT "+deviceJobColumns+" FROM device_jobs", "created DESC, id DESC")
}

// DeviceJobRuns implements provisioning.TargetReader.
func (r reader) DeviceJobRuns(ctx context.Context, tenant customer.Tenant) (bool, error) {
	w := ofTenant("", tenant)
	var n int
	err := r.count(ctx, &n, "look for a job", "SELECT count(*) FROM device_jobs"+w.text()+" AND status IN ('STARTING', 'STARTED')", w.args...)
	return n > 0, err
}

// DeviceJobErrors implements fleet.Reader.
func (r reader) DeviceJobErrors(ctx context.Context, tenant customer.Tenant, id fleet.JobID, after, limit int) ([]fleet.JobError, error) {
	one := oneDeviceJob(tenant, id)
	w := where{}
	w.add("job_id = (SELECT id FROM device_jobs"+one.text()+")", one.args...)
	w.add("number > ?", after)
	var rows []struct {
		Number     int    `db:"number"`
		DeviceID   string `db:"device_id"`
		LocationID string `db:"location_id"`
		Code       int    `db:"code"`
		Message    string `db:"message"`
	}
	err := r.all(ctx, &rows, "read a job's errors", "SELECT number, device_id, location_id, code, message FROM device_job_errors"+w.text()+" ORDER BY number LIMIT ?", append(w.args, limit)...)
	out := make([]fleet.JobError, len(rows))
	for i, row := range rows {
		out[i] = fleet.JobError{
			Number: row.Number, Device: provisioning.DeviceID(row.DeviceID), Location: customer.LocationID(row.LocationID), Code: row.Code, Message: row.Message,
		}
	}
	return out, err
}

// ofTargets begins with the devices that a job is about.
func ofTargets(tenant customer.Tenant, targets provisioning.DeviceTargets) where {
	w := ofTenant("", tenant)
	w.anyOf("location_id", texts(targets.Locations))
	if targets.Models != nil && len(targets.Models) == 0 {
		w.add("1 = 0")
	}
	w.anyOf("model", targets.Models)
	if targets.DefaultLayout {
		w.add("layout NOT LIKE ?", `{"custom":true%`) // layouts are written by encode, with this field first
	}
	if len(targets.Tags) > 0 {
		w.add("EXISTS (SELECT 1 FROM device_tags t WHERE t.device_id = devices.id AND t.tag IN "+tuples(1, len(targets.Tags))+")", anys(targets.Tags)...)
	}
	if len(targets.WithoutTags) > 0 {
		w.add("NOT EXISTS (SELECT 1 FROM device_tags t WHERE t.device_id = devices.id AND t.tag IN "+tuples(1, len(targets.WithoutTags))+")", anys(targets.WithoutTags)...)
	}
	return w
}

// fromTargets is the FROM of a job's devices: those of one location are read along it, however many the organisation has.
func (r reader) fromTargets(targets provisioning.DeviceTargets) string {
	if len(targets.Locations) == 1 {
		return " FROM devices" + r.dialect.along("devices_location")
	}
	return " FROM devices"
}

// anyOf adds the condition that a column has one of some values; none don't narrow.
func (w *where) anyOf(column string, values []string) {
	if len(values) == 0 {
		return
	}
	w.among(column, values)
}

// TargetDevices implements provisioning.TargetReader.
func (r reader) TargetDevices(ctx context.Context, tenant customer.Tenant, targets provisioning.DeviceTargets, page customer.Page) ([]provisioning.Device, bool, error) {
	return list(ctx, r, ofTargets(tenant, targets), page, deviceRow.noun, "SELECT "+deviceColumns+r.fromTargets(targets), "created, id")
}

// CountTargetDevices implements provisioning.TargetReader.
func (r reader) CountTargetDevices(ctx context.Context, tenant customer.Tenant, targets provisioning.DeviceTargets) (int, error) {
	w := ofTargets(tenant, targets)
	var n int
	err := r.count(ctx, &n, "count devices", "SELECT count(*)"+r.fromTargets(targets)+w.text(), w.args...)
	return n, err
}
