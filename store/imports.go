package store

import (
	"context"
	"maps"
	"slices"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/imports"
)

type importRow struct {
	ID        string `db:"id"`
	PartnerID string `db:"partner_id"`
	OrgID     string `db:"org_id"`
	DryRun    int    `db:"dry_run"`
	Mode      string `db:"mode"`
	Status    string `db:"status"`
	Actor     string `db:"actor"`
	Notices   string `db:"notices"`
	Error     string `db:"error"`
	RowCount  int    `db:"row_count"`
	Done      int    `db:"done"`
	Added     int    `db:"added"`
	Changed   int    `db:"changed"`
	Deleted   int    `db:"deleted"`
	Unchanged int    `db:"unchanged"`
	Failed    int    `db:"failed"`
	Warnings  int    `db:"warnings"`
	Assigned  string `db:"assigned"`
	Created   int64  `db:"created"`
	Touched   int64  `db:"touched"`
	Finished  int64  `db:"finished"`
}

const importColumns = "id, partner_id, org_id, dry_run, mode, status, actor, notices, error, row_count, done, added, changed, deleted, unchanged, failed, warnings, assigned, created, touched, finished"

func (r importRow) noun() imports.Import {
	return imports.Import{
		ID: imports.ID(r.ID), Partner: customer.OrgID(r.PartnerID), Org: customer.OrgID(r.OrgID), DryRun: r.DryRun == 1,
		Mode: imports.Mode(r.Mode), Status: imports.Status(r.Status), Actor: r.Actor, Notices: decode[[]string](r.Notices), Error: r.Error,
		Rows: r.RowCount, Counts: imports.Counts{
			Done: r.Done, Added: r.Added, Changed: r.Changed, Deleted: r.Deleted, Unchanged: r.Unchanged, Failed: r.Failed, Warnings: r.Warnings,
		},
		Assigned: decode[map[customer.Package]int](r.Assigned), Created: fromMicros(r.Created), Touched: fromMicros(r.Touched), Finished: fromMicros(r.Finished),
	}
}

// CreateImport implements imports.Tx.
func (t *tx) CreateImport(ctx context.Context, i imports.Import) error {
	notices, assigned, err := importJSON(i)
	if err != nil {
		return err
	}
	return t.insert(ctx, "people_imports", importColumns, string(i.ID), string(i.Partner), string(i.Org), flag(i.DryRun), string(i.Mode), string(i.Status),
		i.Actor, notices, i.Error, i.Rows, i.Done, i.Added, i.Changed, i.Deleted, i.Unchanged, i.Failed, i.Warnings, assigned,
		micros(i.Created), micros(i.Touched), micros(i.Finished))
}

func importJSON(i imports.Import) (notices, assigned string, err error) {
	if notices, err = encode(i.Notices); err != nil {
		return "", "", err
	}
	assigned, err = encode(i.Assigned)
	return notices, assigned, err
}

// SetImport implements imports.Tx.
func (t *tx) SetImport(ctx context.Context, i imports.Import) error {
	notices, assigned, err := importJSON(i)
	if err != nil {
		return err
	}
	w := oneImport(i.Tenant(), i.ID)
	return t.change(ctx, "import", `UPDATE people_imports SET status = ?, notices = ?, error = ?, row_count = ?, done = ?, added = ?, changed = ?, deleted = ?,
		unchanged = ?, failed = ?, warnings = ?, assigned = ?, touched = ?, finished = ?`+w.text(),
		append([]any{string(i.Status), notices, i.Error, i.Rows, i.Done, i.Added, i.Changed, i.Deleted, i.Unchanged, i.Failed, i.Warnings, assigned,
			micros(i.Touched), micros(i.Finished)}, w.args...)...)
}

// DeleteImport implements imports.Tx.
func (t *tx) DeleteImport(ctx context.Context, tenant customer.Tenant, id imports.ID) error {
	w := oneImport(tenant, id)
	return t.change(ctx, "import", "DELETE FROM people_imports"+w.text(), w.args...)
}

// SweepImport implements imports.Tx. What has no import any more has no tenant either.
func (t *tx) SweepImport(ctx context.Context, id imports.ID, most int) (int, error) {
	swept := 0
	for table, key := range map[string]string{"people_import_rows": "number", "people_import_claims": "claim"} {
		n, err := t.exec(ctx, "sweep an import", "DELETE FROM "+table+" WHERE import_id = ? AND "+key+" IN (SELECT "+key+" FROM "+table+
			" WHERE import_id = ? LIMIT ?) AND NOT EXISTS (SELECT 1 FROM people_imports WHERE id = ?)", string(id), string(id), most, string(id))
		if err != nil {
			return swept, err
		}
		swept += int(n)
	}
	return swept, nil
}

func oneImport(tenant customer.Tenant, id imports.ID) where {
	w := ofTenant("", tenant)
	w.add("id = ?", string(id))
	return w
}

// ofImport begins with what hangs on one import of a tenant.
func ofImport(tenant customer.Tenant, id imports.ID) where {
	one := oneImport(tenant, id)
	w := where{}
	w.add("import_id = (SELECT id FROM people_imports"+one.text()+")", one.args...)
	return w
}

// Import implements imports.Reader.
func (r reader) Import(ctx context.Context, tenant customer.Tenant, id imports.ID) (imports.Import, error) {
	w := oneImport(tenant, id)
	var row importRow
	if err := r.get(ctx, &row, "import", "SELECT "+importColumns+" FROM people_imports"+w.text(), w.args...); err != nil {
		return imports.Import{}, err
	}
	return row.noun(), nil
}

// Imports implements imports.Reader.
func (r reader) Imports(ctx context.Context, tenant customer.Tenant, page customer.Page) ([]imports.Import, bool, error) {
	return list(ctx, r, ofTenant("", tenant), page, importRow.noun, "SELECT "+importColumns+" FROM people_imports", "created, id")
}

// AddImportRows implements imports.Tx.
func (t *tx) AddImportRows(ctx context.Context, i imports.Import, rows []imports.Row) error {
	for part := range slices.Chunk(rows, maxRows) {
		args := make([]any, 0, 8*len(part))
		for _, r := range part {
			args = append(args, string(i.ID), r.Number, r.Line, r.Email, string(r.Content), "", "", "")
		}
		if err := t.insertRows(ctx, "people_import_rows", "import_id, number, line, email, content, outcome, reason_column, reason", len(part), args); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) insertRows(ctx context.Context, table, columns string, rows int, args []any) error {
	_, err := t.exec(ctx, "write into "+table, "INSERT INTO "+table+" ("+columns+") VALUES "+tuples(rows, len(args)/rows), args...)
	return err
}

// ImportRows implements imports.Reader.
func (r reader) ImportRows(ctx context.Context, tenant customer.Tenant, id imports.ID, after, limit int) ([]imports.Row, error) {
	var rows []struct {
		Number  int    `db:"number"`
		Line    int    `db:"line"`
		Email   string `db:"email"`
		Content string `db:"content"`
	}
	w := ofImport(tenant, id)
	w.add("number > ? AND outcome = ''", after)
	err := r.all(ctx, &rows, "read the rows of an import", "SELECT number, line, email, content FROM people_import_rows"+w.text()+" ORDER BY number LIMIT ?",
		append(w.args, limit)...)
	out := make([]imports.Row, len(rows))
	for n, row := range rows {
		out[n] = imports.Row{Number: row.Number, Line: row.Line, Email: row.Email, Content: []byte(row.Content)}
	}
	return out, err
}

// SetImportResults implements imports.Tx.
func (t *tx) SetImportResults(ctx context.Context, i imports.Import, results []imports.NumberedResult) error {
	for _, r := range results {
		err := t.change(ctx, "row", "UPDATE people_import_rows SET content = '', outcome = ?, reason_column = ?, reason = ? WHERE import_id = ? AND number = ?",
			string(r.Outcome), r.Column, r.Reason, string(i.ID), r.Number)
		if err != nil {
			return err
		}
	}
	return nil
}

// ImportResults implements imports.Reader.
func (r reader) ImportResults(ctx context.Context, tenant customer.Tenant, id imports.ID, after, limit int) ([]imports.NumberedResult, error) {
	var rows []struct {
		Number  int    `db:"number"`
		Line    int    `db:"line"`
		Email   string `db:"email"`
		Outcome string `db:"outcome"`
		Column  string `db:"reason_column"`
		Reason  string `db:"reason"`
	}
	w := ofImport(tenant, id)
	w.add("number > ? AND outcome <> ''", after)
	err := r.all(ctx, &rows, "read the results of an import",
		"SELECT number, line, email, outcome, reason_column, reason FROM people_import_rows"+w.text()+" ORDER BY number LIMIT ?", append(w.args, limit)...)
	out := make([]imports.NumberedResult, len(rows))
	for n, row := range rows {
		out[n] = imports.NumberedResult{Number: row.Number, Result: imports.Result{
			Line: row.Line, Email: row.Email, Outcome: imports.Outcome(row.Outcome), Column: row.Column, Reason: row.Reason,
		}}
	}
	return out, err
}

// ImportClaim implements imports.Reader.
func (r reader) ImportClaim(ctx context.Context, tenant customer.Tenant, id imports.ID, key string) (string, bool, error) {
	w := ofImport(tenant, id)
	w.add("claim = ?", key)
	var holder string
	err := r.get(ctx, &holder, "claim", "SELECT holder FROM people_import_claims"+w.text(), w.args...)
	if fault.Is(err, fault.NotFound) {
		return "", false, nil
	}
	return holder, err == nil, err
}

// SetImportClaims implements imports.Tx.
func (t *tx) SetImportClaims(ctx context.Context, i imports.Import, claims map[string]string) error {
	keys := slices.Sorted(maps.Keys(claims))
	for part := range slices.Chunk(keys, maxRows) {
		args := make([]any, 0, 3*len(part))
		for _, key := range part {
			args = append(args, string(i.ID), key, claims[key])
		}
		_, err := t.exec(ctx, "note claims", "INSERT INTO people_import_claims (import_id, claim, holder) VALUES "+tuples(len(part), 3)+
			" ON CONFLICT (import_id, claim) DO UPDATE SET holder = excluded.holder", args...)
		if err != nil {
			return err
		}
	}
	return nil
}

// DeleteImportClaims implements imports.Tx.
func (t *tx) DeleteImportClaims(ctx context.Context, i imports.Import) error {
	_, err := t.exec(ctx, "forget claims", "DELETE FROM people_import_claims WHERE import_id = ?", string(i.ID))
	return err
}

// PersonByExtension implements imports.Reader.
func (r reader) PersonByExtension(ctx context.Context, tenant customer.Tenant, location customer.LocationID, extension string) (customer.Person, error) {
	w := ofTenant("", tenant)
	w.add("location_id = ? AND extension = ? AND extension <> '' AND kind = ?", string(location), extension, string(customer.MemberPerson))
	var row personRow
	err := r.get(ctx, &row, "person", "SELECT "+personColumns+" FROM members"+w.text(), w.args...)
	return row.noun(), err
}
