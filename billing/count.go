package billing

import (
	"context"
	"errors"
	"strings"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/job"
)

// Counter counts what a report is about.
type Counter interface {
	// Count counts, and keeps the result by the report's id, so that it goes when the report does. It may be called more than once for a report, and
	// for one that is deleted meanwhile. Nil: the report is completed. Failure: it failed, for the reasons given. job.Again: there is more to count, in
	// another call. Any other error is logged and tried again.
	Count(ctx context.Context, r Report) error
}

// Failure is an error of Counter that waiting doesn't mend: why a report can't be, for whoever ordered it. It has at least one entry.
type Failure []customer.Notice

// Error returns the reasons, for a log.
func (f Failure) Error() string {
	parts := make([]string, len(f))
	for i, notice := range f {
		parts[i] = notice.Message
	}
	return strings.Join(parts, " ")
}

// jobReport is what an order promises.
const jobReport job.Kind = "billing.report"

type reportArgs struct {
	Partner customer.OrgID `json:"partner"`
	Report  ReportID       `json:"report"`
}

// Workers are those who keep what this service promises.
func (s *Service) Workers() []job.Worker {
	return []job.Worker{job.For(jobReport, s.count, s.giveUp)}
}

// count counts a report that waits for it. One that is gone or finished is left alone, as jobs may be run twice.
func (s *Service) count(ctx context.Context, args reportArgs) error {
	r, err := s.store.Report(ctx, args.Partner, args.Report)
	if err != nil || r.Status != InProgress {
		return unlessGone(err)
	}
	err = s.counter.Count(ctx, r)
	failure, failed := errors.AsType[Failure](err)
	if err != nil && !failed {
		return err
	}
	return s.finish(ctx, args, failure)
}

// giveUp ends the waiting for what couldn't be counted for hours.
func (s *Service) giveUp(ctx context.Context, args reportArgs, _ error) error {
	why := "This took too many attempts. Order the report again; if it fails again, ask whoever runs the server."
	return s.finish(ctx, args, Failure{{Code: fault.CodeGivenUp, Message: why}})
}

// finish stores what became of a report: completed when nothing failed.
func (s *Service) finish(ctx context.Context, args reportArgs, failure Failure) error {
	return s.store.Update(ctx, customer.Tenant{Partner: args.Partner}, func(tx Tx) error {
		r, err := tx.Report(ctx, args.Partner, args.Report)
		if err != nil || r.Status != InProgress {
			return unlessGone(err)
		}
		if r, err = ended(ctx, tx, r, failure); err != nil {
			return err
		}
		if err := tx.FinishReport(ctx, r); err != nil {
			return err
		}
		return s.record(ctx, tx, r, r.CreatedByEmail, EventReportFinished)
	})
}

// ended is the report when it is finished. Of two of a kind that were ordered while neither was completed, the second to finish has failed: the first is
// what there is to delete before it can be made again.
func ended(ctx context.Context, tx Tx, r Report, failure Failure) (Report, error) {
	if len(failure) == 0 {
		completed, err := tx.HasCompleted(ctx, r)
		if err != nil {
			return r, err
		}
		if completed {
			failure = Failure{existsAlready(r)}
		}
	}
	r.Status, r.Errors = Completed, nil
	if len(failure) > 0 {
		r.Status, r.Errors = Failed, failure
	}
	return r, nil
}

func unlessGone(err error) error {
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}
