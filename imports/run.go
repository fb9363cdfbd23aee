package imports

import (
	"context"
	"errors"
	"maps"
	"time"

	"dialtone/bulk"
	"dialtone/customer"
	"dialtone/fault"
	"dialtone/job"
)

// jobImport is what taking a file of people promises.
const jobImport job.Kind = "provisioning.import"

type jobArgs struct {
	Partner customer.OrgID `json:"partner"`
	Org     customer.OrgID `json:"org"`
	Import  ID             `json:"import"`
}

// The bounds of a step, far below job.Timeout, and of its parts.
const (
	stepTime = 4 * time.Second
	stepRows = 5000
	// heldRows bounds the rows that are held at a time, and those of a dry run whose results are stored together.
	heldRows = 100
	// busyPause is how long a customer that is being changed is left alone.
	busyPause = 2 * time.Second
)

// What ends a step before its rows do.
var (
	errBusy       = errors.New("the customer is busy")
	errOver       = errors.New("the import is gone or over")
	errMoved      = errors.New("the import is further on than this step knows")
	errNoCustomer = errors.New("the customer isn't there any more")
	// errRehearsed ends the transaction of a rehearsed row in which everything went well, so that nothing of it stays.
	errRehearsed = errors.New("rehearsed")
)

func (a jobArgs) tenant() customer.Tenant {
	return customer.Tenant{Partner: a.Partner, Customer: a.Org}
}

// run does a step of an import: some rows, each of which is stored with its result, so that a step that is killed is gone on with where it was.
func (s *Service) run(ctx context.Context, args jobArgs) error {
	i, err := s.store.Import(ctx, args.tenant(), args.Import)
	switch {
	case fault.Is(err, fault.NotFound):
		return nil
	case err != nil:
		return err
	case i.Status.Over():
		return nil
	}
	err = s.step(ctx, i)
	switch {
	case errors.Is(err, errOver):
		return nil
	case errors.Is(err, errBusy), errors.Is(err, errMoved): // what moved is looked at again: nobody else may be at it
		return job.Again(busyPause)
	case errors.Is(err, errNoCustomer):
		return s.end(ctx, i, Failed, "The customer isn't there any more. What the rows before did stays.")
	}
	return err
}

// step works until the time of a step or the rows are used up.
func (s *Service) step(ctx context.Context, i Import) error {
	until, most := s.now().Add(stepTime), i.Done+stepRows
	for i.Done < most && s.now().Before(until) {
		rows, err := s.store.ImportRows(ctx, i.Tenant(), i.ID, i.Done, heldRows)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return s.end(ctx, i, Completed, "")
		}
		work := s.importRows
		if i.DryRun {
			work = s.rehearseRows
		}
		if i, err = work(ctx, i, rows, until); err != nil {
			return err
		}
	}
	return job.Again(0)
}

// importRows does what rows say, each in a transaction of its own, so that the good ones go through though others fail.
func (s *Service) importRows(ctx context.Context, i Import, rows []Row, until time.Time) (Import, error) {
	for _, waiting := range rows {
		row, err := s.readRow(waiting)
		if err != nil {
			return i, err
		}
		var done importedRow
		err = s.store.Update(ctx, i.Tenant(), func(tx Tx) (err error) {
			if done, err = s.importRow(ctx, tx, i, row); err != nil {
				return err
			}
			return s.storeResults(ctx, tx, i, done)
		})
		if fault.IsAnswer(err) {
			done = row.refused(err)
			err = s.store.Update(ctx, i.Tenant(), func(tx Tx) error { return s.storeResults(ctx, tx, i, done) })
		}
		if err != nil {
			return i, err
		}
		i = i.with(done)
		if !s.now().Before(until) {
			break
		}
	}
	return i, nil
}

// rehearseRows finds out what would become of rows: each is done on top of what those before it did, and taken back. The results are stored together,
// also when one row couldn't be done.
func (s *Service) rehearseRows(ctx context.Context, i Import, rows []Row, until time.Time) (Import, error) {
	next := i
	var results []importedRow
	var failed error
	claims := map[string]string{}
	for _, waiting := range rows {
		done, effect, err := s.rehearse(ctx, next, claims, waiting)
		if failed = err; err != nil {
			break
		}
		maps.Copy(claims, effect.claims)
		next = next.with(done)
		next.Assigned = sum(next.Assigned, effect.assigned)
		results = append(results, done)
		if !s.now().Before(until) {
			break
		}
	}
	if len(results) == 0 {
		return i, failed
	}
	i.Assigned = next.Assigned
	err := s.store.Update(ctx, i.Tenant(), func(tx Tx) error {
		if err := s.storeResults(ctx, tx, i, results...); err != nil {
			return err
		}
		return tx.SetImportClaims(ctx, i, claims)
	})
	return next, errors.Join(err, failed)
}

// rehearse does a row in a transaction that isn't kept, and returns what it would have done.
func (s *Service) rehearse(ctx context.Context, i Import, claims map[string]string, waiting Row) (importedRow, *rehearsal, error) {
	row, err := s.readRow(waiting)
	if err != nil {
		return importedRow{}, nil, err
	}
	var done importedRow
	var on *rehearsal
	err = s.store.Update(ctx, i.Tenant(), func(tx Tx) (err error) {
		on = newRehearsal(tx, i, claims, s.newID)
		if done, err = s.importRow(ctx, on, i, row); err != nil {
			return err
		}
		return errRehearsed
	})
	switch {
	case errors.Is(err, errRehearsed):
		return done, on, nil
	case fault.IsAnswer(err):
		return row.refused(err), newRehearsal(nil, i, nil, nil), nil // what it did before it failed is undone
	}
	return importedRow{}, nil, err
}

// storeResults stores what became of the rows after those that have a result. The import is looked at again, as somebody may have deleted it, or a step
// that was taken for dead may be further on.
func (s *Service) storeResults(ctx context.Context, tx Tx, i Import, rows ...importedRow) error {
	now, err := tx.Import(ctx, i.Tenant(), i.ID)
	switch {
	case fault.Is(err, fault.NotFound):
		return errOver
	case err != nil:
		return err
	case now.Status.Over():
		return errOver
	case now.Done != i.Done:
		return errMoved
	}
	results := make([]NumberedResult, len(rows))
	for n, r := range rows {
		results[n] = r.result
		i = i.with(r)
	}
	i.Status, i.Touched = Running, s.now()
	if err := tx.SetImportResults(ctx, i, results); err != nil {
		return err
	}
	return tx.SetImport(ctx, i)
}

// end says that nothing more is done.
func (s *Service) end(ctx context.Context, i Import, status Status, why string) error {
	return s.store.Update(ctx, i.Tenant(), func(tx Tx) error {
		now, err := tx.Import(ctx, i.Tenant(), i.ID)
		if fault.Is(err, fault.NotFound) || err == nil && now.Status.Over() {
			return nil
		}
		if err != nil {
			return err
		}
		now.Status, now.Error, now.Finished, now.Touched, now.Assigned = status, why, s.now(), s.now(), nil
		if err := tx.DeleteImportClaims(ctx, now); err != nil {
			return err
		}
		if err := tx.SetImport(ctx, now); err != nil {
			return err
		}
		return s.record(ctx, tx, now.Actor, now, now.facts())
	})
}

// giveUp ends an import that couldn't go on for hours.
func (s *Service) giveUp(ctx context.Context, args jobArgs, _ error) error {
	i, err := s.store.Import(ctx, args.tenant(), args.Import)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.end(ctx, i, Failed, "This took too many attempts. Send the same file once more: rows that are done change nothing. If it fails again, ask whoever runs the server.")
}

// importedRow is a row with its result.
type importedRow struct {
	result NumberedResult
	warned bool
}

// with is the import with one more result.
func (i Import) with(r importedRow) Import {
	i.Done++
	switch r.result.Outcome {
	case bulk.Added:
		i.Added++
	case bulk.Changed:
		i.Changed++
	case bulk.Deleted:
		i.Deleted++
	case bulk.Unchanged:
		i.Unchanged++
	case bulk.Failed:
		i.Failed++
	}
	if r.warned {
		i.Warnings++
	}
	return i
}

// sum adds up what rows assign.
func sum(a, b map[customer.Package]int) map[customer.Package]int {
	out := map[customer.Package]int{}
	for _, m := range []map[customer.Package]int{a, b} {
		for p, n := range m {
			out[p] += n
		}
	}
	return out
}
