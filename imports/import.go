package imports

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"time"

	"dialtone/bulk"
	"dialtone/customer"
	"dialtone/fault"
	"dialtone/job"
)

// ID names an import of people, a UUID.
type ID string

// Status is the state of an import, in the wire's words.
type Status string

// The states of an import. Receiving ends with the upload; nobody who asks is told of it.
const (
	Receiving Status = "receiving"
	Queued    Status = "queued"
	Running   Status = "running"
	Completed Status = "completed"
	Failed    Status = "failed"
)

// Over reports whether nothing is done to the import any more.
func (s Status) Over() bool { return s == Completed || s == Failed }

// Mode says what the package columns do to packages that a person has, in the wire's words.
type Mode string

// The modes (product rule 6).
const (
	AddAndRemoveServices Mode = "addAndRemoveServices" // FALSE takes a package, and another base package replaces the one that there is
	AddServices          Mode = "addServices"          // packages are only added: FALSE says nothing, and nobody is deleted
)

// Import is a file of people on its way into a customer.
type Import struct {
	ID      ID
	Partner customer.OrgID
	Org     customer.OrgID // the customer's
	DryRun  bool           // find out what would become of each row, and change nothing
	Mode    Mode
	Status  Status
	Actor   string   // who sent it: an admin's e-mail
	Notices []string // what is odd about the file as a whole
	Error   string   // why it failed; "" if it didn't
	Rows    int      // of the file
	Counts
	// Assigned is what a dry run's rows so far would add to each package's assigned units, or take from them, and under "" to the subscribers.
	Assigned map[customer.Package]int
	Created  time.Time
	Touched  time.Time // when something was last stored of it
	Finished time.Time // zero: not yet
}

// Counts counts what became of rows.
type Counts struct {
	Done      int // the rows that have a result: those from the first on
	Added     int
	Changed   int
	Deleted   int
	Unchanged int
	Failed    int
	Warnings  int // rows with a warning, whatever became of them
}

// Tenant returns whose import it is.
func (i Import) Tenant() customer.Tenant {
	return customer.Tenant{Partner: i.Partner, Customer: i.Org}
}

// Result is what became of a row.
type Result = bulk.Result

// Outcome is what became of a row, in one word.
type Outcome = bulk.Outcome

// Row is a row that waits for its turn.
type Row struct {
	Number  int // from 1
	Line    int // in the file
	Email   string
	Content []byte // JSON of an keptRow
}

// NumberedResult is the result of the row with the number.
type NumberedResult struct {
	Number int
	Result
}

// keptRow is what is kept of a row until its turn.
type keptRow struct {
	Row      bulk.Row
	Location customer.LocationID // when the row names a location by its id
}

// NewImport is the input of Start.
type NewImport struct {
	DryRun bool
	Mode   Mode      // empty: AddAndRemoveServices
	File   io.Reader // bounded by the caller
	// ReadID reads an id as the caller's clients write it; false when the text is none. It tells a location's id from its name.
	ReadID func(text string) (string, bool)
}

// The bounds of an import.
const (
	// keptImports is how many imports of a customer are kept with their results; the oldest goes when another one comes.
	keptImports = 20
	// batchRows and batchBytes bound what is held of a file at a time, and the rows of one transaction.
	batchRows  = 500
	batchBytes = 1 << 20
	// abandonedAfter is how long nothing may come of an upload before another import may take its place: its process died, or it is too slow to wait for.
	abandonedAfter = 2 * time.Minute
	cleanupTimeout = 10 * time.Second
)

// Start stores a file row by row as it comes, and promises to do what its rows say. It holds a few hundred rows at a time. When it returns an
// error nothing of the file stays.
//
// fault.Invalid when the file can't be read as a CSV of people, or has more than bulk.MaxRows rows; fault.Conflict with fault.CodeBusy when the customer is
// busy, or another import of it isn't over; fault.Unavailable when the file breaks off.
func (s *Service) Start(ctx context.Context, actor customer.Actor, tenant customer.Tenant, in NewImport) (Import, error) {
	i, err := s.newImport(actor, tenant, in)
	if err != nil {
		return Import{}, err
	}
	c, err := s.store.CustomerByOrg(ctx, tenant.Partner, tenant.Customer)
	if err != nil {
		return Import{}, err
	}
	if err := c.MayChange(); err != nil {
		return Import{}, err
	}
	reader, err := bulk.NewReader(in.File, bulk.RestorePlus(customer.PossibleNumber))
	if err != nil {
		return Import{}, err
	}
	if err := s.store.Update(ctx, tenant, func(tx Tx) error { return s.create(ctx, tx, i) }); err != nil {
		return Import{}, err
	}
	if i, err = s.receive(ctx, i, reader, in.ReadID); err != nil {
		s.drop(ctx, i)
		return Import{}, err
	}
	return i, nil
}

func (s *Service) newImport(actor customer.Actor, tenant customer.Tenant, in NewImport) (Import, error) {
	if tenant.Customer == "" {
		return Import{}, fault.InvalidField("orgId", "is needed: a file is about the people of one customer").WithCode(fault.CodeMissing)
	}
	switch in.Mode {
	case "":
		in.Mode = AddAndRemoveServices
	case AddAndRemoveServices, AddServices:
	default:
		return Import{}, fault.InvalidField("mode", "must be %s or %s", AddAndRemoveServices, AddServices)
	}
	return Import{
		ID: ID(s.newID()), Partner: tenant.Partner, Org: tenant.Customer, DryRun: in.DryRun, Mode: in.Mode, Status: Receiving,
		Actor: actor.Email, Created: s.now(), Touched: s.now(),
	}, nil
}

// create takes the one place for an import that isn't over, and makes room for its results.
func (s *Service) create(ctx context.Context, tx Tx, i Import) error {
	list, _, err := tx.Imports(ctx, i.Tenant(), customer.Page{Max: keptImports})
	if err != nil {
		return err
	}
	for n, other := range list {
		abandoned := other.Status == Receiving && other.Touched.Before(s.now().Add(-abandonedAfter))
		oldest := other.Status.Over() && len(list)-n >= keptImports
		if !abandoned && !oldest {
			continue
		}
		if err := deleteImport(ctx, tx, other); err != nil {
			return err
		}
	}
	return tx.CreateImport(ctx, i)
}

// receive stores the rows of a file, and then promises to work on them.
func (s *Service) receive(ctx context.Context, i Import, reader *bulk.Reader, readID func(string) (string, bool)) (Import, error) {
	for last := false; !last; {
		rows, err := nextRows(reader, i.Rows, readID)
		if last = errors.Is(err, io.EOF); err != nil && !last {
			return i, err
		}
		i.Rows += len(rows)
		i.Touched = s.now()
		if last {
			if i.Rows == 0 {
				return i, fault.New(fault.Invalid, "The file has a header and no rows. Write a row for each person below it.")
			}
			i.Status, i.Notices = Queued, noticesOf(reader)
		}
		if err := s.store.Update(ctx, i.Tenant(), func(tx Tx) error {
			if err := tx.SetImport(ctx, i); err != nil {
				return err
			}
			if err := tx.AddImportRows(ctx, i, rows); err != nil || !last {
				return err
			}
			args := jobArgs{Partner: i.Partner, Org: i.Org, Import: i.ID}
			return tx.Enqueue(ctx, job.Job{Kind: jobImport, Args: args, Bulk: true})
		}); err != nil {
			return i, err
		}
	}
	return i, nil
}

// nextRows reads a batch of rows; with io.EOF the last one.
func nextRows(reader *bulk.Reader, before int, readID func(string) (string, bool)) ([]Row, error) {
	var rows []Row
	for size := 0; len(rows) < batchRows && size < batchBytes; {
		row, err := reader.Next()
		if err != nil {
			return rows, err
		}
		kept := keptRow{Row: row}
		if id, ok := readID(row.Location); ok {
			kept.Location = customer.LocationID(id)
		}
		content, err := json.Marshal(kept)
		if err != nil {
			return rows, fault.Wrap(fault.Internal, err, "a row can't be written as JSON")
		}
		size += len(content)
		rows = append(rows, Row{Number: before + len(rows) + 1, Line: row.Line, Email: row.Email, Content: content})
	}
	return rows, nil
}

// noticesOf is what is to be said of the file as a whole.
func noticesOf(reader *bulk.Reader) []string {
	var out []string
	for _, p := range reader.Warnings() {
		out = append(out, p.Message)
	}
	for _, column := range []string{"display_name", "meeting_site"} {
		if reader.Has(column) {
			out = append(out, "The column "+column+" is checked, and not kept: people have no such field yet.")
		}
	}
	return out
}

// drop takes back what was stored of a file that didn't come whole, even when its sender is gone.
func (s *Service) drop(ctx context.Context, i Import) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
	defer cancel()
	err := s.store.Update(ctx, i.Tenant(), func(tx Tx) error { return deleteImport(ctx, tx, i) })
	if err != nil && !fault.Is(err, fault.NotFound) {
		s.logger.WarnContext(ctx, "a file that didn't come whole stays until the next one comes", "import", i.ID, "error", err)
	}
}

// Import returns one import.
func (s *Service) Import(ctx context.Context, tenant customer.Tenant, id ID) (Import, error) {
	return s.store.Import(ctx, tenant, id)
}

// Imports lists the tenant's imports.
func (s *Service) Imports(ctx context.Context, tenant customer.Tenant, page customer.Page) ([]Import, bool, error) {
	return s.store.Imports(ctx, tenant, page)
}

// Remove deletes an import with its results. One that isn't over ends with the row at hand; what its rows have done stays done.
func (s *Service) Remove(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id ID) error {
	known, err := s.store.Import(ctx, tenant, id)
	if err != nil {
		return err
	}
	return s.store.Update(ctx, known.Tenant(), func(tx Tx) error {
		i, err := tx.Import(ctx, known.Tenant(), id)
		if err != nil {
			return err
		}
		if !i.Status.Over() {
			facts := i.facts()
			facts["stopped"] = true
			if err := s.record(ctx, tx, actor.Email, i, facts); err != nil {
				return err
			}
		}
		return deleteImport(ctx, tx, i)
	})
}

// jobSweep takes away, in the background, what is left of an import that is gone.
const jobSweep job.Kind = "provisioning.sweep_import"

// sweepChunk is how many rows one run takes away: some milliseconds of the one that writes.
const sweepChunk = 2000

// deleteImport deletes an import, and promises to sweep its rows.
func deleteImport(ctx context.Context, tx Tx, i Import) error {
	if err := tx.DeleteImport(ctx, i.Tenant(), i.ID); err != nil {
		return err
	}
	return tx.Enqueue(ctx, job.Job{Kind: jobSweep, Args: jobArgs{Partner: i.Partner, Org: i.Org, Import: i.ID}, Bulk: true})
}

func (s *Service) sweep(ctx context.Context, args jobArgs) error {
	swept := 0
	err := s.store.Update(ctx, args.tenant(), func(tx Tx) error {
		var err error
		swept, err = tx.SweepImport(ctx, args.Import, sweepChunk)
		return err
	})
	if err != nil || swept < sweepChunk {
		return err
	}
	return job.Again(0)
}

// facts are what the log says of an import.
func (i Import) facts() map[string]any {
	return map[string]any{
		"dryRun": i.DryRun, "mode": i.Mode, "status": i.Status, "rows": i.Rows, "done": i.Done, "added": i.Added, "changed": i.Changed,
		"deleted": i.Deleted, "unchanged": i.Unchanged, "failed": i.Failed,
	}
}

func (s *Service) record(ctx context.Context, tx Tx, actor string, i Import, facts map[string]any) error {
	return tx.Record(ctx, customer.Event{
		Time: s.now(), Tenant: i.Tenant(), Actor: actor, Kind: customer.EventPeopleImported, Subject: string(i.ID), Data: facts,
	})
}

// WriteResults writes the file of results, as far as there are any, reading a few hundred rows at a time. Errors are the store's and w's: then what
// was written may be a part.
func (s *Service) WriteResults(ctx context.Context, tenant customer.Tenant, id ID, w io.Writer) error {
	out := bulk.NewResultWriter(w)
	for after := 0; ; {
		results, err := s.store.ImportResults(ctx, tenant, id, after, batchRows)
		if err != nil {
			return err
		}
		for _, r := range results {
			if err := out.Write(r.Result); err != nil {
				return err
			}
			after = r.Number
		}
		if len(results) < batchRows {
			if _, err := s.store.Import(ctx, tenant, id); err != nil {
				return err // deleted in between: what was written isn't all
			}
			return out.Flush()
		}
	}
}

// WriteTemplate writes a file that Start takes, with every column and one row as an example.
func (s *Service) WriteTemplate(w io.Writer) error { return bulk.WriteTemplate(w) }
